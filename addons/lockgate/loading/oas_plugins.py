"""Plugins of ``x-tyk-api-gateway``: ``middleware.global`` with ``pluginConfig``, and ``server.authentication.custom``.

Source: behaviour-scripting 4.3; Tyk 5.11, "Tyk OAS API definition" reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.decoding.shapes import (
    Field,
    Place,
    anything,
    boolean,
    choice,
    ignored,
    list_of,
    mapping_of,
    optional,
    record,
    required,
    string,
)
from lockgate.loading.oas_parts import FILLED, FLAG, TEXT, switched
from lockgate.loading.plugin_entries import Entry, Hook, Written


@dataclass(frozen=True, slots=True)
class PluginSection:
    """One plugin."""

    enabled: bool
    function_name: str
    path: str = ""
    code: str = ""
    """Base64."""
    require_session: bool = False


@dataclass(frozen=True, slots=True)
class OldPlugins:
    """``prePlugin`` and the like, older spellings of the lists."""

    plugins: tuple[PluginSection, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleSection:
    """``pluginConfig.bundle``."""

    enabled: bool
    path: str


@dataclass(frozen=True, slots=True)
class DataSection:
    """``pluginConfig.data``."""

    enabled: bool
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """``pluginConfig``."""

    driver: str = ""
    bundle: BundleSection | None = None
    data: DataSection | None = None


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """``header``, ``query`` and ``cookie`` of a scheme."""

    enabled: bool
    name: str = ""
    """"" is the name of the header."""


@dataclass(frozen=True, slots=True)
class CustomAuthentication:
    """``server.authentication.custom``."""

    enabled: bool
    config: PluginSection | None = None
    header: CredentialSource | None = None
    query: CredentialSource | None = None
    cookie: CredentialSource | None = None


_PLUGIN: Final[dict[str, Field]] = {
    "enabled": required(boolean()),
    "functionName": required(string()),
    "path": TEXT,
    "code": TEXT,
    "requireSession": FLAG,
    # Scripts get the body as text, whatever it says.
    "rawBodyOnly": ignored(boolean()),
}
_PLUGINS: Final = list_of(record(PluginSection, _PLUGIN), lenient_tail=True, minimum=1)
_OLD_PLUGINS: Final = optional(record(OldPlugins, {"plugins": optional(_PLUGINS, ())}), OldPlugins())
_LISTS: Final = {
    Hook.PRE: "prePlugin",
    Hook.POST_KEY_AUTH: "postAuthenticationPlugin",
    Hook.POST: "postPlugin",
    Hook.RESPONSE: "responsePlugin",
}
"""The older spelling of each list."""
FIELDS: Final[dict[str, Field]] = {
    # Differs: the reference gateway's schema does not know "goja" and "javascript", which newer ones document
    # (test_newer_names_of_the_driver_are_taken).
    "pluginConfig": optional(
        record(
            PluginConfig,
            {
                "driver": optional(choice("otto", "goja", "javascript", "python", "lua", "grpc", "goplugin"), ""),
                "bundle": optional(record(BundleSection, {"enabled": required(boolean()), "path": required(FILLED)})),
                "data": optional(
                    record(DataSection, {"enabled": required(boolean()), "value": required(mapping_of(anything()))})
                ),
            },
        ),
        PluginConfig(),
    ),
    **dict.fromkeys(_LISTS.values(), _OLD_PLUGINS),
    **{f"{old}s": optional(_PLUGINS, ()) for old in _LISTS.values()},
}
"""Of ``middleware.global``."""
SOURCE: Final = optional(record(CredentialSource, {"enabled": required(boolean()), "name": TEXT}))
CUSTOM: Final = record(
    CustomAuthentication,
    {
        "enabled": required(boolean()),
        **dict.fromkeys(("header", "cookie", "query"), SOURCE),
        "config": optional(
            record(
                PluginSection,
                {
                    **_PLUGIN,
                    # Caches what plugins of other drivers found out.
                    "idExtractor": ignored(
                        switched(
                            "source with config",
                            **{
                                "source": choice("body", "header", "form"),
                                "with": choice("value", "xpath", "regex"),
                                "config": mapping_of(anything()),
                            },
                        )
                    ),
                },
            )
        ),
    },
)
"""Of ``server.authentication``."""


def written_in(extension: Any, api_id: str, place: Place) -> Written:
    """The plugins of a definition.

    Args:
        extension: The whole of ``x-tyk-api-gateway``.
        api_id: Of the definition.
        place: Of the extension.
    """
    everywhere = extension.middleware.global_
    at = (*place, "middleware", "global")
    config: PluginConfig = everywhere.plugin_config
    hooks: dict[Hook, tuple[Entry, ...]] = {}
    for hook, old in _LISTS.items():
        older: OldPlugins = getattr(everywhere, _SNAKE[old])
        newer: tuple[PluginSection, ...] = getattr(everywhere, f"{_SNAKE[old]}s")
        entries = (*_entries(older.plugins, (*at, old, "plugins")), *_entries(newer, (*at, f"{old}s")))
        if entries:
            hooks[hook] = entries
    authentication = extension.server.authentication
    custom: CustomAuthentication | None = None if authentication is None else authentication.custom
    checks = authentication is not None and authentication.enabled and custom is not None and custom.enabled
    auth_place = (*place, "server", "authentication", "custom")
    if custom is not None and custom.config is not None and custom.config.enabled:
        hooks[Hook.AUTH_CHECK] = (_entry(custom.config, (*auth_place, "config")),)
    bundle = config.bundle
    return Written(
        api_id,
        config.driver,
        (*at, "pluginConfig", "driver"),
        hooks,
        checks_auth=checks,
        auth_place=auth_place,
        bundle=bundle.path.strip() if bundle is not None and bundle.enabled else "",
        bundle_place=(*at, "pluginConfig", "bundle", "path"),
    )


_SNAKE: Final = {
    "prePlugin": "pre_plugin",
    "postAuthenticationPlugin": "post_authentication_plugin",
    "postPlugin": "post_plugin",
    "responsePlugin": "response_plugin",
}


def _entries(plugins: tuple[PluginSection, ...], place: Place) -> tuple[Entry, ...]:
    return tuple(_entry(one, (*place, index)) for index, one in enumerate(plugins) if one.enabled)


def _entry(one: PluginSection, place: Place) -> Entry:
    return Entry(one.function_name, place, one.path, code=one.code, session=one.require_session)
