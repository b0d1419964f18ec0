"""What a Classic definition decodes to: its sections as frozen types, named as in the format.

Sections that are not built are kept as they are written, or have no type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockgate.loading.classic_plugins import CustomMiddleware
from lockgate.loading.error_rules import RuleSection
from lockgate.loading.event_handlers import ClassicHandlers
from lockgate.loading.making import CorsSection
from lockgate.loading.rewrite_triggers import ClassicTriggerSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry of ``extended_paths`` has; of one that is not built, all that is looked at."""

    path: str = ""
    method: str = ""
    """"" is any method in lists; elsewhere no request has it."""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """One of ``method_actions``."""

    action: str = ""
    """"no_action", "reply"; any other word forbids."""
    code: int = 0
    data: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry(Entry):
    """An entry of ``white_list``, ``black_list`` and ``ignored``."""

    ignore_case: bool = False
    method_actions: Mapping[str, ActionEntry] = field(default_factory=dict)
    """By method, in place of the entry's own method; {} is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MockEntry(Entry):
    """An entry of ``mock_response``."""

    ignore_case: bool = False
    code: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderEntry(Entry):
    """An entry of ``transform_headers`` and ``transform_response_headers``."""

    delete_headers: tuple[str, ...] = ()
    add_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeEntry(Entry):
    """An entry of ``size_limits``."""

    size_limit: int = 0
    """In bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEntry(Entry):
    """An entry of ``method_transforms``."""

    to_method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeoutEntry(Entry):
    """An entry of ``hard_timeouts``."""

    timeout: int = 0
    """In seconds."""
    duration: str = ""
    """Counts before ``timeout``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteEntry(Entry):
    """An entry of ``url_rewrites``."""

    match_pattern: str = ""
    rewrite_to: str = ""
    triggers: tuple[ClassicTriggerSection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationEntry(Entry):
    """An entry of ``validate_json``."""

    schema: Mapping[str, Any] | None = None
    """Counts before ``schema_b64``."""
    schema_b64: str = ""
    """JSON, in base64."""
    error_response_code: int = 0
    """0 is 422."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JqEntry(Entry):
    """An entry of ``transform_jq`` and ``transform_jq_response``."""

    filter: str = ""


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """``x-lockgate`` of ``template_data``: what this gateway uses in place of what stands beside it."""

    engine: str = "go"
    """go or jinja2."""
    template_mode: str = ""
    """"" is that of ``template_data``."""
    template_source: str = ""


@dataclass(frozen=True, slots=True)
class TemplateData:
    """``template_data`` of a body transform."""

    input_type: str = ""
    """json, xml; of a response anything else is json."""
    template_mode: str = ""
    """blob or file."""
    enable_session: bool = False
    template_source: str = ""
    """Base64 of a template, or the path of one."""
    own: OwnTemplate = OwnTemplate()


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyEntry(Entry):
    """An entry of ``transform`` and ``transform_response``."""

    template_data: TemplateData = TemplateData()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualEntry(Entry):
    """An entry of ``virtual``."""

    response_function_name: str = ""
    function_source_type: str = ""
    """blob or file."""
    function_source_uri: str = ""
    """Base64 of a script, or the path of one."""
    use_session: bool = False
    proxy_on_error: bool = False


@dataclass(frozen=True, slots=True)
class ExtendedPaths:
    """``extended_paths``."""

    white_list: tuple[ListEntry, ...] = ()
    black_list: tuple[ListEntry, ...] = ()
    ignored: tuple[ListEntry, ...] = ()
    internal: tuple[Entry, ...] = ()
    mock_response: tuple[MockEntry, ...] = ()
    transform_headers: tuple[HeaderEntry, ...] = ()
    transform_response_headers: tuple[HeaderEntry, ...] = ()
    size_limits: tuple[SizeEntry, ...] = ()
    method_transforms: tuple[MethodEntry, ...] = ()
    hard_timeouts: tuple[TimeoutEntry, ...] = ()
    url_rewrites: tuple[RewriteEntry, ...] = ()
    track_endpoints: tuple[Entry, ...] = ()
    do_not_track_endpoints: tuple[Entry, ...] = ()
    validate_json: tuple[ValidationEntry, ...] = ()
    transform: tuple[BodyEntry, ...] = ()
    transform_response: tuple[BodyEntry, ...] = ()
    transform_jq: tuple[JqEntry, ...] = ()
    transform_jq_response: tuple[JqEntry, ...] = ()
    virtual: tuple[VirtualEntry, ...] = ()
    # Not built.
    cache: tuple[str, ...] = ()
    advance_cache_config: tuple[Entry, ...] = ()
    circuit_breakers: tuple[Entry, ...] = ()
    validate_request: tuple[Entry, ...] = ()
    go_plugin: tuple[Entry, ...] = ()
    persist_graphql: tuple[Entry, ...] = ()
    rate_limit: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class LegacyPaths:
    """``paths``, which counts where ``use_extended_paths`` is off."""

    ignored: tuple[str, ...] = ()
    black_list: tuple[str, ...] = ()
    white_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionSection:
    """One of ``version_data.versions``."""

    name: str = ""
    expires: str = ""
    override_target: str = ""
    paths: LegacyPaths = LegacyPaths()
    use_extended_paths: bool = False
    extended_paths: ExtendedPaths = ExtendedPaths()
    global_headers: Mapping[str, str] = field(default_factory=dict)
    global_headers_remove: tuple[str, ...] = ()
    global_headers_disabled: bool = False
    global_response_headers: Mapping[str, str] = field(default_factory=dict)
    global_response_headers_remove: tuple[str, ...] = ()
    global_response_headers_disabled: bool = False
    ignore_endpoint_case: bool = False
    global_size_limit: int = 0
    global_size_limit_disabled: bool = False
    global_enforce_timeout: str = ""
    global_enforce_timeout_disabled: bool = False


@dataclass(frozen=True, slots=True)
class VersionData:
    """``version_data``."""

    not_versioned: bool = False
    default_version: str = ""
    versions: Mapping[str, VersionSection] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionDefinition:
    """``definition``."""

    enabled: bool = False
    """Versions are other APIs."""
    name: str = ""
    default: str = ""
    location: str = ""
    key: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """API id by name."""
    strip_path: bool = False
    strip_versioning_data: bool = False
    fallback_to_default: bool = False
    url_versioning_pattern: str = ""


@dataclass(frozen=True, slots=True)
class TransportSection:
    """``proxy.transport``."""

    ssl_insecure_skip_verify: bool = False
    ssl_ciphers: tuple[str, ...] = ()
    ssl_min_version: int = 0
    ssl_max_version: int = 0


@dataclass(frozen=True, slots=True)
class Proxy:
    """``proxy``."""

    listen_path: str | None = None
    target_url: str = ""
    strip_listen_path: bool = False
    preserve_host_header: bool = False
    disable_strip_slash: bool = False
    enable_load_balancing: bool = False
    target_list: tuple[str, ...] = ()
    check_host_against_uptime_tests: bool = False
    transport: TransportSection = TransportSection()


@dataclass(frozen=True, slots=True)
class Cleanup:
    """``rev_proxy_header_cleanup``."""

    headers: tuple[str, ...] = ()
    target_host: str = ""


@dataclass(frozen=True, slots=True)
class ProcessorOptions:
    """``options`` of a response processor: those of all kinds."""

    add_headers: Mapping[str, str] = field(default_factory=dict)
    remove_headers: tuple[str, ...] = ()
    rev_proxy_header_cleanup: Cleanup | None = None


@dataclass(frozen=True, slots=True)
class Processor:
    """One of ``response_processors``."""

    name: str = ""
    options: ProcessorOptions = ProcessorOptions()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``global_rate_limit``."""

    rate: float = 0.0
    per: float = 0.0
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """``x-lockgate``."""

    strict: bool = False


@dataclass(frozen=True, slots=True)
class AuthSection:
    """``auth``, and each of ``auth_configs``: where credentials are."""

    disable_header: bool = False
    auth_header_name: str = ""
    cookie_name: str = ""
    name: str = ""
    param_name: str = ""
    use_cookie: bool = False
    use_param: bool = False
    use_certificate: bool = False
    validate_signature: bool = False
    signature: object = None
    """As written."""


@dataclass(frozen=True, slots=True)
class Classic:
    """A whole definition."""

    name: str = ""
    api_id: str = ""
    org_id: str = ""
    active: bool | None = None
    """Only one that says so is inactive: a gateway that reads files takes no notice of a missing switch."""
    internal: bool = False
    is_oas: bool = False
    use_keyless: bool = False
    use_standard_auth: bool = False
    """An API that is not keyless and asks for nothing else asks for a key all the same."""
    use_basic_auth: bool = False
    enable_jwt: bool = False
    use_oauth2: bool = False
    use_openid: bool = False
    enable_signature_checking: bool = False
    enable_coprocess_auth: bool = False
    custom_plugin_auth_enabled: bool = False
    use_go_plugin_auth: bool = False
    external_oauth: object = None
    """As written."""
    auth: AuthSection = AuthSection()
    auth_configs: Mapping[str, AuthSection] = field(default_factory=dict)
    strip_auth_data: bool = False
    base_identity_provided_by: str = ""
    disable_quota: bool = False
    session_lifetime: int = 0
    """In seconds."""
    expiration: str = ""
    protocol: str = ""
    domain: str = ""
    domain_disabled: bool = False
    proxy: Proxy = Proxy()
    version_data: VersionData = VersionData()
    definition: VersionDefinition = VersionDefinition()
    enable_context_vars: bool = False
    enable_batch_request_support: bool = False
    enable_ip_whitelisting: bool = False
    allowed_ips: tuple[str, ...] = ()
    enable_ip_blacklisting: bool = False
    blacklisted_ips: tuple[str, ...] = ()
    ip_access_control_disabled: bool = False
    cors: CorsSection | None = None
    response_processors: tuple[Processor, ...] = ()
    global_rate_limit: RateLimit = RateLimit()
    disable_rate_limit: bool = False
    custom_middleware: CustomMiddleware = field(default_factory=CustomMiddleware)
    custom_middleware_bundle: str = ""
    custom_middleware_bundle_disabled: bool = False
    event_handlers: ClassicHandlers = field(default_factory=lambda: ClassicHandlers({}))
    error_overrides: Mapping[str, tuple[RuleSection, ...]] = field(default_factory=dict)
    error_overrides_disabled: bool = False
    upstream_certificates: Mapping[str, str] = field(default_factory=dict)
    """Files, or ids of certificates in Tyk's store, by host."""
    upstream_certificates_disabled: bool = False
    do_not_track: bool = False
    enable_detailed_recording: bool = False
    tag_headers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tags_disabled: bool = False
    expire_analytics_after: int = 0
    """In seconds."""
    own: OwnKeys = OwnKeys()
