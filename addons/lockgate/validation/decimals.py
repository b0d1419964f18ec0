"""Numbers of a document as the decimals that are written, of any length and exponent, in time that stays linear.

Source: gojsonschema 1.2.0, which computes with ratios of integers; Go, math/big, Rat.SetString.
"""

import re
from decimal import Decimal
from typing import Final

_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_EXPONENT_END: Final = 10**12
"""Beyond it numbers differ in size alone."""
_INTEGER_EXPONENT_END: Final = 1_000_000
"""Go does not take a number with a larger exponent for an integer."""
_CHUNK: Final = 4_000
"""Digits that Python makes an int of at once."""
_MANY_DIGITS: Final = 19


def _parts(text: str) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end ("" for zero), and the power of ten to multiply with."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign, whole, fraction, exponent = found.groups("")
    power = -_EXPONENT_END if exponent.startswith("-") else _EXPONENT_END
    if len(exponent) < _MANY_DIGITS:
        power = max(-_EXPONENT_END, min(int(exponent or 0), _EXPONENT_END))
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    return sign, stripped, power - len(fraction) + len(digits) - len(stripped)


def decimal_of(text: str) -> Decimal:
    """The value of a JSON number; an exponent beyond a million million counts as that.

    Raises:
        ValueError: It is none.
    """
    if len(text) < _MANY_DIGITS and text.isdecimal():
        return Decimal(text)
    sign, digits, power = _parts(text)
    return Decimal(f"{sign}{digits or '0'}E{power if digits else 0}")


def is_integer(text: str) -> bool:
    """Whether a JSON number is one, however it is written: 5, 5.0, 50e-1.

    Raises:
        ValueError: It is no number.
    """
    if "." not in text and "e" not in text and "E" not in text:
        return True
    _, digits, power = _parts(text)
    return not digits or 0 <= power <= _INTEGER_EXPONENT_END


def is_multiple(text: str, divisor: Decimal) -> bool:
    """Whether a JSON number is a whole multiple of a divisor greater than 0.

    Raises:
        ValueError: It is no number.
    """
    _, digits, power = _parts(text)
    if not digits:
        return True
    _, divisor_digits, divisor_power = divisor.as_tuple()
    whole = int("".join(map(str, divisor_digits)))
    shift = power - int(divisor_power)
    if shift < 0:
        # The digits do not end in 0: no power of ten divides them.
        return False
    remainder = 0
    for start in range(0, len(digits), _CHUNK):
        chunk = digits[start : start + _CHUNK]
        remainder = (remainder * pow(10, len(chunk), whole) + int(chunk)) % whole
    return remainder * pow(10, shift, whole) % whole == 0
