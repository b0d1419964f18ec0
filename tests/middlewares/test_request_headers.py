from tests.helpers import make_exchange, make_services, make_text

from lockgate.exchange import Headers
from lockgate.middleware import Continue
from lockgate.middlewares.request_headers import RequestHeaders, request

SENT = (("X-A", "1"), ("Content-Length", "3"), ("X-Forwarded-For", "192.0.2.9"))


def run(remove=(), add=(), **fields):
    config = RequestHeaders(remove, tuple((name, make_text(value)) for name, value in add))
    return request(config, make_exchange("POST", "/", SENT, **fields), make_services())


def test_framing_and_host_are_left_alone():
    names = ("content-length", "Transfer-Encoding", "Host")

    assert run(names, [(name, "9") for name in names]) == Continue(make_exchange("POST", "/", SENT))


def test_removes_then_sets_and_remembers_its_own():
    outcome = run(("x-a",), [("x-a", "$tyk_context.path")], variables={"path": "/p"})

    expected = make_exchange("POST", "/", (*SENT[1:], ("x-a", "/p")), variables={"path": "/p"}, own_headers={b"x-a"})
    assert outcome == Continue(expected)


def test_a_second_link_adds_to_what_the_first_one_remembered():
    outcome = run((), [("X-B", "2")], own_headers=frozenset({b"x-a"}), forwarded_for=False)

    assert outcome.exchange.own_headers == {b"x-a", b"x-b"}
    assert not outcome.exchange.forwarded_for


def test_a_removed_x_forwarded_for_is_not_appended_to():
    outcome = run(("x-forwarded-for",), [("X-Forwarded-For", "192.0.2.200")])

    assert outcome.exchange.request.headers == Headers.of(*SENT[:2], ("X-Forwarded-For", "192.0.2.200"))
    assert not outcome.exchange.forwarded_for
