"""What tests make exchanges, configs and services from: everything that a test is not about has a fixed value."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from lockgate.exchange import NO_HEADERS, Body, Client, Exchange, Headers, Pass, Request, Response
from lockgate.hosts.child import PROGRAMS
from lockgate.routing.pattern import decode_path
from lockgate.scripting.embedded import Embedded
from lockgate.services import Done, HostCalls, Outside, ScriptCall, ScriptProgram, ScriptResult, Services, Task
from lockgate.variables import Text, compile_text

RECEIVED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NEW_ID = "00000000-0000-4000-8000-000000000001"


class FixedOutside:
    """A clock that stands, and always the same id."""

    def now(self) -> float:
        return RECEIVED_AT.timestamp()

    def new_id(self) -> str:
        return NEW_ID

    def next_turn(self, name: str, count: int) -> int:
        return 0


class Elsewhere:
    """Computes, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    async def run[T](self, function: Callable[[], T]) -> T:
        self.count += 1
        return function()


class TasksInPlace:
    """Does tasks here, with what a process would get: plain values."""

    async def run(self, task: Task) -> Done:
        program = importlib.import_module(PROGRAMS[task.kind]).perform
        header = json.loads(json.dumps(task.header))
        done: Done = program(header, task.blobs)
        return Done(json.loads(json.dumps(done.header)), done.blobs)


class ScriptsInPlace:
    """Runs scripts in an engine that lives as long as one call, for tests whose requests have an event loop each."""

    async def run(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        engine = Embedded()
        try:
            return await engine.run(program, call, hosts)
        finally:
            engine.close()


def make_services(compute: Elsewhere | None = None) -> Services:
    fixed = FixedOutside()
    return Services(Outside(clock=fixed, ids=fixed, turns=fixed, compute=compute or Elsewhere(), tasks=TasksInPlace()))


def make_pass(method: str = "GET", path: str = "/", listen_path: str = "/", api_id: str = "api") -> Pass:
    return Pass(api_id, f"API {api_id}", "", listen_path, method, decode_path(path))


def make_request(
    method: str = "GET",
    url: str = "/",
    headers: tuple[tuple[str, str], ...] = (),
    body: Body = b"",
    host: str = "gateway.test",
) -> Request:
    path, question_mark, query = url.partition("?")
    fields = Headers.of(*headers) if headers else NO_HEADERS
    return Request(method, path, query if question_mark else None, fields, body, host)


def make_exchange(
    method: str = "GET",
    url: str = "/",
    headers: tuple[tuple[str, str], ...] = (),
    body: Body = b"",
    *,
    host: str = "gateway.test",
    listen_path: str = "/",
    loops: int = 0,
    **fields: object,
) -> Exchange:
    """An exchange that was routed; with ``loops`` passes more than one."""
    request = make_request(method, url, headers, body, host)
    first = make_pass(method, request.path, listen_path)
    passes = tuple(replace(first, loop_level=level, inside=level > 0) for level in range(loops + 1))
    exchange = Exchange("exchange-1", RECEIVED_AT, request, Client("192.0.2.1", 4711), passes=passes)
    return replace(exchange, **fields)  # type: ignore[arg-type]


def make_response(status: int = 200, headers: tuple[tuple[str, str], ...] = (), body: Body = b"") -> Response:
    return Response(status, Headers.of(*headers), body)


def make_text(text: str, secrets: dict[tuple[str, str], str] | None = None) -> Text:
    known = secrets or {}
    return compile_text(text, lambda kind, key: known.get((kind, key)))
