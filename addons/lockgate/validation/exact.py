"""Numbers compared as what was written, not as the nearest float64.

An integer counts with all its digits. Any other number counts as the shortest decimal of its float64, so that 0.07 is
a multiple of 0.01, and a document decoded with or without the texts of its numbers is judged alike.
Differs: the reference gateway compares float64 (test_big_integers_count_with_all_their_digits, test_multiples_are_decimal).
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from lockgate.documents.numbers import Number, format_json

_EXACT_END: Final = 2.0**53
_TEXT_END: Final = 400
"""Characters. A finite integer that is longer is written with leading zeros, which is no JSON."""


def exact(value: float) -> int | float:
    """A finite number as int where it is integral, with the digits that were written; otherwise as float.

    Args:
        value: An int, a float or a Number; no bool.
    """
    if isinstance(value, int):
        return value
    if type(value) is Number:
        text = value.text
        if len(text) < _TEXT_END and text.removeprefix("-").isdecimal() and text.isascii():
            return int(text)
    if not value.is_integer():
        return float(value)
    if -_EXACT_END <= value <= _EXACT_END:
        return int(value)
    return int(Decimal(float.__repr__(value)))


def fraction(value: float) -> Fraction:
    """A finite number as the ratio that its decimal is."""
    number = exact(value)
    return Fraction(number) if isinstance(number, int) else Fraction(float.__repr__(number))


def written(value: float) -> str:
    """A finite number as it was written; where that is not known, as Go writes it into JSON."""
    if type(value) is Number:
        return value.text
    return str(value) if isinstance(value, int) else format_json(value)
