import pytest
from tests.helpers import make_exchange, make_services

from lockgate.middleware import Continue, Reason, Reject
from lockgate.middlewares.request_size_limit import RequestSizeLimit, request


@pytest.mark.parametrize(
    ("method", "length", "reason"),
    [
        pytest.param("POST", None, Reason.LENGTH_REQUIRED, id="not announced"),
        pytest.param("PURGE", None, Reason.LENGTH_REQUIRED, id="any other method"),
        pytest.param("POST", "+5", Reason.LENGTH_INVALID, id="sign"),
        pytest.param("POST", "five", Reason.LENGTH_INVALID, id="letters"),
        pytest.param("POST", "٥", Reason.LENGTH_INVALID, id="other digits"),
        pytest.param("PUT", "11", Reason.TOO_LARGE, id="one more"),
        pytest.param("PUT", "9" * 5000, Reason.TOO_LARGE, id="very long number"),
    ],
)
def test_refuses(method, length, reason):
    headers = () if length is None else (("Content-Length", length),)

    assert request(RequestSizeLimit(10), make_exchange(method, "/", headers), make_services()) == Reject(reason)


@pytest.mark.parametrize(
    ("method", "length"),
    [
        pytest.param("POST", "10", id="equal"),
        pytest.param("POST", "0", id="nothing"),
        pytest.param("POST", "0" * 5000 + "10", id="zeros before"),
        *(pytest.param(method, "11", id=method) for method in ("GET", "DELETE", "TRACE", "OPTIONS", "HEAD")),
    ],
)
def test_lets_through(method, length):
    exchange = make_exchange(method, "/", (("content-length", length),))

    assert request(RequestSizeLimit(10), exchange, make_services()) == Continue(exchange)


def test_zero_refuses_every_body():
    exchange = make_exchange("POST", "/", (("Content-Length", "1"),))

    assert request(RequestSizeLimit(0), exchange, make_services()) == Reject(Reason.TOO_LARGE)
