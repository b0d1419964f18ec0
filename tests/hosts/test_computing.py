import asyncio
import threading
import time

import pytest

from lockgate.hosts.computing import Threads


async def test_it_computes_in_another_thread():
    assert await Threads().run(threading.current_thread) is not threading.current_thread()


async def test_what_is_raised_is_raised():
    with pytest.raises(ValueError, match="no"):
        await Threads().run(lambda: int("no"))


async def test_the_loop_goes_on_meanwhile():
    done = asyncio.Event()
    running = asyncio.create_task(Threads().run(lambda: time.sleep(0.05)))
    asyncio.get_running_loop().call_soon(done.set)
    await done.wait()
    assert not running.done()
    await running
