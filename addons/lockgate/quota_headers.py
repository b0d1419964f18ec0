"""What a response says of a key's quota. Where no key was asked for, the reference gateway says 0.

Source: behaviour-chain 0.5.
"""

from typing import Final

from lockgate.exchange import Exchange
from lockgate.session import Quota

NAMES: Final = (b"X-Ratelimit-Limit", b"X-Ratelimit-Remaining", b"X-Ratelimit-Reset")
_NOTHING: Final = tuple((name, b"0") for name in NAMES)


def quota_fields(exchange: Exchange) -> tuple[tuple[bytes, bytes], ...]:
    """The three header fields."""
    if exchange.session is None:
        return _NOTHING
    quota = exchange.quota or _as_posted(exchange)
    numbers = (quota.limit, quota.remaining, quota.renews_at)
    return tuple((name, str(number).encode()) for name, number in zip(NAMES, numbers, strict=True))


def _as_posted(exchange: Exchange) -> Quota:
    """What the session says, where nothing was counted: it has no quota, or quotas are off."""
    session = exchange.session
    if session is None:
        return Quota(0, 0, 0)
    right = session.access_rights.get(exchange.current_pass.api_id)
    limits = right.limit if right is not None and right.limit is not None else session.limits
    return Quota(limits.quota_max, limits.quota_remaining, limits.quota_renews)
