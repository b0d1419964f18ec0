import json

import pytest
from tests.validation.operations import BOOLEAN, FORM, INTEGER, JSON, NUMBER, STRING, array, content, endpoint, obj

PERSON = obj({"name": {"type": "string", "minLength": 2}, "age": INTEGER}, required=["name"])


def b(text):
    return f"request body has an error: {text}"


def posts(schema, kind="application/json", **more):
    return endpoint(method="POST", body=content(kind, schema, **more))


def typed(kind):
    return (("Content-Type", kind),)


# JSON.


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"name": "Ada", "age": 36}', ""),
        ('{"age": 36}', 'doesn\'t match schema: Error at "/name": property "name" is missing'),
        ('{"name": 5}', 'doesn\'t match schema: Error at "/name": value must be a string'),
        ("null", "doesn't match schema: Value is not nullable"),
        ("not json", "failed to decode request body: invalid character 'o' in literal null (expecting 'u')"),
        ("   ", "failed to decode request body: EOF"),
        ('{"name":', "failed to decode request body: unexpected EOF"),
        ('{"name":"Ada","age":01}', "failed to decode request body: invalid character '1' after object key:value pair"),
        (b'{"name":"\xff\xff"}', ""),
        ('{"name":"\\ud800\\ud800"}', ""),
        (
            '{"name":"Ada","age":NaN}',
            "failed to decode request body: invalid character 'N' looking for beginning of value",
        ),
        ('{"name":"x","name":"Ada"}', ""),
        ('{"name":"Ada","name":"x"}', 'doesn\'t match schema: Error at "/name": minimum string length is 2'),
    ],
)
def test_json(raw, expected):
    assert posts(PERSON).cause(headers=JSON, body=raw) == (b(expected) if expected else "")


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("application/json", '{"name":"Ada"} tail', "invalid character 't' after top-level value"),
        ("application/json", '{"name":"Ada"}{"name":5}', "invalid character '{' after top-level value"),
        ("application/yaml", "name: Ada\n---\nname: 5\n", "yaml: more than one document"),
    ],
)
def test_nothing_follows_the_value(kind, raw, expected):
    cause = posts(PERSON, kind).cause(headers=typed(kind), body=raw)
    assert cause == b(f"failed to decode request body: {expected}")


@pytest.mark.parametrize("required", [True, False])
def test_an_empty_body(required):
    of = posts(PERSON, required=required)
    assert of.cause(headers=JSON) == (b("value is required but missing") if required else "")


def test_a_valid_body_goes_on_as_it_came():
    raw = '{ "name":"Ada",\n "age" : 1.0, "x": 1.50 }'
    assert posts(PERSON).sent(headers=JSON, body=raw).body == raw.encode()


def test_names_of_schemas():
    of = endpoint(
        method="POST",
        body={
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/P"}},
                "application/ld+json": {"schema": {**PERSON, "title": "A person"}},
            }
        },
        components={"schemas": {"P": {**PERSON, "title": "T"}}},
    )

    missing = 'Error at "/name": property "name" is missing'
    assert of.cause(headers=JSON, body="{}") == b(f"doesn't match schema #/components/schemas/P: {missing}")
    assert of.cause(headers=typed("application/ld+json"), body="{}") == b(f"doesn't match schema A person: {missing}")


DEFAULTS = obj(
    {"cur": {"type": "string", "default": "EUR"}, "qty": {"type": "integer", "default": 1}, "n": NUMBER, "h": STRING}
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{}", '{"cur":"EUR","qty":1}'),
        ('{"cur": null, "qty": 2}', '{"cur":"EUR","qty":2}'),
        ('{"n": 1.50, "h": "<b>&"}', '{"cur":"EUR","h":"\\u003cb\\u003e\\u0026","n":1.50,"qty":1}'),
        ('{ "cur": "USD", "qty": 2 }', '{ "cur": "USD", "qty": 2 }'),
    ],
)
def test_defaults_are_written_into_json(raw, expected):
    assert posts(DEFAULTS).sent(headers=JSON, body=raw).body == expected.encode()


# Which media type.


@pytest.mark.parametrize(
    ("declared", "sent", "expected"),
    [
        ("application/json", "application/json; charset=utf-8", ""),
        ("application/json; charset=utf-8", "application/json; charset=utf-8", ""),
        ("application/json", "Application/JSON", 'header Content-Type has unexpected value "Application/JSON"'),
        ("application/json", "text/plain", 'header Content-Type has unexpected value "text/plain"'),
        ("application/json", "", 'header Content-Type has unexpected value ""'),
        ("application/*", "application/json", ""),
        ("*/*", "application/json", ""),
        ("*/*", "", 'failed to decode request body: unsupported content type ""'),
        ("*/*", "nonsense", 'header Content-Type has unexpected value "nonsense"'),
        ("text/json", "text/json", 'failed to decode request body: unsupported content type "text/json"'),
        ("application/problem+json", "application/problem+json", ""),
    ],
)
def test_media_types(declared, sent, expected):
    of = posts(obj({"a": INTEGER}), declared)
    assert of.cause(headers=typed(sent) if sent else (), body="{}") == (b(expected) if expected else "")


def test_a_media_type_without_schema_passes():
    assert posts(None, "application/xml").cause(headers=typed("application/xml"), body="<a/>") == ""


def test_a_packed_body_is_no_json():
    cause = posts(PERSON).cause(headers=(*JSON, ("Content-Encoding", "gzip")), body=b"\x1f\x8b\x08")
    assert cause == b("failed to decode request body: invalid character '\\x1f' looking for beginning of value")


# Text.


@pytest.mark.parametrize(
    ("kind", "schema", "raw", "expected"),
    [
        ("text/plain", {"type": "string", "maxLength": 2}, "abc", "maximum string length is 2"),
        ("text/plain", INTEGER, "5", "value must be an integer"),
        ("application/octet-stream", {"type": "string", "maxLength": 4}, b"\xff\x00ab", ""),
        ("text/csv", {"type": "string", "pattern": "^a,b\n1,2\n$"}, "a,b\r\n1,2", ""),
    ],
)
def test_texts(kind, schema, raw, expected):
    cause = posts(schema, kind).cause(headers=typed(kind), body=raw)
    assert cause == (b(f"doesn't match schema: {expected}") if expected else "")


# YAML.


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("name: Ada\nage: 36\n", ""),
        ("name: 2020-01-01\nage: 0x10\n", ""),
        ("name: on\nage: +5\n", ""),
        ("{name: Ada, age: '5'}", 'doesn\'t match schema: Error at "/age": value must be an integer'),
        ("base: &b {name: Ada}\n<<: *b\n", ""),
        ("null", "doesn't match schema: Value is not nullable"),
        ("# nothing\n", "failed to decode request body: EOF"),
        ("name: [\n", "failed to decode request body: yaml: line 1: did not find expected node content"),
        ("name: Ada\nname: Bob\n", 'failed to decode request body: yaml: unmarshal errors:\n  line 2: mapping key "name" already defined at line 1'),
        ("name: *x\n", "failed to decode request body: yaml: unknown anchor 'x' referenced"),
        ("name: &x [*x]\n", "failed to decode request body: yaml: anchor 'x' value contains itself"),
        ("[" * 50_000, "failed to decode request body: yaml: line 1: more than 100 levels"),
        ("? [a]\n: 1\n", "failed to decode request body: yaml: line 1: expected a text as key"),
        ("name: .inf\n", "floating point Inf is not allowed"),
        ("free: .inf\nname: Ada\n", ""),
        ("name: 1e400\nage: -0x1F\n", ""),
        ("name: !!str 12\nage: !!int '1'\n", ""),
        ("name: !!float 1\n", 'doesn\'t match schema: Error at "/name": value must be a string'),
        ("name: !!int x\n", "failed to decode request body: yaml: cannot decode !!str `x` as a !!int"),
        ("name: a\nname: b\nx: [\n", "failed to decode request body: yaml: line 3: did not find expected node content"),
        ("a: {b: 1, b: 2}\nc: 1\nc: 2\nc: 3\n", 'failed to decode request body: yaml: unmarshal errors:\n  line 3: mapping key "c" already defined at line 2\n  line 4: mapping key "c" already defined at line 2\n  line 4: mapping key "c" already defined at line 3'),
        ("<<: 1\n", "failed to decode request body: yaml: map merge requires map or sequence of maps as the value"),
        (b"name: \xff\n", "failed to decode request body: yaml: invalid leading UTF-8 octet"),
        ("name: 5\n".encode("utf-16"), 'doesn\'t match schema: Error at "/name": value must be a string'),
    ],
)  # fmt: skip
def test_yaml(raw, expected):
    cause = posts(PERSON, "application/yaml").cause(headers=typed("application/yaml"), body=raw)
    if expected.startswith("floating"):
        expected = f"doesn't match schema: {expected}"
    assert cause == (b(expected) if expected else "")


def test_aliases_stand_for_a_bounded_number_of_values():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for letter in "bcdefghi":
        before = chr(ord(letter) - 1)
        bomb += f"{letter}: &{letter} [{','.join([f'*{before}'] * 9)}]\n"
    cause = posts(obj({}), "application/yaml").cause(headers=typed("application/yaml"), body=bomb)
    assert cause.endswith("more than 100000 values, each alias counted in full")


def test_large_yaml_is_refused():
    cause = posts(obj({}), "application/yaml").cause(headers=typed("application/yaml"), body="a: " + "x" * 300_000)
    assert cause.endswith("yaml: it has 300003 bytes, and no more than 262144 are decoded")


def test_defaults_are_written_into_yaml_as_json():
    sent = posts(DEFAULTS, "application/yaml").sent(headers=typed("application/yaml"), body="cur: USD\n")
    assert json.loads(sent.body) == {"cur": "USD", "qty": 1}


@pytest.mark.parametrize("kind", ["application/problem+json", "application/vnd.api+json"])
def test_defaults_are_written_into_other_json(kind):
    sent = posts(DEFAULTS, kind).sent(headers=typed(kind), body='{"cur": "USD"}')
    assert json.loads(sent.body) == {"cur": "USD", "qty": 1}


def test_no_default_is_written_beside_what_json_cannot_hold():
    cause = posts(DEFAULTS, "application/yaml").cause(headers=typed("application/yaml"), body="free: .nan\n")
    assert cause == b("doesn't match schema: floating point NaN is not allowed")


# Forms.

LOGIN = obj({"user": {"type": "string", "minLength": 3}, "age": INTEGER, "ok": BOOLEAN}, required=["user"])
FORM_TYPE = "application/x-www-form-urlencoded"
NULL = "Value is not nullable"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("user=anna&age=20&ok=true", ""),
        ("age=20", f'doesn\'t match schema: Error at "/ok": {NULL}'),
        ("user=an", f'doesn\'t match schema: Error at "/age": {NULL}'),
        ("user=an&age=1&ok=1", 'doesn\'t match schema: Error at "/user": minimum string length is 3'),
        ("user=anna&age=x", f'doesn\'t match schema: Error at "/ok": {NULL}'),
        ("user=", f'doesn\'t match schema: Error at "/age": {NULL}'),
        ("user=anna%zz", 'failed to decode request body: invalid URL escape "%zz"'),
        ("user=anna;age=3", "failed to decode request body: invalid semicolon separator in query"),
        ("a&" * 20_000, "failed to decode request body: more than 10000 fields"),
    ],
)
def test_forms(raw, expected):
    assert posts(LOGIN, FORM_TYPE).cause(headers=FORM, body=raw) == (b(expected) if expected else "")


@pytest.mark.parametrize("raw", ["user=anna", "user=anna&other=1", "user=a+b%26c", "user=anna&ok=0"])
def test_a_field_of_a_form_may_be_missing(raw):
    assert posts(LOGIN, FORM_TYPE).sent(headers=FORM, body=raw).body == raw.encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ids=1&ids=2", ""),
        ("ids=1,2", "failed to decode request body: path ids.0: value 1,2: an invalid integer: invalid syntax"),
        ("ids=1&n=x", "failed to decode request body: path n: value x: an invalid integer: invalid syntax"),
        ("n=1&csv=a,long", 'doesn\'t match schema: Error at "/csv/1": maximum string length is 2'),
        ("ids=1&n=1&csv=a,b", ""),
    ],
)
def test_fields_that_cannot_be_read_are_refused(raw, expected):
    schema = obj(
        {
            "ids": {**array(INTEGER), "nullable": True},
            "n": {"type": "integer", "nullable": True},
            "csv": {**array({"type": "string", "maxLength": 2}), "nullable": True},
        }
    )
    of = posts(schema, FORM_TYPE, encoding={"csv": {"style": "form", "explode": False}})
    assert of.cause(headers=FORM, body=raw) == (b(expected) if expected else "")


@pytest.mark.parametrize(
    ("additional", "raw", "expected"),
    [
        (False, "a=1&zz=2", 'doesn\'t match schema: property "zz" is unsupported'),
        (INTEGER, "a=1&zz=2", ""),
        (INTEGER, "a=1&zz=x", "failed to decode request body: path zz: value x: an invalid integer: invalid syntax"),
        (
            {"type": "string", "maxLength": 1},
            "a=1&zz=ab",
            'doesn\'t match schema: Error at "/zz": maximum string length is 1',
        ),
        (True, "a=1&zz=2", ""),
    ],
)
def test_a_form_has_no_fields_but_those_allowed(additional, raw, expected):
    of = posts(obj({"a": INTEGER}, additionalProperties=additional), FORM_TYPE)
    assert of.cause(headers=FORM, body=raw) == (b(expected) if expected else "")


def test_a_style_of_arrays_says_nothing_of_other_fields():
    encoding = {"a": {"style": "spaceDelimited"}, "l": {"style": "deepObject"}}
    of = posts(obj({"a": INTEGER, "l": array(INTEGER)}), FORM_TYPE, encoding=encoding)

    assert of.cause(headers=FORM, body="a=1&l=2&l=3") == ""
    assert "path a: value x" in of.cause(headers=FORM, body="a=x&l=1")


def test_a_form_gets_the_defaults_that_it_lacks():
    schema = obj(
        {
            "a": {"type": "integer", "default": 3},
            "b": STRING,
            "l": array(STRING, default=["x y", "z"]),
            "c": array(STRING, default=["p", "q"]),
        }
    )
    of = posts(schema, FORM_TYPE, encoding={"c": {"explode": False}})

    assert of.sent(headers=FORM, body="b=x").body == b"b=x&a=3&c=p%2Cq&l=x+y&l=z"
    assert of.sent(headers=FORM, body="a=1&l=1&c=2&b=%41").body == b"a=1&l=1&c=2&b=%41"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (STRING, "unsupported schema of request body"),
        ({"allOf": [obj({"x": INTEGER})]}, "unsupported schema of request body"),
        (obj({"geo": obj({})}), 'unsupported schema of request body\'s property "geo"'),
        (obj({"l": array(obj({}))}), 'unsupported schema of request body\'s property "l"'),
    ],
)
def test_schemas_that_are_none_of_a_form(schema, expected):
    cause = posts(schema, FORM_TYPE).cause(headers=FORM, body="x=1")
    assert cause == b(f"failed to decode request body: {expected}")


def test_fields_of_branches():
    schema = {"type": "object", "allOf": [obj({"a": INTEGER}, required=["a"])], "anyOf": [obj({"b": BOOLEAN})]}
    of = posts(schema, FORM_TYPE)

    assert of.cause(headers=FORM, body="a=1&b=true") == ""
    assert of.cause(headers=FORM, body="b=true") != ""


# Multipart.

UPLOAD = obj(
    {
        "n": INTEGER,
        "tags": array({"type": "string", "maxLength": 3}),
        "flag": BOOLEAN,
        "meta": obj({"a": INTEGER}),
        "file": {"type": "string", "format": "binary"},
    }
)
MULTIPART = typed("multipart/form-data; boundary=B")


def part(name, text, kind=""):
    header = f"\r\nContent-Type: {kind}" if kind else ""
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{header}\r\n\r\n{text}\r\n'


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((part("tags", "a"), part("tags", "b")), ""),
        ((part("tags", "long"),), 'doesn\'t match schema: Error at "/tags/0": maximum string length is 3'),
        ((part("n", "5", "application/json"),), ""),
        ((part("n", '"5"', "application/json"),), 'doesn\'t match schema: Error at "/n": value must be an integer'),
        ((part("meta", '{"a":1}', "application/json"),), ""),
        ((part("meta", "{", "application/json"),), "failed to decode request body: path meta: unexpected EOF"),
        ((part("file", "abc", "application/octet-stream"),), ""),
        ((part("file", "<a/>", "application/xml"),), 'failed to decode request body: path file: unsupported content type "application/xml"'),
        ((part("other", "1"),), "failed to decode request body: part other: undefined"),
        ((), ""),
    ],
)  # fmt: skip
def test_multipart(parts, expected):
    raw = "".join(parts) + "--B--\r\n"
    cause = posts(UPLOAD, "multipart/form-data").cause(headers=MULTIPART, body=raw)
    assert cause == (b(expected) if expected else "")


@pytest.mark.parametrize(("name", "text"), [("n", "5"), ("flag", "true")])
def test_a_plain_part_may_be_a_number(name, text):
    of = posts(UPLOAD, "multipart/form-data")

    assert of.cause(headers=MULTIPART, body=part(name, text) + "--B--\r\n") == ""
    assert "value must be" in of.cause(headers=MULTIPART, body=part(name, "x") + "--B--\r\n")


def test_undeclared_parts_pass_where_the_schema_says_so():
    of = posts(obj({"n": INTEGER}, additionalProperties=True), "multipart/form-data")
    assert of.cause(headers=MULTIPART, body=part("other", "1") + "--B--\r\n") == ""


def test_parts_of_all_of():
    of = posts({"type": "object", "allOf": [obj({"a": STRING}, required=["a"])]}, "multipart/form-data")

    assert of.cause(headers=MULTIPART, body=part("a", "1") + "--B--\r\n") == ""
    assert of.cause(headers=MULTIPART, body=part("b", "1") + "--B--\r\n") == b(
        "failed to decode request body: part b: undefined"
    )


# Limits.


def test_a_body_over_the_limit_is_refused():
    of = endpoint(
        method="POST",
        body=content("application/json", PERSON),
        **{"x-lockgate": {"limits": {"max_validated_body": 20}}},
    )

    assert of.cause(headers=JSON, body='{"name":"Ada Love"}') == ""
    cause = of.cause(headers=JSON, body='{"name":"Ada Lovelace"}')
    assert cause == b("it has 23 bytes, and no more than 20 are validated")


def test_large_bodies_are_validated_too():
    of = posts(array(INTEGER))
    raw = "[" + ",".join(["1"] * 100_000)

    assert of.cause(headers=JSON, body=raw + "]") == ""
    assert of.cause(headers=JSON, body=raw + ',"x"]') == b(
        'doesn\'t match schema: Error at "/100000": value must be an integer'
    )
