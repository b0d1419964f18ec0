"""Texts of requests as integers, numbers and booleans, and what is said of a text that is none.

Source: behaviour-chain 4.8, "More parameter facts".
"""

import re
from typing import Final, final

from lockgate.validation.layout import Layout

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_LONGEST_INTEGER: Final = 19

type Key = str | int


@final
class ReadingError(Exception):
    """A text that cannot be read as its schema asks."""

    def __init__(self, reason: str, path: tuple[Key, ...] = ()) -> None:
        super().__init__(reason)
        self.reason: Final = reason
        self.path: Final = path
        """Inner keys first, as the reference gateway has them."""

    def within(self, key: Key) -> "ReadingError":
        """The same, in a member of something."""
        return ReadingError(self.reason, (*self.path, key))

    def __str__(self) -> str:
        return f"path {'.'.join(map(str, self.path))}: {self.reason}" if self.path else self.reason


@final
class UnreadableError(Exception):
    """What cannot be read for a reason that is told without a place."""


def read_scalar(text: str, layout: Layout, shown: str | None = None) -> object:
    """A text as the first of a schema's types that it can be read as; a schema without type takes it as it is.

    Args:
        text: Decoded.
        layout: Of its schema.
        shown: The text as the client wrote it, for messages.

    Returns:
        None for an empty text.

    Raises:
        ReadingError: It is of none of the types.
    """
    if not text:
        return None
    if not layout.types:
        return text
    failure: ReadingError | None = None
    for kind in layout.types:
        try:
            return _read(text, kind, layout.format, text if shown is None else shown)
        except ReadingError as error:
            failure = error
    raise failure if failure is not None else ReadingError(f"value {text}: no type")


def _read(text: str, kind: str, form: str, shown: str) -> object:
    match kind:
        case "string":
            return text
        case "integer":
            return _integer(text, 31 if form == "int32" else 63, shown)
        case "number":
            return _number(text, shown)
        case "boolean":
            if text in _TRUE or text in _FALSE:
                return text in _TRUE
            raise ReadingError(f"value {shown}: an invalid boolean: invalid syntax")
    raise ReadingError(f"value {shown}: schema has non primitive type {kind}")


def _integer(text: str, bits: int, shown: str) -> int:
    # Differs: the reference gateway reads Go's notations, 0x10 and 1_000, and takes 010 for octal
    # (test_integers_are_decimal).
    if _INTEGER.fullmatch(text) is None:
        raise ReadingError(f"value {shown}: an invalid integer: invalid syntax")
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) if len(digits) <= _LONGEST_INTEGER else 1 << 64
    number = -number if text.startswith("-") else number
    if not -(1 << bits) <= number < 1 << bits:
        raise ReadingError(f"value {shown}: an invalid integer: value out of range")
    return number


def _number(text: str, shown: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        if _NOT_FINITE.fullmatch(text) is not None:
            return float(text)
        raise ReadingError(f"value {shown}: an invalid number: invalid syntax")
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ReadingError(f"value {shown}: an invalid number: value out of range")
    return number


def not_finite(value: object) -> str:
    """What is said of a value that holds NaN or an infinity; "" when it holds none."""
    left = [value]
    while left:
        one = left.pop()
        # What a document holds beyond float64 is a Number, and told by whoever judges it.
        if type(one) is float and one - one != 0:
            return f"floating point {'NaN' if one != one else 'Inf'} is not allowed"  # noqa: PLR0124
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.values()
    return ""
