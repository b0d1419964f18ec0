"""What Go's own templates made, with sprig and the gateway's functions: every recorded row, texts of errors included."""

import json
from pathlib import Path

import pytest
from tests.rendering import body_data, outcome

FOLDER = Path(__file__).parents[1] / "vectors" / "go-templates"
FILES = sorted(FOLDER.glob("*.json"))
DIFFERENT = {
    "eq-many-35": "one run has one time: `now` is the same wherever a template asks",
}
"""Rows that differ on purpose, by name, and why."""


def rows_of(path):
    return json.loads(path.read_text("utf-8"))


def of_row(row):
    return outcome(row["template"], body_data(json.dumps(row["data"]).encode()))


def expected(row):
    return {key: value for key, value in row.items() if key not in ("name", "template", "data")}


def test_there_are_rows():
    assert len(FILES) > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rows_agree(path):
    different = {
        row["name"]: (row["template"], got, expected(row))
        for row in rows_of(path)
        if row["name"] not in DIFFERENT and (got := of_row(row)) != expected(row)
    }

    assert different == {}


@pytest.mark.parametrize("name", DIFFERENT)
def test_rows_that_differ_on_purpose_differ(name):
    rows = [row for path in FILES for row in rows_of(path) if row["name"] == name]

    assert len(rows) == 1
    assert of_row(rows[0]) != expected(rows[0])
