"""Times, lengths of time, months and weekdays, as Go's package time has them.

Source: Go 1.26, time/time.go, time/format.go, time/format_rfc3339.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

from lockgate.templates import zones
from lockgate.templates.civil import UNIX_TO_INTERNAL, days_of, unix_seconds, wrapped
from lockgate.templates.durations import (
    HOUR,
    LONGEST,
    MICROSECOND,
    MILLISECOND,
    MINUTE,
    SECOND,
    SHORTEST,
    print_duration,
    quote,
)
from lockgate.templates.errors import FunctionError
from lockgate.templates.layouts import MONTHS, WEEKDAYS, Moment, format_time, read_time
from lockgate.templates.methods import BoundMethods, Method
from lockgate.templates.values import GoObject, Integer, TypedList, int64, to_bytes
from lockgate.templates.zones import UTC, Location, NoLocation

_RFC3339: Final = "2006-01-02T15:04:05.999999999Z07:00"
_DAY_HOURS: Final = 24
_PRINTED: Final = "2006-01-02 15:04:05.999999999 -0700 MST"


class _Number(GoObject):
    """An integer with a type and a text of its own."""

    __slots__ = ()
    number: int

    def integer(self) -> int:
        """The number."""
        return self.number

    def json(self) -> int:
        """The number."""
        return self.number


@final
@dataclass(frozen=True, slots=True)
class Month(_Number):
    """A month, 1 to 12."""

    go_type: ClassVar[str] = "time.Month"
    kind: ClassVar[str] = "int"
    number: int

    def methods(self) -> Mapping[str, Method]:
        """``String``."""
        return {"String": ("() string", self.text)}

    def text(self) -> str:
        """English name."""
        return MONTHS[self.number - 1] if 1 <= self.number <= len(MONTHS) else f"%!Month({self.number % (1 << 64)})"


@final
@dataclass(frozen=True, slots=True)
class Weekday(_Number):
    """A day of the week; 0 is Sunday."""

    go_type: ClassVar[str] = "time.Weekday"
    kind: ClassVar[str] = "int"
    number: int

    def methods(self) -> Mapping[str, Method]:
        """``String``."""
        return {"String": ("() string", self.text)}

    def text(self) -> str:
        """English name."""
        if 0 <= self.number < len(WEEKDAYS):
            return WEEKDAYS[self.number]
        return f"%!Weekday({self.number % (1 << 64)})"


@final
@dataclass(frozen=True, slots=True)
class Duration(_Number):
    """A length of time in nanoseconds, within 64 bits."""

    go_type: ClassVar[str] = "time.Duration"
    kind: ClassVar[str] = "int64"
    number: int

    def methods(self) -> Mapping[str, Method]:
        """Go's."""
        return BoundMethods(self, _DURATION_METHODS)

    def text(self) -> str:
        """Such as "1h2m3.5s"."""
        return print_duration(self.number)

    def in_units(self, unit: int) -> float:
        """So many of a unit, which is a number of nanoseconds."""
        whole, rest = _quotient(self.number, unit)
        return float(whole) + float(rest) / unit

    def truncated(self, unit: "Duration") -> "Duration":
        """To a multiple, towards zero."""
        if unit.number <= 0:
            return self
        return Duration(self.number - _quotient(self.number, unit.number)[1])

    def rounded(self, unit: "Duration") -> "Duration":
        """To the next multiple, halves away from zero; the longest there is where that is too long."""
        if unit.number <= 0:
            return self
        size, rest = abs(self.number), abs(self.number) % unit.number
        size += -rest if rest * 2 < unit.number else unit.number - rest
        return Duration(max(-size, SHORTEST) if self.number < 0 else min(size, LONGEST))

    def absolute(self) -> "Duration":
        """Without its sign."""
        return Duration(min(abs(self.number), LONGEST))


def _quotient(number: int, divisor: int) -> tuple[int, int]:
    """Quotient towards zero, and a rest that has the sign of the number."""
    whole, rest = divmod(abs(number), divisor)
    return (-whole, -rest) if number < 0 else (whole, rest)


_DURATION_METHODS: Final[Mapping[str, Method]] = {
    "Abs": ("() time.Duration", Duration.absolute),
    "Hours": ("() float64", lambda length: length.in_units(HOUR)),
    "Microseconds": ("() int64", lambda length: int64(_quotient(length.number, MICROSECOND)[0])),
    "Milliseconds": ("() int64", lambda length: int64(_quotient(length.number, MILLISECOND)[0])),
    "Minutes": ("() float64", lambda length: length.in_units(MINUTE)),
    "Nanoseconds": ("() int64", lambda length: int64(length.number)),
    "Round": ("(time.Duration) time.Duration", Duration.rounded),
    "Seconds": ("() float64", lambda length: length.in_units(SECOND)),
    "String": ("() string", Duration.text),
    "Truncate": ("(time.Duration) time.Duration", Duration.truncated),
}


@final
@dataclass(frozen=True, slots=True)
class Time(GoObject):
    """A time, and the place whose clocks show it.

    Differs: in Go, two times whose places were each read as an offset of no whole hours are not equal for ``eq``,
    whatever they are (test_equal_times_are_equal).
    """

    go_type: ClassVar[str] = "time.Time"
    kind: ClassVar[str] = "struct"
    hidden: ClassVar[frozenset[str]] = frozenset({"wall", "ext", "loc"})

    seconds: int
    """Since January 1 of year 1, in UTC; within 64 bits."""
    nanosecond: int
    """Of the second."""
    location: Location
    local: Location
    """The place where the gateway is."""

    def methods(self) -> Mapping[str, Method]:
        """Go's."""
        return BoundMethods(self, _TIME_METHODS)

    def text(self) -> str:
        """Such as "2024-02-29 13:05:09.5 +0000 UTC"."""
        return self.format(_PRINTED)

    @property
    def unix(self) -> int:
        """Seconds since 1970."""
        return wrapped(self.seconds - UNIX_TO_INTERNAL)

    @property
    def moment(self) -> Moment:
        """What the clocks show."""
        unix = self.unix
        return Moment.of(unix, self.nanosecond, self.location.span(unix))

    def format(self, layout: str) -> str:
        """As a layout has it."""
        return format_time(layout, self.moment)

    def at(self, location: Location) -> "Time":
        """The same time at another place."""
        return replace(self, location=location)

    def plus(self, nanoseconds: int) -> "Time":
        """So many nanoseconds later. The first and the last second of all are not gone beyond."""
        seconds, nanosecond = divmod(self.nanosecond + nanoseconds, SECOND)
        return replace(self, seconds=max(min(self.seconds + seconds, LONGEST), -LONGEST), nanosecond=nanosecond)

    def minus(self, other: "Time") -> Duration:
        """How much later than another time; the longest there is where that is longer."""
        difference = (self.seconds - other.seconds) * SECOND + self.nanosecond - other.nanosecond
        return Duration(max(min(difference, LONGEST), SHORTEST))

    def compare(self, other: "Time") -> int:
        """-1, 0 or 1: earlier, at the same time or later."""
        one, two = (self.seconds, self.nanosecond), (other.seconds, other.nanosecond)
        return (one > two) - (one < two)

    def plus_date(self, years: int, months: int, days: int) -> "Time":
        """So many years, months and days later by the calendar."""
        now = self.moment
        return at_date(
            now.year + years,
            now.month + months,
            now.day + days,
            (now.hour * 60 + now.minute) * 60 + now.second,
            self.nanosecond,
            self.location,
            self.local,
        )

    def truncated(self, unit: Duration) -> "Time":
        """To a multiple of a length since year 1, down."""
        if unit.number <= 0:
            return self
        return self.plus(-self._beyond(unit))

    def rounded(self, unit: Duration) -> "Time":
        """To the next multiple of a length since year 1, halves up."""
        if unit.number <= 0:
            return self
        rest = self._beyond(unit)
        return self.plus(-rest if rest * 2 < unit.number else unit.number - rest)

    def _beyond(self, unit: Duration) -> int:
        return (self.seconds * SECOND + self.nanosecond) % unit.number

    def json(self) -> str:
        """What the JSON string holds.

        Raises:
            FunctionError: RFC 3339 has no such time, with the text of encoding/json.
        """
        return self.strict("json: error calling MarshalJSON for type time.Time: Time.MarshalJSON")

    def strict(self, method: str) -> str:
        """By RFC 3339; ``method`` is who asks.

        Raises:
            FunctionError: It has no such time, with Go's text.
        """
        made = self.format(_RFC3339)
        if made[4] != "-":
            raise FunctionError(f"{method}: year outside of range [0,9999]")
        if made[-1] != "Z":
            hours = made[-6:-3]
            if hours[0].isdigit() or int(hours[1:]) >= _DAY_HOURS:
                raise FunctionError(f"{method}: timezone hour outside of range [0,23]")
        return made

    def parts(self) -> Mapping[str, object]:
        """As Go keeps it."""
        place = NoLocation() if self.location is UTC else self.location
        return {"wall": Integer(self.nanosecond, "uint64"), "ext": int64(self.seconds), "loc": place}

    def go_text(self) -> str:
        """As Go's source would have it."""
        now = self.moment
        if self.location is UTC:
            place = "time.UTC"
        elif self.location.is_local:
            place = "time.Local"
        else:
            place = f"time.Location({quote(self.location.name)})"
        return (
            f"time.Date({now.year}, time.{MONTHS[now.month - 1]}, {now.day}, {now.hour}, {now.minute}, {now.second}, "
            f"{self.nanosecond}, {place})"
        )

    def iso_week(self) -> tuple[int, int]:
        """Year and week by ISO 8601."""
        now = self.moment
        thursday = self.plus_date(0, 0, 3 - (now.weekday - 1) % 7).moment
        return thursday.year, (thursday.day_of_year - 1) // 7 + 1

    def binary(self, method: str) -> bytes:
        """As Go keeps it."""
        minutes, seconds = -1, 0
        if self.location is not UTC:
            minutes, seconds = _quotient(self.moment.span.offset, 60)
            if not -(1 << 15) <= minutes < 1 << 15 or minutes == -1:
                raise FunctionError(f"{method}: unexpected zone offset")
        made = self.seconds.to_bytes(8, "big", signed=True) + self.nanosecond.to_bytes(4, "big")
        made += minutes.to_bytes(2, "big", signed=True)
        return b"\2" + made + seconds.to_bytes(1, "big", signed=True) if seconds else b"\1" + made


def now(seconds: float, local: Location) -> Time:
    """A time that a clock said, in seconds since 1970: to the microsecond.

    Differs: Go's time of now also has a reading of the machine's uptime, and prints it (test_now_has_no_uptime).
    """
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return replace(of_unix(whole, local), nanosecond=micro * MICROSECOND)


def of_unix(seconds: int, local: Location) -> Time:
    """A time in seconds since 1970."""
    return Time(wrapped(seconds + UNIX_TO_INTERNAL), 0, local, local)


def zero(local: Location) -> Time:
    """No time: January 1 of year 1."""
    return Time(0, 0, UTC, local)


def at_date(
    year: int, month: int, day: int, seconds: int, nanosecond: int, location: Location, local: Location
) -> Time:
    """When the clocks of a place show a time: seconds since midnight. Month and day may lie beyond their ranges."""
    more_years, month = divmod(month - 1, 12)
    unix = unix_seconds(days_of(year + more_years, month + 1, day), seconds)
    span = location.span(unix)
    if span.offset:
        # It was looked up as if it were UTC: right but near a change.
        if not span.start <= unix - span.offset < span.end:
            span = location.span(unix - span.offset)
        unix -= span.offset
    return Time(wrapped(unix + UNIX_TO_INTERNAL), nanosecond, location, local)


def parse(layout: str, text: str, local: Location) -> Time:
    """The time that a text says by a layout; where it says no zone, it is local.

    Raises:
        FunctionError: It says none, with Go's text.
    """
    read = read_time(layout, text)
    seconds = (read.hour * 60 + read.minute) * 60 + read.second

    def made(location: Location) -> Time:
        return at_date(read.year, read.month, read.day, seconds, read.nanosecond, location, local)

    if read.is_utc:
        return made(UTC)
    if read.offset != -1:
        time = made(UTC).plus(-read.offset * SECOND)
        here = local.span(time.unix)
        if here.offset == read.offset and read.zone in {"", here.name}:
            return time.at(local)
        return time.at(zones.fixed(read.zone, read.offset))
    if read.zone:
        time = made(UTC)
        offset = local.offset_of(read.zone, time.unix)
        if offset is not None:
            return time.plus(-offset * SECOND).at(local)
        # The time is as it stands, whatever the zone is called: only the name is kept.
        hours = read.zone.removeprefix("GMT") if read.zone[:3] == "GMT" != read.zone else "0"
        return time.at(zones.fixed(read.zone, int(hours) * 3600))
    return made(local)


def _bytes(raw: bytes) -> TypedList:
    return TypedList((Integer(byte, "uint8") for byte in raw), "uint8")


def _appended(start: list[object], raw: bytes) -> TypedList:
    made = _bytes(raw)
    made[:0] = start
    return made


def _in(time: Time, location: Location | None) -> Time:
    if location is None:
        raise FunctionError("time: missing Location in call to Time.In")
    return time.at(location)


_BYTES: Final = "[]uint8"
_TIME_METHODS: Final[Mapping[str, Method]] = {
    "Add": ("(time.Duration) time.Time", lambda time, length: time.plus(length.number)),
    "AddDate": ("(int, int, int) time.Time", Time.plus_date),
    "After": ("(time.Time) bool", lambda time, other: time.compare(other) > 0),
    "AppendBinary": (
        f"({_BYTES}) {_BYTES}",
        lambda time, start: _appended(start, time.binary("Time.MarshalBinary")),
    ),
    "AppendFormat": (
        f"({_BYTES}, string) {_BYTES}",
        lambda time, start, layout: _appended(start, to_bytes(time.format(layout))),
    ),
    "AppendText": (
        f"({_BYTES}) {_BYTES}",
        lambda time, start: _appended(start, time.strict("Time.AppendText").encode()),
    ),
    "Before": ("(time.Time) bool", lambda time, other: time.compare(other) < 0),
    "Clock": ("() (int, int, int)", lambda time: None),  # noqa: ARG005
    "Compare": ("(time.Time) int", Time.compare),
    "Date": ("() (int, time.Month, int)", lambda time: None),  # noqa: ARG005
    "Day": ("() int", lambda time: time.moment.day),
    "Equal": ("(time.Time) bool", lambda time, other: time.compare(other) == 0),
    "Format": ("(string) string", Time.format),
    "GoString": ("() string", Time.go_text),
    "GobEncode": (f"() {_BYTES}", lambda time: _bytes(time.binary("Time.MarshalBinary"))),
    "Hour": ("() int", lambda time: time.moment.hour),
    "ISOWeek": ("() (int, int)", Time.iso_week),
    "In": ("(*time.Location) time.Time", _in),
    "IsDST": ("() bool", lambda time: time.moment.span.is_summer),
    "IsZero": ("() bool", lambda time: time.seconds == 0 and time.nanosecond == 0),
    "Local": ("() time.Time", lambda time: time.at(time.local)),
    "Location": ("() *time.Location", lambda time: time.location),
    "MarshalBinary": (f"() {_BYTES}", lambda time: _bytes(time.binary("Time.MarshalBinary"))),
    "MarshalJSON": (f"() {_BYTES}", lambda time: _bytes(f'"{time.strict("Time.MarshalJSON")}"'.encode())),
    "MarshalText": (f"() {_BYTES}", lambda time: _bytes(time.strict("Time.MarshalText").encode())),
    "Minute": ("() int", lambda time: time.moment.minute),
    "Month": ("() time.Month", lambda time: Month(time.moment.month)),
    "Nanosecond": ("() int", lambda time: time.nanosecond),
    "Round": ("(time.Duration) time.Time", Time.rounded),
    "Second": ("() int", lambda time: time.moment.second),
    "String": ("() string", Time.text),
    "Sub": ("(time.Time) time.Duration", Time.minus),
    "Truncate": ("(time.Duration) time.Time", Time.truncated),
    "UTC": ("() time.Time", lambda time: time.at(UTC)),
    "Unix": ("() int64", lambda time: int64(time.unix)),
    "UnixMicro": ("() int64", lambda time: int64(time.unix * 1_000_000 + time.nanosecond // MICROSECOND)),
    "UnixMilli": ("() int64", lambda time: int64(time.unix * 1_000 + time.nanosecond // MILLISECOND)),
    "UnixNano": ("() int64", lambda time: int64(time.unix * SECOND + time.nanosecond)),
    "Weekday": ("() time.Weekday", lambda time: Weekday(time.moment.weekday)),
    "Year": ("() int", lambda time: time.moment.year),
    "YearDay": ("() int", lambda time: time.moment.day_of_year),
    "Zone": ("() (string, int)", lambda time: None),  # noqa: ARG005
    "ZoneBounds": ("() (time.Time, time.Time)", lambda time: None),  # noqa: ARG005
}
