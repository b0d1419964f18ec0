"""Conversions and arithmetic. What Go answered to each call is in go_calls.jsonl."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rendering import a_run, inline_run

from lockgate.templates.casting import parse_float, parse_integer, to_float64, to_int64
from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import numbers as functions
from lockgate.templates.values import MISSING, GoObject, Integer, StringMap, go_type

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.sampled_from("0123456789abefxop_.+-in "), max_size=8)
    | st.just([1])
    | st.just(1j)
)


class Month(GoObject):
    __slots__ = ()
    go_type = "time.Month"
    kind = "int"

    def integer(self):
        return 3


class Duration(Month):
    __slots__ = ()
    go_type = "time.Duration"
    kind = "int64"


def call(name, *values, run=None):
    function = FUNCTIONS[name]
    return function.call(*((run or a_run(),) if function.needs_run else ()), *values)


@pytest.mark.parametrize(
    ("value", "integer", "floating"),
    [
        ("0x1f", 31, 0.0),
        ("010", 8, 10.0),
        ("12.00", 12, 12.0),
        ("1.0.", 1, 0.0),
        ("1..0", 0, 0.0),
        ("12.5", 0, 12.5),
        (" 5", 0, 0.0),
        ("1_000", 1000, 1000.0),
        ("0x", 0, 0.0),
        ("0b_1", 1, 0.0),
        ("0x_1p-1", 0, 0.5),
        ("٣", 0, 0.0),
        ("9223372036854775808", 0, 9223372036854775808.0),
        ("-9223372036854775808", -(2**63), -9223372036854775808.0),
        ("0" * 5000 + "7", 7, 7.0),
        ("9" * 5000, 0, 0.0),
        ("1e400", 0, 0.0),
        ("+Inf", 0, math.inf),
        (2.9, 2, 2.9),
        (-2.9, -2, -2.9),
        (1e300, -(2**63), 1e300),
        (True, 1, 1.0),
        (None, 0, 0.0),
        (MISSING, 0, 0.0),
        ([1], 0, 0.0),
        (StringMap(), 0, 0.0),
        (Month(), 3, 3.0),
        (Duration(), 0, 0.0),
        (Integer(2**64 - 1, "uint64"), -1, float(2**64 - 1)),
    ],
)
def test_values_as_numbers(value, integer, floating):
    assert to_int64(value) == integer
    assert to_float64(value) == floating


@given(VALUES)
def test_integers_fit_64_bits_and_floats_are_floats(value):
    assert -(2**63) <= to_int64(value) < 2**63
    assert type(to_int64(value)) is int
    assert isinstance(to_float64(value), float)


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["d", "#x", "#o", "#b"]))
def test_integers_are_read_in_the_base_that_they_name(number, base):
    assert parse_integer(format(number, base), base=0) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_whole(number):
    assert parse_float(repr(number)) == parse_float(number.hex()) == number


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(VALUES, min_size=3, max_size=3), st.integers(-20, 20))
def test_calls_give_their_type_or_an_error(name, values, number):
    function = FUNCTIONS[name]
    count = max(function.fixed, 1)
    arguments = [
        number if kind == "int" else value for kind, value in zip(function.parameters * 3, values, strict=False)
    ]
    arguments = ["12" if kind == "string" else a for kind, a in zip(function.parameters * 3, arguments, strict=False)]
    try:
        result = call(name, *arguments[:count])
    except FunctionError:
        return

    assert go_type(result) == function.result


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("div", (1, 0), "runtime error: integer divide by zero"),
        ("mod", (1, "x"), "runtime error: integer divide by zero"),
        ("divf", (1, 0), "decimal division by 0"),
        ("addf", (math.nan,), "Cannot create a Decimal from NaN"),
        ("mulf", (1, math.inf), "Cannot create a Decimal from +Inf"),
    ],
)
def test_what_has_no_result_is_an_error(name, values, text):
    with pytest.raises(FunctionError) as caught:
        call(name, *values)

    assert caught.value.text == text


@pytest.mark.parametrize(
    ("name", "values", "result"),
    [
        ("add", (2**63 - 1, 1), -(2**63)),
        ("mul", (2**62, 4, 3), 0),
        ("div", (-(2**63), -1), -(2**63)),
        ("div", (-7, 2), -3),
        ("mod", (-7, 2), -1),
        ("addf", (0.1, 0.2), 0.3),
        ("divf", (5e-17, 1), 1e-16),
        ("divf", (-5e-17, 1), -1e-16),
        ("mulf", (1e300, 1e300), math.inf),
        ("round", (-1.2, 0), -2.0),
        ("round", (1.005, 2), 1.0),
        ("ceil", (-0.5,), -0.0),
        ("maxf", (-0.0, 0.0), 0.0),
        ("seq", (5, 2), "5 4 3 2"),
        ("seq", (2**63 - 1,), ""),
        ("until", (-3,), [0, -1, -2]),
        ("untilStep", (5, 0, -2), [5, 3, 1]),
        ("untilStep", (5, 0, 0), []),
        ("untilStep", (-(2**63), 2**63 - 1, 2**62), [-(2**63), -(2**62), 0, 2**62]),
    ],
)
def test_results(name, values, result):
    got = call(name, *values)

    assert got == result
    assert str(got) == str(result) or isinstance(got, list)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("until", (1_000_000_000,)),
        ("until", (-(2**63),)),
        ("untilStep", (-(2**63), 2**63 - 1, 1)),
        ("untilStep", (2**63 - 1, -(2**63), -1)),
        ("seq", (1_000_000_000,)),
        ("seq", (1, 1, 2**63 - 2)),
    ],
)
def test_long_rows_are_stopped(name, values):
    with pytest.raises(LimitError):
        call(name, *values)
    with pytest.raises(TooLongError):
        call(name, *values, run=inline_run())
