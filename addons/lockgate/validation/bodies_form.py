"""Urlencoded forms: reading their fields as a schema has them, and adding fields to them.

Source: behaviour-chain 4.8, "Form"; OpenAPI 3.0.3, "Encoding Object".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.documents.numbers import format_v
from lockgate.exchange import NO_HEADERS, decode_text
from lockgate.validation.layout import Layout
from lockgate.validation.pairs import MOST_FIELDS, Pairs, TooManyError, encode_pairs, parse_pairs
from lockgate.validation.parameters import Given, Parameter, Place, Reading, read_parameter
from lockgate.validation.scalars import ReadingError, UnreadableError
from lockgate.validation.texts import quoted

UNSUPPORTED: Final = "unsupported schema of request body"

_SCALARS: Final = ("string", "integer", "number", "boolean")
MOST_LEVELS: Final = 32
"""Of branches within one another that fields are looked for in."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a field of a form is written."""

    style: str = "form"
    explode: bool = True


_USUAL: Final = Encoding()


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was read."""

    value: dict[str, Any]
    recorded: dict[str, Any]
    """As the reference gateway has it: a field that is missing is null, one that cannot be read is left out, and what is
    not declared does not count. It words refusals."""
    problem: str = ""
    """Why a field cannot be read."""


def decode_form(raw: bytes, layout: Layout, encodings: Mapping[str, Encoding]) -> Form:
    """Read a form.

    Raises:
        UnreadableError: It is no form, or its schema is none of a form.
    """
    if layout.kind != "object":
        raise UnreadableError(UNSUPPORTED)
    for name, inner in layout.properties.items():
        items = inner.items.kind if inner.items is not None else ""
        if inner.kind == "object" or (inner.kind == "array" and items not in _SCALARS):
            raise UnreadableError(f"{UNSUPPORTED}'s property {quoted(name)}")
    try:
        pairs = parse_pairs(decode_text(raw), MOST_FIELDS, "fields")
    except TooManyError as error:
        raise UnreadableError(str(error)) from None
    if pairs.problem:
        raise UnreadableError(pairs.problem)
    return _Forming(pairs, encodings).form(layout)


class _Forming:
    """One form under way."""

    def __init__(self, pairs: Pairs, encodings: Mapping[str, Encoding]) -> None:
        self._pairs = pairs
        self._encodings = encodings
        self._made: dict[str, Any] = {}
        self._recorded: dict[str, Any] = {}
        self._declared: set[str] = set()
        self._problem = ""

    def form(self, layout: Layout) -> Form:
        self._fields(layout, 0, set())
        if layout.additional is False or isinstance(layout.additional, Layout):
            # Differs: the reference gateway drops fields that are not declared
            # (test_a_form_has_no_fields_but_those_allowed).
            for name, values in self._pairs.values.items():
                if name not in self._declared:
                    self._other(name, values, layout.additional)
        return Form(self._made, self._recorded, self._problem)

    def _fields(self, layout: Layout, depth: int, seen: set[int]) -> None:
        if depth > MOST_LEVELS:
            raise UnreadableError(UNSUPPORTED)
        for branch in (*layout.all_of, *layout.any_of, *layout.one_of):
            if id(branch) not in seen:
                seen.add(id(branch))
                self._fields(branch, depth + 1, seen)
        for name, inner in layout.properties.items():
            self._declared.add(name)
            self._field(name, inner)

    def _field(self, name: str, layout: Layout) -> None:
        try:
            reading = self._read(name, layout)
        # Differs: the reference gateway leaves such a field out (test_fields_that_cannot_be_read_are_refused).
        except ReadingError as error:
            self._problem = self._problem or str(ReadingError(error.reason, (name, *error.path)))
            return
        except UnreadableError as error:
            self._problem = self._problem or f"path {name}: {error}"
            return
        value = reading.values[0] if reading.values else None
        if name in self._recorded and self._recorded[name] != value:
            raise UnreadableError(f"conflicting values for property {quoted(name)}")
        self._recorded[name] = value
        # Differs: for the reference gateway a field that is missing is null (test_a_field_of_a_form_may_be_missing).
        if reading.found:
            self._made[name] = value

    def _other(self, name: str, values: list[str], additional: object) -> None:
        if isinstance(additional, Layout) and additional.is_typed:
            try:
                reading = self._read(name, additional)
            except (ReadingError, UnreadableError) as error:
                self._problem = self._problem or f"path {name}: {error}"
                return
            self._made[name] = reading.values[0] if reading.values else None
        else:
            self._made[name] = values[0]

    def _read(self, name: str, layout: Layout) -> Reading:
        encoding = self._encodings.get(name, _USUAL)
        # Differs: the reference gateway leaves out a field whose style is one of arrays or objects alone
        # (test_a_style_of_arrays_says_nothing_of_other_fields).
        style = encoding.style if layout.kind == "array" and encoding.style != "deepObject" else _USUAL.style
        field = Parameter(name, Place.QUERY, style=style, explode=encoding.explode, layout=layout)
        return read_parameter(field, Given({}, self._pairs, NO_HEADERS, "", {}))


def with_fields(raw: bytes, before: Mapping[str, Any], after: object, encodings: Mapping[str, Encoding]) -> bytes:
    """A form with the fields that ``after`` has and ``before`` has not."""
    if not isinstance(after, Mapping):
        return raw
    added: list[tuple[str, str]] = []
    for name, value in after.items():
        if before.get(name) is not None or value is None:
            continue
        if isinstance(value, list) and encodings.get(name, _USUAL).explode:
            added += [(name, format_v(item)) for item in value]
        elif isinstance(value, list):
            added.append((name, ",".join(format_v(item) for item in value)))
        elif not isinstance(value, Mapping):
            added.append((name, format_v(value)))
    return b"&".join(part for part in (raw, encode_pairs(added).encode()) if part)
