"""Limits of clients: each one fires, and whoever comes next is served."""

import asyncio

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
from tests.live.authority import Authority
from tests.pace import paced

pytestmark = pytest.mark.timeout(60)

PACES = (0.3, 1.5, 6.0)
TOO_MANY = "431 Request Header Fields Too Large"


@pytest.fixture
async def limited(start, upstream):
    """Start a gateway with these limits."""

    async def begin(server=None, **limits):
        settings = {"http_server_options": server or {}, "x-lockgate": {"limits": limits}}
        return await start({"listen": "/a/", "target": upstream.url}, settings=settings)

    return begin


async def serves(gateway):
    assert (await gateway.get("/a/next")).body == b"GET /a/next "


async def test_a_head_may_have_so_many_bytes(limited, upstream):
    gateway = await limited(max_header_bytes=2000)
    for value in ("x" * 1500, "x" * 2000, "x" * 5000):
        connection = await gateway.connect()
        answer = await connection.request("GET", "/a/x", f"X-Long: {value}")
        if len(value) < 2000:
            assert answer.status == 200
        else:
            assert answer.line == f"HTTP/1.1 {TOO_MANY}"
            assert (answer.body, await connection.closed()) == (TOO_MANY.encode(), b"")
    endless = await gateway.connect()
    await endless.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\nX-Long: " + b"x" * 4000)
    assert (await endless.answer()).status == 431
    assert len(upstream.calls) == 1
    await serves(gateway)


async def test_a_head_may_have_so_many_fields(limited, upstream):
    gateway = await limited(max_headers=10)
    assert (await gateway.get("/a/x", *(f"X-{number}: y" for number in range(9)))).status == 200
    assert (await gateway.get("/a/x", *(f"X-{number}: y" for number in range(10)))).status == 431
    assert len(upstream.calls) == 1
    await serves(gateway)


@paced(*PACES)
async def test_the_limits_of_a_head_hold_in_http2(start, upstream, tmp_path, pace):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("a.test")
    gateway = await start(
        {"listen": "/a/", "target": upstream.url},
        settings={
            "http_server_options": {"use_ssl": True, "certificates": [{"cert_file": certificate, "key_file": key}]},
            "x-lockgate": {
                "limits": {"max_headers": 10, "max_header_bytes": 2000, "body_timeout": pace, "idle_timeout": 3 * pace}
            },
        },
    )
    connection = await gateway.connect(authority.client("h2"), "a.test")
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    head = [(":method", "GET"), (":path", "/a/x"), (":authority", "a.test"), (":scheme", "https")]
    for stream, more in ((1, [(f"x-{n}", "y") for n in range(20)]), (3, [("x-long", "x" * 3000)]), (5, [])):
        client.send_headers(stream, head + more, end_stream=True)
    client.send_headers(7, [(":method", "POST"), *head[1:]])  # its body never comes
    await connection.send(client.data_to_send())
    status, ended = {}, False
    while not ended:
        data = await asyncio.wait_for(connection.reader.read(65536), 20)
        assert data
        for event in client.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status[event.stream_id] = int(dict(event.headers)[":status"])
            ended = ended or isinstance(event, h2.events.ConnectionTerminated)
        await connection.send(client.data_to_send())
    assert status == {1: 431, 3: 431, 5: 200, 7: 408}
    assert await connection.closed() == b""
    again = await gateway.connect(authority.client(), "a.test")
    assert (await again.request("GET", "/a/x")).status == 200


@paced(*PACES)
async def test_a_head_that_does_not_end_is_given_up(limited, upstream, pace):
    gateway = await limited(header_timeout=pace)
    first = await gateway.connect()
    await first.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\nX-Slow: ")
    later = await gateway.connect()
    assert (await later.request("GET", "/a/x")).status == 200
    await later.send(b"GET /a/x HTT")
    for connection in (first, later):
        answer = await connection.answer()
        assert (answer.status, answer.body) == (408, b"408 Request Timeout")
        assert await connection.closed() == b""
    assert len(upstream.calls) == 1
    await serves(gateway)


@paced(*PACES)
async def test_dribbling_does_not_help(limited, upstream, pace):
    gateway = await limited(header_timeout=pace)
    connection = await gateway.connect()
    await connection.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\n")

    async def dribble():
        while True:
            await connection.send(b"X-More: y\r\n")
            await asyncio.sleep(0.02)

    dribbling = asyncio.create_task(dribble())
    try:
        assert (await connection.answer()).status == 408
    finally:
        dribbling.cancel()
    await serves(gateway)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@paced(*PACES)
async def test_a_client_that_says_nothing_is_closed(limited, tmp_path, tls, pace):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("a.test")
    server = {"use_ssl": tls, "certificates": [{"cert_file": certificate, "key_file": key}]}
    gateway = await limited(server, header_timeout=pace)
    for beginning in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01") if tls else (b"",):
        connection = await gateway.connect()
        await connection.send(beginning)
        assert await connection.closed() == b""
    if tls:
        connection = await gateway.connect(authority.client(), "a.test")
        assert (await connection.request("GET", "/a/x")).status == 200
    else:
        await serves(gateway)


@paced(*PACES)
async def test_an_idle_connection_is_closed(limited, pace):
    gateway = await limited(idle_timeout=pace)
    for path in ("/a/x", "/nowhere"):
        connection = await gateway.connect()
        for _ in range(3):
            await connection.request("GET", path)
        assert await connection.closed() == b""
    await serves(gateway)


@paced(*PACES)
async def test_a_busy_connection_is_not_idle(limited, upstream, pace):
    @upstream.on("/a/slow")
    async def _(call):
        await asyncio.sleep(3 * pace)
        await call.answer(b"late")

    gateway = await limited(idle_timeout=pace, header_timeout=pace, body_timeout=pace)
    connection = await gateway.connect()
    assert (await connection.request("POST", "/a/slow", body=b"x")).body == b"late"
    for _ in range(8):
        assert (await connection.request("GET", "/nowhere")).status == 404
        await asyncio.sleep(pace / 4)
    assert (await connection.request("GET", "/a/x")).status == 200


@pytest.mark.parametrize("read", [False, True], ids=["streamed", "read"])
@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@paced(*PACES)
async def test_a_body_that_stands_still_is_given_up(start, upstream, framing, read, pace):
    settings = {"x-lockgate": {"limits": {"body_timeout": pace}}}
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=settings, read_bodies=read)
    connection = await gateway.connect()
    await connection.send(f"POST /a/x HTTP/1.1\r\nHost: a.test\r\n{framing}\r\n\r\n1\r\nx\r\n".encode())
    answer = await connection.answer()
    assert (answer.status, answer.body) == (408, b"408 Request Timeout")
    assert await connection.closed() == b""
    await serves(gateway)


@paced(*PACES)
async def test_a_body_that_moves_is_waited_for(limited, pace):
    gateway = await limited(body_timeout=pace)
    connection = await gateway.connect()
    await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 8\r\n\r\n")
    for _ in range(8):
        await asyncio.sleep(pace / 4)
        await connection.send(b"x")
    assert (await connection.answer()).body == b"POST /a/x xxxxxxxx"


async def test_a_request_has_to_be_read_in_time(limited, upstream):
    gateway = await limited({"read_timeout": 1}, header_timeout=0, body_timeout=0, idle_timeout=0)
    connection = await gateway.connect()
    assert (await connection.request("GET", "/a/x")).status == 200
    await connection.send(b"POST /a/y HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n")

    async def dribble():
        while True:
            await connection.send(b"x")
            await asyncio.sleep(0.1)

    dribbling = asyncio.create_task(dribble())
    try:
        assert (await connection.answer()).status == 408
    finally:
        dribbling.cancel()
    await serves(gateway)


async def test_a_response_has_to_be_written_in_time(limited, upstream):
    @upstream.on("/a/endless")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await call.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.05)

    @upstream.on("/a/slow")
    async def _(call):
        await call.reader.read()

    gateway = await limited({"write_timeout": 1})
    endless, slow = await gateway.connect(), await gateway.connect()
    for connection, path in ((endless, b"endless"), (slow, b"slow")):
        await connection.send(b"GET /a/%s HTTP/1.1\r\nHost: a.test\r\n\r\n" % path)
    assert (await endless.head()).status == 200
    assert not (await endless.closed()).endswith(b"0\r\n\r\n")
    assert await slow.closed() == b""
    await serves(gateway)


async def test_connections_are_counted(limited):
    gateway = await limited(max_connections=3)
    kept = [await gateway.connect() for _ in range(3)]
    for connection in kept:
        assert (await connection.request("GET", "/a/x")).status == 200
    for _ in range(3):
        surplus = await gateway.connect()
        await surplus.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert await surplus.closed() == b""
    kept.pop().close()
    while True:
        connection = await gateway.connect()
        try:
            await connection.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert (await connection.answer()).status == 200
            break
        except (asyncio.IncompleteReadError, ConnectionError):
            connection.close()
    assert (await kept[0].request("GET", "/a/x")).status == 200
