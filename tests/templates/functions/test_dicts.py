"""What maps share and change, what they cost, and where they differ from Go's on purpose."""

import pytest
from tests.rendering import a_run, inline_run, outcome, rendered

from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.run import Limits
from lockgate.templates.sets import compile_template


def test_keys_and_values_are_sorted():
    data = {"m": {"b": 1.0, "é": 2.0, "a": 3.0, "B": 4.0}}

    assert (
        rendered("{{keys .m}} {{values .m}} {{keys .m (dict `z` 1 `y` 2)}}", data)
        == "[B a b é] [4 3 1 2] [B a b é y z]"
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{$d := dict}}{{$e := set $d `a` 1}}{{$_ := set $e `b` 2}}{{$d}}", "map[a:1 b:2]"),
        ("{{$d := dict `a` 1}}{{$_ := unset $d `a`}}{{$d}}", "map[]"),
        ("{{$d := dict `a` 1}}{{$_ := set (pick $d `a`) `b` 2}}{{$_ := set (omit $d `x`) `c` 3}}{{$d}}", "map[a:1]"),
        (
            "{{$d := dict}}{{$s := dict `m` (dict `x` 1)}}{{$_ := merge $d $s}}{{$_ := set $d.m `y` 2}}{{$s}}",
            "map[m:map[x:1 y:2]]",
        ),
        (
            "{{$d := dict `m` (dict)}}{{$s := dict `m` (dict `x` 1)}}{{$_ := merge $d $s}}{{$_ := set $d.m `y` 2}}{{$s}}",
            "map[m:map[x:1]]",
        ),
        ("{{$_ := merge (dict `a` 1) .m}}{{.m}}", "map[k:1]"),
    ],
)
def test_maps_change_or_are_copied(template, text):
    assert rendered(template, {"m": {"k": 1.0}}) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{{keys nil}} {{values nil}} {{pick nil `a`}} {{omit nil `a`}} {{hasKey nil `a`}} [{{get nil `a`}}]",
            "[] [] map[] map[] false []",
        ),
        ("{{toJson (unset nil `a`)}} {{unset nil `a`}}", "null map[]"),
        ("{{merge nil (dict `a` 1)}} {{merge (dict `a` 1) nil}} {{toJson (merge nil nil)}}", "map[a:1] map[a:1] null"),
    ],
)
def test_a_map_that_is_nil_is_an_empty_one(template, text):
    assert rendered(template, {}) == text


def test_a_map_that_is_nil_takes_nothing():
    assert outcome("{{set (unset nil `a`) `b` 1}}", {})["exec_error"].endswith(
        "error calling set: assignment to entry in nil map"
    )


def test_maps_that_hold_themselves_are_merged_only_so_far():
    template = "{{$a := dict}}{{$_ := set $a `m` $a}}{{$b := dict}}{{$_ := set $b `m` $b}}{{$_ := merge $a $b}}done"

    with pytest.raises(TemplateError) as caught:
        compile_template(template).render({}, a_run(Limits(1 << 30, 1 << 20, 1 << 20)))

    assert caught.value.kind is Kind.LIMIT


def test_deep_maps_are_merged():
    data = {}
    for depth in range(3000):
        data = {"a": data, "n": float(depth)}

    assert rendered("{{with merge (dict `a` (dict `x` 1)) .}}{{.a.x}} {{.n}} {{.a.n}}{{end}}", data) == "1 2999 2998"


def test_large_maps_are_counted():
    data = {"m": {str(number): 1.0 for number in range(30_000)}}

    for call in ("keys .m", "values .m", "omit .m", "merge (dict) .m"):
        with pytest.raises(TooLongError):
            rendered(f"{{{{$x := {call}}}}}", data, inline_run())
