"""What scripts may call, as loading finds it in a definition and in the settings."""

import base64

import pytest
from tests.apis import oas, snapshot

from lockgate.destinations import Reach
from lockgate.middlewares.batch import Batch
from lockgate.middlewares.virtual_endpoint import VirtualEndpoint
from lockgate.settings import load_settings
from lockgate.snapshot import Snapshot

SOURCE = base64.b64encode(b"function f() {}").decode()


def scripted(**parts):
    made = oas({"GET /x": {"virtualEndpoint": {"enabled": True, "functionName": "f", "body": SOURCE}}}, **parts)
    made["x-tyk-api-gateway"]["server"]["batchProcessing"] = {"enabled": True}
    return made


def reach_of(of: Snapshot) -> Reach:
    (api,) = of.apis.values()
    configs = [rule.config for version in api.definition.versions for rule in version.rules]
    (reach,) = {
        id(one.script.rules): one.script.rules.reach for one in configs if isinstance(one, VirtualEndpoint)
    }.values()
    assert api.definition.batch is not None
    assert isinstance(api.definition.batch.config, Batch)
    assert api.definition.batch.config.reach == reach
    return reach


def test_the_upstream_may_be_called():
    assert reach_of(snapshot(scripted(upstream="https://Up.test./base"))).own == frozenset({("up.test", 443)})


def test_all_targets_of_a_load_balancer_may_be_called():
    made = scripted(upstream="http://up.test")
    made["x-tyk-api-gateway"]["upstream"]["loadBalancing"] = {
        "enabled": True,
        "targets": [{"url": "http://a.test:81", "weight": 1}, {"url": "127.0.0.1:82", "weight": 2}],
    }
    assert reach_of(snapshot(made)).own == frozenset({("up.test", 80), ("a.test", 81), ("127.0.0.1", 82)})


def test_a_loop_is_no_place_to_call():
    assert reach_of(snapshot(scripted(upstream="tyk://other"), problems=("missing-api",))).own == frozenset()


def test_what_is_said_of_tls_holds_for_calls():
    made = scripted(upstream="https://up.test")
    made["x-tyk-api-gateway"]["upstream"]["tlsTransport"] = {"insecureSkipVerify": True}
    reach = reach_of(snapshot(made))
    assert reach.tls is not None
    assert not reach.tls.verify


def test_the_settings_say_what_else():
    own = {"scripts": {"allowed_hosts": ["*.inner.test", "10.0.0.0/8"], "private_networks": False}}
    reach = reach_of(snapshot(scripted(), **{"x-lockgate": own}))
    assert [one.name or str(one.network) for one in reach.allowed] == ["*.inner.test", "10.0.0.0/8"]
    assert not reach.private


def test_every_version_of_a_classic_definition_counts():
    virtual = [{"path": "/x", "method": "GET", "response_function_name": "f", "function_source_type": "blob",
                "function_source_uri": SOURCE}]  # fmt: skip
    made = {
        "api_id": "pets", "name": "pets", "use_keyless": True, "active": True, "enable_batch_request_support": True,
        "proxy": {"listen_path": "/api/", "target_url": "http://up.test", "strip_listen_path": True},
        "definition": {"location": "header", "key": "Version"},
        "version_data": {"not_versioned": False, "default_version": "one", "versions": {
            "one": {"name": "one", "use_extended_paths": True, "extended_paths": {"virtual": virtual}},
            "two": {"name": "two", "override_target": "http://two.test:82"},
        }},
    }  # fmt: skip
    assert reach_of(snapshot(made)).own == frozenset({("up.test", 80), ("two.test", 82)})


def test_another_setting_makes_another_definition():
    hashes = {
        next(iter(snapshot(scripted(), **gateway).apis.values())).definition.content_hash
        for gateway in ({}, {"x-lockgate": {"scripts": {"private_networks": False}}})
    }
    assert len(hashes) == 2


@pytest.mark.parametrize("host", ["a b", "http://a", "*a", "a:99999", ""])
def test_a_host_that_is_none_is_an_error(host):
    made, problems = load_settings(f'{{"x-lockgate": {{"scripts": {{"allowed_hosts": ["{host}"]}}}}}}')
    assert [(one.code, one.pointer) for one in problems] == [("bad-value", "/x-lockgate/scripts/allowed_hosts/0")]
    assert made.own.scripts.allowed_hosts == ()
