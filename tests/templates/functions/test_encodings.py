"""Base64 and base32. What Go answered to each call is in go_strings.jsonl."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rendering import a_run

from lockgate.templates.errors import LimitError
from lockgate.templates.functions import encodings as functions
from lockgate.templates.run import Limits
from lockgate.templates.values import from_bytes

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}


def called(name, text, run=None):
    return FUNCTIONS[name].call(run or a_run(), text)


@given(st.binary())
def test_what_was_encoded_is_decoded(raw):
    text = from_bytes(raw)

    assert called("b64enc", text) == base64.b64encode(raw).decode()
    assert called("b32enc", text) == base64.b32encode(raw).decode()
    assert called("b64dec", called("b64enc", text)) == text
    assert called("b32dec", called("b32enc", text)) == text


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("aGk=", "hi"),
        ("a\nG\r\nk=\n", "hi"),
        ("aGl=", "hi"),
        ("aGk", "illegal base64 data at input byte 0"),
        ("QUJDaGk", "illegal base64 data at input byte 4"),
        ("aG-=", "illegal base64 data at input byte 2"),
        ("aG=", "illegal base64 data at input byte 3"),
        ("aG=x", "illegal base64 data at input byte 2"),
        ("aGk=aGk=", "illegal base64 data at input byte 4"),
        ("====", "illegal base64 data at input byte 0"),
        ("é", "illegal base64 data at input byte 0"),
        ("", ""),
    ],
)
def test_base64_ignores_line_breaks_and_says_where_it_ends(text, decoded):
    assert called("b64dec", text) == decoded


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("NBUQ====", "hi"),
        ("NB\nUQ====\r\n", "hi"),
        ("NBUQ", "illegal base32 data at input byte 0"),
        ("nbuq====", "illegal base32 data at input byte 0"),
        ("NBUQ===", "illegal base32 data at input byte 7"),
        ("NBU=====", "illegal base32 data at input byte 3"),
        ("NBUQ==x=", "illegal base32 data at input byte 5"),
        ("", ""),
    ],
)
def test_base32_likewise(text, decoded):
    assert called("b32dec", text) == decoded


@pytest.mark.parametrize("name", ["b64enc", "b32enc"])
def test_encoding_grows(name):
    with pytest.raises(LimitError):
        called(name, "a" * 900, a_run(Limits(steps=1000, output=1, size=1000)))


@pytest.mark.parametrize("name", ["b64dec", "b32dec", "b32enc"])
def test_long_texts_are_work(name):
    with pytest.raises(LimitError):
        called(name, "A" * 8000, a_run(Limits(steps=100, output=1, size=100_000)))
