"""What scripts call through a real gateway, and what they do not get to call."""

import asyncio
import base64
import json

import pytest
from tests.apis import oas

pytestmark = pytest.mark.timeout(60)

SOURCE = """
function ask(request, session, config) {
  var url = request.Params.url[0];
  var raw = TykMakeHttpRequest(JSON.stringify({Domain: url}));
  return TykJsResponse({Body: raw === undefined ? "undefined" : JSON.parse(raw).Body, Code: 200}, {});
}
function all(request, session, config) {
  var requests = request.Params.url.map(function(url) { return {relative_url: url}; });
  var raw = TykBatchRequest(JSON.stringify({requests: requests}));
  return TykJsResponse({Body: raw, Code: 200}, {});
}
function keep(request) {
  TykSetKeyData("k1", JSON.stringify({alias: request.Params.alias[0]}), "1");
  return TykJsResponse({Body: JSON.parse(TykGetKeyData("k1", "pets")).alias, Code: 200}, {});
}
"""


def scripted(upstream):
    body = base64.b64encode(SOURCE.encode()).decode()
    return oas(
        {
            f"GET /{name}": {"virtualEndpoint": {"enabled": True, "functionName": name, "body": body}}
            for name in ("ask", "all", "keep")
        },
        upstream=upstream.url,
    )


@pytest.fixture
async def hidden():
    """A server of somebody else's on this machine."""
    calls = []

    async def serve(reader, writer):
        calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield port, calls
    server.close()


async def test_a_script_calls_its_upstream_and_the_gateway(start, upstream):
    gateway = await start(documents=[scripted(upstream)])
    answer = await gateway.get(f"/api/ask?url={upstream.url}/a")
    assert answer.body == b"GET /a "
    assert upstream.calls[0].header("User-Agent") == "Lockgate"
    answer = await gateway.get(f"/api/ask?url=http://127.0.0.1:{gateway.port}/api/through")
    assert answer.body == b"GET /through "
    assert upstream.calls[1].header("X-Forwarded-For") == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0"])
async def test_a_script_does_not_call_what_else_is_on_the_machine(start, upstream, hidden, host):
    port, calls = hidden
    gateway = await start(documents=[scripted(upstream)])
    assert (await gateway.get(f"/api/ask?url=http://{host}:{port}/")).body == b"undefined"
    assert calls == []


async def test_a_redirect_of_the_upstream_does_not_lead_there_either(start, upstream, hidden):
    port, calls = hidden

    @upstream.on("/away")
    async def away(call):
        await call.answer(b"", "307 Temporary Redirect", f"Location: http://127.0.0.1:{port}/")

    gateway = await start(documents=[scripted(upstream)])
    assert (await gateway.get(f"/api/ask?url={upstream.url}/away")).body == b"undefined"
    found = json.loads((await gateway.get(f"/api/all?url={upstream.url}/away&url={upstream.url}/b")).body)
    assert sorted(part["code"] for part in found) == [0, 200]
    assert calls == []


async def test_what_the_settings_allow_is_called(start, upstream, hidden):
    port, calls = hidden
    own = {"scripts": {"allowed_hosts": [f"127.0.0.1:{port}"]}}
    gateway = await start(documents=[scripted(upstream)], settings={"x-lockgate": own})
    assert (await gateway.get(f"/api/ask?url=http://127.0.0.1:{port}/")).body == b"secret"
    assert len(calls) == 1


async def test_a_slow_call_keeps_nobody_else_waiting(start, upstream):
    over = asyncio.Event()

    @upstream.on("/slow")
    async def slow(call):
        await over.wait()
        await call.answer(b"late")

    gateway = await start(documents=[scripted(upstream)], settings={"jsvm_timeout": 30})
    waiting = asyncio.create_task(gateway.get(f"/api/ask?url={upstream.url}/slow"))
    while not upstream.calls and not waiting.done():
        await asyncio.sleep(0.01)
    assert not waiting.done()
    assert (await asyncio.wait_for(gateway.get(f"/api/ask?url={upstream.url}/fast"), 20)).body == b"GET /fast "
    over.set()
    assert (await waiting).body == b"late"


async def test_a_call_ends_with_the_scripts_time(start, upstream):
    ended = asyncio.Event()

    @upstream.on("/never")
    async def never(call):
        await call.reader.read()
        ended.set()

    gateway = await start(documents=[scripted(upstream)], settings={"jsvm_timeout": 1})
    assert (await gateway.get(f"/api/ask?url={upstream.url}/never")).status == 500
    await asyncio.wait_for(ended.wait(), 20)
    assert (await gateway.get(f"/api/ask?url={upstream.url}/a")).body == b"GET /a "


async def test_an_answer_that_is_too_large_is_none(start, upstream):
    @upstream.on("/large")
    async def large(call):
        await call.answer(b"x" * 3000)

    settings = {"x-lockgate": {"scripts": {"max_answer_bytes": 2000}}}
    gateway = await start(documents=[scripted(upstream)], settings=settings)
    assert (await gateway.get(f"/api/ask?url={upstream.url}/large")).body == b"undefined"
    assert (await gateway.get(f"/api/ask?url={upstream.url}/a")).body == b"GET /a "


async def test_what_is_no_address_fails_the_script(start, upstream):
    """In the reference gateway it hangs until its time is over."""
    gateway = await start(documents=[scripted(upstream)], settings={"jsvm_timeout": 60})
    answer = await asyncio.wait_for(gateway.get("/api/ask?url=shop.example/x"), 20)
    assert answer.status == 500


async def test_a_key_that_a_script_keeps_is_there_for_the_next_one(start, upstream):
    gateway = await start(documents=[scripted(upstream)])
    for alias in ("ann", "bob"):
        assert (await gateway.get(f"/api/keep?alias={alias}")).body == alias.encode()


@pytest.mark.parametrize(("driver", "bodies"), [("goja", [b"1,kept", b"2,kept"]), ("otto", [None, None])])
async def test_what_a_script_stores_is_there_for_the_next_request(start, driver, bodies):
    source = """function f() {
      TykStorageSetNX("word", "kept", 60);
      return TykJsResponse({Code: 200, Body: [TykStorageIncr("count", 0), TykStorageGet("word")].join()}, {});
    }"""
    body = base64.b64encode(source.encode()).decode()
    endpoint = {"virtualEndpoint": {"enabled": True, "functionName": "f", "body": body}}
    gateway = await start(documents=[oas({"GET /x": endpoint}, pluginConfig={"driver": driver})])
    for wanted in bodies:
        answer = await gateway.get("/api/x")
        assert (answer.status, answer.body if wanted else None) == ((200, wanted) if wanted else (500, None))
