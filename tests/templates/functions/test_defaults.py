"""Defaults, choices and copies. What Go answered to each call is in go_calls.jsonl."""

import pytest
from tests.rendering import a_run, inline_run, rendered

from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import defaults as functions
from lockgate.templates.run import Limits
from lockgate.templates.values import MISSING, ListMap, StringMap, TypedList, strings

FUNCTIONS = {function.name: function.call for function in functions.FUNCTIONS}


def copied(value, run=None):
    return FUNCTIONS["deepCopy"](run or a_run(), value)


@pytest.mark.parametrize(
    "value",
    [
        1,
        "x",
        1.5,
        {"a": [1, {"b": None}], "c": StringMap({"d": "e"})},
        [TypedList([[1], [2]], "[]interface {}"), ListMap({"a": strings(["b"])})],
    ],
)
def test_copies_are_equal_and_of_one_type(value):
    copy = copied(value)

    assert copy == value
    assert type(copy) is type(value)


def test_copies_share_nothing():
    value = {"a": [{"b": 1}], "c": TypedList([[1]], "[]interface {}")}
    copy = copied(value)
    copy["a"][0]["b"] = 2
    copy["c"][0].append(2)

    assert value == {"a": [{"b": 1}], "c": [[1]]}
    assert copy["c"].element == "[]interface {}"


@pytest.mark.parametrize("value", [None, MISSING])
@pytest.mark.parametrize("name", ["deepCopy", "mustDeepCopy"])
def test_nothing_cannot_be_copied(value, name):
    with pytest.raises(FunctionError) as caught:
        FUNCTIONS[name](a_run(), value)

    assert caught.value.text == "reflect: call of reflect.Value.Type on zero Value"


def test_a_copied_version_is_the_version():
    assert rendered('{{deepCopy (semver "1.2.3")}} {{deepCopy (list (semver "1.2.3"))}}') == "1.2.3 [1.2.3]"


def test_any_depth_is_copied():
    value = []
    for _ in range(50_000):
        value = [value]
    copy = copied(value)
    levels = 0
    while copy:
        copy, levels = copy[0], levels + 1

    assert levels == 50_000


def test_copies_without_end_are_stopped():
    in_itself = {}
    in_itself["a"] = in_itself
    exploding = ["x"] * 10
    for _ in range(12):
        exploding = [exploding] * 10

    for value in (in_itself, exploding):
        with pytest.raises(LimitError):
            copied(value, a_run(Limits(steps=100_000, output=1, size=1 << 20)))
        with pytest.raises(TooLongError):
            copied(value, inline_run())


def test_fail_says_what_it_is_told():
    with pytest.raises(FunctionError) as caught:
        FUNCTIONS["fail"]("no <order>")

    assert caught.value.text == "no <order>"


def test_the_first_that_is_not_empty_counts():
    assert FUNCTIONS["coalesce"](None, "", 0, 0.0, False, [], {}, "x", "y") == "x"
    assert FUNCTIONS["coalesce"](None) is None
    assert FUNCTIONS["default"]("d") == FUNCTIONS["default"]("d", MISSING) == FUNCTIONS["default"]("d", 0.0) == "d"
    assert FUNCTIONS["default"]("d", "given") == "given"
    assert FUNCTIONS["all"]() is True
    assert FUNCTIONS["any"]() is False
