"""Virtual endpoints: what a function is given, and what becomes of its answer."""

import asyncio
import base64
import json
from dataclasses import dataclass, field, replace

import pytest
from tests.apis import oas, snapshot
from tests.helpers import Elsewhere, FixedOutside, make_exchange, make_request
from tests.keys import Broken
from tests.templates_of import body_section

from lockgate.exchange import Headers, Response
from lockgate.identity.sessions import completed, session_document
from lockgate.inspection import try_request
from lockgate.middleware import BodyNeed, Continue, Loop, Reason, Reject, Respond
from lockgate.middlewares.virtual_endpoint import MIDDLEWARE, VirtualEndpoint, request
from lockgate.scripting.calling import Script
from lockgate.scripting.contract import ScriptConfig
from lockgate.scripting.program import Program
from lockgate.services import Outside, ScriptError, ScriptResult, ServiceError, Services
from lockgate.session import Session

BLOB = base64.b64encode(b"function f() {} function g() {}").decode()
FAILED = (500, b'{\n    "error": "Error during virtual endpoint execution. Contact Administrator for more details."\n}')


@dataclass
class Scripts:
    """Answers with a text, without running anything."""

    text: str | None = None
    error: ScriptError | None = None
    away: bool = False
    calls: list = field(default_factory=list)

    async def run(self, program, call, hosts):
        self.calls.append((program, call))
        if self.away:
            raise ServiceError("the engine is away")
        return ScriptResult(self.text, self.error)


@dataclass
class Keys:
    kept: list = field(default_factory=list)

    async def find(self, names):
        return None

    async def keep_meta_data(self, name, meta_data):
        self.kept.append((name, meta_data))


def config_of(*, name="f", **more):
    program = Program("api", (("f.js", "function f() {}"),))
    return VirtualEndpoint(Script(program, name, ScriptConfig("api", "org"), seconds=7), **more)


def answer_text(meta_data=None, **response):
    return json.dumps({"Response": {"Body": "made", "Code": 200, **response}, "SessionMeta": meta_data})


def session_of(**document):
    return Session.of(completed(session_document(json.dumps(document).encode()), 0.0, ""))


def ran(config, scripts, exchange=None, sessions=None):
    fixed = FixedOutside()
    services = Services(Outside(fixed, fixed, fixed, scripts=scripts, sessions=sessions or Keys()))
    return asyncio.run(request(config, exchange or make_exchange("POST", "/api/x?a=1", body=b"body"), services))


# ── what the function is given ──


def test_it_is_called_with_request_session_and_config():
    scripts = Scripts(answer_text())
    ran(config_of(), scripts)

    ((program, call),) = scripts.calls
    assert program.sources == (("f.js", "function f() {}"),)
    assert (call.kind, call.name, call.seconds) == ("virtual", "f", 7)
    given, session, config = map(json.loads, call.arguments)
    assert (given["Body"], given["URL"], given["Params"]) == ("body", "/api/x?a=1", {"a": ["1"]})
    assert (session["meta_data"], session["rate"]) == (None, 0)
    assert config == {"APIID": "api", "OrgID": "org"}


def test_the_session_where_it_is_required():
    scripts = Scripts(answer_text({"a": 1}))
    session = session_of(rate=5, meta_data={"a": 1})
    exchange = make_exchange("GET", "/x", session=session)

    ran(config_of(requires_session=True), scripts, exchange)
    ran(config_of(), scripts, exchange)

    required, not_required = (json.loads(call.arguments[1]) for _, call in scripts.calls)
    assert (required["rate"], required["meta_data"]) == (5, {"a": 1})
    assert (not_required["rate"], not_required["meta_data"]) == (0, None)


def test_arguments_are_ascii():
    scripts = Scripts(answer_text())
    ran(config_of(), scripts, make_exchange("POST", "/x", (("X-A", "ü\udcff"),), "ü".encode() + b"\xff"))

    assert all(argument.isascii() for argument in scripts.calls[0][1].arguments)


@pytest.mark.parametrize(("size", "times"), [(0, 0), (64 * 1024, 0), (64 * 1024 + 1, 1)])
def test_large_bodies_are_prepared_elsewhere(size, times):
    fixed, elsewhere, scripts = FixedOutside(), Elsewhere(), Scripts(answer_text())
    services = Services(Outside(fixed, fixed, fixed, compute=elsewhere, scripts=scripts))
    asyncio.run(request(config_of(), make_exchange("POST", "/x", body=b"x" * size), services))

    assert elsewhere.count == times
    assert json.loads(scripts.calls[0][1].arguments[0])["Body"] == "x" * size


@pytest.mark.parametrize(("size", "times"), [(100, 0), (64 * 1024, 1)])
def test_large_answers_are_read_elsewhere(size, times):
    fixed, elsewhere = FixedOutside(), Elsewhere()
    services = Services(Outside(fixed, fixed, fixed, compute=elsewhere, scripts=Scripts(answer_text(Body="x" * size))))
    outcome = asyncio.run(request(config_of(), make_exchange("GET", "/x"), services))

    assert outcome.response.body == b"x" * size
    assert elsewhere.count == times


# ── its answer ──


def test_the_answer_passes_the_response_chain():
    outcome = ran(config_of(), Scripts(answer_text(Code=201, Headers={"x-a": "1", "Content-Length": "99"})))

    assert isinstance(outcome, Respond)
    assert not outcome.finish
    assert outcome.response == Response(201, Headers.of(("X-A", "1"), ("Server", "tyk")), b"made")


@pytest.mark.parametrize(
    "scripts",
    [
        Scripts(error=ScriptError("exception", "Error: no", "at f (f.js:1:2)")),
        Scripts(error=ScriptError("timeout", "it takes more than 7 s")),
        Scripts(None),
        Scripts("no JSON"),
        Scripts('{"Response": {"Code": "200"}}'),
        Scripts(away=True),
    ],
)
def test_a_failure_is_a_refusal_or_goes_on_unchanged(scripts):
    exchange = make_exchange("POST", "/api/x", body=b"body")

    refused = ran(config_of(), scripts, exchange)
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.failed) == (Reason.SCRIPT_FAILED, True)
    assert refused.detail.startswith("the function f failed: ")

    proxied = ran(config_of(proxy_on_error=True), scripts, exchange)
    assert isinstance(proxied, Continue)
    assert proxied.exchange is exchange
    assert proxied.failure.startswith("the request goes to the upstream: the function f failed: ")


def test_a_failure_says_where():
    outcome = ran(config_of(), Scripts(error=ScriptError("exception", "Error: no", "at f (f.js:1:2)\nat g (f.js:9:9)")))

    assert outcome.detail == "the function f failed: Error: no (at f (f.js:1:2))"


# ── the session ──


@pytest.mark.parametrize("proxied", [False, True])
def test_a_session_that_is_required_and_missing_is_a_failure(proxied):
    scripts = Scripts(answer_text())
    outcome = ran(config_of(requires_session=True, proxy_on_error=proxied), scripts)

    assert isinstance(outcome, Continue if proxied else Reject)
    assert scripts.calls == []


def test_metadata_are_kept_for_the_key_and_used_at_once():
    keys = Keys()
    exchange = make_exchange("GET", "/x", session=session_of(rate=5, meta_data={"a": 1}), key="key-1")
    outcome = ran(config_of(requires_session=True), Scripts(answer_text({"b": [2]})), exchange, keys)

    assert keys.kept == [("key-1", {"b": [2]})]
    assert outcome.exchange.session.meta_data == {"b": [2]}
    assert outcome.exchange.session.limits.rate == 5


@pytest.mark.parametrize(("meta_data", "kept"), [({"a": 1}, []), (None, [("key-1", {})]), ({}, [("key-1", {})])])
def test_no_metadata_are_empty_ones(meta_data, kept):
    keys = Keys()
    exchange = make_exchange("GET", "/x", session=session_of(meta_data={"a": 1}), key="key-1")
    ran(config_of(requires_session=True), Scripts(answer_text(meta_data)), exchange, keys)

    assert keys.kept == kept


def test_metadata_of_a_session_that_is_not_required_are_left_alone():
    keys = Keys()
    exchange = make_exchange("GET", "/x", session=session_of(meta_data={"a": 1}), key="key-1")
    outcome = ran(config_of(), Scripts(answer_text({"b": 2})), exchange, keys)

    assert keys.kept == []
    assert outcome.exchange.session.meta_data == {"a": 1}


def test_metadata_that_cannot_be_kept_are_a_failure():
    class BrokenKeys(Broken):
        async def keep_meta_data(self, name, meta_data):
            raise ServiceError("the store is away")

    exchange = make_exchange("GET", "/x", session=session_of(meta_data={"a": 1}), key="key-1")
    outcome = ran(config_of(requires_session=True), Scripts(answer_text({})), exchange, BrokenKeys())

    assert outcome.detail == "the function f failed: the store is away"


# ── loops ──


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_to_an_api_runs_it(status):
    location = "tyk://other/new/a%20b?x=1&method=PUT&loop_limit=3"
    exchange = make_exchange("POST", "/api/old?a=1", body=b"body")
    outcome = ran(config_of(), Scripts(answer_text(Code=status, Headers={"location": location})), exchange)

    assert isinstance(outcome, Loop)
    assert (outcome.api, outcome.path, outcome.method, outcome.limit) == ("other", "/new/a%20b", "PUT", 3)
    assert (outcome.exchange.request.query, outcome.exchange.request.body) == ("x=1&method=PUT&loop_limit=3", b"body")
    assert outcome.exchange.first_target == "/api/old?a=1"
    assert outcome.shown_host == "other"


@pytest.mark.parametrize(
    ("status", "location"),
    [(303, "tyk://self/x"), (200, "tyk://self/x"), (302, "https://a.test/"), (302, "/%zz"), (302, "")],
)
def test_other_locations_are_for_the_client(status, location):
    outcome = ran(config_of(), Scripts(answer_text(Code=status, Headers={"Location": location})))

    assert isinstance(outcome, Respond)
    assert outcome.response.headers.get("Location") == location


# ── in the chain ──


def endpoint(name="f", **more):
    return {"virtualEndpoint": {"enabled": True, "functionName": name, "body": BLOB, **more}}


def tried(scripts, document, method="GET", url="/api/x", headers=(), body=b""):
    fixed = FixedOutside()
    outside = Outside(fixed, fixed, fixed, scripts=scripts)
    made = snapshot(*document) if isinstance(document, list) else snapshot(document)
    given = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")
    return asyncio.run(try_request(made, make_request(method, url, headers, body), given, outside))


def test_it_needs_the_body():
    assert MIDDLEWARE.body is BodyNeed.READ


def test_the_upstream_is_not_called():
    trace = tried(Scripts(answer_text()), oas({"GET /x": endpoint()}))

    assert (trace.answer.status, trace.answer.body) == (200, b"made")
    assert trace.answer.headers.get("Content-Type") == "text/plain; charset=utf-8"
    assert trace.upstream_request is None


def test_other_paths_and_methods_are_proxied():
    document = oas({"GET /x": endpoint()})

    assert tried(Scripts(answer_text()), document, "POST").answer.body == b"from upstream"
    assert tried(Scripts(answer_text()), document, url="/api/y").answer.body == b"from upstream"
    assert tried(Scripts(answer_text()), document, url="/api/x/y").answer.body == b"made"


def test_it_stands_behind_the_transforms_and_before_the_upstream():
    sections = {
        **endpoint(),
        "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": "1"}]},
        "transformRequestBody": body_section("new {{.a}}"),
        "transformResponseHeaders": {"enabled": True, "add": [{"name": "X-Late", "value": "1"}]},
        "urlRewrite": {"enabled": True, "pattern": "x", "rewriteTo": "/elsewhere"},
        "transformRequestMethod": {"enabled": True, "toMethod": "PUT"},
    }
    scripts = Scripts(answer_text())
    trace = tried(scripts, oas({"POST /x": sections}), "POST", body=b'{"a": 1}')

    given = json.loads(scripts.calls[0][1].arguments[0])
    assert given["Headers"]["X-Added"] == ["1"]
    assert (given["Body"], given["URL"]) == ("new 1", "/api/x")
    assert trace.answer.headers.get("X-Late") == "1"
    ran_links = [step.link for step in trace.steps]
    assert ran_links.index("virtual_endpoint") > ran_links.index("request_method")
    assert "forward" not in ran_links


def test_a_mock_of_the_same_endpoint_wins():
    scripts = Scripts(answer_text())
    mocked = {**endpoint(), "mockResponse": {"enabled": True, "code": 200, "body": "mock"}}

    assert tried(scripts, oas({"GET /x": mocked})).answer.body == b"mock"
    assert scripts.calls == []


def test_a_failure_does_not_pass_the_response_chain():
    sections = {
        **endpoint(),
        "transformResponseHeaders": {"enabled": True, "add": [{"name": "X-Late", "value": "1"}]},
    }
    trace = tried(Scripts("no"), oas({"GET /x": sections}))

    assert (trace.answer.status, trace.answer.body) == FAILED
    assert "X-Late" not in trace.answer.headers
    assert trace.failed


def test_a_failure_goes_on_with_what_transforms_made():
    sections = {
        **endpoint(proxyOnError=True),
        "transformRequestBody": body_section("new {{.a}}"),
        "urlRewrite": {"enabled": True, "pattern": "x", "rewriteTo": "/elsewhere"},
    }
    trace = tried(Scripts("no"), oas({"POST /x": sections}), "POST", body=b'{"a": 1}')

    assert trace.answer.body == b"from upstream"
    assert (trace.upstream_request.target, trace.upstream_request.body) == ("/elsewhere", b"new 1")
    assert trace.failed


def test_a_strict_gateway_refuses_instead_of_going_on():
    document = oas({"GET /x": endpoint(proxyOnError=True)})
    document["x-tyk-api-gateway"]["x-lockgate"] = {"strict": True}

    assert tried(Scripts("no"), document).answer.status == 500


def test_a_redirect_into_the_gateway_is_answered_by_its_target():
    scripts = Scripts(answer_text(Code=302, Headers={"Location": "tyk://self/new?b=2"}))
    mock = {"mockResponse": {"enabled": True, "code": 203, "body": "new"}}
    document = oas({"GET /x": endpoint(), "GET /new": {"block": {"enabled": False}}})

    trace = tried(scripts, document, url="/api/x?a=1")
    assert trace.upstream_request.target == "/new?b=2"
    assert trace.answer.body == b"from upstream"

    other = oas({"GET /other/new": mock}, name="other", listen="/other/")
    scripts = Scripts(answer_text(Code=301, Headers={"Location": "tyk://other/new"}))
    trace = tried(scripts, [document, other], url="/api/x")
    assert [one.api_id for one in trace.steps[-1].before.passes] == ["pets", "other"]


def test_a_loop_of_virtual_endpoints_ends():
    scripts = Scripts(answer_text(Code=302, Headers={"Location": "tyk://self/x"}))
    trace = tried(scripts, oas({"GET /x": endpoint()}))

    assert trace.answer.status == 500
    assert b"Loop level too deep" in trace.answer.body


def test_behind_a_loop_the_function_sees_its_host():
    class Twice(Scripts):
        async def run(self, program, call, hosts):
            result = await super().run(program, call, hosts)
            location = {"Location": "tyk://self/new?b=2"}
            return replace(result, text=answer_text(Code=302, Headers=location)) if call.name == "f" else result

    scripts = Twice(answer_text())
    tried(scripts, oas({"GET /x": endpoint(), "GET /new": endpoint("g")}))

    assert json.loads(scripts.calls[1][1].arguments[0])["URL"] == "http://self/new?b=2"


def test_context_variables_in_an_answer_are_left_alone():
    scripts = Scripts(answer_text(Body="$tyk_context.path", Headers={"X-A": "$tyk_context.path"}))
    trace = tried(scripts, oas({"GET /x": endpoint()}, contextVariables={"enabled": True}))

    assert trace.answer.body == b"$tyk_context.path"
    assert trace.answer.headers.get("X-A") == "$tyk_context.path"


def test_an_exchange_without_changes_is_the_same():
    exchange = make_exchange("GET", "/x")
    outcome = ran(config_of(), Scripts(answer_text()), exchange)

    assert outcome.exchange is exchange
