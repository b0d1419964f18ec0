"""Whether values are equal to the last part, and whether one is empty: what Go's reflect and sprig understand by it.

Source: Go 1.26, reflect/deepequal.go; sprig 3.3.0, defaults.go.
"""

from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, GoObject, Integer, TypedList, go_type

_SCALARS = frozenset({str, bool, float, int, complex})


def deep_equal(one: object, other: object, run: Run | None = None) -> bool:
    """Whether two values are of one type and equal, with all that they hold. ``1`` and ``1.0`` are not.

    A list or a map is equal to itself whatever it holds; one that holds itself is compared once.

    Args:
        one: A value.
        other: A value.
        run: Counts a step for each pair that is compared, where it is given.

    Raises:
        LimitError: It takes too many steps.
        TooLongError: It takes too many for here.
    """
    left: list[tuple[object, object]] = [(one, other)]
    seen: set[tuple[int, int]] = set()
    while left:
        one, other = left.pop()
        if type(one) in _SCALARS or type(one) is not type(other):
            # None and no value at all are the same to whoever asks.
            if (type(one) is type(other) and one == other) or (_is_nothing(one) and _is_nothing(other)):
                continue
            return False
        if not isinstance(one, list | dict):
            if not _are_equal_leaves(one, other):
                return False
            continue
        pair = (id(one), id(other))
        if one is other or pair in seen:
            continue
        seen.add(pair)
        inner = _inner_pairs(one, other)
        if inner is None:
            return False
        if run is not None:
            run.step(len(inner))
        left += inner
    return True


def is_empty(value: object) -> bool:
    """Whether it is what sprig calls empty: nothing, false, zero, or without members. A time never is."""
    if isinstance(value, GoObject):
        return value.integer() == 0
    return not value


def _is_nothing(value: object) -> bool:
    return value is None or value is MISSING


def _are_equal_leaves(one: object, other: object) -> bool:
    if isinstance(one, Integer) and isinstance(other, Integer):
        return one.go_type == other.go_type and int(one) == int(other)
    return one == other


def _inner_pairs(one: object, other: object) -> list[tuple[object, object]] | None:
    """What two lists or maps of one Python type hold, side by side; None where that alone makes them unequal."""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return None
        if isinstance(one, TypedList) and go_type(one) != go_type(other):
            return None
        return list(zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return None
        return [(value, other[key]) for key, value in one.items()]
    return None
