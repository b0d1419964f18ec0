import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.validation.decimals import decimal_of, is_integer, is_multiple

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True).filter(
    str.isascii
)
DIVISORS = st.from_regex(r"[1-9][0-9]{0,3}(e-?[0-9])?", fullmatch=True).filter(str.isascii)


@given(NUMBERS)
def test_numbers_are_what_is_written(text):
    assert Fraction(decimal_of(text)) == Fraction(text)
    assert is_integer(text) == (Fraction(text).denominator == 1)


@given(NUMBERS, DIVISORS)
def test_multiples(text, divisor):
    assert is_multiple(text, Decimal(divisor)) == ((Fraction(text) / Fraction(divisor)).denominator == 1)


@given(st.integers(0, 10**12), DIVISORS)
def test_products_are_multiples(factor, divisor):
    assert is_multiple(format(factor * Decimal(divisor), "f"), Decimal(divisor))


@pytest.mark.timeout(5)
def test_length_and_exponent_do_not_matter():
    long = "7" * 1_000_000

    assert is_multiple(long, Decimal(7))
    assert not is_multiple(long + "1", Decimal(7))
    assert is_multiple("1e999999999999999999999", Decimal(5))
    assert not is_multiple("1e999999999999999999999", Decimal(3))
    assert not is_multiple("1e-999999999999999999999", Decimal("0.1"))
    assert is_multiple("0e-999999999999999999999", Decimal("0.1"))
    assert decimal_of("1e999999999999999999999") > decimal_of("1e308")
    assert 0 < decimal_of("1e-999999999999999999999") < decimal_of("5e-324")
    assert decimal_of("-0e5") == 0
    assert not is_integer("1e-999999999999999999999")


def test_what_is_no_number_is_told():
    for text in ("x", "1.", "+1", "1_0"):
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            is_multiple(text, Decimal(1))
