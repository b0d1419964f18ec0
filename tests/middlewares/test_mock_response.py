import pytest
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Headers, Response
from lockgate.middleware import Reason, Reject, Respond
from lockgate.middlewares.mock_response import MockResponse, request


@pytest.mark.parametrize("status", [-1, 42, 100, 199, 1000])
def test_a_status_that_is_none_is_refused(status):
    outcome = request(MockResponse(status), make_exchange(), make_services())

    message = f"failed to mock response: mock: {status} is not a valid status code"
    assert outcome == Reject(Reason.MOCK_FAILED, message)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(MockResponse(), Response(200), id="nothing given"),
        pytest.param(MockResponse(0, b"x"), Response(200, body=b"x"), id="no status"),
        pytest.param(MockResponse(999, b"$tyk_context.path"), Response(999, body=b"$tyk_context.path"), id="verbatim"),
        pytest.param(MockResponse(204, b"x"), Response(204), id="204 has no body"),
        pytest.param(MockResponse(304, b"x"), Response(304), id="304 has no body"),
        pytest.param(
            MockResponse(headers=Headers.of(("x-a", "1"), ("X-A", "2"), ("Content-Length", "1"))),
            Response(200, Headers.of(("X-A", "2"))),
            id="headers",
        ),
    ],
)
def test_answers_and_passes_the_response_chain(config, expected):
    assert request(config, make_exchange(), make_services()) == Respond(expected, finish=False)
