"""A call of a script, engine aside: load once, run and replay, and what came of it."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockgate.scripting.frames import clean, script_error, told
from lockgate.scripting.replay import Allowance, Memo, Outcome, replayed
from lockgate.services import (
    HostCalls,
    ScriptCall,
    ScriptError,
    ScriptErrorKind,
    ScriptLine,
    ScriptProgram,
    ScriptResult,
    ServiceError,
)

LOADING_SECONDS: Final = 10.0
"""After which a call fails that waits for another one to load the sources."""


_LEAVES: Final = ("async", "eval", "Function")
"""Words of sources that may leave something to do behind: what does not end is the fault of the call that left it, and
what it changes is to be put back. (To make an ``async`` function without any of them takes intent, and costs one's own API
a call.)"""


class OutOfMemoryError(Exception):
    """A script needs more memory than it may have."""


class BrokenError(Exception):
    """A run ended in a way that only the engine itself can bring about."""


@dataclass(frozen=True, slots=True)
class _Load:
    """How the load of an API's sources went, the first time."""

    now: float
    """In seconds since the epoch."""
    seed: int
    memo: Memo

    @property
    def code(self) -> str:
        """As arguments in JavaScript."""
        return f"{_milliseconds(self.now)},{self.seed},{self.memo.literal}"


class Calls(ABC):
    """Calls of one program's functions."""

    def __init__(self, program: ScriptProgram) -> None:
        self.owner: Final = program.owner
        self.digest: Final = program.digest
        self.names: Final = tuple(name for name, _ in program.sources)
        self.texts: Final = tuple(text for _, text in program.sources)
        self.keeps: Final = program.keeps
        self.tidies: Final = not any(word in text for text in self.texts for word in _LEAVES)
        """Whether calls put everything back behind their outcome, so that nobody waits for it."""
        self.widths: Sequence[int] = ()
        """Characters that the engine puts before the first line of each source."""
        self.settling = ""
        """How the load went, for an engine that did not see it, as JavaScript; "" before there was one."""
        self._loading: Final = asyncio.Lock()

    @abstractmethod
    async def round(self, code: str, allowance: Allowance) -> Outcome:
        """One run, by an engine that has the sources and knows ``settling``.

        Args:
            code: A call of one of ``runner.js``'s functions.
            allowance: What it may take.

        Raises:
            TimeoutError: It takes too long.
            OutOfMemoryError: It needs too much memory.
            BrokenError: The engine failed.
            ServiceError: There is no engine, or too many calls wait.
        """

    async def call(self, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of one call.

        Raises:
            ServiceError: There is no engine, or too many calls wait.
        """
        allowance, memo = Allowance(call.seconds), Memo()
        log: tuple[ScriptLine, ...] = ()
        text: str | None = None
        error: ScriptError | None
        try:
            log = await self._load(call, hosts, allowance)
            head, tail = _call_parts(call, tidies=self.tidies)
            came = await replayed(
                lambda known: self.round(f"{head}{known.literal}{tail}", allowance),
                memo,
                hosts,
                allowance,
                call.now or 0.0,
            )
            text, error, logged = _read(came, self)
            log += logged
        except TimeoutError:
            error = ScriptError("timeout", f"it takes more than {call.seconds:g} s")
        except OutOfMemoryError:
            error = ScriptError("memory", "it needs more memory than a script may have")
        except BrokenError as broken:
            error = ScriptError("exception", str(broken))
        return ScriptResult(text, error, log, tuple(memo.calls), allowance.used)

    async def _load(self, call: ScriptCall, hosts: HostCalls, allowance: Allowance) -> tuple[ScriptLine, ...]:
        """Load the sources, if nobody did. What they logged, for whoever did."""
        if self._is_loaded():
            return ()
        try:
            async with asyncio.timeout(LOADING_SECONDS):
                await self._loading.acquire()
        except TimeoutError:
            why = f"it waited for more than {LOADING_SECONDS:g} s for the API's scripts to be loaded"
            raise ServiceError(why) from None
        try:
            return () if self._is_loaded() else await self._load_first(call, hosts, allowance)
        finally:
            self._loading.release()

    def _is_loaded(self) -> bool:
        return self.settling != ""

    async def _load_first(self, call: ScriptCall, hosts: HostCalls, allowance: Allowance) -> tuple[ScriptLine, ...]:
        load = _Load(call.now or 0.0, call.seed or 0, Memo())
        came = await replayed(
            lambda _: self.round(f"load({load.code},{call.most_calls})", allowance),
            load.memo,
            hosts,
            allowance,
            load.now,
        )
        self.settling = f"settle({load.code})"
        return _load_lines(came, self)


_KINDS: Final[Mapping[str, ScriptErrorKind]] = {
    "memory": "memory", "too-many-calls": "too-many-calls", "unsteady": "unsteady",
}  # fmt: skip
"""Of errors that the engine's own JavaScript finds."""


def _call_parts(call: ScriptCall, *, tidies: bool) -> tuple[str, str]:
    """A call in JavaScript: what stands before the answers that are known, and what behind them."""
    arguments = ",".join(map(json.dumps, call.arguments))
    seed, now = call.seed or 0, _milliseconds(call.now or 0.0)
    return (
        f"call({json.dumps(call.kind)},{json.dumps(call.name)},[{arguments}],{now},{seed},",
        f",{call.most_calls},{json.dumps(tidies)})",
    )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _read(came: Outcome, api: Calls) -> tuple[str | None, ScriptError | None, tuple[ScriptLine, ...]]:
    """Text, error and log of a call that is over."""
    match came.kind, came.values:
        case "text", [str() as text, log, _]:
            return clean(text), None, _lines(log, api)
        case "text", [None, log, _]:
            return None, None, _lines(log, api)
        case "thrown", [str() as description, log, _]:
            return None, script_error(clean(description), api.names, api.widths), _lines(log, api)
        case "error", [str() as kind, str() as message, log]:
            return None, ScriptError(_KINDS[kind], message), _lines(log, api)
    raise BrokenError("the engine said something else")


def _lines(log: object, api: Calls) -> tuple[ScriptLine, ...]:
    if not isinstance(log, list):
        return ()
    return tuple(ScriptLine(level, told(clean(text), api.names, api.widths)) for level, text in log)


def _load_lines(came: Outcome, api: Calls) -> tuple[ScriptLine, ...]:
    """What sources logged when they were loaded, and what they threw."""
    match came.kind, came.values:
        case "loaded", [None, log, [*failures]]:
            return (*_lines(log, api), *(_load_failure(failure, api) for failure in failures))
        case "error", [_, str() as message, log]:
            return (*_lines(log, api), ScriptLine("error", f"the scripts could not be loaded: {message}"))
    raise BrokenError("the engine said something else")


def _load_failure(failure: Any, api: Calls) -> ScriptLine:
    index, description = failure
    error = script_error(clean(description), api.names, api.widths)
    frame = error.stack.partition("\n")[0]
    return ScriptLine("error", f"{api.names[index]}: {error.message}{f' ({frame})' if frame else ''}")
