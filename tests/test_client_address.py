import pytest

from lockgate.client_address import client_address
from lockgate.exchange import Client, Headers


@pytest.mark.parametrize(
    ("headers", "depth", "expected"),
    [
        pytest.param([("X-Real-Ip", "not-an-ip")], 0, "192.0.2.1", id="real address is none"),
        pytest.param([("X-Forwarded-For", "")], 1, "192.0.2.1", id="empty"),
        pytest.param([("X-Forwarded-For", "198.51.100.1:80")], 1, "192.0.2.1", id="with a port"),
        pytest.param([("X-Forwarded-For", "unknown, 203.0.113.2")], 2, "192.0.2.1", id="element is none"),
        pytest.param([("X-Forwarded-For", "203.0.113.2")], 2, "", id="out of range"),
        pytest.param([("X-Forwarded-For", "203.0.113.2")], -1, "", id="negative depth"),
        pytest.param([("X-Real-Ip", "192.0.2.50"), ("X-Forwarded-For", "203.0.113.2")], 1, "192.0.2.50", id="real"),
        pytest.param([("X-Forwarded-For", "203.0.113.2, 192.0.2.3")], 0, "203.0.113.2", id="leftmost"),
        pytest.param([("X-Forwarded-For", "203.0.113.2, 192.0.2.3")], 1, "192.0.2.3", id="first from the right"),
        pytest.param([("X-Forwarded-For", " 203.0.113.7 ")], 1, "203.0.113.7", id="blanks"),
        pytest.param([("X-Forwarded-For", "2001:DB8::0:1")], 1, "2001:db8::1", id="usual spelling"),
        pytest.param([("X-Forwarded-For", "::ffff:1.2.3.4")], 1, "1.2.3.4", id="IPv4 in IPv6"),
    ],
)
def test_finds_the_client(headers, depth, expected):
    assert client_address(Headers.of(*headers), Client("192.0.2.1"), depth) == expected
