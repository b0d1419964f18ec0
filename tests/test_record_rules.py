"""Settings of records that cannot be meant as they are written."""

import json

import pytest
from tests.apis import settings

from lockgate.deployment import read_settings
from lockgate.problems import Severity
from lockgate.record_rules import RecordRules


@pytest.mark.parametrize(
    ("config", "code", "pointer", "said"),
    [
        pytest.param({"ignored_ips": ["10.0.0.1", "10.0.0"]}, "bad-address", "/ignored_ips/1", "'10.0.0'", id="address"),
        pytest.param({"normalise_urls": {"enabled": True, "custom_patterns": ["a", "(?=a)"]}}, "bad-pattern",
                     "/normalise_urls/custom_patterns/1", "(?=", id="pattern"),
    ],
)  # fmt: skip
def test_problems(tmp_path, config, code, pointer, said):
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps({"analytics_config": config}))
    _, (problem,) = read_settings(file, {})

    assert (problem.code, problem.pointer) == (code, f"/analytics_config{pointer}")
    assert (problem.severity, problem.file) == (Severity.WARNING, str(file))
    assert said in problem.message


@pytest.mark.parametrize(
    ("ignored", "address", "expected"),
    [
        (["::1"], "::1", True),
        (["0:0:0:0:0:0:0:1"], "::1", True),
        (["10.0.0.7/8"], "10.9.9.9", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.0/8"], "::1", False),
        (["10.0.0.0/8"], "", False),
        (["10.0.0.0/8"], "nonsense", False),
        ([], "::1", False),
    ],
)
def test_who_is_ignored(ignored, address, expected):
    config = settings(analytics_config={"ignored_ips": ignored}).analytics_config

    assert RecordRules(config).ignores(address) is expected
