"""Edits of stopped exchanges."""

from dataclasses import replace

import pytest
from tests.helpers import make_exchange, make_response

from lockgate.debugging.edits import Edit, EditError, edited, headers_of, made_response
from lockgate.exchange import NOT_READ, Headers

EXCHANGE = make_exchange("POST", "/a?x=1", (("X-One", "1"), ("Content-Length", "4")), b"body")
ANSWERED = replace(EXCHANGE, response=make_response(200, (("X-Two", "2"),), b"answer"))


def test_everything_of_a_request():
    edit = Edit("PUT", "/b?y=%202", "b.test", None, Headers.of(("X-New", " 3 ")), b"longer body")

    request = edited(EXCHANGE, edit).request

    assert (request.method, request.path, request.query, request.host) == ("PUT", "/b", "y=%202", "b.test")
    assert request.headers == Headers.of(("X-New", "3"), ("Content-Length", "11"))
    assert request.body == b"longer body"


def test_everything_of_a_response():
    response = edited(ANSWERED, Edit(status=404, headers=Headers.of(("X-New", "3")), body=b"gone")).response

    assert (response.status, response.headers, response.body) == (404, Headers.of(("X-New", "3")), b"gone")


@pytest.mark.parametrize(
    "edit",
    [
        None,
        Edit(),
        Edit("POST", "/a?x=1", "gateway.test", None, Headers.of(("X-One", "1")), b"body"),
        Edit(headers=Headers.of(("X-One", "1"), ("Content-Length", "99"))),
    ],
)
def test_what_changes_nothing_is_no_edit(edit):
    assert edited(EXCHANGE, edit) is EXCHANGE


def test_a_url_without_a_query_has_none():
    assert edited(EXCHANGE, Edit(url="/a")).request.query is None


def test_an_edited_url_counts_for_more_than_a_rewritten_one():
    rewritten = replace(EXCHANGE, rewritten="http://elsewhere.test/x", to_method="GET", loop_host="h")

    changed = edited(rewritten, Edit(method="PUT", url="/b"))

    assert (changed.rewritten, changed.to_method, changed.loop_host, changed.first_target) == (None, None, "", "/a?x=1")
    assert edited(rewritten, Edit(body=b"x")).rewritten == "http://elsewhere.test/x"


def test_the_length_stays_true():
    assert edited(EXCHANGE, Edit(body=b"")).request.headers.get("content-length") == "0"
    chunked = make_exchange("POST", "/", (), b"x")
    assert "content-length" not in edited(chunked, Edit(body=b"longer")).request.headers


def test_a_body_that_was_not_held_stays():
    streaming = make_exchange("POST", "/", (("Content-Length", "99"),), NOT_READ)

    with pytest.raises(EditError, match="the body cannot be changed: it was not held"):
        edited(streaming, Edit(body=b"x"))
    changed = edited(streaming, Edit(headers=Headers.of(("X-A", "1"))))
    assert changed.request.headers == Headers.of(("X-A", "1"), ("Content-Length", "99"))


def test_a_response_that_streams_may_get_another_body():
    streaming = replace(EXCHANGE, response=make_response(200, (), NOT_READ))

    assert edited(streaming, Edit(body=b"x")).response.body == b"x"


@pytest.mark.parametrize(
    ("exchange", "edit", "message"),
    [
        (EXCHANGE, Edit(method="A B"), "expected a method, found 'A B'"),
        (EXCHANGE, Edit(method=""), "expected a method, found ''"),
        (EXCHANGE, Edit(url="b"), "expected a path that begins with '/'"),
        (EXCHANGE, Edit(url="http://evil.test/"), "expected a path that begins with '/'"),
        (EXCHANGE, Edit(url="/a b"), "a control character, a space or '#'"),
        (EXCHANGE, Edit(url="/a\r\nX: y"), "a control character, a space or '#'"),
        (EXCHANGE, Edit(url="/a%zz"), "a '%' without two hexadecimal digits"),
        (EXCHANGE, Edit(host="a b"), "expected a host"),
        (EXCHANGE, Edit(host="a/b"), "expected a host"),
        (EXCHANGE, Edit(headers=Headers.of(("A B", "1"))), "expected a header's name, found b'A B'"),
        (EXCHANGE, Edit(headers=Headers.of(("A", "1\r\nB: 2"))), "a control character in the value of the header 'A'"),
        (EXCHANGE, Edit(headers=Headers.of(*[("A", "1")] * 1001)), "expected 1000 headers at most, found 1001"),
        (EXCHANGE, Edit(status=200), "there is no response yet; 'answer' gives one"),
        (EXCHANGE, Edit(method="\ud800"), "half a surrogate pair"),
        (ANSWERED, Edit(method="GET"), "expected status, headers or body of the response"),
        (ANSWERED, Edit(url="/b"), "expected status, headers or body of the response"),
        (ANSWERED, Edit(status=101), "expected a status from 200 to 999, found 101"),
        (ANSWERED, Edit(headers=Headers.of(("A", "1\n"))), "a control character in the value"),
    ],
)
def test_nothing_that_breaks_the_wire(exchange, edit, message):
    with pytest.raises(EditError, match=message):
        edited(exchange, edit)


def test_framing_is_no_header_that_people_write():
    smuggled = Headers.of(("Transfer-Encoding", "chunked"), ("Content-Length", "0"), ("X-A", "1"))

    assert edited(EXCHANGE, Edit(headers=smuggled)).request.headers == Headers.of(("X-A", "1"), ("Content-Length", "4"))


def test_an_answer_is_checked_too():
    assert made_response(204, Headers(), b"").status == 204
    with pytest.raises(EditError, match="from 200 to 999"):
        made_response(99, Headers(), b"")
    with pytest.raises(EditError, match="header's name"):
        made_response(200, Headers.of(("", "x")), b"")


@pytest.mark.parametrize("pairs", [["X-A: 1"], [["X-A"]], [["X-A", 1]], [{"X-A": "1"}], [["X-A", "\ud800"]]])
def test_headers_are_pairs_of_texts(pairs):
    with pytest.raises(EditError):
        headers_of(pairs)


def test_the_later_of_two_edits_counts():
    assert Edit(method="A", body=b"").over(Edit(method="B", url="/b")) == Edit(method="A", url="/b", body=b"")
    assert Edit(method="A").over(None) == Edit(method="A")
