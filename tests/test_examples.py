import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate import examples
from lockgate.examples import ExampleMaker, Missing, is_json, select
from lockgate.exchange import Headers

JSON = "application/json"


def made(responses, /, **components):
    maker = ExampleMaker({"components": components})
    return maker.responses({"responses": responses}, ("op",)), maker


def response(content=None, headers=None):
    return {"description": "d", "content": content or {}, "headers": headers or {}}


def body(media, **components):
    """The body of one media type's first example, and what was odd."""
    of, maker = made({"200": response({JSON: media})}, **components)
    found = select(of, 200, JSON, "")
    assert not isinstance(found, Missing)
    return found[1].decode(), [(remark.message, remark.place) for remark in maker.remarks]


def value(schema, **components):
    return body({"schema": schema}, **components)


# ── which answer ──

BOTH = {
    "200": response({JSON: {"example": 1}, "text/*": {"example": "t"}, "a/b;v=1": {"example": 2}}),
    "404": response({"*/*": {"example": 3}}),
    "204": response(),
    "201": response(),
    "default": response({JSON: {"example": 4}}),
    "5XX": response({JSON: {"example": 5}}),
}


@pytest.mark.parametrize(
    ("code", "content_type", "expected"),
    [
        pytest.param(200, JSON, b"1", id="exact"),
        pytest.param(200, "application/json; charset=utf-8", b"1", id="without parameters"),
        pytest.param(200, "a/b;v=1", b"2", id="exact with parameters"),
        pytest.param(200, "a/b;v=2", Missing.CONTENT_TYPE, id="other parameters"),
        pytest.param(200, "text/plain", b"t", id="range"),
        pytest.param(200, "Application/JSON", Missing.CONTENT_TYPE, id="case counts"),
        pytest.param(200, "text/html,application/json", b"t", id="a list is one text"),
        pytest.param(404, "image/png", b"3", id="any"),
        pytest.param(404, "nonsense", Missing.CONTENT_TYPE, id="no type at all"),
        pytest.param(204, JSON, b"", id="204 needs no content"),
        pytest.param(201, JSON, Missing.CONTENT_TYPE, id="others do"),
        pytest.param(500, JSON, Missing.CODE, id="no range of statuses"),
        pytest.param(418, JSON, Missing.CODE, id="no default"),
    ],
)
def test_code_and_content_type(code, content_type, expected):
    of, _ = made(BOTH)

    found = select(of, code, content_type, "")

    assert (found if isinstance(found, Missing) else found[1]) == expected


def test_a_204_without_content_is_answered():
    of, _ = made({"204": response(headers={"X-A": {"schema": {"type": "string"}}})})

    assert select(of, 204, JSON, "any") == (Headers.of(("X-A", "string")), b"")


NAMED = {"b": {"value": "two"}, "a": {"value": "one"}}


@pytest.mark.parametrize(
    ("media", "name", "expected"),
    [
        pytest.param({"examples": NAMED}, "b", b'"two"', id="by name"),
        pytest.param({"examples": NAMED}, "", b'"one"', id="the first by name"),
        pytest.param({"examples": NAMED}, "c", Missing.NAME, id="none of that name"),
        pytest.param({"example": 1, "examples": NAMED}, "b", b"1", id="example hides names"),
        pytest.param({"example": None, "examples": NAMED}, "", b'"one"', id="null is none"),
        pytest.param({"examples": {}, "schema": {"type": "string"}}, "c", b'"string"', id="no examples, no names"),
        pytest.param({"schema": {"type": "string"}}, "c", b'"string"', id="schema has no names"),
        pytest.param(
            {"examples": {"a": {"summary": "s"}}, "schema": {"type": "integer"}}, "a", b"0", id="without a value"
        ),
        pytest.param({"examples": {"a": {"value": None}}}, "a", b"null", id="null and no schema"),
        pytest.param({"examples": {"a": {"$ref": "#/components/examples/E"}}}, "a", b"[7]", id="reference"),
    ],
)
def test_name(media, name, expected):
    of, _ = made({"200": response({JSON: media})}, examples={"E": {"value": [7]}})

    found = select(of, 200, JSON, name)

    assert (found if isinstance(found, Missing) else found[1]) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param(JSON, b'"a \\"b\\""', id="JSON"),
        pytest.param("application/problem+json; v=1", b'"a \\"b\\""', id="JSON by suffix"),
        pytest.param("application/*", b'"a \\"b\\""', id="range with JSON"),
        pytest.param("text/csv", b'a "b"', id="text"),
        pytest.param("text/plain; x=/json", b'a "b"', id="parameters do not count"),
    ],
)
def test_a_text_is_sent_as_it_is_where_it_is_not_json(content_type, expected):
    of, _ = made({"200": response({"*/*": {"example": 'a "b"'}})})

    found = select(of, 200, content_type, "")

    assert found == (Headers.of(("Content-Type", content_type)), expected)


@pytest.mark.parametrize(("value", "written"), [(1, b"1"), ({"a": "b"}, b'{"a":"b"}'), (True, b"true")])
def test_what_is_no_text_is_json_whatever_the_type(value, written):
    of, _ = made({"200": response({"text/plain": {"example": value}})})

    assert select(of, 200, "text/plain", "") == (Headers.of(("Content-Type", "text/plain")), written)


@pytest.mark.parametrize("content_type", ["*/*", "text/JSON", "a/b+json"])
def test_json_types(content_type):
    assert is_json(content_type)


# ── values from schemas ──


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(None, "null", id="none"),
        pytest.param({}, "null", id="untyped"),
        pytest.param({"type": "string", "format": "date"}, '"string"', id="string"),
        pytest.param({"type": "integer", "minimum": 5, "default": 7}, "0", id="integer"),
        pytest.param({"type": "number"}, "0", id="number"),
        pytest.param({"type": "boolean"}, "true", id="boolean"),
        pytest.param({"type": "string", "enum": ["q", "r"]}, '"q"', id="enum"),
        pytest.param({"enum": [3]}, "3", id="enum without type"),
        pytest.param({"type": "string", "enum": []}, '"string"', id="empty enum"),
        pytest.param({"type": "object", "enum": [{"a": 1}]}, "{}", id="enum of objects does not count"),
        pytest.param({"type": "string", "example": None}, '"string"', id="null is no example"),
        pytest.param({"type": "string", "example": False}, "false", id="example of another type"),
        pytest.param({"type": "object"}, "{}", id="no properties"),
        pytest.param(
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}},
            '{"a":0,"b":"string"}',
            id="every property",
        ),
        pytest.param({"properties": {"a": {"type": "string"}}}, "null", id="properties without a type"),
        pytest.param({"type": "array", "items": {"type": "string"}, "minItems": 3}, '["string"]', id="one element"),
        pytest.param({"type": "array"}, "[null]", id="no items"),
        pytest.param({"allOf": [{"type": "string"}]}, "null", id="combined"),
        pytest.param({"type": ["string", "null"]}, "null", id="several types"),
        pytest.param({"type": ["string"]}, '"string"', id="one type in a list"),
        pytest.param({"type": {"odd": 1}}, "null", id="type of a wrong kind"),
        pytest.param({"type": "object", "properties": [1]}, "{}", id="properties of a wrong kind"),
        pytest.param(True, "null", id="schema of a wrong kind"),
        pytest.param({"$ref": "#/components/schemas/Unit"}, '"kg"', id="reference"),
        pytest.param({"$ref": "#/components/schemas/Pair/properties/left"}, "0", id="reference into a schema"),
        pytest.param({"$ref": "#/components/schemas/a~1b%20c"}, "true", id="escaped reference"),
    ],
)
def test_value(schema, expected):
    schemas = {
        "Unit": {"type": "string", "enum": ["kg"]},
        "Pair": {"type": "object", "properties": {"left": {"type": "integer"}}},
        "a/b c": {"type": "boolean"},
    }

    assert value(schema, schemas=schemas) == (expected, [])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0, "1"),
        (12345678901234567890, "12345678901234567000"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (-0.0, "-0"),
        (0.1, "0.1"),
    ],
)
def test_numbers_are_float64(number, expected):
    assert body({"example": {"n": [number]}}) == (f'{{"n":[{expected}]}}', [])


@pytest.mark.parametrize("number", [10**400, float("inf")])
def test_a_number_that_is_too_large_is_null(number):
    text, remarks = body({"example": [number]})

    assert text == "[null]"
    place = ("op", "responses", "200", "content", JSON, "example", 0)
    assert remarks == [("the number is too large for a float64: null stands in the mock's answer", place)]


TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "parent": {"$ref": "#/components/schemas/Tree"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}


def test_a_schema_ends_where_it_contains_itself():
    text, remarks = value({"$ref": "#/components/schemas/Tree"}, schemas={"Tree": TREE})

    assert json.loads(text) == {"name": "string", "children": []}
    message = "the schema contains itself: what is left out of the mock's answer begins here"
    assert remarks == [(message, ("components", "schemas", "Tree"))]


def test_a_schema_may_stand_twice_beside_itself():
    unit = {"$ref": "#/components/schemas/Unit"}
    schema = {"type": "object", "properties": {"a": unit, "b": unit}}

    assert value(schema, schemas={"Unit": {"type": "integer"}}) == ('{"a":0,"b":0}', [])


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/Nobody", "other.yaml#/X", "#", "#/components/schemas/Ring"]
)
def test_a_reference_that_leads_nowhere_is_null(reference):
    schemas = {"Ring": {"$ref": "#/components/schemas/Ring"}}

    text, remarks = value({"type": "object", "properties": {"a": {"$ref": reference}}}, schemas=schemas)

    assert text == '{"a":null}'
    assert [message for message, _ in remarks] == [f"the reference {reference!r} leads nowhere in this document"]


def test_a_schema_that_fans_out_stays_small():
    schemas = {
        f"L{level}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/components/schemas/L{level + 1}"} for side in ("a", "b")},
        }
        for level in range(60)
    }

    text, remarks = value({"$ref": "#/components/schemas/L0"}, schemas={**schemas, "L60": {"type": "string"}})

    assert 1000 < len(text) <= examples.LARGEST_BODY
    json.loads(text)
    assert [message for message, _ in remarks] == [
        "a body from a schema has more than 64 kB: what is left out of the mock's answer begins here"
    ]


def test_a_large_example_that_stands_there_often_stays_small():
    schema = {"type": "object", "properties": {f"p{i}": {"$ref": "#/components/schemas/E"} for i in range(1000)}}

    text, remarks = value(schema, schemas={"E": {"type": "string", "example": "x" * 10_000}})

    assert len(text) <= examples.LARGEST_BODY
    assert len(remarks) == 1


def test_a_large_example_of_the_document_is_sent_whole():
    text, remarks = body({"example": "x" * 2 * examples.LARGEST_BODY})

    assert len(text) == 2 * examples.LARGEST_BODY + 2
    assert remarks == []


def test_all_bodies_together_stay_small(monkeypatch):
    monkeypatch.setattr(examples, "LARGEST_SUM", 40)
    object_ = {"type": "object", "properties": {"p": {"type": "string"}}}
    of, maker = made({code: response({JSON: {"schema": dict(object_)}}) for code in ("200", "201", "202")})

    bodies = [found[1] for code in (200, 201, 202) if not isinstance(found := select(of, code, JSON, ""), Missing)]

    assert bodies == [b'{"p":"string"}', b"{}", b"null"]
    assert len(maker.remarks) == 2


def test_a_deep_schema_ends():
    schemas = {
        f"L{level}": {"type": "array", "items": {"$ref": f"#/components/schemas/L{level + 1}"}} for level in range(500)
    }

    text, remarks = value({"$ref": "#/components/schemas/L0"}, schemas={**schemas, "L500": {"type": "string"}})

    assert text == "[" * examples.MOST_LEVELS + "]" * examples.MOST_LEVELS
    assert len(remarks) == 1


# ── headers ──


def test_headers_are_plain_text_in_order_of_their_names():
    headers = {
        "x-object": {"schema": {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}}},
        "X-Array": {"schema": {"type": "array", "items": {"type": "string"}}},
        "X-Big": {"schema": {"type": "integer", "example": 12345678901}},
        "X-True": {"schema": {"type": "boolean"}},
        "X-Own": {"example": "not this", "schema": {"type": "string"}},
        "X-None": {"description": "no schema"},
        "X-Ref": {"$ref": "#/components/headers/H"},
        "Content-Type": {"schema": {"type": "string", "example": "text/weird"}},
        "content-length": {"schema": {"type": "integer"}},
    }
    of, maker = made(
        {"200": response({JSON: {}}, headers)}, headers={"H": {"schema": {"type": "integer", "example": 3}}}
    )

    found = select(of, 200, JSON, "")

    assert found == (
        Headers.of(
            ("X-Array", "[string]"),
            ("X-Big", "1.2345678901e+10"),
            ("X-None", "<nil>"),
            ("X-Own", "string"),
            ("X-Ref", "3"),
            ("X-True", "true"),
            ("X-Object", "map[a:string b:0]"),
            ("Content-Type", JSON),
        ),
        b"null",
    )
    assert maker.remarks == ()


def test_a_response_by_reference_is_followed():
    of, _ = made({"200": {"$ref": "#/components/responses/R"}}, responses={"R": response({JSON: {"example": 1}})})

    assert select(of, 200, JSON, "") == (Headers.of(("Content-Type", JSON)), b"1")


@pytest.mark.parametrize(
    "responses", [None, [], {"200": None}, {"200": {"content": []}}, {"200": {"content": {JSON: 1}}}]
)
def test_an_odd_document_has_no_examples(responses):
    of, _ = made(responses)

    assert isinstance(select(of, 200, JSON, ""), Missing)


def test_what_operations_share_is_made_once():
    shared = {"type": "object", "properties": {"a": {"type": "string"}}}
    maker = ExampleMaker({"components": {"schemas": {"S": shared}}})
    operation = {"responses": {"200": response({JSON: {"schema": {"$ref": "#/components/schemas/S"}}})}}

    bodies = [select(maker.responses(operation, (str(number),)), 200, JSON, "") for number in range(2)]

    assert bodies[0][1] is bodies[1][1]


KEYS = [
    "responses",
    "200",
    "content",
    "headers",
    JSON,
    "example",
    "examples",
    "value",
    "schema",
    "$ref",
    "type",
    "items",
]
KEYS += ["properties", "enum", "X-A"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(["object", "array", "string", "#/components/schemas/S", "#/op", "#"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=30,
)


@given(VALUES, VALUES, VALUES)
def test_no_document_makes_it_raise(response, schema, other):
    operation = {"responses": {"200": response, "201": {"content": {JSON: {"schema": schema}}, "headers": other}}}
    maker = ExampleMaker({"components": {"schemas": {"S": schema}}, "op": operation})

    of = maker.responses(operation, ("op",))

    assert not isinstance(select(of, 201, JSON, ""), Missing)
    for code in of:
        found = select(of, code, JSON, "")
        if not isinstance(found, Missing):
            json.loads(found[1])
