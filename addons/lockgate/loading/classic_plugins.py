"""``custom_middleware`` of Classic definitions and of the manifests of bundles.

Source: behaviour-scripting 4.3.
"""

from dataclasses import dataclass
from typing import Any, Final

from lockgate.decoding.shapes import Field, Place, Shape, anything, ignored, list_of, optional
from lockgate.loading.classic_parts import FLAG, TEXT, go_record, null_as
from lockgate.loading.plugin_entries import Entry, Hook, Hooks, Written

KEY: Final = "custom_middleware"
_BUNDLE: Final = "custom_middleware_bundle"


@dataclass(frozen=True, slots=True)
class PluginSection:
    """One plugin."""

    disabled: bool = False
    name: str = ""
    path: str = ""
    code: str = ""
    """Base64."""
    require_session: bool = False


@dataclass(frozen=True, slots=True)
class CustomMiddleware:
    """``custom_middleware``."""

    driver: str = ""
    pre: tuple[PluginSection, ...] = ()
    auth_check: PluginSection = PluginSection()
    post_key_auth: tuple[PluginSection, ...] = ()
    post: tuple[PluginSection, ...] = ()
    response: tuple[PluginSection, ...] = ()


_PLUGIN: Final = go_record(
    PluginSection,
    {
        "disabled": FLAG,
        "name": TEXT,
        "path": TEXT,
        "code": TEXT,
        "require_session": FLAG,
        # Scripts get the body as text, whatever it says.
        "raw_body_only": ignored(anything()),
    },
)
_PLUGINS: Final = optional(list_of(null_as(_PLUGIN, {})), ())
SHAPE: Final[Shape[CustomMiddleware]] = go_record(
    CustomMiddleware,
    {
        "driver": TEXT,
        "pre": _PLUGINS,
        "auth_check": optional(_PLUGIN, PluginSection()),
        "post_key_auth": _PLUGINS,
        "post": _PLUGINS,
        "response": _PLUGINS,
        # Caches what plugins of other drivers found out.
        "id_extractor": ignored(anything()),
        "traffic_logs": ignored(anything()),
    },
)
FIELDS: Final[dict[str, Field]] = {
    KEY: optional(SHAPE, CustomMiddleware()),
    _BUNDLE: TEXT,
    "custom_middleware_bundle_disabled": FLAG,
}
"""Of the whole definition."""


def hooks_in(section: CustomMiddleware, place: Place) -> Hooks:
    """The plugins that are on.

    Args:
        section: Of a definition or a manifest.
        place: Of it.
    """
    listed = {
        Hook.PRE: section.pre,
        Hook.POST_KEY_AUTH: section.post_key_auth,
        Hook.POST: section.post,
        Hook.RESPONSE: section.response,
    }
    made = {
        hook: tuple(_entry(one, (*place, hook.value, index)) for index, one in enumerate(entries) if not one.disabled)
        for hook, entries in listed.items()
    }
    check = section.auth_check
    if check.name and not check.disabled:
        made[Hook.AUTH_CHECK] = (_entry(check, (*place, Hook.AUTH_CHECK.value)),)
    return {hook: entries for hook, entries in made.items() if entries}


def _entry(one: PluginSection, place: Place) -> Entry:
    return Entry(one.name, place, one.path, code=one.code, session=one.require_session)


def written_in(classic: Any, api_id: str) -> Written:
    """The plugins of a definition.

    Args:
        classic: The whole definition.
        api_id: Of it.
    """
    section: CustomMiddleware = classic.custom_middleware
    asking = next(
        (
            key
            for key in ("custom_plugin_auth_enabled", "enable_coprocess_auth", "use_go_plugin_auth")
            if getattr(classic, key)
        ),
        "",
    )
    return Written(
        api_id,
        section.driver,
        (KEY, "driver"),
        hooks_in(section, (KEY,)),
        checks_auth=bool(asking) and not classic.use_keyless,
        auth_place=(asking,),
        bundle="" if classic.custom_middleware_bundle_disabled else classic.custom_middleware_bundle.strip(),
        bundle_place=(_BUNDLE,),
    )
