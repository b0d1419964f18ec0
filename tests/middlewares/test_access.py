import pytest
from tests.helpers import make_exchange, make_services

from lockgate.middleware import Continue, Decision, Match, Reason, Reject, Rule
from lockgate.middlewares.access import Access, AccessEntry, AccessKind, Verdict, request, resolver
from lockgate.trace import Level, Why

ALLOWED, IGNORED, FORBIDDEN = Verdict.ALLOWED, Verdict.IGNORED, Verdict.FORBIDDEN


def entry(kind, method="GET"):
    return Rule("access", "/a", method, AccessEntry(AccessKind(kind)), f"/{kind}", kind)


def other(middleware="request_headers", method="GET"):
    return Rule(middleware, "/a", method, None, f"/{middleware}")


def decide(*rules, method="GET", unmatched=()):
    matches = [Match(rule, "/a", "/a") for rule in rules]
    return resolver([*rules, *unmatched])(matches, method)


def test_nothing_is_decided_where_no_entry_is():
    assert decide(other()) is None


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
