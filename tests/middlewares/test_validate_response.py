import asyncio
import gzip
import json
import zlib

import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Headers, Response
from lockgate.middleware import BodyNeed, Continue, Reason, Reject
from lockgate.middlewares.validate_response import Mode, ValidateResponse, body_need, response
from lockgate.trace import Phase
from lockgate.validation.bodies import MediaType
from lockgate.validation.openapi_schema import OpenApiSchema
from lockgate.validation.operation import Content, Operation, ResponseShape

PET = {
    "type": "object",
    "required": ["id", "pw"],
    "properties": {"id": {"type": "integer", "readOnly": True}, "pw": {"type": "string", "writeOnly": True}},
}
RESPONSES = {
    "200": {
        "description": "a pet",
        "content": {"application/json": {"schema": PET}},
        "headers": {
            "X-Rate": {"required": True, "schema": {"type": "integer"}},
            "Content-Type": {"schema": {"type": "integer"}},
        },
    },
    "204": {"description": "nothing", "content": {"application/json": {"schema": PET}}},
    "4XX": {"description": "refused", "content": {"text/plain": {"schema": {"type": "string", "maxLength": 5}}}},
}
JSON = (("Content-Type", "application/json"), ("X-Rate", "1"))


def served(mode="enforce", *, operation=None, everywhere=True, responses=RESPONSES, **more):
    document = oas({"GET /x": {}, "HEAD /x": {}})
    for method in ("get", "head"):
        document["paths"]["/x"][method]["responses"] = responses
    extension = document["x-tyk-api-gateway"]
    if everywhere:
        extension["x-lockgate"] = {"validateResponse": {"mode": mode, **more}}
    if operation is not None:
        extension["middleware"]["operations"]["op0"] = {"x-lockgate": {"validateResponse": operation}}
    return snapshot(document)


def answered(of, answer, method="GET"):
    # Who asks for packed answers gets them as they are.
    return tried(of, method, "/api/x", (("Accept-Encoding", "gzip"),), answer=answer)


def problem(answer, method="GET"):
    """What is wrong with an answer; "" when it reaches the client."""
    trace = answered(served(), answer, method)
    step = next(step for step in trace.steps if step.link == "validate_response")
    if step.outcome == "continue":
        return ""
    assert trace.answer.status == 502
    said = json.loads(trace.answer.body) if method != "HEAD" else {"error": Reason.INVALID_RESPONSE.message}
    assert said == {"error": Reason.INVALID_RESPONSE.message}
    return step.detail.partition(": ")[2]


def answer(status=200, headers=JSON, body=b'{"id": 1}'):
    return Response(status, Headers.of(*headers), body)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(), ""),
        (answer(body=b'{"id": "x"}'), 'response body has an error: doesn\'t match schema: Error at "/id": value must be an integer'),
        (answer(body=b'{"id": 1, "pw": "s"}'), 'response body has an error: doesn\'t match schema: writeOnly property "pw" in response'),
        (answer(body=b"{"), "response body has an error: failed to decode response body: unexpected EOF"),
        (answer(body=b""), "response body has an error: failed to decode response body: EOF"),
        (answer(headers=JSON[:1]), 'response header "X-Rate" has an error: value is required but missing'),
        (answer(headers=(JSON[0], ("X-Rate", "a"))), 'response header "X-Rate" has an error: value a: an invalid integer: invalid syntax'),
        (answer(headers=(("Content-Type", "text/html"), JSON[1])), 'response header Content-Type has unexpected value: "text/html"'),
        (answer(201), "status 201 is not declared (declared: 200, 204, 4XX)"),
        (answer(204, (), b""), ""),
        (answer(404, (("Content-Type", "text/plain"),), b"gone"), ""),
        (answer(404, (("Content-Type", "text/plain"),), b"long gone"), "response body has an error: doesn't match schema: maximum string length is 5"),
    ],
)  # fmt: skip
def test_promises(given, expected):
    assert problem(given) == expected


def test_an_answer_to_head_has_no_body():
    assert problem(answer(body=b""), "HEAD") == ""


def test_a_default_response_takes_every_status():
    of = served(responses={"default": {"description": "any", "content": {"application/json": {"schema": PET}}}})
    assert answered(of, answer(418)).answer.status == 418
    assert answered(of, answer(418, body=b"[]")).answer.status == 502


def test_report_lets_it_pass_and_says_why():
    trace = answered(served("report"), answer(body=b"[]"))

    assert trace.answer.status == 200
    assert trace.answer.body == b"[]"
    assert trace.failed
    step = next(step for step in trace.steps if step.link == "validate_response")
    assert (step.outcome, step.detail) == (
        "failed",
        "the response is not as promised: response body has an error: doesn't match schema: value must be an object",
    )


def test_the_definition_sets_the_status():
    assert answered(served(errorResponseCode=500), answer(201)).answer.status == 500


@pytest.mark.parametrize(
    ("everywhere", "operation", "status"),
    [
        (False, None, 200),
        (False, {"mode": "enforce"}, 502),
        (True, {"enabled": False}, 200),
        (True, {"mode": "report"}, 200),
        (True, None, 502),
    ],
)
def test_an_operation_has_the_last_word(everywhere, operation, status):
    assert answered(served(everywhere=everywhere, operation=operation), answer(body=b"[]")).answer.status == status


def test_the_transforms_have_run():
    document = oas(
        {"GET /x": {}}, transformResponseHeaders={"enabled": True, "add": [{"name": "X-Rate", "value": "5"}]}
    )
    document["paths"]["/x"]["get"]["responses"] = RESPONSES
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    assert answered(snapshot(document), answer(headers=JSON[:1])).answer.status == 200


def test_the_operation_is_the_clients_whatever_the_upstream_path():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "/other"}
    document = oas({"GET /x": {"urlRewrite": rewrite}}, upstream="http://upstream.test:8000/base")
    document["paths"]["/x"]["get"]["responses"] = RESPONSES
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    assert answered(snapshot(document), answer(body=b"[]")).answer.status == 502


def test_a_mock_keeps_the_promise_too():
    document = oas({"GET /x": {"mockResponse": {"enabled": True, "code": 200, "body": "[]", "headers": []}}})
    document["paths"]["/x"]["get"]["responses"] = RESPONSES
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    assert tried(snapshot(document), url="/api/x").answer.status == 502


# Packed bodies.


@pytest.mark.parametrize(
    ("packing", "body", "expected"),
    [
        ("gzip", gzip.compress(b'{"id": 1}', mtime=0), ""),
        ("deflate", zlib.compress(b'{"id": 1}'), ""),
        ("identity", b'{"id": 1}', ""),
        (
            "gzip",
            gzip.compress(b"[]", mtime=0),
            "response body has an error: doesn't match schema: value must be an object",
        ),
        ("compress", b"x", "response body has an error: content encoding 'compress' cannot be read"),
        ("gzip", gzip.compress(b'{"id": 1}', mtime=0)[:-3], "response body has an error: it is cut short"),
        ("gzip", gzip.compress(b'{"id": ', mtime=0) + gzip.compress(b"1}", mtime=0), ""),
    ],
)
def test_packed_bodies(packing, body, expected):
    assert problem(answer(headers=(*JSON, ("Content-Encoding", packing)), body=body)) == expected


def test_what_is_no_gzip():
    said = problem(answer(headers=(*JSON, ("Content-Encoding", "gzip")), body=b"no"))
    assert said.startswith("response body has an error: it is not gzip")


def config(schema, mode=Mode.ENFORCE, **more):
    media = MediaType(OpenApiSchema(schema, {}, version="3.0", pointer=""))
    shape = ResponseShape(Content(media={"application/json": media}))
    return ValidateResponse(Operation(responses={"200": shape}), mode, **more)


def judged(of, given):
    outcome = response(of, make_exchange(response=given), make_services())
    return asyncio.run(outcome) if asyncio.iscoroutine(outcome) else outcome


def test_a_packed_body_is_unpacked_up_to_the_limit():
    packed = gzip.compress(b'"' + b"x" * 3_000_000 + b'"', mtime=0)
    given = answer(headers=(*JSON, ("Content-Encoding", "gzip")), body=packed)
    limit = "response body has an error: unpacked it has more than 1048576 bytes, the most that are validated"

    assert judged(config({"type": "string"}), given) == Reject(Reason.INVALID_RESPONSE, status=502, detail=limit)
    assert isinstance(judged(config({"type": "string"}, max_body_bytes=0), given), Continue)


def test_a_large_body_is_refused():
    outcome = judged(config({"type": "string"}, max_body_bytes=5), answer(body=b'"abcdef"'))
    assert outcome.detail == "response body has an error: it has 8 bytes, and no more than 5 are validated"


def test_what_takes_too_long_breaks_the_promise(monkeypatch):
    monkeypatch.setattr("lockgate.middlewares.validate_response.INLINE_STEPS", 10)
    monkeypatch.setattr("lockgate.middlewares.validate_response.MAX_STEPS", 20)
    body = json.dumps([*range(1000), "x"]).encode()
    outcome = judged(config({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}), answer(body=body))
    assert outcome.detail == "it takes too long to say whether it is valid"


def test_the_body_is_asked_for_only_where_something_is_said_of_it():
    of = config({"type": "string"})
    exchange = make_exchange(response=answer())

    assert body_need(of, exchange, Phase.RESPONSE) is BodyNeed.READ
    assert body_need(of, make_exchange(response=answer(201)), Phase.RESPONSE) is BodyNeed.NONE
    assert body_need(of, make_exchange("HEAD", response=answer()), Phase.RESPONSE) is BodyNeed.NONE
    assert body_need(of, exchange, Phase.REQUEST) is BodyNeed.NONE
