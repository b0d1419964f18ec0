"""HAR files as recordings: what they hold, and what they do not."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from lockgate.debugging.har import read_har
from lockgate.debugging.recordings import RecordingError
from lockgate.exchange import NOT_READ, Headers, Request, Response


def har(**changes):
    request = {
        "method": "POST",
        "url": "https://shop.test:8443/a%20b?x=1&y#part",
        "httpVersion": "h2",
        "headers": [
            {"name": ":method", "value": "POST"},
            {"name": "X-A", "value": "é"},
            {"name": "content-length", "value": "9"},
        ],
        "postData": {"mimeType": "text/plain", "text": "hello"},
        "bodySize": 5,
    } | changes.get("request", {})
    response = {
        "status": 200,
        "statusText": "OK",
        "headers": [{"name": "Content-Encoding", "value": "gzip"}, {"name": "X-B", "value": "1"}],
        "content": {"size": 4, "text": "/wAB", "encoding": "base64"},
    } | changes.get("response", {})
    entry = {"startedDateTime": "2026-08-01T12:00:00.5+02:00", "request": request, "response": response}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def read(text: bytes):
    (one,) = read_har(text, "f.har")
    return one


def test_an_entry():
    found = read(har())

    assert found.request == Request(
        "POST", "/a%20b", "x=1&y", Headers.of(("X-A", "é"), ("Content-Length", "5")), b"hello",
        "shop.test:8443", "https", "HTTP/2.0",
    )  # fmt: skip
    assert found.upstream_response == Response(
        200, Headers.of(("X-B", "1"), ("Content-Length", "3")), b"\xff\x00\x01", "OK"
    )
    assert found.received_at == datetime(2026, 8, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert (found.answer, found.upstream_request, found.by_gateway, found.missing) == (None, None, False, ())
    assert found.source == "f.har, entry 1"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"request": {"postData": {"mimeType": "x", "params": [{"name": "a"}]}}}, "the body of the request"),
        ({"request": {"postData": None, "bodySize": 7}}, "the body of the request"),
        ({"request": {"postData": {"text": ""}, "bodySize": 0}}, "the body of the request"),
        ({"response": {"content": {"size": 7}}}, "the body of the upstream's answer"),
        (
            {"response": {"headers": [{"name": "content-length", "value": "7"}], "content": {"size": 0, "text": ""}}},
            "the body of the upstream's answer",
        ),
    ],
)
def test_what_the_file_does_not_hold_is_missing(changes, missing):
    found = read(har(**changes))

    assert [one.partition(",")[0] for one in found.missing] == [missing]
    bodies = (found.request.body, found.upstream_response.body)
    assert bodies[missing.startswith("the body of the upstream")] is NOT_READ


def test_a_request_without_an_answer():
    assert read(har(response={"status": 0, "content": {}})).upstream_response is None
    assert read(har(request={"postData": None, "bodySize": -1, "headers": []})).request.body == b""


@pytest.mark.parametrize(
    ("kind", "text", "size", "body"),
    [
        pytest.param("application/octet-stream", "a\xff\x80", 3, b"a\xff\x80", id="bytes as characters"),
        pytest.param("text/plain; charset=ISO-8859-1", "n\xe9", 2, b"n\xe9", id="declared charset"),
        pytest.param("text/plain; charset=ISO-8859-1", "n\xe9", -1, b"n\xe9", id="declared, size unknown"),
        pytest.param("application/json", "n\xe9", 2, "n\xe9".encode(), id="JSON, size in characters"),
        pytest.param("application/json; charset=punycode", "n\xe9", 2, "n\xe9".encode(), id="no charset"),
        pytest.param("image/x; charset=zlib_codec", "n\xe9", 2, "n\xe9".encode(), id="no text encoding"),
        pytest.param("text/plain; charset=ascii", "n\xe9", 2, "n\xe9".encode(), id="wrong charset"),
    ],
)
def test_bodies_are_the_bytes_that_were_sent(kind, text, size, body):
    asked = {"postData": {"mimeType": kind, "text": text}, "bodySize": size, "headers": []}
    answered = {"headers": [], "content": {"mimeType": kind, "text": text, "size": size}}
    on_the_wire = {"headers": [], "content": {"mimeType": kind, "text": text, "size": size - 5, "compression": 5}}

    assert read(har(request=asked)).request.body == body
    assert read(har(response=answered)).upstream_response.body == body
    assert read(har(response=on_the_wire)).upstream_response.body == body


def test_a_request_that_stands_there_unpacked_is_one_without_encoding():
    headers = [{"name": "Content-Encoding", "value": "gzip"}]
    unpacked = read(har(request={"headers": headers}))
    packed_body = gzip.compress(b"hello")
    packed = read(
        har(
            request={
                "headers": headers,
                "postData": {"text": packed_body.decode("latin-1")},
                "bodySize": len(packed_body),
            }
        )
    )

    assert unpacked.request.headers.get("content-encoding") is None
    assert [one.partition(",")[0] for one in unpacked.missing] == ["the content encoding of the request"]
    assert (packed.request.body, packed.request.headers.get("content-encoding")) == (packed_body, "gzip")


def test_a_websocket_begins_with_a_request():
    assert read(har(request={"url": "wss://shop.test/live"})).request.scheme == "https"


def test_what_cannot_be_run_is_told_and_the_rest_is_read():
    entries = [json.loads(har(request=changes))["log"]["entries"][0] for changes in UNUSABLE]
    entries.append(json.loads(har())["log"]["entries"][0])
    told = []

    (one,) = read_har(json.dumps({"log": {"entries": [7, *entries]}}).encode(), "f.har", told.append)

    assert one.source == "f.har, entry 5"
    assert [(unusable.source, unusable.is_exchange) for unusable in told] == [
        ("f.har, entry 1", True),
        ("f.har, entry 2", True),
        ("f.har, entry 3", True),
        ("f.har, entry 4", False),
    ]
    assert told[0].reason == "expected an entry of a HAR file: expected an object as the entry, found a number"


UNUSABLE = [{"url": "data:text/plain,x"}, {"headers": [7]}, {"method": "CONNECT"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "f.har: expected a HAR file:"),
        (b"[]", "f.har: expected a HAR file, with log.entries, found a list"),
        (b'{"log": {"entries": [{}]}}', "f.har, entry 1: expected an entry of a HAR file: no 'request'"),
        (
            har(request={"url": "data:x"}),
            "f.har, entry 1: expected an entry of a HAR file: expected the URL of a request",
        ),
        (har(response={"content": {"text": "!", "encoding": "base64"}}), "f.har, entry 1: expected an entry of a HAR"),
    ],
)
def test_what_is_none_is_said(text, said):
    with pytest.raises(RecordingError) as caught:
        list(read_har(text, "f.har"))

    assert str(caught.value).startswith(said)
