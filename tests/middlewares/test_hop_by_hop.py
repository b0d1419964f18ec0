import pytest
from tests.helpers import make_exchange, make_response, make_services

from lockgate.middleware import Continue
from lockgate.middlewares.hop_by_hop import HopByHop, response


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        pytest.param(
            200, [("X Space", "1"), ("", "1"), ("X-Colon:", "1"), ("X-A", "1")], [("X-A", "1")], id="bad names"
        ),
        pytest.param(200, [("X-A", "a\nX-B: b\r\nc\x00d\x7f")], [("X-A", "a X-B: b  c d")], id="control characters"),
        pytest.param(200, [("X-A", "a\tb")], [("X-A", "a\tb")], id="tab"),
        pytest.param(200, [("Connection", "X-A, close"), ("x-a", "1"), ("Keep-Alive", "5")], [], id="connection"),
        pytest.param(200, [("Transfer-Encoding", "chunked"), ("Upgrade", "h2")], [], id="framing"),
        pytest.param(200, [("Trailer", "X-Sum")], [("Trailer", "X-Sum")], id="announced trailers stay"),
        pytest.param(
            101,
            [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Keep-Alive", "5")],
            [("Connection", "Upgrade"), ("Upgrade", "websocket")],
            id="upgrade",
        ),
    ],
)
def test_cleans_headers(status, headers, expected):
    exchange = make_exchange(response=make_response(status, tuple(headers)))

    outcome = response(HopByHop(), exchange, make_services())

    assert outcome == Continue(make_exchange(response=make_response(status, tuple(expected))))


def test_a_clean_response_is_the_same_object():
    exchange = make_exchange(response=make_response(200, (("X-A", "1"),)))

    assert response(HopByHop(), exchange, make_services()).exchange is exchange
    assert response(HopByHop(), make_exchange(), make_services()) == Continue(make_exchange())
