"""What authentication makes of an API, whatever format it is written in: from where keys are to what is asked of them.

Source: behaviour-chain 3.1 (rows 12 to 15), 5.1 and 5.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lockgate.decoding.shapes import Place
from lockgate.identity.credentials import Places
from lockgate.identity.granted import GrantedPaths
from lockgate.identity.keys import DEFAULT_MIN_LENGTH
from lockgate.loading.making import Making
from lockgate.middlewares.access_rights import AccessRights
from lockgate.middlewares.auth_token import AuthToken
from lockgate.middlewares.key_expiry import KeyExpiry
from lockgate.middlewares.key_limits import KeyLimits
from lockgate.middlewares.strip_authorization import StripAuthorization
from lockgate.model import Section
from lockgate.routing.listen import ListenPath

AUTH_TOKEN: Final = "auth_token"  # noqa: S105 - the name of a method
"""As ``baseIdentityProvider`` and ``base_identity_provided_by`` name it."""
CUSTOM_AUTH: Final = "custom_auth"
"""The same, for a plugin."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How an API asks for keys."""

    api_id: str
    org_id: str
    listen: ListenPath
    places: Places
    strip: bool
    """Credentials are taken off the request."""
    place: Place
    """Of the section that asks for them."""
    identity: str = ""
    """Name of the method whose session counts; "" is the one that there is."""
    version: str | None = None
    """Name of the version that keys need a right to; None: rights are to the API as a whole."""
    rates: bool = True
    """Rates of keys count."""
    quotas: bool = True
    """Quotas of keys count."""
    asks: bool = True
    """A key is asked for; False where a plugin alone authenticates."""
    plugin: Places | None = None
    """Where a plugin that authenticates finds credentials, as far as the definition says; None where there is none."""


def key_sections(making: Making, keys: Keys) -> Iterator[tuple[str, Section]]:
    """The sections of an API that asks for keys."""
    settings = making.settings
    server = settings.http_server_options
    at = making.pointer(keys.place)
    paths = GrantedPaths(keys.listen, server.enable_path_prefix_matching, server.enable_path_suffix_matching)
    token = AuthToken(
        keys.places,
        keys.org_id,
        settings.min_token_length or DEFAULT_MIN_LENGTH,
        settings.hash_key_function,
        identifies=keys.identity in ("", AUTH_TOKEN),
    )
    if keys.asks:
        yield "auth_token", Section(token, at)
    if keys.strip:
        others = () if keys.plugin is None else (keys.plugin,)
        places = (keys.places, *others) if keys.asks else others
        yield "strip_authorization", Section(StripAuthorization(places[0], places[1:]), at)
    yield "key_expiry", Section(KeyExpiry(), at)
    yield "access_rights", Section(AccessRights(keys.api_id, paths, keys.version), at)
    if keys.rates or keys.quotas:
        yield "key_limits", Section(KeyLimits(keys.api_id, paths, keys.rates, keys.quotas), at)
