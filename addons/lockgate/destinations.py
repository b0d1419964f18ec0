"""Where calls of scripts may go: judged by the address that a name stands for, and not by the name alone.

Whoever can choose the URL of a call chooses a place within the gateway's network. What listens on the gateway's own
machine, and what a cloud tells its machines about themselves, is not for everybody who can do that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from lockgate.exchange import UpstreamTls

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

ANYWHERE: Final = "*"
"""As a destination: every host."""

PRIVATE: Final = "a private network"

_METADATA: Final = "what a cloud tells its machines"
_RESERVED: Final = "a reserved network"
_KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("169.254.169.254/32", _METADATA),
    ("169.254.170.0/24", _METADATA),
    ("100.100.100.200/32", _METADATA),
    ("168.63.129.16/32", _METADATA),
    ("192.0.0.192/32", _METADATA),
    ("fd00:ec2::/32", _METADATA),
    ("fd20:ce::/32", _METADATA),
    ("127.0.0.0/8", "a loopback address"),
    ("::1/128", "a loopback address"),
    # Linux takes these for its own.
    ("0.0.0.0/8", "an address of nobody"),
    ("::/128", "an address of nobody"),
    ("169.254.0.0/16", "a link-local address"),
    ("fe80::/10", "a link-local address"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("240.0.0.0/4", _RESERVED),
    ("192.0.0.0/24", _RESERVED),
    ("10.0.0.0/8", PRIVATE),
    ("172.16.0.0/12", PRIVATE),
    ("192.168.0.0/16", PRIVATE),
    ("100.64.0.0/10", PRIVATE),
    ("198.18.0.0/15", PRIVATE),
    ("fc00::/7", PRIVATE),
    ("fec0::/10", PRIVATE),
)
"""What an address is that is not public; the first network that it is in counts. Metadata of AWS (and its containers),
Alibaba, Azure, Oracle and Google."""
_NETWORKS: Final[tuple[tuple[Network, str], ...]] = tuple((ip_network(text), kind) for text, kind in _KINDS)

_LAST_PORT: Final = 65535
_NAME: Final = re.compile(r"(?:\*\.)?[^\s*/?#@:\[\]%]+")
_BRACKETED: Final = re.compile(r"\[([^\[\]]+)\](?::(\d{1,5}))?")
_NAMED: Final = re.compile(r"([^:]+)(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Destination:
    """One entry of a list of hosts."""

    name: str = ""
    """In lower case; "*.example.com" is all names below example.com, "*" is every host. "" has a network instead."""
    network: Network | None = None
    """An address is a network of one."""
    port: int = 0
    """0 is any."""

    def holds(self, host: str, port: int, address: Address) -> bool:
        """Whether it is meant.

        Args:
            host: As ``plain_host`` gives it.
            port: Asked for.
            address: That the host stands for.
        """
        if self.port not in (0, port):
            return False
        if self.network is not None:
            return any(one in self.network for one in _meanings(address))
        if self.name == ANYWHERE:
            return True
        return host.endswith(self.name[1:]) if self.name.startswith("*.") else host == self.name


def parse_destination(text: str) -> Destination:
    """An entry of a list of hosts: a name, "*.name", "*", an address or a network, each but networks with a port or not.

    Raises:
        ValueError: It is none of them.
    """
    try:
        return Destination(network=ip_network(text, strict=False))
    except ValueError:
        pass
    found = _BRACKETED.fullmatch(text) or _NAMED.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a host name, an IP address or a network, found {text!r}")
    host, port = found[1], int(found[2] or 0)
    if port > _LAST_PORT:
        raise ValueError(f"expected a port up to {_LAST_PORT}, found {port}")
    try:
        return Destination(network=ip_network(ip_address(host)), port=port)
    except ValueError:
        pass
    if text.startswith("[") or (host != ANYWHERE and not _NAME.fullmatch(host)):
        raise ValueError(f"expected a host name, an IP address or a network, found {text!r}")
    return Destination(host if host == ANYWHERE else plain_host(host), port=port)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the calls of one API's scripts may go, and how TLS is spoken there."""

    own: frozenset[tuple[str, int]] = frozenset()
    """Host and port of its upstreams: requests get there anyway. Hosts as ``plain_host`` gives them."""
    allowed: tuple[Destination, ...] = ()
    """Whatever their addresses are."""
    private: bool = True
    """Whether they may go to any address of private networks: services behind a gateway are there."""
    tls: UpstreamTls | None = None
    """None is the usual way."""
    tls_by_host: Mapping[str, UpstreamTls] | None = None
    """Instead of ``tls``, as ``tls_for`` finds it."""

    def refusal(self, host: str, port: int, address: Address) -> str:
        """Why a call must not be made; "" where it may.

        Args:
            host: As the URL has it, without brackets.
            port: Of the URL, or of its scheme.
            address: That the connection will be made to.
        """
        kind = kind_of(address)
        if not kind or (kind == PRIVATE and self.private):
            return ""
        host = plain_host(host)
        if (host, port) in self.own or any((str(one), port) in self.own for one in _meanings(address)):
            return ""
        if any(one.holds(host, port, address) for one in self.allowed):
            return ""
        named = str(address) if host == str(address) else f"{host} is {address}, which"
        return f"{named} is {kind}: no script may call it unless x-lockgate.scripts.allowed_hosts names it"


NO_REACH: Final = Reach()
"""Of nobody in particular."""


def plain_host(host: str) -> str:
    """A host as hosts are compared: in lower case, without brackets and without the dot of the root."""
    host = host.lower().removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(host))
    except ValueError:
        return host.removesuffix(".") or host


def places_of(host: str, port: int) -> frozenset[tuple[str, int]]:
    """An upstream as ``Reach.own`` has it. That localhost is a loopback address, everybody knows."""
    host = plain_host(host)
    return frozenset((name, port) for name in ((host, "127.0.0.1", "::1") if host == "localhost" else (host,)))


def kind_of(address: Address) -> str:
    """What an address is that is not public, for messages; "" for a public one.

    Of several meanings the one that is worse than a private network counts.
    """
    kinds = {_kind_of(one) for one in _meanings(address)} - {""}
    return min(kinds - {PRIVATE}, default=PRIVATE if kinds else "")


def _kind_of(address: Address) -> str:
    return next((kind for network, kind in _NETWORKS if address in network), "")


_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_TRANSLATED: Final = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
)
"""IPv6 addresses that end in the IPv4 address they stand for."""


def _meanings(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 addresses that it stands for."""
    if isinstance(address, IPv4Address):
        return (address,)
    bits = int(address)
    bare = IPv6Address(bits)  # without a scope
    last = IPv4Address(bits & 0xFFFFFFFF)
    if any(bare in network for network in _TRANSLATED):
        # ::1 is no IPv4 address.
        return (bare, last) if bits > 1 else (bare,)
    if bare in _SIX_TO_FOUR:
        return bare, IPv4Address((bits >> 80) & 0xFFFFFFFF)
    if bare in _TEREDO:
        return bare, IPv4Address((bits >> 64) & 0xFFFFFFFF), IPv4Address((bits & 0xFFFFFFFF) ^ 0xFFFFFFFF)
    return (bare,)


def tls_for(
    usual: UpstreamTls | None, by_host: Mapping[str, UpstreamTls] | None, authority: str, host: str
) -> UpstreamTls | None:
    """How TLS is spoken to a host: the most exact entry counts.

    Args:
        usual: Where no entry is for it.
        by_host: By host, with or without port; by "*." and what follows its first label; or by "*". In lower case.
        authority: Of the URL, with its port if it names one.
        host: Without port and brackets.
    """
    if not by_host:
        return usual
    whole, bare = authority.lower(), host.lower()
    names = (whole, bare, *(f"*.{name.partition('.')[2]}" for name in (whole, bare) if "." in name), "*")
    return next((by_host[name] for name in names if name in by_host), usual)
