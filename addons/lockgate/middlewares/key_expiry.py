"""Refuse keys that are switched off or have expired, and requests that nobody is known to have sent.

Source: behaviour-chain 5.2.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class KeyExpiry:
    """Configuration of ``key_expiry``: there is nothing to choose."""


def request(_config: KeyExpiry, exchange: Exchange, services: Services) -> Outcome:
    """Look at the session that authentication left."""
    if exchange.ignored:
        return Continue(exchange)
    session = exchange.session
    if session is None:
        return Reject(Reason.NO_SESSION)
    if session.is_inactive:
        return Reject(Reason.KEY_INACTIVE)
    if session.expires > 0 and services.now() > session.expires:
        return Reject(Reason.KEY_EXPIRED)
    return Continue(exchange)


MIDDLEWARE = Middleware(
    name="key_expiry",
    summary="Refuses keys that are switched off or have expired.",
    config=KeyExpiry,
    request=request,
)
