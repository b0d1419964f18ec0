"""What is different between two runs, and what does not count."""

import gzip
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import make_request

from lockgate.debugging.comparison import MOST_DIFFERENCES, Difference, compare, compare_messages
from lockgate.debugging.ignoring import DEFAULTS, RuleError, Rules, rules_of
from lockgate.debugging.recordings import Recorded
from lockgate.exchange import NOT_READ, Headers, Request, Response
from lockgate.services import ServiceCall

REQUEST = make_request("GET", "/x", (("X-A", "1"),), b"")


def answer(body: bytes = b"", *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status, Headers.of(*headers), body)


def run(response: Response | None = None, request: Request | None = REQUEST, ids: tuple[str, ...] = ()) -> Recorded:
    calls = tuple(ServiceCall("ids", "new_id", one) for one in ids)
    return Recorded(REQUEST, upstream_request=request, upstream_address="http://u:1", answer=response, calls=calls)


def found(before: Response, after: Response, rules: Rules = DEFAULTS) -> list[tuple[str, str | None, str | None]]:
    return [(one.field, one.before, one.after) for one in compare(run(before), run(after), rules)]


def test_equal_runs_are_the_same():
    assert compare(run(answer(b"a", ("X", "1"))), run(answer(b"a", ("x", "1"))), Rules()) == ()


def test_requests_are_compared_part_by_part():
    other = Request("POST", "/y", "q=1", Headers.of(("X-B", "1")), b"b", "other.test")
    after = replace(run(answer(), other), upstream_address="http://v:1")

    assert list(compare(run(answer()), after, Rules())) == [
        Difference("upstream request", "method", "", "GET", "POST"),
        Difference("upstream request", "url", "", "/x", "/y?q=1"),
        Difference("upstream request", "host", "", "gateway.test", "other.test"),
        Difference("upstream request", "header", "X-A", "1", None),
        Difference("upstream request", "header", "X-B", None, "1"),
        Difference("upstream request", "body", "line 1", None, "b"),
        Difference("upstream request", "address", "", "http://u:1", "http://v:1"),
    ]


def test_a_message_that_is_gone_is_one_difference():
    assert list(compare(run(answer()), run(None, None), Rules())) == [
        Difference("upstream request", "presence", "", "GET /x", None),
        Difference("answer", "presence", "", "status 200", None),
    ]


def test_statuses_and_headers_by_name():
    before = answer(b"", ("A", "1"), ("A", "2"), ("B", "1"), ("Gone", "1"))
    after = answer(b"", ("b", "1"), ("a", "1"), ("A", "3"), ("New", ""), status=404)

    assert found(before, after) == [
        ("answer status", "200", "404"),
        ("answer header a", "1, 2", "1, 3"),
        ("answer header Gone", "1", None),
        ("answer header New", None, ""),
    ]


JSON = [
    pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, [], id="order"),
    pytest.param({"a": 1}, {"a": 2}, [("/a", "1", "2")], id="number"),
    pytest.param({"a": 1}, {"a": True}, [("/a", "1", "true")], id="kind"),
    pytest.param({"a": 1}, {"a": "1"}, [("/a", "1", '"1"')], id="number and text"),
    pytest.param({"a": None}, {}, [("/a", "null", None)], id="null is not nothing"),
    pytest.param([1, 2], [1, 2, 3], [("/2", None, "3")], id="longer list"),
    pytest.param({"a/b": {"~": [0]}}, {"a/b": {"~": [1]}}, [("/a~1b/~0/0", "0", "1")], id="pointer"),
    pytest.param({"a": {"b": 1}}, {"a": 5}, [("/a", '{"b": 1}', "5")], id="another shape"),
    pytest.param(1, 2, [("/", "1", "2")], id="the whole value"),
]


@pytest.mark.parametrize(("before", "after", "expected"), JSON)
def test_json_is_compared_by_field(before, after, expected):
    one, other = (answer(json.dumps(value, indent=indent).encode()) for value, indent in ((before, None), (after, 2)))

    assert found(one, other) == [(f"answer body {place}", was, now) for place, was, now in expected]


def test_texts_are_compared_by_line_and_xml_by_element():
    assert found(answer(b"a\nb\nc\n"), answer(b"a\nB\nc\nd\n")) == [
        ("answer body line 2", "b", "B"),
        ("answer body line 4", None, "d"),
    ]
    assert found(answer(b"<a><b>1</b><c/></a>"), answer(b"<a><b>2</b><c/></a>")) == [
        ("answer body line 2", "<b>1</b>", "<b>2</b>")
    ]
    assert [place for place, _, _ in found(answer(b"a\r\nb"), answer(b"a\nb"))] == ["answer body line ends"]


def test_line_ends_of_long_texts_are_a_difference_too():
    long = b"line\n" * 3000

    assert [place for place, _, _ in found(answer(long), answer(long.replace(b"\n", b"\r\n")))] == [
        "answer body line ends"
    ]


def test_one_header_that_became_two_is_a_difference():
    before, after = answer(b"", ("Set-Cookie", "a=1, b=2")), answer(b"", ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))

    assert found(before, after) == [("answer header Set-Cookie", "a=1, b=2 (1 field)", "a=1, b=2 (2 fields)")]


def test_other_bytes_are_size_and_hash():
    ((place, before, after),) = found(answer(b"\xff\x00"), answer(b"\xff\x01a"))

    assert place == "answer body"
    assert before is not None
    assert after is not None
    assert before.startswith("2 bytes, sha256 ")
    assert after.startswith("3 bytes, sha256 ")


def test_packed_bodies_are_compared_unpacked():
    packed = [answer(gzip.compress(body), ("Content-Encoding", "gzip")) for body in (b'{"a":1}', b'{"a":2}')]

    assert found(*packed) == [("answer body /a", "1", "2")]


def test_the_length_of_a_body_that_changed_is_no_difference_of_its_own():
    one, other = answer(b'"a"', ("Content-Length", "3")), answer(b'"ab"', ("Content-Length", "4"))

    assert [field for field, _, _ in found(one, other)] == ["answer body /"]
    assert [field for field, _, _ in found(one, replace(other, body=b'"a"'))] == ["answer header Content-Length"]


def test_a_body_that_nobody_read_is_not_another_one():
    assert found(answer(b"a"), replace(answer(), body=NOT_READ)) == []


def test_many_differences_are_counted():
    one, other = (answer(json.dumps([value] * 500).encode()) for value in (1, 2))
    listed = found(one, other)

    assert len(listed) == MOST_DIFFERENCES + 1
    assert listed[-1][2] == f"… and {500 - MOST_DIFFERENCES} more differences"


def test_long_texts_end_soon():
    one, other = ("\n".join(f"{prefix}{number}" for number in range(200_000)).encode() for prefix in "ab")

    assert [field for field, _, _ in found(answer(one), answer(other))] == ["answer body line 1"]


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bodies_are_the_same_only_if_nothing_is_different(before, after):
    try:
        same = json.loads(before) == json.loads(after)
    except ValueError:
        same = before == after

    assert same or before == after or found(answer(before), answer(after)) != []
    assert found(answer(before), answer(before)) == []


# What does not count


def test_dates_and_ids_of_the_gateway_do_not_count_unless_asked():
    first, second = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    before = run(answer(f'{{"id": "{first}"}}'.encode(), ("Date", "a"), ("X-Id", first)), ids=(first,))
    after = run(answer(f'{{"id": "{second}"}}'.encode(), ("Date", "b"), ("X-Id", second)), ids=(second,))

    assert compare(before, after, DEFAULTS) == ()
    fields = [one.field for one in compare(before, after, Rules())]
    assert fields == ["answer header Date", "answer header X-Id", "answer body /id"]
    # Ids of somebody else count.
    assert len(compare(replace(before, calls=()), replace(after, calls=()), DEFAULTS)) == 2


IGNORED = [
    pytest.param(["header:X-A"], [], ["answer status", "answer body /i/0/id", "answer body /t"], id="header"),
    pytest.param(["json:/i/*/id"], [], ["answer status", "answer header X-A", "answer body /t"], id="pointer"),
    pytest.param(["json:/i"], [], ["answer status", "answer header X-A", "answer body /t"], id="what lies below"),
    pytest.param(["body"], [], ["answer status", "answer header X-A"], id="body"),
    pytest.param(
        ["status"], ["timestamp"], ["answer header X-A", "answer body /i/0/id"], id="status, and a kind of values"
    ),
    pytest.param([], ["re:[0-9]+"], ["answer status"], id="values that look so", marks=()),
]


@pytest.mark.parametrize(("ignored", "values", "left"), IGNORED)
def test_rules(ignored, values, left):
    before = answer(b'{"i": [{"id": 1}], "t": 1700000000}', ("X-A", "a1"))
    after = answer(b'{"i": [{"id": 2}], "t": 1800000000}', ("X-A", "a2"), status=201)
    fields = [field for field, _, _ in found(before, after, rules_of(ignored, values))]

    assert [field for field in fields if field != "answer status" or "re:[0-9]+" not in values] == [
        field for field in left if field != "answer status" or "re:[0-9]+" not in values
    ]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("date", "at Sat, 01 Aug 2026 10:00:00 GMT", "at Sun, 02 Aug 2026 11:00:00 GMT"),
        ("date", "2026-08-01T10:00:00Z", "2026-08-02T10:00:00.123+02:00"),
        ("uuid", "0f8fad5b-d9cb-469f-a165-70867728950e", "7C9E6679742540DE944BE07FC1F90AE7"),
        ("timestamp", "1700000000", "1700000000123"),
        ("number", "a 1", "a -2.5e7"),
        ("hex", "deadbeef00112233", "00112233deadbeef99"),
        ("ip", "10.0.0.1", "192.168.1.1"),
    ],
)
def test_kinds_of_values(kind, before, after):
    rules = rules_of([], [kind])

    assert rules.same(before, after)
    assert not rules.same(before, f"{after} and more")
    assert not rules.same(before, "something else")


@pytest.mark.parametrize(
    ("ignored", "values", "said"),
    [
        (["headers:X"], [], "expected header:NAME, json:/POINTER or one of"),
        (["header:"], [], "found 'header:'"),
        (["json:a"], [], "found 'json:a'"),
        ([], ["dates"], "expected date, uuid, timestamp"),
        ([], ["re:("], "expected a regular expression, found '('"),
    ],
)
def test_rules_that_are_none(ignored, values, said):
    with pytest.raises(RuleError, match=__import__("re").escape(said)):
        rules_of(ignored, values)


# Two messages


def test_two_messages_of_one_kind():
    assert [one.field for one in compare_messages(answer(b"a"), answer(b"b", ("A", "1")))] == [
        "message header A",
        "message body line 1",
    ]
    assert compare_messages(REQUEST, REQUEST) == ()
    with pytest.raises(TypeError, match="expected two requests or two responses"):
        compare_messages(REQUEST, answer())
