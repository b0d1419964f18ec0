from ipaddress import ip_network

import pytest
from tests.loading.documents import codes, document, load_document, only, with_global, with_operations

from lockgate.middlewares.cors import Cors
from lockgate.middlewares.enforced_timeout import EnforcedTimeout
from lockgate.middlewares.ip_access import IpAccess
from lockgate.model import Versioning, VersionLocation
from lockgate.settings import HttpServerOptions, Settings


def section(extension, name):
    loaded = load_document(document(extension))
    found = only(loaded)[1].sections.get(name)
    return (None if found is None else found.config), codes(loaded)


def balanced(*weights, **options):
    targets = [{"url": f"http://{name}.test/x", "weight": weight} for name, weight in zip("abc", weights, strict=False)]
    return {"upstream": {"loadBalancing": {"enabled": True, "targets": targets, **options}}}


def hosts(extension):
    config, problems = section(extension, "forward")
    assert problems == []
    return "".join(target.host[0] for target in config.targets)


def test_versions():
    versioning = {
        "enabled": True, "name": "v1", "default": "self", "location": "url-param", "key": "v",
        "versions": [{"name": "v2", "id": "two"}], "stripVersioningData": True, "fallbackToDefault": True,
    }  # fmt: skip
    loaded = load_document(document({"info": {"versioning": versioning}}))
    assert only(loaded)[0].versioning == Versioning(
        VersionLocation.QUERY, "v", strip=True, default="self", fallback=True, name="v1", children={"v2": "two"}
    )
    assert codes(loaded) == ["missing-version"]
    off = load_document(document({"info": {"versioning": {**versioning, "enabled": False}}}))
    assert (only(off)[0].versioning, codes(off)) == (None, [])
    odd = load_document(document({"info": {"versioning": {"enabled": True, "location": "cookie"}}}))
    assert (only(odd)[0].versioning.location, codes(odd)) == (VersionLocation.NOWHERE, ["bad-version-location"])


def test_a_pattern_of_versions_that_does_not_compile():
    versioning = {"enabled": True, "location": "url", "urlVersioningPattern": "("}
    loaded = load_document(document({"info": {"versioning": versioning}}))
    assert (only(loaded)[0].versioning.pattern, codes(loaded)) == (None, ["bad-pattern"])


@pytest.mark.parametrize(
    ("name", "domains", "served", "expected"),
    [
        ("a.test", True, "a.test", []),
        ("{t}.a.test", True, "{t}.a.test", []),
        ("{t", True, None, ["bad-domain"]),
        ("a b", True, None, ["bad-domain"]),
        ("a.test", False, "a.test", ["unused-domain"]),
        ("", True, "", []),
    ],
)
def test_domains(name, domains, served, expected):
    value = document({"server": {"customDomain": {"enabled": True, "name": name}}})
    loaded = load_document(value, Settings(enable_custom_domains=domains))
    assert codes(loaded) == expected
    assert [definition.domain for definition in loaded.definitions] == ([] if served is None else [served])


def test_addresses():
    control = {"enabled": True, "allow": ["10.0.0.0/8", "localhost"], "block": ["::1"]}
    loaded = load_document(
        document({"server": {"ipAccessControl": control}}),
        Settings(http_server_options=HttpServerOptions(xff_depth=1)),
    )
    config = only(loaded)[1].sections["ip_access"].config
    assert config == IpAccess((ip_network("10.0.0.0/8"),), (ip_network("::1"),), 1)
    assert codes(loaded) == ["bad-address"]
    nobody, _ = section({"server": {"ipAccessControl": {"enabled": True, "allow": ["localhost"]}}}, "ip_access")
    assert nobody.allow == ()
    for off in ({"enabled": True}, {"allow": ["::1"]}, {"enabled": True, "allow": []}):
        assert section({"server": {"ipAccessControl": off}}, "ip_access") == (None, [])


def test_cors():
    cors = {
        "enabled": True, "maxAge": 5, "allowCredentials": True, "exposedHeaders": ["A"], "allowedHeaders": ["B"],
        "optionsPassthrough": True, "debug": True, "allowedOrigins": ["C"], "allowedMethods": ["D"],
    }  # fmt: skip
    loaded = load_document(with_global(cors=cors))
    assert only(loaded)[1].sections["cors"].config == Cors(("C",), ("D",), ("B",), ("A",), True, 5, True)
    assert codes(loaded) == []
    assert "cors" not in only(load_document(with_global(cors={**cors, "enabled": False})))[1].sections


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [({"value": 3}, 3.0), ({"value": 1, "duration": "500ms"}, 0.5), ({"value": 3, "duration": "0s"}, 3.0)],
)
def test_timeouts(timeout, seconds):
    loaded = load_document(with_operations(getShip={"enforceTimeout": {"enabled": True, **timeout}}))
    (rule,) = only(loaded)[1].rules
    assert (rule.middleware, rule.config) == ("enforced_timeout", EnforcedTimeout(seconds))
    assert codes(loaded) == []


def test_timeout_of_the_api():
    timeout = {"enabled": True, "duration": "1m30s"}
    found, _ = section({"upstream": {"enforceTimeout": timeout}}, "enforced_timeout")
    assert found == EnforcedTimeout(90.0)
    off = {"enabled": False, "duration": "1s"}
    assert section({"upstream": {"enforceTimeout": off}}, "enforced_timeout") == (None, [])


@pytest.mark.parametrize(
    ("weights", "expected"), [((1, 1), "ab"), ((9, 3), "aaab"), ((0, 1), "b"), ((2.9, 1), "aab"), ((5,), "a")]
)
def test_turns_of_targets(weights, expected):
    assert hosts(balanced(*weights)) == expected


def test_large_weights_are_scaled_down():
    assert 5000 <= len(hosts(balanced(10**12, 10**12 + 1))) <= 10_001


def test_balancing_that_is_off():
    assert hosts({"upstream": {"loadBalancing": {"enabled": False, "targets": []}}}) == ""
    assert hosts({"upstream": {"loadBalancing": {"enabled": True, "targets": []}}}) == ""
    _, problems = section(balanced(1, skipUnavailableHosts=True), "forward")
    assert problems == ["unsupported-section"]


def test_a_target_may_have_no_scheme():
    targets = [{"url": "a.test:81", "weight": 1}]
    config, problems = section(
        {"upstream": {"url": "", "loadBalancing": {"enabled": True, "targets": targets}}}, "forward"
    )
    assert [(target.scheme, target.port) for target in config.targets] == [("http", 81)]
    assert problems == []


@pytest.mark.parametrize("off", [{"rate": 0}, {"enabled": False}, {"rate": -1}])
def test_rate_limits_that_limit_nothing(off):
    limit = {"enabled": True, "rate": 1, "per": "1m", **off}
    assert codes(load_document(document({"upstream": {"rateLimit": limit}}))) == []


def test_a_rate_limit_that_is_skipped():
    value = document(
        {
            "upstream": {"rateLimit": {"enabled": True, "rate": 1, "per": "1m"}},
            "middleware": {"global": {"skipRateLimit": True}},
        }
    )
    assert codes(load_document(value)) == []


def test_error_overrides():
    answer = {"statusCode": 401, "message": "no", "headers": {"A": "b"}, "template": "t"}
    match = {"flag": "AKI", "bodyField": "error.code", "bodyValue": "5", "messagePattern": "x"}
    bad = [{"match": {"bodyField": "a*"}}, {"response": {"body": "{{.Nothing}}"}}, {"response": {"statusCode": 5}}]
    rules = {"4xx": [{"match": match, "response": answer}, *bad]}
    loaded = load_document(document({"errorOverrides": {"enabled": True, "value": rules}}))
    definition, version = only(loaded)
    made, kept = definition.errors.overrides[0].rules(404)
    assert (made.answer.status, made.answer.message, made.answer.template) == (401, "no", "t")
    assert (made.match.flag, made.match.body_field, made.match.body_value) == ("AKI", ("error", "code"), "5")
    assert kept.answer.status == 0
    assert version.sections["error_override"].config.errors == definition.errors
    assert codes(loaded) == ["bad-value", "bad-error-template", "bad-status"]
    off = load_document(document({"errorOverrides": {"enabled": False, "value": rules}}))
    assert (only(off)[0].errors.overrides, codes(off)) == ((), [])


def test_streams_are_told():
    assert codes(load_document(document(**{"x-tyk-streaming": {"streams": {}}}))) == ["unsupported-section"]
