"""What people who look at traffic cost the traffic: pages, a paused exchange, memory, and the filter.

    .venv/bin/python scripts/bench/debug.py [--rounds 20] [--seconds 2] [--only filter|memory|throughput]

Throughput: ``lockgate serve`` with mitmweb, with pages and nobody connected against ``x-lockgate.debug.pages: false``;
and with pages and one exchange paused at a breakpoint against the same process with none. Pairs are interleaved, the
order alternates, ratios are those of one round. Memory: resident size of a gateway while it carries exchanges, from when
its log is full. Filter: the time until a filter that finds nothing has looked at everything, and the longest time that it
kept the loop. Needs wrk and nginx.
"""

import argparse
import asyncio
import contextlib
import gc
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from figures import ROOT, machine_lines, median_interval, ratios, stop, table
from throughput import (
    CONNECTIONS,
    TYPICAL,
    State,
    Variant,
    _definitions,
    _free_port,
    _process,
    _sample,
    _upstream,
    _verify,
)

from lockgate.debugging.exchanges import ExchangeLog
from lockgate.debugging.filtering import Search, parse_filter
from lockgate.exchange import Headers, Request, Response
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.pages.exchanges import SLICE_SECONDS
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot

TOKEN: Final = "bench"
PAUSE_SECONDS: Final = 3600
LEASE_SECONDS: Final = 30
FILTERS: Final = (
    "status:5xx",
    "api:nothing",
    "outcome:failed",
    "endpoint:nothing",
    "header:nothing",
    "body:nothing",
    "nothing",
)
SIZES: Final = (20_000, 100_000)
MEMORY_PARTS: Final = 20
DEFINITION: Final = Path(__file__).resolve().parent / "definitions" / "typical.yaml"
PAUSED_PATH: Final = "/typical/authors/poe"
BREAKPOINT: Final = 'link=forward endpoint="GET /authors/{name}"'


# Gateways with mitmweb


class Watched:
    """A gateway with mitmweb."""

    def __init__(self, variant: Variant, web: int, pid: int) -> None:
        self.variant, self.web, self.pid = variant, web, pid

    def ask(self, method: str, path: str, value: Any = None) -> Any:
        """A question of a program to the pages."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=20)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, path, None if value is None else json.dumps(value), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:  # noqa: PLR2004
            raise stop(f"{method} {path} answered {answer.status}: {text.decode()}")
        return json.loads(text) if text else None

    @property
    def cpu_seconds(self) -> float:
        """CPU time that it took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_kb(self) -> int:
        """Resident size."""
        lines = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


@contextlib.contextmanager
def watched(name: str, folder: Path, definitions: Path, debug: dict[str, Any]) -> Iterator[Watched]:
    """A gateway with mitmweb and these settings for debugging."""
    here = State("this state", ROOT)
    web, port = _free_port(), _free_port()
    settings = folder / f"{port}.json"
    settings.write_text(json.dumps({"x-lockgate": {"watch": False, "debug": debug}}), "utf-8")
    arguments = (
        *("-m", "lockgate.cli", "serve", "--definitions", str(definitions), "--gateway", str(settings)),
        *("--listen", f"127.0.0.1:{port}", "--web", f"127.0.0.1:{web}", "--web-password", TOKEN),
        *("--set", "web_open_browser=false", "--set", f"confdir={folder / f'mitmproxy-{port}'}"),
    )
    variant = Variant(name, here, arguments, *TYPICAL, port=port)
    with _process(name, variant.command, port, folder, here.environment):
        pid = _pid_on(port)
        _verify(variant)
        yield Watched(variant, web, pid)


def _pid_on(port: int) -> int:
    """The process that was started with this port."""
    output = subprocess.run(
        ["pgrep", "-f", "--", f"--listen 127.0.0.1:{port}"], capture_output=True, text=True, check=False
    )
    return int(output.stdout.split()[0])


# Throughput


def throughput(folder: Path, definitions: Path, rounds: int, seconds: int) -> None:
    """Print what pages, and a paused exchange, leave of the throughput."""
    debug = {"pause_seconds": PAUSE_SECONDS}
    with (
        watched("pages", folder, definitions, debug) as pages,
        watched("no pages", folder, definitions, {"pages": False}) as without,
        watched("one exchange to pause", folder, definitions, debug) as pausing,
    ):
        for one in (pages, without, pausing):
            _sample(one.variant, seconds)
        with_pages, bare, paused, free = Side(), Side(), Side(), Side()
        for number in range(rounds):
            pair = ((pages, with_pages), (without, bare))
            for one, side in pair if number % 2 else pair[::-1]:
                side.take(one, seconds)
            for is_paused in (True, False) if number % 2 else (False, True):
                if is_paused:
                    with one_paused(pausing):
                        paused.take(pausing, seconds)
                else:
                    free.take(pausing, seconds)
            if sys.stderr.isatty():
                print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
        rows = [
            _row("pages, nobody connected ÷ no pages", with_pages, bare),
            _row("one exchange paused ÷ none paused", paused, free),
        ]
    print(f"\nwrk -t1 -c{CONNECTIONS} -d{seconds}s, mitmweb; median [95 % interval], aim: ≥ 0.95")
    print(table(["throughput of others", "n", "median requests/s", "against", "ratio", "µs of CPU, ratio"], rows))


@dataclass(slots=True)
class Side:
    """What was measured of one side of a comparison, a sample a round."""

    rates: list[float] = field(default_factory=list)
    """Requests a second."""
    costs: list[float] = field(default_factory=list)
    """Seconds of the gateway's CPU time for one request: others on the machine hardly change it."""

    def take(self, gateway: Watched, seconds: int) -> None:
        """Measure once."""
        before = gateway.cpu_seconds
        rate = _sample(gateway.variant, seconds)[0]
        self.rates.append(rate)
        self.costs.append((gateway.cpu_seconds - before) / (rate * seconds))


def _row(name: str, side: Side, base: Side) -> list[str]:
    rates, costs = ratios(side.rates, base.rates), ratios(base.costs, side.costs)
    figures = (f"{median(side.rates):.0f}", f"{median(base.rates):.0f}")
    return [name, str(len(rates)), *figures, str(median_interval(rates)), str(median_interval(costs))]


@contextlib.contextmanager
def one_paused(gateway: Watched) -> Iterator[None]:
    """One exchange stands at a breakpoint, which is about its endpoint alone."""
    gateway.ask("POST", "/lockgate/api/lease", {"seconds": LEASE_SECONDS, "holder": "bench"})
    point = gateway.ask("POST", "/lockgate/api/breakpoints", {"spec": BREAKPOINT})
    waiting = threading.Thread(target=_wait_for_answer, args=(gateway.variant.port,), daemon=True)
    waiting.start()
    end = time.monotonic() + 20
    while not (pauses := gateway.ask("GET", "/lockgate/api/pauses")["pauses"]):
        if time.monotonic() > end:
            raise stop("no exchange was paused")
        time.sleep(0.02)
    try:
        yield
        if len(gateway.ask("GET", "/lockgate/api/pauses")["pauses"]) != 1:
            raise stop("the paused exchange went on while others were measured")
    finally:
        gateway.ask("POST", f"/lockgate/api/pauses/{pauses[0]['exchange']}", {"action": "drop"})
        gateway.ask("DELETE", f"/lockgate/api/breakpoints/{point['id']}")
        waiting.join(20)


def _wait_for_answer(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PAUSE_SECONDS)
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", PAUSED_PATH, headers={"X-Internal": "1"})
        connection.getresponse().read()
    connection.close()


# Memory


def memory(folder: Path, definitions: Path, count: int) -> None:
    """Print the resident size of a gateway after each part of so many exchanges."""
    part = count // MEMORY_PARTS
    with watched("memory", folder, definitions, {}) as gateway:
        url = gateway.variant.url
        sizes: list[tuple[int, int]] = []
        for _ in range(MEMORY_PARTS):
            command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d600s", url]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as client:
                wanted = part * (len(sizes) + 1)
                while _came(gateway) < wanted:
                    time.sleep(0.2)
                client.terminate()
            sizes.append((_came(gateway), gateway.resident_kb))
        kept = gateway.ask("GET", "/lockgate/api/exchanges?limit=1")["kept"]
    full = [(came, size) for came, size in sizes if came >= 2 * kept]
    first, last = full[0][1], full[-1][1]
    print(f"\nresident size of a gateway with mitmweb, log of {kept} exchanges")
    print(table(["exchanges", "MiB"], [[str(came), f"{size / 1024:.0f}"] for came, size in sizes]))
    print(f"from {full[0][0]} to {full[-1][0]} exchanges: {last / first - 1:+.1%} (aim: within 5 %)")


def _came(gateway: Watched) -> int:
    answer = gateway.ask("GET", "/lockgate/api/exchanges?limit=1")
    return int(answer["kept"]) + int(answer["dropped"])


# Filter


async def filled(size: int) -> ExchangeLog:
    """A log of exchanges through the typical chain, each with its own messages."""
    loaded = load_text(DEFINITION.read_text("utf-8"), DEFINITION.name, Settings())
    snapshot = Snapshot(list(loaded.definitions), Settings())
    log = ExchangeLog(size)
    for number in range(size):
        fields = (("User-Agent", "bench"), ("Accept", "*/*"), ("X-Internal", "1"), ("X-Request-Id", f"id-{number}"))
        request = Request("GET", f"/typical/books/{number}", None, Headers.of(*fields), b"", "localhost")
        body = json.dumps({"id": number, "title": "a book", "pages": 312}).encode()
        answer = Response(200, Headers.of(("Content-Type", "application/json"), ("Server", "bench")), body)
        log.began(await try_request(snapshot, request, answer), str(number))
        log.ended(str(number))
    return log


def filters(runs: int) -> None:
    """Print how long it takes to find nothing."""
    rows = []
    for size in SIZES:
        log = asyncio.run(filled(size))
        gc.collect()
        gc.freeze()
        for line in FILTERS:
            wanted, longest = parse_filter(line), 0.0
            times: list[float] = []
            costs: list[float] = []
            for _ in range(runs):
                used = time.process_time()
                took, slice_took = _searched(log, wanted)
                costs.append(time.process_time() - used)
                times.append(took)
                longest = max(longest, slice_took)
            found = median_interval(times)
            figures = (f"{found}", f"{max(times):.2f}", f"{median(costs):.2f}", f"{longest * 1000:.1f}")
            rows.append([line, f"{size}", f"{runs}", *figures])
        gc.unfreeze()
        del log
    print("\nseconds until a filter that finds nothing is done; median [95 % interval], aim: ≤ 1 s")
    print(table(["filter", "exchanges", "n", "seconds", "max", "of CPU", "longest on the loop, ms"], rows))


def _searched(log: ExchangeLog, wanted: Any) -> tuple[float, float]:
    began, longest = time.perf_counter(), 0.0
    search = Search(log.newest_first(), wanted, (), 100)
    over = False
    while not over:
        last = time.perf_counter()
        over = search.go_on(SLICE_SECONDS)
        longest = max(longest, time.perf_counter() - last)
    if search.found:
        raise stop(f"{wanted.line} found something")
    return time.perf_counter() - began, longest


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="samples of each (default 20)")
    parser.add_argument("--seconds", type=int, default=2, metavar="N", help="length of a sample (default 2)")
    parser.add_argument("--exchanges", type=int, default=200_000, metavar="N", help="for memory (default 200000)")
    parser.add_argument("--only", choices=("filter", "memory", "throughput"), help="that part alone")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    if given.only in (None, "filter"):
        filters(max(given.rounds, 6))
    if given.only == "filter":
        return 0
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as name, contextlib.ExitStack() as stack:
        folder, port = Path(name), _free_port()
        stack.enter_context(_upstream(folder, port))
        definitions = _definitions(folder, port) / "typical"
        if given.only in (None, "throughput"):
            throughput(folder, definitions, given.rounds, given.seconds)
        if given.only in (None, "memory"):
            memory(folder, definitions, given.exchanges)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
