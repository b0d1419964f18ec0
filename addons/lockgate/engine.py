"""One exchange from its arrival to its answer, over one snapshot. Hosts call its halves; it knows none of them.

A host delivers headers and body apart or together::

    run = begin(snapshot, outside, exchange)          # routed; ``answered``, or a plan
    await run_request(run, body)                      # body: NOT_READ unless ``run.needs_request_body``
    if run.waits_for_body:                            # a pass that a loop led to needs it
        await run_request(run, body)
    if not run.answered:                              # send ``run.exchange.request`` to ``run.upstream``
        begin_response(run, response)                 # its headers are there
        await run_response(run, body)                 # body: NOT_READ unless ``run.needs_response_body``
    run.exchange.response                             # what the client gets
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Final, NamedTuple

from lockgate.assembly import CompiledApi, CompiledVersion, Plan
from lockgate.chain import Observer, run_links
from lockgate.error_replies import KEPT, PLAIN
from lockgate.events import event_of, kind_of
from lockgate.exchange import Body, Exchange, Headers, NotRead, Pass, Request, Response, Upstream, replace
from lockgate.middleware import Continue, Forward, Loop, Moved, Outcome, Reason, Reject, Respond
from lockgate.replies import BAD_REQUEST, BODY_TOO_LARGE, NOT_FOUND, PATH_TOO_LONG, error_reply, redirect
from lockgate.routing.pattern import decode_path
from lockgate.services import Outside, Services
from lockgate.snapshot import Snapshot
from lockgate.trace import Level, Phase, Trace, TraceStep, Why
from lockgate.urls import clean_path, encode_path
from lockgate.versioning import Choice, choose

DEFAULT_LOOP_LIMIT: Final = 5
"""Loops in one exchange. One more is let through than the number says: the level is tested before it is raised."""

MOST_PASSES: Final = 100
"""Passes of one exchange, however it came to them."""

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNCLEAN: Final = re.compile(r"//|/\.{1,2}(?:/|$)")
_ROUTING: Final = Why(Level.ALWAYS)


@dataclass(slots=True)
class Run:
    """What one exchange needs between the calls of its host."""

    snapshot: Snapshot
    services: Services
    exchange: Exchange
    trace: Trace
    observers: Sequence[Observer] = ()
    api: CompiledApi | None = None
    """That serves it; None when it was answered before any API was found."""
    version: CompiledVersion | None = None
    """Of the API, that the pass under way runs through."""
    plan: Plan | None = None
    """Of the phase under way."""
    routed_path: str = ""
    """With which the OpenAPI router was asked; percent-encoded."""
    request_plan: Plan | None = None
    """Of the request phase, in the last pass."""
    refusal: Reject | None = None
    """Why the gateway itself answered with an error; None where it did not."""
    upstream: Upstream | None = None
    """Where it goes, once the request phase is over and did not answer."""
    loop_limit: int = 0
    """Set by the first loop that names one."""
    started_ns: int = field(default_factory=perf_counter_ns)
    sent_ns: int = 0

    @property
    def answered(self) -> bool:
        """Whether there is a response for the client."""
        return self.exchange.response is not None and self.upstream is None

    @property
    def needs_request_body(self) -> bool:
        """Whether the host has to wait for the request's body."""
        return self.plan is not None and self.plan.needs_body(self.exchange)

    @property
    def waits_for_body(self) -> bool:
        """Whether a loop led to a pass that needs the request's body, and the host has not read it.

        It reads it then, and calls ``run_request`` again.
        """
        unread = isinstance(self.exchange.request.body, NotRead)
        return unread and not self.answered and self.upstream is None and self.needs_request_body

    @property
    def needs_response_body(self) -> bool:
        """Whether the host has to wait for the response's body."""
        return self.plan is not None and self.plan.needs_body(self.exchange)

    @property
    def body_is_wanted(self) -> bool:
        """Whether an observer would like to see the body of the phase's message; it may pass by all the same."""
        plan = self.plan
        if plan is None or not self.observers:
            return False
        return any(observer.wants_body(plan.links, self.exchange, plan.phase) for observer in self.observers)


def begin(snapshot: Snapshot, outside: Outside, exchange: Exchange, observers: Sequence[Observer] = ()) -> Run:
    """Route an exchange and plan its request phase.

    Args:
        snapshot: Definitions it will run on to its end.
        outside: Services for its links.
        exchange: As it arrived; the request's body may be ``NOT_READ``.
        observers: Breakpoints.
    """
    run = Run(snapshot, Services(outside), exchange, Trace(exchange, snapshot.generation), observers)
    answer = _before_routing(snapshot, exchange.request)
    if answer is not None:
        _answer(run, answer, "finish", _unrouted_detail(answer))
        return run
    path = decode_path(exchange.request.path)
    found = snapshot.route(exchange.request.host, path)
    if found is None:
        _answer(run, NOT_FOUND, "reject", f"no listen path matches {path}")
        return run
    api, route = found
    why = Why(Level.ALWAYS, "", api.definition.name, route.prefix, path, "longest listen path")
    _note(run, "routing", "continue", why, exchange, f"API {api.definition.name!r} on {route.prefix}")
    _enter(run, api)
    return run


def _before_routing(snapshot: Snapshot, request: Request) -> Response | None:
    """Answers that are given before any API is looked for (behaviour-chain 1.5, 1.6)."""
    server = snapshot.settings.http_server_options
    path = request.path
    longest = snapshot.settings.own.limits.max_path
    if 0 < longest < len(path):
        return PATH_TOO_LONG
    if not path.startswith("/") or (("%" in path) and _BAD_ESCAPE.search(path)):
        return BAD_REQUEST
    limit = server.max_request_body_size
    if limit > 0:
        declared = request.headers.get("content-length")
        size = int(declared) if declared is not None and declared.isascii() and declared.isdigit() else 0
        if size > limit:
            return BODY_TOO_LARGE
    if not server.skip_url_cleaning:
        decoded = decode_path(path)
        if _UNCLEAN.search(decoded):
            cleaned = encode_path(clean_path(decoded))
            return redirect(request.method, cleaned if request.query is None else f"{cleaned}?{request.query}")
    return None


def _unrouted_detail(answer: Response) -> str:
    location = answer.headers.get("location")
    if location is not None:
        return f"the path is not clean; redirected to {location}"
    return f"status {answer.status}: the request is malformed or too large"


class _Way(NamedTuple):
    """How a pass is entered: fields of ``Pass``."""

    loop_level: int = 0
    inside: bool = False
    check_limits: bool = False
    to_itself: bool = False
    shown_host: str = ""


_FROM_OUTSIDE: Final = _Way()


def _enter(run: Run, api: CompiledApi, way: _Way = _FROM_OUTSIDE, named: str = "") -> None:
    """Begin a pass through an API's chain, or a refusal.

    Args:
        run: Its exchange's request is what the pass begins with.
        api: That was routed to, looped to, or chosen as the version of another.
        way: That led here.
        named: The version that a base found in the request.
    """
    definition = api.definition
    before = run.exchange
    path = decode_path(before.request.path)
    own = None if before.passes else api.own_plan(path)
    if own is not None:
        _enter_own(run, api, own, path)
        return
    choice = None
    version = ""
    if definition.versioning is not None or definition.refusal is not None:
        choice = choose(definition, api.listen, before.request, path, named)
        if choice.request is not before.request:
            run.exchange = replace(before, request=choice.request)
            path = decode_path(choice.request.path)
        version = choice.version or ""
    elif definition.versions:
        version = definition.versions[0].name
    request = run.exchange.request
    this = Pass(definition.id, definition.name, version, definition.listen_path, request.method, path, *way)
    run.exchange = replace(run.exchange, passes=(*before.passes, this))
    run.api = api
    if api.key_names:
        run.trace.secret_names |= api.key_names
    if definition.secrets:
        run.trace.secrets |= definition.secrets
    if definition.unavailable:
        _refuse(run, Reject(Reason.UNAVAILABLE), definition.unavailable)
        return
    if choice is not None and not _chosen(run, choice, before, way):
        return
    run.version = api.versions[version]
    run.routed_path = routed_path(run.snapshot, run.exchange)
    run.plan = run.request_plan = run.version.plan(Phase.REQUEST, request.method, path, run.routed_path)


def _enter_own(run: Run, api: CompiledApi, plan: Plan, path: str) -> None:
    """Begin the one pass through an endpoint of the gateway's own: no version is chosen for it."""
    definition, method = api.definition, run.exchange.request.method
    this = Pass(definition.id, definition.name, "", definition.listen_path, method, path)
    run.exchange = replace(run.exchange, passes=(this,))
    run.api = api
    run.trace.secret_names |= api.key_names
    run.trace.secrets |= definition.secrets
    run.plan = run.request_plan = plan


def routed_path(snapshot: Snapshot, exchange: Exchange) -> str:
    """The path of an exchange's pass for the OpenAPI router, without the listen path of an API that it came through.

    A child version and an internal upstream are entered with the path as it is: it may still have the listen path of the
    API before it, if that one does not strip it.

    Args:
        snapshot: That the exchange runs on.
        exchange: At the beginning of the pass.
    """
    path = exchange.request.path
    passes = exchange.passes
    if len(passes) == 1:
        return path
    for before, after in zip(reversed(passes[:-1]), reversed(passes), strict=False):
        outer = snapshot.apis.get(before.api_id)
        if before.loop_level != after.loop_level or outer is None:
            break
        if not outer.definition.strip_listen_path:
            path = outer.listen.strip(path)
    return path


def _chosen(run: Run, choice: Choice, before: Exchange, way: _Way) -> bool:
    """Carry the choice of a version out. False: the exchange went to another API, or is answered."""
    api = run.api
    if api is None:
        raise RuntimeError("nothing was routed")
    asked = f"version {choice.named!r}" if choice.named else "no version"
    if choice.refusal is not None:
        _refuse(run, Reject(choice.refusal, status=choice.status), f"{choice.refusal.message}: {asked} asked for")
        return False
    header = run.snapshot.settings.version_header
    if choice.defaulted and header and choice.version is not None:
        answer_headers = run.exchange.answer_headers.set(header, choice.version)
        run.exchange = replace(run.exchange, answer_headers=answer_headers)
    why = Why(Level.API, "", rule="default version" if choice.defaulted else "version asked for")
    if not choice.child:
        _note(run, "versioning", "continue", why, before, f"{asked} asked for, {choice.version!r} chosen")
        return True
    child = run.snapshot.apis.get(choice.child)
    if child is None:
        _refuse(
            run, Reject(Reason.INTERNAL), f"version {choice.named!r} is the API {choice.child!r}, which is not loaded"
        )
        return False
    _note(run, "versioning", "continue", why, before, f"{asked} asked for, API {child.definition.name!r} chosen")
    if len(run.exchange.passes) > MOST_PASSES:
        _refuse(run, Reject(Reason.LOOP_TOO_DEEP), "versions of versions without end")
        return False
    if api.definition.strip_listen_path:
        request = run.exchange.request
        run.exchange = replace(run.exchange, request=replace(request, path=api.listen.strip(request.path)))
    _enter(run, child, way, choice.named)
    return False


async def run_request(run: Run, body: Body) -> None:
    """Run the request phase, with its loops. Afterwards ``run.answered``, or ``run.upstream`` says where it goes.

    Without the body it may stop before a pass that needs it: ``run.waits_for_body``. Called again with the body, it goes
    on there.

    Args:
        run: As ``begin`` gave it, and not answered; or as it stopped.
        body: The request's, or ``NOT_READ`` if no link needs it.
    """
    if not isinstance(body, NotRead):
        if body is not run.exchange.request.body:
            run.exchange = replace(run.exchange, request=replace(run.exchange.request, body=body))
            original = run.trace.original
            run.trace.original = replace(original, request=replace(original.request, body=body))
        limit = run.snapshot.settings.http_server_options.max_request_body_size
        if 0 < limit < len(body):
            _answer(run, BODY_TOO_LARGE, "finish", "the body is larger than max_request_body_size")
            return
    while True:
        outcome = await _run_phase(run)
        match outcome:
            case Forward(exchange=forwarded, upstream=upstream):
                run.exchange = replace(forwarded, upstream=upstream)
                await _to_upstream(run)
                return
            case Respond(response=response, finish=True):
                _set_response(run, response)
                _finish(run)
                return
            case Respond(response=response):
                begin_response(run, response)
                await run_response(run, response.body)
                return
            case Reject():
                _refuse(run, outcome)
                return
            case Loop() | Moved():
                if not _goes_on(run, outcome):
                    return
            case Continue():
                raise RuntimeError("the request chain ended without a link that answers or forwards")


async def _to_upstream(run: Run) -> None:
    """Run the links that look at the request as the upstream gets it, and hand it to the host."""
    exchange, version = run.exchange, run.version
    if version is not None and version.looks_upstream:
        run.plan = version.plan(Phase.UPSTREAM, exchange.request.method, decode_path(exchange.request.path), "")
        match await _run_phase(run):
            case Continue():
                pass
            case Reject() as reject:
                _refuse(run, reject)
                return
            case Respond(response=response, finish=True):
                _set_response(run, response)
                _finish(run)
                return
            case Respond(response=response):
                begin_response(run, response)
                await run_response(run, response.body)
                return
            case Forward() | Loop() | Moved():
                raise RuntimeError("a link between the chains cannot forward")
    run.upstream = run.exchange.upstream
    run.trace.upstream_request = run.exchange.request
    run.sent_ns = perf_counter_ns()


async def _run_phase(run: Run) -> Outcome:
    plan, api = run.plan, run.api
    if plan is None or api is None:
        raise RuntimeError("nothing was routed")
    strict = api.definition.strict or run.snapshot.settings.strict
    outcome = await run_links(
        plan.links, run.exchange, run.services, run.trace, plan.phase, strict=strict, observers=run.observers
    )
    if outcome.exchange is not None:
        run.exchange = outcome.exchange
    elif run.trace.steps:
        # What links before the one that answered wrote stays: headers for every answer, variables, passes.
        run.exchange = run.trace.steps[-1].before
    return outcome


def _goes_on(run: Run, outcome: Loop | Moved) -> bool:
    """Enter the API of a loop, or another plan. False: it is answered, or has to wait for the body."""
    if isinstance(outcome, Moved):
        _move(run)
        return True
    return _loop(run, outcome) and not run.waits_for_body


def _move(run: Run) -> None:
    """Go on behind the link that ran last, in the plan for the path that the request has now."""
    version = run.version
    if version is None:
        raise RuntimeError("nothing was routed")
    *before, this = run.exchange.passes
    path = decode_path(run.exchange.request.path)
    run.exchange = replace(run.exchange, passes=(*before, replace(this, path=path)))
    run.routed_path = routed_path(run.snapshot, run.exchange)
    plan = version.plan(Phase.REQUEST, run.exchange.request.method, path, run.routed_path)
    # Behind it there may be steps of watchers, which are no links.
    last = next(step.link for step in reversed(run.trace.steps) if step.outcome == "continue")
    done = max((index for index, link in enumerate(plan.links) if link.middleware.name == last), default=-1)
    run.plan = run.request_plan = dataclasses.replace(plan, links=plan.links[done + 1 :])


def _loop(run: Run, loop: Loop) -> bool:
    """Enter the API that a loop names. False: it was refused, and the exchange is answered."""
    run.loop_limit = run.loop_limit or loop.limit
    limit = run.loop_limit or DEFAULT_LOOP_LIMIT
    this = run.exchange.current_pass
    level = this.loop_level
    # Differs: the reference gateway has no limit for APIs whose upstreams are one another (test_a_ring_of_apis_ends).
    if level > limit or len(run.exchange.passes) > MOST_PASSES:
        message = f"{Reason.LOOP_TOO_DEEP.message}. Found more than {limit} loops in single request"
        _refuse(run, Reject(Reason.LOOP_TOO_DEEP, message))
        return False
    to_itself = loop.counted and loop.api == "self"
    api = run.api if to_itself else find_loop_target(run.snapshot, loop.api)
    if api is None:
        _refuse(run, Reject(Reason.LOOP_TARGET_MISSING if loop.counted else Reason.TARGET_MISSING))
        return False
    before = run.exchange
    request = replace(before.request, path=loop.path, method=loop.method or before.request.method)
    first = before.first_target or before.request.target
    run.exchange = replace(before, request=request, rewritten=None, to_method=None, loop_host="", first_target=first)
    # In the reference gateway an API that loops to itself does not count again, whatever its target says.
    check_limits = loop.check_limits and not to_itself if loop.counted else this.check_limits
    level = level + 1 if loop.counted else level
    way = _Way(level, inside=True, check_limits=check_limits, to_itself=to_itself, shown_host=loop.shown_host)
    _enter(run, api, way)
    return not run.answered


def find_loop_target(snapshot: Snapshot, name: str) -> CompiledApi | None:
    """The API that the host part of a ``tyk://`` URL names: by id, or by name as such URLs spell it.

    A listen path names none: older documentation says so, the reference gateway and newer documentation do not.

    Source: behaviour-chain 4.3.
    """
    by_id = snapshot.apis.get(name)
    if by_id is not None:
        return by_id
    wanted = _dashed(name).lower()
    if not wanted:
        return None
    return next((api for api in snapshot.apis.values() if loop_name(api.definition.name).lower() == wanted), None)


def loop_name(name: str) -> str:
    """An API's name as ``tyk://`` URLs spell it: without category, other characters as one dash."""
    head, category, _ = name.partition("#")
    return _dashed(head[:-1] if category else head)


def _dashed(text: str) -> str:
    return re.sub("[^A-Za-z0-9]+", "-", text)


def begin_response(run: Run, response: Response) -> None:
    """Take in a response's headers and plan the response phase.

    Args:
        run: After the request phase.
        response: The upstream's, or a link's; its body may be ``NOT_READ``.

    Source: behaviour-chain 2.4 for the path and method that entries are matched with.
    """
    if run.upstream is not None:
        run.trace.upstream_response = response
        run.trace.upstream_ns = perf_counter_ns() - run.sent_ns
    _set_response(run, response)
    version = run.version
    if version is None:
        raise RuntimeError("nothing was routed")
    this = run.exchange.current_pass
    path = run.exchange.response_path
    if path is None:
        path = decode_path(run.exchange.request.path)
    run.plan = version.plan(Phase.RESPONSE, this.method, path, run.routed_path if version.routes_responses else "")


async def run_response(run: Run, body: Body) -> None:
    """Run the response phase. Afterwards ``run.exchange.response`` is the client's.

    Args:
        run: After ``begin_response``.
        body: The response's, or ``NOT_READ`` if no link needs it.
    """
    response = run.exchange.response
    if response is None:
        raise RuntimeError("there is no response yet")
    if body is not response.body and not isinstance(body, NotRead):
        _set_response(run, replace(response, body=body))
        if run.upstream is not None:
            run.trace.upstream_response = run.exchange.response
    outcome = await _run_phase(run)
    match outcome:
        case Continue():
            run.upstream = None
            _finish(run)
        case Respond(response=answer):
            _set_response(run, answer)
            run.upstream = None
            _finish(run)
        case Reject():
            _refuse(run, outcome)
        case Forward() | Loop() | Moved():
            raise RuntimeError("a response link cannot forward")


def fail(run: Run, reason: Reason, detail: str) -> None:
    """End an exchange that its host could not carry: answer with the reason, and note ``detail`` in the trace.

    Args:
        run: In whatever state.
        reason: For the client.
        detail: For the trace and the log; the client does not see it.
    """
    run.trace.error = detail
    run.trace.failure = reason.name
    _refuse(run, Reject(reason), detail, record=False)


def _refuse(run: Run, reject: Reject, detail: str = "", *, record: bool = True) -> None:
    """Answer with a refusal. With ``detail`` it gets a step of its own in the trace: no link stands for it."""
    reason, settings = reject.reason, run.snapshot.settings
    errors = PLAIN if run.api is None else run.api.definition.errors
    override = errors.messages.get(reason.id, KEPT)
    status = reject.status or override.status or reason.status
    message = reject.message or override.message or reason.message
    original = run.trace.original.request
    reply = error_reply(
        replace(original, headers=run.exchange.request.headers),
        status,
        message,
        flag=reason.flag,
        errors=errors,
        hide_generator=settings.hide_generator_header,
    )
    if reject.headers.fields:
        headers = reject.headers
        for name, value in reply.headers:
            headers = headers.set(name, value)
        reply = replace(reply, headers=headers)
    before = run.exchange
    run.refusal = reject
    _tell(run, reject)
    _set_response(run, reply)
    if record and detail:
        _note(run, "routing", "reject", _ROUTING, before, f"{status} {detail}")
    run.upstream = None
    _finish(run)


def _tell(run: Run, reject: Reject) -> None:
    """Have those told that handle the event that a refusal is."""
    definition = None if run.api is None else run.api.definition
    if definition is None or not definition.event_handlers:
        return
    last = run.trace.steps[-1].link if run.trace.steps else ""
    kind = kind_of(reject, last)
    handlers = run.snapshot.handlers(definition, kind) if kind else ()
    if handlers:
        depth = run.snapshot.settings.http_server_options.xff_depth
        original = run.trace.original.request
        run.services.fire(event_of(reject, last, run.exchange, original, definition.org_id, depth), handlers)


def _answer(run: Run, response: Response, outcome: str, detail: str) -> None:
    before = run.exchange
    if run.snapshot.settings.close_connections:
        response = replace(response, headers=response.headers.set("Connection", "close"))
    _set_response(run, response)
    _note(run, "routing", outcome, _ROUTING, before, detail)
    run.upstream = None
    run.trace.answer = response
    run.trace.elapsed_ns = perf_counter_ns() - run.started_ns
    _tell_end(run)


def _tell_end(run: Run) -> None:
    for observer in run.observers:
        observer.ended(run.exchange.id)


def _note(run: Run, name: str, outcome: str, why: Why, before: Exchange, detail: str) -> None:
    """A step of the engine's own in the trace."""
    index = max(len(run.exchange.passes) - 1, 0)
    run.trace.steps.append(TraceStep(name, Phase.REQUEST, index, outcome, why, before, run.exchange, 0, detail))


def _set_response(run: Run, response: Response) -> None:
    run.exchange = replace(run.exchange, response=response)


def _finish(run: Run) -> None:
    """What every answer of an API gets, whoever made it."""
    exchange = run.exchange
    response = exchange.response
    if response is None:
        raise RuntimeError("there is no response yet")
    headers = response.headers
    if exchange.answer_headers.fields:
        headers = Headers((*headers.fields, *exchange.answer_headers.fields))
    if run.snapshot.settings.close_connections:
        headers = headers.set("Connection", "close")
    if headers is not response.headers:
        response = replace(response, headers=headers)
        run.exchange = replace(exchange, response=response)
    run.trace.answer = response
    run.trace.elapsed_ns = perf_counter_ns() - run.started_ns
    _tell_end(run)
