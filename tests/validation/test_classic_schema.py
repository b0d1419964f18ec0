"""Verdicts on bodies of ``validate_json``.

``gojsonschema.jsonl`` was recorded with gojsonschema 1.2.0: schema, body, and the violations, sorted, or the error.
"""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.documents.json import JsonError, decode
from lockgate.routing.pattern import PatternError, compile_regex
from lockgate.validation.classic_fast import MAX_COST, is_plain
from lockgate.validation.classic_nodes import MAX_DEPTH
from lockgate.validation.classic_schema import INLINE_STEPS, ClassicSchema, SchemaError, TooComplexError

RECORDED = [
    json.loads(line) for line in (Path(__file__).parent / "gojsonschema.jsonl").read_text("utf-8").splitlines() if line
]
EXPECTED_TYPES = "Expected valid values are:[array boolean integer number null object string]"
DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_6 = {"$schema": "http://json-schema.org/draft-06/schema#"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}


def check(schema, body):
    return ClassicSchema(schema).check(body.encode())


def fault(schema):
    with pytest.raises(SchemaError) as refused:
        ClassicSchema(schema)
    return str(refused.value)


@pytest.mark.parametrize("recorded", RECORDED, ids=[f"line {number}" for number in range(1, len(RECORDED) + 1)])
def test_as_the_reference_gateways_library_judges(recorded):
    try:
        text = check(recorded["schema"], recorded["body"])
    except (SchemaError, JsonError) as refused:
        found = {"error": str(refused)}
    else:
        found = {"violations": sorted(text.split("; ")) if text else []}

    assert found == {key: recorded[key] for key in ("error", "violations") if key in recorded}


# ── order and words ──


@pytest.mark.parametrize(
    ("schema", "body", "violations"),
    [
        pytest.param(
            {
                "minProperties": 3,
                "required": ["b", "a"],
                "additionalProperties": False,
                "properties": {"c": {"type": "null"}},
            },
            '{"z": 1, "c": 2}',
            "(root): Must have at least 3 properties; (root): b is required; (root): a is required; "
            "(root): Additional property z is not allowed; c: Invalid type. Expected: null, given: integer",
            id="parents before children",
        ),
        pytest.param(
            {"properties": {"b": {"type": "null"}, "a": {"type": "null"}}},
            '{"b": 1, "a": 1}',
            "a: Invalid type. Expected: null, given: integer; b: Invalid type. Expected: null, given: integer",
            id="properties by name",
        ),
        pytest.param(
            {"additionalProperties": {"type": "null"}},
            '{"b": 1, "a": 1}',
            "b: Invalid type. Expected: null, given: integer; a: Invalid type. Expected: null, given: integer",
            id="others in the order of the body",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"required": ["a", "b"]}, {"required": ["c"]}]},
            '{"a": 1}',
            "(root): Must validate at least one schema (anyOf); (root): b is required",
            id="the branch that fits best",
        ),
        pytest.param(
            {"allOf": [{"minimum": 5}, {"multipleOf": 2}], "maximum": 2},
            "3",
            "(root): Must be greater than or equal to 5; (root): Must be a multiple of 2; "
            "(root): Must validate all the schemas (allOf); (root): Must be less than or equal to 2",
            id="combinators first",
        ),
        pytest.param(
            {"uniqueItems": True, "minItems": 5, "contains": {"const": 9}},
            "[1, 1.0, 1e0]",
            "(root): Array must have at least 5 items; (root): array items[0,1] must be unique; "
            "(root): array items[1,2] must be unique; (root): At least one of the items must match; "
            "0: 0 does not match: 9",
            id="lists",
        ),
        pytest.param(
            {"type": "integer", "minimum": 5, "enum": [7]},
            "1.5",
            "(root): Invalid type. Expected: integer, given: number",
            id="nothing else about a wrong type",
        ),
        pytest.param(
            {"properties": {"a.b": {"items": {"minLength": 2}}}},
            '{"a.b": ["x"]}',
            "a.b.0: String length must be greater than or equal to 2",
            id="names are not escaped",
        ),
    ],
)
def test_violations_in_order(schema, body, violations):
    assert check(schema, body) == violations


def test_a_format_is_one_of_texts():
    assert check({"format": "email"}, "5") == "(root): Does not match format 'email'"
    assert check({"format": "email"}, "true") == ""
    assert check({"format": "nonsense"}, "5") == ""


def test_only_the_first_value_counts():
    assert check({"type": "object"}, "{} trailing") == ""
    assert check({"type": "object"}, "[] {}") == "(root): Invalid type. Expected: object, given: array"


@pytest.mark.parametrize(
    ("schema", "body", "passes"),
    [
        ({**DRAFT_4, "const": 1, "contains": {"const": 1}, "if": {}, "then": False}, "[]", True),
        ({**DRAFT_6, "if": {}, "then": False, "const": []}, "[]", True),
        ({**DRAFT_7, "if": {}, "then": False}, "[]", False),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "if": {}, "then": False}, "[]", False),
        ({"minimum": 5, "exclusiveMinimum": True}, "5", False),
        ({"exclusiveMinimum": 5}, "5", False),
        ({"multipleOf": 0.01}, "19.99", True),
        ({"maximum": 0.1}, "0.10000000000000000001", False),
        ({"maximum": 9007199254740992}, "9007199254740993", False),
        ({"enum": [9007199254740992]}, "9007199254740993", True),
        ({"const": 0}, "-0", False),
        ({"const": {"a": [1, {}]}}, '{"a": [1.0, {}]}', True),
        ({"minLength": 2}, '"😀"', False),
        ({"type": "integer"}, "1e2", True),
    ],
)
def test_drafts_and_numbers(schema, body, passes):
    assert (check(schema, body) == "") == passes


def test_numbers_beyond_float64_are_refused():
    text = "Internal Error json: cannot unmarshal a number beyond float64"

    assert check({"const": 1}, "1e400") == f"(root): {text}; (root): (root) does not match: 1"
    assert check({"enum": [[1]]}, "[1e400]") == f"(root): {text}; (root): (root) must be one of the following: [1]"
    assert check({"uniqueItems": True}, "[1e400, 1]") == f"(root): {text}"
    assert check({"maximum": 5}, "1e400") == "(root): Must be less than or equal to 5"
    assert check({"type": "number"}, "1e400") == ""


# ── schemas that cannot be used ──


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "nonsense"}, f"has a primitive type that is NOT VALID -- given: /nonsense/ {EXPECTED_TYPES}"),
        ({"type": ["string", "string"]}, "string type is duplicated"),
        ({"type": 1}, "Invalid type. Expected: string/array of strings, given: type"),
        ({"minimum": "1"}, "minimum must be of a number"),
        ({"minimum": True}, "minimum must be of a number"),
        ({"pattern": "("}, "pattern must be a valid regex"),
        ({"patternProperties": {"(": {}}}, "Invalid regex pattern '('"),
        ({"minLength": -1}, "minLength must be greater than or equal to 0"),
        ({"minLength": 1.5}, "minLength must be of an integer"),
        ({"minLength": 2, "maxLength": 1}, "minLength cannot be greater than maxLength"),
        ({"multipleOf": 0}, "multipleOf must be strictly greater than 0"),
        ({"required": "a"}, "required must be of an array"),
        ({"required": ["a", "a"]}, "required items must be unique"),
        ({"enum": [1, 1.0]}, "enum items must be unique"),
        ({"items": 1}, "Invalid type. Expected: schema/array of schemas, given: items"),
        ({"not": 1}, "not must be of an object"),
        ({"exclusiveMinimum": True}, "exclusiveMinimum cannot be used without minimum"),
        ({**DRAFT_4, "exclusiveMinimum": 5}, "Invalid type. Expected: boolean, given: exclusiveMinimum"),
        ({**DRAFT_7, "exclusiveMinimum": True}, "Invalid type. Expected: number, given: exclusiveMinimum"),
        ({"$ref": "#/definitions/a"}, "Object has no key 'definitions'"),
        ({"$ref": "#/a/5", "a": []}, "Out of bound array[0,0] index '5'"),
        ({"$ref": "#/a/x", "a": []}, "Invalid array index 'x'"),
        ({"$ref": "#/%zz"}, 'parse "#/%zz": invalid URL escape "%zz"'),
        ({"$ref": "other.json"}, "Reference other.json must be canonical"),
        ({**DRAFT_4, "not": True}, "Expected: schema, given: Invalid JSON"),
        ({"$schema": 1}, "$schema must be of type string"),
        ({"maximum": 10**400}, "json: cannot unmarshal number 1" + "0" * 400 + " into Go value of type float64"),
    ],
)
def test_faults_of_schemas(schema, text):
    assert fault(schema) == text


@pytest.mark.parametrize(
    "reference",
    ["http://example.test/schema.json#/a", "https://localhost:1/x", "file:///etc/passwd", "FILE:///etc/hosts"],
)
def test_nothing_is_fetched(reference):
    assert fault({"properties": {"a": {"$ref": reference}}}).endswith(
        ("is not fetched: a schema has to be complete", "must be canonical")
    )
    assert fault({"$id": "http://example.test/base/", "items": {"$ref": "other.json"}}) == (
        "Reference http://example.test/base/other.json is not fetched: a schema has to be complete"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}]},
        {
            "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
            "$ref": "#/definitions/a",
        },
        {"dependencies": {"a": {"not": {"$ref": "#"}}}},
        {"if": {"$ref": "#"}, "then": {}},
    ],
)
def test_references_that_lead_to_themselves(schema):
    assert fault(schema) == "a schema leads to itself, for the same value"


def test_references():
    tree = {
        "definitions": {"a/b": {"type": "integer"}, "named": {"$id": "#name", "type": "string"}},
        "properties": {
            "kids": {"items": {"$ref": "#"}},
            "n": {"$ref": "#/definitions/a~1b"},
            "s": {"$ref": "#name", "type": "boolean"},
            "escaped": {"$ref": "#/definitions/%61~1b"},
        },
        "required": ["n"],
    }

    assert check(tree, '{"n": 1, "s": "x", "escaped": 1, "kids": [{"n": 2, "kids": [{"n": 3}]}]}') == ""
    assert check(tree, '{"n": "x", "s": true, "escaped": "", "kids": [{"kids": [{}]}]}') == (
        "escaped: Invalid type. Expected: integer, given: string; kids.0: n is required; kids.0.kids.0: n is required; "
        "n: Invalid type. Expected: integer, given: string; s: Invalid type. Expected: string, given: boolean"
    )


def test_names_of_schemas_count_from_their_base():
    schema = {
        "$id": "http://example.test/root.json",
        "definitions": {
            "a": {"$id": "folder/a.json", "items": {"$ref": "#/definitions/n"}, "definitions": {"n": {"type": "null"}}}
        },
        "$ref": "folder/a.json",
    }

    assert check(schema, "[1]") == "0: Invalid type. Expected: null, given: integer"


def test_schemas_of_schemas_are_known():
    schema = {"properties": {"s": {"$ref": "http://json-schema.org/draft-07/schema#"}}}

    assert check(schema, '{"s": {"type": "object", "properties": {"a": {"minLength": 1}}}}') == ""
    assert "s.properties.a.minLength" in check(schema, '{"s": {"properties": {"a": {"minLength": -1}}}}')


# ── limits ──


def doubling(count):
    definitions = {"n0": {"type": "string"}}
    for number in range(1, count):
        definitions[f"n{number}"] = {"allOf": [{"$ref": f"#/definitions/n{number - 1}"}] * 2}
    return {"definitions": definitions, "$ref": f"#/definitions/n{count - 1}"}


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        pytest.param(doubling(40), '"x"', id="references that double"),
        pytest.param(
            {
                "definitions": {
                    "n": {
                        "anyOf": [
                            {"properties": {"a": {"$ref": "#/definitions/n"}}, "required": [name]} for name in "yz"
                        ]
                    }
                },
                "$ref": "#/definitions/n",
            },
            '{"a":' * 60 + "1" + "}" * 60,
            id="branches that double with each level",
        ),
        pytest.param({"properties": {"a": {"$ref": "#"}}}, '{"a":' * 9_000 + "1" + "}" * 9_000, id="depth"),
        pytest.param(
            {"items": {"enum": [f"x{n}" for n in range(5_000)]}}, json.dumps(["z"] * 4_000), id="long enumeration"
        ),
        pytest.param(
            {"items": {"$ref": "#"}, "const": [1]},
            "[" * 140 + "[]," * 2_000 + "1" + "]" * 140,
            id="comparison at each level",
        ),
        pytest.param({"items": {"format": "regex"}}, json.dumps(["\\pL" * 300] * 12), id="regular expressions"),
        pytest.param({"required": [f"n{n}" for n in range(20_000)]}, "{}", id="violations"),
        pytest.param(
            {"patternProperties": {f"^{n}": {} for n in range(300)}},
            json.dumps({f"k{n}": 1 for n in range(1_000)}),
            id="patterns",
        ),
    ],
)
@pytest.mark.timeout(10)
def test_what_takes_long_ends_early(schema, body):
    with pytest.raises(TooComplexError):
        ClassicSchema(schema).check(body.encode(), INLINE_STEPS)


@pytest.mark.timeout(20)
def test_what_takes_too_long_even_in_a_thread():
    with pytest.raises(TooComplexError):
        ClassicSchema(doubling(40)).check(b'"x"')


def test_large_bodies_are_for_threads():
    slow = ClassicSchema({"multipleOf": 2})
    fast = ClassicSchema({"type": "array"})

    assert (slow.is_inline(4_000), slow.is_inline(5_000)) == (True, False)
    assert (fast.is_inline(100_000), fast.is_inline(1_000_000)) == (True, False)
    assert slow.check(b"[" + b"1," * 100_000 + b"1]") == ""
    with pytest.raises(TooComplexError):
        fast.check(b"[1.0e0" + b",1" * 20_000 + b"]", INLINE_STEPS)


def test_deep_values_that_nothing_looks_at():
    depth = MAX_DEPTH * 10
    assert check({"type": "array"}, "[" * depth + "]" * depth) == ""


def test_long_lists_of_violations_are_cut_off():
    text = check({"items": {"type": "string"}}, json.dumps([1] * 3_000))

    assert text.startswith("0: Invalid type. Expected: string, given: integer; 1: ")
    assert text.endswith("…")
    assert len(text) < 20_000


# ── the fast yes ──

TEXTS = st.sampled_from(["", "a", "ab", "abc", "é", "2024-01-01", "x@y.example", "a\n"])
PLAIN_NUMBERS = st.sampled_from([0, 1, 2, -1, 5, 0.5, 2.5, 1.0, 10**14, 1e100, -0.0, 10**30, 0.1, 123456789012345678])
NAMES = st.sampled_from(["a", "b", "c"])
BODIES = st.recursive(
    st.none() | st.booleans() | TEXTS | PLAIN_NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
COUNTS = st.integers(0, 3)


def schemas(inner):
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.lists(
                st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"]),
                min_size=1, max_size=3, unique=True,
            ),
            "minimum": PLAIN_NUMBERS,
            "exclusiveMaximum": PLAIN_NUMBERS,
            "minLength": COUNTS,
            "maxItems": COUNTS,
            "minProperties": COUNTS,
            "pattern": st.sampled_from(["^a", "b$", "[a-c]{2}", "^$", r"^\d+-", ".", "^(?:a|ab)+$"]),
            "format": st.sampled_from(["date", "email", "unknown"]),
            "enum": st.lists(st.booleans() | TEXTS, min_size=1, max_size=3, unique=True),
            "const": st.none() | TEXTS | PLAIN_NUMBERS,
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "propertyNames": inner,
            "dependencies": st.dictionaries(NAMES, inner | st.lists(NAMES, max_size=2), max_size=2),
            "items": inner | st.lists(inner, max_size=2),
            "additionalItems": st.booleans() | inner,
            "contains": inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
        },
    )  # fmt: skip


SCHEMAS = schemas(st.recursive(st.booleans().map(bool), schemas, max_leaves=5))


@given(SCHEMAS, st.lists(BODIES, min_size=1, max_size=4))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_fast_yes_is_our_yes(schema, bodies):
    compiled = ClassicSchema(schema)
    for value in bodies:
        body = json.dumps(value).encode()
        assert compiled.check(body) == compiled.violations(decode(body))


@given(
    st.lists(
        st.sampled_from(["^", "$", "a", "b", "-", "[a-c]", "[^a]", "(", ")", "(?:", "|", "*", "+", "?", "{1,2}", r"\.", ".", r"\d", "é", "[é]"]),
        max_size=7,
    ).map("".join),
    st.lists(st.text("abc-.1é\n", max_size=5), min_size=1, max_size=5),
)  # fmt: skip
@settings(max_examples=500)
def test_plain_patterns_mean_the_same_to_both(pattern, texts):
    try:
        regex = compile_regex(pattern)
    except PatternError:
        return
    schema = ClassicSchema({"pattern": pattern, "type": "string"})
    for text in texts:
        body = json.dumps(text, ensure_ascii=False).encode()
        assert (schema.check(body) == "") == (regex.search(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        (r"^[A-Z]{2}[0-9]{4,}$", True),
        (r"^(?:a|b)+\.json$", True),
        (r"^[A-Za-z0-9_.+-]+$", True),
        (r"\d", False),
        (".*", False),
        ("[[:alpha:]]", False),
        ("[a--b]", False),
        ("[a&&b]", False),
        ("é", False),
        ("(?i)a", False),
        ("a{1000}", False),
    ],
)
def test_plain_patterns(pattern, plain):
    assert is_plain(pattern) == plain


@pytest.mark.parametrize(
    ("schema", "fast"),
    [
        ({"type": "object", "properties": {"a": {"pattern": ".*", "format": "date"}}}, True),
        ({"properties": {"kids": {"items": {"$ref": "#"}}}}, True),
        ({"anyOf": [{"items": {"$ref": "#"}}, {}]}, False),
        ({"multipleOf": 2}, False),
        ({"uniqueItems": True}, False),
        ({"patternProperties": {"a": {}}}, False),
        ({"format": "regex"}, False),
        ({"enum": [{}]}, False),
        ({"enum": [0.12345678901234567]}, False),
        ({"enum": list(range(1_000))}, False),
        (doubling(MAX_COST.bit_length() + 2), False),
    ],
)
def test_which_schemas_are_fast(schema, fast):
    assert ClassicSchema(schema).has_fast_path == fast
