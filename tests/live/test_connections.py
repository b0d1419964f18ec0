"""How long connections live, and what frames a message, whatever links do to headers."""

import asyncio
import base64
import hashlib
import os
import re

import h2.config
import h2.connection
import h2.events
import pytest
from tests.live.authority import Authority
from tests.pace import paced

pytestmark = pytest.mark.timeout(60)


async def test_a_connection_is_kept_on_both_sides(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for number in range(3):
        answer = await connection.request("GET", f"/a/{number}")
        assert answer.body == f"GET /a/{number} ".encode()
    assert upstream.connections == 1


async def test_answers_have_a_date_and_no_server(start, upstream):
    @upstream.on("/a/dated")
    async def _(call):
        await call.answer(b"x", "200 OK", "Date: Mon, 01 Jan 2001 00:00:00 GMT", "Server: warehouse")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    for path in ("/a/x", "/nowhere"):
        answer = await gateway.get(path)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["date"])
        assert "server" not in answer.headers
    answer = await gateway.get("/a/dated")
    assert (answer.headers["date"], answer.headers["server"]) == ("Mon, 01 Jan 2001 00:00:00 GMT", "warehouse")


async def test_a_client_that_asks_for_it_is_closed(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    for path in ("/a/x", "/nowhere"):
        connection = await gateway.connect()
        answer = await connection.request("GET", path, "Connection: close")
        assert answer.headers["connection"] == "close"
        assert await connection.closed() == b""


async def test_an_upstream_that_closes_does_not_close_the_client(start, upstream):
    @upstream.on("/a/close")
    async def _(call):
        await call.answer(b"x", "200 OK", "Connection: close")
        call.writer.close()

    @upstream.on("/a/end")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end")
        call.writer.close()

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for _ in range(3):
        assert (await connection.request("GET", "/a/close")).body == b"x"
        assert (await connection.request("GET", "/a/end")).body == b"until the end"


async def test_an_old_client_is_served(start, upstream):
    @upstream.on("/a/chunks")
    async def _(call):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        await call.send(head + b"3\r\nabc\r\n0\r\n\r\n")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"GET /a/chunks HTTP/1.0\r\n\r\n")
    answer = await connection.answer()

    assert (answer.body, answer.headers.get("transfer-encoding")) == (b"abc", None)
    assert upstream.calls[0].line.endswith("HTTP/1.1")


async def test_head_and_bodiless_answers_leave_the_connection_in_step(start, upstream):
    @upstream.on("/a/head")
    async def _(call):
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")

    @upstream.on("/a/none")
    async def _(call):
        await call.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    @upstream.on("/a/same")
    async def _(call):
        await call.send(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for _ in range(2):
        assert (await connection.request("HEAD", "/a/head")).headers["content-length"] == "12"
        for path, status in (("/a/none", 204), ("/a/same", 304)):
            await connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert (await connection.head()).status == status
        assert (await connection.request("HEAD", "/nowhere")).status == 404


@pytest.mark.parametrize("read_bodies", [False, True])
async def test_a_client_that_waits_is_told_to_go_on(start, upstream, read_bodies):
    gateway = await start({"listen": "/a/", "target": upstream.url}, read_bodies=read_bodies)
    connection = await gateway.connect()
    await connection.send(b"POST /a/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert (await connection.head()).status == 100
    await connection.send(b"abc")
    assert (await connection.answer()).body == b"POST /a/x abc"

    await connection.send(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert (await connection.answer()).status == 404


async def test_pipelined_requests_are_answered_in_order(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"".join(b"GET /a/%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(5)))
    for number in range(5):
        assert (await connection.answer()).body == b"GET /a/%d " % number


async def test_many_pipelined_requests_are_answered_while_others_are_served(start, upstream):
    """Also those that need no upstream, which nothing interrupts: neither the stack nor the other clients suffer."""
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection, other = await gateway.connect(), await gateway.connect()
    await connection.send(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)

    assert (await other.request("GET", "/a/x")).status == 200
    assert {(await connection.answer()).status for _ in range(2000)} == {404}
    assert (await connection.request("GET", "/a/x")).status == 200


async def test_cookie_fields_stay_apart(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    await gateway.get("/a/x", "Cookie: a=1", "X-A: 1", "Cookie: b=2")

    assert [value for name, value in upstream.calls[0].headers if name.lower() == "cookie"] == ["a=1", "b=2"]


async def test_a_small_answer_is_one_segment(start, upstream):
    """Head and body in one write: a client that takes what one read gives has it all."""
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    for _ in range(5):
        await connection.send(b"GET /a/x HTTP/1.1\r\nHost: a\r\n\r\n")
        data = await asyncio.wait_for(connection.reader.read(65536), 20)

        assert data.endswith(b"\r\n\r\nGET /a/x ")


async def test_empty_lines_before_a_request_do_not_matter(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.send(b"\r\n\r\nGET /a/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await connection.answer()).status == 200


async def test_an_empty_post_says_so(start, upstream):
    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    await connection.request("POST", "/a/x", "Content-Length: 0")
    await connection.request("GET", "/a/x")

    assert [call.header("content-length") for call in upstream.calls] == ["0", None]


async def test_websockets_pass(start, upstream):
    @upstream.on("/a/ws")
    async def _(call):
        key = call.header("sec-websocket-key").encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key).digest())
        await call.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        while True:
            first, length = await call.reader.readexactly(2)
            mask = await call.reader.readexactly(4)
            data = bytes(
                byte ^ mask[index % 4] for index, byte in enumerate(await call.reader.readexactly(length & 0x7F))
            )
            await call.send(bytes([first, len(data)]) + data)
            if first & 0xF == 8:
                call.writer.close()
                return

    gateway = await start({"listen": "/a/", "target": upstream.url})
    connection = await gateway.connect()
    key = base64.b64encode(os.urandom(16)).decode()
    await connection.send(
        f"GET /a/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = await connection.head()
    assert (head.status, head.headers["upgrade"]) == (101, "websocket")
    for text in (b"one", b"two"):
        await connection.send(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)
        assert await connection.reader.readexactly(2 + len(text)) == bytes([0x81, len(text)]) + text
    await connection.send(bytes([0x88, 0x80]) + b"\0\0\0\0")
    await connection.closed()
    assert (await gateway.get("/a/x")).status == 200


@paced(0.5, 5.0)
async def test_http2_clients_are_served_over_tls(start, upstream, tmp_path, pace):
    @upstream.on("/a/slow")
    async def _(call):
        await call.reader.read()

    authority = Authority(tmp_path)
    certificate, key = authority.issue("a.test")
    server = {"use_ssl": True, "certificates": [{"cert_file": certificate, "key_file": key}]}
    gateway = await start(
        {"listen": "/a/", "target": upstream.url, "timeout": pace}, settings={"http_server_options": server}
    )
    context = authority.client("h2")
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context, server_hostname="a.test")
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    paths = {
        "GET /a/x": (200, b"GET /a/x "),
        "POST /a/y": (200, b"POST /a/y hello"),
        "GET /nowhere": (404, b"Not Found"),
        "POST /nowhere": (404, b"Not Found"),
        "GET /a/slow": (504, b'{\n    "error": "Upstream service reached hard timeout."\n}'),
    }
    streams = {}
    for name in paths:
        method, path = name.split(" ")
        stream = client.get_next_available_stream_id()
        streams[stream] = name
        head = [(":method", method), (":path", path), (":authority", "a.test"), (":scheme", "https")]
        client.send_headers(stream, head, end_stream=method == "GET")
        if method == "POST":
            client.send_data(stream, b"hello", end_stream=True)
    writer.write(client.data_to_send())
    status, bodies, ended = {}, {}, set()
    while len(ended) < len(streams):
        data = await asyncio.wait_for(reader.read(65536), 20)
        assert data
        for event in client.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status[event.stream_id] = int(dict(event.headers)[":status"])
                assert "mitmproxy" not in dict(event.headers).get("server", "")
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                raise AssertionError(f"{streams[event.stream_id]} was reset")
        writer.write(client.data_to_send())
    writer.close()
    writer.transport.abort()

    assert {name: (status[stream], bodies[stream]) for stream, name in streams.items()} == paths
    assert {call.header("host") for call in upstream.calls} == {f"127.0.0.1:{upstream.port}"}
