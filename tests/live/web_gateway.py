"""``lockgate serve`` with mitmweb on a folder of definitions, an upstream that answers JSON, and a browser: for a module.

Everything here is synchronous, so that one gateway and one browser serve all tests of a module.
"""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Locator
from tests.ports import free_port

SECONDS = 20.0
"""Until something that ought to happen at once counts as not happening."""
TOKEN = "tok"


def until[T](found: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
    """Ask until there is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.03)
    raise AssertionError(f"there was no {what} within {seconds:g} s")


def follow(link: Locator) -> None:
    """Click what leads to another page, and wait until that one listens: what is clicked before is lost."""
    before = link.page.url
    link.click()
    link.page.wait_for_url(lambda url: url != before)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Seen(NamedTuple):
    """A request that the upstream got."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class JsonUpstream:
    """Answers with what it got, as JSON."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.gate: threading.Barrier | None = None
        """Holds every answer until so many requests are there."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                upstream.seen.append(Seen(self.command, self.path, headers, body))
                if upstream.gate is not None:
                    upstream.gate.wait(SECONDS)
                text = body.decode("utf-8", "replace")
                answer = {"method": self.command, "target": self.path, "number": len(upstream.seen), "body": text}
                data = json.dumps({**answer, "trace": headers.get("x-trace")}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def forget(self) -> None:
        """What it got."""
        self.seen.clear()

    @contextlib.contextmanager
    def running(self) -> Iterator["JsonUpstream"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


class WebGateway:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.web = free_port(), free_port()
        self.exit_code: int | None = None
        """Of one that ran; below 0 if it had to be killed."""
        (folder / "definitions").mkdir()

    def define(self, name: str, document: dict[str, Any]) -> None:
        """Write a definition as editors do: beside it, then over it."""
        new = self.folder / f"{name}.new"
        new.write_text(json.dumps(document))
        new.replace(self.folder / "definitions" / f"{name}.json")

    @contextlib.contextmanager
    def running(self, settings: dict[str, Any]) -> Iterator["WebGateway"]:
        file = self.folder / "gateway.json"
        file.write_text(json.dumps(settings))
        log = (self.folder / "log").open("wb")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "lockgate.cli", "serve", "--definitions", str(self.folder / "definitions")),
                *("--listen", f"127.0.0.1:{self.port}", "--web", f"127.0.0.1:{self.web}", "--web-password", TOKEN),
                *("--gateway", str(file), "--set", "web_open_browser=false"),
                *("--set", f"confdir={self.folder}"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            until(self._listens, f"gateway: {self.folder / 'log'}", 2 * SECONDS)
            yield self
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.exit_code = process.returncode
            log.close()

    def _listens(self) -> bool:
        for port in (self.port, self.web):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return False
        return True

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """One request of a client."""
        return _ask(self.port, method, path, body, {"Host": "a.test", **(headers or {})}, **more)

    def api(self, method: str, path: str, value: Any = None, seconds: float = SECONDS) -> Answer:
        """One request of a program to the pages."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        body = None if value is None and method == "GET" else json.dumps({} if value is None else value).encode()
        return _ask(self.web, method, path, body, headers, seconds)

    def address(self, path: str) -> str:
        """Of a page, with what logs a browser in."""
        return f"http://127.0.0.1:{self.web}{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def log(self) -> str:
        return (self.folder / "log").read_text()


def _ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    seconds: float = SECONDS,
    **more: Any,
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body, headers, **more)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()
