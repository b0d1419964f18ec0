"""Schemas and values that somebody made to hurt: nothing stalls, nothing is fetched, nothing passes unjudged."""

import socket

import orjson
import pytest

from lockgate.documents.json import decode
from lockgate.validation.nodes import INLINE_STEPS, MAX_DEPTH
from lockgate.validation.openapi_schema import TOO_DEEP, OpenApiSchema, SchemaError, TooComplexError
from lockgate.validation.texts import LONGEST


def compiled(schema, version="3.0", **document):
    return OpenApiSchema(schema, {"schema": schema, **document}, version=version, pointer="/schema")


def nested(depth, leaf, key=None):
    for _ in range(depth):
        leaf = [leaf] if key is None else {key: leaf}
    return leaf


LOOSE = {
    "type": "object",
    "properties": {"c": {"$ref": "#/schema"}},
    "required": ["c"],
}
BRANCHES = {"oneOf": [LOOSE, {**LOOSE, "additionalProperties": False}, {"type": "string"}]}
"""Each level of a value is judged twice for each time that the level above is: 2^n."""


@pytest.mark.parametrize("leaf", ["x", 5])
def test_combinators_that_multiply_end_as_too_complex(leaf):
    schema = compiled(BRANCHES)
    assert not schema.has_fast_path
    for steps in (INLINE_STEPS, 1_000_000_000):
        with pytest.raises(TooComplexError):
            schema.judge(nested(30, leaf, "c"), steps=steps)


def test_schemas_that_multiply_have_no_fast_path():
    schema = {"type": "object"}
    for _ in range(40):
        schema = {"allOf": [schema, schema]}
    bomb = compiled(schema)
    assert not bomb.has_fast_path
    with pytest.raises(TooComplexError):
        bomb.judge({}, steps=INLINE_STEPS)


def test_what_is_not_judged_does_not_pass_below_not():
    schema = {"not": {"type": "array", "items": {"$ref": "#/schema/not"}}}
    assert compiled(schema).violation(nested(MAX_DEPTH * 2, [])) == TOO_DEEP
    with pytest.raises(TooComplexError):
        compiled({"not": {"items": {"type": "string"}}}).judge([""] * 100, steps=50)


LISTS = {"type": "array", "items": {"$ref": "#/schema"}}


def test_a_value_may_be_as_deep_as_is_told():
    schema = compiled(LISTS)
    assert schema.violation(nested(MAX_DEPTH - 1, [])) is None
    assert schema.violation(nested(MAX_DEPTH, [])) == TOO_DEEP


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(LISTS, id="judged"),
        pytest.param({"type": "array", "items": {}, "uniqueItems": True}, id="compared"),
        pytest.param({"enum": [[]]}, id="enumerated"),
        pytest.param({"allOf": [{"items": LISTS}]}, id="below a combinator"),
    ],
)
def test_deep_values_are_refused(schema, depth):
    schema = {**schema, "items": {"$ref": "#/schema"}} if schema is LISTS else schema
    found = compiled(schema).violation(nested(depth, []))
    assert found in (TOO_DEEP, "value is not one of the allowed values [[]]")


def test_deep_values_that_no_schema_looks_into_pass():
    deep = compiled({"properties": {"d": {"default": 1}}})
    filled = deep.judge({"free": nested(100_000, [])})
    assert filled.value["d"] == 1


def test_the_fast_path_knows_no_depth_that_could_end_the_stack():
    for schema in (LISTS, {"type": "array", "uniqueItems": True}, {"enum": [[[]]]}):
        assert not compiled(schema).has_fast_path
    schema = {"type": "object"}
    for _ in range(MAX_DEPTH):
        schema = {"type": "object", "properties": {"a": schema}}
    assert not compiled(schema).has_fast_path


def test_the_fast_path_is_for_values_that_are_judged_in_no_time():
    schema = compiled({"type": "array", "items": {"type": "string", "pattern": "^a"}})
    raw = orjson.dumps(["a"] * 5_000)
    assert schema.passes(orjson.loads(raw), size_bytes=len(raw))
    raw = orjson.dumps(["a"] * 1_000_000)
    assert not schema.passes(["a"], size_bytes=len(raw))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"pattern": "^(a+)+$"}, "a" * 1_000_000 + "!", id="nested repetition"),
        pytest.param({"pattern": "(x+x+)+y"}, "x" * 1_000_000, id="adjacent repetition"),
        pytest.param({"uniqueItems": True}, list(range(50_000)), id="unique items"),
        pytest.param({"uniqueItems": True}, [{"a": i} for i in range(10_000)], id="unique objects"),
        pytest.param({"items": {"enum": [f"v{i}" for i in range(10_000)]}}, ["v9999"] * 10_000, id="long enumeration"),
        pytest.param({"format": "date"}, "\u00e9" * 1_000_000, id="long date"),
        pytest.param({"additionalProperties": False}, {"\0" * 1_000_000: 1}, id="long name"),
        pytest.param(
            {"oneOf": [{"additionalProperties": False, "maxLength": i} for i in range(500)]},
            {"\0" * 1_000_000: 1},
            id="long name told often",
        ),
        pytest.param({"anyOf": [{"type": "string", "maxLength": i} for i in range(5_000)]}, 1, id="many branches"),
    ],
)
def test_nothing_takes_long(schema, value):
    judge = compiled(schema)
    found = judge.violation(value)
    assert found is None or len(found) <= LONGEST


def test_comparing_takes_steps():
    with pytest.raises(TooComplexError):
        compiled({"uniqueItems": True}).judge(list(range(INLINE_STEPS + 1)), steps=INLINE_STEPS)
    with pytest.raises(TooComplexError):
        compiled({"allOf": [{"pattern": "b"}] * 200}).judge("b" * 100_000, steps=INLINE_STEPS)


def test_a_large_value_may_take_as_long_as_it_needs():
    schema = compiled({"items": {"allOf": [{"type": "integer"}, {"minimum": 0}]}})
    assert schema.violation([0] * 100_000) is None


def test_references_are_not_fetched(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for reference in ("http://169.254.169.254/latest", "https://x.example/a.json#/b", "file:///etc/passwd", "b.json"):
        for version in ("3.0", "3.1"):
            with pytest.raises(SchemaError, match="leads into the same document"):
                compiled({"items": {"$ref": reference}}, version)


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        pytest.param({"$ref": "#/schema"}, {}, id="itself"),
        pytest.param({"$ref": "#/a"}, {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}, id="each other"),
        pytest.param({"allOf": [{"$ref": "#/schema"}]}, {}, id="allOf"),
        pytest.param({"not": {"anyOf": [{"oneOf": [{"$ref": "#/schema"}]}]}}, {}, id="combinators"),
    ],
)
def test_schemas_that_refer_to_themselves_without_a_value_are_refused(schema, document):
    with pytest.raises(SchemaError, match=r"leads back to itself|refers to itself"):
        compiled(schema, **document)


def test_a_loop_of_another_making_is_seen():
    # YAML's aliases can make one.
    schema = {"type": "array"}
    schema["items"] = schema
    assert compiled(schema).violation([[], [3]]) == 'Error at "/1/0": value must be an array'
    schema = {}
    schema["allOf"] = [schema]
    with pytest.raises(SchemaError, match="refers to itself"):
        compiled(schema)


def test_schemas_may_be_deep_and_wide():
    deep = {"type": "object"}
    for _ in range(3_000):
        deep = {"type": "object", "properties": {"a": deep}}
    assert compiled(deep).violation({"a": {"a": 3}}) == 'Error at "/a/a": value must be an object'
    wide = compiled({"properties": {f"p{i}": {"type": "string"} for i in range(3_000)}})
    assert wide.violation({"p7": 1}) == 'Error at "/p7": value must be a string'


def test_texts_that_are_no_unicode_are_judged():
    # orjson gives none, but a query or a form might.
    schema = compiled({"type": "string", "pattern": "^\ufffd$", "format": "byte"})
    assert schema.violation("\ud800").startswith("string doesn't match the format")


def test_large_integers_are_numbers():
    schema = compiled({"type": "integer", "multipleOf": 7, "maximum": 5, "format": "int64", "enum": [1]})
    assert schema.violation(decode(b"9" * 5_000)) is not None
    assert schema.violation(10**5_000) is not None
