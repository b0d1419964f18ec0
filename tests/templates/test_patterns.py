"""Regular expressions as Go reads them, and what RE2 gets."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.patterns import MAX_DEPTH, PatternError, read_pattern

PATTERNS = st.text(st.sampled_from(r"ab()?[]{}*+|^$\.,-1:P<>nimsUpLxQEd=!_é" + "\udcff"), max_size=14)


def fault(text):
    with pytest.raises(PatternError) as caught:
        read_pattern(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("a(b", "missing closing )", "a(b"),
        ("a)b", "unexpected )", "a)b"),
        ("a**", "invalid nested repetition operator", "**"),
        ("a*?+", "invalid nested repetition operator", "*?+"),
        ("|*", "missing argument to repetition operator", "*"),
        ("x{2,1}", "invalid repeat count", "{2,1}"),
        ("x{1001}", "invalid repeat count", "{1001}"),
        ("(?:x{100}){11}", "invalid repeat count", "{11}"),
        ("a[b-", "missing closing ]", "[b-"),
        ("[b-a]", "invalid character class range", "b-a"),
        ("[[:foo:]]", "invalid character class range", "[:foo:]"),
        (r"\p{Foo}", "invalid character class range", r"\p{Foo}"),
        (r"\pZx\p", "invalid character class range", r"\p"),
        (r"\C", "invalid escape sequence", r"\C"),
        (r"\8", "invalid escape sequence", r"\8"),
        (r"\x{110000}", "invalid escape sequence", r"\x{110000"),
        ("\\", "trailing backslash at end of expression", ""),
        ("(?=a)", "invalid or unsupported Perl syntax", "(?="),
        ("(?P=n)", "invalid or unsupported Perl syntax", "(?P"),
        ("(?i-)", "invalid or unsupported Perl syntax", "(?i-)"),
        ("(?P<é>a)", "invalid named capture", "(?P<é>"),
        ("(?<n", "invalid named capture", "(?<n"),
        ("a\udcffb", "invalid UTF-8", "\udcffb"),
    ],
)
def test_a_fault_has_gos_text(text, reason, place):
    assert fault(text) == f"error parsing regexp: {reason}: `{place}`"


def test_groups_nest_up_to_gos_limit():
    assert read_pattern("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1)).names == ("",) * MAX_DEPTH
    assert "expression nests too deeply" in fault("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)


def test_a_huge_repetition_is_no_work_for_the_reader():
    assert "expression too large" in fault("(" + "a" * 4000 + "){1000}")


@pytest.mark.parametrize(
    ("text", "for_re2"),
    [
        ("(?P<n>a)(?<n>b)", "(a)(b)"),
        (r"\Qa.b\E*", r"a\.b*"),
        (r"\p{letter}\P{Uppercase_Letter}\p{^greek}", r"\p{L}\P{Lu}\P{Greek}"),
        ("a{,2}", r"a\{\,2\}"),
    ],
)
def test_what_re2_does_not_read_as_go_does_is_written_anew(text, for_re2):
    assert read_pattern(text).text == for_re2


def test_one_name_may_name_several_groups():
    assert read_pattern("(?P<n>a)|(b)|(?<n>c)").names == ("", "n", "", "n")


@pytest.mark.parametrize("text", ["a*", "[a-z]+@[a-z]+", "(a|b){3}", "(ab)?c+", "a.*b"])
def test_a_search_that_ends_where_its_match_does(text):
    assert not read_pattern(text).looks_far


@pytest.mark.parametrize("text", ["a(.*b)?", ".*x|.", "(a+)+", "(?:x*y)*"])
def test_a_search_that_may_read_on(text):
    assert read_pattern(text).looks_far


def test_a_size_counts_repetitions():
    assert read_pattern("(ab){50}").size == 100


@given(PATTERNS)
def test_what_is_read_is_a_pattern_of_re2(text):
    try:
        pattern = read_pattern(text)
    except PatternError:
        return
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 64 << 20

    assert re2.compile(pattern.text.encode(), options).groups == len(pattern.names) - 1
