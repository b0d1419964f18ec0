"""What happens where the reference gateway was recorded doing what no user can want: the sane outcome, case by case.

``accidents.yaml`` has the outcomes and says how they are written; the cases are in ``vectors``, where ``test_vectors``
plays their other exchanges.
"""

import base64
import contextlib
import fcntl
import functools
import json
import re
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.checking import prepare
from tests.serving import Subprocess

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "conformance"))

import case as cases  # noqa: E402
import check as checker  # noqa: E402
import refusals  # noqa: E402

from lockgate.loading import load  # noqa: E402
from lockgate.settings import Settings  # noqa: E402

prepare(cases, checker)

START = (
    f"{sys.executable} -m lockgate.cli serve --headless --definitions {{definitions}} --gateway {{gateway}} "
    "--listen 127.0.0.1:{port} --control 127.0.0.1:{control}"
)
DIFFERENCES = (HERE.parent / "docs" / "differences.md").read_text("utf-8")
WRITTEN = yaml.safe_load((HERE / "accidents.yaml").read_text("utf-8"))
EXPECTED: dict[str, dict[Any, Any]] = WRITTEN["cases"]
LATER: dict[str, str] = WRITTEN["later"]
OUTCOME = {"because", "status", "error", "headers", "body", "upstream"}
CALL = {"method", "target", "headers", "body"}


def marked(path: Path) -> bool:
    return "accident:" in path.read_text("utf-8")


PATHS = [path for path in sorted((HERE / "vectors").glob("*/*.yaml")) if marked(path)]
GROUPS = cases.grouped(PATHS)
CASES = {case["name"]: case for _, group in GROUPS for case in group}
ACCIDENTS = {
    name: [index for index, exchange in enumerate(case["exchanges"]) if exchange.get("accident")]
    for name, case in CASES.items()
}


def outcomes(name: str) -> dict[int, dict[str, Any]]:
    return {index: outcome for index, outcome in EXPECTED.get(name, {}).items() if index != "problems"}


def scrubbed(value: Any, name: str, port: int) -> Any:
    """With the names that the vectors use for what changes from run to run."""
    text = json.dumps(value).replace(f"http://127.0.0.1:{port}/{name}", "$UPSTREAM")
    return json.loads(text.replace(f"127.0.0.1:{port}", "$UPSTREAM_HOST").replace(name, "$CASE"))


def play(settings: dict[str, Any], group: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Send every exchange of these cases through one gateway: what came back, and what the upstream got."""
    upstream = checker.Upstream()
    for case in group:
        upstream.rules[case["name"]] = cases.bind(case.get("upstream") or [], case, upstream.port)
    gateway = checker.Gateway(START, settings, group, upstream.port)
    played: dict[str, list[Any]] = {}
    try:
        for case in group:
            for exchange in case["exchanges"]:
                time.sleep(exchange["request"].get("wait", 0))
                upstream.drain()
                request = cases.bind(exchange["request"], case, upstream.port)
                port = gateway.control_port if request.get("control") else gateway.port
                answer = cases.send(port, request, secret=cases.SECRET)
                time.sleep(0.005)
                seen = {"response": answer, "upstream": upstream.drain()}
                played.setdefault(case["name"], []).append(scrubbed(seen, case["name"], upstream.port))
    finally:
        gateway.close()
        upstream.close()
    return played


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, forks: Subprocess
) -> Iterator[Path]:
    """A folder that all workers of this run have in common, where cases are played."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checker, "subprocess", forks)
        yield folder.parent if hasattr(request.config, "workerinput") else folder


@functools.cache
def played_by(number: int, folder: Path) -> dict[str, list[Any]]:
    """What a group of cases did; each group is played once in a run, by the worker that comes first."""
    with (folder / f"accidents-{number}.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        if not text:
            text = json.dumps(play(*GROUPS[number]))
            file.write(text)
    return dict(json.loads(text))


def played(name: str, folder: Path) -> list[Any]:
    number = next(number for number, (_, group) in enumerate(GROUPS) if CASES[name] in group)
    return played_by(number, folder)[name]


def mismatches(wanted: dict[str, Any], got: dict[str, Any], what: str) -> Iterator[str]:
    """Where a message is not as wanted; what is not named does not count."""
    for field in ("status", "error", "method", "target"):
        if field in wanted and wanted[field] != got.get(field):
            yield f"{what} {field}: expected {wanted[field]!r}, got {got.get(field)!r}"
    for name, value in wanted.get("headers", {}).items():
        values = [v for n, v in got.get("headers", []) if n.lower() == name.lower()]
        if values != ([] if value is None else [value]):
            yield f"{what} header {name}: expected {value!r}, got {values}"
    if "body" in wanted and not fits(wanted["body"], got.get("body")):
        yield f"{what} body: expected {wanted['body']!r}, got {got.get('body')!r}"


def unpacked(raw: bytes) -> str:
    for window in (zlib.MAX_WBITS + 32, -zlib.MAX_WBITS):
        with contextlib.suppress(zlib.error):
            return zlib.decompress(raw, window).decode()
    return ""


def fits(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and "unpacked" in wanted and isinstance(got, dict):
        return bool(wanted["unpacked"] == unpacked(base64.b64decode(got["base64"])))
    if not isinstance(got, str):
        return False
    match wanted:
        case {"pattern": pattern}:
            return re.fullmatch(pattern, got, re.DOTALL) is not None
        case {"json": value}:
            try:
                return bool(json.loads(got) == value)
            except ValueError:
                return False
        case _:
            return bool(wanted == got)


def unmet(outcome: dict[str, Any], exchange: dict[str, Any]) -> list[str]:
    calls = exchange["upstream"]
    found = list(mismatches(outcome, exchange["response"], "answer"))
    if len(calls) != len(outcome["upstream"]):
        found.append(f"upstream: expected {len(outcome['upstream'])} calls, got {[call['target'] for call in calls]}")
    for wanted, call in zip(outcome["upstream"], calls, strict=False):
        found += mismatches(wanted, call, "upstream")
    return found


NOW = [(name, index) for name in CASES if name not in LATER for index in ACCIDENTS[name]]


@pytest.mark.parametrize(("name", "index"), NOW, ids=[f"{name}-{index}" for name, index in NOW])
def test_outcome(name: str, index: int, shared: Path) -> None:
    outcome = outcomes(name).get(index)
    assert outcome is not None, f"{name}: exchange {index} is an accident, and accidents.yaml has no outcome for it"

    found = unmet(outcome, played(name, shared)[index])

    request = CASES[name]["exchanges"][index]["request"]
    asked = f"{request.get('method', 'GET')} {request['path']}: {outcome['because']}"
    assert not found, "\n    ".join([asked, *found])


@pytest.mark.parametrize("name", [name for name, written in EXPECTED.items() if "problems" in written])
def test_problems(name: str, tmp_path: Path) -> None:
    for file, document, _ in refusals.definitions(CASES[name]):
        bound = cases.bind(document, CASES[name], 9)
        if "openapi" in bound:
            bound["x-tyk-api-gateway"]["info"].setdefault("id", file)
        else:
            bound.setdefault("api_id", file)
        (tmp_path / f"{file}.json").write_text(json.dumps(bound))

    problems = load([tmp_path], Settings()).problems

    written = EXPECTED[name]["problems"]
    found = {
        index: [p.code for p in problems if Path(p.file).stem == f"{name}-{index}"]
        for index in range(len(CASES[name]["apis"]))
    }
    assert found == written


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_accident_has_an_outcome(name: str) -> None:
    assert sorted(outcomes(name)) == ACCIDENTS[name]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_outcomes_are_well_written(name: str) -> None:
    assert name in CASES, "there is no such case with an accident in tests/vectors"
    for index, outcome in outcomes(name).items():
        assert set(outcome) <= OUTCOME, index
        assert {"because", "upstream"} <= set(outcome), index
        assert ("status" in outcome) != ("error" in outcome), index
        assert all(set(call) <= CALL for call in outcome["upstream"]), index


@pytest.mark.parametrize("name", sorted(LATER))
def test_waits_for_a_feature(name: str, shared: Path) -> None:
    """As soon as all of its exchanges are as they should be, a case has no place under ``later``."""
    assert LATER[name] in cases.needs(CASES[name])

    unlike = [found for index, got in enumerate(played(name, shared)) if (found := unlike_expected(name, index, got))]

    assert unlike, f"{name} is all as it should be: take it out of `later` in accidents.yaml"


def unlike_expected(name: str, index: int, got: dict[str, Any]) -> list[str]:
    exchange = CASES[name]["exchanges"][index]
    if index in outcomes(name):
        return unmet(outcomes(name)[index], got)
    ignored = checker.ignored_headers(checker.IGNORED, CASES[name])
    return list(checker.differences(exchange["response"], got["response"], ignored, "answer"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_is_among_the_differences(name: str) -> None:
    rows = DIFFERENCES.partition("## Decided, and waiting")[2 if name in LATER else 0]
    assert f"`{name}`" in rows


def test_what_holds_a_difference_is_there() -> None:
    tests = {
        name for path in HERE.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    holding = [
        row.rsplit("|", 2)[1] for row in DIFFERENCES.splitlines() if row.startswith("| ") and " held by " not in row
    ]
    for names in (re.findall(r"`([^`]+)`", column) for column in holding):
        assert names
        assert set(names) <= tests | set(EXPECTED)


def test_each_difference_in_the_code_is_among_them() -> None:
    """Those that name the test that holds them."""
    named = {
        found
        for path in (HERE.parent / "addons").rglob("*.py")
        for found in re.findall(r"Differs:[^()]*\((test_\w+)\)", path.read_text("utf-8"))
    }
    assert named
    assert {name for name in named if f"`{name}`" not in DIFFERENCES} == set()
