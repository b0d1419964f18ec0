"""What is no request gets a plain refusal, nothing goes upstream, and the gateway lives on."""

import asyncio
import contextlib

import pytest

pytestmark = pytest.mark.timeout(60)

HOST = b"Host: a\r\n"


def request(line: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    return line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


BAD = {
    "no request line": (b"nonsense\r\n\r\n", 400),
    "binary": (bytes(range(128, 256)) + b"\r\n\r\n", 400),
    "unknown version": (request(b"GET /a/ HTTP/7.0", b"Host: a"), 505),
    "space in the target": (request(b"GET /a/ b HTTP/1.1", b"Host: a"), 400),
    "nul in the path": (request(b"GET /a/\0b HTTP/1.1", b"Host: a"), 400),
    "control character in the path": (request(b"GET /a/\x1fb HTTP/1.1", b"Host: a"), 400),
    "no host": (request(b"GET /a/x HTTP/1.1"), 400),
    "two hosts": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"Host: b"), 400),
    "host with a space": (request(b"GET /a/x HTTP/1.1", b"Host: a b"), 400),
    "length and chunks": (
        request(
            b"POST /a/x HTTP/1.1", b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
        ),
        400,
    ),
    "two lengths": (
        request(b"POST /a/x HTTP/1.1", b"Host: a", b"Content-Length: 1", b"Content-Length: 2", body=b"x"),
        400,
    ),
    "signed length": (request(b"POST /a/x HTTP/1.1", b"Host: a", b"Content-Length: +1", body=b"x"), 400),
    "empty length": (request(b"POST /a/x HTTP/1.1", b"Host: a", b"Content-Length:"), 400),
    "unknown coding": (request(b"POST /a/x HTTP/1.1", b"Host: a", b"Transfer-Encoding: gzip"), 501),
    "two codings": (
        request(b"POST /a/x HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        501,
    ),
    "disguised coding": (request(b"POST /a/x HTTP/1.1", b"Host: a", b"Transfer-Encoding: xchunked"), 501),
    "space before the colon": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"X : 1"), 400),
    "folded header": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"X: 1", b" 2"), 400),
    "nul in a header": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"X: a\0b"), 400),
    "carriage return in a header": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"X: a\rb"), 400),
    "connect": (request(b"CONNECT other.test:443 HTTP/1.1", b"Host: other.test:443"), 400),
    "absolute form of another scheme": (request(b"GET ftp://a/a/x HTTP/1.1", b"Host: a"), 400),
    "long target": (request(b"GET /a/" + b"x" * 65536 + b" HTTP/1.1", b"Host: a"), 414),
    "long header": (request(b"GET /a/x HTTP/1.1", b"Host: a", b"X: " + b"x" * 1_100_000), 431),
    "trailers": (
        request(
            b"POST /a/x HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", body=b"1\r\nx\r\n0\r\nX-T: 1\r\n\r\n"
        ),
        500,
    ),
    "broken chunks": (
        request(b"POST /a/x HTTP/1.1", b"Host: a", b"Transfer-Encoding: chunked", body=b"zz\r\nno\r\n0\r\n\r\n"),
        500,
    ),
    "malformed escape": (request(b"GET /a/%zz HTTP/1.1", b"Host: a"), 400),
}


async def test_is_refused_in_plain_words(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    for name, (data, status) in BAD.items():
        connection = await gateway.connect()
        with contextlib.suppress(ConnectionError):
            await connection.send(data)
        answer = await connection.answer()

        assert answer.status == status, name
        assert answer.headers["connection"] == "close", name
        assert b"mitmproxy" not in answer.body.lower(), name
        assert b"<html" not in answer.body.lower(), name
        assert "server" not in answer.headers, name
        assert await connection.closed() == b"", name
        assert upstream.calls == [], name
    assert (await gateway.get("/a/x")).status == 200


async def test_bytes_that_never_end_are_not_collected(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    with contextlib.suppress(ConnectionError):
        await connection.send(b"GET /a/x HTTP/1.1\r\n" + HOST)
        for _ in range(40):
            await connection.send(b"X-Filler: " + b"x" * 65536 + b"\r\n")
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        assert (await connection.answer()).status == 431
    assert (await gateway.get("/a/x")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"zz\r\nno\r\n", id="no chunk"),
        pytest.param(b"0\r\nContent-Length: 3\r\n\r\n", id="trailers"),
    ],
)
async def test_a_body_that_breaks_later_ends_the_upstreams_request_too(start, upstream, body):
    came, broke = asyncio.Event(), asyncio.Event()

    @upstream.on("/a/x")
    async def _(call):
        came.set()
        with contextlib.suppress(asyncio.IncompleteReadError, ValueError):
            await call.read_body()
        broke.set()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    await came.wait()
    await connection.send(body)

    assert (await connection.answer()).status == 500
    await broke.wait()
    assert await connection.closed() == b""


async def test_a_target_in_absolute_form_is_routed_by_its_path(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})

    answer = await gateway.get("http://some.test/a/x?b=1")

    assert answer.body == b"GET /a/x?b=1 "
    assert upstream.calls[0].header("host") == f"127.0.0.1:{upstream.port}"


async def test_equal_lengths_are_one(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(request(b"POST /a/x HTTP/1.1", b"Host: a", *[b"Content-Length: 1"] * 2, body=b"x"))

    assert (await connection.answer()).body == b"POST /a/x x"
    assert [name for name, _ in upstream.calls[0].headers].count("Content-Length") == 1


async def test_a_long_query_is_served(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})

    assert (await gateway.get("/a/x?" + "q" * 30_000)).status == 200


async def test_pipelined_requests_behind_a_refusal_are_not_read(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(
        request(b"POST /a/x HTTP/1.1", b"Host: a", b"Content-Length: 1", b"Transfer-Encoding: chunked")
        + request(b"GET /a/smuggled HTTP/1.1", b"Host: a")
    )

    assert (await connection.answer()).status == 400
    assert await connection.closed() == b""
    assert upstream.calls == []
