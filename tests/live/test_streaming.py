"""Bodies that no link needs pass as they come, in memory that does not grow with them."""

import asyncio
import contextlib
import hashlib

import pytest
from tests.apis import oas

pytestmark = pytest.mark.timeout(120)

MB = 1024 * 1024
LARGE = 300 * MB
GROWTH_KB = 30 * 1024


async def test_an_event_arrives_before_the_next_is_sent(start, upstream):
    arrived = asyncio.Event()

    @upstream.on("/a/events")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await call.send(b"9\r\ndata: 1\n\n\r\n")
        await arrived.wait()
        await call.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"GET /a/events HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await connection.head()).headers["content-type"] == "text/event-stream"
    assert await connection.chunk() == b"data: 1\n\n"
    arrived.set()
    assert await connection.chunk() == b"data: 2\n\n"
    assert await connection.chunk() == b""


async def test_the_upstream_has_the_first_part_before_the_client_sends_the_second(start, upstream):
    arrived = asyncio.Event()

    @upstream.on("/a/up")
    async def _(call):
        assert call.header("transfer-encoding") == "chunked"
        chunks = call.chunks()
        assert await anext(chunks) == b"one"
        arrived.set()
        await call.answer(await anext(chunks))
        async for _ in chunks:
            pass

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"POST /a/up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    await arrived.wait()
    await connection.send(b"3\r\ntwo\r\n0\r\n\r\n")
    assert (await connection.answer()).body == b"two"


async def test_a_loop_lets_a_body_pass_as_it_comes(start, upstream):
    arrived = asyncio.Event()

    @upstream.on("/out")
    async def _(call):
        chunks = call.chunks()
        assert await anext(chunks) == b"one"
        arrived.set()
        await call.answer(await anext(chunks))
        async for _ in chunks:
            pass

    looping = {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "tyk://self/out"}}
    gateway = await start(documents=[oas({"POST /in": looping}, upstream=upstream.url)])
    connection = await gateway.connect()
    await connection.send(b"POST /api/in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    await arrived.wait()
    await connection.send(b"3\r\ntwo\r\n0\r\n\r\n")
    assert (await connection.answer()).body == b"two"


async def test_large_bodies_pass_both_ways_in_little_memory(start, upstream):
    part = bytes(range(256)) * 4096
    received = 0

    @upstream.on("/a/large")
    async def _(call):
        nonlocal received
        while received < LARGE:
            received += len(await call.reader.read(MB))
        await call.send(f"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        for _ in range(LARGE // len(part)):
            await call.send(part)

    gateway = await start({"listen": "/a/", "target": upstream.url})
    await gateway.get("/a/x")
    connection = await gateway.connect()
    before = gateway.peak_kb()
    await connection.send(f"POST /a/large HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    for _ in range(LARGE // len(part)):
        await connection.send(part)
    head = await connection.head()
    assert head.headers["content-length"] == str(LARGE)
    assert "transfer-encoding" not in head.headers
    came = 0
    digest = hashlib.sha256()
    while came < LARGE:
        data = await connection.reader.read(MB)
        assert data
        came += len(data)
        digest.update(data)

    assert received == LARGE
    assert digest.hexdigest() == hashlib.sha256(part * (LARGE // len(part))).hexdigest()
    assert gateway.peak_kb() - before < GROWTH_KB


async def test_a_refusal_comes_before_the_body(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(f"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n".encode() + b"x")
    answer = await connection.answer()

    assert (answer.status, answer.headers["connection"]) == (404, "close")
    assert await connection.closed() == b""
    assert upstream.calls == []


async def test_a_client_that_sends_all_the_same_can_read_its_refusal(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    body = b"x" * 200_000
    await connection.send(f"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    with contextlib.suppress(ConnectionError):
        await connection.send(body)

    assert (await connection.answer()).status == 404


async def test_a_body_that_a_link_needs_is_limited(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url}, read_bodies=True)
    connection = await gateway.connect()
    await connection.send(f"POST /a/x HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    answer = await connection.answer()
    assert (answer.status, answer.body) == (413, b"Request Entity Too Large\n")
    assert answer.headers["connection"] == "close"

    connection = await gateway.connect()
    await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(17):
            await connection.send(b"100000\r\n" + b"x" * MB + b"\r\n")
    assert (await connection.answer()).status == 413
    assert upstream.calls == []


@pytest.mark.parametrize(("server", "too_many"), [({}, 17), ({"max_request_body_size": 3 * MB}, 4)])
async def test_a_body_that_a_pass_behind_a_loop_needs_is_limited(start, upstream, server, too_many):
    rule = {"in": "requestBody", "pattern": "needle"}
    triggers = [{"condition": "all", "rewriteTo": "/found", "rules": [rule]}]
    rewrite = {"enabled": True, "pattern": ".*", "rewriteTo": "/nothing", "triggers": triggers}
    looping = {"enabled": True, "pattern": ".*", "rewriteTo": "tyk://self/out"}
    document = oas({"POST /in": {"urlRewrite": looping}, "POST /out": {"urlRewrite": rewrite}}, upstream=upstream.url)
    gateway = await start(documents=[document], settings={"http_server_options": server})
    for start_of_head in (f"Content-Length: {LARGE}", "Transfer-Encoding: chunked"):
        connection = await gateway.connect()
        await connection.send(f"POST /api/in HTTP/1.1\r\nHost: a\r\n{start_of_head}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(too_many if "chunked" in start_of_head else 0):
                await connection.send(b"100000\r\n" + b"x" * MB + b"\r\n")
        assert (await connection.answer()).status == 413
    assert upstream.calls == []

    connection = await gateway.connect()
    body = b"x" * MB + b"needle"
    answer = await connection.request("POST", "/api/in", body=body)
    assert (answer.status, upstream.calls[0].target, upstream.calls[0].body) == (200, "/found", body)


async def test_the_gateways_own_limit_holds_for_chunks(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url}, server={"max_request_body_size": 5})
    for body, status in ((b"5\r\nhello\r\n0\r\n\r\n", 200), (b"6\r\nhello!\r\n0\r\n\r\n", 413)):
        connection = await gateway.connect()
        await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        assert (await connection.answer()).status == status
    assert [call.body for call in upstream.calls] == [b"hello"]


async def test_a_buffered_body_stays_chunked(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url}, read_bodies=True)
    connection = await gateway.connect()
    await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")

    assert (await connection.answer()).body == b"POST /a/x hello"
    assert upstream.calls[0].header("content-length") is None
    assert upstream.calls[0].header("transfer-encoding") == "chunked"


async def test_framing_is_not_for_links_to_see(start, upstream):
    edits = {"enabled": True, "add": [{"name": "X-Coding", "value": "<$tyk_context.headers_Transfer_Encoding>"}]}
    chain = {"POST /x": {"transformRequestHeaders": edits}}
    gateway = await start(documents=[oas(chain, upstream=upstream.url, contextVariables={"enabled": True})])
    connection = await gateway.connect()
    await connection.send(b"POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")

    assert (await connection.answer()).status == 200
    assert upstream.calls[0].header("x-coding") == "<>"
    assert upstream.calls[0].header("transfer-encoding") == "chunked"


async def test_a_response_that_is_too_long_to_look_into_passes(start, upstream):
    size = 70 * 1024 * 1024

    @upstream.on("/a/x")
    async def _(call):
        await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(70):
            await call.send(b"x" * 1024 * 1024)

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"GET /a/x HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await connection.head()
    rest = size
    while rest:
        rest -= len(await asyncio.wait_for(connection.reader.read(min(rest, 1 << 20)), 20))

    assert (answer.status, answer.headers["content-length"]) == (200, str(size))
    assert "content-type" not in answer.headers
    assert (await connection.request("GET", "/a/y")).status == 200


async def test_an_answer_that_comes_before_the_body_is_over_is_delivered(start, upstream):
    @upstream.on("/a/up")
    async def _(call):
        await call.answer(b"enough", "413 Too Large", "Connection: close", "Content-Type: text/plain")
        call.writer.close()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"POST /a/up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    answer = await connection.answer()

    assert (answer.status, answer.body) == (413, b"enough")
    with contextlib.suppress(ConnectionError):
        await connection.send(b"x" * 999_000)
    assert (await gateway.get("/a/x")).status == 200
