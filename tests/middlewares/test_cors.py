from ipaddress import ip_network

import pytest
from tests.chains import answered, links, make_api, passed
from tests.helpers import make_exchange, make_response, make_services, make_text

from lockgate.assembly import Phase
from lockgate.exchange import Headers
from lockgate.middleware import Continue, Respond, Rule
from lockgate.middlewares.access import AccessEntry, AccessKind, Reply
from lockgate.middlewares.cors import Cors, request, response
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.ip_access import IpAccess
from lockgate.middlewares.mock_response import MockResponse
from lockgate.middlewares.request_headers import RequestHeaders

SHOP = ("Origin", "https://shop.test")
VARY = ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
ORIGIN, METHODS, HEADERS = (f"Access-Control-Allow-{what}" for what in ("Origin", "Methods", "Headers"))


def preflight(config, *headers, method="GET"):
    asked = (("Access-Control-Request-Method", method), *headers)
    outcome = request(config, make_exchange("OPTIONS", "/", asked), make_services())
    assert isinstance(outcome, Respond)
    assert outcome.finish
    assert outcome.response.status == 204
    assert outcome.response.body == b""
    return tuple(outcome.response.headers)


def said(config, *headers, method="GET"):
    outcome = request(config, make_exchange(method, "/", headers), make_services())
    return tuple(outcome.exchange.answer_headers)


def wants(*names):
    return ("Access-Control-Request-Headers", ",".join(names))


@pytest.mark.parametrize(
    ("config", "headers", "method"),
    [
        pytest.param(Cors(), (), "GET", id="no origin"),
        pytest.param(Cors(), (SHOP,), "DELETE", id="method that is not simple"),
        pytest.param(Cors(), (SHOP,), "get", id="the method's case counts"),
        pytest.param(Cors(allowed_methods=("put",)), (SHOP,), "PUT", id="so does the definition's"),
        pytest.param(Cors(), (SHOP, wants("x-token")), "GET", id="header that is not simple"),
        pytest.param(Cors(), (SHOP, wants("Content-Type")), "GET", id="upper case"),
        pytest.param(Cors(), (SHOP, wants("content-type", "accept")), "GET", id="not sorted"),
        pytest.param(Cors(), (SHOP, wants("accept", "accept")), "GET", id="twice"),
        pytest.param(Cors(), (SHOP, wants("accept", "  content-type")), "GET", id="two blanks"),
        pytest.param(Cors(), (SHOP, wants("accept", *[""] * 17)), "GET", id="too many empty names"),
        pytest.param(Cors(("https://other.test",)), (SHOP,), "GET", id="other origin"),
        pytest.param(Cors(("http://shop.test",)), (SHOP,), "GET", id="other scheme"),
        pytest.param(Cors(("https://shop.tes",)), (SHOP,), "GET", id="part of the origin"),
        pytest.param(Cors(("https://shopxtest",)), (SHOP,), "GET", id="a dot is a dot"),
        pytest.param(Cors(("https://*.shop.test",)), (SHOP,), "GET", id="wildcard"),
        pytest.param(Cors(("https://*op.te*",)), (SHOP,), "GET", id="second star is no wildcard"),
        pytest.param(
            Cors(allowed_headers=("X-A",)), (SHOP, wants("accept")), "GET", id="own headers replace the simple"
        ),
    ],
)
def test_a_preflight_that_is_not_allowed_says_nothing(config, headers, method):
    assert preflight(config, *headers, method=method) == (VARY,)


@pytest.mark.parametrize(
    ("config", "headers", "method", "expected"),
    [
        pytest.param(Cors(), (), "GET", ((ORIGIN, "*"), (METHODS, "GET")), id="nothing given"),
        pytest.param(Cors(), (), "OPTIONS", ((ORIGIN, "*"), (METHODS, "OPTIONS")), id="OPTIONS is always allowed"),
        pytest.param(Cors(("x", "*")), (), "GET", ((ORIGIN, "*"), (METHODS, "GET")), id="star among origins"),
        pytest.param(
            Cors(("HTTPS://shop.TEST",)), (), "GET", ((ORIGIN, "https://shop.test"), (METHODS, "GET")), id="origin"
        ),
        pytest.param(
            Cors(("https://*.test",)), (), "GET", ((ORIGIN, "https://shop.test"), (METHODS, "GET")), id="wildcard"
        ),
        pytest.param(
            Cors(allowed_headers=("X-Token", "Accept")),
            (("Access-Control-Request-Headers", "accept, x-token"),),
            "GET",
            ((ORIGIN, "*"), (METHODS, "GET"), (HEADERS, "accept, x-token")),
            id="headers, a blank between them",
        ),
        pytest.param(
            Cors(allowed_headers=("*",)),
            (wants("X-Any", "a"),),
            "GET",
            ((ORIGIN, "*"), (METHODS, "GET"), (HEADERS, "X-Any,a")),
            id="any headers",
        ),
        pytest.param(
            Cors(allow_credentials=True, max_age_seconds=600),
            (),
            "GET",
            (
                (ORIGIN, "*"),
                (METHODS, "GET"),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Max-Age", "600"),
            ),
            id="credentials and age",
        ),
        pytest.param(
            Cors(max_age_seconds=-1),
            (),
            "GET",
            ((ORIGIN, "*"), (METHODS, "GET"), ("Access-Control-Max-Age", "0")),
            id="negative age",
        ),
    ],
)
def test_a_preflight_that_is_allowed_says_what(config, headers, method, expected):
    assert preflight(config, SHOP, *headers, method=method) == (VARY, *expected)


@pytest.mark.parametrize(
    ("config", "headers", "method", "expected"),
    [
        pytest.param(Cors(), (), "GET", (), id="no origin"),
        pytest.param(Cors(("https://other.test",)), (SHOP,), "GET", (), id="other origin"),
        pytest.param(Cors(), (SHOP,), "DELETE", (), id="other method"),
        pytest.param(Cors(), (SHOP,), "POST", ((ORIGIN, "*"),), id="nothing given"),
        pytest.param(
            Cors(("https://shop.test",), exposed_headers=("x-total", "X-B"), allow_credentials=True, max_age_seconds=6),
            (("Origin", "HTTPS://Shop.test"),),
            "GET",
            (
                (ORIGIN, "HTTPS://Shop.test"),
                ("Access-Control-Expose-Headers", "X-Total, X-B"),
                ("Access-Control-Allow-Credentials", "true"),
            ),
            id="everything",
        ),
    ],
)
def test_another_request_goes_on_and_its_answer_says_what_is_allowed(config, headers, method, expected):
    assert said(config, *headers, method=method) == (("Vary", "Origin"), *expected)


def test_a_second_pass_says_it_once():
    exchange = make_exchange(
        "GET", "/", (SHOP,), answer_headers=Headers.of(("X-Tyk-Api-Expires", "later"), (ORIGIN, "a"))
    )

    outcome = request(Cors(), exchange, make_services())

    assert tuple(outcome.exchange.answer_headers) == (("X-Tyk-Api-Expires", "later"), (ORIGIN, "*"), ("Vary", "Origin"))


def test_other_options_requests_are_answered_too():
    outcome = request(Cors(), make_exchange("OPTIONS", "/", (SHOP,)), make_services())

    expected = make_response(200, (("Vary", "Origin"), (ORIGIN, "*")))
    assert outcome == Respond(expected, finish=True)


def test_the_gateways_word_counts():
    upstream = make_response(200, ((ORIGIN, "https://a.test"), ("Vary", "Accept"), (HEADERS, "x")))
    exchange = make_exchange(response=upstream, answer_headers=Headers.of(("Vary", "Origin"), (ORIGIN, "*")))

    outcome = response(Cors(), exchange, make_services())

    assert tuple(outcome.exchange.response.headers) == (("Vary", "Accept"), (HEADERS, "x"))


def test_the_upstreams_word_stays_where_the_gateway_says_nothing():
    exchange = make_exchange(response=make_response(200, ((ORIGIN, "https://a.test"),)))

    assert response(Cors(), exchange, make_services()) == Continue(exchange)
    assert response(Cors(), make_exchange(), make_services()) == Continue(make_exchange())


def test_a_mock_does_not_double_a_header():
    mock = MockResponse(headers=Headers.of((ORIGIN, "https://mock.test")))
    api = make_api({"cors": Cors()}, Rule("mock_response", "/c", "GET", mock))

    assert answered(api, "GET", "/api/c", (SHOP,)).headers.get_all(ORIGIN) == ("*",)
    assert answered(api, "GET", "/api/c").headers.get_all(ORIGIN) == ("https://mock.test",)


def test_refusals_of_the_lists_and_classic_mocks_say_nothing():
    api = make_api(
        {"cors": Cors()},
        Rule("access", "/blocked", "GET", AccessEntry(AccessKind.BLOCK), kind="block"),
        Rule("access", "/mock", "GET", AccessEntry(AccessKind.MOCK, reply=Reply()), kind="mock"),
    )

    assert ORIGIN not in answered(api, "GET", "/api/blocked", (SHOP,)).headers
    assert ORIGIN not in answered(api, "GET", "/api/mock", (SHOP,)).headers


def test_later_refusals_say_what_is_allowed():
    api = make_api({"cors": Cors(), "ip_access": IpAccess(block=(ip_network("192.0.2.0/24"),))})

    answer = answered(api, "GET", "/api/x", (SHOP,))

    assert answer.status == 403
    assert answer.headers.get(ORIGIN) == "*"


def test_options_may_pass_by_everything():
    api = make_api(
        {
            "cors": Cors(options_passthrough=True),
            "expiration": Expiration(None),
            "request_headers": RequestHeaders(add=(("X-Global", make_text("1")),)),
        },
        Rule("access", "/shut", "OPTIONS", AccessEntry(AccessKind.BLOCK), kind="block"),
    )

    run = passed(api, "OPTIONS", "/api/shut", (SHOP, ("Access-Control-Request-Method", "GET")))

    assert links(run) == ["cors", "forward"]
    assert run.upstream is not None
    assert run.exchange.answer_headers == Headers()
    assert answered(api, "GET", "/api/shut", (SHOP,)).status == 403


def test_why_a_link_was_passed_by():
    api = make_api({"cors": Cors(options_passthrough=True)})

    left_out = api.apis["api"].default_version.left_out(Phase.REQUEST, "OPTIONS", "/api/x", "/api/x")

    assert {link.reason for link in left_out} == {"cors lets OPTIONS requests pass by it"}
