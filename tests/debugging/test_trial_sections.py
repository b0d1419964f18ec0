"""One section of a definition by itself: every middleware can be tried so."""

import asyncio
import json

import pytest
from tests.debugging.trials import BENCH, tried_text

from lockgate.debugging.picker import PICKS
from lockgate.debugging.samples import sample_of
from lockgate.debugging.section_texts import SectionError
from lockgate.debugging.sections import made_around, names, parse_section, section_of, takes_text
from lockgate.debugging.trial import Rights, load_trial, try_text
from lockgate.middlewares import REQUEST, RESPONSE, UPSTREAM

SCRIPT = (
    "var plugin = new TykJS.TykMiddleware.NewMiddleware({});"
    "plugin.NewProcessRequest(function (request, session, config) {"
    ' request.SetHeaders["X-Seen"] = "yes"; return plugin.ReturnData(request, {}); });'
)
ON_RESPONSE = (
    "var plugin = new TykJS.TykMiddleware.NewMiddleware({});"
    "plugin.NewProcessResponse(function (response, request, session, config) { return plugin.ReturnResponseData(response, {}); });"
)
KEYED = {"enabled": True, "securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "X-Key"}}}}
CUSTOM = {
    "enabled": True,
    "custom": {
        "enabled": True,
        "header": {"enabled": True, "name": "X-Key"},
        "config": {"enabled": True, "functionName": "plugin", "path": ""},
    },
}
ON = {"enabled": True}
CLEANUP = {"headers": ["X-By"], "target_host": "http://a.test"}
SCHEMA = '{"type": "object", "required": ["a"]}'
SECTIONS = {
    "expiration": {"middleware": "expiration", "config": "2000-01-02 15:04"},
    "access": {"middleware": "block", "config": ON},
    "expires_header": {"middleware": "expiration", "config": "2999-01-02 15:04"},
    "cors": {"middleware": "cors", "config": {**ON, "allowedOrigins": ["*"]}},
    "script_pre": {"middleware": "script_pre", "text": SCRIPT},
    "ip_access": {"middleware": "ip_access", "config": {**ON, "block": ["127.0.0.1"]}},
    "request_size_limit": {"middleware": "request_size_limit", "config": {**ON, "value": 3}},
    "context_variables": {"middleware": "context_variables", "config": ON},
    "track_endpoint": {"middleware": "track_endpoint", "config": ON},
    "script_auth": {"middleware": "server.authentication", "config": CUSTOM},
    "auth_token": {"middleware": "auth_token", "config": KEYED},
    "script_post_auth": {"middleware": "script_post_auth", "text": SCRIPT},
    "strip_authorization": {"middleware": "server.authentication", "config": {**KEYED, "stripAuthorizationData": True}},
    "key_expiry": {"middleware": "auth_token", "config": KEYED},
    "access_rights": {"middleware": "auth_token", "config": KEYED},
    "key_limits": {"middleware": "auth_token", "config": KEYED},
    "validate_json": {"middleware": "validate_json", "text": SCHEMA},
    "validate_request": {"middleware": "validate_request", "text": SCHEMA},
    "request_body_transform": {"middleware": "request_body_transform", "text": "{{.a}}"},
    "request_jq": {"middleware": "request_jq", "text": "{body: .body}"},
    "request_headers": {"middleware": "request_headers", "config": {**ON, "remove": ["X-Key"]}},
    "url_rewrite": {"middleware": "url_rewrite", "config": {**ON, "pattern": "/(.*)", "rewriteTo": "/n/$1"}},
    "request_method": {"middleware": "request_method", "config": {**ON, "toMethod": "PUT"}},
    "mock_response": {"middleware": "mockResponse", "text": "hello"},
    "virtual_endpoint": {
        "middleware": "virtual_endpoint",
        "text": 'function f(request, session, config) { return TykJsResponse({Body: "hi", Code: 201}, {}); }',
    },
    "script_post": {"middleware": "script_post", "text": SCRIPT},
    "forward": {"middleware": "upstream.preserveHostHeader", "config": ON},
    "enforced_timeout": {"middleware": "enforced_timeout", "config": {**ON, "value": 5}},
    "content_encoding": {"middleware": "response_body_transform", "text": "{{.a}}"},
    "response_body_transform": {"middleware": "response_body_transform", "text": "{{.a}}"},
    "response_headers": {"middleware": "response_headers", "config": {**ON, "remove": ["X-By"]}},
    "header_injector": {
        "middleware": "response_processors",
        "config": [{"name": "header_injector", "options": {"add_headers": {"X-By": "gateway"}}}],
    },
    "response_jq": {"middleware": "response_jq", "text": "{body: .body}"},
    "header_cleanup": {
        "middleware": "response_processors",
        "config": [{"name": "header_transform", "options": {"rev_proxy_header_cleanup": CLEANUP}}],
    },
    "script_response": {"middleware": "script_response", "text": ON_RESPONSE},
    "error_override": {
        "middleware": "error_overrides",
        "config": {"502": [{"match": {}, "response": {"status_code": 503, "body": "sorry"}}]},
    },
    "validate_response": {"middleware": "validate_response", "text": SCHEMA},
    "hop_by_hop": {"middleware": "trackEndpoint", "config": ON},
    "rate_limit_headers": {"middleware": "trackEndpoint", "config": ON},
    "content_type": {"middleware": "trackEndpoint", "config": ON},
}
EVERY = [middleware.name for middleware in dict.fromkeys((*REQUEST, *UPSTREAM, *RESPONSE))]
POST = {
    "method": "POST",
    "path": "/x",
    "body": '{"a": 1}',
    "headers": {"Content-Type": "application/json", "X-Key": "key-of-it", "Authorization": "key-of-it"},
}


def tried(section, **sample):
    request = {"request": POST, "answer": {"status": 502, "body": '{"a": 2}', "headers": {"X-By": "me"}}, **sample}
    made = sample_of(request)
    around = made_around(section_of(section), made.request)
    return asyncio.run(try_text(around.text, "", made, BENCH, Rights(), alone=True)), around


def test_every_middleware_has_a_section_here():
    assert sorted(SECTIONS) == sorted(set(EVERY))


@pytest.mark.parametrize("name", SECTIONS)
def test_every_middleware_runs_in_its_section(name):
    outcome, _ = tried(SECTIONS[name], session={"meta_data": {"team": "blue"}})

    assert [str(one) for one in outcome.problems if one.severity.value == "error"] == []
    assert name in [step.link for step in outcome.trace.steps]


@pytest.mark.parametrize("pick", PICKS, ids=lambda pick: pick.name)
def test_what_a_person_begins_with_loads(pick):
    section = {"middleware": pick.name}
    section |= {"text": pick.begin} if pick.is_text else {"config": json.loads(pick.begin)}
    made = made_around(section_of(section))
    ready = load_trial(made.text, "", BENCH, alone=True)

    assert pick.is_text == takes_text(pick.name)
    assert [str(one) for one in ready.problems if one.severity.value == "error"] == []
    assert ready.snapshot is not None


def test_a_template_sees_session_and_context():
    text = "{{.a}} {{._tyk_meta.team}} {{._tyk_context.who}} {{._tyk_context.path}}"
    outcome, _ = tried(
        {"middleware": "transformRequestBody", "text": text},
        session={"meta_data": {"team": "blue"}},
        context={"who": "somebody"},
    )

    assert outcome.trace.upstream_request.body == b"1 blue somebody /x"


def test_a_problem_is_one_of_the_section():
    section = {"middleware": "urlRewrite", "config": {"enabled": True, "pattern": "(", "rewriteTo": "/"}}
    outcome, around = tried(section)
    (problem,) = [around.of_section(one) for one in outcome.problems]

    assert (problem.code, problem.pointer, problem.line, problem.file) == ("bad-pattern", "/pattern", 0, "")


def test_a_fault_has_its_place():
    outcome, _ = tried({"middleware": "transformRequestBody", "text": 'one\n  {{index .a "x"}}'})
    (fault,) = outcome.faults

    assert (fault.link, fault.line, fault.column) == ("request_body_transform", 2, 4)
    assert "can't index item of type float64" in fault.text or "cannot index" in fault.text


def test_a_script_fails_in_its_line():
    text = "function f(request, session, config) {\n  return nothing();\n}"
    outcome, _ = tried({"middleware": "virtualEndpoint", "text": text})
    (fault,) = outcome.faults

    assert (fault.link, fault.line, fault.column) == ("virtual_endpoint", 2, 3)
    assert fault.text == "ReferenceError: nothing is not defined"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        pytest.param({"middleware": "urlRewrit", "config": {}}, "did you mean 'urlRewrite'?", id="name"),
        pytest.param({"config": {}}, "expected an object with 'middleware' and 'config'", id="no name"),
        pytest.param([], "expected an object with 'middleware' and 'config'", id="list"),
        pytest.param({"middleware": "urlRewrite", "confg": {}}, "did you mean 'config'?", id="key"),
        pytest.param({"middleware": 1}, "expected a text as 'middleware'", id="name is none"),
        pytest.param({"middleware": "allow", "operation": 1}, "expected an object as 'operation'", id="operation"),
        pytest.param({"middleware": "allow", "method": "A B"}, "expected a method, found 'A B'", id="method"),
        pytest.param({"middleware": "allow", "path": "x"}, "expected a path that begins with '/'", id="path"),
        pytest.param({"middleware": "allow", "text": "x"}, "it takes none", id="text"),
        pytest.param({"middleware": "validate_json", "text": "{"}, "expected a schema as JSON: line 1", id="schema"),
        pytest.param(
            {"middleware": "transform_jq", "text": ".", "config": 1}, "expected an object as 'config'", id="both"
        ),
        pytest.param({"middleware": "proxy", "config": {}}, "there is no section 'proxy'", id="of every definition"),
    ],
)
def test_what_is_no_section(section, said):
    with pytest.raises(SectionError) as raised:
        made_around(section_of(section))

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "middleware", "is_text"),
    [
        pytest.param('{"a": {{.a}}}', "transformRequestBody", True, id="template"),
        pytest.param('{"a": 1}', "transformRequestBody", True, id="template that is JSON"),
        pytest.param(SCHEMA, "validate_json", True, id="schema"),
        pytest.param(
            '{"enabled": true, "format": "json", "body": ""}', "transformRequestBody", False, id="configuration"
        ),
        pytest.param('{"middleware": "transform_jq", "text": "."}', "", True, id="section with a text"),
        pytest.param("middleware: allow\nconfig:\n  enabled: true\n", "", False, id="YAML"),
        pytest.param("enabled: true\n", "allow", False, id="configuration in YAML"),
    ],
)
def test_a_section_from_a_file(text, middleware, is_text):
    section = parse_section(text, middleware)

    assert (section.text is not None) is is_text
    assert made_around(section).text


@pytest.mark.parametrize("text", ["{", "a: [", "- 1"])
def test_a_file_that_is_no_section(text):
    with pytest.raises(SectionError):
        parse_section(text)


def test_names_are_those_that_are_taken():
    assert {"urlRewrite", "url_rewrites", "global.cors", "server.authentication", "url_rewrite"} <= set(names())
    assert "proxy" not in names()


def test_a_section_follows_the_request():
    assert tried_text(made_around(section_of(SECTIONS["url_rewrite"])).text, request="GET /other").trace is not None
    outcome, _ = tried(SECTIONS["validate_request"], request={**POST, "path": "/any/where", "body": "{}"})

    assert outcome.trace.answer.status == 422
