"""No call of a script waits without a limit, whatever becomes of V8."""

import asyncio
import contextlib
import threading

import pytest
from tests.scripting.engines import Hosts, failure, program, said, virtual

from lockgate.scripting import embedded as embedded_module
from lockgate.scripting import isolates as isolates_module
from lockgate.scripting import rounds as rounds_module
from lockgate.scripting.embedded import Embedded
from lockgate.services import ServiceError

GOOD = "function v() { return 'good' }"
SOME = "function v(request) { if (request.bad) { for (;;); } return 'good' }"
SECONDS = 20.0
"""Far more than any of it takes; without the limits it would be for ever."""


def bad(seconds=0.1):
    return virtual("v", '{"bad": 1}', "{}", "{}", seconds=seconds)


@contextlib.contextmanager
def engine_with(**options):
    engine = Embedded(**options)
    try:
        yield engine
    finally:
        engine.close()


async def refused(engine, source=GOOD, call=None):
    """Why a call is refused; it has to be."""
    async with asyncio.timeout(SECONDS):
        with pytest.raises(ServiceError) as caught:
            await engine.run(program(source), call or virtual(), Hosts())
    return str(caught.value)


# A V8 does not start


async def test_a_system_without_threads_fails_the_calls_until_it_has_some(monkeypatch):
    with engine_with() as engine:
        with monkeypatch.context() as patched:
            patched.setattr(isolates_module.THREADS, "begin", begins_nothing)
            for _ in range(2):
                assert await refused(engine) == "V8 does not start: can't start new thread"
        assert await said(engine, GOOD) == "good"


def begins_nothing(_work, _failed, _name):
    raise RuntimeError("can't start new thread")


async def test_a_thread_that_does_not_begin_fails_the_calls(monkeypatch):
    def refuse(_work, failed, _name):
        threading.Thread(target=failed, args=(RuntimeError("no thread"),), daemon=True).start()

    with engine_with() as engine:
        with monkeypatch.context() as patched:
            patched.setattr(isolates_module.THREADS, "begin", refuse)
            assert await refused(engine) == "V8 does not start: RuntimeError: no thread"
        assert await said(engine, GOOD) == "good"


async def test_a_fault_of_the_engine_itself_fails_the_calls(monkeypatch):
    async def broken(_memory, _prepare):
        raise KeyError("of the engine")

    with engine_with() as engine:
        with monkeypatch.context() as patched:
            patched.setattr(embedded_module.Isolate, "open", broken)
            for _ in range(2):
                assert "of the engine" in await refused(engine)
        assert await said(engine, GOOD) == "good"


async def test_a_v8_that_never_answers_fails_the_calls(monkeypatch):
    """Its thread is there and does nothing."""
    with engine_with() as engine:
        with monkeypatch.context() as patched:
            patched.setattr(isolates_module, "_START_SECONDS", 0.2)
            patched.setattr(isolates_module.THREADS, "begin", lambda _work, _failed, _name: None)
            assert await refused(engine) == "V8 does not start: it takes too long"
        assert await said(engine, GOOD) == "good"


# A V8 does not end


class Endless:
    """Isolates that never end, as while V8 is in a built-in function that it does not leave."""

    def __init__(self, monkeypatch):
        self.ends = []
        self.close = isolates_module.Isolate.close
        monkeypatch.setattr(isolates_module.Isolate, "close", lambda isolate, closed=None: self.note(isolate, closed))

    def note(self, isolate, closed):
        isolate.is_usable = False
        self.ends.append((isolate, closed))

    def let_go(self):
        ends, self.ends = self.ends, []
        for isolate, closed in ends:
            self.close(isolate, closed or isolates_module.nothing)


async def test_an_isolate_that_never_ends_is_replaced(monkeypatch):
    monkeypatch.setattr(embedded_module, "STUCK_SECONDS", 0.05)
    endless = Endless(monkeypatch)
    with engine_with(most_of_one=1) as engine:
        assert await said(engine, SOME) == "good"
        for _ in range(2):
            assert (await failure(engine, SOME, call=bad())).kind == "timeout"
            async with asyncio.timeout(SECONDS):
                assert await said(engine, SOME) == "good"
        endless.let_go()


async def test_an_api_with_too_many_of_them_is_refused_at_once_until_one_ends(monkeypatch):
    monkeypatch.setattr(embedded_module, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr(embedded_module, "MOST_STUCK", 2)
    monkeypatch.setattr(embedded_module, "WAIT_SECONDS", 100.0)
    endless = Endless(monkeypatch)
    with engine_with(most_of_one=1) as engine:
        for _ in range(2):
            assert (await failure(engine, SOME, call=bad())).kind == "timeout"
        assert "nothing can stop" in await refused(engine, SOME)
        assert "nothing can stop" in await refused(engine, SOME)
        assert await said(engine, GOOD, owner="other") == "good"
        endless.let_go()
        async with asyncio.timeout(SECONDS):
            while not await served(engine, SOME):
                await asyncio.sleep(0.01)


async def served(engine, source):
    try:
        return await said(engine, source) == "good"
    except ServiceError:
        return False


async def test_an_end_that_fails_is_an_end(monkeypatch):
    """Otherwise it would count as one that still ends, for good."""

    def broken(_isolate):
        raise OSError("it was no end")

    with engine_with(most_of_one=1) as engine, monkeypatch.context() as patched:
        patched.setattr(isolates_module.Isolate, "close_here", broken)
        patched.setattr(threading, "excepthook", lambda _: None)
        assert (await failure(engine, SOME, call=bad())).kind == "timeout"
        async with asyncio.timeout(SECONDS):
            assert await said(engine, SOME) == "good"


# Others come first


async def test_who_waits_for_another_call_to_load_the_scripts_waits_for_some_time_only(monkeypatch):
    monkeypatch.setattr(rounds_module, "LOADING_SECONDS", 0.1)
    source = f"TykMakeHttpRequest('1'); {GOOD}"
    with engine_with() as engine:
        slow = Hosts(delay=60.0)
        first = asyncio.create_task(engine.run(program(source), virtual(seconds=60.0), slow))
        async with asyncio.timeout(SECONDS):
            while not slow.asked:
                await asyncio.sleep(0.001)
        assert await refused(engine, source) == "it waited for more than 0.1 s for the API's scripts to be loaded"
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await said(engine, source) == "good"


# An isolate is handed over


async def test_what_a_call_changed_is_put_back_for_a_call_that_waits_already():
    source = "function v() { var seen = typeof leaked + [].x; leaked = 1; Array.prototype.x = 1; return seen }"
    with engine_with(most_of_one=1) as engine:
        results = await asyncio.gather(*(said(engine, source) for _ in range(20)))
        assert results == ["undefinedundefined"] * 20
        assert engine.isolates == 1


async def test_who_gets_an_isolate_that_is_ended_hears_of_it():
    """V8 would say nothing more, until the time of the call is over."""
    engine = Embedded(most_of_one=1)
    assert await said(engine, GOOD) == "good"
    tasks = [asyncio.create_task(engine.run(program(GOOD), virtual(seconds=100.0), Hosts())) for _ in range(5)]
    async with asyncio.timeout(SECONDS):
        while not any(task.done() for task in tasks):
            await asyncio.sleep(0)
        engine.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes[0].text == "good"
    assert all(isinstance(outcome, ServiceError) or outcome.text == "good" for outcome in outcomes)
