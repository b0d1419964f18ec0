"""Compiled schemas of ``validate_json``, and the run of one value through them.

Source: gojsonschema 1.2.0, validation.go, result.go.
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, Final, final

from jsonschema.exceptions import ValidationError

from lockgate.documents.numbers import Number

MAX_DEPTH: Final = 150
"""Schemas within one another that one value may pass: a level of the value is one, and each combinator adds one."""
MAX_STEPS: Final = 300_000
"""Of one run; a step is one to five microseconds."""
INLINE_STEPS: Final = 2_000
"""Of a run on the event loop, where several requests may come at once."""

_SEARCH_ON_LOOP: Final = 200
"""Characters of a text times instructions of a pattern in one step, at worst."""
_SEARCH_IN_THREAD: Final = 5_000
"""As a rule. Other threads go on while RE2 searches."""
_STEPS_PER_VIOLATION: Final = 20
"""Also so that there are not too many of them."""

KINDS: Final[tuple[type, ...]] = (type(None), bool, Number, str, list, dict)
"""Python types of JSON values."""

NOTHING: Final[list[ValidationError]] = []


class TooComplexError(Exception):
    """A value that takes more steps to judge than are allowed. It was not judged, so it must not pass."""


# How well a value fits is told by what was checked, whatever came of it.
_SCORES: Final[dict[type, int]] = {type(None): 3, bool: 3, Number: 4, str: 4, list: 4, dict: 4}


@final
class Node:
    """A schema, compiled. The compiler fills it in; then it does not change."""

    __slots__ = ("children", "inplace", "judges", "keywords", "target", "types", "verdict")

    verdict: bool | None
    """Of a schema that is ``true`` or ``false``."""
    target: "Node | None"
    """What ``$ref`` leads to: then nothing else counts."""
    types: tuple[str, ...]
    """() allows every type."""
    keywords: dict[str, Any]
    """By name; values as ``classic_keywords`` has them."""
    judges: dict[type, Callable[[Any], Iterator[ValidationError]]]
    """What checks values of a kind; without one there is nothing to check."""
    inplace: list["Node"]
    """Schemas of the same value."""
    children: list["Node"]
    """Schemas of parts of the value."""

    def __init__(self) -> None:
        self.verdict = None
        self.target = None
        self.types = ()
        self.keywords = {}
        self.judges = {}
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


@final
class Run:
    """One value on its way through a schema."""

    __slots__ = ("_depth", "_search_size", "_steps", "path", "score")

    def __init__(self, steps: int) -> None:
        self.path: Final[list[str]] = []
        """Of the part under way."""
        self.score = 0
        """How well the value fits so far."""
        self._steps = steps
        self._search_size = _SEARCH_ON_LOOP if steps <= INLINE_STEPS else _SEARCH_IN_THREAD
        self._depth = 0

    def visit(self, node: Node, value: object) -> list[ValidationError]:
        """What is wrong with a value; its score is added.

        Raises:
            TooComplexError: No steps are left, or the value is nested too deeply.
        """
        while node.target is not None:
            node = node.target
        kind = type(value)
        self._steps -= 1
        if self._steps < 0:
            raise TooComplexError
        judge = node.judges.get(kind)
        if judge is None:
            if node.verdict is None:
                self.score += _SCORES[kind]
            return NOTHING
        if self._depth >= MAX_DEPTH:
            raise TooComplexError
        self._depth += 1
        found = judge(value)
        first = next(found, None)
        if first is not None and first.schema_path[0] in _FIRST:
            errors = [first]
        else:
            errors = NOTHING if first is None else [first, *found]
            self._steps -= len(errors)
            self.score += _SCORES[kind]
        self._depth -= 1
        return errors

    def visit_part(self, node: Node, value: object, name: str) -> list[ValidationError]:
        """``visit`` for a part of the value."""
        self.path.append(name)
        errors = self.visit(node, value)
        self.path.pop()
        return errors

    def visit_apart(self, node: Node, value: object) -> tuple[list[ValidationError], int]:
        """``visit`` with a score of its own."""
        before, self.score = self.score, 0
        errors = self.visit(node, value)
        score, self.score = self.score, before
        return errors, score

    def fail(self, description: str) -> ValidationError:
        """A violation of the part under way."""
        self.score -= 2
        self.charge(_STEPS_PER_VIOLATION + len(self.path) // 10)
        return ValidationError(description, path=tuple(self.path))

    @property
    def field(self) -> str:
        """Name of the part under way: "a.0.b", "(root)"."""
        return ".".join(self.path) if self.path else ROOT

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


ROOT: Final = "(root)"
"""Stands for the whole value."""

# What these keywords refuse is not looked at any further.
_FIRST: Final = frozenset({"type", "false"})


def described(error: ValidationError) -> str:
    """A violation with its place: "a.0: b is required"."""
    path: Iterable[Any] = error.path
    field = ".".join(path) if error.path else ROOT
    return f"{field}: {error.message}"


RUN: Final[ContextVar[Run]] = ContextVar("lockgate.validation.classic")
"""The run that keywords take part in. The library calls them and has no place for it."""
