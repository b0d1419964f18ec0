"""and, or, not, comparisons, len, index, call: what belongs to the language itself.

The compiler writes most of them into the code of a template. What is called here is the rest; ``and`` and ``or`` never
are, since they do not evaluate what they do not need.

Source: Go 1.26, text/template, funcs.go.
"""

from typing import Final

from lockgate.templates import comparison, runtime
from lockgate.templates.function import function


def _and(first: object, *others: object) -> object:
    for other in others:
        if not first:
            break
        first = other
    return first


def _or(first: object, *others: object) -> object:
    for other in others:
        if first:
            break
        first = other
    return first


def _not(value: object) -> bool:
    return not value


def _call(value: object, *_arguments: object) -> object:
    runtime.call(runtime.name_of(value), value)


_ONE: Final = "(reflect.Value)"
_TWO: Final = "(reflect.Value, reflect.Value) bool"
_SEVERAL: Final = "(reflect.Value, ...reflect.Value)"

FUNCTIONS: Final = (
    function("and", f"{_SEVERAL} reflect.Value", _and),
    function("call", f"{_SEVERAL} reflect.Value", _call),
    function("eq", f"{_SEVERAL} bool", comparison.eq, needs_run=True),
    function("ge", _TWO, comparison.ge, needs_run=True),
    function("gt", _TWO, comparison.gt, needs_run=True),
    function("index", f"{_SEVERAL} reflect.Value", runtime.index, needs_run=True),
    function("le", _TWO, comparison.le, needs_run=True),
    function("len", f"{_ONE} int", runtime.length),
    function("lt", _TWO, comparison.lt, needs_run=True),
    function("ne", _TWO, comparison.ne, needs_run=True),
    function("not", f"{_ONE} bool", _not),
    function("or", f"{_SEVERAL} reflect.Value", _or),
)
