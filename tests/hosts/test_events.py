"""The queue of events: beside the exchanges, bounded, and never stopped by a handler."""

import asyncio
import logging
from dataclasses import dataclass, field

import pytest
from tests.helpers import FixedOutside

from lockgate.hosts.events import EventQueue
from lockgate.services import Event, Outside, ScriptLine

EVENT = Event("AuthFailure", "api", "", {})


@dataclass
class Handler:
    """Waits until it is let go, or fails."""

    name: str = "watch"
    go: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    handled: int = 0
    under_way: int = 0
    most: int = 0

    async def handle(self, event, services):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.go.wait()
        self.under_way -= 1
        self.handled += 1
        if self.error is not None:
            raise self.error
        return (ScriptLine("log", "seen"),), "it failed" if event.kind == "KeyExpired" else ""


def queue(**more):
    made = EventQueue(**more)
    fixed = FixedOutside()
    made.outside = Outside(fixed, fixed, fixed)
    return made


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


async def test_firing_does_not_wait():
    handler, made = Handler(), queue()
    made.fire(EVENT, (handler, handler))
    assert handler.handled == 0

    handler.go.set()
    await until(lambda: handler.handled == 2)


async def test_a_few_at_a_time():
    handler, made = Handler(), queue(at_once=2)
    made.fire(EVENT, [handler] * 5)
    await until(lambda: handler.under_way == 2)
    handler.go.set()
    await until(lambda: handler.handled == 5)

    assert handler.most == 2


async def test_what_is_too_much_is_dropped_and_told(caplog):
    handler, made = Handler(), queue(most_waiting=3, at_once=1)
    with caplog.at_level(logging.WARNING):
        made.fire(EVENT, [handler] * 8)

    assert made.dropped == 5
    assert "events were dropped" in caplog.text
    handler.go.set()
    await until(lambda: handler.handled == 3)


async def test_what_fails_stops_nobody(caplog):
    bad, good, made = Handler("bad", error=ValueError("broken")), Handler("good"), queue(at_once=1)
    bad.go.set()
    good.go.set()
    with caplog.at_level(logging.INFO):
        made.fire(EVENT, (bad,))
        made.fire(Event("KeyExpired", "api", "", {}), (good,))
        await until(lambda: good.handled == 1 and "it failed" in caplog.text)

    assert "event handler bad of AuthFailure in API api failed: broken" in caplog.text
    assert "event handler good of KeyExpired in API api: seen" in caplog.text


@pytest.mark.parametrize("closed", [False, True])
async def test_nothing_is_handled_before_and_after(closed):
    handler, made = Handler(), queue() if closed else EventQueue()
    if closed:
        made.fire(EVENT, (handler,))
        made.close()
    made.fire(EVENT, (handler,))
    handler.go.set()
    for _ in range(20):
        await asyncio.sleep(0)

    assert handler.handled == 0
