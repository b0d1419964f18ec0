"""Say in each response how much of its quota a key has left; where no key was asked for, the reference gateway says 0.

Source: behaviour-chain 0.5.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, Headers, replace
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.quota_headers import NAMES, quota_fields
from lockgate.services import Services

_NAMES: Final = frozenset(name.lower() for name in NAMES)


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """Configuration of ``rate_limit_headers``: there is nothing to choose."""


def response(_config: RateLimitHeaders, exchange: Exchange, _: Services) -> Outcome:
    """Set the three headers, whatever the upstream or a transform made of them."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    kept = tuple(field for field in message.headers.fields if field[0].lower() not in _NAMES)
    return Continue(replace(exchange, response=replace(message, headers=Headers(kept + quota_fields(exchange)))))


MIDDLEWARE = Middleware(
    name="rate_limit_headers",
    summary="Says in each response how much of its quota a key has left.",
    config=RateLimitHeaders,
    response=response,
    always=RateLimitHeaders(),
)
