"""How long finding a route and making a plan takes, with few and with many APIs and endpoints, and on hostile paths.

    .venv/bin/python scripts/bench/lookup.py [--samples 30]

"made" varies the path, so that no plan is kept from an earlier request; "kept" asks for the same one again. The sizes
take turns within a sample.
"""

import argparse
import gc
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from statistics import median
from time import perf_counter_ns
from typing import Final

from figures import ROOT, machine_lines, median_interval, ratios, table

from lockgate.assembly import Plan
from lockgate.exchange import Headers
from lockgate.middleware import Rule
from lockgate.middlewares.access import AccessEntry, AccessKind
from lockgate.middlewares.mock_response import MockResponse
from lockgate.middlewares.request_method import RequestMethod
from lockgate.model import ApiDefinition, Version
from lockgate.routing.pattern import decode_path
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Phase

SIZES: Final = (10, 1_000, 10_000)
WARM: Final = 1_000_000_000
"""First number of paths that only warm."""
CALLS: Final = 100
"""Lookups in one figure."""
TARGET_RATIO: Final = 1.5
TARGET_HOSTILE_MILLISECONDS: Final = 5.0
LONGEST: Final = Settings().own.limits.max_path
"""Characters of a hostile path; what is longer is answered 414."""

_METHOD: Final = RequestMethod("POST")
_MOCK: Final = MockResponse(200, b"{}", Headers.of(("Content-Type", "application/json")))

type Lookup = Callable[[str], Plan | None]


def api(number: int, rules: Sequence[Rule], listen_path: str = "") -> ApiDefinition:
    operations = tuple((rule.path, rule.method) for rule in rules)
    return ApiDefinition(
        id=f"api-{number}",
        name=f"API {number}",
        listen_path=listen_path or f"/api-{number:05d}/",
        strip_listen_path=True,
        versions=(Version(rules=tuple(rules), operations=operations),),
    )


def transforms(size: int) -> list[Rule]:
    """Every endpoint has a method transform, which is matched with patterns."""
    return [Rule("request_method", f"/kind-{i:05d}/{{id}}/parts", "GET", _METHOD) for i in range(size)]


def lists(size: int) -> list[Rule]:
    """Every endpoint is on the block list."""
    return [
        Rule("access", f"/kind-{i:05d}/{{id}}/parts", "GET", AccessEntry(AccessKind.BLOCK), kind="block")
        for i in range(size)
    ]


def mocks(size: int) -> list[Rule]:
    """Every endpoint is mocked, which is matched with the OpenAPI router."""
    return [Rule("mock_response", f"/kind-{i:05d}/{{id}}/parts", "GET", _MOCK) for i in range(size)]


def wildcards(size: int, rules: Callable[[str], Rule]) -> list[Rule]:
    """Up to 1,024 entries that all match "/a/a/a…": each segment is "a" or "*"."""
    return [rules("".join("/*" if i >> bit & 1 else "/a" for bit in range(10))) for i in range(size)]


def lookup(snapshot: Snapshot) -> Lookup:
    """What the engine asks for when a request arrives."""

    def look(path: str) -> Plan | None:
        decoded = decode_path(path)
        found = snapshot.route("gateway.test", decoded)
        return None if found is None else found[0].default_version.plan(Phase.REQUEST, "GET", decoded, path)

    return look


def settle() -> None:
    """Keep the collector's walks over tens of thousands of APIs out of the figures."""
    gc.collect()
    gc.freeze()


def snapshot_of(*definitions: ApiDefinition) -> Snapshot:
    return Snapshot(definitions, Settings())


def sample(look: Lookup, paths: Sequence[str]) -> float:
    """Microseconds of one lookup."""
    started = perf_counter_ns()
    for path in paths:
        look(path)
    return (perf_counter_ns() - started) / len(paths) / 1000


def verify(look: Lookup, path: str, middleware: str) -> None:
    plan = look(path)
    names = [] if plan is None else [link.middleware.name for link in plan.links]
    if middleware not in names:
        raise SystemExit(f"lookup.py: expected {middleware} in the plan of {path}, found {names}")


def growth(samples: int) -> list[list[str]]:
    """Rows for lookups among more and more APIs and endpoints."""
    rows: list[list[str]] = []
    for title, prefix, looks, middleware in (
        ("APIs", "", _apis(), "request_method"),
        ("endpoints, transforms", "/api-00000", _endpoints(transforms), "request_method"),
        ("endpoints, lists", "/api-00000", _endpoints(lists), "access"),
        ("endpoints, mocks", "/api-00000", _endpoints(mocks), "mock_response"),
    ):
        numbers = count()

        def path(size: int, number: int, prefix: str = prefix) -> str:
            place = number * 7919 % size
            if prefix:
                return f"{prefix}/kind-{place:05d}/{number}/parts"
            return f"/api-{place:05d}/kind-00001/{number}/parts"

        for size, look in looks.items():
            verify(look, path(size, 1), middleware)
            for number in range(size):  # RE2 makes its states when it first needs them; each endpoint is met once here.
                look(path(size, WARM + number))
        settle()
        made: dict[int, list[float]] = {size: [] for size in SIZES}
        kept: dict[int, list[float]] = {size: [] for size in SIZES}
        for _ in range(samples):
            for size, look in looks.items():
                made[size].append(sample(look, [path(size, next(numbers)) for _ in range(CALLS)]))
                kept[size].append(sample(look, [path(size, 1)] * CALLS))
        for kind, figures in (("made", made), ("kept", kept)):
            rows += _growth_rows(f"{title}, plan {kind}", figures)
    return rows


def _apis() -> dict[int, Lookup]:
    return {size: lookup(snapshot_of(*(api(i, transforms(3)) for i in range(size)))) for size in SIZES}


def _endpoints(rules: Callable[[int], Sequence[Rule]]) -> dict[int, Lookup]:
    return {size: lookup(snapshot_of(api(0, rules(size)))) for size in SIZES}


def _growth_rows(title: str, figures: Mapping[int, Sequence[float]]) -> list[list[str]]:
    smallest = figures[SIZES[0]]
    return [
        [
            title,
            f"{size:,}",
            str(len(values)),
            f"{min(values):.1f}",
            f"{median(values):.1f}",
            f"{max(values):.1f}",
            str(median_interval(ratios(values, smallest))) if size != SIZES[0] else "",
        ]
        for size, values in figures.items()
    ]


def hostile(samples: int) -> list[list[str]]:
    """Rows for paths that somebody made to be slow."""
    size = SIZES[-1]

    def method(path: str) -> Rule:
        return Rule("request_method", path, "POST", _METHOD)

    def block(path: str) -> Rule:
        return Rule("access", path, "POST", AccessEntry(AccessKind.BLOCK), kind="block")

    many = lookup(snapshot_of(api(0, transforms(size))))
    few_wild = lookup(snapshot_of(api(0, wildcards(10, method))))
    some_wild = lookup(snapshot_of(api(0, wildcards(100, method))))
    wild = lookup(snapshot_of(api(0, wildcards(1000, method))))
    wild_lists = lookup(snapshot_of(api(0, wildcards(1000, block))))
    routed = lookup(snapshot_of(api(0, mocks(size))))
    templates = lookup(
        snapshot_of(*(api(i, transforms(1), f"/{{tenant}}/{'{part}/' * (i % 8)}t{i:05d}/") for i in range(1000)))
    )
    settle()
    room = LONGEST - len("/api-00000/")
    half_matches = "/api-00000" + "/kind-00001/7" * (room // 13)
    matched = "/api-00000" + "/a" * (room // 2)
    kb = LONGEST // 1024

    def stairs(number: int) -> str:
        """Segment by segment another endpoint: no state of the search was there before."""
        count = room // len("/kind-00000/7/parts")
        return "/api-00000" + "".join(f"/kind-{(number * count + i) % size:05d}/7/parts" for i in range(count))

    def short(number: int) -> str:
        return f"/api-00000{'/a' * 20}/{number}"

    cases: list[tuple[str, Lookup, Callable[[int], str]]] = [
        (f"{kb} kB, one segment; 10,000 transforms", many, lambda _: "/api-00000/" + "a" * room),
        (f"{kb} kB of slashes; 10,000 transforms", many, lambda _: "/api-00000/" + "/" * room),
        (f"{kb} kB of escapes; 10,000 transforms", many, lambda _: "/api-00000/" + "%C3%A9" * (room // 6)),
        (f"{kb} kB of half matches; 10,000 transforms", many, lambda _: half_matches),
        (f"{kb} kB of half matches; 10,000 mocks", routed, lambda _: half_matches),
        (f"{kb} kB of other endpoints; 10,000 transforms", many, stairs),
        (f"{kb} kB that 10 wildcards match", few_wild, lambda _: matched),
        (f"{kb} kB that 100 wildcards match", some_wild, lambda _: matched),
        (f"{kb} kB that 1,000 wildcards match", wild, lambda _: matched),
        (f"{kb} kB that 1,000 wildcards on lists match", wild_lists, lambda _: matched),
        ("20 segments that 1,000 wildcards match", wild, short),
        ("20 segments that 1,000 wildcards on lists match", wild_lists, short),
        (f"{kb} kB of segments; 1,000 templates as listen paths", templates, lambda _: "/a" * (LONGEST // 2)),
        (f"{kb} kB; no API", many, lambda _: "/other/" + "a" * room),
    ]
    figures: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    for number in range(samples):
        for name, look, path in cases:
            # One lookup: a path like these is long enough to be timed alone, and too long for its plan to be kept.
            figures[name].append(sample(look, [path(number)]))
    return [
        [name, str(len(values)), *(f"{value / 1000:.2f}" for value in (min(values), median(values), max(values)))]
        for name, values in figures.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=30, metavar="N", help="samples of each case (default 30)")
    parser.add_argument("--part", choices=("growth", "hostile"), help="only this one")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    if given.part != "hostile":
        rows = growth(given.samples)
        print(f"\nµs of one lookup; target for the ratio: {TARGET_RATIO}\n")
        print(table(["case", "size", "n", "min", "median", "max", f"÷ {SIZES[0]}"], rows))
    if given.part != "growth":
        rows = hostile(given.samples)
        print(f"\nms of one lookup, plan made; target for the worst: {TARGET_HOSTILE_MILLISECONDS:.0f}\n")
        print(table(["case", "n", "min", "median", "max"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
