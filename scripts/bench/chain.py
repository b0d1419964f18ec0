"""Microseconds of the chain alone, without a host: from `engine.begin` to the end of the response phase.

    .venv/bin/python scripts/bench/chain.py [--batches 40] [--runs 250]

Batches of the chain and of `json.loads` of a 2 kB document take turns; the multiple travels between machines.
"""

import argparse
import asyncio
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Final

from figures import ROOT, machine_lines, median_interval, ratios, stop, table

from lockgate.engine import begin, begin_response, run_request, run_response
from lockgate.exchange import NOT_READ, Exchange, Headers, Request, Response
from lockgate.inspection import SYSTEM
from lockgate.loading import load
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot

DEFINITIONS: Final = Path(__file__).resolve().parent / "definitions"
TARGET_MICROSECONDS: Final = 150.0
DOCUMENT_BYTES: Final = 2048

HEADERS: Final = Headers.of(
    ("User-Agent", "bench/1.0"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("X-Internal", "1"),
    ("X-Request-Id", "4f1c0f6e2b6d4f0d8e4a"),
)
ANSWER: Final = Response(
    200,
    Headers.of(
        ("Server", "nginx"),
        ("Date", "Sat, 01 Aug 2026 10:00:00 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Length", "43"),
    ),
    NOT_READ,
)
RECEIVED: Final = datetime(2026, 8, 1, 10, 0, tzinfo=UTC)


def document() -> str:
    """JSON of about 2 kB: a list of small objects."""
    items: list[dict[str, object]] = []
    while len(json.dumps(items)) < DOCUMENT_BYTES:
        number = len(items)
        items.append({"id": number, "name": f"item {number}", "price": number * 1.5, "tags": ["a", "b"], "new": True})
    return json.dumps(items)


def exchanges(paths: Iterator[str], number: int) -> Sequence[Exchange]:
    """As a host makes them; not part of what is measured."""
    return [
        Exchange("bench", RECEIVED, Request("GET", next(paths), None, HEADERS, NOT_READ, "127.0.0.1:8080"))
        for _ in range(number)
    ]


async def run_batch(snapshot: Snapshot, batch: Sequence[Exchange]) -> float:
    """Microseconds of one exchange, on average over the batch."""
    started = perf_counter_ns()
    for exchange in batch:
        run = begin(snapshot, SYSTEM, exchange)
        if not run.needs_request_body:
            await run_request(run, NOT_READ)
        if not run.answered:
            begin_response(run, ANSWER)
            await run_response(run, NOT_READ)
    return (perf_counter_ns() - started) / len(batch) / 1000


def loads_batch(text: str, number: int) -> float:
    """Microseconds of one `json.loads`."""
    started = perf_counter_ns()
    for _ in range(number):
        json.loads(text)
    return (perf_counter_ns() - started) / number / 1000


async def verify(snapshot: Snapshot) -> None:
    """See that the chain does what is measured."""
    run = begin(snapshot, SYSTEM, exchanges(iter(["/typical/books/42"]), 1)[0])
    await run_request(run, NOT_READ)
    begin_response(run, ANSWER)
    await run_response(run, NOT_READ)
    sent, answer = run.trace.upstream_request, run.exchange.response
    if sent is None or sent.path != "/library/42" or sent.headers.get("X-Gateway") != "bench" or answer is None:
        raise stop(f"the typical chain does not do its work: {sent}")
    if answer.headers.get("X-Served-By") != "bench" or "Server" in answer.headers:
        raise stop(f"the typical chain does not do its work: {answer}")


async def measure(snapshot: Snapshot, batches: int, runs: int) -> dict[str, list[float]]:
    numbers = count()
    cases: dict[str, Callable[[], Iterator[str]]] = {
        "typical chain, plan kept": lambda: ("/typical/books/42" for _ in count()),
        "typical chain, new path": lambda: (f"/typical/books/{next(numbers)}" for _ in count()),
        "mock, plan kept": lambda: ("/mocked/books/42" for _ in count()),
    }
    text = document()
    found: dict[str, list[float]] = {name: [] for name in (*cases, "json.loads of 2 kB")}
    for number in range(batches + 2):
        figures = {name: await run_batch(snapshot, exchanges(paths(), runs)) for name, paths in cases.items()}
        figures["json.loads of 2 kB"] = loads_batch(text, runs)
        if number >= 2:  # noqa: PLR2004 - the first two are warm-up
            for name, value in figures.items():
                found[name].append(value)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--batches", type=int, default=40, metavar="N", help="samples of each case (default 40)")
    parser.add_argument("--runs", type=int, default=250, metavar="N", help="exchanges in a sample (default 250)")
    given = parser.parse_args()
    loaded = load([DEFINITIONS], Settings())
    if loaded.problems:
        raise stop("\n".join(map(str, loaded.problems)))
    snapshot = Snapshot(loaded.definitions, Settings())
    asyncio.run(verify(snapshot))
    gc.collect()
    gc.freeze()
    found = asyncio.run(measure(snapshot, given.batches, given.runs))
    base = found["json.loads of 2 kB"]
    rows = [
        [
            name,
            str(len(values)),
            f"{min(values):.1f}",
            f"{median(values):.1f}",
            f"{max(values):.1f}",
            str(median_interval(ratios(values, base))),
        ]
        for name, values in found.items()
    ]
    print("\n".join(machine_lines(("this state", ROOT))))
    print(f"{given.runs} exchanges in a sample; µs of one; target for the typical chain: {TARGET_MICROSECONDS:.0f}\n")
    print(table(["case", "n", "min", "median", "max µs", "÷ json.loads"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
