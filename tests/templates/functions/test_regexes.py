"""Functions with regular expressions. What Go answered to each call is in go_strings.jsonl."""

import pytest
from tests.rendering import a_run, inline_run, rendered

from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import regexes as functions
from lockgate.templates.run import INLINE, Limits
from lockgate.templates.values import NilList

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}
SMALL = Limits(steps=100_000, output=1000, size=1000)


def called(name, *arguments, run=None):
    return FUNCTIONS[name].call(run or a_run(), *arguments)


def fault(name, *arguments):
    with pytest.raises(FunctionError) as caught:
        called(name, *arguments)
    return caught.value.text


def test_a_pattern_that_is_none():
    assert called("regexMatch", "(", "(") is False
    assert fault("mustRegexMatch", "(", "(") == "error parsing regexp: missing closing ): `(`"
    assert fault("regexFind", "(", "(") == "regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"
    assert fault("regexFind", "(`", "(") == 'regexp: Compile("(`"): error parsing regexp: missing closing ): `(``'


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        ("$1", "b-b"),
        ("$1x", "-"),
        ("${1}x", "bx-bx"),
        ("$n", "b-b"),
        ("${n}$0", "bab-bab"),
        ("$$1", "$1-$1"),
        ("$", "$-$"),
        ("${", "${-${"),
        ("$9", "-"),
        ("$01", "-"),
    ],
)
def test_groups_in_replacements(replacement, expected):
    assert called("regexReplaceAll", "a(?P<n>b)", "ab-ab", replacement) == expected


def test_a_name_of_several_groups_is_the_first_that_took_part():
    assert called("regexReplaceAll", "(?P<n>a)|(?P<n>b)", "ab", "<$n>") == "<a><b>"


def test_a_literal_replacement_is_literal():
    assert called("regexReplaceAllLiteral", "(a)", "a", "$1") == "$1"


def test_empty_matches():
    assert called("regexReplaceAll", "a*", "baac", "x") == "xbxcx"
    assert called("regexFindAll", "a*", "baac", -1) == ["", "aa", ""]
    assert called("regexReplaceAll", "", "é漢", "-") == "-é-漢-"


def test_no_match_is_found_between_the_bytes_of_a_character():
    assert called("regexReplaceAll", r"\B", "σé", "-") == "-σ-é-"
    assert called("regexMatch", r"\B", "é") is True


def test_a_byte_that_is_no_utf_8_is_one_character_and_stays_as_it_is():
    assert called("regexReplaceAll", "(.)b", "\udcffb", "$1$1") == "\udcff\udcff"
    assert called("regexFindAll", r"\x{fffd}", "a\udcffé\udcc3", -1) == ["\udcff", "\udcc3"]
    assert called("regexSplit", "-", "\udcff-é-\udcc3", -1) == ["\udcff", "é", "\udcc3"]
    assert called("regexReplaceAll", "-", "\udcc3-\udca9", "") == "é"


def test_nothing_found_is_a_list_that_is_nil():
    assert isinstance(called("regexFindAll", "x", "abc", -1), NilList)
    assert rendered('{{regexFindAll "x" "abc" -1 | toJson}}') == "null"
    assert rendered('{{regexSplit "x" "" -1 | toJson}}') == '[""]'


def test_special_characters_are_quoted():
    assert called("regexQuoteMeta", "a.b*é") == r"a\.b\*é"


@pytest.mark.parametrize("pattern", [r"\pL{1000}", r"(?:\PL{100}){10}", r"(?:[^a]\pL){500}"])
@pytest.mark.parametrize("name", ["regexMatch", "mustRegexMatch", "regexFind"])
def test_a_pattern_that_would_take_too_much_memory_is_refused(name, pattern):
    assert fault(name, pattern, "a") == f"error parsing regexp: expression too large: `{pattern}`"
    with pytest.raises(TooLongError):
        called(name, pattern, "a", run=inline_run())


def test_a_large_pattern_is_compiled_elsewhere():
    assert called("regexMatch", r"^\pL{50}$", "é" * 50) is True
    with pytest.raises(TooLongError):
        called("regexMatch", r"^\pL{50}$", "é" * 50, run=inline_run())


def test_a_class_that_re2_has_to_be_told_member_by_member_is_made_elsewhere():
    assert called("regexFindAll", r"[\P{LC}z]", "aZ1zé漢", -1) == ["1", "z", "漢"]
    assert called("regexMatch", r"^[^\pC]$", "\u0378") is False
    functions._kept._regexes.clear()
    with pytest.raises(TooLongError):
        called("regexMatch", r"[\P{LC}z]", "a", run=inline_run())


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a|b)*a(a|b){30}c", "ab" * 20_000),
        (".*x|.", "ab" * 10_000),
        ("(?:x{0,30}a?){30}c", "ab" * 2000),
        ("(" * 900 + "a" + ")" * 900 + "b" * 20_000, "a"),
    ],
)
def test_what_may_take_long_leaves_the_loop(pattern, text):
    run = inline_run(INLINE)

    with pytest.raises(TooLongError):
        called("regexFindAll", pattern, text, -1, run=run)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a*)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)x"])
def test_what_bombs_other_engines_is_linear_here(pattern):
    assert called("regexMatch", pattern, "a" * 20_000 + "b", run=inline_run()) in (True, False)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("regexReplaceAll", ("", "a" * 100, "b" * 100)),
        ("regexReplaceAll", ("(a)", "a" * 100, "$1" * 100)),
        ("regexReplaceAllLiteral", ("a", "a" * 100, "b" * 100)),
        ("regexFindAll", ("", "a" * 500, -1)),
        ("regexSplit", ("", "a" * 500, -1)),
        ("regexQuoteMeta", ("." * 1000,)),
    ],
)
def test_what_would_be_too_much_is_counted_before_it_is_made(name, arguments):
    with pytest.raises(LimitError):
        called(name, *arguments, run=a_run(SMALL))
    with pytest.raises(TooLongError):
        called(name, *arguments, run=inline_run(SMALL))


def test_a_search_is_paid_for_by_the_size_of_pattern_and_text():
    short, long = a_run(), a_run()
    called("regexMatch", "a{20}b", "a" * 100, run=short)
    called("regexMatch", "a{20}b", "a" * 100_000, run=long)

    assert short.limits.steps - short.steps_left < 100
    assert long.limits.steps - long.steps_left > 5000


def test_patterns_are_kept_but_not_without_end():
    for number in range(300):
        called("regexMatch", f"a{number}", "a")

    assert len(functions._kept._regexes) == functions._KEPT_PATTERNS
    assert "a299" in functions._kept._regexes
    assert "a0" not in functions._kept._regexes
