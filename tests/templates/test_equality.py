"""Equal to the last part, and empty: what sprig's functions understand by it."""

import pytest
from tests.rendering import a_run, inline_run

from lockgate.templates.equality import deep_equal, is_empty
from lockgate.templates.errors import TooLongError
from lockgate.templates.times import Duration, Month, zero
from lockgate.templates.values import (
    MISSING,
    FormValues,
    Integer,
    ListMap,
    NilList,
    NilMap,
    StringMap,
    TypedList,
    int64,
    strings,
)
from lockgate.templates.zones import UTC, fixed

NAN = float("nan")
EQUAL = [
    (1, 1),
    (int64(1), int64(1)),
    (0.0, -0.0),
    ("a", "a"),
    (None, None),
    (None, MISSING),
    ([], []),
    ([1, [2.0]], [1, [2.0]]),
    ({"a": {"b": None}}, {"a": {"b": None}}),
    (strings("ab"), strings("ab")),
    (NilList(), NilList()),
    (NilMap(), NilMap()),
    (StringMap(a="b"), StringMap(a="b")),
    (FormValues(a=strings("b")), FormValues(a=strings("b"))),
    (Month(1), Month(1)),
    (zero(UTC), zero(UTC)),
]
UNEQUAL = [
    (1, 1.0),
    (1, True),
    (1, int64(1)),
    (int64(1), Integer(1, "int32")),
    (0, False),
    (0, None),
    ("", None),
    ("1", 1),
    (NAN, NAN),
    ([], None),
    ([], NilList()),
    ([], {}),
    ({}, NilMap()),
    ([1], [1.0]),
    ([1], [1, 1]),
    ([None], ["a"]),
    (["a"], strings("a")),
    (TypedList([], "int"), strings("")),
    (NilList("int"), NilList()),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": "b"}, StringMap(a="b")),
    (ListMap(a=strings("b")), FormValues(a=strings("b"))),
    (Month(1), Duration(1)),
    (Month(1), 1),
    (zero(UTC), zero(UTC).at(fixed("UTC", 0))),
]


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=range(len(EQUAL)))
def test_equal(one, other):
    assert deep_equal(one, other)
    assert deep_equal(other, one)
    assert deep_equal([one], [other])


@pytest.mark.parametrize(("one", "other"), UNEQUAL, ids=range(len(UNEQUAL)))
def test_unequal(one, other):
    assert not deep_equal(one, other)
    assert not deep_equal(other, one)
    assert not deep_equal({"k": one}, {"k": other})


def test_what_holds_no_number_equals_itself():
    numbers = [NAN]

    assert deep_equal(numbers, numbers)
    assert not deep_equal(numbers, [NAN])


def test_what_holds_itself_is_compared():
    one, other, third = [1], [1], [2]
    for each in (one, other, third):
        each.append(each)

    assert deep_equal(one, other)
    assert not deep_equal(one, third)


def test_depth_is_no_matter():
    one, other = [], []
    for _ in range(100_000):
        one, other = [one], [other]

    assert deep_equal(one, other)


def test_work_is_counted():
    run = a_run()
    before = run.steps_left

    assert deep_equal([[0.0] * 50] * 2, [[0.0] * 50 for _ in range(2)], run)
    assert before - run.steps_left == 102

    with pytest.raises(TooLongError):
        deep_equal(list(range(30_000)), list(range(30_000)), inline_run())


@pytest.mark.parametrize(
    "value",
    [None, MISSING, "", 0, 0.0, -0.0, False, 0j, int64(0), [], {}, NilList(), NilMap(), strings(""), Duration(0)],
    ids=range(15),
)
def test_empty(value):
    assert is_empty(value)


@pytest.mark.parametrize(
    "value", ["0", 1, -0.1, NAN, True, 1j, int64(-1), [None], {"": None}, Duration(1), zero(UTC), UTC], ids=range(12)
)
def test_not_empty(value):
    assert not is_empty(value)
