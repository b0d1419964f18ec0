"""Take headers that concern the connection to the upstream out of a response, and make the others valid.

Source: behaviour-chain 1.8.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, Headers, replace
from lockgate.header_edits import NOT_IN_A_VALUE, are_valid, without_hop_by_hop
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services

_SWITCHING_PROTOCOLS: Final = 101
# The announcement of trailers is made anew towards the client, which comes to the same.
_KEPT: Final = frozenset({b"trailer"})
_KEPT_BY_AN_UPGRADE: Final = _KEPT | {b"connection", b"upgrade"}


@dataclass(frozen=True, slots=True)
class HopByHop:
    """Configuration of ``hop_by_hop``: there is nothing to choose."""


def response(_config: HopByHop, exchange: Exchange, _: Services) -> Outcome:
    """Remove hop-by-hop headers and names that are none; a control character in a value becomes a space."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    keep = _KEPT_BY_AN_UPGRADE if message.status == _SWITCHING_PROTOCOLS else _KEPT
    fields = without_hop_by_hop(message.headers, keep=keep)
    if not are_valid(fields):
        fields = [
            (name, NOT_IN_A_VALUE.sub(b" ", value).strip(b" \t")) for name, value in fields if are_valid(((name, b""),))
        ]
    elif len(fields) == len(message.headers):
        return Continue(exchange)
    return Continue(replace(exchange, response=replace(message, headers=Headers(tuple(fields)))))


MIDDLEWARE = Middleware(
    name="hop_by_hop",
    summary="Takes headers that concern the connection to the upstream out of a response.",
    config=HopByHop,
    response=response,
    always=HopByHop(),
)
