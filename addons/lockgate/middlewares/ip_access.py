"""Refuse requests by the IP address that they come from: what is not on the allow list, and what is on the block list.

Source: behaviour-chain 3.1, stage 5, and 4.11, "Client IP".
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address
from typing import final

from lockgate.client_address import client_address
from lockgate.exchange import Exchange
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services

type Network = IPv4Network | IPv6Network
"""A single address is a network of one."""


@final
class _Addresses:
    """The addresses of networks; looking one up does not grow with their number."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, networks: Iterable[Network]) -> None:
        known = tuple(networks)
        merged: list[Network] = [
            *collapse_addresses(network for network in known if isinstance(network, IPv4Network)),
            *collapse_addresses(network for network in known if isinstance(network, IPv6Network)),
        ]
        self._firsts = [(network.version, int(network.network_address)) for network in merged]
        self._lasts = [int(network.broadcast_address) for network in merged]

    def __contains__(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        index = bisect_right(self._firsts, (address.version, int(address))) - 1
        return index >= 0 and self._firsts[index][0] == address.version and int(address) <= self._lasts[index]


@dataclass(frozen=True, slots=True)
class IpAccess:
    """Configuration of ``ip_access``."""

    allow: tuple[Network, ...] | None = None
    """Once there is such a list, nobody else is let in. () is a list of which no entry was an address."""
    block: tuple[Network, ...] = ()
    xff_depth: int = 0
    """Which element of X-Forwarded-For is the client: 0 is the leftmost, n the n-th from the right."""
    allowed: _Addresses = field(init=False, repr=False, compare=False)
    blocked: _Addresses = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", _Addresses(self.allow or ()))
        object.__setattr__(self, "blocked", _Addresses(self.block))


def request(config: IpAccess, exchange: Exchange, _: Services) -> Outcome:
    """Ask the allow list first, then the block list."""
    address = client_address(exchange.request.headers, exchange.client, config.xff_depth)
    if config.allow is not None and address not in config.allowed:
        return Reject(Reason.IP_DISALLOWED)
    # Differs: in the reference gateway a client passes the block list with an X-Forwarded-For shorter than
    # ``xff_depth`` (test_a_short_x_forwarded_for_does_not_pass_the_block_list).
    if (address or exchange.client.address) in config.blocked:
        return Reject(Reason.IP_DISALLOWED)
    return Continue(exchange)


MIDDLEWARE = Middleware(
    name="ip_access",
    summary="Refuses requests by the IP address that they come from.",
    config=IpAccess,
    request=request,
)
