import asyncio
import json
from inspect import isawaitable

import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import Elsewhere, FixedOutside, make_exchange, make_services
from tests.validation.operations import INTEGER, JSON, content, endpoint, in_path, obj, query

from lockgate.exchange import NOT_READ
from lockgate.middleware import BodyNeed, Continue, Reason, Reject
from lockgate.middlewares.validate_request import TOO_COMPLEX, ValidateRequest, body_need, bound, request
from lockgate.services import Outside, Services
from lockgate.trace import Phase
from lockgate.validation.bodies import MediaType
from lockgate.validation.budget import MOST_VALUES
from lockgate.validation.layout import Layout
from lockgate.validation.openapi_schema import OpenApiSchema
from lockgate.validation.operation import Content, Operation
from lockgate.validation.parameters import Parameter, Place


def services(compute=None):
    fixed = FixedOutside()
    more = {} if compute is None else {"compute": compute}
    return Services(Outside(clock=fixed, ids=fixed, turns=fixed, **more))


def json_of(schema):
    compiled = OpenApiSchema(schema, {}, version="3.0", pointer="")
    return ValidateRequest(Operation(body=Content(media={"application/json": MediaType(compiled)})))


def validated(document, path="/x", method="get", **more):
    found = document["paths"][path][method]
    found["parameters"] = [*found["parameters"], query("n", INTEGER, required=True)]
    found.update(more)
    return document


VALIDATE = {"validateRequest": {"enabled": True}}
MISSING = 'request validation error: parameter "n" in query has an error: value is required but missing'


def refusal(trace):
    assert trace.upstream_request is None, trace.upstream_request
    return trace.answer.status, json.loads(trace.answer.body)["error"]


# Refusals.


@pytest.mark.parametrize(("code", "status"), [(0, 422), (400, 400), (418, 418), (503, 503), (200, 200)])
def test_the_definition_sets_the_status(code, status):
    section = {"validateRequest": {"enabled": True, "errorResponseCode": code}}
    assert refusal(tried(snapshot(validated(oas({"GET /x": section}))), url="/api/x")) == (status, MISSING)


@pytest.mark.parametrize("code", [42, 100, 150, 1000])
def test_an_error_code_that_is_no_status_is_not_used(code):
    section = {"validateRequest": {"enabled": True, "errorResponseCode": code}}
    of = snapshot(validated(oas({"GET /x": section})), problems=("bad-status",))
    assert refusal(tried(of, url="/api/x")) == (422, MISSING)


def test_what_a_client_sent_is_escaped():
    trace = tried(snapshot(validated(oas({"GET /x": VALIDATE}))), url="/api/x?n=%3Cb%3E%22'%0A")
    assert refusal(trace)[1].endswith("value <b>\"'\n: an invalid integer: invalid syntax")

    trace = tried(
        snapshot(validated(oas({"GET /x": VALIDATE}))), url="/api/x?n=%3Cb%3E", headers=(("Content-Type", "text/xml"),)
    )
    assert b"<b>" not in trace.answer.body


def test_rules_for_errors_find_it_by_its_class():
    document = validated(oas({"GET /x": VALIDATE}))
    rule = {"match": {"flag": "BIV"}, "response": {"statusCode": 400, "body": "no"}}
    document["x-tyk-api-gateway"]["errorOverrides"] = {"enabled": True, "value": {"422": [rule]}}
    assert tried(snapshot(document), url="/api/x").answer.status == 400


def test_disabled_validates_nothing():
    off = {"validateRequest": {"enabled": False}}
    assert tried(snapshot(validated(oas({"GET /x": off}))), url="/api/x").upstream_request is not None


# Its place in the chain.


def test_transforms_come_behind_it():
    add = {"enabled": True, "add": [{"name": "X-G", "value": "1"}]}
    document = oas({"GET /x": VALIDATE}, transformRequestHeaders=add)
    document["paths"]["/x"]["get"]["parameters"] = [
        {"name": "X-G", "in": "header", "required": True, "schema": {"type": "string"}}
    ]
    assert "X-G" in refusal(tried(snapshot(document), url="/api/x"))[1]


def test_defaults_reach_the_rewrite_and_the_inbound_path_counts():
    rewrite = {"enabled": True, "pattern": "/old/(.*)", "rewriteTo": "/new/$1"}
    document = oas({"GET /old/{id}": {**VALIDATE, "urlRewrite": rewrite}, "GET /new/{id}": VALIDATE})
    document["paths"]["/old/{id}"]["get"]["parameters"] = [
        in_path("id", INTEGER),
        query("limit", {"type": "integer", "default": 10}),
    ]
    validated(document, "/new/{id}")
    of = snapshot(document)

    assert tried(of, url="/api/old/7").upstream_request.target == "/new/7?limit=10"
    assert refusal(tried(of, url="/api/old/x"))[0] == 422


def test_an_ignored_endpoint_is_validated():
    document = validated(oas({"GET /x": {**VALIDATE, "ignoreAuthentication": {"enabled": True}}}))
    assert refusal(tried(snapshot(document), url="/api/x"))[0] == 422


def test_a_blocked_endpoint_is_not():
    document = validated(oas({"GET /x": {**VALIDATE, "block": {"enabled": True}}}))
    assert refusal(tried(snapshot(document), url="/api/x"))[0] == 403


# What does not lead past it.


@pytest.mark.parametrize("url", ["/api/x", "/api/%78", "/%61pi/x", "/api%2Fx"])
def test_no_spelling_leads_past_it(url):
    assert refusal(tried(snapshot(validated(oas({"GET /x": VALIDATE}))), url=url)) == (422, MISSING)


def test_a_doubled_slash_does_not_lead_past_it():
    of = snapshot(validated(oas({"GET /x": VALIDATE})), http_server_options={"skip_url_cleaning": True})
    assert refusal(tried(of, url="/api//x")) == (422, MISSING)


def test_case_does_not_lead_past_it_where_it_does_not_count():
    of = snapshot(validated(oas({"GET /X/{id}": VALIDATE}), "/X/{id}"), ignore_endpoint_case=True)
    assert refusal(tried(of, url="/api/x/1")) == (422, MISSING)


def test_another_method_of_a_literal_path_does_not_lead_past_it():
    document = validated(oas({"POST /x/y": {}, "GET /x/{id}": VALIDATE}), "/x/{id}")
    assert refusal(tried(snapshot(document), url="/api/x/y")) == (422, MISSING)


def test_a_literal_path_of_its_own_does():
    document = validated(oas({"GET /x/y": {}, "GET /x/{id}": VALIDATE}), "/x/{id}")
    assert tried(snapshot(document), url="/api/x/y").upstream_request is not None


@pytest.mark.parametrize("target", ["tyk://self/x", "tyk://self/api/x", "tyk://pets/x"])
def test_a_loop_does_not_lead_past_it(target):
    rewrite = {"enabled": True, "pattern": "/start", "rewriteTo": target}
    of = snapshot(validated(oas({"GET /start": {"urlRewrite": rewrite}, "GET /x": VALIDATE})))

    assert refusal(tried(of, url="/api/start")) == (422, MISSING)
    assert tried(of, url="/api/start?n=5").upstream_request is not None


@pytest.mark.parametrize("strip", [True, False])
def test_an_internal_upstream_does_not_lead_past_it(strip):
    outer = oas({}, name="outer", listen="/outer/", upstream="tyk://pets", strip=strip)
    of = snapshot(outer, validated(oas({"GET /x": VALIDATE})))
    assert refusal(tried(of, url="/outer/x")) == (422, MISSING)


@pytest.mark.parametrize("strip", [True, False])
def test_a_base_does_not_lead_past_it(strip):
    base = oas({"GET /x": {}}, name="base", listen="/base/", strip=strip)
    base["x-tyk-api-gateway"]["info"]["versioning"] = {
        "enabled": True,
        "name": "v1",
        "default": "self",
        "location": "header",
        "key": "X-Version",
        "versions": [{"name": "v2", "id": "pets"}],
    }
    of = snapshot(base, validated(oas({"GET /x": VALIDATE})), problems=("missing-version",))

    assert refusal(tried(of, url="/base/x", headers=(("X-Version", "v2"),))) == (422, MISSING)
    assert tried(of, url="/base/x").upstream_request is not None


def test_a_body_is_validated_in_a_loop():
    rewrite = {"enabled": True, "pattern": "/start", "rewriteTo": "tyk://self/x"}
    document = oas({"POST /start": {"urlRewrite": rewrite}, "POST /x": VALIDATE})
    document["paths"]["/x"]["post"]["requestBody"] = content("application/json", obj({"a": INTEGER}))
    trace = tried(snapshot(document), "POST", "/api/start", JSON, b'{"a":"x"}')
    assert 'Error at "/a"' in refusal(trace)[1]


# Security.


def test_schemes_that_are_not_declared():
    document = validated(oas({"GET /x": VALIDATE}), security=[{"ghost": []}, {"b": [], "a": []}], parameters=[])
    words = (
        'request validation error: security requirements failed: security scheme "ghost" is not declared | '
        'security scheme "a" is not declared'
    )
    assert refusal(tried(snapshot(document), url="/api/x?n=1")) == (422, words)


@pytest.mark.parametrize("security", [[{"ghost": []}, {}], [{"known": []}], []])
def test_one_that_can_be_met_is_enough(security):
    document = validated(oas({"GET /x": VALIDATE}), security=security)
    document["components"] = {"securitySchemes": {"known": {"type": "http", "scheme": "basic"}}}
    assert tried(snapshot(document), url="/api/x?n=1").upstream_request is not None


# OpenAPI 3.1.


def test_documents_of_version_3_1():
    schema = {"type": ["integer", "null"], "exclusiveMinimum": 3}
    of = endpoint(
        query("n", schema),
        method="POST",
        version="3.1.0",
        body=content("application/json", obj({"a": {"const": 5}, "b": {"type": ["string", "null"]}})),
    )

    assert of.cause("n=4", JSON, '{"a":5,"b":null}') == ""
    assert of.cause("n=3", JSON, "{}") == 'parameter "n" in query has an error: number must be more than 3'
    assert of.cause("n=x") == 'parameter "n" in query has an error: value x: an invalid integer: invalid syntax'
    assert of.cause("n=4", JSON, '{"a":6}') != ""


# The link itself.


def test_the_body_is_asked_for_only_where_the_operation_has_one():
    exchange = make_exchange("POST")
    with_defaults = json_of(obj({"a": {"type": "integer", "default": 1}}))

    assert body_need(ValidateRequest(Operation()), exchange, Phase.REQUEST) is BodyNeed.NONE
    assert body_need(json_of(INTEGER), exchange, Phase.REQUEST) is BodyNeed.READ
    assert body_need(with_defaults, exchange, Phase.REQUEST) is BodyNeed.WRITE
    assert body_need(with_defaults, exchange, Phase.RESPONSE) is BodyNeed.NONE


def test_a_body_that_was_not_read_is_refused():
    outcome = request(json_of(INTEGER), make_exchange("POST", body=NOT_READ), services())
    assert isinstance(outcome, Reject)


def test_an_exchange_that_passes_is_the_same_one():
    exchange = make_exchange("POST", "/", JSON, b"5")
    outcome = request(json_of(INTEGER), exchange, services())
    assert isinstance(outcome, Continue)
    assert outcome.exchange is exchange


def test_a_large_body_is_computed_elsewhere():
    class Counting:
        def __init__(self):
            self.calls = 0

        async def run(self, function):
            self.calls += 1
            return function()

    compute = Counting()
    raw = b'{"a":"' + b"x" * 100_000 + b'"}'
    outcome = request(json_of(obj({"a": INTEGER})), make_exchange("POST", "/", JSON, raw), services(compute))
    settled = asyncio.run(outcome)

    assert isinstance(settled, Reject)
    assert settled.reason is Reason.INVALID_REQUEST
    assert compute.calls == 1
    assert isinstance(request(json_of(INTEGER), make_exchange("POST", "/", JSON, b"5"), services(compute)), Continue)
    assert compute.calls == 1


def test_what_takes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("lockgate.middlewares.validate_request.INLINE_STEPS", 10)
    monkeypatch.setattr("lockgate.middlewares.validate_request.MAX_STEPS", 20)
    config = json_of({"type": "array", "items": {"type": "integer"}, "uniqueItems": True})
    raw = json.dumps([*range(1000), "x"]).encode()

    outcome = asyncio.run(request(config, make_exchange("POST", "/", JSON, raw), services()))

    assert outcome == Reject(Reason.INVALID_REQUEST, f"request validation error: {TOO_COMPLEX}", 422)


def test_values_of_the_path_are_bound_to_the_plan():
    config = ValidateRequest(Operation())
    assert bound(config, {}) is config
    assert bound(config, {"id": "7"}).path == {"id": "7"}


# Bodies that others may read otherwise.

FREE = {"content": {"text/plain": {}, "application/json": {"schema": obj({"a": INTEGER})}}}
BAD_BODY = "request body has an error: "


@pytest.mark.parametrize(
    ("types", "allowed"),
    [
        pytest.param(("text/plain", "application/json"), False, id="the second one is validated"),
        pytest.param(("application/json", "text/plain"), False, id="the first one is"),
        pytest.param(("application/json", "application/json"), True, id="equal ones"),
        pytest.param(("text/plain",), True, id="one"),
    ],
)
def test_several_content_types_are_refused(types, allowed):
    headers = tuple(("Content-Type", one) for one in types)
    cause = endpoint(method="POST", body=FREE).cause(headers=headers, body='{"a": 1}')

    shown = ", ".join(types)
    assert cause == ("" if allowed else f'{BAD_BODY}header Content-Type has unexpected value "{shown}"')


@pytest.mark.parametrize("coding", ["gzip", "identity, br", "x-odd"])
def test_a_packed_body_is_refused(coding):
    form = content("application/x-www-form-urlencoded", obj({"role": {"enum": ["user"]}}))
    headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Encoding", coding))

    cause = endpoint(method="POST", body=form).cause(headers=headers, body=b"\x1f\x8b\x08")
    assert cause == f'{BAD_BODY}content encoding "{coding.rpartition(" ")[2]}" cannot be read'


def test_a_body_of_very_many_values_is_refused():
    body = b"[" + b"0," * MOST_VALUES + b"0]"

    cause = endpoint(method="POST", body=content("application/json", {"type": "array", "items": {}})).cause(
        headers=JSON, body=body
    )

    assert cause.endswith(f"it has more than {MOST_VALUES} values, the most that are validated")


def test_a_file_may_be_packed():
    schema = {"type": "string", "format": "binary"}
    endpoint(method="POST", body=content("application/octet-stream", schema)).sent(
        headers=(("Content-Type", "application/octet-stream"), ("Content-Encoding", "gzip")), body=b"\x1f\x8b\x08"
    )


def test_an_identity_is_no_packing():
    endpoint(method="POST", body=content("application/json", obj({}))).sent(
        headers=(*JSON, ("Content-Encoding", "Identity")), body="{}"
    )


@pytest.mark.parametrize(
    ("charset", "allowed"),
    [
        ("utf-8", True),
        ('"UTF-8"', True),
        ("iso-8859-1", True),
        ("us-ascii", True),
        ("windows-1252", True),
        ("", True),
        ("ibm037", False),
        ("utf-7", False),
        ("utf-16", False),
        ("utf-8; charset=utf-7", False),
    ],
)
def test_a_character_set_that_is_not_like_ascii_is_refused(charset, allowed):
    headers = (("Content-Type", f"application/json; charset={charset}"),)
    cause = endpoint(method="POST", body=content("application/json", obj({}))).cause(headers=headers, body="{}")

    assert cause == ("" if allowed else f'{BAD_BODY}character set "{charset.rpartition("=")[2]}" cannot be read')


@pytest.mark.parametrize(
    ("query", "headers", "computed"),
    [
        pytest.param("a=1", (("X-A", "1"),), 0, id="small"),
        pytest.param("a=1&b=" + "c" * 10_000, (), 1, id="long query"),
        pytest.param("a=1", (("X-A", "1" * 10_000),), 1, id="long header"),
    ],
)
async def test_long_queries_and_headers_are_judged_elsewhere(query, headers, computed):
    integer = OpenApiSchema(INTEGER, {"schema": INTEGER}, version="3.0", pointer="/schema")
    places = ((Place.QUERY, "form"), (Place.HEADER, "simple"))
    layout = Layout(("integer",))
    parameters = tuple(Parameter("a", place, style=style, schema=integer, layout=layout) for place, style in places)
    elsewhere = Elsewhere()

    exchange = make_exchange("GET", f"/?{query}", headers)
    outcome = request(ValidateRequest(Operation(parameters)), exchange, make_services(elsewhere))
    outcome = await outcome if isawaitable(outcome) else outcome

    assert isinstance(outcome, Continue)
    assert elsewhere.count == computed
