"""Whatever a document is like, loading answers with problems, never with an exception."""

import copy
import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.loading.documents import CLASSIC, document, merged

from lockgate.loading import load_text
from lockgate.settings import Settings

ENTRY = {"path": "/a/{id}", "method": "GET"}
PLUGIN = {"name": "n", "path": "p", "require_session": True}
CLASSIC_WITH_EVERYTHING = merged(
    CLASSIC,
    {
        "expiration": "2031-02-03 04:05",
        "domain": "{t}.test",
        "definition": {"enabled": True, "location": "url", "versions": {"a": "b"}, "url_versioning_pattern": "v"},
        "allowed_ips": ["::1"],
        "enable_ip_blacklisting": True,
        "blacklisted_ips": ["10.0.0.0/8"],
        "CORS": {"enable": True, "allowed_origins": ["*"], "max_age": 1},
        "custom_middleware": {"pre": [PLUGIN], "auth_check": PLUGIN},
        "graphql": {"enabled": True, "engine": {"data_sources": [{"name": "a"}]}},
        "upstream_auth": {"enabled": True, "oauth": {"enabled": True}},
        "uptime_tests": {"check_list": [{"url": "u"}]},
        "error_overrides": {
            "4xx": [{"match": {"message_pattern": "a", "body_field": "a.b"}, "response": {"body": "{{.Message}}"}}]
        },
        "response_processors": [
            {"name": "header_injector", "options": {"add_headers": {"A": "b"}}},
            {
                "name": "header_transform",
                "options": {"rev_proxy_header_cleanup": {"headers": ["A"], "target_host": "http://a"}},
            },
        ],
        "proxy": {
            "target_list": ["http://a", "env://X"],
            "enable_load_balancing": True,
            "transport": {"ssl_ciphers": ["a"]},
        },
        "version_data": {
            "default_version": "Default",
            "versions": {
                "Default": {
                    "expires": "2031-02-03 04:05",
                    "override_target": "http://b",
                    "global_headers": {"A": "$secret_env.B"},
                    "global_enforce_timeout": "5s",
                    "paths": {"ignored": ["/a"]},
                    "extended_paths": {
                        "white_list": [
                            {**ENTRY, "method_actions": {"GET": {"action": "reply", "headers": {"A": "b"}}}}
                        ],
                        "mock_response": [{**ENTRY, "headers": {"A": "b"}}],
                        "transform_headers": [{**ENTRY, "add_headers": {"A": "b"}, "delete_headers": ["C"]}],
                        "url_rewrites": [
                            {
                                **ENTRY,
                                "match_pattern": "a(.*)",
                                "rewrite_to": "/$1",
                                "triggers": [{"options": {"header_matches": {"A": {"match_rx": "b"}}}}],
                            }
                        ],
                        "hard_timeouts": [{**ENTRY, "timeout": 1, "duration": "1s"}],
                        "circuit_breakers": [{**ENTRY, "threshold_percent": 0.5}],
                        "cache": ["/a"],
                        "virtual": [ENTRY],
                    },
                }
            },
        },
    },
)
RESOURCES = [
    {
        "apiVersion": "tyk.tyk.io/v1alpha1",
        "kind": "ApiDefinition",
        "metadata": {"name": "a", "namespace": "b", "labels": {"template": "false"}},
        "spec": {
            **CLASSIC,
            "proxy": {
                "listen_path": "/x/",
                "target_internal": {"target": {"name": "a", "namespace": "b"}, "path": "c"},
            },
        },
    },
    {
        "apiVersion": "tyk.tyk.io/v1alpha1",
        "kind": "TykOasApiDefinition",
        "metadata": {"name": "c"},
        "spec": {
            "tykOAS": {"configmapRef": {"name": "cm", "namespace": "default", "keyName": "k"}},
            "versioning": {"enabled": True, "location": "url", "versions": [{"tykOasApiDefinitionRef": {"name": "a"}}]},
        },
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"k": json.dumps(document())}},
    {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "tyk.tyk.io/v1", "kind": "SubGraph"}]},
]
OAS_WITH_EVERYTHING = document(
    {
        "info": {
            "versioning": {"enabled": True, "location": "header", "key": "k", "versions": [{"name": "a", "id": "b"}]}
        },
        "server": {
            "customDomain": {"enabled": True, "name": "{a}.test"},
            "ipAccessControl": {"enabled": True, "allow": ["::1"], "block": ["10.0.0.0/8"]},
        },
        "upstream": {
            "loadBalancing": {"enabled": True, "targets": [{"url": "http://a", "weight": 2}]},
            "enforceTimeout": {"enabled": True, "duration": "1s"},
            "rateLimit": {"enabled": True, "rate": 1, "per": "1m"},
        },
        "middleware": {
            "global": {"cors": {"enabled": True, "allowedOrigins": ["*"]}, "skipRateLimit": False},
            "operations": {"getShip": {"enforceTimeout": {"enabled": True, "value": 1, "duration": "1s"}}},
        },
        "errorOverrides": {
            "enabled": True,
            "value": {"403": [{"match": {"flag": "A"}, "response": {"statusCode": 401, "headers": {"A": "b"}}}]},
        },
    }
)
SEEDS = [
    CLASSIC_WITH_EVERYTHING,
    OAS_WITH_EVERYTHING,
    {"api_model": {}, "api_definition": CLASSIC_WITH_EVERYTHING},
    [CLASSIC, CLASSIC_WITH_EVERYTHING, OAS_WITH_EVERYTHING],
    RESOURCES,
]


def places(value, place=()):
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*place, key))


TARGETS = [(index, place) for index, seed in enumerate(SEEDS) for place in places(seed)]
SPECIAL = st.sampled_from(
    [None, "", "(", "{", "}", "::", "http://[", "env://X", "vault://a/b.c", "consul://x", "file://../x", "$kv{a}",
     "$secret_vault.a", 2.0, 1e308, -1, 10**30, True, "\x00", "\ud800", "a b", [None], {"": None}, [[]]]
)  # fmt: skip
VALUES = SPECIAL | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def changed(seed, place, new, key):
    """A copy with one value replaced, or its key."""
    if not place:
        return new
    made = copy.deepcopy(seed)
    holder = made
    for part in place[:-1]:
        holder = holder[part]
    if key is not None and isinstance(holder, dict):
        holder[key] = holder.pop(place[-1])
    else:
        holder[place[-1]] = new
    return made


@given(st.sampled_from(TARGETS), VALUES, st.none() | st.text(max_size=9), st.booleans(), st.booleans())
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_document_makes_loading_raise(target, new, key, resolve, domains):
    index, place = target
    value = changed(SEEDS[index], place, new, key)
    source = json.dumps(value, indent=1)
    loaded = load_text(
        source,
        "a.json",
        Settings(enable_custom_domains=domains, secrets={"a": "b"}),
        resolve=resolve,
        environ={"X": "("},
    )
    lines = source.count("\n") + 1
    assert all(1 <= problem.line <= lines and problem.file == "a.json" for problem in loaded.problems)


@given(st.sampled_from([index for index, _ in enumerate(RESOURCES)]), st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_resource_makes_loading_raise(index, data):
    place = data.draw(st.sampled_from(list(places(RESOURCES[index]))))
    made = [changed(one, place, data.draw(VALUES), None) if at == index else one for at, one in enumerate(RESOURCES)]
    try:
        source = yaml.safe_dump_all(made, sort_keys=False)
    except yaml.YAMLError:
        return
    loaded = load_text(source, "a.yaml", Settings())
    assert all(problem.line >= 1 for problem in loaded.problems)
