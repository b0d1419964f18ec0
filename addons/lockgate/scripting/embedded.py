"""The engine in this process: V8 beside the event loop.

Each API has isolates of its own, usually one: a run takes a fraction of a millisecond, and while a script waits for an
answer of the gateway, others run. A second one starts when a script has kept the first one for a while. An isolate in
which a script was stopped is not used again.

What this cannot do: where one built-in function asks for more memory than there may be, V8 ends the process
(``new Array(6e8).fill({})``). Scripts that nobody vouches for belong into processes of their own
(``lockgate.scripting.pooled``).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, final, override

from lockgate.scripting.isolates import MEMORY, Isolate, UntidyError, nothing
from lockgate.scripting.replay import Allowance, Outcome
from lockgate.scripting.rounds import BrokenError, Calls, OutOfMemoryError
from lockgate.services import HostCalls, ScriptCall, ScriptProgram, ScriptResult, ServiceError

MOST_ISOLATES: Final = 64
"""That stand ready; beyond it, those that were not used for longest are closed."""
MOST_OF_ONE: Final = 2
"""Isolates of one API."""
MOST_PROGRAMS: Final = 1000
"""Whose load is remembered."""
PROGRAMS_OF_OWNER: Final = 2
"""After a reload of changed scripts, the ones before them still serve what is under way."""
MOST_WAITING: Final = 2000
"""Calls of one API that wait for their turn; one more fails."""
WAIT_SECONDS: Final = 10.0
"""After which a call that still waits for its turn fails."""
PATIENCE_SECONDS: Final = 0.05
"""A script that runs longer than this without a pause is one that the others do not wait for."""
STUCK_SECONDS: Final = 5.0
"""After which an isolate that ought to end counts as one that never will."""
MOST_STUCK: Final = 4
"""Isolates of one API that never end, and compute on. With so many, it gets no further one."""
REFILL_SECONDS: Final = 0.1
"""Until another isolate is made ready: whoever got the last one goes first."""

_ENDS: Final = "the gateway ends"
_STUCK: Final = (
    f"{MOST_STUCK} calls of this API's scripts are in a built-in function that nothing can stop, and there are no more of "
    "them (scripts.engine: processes can)"
)


@final
class Embedded:
    """Runs scripts in this process. All calls are of one event loop."""

    def __init__(
        self,
        *,
        memory: int = MEMORY,
        most_isolates: int = MOST_ISOLATES,
        most_of_one: int = MOST_OF_ONE,
        prepare: Callable[[], None] = nothing,
    ) -> None:
        """Make an engine that has no isolate yet.

        Args:
            memory: Of each isolate, in bytes.
            most_isolates: That stand ready.
            most_of_one: Isolates of one API.
            prepare: Called in the thread of each isolate, and in the one that ends it, for their priority.
        """
        self._memory: Final = memory
        self._most_isolates: Final = most_isolates
        self._most_of_one: Final = most_of_one
        self._prepare: Final = prepare
        self._apis: Final[OrderedDict[str, _Api]] = OrderedDict()
        """By digest of the program; what was used last stands last."""
        self._digests: Final[dict[str, list[str]]] = {}
        """Of each API's programs, the newest last."""
        self._spare: Isolate | None = None
        """Ready for whichever API needs one: to start V8 takes 20 ms, and a script that was stopped has cost one."""
        self._is_refilling = False
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._is_closed = False

    async def run(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of one call.

        Raises:
            ServiceError: V8 does not start, or too many calls wait.
        """
        if self._is_closed:
            raise ServiceError(_ENDS)
        try:
            return await self._api(program).call(call, hosts)
        finally:
            self._trim()

    def close(self) -> None:
        """End all isolates. Calls under way fail, and so do those that come now."""
        self._is_closed = True
        for api in self._apis.values():
            api.close()
        self._apis.clear()
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    @property
    def isolates(self) -> int:
        """How many there are."""
        return sum(api.size for api in self._apis.values())

    def _api(self, program: ScriptProgram) -> "_Api":
        api = self._apis.get(program.digest)
        if api is None:
            api = self._apis[program.digest] = _Api(program, self._open, self._most_of_one)
            digests = self._digests.setdefault(program.owner, [])
            digests.append(program.digest)
            while len(digests) > PROGRAMS_OF_OWNER:
                self._apis.pop(digests.pop(0)).retire()
            if len(self._apis) > MOST_PROGRAMS:
                self._forget(next(iter(self._apis)))
        else:
            self._apis.move_to_end(program.digest)
        return api

    def _forget(self, digest: str) -> None:
        api = self._apis.pop(digest)
        api.retire()
        digests = self._digests[api.owner]
        digests.remove(digest)
        if not digests:
            del self._digests[api.owner]

    async def _open(self) -> Isolate:
        isolate, self._spare = self._spare, None
        if isolate is None:
            isolate = await Isolate.open(self._memory, self._prepare)
        if not self._is_refilling and not self._is_closed:
            self._is_refilling = True
            _keep(self._tasks, self._refill())
        return isolate

    async def _refill(self) -> None:
        try:
            await asyncio.sleep(REFILL_SECONDS)
            isolate = await Isolate.open(self._memory, self._prepare)
        except ServiceError:
            return  # whoever needs one will say so
        finally:
            self._is_refilling = False
        if self._is_closed or self._spare is not None:
            isolate.close()
        else:
            self._spare = isolate

    def _trim(self) -> None:
        """Close isolates that nobody uses, if there are too many."""
        surplus = self.isolates - self._most_isolates
        for api in self._apis.values():
            if surplus <= 0:
                return
            surplus -= api.close_idle(surplus)


@final
class _Api(Calls):
    """Isolates of one program."""

    def __init__(self, program: ScriptProgram, start: Callable[[], Awaitable[Isolate]], most: int) -> None:
        super().__init__(program)
        self._start: Final = start
        self._most: Final = most
        self._idle: Final[deque[Isolate]] = deque()
        self._busy: Final[set[Isolate]] = set()
        self._closing: Final[set[Isolate]] = set()
        """Isolates that end some time; until then they may compute on."""
        self._stuck: Final[set[Isolate]] = set()
        """Isolates that do not end: some built-in functions cannot be stopped (``[].indexOf.call({length: 2**53})``)."""
        self._is_opening = False
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._waiting: Final[deque[asyncio.Future[Isolate]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._is_retired = False

    @property
    def size(self) -> int:
        """How many isolates there are, or will be in a moment."""
        return len(self._idle) + len(self._busy) + self._is_opening

    def close(self) -> None:
        """End all of them."""
        self._is_closed = True
        for isolate in (*self._idle, *self._busy):
            self._end(isolate)
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._refuse_all(ServiceError(_ENDS))

    def retire(self) -> None:
        """Serve the calls that are under way, and keep nothing."""
        self._is_retired = True
        self.close_idle(len(self._idle))

    def close_idle(self, most: int) -> int:
        """End up to so many isolates that do nothing. How many were ended."""
        count = min(most, len(self._idle))
        for _ in range(count):
            self._end(self._idle.popleft())
        return count

    def _end(self, isolate: Isolate) -> None:
        self._closing.add(isolate)
        if not self._is_closed:
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self._note_stuck, isolate)
        isolate.close(lambda: self._note_end(isolate))

    def _note_stuck(self, isolate: Isolate) -> None:
        if isolate in self._closing:
            self._closing.remove(isolate)
            self._stuck.add(isolate)
            self._look()

    def _note_end(self, isolate: Isolate) -> None:
        self._closing.discard(isolate)
        self._stuck.discard(isolate)
        self._look()

    @override
    async def round(self, code: str, allowance: Allowance) -> Outcome:
        while True:
            isolate = await self._turn()
            try:
                if not isolate.is_installed:
                    self.widths = await isolate.install(self.texts, allowance, keeps=self.keeps)
                if self.settling and not isolate.is_settled:
                    await isolate.settle(self.settling, allowance)
                return await isolate.run(code, allowance, tidies=self.tidies and isolate.is_settled)
            except UntidyError:
                continue
            except (BrokenError, OutOfMemoryError, TimeoutError):
                if self._is_closed:
                    raise ServiceError(_ENDS) from None
                raise
            finally:
                self._give_back(isolate)

    async def _turn(self) -> Isolate:
        """An isolate that does nothing, for the caller alone."""
        if self._is_closed:
            raise ServiceError(_ENDS)
        if self._idle and not self._waiting:
            isolate = self._idle.pop()
            self._lend(isolate)
            return isolate
        if len(self._waiting) >= MOST_WAITING:
            raise ServiceError(f"more than {MOST_WAITING} calls of this API's scripts wait already")
        waiter: asyncio.Future[Isolate] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._look()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await waiter
        except BaseException as error:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())  # it was its turn without its knowing
            if isinstance(error, TimeoutError):
                raise ServiceError(f"it waited for more than {WAIT_SECONDS:g} s for its turn") from None
            raise

    def _lend(self, isolate: Isolate) -> None:
        isolate.busy_since = asyncio.get_running_loop().time()
        self._busy.add(isolate)

    def _give_back(self, isolate: Isolate) -> None:
        self._busy.discard(isolate)
        if self._is_closed or not isolate.is_usable:
            self._end(isolate)
            self._look()
            return
        waiter = self._next()
        if waiter is None and self._is_retired:
            self._end(isolate)
        elif waiter is None:
            self._idle.append(isolate)
        else:
            self._lend(isolate)
            waiter.set_result(isolate)

    def _next(self) -> asyncio.Future[Isolate] | None:
        """Whose turn it is."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _look(self) -> None:
        """See that those who wait get an isolate some time."""
        if self._is_closed or not self._waiting or self._is_opening:
            return
        if len(self._stuck) >= MOST_STUCK:
            if not self._busy:
                self._refuse_all(ServiceError(_STUCK))
            return
        if len(self._busy) + len(self._closing) >= self._most:
            return
        loop = asyncio.get_running_loop()
        slow = loop.time() - PATIENCE_SECONDS
        if all(isolate.busy_since <= slow for isolate in self._busy):
            self._is_opening = True
            _keep(self._tasks, self._open())
        elif self._timer is None:
            self._timer = loop.call_later(PATIENCE_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._look()

    async def _open(self) -> None:
        try:
            isolate = await self._start()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are to hear of it
            self._is_opening = False
            if not self._busy:
                self._refuse_all(ServiceError(str(error)))
            return
        self._is_opening = False
        self._give_back(isolate)
        self._look()

    def _refuse_all(self, error: ServiceError) -> None:
        while (waiter := self._next()) is not None:
            waiter.set_exception(error)


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    """Do something beside the others. It may be done at once, where the loop begins tasks eagerly."""
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
