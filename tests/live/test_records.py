"""Records of what a real proxy carried, as they are in the file."""

import asyncio
import json
from base64 import b64decode

import pytest
from tests.apis import oas

SECONDS = 20.0


def api(upstream, operations=None, *, detailed=False):
    document = oas(operations, upstream=upstream.url, trafficLogs={"enabled": True, "tagHeaders": ["X-Team"]})
    document["x-tyk-api-gateway"]["server"]["detailedActivityLogs"] = {"enabled": detailed}
    return document


@pytest.fixture
def recording(start, tmp_path, upstream):
    """Starts a gateway that records, and gives it with its file."""

    async def begin(operations=None, *, detailed=False, **settings):
        file = tmp_path / "records.jsonl"
        records = {"file": str(file), **settings}
        gateway = await start(
            documents=[api(upstream, operations, detailed=detailed)],
            settings={"enable_analytics": True, "x-lockgate": {"records": records}},
        )
        return gateway, file

    return begin


async def lines(file, count):
    """The records in a file, once there are so many."""
    async with asyncio.timeout(SECONDS):
        while not file.exists() or file.read_text().count("\n") < count:
            await asyncio.sleep(0.02)
    return [json.loads(line) for line in file.read_text().splitlines()]


OPERATIONS = {
    "GET /users/{id}": {"trackEndpoint": {"enabled": True}},
    "GET /blocked": {"block": {"enabled": True}},
    "GET /mocked": {"mockResponse": {"enabled": True, "code": 203, "body": "x"}},
    "GET /never": {"doNotTrackEndpoint": {"enabled": True}},
}


async def test_what_came_of_each_request_is_in_the_file(recording):
    gateway, file = await recording(OPERATIONS)
    client = await gateway.connect()
    for path in ("/api/users/7", "/api/blocked", "/api/never", "/api/mocked", "/nowhere"):
        await client.request("GET", path, "X-Team: red")

    found = await lines(file, 3)
    assert [(one["response_code"], one["path"], one["track_path"]) for one in found] == [
        (200, "/users/{id}", True),
        (403, "/blocked", False),
        (203, "/mocked", False),
    ]
    assert {one["ip_address"] for one in found} == {"127.0.0.1"}
    assert found[0]["tags"] == ["x-team-red", "key-", "org-", "api-pets"]
    assert found[0]["latency"]["total"] >= found[0]["latency"]["upstream"] >= 0


async def test_an_upstream_that_fails_is_recorded(recording, upstream):
    gateway, file = await recording()

    @upstream.on("/x")
    async def hang_up(call):
        call.writer.transport.abort()

    answer = await gateway.get("/api/x")
    (record,) = await lines(file, 1)

    assert record["response_code"] == answer.status == 500
    assert record["host"] == f"127.0.0.1:{upstream.port}"


async def test_bodies_that_stream_past_are_in_detailed_records(recording, upstream):
    gateway, file = await recording(detailed=True, max_body_bytes=10)

    @upstream.on("/x")
    async def in_chunks(call):
        await call.read_body()
        await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n")
        for _ in range(5):
            await call.send(b"4\r\nfour\r\n")
        await call.send(b"0\r\n\r\n")

    client = await gateway.connect()
    answer = await client.request("POST", "/api/x", "X-Api-Key: hidden", body=b"0123456789abcdef")
    (record,) = await lines(file, 1)

    assert answer.body == b"four" * 5
    assert upstream.calls[0].body == b"0123456789abcdef"
    head, _, body = b64decode(record["raw_request"]).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/x HTTP/1.1\r\nHost: a.test\r\n")
    assert b"hidden" not in head
    assert body == b"0123456789"
    head, _, body = b64decode(record["raw_response"]).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nDate: " in head
    assert body == b"fourfourfo"


async def test_bodies_that_were_read_are_in_detailed_records(start, tmp_path, upstream):
    file = tmp_path / "records.jsonl"
    gateway = await start(
        documents=[api(upstream, detailed=True)],
        settings={"enable_analytics": True, "x-lockgate": {"records": {"file": str(file)}}},
        read_bodies=True,
    )
    client = await gateway.connect()
    await client.request("POST", "/api/x", body=b"sent")
    (record,) = await lines(file, 1)

    assert b64decode(record["raw_request"]).endswith(b"\r\n\r\nsent")
    assert b64decode(record["raw_response"]).endswith(b"\r\n\r\nPOST /x sent")


async def test_a_file_that_cannot_be_written_harms_no_request(start, tmp_path, upstream):
    gateway = await start(
        documents=[api(upstream)],
        settings={"enable_analytics": True, "x-lockgate": {"records": {"file": str(tmp_path), "queue": 1}}},
    )
    client = await gateway.connect()

    assert {(await client.request("GET", "/api/x")).status for _ in range(20)} == {200}


async def test_what_waits_is_written_when_the_gateway_ends(recording):
    gateway, file = await recording()
    client = await gateway.connect()
    for _ in range(30):
        await client.request("GET", "/api/x")
    gateway.control.close()

    assert len(await lines(file, 30)) == 30


async def test_a_client_that_went_away_is_recorded(recording, upstream):
    gateway, file = await recording()
    asked = asyncio.Event()

    @upstream.on("/x")
    async def wait(call):
        asked.set()
        await call.reader.read()

    client = await gateway.connect()
    await client.send(b"GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
    await asked.wait()
    client.close()
    (record,) = await lines(file, 1)

    assert (record["response_code"], record["path"]) == (499, "/x")
