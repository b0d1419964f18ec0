"""Functions on strings. What Go answered to each call is in go_strings.jsonl."""

import pytest
from tests.rendering import a_run, inline_run, rendered

from lockgate.templates.errors import FunctionError, LimitError, TooLongError
from lockgate.templates.functions import strings as functions
from lockgate.templates.run import Limits
from lockgate.templates.values import strings, to_bytes

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}
SMALL = Limits(steps=1000, output=1000, size=1000)


def called(name, *arguments, run=None):
    function = FUNCTIONS[name]
    return function.call(*((run or a_run(),) if function.needs_run else ()), *arguments)


def fault(name, *arguments):
    with pytest.raises(FunctionError) as caught:
        called(name, *arguments)
    return caught.value.text


def test_strings_are_cut_by_bytes():
    assert to_bytes(called("trunc", 1, "é")) == b"\xc3"
    assert to_bytes(called("substr", 1, -1, "é")) == b"\xa9"


def test_bytes_that_were_cut_apart_become_a_character_again():
    assert rendered('{{cat (printf "%s%s" (trunc 1 .) (trunc -1 .))}}', "é") == "é"
    assert called("join", "", ["\udcc3", "\udca9"]) == "é"
    assert called("replace", "-", "", "\udcc3-\udca9") == "é"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (-1, 5, "runtime error: slice bounds out of range [:5] with length 3"),
        (-1, -2, "runtime error: slice bounds out of range [:-2]"),
        (5, -1, "runtime error: slice bounds out of range [5:3]"),
        (2, 1, "runtime error: slice bounds out of range [2:1]"),
    ],
)
def test_bounds_that_are_none_are_gos_panics(start, end, text):
    assert fault("substr", start, end, "abc") == text


@pytest.mark.parametrize("name", ["repeat", "indent", "nindent"])
def test_nothing_is_repeated_less_than_never(name):
    assert fault(name, -1, "x") == "strings: negative Repeat count"


def test_a_length_beyond_64_bits_is_gos_panic():
    assert fault("repeat", 1 << 62, "abcd") == "strings: Repeat output length overflow"
    assert fault("repeat", (1 << 63) - 1, "a") == "runtime error: makeslice: len out of range"
    assert fault("indent", (1 << 48) + 1, "") == "runtime error: makeslice: len out of range"


def test_removing_white_space_takes_bytes_for_characters():
    assert called("nospace", "é") == "é"
    assert called("nospace", "é x") == "Ã©x"
    assert called("nospace", "à x") == "Ãx"
    assert called("initials", "élan vital") == "Ãv"


def test_a_list_of_strings_is_sorted_where_it_is():
    given = strings(["b", "a"])

    assert called("sortAlpha", given) is given
    assert given == ["a", "b"]


def test_strings_are_sorted_by_their_bytes():
    assert called("sortAlpha", ["\udcff", "😀", "é", "z"]) == ["z", "é", "😀", "\udcff"]


def test_a_separator_that_is_half_a_character_splits_it():
    assert called("splitList", "\udcc3", "aéb") == ["a", "\udca9b"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("repeat", (1_000_000_000, "x")),
        ("indent", (1_000_000_000, "x")),
        ("nindent", (1_000_000_000, "x")),
        ("replace", ("a", "b" * 100, "a" * 100)),
        ("replace", ("", "b" * 100, "a" * 100)),
        ("replace", ("\udcff", "b" * 100, "\udcff" * 100)),
        ("wrapWith", (1, "b" * 100, "a" * 100)),
        ("join", ("b" * 100, ["a"] * 100)),
        ("splitList", ("", "a" * 1000)),
        ("split", (",", "," * 1000)),
        ("splitn", (",", 500, "," * 1000)),
        ("toStrings", (["a"] * 1000,)),
        ("sortAlpha", (["a"] * 1000,)),
        ("quote", ("a" * 2000,)),
        ("squote", ("a" * 2000,)),
        ("cat", ("a" * 2000,)),
    ],
)
def test_what_would_be_too_much_is_counted_before_it_is_made(name, arguments):
    with pytest.raises(LimitError):
        called(name, *arguments, run=a_run(SMALL))
    with pytest.raises(TooLongError):
        called(name, *arguments, run=inline_run(SMALL))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("title", ()),
        ("untitle", ()),
        ("initials", ()),
        ("nospace", ()),
        ("upper", ()),
        ("lower", ()),
        ("contains", ("x",)),
        ("replace", ("x", "")),
        ("substr", (1, 2)),
        ("trunc", (1,)),
        ("abbrev", (4,)),
        ("abbrevboth", (4, 8)),
    ],
)
def test_long_texts_are_work(name, arguments):
    with pytest.raises(LimitError):
        called(name, *arguments, "é" * 100_000, run=a_run(SMALL))


def test_lines_are_work():
    with pytest.raises(LimitError):
        called("wrap", 1, "a " * 1001, run=a_run(SMALL))
