"""Mocks through the whole chain: which requests they answer, whatever way these come, and what becomes of the answers."""

import pytest
from tests.apis import oas, snapshot, tried

MOCK = {"mockResponse": {"enabled": True, "code": 203, "body": "mocked"}}
EXAMPLES = {"mockResponse": {"enabled": True, "fromOASExamples": {"enabled": True}}}


def with_examples(document, path, **responses):
    for operation in document["paths"][path].values():
        operation["responses"] = {
            code.removeprefix("s"): {"description": "d", "content": {"application/json": {"example": example}}}
            for code, example in responses.items()
        }
    return document


def rewritten(to):
    return {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": to}}


@pytest.mark.parametrize("url", ["/api/a", "/api/%61", "/api/b%20c", "/api/b%20%63?x=1"])
def test_no_spelling_leads_past_a_mock(url):
    answer = tried(snapshot(oas({"GET /a": MOCK, "GET /b c": MOCK})), "GET", url).answer

    assert (answer.status, answer.body) == (203, b"mocked")


def test_a_literal_path_with_another_method_hides_no_mock():
    of = snapshot(oas({"GET /items/{id}": MOCK, "POST /items/new": {}}))

    assert tried(of, "GET", "/api/items/new").answer.body == b"mocked"
    assert tried(of, "POST", "/api/items/new").answer.body == b"from upstream"


@pytest.mark.parametrize("to", ["tyk://self/b", "tyk://self/api/b"])
def test_a_mock_answers_a_loop(to):
    of = snapshot(oas({"GET /a": rewritten(to), "GET /b": MOCK}))

    assert tried(of, "GET", "/api/a").answer.body == b"mocked"


def test_a_mock_of_a_child_version_answers_through_its_base():
    base, child = oas(name="base", listen="/base/"), oas({"GET /o": MOCK}, name="child", listen="/child/")
    base["x-tyk-api-gateway"]["info"]["versioning"] = {
        "enabled": True,
        "name": "v1",
        "default": "self",
        "location": "header",
        "key": "X-Version",
        "versions": [{"name": "v2", "id": "child"}],
    }

    answer = tried(
        snapshot(base, child, problems=("missing-version",)), "GET", "/base/o", (("X-Version", "v2"),)
    ).answer

    assert answer.body == b"mocked"


def test_a_header_transform_chooses_the_example():
    transform = {
        "transformRequestHeaders": {
            "enabled": True,
            "remove": ["Accept"],
            "add": [{"name": "X-Tyk-Accept-Example-Code", "value": "404"}],
        }
    }
    document = with_examples(oas({"GET /a": EXAMPLES | transform}), "/a", s200=1, s404=2)

    answer = tried(snapshot(document), "GET", "/api/a", (("Accept", "text/html"),)).answer

    assert (answer.status, answer.body) == (404, b"2")


def test_the_answer_passes_the_response_chain_and_a_failure_does_not():
    transform = {"transformResponseHeaders": {"enabled": True, "add": [{"name": "X-A", "value": "1"}]}}
    of = snapshot(with_examples(oas({"GET /a": EXAMPLES | transform}), "/a", s200=1))

    answer = tried(of, "GET", "/api/a").answer
    failure = tried(of, "GET", "/api/a", (("X-Tyk-Accept-Example-Code", "404"),)).answer

    assert (answer.status, answer.headers.get("X-A"), answer.headers.get("X-Ratelimit-Limit")) == (200, "1", "0")
    assert (failure.status, failure.headers.get("X-A"), failure.headers.get("X-Ratelimit-Limit")) == (500, None, None)


def test_head_is_told_the_kind_of_a_mock():
    answer = tried(snapshot(oas({"HEAD /a": MOCK})), "HEAD", "/api/a").answer

    assert answer.headers.get("Content-Type") == "text/plain; charset=utf-8"


def test_what_a_client_asks_for_is_not_searched_for_variables():
    transform = {"contextVariables": {"enabled": True}}
    of = snapshot(with_examples(oas({"GET /a": EXAMPLES}, **transform), "/a", s200=1))

    answer = tried(of, "GET", "/api/a", (("Accept", "$tyk_context.path"),)).answer

    assert b"the content type: $tyk_context.path" in answer.body
