"""The JavaScript of one API, and whether V8 can parse it.

What a source may do at its top: anything that it may do in a call. It is run again for each call, on a clean slate and
with what it learned the first time: the same time of day, the same random numbers, the same answers of the gateway. So
what it leaves in its globals is there for every call, and what a call changes is gone afterwards. A source that throws
at its top keeps what it declared and did until then; the API's other sources are loaded all the same.
"""

import asyncio
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final

from lockgate.scripting import v8

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

_PREFIX: Final = "throw 0;"
"""Parsed with a source, and run in its place."""
_EVALUATE: Final = "evaluate_4e0c1f5b"
"""A source may declare a function ``eval``; it is not to replace the one that parses the next source."""
_NO_PLACE: Final = (1, 1)
_MOST_REMEMBERED: Final = 512
_LONGEST_MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Program:
    """All sources of one API."""

    owner: str
    """Id of the API. Programs of two APIs never share anything, however equal they are."""
    sources: tuple[tuple[str, str], ...]
    """Name and text of each source, in load order. The name is shown to people: the file, or the endpoint."""
    keeps: bool = False
    """Its scripts have the functions ``TykStorage…``, which the drivers ``javascript`` and ``goja`` have."""
    digest: str = field(init=False)
    """SHA-256 over all of it, in hexadecimal."""

    def __post_init__(self) -> None:
        parts = json.dumps([self.owner, self.sources, *(["keeps"] if self.keeps else ())])
        object.__setattr__(self, "digest", hashlib.sha256(parts.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Fault:
    """Why V8 cannot parse a source."""

    message: str
    """As V8 has it: ``Unexpected token ';'``."""
    line: int
    """From 1."""
    column: int
    """From 1, in UTF-16 units."""


@lru_cache(maxsize=_MOST_REMEMBERED)
def check(source: str) -> Fault | None:
    """Why V8 cannot parse a source; None where it can. Nothing of the source is run.

    It starts a V8 of its own and ends it: about 10 ms. With many sources, use a ``Checker``.
    """
    with Checker() as checker:
        return checker.check(source)


@final
class Checker:
    """Checks sources one after the other in one V8, which starts with the first of them. Any thread may use it."""

    def __init__(self) -> None:
        self._isolate: _Parser | None = None

    def __enter__(self) -> "Checker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, source: str) -> Fault | None:
        """Why V8 cannot parse a source; None where it can."""
        if self._isolate is None:
            self._isolate = _Parser()
        return self._isolate.check(source)

    def close(self) -> None:
        """End V8. A source that is checked afterwards starts another one."""
        if self._isolate is not None:
            self._isolate.close()
            self._isolate = None


@final
class _Parser:
    """A V8 in a thread of its own: whoever asks may be in an event loop, and V8 has to have one."""

    def __init__(self) -> None:
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="lockgate-parse")
        self._runner: Final = asyncio.Runner()
        self._thread.submit(self._open).result()

    def check(self, source: str) -> Fault | None:
        """What is wrong with a source."""
        return self._thread.submit(self._check, source).result()

    def close(self) -> None:
        """End it."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _open(self) -> None:
        self._runner.run(self._start())

    async def _start(self) -> None:
        v8.start()
        from py_mini_racer import mini_racer

        self._context: AbstractContextManager[MiniRacer] = mini_racer()
        self._v8: MiniRacer = self._context.__enter__()
        await self._v8.eval_cancelable(f"const {_EVALUATE} = eval; 0")

    def _check(self, source: str) -> Fault | None:
        return self._runner.run(self._parse(source))

    async def _parse(self, source: str) -> Fault | None:
        from py_mini_racer import JSEvalException

        # As a text that is evaluated: what a script declares by `let` would be there for the next one.
        try:
            await self._v8.eval_cancelable(f"{_EVALUATE}({json.dumps(_PREFIX + source)})")
        except JSEvalException as error:
            return _fault(str(error))
        return None

    def _close(self) -> None:
        self._context.__exit__(None, None, None)
        self._runner.close()


def _fault(report: str) -> Fault | None:
    """What V8 reports, as ``undefined:1: SyntaxError: Unexpected token``, the line, and marks below the place."""
    lines = report.split("\n")
    place, _, message = lines[0].partition(": ")
    kind, colon, detail = message.partition(": ")
    if not colon or not kind.endswith("Error"):
        return None  # the source was parsed, and the prefix thrown
    number = place.rpartition(":")[2]
    marks = lines[2] if len(lines) > 2 else ""  # noqa: PLR2004 - the third line
    line, column = (int(number), marks.find("^") + 1) if number.isdigit() and "^" in marks else _NO_PLACE
    if line == 1:
        column = max(1, column - len(_PREFIX))
    text = detail if kind == "SyntaxError" else message
    return Fault(text[:_LONGEST_MESSAGE], max(1, line), column)
