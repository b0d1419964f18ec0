"""Definitions looked at without serving them: the effective chain, and one request tried. No I/O.

The trial runs the same compiled chain as a host does; only the outside is other: the upstream's answer is given.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as replace_service
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from lockgate.assembly import CompiledApi, Plan
from lockgate.engine import Run, begin, begin_response, run_request, run_response
from lockgate.exchange import NOT_READ, Exchange, Headers, Request, Response, decode_text, replace
from lockgate.identity.sessions import completed, session_document
from lockgate.routing.pattern import decode_path
from lockgate.services import FoundKey, Outside
from lockgate.session import Session
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryLimits, MemoryTurns
from lockgate.trace import Phase, Trace
from lockgate.trace_format import left_out_lines, why_text, without_secrets


class _SystemClock:
    def now(self) -> float:
        return datetime.now(UTC).timestamp()


class _RandomIds:
    def new_id(self) -> str:
        return str(uuid.uuid4())


SYSTEM: Final = Outside(clock=_SystemClock(), ids=_RandomIds(), turns=MemoryTurns())
"""The real outside, as far as it needs no I/O."""


class _EveryKey:
    """Holds one session, whatever the key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        return FoundKey(names[0], self._session) if names else None

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Nothing is kept: the next request finds the session that was given."""


def with_session(posted: bytes) -> Outside:
    """The outside, in which every key is known and has the session object ``posted`` (JSON, as for ``/tyk/keys``).

    Raises:
        ValueError: It is no session object; the message says where.
    """
    now = SYSTEM.clock.now()
    session = Session.of(completed(session_document(posted), now, ""))
    return replace_service(SYSTEM, sessions=_EveryKey(session), limits=MemoryLimits(SYSTEM.clock))


async def try_request(snapshot: Snapshot, request: Request, answer: Response, outside: Outside = SYSTEM) -> Trace:
    """Send one request through a snapshot, with a given answer of the upstream, and return the whole trace."""
    exchange = Exchange(id="try", received_at=datetime.now(UTC), request=request)
    run = begin(snapshot, outside, exchange)
    if not run.answered:
        await run_request(run, request.body)
    if not run.answered:
        await answer_run(run, answer)
    return run.trace


async def answer_run(run: Run, answer: Response) -> None:
    """Take the upstream's answer through the response phase, headers first, as hosts do."""
    begin_response(run, replace(answer, body=NOT_READ))
    await run_response(run, answer.body if run.needs_response_body else NOT_READ)
    response = run.exchange.response
    if response is not None and response.body is NOT_READ:
        run.exchange = replace(run.exchange, response=replace(response, body=answer.body))
        run.trace.answer = run.exchange.response


def parse_request(text: bytes, headers: Sequence[str] = (), body: bytes | None = None) -> Request:
    """A request from "GET /path", from a path or URL alone, or from a whole HTTP/1.1 message.

    Args:
        text: One line, or a message with CRLF or LF line ends.
        headers: "Name: value" each, added to the message's.
        body: Instead of the message's.

    Raises:
        ValueError: It is none of these; the message says what was expected.
    """
    first, fields, found_body = _message(text)
    words = decode_text(first).split()
    match words:
        case [target]:
            method = "GET" if body is None else "POST"
        case [method, target] | [method, target, _]:
            pass
        case _:
            raise ValueError(f"expected 'METHOD PATH' as the request, found {decode_text(first)!r}")
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise ValueError(f"expected 'Name: value' as a header, found {header!r}")
        fields = fields.add(name.strip(), value.strip())
    parts = urlsplit(target) if "://" in target else None
    if parts is not None:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.startswith("/"):
        raise ValueError(f"expected a path that begins with '/', found {target!r}")
    content = found_body if body is None else body
    if content and "content-length" not in fields:
        fields = fields.add("Content-Length", str(len(content)))
    path, question, query = target.partition("?")
    host = fields.get("host") or (parts.netloc if parts is not None else "localhost")
    return Request(method, path, query if question else None, fields.remove("host"), content, host)


def parse_answer(text: bytes) -> Response:
    """An upstream's answer from a status alone or from a whole HTTP/1.1 message.

    Raises:
        ValueError: It is neither.
    """
    first, fields, body = _message(text)
    words = decode_text(first).split(None, 2)
    status = words[1] if len(words) > 1 and words[0].startswith("HTTP/") else words[0] if len(words) == 1 else ""
    if not status.isdigit() or not 100 <= int(status) <= 599:  # noqa: PLR2004
        raise ValueError(f"expected a status or an HTTP/1.1 response as the answer, found {decode_text(first)!r}")
    return Response(int(status), fields, body)


def _message(text: bytes) -> tuple[bytes, Headers, bytes]:
    """First line, header fields and body of a message with either kind of line end."""
    for end in (b"\r\n", b"\n"):
        head, blank, body = text.partition(end + end)
        if blank or end in head:
            break
    first, *lines = head.strip().splitlines() or [b""]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise ValueError(f"expected 'Name: value' in a header line, found {decode_text(line)!r}")
        pairs.append((name.strip(), value.strip()))
    return first, Headers(tuple(pairs)), body


def show_apis(snapshot: Snapshot) -> Iterator[str]:
    """Every API with its sections and entries, in the order in which they run."""
    for api in snapshot.apis.values():
        yield from _show_api(api)
        yield ""


def _show_api(api: CompiledApi) -> Iterator[str]:
    definition = api.definition
    kind = "internal, reached by loops only" if definition.internal else definition.listen_path
    yield f"{definition.name} ({definition.id})  {kind}"
    if definition.unavailable:
        yield f"  answers 503: {definition.unavailable}"
    for version in definition.versions:
        for name, section in version.sections.items():
            yield f"  {name:<18} whole API  [{section.pointer}]"
        for rule in version.rules:
            kind = rule.kind if rule.kind and rule.kind != rule.middleware else ""
            yield f"  {rule.middleware:<18} {rule.entry}  {kind}  [{rule.pointer}]"


async def show_request(snapshot: Snapshot, request: Request) -> Sequence[str]:
    """The plans of one request in both phases, with why each link is in or out.

    The request phase is run, since the response phase is planned for what it made of the path. The plan of the last
    pass is shown.
    """
    run = begin(snapshot, SYSTEM, Exchange(id="show", received_at=datetime.now(UTC), request=request))
    first = run.plan
    if run.api is not None and run.version is None and first is not None and not run.answered:
        return [f"{request.method} {request.path} → the gateway's own", "request:", *_plan_lines(first)]
    if run.api is None or run.version is None or first is None or run.answered:
        return [*(step.detail for step in run.trace.steps)]
    definition, this = run.api.definition, run.exchange.current_pass
    lines = [f"{request.method} {request.path} → {definition.name} ({definition.id}) on {definition.listen_path}"]
    lines += ["request:", *_plan_lines(first)]
    lines += left_out_lines(run.version.left_out(Phase.REQUEST, this.method, this.path, request.path))
    await run_request(run, request.body)
    ending = run.trace.steps[-1]
    if run.upstream is None:
        return [*lines, f"answered by {ending.link}: {ending.detail}"]
    target = without_secrets(run.exchange.request.target, run.trace.secrets, run.trace.secret_names)
    lines.append(f"upstream: {run.exchange.request.method} {run.upstream.address}{target}")
    begin_response(run, Response(200))
    plan = run.plan
    if plan is None:
        return lines
    lines += ["response:", *_plan_lines(plan)]
    path = run.exchange.response_path or decode_path(run.exchange.request.path)
    routed = run.routed_path if run.version.routes_responses else ""
    return [*lines, *left_out_lines(run.version.left_out(Phase.RESPONSE, this.method, path, routed))]


def _plan_lines(plan: Plan) -> Iterator[str]:
    for number, link in enumerate(plan.links, 1):
        reason = why_text(
            {
                "level": link.why.level.value,
                "pointer": link.why.pointer,
                "entry": link.why.entry,
                "pattern": link.why.pattern,
                "text": link.why.text,
                "rule": link.why.rule,
            }
        )
        place = f"  [{link.why.pointer}]" if link.why.pointer else ""
        yield f"{number:4} {link.middleware.name:<18} {reason or 'always'}{place}"
