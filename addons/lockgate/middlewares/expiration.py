"""Refuse requests to an API that has expired.

Source: behaviour-chain 1.9, "API expiration".
"""

from dataclasses import dataclass
from datetime import datetime

from lockgate.exchange import Exchange
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class Expiration:
    """Configuration of ``expiration``."""

    at: datetime | None
    """Aware. None: a date was given that is none, which counts as past."""
    reason: Reason = Reason.API_EXPIRED
    """What is said: that the API has expired, or this version of it."""


def request(config: Expiration, exchange: Exchange, _: Services) -> Outcome:
    """Refuse what was received after the date."""
    if config.at is None or exchange.received_at > config.at:
        return Reject(config.reason)
    return Continue(exchange)


MIDDLEWARE = Middleware(
    name="expiration",
    summary="Refuses requests to an API that has expired.",
    config=Expiration,
    request=request,
)
