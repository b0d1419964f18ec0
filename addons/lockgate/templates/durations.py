"""Lengths of time as Go writes and reads them: "1h2m3.5s".

Source: Go 1.26, time/time.go (Duration.format), time/format.go (ParseDuration).
"""

import re
from typing import Final

from lockgate.templates.errors import FunctionError
from lockgate.templates.values import to_bytes

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
LONGEST: Final = (1 << 63) - 1
SHORTEST: Final = -(1 << 63)

_UNITS: Final = {
    "ns": 1,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,
    "\u03bcs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]*)")
_QUOTED: Final = re.compile(r'["\\\x00-\x1f\x80-\xff]')
_SIZE: Final = 1 << 64
_MOST_DIGITS: Final = 21
_SHOWN: Final = 32
"""Digits behind a point, of which the last ones are far below a nanosecond of the longest unit."""


def print_duration(nanoseconds: int) -> str:
    """As Go prints a length of time."""
    sign = "-" if nanoseconds < 0 else ""
    rest = abs(nanoseconds)
    if rest == 0:
        return "0s"
    if rest < SECOND:
        for size, unit in ((MILLISECOND, "ms"), (MICROSECOND, "\u00b5s"), (1, "ns")):
            if rest >= size:
                return f"{sign}{_with_fraction(rest, size)}{unit}"
    minutes, rest = divmod(rest, MINUTE)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_with_fraction(rest, SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _with_fraction(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    if not rest:
        return str(whole)
    digits = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"


def parse_duration(text: str) -> int:
    """Nanoseconds of a length of time, within 64 bits.

    Raises:
        FunctionError: It is none, with Go's text.
    """
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return 0
    if not rest:
        raise _invalid(text)
    total = 0
    while rest:
        found = _PART.match(rest)
        if found is None or not (found[1] or found[2]):
            raise _invalid(text)
        rest = rest[found.end() :]
        total = (total + _nanoseconds(text, found[1], found[2] or "", found[3])) % _SIZE
        if total > 1 << 63:
            raise _invalid(text)
    if text.startswith("-"):
        return -total
    if total > LONGEST:
        raise _invalid(text)
    return total


def _nanoseconds(text: str, whole: str, fraction: str, name: str) -> int:
    value, _, is_whole = leading_number(whole)
    if not is_whole:
        raise _invalid(text)
    if not name:
        raise FunctionError(f"time: missing unit in duration {quote(text)}")
    unit = _UNITS.get(name)
    if unit is None:
        raise FunctionError(f"time: unknown unit {quote(name)} in duration {quote(text)}")
    if value > (1 << 63) // unit:
        raise _invalid(text)
    value *= unit
    behind, places = _leading_fraction(fraction)
    if behind:
        value += int(behind * (unit / float(10**places)))
        if value > 1 << 63:
            raise _invalid(text)
    return value


def leading_number(digits: str) -> tuple[int, str, bool]:
    """The number that a text begins with, 0 without one; what is behind it; and False where it is beyond 2**63."""
    rest = digits.lstrip("0123456789")
    count = len(digits) - len(rest)
    number = digits[:count].lstrip("0")
    # Only so many digits are looked at: a number of a million digits costs nothing.
    value = int(number[:_MOST_DIGITS] or "0")
    return value, rest, len(number) <= _MOST_DIGITS and value <= 1 << 63


def _leading_fraction(digits: str) -> tuple[int, int]:
    """As much of the digits behind a point as 63 bits hold, and how many digits that is."""
    zeros = len(digits) - len(digits.lstrip("0"))
    if zeros > _SHOWN:
        return 0, 0
    value = 0
    for count, digit in enumerate(digits[: zeros + _SHOWN]):
        more = value * 10 + int(digit)
        if value > LONGEST // 10 or more > 1 << 63:
            return value, count
        value = more
    return value, len(digits)


def quote(text: str) -> str:
    r"""A text in quotes as Go's package time does it: bytes that are not ASCII, and control characters, as \x0a."""
    return f'"{_QUOTED.sub(_escaped, to_bytes(text).decode("latin-1"))}"'


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character in '"\\' else f"\\x{ord(character):02x}"


def _invalid(text: str) -> FunctionError:
    return FunctionError(f"time: invalid duration {quote(text)}")
