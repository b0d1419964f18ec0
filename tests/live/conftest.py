"""Real gateways in processes of their own, a real upstream in this one."""

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.sync_api import Browser, expect, sync_playwright

SECONDS = 20.0
"""Until something that ought to happen at once counts as not happening."""

type Handler = Callable[["Call"], Awaitable[None]]


class Call:
    """One request that the upstream got."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = self.line.split(" ")
        self.headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields if field)]
        self.reader, self.writer = reader, writer
        self.body = b""

    def header(self, wanted: str) -> str | None:
        return next((value for name, value in self.headers if name.lower() == wanted.lower()), None)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    async def read_body(self) -> bytes:
        if (length := self.header("content-length")) is not None:
            self.body = await self.reader.readexactly(int(length))
        elif self.header("transfer-encoding"):
            async for chunk in self.chunks():
                self.body += chunk
        return self.body

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"ok", status: str = "200 OK", *headers: str) -> None:
        fields = "".join(f"{field}\r\n" for field in headers)
        await self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body)


class Upstream:
    """Counts what it gets; answers by path, echoing by default."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.connections = 0
        self.handlers: dict[str, Handler] = {}
        self.port = 0
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()

    def forget(self) -> None:
        """What it got, and what it was told to answer."""
        self.calls.clear()
        self.handlers.clear()

    def on(self, path: str) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.handlers[path] = handler
            return handler

        return keep

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                call = Call(head, reader, writer)
                self.calls.append(call)
                handler = self.handlers.get(call.path)
                if handler is None:
                    await call.read_body()
                    await call.answer(f"{call.method} {call.target} ".encode() + call.body)
                else:
                    await handler(call)
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _listen(self, tls: ssl.SSLContext | None = None) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=4 * 1024 * 1024, ssl=tls)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def listen_with(self, tls: ssl.SSLContext) -> str:
        """Listen on one more port, with TLS; its URL."""
        return f"https://127.0.0.1:{await self._listen(tls)}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Upstream"]:
        self.port = await self._listen()
        try:
            yield self
        finally:
            for server in self._servers:
                server.close()
            for writer in list(self._writers):
                writer.transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class GatewayProcess:
    def __init__(self, control: asyncio.StreamWriter, port: int, pid: int) -> None:
        self.control, self.port, self.pid = control, port, pid
        self.connections: list[Connection] = []

    async def connect(self, tls: ssl.SSLContext | None = None, name: str | None = None) -> "Connection":
        streams = await asyncio.open_connection(
            "127.0.0.1", self.port, limit=16 * 1024 * 1024, ssl=tls, server_hostname=name
        )
        connection = Connection(*streams)
        self.connections.append(connection)
        return connection

    async def get(self, path: str, *headers: str) -> "Answer":
        """One request on a connection of its own."""
        connection = await self.connect()
        try:
            return await connection.request("GET", path, *headers)
        finally:
            connection.close()

    def peak_kb(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


class Answer:
    def __init__(self, head: bytes) -> None:
        self.line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.status = int(self.line.split(" ")[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        self.body = b""


class Connection:
    """A client that can misbehave."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> Answer:
        return Answer(await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SECONDS))

    async def answer(self, *, has_body: bool = True) -> Answer:
        answer = await self.head()
        if not has_body:
            return answer
        if "content-length" in answer.headers:
            answer.body = await asyncio.wait_for(
                self.reader.readexactly(int(answer.headers["content-length"])), SECONDS
            )
        elif "chunked" in answer.headers.get("transfer-encoding", ""):
            while chunk := await self.chunk():
                answer.body += chunk
        else:
            answer.body = await asyncio.wait_for(self.reader.read(), SECONDS)
        return answer

    async def chunk(self) -> bytes:
        size = int(await asyncio.wait_for(self.reader.readline(), SECONDS), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readline()
        return data

    async def request(self, method: str, path: str, *headers: str, body: bytes = b"") -> Answer:
        fields = "".join(f"{field}\r\n" for field in headers)
        if body:
            fields += f"Content-Length: {len(body)}\r\n"
        await self.send(f"{method} {path} HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n".encode() + body)
        return await self.answer(has_body=method != "HEAD")

    async def closed(self) -> bytes:
        """What still comes until the other side closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), SECONDS)
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.writer.close()
        self.writer.transport.abort()


type Start = Callable[..., Awaitable[GatewayProcess]]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as running:
        yield running


@pytest.fixture(scope="session", params=["", "-O"], ids=["plain", "optimised"])
def gateways(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a process that makes gateways.

    Both ways to run: -O strips the asserts that make some of mitmproxy's state errors visible.
    """
    path = str(tmp_path_factory.mktemp("gateways") / "socket")
    arguments = [sys.executable, *([request.param] if request.param else [])]
    program = str(Path(__file__).with_name("gateway.py"))
    with subprocess.Popen([*arguments, program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield path
        process.stdin.close()


@pytest.fixture
async def start(gateways: str) -> AsyncIterator[Start]:
    """Start a gateway with these APIs, as ``gateway.py`` takes them."""
    async with starting(gateways) as begin:
        yield begin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def start_for_all(gateways: str) -> AsyncIterator[Start]:
    """As ``start``, for a gateway that all tests of a module have in common. They need the module's event loop."""
    async with starting(gateways) as begin:
        yield begin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream_for_all() -> AsyncIterator[Upstream]:
    """As ``upstream``, for a gateway that all tests of a module have in common."""
    async with Upstream().running() as running:
        yield running


@contextlib.asynccontextmanager
async def starting(gateways: str) -> AsyncIterator[Start]:
    started: list[GatewayProcess] = []

    async def begin(*apis: dict[str, Any], **configuration: Any) -> GatewayProcess:
        reader, writer = await asyncio.open_unix_connection(gateways)
        writer.write(json.dumps({"apis": apis, **configuration}).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(reader.readline(), SECONDS))
        gateway = GatewayProcess(writer, answer["port"], answer["pid"])
        started.append(gateway)
        return gateway

    try:
        yield begin
    finally:
        for gateway in started:
            for connection in gateway.connections:
                connection.close()
            gateway.control.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, without a window."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=SECONDS * 1000)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()
