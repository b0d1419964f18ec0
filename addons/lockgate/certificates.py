"""Certificate files that settings and definitions name: where they are, and whether they can be used."""

import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lockgate.problems import Problem, pointer
from lockgate.settings import Settings

VERSIONS: Final = {0: "", 769: "1.0", 770: "1.1", 771: "1.2", 772: "1.3"}
"""Versions of TLS as they are written in settings and in Classic definitions."""

_SERVER: Final = "http_server_options"


def located(settings: Settings, file: str) -> str:
    """The path of a file that settings or definitions name: relative to the settings' file."""
    return str(Path(settings.folder) / file)


def fault_of_pair(cert_file: str, key_file: str = "") -> str:
    """Why a certificate and its key cannot be used; "" when they can.

    Args:
        cert_file: PEM, with the chain.
        key_file: PEM; "" where ``cert_file`` holds the key too.
    """
    for file in (cert_file, *([key_file] if key_file else [])):
        if fault := _fault_of_reading(file):
            return fault
    try:
        # The password of a key that has one is not known; without this a terminal would be asked.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file or None, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"the key in {(key_file or cert_file)!r} is not that of the certificate in {cert_file!r}"
        where = repr(cert_file) if not key_file else f"{cert_file!r} and {key_file!r}"
        return f"{where} do not hold a certificate and its key in PEM: {error.reason or error}"
    except (OSError, ValueError) as error:
        return f"cannot use {cert_file!r}: {error}"
    return ""


def fault_of_authorities(file: str) -> str:
    """Why a file of authorities' certificates cannot be used; "" when it can."""
    if fault := _fault_of_reading(file):
        return fault
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (OSError, ValueError) as error:
        return f"{file!r} does not hold certificates in PEM: {getattr(error, 'reason', '') or error}"
    return ""


def fault_of_ciphers(names: Sequence[str]) -> str:
    """Why a list of ciphers cannot be used; "" when it can."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers(":".join(names) or "DEFAULT")
    except (ssl.SSLError, ValueError):  # The latter of a NUL.
        return f"none of the ciphers {', '.join(names)} is known"
    return ""


def problems_of(settings: Settings) -> tuple[Problem, ...]:
    """What keeps the certificates that the settings name from being used. Reads them."""
    return tuple(_problems_of(settings))


def _problems_of(settings: Settings) -> Iterable[Problem]:
    server = settings.http_server_options
    for index, file in enumerate(settings.own.upstream_ca_files):
        if fault := fault_of_authorities(located(settings, file)):
            yield Problem("bad-certificate", fault, pointer("x-lockgate", "upstream_ca_files", index))
    if fault := fault_of_ciphers(settings.proxy_ssl_ciphers):
        yield Problem("bad-value", fault, pointer("proxy_ssl_ciphers"))
    if not server.use_ssl:
        return
    for index, pair in enumerate(server.certificates):
        if fault := fault_of_pair(located(settings, pair.cert_file), located(settings, pair.key_file)):
            yield Problem("bad-certificate", fault, pointer(_SERVER, "certificates", index))
    for index, file in enumerate(server.ssl_certificates):
        if fault := fault_of_pair(located(settings, file)):
            yield Problem("bad-certificate", fault, pointer(_SERVER, "ssl_certificates", index))
    if not server.certificates and not server.ssl_certificates:
        message = "use_ssl is on, and no certificate is named: expected one or more in 'certificates'"
        yield Problem("no-certificate", message, pointer(_SERVER, "use_ssl"))
    if fault := fault_of_ciphers(server.ssl_ciphers):
        yield Problem("bad-value", fault, pointer(_SERVER, "ssl_ciphers"))


def _fault_of_reading(file: str) -> str:
    try:
        Path(file).read_bytes()
    except (OSError, ValueError) as error:
        return f"cannot read {file!r}: {getattr(error, 'strerror', None) or error}"
    return ""
