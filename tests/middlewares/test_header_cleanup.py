import pytest
from tests.helpers import make_exchange, make_response, make_services

from lockgate.middleware import Continue
from lockgate.middlewares.header_cleanup import HeaderCleanup, public_address, response
from lockgate.urls import parse_target


def cleaned(
    value, *, target="http://up.test:81/base", strip=True, scheme="https", authority="shop.test", name="location"
):
    config = HeaderCleanup((name,), scheme, authority, parse_target(target), "/shop/", strip)
    exchange = make_exchange("GET", "/base/orders", response=make_response(201, (("Location", value),)))
    return response(config, exchange, make_services()).exchange.response.headers.get("Location")


def test_without_a_response_nothing_happens():
    config = HeaderCleanup(("Location",), "https", "shop.test", parse_target("http://up.test"), "/shop/", strip=True)

    assert response(config, make_exchange(), make_services()) == Continue(make_exchange())


def test_a_scheme_is_replaced_as_a_whole():
    assert cleaned("https://up.test:81/base/1?next=shttp://x") == "https://shop.test/shop//1?next=shttp://x"


def test_a_root_path_is_no_path():
    assert cleaned("http://up.test/a/b", target="http://up.test/", strip=False) == "https://shop.test/a/b"


@pytest.mark.parametrize("value", ["", "/elsewhere"])
def test_what_names_no_upstream_stays(value):
    assert cleaned(value) == value


@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        pytest.param(
            {},
            "http://up.test:81/base/5?next=http://other.test/",
            "https://shop.test/shop//5?next=https://other.test/",
            id="stripped, target with a path",
        ),
        pytest.param({"strip": False}, "http://up.test:81/base/5", "https://shop.test//5", id="not stripped"),
        pytest.param(
            {"target": "http://up.test:81"},
            "http://up.test:81/base/orders/7",
            "https://shop.test/shop//base/orders/7",
            id="stripped, target without a path",
        ),
        pytest.param(
            {"target": "http://up.test:81", "strip": False},
            "http://up.test:81/base/orders/7",
            "https://shop.test/base/orders/7",
            id="neither",
        ),
        pytest.param(
            {"authority": "shop.test:8443"}, "http://up.test:81/base", "https://shop.test:8443/shop/", id="port"
        ),
    ],
)
def test_puts_the_gateway_in_the_place_of_the_upstream(options, value, expected):
    assert cleaned(value, **options) == expected


def test_of_a_repeated_header_one_is_left():
    fields = (("Link", "<http://up.test/1>"), ("X-A", "http://up.test"), ("link", "<http://up.test/2>"))
    config = HeaderCleanup(("link", "X-Absent"), "https", "shop.test", parse_target("http://up.test"), "/", strip=False)

    outcome = response(config, make_exchange(response=make_response(200, fields)), make_services())

    assert tuple(outcome.exchange.response.headers) == (("Link", "<https://shop.test/1>"), ("X-A", "http://up.test"))


@pytest.mark.parametrize("text", ["", "shop.test", "//shop.test", "https:///path", "https://[", ":"])
def test_hd_res_rev_proxy_cleanup(text):
    with pytest.raises(ValueError, match="expected"):
        public_address(text)


def test_the_path_of_our_url_does_not_count():
    assert public_address("https://shop.test:8443/ignored/path") == ("https", "shop.test:8443")
