from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lockgate.difference import Change, difference
from lockgate.exchange import NOT_READ, Exchange, Headers, Request, Response, Tracking

BEFORE = Exchange(
    "1",
    datetime(2026, 1, 1, tzinfo=UTC),
    Request("GET", "/a", "b=1", Headers.of(("Accept", "a"), ("X-Gone", "1"), ("accept", "b")), b"old", "host"),
)


def test_nothing_changed():
    assert difference(BEFORE, BEFORE) == ()
    assert difference(BEFORE, replace(BEFORE, request=replace(BEFORE.request))) == ()


def test_a_body_that_was_not_read_is_no_change():
    assert difference(BEFORE, replace(BEFORE, request=replace(BEFORE.request, body=NOT_READ))) == ()


def test_every_part_of_a_request():
    after = replace(
        BEFORE,
        request=Request("PUT", "/c", None, Headers.of(("accept", "z"), ("X-New", "2")), b"new", "other"),
    )

    assert difference(BEFORE, after) == (
        Change("method", "GET", "PUT"),
        Change("url", "/a?b=1", "/c"),
        Change("host", "host", "other"),
        Change("header", "a, b", "z", "accept"),
        Change("header", "1", None, "X-Gone"),
        Change("header", None, "2", "X-New"),
        Change("body", b"old", b"new"),
    )


@pytest.mark.parametrize(
    ("tracking", "said"), [(Tracking("/a/{b}"), "recorded as /a/{b}"), (Tracking("/a", never=True), "not recorded")]
)
def test_how_it_is_recorded(tracking, said):
    after = replace(BEFORE, tracking=tracking)

    assert difference(BEFORE, after) == (Change("tracking", None, said, message="exchange"),)


def test_an_answer_and_facts():
    after = replace(
        BEFORE, response=Response(403, Headers.of(("A", "1"))), ignored=True, rewritten="/x", variables={"path": "/a"}
    )

    assert difference(BEFORE, after) == (
        Change("status", None, "403", message="response"),
        Change("header", None, "1", "A", "response"),
        Change("ignored", "False", "True", message="exchange"),
        Change("rewritten", None, "/x", message="exchange"),
        Change("variable", None, "/a", "path", "exchange"),
    )


def test_a_key_that_was_recognised_is_a_change():
    before = BEFORE

    assert [(c.part, c.before, c.after) for c in difference(before, replace(before, key="ann"))] == [
        ("key", None, "ann")
    ]
