"""What a trace page shows beside the steps: which links did not run and why, and bodies cut to what people read."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from lockgate.assembly import CompiledApi, CompiledVersion, Plan
from lockgate.debugging.overview import switched_off
from lockgate.engine import routed_path
from lockgate.exchange import Exchange, Pass
from lockgate.routing.pattern import decode_path
from lockgate.snapshot import Snapshot
from lockgate.trace import LeftOut, Phase, Trace, TraceStep
from lockgate.trace_format import HEAD_BYTES, WHOLE_BODY_BYTES, Plain

NOT_CONFIGURED: Final = "not configured"
_MESSAGES: Final = ("original", "upstream_request", "upstream_response", "answer")
_OPEN_ENDED: Final = ("continue", "failed", "forward", "edited")


class NotRun(NamedTuple):
    """A link that did not run in one phase of one pass."""

    phase: Phase
    pass_index: int
    middleware: str
    reason: str

    def plain(self) -> dict[str, Any]:
        """For scripts of pages."""
        return {
            "phase": self.phase.value,
            "pass": self.pass_index,
            "middleware": self.middleware,
            "reason": self.reason,
        }


def not_run(trace: Trace, snapshot: Snapshot, *, over: bool) -> Sequence[NotRun]:
    """Every link that did not run in a pass, and why.

    Args:
        trace: Of an exchange.
        snapshot: The definitions that it ran on, or those that came after.
        over: Whether the exchange is.
    """
    last = trace.steps[-1].after if trace.steps else trace.original
    found: list[NotRun] = []
    for index, this in enumerate(last.passes):
        api = snapshot.apis.get(this.api_id)
        version = None if api is None else api.versions.get(this.version)
        if api is None or version is None or api.own_plan(this.path) is not None:
            continue
        final = index == len(last.passes) - 1
        for phase in Phase:
            if phase is Phase.REQUEST or final:
                found += _of_phase(trace, snapshot, _Place(api, version, phase, index), over=over)
    return found


class _Place(NamedTuple):
    api: CompiledApi
    version: CompiledVersion
    phase: Phase
    pass_index: int


def _of_phase(trace: Trace, snapshot: Snapshot, place: _Place, *, over: bool) -> Iterator[NotRun]:
    _, version, phase, index = place
    exchange = _beginning(trace, phase, index)
    if exchange is None:
        return
    method, path, encoded = _matched(snapshot, place, exchange, trace)
    ran = {step.link for step in trace.steps if step.phase is phase and step.pass_index == index}
    for one in _explained(place.api, version.left_out(phase, method, path, encoded)):
        if one.middleware not in ran:
            yield NotRun(phase, index, one.middleware, one.reason)
    yield from _not_reached(trace, version.plan(phase, method, path, encoded), place, ran, over=over)


def _beginning(trace: Trace, phase: Phase, index: int) -> Exchange | None:
    """The exchange with which a phase of a pass began; None: it did not, or that is not known."""
    for step in trace.steps:
        if step.phase is phase and step.pass_index == index and len(step.before.passes) == index + 1:
            return step.before
    if phase is Phase.REQUEST or not trace.steps:
        return None
    begun = trace.upstream_request if phase is Phase.UPSTREAM else trace.upstream_response
    return None if begun is None else trace.steps[-1].after


def _matched(snapshot: Snapshot, place: _Place, exchange: Exchange, trace: Trace) -> tuple[str, str, str]:
    """Method, path and encoded path with which the entries of a phase were matched."""
    this: Pass = exchange.passes[place.pass_index]
    if place.phase is Phase.REQUEST:
        return this.method, this.path, routed_path(snapshot, exchange)
    if place.phase is Phase.UPSTREAM:
        return exchange.request.method, decode_path(exchange.request.path), ""
    path = exchange.response_path
    encoded = ""
    if place.version.routes_responses:
        first = _beginning(trace, Phase.REQUEST, place.pass_index)
        encoded = "" if first is None else routed_path(snapshot, first)
    return this.method, decode_path(exchange.request.path) if path is None else path, encoded


def _explained(api: CompiledApi, left_out: Sequence[LeftOut]) -> Iterator[LeftOut]:
    """With what is there and switched off told from what is not there."""
    off = switched_off(api.definition)
    for one in left_out:
        if one.reason == NOT_CONFIGURED and one.middleware in off:
            yield LeftOut(one.middleware, f"switched off for {', '.join(off[one.middleware])}")
        else:
            yield one


def _not_reached(trace: Trace, plan: Plan, place: _Place, ran: AbstractSet[str], *, over: bool) -> Iterator[NotRun]:
    steps = [step for step in trace.steps if step.phase is place.phase and step.pass_index == place.pass_index]
    if any(_moved(step) for step in steps):
        return  # Another plan went on from there.
    last = steps[-1] if steps else None
    ended = last is not None and last.outcome not in _OPEN_ENDED
    if not ended and not over:
        reason = "not reached yet"
    elif last is None:
        reason = "not reached"
    else:
        reason = f"not reached: {last.link} ended the chain ({last.outcome})"
    for name in dict.fromkeys(link.middleware.name for link in plan.links):
        if name not in ran:
            yield NotRun(place.phase, place.pass_index, name, reason)


def _moved(step: TraceStep) -> bool:
    """Whether a step changed what the rest of its pass is matched with."""
    before, after = step.before.passes, step.after.passes
    return step.outcome == "continue" and bool(step.detail) and bool(before) and len(before) == len(after)


def with_heads(plain: Plain, steps: Sequence[TraceStep]) -> Plain:
    """A plain trace in which a large body that changed stands with its beginning, for people to compare.

    Args:
        plain: As ``to_plain`` made it, not masked yet.
        steps: That it was made from; there may be more by now.
    """
    made = []
    for one, step in zip(plain["steps"], steps, strict=False):
        changes = [_headed(change, step) if change["part"] == "body" else change for change in one["changes"]]
        made.append({**one, "changes": changes})
    return {**plain, "steps": made}


def _headed(change: Plain, step: TraceStep) -> Plain:
    name = change["message"]
    copy = dict(change)
    for side, exchange in (("before", step.before), ("after", step.after)):
        message = getattr(exchange, name)
        body = None if message is None else message.body
        if isinstance(body, bytes) and len(body) > WHOLE_BODY_BYTES:
            copy[side] = f"{copy[side]}; its beginning:\n{body[: HEAD_BYTES * 4].decode('utf-8', 'replace')}"
    return copy


def shortened(plain: Plain) -> Plain:
    """A plain trace whose larger bodies are cut to their head, so that a page of them is soon there."""
    return {**plain, **{name: _cut(plain[name]) for name in _MESSAGES if plain[name] is not None}}


def _cut(message: Plain) -> Plain:
    body = message["body"]
    text = body.get("text")
    if text is None or body["size"] <= WHOLE_BODY_BYTES:
        return message
    return {**message, "body": {"size": body["size"], "head": text[: HEAD_BYTES * 4]}}
