"""Templates that use one another's definitions."""

import pytest
from tests.rendering import a_run

from lockgate.templates.errors import TemplateError
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.parser import parse
from lockgate.templates.sets import compile_set, compile_template


def made(*texts):
    """What the templates of one set make, in their order."""
    sources = [parse(text, functions=FUNCTIONS.keys()) for text in texts]
    return [template.render({}, a_run()) for template in compile_set(sources)]


def test_a_template_uses_a_name_that_another_one_defines():
    assert made('{{define "x"}}<{{.}}>{{end}}a{{template "x" 1}}', 'b{{template "x" 2}}') == ["a<1>", "b<2>"]


def test_its_own_definition_comes_first():
    assert made(
        '{{define "x"}}first{{end}}A {{template "x"}}',
        '{{define "x"}}second{{end}}B {{template "x"}}',
        'C {{template "x"}}',
    ) == ["A first", "B second", "C second"]


def test_of_the_others_the_last_one_that_is_not_empty_counts():
    assert made(
        '{{define "x"}}1{{end}}',
        '{{define "x"}}2{{end}}',
        '{{define "x"}}  {{/* nothing */}}{{end}}',
        '{{template "x"}}',
    ) == ["", "", "", "2"]


def test_an_empty_definition_of_its_own_gives_way():
    assert made('{{define "x"}}1{{end}}', '{{define "x"}}{{end}}[{{template "x"}}]') == ["", "[1]"]


def test_an_empty_definition_is_one_where_there_is_no_other():
    assert made('{{define "x"}}{{end}}[{{template "x"}}]', '[{{template "x"}}]') == ["[]", "[]"]


def test_what_another_source_defines_uses_the_definitions_of_that_source():
    assert made(
        '{{define "x"}}mine{{end}}{{template "y"}}',
        '{{define "y"}}{{template "x"}}{{end}}{{define "x"}}theirs{{end}}',
    ) == ["theirs", ""]


def test_a_name_that_nobody_defines_is_an_error_of_the_run():
    (template,) = compile_set([parse('a{{template "x"}}', functions=FUNCTIONS.keys())])

    with pytest.raises(TemplateError) as caught:
        template.render({}, a_run())

    assert caught.value.text == 'template: :1:12: executing "" at <{{template "x"}}>: template "x" not defined'
    assert caught.value.partial == "a"


def test_an_error_in_another_source_names_that_source():
    sources = [
        parse('{{template "x" 1}}', "a.tmpl", functions=FUNCTIONS.keys()),
        parse('\n{{define "x"}}é{{.b}}{{end}}', "b.tmpl", functions=FUNCTIONS.keys()),
    ]

    with pytest.raises(TemplateError) as caught:
        compile_set(sources)[0].render({}, a_run())

    assert caught.value.text == ('template: b.tmpl:2:18: executing "x" at <.b>: can\'t evaluate field b in type int')
    assert caught.value.source == sources[1].text
    assert (caught.value.place.line, caught.value.place.column) == (2, 18)
    assert caught.value.partial == "é"


def test_which_functions_a_template_may_call():
    template = compile_template(
        '{{upper .a}}{{if false}}{{genCA "x" 1}}{{end}}{{template "x" .}}{{define "x"}}{{(lower .b)}}{{end}}'
        '{{define "unused"}}{{trim .c}}{{end}}'
    )

    assert template.calls == {"upper", "genCA", "lower"}
