"""Conditions of breakpoints."""

import gzip

import pytest
from tests.helpers import make_exchange, make_response

from lockgate.debugging.conditions import compile_condition
from lockgate.exchange import NOT_READ

REQUEST = make_exchange(
    "POST", "/users/7%20a?x=1", (("X-Trace", "one"), ("X-Trace", "two"), ("Accept", "text/html")), b'{"price": 12}'
)
ANSWERED = make_exchange(
    "POST", "/users/7", (("X-Trace", "one"),), b"sent", response=make_response(503, (("X-Trace", "back"),), b"failed")
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("method = POST", True),
        ("method != POST", False),
        ("method ~ ^P", True),
        ("path = '/users/7 a'", True),
        ("path ~ ^/users/[0-9]+", True),
        ("path !~ ^/users", False),
        ("header X-Trace", True),
        ("header x-trace = two", True),
        ("header X-Trace != two", False),
        ("header X-Other", False),
        ("header X-Other != two", True),
        ("not header X-Other", True),
        ("header Host = gateway.test", True),
        ("header Accept ~ html and method = POST", True),
        ("header Accept ~ html and method = GET", False),
        ('body ~ "price": [0-9]+', True),
        ("body ~ 'and'", False),
        ("body = nothing", False),
        ("status = 200", False),
        ("status != 200", False),
        ("response header X-Trace", False),
    ],
)
def test_a_request(condition, holds):
    assert compile_condition(condition)(REQUEST) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("status = 503", True),
        ("status=5xx", True),
        ("status != 5xx", False),
        ("status >= 500", True),
        ("status > 503", False),
        ("status < 504", True),
        ("status <= 502", False),
        ("status ~ ^5", True),
        ("header X-Trace = back", True),
        ("request header X-Trace = one", True),
        ("body = failed", True),
        ("request body = sent", True),
        ("method = POST", True),
    ],
)
def test_a_response(condition, holds):
    """Where there is one, it is what is tested, unless the test says otherwise."""
    assert compile_condition(condition)(ANSWERED) is holds


def test_a_body_is_searched_without_its_content_encoding():
    packed = make_exchange("POST", "/", (("Content-Encoding", "gzip"),), gzip.compress(b"hidden"))

    assert compile_condition("body ~ hidden")(packed)


@pytest.mark.parametrize("condition", ["body ~ x", "body !~ x", "body = x"])
def test_nothing_is_said_of_a_body_that_is_not_there(condition):
    assert not compile_condition(condition)(make_exchange("POST", "/", (), NOT_READ))


def test_bytes_that_are_no_text_are_searched():
    assert compile_condition("body ~ name")(make_exchange("POST", "/", (), b"\xff\xfename"))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("status = many", "expected a status such as 404, or 5xx behind '=', found 'many'"),
        ("status > 5xx", "expected a status such as 404, or 5xx behind '=', found '5xx'"),
        ("method", "expected =, !=, ~ or !~ and a value behind 'method', found 'method'"),
        ("path > 5", "expected =, !=, ~ or !~ behind 'path', found '>': only a status has an order"),
        ("header", "expected a test such as"),
        ("request status = 200", "a request has no status"),
        ("response path = /", "a response has no path"),
        ("path ~ (", r"the regular expression '\(' cannot be used"),
        ("path = 'x", "a quote in .* has no end"),
        ("method = POST and", "expected a test such as"),
        ("~m POST", "expected a condition such as .*, found '~m POST'"),
        ("status = 200" * 200, "expected a condition of 1000 characters at most"),
    ],
)
def test_what_is_no_condition(condition, message):
    with pytest.raises(ValueError, match=message):
        compile_condition(condition)


def test_anything_else_is_the_hosts():
    asked = []

    def make(text):
        asked.append(text)
        return lambda exchange: exchange.request.method == "POST"

    assert compile_condition("~m POST & ~u users", make)(REQUEST)
    assert asked == ["~m POST & ~u users"]


def test_what_the_host_does_not_understand():
    def make(text):
        raise ValueError("no such operator")

    with pytest.raises(ValueError, match="or a filter: no such operator"):
        compile_condition("~nonsense", make)
