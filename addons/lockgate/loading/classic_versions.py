"""One version of a Classic definition: its sections for the whole API, and its entries for endpoints.

Source: behaviour-chain 1.9, 2.5, 2.6, 4.2, 4.5, 4.6, 4.9, 4.14, 4.19 and 4.20.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.certificates import VERSIONS
from lockgate.decoding.shapes import Place
from lockgate.error_replies import ErrorReplies
from lockgate.exchange import NO_HEADERS, UpstreamTls, canonical
from lockgate.loading.authentication import key_sections
from lockgate.loading.classic_authentication import classic_keys
from lockgate.loading.classic_jq import PROCESSOR, note_order, request_filter, response_filter, run_responses
from lockgate.loading.classic_scripts import never_matches
from lockgate.loading.classic_sections import (
    ActionEntry,
    Classic,
    Cleanup,
    Entry,
    ExtendedPaths,
    ListEntry,
    VersionSection,
)
from lockgate.loading.classic_validation import json_validation
from lockgate.loading.durations import duration_seconds
from lockgate.loading.making import HeaderConfig, Making, cors_config
from lockgate.loading.plugins import Plugins, plugin_sections
from lockgate.loading.recording import classic_tracking, tracked
from lockgate.loading.rewrite_triggers import triggers_of_classic
from lockgate.loading.scripts import ApiScripts
from lockgate.loading.upstream_tls import Transport, by_host, of_definition
from lockgate.middleware import Reason, Rule
from lockgate.middlewares.access import AccessEntry, AccessKind, Action, PlainAction, Reply
from lockgate.middlewares.context_variables import ContextVariables
from lockgate.middlewares.enforced_timeout import EnforcedTimeout
from lockgate.middlewares.error_override import ErrorOverride
from lockgate.middlewares.forward import Forwarding
from lockgate.middlewares.header_cleanup import HeaderCleanup
from lockgate.middlewares.header_injector import HeaderInjection, HeaderInjector
from lockgate.middlewares.ip_access import IpAccess, Network
from lockgate.middlewares.request_headers import RequestHeaders
from lockgate.middlewares.request_method import RequestMethod
from lockgate.middlewares.request_size_limit import RequestSizeLimit
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.model import Section, Version
from lockgate.routing.listen import ListenPath
from lockgate.urls import Target, parse_target
from lockgate.variables import Text

_LISTS: Final = (
    ("ignored", AccessKind.IGNORE),
    ("black_list", AccessKind.BLOCK),
    ("white_list", AccessKind.ALLOW),
)
_NOT_BUILT: Final[tuple[tuple[str, bool, str], ...]] = (
    ("cache", False, "every request reaches the upstream"),
    ("advance_cache_config", False, "every request reaches the upstream"),
    ("circuit_breakers", False, ""),
    ("validate_request", True, ""),
    ("go_plugin", True, ""),
    ("persist_graphql", False, "requests go to the upstream as they came"),
    ("rate_limit", True, ""),
)
"""Kinds of entries, whether they restrict, and what happens without them."""

# Run with their entries for endpoints.
_SILENT_PROCESSORS: Final = ("response_body_transform", PROCESSOR)
_PLUGIN_PROCESSORS: Final = ("custom_mw_res_hook", "goplugin_res_hook")
_PROCESSORS: Final = ("header_injector", "header_transform", *_SILENT_PROCESSORS, *_PLUGIN_PROCESSORS)


@dataclass(frozen=True, slots=True)
class Api:
    """What all versions of an API have in common."""

    classic: Classic
    """The whole definition."""
    target: Target | None
    listen: ListenPath
    errors: ErrorReplies
    tls: UpstreamTls | None
    """Of its upstreams."""
    tls_by_host: Mapping[str, UpstreamTls]
    recorded: bool
    """Whether any exchange is."""
    bodies: Mapping[Place, object]
    """Configurations of body transforms, by the place of their entry."""
    virtual: Mapping[Place, object]
    """Configurations of virtual endpoints, by the place of their entry."""
    scripts: ApiScripts
    plugins: Plugins


def tls_of(making: Making, classic: Classic) -> tuple[UpstreamTls | None, dict[str, UpstreamTls]]:
    """How an API's upstreams are spoken to: in general, and by host."""
    section = classic.proxy.transport
    place = ("proxy", "transport")
    versions = {}
    for key, number in (("ssl_min_version", section.ssl_min_version), ("ssl_max_version", section.ssl_max_version)):
        versions[key] = VERSIONS.get(number, "")
        if number and not versions[key]:
            message = f"expected 769 to 772, found {number}; it is left to the settings"
            making.notes.warning("bad-value", message, (*place, key))
    transport = Transport(
        section.ssl_insecure_skip_verify,
        versions["ssl_min_version"],
        versions["ssl_max_version"],
        section.ssl_ciphers,
    )
    usual = of_definition(making, transport, place)
    if classic.upstream_certificates_disabled:
        return usual, {}
    certificates = (
        (host, text, ("upstream_certificates", host)) for host, text in classic.upstream_certificates.items()
    )
    return usual, by_host(making, usual, certificates, "upstream_certificates")


class ClassicVersion:
    """One version under way."""

    def __init__(self, making: Making, api: Api, name: str, section: VersionSection) -> None:
        """Begin.

        Args:
            making: Of the definition.
            api: What it is a version of.
            name: Its key.
            section: What stands under it.
        """
        self._making: Final = making
        self._notes: Final = making.notes
        self._classic: Final = api.classic
        self._api: Final = api
        self._name: Final = name
        self._section: Final = section
        self._place: Final[Place] = ("version_data", "versions", name)
        self._paths: Final[Place] = (*self._place, "extended_paths")

    def version(self) -> Version:
        """The version that it becomes."""
        section = self._section
        extended = section.use_extended_paths
        written = tuple(self._rules() if extended else self._legacy_rules())
        self._note_unused()
        if extended:
            self._note_unsupported()
        return Version(
            name=self._name,
            sections=dict(self._sections()),
            rules=tuple(self._making.with_good_path(written)),
            ignore_case=extended and section.ignore_endpoint_case,
        )

    def _made(self, name: str, config: object, *place: str | int) -> tuple[str, Section]:
        return name, Section(config, self._making.pointer(place))

    # sections for the whole API

    def _sections(self) -> Iterator[tuple[str, Section]]:
        classic, section, server = self._classic, self._section, self._making.settings.http_server_options
        yield self._made("forward", self._making.forwards(self._forwarding()), "proxy")
        yield from self._expirations()
        yield from self._addresses()
        keys = classic_keys(self._making, classic, section, self._name, self._api.listen)
        if keys is not None:
            yield from key_sections(self._making, keys)
        yield from plugin_sections(self._api.plugins, self._api.scripts, self._making, keys, self._name)
        if classic.cors is not None and classic.cors.enabled:
            yield self._made("cors", cors_config(classic.cors), "CORS")
        if classic.enable_context_vars:
            yield self._made("context_variables", ContextVariables(server.xff_depth), "enable_context_vars")
        if section.global_size_limit > 0 and not section.global_size_limit_disabled:
            limit = RequestSizeLimit(section.global_size_limit)
            yield self._made("request_size_limit", limit, *self._place, "global_size_limit")
        if self._api.errors.overrides:
            yield self._made("error_override", ErrorOverride(self._api.errors), "error_overrides")
        yield from self._global_headers()
        yield from self._global_timeout()
        yield from self._processors()

    def _forwarding(self) -> Forwarding:
        proxy, settings = self._classic.proxy, self._making.settings
        target, override = self._api.target, self._section.override_target
        targets: tuple[Target, ...] = ()
        if override and not self._classic.version_data.not_versioned:
            target, _ = self._making.target(override, (*self._place, "override_target"))
        elif proxy.enable_load_balancing:
            targets = self._making.targets(
                (text, ("proxy", "target_list", index)) for index, text in enumerate(proxy.target_list)
            )
        return Forwarding(
            target=target,
            targets=targets,
            listen=self._api.listen,
            strip=proxy.strip_listen_path,
            preserve_host=proxy.preserve_host_header,
            keep_slash=proxy.disable_strip_slash,
            response_timeout_seconds=settings.upstream_timeout_seconds,
            keep_raw_path=settings.http_server_options.skip_target_path_escaping,
            websockets=settings.http_server_options.enable_websockets,
            tls=self._api.tls,
            tls_by_host=self._api.tls_by_host,
        )

    def _expirations(self) -> Iterator[tuple[str, Section]]:
        """The API's, and the version's unless the API has expired before."""
        classic = self._classic
        whole = dict(self._making.expiration(classic.expiration, ("expiration",)))
        own: dict[str, Section] = {}
        if not classic.version_data.not_versioned:
            place = (*self._place, "expires")
            own = dict(self._making.expiration(self._section.expires, place, Reason.VERSION_EXPIRED, "the version"))
        yield from (whole if not own or _ends_first(whole, own) else own).items()

    def _addresses(self) -> Iterator[tuple[str, Section]]:
        classic = self._classic
        if classic.ip_access_control_disabled or not (classic.allowed_ips or classic.blacklisted_ips):
            return
        for on, switch, key, texts in (
            (classic.enable_ip_whitelisting, "enable_ip_whitelisting", "allowed_ips", classic.allowed_ips),
            (classic.enable_ip_blacklisting, "enable_ip_blacklisting", "blacklisted_ips", classic.blacklisted_ips),
        ):
            if texts and not on:
                message = f"the list is in force, as on Tyk, although {switch!r} is not true"
                self._notes.warning("list-in-force", message, (key,), "set 'ip_access_control_disabled' to true")

        def networks(key: str, texts: tuple[str, ...]) -> tuple[Network, ...]:
            return self._making.networks((text, (key, index)) for index, text in enumerate(texts))

        allow = networks("allowed_ips", classic.allowed_ips) if classic.allowed_ips else None
        block = networks("blacklisted_ips", classic.blacklisted_ips)
        depth = self._making.settings.http_server_options.xff_depth
        yield self._made(
            "ip_access", IpAccess(allow, block, depth), "allowed_ips" if allow is not None else "blacklisted_ips"
        )

    def _global_headers(self) -> Iterator[tuple[str, Section]]:
        section = self._section
        make: HeaderConfig
        for name, make, key, disabled, remove, add in (
            (
                "request_headers",
                RequestHeaders,
                "global_headers",
                section.global_headers_disabled,
                section.global_headers_remove,
                section.global_headers,
            ),
            (
                "response_headers",
                ResponseHeaders,
                "global_response_headers",
                section.global_response_headers_disabled,
                section.global_response_headers_remove,
                section.global_response_headers,
            ),
        ):
            if not disabled and (remove or add):
                place = (*self._place, key)
                yield self._made(name, make(remove=remove, add=self._pairs(add, place)), *place)

    def _global_timeout(self) -> Iterator[tuple[str, Section]]:
        section, place = self._section, (*self._place, "global_enforce_timeout")
        if section.global_enforce_timeout_disabled:
            return
        seconds = self._seconds(section.global_enforce_timeout, place)
        if seconds:
            yield self._made("enforced_timeout", EnforcedTimeout(seconds), *place)

    def _seconds(self, text: str, place: Place) -> float:
        if not text:
            return 0.0
        seconds = duration_seconds(text)
        if seconds is None:
            found = self._notes.show(text, place)
            message = f"expected a duration such as '10s' or '500ms', found {found}: it limits nothing"
            self._notes.warning("bad-duration", message, place)
        return seconds or 0.0

    def _pairs(self, add: Mapping[str, str], place: Place) -> tuple[tuple[str, Text], ...]:
        return self._making.header_pairs((name, value, (*place, name)) for name, value in add.items())

    def _processors(self) -> Iterator[tuple[str, Section]]:
        injections: list[HeaderInjection] = []
        injected: Place = ()
        cleaned = False
        for index, processor in enumerate(self._classic.response_processors):
            place: Place = ("response_processors", index)
            options = processor.options
            if processor.name == "header_injector":
                if (
                    options.remove_headers or options.add_headers
                ) and not self._section.global_response_headers_disabled:
                    pairs = self._pairs(options.add_headers, (*place, "options", "add_headers"))
                    injections.append(HeaderInjection(options.remove_headers, pairs))
                    injected = injected or place
            elif processor.name == "header_transform":
                cleanup = options.rev_proxy_header_cleanup
                config = None if cleanup is None or cleaned else self._cleanup(cleanup, place)
                if config is not None:
                    cleaned = True
                    yield self._made("header_cleanup", config, *place)
            elif processor.name in _PLUGIN_PROCESSORS:
                self._notes.unsupported(processor.name, place, restricts=True)
            elif processor.name not in _SILENT_PROCESSORS:
                found = self._notes.show(processor.name, (*place, "name"))
                known = ", ".join(map(repr, _PROCESSORS))
                message = f"expected one of {known}, found {found}: it does nothing"
                self._notes.warning("bad-value", message, (*place, "name"))
        if injections:
            yield self._made("header_injector", HeaderInjector(tuple(injections)), *injected)

    def _cleanup(self, cleanup: Cleanup, place: Place) -> HeaderCleanup | None:
        text, where = cleanup.target_host, (*place, "options", "rev_proxy_header_cleanup", "target_host")
        if not cleanup.headers or self._api.target is None:
            return None
        try:
            known_as = parse_target(text)
        except ValueError:
            known_as = None
        if known_as is None or not known_as.scheme or not known_as.authority:
            found = self._notes.show(text, where)
            message = f"expected a URL such as 'https://gateway.example.com', found {found}: headers stay as they are"
            self._notes.warning("bad-url", message, where)
            return None
        proxy = self._classic.proxy
        return HeaderCleanup(
            headers=cleanup.headers,
            scheme=known_as.scheme,
            authority=known_as.authority,
            target=self._api.target,
            listen_path=proxy.listen_path or "/",
            strip=proxy.strip_listen_path,
        )

    # entries for endpoints

    def _legacy_rules(self) -> Iterator[tuple[Rule, Place]]:
        """Lists of paths, for all methods."""
        for key, kind in _LISTS:
            texts: tuple[str, ...] = getattr(self._section.paths, key)
            for index, path in enumerate(texts):
                place = (*self._place, "paths", key, index)
                yield Rule("access", path, "", AccessEntry(kind), self._making.pointer(place), kind.value), place

    def _rules(self) -> Iterator[tuple[Rule, Place]]:
        paths = self._section.extended_paths
        for key, kind in _LISTS:
            listed: tuple[ListEntry, ...] = getattr(paths, key)
            for place, entry in self._enabled(key, listed):
                config = AccessEntry(kind, self._actions(entry, place))
                yield self._rule(entry, place, "access", config, kind=kind.value, ignore_case=entry.ignore_case)
        for place, hidden in self._enabled("internal", paths.internal):
            config = AccessEntry(AccessKind.INTERNAL)
            yield self._rule(hidden, place, "access", config, kind=AccessKind.INTERNAL.value)
        for place, mock in self._enabled("mock_response", paths.mock_response):
            reply = self._reply(mock.code, mock.body, mock.headers, place)
            config = AccessEntry(AccessKind.MOCK, reply=reply)
            kind_name = AccessKind.MOCK.value
            yield self._rule(mock, place, "access", config, kind=kind_name, ignore_case=mock.ignore_case)
        yield from self._transforms(paths)

    def _transforms(self, paths: ExtendedPaths) -> Iterator[tuple[Rule, Place]]:
        make: HeaderConfig
        for key, entries, name, make in (
            ("transform_headers", paths.transform_headers, "request_headers", RequestHeaders),
            ("transform_response_headers", paths.transform_response_headers, "response_headers", ResponseHeaders),
        ):
            for place, headers in self._enabled(key, entries):
                pairs = self._pairs(headers.add_headers, (*place, "add_headers"))
                yield self._rule(headers, place, name, make(remove=headers.delete_headers, add=pairs))
        for place, timeout in self._enabled("hard_timeouts", paths.hard_timeouts):
            seconds = self._seconds(timeout.duration, (*place, "duration")) or float(timeout.timeout)
            yield self._rule(timeout, place, "enforced_timeout", EnforcedTimeout(seconds))
        for place, rewrite in self._enabled("url_rewrites", paths.url_rewrites):
            pattern = (rewrite.match_pattern, (*place, "match_pattern"))
            triggers = triggers_of_classic(rewrite.triggers, (*place, "triggers"), rewrite.path, self._making)
            config = self._making.rewrite(pattern, rewrite.rewrite_to, triggers)
            yield self._rule(rewrite, place, "url_rewrite", config)
        for place, limit in self._enabled("size_limits", paths.size_limits):
            yield self._rule(limit, place, "request_size_limit", RequestSizeLimit(limit.size_limit))
        for key, kind, tracking in classic_tracking(paths) if self._api.recorded else ():
            for place, entry in self._enabled(key, tracking):
                yield self._rule(entry, place, "track_endpoint", tracked(kind, entry.path), kind=kind)
        for place, validation in self._enabled("validate_json", paths.validate_json):
            judged = json_validation(self._making, validation, place)
            yield self._rule(validation, place, "validate_json", judged)
        for place, virtual in self._enabled("virtual", paths.virtual):
            if place in self._api.virtual and not never_matches(virtual.method):
                yield self._rule(virtual, place, "virtual_endpoint", self._api.virtual[place])
        yield from self._filters(paths)
        yield from self._bodies(paths)
        for place, method in self._enabled("method_transforms", paths.method_transforms):
            self._making.check_method(method.to_method, (*place, "to_method"))
            yield self._rule(method, place, "request_method", RequestMethod(method.to_method))

    def _bodies(self, paths: ExtendedPaths) -> Iterator[tuple[Rule, Place]]:
        for key, name, entries in (
            ("transform", "request_body_transform", paths.transform),
            ("transform_response", "response_body_transform", paths.transform_response),
        ):
            for place, entry in self._enabled(key, entries):
                if place in self._api.bodies:
                    yield self._rule(entry, place, name, self._api.bodies[place])

    def _filters(self, paths: ExtendedPaths) -> Iterator[tuple[Rule, Place]]:
        for place, entry in self._enabled("transform_jq", paths.transform_jq):
            yield self._rule(entry, place, "request_jq", request_filter(self._making, entry, place))
        listed = list(self._enabled("transform_jq_response", paths.transform_jq_response))
        if listed and run_responses(self._making, self._classic.response_processors, (place for place, _ in listed)):
            note_order(self._making, self._classic.response_processors)
            for place, entry in listed:
                yield self._rule(entry, place, "response_jq", response_filter(self._making, entry, place))

    def _enabled[E: Entry](self, key: str, entries: Iterable[E]) -> Iterator[tuple[Place, E]]:
        for index, entry in enumerate(entries):
            if not entry.disabled:
                yield (*self._paths, key, index), entry

    def _rule(
        self, entry: Entry, place: Place, middleware: str, config: Any, *, kind: str = "", ignore_case: bool = False
    ) -> tuple[Rule, Place]:
        at = self._making.pointer(place)
        return Rule(middleware, entry.path, entry.method, config, at, kind, ignore_case), (*place, "path")

    def _actions(self, entry: ListEntry, place: Place) -> Mapping[str, Action] | None:
        if not entry.method_actions:
            # Differs: a reference gateway that reads files never matches an entry whose actions are empty; one that gets
            # it by its control API drops them (test_empty_actions_are_none).
            return None
        return {
            method: self._action(action, (*place, "method_actions", method))
            for method, action in entry.method_actions.items()
        }

    def _action(self, action: ActionEntry, place: Place) -> Action:
        if action.action == "no_action":
            return PlainAction.NO_ACTION
        if action.action == "reply":
            return self._reply(action.code, action.data, action.headers, place)
        found = self._notes.show(action.action, (*place, "action"))
        message = f"expected 'no_action' or 'reply', found {found}: requests are answered with 403"
        self._notes.warning("bad-value", message, (*place, "action"))
        return PlainAction.OTHER

    def _reply(self, status: int, body: str, headers: Mapping[str, str], place: Place) -> Reply:
        self._making.check_status(status, (*place, "code"))
        made = NO_HEADERS
        for name, value in headers.items():
            self._making.check_name(name, (*place, "headers", name))
            made = made.add(canonical(name), value)
        return Reply(status, body.encode("utf-8", "surrogateescape"), made)

    # what has no effect

    def _note_unused(self) -> None:
        """Entries that do not count because of ``use_extended_paths``."""
        section = self._section
        if section.use_extended_paths:
            if section.paths.ignored or section.paths.black_list or section.paths.white_list:
                message = "'paths' has no effect, because 'use_extended_paths' is true"
                self._notes.warning("unused-paths", message, (*self._place, "paths"))
        elif section.extended_paths != ExtendedPaths():
            message = "'extended_paths' has no effect, here as on Tyk, because 'use_extended_paths' is not true"
            self._notes.warning("unused-paths", message, self._paths, "set 'use_extended_paths' to true")

    def _note_unsupported(self) -> None:
        for key, restricts, consequence in _NOT_BUILT:
            entries: tuple[Entry | str, ...] = getattr(self._section.extended_paths, key)
            for index, entry in enumerate(entries):
                if isinstance(entry, str) or not entry.disabled:
                    place = (*self._paths, key, index)
                    self._notes.unsupported(key, place, restricts=restricts, consequence=consequence)


def _ends_first(one: Mapping[str, Section], other: Mapping[str, Section]) -> bool:
    """Whether an API expires before its version does. A date that is none is in the past."""
    if not one:
        return False
    at, other_at = one["expiration"].config, other["expiration"].config
    first, second = getattr(at, "at", None), getattr(other_at, "at", None)
    return first is None or (second is not None and first <= second)
