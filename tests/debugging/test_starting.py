"""Where somebody begins who edits a definition."""

import json

import pytest
from tests.apis import oas, snapshot, tried

from lockgate.debugging.starting import first_request, step_lines

HEADERS = {"enabled": True, "add": [{"name": "X-A", "value": "1"}]}
DOCUMENT = oas(
    {
        "GET /users/{id}": {"transformRequestHeaders": HEADERS},
        "POST /orders": {"transformRequestHeaders": HEADERS},
    },
    listen="/shop/",
    transformRequestHeaders=HEADERS,
)
OPERATIONS = "/x-tyk-api-gateway/middleware/operations"


@pytest.mark.parametrize(
    ("pointer", "request_line"),
    [
        pytest.param("", "GET /shop/", id="whole API"),
        pytest.param("/x-tyk-api-gateway/middleware/global/transformRequestHeaders", "GET /shop/", id="no endpoint"),
        pytest.param(f"{OPERATIONS}/op0", "GET /shop/users/1", id="operation"),
        pytest.param(f"{OPERATIONS}/op1/transformRequestHeaders", "POST /shop/orders", id="section"),
        pytest.param(f"{OPERATIONS}/op1/transformRequestHeaders/add/0", "POST /shop/orders", id="within a section"),
        pytest.param(f"{OPERATIONS}/op10", "GET /shop/", id="beginning of a name"),
        pytest.param("/nowhere", "GET /shop/", id="nowhere"),
    ],
)
def test_a_section_has_a_request_that_reaches_it(pointer, request_line):
    (api,) = snapshot(DOCUMENT).apis.values()

    assert " ".join(first_request(api, pointer)) == request_line


def test_steps_have_the_lines_that_made_them():
    text = json.dumps(DOCUMENT, indent=1)
    of = snapshot(DOCUMENT)
    (api,) = of.apis.values()
    trace = tried(of, "POST", "/shop/orders")

    lines = step_lines(trace, text, api.definition.source, of)

    line = lines[f"{OPERATIONS}/op1/transformRequestHeaders"]
    assert text.splitlines()[line - 1].strip() == '"transformRequestHeaders": {'
    assert text.splitlines()[line - 2].strip() == '"op1": {'


@pytest.mark.parametrize(
    ("text", "file"),
    [
        pytest.param("{", "", id="no document"),
        pytest.param(f"{json.dumps(DOCUMENT)}\n---\n{json.dumps(DOCUMENT)}", "a.yaml", id="two documents"),
        pytest.param(json.dumps(DOCUMENT), "another.json", id="another file"),
    ],
)
def test_lines_of_another_text_are_not_told(text, file):
    of = snapshot(DOCUMENT)

    assert step_lines(tried(of, "POST", "/shop/orders"), text, file, of) == {}
