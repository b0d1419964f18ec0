"""Dates written and read by an example: layouts as "2006-01-02T15:04:05Z07:00".

Texts are handled as bytes, as Go does, each one a character of Latin-1 here.

Source: Go 1.26, time/format.go.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lockgate.templates.civil import DAY, absolute_seconds, date_of, days_before, days_in, is_leap, weekday_of
from lockgate.templates.durations import leading_number, quote
from lockgate.templates.errors import FunctionError
from lockgate.templates.values import from_bytes, to_bytes
from lockgate.templates.zones import Span

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT_MONTHS: Final = tuple(name[:3] for name in MONTHS)
_SHORT_WEEKDAYS: Final = tuple(name[:3] for name in WEEKDAYS)

_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?![0-9])"
)
_NOON: Final = 12
_DAYS: Final = 365
_FIRST_OF_1900: Final = 69
"""Years of two digits, from this one on, are of the last century."""
_MOST_HOURS: Final = 23
_KEPT: Final = 200
"""Characters of a layout that is worth keeping."""


def _chunks(layout: str) -> tuple[tuple[str, str], ...]:
    """A layout in pieces: text, and the element behind it; the last one has none."""
    return _kept_chunks(layout) if len(layout) <= _KEPT else _made_chunks(layout)


def _made_chunks(layout: str) -> tuple[tuple[str, str], ...]:
    made = []
    end = 0
    for found in _ELEMENT.finditer(layout):
        made.append((layout[end : found.start()], found[0]))
        end = found.end()
    made.append((layout[end:], ""))
    return tuple(made)


_kept_chunks: Final = lru_cache(maxsize=256)(_made_chunks)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clocks of a place show."""

    year: int
    month: int
    day: int
    day_of_year: int
    weekday: int
    """0 is Sunday."""
    hour: int
    minute: int
    second: int
    nanosecond: int
    span: Span

    @classmethod
    def of(cls, unix: int, nanosecond: int, span: Span) -> "Moment":
        """At a time in seconds since 1970, where ``span`` holds."""
        days, seconds = divmod(absolute_seconds(unix + span.offset), DAY)
        year, month, day, day_of_year = date_of(days)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return cls(year, month, day, day_of_year, weekday_of(days), hour, minute, second, nanosecond, span)


def format_time(layout: str, moment: Moment) -> str:
    """A time as a layout has it."""
    chunks = _chunks(layout if layout.isascii() else to_bytes(layout).decode("latin-1"))
    parts: list[str] = []
    for text, element in chunks:
        parts.append(text)
        if element:
            write = _WRITERS.get(element)
            parts.append(write(moment) if write is not None else _fraction(element, moment.nanosecond))
    made = "".join(parts)
    return made if made.isascii() else from_bytes(made.encode("latin-1"))


def padded(number: int, width: int) -> str:
    """Zeros in front of the digits, behind the sign."""
    return f"-{-number:0{width}}" if number < 0 else f"{number:0{width}}"


def _fraction(element: str, nanosecond: int) -> str:
    count = len(element) - 1
    digits = f"{nanosecond:09}"[:count]
    if element[1] == "0":
        return element[0] + digits
    digits = digits.rstrip("0")
    return element[0] + digits if digits else ""


def _offset(element: str) -> Callable[[Moment], str]:
    """Writer of an offset, such as "Z07:00"."""

    def write(moment: Moment) -> str:
        offset = moment.span.offset
        if element.startswith("Z") and offset == 0:
            return "Z"
        minutes = int(offset / 60)
        hours, minutes_left = divmod(abs(minutes), 60)
        between = ":" if ":" in element else ""
        seconds = abs(offset) % 60
        parts = [f"{'-' if minutes < 0 else '+'}{hours:02}"]
        if len(element) > len("-07"):
            parts.append(f"{minutes_left:02}")
        if len(element) > len("-07:00"):
            # Less than a minute west has its sign here.
            parts.append(padded(-seconds if minutes == 0 and offset < 0 else seconds, 2))
        return between.join(parts)

    return write


def _zone_name(moment: Moment) -> str:
    return moment.span.name or _offset("-0700")(moment)


def _year_of_century(moment: Moment) -> str:
    return f"{abs(moment.year) % 100:02}"


_WRITERS: Final[dict[str, Callable[[Moment], str]]] = {
    "2006": lambda moment: padded(moment.year, 4),
    "06": _year_of_century,
    "January": lambda moment: MONTHS[moment.month - 1],
    "Jan": lambda moment: _SHORT_MONTHS[moment.month - 1],
    "1": lambda moment: str(moment.month),
    "01": lambda moment: f"{moment.month:02}",
    "Monday": lambda moment: WEEKDAYS[moment.weekday],
    "Mon": lambda moment: _SHORT_WEEKDAYS[moment.weekday],
    "2": lambda moment: str(moment.day),
    "_2": lambda moment: f"{moment.day:2}",
    "02": lambda moment: f"{moment.day:02}",
    "__2": lambda moment: f"{moment.day_of_year:3}",
    "002": lambda moment: f"{moment.day_of_year:03}",
    "15": lambda moment: f"{moment.hour:02}",
    "3": lambda moment: str(moment.hour % 12 or 12),
    "03": lambda moment: f"{moment.hour % 12 or 12:02}",
    "4": lambda moment: str(moment.minute),
    "04": lambda moment: f"{moment.minute:02}",
    "5": lambda moment: str(moment.second),
    "05": lambda moment: f"{moment.second:02}",
    "PM": lambda moment: "PM" if moment.hour >= _NOON else "AM",
    "pm": lambda moment: "pm" if moment.hour >= _NOON else "am",
    "MST": _zone_name,
    **{
        element: _offset(element)
        for sign in "-Z"
        for element in (f"{sign}07", f"{sign}0700", f"{sign}07:00", f"{sign}070000", f"{sign}07:00:00")
    },
}


@dataclass(slots=True)
class Reading:
    """What a text says of a time, by a layout."""

    year: int = 0
    month: int = -1
    day: int = -1
    day_of_year: int = -1
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    is_utc: bool = False
    offset: int = -1
    """Seconds east of UTC. -1: not said; nor can that second be."""
    zone: str = ""
    """Abbreviation."""
    before_noon: bool = False
    after_noon: bool = False


class _BadError(Exception):
    """The element does not read so."""


class _RangeError(Exception):
    """A value is beyond its range. Args: what it is of, and the text behind it."""


class _Reader:
    """A text, and how far it is read."""

    __slots__ = ("at", "reading", "text")

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.at = 0
        self.reading: Final = Reading()

    @property
    def rest(self) -> str:
        """What is not read yet, for messages."""
        return self.text[self.at :]

    def has_digit(self, ahead: int = 0) -> bool:
        return self.text[self.at + ahead : self.at + ahead + 1] in _DIGITS

    def take(self, count: int) -> str:
        """So many characters.

        Raises:
            _BadError: There are not as many.
        """
        found = self.text[self.at : self.at + count]
        if len(found) < count:
            raise _BadError
        self.at += count
        return found

    def skip(self, prefix: str) -> bool:
        """Go behind a text; any number of spaces is as good as any other. False: it is not there."""
        text, at = self.text, self.at
        place = 0
        while place < len(prefix):
            if prefix[place] == " ":
                if at < len(text) and text[at] != " ":
                    self.at = at
                    return False
                place = _behind_spaces(prefix, place)
                at = _behind_spaces(text, at)
                continue
            if text[at : at + 1] != prefix[place]:
                self.at = at
                return False
            place += 1
            at += 1
        self.at = at
        return True

    def number(self, *, width: int = 2, fixed: bool) -> int:
        """Up to ``width`` digits, at least one; all of them, if ``fixed``."""
        count = 0
        while count < width and self.has_digit(count):
            count += 1
        if count == 0 or (fixed and count < width):
            raise _BadError
        return int(self.take(count))

    def below(self, limit: int, what: str, *, fixed: bool) -> int:
        value = self.number(fixed=fixed)
        if value >= limit:
            raise _RangeError(what)
        return value

    def name(self, names: tuple[str, ...]) -> int:
        """Which of the names stands here, in any case."""
        for index, name in enumerate(names):
            if self.text[self.at : self.at + len(name)].lower() == name.lower():
                self.at += len(name)
                return index
        raise _BadError


_DIGITS: Final = frozenset("0123456789")


def _behind_spaces(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def read_time(layout: str, text: str) -> Reading:
    """What a text says of a time, by a layout: month, day and hour as they are in the end.

    Raises:
        FunctionError: It does not fit the layout, with Go's text.
    """
    plain_layout = layout if layout.isascii() else to_bytes(layout).decode("latin-1")
    reader = _Reader(text if text.isascii() else to_bytes(text).decode("latin-1"))
    chunks = _chunks(plain_layout)
    for place, (prefix, element) in enumerate(chunks):
        if not reader.skip(prefix):
            raise _mismatch(layout, text, prefix, reader.rest)
        if not element:
            break
        start = reader.at
        try:
            _read(element, reader, chunks[place + 1])
        except _BadError:
            raise _mismatch(layout, text, element, reader.text[start:]) from None
        except _RangeError as error:
            raise FunctionError(f"parsing time {quote(text)}: {error} out of range") from None
    if reader.rest:
        raise FunctionError(f"parsing time {quote(text)}: extra text: {_quoted(reader.rest)}")
    return _completed(reader.reading, text)


def _mismatch(layout: str, text: str, element: str, rest: str) -> FunctionError:
    return FunctionError(
        f"parsing time {quote(text)} as {quote(layout)}: cannot parse {_quoted(rest)} as {_quoted(element)}"
    )


def _quoted(latin: str) -> str:
    return quote(from_bytes(latin.encode("latin-1")))


def _read(element: str, reader: _Reader, following: tuple[str, str]) -> None:
    read = _READERS.get(element)
    if read is not None:
        read(reader)
    elif element in {"5", "05"}:
        _read_second(element, reader, following)
    elif element[0] in "-Z":
        _read_offset(element, reader)
    else:
        _read_fraction(element, reader)


def _read_year(reader: _Reader) -> None:
    if not reader.has_digit():
        raise _BadError
    reader.reading.year = _whole(reader.take(4))


def _read_short_year(reader: _Reader) -> None:
    year = _whole(reader.take(2))
    reader.reading.year = year + (1900 if year >= _FIRST_OF_1900 else 2000)


def _whole(digits: str) -> int:
    """A number with a sign, or none."""
    value, rest, is_whole = leading_number(digits[1:] if digits[0] in "+-" else digits)
    if rest or not is_whole:
        raise _BadError
    return -value if digits[0] == "-" else value


def _read_month_number(reader: _Reader, *, fixed: bool) -> None:
    month = reader.number(fixed=fixed)
    if not 1 <= month <= len(MONTHS):
        raise _RangeError("month")
    reader.reading.month = month


def _read_month(reader: _Reader, names: tuple[str, ...]) -> None:
    reader.reading.month = reader.name(names) + 1


def _read_weekday(reader: _Reader, names: tuple[str, ...]) -> None:
    # Whatever it is: the date counts.
    reader.name(names)


def _read_day(reader: _Reader, *, fixed: bool, spaces: int = 0) -> None:
    _skip_spaces(reader, spaces)
    reader.reading.day = reader.number(fixed=fixed)


def _read_day_of_year(reader: _Reader, *, fixed: bool, spaces: int = 0) -> None:
    _skip_spaces(reader, spaces)
    reader.reading.day_of_year = reader.number(width=3, fixed=fixed)


def _skip_spaces(reader: _Reader, most: int) -> None:
    for _ in range(most):
        if reader.text[reader.at : reader.at + 1] == " ":
            reader.at += 1


def _read_hour(reader: _Reader) -> None:
    reader.reading.hour = reader.below(24, "hour", fixed=False)


def _read_short_hour(reader: _Reader, *, fixed: bool) -> None:
    reader.reading.hour = reader.below(13, "hour", fixed=fixed)


def _read_minute(reader: _Reader, *, fixed: bool) -> None:
    reader.reading.minute = reader.below(60, "minute", fixed=fixed)


def _read_second(element: str, reader: _Reader, following: tuple[str, str]) -> None:
    reader.reading.second = reader.below(60, "second", fixed=element == "05")
    # A fraction may follow without being in the layout.
    if reader.text[reader.at : reader.at + 1] in _POINTS and reader.has_digit(1):
        if following[1][:1] in _POINTS:
            return
        _read_fraction(".9", reader)


def _read_half(reader: _Reader, before_noon: str, after_noon: str) -> None:
    found = reader.take(2)
    if found not in {before_noon, after_noon}:
        raise _BadError
    if found == after_noon:
        reader.reading.after_noon = True
    else:
        reader.reading.before_noon = True


def _read_offset(element: str, reader: _Reader) -> None:
    reading = reader.reading
    if element[0] == "Z" and reader.text[reader.at : reader.at + 1] == "Z":
        reader.at += 1
        reading.is_utc = True
        return
    found = reader.take(len(element))
    if ":" in element and any(found[place] != ":" for place in (3, 6) if place < len(found)):
        raise _BadError
    width = 3 if ":" in element else 2
    values = [0, 0, 0]
    is_bad = False
    for place in range((len(found) + width - 2) // width):
        digits = found[1 + place * width :][:2]
        is_bad = digits[0] not in _DIGITS or digits[1] not in _DIGITS
        if is_bad:
            break
        values[place] = int(digits)
    hours, minutes, seconds = values
    # The last one that is too great is named, and even where the rest cannot be read.
    for value, limit, what in ((seconds, 60, "second"), (minutes, 60, "minute"), (hours, 24, "hour")):
        if value > limit:
            raise _RangeError(f"time zone offset {what}")
    if is_bad or found[0] not in "+-":
        raise _BadError
    offset = (hours * 60 + minutes) * 60 + seconds
    reading.offset = -offset if found[0] == "-" else offset


def _read_zone(reader: _Reader) -> None:
    if reader.text.startswith("UTC", reader.at):
        reader.at += 3
        reader.reading.is_utc = True
        return
    reader.reading.zone = reader.take(_zone_length(reader.text, reader.at))


_ZONE: Final = re.compile(r"ChST|MeST|WITA(?![A-Z])|(?:[A-Z]{3}|[A-Z]{3}T|[A-Z]{4}T)(?![A-Z])")
_SIGNED: Final = re.compile(r"[+-][0-9]+")
_FEWEST: Final = 3
"""Characters that what looks like a zone has, with what is behind it."""


def _zone_length(text: str, at: int) -> int:
    """How many characters look like the abbreviation of a zone, or an offset of hours, up to 23, such as "+03".

    Raises:
        _BadError: None.
    """
    if len(text) - at < _FEWEST:
        raise _BadError
    if text.startswith("GMT", at):
        return 3 + _signed_length(text, at + 3)
    if text[at] in "+-":
        count = _signed_length(text, at)
        if not count:
            raise _BadError
        return count
    found = _ZONE.match(text, at)
    if found is None:
        raise _BadError
    return found.end() - at


def _signed_length(text: str, at: int) -> int:
    found = _SIGNED.match(text, at)
    if found is None:
        return 0
    value, _, is_whole = leading_number(found[0][1:])
    return len(found[0]) if is_whole and value <= _MOST_HOURS else 0


_POINTS: Final = frozenset(".,")


def _read_fraction(element: str, reader: _Reader) -> None:
    if element[1] == "0":
        found = reader.take(len(element))
    else:
        if reader.text[reader.at : reader.at + 1] not in _POINTS or not reader.has_digit(1):
            return
        count = 2
        while reader.has_digit(count):
            count += 1
        found = reader.take(count)
    if found[0] not in _POINTS:
        raise _BadError
    digits = found[1:10]
    value = _whole(digits)
    if value < 0:
        raise _RangeError("fractional second")
    reader.reading.nanosecond = value * 10 ** (9 - len(digits))


_READERS: Final[dict[str, Callable[[_Reader], None]]] = {
    "2006": _read_year,
    "06": _read_short_year,
    "January": lambda reader: _read_month(reader, MONTHS),
    "Jan": lambda reader: _read_month(reader, _SHORT_MONTHS),
    "1": lambda reader: _read_month_number(reader, fixed=False),
    "01": lambda reader: _read_month_number(reader, fixed=True),
    "Monday": lambda reader: _read_weekday(reader, WEEKDAYS),
    "Mon": lambda reader: _read_weekday(reader, _SHORT_WEEKDAYS),
    "2": lambda reader: _read_day(reader, fixed=False),
    "_2": lambda reader: _read_day(reader, fixed=False, spaces=1),
    "02": lambda reader: _read_day(reader, fixed=True),
    "__2": lambda reader: _read_day_of_year(reader, fixed=False, spaces=2),
    "002": lambda reader: _read_day_of_year(reader, fixed=True),
    "15": _read_hour,
    "3": lambda reader: _read_short_hour(reader, fixed=False),
    "03": lambda reader: _read_short_hour(reader, fixed=True),
    "4": lambda reader: _read_minute(reader, fixed=False),
    "04": lambda reader: _read_minute(reader, fixed=True),
    "PM": lambda reader: _read_half(reader, "AM", "PM"),
    "pm": lambda reader: _read_half(reader, "am", "pm"),
    "MST": _read_zone,
}


def _completed(reading: Reading, text: str) -> Reading:
    """Hour of the day, and month and day out of whatever was said of them.

    Raises:
        FunctionError: They do not agree.
    """
    if reading.after_noon and reading.hour < _NOON:
        reading.hour += 12
    elif reading.before_noon and reading.hour == _NOON:
        reading.hour = 0
    if reading.day_of_year >= 0:
        month, day = _of_day_of_year(reading, text)
        if reading.month not in {-1, month}:
            raise FunctionError(f"parsing time {quote(text)}: day-of-year does not match month")
        if reading.day not in {-1, day}:
            raise FunctionError(f"parsing time {quote(text)}: day-of-year does not match day")
        reading.month, reading.day = month, day
    else:
        reading.month = max(reading.month, 1)
        if reading.day < 0:
            reading.day = 1
    if not 1 <= reading.day <= days_in(reading.month, reading.year):
        raise FunctionError(f"parsing time {quote(text)}: day out of range")
    return reading


def _of_day_of_year(reading: Reading, text: str) -> tuple[int, int]:
    day = reading.day_of_year
    if is_leap(reading.year):
        if day == 31 + 29:
            return 2, 29
        if day > 31 + 29:
            day -= 1
    if not 1 <= day <= _DAYS:
        raise FunctionError(f"parsing time {quote(text)}: day-of-year out of range")
    month = next(month for month in range(1, 13) if day <= days_before(month + 1))
    return month, day - days_before(month)
