"""Allow, block, ignore and internal together, with why: the decision table of behaviour-chain 2.6.

The rows of Classic mocks and of authentication come with the issues that bring these.
"""

import pytest
from tests.apis import oas, snapshot, tried

from lockgate.trace import Level

ON = {"enabled": True}
ALLOW, BLOCK, IGNORE, INTERNAL = ({kind: ON} for kind in ("allow", "block", "ignoreAuthentication", "internal"))
HEADERS = {"transformRequestHeaders": {"enabled": True, "remove": [], "add": [{"name": "A", "value": "b"}]}}


@pytest.mark.parametrize(
    ("operations", "request_line", "status", "rule", "entry"),
    [
        pytest.param({"GET /a": BLOCK}, "GET /b", 200, "3 nothing forbids", "", id="a block forbids nothing else"),
        pytest.param({"GET /a": BLOCK}, "POST /a", 200, "3 nothing forbids", "", id="other method of a block"),
        pytest.param({"GET /a": ALLOW}, "GET /a", 200, "2a allow", "GET /a", id="allowed"),
        pytest.param({"GET /a": ALLOW | HEADERS}, "GET /a", 200, "2a allow", "GET /a", id="allowed, with a transform"),
        pytest.param({"GET /a": IGNORE}, "GET /a", 200, "2a ignore", "GET /a", id="ignored"),
        pytest.param({"GET /a": IGNORE | BLOCK}, "GET /a", 200, "2a ignore", "GET /a", id="ignore beats block"),
        pytest.param(
            {"GET /a": IGNORE, "GET /b": ALLOW}, "GET /a", 200, "2a ignore", "GET /a", id="ignored beside an allow list"
        ),
        pytest.param(
            {"GET /a": HEADERS, "GET /b": BLOCK},
            "GET /a",
            200,
            "2d other entry, no allow list",
            "GET /a",
            id="a transform ends it",
        ),
        pytest.param({"GET /a": BLOCK}, "GET /a", 403, "2a block", "GET /a", id="blocked"),
        pytest.param({"GET /a": BLOCK | ALLOW}, "GET /a", 403, "2a block", "GET /a", id="block beats allow"),
        pytest.param({"GET /a": BLOCK}, "GET /v1/a", 403, "2a block", "GET /a", id="a block is an unanchored search"),
        pytest.param({"GET /a": ALLOW}, "GET /b", 403, "3 not on the allow list", "", id="not on the allow list"),
        pytest.param({"GET /a": ALLOW}, "POST /a", 403, "3 not on the allow list", "", id="allow lists have methods"),
        pytest.param(
            {"GET /a": ALLOW, "GET /b": HEADERS},
            "GET /b",
            403,
            "3 not on the allow list",
            "",
            id="a transform allows nothing",
        ),
        pytest.param({"GET /a": INTERNAL}, "GET /a", 403, "1 internal", "GET /a", id="internal"),
        pytest.param({"GET /a": INTERNAL | IGNORE}, "GET /a", 403, "1 internal", "GET /a", id="internal beats ignore"),
        pytest.param({"GET /a": INTERNAL | ALLOW}, "GET /a", 403, "1 internal", "GET /a", id="internal beats allow"),
    ],
)
def test_the_decision_and_why(operations, request_line, status, rule, entry):
    method, path = request_line.split()
    operations = dict(operations)
    of = snapshot(oas(operations, listen="/svc/"))

    trace = tried(of, method, "/svc" + path)

    step = next(step for step in trace.steps if step.link == "access")
    assert trace.answer.status == status
    assert (step.why.rule, step.why.entry) == (rule, entry)
    assert step.why.level is (Level.RULE if entry else Level.API)
    assert step.outcome == ("continue" if status == 200 else "reject")
    assert trace.steps[-1 if status == 403 else 0] is not None


def test_the_why_of_an_entry_says_where_it_stands_and_what_it_matched():
    trace = tried(snapshot(oas({"GET /a/{id}": BLOCK})), url="/api/a/7")

    why = next(step for step in trace.steps if step.link == "access").why
    assert why.pointer == "/x-tyk-api-gateway/middleware/operations/op0/block"
    assert (why.pattern, why.text) == ("/a/([^/]+)", "/a/7")


def test_a_list_is_tried_on_the_whole_path_too():
    trace = tried(snapshot(oas({"GET /api": ALLOW})), url="/api/anything")

    why = next(step for step in trace.steps if step.link == "access").why
    assert (trace.answer.status, why.text) == (200, "/api/anything")


def test_an_ignored_endpoint_is_marked():
    trace = tried(snapshot(oas({"GET /a": IGNORE})), url="/api/a")

    assert trace.steps[-1].after.ignored


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        pytest.param({"GET /in": INTERNAL}, 200, id="internal"),
        pytest.param(
            {"GET /in": INTERNAL, "GET /other": ALLOW, "GET /x": ALLOW}, 200, id="internal beside an allow list"
        ),
        pytest.param({"GET /in": INTERNAL | BLOCK}, 403, id="internal and blocked"),
    ],
)
def test_from_within_a_loop(operations, status):
    loop = {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "tyk://self/in"}}
    with_loop = {**operations, "GET /x": operations.get("GET /x", {}) | loop}

    assert tried(snapshot(oas(with_loop)), url="/api/x").answer.status == status
