"""Conversions and arithmetic: integers that wrap around at 64 bits, floats that are added as decimals.

Source: sprig 3.3.0, functions.go, numeric.go; spf13/cast 1.7.0; shopspring/decimal 1.4.0.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.documents.numbers import format_g
from lockgate.templates import formatting
from lockgate.templates.casting import LARGEST_INT64, SMALLEST_INT64, parse_integer, to_float64, to_int64
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import Integer, TypedList, int64

_OCTAL: Final = 8
_DECIMAL: Final = 10
_MEMBER_SIZE: Final = 8
_NUMBER_SIZE: Final = 20
_DIVISION_PLACES: Final = 16
_FIRST_WHOLE: Final = 2.0**53
_LARGEST_EXPONENT: Final = 1 << 12


# --- conversions ----------------------------------------------------------------------------------------------------


def _atoi(text: str) -> int:
    number = parse_integer(text, base=_DECIMAL)
    return 0 if number is None else min(max(number, SMALLEST_INT64), LARGEST_INT64)


def _int64(value: object) -> Integer:
    return int64(to_int64(value))


def _to_decimal(run: Run, value: object) -> Integer:
    number = parse_integer(formatting.format_value(value, run), base=_OCTAL)
    return int64(number if number is not None and SMALLEST_INT64 <= number <= LARGEST_INT64 else 0)


# --- integers -------------------------------------------------------------------------------------------------------


def _add(*values: object) -> Integer:
    return int64(sum(map(to_int64, values)))


def _add1(value: object) -> Integer:
    return int64(to_int64(value) + 1)


def _sub(one: object, other: object) -> Integer:
    return int64(to_int64(one) - to_int64(other))


def _mul(first: object, *others: object) -> Integer:
    product = int64(to_int64(first))
    for other in others:
        product = int64(product * to_int64(other))
    return product


def _div(one: object, other: object) -> Integer:
    return int64(_divided(to_int64(one), to_int64(other))[0])


def _mod(one: object, other: object) -> Integer:
    return int64(_divided(to_int64(one), to_int64(other))[1])


def _divided(one: int, other: int) -> tuple[int, int]:
    """Quotient towards zero, and what remains with the sign of the first."""
    if not other:
        raise FunctionError("runtime error: integer divide by zero")
    quotient, rest = divmod(abs(one), abs(other))
    return (quotient if (one < 0) == (other < 0) else -quotient), (-rest if one < 0 else rest)


def _max(first: object, *others: object) -> Integer:
    return int64(max(map(to_int64, (first, *others))))


def _min(first: object, *others: object) -> Integer:
    return int64(min(map(to_int64, (first, *others))))


# --- floats ---------------------------------------------------------------------------------------------------------


def _maxf(first: object, *others: object) -> float:
    return _extreme((first, *others), math.inf)


def _minf(first: object, *others: object) -> float:
    return _extreme((first, *others), -math.inf)


def _extreme(values: Sequence[object], best: float) -> float:
    """The number nearest to an infinity; NaN counts as more than all but the infinity itself, and so does its zero."""
    numbers = list(map(to_float64, values))
    if best in numbers:
        return best
    if any(map(math.isnan, numbers)):
        return math.nan
    found = max(numbers) if best > 0 else min(numbers)
    if found:
        return found
    signs = [math.copysign(1, number) for number in numbers if not number]
    return math.copysign(0.0, max(signs) if best > 0 else min(signs))


def _floor(value: object) -> float:
    return _floored(to_float64(value))


def _ceil(value: object) -> float:
    return -_floored(-to_float64(value))


def _floored(value: float) -> float:
    if not abs(value) < _FIRST_WHOLE:
        return value
    return math.copysign(float(math.floor(value)), value)


def _round(value: object, places: int, *options: float) -> float:
    limit = options[0] if options else 0.5
    power = _power_of_ten(float(places))
    moved = power * to_float64(value)
    fraction = math.modf(moved)[0] if math.isfinite(moved) else math.nan
    whole = -_floored(-moved) if fraction >= limit else _floored(moved)
    return whole / power if power else math.nan


def _power_of_ten(exponent: float) -> float:
    """Go's math.Pow, which is not always the nearest float."""
    fraction, base_exponent = math.frexp(10.0)
    left = int(abs(exponent))
    power, power_exponent = 1.0, 0
    while left:
        if abs(base_exponent) > _LARGEST_EXPONENT:
            power_exponent += base_exponent
            break
        if left & 1:
            power *= fraction
            power_exponent += base_exponent
        fraction *= fraction
        base_exponent *= 2
        if fraction < 0.5:  # noqa: PLR2004 - fractions are normalized to be at least this
            fraction += fraction
            base_exponent -= 1
        left >>= 1
    if exponent < 0:
        power, power_exponent = 1 / power, -power_exponent
    try:
        return math.ldexp(power, power_exponent)
    except OverflowError:
        return math.inf


# --- floats as decimals ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decimal:
    """A number times ten to an exponent."""

    value: int
    exponent: int

    def at(self, exponent: int) -> int:
        """Its value with a smaller exponent."""
        return int(self.value * 10 ** (self.exponent - exponent))


def _decimal(value: object) -> _Decimal:
    number = to_float64(value)
    if not math.isfinite(number):
        raise FunctionError(f"Cannot create a Decimal from {format_g(number)}")
    # The shortest digits that give the float again.
    mantissa, _, exponent = float.__repr__(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    return _Decimal(int(whole + fraction), int(exponent or "0") - len(fraction))


def _calculated(first: object, others: Sequence[object], operation: Callable[[_Decimal, _Decimal], _Decimal]) -> float:
    result = _decimal(first)
    for other in others:
        result = operation(result, _decimal(other))
    try:
        if result.exponent < 0:
            return result.value / int(10**-result.exponent)
        return float(result.at(0))
    except OverflowError:
        return math.inf if result.value > 0 else -math.inf


def _sum(one: _Decimal, other: _Decimal) -> _Decimal:
    exponent = min(one.exponent, other.exponent)
    return _Decimal(one.at(exponent) + other.at(exponent), exponent)


def _difference(one: _Decimal, other: _Decimal) -> _Decimal:
    return _sum(one, _Decimal(-other.value, other.exponent))


def _product(one: _Decimal, other: _Decimal) -> _Decimal:
    return _Decimal(one.value * other.value, one.exponent + other.exponent)


def _quotient(one: _Decimal, other: _Decimal) -> _Decimal:
    """To 16 places; half of the last one is rounded away from zero."""
    if not other.value:
        raise FunctionError("decimal division by 0")
    exponent = min(one.exponent + _DIVISION_PLACES, other.exponent)
    dividend, divisor = abs(one.at(exponent - _DIVISION_PLACES)), abs(other.at(exponent))
    quotient, rest = divmod(dividend, divisor)
    quotient += 2 * rest >= divisor
    return _Decimal(quotient if (one.value < 0) == (other.value < 0) else -quotient, -_DIVISION_PLACES)


def _addf(*values: object) -> float:
    return _calculated(0.0, values, _sum)


def _add1f(value: object) -> float:
    return _calculated(value, (1,), _sum)


def _subf(first: object, *others: object) -> float:
    return _calculated(first, others, _difference)


def _mulf(first: object, *others: object) -> float:
    return _calculated(first, others, _product)


def _divf(first: object, *others: object) -> float:
    return _calculated(first, others, _quotient)


# --- rows of integers -----------------------------------------------------------------------------------------------


def _until(run: Run, count: int) -> TypedList:
    return _until_step(run, 0, count, -1 if count < 0 else 1)


def _until_step(run: Run, start: int, stop: int, step: int) -> TypedList:
    return TypedList(_counted(run, start, stop, step, _MEMBER_SIZE), "int")


def _counted(run: Run, start: int, stop: int, step: int, size: int) -> range:
    """Integers from one up or down to another, which is not among them; none where the step leads away from it."""
    if not step or (stop > start) != (step > 0):
        return range(0)
    count = (abs(stop - start) - 1) // abs(step) + 1
    run.step(count)
    run.make(count * size)
    return range(start, stop, step)


def _seq(run: Run, *numbers: int) -> str:
    match numbers:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
        case (start, end):
            step = -1 if end < start else 1
        case (start, step, end):
            if end < start and step > 0:
                return ""
        case _:
            return ""
    # As integers of 64 bits, which wrap around.
    stop = int(int64(end + (-1 if end < start else 1)))
    return " ".join(map(str, _counted(run, start, stop, step, _NUMBER_SIZE)))


FUNCTIONS: Final = (
    function("atoi", "(string) int", _atoi),
    function("int", "(interface {}) int", to_int64),
    function("int64", "(interface {}) int64", _int64),
    function("float64", "(interface {}) float64", to_float64),
    function("toDecimal", "(interface {}) int64", _to_decimal, needs_run=True),
    function("add", "(...interface {}) int64", _add),
    function("add1", "(interface {}) int64", _add1),
    function("sub", "(interface {}, interface {}) int64", _sub),
    function("mul", "(interface {}, ...interface {}) int64", _mul),
    function("div", "(interface {}, interface {}) int64", _div),
    function("mod", "(interface {}, interface {}) int64", _mod),
    function("max", "(interface {}, ...interface {}) int64", _max),
    function("biggest", "(interface {}, ...interface {}) int64", _max),
    function("min", "(interface {}, ...interface {}) int64", _min),
    function("maxf", "(interface {}, ...interface {}) float64", _maxf),
    function("minf", "(interface {}, ...interface {}) float64", _minf),
    function("floor", "(interface {}) float64", _floor),
    function("ceil", "(interface {}) float64", _ceil),
    function("round", "(interface {}, int, ...float64) float64", _round),
    function("addf", "(...interface {}) float64", _addf),
    function("add1f", "(interface {}) float64", _add1f),
    function("subf", "(interface {}, ...interface {}) float64", _subf),
    function("mulf", "(interface {}, ...interface {}) float64", _mulf),
    function("divf", "(interface {}, ...interface {}) float64", _divf),
    function("until", "(int) []int", _until, needs_run=True),
    function("untilStep", "(int, int, int) []int", _until_step, needs_run=True),
    function("seq", "(...int) string", _seq, needs_run=True),
)
