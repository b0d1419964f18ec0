"""Triggers over requests, without the middleware around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import make_exchange, make_text

from lockgate import rewriting
from lockgate.exchange import NOT_READ
from lockgate.rewriting import MOST_BODY_MATCHES, RuleKind, RulePattern, Trigger, TriggerRule, choose, find
from lockgate.routing.pattern import compile_regex
from lockgate.session import Session


def pattern(text, negate):
    return RulePattern(None if text is None else compile_regex(text), negate)


def rule(kind, name, *patterns, negate=False):
    return TriggerRule(kind, name, tuple(pattern(text, negate) for text in patterns))


def header(name, *patterns, negate=False):
    return rule(RuleKind.HEADER, name, *patterns, negate=negate)


def query(name, *patterns, negate=False):
    return rule(RuleKind.QUERY, name, *patterns, negate=negate)


def segment(name, *patterns, negate=False):
    return rule(RuleKind.PATH, name, *patterns, negate=negate)


def meta(name, *patterns, negate=False):
    return rule(RuleKind.SESSION, name, *patterns, negate=negate)


def context(name, *patterns, negate=False):
    return rule(RuleKind.CONTEXT, name, *patterns, negate=negate)


def body(*patterns, negate=False):
    return rule(RuleKind.BODY, "", *patterns, negate=negate)


def trigger(*rules, one_is_enough=False, to="/t"):
    by_kind = (tuple(one for one in rules if one.kind is kind) for kind in RuleKind)
    return Trigger(make_text(to), tuple(one for one in by_kind if one), one_is_enough)


def fires(one, **request):
    return choose([one], make_exchange(**request))[0] is one


def captured(one, **request):
    return dict(choose([one], make_exchange(**request))[1] or {})


KINDS = [
    pytest.param(header("X-A", "^v"), {"headers": (("x-a", "v1"),)}, {"headers": (("x-a", "w"),)}, id="header"),
    pytest.param(query("a", "^v"), {"url": "/x?a=v1"}, {"url": "/x?A=v1"}, id="query"),
    pytest.param(segment("a", "^v"), {"url": "/x/v1"}, {"url": "/x/w?y=v1"}, id="path"),
    pytest.param(
        meta("a", "^v"), {"session": Session(meta_data={"a": "v1"})}, {"session": Session(meta_data={}), "url": "/v"},
        id="session",
    ),
    pytest.param(context("a", "^v"), {"variables": {"a": "v1"}}, {"variables": {"b": "v1"}}, id="context"),
    pytest.param(body("^v"), {"body": b"v1"}, {"body": b"w"}, id="body"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "good", "bad"), KINDS)
@pytest.mark.parametrize("is_any", [False, True])
def test_a_rule_alone(one, good, bad, is_any):
    assert fires(trigger(one, one_is_enough=is_any), **good)
    assert not fires(trigger(one, one_is_enough=is_any), **bad)


@pytest.mark.parametrize(
    ("one", "request_"),
    [
        pytest.param(header("X-A", ".*", negate=True), {}, id="header"),
        pytest.param(header("X-A", "(?s:.*)"), {}, id="not negated"),
        pytest.param(query("a", "x", negate=True), {"url": "/?b"}, id="query"),
        pytest.param(meta("a", "x", negate=True), {}, id="no session"),
        pytest.param(meta("a", "x", negate=True), {"session": Session(meta_data={"b": "c"})}, id="no metadata"),
        pytest.param(meta("a", "5"), {"session": Session(meta_data={"a": 5})}, id="metadata that is a number"),
        pytest.param(meta("a", "x"), {"session": Session(meta_data={"a": ["x"]})}, id="metadata that is a list"),
        pytest.param(context("a", "x", negate=True), {}, id="variable"),
        pytest.param(context("a", "x"), {"variables": {"a": ("x",)}}, id="variable that is a list"),
    ],
)
@pytest.mark.parametrize("is_any", [False, True])
def test_what_is_not_there_never_matches(one, request_, is_any):
    assert not fires(trigger(one, one_is_enough=is_any), **request_)


@pytest.mark.parametrize(
    ("one", "request_"),
    [
        pytest.param(header("X-A", None), {"headers": (("X-A", "("),)}, id="header"),
        pytest.param(query("a", None, negate=True), {"url": "/?a=1"}, id="negated"),
        pytest.param(body(None), {"body": b"x"}, id="body"),
        pytest.param(body(None, negate=True), {"body": b"x"}, id="body, negated"),
    ],
)
def test_a_pattern_that_does_not_compile_never_matches(one, request_):
    assert not fires(trigger(one), **request_)
    assert not fires(trigger(one, one_is_enough=True), **request_)


def test_no_rules():
    assert fires(trigger())
    assert not fires(trigger(one_is_enough=True))


def test_all_asks_for_every_kind_and_any_for_one():
    rules = header("X-A", "1"), query("a", "1")

    for url, headers in (("/?a=1", ()), ("/", (("X-A", "1"),))):
        assert fires(trigger(*rules, one_is_enough=True), url=url, headers=headers)
        assert not fires(trigger(*rules), url=url, headers=headers)
    assert fires(trigger(*rules), url="/?a=1", headers=(("X-A", "1"),))


def test_two_values_stand_in_for_another_name():
    rules = query("a", "1"), query("b", "1")

    assert not fires(trigger(*rules), url="/?a=1&b=2")
    assert fires(trigger(*rules), url="/?a=1&a=1&b=2")
    assert fires(trigger(*rules, one_is_enough=True), url="/?a=1&b=2")


@pytest.mark.parametrize(
    ("url", "all_fires", "any_fires"),
    [("/?a=1", False, True), ("/?a=2", False, True), ("/?a=12", True, True), ("/?a=2&a=2", False, True), ("/", False, False)],
)  # fmt: skip
def test_rules_of_one_name_count_together(url, all_fires, any_fires):
    both = query("a", "^1", "2$")

    assert fires(trigger(both), url=url) is all_fires
    assert fires(trigger(both, one_is_enough=True), url=url) is any_fires


def test_two_rules_for_the_body_count_together():
    both = body("^1", "2$")

    assert [fires(trigger(both), body=sent) for sent in (b"1", b"2", b"12")] == [False, False, True]


def test_the_first_trigger_that_fires_counts():
    triggers = [trigger(query("a", "."), to="/1"), trigger(query("b", "."), to="/2"), trigger(to="/3")]

    for url, expected in (("/?a=1&b=1", 0), ("/?b=1", 1), ("/", 2)):
        assert choose(triggers, make_exchange(url=url))[0] is triggers[expected]
    assert choose(triggers[:2], make_exchange())[0] is None


@pytest.mark.parametrize(
    ("one", "request_", "expected"),
    [
        pytest.param(
            header("x-test-two", r"hello-(\w+)"),
            {"headers": (("X-Test-Two", "no"), ("x-test-two", "oh hello-world!"))},
            {"trigger-0-X-Test-Two-1": "hello-world", "trigger-0-X-Test-Two-1-0": "world"},
            id="header, in its usual spelling",
        ),
        pytest.param(
            query("max-price", r"(\d)(x)?"),
            {"url": "/?max-price=1&max-price=2x"},
            {
                "trigger-0-max-price-0": "1", "trigger-0-max-price-0-0": "1", "trigger-0-max-price-0-1": "",
                "trigger-0-max-price-1": "2x", "trigger-0-max-price-1-0": "2", "trigger-0-max-price-1-1": "x",
            },
            id="each value of a parameter",
        ),
        pytest.param(
            segment("city", "^.*berg$"),
            {"url": "/bamberg/and/heidel%62erg"},
            {"trigger-0-city-0": "bamberg", "trigger-0-city-1": "heidelberg"},
            id="matching segments are counted",
        ),
        pytest.param(
            meta("plan", r"^gold-(\d+)"), {"session": Session(meta_data={"plan": "gold-2026"})},
            {"trigger-0-plan": "gold-2026", "trigger-0-plan-0": "2026"},
            id="metadata has no index",
        ),
        pytest.param(
            body(r"a=(\d)"), {"body": b"a=1 a=2"},
            {"trigger-0-payload": "a=1", "trigger-0-payload-0": "a=1", "trigger-0-payload-0-0": "1",
             "trigger-0-payload-1": "a=2", "trigger-0-payload-1-0": "2"},
            id="every match of a body",
        ),
        pytest.param(
            body("x*"), {"body": b"axxb"},
            {"trigger-0-payload": "", "trigger-0-payload-0": "", "trigger-0-payload-1": "xx", "trigger-0-payload-2": ""},
            id="an empty match behind a match is none",
        ),
        pytest.param(header("X-A", "v", negate=True), {"headers": (("X-A", "w"),)}, {}, id="negated"),
        pytest.param(query("a", "(.*)"), {"url": "/?a=%FF%C3%A4"}, {"trigger-0-a-0": "\udcffä", "trigger-0-a-0-0": "\udcffä"},
                     id="bytes that are no text"),
    ],
)  # fmt: skip
def test_what_rules_capture(one, request_, expected):
    assert captured(trigger(one), **request_) == expected


def test_captures_of_a_trigger_that_does_not_fire_stay():
    triggers = [trigger(query("a", "."), query("b", ".")), trigger(query("a", "."))]

    fired, variables = choose(triggers, make_exchange(url="/?a=1", variables={"path": "/"}))

    assert fired is triggers[1]
    assert dict(variables) == {"path": "/", "trigger-0-a-0": "1", "trigger-1-a-0": "1"}
    assert len(variables) == 3
    assert "trigger-0-a-0" in repr(variables)


def test_a_later_rule_sees_what_was_captured():
    triggers = [trigger(query("a", r"\d")), trigger(context("trigger-0-a-0", "^7$"), to="/seven")]

    assert (
        choose([trigger(query("a", r"\d"), query("b", "x")), triggers[1]], make_exchange(url="/?a=x7y"))[0]
        is triggers[1]
    )


def test_without_captures_the_variables_are_left_alone():
    variables = {"path": "/"}

    assert choose([trigger(query("a", "1"))], make_exchange(variables=variables))[1] is variables
    assert choose([trigger(query("a", "1"))], make_exchange())[1] is None


def test_any_stops_at_the_first_kind_that_matches():
    one = trigger(query("a", "."), header("X-A", "."), one_is_enough=True)

    assert captured(one, url="/?a=1", headers=(("X-A", "2"),)) == {"trigger-0-X-A-0": "2"}


def test_a_body_that_was_not_read_is_a_mistake():
    with pytest.raises(RuntimeError):
        choose([trigger(body("x"))], make_exchange(body=NOT_READ))


def test_whether_a_trigger_reads_the_body():
    assert trigger(query("a", "1"), body("x")).reads_body
    assert not trigger(query("a", "1")).reads_body


@pytest.mark.parametrize("sent", [b"\xff\xfe\xc3", "äöü".encode(), b"abc"])
def test_characters_of_a_body(sent):
    count = len([name for name in captured(trigger(body("(?s).")), body=sent) if name.count("-") == 3])

    assert count == 3


def test_a_body_has_a_limited_number_of_matches():
    names = captured(trigger(body(".")), body=b"x" * 10_000)

    assert len(names) == MOST_BODY_MATCHES + 1


PATTERNS = ["(a+)+$", "(a|aa)+b", "(.*)(.*)(.*)(.*)x", "((a*)*)*c", "(?:a?){50}a{50}", "x(.*y)?"]


@given(
    text=st.sampled_from(["a", "x", "ax", "ä", "\n"]).flatmap(
        lambda part: st.integers(1, 40_000).map(lambda n: part * n)
    ),
    written=st.sampled_from(PATTERNS),
)
def test_no_text_stalls(text, written):
    """A search that backtracks would not end before the time limit of the tests."""
    rules = [trigger(body(written)), trigger(query("q", written))]

    chosen, _ = choose(rules, make_exchange(url="/?q=a", body=text.encode()))

    assert chosen in (None, *rules)


@given(st.binary(max_size=60), st.sampled_from([*PATTERNS, "", ".", r"\w*", r"\b", "(?s).*", "^", "$", "ä|(.)"]))
def test_any_body_is_taken(sent, written):
    variables = captured(trigger(body(written)), body=sent)

    for value in variables.values():
        assert isinstance(value, str)
        assert value.encode("utf-8", "surrogateescape") in sent


@given(st.text(max_size=40))
def test_what_is_found_is_a_part_of_the_text(text):
    groups = find(compile_regex("(?s)(.)(.*)"), text)

    assert groups is None if not text else groups == [text, text[0], text[1:]]


MIXED = "éé\udcffab€😀b\n"


@pytest.mark.parametrize("at_once", [3, 64 * 1024])
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(b)(c)?", {"": "b", "-0": "b", "-0-0": "b", "-0-1": "", "-1": "b", "-1-0": "b", "-1-1": ""}),
        ("(é+)(.)", {"": "éé\udcff", "-0": "éé\udcff", "-0-0": "éé", "-0-1": "\udcff"}),
        ("a?", {"": "", **{f"-{index}": "a" if index == 3 else "" for index in range(9)}}),
        ("(?s)^(.*)$", {"": MIXED, "-0": MIXED, "-0-0": MIXED}),
    ],
)
def test_groups_of_a_body_that_is_not_ascii(monkeypatch, at_once, pattern, expected):
    monkeypatch.setattr(rewriting, "_AT_ONCE", at_once)

    found = captured(trigger(body(pattern)), method="POST", body=MIXED.encode("utf-8", "surrogateescape"))

    assert found == {f"trigger-0-payload{name}": text for name, text in expected.items()}
