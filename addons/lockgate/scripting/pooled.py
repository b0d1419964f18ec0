"""The engine in processes of their own: for scripts that nobody vouches for.

Each run of a script is a task: when it waits for an answer of the gateway, its process is free for others. A process
that V8 ends, for want of memory, is replaced; the gateway goes on.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, final, override

from lockgate.scripting.replay import Allowance, Outcome, outcome
from lockgate.scripting.rounds import BrokenError, Calls, OutOfMemoryError
from lockgate.services import (
    Done,
    HostCalls,
    ScriptCall,
    ScriptProgram,
    ScriptResult,
    ServiceError,
    Task,
    TaskLimitError,
    Tasks,
)

MOST_PROGRAMS: Final = 1000
"""Whose load is remembered."""

_KIND: Final = "script"
_NONSENSE: Final = "the process for scripts said something else"
_SLACK_SECONDS: Final = 0.5
"""The process keeps to the time itself; this much later the system ends it."""


@final
class Pooled:
    """Runs scripts in limited processes."""

    def __init__(self, tasks: Tasks) -> None:
        """Make an engine.

        Args:
            tasks: Does tasks of the kind ``script``.
        """
        self._tasks: Final = tasks
        self._programs: Final[OrderedDict[str, _Remote]] = OrderedDict()

    async def run(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of one call.

        Raises:
            ServiceError: No process could do it.
        """
        return await self._remote(program).call(call, hosts)

    def _remote(self, program: ScriptProgram) -> "_Remote":
        remote = self._programs.get(program.digest)
        if remote is None:
            remote = self._programs[program.digest] = _Remote(program, self._tasks)
            if len(self._programs) > MOST_PROGRAMS:
                self._programs.popitem(last=False)
        else:
            self._programs.move_to_end(program.digest)
        return remote


@final
class _Remote(Calls):
    """One program. Any process runs any of its runs; one that does not know it is told."""

    def __init__(self, program: ScriptProgram, tasks: Tasks) -> None:
        super().__init__(program)
        self._tasks: Final = tasks
        self._sources: Final = tuple(text.encode("utf-8", "surrogatepass") for text in self.texts)

    @override
    async def round(self, code: str, allowance: Allowance) -> Outcome:
        if allowance.left <= 0:
            raise TimeoutError
        settled = hashlib.sha256(self.settling.encode()).hexdigest() if self.settling else ""
        header = {"program": f"{self.digest}.{settled}", "settling": self.settling, "keeps": self.keeps}
        header["tidies"] = self.tidies and self.settling != ""
        done = await self._run(header, code, allowance, has_sources=False)
        if done.header.get("state") == "unknown":
            done = await self._run(header, code, allowance, has_sources=True)
        widths = done.header.get("widths")
        if isinstance(widths, list):
            self.widths = widths
        match done.header.get("state"):
            case "done":
                return outcome(done.blobs[0].decode())
            case "timeout":
                raise TimeoutError
            case "memory":
                raise OutOfMemoryError
            case "broken":
                raise BrokenError(str(done.header.get("why", "")))
            case _:
                raise ServiceError(_NONSENSE)

    async def _run(self, header: Mapping[str, Any], code: str, allowance: Allowance, *, has_sources: bool) -> Done:
        seconds = allowance.left
        header = {**header, "seconds": seconds, "has_sources": has_sources}
        blobs = (code.encode(), *(self._sources if has_sources else ()))
        try:
            done = await self._tasks.run(Task(_KIND, header, blobs, seconds + _SLACK_SECONDS, self.owner))
        except TaskLimitError as error:
            # Time that it waited for its turn does not count; what it used up is gone.
            if "memory" in str(error):
                raise OutOfMemoryError from None
            allowance.left = 0.0
            raise TimeoutError from None
        used = done.header.get("used")
        if not isinstance(used, float):
            raise ServiceError(_NONSENSE)
        allowance.left -= used
        return done
