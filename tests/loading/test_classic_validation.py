import base64
import json

import pytest
from tests.loading.documents import codes, load_document, only, with_paths

from lockgate.middlewares.validate_json import ValidateJson
from lockgate.problems import Severity
from lockgate.settings import Settings, load_settings


def entry(**changes):
    return {"path": "/orders", "method": "POST", **changes}


def config_of(loaded):
    (rule,) = only(loaded)[1].rules
    assert (rule.middleware, rule.path, rule.method) == ("validate_json", "/orders", "POST")
    assert isinstance(rule.config, ValidateJson)
    return rule.config


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_an_entry():
    loaded = load_document(with_paths(validate_json=[entry(schema={"type": "object"}, error_response_code=400)]))
    config = config_of(loaded)

    assert loaded.problems == ()
    assert config.schema.check(b"[]") == "(root): Invalid type. Expected: object, given: array"
    assert (config.status, config.fault, config.max_body_bytes) == (400, "", 1 << 20)


def test_the_usual_status():
    for code in ({}, {"error_response_code": 0}):
        assert config_of(load_document(with_paths(validate_json=[entry(schema={}, **code)]))).status == 422


@pytest.mark.parametrize("status", [-1, 99, 101, 1000])
def test_a_status_that_no_answer_has(status):
    loaded = load_document(with_paths(validate_json=[entry(schema={}, error_response_code=status)]))

    assert codes(loaded) == ["bad-status"]
    assert config_of(loaded).status == 422


def test_the_limit_is_the_gateways():
    settings, problems = load_settings(json.dumps({"x-lockgate": {"limits": {"max_validated_body": 5}}}), "g.json", {})
    assert problems == ()

    assert config_of(load_document(with_paths(validate_json=[entry(schema={})]), settings)).max_body_bytes == 5


def test_schema_in_base64():
    alone = load_document(with_paths(validate_json=[entry(schema_b64=encoded('{"type": "array"}'))]))
    both = load_document(with_paths(validate_json=[entry(schema={"type": "object"}, schema_b64=encoded("{}"))]))

    assert alone.problems == both.problems == ()
    assert config_of(alone).schema.check(b"{}") != ""
    assert config_of(both).schema.check(b"[]") != ""


@pytest.mark.parametrize(
    ("schema", "pointer", "fault"),
    [
        ({"schema": {"pattern": "("}}, "/schema", "pattern must be a valid regex"),
        (
            {"schema": {"$ref": "http://a.test/x"}},
            "/schema",
            "Reference http://a.test/x is not fetched: a schema has to be complete",
        ),
        ({"schema": {"$ref": "#"}}, "/schema", "a schema leads to itself, for the same value"),
        ({"schema_b64": encoded('{"minimum": "x"}')}, "/schema_b64", "minimum must be of a number"),
        ({"schema_b64": "%%"}, "/schema_b64", ""),
        ({"schema_b64": encoded("[]")}, "/schema_b64", ""),
        ({"schema_b64": encoded("{")}, "/schema_b64", ""),
        ({"schema": None}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_schema_that_cannot_be_used_is_told_and_refuses(schema, pointer, fault):
    loaded = load_document(with_paths(validate_json=[entry(**schema)]))
    config = config_of(loaded)

    assert [(problem.code, problem.severity) for problem in loaded.problems] == [("bad-schema", Severity.WARNING)]
    assert loaded.problems[0].pointer.endswith("/validate_json/0" + pointer)
    assert only(loaded)[0].unavailable == ""
    assert (config.schema, config.fault) == (None, fault)


@pytest.mark.parametrize("value", [True, [], "x", 1])
def test_a_schema_is_an_object(value):
    loaded = load_document(with_paths(validate_json=[entry(schema=value)]))

    assert codes(loaded) == ["wrong-type"]


def test_a_disabled_entry_is_not_there():
    loaded = load_document(with_paths(validate_json=[entry(schema={"pattern": "("}, disabled=True)]))

    assert loaded.problems == ()
    assert only(loaded)[1].rules == ()


def test_settings_are_asked_for():
    assert Settings().own.limits.max_validated_body == 1 << 20
