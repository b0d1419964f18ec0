import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate import exchange
from lockgate.exchange import NOT_READ, Exchange, Headers, Request, canonical, decode_text, encode_text

HEADERS = Headers.of(("Accept", "a"), ("X-Trace", "1"), ("accept", "b"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("x-request-id", "X-Request-Id", id="lower"),
        pytest.param("X-REQUEST-ID", "X-Request-Id", id="upper"),
        pytest.param("etag", "Etag", id="one word"),
        pytest.param("bad name", "bad name", id="not allowed"),
        pytest.param("", "", id="empty"),
    ],
)
def test_canonical(name, expected):
    assert canonical(name) == expected


def test_names_compare_without_case():
    assert HEADERS.get("ACCEPT") == "a"
    assert HEADERS.get_all("aCCEPT") == ("a", "b")
    assert "x-trace" in HEADERS
    assert HEADERS.get("missing") is None
    assert "missing" not in HEADERS


def test_set_leaves_one_field_where_the_first_stood():
    assert list(HEADERS.set("accept", "c")) == [("accept", "c"), ("X-Trace", "1")]
    assert list(HEADERS.set("New", "n"))[-1] == ("New", "n")


def test_remove_takes_every_field_of_the_names():
    assert list(HEADERS.remove("ACCEPT", "missing")) == [("X-Trace", "1")]
    assert HEADERS.remove("missing") is HEADERS


def test_changes_give_new_headers():
    before = tuple(HEADERS.fields)

    HEADERS.set("Accept", "z").add("Q", "1").remove("X-Trace")

    assert HEADERS.fields == before


@given(st.binary())
def test_any_bytes_survive(raw):
    assert encode_text(decode_text(raw)) == raw


def test_an_exchange_cannot_be_changed():
    exchange = Exchange("1", None, Request("GET", "/"))

    with pytest.raises(AttributeError):
        exchange.id = "2"


def test_a_body_that_was_not_read_says_so():
    assert repr(Request("GET", "/", body=NOT_READ).body) == "NOT_READ"


@pytest.mark.parametrize(
    ("query", "target"),
    [pytest.param(None, "/a", id="none"), pytest.param("", "/a?", id="bare"), pytest.param("b=c", "/a?b=c", id="some")],
)
def test_target(query, target):
    assert Request("GET", "/a", query).target == target


def test_long_names_are_not_kept():
    before = exchange._kept_canonical.cache_info().currsize
    name = "x-" + "n" * 100

    assert exchange.canonical(name) == "X-N" + "n" * 99
    assert exchange._kept_canonical.cache_info().currsize == before


@given(st.binary())
def test_long_bodies_are_decoded_alike(raw):
    as_usual = decode_text(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "_DECODED_AT_ONCE", 2)
        assert decode_text(raw) == as_usual
