"""Formats, read: what stands between their directives, and what each directive asks for.

Source: Go 1.26, fmt, print.go (doPrintf).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lockgate.templates.run import Run
from lockgate.templates.verbs import PLAIN, Style

LARGEST: Final = 1_000_000
"""Of a width or precision that an argument gives."""
_FLAGS: Final = re.compile(r"[#0+\- ]*+")
_LITERAL: Final = re.compile(r"[^%]++")
_DIGITS: Final = re.compile(r"[0-9]*+")
_NO_VERBS: Final = frozenset({"", "%"})
_PARSED_AT_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Index:
    """``[3]`` in a directive."""

    number: int
    """First is 0."""
    is_number: bool


@dataclass(frozen=True, slots=True)
class Directive:
    """``%`` and what belongs to it."""

    verb: str
    """"" where the format ends before it."""
    style: Style
    first: Index | None = None
    has_width_argument: bool = False
    second: Index | None = None
    """In front of a precision."""
    has_precision_argument: bool = False
    third: Index | None = None
    is_broken: bool = False
    """An index stands where none can stand."""
    is_simple: bool = False
    """A verb without width and precision, that takes the next argument."""

    @property
    def indexes(self) -> bool:
        """Whether it says which arguments it takes."""
        return self.first is not None or self.second is not None or self.third is not None


def parsed(text: str, run: Run | None) -> tuple[str | Directive, ...]:
    """The literal parts and the directives of a format, in their order.

    Args:
        text: The format.
        run: Counts a step for each directive of a long one; others are kept.

    Raises:
        LimitError: It is too much.
        TooLongError: It is too much for here.
    """
    return _kept(text) if len(text) <= _PARSED_AT_MOST else _parse(text, run)


@lru_cache(maxsize=256)
def _kept(text: str) -> tuple[str | Directive, ...]:
    return _parse(text, None)


def _parse(text: str, run: Run | None) -> tuple[str | Directive, ...]:
    found: list[str | Directive] = []
    reader = _Reader(text)
    position = 0
    while position < len(text):
        literal = _LITERAL.match(text, position)
        if literal is not None:
            found.append(literal[0])
            position = literal.end()
            continue
        if run is not None:
            run.step()
        directive, position = reader.directive(position + 1)
        found.append(directive)
    return tuple(found)


class _Reader:
    """Reads the directives of a format."""

    def __init__(self, text: str) -> None:
        self._text: Final = text
        self._last_bracket: Final = text.rfind("]")
        self._position = 0

    def directive(self, position: int) -> tuple[Directive, int]:
        """The directive behind a ``%``, and where it ends."""
        self._position = position
        flags = self._matched(_FLAGS)
        first = self._index()
        after_index = first is not None and first.is_number
        is_broken = False
        has_width_argument, width = self._size()
        if after_index and width is not None:
            is_broken = True
        after_index = after_index and not has_width_argument
        second, has_precision_argument, precision = None, False, None
        # A point that ends the format is its verb.
        if self._here() == "." and self._position + 1 < len(self._text):
            self._position += 1
            is_broken |= after_index
            second = self._index()
            after_index = second is not None and second.is_number
            has_precision_argument, precision = self._size()
            if has_precision_argument:
                after_index = False
            elif precision is None:
                precision = 0
        third = None if after_index else self._index()
        verb = self._verb()
        style = _style(flags, width, precision, verb)
        directive = Directive(verb, style, first, has_width_argument, second, has_precision_argument, third, is_broken)
        return directive, self._position

    def _verb(self) -> str:
        verb = self._here()
        self._position += 1
        # A byte that is no UTF-8 is named as what it decodes to.
        return "\ufffd" if "\udc80" <= verb <= "\udcff" else verb

    def _here(self) -> str:
        return self._text[self._position : self._position + 1]

    def _matched(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]

    def _size(self) -> tuple[bool, int | None]:
        """A width or precision: whether an argument gives it, and its number if it is one."""
        if self._here() == "*":
            self._position += 1
            return True, None
        digits = self._matched(_DIGITS)
        if not digits:
            return False, None
        number = _within_reason(digits)
        if number is None:
            # Go gives up on the rest of the format.
            self._position = len(self._text)
        return False, number

    def _index(self) -> Index | None:
        if self._here() != "[":
            return None
        end = self._text.find("]", self._position) if self._position < self._last_bracket else -1
        if end < 0 or len(self._text) - self._position < len("[1]"):
            self._position += 1
            return Index(-1, is_number=False)
        digits = self._text[self._position + 1 : end]
        self._position = end + 1
        number = _within_reason(digits) if digits.isascii() and digits.isdigit() else None
        return Index(-1, is_number=False) if number is None else Index(number - 1, is_number=True)


def _within_reason(digits: str) -> int | None:
    """A number; None where Go takes it for too large: one that is beyond a million before its last digit."""
    digits = digits.lstrip("0")
    if len(digits) > len(str(LARGEST)) + 1:
        return None
    number = int(digits or "0")
    return None if number // 10 > LARGEST else number


def _style(flags: str, width: int | None, precision: int | None, verb: str) -> Style:
    if not flags and width is None and precision is None:
        return PLAIN
    is_value = verb in {"v", "w"}
    plus, sharp = "+" in flags, "#" in flags
    return Style(
        width=width,
        precision=precision,
        minus="-" in flags,
        plus=plus and not is_value,
        sharp=sharp and not is_value,
        space=" " in flags,
        zero="0" in flags,
        names=plus and is_value,
        syntax=sharp and is_value,
    )
