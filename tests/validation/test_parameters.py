import pytest
from tests.validation.operations import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    array,
    content,
    cookie,
    endpoint,
    header,
    in_path,
    obj,
    query,
)

MISSING = "value is required but missing"
EMPTY = "empty value is not allowed"


def q(text, name="n"):
    return f'parameter "{name}" in query has an error: {text}'


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (INTEGER, "7", ""),
        (INTEGER, "-7", ""),
        (INTEGER, "%2B7", ""),
        (INTEGER, "010", ""),
        (INTEGER, "x", "value x: an invalid integer: invalid syntax"),
        (INTEGER, "1.0", "value 1.0: an invalid integer: invalid syntax"),
        (INTEGER, "9223372036854775807", ""),
        (INTEGER, "-9223372036854775808", ""),
        (INTEGER, "9223372036854775808", "value 9223372036854775808: an invalid integer: value out of range"),
        (INTEGER, "1" * 5000, f"value {'1' * 5000}: an invalid integer: value out of range"),
        (
            {"type": "integer", "format": "int32"},
            "2147483648",
            "value 2147483648: an invalid integer: value out of range",
        ),
        (NUMBER, ".5", ""),
        (NUMBER, "5.", ""),
        (NUMBER, "1e2", ""),
        (NUMBER, "1,5", "value 1,5: an invalid number: invalid syntax"),
        (NUMBER, "1e400", "value 1e400: an invalid number: value out of range"),
        (NUMBER, "NaN", "floating point NaN is not allowed"),
        (NUMBER, "-infinity", "floating point Inf is not allowed"),
        (BOOLEAN, "t", ""),
        (BOOLEAN, "False", ""),
        (BOOLEAN, "yes", "value yes: an invalid boolean: invalid syntax"),
        (STRING, "a+b", ""),
        ({"type": "string", "enum": ["a"]}, "b", 'value is not one of the allowed values ["a"]'),
        ({"type": "string", "maxLength": 2}, "%FF%FF%FF", "maximum string length is 2"),
    ],
)
def test_scalars(schema, text, expected):
    assert endpoint(query("n", schema)).cause(f"n={text}") == (q(expected) if expected else "")


@pytest.mark.parametrize("text", ["0x1F", "1_000", "0b11", "0o17"])
def test_integers_are_decimal(text):
    of = endpoint(query("n", INTEGER), query("f", NUMBER))

    assert of.cause(f"n={text}") == q(f"value {text}: an invalid integer: invalid syntax")
    assert of.cause("n=08") == ""
    assert of.cause("f=0x1p4") == q("value 0x1p4: an invalid number: invalid syntax", "f")
    assert of.cause("f=1_0.5") == q("value 1_0.5: an invalid number: invalid syntax", "f")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("", MISSING), ("n=", EMPTY), ("n", EMPTY), ("N=7", MISSING), ("n=7&n=x", ""), ("n=&n=7", EMPTY)],
)
def test_presence(sent, expected):
    assert endpoint(query("n", INTEGER, required=True)).cause(sent) == (q(expected) if expected else "")


def test_an_empty_value_may_be_allowed():
    of = endpoint(query("n", {"type": "string", "minLength": 2}, allowEmptyValue=True, required=True))

    assert of.cause("n=") == ""
    assert of.cause("n=a") == q("minimum string length is 2")
    assert of.cause("") == q(MISSING)


# Parts of a query that Go leaves out.


@pytest.mark.parametrize(
    ("schema", "required", "sent", "expected"),
    [
        pytest.param(INTEGER, False, "n=x;y", "value x;y: an invalid integer: invalid syntax", id="it counts"),
        pytest.param(INTEGER, False, "n=%zz", "value %zz: an invalid integer: invalid syntax", id="a bad escape"),
        pytest.param(STRING, True, "n=x;y", "", id="it is there"),
        pytest.param(INTEGER, True, "n=x;y", MISSING, id="in the reference's words where it refuses too"),
    ],
)
def test_odd_parts_of_a_query_are_looked_at(schema, required, sent, expected):
    assert endpoint(query("n", schema, required=required)).cause(sent) == (q(expected) if expected else "")


# Arrays.


@pytest.mark.parametrize(
    ("more", "sent", "expected"),
    [
        ({}, "n=1&n=2", ""),
        ({}, "n=1,2", "path 0: value 1,2: an invalid integer: invalid syntax"),
        ({}, "n=1&n=x", "path 1: value x: an invalid integer: invalid syntax"),
        ({}, "n=1&n=", EMPTY),
        ({"explode": False}, "n=1,2", ""),
        ({"explode": False}, "n=1,,2", EMPTY),
        ({"explode": False, "style": "spaceDelimited"}, "n=1+2%203", ""),
        ({"explode": False, "style": "pipeDelimited"}, "n=1|x", "path 1: value x: an invalid integer: invalid syntax"),
        ({"style": "pipeDelimited"}, "n=1|2", "path 0: value 1|2: an invalid integer: invalid syntax"),
        (
            {"style": "deepObject", "explode": True},
            "z=1",
            'invalid serialization method: style="deepObject", explode=true',
        ),
        ({}, "n=1&n=2&n=3&n=4", "maximum number of items is 3"),
    ],
)
def test_arrays_in_queries(more, sent, expected):
    of = endpoint(query("n", array(INTEGER, maxItems=3), **more))
    assert of.cause(sent) == (q(expected) if expected else "")


def test_items_with_branches():
    of = endpoint(query("n", array({"oneOf": [INTEGER, STRING]})), query("m", array({"anyOf": [INTEGER, BOOLEAN]})))

    assert of.cause("n=5") == q("item 0: decoding oneOf failed: 2 schemas matched")
    assert of.cause("n=a") == ""
    assert of.cause("m=1&m=true") == ""
    assert of.cause("m=1&m=zz") == q("path 1: value zz: an invalid boolean: invalid syntax", "m")

    items = array({"allOf": [INTEGER, {"minimum": 3}]})
    of = endpoint(header("X-N", items), in_path("id", items), cookie("c", items, explode=False), path="/x/{id}")
    assert of.cause(path="/x/3,4", headers=(("X-N", "5,6"), ("Cookie", "c=7,8"))) == ""
    assert of.cause(path="/x/3,2", headers=()) == (
        'parameter "id" in path has an error: Error at "/1": number must be at least 3'
    )
    words = 'parameter "id" in path has an error: path 1: value %78: an invalid integer: invalid syntax'
    assert of.cause(path="/x/3,%78") == words


# Objects.


@pytest.mark.parametrize(
    ("more", "sent", "expected"),
    [
        ({"explode": False}, "n=r,1,g,2", ""),
        ({"explode": False}, "n=r,x", "path r: value x: an invalid integer: invalid syntax"),
        ({"explode": False}, "n=g,2", 'Error at "/r": property "r" is missing'),
        (
            {"explode": False},
            "n=r",
            'value r: a value must be a list of object\'s properties in format "name,value" separated by ,',
        ),
        ({}, "r=1&g=2", ""),
        ({}, "other=1", 'Error at "/r": property "r" is missing'),
        ({}, "", ""),
        ({"style": "deepObject"}, "n[r]=1", ""),
        ({"style": "deepObject"}, "n%5Br%5D=x", "path r: value x: an invalid integer: invalid syntax"),
        ({"style": "deepObject"}, "n[r]=1&n[r]=2", "path r: array items must be set with indexes"),
        ({"style": "deepObject"}, "n[r]=", 'Error at "/r": property "r" is missing'),
        ({"style": "deepObject"}, "n=1", ""),
        ({"style": "deepObject"}, "n[r][a]=1", "path r: value map[a:1]: path is not convertible to primitive"),
        ({"style": "deepObject"}, "n[r]=1&n[r][a]=1", "path r.a: path is not convertible to primitive"),
        ({"style": "spaceDelimited"}, "z=1", 'invalid serialization method: style="spaceDelimited", explode=true'),
    ],
)
def test_objects_in_queries(more, sent, expected):
    of = endpoint(query("n", obj({"r": INTEGER, "g": INTEGER}, required=["r"]), **more))
    assert of.cause(sent) == (q(expected) if expected else "")


NESTED = obj(
    {
        "ids": array(INTEGER, maxItems=3),
        "in": obj({"x": INTEGER}),
        "any": {"anyOf": [INTEGER, BOOLEAN]},
    },
    additionalProperties=BOOLEAN,
)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("n[ids][0]=1&n[ids][1]=2", ""),
        ("n[ids][0]=x", "path ids.0: value x: an invalid integer: invalid syntax"),
        ("n[ids]=1", "path ids: array items must be set with indexes"),
        ("n[ids][a]=1", "path ids: could not convert value map to array: array indexes must be integers"),
        ("n[ids][99999999999]=1", "path ids: could not convert value map to array: more than 1000 items"),
        ("n[ids][1]=1", 'Error at "/ids/0": Value is not nullable'),
        ("n[in][x]=1", ""),
        ("n[in][x]=y", "path in.x: value y: an invalid integer: invalid syntax"),
        ("n[in]=1", 'Error at "/in": value must be an object'),
        ("n[any]=true", ""),
        ("n[other]=true", ""),
        ("n[other]=x", "path other: value x: an invalid boolean: invalid syntax"),
        ("n" + "[a]" * 40 + "=1", "it is nested too deeply"),
    ],
)
def test_deep_objects(sent, expected):
    assert endpoint(query("n", NESTED, style="deepObject")).cause(sent) == (q(expected) if expected else "")


@pytest.mark.parametrize(
    ("more", "sent", "expected"),
    [
        ({"style": "deepObject"}, "n[r]=1&n[z]=1", 'property "z" is unsupported'),
        ({"style": "deepObject"}, "n[z]=1", 'Error at "/r": property "r" is missing'),
        ({"explode": False}, "n=r,1,z,1", 'property "z" is unsupported'),
        ({}, "r=1&z=1", ""),
    ],
)
def test_other_members_are_refused(more, sent, expected):
    schema = obj({"r": INTEGER}, required=["r"], additionalProperties=False)
    assert endpoint(query("n", schema, **more)).cause(sent) == (q(expected) if expected else "")


@pytest.mark.parametrize(
    ("more", "sent", "expected"),
    [
        ({"explode": False}, "n=a,1", ""),
        ({"style": "deepObject"}, "n[a]=1", ""),
        ({}, "a=1", ""),
        ({}, "", MISSING),
        ({"style": "deepObject"}, "n=1", MISSING),
    ],
)
def test_a_required_object_may_be_free(more, sent, expected):
    of = endpoint(query("n", {"type": "object"}, required=True, **more))
    assert of.cause(sent) == (q(expected) if expected else "")


@pytest.mark.parametrize(
    ("more", "sent", "expected"),
    [
        ({"explode": False}, "n=z,1", MISSING),
        ({"style": "deepObject"}, "n[z]=1", MISSING),
        ({"style": "deepObject"}, "n[a]=", ""),
        ({"explode": False}, "n=z,1,a,1", ""),
    ],
)
def test_a_required_object_is_there_with_a_member_of_its_own(more, sent, expected):
    of = endpoint(query("n", obj({"a": INTEGER}), required=True, **more))
    assert of.cause(sent) == (q(expected) if expected else "")


def test_declared_members_are_read_as_declared():
    of = endpoint(query("n", obj({"a": INTEGER}, additionalProperties={"type": "boolean"}), style="deepObject"))

    assert of.cause("n[a]=5&n[b]=true") == ""
    assert of.cause("n[a]=5&n[b]=x") == q("path b: value x: an invalid boolean: invalid syntax")


# Branches and schemas without type.


def test_each_branch_of_one_of_is_tried():
    schema = {"oneOf": [{"type": "integer", "maximum": 10}, {"type": "string", "minLength": 4}]}
    of = endpoint(query("n", schema))
    words = "doesn't match schema due to: value must be an integer Or minimum string length is 4"

    assert of.cause("n=5") == ""
    assert of.cause("n=abcd") == ""
    assert of.cause("n=50") == q(words)
    assert of.cause("n=abc") == q(words)


def test_each_branch_of_any_of_is_tried():
    of = endpoint(query("n", {"anyOf": [{"type": "string", "enum": ["auto"]}, {"type": "integer", "minimum": 1}]}))

    assert of.cause("n=auto") == ""
    assert of.cause("n=5") == ""
    assert of.cause("n=0") == q('doesn\'t match any schema from "anyOf"')


@pytest.mark.parametrize(
    ("schema", "sent", "expected"),
    [
        ({"anyOf": [INTEGER, BOOLEAN]}, "n=zz", 'decoding anyOf for parameter "n" failed'),
        ({"oneOf": [INTEGER, BOOLEAN]}, "n=zz", 'decoding oneOf failed: "n" is required'),
        ({"oneOf": [INTEGER, BOOLEAN]}, "x=1", 'decoding oneOf failed: "n" is required'),
        ({"oneOf": [INTEGER, BOOLEAN]}, "", MISSING),
        ({"oneOf": [INTEGER, obj({"a": INTEGER})]}, "b=zz", MISSING),
        ({"anyOf": [obj({"a": INTEGER}), INTEGER]}, "n=zz&a=x", EMPTY),
    ],
)
def test_required_branches(schema, sent, expected):
    assert endpoint(query("n", schema, required=True)).cause(sent) == q(expected)


def test_another_parameter_is_no_member_of_an_optional_object():
    of = endpoint(query("n", {"anyOf": [obj({"a": INTEGER}), STRING]}), query("a", STRING))
    assert of.cause("a=x") == ""


def test_an_int32_may_be_one_of_a_list():
    of = endpoint(query("n", {"type": "integer", "format": "int32", "enum": [1, 2]}))

    assert of.cause("n=2") == ""
    assert of.cause("n=3") == q("value is not one of the allowed values [1,2]")


def test_all_of():
    of = endpoint(query("n", {"allOf": [{"type": "integer", "minimum": 5}, {"maximum": 9}]}))

    assert of.cause("n=7") == ""
    assert of.cause("n=4") == q("number must be at least 5")
    assert of.cause("n=x") == q("value x: an invalid integer: invalid syntax")


@pytest.mark.parametrize(
    ("schema", "sent", "expected"),
    [
        ({}, "n=1", ""),
        ({}, "n=", EMPTY),
        ({"enum": ["x", 5]}, "n=x", ""),
        ({"enum": ["x", 5]}, "n=5", ""),
        ({"enum": ["x", 5]}, "n=6", EMPTY),
        ({"minLength": 3}, "n=123", ""),
        ({"minLength": 3}, "n=12", EMPTY),
        ({"pattern": "^a"}, "n=b", 'string doesn\'t match the regular expression "^a"'),
        ({"pattern": "^a"}, "n=", 'string doesn\'t match the regular expression "^a"'),
        ({"not": {"enum": ["x"]}}, "n=y", ""),
        ({"not": {"enum": ["x"]}}, "n=x", "not implemented: decoding 'not'"),
    ],
)
def test_a_schema_without_type_takes_text(schema, sent, expected):
    assert endpoint(query("n", schema)).cause(sent) == (q(expected) if expected else "")


def test_schemas_that_leave_too_many_readings_are_given_up():
    schema = INTEGER
    for _ in range(8):
        schema = {"oneOf": [schema, schema]}
    assert endpoint(query("n", schema)).cause("n=x") == q("its schema leaves too many ways to read it")


# Paths.


@pytest.mark.parametrize(
    ("more", "schema", "segment", "expected"),
    [
        ({}, INTEGER, "7", ""),
        ({}, INTEGER, "%37", ""),
        ({}, INTEGER, "%61", "value %61: an invalid integer: invalid syntax"),
        ({}, {"type": "string", "maxLength": 3}, "a%2Fb", ""),
        ({}, {"type": "string", "pattern": "^[a-z ]+$"}, "read%20me", ""),
        ({}, array(INTEGER), "1,2", ""),
        ({}, array(INTEGER), "1,b", "path 1: value b: an invalid integer: invalid syntax"),
        ({"style": "label"}, array(INTEGER), ".1,2", ""),
        ({"style": "label"}, array(INTEGER), "1", 'value 1: a value must be prefixed with "."'),
        ({"style": "label", "explode": True}, array(INTEGER), ".1.2", ""),
        ({"style": "matrix"}, array(INTEGER), ";p=1,2", ""),
        ({"style": "matrix", "explode": True}, array(INTEGER), ";p=1;p=2", ""),
        ({"style": "matrix"}, INTEGER, "1", 'value 1: a value must be prefixed with ";p="'),
        ({}, obj({"x": INTEGER}, required=["x"]), "x,1", ""),
        ({}, obj({"x": INTEGER}, required=["x"]), "y,1", 'Error at "/x": property "x" is missing'),
        ({"explode": True}, obj({"x": INTEGER}), "x=1", ""),
        ({"style": "label"}, obj({"x": INTEGER}), ".x,q", "path x: value q: an invalid integer: invalid syntax"),
        ({"style": "label", "explode": True}, obj({"x": INTEGER}), ".x=1", ""),
        ({"style": "matrix", "explode": True}, obj({"x": INTEGER}), ";x=1", ""),
        ({"style": "matrix"}, obj({"x": INTEGER}), ";p=x,1", ""),
    ],
)
def test_paths(more, schema, segment, expected):
    of = endpoint(in_path("p", schema, **more), path="/x/{p}")
    words = f'parameter "p" in path has an error: {expected}'
    assert of.cause(path=f"/x/{segment}") == (words if expected else "")


@pytest.mark.parametrize("segment", ["read%20me", "%72ead"])
def test_path_values_are_judged_decoded(segment):
    of = endpoint(in_path("p", {"type": "string", "pattern": "^[a-z ]+$", "maxLength": 8}), path="/x/{p}")

    assert of.cause(path=f"/x/{segment}") == ""
    assert of.sent(path=f"/x/{segment}").path == f"/x/{segment}"


def test_paths_are_shown_as_go_has_them():
    cause = endpoint(in_path("id", INTEGER), path="/x/{id}").cause(path="/x/1|2")
    assert cause == 'parameter "id" in path has an error: value 1%7C2: an invalid integer: invalid syntax'


def test_a_placeholder_with_a_pattern():
    of = endpoint(in_path("p", {"type": "integer", "maximum": 5}), path="/x/{p:[0-9]+}")

    assert of.cause(path="/x/5") == ""
    assert of.cause(path="/x/6") == 'parameter "p" in path has an error: number must be at most 5'


# Headers and cookies.


@pytest.mark.parametrize(
    ("schema", "more", "sent", "expected"),
    [
        (INTEGER, {}, ("5",), ""),
        (INTEGER, {}, ("5", "x"), ""),
        (INTEGER, {}, ("",), EMPTY),
        (INTEGER, {"required": True}, (), MISSING),
        (array(INTEGER), {}, ("1,2",), ""),
        (array(INTEGER), {}, ("1, 2",), "path 1: value  2: an invalid integer: invalid syntax"),
        (obj({"x": INTEGER}), {}, ("x,1",), ""),
        (obj({"x": INTEGER}), {"explode": True}, ("x=q",), "path x: value q: an invalid integer: invalid syntax"),
    ],
)
def test_headers(schema, more, sent, expected):
    of = endpoint(header("X-N", schema, **more))
    words = f'parameter "X-N" in header has an error: {expected}'
    assert of.cause(headers=tuple(("x-n", text) for text in sent)) == (words if expected else "")


def test_host_is_a_header():
    of = endpoint(header("Host", {"type": "string", "maxLength": 12}, required=True))
    assert of.cause() == ""


@pytest.mark.parametrize(
    ("schema", "more", "sent", "expected"),
    [
        (INTEGER, {"required": True}, None, MISSING),
        (INTEGER, {}, "c=7", ""),
        (INTEGER, {}, "a=1; c=x", "value x: an invalid integer: invalid syntax"),
        (INTEGER, {}, "c=", EMPTY),
        (INTEGER, {}, 'c="7"', ""),
        (INTEGER, {}, "c=7; c=x", ""),
        (INTEGER, {"required": True}, "C=7", MISSING),
        (STRING, {}, "=x;;c", EMPTY),
        ({"type": "string", "maxLength": 3}, {}, "c=a\\bcd", "maximum string length is 3"),
        (array(INTEGER), {"explode": False}, "c=1,x", "path 1: value x: an invalid integer: invalid syntax"),
        (obj({"a": INTEGER}), {"explode": False}, "c=a,x", "path a: value x: an invalid integer: invalid syntax"),
    ],
)
def test_cookies(schema, more, sent, expected):
    of = endpoint(cookie("c", schema, **more))
    words = f'parameter "c" in cookie has an error: {expected}'
    assert of.cause(headers=() if sent is None else (("Cookie", sent),)) == (words if expected else "")


def test_an_array_cookie_in_the_default_style():
    of = endpoint(cookie("c", array(INTEGER)), cookie("o", obj({"a": INTEGER})))
    words = 'parameter "c" in cookie has an error: invalid serialization method: style="form", explode=true'

    assert of.cause() == ""
    assert of.cause(headers=(("Cookie", "c=1; c=2"),)) == ""
    assert of.cause(headers=(("Cookie", "c=x"),)) == words
    assert of.cause(headers=(("Cookie", "a=1"),)) == ""
    assert of.cause(headers=(("Cookie", "a=x"),)) == words.replace('"c"', '"o"')


# Declared with content.


@pytest.mark.parametrize(
    ("schema", "sent", "expected"),
    [
        ({"type": "string", "maxLength": 3}, "n=abc", ""),
        ({"type": "string", "maxLength": 3}, 'n="abc"', ""),
        ({"type": "string", "maxLength": 3}, "n=abcd", "maximum string length is 3"),
        (STRING, "n=12", "value must be a string"),
        (array(INTEGER), "n=1&n=2", ""),
        (array(INTEGER), "n=1&n=x", 'Error at "/1": value must be an integer'),
        (obj({"a": INTEGER}), 'n={"a":1}', ""),
        (obj({"a": INTEGER}), "n={", 'error unmarshaling parameter "n"'),
        (STRING, "n=null", EMPTY),
        (STRING, "", ""),
    ],
)
def test_content(schema, sent, expected):
    of = endpoint(query("n", content={"application/json": {"schema": schema}}))
    assert of.cause(sent) == (q(expected) if expected else "")


def test_content_that_is_not_json():
    of = endpoint(query("n", required=True, content={"text/plain": {}}))

    assert of.cause("n=x") == q('parameter "n" has no content schema')
    assert of.cause() == q('parameter "n" is required, but missing')


def test_numbers_of_content_are_float64():
    of = endpoint(
        query("n", content={"application/json": {"schema": {"type": "string", "maxLength": 4}}}),
        query("o", content={"application/json": {"schema": obj({})}}),
    )

    assert of.cause("n=1e400") == q("maximum string length is 4")
    assert of.cause("o=[1e400]") == q('error unmarshaling parameter "o"', "o")


def test_cookies_with_content():
    of = endpoint(cookie("c", content={"application/json": {"schema": array(INTEGER)}}))

    assert of.cause(headers=(("Cookie", "c=[1]"),)) == ""
    assert of.cause(headers=(("Cookie", "c=5"),)) == 'parameter "c" in cookie has an error: value must be an array'


def test_a_missing_cookie_with_content_passes():
    assert endpoint(cookie("c", content={"application/json": {"schema": INTEGER}})).cause() == ""


# Which parameters, and which first.


def test_parameters_of_the_path_item_come_first_unless_replaced():
    of = endpoint(
        query("limit", {"type": "integer", "maximum": 100}),
        item=(
            query("limit", {"type": "integer", "maximum": 10}, required=True),
            header("X-Herd", STRING, required=True),
        ),
    )
    herd = (("X-Herd", "a"),)

    assert of.cause("limit=500") == 'parameter "X-Herd" in header has an error: value is required but missing'
    assert of.cause("limit=50", herd) == ""
    assert of.cause("limit=500", herd) == q("number must be at most 100", "limit")


def test_references():
    of = endpoint(
        {"$ref": "#/components/parameters/Limit"},
        query("unit", {"$ref": "#/components/schemas/Unit"}),
        components={
            "parameters": {"Limit": query("limit", {"$ref": "#/components/schemas/Small"}, required=True)},
            "schemas": {"Unit": {"type": "string", "enum": ["kg"]}, "Small": {"type": "integer", "maximum": 5}},
        },
    )

    assert of.cause("limit=1&unit=kg") == ""
    assert of.cause("limit=6") == q("number must be at most 5", "limit")
    assert of.cause("limit=1&unit=st") == q('value is not one of the allowed values ["kg"]', "unit")


# Defaults.


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("", "big=1.2345678e%2B07&ids=1%2C2&on=false&tags=a&tags=b+c&word=x+y"),
        ("z=1&a=%2F", "a=%2F&big=1.2345678e%2B07&ids=1%2C2&on=false&tags=a&tags=b+c&word=x+y&z=1"),
        ("word=", "big=1.2345678e%2B07&ids=1%2C2&on=false&tags=a&tags=b+c&word=&word=x+y"),
        ("word=a&on=1&ids=1&tags=q&big=2", "word=a&on=1&ids=1&tags=q&big=2"),
    ],
)
def test_defaults_of_query_parameters(sent, expected):
    of = endpoint(
        query("word", {"type": "string", "default": "x y"}),
        query("on", {"type": "boolean", "default": False}),
        query("ids", array(INTEGER, default=[1, 2]), explode=False),
        query("tags", array(STRING, default=["a", "b c"]), explode=True),
        query("big", {"type": "integer", "default": 12345678}),
    )
    assert of.sent(sent).query == expected


def test_odd_parts_of_a_query_stay():
    of = endpoint(query("n", {"type": "integer", "default": 1}))
    assert of.sent("b=2;c=3&a=%41&x=%zz").query == "a=A&n=1&b=2;c=3&x=%zz"


def test_bytes_of_a_query_stay():
    of = endpoint(query("n", {"type": "integer", "default": 1}))
    assert of.sent("a=%FF%C3").query == "a=%FF%C3&n=1"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"explode": False}, "n=r%2C1%2Cg%2C2"),
        ({"explode": True}, "g=2&r=1"),
        ({"style": "deepObject", "explode": True}, "n%5Bg%5D=2&n%5Br%5D=1"),
    ],
)
def test_defaults_of_objects(more, expected):
    of = endpoint(query("n", obj({"r": INTEGER, "g": INTEGER}, default={"r": 1, "g": 2}), **more))
    assert of.sent().query == expected


def test_defaults_of_headers_and_cookies():
    of = endpoint(
        header("x-unit", {"type": "string", "default": "kg"}),
        cookie("ck", array(INTEGER, default=[1, 2]), explode=False),
        cookie("th", {"type": "string", "default": "dark"}),
    )

    sent = of.sent(headers=(("Cookie", "a=1"), ("Cookie", "b=2")))

    assert sent.headers.get_all("X-Unit") == ("kg",)
    assert sent.headers.get_all("Cookie") == ('a=1; ck="[1 2]"; th=dark', "b=2")
    assert of.sent().headers.get("Cookie") == 'ck="[1 2]"; th=dark'


def test_an_object_without_members_is_no_default():
    of = endpoint(query("n", obj({"r": INTEGER}, default={}), style="deepObject"))
    assert of.sent("b=%2c&a=+").query == "b=%2c&a=+"


def test_an_object_has_a_default_in_a_query_only():
    schema = obj({"r": INTEGER}, default={"r": 1})
    of = endpoint(header("X-N", schema), cookie("c", schema, explode=False))
    sent = of.sent()

    assert sent.headers.get("X-N") is None
    assert sent.headers.get("Cookie") is None
    assert endpoint(header("X-N", schema, required=True)).cause() == (
        'parameter "X-N" in header has an error: value is required but missing'
    )


def test_a_required_parameter_has_no_default():
    assert endpoint(query("n", {"type": "integer", "default": 1}, required=True)).cause() == q(MISSING)


def test_a_default_is_judged():
    assert endpoint(query("n", {"type": "integer", "default": 9, "maximum": 5})).cause() == q(
        "number must be at most 5"
    )


def test_the_first_default_of_all_of_counts():
    of = endpoint(query("n", {"allOf": [{"type": "integer", "default": 3}], "default": 4}))
    assert of.sent().query == "n=3"


# Bounds.


def test_too_many_parameters_are_refused():
    of = endpoint(query("n", INTEGER), cookie("c", INTEGER))

    assert of.cause("a&" * 3000) == "more than 2000 query parameters"
    assert of.cause(headers=(("Cookie", "a;" * 3000),)) == "more than 2000 cookies"


def test_too_many_items_are_refused():
    assert endpoint(query("n", array(INTEGER), explode=False)).cause("n=" + "1," * 20_000) == q("more than 10000 items")


def test_a_message_is_not_longer_than_it_has_to_be():
    cause = endpoint(query("n", INTEGER)).cause("n=" + "x" * 100_000)
    assert len(cause) < 17_000


def test_names_are_quoted():
    of = endpoint(query('a"b\n', INTEGER, required=True))
    assert of.cause() == 'parameter "a\\"b\\n" in query has an error: value is required but missing'


def test_parameters_come_before_the_body():
    of = endpoint(query("n", INTEGER), method="POST", body=content("application/json", INTEGER))
    assert of.cause("n=x", (("Content-Type", "application/json"),), "zz") == q(
        "value x: an invalid integer: invalid syntax"
    )
