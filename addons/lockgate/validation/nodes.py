"""Compiled schemas, and the run of one value through them."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from enum import Enum
from typing import Any, Final, final

from jsonschema.exceptions import ValidationError

MAX_DEPTH: Final = 160
"""Schemas within one another that one value may pass: a level of the value is one, and each combinator adds one."""
MAX_STEPS: Final = 2_000_000
"""Of one run; a step is one to three microseconds."""
INLINE_STEPS: Final = 2_000
"""Of a run on the event loop, where several requests may come at once."""

_SEARCH_ON_LOOP: Final = 200
"""Characters of a text times instructions of a pattern in one step, at worst."""
_SEARCH_IN_THREAD: Final = 5_000
"""As a rule. Other threads go on while RE2 searches."""
_PART_OF_A_TEXT: Final = 16
"""Characters of a default that count as one step: they are written out again and again."""

MISSING: Final = object()
"""Stands for a property that is not there."""


class TooComplexError(Exception):
    """A value that takes more steps to judge than are allowed. It was not judged, so it must not pass."""

    def __init__(self) -> None:
        super().__init__("the value takes too long to be validated")


class TooDeepError(Exception):
    """A value that is nested deeper than ``MAX_DEPTH``."""


class Direction(Enum):
    """Which way the message goes."""

    REQUEST = "request"
    """Defaults are filled in, and ``readOnly`` properties are refused."""
    RESPONSE = "response"
    """``writeOnly`` properties are refused."""


@final
class Node:
    """A schema, compiled. The compiler fills it in; then it does not change."""

    __slots__ = ("children", "default", "inplace", "judge", "keywords", "nullable", "place", "read_only", "write_only")

    place: str
    """RFC 6901 JSON Pointer from the root of the document."""
    keywords: dict[str, Any]
    """What is checked, in order; values as ``keywords`` has them."""
    judge: Callable[[Any], Iterator[ValidationError]]
    """The errors of a value, lazily."""
    nullable: bool
    """Null passes without further checks (OpenAPI 3.0)."""
    read_only: bool
    write_only: bool
    default: object
    """None where there is none."""
    inplace: list["Node"]
    """Schemas of the same value: branches of combinators, what ``$ref`` leads to."""
    children: list["Node"]
    """Schemas of parts of the value."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.keywords = {}
        self.nullable = False
        self.read_only = False
        self.write_only = False
        self.default = None
        self.inplace = []
        self.children = []


def reachable(start: Node) -> list[Node]:
    """A node and all that its values can come to, each once."""
    seen = {id(start)}
    found = [start]
    for node in found:
        for other in (*node.inplace, *node.children):
            if id(other) not in seen:
                seen.add(id(other))
                found.append(other)
    return found


def copied(value: object) -> object:
    """JSON with lists and objects of its own, however deep."""
    top: list[object] = [value]
    left: list[Any] = [top]
    while left:
        holder = left.pop()
        for key, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(item, dict | list):
                holder[key] = mine = item.copy()
                left.append(mine)
    return top[0]


def parts(value: object) -> int:
    """How many values a value is made of, itself counted."""
    count = 1
    left = [value]
    while left:
        holder = left.pop()
        items = holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list) else ()
        count += len(items)
        left.extend(item for item in items if isinstance(item, dict | list))
    return count


def _size(value: object) -> int:
    """About how much a value is, written out."""
    size = 0
    left = [value]
    while left:
        part = left.pop()
        size += 1
        if isinstance(part, str):
            size += len(part) // _PART_OF_A_TEXT
        elif isinstance(part, dict):
            left += part
            left += part.values()
        elif isinstance(part, list):
            left += part
    return size


type _Change = tuple[dict[str, Any], str, object, object]
"""An object, a name, what was there or MISSING, and what is there now."""


@final
class Run:
    """One value on its way through a schema."""

    __slots__ = ("_changes", "_depth", "_search_size", "_steps", "direction", "fills")

    def __init__(self, direction: Direction, steps: int, *, fills: bool) -> None:
        self.direction: Final = direction
        self.fills: Final = fills
        """Whether defaults are written into the value."""
        self._steps = steps
        self._search_size = _SEARCH_ON_LOOP if steps <= INLINE_STEPS else _SEARCH_IN_THREAD
        self._depth = 0
        self._changes: list[_Change] = []

    def first_error(self, node: Node, value: object) -> ValidationError | None:
        """What is wrong with a value first; None when it passes.

        Raises:
            TooComplexError: No steps are left.
            TooDeepError: The value is nested too deeply.
        """
        if value is None and node.nullable:
            return None
        self._steps -= 1
        if self._steps < 0:
            raise TooComplexError
        if self._depth >= MAX_DEPTH:
            raise TooDeepError
        self._depth += 1
        error = next(node.judge(value), None)
        self._depth -= 1
        return error

    def passes(self, node: Node, value: object) -> bool:
        """Whether a value passes; defaults that were filled in to see that are taken out again."""
        mark = len(self._changes)
        error = self.first_error(node, value)
        self.undo(mark)
        return error is None

    def charge(self, steps: int) -> None:
        """Count work that is more than a visit.

        Raises:
            TooComplexError: No steps are left.
        """
        self._steps -= steps
        if self._steps < 0:
            raise TooComplexError

    def charge_search(self, characters: int, instructions: int) -> None:
        """Count a search for a pattern.

        Raises:
            TooComplexError: No steps are left.
        """
        self.charge(characters * instructions // self._search_size)

    # ── defaults ──

    @property
    def changed(self) -> bool:
        """Whether defaults were written into the value."""
        return bool(self._changes)

    @property
    def mark(self) -> int:
        """Stands for the state of the value now."""
        return len(self._changes)

    def fill(self, holder: dict[str, Any], name: str, default: object) -> None:
        """Write a default into an object of the value.

        Raises:
            TooComplexError: No steps are left.
        """
        self.charge(_size(default))
        new = copied(default)
        self._changes.append((holder, name, holder.get(name, MISSING), new))
        holder[name] = new

    def undo(self, mark: int) -> list[_Change]:
        """Take the value back to the state at ``mark``; gives what ``redo`` takes."""
        undone = self._changes[mark:]
        del self._changes[mark:]
        for holder, name, old, _ in reversed(undone):
            if old is MISSING:
                del holder[name]
            else:
                holder[name] = old
        return undone

    def redo(self, changes: list[_Change]) -> None:
        """Write again what was undone."""
        for holder, name, _, new in changes:
            holder[name] = new
        self._changes += changes


RUN: Final[ContextVar[Run]] = ContextVar("lockgate.validation.run")
"""The run that keywords take part in. The library calls them and has no place for it."""
