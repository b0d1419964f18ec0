"""Our verdict beside that of two libraries: jsonschema where both mean the same, jsonschema_rs where it says yes."""

import json
import math

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lockgate.documents.json import decode
from lockgate.validation.openapi_schema import Direction, OpenApiSchema, TooComplexError

NAMES = st.sampled_from(["a", "b", "c", "dé"])
WHOLE = st.integers(-(2**70), 2**70) | st.integers(-4, 4)
BROKEN = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 0.3, 1.5, -0.0, 1e-7, 1e22, 19.99])
NUMBERS = WHOLE | BROKEN
SCALARS = st.none() | st.booleans() | NUMBERS | st.text("ab1\u00e9\U0001f3d9", max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
SMALL = st.integers(0, 3)
BOUNDS = st.integers(-4, 4) | st.sampled_from([0.5, -1.5, 2.0, 2**53 + 1, 2**63, 1e22])


def some(**optional):
    return st.fixed_dictionaries({}, optional=optional)


def combined(inner, extra):
    """Schemas of every kind of keyword, each on its own and together."""
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        some(type=st.just("object"), properties=st.dictionaries(NAMES, inner, max_size=3), required=st.lists(NAMES)),
        some(properties=st.dictionaries(NAMES, inner, max_size=2), additionalProperties=st.booleans() | inner),
        some(type=st.just("array"), items=inner, minItems=SMALL, maxItems=SMALL),
        some(allOf=lists, anyOf=lists, oneOf=lists),
        some(oneOf=lists, type=st.sampled_from(["string", "object", "number"])),
        st.builds(lambda schema: {"not": schema}, inner),
        *extra(inner, lists),
    )


def scalar_schemas(types, enums):
    return st.one_of(
        st.just({}),
        some(type=types, minLength=SMALL, maxLength=SMALL),
        some(type=types, minimum=BOUNDS, maximum=BOUNDS),
        some(enum=st.lists(enums, min_size=1, max_size=4)),
        some(minProperties=SMALL, maxProperties=SMALL),
        st.builds(lambda divisor: {"multipleOf": divisor}, st.sampled_from([1, 2, 3, 10])),
    )


# ── what both mean the same by: OpenAPI 3.1 and JSON Schema 2020-12 ──

TYPES_31 = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])


def extra_31(inner, lists):
    named = st.dictionaries(NAMES, inner, max_size=2)
    return (
        some(prefixItems=lists, items=inner | st.booleans()),
        some(contains=inner, minContains=SMALL, maxContains=SMALL, items=inner),
        st.builds(lambda parts, condition: {"if": condition, **parts}, some(then=inner, **{"else": inner}), inner),
        some(dependentRequired=st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=2)),
        some(dependentSchemas=named, propertyNames=inner),
        some(patternProperties=st.dictionaries(st.sampled_from(["^a", "[bc]", "."]), inner, max_size=2)),
        some(exclusiveMinimum=BOUNDS, exclusiveMaximum=BOUNDS),
        st.builds(
            lambda more, looks, rest: {**more, **looks, "unevaluatedProperties": rest},
            combined_in_place(lists, inner),
            some(properties=named),
            inner | st.just(False),
        ),
        st.builds(
            lambda more, looks, rest: {**more, **looks, "unevaluatedItems": rest},
            combined_in_place(lists, inner),
            some(prefixItems=lists),
            inner | st.just(False),
        ),
        st.just({"uniqueItems": True}),
        st.builds(lambda value: {"const": value}, VALUES),
        st.just({"$ref": "#/$defs/d", "minLength": 1}),
    )


def combined_in_place(lists, inner):
    return some(allOf=lists, anyOf=lists, **{"if": inner, "then": inner, "else": inner})


SCHEMAS_31 = st.recursive(
    scalar_schemas(TYPES_31 | st.lists(TYPES_31, min_size=1, max_size=3, unique=True), VALUES) | st.booleans(),
    lambda inner: combined(inner, extra_31),
    max_leaves=6,
)


def representable(value):
    """Numbers that Python's own arithmetic, which the library uses, judges as decimals would be.

    -0 is none of them: among unique items the reference gateway tells it from 0, and so do we.
    """
    if isinstance(value, list):
        return all(map(representable, value))
    if isinstance(value, dict):
        return all(map(representable, value.values()))
    is_minus_zero = isinstance(value, float) and value == 0 and math.copysign(1, value) < 0
    return not isinstance(value, float) or (math.isfinite(value) and abs(value) < 2**53 and not is_minus_zero)


@settings(max_examples=1500, suppress_health_check=list(HealthCheck), deadline=None)
@given(schema=SCHEMAS_31, defined=SCHEMAS_31, value=VALUES)
def test_openapi_3_1_is_judged_as_json_schema(schema, defined, value):
    assume(representable(value) and "$defs/d" not in json.dumps(defined))
    document = {"schema": schema, "$defs": {"d": defined}}
    plain = Draft202012Validator({"$ref": "#/schema", **document})
    ours = OpenApiSchema(schema, document, version="3.1", pointer="/schema")
    assert (ours.violation(value, direction=Direction.RESPONSE) is None) == plain.is_valid(value)


# ── what the fast yes says ──

TYPES_30 = st.sampled_from(["string", "integer", "number", "boolean", "object", "array"])
OWN_30 = st.one_of(
    some(type=TYPES_30, nullable=st.booleans(), enum=st.lists(SCALARS, min_size=1, max_size=3)),
    some(type=TYPES_30, default=SCALARS, readOnly=st.booleans(), nullable=st.booleans()),
    some(type=TYPES_30, writeOnly=st.booleans(), minLength=SMALL),
    some(pattern=st.sampled_from(["^a", "a$", "^[a-b]{1,2}$", r"^\d+$", "."])),
    some(type=st.just("string"), format=st.sampled_from(["date", "date-time", "byte", "uuid"])),
    some(type=TYPES_30, format=st.sampled_from(["int32", "int64", "float"])),
    some(minimum=BOUNDS, exclusiveMinimum=st.booleans(), maximum=BOUNDS, exclusiveMaximum=st.booleans()),
    st.builds(
        lambda divisor: {"multipleOf": divisor},
        st.sampled_from([0.01, 0.1, 0.3, 2.5, 1e-6, 7, 2**40]) | st.floats(1e-9, 1e12, exclude_min=True),
    ),
    st.just({"type": "array", "items": {"type": "number"}, "uniqueItems": True}),
    st.just({"type": "array", "uniqueItems": True}),
)
SCHEMAS_30 = st.recursive(
    scalar_schemas(TYPES_30, SCALARS) | OWN_30,
    lambda inner: combined(inner, lambda inner, lists: (st.builds(lambda s: {**s, "nullable": True}, OWN_30),)),
    max_leaves=6,
)
TEXTS = st.sampled_from(["2024-02-29", "2023-02-29", "2024-05-01T10:20:30Z", "YQ==", "a", "ab", "12", ""])
MULTIPLES = st.builds(lambda count, divisor: count * divisor, st.integers(-1000, 1000), st.sampled_from([0.01, 0.3, 7]))
SENT = st.recursive(
    SCALARS | TEXTS | MULTIPLES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def said_fast(schema, version, raw, direction):
    compiled = OpenApiSchema(schema, {"schema": schema}, version=version, pointer="/schema")
    try:
        fast = compiled.passes(orjson.loads(raw), direction=direction, size_bytes=len(raw))
    except orjson.JSONDecodeError:
        fast = False
    return fast, compiled


@settings(max_examples=2500, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    schema=SCHEMAS_30.map(lambda schema: ("3.0", schema)) | SCHEMAS_31.map(lambda schema: ("3.1", schema)),
    value=SENT,
    direction=st.sampled_from(Direction),
)
def test_what_the_fast_yes_lets_pass_passes(schema, value, direction):
    version, schema = schema
    assume("#/$defs/d" not in json.dumps(schema))
    raw = json.dumps(value).encode()
    fast, compiled = said_fast(schema, version, raw, direction)
    if fast:
        for decoded in (orjson.loads(raw), decode(raw)):
            verdict = compiled.judge(decoded, direction=direction)
            assert verdict.violation is None
            assert not verdict.filled


@settings(max_examples=500, suppress_health_check=list(HealthCheck), deadline=None)
@given(schema=SCHEMAS_30, value=SENT)
def test_judging_leaves_the_value_as_it_is(schema, value):
    raw = json.dumps(value)
    compiled = OpenApiSchema(schema, {"schema": schema}, version="3.0", pointer="/schema")
    for steps in (3, 100_000):
        try:
            verdict = compiled.judge(value, steps=steps)
        except TooComplexError:
            continue
        finally:
            assert json.dumps(value) == raw
        assert verdict.filled == (json.dumps(verdict.value) != raw)


@settings(max_examples=500, suppress_health_check=list(HealthCheck), deadline=None)
@given(schema=SCHEMAS_30, value=SENT)
def test_a_value_with_its_defaults_lacks_none(schema, value):
    compiled = OpenApiSchema(schema, {"schema": schema}, version="3.0", pointer="/schema")
    # With a choice of branches, the defaults of one may make another pass as well.
    assume(not any(word in json.dumps(schema) for word in ("oneOf", "anyOf", "not", "maxProperties")))
    verdict = compiled.judge(value)
    if verdict.violation is None:
        assert compiled.judge(verdict.value) == type(verdict)(None, verdict.value, filled=False)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "x"}, id="object"),
        pytest.param({"type": "string", "nullable": True}, None, id="null"),
        pytest.param({"type": "string", "enum": ["a"], "nullable": True}, None, id="null beside enum"),
        pytest.param({"type": "string", "pattern": r"^\d{3}$"}, "123", id="pattern"),
        pytest.param({"type": "string", "format": "date-time"}, "2024-05-01T10:20:30Z", id="format"),
        pytest.param({"type": "number", "multipleOf": 0.01}, 19.99, id="multiple"),
        pytest.param({"type": "integer", "format": "int64"}, 2**63 - 1, id="int64"),
        pytest.param({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ["a"], id="unique"),
        pytest.param({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 3, id="oneOf"),
        pytest.param({"allOf": [{"type": "object"}, {"required": ["a"]}]}, {"a": 1}, id="allOf"),
        pytest.param({"properties": {"a": {"type": "integer", "default": 1}}}, {"a": 2}, id="default given"),
        pytest.param(
            {"properties": {"a": {"type": "integer", "readOnly": True}}, "required": ["a"]}, {}, id="readOnly"
        ),
    ],
)
def test_the_fast_yes_is_said(schema, value):
    fast, _ = said_fast(schema, "3.0", orjson.dumps(value), Direction.REQUEST)
    assert fast


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"properties": {"a": {"default": 1}}}, {}, id="default missing"),
        pytest.param({"properties": {"a": {"type": "integer", "default": 1}}}, {"a": None}, id="default for null"),
        pytest.param({"properties": {"a": {"readOnly": True}}}, {"a": 1}, id="readOnly"),
        pytest.param({"type": "integer", "maximum": 2**64}, 1, id="bound beyond 64 bits"),
        pytest.param({"type": "integer", "multipleOf": 3}, 2**65, id="integer beyond 64 bits"),
        pytest.param({}, None, id="null"),
        pytest.param({"not": {"multipleOf": 3}}, 2**65, id="less certain below not"),
        pytest.param({"not": {"uniqueItems": True}}, [1, 2], id="lists compared below not"),
        pytest.param({"oneOf": [{"properties": {"a": {"default": 1}}}]}, {"a": 1}, id="default below a choice"),
    ],
)
def test_the_fast_yes_is_not_said(schema, value):
    fast, _ = said_fast(schema, "3.0", json.dumps(value).encode(), Direction.REQUEST)
    assert not fast
