"""Dates of now, and of a gateway that is somewhere else than in UTC."""

import pytest
from tests.rendering import NOW, inline_run, outcome, rendered

from lockgate.templates.errors import TooLongError
from lockgate.templates.run import LONG, Run
from lockgate.templates.sets import compile_template


def render_at(template, now=NOW, zone="UTC"):
    return compile_template(template).render({}, Run(limits=LONG, inline=False, now=now, seed=bytes(32), zone=zone))


def test_now_has_no_uptime():
    # Go adds "m=+" and the seconds since it was started.
    assert render_at("{{now}}", 1_700_000_000.25) == "2023-11-14 22:13:20.25 +0000 UTC"


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (1_700_000_000.000001, "1700000000000001000"),
        (0.0, "0"),
        (-0.5, "-500000000"),
        (253_402_300_800.0, "-4852116231933722624"),
    ],
)
def test_now_is_exact_to_the_microsecond(now, text):
    assert render_at("{{now.UnixNano}}", now) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("ago 1699996399", "1h0m1s"),
        ("ago (int64 1700000003)", "-3s"),
        ("ago now", "0s"),
        ("ago `2020`", "0s"),
        ("ago 1.5", "0s"),
        ("ago (dateModify `-1500ms` now)", "2s"),
        ("ago (dateModify `1500ms` now)", "-2s"),
        ("ago (toDate `2006` `x`)", "2562047h47m16.854775807s"),
        ("durationRound (dateModify `-49h` now)", "2d"),
        ("durationRound (dateModify `49h` now)", "2d"),
        ("durationRound now", "0s"),
        ("date `2006-01-02` 1.5", "2023-11-14"),
        ("date `2006-01-02` nil", "2023-11-14"),
        ("htmlDate `x`", "2023-11-14"),
    ],
)
def test_what_depends_on_the_clock(call, text):
    assert render_at(f"{{{{{call}}}}}") == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("now", "2023-11-14 23:13:20 +0100 CET"),
        ("date `15:04 MST` 1690000000", "06:26 CEST"),
        ("dateInZone `15:04 MST` 0 `Local`", "01:00 CET"),
        ("dateInZone `15:04 MST` 0 `UTC`", "00:00 UTC"),
        ("toDate `2006-01-02` `2024-07-01`", "2024-07-01 00:00:00 +0200 CEST"),
        ("toDate `2006-01-02 -07` `2024-07-01 +02`", "2024-07-01 00:00:00 +0200 CEST"),
        ("toDate `2006-01-02 -07` `2024-07-01 +01`", "2024-07-01 00:00:00 +0100 +0100"),
        ("toDate `2006-01-02 MST` `2024-07-01 CET`", "2024-07-01 01:00:00 +0200 CEST"),
        ("toDate `2006-01-02 MST` `2024-01-01 CET`", "2024-01-01 00:00:00 +0100 CET"),
        ("toDate `2006-01-02 MST` `2024-01-01 PST`", "2024-01-01 00:00:00 +0000 PST"),
        ("(toDate `2006` `2024`).UTC", "2023-12-31 23:00:00 +0000 UTC"),
        ("(toDate `2006` `2024`).UTC.Local.Location", "Europe/Berlin"),
        ("(toDate `2006` `2024`).GoString", "time.Date(2024, time.January, 1, 0, 0, 0, 0, time.Local)"),
        ("toDate `2006-01-02 15:04` `2024-03-31 02:30`", "2024-03-31 03:30:00 +0200 CEST"),
        ("toDate `2006-01-02 15:04` `2024-10-27 02:30`", "2024-10-27 02:30:00 +0100 CET"),
        ("toDate `x` `y`", "0001-01-01 00:00:00 +0000 UTC"),
    ],
)
def test_the_local_zone_is_where_the_gateway_is(call, text):
    assert render_at(f"{{{{{call}}}}}", zone="Europe/Berlin") == text


@pytest.mark.parametrize("zone", ["", "UTC", "Nope/Zone", "../../etc/passwd"])
def test_a_gateway_that_is_nowhere_is_in_utc(zone):
    assert render_at("{{now.Location}} {{now.GoString}}", zone=zone) == (
        "UTC time.Date(2023, time.November, 14, 22, 13, 20, 0, time.Local)"
    )


def test_equal_times_are_equal():
    time = "(toDate `2006-01-02 -07:00` `2024-07-01 +05:30`)"

    # Go says false for eq: each time has an offset of its own.
    assert (
        rendered(f"{{{{eq {time} {time}}}}} {{{{deepEqual {time} {time}}}}} {{{{{time}.Equal {time}}}}}")
        == "true true true"
    )


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "..", "Europe/../../x", "zones", "Europe", "europe/lisbon", "\x00", "Europe/Lisbon\n"]
)
def test_only_zones_of_the_list_are_read(name):
    assert rendered("{{dateInZone `MST` 0 .zone}}", {"zone": name}) == "UTC"


@pytest.mark.parametrize("method", ["ISOWeek", "Zone", "ZoneBounds"])
def test_methods_with_two_results_cannot_be_called(method):
    assert (
        f"invalid function signature for {method}: second return value"
        in outcome(f"{{{{now.{method}}}}}", {})["exec_error"]
    )


@pytest.mark.parametrize(
    "call",
    [
        "date .long 0",
        "toDate .long .long",
        "mustToDate .long ``",
        "dateModify .long now",
        "durationRound .long",
        "now.Format .long",
    ],
)
def test_long_layouts_and_texts_are_left_to_who_has_time(call):
    data = {"long": "2006MST.9 GMT+000000000003 " * 100_000}

    with pytest.raises(TooLongError):
        rendered(f"{{{{{call}}}}}", data, inline_run())


@pytest.mark.parametrize(
    "call",
    [
        "date `2006` 0",
        "dateInZone `2006` 0 `Asia/Tokyo`",
        "htmlDate 0",
        "toDate `2006` `2024`",
        "$t.Format `2006`",
        "$t.Add 1",
    ],
)
def test_dates_in_long_loops_are_left_to_who_has_time(call):
    template = f"{{{{$t := now}}}}{{{{range until 1000}}}}{{{{$_ := {call}}}}}{{{{end}}}}ok"

    assert rendered(template, {}) == "ok"
    with pytest.raises(TooLongError):
        rendered(template, {}, inline_run())


@pytest.mark.parametrize(
    ("verb", "zero", "place"),
    [
        ("%5d", "{    0     0     0}", ""),
        ("%t", "{%!t(uint64=0) %!t(int64=0) %!t(*time.Location=<nil>)}", ""),
        ("%U", "", "&{%!U(string=UTC) [] [] %!U(string=) U+0000 U+0000 %!U(*time.zone=<nil>)}"),
        (
            "%#v",
            "time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)",
            (
                '&time.Location{name:"UTC", zone:[]time.zone(nil), tx:[]time.zoneTrans(nil), extend:"", '
                "cacheStart:0, cacheEnd:0, cacheZone:(*time.zone)(nil)}"
            ),
        ),
    ],
)
def test_times_print_the_parts_that_go_has(verb, zero, place):
    # As Go 1.26 printed them with TZ=UTC.
    if zero:
        assert rendered(f'{{{{printf "{verb}" (toDate "x" "y")}}}}') == zero
    if place:
        assert rendered(f'{{{{printf "{verb}" (toDate "2006" "2024").Location}}}}') == place
