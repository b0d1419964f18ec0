"""``server.authentication`` and the security of an OpenAPI document: what they say, and what it makes of an API.

Source: behaviour-chain 5.1 and 5.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.decoding.shapes import (
    Place,
    Shape,
    anything,
    boolean,
    choice,
    ignored,
    list_of,
    mapping_of,
    nearest,
    number,
    optional,
    record,
    string,
)
from lockgate.identity.credentials import DEFAULT_HEADER, Places
from lockgate.loading.authentication import AUTH_TOKEN, Keys
from lockgate.loading.making import Making
from lockgate.loading.oas_parts import ANY, ENABLED, FLAG, SOME_DURATION, TEXTS, switched
from lockgate.loading.oas_plugins import CUSTOM, SOURCE, CredentialSource, CustomAuthentication
from lockgate.routing.listen import ListenPath

_METHODS: Final = (AUTH_TOKEN, "hmac_key", "basic_auth_user", "jwt_claim", "oidc_user", "oauth_key", "custom_auth", "")


@dataclass(frozen=True, slots=True)
class Scheme:
    """One of ``securitySchemes``. Whether it is enabled does not count: the document's ``security`` says what is used."""

    enabled: bool
    header: CredentialSource | None = None
    query: CredentialSource | None = None
    cookie: CredentialSource | None = None
    enable_client_certificate: bool = False
    signature_validation: object = None
    """As written."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """``server.authentication``."""

    enabled: bool
    strip_authorization_data: bool = False
    base_identity_provider: str = ""
    hmac: object = None
    """As written, as the next one is."""
    oidc: object = None
    custom: CustomAuthentication | None = None
    security_schemes: Mapping[str, Scheme] = field(default_factory=dict)
    custom_key_lifetime: object = None
    """As written."""
    security_processing_mode: str = ""
    security: tuple[tuple[str, ...], ...] = ()


_SOURCES: Final[dict[str, Shape[Any]]] = dict.fromkeys(("header", "cookie", "query"), switched(name=string()))
# The schemes are told apart by the OpenAPI document; the union of their keys is what may stand here.
_OF_OTHER_SCHEMES: Final = (
    # JWT.
    *("source", "signingMethod", "identityBaseField", "subjectClaims", "jwksURIs", "skipKid", "policyFieldName"),
    *("basePolicyClaims", "allowedIssuers", "allowedAudiences", "jtiValidation", "allowedSubjects", "clientBaseField"),
    *("scopes", "defaultPolicies", "issuedAtValidationSkew", "notBeforeValidationSkew", "expiresAtValidationSkew"),
    *("idpClientIdMappingDisabled", "customClaimValidation"),
    # Basic.
    *("disableCaching", "cacheTTL", "extractCredentialsFromBody", "userRegexp", "passwordRegexp"),
    # OAuth, and OAuth of others.
    *("allowedAuthorizeTypes", "refreshToken", "authLoginRedirect", "notifications", "providers"),
)
_SCHEME: Final = record(
    Scheme,
    {
        "enabled": ENABLED,
        "header": SOURCE,
        "query": SOURCE,
        "cookie": SOURCE,
        "enableClientCertificate": FLAG,
        "signatureValidation": ANY,
        **dict.fromkeys(_OF_OTHER_SCHEMES, ignored(anything())),
    },
)
AUTHENTICATION: Final = record(
    Authentication,
    {
        "enabled": ENABLED,
        "stripAuthorizationData": FLAG,
        "baseIdentityProvider": optional(choice(*_METHODS), ""),
        "hmac": optional(switched(**_SOURCES, allowedAlgorithms=TEXTS, allowedClockSkew=number())),
        "oidc": optional(
            switched(**_SOURCES, segregateByClientId=boolean(), providers=list_of(anything()), scopes=anything())
        ),
        "custom": optional(CUSTOM),
        "securitySchemes": optional(mapping_of(_SCHEME, keys=r"^[a-zA-Z0-9._-]+\Z"), {}),
        "customKeyLifetime": optional(switched(value=SOME_DURATION, respectValidity=boolean())),
        "securityProcessingMode": optional(choice("legacy", "compliant"), ""),
        "security": optional(list_of(TEXTS), ()),
    },
)
"""Of ``server.authentication``."""


@dataclass(frozen=True, slots=True)
class OasApi:
    """What authentication has to know of an API."""

    id: str
    org_id: str
    listen: ListenPath
    place: Place
    """Of ``server.authentication``."""
    rates: bool
    quotas: bool
    by_plugin: bool = False
    """A plugin authenticates."""


def oas_keys(making: Making, document: Mapping[str, Any], section: Authentication | None, api: OasApi) -> Keys | None:
    """How an API authenticates; None for one that does not, or in a way that is not built, which is noted.

    Args:
        making: Of the definition.
        document: The OpenAPI document, whose form is good.
        section: ``server.authentication``.
        api: Of the definition.
    """
    if section is None or not section.enabled:
        return None
    _note_unsupported(making, section, api.place)
    places = _places(making, document, section, api.place)
    if places is None:
        return None
    return Keys(
        api.id,
        api.org_id,
        api.listen,
        places,
        section.strip_authorization_data,
        api.place,
        section.base_identity_provider,
        rates=api.rates,
        quotas=api.quotas,
        asks=not api.by_plugin or _names_a_scheme(document),
        plugin=_custom_places(section.custom) if api.by_plugin else None,
    )


def _note_unsupported(making: Making, section: Authentication, place: Place) -> None:
    for key, name, written in (("hmac", "HMAC", section.hmac), ("oidc", "OpenID Connect", section.oidc)):
        if _on(written):
            making.notes.unsupported(name, (*place, key), restricts=True)
    if _on(section.custom_key_lifetime):
        making.notes.unsupported("customKeyLifetime", (*place, "customKeyLifetime"), restricts=True)


def _names_a_scheme(document: Mapping[str, Any]) -> bool:
    schemes = document.get("components", {}).get("securitySchemes", {})
    return any(name in schemes for name in next(iter(document.get("security") or ()), ()))


def _custom_places(custom: CustomAuthentication | None) -> Places:
    """Where credentials are for a plugin, which looks for them itself: they are taken off, and masked."""
    header, query, cookie = (None, None, None) if custom is None else (custom.header, custom.query, custom.cookie)
    name = header.name if header is not None and header.enabled and header.name else DEFAULT_HEADER
    return Places(
        header=name,
        in_header=header is None or header.enabled,
        query=(query.name or name) if query is not None and query.enabled else None,
        cookie=(cookie.name or name) if cookie is not None and cookie.enabled else None,
    )


def _places(making: Making, document: Mapping[str, Any], section: Authentication, place: Place) -> Places | None:
    """Where keys are looked for; None where something else than one key is asked for, which is noted."""
    notes = making.notes
    requirements = document.get("security") or []
    if section.security_processing_mode == "compliant" and (len(requirements) > 1 or section.security):
        notes.unsupported("a choice between kinds of authentication", ("security",), restricts=True)
        return None
    schemes = document.get("components", {}).get("securitySchemes", {})
    named = [name for name in (requirements[0] if requirements else ()) if name in schemes]
    for name in requirements[0] if requirements else ():
        if name not in schemes:
            message = f"no security scheme is called {name!r}: it asks for nothing"
            notes.warning("unknown-security-scheme", message, ("security", 0, name), nearest(name, tuple(schemes)))
    if not named:
        return Places()
    kinds = {name: _kind(schemes[name]) for name in named}
    others = {kind for kind in kinds.values() if kind}
    for name, kind in kinds.items():
        if kind:
            notes.unsupported(kind, ("components", "securitySchemes", name), restricts=True)
    if others:
        return None
    if len(named) > 1:
        notes.unsupported("several keys in one request", ("security", 0), restricts=True)
        return None
    name = named[0]
    scheme = section.security_schemes.get(name, Scheme(enabled=False))
    at = (*place, "securitySchemes", name)
    if scheme.enable_client_certificate:
        notes.unsupported("client certificates of keys", (*at, "enableClientCertificate"), restricts=True)
    if _on(scheme.signature_validation):
        notes.unsupported("signatures of keys", (*at, "signatureValidation"), restricts=True)
    return _places_of(schemes[name], scheme)


def _kind(scheme: Mapping[str, Any]) -> str:
    """What a scheme of the document asks for, other than a key; "" for a key."""
    match scheme.get("type"), str(scheme.get("scheme", "")).lower():
        case "apiKey", _:
            return ""
        case "http", "basic":
            return "basic authentication"
        case "http", "bearer":
            return "authentication by JWT"
        case "oauth2", _:
            return "OAuth"
        case "openIdConnect", _:
            return "OpenID Connect"
    return "authentication of another kind"


def _places_of(written: Mapping[str, Any], scheme: Scheme) -> Places:
    """Where a key is: the document's place, and the extension's others."""
    where, name = written.get("in"), str(written.get("name", ""))

    def named(place: str, source: CredentialSource | None, default: str) -> str | None:
        if where == place:
            return name
        return (source.name or default) if source is not None and source.enabled else None

    header = named("header", scheme.header, DEFAULT_HEADER)
    default = header or DEFAULT_HEADER
    return Places(
        header=default,
        in_header=header is not None,
        query=named("query", scheme.query, default),
        cookie=named("cookie", scheme.cookie, default),
    )


def _on(written: object) -> bool:
    return isinstance(written, Mapping) and written.get("enabled") is True
