"""Numbers as Go prints them.

Source: Go, strconv (FormatFloat), fmt (%v), encoding/json (floatEncoder).
"""

from collections.abc import Mapping
from typing import Final, final

_NOT_FINITE: Final = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
# Exponents that ``%v`` writes as digits, and magnitudes that encoding/json does.
_POSITIONAL_EXPONENTS: Final = range(-4, 6)
_SMALLEST_PLAIN: Final = 1e-4
_SMALLEST_NOT_PLAIN: Final = 1e6
_SMALLEST_POSITIONAL: Final = 1e-6
_SMALLEST_WITH_EXPONENT: Final = 1e21


@final
class Number(float):
    """A number of a JSON document: its value as float64, and how it was written.

    It compares and hashes as the float does: two spellings of one float64 are equal. A number beyond float64 is infinite.
    """

    __slots__ = ("text",)
    text: str
    """The literal as written: "1.50", "1e3", "9007199254740993"."""

    def __new__(cls, text: str) -> "Number":
        """A number from a literal.

        Raises:
            ValueError: It is no number to Python. Whether it is one to JSON is the decoder's business.
        """
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


def _digits(value: float) -> tuple[str, int]:
    """The shortest decimal digits that give ``value`` again, and where the point stands: 0.0125 gives "125", -1."""
    mantissa, _, exponent = float.__repr__(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", point if stripped.strip("0") else 1


def _scientific(digits: str, point: int) -> str:
    exponent = point - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _positional(digits: str, point: int) -> str:
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def format_g(value: float) -> str:
    """A float64 as Go's ``%v`` prints it: 5, 1.5, 1e+07, 1e-05, -0, NaN, +Inf.

    Source: strconv.FormatFloat with 'g' and the shortest precision, for which 6 digits count when it decides.
    """
    text = float.__repr__(value)
    if _SMALLEST_PLAIN <= value < _SMALLEST_NOT_PLAIN or _SMALLEST_PLAIN <= -value < _SMALLEST_NOT_PLAIN:
        # Most numbers: Python writes them as Go does.
        return text[:-2] if text[-2:] == ".0" else text
    if (special := _NOT_FINITE.get(text)) is not None:
        return special
    sign, magnitude = ("-", -value) if text[0] == "-" else ("", value)
    if magnitude == 0:
        return f"{sign}0"
    digits, point = _digits(magnitude)
    if point - 1 not in _POSITIONAL_EXPONENTS:
        return sign + _scientific(digits, point)
    return sign + _positional(digits, point)


def format_json(value: float) -> str:
    """A float64 as Go's encoding/json writes it: 1e+07 is 10000000, 1e21 is 1e+21, 1e-7 is 1e-7.

    Raises:
        ValueError: It is not finite; the message is Go's: "json: unsupported value: NaN".
    """
    text = float.__repr__(value)
    if (special := _NOT_FINITE.get(text)) is not None:
        raise ValueError(f"json: unsupported value: {special}")
    if "e" not in text:
        # Python writes 0.0001 up to 1e16 without an exponent, as Go does.
        return text.removesuffix(".0")
    sign, magnitude = ("-", -value) if text[0] == "-" else ("", value)
    digits, point = _digits(magnitude)
    if _SMALLEST_POSITIONAL <= magnitude < _SMALLEST_WITH_EXPONENT:
        return sign + _positional(digits, point)
    return sign + _scientific(digits, point).replace("e-0", "e-")


def format_v(value: object) -> str:
    """JSON data as Go's ``%v`` prints it: ``map[a:1 b:[x <nil>]]``, with sorted keys; text stands as it is.

    Args:
        value: What ``decode`` gives, whatever its depth. A Number counts by its value, not by its text.
    """
    parts: list[str] = []
    left: list[object] = [value]
    while left:
        item = left.pop()
        if isinstance(item, _Literal):
            parts.append(item.text)
        elif isinstance(item, Mapping):
            left.append(_CLOSE)
            for index, key in enumerate(sorted(item, reverse=True)):
                left.append(item[key])
                left.append(_Literal(f"{key}:" if index == len(item) - 1 else f" {key}:"))
            left.append(_OPEN_MAP)
        elif isinstance(item, list | tuple):
            left.append(_CLOSE)
            for index in range(len(item) - 1, -1, -1):
                left.append(item[index])
                if index:
                    left.append(_SPACE)
            left.append(_OPEN_LIST)
        else:
            parts.append(_scalar_v(item))
    return "".join(parts)


@final
class _Literal:
    """Text between values, in the list of what is still to be printed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_OPEN_MAP: Final = _Literal("map[")
_OPEN_LIST: Final = _Literal("[")
_CLOSE: Final = _Literal("]")
_SPACE: Final = _Literal(" ")


def _scalar_v(value: object) -> str:
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return format_g(value)
        case _:
            return str(value)
