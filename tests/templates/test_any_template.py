"""Whatever the template, and whatever the data: a text, or one of the errors that callers know."""

from hypothesis import HealthCheck, given, settings
from tests.any_template import DATA, SCRAPS, TEMPLATES
from tests.rendering import a_run, inline_run

from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.run import Limits
from lockgate.templates.runtime import INTERNAL
from lockgate.templates.sets import compile_template
from lockgate.templates.values import to_bytes

SMALL = Limits(steps=5_000, output=20_000, size=50_000, depth=30)
MANY = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])


def ended(template, data, run):
    """How a run ended: with a text, or with which error."""
    try:
        return compile_template(template).render(data, run)
    except (TemplateError, TooLongError) as error:
        return error


def check(template, data, run):
    how = ended(template, data, run)
    if isinstance(how, str):
        to_bytes(how)
    elif isinstance(how, TooLongError):
        assert run.inline
    else:
        assert how.text.startswith("template: ")
        assert not how.reason.endswith(INTERNAL), repr(how.__context__)
        assert not how.partial or how.kind is not Kind.PARSE
        to_bytes(how.partial)


@MANY
@given(TEMPLATES, DATA)
def test_it_ends_as_it_may(template, data):
    check(template, data, inline_run(SMALL))


@MANY
@given(SCRAPS, DATA)
def test_what_hardly_is_a_template_ends_as_it_may(template, data):
    check(template, data, inline_run(SMALL))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(DATA)
def test_a_run_changes_nothing_of_the_template(data):
    template = compile_template("{{range $k, $v := .}}{{$k}}={{$v}};{{else}}none{{end}}")

    assert template.render(data, a_run()) == template.render(data, a_run())
