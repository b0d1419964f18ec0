from typing import Any

import pytest

from lockgate.templates.fields import MOST_LEVELS, Fields, known_fields

TEXT: dict[str, Any] = {"type": "string"}


def known(schema: Any = None, document: dict[str, Any] | None = None, **media: Any) -> Fields | None:
    if schema is not None:
        media["schema"] = schema
    return known_fields(document or {}, [{"application/json": media}])


def of(schema: Any, **more: Any) -> Fields:
    """What is known of a field with a schema."""
    found = known({"type": "object", "properties": {"a": schema}}, **more)
    assert found is not None
    return found.members["a"]


def test_a_schema_names_fields_and_their_kinds() -> None:
    found = known(
        {"type": "object", "properties": {"a": TEXT, "b": {"type": "integer"}, "c": {"type": ["array", "null"]}}}
    )

    assert found is not None
    assert found.is_closed
    assert {name: set(one.kinds) for name, one in found.members.items()} == {
        "a": {"text"},
        "b": {"number"},
        "c": {"list", "null"},
        "_tyk_context": set(),
        "_tyk_meta": set(),
    }


def test_an_example_does_the_same() -> None:
    found = known(example={"a": "x", "b": [{"c": True}], "d": None})

    assert found is not None
    assert found.is_closed
    assert set(found.members) == {"a", "b", "d", "_tyk_context", "_tyk_meta"}
    assert found.members["b"].items is not None
    assert found.members["b"].items.members["c"].kinds == {"boolean"}
    assert known(examples={"one": {"value": {"a": 1}}, "two": {"value": {"b": 1}}}) is not None


def test_fields_of_examples_are_known_beside_those_of_the_schema() -> None:
    found = known({"type": "object", "properties": {"a": {"properties": {"b": TEXT}}}}, example={"a": {"c": 1}, "d": 2})

    assert found is not None
    assert {"a", "d"} < set(found.members)
    assert set(found.members["a"].members) == {"b", "c"}


def test_a_list_stands_under_array() -> None:
    found = known({"type": "array", "items": {"type": "object", "properties": {"a": TEXT}}})

    assert found is not None
    assert found.is_closed
    assert found.members["array"].items is not None
    assert set(found.members["array"].items.members) == {"a"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "string"},
        {},
        True,
        {"$ref": "#/components/schemas/Gone"},
        {"$ref": "https://example.com/schema.json"},
        {"type": "object", "properties": {"a": TEXT}, "not": {"required": ["b"]}},
    ],
)
def test_where_nothing_is_said_nothing_is_known(schema: Any) -> None:
    assert known(schema) is None


@pytest.mark.parametrize(
    "more",
    [
        {"additionalProperties": True},
        {"additionalProperties": {"type": "string"}},
        {"patternProperties": {"^x-": {}}},
        {"allOf": [{"$ref": "#/components/schemas/Gone"}]},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"oneOf": [{"type": "object"}, {"type": "object", "properties": {"b": TEXT}}]},
    ],
)
def test_an_object_that_may_have_more_is_open(more: dict[str, Any]) -> None:
    found = known({"type": "object", "properties": {"a": TEXT}, **more})

    assert found is not None
    assert not found.is_closed
    assert "a" in found.members


def test_parts_of_a_schema_are_put_together() -> None:
    components = {"Base": {"type": "object", "properties": {"id": TEXT}}}
    document = {"components": {"schemas": components}}
    schema = {
        "allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"a": TEXT}}],
        "oneOf": [{"properties": {"b": TEXT}}, {"properties": {"c": TEXT}}],
        "properties": {"d": TEXT},
    }

    found = known(schema, document)

    assert found is not None
    assert found.is_closed
    assert {"id", "a", "b", "c", "d"} < set(found.members)


def test_of_several_media_types_the_body_may_be_any() -> None:
    contents = [
        {"application/json": {"example": {"a": 1}}, "text/plain": {"example": "x"}},
        {"application/problem+json; charset=utf-8": {"example": {"b": 1}}},
        None,
    ]

    found = known_fields({}, contents)

    assert found is not None
    assert {"a", "b"} < set(found.members)
    assert known_fields({}, [*contents, {"application/json": {}}]) is None
    assert known_fields({}, [{"application/xml": {"example": {"a": 1}}}]) is None
    assert known_fields({}, []) is None


def test_a_schema_that_contains_itself_ends() -> None:
    document = {"components": {"schemas": {"Node": {"properties": {"next": {"$ref": "#/components/schemas/Node"}}}}}}

    found = known({"$ref": "#/components/schemas/Node"}, document)

    levels = 0
    while found is not None and found.members:
        found = found.members["next"]
        levels += 1
    assert levels == MOST_LEVELS + 1
    assert known({"$ref": "#/a"}, {"a": {"$ref": "#/a"}}) is None


def test_schemas_that_branch_without_end_take_no_time() -> None:
    properties = {name: {"$ref": "#/components/schemas/Tree"} for name in "abcdefgh"}
    document = {"components": {"schemas": {"Tree": {"properties": properties}}}}

    assert known({"$ref": "#/components/schemas/Tree"}, document) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "example": 1_000_000},
        {"type": "number", "examples": [5, 0.00001]},
        {"type": "integer", "default": -2_000_000},
        {"type": "integer", "enum": [1, 1_000_000]},
        {"type": "integer", "minimum": 1_000_000},
        {"const": 1_000_000},
    ],
)
def test_numbers_that_are_printed_in_exponent_form(schema: dict[str, Any]) -> None:
    assert of(schema).number is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"type": "integer", "format": "int64"},
        {"type": "integer", "example": 999_999},
        {"type": "integer", "maximum": 1_000_000_000},
        {"type": "number", "example": 0.0001},
        {"type": "boolean", "example": True},
        {"type": "integer", "example": 10**400},
        {"type": "string", "example": "1000000"},
    ],
)
def test_numbers_that_are_not(schema: dict[str, Any]) -> None:
    assert of(schema).number is None


def test_an_example_of_the_body_shows_such_a_number_too() -> None:
    assert of({"type": "integer"}, example={"a": 1_700_000_000}).number == 1.7e9


@pytest.mark.parametrize(
    ("schema", "is_plain"),
    [
        ({"type": "string", "enum": ["a", "b c"]}, True),
        ({"type": "string", "enum": ["a", 'b"']}, False),
        ({"type": "string", "enum": ["a", "<b"]}, False),
        ({"type": "string", "format": "uuid"}, True),
        ({"type": "string", "format": "uri"}, False),
        ({"type": "string", "example": "plain"}, False),
    ],
)
def test_texts_of_a_form_without_anything_to_escape(schema: dict[str, Any], is_plain: bool) -> None:
    assert of(schema).is_plain is is_plain


def test_documents_of_any_form_are_read() -> None:
    odd: list[Any] = [None, 1, "x", [], {}, {"properties": 1}, {"type": 1}, {"type": [1]}, {"allOf": 1}, {"enum": 1}]
    odd += [{"properties": {"a": one}} for one in odd]
    odd += [{"items": one, "type": "array"} for one in odd]

    for one in odd:
        known(one)
        known_fields({}, [{"application/json": one}, one])
        known(example=one)
