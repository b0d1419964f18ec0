"""Time zones, with Go's rules for what is between and behind the changes that a zone lists.

Zones come from the package ``tzdata``, the same on every machine. No name reaches the file system that is not in its
list.

Source: Go 1.26, time/zoneinfo.go, time/zoneinfo_read.go; RFC 9636; POSIX, TZ.
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import ClassVar, Final, final

from lockgate.templates.civil import DAY, absolute_seconds, date_of, days_before, days_in, is_leap
from lockgate.templates.values import GoObject, NilList, int64

_ALPHA: Final = -(1 << 63)
_OMEGA: Final = (1 << 63) - 1
_HOUR: Final = 3600
_FEBRUARY: Final = 2
_FIRST_OF_MARCH: Final = 60

_NAME: Final = r"(?:<([^>]*)>|([^0-9,+-]{3,}))"
_OFFSET: Final = r"([+-]?\d+(?::\d+){0,2})"
_RULE: Final = r",(J?\d+|M\d+\.\d+\.\d+)(?:/([+-]?\d+(?::\d+){0,2}))?"
_EXTENSION: Final = re.compile(f"{_NAME}{_OFFSET}(?:{_NAME}{_OFFSET}?(?:{_RULE}{_RULE})?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """What holds in a zone for a while."""

    name: str
    """Its abbreviation: "CET"."""
    offset: int
    """Seconds east of UTC."""
    is_summer: bool
    start: int = _ALPHA
    """Seconds since 1970."""
    end: int = _OMEGA


@dataclass(frozen=True, slots=True)
class _Rule:
    """When in a year the clocks change."""

    kind: str
    """"J", a day without leap days, from 1; "M", a weekday of a week of a month; "", a day from 0."""
    month: int
    week: int
    day: int
    seconds: int
    """On that day, before any zone."""

    def seconds_into(self, year: int, offset: int) -> int:
        """Since the year began in UTC, where the clocks show ``offset`` before they change."""
        if self.kind == "M":
            days = self._day_of_week(year)
        elif self.kind == "J":
            days = self.day - 1 + (is_leap(year) and self.day >= _FIRST_OF_MARCH)
        else:
            days = self.day
        return days * DAY + self.seconds - offset

    def _day_of_week(self, year: int) -> int:
        shifted = (self.month + 9) % 12 + 1
        century, in_century = divmod(year - (self.month <= _FEBRUARY), 100)
        first = ((26 * shifted - 2) // 10 + 1 + in_century + in_century // 4 + century // 4 - 2 * century) % 7
        day = (self.day - first) % 7
        for _ in range(1, self.week):
            if day + 7 >= days_in(self.month, year):
                break
            day += 7
        return day + days_before(self.month) + (is_leap(year) and self.month > _FEBRUARY)


@dataclass(frozen=True, slots=True)
class _Extension:
    """How a zone goes on behind the last change that it lists."""

    standard: str
    offset: int
    summer: str = ""
    summer_offset: int = 0
    start: _Rule | None = None
    end: _Rule | None = None

    def span(self, unix: int, last_change: int) -> Span:
        """What holds at a time. Ends are right near a change, and else those of the year."""
        if self.start is None or self.end is None:
            return Span(self.standard, self.offset, is_summer=False, start=last_change)
        year, _, _, day_of_year = date_of(absolute_seconds(unix) // DAY)
        in_year = (day_of_year - 1) * DAY + unix % DAY
        year_start = unix - in_year
        begin = self.start.seconds_into(year, self.offset)
        end = self.end.seconds_into(year, self.summer_offset)
        inner, outer = (self.summer, self.summer_offset, True), (self.standard, self.offset, False)
        if end < begin:
            begin, end = end, begin
            inner, outer = outer, inner
        if in_year < begin:
            return Span(*outer, year_start, begin + year_start)
        if in_year >= end:
            return Span(*outer, end + year_start, year_start + 365 * DAY)
        return Span(*inner, begin + year_start, end + year_start)


@final
@dataclass(frozen=True, slots=True)
class Location(GoObject):
    """A place, with the time that its clocks show."""

    go_type: ClassVar[str] = "*time.Location"
    kind: ClassVar[str] = "ptr"
    hidden: ClassVar[frozenset[str]] = frozenset(
        {"name", "zone", "tx", "extend", "cacheStart", "cacheEnd", "cacheZone"}
    )

    name: str
    spans: tuple[Span, ...] = ()
    """None: UTC."""
    changes: tuple[int, ...] = ()
    """When one of ``spans`` begins, in seconds since 1970, ascending."""
    indexes: tuple[int, ...] = ()
    """Which one, for each of ``changes``."""
    extension: _Extension | None = None
    is_local: bool = False
    """Whether it is the zone that the gateway itself is in: another one than the same under its own name."""

    def span(self, unix: int) -> Span:
        """What holds at a time, in seconds since 1970."""
        spans, changes = self.spans, self.changes
        if not spans:
            return _UTC_SPAN
        place = bisect_right(changes, unix) - 1
        if place < 0:
            found = spans[self._first()]
            return Span(found.name, found.offset, found.is_summer, _ALPHA, changes[0])
        found = spans[self.indexes[place]]
        if place < len(changes) - 1:
            return Span(found.name, found.offset, found.is_summer, changes[place], changes[place + 1])
        if self.extension is not None:
            return self.extension.span(unix, changes[place])
        return Span(found.name, found.offset, found.is_summer, changes[place])

    def offset_of(self, name: str, unix: int) -> int | None:
        """Offset of an abbreviation at a time that clocks here show; None where the zone has none of this name."""
        named = [span for span in self.spans if span.name == name]
        for span in named:
            found = self.span(unix - span.offset)
            if found.name == name:
                return found.offset
        return named[0].offset if named else None

    def _first(self) -> int:
        """Which of the spans holds before the first change."""
        if 0 not in self.indexes:
            return 0
        first = self.indexes[0]
        if self.spans[first].is_summer:
            for index in range(first - 1, -1, -1):
                if not self.spans[index].is_summer:
                    return index
        return next((index for index, span in enumerate(self.spans) if not span.is_summer), 0)

    def methods(self) -> Mapping[str, tuple[str, Callable[..., object]]]:
        """``String``."""
        return {"String": ("() string", lambda: self.name)}

    def text(self) -> str:
        """Its name."""
        return self.name

    def parts(self) -> Mapping[str, object]:
        """As Go keeps it: what a place lists is left out."""
        return {
            "name": self.name,
            "zone": NilList("time.zone"),
            "tx": NilList("time.zoneTrans"),
            "extend": "",
            "cacheStart": int64(0),
            "cacheEnd": int64(0),
            "cacheZone": _NoSpan(),
        }


@final
class NoLocation(GoObject):
    """A pointer to no place, which stands for UTC within a time."""

    __slots__ = ()
    go_type: ClassVar[str] = "*time.Location"
    kind: ClassVar[str] = "ptr"
    is_nil: ClassVar[bool] = True


@final
class _NoSpan(GoObject):
    """A pointer to no span."""

    __slots__ = ()
    go_type: ClassVar[str] = "*time.zone"
    kind: ClassVar[str] = "ptr"
    is_nil: ClassVar[bool] = True


_UTC_SPAN: Final = Span("UTC", 0, is_summer=False)
UTC: Final = Location("UTC")


def fixed(name: str, offset: int) -> Location:
    """A place whose clocks are always so many seconds before UTC."""
    return Location(name, (Span(name, offset, is_summer=False),), (_ALPHA,), (0,))


@lru_cache(maxsize=8)
def local(name: str) -> Location:
    """The zone that the gateway is in: UTC where the name is none."""
    try:
        found = load(name)
    except LookupError:
        found = UTC
    return Location(found.name, found.spans, found.changes, found.indexes, found.extension, is_local=True)


def load(name: str) -> Location:
    """A zone by its name in the list of zones, such as "Europe/Lisbon"; "" is UTC.

    Raises:
        LookupError: There is none of this name.
    """
    if name in {"", "UTC"}:
        return UTC
    if name not in _names():
        raise LookupError(f"unknown time zone {name}")
    return _loaded(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@lru_cache(maxsize=1024)
def _loaded(name: str) -> Location:
    """A zone that is in the list."""
    raw = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    return decode(name, raw)


def decode(name: str, raw: bytes) -> Location:
    """A zone out of its compiled form.

    Raises:
        LookupError: It has none of the forms with 64 bits.
    """
    try:
        return _decoded(name, raw)
    except (ValueError, IndexError, struct.error) as error:
        raise LookupError("malformed time zone information") from error


_HEADER: Final = struct.Struct(">4sc15x6L")


def _decoded(name: str, raw: bytes) -> Location:
    magic, version, in_utc, standard, leaps, changes, spans, letters = _HEADER.unpack_from(raw)
    if magic != b"TZif" or version not in {b"2", b"3"}:
        raise ValueError(magic)
    # What is first is the same in 32 bits.
    start = _HEADER.size + changes * 5 + spans * 6 + letters + leaps * 8 + standard + in_utc
    _, _, in_utc, standard, leaps, changes, spans, letters = _HEADER.unpack_from(raw, start)
    start += _HEADER.size
    times = struct.unpack_from(f">{changes}q", raw, start)
    indexes = struct.unpack_from(f">{changes}B", raw, start + changes * 8)
    start += changes * 9
    names_at = start + spans * 6
    made = []
    for at in range(start, names_at, 6):
        offset, is_summer, letter = struct.unpack_from(">lBB", raw, at)
        first = names_at + letter
        made.append(Span(raw[first : raw.index(b"\0", first)].decode("ascii"), offset, bool(is_summer)))
    rest = raw[names_at + letters + leaps * 12 + standard + in_utc :]
    extension = _extension(rest.strip(b"\n").decode("ascii"))
    if not made or max(indexes, default=0) >= len(made):
        raise ValueError(name)
    return Location(name, tuple(made), times or (_ALPHA,), indexes or (0,), extension)


def _extension(text: str) -> _Extension | None:
    """What a zone says of the time behind its changes: "CET-1CEST,M3.5.0,M10.5.0/3"."""
    found = _EXTENSION.fullmatch(text)
    if found is None:
        return None
    quoted, plain, ahead, quoted_summer, plain_summer, summer_ahead, *rules = found.groups()
    standard, summer = quoted or plain, quoted_summer or plain_summer
    offset = -_seconds(ahead)
    if summer is None:
        return _Extension(standard, offset)
    summer_offset = -_seconds(summer_ahead) if summer_ahead else offset + _HOUR
    start, start_time, end, end_time = rules
    if start is None or end is None:
        # As everybody has it who says nothing else.
        start, end = "M3.2.0", "M11.1.0"
    return _Extension(standard, offset, summer, summer_offset, _rule(start, start_time), _rule(end, end_time))


def _rule(day: str, time: str | None) -> _Rule:
    seconds = _seconds(time) if time else 2 * _HOUR
    if day.startswith("M"):
        month, week, weekday = map(int, day[1:].split("."))
        return _Rule("M", month, week, weekday, seconds)
    if day.startswith("J"):
        return _Rule("J", 0, 0, int(day[1:]), seconds)
    return _Rule("", 0, 0, int(day), seconds)


def _seconds(text: str) -> int:
    """Of "-3:30"."""
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(part * size for part, size in zip(parts, (_HOUR, 60, 1), strict=False))
    return -total if text.startswith("-") else total
