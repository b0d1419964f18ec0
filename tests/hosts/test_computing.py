import asyncio
import gc
import sys
import threading
import weakref

import pytest

from lockgate.hosts.computing import SWITCH_SECONDS, Threads


async def test_it_computes_in_another_thread():
    assert await Threads().run(threading.current_thread) is not threading.current_thread()


async def test_what_is_raised_is_raised():
    with pytest.raises(ValueError, match="no"):
        await Threads().run(lambda: int("no"))


async def test_the_loop_goes_on_meanwhile():
    done, let_go = asyncio.Event(), threading.Event()
    running = asyncio.create_task(Threads().run(lambda: let_go.wait(20)))
    asyncio.get_running_loop().call_soon(done.set)
    await done.wait()
    assert not running.done()
    let_go.set()
    assert await running


async def test_threads_take_short_turns():
    assert await Threads().run(sys.getswitchinterval) <= SWITCH_SECONDS


async def test_the_collector_rests_meanwhile():
    assert gc.isenabled()
    assert await Threads().run(gc.isenabled) is False
    assert gc.isenabled()
    with pytest.raises(ValueError, match="no"):
        await Threads().run(lambda: int("no"))
    assert gc.isenabled()


async def test_the_collector_works_again_when_somebody_is_done():
    threads, let_go = Threads(), threading.Event()
    first = asyncio.create_task(threads.run(lambda: let_go.wait(20)))
    while gc.isenabled():
        await asyncio.sleep(0)
    await threads.run(lambda: None)
    let_go.set()
    assert await first
    assert gc.isenabled()


async def test_what_failed_is_forgotten_in_its_thread():
    class Large:
        pass

    forgotten = []

    def fail():
        large = Large()
        weakref.finalize(large, lambda: forgotten.append(threading.current_thread()))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as error:
        await Threads().run(fail)
    assert error.value.__traceback__ is not None
    assert forgotten != [threading.current_thread()]
    assert len(forgotten) == 1
