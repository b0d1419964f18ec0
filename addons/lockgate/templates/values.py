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
| anything else: times, versions, certificates | a subclass of ``GoObject`` |

Strings count in bytes wherever Go counts: ``to_bytes`` and ``from_bytes``.
"""

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

    __slots__ = ("go_type",)
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
    """``url.Values``: values of a form. Its methods are in ``lockgate.templates.objects``."""

    __slots__ = ()


class TypedList(list[object]):
    """A slice whose elements have a type of their own."""

    __slots__ = ("element",)
    element: str
    """Go's type of an element: "string", "int", "[]interface {}", "uint8"."""

    def __init__(self, items: Iterable[object], element: str) -> None:
        super().__init__(items)
        self.element = element


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

    def methods(self) -> Mapping[str, tuple[str, Callable[..., object]]]:
        """By name: Go's signature without receiver, as ``Function`` has it, and what it does."""
        return {}

    def fields(self) -> Mapping[str, object]:
        """Exported fields by name, in their order."""
        return {}

    def text(self) -> str | None:
        """What ``String()`` or ``Error()`` gives; None where it has neither."""
        return None


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
    StringMap: "map[string]string",
    ListMap: "map[string][]string",
    FormValues: "url.Values",
}


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
