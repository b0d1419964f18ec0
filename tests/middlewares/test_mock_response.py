import pytest
from tests.helpers import make_exchange, make_services

from lockgate.examples import Example, ExampleResponse, MediaExamples
from lockgate.exchange import Headers, Response
from lockgate.middleware import Reason, Reject, Respond
from lockgate.middlewares.mock_response import MockFromExamples, MockResponse, request


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


def example(status):
    return ExampleResponse(
        Headers.of(("X-Status", str(status))),
        {
            "application/json": MediaExamples(named={"a": Example(b"1"), "b": Example(b"2")}),
            "text/plain": MediaExamples(Example(b'"t"', b"t")),
        },
    )


RESPONSES = {status: example(status) for status in (100, 200, 204, 304, 404)}


def asked(*headers, **config):
    exchange = make_exchange(headers=headers)
    return request(MockFromExamples(**config, responses=RESPONSES), exchange, make_services())


def given(status, body, content_type="application/json"):
    headers = Headers.of(("X-Status", str(status)), ("Content-Type", content_type))
    return Respond(Response(status, headers, body), finish=False)


@pytest.mark.parametrize(
    ("config", "headers", "expected"),
    [
        pytest.param({}, (), given(200, b"1"), id="nothing asked for"),
        pytest.param({"code": 0, "content_type": ""}, (), given(200, b"1"), id="nothing configured"),
        pytest.param({"code": 404, "example_name": "b"}, (), given(404, b"2"), id="configured"),
        pytest.param({"code": 404}, (("X-Tyk-Accept-Example-Code", "200"),), given(200, b"1"), id="code"),
        pytest.param({}, (("x-tyk-accept-example-code", " 0404\t"),), given(404, b"1"), id="code with zeros"),
        pytest.param({}, (("X-Tyk-Accept-Example-Code", "+404"),), given(404, b"1"), id="code with a sign"),
        pytest.param({"code": 404}, (("X-Tyk-Accept-Example-Code", ""),), given(404, b"1"), id="empty code"),
        pytest.param({"code": 404}, (("X-Tyk-Accept-Example-Code", "0" * 5000 + "200"),), given(200, b"1"), id="long"),
        pytest.param({}, (("X-Tyk-Accept-Example-Name", "b"),), given(200, b"2"), id="name"),
        pytest.param({"example_name": "a"}, (("X-Tyk-Accept-Example-Name", "b"),), given(200, b"2"), id="other name"),
        pytest.param({}, (("Accept", "text/plain"),), given(200, b"t", "text/plain"), id="type"),
        pytest.param({}, (("Accept", "text/plain"), ("Accept", "x/y")), given(200, b"t", "text/plain"), id="first"),
        pytest.param({"content_type": "text/plain"}, (("Accept", "*/*"),), given(200, b"t", "text/plain"), id="any"),
        pytest.param({"content_type": "text/plain"}, (("Accept", " "),), given(200, b"t", "text/plain"), id="blank"),
        pytest.param({"code": 204}, (), given(204, b""), id="204 has no body"),
        pytest.param({"code": 304}, (), given(304, b""), id="304 has no body"),
    ],
)
def test_answers_with_what_is_asked_for(config, headers, expected):
    assert asked(*headers, **config) == expected


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ((("X-Tyk-Accept-Example-Code", "418"),), "there is no example response for the code: 418"),
        ((("X-Tyk-Accept-Example-Code", "0"),), "there is no example response for the code: 0"),
        ((("X-Tyk-Accept-Example-Code", "-404"),), "there is no example response for the code: -404"),
        ((("X-Tyk-Accept-Example-Code", "404.0"),), "given code 404.0 is not a valid integer value"),
        ((("X-Tyk-Accept-Example-Code", "5XX"),), "given code 5XX is not a valid integer value"),
        ((("X-Tyk-Accept-Example-Code", "+"),), "given code + is not a valid integer value"),
        ((("X-Tyk-Accept-Example-Code", "٤٠٤"),), "given code ٤٠٤ is not a valid integer value"),
        ((("X-Tyk-Accept-Example-Code", "4_04"),), "given code 4_04 is not a valid integer value"),
        (
            (("X-Tyk-Accept-Example-Code", "9223372036854775808"),),
            "given code 9223372036854775808 is not a valid integer value",
        ),
        (
            (("X-Tyk-Accept-Example-Code", "-9223372036854775808"),),
            "there is no example response for the code: -9223372036854775808",
        ),
        ((("X-Tyk-Accept-Example-Code", "100"),), "100 is not a valid status code"),
        ((("Accept", "text/html, */*"),), "there is no example response for the content type: text/html, */*"),
        ((("Accept", "APPLICATION/JSON"),), "there is no example response for the content type: APPLICATION/JSON"),
        ((("X-Tyk-Accept-Example-Name", "B"),), "there is no example response for the example name: B"),
    ],
)
def test_what_is_not_there_is_refused(headers, why):
    assert asked(*headers) == Reject(Reason.MOCK_FAILED, f"failed to mock response: mock: {why}")


def test_a_configured_name_counts_where_another_code_is_asked_for():
    outcome = asked(("X-Tyk-Accept-Example-Code", "404"), example_name="c")

    assert outcome == Reject(
        Reason.MOCK_FAILED, "failed to mock response: mock: there is no example response for the example name: c"
    )
