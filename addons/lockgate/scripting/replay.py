"""Run and replay: how a script asks the gateway for something and gets the answer as if it had waited.

V8 cannot wait for an answer without holding up whoever else wants to run. So a run ends at the first call of the gateway
that it has no answer for; the answer is fetched while V8 is free for others, and the script is run again from the
start, with the answers that are known. Time and chance are the same each time, so it comes to the same place.

The engine sees to it that a run is over at such a call whatever the script does: a ``catch`` gets the exception, but
nothing that it does counts, ``finally`` neither. Calls are known by their position; a script that asks for something
else at the same place has failed.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, final

from lockgate.services import HostCalls, ScriptHostCall


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    kind: str
    """``pending``: it waits for an answer; anything else is the end."""
    values: Sequence[object] = ()
    """What the engine says of it; of ``pending``, name and arguments of the call."""


def outcome(text: str) -> Outcome:
    """An outcome from a JSON list.

    Raises:
        ValueError: It is none.
    """
    match json.loads(text):
        case [str() as kind, *values]:
            return Outcome(kind, values)
        case _:
            raise ValueError("no outcome")


@final
class Memo:
    """Answers that are known."""

    __slots__ = ("_parts", "calls")

    def __init__(self) -> None:
        self.calls: Final[list[ScriptHostCall]] = []
        self._parts: Final[list[str]] = []

    def add(self, call: ScriptHostCall, now: float) -> None:
        """Keep an answer.

        Args:
            call: With it.
            now: What time it is for the script from here on, in seconds since the epoch.
        """
        self.calls.append(call)
        self._parts.append(json.dumps([call.name, call.arguments, call.answer, round(now * 1000)]))

    @property
    def literal(self) -> str:
        """All of it, as JSON and as JavaScript: lists of name, arguments, answer and time in milliseconds."""
        return f"[{','.join(self._parts)}]"


@final
class Allowance:
    """The time that a call may take, however often it is interrupted."""

    __slots__ = ("left", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds: Final = seconds
        self.left = seconds

    @property
    def used(self) -> float:
        """Seconds that are gone."""
        return self.seconds - self.left

    @asynccontextmanager
    async def spent(self) -> AsyncIterator[asyncio.Timeout]:
        """Count what is done here. It gives the limit, which can be brought forward.

        Raises:
            TimeoutError: Nothing is left.
        """
        now = asyncio.get_running_loop().time
        start = now()
        try:
            async with asyncio.timeout(max(self.left, 0.0)) as limit:
                yield limit
        finally:
            self.left -= now() - start


async def replayed(
    run: Callable[[Memo], Awaitable[Outcome]], memo: Memo, hosts: HostCalls, allowance: Allowance, begun_at: float
) -> Outcome:
    """Run something until it waits for nothing any more.

    Args:
        run: Runs it once, with the answers that are known, within the allowance.
        memo: Gets the answers.
        hosts: Gives them.
        allowance: Of time for all of it.
        begun_at: What time it was for the script when it began, in seconds since the epoch.

    Raises:
        TimeoutError: It takes too long.
    """
    while (came := await run(memo)).kind == "pending":
        name, arguments = (str(value) for value in came.values)
        before = allowance.left
        async with allowance.spent():
            answer = await hosts.call(name, arguments)
        took = before - allowance.left
        memo.add(ScriptHostCall(name, arguments, answer, took), begun_at + allowance.used)
    return came
