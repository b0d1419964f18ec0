"""eq, ne, lt, le, gt and ge of two values, with Go's texts where they do not compare.

Source: Go 1.26, text/template, funcs.go.
"""

from typing import Final

from lockgate.templates import formatting
from lockgate.templates.errors import FunctionError
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, GoObject, Integer, NilList, NilMap, go_kind, go_type, to_bytes

_BASIC: Final = {bool: "bool", int: "int", float: "float", str: "string", complex: "complex"}
_CHARACTERS_A_STEP: Final = 1024
_NOT_ORDERED: Final = "invalid type for comparison"


def eq(run: Run, first: object, *others: object) -> bool:
    """Whether a value is equal to one of the others, which are looked at in their order.

    Raises:
        FunctionError: There are none, or one before the first equal one does not compare.
    """
    if not others:
        raise FunctionError("missing argument for comparison")
    return any(_are_equal(run, first, other) for other in others)


def ne(run: Run, first: object, second: object) -> bool:
    """Whether two values are not equal."""
    return not _are_equal(run, first, second)


def lt(run: Run, first: object, second: object) -> bool:
    """Whether a value is less than another one."""
    return _order(run, first, second)[0]


def le(run: Run, first: object, second: object) -> bool:
    """Whether a value is less than another one, or equal to it."""
    return any(_order(run, first, second))


def gt(run: Run, first: object, second: object) -> bool:
    """Whether a value is not less than another one nor equal to it: true of what is no number too."""
    return not any(_order(run, first, second))


def ge(run: Run, first: object, second: object) -> bool:
    """Whether a value is not less than another one."""
    return not _order(run, first, second)[0]


def _basic_kind(value: object) -> str:
    """Which values it compares with: "int", "uint", "float", "string", "bool", "complex"; "" for all others."""
    found = _BASIC.get(type(value))
    if found is not None:
        return found
    if isinstance(value, Integer):
        return "uint" if value.go_type.startswith("uint") else "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, GoObject) and value.integer() is not None:
        return "int"
    return ""


def _plain(value: object) -> object:
    """What stands for the value in a comparison with one of its kind."""
    if isinstance(value, GoObject) and (number := value.integer()) is not None:
        return number
    return value


def _are_equal(run: Run, first: object, second: object) -> bool:
    kind, other_kind = _basic_kind(first), _basic_kind(second)
    if kind == other_kind:
        return _plain(first) == _plain(second) if kind else _are_equal_others(run, first, second)
    if {kind, other_kind} == {"int", "uint"}:
        return _plain(first) == _plain(second)
    if _is_nothing(first) or _is_nothing(second):
        return False
    raise FunctionError(f"incompatible types for comparison: {go_type(first)} and {go_type(second)}")


def _are_equal_others(run: Run, first: object, second: object) -> bool:
    """Of values that are no numbers, strings or booleans."""
    is_nil, is_other_nil = _is_nil(first), _is_nil(second)
    kind, other_kind = go_kind(first), go_kind(second)
    if kind != other_kind and not _is_nothing(first) and not _is_nothing(second):
        shown, other_shown = formatting.sprintf("%s", (first,), run), formatting.format_value(second, run)
        raise FunctionError(f"non-comparable types {shown}: {go_type(first)}, {go_type(second)}: {other_shown}")
    if is_nil or is_other_nil:
        return is_nil == is_other_nil
    if not isinstance(second, GoObject):
        shown = formatting.sprintf("%s", (second,), run)
        raise FunctionError(f"non-comparable type {shown}: {go_type(second)}")
    if kind == "ptr":
        return first is second
    return type(first) is type(second) and first == second


def _is_nothing(value: object) -> bool:
    return value is None or value is MISSING


def _is_nil(value: object) -> bool:
    return _is_nothing(value) or isinstance(value, NilList | NilMap)


def _order(run: Run, first: object, second: object) -> tuple[bool, bool]:
    """Whether the first one is less, and whether they are equal."""
    kind, other_kind = _basic_kind(first), _basic_kind(second)
    if not kind or not other_kind:
        raise FunctionError(_NOT_ORDERED)
    if kind != other_kind and {kind, other_kind} != {"int", "uint"}:
        raise FunctionError(f"incompatible types for comparison: {go_type(first)} and {go_type(second)}")
    if isinstance(first, str) and isinstance(second, str):
        run.step(min(len(first), len(second)) // _CHARACTERS_A_STEP)
        one, other = to_bytes(first), to_bytes(second)
        return one < other, one == other
    number, other_number = _plain(first), _plain(second)
    if kind in ("bool", "complex") or not isinstance(number, int | float) or not isinstance(other_number, int | float):
        raise FunctionError(_NOT_ORDERED)
    return number < other_number, number == other_number
