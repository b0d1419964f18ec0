"""On which line of a text a value stands. Worked out only when somebody asks."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, Protocol, final

import yaml

type _Place = tuple[str | int, ...]

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SCALAR: Final = re.compile(r"[^ \t\n\r,\]}]+")


class Positions(Protocol):
    """Lines of one document's values."""

    def line_of(self, pointer: str) -> int:
        """The line, counted from 1, on which the value at an RFC 6901 pointer begins.

        Of a place that is not there, the line of the nearest one above it. Never raises.
        """
        ...


def parts_of(pointer: str) -> tuple[str, ...]:
    """The unescaped parts of a JSON Pointer."""
    if not pointer:
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


@final
class JsonPositions:
    """Lines of a JSON text that was read before."""

    __slots__ = ("_lines", "_text")

    def __init__(self, text: str) -> None:
        self._text: Final = text
        self._lines: dict[tuple[str, ...], int] | None = None

    def line_of(self, pointer: str) -> int:
        """See ``Positions``."""
        if self._lines is None:
            # Of equal keys the last one stays, as it does in the value.
            self._lines = {tuple(map(str, place)): line for place, line in _values(self._text)}
        place = parts_of(pointer)
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)


def duplicate_keys(text: str) -> Iterator[tuple[_Place, int, int]]:
    """Every key that its object has already, in a JSON text that was read before.

    Yields:
        Its place, its line, and the line of the one before.
    """
    # For each object or list under way, the outermost first: on which line its keys stand.
    levels: list[dict[str | int, int]] = [{}]
    for place, line in _values(text):
        if place:
            siblings, key = levels[len(place)], place[-1]
            if key in siblings and isinstance(key, str):
                yield place, line, siblings[key]
            siblings[key] = line
        del levels[len(place) + 1 :]
        levels.append({})


def _values(text: str) -> Iterator[tuple[_Place, int]]:
    """Place and line of every value, outer ones first. The text is JSON; nothing is checked again."""
    breaks = [found.start() for found in re.finditer("\n", text)]
    at = 0
    # What is open: the key or index under way in each object and list.
    stack: list[str | int] = []
    while True:
        at = _after_space(text, at)
        yield tuple(stack), bisect_right(breaks, at) + 1
        opener = text[at]
        if opener in "{[":
            inside = _after_space(text, at + 1)
            if text[inside] not in "}]":
                if opener == "{":
                    key, at = _key(text, inside)
                    stack.append(key)
                else:
                    at = inside
                    stack.append(0)
                continue
            at = inside + 1
        elif opener == '"':
            at = scanstring(text, at + 1)[1]
        else:
            found = _SCALAR.match(text, at)
            at = at + 1 if found is None else found.end()
        # A value has ended: so do the objects and lists that end with it.
        while stack:
            at = _after_space(text, at)
            if text[at] == ",":
                top = stack.pop()
                if isinstance(top, int):
                    stack.append(top + 1)
                    at += 1
                else:
                    key, at = _key(text, _after_space(text, at + 1))
                    stack.append(key)
                break
            stack.pop()
            at += 1
        else:
            return


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _key(text: str, at: int) -> tuple[str, int]:
    """The key whose quote is at ``at``, and where its value may begin."""
    key, end = scanstring(text, at + 1)
    return key, _after_space(text, end) + 1


@final
class YamlPositions:
    """Lines of a composed YAML document."""

    __slots__ = ("_root",)

    def __init__(self, root: Any) -> None:
        self._root: Final = root

    def line_of(self, pointer: str) -> int:
        """See ``Positions``."""
        node = self._root
        for part in parts_of(pointer):
            inner = _child(node, part)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1


def _child(node: Any, part: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        index = int(part) if part.isdecimal() else len(node.value)
        return node.value[index] if index < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    merged = None
    for key, value in reversed(node.value):
        if key.value == part:
            return value
        if key.value == "<<":
            several = value.value if isinstance(value, yaml.SequenceNode) else [value]
            merged = merged or next((found for one in several if (found := _child(one, part)) is not None), None)
    return merged
