"""Requests that would get past the gateway inside others, and connections that are out of step."""

import asyncio
import json

import h2.config
import h2.connection
import h2.events
import pytest
from tests.apis import oas
from tests.live.authority import Authority

pytestmark = pytest.mark.timeout(60)

SMUGGLED = b"abcGET /a/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def enforcing(upstream):
    """An API that lets no response pass but what its document promises."""
    document = oas({"GET /ws": {}}, upstream=upstream.url)
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"enabled": True, "mode": "enforce"}}
    return document


@pytest.mark.parametrize(
    "head",
    [
        pytest.param([("content-length", str(len(SMUGGLED))), ("content-length", "3")], id="two lengths"),
        pytest.param([("content-length", f"+{len(SMUGGLED)}")], id="sign"),
        pytest.param([("content-length", f"0_{len(SMUGGLED)}")], id="underscore"),
        pytest.param([("x-odd", "a\x1bb")], id="control character"),
    ],
)
async def test_a_head_of_http2_is_as_strict_as_one_of_http1(start, upstream, tmp_path, head):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("a.test")
    server = {"use_ssl": True, "certificates": [{"cert_file": certificate, "key_file": key}]}
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings={"http_server_options": server})
    connection = await gateway.connect(authority.client("h2"), "a.test")
    client = h2.connection.H2Connection(
        h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
    )
    client.initiate_connection()
    request = [(":method", "POST"), (":path", "/a/x"), (":authority", "a.test"), (":scheme", "https")]
    for stream, more in ((1, head), (3, [("content-length", str(len(SMUGGLED)))])):
        client.send_headers(stream, request + more)
        client.send_data(stream, SMUGGLED, end_stream=True)
    await connection.send(client.data_to_send())
    status, ended = {}, set()
    while len(ended) < 2:
        data = await asyncio.wait_for(connection.reader.read(65536), 20)
        assert data
        for event in client.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status[event.stream_id] = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
        await connection.send(client.data_to_send())

    assert status == {1: 400, 3: 200}
    assert [(call.target, call.body) for call in upstream.calls] == [("/a/x", SMUGGLED)]


async def test_an_upstream_that_switched_unwanted_gets_no_other_request(start, upstream):
    @upstream.on("/ws")
    async def _(call):
        await call.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        await call.reader.read()

    gateway = await start(documents=[enforcing(upstream), oas(name="free", listen="/free/", upstream=upstream.url)])
    connection = await gateway.connect()
    refused = await connection.request(
        *("GET", "/api/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    assert refused.status == 502
    assert "error" in json.loads(refused.body)

    assert (await connection.request("GET", "/free/x")).body == b"GET /x "
    assert upstream.connections == 2


async def test_a_refusal_of_an_empty_response_says_so(start, upstream):
    @upstream.on("/ws")
    async def _(call):
        await call.answer(b"", "202 Accepted")

    gateway = await start(documents=[enforcing(upstream)])
    refused = await gateway.get("/api/ws")

    assert refused.status == 502
    assert "error" in json.loads(refused.body)
