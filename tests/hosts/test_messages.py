import pytest
from mitmproxy import http
from mitmproxy.test import tutils

from lockgate.exchange import NOT_READ, Headers, Request, Response
from lockgate.hosts.mitm import messages
from lockgate.hosts.mitm.messages import (
    response_fields,
    to_flow_response,
    to_request,
    to_response,
    write_request,
    write_response,
)


def message(path=b"/a", fields=(), authority=b"", version=b"HTTP/1.1", content=b""):
    return tutils.treq(
        path=path, headers=http.Headers(fields), authority=authority, http_version=version, content=content
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(b"/a", ("/a", None), id="no query"),
        pytest.param(b"/a?", ("/a", ""), id="empty query"),
        pytest.param(b"/a?b?c", ("/a", "b?c"), id="second question mark"),
        pytest.param(b"/%2F;x=1#f", ("/%2F;x=1#f", None), id="nothing is decoded"),
        pytest.param(b"/\xff", ("/\udcff", None), id="any byte"),
        pytest.param(b"*", ("*", None), id="the server itself"),
    ],
)
def test_a_target_is_taken_apart_and_put_together_as_it_was(path, expected):
    original = message(path)
    request = to_request(original, "http", body_follows=False)

    assert (request.path, request.query) == expected
    write_request(request, original)
    assert original.data.path == path


@pytest.mark.parametrize(
    ("fields", "authority", "host"),
    [
        pytest.param(((b"host", b"a:80"), (b"X", b"1")), b"", "a:80", id="header"),
        pytest.param(((b"X", b"1"),), b"b", "b", id="authority"),
        pytest.param(((b"Host", b"a"), (b"X", b"1")), b"b", "b", id="authority goes before header"),
        pytest.param(((b"X", b"1"),), b"", "", id="none"),
    ],
)
def test_the_host_is_no_header(fields, authority, host):
    request = to_request(message(fields=fields, authority=authority), "http", body_follows=False)

    assert request.host == host
    assert request.headers == Headers(((b"X", b"1"),))


def test_a_body_to_come_is_not_read():
    assert to_request(message(content=None), "http", body_follows=True).body is NOT_READ
    assert to_response(tutils.tresp(content=None), body_follows=True).body is NOT_READ


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request("GET", "/a b"), id="space in the path"),
        pytest.param(Request("GET", "/a\r\nX: 1"), id="line end in the path"),
        pytest.param(Request("GE T", "/a"), id="space in the method"),
        pytest.param(Request("GET", "/a", host="a\r\nb"), id="line end in the host"),
        pytest.param(Request("GET", "/a", headers=Headers.of(("X", "a\r\nb"))), id="line end in a value"),
        pytest.param(Request("GET", "/a", headers=Headers.of(("X ", "a"))), id="space in a name"),
        pytest.param(Request("GET", "/a", headers=Headers.of(("", "a"))), id="no name"),
    ],
)
def test_what_would_break_the_wire_is_refused_and_nothing_is_written(request_):
    original = message(b"/old")

    with pytest.raises(ValueError, match=r"\w"):
        write_request(request_, original)
    assert original.data.path == b"/old"


def test_a_body_that_streams_keeps_its_framing():
    original = message(fields=((b"Content-Length", b"3"),), content=None)
    write_request(Request("POST", "/a", body=NOT_READ), original)

    assert original.headers["content-length"] == "3"


def test_an_http2_request_keeps_its_authority():
    original = message(version=b"HTTP/2.0", authority=b"a")
    write_request(Request("GET", "/a", host="b"), original)

    assert (original.data.authority, "host" in original.headers) == (b"b", False)


@pytest.mark.parametrize("status", [0, 99, 100, 101, 1000])
def test_a_status_that_ends_nothing_is_no_answer(status):
    with pytest.raises(ValueError, match="status"):
        to_flow_response(Response(status))


def test_an_answer_is_dated_unless_it_is_already():
    assert "date" in to_flow_response(Response(200)).headers
    assert to_flow_response(Response(200, Headers.of(("date", "x")))).headers["date"] == "x"


def test_fields_that_break_a_response_are_mended():
    fields = ((b"Date", b"x"), (b"A B", b"1"), (b"C", b"1\r\nD: 2"))

    assert response_fields(fields) == ((b"Date", b"x"), (b"C", b"1  D: 2"))


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_none(status):
    assert to_flow_response(Response(status, body=b"x")).data.content == b""


def test_a_response_keeps_what_nobody_changed():
    original = tutils.tresp(headers=http.Headers(((b"Date", b"x"), (b"A", b"1"))))
    fields = original.data.headers.fields
    write_response(to_response(original, body_follows=False), original)

    assert original.data.headers.fields is fields
    assert original.reason == "OK"


def test_long_names_are_not_kept():
    name = b"n" * 1000

    assert messages.is_name(name)
    assert name not in messages._checked_names
