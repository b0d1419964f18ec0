"""Values to JSON and back. What Go wrote of each call is in go_calls.jsonl."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rendering import a_run, inline_run

from lockgate.documents.json import decode_floats
from lockgate.documents.json import encode as encode_document
from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import json as functions
from lockgate.templates.functions.json import encode
from lockgate.templates.run import Limits
from lockgate.templates.values import (
    MISSING,
    FormValues,
    GoObject,
    Integer,
    ListMap,
    NilList,
    NilMap,
    StringMap,
    TypedList,
    strings,
)

FUNCTIONS = {function.name: function.call for function in functions.FUNCTIONS}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DATA = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


class Struct(GoObject):
    __slots__ = ()
    go_type = "made.Struct"

    def fields(self):
        return {"B": "<b>", "A": [1]}


class Marshaled(GoObject):
    __slots__ = ()
    go_type = "made.Marshaled"

    def json(self):
        return "its <text>"


class Failing(GoObject):
    __slots__ = ()
    go_type = "made.Failing"

    def json(self):
        raise FunctionError("json: error calling MarshalJSON for type made.Failing: no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (MISSING, "null"),
        ([MISSING, None], "[null,null]"),
        (7, "7"),
        (Integer(250, "uint8"), "250"),
        (-0.0, "-0"),
        ([-0.0, 0.0, 1e20, 1e21, 1e-6, 1e-7, 0.0001], "[-0,0,100000000000000000000,1e+21,0.000001,1e-7,0.0001]"),
        (9007199254740993.0, "9007199254740992"),
        ([True, False], "[true,false]"),
        ("<&>\u2028\udcff\x7f\b", '"\\u003c\\u0026\\u003e\\u2028\\ufffd\x7f\\b"'),
        ({"<k>": ["\u2029", "\x01"]}, '{"\\u003ck\\u003e":["\\u2029","\\u0001"]}'),
        ({"\udcff": 1, "é": 2}, '{"é":2,"\\ufffd":1}'),
        (StringMap({"b": "x", "a": "y"}), '{"a":"y","b":"x"}'),
        (ListMap({"a": strings(["x"])}), '{"a":["x"]}'),
        (FormValues({"a": strings([])}), '{"a":[]}'),
        (TypedList([1, 2], "int"), "[1,2]"),
        (TypedList([104, 105], "uint8"), '"aGk="'),
        ([NilList(), NilMap()], "[null,null]"),
        (Struct(), '{"B":"\\u003cb\\u003e","A":[1]}'),
        ([Marshaled()], '["its \\u003ctext\\u003e"]'),
    ],
)
def test_values_are_written_as_go_writes_them(value, text):
    assert encode(a_run(), value) == text


@given(DATA)
def test_plain_data_is_written_as_documents_are(value):
    text = encode_document(value).decode()

    assert encode(a_run(), value) == text
    assert json.loads(encode(a_run(), value, pretty=True)) == json.loads(text)
    assert json.loads(encode(a_run(), value, escape_html=False)) == json.loads(text)
    assert FUNCTIONS["fromJson"](a_run(), text) == decode_floats(text.encode())


def test_raw_json_leaves_html_alone():
    assert FUNCTIONS["toRawJson"](a_run(), "<&>") == '"<&>"'
    assert FUNCTIONS["toRawJson"](a_run(), {"<": [1.0, "&\u2028\\u003c"]}) == '{"<":[1,"&\\u2028\\\\u003c"]}'
    assert FUNCTIONS["toRawJson"](a_run(), [Struct()]) == '[{"B":"<b>","A":[1]}]'


def test_pretty_json_has_lines():
    value = {"b": [], "a": {}, "c": [1.0, {"x": None}]}

    assert FUNCTIONS["toPrettyJson"](a_run(), value) == (
        '{\n  "a": {},\n  "b": [],\n  "c": [\n    1,\n    {\n      "x": null\n    }\n  ]\n}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "json: unsupported value: NaN"),
        ({"a": [float("-inf")]}, "json: unsupported value: -Inf"),
        ([1j], "json: unsupported type: complex128"),
        (Failing(), "json: error calling MarshalJSON for type made.Failing: no"),
    ],
)
def test_what_has_no_json_is_an_error_or_nothing(value, text):
    for name in ("jsonMarshal", "mustToJson", "mustToPrettyJson", "toRawJson", "mustToRawJson"):
        with pytest.raises(FunctionError) as caught:
            FUNCTIONS[name](a_run(), value)
        assert caught.value.text == text
    assert FUNCTIONS["toJson"](a_run(), value) == FUNCTIONS["toPrettyJson"](a_run(), value) == ""


def test_what_holds_itself_has_no_json():
    in_itself = {}
    in_itself["a"] = [in_itself]

    with pytest.raises(FunctionError) as caught:
        encode(a_run(), in_itself)

    assert caught.value.text == "json: unsupported value: encountered a cycle via map[string]interface {}"


def test_what_stands_in_two_places_is_no_cycle():
    shared = ["x"]
    value = [shared, shared]
    for _ in range(1500):
        value = [value]

    assert encode(a_run(), value).count('"x"') == 2


def test_any_depth_is_written():
    text = "[" * 10_000 + "]" * 10_000

    assert encode(a_run(), FUNCTIONS["mustFromJson"](a_run(), text)) == text


def exploding(leaf):
    value = [leaf] * 10
    for _ in range(12):
        value = [value] * 10
    return value


@pytest.mark.parametrize("leaf", ["x", 1.0, 1e300, "x" * 10_000])
@pytest.mark.parametrize("name", ["jsonMarshal", "toJson", "toPrettyJson", "toRawJson"])
def test_what_is_too_much_is_stopped(leaf, name):
    limits = Limits(steps=100_000, output=1 << 20, size=1 << 20)

    with pytest.raises(LimitError):
        FUNCTIONS[name](a_run(limits), exploding(leaf))
    with pytest.raises(TooLongError):
        FUNCTIONS[name](inline_run(), exploding(leaf))


def test_what_was_counted_in_vain_is_given_back():
    run = a_run()
    value = [["x"] * 1000, 1e300]
    encode(run, value)
    left = run.steps_left

    encode(run, value)

    assert left - run.steps_left == 1002


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":[1,2.50,null,true]}', {"a": [1.0, 2.5, None, True]}),
        ('[1,1e400,{"x":-1e999}]', [1.0, None, {"x": None}]),
        ("1e400", None),
        ("{", None),
        ("", None),
        ("1 2", None),
        ('"\udcff"', "\ufffd"),
    ],
)
def test_what_is_no_json_is_nil_and_a_number_that_is_too_large_is_one(text, value):
    assert FUNCTIONS["fromJson"](a_run(), text) == value


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "unexpected end of JSON input"),
        ("[1,1e400]", "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ("1 2", "invalid character '2' after top-level value"),
    ],
)
def test_what_must_be_json_is_an_error_otherwise(text, error):
    with pytest.raises(FunctionError) as caught:
        FUNCTIONS["mustFromJson"](a_run(), text)

    assert caught.value.text == error


def test_large_documents_leave_the_loop():
    for name in ("fromJson", "mustFromJson"):
        with pytest.raises(TooLongError):
            FUNCTIONS[name](inline_run(), f"[{'1,' * 100_000}1]")
