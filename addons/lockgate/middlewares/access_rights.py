"""Refuse keys that have no right to the API, to its version, or to the endpoint.

Source: behaviour-chain 5.2, and 2.1 for patterns.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange
from lockgate.identity.granted import GrantedPaths
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class AccessRights:
    """Configuration of ``access_rights``."""

    api_id: str
    paths: GrantedPaths
    """How patterns of a key find paths of this API."""
    version: str | None = None
    """Name of the version that a key needs a right to; None: rights are to the API as a whole."""


def request(config: AccessRights, exchange: Exchange, _: Services) -> Outcome:
    """Ask the session: for the API, the version, then the endpoint. A session that names no API has a right to all."""
    session = exchange.session
    if exchange.ignored or session is None or not session.access_rights:
        return Continue(exchange)
    right = session.access_rights.get(config.api_id)
    if right is None:
        return Reject(Reason.API_NOT_GRANTED, detail="the key has no right to this API")
    if config.version is not None and config.version not in right.versions:
        return Reject(Reason.API_NOT_GRANTED, detail=f"the key has no right to version {config.version!r}")
    if not right.allowed_urls:
        return Continue(exchange)
    method, path = exchange.request.method, exchange.current_pass.path
    if any(method in one.methods and config.paths.found(one.url, path) for one in right.allowed_urls):
        return Continue(exchange)
    return Reject(Reason.RESOURCE_NOT_GRANTED)


MIDDLEWARE = Middleware(
    name="access_rights",
    summary="Refuses keys that have no right to the API, to its version, or to the endpoint.",
    config=AccessRights,
    request=request,
)
