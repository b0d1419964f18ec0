"""What decoding a definition takes in every format: from values of a document to configurations of middlewares.

Knows what values mean, and no format's keys: whoever calls says where in the document a value stands.
"""

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final, Protocol

from lockgate.decoding.shapes import Notes, Place
from lockgate.destinations import Reach, places_of
from lockgate.exchange import canonical
from lockgate.loading.durations import NEVER, date
from lockgate.loading.grounds import Grounds
from lockgate.loading.references import has_reference
from lockgate.middleware import Reason, Rule
from lockgate.middlewares.batch import Batch
from lockgate.middlewares.cors import Cors
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.expires_header import ExpiresHeader
from lockgate.middlewares.forward import Forwarding
from lockgate.middlewares.ip_access import Network
from lockgate.middlewares.url_rewrite import UrlRewrite
from lockgate.model import Section, VersionLocation
from lockgate.problems import pointer
from lockgate.rewriting import Trigger
from lockgate.routing.listen import ListenPath, template_pattern
from lockgate.routing.pattern import PatternError, Regex, compile_regex, path_pattern
from lockgate.scripting.host_calls import HostRules
from lockgate.settings import Settings
from lockgate.urls import Target, clean_path, parse_target
from lockgate.variables import Secrets, Text, compile_text

_TO_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST_NAME: Final = re.compile(r"[^\s/?#@{}]+")
_LOOP: Final = "tyk"
_FIRST_STATUS: Final = 200
_LAST_STATUS: Final = 999
_PROTECTING: Final = ("allow", "block", "internal")


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
    api_id: str = ""
    """For a document without an id; "" makes one from the file's name."""
    grounds: Grounds | None = None
    """Where files are read from; None: everywhere."""

    def refuses(self, file: str | Path) -> str:
        """Why a file is not read; "" where it may be."""
        return "" if self.grounds is None else self.grounds.refusal(file)


@dataclass(frozen=True, slots=True)
class CorsSection:
    """CORS as both formats have it."""

    enabled: bool = False
    allowed_origins: tuple[str, ...] = ()
    allowed_methods: tuple[str, ...] = ()
    allowed_headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0
    """In seconds."""
    options_passthrough: bool = False


def cors_config(section: CorsSection) -> Cors:
    """What a section says."""
    return Cors(
        allowed_origins=section.allowed_origins,
        allowed_methods=section.allowed_methods,
        allowed_headers=section.allowed_headers,
        exposed_headers=section.exposed_headers,
        allow_credentials=section.allow_credentials,
        max_age_seconds=section.max_age,
        options_passthrough=section.options_passthrough,
    )


class HeaderConfig(Protocol):
    """A configuration that removes and sets headers."""

    def __call__(self, *, remove: tuple[str, ...], add: tuple[tuple[str, Text], ...]) -> Any: ...  # noqa: D102


class Making:
    """One definition under way: what all its parts need."""

    def __init__(self, origin: Origin, notes: Notes) -> None:
        """Begin with nothing.

        Args:
            origin: Of the document.
            notes: Of everything wrong with it.
        """
        self.origin: Final = origin
        self.notes: Final = notes
        self.broken: Final[list[str]] = []
        """Why the API cannot be served as it is written: sections that protect and do not compile."""
        settings = origin.settings
        keep_names = settings.ignore_canonical_mime_header_key
        self.script_rules: Final = HostRules(settings.own.scripts, keep_names=keep_names)
        """What scripts of the API may ask for."""
        self.files: Final[dict[str, str]] = {}
        """Files beside the document that it asks for, with a digest of what is in each; "" where nothing is."""

    @property
    def settings(self) -> Settings:
        """Of the gateway."""
        return self.origin.settings

    def pointer(self, place: Place) -> str:
        """The JSON Pointer to a place."""
        return pointer(*place)

    def unjudged(self, text: str) -> bool:
        """Whether a text is not known before it is served."""
        return not self.origin.resolve and has_reference(text)

    def forwards(self, forwarding: Forwarding) -> Forwarding:
        """Note where requests go: scripts may call that, too."""
        self.script_rules.reach = reach_of(self.script_rules.reach, forwarding)
        return forwarding

    def batch(self, place: Place) -> Section:
        """The endpoint for several requests in one. To be asked for when the upstreams are known."""
        rules = self.script_rules
        return Section(Batch(rules.reach, rules.max_units, rules.at_once, rules.max_bytes), self.pointer(place))

    @property
    def unavailable(self) -> str:
        """Why every request gets 503; "" when it does not."""
        missing = [f"it needs {name}, which is not supported yet" for name in self.notes.restrictions]
        return "; ".join(missing + self.broken)

    # where requests come in and go to

    def listen_path(self, text: str, place: Place, *, refuse: bool) -> ListenPath | None:
        """The listen path; None for one that cannot be served.

        Args:
            text: As written.
            place: Of it.
            refuse: Whether the reference gateway refuses one that no router takes, instead of not serving the API.
        """
        if self.unjudged(text):
            return ListenPath("/")
        notes = self.notes
        shown = notes.show(text, place)
        if not text or " " in text:
            message = f"expected a listen path without blanks, found {shown}: the API is not served"
            notes.warning("bad-listen-path", message, place)
            return None
        meant = text if text.startswith("/") else "/" + text
        if "{" not in meant:
            meant = clean_path(meant)
        try:
            listen = ListenPath(meant)
        except ValueError as error:
            message = f"expected a listen path, found {shown}{notes.because(error, place)}"
            if refuse:
                notes.error("bad-listen-path", message, place)
            else:
                notes.warning("bad-listen-path", f"{message}; the API is not served", place)
            return None
        if meant != text:
            message = f"the listen path {shown} would never be reached on Tyk: it is served in its clean form"
            hint = "" if shown != repr(text) else f"write {meant!r}"
            notes.warning("unclean-listen-path", message, place, hint)
        elif "%" in text:
            message = f"the listen path {shown} is compared with decoded paths, in which '%' stands for itself"
            notes.warning("escaped-listen-path", message, place, "write the characters themselves")
        return listen

    def target(
        self, text: str, place: Place, *, refuse: bool = False, unused: bool = False
    ) -> tuple[Target | None, bool]:
        """An upstream's URL.

        Args:
            text: As written.
            place: Of it.
            refuse: Whether one that cannot be taken apart is refused, instead of not serving the API.
            unused: Nothing is said of one that cannot be forwarded to: requests go elsewhere.

        Returns:
            None where nothing can be forwarded to it; and whether it could be taken apart.
        """
        if self.unjudged(text):
            return None, True
        notes = self.notes
        shown = notes.show(text, place)
        try:
            target = parse_target(text)
        except ValueError as error:
            message = f"expected the upstream's URL, found {shown}{notes.because(error, place)}"
            if refuse:
                notes.error("bad-url", message, place)
            else:
                notes.warning("bad-url", f"{message}; the API is not served", place)
            return None, False
        if target.can_be_forwarded_to or target.scheme == _LOOP:
            return target, True
        if not unused:
            message = f"expected an http or https URL, found {shown}: every request is answered with 500"
            likely = shown == repr(text) and not target.scheme and text and not text.startswith("/")
            notes.warning("bad-url", message, place, f"did you mean 'http://{text}'?" if likely else "")
        return None, True

    def targets(self, texts: Iterable[tuple[str, Place]]) -> tuple[Target, ...]:
        """Upstreams that take turns. A URL without scheme is an http one; one that is none is left out."""
        made: list[Target] = []
        for text, place in texts:
            whole = text if "://" in text else f"http://{text}"
            target, _ = self.target(whole, place)
            if target is not None:
                made.append(target)
        return tuple(made)

    def domain(self, text: str, place: Place) -> str | None:
        """The host name that an API is served under; None for one that cannot be."""
        if self.unjudged(text):
            return ""
        notes = self.notes
        if not self.settings.enable_custom_domains:
            message = "the domain has no effect, because enable_custom_domains is off: the API is served for every Host"
            notes.warning("unused-domain", message, place)
            return text
        try:
            if "{" in text or "}" in text:
                compile_regex(template_pattern(text, default="[^.]+"))
            elif _HOST_NAME.fullmatch(text) is None:
                raise ValueError("it is no host name")
        except ValueError as error:
            found = f"{notes.show(text, place)}{notes.because(error, place)}"
            notes.warning("bad-domain", f"expected a host name, found {found}; the API is not served", place)
            return None
        return text

    def location(self, text: str, place: Place, default: str) -> VersionLocation:
        """Where requests name a version. Without a location the default is all there is."""
        try:
            location = VersionLocation(text)
        except ValueError:
            location = VersionLocation.NOWHERE
        if location is VersionLocation.NOWHERE and (text or not default):
            known = ", ".join(repr(one.value) for one in VersionLocation if one.value)
            message = f"expected one of {known}, found {self.notes.show(text, place)}: no request can name a version"
            self.notes.warning("bad-version-location", message, place)
        return location

    def version_pattern(self, text: str, place: Place) -> Regex | None:
        """Which segments of a path are cut off as a version."""
        return self.regex(text, place, "no version is cut off") if text else None

    def networks(self, texts: Iterable[tuple[str, Place]]) -> tuple[Network, ...]:
        """Addresses and networks; what is none is left out."""
        made: list[Network] = []
        for text, place in texts:
            if self.unjudged(text):
                continue
            network = network_of(text)
            if network is None:
                found = self.notes.show(text, place)
                message = f"expected an IP address or network such as '10.0.0.0/8', found {found}: it is left out"
                self.notes.warning("bad-address", message, place)
            else:
                made.append(network)
        return tuple(made)

    # texts

    def regex(self, text: str, place: Place, consequence: str) -> Regex | None:
        """A pattern; None for one that does not compile."""
        try:
            return compile_regex(text)
        except PatternError as error:
            found = f"{self.notes.show(text, place)} does not compile{self.notes.because(error, place)}"
            self.notes.warning("bad-pattern", f"the pattern {found}; {consequence}", place)
            return None

    def text(self, text: str) -> Text:
        """A text with variables."""
        return compile_text(text, self.origin.secrets)

    def expiration(
        self, text: str, place: Place, reason: Reason = Reason.API_EXPIRED, what: str = "the API"
    ) -> Iterator[tuple[str, Section]]:
        """The sections that an expiration makes."""
        if text in NEVER or self.unjudged(text):
            return
        at = date(text)
        if at is None:
            found = self.notes.show(text, place)
            message = f"expected a date such as '2030-12-31 23:59', found {found}: {what} counts as expired"
            self.notes.warning("bad-date", message, place)
        else:
            yield "expires_header", Section(ExpiresHeader(at), self.pointer(place))
        yield "expiration", Section(Expiration(at, reason), self.pointer(place))

    def header_pairs(self, added: Iterable[tuple[str, str, Place]]) -> tuple[tuple[str, Text], ...]:
        """Headers to set: name, as it is sent, value and place of each. The last one of a name counts."""
        keep_names = self.settings.ignore_canonical_mime_header_key
        made: dict[str, tuple[str, Text]] = {}
        for name, value, place in added:
            self.check_name(name, place)
            # Differs: the reference gateway then leaves fields of another spelling beside it
            # (test_names_are_canonical_unless_the_settings_keep_them).
            made[canonical(name)] = (name if keep_names else canonical(name), self.text(value))
        return tuple(made.values())

    def check_name(self, name: str, place: Place) -> None:
        """Note a header name that is none."""
        if _HEADER_NAME.fullmatch(name) is None:
            found = self.notes.show(name, place)
            self.notes.warning("bad-header-name", f"expected a header name, found {found}", place)

    def check_method(self, name: str, place: Place) -> None:
        """Note a method that requests cannot be sent with."""
        if name.upper() not in _TO_METHODS:
            found = self.notes.show(name, place)
            message = f"expected one of {', '.join(_TO_METHODS)}, found {found}: requests are answered with 405"
            self.notes.warning("bad-method", message, place)

    def check_status(self, status: int, place: Place, consequence: str = "requests are answered with 500") -> None:
        """Note a status that an answer cannot have; 0 stands for 200."""
        if status and not _FIRST_STATUS <= status <= _LAST_STATUS:
            message = f"expected a status from {_FIRST_STATUS} to {_LAST_STATUS}, found {status}"
            self.notes.warning("bad-status", f"{message}: {consequence}", place)

    def rewrite(self, pattern: tuple[str, Place], to: str, triggers: tuple[Trigger, ...]) -> UrlRewrite:
        """A rule that sends requests to another URL."""
        regex = self.regex(*pattern, "requests are answered with 500")
        keep_dots = self.settings.http_server_options.skip_url_cleaning
        return UrlRewrite(pattern[0], regex, self.text(to), triggers, keep_dots)

    # entries for endpoints

    def with_good_path(self, rules: Iterable[tuple[Rule, Place]]) -> Iterator[Rule]:
        """The rules whose path is a pattern; the others are noted, and lost.

        Args:
            rules: Of any number of endpoints, each with where its path stands.
        """
        options = self.settings.http_server_options
        seen: dict[str, PatternError | None] = {}
        noted: set[Place] = set()
        for rule, place in rules:
            if rule.path not in seen:
                pattern = path_pattern(
                    rule.path, prefix=options.enable_path_prefix_matching, suffix=options.enable_path_suffix_matching
                )
                try:
                    compile_regex(pattern)
                    seen[rule.path] = None
                except PatternError as error:
                    seen[rule.path] = error
            failure = seen[rule.path]
            if failure is None:
                yield rule
                continue
            protects = (rule.kind or rule.middleware) in (*_PROTECTING, "request_size_limit", "validate_request")
            self._bad_path(rule.path, failure, place, noted, protects=protects)

    def _bad_path(self, path: str, error: PatternError, place: Place, noted: set[Place], *, protects: bool) -> None:
        reason = self.notes.because(error, place)
        message = f"the path {self.notes.show(path, place)} is no regular expression{reason}"
        if protects and message not in self.broken:
            self.broken.append(message)
            self.notes.error("unsupported-pattern", f"{message}; the API answers 503, its entries protect", place)
        elif not protects and place not in noted:
            self.notes.warning("bad-pattern", f"{message}; its middleware has no effect", place)
        noted.add(place)

    # identity

    def content_hash(self, document: Mapping[str, Any], api_id: str) -> str:
        """Of everything that a definition's behaviour depends on."""
        settings = self.settings
        matters = [
            api_id,
            dict(settings.secrets),
            settings.strict,
            settings.upstream_timeout_seconds,
            settings.enable_custom_domains,
            settings.enable_analytics,
            settings.own.limits.max_validated_body,
            repr(settings.own.scripts),
            repr(settings.http_server_options),
            settings.proxy_ssl_insecure_skip_verify,
            [settings.proxy_ssl_min_version, settings.proxy_ssl_max_version, *settings.proxy_ssl_ciphers],
            [settings.folder, *settings.own.upstream_ca_files],
            [settings.enable_jsvm, settings.jsvm_timeout, settings.tyk_js_path, settings.disable_virtual_path_blobs],
            sorted(self.files.items()),
            document,
        ]
        text = json.dumps(matters, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def made_up_id(self) -> str:
        """For a document that has no id: the same one as long as the file keeps its name."""
        origin = self.origin
        if origin.api_id:
            return origin.api_id
        stem = PurePath(origin.file).stem.removesuffix("-oas")
        if origin.number:
            stem = f"{stem}-{origin.number + 1}"
        if re.fullmatch(r"[A-Za-z0-9._-]+", stem):
            return stem
        return hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def reach_of(reach: Reach, forwarding: Forwarding) -> Reach:
    """What scripts may call, with the upstreams that requests go to, and with their TLS."""
    targets = [target for target in (forwarding.target, *forwarding.targets) if target is not None]
    own = [places_of(target.host, target.port) for target in targets if target.can_be_forwarded_to]
    return replace(
        reach,
        own=reach.own.union(*own),
        tls=forwarding.tls,
        tls_by_host={**(reach.tls_by_host or {}), **forwarding.tls_by_host},
    )


def network_of(text: str) -> Network | None:
    """An address or network; None when it is neither."""
    try:
        if "/" in text:
            address, _, length = text.partition("/")
            if not length.isdecimal():
                return None
            return ipaddress.ip_network(f"{address}/{length}", strict=False)
        return ipaddress.ip_network(ipaddress.ip_address(text))
    except ValueError:
        return None
