import pytest
from tests.loading.documents import classic, codes, load_document

from lockgate.problems import Severity


def timeout(value):
    return extended(hard_timeouts=[{"path": "/a", "method": "GET", "timeout": value}])


def extended(**paths):
    return {"version_data": {"versions": {"Default": {"extended_paths": paths}}}}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="the least"),
        pytest.param(
            {"enable_ip_whitelisting": True, "allowed_ips": ["10.0.0.1", "10.1.2.3/8", "::1"]}, id="addresses"
        ),
        pytest.param({"enable_ip_whitelisting": True, "allowed_ips": None}, id="null"),
        pytest.param(timeout(0), id="timeout"),
        pytest.param(
            {"upstream_auth": {"enabled": False, "oauth": {"enabled": True}}}, id="authentication that is off"
        ),
        pytest.param({"proxy": {"enable_load_balancing": True, "target_list": ["http://a"]}}, id="targets"),
    ],
)
def test_nothing_to_say(changes):
    assert load_document(classic(**changes)).problems == ()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"enable_ip_whitelisting": True, "allowed_ips": ["::1", "10.0.0.300"]}, "/allowed_ips/1"),
        ({"enable_ip_blacklisting": True, "blacklisted_ips": ["10.0.0.0/40"]}, "/blacklisted_ips/0"),
        (timeout(-3), "/version_data/versions/Default/extended_paths/hard_timeouts/0/timeout"),
        (timeout(0.5), "/version_data/versions/Default/extended_paths/hard_timeouts/0/timeout"),
        (
            {"upstream_auth": {"enabled": True, "oauth": {"enabled": True}, "basic_auth": {"enabled": True}}},
            "/upstream_auth",
        ),
        ({"proxy": {"enable_load_balancing": True, "target_list": []}}, "/proxy"),
        (
            {"graphql": {"engine": {"data_sources": [{"name": "a"}, {"name": "a"}]}}},
            "/graphql/engine/data_sources/1/name",
        ),
        ({"api_id": 17}, "/api_id"),
        ({"active": 1}, "/active"),
        ({"proxy": "text"}, "/proxy"),
        ({"auth_configs": []}, "/auth_configs"),
        (extended(transform_headers=[{"add_headers": {"X": 5}}]),
         "/version_data/versions/Default/extended_paths/transform_headers/0/add_headers/X"),
        (extended(transform_headers=[{"delete_headers": "X"}]),
         "/version_data/versions/Default/extended_paths/transform_headers/0/delete_headers"),
        ({"global_rate_limit": {"rate": "1"}}, "/global_rate_limit/rate"),
    ],
)  # fmt: skip
def test_refused(changes, pointer):
    loaded = load_document(classic(**changes))
    assert loaded.definitions == ()
    assert pointer in [problem.pointer for problem in loaded.problems if problem.severity is Severity.ERROR]
    assert not any(code.startswith("unsupported") for code in codes(loaded)[:1])


def test_a_scrap_is_refused():
    assert codes(load_document({"name": "x", "use_keyless": True})) == ["missing-key"]
