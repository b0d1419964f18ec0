"""Threads for what would hold up the event loop: large documents that are validated.

Few of them: they share the interpreter with the loop, and each one more takes turns from it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

THREADS: Final = 2
"""Of one process; what does not fit waits."""


@final
class Threads:
    """Computes in threads of its own, which begin with the first call."""

    __slots__ = ("_pool",)

    def __init__(self) -> None:
        self._pool: Final = ThreadPoolExecutor(THREADS, thread_name_prefix="lockgate-compute")

    async def run[T](self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)
