import json

import pytest
from tests.apis import oas, settings, snapshot, tried

from lockgate.loading import load_text
from lockgate.problems import Severity

VALIDATE = {"validateRequest": {"enabled": True}}


def document(version="3.0.3", *, section=None, **operation):
    made = oas({"GET /x": VALIDATE if section is None else section})
    made["openapi"] = version
    made["paths"]["/x"]["get"].update(operation)
    return made


def loaded(made):
    return load_text(json.dumps(made), "x.json", settings())


def one_problem(made, severity=Severity.ERROR):
    problems = [problem for problem in loaded(made).problems if problem.code == "unsupported-schema"]
    assert [problem.severity for problem in problems] == [severity]
    return problems[0]


def parameter(**more):
    return {"name": "n", "in": "query", **more}


@pytest.mark.parametrize(
    ("version", "operation", "pointer", "words"),
    [
        (
            "3.0.3",
            {"parameters": [parameter(schema={"$ref": "#/components/schemas/Gone"})]},
            "/paths/~1x/get/parameters/0/schema/$ref",
            "",
        ),
        (
            "3.0.3",
            {"parameters": [{"$ref": "#/components/parameters/Gone"}]},
            "/paths/~1x/get/parameters/0/$ref",
            "the reference '#/components/parameters/Gone' leads to nothing",
        ),
        (
            "3.0.3",
            {"requestBody": {"$ref": "other.json#/x"}},
            "/paths/~1x/get/requestBody/$ref",
            "the reference 'other.json#/x' leads out of the document",
        ),
        (
            "3.1.0",
            {"requestBody": {"content": {"application/json": {"schema": {"pattern": "(?=a)"}}}}},
            "/paths/~1x/get/requestBody/content/application~1json/schema/pattern",
            "",
        ),
        ("3.1.0", {"parameters": "x"}, "/paths/~1x/get/parameters", "expected a list of parameters"),
        ("3.1.0", {"parameters": [5]}, "/paths/~1x/get/parameters/0", "expected a parameter, an object"),
        ("3.1.0", {"parameters": [{"in": "query"}]}, "/paths/~1x/get/parameters/0", "expected a parameter with a name"),
        (
            "3.1.0",
            {"parameters": [{"name": "n", "in": "body"}]},
            "/paths/~1x/get/parameters/0",
            "expected 'in' to be path, query, header or cookie",
        ),
        (
            "3.1.0",
            {"parameters": [parameter(schema=5)]},
            "/paths/~1x/get/parameters/0/schema",
            "expected a schema, an object",
        ),
        (
            "3.1.0",
            {"requestBody": {"content": []}},
            "/paths/~1x/get/requestBody/content",
            "expected media types, an object",
        ),
        (
            "3.1.0",
            {"requestBody": {"content": {"a/b": 5}}},
            "/paths/~1x/get/requestBody/content/a~1b",
            "expected a media type, an object",
        ),
    ],
)
def test_what_does_not_compile_keeps_the_api_on_503(version, operation, pointer, words):
    made = document(version, **operation)
    problem = one_problem(made)

    assert problem.pointer == pointer
    assert words in problem.message
    assert problem.message.endswith("; the API answers 503")
    codes = ("unsupported-schema", "missing-reference")
    assert tried(snapshot(made, problems=codes), url="/api/x").answer.status == 503


def test_references_without_end():
    made = document(parameters=[{"$ref": "#/components/parameters/A"}])
    made["components"] = {
        "parameters": {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}}
    }
    assert "references lead to one another" in one_problem(made).message


def test_what_several_operations_share_is_told_once():
    made = document()
    made["components"] = {"schemas": {"P": {"type": "string", "$ref": "#/components/schemas/Gone"}}}
    made["openapi"] = "3.1.0"
    shared = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}}
    made["paths"]["/y"] = {
        "post": {"operationId": "y", "requestBody": shared, "responses": {"200": {"description": "d"}}}
    }
    made["paths"]["/x"]["get"]["requestBody"] = shared
    made["x-tyk-api-gateway"]["middleware"]["operations"]["y"] = VALIDATE

    assert len([one for one in loaded(made).problems if one.code == "unsupported-schema"]) == 1


def test_what_is_not_validated_may_be_broken():
    made = document(section={"validateRequest": {"enabled": False}}, parameters=[{"$ref": "#/components/parameters/G"}])
    assert [one for one in loaded(made).problems if one.code == "unsupported-schema"] == []


def test_a_path_that_no_router_takes():
    made = oas({})
    made["paths"]["/a/{b"] = {"get": {"operationId": "a", "responses": {"200": {"description": "d"}}}}
    made["x-tyk-api-gateway"]["middleware"]["operations"] = {"a": VALIDATE}

    problem = one_problem(made)

    assert problem.pointer == "/paths/~1a~1{b"
    assert "the path is no template" in problem.message


@pytest.mark.parametrize(
    ("code", "problems"), [(0, []), (400, []), (999, []), (100, ["bad-status"]), (-1, ["bad-status"])]
)
def test_error_codes(code, problems):
    section = {"validateRequest": {"enabled": True, "errorResponseCode": code}}
    assert [problem.code for problem in loaded(document(section=section)).problems] == problems


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ({"validateRequest": {}}, "missing-key"),
        ({"validateRequest": {"enabled": "yes"}}, "wrong-type"),
        ({"validateRequest": {"enabled": True, "errorResponseCode": "x"}}, "wrong-type"),
        ({"validateRequest": {"enabled": True, "nonsense": 1}}, "unknown-key"),
        ({"x-lockgate": {"validateResponse": {"mode": "sometimes"}}}, "bad-value"),
        ({"x-lockgate": {"validateResponse": {"errorResponseCode": 200}}}, "bad-value"),
        ({"x-lockgate": {"nonsense": 1}}, "unknown-key"),
    ],
)
def test_malformed_sections(section, code):
    assert [problem.code for problem in loaded(document(section=section)).problems] == [code]


# Responses.


def responding(mode, schema):
    made = document(
        section={}, responses={"200": {"description": "d", "content": {"application/json": {"schema": schema}}}}
    )
    made["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": mode}}
    return made


def test_a_response_that_does_not_compile_closes_the_api_only_where_it_would_be_refused():
    broken = {"$ref": "#/components/schemas/Gone"}
    at = "/paths/~1x/get/responses/200/content/application~1json/schema/$ref"

    assert one_problem(responding("enforce", broken)).pointer == at
    problem = one_problem(responding("report", broken), Severity.WARNING)
    assert problem.message.endswith("its responses are not looked at")
    of = snapshot(responding("report", broken), problems=("unsupported-schema",))
    assert tried(of, url="/api/x").answer.status == 200


def test_responses_by_reference():
    made = responding("enforce", {"$ref": "#/components/schemas/P"})
    made["components"] = {
        "schemas": {"P": {"type": "object"}},
        "responses": {"R": made["paths"]["/x"]["get"]["responses"]["200"]},
    }
    made["paths"]["/x"]["get"]["responses"] = {"200": {"$ref": "#/components/responses/R"}, "x-note": 1}
    assert tried(snapshot(made), url="/api/x").answer.status == 502
