"""Microseconds that ten transforms take as Go templates, against Jinja2's compiled templates of the same meaning.

    .venv/bin/python scripts/bench/templates.py [--samples 60]

Both get data that is decoded already, as each has it: JSON's integers are floats to Go, and what is there before a run is
there after it. First it is seen that both give the same text. The two take turns within a sample, so that a busy machine
slows both. Then a 2 kB body with decoding and encoding, and how the time grows with a body.
"""

import argparse
import gc
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from typing import Any, Final

from figures import ROOT, machine_lines, ratios, stop, table
from jinja2 import Environment

from lockgate.documents.json import decode_floats
from lockgate.templates.run import INLINE, LONG, Limits, Run
from lockgate.templates.sets import Template, compile_template
from lockgate.templates.values import to_bytes

FOLDER: Final = Path(__file__).resolve().parent / "templates"
TARGET_RATIO: Final = 1.0
TARGET_BODY_MICROSECONDS: Final = 1_000.0
SAMPLE_NANOSECONDS: Final = 3_000_000
KILOBYTE: Final = 1_024
SIZES: Final = (64 * KILOBYTE, 256 * KILOBYTE, 1_024 * KILOBYTE)
SEED: Final = b"benchmark" * 4


def a_run(limits: Limits = INLINE) -> Run:
    return Run(limits=limits, inline=limits is INLINE, now=1_700_000_000.0, seed=SEED)


def jinja_environment() -> Environment:
    """As somebody has it who writes JSON with Jinja2: no HTML escapes by themselves, compact ``tojson``."""
    environment = Environment(autoescape=False, keep_trailing_newline=True)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return environment


def cases() -> dict[str, tuple[Callable[[], str], Callable[[], str]]]:
    """By name: ours and Jinja2's, both ready to run."""
    environment = jinja_environment()
    found: dict[str, tuple[Callable[[], str], Callable[[], str]]] = {}
    for path in sorted(FOLDER.glob("*.tmpl")):
        raw = path.with_suffix(".json").read_bytes()
        ours = compile_template(path.read_text("utf-8"))
        theirs = environment.from_string(path.with_suffix(".j2").read_text("utf-8"))
        found[path.stem] = _ours(ours, decode_floats(raw)), _theirs(theirs, json.loads(raw))
    return found


def _ours(template: Template, data: Any) -> Callable[[], str]:
    return lambda: template.render(data, a_run())


def _theirs(template: Any, data: Any) -> Callable[[], str]:
    return lambda: template.render(data)


def per_call(call: Callable[[], object], number: int) -> float:
    """Microseconds of one call, on average over so many."""
    started = perf_counter_ns()
    for _ in range(number):
        call()
    return (perf_counter_ns() - started) / number / 1_000


def number_for(call: Callable[[], object]) -> int:
    """How many calls make a sample."""
    once = max(per_call(call, 5), 0.1)
    return max(int(SAMPLE_NANOSECONDS / 1_000 / once), 1)


def compared(samples: int) -> tuple[list[list[str]], list[float]]:
    """Rows of the table, and the ratio of each transform."""
    rows: list[list[str]] = []
    middle: list[float] = []
    for name, (ours, theirs) in cases().items():
        if ours() != theirs():
            raise stop(f"{name}: the two give different texts:\n{ours()}\n---\n{theirs()}")
        number = number_for(theirs)
        figures: tuple[list[float], list[float]] = ([], [])
        for turn in range(samples + 2):
            pair = per_call(ours, number), per_call(theirs, number)
            if turn >= 2:  # noqa: PLR2004 - the first two are warm-up
                for values, value in zip(figures, pair, strict=True):
                    values.append(value)
        factors = ratios(*figures)
        middle.append(median(factors))
        rows.append(
            [
                name,
                str(samples),
                *(f"{value:.1f}" for value in (min(figures[0]), median(figures[0]), max(figures[0]))),
                f"{median(figures[1]):.1f}",
                f"{middle[-1]:.2f}",
            ]
        )
    return rows, middle


def whole_body(template: Template, raw: bytes, limits: Limits) -> bytes:
    """What a transform does to a body."""
    return to_bytes(template.render(decode_floats(raw), a_run(limits)))


def bodies_of_two_kilobytes(samples: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for name in ("order_summary", "text_functions"):
        raw = json.dumps(json.loads((FOLDER / f"{name}.json").read_bytes()), indent=1).encode()
        template = compile_template((FOLDER / f"{name}.tmpl").read_text("utf-8"))
        values = [per_call(lambda: whole_body(template, raw, INLINE), 1) for _ in range(samples)]  # noqa: B023
        cuts = quantiles(values, n=100)
        rows.append(
            [
                f"{name}, {len(raw)} bytes",
                str(samples),
                *(f"{value:.1f}" for value in (min(values), median(values), cuts[98], max(values))),
            ]
        )
    return rows


def growing_bodies(samples: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for name, key in (("csv", "readings"), ("soap_request", "lines")):
        document = json.loads((FOLDER / f"{name}.json").read_bytes())
        template = compile_template((FOLDER / f"{name}.tmpl").read_text("utf-8"))
        items = list(document[key])
        before = 0.0
        for size in SIZES:
            each = len(json.dumps(items)) / len(items)
            grown = {**document, key: [items[place % len(items)] for place in range(int(size / each))]}
            raw = json.dumps(grown).encode()
            values = [per_call(lambda: whole_body(template, raw, LONG), 1) / 1_000 for _ in range(samples)]  # noqa: B023
            middle = median(values)
            growth = f"{middle / before:.2f}" if before else ""
            rows.append(
                [
                    f"{name}, {len(raw) // KILOBYTE} kB",
                    str(samples),
                    *(f"{value:.2f}" for value in (min(values), middle, max(values))),
                    f"{middle * 1_000 / (len(raw) / KILOBYTE):.1f}",
                    growth,
                ]
            )
            before = middle
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=60, metavar="N", help="samples of each transform (default 60)")
    given = parser.parse_args()
    gc.collect()
    gc.freeze()
    print("\n".join(machine_lines(("this state", ROOT))))
    rows, middle = compared(given.samples)
    header = ["µs of a run", "n", "min", "median", "max", "Jinja2's median", "ours ÷ Jinja2's"]
    print(f"\n{table(header, rows)}")
    print(f"\nmedian of the ten: {median(middle):.2f} × Jinja2's time; target: ≤ {TARGET_RATIO:.1f}")
    rows = bodies_of_two_kilobytes(given.samples * 30)
    print(f"\n{table(['µs with decoding and encoding', 'n', 'min', 'median', 'p99', 'max'], rows)}")
    print(f"target for the median: ≤ {TARGET_BODY_MICROSECONDS:.0f}")
    rows = growing_bodies(max(given.samples // 6, 5))
    print(f"\n{table(['ms of a long body', 'n', 'min', 'median', 'max', 'µs per kB', '× the one before'], rows)}")
    print("four times the body: four times the time, where nothing is quadratic")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
