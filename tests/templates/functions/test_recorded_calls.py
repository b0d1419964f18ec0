"""Functions on lists, maps and dates, as Go's templates with sprig 3.3.0 answered each call.

The files beside this one were recorded with Go 1.26 and TZ=UTC: a template with a call, and what it made of ``DATA``, in
the keys of the recorded rows. The calls were made up at random, of good and bad arguments.
"""

import copy
import json
from pathlib import Path

import pytest
from tests.rendering import outcome

FOLDER = Path(__file__).parent
CALLS = {
    subject: [json.loads(line) for line in (FOLDER / f"{subject}_calls.jsonl").read_text("utf-8").splitlines()]
    for subject in ("list", "dict", "date")
}
DATA = {
    "l": ["b", "a", "c", "a"],
    "nums": [3.0, 1.0, 2.0, 1.0],
    "el": [],
    "mix": ["a", 1.0, None, True, "", 0.0, "a", 1.0, {"a": 1.0}, {"a": 1.0}, [1.0], [1.0]],
    "m": {"a": 1.0, "b": 2.0, "z": None},
    "em": {},
    "nest": {"a": {"b": {"c": "deep"}}, "l": [1.0], "e": {}, "s": "", "n": None, "t": True},
    "nest2": {
        "a": {"b": {"c": "x", "d": 2.0}, "q": None},
        "l": [2.0, 3.0],
        "e": {"k": []},
        "s": "new",
        "n": 5.0,
        "t": False,
        "u": {},
    },
    "s": "text",
    "n": 3.0,
    "z": None,
    "t": True,
    "x": False,
    "e": "",
}


@pytest.mark.parametrize("subject", CALLS)
def test_there_are_calls(subject):
    assert len(CALLS[subject]) > 400


@pytest.mark.parametrize(
    ("subject", "first"), [(subject, first) for subject, calls in CALLS.items() for first in range(0, len(calls), 100)]
)
def test_calls_agree(subject, first):
    different = {}
    for call in CALLS[subject][first : first + 100]:
        expected = {key: value for key, value in call.items() if key != "template"}
        if (got := outcome(call["template"], copy.deepcopy(DATA))) != expected:
            different[call["template"]] = (got, expected)

    assert different == {}
