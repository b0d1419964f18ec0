"""Settings of the gateway, with the names of ``tyk.conf``. Reads no file and no environment by itself.

Source: behaviour-chain 0.1.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Final

from lockgate.decoding.shapes import (
    BAD,
    Bad,
    Field,
    Notes,
    Place,
    anything,
    boolean,
    checked,
    choice,
    ignored,
    integer,
    list_of,
    mapping_of,
    nearest,
    number,
    optional,
    record,
    required,
    string,
    struct,
    unsupported,
)
from lockgate.decoding.syntax import Parsed, SyntaxProblem, parse_json, parse_yaml
from lockgate.destinations import parse_destination
from lockgate.problems import Problem

DEFAULT_SECRET: Final = "352d20ee67be67f6340b4c0605b044b7"  # noqa: S105 - documented, and refused off loopback
ENVIRONMENT_PREFIX: Final = "TYK_GW_"


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """One of ``http_server_options.certificates``."""

    cert_file: str
    """PEM, with the chain; relative to the settings' file."""
    key_file: str
    """PEM; relative to the settings' file."""
    domain_name: str = ""
    """For clients that ask for it; "*.a.test" for all names right below a.test. "" takes the certificate's own names."""


@dataclass(frozen=True, slots=True)
class HttpServerOptions:
    """``http_server_options``."""

    enable_strict_routes: bool = False
    """A listen path without trailing slash matches whole segments only."""
    enable_path_prefix_matching: bool = False
    """Paths of endpoints match from their beginning."""
    enable_path_suffix_matching: bool = False
    """Paths of endpoints match up to their end."""
    skip_url_cleaning: bool = False
    """Paths with "//", "." and ".." are not redirected."""
    skip_target_path_escaping: bool = False
    """The path goes upstream as it was written."""
    max_request_body_size: int = 0
    """In bytes, for the whole gateway; 0 is no limit."""
    max_response_body_size: int = 0
    """In bytes, of responses whose bodies are transformed, without their content encoding; 0 is 128 MB."""
    xff_depth: int = 0
    """Which entry of X-Forwarded-For is the client, counted from the right; 0 is the first one."""
    enable_websockets: bool = True
    """Differs: the reference gateway has them off unless asked for."""
    use_ssl: bool = False
    """Clients speak TLS, and nothing else."""
    certificates: tuple[ServerCertificate, ...] = ()
    """For clients, by name; the first one is for those that ask for no name, or for one that is not there."""
    ssl_certificates: tuple[str, ...] = ()
    """Files with certificate and key, chosen by the names in them; relative to the settings' file."""
    min_version: int = 0
    """Of TLS, 769 (1.0) to 772 (1.3); 0 is 1.2."""
    max_version: int = 0
    """Of TLS; 0 is the newest."""
    ssl_ciphers: tuple[str, ...] = ()
    """Up to TLS 1.2; empty are the usual ones."""
    enable_http2: bool = True
    """Clients may choose HTTP/2, over TLS."""
    read_timeout: int = 0
    """In seconds, for a whole request with its body; 0 sets no limit."""
    write_timeout: int = 0
    """In seconds, from a request's head to the end of its response; 0 sets no limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``x-lockgate.limits``: what one client may take. 0 sets no limit."""

    max_header_bytes: int = 1024 * 1024
    """Of a request's head; more is answered 431."""
    max_headers: int = 200
    """In a request; more are answered 431."""
    max_path: int = 4096
    """Characters of a request's path without its query; a longer one is answered 414. Finding every pattern that matches
    a path takes time in proportion to its length."""
    header_timeout: float = 30.0
    """In seconds, for a request's head, and from a connection's start to its first byte and through its TLS handshake."""
    body_timeout: float = 60.0
    """In seconds, without anything of a request's body."""
    idle_timeout: float = 75.0
    """In seconds, between two requests of a connection."""
    max_connections: int = 10000
    """Of all clients together."""
    max_validated_body: int = 1024 * 1024
    """In bytes, of a body that a definition wants validated; a larger one is refused without being looked at."""


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """``x-lockgate.records``: where transaction records go, with ``enable_analytics``."""

    file: str = ""
    """JSON lines, appended to; relative to the settings' file. "" writes none: requests are only counted."""
    queue: int = 10_000
    """Records that wait to be written; what comes when it is full is dropped, and counted."""
    max_bytes: int = 100 * 1024 * 1024
    """Of the file; a longer one is renamed to FILE.1 and a new one begun. 0 sets no limit."""
    keep_files: int = 5
    """Renamed files that are kept; 0 keeps none."""
    max_body_bytes: int = 64 * 1024
    """Of each body in a detailed record; what is longer is cut off."""


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """``x-lockgate.scripts``: what scripts may do, and clients with batches of requests."""

    engine: str = "embedded"
    """Where scripts run. ``embedded``: in the gateway's process; ``processes``: in limited processes of their own, for
    scripts of people who are not trusted with the gateway: V8 may end a process for want of memory. A call costs about
    0.2 ms in the one, and 1 ms in the other."""
    allowed_hosts: tuple[str, ...] = ()
    """That scripts may call whatever their addresses are: names, "*.example.com", addresses and networks, each but
    networks with a port or without; "*" is every host. Without it no script calls loopback, link-local, metadata and
    multicast addresses, unless they are an upstream of its API or the gateway itself."""
    private_networks: bool = True
    """Scripts may call addresses of private networks, too."""
    max_answer_bytes: int = 8 * 1024 * 1024
    """Of what one call of a script gets from others; a batch counts as one. Of the answers in a client's batch, too."""
    max_batch: int = 100
    """Requests in a batch, of a script or of a client."""
    batch_at_once: int = 20
    """Of them, those that are under way at the same time."""


@dataclass(frozen=True, slots=True)
class DebugSettings:
    """``x-lockgate.debug``: the pages beside mitmweb, and breakpoints."""

    pages: bool = True
    """There are pages, and exchanges are kept for them."""
    hosts: tuple[str, ...] = ()
    """Names under which the pages may be asked for, beside localhost and IP addresses."""
    exchanges: int = 10_000
    """That are kept to be looked at; older ones are forgotten."""
    max_bytes: int = 256 * 1024 * 1024
    """Of the bodies of those exchanges; when they take more, the oldest exchanges are forgotten."""
    pause_seconds: float = 60.0
    """After which an exchange that is stopped at a breakpoint goes on by itself."""
    most_paused: int = 20
    """Exchanges that are stopped at a time; others are not stopped then."""


@dataclass(frozen=True, slots=True)
class Own:
    """``x-lockgate``: what only this gateway has."""

    strict: bool = False
    """A transform that fails refuses the request, in every API."""
    watch: bool = True
    """Load definitions, settings and error templates again when their files change."""
    upstream_ca_files: tuple[str, ...] = ()
    """Certificates of authorities that upstreams' are verified with, beside the usual ones; relative to the settings' file."""
    limits: Limits = Limits()
    records: RecordSettings = RecordSettings()
    scripts: ScriptSettings = ScriptSettings()
    debug: DebugSettings = DebugSettings()


@dataclass(frozen=True, slots=True)
class NormaliseUrls:
    """``analytics_config.normalise_urls``: what stands for parts of paths in records."""

    enabled: bool = False
    normalise_uuids: bool = False
    """{uuid} for each UUID."""
    normalise_ulids: bool = False
    """{ulid} for each ULID."""
    normalise_numbers: bool = False
    """{id} for each segment that is a number."""
    custom_patterns: tuple[str, ...] = ()
    """{var} for whatever these regular expressions match."""


@dataclass(frozen=True, slots=True)
class AnalyticsConfig:
    """``analytics_config``: what is in transaction records."""

    enable_detailed_recording: bool = False
    """Requests and responses are kept as they went over the wire, for every API."""
    ignored_ips: tuple[str, ...] = ()
    """Addresses and networks of clients whose requests are not recorded."""
    normalise_urls: NormaliseUrls = NormaliseUrls()


@dataclass(frozen=True, slots=True)
class AccessLogs:
    """``access_logs``: a line for each exchange."""

    enabled: bool = False
    template: tuple[str, ...] = ()
    """Fields to keep; empty is all."""


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """``kv.vault``."""

    address: str = ""
    """"" is no Vault."""
    agent_address: str = ""
    """Asked instead."""
    token: str = field(default="", repr=False)
    kv_version: int = 2
    """Of the KV engine, 1 or 2."""
    timeout: float = 10.0
    """In seconds."""


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """``kv.consul.http_auth``."""

    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConsulSettings:
    """``kv.consul``."""

    address: str = ""
    """With or without scheme; "" is no Consul."""
    scheme: str = "http"
    datacenter: str = ""
    http_auth: LoginSettings = LoginSettings()
    token: str = field(default="", repr=False)
    timeout: float = 10.0
    """In seconds. Only here: Tyk has no such setting."""


@dataclass(frozen=True, slots=True)
class FileStoreSettings:
    """``kv.file``."""

    base_path: str = ""
    """Folder of files with secrets; relative to the settings' file, which is also where it is unless it is set."""


@dataclass(frozen=True, slots=True)
class KvSettings:
    """``kv``: stores that references in definitions are looked up in."""

    vault: VaultSettings = VaultSettings()
    consul: ConsulSettings = ConsulSettings()
    file: FileStoreSettings = FileStoreSettings()


@dataclass(frozen=True, slots=True)
class OverrideMessage:
    """One of ``override_messages``."""

    message: str = ""
    """"" keeps the text."""
    code: int = 0
    """Status; 0 keeps it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set for a whole gateway."""

    secret: str = DEFAULT_SECRET
    """Of the control API."""
    listen_port: int = 8080
    listen_address: str = ""
    """"" is every address."""
    control_api_port: int = 0
    """0 leaves the choice to the host."""
    template_path: str = "templates"
    """Folder of error templates; relative to the settings' file."""
    middleware_path: str = "middleware"
    """Folder of scripts; relative to the settings' file."""
    enable_jsvm: bool = True
    """Scripts of definitions run; off, requests for virtual endpoints go to the upstream."""
    jsvm_timeout: int = 0
    """In seconds, after which a script has failed; 0 and below is 5."""
    tyk_js_path: str = ""
    """A script that every API's scripts see, loaded before theirs; relative to the settings' file."""
    bundle_base_url: str = ""
    """Folder of bundles of plugins, or a ``file://`` URL of it; relative to the settings' file. "" is ``bundles`` in
    ``middleware_path``. Bundles are not downloaded."""
    public_key_path: str = ""
    """RSA key, in PEM, that bundles have to be signed with; relative to the settings' file. "" asks for no signature."""
    disable_virtual_path_blobs: bool = False
    """Scripts of virtual endpoints that stand in a definition are not loaded; those in files are."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What ``secrets://KEY`` and ``$secret_conf.KEY`` stand for."""
    hide_generator_header: bool = False
    close_connections: bool = False
    """Answers have ``Connection: close``."""
    proxy_default_timeout: float = 0.0
    """In seconds, until the upstream's headers are there; 0 is 30."""
    ignore_canonical_mime_header_key: bool = False
    """Names of headers that definitions and scripts set are sent as they are written there."""
    ignore_endpoint_case: bool = False
    """Paths of endpoints match whatever their case, for all middleware."""
    hostname: str = ""
    """APIs without a domain of their own are served for this Host only; "" is every Host."""
    enable_custom_domains: bool = False
    """Domains of APIs count."""
    proxy_ssl_insecure_skip_verify: bool = False
    """Certificates of upstreams are not verified."""
    proxy_ssl_min_version: int = 0
    """Of TLS to upstreams, 769 (1.0) to 772 (1.3); 0 is 1.2."""
    proxy_ssl_max_version: int = 0
    """Of TLS to upstreams; 0 is the newest."""
    proxy_ssl_ciphers: tuple[str, ...] = ()
    """To upstreams, up to TLS 1.2; empty are the usual ones."""
    version_header: str = ""
    """Header of answers that names the version where the request named none; "" is no header."""
    override_messages: Mapping[str, OverrideMessage] = field(default_factory=dict)
    """Other texts and statuses of errors, by id: "auth.auth_field_missing", "auth.key_not_found"."""
    error_overrides: Mapping[str, Any] = field(default_factory=dict)
    """Rules that replace errors, by status, for APIs whose own rules do not: JSON values, as in Classic definitions."""
    min_token_length: int = 3
    """In bytes; a key that is not longer is unknown. 0 is 3."""
    allow_master_keys: bool = True
    """The control API makes keys without access rights: they open every API."""
    hash_keys: bool = False
    """The control API lists hashes of keys, and not the keys."""
    hash_key_function: str = ""
    """How names of keys are made and hashes printed: murmur32, murmur64, murmur128 or sha256; "" is a name that is the
    organisation and the id, and murmur32."""
    enable_hashed_keys_listing: bool = False
    """The control API lists hashes at all."""
    log_level: str = "info"
    """debug, info, warn or error: lines below it are left out."""
    log_format: str = "text"
    """text or json."""
    access_logs: AccessLogs = AccessLogs()
    enable_analytics: bool = False
    """Exchanges are recorded and counted."""
    analytics_config: AnalyticsConfig = AnalyticsConfig()
    http_server_options: HttpServerOptions = HttpServerOptions()
    kv: KvSettings = KvSettings()
    read_from: str = field(default="", compare=False)
    """Their file; "" without one. No setting."""
    folder: str = field(default="", compare=False)
    """Of the settings' file; "" where there is none. No setting."""
    own: Own = Own()

    @property
    def strict(self) -> bool:
        """A transform that fails refuses the request, in every API."""
        return self.own.strict

    @property
    def upstream_timeout_seconds(self) -> float:
        """Until the upstream's headers have to be there."""
        return self.proxy_default_timeout or 30.0

    @property
    def script_seconds(self) -> float:
        """After which a script has failed."""
        return float(self.jsvm_timeout) if self.jsvm_timeout > 0 else 5.0


_FLAG: Final = optional(boolean(), default=False)
_PORT: Final = integer(0, 65535)
_TEXT: Final = optional(string(), "")
_FILLED: Final = string(pattern=r"\S", expected="a text that is not empty")
_TEXTS: Final = optional(list_of(string()), ())
_TLS_VERSION: Final = optional(integer(0, 772), 0)
_SECONDS: Final = optional(integer(0), 0)

_SERVER: Final = record(
    HttpServerOptions,
    {
        "enable_strict_routes": _FLAG,
        "enable_path_prefix_matching": _FLAG,
        "enable_path_suffix_matching": _FLAG,
        "skip_url_cleaning": _FLAG,
        "skip_target_path_escaping": _FLAG,
        "max_request_body_size": optional(integer(0), 0),
        "xff_depth": optional(integer(), 0),
        "enable_websockets": optional(boolean(), default=True),
        "max_response_body_size": optional(integer(0), 0),
        "read_timeout": _SECONDS,
        "write_timeout": _SECONDS,
        "use_ssl": _FLAG,
        "enable_http2": optional(boolean(), default=True),
        "ssl_certificates": _TEXTS,
        "ssl_insecure_skip_verify": ignored(boolean()),
        "ssl_ciphers": _TEXTS,
        "certificates": optional(
            list_of(
                record(
                    ServerCertificate,
                    {"domain_name": _TEXT, "cert_file": required(_FILLED), "key_file": required(_FILLED)},
                )
            ),
            (),
        ),
        "min_version": _TLS_VERSION,
        "max_version": _TLS_VERSION,
        "server_name": ignored(string()),
        "override_defaults": ignored(boolean()),
        "flush_interval": ignored(integer()),
        "skip_client_ca_announcement": ignored(boolean()),
    },
)


def _status(value: Any, at: Place, notes: Notes) -> None:
    if isinstance(value, int) and 0 < value < 200:  # noqa: PLR2004 - answers that are none yet
        notes.error("bad-value", f"expected a status from 200 to 999, or 0, found {notes.show(value, at)}", at)


def _not(feature: str, **options: Any) -> Field:
    return unsupported(feature, anything(), **options)


def _switch(feature: str, consequence: str = "") -> Field:
    return unsupported(feature, boolean(), consequence=consequence)


_NOTED: Final = "nothing is recorded"

_VAULT: Final = record(
    VaultSettings,
    {
        "address": _TEXT,
        "agent_address": _TEXT,
        "token": _TEXT,
        "kv_version": optional(integer(0, 2), 2),
        "timeout": optional(number(0), 10.0),
        "max_retries": ignored(integer()),
    },
)
_CONSUL: Final = record(
    ConsulSettings,
    {
        "address": _TEXT,
        "scheme": optional(string(), "http"),
        "datacenter": _TEXT,
        "http_auth": optional(record(LoginSettings, {"username": _TEXT, "password": _TEXT}), LoginSettings()),
        "token": _TEXT,
        "timeout": optional(number(0), 10.0),
        "wait_time": ignored(anything()),
        "tls_config": unsupported(
            "kv.consul.tls_config", anything(), consequence="Consul's certificate is verified as usual"
        ),
    },
)
_KV: Final = record(
    KvSettings,
    {
        "vault": optional(_VAULT, VaultSettings()),
        "consul": optional(_CONSUL, ConsulSettings()),
        "file": optional(record(FileStoreSettings, {"base_path": _TEXT}), FileStoreSettings()),
    },
)
_LIMITS: Final = record(
    Limits,
    {
        **{
            key: optional(integer(0), getattr(Limits(), key))
            for key in ("max_header_bytes", "max_headers", "max_path", "max_connections", "max_validated_body")
        },
        **{
            key: optional(number(0), getattr(Limits(), key))
            for key in ("header_timeout", "body_timeout", "idle_timeout")
        },
    },
)
_RECORDS: Final = record(
    RecordSettings,
    {
        "file": _TEXT,
        "queue": optional(integer(1), RecordSettings().queue),
        "max_bytes": optional(integer(0), RecordSettings().max_bytes),
        "keep_files": optional(integer(0, 1000), RecordSettings().keep_files),
        "max_body_bytes": optional(integer(0), RecordSettings().max_body_bytes),
    },
)
_NORMALISE_URLS: Final = record(
    NormaliseUrls,
    {
        "enabled": _FLAG,
        "normalise_uuids": _FLAG,
        "normalise_ulids": _FLAG,
        "normalise_numbers": _FLAG,
        "custom_patterns": _TEXTS,
    },
)
_ANALYTICS: Final = record(
    AnalyticsConfig,
    {
        "enable_detailed_recording": _FLAG,
        "ignored_ips": _TEXTS,
        "normalise_urls": optional(_NORMALISE_URLS, NormaliseUrls()),
        "enable_geo_ip": unsupported("analytics_config.enable_geo_ip", boolean(), consequence="geo is empty"),
        # Of a store that is not there, and tuning of another program.
        **{
            key: ignored(anything())
            for key in (
                *("type", "geo_ip_db_path", "pool_size", "records_buffer_size", "storage_expiration_time"),
                *("enable_multiple_analytics_keys", "purge_interval", "serializer_type"),
            )
        },
    },
)


def _destination(value: Any, at: Place, notes: Notes) -> None:
    if isinstance(value, str):
        try:
            parse_destination(value)
        except ValueError as error:
            notes.error("bad-value", str(error), at)


_SCRIPTS: Final = record(
    ScriptSettings,
    {
        "engine": optional(choice("embedded", "processes"), "embedded"),
        "allowed_hosts": optional(list_of(checked(string(), _destination)), ()),
        "private_networks": optional(boolean(), default=True),
        "max_answer_bytes": optional(integer(1), ScriptSettings().max_answer_bytes),
        "max_batch": optional(integer(1, 10_000), ScriptSettings().max_batch),
        "batch_at_once": optional(integer(1, 1000), ScriptSettings().batch_at_once),
    },
)
_DEBUG: Final = record(
    DebugSettings,
    {
        "pages": optional(boolean(), default=True),
        "hosts": _TEXTS,
        "exchanges": optional(integer(1, 1_000_000), DebugSettings().exchanges),
        "max_bytes": optional(integer(1024 * 1024), DebugSettings().max_bytes),
        "pause_seconds": optional(number(1, 3600), DebugSettings().pause_seconds),
        "most_paused": optional(integer(1, 1000), DebugSettings().most_paused),
    },
)
_OWN: Final = record(
    Own,
    {
        "strict": _FLAG,
        "watch": optional(boolean(), default=True),
        "upstream_ca_files": _TEXTS,
        "limits": optional(_LIMITS, Limits()),
        "records": optional(_RECORDS, RecordSettings()),
        "scripts": optional(_SCRIPTS, ScriptSettings()),
        "debug": optional(_DEBUG, DebugSettings()),
    },
)
_IGNORED_SWITCHES: Final = [
    "use_db_app_configs",
    "use_sentry",
    "allow_insecure_configs",
    "suppress_redis_signal_reload",
    "disable_regexp_cache",
    "optimisations_use_async_session_write",
    "enable_non_transactional_rate_limiter",
    "enable_sentinel_rate_limiter",
    "enable_redis_rolling_limiter",
    "enable_fixed_window_rate_limiter",
    "drl_enable_sentinel_rate_limiter",
    "enable_key_logging",
    "enable_http_profiler",
    "session_lifetime_respects_key_expiration",
    "proxy_enable_http2",
    "enable_separate_cache_store",
    "enable_cache",
    "legacy_enable_allowance_countdown",
    "enforce_org_data_age",
    "enforce_org_data_detail_logging",
    "enforce_org_quotas",
    "experimental_process_org_off_thread",
    "disable_ports_whitelist",
    "disable_dashboard_zeroconf",
]
_SETTINGS: Final = record(
    Settings,
    {
        "secret": optional(string(pattern=r"\S", expected="a text that is not empty"), DEFAULT_SECRET),
        "listen_port": optional(_PORT, 8080),
        "listen_address": optional(string(), ""),
        "control_api_port": optional(_PORT, 0),
        "template_path": optional(string(), "templates"),
        "middleware_path": optional(string(), "middleware"),
        "secrets": optional(mapping_of(string()), {}),
        "kv": optional(_KV, KvSettings()),
        "hide_generator_header": _FLAG,
        "close_connections": _FLAG,
        "proxy_default_timeout": optional(number(0), 0.0),
        "ignore_endpoint_case": _FLAG,
        "http_server_options": optional(_SERVER, HttpServerOptions()),
        "x-lockgate": optional(_OWN, Own(), name="own"),
        # Known, and without a meaning here: storage, dashboards, logs and tuning of another program.
        **dict.fromkeys(_IGNORED_SWITCHES, ignored(boolean())),
        "app_path": ignored(string()),
        "node_secret": ignored(string()),
        "enable_jsvm": optional(boolean(), default=True),
        "jsvm_timeout": optional(integer(), 0),
        "tyk_js_path": optional(string(), ""),
        "sentry_code": ignored(string()),
        "pid_file_location": ignored(string()),
        "regexp_cache_expire": ignored(integer()),
        "log_level": optional(choice("debug", "info", "warn", "error"), "info"),
        "log_format": optional(choice("text", "json"), "text"),
        "max_idle_connections": ignored(integer()),
        "max_idle_connections_per_host": ignored(integer()),
        "max_conn_time": ignored(integer()),
        "storage": ignored(
            struct(
                {
                    "type": optional(string()),
                    **{
                        key: ignored(anything())
                        for key in (
                            *("host", "port", "addrs", "hosts", "master_name", "username", "password", "database"),
                            *("optimisation_max_idle", "optimisation_max_active", "timeout", "enable_cluster"),
                            *("sentinel_password", "use_ssl", "ssl_insecure_skip_verify", "ca_file", "cert_file"),
                            *("key_file", "max_version", "min_version"),
                        )
                    },
                }
            )
        ),
        # Known, and not built.
        "hostname": optional(string(), ""),
        "enable_custom_domains": _FLAG,
        "control_api_hostname": unsupported("control_api_hostname", string()),
        "ignore_canonical_mime_header_key": _FLAG,
        "enable_analytics": _FLAG,
        "analytics_config": optional(_ANALYTICS, AnalyticsConfig()),
        "access_logs": optional(
            record(AccessLogs, {"enabled": _FLAG, "template": optional(list_of(string()), ())}), AccessLogs()
        ),
        "drl_threshold": ignored(number()),
        "rate_limit_response_headers": ignored(string()),
        "policies": ignored(anything()),
        "error_overrides": optional(mapping_of(anything()), {}),
        "version_header": optional(string(), ""),
        "override_messages": optional(
            mapping_of(
                record(OverrideMessage, {"message": _TEXT, "code": optional(checked(integer(0, 999), _status), 0)})
            ),
            {},
        ),
        "min_token_length": optional(integer(0), 3),
        "allow_master_keys": optional(boolean(), default=True),
        "hash_keys": _FLAG,
        "hash_key_function": optional(choice("", "murmur32", "murmur64", "murmur128", "sha256"), ""),
        "enable_hashed_keys_listing": _FLAG,
        "force_global_session_lifetime": _switch(
            "force_global_session_lifetime", "keys end when their own expires says so"
        ),
        "health_check_endpoint_name": unsupported("health_check_endpoint_name", string()),
        "readiness_check_endpoint_name": unsupported("readiness_check_endpoint_name", string()),
        # Bundles are read where they are.
        "enable_bundle_downloader": ignored(boolean()),
        "bundle_insecure_skip_verify": ignored(boolean()),
        "bundle_base_url": optional(string(), ""),
        "public_key_path": optional(string(), ""),
        "coprocess_options": _not("coprocess_options"),
        "enable_api_segregation": _switch("enable_api_segregation"),
        "opentelemetry": _not("opentelemetry", consequence=_NOTED),
        "tracing": _not("tracing", consequence=_NOTED),
        "health_check": ignored(anything()),
        "uptime_tests": _not("uptime_tests"),
        "slave_options": _not("slave_options"),
        "db_app_conf_options": ignored(anything()),
        "local_session_cache": ignored(anything()),
        "session_update_pool_size": ignored(integer()),
        "session_update_buffer_size": ignored(integer()),
        "global_session_lifetime": ignored(integer()),
        "event_handlers": _not("event_handlers"),
        "event_trigers_defunct": ignored(anything()),
        "dns_cache": ignored(anything()),
        "security": _not("security"),
        "proxy_ssl_insecure_skip_verify": _FLAG,
        "proxy_close_connections": _switch("proxy_close_connections"),
        "proxy_ssl_min_version": _TLS_VERSION,
        "proxy_ssl_max_version": _TLS_VERSION,
        "proxy_ssl_ciphers": _TEXTS,
        "streaming": ignored(anything()),
        "labs": ignored(anything()),
        "oas_config": ignored(anything()),
        "private_certificate_encoding_secret": ignored(string()),
        "cache_storage": ignored(anything()),
        "monitor": _not("monitor"),
        "oauth_redirect_uri_separator": ignored(string()),
        "oauth_refresh_token_expire": ignored(integer()),
        "oauth_token_expire": ignored(integer()),
        "ports_whitelist": ignored(anything()),
        "disable_virtual_path_blobs": _FLAG,
        "liveness_check": ignored(anything()),
        "reload_wait_time": ignored(integer()),
        "reload_interval": ignored(integer()),
        "resource_sync": ignored(anything()),
    },
)


def load_settings(
    text: str, file: str = "", environ: Mapping[str, str] | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """Read settings.

    Args:
        text: JSON or YAML; "" is an empty document.
        file: For problems.
        environ: ``TYK_GW_…`` variables in it override the text. None is none.

    Returns:
        What was understood, and what was not. With an error among the problems the settings are the defaults: nobody
        should serve with them.
    """
    try:
        parsed = _parsed(text)
    except SyntaxProblem as error:
        return Settings(), (error.problem.at(file, error.problem.line),)
    notes = Notes()
    value = parsed.value
    if isinstance(value, dict):
        value = _overridden(value, environ or {}, notes)
    decoded = _SETTINGS.read(value, (), notes)
    if isinstance(value, dict):
        _check_storage(value, notes)
    settings = Settings() if isinstance(decoded, Bad) else replace(decoded, read_from=file, folder=_folder(file))
    return settings, (
        *(problem.at(file, problem.line) for problem in parsed.problems),
        *(_placed(problem, file, parsed) for problem in notes.finished()),
    )


def _folder(file: str) -> str:
    return str(PurePath(file).parent) if file else ""


def _placed(problem: Problem, file: str, parsed: Parsed) -> Problem:
    return problem.at(file, parsed.positions.line_of(problem.pointer) if file else 0)


def _parsed(text: str) -> Parsed:
    if text.lstrip().startswith("{"):
        return parse_json(text)
    documents = parse_yaml(text)
    if not documents:
        return parse_json("{}")
    if len(documents) > 1:
        raise SyntaxProblem("bad-yaml", f"expected one document, found {len(documents)}", 1)
    return documents[0]


def _check_storage(value: Mapping[str, Any], notes: Notes) -> None:
    storage = value.get("storage")
    kind = storage.get("type") if isinstance(storage, dict) else None
    if isinstance(kind, str) and kind not in ("", "memory"):
        message = f"storage of type {kind!r} is not supported yet: expected 'memory', or no storage"
        notes.error("unsupported-storage", message, ("storage", "type"))


# ── TYK_GW_ variables ──


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").upper()


def _overridden(value: Mapping[str, Any], environ: Mapping[str, str], notes: Notes) -> dict[str, Any]:
    """The settings with ``TYK_GW_HTTPSERVEROPTIONS_ENABLESTRICTROUTES`` and the like put in."""
    made: dict[str, Any] = dict(value)
    known = _known_variables()
    for name, text in sorted(environ.items()):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        rest = name.removeprefix(ENVIRONMENT_PREFIX)
        if rest.startswith("SECRETS_") and len(rest) > len("SECRETS_"):
            place: Place = ("secrets", rest.removeprefix("SECRETS_").lower())
        elif rest in known:
            place = known[rest]
        else:
            hint = nearest(name, [ENVIRONMENT_PREFIX + one for one in known])
            notes.warning("unknown-setting", f"the variable {name} sets nothing", (), hint)
            continue
        if not _put(made, place, text):
            notes.error("bad-variable", f"the variable {name} has a value that does not fit", ())
    return made


def _known_variables() -> dict[str, Place]:
    server = {f"HTTPSERVEROPTIONS_{_folded(key)}": ("http_server_options", key) for key in _SERVER.keys}
    storage = {f"STORAGE_{_folded(key)}": ("storage", key) for key in ("type", "host", "port", "password", "database")}
    own: dict[str, Place] = {
        **{
            f"XLOCKGATE_{_folded(key)}": ("x-lockgate", key)
            for key in _OWN.keys
            if key not in ("limits", "records", "scripts", "debug")
        },
        **{f"XLOCKGATE_LIMITS_{_folded(key)}": ("x-lockgate", "limits", key) for key in _LIMITS.keys},
        **{f"XLOCKGATE_RECORDS_{_folded(key)}": ("x-lockgate", "records", key) for key in _RECORDS.keys},
        **{f"XLOCKGATE_SCRIPTS_{_folded(key)}": ("x-lockgate", "scripts", key) for key in _SCRIPTS.keys},
        **{f"XLOCKGATE_DEBUG_{_folded(key)}": ("x-lockgate", "debug", key) for key in _DEBUG.keys},
    }
    analytics: dict[str, Place] = {
        **{f"ANALYTICSCONFIG_{_folded(key)}": ("analytics_config", key) for key in _ANALYTICS.keys},
        **{
            f"ANALYTICSCONFIG_NORMALISEURLS_{_folded(key)}": ("analytics_config", "normalise_urls", key)
            for key in _NORMALISE_URLS.keys
        },
    }
    stores: dict[str, Place] = {
        **{f"KV_VAULT_{_folded(key)}": ("kv", "vault", key) for key in _VAULT.keys},
        **{f"KV_CONSUL_{_folded(key)}": ("kv", "consul", key) for key in _CONSUL.keys},
        **{
            f"KV_CONSUL_HTTPAUTH_{_folded(key)}": ("kv", "consul", "http_auth", key) for key in ("username", "password")
        },
        "KV_FILE_BASEPATH": ("kv", "file", "base_path"),
    }
    return {**{_folded(key): (key,) for key in _SETTINGS.keys}, **server, **storage, **stores, **analytics, **own}


def _put(settings: dict[str, Any], place: Place, text: str) -> bool:
    """Set one value; False when the text does not fit what the setting takes."""
    holder = settings
    for part in place[:-1]:
        inner = holder.get(str(part))
        holder[str(part)] = holder = dict(inner) if isinstance(inner, dict) else {}
    for candidate in _readings(text):
        trial = Notes()
        probe: Any = candidate
        for part in reversed(place):
            probe = {str(part): probe}
        if _SETTINGS.read(probe, (), trial) is not BAD and not trial.refused():
            holder[str(place[-1])] = candidate
            return True
    return False


def _readings(text: str) -> list[Any]:
    """What a variable's text can mean: as it is, or as JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        flag = {"true": True, "false": False, "1": True, "0": False, "t": True, "f": False}.get(text.lower())
        return [text] if flag is None else [flag, text]
    return [value, bool(value), text] if value in (0, 1) else [value, text]
