"""Methods of a form's values."""

import pytest
from tests.rendering import outcome, rendered

from lockgate.templates.values import FormValues, strings


def form():
    return {"f": FormValues(b=strings(["1", "2 &"]), a=strings(["é/~"]), empty=strings([]), Get=strings(["key"]))}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{.f.Get "b"}}|{{.f.Get "nope"}}|{{.f.Get "empty"}}', "1||"),
        ('{{.f.Has "a"}} {{.f.Has "empty"}} {{.f.Has "nope"}}', "true true false"),
        ("{{.f.Encode}}", "Get=key&a=%C3%A9%2F~&b=1&b=2+%26"),
        ("{{.f.b}} {{.f.nope}}", "[1 2 &] <no value>"),
        ('{{"b" | .f.Get}}', "1"),
        ("{{typeOf .f}} {{len .f}}", "url.Values 4"),
    ],
)
def test_methods(template, text):
    assert rendered(template, form()) == text


def test_a_method_hides_the_field_of_its_name():
    assert "wrong number of args for Get: want 1 got 0" in outcome("{{.f.Get}}", form())["exec_error"]


@pytest.mark.parametrize("call", ['Set "a" "b"', 'Add "a" "b"', 'Del "a"'])
def test_methods_without_a_result_cannot_be_called(call):
    data = form()

    name = call.split()[0]
    assert f"function {name} has 0 return values; should be 1 or 2" in outcome(f"{{{{.f.{call}}}}}", data)["exec_error"]
    assert data == form()


def test_nothing_else_can_be_called():
    assert rendered("{{.f.keys}}{{.f.pop}}", form()) == "<no value><no value>"
