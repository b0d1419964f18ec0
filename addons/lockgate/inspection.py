"""Definitions looked at without serving them: one request tried. No I/O.

The trial runs the same compiled chain as a host does; only the outside is other: the upstream's answer is given.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace as replace_service
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from lockgate.engine import Run, begin, begin_response, run_request, run_response
from lockgate.exchange import NOT_READ, Exchange, Headers, Request, Response, decode_text, replace
from lockgate.identity.sessions import completed, session_document
from lockgate.services import FoundKey, Outside
from lockgate.session import Session
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryLimits, MemoryTurns
from lockgate.trace import Trace


class _SystemClock:
    def now(self) -> float:
        return datetime.now(UTC).timestamp()


class _RandomIds:
    def new_id(self) -> str:
        return str(uuid.uuid4())


SYSTEM: Final = Outside(clock=_SystemClock(), ids=_RandomIds(), turns=MemoryTurns())
"""The real outside, as far as it needs no I/O."""


class EveryKey:
    """Holds one session, whatever the key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        """The first of these keys, whichever it is."""
        return FoundKey(names[0], self._session) if names else None

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Nothing is kept: the next request finds the session that was given."""


def with_session(posted: bytes) -> Outside:
    """The outside, in which every key is known and has the session object ``posted`` (JSON, as for ``/tyk/keys``).

    Raises:
        ValueError: It is no session object; the message says where.
    """
    return replace_service(SYSTEM, sessions=EveryKey(session_of(posted)), limits=MemoryLimits(SYSTEM.clock))


def session_of(posted: bytes) -> Session:
    """A session from a session object (JSON, as for ``/tyk/keys``); what it does not say is as in a new key.

    Raises:
        ValueError: It is no session object; the message says where.
    """
    return Session.of(completed(session_document(posted), SYSTEM.clock.now(), ""))


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
    if run.upstream is not None:
        run.trace.upstream_response = answer
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
