"""The effective chain: of an API, of an endpoint, of one request. As data. Does no I/O."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

from lockgate.assembly import CompiledApi, Plan
from lockgate.debugging.overview import switched_off
from lockgate.engine import Run, begin, begin_response, run_request
from lockgate.exchange import Exchange, Request, Response
from lockgate.inspection import SYSTEM, parse_request
from lockgate.middleware import BodyNeed
from lockgate.routing.pattern import decode_path
from lockgate.services import Outside
from lockgate.snapshot import Snapshot
from lockgate.trace import LeftOut, Phase, Trace
from lockgate.trace_format import why_text, without_secrets

NOT_CONFIGURED: Final = "not configured"
_PLACEHOLDER: Final = re.compile(r"\{([^{}:]*)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")
_NUMBER: Final = re.compile("(?:id|number|count|seconds|code)$", re.IGNORECASE)
_DIGITS: Final = re.compile(r":.*(?:\\d|\[0-9)")


@dataclass(frozen=True, slots=True)
class ShownLink:
    """One link of a plan."""

    middleware: str
    reason: str
    """Why it is in the plan; "always" if it always is."""
    pointer: str
    """Into the definition; "" where no section of it made the link."""
    entry: str = ""
    """Method and path of its entry; "" of a link of the whole API."""
    body: str = ""
    """What it does with the body: "reads", "writes", "" for nothing or where that depends on the message."""


@dataclass(frozen=True, slots=True)
class ShownPhase:
    """The plan of one phase."""

    phase: Phase
    api_id: str
    method: str
    path: str
    """That entries were matched with; decoded."""
    links: tuple[ShownLink, ...]
    left_out: tuple[LeftOut, ...] = ()
    is_reached: bool = True
    """False: the request was answered before; this is what would run for its path."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one request passes."""

    method: str
    target: str
    api_id: str = ""
    """That it was routed to; "" for none."""
    api_name: str = ""
    listen_path: str = ""
    version: str = ""
    phases: tuple[ShownPhase, ...] = ()
    ending: str = ""
    """Where it goes, or who answered it and why."""


async def shown_request(snapshot: Snapshot, request: Request, outside: Outside = SYSTEM) -> Shown:
    """The plans of one request, with why each link is in or out.

    The request phase is run, since the response phase is planned for what it made of the path. Of a request that loops,
    the first pass is shown, and the response phase of the last one.

    Args:
        snapshot: Definitions.
        request: Nothing of it is sent anywhere.
        outside: For links that ask; by default keys are not known, and scripts do not run.
    """
    run = begin(snapshot, outside, Exchange(id="show", received_at=datetime.now(UTC), request=request))
    shown = Shown(request.method, request.target)
    first, api = run.plan, run.api
    if api is None or first is None or run.answered:
        ending = "; ".join(step.detail for step in run.trace.steps if step.detail)
        if api is not None:
            shown = _of_api(shown, api, run)
        return _without_secrets(replace(shown, ending=ending), run.trace)
    shown = _of_api(shown, api, run)
    this = run.exchange.current_pass
    if run.version is None:
        phase = ShownPhase(Phase.REQUEST, this.api_id, this.method, this.path, _links(first))
        return replace(shown, phases=(phase,), ending="answered by an endpoint of the gateway's own")
    phases = [
        ShownPhase(
            Phase.REQUEST,
            this.api_id,
            this.method,
            this.path,
            _links(first),
            left_out_of(api, run.version.left_out(Phase.REQUEST, this.method, this.path, run.routed_path)),
        )
    ]
    await run_request(run, request.body)
    return _without_secrets(replace(shown, phases=(*phases, *_later(run)), ending=_ending(run)), run.trace)


async def shown_for(snapshot: Snapshot, method: str, url: str, only: str = "") -> Shown:
    """The chain of one URL, or of an endpoint as a definition writes it.

    Args:
        snapshot: Definitions.
        method: Of the request.
        url: A URL or path, or the path of an endpoint with its placeholders: then a path for which it is.
        only: Id of the API that it is for; "" for any.

    Raises:
        ValueError: It is neither; or the API is another one; or several APIs have the endpoint. The message says so.
    """
    target = url
    path = url.partition("?")[0]
    apis = [api for api in snapshot.apis.values() if only in ("", api.definition.id)]
    if "{" in path or not _routed_to(snapshot, method, url, only):
        paths = {api.definition.id: example_path(api, method, path) for api in apis}
        having = {api_id: made for api_id, made in paths.items() if made is not None}
        if len(having) > 1:
            raise ValueError(f"several APIs have the endpoint {method} {url}: {', '.join(having)}; --api names one")
        if "{" in path and not having:
            known = [f"{one or '*'} {template}" for api in apis for one, template in endpoints_of(api)]
            near = get_close_matches(f"{method} {path}", known, 3, 0.4)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ValueError(f"no API has the endpoint {method} {url}{hint}")
        target = next(iter(having.values()), url)
    shown = await shown_request(snapshot, parse_request(f"{method} {target}".encode()))
    if only not in ("", shown.api_id):
        found = f"the API {shown.api_id!r}" if shown.api_id else "no API"
        listen = apis[0].definition.listen_path if apis else ""
        raise ValueError(f"{method} {url} leads to {found}; {only!r} listens on {listen}")
    return shown


def _routed_to(snapshot: Snapshot, method: str, url: str, only: str) -> bool:
    request = parse_request(f"{method} {url}".encode())
    found = snapshot.route(request.host, decode_path(request.path))
    return found is not None and only in ("", found[0].definition.id)


def _of_api(shown: Shown, api: CompiledApi, run: Run) -> Shown:
    definition, passes = api.definition, run.exchange.passes
    first = run.snapshot.apis.get(passes[0].api_id, api).definition if passes else definition
    version = passes[0].version if passes else ""
    return replace(shown, api_id=first.id, api_name=first.name, listen_path=first.listen_path, version=version)


def _later(run: Run) -> Iterator[ShownPhase]:
    """The phases behind the request phase, of the last pass."""
    version, this = run.version, run.exchange.current_pass
    if version is None:
        return
    path = decode_path(run.exchange.request.path)
    if run.upstream is not None:
        if version.looks_upstream:
            method = run.exchange.request.method
            plan = version.plan(Phase.UPSTREAM, method, path, "")
            yield _phase(run, plan, this.api_id, method, path, "")
        begin_response(run, Response(200))
    reached = run.refusal is None
    path = path if run.exchange.response_path is None else run.exchange.response_path
    routed = run.routed_path if version.routes_responses else ""
    plan = version.plan(Phase.RESPONSE, this.method, path, routed)
    yield replace(_phase(run, plan, this.api_id, this.method, path, routed), is_reached=reached)


def _phase(run: Run, plan: Plan, api_id: str, method: str, path: str, routed: str) -> ShownPhase:
    api, version = run.api, run.version
    left_out = () if api is None or version is None else version.left_out(plan.phase, method, path, routed)
    left_out = left_out if api is None else left_out_of(api, left_out)
    return ShownPhase(plan.phase, api_id, method, path, _links(plan), left_out)


def left_out_of(api: CompiledApi, left_out: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """Why links are left out, with what is there and switched off told from what is not there."""
    off = switched_off(api.definition)
    return tuple(
        replace(one, reason=f"switched off for {', '.join(off[one.middleware])}")
        if one.middleware in off and one.reason == NOT_CONFIGURED
        else one
        for one in left_out
    )


def _ending(run: Run) -> str:
    if run.upstream is not None:
        return f"upstream: {run.exchange.request.method} {run.upstream.address}{run.exchange.request.target}"
    last = next((step for step in reversed(run.trace.steps) if step.phase is Phase.REQUEST), run.trace.steps[-1])
    return f"answered by {last.link}: {last.detail}"


def _without_secrets(shown: Shown, trace: Trace) -> Shown:
    """What references of the definitions stand for, and what holds keys, is nothing to be shown."""

    def clean(text: str) -> str:
        return without_secrets(text, trace.secrets, trace.secret_names)

    phases = tuple(
        replace(
            phase,
            path=clean(phase.path),
            links=tuple(replace(link, reason=clean(link.reason)) for link in phase.links),
            left_out=tuple(replace(one, reason=clean(one.reason)) for one in phase.left_out),
        )
        for phase in shown.phases
    )
    return replace(shown, target=clean(shown.target), ending=clean(shown.ending), phases=phases)


def _links(plan: Plan) -> tuple[ShownLink, ...]:
    return tuple(
        ShownLink(
            link.middleware.name,
            why_text(
                {
                    "level": link.why.level.value,
                    "pointer": link.why.pointer,
                    "entry": link.why.entry,
                    "pattern": link.why.pattern,
                    "text": link.why.text,
                    "rule": link.why.rule,
                }
            )
            or "always",
            link.why.pointer,
            link.why.entry,
            _BODY[link.middleware.body],
        )
        for link in plan.links
    )


_BODY: Final = {BodyNeed.NONE: "", BodyNeed.READ: "reads", BodyNeed.WRITE: "writes"}


# Endpoints


def endpoints_of(api: CompiledApi) -> tuple[tuple[str, str], ...]:
    """Method and path template of every endpoint that a definition names; method "" is all."""
    found: dict[tuple[str, str], None] = {}
    for version in api.definition.versions:
        found.update({(method, path): None for path, method in version.operations})
        found.update({(rule.method, rule.path): None for rule in version.rules})
    return tuple(found)


def example_path(api: CompiledApi, method: str, template: str) -> str | None:
    """A path, with the listen path, that an endpoint of an API is for; None: it names no such endpoint.

    Args:
        api: That may have it.
        method: Of the request.
        template: As the definition writes it, with or without the listen path in front.
    """
    listen = api.definition.listen_path
    wanted = {template, api.listen.strip(template)}
    if not any(path in wanted and its_method in ("", method) for its_method, path in endpoints_of(api)):
        return None
    inner = template if template.startswith("/") else f"/{template}"
    if api.listen.strip(template) != template and listen != "/":
        inner = api.listen.strip(template)
    filled = _PLACEHOLDER.sub(_example, inner)
    return _PLACEHOLDER.sub(_example, listen).rstrip("/") + filled


def _example(found: re.Match[str]) -> str:
    """A value for a placeholder: a number where its name or pattern speak of one, otherwise its name."""
    name = re.sub(r"\W", "", found[1]) or "x"
    return "1" if _NUMBER.search(name) or _DIGITS.search(found[0]) else name
