"""Limit how long an upstream may take for its whole answer.

Source: behaviour-chain 4.14.
"""

from dataclasses import dataclass, replace

from lockgate.exchange import Exchange
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class EnforcedTimeout:
    """Configuration of ``enforced_timeout``. An endpoint's has the last word over the API's."""

    timeout_seconds: float
    """For the exchange with the upstream, until its response is copied; 0 sets nothing."""


def upstream(config: EnforcedTimeout, exchange: Exchange, _: Services) -> Outcome:
    """Set the limit; the host keeps it, and answers 504 where it is exceeded."""
    target = exchange.upstream
    if target is None or config.timeout_seconds <= 0:
        return Continue(exchange)
    limited = replace(target, total_timeout_seconds=config.timeout_seconds)
    return Continue(replace(exchange, upstream=limited))


MIDDLEWARE = Middleware(
    name="enforced_timeout",
    summary="Limits how long an upstream may take for its whole answer.",
    config=EnforcedTimeout,
    upstream=upstream,
)
