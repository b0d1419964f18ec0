"""Triggers of rewrites as both formats write them."""

import pytest
from tests.loading.documents import codes, load_document, only, with_operations, with_paths

from lockgate.problems import Severity
from lockgate.rewriting import RuleKind, RulePattern, Trigger, TriggerRule
from lockgate.routing.pattern import compile_regex
from lockgate.variables import ContextVariable, Text


def load_oas(triggers, operation="getShip"):
    rewrite = {"enabled": True, "pattern": "/s", "rewriteTo": "/basic", "triggers": triggers}
    return load_document(with_operations(**{operation: {"urlRewrite": rewrite}}))


def load_classic(triggers):
    entry = {
        "path": "/ships/{id}",
        "method": "GET",
        "match_pattern": "/s",
        "rewrite_to": "/basic",
        "triggers": triggers,
    }
    return load_document(with_paths(url_rewrites=[entry]))


def compiled(loaded):
    assert codes(loaded) == []
    return shown(only(loaded)[1].rules[0].config.triggers)


def shown(triggers):
    """Patterns as texts: compiled ones are equal to themselves only."""
    return [
        (trigger.to, trigger.any, [(rule.kind, rule.name, patterns(rule)) for rules in trigger.rules for rule in rules])
        for trigger in triggers
    ]


def patterns(rule):
    return [(None if one.regex is None else one.regex.pattern, one.negate) for one in rule.patterns]


def rule(kind, name="n", pattern="p", **more):
    return {"in": kind, "name": name, "pattern": pattern, **more}


ALL_KINDS = [
    Trigger(
        Text(("/t/", ContextVariable("trigger-0-X-A-0")), None),
        tuple(
            (TriggerRule(kind, "" if kind is RuleKind.BODY else "a", (RulePattern(compile_regex("p"), negate),)),)
            for kind, negate in zip(RuleKind, [False, True, False, False, False, True], strict=True)
        ),
    ),
    Trigger(Text(), (), any=True),
]
ALL_KINDS_OAS = [
    {
        "condition": "all",
        "rewriteTo": "/t/$tyk_context.trigger-0-X-A-0",
        # Kinds are examined in an order of their own.
        "rules": [
            {"in": "requestBody", "pattern": "p", "negate": True},
            rule("requestContext", "a"),
            rule("sessionMetadata", "a"),
            rule("path", "a"),
            rule("query", "a", negate=True),
            rule("header", "a", negate=False),
        ],
    },
    {"condition": "any", "rewriteTo": "", "rules": []},
]
ALL_KINDS_CLASSIC = [
    {
        "on": "all",
        "rewrite_to": "/t/$tyk_context.trigger-0-X-A-0",
        "options": {
            "payload_matches": {"match_rx": "p", "reverse": True},
            "request_context_matches": {"a": {"match_rx": "p"}},
            "session_meta_matches": {"a": {"match_rx": "p"}},
            "path_part_matches": {"a": {"match_rx": "p"}},
            "query_val_matches": {"a": {"match_rx": "p", "reverse": True}},
            "header_matches": {"a": {"match_rx": "p", "reverse": False}},
        },
    },
    {"on": "any", "options": None},
]


@pytest.mark.parametrize(("load", "triggers"), [(load_oas, ALL_KINDS_OAS), (load_classic, ALL_KINDS_CLASSIC)])
def test_both_formats_mean_the_same(load, triggers):
    loaded = load(triggers)

    assert codes(loaded) == ["trigger-without-rules"]
    assert shown(only(loaded)[1].rules[0].config.triggers) == shown(ALL_KINDS)


def test_none():
    assert compiled(load_oas([])) == compiled(load_classic(None)) == compiled(load_classic([])) == []


def test_rules_of_one_name_are_one_rule_with_two_patterns():
    rules = [rule("query", "a", "1"), rule("query", "b", "2"), rule("query", "a", "3", negate=True)]

    loaded = load_oas([{"condition": "all", "rewriteTo": "/t", "rules": rules}])

    assert codes(loaded) == ["duplicate-rule"]
    assert loaded.problems[0].pointer.endswith("/triggers/0/rules/2/pattern")
    assert shown(only(loaded)[1].rules[0].config.triggers)[0][2] == [
        (RuleKind.QUERY, "a", [("1", False), ("3", True)]),
        (RuleKind.QUERY, "b", [("2", False)]),
    ]


def test_a_name_does_not_set_rules_for_the_body_apart():
    rules = [{"in": "requestBody", "name": "x", "pattern": "1"}, {"in": "requestBody", "pattern": "2"}]

    assert codes(load_oas([{"condition": "all", "rewriteTo": "/t", "rules": rules}])) == ["duplicate-rule"]


@pytest.mark.parametrize(
    ("trigger", "code", "pointer"),
    [
        ({"condition": "none", "rewriteTo": "/t", "rules": []}, "bad-value", "/0/condition"),
        ({"rewriteTo": "/t", "rules": []}, "missing-key", "/0"),
        ({"condition": "all", "rules": []}, "missing-key", "/0"),
        ({"condition": "all", "rewriteTo": "/t", "rules": [rule("cookie")]}, "bad-value", "/0/rules/0/in"),
        ({"condition": "all", "rewriteTo": "/t", "rules": [{"in": "query", "name": "a"}]}, "missing-key", "/0/rules/0"),
        ({"condition": "all", "rewriteTo": "/t", "rules": [{"in": "query", "pattern": "a"}]}, "missing-key", "/0/rules/0"),
        ({"condition": "all", "rewriteTo": 7}, "wrong-type", "/0/rewriteTo"),
    ],
)  # fmt: skip
def test_the_first_trigger_is_refused_if_it_is_not_well_formed(trigger, code, pointer):
    loaded = load_oas([trigger])

    assert [(problem.code, problem.severity) for problem in loaded.problems] == [(code, Severity.ERROR)]
    assert loaded.problems[0].pointer.endswith(f"/urlRewrite/triggers{pointer}")
    assert loaded.definitions == ()


ONE_OF = "expected one of 'header', 'query', 'path', 'sessionMetadata', 'requestContext', 'requestBody'"
FIRST = {"condition": "all", "rewriteTo": "/first", "rules": [rule("query")]}


@pytest.mark.parametrize(
    ("trigger", "expected", "messages"),
    [
        pytest.param(
            {"condition": "none", "rewriteTo": "/t", "rules": [rule("query")]},
            (False, 1),
            ["expected 'any' or 'all', found 'none': it counts as 'all'"],
            id="condition",
        ),
        pytest.param(
            {"condition": "all", "rewriteTo": "/t", "rules": [rule("Query"), rule("query")]},
            (False, 1),
            [f"{ONE_OF}, found 'Query': the rule is left out"],
            id="kind",
        ),
        pytest.param(
            {"condition": "all", "rewriteTo": "/t", "rules": [rule("cookie")]},
            (False, 0),
            [f"{ONE_OF}, found 'cookie': the rule is left out", "the trigger has no rules: it fires for every request"],
            id="no rule is left",
        ),
        pytest.param(
            {"rewriteTo": "/t", "rules": [rule("query", pattern="")]},
            (False, 1),
            ["expected 'any' or 'all', found '': it counts as 'all'"],
            id="no condition",
        ),
    ],
)  # fmt: skip
def test_later_triggers_are_taken_as_they_are(trigger, expected, messages):
    loaded = load_oas([FIRST, trigger])

    made = only(loaded)[1].rules[0].config.triggers[1]
    assert (made.any, len(made.rules)) == expected
    assert [problem.message for problem in loaded.problems] == messages
    assert all(problem.severity is Severity.WARNING for problem in loaded.problems)


def test_types_count_in_later_triggers_too():
    assert codes(load_oas([FIRST, {"condition": True}])) == ["wrong-type"]
    assert codes(load_oas([FIRST, "x"])) == ["wrong-type"]
    assert codes(load_oas({})) == ["wrong-type"]


@pytest.mark.parametrize(
    ("condition", "says"),
    [("all", "it fires for every request"), ("any", "it never fires, because its condition is 'any'")],
)
def test_a_trigger_without_rules(condition, says):
    for loaded in (
        load_oas([{"condition": condition, "rewriteTo": "/t"}]),
        load_classic([{"on": condition, "rewrite_to": "/t", "options": {}}]),
    ):
        assert [problem.message for problem in loaded.problems] == [f"the trigger has no rules: {says}"]
        assert loaded.problems[0].pointer.endswith("/triggers/0")


def test_an_empty_rule_for_the_body_is_none():
    for loaded in (
        load_oas([{"condition": "any", "rewriteTo": "/t", "rules": [{"in": "requestBody", "pattern": ""}]}]),
        load_classic([{"on": "any", "rewrite_to": "/t", "options": {"payload_matches": {"match_rx": ""}}}]),
    ):
        assert codes(loaded) == ["empty-rule", "trigger-without-rules"]
        assert only(loaded)[1].rules[0].config.triggers[0].rules == ()


def test_a_pattern_that_does_not_compile():
    for loaded, pointer in (
        (load_oas([{"condition": "all", "rewriteTo": "/t", "rules": [rule("query", pattern="(")]}]), "0/rules/0/pattern"),
        (
            load_classic([{"on": "all", "options": {"query_val_matches": {"n": {"match_rx": "("}}}}]),
            "0/options/query_val_matches/n/match_rx",
        ),
    ):  # fmt: skip
        assert codes(loaded) == ["bad-pattern"]
        assert loaded.problems[0].pointer.endswith(f"/triggers/{pointer}")
        assert loaded.problems[0].message.endswith("; the rule never matches")
        assert only(loaded)[1].rules[0].config.triggers[0].rules[0][0].patterns == (RulePattern(None),)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (rule("path", "id"), "the name 'id' of a rule for the path is a label"),
        (rule("path", "other", negate=True), "a negated rule for the path matches if any segment does not"),
        (rule("path", "other"), None),
        (rule("query", "id", negate=True), None),
    ],
)
def test_a_rule_for_the_path_is_not_about_one_segment(written, expected):
    loaded = load_oas([{"condition": "all", "rewriteTo": "/t", "rules": [written]}])

    assert codes(loaded) == ([] if expected is None else ["path-rule"])
    assert expected is None or loaded.problems[0].message.startswith(expected)


def test_an_unknown_word_in_a_classic_trigger_counts_as_all():
    loaded = load_classic([{"on": "ANY", "options": {"query_val_matches": {"n": {"match_rx": "x"}}}}])

    assert codes(loaded) == ["bad-value"]
    assert not only(loaded)[1].rules[0].config.triggers[0].any


def test_unknown_options_have_no_effect():
    loaded = load_classic([{"on": "all", "options": {"cookie_matches": {"a": {"match_rx": "."}}}}])

    assert sorted(codes(loaded)) == ["trigger-without-rules", "unknown-key"]
