"""Formats of strings that are checked: byte, date and date-time. Others are not.

Dates are read as Go's time.Parse reads them, with its texts.

Source: behaviour-chain 4.8; Go, time/format.go (Parse, ParseError).
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Final

from lockgate.routing.pattern import Regex, compile_regex
from lockgate.validation.texts import LONGEST_QUOTED, shortened

type Check = Callable[[str], str]
"""Gives why a text does not have a format; "" if it has."""

_BYTE_PATTERN: Final = r"(^$|^[a-zA-Z0-9+/\-_]*=*$)"
_BYTE: Final = compile_regex(_BYTE_PATTERN)


def found(regex: Regex, text: str) -> bool:
    """Whether a pattern is found in a text; half a surrogate pair counts as U+FFFD."""
    try:
        return regex.search(text) is not None
    except UnicodeEncodeError:
        return regex.search(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")) is not None


def _byte(text: str) -> str:
    return "" if found(_BYTE, text) else f'string doesn\'t match pattern "{_BYTE_PATTERN}"'


_DATE: Final = ("2006", "-", "01", "-", "02")
_DATE_TIME: Final = (*_DATE, "T", "15", ":", "04", ":", "05", "Z07:00")


class _Unreadable(Exception):  # noqa: N818 - it never leaves this module
    """A part of a date that is not as its layout has it."""


class _OutOfRange(Exception):  # noqa: N818 - it never leaves this module
    """A part of a date that is too large or too small. Its argument is the part's name."""


def _is_digit(text: str, index: int) -> bool:
    return "0" <= text[index : index + 1] <= "9"


def _number(text: str, *, two_digits: bool = True) -> tuple[int, str]:
    """One or two digits at the start, and the rest."""
    if not _is_digit(text, 0):
        raise _Unreadable
    if not _is_digit(text, 1):
        if two_digits:
            raise _Unreadable
        return int(text[0]), text[1:]
    return int(text[:2]), text[2:]


def _within(name: str, first: int, last: int, text: str, *, two_digits: bool = True) -> tuple[int, str]:
    number, rest = _number(text, two_digits=two_digits)
    if not first <= number <= last:
        raise _OutOfRange(name)
    return number, rest


def _year(text: str) -> tuple[int, str]:
    digits = text[:4]
    if not (len(digits) == len("2006") and digits.isascii() and digits.isdigit()):
        raise _Unreadable
    return int(digits), text[4:]


def _second(text: str) -> tuple[int, str]:
    """Also takes a fraction, which the layout does not have."""
    number, rest = _within("second", 0, 59, text)
    if rest[:1] in (".", ",") and _is_digit(rest, 1):
        rest = rest[1:].lstrip("0123456789")
    return number, rest


def _zone(text: str) -> tuple[int, str]:
    if text[:1] == "Z":
        return 0, text[1:]
    if len(text) < len("+07:00") or text[3] != ":":
        raise _Unreadable
    hours, _ = _number(text[1:3])
    minutes, _ = _number(text[4:6])
    # Go lets whole days and hours pass.
    if hours > 24:  # noqa: PLR2004
        raise _OutOfRange("time zone offset hour")
    if minutes > 60:  # noqa: PLR2004
        raise _OutOfRange("time zone offset minute")
    if text[0] not in "+-":
        raise _Unreadable
    return 0, text[6:]


_PARTS: Final[Mapping[str, Callable[[str], tuple[int, str]]]] = {
    "2006": _year,
    "01": lambda text: _within("month", 1, 12, text),
    "02": _number,
    "15": lambda text: _within("hour", 0, 23, text, two_digits=False),
    "04": lambda text: _within("minute", 0, 59, text),
    "05": _second,
    "Z07:00": _zone,
}


def _time(text: str, layout: tuple[str, ...]) -> str:
    """Why ``text`` is no time; "" if it is."""
    rest = text
    found: dict[str, int] = {}
    for element in layout:
        read = _PARTS.get(element)
        try:
            if read is not None:
                found[element], rest = read(rest)
            elif rest.startswith(element):
                rest = rest[len(element) :]
            else:
                raise _Unreadable
        except _OutOfRange as error:
            return f"parsing time {_quoted(text)}: {error} out of range"
        except _Unreadable:
            wanted = "".join(layout)
            return f'parsing time {_quoted(text)} as "{wanted}": cannot parse {_quoted(rest)} as "{element}"'
    if rest:
        return f"parsing time {_quoted(text)}: extra text: {_quoted(rest)}"
    if not 1 <= found["02"] <= _days(found["2006"], found["01"]):
        return f"parsing time {_quoted(text)}: day out of range"
    return ""


def _days(year: int, month: int) -> int:
    # The calendar repeats after 400 years; Python's has no year 0.
    return monthrange(year % 400 + 400, month)[1]


def _quoted(text: str) -> str:
    if len(text) <= LONGEST_QUOTED and text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_quoted_character, shortened(text, LONGEST_QUOTED))) + '"'


def _quoted_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if " " <= character <= "\x7f":
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "replace"))


STRING_FORMATS: Final[Mapping[str, Check]] = {
    "byte": _byte,
    "date": lambda text: _time(text, _DATE),
    "date-time": lambda text: _time(text, _DATE_TIME),
}
"""By name."""

INTEGER_FORMATS: Final[Mapping[str, tuple[int, int]]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
"""By name: the least and the greatest integer."""
