"""Functions on strings, patterns, paths, URLs and versions, as Go's templates with sprig 3.3.0 answered each call.

``go_strings.jsonl`` was recorded with Go 1.26 (GODEBUG=urlstrictcolons=0, as the reference gateway is built): calls with
texts of every kind, bytes that are no UTF-8 among them, numbers of every size, patterns good and bad; each result is
printed with %q, %v and %T.
"""

import json
from pathlib import Path

import pytest
from tests.rendering import outcome

CALLS = [
    json.loads(line) for line in (Path(__file__).parent / "go_strings.jsonl").read_text("utf-8").split("\n") if line
]


def test_there_are_calls():
    assert len(CALLS) > 1000


@pytest.mark.parametrize("first", range(0, len(CALLS), 100))
def test_calls_agree(first):
    different = {}
    for call in CALLS[first : first + 100]:
        expected = {key: value for key, value in call.items() if key != "template"}
        if (got := outcome(call["template"], {})) != expected:
            different[call["template"]] = (got, expected)

    assert different == {}
