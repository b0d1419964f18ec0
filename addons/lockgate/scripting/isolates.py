"""One V8: a thread of its own, one API's scripts, one run after the other.

Which calls of mini-racer are safe: ``eval_cancelable`` alone is awaited from the event loop. All others wait for V8 where
they stand, and a script that does not end would have the loop stand still for good.
"""

import asyncio
import atexit
import contextlib
import json
import secrets
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, cast, final

from lockgate.scripting import boot, v8
from lockgate.scripting.frames import ENGINE
from lockgate.scripting.replay import Allowance, Outcome, outcome
from lockgate.scripting.rounds import BrokenError, OutOfMemoryError
from lockgate.scripting.threads import THREADS
from lockgate.services import ServiceError

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

MEMORY: Final = 64 << 20
"""Of one isolate, in bytes. V8 looks after each garbage collection, so it may be more for a moment."""

_START_SECONDS: Final = 30.0
"""Until a V8 that did not start counts as failed; the first one of a process reads a large library."""
_UNUSABLE: Final = "V8 does not start"
_UNTIDY: Final = '["untidy"]'


def nothing() -> None:
    """Do nothing."""


@cache
def read_boot() -> str:
    """All JavaScript of the engine, as an expression that makes a fresh V8 ready."""
    runner = resources.files("lockgate.scripting").joinpath("runner.js").read_text(encoding="utf-8").strip()
    return f"({runner})({boot.source()})"


_open: Final[weakref.WeakSet["Isolate"]] = weakref.WeakSet()


def _close_all() -> None:
    """End what nobody ended: V8's thread cannot finish any more once Python does, and Python would wait for it."""
    for isolate in tuple(_open):
        threading.Thread(target=isolate.close_here, name="lockgate-v8-close", daemon=True).start()


atexit.register(_close_all)


class UntidyError(Exception):
    """The last run changed something that cannot be put back. Another V8 can do what was asked for."""


@final
class Isolate:
    """A V8 that is ready to run scripts of one API. It belongs to the event loop in which it was opened."""

    __slots__ = (
        "__weakref__",
        "_context",
        "_end",
        "_limit",
        "_loop",
        "_name",
        "_prepare",
        "_v8",
        "busy_since",
        "is_installed",
        "is_settled",
        "is_usable",
    )

    def __init__(
        self,
        context: "AbstractContextManager[MiniRacer]",
        racer: "MiniRacer",
        prepare: Callable[[], None] = nothing,
    ) -> None:
        self._context: Final = context
        self._prepare: Final = prepare
        """Called in a thread that does something large for it."""
        self._loop: Final = asyncio.get_running_loop()
        self._limit: asyncio.Timeout | None = None
        """Of the run that is under way."""
        self._v8: Final = racer
        # A variable of a whole script: no property of any object, so that only who knows the name finds it.
        self._name: Final = f"engine_{secrets.token_hex(16)}"
        _open.add(self)
        self._end: Final = f'"use strict";{self._name}.end()'
        self.is_installed = False
        """Whether it has the API's sources."""
        self.is_settled = False
        """Whether it knows how they were loaded the first time."""
        self.busy_since = 0.0
        """When the run began that is under way, by the loop's clock."""
        self.is_usable = True
        """Whether it may run another script."""

    @classmethod
    async def open(cls, memory: int, prepare: Callable[[], None]) -> "Isolate":
        """Start a V8.

        Args:
            memory: That scripts may use, in bytes.
            prepare: Called in V8's own thread, and in the one that ends it.

        Raises:
            ServiceError: It does not start.
        """
        isolate = await _started(memory, prepare)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await isolate.boot()
        except BaseException as error:
            isolate.close()
            if isinstance(error, Exception):
                raise ServiceError(f"{_UNUSABLE}: {str(error).partition('\n')[0]}") from error
            raise
        return isolate

    @classmethod
    async def here(cls, memory: int) -> "Isolate":
        """Start a V8 without a thread to do it in, and without a loop that somebody else uses.

        Args:
            memory: That scripts may use, in bytes.
        """
        v8.start()
        from py_mini_racer import mini_racer

        context = mini_racer()
        racer = context.__enter__()
        racer.set_hard_memory_limit(memory)
        isolate = cls(context, racer)
        await isolate.boot()
        return isolate

    async def boot(self) -> None:
        """Make a fresh V8 ready."""
        await self._evaluate("0")  # V8's thread is prepared with its answer
        await self._evaluate(f'"use strict";const {self._name}={read_boot()};0\n//# sourceURL={ENGINE}')

    async def install(self, texts: Sequence[str], allowance: Allowance, *, keeps: bool = False) -> Sequence[int]:
        """Take an API's sources. Nothing of them is run.

        Args:
            texts: The sources.
            allowance: What it may take.
            keeps: Whether they have the functions ``TykStorage…``.

        Returns:
            Characters that stand before the first line of each one.

        Raises:
            TimeoutError: It takes too long.
            BrokenError: V8 failed.
            OutOfMemoryError: They need too much memory.
        """
        # Any name that no source uses.
        name = f"export_{secrets.token_hex(8)}"
        given = f"[{','.join(map(json.dumps, texts))}],{json.dumps(name)},{json.dumps(keeps)}"
        widths = await self.run_text(f"install({given})", allowance)
        self.is_installed = True
        made: list[int] = json.loads(widths)
        return made

    async def settle(self, code: str, allowance: Allowance) -> None:
        """Know how loading went.

        Raises:
            TimeoutError: It takes too long.
            BrokenError: V8 failed.
            OutOfMemoryError: It needs too much memory.
        """
        await self.run(code, allowance)
        self.is_settled = True

    async def run(self, code: str, allowance: Allowance, *, tidies: bool = False) -> Outcome:
        """Run something of the engine, to which scripts belong, and put everything back.

        Args:
            code: A call of one of ``runner.js``'s functions.
            allowance: What it may take.
            tidies: The code itself puts everything back, behind its outcome.

        Raises:
            UntidyError: The run before it could not put everything back; this one did not begin.
            TimeoutError: It takes too long.
            BrokenError: V8 failed.
            OutOfMemoryError: It needs too much memory.
        """
        return outcome(await self.run_text(code, allowance, tidies=tidies))

    async def run_text(self, code: str, allowance: Allowance, *, tidies: bool = False) -> str:
        """As ``run``, with the outcome as JSON."""
        from py_mini_racer import JSEvalException, JSOOMException

        if self not in _open:
            raise BrokenError("it was ended")  # it would never answer
        self.busy_since = self._loop.time()
        self.is_usable = False
        is_clean: object = True
        try:
            async with allowance.spent() as self._limit:
                text = await self._evaluate(f'"use strict";{self._name}.{code}')
                if not tidies:
                    # It begins when whatever the run left to do is done; so it is this run's time that is used up by
                    # promises that never end, not the next one's.
                    is_clean = await self._evaluate(self._end)
        except JSOOMException:
            raise OutOfMemoryError from None
        except JSEvalException as error:
            raise BrokenError(str(error).partition("\n")[0]) from None
        finally:
            self._limit = None
        if text == _UNTIDY:
            raise UntidyError
        if not isinstance(text, str):
            raise BrokenError("the engine gave no text")
        self.is_usable = is_clean is True and self in _open
        return text

    async def _evaluate(self, code: str) -> object:
        return await self._v8.eval_cancelable(code)

    def close(self, closed: Callable[[], None] = nothing) -> None:
        """End it, whatever it does: in a thread, since V8 may have to finish something first, a long sort for example.

        Args:
            closed: Called in the event loop, if there still is one, when it has ended.
        """
        self.is_usable = False

        def close() -> None:
            try:
                self.close_here()
            finally:
                _tell(self._loop, closed)

        def give_way_and_close() -> None:
            self._prepare()  # to give back a full heap takes 20 ms
            close()

        if self._limit is not None and not self._loop.is_closed():
            self._limit.reschedule(self._loop.time())  # V8 would not tell of the end of a run that it does not finish
        if self in _open:
            _open.discard(self)
            try:
                THREADS.begin(give_way_and_close, lambda _: close(), "lockgate-v8-close")
            except RuntimeError:
                close()
        else:
            closed()  # somebody did

    def close_here(self) -> None:
        """End it, and wait until it has ended."""
        _open.discard(self)
        self._context.__exit__(None, None, None)


class _PatientLoop:
    """An event loop as V8's thread sees it.

    It may be closed: V8 tells it of a script that was stopped, at the end of a process too late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, prepare: Callable[[], None]) -> None:
        self._loop: Final = loop
        self._prepare: Callable[[], None] | None = prepare

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_soon_threadsafe(self, callback: Callable[..., object], *arguments: object, **options: Any) -> object:
        """Have the loop do something. V8's thread calls it, and is prepared by its first call."""
        if self._prepare is not None:
            prepare, self._prepare = self._prepare, None
            prepare()
        with contextlib.suppress(RuntimeError):
            return self._loop.call_soon_threadsafe(callback, *arguments, **options)
        return None


async def _started(memory: int, prepare: Callable[[], None]) -> Isolate:
    loop = asyncio.get_running_loop()
    told = _PatientLoop(loop, prepare)
    made: asyncio.Future[Isolate] = loop.create_future()

    def take(context: "AbstractContextManager[MiniRacer]", racer: "MiniRacer") -> None:
        isolate = Isolate(context, racer, prepare)
        if made.done():
            isolate.close()
        else:
            made.set_result(isolate)

    def start() -> None:
        try:
            v8.start()
            from py_mini_racer import mini_racer

            ours = cast("asyncio.AbstractEventLoop", told)
            # mini-racer runs a script of its own first. In "its" loop it waits for V8; elsewhere it would wait for a loop
            # that may be closed by then.
            asyncio._set_running_loop(ours)  # noqa: SLF001 - documented, for event loops that are none of asyncio
            context = mini_racer(ours)
            racer = context.__enter__()
            racer.set_hard_memory_limit(memory)
        except Exception as error:  # noqa: BLE001 - the library may be missing, broken, or for another machine
            fail(error)
            return
        if not _tell(loop, lambda: take(context, racer)):
            context.__exit__(None, None, None)

    def fail(error: Exception) -> None:
        failure = ServiceError(f"{_UNUSABLE}: {type(error).__name__}: {error}")
        _tell(loop, lambda: None if made.done() else made.set_exception(failure))

    try:
        THREADS.begin(start, fail, "lockgate-v8-start")
    except RuntimeError as error:
        raise ServiceError(f"{_UNUSABLE}: {error}") from error
    try:
        async with asyncio.timeout(_START_SECONDS):
            return await made
    except TimeoutError:
        raise ServiceError(f"{_UNUSABLE}: it takes too long") from None


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> bool:
    """Have the loop do something, if there is a loop any more."""
    try:
        loop.call_soon_threadsafe(what)
    except RuntimeError:
        return False
    return True
