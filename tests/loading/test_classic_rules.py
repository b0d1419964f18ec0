import pytest

from lockgate.decoding.shapes import Notes
from lockgate.loading.classic_rules import check_classic


def timeout(value):
    entries = {"hard_timeouts": [{"path": "/a", "method": "GET", "timeout": value}]}
    return {"version_data": {"versions": {"Default": {"extended_paths": entries}}}}


def found(value):
    notes = Notes()
    check_classic(value, notes)
    return [problem.pointer for problem in notes.problems]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({}, id="empty"),
        pytest.param({"allowed_ips": ["nonsense"]}, id="list that is off"),
        pytest.param(
            {"enable_ip_whitelisting": True, "allowed_ips": ["10.0.0.1", "10.1.2.3/8", "::1"]}, id="addresses"
        ),
        pytest.param({"enable_ip_whitelisting": True, "allowed_ips": 5}, id="not a list"),
        pytest.param(timeout(0), id="timeout"),
        pytest.param({"upstream_auth": {"enabled": True, "oauth": {"enabled": True}}}, id="one authentication"),
        pytest.param({"proxy": {"enable_load_balancing": True, "target_list": ["http://a"]}}, id="targets"),
    ],
)
def test_nothing_to_say(value):
    assert found(value) == []


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"enable_ip_whitelisting": True, "allowed_ips": ["::1", "10.0.0.300"]}, "/allowed_ips/1"),
        ({"enable_ip_blacklisting": True, "blacklisted_ips": ["10.0.0.0/40"]}, "/blacklisted_ips/0"),
        (timeout(-3), "/version_data/versions/Default/extended_paths/hard_timeouts/0/timeout"),
        (
            {"upstream_auth": {"enabled": True, "oauth": {"enabled": True}, "basic_auth": {"enabled": True}}},
            "/upstream_auth",
        ),
        ({"proxy": {"enable_load_balancing": True, "target_list": []}}, "/proxy"),
        (
            {"graphql": {"engine": {"data_sources": [{"name": "a"}, {"name": "a"}]}}},
            "/graphql/engine/data_sources/1/name",
        ),
        ({"api_definition": {"proxy": {"enable_load_balancing": True}}}, "/api_definition/proxy"),
    ],
)
def test_refused(value, pointer):
    assert found(value) == [pointer]
