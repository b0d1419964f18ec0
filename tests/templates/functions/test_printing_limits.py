"""What prints counts, so that no text grows without end."""

import pytest
from tests.rendering import a_run, rendered

from lockgate.templates.errors import Kind, TemplateError
from lockgate.templates.run import Limits

LIMITS = Limits(steps=1_000_000, output=1 << 20, size=1 << 22)


@pytest.mark.parametrize(
    "call",
    [
        'printf "%s%s" $x $x',
        'printf "%[1]q%[1]q" $x',
        "print $x $x",
        "println $x $x",
        "html $x",
        "js $x",
        "urlquery $x",
        'printf "" $x $x',
        "jsonMarshal $x",
        "toPrettyJson (list $x $x)",
    ],
)
def test_texts_that_grow_are_stopped(call):
    template = f'{{{{$x := "<&\\\\="}}}}{{{{range until 5000}}}}{{{{$x = {call}}}}}{{{{end}}}}'

    with pytest.raises(TemplateError) as caught:
        rendered(template, {}, a_run(LIMITS))

    assert caught.value.kind is Kind.LIMIT


def test_many_large_parts_are_stopped_before_they_are_made():
    template = '{{$x := repeat 100000 "\\x01"}}{{printf (repeat 10000 "%[1]q") $x}}'

    with pytest.raises(TemplateError) as caught:
        rendered(template, {}, a_run(LIMITS))

    assert caught.value.kind is Kind.LIMIT
