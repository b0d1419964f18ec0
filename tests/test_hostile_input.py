"""Schemas, bodies and URLs that somebody made to hurt: each limit fires with a clear word, whoever comes next is served,
and nothing is fetched.

How long the event loop waits meanwhile is measured by scripts/bench/stalls.py.
"""

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.apis import oas, settings, snapshot
from tests.helpers import FixedOutside, make_request
from tests.loading.documents import classic, with_paths

from lockgate.exchange import Headers, Response
from lockgate.hosts.computing import Threads
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.rewriting import MOST_PARAMETERS
from lockgate.services import Outside
from lockgate.snapshot import Snapshot
from lockgate.unpacking import MOST_MEMBERS
from lockgate.validation.budget import MOST_VALUES

JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
DONE = Response(200, Headers.of(("Content-Type", "application/json")), b"[]")
SLOW = "((a?){30}){30}b"
"""3,665 instructions: at worst 18 µs for each byte."""

LOOSE = {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/Loop"}}, "required": ["c"]}
MULTIPLYING = {"oneOf": [LOOSE, {**LOOSE, "additionalProperties": False}, {"type": "string"}]}


def outside():
    fixed = FixedOutside()
    return Outside(clock=fixed, ids=fixed, turns=fixed, compute=Threads())


async def after(of, *requests, answer=DONE):
    """The traces of requests that come at once, and of one that comes next."""
    beside = outside()
    traces = await asyncio.gather(*(try_request(of, one, answer, beside) for one in requests))
    after_them = await try_request(of, make_request("GET", "/api/next"), DONE, beside)
    assert after_them.answer.status == 200
    return traces


def hostile(of, *requests, answer=DONE):
    return asyncio.run(after(of, *requests, answer=answer))


def post(body, headers=JSON, url="/api/x"):
    return make_request("POST", url, headers, body)


def error(trace):
    return json.loads(trace.answer.body)["error"]


def with_body(schema, kind="application/json", **components):
    document = oas({"POST /x": {"validateRequest": {"enabled": True}}, "GET /next": {}})
    document["paths"]["/x"]["post"]["requestBody"] = {"content": {kind: {"schema": schema}}}
    document["components"] = {"schemas": components}
    return snapshot(document)


def with_parameter(**parameter):
    document = oas({"GET /x": {"validateRequest": {"enabled": True}}, "GET /next": {}})
    document["paths"]["/x"]["get"]["parameters"] = [{"name": "a", "in": "query", **parameter}]
    return snapshot(document)


def with_classic(schema):
    entry = {"path": "x", "method": "POST", "schema": schema, "error_response_code": 422}
    document = classic(**with_paths(validate_json=[entry]))
    document["proxy"] = {**document["proxy"], "listen_path": "/api/"}
    loaded = load_text(json.dumps(document), "a.json", settings())
    return Snapshot(loaded.definitions, settings())


LISTS = b"[" + b"[[]]," * 60_000 + b"[[]]]"
MANY = b"[" + b"1," * MOST_VALUES + b"1]"
TOO_MANY = f"it has more than {MOST_VALUES} values, the most that are validated"


@pytest.mark.parametrize(
    ("of", "body", "words"),
    [
        pytest.param(
            with_body({"$ref": "#/components/schemas/Loop"}, Loop=MULTIPLYING),
            b'{"c":' * 30 + b"5" + b"}" * 30,
            "it takes too long to say whether it is valid",
            id="combinators that multiply",
        ),
        pytest.param(
            with_body({"type": "string", "pattern": SLOW}),
            b'"' + b"a" * 900_000 + b'"',
            "it takes too long to say whether it is valid",
            id="a long text and a slow pattern",
        ),
        pytest.param(
            with_body({"items": {"allOf": [{"type": "string", "pattern": "[a-z]{0,900}x"}] * 50}}),
            json.dumps(["a" * 99 + "x"] * 300).encode(),
            "it takes too long to say whether it is valid",
            id="many texts and long patterns",
        ),
        pytest.param(
            with_body({"type": "array", "items": {"multipleOf": 0.01, "type": "number"}}),
            b"[" + b"1.001," * 60_000 + b"1]",
            'Error at "/0": number must be a multiple of 0.01',
            id="multiples",
        ),
        pytest.param(with_body({}), MANY, TOO_MANY, id="very many values"),
        pytest.param(with_body({"type": "object"}), b"[" * 9_000, "unexpected EOF", id="lists without end"),
        pytest.param(with_body({"type": "object"}), MANY[:99_999] + b"x", "invalid character 'x'", id="broken off"),
        pytest.param(with_body({"type": "object"}), LISTS[:-1] + b"x", "invalid character 'x'", id="broken lists"),
        pytest.param(with_body({"type": "object"}), b"[" * 20_000 + b"]" * 20_000, "exceeded max depth", id="deep"),
        pytest.param(
            with_body({"items": {"items": {"items": {"type": "string"}}}}),
            LISTS[:-1] + b",[[1]]]",
            'Error at "/60001/0/0": value must be a string',
            id="many lists",
        ),
        pytest.param(
            with_body({"type": "object", "properties": {"d": {"default": ["x" * 1_000] * 100}}}),
            b'{"e":"' + b"x" * 100_000 + b'"}',
            "",
            id="a default beside much",
        ),
        pytest.param(
            with_body({"items": {"type": "object", "properties": {"d": {"default": "x" * 10_000}}}}),
            b"[" + b"{}," * 20_000 + b"{}]",
            "it takes too long to say whether it is valid",
            id="defaults that would fill the memory",
        ),
        pytest.param(with_body({"type": "number"}), b"1e999999999", "value out of range", id="exponent"),
        pytest.param(with_body({"type": "number"}), b"9" * 100_000, "value out of range", id="100,000 digits"),
        pytest.param(with_body({"type": "object"}), b"\xff" * 40_000, "invalid character 'ÿ'", id="no UTF-8"),
    ],
)
def test_bodies(of, body, words):
    for trace in hostile(of, post(body), post(body)):
        if words:
            assert trace.answer.status == 422
            assert words in error(trace)
        else:
            assert trace.answer.status == 200


def test_a_body_of_very_many_values_is_refused():
    few = b"[" + b"1," * 1_000 + b"1]"
    for of in (with_body({}), with_classic({"type": "array"})):
        refused, passed, texts = hostile(of, post(MANY), post(few), post(b'["' + b"[1,2]," * 150_000 + b'"]'))
        assert refused.answer.status == 422
        assert TOO_MANY in error(refused)
        assert passed.answer.status == texts.answer.status == 200


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/x-www-form-urlencoded", b"a&" * 100_000, "more than 10000 fields"),
        ("multipart/form-data", b"--x\r\n\r\n\r\n" * 50_000, "undefined"),
        ("multipart/form-data", b"--x\r\n" + b"a:b\r\n" * 50_000 + b"\r\n", "too many headers"),
        ("text/csv", b'"' + b"\n" * 200_000, 'extraneous or missing " in quoted-field'),
        ("application/yaml", b"[" * 100_000, "more than 100 levels"),
        (
            "application/yaml",
            b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
            "each alias counted in full",
        ),
        ("application/yaml", b"- a\n" * 80_000, "no more than 262144 are decoded"),
    ],
)
def test_other_bodies(kind, body, words):
    schema = {"type": "object", "additionalProperties": False, "properties": {"b": {"type": "string"}}}
    sent = (("Content-Type", f"{kind}; boundary=x" if kind.startswith("multipart") else kind),)
    (trace,) = hostile(with_body(schema, kind), post(body, sent))
    assert trace.answer.status == 422
    assert words in error(trace)


@pytest.mark.parametrize(
    ("parameter", "query", "words"),
    [
        ({"schema": {"type": "integer"}}, "&".join(["b"] * 2_001), "more than 2000 query parameters"),
        ({"schema": {"type": "array", "items": {}}, "explode": False}, "a=" + "1," * 20_000, "more than 10000 items"),
        ({"schema": {"type": "integer"}}, "a=" + "9" * 500_000, "value 999"),
        ({"schema": {"type": "integer"}}, "a=" + "%41" * 200_000, "value AAA"),
        (
            {"schema": {"type": "string", "pattern": SLOW}},
            "a=" + "a" * 900_000,
            "it takes too long to say whether it is valid",
        ),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, "a=" + "[" * 300_000, "unmarshaling"),
        ({"content": {"application/json": {"schema": {}}}}, "a=" + MANY.decode(), TOO_MANY),
    ],
)
def test_queries(parameter, query, words):
    (trace,) = hostile(with_parameter(**parameter), make_request("GET", f"/api/x?{query}"))
    assert trace.answer.status == 422
    assert words in error(trace)


@pytest.mark.parametrize(
    ("schema", "body", "status", "words"),
    [
        ({"items": {"pattern": SLOW}}, b'["' + b"a" * 900_000 + b'"]', 422, "it takes too long"),
        ({"items": {"format": "regex"}}, json.dumps(["\\pL" * 300] * 40).encode(), 422, "it takes too long"),
        ({"items": {"format": "email"}}, b'["' + b"a " * 400_000 + b'"]', 422, "Does not match format"),
        ({"uniqueItems": True}, b"[" + b"1," * 100_000 + b"1]", 422, "it takes too long"),
        ({"type": "array"}, LISTS[:-1] + b"x", 400, "invalid character 'x'"),
        ({"type": "object"}, LISTS, 422, "Expected: object, given: array"),
        ({"multipleOf": 7}, b"9" * 500_000, 422, "multiple of 7"),
    ],
)
def test_classic_bodies(schema, body, status, words):
    for trace in hostile(with_classic(schema), post(body), post(body)):
        assert trace.answer.status == status
        assert words in error(trace)


def test_what_takes_too_long_to_search_is_refused():
    rule = {"in": "requestBody", "pattern": SLOW}
    trigger = {"condition": "any", "rewriteTo": "/z", "rules": [rule]}
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "/y", "triggers": [trigger]}
    of = snapshot(oas({"POST /x": {"urlRewrite": rewrite}, "GET /next": {}}))
    plain = (("Content-Type", "text/plain"),)

    refused, searched, found = hostile(
        of, post(b"x" * 1_000_000, plain), post(b"x" * 100_000, plain), post(b"c" * 100_000 + b"ab", plain)
    )

    assert (refused.answer.status, error(refused)) == (400, "Request is too large")
    assert searched.upstream_request.path == "/y"
    assert found.upstream_request.path == "/z"


def test_parameters_behind_very_many_are_not_looked_at():
    rule = {"in": "query", "name": "a", "pattern": "1"}
    trigger = {"condition": "any", "rewriteTo": "/z", "rules": [rule]}
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "/y", "triggers": [trigger]}
    of = snapshot(oas({"GET /x": {"urlRewrite": rewrite}, "GET /next": {}}))

    first, behind = hostile(
        of,
        make_request("GET", "/api/x?" + "&".join(["b"] * (MOST_PARAMETERS - 1)) + "&a=1"),
        make_request("GET", "/api/x?" + "&".join(["b"] * MOST_PARAMETERS) + "&a=1"),
    )

    assert first.upstream_request.path == "/z"
    assert behind.upstream_request.path == "/y"


def test_variables_of_a_large_request():
    add = {"enabled": True, "add": [{"name": "X-A", "value": "$tyk_context.request_data_a"}]}
    sections = {"POST /x": {"transformRequestHeaders": add}, "GET /next": {}}
    of = snapshot(oas(sections, contextVariables={"enabled": True}))

    (trace,) = hostile(of, post(b"a=first&" + b"a&" * 500_000, FORM))

    assert trace.upstream_request.headers.get("X-A") == "first"


@pytest.mark.parametrize("asked", [(), (("Accept-Encoding", "gzip"),)])
def test_packed_answers(asked):
    document = oas({"GET /x": {}, "GET /next": {}})
    content = {"content": {"application/json": {"schema": {"type": "array", "items": {}}}}}
    document["paths"]["/x"]["get"]["responses"] = {"200": {"description": "d", **content}}
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    of = snapshot(document)
    packed = Headers.of(("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    request = make_request("GET", "/api/x", asked)

    for body in (gzip.compress(b"[" + b" " * 200_000_000), gzip.compress(b"") * (MOST_MEMBERS + 1)):
        (trace,) = hostile(of, request, answer=Response(200, packed, body))
        assert trace.answer.status == 502
    (trace,) = hostile(of, request, answer=Response(200, packed, gzip.compress(b"[" + b" " * 500_000 + b"]")))
    assert trace.answer.status == 200


# ── nothing is fetched ──


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server that nobody connects to, whatever library would do it; nor does anybody look up a name."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        for name in ("connect", "connect_ex"):
            monkeypatch.setattr(socket.socket, name, refuse)
        for name in ("getaddrinfo", "create_connection", "gethostbyname"):
            monkeypatch.setattr(socket, name, refuse)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            server.accept()


def remote(url, version):
    document = oas({"POST /x": {"validateRequest": {"enabled": True}}, "GET /next": {}})
    document["openapi"] = version
    document["externalDocs"] = {"url": f"{url}/docs"}
    document["info"]["termsOfService"] = f"{url}/terms"
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    return document


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "{url}/a.json"}, id="reference"),
        pytest.param({"$ref": "{url}/a.json#/b"}, id="reference with a pointer"),
        pytest.param({"items": {"allOf": [{"$ref": "//127.0.0.1/a.json"}]}}, id="reference without scheme"),
        pytest.param({"$ref": "file:///etc/hostname"}, id="file"),
        pytest.param({"$ref": "other.json"}, id="relative"),
        pytest.param({"$schema": "{url}/schema", "type": "array"}, id="$schema"),
        pytest.param({"$id": "{url}/id", "type": "array", "items": {"$ref": "#/x"}}, id="$id"),
        pytest.param({"$id": "{url}/id", "type": "array", "items": {"$ref": "a.json"}}, id="$id and relative"),
        pytest.param({"$dynamicRef": "{url}/a.json#meta"}, id="$dynamicRef"),
        pytest.param({"$vocabulary": {"{url}/v": True}, "type": "array"}, id="$vocabulary"),
        pytest.param({"type": "array", "externalDocs": {"url": "{url}/docs"}}, id="externalDocs"),
        pytest.param({"type": "array", "example": {"externalValue": "{url}/e"}}, id="externalValue"),
    ],
)
def test_openapi_documents_fetch_nothing(monkeypatch, schema, version):
    with listening(monkeypatch) as url:
        document = remote(url, version)
        content = {"application/json": {"schema": json.loads(json.dumps(schema).replace("{url}", url))}}
        document["paths"]["/x"]["post"]["requestBody"] = {"content": content}
        document["paths"]["/x"]["post"]["responses"]["200"]["content"] = content
        loaded = load_text(json.dumps(document), "a.json", settings())
        for definition in loaded.definitions:
            of = Snapshot((definition,), settings())
            trace = asyncio.run(try_request(of, post(b"[[]]"), DONE, outside()))
            assert trace.answer.status in (200, 422, 502, 503)
        assert loaded.definitions or loaded.problems


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "{url}/a.json"},
        {"$schema": "{url}/schema", "type": "array"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "{url}/id", "type": "array"},
        {"$id": "{url}/id", "items": {"$ref": "a.json"}},
        {"id": "{url}/id", "items": {"$ref": "#a"}},
        {"items": {"$ref": "http://json-schema.org/draft-04/schema"}},
        {"items": {"$ref": "file:///etc/hostname"}},
    ],
)
def test_classic_schemas_fetch_nothing(monkeypatch, schema):
    with listening(monkeypatch) as url:
        of = with_classic(json.loads(json.dumps(schema).replace("{url}", url)))
        trace = asyncio.run(try_request(of, post(b"[[]]"), DONE, outside()))
        assert trace.answer.status in (200, 400, 422, 500, 503)
