import pytest

from lockgate.decoding.shapes import Notes
from lockgate.loading.references import Sources, has_reference, references, resolved

SOURCES = Sources({"HOST": "h", "EMPTY": "", "QUOTED": 'a"\\w'}, {"key": "k"})


def replace(text, sources=SOURCES):
    value = {"x": [text, 1]}
    notes = Notes()
    made = resolved(value, references(value), sources, notes, ("x",))
    assert value == {"x": [text, 1]}
    return made["x"][0], [problem.code for problem in notes.finished()]


@pytest.mark.parametrize("text", ["", "http://a/b", "environment", "env:/x", "$kv", "https://kv.test/"])
def test_no_reference(text):
    assert not has_reference(text)
    assert replace(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("env://HOST", "h", id="the whole text"),
        pytest.param("/a/env://HOST", "/a/h", id="at the end of a text"),
        pytest.param("secrets://key", "k", id="of the settings"),
        pytest.param("env://QUOTED", 'a"\\w', id="what JSON would have to escape"),
    ],
)
def test_replaced(text, expected):
    assert replace(text) == (expected, [])


@pytest.mark.parametrize("text", ["env://NOWHERE", "env://EMPTY", "secrets://HOST", "env://HOST/more"])
def test_missing(text):
    assert replace(text) == (text, ["missing-secret"])


@pytest.mark.parametrize("text", ["kv://store/a", "$kv{store/a}"])
def test_not_built(text):
    assert has_reference(text)
    assert replace(text) == (text, ["unsupported-section"])


@pytest.mark.parametrize("text", ["consul://a", "vault://a.b", "file:///etc/x"])
def test_stores_that_are_not_set_up(text):
    assert has_reference(text)
    assert replace(text) == (text, ["missing-secret"])


def test_elsewhere_a_file_is_a_url():
    value = {"y": "file:///etc/x"}
    notes = Notes()
    assert resolved(value, references(value), SOURCES, notes, ("x",)) == value
    assert notes.finished() == ()


def test_a_value_is_not_looked_at_again():
    assert replace("env://A", Sources({"A": "secrets://key"}, {"key": "k"})) == ("secrets://key", [])
