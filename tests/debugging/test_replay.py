"""Exchanges run again: the same where nothing changed, different where a definition did, and never made up."""

import asyncio
import json
from dataclasses import replace

import pytest
from tests.apis import oas, snapshot
from tests.helpers import RECEIVED_AT, ScriptsInPlace, TasksInPlace, make_request
from tests.keys import World, keyed
from tests.same_everywhere import TIMES, different

from lockgate.debugging.recordings import Recorded, recorded_of, recorded_of_plain
from lockgate.debugging.replay import not_recorded, replay
from lockgate.engine import begin, fail, run_request
from lockgate.exchange import NOT_READ, Client, Exchange, Headers, Response
from lockgate.inspection import SYSTEM, answer_run, try_request
from lockgate.middleware import Reason
from lockgate.services import HttpAnswer, HttpReply, ServiceError
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace
from lockgate.trace_format import to_plain

ANSWER = Response(200, Headers.of(("Content-Type", "application/json")), b'{"name": "rex", "n": 2}')
PURE = replace(SYSTEM, tasks=TasksInPlace(), scripts=ScriptsInPlace())
"""What a replay may use; anything else of it fails the test."""


class Sending:
    """Answers requests of scripts."""

    async def send(self, calls, at_once, max_bytes):
        return [HttpReply(index, HttpAnswer(200, body=call.url.encode()), "", 0.01) for index, call in enumerate(calls)]


def header(value: str, **more):
    return {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": value}]}, **more}


def virtual(source: str, **more):
    import base64

    body = base64.b64encode(source.encode()).decode()
    return {"virtualEndpoint": {"enabled": True, "functionName": "v", "body": body, **more}}


def record(of: Snapshot, request=None, answer=ANSWER, outside=None) -> Recorded:
    """A live exchange, saved and read again."""

    async def carried() -> Trace:
        exchange = Exchange("an-id", RECEIVED_AT, request or make_request("GET", "/api/x"), Client("192.0.2.1", 99))
        run = begin(of, outside or replace(PURE, http=Sending()), exchange)
        if not run.answered:
            await run_request(run, exchange.request.body)
        if not run.answered:
            if isinstance(answer, str):
                fail(run, Reason.UPSTREAM_TIMEOUT, answer)
            else:
                await answer_run(run, answer)
        return run.trace

    return recorded_of_plain(json.loads(json.dumps(to_plain(asyncio.run(carried())))))


def again(of: Snapshot, recorded: Recorded, **more) -> Trace:
    return asyncio.run(replay(of, recorded, PURE, **more))


SCRIPT = (
    "function v(r, s, c) { var drawn = Math.random() + Date.now(); var a = TykMakeHttpRequest(JSON.stringify({Method: 'GET', Domain: 'http://o.test',"
    " Resource: '/one', Headers: {}, Body: ''}));"
    " return TykJsResponse({Body: JSON.parse(a).Body + drawn, Code: 200, Headers: {}}, s.meta_data) }"
)
TEMPLATE = "{{ now.Unix }} {{ uuidv4 }} {{ .name }}"


def template(body: str):
    import base64

    return {
        "transformResponseBody": {
            "enabled": True, "format": "json", "body": base64.b64encode(body.encode()).decode()
        }
    }  # fmt: skip


SAME = [
    pytest.param(oas({"GET /x": header("1")}), {}, id="headers"),
    pytest.param(oas({"GET /x": header("$tyk_context.request_id")}, contextVariables={"enabled": True}), {}, id="ids"),
    pytest.param(oas({"GET /x": template(TEMPLATE)}), {}, id="a template that tells time and draws"),
    pytest.param(oas({"GET /x": {"x-lockgate": {}, **template("{{ .n | add1 }}")}}), {}, id="a template"),
    pytest.param(oas({"GET /x": virtual(SCRIPT)}), {"enable_jsvm": True}, id="a script that sends a request"),
]


@pytest.mark.parametrize(("document", "gateway"), SAME)
def test_unchanged_definitions_give_what_was_recorded(document, gateway):
    of = snapshot(document, problems=("unknown-field",), **gateway)
    recorded = record(of)

    trace = again(of, recorded)

    assert recorded.answer is not None
    assert different(recorded.trace, to_plain(trace), TIMES) == []


def test_a_definition_that_changed_shows():
    recorded = record(snapshot(oas({"GET /x": header("1")})))

    trace = again(snapshot(oas({"GET /x": header("2")})), recorded)

    assert trace.upstream_request.headers.get("X-Added") == "2"
    assert trace.answer == recorded.answer


# Services


def limited(rate: int = 5):
    return World(
        **{"ann-key": {"rate": rate, "per": 10, "access_rights": {"pets": {"api_id": "pets", "api_name": "pets"}}}}
    )


def test_keys_and_limits_answer_as_they_did():
    of = snapshot(keyed())
    recorded = record(of, make_request("GET", "/api/x", (("X-Key", "ann-key"),)), outside=limited().outside)

    trace = again(of, recorded)

    assert recorded.answer.status == 200
    assert different(recorded.trace, to_plain(trace), TIMES) == []
    assert [call.service for call in recorded.calls] == ["sessions", "limits"]


def test_a_key_that_was_not_asked_for_is_not_made_up():
    recorded = record(snapshot(oas()), make_request("GET", "/api/x", (("X-Key", "ann-key"),)))

    trace = again(snapshot(keyed()), recorded)

    assert not_recorded(trace) == "sessions.find"
    assert trace.upstream_request is None
    assert trace.answer.status == 500


def test_no_key_for_one_name_is_no_answer_for_another():
    of = snapshot(keyed())
    recorded = record(of, make_request("GET", "/api/x", (("X-Key", "nobody"),)), outside=World().outside)
    assert recorded.answer.status == 403
    other = replace(recorded, request=make_request("GET", "/api/x", (("X-Key", "somebody"),)))

    assert not_recorded(again(of, other)) == "sessions.find"


def test_another_limit_is_not_made_up():
    of = snapshot(keyed())
    recorded = record(of, make_request("GET", "/api/x", (("X-Key", "ann-key"),)), outside=limited().outside)
    calls = tuple(
        replace(call, arguments=([*call.arguments[0][:2], 3, 10],)) if call.service == "limits" else call
        for call in recorded.calls
    )

    assert not_recorded(again(of, replace(recorded, calls=calls))) == "limits.take"


def test_a_store_that_did_not_answer_does_not_answer_again():
    from tests.keys import Broken

    of = snapshot(keyed())
    outside = replace(World().outside, sessions=Broken())
    recorded = record(of, make_request("GET", "/api/x", (("X-Key", "ann-key"),)), outside=outside)

    assert recorded.answer.status == 500
    assert different(recorded.trace, to_plain(again(of, recorded)), TIMES) == []


def test_time_that_was_not_asked_for_is_that_of_the_receipt_and_ids_are_always_the_same():
    recorded = record(snapshot(oas({"GET /x": {}})))
    of = snapshot(oas({"GET /x": template('{"t": {{ now.Unix }}, "i": "{{ uuidv4 }}"}')}))

    first, second = (json.loads(again(of, recorded).answer.body) for _ in range(2))
    other = json.loads(again(of, replace(recorded, id="another")).answer.body)

    assert first == second
    assert first["t"] == int(RECEIVED_AT.timestamp())
    assert first["i"] != other["i"]


# Scripts


def test_a_script_that_changed_runs_with_the_answers_of_the_one_before():
    recorded = record(snapshot(oas({"GET /x": virtual(SCRIPT)}), enable_jsvm=True))
    changed = snapshot(
        oas({"GET /x": virtual(SCRIPT.replace("Body: JSON", "Body: 'changed ' + JSON"))}), enable_jsvm=True
    )

    trace = again(changed, recorded)

    assert trace.answer.body == b"changed " + recorded.answer.body
    assert recorded.answer.body.startswith(b"http://o.test/one17")


def test_a_script_that_asks_for_something_else_is_not_answered():
    recorded = record(snapshot(oas({"GET /x": virtual(SCRIPT)}), enable_jsvm=True))
    changed = snapshot(oas({"GET /x": virtual(SCRIPT.replace("/one", "/two"))}), enable_jsvm=True)

    assert not_recorded(again(changed, recorded)).startswith("scripts.TykMakeHttpRequest(")


def test_a_script_that_gets_something_else_runs():
    source = (
        "function v(r, s, c) { return TykJsResponse({Body: r.Headers['X-Added'] + '', Code: 200, Headers: {}}, {}) }"
    )
    recorded = record(snapshot(oas({"GET /x": {**virtual(source), **header("1")}}), enable_jsvm=True))
    changed = snapshot(oas({"GET /x": {**virtual(source), **header("2")}}), enable_jsvm=True)

    assert recorded.answer.body == b"1"
    assert again(changed, recorded).answer.body == b"2"


# Upstreams


def test_an_upstream_that_was_not_asked_then_is_not_made_up():
    mock = {"mockResponse": {"enabled": True, "code": 201, "body": "", "headers": []}}
    recorded = record(snapshot(oas({"GET /x": mock})))

    trace = again(snapshot(oas({"GET /x": header("1")})), recorded)

    assert recorded.answer.status == 201
    assert not_recorded(trace).startswith("an answer of the upstream")


def test_an_upstream_that_failed_fails_again():
    of = snapshot(oas({"GET /x": header("1")}))
    recorded = record(of, answer="http://upstream.test:8000 sent no response within 3 s")

    assert recorded.answer.status == 504
    assert different(recorded.trace, to_plain(again(of, recorded)), TIMES) == []


def test_a_request_that_could_not_be_sent_says_nothing_of_another_one():
    of = snapshot(oas({"GET /x": header("1")}))
    recorded = replace(
        record(of, answer="the request cannot be sent: a control character"), failure=Reason.PROXY_FAILED.name
    )

    assert not_recorded(again(of, recorded)) == ""
    assert not_recorded(again(snapshot(oas({"GET /x": header("2")})), recorded)).startswith("an answer of the upstream")


async def live(request, upstream):
    return Response(200, body=f"{upstream.host} {request.target}".encode())


def test_a_live_upstream_is_asked_instead():
    of = snapshot(oas({"GET /x": header("1")}))

    assert again(of, record(of), upstream=live).answer.body == b"upstream.test /x"


def test_a_live_upstream_that_fails_is_said():
    async def away(request, upstream):
        raise ServiceError("nobody listens")

    of = snapshot(oas({"GET /x": header("1")}))
    trace = again(of, record(of), upstream=away)

    assert (trace.answer.status, trace.error, not_recorded(trace)) == (500, "nobody listens", "")


# Bodies


def test_a_body_that_was_not_kept_is_missing_only_where_it_is_needed():
    recorded = replace(record(snapshot(oas({"POST /x": {}})), make_request("POST", "/api/x", (), b"{}")))
    cut = replace(
        recorded,
        request=replace(recorded.request, body=NOT_READ),
        upstream_response=replace(ANSWER, body=NOT_READ),
        missing=("the body of the request, which nobody read",),
    )

    without = again(snapshot(oas({"POST /x": header("1")})), cut)
    needed = again(snapshot(oas({"POST /x": template("{{ .name }}")})), cut)
    asked = {"transformRequestBody": {"enabled": True, "format": "json", "body": "e30="}}
    request_needed = again(snapshot(oas({"POST /x": asked})), cut)

    assert (without.answer.status, not_recorded(without)) == (200, "")
    assert not_recorded(needed) == "the body of the upstream's answer"
    assert not_recorded(request_needed) == "the body of the request, which nobody read"


def test_a_link_that_crashes_ends_in_an_error_and_not_in_a_crash(monkeypatch):
    from lockgate.debugging import replay as module

    async def crashing(*arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "run_request", crashing)
    of = snapshot(oas())
    trace = again(of, record(of))

    assert (trace.answer.status, trace.error) == (500, "a link crashed: RuntimeError('a bug')")


def test_what_a_live_trace_gives_is_replayed_too():
    of = snapshot(oas({"GET /x": header("1")}))
    trace = asyncio.run(try_request(of, make_request("GET", "/api/x"), ANSWER))

    assert again(of, recorded_of(trace)).answer == trace.answer
