"""Whatever breaks, no request reaches an upstream that the gateway did not send there."""

import asyncio

import pytest

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("kind", ["error", "cancelled"])
@pytest.mark.parametrize("hook", ["requestheaders", "request", "release", "next_layer", "server_connect"])
async def test_nothing_is_forwarded_when_a_hook_breaks(start, upstream, hook, kind):
    gateway = await start({"listen": "/a/", "target": upstream.url}, fault=f"{hook}:{kind}", meddling=upstream.port)
    for method, body in (("GET", b""), ("POST", b"abc")):
        connection = await gateway.connect()
        answer = await connection.request(method, "/a/x", body=body)
        connection.close()

        assert answer.status == 500
        assert answer.headers["content-type"] == "application/json"
        assert b"mitmproxy" not in answer.body
        assert str(upstream.port).encode() not in answer.body
        if hook != "request" or method == "GET":  # a body that streams is on its way before that hook
            assert upstream.calls == []


@pytest.mark.parametrize("kind", ["error", "cancelled"])
@pytest.mark.parametrize("hook", ["responseheaders", "response"])
async def test_the_upstreams_answer_stays_here_when_a_hook_breaks(start, upstream, hook, kind):
    @upstream.on("/a/x")
    async def _(call):
        await call.answer(b"unfiltered")

    gateway = await start({"listen": "/a/", "target": upstream.url}, fault=f"{hook}:{kind}", read_bodies=True)
    connection = await gateway.connect()
    for _ in range(2):
        answer = await connection.request("GET", "/a/x")

        assert answer.status == 500
        assert b"unfiltered" not in answer.body


async def test_an_endless_answer_does_not_hold_up_the_500(start, upstream):
    @upstream.on("/a/x")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\n\r\nunfiltered")
        await call.reader.read()

    gateway = await start({"listen": "/a/", "target": upstream.url}, fault="responseheaders:error")

    assert (await gateway.get("/a/x")).status == 500


async def test_a_broken_error_hook_does_not_hurt_the_next_request(start, upstream):
    came = asyncio.Event()

    @upstream.on("/a/slow")
    async def _(call):
        came.set()
        await call.reader.read()

    gateway = await start({"listen": "/a/", "target": upstream.url}, fault="error:error")
    connection = await gateway.connect()
    await connection.send(b"GET /a/slow HTTP/1.1\r\nHost: a\r\n\r\n")
    await came.wait()
    connection.close()

    assert (await gateway.get("/a/x")).status == 200


async def test_without_the_addon_nothing_is_forwarded(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url}, remove=True)

    assert (await gateway.get("/a/x")).status >= 500
    assert upstream.calls == []


async def test_without_a_route_nothing_is_forwarded(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})

    answer = await gateway.get("/b/x")

    assert (answer.status, answer.body) == (404, b"Not Found")
    assert upstream.calls == []
