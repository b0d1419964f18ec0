"""Stopped exchanges as programs get them, and what programs send back."""

import asyncio
import base64
import gzip
from dataclasses import replace

import pytest
from tests.helpers import make_exchange, make_response

from lockgate.debugging.edits import Edit, EditError
from lockgate.debugging.giving import plain_pause, read_edit, read_response, whole_pause
from lockgate.debugging.pausing import Pause, Place
from lockgate.exchange import NOT_READ, Exchange, Headers, Response
from lockgate.trace import Phase, Trace


def paused(exchange: Exchange) -> Pause:
    async def make() -> Pause:
        place = Place("forward", Phase.REQUEST, 0, "before")
        return Pause(exchange, Trace(exchange), place, "1", 60, None, None)

    return asyncio.run(make())


REQUEST = make_exchange("POST", "/a?x=%C3%BC", (("X-A", "1"),), "zwölf".encode())


def test_a_request():
    given = whole_pause(paused(REQUEST))

    assert {**plain_pause(paused(REQUEST)), "began": given["began"], "seconds_left": given["seconds_left"]} == {
        key: given[key] for key in plain_pause(paused(REQUEST))
    }
    assert (given["exchange"], given["api"], given["link"], given["when"]) == (
        "exchange-1",
        "API api",
        "forward",
        "before",
    )
    assert given["editable"] == "request"
    assert given["request"] == {
        "method": "POST", "url": "/a?x=%C3%BC", "host": "gateway.test", "headers": [["X-A", "1"]],
        "body_size": 6, "body": "zwölf", "rewritten": None, "to_method": None,
    }  # fmt: skip
    assert given["response"] is None


def test_what_is_given_is_no_edit():
    pause = paused(REQUEST)
    given = whole_pause(pause)["request"]
    back = {name: given[name] for name in ("method", "url", "host", "headers", "body")}

    assert pause.changed(read_edit(back, pause)) is REQUEST
    assert read_edit(None, pause) == Edit()


def test_bytes_that_are_no_text_come_back_as_they_were():
    exchange = make_exchange("POST", "/", (), b"\xff\x00")
    exchange = replace(exchange, request=replace(exchange.request, headers=Headers(((b"X-A", b"\xe9"),))))
    pause = paused(exchange)
    given = whole_pause(pause)["request"]

    assert given["body_base64"] == base64.b64encode(b"\xff\x00").decode()
    edit = read_edit({"headers": given["headers"], "body_base64": given["body_base64"]}, pause)
    assert pause.changed(edit) is exchange


def test_a_packed_body_is_given_unpacked_and_packed_again():
    packed = gzip.compress(b"hidden")
    pause = paused(replace(REQUEST, response=make_response(200, (("Content-Encoding", "gzip"),), packed)))
    given = whole_pause(pause)

    assert given["editable"] == "response"
    response = given["response"]
    assert (response["body"], response["body_encoding"], response["body_size"]) == ("hidden", "gzip", len(packed))
    edit = read_edit({"body": "other"}, pause)
    assert gzip.decompress(edit.body) == b"other"
    assert read_edit({"body": "other", "headers": []}, pause).body == b"other"


@pytest.mark.parametrize(
    ("body", "headers", "note"),
    [
        (NOT_READ, (), "not held"),
        (b"x" * (8 * 1024 * 1024 + 1), (), "more than 8388608 bytes"),
        (b"no gzip", (("Content-Encoding", "gzip"),), "its content encoding cannot be undone"),
    ],
)
def test_a_body_that_cannot_be_shown(body, headers, note):
    given = whole_pause(paused(make_exchange("POST", "/", headers, body)))["request"]

    assert note in given["body_note"]
    assert "body" not in given
    assert "body_base64" not in given


def test_the_trace_is_masked_and_the_request_is_not():
    pause = paused(make_exchange("GET", "/", (("Authorization", "very-secret-key"),)))
    given = whole_pause(pause)

    assert given["request"]["headers"] == [["Authorization", "very-secret-key"]]
    assert "very-secret-key" not in str(given["trace"])


def test_an_answer():
    assert read_response({}) == Response(200)
    assert read_response({"status": 201, "headers": [["X-A", "1"]], "body": "ä"}) == Response(
        201, Headers.of(("X-A", "1")), "ä".encode()
    )
    packed = read_response({"headers": [["Content-Encoding", "gzip"]], "body": "x"})
    assert gzip.decompress(packed.body) == b"x"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected an object as an edit, found a list"),
        ({"heders": []}, "an edit has no 'heders': did you mean 'headers'"),
        ({"method": 1}, "expected a text as 'method', found 1"),
        ({"status": "200"}, "expected a number as 'status', found '200'"),
        ({"status": True}, "expected a number as 'status', found True"),
        ({"headers": {"X-A": "1"}}, "expected headers as a list of pairs of texts"),
        ({"headers": ["X-A: 1"]}, "expected headers as a list of pairs of texts"),
        ({"body": "x", "body_base64": "eA=="}, "expected 'body' or 'body_base64', found both"),
        ({"body_base64": "?"}, "expected base64 as 'body_base64'"),
        ({"body": "\ud800"}, "'body' holds half a surrogate pair"),
        ({"headers": [["Content-Encoding", "rot13"]], "body": "x"}, "content encoding 'rot13' cannot be written"),
    ],
)
def test_what_is_no_edit(value, message):
    with pytest.raises(EditError, match=message):
        read_edit(value, paused(REQUEST))


@pytest.mark.parametrize("value", [None, {"url": "/x"}, {"status": 99}, {"headers": [["A B", "1"]]}])
def test_what_is_no_answer(value):
    with pytest.raises(EditError):
        read_response(value)
