from datetime import timedelta

import pytest
from tests.helpers import RECEIVED_AT, make_exchange, make_services

from lockgate.middleware import Continue, Reason, Reject
from lockgate.middlewares.expiration import Expiration, request


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(None, id="no date"),
        pytest.param(RECEIVED_AT - timedelta(seconds=1), id="past"),
    ],
)
def test_an_expired_api_refuses(at):
    assert request(Expiration(at), make_exchange(), make_services()) == Reject(Reason.API_EXPIRED)


@pytest.mark.parametrize(
    "at", [pytest.param(RECEIVED_AT, id="this moment"), pytest.param(RECEIVED_AT + timedelta(days=1), id="future")]
)
def test_an_api_that_lasts_is_served(at):
    exchange = make_exchange()

    assert request(Expiration(at), exchange, make_services()) == Continue(exchange)
