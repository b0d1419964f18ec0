"""What compiled templates call where the quick way that stands in their own code is not taken.

Source: Go 1.26, text/template, exec.go.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NoReturn, final

from lockgate.templates import formatting
from lockgate.templates.errors import (
    CallFault,
    Fault,
    FunctionError,
    Kind,
    LimitError,
    Place,
    TemplateError,
    TooLongError,
)
from lockgate.templates.nodes import Bool, Nil, Node, Number, String, Tree
from lockgate.templates.objects import INTERFACE, Method, bound, walk
from lockgate.templates.quoting import quote_go
from lockgate.templates.run import Run
from lockgate.templates.times import Duration
from lockgate.templates.values import (
    MISSING,
    FormValues,
    GoObject,
    Integer,
    ListMap,
    NilList,
    NilMap,
    StringMap,
    go_type,
    int64,
    sorted_keys,
    to_bytes,
)

ANY: Final = "reflect.Value"
"""Type of a parameter that takes whatever there is, as it is."""
_INTEGERS: Final = {
    "int": -64,
    "int8": -8,
    "int16": -16,
    "int32": -32,
    "int64": -64,
    "time.Duration": -64,
    "uint": 64,
    "uint8": 8,
    "uint16": 16,
    "uint32": 32,
    "uint64": 64,
}
"""Bits; negative where there is a sign."""
_EXPECTED: Final = {"string": "string", "bool": "bool", "float64": "float", "complex128": "complex"}

# --- fields ---------------------------------------------------------------------------------------------------------


def field_of(run: Run, value: object, names: tuple[str, ...], is_interface: bool) -> object:  # noqa: FBT001
    """``objects.walk`` as compiled templates call it."""
    return walk(run, value, names, is_interface=is_interface)


def method_of(run: Run, value: object, names: tuple[str, ...], is_interface: bool) -> Method | None:  # noqa: FBT001
    """``objects.bound`` as compiled templates call it."""
    return bound(run, value, names, is_interface=is_interface)


def getter(run: Run, value: object, is_interface: bool) -> Callable[[str, object], object]:  # noqa: FBT001
    """What stands for ``dict.get`` of a value that is no plain dict."""

    def get(name: str, _missing: object) -> object:
        return walk(run, value, (name,), is_interface=is_interface)

    return get


# --- arguments ------------------------------------------------------------------------------------------------------


def argument(value: object, wanted: str) -> object:
    """A value as an argument of a type.

    Raises:
        Fault: It has another one.
    """
    if value is MISSING:
        return nil_of(wanted, "invalid value; expected {}")
    if value is None:
        actual = INTERFACE
    else:
        actual = go_type(value)
        if actual == wanted:
            return value
    raise Fault(f"wrong type for value; expected {wanted}; got {actual}")


def nil_of(wanted: str, refusal: str) -> object:
    """Nil of a type.

    Args:
        wanted: The type.
        refusal: What to say where it has none; "{}" stands for the type.

    Raises:
        Fault: It has none.
    """
    if wanted == INTERFACE:
        return None
    if wanted == ANY:
        return MISSING
    if wanted.startswith("[]"):
        return NilList(wanted.removeprefix("[]"))
    if wanted.startswith("map["):
        return ListMap() if wanted.endswith("string") else NilMap()
    if wanted.startswith("*"):
        return None
    raise Fault(refusal.format(wanted))


def checked(value: object, wanted: str) -> object:
    """A value as an argument of a method.

    Raises:
        Fault: It has another type.
    """
    if wanted == INTERFACE:
        return None if value is MISSING else value
    return argument(value, wanted)


def adapted(node: Node, wanted: str) -> object:
    """What a literal is as an argument of a type.

    Raises:
        Fault: It is nothing of that type.
    """
    if isinstance(node, Nil):
        return nil_of(wanted, "cannot assign nil to {}")
    if wanted in (INTERFACE, ANY):
        return literal(node)
    bits = _INTEGERS.get(wanted)
    match node:
        case Bool() if wanted == "bool":
            return node.value
        case String() if wanted == "string":
            return node.value
        case Number(integer=int(number)) if bits is not None and bits < 0:
            if wanted == "time.Duration":
                return Duration(number)
            return number if wanted == "int" else Integer(_wrapped(number, -bits), wanted)
        case Number(unsigned=int(number)) if bits is not None and bits > 0:
            return Integer(number % (1 << bits), wanted)
        case Number(floating=float(number)) if wanted == "float64":
            return number
        case Number(complex=number) if wanted == "complex128" and number is not None:
            return number
    expected = "integer" if bits is not None and bits < 0 else "unsigned integer" if bits else _EXPECTED.get(wanted)
    if expected is None:
        raise Fault(f"can't handle {node} for arg of type {wanted}")
    raise Fault(f"expected {expected}; found {node}")


def literal(node: Node) -> object:
    """The value of a literal where nothing says which type it has.

    Raises:
        Fault: It is an integer beyond ``int``.
    """
    match node:
        case Bool() | String():
            return node.value
        case Number(complex=number) if number is not None:
            return number
        case Number(text=text, floating=float(number)) if _is_float(text):
            return number
        case Number(integer=int(number)):
            return number
        case Number(unsigned=int()):
            raise Fault(f"{node} overflows int")
    return MISSING


def _is_float(text: str) -> bool:
    if text.startswith("'") or (text[:2].lower() == "0x" and len(text) > 2 and not set(text) & set("pP")):  # noqa: PLR2004
        return False
    return bool(set(text) & set(".eEpP"))


def _wrapped(number: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half


# --- lists and maps -------------------------------------------------------------------------------------------------


@final
class _Numbers(Collection[object]):
    """0 and what follows, of a type that is not ``int``."""

    __slots__ = ("_count", "_made")

    def __init__(self, count: int, made: Callable[[int], object]) -> None:
        self._count = count
        self._made = made

    def __len__(self) -> int:
        return self._count

    def __contains__(self, value: object) -> bool:
        return any(value == each for each in self)

    def __iter__(self) -> Iterator[object]:
        return map(self._made, range(self._count))


def members(run: Run, value: object) -> Collection[object]:
    """What a ``range`` without keys goes through, where that is no plain list.

    Raises:
        Fault: It goes through nothing of the kind.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        run.step(len(value))
        return [value[key] for key in sorted_keys(value)]
    if value is None or value is MISSING:
        return ()
    if type(value) is int:
        return range(value)
    if isinstance(value, Integer):
        go_type_of = value.go_type
        return _Numbers(max(value, 0), lambda number: Integer(number, go_type_of))
    if isinstance(value, GoObject) and (number := value.integer()) is not None:
        # Each type that is a number is made of one.
        return _Numbers(max(number, 0), type(value))
    raise Fault(f"range can't iterate over {formatting.format_value(value, run)}")


def pairs(run: Run, value: object) -> Sequence[tuple[object, object]]:
    """What a ``range`` with keys goes through, where that is no plain list.

    Raises:
        Fault: It goes through nothing of the kind.
    """
    if isinstance(value, dict):
        run.step(len(value))
        return tuple([(key, value[key]) for key in sorted_keys(value)])
    if isinstance(value, list):
        run.step(len(value))
        return tuple(enumerate(value))
    if value is None or value is MISSING:
        return ()
    if (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, GoObject) and value.integer() is not None
    ):
        shown = formatting.format_value(value, run)
        raise Fault(f"can't use {shown} to iterate over more than one variable")
    raise Fault(f"range can't iterate over {formatting.format_value(value, run)}")


def index(run: Run, item: object, *keys: object) -> object:
    """What a list, map or string has at an index, and at an index of that.

    Raises:
        FunctionError: It has none there.
    """
    del run
    if item is None or item is MISSING:
        raise FunctionError("index of untyped nil")
    for key in keys:
        if item is None:
            raise FunctionError("index of nil pointer")
        if isinstance(item, dict):
            item = _of_map(item, key)
        elif isinstance(item, str):
            raw = item if item.isascii() else to_bytes(item)
            at = _position(key, len(raw), "string")
            item = Integer(ord(raw[at]) if isinstance(raw, str) else raw[at], "uint8")
        elif isinstance(item, list):
            item = item[_position(key, len(item), "slice")]
        else:
            raise FunctionError(f"can't index item of type {go_type(item).removeprefix('*')}")
    return item


def length(item: object) -> int:
    """How many members, or bytes, a value has.

    Raises:
        FunctionError: It has none.
    """
    if isinstance(item, str):
        return len(item) if item.isascii() else len(to_bytes(item))
    if isinstance(item, list | dict):
        return len(item)
    if item is None:
        raise FunctionError("len of nil pointer")
    if item is MISSING:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    raise FunctionError(f"len of type {go_type(item).removeprefix('*')}")


def call(name: str, item: object) -> NoReturn:
    """What ``call`` says of a value, none of which is a function.

    Args:
        name: The argument as the template spells it.
        item: Its value.

    Raises:
        FunctionError: Always.
    """
    if item is None or item is MISSING:
        raise FunctionError("call of nil")
    raise FunctionError(f"non-function {name} of type {go_type(item)}")


def name_of(item: object) -> str:
    """What ``call`` calls a value that comes from the pipeline: Go's ``reflect.Value.String``."""
    if isinstance(item, str):
        return item
    return "<invalid Value>" if item is None or item is MISSING else f"<{go_type(item)} Value>"


def _of_map(item: dict[str, object], key: object) -> object:
    if not isinstance(key, str):
        if key is None or key is MISSING:
            raise FunctionError("value is nil; should be of type string")
        raise FunctionError(f"value has type {go_type(key)}; should be string")
    found = item.get(key, MISSING)
    if found is not MISSING:
        return found
    if isinstance(item, StringMap):
        return ""
    return NilList("string") if isinstance(item, ListMap | FormValues) else None


def _position(key: object, size: int, what: str) -> int:
    if isinstance(key, GoObject) and (number := key.integer()) is not None:
        key = number
    if not isinstance(key, int) or isinstance(key, bool):
        held = "nil" if key is None or key is MISSING else f"type {go_type(key)}"
        raise FunctionError(f"cannot index slice/array with {held}")
    at = int64(key)
    if not 0 <= at <= size:
        raise FunctionError(f"index out of range: {at}")
    if at == size:
        raise FunctionError(f"reflect: {what} index out of range")
    return int(at)


# --- faults ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """What is written at once: texts and names of locals, in their order."""

    parts: list[tuple[str, bool]]
    """Text, or name of a local; and whether it is a name."""
    outer: "Group | None" = None
    """Group that this one is a part of."""
    outer_count: int = 0
    """How many parts of it come before."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a line of a compiled template is about."""

    at: int | str
    """Number of the node that faults of values are about; or name of the local that holds it."""
    call: int
    """Number of the node that faults of a call are about; -1: it calls nothing."""
    name: str
    """Of the function that it calls."""
    group: Group
    count: int
    """How many parts of the group are there already."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A tree as it was compiled."""

    tree: Tree
    nodes: Sequence[Node]
    """All nodes of its source that a fault may be about, by number."""
    sites: Mapping[str, Mapping[int, Site]]
    """By name of the function, and by line of its code."""


def failure(error: Exception, unit: Unit, run: Run, out: list[str]) -> Exception:
    """What to raise for what went wrong in a compiled template.

    Args:
        error: With its traceback.
        unit: The tree that was under way.
        run: Its run.
        out: What was written before.
    """
    if isinstance(error, TemplateError | TooLongError | MemoryError):
        return error
    if isinstance(error, RecursionError) and run.inline:
        return TooLongError()
    name, line, held = _place(error.__traceback__)
    sites = unit.sites[name] or next(filter(None, unit.sites.values()))
    # A line that cannot fail does, where Python's stack ends.
    site = sites[max((number for number in sites if number <= line), default=min(sites))]
    kind, at, reason = Kind.EXECUTION, site.at, f"error calling {site.name}: "
    match error:
        case CallFault():
            at, reason = site.call, error.text
        case Fault():
            reason = error.text
        case FunctionError():
            at, reason = site.call, reason + error.text
        case LimitError():
            kind, at, reason = Kind.LIMIT, site.at if site.call < 0 else site.call, str(error)
        case RecursionError():
            kind, reason = Kind.LIMIT, NESTED
        case _:
            at, reason = (site.at, INTERNAL) if site.call < 0 else (site.call, reason + INTERNAL)
    number = held.get(at, 0) if isinstance(at, str) else at
    assert isinstance(number, int)  # noqa: S101 - such a local holds nothing else
    return _located(kind, reason, unit.nodes[number], unit.tree, "".join([*out, *_written(site, held)]))


NESTED: Final = "it is nested too deeply"
"""What is said where Python's stack ends."""
INTERNAL: Final = "internal error"
"""What is said of a fault of our own."""


def _place(trace: TracebackType | None) -> tuple[str, int, dict[str, object]]:
    """Function and line of the compiled template that the traceback comes from, and the locals."""
    name, line = "", 0
    held: dict[str, object] = {}
    home = trace.tb_frame.f_globals if trace is not None else None
    while trace is not None and trace.tb_frame.f_globals is home:
        name, line = trace.tb_frame.f_code.co_name, trace.tb_lineno
        held |= trace.tb_frame.f_locals
        trace = trace.tb_next
    kept = held.get("L")
    return name, line, {**held, **kept} if isinstance(kept, dict) else held


def _written(site: Site, held: Mapping[str, object]) -> list[str]:
    """What of a group was there when it stopped."""
    groups: list[tuple[Group, int]] = [(site.group, site.count)]
    while (outer := groups[0][0].outer) is not None:
        groups.insert(0, (outer, groups[0][0].outer_count))
    return [
        formatting.text_of(held.get(part.removeprefix("L['").removesuffix("']"), "")) if is_name else part
        for group, count in groups
        for part, is_name in group.parts[:count]
    ]


def _located(kind: Kind, reason: str, node: Node, tree: Tree, partial: str) -> TemplateError:
    source = tree.source
    before = source.text[: node.position]
    beginning = before.rfind("\n") + 1
    line = before.count("\n") + 1
    place = f"{source.name}:{line}:{len(to_bytes(before[beginning:]))}"
    return TemplateError(
        f"template: {place}: executing {quote_go(tree.name)} at <{node}>: {reason}",
        kind=kind,
        reason=reason,
        source=source.text,
        place=Place(line, len(before) - beginning + 1),
        partial=partial,
    )
