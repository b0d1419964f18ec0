"""A reload among 1,000 APIs: how soon a change is in effect, what requests notice of it, and what it leaves behind.

A gateway serves 1,000 definitions, each a file. A client asks without a pause on one connection: its slowest answer is
the longest stall of the gateway's loop and a little more. One file at a time is changed; the time is taken from the end
of the write to the first answer that shows it.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from figures import ROOT, machine_lines, table

APIS = 1000
EFFECT_SECONDS = 30


def definition(number: int, body: str) -> dict[str, Any]:
    """An API with a few middleware, that answers itself."""
    headers = {"enabled": True, "remove": ["X-A"], "add": [{"name": "X-B", "value": "$tyk_context.path"}]}
    mock = {"enabled": True, "code": 200, "body": body, "headers": []}
    return {
        "openapi": "3.0.3",
        "info": {"title": f"API {number}", "version": "1"},
        "paths": {"/x": {"get": {"operationId": "x", "responses": {"200": {"description": "x"}}}}},
        "x-tyk-api-gateway": {
            "info": {"id": f"api-{number}", "name": f"API {number}", "state": {"active": True}},
            "upstream": {"url": "http://127.0.0.1:9"},
            "server": {"listenPath": {"value": f"/api-{number}/", "strip": True}},
            "middleware": {"operations": {"x": {"mockResponse": mock, "transformRequestHeaders": headers}}},
        },
    }


class Asking(threading.Thread):
    """Asks one path without a pause until it is told to stop."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.latencies: list[float] = []
        self.failures = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopped.is_set():
            started = time.perf_counter()
            try:
                connection.request("GET", "/api-0/x")
                answer = connection.getresponse()
                ok = (answer.status, answer.read()) == (200, b"first")
            except (OSError, http.client.HTTPException):
                connection.close()
                ok = False
            self.failures += not ok
            self.latencies.append((time.perf_counter() - started) * 1000)

    def stop(self) -> tuple[float, float, int]:
        """Median and slowest answer in ms, and how many failed."""
        self.stopped.set()
        self.join()
        return statistics.median(self.latencies), max(self.latencies), self.failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--changes", type=int, default=20, help="files changed one after the other (default %(default)s)"
    )
    parser.add_argument("--reloads", type=int, default=200, help="reloads for the memory figure (default %(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "definitions"
        folder.mkdir()
        for number in range(APIS):
            write(folder, number, "first")
        with serving(folder) as (port, pid):
            quiet = Asking(port)
            quiet.start()
            time.sleep(3)
            rows = [["answers while nothing changes", *described(*quiet.stop())]]
            busy = Asking(port)
            busy.start()
            effects = [change(folder, port, number + 1, "changed") for number in range(given.changes)]
            rows.append(["answers while files change", *described(*busy.stop())])
            before = resident_kb(pid)
            for number in range(given.reloads):
                change(folder, port, number % 50 + 1, f"body {number}")
            after = resident_kb(pid)
    print("\n".join(machine_lines(("this state", ROOT))))
    print()
    print(table(["case", "median ms", "slowest ms", "failed"], rows))
    print()
    print(
        f"in effect after: median {statistics.median(effects):.0f} ms, max {max(effects):.0f} ms (n = {len(effects)})"
    )
    print(f"resident memory: {before / 1024:.1f} MB, after {given.reloads} reloads {after / 1024:.1f} MB")
    return 0


def described(median: float, slowest: float, failures: int) -> list[str]:
    return [f"{median:.1f}", f"{slowest:.1f}", str(failures)]


def write(folder: Path, number: int, body: str) -> None:
    new = folder.parent / f"{number}.new"
    new.write_text(json.dumps(definition(number, body)))
    new.replace(folder / f"api-{number}.json")


def change(folder: Path, port: int, number: int, body: str) -> float:
    """Milliseconds from the end of the write to the first answer that shows it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    write(folder, number, body)
    started = time.perf_counter()
    while time.perf_counter() - started < EFFECT_SECONDS:
        connection.request("GET", f"/api-{number}/x")
        if connection.getresponse().read() == body.encode():
            connection.close()
            return (time.perf_counter() - started) * 1000
        time.sleep(0.005)
    raise SystemExit("reload.py: a change did not come into effect within 30 s")


@contextlib.contextmanager
def serving(folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[tuple[int, int]]:
    """A gateway on a free port: the port, and its process id.

    Args:
        folder: Of definitions; the settings are written beside it.
        settings: Of the gateway.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--definitions", str(folder)]
    if settings is not None:
        file = folder.with_suffix(".settings.json")
        file.write_text(json.dumps(settings))
        command += ["--gateway", str(file)]
    process = subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL, env=os.environ)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


if __name__ == "__main__":
    raise SystemExit(main())
