"""TLS to upstreams, from settings and from what both formats say of it."""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lockgate.certificates import VERSIONS, fault_of_ciphers, fault_of_pair, located
from lockgate.decoding.shapes import Place
from lockgate.exchange import UpstreamTls
from lockgate.loading.making import Making
from lockgate.settings import Settings

_FILE: Final = re.compile(r"[/\\]|\.(pem|crt|cer|cert)\Z", re.IGNORECASE)
"""Tells a file from the id of a certificate in Tyk's store."""
_USUAL: Final = UpstreamTls()


@dataclass(frozen=True, slots=True)
class Transport:
    """What a definition says of TLS to its upstream. Versions are "1.0" to "1.3"; "" leaves them to the settings."""

    skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""
    ciphers: tuple[str, ...] = ()


def of_settings(settings: Settings) -> UpstreamTls:
    """What holds for every upstream."""
    return UpstreamTls(
        verify=not settings.proxy_ssl_insecure_skip_verify,
        ca_files=tuple(located(settings, file) for file in settings.own.upstream_ca_files),
        min_version=VERSIONS.get(settings.proxy_ssl_min_version, ""),
        max_version=VERSIONS.get(settings.proxy_ssl_max_version, ""),
        ciphers=settings.proxy_ssl_ciphers,
    )


def of_definition(making: Making, transport: Transport, place: Place) -> UpstreamTls | None:
    """What holds for the upstreams of one API; None for nothing unusual."""
    usual = of_settings(making.settings)
    ciphers = transport.ciphers
    if fault := fault_of_ciphers(ciphers):
        making.notes.warning("bad-value", f"{fault}; the usual ones are offered", place)
        ciphers = ()
    made = dataclasses.replace(
        usual,
        verify=usual.verify and not transport.skip_verify,
        min_version=transport.min_version or usual.min_version,
        max_version=transport.max_version or usual.max_version,
        ciphers=ciphers or usual.ciphers,
    )
    low, high = made.min_version or "1.2", made.max_version or "1.3"
    if low > high:
        making.notes.error("bad-value", f"expected a version of TLS from {low} to {high}, and there is none", place)
    return None if made == _USUAL else made


def by_host(
    making: Making, usual: UpstreamTls | None, certificates: Iterable[tuple[str, str, Place]], feature: str
) -> dict[str, UpstreamTls]:
    """With the certificate that is shown to each host.

    Args:
        making: The definition.
        usual: For all hosts.
        certificates: Host, file and place; the file holds the key too.
        feature: What they are called, for people.
    """
    made: dict[str, UpstreamTls] = {}
    for host, text, place in certificates:
        if not text or making.unjudged(text):
            continue
        if not _FILE.search(text):
            making.notes.unsupported(
                f"{feature} by their ids", place, consequence="no such certificate is shown to the upstream"
            )
            continue
        file = located(making.settings, text)
        refusal = making.origin.refuses(file)
        if fault := f"{text!r} is not read: {refusal}" if refusal else fault_of_pair(file):
            making.notes.error("bad-certificate", fault, place)
            continue
        made[host.lower()] = dataclasses.replace(usual or _USUAL, client_cert_file=file)
    return made
