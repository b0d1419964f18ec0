"""Breakpoints between links, and the exchanges that they hold.

``Breakpoints`` is an observer of chains. A plan that no breakpoint is about costs one look at a list. Nothing stops
while nobody watches: somebody has to be there who can let it go on.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as replace_fields
from typing import Final, final

from lockgate.chain import described
from lockgate.debugging.breakpoint import AFTER, ANY_PHASE, BEFORE, Breakpoint
from lockgate.debugging.conditions import FilterMaker
from lockgate.debugging.pausing import Action, Decision, Pause, Place, Screen
from lockgate.exchange import Exchange, Response, replace
from lockgate.middleware import Continue, Forward, Link, Loop, Moved, Outcome, Reason, Reject, Respond
from lockgate.settings import DebugSettings
from lockgate.trace import Phase, Trace

STEP_NAME: Final = "breakpoint"
"""Of steps in the trace that somebody at a breakpoint made."""
LEASE_SECONDS: Final = 30.0
"""How long a client of the API counts as somebody who watches, after it said so."""
GRACE_SECONDS: Final = 5.0
"""After the last one left, as a page does that is loaded again, until what is stopped goes on."""
MOST_BREAKPOINTS: Final = 200
_LOOK_SECONDS: Final = 1.0
_MOST_STEPPING: Final = 1000
_STREAMED_TYPE: Final = "text/event-stream"


@final
class Breakpoints:
    """Where exchanges stop, and those that do."""

    name: Final = STEP_NAME

    def __init__(self) -> None:
        """Begin without any."""
        self.settings: Callable[[], DebugSettings] = DebugSettings
        """Those in force; written by the host."""
        self._points: Final[dict[str, Breakpoint]] = {}
        self._hits: Final[dict[str, int]] = {}
        self._stepping: Final[dict[str, None]] = {}
        self._leases: Final[dict[str, float]] = {}
        self._count = 0
        self._pauses: Final[dict[str, Pause]] = {}
        self.watching: Final[list[Callable[[], int]]] = []
        """Ask each how many people it has in front of it: mitmweb, our pages."""
        self.screen: Screen | None = None
        """Where stopped exchanges are shown beside the pages; written by the host."""
        self.filters: FilterMaker | None = None
        """Understands conditions that are no tests of ours; written by the host."""
        self.changed: Callable[[str], None] = lambda _: None
        """Told the id of an exchange that stopped or goes on; "" when the breakpoints changed."""
        self.passed_by = 0
        """Exchanges that would have stopped, had not as many been stopped as may be."""
        self.went_on_late = 0
        """Exchanges that went on by themselves."""

    # Breakpoints

    def list(self) -> Sequence[Breakpoint]:
        """All of them, the oldest first."""
        return tuple(self._points.values())

    def hits(self, breakpoint_id: str) -> int:
        """How often it stopped an exchange."""
        return self._hits.get(breakpoint_id, 0)

    def add(self, point: Breakpoint) -> Breakpoint:
        """Set a breakpoint; gives it with its id.

        Raises:
            ValueError: There are too many.
        """
        if len(self._points) >= MOST_BREAKPOINTS:
            raise ValueError(f"there are {MOST_BREAKPOINTS} breakpoints; remove some first")
        self._count += 1
        added = replace_fields(point, id=str(self._count))
        self._points[added.id] = added
        self.changed("")
        return added

    def enable(self, breakpoint_id: str, *, enabled: bool) -> Breakpoint:
        """Switch a breakpoint on or off.

        Raises:
            KeyError: There is none of this id.
        """
        point = self._points[breakpoint_id] = replace_fields(self._points[breakpoint_id], enabled=enabled)
        self.changed("")
        return point

    def remove(self, breakpoint_id: str) -> None:
        """Take a breakpoint away.

        Raises:
            KeyError: There is none of this id.
        """
        del self._points[breakpoint_id]
        self._hits.pop(breakpoint_id, None)
        self.changed("")

    # Who watches

    def lease(self, seconds: float = LEASE_SECONDS, holder: str = "") -> None:
        """Count a client of the API as somebody who watches, for some seconds from now on."""
        now = asyncio.get_running_loop().time()
        for name in [name for name, end in self._leases.items() if end <= now]:
            del self._leases[name]
        self._leases[holder] = now + min(max(seconds, 0.0), LEASE_SECONDS)

    @property
    def watchers(self) -> int:
        """How many there are who could let an exchange go on."""
        count = sum(ask() for ask in self.watching)
        if self._leases:
            now = asyncio.get_running_loop().time()
            count += sum(end > now for end in self._leases.values())
        return count

    # Stopped exchanges

    @property
    def pauses(self) -> Mapping[str, Pause]:
        """By id of the exchange, the oldest first; without those of which it was decided what becomes of them."""
        return {exchange_id: pause for exchange_id, pause in self._pauses.items() if not pause.over}

    # As an observer of chains

    @property
    def observer(self) -> "Breakpoints":
        """What a host gives to the engine."""
        return self

    def watch(self, links: Sequence[Link], exchange: Exchange, phase: Phase, trace: Trace) -> "_Watcher | None":
        """Somebody to be asked about a plan, if any breakpoint is about one of its links, or it is stepped through."""
        if not (self._points or self._stepping) or not self._concerns(links, exchange, phase) or not self.watchers:
            return None
        return _Watcher(self, links, phase, trace)

    def wants_body(self, links: Sequence[Link], exchange: Exchange, phase: Phase) -> bool:
        """Whether it may stop in this phase, or before the upstream, so that somebody could look at the body."""
        if not (self._points or self._stepping) or not self.watchers:
            return False
        response = exchange.response
        if response is not None and (response.headers.get("content-type") or "").startswith(_STREAMED_TYPE):
            return False  # it has no end
        if self._concerns(links, exchange, phase):
            return True
        return phase is Phase.REQUEST and any(
            point.phase in (Phase.UPSTREAM.value, ANY_PHASE)
            and replace_fields(point, middleware="").may_stop(exchange.current_pass, (), Phase.UPSTREAM)
            for point in self._points.values()
        )

    def ended(self, exchange_id: str) -> None:
        """Nothing is left of the exchange to be stepped through."""
        self._stepping.pop(exchange_id, None)

    def _concerns(self, links: Sequence[Link], exchange: Exchange, phase: Phase) -> bool:
        if exchange.id in self._stepping:
            return True
        this = exchange.current_pass
        return any(point.may_stop(this, links, phase) for point in self._points.values())

    def stops(
        self, links: Sequence[Link], link: Link, phase: Phase, when: str, exchange: Exchange
    ) -> Breakpoint | bool | None:
        """The breakpoint at which an exchange stops now; True where it was stepped to; None: it does not stop."""
        if when == BEFORE and exchange.id in self._stepping:
            del self._stepping[exchange.id]
            return True
        this = exchange.current_pass
        for point in self._points.values():
            if (
                point.when == when
                and point.middleware in ("", link.middleware.name)
                and point.may_stop(this, links, phase)
                and (point.holds is None or point.holds(exchange))
            ):
                return point
        return None

    async def stop(
        self,
        exchange: Exchange,
        trace: Trace,
        place: Place,
        at: Breakpoint | None,
        outcome: Outcome | None,
    ) -> tuple[Decision, Exchange] | None:
        """Hold an exchange until somebody decides, or its time is over.

        Returns:
            What was decided, and the exchange with what was changed; None: it may not stop.
        """
        settings = self.settings()
        if not self.watchers:
            return None
        if len(self._pauses) >= settings.most_paused:
            self.passed_by += 1
            return None
        if at is not None:
            self._hits[at.id] = self._hits.get(at.id, 0) + 1
            if at.one_shot:
                self._points.pop(at.id, None)
        pause = Pause(
            exchange, trace, place, at.id if at is not None else "", settings.pause_seconds, self.screen, outcome
        )
        self._pauses[exchange.id] = pause
        decision = Decision(Action.RESUME)
        try:
            if self.screen is not None:
                self.screen.stopped(pause)
            self.changed(exchange.id)
            decision = await self._decision(pause)
        finally:
            seconds = pause.seconds
            trace.paused_ns += round(seconds * 1e9)
            del self._pauses[exchange.id]
            if self.screen is not None:
                self.screen.freed(pause, decision.action, seconds)
            self.changed(exchange.id)
        if decision.action is Action.STEP:
            self._stepping[exchange.id] = None
            if len(self._stepping) > _MOST_STEPPING:
                del self._stepping[next(iter(self._stepping))]
        elif decision.action is Action.LATE:
            self.went_on_late += 1
        return decision, pause.changed(decision.edit)

    async def _decision(self, pause: Pause) -> Decision:
        alone = 0.0
        while True:
            before = pause.seconds
            decision = await pause.wait(min(pause.seconds_left, _LOOK_SECONDS))
            if decision is not None:
                return decision
            if pause.seconds_left <= 0:
                return pause.end(Action.LATE)
            alone = 0.0 if self.watchers else alone + pause.seconds - before
            if alone >= GRACE_SECONDS:
                return pause.end(Action.UNWATCHED)


@final
class _Watcher:
    """Looks at one plan."""

    name: Final = STEP_NAME

    def __init__(self, breakpoints: Breakpoints, links: Sequence[Link], phase: Phase, trace: Trace) -> None:
        self._breakpoints: Final = breakpoints
        self._links: Final = links
        self._phase: Final = phase
        self._trace: Final = trace

    async def before(self, link: Link, exchange: Exchange) -> Exchange | Outcome:
        """Stop before a link, if that is asked for."""
        decided = await self._stop(link, exchange, BEFORE, None)
        if decided is None:
            return exchange
        decision, changed = decided
        return _ending(decision) or changed

    async def after(self, link: Link, exchange: Exchange, outcome: Outcome) -> Outcome:
        """Stop after a link, likewise."""
        shown = _shown(outcome, exchange)
        decided = await self._stop(link, shown, AFTER, outcome)
        if decided is None:
            return outcome
        decision, changed = decided
        ending = _ending(decision)
        if ending is not None:
            return ending
        return outcome if changed is shown else _with(outcome, changed)

    async def _stop(
        self, link: Link, exchange: Exchange, when: str, outcome: Outcome | None
    ) -> tuple[Decision, Exchange] | None:
        at = self._breakpoints.stops(self._links, link, self._phase, when, exchange)
        if at is None or at is False:
            return None
        place = Place(link.middleware.name, self._phase, len(exchange.passes) - 1, when)
        point = at if isinstance(at, Breakpoint) else None
        return await self._breakpoints.stop(exchange, self._trace, place, point, outcome)


def _ending(decision: Decision) -> Outcome | None:
    match decision:
        case Decision(action=Action.ANSWER, response=Response() as response):
            return Respond(response, finish=True)
        case Decision(action=Action.DROP):
            return Reject(Reason.DROPPED, detail="somebody at a breakpoint dropped it")
        case Decision(action=Action.GONE):
            return Reject(Reason.DROPPED, detail="the client went away while it was stopped")
    return None


def _shown(outcome: Outcome, exchange: Exchange) -> Exchange:
    """The exchange after a link, with what its outcome makes of it."""
    _, after, _ = described(outcome, exchange)
    if isinstance(outcome, Loop):
        method = outcome.method or after.request.method
        return replace(after, request=replace(after.request, path=outcome.path, method=method))
    return after


def _with(outcome: Outcome, changed: Exchange) -> Outcome:
    """An outcome with an exchange that somebody changed."""
    match outcome:
        case Continue(failure=failure):
            return Continue(changed, failure)
        case Moved():
            return Moved(changed)
        case Forward(upstream=upstream):
            return Forward(changed, upstream)
        case Respond(finish=finish):
            response = changed.response
            if response is None:
                raise RuntimeError("an answer without a response")
            return Respond(response, finish, changed if outcome.exchange is not None else None)
        case Loop():
            request = changed.request
            inner = replace(changed, request=replace(request, path=outcome.exchange.request.path))
            return replace_fields(outcome, exchange=inner, path=request.path, method=request.method)
        case Reject():
            return outcome
