"""Zones, lengths of time and layouts, beside what the recorded calls show."""

import pytest

from lockgate.templates import times, zones
from lockgate.templates.durations import LONGEST, SHORTEST, parse_duration, print_duration
from lockgate.templates.errors import FunctionError
from lockgate.templates.layouts import read_time
from lockgate.templates.zones import UTC


def test_every_zone_of_the_list_is_read():
    names = sorted(zones._names())

    assert len(names) > 400
    assert all(zones.load(name).span(1_700_000_000).name for name in names)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "utc", "zones", "__init__.py", "../zones", "/Europe/Lisbon"])
def test_no_other_is(name):
    with pytest.raises(LookupError):
        zones.load(name)


@pytest.mark.parametrize("raw", [b"", b"TZif", b"TZif1" + bytes(39), b"TZif2" + bytes(39), b"x" * 200])
def test_what_is_no_zone_is_refused(raw):
    with pytest.raises(LookupError):
        zones.decode("x", raw)


@pytest.mark.parametrize(
    ("name", "unix", "offset", "letters"),
    [
        ("America/New_York", -3_000_000_000, -17_762, "LMT"),
        ("America/New_York", 0, -18_000, "EST"),
        ("America/New_York", 1_720_000_000, -14_400, "EDT"),
        ("America/New_York", 7_259_328_000, -18_000, "EST"),
        ("America/New_York", 7_274_966_400, -14_400, "EDT"),
        ("Australia/Sydney", 7_259_328_000, 39_600, "AEDT"),
        ("Australia/Sydney", 7_274_966_400, 36_000, "AEST"),
        ("Asia/Kolkata", 1_720_000_000, 19_800, "IST"),
        ("Etc/GMT+5", -(1 << 62), -18_000, "-05"),
    ],
)
def test_offsets(name, unix, offset, letters):
    found = zones.load(name).span(unix)

    assert (found.offset, found.name) == (offset, letters)
    assert found.start <= unix < found.end


@pytest.mark.parametrize(
    "nanoseconds", [0, 1, -1, 999, 1_000, 1_001, 10**6, 10**9 - 1, 10**9, 61 * 10**9, 3600 * 10**9, LONGEST, SHORTEST]
)
def test_lengths_are_read_as_they_are_printed(nanoseconds):
    assert parse_duration(print_duration(nanoseconds)) == nanoseconds


def test_a_long_fraction_costs_nothing():
    zeros = "0" * 1_000_000

    assert parse_duration(f"1.{zeros}1h") == 3600 * 10**9
    assert parse_duration(f"{zeros}1s") == 10**9
    with pytest.raises(FunctionError):
        parse_duration(f"1{zeros}s")


@pytest.mark.parametrize(
    ("layout", "text", "message"),
    [
        ("2006", "20\n6", 'parsing time "20\\x0a6" as "2006": cannot parse "20\\x0a6" as "2006"'),
        ("2006", 'é"', 'parsing time "\\xc3\\xa9\\"" as "2006": cannot parse "\\xc3\\xa9\\"" as "2006"'),
        ("x2006", "2024", 'parsing time "2024" as "x2006": cannot parse "2024" as "x"'),
        ("2006-002", "2023-366", 'parsing time "2023-366": day-of-year out of range'),
        ("2006-01 002", "2023-02 032x", 'parsing time "2023-02 032x": extra text: "x"'),
        ("2006-01 002", "2023-03 032", 'parsing time "2023-03 032": day-of-year does not match month'),
        ("-07:00", "+25:61", 'parsing time "+25:61": time zone offset minute out of range'),
        ("15:04:05", "23:59:60", 'parsing time "23:59:60": second out of range'),
        ("2006-01-02", "2023-02-29", 'parsing time "2023-02-29": day out of range'),
    ],
)
def test_what_does_not_fit_a_layout(layout, text, message):
    with pytest.raises(FunctionError) as caught:
        read_time(layout, text)

    assert caught.value.text == message


def test_the_first_and_the_last_second_are_not_gone_beyond():
    time = times.of_unix(LONGEST - times.UNIX_TO_INTERNAL, UTC)

    assert time.plus(LONGEST).seconds == LONGEST
    assert times.zero(UTC).minus(time).number == SHORTEST
    assert time.minus(times.zero(UTC)).number == LONGEST


def test_iso_weeks():
    def week(year, month, day):
        return times.at_date(year, month, day, 0, 0, UTC, UTC).iso_week()

    assert week(2021, 1, 3) == (2020, 53)
    assert week(2021, 1, 4) == (2021, 1)
    assert week(2024, 12, 30) == (2025, 1)
    assert week(2026, 12, 31) == (2026, 53)
