import pytest
from tests.helpers import make_exchange, make_response, make_services, make_text

from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares.response_headers import ResponseHeaders, body_need, response
from lockgate.trace import Phase


def config(remove=(), add=()):
    return ResponseHeaders(remove, tuple((name, make_text(value)) for name, value in add))


def test_upstream_values_are_not_expanded():
    exchange = make_exchange(response=make_response(200, (("X-A", "$tyk_context.path"),)), variables={"path": "/p"})

    assert response(config((), [("X-B", "")]), exchange, make_services()).exchange.response == make_response(
        200, (("X-A", "$tyk_context.path"), ("X-B", ""))
    )


def test_removes_then_sets():
    exchange = make_exchange(response=make_response(404, (("X-A", "1"), ("x-a", "2"))), variables={"path": "/p"})

    outcome = response(config(("X-A",), [("x-b", "$tyk_context.path")]), exchange, make_services())

    assert outcome == Continue(make_exchange(response=make_response(404, (("x-b", "/p"),)), variables={"path": "/p"}))


def test_without_a_response_nothing_happens():
    assert response(config(("X-A",)), make_exchange(), make_services()) == Continue(make_exchange())


@pytest.mark.parametrize(
    ("link", "kind", "expected"),
    [
        pytest.param(config(("X-A",)), "text/plain", BodyNeed.NONE, id="another header"),
        pytest.param(config(("Content-Type",), [("content-type", "a/b")]), "text/plain", BodyNeed.NONE, id="set again"),
        pytest.param(config(("Content-Type",)), "text/event-stream", BodyNeed.NONE, id="endless"),
        pytest.param(config(("Content-Type",)), "text/plain", BodyNeed.READ, id="taken away"),
    ],
)
def test_needs_the_body_where_its_kind_is_taken_away(link, kind, expected):
    exchange = make_exchange(response=make_response(200, (("Content-Type", kind),)))

    assert body_need(link, exchange, Phase.RESPONSE) is expected
    assert body_need(link, exchange, Phase.REQUEST) is BodyNeed.NONE
