"""A Tyk OAS document to an ``ApiDefinition``: knows the format's structure, and which middleware each section is.

Source: behaviour-chain 1.3, 1.4 and 2.5.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Final

from lockgate.decoding.shapes import Bad, Notes, Place, nearest
from lockgate.error_replies import PLAIN, ErrorReplies
from lockgate.exchange import Headers, UpstreamTls, canonical
from lockgate.loading.authentication import key_sections
from lockgate.loading.body_transforms import transforms_of
from lockgate.loading.durations import duration_seconds
from lockgate.loading.error_rules import overrides_of
from lockgate.loading.event_handlers import event_scripts, oas_handlers
from lockgate.loading.making import HeaderConfig, Making, Origin, cors_config
from lockgate.loading.oas_authentication import OasApi, oas_keys
from lockgate.loading.oas_bodies import REQUEST, RESPONSE, written_in
from lockgate.loading.oas_examples import OasExamples
from lockgate.loading.oas_format import EXTENSION, SHAPE
from lockgate.loading.oas_plugins import written_in as plugins_in
from lockgate.loading.oas_scripts import KEY as VIRTUAL
from lockgate.loading.oas_scripts import config_of
from lockgate.loading.oas_scripts import written_in as virtual_endpoints_in
from lockgate.loading.oas_sections import Balancing, Extension, HeaderTransform, Mock, Operation, Rewrite
from lockgate.loading.oas_validation import Validation
from lockgate.loading.openapi_rules import check_document, operations
from lockgate.loading.plugins import Plugins, note_plugins, plugin_sections, plugins_of
from lockgate.loading.recording import oas_recording, oas_tracking
from lockgate.loading.rewrite_triggers import triggers_of_oas
from lockgate.loading.scripts import ApiScripts, add_virtual_endpoints, virtual_endpoints
from lockgate.loading.upstream_tls import Transport, by_host, of_definition
from lockgate.middleware import Rule
from lockgate.middlewares.access import AccessEntry, AccessKind
from lockgate.middlewares.context_variables import ContextVariables
from lockgate.middlewares.enforced_timeout import EnforcedTimeout
from lockgate.middlewares.error_override import ErrorOverride
from lockgate.middlewares.forward import Forwarding
from lockgate.middlewares.ip_access import IpAccess, Network
from lockgate.middlewares.mock_response import Mock as MockConfig
from lockgate.middlewares.mock_response import MockResponse
from lockgate.middlewares.request_headers import RequestHeaders
from lockgate.middlewares.request_method import RequestMethod
from lockgate.middlewares.request_size_limit import RequestSizeLimit
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.middlewares.url_rewrite import UrlRewrite
from lockgate.model import ApiDefinition, Section, Version, Versioning
from lockgate.problems import pointer
from lockgate.routing.listen import ListenPath
from lockgate.urls import Target

MAX_TURNS: Final = 10_000
"""Of all targets of one API together; weights that come to more are scaled down."""

_STREAMS: Final = "x-tyk-streaming"
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")

_EXTENSION: Final[Place] = (EXTENSION,)
_MIDDLEWARE: Final[Place] = (*_EXTENSION, "middleware")
_GLOBAL: Final[Place] = (*_MIDDLEWARE, "global")
_SERVER: Final[Place] = (*_EXTENSION, "server")
_LISTEN: Final[Place] = (*_SERVER, "listenPath", "value")
_UPSTREAM: Final[Place] = (*_EXTENSION, "upstream")
_URL: Final[Place] = (*_UPSTREAM, "url")


def decode_oas(
    document: Mapping[str, Any], written: Mapping[str, Any], origin: Origin, notes: Notes
) -> ApiDefinition | None:
    """Decode a document.

    Args:
        document: With references to secrets replaced.
        written: As it was written.
        origin: Of the document.
        notes: Of everything wrong with it.

    Returns:
        None for a document that the reference gateway refuses, or that says it is not to be served.
    """
    check_document(document, notes)
    extension = _read_extension(document, notes)
    if extension is None or notes.refused():
        return None
    if document.get(_STREAMS):
        notes.unsupported(_STREAMS, (_STREAMS,), consequence="requests go to the upstream")
    made = _OasMaking(document, extension, origin, notes).definition(written)
    if notes.refused():
        return None
    if not extension.info.state.active:
        message = "the API is not active, and is not served (a Tyk gateway that reads files serves it all the same)"
        notes.warning("inactive-api", message, (*_EXTENSION, "info", "state", "active"))
        return None
    return made


def _read_extension(document: Mapping[str, Any], notes: Notes) -> Extension | None:
    if EXTENSION not in document:
        notes.error("missing-key", f"expected {EXTENSION!r}, an object, but it is missing", ())
        return None
    extension = SHAPE.read(document[EXTENSION], _EXTENSION, notes)
    if isinstance(extension, Bad):
        return None
    _check_upstream_rules(document[EXTENSION]["upstream"], notes)
    return extension


def _check_upstream_rules(upstream: Mapping[str, Any], notes: Notes) -> None:
    """What the reference gateway refuses beyond the form of a document."""
    place = (*_EXTENSION, "upstream")
    balancing = upstream.get("loadBalancing", {})
    targets = balancing.get("targets")
    if balancing.get("enabled") and targets and not any(target.get("weight") for target in targets):
        message = "expected a target with a weight above 0, found none"
        notes.error("bad-value", message, (*place, "loadBalancing", "targets"))
    authentication = upstream.get("authentication", {})
    modes = [key for key in ("basicAuth", "oauth", "requestSigning") if authentication.get(key, {}).get("enabled")]
    if authentication.get("enabled") and len(modes) > 1:
        message = f"expected one kind of authentication, found {' and '.join(map(repr, modes))}"
        notes.error("bad-value", message, (*place, "authentication"))


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """An operation of the document with its middleware."""

    path: str
    method: str
    section: Operation
    place: Place
    """Of its entry in ``middleware.operations``."""


class _OasMaking(Making):
    """One OAS definition under way."""

    def __init__(self, document: Mapping[str, Any], extension: Extension, origin: Origin, notes: Notes) -> None:
        super().__init__(origin, notes)
        self._document = document
        self._extension = extension
        self._examples = OasExamples(document, self)
        self._validation = Validation(document, self)
        self._recording = oas_recording(extension, _EXTENSION, notes)
        self._bodies: Mapping[Place, object] = {}
        self._known_endpoints = tuple(self._endpoints())
        self._scripts = ApiScripts(
            self, config_of(document, extension.info.id or self.made_up_id, extension.info.org_id)
        )
        self._virtual: Mapping[Place, object] = {}
        self._plugins = Plugins()

    def definition(self, written: Mapping[str, Any]) -> ApiDefinition | None:
        extension, origin = self._extension, self.origin
        self._add_scripts()
        path = extension.server.listen_path
        listen = self.listen_path(path.value, _LISTEN, refuse=True)
        domain: str | None = ""
        custom = extension.server.custom_domain
        if custom is not None and custom.enabled and custom.name:
            domain = self.domain(custom.name, (*_SERVER, "customDomain", "name"))
        sections = dict(self._sections(listen)) if listen is not None else {}
        errors = self._errors()
        if errors.overrides:
            sections["error_override"] = Section(ErrorOverride(errors), pointer(*_EXTENSION, "errorOverrides"))
        limit = extension.upstream.rate_limit
        if limit is not None and limit.enabled and limit.rate > 0 and not extension.middleware.global_.skip_rate_limit:
            self.notes.unsupported("rateLimit", (*_UPSTREAM, "rateLimit"), restricts=True)
        rules = tuple(self._rules())
        self._examples.note_remarks()
        if listen is None or domain is None:
            return None
        api_id = extension.info.id or self.made_up_id
        return ApiDefinition(
            id=api_id,
            name=extension.info.name,
            listen_path=listen.text,
            strip_listen_path=path.strip,
            versions=(
                Version(
                    sections=sections,
                    rules=rules,
                    operations=tuple((path, method.upper()) for path, method, _ in operations(self._document)),
                    ignore_case=_on(extension.middleware.global_.ignore_case),
                ),
            ),
            versioning=self._versioning(),
            errors=errors,
            recording=self._recording,
            batch=self.batch((*_SERVER, "batchProcessing")) if _on(extension.server.batch_processing) else None,
            event_handlers=event_scripts(
                oas_handlers(extension.server.event_handlers, (*_SERVER, "eventHandlers")), self._scripts, self
            ),
            domain=domain,
            org_id=extension.info.org_id,
            internal=extension.info.state.internal,
            unavailable=self.unavailable,
            strict=extension.own.strict or origin.settings.strict,
            document=written,
            source=origin.file,
            files=tuple(self.files),
            content_hash=self.content_hash(self._document, api_id),
        )

    def _errors(self) -> ErrorReplies:
        section = self._extension.error_overrides
        if section is None or not section.enabled or not section.value:
            return PLAIN
        place = (*_EXTENSION, "errorOverrides", "value")
        return ErrorReplies(overrides=(overrides_of(section.value, place, self, camel=True),))

    def _versioning(self) -> Versioning | None:
        section = self._extension.info.versioning
        if section is None or not section.enabled:
            return None
        place = (*_EXTENSION, "info", "versioning")
        return Versioning(
            location=self.location(section.location, (*place, "location"), section.default),
            key=section.key,
            pattern=self.version_pattern(section.url_versioning_pattern, (*place, "urlVersioningPattern")),
            strip=section.strip_versioning_data,
            default=section.default,
            fallback=section.fallback_to_default,
            name=section.name,
            children={version.name: version.id for version in section.versions},
        )

    # sections for the whole API

    def _sections(self, listen: ListenPath) -> Iterator[tuple[str, Section]]:
        extension, settings = self._extension, self.settings
        everywhere = extension.middleware.global_
        server = settings.http_server_options
        balancing = extension.upstream.load_balancing
        targets: tuple[Target, ...] = ()
        if balancing is not None and balancing.enabled:
            targets = self._balanced(balancing)
        target, _ = self.target(extension.upstream.url, _URL, refuse=True, unused=bool(targets))
        tls, by_host = self._tls()
        forwarding = Forwarding(
            target=target,
            targets=targets,
            listen=listen,
            strip=extension.server.listen_path.strip,
            preserve_host=_on(extension.upstream.preserve_host_header),
            keep_slash=_on(extension.upstream.preserve_trailing_slash),
            response_timeout_seconds=settings.upstream_timeout_seconds,
            keep_raw_path=server.skip_target_path_escaping,
            websockets=server.enable_websockets,
            tls=tls,
            tls_by_host=by_host,
        )
        yield "forward", Section(self.forwards(forwarding), pointer(*_EXTENSION, "upstream"))
        yield from self.expiration(extension.info.expiration, (*_EXTENSION, "info", "expiration"))
        yield from self._addresses()
        api = OasApi(
            extension.info.id or self.made_up_id,
            extension.info.org_id,
            listen,
            (*_SERVER, "authentication"),
            rates=not everywhere.skip_rate_limit,
            quotas=not everywhere.skip_quota,
            by_plugin=self._plugins.checks_auth,
        )
        keys = oas_keys(self, self._document, extension.server.authentication, api)
        if keys is not None:
            yield from key_sections(self, keys)
        yield from plugin_sections(self._plugins, self._scripts, self, keys)
        if everywhere.cors is not None and everywhere.cors.enabled:
            yield "cors", Section(cors_config(everywhere.cors), pointer(*_GLOBAL, "cors"))
        if _on(everywhere.context_variables):
            yield (
                "context_variables",
                Section(ContextVariables(server.xff_depth), pointer(*_GLOBAL, "contextVariables")),
            )
        limit = everywhere.request_size_limit
        if limit is not None and limit.enabled and limit.value > 0:
            yield "request_size_limit", Section(RequestSizeLimit(limit.value), pointer(*_GLOBAL, "requestSizeLimit"))
        timeout = extension.upstream.enforce_timeout
        if timeout is not None and timeout.enabled:
            seconds = duration_seconds(timeout.duration) or 0.0
            if seconds:
                yield "enforced_timeout", Section(EnforcedTimeout(seconds), pointer(*_UPSTREAM, "enforceTimeout"))
        for key, name, make in (
            ("transformRequestHeaders", "request_headers", RequestHeaders),
            ("transformResponseHeaders", "response_headers", ResponseHeaders),
        ):
            request = key == "transformRequestHeaders"
            transform = everywhere.transform_request_headers if request else everywhere.transform_response_headers
            place = (*_GLOBAL, key)
            if transform is not None and transform.enabled and (transform.remove or transform.add):
                yield name, Section(self._headers(transform, make, place), pointer(*place))

    def _tls(self) -> tuple[UpstreamTls | None, dict[str, UpstreamTls]]:
        section, mutual = self._extension.upstream.tls_transport, self._extension.upstream.mutual_tls
        transport = Transport(section.insecure_skip_verify, section.min_version, section.max_version, section.ciphers)
        usual = of_definition(self, transport, (*_UPSTREAM, "tlsTransport"))
        if mutual is None or not mutual.enabled:
            return usual, {}
        place = (*_UPSTREAM, "mutualTLS", "domainToCertificateMapping")
        certificates = (
            (one.domain, one.certificate, (*place, index, "certificate"))
            for index, one in enumerate(mutual.domain_to_certificate_mapping)
        )
        return usual, by_host(self, usual, certificates, "certificates of mutualTLS")

    def _balanced(self, balancing: Balancing) -> tuple[Target, ...]:
        place = (*_UPSTREAM, "loadBalancing", "targets")
        if balancing.skip_unavailable_hosts:
            self.notes.unsupported("skipUnavailableHosts", place[:-1], consequence="targets that are down get requests")
        weights = [max(int(one.weight), 0) for one in balancing.targets]
        shrink = max(math.gcd(*weights), -(-sum(weights) // MAX_TURNS), 1)
        weighted: list[Target] = []
        for index, (one, weight) in enumerate(zip(balancing.targets, weights, strict=True)):
            if weight:
                weighted += self.targets([(one.url, (*place, index, "url"))]) * max(weight // shrink, 1)
        return tuple(weighted)

    def _addresses(self) -> Iterator[tuple[str, Section]]:
        access = self._extension.server.ip_access_control
        if access is None or not access.enabled or not (access.allow or access.block):
            return
        place = (*_SERVER, "ipAccessControl")

        def networks(key: str, texts: tuple[str, ...]) -> tuple[Network, ...]:
            return self.networks((text, (*place, key, index)) for index, text in enumerate(texts))

        allow = networks("allow", access.allow) if access.allow else None
        config = IpAccess(allow, networks("block", access.block), self.settings.http_server_options.xff_depth)
        yield "ip_access", Section(config, pointer(*place))

    def _headers(self, transform: HeaderTransform, make: HeaderConfig, place: Place) -> Any:
        added = (
            (header.name, header.value, (*place, "add", index, "name")) for index, header in enumerate(transform.add)
        )
        return make(remove=transform.remove, add=self.header_pairs(added))

    # entries for endpoints

    def _endpoints(self) -> Iterator[_Endpoint]:
        sections = self._extension.middleware.operations
        place = (*_MIDDLEWARE, "operations")
        known: dict[str, tuple[str, str]] = {}
        for path, method, operation in operations(self._document):
            name = operation.get("operationId")
            if isinstance(name, str):
                known[name] = (path, method.upper())
        for name in sections:
            if name not in known:
                message = f"no operation has the id {name!r}: what stands here has no effect"
                self.notes.warning("unknown-operation", message, (*place, name), nearest(name, tuple(known)))
        by_path: dict[str, list[_Endpoint]] = {}
        for name, (path, method) in known.items():
            if name in sections:
                by_path.setdefault(path, []).append(_Endpoint(path, method, sections[name], (*place, name)))
        for path in sorted(by_path, key=cmp_to_key(compare_paths)):
            yield from by_path[path]

    def _add_scripts(self) -> None:
        """All scripts in the order in which they are loaded, before anything asks for what they declare."""
        written = tuple(virtual_endpoints_in(self._known_endpoints))
        add_virtual_endpoints(written, self._scripts)
        plugins = plugins_in(self._extension, self._extension.info.id or self.made_up_id, _EXTENSION)
        self._plugins = plugins_of(plugins, self._scripts, self)
        self._virtual = virtual_endpoints(written, self._scripts, self)
        note_plugins(self._plugins, self._scripts, self)

    def _rules(self) -> Iterator[Rule]:
        endpoints = self._known_endpoints
        self._bodies = transforms_of(tuple(written_in(self._document, endpoints)), self)
        written = [rule for endpoint in endpoints for rule in self._rules_of(endpoint)]
        own = {
            name: section.own.validate_response
            for name, section in self._extension.middleware.operations.items()
            if section.own is not None and section.own.validate_response is not None
        }
        written += self._validation.response_rules(self._extension.own.validate_response, own, _EXTENSION)
        rules = list(self.with_good_path((rule, ("paths", rule.path)) for rule in written))
        yield from (rule for rule in rules if rule.kind != "allow")
        yield from sorted((rule for rule in rules if rule.kind == "allow"), key=lambda rule: (rule.path, rule.method))

    def _rules_of(self, endpoint: _Endpoint) -> Iterator[Rule]:
        section = endpoint.section
        for kind, key, listing in (
            (AccessKind.ALLOW, "allow", section.allow),
            (AccessKind.BLOCK, "block", section.block),
            (AccessKind.IGNORE, "ignoreAuthentication", section.ignore_authentication),
        ):
            if listing is not None and listing.enabled:
                yield self._rule(
                    endpoint, key, "access", AccessEntry(kind), kind=kind.value, ignore_case=listing.ignore_case
                )
        if _on(section.internal):
            yield self._rule(endpoint, "internal", "access", AccessEntry(AccessKind.INTERNAL), kind="internal")
        method = section.transform_request_method
        if method is not None and method.enabled:
            self.check_method(method.to_method, (*endpoint.place, "transformRequestMethod", "toMethod"))
            yield self._rule(endpoint, "transformRequestMethod", "request_method", RequestMethod(method.to_method))
        limit = section.request_size_limit
        if limit is not None and limit.enabled:
            yield self._rule(endpoint, "requestSizeLimit", "request_size_limit", RequestSizeLimit(limit.value))
        if self._recording.enabled and self.settings.enable_analytics:
            for key, name, tracking in oas_tracking(section, endpoint.path):
                yield self._rule(endpoint, key, "track_endpoint", tracking, kind=name)
        yield from self._header_rules(endpoint)
        if section.url_rewrite is not None and section.url_rewrite.enabled:
            yield self._rule(endpoint, "urlRewrite", "url_rewrite", self._rewrite(section.url_rewrite, endpoint))
        timeout = section.enforce_timeout
        if timeout is not None and timeout.enabled:
            seconds = duration_seconds(timeout.duration) or float(timeout.value)
            yield self._rule(endpoint, "enforceTimeout", "enforced_timeout", EnforcedTimeout(seconds))
        validate = section.validate_request
        if validate is not None and validate.enabled:
            place = (*endpoint.place, "validateRequest")
            yield from self._validation.request_rule(validate, endpoint.path, endpoint.method, place)
        mock = section.mock_response
        if mock is not None and mock.enabled:
            place = (*endpoint.place, "mockResponse")
            yield self._rule(endpoint, "mockResponse", "mock_response", self._mock(mock, endpoint, place))
        yield from self._body_rules(endpoint)
        virtual = self._virtual.get((*endpoint.place, VIRTUAL))
        yield from () if virtual is None else (self._rule(endpoint, VIRTUAL, "virtual_endpoint", virtual),)

    def _body_rules(self, endpoint: _Endpoint) -> Iterator[Rule]:
        for key, name in ((REQUEST, "request_body_transform"), (RESPONSE, "response_body_transform")):
            transform = self._bodies.get((*endpoint.place, key))
            if transform is not None:
                yield self._rule(endpoint, key, name, transform)

    def _header_rules(self, endpoint: _Endpoint) -> Iterator[Rule]:
        section = endpoint.section
        for key, name, transform, make in (
            ("transformRequestHeaders", "request_headers", section.transform_request_headers, RequestHeaders),
            ("transformResponseHeaders", "response_headers", section.transform_response_headers, ResponseHeaders),
        ):
            if transform is not None and transform.enabled:
                yield self._rule(endpoint, key, name, self._headers(transform, make, (*endpoint.place, key)))

    @staticmethod
    def _rule(
        endpoint: _Endpoint, key: str, middleware: str, config: object, *, kind: str = "", ignore_case: bool = False
    ) -> Rule:
        at = pointer(*endpoint.place, key)
        return Rule(middleware, endpoint.path, endpoint.method, config, at, kind, ignore_case)

    def _rewrite(self, rewrite: Rewrite, endpoint: _Endpoint) -> UrlRewrite:
        place = (*endpoint.place, "urlRewrite")
        triggers = triggers_of_oas(rewrite.triggers, (*place, "triggers"), endpoint.path, self)
        return self.rewrite((rewrite.pattern, (*place, "pattern")), rewrite.rewrite_to, triggers)

    def _mock(self, mock: Mock, endpoint: _Endpoint, place: Place) -> MockConfig:
        examples = mock.from_oas_examples
        if examples is not None and examples.enabled:
            at = (*place, "fromOASExamples")
            return self._examples.mock(examples, endpoint.path, endpoint.method.lower(), at)
        self.check_status(mock.code, (*place, "code"))
        headers: dict[str, str] = {}
        for index, header in enumerate(mock.headers):
            self.check_name(header.name, (*place, "headers", index, "name"))
            headers[canonical(header.name)] = header.value
        return MockResponse(mock.code, mock.body.encode("utf-8", "surrogateescape"), Headers.of(*headers.items()))


def _on(section: Any) -> bool:
    return section is not None and bool(section.enabled)


def compare_paths(left: str, right: str) -> int:
    """Which of two document paths is tried first: below 0, the left one.

    Source: behaviour-chain 2.5.
    """
    bare_left, bare_right = _PLACEHOLDER.sub("", left), _PLACEHOLDER.sub("", right)
    if bare_left != bare_right:
        return _plain_order(bare_left, bare_right)
    return _plain_order(right, left)


def _plain_order(left: str, right: str) -> int:
    """More slashes first, then the longer text, then the alphabet."""
    one, other = (-left.count("/"), -len(left), left), (-right.count("/"), -len(right), right)
    return (one > other) - (one < other)
