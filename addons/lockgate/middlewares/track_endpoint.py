"""Note how an endpoint is recorded: under its template, or not at all.

Source: behaviour-chain 4.16.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange, Tracking, replace
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class TrackEndpoint:
    """Configuration of ``track_endpoint``."""

    path: str = ""
    """Template of the tracked endpoint, as written."""
    never: bool = False
    """A do-not-track endpoint: no record is made of its exchanges."""


def request(config: TrackEndpoint, exchange: Exchange, _: Services) -> Outcome:
    """Note it. What an earlier pass noted stays: an endpoint that is not to be recorded is not, wherever it loops to."""
    before = exchange.tracking
    if before is None:
        return Continue(replace(exchange, tracking=Tracking(config.path, never=config.never)))
    return Continue(
        replace(exchange, tracking=Tracking(config.path or before.path, never=config.never or before.never))
    )


MIDDLEWARE = Middleware(
    name="track_endpoint",
    summary="Notes whether exchanges of an endpoint are recorded, and under which template.",
    config=TrackEndpoint,
    request=request,
)
