import pytest

from lockgate.decoding.shapes import Notes
from lockgate.loading.references import Sources, has_reference, is_secret, references, resolved

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


@pytest.mark.parametrize(
    ("text", "expected", "problems"),
    [
        pytest.param("pre secrets://key post", "pre k post", [], id="text behind it"),
        pytest.param("secrets://key/x", "k/x", [], id="a path behind it"),
        pytest.param("secrets://key.two/x", "k2/x", [], id="the longest key counts"),
        pytest.param("secrets://key.t", "k.t", [], id="a longer key that is not there"),
        pytest.param("secrets://key:secrets://key.two!", "k:k2!", [], id="two of them"),
        pytest.param("secrets://key env://HOST", "k h", [], id="two kinds"),
        pytest.param("secrets://key secrets://other", "k secrets://other", ["missing-secret"], id="one is missing"),
        pytest.param(
            "secrets://other secrets://key", "secrets://other k", ["missing-secret"], id="the first is missing"
        ),
        pytest.param("secrets://ke y", "secrets://ke y", ["missing-secret"], id="shorter than any key"),
    ],
)
def test_a_secret_of_the_settings_ends_with_its_key(text, expected, problems):
    sources = Sources({"HOST": "h"}, {"key": "k", "key.two": "k2", "": "never"})

    assert replace(text, sources) == (expected, problems)


def test_a_value_is_not_looked_at_again():
    assert replace("secrets://a b", Sources({}, {"a": "secrets://b", "b": "x"})) == ("secrets://b b", [])
    assert replace("env://A", Sources({"A": "secrets://key"}, {"key": "k"})) == ("secrets://key", [])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("secrets", "http://a.test", True),
        ("vault", "8080", True),
        ("env", "a6+b/==", True),
        ("env", "/9j/4AAQ", True),
        ("env", "admin:12345x", True),
        ("env", "http://user:pass@a.test", True),
        ("env", "http://a.test/x", False),
        ("env", "a.example.com:8080", False),
        ("env", "127.0.0.1:80", False),
        ("env", "/listen/{x}/", False),
        ("consul", "8080", False),
        ("env", "true", False),
    ],
)
def test_what_is_not_to_be_shown(kind, value, expected):
    assert is_secret(kind, value) == expected
