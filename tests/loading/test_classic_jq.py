import json

import pytest
from tests.apis import settings
from tests.filters import PROCESSOR, filtering

from lockgate.loading import load_text
from lockgate.problems import Severity

ENTRY = "/version_data/versions/Default/extended_paths"


def loaded(document, *, resolve=True):
    made = load_text(json.dumps(document), "jq.json", settings())
    (definition,) = made.definitions
    return definition, [(one.code, one.pointer) for one in made.problems], made.problems


def rules(definition):
    return {rule.middleware: rule for version in definition.versions for rule in version.rules}


def test_filters_become_rules():
    definition, codes, _ = loaded(filtering(".", "{body}"))
    assert codes == []
    made = rules(definition)
    assert made["request_jq"].config.filter == "."
    assert made["request_jq"].pointer == f"{ENTRY}/transform_jq/0"
    assert made["request_jq"].entry == "POST /jq"
    assert made["response_jq"].config.filter == "{body}"


def test_an_entry_that_is_off_is_none():
    definition, codes, _ = loaded(filtering("env", "env", entry={"disabled": True}, processors=()))
    assert (codes, rules(definition)) == ([], {})


@pytest.mark.parametrize("text", ["env", ".a.", '"'])
def test_a_filter_that_cannot_be_used(text):
    definition, codes, problems = loaded(filtering(text, text))
    assert codes == [
        ("bad-filter", f"{ENTRY}/transform_jq/0/filter"),
        ("bad-filter", f"{ENTRY}/transform_jq_response/0/filter"),
    ]
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert "line 1, column" in problems[0].message
    assert "requests go upstream as they came" in problems[0].message
    assert all(rule.config.fault for rule in rules(definition).values())


def test_the_word_and_the_place_are_named():
    _, _, problems = loaded(filtering(".a\n| {b: $ENV.HOME}"))
    assert "'$ENV' is not allowed: it reads the environment (line 2, column 7)" in problems[0].message


def test_filters_of_responses_need_their_processor():
    definition, codes, problems = loaded(filtering(None, ".", processors=()))
    assert codes == [("unused-filter", f"{ENTRY}/transform_jq_response/0")]
    assert "response_body_transform_jq" in problems[0].hint
    assert rules(definition) == {}


def test_a_processor_without_filters_is_nothing():
    assert loaded(filtering())[1] == []


def test_the_order_of_processors_is_said():
    cleanup = {"name": "header_transform"}
    assert loaded(filtering(None, ".", processors=(PROCESSOR, cleanup)))[1] == []
    codes = loaded(filtering(None, ".", processors=(cleanup, PROCESSOR)))[1]
    assert codes == [("processor-order", "/response_processors/1")]
    assert loaded(filtering(".", processors=(cleanup, PROCESSOR)))[1] == []


def test_a_filter_is_a_text():
    made = load_text(json.dumps(filtering(5)), "jq.json", settings())  # type: ignore[arg-type]
    assert [problem.code for problem in made.problems] == ["wrong-type"]


def test_resources_have_filters_too():
    spec = filtering(".", "{body}")
    spec.pop("api_id")
    resource = {"apiVersion": "tyk.tyk.io/v1alpha1", "kind": "ApiDefinition", "metadata": {"name": "a"}, "spec": spec}
    definition, codes, _ = loaded(resource)
    assert codes == []
    assert set(rules(definition)) == {"request_jq", "response_jq"}
