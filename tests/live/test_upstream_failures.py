"""What an upstream does wrong ends in an answer of ours; the client keeps its connection."""

import asyncio
import socket
import time

import pytest
from tests.apis import oas
from tests.pace import paced
from tests.ports import free_port

pytestmark = pytest.mark.timeout(60)

PROXY_FAILED = b'{\n    "error": "There was a problem proxying the request"\n}'


async def test_a_refused_connection_is_a_500_and_the_client_goes_on(start, upstream):
    gateway = await start(
        {"listen": "/down/", "target": f"http://127.0.0.1:{free_port()}"}, {"listen": "/a/", "target": upstream.url}
    )
    connection = await gateway.connect()
    for method, body in (("GET", b""), ("POST", b"abc")):
        answer = await connection.request(method, "/down/x", body=body)

        assert (answer.status, answer.body) == (500, PROXY_FAILED)
        assert answer.headers["content-type"] == "application/json"
        if method == "GET":
            assert "connection" not in answer.headers
            assert (await connection.request("GET", "/a/x")).status == 200


async def test_an_upstream_that_came_back_is_used_again_by_the_same_client(start, upstream):
    port = free_port()
    gateway = await start({"listen": "/a/", "target": f"http://127.0.0.1:{port}"})
    connection = await gateway.connect()
    assert (await connection.request("GET", "/a/x")).status == 500
    server = await asyncio.start_server(upstream._serve, "127.0.0.1", port)
    try:
        assert (await connection.request("GET", "/a/x")).status == 200
    finally:
        server.close()


async def test_an_unknown_host_has_its_own_words(start, upstream):
    gateway = await start({"listen": "/a/", "target": "http://nowhere.invalid"})

    answer = await gateway.get("/a/x")

    assert answer.status == 500
    assert answer.body == b'{\n    "error": "Upstream host lookup failed"\n}'


async def test_the_answer_is_xml_for_an_xml_request(start, upstream):
    gateway = await start({"listen": "/a/", "target": f"http://127.0.0.1:{free_port()}"})

    answer = await gateway.get("/a/x", "Content-Type: application/xml")

    assert answer.headers["content-type"] == "application/xml"
    assert b"<error>There was a problem proxying the request</error>" in answer.body


@paced(0.3, 5.0)
async def test_no_answer_in_time_is_a_504(start, upstream, pace):
    @upstream.on("/a/slow")
    async def _(call):
        await call.read_body()
        assert await call.reader.read() == b""  # until the gateway gives up

    gateway = await start({"listen": "/a/", "target": upstream.url, "timeout": pace})
    connection = await gateway.connect()
    for method, body in (("GET", b""), ("POST", b"abc"), ("GET", b"")):
        began = time.monotonic()
        answer = await connection.request(method, "/a/slow", body=body)

        assert answer.status == 504
        assert answer.body == b'{\n    "error": "Upstream service reached hard timeout."\n}'
        assert time.monotonic() - began < pace + 5
        assert (await connection.request("GET", "/a/x")).status == 200


@paced(1, 5)
async def test_a_limit_for_the_whole_answer_is_kept(start, upstream, pace):
    @upstream.on("/silent")
    async def _(call):
        await call.reader.read()

    @upstream.on("/slow")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n")
        await call.send(b"abc")
        await call.reader.read()

    timeout = {"enforceTimeout": {"enabled": True, "value": pace}}
    document = oas({f"GET /{name}": timeout for name in ("silent", "slow", "quick")}, upstream=upstream.url)
    gateway = await start(documents=[document])
    connection = await gateway.connect()
    silent, quick = await connection.request("GET", "/api/silent"), await connection.request("GET", "/api/quick")

    assert (silent.status, quick.status) == (504, 200)
    assert b"Upstream service reached hard timeout." in silent.body
    await connection.send(b"GET /api/slow HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await connection.head()).status == 200
    assert await connection.closed() == b"abc"


@paced(0.2, 1.0, 5.0)
async def test_a_body_that_takes_long_is_no_timeout(start, upstream, pace):
    @upstream.on("/a/x")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(2.5 * pace)
        await call.send(b"b")

    gateway = await start({"listen": "/a/", "target": upstream.url, "timeout": pace})

    assert (await gateway.get("/a/x")).body == b"ab"


async def test_a_connection_that_nobody_takes_is_a_504(start, upstream):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        gateway = await start(
            {"listen": "/full/", "target": f"http://127.0.0.1:{address[1]}", "timeout": 0.3},
            {"listen": "/a/", "target": upstream.url},
        )
        connection = await gateway.connect()

        assert (await connection.request("GET", "/full/x")).status == 504
        assert (await connection.request("GET", "/a/x")).status == 200
        for filler in fillers:
            filler.close()


GARBAGE = {
    "nothing": b"",
    "no http": b"SSH-2.0-nonsense\r\n\r\n",
    "status 42": b"HTTP/1.1 42 No\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 No\r\nContent-Length: 0\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n",
    "header without colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "an upgrade that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000,
}


async def test_garbage_is_a_500_and_the_client_goes_on(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for name, garbage in GARBAGE.items():

        @upstream.on("/a/garbage")
        async def _(call, garbage=garbage):
            await call.send(garbage)
            call.writer.close()

        answer = await connection.request("GET", "/a/garbage")
        assert (answer.status, answer.body) == (500, PROXY_FAILED), name
        assert (await connection.request("GET", "/a/x")).status == 200, name


async def test_a_cut_body_cuts_the_clients_connection(start, upstream):
    @upstream.on("/a/short")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nabc")
        call.writer.close()

    @upstream.on("/a/chunks")
    async def _(call):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        await call.send(head + b"3\r\nabc\r\n")
        call.writer.close()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    for path in ("/a/short", "/a/chunks"):
        connection = await gateway.connect()
        await connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert (await connection.head()).status == 200
        rest = await connection.closed()
        assert b"abc" in rest
        assert b"0\r\n\r\n" not in rest


async def test_a_cut_body_is_a_500_where_a_link_reads_it(start, upstream):
    @upstream.on("/a/short")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        call.writer.close()

    gateway = await start({"listen": "/a/", "target": upstream.url}, read_bodies=True)
    connection = await gateway.connect()

    assert (await connection.request("GET", "/a/short")).status == 500
    assert (await connection.request("GET", "/a/x")).status == 200


@pytest.mark.parametrize(
    ("method", "status", "calls"),
    [("GET", 200, 2), ("POST", 500, 1)],
)
async def test_only_what_may_be_repeated_is_sent_again_when_a_used_connection_closes(
    start, upstream, method, status, calls
):
    seen = []

    @upstream.on("/a/once")
    async def _(call):
        seen.append(call)
        if len(seen) == 1:
            call.writer.close()
        else:
            await call.answer()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.request("GET", "/a/x")
    answer = await connection.request(method, "/a/once", body=b"x" if method == "POST" else b"")

    assert (answer.status, len(seen)) == (status, calls)


async def test_a_new_connection_that_closes_is_not_tried_again(start, upstream):
    @upstream.on("/a/gone")
    async def _(call):
        call.writer.close()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    assert (await connection.request("GET", "/a/gone")).status == 500
    assert len(upstream.calls) == 1

    await connection.request("GET", "/a/x")
    assert (await connection.request("GET", "/a/gone")).status == 500
    assert len(upstream.calls) == 4  # one more for the connection that had been used


async def test_interim_answers_are_swallowed(start, upstream):
    @upstream.on("/a/hints")
    async def _(call):
        await call.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
        await call.answer(b"final")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    answer = await gateway.get("/a/hints")

    assert (answer.status, answer.body) == (200, b"final")


async def test_trailers_of_an_answer_are_dropped(start, upstream):
    @upstream.on("/a/t")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for _ in range(2):
        assert (await connection.request("GET", "/a/t")).body == b"hello"


async def test_a_client_that_leaves_takes_its_request_with_it(start, upstream):
    came, left = asyncio.Event(), asyncio.Event()

    @upstream.on("/a/slow")
    async def _(call):
        came.set()
        await call.reader.read()
        left.set()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"GET /a/slow HTTP/1.1\r\nHost: a\r\n\r\n")
    await came.wait()
    connection.close()
    await left.wait()
