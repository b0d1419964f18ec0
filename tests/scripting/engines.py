"""What engines are tried with."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from pathlib import Path

from lockgate.scripting.program import Program
from lockgate.services import ScriptCall

NOW = 1_700_000_000.25
SEED = 7
EMPTY = ("{}", "{}", "{}")


class Hosts:
    """Answers every call with its number."""

    def __init__(self, delay=0.0, answers=None):
        self.delay = delay
        self.answers = answers
        self.asked = []

    async def call(self, name, arguments):
        self.asked.append((name, json.loads(arguments)))
        number = len(self.asked)
        if self.delay:
            await asyncio.sleep(self.delay)
        return str(number) if self.answers is None else self.answers[number - 1]


class Together:
    """Answers when so many calls wait for an answer at the same time."""

    def __init__(self, count):
        self.count = count
        self.waiting = 0
        self.everybody = asyncio.Event()

    async def call(self, name, arguments):
        self.waiting += 1
        number = self.waiting
        if number == self.count:
            self.everybody.set()
        await self.everybody.wait()
        return str(number)


def program(*texts, owner="api"):
    return Program(owner, tuple((f"{index}.js", text) for index, text in enumerate(texts)))


def virtual(name="v", *arguments, seconds=10.0, **options):
    return ScriptCall("virtual", name, arguments or EMPTY, seconds=seconds, now=NOW, seed=SEED, **options)


async def said(engine, *texts, call=None, hosts=None, owner="api"):
    """What a script returns; it has to."""
    result = await engine.run(program(*texts, owner=owner), call or virtual(), hosts or Hosts())
    assert result.error is None, result.error
    return result.text


async def failure(engine, *texts, call=None, hosts=None, owner="api"):
    result = await engine.run(program(*texts, owner=owner), call or virtual(), hosts or Hosts())
    assert result.error is not None, result.text
    return result.error


@asynccontextmanager
async def watched_loop():
    """The longest time that the event loop stood still, in seconds, in a list.

    It is counted by another thread of this process: where that had no turn either, the machine was busy, and nobody held
    up the loop.
    """
    worst, ticks, ended = [0.0], [0], threading.Event()

    def tick():
        while not ended.wait(0.001):
            ticks[0] += 1

    async def watch():
        last = ticks[0]
        while True:
            await asyncio.sleep(0.001)
            now = ticks[0]
            worst[0] = max(worst[0], (now - last) * 0.001)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    task = asyncio.create_task(watch())
    try:
        yield worst
    finally:
        task.cancel()
        ended.set()
        thread.join()


def resident():
    """MiB that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)
