"""Types, kinds and equality to the last part.

Source: sprig 3.3.0, reflect.go; Go 1.26, reflect (DeepEqual).
"""

from typing import Final

from lockgate.templates.equality import deep_equal
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import go_kind, go_type


def _type_is(name: str, value: object) -> bool:
    return name == go_type(value)


def _type_is_like(name: str, value: object) -> bool:
    return go_type(value) in {name, f"*{name}"}


def _kind_is(name: str, value: object) -> bool:
    return name == go_kind(value)


def _deep_equal(run: Run, one: object, other: object) -> bool:
    return deep_equal(one, other, run)


FUNCTIONS: Final = (
    function("typeOf", "(interface {}) string", go_type),
    function("typeIs", "(string, interface {}) bool", _type_is),
    function("typeIsLike", "(string, interface {}) bool", _type_is_like),
    function("kindOf", "(interface {}) string", go_kind),
    function("kindIs", "(string, interface {}) bool", _kind_is),
    function("deepEqual", "(interface {}, interface {}) bool", _deep_equal, needs_run=True),
)
