"""A Tyk Classic definition to an ``ApiDefinition``: knows the format's structure, and which middleware each section is.

Source: behaviour-chain 1.3, 1.4, 1.9, 1.10 and 2.5.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lockgate.decoding.shapes import Bad, Notes, Place
from lockgate.error_replies import PLAIN, ErrorReplies
from lockgate.loading.body_transforms import transforms_of
from lockgate.loading.classic_authentication import note_other_methods
from lockgate.loading.classic_bodies import written_in
from lockgate.loading.classic_format import SHAPE
from lockgate.loading.classic_parts import as_written
from lockgate.loading.classic_plugins import written_in as plugins_in
from lockgate.loading.classic_rules import check_classic
from lockgate.loading.classic_scripts import config_of
from lockgate.loading.classic_scripts import written_in as virtual_endpoints_in
from lockgate.loading.classic_sections import Classic, VersionSection
from lockgate.loading.classic_versions import Api, ClassicVersion, tls_of
from lockgate.loading.error_rules import overrides_of
from lockgate.loading.event_handlers import classic_handlers, event_scripts
from lockgate.loading.making import Making, Origin
from lockgate.loading.plugins import Plugins, note_plugins, plugins_of
from lockgate.loading.recording import classic_recording
from lockgate.loading.scripts import ApiScripts, add_virtual_endpoints, virtual_endpoints
from lockgate.middleware import Reason
from lockgate.model import ApiDefinition, Versioning, VersionLocation
from lockgate.problems import pointer
from lockgate.routing.listen import ListenPath

_OTHER_PROTOCOLS: Final = ("tcp", "tls")
_DEFAULTS: Final = ("Default", "default", "")
"""Keys of the version that an API without versions has, in the order in which they are looked for."""


def decode_classic(
    document: Mapping[str, Any], written: Mapping[str, Any], origin: Origin, notes: Notes
) -> ApiDefinition | None:
    """Decode a definition.

    Args:
        document: With references to secrets replaced.
        written: As it was written.
        origin: Of the document.
        notes: Of everything wrong with it.

    Returns:
        None for a definition that the reference gateway refuses or never serves, or that says it is not to be served.
    """
    classic = SHAPE.read(document, (), notes)
    if isinstance(classic, Bad):
        return None
    check_classic(classic, notes)
    if classic.proxy.listen_path is None and not classic.proxy.target_url:
        notes.error("missing-key", "expected 'proxy' with 'listen_path' and 'target_url', but both are missing", ())
    if classic.is_oas:
        message = "is_oas is true, and the OpenAPI document that belongs to it is not beside it: the API is not served"
        notes.error("missing-companion", message, ("is_oas",))
    if classic.protocol in _OTHER_PROTOCOLS:
        message = f"APIs of protocol {notes.show(classic.protocol, ('protocol',))} are not supported yet: the API is not served"
        notes.error("unsupported-protocol", message, ("protocol",))
        return None
    made = None if notes.refused() else _ClassicMaking(document, written, classic, origin, notes).definition()
    if made is None or notes.refused():
        return None
    if classic.active is False:
        message = "the API is not active, and is not served (a Tyk gateway that reads files serves it all the same)"
        notes.warning("inactive-api", message, ("active",))
        return None
    return made


class _ClassicMaking(Making):
    """One Classic definition under way."""

    def __init__(
        self, document: Mapping[str, Any], written: Mapping[str, Any], classic: Classic, origin: Origin, notes: Notes
    ) -> None:
        super().__init__(origin, notes)
        self._document = document
        self._written = written
        self._classic = classic

    def pointer(self, place: Place) -> str:
        """The JSON Pointer to a place, with keys as the document spells them."""
        return as_written(self._written, pointer(*place))

    def definition(self) -> ApiDefinition | None:
        classic, origin = self._classic, self.origin
        listen = self.listen_path(classic.proxy.listen_path or "", ("proxy", "listen_path"), refuse=False)
        target, good = self.target(
            classic.proxy.target_url,
            ("proxy", "target_url"),
            # A GraphQL engine has upstreams of its own.
            unused=(bool(classic.proxy.target_list) and classic.proxy.enable_load_balancing)
            or "graphql" in self.notes.restrictions,
        )
        domain: str | None = ""
        if classic.domain and not classic.domain_disabled:
            domain = self.domain(classic.domain, ("domain",))
        self._note_unsupported()
        refusal, names = self._chosen()
        errors = PLAIN
        if classic.error_overrides and not classic.error_overrides_disabled:
            errors = ErrorReplies(
                overrides=(overrides_of(classic.error_overrides, ("error_overrides",), self, camel=False),)
            )
        recording = classic_recording(classic, self._document, self.notes)
        recorded = recording.enabled and self.settings.enable_analytics
        sections = [(name, ("version_data", "versions", name), self._versions[name]) for name in names]
        bodies = transforms_of(tuple(written_in((place, section) for _, place, section in sections)), self)
        scripts = ApiScripts(
            self, config_of(self._document, self._classic.api_id or self.made_up_id, self._classic.org_id)
        )
        plugins, virtual = self._scripted(scripts, sections)
        where = listen or ListenPath("/")
        tls = tls_of(self, classic)
        api = Api(classic, target, where, errors, *tls, recorded, bodies, virtual, scripts, plugins)
        versions = tuple(ClassicVersion(self, api, name, self._versions[name]).version() for name in names)
        if listen is None or domain is None or not good:
            return None
        api_id = classic.api_id or self.made_up_id
        return ApiDefinition(
            id=api_id,
            name=classic.name,
            listen_path=listen.text,
            strip_listen_path=classic.proxy.strip_listen_path,
            versions=versions,
            versioning=self._versioning(),
            refusal=refusal,
            errors=errors,
            recording=recording,
            batch=self.batch(("enable_batch_request_support",)) if classic.enable_batch_request_support else None,
            event_handlers=event_scripts(classic_handlers(classic.event_handlers, ("event_handlers",)), scripts, self),
            domain=domain,
            org_id=classic.org_id,
            internal=classic.internal,
            unavailable=self.unavailable,
            strict=classic.own.strict or origin.settings.strict,
            document=self._written,
            source=origin.file,
            files=tuple(self.files),
            content_hash=self.content_hash(self._document, api_id),
        )

    def _scripted(
        self, scripts: ApiScripts, sections: Sequence[tuple[str, Place, VersionSection]]
    ) -> tuple[Plugins, Mapping[Place, object]]:
        """The plugins, and the virtual endpoints of all versions; all scripts are added before anything is asked for."""
        written = tuple(virtual_endpoints_in(sections, self.notes))
        add_virtual_endpoints(written, scripts)
        plugins = plugins_of(plugins_in(self._classic, self._classic.api_id or self.made_up_id), scripts, self)
        virtual = virtual_endpoints(written, scripts, self)
        if sections:
            note_plugins(plugins, scripts, self, sections[0][0])
        return plugins, virtual

    @property
    def _versions(self) -> Mapping[str, VersionSection]:
        return self._classic.version_data.versions

    def _chosen(self) -> tuple[Reason | None, tuple[str, ...]]:
        """Why every request is refused, or the versions that there are: the one that counts first."""
        data, names = self._classic.version_data, tuple(self._versions)
        if not data.not_versioned and not self._classic.definition.enabled:
            if names:
                return None, names
            reason = Reason.VERSION_UNKNOWN if data.default_version else Reason.VERSION_NOT_NAMED
            self._note_refusal("expected a version in 'version_data', found none", reason)
            return reason, ()
        if len(names) == 1:
            return None, names
        possible = [name for name in _DEFAULTS if name in names]
        if len(possible) == 1:
            return None, (possible[0],)
        if possible:
            shown = " and ".join(map(repr, possible))
            self._note_refusal(f"expected one version that can be the default, found {shown}", Reason.VERSION_AMBIGUOUS)
            return Reason.VERSION_AMBIGUOUS, ()
        self._note_refusal("expected a version called 'Default', found none", Reason.VERSION_NONE)
        return Reason.VERSION_NONE, ()

    def _note_refusal(self, message: str, reason: Reason) -> None:
        self.notes.warning(
            "no-version", f"{message}: every request is answered with {reason.status}", ("version_data",)
        )

    def _versioning(self) -> Versioning | None:
        classic = self._classic
        definition = classic.definition
        if not definition.enabled and (classic.version_data.not_versioned or not self._versions):
            return None
        place: Place = ("definition",)
        default = definition.default if definition.enabled else classic.version_data.default_version
        location = self.location(definition.location, (*place, "location"), default)
        return Versioning(
            location=location,
            key=definition.key,
            pattern=self.version_pattern(definition.url_versioning_pattern, (*place, "url_versioning_pattern")),
            strip=definition.strip_versioning_data or (definition.strip_path and location is VersionLocation.URL),
            default=default,
            fallback=definition.fallback_to_default,
            name=definition.name,
            children=definition.versions if definition.enabled else None,
        )

    # what is known, and not built

    def _note_unsupported(self) -> None:
        for feature, place, restricts, consequence in self._not_built():
            self.notes.unsupported(feature, place, restricts=restricts, consequence=consequence)
        note_other_methods(self, self._classic)

    def _not_built(self) -> Iterator[tuple[str, Place, bool, str]]:
        classic = self._classic
        limit = classic.global_rate_limit
        if limit.rate > 0 and limit.per > 0 and not (limit.disabled or classic.disable_rate_limit):
            yield "global_rate_limit", ("global_rate_limit",), True, ""
        if classic.protocol not in ("", "http"):
            yield "protocol", ("protocol",), False, "the API is served with the gateway's protocol"
        if classic.proxy.enable_load_balancing and classic.proxy.check_host_against_uptime_tests:
            place = ("proxy", "check_host_against_uptime_tests")
            yield "check_host_against_uptime_tests", place, False, "targets that are down get requests"
