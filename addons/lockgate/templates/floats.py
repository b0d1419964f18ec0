"""Floats as Go's strconv writes them, whatever the format and precision.

Source: Go 1.26, internal/strconv, ftoa.go.
"""

from math import copysign, frexp, isfinite, isnan, ldexp
from typing import Final

from lockgate.documents.numbers import format_g

_MANTISSA_BITS: Final = 52
_SMALLEST_EXPONENT: Final = -1022
_HEXADECIMAL_DIGITS: Final = 13


def format_float(value: float, verb: str, precision: int | None) -> str:
    """A float64 in a format.

    Args:
        value: Any; what is not finite is "NaN", "+Inf", "-Inf".
        verb: "e", "E", "f", "g", "G", "b", "x" or "X".
        precision: Digits; None: as few as give the value again (not for "e", "E" and "f").
    """
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    match verb:
        case "b":
            return _binary(value)
        case "x" | "X":
            text = _hexadecimal(value, precision)
            return text if verb == "x" else text.upper()
        case "g" | "G":
            if precision is None:
                text = format_g(value)
                return text if verb == "g" else text.upper()
    return format(value, f".{precision or 0}{verb}")


def _parts(value: float) -> tuple[str, int, int]:
    """Sign, mantissa and exponent: the value is the mantissa times two to the exponent."""
    magnitude = abs(value)
    exponent = max(frexp(magnitude)[1] - 1, _SMALLEST_EXPONENT) if magnitude else _SMALLEST_EXPONENT
    sign = "-" if copysign(1, value) < 0 else ""
    return sign, int(ldexp(magnitude, _MANTISSA_BITS - exponent)), exponent - _MANTISSA_BITS


def _binary(value: float) -> str:
    sign, mantissa, exponent = _parts(value)
    return f"{sign}{mantissa}p{exponent:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    sign, mantissa, exponent = _parts(value)
    if mantissa:
        # The first digit is 1, of numbers too small for it as well.
        shift = _MANTISSA_BITS + 1 - mantissa.bit_length()
        mantissa <<= shift
        exponent -= shift
        exponent += _MANTISSA_BITS
    else:
        exponent = 0
    digits = _HEXADECIMAL_DIGITS
    if precision is not None and precision < digits:
        cut = 4 * (digits - precision)
        rest, mantissa = mantissa & ((1 << cut) - 1), mantissa >> cut
        half = 1 << (cut - 1)
        mantissa += rest > half or (rest == half and bool(mantissa & 1))
        digits = precision
        if mantissa >> (4 * digits) > 1:
            mantissa >>= 1
            exponent += 1
    fraction = format(mantissa & ((1 << 4 * digits) - 1), f"0{digits}x") if digits else ""
    fraction = fraction.rstrip("0") if precision is None else fraction.ljust(precision, "0")
    point = "." if fraction else ""
    return f"{sign}0x{mantissa >> (4 * digits)}{point}{fraction}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
