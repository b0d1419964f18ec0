"""What stands in for empty values, choices, copies, and giving up.

Source: sprig 3.3.0, defaults.go, dict.go (deepCopy), functions.go; mitchellh/copystructure 1.2.0.
"""

from typing import Any, Final, NoReturn

from lockgate.templates.equality import is_empty
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, FormValues, ListMap, StringMap, TypedList

_MEMBER_SIZE: Final = 8


def _hello() -> str:
    return "Hello!"


def _default(instead: object, *given: object) -> object:
    return instead if not given or is_empty(given[0]) else given[0]


def _coalesce(*values: object) -> object:
    return next((value for value in values if not is_empty(value)), None)


def _all(*values: object) -> bool:
    return not any(map(is_empty, values))


def _any(*values: object) -> bool:
    return not all(map(is_empty, values))


def _ternary(yes: object, no: object, condition: object) -> object:
    return yes if condition else no


def _fail(text: str) -> NoReturn:
    raise FunctionError(text)


def _deep_copy(run: Run, value: object) -> object:
    """A copy of a value with all lists and maps that it holds.

    Raises:
        FunctionError: It is nil.
        LimitError: It is too much, or holds itself.
        TooLongError: It is too much for here.
    """
    if value is None or value is MISSING:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    # Differs: versions and places are what they were, and not 0.0.0 and "" (test_a_copied_version_is_the_version)
    top: list[object] = [value]
    left: list[Any] = [top]
    while left:
        holder = left.pop()
        for key, item in list(enumerate(holder) if isinstance(holder, list) else holder.items()):
            if isinstance(item, list | dict):
                copied = _copied(run, item)
                holder[key] = copied
                left.append(copied)
    return top[0]


def _copied(run: Run, item: list[object] | dict[str, object]) -> object:
    run.step(len(item) + 1)
    run.make(len(item) * _MEMBER_SIZE)
    if isinstance(item, TypedList):
        return TypedList(item, item.element)
    if isinstance(item, list):
        return list(item)
    match item:
        case StringMap():
            return StringMap(item)
        case ListMap():
            return ListMap(item)
        case FormValues():
            return FormValues(item)
    return dict(item)


FUNCTIONS: Final = (
    function("hello", "() string", _hello),
    function("default", "(interface {}, ...interface {}) interface {}", _default),
    function("empty", "(interface {}) bool", is_empty),
    function("coalesce", "(...interface {}) interface {}", _coalesce),
    function("all", "(...interface {}) bool", _all),
    function("any", "(...interface {}) bool", _any),
    function("ternary", "(interface {}, interface {}, bool) interface {}", _ternary),
    function("fail", "(string) string", _fail),
    function("deepCopy", "(interface {}) interface {}", _deep_copy, needs_run=True),
    function("mustDeepCopy", "(interface {}) interface {}", _deep_copy, needs_run=True),
)
