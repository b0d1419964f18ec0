"""Functions on lists: making, joining, picking, cutting.

What they give is a list of its own; only what is in it is shared. The same functions with "must" in front differ in
Go in how they fail, and in nothing that a template sees.

Source: sprig 3.3.0, list.go, defaults.go.
"""

import math
from collections.abc import Callable
from typing import Final

from lockgate.templates.casting import to_int64
from lockgate.templates.equality import deep_equal, is_empty
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import Function, function
from lockgate.templates.run import Run
from lockgate.templates.values import NilList, TypedList, go_kind

NIL_POINTER: Final = "runtime error: invalid memory address or nil pointer dereference"
"""What a function that wants a list panics with when it gets nil."""
_BAD_LENGTH: Final = "runtime error: makeslice: len out of range"
_MEMBER: Final = 8
"""Size of a member, as ``Run.make`` counts."""


def _members(value: object, failure: str) -> list[object]:
    """A list; ``failure`` says what cannot be done with anything else, up to its kind.

    Raises:
        FunctionError: It is none.
    """
    if isinstance(value, list):
        return value
    if value is None:
        raise FunctionError(NIL_POINTER)
    raise FunctionError(failure.format(go_kind(value)))


def _counted(run: Run, value: object, failure: str) -> list[object]:
    """A list that a function is about to go through, to make another one of at most one member more."""
    members = _members(value, failure)
    run.step(len(members))
    run.make((len(members) + 1) * _MEMBER)
    return members


def _list(run: Run, *members: object) -> list[object]:
    run.make(len(members) * _MEMBER)
    return list(members)


def _first(value: object) -> object:
    members = _members(value, "Cannot find first on type {}")
    return members[0] if members else None


def _last(value: object) -> object:
    members = _members(value, "Cannot find last on type {}")
    return members[-1] if members else None


def _rest(run: Run, value: object) -> list[object]:
    members = _counted(run, value, "Cannot find rest on type {}")
    return list(members[1:]) if members else NilList()


def _initial(run: Run, value: object) -> list[object]:
    members = _counted(run, value, "Cannot find initial on type {}")
    return list(members[:-1]) if members else NilList()


def _append(run: Run, value: object, member: object) -> list[object]:
    return [*_counted(run, value, "Cannot push on type {}"), member]


def _prepend(run: Run, value: object, member: object) -> list[object]:
    return [member, *_counted(run, value, "Cannot prepend on type {}")]


def _concat(run: Run, *values: object) -> list[object]:
    made: list[object] = []
    for value in values:
        made += _counted(run, value, "Cannot concat type {} as list")
    return made or NilList()


def _reverse(run: Run, value: object) -> list[object]:
    return _counted(run, value, "Cannot find reverse on type {}")[::-1]


def _compact(run: Run, value: object) -> list[object]:
    return [member for member in _counted(run, value, "Cannot compact on type {}") if not is_empty(member)]


class _Met:
    """Members that were met: the plain ones are looked up, the others compared one by one."""

    __slots__ = ("_others", "_plain", "_run")

    def __init__(self, run: Run, members: tuple[object, ...] = ()) -> None:
        self._run: Final = run
        self._plain: Final[set[tuple[type, object]]] = set()
        self._others: Final[list[object]] = []
        for member in members:
            self.add(member)

    def add(self, member: object) -> None:
        if type(member) in _PLAIN:
            self._plain.add((type(member), member))
        else:
            self._others.append(member)

    def __contains__(self, member: object) -> bool:
        if type(member) in _PLAIN:
            # A float that is no number is never met: it equals nothing, not even itself.
            return member == member and (type(member), member) in self._plain  # noqa: PLR0124
        self._run.step(len(self._others))
        return any(deep_equal(member, other, self._run) for other in self._others)


_PLAIN: Final = frozenset({str, bool, int, float, type(None)})


def _uniq(run: Run, value: object) -> list[object]:
    members = _counted(run, value, "Cannot find uniq on type {}")
    met = _Met(run)
    made = []
    for member in members:
        if member not in met:
            met.add(member)
            made.append(member)
    return made


def _without(run: Run, value: object, *left_out: object) -> list[object]:
    members = _counted(run, value, "Cannot find without on type {}")
    met = _Met(run, left_out)
    return [member for member in members if member not in met]


def _has(run: Run, needle: object, value: object) -> bool:
    if value is None:
        return False
    members = _members(value, "Cannot find has on type {}")
    run.step(len(members))
    return any(deep_equal(needle, member, run) for member in members)


def _slice(run: Run, value: object, *ends: object) -> object:
    # Differs: Go also gives what a list has room for behind its end, as nil (test_slice_ends_where_the_list_does).
    members = _counted(run, value, "list should be type of slice or array but {}")
    if not members:
        return None
    start = to_int64(ends[0]) if ends else 0
    end = to_int64(ends[1]) if len(ends) > 1 else len(members)
    if not 0 <= start <= end <= len(members):
        raise FunctionError("reflect.Value.Slice: slice index out of bounds")
    cut = members[start:end]
    return TypedList(cut, members.element) if isinstance(members, TypedList) else cut


def _chunk(run: Run, size: int, value: object) -> TypedList:
    members = _counted(run, value, "Cannot chunk type {}")
    if size == 0:
        raise FunctionError(_BAD_LENGTH)
    # With floats, as Go does: which matters for sizes below zero.
    count = math.floor((len(members) - 1) / size) + 1
    last = int(math.fmod(len(members), size)) or size
    if count < 0 or (count > 0 and last < 0) or (count > 1 and size < 0):
        raise FunctionError(_BAD_LENGTH)
    run.make(count * _MEMBER)
    made = [list(members[place * size : (place + 1) * size]) for place in range(count - 1)]
    if count:
        start = (count - 1) * size
        made.append(list(members[start : start + last]))
    return TypedList(made, "[]interface {}")


def _both(name: str, signature: str, call: Callable[..., object], *, needs_run: bool = True) -> tuple[Function, ...]:
    """A function, and the same one with "must"."""
    must = f"must{name[0].upper()}{name[1:]}"
    return tuple(function(each, signature, call, needs_run=needs_run) for each in (name, must))


FUNCTIONS: Final = (
    function("list", "(...interface {}) []interface {}", _list, needs_run=True),
    function("tuple", "(...interface {}) []interface {}", _list, needs_run=True),
    *_both("first", "(interface {}) interface {}", _first, needs_run=False),
    *_both("last", "(interface {}) interface {}", _last, needs_run=False),
    *_both("rest", "(interface {}) []interface {}", _rest),
    *_both("initial", "(interface {}) []interface {}", _initial),
    *_both("append", "(interface {}, interface {}) []interface {}", _append),
    *_both("push", "(interface {}, interface {}) []interface {}", _append),
    *_both("prepend", "(interface {}, interface {}) []interface {}", _prepend),
    function("concat", "(...interface {}) interface {}", _concat, needs_run=True),
    *_both("reverse", "(interface {}) []interface {}", _reverse),
    *_both("uniq", "(interface {}) []interface {}", _uniq),
    *_both("without", "(interface {}, ...interface {}) []interface {}", _without),
    *_both("has", "(interface {}, interface {}) bool", _has),
    *_both("compact", "(interface {}) []interface {}", _compact),
    *_both("slice", "(interface {}, ...interface {}) interface {}", _slice),
    *_both("chunk", "(int, interface {}) [][]interface {}", _chunk),
)
