import pytest
from tests.helpers import make_exchange, make_text

from lockgate.exchange import Headers
from lockgate.header_edits import HeaderEdits, connection_names, has_token, without_hop_by_hop

HEADERS = Headers.of(("X-A", "1"), ("x-a", "2"), ("X-B", "3"))


def edits(remove=(), add=(), untouchable=frozenset()):
    return HeaderEdits(remove, [(name, make_text(value)) for name, value in add], untouchable=untouchable)


@pytest.mark.parametrize(
    ("remove", "add", "expected"),
    [
        pytest.param([], [], HEADERS, id="nothing"),
        pytest.param(["X-C"], [], HEADERS, id="absent name"),
        pytest.param(["Content-Length"], [("Content-Length", "1")], HEADERS, id="untouchable"),
        pytest.param(["X-a"], [], Headers.of(("X-B", "3")), id="removed in any case, every value"),
        pytest.param([], [("x-a", "9")], Headers.of(("X-B", "3"), ("x-a", "9")), id="set replaces every value"),
        pytest.param(["x-b"], [("x-b", "9")], Headers.of(("X-A", "1"), ("x-a", "2"), ("x-b", "9")), id="both"),
        pytest.param(["x-a", "x-b"], [("X-C", "1"), ("x-c", "2")], Headers.of(("x-c", "2")), id="the last one counts"),
        pytest.param(["x-a", "x-b"], [("X", "$tyk_context.v")], Headers.of(("X", "value")), id="variable"),
        pytest.param(["x-a", "x-b"], [("X", "$tyk_context.none")], Headers.of(("X", "")), id="empty variable"),
        pytest.param(["x-a", "x-b"], [("X", "1 $tyk_context.none")], Headers.of(("X", "1")), id="no blank at its end"),
        pytest.param(["x-a", "x-b"], [("X", " a b\t")], Headers.of(("X", "a b")), id="no blanks around it"),
    ],
)
def test_removes_then_sets(remove, add, expected):
    exchange = make_exchange(variables={"v": "value"})

    assert edits(remove, add, frozenset({b"content-length"})).apply(HEADERS, exchange) == expected


def test_headers_without_a_change_are_the_same_object():
    assert edits(["X-C"]).apply(HEADERS, make_exchange()) is HEADERS


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], set(), id="none"),
        pytest.param([("Connection", "")], set(), id="empty"),
        pytest.param([("Connection", " , ,X-A ,")], {b"x-a"}, id="blanks"),
        pytest.param([("Connection", "X-A"), ("Connection", "X-B")], {b"x-a"}, id="the first line only"),
    ],
)
def test_names_that_connection_lists(headers, expected):
    assert connection_names(Headers.of(*headers)) == expected


def test_finds_a_token_in_any_case():
    assert has_token(Headers.of(("Connection", "keep-alive, Upgrade")), "connection", "upgrade")
    assert not has_token(Headers.of(("Connection", "upgraded")), "connection", "upgrade")


def test_hop_by_hop_fields_go_and_others_stay():
    headers = Headers.of(
        ("Connection", "X-A, X-Own, TE"),
        ("X-A", "1"),
        ("X-Own", "1"),
        ("TE", "trailers"),
        ("Upgrade", ""),
        ("X-B", "1"),
    )

    kept = without_hop_by_hop(headers, keep=frozenset({b"te"}), not_listed=frozenset({b"x-own"}))

    assert kept == [(b"X-Own", b"1"), (b"TE", b"trailers"), (b"Upgrade", b""), (b"X-B", b"1")]
