"""Plugins, event handlers and requests of scripts as the documentation of the reference gateway shows them."""

import json
from pathlib import Path

import pytest
import yaml
from tests.apis import oas, snapshot
from tests.helpers import FixedOutside, ScriptsInPlace
from tests.plugins import blob, passed, scripted

from lockgate.loading import load
from lockgate.scripting.events import EventScript, ScriptHandler
from lockgate.scripting.host_calls import HostRules
from lockgate.scripting.program import Program
from lockgate.services import Event, HttpAnswer, HttpReply, Outside, Services, script_lines
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot

ROOT = Path(__file__).parents[3] / "shared" / "reference" / "examples"
PLUGINS = ROOT / "javascript-plugins"
pytestmark = pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")


def told(name):
    """The first exchange that a page tells of."""
    return yaml.safe_load((ROOT / f"{name}.expect.yaml").read_text("utf-8"))["exchanges"][0]


def with_plugin(script, name, where="prePlugins"):
    return snapshot(scripted(**{where: [{"enabled": True, "functionName": name, "code": blob(script)}]}))


def logged(trace):
    return [text for step in trace.steps for _, text in script_lines(step.calls)]


@pytest.mark.parametrize(("condition", "called"), [("true", False), ("false", True)])
async def test_a_plugin_that_answers(condition, called):
    """The page sets ``ReturnOverrides.headers``, which has no effect: ``ResponseHeaders`` is the member's name."""
    script = f"var someCondition = {condition};\n{(PLUGINS / '04-return-overrides.js').read_text('utf-8')}"
    wanted = told("javascript-plugins/04-return-overrides")["response"]
    trace = await passed(with_plugin(script, "testJSVMData"))

    assert (trace.upstream_request is not None) is called
    assert (trace.answer.status == wanted["status"]) is not called
    assert (wanted["body"]["contains"][0] in trace.answer.body.decode()) is not called
    assert trace.answer.headers.get("X-Error") is None


async def test_a_plugin_that_answers_with_everything():
    script = (PLUGINS / "22-return-overrides-full.js").read_text("utf-8")
    trace = await passed(with_plugin(script, "testJSVMData"))

    assert (trace.answer.status, trace.answer.body) == (200, b"Foobarbaz")
    assert [trace.answer.headers.get(name) for name in ("X-Foo", "X-Baz")] == ["Bar", "Qux"]
    assert trace.upstream_request is None


async def test_a_query_parameter_that_is_repeated():
    """The brackets, which no URL may have, are seen as they were sent."""
    exchange = told("javascript-plugins/06-repeated-query-parameters")
    wanted = exchange["script_sees"]["request"]
    script = "function f(request) { return TykJsResponse({Code: 200, Body: JSON.stringify(request)}, {}) }"
    endpoint = {"virtualEndpoint": {"enabled": True, "functionName": "f", "body": blob(script)}}
    of = snapshot(oas({"GET /anything": endpoint}, listen="/vendpoint/", strip=False))
    headers = tuple(exchange["request"]["headers"].items())
    trace = await passed(of, url=exchange["request"]["path"], headers=headers)

    assert json.loads(trace.answer.body) == wanted


@pytest.mark.parametrize("where", ["prePlugins", "postPlugins"])
async def test_a_plugin_that_only_logs(where):
    """Without a session ``session.meta_data`` is null, which is none for ``ReturnData`` either."""
    script = (PLUGINS / "11-sample-middleware.js").read_text("utf-8")
    trace = await passed(with_plugin(script, "sampleMiddleware", where))

    assert trace.upstream_request is not None
    assert logged(trace) == told("javascript-plugins/11-sample-middleware")["gateway_log"]


async def test_a_pre_plugin_of_an_operators_resource(tmp_path):
    exchange = told("operator/13-javascript-pre-hook")
    (tmp_path / "middleware").mkdir()
    script = (ROOT / "operator" / "12-javascript-pre-hook.js").read_text("utf-8")
    (tmp_path / "middleware" / "example-javascript-middleware.js").write_text(script)
    (tmp_path / "api.yaml").write_text((ROOT / "operator" / "13-javascript-pre-hook.yaml").read_text("utf-8"))
    loaded = load([tmp_path / "api.yaml"], Settings(folder=str(tmp_path)))
    assert [problem.code for problem in loaded.problems if problem.code != "unclean-listen-path"] == []
    trace = await passed(
        Snapshot(loaded.definitions, Settings()), exchange["request"]["method"], exchange["request"]["path"]
    )

    wanted = exchange["upstream_receives"]["headers"]
    assert trace.upstream_request.headers.get("Hello") == wanted["Hello"]
    assert trace.upstream_request.host == wanted["Host"]
    assert logged(trace) == exchange["gateway_log"]


# Requests, keys and events


class Outbound:
    """Answers every request, and has one key."""

    def __init__(self):
        self.sent, self.kept = [], {}

    async def send(self, calls, at_once, max_bytes):
        self.sent += calls
        return [HttpReply(index, HttpAnswer(200, body=b"noted")) for index, _ in enumerate(calls)]

    async def get_key(self, key, api_id):
        return {"expires": 5, "alias": api_id} if key == "a-key" else None

    async def set_key(self, key, document, *, keeps_counts):
        self.kept[key] = document


async def handled(body):
    """What a handler logs whose function has a body, and what it asked for."""
    source = f"var h = new TykJS.TykEventHandlers.NewEventHandler({{}}); h.NewHandler(function(event, context) {{ {body} }});"
    fixed, outbound = FixedOutside(), Outbound()
    services = Services(Outside(fixed, fixed, fixed, scripts=ScriptsInPlace(), http=outbound, key_data=outbound))
    handler = ScriptHandler(EventScript("h", (), HostRules(), 3), Program("events", (("h.js", source),)))
    lines, failure = await handler.handle(Event("KeyExpired", "api", "org", {"Key": "a-key"}), services)
    return [line.text for line in lines], failure, outbound


async def test_an_event_handler():
    source = (PLUGINS / "34-event-handler.js").read_text("utf-8")
    fixed = FixedOutside()
    services = Services(Outside(fixed, fixed, fixed, scripts=ScriptsInPlace()))
    handler = ScriptHandler(
        EventScript("sampleHandler", (), HostRules(), 3), Program("events", (("34-event-handler.js", source),))
    )
    lines, failure = await handler.handle(Event("AuthFailure", "api", "org", {}), services)

    assert [line.text for line in lines] == ["This handler does nothing, but this will appear in your terminal"]
    assert failure == ""


async def test_a_request_of_a_script():
    code = (PLUGINS / "12-http-request-object.js").read_text("utf-8")
    code += "response = TykMakeHttpRequest(JSON.stringify(newRequest));"
    code += (PLUGINS / "14-use-http-response.js").read_text("utf-8")
    lines, failure, outbound = await handled(code)

    assert (lines, failure) == (["Response code: 200", "Response body: noted"], "")
    (call,) = outbound.sent
    assert (call.method, call.url, json.loads(call.body)["Type"]) == (
        "POST",
        "http://foo.com/event/quotas",
        "KeyExpired",
    )


@pytest.mark.parametrize("name", ["15-tyk-get-key-data.js", "37-event-get-key-data.js"])
async def test_a_key_that_a_handler_reads(name):
    """The page calls the members ``EventType`` and ``EventMetaData``; what handlers get is ``Type`` and ``Meta``."""
    code = (PLUGINS / name).read_text("utf-8")
    lines, failure, _ = await handled(code.replace("EventMetaData", "Meta"))
    assert (lines, failure) == (["Expires: 5"], "")
    _, failure, _ = await handled(code)
    assert failure.startswith("TypeError: Cannot read properties of undefined (reading 'Key')")


async def test_a_key_that_a_handler_changes():
    code = (PLUGINS / "37-event-get-key-data.js").read_text("utf-8")
    code += (PLUGINS / "16-tyk-set-key-data.js").read_text("utf-8")
    _, failure, outbound = await handled(code.replace("EventMetaData", "Meta"))

    assert failure == ""
    assert outbound.kept["a-key"]["expires"] == 1005
