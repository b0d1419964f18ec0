"""What the language means, row by row: each was run by Go 1.26 with sprig 3.3.0."""

import json
from pathlib import Path

import pytest
from tests.rendering import body_data, outcome

from lockgate.templates import compiler, writing

ROWS = [json.loads(line) for line in (Path(__file__).parent / "language.jsonl").read_text("utf-8").splitlines()]
DATA = {
    "s": "txt",
    "n": 1,
    "l": [1, "b", None],
    "m": {"a": 1, "z": None},
    "z": None,
    "t": True,
    "e": "",
    "deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": "end"}}}}}}}}}},
}


@pytest.mark.parametrize("row", ROWS, ids=range(1, len(ROWS) + 1))
def test_it_is_as_in_go(row):
    expected = {key: value for key, value in row.items() if key != "template"}

    assert outcome(row["template"], body_data(json.dumps(DATA).encode())) == expected


@pytest.mark.parametrize(
    ("module", "limits"),
    [
        (writing, {"_MOST_INDENT": 2, "_DEEP_INDENT": 3, "_MOST_LOOPS": 0, "_DEEP_LOOPS": 1}),
        (compiler, {"_MOST_NODES": 0, "_MOST_IN_PART": 2}),
    ],
    ids=["each block in a function of its own", "each few nodes in a function of their own"],
)
def test_it_does_not_matter_how_the_code_is_divided(monkeypatch, module, limits):
    """Python takes no function that is nested too deeply, and long for one that is long."""
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)
    data = body_data(json.dumps(DATA).encode())

    for row in ROWS:
        assert outcome(row["template"], data) == {key: value for key, value in row.items() if key != "template"}


def test_long_templates_are_compiled():
    text = "".join(f"{number}{{{{.n}}}}{{{{if .t}}}}{{{{.s}}}}{{{{end}}}}\n" for number in range(2_000))

    assert outcome(text, {"n": 1.0, "t": True, "s": "x"}) == {
        "output": "".join(f"{number}1x\n" for number in range(2_000))
    }
