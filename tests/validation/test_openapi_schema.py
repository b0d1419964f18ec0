"""What is said of values that break a schema, in which order things are found, and which defaults are filled in."""

import json

import pytest

from lockgate.documents.json import decode
from lockgate.validation.openapi_schema import Compiler, Direction, OpenApiSchema, SchemaError


def compiled(schema, version="3.0", **document):
    return OpenApiSchema(schema, {"schema": schema, **document}, version=version, pointer="/schema")


def violation(schema, text, version="3.0", **document):
    return compiled(schema, version, **document).violation(decode(text.encode()))


def component(**schemas):
    return {"components": {"schemas": schemas}}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        # types
        ({"type": "string"}, "1", "value must be a string"),
        ({"type": "integer"}, '"1"', "value must be an integer"),
        ({"type": "integer"}, "1.5", "value must be an integer"),
        ({"type": "integer"}, "1000.0", None),
        ({"type": "integer"}, "12345678901234567890123", None),
        ({"type": "integer"}, "true", "value must be an integer"),
        ({"type": "number"}, "true", "value must be a number"),
        ({"type": "number"}, "1", None),
        ({"type": "boolean"}, '"true"', "value must be a boolean"),
        ({"type": "boolean"}, "1", "value must be a boolean"),
        ({"type": "object"}, "[]", "value must be an object"),
        ({"type": "array", "items": {}}, "{}", "value must be an array"),
        # null
        ({"type": "string"}, "null", "Value is not nullable"),
        ({}, "null", "Value is not nullable"),
        ({"nullable": True}, "null", None),
        ({"enum": [None]}, "null", "Value is not nullable"),
        ({"nullable": True, "not": {"type": "string"}, "enum": ["x"]}, "null", None),
        ({"type": "object", "allOf": [{"nullable": True}]}, "null", None),
        ({"allOf": [{"type": "string"}]}, "null", "Value is not nullable"),
        ({"oneOf": [{"nullable": True}, {"type": "string"}], "enum": ["x"]}, "null", None),
        ({"additionalProperties": True}, '{"a": null}', None),
        ({"type": "object", "additionalProperties": {}}, '{"a": null}', 'Error at "/a": Value is not nullable'),
        # nothing is asked, all the way down
        ({"additionalProperties": {}}, '{"a": null}', None),
        ({"properties": {"a": {"items": {}}}}, '{"a": [null]}', None),
        ({"properties": {"a": {"title": "t"}}}, "null", "Value is not nullable"),
        ({"properties": {"a": {"items": {"minimum": 0}}}}, '{"a": [null]}', 'Error at "/a/0": Value is not nullable'),
        ({"oneOf": [{}, {"allOf": [{}]}]}, "1", None),
        ({"oneOf": [{}, {"allOf": [{}]}]}, "null", "Value is not nullable"),
        # enum
        ({"enum": ["a", "<b>", 1.5, 7]}, '"c"', r'value is not one of the allowed values ["a","\u003cb\u003e",1.5,7]'),
        ({"enum": [True]}, "1", "value is not one of the allowed values [true]"),
        ({"enum": [1]}, "true", "value is not one of the allowed values [1]"),
        ({"enum": [7]}, "7.0", None),
        ({"enum": [10000000]}, "1", "value is not one of the allowed values [10000000]"),
        ({"enum": ["1"]}, "1", 'value is not one of the allowed values ["1"]'),
        ({"enum": [[1, "a"]]}, '[1, "a"]', None),
        ({"enum": ["a"]}, "[]", 'value is not one of the allowed values ["a"]'),
        ({"enum": []}, "1", None),
        # numbers
        ({"minimum": 5}, "4", "number must be at least 5"),
        ({"maximum": 10000000}, "10000001", "number must be at most 1e+07"),
        ({"maximum": 0.5}, "0.51", "number must be at most 0.5"),
        ({"minimum": 0, "exclusiveMinimum": True}, "0", "number must be more than 0"),
        ({"maximum": 10, "exclusiveMaximum": True}, "10", "number must be less than 10"),
        ({"exclusiveMinimum": True}, "0", None),
        ({"minimum": 5, "exclusiveMinimum": False}, "5", None),
        ({"minimum": 5}, '"a"', None),
        ({"multipleOf": 4}, "6", "number must be a multiple of 4"),
        ({"multipleOf": 0.01}, "0.075", "number must be a multiple of 0.01"),
        ({"multipleOf": 3}, "12345678901234567890126", None),
        ({"multipleOf": 3}, "12345678901234567890127", "number must be a multiple of 3"),
        ({"multipleOf": 2}, "1e22", None),
        ({"type": "integer"}, "1e400", 'strconv.ParseFloat: parsing "1e400": value out of range'),
        ({"maximum": 3}, "-1e400", 'strconv.ParseFloat: parsing "-1e400": value out of range'),
        ({"type": "string"}, "1e400", 'strconv.ParseFloat: parsing "1e400": value out of range'),
        # text
        ({"minLength": 3}, '"\U0001f3d9\U0001f3d9"', "minimum string length is 3"),
        ({"maxLength": 1}, '"\U0001f3d9"', None),
        ({"maxLength": 1}, '"ab"', "maximum string length is 1"),
        ({"pattern": "^[0-9]{5}$"}, '"1234\\n"', 'string doesn\'t match the regular expression "^[0-9]{5}$"'),
        ({"pattern": r"^\d$"}, '"\u0664"', 'string doesn\'t match the regular expression "^\\d$"'),
        ({"pattern": "b"}, '"abc"', None),
        ({"pattern": ""}, '"abc"', None),
        # lists
        ({"minItems": 1}, "[]", "minimum number of items is 1"),
        ({"maxItems": 1}, "[1, 2]", "maximum number of items is 1"),
        ({"uniqueItems": True}, "[1, 2, 1]", "duplicate items found"),
        ({"uniqueItems": True}, '[{"a": 1, "b": [2]}, {"b": [2], "a": 1}]', "duplicate items found"),
        ({"uniqueItems": True}, "[1, 1.0, true, null, [], {}]", None),
        ({"uniqueItems": False}, "[1, 1]", None),
        ({"items": {"type": "integer"}}, '[1, "x"]', 'Error at "/1": value must be an integer'),
        # objects
        ({"minProperties": 2}, '{"a": 1}', "there must be at least 2 properties"),
        ({"maxProperties": 0}, '{"a": 1}', "there must be at most 0 properties"),
        ({"required": ["b", "a"]}, "{}", 'Error at "/b": property "b" is missing'),
        ({"required": ["a"]}, '{"a": null}', None),
        ({"additionalProperties": False}, '{"c": 1, "b": 2}', 'property "b" is unsupported'),
        ({"additionalProperties": False}, '{"a\\"\\u0000": 2}', r'property "a\"\x00" is unsupported'),
        ({"properties": {"a/b~": {"type": "string"}}}, '{"a/b~": 1}', 'Error at "/a/b~": value must be a string'),
        # combinators
        ({"not": {"type": "integer"}}, "1", 'Doesn\'t match schema "not"'),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, "2", 'doesn\'t match any schema from "anyOf"'),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, "5", "input matches more than one oneOf schemas"),
        (
            {"oneOf": [{"type": "string"}, {"properties": {"a": {"type": "string"}}}]},
            '{"a": 1}',
            'doesn\'t match schema due to: value must be a string Or Error at "/a": value must be a string',
        ),
        (
            {"properties": {"x": {"allOf": [{"type": "object"}, {"required": ["a"]}, {"required": ["b"]}]}}},
            '{"x": {}}',
            'Error at "/x": Error at "/a": property "a" is missing',
        ),
    ],
)
def test_violation(schema, text, expected):
    assert violation(schema, text) == expected


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"not": {}, "oneOf": [{"type": "object"}]}, "1", 'Doesn\'t match schema "not"'),
        ({"allOf": [{"minimum": 9}], "anyOf": [{"minimum": 9}]}, "1", 'doesn\'t match any schema from "anyOf"'),
        ({"allOf": [{"minimum": 9}], "enum": [2]}, "1", "number must be at least 9"),
        ({"type": "string", "enum": [2]}, "1", "value is not one of the allowed values [2]"),
        ({"type": "integer", "format": "int32", "maximum": 3}, "2147483648", "integer doesn't match the format"),
        ({"minimum": 9, "multipleOf": 4}, "1", "number must be at least 9"),
        ({"minLength": 3, "pattern": "b"}, '"a"', "minimum string length is 3"),
        ({"pattern": "b", "format": "date"}, '"a"', "string doesn't match the regular"),
        ({"minItems": 3, "uniqueItems": True}, "[1, 1]", "minimum number of items is 3"),
        ({"uniqueItems": True, "items": {"type": "string"}}, "[1, 1]", "duplicate items found"),
        ({"minProperties": 2, "required": ["a"]}, "{}", "there must be at least 2 properties"),
        (
            {"properties": {"b": {"type": "string"}, "a": {"type": "string"}}, "required": ["z"]},
            '{"b": 1, "a": 1}',
            'Error at "/a": value must be a string',
        ),
        (
            {"properties": {"b": {"type": "string"}}, "additionalProperties": False, "required": ["z"]},
            '{"b": 1, "a": 1}',
            'property "a" is unsupported',
        ),
    ],
)
def test_the_first_failure_is_told(schema, text, expected):
    assert violation(schema, text).startswith(expected)


def test_not_of_an_empty_schema():
    assert violation({"not": {}}, "1") == 'Doesn\'t match schema "not"'


# ── numbers ──


def test_big_integers_count_with_all_their_digits():
    assert (
        violation({"maximum": 9007199254740992}, "9007199254740993") == "number must be at most 9.007199254740992e+15"
    )
    assert violation({"maximum": 9007199254740992}, "9007199254740992") is None
    assert violation({"enum": [9007199254740993]}, "9007199254740993") is None
    assert violation({"enum": [9007199254740993]}, "9007199254740992") is not None


def test_multiples_are_decimal():
    for text in ("0.07", "19.99", "-0.3", "1e2", "0"):
        assert violation({"multipleOf": 0.01}, text) is None


def test_2_to_the_63_is_no_int64():
    schema = {"type": "integer", "format": "int64"}
    limits = "value should be between -9223372036854775808 and 9223372036854775807"
    assert violation(schema, "9223372036854775808") == f'integer doesn\'t match the format "int64": {limits}'
    assert violation(schema, "9223372036854775807") is None
    assert violation(schema, "-9223372036854775808") is None


def test_defaults_where_nothing_is_asked():
    schema = compiled({"properties": {"a": {"default": 5}, "b": {}}})
    assert schema.judge({}).value == {"a": 5}
    assert schema.judge({"b": None}).violation == 'Error at "/b": Value is not nullable'


def test_objects_in_enum_may_hold_numbers():
    assert violation({"enum": [{"a": [1]}]}, '{"a": [1]}') is None
    assert violation({"enum": [{"a": [1]}]}, '{"a": [2]}') is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none(value):
    word = "NaN" if value != value else "Inf"  # noqa: PLR0124
    for schema in ({"type": "number"}, {"minimum": 1, "multipleOf": 3}, {"type": "integer", "format": "int32"}):
        assert compiled(schema).violation(value) == f"floating point {word} is not allowed"


def test_what_json_does_not_have_does_not_pass():
    assert compiled({}).violation({1, 2}) == "unhandled value of type set"
    assert compiled({"type": "array", "items": {}}).violation([(1,)]) == 'Error at "/0": unhandled value of type tuple'


def test_formats_of_integers_are_for_integers():
    assert violation({"type": "number", "format": "int32"}, "2147483648") is None
    assert violation({"format": "int32"}, "2147483648") is None


# ── directions ──

PERSON = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "born": {"type": "string", "readOnly": True, "nullable": True, "default": "now"},
        "secret": {"type": "string", "writeOnly": True},
    },
    "required": ["id", "secret"],
}


@pytest.mark.parametrize(
    ("text", "request_says", "response_says"),
    [
        ('{"secret": "s"}', None, 'Error at "/id": property "id" is missing'),
        ('{"id": 1}', 'Error at "/secret": property "secret" is missing', None),
        ('{"id": 1, "secret": "s"}', 'readOnly property "id" in request', 'writeOnly property "secret" in response'),
        (
            '{"id": 1, "secret": "s", "born": "x"}',
            'readOnly property "born" in request | readOnly property "id" in request',
            'writeOnly property "secret" in response',
        ),
        ('{"id": "x", "secret": "s"}', 'Error at "/id": value must be an integer', 'Error at "/id": value must'),
        ('{"born": null, "secret": "s"}', None, 'Error at "/id": property "id" is missing'),
    ],
)
def test_properties_that_go_one_way(text, request_says, response_says):
    schema = compiled(PERSON)
    value = decode(text.encode())
    assert schema.violation(value) == request_says
    answer = schema.violation(value, direction=Direction.RESPONSE)
    assert answer == response_says or answer.startswith(response_says)
    assert schema.violation([value]) == "value must be an object"


def test_a_property_that_goes_the_other_way_is_told_without_a_place():
    within = {"properties": {"who": PERSON}}
    assert violation(within, '{"who": {"id": 1, "secret": "s"}}') == 'readOnly property "id" in request'


def test_responses_get_no_defaults():
    schema = compiled({"properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]})
    assert schema.judge({}).value == {"a": "x"}
    verdict = schema.judge({}, direction=Direction.RESPONSE)
    assert verdict.violation == 'Error at "/a": property "a" is missing'
    assert not verdict.filled


# ── defaults ──


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        pytest.param({"properties": {"a": {"default": 1}}}, "{}", {"a": 1}, id="missing"),
        pytest.param({"properties": {"a": {"default": 1}}}, '{"a": null}', {"a": 1}, id="null"),
        pytest.param({"properties": {"a": {"default": 1, "nullable": True}}}, '{"a": null}', {"a": 1}, id="nullable"),
        pytest.param({"properties": {"a": {"default": 1}}}, '{"a": 0}', None, id="given"),
        pytest.param({"properties": {"a": {"default": None}}}, "{}", None, id="null is no default"),
        pytest.param({"properties": {"a": {"default": False}}}, "{}", {"a": False}, id="false is one"),
        pytest.param({"properties": {"a": {"default": 1}}, "required": ["a"]}, "{}", {"a": 1}, id="required"),
        pytest.param({"properties": {"a": {"default": 1}}, "minProperties": 1}, "{}", {"a": 1}, id="counted"),
        pytest.param({"default": {"a": 1}}, "{}", None, id="only of properties"),
        pytest.param(
            {"items": {"properties": {"a": {"default": 1}}}}, '[{}, {"a": 2}, 3]', [{"a": 1}, {"a": 2}, 3], id="items"
        ),
        pytest.param(
            {"additionalProperties": {"properties": {"a": {"default": 1}}}}, '{"x": {}}', {"x": {"a": 1}}, id="others"
        ),
        pytest.param(
            {"properties": {"o": {"default": {}, "properties": {"a": {"default": 1}}}}},
            "{}",
            {"o": {"a": 1}},
            id="within a default",
        ),
        pytest.param(
            {"allOf": [{"properties": {"a": {"default": 1}}}, {"required": ["a"]}]}, "{}", {"a": 1}, id="allOf"
        ),
        pytest.param(
            {
                "oneOf": [
                    {"properties": {"x": {"default": "A"}}, "required": ["a"]},
                    {"properties": {"x": {"default": "B"}}, "required": ["b"]},
                ],
                "required": ["x"],
            },
            '{"b": 1}',
            {"b": 1, "x": "B"},
            id="the branch of oneOf",
        ),
        pytest.param(
            {
                "anyOf": [
                    {"properties": {"a": {"default": 1}}, "required": ["k"]},
                    {"properties": {"b": {"default": 2}}},
                ]
            },
            "{}",
            {"b": 2},
            id="the branch of anyOf",
        ),
        pytest.param(
            {
                "allOf": [
                    {"oneOf": [{"properties": {"a": {"default": {"x": 1}}}}]},
                    {"properties": {"b": {"default": 2}}},
                ]
            },
            "{}",
            {"a": {"x": 1}, "b": 2},
            id="together",
        ),
    ],
)
def test_defaults(schema, text, expected):
    value = decode(text.encode())
    verdict = compiled(schema).judge(value)
    assert verdict.violation is None
    assert verdict.filled == (expected is not None)
    assert json.dumps(value) == json.dumps(decode(text.encode())), "the value is as it was"
    if expected is not None:
        assert json.loads(json.dumps(verdict.value)) == expected


def test_defaults_are_in_the_order_in_which_they_are_judged():
    schema = {"properties": {"m": {"type": "integer", "default": 50, "maximum": 9}}}
    assert violation(schema, "{}") == 'Error at "/m": number must be at most 9'


def test_defaults_below_not_are_not_filled_in():
    schema = compiled({"not": {"properties": {"a": {"default": 1}}, "required": ["b"]}})
    assert schema.has_defaults
    assert not schema.judge({}).filled


def test_requests_do_not_share_defaults():
    schema = compiled({"properties": {"a": {"default": {"list": []}}}})
    first = schema.judge({}).value
    first["a"]["list"].append(1)
    assert schema.judge({}).value == {"a": {"list": []}}
    assert schema.schema["properties"]["a"]["default"] == {"list": []}


def test_whether_there_are_defaults():
    assert compiled({"items": {"properties": {"a": {"default": 1}}}}).has_defaults
    assert not compiled({"properties": {"a": {"default": None}}}).has_defaults
    assert not compiled({"properties": {"a": {"default": 1, "readOnly": True}}}).has_defaults


# ── discriminators ──

CAT = {"type": "object", "properties": {"lives": {"type": "integer", "maximum": 9}}, "required": ["kind", "lives"]}
DOG = {"type": "object", "properties": {"bark": {"type": "boolean"}}, "required": ["kind", "bark"]}
PETS = component(Cat=CAT, Dog=DOG)


def pet(mapping=None):
    told = {"propertyName": "kind"} if mapping is None else {"propertyName": "kind", "mapping": mapping}
    return {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": told}


BY_REFERENCE = {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"}


@pytest.mark.parametrize(
    ("mapping", "text", "expected"),
    [
        (BY_REFERENCE, '{"kind": "cat", "lives": 3}', None),
        (
            BY_REFERENCE,
            '{"kind": "cat", "lives": 10}',
            'doesn\'t match schema due to: Error at "/lives": number must be at most 9',
        ),
        (BY_REFERENCE, '{"lives": 3}', 'input does not contain the discriminator property "kind"'),
        (BY_REFERENCE, '{"kind": 3}', 'value of discriminator property "kind" is not a string'),
        (BY_REFERENCE, '{"kind": "cow"}', 'discriminator property "kind" has invalid value'),
        (BY_REFERENCE, "3", "doesn't match schema due to: value must be an object Or value must be an object"),
        ({"cat": "Cow"}, '{"kind": "cat", "lives": 3}', 'discriminator property "kind" has invalid value'),
        (None, '{"kind": "whatever", "lives": 3}', None),
        (None, '{"lives": 3}', 'input does not contain the discriminator property "kind"'),
    ],
)
def test_discriminator_of_one_of(mapping, text, expected):
    assert violation(pet(mapping), text, **PETS) == expected


def test_a_mapping_may_name_a_schema():
    assert violation(pet({"cat": "Cat", "dog": "Dog"}), '{"kind": "cat", "lives": 3}', **PETS) is None


def test_a_mapping_may_lead_to_no_branch():
    told = violation(pet({"cat": "#/components/schemas/Bird"}), '{"kind": "cat", "lives": 3}', **PETS)
    assert told == 'discriminator property "kind" has invalid value'


def test_discriminator_beside_any_of_does_not_count():
    schema = {**pet(BY_REFERENCE), "anyOf": pet()["oneOf"]}
    del schema["oneOf"]
    assert violation(schema, '{"kind": "dog", "lives": 3}', **PETS) is None


# ── references ──


def test_a_reference_at_the_top_has_a_name():
    schema = compiled(ref("Cat"), **PETS)
    assert schema.ref == "#/components/schemas/Cat"
    assert schema.schema is CAT
    assert compiled(CAT, **PETS).ref == ""
    assert compiled(True).schema == {}


def test_what_stands_beside_a_reference_does_not_count_in_3_0():
    beside = {**ref("Cat"), "maxProperties": 0}
    assert violation(beside, '{"kind": "x", "lives": 1}', "3.0", **PETS) is None
    assert violation(beside, '{"kind": "x", "lives": 1}', "3.1", **PETS) == "there must be at most 0 properties"


def test_a_schema_may_hold_itself():
    tree = {"type": "object", "properties": {"left": ref("Tree"), "size": {"type": "integer"}}}
    text = '{"left": {"left": {"size": "x"}}}'
    expected = 'Error at "/left/left/size": value must be an integer'
    assert violation(ref("Tree"), text, **component(Tree=tree)) == expected


def test_references_may_be_escaped():
    document = {"a/b": {"c~d": {"e f": {"type": "string"}}}, "list": [{"type": "integer"}]}
    assert violation({"$ref": "#/a~1b/c~0d/e%20f"}, "1", **document) == "value must be a string"
    assert violation({"$ref": "#/list/0"}, '"a"', **document) == "value must be an integer"


def test_schemas_of_one_document_share_what_they_have_in_common():
    document = {"first": ref("Cat"), "second": {"items": ref("Cat")}, **PETS}
    compiler = Compiler(document, "3.0")
    one = OpenApiSchema(document["first"], document, version="3.0", pointer="/first", compiler=compiler)
    two = OpenApiSchema(document["second"], document, version="3.0", pointer="/second", compiler=compiler)
    assert one.violation({"kind": 1}) == 'Error at "/lives": property "lives" is missing'
    assert two.violation([{"kind": 1}]) == 'Error at "/0/lives": property "lives" is missing'


def test_a_schema_that_does_not_compile_leaves_the_others_alone():
    document = {"bad": {"items": [ref("Cat"), {"pattern": "("}]}, "good": ref("Cat"), **PETS}
    document["bad"] = {"anyOf": [ref("Cat"), {"pattern": "("}]}
    compiler = Compiler(document, "3.0")
    with pytest.raises(SchemaError):
        OpenApiSchema(document["bad"], document, version="3.0", pointer="/bad", compiler=compiler)
    good = OpenApiSchema(document["good"], document, version="3.0", pointer="/good", compiler=compiler)
    assert good.violation({}) == 'Error at "/kind": property "kind" is missing'


# ── what does not compile ──


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        ({"pattern": "^(?=a)"}, "/pattern", "the pattern '^(?=a)' does not compile: invalid perl operator: (?="),
        ({"properties": {"a/b": {"pattern": "("}}}, "/properties/a~1b/pattern", "the pattern '(' does not compile"),
        ({"type": "file"}, "/type", "'file' is no type"),
        ({"type": "null"}, "/type", "'null' is no type"),
        ({"type": ["string"]}, "/type", "expected a type, found ['string']"),
        ({"type": None}, "/type", "expected a type, found None"),
        ({"minLength": -1}, "/minLength", "expected a whole number from 0, found -1"),
        ({"minLength": "3"}, "/minLength", "expected a whole number from 0, found '3'"),
        ({"maxItems": 1.5}, "/maxItems", "expected a whole number from 0, found 1.5"),
        ({"maxItems": float("inf")}, "/maxItems", "expected a whole number from 0, found inf"),
        ({"maximum": True}, "/maximum", "expected a number, found True"),
        ({"maximum": 10**400}, "/maximum", "expected a number within float64"),
        ({"multipleOf": 0}, "/multipleOf", "expected a number above 0, found 0"),
        ({"nullable": "yes"}, "/nullable", "expected true or false, found 'yes'"),
        ({"required": "a"}, "/required", "expected a list of texts, found 'a'"),
        ({"properties": []}, "/properties", "expected an object of schemas, found []"),
        ({"allOf": {}}, "/allOf", "expected a list of schemas, found {}"),
        ({"items": [{}]}, "/items", "expected a schema, found [{}]"),
        ({"enum": "a"}, "/enum", "expected a list of values, found 'a'"),
        ({"enum": [float("nan")]}, "/enum", "expected values that JSON can hold"),
        ({"oneOf": [{}], "discriminator": {}}, "/discriminator", "expected an object with 'propertyName'"),
        (
            {"oneOf": [{}], "discriminator": {"propertyName": "a", "mapping": {"x": 1}}},
            "/discriminator/mapping",
            "expected an object of references",
        ),
        ({"$ref": "#/nowhere"}, "/$ref", "the $ref '#/nowhere' leads nowhere"),
        ({"items": {"$ref": "#/schema/required/0"}, "required": ["a"]}, "/required/0", "expected a schema, found 'a'"),
        ({"$ref": 3}, "/$ref", "expected a $ref to be text, found 3"),
        ({"$ref": "#name"}, "/$ref", "a $ref leads into the same document, as '#/components/…'; found '#name'"),
    ],
)
def test_what_does_not_compile(schema, pointer, message):
    with pytest.raises(SchemaError) as raised:
        compiled(schema)
    assert raised.value.pointer == f"/schema{pointer}"
    assert raised.value.message.startswith(message)
