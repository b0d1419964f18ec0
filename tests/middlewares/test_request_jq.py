import asyncio
import gzip
import json
from dataclasses import replace

import pytest
from tests.apis import snapshot, tried
from tests.filters import filtering
from tests.helpers import Elsewhere, FixedOutside, make_exchange, make_services
from tests.templates_of import body_entry

from lockgate.exchange import NOT_READ
from lockgate.middleware import BodyNeed, Continue, Reason, Reject
from lockgate.middlewares.request_jq import RequestJq, body_need, request
from lockgate.services import Outside, ServiceError, Services, TaskLimitError
from lockgate.trace import Phase


def run(text, body=b"{}", headers=(), services=None, **fields):
    exchange = make_exchange("POST", "/jq", headers, body, **fields)
    return asyncio.run(request(RequestJq(text), exchange, services or make_services()))


def forwarded(text, body=b"{}", headers=(), **definition):
    trace = tried(snapshot(filtering(text, **definition)), "POST", "/jq/jq", headers, body)
    return next(step.after.request for step in trace.steps if step.link == "forward")


def test_the_body_is_replaced_and_measured():
    outcome = run("{body: {b: .body.a}}", b'{"a": [1, 2]}', (("Content-Length", "13"),))
    message = outcome.exchange.request
    assert message.body == b'{"b":[1,2]}'
    assert message.headers.get("Content-Length") == "11"


def test_a_chunked_body_gets_no_length():
    assert "Content-Length" not in run("{body}").exchange.request.headers


def test_an_empty_body_is_null():
    assert run("{body: [.body]}", b"").exchange.request.body == b"[null]"


def test_headers_are_set_and_replaced():
    message = run(
        '{rewrite_headers: {"x-a": "new", "X-B": "b"}}', headers=(("X-A", "1"), ("X-A", "2"))
    ).exchange.request
    assert tuple(message.headers) == (("X-A", "new"), ("X-B", "b"))


def test_framing_and_host_are_not_for_a_filter():
    text = '{body: {}, rewrite_headers: {"Content-Length": "99", "Transfer-Encoding": "x", "host": "evil"}}'
    message = run(text, headers=(("Content-Length", "2"),)).exchange.request
    assert tuple(message.headers) == (("Content-Length", "2"),)


def test_a_header_that_a_filter_set_is_not_taken_away_by_the_client():
    message = forwarded('{rewrite_headers: {"X-Set": "1"}}', headers=(("Connection", "X-Set"),))
    assert message.headers.get("X-Set") == "1"


def test_variables_are_merged():
    text = '{tyk_context: {added: .body.a, path: "/other"}}'
    outcome = run(text, b'{"a": "x"}', variables={"path": "/jq", "kept": "k"})
    assert dict(outcome.exchange.variables) == {"path": "/other", "kept": "k", "added": "x"}


def test_without_variables_none_are_made():
    assert run('{tyk_context: {a: "x"}}').exchange.variables is None


def test_what_follows_sees_variables_of_a_filter():
    headers = {"path": "/jq", "method": "POST", "add_headers": {"X-Id": "$tyk_context.id"}}
    message = forwarded(
        "{tyk_context: {id: .body.id}}", b'{"id": "4711"}', variables=True, paths={"transform_headers": [headers]}
    )
    assert message.headers.get("X-Id") == "4711"


def test_a_template_sees_variables_of_a_filter_as_json():
    definition = filtering(
        "{tyk_context: {list: [1, {a: null}], n: 5}}",
        variables=True,
        paths={
            "transform_response": [
                body_entry("{{index ._tyk_context.list 1 | toJson}} {{add1f ._tyk_context.n}}", "/jq")
            ]
        },
    )
    assert tried(snapshot(definition), "POST", "/jq/jq", body=b"{}").answer.body == b'{"a":null} 6'


def test_large_variables_are_handed_over_elsewhere():
    elsewhere = Elsewhere()
    services = make_services(elsewhere)
    run("{body}", headers=(("X-A", "x" * 100),), variables={"a": "b"}, services=services)
    assert elsewhere.count == 0
    run("{body}", headers=(("X-A", "x" * 20_000),), variables={"a": "b"}, services=services)
    assert elsewhere.count == 1


@pytest.mark.parametrize(
    ("text", "body", "message"),
    [
        ("{body}", b"{", "unexpected end of JSON input"),
        ("{body}", b"nonsense", "invalid character 'o' in literal null (expecting 'u')"),
        ("{body}", b" ", "unexpected end of JSON input"),
        ('error("no id")', b"{}", "the filter failed: no id"),
        ("[.]", b"{}", "the filter gave an array, not an object"),
        ("empty", b"{}", "the filter gave nothing"),
    ],
)
def test_what_fails_is_refused(text, body, message):
    assert run(text, body) == Reject(Reason.NOT_FILTERED, message)
    trace = tried(snapshot(filtering(text)), "POST", "/jq/jq", (), body)
    assert trace.answer.status == 415
    assert json.loads(trace.answer.body) == {"error": message}


def test_a_long_message_is_cut():
    assert len(run('error("x" * 5000)').message) == 1000


class Failing:
    def __init__(self, error):
        self.error = error

    async def run(self, task):
        raise self.error


def failing(error):
    fixed = FixedOutside()
    return Services(Outside(fixed, fixed, fixed, tasks=Failing(error)))


def test_a_filter_that_is_stopped_is_refused():
    outcome = run("{body}", services=failing(TaskLimitError("it takes more than 1 s")))
    assert outcome == Reject(Reason.NOT_FILTERED, "the filter was stopped: it takes more than 1 s")


def test_where_nothing_runs_filters_the_client_may_try_again():
    outcome = run("{body}", services=failing(ServiceError("more than 1000 tasks of this API wait already")))
    assert outcome.reason is Reason.TASKS_BUSY
    assert outcome.reason.status == 503
    assert outcome.failed
    fixed = FixedOutside()
    assert run("{body}", services=Services(Outside(fixed, fixed, fixed))).reason is Reason.TASKS_BUSY


def test_a_filter_that_does_not_compile_changes_nothing_and_says_so():
    exchange = make_exchange("POST", "/jq", (), NOT_READ)
    config = RequestJq("env", "'env' is not allowed")
    assert body_need(config, exchange, Phase.REQUEST) is BodyNeed.NONE
    outcome = asyncio.run(request(config, exchange, make_services()))
    assert outcome == Continue(exchange, failure="the filter does not compile: 'env' is not allowed")


def test_where_the_api_is_strict_it_is_an_error():
    of = snapshot(filtering(".a.", **{"x-lockgate": {"strict": True}}), problems=("bad-filter",))
    assert tried(of, "POST", "/jq/jq", (), b"{}").answer.status == 500


def test_what_cannot_be_used_of_the_output_is_said():
    outcome = run('{body: 1, rewrite_headers: {"X-A": 5, "X-B": "b"}}')
    assert outcome.failure == "the header 'X-A' is no string"
    assert outcome.exchange.request.headers.get("X-B") == "b"
    assert outcome.exchange.request.body == b"1"


def test_a_packed_body_is_unpacked_and_packed_again():
    packed = gzip.compress(b'{"a": 1}')
    message = run("{body: .body.a}", packed, (("Content-Encoding", "gzip"),)).exchange.request
    assert gzip.decompress(message.body) == b"1"
    assert message.headers.get("Content-Encoding") == "gzip"


def test_a_body_that_is_not_packed_as_it_says_is_refused():
    outcome = run("{body}", b"{}", (("Content-Encoding", "gzip"),))
    assert outcome.reason is Reason.NOT_FILTERED


def test_the_body_is_needed():
    exchange = make_exchange("POST", "/jq")
    assert body_need(RequestJq("."), exchange, Phase.REQUEST) is BodyNeed.WRITE
    assert body_need(RequestJq("."), exchange, Phase.RESPONSE) is BodyNeed.NONE
    with pytest.raises(TypeError):
        run("{body}", NOT_READ)


def test_the_task_is_the_apis_own():
    owners = []

    class Noting:
        async def run(self, task):
            owners.append(task.owner)
            raise ServiceError("no")

    fixed = FixedOutside()
    exchange = make_exchange("POST", "/jq")
    passes = (replace(exchange.passes[0], api_id="mine"),)
    run("{body}", services=Services(Outside(fixed, fixed, fixed, tasks=Noting())), passes=passes)
    assert owners == ["mine"]


def test_headers_come_behind_it():
    headers = {"path": "/jq", "method": "POST", "add_headers": {"X-A": "headers"}}
    message = forwarded('{rewrite_headers: {"X-A": "filter"}}', paths={"transform_headers": [headers]})
    assert message.headers.get_all("X-A") == ("headers",)


def test_other_methods_and_paths_are_left_alone():
    of = snapshot(filtering("{body: 1}"))
    for method, path in (("PUT", "/jq/jq"), ("POST", "/jq/other")):
        trace = tried(of, method, path, (), b'{"a": 1}')
        assert "request_jq" not in [step.link for step in trace.steps]
