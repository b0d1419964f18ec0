"""Keys of a Classic definition that ask for authentication: what they say, and what it makes of an API.

Source: behaviour-chain 5.1 and 5.2.
"""

from typing import Any, Final

from lockgate.decoding.shapes import Field, Place, Shape, anything, mapping_of, optional
from lockgate.identity.credentials import DEFAULT_HEADER, Places
from lockgate.loading.authentication import Keys
from lockgate.loading.classic_parts import FLAG, TEXT, WHOLE, go_record, look_up, named
from lockgate.loading.classic_sections import AuthSection, Classic, VersionSection
from lockgate.loading.making import Making
from lockgate.routing.listen import ListenPath

_AUTH: Final[Shape[Any]] = go_record(
    AuthSection,
    {
        "disable_header": FLAG,
        "auth_header_name": TEXT,
        "cookie_name": TEXT,
        "name": TEXT,
        "param_name": TEXT,
        "use_cookie": FLAG,
        "use_param": FLAG,
        "use_certificate": FLAG,
        "validate_signature": FLAG,
        "signature": optional(anything()),
    },
)
_OTHER_METHODS: Final = (
    ("use_basic_auth", "basic authentication"),
    ("enable_jwt", "authentication by JWT"),
    ("use_oauth2", "OAuth"),
    ("use_openid", "OpenID Connect"),
    ("enable_signature_checking", "HMAC"),
)
_BY_PLUGIN: Final = ("enable_coprocess_auth", "custom_plugin_auth_enabled", "use_go_plugin_auth")
FIELDS: Final[dict[str, Field]] = {
    "use_standard_auth": FLAG,
    **{key: FLAG for key, _ in _OTHER_METHODS},
    **dict.fromkeys(_BY_PLUGIN, FLAG),
    "external_oauth": optional(mapping_of(anything())),
    "auth": optional(_AUTH, AuthSection()),
    "auth_configs": optional(named(_AUTH), {}),
    "strip_auth_data": FLAG,
    "base_identity_provided_by": TEXT,
    "disable_quota": FLAG,
    "session_lifetime": WHOLE,
}
"""Of the whole definition."""


def classic_keys(
    making: Making, classic: Classic, version: VersionSection, name: str, listen: ListenPath
) -> Keys | None:
    """How one version authenticates; None for a keyless API.

    Args:
        making: Of the definition.
        classic: The whole definition.
        version: Of it.
        name: Key of the version.
        listen: Of the API.
    """
    if classic.use_keyless:
        return None
    data = classic.version_data
    versioned = not data.not_versioned and not classic.definition.enabled
    section, place = _asked(classic)
    by_plugin = any(getattr(classic, key) for key in _BY_PLUGIN)
    return Keys(
        classic.api_id or making.made_up_id,
        classic.org_id,
        listen,
        _places(section),
        classic.strip_auth_data,
        place,
        classic.base_identity_provided_by,
        version=(version.name or name) if versioned else None,
        rates=not classic.disable_rate_limit,
        quotas=not classic.disable_quota,
        asks=classic.use_standard_auth or not by_plugin,
        plugin=_places(classic.auth_configs.get("coprocess", AuthSection())) if by_plugin else None,
    )


def note_other_methods(making: Making, classic: Classic) -> None:
    """Note what a definition asks for that is not built."""
    if classic.use_keyless:
        return
    notes = making.notes
    for key, name in _OTHER_METHODS:
        if getattr(classic, key):
            notes.unsupported(name, (key,), restricts=True)
    if look_up(classic.external_oauth, "enabled") is True:
        notes.unsupported("OAuth of others", ("external_oauth",), restricts=True)
    section, place = _asked(classic)
    if section.use_certificate:
        notes.unsupported("client certificates of keys", (*place, "use_certificate"), restricts=True)
    if section.validate_signature:
        notes.unsupported("signatures of keys", (*place, "validate_signature"), restricts=True)
    if classic.session_lifetime > 0:
        notes.unsupported("session_lifetime", ("session_lifetime",), restricts=True)


def _asked(classic: Classic) -> tuple[AuthSection, Place]:
    """Where keys are, as ``auth_configs`` says it, or else the older ``auth``; and its place."""
    section = classic.auth_configs.get("authToken")
    if section is not None:
        return section, ("auth_configs", "authToken")
    return classic.auth, ("use_keyless",) if classic.auth == AuthSection() else ("auth",)


def _places(section: AuthSection) -> Places:
    header = section.auth_header_name or DEFAULT_HEADER
    default = DEFAULT_HEADER if section.disable_header else header
    return Places(
        header=header,
        in_header=not section.disable_header,
        query=(section.param_name or default) if section.use_param else None,
        cookie=(section.cookie_name or default) if section.use_cookie else None,
    )
