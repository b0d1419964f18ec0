"""What scripts cost, and what hostile ones do to the gateway.

    .venv/bin/python scripts/bench/scripts.py [--samples 2000] [--calls 20000] [--programs 200] [--only engine|gateway]

First the engine alone, in this process and in processes of its own, with a host that answers at once. Then a whole
gateway, `lockgate serve --headless`, with one client that asks on one connection for a mock, for a small virtual endpoint,
and for virtual endpoints that make requests of a small upstream on the same machine: one of each in a round.
"""

import argparse
import asyncio

import script_engine as engine
import script_gateway as gateway
from figures import ROOT, machine_lines, table

CALL_HEADER = ["calls of the host", "n", "min µs", "median", "p99", "max"]
GAP_HEADER = ["hostile script", "came to", "s", "next call", "ms", "loop stood still, ms"]
LEAK_HEADER = ["in", "n", "MiB at most before", "in them", "ratio", "isolates"]


def engines(samples: int, calls: int, programs: int) -> None:
    """The engine alone."""
    latencies, gaps, waited, leaks = asyncio.run(engine.embedded_figures(samples, calls, programs))
    print(f"\nin this process\n{table(CALL_HEADER, latencies)}")
    print(f"target for the median without a call: ≤ {engine.TARGET_CALL_MICROSECONDS:.0f} µs")
    print(f"\n{table(GAP_HEADER, gaps)}")
    print(f"\n200 scripts that each wait 100 ms: {waited:.2f} s; target: ≤ 1 s")
    print(f"\n{table(LEAK_HEADER, leaks)}")
    print(f"target for the ratio: ≤ {engine.TARGET_GROWTH}")
    latencies, gaps, waited = asyncio.run(engine.pooled_figures(max(samples // 4, 100)))
    print(f"\nin processes\n{table(CALL_HEADER, latencies)}")
    print(f"\n{table(GAP_HEADER, gaps)}")
    print(f"\n200 scripts that each wait 100 ms: {waited:.2f} s")


def gateways(samples: int) -> None:
    """A whole gateway, with each engine."""
    for name in ("embedded", "processes"):
        settings = {"x-lockgate": {"scripts": {"engine": name}}}
        rows = gateway.measured(samples if name == "embedded" else max(samples // 4, 100), settings)
        print(f"\na whole gateway, scripts.engine: {name}\n{table(gateway.HEADER, [row.cells for row in rows])}")
    print(f"target for the virtual endpoint, embedded: ≤ {gateway.TARGET_MILLISECONDS} ms over the mock")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=2000, metavar="N", help="calls of each kind (default 2000)")
    parser.add_argument("--calls", type=int, default=20_000, metavar="N", help="to look for leaks (default 20000)")
    parser.add_argument(
        "--programs", type=int, default=200, metavar="N", help="reloads to look for leaks (default 200)"
    )
    parser.add_argument("--only", choices=("engine", "gateway"), help="one half of it")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    if given.only != "gateway":
        engines(given.samples, given.calls, given.programs)
    if given.only != "engine":
        gateways(given.samples)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
