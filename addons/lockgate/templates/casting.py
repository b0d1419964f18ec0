"""Values as numbers, however little they look like one: what sprig's functions make of their arguments.

Source: spf13/cast 1.7.0, caste.go (ToInt64E, ToFloat64E); Go 1.26, strconv (ParseInt, ParseFloat).
"""

import re
from math import isinf
from typing import Final

from lockgate.templates.values import GoObject

LARGEST_INT64: Final = (1 << 63) - 1
SMALLEST_INT64: Final = -(1 << 63)
_INTEGER: Final = re.compile(r"[0-9A-Za-z_]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_PREFIXES: Final = {"0x": 16, "0b": 2, "0o": 8}
_MOST_DIGITS: Final = 64
_FLOAT: Final = re.compile(r"[+-]?+(?:[0-9][0-9_]*+\.?+[0-9_]*+|\.[0-9][0-9_]*+)(?:[eE][+-]?+[0-9][0-9_]*+)?+")
_WORD: Final = re.compile(r"[+-]?+inf(?:inity)?+|nan", re.IGNORECASE)
_HEXADECIMAL: Final = re.compile(
    r"[+-]?+0[xX](?=_?\.?[0-9a-fA-F])(?:_?[0-9a-fA-F]++)*+\.?+(?:[0-9a-fA-F]++(?:_[0-9a-fA-F]++)*+)?+"
    r"[pP][+-]?+[0-9]++(?:_[0-9]++)*+"
)
# Types of integers that have a name of their own, and are taken for numbers all the same.
_NAMED_INTEGERS: Final = frozenset({"time.Month", "time.Weekday"})


def to_int64(value: object) -> int:
    """A value as int64: floats lose their fraction, texts are integers with a prefix that names their base; else 0.

    A float beyond int64 is the smallest int64, as on the processors that the gateway runs on.
    """
    if isinstance(value, float):
        return int(value) if SMALLEST_INT64 <= value < -SMALLEST_INT64 else SMALLEST_INT64
    if isinstance(value, int):
        # All but uint64 hold less.
        return (int(value) - SMALLEST_INT64) % (1 << 64) + SMALLEST_INT64
    if isinstance(value, str):
        number = parse_integer(_without_zero_fraction(value), base=0)
        return number if number is not None and SMALLEST_INT64 <= number <= LARGEST_INT64 else 0
    return _named_integer(value)


def to_float64(value: object) -> float:
    """A value as float64: texts are decimal or hexadecimal floats; else 0."""
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, str):
        number = parse_float(value)
        return 0.0 if number is None else number
    return float(_named_integer(value))


def parse_integer(text: str, *, base: int) -> int | None:
    """The integer that a text is.

    Args:
        text: Digits with a sign, if any.
        base: 0: its prefix says, and underscores may stand between digits.

    Returns:
        It; one beyond 64 digits as the first number beyond int64. None: it is no integer.
    """
    body = text[1:] if text[:1] in {"+", "-"} else text
    pattern = _DIGITS if base else _INTEGER
    if pattern.fullmatch(body) is None:
        return None
    if not base:
        base = 8 if body[0] == "0" else 10
        if len(body) > len("0x"):
            base = _PREFIXES.get(body[:2].lower(), base)
    if len(body) > _MOST_DIGITS:
        prefix = body[:2] if body[:2].lower() in _PREFIXES else ""
        digits = _shortened(body.removeprefix(prefix), base)
        if digits is None:
            return None
        body = prefix + digits
    try:
        number = int(body, base)
    except ValueError:
        return None
    return -number if text[0] == "-" else number


def _shortened(body: str, base: int) -> str | None:
    """Many digits without the zeros in front, and never so many that reading them takes long."""
    if "__" in body or body[-1] == "_":
        return None
    digits = body.replace("_", "").lstrip("0") or "0"
    if len(digits) <= _MOST_DIGITS:
        return digits
    allowed = "0123456789abcdef"[:base]
    return None if digits.lower().strip(allowed) else f"1{'0' * _MOST_DIGITS}"


def parse_float(text: str) -> float | None:
    """The float that a text is; None: it is none, or float64 does not hold it."""
    if _FLOAT.fullmatch(text) is not None:
        try:
            number = float(text)
        except ValueError:
            return None
        return None if isinf(number) else number
    if _WORD.fullmatch(text) is not None:
        return float(text)
    if _HEXADECIMAL.fullmatch(text) is None:
        return None
    try:
        return float.fromhex(text.replace("_", ""))
    except OverflowError:
        return None


def _without_zero_fraction(text: str) -> str:
    """``12.00`` as ``12``; what stands behind the point must be zeros, and points behind them."""
    if "." not in text:
        return text
    without_points = text.rstrip(".")
    without_zeros = without_points.rstrip("0")
    if len(without_zeros) < len(without_points) and without_zeros[-1:] == ".":
        return without_zeros[:-1]
    return text


def _named_integer(value: object) -> int:
    if isinstance(value, GoObject) and value.go_type in _NAMED_INTEGERS:
        return value.integer() or 0
    return 0
