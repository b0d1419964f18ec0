"""Limited processes for what nothing else could stop: jq, Jinja2, templates that take long.

A thread cannot be interrupted while it is in C, and shares its memory with everybody. A process can be killed, has
limits of its own, and holds nothing that it could give away: an empty environment, no files, no sockets.

A few processes do all tasks. One more stands ready, so that nobody waits for the start of the one that takes the place
of a killed one. They begin when the first task comes, and end with the gateway, however that ends.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from lockgate.hosts.child import OUT_OF_MEMORY, WALL_FACTOR
from lockgate.services import Done, ServiceError, Task, TaskLimitError

logger = logging.getLogger(__name__)

PROCESSES: Final = 2
"""That do tasks at the same time."""
SPARES: Final = 1
"""That stand ready besides."""
MEMORY: Final = 1 << 30
"""Of each process, in bytes of address space."""
MOST_WAITING: Final = 1000
"""Tasks of one owner that wait for their turn; one more fails."""
WAIT_SECONDS: Final = 5.0
"""After which a task that still waits fails."""
MOST_TASKS: Final = 100_000
"""After which a process is replaced by a fresh one."""
MOST_GROWTH: Final = 128 << 20
"""Bytes that a process may hold on to, more than at its start; one that does is replaced."""
NICENESS: Final = 10
"""Of processes, beside the gateway's own: its clients who want something quick come first."""
LARGEST_ANSWER: Final = 128 << 20
"""In bytes."""
START_SECONDS: Final = 60.0
"""Until a process that does not say that it is ready counts as failed."""

_GRACE_SECONDS: Final = 1.0
"""Until a process is killed that the kernel should have ended."""
_PAUSE_SECONDS: Final = 1.0
"""After a start that failed, until the next one."""
_READ_AT_ONCE: Final = 1 << 18
_OUT_OF_TIME: Final = frozenset({signal.SIGPROF, signal.SIGALRM})
_OUT_OF_MEMORY: Final = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL, signal.SIGTRAP})
"""Of C code that gets no memory, of a stack that is full, of a system that has no memory left, and of V8."""


class _EndedError(Exception):
    """A process ended, or what it said makes no sense."""


@final
class Children:
    """A pool of limited processes.

    Of the processes that work at once, one owner never has all, so that an API that wants everything keeps the others
    waiting for no longer than a task takes. Owners take turns.

    It may be used in one event loop after another, not in two at once.
    """

    __slots__ = (
        "_busy",
        "_closed",
        "_ended",
        "_failed_at",
        "_failure",
        "_filling",
        "_idle",
        "_kind",
        "_memory",
        "_processes",
        "_running",
        "_spares",
        "_starting",
        "_wait_seconds",
        "_waiting",
    )

    def __init__(
        self,
        processes: int = PROCESSES,
        spares: int = SPARES,
        *,
        memory: int = MEMORY,
        wait_seconds: float = WAIT_SECONDS,
        kind: str = "",
    ) -> None:
        """Make a pool that has no processes yet.

        Args:
            processes: That work at the same time.
            spares: That stand ready besides.
            memory: Of each one, in bytes.
            wait_seconds: After which a task that still waits fails.
            kind: Of tasks that have processes of their own; "" are all others.
        """
        self._processes: Final = processes
        self._spares: Final = spares
        self._memory: Final = memory
        self._wait_seconds: Final = wait_seconds
        self._kind: Final = kind
        self._idle: Final[deque[_Child]] = deque()
        self._busy: Final[set[_Child]] = set()
        self._ended: Final[list[_Child]] = []
        """Killed, and not yet seen to be gone."""
        self._waiting: Final[OrderedDict[str, deque[asyncio.Future[_Child]]]] = OrderedDict()
        """By owner; whose turn is next stands first."""
        self._running: Final[Counter[str]] = Counter()
        """Tasks under way by owner."""
        self._filling: asyncio.Task[None] | None = None
        self._failure = ""
        """Why the last start failed; "" where it did not."""
        self._starting: _Child | None = None
        self._failed_at = 0.0
        self._closed = False

    async def run(self, task: Task) -> Done:
        """What came of a task.

        Raises:
            TaskLimitError: It used up its time or its memory.
            ServiceError: It could not be done.
        """
        line = _line(task)
        child = await self._turn(task.owner)
        keep = False
        try:
            answer, blobs = await child.perform(line, task.blobs, task.seconds)
            keep = child.is_fresh
        except _EndedError as error:
            raise await child.reason(str(error), task.seconds) from None
        finally:
            self._give_back(task.owner, child, keep=keep)
        header = answer.get("header")
        if not isinstance(header, dict):
            raise ServiceError(str(answer.get("failed", "it gave no answer")))
        return Done(header, tuple(blobs))

    def warm(self) -> None:
        """Start processes ahead of the first task. The event loop runs."""
        self._fill()

    def close(self) -> None:
        """End all processes. Tasks under way fail, and so do those that come now."""
        self._closed = True
        self._refuse_all("the gateway ends")
        if self._filling is not None and not self._filling.get_loop().is_closed():
            self._filling.cancel()
        for child in self._busy:
            child.kill()
        for child in self._idle:
            child.close()
        if self._starting is not None:
            self._starting.kill()
            self._starting.wait()
        for child in (*self._idle, *self._busy, *self._ended):
            child.wait()
        self._idle.clear()
        self._ended.clear()

    @property
    def pids(self) -> frozenset[int]:
        """Of processes that do tasks, or stand ready."""
        return frozenset(child.pid for child in (*self._busy, *self._idle))

    # whose turn it is

    async def _turn(self, owner: str) -> "_Child":
        """A process, when it is this owner's turn."""
        if self._closed:
            raise ServiceError("the gateway ends")
        if not self._idle and not self._busy and time.monotonic() < self._failed_at + _PAUSE_SECONDS and self._failure:
            raise ServiceError(self._failure)
        queue = self._waiting.setdefault(owner, deque())
        if len(queue) >= MOST_WAITING:
            raise ServiceError(f"more than {MOST_WAITING} tasks of this API wait already")
        waiter: asyncio.Future[_Child] = asyncio.get_running_loop().create_future()
        queue.append(waiter)
        self._dispatch()
        # The first task waits for the first process too.
        patience = self._wait_seconds if self._idle or self._busy else START_SECONDS
        try:
            async with asyncio.timeout(patience):
                return await waiter
        except BaseException as error:
            self._leave(owner, waiter)
            if isinstance(error, TimeoutError):
                raise ServiceError(f"it waited for more than {patience:g} s for its turn") from None
            raise

    def _leave(self, owner: str, waiter: "asyncio.Future[_Child]") -> None:
        """Take back a task that waits no more; it may have been its turn without its knowing."""
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            self._give_back(owner, waiter.result(), keep=True)
        queue = self._waiting.get(owner, ())
        if waiter in queue:
            self._remove(owner, waiter)

    def _remove(self, owner: str, waiter: "asyncio.Future[_Child]") -> None:
        queue = self._waiting[owner]
        queue.remove(waiter)
        if not queue:
            del self._waiting[owner]

    def _give_back(self, owner: str, child: "_Child", *, keep: bool) -> None:
        self._busy.discard(child)
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
        if keep and not self._closed:
            self._idle.append(child)
        else:
            self._drop(child)
        self._dispatch()

    def _dispatch(self) -> None:
        """Hand processes to those whose turn it is, and see that there are enough."""
        if self._closed:
            return
        while len(self._busy) < self._processes and (found := self._next()) is not None:
            child = self._alive()
            if child is None:
                break
            owner, waiter = found
            self._remove(owner, waiter)
            if owner in self._waiting:
                self._waiting.move_to_end(owner)
            self._busy.add(child)
            self._running[owner] += 1
            waiter.set_result(child)
        self._fill()

    def _next(self) -> "tuple[str, asyncio.Future[_Child]] | None":
        """Whose turn it is: the next owner's who has not all that one may have."""
        share = max(1, self._processes - 1)
        for owner, queue in self._waiting.items():
            if self._running[owner] < share:
                waiter = next((one for one in queue if not one.done()), None)
                if waiter is not None:
                    return owner, waiter
        return None

    def _alive(self) -> "_Child | None":
        """A process that stands ready. One that ended while nobody looked is passed over."""
        while self._idle:
            child = self._idle.popleft()
            if child.is_alive:
                return child
            self._drop(child)
        return None

    def _refuse_all(self, why: str) -> None:
        for queue in self._waiting.values():
            for waiter in queue:
                if not waiter.done() and not waiter.get_loop().is_closed():
                    waiter.set_exception(ServiceError(why))
        self._waiting.clear()

    # how many there are

    def _fill(self) -> None:
        """Start what is missing, one after the other."""
        loop = asyncio.get_running_loop()
        under_way = self._filling is not None and not self._filling.done() and self._filling.get_loop() is loop
        if not under_way and self._is_missing and (not self._failure or self._has_paused):
            self._filling = loop.create_task(self._start_missing())

    @property
    def _is_missing(self) -> bool:
        return not self._closed and len(self._idle) + len(self._busy) < self._processes + self._spares

    @property
    def _has_paused(self) -> bool:
        return time.monotonic() >= self._failed_at + _PAUSE_SECONDS

    async def _start_missing(self) -> None:
        while self._is_missing:
            try:
                child = self._starting = _Child(self._memory, self._kind)
                try:
                    await child.ready()
                except BaseException:
                    self._drop(child)
                    raise
                finally:
                    self._starting = None
            except (OSError, _EndedError) as error:
                self._failure = f"no process for tasks starts: {error}"
                self._failed_at = time.monotonic()
                logger.error("%s", self._failure)
                if not self._idle and not self._busy:
                    self._refuse_all(self._failure)
                return
            self._failure = ""
            self._idle.append(child)
            self._dispatch()

    def _drop(self, child: "_Child") -> None:
        child.close()
        if self._closed:
            child.wait()
        self._ended[:] = [one for one in (*self._ended, child) if one.is_alive]


def _line(task: Task) -> bytes:
    """The line that announces a task, without its number."""
    message = {
        "kind": task.kind,
        "header": task.header,
        "seconds": task.seconds,
        "sizes": [len(blob) for blob in task.blobs],
    }
    try:
        return json.dumps(message).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise ServiceError(f"it cannot be handed over: {error}") from None


@final
class _Child:
    """One process."""

    __slots__ = ("_at_start", "_killed", "_memory", "_now", "_process", "_socket", "_tasks", "_timed_out", "_unread")

    def __init__(self, memory: int, kind: str) -> None:
        """Start it.

        Raises:
            OSError: That cannot be done.
        """
        self._memory: Final = memory
        self._at_start = self._now = 0
        self._tasks = 0
        self._timed_out = self._killed = False
        self._unread: Final = bytearray()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - it has no name for it
        self._socket: Final = ours
        # Dates are printed in the zone of the gateway; nothing else of its environment is anybody's business.
        environment: dict[str, str] = {"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}
        flags = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
        try:
            # A session of its own: what is typed at a terminal (Ctrl-C) does not reach it.
            self._process: Final = subprocess.Popen(  # noqa: S603 - of our own program
                [sys.executable, "-I", *flags, "-m", "lockgate.hosts.child", str(memory), *([kind] if kind else [])],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        # From the first moment: half a second of imports is work too.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS))

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def is_fresh(self) -> bool:
        """Whether it may go on with another task."""
        return self._tasks < MOST_TASKS and self._now - self._at_start < MOST_GROWTH

    async def ready(self) -> None:
        """Wait until it is ready.

        Raises:
            _EndedError: It is not.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                message = await self._message()
        except TimeoutError:
            raise _EndedError(f"it is not ready after {START_SECONDS:g} s") from None
        except (_EndedError, OSError):
            code = await self._code()
            raise _EndedError(f"it ended with the exit code {code}") from None
        self._at_start = self._now = _memory_of(message)

    async def perform(
        self, line: bytes, blobs: Sequence[bytes], seconds: float
    ) -> tuple[Mapping[str, Any], Sequence[bytes]]:
        """Hand a task over, and wait for the answer.

        Raises:
            _EndedError: There is none; ``reason`` says why.
        """
        loop = asyncio.get_running_loop()
        self._tasks += 1
        last = loop.call_later(seconds * WALL_FACTOR + _GRACE_SECONDS, self._time_out)
        try:
            await loop.sock_sendall(self._socket, line)
            for blob in blobs:
                await loop.sock_sendall(self._socket, blob)
            answer = await self._message()
            if answer.get("number") != self._tasks:
                raise _EndedError("it answered something else")
            sizes = answer.get("sizes", [])
            if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
                raise _EndedError("its answer makes no sense")
            if sum(sizes) > LARGEST_ANSWER:
                raise _EndedError(f"its answer has more than {LARGEST_ANSWER >> 20} MiB")
            received = [await self._blob(size) for size in sizes]
        except OSError as error:
            raise _EndedError(error.strerror) from None
        finally:
            last.cancel()
        if self._unread:
            raise _EndedError("it said more than it was asked")
        self._now = _memory_of(answer)
        return answer, received

    async def reason(self, detail: str, seconds: float) -> ServiceError:
        """Why it ended with a task of so many seconds."""
        if self._killed:
            return ServiceError("its process was ended")
        code = await self._code()
        if self._timed_out or -code in _OUT_OF_TIME:
            return TaskLimitError(f"it takes more than {seconds:g} s")
        if code == OUT_OF_MEMORY or -code in _OUT_OF_MEMORY:
            return TaskLimitError(f"it needs more than {self._memory >> 20} MiB of memory, or is nested too deeply")
        return ServiceError(f"its process ended: {detail}")

    def kill(self) -> None:
        """End it, with whatever it may have started. Whoever waits for its answer gets none."""
        if self.is_alive:
            self._killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it; nobody waits for an answer."""
        self.kill()
        self._socket.close()

    def wait(self) -> None:
        """Wait until it is gone, once it was killed."""
        self._process.wait()

    def _time_out(self) -> None:
        self._timed_out = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _code(self) -> int:
        """Its exit code. One that does not end by itself is killed."""
        for pause in (0.0, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1):
            if self.is_alive:
                await asyncio.sleep(pause)
        if self.is_alive:
            self._process.kill()
            return 0
        return self._process.returncode

    async def _message(self) -> Mapping[str, Any]:
        """The line that it says next."""
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > LARGEST_ANSWER:
                raise _EndedError("its answer makes no sense")
            self._unread.extend(await self._some(_READ_AT_ONCE))
        try:
            message = json.loads(self._unread[:end])
        except (ValueError, RecursionError):
            raise _EndedError("its answer makes no sense") from None
        if not isinstance(message, dict):
            raise _EndedError("its answer makes no sense")
        del self._unread[: end + 1]
        return message

    async def _blob(self, size: int) -> bytes:
        made = bytearray(self._unread[:size])
        del self._unread[:size]
        while (missing := size - len(made)) > 0:
            made += await self._some(min(missing, _READ_AT_ONCE))
        return bytes(made)

    async def _some(self, size: int) -> bytes:
        data = await asyncio.get_running_loop().sock_recv(self._socket, size)
        if not data:
            raise _EndedError("it said nothing more")
        return data


def _memory_of(message: Mapping[str, Any]) -> int:
    found = message.get("memory")
    return found if isinstance(found, int) else 0
