"""A trial runs as live traffic does, on samples from parts, messages and recorded exchanges."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml
from tests.apis import UPSTREAM, oas, snapshot, tried
from tests.debugging.trials import BENCH, tried_text

from lockgate.debugging.recordings import Recorded, recorded_of
from lockgate.debugging.samples import MOST_BODY_BYTES, answer_of, of_recorded, request_of, sample_of
from lockgate.debugging.trial import Rights, load_trial, masked_trace, to_values, try_snapshot
from lockgate.exchange import NOT_READ, Headers, Request, Response

REWRITE = {"urlRewrite": {"enabled": True, "pattern": "/a/(.*)", "rewriteTo": "/b/$1"}}
CLASSIC = {
    "name": "old",
    "api_id": "old",
    "use_keyless": True,
    "active": True,
    "proxy": {"listen_path": "/api/", "target_url": f"{UPSTREAM}/old/", "strip_listen_path": True},
    "version_data": {"not_versioned": True, "versions": {"Default": {"name": "Default"}}},
}
RESOURCE = {"apiVersion": "tyk.tyk.io/v1alpha1", "kind": "ApiDefinition", "metadata": {"name": "old"}, "spec": CLASSIC}
NUMBERS = ("elapsed_us", "upstream_us", "us", "received_at", "exchange", "client", "generation")


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in NUMBERS}
    return [without_times(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param(json.dumps(oas({"GET /a/{x}": REWRITE})), "/b/1", id="OAS"),
        pytest.param(yaml.safe_dump(oas({"GET /a/{x}": REWRITE})), "/b/1", id="OAS as YAML"),
        pytest.param(json.dumps(CLASSIC), "/old/a/1", id="Classic"),
        pytest.param(yaml.safe_dump(RESOURCE), "/old/a/1", id="Operator"),
    ],
)
def test_a_text_of_each_format(text, target):
    outcome = tried_text(text, request="GET /api/a/1", answer={"status": 201, "body": "made"})

    assert outcome.problems == ()
    assert outcome.trace.upstream_request.target == target
    assert (outcome.trace.answer.status, outcome.trace.answer.body) == (201, b"made")


def test_it_is_what_the_engine_does():
    document = oas({"GET /a/{x}": REWRITE}, contextVariables={"enabled": True})
    outcome = tried_text(
        document,
        request={"path": "/api/a/1", "host": "gateway.test"},
        answer={"status": 200, "body": "from upstream", "headers": {"Content-Type": "text/plain"}},
    )
    before = tried(snapshot(document), url="/api/a/1")

    assert without_times(masked_trace(outcome.trace))["steps"][2:] == without_times(masked_trace(before))["steps"][2:]
    assert outcome.trace.answer.body == before.answer.body


def test_what_does_not_load_has_problems_and_no_trace():
    outcome = tried_text('{\n "openapi": "3.0.3",\n')

    assert outcome.trace is None
    assert [(one.code, one.file, one.line) for one in outcome.problems] == [("bad-json", "", 3)]
    assert to_values(outcome)["trace"] is None


def test_problems_have_line_and_pointer():
    wrong = oas({"GET /a": {"urlRewrite": {"enabled": True, "pattern": "(", "rewriteTo": "/"}}})
    (problem,) = to_values(tried_text(json.dumps(wrong, indent=1)))["problems"]

    assert problem["pointer"].endswith("/op0/urlRewrite/pattern")
    assert json.dumps(wrong, indent=1).splitlines()[problem["line"] - 1].strip().startswith('"pattern"')


def test_a_trial_shows_no_secrets():
    keyed = {
        "enabled": True,
        "securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "X-Own"}}},
    }
    document = oas({})
    document["x-tyk-api-gateway"]["server"]["authentication"] = keyed
    document["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Own"}}}
    document["security"] = [{"key": []}]
    outcome = tried_text(document, request={"path": "/api/", "headers": {"X-Own": "the-key-itself"}}, session={})

    assert outcome.trace.answer.status == 200
    assert "the-key-itself" not in json.dumps(to_values(outcome))


def test_a_fault_shows_no_secrets():
    template = {"enabled": True, "format": "json", "body": base64.b64encode(b'{{fail "the-key-itself"}}').decode()}
    document = oas({"POST /x": {"transformRequestBody": template}})
    headers = {"Authorization": "the-key-itself"}
    outcome = tried_text(document, request={"method": "POST", "path": "/api/x", "headers": headers, "body": "{}"})

    assert len(outcome.faults) == 1
    assert "the-key-itself" in outcome.faults[0].text
    assert "the-key-itself" not in json.dumps(to_values(outcome))


def test_nothing_of_it_stays():
    current = snapshot(oas({}, name="live", listen="/live/"))
    bench = replace(BENCH, current=current)
    tried_text(oas({}, name="tried", listen="/tried/"), bench)
    tried_text(oas({"GET /": REWRITE}, name="live", listen="/live/"), bench)

    assert set(current.apis) == {"live"}
    assert current.route("a.test", "/tried/") is None
    assert current.apis["live"].definition.versions[0].rules == ()


def test_the_text_counts_and_not_the_api_in_force():
    live = oas({"GET /a/{x}": REWRITE}, name="pets")
    bench = replace(BENCH, current=snapshot(live))

    assert tried_text(oas({}, name="pets"), bench, request="GET /api/a/1").trace.upstream_request.target == "/a/1"
    assert tried_text(oas({}, name="other"), bench, request="GET /api/a/1").trace.upstream_request.target == "/a/1"
    assert load_trial(json.dumps(live), "", bench, alone=True).ids == ("pets",)


def test_bodies_that_no_link_reads_are_shown_all_the_same():
    outcome = tried_text(oas({}), request={"method": "POST", "path": "/api/x", "body": "as it is"})

    assert to_values(outcome)["trace"]["upstream_request"]["body"]["text"] == "as it is"


# ── recorded exchanges ──


def again(recorded, document, **given):
    sample = sample_of(given, recorded)
    ready = load_trial(json.dumps(document), "", BENCH)
    return asyncio.run(try_snapshot(ready.snapshot, sample, BENCH, Rights()))


def test_a_recorded_exchange_gets_the_recorded_answers():
    header = {
        "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Id", "value": "$tyk_context.request_id"}]}
    }
    document = oas({"GET /a": header}, contextVariables={"enabled": True})
    before = tried(
        snapshot(document), url="/api/a", headers=(("X-Sent", "1"),), answer=Response(418, Headers(), b"tea")
    )
    outcome = again(recorded_of(before), document)

    assert outcome.trace.upstream_request == before.upstream_request  # With the id of then.
    assert (outcome.trace.answer.status, outcome.trace.answer.body) == (418, b"tea")
    assert outcome.trace.original.received_at == before.original.received_at
    assert outcome.remarks == ("nothing was sent upstream: its answer is the recorded one",)


def test_parts_of_a_recorded_exchange_may_be_others():
    before = tried(snapshot(oas({})), url="/api/a")
    outcome = again(recorded_of(before), oas({}), request="GET /api/other", answer="204")

    assert (outcome.trace.upstream_request.target, outcome.trace.answer.status) == ("/other", 204)


def test_what_was_not_kept_cannot_be_tried():
    with pytest.raises(ValueError, match=r"cannot try POST / again: its body was not kept"):
        of_recorded(Recorded(Request("POST", "/", body=NOT_READ)))
    assert of_recorded(Recorded(Request("GET", "/"), upstream_response=Response(200, body=NOT_READ))).answer.body == b""


# ── samples ──


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("GET /x?y=1", Request("GET", "/x", "y=1", host="localhost"), id="line"),
        pytest.param(
            "POST /x HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi",
            Request("POST", "/x", None, Headers.of(("X-A", "1"), ("Content-Length", "2")), b"hi", "a.test"),
            id="message",
        ),
        pytest.param(
            {"message": "PUT /x HTTP/1.1\n\n", "scheme": "https"},
            Request("PUT", "/x", host="localhost", scheme="https"),
            id="message in an object",
        ),
        pytest.param(
            {"method": "POST", "path": "/x", "headers": {"X-A": ["1", "2"]}, "body": "hi"},
            Request(
                "POST", "/x", None, Headers.of(("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")), b"hi", "localhost"
            ),
            id="parts",
        ),
        pytest.param(
            {"path": "/", "headers": [["Host", "b.test"], ["x-a", "1"]], "body_base64": "/w=="},
            Request("GET", "/", None, Headers.of(("x-a", "1"), ("Content-Length", "1")), b"\xff", "b.test"),
            id="bytes",
        ),
    ],
)
def test_requests(given, expected):
    assert request_of(given)[0] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(404, Response(404), id="status"),
        pytest.param("503", Response(503), id="text"),
        pytest.param(
            "HTTP/1.1 201 Created\nX-A: 1\n\nhi", Response(201, Headers.of(("X-A", "1")), b"hi"), id="message"
        ),
        pytest.param(
            {"status": 200, "headers": {"X-A": "1"}, "body": "hi"},
            Response(200, Headers.of(("X-A", "1")), b"hi"),
            id="parts",
        ),
        pytest.param({"message": "204"}, Response(204), id="message in an object"),
    ],
)
def test_answers(given, expected):
    assert answer_of(given) == expected


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({}, "expected a request", id="nothing"),
        pytest.param({"request": 1}, "expected a text or an object as the request, found a number", id="number"),
        pytest.param({"request": {"metod": "GET"}}, "in the request, found 'metod'", id="key"),
        pytest.param({"request": {"path": 1}}, "expected a text as 'path' of the request, found a number", id="path"),
        pytest.param({"request": {"path": "/a b"}}, "expected a path without spaces", id="spaces"),
        pytest.param({"request": {"method": "A\nB"}}, "expected a method, found", id="method"),
        pytest.param({"request": {"path": "x"}}, "expected a path that begins with '/'", id="relative path"),
        pytest.param({"request": {"headers": 1}}, "expected name and value of each header", id="headers"),
        pytest.param({"request": {"headers": {"a b": "1"}}}, "found one that cannot be sent", id="name of a header"),
        pytest.param(
            {"request": {"headers": {"a": "1\r\nb: 2"}}}, "found one that cannot be sent", id="line in a header"
        ),
        pytest.param({"request": {"body_base64": "!"}}, "expected base64", id="base64"),
        pytest.param({"request": {"scheme": "ftp"}}, "expected http or https", id="scheme"),
        pytest.param({"request": {"body": "x" * (MOST_BODY_BYTES + 1)}}, "expected a body of", id="long body"),
        pytest.param({"request": "/", "answer": "no"}, "expected a status or an HTTP/1.1 response", id="answer"),
        pytest.param({"request": "/", "answer": {"status": True}}, "expected a status", id="status"),
        pytest.param({"request": "/", "session": 1}, "expected a session object, found a number", id="session"),
        pytest.param({"request": "/", "session": {"rate": "x"}}, "rate", id="key of a session"),
        pytest.param({"request": "/", "context": []}, "expected context variables by name, found a list", id="context"),
    ],
)
def test_what_is_no_sample(given, says):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is what is tested
        sample_of(given)

    assert says in str(raised.value)


def test_context_variables_are_values():
    sample = sample_of({"request": "/", "context": {"a": {"b": [1, "x", None]}}})

    assert sample.variables == {"a": {"b": (1, "x", None)}}


def test_the_time_of_a_trial_is_now():
    assert abs((datetime.now(UTC) - tried_text(oas({})).trace.original.received_at).total_seconds()) < 60
