"""Templates and data that somebody made to take long: they end by a limit, and soon."""

from time import perf_counter

import pytest
from tests.rendering import a_run, inline_run, rendered

from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.run import Limits
from lockgate.templates.runtime import INTERNAL
from lockgate.templates.sets import compile_template
from lockgate.templates.times import Duration
from lockgate.templates.values import FormValues, Integer, ListMap, NilList, NilMap, StringMap, TypedList, strings

SMALL = Limits(steps=50_000, output=100_000, size=100_000, depth=50)
TINY = Limits(steps=2_000, output=100_000, size=100_000, depth=50)
SOON_SECONDS = 5.0
"""For a machine that has other things to do; each takes milliseconds."""

DEEP = 3_000
MANY = [float(number) for number in range(1_000)]
ATTACKS = {
    "a long text": '{{repeat 1000000000 "x"}}',
    "a long list": "{{until 1000000000}}",
    "many rounds": "{{range until 100000000}}x{{end}}",
    "the most rounds that there are": "{{range 9223372036854775807}}{{end}}",
    "rounds that may end early": "{{range 9223372036854775807}}{{if $.x}}{{break}}{{end}}{{end}}",
    "rounds that write text": "{{range 9223372036854775807}}some text{{end}}",
    "rounds in rounds": "{{range .many}}{{range $.many}}{{range $.many}}{{end}}{{end}}{{end}}",
    "rounds with keys": "{{range $i, $a := .many}}{{range $j, $b := $.many}}{{range $k, $c := $.many}}{{end}}{{end}}{{end}}",
    "a template in itself": '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
    "a template twice in itself": '{{define "a"}}{{template "a" .}}{{template "a" .}}{{end}}{{template "a" .}}',
    "a template in itself, with rounds": '{{define "a"}}{{range .many}}{{template "a" $}}{{end}}{{end}}{{template "a" .}}',
    "two templates in one another": (
        '{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{template "a" .}}{{end}}{{template "a" .}}'
    ),
    "a tree that is deep": '{{define "a"}}{{range .}}{{template "a" .}}{{end}}{{end}}{{template "a" .deep}}',
    "all of the data in each round": "{{range .many}}{{$}}{{end}}",
    "a long text in each round": "{{range .many}}{{$.long}}{{end}}",
    "a text that doubles": '{{$x := "ab"}}{{range until 60}}{{$x = print $x $x}}{{end}}',
    "a text that doubles, printed": '{{$x := "ab"}}{{range until 60}}{{$x = print $x $x}}{{$x}}{{end}}',
    "a list that doubles": "{{$x := list 1}}{{range until 60}}{{$x = concat $x $x}}{{end}}",
    "lists that hold one another, printed": "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{$x}}",
    "lists that hold one another, as JSON": "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{toJson $x}}",
    "lists that hold one another, formatted": '{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{printf "%v" $x}}',
    "lists that hold one another, compared": "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{eq $x $x}}",
    "a map that holds itself": '{{$x := dict}}{{$_ := set $x "x" $x}}{{$x}}',
    "a map that holds itself, as a text": '{{$x := dict}}{{$_ := set $x "x" $x}}{{toString $x}}',
    "what a range cannot go through": '{{$x := dict}}{{$_ := set $x "x" $x}}{{range (printf "%v" $x)}}{{end}}',
    "patterns": "{{range .many}}{{regexReplaceAll `(a*)*b` $.long `c`}}{{end}}",
}


def data():
    deep = []
    for _ in range(DEEP):
        deep = [deep]
    return {"many": MANY, "long": "ab" * 5_000, "deep": deep}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_run_of_its_own_ends_by_a_limit(name):
    template, values = compile_template(ATTACKS[name]), data()
    started = perf_counter()

    with pytest.raises(TemplateError) as caught:
        template.render(values, a_run(SMALL))

    assert perf_counter() - started < SOON_SECONDS
    assert caught.value.kind is Kind.LIMIT
    assert caught.value.text.startswith("template: :1:")
    assert caught.value.place is not None
    assert len(caught.value.partial) <= SMALL.output


@pytest.mark.parametrize("name", ATTACKS)
def test_where_others_wait_it_has_to_leave(name):
    template, values = compile_template(ATTACKS[name]), data()
    started = perf_counter()

    with pytest.raises(TooLongError):
        template.render(values, inline_run(SMALL))

    assert perf_counter() - started < SOON_SECONDS


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("é{{range 99999999}}{{end}}", 'template: :1:10: executing "" at <99999999>: it takes more than 50000 steps'),
        (
            '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
            'template: :1:25: executing "a" at <{{template "a" .}}>: it has more than 50 templates inside one another',
        ),
        (
            '{{repeat 100001 "x"}}',
            'template: :1:2: executing "" at <repeat 100001 "x">: it makes values of more than 100000 characters',
        ),
        (
            "{{range .many}}{{$.long}}{{end}}",
            'template: :1:17: executing "" at <{{$.long}}>: its output has more than 100000 characters',
        ),
    ],
)
def test_what_a_limit_is_said_to_be(template, text):
    with pytest.raises(TemplateError) as caught:
        rendered(template, data(), a_run(SMALL))

    assert caught.value.text == text


def test_what_is_within_the_limits_goes_through():
    template = '{{define "t"}}{{if .}}{{.}}{{template "t" (int (sub . 1))}}{{end}}{{end}}{{template "t" 40}}'

    assert rendered(template, {}, inline_run(SMALL)) == "".join(map(str, range(40, 0, -1)))
    assert rendered("{{range .many}}{{.}}{{end}}", data(), inline_run(SMALL)) == "".join(str(n) for n in range(1000))


def test_rounds_that_end_early_cost_only_what_they_did():
    run = inline_run(SMALL)

    assert rendered("{{range 9223372036854775807}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", {}, run) == "012"
    assert run.steps_left > SMALL.steps - 50


def test_data_that_is_deep_is_printed():
    nested = "[" * (DEEP + 1) + "]" * (DEEP + 1)

    assert rendered("{{.deep}}", data()) == nested


def hostile():
    """Values of all types, and such that never end."""
    many, maps, cycle = [1.0], {"a": "x"}, {}
    for _ in range(40):
        many, maps = [many, many], {"a": maps, "b": maps}
    cycle["self"] = cycle
    return {
        **data(),
        "lists": many,
        "maps": maps,
        "cycle": cycle,
        "text": "txt",
        "pattern": "(a*)*b",
        "bytes": "\udcff\udcc3x",
        "number": 1.5,
        "nan": float("nan"),
        "infinite": float("inf"),
        "int": 3,
        "least": -(2**63),
        "most": 2**63 - 1,
        "byte": Integer(200, "uint8"),
        "unsigned": Integer(2**64 - 1, "uint64"),
        "complex": 1 + 2j,
        "yes": True,
        "nothing": None,
        "empty": "",
        "list": [1.0, "a", None, {"k": 1.0}],
        "map": {"a": "b", "n": None},
        "split": StringMap(_0="a"),
        "headers": ListMap(a=strings(["x"])),
        "form": FormValues(a=strings(["x", "y"])),
        "strings": strings(["b", "a"]),
        "ints": TypedList([1, 2], "int"),
        "nil list": NilList(),
        "nil map": NilMap(),
        "duration": Duration(5),
    }


FITTING = {
    "string": ("text", "pattern", "bytes", "empty", "long"),
    "int": ("int", "least", "most"),
    "bool": ("yes",),
    "map[string]interface {}": ("map", "maps", "cycle", "nil map"),
    "[]interface {}": ("list", "lists", "deep", "nil list"),
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_argument_makes_a_function_fail_in_a_way_of_its_own(name):
    function = FUNCTIONS[name]
    count = max(len(function.parameters), function.is_variadic * 2)
    kinds = [function.parameters[min(place, len(function.parameters) - 1)] for place in range(count)]
    started = perf_counter()
    for turn in range(len(hostile())):
        values = hostile()
        names = [
            pool[(turn + 3 * place) % len(pool)]
            for place, kind in enumerate(kinds)
            for pool in (FITTING.get(kind, tuple(values)),)
        ]
        template = compile_template(
            f"{{{{{name} {' '.join(f'(index . {key!r})' for key in names)}}}}}".replace("'", '"')
        )
        reason = ""
        try:
            template.render(values, inline_run(TINY))
        except TooLongError:
            pass
        except TemplateError as error:
            reason = error.reason
        assert not reason.endswith(INTERNAL), names
    assert perf_counter() - started < 20 * SOON_SECONDS
