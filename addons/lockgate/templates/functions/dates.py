"""Functions on dates and lengths of time.

A date is a time or an integer, in seconds since 1970; anything else silently is now, a float or a text too.

Source: sprig 3.3.0, date.go; behaviour-scripting 1.12 (Dates).
"""

from typing import Final

from lockgate.templates import times, zones
from lockgate.templates.civil import wrapped
from lockgate.templates.durations import HOUR, LONGEST, MINUTE, SECOND, SHORTEST, leading_number, parse_duration
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.times import Duration, Time
from lockgate.templates.values import Integer
from lockgate.templates.zones import Location

_STEPS: Final = 30
"""Of anything that writes or reads a date, beside one for every few characters."""
_CHARACTERS_PER_STEP: Final = 2
_LONGEST_ELEMENT: Final = 4
"""How many times longer than its layout a date may be, about."""

_UNITS: Final = (
    (365 * 24 * HOUR, "y"),
    (30 * 24 * HOUR, "mo"),
    (24 * HOUR, "d"),
    (HOUR, "h"),
    (MINUTE, "m"),
    (SECOND, "s"),
)


def _local(run: Run) -> Location:
    return zones.local(run.zone)


def _now(run: Run) -> Time:
    return times.now(run.now, _local(run))


def _time_of(run: Run, value: object, integers: frozenset[str]) -> Time:
    """A date; ``integers`` are Go's types of those that are one."""
    if isinstance(value, Time):
        return value
    if type(value) is int or (isinstance(value, Integer) and value.go_type in integers):
        return times.of_unix(value, _local(run))
    return _now(run)


_DATES: Final = frozenset({"int64", "int32"})
_AGES: Final = frozenset({"int64"})


def _in_zone(run: Run, layout: str, value: object, zone: str) -> str:
    run.step(_STEPS + len(layout) // _CHARACTERS_PER_STEP)
    run.make(len(layout) * _LONGEST_ELEMENT)
    time = _time_of(run, value, _DATES)
    try:
        place = _local(run) if zone == "Local" else zones.load(zone)
    except LookupError:
        place = zones.UTC
    return time.at(place).format(layout)


def _date(run: Run, layout: str, value: object) -> str:
    return _in_zone(run, layout, value, "Local")


def _html_date(run: Run, value: object) -> str:
    return _in_zone(run, "2006-01-02", value, "Local")


def _html_date_in_zone(run: Run, value: object, zone: str) -> str:
    return _in_zone(run, "2006-01-02", value, zone)


def _modify(run: Run, length: str, time: Time) -> Time:
    try:
        return _must_modify(run, length, time)
    except FunctionError:
        return time


def _must_modify(run: Run, length: str, time: Time) -> Time:
    run.step(len(length) // _CHARACTERS_PER_STEP)
    return time.plus(parse_duration(length))


def _ago(run: Run, value: object) -> str:
    age = _now(run).minus(_time_of(run, value, _AGES))
    return age.rounded(Duration(SECOND)).text()


def _duration(value: object) -> str:
    seconds = 0
    if isinstance(value, str):
        seconds = _parsed_int(value)
    elif isinstance(value, Integer) and value.go_type == "int64":
        seconds = int(value)
    return Duration(wrapped(seconds * SECOND)).text()


def _parsed_int(text: str) -> int:
    """As Go's ParseInt, errors left aside: 0 where it is no number, the nearest one that fits 64 bits."""
    digits, rest, _ = leading_number(text[1:] if text[:1] in {"+", "-"} else text)
    # A number that is too large is never read to its end.
    if rest and digits < 1 << 64:
        return 0
    return max(-digits, SHORTEST) if text.startswith("-") else min(digits, LONGEST)


def _duration_round(run: Run, value: object) -> str:
    length = 0
    if isinstance(value, str):
        run.step(len(value) // _CHARACTERS_PER_STEP)
        try:
            length = parse_duration(value)
        except FunctionError:
            length = 0
    elif isinstance(value, Time):
        length = _now(run).minus(value).number
    elif isinstance(value, Integer) and value.go_type == "int64":
        length = int(value)
    size = abs(length)
    return next((f"{size // unit}{name}" for unit, name in _UNITS if size > unit), "0s")


def _to_date(run: Run, layout: str, text: str) -> Time:
    try:
        return _must_to_date(run, layout, text)
    except FunctionError:
        return times.zero(_local(run))


def _must_to_date(run: Run, layout: str, text: str) -> Time:
    run.step(_STEPS + (len(layout) + len(text)) // _CHARACTERS_PER_STEP)
    return times.parse(layout, text, _local(run))


def _unix_epoch(time: Time) -> str:
    return str(time.unix)


_IN_ZONE: Final = "(string, interface {}, string) string"
_MODIFY: Final = "(string, time.Time) time.Time"

FUNCTIONS: Final = (
    function("now", "() time.Time", _now, needs_run=True),
    function("date", "(string, interface {}) string", _date, needs_run=True),
    function("dateInZone", _IN_ZONE, _in_zone, needs_run=True),
    function("date_in_zone", _IN_ZONE, _in_zone, needs_run=True),
    function("htmlDate", "(interface {}) string", _html_date, needs_run=True),
    function("htmlDateInZone", "(interface {}, string) string", _html_date_in_zone, needs_run=True),
    function("dateModify", _MODIFY, _modify, needs_run=True),
    function("date_modify", _MODIFY, _modify, needs_run=True),
    function("mustDateModify", _MODIFY, _must_modify, needs_run=True),
    function("must_date_modify", _MODIFY, _must_modify, needs_run=True),
    function("toDate", "(string, string) time.Time", _to_date, needs_run=True),
    function("mustToDate", "(string, string) time.Time", _must_to_date, needs_run=True),
    function("unixEpoch", "(time.Time) string", _unix_epoch),
    function("ago", "(interface {}) string", _ago, needs_run=True),
    function("duration", "(interface {}) string", _duration),
    function("durationRound", "(interface {}) string", _duration_round, needs_run=True),
)
