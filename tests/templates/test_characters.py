"""Characters as Go judges them, where Python's own methods differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.characters import (
    byte_length,
    byte_text,
    from_byte_text,
    is_letter,
    is_space,
    lower,
    to_lower,
    to_title,
    to_upper,
    upper,
    without_stray_bytes,
)
from lockgate.templates.values import joined

TEXTS = st.text(st.sampled_from("aZ ßİıΣςǆǅ漢😀\ufffd\udcff\udcc3\udca9"), max_size=12).map(
    lambda text: joined((text,))
)


@pytest.mark.parametrize(
    ("character", "in_upper", "in_lower", "in_title"),
    [
        ("ß", "ß", "ß", "ß"),
        ("ŉ", "ŉ", "ŉ", "ŉ"),
        ("ΐ", "ΐ", "ΐ", "ΐ"),
        ("İ", "İ", "i", "İ"),
        ("ı", "I", "ı", "I"),
        ("ς", "Σ", "ς", "Σ"),
        ("ǅ", "Ǆ", "ǆ", "ǅ"),
        ("ᾳ", "ᾼ", "ᾳ", "ᾼ"),
        ("ა", "Ა", "ა", "ა"),
        ("ﬁ", "ﬁ", "ﬁ", "ﬁ"),
    ],
)
def test_one_character_becomes_one_character(character, in_upper, in_lower, in_title):
    assert (to_upper(character), to_lower(character), to_title(character)) == (in_upper, in_lower, in_title)


@given(TEXTS)
def test_strings_are_mapped_character_by_character(text):
    shown = without_stray_bytes(text)

    assert upper(text) == "".join(map(to_upper, shown))
    assert lower(text) == "".join(map(to_lower, shown))


def test_a_sigma_at_the_end_of_a_word_is_as_any_other():
    assert lower("ΟΔΟΣ") == "οδοσ"


def test_a_byte_that_is_no_utf_8_becomes_a_replacement_character_where_characters_are_mapped():
    assert upper("a\udcff") == "A\ufffd"


@pytest.mark.parametrize("character", "\x1c\x1d\x1e\x1f\u200b\ufeff")
def test_what_only_python_or_nobody_calls_white_space_is_none(character):
    assert not is_space(character)


@pytest.mark.parametrize("character", "\t\n\v\f\r \x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000")
def test_white_space(character):
    assert is_space(character)


@given(TEXTS)
def test_a_string_comes_back_from_its_bytes(text):
    assert from_byte_text(byte_text(text)) == text
    assert byte_length(text) == len(byte_text(text))


@pytest.mark.parametrize(("character", "is_one"), [("\U0002ebef", False), ("\U0002ebf0", False), ("\U0002ebe0", True)])
def test_letters_are_those_of_unicode_15(character, is_one):
    assert is_letter(character) is is_one
