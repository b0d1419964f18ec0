import pytest
from tests.chains import answered, make_api
from tests.helpers import make_exchange, make_response, make_services, make_text

from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares.header_injector import HeaderInjection, HeaderInjector, body_need, response
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.trace import Phase


def one(remove=(), **add):
    return HeaderInjection(remove, tuple((name.replace("_", "-"), make_text(value)) for name, value in add.items()))


def test_without_a_response_nothing_happens():
    assert response(HeaderInjector((one(("A",)),)), make_exchange(), make_services()) == Continue(make_exchange())


@pytest.mark.parametrize(
    ("injections", "expected"),
    [
        pytest.param([], (("X-A", "1"), ("X-B", "2")), id="none"),
        pytest.param([one(("x-a",), X_C="3")], (("X-B", "2"), ("X-C", "3")), id="removes, then sets"),
        pytest.param([one(("x-a",), x_a="3")], (("X-B", "2"), ("x-a", "3")), id="removed and set"),
        pytest.param([one(X_C="3"), one(("x-c",))], (("X-A", "1"), ("X-B", "2")), id="removed by a later one"),
        pytest.param([one(("X-A",)), one(X_A="4")], (("X-B", "2"), ("X-A", "4")), id="set by a later one"),
    ],
)
def test_applies_in_order(injections, expected):
    exchange = make_exchange(response=make_response(200, (("X-A", "1"), ("X-B", "2"))))

    outcome = response(HeaderInjector(tuple(injections)), exchange, make_services())

    assert tuple(outcome.exchange.response.headers) == expected


def test_comes_after_the_headers_of_the_api():
    api = make_api(
        {
            "response_headers": ResponseHeaders(add=(("X-A", make_text("api")),)),
            "header_injector": HeaderInjector((one(X_A="processor"),)),
        }
    )

    assert answered(api, "GET", "/api/x").headers.get_all("X-A") == ("processor",)


@pytest.mark.parametrize(
    ("injection", "kind", "expected"),
    [
        pytest.param(one(("X-A",)), "text/plain", BodyNeed.NONE, id="another header"),
        pytest.param(one(("Content-Type",), content_type="a/b"), "text/plain", BodyNeed.NONE, id="set again"),
        pytest.param(one(("Content-Type",)), "text/event-stream", BodyNeed.NONE, id="endless"),
        pytest.param(one(("Content-Type",)), "text/plain", BodyNeed.READ, id="taken away"),
    ],
)
def test_needs_the_body_to_find_another_content_type(injection, kind, expected):
    exchange = make_exchange(response=make_response(200, (("Content-Type", kind),)))

    assert body_need(HeaderInjector((injection,)), exchange, Phase.RESPONSE) is expected
