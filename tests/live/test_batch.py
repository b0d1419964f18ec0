"""Batches through a real gateway: each part comes in by its own address and passes its whole chain."""

import asyncio
import json

import pytest
from tests.apis import oas
from tests.keys import keyed

pytestmark = pytest.mark.timeout(60)

URL = "/api/tyk/batch/"


def batching(upstream, operations=None, **parts):
    made = oas(operations, upstream=upstream.url, **parts)
    made["x-tyk-api-gateway"]["server"]["batchProcessing"] = {"enabled": True}
    return made


async def posted(gateway, *parts, headers=(), url=URL, **members):
    connection = await gateway.connect()
    try:
        body = json.dumps({"requests": parts, **members}).encode()
        return await connection.request("POST", url, *headers, body=body)
    finally:
        connection.close()


async def units(gateway, *parts, **options):
    answer = await posted(gateway, *parts, **options)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json"), answer.body
    return json.loads(answer.body)


async def test_parts_pass_their_chains(start, upstream):
    operations = {
        "GET /a": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Seen", "value": "yes"}]}},
        "GET /blocked": {"block": {"enabled": True}},
        "GET /mock": {"mockResponse": {"enabled": True, "code": 203, "body": "mocked", "headers": []}},
    }
    gateway = await start(documents=[batching(upstream, operations)])
    parts = (
        {"relative_url": "a?x=1", "headers": {"x-key": "k"}},
        {"relative_url": "blocked"},
        {"relative_url": "mock"},
        {"method": "POST", "relative_url": "b", "body": "text"},
    )
    found = await units(gateway, *parts, suppress_parallel_execution=True)

    assert [part["code"] for part in found] == [200, 403, 203, 200]
    assert [part["body"] for part in found][2:] == ["mocked", "POST /b text"]
    first, second = upstream.calls
    assert (first.target, first.header("X-Key"), first.header("X-Seen")) == ("/a?x=1", "k", "yes")
    assert first.header("X-Forwarded-For") == "127.0.0.1"
    assert first.header("X-Lockgate-Within") is None
    assert (second.method, second.body) == ("POST", b"text")


async def test_parts_are_under_way_at_the_same_time_and_come_as_they_end(start, upstream):
    both = asyncio.Event()

    @upstream.on("/slow")
    async def slow(call):
        await asyncio.wait_for(both.wait(), 10)
        await call.answer(b"slow")

    @upstream.on("/fast")
    async def fast(call):
        both.set()
        await call.answer(b"fast")

    gateway = await start(documents=[batching(upstream)])
    found = await units(gateway, {"relative_url": "slow"}, {"relative_url": "fast"})
    assert sorted(part["body"] for part in found) == ["fast", "slow"]


async def test_credentials_are_those_of_each_part(start, upstream):
    made = keyed(strip=True, upstream=upstream.url)
    made["x-tyk-api-gateway"]["server"]["batchProcessing"] = {"enabled": True}
    listen = made["x-tyk-api-gateway"]["server"]["listenPath"]["value"]
    gateway = await start(documents=[made])
    found = await units(gateway, {"relative_url": "a"}, headers=("Authorization: any",), url=f"{listen}tyk/batch/")
    assert [part["code"] for part in found] == [401]
    assert upstream.calls == []


async def test_who_may_not_come_alone_may_not_come_in_a_batch(start, upstream):
    made = batching(upstream)
    made["x-tyk-api-gateway"]["server"]["ipAccessControl"] = {"enabled": True, "allow": ["192.0.2.1"]}
    gateway = await start(documents=[made])
    forged = {"X-Forwarded-For": "192.0.2.1"}
    found = await units(gateway, {"relative_url": "a"}, {"relative_url": "a", "headers": forged})
    assert [part["code"] for part in found] == [403, 403]
    (allowed,) = await units(gateway, {"relative_url": "a"}, headers=("X-Forwarded-For: 192.0.2.1",))
    assert allowed["code"] == 200


@pytest.mark.parametrize("url", ["tyk/batch/", "/tyk/batch/", "tyk%2Fbatch/", "x/../tyk/batch/"])
async def test_a_batch_of_batches_is_none(start, upstream, url):
    gateway = await start(documents=[batching(upstream)])
    inner = json.dumps({"requests": [{"relative_url": "a"}] * 3})
    (found,) = await units(gateway, {"method": "POST", "relative_url": url, "body": inner})
    assert upstream.calls == []
    assert found["code"] == 400
    assert "within a batch" in found["body"]


async def test_nobody_can_say_that_he_is_a_part(start, upstream):
    @upstream.on("/wait")
    async def wait(call):
        answer = await posted(gateway, headers=("X-Lockgate-Within: 0123456789abcdef",))
        await call.answer(str(answer.status).encode())

    gateway = await start(documents=[batching(upstream)])
    (found,) = await units(gateway, {"relative_url": "wait"})
    assert found["body"] == "200"


async def test_a_redirect_to_what_is_not_the_apis_is_not_followed(start, upstream):
    calls = []

    async def secret(reader, writer):
        calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    hidden = await asyncio.start_server(secret, "127.0.0.1", 0)
    port = hidden.sockets[0].getsockname()[1]

    @upstream.on("/away")
    async def away(call):
        await call.answer(b"", "302 Found", f"Location: http://127.0.0.1:{port}/")

    @upstream.on("/home")
    async def home(call):
        await call.answer(b"", "302 Found", f"Location: {upstream.url}/target")

    gateway = await start(documents=[batching(upstream)])
    gone, arrived = await units(
        gateway, {"relative_url": "away"}, {"relative_url": "home"}, suppress_parallel_execution=True
    )
    hidden.close()
    assert gone == {"relative_url": "", "code": 0, "headers": None, "body": ""}
    assert arrived["body"] == "GET /target "
    assert calls == []


async def test_what_is_no_batch_is_refused(start, upstream):
    gateway = await start(documents=[batching(upstream)])
    connection = await gateway.connect()
    answer = await connection.request("POST", URL, body=b"{bad")
    assert (answer.status, answer.body) == (400, b'{"status":"error","message":"Batch request malformed"}\n')
    answer = await connection.request("GET", URL)
    assert (answer.status, answer.body) == (200, b"")
    connection.close()
    assert upstream.calls == []
