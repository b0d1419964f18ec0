import copy
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.documents.numbers import Number, format_g, format_json, format_v

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "g", "in_json"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "-0"),
        (5.0, "5", "5"),
        (100000.0, "100000", "100000"),
        (123456.789, "123456.789", "123456.789"),
        (1000000.0, "1e+06", "1000000"),
        (1234567890.0, "1.23456789e+09", "1234567890"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "1e-05", "0.00001"),
        (0.000001, "1e-06", "0.000001"),
        (0.0000001, "1e-07", "1e-7"),
        (1e16, "1e+16", "10000000000000000"),
        (1.2345678901234568e20, "1.2345678901234568e+20", "123456789012345680000"),
        (1e21, "1e+21", "1e+21"),
        (-1.5e300, "-1.5e+300", "-1.5e+300"),
        (5e-324, "5e-324", "5e-324"),
    ],
)
def test_floats_as_go_writes_them(value, g, in_json):
    assert (format_g(value), format_json(value)) == (g, in_json)


def test_numbers_that_are_not_finite():
    values = (float("nan"), float("inf"), float("-inf"))

    assert [format_g(value) for value in values] == ["NaN", "+Inf", "-Inf"]
    for value in values:
        with pytest.raises(ValueError, match=r"^json: unsupported value: (NaN|\+Inf|-Inf)$"):
            format_json(value)


@given(FINITE)
def test_no_digit_is_lost_and_none_is_too_many(value):
    for text in (format_g(value), format_json(value)):
        assert float(text) == value
        assert Decimal(text) == Decimal(repr(value))


def test_numbers_are_floats_with_a_text():
    number = Number("1.50")

    assert number == 1.5
    assert hash(number) == hash(1.5)
    assert repr(number) == "Number('1.50')"
    for other in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert (other, other.text) == (1.5, "1.50")


def test_values_as_go_prints_them():
    value = {"b": [1, "x y", None, []], "a": {}, "c": {"z": True, "y": Number("1e7")}, "": (False, 2.5)}

    assert format_v(value) == "map[:[false 2.5] a:map[] b:[1 x y <nil> []] c:map[y:1e+07 z:true]]"
    assert [format_v(item) for item in (None, True, "", 12, 0.00001)] == ["<nil>", "true", "", "12", "1e-05"]


def test_depth_does_not_matter():
    value = "x"
    for _ in range(20_000):
        value = [{"a": value}]

    assert format_v(value) == "[map[a:" * 20_000 + "x" + "]]" * 20_000
