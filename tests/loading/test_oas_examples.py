import json

import pytest
from tests.apis import oas, settings, snapshot, tried

from lockgate.loading import load_text

PLACE = "/x-tyk-api-gateway/middleware/operations/op0/mockResponse/fromOASExamples"


def mocked(responses, components=None, **config):
    """A definition whose operation GET /a is mocked from its examples."""
    document = oas({"GET /a": {"mockResponse": {"enabled": True, "fromOASExamples": {"enabled": True, **config}}}})
    document["paths"]["/a"]["get"]["responses"] = responses
    document["components"] = components or {}
    return document


def content(example, media_type="application/json"):
    return {"description": "d", "content": {media_type: {"example": example}}}


def problems(document):
    return [
        (problem.code, problem.message, problem.pointer)
        for problem in load_text(json.dumps(document), "a.json", settings()).problems
    ]


def answered(document, *headers):
    answer = tried(snapshot(document), "GET", "/api/a", headers).answer
    return answer.status, answer.headers.get("Content-Type"), answer.body.decode()


TWO = {"200": content({"b": 1.0, "a": "<é>"}), "404": content(2, "text/x"), "204": {"description": "d"}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, (200, "application/json", '{"a":"\\u003cé\\u003e","b":1}'), id="nothing chosen"),
        pytest.param({"code": 0}, (200, "application/json", '{"a":"\\u003cé\\u003e","b":1}'), id="no code"),
        pytest.param({"code": 404, "contentType": "text/x;q=1"}, (404, "text/x;q=1", "2"), id="chosen"),
        pytest.param({"code": 204, "exampleName": "x"}, (204, None, ""), id="nothing to send"),
    ],
)
def test_the_section_chooses(config, expected):
    assert problems(mocked(TWO, **config)) == []
    assert answered(mocked(TWO, **config)) == expected


def test_the_request_has_the_last_word():
    document = mocked(TWO)

    chosen = answered(document, ("x-tyk-accept-example-code", "404"), ("accept", "text/x"))

    assert chosen == (404, "text/x", "2")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"code": 418}, "there is no example response for the code: 418"),
        ({"contentType": "text/csv"}, "there is no example response for the content type: text/csv"),
        ({"code": 404}, "there is no example response for the content type: application/json"),
    ],
)
def test_what_can_never_be_answered_is_said(config, message):
    document = mocked(TWO, **config)

    more = "; requests that do not ask for another one by header are answered with 500"
    assert problems(document) == [("missing-example", message + more, PLACE)]


def test_an_unknown_name_is_said():
    examples = {"200": {"description": "d", "content": {"application/json": {"examples": {"a": {"value": 1}}}}}}

    assert problems(mocked(examples, exampleName="a")) == []
    (problem,) = problems(mocked(examples, exampleName="b"))
    assert problem[0] == "missing-example"


def test_a_secret_is_not_said():
    document = mocked(TWO, contentType="env://TYPE", exampleName="a")

    loaded = load_text(json.dumps(document), "a.json", settings(), environ={"TYPE": "text/secret"})

    (problem,) = loaded.problems
    assert problem.code == "missing-example"
    assert "text/secret" not in str(problem)


def test_a_schema_that_contains_itself_is_said():
    schemas = {"N": {"type": "object", "properties": {"n": {"$ref": "#/components/schemas/N"}}}}
    media = {"application/json": {"schema": {"$ref": "#/components/schemas/N"}}}
    document = mocked({"200": {"description": "d", "content": media}}, {"schemas": schemas})

    (problem,) = problems(document)

    assert (problem[0], problem[2]) == ("cut-example", "/components/schemas/N")


def test_a_reference_that_leads_nowhere_is_said():
    document = mocked({"200": {"$ref": "#/components/responses/R"}})

    assert [(code, at) for code, _, at in problems(document)] == [
        ("missing-example", PLACE),
        ("bad-reference", "/paths/~1a/get/responses/200"),
    ]


def test_header_names_are_checked():
    document = mocked({"200": {**content(1), "headers": {"X Y": {"schema": {"type": "string"}}}}})

    (problem,) = problems(document)

    assert (problem[0], problem[2]) == ("bad-header-name", "/paths/~1a/get/responses/200/headers/X Y")


def test_numbers_that_no_float64_holds_are_said():
    document = mocked({"200": content([0])})
    text = json.dumps(document).replace("[0]", "[1e999]")

    loaded = load_text(text, "a.json", settings())

    assert [problem.code for problem in loaded.problems] == ["cut-example"]


def test_a_section_that_is_off_leaves_the_mock_by_hand():
    document = oas(
        {"GET /a": {"mockResponse": {"enabled": True, "body": "x", "fromOASExamples": {"enabled": False, "code": 9}}}}
    )

    assert answered(document) == (200, "text/plain; charset=utf-8", "x")


def test_a_document_of_version_3_1_may_be_odd():
    document = mocked({"200": {"content": {"application/json": {"schema": {"type": ["string", "null"]}}}}})
    document["openapi"] = "3.1.0"

    assert answered(document) == (200, "application/json", "null")


def test_what_the_client_sent_is_shown_as_text():
    status, media_type, text = answered(mocked(TWO), ("Accept", "a'\"<\udcff"))

    assert (status, media_type) == (500, "application/json")
    shown = json.loads(text)["error"]
    assert shown.startswith("failed to mock response: mock: there is no example response for the content type: a'\"<")
