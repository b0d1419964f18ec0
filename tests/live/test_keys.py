"""Keys over the control API of a real gateway: in force at once, counted, and kept through a reload."""

import asyncio
import contextlib
import json
import sys

import pytest
from tests.keys import keyed
from tests.ports import free_port

SECONDS = 20.0
SECRET = "x-tyk-authorization: s3cret\r\n"

pytestmark = pytest.mark.timeout(90)


async def ask(port, method, path, headers="", body=b""):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()
        + body
    )
    answer = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return int(head.split(b" ")[1]), fields, content


@pytest.fixture
async def ports(tmp_path, upstream):
    (tmp_path / "definitions").mkdir()
    definition = keyed(strip=True, upstream=upstream.url)
    (tmp_path / "definitions" / "pets.json").write_text(json.dumps(definition))
    (tmp_path / "gateway.json").write_text(json.dumps({"secret": "s3cret", "log_level": "debug"}))
    proxy, control = free_port(), free_port()
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--set", f"confdir={tmp_path}"),
            *("--definitions", str(tmp_path / "definitions"), "--gateway", str(tmp_path / "gateway.json")),
            *("--listen", f"127.0.0.1:{proxy}", "--control", f"127.0.0.1:{control}"),
            stderr=log,
        )
    async with asyncio.timeout(SECONDS):
        for port in (proxy, control):
            while True:
                with contextlib.suppress(OSError):
                    await ask(port, "GET", "/hello")
                    break
                await asyncio.sleep(0.05)
    yield proxy, control
    process.terminate()
    await asyncio.wait_for(process.wait(), SECONDS)


async def test_a_key_opens_an_api_counts_and_outlives_a_reload(ports, upstream, tmp_path):
    proxy, control = ports
    session = json.dumps({"quota_max": 2, "access_rights": {"pets": {}}}).encode()
    key = "X-Key: Bearer ann-secret-key\r\n"

    assert (await ask(proxy, "GET", "/api/x"))[0] == 401
    assert (await ask(proxy, "GET", "/api/x", key))[0] == 403
    assert upstream.calls == []

    status, _, said = await ask(control, "POST", "/tyk/keys/ann-secret-key", SECRET, session)
    assert (status, json.loads(said)["action"]) == (200, "added")
    status, headers, body = await ask(proxy, "POST", "/api/x", key, b"hello")
    assert (status, headers["x-ratelimit-remaining"], body) == (200, "1", b"POST /x hello")
    assert upstream.calls[0].header("x-key") is None

    assert (await ask(control, "GET", "/tyk/reload?block=true", SECRET))[0] == 200
    status, headers, _ = await ask(proxy, "GET", "/api/x", key)
    assert (status, headers["x-ratelimit-remaining"]) == (200, "0")
    assert (await ask(proxy, "GET", "/api/x", key))[0] == 403
    assert len(upstream.calls) == 2

    assert (await ask(control, "DELETE", "/tyk/keys/ann-secret-key", SECRET))[0] == 200
    status, _, body = await ask(proxy, "GET", "/api/x", key)
    assert (status, json.loads(body)["error"]) == (403, "Access to this API has been disallowed")
    assert "ann-secret-key" not in (tmp_path / "log").read_text()
