"""Functions on maps: making, looking up, changing, merging.

``set``, ``unset`` and the merging ones change the map that they are given; all others leave it as it is.

Source: sprig 3.3.0, dict.go; dario.cat/mergo 1.0.2, merge.go; behaviour-scripting 1.12 (Dictionaries).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.templates.equality import is_empty
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.functions.strings import string_of
from lockgate.templates.run import Run
from lockgate.templates.values import (
    GoObject,
    ListMap,
    NilMap,
    StringMap,
    TypedList,
    go_kind,
    go_type,
    sorted_keys,
    strings,
)

type _Map = dict[str, object]

_MEMBER: Final = 8
"""Size of a member, as ``Run.make`` counts."""
_NIL_MAP: Final = "assignment to entry in nil map"
_LEAST_DIG: Final = 3
_FRAME: Final = 512
"""Size of a map that is merged, as ``Run.make`` counts, while what it holds is."""


def _dict(run: Run, *members: object) -> _Map:
    run.make(len(members) * _MEMBER)
    made: _Map = {}
    for place in range(0, len(members), 2):
        key = string_of(members[place], run)
        made[key] = members[place + 1] if place + 1 < len(members) else ""
    return made


def _get(mapping: Mapping[str, object] | None, key: str) -> object:
    return mapping.get(key, "") if mapping else ""


def _set(mapping: _Map | None, key: str, value: object) -> _Map:
    if mapping is None or isinstance(mapping, NilMap):
        raise FunctionError(_NIL_MAP)
    mapping[key] = value
    return mapping


def _unset(mapping: _Map | None, key: str) -> _Map:
    if mapping is None:
        return NilMap()
    mapping.pop(key, None)
    return mapping


def _has_key(mapping: Mapping[str, object] | None, key: str) -> bool:
    return mapping is not None and key in mapping


def _pluck(run: Run, key: str, *mappings: Mapping[str, object] | None) -> list[object]:
    run.make(len(mappings) * _MEMBER)
    return [mapping[key] for mapping in mappings if mapping and key in mapping]


def _keys(run: Run, *mappings: Mapping[str, object] | None) -> TypedList:
    # Differs: Go gives them in no order, another one each time (test_keys_and_values_are_sorted).
    made: list[str] = []
    for mapping in mappings:
        _count(run, mapping)
        made += sorted_keys(mapping or {})
    return strings(made)


def _values(run: Run, mapping: Mapping[str, object] | None) -> list[object]:
    # Differs: Go gives them in no order, another one each time (test_keys_and_values_are_sorted).
    _count(run, mapping)
    return [mapping[key] for key in sorted_keys(mapping)] if mapping else []


def _pick(run: Run, mapping: Mapping[str, object] | None, *keys: str) -> _Map:
    run.make(len(keys) * _MEMBER)
    return {key: mapping[key] for key in keys if key in mapping} if mapping else {}


def _omit(run: Run, mapping: Mapping[str, object] | None, *keys: str) -> _Map:
    _count(run, mapping)
    left_out = frozenset(keys)
    return {key: value for key, value in mapping.items() if key not in left_out} if mapping else {}


def _count(run: Run, mapping: Mapping[str, object] | None) -> None:
    size = len(mapping or ())
    run.step(size)
    run.make(size * _MEMBER)


def _dig(*path: object) -> object:
    if len(path) < _LEAST_DIG:
        raise FunctionError("dig needs at least three arguments")
    *keys, default, found = path
    mapping = _as_map(found)
    names = []
    for key in keys:
        if not isinstance(key, str):
            raise FunctionError(f"interface conversion: interface {{}} is {_type_of(key)}, not string")
        names.append(key)
    for name in names[:-1]:
        if name not in mapping:
            return default
        mapping = _as_map(mapping[name])
    return mapping.get(names[-1], default)


def _as_map(value: object) -> Mapping[str, object]:
    if isinstance(value, dict) and go_type(value) == _MAP:
        return value
    raise FunctionError(f"interface conversion: interface {{}} is {_type_of(value)}, not {_MAP}")


def _type_of(value: object) -> str:
    return "nil" if value is None else go_type(value)


_MAP: Final = "map[string]interface {}"


class _MergeError(Exception):
    """What mergo answers with. The functions without "must" keep it to themselves."""


@dataclass(slots=True)
class _Frame:
    """A map that another one is merged into."""

    target: _Map
    source: _Map
    keys: Iterator[str]
    key: str
    """Under which both stand in the frame below; "" in the first one."""


def _merged(run: Run, target: _Map | None, sources: tuple[_Map | None, ...], *, overwrite: bool) -> _Map:
    """Merge maps into the first one.

    Raises:
        _MergeError: Two values cannot be merged. What was merged before stays so.
        FunctionError: Go panics.
    """
    for source in sources:
        if source is None or isinstance(source, NilMap):
            continue
        if target is None or isinstance(target, NilMap):
            target = {}
        _merge(run, target, source, overwrite=overwrite)
    return NilMap() if target is None else target


def _merge(run: Run, target: _Map, source: _Map, *, overwrite: bool) -> None:
    frames = [_frame(run, target, source, "")]
    while frames:
        frame = frames[-1]
        inner = None
        for key in frame.keys:
            inner = _merge_member(frame, key, overwrite=overwrite)
            if inner is not None:
                frames.append(_frame(run, *inner, key))
                break
        if inner is None:
            frames.pop()
            if frames and not frame.target:
                # Still empty: the other one takes its place.
                _put(frames[-1].target, frame.key, frame.source, _declared(frames[-1].source))


def _frame(run: Run, target: _Map, source: _Map, key: str) -> _Frame:
    run.step(len(source) + 1)
    run.make(_FRAME + len(source) * _MEMBER)
    return _Frame(target, source, iter(list(source)), key)


def _merge_member(frame: _Frame, key: str, *, overwrite: bool) -> tuple[_Map, _Map] | None:
    """Merge what stands under a key; two maps are only found, to be merged next."""
    target, source = frame.target, frame.source
    new, old = source[key], target.get(key)
    declared = _declared(source)
    if new is None:
        if overwrite:
            _put(target, key, None, declared)
        return None
    kind = go_kind(new)
    takes_place = overwrite or key not in target or _is_unset(old)
    if kind == "slice":
        _check_slice(target, key, new, overwrite=overwrite)
        if overwrite and not _is_unset(old):
            target[key] = new
            return None
    elif kind in {"map", "struct", "ptr"} and old is not None:
        if isinstance(old, dict) and isinstance(new, dict) and not isinstance(old, NilMap):
            return old, new
        _check_inner(old, new, kind, overwrite=overwrite)
    if takes_place:
        _put(target, key, new, declared)
    return None


def _is_unset(value: object) -> bool:
    """Whether mergo lets any other value take its place."""
    return is_empty(value) and not isinstance(value, complex)


def _check_slice(target: _Map, key: str, new: object, *, overwrite: bool) -> None:
    """Fail where Go cannot put a list into a map whose values have another type."""
    if isinstance(target, StringMap) and key in target:
        raise FunctionError("reflect: call of reflect.Value.IsNil on string Value")
    if overwrite or key not in target:
        _put(target, key, new, go_type(new))


def _check_inner(old: object, new: object, kind: str, *, overwrite: bool) -> None:
    """Fail where a map or an object cannot be merged into what is there.

    Raises:
        _MergeError: They have different types.
        FunctionError: Go panics.
    """
    if not isinstance(old, GoObject):
        return
    if old.kind == "struct":
        if old.fields() and kind != "struct":
            raise FunctionError(f"reflect: call of reflect.Value.Field on {kind} Value")
    elif old.kind == "ptr":
        if kind != "ptr":
            if not overwrite:
                raise _MergeError("src and dst must be of same type")
        elif overwrite and go_type(old) != go_type(new):
            one, other = go_type(new).removeprefix("*"), go_type(old).removeprefix("*")
            raise FunctionError(f"reflect.Set: value of type {one} is not assignable to type {other}")


def _declared(mapping: _Map) -> str:
    """Type that a map says of its values."""
    if isinstance(mapping, StringMap):
        return "string"
    return "[]string" if isinstance(mapping, ListMap) or go_type(mapping) == "url.Values" else "interface {}"


def _put(target: _Map, key: str, value: object, declared: str) -> None:
    """Put a value of a declared type under a key.

    Raises:
        FunctionError: The map's values have another type, with the text of Go's panic.
    """
    wanted = _declared(target)
    if wanted not in {"interface {}", declared}:
        raise FunctionError(f"reflect.Value.SetMapIndex: value of type {declared} is not assignable to type {wanted}")
    target[key] = value


def _merge_kept(run: Run, target: _Map | None, *sources: _Map | None) -> object:
    try:
        return _merged(run, target, sources, overwrite=False)
    except _MergeError:
        return ""


def _merge_over(run: Run, target: _Map | None, *sources: _Map | None) -> object:
    try:
        return _merged(run, target, sources, overwrite=True)
    except _MergeError:
        return ""


def _must_merge(run: Run, target: _Map | None, *sources: _Map | None) -> object:
    try:
        return _merged(run, target, sources, overwrite=False)
    except _MergeError as error:
        raise FunctionError(str(error)) from None


def _must_merge_over(run: Run, target: _Map | None, *sources: _Map | None) -> object:
    try:
        return _merged(run, target, sources, overwrite=True)
    except _MergeError as error:
        raise FunctionError(str(error)) from None


FUNCTIONS: Final = (
    function("dict", f"(...interface {{}}) {_MAP}", _dict, needs_run=True),
    function("get", f"({_MAP}, string) interface {{}}", _get),
    function("set", f"({_MAP}, string, interface {{}}) {_MAP}", _set),
    function("unset", f"({_MAP}, string) {_MAP}", _unset),
    function("hasKey", f"({_MAP}, string) bool", _has_key),
    function("pluck", f"(string, ...{_MAP}) []interface {{}}", _pluck, needs_run=True),
    function("keys", f"(...{_MAP}) []string", _keys, needs_run=True),
    function("values", f"({_MAP}) []interface {{}}", _values, needs_run=True),
    function("pick", f"({_MAP}, ...string) {_MAP}", _pick, needs_run=True),
    function("omit", f"({_MAP}, ...string) {_MAP}", _omit, needs_run=True),
    function("merge", f"({_MAP}, ...{_MAP}) interface {{}}", _merge_kept, needs_run=True),
    function("mergeOverwrite", f"({_MAP}, ...{_MAP}) interface {{}}", _merge_over, needs_run=True),
    function("mustMerge", f"({_MAP}, ...{_MAP}) interface {{}}", _must_merge, needs_run=True),
    function("mustMergeOverwrite", f"({_MAP}, ...{_MAP}) interface {{}}", _must_merge_over, needs_run=True),
    function("dig", "(...interface {}) interface {}", _dig),
)
