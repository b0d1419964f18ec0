"""The same plans with the same results, whether a host delivers messages whole or headers and body apart."""

import gzip
import importlib.util
from pathlib import Path

import pytest
from tests.apis import oas, snapshot
from tests.helpers import make_request

FORM = ("Content-Type", "application/x-www-form-urlencoded")
TEXT = ("Content-Type", "text/plain")
ADD = {"enabled": True, "remove": ["X-Gone"], "add": [{"name": "X-Added", "value": "$tyk_context.request_data_a"}]}
FRAMING = {"content-length", "connection", "date", "transfer-encoding"}

MIDDLEWARE = {
    "GET /allowed": {"allow": {"enabled": True}},
    "GET /blocked": {"block": {"enabled": True}},
    "GET /internal": {"internal": {"enabled": True}},
    "GET /ignored": {"ignoreAuthentication": {"enabled": True}},
    "POST /method": {"allow": {"enabled": True}, "transformRequestMethod": {"enabled": True, "toMethod": "put"}},
    "POST /limited": {"allow": {"enabled": True}, "requestSizeLimit": {"enabled": True, "value": 3}},
    "POST /headers": {"allow": {"enabled": True}, "transformRequestHeaders": ADD, "transformResponseHeaders": ADD},
    "GET /rewritten": {
        "allow": {"enabled": True},
        "urlRewrite": {"enabled": True, "pattern": r"/rewritten\?(.*)", "rewriteTo": "/elsewhere?b=$1"},
    },
    "GET /mocked": {
        "allow": {"enabled": True},
        "mockResponse": {"enabled": True, "code": 203, "body": "<html>", "headers": [{"name": "X-Mock", "value": "1"}]},
    },
    "GET /packed": {"allow": {"enabled": True}},
    "GET /untyped": {"allow": {"enabled": True}},
    "GET /hops": {"allow": {"enabled": True}},
    "POST /searched": {
        "allow": {"enabled": True},
        "urlRewrite": {
            "enabled": True,
            "pattern": ".*",
            "rewriteTo": "/nothing",
            "triggers": [{
                "condition": "all",
                "rewriteTo": "/found/$tyk_context.trigger-0-payload-0-0",
                "rules": [{"in": "requestBody", "pattern": r"needle(\d+)"}],
            }],
        },
    },
    "POST /looped": {
        "allow": {"enabled": True},
        "urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "tyk://self/searched"},
    },
    "POST /around": {
        "allow": {"enabled": True},
        "urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "tyk://self/headers"},
    },
}  # fmt: skip

spec = importlib.util.spec_from_file_location("apart_host", Path(__file__).with_name("apart_host.py"))
apart_host = importlib.util.module_from_spec(spec)
spec.loader.exec_module(apart_host)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        pytest.param("GET", "/allowed", [], b"", id="allow"),
        pytest.param("GET", "/not-listed", [], b"", id="not allowed"),
        pytest.param("GET", "/blocked", [], b"", id="block"),
        pytest.param("GET", "/internal", [], b"", id="internal"),
        pytest.param("GET", "/ignored", [], b"", id="ignore"),
        pytest.param("POST", "/method", [TEXT], b"body", id="method"),
        pytest.param("POST", "/limited", [TEXT], b"body", id="too large"),
        pytest.param("POST", "/limited", [TEXT], b"bod", id="just not"),
        pytest.param("POST", "/headers", [TEXT, ("X-Gone", "1")], b"a=7", id="headers"),
        pytest.param("POST", "/headers", [FORM], b"a=7", id="headers with variables of the body"),
        pytest.param("GET", "/rewritten?q=1", [], b"", id="rewrite"),
        pytest.param("GET", "/mocked", [], b"", id="mock"),
        pytest.param("POST", "/searched", [TEXT], b"a needle7", id="body searched"),
        pytest.param("POST", "/looped", [TEXT], b"a needle7", id="body searched behind a loop"),
        pytest.param("POST", "/looped", [TEXT], b"", id="no body behind a loop"),
        pytest.param("POST", "/around", [TEXT], b"a=7", id="body that streams through a loop"),
        pytest.param("POST", "/around", [FORM], b"a=7", id="body read in both passes"),
        pytest.param("GET", "/packed", [], b"", id="unpacked"),
        pytest.param("GET", "/untyped", [], b"", id="sniffed"),
        pytest.param("GET", "/hops", [("Connection", "X-Hop"), ("X-Hop", "1")], b"", id="hop by hop"),
    ],
)
async def test_hosts_agree(start, upstream, method, path, headers, body):
    @upstream.on("/packed")
    async def _(call):
        await call.answer(gzip.compress(b"packed", mtime=0), "200 OK", "Content-Encoding: gzip", "Content-Type: a/b")

    @upstream.on("/hops")
    async def _(call):
        await call.answer(b"ok", "200 OK", "Content-Type: a/b", "Connection: X-Back", "X-Back: 1")

    document = oas(MIDDLEWARE, upstream=upstream.url, contextVariables={"enabled": True})

    gateway = await start(documents=[document])
    connection = await gateway.connect()
    fields = [f"{name}: {value}" for name, value in headers]
    whole = await connection.request(method, "/api" + path, *fields, body=body)
    seen_whole = [seen(call) for call in upstream.calls]
    upstream.calls.clear()

    request = make_request(method, "/api" + path, (*headers, *length(body)), host="a.test")
    apart = await apart_host.serve(snapshot(document), request, body)
    seen_apart = [seen(call) for call in upstream.calls]

    assert seen_apart == seen_whole
    assert (apart.status, apart.body, kept(apart.headers)) == (whole.status, whole.body, kept(whole.headers.items()))


def length(body):
    return [("Content-Length", str(len(body)))] if body else []


def seen(call):
    return call.method, call.target, call.body, kept(call.headers)


def kept(headers):
    return sorted((name.lower(), value) for name, value in headers if name.lower() not in FRAMING)
