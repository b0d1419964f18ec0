"""Names in other spellings. What Go answered to each call is in go_strings.jsonl."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rendering import a_run

from lockgate.templates.errors import LimitError
from lockgate.templates.functions import casing as functions
from lockgate.templates.run import Limits

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}


def called(name, text, run=None):
    return FUNCTIONS[name].call(run or a_run(), text)


@pytest.mark.parametrize(
    ("text", "snake", "camel"),
    [
        ("FirstName", "first_name", "FirstName"),
        ("HTTPServer", "http_server", "Httpserver"),
        ("NoHTTPS", "no_https", "NoHTTPS"),
        ("GO-PATH", "go_path", "GoPath"),
        ("http2xx", "http_2xx", "Http2xx"),
        ("Bld4Floor3rd", "bld4_floor_3rd", "Bld4Floor3rd"),
        ("_complex__case_", "_complex__case_", "_Complex_Case_"),
        ("12ab", "12ab", "12ab"),
        ("漢字X", "漢字_x", "漢字X"),
        ("ÉCOLE", "école", "École"),
    ],
)
def test_spellings(text, snake, camel):
    assert called("snakecase", text) == snake
    assert called("kebabcase", text) == snake.replace("_", "-")
    assert called("camelcase", text) == camel


@pytest.mark.parametrize(("text", "camel"), [("", ""), ("_", "__"), ("- ", "-  ")])
def test_a_text_of_connectors_gets_one_more(text, camel):
    assert called("camelcase", text) == camel


def test_swapping_writes_the_first_letter_of_a_word_in_title_case():
    assert called("swapcase", "ǆ aǆ ǅ") == "ǅ AǄ ǆ"


@given(st.sampled_from(sorted(FUNCTIONS)), st.text(st.sampled_from("aZ1_- .É漢\ufffd\udcff"), max_size=10))
def test_any_text_has_a_spelling(name, text):
    assert isinstance(called(name, text), str)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_long_texts_are_work(name):
    with pytest.raises(LimitError):
        called(name, "é" * 10_000, a_run(Limits(steps=1000, output=1, size=100_000)))
