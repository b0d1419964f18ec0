"""The keys of a Classic definition: which there are, what type each has, and which of them are built.

This file, ``classic_paths`` and ``classic_parts`` alone know how the format spells things. Types are those of Go: what
the reference gateway cannot decode it refuses ("Request malformed").

Source: behaviour-chain 1.3, 1.10 and 4.19; Tyk 5.11, "Tyk Classic API definition" reference.
"""

from typing import Any, Final

from lockgate.decoding.shapes import (
    Field,
    Notes,
    Place,
    Shape,
    anything,
    boolean,
    checked,
    ignored,
    is_active,
    list_of,
    mapping_of,
    number,
    optional,
    string,
    unsupported,
)
from lockgate.loading.classic_authentication import FIELDS as AUTHENTICATION
from lockgate.loading.classic_parts import (
    FLAG,
    NAMES,
    NUMBER,
    STRINGS,
    TEXT,
    TEXTS,
    WHOLE,
    go_record,
    look_up,
    named,
    whole,
)
from lockgate.loading.classic_paths import VERSION
from lockgate.loading.classic_plugins import FIELDS as PLUGINS
from lockgate.loading.classic_sections import (
    Classic,
    Cleanup,
    OwnKeys,
    Processor,
    ProcessorOptions,
    Proxy,
    RateLimit,
    TransportSection,
    VersionData,
    VersionDefinition,
)
from lockgate.loading.error_rules import CLASSIC_RULES
from lockgate.loading.event_handlers import CLASSIC as EVENT_HANDLERS
from lockgate.loading.making import CorsSection

OWN: Final = "x-lockgate"
"""Key of our additions."""

_WRONG_UPSTREAM: Final = "the API answers 503 instead of sending requests without it"
_NOT_RECORDED: Final = "nothing is recorded"


def _checked(**shapes: Shape[Any]) -> Shape[Any]:
    return go_record(lambda **_: None, {key: ignored(shape) for key, shape in shapes.items()})


def _switched_by(key: str) -> Any:
    """Whether a section is on by the switch under one of its keys."""
    return lambda value: look_up(value, key) is True


def _fields(shape: Shape[Any], *keys: str) -> dict[str, Field]:
    """Keys without a meaning here."""
    return {key: ignored(shape) for key in keys}


# ── proxy ──

_PROXY: Final = go_record(
    Proxy,
    {
        "listen_path": optional(string()),
        "target_url": TEXT,
        "target_internal": ignored(anything()),
        "strip_listen_path": FLAG,
        "preserve_host_header": FLAG,
        "disable_strip_slash": FLAG,
        "enable_load_balancing": FLAG,
        "target_list": TEXTS,
        "check_host_against_uptime_tests": FLAG,
        "service_discovery": unsupported(
            "service_discovery",
            _checked(
                use_discovery_service=boolean(),
                query_endpoint=string(),
                use_nested_query=boolean(),
                parent_data_path=string(),
                data_path=string(),
                port_data_path=string(),
                target_path=string(),
                use_target_list=boolean(),
                cache_timeout=whole(),
                cache_disabled=boolean(),
                endpoint_returns_list=boolean(),
            ),
            consequence="requests go to proxy.target_url",
            active=_switched_by("use_discovery_service"),
        ),
        "transport": optional(
            go_record(
                TransportSection,
                {
                    "ssl_insecure_skip_verify": FLAG,
                    "ssl_ciphers": TEXTS,
                    "ssl_min_version": WHOLE,
                    "ssl_max_version": WHOLE,
                    "ssl_force_common_name_check": unsupported(
                        "ssl_force_common_name_check",
                        boolean(),
                        consequence="the upstream's certificate is verified as usual",
                    ),
                    "proxy_url": unsupported("proxy_url", string(), consequence="the upstream is reached directly"),
                },
            ),
            TransportSection(),
        ),
    },
)

# ── versions ──

_VERSION_DATA: Final = go_record(
    VersionData,
    {
        "not_versioned": FLAG,
        "default_version": TEXT,
        "versions": optional(named(VERSION), {}),
    },
)
_DEFINITION: Final = go_record(
    VersionDefinition,
    {
        "enabled": FLAG,
        "name": TEXT,
        "default": TEXT,
        "location": TEXT,
        "key": TEXT,
        "versions": NAMES,
        "strip_path": FLAG,
        "strip_versioning_data": FLAG,
        "fallback_to_default": FLAG,
        "url_versioning_pattern": TEXT,
        "base_id": ignored(string()),
    },
)

# ── what is not built ──


def _one_upstream_authentication(value: Any, at: Place, notes: Notes) -> None:
    if look_up(value, "enabled") is not True:
        return
    modes = [key for key in ("basic_auth", "oauth", "request_signing") if look_up(value, key, "enabled") is True]
    if len(modes) > 1:
        found = " and ".join(map(repr, modes))
        notes.error("bad-value", f"expected one kind of authentication, found {found}", at)


def _different_data_sources(value: Any, at: Place, notes: Notes) -> None:
    sources = look_up(value, "engine", "data_sources")
    seen: set[str] = set()
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        name = look_up(source, "name")
        if isinstance(name, str) and name in seen:
            place = (*at, "engine", "data_sources", index, "name")
            notes.error(
                "bad-value",
                f"expected a name of its own for each data source, found {notes.show(name, place)} again",
                place,
            )
        elif isinstance(name, str):
            seen.add(name)


_OBJECT: Final = mapping_of(anything())
_NOT_BUILT: Final[dict[str, Field]] = {
    "use_mutual_tls_auth": unsupported("use_mutual_tls_auth", boolean(), restricts=True),
    "pinned_public_keys": unsupported(
        "pinned_public_keys", named(string()), restricts=True, consequence=_WRONG_UPSTREAM
    ),
    "upstream_auth": unsupported(
        "upstream_auth",
        checked(_OBJECT, _one_upstream_authentication),
        restricts=True,
        consequence=_WRONG_UPSTREAM,
        active=_switched_by("enabled"),
    ),
    "request_signing": unsupported(
        "request_signing", _OBJECT, restricts=True, consequence=_WRONG_UPSTREAM, active=_switched_by("is_enabled")
    ),
    "cache_options": unsupported(
        "cache_options",
        _checked(
            enable_cache=boolean(),
            cache_timeout=whole(),
            cache_all_safe_requests=boolean(),
            cache_response_codes=list_of(whole()),
            cache_by_headers=STRINGS,
            enable_upstream_cache_control=boolean(),
            cache_control_ttl_header=string(),
        ),
        consequence="every request reaches the upstream",
        active=_switched_by("enable_cache"),
    ),
    "detailed_tracing": unsupported("detailed_tracing", boolean(), consequence=_NOT_RECORDED),
    "graphql": unsupported(
        "graphql",
        checked(_OBJECT, _different_data_sources),
        restricts=True,
        consequence="the API answers 503 instead of sending queries on as they are",
        active=_switched_by("enabled"),
    ),
    "uptime_tests": unsupported(
        "uptime_tests",
        _OBJECT,
        consequence="hosts are not tested",
        active=lambda value: is_active(look_up(value, "check_list")),
    ),
    "listen_port": unsupported("listen_port", whole(), consequence="the API is served on the gateway's port"),
}
_NO_MEANING: Final[dict[str, Field]] = {
    **_fields(
        string(),
        *("id", "slug", "analytics_plugin_name", "version_name", "base_api_id", "base_api_version_name"),
        *("jwt_signing_method", "jwt_source", "jwt_identity_base_field", "jwt_client_base_field"),
        *("jwt_policy_field_name", "jwt_scope_claim_name"),
        *("created_at", "updated_at", "date_created", "sort_by", "context"),
    ),
    **_fields(
        boolean(),
        *("jwt_skip_kid", "idp_client_id_mapping_disabled", "jwt_disable_issued_at_validation"),
        *("jwt_disable_expires_at_validation", "jwt_disable_not_before_validation"),
        "dont_set_quota_on_create",
        *("session_lifetime_respects_key_expiration", "config_data_disabled"),
        *("certificate_pinning_disabled", "uptime_tests_disabled"),
        *("enable_proxy_protocol", "is_site"),
    ),
    **_fields(STRINGS, "jwt_default_policies", "jwt_jwks_uris_names", "hmac_allowed_algorithms"),
    **_fields(STRINGS, "certificates", "client_certificates", "certificate_secret_names", "categories"),
    **_fields(number(), "hmac_allowed_clock_skew"),
    **_fields(
        whole(),
        "jwt_issued_at_validation_skew",
        *("jwt_expires_at_validation_skew", "jwt_not_before_validation_skew"),
    ),
    **_fields(
        _OBJECT,
        *("openid_options", "oauth_meta", "basic_auth", "notifications", "scopes", "auth_provider"),
        *("session_provider", "config_data", "analytics_plugin", "jwt_scope_to_policy_mapping"),
        *("contextRef", "openapi", "pinned_public_keys_refs", "upstream_certificate_refs"),
    ),
    **_fields(
        anything(),
        *("jwt_jwks_uris", "hook_references", "user_owners", "user_group_owners", "security", "vendor_extensions"),
        *("security_requirements", "client_certificate_refs", "certificate_refs", "last_updated", "owners"),
    ),
}

# ── the whole ──

_OPTIONS: Final = go_record(
    ProcessorOptions,
    {
        "add_headers": NAMES,
        "remove_headers": TEXTS,
        "rev_proxy_header_cleanup": optional(
            go_record(Cleanup, {"headers": TEXTS, "target_host": TEXT}),
        ),
        # Of processors that are told by their name.
        "name": ignored(anything()),
        "options": ignored(anything()),
    },
)
SHAPE: Final = go_record(
    Classic,
    {
        "name": TEXT,
        "api_id": TEXT,
        "org_id": TEXT,
        "active": optional(boolean()),
        "internal": FLAG,
        "is_oas": FLAG,
        "use_keyless": FLAG,
        "expiration": TEXT,
        "protocol": TEXT,
        "domain": TEXT,
        "domain_disabled": FLAG,
        "proxy": optional(_PROXY, Proxy()),
        "version_data": optional(_VERSION_DATA, VersionData()),
        "definition": optional(_DEFINITION, VersionDefinition()),
        "enable_context_vars": FLAG,
        "enable_batch_request_support": FLAG,
        "enable_ip_whitelisting": FLAG,
        "allowed_ips": TEXTS,
        "enable_ip_blacklisting": FLAG,
        "blacklisted_ips": TEXTS,
        "ip_access_control_disabled": FLAG,
        "CORS": optional(
            go_record(
                CorsSection,
                {
                    "enable": optional(boolean(), default=False, name="enabled"),
                    "allowed_origins": TEXTS,
                    "allowed_methods": TEXTS,
                    "allowed_headers": TEXTS,
                    "exposed_headers": TEXTS,
                    "allow_credentials": FLAG,
                    "max_age": WHOLE,
                    "options_passthrough": FLAG,
                    "debug": ignored(boolean()),
                },
            ),
        ),
        "response_processors": optional(
            list_of(go_record(Processor, {"name": TEXT, "options": optional(_OPTIONS, ProcessorOptions())})), ()
        ),
        "global_rate_limit": optional(
            go_record(RateLimit, {"rate": NUMBER, "per": NUMBER, "disabled": FLAG}), RateLimit()
        ),
        "disable_rate_limit": FLAG,
        **PLUGINS,
        "event_handlers": EVENT_HANDLERS,
        "upstream_certificates": NAMES,
        "upstream_certificates_disabled": FLAG,
        "error_overrides": optional(CLASSIC_RULES, {}),
        "error_overrides_disabled": FLAG,
        "do_not_track": FLAG,
        "enable_detailed_recording": FLAG,
        "tag_headers": TEXTS,
        "tags": TEXTS,
        "tags_disabled": FLAG,
        "expire_analytics_after": WHOLE,
        OWN: optional(go_record(OwnKeys, {"strict": FLAG}), OwnKeys(), name="own"),
        **AUTHENTICATION,
        **_NOT_BUILT,
        **_NO_MEANING,
    },
)
"""Of the whole definition."""
