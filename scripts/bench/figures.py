"""What the benchmarks have in common: medians with their intervals, tables, and what they were measured on."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HALF_OF_FIVE_PERCENT: Final = 0.025


@dataclass(frozen=True, slots=True)
class Interval:
    """A median with the interval that holds the true one with 95 % probability."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def median_interval(values: Sequence[float]) -> Interval:
    """The median and its 95 % interval from order statistics, which assumes no distribution.

    With fewer than six values there is no such interval; the extremes are given.
    """
    ordered = sorted(values)
    size = len(ordered)
    rank, below = 0, 0.0
    while rank < size // 2:
        below += comb(size, rank) / 2**size
        if below > HALF_OF_FIVE_PERCENT:
            break
        rank += 1
    first = max(rank - 1, 0)
    return Interval(median(ordered), ordered[first], ordered[size - 1 - first])


def ratios(values: Sequence[float], bases: Sequence[float]) -> list[float]:
    """Each value divided by the base of the same round."""
    return [value / base for value, base in zip(values, bases, strict=True)]


def machine_lines(*states: tuple[str, Path]) -> list[str]:
    """What was measured, and on what.

    Args:
        states: Name and folder of each checkout.
    """
    lines = [f"{name}: {_commit(folder)}" for name, folder in states]
    lines.append(f"CPU: {_cpu()}, {_cores()}")
    lines.append(f"Python: {platform.python_version()} ({platform.python_implementation()}), {platform.system()}")
    return lines


def _commit(folder: Path) -> str:
    described = _output("git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12")
    return described or "no commit"


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _cores() -> str:
    import os

    count = os.cpu_count() or 1
    return f"{count} core{'s' * (count != 1)}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in plain text: the first column to the left, the others to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    )


def stop(message: str) -> SystemExit:
    """The end of a benchmark that cannot be carried out."""
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    return SystemExit(2)
