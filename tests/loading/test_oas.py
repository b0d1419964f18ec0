import json
from datetime import UTC, datetime
from functools import cmp_to_key

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.loading.documents import (
    DOCUMENT,
    EXTENSION,
    codes,
    document,
    load_document,
    only,
    with_global,
    with_operations,
)

from lockgate.exchange import Headers
from lockgate.loading import load_text
from lockgate.loading.oas import compare_paths
from lockgate.middlewares.access import AccessEntry, AccessKind
from lockgate.middlewares.context_variables import ContextVariables
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.mock_response import MockResponse
from lockgate.middlewares.request_headers import RequestHeaders
from lockgate.middlewares.request_method import RequestMethod
from lockgate.middlewares.request_size_limit import RequestSizeLimit
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.problems import Severity
from lockgate.settings import HttpServerOptions, Settings
from lockgate.variables import compile_text


def text(value):
    return compile_text(value, lambda _kind, _key: None)


# what must not be reported


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(document(), id="the least"),
        pytest.param(document(paths={}), id="no paths"),
        pytest.param(document(openapi="3.1.0"), id="newer OpenAPI"),
        pytest.param(document({"info": {"expiration": "-1"}}), id="never expires"),
        pytest.param(document({"server": {"authentication": {"enabled": False}}}), id="keyless"),
        pytest.param(document({"upstream": {"url": "tyk://harbour2"}}), id="target is another API"),
        pytest.param(document({"server": {"listenPath": {"value": "/{tenant:[a-z]+}/"}}}), id="listen path template"),
        pytest.param(with_global(cors={"enabled": False}, cache={"timeout": 5}), id="sections that are off"),
        pytest.param(with_operations(getShip={"validateRequest": {"enabled": False}}), id="validation that is off"),
        pytest.param(
            with_operations(getShip={"virtualEndpoint": {"enabled": False, "functionName": ""}}), id="script off"
        ),
        pytest.param(
            with_operations(
                getShip={"urlRewrite": {"enabled": True, "pattern": "x", "rewriteTo": "/y", "triggers": []}}
            ),
            id="rewrite without triggers",
        ),
        pytest.param(document({"x-lockgate": {"strict": True}}), id="our own key"),
        pytest.param({**document(), "x-other": 1}, id="an extension of others"),
    ],
)
def test_nothing_to_say(value):
    loaded = load_document(value)
    assert loaded.problems == ()
    assert len(loaded.definitions) == 1


def test_what_a_definition_becomes():
    definition, version = only(load_document(document({"info": {"orgId": "o", "state": {"internal": True}}})))
    assert (definition.id, definition.name, definition.org_id) == ("harbour", "Harbour", "o")
    assert (definition.listen_path, definition.strip_listen_path, definition.internal) == ("/harbour/", True, True)
    assert definition.unavailable == ""
    assert definition.source == "harbour.json"
    assert version.operations == (("/ships", "GET"), ("/ships/{id}", "GET"), ("/ships/{id}", "POST"))
    assert version.rules == ()
    forwarding = version.sections["forward"].config
    assert forwarding.target.path == "/base"
    assert (forwarding.strip, forwarding.preserve_host, forwarding.keep_slash) == (True, False, False)


def test_sections_for_the_whole_api():
    value = document(
        {
            "info": {"expiration": "2031-02-03 04:05"},
            "upstream": {"preserveHostHeader": {"enabled": True}, "preserveTrailingSlash": {"enabled": True}},
            "middleware": {
                "global": {
                    "transformRequestHeaders": {
                        "enabled": True,
                        "remove": ["X-Old"],
                        "add": [{"name": "x-new", "value": "1"}, {"name": "X-New", "value": "$tyk_context.path"}],
                    },
                    "transformResponseHeaders": {"enabled": True, "add": [{"name": "A", "value": "b"}]},
                    "requestSizeLimit": {"enabled": True, "value": 10},
                    "contextVariables": {"enabled": True},
                    "ignoreCase": {"enabled": True},
                }
            },
        }
    )
    options = HttpServerOptions(xff_depth=2)
    loaded = load_document(value, Settings(http_server_options=options))
    _, version = only(loaded)
    configs = {name: section.config for name, section in version.sections.items()}
    assert configs["request_headers"] == RequestHeaders(("X-Old",), (("X-New", text("$tyk_context.path")),))
    assert configs["response_headers"] == ResponseHeaders((), (("A", text("b")),))
    assert configs["request_size_limit"] == RequestSizeLimit(10)
    assert configs["context_variables"] == ContextVariables(2)
    assert configs["expiration"] == Expiration(datetime(2031, 2, 3, 4, 5, tzinfo=UTC))
    assert configs["expires_header"].at == configs["expiration"].at
    assert (configs["forward"].preserve_host, configs["forward"].keep_slash) == (True, True)
    assert version.sections["context_variables"].pointer == f"/{EXTENSION}/middleware/global/contextVariables"
    assert version.ignore_case


def test_sections_that_ask_for_nothing_are_absent():
    value = with_global(
        transformRequestHeaders={"enabled": True, "add": [], "remove": []},
        transformResponseHeaders={"enabled": False, "remove": ["X"]},
        requestSizeLimit={"enabled": True, "value": 0},
        contextVariables={"enabled": False},
    )
    _, version = only(load_document(value))
    assert set(version.sections) == {"forward"}


def test_rules_of_an_operation():
    value = with_operations(
        getShip={
            "allow": {"enabled": True, "ignoreCase": True},
            "block": {"enabled": True},
            "ignoreAuthentication": {"enabled": True},
            "internal": {"enabled": True},
            "transformRequestMethod": {"enabled": True, "toMethod": "POST"},
            "transformRequestHeaders": {"enabled": True, "remove": ["A"]},
            "transformResponseHeaders": {"enabled": True, "remove": ["B"]},
            "requestSizeLimit": {"enabled": True, "value": 0},
            "urlRewrite": {"enabled": True, "pattern": "/(.*)", "rewriteTo": "/x/$1"},
            "mockResponse": {"enabled": True, "code": 201, "body": "é", "headers": [{"name": "x-a", "value": "1"}]},
        }
    )
    loaded = load_document(value)
    _, version = only(loaded)
    rules = {rule.kind or rule.middleware: rule for rule in version.rules}
    assert {(rule.path, rule.method) for rule in version.rules} == {("/ships/{id}", "GET")}
    assert rules["allow"].config == AccessEntry(AccessKind.ALLOW)
    assert rules["allow"].ignore_case
    assert rules["block"].config == AccessEntry(AccessKind.BLOCK)
    assert rules["ignore"].config == AccessEntry(AccessKind.IGNORE)
    assert rules["internal"].config == AccessEntry(AccessKind.INTERNAL)
    assert rules["request_method"].config == RequestMethod("POST")
    assert rules["request_headers"].config == RequestHeaders(("A",))
    assert rules["response_headers"].config == ResponseHeaders(("B",))
    assert rules["request_size_limit"].config == RequestSizeLimit(0)
    assert rules["url_rewrite"].config.pattern == "/(.*)"
    assert rules["mock_response"].config == MockResponse(201, "é".encode(), Headers.of(("X-A", "1")))
    assert rules["internal"].pointer == f"/{EXTENSION}/middleware/operations/getShip/internal"
    assert loaded.problems == ()


def test_rules_that_are_off_are_absent():
    off = {"enabled": False}
    value = with_operations(
        getShip={
            "allow": off,
            "internal": off,
            "mockResponse": off,
            "requestSizeLimit": {"enabled": False, "value": 1},
        }
    )
    assert only(load_document(value))[1].rules == ()


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["/a/b/c", "/a/b", "/a"], id="more slashes first"),
        pytest.param(["/users/all", "/users/{id}", "/users"], id="longer first"),
        pytest.param(["/abc", "/abd"], id="alphabet"),
        pytest.param(["/x/", "/x/{b}", "/x/{a}"], id="equal without placeholders: literal, then against the alphabet"),
        pytest.param(["/x/{id}", "/x/{name}"], id="the shorter placeholder first"),
    ],
)
def test_order_of_paths(paths):
    assert sorted(paths, key=cmp_to_key(compare_paths)) == paths


def test_the_allow_list_is_in_the_order_of_the_alphabet():
    allow = {"allow": {"enabled": True}, "block": {"enabled": True}}
    value = with_operations(moveShip=allow, getShip=allow, listShips=allow)
    _, version = only(load_document(value))
    entries = [(rule.kind, rule.entry) for rule in version.rules]
    assert entries == [
        ("block", "GET /ships/{id}"),
        ("block", "POST /ships/{id}"),
        ("block", "GET /ships"),
        ("allow", "GET /ships"),
        ("allow", "GET /ships/{id}"),
        ("allow", "POST /ships/{id}"),
    ]


# what is served with a warning


@pytest.mark.parametrize(
    ("value", "code", "pointer"),
    [
        pytest.param(
            with_operations(getShp={"allow": {"enabled": True}}),
            "unknown-operation",
            "/middleware/operations/getShp",
            id="no such operation",
        ),
        pytest.param(with_global(unheardOf=1), "unknown-key", "/middleware/global/unheardOf", id="unknown key"),
        pytest.param(document({"upstream": {"url": "upstream.test"}}), "bad-url", "/upstream/url", id="no scheme"),
        pytest.param(document({"upstream": {"url": "ftp://x/"}}), "bad-url", "/upstream/url", id="other scheme"),
        pytest.param(document({"info": {"expiration": "tomorrow"}}), "bad-date", "/info/expiration", id="date"),
        pytest.param(
            with_operations(getShip={"transformRequestMethod": {"enabled": True, "toMethod": "HEAD"}}),
            "bad-method",
            "/middleware/operations/getShip/transformRequestMethod/toMethod",
            id="method",
        ),
        pytest.param(
            with_operations(getShip={"mockResponse": {"enabled": True, "code": 42}}),
            "bad-status",
            "/middleware/operations/getShip/mockResponse/code",
            id="status",
        ),
        pytest.param(
            with_operations(getShip={"urlRewrite": {"enabled": True, "pattern": "(?=a)", "rewriteTo": ""}}),
            "bad-pattern",
            "/middleware/operations/getShip/urlRewrite/pattern",
            id="look-ahead",
        ),
        pytest.param(
            with_global(transformRequestHeaders={"enabled": True, "add": [{"name": "a b", "value": ""}]}),
            "bad-header-name",
            "/middleware/global/transformRequestHeaders/add/0/name",
            id="header name",
        ),
        pytest.param(
            document({"server": {"listenPath": {"value": "/a%20b/"}}}),
            "escaped-listen-path",
            "/server/listenPath/value",
            id="escape in the listen path",
        ),
        pytest.param(
            with_global(
                trafficLogs={"enabled": True, "plugins": [{"enabled": True, "functionName": "a", "path": "b"}]}
            ),
            "unsupported-section",
            "/middleware/global/trafficLogs/plugins",
            id="plugins for records",
        ),
        pytest.param(
            with_operations(getShip={"mockResponse": {"enabled": True, "fromOASExamples": {"enabled": True}}}),
            "missing-example",
            "/middleware/operations/getShip/mockResponse/fromOASExamples",
            id="mock from examples",
        ),
        pytest.param(
            document({"server": {"customDomain": {"enabled": True, "name": "a.test"}}}),
            "unused-domain",
            "/server/customDomain/name",
            id="domain",
        ),
    ],
)
def test_served_with_a_warning(value, code, pointer):
    loaded = load_document(value)
    (problem,) = loaded.problems
    assert (problem.code, problem.pointer) == (code, f"/{EXTENSION}{pointer}")
    assert problem.severity is Severity.WARNING
    definition, _ = only(loaded)
    assert definition.unavailable == ""


@pytest.mark.parametrize(
    ("written", "served"),
    [("harbour/", "/harbour/"), ("/a//b/", "/a/b/"), ("/a/../b/", "/b/"), ("/a/./b", "/a/b")],
)
def test_an_unclean_listen_path_is_served_as_it_is_meant(written, served):
    loaded = load_document(document({"server": {"listenPath": {"value": written}}}))
    assert codes(loaded) == ["unclean-listen-path"]
    assert only(loaded)[0].listen_path == served


def test_a_rewrite_that_does_not_compile_stays_a_rule():
    value = with_operations(getShip={"urlRewrite": {"enabled": True, "pattern": "(", "rewriteTo": "/x"}})
    (rule,) = only(load_document(value))[1].rules
    assert rule.config.regex is None


def test_an_inactive_api_is_not_served():
    loaded = load_document(document({"info": {"state": {"active": False}}}))
    assert loaded.definitions == ()
    assert [(problem.code, problem.severity) for problem in loaded.problems] == [("inactive-api", Severity.WARNING)]


# what makes the API answer 503


@pytest.mark.parametrize(
    ("value", "feature"),
    [
        pytest.param(
            document({"server": {"authentication": {"enabled": True, "hmac": {"enabled": True}}}}), "HMAC", id="HMAC"
        ),
        pytest.param(
            document({"server": {"clientCertificates": {"enabled": True}}}), "clientCertificates", id="certificates"
        ),
        pytest.param(
            document({"upstream": {"rateLimit": {"enabled": True, "rate": 1, "per": "1s"}}}),
            "rateLimit",
            id="limit of the API",
        ),
        pytest.param(
            with_operations(getShip={"rateLimit": {"enabled": True, "rate": 1, "per": "1s"}}),
            "rateLimit of an endpoint",
            id="limit of an endpoint",
        ),
        pytest.param(
            with_global(pluginConfig={"driver": "python"}, prePlugins=[{"enabled": True, "functionName": "f"}]),
            "plugins of driver 'python'",
            id="plugin",
        ),
        pytest.param(
            document(
                {
                    "upstream": {
                        "authentication": {
                            "enabled": True,
                            "basicAuth": {"enabled": True, "username": "u", "password": "p"},
                        }
                    }
                }
            ),
            "authentication of the upstream",
            id="upstream authentication",
        ),
    ],
)
def test_a_restriction_that_is_not_built_makes_the_api_unavailable(value, feature):
    loaded = load_document(value)
    (problem,) = loaded.problems
    assert (problem.code, problem.severity) == ("unsupported-restriction", Severity.ERROR)
    definition, _ = only(loaded)
    assert definition.unavailable == f"it needs {feature}, which is not supported yet"


@pytest.mark.parametrize(
    ("section", "unavailable"),
    [
        ({"transformRequestHeaders": {"enabled": True, "remove": ["A"]}}, False),
        ({"ignoreAuthentication": {"enabled": True}}, False),
        ({"block": {"enabled": True}}, True),
        ({"allow": {"enabled": True}}, True),
        ({"requestSizeLimit": {"enabled": True, "value": 1}}, True),
    ],
)
def test_an_entry_whose_path_does_not_compile_is_dropped(section, unavailable):
    operation = {"operationId": "odd", "responses": {"200": {"description": ""}}}
    value = document({"middleware": {"operations": {"odd": section}}}, paths={"/a(b": {"get": operation}})
    loaded = load_document(value)
    definition, version = only(loaded)
    assert version.rules == ()
    assert bool(definition.unavailable) is unavailable
    assert codes(loaded) == ["unsupported-pattern" if unavailable else "bad-pattern"]


# what is refused


@pytest.mark.parametrize(
    ("value", "code", "pointer", "message"),
    [
        pytest.param(
            document({"info": {"name": " "}}),
            "bad-value",
            "/info/name",
            "expected a text that is not empty, found ' '",
            id="blank name",
        ),
        pytest.param(
            document({"info": {"state": None}}),
            "missing-key",
            "/info",
            "expected 'state', an object, but it is missing",
            id="no state",
        ),
        pytest.param(
            document({"upstream": {"url": None}}),
            "missing-key",
            "/upstream",
            "expected 'url' or 'loadBalancing', but both are missing",
            id="no target",
        ),
        pytest.param(
            document({"upstream": {"url": "http://[::1"}}),
            "bad-url",
            "/upstream/url",
            "expected the upstream's URL, found 'http://[::1': expected a host and perhaps a port, found '[::1'",
            id="url",
        ),
        pytest.param(
            document({"server": {"listenPath": {"value": "/{a"}}}),
            "bad-listen-path",
            "/server/listenPath/value",
            "expected a listen path, found '/{a': unbalanced braces in '/{a'",
            id="open brace",
        ),
        pytest.param(
            with_operations(getShip={"allow": {}}),
            "missing-key",
            "/middleware/operations/getShip/allow",
            "expected 'enabled', true or false, but it is missing",
            id="no enabled",
        ),
        pytest.param(
            with_operations(getShip={"block": {"enabled": "yes"}}),
            "wrong-type",
            "/middleware/operations/getShip/block/enabled",
            "expected true or false, found 'yes'",
            id="yes",
        ),
        pytest.param(
            document({"upstream": {"rateLimit": {"enabled": True, "rate": 1, "per": "10"}}}),
            "bad-duration",
            "/upstream/rateLimit/per",
            "expected a duration such as '1h', '5m' or '10s', found '10'",
            id="duration",
        ),
        pytest.param(
            document({"upstream": {"loadBalancing": {"enabled": True, "targets": [{"url": "http://a", "weight": 0}]}}}),
            "bad-value",
            "/upstream/loadBalancing/targets",
            "expected a target with a weight above 0, found none",
            id="weights",
        ),
    ],
)
def test_refused(value, code, pointer, message):
    loaded = load_document(value)
    assert loaded.definitions == ()
    errors = [problem for problem in loaded.problems if not problem.code.startswith("unsupported")]
    assert [(p.code, p.pointer, p.message) for p in errors] == [(code, f"/{EXTENSION}{pointer}", message)]


def test_a_problem_is_on_the_line_of_its_value():
    source = json.dumps(with_operations(getShip={"allow": {"enabled": 1}}), indent=1)
    (problem,) = load_text(source, "a.json", Settings()).problems
    assert source.split("\n")[problem.line - 1].strip() == '"enabled": 1'


def test_yaml_says_the_same_as_json():
    source = "openapi: 3.0.3\ninfo: {title: Harbour, version: 1.0.0}\npaths: {}\nx-tyk-api-gateway:\n  info: {name: Harbour, state: {active: true}}\n  upstream: {url: http://upstream.test}\n  server:\n    listenPath: {value: /harbour/, strip: yes}"
    (problem,) = load_text(source, "a.yaml", Settings()).problems
    assert (problem.line, problem.message) == (8, "expected true or false, found 'yes'")
    fine = load_text(source.replace("yes", "true"), "a.yaml", Settings())
    assert fine.problems == ()
    assert fine.definitions[0].id == "a"


# secrets


def test_references_are_replaced_and_never_shown():
    value = document({"upstream": {"url": "env://TARGET"}}, info={"title": "t", "version": "1"})
    loaded = load_document(value, environ={"TARGET": "http://user:hunter2@[bad"})
    assert loaded.definitions == ()
    assert "hunter2" not in str(loaded.problems)
    assert "'env://TARGET'" in loaded.problems[0].message
    definition, version = only(load_document(value, environ={"TARGET": "http://secret.test"}))
    assert version.sections["forward"].config.target.host == "secret.test"
    assert definition.document[EXTENSION]["upstream"]["url"] == "env://TARGET"


def test_a_missing_reference_stays_and_is_told_by_name():
    value = with_global(
        transformRequestHeaders={"enabled": True, "add": [{"name": "A", "value": "Bearer secrets://token"}]}
    )
    loaded = load_document(value)
    (problem,) = loaded.problems
    assert (problem.code, problem.severity) == ("missing-secret", Severity.WARNING)
    assert "'secrets://token'" in problem.message
    config = only(load_document(value, Settings(secrets={"token": "x"})))[1].sections["request_headers"].config
    assert config.add == (("A", text("Bearer x")),)


def test_without_resolving_references_are_not_judged():
    value = document(
        {
            "upstream": {"url": "env://TARGET"},
            "server": {"listenPath": {"value": "env://LISTEN"}},
            "info": {"expiration": "secrets://date"},
        }
    )
    assert load_document(value, resolve=False).problems == ()


def test_references_that_are_not_built_are_told():
    value = document({"upstream": {"url": "kv://store/target"}})
    assert "unsupported-section" in codes(load_document(value))


# hashes


def test_equal_content_has_equal_hashes():
    first, _ = only(load_document(DOCUMENT))
    second = load_text(json.dumps(DOCUMENT, sort_keys=True), "other.json", Settings()).definitions[0]
    assert first.content_hash == second.content_hash
    changed, _ = only(load_document(document({"upstream": {"url": "http://other.test"}})))
    assert changed.content_hash != first.content_hash
    stricter, _ = only(load_document(DOCUMENT, Settings(http_server_options=HttpServerOptions(xff_depth=1))))
    assert stricter.content_hash != first.content_hash


def test_strictness_comes_from_either_side():
    assert only(load_document(document({"x-lockgate": {"strict": True}})))[0].strict
    assert not only(load_document(DOCUMENT))[0].strict


# properties

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 1 << 70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["", "/", "{", "env://X", "/{a:(}", "3.1.0", "#/paths", "tyk://self", "http://[", "(", "10s", "get"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
EVERYTHING = document(
    {
        "info": {"expiration": "2030-01-01 00:00", "versioning": {"enabled": True, "location": "url", "name": "v"}},
        "upstream": {
            "loadBalancing": {"enabled": True, "targets": [{"url": "http://a", "weight": 1}]},
            "authentication": {"enabled": True, "basicAuth": {"enabled": True, "username": "u", "password": "p"}},
        },
        "server": {"customDomain": {"enabled": True, "name": "a"}, "authentication": {"enabled": True}},
        "middleware": {
            "global": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "a", "value": "b"}]}},
            "operations": {
                "getShip": {
                    "urlRewrite": {
                        "enabled": True,
                        "pattern": "a",
                        "rewriteTo": "b",
                        "triggers": [
                            {
                                "condition": "any",
                                "rewriteTo": "x",
                                "rules": [{"in": "query", "name": "a", "pattern": "b"}],
                            },
                        ],
                    },
                    "mockResponse": {"enabled": True, "code": 200, "headers": [{"name": "a", "value": "b"}]},
                }
            },
        },
    },
    components={"schemas": {"A": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}}},
)


def places_of(value, place=()):
    yield place
    if isinstance(value, dict):
        for key in value:
            yield from places_of(value[key], (*place, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places_of(value[index], (*place, index))


PLACES = list(places_of(EVERYTHING))


def changed(value, place, new):
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = changed(value[place[0]], place[1:], new)
    return copy


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_no_document_makes_loading_raise(place, new):
    source = json.dumps(changed(EVERYTHING, place, new), indent=1)
    loaded = load_text(source, "a.json", Settings())
    lines = source.count("\n") + 1
    assert all(1 <= problem.line <= lines and problem.file == "a.json" for problem in loaded.problems)


@given(st.text())
def test_no_text_makes_loading_raise(source):
    for name in ("a.json", "a.yaml", "a"):
        load_text(source, name, Settings())
