import pytest
from tests.helpers import make_exchange, make_response, make_services

from lockgate.exchange import NOT_READ
from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares.content_type import ContentType, body_need, response
from lockgate.trace import Phase


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(make_exchange(response=make_response(200, (("Content-Type", ""),), b"<html>")), id="empty one"),
        pytest.param(make_exchange(response=make_response(200, (("Content-Encoding", "x"),), b"<html>")), id="encoded"),
        pytest.param(make_exchange(response=make_response(204, (), b"x")), id="204"),
        pytest.param(make_exchange(response=make_response(304, (), b"x")), id="304"),
        pytest.param(make_exchange(response=make_response(101, (), b"x")), id="101"),
        pytest.param(make_exchange(), id="no response"),
    ],
)
def test_leaves_alone(exchange):
    assert body_need(ContentType(), exchange, Phase.RESPONSE) is BodyNeed.NONE
    assert response(ContentType(), exchange, make_services()) == Continue(exchange)


@pytest.mark.parametrize("body", [b"", NOT_READ])
def test_without_a_body_nothing_happens(body):
    exchange = make_exchange(response=make_response(200, (), body))

    assert response(ContentType(), exchange, make_services()) == Continue(exchange)


def test_an_announced_empty_body_is_not_waited_for():
    exchange = make_exchange(response=make_response(200, (("Content-Length", "0"),), NOT_READ))

    assert body_need(ContentType(), exchange, Phase.RESPONSE) is BodyNeed.NONE


def test_a_body_that_head_does_not_send_tells_the_kind():
    exchange = make_exchange("HEAD", response=make_response(200, (), b"x"))

    outcome = response(ContentType(), exchange, make_services())

    told = (("Content-Type", "text/plain; charset=utf-8"),)
    assert outcome == Continue(make_exchange("HEAD", response=make_response(200, told, b"x")))


def test_head_waits_for_no_body():
    exchange = make_exchange("HEAD", response=make_response(200, (), NOT_READ))

    assert body_need(ContentType(), exchange, Phase.RESPONSE) is BodyNeed.NONE


def test_guesses_from_the_body():
    exchange = make_exchange(response=make_response(200, (), b'{"a":1}'))

    outcome = response(ContentType(), exchange, make_services())

    assert body_need(ContentType(), exchange, Phase.RESPONSE) is BodyNeed.READ
    assert body_need(ContentType(), exchange, Phase.REQUEST) is BodyNeed.NONE
    told = (("Content-Type", "text/plain; charset=utf-8"),)
    assert outcome == Continue(make_exchange(response=make_response(200, told, b'{"a":1}')))
