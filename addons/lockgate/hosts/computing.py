"""Threads for what would hold up the event loop: large documents that are validated, long texts that are searched.

Few of them: they share the interpreter with the loop, and each one more takes turns from it.
"""

import asyncio
import gc
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

THREADS: Final = 2
"""Of one process; what does not fit waits."""

SWITCH_SECONDS: Final = 0.001
"""After which a thread that computes lets another one go on, if it is asked to. The loop may have to ask several times:
with Python's 5 ms its longest waits beside two threads were 54 ms, with this 25 ms."""


@final
class Threads:
    """Computes in threads of its own, which begin with the first call. From then on threads take shorter turns.

    The garbage collector rests while something is computed. It would look through a whole document, again and again
    while that grows, and nothing else runs meanwhile; what is computed goes by itself when it is done.
    """

    __slots__ = ("_pool",)

    def __init__(self) -> None:
        self._pool: Final = ThreadPoolExecutor(
            THREADS, thread_name_prefix="lockgate-compute", initializer=_take_short_turns
        )

    async def run[T](self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _computed, function)


def _take_short_turns() -> None:
    sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))


def _computed[T](function: Callable[[], T]) -> T:
    # Whoever stopped the collector starts it again, so that it never rests for longer than one computation.
    collects = gc.isenabled()
    gc.disable()
    try:
        return function()
    except BaseException as error:
        # What its frames hold goes here, and not where the loop is done with the error.
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        if collects:
            gc.enable()
