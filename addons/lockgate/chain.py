"""Runs an exchange through links and makes the trace. Knows no single middleware and no host.

The loop makes the trace, so no link can forget it. Observers are asked only where one is armed.
"""

from collections.abc import Sequence
from inspect import isawaitable
from time import perf_counter_ns
from typing import Final, Protocol

from lockgate.exchange import Exchange, replace
from lockgate.middleware import Continue, Forward, Link, Loop, Moved, Outcome, Reason, Reject, Respond
from lockgate.services import Services
from lockgate.trace import Level, Phase, Trace, TraceStep, Why

_WATCHED: Final = Why(Level.ALWAYS)


class Watcher(Protocol):
    """Who is asked around each link of one plan. What it changes is a step of its own; its time is no link's."""

    @property
    def name(self) -> str:
        """Of its steps in the trace."""
        ...

    async def before(self, link: Link, exchange: Exchange) -> Exchange | Outcome:
        """Give the exchange that the link is to see, or an outcome instead of the link's."""
        ...

    async def after(self, link: Link, exchange: Exchange, outcome: Outcome) -> Outcome:
        """Give the outcome that counts.

        Args:
            link: That ran, and is in the trace.
            exchange: As the link got it.
            outcome: The link's.
        """
        ...


class Observer(Protocol):
    """Somebody who watches exchanges, and may step in: breakpoints."""

    def watch(self, links: Sequence[Link], exchange: Exchange, phase: Phase, trace: Trace) -> Watcher | None:
        """Who is to be asked about these links; None: nobody. Asked once per plan."""
        ...

    def wants_body(self, links: Sequence[Link], exchange: Exchange, phase: Phase) -> bool:
        """Whether the body of the phase's message is to be there when these links run, if it can be had."""
        ...

    def ended(self, exchange_id: str) -> None:
        """The exchange has its answer."""
        ...


async def run_links(
    links: Sequence[Link],
    exchange: Exchange,
    services: Services,
    trace: Trace,
    phase: Phase,
    *,
    strict: bool = False,
    observers: Sequence[Observer] = (),
) -> Outcome:
    """Run ``links`` in order until one does not continue.

    Args:
        links: The plan of one phase.
        exchange: As it comes from the links before.
        services: The outside, as links see it.
        trace: Gets one step for each link that ran.
        phase: Which way the exchange is going.
        strict: A link that failed and would let the message go on unchanged refuses it instead.
        observers: Their watchers are asked around each link.

    Returns:
        The outcome of the link that ended the chain, or Continue with the exchange after the last one.

    Raises:
        Exception: Whatever a link raised: a bug. The step is in the trace, as "error".
    """
    if observers and (watching := _watchers(observers, links, exchange, phase, trace)):
        return await _run_watched(links, exchange, services, trace, phase, watching, strict=strict)
    pass_index = len(exchange.passes) - 1
    calls = services.calls
    steps = trace.steps
    for link in links:
        called = len(calls)
        before = exchange
        started = perf_counter_ns()
        try:
            answer = link.step(link.config, exchange, services)
            outcome = answer if isinstance(answer, Continue) or not isawaitable(answer) else await answer
        except Exception as error:
            steps.append(_step(link, phase, pass_index, "error", before, before, started, repr(error)))
            trace.failed = True
            raise
        elapsed = perf_counter_ns() - started
        made = tuple(calls[called:]) if len(calls) > called else ()
        if type(outcome) is Continue:
            exchange = outcome.exchange
            failure = outcome.failure
            if not failure:
                steps.append(
                    TraceStep(
                        link.middleware.name,
                        phase,
                        pass_index,
                        "continue",
                        link.why,
                        before,
                        exchange,
                        elapsed,
                        outcome.note,
                        made,
                    )
                )
                continue
            steps.append(
                TraceStep(
                    link.middleware.name,
                    phase,
                    pass_index,
                    "failed",
                    link.why,
                    before,
                    exchange,
                    elapsed,
                    failure,
                    made,
                )
            )
            trace.failed = True
            if strict:
                return Reject(Reason.TRANSFORM_FAILED)
            continue
        name, after, detail = described(outcome, exchange)
        if name == "failed":
            trace.failed = True
        steps.append(
            TraceStep(link.middleware.name, phase, pass_index, name, link.why, before, after, elapsed, detail, made)
        )
        return outcome
    return Continue(exchange)


async def _run_watched(
    links: Sequence[Link],
    exchange: Exchange,
    services: Services,
    trace: Trace,
    phase: Phase,
    watching: Sequence[Watcher],
    *,
    strict: bool,
) -> Outcome:
    for link in links:
        seen = await _before(link, exchange, watching, trace, phase)
        if not isinstance(seen, Exchange):
            return seen
        outcome = await run_links((link,), seen, services, trace, phase, strict=strict)
        outcome = await _after(link, seen, outcome, watching, trace, phase)
        if not isinstance(outcome, Continue):
            return outcome
        exchange = outcome.exchange
    return Continue(exchange)


def _watchers(
    observers: Sequence[Observer], links: Sequence[Link], exchange: Exchange, phase: Phase, trace: Trace
) -> Sequence[Watcher]:
    asked = (observer.watch(links, exchange, phase, trace) for observer in observers)
    return [watcher for watcher in asked if watcher is not None]


async def _before(
    link: Link, exchange: Exchange, watching: Sequence[Watcher], trace: Trace, phase: Phase
) -> Exchange | Outcome:
    for watcher in watching:
        seen = await watcher.before(link, exchange)
        outcome = Continue(seen) if isinstance(seen, Exchange) else seen
        if seen is not exchange:
            _step_in(watcher, f"before {link.middleware.name}", exchange, outcome, trace, phase)
        if type(outcome) is not Continue:
            return outcome
        exchange = outcome.exchange
    return exchange


async def _after(
    link: Link, before: Exchange, outcome: Outcome, watching: Sequence[Watcher], trace: Trace, phase: Phase
) -> Outcome:
    for watcher in watching:
        seen = await watcher.after(link, before, outcome)
        if seen is not outcome:
            _step_in(watcher, f"after {link.middleware.name}", described(outcome, before)[1], seen, trace, phase)
        outcome = seen
    return outcome


def _step_in(watcher: Watcher, when: str, before: Exchange, outcome: Outcome, trace: Trace, phase: Phase) -> None:
    """A step in the trace for what a watcher did to an exchange."""
    _, after, detail = described(outcome, before)
    match outcome:
        case Respond():
            name = "answered"
        case Reject():
            name, detail = "dropped", detail or outcome.reason.message
        case _:
            name, detail = "edited", ""
    index = len(before.passes) - 1
    said = f"{when}: {detail}" if detail else when
    trace.steps.append(TraceStep(watcher.name, phase, index, name, _WATCHED, before, after, 0, said))


def described(outcome: Outcome, exchange: Exchange) -> tuple[str, Exchange, str]:
    """Name, exchange afterwards and one line, for the trace.

    Args:
        outcome: A link's.
        exchange: As the link got it.
    """
    match outcome:
        case Respond(response=response, finish=finish, exchange=changed):
            after = replace(exchange if changed is None else changed, response=response)
            return "finish" if finish else "respond", after, f"status {response.status}"
        case Reject(reason=reason, message=message, status=status, detail=detail, failed=failed):
            said = f"{status or reason.status} {message or reason.message}"
            return "failed" if failed else "reject", exchange, f"{said}: {detail}" if detail else said
        case Forward(exchange=forwarded, upstream=upstream):
            return "forward", forwarded, f"{upstream.address}{forwarded.request.target}"
        case Loop(exchange=looped, api=api, path=path):
            return "loop", looped, f"tyk://{api}{path}"
        case Moved(exchange=moved):
            return "continue", moved, f"the rest of the chain is that of {moved.request.path}"
        case Continue(exchange=continued, note=note):
            return "continue", continued, note


def _step(
    link: Link,
    phase: Phase,
    pass_index: int,
    outcome: str,
    before: Exchange,
    after: Exchange,
    started: int,
    detail: str,
) -> TraceStep:
    return TraceStep(
        link.middleware.name, phase, pass_index, outcome, link.why, before, after, perf_counter_ns() - started, detail
    )
