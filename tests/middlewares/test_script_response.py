"""Plugins on the response."""

import pytest
from tests.apis import snapshot
from tests.plugins import error_of, kept_keys, passed, response_plugin, scripted, with_keys

from lockgate.exchange import Headers, Response


def polished(*bodies, operations=None, **more):
    plugins = [response_plugin(body, f"r{index}") for index, body in enumerate(bodies)]
    return snapshot(scripted(operations, responsePlugins=plugins, **more))


def given(body=b"from upstream", status=200, **headers):
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, Headers.of(("Content-Type", "text/plain"), *fields), body)


async def test_plugins_change_the_response():
    of = polished(
        "response.Body = response.Body.toUpperCase(); response.StatusCode = 203;"
        'response.SetHeaders["x-new"] = response.Headers["X-Old"][0]; response.DeleteHeaders.push("X-Old");'
    )
    answer = (await passed(of, given=given(b"bytes \xff", X_Old="1", Content_Length="9"))).answer

    assert (answer.status, answer.body) == (203, b"BYTES \xff")
    assert answer.headers.get("X-New") == "1"
    assert "X-Old" not in answer.headers
    assert answer.headers.get("Content-Length") == "7"


async def test_each_sees_what_the_one_before_did():
    of = polished('response.Body += " one";', 'response.Body += " two";')

    assert (await passed(of)).answer.body == b"from upstream one two"


async def test_without_a_body_there_is_none():
    assert (await passed(polished("delete response.Body;"))).answer.body == b""


async def test_it_sees_the_request_and_the_session():
    body = "response.Body = JSON.stringify([request.URL, request.Body, request.Method, session.alias]);"
    of = snapshot(with_keys(scripted(responsePlugins=[response_plugin(body)])))
    keys = await kept_keys(tommy={"alias": "Tommy"})
    trace = await passed(of, headers=(("X-Key", "tommy"),), keys=keys)

    assert trace.answer.body == b'["/o",null,"GET","Tommy"]'


async def test_it_stands_behind_the_transforms():
    late = {"enabled": True, "add": [{"name": "X-Of", "value": "transform"}]}
    of = polished('response.SetHeaders["X-Saw"] = response.Headers["X-Of"][0];', transformResponseHeaders=late)

    assert (await passed(of)).answer.headers.get("X-Saw") == "transform"


async def test_it_sees_mocks_and_no_errors_of_the_gateway():
    operations = {
        "GET /o": {"mockResponse": {"enabled": True, "code": 200, "body": "mock"}},
        "GET /shut": {"block": {"enabled": True}},
    }
    of = polished('response.Body = "plugin";', operations=operations)

    assert (await passed(of)).answer.body == b"plugin"
    assert error_of(await passed(of, url="/api/shut"))[0] == 403


@pytest.mark.parametrize("body", ["throw new Error('x');", "return;", "response.SetHeaders['X-N'] = 5;", "return 3;"])
async def test_a_plugin_that_fails_is_a_500(body):
    trace = await passed(polished(body))

    assert error_of(trace) == (500, "Middleware error")
    assert trace.failed


async def test_without_scripts_every_response_is_refused():
    document = scripted(responsePlugins=[response_plugin("")])
    of = snapshot(document, problems=("scripts-off",), enable_jsvm=False)

    assert error_of(await passed(of)) == (500, "Middleware error")
