"""Shapes that the Classic format is put together from: JSON as Go decodes it into structs.

Keys are found whatever their case, of two that differ only in case the later one counts, null stands for nothing, and a
number with a fraction is no whole number.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from lockgate.decoding.positions import parts_of
from lockgate.decoding.shapes import (
    BAD,
    Bad,
    Field,
    Notes,
    Place,
    Shape,
    anything,
    boolean,
    integer,
    list_of,
    number,
    optional,
    record,
    string,
)


def folded[T](shape: Shape[T]) -> Shape[T]:
    """A struct: ``shape``, which is a record, with keys in any case and without those that are null."""
    by_folded = {key.casefold(): key for key in shape.keys}

    def read(value: object, at: Place, notes: Notes) -> T | Bad:
        if value is None:
            value = {}
        if isinstance(value, dict):
            value = {
                key if key in shape.keys else by_folded.get(key.casefold(), key): one
                for key, one in value.items()
                if one is not None
            }
        return shape.read(value, at, notes)

    return Shape(shape.expected, read, shape.keys)


def go_record[T](make: Callable[..., T], fields: Mapping[str, Field]) -> Shape[T]:
    """A struct whose fields are all known."""
    return folded(record(make, fields))


def null_as[T](shape: Shape[T], empty: Any) -> Shape[T]:
    """``shape``, in lists and maps, where null is an empty value."""

    def read(value: object, at: Place, notes: Notes) -> T | Bad:
        return shape.read(empty if value is None else value, at, notes)

    return Shape(shape.expected, read, shape.keys)


def whole(minimum: int | None = None) -> Shape[int]:
    """A Go integer: ``2.0`` is none."""
    inner = integer(minimum)

    def read(value: object, at: Place, notes: Notes) -> int | Bad:
        if isinstance(value, float):
            notes.error("wrong-type", f"expected a whole number, found {notes.show(value, at)}", at)
            return BAD
        return inner.read(value, at, notes)

    return Shape(inner.expected, read)


def number_or_text() -> Shape[float]:
    """A number; Kubernetes resources write it as a text."""
    inner = number()

    def read(value: object, at: Place, notes: Notes) -> float | Bad:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                notes.error("wrong-type", f"expected a number, found {notes.show(value, at)}", at)
                return BAD
        return inner.read(value, at, notes)

    return Shape(inner.expected, read)


def named[T](shape: Shape[T]) -> Shape[dict[str, T]]:
    """A map with names for keys; of values that are null, and of structs in it, as Go has it."""
    empty: Any = "" if shape.expected == "a string" else {}
    inner = null_as(shape, empty)

    def read(value: object, at: Place, notes: Notes) -> dict[str, T] | Bad:
        if not isinstance(value, dict):
            notes.error("wrong-type", f"expected an object, found {notes.show(value, at)}", at)
            return BAD
        made: dict[str, T] = {}
        failed = False
        for key, one in value.items():
            decoded = inner.read(one, (*at, key), notes)
            if isinstance(decoded, Bad):
                failed = True
            else:
                made[key] = decoded
        return BAD if failed else made

    return Shape("an object", read)


STRING: Final = null_as(string(), "")
STRINGS: Final = list_of(STRING)
TEXT: Final = optional(string(), "")
TEXTS: Final = optional(STRINGS, ())
FLAG: Final = optional(boolean(), default=False)
WHOLE: Final = optional(whole(), 0)
NUMBER: Final = optional(number(), 0.0)
ANY: Final = optional(anything())
NAMES: Final = optional(named(string()), {})


def look_up(value: object, *keys: str) -> Any:
    """What stands under these keys in any case, one within the other; None when nothing does."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        found = [one for name, one in value.items() if name.casefold() == key.casefold()]
        value = found[-1] if found else None
    return value


def as_written(document: object, pointer: str) -> str:
    """A JSON Pointer with its keys as the document spells them."""
    made: list[str] = []
    for part in parts_of(pointer):
        spelled = part
        if isinstance(document, dict):
            if part not in document:
                spelled = next((key for key in reversed(document) if key.casefold() == part.casefold()), part)
            document = document.get(spelled)
        elif isinstance(document, list):
            document = document[int(part)] if part.isdecimal() and int(part) < len(document) else None
        else:
            document = None
        made.append(spelled)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in made)
