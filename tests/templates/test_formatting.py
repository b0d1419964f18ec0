"""Values as Go's fmt prints them. Verbs, flags and widths have their own table: functions/go_calls.jsonl."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.rendering import a_run, inline_run

from lockgate.documents.numbers import Number, format_g
from lockgate.templates.errors import LimitError, TooLongError
from lockgate.templates.floats import format_float
from lockgate.templates.formatting import format_value, print_spaced, println, quote_go, sprintf, text_of
from lockgate.templates.run import Limits
from lockgate.templates.values import (
    MISSING,
    GoObject,
    Integer,
    ListMap,
    NilList,
    NilMap,
    StringMap,
    TypedList,
    strings,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.complex_numbers()
    | TEXTS
    | st.builds(lambda number: Integer(number, "uint8"), st.integers(0, 255)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.builds(strings, st.lists(TEXTS, max_size=3))
    ),
    max_leaves=8,
)
FORMATS = st.text(st.sampled_from("%%%%#0+- *.[]123vTtbcdoOqxXUeEfFgGspwy!é\udcff"), max_size=12)


class Named(GoObject):
    """A struct whose text is its own."""

    __slots__ = ()
    go_type = "made.Named"

    def text(self):
        return "its text"

    def fields(self):
        return {"A": 1, "B": "b"}


class Plain(GoObject):
    __slots__ = ()
    go_type = "made.Plain"

    def fields(self):
        return {"A": 1, "B": ["b", None]}

    def parts(self):
        return {**self.fields(), "hidden": Integer(7, "uint64")}


class Pointer(Plain):
    __slots__ = ()
    go_type = "*made.Pointer"
    kind = "ptr"


class Count(GoObject):
    __slots__ = ()
    go_type = "made.Count"
    kind = "int"

    def integer(self):
        return 3

    def text(self):
        return "three"


# --- values alone ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a<b", "a<b"),
        (1.0, "1"),
        (-0.0, "-0"),
        (1e6, "1e+06"),
        (0.00001, "1e-05"),
        (math.inf, "+Inf"),
        (Number("1.50"), "1.5"),
        (7, "7"),
        (Integer(8, "int64"), "8"),
        (True, "true"),
        (1.5 - 2j, "(1.5-2i)"),
        ({}, "map[]"),
        ([], "[]"),
        ({"b": [1.0, None, "x y"], "a": {"": False}}, "map[a:map[:false] b:[1 <nil> x y]]"),
        ({"\udcff": 1, "é": 2, "z": 3}, "map[z:3 é:2 \udcff:1]"),
        (StringMap({"_1": "y", "_0": "x"}), "map[_0:x _1:y]"),
        (ListMap({"a": strings(["b", "c"])}), "map[a:[b c]]"),
        (TypedList([Integer(1, "uint8"), Integer(2, "uint8")], "uint8"), "[1 2]"),
        (NilList(), "[]"),
        (NilMap(), "map[]"),
        (Named(), "its text"),
        ([Named(), Count()], "[its text three]"),
        (Plain(), "{1 [b <nil>] 7}"),
        (Pointer(), "&{1 [b <nil>] 7}"),
    ],
)
def test_values_print_as_v(value, text):
    assert text_of(value) == format_value(value) == text


@pytest.mark.parametrize("value", [None, MISSING])
def test_nothing_prints_as_no_value_alone_and_as_nil_elsewhere(value):
    assert text_of(value) == "<no value>"
    assert format_value(value) == "<nil>"
    assert format_value([value]) == "[<nil>]"


def test_bytes_that_are_a_character_together_become_it():
    assert format_value(["\udcc3", "\udca9"]) == "[\udcc3 \udca9]"
    assert sprintf("%s%s", ["\udcc3", "\udca9"]) == "é"
    assert print_spaced(["\udcc3", "\udca9"]) == "é"


def test_spaces_stand_between_two_that_are_no_text():
    assert print_spaced([1, 2, "a", 3, None, "b", "c"]) == "1 2a3 <nil>bc"
    assert println([1, "a", None]) == "1 a <nil>\n"
    assert print_spaced([]) == ""
    assert println([]) == "\n"


# --- objects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("%s|%[1]q|%[1]x", Named(), 'its text|"its text"|6974732074657874'),
        ("%.3s|%12[1]s", Named(), "its|    its text"),
        ("%d", Named(), "{1 %!d(string=b)}"),
        ("%#v", Named(), 'made.Named{A:1, B:"b"}'),
        ("%w", Named(), "%!w(made.Named={1 b})"),
        ("%+v", Plain(), "{A:1 B:[b <nil>] hidden:7}"),
        ("%#v", Plain(), 'made.Plain{A:1, B:[]interface {}{"b", interface {}(nil)}, hidden:0x7}'),
        ("%#v", Pointer(), '&made.Pointer{A:1, B:[]interface {}{"b", interface {}(nil)}, hidden:0x7}'),
        ("%t", [Pointer()], "[%!t(*made.Pointer=&{1 [b <nil>] 7})]"),
        ("%d|%[1]s|%[1]v|%[1]T|%#[1]v", Count(), "3|three|three|made.Count|3"),
        ("%t", Count(), "%!t(made.Count=3)"),
        ("%#v", NilList("string"), "[]string(nil)"),
        ("%#v", NilMap(), "map[string]interface {}(nil)"),
        ("%#v", TypedList([1, 2], "uint8"), "[]byte{0x1, 0x2}"),
        ("%#v", [TypedList([1, 2], "uint8")], "[]interface {}{[]uint8{0x1, 0x2}}"),
        ("%#w", TypedList([1], "uint8"), "[]uint8{%!w(uint8=0x1)}"),
        ("%p|%#[1]p|%.3[1]p", NilList(), "0x0|0|0x000"),
        ("%s|%[1]x|%[1]q|%[1]d", TypedList([104, 105], "uint8"), 'hi|6869|"hi"|[104 105]'),
        ("%p", Named(), "%!p(made.Named={1 b})"),
    ],
)
def test_objects_print_what_their_methods_say_or_their_fields(text, value, expected):
    assert sprintf(text, [value]) == expected


def test_numbers_that_are_objects_are_widths_too():
    assert sprintf("%*d|%*d", [Count(), 1, Named(), 2]) == "  1|%!(BADWIDTH)2"


def test_pointers_print_one_address():
    assert sprintf("%p|%v", [[1], [Pointer()]]) == "0xc000010000|[0xc000010000]"


# --- floats ---------------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_shortest_floats_lose_nothing(value):
    assert float.fromhex(format_float(value, "x", None)) == value
    assert float(format_float(value, "g", None)) == value
    mantissa, exponent = format_float(value, "b", None).split("p")
    assert math.ldexp(float(mantissa), int(exponent)) == value
    assert math.copysign(1, float(mantissa)) == math.copysign(1, value)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 20))
def test_hexadecimal_floats_are_rounded_to_the_nearest(value, precision):
    text = format_float(value, "x", precision)

    fraction = text.partition("p")[0].partition(".")[2]
    assert len(fraction) == precision
    assume(1e-290 < abs(value) < 1e300)
    step = math.ldexp(1.0, math.frexp(value)[1] - 1 - 4 * precision)
    assert abs(float.fromhex(text) - value) <= step / 2


@given(st.floats())
def test_what_is_printed_most_is_printed_alike(value):
    assert sprintf("%v", [value]) == sprintf("%g", [value]) == text_of(value) == format_g(value)


# --- quoting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("it's", '"it\'s"'),
        ('a"b\\c', r'"a\"b\\c"'),
        ("\a\b\t\n\v\f\r\x00\x7f", r'"\a\b\t\n\v\f\r\x00\x7f"'),
        ("é\u00a0\u200b\u2028", '"é\\u00a0\\u200b\\u2028"'),
        ("\U0001f600\U000e0001", '"\U0001f600\\U000e0001"'),
        ("\udcff\ufffd", '"\\xff\ufffd"'),
        ("\u2ffc\u31ef\U0002ebf0", r'"\u2ffc\u31ef\U0002ebf0"'),
    ],
)
def test_texts_are_quoted_as_in_go_source(text, quoted):
    assert quote_go(text) == quoted


# --- limits ---------------------------------------------------------------------------------------------------------


def nested(levels):
    value = ["x"]
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [10_000, 50_000])
def test_any_depth_prints(levels):
    assert text_of(nested(levels)) == f"{'[' * levels}x{']' * levels}"


def endless():
    value = {}
    value["itself"] = value
    return value


def exploding():
    value = ["x"] * 10
    for _ in range(12):
        value = [value] * 10
    return value


@pytest.mark.parametrize("made", [endless, exploding])
@pytest.mark.parametrize("run", [None, a_run(Limits(steps=200_000, output=1 << 20, size=1 << 20))])
def test_what_prints_without_end_is_stopped(made, run):
    value = made()

    for _ in range(2):
        with pytest.raises(LimitError):
            text_of(value, run)
    with pytest.raises(LimitError):
        sprintf("%#v", [value], run)


def test_what_prints_long_leaves_the_loop():
    with pytest.raises(TooLongError):
        text_of(exploding(), inline_run())
    with pytest.raises(TooLongError):
        sprintf("%900000d" * 3, [1, 2, 3], inline_run())
    with pytest.raises(TooLongError):
        sprintf("%.900000f%.900000f", [1.5, 1.5], inline_run())
    with pytest.raises(TooLongError):
        sprintf("%*s%*s", [900_000, "a", -900_000, "b"], inline_run())


def test_each_member_counts_with_its_width():
    with pytest.raises(LimitError):
        sprintf("%1000000v", [["a"] * 1000])


@given(FORMATS, st.lists(VALUES, max_size=3))
def test_no_format_fails(text, values):
    sprintf(text, values, a_run())
