import json
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from tests.loading.documents import CLASSIC, classic, codes, document, load_document, only, with_paths, with_version

from lockgate.loading import load, load_text
from lockgate.middleware import Reason
from lockgate.middlewares.access import AccessEntry, AccessKind, PlainAction, Reply
from lockgate.middlewares.context_variables import ContextVariables
from lockgate.middlewares.cors import Cors
from lockgate.middlewares.enforced_timeout import EnforcedTimeout
from lockgate.middlewares.expiration import Expiration
from lockgate.middlewares.header_injector import HeaderInjection
from lockgate.middlewares.ip_access import IpAccess
from lockgate.middlewares.request_headers import RequestHeaders
from lockgate.middlewares.request_method import RequestMethod
from lockgate.middlewares.request_size_limit import RequestSizeLimit
from lockgate.middlewares.response_headers import ResponseHeaders
from lockgate.model import Versioning, VersionLocation
from lockgate.problems import Severity
from lockgate.settings import HttpServerOptions, Settings
from lockgate.variables import compile_text

V1 = {"name": "v1", "use_extended_paths": True}


def text(value):
    return compile_text(value, lambda _kind, _key: None)


def versioned(definition=None, **data):
    value = classic(definition=definition or {"location": "header", "key": "X-V"})
    value["version_data"] = {"not_versioned": False, "default_version": "", "versions": {"v1": V1}} | data
    return value


def rules(loaded):
    return only(loaded)[1].rules


def test_what_a_definition_becomes():
    loaded = load_document(classic(org_id="o", internal=True))
    definition, version = only(loaded)
    assert loaded.problems == ()
    assert (definition.id, definition.name, definition.org_id, definition.internal) == ("harbour", "Harbour", "o", True)
    assert (definition.listen_path, definition.strip_listen_path) == ("/harbour/", True)
    assert (definition.versioning, definition.refusal, definition.unavailable) == (None, None, "")
    assert definition.source == "harbour.json"
    assert (version.name, version.rules, version.operations) == ("Default", (), ())
    forwarding = version.sections["forward"].config
    assert (forwarding.target.path, forwarding.strip, forwarding.preserve_host, forwarding.keep_slash) == (
        "/base", True, False, False,
    )  # fmt: skip


def test_sections_for_the_whole_api():
    value = classic(
        expiration="2031-02-03 04:05",
        proxy={"preserve_host_header": True, "disable_strip_slash": True},
        enable_context_vars=True,
        enable_ip_whitelisting=True,
        allowed_ips=["10.0.0.0/8"],
        blacklisted_ips=["10.0.0.1"],
        enable_ip_blacklisting=True,
        CORS={"enable": True, "allowed_origins": ["http://a"], "max_age": 5, "options_passthrough": True},
        version_data={
            "versions": {
                "Default": {
                    "global_headers": {"X-New": "$tyk_context.path"},
                    "global_headers_remove": ["X-Old"],
                    "global_response_headers": {"A": "b"},
                    "global_size_limit": 10,
                    "global_enforce_timeout": "1m500ms",
                    "ignore_endpoint_case": True,
                }
            }
        },
    )
    loaded = load_document(value, Settings(http_server_options=HttpServerOptions(xff_depth=2)))
    _, version = only(loaded)
    configs = {name: section.config for name, section in version.sections.items()}
    assert loaded.problems == ()
    assert configs["request_headers"] == RequestHeaders(("X-Old",), (("X-New", text("$tyk_context.path")),))
    assert configs["response_headers"] == ResponseHeaders((), (("A", text("b")),))
    assert configs["request_size_limit"] == RequestSizeLimit(10)
    assert configs["context_variables"] == ContextVariables(2)
    assert configs["expiration"] == Expiration(datetime(2031, 2, 3, 4, 5, tzinfo=UTC))
    assert configs["enforced_timeout"] == EnforcedTimeout(60.5)
    assert configs["ip_access"] == IpAccess((ip_network("10.0.0.0/8"),), (ip_network("10.0.0.1"),), 2)
    assert configs["cors"] == Cors(allowed_origins=("http://a",), max_age_seconds=5, options_passthrough=True)
    assert (configs["forward"].preserve_host, configs["forward"].keep_slash) == (True, True)
    assert version.ignore_case


def test_what_is_disabled_is_left_out():
    value = classic(
        CORS={"enable": False, "allowed_origins": ["x"]},
        ip_access_control_disabled=True,
        allowed_ips=["10.0.0.1"],
        domain="x.test",
        domain_disabled=True,
        version_data={
            "versions": {
                "Default": {
                    "global_headers": {"A": "b"},
                    "global_headers_disabled": True,
                    "global_response_headers": {"A": "b"},
                    "global_response_headers_disabled": True,
                    "global_size_limit": 5,
                    "global_size_limit_disabled": True,
                    "global_enforce_timeout": "5s",
                    "global_enforce_timeout_disabled": True,
                }
            }
        },
        response_processors=[{"name": "header_injector", "options": {"add_headers": {"A": "b"}}}],
    )
    loaded = load_document(value)
    definition, version = only(loaded)
    assert (loaded.problems, definition.domain, set(version.sections)) == ((), "", {"forward"})


def test_entries_for_endpoints():
    entry = {"path": "/a", "method": "GET"}
    loaded = load_document(
        with_paths(
            white_list=[{**entry, "ignore_case": True}, {**entry, "disabled": True}],
            black_list=[{"path": "/b", "method_actions": {"GET": {"action": "no_action"}, "PUT": {"action": "odd"}}}],
            ignored=[{"path": "/c", "method_actions": {"GET": {"action": "reply", "code": 418, "data": "tea",
                                                               "headers": {"x-a": "1"}}}}],
            internal=[entry],
            mock_response=[{**entry, "code": 201, "body": "m", "headers": {"B": "c"}}],
            transform_headers=[{**entry, "delete_headers": ["X"], "add_headers": {"Y": "z"}}],
            transform_response_headers=[{**entry, "act_on": True, "add_headers": {"Y": "z"}}],
            size_limits=[{**entry, "size_limit": 3}],
            method_transforms=[{**entry, "to_method": "POST"}],
            hard_timeouts=[{**entry, "timeout": 3}, {**entry, "timeout": 1, "duration": "500ms"}],
            url_rewrites=[{**entry, "match_pattern": "/a(.*)", "rewrite_to": "/b$1"}],
        )
    )  # fmt: skip
    made = {(rule.kind or rule.middleware): rule for rule in rules(loaded)}
    assert codes(loaded) == ["bad-value"]
    assert made["allow"].config == AccessEntry(AccessKind.ALLOW)
    assert made["allow"].ignore_case
    assert made["allow"].pointer == "/version_data/versions/Default/extended_paths/white_list/0"
    assert made["block"].config.actions == {"GET": PlainAction.NO_ACTION, "PUT": PlainAction.OTHER}
    reply = made["ignore"].config.actions["GET"]
    assert (reply.status, reply.body, reply.headers.get("X-A")) == (418, b"tea", "1")
    assert made["internal"].config == AccessEntry(AccessKind.INTERNAL)
    assert isinstance(made["mock"].config.reply, Reply)
    assert made["mock"].config.reply.body == b"m"
    assert made["request_headers"].config == RequestHeaders(("X",), (("Y", text("z")),))
    assert made["response_headers"].config == ResponseHeaders((), (("Y", text("z")),))
    assert made["request_size_limit"].config == RequestSizeLimit(3)
    assert made["request_method"].config == RequestMethod("POST")
    assert made["url_rewrite"].config.pattern == "/a(.*)"
    timeouts = [rule.config for rule in rules(loaded) if rule.middleware == "enforced_timeout"]
    assert timeouts == [EnforcedTimeout(3.0), EnforcedTimeout(0.5)]


def test_empty_actions_are_none():
    (rule,) = rules(load_document(with_paths(black_list=[{"path": "/a", "method": "GET", "method_actions": {}}])))
    assert rule.config == AccessEntry(AccessKind.BLOCK)


def test_legacy_paths_count_without_extended_paths():
    value = with_version(
        use_extended_paths=False,
        ignore_endpoint_case=True,
        paths={"ignored": ["/i"], "black_list": ["/b"], "white_list": ["/w"]},
        extended_paths={"black_list": [{"path": "/x", "method": "GET"}]},
    )
    loaded = load_document(value)
    assert codes(loaded) == ["unused-paths"]
    assert [(rule.kind, rule.path, rule.method) for rule in rules(loaded)] == [
        ("ignore", "/i", ""), ("block", "/b", ""), ("allow", "/w", ""),
    ]  # fmt: skip
    assert not only(loaded)[1].ignore_case


def test_keys_count_whatever_their_case():
    value = {
        "NAME": "odd", "Use_Keyless": True, "surprise": 1,
        "PROXY": {"Listen_Path": "/odd/", "target_URL": "http://up.test"},
        "version_data": {"not_versioned": True, "versions": {"Default": {
            "use_extended_paths": True, "extended_paths": {"Black_List": [{"Path": "/shut", "METHOD": "GET"}]}}}},
    }  # fmt: skip
    loaded = load_document(value)
    definition, version = only(loaded)
    assert (definition.name, definition.listen_path) == ("odd", "/odd/")
    assert version.rules[0].pointer == "/version_data/versions/Default/extended_paths/Black_List/0"
    assert [(problem.code, problem.pointer) for problem in loaded.problems] == [("unknown-key", "/surprise")]
    value["PROXY"]["target_URL"] = 5
    (wrong,) = [problem for problem in load_document(value).problems if problem.code == "wrong-type"]
    assert wrong.pointer == "/PROXY/target_URL"
    assert wrong.line > 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["x"], "x"),
        (["Default", "v2"], "Default"),
        (["default", "v2"], "default"),
        (["", "v2"], ""),
        (["v1", "v2"], Reason.VERSION_NONE),
        ([], Reason.VERSION_NONE),
        (["Default", "default"], Reason.VERSION_AMBIGUOUS),
    ],
)
def test_which_version_is_used_when_there_are_none(names, expected):
    value = classic()
    value["version_data"]["versions"] = {name: {"name": name, "use_extended_paths": True} for name in names}
    loaded = load_document(value)
    (definition,) = loaded.definitions
    found = definition.refusal or definition.versions[0].name
    assert found == expected
    assert codes(loaded) == (["no-version"] if definition.refusal else [])


def test_no_version_data():
    definition = load_document(classic(version_data=None)).definitions[0]
    assert (definition.refusal, definition.versions) == (Reason.VERSION_NOT_NAMED, ())


def test_old_versions():
    value = versioned(
        versions={
            "v1": {**V1, "expires": "2003-01-01 00:00", "global_headers": {"A": "1"}},
            "v2": {**V1, "name": "other", "override_target": "http://second.test/x"},
            "v3": {**V1, "expires": "odd"},
            "v4": {**V1, "expires": "-1"},
        },
        default_version="v2",
    )
    loaded = load_document(value)
    (definition,) = loaded.definitions
    assert definition.versioning == Versioning(VersionLocation.HEADER, "X-V", default="v2")
    made = {version.name: version.sections for version in definition.versions}
    assert list(made) == ["v1", "v2", "v3", "v4"]
    at = datetime(2003, 1, 1, tzinfo=UTC)
    assert made["v1"]["expiration"].config == Expiration(at, Reason.VERSION_EXPIRED)
    assert made["v1"]["expires_header"].config.at == at
    assert made["v2"]["forward"].config.target.host == "second.test"
    assert made["v3"]["expiration"].config == Expiration(None, Reason.VERSION_EXPIRED)
    assert "expiration" not in made["v4"]
    assert codes(loaded) == ["bad-date"]


def test_versions_without_versioning_neither_expire_nor_override():
    _, version = only(load_document(with_version(expires="2003-01-01 00:00", override_target="http://x.test")))
    assert "expiration" not in version.sections
    assert version.sections["forward"].config.target.host == "upstream.test"


@pytest.mark.parametrize(
    ("whole", "own", "expected"),
    [
        ("2001-01-01 00:00", "2002-01-01 00:00", Reason.API_EXPIRED),
        ("2003-01-01 00:00", "2002-01-01 00:00", Reason.VERSION_EXPIRED),
        ("", "2002-01-01 00:00", Reason.VERSION_EXPIRED),
    ],
)
def test_the_first_of_two_expirations_counts(whole, own, expected):
    value = versioned(versions={"v1": {**V1, "expires": own}})
    _, version = only(load_document({**value, "expiration": whole}))
    assert version.sections["expiration"].config.reason is expected


def test_new_versions():
    definition = {
        "enabled": True, "name": "v1", "default": "self", "location": "url", "key": "k",
        "versions": {"v2": "two"}, "strip_path": True, "url_versioning_pattern": "^v[0-9]+$",
        "fallback_to_default": True,
    }  # fmt: skip
    loaded = load_document(classic(definition=definition))
    versioning = only(loaded)[0].versioning
    assert (versioning.location, versioning.strip, versioning.default, versioning.fallback, versioning.name) == (
        VersionLocation.URL, True, "self", True, "v1",
    )  # fmt: skip
    assert versioning.children == {"v2": "two"}
    assert versioning.pattern.search("v2")
    assert codes(loaded) == ["missing-version"]


@pytest.mark.parametrize(
    ("location", "default", "expected"), [("cookie", "v1", ["bad-version-location"]), ("", "v1", []), ("", "", None)]
)
def test_an_unknown_location(location, default, expected):
    loaded = load_document(versioned({"location": location, "key": "X"}, default_version=default))
    assert loaded.definitions[0].versioning.location is VersionLocation.NOWHERE
    assert codes(loaded) == (["bad-version-location"] if expected is None else expected)


def test_response_processors():
    cleanup = {"headers": ["Location"], "target_host": "https://gw.test:8443/x"}
    processors = [
        {"name": "header_injector", "options": {"add_headers": {"A": "b"}, "remove_headers": ["C"]}},
        {"name": "header_injector", "options": {"add_headers": {"D": "e"}}},
        {"name": "header_transform", "options": {"rev_proxy_header_cleanup": cleanup}},
        {"name": "response_body_transform"},
        {"name": "header_injecter"},
    ]
    loaded = load_document(classic(response_processors=processors))
    _, version = only(loaded)
    assert version.sections["header_injector"].config.injections == (
        HeaderInjection(("C",), (("A", text("b")),)),
        HeaderInjection((), (("D", text("e")),)),
    )
    config = version.sections["header_cleanup"].config
    assert (config.headers, config.scheme, config.authority) == (("Location",), "https", "gw.test:8443")
    assert (config.listen_path, config.strip, config.target.host) == ("/harbour/", True, "upstream.test")
    assert [problem.pointer for problem in loaded.problems] == ["/response_processors/4/name"]


@pytest.mark.parametrize("host", ["", "gw.test", "::bad"])
def test_a_cleanup_without_a_host_does_nothing(host):
    options = {"rev_proxy_header_cleanup": {"headers": ["Location"], "target_host": host}}
    loaded = load_document(classic(response_processors=[{"name": "header_transform", "options": options}]))
    assert "header_cleanup" not in only(loaded)[1].sections
    assert codes(loaded) == ["bad-url"]


def test_load_balancing():
    loaded = load_document(
        classic(proxy={"target_url": "", "enable_load_balancing": True, "target_list": ["http://a/x", "b:81"]})
    )
    targets = only(loaded)[1].sections["forward"].config.targets
    assert [(target.host, target.port) for target in targets] == [("a", 80), ("b", 81)]
    assert loaded.problems == ()


def test_lists_are_in_force_without_their_switch():
    loaded = load_document(classic(allowed_ips=["10.0.0.1"]))
    assert only(loaded)[1].sections["ip_access"].config.allow == (ip_network("10.0.0.1"),)
    assert codes(loaded) == ["list-in-force"]


def test_error_overrides():
    rule = {"match": {"flag": "AKI"}, "response": {"status_code": 401, "body": '{"e": "{{.Message}}"}'}}
    bad = {"match": {"message_pattern": "("}, "response": {}}
    loaded = load_document(classic(error_overrides={"403": [rule, bad], "odd": [rule]}))
    definition, version = only(loaded)
    (overrides,) = definition.errors.overrides
    assert [one.answer.status for one in overrides.rules(403)] == [401]
    assert version.sections["error_override"].config.errors == definition.errors
    assert codes(loaded) == ["bad-pattern", "bad-status"]
    disabled = load_document(classic(error_overrides={"403": [rule]}, error_overrides_disabled=True))
    assert only(disabled)[0].errors.overrides == ()


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"use_keyless": False, "use_basic_auth": True}, "basic authentication"),
        ({"use_keyless": None, "enable_jwt": True}, "authentication by JWT"),
        ({"global_rate_limit": {"rate": 1, "per": 1}}, "global_rate_limit"),
        (
            {"custom_middleware": {"driver": "grpc", "pre": [{"name": "x", "path": "y"}]}},
            "plugins of driver 'grpc'",
        ),
        ({"use_mutual_tls_auth": True}, "use_mutual_tls_auth"),
        ({"graphql": {"enabled": True}}, "graphql"),
        ({"upstream_auth": {"enabled": True}}, "upstream_auth"),
        ({"pinned_public_keys": {"*": "x"}}, "pinned_public_keys"),
        (with_paths(rate_limit=[{"path": "/a", "method": "GET", "rate": 1, "per": 1}]), "rate_limit"),
        (with_paths(go_plugin=[{"path": "/a", "method": "GET"}]), "go_plugin"),
    ],
)
def test_a_restriction_that_is_not_built_makes_the_api_unavailable(changes, feature):
    loaded = load_document(classic(**changes))
    definition, _ = only(loaded)
    assert definition.unavailable == f"it needs {feature}, which is not supported yet"
    assert [(problem.code, problem.severity) for problem in loaded.problems] == [
        ("unsupported-restriction", Severity.ERROR)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_options": {"enable_cache": True}},
        {"event_handlers": {"events": {"A": [{"handler_name": "x"}]}}},
        {"proxy": {"transport": {"proxy_url": "http://proxy.test"}}},
        {"proxy": {"transport": {"ssl_force_common_name_check": True}}},
        {"proxy": {"service_discovery": {"use_discovery_service": True}}},
        {"upstream_certificates": {"*": "x"}},
        {"listen_port": 8443},
        {"protocol": "https"},
        with_paths(cache=["/a"]),
    ],
)
def test_served_without_what_is_not_built(changes):
    loaded = load_document(classic(**changes))
    assert only(loaded)[0].unavailable == ""
    assert codes(loaded) == ["unsupported-section"]


@pytest.mark.parametrize(
    "changes",
    [
        {"cache_options": {"enable_cache": False, "cache_timeout": 5}},
        {"custom_middleware": {"pre": [], "driver": "otto", "auth_check": {"name": ""}}},
        {"global_rate_limit": {"rate": 1, "per": 1, "disabled": True}},
        {"global_rate_limit": {"rate": 1, "per": 1}, "disable_rate_limit": True},
        {"proxy": {"service_discovery": {"use_discovery_service": False, "query_endpoint": "x"}}},
        {"auth": {"auth_header_name": "X"}, "use_standard_auth": True, "jwt_source": "x"},
        {"graphql": {"enabled": False, "schema": "x"}},
        {"uptime_tests": {"check_list": [], "config": {"expire_utime_after": 0}}},
        with_paths(validate_json=[{"path": "/a", "disabled": True}]),
        {"x-lockgate": {"strict": True}},
        {"tags": None, "CORS": None},
    ],
)
def test_what_is_off_is_not_told(changes):
    assert load_document(classic(**changes)).problems == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"active": False}, "inactive-api"),
        ({"is_oas": True}, "missing-companion"),
        ({"protocol": "tcp"}, "unsupported-protocol"),
        ({"proxy": {"target_url": "::bad"}}, "bad-url"),
        ({"proxy": {"listen_path": ""}}, "bad-listen-path"),
        ({"proxy": {"listen_path": "/{x/"}}, "bad-listen-path"),
    ],
)
def test_not_served(changes, expected):
    loaded = load_document(classic(**changes))
    assert (loaded.definitions, codes(loaded)) == ((), [expected])


def test_without_a_switch_an_api_is_active():
    assert load_document(classic(active=None)).definitions


def test_a_domain():
    value = classic(domain="{tenant}.example.test")
    on = load_document(value, Settings(enable_custom_domains=True))
    assert (only(on)[0].domain, codes(on)) == ("{tenant}.example.test", [])
    off = load_document(value)
    assert (only(off)[0].domain, codes(off)) == ("{tenant}.example.test", ["unused-domain"])
    bad = load_document(classic(domain="{a"), Settings(enable_custom_domains=True))
    assert (bad.definitions, codes(bad)) == ((), ["bad-domain"])


def test_a_protecting_path_that_is_no_pattern():
    loaded = load_document(with_paths(black_list=[{"path": "/(", "method": "GET"}]))
    assert codes(loaded) == ["unsupported-pattern"]
    assert loaded.problems[0].pointer.endswith("/black_list/0/path")
    assert "no regular expression" in only(loaded)[0].unavailable
    other = load_document(with_paths(transform_headers=[{"path": "/(", "method": "GET"}]))
    assert (codes(other), only(other)[0].unavailable) == (["bad-pattern"], "")


def test_as_a_dashboard_exports_it():
    wrapped = {"api_model": {}, "api_definition": classic(api_id=5)}
    (problem,) = load_document(wrapped).problems
    assert (problem.pointer, problem.code) == ("/api_definition/api_id", "wrong-type")
    assert problem.line > 1
    wrapped["api_definition"]["api_id"] = "a"
    assert only(load_document(wrapped))[0].id == "a"


def test_lists_of_definitions():
    other = merged_oas = document({"server": {"listenPath": {"value": "/other/"}}, "info": {"id": "other"}})
    loaded = load_document([CLASSIC, {"api_definition": classic(api_id="b", proxy={"listen_path": "/b/"})}, other])
    assert [definition.id for definition in loaded.definitions] == ["harbour", "b", "other"]
    mixed = load_document([CLASSIC, {"hello": 1}, merged_oas])
    assert [(problem.code, problem.pointer) for problem in mixed.problems] == [("unknown-format", "/1")]
    assert mixed.problems[0].line > 10


def test_a_companion_counts_instead_of_the_projection(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(classic(is_oas=True)))
    (tmp_path / "a-oas.json").write_text(json.dumps(document()))
    loaded = load([tmp_path], Settings())
    assert (len(loaded.definitions), loaded.problems) == (1, ())
    assert loaded.definitions[0].versions[0].operations


def test_references_are_replaced():
    value = classic(proxy={"target_url": "env://UP"}, name="secrets://n")
    settings = Settings(secrets={"n": "named"})
    loaded = load_text(json.dumps(value), "a.json", settings, environ={"UP": "http://from.env"})
    definition, version = only(loaded)
    assert (definition.name, version.sections["forward"].config.target.host) == ("named", "from.env")
    assert definition.document["name"] == "secrets://n"
    assert load_document(value, resolve=False).problems == ()
