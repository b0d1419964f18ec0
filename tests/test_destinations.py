from ipaddress import ip_address

import pytest

from lockgate.destinations import (
    PRIVATE,
    Destination,
    Reach,
    kind_of,
    parse_destination,
    places_of,
    plain_host,
    tls_for,
)
from lockgate.exchange import UpstreamTls


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", ""),
        ("2001:4860:4860::8888", ""),
        ("::ffff:8.8.8.8", ""),
        ("64:ff9b::808:808", ""),
        ("2002:808:808::", ""),
        ("127.0.0.1", "a loopback address"),
        ("127.255.255.255", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("::127.0.0.1", "a loopback address"),
        ("::ffff:0:127.0.0.1", "a loopback address"),
        ("64:ff9b::7f00:1", "a loopback address"),
        ("64:ff9b:1::7f00:1", "a loopback address"),
        ("2002:7f00:1::", "a loopback address"),
        ("0.0.0.0", "an address of nobody"),
        ("0.1.2.3", "an address of nobody"),
        ("::", "an address of nobody"),
        ("169.254.7.7", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%1", "a link-local address"),
        ("febf::1", "a link-local address"),
        ("169.254.169.254", "what a cloud tells its machines"),
        ("169.254.170.23", "what a cloud tells its machines"),
        ("fd00:ec2::254", "what a cloud tells its machines"),
        ("fd20:ce::254", "what a cloud tells its machines"),
        ("100.100.100.200", "what a cloud tells its machines"),
        ("168.63.129.16", "what a cloud tells its machines"),
        ("192.0.0.192", "what a cloud tells its machines"),
        ("::ffff:169.254.169.254", "what a cloud tells its machines"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("255.255.255.255", "a reserved network"),
        ("192.0.0.1", "a reserved network"),
        ("10.1.2.3", PRIVATE),
        ("172.16.0.1", PRIVATE),
        ("172.32.0.1", ""),
        ("192.168.0.1", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("fc00::1", PRIVATE),
        ("::ffff:10.0.0.1", PRIVATE),
    ],
)
def test_kinds_of_addresses(address: str, kind: str) -> None:
    assert kind_of(ip_address(address)) == kind


def test_of_several_meanings_the_worst_counts() -> None:
    # Teredo: its server is 10.0.0.1, its client 127.0.0.1.
    client = 0xFFFFFFFF ^ int(ip_address("127.0.0.1"))
    teredo = ip_address((0x20010000 << 96) | (int(ip_address("10.0.0.1")) << 64) | client)
    assert kind_of(teredo) == "a loopback address"


@pytest.mark.parametrize(
    ("text", "name", "network", "port"),
    [
        ("*", "*", None, 0),
        ("Shop.Test.", "shop.test", None, 0),
        ("*.shop.test", "*.shop.test", None, 0),
        ("shop.test:8080", "shop.test", None, 8080),
        ("127.0.0.1", "", "127.0.0.1/32", 0),
        ("127.0.0.1:80", "", "127.0.0.1/32", 80),
        ("10.0.0.0/8", "", "10.0.0.0/8", 0),
        ("10.1.2.3/8", "", "10.0.0.0/8", 0),
        ("::1", "", "::1/128", 0),
        ("[::1]", "", "::1/128", 0),
        ("[::1]:80", "", "::1/128", 80),
        ("fc00::/7", "", "fc00::/7", 0),
    ],
)
def test_destinations_are_read(text: str, name: str, network: str | None, port: int) -> None:
    found = parse_destination(text)
    assert (found.name, found.port) == (name, port)
    assert (None if found.network is None else str(found.network)) == network


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "http://a", "a/b", "*a", "a*b.c", "[a]", "a:b", "a:99999", "a:1:2", "user@a", "a?b", "*.", "%"],
)
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_destination(text)


def test_names_below_a_name_do_not_mean_the_name_itself() -> None:
    below = parse_destination("*.shop.test")
    address = ip_address("127.0.0.1")
    assert below.holds("a.shop.test", 80, address)
    assert below.holds("a.b.shop.test", 80, address)
    assert not below.holds("shop.test", 80, address)
    assert not below.holds("evilshop.test", 80, address)


def test_a_network_holds_addresses_in_any_form() -> None:
    network = parse_destination("127.0.0.0/8")
    assert network.holds("x", 80, ip_address("::ffff:127.0.0.1"))
    assert not network.holds("x", 80, ip_address("::1"))


@pytest.mark.parametrize(
    ("host", "plain"),
    [("Shop.Test.", "shop.test"), ("[::1]", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("127.0.0.1", "127.0.0.1"), (".", ".")],
)
def test_hosts_are_compared_in_one_form(host: str, plain: str) -> None:
    assert plain_host(host) == plain


def test_localhost_is_known_by_its_addresses_too() -> None:
    reach = Reach(own=places_of("LOCALHOST", 80))
    for host, address in (("127.0.0.1", "127.0.0.1"), ("localhost", "::1"), ("::1", "::1")):
        assert reach.refusal(host, 80, ip_address(address)) == ""
    assert reach.refusal("127.0.0.1", 81, ip_address("127.0.0.1"))


def test_what_is_public_needs_no_leave() -> None:
    assert Reach(private=False).refusal("shop.test", 80, ip_address("192.0.2.1")) == ""


def test_private_networks_are_open_unless_the_settings_say_not() -> None:
    address = ip_address("10.0.0.1")
    assert Reach().refusal("inner.test", 80, address) == ""
    assert "a private network" in Reach(private=False).refusal("inner.test", 80, address)
    assert Reach(private=False, allowed=(Destination("inner.test"),)).refusal("inner.test", 80, address) == ""


def test_a_refusal_says_what_to_do() -> None:
    assert Reach().refusal("a.test", 80, ip_address("::1")) == (
        "a.test is ::1, which is a loopback address: no script may call it unless "
        "x-lockgate.scripts.allowed_hosts names it"
    )
    assert Reach().refusal("::1", 80, ip_address("::1")).startswith("::1 is a loopback address:")


def test_the_most_exact_entry_for_tls_counts() -> None:
    usual, exact, bare, below, other = (UpstreamTls(server_name=name) for name in "abcde")
    by_host = {"x.shop.test:8443": exact, "x.shop.test": bare, "*.shop.test": below, "*": other}
    assert tls_for(usual, None, "x.shop.test", "x.shop.test") is usual
    assert tls_for(usual, {"z": exact}, "x.shop.test", "x.shop.test") is usual
    assert tls_for(usual, by_host, "X.shop.test:8443", "X.shop.test") is exact
    assert tls_for(usual, by_host, "x.shop.test:1", "x.shop.test") is bare
    assert tls_for(usual, by_host, "y.shop.test:8443", "y.shop.test") is below
    assert tls_for(usual, by_host, "shop", "shop") is other
