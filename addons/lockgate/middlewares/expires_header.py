"""Say in every answer when the API expires.

Apart from ``expiration``, because the lists stand between the two: what they refuse does not have the header.

Source: behaviour-chain 0.5 and 1.9.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lockgate.exchange import Exchange, replace
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class ExpiresHeader:
    """Configuration of ``expires_header``."""

    at: datetime
    """Aware."""


def request(config: ExpiresHeader, exchange: Exchange, _: Services) -> Outcome:
    """Put X-Tyk-Api-Expires on the answer, whoever gives it."""
    headers = exchange.answer_headers.set("X-Tyk-Api-Expires", _rfc1123(config.at.astimezone(UTC)))
    return Continue(replace(exchange, answer_headers=headers))


def _rfc1123(at: datetime) -> str:
    """As Go's time.RFC1123 in UTC; without regard to the locale."""
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} {at:%H:%M:%S} UTC"


MIDDLEWARE = Middleware(
    name="expires_header",
    summary="Says in every answer when the API expires.",
    config=ExpiresHeader,
    request=request,
)
