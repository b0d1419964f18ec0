"""What lists share, what they cost, and where they differ from Go's on purpose."""

import pytest
from tests.rendering import a_run, inline_run, outcome, rendered

from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.run import Limits
from lockgate.templates.sets import compile_template


def error_of(template, data=None):
    return outcome(template, data or {})["exec_error"].partition("error calling ")[2]


def test_slice_ends_where_the_list_does():
    # Go gives [1 2 3 <nil>]: what the list that was read from JSON has room for.
    assert (
        error_of("{{slice .l 0 4}}", {"l": [1.0, 2.0, 3.0]}) == "slice: reflect.Value.Slice: slice index out of bounds"
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{$l := list 1}}{{$m := append $l 2}}{{$n := append $l 3}}{{$l}}{{$m}}{{$n}}", "[1][1 2][1 3]"),
        ("{{$l := list 1 2}}{{$m := prepend $l 0}}{{$l}}{{$m}}", "[1 2][0 1 2]"),
        ("{{$l := list 2 1}}{{$m := reverse $l}}{{$l}}{{$m}}", "[2 1][1 2]"),
        (
            "{{$d := dict}}{{$l := list $d}}{{$_ := set (first $l) `k` 1}}{{$d}}{{rest (append $l $d)}}",
            "map[k:1][map[k:1]]",
        ),
    ],
)
def test_lists_are_copied_and_members_shared(template, text):
    assert rendered(template, {}) == text


@pytest.mark.parametrize("call", ["rest (list)", "initial (list)", "concat", "concat (list) (list)"])
def test_what_was_never_made_is_nil(call):
    assert rendered(
        f"{{{{$x := {call}}}}}{{{{$x}}}} {{{{toJson $x}}}} {{{{deepEqual $x (list)}}}} {{{{len $x}}}}", {}
    ) == ("[] null false 0")


def test_the_type_of_members_stays():
    assert rendered(
        "{{typeOf (slice (until 3) 1)}} {{typeOf (rest (until 3))}} {{typeOf (chunk 2 (until 3))}}", {}
    ) == ("[]int []interface {} [][]interface {}")


def test_equal_is_what_has_the_same_type():
    data = {"l": [1.0, "1", True]}

    assert rendered("{{has 1 .l}} {{has 1.0 .l}} {{without .l 1.0}} {{uniq (list 1 1.0 (int64 1) 1)}}", data) == (
        "false true [1 true] [1 1 1]"
    )


DOUBLING = "{{$l := list 1 2 3 4}}{{range until 40}}{{$l = concat $l $l}}{{end}}{{len $l}}"
GROWING = "{{$l := list}}{{range .l}}{{$l = append $l .}}{{end}}{{len $l}}"


@pytest.mark.parametrize("template", [DOUBLING, GROWING])
def test_lists_that_grow_too_long_are_stopped(template):
    with pytest.raises(TemplateError) as caught:
        compile_template(template).render({"l": [0.0] * 20_000}, a_run(Limits(100_000, 1 << 20, 1 << 20)))

    assert caught.value.kind is Kind.LIMIT


def test_here_they_are_stopped_sooner():
    with pytest.raises(TooLongError):
        compile_template(DOUBLING).render({}, inline_run())


def test_many_different_members_are_not_compared_one_by_one():
    data = {"l": [float(number) for number in range(5000)]}

    assert rendered("{{len (uniq .l)}}", data, inline_run()) == "5000"


def test_many_different_maps_are_counted():
    data = {"l": [{"a": float(number)} for number in range(2000)]}

    with pytest.raises(TooLongError):
        rendered("{{len (uniq .l)}}", data, inline_run())
