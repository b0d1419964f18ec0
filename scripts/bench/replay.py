"""Exchanges per second of `lockgate replay`: a flow file of recorded exchanges through a header-and-rewrite definition.

    .venv/bin/python scripts/bench/replay.py [--exchanges 10000] [--runs 5]

The exchanges are run through the engine first and written as a gateway that saves its flows writes them. Then the real
command replays the file, in a process of its own on one core, start and loading of the definitions included. Each run is
followed by one that replays a single exchange, so that both figures are printed: with the start, and without.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from chain import DEFINITIONS as FOLDER
from chain import HEADERS
from figures import ROOT, machine_lines, median_interval, stop, table
from mitmproxy import connection, http
from mitmproxy.io import FlowWriter

from lockgate.engine import begin, run_request
from lockgate.exchange import Client, Exchange, Headers, Request, Response
from lockgate.hosts.mitm import views
from lockgate.hosts.mitm.messages import to_flow_response, write_request
from lockgate.inspection import SYSTEM, answer_run
from lockgate.loading import load
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

DEFINITIONS: Final = FOLDER / "typical.yaml"
TARGET: Final = 1000.0
"""Exchanges per second."""
ANSWER: Final = Headers.of(
    ("Server", "nginx"), ("Date", "Sat, 01 Aug 2026 10:00:00 GMT"), ("Content-Type", "application/json")
)
RECEIVED: Final = datetime(2026, 8, 1, 10, 0, tzinfo=UTC)


async def record(snapshot: Snapshot, number: int) -> Trace:
    """One exchange, as a gateway carries it."""
    request = Request("GET", f"/typical/books/{number % 500}", f"page={number}", HEADERS, b"", "127.0.0.1:8080")
    exchange = Exchange(f"{number:012x}", RECEIVED, request, Client("127.0.0.1", 40000))
    run = begin(snapshot, SYSTEM, exchange)
    await run_request(run, b"")
    body = json.dumps({"id": number, "name": f"book {number}", "tags": ["a", "b"]}).encode()
    await answer_run(run, Response(200, ANSWER.add("Content-Length", str(len(body))), body, "OK"))
    return run.trace


def flow_of(trace: Trace) -> http.HTTPFlow:
    """As the gateway leaves it."""
    sent, answer = trace.upstream_request, trace.answer
    if sent is None or answer is None or sent.path != f"/library/{trace.original.request.path.rpartition('/')[2]}":
        raise stop("the typical chain does not do its work")
    flow = http.HTTPFlow(
        connection.Client(peername=("127.0.0.1", 40000), sockname=("127.0.0.1", 8080), timestamp_start=0.0),
        connection.Server(address=("127.0.0.1", 9000)),
    )
    flow.request = http.Request.make("GET", "http://127.0.0.1:9000/")
    write_request(sent, flow.request)
    flow.response = to_flow_response(answer)
    views.show(flow, trace, forwarded=True)
    return flow


async def flows(snapshot: Snapshot, count: int) -> list[http.HTTPFlow]:
    return [flow_of(await record(snapshot, number)) for number in range(count)]


def replayed(file: Path, *more: str) -> tuple[float, float, dict[str, Any]]:
    """Seconds and seconds of CPU of the command, and what it printed."""
    command = [sys.executable, "-m", "lockgate.cli", "replay", str(file), "--definitions", str(DEFINITIONS), *more]
    before, started = os.times(), perf_counter()
    done = subprocess.run([*_pinned(), *command, "--format", "json"], capture_output=True, text=True, check=False)
    elapsed, after = perf_counter() - started, os.times()
    if done.returncode != 0:
        raise stop(f"the command ended with {done.returncode}: {done.stderr or done.stdout[:2000]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return elapsed, used, json.loads(done.stdout)


def _pinned() -> Sequence[str]:
    """One core, where that can be asked for."""
    core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return ("taskset", "-c", str(core)) if Path("/usr/bin/taskset").exists() else ()


def rows(runs: Sequence[tuple[float, float]], starts: Sequence[tuple[float, float]], count: int) -> Iterator[list[str]]:
    for place, clock in enumerate(("wall clock", "CPU time")):
        whole = [count / run[place] for run in runs]
        rest = [(count - 1) / (run[place] - start[place]) for run, start in zip(runs, starts, strict=True)]
        for name, values in (("with the start", whole), ("without the start", rest)):
            figures = [f"{one:.0f}" for one in (min(values), median(values), max(values))]
            yield [f"{clock}, {name}", str(len(values)), *figures, str(median_interval(values))]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--exchanges", type=int, default=10_000, metavar="N", help="in the file (default 10000)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of the command (default 5)")
    given = parser.parse_args()
    loaded = load([DEFINITIONS], Settings())
    if loaded.problems:
        raise stop("\n".join(map(str, loaded.problems)))
    made = asyncio.run(flows(Snapshot(loaded.definitions, Settings()), given.exchanges))
    runs, starts = [], []
    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        file = Path(folder) / "recorded.flow"
        with file.open("wb") as out:
            writer = FlowWriter(out)  # type: ignore[no-untyped-call]
            for flow in made:
                writer.add(flow)
        del made
        size = file.stat().st_size
        for _ in range(given.runs):
            *figures, report = replayed(file)
            if report["same"] != given.exchanges:
                raise stop(f"{report['same']} of {given.exchanges} exchanges came out the same")
            runs.append((figures[0], figures[1]))
            start = replayed(file, "--limit", "1")
            starts.append((start[0], start[1]))
    print("\n".join(machine_lines(("this state", ROOT))))
    print(f"{given.exchanges} recorded exchanges, {size / 1e6:.1f} MB; exchanges/s; target: {TARGET:.0f}\n")
    print(
        table(
            ["lockgate replay", "n", "min", "median", "max", "median [95 %]"], list(rows(runs, starts, given.exchanges))
        )
    )
    return 0 if median(given.exchanges / run[0] for run in runs) >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
