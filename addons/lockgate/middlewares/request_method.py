"""Send a request upstream with another method.

The method is recorded here and used by ``forward``: what stands between still sees the client's.

Source: behaviour-chain 4.4.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, replace
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services

_POSSIBLE: Final = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


@dataclass(frozen=True, slots=True)
class RequestMethod:
    """Configuration of ``request_method``."""

    to_method: str
    """In any case; other than GET, POST, PUT, DELETE, OPTIONS and PATCH, every request is refused."""


def request(config: RequestMethod, exchange: Exchange, _: Services) -> Outcome:
    """Record the method."""
    method = config.to_method.upper()
    if method not in _POSSIBLE:
        return Reject(Reason.METHOD_NOT_ALLOWED)
    return Continue(replace(exchange, to_method=method))


MIDDLEWARE = Middleware(
    name="request_method",
    summary="Sends a request upstream with another method.",
    config=RequestMethod,
    request=request,
)
