import gzip
import json

import pytest
import tests.apis
from tests.apis import oas, snapshot, tried
from tests.helpers import NEW_ID, make_exchange, make_services
from tests.loading.documents import with_paths
from tests.templates_of import body_entry, body_section

from lockgate.body_transforms.making import Draft, compile_one
from lockgate.body_transforms.transform import TemplateText
from lockgate.exchange import NOT_READ
from lockgate.middlewares.request_body_transform import MIDDLEWARE, RequestBodyTransform, request
from lockgate.services import TaskLimitError

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
LINTS = ("template-unescaped-json", "template-unescaped-xml", "template-exponent")


def served(template, kind="json", *, method="POST", gateway=None, **everywhere):
    document = oas({f"{method} /x": {"transformRequestBody": body_section(template, kind)}}, **everywhere)
    return snapshot(document, problems=LINTS, **(gateway or {}))


def sent(of, body=b"", *headers, method="POST", url="/api/x"):
    """The request that the upstream gets."""
    made = tried(of, method, url, headers, body).upstream_request
    assert made is not None
    return made


def step_of(trace):
    return next(step for step in trace.steps if step.link == "request_body_transform")


def test_makes_the_body():
    made = sent(served('{"pet": {{.name | jsonMarshal}}}'), b'{"name": "Tom"}', JSON, ("Content-Length", "15"))

    assert made.body == b'{"pet": "Tom"}'
    assert made.headers.get("Content-Length") == "14"
    assert made.headers.get("Content-Type") == "application/json"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_of_every_method(method):
    assert sent(served("T {{.a}}", method=method), method=method).body == b"T <no value>"


def test_from_xml():
    of = served("{{.a}}|{{.b.c}}", "xml")

    assert sent(of, b"<b><c>1</c></b>").body == b"<no value>|1"
    assert sent(of, b"").body == b"<no value>|<no value>"


def test_an_empty_template_makes_an_empty_body():
    of = snapshot(with_paths(transform=[body_entry("")]))

    assert sent(of, b'{"a": 1}', url="/harbour/x").body == b""


@pytest.mark.parametrize(
    ("template", "body", "headers", "why"),
    [
        ("{{.a}}", b"{", (), "the body is no JSON: unexpected end of JSON input"),
        ("{{.a}}", b" ", (), "the body is no JSON: unexpected end of JSON input"),
        ("{{.a}}", b"name=Ana+Lima&city=Porto", (FORM,), "the body is no JSON: invalid character 'a' in literal null"),
        ("{{.a}}", b"{bad", (("Transfer-Encoding", "chunked"),), "the body is no JSON: invalid character 'b'"),
        ("a {{index .a 1}}", b'{"a": []}', (), "template: :1:4: executing"),
        ("{{fail `no`}}", b"{}", (), "template: :1:2: executing"),
        ("{{template `t` .}}{{define `t`}}{{template `t` .}}{{end}}", b"{}", (), "template: :1:"),
        ("{{repeat 1000000000 `x`}}", b"{}", (), "template: :1:"),
    ],
)
def test_what_cannot_be_transformed_goes_on_as_it_came(template, body, headers, why):
    trace = tried(served(template, contextVariables={"enabled": True}), "POST", "/api/x", headers, body)

    assert trace.upstream_request.body == body
    assert trace.answer.status == 200
    step = step_of(trace)
    assert step.outcome == "failed"
    assert step.detail.startswith(f"the body goes upstream as it came: {why}")
    assert trace.failed


def test_a_strict_gateway_refuses_what_cannot_be_transformed():
    of = served("{{.a}}", gateway={"x-lockgate": {"strict": True}})

    trace = tried(of, "POST", "/api/x", (), b"{")
    assert trace.upstream_request is None
    assert trace.answer.status == 500
    assert tried(of, "POST", "/api/x", (), b"{}").answer.status == 200


def test_packed_bodies_are_not_unpacked():
    packed = gzip.compress(b'{"a": 1}')

    assert sent(served("T {{.a}}"), packed, ("Content-Encoding", "gzip")).body == packed


def test_variables_in_the_template_are_replaced_and_those_of_the_client_are_not():
    of = served(
        '{"path": "$tyk_context.path", "parts": "$tyk_context.path_parts", "raw": "{{.a}}", "key": "$secret_conf.k"}',
        contextVariables={"enabled": True},
        gateway={"secrets": {"k": "s & t"}},
    )

    for name in ("$tyk_context.path", "$secret_conf.k", "$tyk_meta.plan", "{{.b}}"):
        made = json.loads(sent(of, json.dumps({"a": name, "b": "x"}).encode()).body)
        assert made == {"path": "%2Fapi%2Fx", "parts": "api%2Cx", "raw": name, "key": "s & t"}


def test_a_client_s_headers_and_query_are_data():
    of = served("{{._tyk_context.headers_X_A}} {{._tyk_context.request_data_q}}", contextVariables={"enabled": True})

    made = sent(of, b"{}", ("X-A", "{{.}} $secret_conf.k"), url="/api/x?q=$tyk_context.path")

    assert made.body == b"{{.}} $secret_conf.k $tyk_context.path"


def test_context_variables_are_those_of_the_inbound_request():
    of = served("{{._tyk_context.path}} {{._tyk_context.request_id}}", contextVariables={"enabled": True})
    assert sent(of, b"{}").body == f"/api/x {NEW_ID}".encode()
    assert sent(served("{{._tyk_context.path}}"), b"{}").body == b"<no value>"


def test_it_stands_behind_validation_and_before_headers():
    document = oas(
        {
            "POST /x": {
                "validateRequest": {"enabled": True},
                "transformRequestBody": body_section("made"),
                "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-A", "value": "b"}]},
            }
        }
    )
    document["paths"]["/x"]["post"]["requestBody"] = {
        "content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}
    }
    of = snapshot(document)

    trace = tried(of, "POST", "/api/x", (JSON,), b'{"a": 1}')
    links = [step.link for step in trace.steps]
    assert links.index("validate_request") < links.index("request_body_transform") < links.index("request_headers")
    assert trace.upstream_request.body == b"made"
    assert tried(of, "POST", "/api/x", (JSON,), b"{}").answer.status == 422


def test_classic_input_of_another_kind_lets_the_body_pass():
    of = snapshot(with_paths(transform=[body_entry("made", input_type="yaml")]), problems=("bad-value",))

    trace = tried(of, "POST", "/harbour/x", (), b'{"a": 1}')
    assert trace.upstream_request.body == b'{"a": 1}'
    assert "unsupported request input type" in step_of(trace).detail


def test_the_first_entry_that_matches_counts():
    of = snapshot(with_paths(transform=[body_entry("first"), body_entry("second")]))

    assert sent(of, b"{}", url="/harbour/x").body == b"first"


def test_large_bodies_are_transformed_elsewhere():
    body = json.dumps({"a": ["x" * 100] * 1000}).encode()

    assert sent(served("{{len .a}}"), body).body == b"1000"


class Stopped:
    async def run(self, task):
        raise TaskLimitError("the task took more than 2 s")


def test_what_is_stopped_goes_on_as_it_came(monkeypatch):
    monkeypatch.setattr(tests.apis, "TasksInPlace", Stopped)
    trace = tried(served("{{repeat 100000000 `x`}}"), "POST", "/api/x", (), b"{}")

    assert trace.upstream_request.body == b"{}"
    assert step_of(trace).detail == "the body goes upstream as it came: the task took more than 2 s"


def test_it_needs_the_body():
    config = RequestBodyTransform(compile_one(Draft(TemplateText("", "x"))))
    assert MIDDLEWARE.body.name == "WRITE"
    with pytest.raises(TypeError):
        request(config, make_exchange("POST", body=NOT_READ), make_services())
