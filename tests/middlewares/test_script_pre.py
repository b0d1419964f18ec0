"""Plugins before everything else: what they see, what their edits do, and what they answer."""

import pytest
from tests.apis import oas, snapshot
from tests.plugins import blob, error_of, passed, plugin, scripted, with_keys

from lockgate.middlewares.script_pre import MIDDLEWARE, ScriptPre

FAILED = (500, "Internal Server Error")


def pre(*bodies, operations=None, **more):
    """An API with a plugin for each body; its variable is p0, p1, …"""
    plugins = [plugin(body, f"p{index}") for index, body in enumerate(bodies)]
    return snapshot(scripted(operations, prePlugins=plugins, **more))


async def test_headers_are_set_and_deleted():
    of = pre(
        'request.SetHeaders["x-new"] = "1"; request.DeleteHeaders.push("x-drop"); request.Headers["X-No"] = ["1"];'
    )
    sent = (await passed(of, headers=(("X-Drop", "1"), ("X-Stay", "1")))).upstream_request

    assert ("X-New", "1") in list(sent.headers)
    assert sent.headers.get("X-Stay") == "1"
    assert "X-Drop" not in sent.headers
    assert "X-No" not in sent.headers


async def test_a_client_does_not_take_away_what_a_plugin_set():
    of = pre('request.SetHeaders["X-User"] = "ada";')
    sent = (await passed(of, headers=(("Connection", "X-User"),))).upstream_request

    assert sent.headers.get("X-User") == "ada"


async def test_the_body_is_replaced_with_its_length():
    of = pre("request.Body = request.Body + '!';")
    sent = (await passed(of, "POST", headers=(("Content-Length", "2"),), body=b"\xff\xfe")).upstream_request

    assert sent.body == b"\xff\xfe!"
    assert sent.headers.get("Content-Length") == "3"


async def test_each_sees_what_the_one_before_did():
    of = pre(
        'request.SetHeaders["X-Trail"] = "one "; request.AddParams["a"] = "1";',
        'request.SetHeaders["X-Trail"] = request.Headers["X-Trail"][0] + "two " + request.Params.a[0];',
    )
    sent = (await passed(of)).upstream_request

    assert sent.headers.get("X-Trail") == "one two 1"
    assert sent.query == "a=1"


async def test_globals_are_as_they_were_loaded_for_every_plugin():
    shared = {
        "enabled": True,
        "functionName": "first",
        "code": blob(
            "var n = 'loaded';\n"
            "function make(name) { var p = new TykJS.TykMiddleware.NewMiddleware({});\n"
            "p.NewProcessRequest(function(request) { request.SetHeaders[name] = n; n = 'changed';"
            " return p.ReturnData(request, {}); }); return p; }\n"
            "var first = make('X-First'), second = make('X-Second');"
        ),
    }
    of = snapshot(scripted(prePlugins=[shared, {"enabled": True, "functionName": "second"}]))
    sent = (await passed(of)).upstream_request

    assert (sent.headers.get("X-First"), sent.headers.get("X-Second")) == ("loaded", "loaded")


async def test_a_new_path_decides_which_endpoint_the_rest_is_for():
    operations = {
        "GET /o": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Of", "value": "o"}]}},
        "GET /other": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Of", "value": "other"}]}},
    }
    of = pre('request.URL = "/api/other?x=1";', operations=operations)
    trace = await passed(of)

    assert trace.upstream_request.headers.get_all("X-Of") == ("other",)
    assert trace.upstream_request.target == "/other?x=1"
    assert [step.link for step in trace.steps if step.link == "script_pre"] == ["script_pre"]


async def test_a_new_path_leads_past_no_protection_that_follows():
    operations = {"POST /o": {}, "POST /checked": {"requestSizeLimit": {"enabled": True, "value": 1}}}
    of = pre('request.URL = "/api/checked";', operations=operations)

    assert error_of(await passed(of, "POST", headers=(("Content-Length", "2"),), body=b"ab"))[0] == 400


async def test_lists_were_asked_for_the_path_that_came():
    of = pre('request.URL = "/api/o";', operations={"GET /o": {}, "GET /blocked": {"block": {"enabled": True}}})

    assert error_of(await passed(of, url="/api/blocked")) == (403, "Requested endpoint is forbidden")


async def test_a_path_of_another_api_is_a_loop():
    first = scripted(prePlugins=[plugin('request.URL = "tyk://second/x?a=1";')])
    second = oas({"GET /x": {}}, name="second", listen="/second/", upstream="http://second.test")
    trace = await passed(snapshot(first, second))

    assert trace.upstream_request.host == "second.test"
    assert trace.upstream_request.target == "/x?a=1"


@pytest.mark.parametrize("kind", ["absolute", "relative", "empty"])
async def test_a_url_that_is_no_path(kind):
    url = {"absolute": "http://other.test/abs?x=1", "relative": "rel/path", "empty": ""}[kind]
    of = snapshot(scripted(prePlugins=[plugin(f'request.URL = "{url}";')]))
    trace = await passed(of)

    assert trace.upstream_request.host == "upstream.test:8000"
    assert trace.upstream_request.target == {"absolute": "/abs?x=1", "relative": "/rel/path", "empty": "/"}[kind]


async def test_an_answer_below_400_is_sent_as_it_is():
    of = pre(
        'request.ReturnOverrides.ResponseCode = 201; request.ReturnOverrides.ResponseBody = "{}";'
        'request.ReturnOverrides.ResponseHeaders = {"x-one": "1"};',
        transformResponseHeaders={"enabled": True, "add": [{"name": "X-Late", "value": "1"}]},
    )
    trace = await passed(of)

    assert (trace.answer.status, trace.answer.body) == (201, b"{}")
    assert trace.answer.headers.get("X-One") == "1"
    assert trace.answer.headers.get("Content-Type") == "text/plain; charset=utf-8"
    assert trace.answer.headers.get_all("X-Ratelimit-Limit") == ("0",)
    assert "X-Late" not in trace.answer.headers
    assert trace.upstream_request is None


async def test_a_refusal_is_an_error_of_the_gateway_with_the_plugins_headers():
    of = pre(
        'request.ReturnOverrides.ResponseCode = 429; request.ReturnOverrides.ResponseError = "slow <down>";'
        'request.ReturnOverrides.ResponseHeaders = {"Retry-After": "30", "Content-Type": "text/html"};'
    )
    trace = await passed(of)

    assert error_of(trace) == (429, "slow <down>")
    assert trace.answer.headers.get("Retry-After") == "30"
    assert trace.answer.headers.get_all("Content-Type") == ("application/json",)


async def test_a_refusal_in_xml_is_escaped():
    of = pre('request.ReturnOverrides = {ResponseCode: 400, ResponseError: "bad <order>"};')
    answer = (await passed(of, "POST", headers=(("Content-Type", "application/xml"),), body=b"<a/>")).answer

    assert answer.headers.get("Content-Type") == "application/xml"
    assert b"<error>bad &lt;order&gt;</error>" in answer.body


async def test_a_refusal_without_a_message_has_none():
    of = pre("request.ReturnOverrides.ResponseCode = 500;")

    assert error_of(await passed(of)) == (500, "")


async def test_an_answer_stops_those_behind_it():
    of = pre(
        'request.ReturnOverrides.ResponseCode = 200; request.ReturnOverrides.ResponseBody = "first";',
        'request.ReturnOverrides.ResponseCode = 200; request.ReturnOverrides.ResponseBody = "second";',
    )

    assert (await passed(of)).answer.body == b"first"


@pytest.mark.parametrize("code", [99, 1000, -1])
async def test_a_status_that_is_none_is_a_failure(code):
    of = pre(f"request.ReturnOverrides.ResponseCode = {code};")

    assert error_of(await passed(of)) == FAILED


@pytest.mark.parametrize(
    "body",
    [
        "throw new Error('x');",
        "return;",
        "return null;",
        "return {Request: null};",
        "request.SetHeaders['X-N'] = 5;",
        "request.DeleteHeaders = 'X-A';",
        "request.URL = 5;",
        "request.URL = 'http://[';",
        "missing();",
    ],
)
async def test_a_plugin_that_fails_is_a_500(body):
    trace = await passed(pre(body))

    assert error_of(trace) == FAILED
    assert trace.upstream_request is None
    assert trace.failed
    assert trace.steps[-1].outcome == "failed"
    assert "p0" in trace.steps[-1].detail


async def test_a_name_that_no_script_has_is_a_500():
    document = scripted(prePlugins=[plugin("", "good") | {"functionName": "gone"}])
    of = snapshot(document, problems=("missing-function",))

    assert error_of(await passed(of)) == FAILED


async def test_without_scripts_every_request_is_refused():
    document = scripted(prePlugins=[plugin("")])
    of = snapshot(document, problems=("scripts-off",), enable_jsvm=False)

    assert error_of(await passed(of)) == (500, "Middleware error")


async def test_plugins_that_are_off_do_not_matter():
    off = plugin("throw new Error('x');") | {"enabled": False}
    of = snapshot(scripted(prePlugins=[off]), enable_jsvm=False)

    assert (await passed(of)).answer.status == 200


async def test_it_gets_no_session():
    body = (
        "request.ReturnOverrides.ResponseCode = 200;"
        "request.ReturnOverrides.ResponseBody = JSON.stringify([session.rate, session.meta_data]);"
    )
    of = snapshot(with_keys(scripted(prePlugins=[plugin(body, requireSession=True)])))

    assert (await passed(of)).answer.body == b"[0,null]"


async def test_it_runs_behind_preflights_and_before_addresses():
    of = snapshot(
        scripted(
            prePlugins=[plugin('request.ReturnOverrides = {ResponseCode: 200, ResponseBody: "pre"};')],
            cors={"enabled": True, "allowedOrigins": ["*"], "allowedMethods": ["GET"]},
        )
    )
    origin = (("Origin", "https://a.test"),)
    preflight = await passed(of, "OPTIONS", headers=(*origin, ("Access-Control-Request-Method", "GET")))

    assert preflight.answer.status == 204
    answer = (await passed(of, headers=origin)).answer
    assert (answer.body, answer.headers.get("Access-Control-Allow-Origin")) == (b"pre", "*")


async def test_the_trace_holds_what_it_was_given_and_what_it_said():
    trace = await passed(pre('log("seen " + request.Method);'))
    (step,) = [step for step in trace.steps if step.link == "script_pre"]
    (call,) = [call for call in step.calls if call.service == "scripts"]

    assert call.answer["log"] == [["log", "seen GET"]]


def test_it_works_with_the_body():
    assert MIDDLEWARE.body.name == "WRITE"
    assert MIDDLEWARE.config is ScriptPre
