"""What docs/scripts.md says of functions, settings and limits is what there is."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from tests.scripting.engines import Hosts, virtual

from lockgate.events import FIRED
from lockgate.loading.scripts import MAX_SCRIPT_BYTES
from lockgate.scripting.embedded import Embedded
from lockgate.scripting.host_calls import LONGEST_NAME, LONGEST_TEXT
from lockgate.scripting.isolates import MEMORY
from lockgate.scripting.program import Program
from lockgate.services import MOST_HOST_CALLS
from lockgate.settings import ScriptSettings, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scripts.md").read_text("utf-8")
RUNNER = (ROOT / "addons" / "lockgate" / "scripting" / "runner.js").read_text("utf-8")


async def asked(expression, *, keeps=False):
    engine = Embedded()
    source = f"function v() {{ return JSON.stringify({expression}) }}"
    try:
        result = await engine.run(Program("page", (("a.js", source),), keeps), virtual(), Hosts())
    finally:
        engine.close()
    assert result.error is None, result.error
    return json.loads(result.text)


async def test_every_function_is_on_the_page_and_no_other():
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`(?:new )?((?:Tyk|raw|b64|log|_)[\w.]*)[(`]", tables))
    listing = (
        "Object.getOwnPropertyNames(globalThis).filter(function(name) { return /^(Tyk|raw|b64|log|_$)/.test(name) })"
    )
    there = set(await asked(listing, keeps=True))
    assert {name.partition(".")[0] for name in named} == there
    without = set(await asked(listing))
    assert there - without == {name for name in named if name.startswith("TykStorage")}


async def test_methods_are_on_the_page():
    for expression in (
        "Object.keys(TykJS.TykMiddleware.NewMiddleware.prototype)",
        "Object.keys(TykJS.TykEventHandlers.NewEventHandler.prototype)",
    ):
        methods = [name for name in await asked(expression) if name.startswith(("New", "Return"))]
        assert methods
        assert not [name for name in methods if f"`{name}(" not in PAGE]
    levels = await asked("Object.keys(console).filter(function(name) { return String(console[name]).length > 30 })")
    assert not [name for name in levels if f".{name}`" not in PAGE]


@pytest.mark.parametrize(
    "name", ["Promise", "setTimeout", "fetch", "require", "Intl", "WebAssembly", "ArrayBuffer", "Uint8Array"]
)
async def test_what_is_said_not_to_be_there_is_not(name):
    assert name in PAGE or name == "Uint8Array" or (name == "setTimeout" and "timers" in PAGE)
    assert await asked(f"typeof {name}") == "undefined"


async def test_json_is_written_as_the_page_says():
    assert await asked(r"JSON.stringify({b: '<&>', a: 1})") == r'{"a":1,"b":"\u003c\u0026\u003e"}'


def test_limits_are_those_of_the_page():
    own = ScriptSettings()
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))
    constants = {name: int(value) for name, value in re.findall(r"const (MOST_LOGGED|LONGEST_\w+) = (\d+);", RUNNER)}
    assert rows["time of a call, what it waits for included"] == f"{Settings().script_seconds:g} s"
    assert rows["memory"] == f"{MEMORY >> 20} MiB"
    assert rows["calls of the gateway in one call, a batch being one"] == str(MOST_HOST_CALLS)
    assert rows["bytes that one call gets from others"] == str(own.max_answer_bytes)
    assert rows["requests in a batch, and of them at the same time"] == f"{own.max_batch}, {own.batch_at_once}"
    log = f"{constants['MOST_LOGGED']} characters, of a line {constants['LONGEST_LINE']}"
    assert rows["log of one call"] == log
    assert rows["result"] == f"{constants['LONGEST_RESULT']} characters"
    assert rows["file of a script"] == f"{MAX_SCRIPT_BYTES} bytes"
    assert f"Names have 1 to {LONGEST_NAME} bytes, texts up to {LONGEST_TEXT}." in PAGE


def test_every_setting_and_event_is_on_the_page():
    assert not [field.name for field in dataclasses.fields(ScriptSettings) if field.name not in PAGE]
    assert not [event for event in FIRED if f"`{event}`" not in PAGE]
