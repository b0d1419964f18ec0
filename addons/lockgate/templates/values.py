r"""Go's values and types, as Python carries them.

| Go | Python |
|---|---|
| ``string`` | ``str``; a byte that is no UTF-8 is U+DC80 to U+DCFF, as with "surrogateescape", and never where it and its neighbours would be UTF-8 (``joined`` sees to that) |
| ``bool`` | ``bool`` |
| ``float64`` | ``float`` |
| ``int`` | ``int`` itself |
| ``int64``, ``uint8``, … | ``Integer`` |
| ``complex128`` | ``complex`` |
| ``nil`` in an interface | ``None`` |
| no value at all (``reflect.Value{}``) | ``MISSING`` |
| ``map[string]interface {}`` | ``dict`` itself |
| ``map[string]string`` | ``StringMap`` |
| ``map[string][]string`` | ``ListMap`` |
| ``url.Values`` | ``FormValues`` |
| ``[]interface {}`` | ``list`` itself |
| ``[]string``, ``[]int``, ``[][]interface {}``, ``[]uint8`` | ``TypedList`` |
| a slice or a map that is nil, but has a type | ``NilList``, ``NilMap`` |
| anything else: times, versions, certificates | a subclass of ``GoObject`` |

Strings count in bytes wherever Go counts: ``to_bytes`` and ``from_bytes``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final, final


@final
class Missing:
    """No value at all: of a key that is not there."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@final
class Integer(int):
    """An integer of a type that is not ``int``."""

    go_type: str
    """"int64", "uint8", "uint64", "int32", …"""

    def __new__(cls, value: int, go_type: str) -> "Integer":
        """A value that the type holds."""
        made = super().__new__(cls, value)
        made.go_type = go_type
        return made


def int64(value: int) -> Integer:
    """An ``int64``; beyond it the value wraps around, as in Go."""
    return Integer((value + (1 << 63)) % (1 << 64) - (1 << 63), "int64")


class StringMap(dict[str, str]):
    """``map[string]string``."""

    __slots__ = ()


class ListMap(dict[str, "TypedList"]):
    """``map[string][]string``."""

    __slots__ = ()


class FormValues(dict[str, "TypedList"]):
    """``url.Values``: values of a form. Its methods are in ``lockgate.templates.forms``."""

    __slots__ = ()


class TypedList(list[object]):
    """A slice whose elements have a type of their own."""

    __slots__ = ("element",)
    element: str
    """Go's type of an element: "string", "int", "[]interface {}", "uint8"."""

    def __init__(self, items: Iterable[object], element: str) -> None:
        super().__init__(items)
        self.element = element


class NilList(TypedList):
    """A slice that is nil: an empty one, but ``null`` as JSON, and not deeply equal to an empty one that is there."""

    __slots__ = ()

    def __init__(self, element: str = "interface {}") -> None:
        super().__init__((), element)


class NilMap(dict[str, object]):
    """A ``map[string]interface {}`` that is nil: an empty one that takes nothing, and ``null`` as JSON."""

    __slots__ = ()


def strings(items: Iterable[str]) -> TypedList:
    """A ``[]string``."""
    return TypedList(items, "string")


class GoObject:
    """A value with methods or fields: a time, a version, a certificate. What is not listed cannot be reached."""

    __slots__ = ()
    go_type: ClassVar[str] = ""
    """As ``%T`` prints it: "time.Time", "*semver.Version"."""
    kind: ClassVar[str] = "struct"
    """As ``kindOf`` prints it: "struct", "ptr", "int64"."""
    is_nil: ClassVar[bool] = False
    """Whether it is a pointer that points to nothing."""
    hidden: ClassVar[frozenset[str]] = frozenset()
    """Names of its unexported fields: whoever asks for one is told that it is one."""

    def __bool__(self) -> bool:
        """What an ``if`` makes of it: a number that is 0 is false, everything else is true."""
        return self.integer() != 0

    def methods(self) -> Mapping[str, tuple[str, Callable[..., object]]]:
        """By name: Go's signature without receiver, as ``Function`` has it, and what it does."""
        return {}

    def fields(self) -> Mapping[str, object]:
        """Exported fields by name, in their order."""
        return {}

    def integer(self) -> int | None:
        """The number that it is: of a month, a duration; None where its kind is no integer."""
        return None

    def text(self) -> str | None:
        """What ``String()`` or ``Error()`` gives; None where it has neither."""
        return None

    def go_text(self) -> str | None:
        """What ``GoString()`` gives, which ``%#v`` prints; None where there is none."""
        return None

    def parts(self) -> Mapping[str, object]:
        """All its fields by name, in their order, as ``%+v`` prints them: those that are not exported too."""
        return self.fields()

    def json(self) -> object:
        """What encoding/json writes of it: a text, a number, a dict; MISSING: an object of its exported fields.

        Raises:
            FunctionError: It has none, with the text of the error.
        """
        return MISSING


def go_type(value: object) -> str:
    """Go's type of a value, as ``%T`` prints it; "<nil>" for none."""
    kind = type(value)
    found = _TYPES.get(kind)
    if found is not None:
        return found
    if isinstance(value, float):
        return "float64"
    if isinstance(value, Integer):
        return value.go_type
    if isinstance(value, TypedList):
        return f"[]{value.element}"
    if isinstance(value, GoObject):
        return value.go_type
    raise TypeError(f"no value of a template: {kind.__name__}")


_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    float: "float64",
    bool: "bool",
    int: "int",
    complex: "complex128",
    type(None): "<nil>",
    Missing: "<nil>",
    dict: "map[string]interface {}",
    list: "[]interface {}",
    NilMap: "map[string]interface {}",
    StringMap: "map[string]string",
    ListMap: "map[string][]string",
    FormValues: "url.Values",
}


def go_kind(value: object) -> str:
    """Go's kind of a value, as ``kindOf`` prints it; "invalid" for none."""
    if isinstance(value, GoObject):
        return value.kind
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "slice"
    if value is None or value is MISSING:
        return "invalid"
    return go_type(value)


def sorted_keys(mapping: Mapping[str, object]) -> list[str]:
    """Keys in the order of their bytes, as Go sorts them."""
    keys = sorted(mapping)
    if len(keys) > 1 and not (text := "".join(keys)).isascii() and _STRAY_BYTE.search(text) is not None:
        keys.sort(key=to_bytes)
    return keys


_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")


def to_bytes(text: str) -> bytes:
    """A string's bytes."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """A string of bytes."""
    return raw.decode("utf-8", "surrogateescape")


def joined(parts: Iterable[str], between: str = "") -> str:
    """Strings one behind the other. Bytes that are UTF-8 only together become the character that they are."""
    text = between.join(parts)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return from_bytes(to_bytes(text))
    return text
