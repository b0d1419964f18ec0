"""Plugins and event handlers through a real gateway."""

import asyncio
import json
import time

import pytest
from tests.apis import oas
from tests.pace import paced
from tests.plugins import plugin, response_plugin, scripted, with_check, with_keys

pytestmark = pytest.mark.timeout(120)

FAILED = (500, "Internal Server Error")


@pytest.fixture
async def serve(start, upstream):
    """Start a gateway with a document under /api/, whose upstream is the test's."""

    async def begin(document, **settings):
        document["x-tyk-api-gateway"]["upstream"]["url"] = upstream.url
        return await start(documents=[document], settings=settings)

    return begin


async def sent(gateway, path="/api/o", body=b"", *headers, method="GET"):
    connection = await gateway.connect()
    try:
        return await connection.request(method, path, *headers, body=body)
    finally:
        connection.close()


def error_of(answer):
    return answer.status, json.loads(answer.body)["error"]


async def echo(call):
    """Answers with what came."""
    body = await call.read_body()
    fields = [[name.lower(), value] for name, value in call.headers]
    said = {"method": call.method, "target": call.target, "headers": fields, "body": body.decode("latin-1")}
    await call.answer(json.dumps(said).encode(), "200 OK", "Content-Type: application/json")


async def test_a_pre_plugin_edits_the_request(serve, upstream):
    upstream.on("/changed")(echo)
    body = (
        'request.URL = "/api/changed"; request.SetHeaders["X-New"] = "1"; request.DeleteHeaders.push("x-old");'
        'request.Body = request.Body + "!"; request.AddParams["a"] = "b c";'
    )
    gateway = await serve(scripted({"POST /o": {}, "POST /changed": {}}, prePlugins=[plugin(body)]))

    for _ in range(2):
        answer = json.loads((await sent(gateway, "/api/o", b"\xff\x00a", "X-Old: 1", method="POST")).body)
        assert (answer["target"], answer["body"]) == ("/changed?a=b+c", "\xff\x00a!")
        assert ["x-new", "1"] in answer["headers"]
        assert ["content-length", "4"] in answer["headers"]
        assert "x-old" not in dict(answer["headers"])


async def test_a_chunked_body(serve, upstream):
    upstream.on("/o")(echo)
    gateway = await serve(scripted(prePlugins=[plugin('request.Body = request.Body + "!";')]))
    connection = await gateway.connect()
    await connection.send(
        b"POST /api/o HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )

    assert json.loads((await connection.answer()).body)["body"] == "hello!"


async def test_answers_and_refusals(serve, upstream):
    body = "request.ReturnOverrides = {ResponseCode: +request.Params.code[0], ResponseBody: 'said'};"
    gateway = await serve(scripted(prePlugins=[plugin(body)]))

    answer = await sent(gateway, "/api/o?code=201")
    assert (answer.status, answer.body, answer.headers.get("content-length")) == (201, b"said", "4")
    assert error_of(await sent(gateway, "/api/o?code=403")) == (403, "said")
    assert error_of(await sent(gateway, "/api/o?code=99")) == FAILED
    assert upstream.calls == []


@paced(1, 5)
async def test_a_script_that_never_ends_is_a_500_and_others_are_served(serve, upstream, pace):
    body = "if (request.Params.spin) { while (true) {} }"
    gateway = await serve(scripted(prePlugins=[plugin(body)]), jsvm_timeout=pace)

    spinning = asyncio.create_task(sent(gateway, "/api/o?spin=1"))
    await asyncio.sleep(0.3)
    assert (await sent(gateway)).status == 200
    assert not spinning.done()
    assert error_of(await spinning) == FAILED
    assert (await sent(gateway)).status == 200


async def test_an_authentication_plugin(serve):
    body = (
        'var badge = request.Headers["X-Badge"];'
        "if (!badge) { request.ReturnOverrides = {ResponseCode: 401, ResponseError: 'badge please'}; }"
        'return {Request: request, Session: {rate: 2, per: 60}, AuthValue: "" + badge};'
    )
    gateway = await serve(with_check(scripted(), body))

    assert error_of(await sent(gateway)) == (401, "badge please")
    assert [(await sent(gateway, "/api/o", b"", "X-Badge: ada")).status for _ in range(3)] == [200, 200, 429]
    assert (await sent(gateway, "/api/o", b"", "X-Badge: bob")).status == 200


async def test_a_response_plugin(serve, upstream):
    @upstream.on("/o")
    async def bytes_of_no_text(call):
        await call.answer(b"\xff\x00 from upstream", "200 OK", "Content-Type: text/plain", "X-Internal: 1")

    body = 'response.Body = response.Body + "!"; response.DeleteHeaders.push("X-Internal"); response.StatusCode = 203;'
    gateway = await serve(scripted(responsePlugins=[response_plugin(body)]))
    answer = await sent(gateway)

    assert (answer.status, answer.body) == (203, b"\xff\x00 from upstream!")
    assert answer.headers.get("x-internal") is None
    assert answer.headers.get("content-length") == "17"


async def test_without_scripts_requests_are_refused(serve, upstream):
    gateway = await serve(scripted(prePlugins=[plugin("")]), enable_jsvm=False)

    assert error_of(await sent(gateway)) == (500, "Middleware error")
    assert upstream.calls == []


# ── events ──


def watched(document, script, *events):
    server = document["x-tyk-api-gateway"]["server"]
    server["eventHandlers"] = [
        {"enabled": True, "trigger": event, "type": "custom", "functionName": "watch", "path": str(script)}
        for event in events
    ]
    return document


@pytest.fixture
def handler(tmp_path, upstream):
    """Make the script of an event handler; ``UP`` in it is the upstream's URL."""

    def make(body):
        file = tmp_path / "watch.js"
        file.write_text(
            f"var UP = {json.dumps(upstream.url)};\n"
            "var watch = new TykJS.TykEventHandlers.NewEventHandler({});\n"
            f"watch.NewHandler(function(event, context) {{ {body} }});\n"
        )
        return file

    return make


TELL = (
    "TykMakeHttpRequest(JSON.stringify({Method: 'POST', Domain: UP, Resource: '/told', Body: JSON.stringify("
    "[event.Type, event.Meta.Message, event.Meta.Path, event.Meta.Key, context.APIID])}));"
)


async def told(upstream, count):
    """What handlers told the upstream."""
    async with asyncio.timeout(20):
        while len(told_calls(upstream)) < count:
            await asyncio.sleep(0.02)
    return [json.loads(call.body) for call in told_calls(upstream)]


def told_calls(upstream):
    return [call for call in upstream.calls if call.target == "/told"]


async def test_events_are_told(serve, upstream, handler):
    expired = "return {Request: request, Session: {expires: 1000}, AuthValue: 'an-old-badge'};"
    operations = {"GET /o": {}, "GET /shut": {"block": {"enabled": True}}}
    events = ("AuthFailure", "KeyExpired", "VersionFailure")
    gateway = await serve(watched(with_check(scripted(operations), expired), handler(TELL), *events))

    assert (await sent(gateway)).status == 401
    assert await told(upstream, 1) == [
        ["KeyExpired", "Attempted access from expired key.", "/api/o", "****adge", "pets"]
    ]
    assert (await sent(gateway, "/api/shut")).status == 403
    assert (await told(upstream, 2))[1] == [
        "VersionFailure",
        "Attempted access to disallowed version / path.",
        "/api/shut",
        "",
        "pets",
    ]


async def test_a_failed_authentication_is_told(serve, upstream, handler):
    gateway = await serve(watched(with_keys(oas({"GET /o": {}})), handler(TELL), "AuthFailure"))

    assert error_of(await sent(gateway, "/api/o", b"", "X-Key: nobody"))[0] == 403
    assert await told(upstream, 1) == [["AuthFailure", "Auth Failure", "/api/o", "****body", "pets"]]


async def test_nobody_waits_for_a_handler(serve, upstream, handler):
    document = watched(oas({"GET /o": {"block": {"enabled": True}}}), handler("while (true) {}"), "VersionFailure")
    gateway = await serve(document, jsvm_timeout=1)
    started = time.monotonic()

    for _ in range(20):
        assert (await sent(gateway)).status == 403
    assert time.monotonic() - started < 15  # who waited would wait for 20 s


async def test_a_handler_that_fails_stops_no_other(serve, upstream, handler):
    body = "if (event.Meta.Path === '/api/o') { throw new Error('x'); }" + TELL
    operations = {"GET /o": {"block": {"enabled": True}}, "GET /p": {"block": {"enabled": True}}}
    gateway = await serve(watched(oas(operations), handler(body), "VersionFailure"))

    assert (await sent(gateway)).status == 403
    assert (await sent(gateway, "/api/p")).status == 403
    assert [one[2] for one in await told(upstream, 1)] == ["/api/p"]
