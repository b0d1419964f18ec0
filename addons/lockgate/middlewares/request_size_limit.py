"""Refuse requests whose announced body is larger than a limit.

Source: behaviour-chain 4.6.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services

_UNCHECKED: Final = frozenset({"GET", "DELETE", "TRACE", "OPTIONS", "HEAD"})


@dataclass(frozen=True, slots=True)
class RequestSizeLimit:
    """Configuration of ``request_size_limit``."""

    max_bytes: int
    """Largest Content-Length let through; 0 refuses every body."""


def request(config: RequestSizeLimit, exchange: Exchange, _: Services) -> Outcome:
    """Refuse a body over the limit, and one whose length is not announced."""
    if exchange.request.method in _UNCHECKED:
        return Continue(exchange)
    announced = exchange.request.headers.get("Content-Length")
    if not announced:
        return Reject(Reason.LENGTH_REQUIRED)
    if not (announced.isascii() and announced.isdigit()):
        return Reject(Reason.LENGTH_INVALID)
    return Reject(Reason.TOO_LARGE) if _is_larger(announced, config.max_bytes) else Continue(exchange)


def _is_larger(announced: str, limit: int) -> bool:
    # int() refuses some thousand digits.
    digits = announced.lstrip("0")
    return len(digits) > len(str(limit)) or int(digits or "0") > limit


MIDDLEWARE = Middleware(
    name="request_size_limit",
    summary="Refuses requests whose announced body is larger than a limit.",
    config=RequestSizeLimit,
    request=request,
)
