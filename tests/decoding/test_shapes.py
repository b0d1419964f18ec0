from dataclasses import dataclass

import pytest

from lockgate.decoding.shapes import (
    BAD,
    IGNORED,
    Notes,
    anything,
    boolean,
    choice,
    described,
    ignored,
    integer,
    list_of,
    mapping_of,
    nearest,
    number,
    optional,
    record,
    required,
    snake_case,
    string,
    struct,
    unsupported,
    with_any_of,
)
from lockgate.problems import Severity


@dataclass(frozen=True)
class Point:
    x_value: int
    label: str = ""


POINT = record(Point, {"xValue": required(integer()), "label": optional(string(), "none")})


def read(shape, value):
    notes = Notes()
    return shape.read(value, ("at",), notes), notes.finished()


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        pytest.param(boolean(), True, True, id="boolean"),
        pytest.param(string(), "", "", id="empty text"),
        pytest.param(integer(), 2.0, 2, id="whole float"),
        pytest.param(integer(0, 3), 3, 3, id="on the limit"),
        pytest.param(number(), 1.5, 1.5, id="number"),
        pytest.param(choice("a", "b"), "b", "b", id="choice"),
        pytest.param(list_of(integer()), [1, 2], (1, 2), id="list"),
        pytest.param(mapping_of(integer()), {"a": 1}, {"a": 1}, id="mapping"),
        pytest.param(mapping_of(integer(), keys=r"^a"), {"a": 1, "b": "x"}, {"a": 1}, id="mapping of some keys"),
        pytest.param(POINT, {"xValue": 1}, Point(1, "none"), id="record with a default"),
        pytest.param(struct({"a": optional(integer())}), {"a": 1}, {"a": 1}, id="struct"),
        pytest.param(with_any_of(struct({"a": optional(anything())}), "a", "b"), {"a": 1}, {"a": 1}, id="any of"),
    ],
)
def test_what_fits_is_decoded_without_a_word(shape, value, expected):
    assert read(shape, value) == (expected, ())


@pytest.mark.parametrize(
    ("shape", "value", "code", "message"),
    [
        pytest.param(boolean(), "true", "wrong-type", "expected true or false, found 'true'", id="text for boolean"),
        pytest.param(boolean(), 1, "wrong-type", "expected true or false, found 1", id="number for boolean"),
        pytest.param(integer(), True, "wrong-type", "expected a whole number, found true", id="boolean for integer"),
        pytest.param(integer(), 1.5, "wrong-type", "expected a whole number, found 1.5", id="fraction"),
        pytest.param(integer(), float("inf"), "wrong-type", "expected a whole number, found inf", id="infinity"),
        pytest.param(integer(0), -1, "bad-value", "expected 0 or more, found -1", id="too small"),
        pytest.param(integer(0, 5), 6, "bad-value", "expected 0 or more and 5 or less, found 6", id="too large"),
        pytest.param(integer(), 1 << 63, "bad-value", f"expected a number of 64 bits, found {1 << 63}", id="too long"),
        pytest.param(string(), None, "wrong-type", "expected a string, found null", id="null for text"),
        pytest.param(string(), {"a": 1}, "wrong-type", "expected a string, found an object", id="object for text"),
        pytest.param(
            list_of(string()), {}, "wrong-type", "expected a list, found an empty object", id="object for list"
        ),
        pytest.param(POINT, [], "wrong-type", "expected an object, found an empty list", id="list for record"),
        pytest.param(POINT, {}, "missing-key", "expected 'xValue', a whole number, but it is missing", id="missing"),
        pytest.param(
            choice("any", "all"), "ANY", "bad-value", "expected one of 'any', 'all', found 'ANY'", id="choice"
        ),
        pytest.param(
            with_any_of(struct({}), "a", "b"),
            {},
            "missing-key",
            "expected 'a' or 'b', but both are missing",
            id="any of",
        ),
    ],
)
def test_what_does_not_fit_is_told(shape, value, code, message):
    decoded, problems = read(shape, value)
    assert decoded is BAD
    assert [(problem.code, problem.message, problem.severity) for problem in problems] == [
        (code, message, Severity.ERROR)
    ]


def test_every_mistake_of_a_record_is_told_with_its_place():
    shape = record(dict, {"a": required(integer()), "b": required(list_of(boolean())), "c": required(string())})
    decoded, problems = read(shape, {"a": "x", "b": [True, 0, None]})
    assert decoded is BAD
    assert [problem.pointer for problem in problems] == ["/at/a", "/at/b/1", "/at/b/2", "/at"]


def test_an_unknown_key_is_a_warning_with_the_nearest_known_one():
    decoded, (problem,) = read(POINT, {"xValue": 1, "Lable": "x"})
    assert decoded == Point(1, "none")
    assert (problem.code, problem.pointer, problem.severity) == ("unknown-key", "/at/Lable", Severity.WARNING)
    assert problem.message == "'Lable' is not a known key and has no effect"
    assert problem.hint == "did you mean 'label'?"


def test_an_incomplete_item_behind_the_first_is_left_out():
    shape = list_of(POINT, lenient_tail=True)
    decoded, (problem,) = read(shape, [{"xValue": 1}, {"label": "x"}])
    assert decoded == (Point(1, "none"),)
    assert (problem.severity, problem.pointer) == (Severity.WARNING, "/at/1")
    assert read(shape, [{"label": "x"}])[0] is BAD
    assert read(shape, [{"xValue": 1}, {"xValue": "1"}])[0] is BAD


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({}, id="empty"),
        pytest.param([], id="empty list"),
        pytest.param(0, id="zero"),
        pytest.param("", id="empty text"),
        pytest.param(False, id="false"),
        pytest.param({"enabled": False, "rate": 5}, id="switched off"),
        pytest.param([{"enabled": False, "name": "x"}], id="list of what is switched off"),
        pytest.param({"a": {"b": 0}}, id="zero further down"),
    ],
)
def test_what_asks_for_nothing_is_not_told(value):
    shape = record(dict, {"a": unsupported("the feature", anything())})
    assert read(shape, {"a": value}) == ({}, ())


def test_a_feature_is_told_once():
    shape = list_of(record(dict, {"a": unsupported("caching", anything())}))
    _, (problem,) = read(shape, [{"a": 1}, {"a": 1}, {"a": 1}])
    assert problem.message == "caching is not supported yet, here and in 2 other places: it has no effect"
    assert (problem.code, problem.pointer, problem.severity) == ("unsupported-section", "/at/0/a", Severity.WARNING)


def test_a_restriction_is_an_error():
    notes = Notes()
    record(dict, {"a": unsupported("limits", anything(), restricts=True)}).read({"a": 1}, (), notes)
    assert notes.restrictions == ("limits",)
    assert not notes.refused()
    (problem,) = notes.finished()
    assert (problem.code, problem.severity) == ("unsupported-restriction", Severity.ERROR)


def test_what_is_ignored_is_checked_all_the_same():
    shape = record(dict, {"a": ignored(integer())})
    assert read(shape, {"a": 1}) == ({}, ())
    assert read(shape, {"a": "x"})[0] is BAD
    assert ignored(integer()).default is IGNORED


def test_secrets_are_never_shown():
    notes = Notes({("at",): "env://TOKEN"})
    integer().read("hunter2", ("at",), notes)
    assert notes.problems[0].message == "expected a whole number, found 'env://TOKEN'"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("rewriteTo", "rewrite_to"),
        ("fromOASExamples", "from_oas_examples"),
        ("id", "id"),
        ("ignoreCase", "ignore_case"),
    ],
)
def test_snake_case(key, expected):
    assert snake_case(key) == expected


def test_long_values_are_shortened():
    assert len(described("x" * 1000)) < 70


@pytest.mark.parametrize(
    ("name", "hint"),
    [("enabeld", "did you mean 'enabled'?"), ("IGNORECASE", "did you mean 'ignoreCase'?"), ("zzz", "")],
)
def test_nearest(name, hint):
    assert nearest(name, ["enabled", "ignoreCase"]) == hint
