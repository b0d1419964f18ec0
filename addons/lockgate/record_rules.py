"""What the settings say about records of exchanges, compiled: whose are left out, and how paths are written.

Source: behaviour-chain 7.1 and 7.2.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final, final

from lockgate.problems import Problem, Severity
from lockgate.routing.pattern import PatternError, Regex, compile_regex
from lockgate.settings import AnalyticsConfig, NormaliseUrls

type _Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HEX: Final = "[0-9a-fA-F]"
_UUID: Final = re.compile(rf"{_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}")
_ULID: Final = re.compile(r"(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<=/)[0-9]+(?=/|\Z)")
_CUSTOM: Final = "{var}"
_PLACE: Final = "/analytics_config"


@final
class RecordRules:
    """Rules for all records of a gateway."""

    __slots__ = ("_addresses", "_custom", "_named", "_networks", "detailed", "normalises")

    def __init__(self, config: AnalyticsConfig) -> None:
        """Compile.

        Args:
            config: What in it does not compile is left out: ``problems_of`` tells it.
        """
        networks = [network for text in config.ignored_ips if (network := _network(text)) is not None]
        self._addresses: Final = frozenset(
            str(one.network_address) for one in networks if one.num_addresses == 1
        ) | frozenset(config.ignored_ips)
        self._networks: Final = tuple(one for one in networks if one.num_addresses > 1)
        urls = config.normalise_urls
        named = (
            (urls.normalise_uuids, _UUID, "{uuid}"),
            (urls.normalise_ulids, _ULID, "{ulid}"),
            (urls.normalise_numbers, _NUMBER, "{id}"),
        )
        self._named: Final = tuple((pattern, name) for on, pattern, name in named if on and urls.enabled)
        self._custom: Final = tuple(regex for regex in _compiled(urls) if not isinstance(regex, str))
        self.normalises: Final = bool(self._named or self._custom)
        """Whether ``path`` changes any path."""
        self.detailed: Final = config.enable_detailed_recording
        """Every record has its messages."""

    def ignores(self, address: str) -> bool:
        """Whether nothing is recorded of a client."""
        if address in self._addresses:
            return True
        if not self._networks or not address:
            return False
        try:
            wanted = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(wanted in network for network in self._networks)

    def path(self, path: str) -> str:
        """A path with names for what tells single things apart.

        Args:
            path: Decoded, as ``routing.pattern.decode_path`` gives it.
        """
        for pattern, name in self._named:
            path = pattern.sub(name, path)
        for regex in self._custom:
            path = _replaced(regex, path)
        return path


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _compiled(urls: NormaliseUrls) -> Iterator[Regex | str]:
    """Each pattern, or the reason why it does not compile."""
    for text in urls.custom_patterns if urls.enabled else ():
        try:
            yield compile_regex(text)
        except PatternError as error:
            yield str(error)


def _replaced(regex: Regex, path: str) -> str:
    parts: list[str] = []
    end = 0
    for match in regex.finditer(path):
        if match.end() > match.start():
            parts += (path[end : match.start()], _CUSTOM)
            end = match.end()
    return "".join((*parts, path[end:]))


def problems_of(config: AnalyticsConfig) -> Iterator[Problem]:
    """What is wrong with the settings."""
    for index, text in enumerate(config.ignored_ips):
        if _network(text) is None:
            message = f"expected an IP address or network such as '10.0.0.0/8', found {text!r}: it ignores nobody"
            yield Problem("bad-address", message, f"{_PLACE}/ignored_ips/{index}", Severity.WARNING)
    for index, reason in enumerate(_compiled(config.normalise_urls)):
        if isinstance(reason, str):
            message = f"the pattern does not compile: {reason}; it changes no path"
            pointer = f"{_PLACE}/normalise_urls/custom_patterns/{index}"
            yield Problem("bad-pattern", message, pointer, Severity.WARNING)
