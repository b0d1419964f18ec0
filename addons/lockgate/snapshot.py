"""All APIs of one load, as one immutable value, and the reference that a reload swaps.

A reload makes a new snapshot beside the old one. Exchanges under way finish on the one they began with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from lockgate.assembly import CompiledApi, MatchingOptions
from lockgate.model import ApiDefinition
from lockgate.problems import Problem, Severity
from lockgate.routing.table import DomainTable, Route
from lockgate.scripting.events import ScriptHandler
from lockgate.scripting.program import Program
from lockgate.settings import Settings


@final
class Snapshot:
    """Every API of one load, compiled and routed."""

    __slots__ = ("__weakref__", "_event_program", "_routed", "_routes", "apis", "generation", "settings")

    def __init__(
        self,
        definitions: Sequence[ApiDefinition],
        settings: Settings,
        generation: int = 1,
        previous: "Snapshot | None" = None,
    ) -> None:
        """Compile ``definitions``.

        Args:
            definitions: As ``loading.load`` gives them; ids are unique.
            settings: Of the gateway.
            generation: Counts the loads of this process.
            previous: APIs whose content did not change are taken over from it.
        """
        self.settings: Final = settings
        self.generation: Final = generation
        options = matching_options(settings)
        self.apis: Final[Mapping[str, CompiledApi]] = {
            definition.id: _reused(definition, options, previous) or CompiledApi(definition, options)
            for definition in definitions
        }
        self._routed: Final = tuple(api for api in self.apis.values() if not api.definition.internal)
        domains = settings.enable_custom_domains
        self._routes: Final = DomainTable(
            [(api.definition.id, api.listen, api.definition.domain if domains else "") for api in self._routed],
            strict=settings.http_server_options.enable_strict_routes,
            hostname=settings.hostname,
        )

        # Of equal names the last one counts, whichever API has it.
        scripts = (
            source
            for definition in definitions
            for handlers in definition.event_handlers.values()
            for script in handlers
            for source in script.sources
        )
        self._event_program: Final = Program("event handlers", tuple(dict.fromkeys(scripts)))

    def handlers(self, definition: ApiDefinition, event: str) -> tuple[ScriptHandler, ...]:
        """Who is told of an event of an API."""
        return tuple(ScriptHandler(script, self._event_program) for script in definition.event_handlers.get(event, ()))

    def route(self, host: str, path: str) -> tuple[CompiledApi, Route] | None:
        """The API that serves a host and decoded path, and by which prefix."""
        route = self._routes.find(host, path)
        return None if route is None else (self._routed[route.api], route)


def _reused(definition: ApiDefinition, options: MatchingOptions, previous: Snapshot | None) -> CompiledApi | None:
    old = None if previous is None else previous.apis.get(definition.id)
    if old is None or not definition.content_hash or old.options != options:
        return None
    return old if old.definition.content_hash == definition.content_hash else None


def matching_options(settings: Settings) -> MatchingOptions:
    """How the gateway's settings want paths of entries to be matched."""
    server = settings.http_server_options
    return MatchingOptions(
        prefix=server.enable_path_prefix_matching,
        suffix=server.enable_path_suffix_matching,
        ignore_case=settings.ignore_endpoint_case,
        names_endpoints=settings.enable_analytics,
    )


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What a reload did, by id of the API."""

    generation: int
    loaded: tuple[str, ...] = ()
    """New, or changed."""
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Did not load; the last good version goes on."""
    removed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def changes_something(self) -> bool:
        """Whether it is not as it was before."""
        return bool(self.loaded or self.removed)


@final
class Gateway:
    """Holds the snapshot in force. The only thing about definitions that ever changes."""

    __slots__ = ("_current", "last_report")

    def __init__(self, first: Snapshot) -> None:
        self._current = first
        self.last_report = ReloadReport(first.generation, loaded=tuple(first.apis))

    @property
    def current(self) -> Snapshot:
        """The snapshot for exchanges that begin now."""
        return self._current

    def prepare(
        self, definitions: Sequence[ApiDefinition], problems: Sequence[Problem], settings: Settings | None = None
    ) -> tuple[Snapshot, ReloadReport]:
        """Compile a snapshot of ``definitions`` beside the one in force. Changes nothing.

        A definition that was served from a file which has errors now, and which gave no definition this time, keeps
        its last good version.

        Args:
            definitions: As ``loading.load`` gives them.
            problems: Found on the way.
            settings: None keeps those in force.
        """
        old = self._current
        broken = {problem.file for problem in problems if problem.severity is Severity.ERROR}
        fresh = {definition.id: definition for definition in definitions}
        sources = {definition.source for definition in definitions}
        kept = [
            api.definition
            for api_id, api in old.apis.items()
            if api_id not in fresh and api.definition.source in broken - sources
        ]
        snapshot = Snapshot([*definitions, *kept], settings or old.settings, old.generation + 1, previous=old)
        unchanged = tuple(api_id for api_id in fresh if snapshot.apis[api_id] is old.apis.get(api_id))
        return snapshot, ReloadReport(
            generation=snapshot.generation,
            loaded=tuple(api_id for api_id in fresh if api_id not in frozenset(unchanged)),
            unchanged=unchanged,
            kept=tuple(definition.id for definition in kept),
            removed=tuple(api_id for api_id in old.apis if api_id not in snapshot.apis),
            problems=tuple(problems),
        )

    def publish(self, snapshot: Snapshot, report: ReloadReport) -> None:
        """Put a snapshot in force: exchanges that begin from now on run on it."""
        self._current = snapshot
        self.last_report = report

    def reload(self, definitions: Sequence[ApiDefinition], problems: Sequence[Problem]) -> ReloadReport:
        """Prepare and publish at once."""
        snapshot, report = self.prepare(definitions, problems)
        self.publish(snapshot, report)
        return report
