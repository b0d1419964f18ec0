"""Literals of templates. Values were compared with Go 1.26."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.literals import LiteralError, character, code_point, complex_number, number, unquoted
from lockgate.templates.nodes import Number


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('""', ""),
        ("``", ""),
        ('"a é"', "a é"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\x41\101\u00e9\U0001F600"', "AAé😀"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xc3"', "\udcc3"),
        (r'"\303\251\377"', "é\udcff"),
        ('"\udcff"', "\ufffd"),
        ('"\udcff\\n"', "\ufffd\n"),
        ('`\\n"\n\r`', '\\n"\n'),
        ("`\udcff`", "\udcff"),
    ],
)
def test_strings(literal: str, value: str) -> None:
    assert unquoted(literal) == value


@pytest.mark.parametrize(
    "literal",
    [r'"\q"', r'"\x4"', r'"\400"', r'"\18"', r'"\u12"', r'"\ud800"', r'"\U00110000"', r'"\'"', r'"\x4g"'],
)
def test_strings_with_escapes_that_there_are_not(literal: str) -> None:
    with pytest.raises(LiteralError, match=r"^invalid syntax$"):
        unquoted(literal)


def values(made: Number) -> tuple[object, ...]:
    return made.integer, made.unsigned, made.floating, made.complex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0, 0, 0.0, None)),
        ("1_000", (1000, 1000, 1000.0, None)),
        ("+1", (1, None, 1.0, None)),
        ("-1", (-1, None, -1.0, None)),
        ("-0", (0, 0, 0.0, None)),
        ("017", (15, 15, 15.0, None)),
        ("0o17", (15, 15, 15.0, None)),
        ("0b_11", (3, 3, 3.0, None)),
        ("0x_Ff", (255, 255, 255.0, None)),
        ("9223372036854775807", (2**63 - 1, 2**63 - 1, 2.0**63, None)),
        ("9223372036854775808", (None, 2**63, 2.0**63, None)),
        ("-9223372036854775808", (-(2**63), None, -(2.0**63), None)),
        ("18446744073709551615", (None, 2**64 - 1, 2.0**64, None)),
        ("1.0", (1, 1, 1.0, None)),
        ("-1.0", (-1, None, -1.0, None)),
        ("1.5", (None, None, 1.5, None)),
        (".5", (None, None, 0.5, None)),
        ("1e3", (1000, 1000, 1000.0, None)),
        ("1_0.2_5e1_0", (102500000000, 102500000000, 1.025e11, None)),
        ("9223372036854775808.0", (None, 2**63, 2.0**63, None)),
        ("18446744073709551616.0", (None, None, 2.0**64, None)),
        ("0x1p-2", (None, None, 0.25, None)),
        ("0x.8P1", (1, 1, 1.0, None)),
        ("1e-400", (0, 0, 0.0, None)),
        ("0i", (0, 0, 0.0, 0j)),
        ("1.5i", (None, None, None, 1.5j)),
        ("0x1p1i", (None, None, None, 2j)),
        ("0" * 5000 + "7", (7, 7, 7.0, None)),
    ],
)
def test_numbers(text: str, expected: tuple[object, ...]) -> None:
    made = number(3, text)

    assert values(made) == expected
    assert (made.position, str(made)) == (3, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("08", 'integer overflow: "08"'),
        ("18446744073709551616", 'integer overflow: "18446744073709551616"'),
        ("-9223372036854775809", 'integer overflow: "-9223372036854775809"'),
        ("1__0", 'illegal number syntax: "1__0"'),
        ("1_", 'illegal number syntax: "1_"'),
        ("1_.5", 'illegal number syntax: "1_.5"'),
        ("0x", 'illegal number syntax: "0x"'),
        ("0x1.8", 'illegal number syntax: "0x1.8"'),
        ("0b2", 'illegal number syntax: "0b2"'),
        ("1e", 'illegal number syntax: "1e"'),
        ("1e400", 'illegal number syntax: "1e400"'),
        ("0x1p1024", 'illegal number syntax: "0x1p1024"'),
        (".", 'illegal number syntax: "."'),
        ("+", 'illegal number syntax: "+"'),
        ("i", 'illegal number syntax: "i"'),
    ],
)
def test_what_is_no_number(text: str, reason: str) -> None:
    with pytest.raises(LiteralError) as caught:
        number(0, text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", 97),
        ("'é'", 233),
        (r"'\''", 39),
        (r"'\x80'", 128),
        (r"'\377'", 255),
        (r"'\u00e9'", 233),
        ("'\"'", 34),
        ("'\udcff'", 0xFFFD),
    ],
)
def test_characters(text: str, value: int) -> None:
    assert values(character(0, text)) == (value, value, float(value), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("''", "invalid syntax"),
        (r"'\"'", "invalid syntax"),
        (r"'\q'", "invalid syntax"),
        ("'ab'", "malformed character constant: 'ab'"),
        (r"'\nb'", r"malformed character constant: '\nb'"),
    ],
)
def test_what_is_no_character(text: str, reason: str) -> None:
    with pytest.raises(LiteralError) as caught:
        character(0, text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2i", (None, None, None, 1 + 2j)),
        ("-1.5-.5i", (None, None, None, -1.5 - 0.5j)),
        ("0x1p1+2i", (None, None, None, 2 + 2j)),
        ("3+0i", (3, 3, 3.0, 3 + 0j)),
        ("-3.5+0i", (None, None, -3.5, -3.5 + 0j)),
    ],
)
def test_complex_numbers(text: str, expected: tuple[object, ...]) -> None:
    assert values(complex_number(0, text)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1+i", "syntax error scanning complex number"),
        ("1i+2i", "syntax error scanning complex number"),
        ("0b1+2i", "syntax error scanning complex number"),
        ("0x1+2i", 'strconv.ParseFloat: parsing "0x1": invalid syntax'),
        ("++2i", 'strconv.ParseFloat: parsing "+": invalid syntax'),
        ("1e999+2i", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("1+1__0i", 'strconv.ParseFloat: parsing "+1__0": invalid syntax'),
    ],
)
def test_what_is_no_complex_number(text: str, reason: str) -> None:
    with pytest.raises(LiteralError) as caught:
        complex_number(0, text)
    assert str(caught.value) == reason


@given(st.integers(-(2**63), 2**64 - 1))
def test_integers_of_any_size(value: int) -> None:
    made = number(0, str(value))

    assert value in (made.integer, made.unsigned)
    assert made.floating == float(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_what_was_written(value: float) -> None:
    made = number(0, f"{value!r}e0" if "e" not in repr(value) else repr(value))

    assert made.floating is not None
    assert math.copysign(1, made.floating) == math.copysign(1, value)
    assert made.floating == value


@pytest.mark.parametrize(
    ("one", "name"),
    [
        ("@", "U+0040 '@'"),
        ("\x01", "U+0001"),
        ("\u200b", "U+200B"),
        ("😀", "U+1F600 '😀'"),
        ("\udc80", "U+FFFD '\ufffd'"),
    ],
)
def test_names_of_characters(one: str, name: str) -> None:
    assert code_point(one) == name
