"""Microseconds that recording an exchange takes the loop that serves clients: off, on, and detailed.

    .venv/bin/python scripts/bench/records.py [--batches 40] [--runs 250]

Batches take turns. The writer's work is in a thread of its own: what it takes for one record is given apart.
"""

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any, Final

from chain import ANSWER, HEADERS, RECEIVED
from figures import ROOT, machine_lines, median_interval, ratios, table

from lockgate.engine import Run, begin, run_request
from lockgate.exchange import Exchange, Request, replace
from lockgate.inspection import SYSTEM, answer_run
from lockgate.loading import load_text
from lockgate.record_rules import RecordRules
from lockgate.records import Recorder, transaction_record
from lockgate.settings import load_settings
from lockgate.snapshot import Snapshot
from lockgate.stores.record_files import RecordFile

BODY: Final = b"x" * 2048
KINDS: Final[Mapping[str, dict[str, Any]]] = {
    "off": {},
    "on": {"enable_analytics": True},
    "detailed": {"enable_analytics": True, "analytics_config": {"enable_detailed_recording": True}},
}


def snapshot(gateway: dict[str, Any], folder: Path) -> Snapshot:
    """One tracked endpoint, with tags."""
    settings, _ = load_settings(
        json.dumps({**gateway, "x-lockgate": {"records": {"file": str(folder / "records.jsonl"), "queue": 1_000_000}}})
    )
    document = {
        "openapi": "3.0.3",
        "info": {"title": "bench", "version": "1"},
        "paths": {"/users/{id}": {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}],
                                  "get": {"operationId": "user", "responses": {"200": {"description": "one"}}}}},
        "x-tyk-api-gateway": {
            "info": {"name": "bench", "id": "bench", "state": {"active": True}},
            "upstream": {"url": "http://127.0.0.1:9000"},
            "server": {"listenPath": {"value": "/bench/", "strip": True}},
            "middleware": {
                "global": {"trafficLogs": {"enabled": True, "tagHeaders": ["X-Request-Id"]}},
                "operations": {"user": {"trackEndpoint": {"enabled": True}}},
            },
        },
    }  # fmt: skip
    return Snapshot(load_text(json.dumps(document), "bench.json", settings).definitions, settings)


async def finished(of: Snapshot, number: int) -> Run:
    """An exchange that is over."""
    request = Request("GET", f"/bench/users/{number}", None, HEADERS, b"", "127.0.0.1:8080")
    run = begin(of, SYSTEM, Exchange("bench", RECEIVED, request))
    await run_request(run, b"")
    await answer_run(run, replace(ANSWER, body=BODY))
    return run


def batch(recorder: Recorder, runs: Sequence[Run]) -> float:
    """Microseconds of one exchange, on average."""
    started = perf_counter_ns()
    for run in runs:
        recorder.take(run)
    return (perf_counter_ns() - started) / len(runs) / 1000


async def written(run: Run, folder: Path) -> float:
    """Microseconds of the writer for one record."""
    record = transaction_record(run, RecordRules(run.snapshot.settings.analytics_config), max_body_bytes=65536)
    if record is None:
        return 0.0
    sink = RecordFile(folder / "writer.jsonl")
    started = perf_counter_ns()
    await sink.write([record] * 1000)
    await sink.close()
    return (perf_counter_ns() - started) / 1000 / 1000


async def measure(batches: int, number: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        samples: dict[str, list[float]] = {kind: [] for kind in KINDS}
        chains: list[float] = []
        writers: dict[str, list[float]] = {kind: [] for kind in KINDS}
        snapshots = {kind: snapshot(gateway, folder) for kind, gateway in KINDS.items()}
        recorders = {kind: Recorder() for kind in KINDS}
        gc.collect()
        gc.freeze()
        for _ in range(batches):
            for kind in KINDS:
                started = perf_counter_ns()
                runs = [await finished(snapshots[kind], one % 100) for one in range(number)]
                if kind == "off":
                    chains.append((perf_counter_ns() - started) / number / 1000)
                samples[kind].append(batch(recorders[kind], runs))
                writers[kind].append(await written(runs[0], folder))
                await asyncio.sleep(0.15)  # for the writer, which is not measured here
        for recorder in recorders.values():
            recorder.close()
    print(f"a typical chain of one endpoint takes {median_interval(chains)} µs")
    print(table(("records", "µs on the loop", "of the chain", "µs of the writer"), [
        (kind, str(median_interval(samples[kind])), f"{median(ratios(samples[kind], chains)):.3f}",
         f"{median(writers[kind]):.1f}")
        for kind in KINDS
    ]))  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--runs", type=int, default=250)
    given = parser.parse_args(arguments)
    print("\n".join(machine_lines(("this checkout", ROOT))), f"n = {given.batches} batches of {given.runs}", sep="\n")
    asyncio.run(measure(given.batches, given.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
