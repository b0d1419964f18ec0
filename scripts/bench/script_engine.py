"""The engine alone: microseconds of a call, how long hostile scripts hold the event loop, and what is left behind.

``scripts/bench/scripts.py`` prints it. The host of these scripts answers at once, so that what is measured is V8, the runs
and their replays.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Final

from lockgate.hosts.child import SCRIPTS
from lockgate.hosts.children import Children
from lockgate.hosts.scripts import be_nice
from lockgate.scripting.embedded import Embedded
from lockgate.scripting.pooled import Pooled
from lockgate.scripting.program import Program
from lockgate.services import ScriptCall, Scripts

TARGET_CALL_MICROSECONDS: Final = 300.0
TARGET_GROWTH: Final = 1.05
HOST_CALLS: Final = (0, 1, 2, 5)
ARGUMENTS: Final = (
    '{"Headers": {"Accept": ["*/*"]}, "Body": "", "URL": "/v/1?a=b", "Params": {"a": ["b"]}, "Scheme": "http"}',
    '{"alias": "", "meta_data": null, "tags": null}',
    '{"APIID": "bench", "OrgID": "", "config_data": {"a": 1}}',
)
SMALL: Final = """
function v(request, session, config) {
    var answers = [];
    for (var index = 0; index < config.calls; index++) {
        answers.push(JSON.parse(TykMakeHttpRequest(JSON.stringify({Method: 'GET', Domain: 'http://a', Resource: '/' + index}))).Code);
    }
    return TykJsResponse({Body: request.URL + answers.join(), Headers: {'X-A': 'b'}, Code: 200}, session.meta_data);
}
"""
HOSTILE: Final = {
    "endless loop": "for (;;);",
    "endless promise": "(async function() { await 0; for (;;); })()",
    "slow regular expression": "/^(a+)+$/.test('a'.repeat(60) + 'b')",
    "sort of 1e8 elements": "var a = []; for (var i = 0; i < 1e8; i++) a.push(Math.random()); a.sort()",
    "sort in V8 itself": "Array.prototype.sort.call({length: 3e7})",
    "growing array": "var a = []; for (;;) a.push({})",
    "'x'.repeat(2 ** 30)": "'x'.repeat(Math.pow(2, 30))",
    "deep recursion": "v()",
    "getter": "return TykJsResponse({get Body() { for (;;); }}, {})",
    "prototypes": "Object.prototype.toJSON = Array.prototype.push = null; JSON = null; leaked = 1",
}


class Instant:
    """Answers at once."""

    async def call(self, _name: str, _arguments: str) -> str | None:
        return '{"Code": 200, "Body": "{}", "Headers": {}}'


HOST: Final = Instant()


def program(text: str, owner: str = "bench") -> Program:
    return Program(owner, (("bench.js", text),))


def call(calls: int = 0, seconds: float = 5.0) -> ScriptCall:
    config = f'{{"APIID": "bench", "calls": {calls}}}'
    return ScriptCall("virtual", "v", (*ARGUMENTS[:2], config), seconds=seconds, now=1_700_000_000.0, seed=1)


async def latencies(engine: Scripts, samples: int) -> list[list[str]]:
    """Rows: microseconds of a call with some calls of the host."""
    rows = []
    for calls in HOST_CALLS:
        asked, values = call(calls), []
        for turn in range(samples + 100):
            start = perf_counter()
            result = await engine.run(program(SMALL), asked, HOST)
            if turn >= 100:  # noqa: PLR2004 - the first ones warm up
                values.append((perf_counter() - start) * 1e6)
        if result.error is not None:
            raise RuntimeError(result.error.message)
        figures = (min(values), median(values), quantiles(values, n=100)[98], max(values))
        rows.append([str(calls), str(samples), *(f"{value:.0f}" for value in figures)])
    return rows


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """Milliseconds of the longest time that the loop stood still, as the only item."""
    worst = [0.0]

    async def watch() -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = perf_counter()
            worst[0] = max(worst[0], (now - last - 0.001) * 1e3)
            last = now

    task = asyncio.create_task(watch())
    try:
        yield worst
    finally:
        task.cancel()


async def gaps(engine: Scripts, seconds: float = 0.5) -> list[list[str]]:
    """Rows: what came of hostile scripts, and how long the event loop stood still."""
    rows = []
    for name, body in HOSTILE.items():
        source = f"function v(request, session, config) {{ if (config.calls) {{ {body} }} return 'good' }}"
        await engine.run(program(source), call(), HOST)
        async with watched() as worst:
            start = perf_counter()
            bad = await engine.run(program(source), call(1, seconds), HOST)
            middle = perf_counter()
            good = await engine.run(program(source), call(), HOST)
            end = perf_counter()
            await asyncio.sleep(0.05)
        said = "served" if bad.error is None else bad.error.kind
        after = "served" if good.text == "good" else "FAILED"
        rows.append([name, said, f"{middle - start:.2f}", after, f"{(end - middle) * 1e3:.1f}", f"{worst[0]:.1f}"])
    return rows


def resident() -> float:
    """MiB that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * 4096 / (1 << 20)


async def leaks(engine: Embedded, calls: int, programs: int) -> list[list[str]]:
    """Rows: the most memory in so many calls, and in so many programs of one API, after twice as many to warm up.

    V8's heap grows by some megabytes until it is tidied up, so that one look would tell little.
    """
    rows = []
    for name, count, changes in (("calls", calls, 0), ("reloads", programs, 1)):
        before = after = 0.0
        for turn in range(3 * count):
            if turn % max(count // 40, 1) == 0 and turn < 2 * count:
                before = max(before, resident())
            elif turn % max(count // 40, 1) == 0:
                after = max(after, resident())
            text = f"{SMALL}\nvar version = {turn * changes};"
            result = await engine.run(program(text), call(turn % 2), HOST)
            if result.error is not None:
                raise RuntimeError(result.error.message)
        rows.append([name, str(count), f"{before:.1f}", f"{after:.1f}", f"{after / before:.3f}", str(engine.isolates)])
    return rows


async def waiting(engine: Scripts, scripts: int = 200, seconds: float = 0.1) -> float:
    """Seconds until so many scripts are done that each wait for so long."""

    class Slow:
        async def call(self, _name: str, _arguments: str) -> str | None:
            await asyncio.sleep(seconds)
            return '{"Code": 200}'

    await engine.run(program(SMALL), call(), HOST)
    start = perf_counter()
    done = await asyncio.gather(*(engine.run(program(SMALL), call(1), Slow()) for _ in range(scripts)))
    if any(result.error is not None for result in done):
        raise RuntimeError("a script failed")
    return perf_counter() - start


async def embedded_figures(
    samples: int, calls: int, programs: int
) -> tuple[list[list[str]], list[list[str]], float, list[list[str]]]:
    """Of the engine in this process: latencies, gaps, seconds of 200 that wait, leaks."""
    engine = Embedded(prepare=be_nice)
    try:
        return (
            await latencies(engine, samples),
            await gaps(engine),
            await waiting(engine),
            await leaks(engine, calls, programs),
        )
    finally:
        engine.close()
        await asyncio.sleep(0.2)


async def pooled_figures(samples: int) -> tuple[list[list[str]], list[list[str]], float]:
    """Of the engine in processes: latencies, gaps, seconds of 200 that wait."""
    children = Children(kind=SCRIPTS)
    try:
        engine = Pooled(children)
        return await latencies(engine, samples), await gaps(engine), await waiting(engine)
    finally:
        children.close()
