"""Runs an exchange through links and makes the trace. Knows no single middleware and no host.

The loop makes the trace, so no link can forget it. Observers are asked only where one is armed.
"""

from collections.abc import Sequence
from inspect import isawaitable
from time import perf_counter_ns
from typing import Protocol

from lockgate.exchange import Exchange, replace
from lockgate.middleware import Continue, Forward, Link, Loop, Moved, Outcome, Reason, Reject, Respond
from lockgate.services import Services
from lockgate.trace import Phase, Trace, TraceStep


class Observer(Protocol):
    """Somebody who watches links run, and may step in: breakpoints, live views."""

    def armed(self, links: Sequence[Link], exchange: Exchange) -> bool:
        """Whether it wants to be asked about any of these links. Asked once per plan."""
        ...

    async def before(self, link: Link, exchange: Exchange) -> Exchange | Outcome:
        """Give the exchange that the link is to see, or an outcome instead of the link's."""
        ...

    async def after(self, link: Link, exchange: Exchange, outcome: Outcome) -> Outcome:
        """Give the outcome that counts."""
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
        observers: Asked around each link if armed for this plan.

    Returns:
        The outcome of the link that ended the chain, or Continue with the exchange after the last one.

    Raises:
        Exception: Whatever a link raised: a bug. The step is in the trace, as "error".
    """
    watching = [observer for observer in observers if observer.armed(links, exchange)] if observers else ()
    pass_index = len(exchange.passes) - 1
    calls = services.calls
    steps = trace.steps
    for link in links:
        called = len(calls)
        before = exchange
        started = perf_counter_ns()
        try:
            if watching:
                outcome = await _observed(link, exchange, services, watching)
            else:
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
                        "",
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
        name, after, detail = _described(outcome, exchange)
        if name == "failed":
            trace.failed = True
        steps.append(
            TraceStep(link.middleware.name, phase, pass_index, name, link.why, before, after, elapsed, detail, made)
        )
        return outcome
    return Continue(exchange)


async def _observed(link: Link, exchange: Exchange, services: Services, observers: Sequence[Observer]) -> Outcome:
    for observer in observers:
        seen = await observer.before(link, exchange)
        if not isinstance(seen, Exchange):
            return seen
        exchange = seen
    answer = link.step(link.config, exchange, services)
    outcome = await answer if isawaitable(answer) else answer
    for observer in observers:
        outcome = await observer.after(link, exchange, outcome)
    return outcome


def _described(outcome: Outcome, exchange: Exchange) -> tuple[str, Exchange, str]:
    """Name, exchange afterwards and one line, for the trace."""
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
        case Continue(exchange=continued):
            return "continue", continued, ""


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
