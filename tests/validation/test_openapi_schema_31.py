"""What OpenAPI 3.1 has that 3.0 has not: its verdicts are held against a library in test_schema_agreement.py."""

import pytest

from lockgate.documents.json import decode
from lockgate.validation.openapi_schema import OpenApiSchema, SchemaError


def compiled(schema, **document):
    return OpenApiSchema(schema, {"schema": schema, **document}, version="3.1", pointer="/schema")


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        # types and null
        ({"type": ["string", "null"]}, "1", "value must be one of string, null"),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": "null"}, "1", "value must be a null"),
        ({"type": "string"}, "null", "value must be a string"),
        ({"type": "string", "nullable": True}, "null", "value must be a string"),
        ({}, "null", None),
        ({"enum": [None]}, "null", None),
        ({"type": ["integer", "string"]}, "1.5", "value must be one of integer, string"),
        ({"type": ["integer", "number"]}, "1.5", None),
        (True, "null", None),
        (False, "1", "no value is allowed"),
        # what is const, exclusive or conditional
        ({"const": {"a": 1}}, '{"a": 2}', 'value is not one of the allowed values [{"a":1}]'),
        ({"const": None}, "0", "value is not one of the allowed values [null]"),
        ({"exclusiveMinimum": 0}, "0", "number must be more than 0"),
        ({"exclusiveMaximum": 10000000}, "10000000", "number must be less than 1e+07"),
        (
            {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"minimum": 3}},
            '"a"',
            "minimum string length is 2",
        ),
        (
            {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"minimum": 3}},
            "1",
            "number must be at least 3",
        ),
        ({"then": {"minimum": 3}}, "1", None),
        # lists
        (
            {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
            '["a", "b"]',
            'Error at "/1": value must be an integer',
        ),
        ({"prefixItems": [{}], "items": False}, "[1, 2]", 'Error at "/1": no value is allowed'),
        ({"contains": {"type": "string"}}, "[1]", 'Doesn\'t match schema "contains"'),
        ({"contains": {"type": "string"}, "minContains": 2}, '["a"]', 'Doesn\'t match schema "minContains"'),
        ({"contains": {"type": "string"}, "maxContains": 1}, '["a", "b"]', 'Doesn\'t match schema "maxContains"'),
        ({"contains": {"type": "string"}, "minContains": 0}, "[]", None),
        ({"prefixItems": [{}], "unevaluatedItems": False}, "[1, 2]", "item 1 is unsupported"),
        (
            {"prefixItems": [{}], "unevaluatedItems": {"type": "string"}},
            "[1, 2]",
            'Error at "/1": value must be a string',
        ),
        # objects
        ({"patternProperties": {"^x-": {"type": "string"}}}, '{"x-a": 1}', 'Error at "/x-a": value must be a string'),
        (
            {"patternProperties": {"^x-": {}}, "additionalProperties": False},
            '{"x-a": 1, "y": 1}',
            'property "y" is unsupported',
        ),
        (
            {"properties": {"ab": {"minimum": 1}}, "patternProperties": {"b": {"maximum": 3}}},
            '{"ab": 4}',
            'Error at "/ab": number must be at most 3',
        ),
        ({"propertyNames": {"maxLength": 1}}, '{"ab": 1}', 'Error at "/ab": Doesn\'t match schema "propertyNames"'),
        ({"dependentRequired": {"a": ["b"]}}, '{"a": 1}', 'Error at "/b": property "b" is missing'),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, '{"a": 1}', 'Error at "/b": property "b" is missing'),
        (
            {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
            '{"a": 1, "b": 2}',
            'property "b" is unsupported',
        ),
        (
            {"properties": {"a": {}}, "unevaluatedProperties": {"type": "string"}},
            '{"b": 2}',
            'Error at "/b": value must be a string',
        ),
        # as before
        ({"type": "string", "format": "date"}, '"x"', 'string doesn\'t match the format "date": parsing time "x"'),
        ({"type": "integer", "format": "int32"}, "2147483648", 'integer doesn\'t match the format "int32": value'),
    ],
)
def test_violation(schema, text, expected):
    found = compiled(schema).violation(decode(text.encode()))
    assert (found is None) == (expected is None)
    assert found is None or found.startswith(expected)


def test_a_reference_may_have_company():
    document = {"components": {"schemas": {"Id": {"type": "integer", "readOnly": True, "default": 7}}}}
    bare = {"$ref": "#/components/schemas/Id", "description": "x"}
    narrower = {"$ref": "#/components/schemas/Id", "maximum": 9}
    told = {"$ref": "#/components/schemas/Id", "default": 3, "maximum": 9}
    schema = {"properties": {"bare": bare, "narrower": narrower, "told": told}}
    assert compiled(schema, **document).violation({"narrower": 3}) == 'readOnly property "narrower" in request'
    document["components"]["schemas"]["Id"]["readOnly"] = False
    assert compiled(schema, **document).judge({"bare": 1}).value == {"bare": 1, "narrower": 7, "told": 3}
    assert compiled(schema, **document).violation({"narrower": 10}) == 'Error at "/narrower": number must be at most 9'


def test_patterns_of_names_are_re2():
    schema = {"patternProperties": {r"^\d$": False}}
    assert compiled(schema).violation({"\u0664": 1}) is None
    assert compiled(schema).violation({"4": 1}) == 'Error at "/4": no value is allowed'


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        ({"patternProperties": {"(?=a)": {}}}, "/patternProperties/(?=a)", "the pattern '(?=a)' does not compile"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef", "'$dynamicRef' is not supported"),
        ({"$id": "https://x.example/"}, "/$id", "'$id' is not supported"),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#"},
            "/$schema",
            "expected the dialect https://json-schema",
        ),
        ({"type": []}, "/type", "expected a type, found []"),
        ({"type": ["string", 3]}, "/type", "expected a type, found ['string', 3]"),
        ({"exclusiveMinimum": True}, "/exclusiveMinimum", "expected a number, found True"),
        ({"dependentRequired": {"a": "b"}}, "/dependentRequired/a", "expected a list of texts, found 'b'"),
        ({"minContains": -1, "contains": {}}, "/minContains", "expected a whole number from 0, found -1"),
        ({"prefixItems": {}}, "/prefixItems", "expected a list of schemas, found {}"),
        ({"if": 1}, "/if", "expected a schema, found 1"),
    ],
)
def test_what_does_not_compile(schema, pointer, message):
    with pytest.raises(SchemaError) as raised:
        compiled(schema)
    assert raised.value.pointer == f"/schema{pointer}"
    assert raised.value.message.startswith(message)
