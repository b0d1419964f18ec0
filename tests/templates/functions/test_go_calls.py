"""Functions that print, count, convert and default, as Go's templates with sprig 3.3.0 answered each call.

``go_calls.jsonl`` was recorded with Go 1.26: a template with one call, and what it made of ``DATA``, in the keys of the
recorded rows. Formats have all verbs, flags, widths, precisions and indexes, good ones and bad ones.
"""

import json
from pathlib import Path

import pytest
from tests.rendering import outcome

CALLS = [
    json.loads(line) for line in (Path(__file__).parent / "go_calls.jsonl").read_text("utf-8").splitlines() if line
]
DATA = {
    "n": None,
    "l": [1.0, "a", None, True, [2.5]],
    "m": {"b": {"x": [1.0]}, "a": "é", "": None},
    "e": [],
    "em": {},
    "floats": [1e6, 0.1, 1e21, -0.0, 123456.7],
    "mixed": [{"a": 1.0}, "x"],
    "u": "日本語",
    "big": 1e308,
    "tiny": 5e-324,
}


def test_there_are_calls():
    assert len(CALLS) > 1000


@pytest.mark.parametrize("first", range(0, len(CALLS), 100))
def test_calls_agree(first):
    different = {}
    for call in CALLS[first : first + 100]:
        expected = {key: value for key, value in call.items() if key != "template"}
        if (got := outcome(call["template"], DATA)) != expected:
            different[call["template"]] = (got, expected)

    assert different == {}
