"""Two exchanges beside each other: what differs, what does not count, and what is shown of it."""

import gzip

import pytest
from tests.apis import oas, snapshot, tried

from lockgate.debugging.ignoring import Rules
from lockgate.exchange import NOT_READ, Headers, Response, replace
from lockgate.pages.compare import RULES, Wanted, ignored_by
from lockgate.pages.sides import LENGTH, MOST_PARTS, MOST_ROWS, UNKNOWN, Row, sides

PLAIN = (("Content-Type", "text/plain"),)


def api(trace="one", **sections):
    added = {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Trace", "value": trace}]}}
    return snapshot(oas({"GET /a": {**added, **sections}, "POST /a": added}))


def nothing_ignored(_):
    return ""


def rows(before, after, message, ignores=nothing_ignored):
    found = next(one for one in sides(before, after, ignores)["messages"] if one["name"] == message)
    return {
        row["name"]: (row["before"], row["after"]) for row in found["rows"] if not row["same"] and not row["ignored"]
    }


def answered(body, *headers, status=200, of=None):
    return tried(of or api(), "GET", "/api/a", answer=Response(status, Headers.of(*headers), body))


def test_equal_runs_have_no_difference():
    found = sides(tried(api(), "GET", "/api/a"), tried(api(), "GET", "/api/a"), nothing_ignored)

    assert found["different"] == 0
    assert [one["name"] for one in found["messages"]] == ["request", "upstream_request", "upstream_response", "answer"]
    assert all(step["same"] for step in found["steps"])


def test_headers_by_name_and_links_that_ran_in_one():
    before = tried(api(), "GET", "/api/a")
    after = tried(api("two", urlRewrite={"enabled": True, "pattern": "/a", "rewriteTo": "/b"}), "GET", "/api/a")

    assert rows(before, after, "upstream_request") == {"target": ("/a", "/b"), "X-Trace": ("one", "two")}
    only = [pair for pair in sides(before, after, nothing_ignored)["steps"] if pair["before"] is None]
    assert [pair["after"]["link"] for pair in only] == ["url_rewrite"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,3],"a":1}', {"/b/1": ("2", "3")}),
        (b'{"a": 1}', b'{"a": 1, "c/d": {"~": null}}', {"/c~1d/~0": (None, "null")}),
        (b'{"a": 1.0}', b'{"a": 1}', {"/a": ("1.0", "1")}),
        (b'{"a": {}}', b'{"a": []}', {"/a": ("{}", "[]")}),
        (b"one\ntwo\nthree", b"one\n2\nthree", {"2": ("two", "2")}),
        (b"<a><b>1</b><c>2</c></a>", b"<a><b>1</b><c>3</c></a>", {"3": ("<c>2</c>", "<c>3</c>")}),
        (b"[1", b"[2", {"1": ("[1", "[2")}),
        (b"", b"a", {"1": (None, "a")}),
    ],
)
def test_bodies_by_value_or_by_line(before, after, found):
    one, other = answered(before, *PLAIN), answered(after, *PLAIN)
    assert rows(one, other, "answer") == found


def test_bytes_are_compared_as_a_whole():
    ((before, after),) = rows(answered(b"\xff\x00"), answered(b"\xff\x01"), "answer").values()
    assert before.startswith("2 bytes, sha256 ")
    assert before != after


def test_content_encoding_is_undone():
    packed = Response(200, Headers.of(("Content-Encoding", "gzip")), gzip.compress(b'{"a": 1}'))
    other = replace(packed, body=gzip.compress(b'{"a": 2}'))
    before, after = (tried(api(), "GET", "/api/a", answer=one) for one in (packed, other))

    assert rows(before, after, "answer") == {"/a": ("1", "2")}


def test_a_body_that_streamed_past_is_not_known_to_differ():
    before, after = answered(b"a", *PLAIN), answered(b"a", *PLAIN)
    before.answer = replace(before.answer, body=NOT_READ)
    found = sides(before, after, nothing_ignored)["messages"][-1]

    (row,) = (row for row in found["rows"] if row["kind"] == "body")
    assert (row["before"], row["after"], row["ignored"]) == ("not kept: it streamed past", "1 bytes", UNKNOWN)
    assert found["different"] == 0


def test_a_length_that_follows_from_the_body_does_not_count():
    before, after = answered(b"a", ("Content-Length", "1")), answered(b"bb", ("Content-Length", "2"))
    found = sides(before, after, nothing_ignored)["messages"][-1]

    assert [row["ignored"] for row in found["rows"] if row["name"] == "Content-Length"] == [LENGTH]
    assert found["different"] == 1


def test_secrets_differ_and_are_not_shown():
    before = tried(api(), "GET", "/api/a?x=1", (("Authorization", "Bearer first-secret"),))
    after = tried(api(), "GET", "/api/a?x=1", (("Authorization", "Bearer other-secret"),))
    found = sides(before, after, nothing_ignored)

    assert rows(before, after, "request") == {"Authorization": ("•••", "•••")}
    assert "secret" not in str(found["messages"]) + str(found["steps"])


def test_no_answer_is_shown_as_the_error():
    before, after = answered(b"a"), answered(b"a")
    after.answer, after.error = None, "Client disconnected."
    assert rows(before, after, "answer")["error"] == (None, "Client disconnected.")


def test_very_long_bodies_are_cut_and_counted():
    before = answered("\n".join(map(str, range(MOST_ROWS + 100))).encode())
    after = answered("\n".join(map(str, range(1, MOST_ROWS + 101))).encode())
    found = sides(before, after, nothing_ignored)["messages"][-1]

    assert len(found["rows"]) == MOST_ROWS
    assert found["cut"] > 0


def test_the_rest_of_a_huge_body_is_compared_as_a_whole():
    lines = [str(number) for number in range(MOST_PARTS + 10)]
    before, after = answered("\n".join(lines).encode()), answered("\n".join([*lines[:-1], "other"]).encode())
    found = sides(before, after, nothing_ignored)["messages"][-1]
    assert found["different"] == 1


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("header", "Date", "Mon, 01 Jan 2024 00:00:00 GMT", "x"), "dates"),
        (("value", "/at", '"2024-01-01T00:00:00Z"', '"2025-01-01T00:00:01.5+02:00"'), "dates"),
        (("value", "/at", "1700000000", "1700000001"), "dates"),
        (("text", "1", "at 2024-01-01 it was", "at 2025-01-02 it was"), "dates"),
        (("header", "X-Request-Id", "1", "2"), "ids"),
        (("value", "/id", '"7cdc97c6-4a6e-4a25-9a90-8a7a4a0c2f43"', '"0cdc97c6-4a6e-4a25-9a90-8a7a4a0c2f43"'), "ids"),
        (("header", "X-RateLimit-Remaining", "9", "8"), "limits"),
        (("value", "/at", '"2024-01-01"', None), ""),
        (("value", "/at", '"2024-01-01"', '"never"'), ""),
        (("value", "/count", "17", "18"), ""),
    ],
)
def test_rules(row, rule):
    kind, name, before, after = row
    made = Row(kind, name, before, after)
    assert ignored_by(Wanted().rules([]), made) == rule
    assert ignored_by(Wanted(frozenset(one.name for one in RULES)).rules([]), made) == ""


def test_what_the_gateway_drew_by_lot_does_not_count():
    row = Row("header", "X-Id", "drawn-first", "drawn-other")
    assert ignored_by(Wanted().rules([["drawn-first"], ["drawn-other"]]), row) == "ids"
    assert ignored_by(Wanted().rules([["drawn-first"], []]), row) == ""


@pytest.mark.parametrize(
    ("rules", "row"),
    [
        (Rules(headers=frozenset({"x-a"})), ("header", "X-A")),
        (Rules(pointers=(("items", "*", "id"),)), ("value", "/items/0/id")),
        (Rules(parts=frozenset({"url"})), ("line", "target")),
        (Rules(parts=frozenset({"body"})), ("text", "1")),
    ],
)
def test_rules_of_ones_own(rules, row):
    made = Row(*row, "one", None)
    assert ignored_by(Wanted(own=rules).rules([]), made) == "yours"
    assert ignored_by(Wanted().rules([]), made) == ""
