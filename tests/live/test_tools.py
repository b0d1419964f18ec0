"""The gateway under mitmproxy's own commands, and in mitmweb."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import pytest
from tests.ports import free_port

pytestmark = pytest.mark.timeout(60)

ROOT = Path(__file__).resolve().parents[2]


def definition(url):
    return {
        "openapi": "3.0.3",
        "info": {"title": "pets", "version": "1"},
        "paths": {},
        "x-tyk-api-gateway": {
            "info": {"id": "pets", "name": "pets", "state": {"active": True}},
            "upstream": {"url": url},
            "server": {"listenPath": {"value": "/pets/", "strip": True}},
        },
    }


async def until_listening(port):
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)


async def ask(port, path, method="GET", headers="", body=b""):
    reader, writer = await asyncio.wait_for(until_listening(port), 20)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n".encode()
        + body
    )
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


@pytest.fixture
async def launch():
    processes = []

    async def begin(*arguments):
        process = await asyncio.create_subprocess_exec(
            *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_under_mitmdump_as_a_script(launch, upstream, tmp_path):
    (tmp_path / "pets.json").write_text(json.dumps(definition(upstream.url)))
    port = free_port()
    await launch(
        str(Path(sys.executable).with_name("mitmdump")),
        *("-q", "-s", str(ROOT / "addons" / "serve.py"), "--set", f"lockgate_definitions={tmp_path}"),
        *("--set", f"confdir={tmp_path}", "--listen-host", "127.0.0.1", "-p", str(port)),
    )

    answer = await ask(port, "/pets/7")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"GET /7 ")
    assert (await ask(port, "/other")).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("optimise", ["", "1"])
async def test_serve_ends_cleanly_on_sigterm(launch, upstream, tmp_path, monkeypatch, optimise):
    (tmp_path / "pets.json").write_text(json.dumps(definition(upstream.url)))
    port = free_port()
    if not optimise:
        monkeypatch.setenv("LOCKGATE_NO_OPTIMISE", "1")
    process = await launch(
        *(sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--definitions", str(tmp_path)),
        *("--listen", f"127.0.0.1:{port}", "--set", f"confdir={tmp_path}"),
    )
    assert (await ask(port, "/pets/7")).endswith(b"GET /7 ")
    process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(process.wait(), 20) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_mitmweb_shows_the_chain_and_runs_it_again(start, upstream):
    web = free_port()
    gateway = await start({"listen": "/pets/", "target": upstream.url, "strip": True}, web=web)
    cookie = "a" * 32
    headers = f"Authorization: Bearer tok\r\nCookie: _mitmproxy_xsrf={cookie}\r\nX-XSRFToken: {cookie}\r\n"

    async def call(path, method="GET"):
        answer = await ask(web, path, method, headers)
        return answer.partition(b"\r\n\r\n")[2]

    async def only_flow(count):
        while True:
            (flow,) = json.loads(await call("/flows"))
            answered = flow.get("response") and flow["response"].get("timestamp_end") and flow["comment"]
            if answered and len(upstream.calls) == count:
                return flow
            await asyncio.sleep(0.02)

    connection = await gateway.connect()
    assert (await connection.request("POST", "/pets/7", body=b"hello")).status == 200
    flow = await only_flow(1)
    assert flow["request"]["path"] == "/7"
    assert "pets" in flow["comment"]
    for side in ("request", "response"):
        text = (await call(f"/flows/{flow['id']}/{side}/content/lockgate")).decode()
        assert f"{side} chain" in text

    await call(f"/flows/{flow['id']}/replay", "POST")
    flow = await only_flow(2)
    assert upstream.calls[1].target == "/7"  # as it was sent

    await call(f"/flows/{flow['id']}/revert", "POST")
    (reverted,) = json.loads(await call("/flows"))
    assert reverted["request"]["path"] == "/pets/7"
    await call(f"/flows/{flow['id']}/replay", "POST")
    await only_flow(3)
    assert [(c.method, c.target, c.body) for c in upstream.calls] == [("POST", "/7", b"hello")] * 3
