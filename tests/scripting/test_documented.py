"""Virtual endpoints as the documentation of the reference gateway shows them: what it tells of each is what happens."""

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.apis import snapshot
from tests.helpers import FixedOutside, ScriptsInPlace, make_request

from lockgate.exchange import Headers, Request, Response
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.services import HttpAnswer, HttpCall, HttpReply, Outside
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

ROOT = Path(__file__).parents[3] / "shared" / "reference" / "examples" / "virtual-endpoints"
pytestmark = pytest.mark.skipif(not ROOT.exists(), reason="the examples are not beside this repository")
GIVEN = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")


class HttpBin:
    """Answers with the headers that it was sent."""

    def __init__(self) -> None:
        self.calls: list[HttpCall] = []

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        self.calls += calls
        answers = [{"headers": dict(call.headers), "url": call.url} for call in calls]
        return [HttpReply(index, HttpAnswer(200, body=json.dumps(one).encode())) for index, one in enumerate(answers)]


def told(name: str) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = yaml.safe_load((ROOT / f"{name}.expect.yaml").read_text("utf-8"))["exchanges"]
    return exchanges


def definition(script: str, function: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Classic definition around a function."""
    entry = {
        "path": "/headers",
        "method": "POST",
        "response_function_name": function,
        "function_source_type": "blob",
        "function_source_uri": base64.b64encode(script.encode()).decode(),
        **more,
    }
    return {
        "name": "documented",
        "api_id": "57d72796c5de45e649f22da390d7df43",
        "org_id": "org",
        "use_keyless": True,
        "active": True,
        "proxy": {"listen_path": "/api/", "target_url": "http://httpbin.org/", "strip_listen_path": True},
        "config_data": config,
        "version_data": {
            "not_versioned": True,
            "versions": {
                "Default": {"name": "Default", "use_extended_paths": True, "extended_paths": {"virtual": [entry]}}
            },
        },
    }


def ran(of: Snapshot, request: Request, http: HttpBin | None = None) -> Trace:
    fixed = FixedOutside()
    outside = Outside(fixed, fixed, fixed, scripts=ScriptsInPlace(), http=http or HttpBin())
    return asyncio.run(try_request(of, request, GIVEN, outside))


def check(trace: Trace, wanted: dict[str, Any]) -> None:
    assert trace.answer is not None
    assert isinstance(trace.answer.body, bytes)
    assert trace.answer.status == wanted["status"]
    body = wanted["body"]
    if isinstance(body, dict):
        assert json.loads(trace.answer.body) == body["json"]
        return
    assert trace.answer.body.decode() == body
    for name, value in wanted["headers"].items():
        if name != "Content-Length":
            assert trace.answer.headers.get(name) == value, name


def logged(trace: Trace) -> list[str]:
    (call,) = [call for step in trace.steps for call in step.calls if call.service == "scripts"]
    assert isinstance(call.answer, dict)
    return [text for _, text in call.answer["log"]]


@pytest.mark.parametrize("name", ["04-classic-virtual", "06-operator-virtual"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_definitions(name: str, number: int) -> None:
    exchange = told(name)[number]
    path, listen = ("/virtual", "/httpbin") if name.startswith("06") else ("/anything", "/api")
    if name.startswith("06"):
        resource = yaml.safe_load((ROOT / f"{name}.yaml").read_text("utf-8"))
        paths = resource["spec"]["version_data"]["versions"]["Default"]["extended_paths"]
    else:
        resource = definition("", "", {})
        paths = json.loads("{" + (ROOT / f"{name}.json").read_text("utf-8").strip().strip("{}").strip() + "}")
        paths = paths.get("extended_paths", paths)
        resource["version_data"]["versions"]["Default"]["extended_paths"] = paths
    (entry,) = paths["virtual"]
    if number:
        script = base64.b64decode(entry["function_source_uri"]).decode()
        entry["function_source_uri"] = base64.b64encode(
            script.replace("return", "missing();\nreturn").encode()
        ).decode()
        entry["proxy_on_error"] = number == 2
    loaded = load_text(json.dumps(resource), "api.json", Settings())
    assert [str(problem) for problem in loaded.problems if problem.code != "unsupported-section"] == []

    trace = ran(Snapshot(loaded.definitions, Settings()), make_request("GET", f"{listen}{path}"))

    assert (trace.upstream_request is not None) is exchange.get("upstream_receives", {}).get("called", False)
    if "response" in exchange:
        check(trace, exchange["response"])
    else:
        assert trace.answer is not None
        assert trace.answer.body == GIVEN.body


def test_what_is_known_of_request_session_and_config() -> None:
    script = (ROOT / "08-access-tyk-objects.js").read_text("utf-8")
    request = make_request("POST", "/api/headers?param1=one", (("Authorization", "secret"),), b"the body")
    trace = ran(snapshot(definition(script, "myFirstVirtualHandler", {})), request)

    check(trace, told("08-access-tyk-objects")[0]["response"])
    assert logged(trace) == [
        "Virtual Test initialised",
        "Virtual Test running",
        "Request Body: the body",
        "Session: 0",
        'Config: "57d72796c5de45e649f22da390d7df43"',
        "param-1: one",
        "auth Header: secret",
    ]


def test_custom_attributes() -> None:
    script = (ROOT / "10-custom-attributes.js").read_text("utf-8")
    config = json.loads((ROOT / "09-custom-attributes.json").read_text("utf-8"))
    trace = ran(snapshot(definition(script, "mySecondVirtualHandler", config)), make_request("POST", "/api/headers"))

    check(trace, told("10-custom-attributes")[0]["response"])


def test_a_request_of_the_function_itself() -> None:
    script = (ROOT / "11-advanced-make-http-request.js").read_text("utf-8")
    document = definition(script, "myVirtualHandlerGetHeaders", {"bar": {"y": 3}, "foo": 4})
    request = make_request("POST", "/api/headers?param1=I-am-param-1", (("location", "/get"), ("Accept", "*/*")))
    http = HttpBin()
    trace = ran(snapshot(document), request, http)

    (call,) = http.calls
    assert (call.method, call.url, call.headers.get("location")) == ("GET", "http://httpbin.org/headers", '["/get"]')
    wanted = told("11-advanced-make-http-request")[0]["response"]
    headers = {**wanted["headers"], "Location": '["/get"]'}  # The page's upstream takes the list apart.
    check(trace, {**wanted, "headers": headers})
    assert logged(trace)[:3] == [
        "Virtual Test running",
        logged(trace)[1],
        'API Config:{"APIID":"57d72796c5de45e649f22da390d7df43","OrgID":"org","config_data":{"bar":{"y":3},"foo":4}}',
    ]
    assert logged(trace)[1].startswith('Request Session: {"access_rights":null,"alias":"","allowance":0,')
    assert "param-1:I-am-param-1" in logged(trace)
    assert logged(trace)[-1] == "Virtual Test ended"


def test_requests_in_a_batch() -> None:
    script = (ROOT / "12-batch-aggregation.js").read_text("utf-8")
    trace = ran(snapshot(definition(script, "batchTest", {})), make_request("POST", "/api/headers"))

    assert trace.answer is not None
    assert trace.answer.headers.get("Content-Type") == "application/json"
    assert isinstance(trace.answer.body, bytes)
    assert [(one["relative_url"], one["code"], one["body"]["url"]) for one in json.loads(trace.answer.body)] == [
        (url, 200, url) for url in ("http://httpbin.org/get", "http://httpbin.org/user-agent")
    ]
