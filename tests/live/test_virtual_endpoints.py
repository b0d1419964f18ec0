"""Virtual endpoints through a real gateway: answers, failures, bodies, keys and loops."""

import base64
import json

import pytest
from tests.apis import oas

pytestmark = pytest.mark.timeout(120)

FORM = "Content-Type: application/x-www-form-urlencoded"


def endpoint(code, name="f", **more):
    body = base64.b64encode(code.encode()).decode()
    return {"virtualEndpoint": {"enabled": True, "functionName": name, "body": body, **more}}


def replying(expression, more=""):
    """A function that answers with an expression as JSON."""
    return (
        "function f(request, session, config) {"
        f" return TykJsResponse({{Code: 200, Body: JSON.stringify({expression}){more}}}, session && session.meta_data);"
        " }"
    )


@pytest.fixture
async def scripted(start, upstream):
    """Start a gateway with one API: middleware by "METHOD /path"."""

    async def begin(operations, settings=None, **everywhere):
        document = oas(operations, listen="/a/", upstream=upstream.url, **everywhere)
        return await start(documents=[document], settings=settings or {})

    return begin


async def sent(gateway, path="/a/x", body=b"", *headers, method="GET"):
    connection = await gateway.connect()
    return await connection.request(method, path, *headers, body=body)


async def test_an_answer(scripted, upstream):
    gateway = await scripted({"GET /x": endpoint(replying("[request.URL, request.Params]", ', Headers: {"x-a": "1"}'))})

    for _ in range(3):
        answer = await sent(gateway, "/a/x?b=2")
        assert (answer.status, json.loads(answer.body)) == (200, ["/a/x?b=2", {"b": ["2"]}])
        assert answer.headers.get("x-a") == "1"
        assert answer.headers.get("content-type") == "text/plain; charset=utf-8"
        assert answer.headers.get("content-length") == str(len(answer.body))
    assert upstream.calls == []


async def test_bodies(scripted):
    gateway = await scripted({"POST /x": endpoint(replying("[request.Body, request.Params]"))})

    assert json.loads((await sent(gateway, "/a/x?a=1", b"a=2&b=%C3%BC", FORM, method="POST")).body) == [
        "a=2&b=%C3%BC",
        {"a": ["2", "1"], "b": ["\u00fc"]},
    ]
    assert json.loads((await sent(gateway, "/a/x", b"\xff\xfe!", method="POST")).body) == ["\ufffd\ufffd!", {}]
    large = "x" * 1_000_000
    assert json.loads((await sent(gateway, "/a/x", large.encode(), method="POST")).body)[0] == large


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_body(scripted, status):
    code = f"function f() {{ return TykJsResponse({{Code: {status}, Body: 'not sent'}}, {{}}); }}"
    gateway = await scripted({"GET /x": endpoint(code)})
    connection = await gateway.connect()

    for _ in range(2):
        await connection.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert (await connection.answer(has_body=False)).status == status


async def test_the_answer_to_head_has_no_body(scripted):
    gateway = await scripted({"HEAD /x": endpoint(replying("1"))})
    connection = await gateway.connect()

    for _ in range(2):
        assert (await connection.request("HEAD", "/a/x")).status == 200


@pytest.mark.parametrize(
    "code",
    [
        "function f() { throw new Error('no'); }",
        "function f() { return {Code: 200}; }",
        "function f() { return TykJsResponse({Code: 7}, {}); }",
        "function f() { while (true) {} }",
        "function g() {}",
    ],
)
async def test_failures(scripted, upstream, code):
    operations = {
        "GET /x": endpoint(code),
        "GET /y": endpoint(code, proxyOnError=True),
        "GET /z": endpoint(replying("1").replace("function f", "function fine"), "fine"),
    }
    gateway = await scripted(operations, {"jsvm_timeout": 1})

    answer = await sent(gateway)
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "error": "Error during virtual endpoint execution. Contact Administrator for more details."
    }
    assert (await sent(gateway, "/a/z")).body == b"1"
    assert upstream.calls == []
    assert (await sent(gateway, "/a/y")).status == 200
    assert [call.target for call in upstream.calls] == ["/y"]


async def test_what_a_call_leaves_is_gone(scripted):
    code = "var n = 1, list = []; " + replying("[n++, list.push(1), typeof left, (left = 1)]")
    gateway = await scripted({"GET /x": endpoint(code)})

    for _ in range(3):
        assert json.loads((await sent(gateway)).body) == [1, 1, "undefined", 1]


async def test_a_header_cannot_end_the_head(scripted):
    code = "function f(r) { return TykJsResponse({Code: 200, Body: 'b', Headers: {'X-A': r.Params.a[0]}}, {}); }"
    gateway = await scripted({"GET /x": endpoint(code)})

    answer = await sent(gateway, "/a/x?a=1%0D%0ASet-Cookie:%20x=1%0D%0A%0D%0Abody")
    assert (answer.status, answer.body) == (200, b"b")
    assert answer.headers.get("set-cookie") is None
    assert answer.headers.get("x-a") == "1  Set-Cookie: x=1    body"


async def test_a_redirect_into_the_gateway(scripted, upstream):
    loop = "function f() { return TykJsResponse({Code: 302, Headers: {Location: 'tyk://self/new?b=2'}}, {}); }"
    gateway = await scripted({"POST /x": endpoint(loop)})

    answer = await sent(gateway, "/a/x?a=1", b"body", method="POST")
    assert answer.status == 200
    (call,) = upstream.calls
    assert (call.target, call.body) == ("/new?b=2", b"body")


async def test_pairs_of_halves_are_one_character(scripted):
    code = "function f() { return TykJsResponse({Code: 200, Body: '\\ud83c\\udf4e \\ud83c'}, {}); }"
    gateway = await scripted({"GET /x": endpoint(code)})

    assert (await sent(gateway)).body == "🍎 \ufffd".encode()


async def test_a_gateway_without_scripts_forwards(scripted, upstream):
    gateway = await scripted({"GET /x": endpoint(replying("1"))}, {"enable_jsvm": False})

    assert (await sent(gateway)).status == 200
    assert len(upstream.calls) == 1
