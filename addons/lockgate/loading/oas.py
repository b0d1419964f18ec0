"""A Tyk OAS document to an ``ApiDefinition``: knows the format's structure, and which middleware each section is.

Source: behaviour-chain 1.3, 1.4 and 2.5.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cmp_to_key
from pathlib import PurePath
from typing import Any, Final

from lockgate.decoding.shapes import Bad, Notes, Place, nearest
from lockgate.exchange import Headers, canonical
from lockgate.loading.oas_format import EXTENSION, SHAPE
from lockgate.loading.oas_sections import Extension, HeaderTransform, Info, Mock, Operation, Rewrite
from lockgate.loading.openapi_rules import check_document, operations
from lockgate.loading.references import has_reference
from lockgate.middleware import Rule
from lockgate.middlewares.access import AccessEntry, AccessKind
from lockgate.middlewares.context_variables import ContextVariables
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.expires_header import ExpiresHeader
from lockgate.middlewares.forward import Forwarding
from lockgate.middlewares.mock_response import MockResponse
from lockgate.middlewares.request_headers import RequestHeaders
from lockgate.middlewares.request_method import RequestMethod
from lockgate.middlewares.request_size_limit import RequestSizeLimit
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.middlewares.url_rewrite import UrlRewrite
from lockgate.model import ApiDefinition, Section, Version
from lockgate.problems import pointer
from lockgate.routing.listen import ListenPath
from lockgate.routing.pattern import PatternError, compile_regex, path_pattern
from lockgate.settings import Settings
from lockgate.urls import Target, clean_path, parse_target
from lockgate.variables import Secrets, compile_text

_NEVER: Final = ("", "-1")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d")
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_TO_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_SCHEMES: Final = ("http", "https")
_LOOP: Final = "tyk"

_EXTENSION: Final[Place] = (EXTENSION,)
_MIDDLEWARE: Final[Place] = (*_EXTENSION, "middleware")
_GLOBAL: Final[Place] = (*_MIDDLEWARE, "global")
_LISTEN: Final[Place] = (*_EXTENSION, "server", "listenPath", "value")
_URL: Final[Place] = (*_EXTENSION, "upstream", "url")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document came from, and what it is loaded for."""

    file: str
    """As the user gave it."""
    settings: Settings
    secrets: Secrets
    """For ``$secret_…`` in texts."""
    resolve: bool
    """Whether references to secrets were replaced; where they were not, such texts are not judged."""
    number: int = 0
    """Of the document within its file."""


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
    made = _Making(document, extension, origin, notes).definition(written)
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


class _Making:
    """One definition under way: what all its parts need."""

    def __init__(self, document: Mapping[str, Any], extension: Extension, origin: Origin, notes: Notes) -> None:
        self._document = document
        self._extension = extension
        self._origin = origin
        self._notes = notes
        self._broken: list[str] = []

    def definition(self, written: Mapping[str, Any]) -> ApiDefinition | None:
        extension, origin, notes = self._extension, self._origin, self._notes
        listen = self._listen_path()
        sections = dict(self._sections(listen)) if listen is not None else {}
        rules = tuple(self._rules())
        if listen is None:
            return None
        domain = extension.server.custom_domain
        if domain is not None and domain.enabled:
            place = (*_EXTENSION, "server", "customDomain")
            notes.unsupported("customDomain", place, consequence="the API is served whatever the Host")
        reasons = [f"it needs {name}, which is not supported yet" for name in notes.restrictions] + self._broken
        api_id = extension.info.id or _id_from_file(origin)
        return ApiDefinition(
            id=api_id,
            name=extension.info.name,
            listen_path=listen.text,
            strip_listen_path=extension.server.listen_path.strip,
            versions=(
                Version(
                    sections=sections,
                    rules=rules,
                    operations=tuple((path, method.upper()) for path, method, _ in operations(self._document)),
                    ignore_case=_on(extension.middleware.global_.ignore_case),
                ),
            ),
            org_id=extension.info.org_id,
            internal=extension.info.state.internal,
            unavailable="; ".join(reasons),
            strict=extension.own.strict or origin.settings.strict,
            document=written,
            source=origin.file,
            content_hash=_hash(self._document, api_id, origin.settings),
        )

    def _unjudged(self, text: str) -> bool:
        return not self._origin.resolve and has_reference(text)

    # listen path and upstream

    def _listen_path(self) -> ListenPath | None:
        text = self._extension.server.listen_path.value
        if self._unjudged(text):
            return ListenPath("/")
        shown = self._notes.show(text, _LISTEN)
        if " " in text:
            message = f"expected a listen path without blanks, found {shown}: the API is not served"
            self._notes.warning("bad-listen-path", message, _LISTEN)
            return None
        meant = text if text.startswith("/") else "/" + text
        if "{" not in meant:
            meant = clean_path(meant)
        try:
            listen = ListenPath(meant)
        except ValueError as error:
            reason = self._notes.because(error, _LISTEN)
            self._notes.error("bad-listen-path", f"expected a listen path, found {shown}{reason}", _LISTEN)
            return None
        if meant != text:
            message = f"the listen path {shown} would never be reached on Tyk: it is served in its clean form"
            hint = "" if shown != repr(text) else f"write {meant!r}"
            self._notes.warning("unclean-listen-path", message, _LISTEN, hint)
        elif "%" in text:
            message = f"the listen path {shown} is compared with decoded paths, in which '%' stands for itself"
            self._notes.warning("escaped-listen-path", message, _LISTEN, "write the characters themselves")
        return listen

    def _target(self) -> Target | None:
        text = self._extension.upstream.url
        if self._unjudged(text):
            return None
        shown = self._notes.show(text, _URL)
        try:
            target = parse_target(text)
        except ValueError as error:
            reason = self._notes.because(error, _URL)
            self._notes.error("bad-url", f"expected the upstream's URL, found {shown}{reason}", _URL)
            return None
        if target.can_be_forwarded_to or target.scheme == _LOOP:
            return target
        message = f"expected an http or https URL, found {shown}: every request is answered with 500"
        likely = shown == repr(text) and not target.scheme and text and not text.startswith("/")
        hint = f"did you mean 'http://{text}'?" if likely else ""
        self._notes.warning("bad-url", message, _URL, hint)
        return None

    # sections for the whole API

    def _sections(self, listen: ListenPath) -> Iterator[tuple[str, Section]]:
        extension, settings = self._extension, self._origin.settings
        everywhere = extension.middleware.global_
        server = settings.http_server_options
        forwarding = Forwarding(
            target=self._target(),
            listen=listen,
            strip=extension.server.listen_path.strip,
            preserve_host=_on(extension.upstream.preserve_host_header),
            keep_slash=_on(extension.upstream.preserve_trailing_slash),
            response_timeout_seconds=settings.upstream_timeout_seconds,
            keep_raw_path=server.skip_target_path_escaping,
            websockets=server.enable_websockets,
        )
        yield "forward", Section(forwarding, pointer(*_EXTENSION, "upstream"))
        yield from self._expiration(extension.info)
        if _on(everywhere.context_variables):
            yield (
                "context_variables",
                Section(ContextVariables(server.xff_depth), pointer(*_GLOBAL, "contextVariables")),
            )
        limit = everywhere.request_size_limit
        if limit is not None and limit.enabled and limit.value > 0:
            yield "request_size_limit", Section(RequestSizeLimit(limit.value), pointer(*_GLOBAL, "requestSizeLimit"))
        for key, name, make in (
            ("transformRequestHeaders", "request_headers", RequestHeaders),
            ("transformResponseHeaders", "response_headers", ResponseHeaders),
        ):
            request = key == "transformRequestHeaders"
            transform = everywhere.transform_request_headers if request else everywhere.transform_response_headers
            place = (*_GLOBAL, key)
            if transform is not None and transform.enabled and (transform.remove or transform.add):
                yield name, Section(self._headers(transform, make, place), pointer(*place))

    def _expiration(self, info: Info) -> Iterator[tuple[str, Section]]:
        text, place = info.expiration, (*_EXTENSION, "info", "expiration")
        if text in _NEVER or self._unjudged(text):
            return
        at: datetime | None = None
        if _DATE.fullmatch(text):
            try:
                at = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            except ValueError:
                at = None
        if at is None:
            found = self._notes.show(text, place)
            message = f"expected a date such as '2030-12-31 23:59', found {found}: the API counts as expired"
            self._notes.warning("bad-date", message, place)
        else:
            yield "expires_header", Section(ExpiresHeader(at), pointer(*place))
        yield "expiration", Section(Expiration(at), pointer(*place))

    def _headers(self, transform: HeaderTransform, make: Any, place: Place) -> Any:
        add: dict[str, Any] = {}
        for index, header in enumerate(transform.add):
            name = canonical(header.name)
            self._check_name(header.name, (*place, "add", index, "name"))
            # The last one of a name counts.
            add[name] = (header.name, compile_text(header.value, self._origin.secrets))
        return make(remove=transform.remove, add=tuple(add.values()))

    def _check_name(self, name: str, place: Place) -> None:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            self._notes.warning(
                "bad-header-name", f"expected a header name, found {self._notes.show(name, place)}", place
            )

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
                self._notes.warning("unknown-operation", message, (*place, name), nearest(name, tuple(known)))
        by_path: dict[str, list[_Endpoint]] = {}
        for name, (path, method) in known.items():
            if name in sections:
                by_path.setdefault(path, []).append(_Endpoint(path, method, sections[name], (*place, name)))
        for path in sorted(by_path, key=cmp_to_key(compare_paths)):
            yield from by_path[path]

    def _rules(self) -> Iterator[Rule]:
        allowed: list[Rule] = []
        options = self._origin.settings.http_server_options
        for endpoint in self._endpoints():
            pattern = path_pattern(
                endpoint.path,
                prefix=options.enable_path_prefix_matching,
                suffix=options.enable_path_suffix_matching,
            )
            rules = list(self._rules_of(endpoint))
            try:
                compile_regex(pattern)
            except PatternError as error:
                self._bad_path(endpoint, rules, error)
                continue
            allowed += [rule for rule in rules if rule.kind == "allow"]
            yield from (rule for rule in rules if rule.kind != "allow")
        yield from sorted(allowed, key=lambda rule: (rule.path, rule.method))

    def _bad_path(self, endpoint: _Endpoint, rules: list[Rule], error: PatternError) -> None:
        if not rules:
            return
        place = ("paths", endpoint.path)
        message = f"the path {endpoint.path!r} is no regular expression: {error}"
        if any(
            rule.kind in ("allow", "block", "internal") or rule.middleware == "request_size_limit" for rule in rules
        ):
            self._broken.append(message)
            self._notes.error("unsupported-pattern", f"{message}; the API answers 503, its entries protect", place)
        else:
            self._notes.warning("bad-pattern", f"{message}; its middleware has no effect", place)

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
            self._check_method(method.to_method, (*endpoint.place, "transformRequestMethod", "toMethod"))
            yield self._rule(endpoint, "transformRequestMethod", "request_method", RequestMethod(method.to_method))
        limit = section.request_size_limit
        if limit is not None and limit.enabled:
            yield self._rule(endpoint, "requestSizeLimit", "request_size_limit", RequestSizeLimit(limit.value))
        yield from self._header_rules(endpoint)
        if section.url_rewrite is not None and section.url_rewrite.enabled:
            yield self._rule(endpoint, "urlRewrite", "url_rewrite", self._rewrite(section.url_rewrite, endpoint))
        mock = section.mock_response
        if mock is not None and mock.enabled:
            place = (*endpoint.place, "mockResponse")
            if _on(mock.from_oas_examples):
                consequence = "requests go to the upstream"
                self._notes.unsupported("fromOASExamples", (*place, "fromOASExamples"), consequence=consequence)
            else:
                yield self._rule(endpoint, "mockResponse", "mock_response", self._mock(mock, place))

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

    def _check_method(self, name: str, place: Place) -> None:
        if name.upper() not in _TO_METHODS:
            expected = ", ".join(_TO_METHODS)
            message = (
                f"expected one of {expected}, found {self._notes.show(name, place)}: requests are answered with 405"
            )
            self._notes.warning("bad-method", message, place)

    def _rewrite(self, rewrite: Rewrite, endpoint: _Endpoint) -> UrlRewrite:
        place = (*endpoint.place, "urlRewrite")
        if rewrite.triggers:
            consequence = "the rule's own pattern and rewriteTo always count"
            self._notes.unsupported("urlRewrite.triggers", (*place, "triggers"), consequence=consequence)
        try:
            regex = compile_regex(rewrite.pattern)
        except PatternError as error:
            regex = None
            shown = self._notes.show(rewrite.pattern, (*place, "pattern"))
            reason = self._notes.because(error, (*place, "pattern"))
            message = f"the pattern {shown} does not compile{reason}; requests are answered with 500"
            self._notes.warning("bad-pattern", message, (*place, "pattern"))
        return UrlRewrite(rewrite.pattern, regex, compile_text(rewrite.rewrite_to, self._origin.secrets))

    def _mock(self, mock: Mock, place: Place) -> MockResponse:
        if mock.code and not 200 <= mock.code <= 999:  # noqa: PLR2004
            message = f"expected a status from 200 to 999, found {mock.code}: requests are answered with 500"
            self._notes.warning("bad-status", message, (*place, "code"))
        headers: dict[str, str] = {}
        for index, header in enumerate(mock.headers):
            self._check_name(header.name, (*place, "headers", index, "name"))
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


def _id_from_file(origin: Origin) -> str:
    """For a document that has no id: the same one as long as the file keeps its name."""
    stem = PurePath(origin.file).stem.removesuffix("-oas")
    if origin.number:
        stem = f"{stem}-{origin.number + 1}"
    if re.fullmatch(r"[A-Za-z0-9._-]+", stem):
        return stem
    return hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _hash(document: Mapping[str, Any], api_id: str, settings: Settings) -> str:
    """Of everything that a definition's behaviour depends on."""
    matters = [
        api_id,
        dict(settings.secrets),
        settings.strict,
        settings.upstream_timeout_seconds,
        repr(settings.http_server_options),
        document,
    ]
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
