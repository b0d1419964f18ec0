"""Say in each response how much of its quota a key has left; where no key was asked for, the reference gateway says 0.

Source: behaviour-chain 0.5.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, Headers, replace
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.session import Quota

_FIELDS: Final = (
    (b"X-Ratelimit-Limit", b"0"),
    (b"X-Ratelimit-Remaining", b"0"),
    (b"X-Ratelimit-Reset", b"0"),
)
_NAMES: Final = frozenset(name.lower() for name, _ in _FIELDS)


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """Configuration of ``rate_limit_headers``: there is nothing to choose."""


def response(_config: RateLimitHeaders, exchange: Exchange, _: Services) -> Outcome:
    """Set the three headers, whatever the upstream or a transform made of them."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    kept = tuple(field for field in message.headers.fields if field[0].lower() not in _NAMES)
    fields = _FIELDS if exchange.session is None else _fields(exchange)
    return Continue(replace(exchange, response=replace(message, headers=Headers(kept + fields))))


def _fields(exchange: Exchange) -> tuple[tuple[bytes, bytes], ...]:
    quota = exchange.quota or _as_posted(exchange)
    numbers = (quota.limit, quota.remaining, quota.renews_at)
    return tuple((name, str(number).encode()) for (name, _), number in zip(_FIELDS, numbers, strict=True))


def _as_posted(exchange: Exchange) -> Quota:
    """What the session says, where nothing was counted: it has no quota, or quotas are off."""
    session = exchange.session
    if session is None:
        return Quota(0, 0, 0)
    right = session.access_rights.get(exchange.current_pass.api_id)
    limits = right.limit if right is not None and right.limit is not None else session.limits
    return Quota(limits.quota_max, limits.quota_remaining, limits.quota_renews)


MIDDLEWARE = Middleware(
    name="rate_limit_headers",
    summary="Says in each response how much of its quota a key has left.",
    config=RateLimitHeaders,
    response=response,
    always=RateLimitHeaders(),
)
