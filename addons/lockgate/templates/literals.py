"""Go's literals: what a quoted text, a character or a number in a template stands for.

Source: Go 1.26, strconv (Unquote, UnquoteChar, ParseInt, ParseFloat), text/template/parse (newNumber), fmt (Sscan).
"""

import math
import re
from typing import Final

from lockgate.templates.nodes import Number
from lockgate.templates.quoting import is_printable, quote_go
from lockgate.templates.values import from_bytes

_ESCAPE: Final = re.compile(
    r"\\(?:(?P<letter>[abfnrtv\\'\"])|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"
)
_LETTERS: Final = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_NO_UTF8: Final = re.compile("[\ud800-\udfff]")
_SYNTAX: Final = "invalid syntax"
_RANGE: Final = "value out of range"

_INTEGER: Final = re.compile(
    r"(?P<sign>[+-]?)(?:0[bB](?P<binary>(?:_?[01])+)|0[xX](?P<hexadecimal>(?:_?[0-9a-fA-F])+)"
    r"|0(?:[oO](?=[_0-7]))?(?P<octal>(?:_?[0-7])*)|(?P<decimal>[1-9](?:_?[0-9])*))"
)
_BASES: Final = {"binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16}
_MOST_DIGITS: Final = 64
"""Of an integer of 64 bits, in any base."""
_FLOAT: Final = re.compile(
    r"[+-]?(?:0(?P<hexadecimal>[xX])(?=[_.]*[0-9a-fA-F])[0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?[pP][+-]?[0-9][0-9_]*"
    r"|(?=[_.]*[0-9])[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?)"
)
_BAD_UNDERSCORE: Final = re.compile(r"(?:^|[^0-9])_|_(?:$|[^0-9])")
_BAD_HEXADECIMAL_UNDERSCORE: Final = re.compile(r"(?:^|[^0-9a-fA-F])_|_(?:$|[^0-9a-fA-F])")
_COMPLEX: Final = re.compile(
    r"(?P<real>(?>[+-]?{part}))(?P<imaginary>(?>[+-](?!i)[+-]?{part}))i".replace(
        "{part}",
        r"(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)",
    )
)


class LiteralError(ValueError):
    """A literal that stands for nothing; the message is Go's."""


def unquoted(literal: str) -> str:
    """The string that a quoted text stands for.

    Args:
        literal: With its quotes, `"` or "`", and no other unescaped one of them within.

    Raises:
        LiteralError: It has an escape that there is not.
    """
    inner = literal[1:-1]
    if literal[0] == "`":
        return inner.replace("\r", "")
    if "\\" not in inner:
        return _NO_UTF8.sub("\ufffd", inner)
    parts: list[bytes] = []
    at = 0
    while (escape := inner.find("\\", at)) >= 0:
        parts.append(_NO_UTF8.sub("\ufffd", inner[at:escape]).encode())
        value, is_byte, at = _unescaped(inner, escape, '"')
        parts.append(bytes((value,)) if is_byte else chr(value).encode())
    parts.append(_NO_UTF8.sub("\ufffd", inner[at:]).encode())
    return from_bytes(b"".join(parts))


def _unescaped(text: str, at: int, quote: str) -> tuple[int, bool, int]:
    """What an escape stands for, whether that is a byte and no character, and where the escape ends."""
    found = _ESCAPE.match(text, at)
    if found is None:
        raise LiteralError(_SYNTAX)
    kind = str(found.lastgroup)
    digits = found[kind]
    if kind == "letter":
        if digits in "'\"" and digits != quote:
            raise LiteralError(_SYNTAX)
        return ord(_LETTERS[digits]), False, found.end()
    if kind in ("byte", "octal"):
        return int(digits, 8 if kind == "octal" else 16), True, found.end()
    value = int(digits, 16)
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:  # noqa: PLR2004
        raise LiteralError(_SYNTAX)
    return value, False, found.end()


def code_point(character: str) -> str:
    """A character as Go names it (``%#U``): "U+0040 '@'"."""
    if _NO_UTF8.match(character):
        character = "\ufffd"
    name = f"U+{ord(character):04X}"
    return f"{name} '{character}'" if is_printable(character) else name


def number(position: int, text: str) -> Number:
    """A number as a template has it: integer, float, imaginary.

    Args:
        position: Of its beginning in the source, in characters.
        text: As written.

    Raises:
        LiteralError: It is none, or too large.
    """
    if text.endswith("i"):
        imaginary, fault = _parsed_float(text[:-1])
        if not fault:
            return _simplified(Number(position, text, complex=complex(0.0, imaginary)))
    whole = _parsed_integer(text)
    made = Number(position, text)
    if whole is not None:
        if whole == 0 or (whole < 1 << 64 and text[0] not in "+-"):
            made.unsigned = whole
        if -(1 << 63) <= whole < 1 << 63:
            made.integer = whole
    exact = made.unsigned if made.integer is None else made.integer
    if exact is not None:
        made.floating = float(exact)
        return made
    value, fault = _parsed_float(text)
    if fault:
        raise LiteralError(f"illegal number syntax: {quote_go(text)}")
    if not any(sign in text for sign in ".eEpP"):
        raise LiteralError(f"integer overflow: {quote_go(text)}")
    made.floating = value
    _with_whole(made, value)
    return made


def character(position: int, text: str) -> Number:
    """A character in quotes, which is a number.

    Raises:
        LiteralError: It is none, or there are several.
    """
    if text[1] == "'":
        raise LiteralError(_SYNTAX)
    if text[1] == "\\":
        value, _, end = _unescaped(text, 1, "'")
    else:
        value, end = 0xFFFD if _NO_UTF8.match(text[1]) else ord(text[1]), 2
    if text[end:] != "'":
        raise LiteralError(f"malformed character constant: {text}")
    return Number(position, text, value, value, float(value))


def complex_number(position: int, text: str) -> Number:
    """A complex number: "1+2i".

    Raises:
        LiteralError: It is none, or too large.
    """
    found = _COMPLEX.match(text)
    if found is None:
        raise LiteralError("syntax error scanning complex number")
    parts: list[float] = []
    for part in found.group("real", "imaginary"):
        value, fault = _parsed_float(part)
        if fault:
            raise LiteralError(f"strconv.ParseFloat: parsing {quote_go(part)}: {fault}")
        parts.append(value)
    return _simplified(Number(position, text, complex=complex(*parts)))


def _simplified(made: Number) -> Number:
    """With what else the complex number is, where its imaginary part is 0."""
    value = made.complex
    if value is not None and value.imag == 0:
        made.floating = value.real
        _with_whole(made, value.real)
    return made


def _with_whole(made: Number, value: float) -> None:
    if value.is_integer():
        if -(2.0**63) <= value < 2.0**63:
            made.integer = int(value)
        if 0 <= value < 2.0**64:
            made.unsigned = int(value)


def _parsed_integer(text: str) -> int | None:
    """The integer that a text is, however large within 64 digits; None where it is none."""
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    kind = str(found.lastgroup)
    digits = found[kind].replace("_", "").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        return None
    value = int(digits or "0", _BASES[kind])
    return -value if found["sign"] == "-" else value


def _parsed_float(text: str) -> tuple[float, str]:
    """The float that a text is, and what is wrong with it: nothing, its syntax or its size."""
    found = _FLOAT.fullmatch(text)
    if found is None:
        return 0.0, _SYNTAX
    if "_" in text:
        body = text.lstrip("+-")
        if found["hexadecimal"]:
            misplaced = _BAD_HEXADECIMAL_UNDERSCORE.search(f"0{body[2:]}")
        else:
            misplaced = _BAD_UNDERSCORE.search(body)
        if misplaced:
            return 0.0, _SYNTAX
        text = text.replace("_", "")
    if not found["hexadecimal"]:
        value = float(text)
        return value, _RANGE if math.isinf(value) else ""
    try:
        return float.fromhex(text), ""
    except OverflowError:
        return 0.0, _RANGE
