import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.decoding.positions import JsonPositions, duplicate_keys, parts_of
from lockgate.decoding.syntax import parse_yaml
from lockgate.problems import pointer

TEXT = """{
  "a": [1,
    {"b": "x\\n\\"", "c": {}},
    []
  ],
  "d/e": {
    "~": null},
  "": true
}
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        pytest.param("", 1, id="document"),
        pytest.param("/a", 2, id="value on the line of its key"),
        pytest.param("/a/0", 2, id="first item"),
        pytest.param("/a/1", 3, id="item on a line of its own"),
        pytest.param("/a/1/b", 3, id="text with escapes"),
        pytest.param("/a/1/c", 3, id="empty object"),
        pytest.param("/a/2", 4, id="empty list"),
        pytest.param("/d~1e", 6, id="slash in a key"),
        pytest.param("/d~1e/~0", 7, id="tilde in a key"),
        pytest.param("/", 8, id="empty key"),
        pytest.param("/a/1/missing/deeper", 3, id="what is not there: the nearest above"),
        pytest.param("/nothing", 1, id="nothing at all"),
    ],
)
def test_line_of_a_json_value(place, line):
    assert JsonPositions(TEXT).line_of(place) == line


@pytest.mark.parametrize(
    ("place", "line"),
    [
        pytest.param("/a", 1, id="scalar"),
        pytest.param("/b/0", 3, id="item"),
        pytest.param("/b/7", 3, id="no such item"),
        pytest.param("/d/x", 6, id="merged from an anchor"),
        pytest.param("/d/z", 9, id="beside a merge"),
    ],
)
def test_line_of_a_yaml_value(place, line):
    text = "a: 1\nb:\n  - 2\nc: &anchor\n\n  x: 3\nd:\n  <<: *anchor\n  z: 4\n"
    assert parse_yaml(text)[0].positions.line_of(place) == line


def test_duplicates_are_found_where_they_stand():
    text = '{"a": {"x": 1,\n"x": 2}, "b": 0,\n"a": {"x": 3}}'
    assert list(duplicate_keys(text)) == [(("a", "x"), 2, 1), (("a",), 3, 1)]


def test_equal_keys_of_two_objects_are_no_duplicates():
    assert not list(duplicate_keys('[{"a": {"b": 1}, "c": {"b": 1}}, {"a": 1}]'))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def places(value, place=()):
    yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*place, index))


@given(VALUES)
def test_every_value_has_a_line_of_its_own_text(value):
    text = json.dumps(value, indent=1)
    positions = JsonPositions(text)
    lines = text.split("\n")
    for place in places(value):
        line = lines[positions.line_of(pointer(*place)) - 1]
        if place and isinstance(place[-1], str):
            assert json.dumps(place[-1]) + ": " in line


@given(st.lists(st.text()))
def test_parts_are_what_a_pointer_was_made_of(parts):
    assert parts_of(pointer(*parts)) == tuple(parts)
