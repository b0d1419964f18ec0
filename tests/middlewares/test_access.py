import pytest
from tests.apis import oas, snapshot, tried
from tests.chains import answered, links, make_api, passed
from tests.helpers import RECEIVED_AT, make_exchange, make_services

from lockgate.exchange import Headers, Response
from lockgate.middleware import Continue, Decision, Match, Reason, Reject, Respond, Rule
from lockgate.middlewares.access import (
    Access,
    AccessEntry,
    AccessKind,
    PlainAction,
    Reply,
    Verdict,
    request,
    resolver,
)
from lockgate.middlewares.expires_header import ExpiresHeader
from lockgate.trace import Level, Why

ALLOWED, IGNORED, FORBIDDEN = Verdict.ALLOWED, Verdict.IGNORED, Verdict.FORBIDDEN
TEA = Reply(418, b"short and stout")
AS_KIND, OTHER = PlainAction.NO_ACTION, PlainAction.OTHER


def entry(kind, method="GET", actions=None):
    return Rule("access", "/a", method, AccessEntry(AccessKind(kind), actions), f"/{kind}", kind)


def mock(method="GET", path="/a"):
    return Rule("access", path, method, AccessEntry(AccessKind.MOCK, reply=TEA), "/mock", "mock")


def other(middleware="request_headers", method="GET"):
    return Rule(middleware, "/a", method, None, f"/{middleware}")


def decide(*rules, method="GET", unmatched=()):
    matches = [Match(rule, "/a", "/a") for rule in rules]
    return resolver([*rules, *unmatched])(matches, method)


def test_nothing_is_decided_where_no_entry_is():
    assert resolver([other()]) is None


@pytest.mark.parametrize(
    ("rules", "unmatched", "method", "outside", "inside", "rule"),
    [
        pytest.param([entry("block")], [], "GET", FORBIDDEN, FORBIDDEN, "2a block", id="block"),
        pytest.param([entry("block", "")], [], "PUT", FORBIDDEN, FORBIDDEN, "2a block", id="block of all methods"),
        pytest.param([], [entry("allow")], "GET", FORBIDDEN, FORBIDDEN, "3 not on the allow list", id="not allowed"),
        pytest.param(
            [entry("allow", "PUT")], [], "GET", FORBIDDEN, FORBIDDEN, "3 not on the allow list", id="other method"
        ),
        pytest.param(
            [other()], [entry("allow")], "GET", FORBIDDEN, FORBIDDEN, "3 not on the allow list", id="transform only"
        ),
        pytest.param([entry("internal")], [], "GET", FORBIDDEN, ALLOWED, "1 internal", id="internal"),
        pytest.param(
            [entry("ignore"), entry("allow"), entry("internal")],
            [],
            "GET",
            FORBIDDEN,
            IGNORED,
            "1 internal",
            id="internal beats ignore and allow",
        ),
        pytest.param(
            [entry("block"), entry("internal")], [], "GET", FORBIDDEN, FORBIDDEN, "1 internal", id="blocked internal"
        ),
        pytest.param(
            [entry("internal")], [entry("allow")], "GET", FORBIDDEN, ALLOWED, "1 internal", id="internal, allow list"
        ),
        pytest.param(
            [entry("internal", "PUT")],
            [entry("allow")],
            "GET",
            FORBIDDEN,
            FORBIDDEN,
            "3 not on the allow list",
            id="internal of another method",
        ),
        pytest.param(
            [entry("internal", "")],
            [],
            "GET",
            ALLOWED,
            ALLOWED,
            "2d other entry, no allow list",
            id="internal without method",
        ),
        pytest.param([entry("allow")], [], "GET", ALLOWED, ALLOWED, "2a allow", id="allow"),
        pytest.param([entry("allow", "")], [], "PUT", ALLOWED, ALLOWED, "2a allow", id="allow of all methods"),
        pytest.param(
            [entry("ignore"), entry("block")], [], "GET", IGNORED, IGNORED, "2a ignore", id="ignored, blocked"
        ),
        pytest.param(
            [entry("ignore")], [entry("allow")], "GET", IGNORED, IGNORED, "2a ignore", id="ignored, not allowed"
        ),
        pytest.param([entry("block"), entry("allow")], [], "GET", FORBIDDEN, FORBIDDEN, "2a block", id="block, allow"),
        pytest.param([entry("block")], [], "get", ALLOWED, ALLOWED, "3 nothing forbids", id="the method's case counts"),
        pytest.param(
            [entry("block", "PUT"), other()],
            [],
            "GET",
            ALLOWED,
            ALLOWED,
            "2d other entry, no allow list",
            id="another entry ends the search",
        ),
        pytest.param([mock("")], [], "GET", ALLOWED, ALLOWED, "3 nothing forbids", id="a mock has a method"),
        pytest.param([mock()], [], "get", ALLOWED, ALLOWED, "3 nothing forbids", id="the case of a mock's method"),
        pytest.param([mock(), entry("internal")], [], "GET", FORBIDDEN, TEA, "1 internal", id="internal mock"),
        pytest.param(
            [mock("PUT")], [entry("allow")], "GET", FORBIDDEN, FORBIDDEN, "3 not on the allow list", id="other mock"
        ),
        pytest.param(
            [entry("ignore", "", {"GET": OTHER}), entry("allow")],
            [],
            "GET",
            FORBIDDEN,
            FORBIDDEN,
            "2b other action of ignore",
            id="unknown action",
        ),
        pytest.param(
            [entry("block", "", {"GET": AS_KIND})],
            [],
            "GET",
            FORBIDDEN,
            FORBIDDEN,
            "2b no_action, block",
            id="no action",
        ),
        pytest.param(
            [entry("allow", "GET", {})],
            [],
            "GET",
            FORBIDDEN,
            FORBIDDEN,
            "3 not on the allow list",
            id="empty actions match nothing",
        ),
        pytest.param(
            [entry("allow", "GET", {"POST": AS_KIND})],
            [],
            "GET",
            FORBIDDEN,
            FORBIDDEN,
            "3 not on the allow list",
            id="with actions the entry's method does not count",
        ),
        pytest.param([mock(), entry("block")], [], "GET", TEA, TEA, "2a mock", id="mock beats block"),
        pytest.param([mock()], [entry("allow")], "GET", TEA, TEA, "2a mock", id="mock beside an allow list"),
        pytest.param(
            [entry("ignore", "", {"GET": AS_KIND})], [], "GET", IGNORED, IGNORED, "2b no_action, ignore", id="ignored"
        ),
        pytest.param(
            [entry("ignore", "", {"PUT": TEA}), entry("block", "", {"GET": TEA})],
            [],
            "GET",
            TEA,
            TEA,
            "2b reply of block",
            id="actions of several entries",
        ),
    ],
)
def test_decides(rules, unmatched, method, outside, inside, rule):
    decision = decide(*rules, method=method, unmatched=unmatched)

    assert decision.config == Access(outside, inside)
    assert decision.why.rule == rule


def test_a_transform_does_not_close_an_internal_endpoint():
    decision = decide(other(), entry("internal"), unmatched=[entry("allow")])

    assert decision.config.inside is ALLOWED


def test_why_names_the_entry():
    why = Why(Level.RULE, "/block", "GET /a", "/a", "/a", "2a block")

    assert decide(entry("block")) == Decision(Access(FORBIDDEN, FORBIDDEN), why)


@pytest.mark.parametrize(
    ("config", "loops", "expected"),
    [
        pytest.param(Access(FORBIDDEN, ALLOWED), 0, Reject(Reason.FORBIDDEN), id="forbidden outside"),
        pytest.param(Access(ALLOWED, FORBIDDEN), 1, Reject(Reason.FORBIDDEN), id="forbidden inside"),
        pytest.param(Access(FORBIDDEN, ALLOWED), 1, Continue(make_exchange(loops=1)), id="allowed inside"),
        pytest.param(Access(IGNORED, ALLOWED), 0, Continue(make_exchange(ignored=True)), id="ignored"),
    ],
)
def test_carries_the_decision_out(config, loops, expected):
    assert request(config, make_exchange(loops=loops), make_services()) == expected


def test_the_mark_stays_through_loops():
    exchange = make_exchange(loops=1, ignored=True)

    assert request(Access(ALLOWED, ALLOWED), exchange, make_services()) == Continue(exchange)


@pytest.mark.parametrize("status", [-1, 42, 99, 100, 199, 1000])
def test_a_status_that_is_none_is_refused(status):
    outcome = request(Access(Reply(status), ALLOWED), make_exchange(), make_services())

    message = f"failed to mock response: mock: {status} is not a valid status code"
    assert outcome == Reject(Reason.MOCK_FAILED, message)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(Reply(), Response(200), id="nothing given"),
        pytest.param(Reply(0), Response(200), id="no status"),
        pytest.param(Reply(204, b"data"), Response(204), id="204 has no body"),
        pytest.param(Reply(304, b"data"), Response(304), id="304 has no body"),
        pytest.param(
            Reply(999, b'{"a":1}'),
            Response(999, Headers.of(("Content-Type", "text/plain; charset=utf-8")), b'{"a":1}'),
            id="the type is seen from the body",
        ),
        pytest.param(
            Reply(200, b"packed", Headers.of(("Content-Encoding", "gzip"))),
            Response(200, Headers.of(("Content-Encoding", "gzip")), b"packed"),
            id="unless it is packed",
        ),
        pytest.param(
            Reply(200, b"x", Headers.of(("content-type", "a/b"), ("x-a", "1"), ("X-A", "2"), ("Content-Length", "9"))),
            Response(200, Headers.of(("Content-Type", "a/b"), ("X-A", "1"), ("X-A", "2")), b"x"),
            id="headers",
        ),
    ],
)
def test_a_reply_goes_past_the_response_chain(reply, expected):
    assert request(Access(reply, ALLOWED), make_exchange(), make_services()) == Respond(expected, finish=True)


def test_a_reply_is_all_that_the_client_gets():
    api = make_api({"expires_header": ExpiresHeader(RECEIVED_AT)}, mock(path="/m"))

    run = passed(api, "GET", "/api/m/x")

    assert links(run) == ["access"]
    assert run.exchange.response == TEA.response
    assert answered(api, "POST", "/api/m").body == b"from upstream"


def test_lists_without_methods_hold_for_all():
    lists = [("/priv", AccessKind.BLOCK), ("/open", AccessKind.ALLOW)]
    api = make_api({}, *(Rule("access", path, "", AccessEntry(kind), kind=kind.value) for path, kind in lists))

    assert [answered(api, method, "/api/priv").status for method in ("GET", "DELETE")] == [403, 403]
    assert [answered(api, method, "/api/open").status for method in ("GET", "DELETE")] == [200, 200]
    assert answered(api, "GET", "/api/else").status == 403


ANCHORED = {"http_server_options": {"enable_path_prefix_matching": True, "enable_path_suffix_matching": True}}


@pytest.mark.parametrize("path", ["/api/admin/x", "/api/admin/x%0Ay", "/api/admin/%0A", "/api/admin/x%0D%0A"])
def test_a_line_break_does_not_lead_past_a_list(path):
    of = snapshot(oas({"GET /admin/*": {"block": {"enabled": True}}}), **ANCHORED)

    assert tried(of, url=path).answer.status == 403


def test_a_cut_listen_path_does_not_lead_past_a_list():
    of = snapshot(
        oas({"GET /secret": {"block": {"enabled": True}}}, listen="/api", upstream="http://u.test/v1"), **ANCHORED
    )

    assert tried(of, url="/api/secret").answer.status == 403
    for path in ("/api../secret", "/api%2e%2e/secret"):
        assert tried(of, url=path).upstream_request.path in ("/v1/api../secret", "/v1/api%2e%2e/secret")
