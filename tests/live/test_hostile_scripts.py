"""Scripts that want everything, through a real gateway: their requests fail, all others are served."""

import asyncio
import base64
import json
import signal
import sys
from pathlib import Path

import pytest
from tests.apis import oas
from tests.live.test_tools import ask, launch  # noqa: F401 - a fixture
from tests.ports import free_port

pytestmark = pytest.mark.timeout(120)

FAILED = "Error during virtual endpoint execution. Contact Administrator for more details."
GOOD = "function good() { return TykJsResponse({Code: 200, Body: [typeof leaked, [].x, JSON.stringify({b: 1})].join()}, {}) }"
BODY = b'undefined,,{"b":1}'
HOSTILE = {
    "loop": "for (;;);",
    "promise": "(async function() { await 0; for (;;); })(); return TykJsResponse({Code: 200}, {})",
    "regex": "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
    "sort": "var a = []; for (var i = 0; i < 1e8; i++) a.push(Math.random()); return a.sort()",
    "array": "var a = []; for (;;) a.push({a: a.length})",
    "repeat": "return 'x'.repeat(2**30)",
    "recursion": "return bad()",
    "getter": "return TykJsResponse({get Body() { for (;;); }, Code: 200}, {})",
    "globals": "leaked = 1; JSON = null; return 1",
    "pollution": "Object.prototype.x = Array.prototype.x = 1; Array.prototype.push = null; throw 1",
    "escape": "[].constructor.constructor('leaked = 1; JSON.stringify = null')(); return 1",
}
OUTSIDE = (
    "['process', 'require', 'module', 'lockgate', 'engine', 'boot', 'Deno', 'WebAssembly', 'SharedArrayBuffer',"
    " 'Worker', 'setTimeout', 'Promise', 'python', '__timer_manager'].filter(function(name) {"
    " try { return MAKE('return typeof ' + name)() !== 'undefined' } catch (error) { return true } })"
)
ESCAPES = {
    name: f"return TykJsResponse({{Code: 200, Body: JSON.stringify({body})}}, {{}})"
    for name, body in {
        "text": OUTSIDE.replace("MAKE", "[].constructor.constructor"),
        "host": OUTSIDE.replace("MAKE", "TykMakeHttpRequest.constructor"),
        "middleware": OUTSIDE.replace("MAKE", "TykJS.TykMiddleware.NewMiddleware.constructor"),
        "names": "Object.getOwnPropertyNames(globalThis).filter(function(name) {"
        " return /engine|lockgate|memo|call_/i.test(name) })",
        "caller": "(function() { try { return [arguments.callee.caller.caller.caller].filter(Boolean) }"
        " catch (error) { return [] } })()",
        "frames": "(function() { Error.prepareStackTrace = function(error, frames) { return frames };"
        " var frames = new Error().stack; if (typeof frames === 'string') { return [] }"
        " return frames.map(function(frame) { return frame.getThis() || frame.getFunction() }).filter(function(one) {"
        " return one && one !== globalThis && !/^function (frames|f|\\()/.test(String(one)) }) })()",
        "request": "[arguments[0], arguments[1], arguments[2]].filter(function(one) {"
        " return one.constructor !== Object || one.constructor.constructor !== Function })",
    }.items()
}
"""Each finds a way out, or answers with an empty list."""
ABORTING = {
    "huge": "return 'x'.repeat(5e8).split('').length",
    "fill": "return new Array(6e8).fill({}).length",
}


def endpoint(code, name):
    body = base64.b64encode(code.encode()).decode()
    return {"virtualEndpoint": {"enabled": True, "functionName": name, "body": body}}


def api(bodies, name="a"):
    """One endpoint for each body, all of one API; and ``/good``."""
    operations = {
        f"GET /{key}": endpoint(f"function {key}() {{ {body} }}".replace("bad()", f"{key}()"), key)
        for key, body in bodies.items()
    }
    return oas({**operations, "GET /good": endpoint(GOOD, "good")}, listen=f"/{name}/", name=name)


async def get(gateway, path):
    connection = await gateway.connect()
    return await connection.request("GET", path)


async def check(gateway, keys, statuses=(500,)):
    for key in keys:
        answer = await get(gateway, f"/a/{key}")
        assert answer.status in statuses, key
        assert json.loads(answer.body) == {"error": FAILED}, key
        answer = await get(gateway, "/a/good")
        assert (answer.status, answer.body) == (200, BODY), key


@pytest.mark.parametrize(
    "keys",
    [
        ("loop", "promise"),
        ("regex", "getter"),
        ("sort", "array", "repeat", "recursion", "globals", "pollution", "escape"),
    ],
)
async def test_requests_of_hostile_scripts_fail_and_the_next_ones_are_served(start, keys):
    gateway = await start(documents=[api(HOSTILE)], settings={"jsvm_timeout": 1})
    await check(gateway, keys)


def resident(gateway):
    """MiB that the gateway holds."""
    return int(Path(f"/proc/{gateway.pid}/statm").read_text().split()[1]) * 4096 / (1 << 20)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_hostile_scripts_leave_no_memory_behind(start):
    gateway = await start(documents=[api(HOSTILE)], settings={"jsvm_timeout": 10})
    # What engines need that stand ready is no loss.
    await check(gateway, ("repeat", "array"))
    for _ in range(3):  # On a busy machine, engines may have begun in one round that stand ready from then on.
        before = resident(gateway)
        await check(gateway, ("array", "repeat", "recursion", "array", "sort"))
        for _ in range(100):
            if resident(gateway) <= before + 48:
                return
            await asyncio.sleep(0.1)
    raise AssertionError(f"each time memory was left behind, the last time {resident(gateway) - before:.0f} MiB")


async def test_scripts_get_out_of_nothing(start):
    gateway = await start(documents=[api(ESCAPES)])
    for key in ESCAPES:
        answer = await get(gateway, f"/a/{key}")
        assert (answer.status, json.loads(answer.body)) == (200, []), key
        answer = await get(gateway, "/a/good")
        assert (answer.status, answer.body) == (200, BODY), key


async def test_what_ends_v8_does_not_end_the_gateway(start):
    settings = {"jsvm_timeout": 1, "x-lockgate": {"scripts": {"engine": "processes"}}}
    gateway = await start(documents=[api(HOSTILE | ABORTING)], settings=settings)
    await check(gateway, ("loop", "pollution", *ABORTING))


async def test_a_quiet_client_is_served_meanwhile(start):
    gateway = await start(documents=[api(HOSTILE), api({}, "b")], settings={"jsvm_timeout": 1})
    await get(gateway, "/b/good")
    attacks = [asyncio.create_task(get(gateway, f"/a/{key}")) for key in ("loop", "promise", "regex", "getter")]
    served = 0
    connection = await gateway.connect()
    while not any(attack.done() for attack in attacks):
        answer = await connection.request("GET", "/b/good")
        assert (answer.status, answer.body) == (200, BODY)
        served += 1
        await asyncio.sleep(0.01)
    assert [answer.status for answer in await asyncio.gather(*attacks)] == [500] * 4
    assert served > 5  # who waited for a script to be stopped would be served once


async def test_a_gateway_ends_cleanly_while_a_script_runs(launch, tmp_path):  # noqa: F811
    (tmp_path / "a.json").write_text(json.dumps(api(HOSTILE)))
    (tmp_path / "gateway.json").write_text('{"jsvm_timeout": 60}')
    port = free_port()
    process = await launch(
        *(sys.executable, "-m", "lockgate.cli", "serve", "--headless", "--definitions", str(tmp_path / "a.json")),
        *("--gateway", str(tmp_path / "gateway.json")),
        *("--listen", f"127.0.0.1:{port}", "--set", f"confdir={tmp_path}"),
    )
    assert (await ask(port, "/a/good")).endswith(BODY)
    attack = asyncio.create_task(ask(port, "/a/loop"))
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(process.wait(), 20) == 0
    await attack
