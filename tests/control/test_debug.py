"""``POST /tyk/debug``: the same trial behind Tyk's path."""

import contextlib
import json
from dataclasses import replace

import pytest
from tests.apis import oas, settings
from tests.debugging.trials import BENCH
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from lockgate.control.app import make_app
from lockgate.control.debug import MalformedError, Trials, asked_of
from lockgate.debugging import trial
from lockgate.deployment import Deployment
from lockgate.exchange import Headers
from lockgate.inspection import session_of
from lockgate.services import FoundKey, HttpAnswer, HttpReply

SECRET = {"X-Tyk-Authorization": "s3cret"}
SPEC = {
    "name": "depot",
    "api_id": "debugged",
    "use_keyless": True,
    "active": True,
    "proxy": {"listen_path": "/depot/", "target_url": "http://upstream.test/base/", "strip_listen_path": True},
    "version_data": {"not_versioned": True, "versions": {"Default": {"name": "Default"}}},
}
REQUEST = {"method": "GET", "path": "/parcels", "headers": {"x-trace": ["on", "off"]}}


class Upstream:
    def __init__(self):
        self.calls = []

    async def send(self, calls, _at_once, _max_bytes):
        self.calls += calls
        headers = Headers.of(("Content-Type", "text/plain"), ("Content-Length", "2"))
        return [HttpReply(0, HttpAnswer(200, headers, b"ok"))]


class OneKey:
    async def find(self, names):
        known = "a-key-of-the-gateway"
        return FoundKey(known, session_of(b"{}")) if known in names else None

    async def keep_meta_data(self, name, meta_data):
        raise AssertionError("a debug run changes no key")


@pytest.fixture
def upstream():
    return Upstream()


@pytest.fixture
def deployment(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(oas(name="live", listen="/live/")))
    return Deployment([tmp_path], settings(secret="s3cret", secrets={"mine": "never-to-be-seen"}))


@pytest.fixture
async def ask(deployment, upstream):
    async def reload():
        return deployment.reload()

    trials = Trials(replace(BENCH.outside, http=upstream, sessions=OneKey()), BENCH.scripts)
    server = HTTPServer(make_app(deployment, reload, trials=trials))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]

    async def fetch(value, method="POST", headers=SECRET, path="/tyk/debug"):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        request = HTTPRequest(f"http://127.0.0.1:{port}{path}", method, headers, body, allow_nonstandard_methods=True)
        reply = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
        with contextlib.suppress(ValueError):
            return reply.code, json.loads(reply.body)
        return reply.code, reply.body.decode()

    yield fetch
    server.stop()
    await server.close_all_connections()


async def test_it_needs_the_secret(ask, upstream):
    status, _ = await ask({"spec": SPEC, "request": REQUEST}, headers={})

    assert status == 403
    assert upstream.calls == []


async def test_a_debug_run_tells_request_answer_and_steps(ask, upstream):
    status, told = await ask({"spec": SPEC, "request": REQUEST})

    assert (status, told["message"]) == (200, "ok")
    assert told["response"] == (
        "====== Request ======\n"
        "GET /base/parcels HTTP/1.1\r\nHost: upstream.test\r\nX-Trace: on\r\nX-Trace: off\r\n\r\n\n"
        "====== Response ======\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nX-Ratelimit-Limit: 0\r\n"
        "X-Ratelimit-Remaining: 0\r\nX-Ratelimit-Reset: 0\r\n\r\nok"
    )
    lines = [json.loads(line) for line in told["logs"].splitlines()]
    assert [line["mw"] for line in lines][:2] == ["routing", "forward"]
    assert {line["api_id"] for line in lines} == {"debugged"}
    assert [call.url for call in upstream.calls] == ["http://upstream.test:80/base/parcels"]


async def test_an_oas_document(ask, upstream):
    status, told = await ask({"oas": oas(listen="/other/"), "request": {**REQUEST, "method": "POST", "body": "hi"}})

    assert status == 200
    assert "POST /parcels HTTP/1.1" in told["response"]
    assert upstream.calls[0].body == b"hi"


async def test_a_question_mark_is_one_of_the_path(ask, upstream):
    await ask({"spec": SPEC, "request": {"path": "/a?b=1"}})

    assert upstream.calls[0].url == "http://upstream.test:80/base/a%3Fb=1"


def closed_oas():
    document = oas(listen="/other/", internal=True)
    document["x-tyk-api-gateway"]["info"]["state"]["active"] = False
    document["x-tyk-api-gateway"]["server"]["customDomain"] = {"enabled": True, "name": "api.test"}
    return document


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        pytest.param("", "/base", id="none"),
        pytest.param("/", "/base", id="root"),
        pytest.param("a%20b/%7b", "/base/a%20b/%7b", id="escaped"),
        pytest.param("a b/100%/#x", "/base/a%20b/100%25/%23x", id="to be escaped"),
        pytest.param("//a//b/../c/", "/base/a/c/", id="double slashes and dots"),
    ],
)
async def test_a_path_is_put_behind_the_listen_path(ask, upstream, path, sent):
    await ask({"spec": SPEC, "request": {"path": path}})

    assert [call.url.removeprefix("http://upstream.test:80") for call in upstream.calls] == [sent]


@pytest.mark.parametrize(
    "document",
    [
        {"spec": {**SPEC, "active": False}},
        {"spec": {**SPEC, "internal": True, "domain": "api.test"}},
        {"oas": closed_oas()},
    ],
    ids=["not active", "internal", "OAS"],
)
async def test_the_chain_is_run_however_the_api_is_reached(ask, upstream, document):
    status, told = await ask({**document, "request": REQUEST})

    assert (status, len(upstream.calls)) == (200, 1)
    assert "HTTP/1.1 200 OK" in told["response"]


async def test_a_key_of_the_gateway_lets_in_and_is_not_changed(ask, upstream):
    keyed = {**SPEC, "use_keyless": False, "auth": {"auth_header_name": "Authorization"}}
    shown = {**REQUEST, "headers": {"Authorization": ["a-key-of-the-gateway"]}}
    _, told = await ask({"spec": keyed, "request": shown})
    _, other = await ask({"spec": keyed, "request": {**REQUEST, "headers": {"Authorization": ["another"]}}})

    assert "HTTP/1.1 200 OK" in told["response"]
    assert "HTTP/1.1 403 Forbidden" in other["response"]
    assert "a-key-of-the-gateway" not in told["logs"]


async def test_a_body_is_read_as_go_reads_it(ask):
    asked = json.dumps({"Request": {"PATH": "/a", "headers": {"X-A": None}}, "SPEC": SPEC}).encode()

    assert (await ask(asked + b" and more"))[0] == 200
    assert (await ask(b'\xef\xbb\xbf{"spec": {}}'))[0] == 400
    assert (await ask(b'{"spec": {}, "request": {"path": NaN}}'))[1]["message"] == "Request malformed"


async def test_nothing_is_deployed_and_nothing_waived(ask, deployment, upstream):
    keyed = {**SPEC, "use_keyless": False, "auth": {"auth_header_name": "Authorization"}}
    status, told = await ask({"spec": keyed, "request": REQUEST})

    assert status == 200
    assert "HTTP/1.1 401 Unauthorized" in told["response"]
    assert upstream.calls == []
    assert set(deployment.gateway.current.apis) == {"live"}
    assert list(deployment.paths[0].iterdir()) == [deployment.paths[0] / "a.json"]


async def test_it_sees_no_secrets(ask, upstream):
    target = {**SPEC["proxy"], "target_url": "http://upstream.test/secrets://mine"}
    status, told = await ask({"spec": {**SPEC, "proxy": target}, "request": REQUEST})

    assert status == 200
    assert "never-to-be-seen" not in json.dumps(told)
    assert "never-to-be-seen" not in str([call.url for call in upstream.calls])
    assert "a text that is tried sees no environment and no secrets" in told["logs"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param(b"{", 400, "Request malformed", id="no JSON"),
        pytest.param(b"", 400, "Request malformed", id="nothing"),
        pytest.param(b"[]", 400, "Request malformed", id="list"),
        pytest.param({}, 400, "Spec field is missing", id="empty"),
        pytest.param({"request": REQUEST}, 400, "Spec field is missing", id="no spec"),
        pytest.param({"spec": SPEC}, 400, "Request field is missing", id="no request"),
        pytest.param({"spec": "x", "request": REQUEST}, 400, "Request malformed", id="spec is a text"),
        pytest.param({"spec": SPEC, "request": "x"}, 400, "Request malformed", id="request is a text"),
        pytest.param({"spec": SPEC, "request": {"headers": {"X": "a"}}}, 400, "Request malformed", id="headers"),
        pytest.param({"spec": SPEC, "request": {"headers": {"a b": ["c"]}}}, 400, "Request malformed", id="name"),
        pytest.param({"spec": SPEC, "request": {"headers": {"X": ["a\nb"]}}}, 400, "Request malformed", id="value"),
        pytest.param({"spec": SPEC, "request": {"path": 1}}, 400, "Request malformed", id="path"),
        pytest.param(
            {"spec": SPEC, "request": {"method": "GE T"}},
            500,
            'Unexpected failure: net/http: invalid method "GE T"',
            id="method",
        ),
    ],
)
async def test_what_cannot_be_debugged(ask, body, status, message):
    assert await ask(body) == (status, {"status": "error", "message": message})


async def test_a_spec_that_does_not_load(ask):
    status, told = await ask({"spec": {"openapi": "3.0.3"}, "request": REQUEST})

    assert (status, told["status"]) == (400, "error")
    assert told["message"]


async def test_other_methods_and_paths(ask):
    assert await ask(b"", "PUT") == (405, {"status": "error", "message": "Method not supported"})
    assert await ask({}, path="/tyk/debug/x") == (404, "404 page not found\n")


async def test_too_many_at_once(ask, monkeypatch):
    monkeypatch.setattr(trial, "AT_ONCE", 0)
    status, _ = await ask({"spec": SPEC, "request": REQUEST})

    assert status == 503


def test_bytes_of_a_body_are_kept():
    assert asked_of(json.dumps({"spec": SPEC, "request": {"body": "é"}}).encode()).body == "é".encode()
    with pytest.raises(MalformedError):
        asked_of(b"\xff")
