import pytest
from tests.helpers import make_exchange, make_services

from lockgate.middleware import Continue, Reason, Reject
from lockgate.middlewares.request_method import RequestMethod, request


@pytest.mark.parametrize("to_method", ["", "HEAD", "TRACE", "PURGE", " GET"])
def test_a_method_that_cannot_be_is_refused(to_method):
    assert request(RequestMethod(to_method), make_exchange(), make_services()) == Reject(Reason.METHOD_NOT_ALLOWED)


@pytest.mark.parametrize("to_method", ["GET", "post", "Put", "DELETE", "OPTIONS", "PATCH"])
def test_the_method_is_recorded_and_the_request_stays(to_method):
    outcome = request(RequestMethod(to_method), make_exchange("GET", "/a"), make_services())

    assert outcome == Continue(make_exchange("GET", "/a", to_method=to_method.upper()))
