"""Documents as Go's encoding/json decodes and prints them.

``go_json.jsonl`` was recorded with Go 1.26: each document with what Unmarshal to an ``interface{}``, and a Decoder with
UseNumber, made of it: Marshal's text and ``%v`` of the value, and where it ended. Documents are bytes as Latin-1.
"""

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.documents import json as documents
from lockgate.documents.json import (
    AT_ONCE,
    MAX_DEPTH,
    JsonError,
    count_values,
    decode,
    decode_first,
    encode,
    is_many,
    quote,
    scan,
    sorted_names,
)
from lockgate.documents.numbers import Number, format_v

RECORDED = [
    json.loads(line) for line in (Path(__file__).parent / "go_json.jsonl").read_text("utf-8").splitlines() if line
]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)
FRAGMENTS = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ",", ":", '"a"', '"', "\\", "1", "0", "-", ".", "e", "true", "nul", " ", "\n", "x", "\x00"]
    )
    | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).map("".join)


def as_unmarshal(raw):
    try:
        value = decode(raw, float64=True)
    except JsonError as error:
        return {"error": error.text}
    return {"json": encode(value, number_texts=False).decode(), "v": format_v(value)}


def as_decoder(raw):
    try:
        value, end = decode_first(raw)
    except JsonError as error:
        return {"error": error.text}
    return {"json": encode(value).decode(), "end": end}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: repr(recorded["document"])[:40])
def test_as_go_does(recorded):
    raw = recorded["document"].encode("latin-1")

    assert as_unmarshal(raw) == recorded["unmarshal"]
    assert as_decoder(raw) == recorded["decoder"]


@given(VALUES)
def test_what_others_write_is_read_alike(value):
    assert decode(json.dumps(value).encode()) == json.loads(json.dumps(value))
    assert decode(orjson.dumps(value)) == orjson.loads(orjson.dumps(value))


@given(VALUES)
def test_others_read_what_is_written(value):
    written = encode(value)

    assert json.loads(written, parse_int=float) == value
    assert decode(written) == value
    assert list(orjson.loads(written)) == sorted(value) if isinstance(value, dict) else True


@given(FRAGMENTS)
def test_nothing_is_taken_that_others_refuse_and_the_other_way_round(text):
    raw = text.encode()
    try:
        json.loads(text, parse_constant=int)
    except ValueError:
        with pytest.raises(JsonError):
            decode(raw)
    else:
        decode(raw)


def outcome(function, *arguments, **switches):
    """What a function returns, or the error that it raises."""
    try:
        return function(*arguments, **switches)
    except JsonError as error:
        return error


@given(FRAGMENTS | VALUES.map(json.dumps))
def test_scanning_agrees_with_decoding(text):
    raw = text.encode()
    decoded = outcome(decode_first, raw)
    scanned = outcome(scan, raw, first_only=True)

    if isinstance(decoded, JsonError):
        assert (scanned.text, scanned.offset) == (decoded.text, decoded.offset)
    else:
        assert scanned == decoded[1]


@given(st.binary(max_size=30), st.booleans())
def test_any_bytes(raw, trailing_allowed):
    decoded = outcome(decode, raw, trailing_allowed=trailing_allowed)

    if isinstance(decoded, JsonError):
        assert decoded.text
        assert 0 <= decoded.offset <= len(raw)
    else:
        assert decode(encode(decoded)) == decoded


def test_numbers_keep_their_text():
    value = decode(b"[1.50, 1e3, 9007199254740993, 1e400]")

    assert [type(item) for item in value] == [Number] * 4
    assert [item.text for item in value] == ["1.50", "1e3", "9007199254740993", "1e400"]
    assert value[:2] == [1.5, 1000]
    assert encode(value) == b"[1.50,1e3,9007199254740993,1e400]"


def test_numbers_beyond_float64():
    text = "json: cannot unmarshal number 1e400 into Go value of type float64"

    for document in (b"[1e400, 1e500]", b"1e400", b"[" * 9_999 + b"1e400" + b"]" * 9_999):
        with pytest.raises(JsonError, match=f"^{text}$"):
            decode(document, float64=True)
    # What is no JSON says so first.
    with pytest.raises(JsonError, match=r"^unexpected end of JSON input$"):
        decode(b"[1e400", float64=True)
    with pytest.raises(JsonError, match=r"^json: unsupported value: \+Inf$"):
        encode(decode(b"1e400"), number_texts=False)


def test_what_stands_behind_the_first_value():
    assert decode(b'{"a":1} trailing', trailing_allowed=True) == {"a": 1}
    assert decode_first('"é" x'.encode()) == ("é", 4)
    assert decode_first(b'  ["\xff"]]') == (["\ufffd"], 7)
    with pytest.raises(JsonError, match=r"^invalid character 't' after top-level value$") as refused:
        decode(b'{"a":1} trailing')
    assert refused.value.offset == 8


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_is_limited(opening):
    closing = b"]" if opening == b"[" else b"}"
    value = decode(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    depth = 0
    while not isinstance(value, Number):
        value = value[0] if isinstance(value, list) else value["a"]
        depth += 1
    assert depth == MAX_DEPTH
    with pytest.raises(
        JsonError, match=f"^invalid character '{chr(opening[0])}' exceeded max depth$".replace("[", r"\[")
    ):
        decode(opening * (MAX_DEPTH + 1) + b"1" + closing * (MAX_DEPTH + 1))


def test_deep_documents_are_read_as_others_are():
    wrap = 9_900
    inner = b'{"a": [1, "x\\n", {}, [], true], "a": null, "b": [{"c": "\\ud800"}]}'

    value = decode(b"[" * wrap + inner + b"]" * wrap)

    for _ in range(wrap):
        (value,) = value
    assert value == decode(inner) == {"a": None, "b": [{"c": "\ufffd"}]}


def test_deep_values_are_written():
    value = []
    for _ in range(50_000):
        value = [1, value, {"a": 2}]

    assert len(encode(value)) == 50_000 * 12 + 2


@pytest.mark.parametrize(
    "document",
    [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"1," * 500_000, b"[[]," * 5_000 + b"}", b'"' + b"\\" * 99_999],
)
def test_refusing_takes_no_longer_than_reading(document):
    with pytest.raises(JsonError):
        decode(document)


def test_texts_are_escaped_as_for_html():
    assert quote('<a&b>\u2028\u2029"\\\b\f\n\r\t\x01\x7f/é') == (
        '"\\u003ca\\u0026b\\u003e\\u2028\\u2029\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/é"'
    )
    assert quote("\udcff\ufffd") == '"\\ufffd\ufffd"'
    assert encode({"<": "é"}) == '{"\\u003c":"é"}'.encode()


def test_python_values_are_written():
    assert encode({"b": (1, 2.0, True), "a": None, "c": {}, "d": []}) == b'{"a":null,"b":[1,2,true],"c":{},"d":[]}'
    assert encode(10**30) == b"1" + b"0" * 30
    with pytest.raises(TypeError, match="no JSON: bytes"):
        encode([b"x"])
    for number in (float("nan"), float("inf")):
        with pytest.raises(JsonError, match=r"^json: unsupported value: "):
            encode(number)


@given(VALUES, FRAGMENTS, st.integers(0, 200))
def test_many_lists_and_objects_are_decoded_alike(value, fragment, place):
    text = json.dumps([value, [[value]], {"a": value, "b": [value]}])
    for document in (text, text[:place] + fragment + text[place:]):
        raw = document.encode()
        as_usual = as_unmarshal(raw), as_decoder(raw)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(documents, "AT_ONCE", 0)
            assert (as_unmarshal(raw), as_decoder(raw)) == as_usual


def test_very_many_lists_and_objects():
    raw = b"[" + b'[[]],{"a":{"b":[1,2]}},[1],' * AT_ONCE + b"{}]"
    assert is_many(raw)
    assert decode(raw) == orjson.loads(raw)
    assert decode(b"[" * 200 + raw + b"]" * 200) == orjson.loads(b"[" * 200 + raw + b"]" * 200)
    with pytest.raises(JsonError, match="unexpected end of JSON input"):
        decode(raw[:-1])


@given(st.dictionaries(st.text(max_size=3), st.none()))
def test_many_names_are_sorted_alike(item):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_SORTED_AT_ONCE", 2)
        assert sorted_names(item) == sorted(item)


@given(VALUES)
def test_values_are_counted(value):
    def count(part):
        if isinstance(part, dict):
            return 1 + sum(map(count, part.values()))
        return 1 + sum(map(count, part)) if isinstance(part, list) else 1

    for raw in (orjson.dumps(value), json.dumps(value, indent=1).encode()):
        for enough in (0, 10_000):
            assert count_values(raw, enough) >= count(value)
    # An empty list has brackets all the same.
    assert count_values(orjson.dumps(value), 0) <= 2 * count(value)


@given(
    st.binary(max_size=12).map(lambda raw: b'"' + raw)
    | st.lists(st.sampled_from([b'"', b"\\", b"a", b","])).map(b"".join)
)
def test_texts_of_broken_documents_are_no_values(raw):
    # Each quote begins a text, which is taken out once: half an escape at the end kept counting for ever.
    assert b'"' not in documents._TEXT.sub(b"", raw)
    assert count_values(raw, 0) <= 1 + len(raw)
