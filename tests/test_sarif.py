"""Problems as SARIF 2.1.0."""

import json
from dataclasses import replace
from pathlib import PurePosixPath

import jsonschema
import pytest
from tests.apis import oas

from lockgate.cli import main
from lockgate.loading.explanations import EXPLANATIONS
from lockgate.problems import Problem, Severity
from lockgate.sarif import FINGERPRINT, to_sarif

FOLDER = PurePosixPath("/srv/shop")
PROBLEM = Problem(
    "bad-pattern",
    "the pattern does not compile",
    "/a/~1b/pattern",
    Severity.WARNING,
    "definitions/my pets.yaml",
    7,
    "x",
)
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "semanticVersion": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "originalUriBaseIds": {"type": "object", "additionalProperties": {"type": "object"}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "additionalProperties": False,
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "required": ["uri"],
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "uri": {"type": "string", "pattern": "^[!-~]+$"},
                                                            "uriBaseId": {"type": "string"},
                                                        },
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "required": ["startLine"],
                                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                                    },
                                                },
                                            },
                                            "logicalLocations": {
                                                "type": "array",
                                                "items": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {
                                                        "name": {"type": "string"},
                                                        "fullyQualifiedName": {"type": "string"},
                                                        "kind": {"type": "string"},
                                                    },
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What the standard's schema says of the properties that we write; no others are written (additionalProperties)."""


def results(*problems):
    log = to_sarif(problems, FOLDER)
    jsonschema.validate(log, SCHEMA)
    return log["runs"][0]["results"]


def fingerprint(result):
    return result["partialFingerprints"][FINGERPRINT]


def test_a_problem_is_a_result_with_its_place():
    (result,) = results(PROBLEM)
    assert result["ruleId"] == "bad-pattern"
    assert result["level"] == "warning"
    assert result["message"]["text"] == "the pattern does not compile (x)"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "definitions/my%20pets.yaml", "uriBaseId": "ROOT"},
        "region": {"startLine": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "/a/~1b/pattern"
    assert location["logicalLocations"][0]["name"] == "pattern"


def test_a_file_outside_the_folder_has_an_absolute_address():
    (result,) = results(replace(PROBLEM, file="../other/pets.yaml"))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/other/pets.yaml"}


def test_what_has_no_place_has_no_location():
    (result,) = results(Problem("unused-domain", "no effect"))
    assert "locations" not in result
    (result,) = results(replace(PROBLEM, line=0))
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_rules_are_explained_and_results_point_at_theirs():
    log = to_sarif([PROBLEM, replace(PROBLEM, code="unknown-key"), PROBLEM], FOLDER)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["bad-pattern", "unknown-key"]
    assert EXPLANATIONS["bad-pattern"].remedy in rules[0]["help"]["text"]
    for result in log["runs"][0]["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_fingerprints_stay_when_lines_shift():
    (before,), (after,) = results(PROBLEM), results(replace(PROBLEM, line=70))
    assert fingerprint(before) == fingerprint(after)


@pytest.mark.parametrize(
    "change", [{"code": "unknown-key"}, {"file": "b.yaml"}, {"pointer": "/c"}, {"message": "another"}], ids=str
)
def test_fingerprints_tell_problems_apart(change):
    first, second = results(PROBLEM, replace(PROBLEM, **change))
    assert fingerprint(first) != fingerprint(second)


def test_problems_that_are_alike_have_fingerprints_of_their_own():
    first, second = results(PROBLEM, replace(PROBLEM, line=9))
    assert fingerprint(first) != fingerprint(second)


def test_check_prints_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pets.json").write_text(json.dumps(oas({"GET /a": {"urlRewrit": {}}}), indent=1))
    assert main(["check", "pets.json", "--format", "sarif"]) == 0
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SCHEMA)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "pets.json"
    assert "urlRewrit" in (tmp_path / "pets.json").read_text().splitlines()[place["region"]["startLine"] - 1]


def test_nothing_wrong_is_a_log_without_results(tmp_path, capsys):
    (tmp_path / "pets.json").write_text(json.dumps(oas({"GET /a": {}})))
    assert main(["check", str(tmp_path), "--format", "sarif"]) == 0
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SCHEMA)
    assert log["runs"][0]["results"] == []
