import orjson
import pytest

from lockgate.routing.pattern import compile_regex
from lockgate.validation.budget import MOST_VALUES, checking, searching, too_many, within
from lockgate.validation.formats import found
from lockgate.validation.nodes import INLINE_STEPS
from lockgate.validation.openapi_schema import OpenApiSchema

LONG = "[a-z]{0,900}x"


def test_searches_are_counted_by_what_they_may_take():
    search = searching(compile_regex(LONG), found)

    assert within(100, lambda: search("x"))
    assert not within(100, lambda: search("a" * 1_000 + "x"))
    assert within(100_000, lambda: search("a" * 1_000 + "x"))
    assert not within(1_000, lambda: all(search("x" * 10) for _ in range(1_000)))


def test_checks_are_counted():
    check = checking(lambda text: text == "a")

    assert within(100, lambda: check("a"))
    assert not within(100, lambda: check("b"))
    assert not within(100, lambda: all(check("a") for _ in range(1_000)))


def test_a_yes_of_somebody_who_was_refused_does_not_count():
    search = searching(compile_regex("b"), found)

    assert within(100, lambda: not search("a"))
    assert not within(0, lambda: not search("a"))


@pytest.mark.parametrize("schema", [{"pattern": LONG}, {"not": {"pattern": LONG}}])
def test_the_fast_yes_is_not_said_to_what_takes_long(schema):
    of = OpenApiSchema(schema, {"schema": schema}, version="3.0", pointer="/schema")
    raw = orjson.dumps("A" * 5_000)

    assert of.has_fast_path
    assert not of.passes_text(raw, steps=INLINE_STEPS)
    assert of.passes_text(raw) is ("not" in schema)


def test_values_are_counted():
    assert too_many(b"[" + b"1," * (MOST_VALUES - 2) + b"1]") == ""
    refusal = f"it has more than {MOST_VALUES} values, the most that are validated"
    assert too_many(b"[" + b"1," * (MOST_VALUES - 1) + b"1]") == refusal
    assert too_many(b"[" * (MOST_VALUES + 1)) == refusal
    assert too_many(b'["' + b"[" * (MOST_VALUES + 1) + b'"]') == ""
    assert too_many(b'["' + b'\\",' * (MOST_VALUES + 1) + b'"]') == ""
    assert too_many(b'["' + b"," * (MOST_VALUES + 1)) == ""
