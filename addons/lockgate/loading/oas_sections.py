"""What ``x-tyk-api-gateway`` decodes to: its sections as frozen types, named as in the format.

Sections that are not built have no type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.decoding.shapes import Toggle
from lockgate.loading.error_rules import OverridesSection
from lockgate.loading.event_handlers import OasHandler
from lockgate.loading.making import CorsSection
from lockgate.loading.oas_authentication import Authentication
from lockgate.loading.oas_bodies import BodySection
from lockgate.loading.oas_plugins import OldPlugins, PluginConfig, PluginSection
from lockgate.loading.oas_scripts import VirtualSection
from lockgate.loading.oas_validation import OwnOperationKeys, ValidateRequestSection, ValidateResponseSection
from lockgate.loading.rewrite_triggers import TriggerSection


@dataclass(frozen=True, slots=True)
class Header:
    """One name and value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HeaderTransform:
    """``transformRequestHeaders``, ``transformResponseHeaders``."""

    enabled: bool
    remove: tuple[str, ...] = ()
    add: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """``allow``, ``block``, ``ignoreAuthentication``."""

    enabled: bool
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class MethodTransform:
    """``transformRequestMethod``."""

    enabled: bool
    to_method: str


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """``requestSizeLimit``."""

    enabled: bool
    value: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """``urlRewrite``."""

    enabled: bool
    pattern: str
    rewrite_to: str
    triggers: tuple[TriggerSection, ...] = ()


@dataclass(frozen=True, slots=True)
class FromExamples:
    """``fromOASExamples`` of ``mockResponse``."""

    enabled: bool
    code: int = 0
    content_type: str = ""
    example_name: str = ""


@dataclass(frozen=True, slots=True)
class Mock:
    """``mockResponse``."""

    enabled: bool
    code: int = 0
    body: str = ""
    headers: tuple[Header, ...] = ()
    from_oas_examples: FromExamples | None = None


@dataclass(frozen=True, slots=True)
class Timeout:
    """``enforceTimeout`` of an operation."""

    enabled: bool
    value: int = 0
    """In seconds."""
    duration: str = ""
    """Counts before ``value``."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of ``middleware.operations``."""

    allow: Listing | None = None
    block: Listing | None = None
    ignore_authentication: Listing | None = None
    internal: Toggle | None = None
    transform_request_method: MethodTransform | None = None
    transform_request_headers: HeaderTransform | None = None
    transform_response_headers: HeaderTransform | None = None
    request_size_limit: SizeLimit | None = None
    url_rewrite: Rewrite | None = None
    mock_response: Mock | None = None
    enforce_timeout: Timeout | None = None
    track_endpoint: Toggle | None = None
    do_not_track_endpoint: Toggle | None = None
    validate_request: ValidateRequestSection | None = None
    transform_request_body: BodySection | None = None
    transform_response_body: BodySection | None = None
    virtual_endpoint: VirtualSection | None = None
    own: OwnOperationKeys | None = None


@dataclass(frozen=True, slots=True)
class TrafficLogs:
    """``trafficLogs``."""

    enabled: bool
    tag_headers: tuple[str, ...] = ()
    custom_retention_period: str = ""
    plugins: tuple[Toggle, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayTags:
    """``server.gatewayTags``."""

    enabled: bool
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Global:
    """``middleware.global``."""

    transform_request_headers: HeaderTransform | None = None
    transform_response_headers: HeaderTransform | None = None
    request_size_limit: SizeLimit | None = None
    context_variables: Toggle | None = None
    ignore_case: Toggle | None = None
    skip_rate_limit: bool = False
    skip_quota: bool = False
    cors: CorsSection | None = None
    traffic_logs: TrafficLogs | None = None
    plugin_config: PluginConfig = field(default_factory=PluginConfig)
    # The first of each pair is the older spelling.
    pre_plugin: OldPlugins = field(default_factory=OldPlugins)
    pre_plugins: tuple[PluginSection, ...] = ()
    post_authentication_plugin: OldPlugins = field(default_factory=OldPlugins)
    post_authentication_plugins: tuple[PluginSection, ...] = ()
    post_plugin: OldPlugins = field(default_factory=OldPlugins)
    post_plugins: tuple[PluginSection, ...] = ()
    response_plugin: OldPlugins = field(default_factory=OldPlugins)
    response_plugins: tuple[PluginSection, ...] = ()


@dataclass(frozen=True, slots=True)
class Middleware:
    """``middleware``."""

    global_: Global = Global()
    operations: Mapping[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionRef:
    """An API that is a version of another one."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class VersioningSection:
    """``info.versioning``."""

    location: str
    enabled: bool = False
    name: str = ""
    default: str = ""
    key: str = ""
    versions: tuple[VersionRef, ...] = ()
    strip_versioning_data: bool = False
    fallback_to_default: bool = False
    url_versioning_pattern: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """``info.state``."""

    active: bool
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Info:
    """``info`` of the extension."""

    name: str
    state: State
    id: str = ""
    org_id: str = ""
    expiration: str = ""
    versioning: VersioningSection | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """``server.listenPath``."""

    value: str
    strip: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    """``server.customDomain``."""

    enabled: bool
    name: str


@dataclass(frozen=True, slots=True)
class IpAccessControl:
    """``server.ipAccessControl``."""

    enabled: bool = False
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """``server``."""

    listen_path: Listen
    custom_domain: Domain | None = None
    ip_access_control: IpAccessControl | None = None
    authentication: Authentication | None = None
    detailed_activity_logs: Toggle | None = None
    batch_processing: Toggle | None = None
    event_handlers: tuple[OasHandler, ...] = ()
    gateway_tags: GatewayTags | None = None


@dataclass(frozen=True, slots=True)
class BalancingTarget:
    """One of several upstreams."""

    url: str
    weight: float
    """How many turns it gets; 0 takes it out."""


@dataclass(frozen=True, slots=True)
class Balancing:
    """``upstream.loadBalancing``."""

    enabled: bool
    skip_unavailable_hosts: bool = False
    targets: tuple[BalancingTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``upstream.rateLimit``."""

    enabled: bool
    rate: float
    """0 and below limit nothing."""
    per: str


@dataclass(frozen=True, slots=True)
class TlsTransport:
    """``upstream.tlsTransport``."""

    insecure_skip_verify: bool = False
    ciphers: tuple[str, ...] = ()
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True, slots=True)
class DomainCertificate:
    """A certificate that upstreams of one domain are shown."""

    domain: str
    certificate: str
    """A file, or the id of a certificate in Tyk's store."""


@dataclass(frozen=True, slots=True)
class MutualTls:
    """``upstream.mutualTLS``."""

    enabled: bool
    domain_to_certificate_mapping: tuple[DomainCertificate, ...] = ()


@dataclass(frozen=True, slots=True)
class UpstreamSection:
    """``upstream``."""

    url: str = ""
    preserve_host_header: Toggle | None = None
    preserve_trailing_slash: Toggle | None = None
    enforce_timeout: Timeout | None = None
    load_balancing: Balancing | None = None
    rate_limit: RateLimit | None = None
    tls_transport: TlsTransport = TlsTransport()
    mutual_tls: MutualTls | None = None


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """``x-lockgate``."""

    strict: bool = False
    validate_response: ValidateResponseSection | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """``x-tyk-api-gateway``."""

    info: Info
    upstream: UpstreamSection
    server: Server
    middleware: Middleware = Middleware()
    error_overrides: OverridesSection | None = None
    own: OwnKeys = OwnKeys()
