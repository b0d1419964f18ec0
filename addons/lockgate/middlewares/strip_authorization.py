"""Take credentials off the request, so that the upstream does not see them.

Source: behaviour-chain 5.6, "StripAuth".
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange, replace
from lockgate.identity.credentials import Places, stripped
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class StripAuthorization:
    """Configuration of ``strip_authorization``."""

    places: Places
    """That credentials are taken off. The header goes even if no key is looked for there."""
    others: tuple[Places, ...] = ()
    """Of other ways to authenticate: the same goes for each."""


def request(config: StripAuthorization, exchange: Exchange, _: Services) -> Outcome:
    """Take them off, also where nobody asked for them."""
    bare = stripped(exchange.request, config.places)
    for places in config.others:
        bare = stripped(bare, places)
    return Continue(exchange if bare is exchange.request else replace(exchange, request=bare))


MIDDLEWARE = Middleware(
    name="strip_authorization",
    summary="Takes credentials off the request.",
    config=StripAuthorization,
    request=request,
)
