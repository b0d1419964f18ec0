"""What people see of their scripts in a gateway that serves: its log, its traces, and what a saved file changes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from mitmproxy import io
from tests.apis import oas
from tests.live.test_tools import ask
from tests.plugins import blob
from tests.ports import free_port

from lockgate.trace_format import to_text

pytestmark = pytest.mark.timeout(60)

SCRIPT = """\
function good(request) {
  log('from the function');
  rawlog('raw');
  console.info({b: 1, a: 2});
  console.warn('careful');
  return TykJsResponse({Code: 200, Body: 'good'}, {});
}

function bad(request) {
  return deeper(request);
}
function deeper(request) { console.error(new Error('seen')); return request.no.such }
"""
PLUGIN = """\
var stamp = new TykJS.TykMiddleware.NewMiddleware({});
stamp.NewProcessRequest(function(request) {
  log('from the plugin, %s');
  return stamp.ReturnData(request, {});
});
"""
HANDLER = """\
var watch = new TykJS.TykEventHandlers.NewEventHandler({});
watch.NewHandler(function(event, context) {
  console.warn(context.APIID + ': ' + event.Type);
  nowhere(event);
});
"""
BROKEN = "var x = 1;\nfunction broken() {\n  return 1 +* 2;\n}\n"


def place(text):
    """Line and column of a text in the script."""
    before = SCRIPT[: SCRIPT.index(text)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


class Served:
    """A gateway, and what it says."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None

    def start(self):
        """Serve, if it does not."""
        if self.process is not None and self.process.poll() is None:
            return
        definitions = self.folder / "definitions"
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--definitions", str(definitions)),
                    *("--listen", f"127.0.0.1:{self.port}", "--set", f"confdir={self.folder}"),
                    *("--set", f"save_stream_file={self.folder / 'flows'}"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end(self):
        """Serve no more."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def lines(self):
        return self.folder.joinpath("log").read_text().splitlines()

    async def said(self, *parts, seconds=20):
        """The first line that has all of these parts."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = next((line for line in self.lines if all(part in line for part in parts)), None)
            if found is not None:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"no line has {parts}: {self.lines[-20:]}")


def document():
    virtual = {
        f"GET /{name}": {"virtualEndpoint": {"enabled": True, "functionName": name, "body": blob(SCRIPT)}}
        for name in ("good", "bad")
    }
    operations = {
        **virtual,
        "GET /mocked": {"mockResponse": {"enabled": True, "code": 200, "body": "mocked"}},
        "GET /shut": {"block": {"enabled": True}},
        "GET /broken": {"virtualEndpoint": {"enabled": True, "functionName": "broken", "path": "js/broken.js"}},
        "GET /mended": {"virtualEndpoint": {"enabled": True, "functionName": "mended", "path": "js/mended.js"}},
    }
    made = oas(
        operations,
        pluginConfig={"driver": "otto"},
        prePlugins=[{"enabled": True, "functionName": "stamp", "path": "js/stamp.js"}],
    )
    made["x-tyk-api-gateway"]["server"]["eventHandlers"] = [
        {"enabled": True, "trigger": "VersionFailure", "type": "custom", "functionName": "watch", "path": "js/watch.js"}
    ]
    return made


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    scripts = folder / "definitions" / "js"
    scripts.mkdir(parents=True)
    (scripts / "stamp.js").write_text(PLUGIN % "first")
    (scripts / "watch.js").write_text(HANDLER)
    (scripts / "broken.js").write_text(BROKEN)
    (scripts / "mended.js").write_text("function mended() {")
    (folder / "definitions" / "pets.json").write_text(json.dumps(document()))
    made = Served(folder)
    yield made
    made.end()


@pytest.fixture
def served(one):
    one.start()
    return one


async def test_what_scripts_log_is_in_the_gateways_log_with_api_and_endpoint(served):
    assert (await ask(served.port, "/api/good")).endswith(b"\r\n\r\ngood")

    own = ("api_name=pets", "link=virtual_endpoint", 'entry="GET /good"')
    for level, text in [
        ("info", "from the function"),
        ("info", "raw"),
        ("info", '{"a":2,"b":1}'),
        ("warning", "careful"),
    ]:
        assert f" {level}" in await served.said(f" {text} exchange_id=", *own)
    await served.said("from the plugin, ", "api_name=pets", "link=script_pre")


async def test_an_exchange_that_nothing_failed_in_is_logged_too(served):
    assert (await ask(served.port, "/api/mocked?of=mock")).endswith(b"mocked")
    before = len(served.lines)
    assert (await ask(served.port, "/api/mocked")).endswith(b"mocked")
    deadline = time.monotonic() + 20
    while not any("from the plugin" in line for line in served.lines[before:]):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_what_is_thrown_has_the_scripts_own_lines(served):
    assert b" 500 " in await ask(served.port, "/api/bad")

    line = await served.said("Cannot read properties of undefined", 'entry="GET /bad"')
    assert f"(at deeper (GET /good and 1 more:{place('such }')}))" in line
    logged = await served.said("Error: seen", 'entry="GET /bad"')
    assert f"at deeper (GET /good and 1 more:{place('new Error')})" in logged
    assert "lockgate:" not in logged


async def test_a_script_that_does_not_compile_is_told_when_it_is_loaded(served):
    line = await served.said("broken.js", "does not compile")
    assert "js/broken.js:3: warning: the script does not compile in line 3, column 13: Unexpected token '*'" in line
    assert b" 500 " in await ask(served.port, "/api/broken")


async def test_handlers_of_events_log_too(served):
    assert b" 403 " in await ask(served.port, "/api/shut")

    line = await served.said("event handler watch of VersionFailure in API pets: pets: VersionFailure")
    assert " warning " in line
    await served.said("event handler watch", "failed: ReferenceError: nowhere is not defined", "js/watch.js:4:")


async def test_scripts_are_read_again_when_they_are_saved(served):
    scripts = served.folder / "definitions" / "js"
    (scripts / "stamp.js").write_text(PLUGIN % "second")
    (scripts / "mended.js").write_text("function mended() { return TykJsResponse({Code: 200, Body: 'mended'}, {}) }")
    deadline = time.monotonic() + 20
    while not (await ask(served.port, "/api/mended")).endswith(b"mended"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await served.said("from the plugin, second")

    # Those of event handlers too.
    deadline = time.monotonic() + 20
    (scripts / "watch.js").write_text(HANDLER.replace("nowhere(event)", "log('saved'); nowhere(event)"))
    while not any("VersionFailure in API pets: saved" in line for line in served.lines):
        assert time.monotonic() < deadline
        await ask(served.port, "/api/shut")
        await asyncio.sleep(0.1)


async def test_traces_show_what_scripts_got_gave_and_logged(served):
    # Flows are written when the gateway ends.
    await ask(served.port, "/api/good?trace=good")
    await ask(served.port, "/api/bad?trace=bad")
    os.kill(served.process.pid, signal.SIGTERM)
    assert served.process.wait(20) == 0
    with (served.folder / "flows").open("rb") as file:
        flows = {flow.request.path: flow for flow in io.FlowReader(file).stream()}

    good = to_text(flows["/api/good?trace=good"].metadata["lockgate"])
    assert '  got request {"Headers":' in good
    assert "  log: from the function\n" in good
    assert '  info: {"a":2,"b":1}\n' in good
    assert "  log: from the plugin" in good
    assert '  gave {"Response":{"Body":"good","Code":200},"SessionMeta":{}}' in good
    bad = to_text(flows["/api/bad?trace=bad"].metadata["lockgate"])
    assert "failed, exception: TypeError: Cannot read properties of undefined (reading 'such')" in bad
    assert f"  at deeper (GET /good and 1 more:{place('such }')})\n" in bad
    assert f"  at bad (GET /good and 1 more:{place('deeper(request);')})\n" in bad
