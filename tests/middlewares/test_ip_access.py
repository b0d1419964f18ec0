from ipaddress import ip_network

import pytest
from tests.helpers import make_exchange, make_services

from lockgate.middleware import Continue, Reason, Reject
from lockgate.middlewares.ip_access import IpAccess, request

REFUSED = Reject(Reason.IP_DISALLOWED)


def networks(*texts):
    return tuple(ip_network(text) for text in texts)


def ask(config, *headers):
    return request(config, make_exchange("GET", "/", headers), make_services())


def real(address):
    return ("X-Real-IP", address)


def test_a_short_x_forwarded_for_does_not_pass_the_block_list():
    config = IpAccess(block=networks("192.0.2.1"), xff_depth=2)

    assert ask(config, ("X-Forwarded-For", "203.0.113.9")) == REFUSED


@pytest.mark.parametrize(
    ("config", "address"),
    [
        pytest.param(IpAccess(allow=()), "127.0.0.1", id="a list without an address allows nobody"),
        pytest.param(IpAccess(allow=networks("203.0.113.0/24")), "203.0.112.255", id="below a network"),
        pytest.param(IpAccess(allow=networks("203.0.113.0/24")), "203.0.114.0", id="above a network"),
        pytest.param(IpAccess(allow=networks("203.0.113.0/24")), "2001:db8::1", id="IPv6"),
        pytest.param(IpAccess(allow=networks("::/96")), "0.0.0.1", id="IPv4 is not the same number in IPv6"),
        pytest.param(
            IpAccess(networks("203.0.113.0/24"), networks("203.0.113.9")), "203.0.113.9", id="blocked among the allowed"
        ),
        pytest.param(IpAccess(block=networks("1.2.3.4")), "::ffff:1.2.3.4", id="IPv4 in IPv6"),
        pytest.param(IpAccess(block=networks("10.0.0.0/8", "10.1.0.0/16", "8.8.8.8")), "10.200.0.1", id="nested"),
        pytest.param(IpAccess(block=networks("2001:db8::/32", "10.0.0.0/8")), "2001:db8::7", id="IPv6 block"),
    ],
)
def test_refuses(config, address):
    assert ask(config, real(address)) == REFUSED


@pytest.mark.parametrize(
    ("config", "address"),
    [
        pytest.param(IpAccess(), "203.0.113.9", id="no lists"),
        pytest.param(IpAccess(networks("203.0.113.0/24"), networks("203.0.113.9")), "203.0.113.8", id="allowed"),
        pytest.param(IpAccess(block=networks("203.0.113.9")), "203.0.113.8", id="not blocked"),
    ],
)
def test_lets_in(config, address):
    outcome = ask(config, real(address))

    assert outcome == Continue(make_exchange("GET", "/", (real(address),)))


def test_an_unknown_address_is_not_allowed():
    config = IpAccess(allow=networks("0.0.0.0/0"), xff_depth=3)

    assert ask(config, ("X-Forwarded-For", "203.0.113.9")) == REFUSED


def test_the_connection_counts_without_headers():
    assert ask(IpAccess(block=networks("192.0.2.0/24"))) == REFUSED
    assert ask(IpAccess(allow=networks("192.0.2.1"))) == Continue(make_exchange())
