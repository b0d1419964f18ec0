"""Fields and methods of values that are no plain data."""

import pytest
from tests.rendering import rendered

from lockgate.templates.errors import TemplateError
from lockgate.templates.values import FormValues, ListMap, NilMap, StringMap, strings


def form():
    return FormValues(name=strings(["foo", "bar"]), Get=strings(["shadowed"]), empty=strings([]))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{{.form.Get "name"}}', "foo"),
        ('{{.form.Get "nope"}}|{{.form.Get "empty"}}', "|"),
        ('{{.form.Has "name"}}{{.form.Has "nope"}}', "truefalse"),
        ("{{.form.Encode}}", "Get=shadowed&name=foo&name=bar"),
        ("{{.form.name}}", "[foo bar]"),
        ("{{.form.nope}}", "<no value>"),
        ("{{index .form.name 1}}", "bar"),
        ('{{index .form "Get" 0}}', "shadowed"),
        ('{{"name" | .form.Get}}', "foo"),
        ('{{$f := .form}}{{$f.Get "name"}}{{with .form}}{{.Get "name"}}{{.name}}{{end}}', "foofoo[foo bar]"),
        ("{{range $k, $v := .form}}{{$k}}={{len $v}};{{end}}", "Get=1;empty=0;name=2;"),
        ("{{index .headers.Accept 0}}{{.headers.Nope}}", "*/*<no value>"),
        ("{{range .headers.Accept}}{{.}}{{end}}", "*/*"),
        ("{{.words.a}}{{.words.nope}}{{index .words `nope`}}|", "x<no value>|"),
        ("{{.none.a}}{{range .none}}{{else}}else{{end}}{{len .none}}", "<no value>else0"),
    ],
)
def test_forms_headers_and_typed_maps(template, expected):
    data = {
        "form": form(),
        "headers": ListMap(Accept=strings(["*/*"])),
        "words": StringMap(a="x"),
        "none": NilMap(),
    }

    assert rendered(template, data) == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{.form.Get}}", "wrong number of args for Get: want 1 got 0"),
        ('{{.form.Get "a" "b"}}', "wrong number of args for Get: want 1 got 2"),
        ('{{"c" | .form.Get "a"}}', "wrong number of args for Get: want 1 got 2"),
        ("{{.form.Get 1}}", "expected string; found 1"),
        ("{{.form.Get .number}}", "wrong type for value; expected string; got float64"),
        ("{{.form.Get .nothing}}", "wrong type for value; expected string; got interface {}"),
        ("{{.form.Get .missing}}", "invalid value; expected string"),
        ("{{.number | .form.Get}}", "wrong type for value; expected string; got float64"),
        ("{{.form.Get nil}}", "cannot assign nil to string"),
        ('{{.form.Set "a" "b"}}', "function Set has 0 return values; should be 1 or 2"),
        ("{{.form.name.x}}", "can't evaluate field x in type []string"),
        ('{{.form.name "x"}}', "name is not a method but has arguments"),
        ("{{.words.a.x}}", "can't evaluate field x in type string"),
        ('{{hasKey .form "name"}}', "wrong type for value; expected map[string]interface {}; got url.Values"),
    ],
)
def test_what_methods_refuse(template, reason):
    data = {"form": form(), "words": StringMap(a="x"), "number": 1.0, "nothing": None}

    with pytest.raises(TemplateError) as caught:
        rendered(template, data)

    assert caught.value.reason == reason


def test_a_method_that_fails_names_itself():
    with pytest.raises(TemplateError) as caught:
        rendered('a{{((semver "1.2.3").IncPatch).SetPrerelease "!"}}')

    assert caught.value.text == (
        'template: :1:30: executing "" at <((semver "1.2.3").IncPatch).SetPrerelease>: '
        "error calling SetPrerelease: Invalid Prerelease string"
    )
    assert caught.value.partial == "a"
