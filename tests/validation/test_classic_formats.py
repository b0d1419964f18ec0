"""Formats of ``validate_json``.

``gojsonschema_formats.jsonl`` was recorded with gojsonschema 1.2.0 and Go 1.26: format, text, whether it has it.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.validation.classic_formats import CHECKS, MAX_CHECKED_REGEX

RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parent / "gojsonschema_formats.jsonl").read_text("utf-8").splitlines()
    if line
]


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_as_the_reference_gateways_library_has_it(name):
    rows = [(text, expected) for format_, text, expected in RECORDED if format_ == name]

    assert {expected for _, expected in rows} == {True, False} or name == "iri-reference"
    assert [(text, CHECKS[name](text)) for text, _ in rows] == rows


def test_one_check_under_two_names():
    assert CHECKS["iri-reference"] is CHECKS["uri-reference"]
    assert CHECKS["idn-email"] is CHECKS["email"]


def test_long_regular_expressions():
    check = CHECKS["regex"]

    assert check("a" * MAX_CHECKED_REGEX)
    assert not check("a" * (MAX_CHECKED_REGEX + 1))


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=40))
def test_any_text_is_judged(name, text):
    assert CHECKS[name](text) in (True, False)


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"regex"}))
@pytest.mark.parametrize(
    "text",
    ["(" * 50_000, "a." * 50_000, "1:" * 50_000, '"' + "\\a" * 50_000, "/~0" * 50_000, "[" * 50_000, " " * 100_000],
)
@pytest.mark.timeout(10)
def test_long_texts_take_no_long_time(name, text):
    CHECKS[name](text)
