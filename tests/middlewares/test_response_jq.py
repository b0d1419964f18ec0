import asyncio
import gzip

import pytest
from tests.apis import snapshot, tried
from tests.filters import PROCESSOR, filtering
from tests.helpers import FixedOutside, make_exchange, make_response, make_services

from lockgate.exchange import NOT_READ, Headers, Response
from lockgate.middleware import BodyNeed, Continue
from lockgate.middlewares.response_jq import ResponseJq, body_need, response
from lockgate.services import Outside, Services
from lockgate.trace import Phase

JSON = (("Content-Type", "application/json"),)


def run(text, body=b"{}", headers=JSON, status=200, method="POST", services=None, **fields):
    exchange = make_exchange(method, "/jq", response=make_response(status, headers, body), **fields)
    return asyncio.run(response(ResponseJq(text), exchange, services or make_services()))


def answered(text, answer, **definition):
    return tried(snapshot(filtering(None, text, **definition)), "POST", "/jq/jq", (), b"{}", answer)


def test_the_body_is_replaced_and_measured():
    message = run("{body: {b: .body.a}}", b'{"a": 1}', (*JSON, ("Content-Length", "8"))).exchange.response
    assert message.body == b'{"b":1}'
    assert message.headers.get("Content-Length") == "7"
    assert message.headers.get("Content-Type") == "application/json"


def test_it_sees_the_headers_of_the_response():
    message = run("{body: ._tyk_response_headers}", headers=(("x-a", "1"), ("X-A", "2"), ("Y", "3"))).exchange.response
    assert message.body == b'{"X-A":["1","2"],"Y":["3"]}'


def test_it_sees_variables():
    assert run("{body: ._tyk_context.a}", variables={"a": "b"}).exchange.response.body == b'"b"'


def test_headers_are_set():
    message = run('{rewrite_headers: {"x-a": .body.a, "Content-Length": "99"}}', b'{"a": "1"}').exchange.response
    assert message.headers.get("X-A") == "1"
    assert message.headers.get_all("Content-Length") == ("4",)


@pytest.mark.parametrize(
    ("text", "body", "failure"),
    [
        ("{body}", b"", "unexpected end of JSON input"),
        ("{body}", b"{", "unexpected end of JSON input"),
        ("error", b'"x"', "the filter failed"),
        ("1", b"{}", "the filter gave a number, not an object"),
    ],
)
def test_what_fails_leaves_the_response_as_it_is(text, body, failure):
    outcome = run(text, body)
    assert outcome.failure.startswith(failure)
    assert outcome.exchange.response.body == body
    assert outcome.exchange.processing_failed
    trace = answered(text, Response(200, Headers.of(*JSON), body))
    assert (trace.answer.status, trace.answer.body) == (200, body)
    assert trace.failed


CLEANUP = {
    "name": "header_transform",
    "options": {
        "rev_proxy_header_cleanup": {"headers": ["Location"], "target_host": "https://gateway.test"},
    },
}
LOCATED = Response(500, Headers.of(*JSON, ("Location", "http://upstream.test:8000/a")), b"{}")
OVERRIDES = {"5xx": [{"response": {"status_code": 503, "body": "sorry"}}]}


def test_processors_behind_one_that_fails_do_not_run():
    definition = {"processors": (PROCESSOR, CLEANUP), "error_overrides": OVERRIDES}
    failed = answered("error", LOCATED, **definition).answer
    assert (failed.status, failed.headers.get("Location")) == (500, "http://upstream.test:8000/a")
    well = answered("{body}", LOCATED, **definition).answer
    assert well.status == 503
    assert well.headers.get("Location") == "https://gateway.test/a"


def test_headers_are_cleaned_behind_the_filter():
    text = '{body: ._tyk_response_headers.Location, rewrite_headers: {"Location": "http://upstream.test:8000/b"}}'
    of = snapshot(filtering(None, text, processors=(CLEANUP, PROCESSOR)), problems=("processor-order",))
    answer = tried(of, "POST", "/jq/jq", (), b"{}", LOCATED).answer
    assert answer.body == b'["http://upstream.test:8000/a"]'
    assert "upstream.test" not in answer.headers.get("Location")


def test_injected_headers_come_before_it():
    injector = {"name": "header_injector", "options": {"add_headers": {"X-A": "injected"}}}
    answer = answered(
        '{body: ._tyk_response_headers."X-A", rewrite_headers: {"X-A": "filter"}}',
        Response(200, Headers.of(*JSON), b"{}"),
        processors=(PROCESSOR, injector),
    ).answer
    assert answer.body == b'["injected"]'
    assert answer.headers.get_all("X-A") == ("filter",)


@pytest.mark.parametrize(("status", "method"), [(204, "POST"), (304, "POST"), (101, "POST"), (200, "HEAD")])
def test_where_there_is_no_body_nothing_happens(status, method):
    exchange = make_exchange(method, "/jq", response=make_response(status))
    assert body_need(ResponseJq("."), exchange, Phase.RESPONSE) is BodyNeed.NONE
    assert run("{body: 1}", b"", (), status, method) == Continue(exchange)


def test_the_body_is_needed():
    exchange = make_exchange("POST", "/jq", response=make_response(500, (), NOT_READ))
    assert body_need(ResponseJq("."), exchange, Phase.RESPONSE) is BodyNeed.WRITE
    assert body_need(ResponseJq("."), exchange, Phase.REQUEST) is BodyNeed.NONE
    assert body_need(ResponseJq(".", "broken"), exchange, Phase.RESPONSE) is BodyNeed.NONE
    assert body_need(ResponseJq("."), make_exchange(), Phase.RESPONSE) is BodyNeed.NONE


def test_a_filter_that_does_not_compile_changes_nothing_and_says_so():
    exchange = make_exchange("POST", "/jq", response=make_response(200, JSON, NOT_READ))
    outcome = asyncio.run(response(ResponseJq(".", "broken"), exchange, make_services()))
    assert outcome.failure == "the filter does not compile: broken"
    assert outcome.exchange.response == exchange.response


def test_where_nothing_runs_filters_the_response_goes_out():
    fixed = FixedOutside()
    outcome = run("{body: 1}", b'{"a": 1}', services=Services(Outside(fixed, fixed, fixed)))
    assert outcome.exchange.response.body == b'{"a": 1}'
    assert outcome.failure == "the filter could not be run: nothing runs tasks here"


def test_where_the_api_is_strict_a_failure_is_an_error():
    answer = answered("error", Response(200, Headers.of(*JSON), b"{}"), **{"x-lockgate": {"strict": True}}).answer
    assert answer.status == 500


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_response_is_unpacked_and_packed_again(packing):
    packed = gzip.compress(b'{"a": 1}')
    message = run("{body: .body.a}", packed, (*JSON, ("Content-Encoding", packing))).exchange.response
    assert gzip.decompress(message.body) == b"1"
    assert message.headers.get("Content-Encoding") == packing
    assert message.headers.get("Content-Length") == str(len(message.body))


def test_it_is_found_by_the_path_before_a_rewrite():
    rewrite = {"path": "/jq", "method": "POST", "match_pattern": "/jq", "rewrite_to": "/elsewhere"}
    answer = answered("{body: 1}", Response(200, Headers.of(*JSON), b"{}"), paths={"url_rewrites": [rewrite]}).answer
    assert answer.body == b"1"
