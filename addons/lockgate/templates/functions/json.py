"""Values to JSON and back: jsonMarshal, toJson, toPrettyJson, toRawJson, fromJson, and those that must.

Source: Go 1.26, encoding/json; sprig 3.3.0, defaults.go; the gateway's own jsonMarshal (behaviour-scripting 1.9).
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from math import copysign, isinf
from typing import Any, Final

from lockgate.documents.json import JsonError, count_values, decode, decode_floats, quote, quote_raw
from lockgate.documents.numbers import format_json
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import MISSING, GoObject, NilList, NilMap, TypedList, go_type, sorted_keys, to_bytes
from lockgate.templates.walking import Walk

_UNCHECKED_DEPTH: Final = 1000
"""Levels up to which Go does not look whether something holds itself."""
_INDENT: Final = "  "
_MEMBER_SIZE: Final = 8


def encode(run: Run, value: object, *, escape_html: bool = True, pretty: bool = False) -> str:
    """A value as JSON.

    Args:
        run: Counts what is written.
        value: Of a template.
        escape_html: Whether < > & are escapes.
        pretty: Whether each member has a line of its own, indented by two spaces a level.

    Raises:
        FunctionError: It has no JSON, with Go's text: "json: unsupported type: complex128".
        LimitError: It is too much.
        TooLongError: It is too much for here.
    """
    if type(value) is str:
        run.make(len(value))
        return quote(value) if escape_html else quote_raw(value)
    if not pretty and type(value) in _HOLDERS:
        text = _encode_plain(run, value, escape_html=escape_html)
        if text is not None:
            return text
    return _Encoder(run, quote if escape_html else quote_raw, pretty=pretty).text(value)


# Python's encoder does plain data, which is most of it.
_PYTHON: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
_PLAIN_DEPTH: Final = 50
_PLAIN_MEMBERS: Final = 100_000
_HOLDERS: Final = frozenset({dict, list})
_AS_IT_IS: Final = frozenset({int, bool, type(None)})
_LARGEST_WHOLE: Final = 1 << 53
_SMALLEST_PLAIN: Final = 1e-4
_SPECIAL: Final = re.compile("[\u2028\u2029\ud800-\udfff]")


class _NotPlain(Exception):  # noqa: N818 - it never leaves this module
    """Something that Python writes in another way than Go, or that is nested deep."""


def _encode_plain(run: Run, value: object, *, escape_html: bool) -> str | None:
    """Data that Python's encoder writes as Go does; None: it is not."""
    steps_left, size_left = run.steps_left, run.size_left
    try:
        text = _PYTHON.encode(_plain(run, value, 1, steps_left - _PLAIN_MEMBERS))
    except _NotPlain:
        run.steps_left, run.size_left = steps_left, size_left
        return None
    if not text.isascii() and _SPECIAL.search(text) is not None:
        run.steps_left, run.size_left = steps_left, size_left
        return None
    if escape_html:
        # They stand in texts only.
        for character, escape in _HTML_ESCAPES:
            if character in text:
                text = text.replace(character, escape)
    return text


_HTML_ESCAPES: Final = (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026"))


def _plain(run: Run, value: object, depth: int, least: int) -> object:
    """A copy with integers in the place of floats that are written as such, while there are steps left."""
    if depth > _PLAIN_DEPTH or run.steps_left < least:
        raise _NotPlain
    kind = type(value)
    if kind is dict:
        size = 0
        made: dict[str, object] = {}
        for key, item in value.items():  # type: ignore[attr-defined] # it is a dict
            size += len(key)
            kind = type(item)
            if kind is str:
                size += len(item)
                made[key] = item
            elif kind in _AS_IT_IS:
                made[key] = item
            else:
                made[key] = _plain_number(item) if kind is float else _plain(run, item, depth + 1, least)
        run.step(len(made))
        run.make(size + len(made) * _MEMBER_SIZE)
        return made
    if kind is not list:
        raise _NotPlain
    size = 0
    items: list[object] = []
    for item in value:  # type: ignore[attr-defined] # it is a list
        kind = type(item)
        if kind is str:
            size += len(item)
            items.append(item)
        elif kind in _AS_IT_IS:
            items.append(item)
        else:
            items.append(_plain_number(item) if kind is float else _plain(run, item, depth + 1, least))
    run.step(len(items))
    run.make(size + len(items) * _MEMBER_SIZE)
    return items


def _plain_number(value: float) -> float:
    if value.is_integer():
        if -_LARGEST_WHOLE < value < _LARGEST_WHOLE and (value or copysign(1, value) > 0):
            return int(value)
    elif _SMALLEST_PLAIN <= abs(value) < _LARGEST_WHOLE:
        return value
    raise _NotPlain


class _Encoder(Walk):
    def __init__(self, run: Run, quoted: Callable[[str], str], *, pretty: bool) -> None:
        super().__init__(run)
        self._quoted: Final = quoted
        self._is_pretty: Final = pretty
        self._colon: Final = ": " if pretty else ":"
        # What is open beyond the depth that is not looked at.
        self._path: Final[set[int]] = set()

    def _member(self, item: object) -> str:
        if isinstance(item, str):
            return self._quoted(item)
        if item is None or item is MISSING:
            return "null"
        if isinstance(item, float):
            try:
                return format_json(item)
            except ValueError as error:
                raise FunctionError(str(error)) from None
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, int):
            return int.__repr__(item)
        return self._holder(item)

    def _holder(self, item: object) -> str:
        if isinstance(item, NilList | NilMap):
            return "null"
        if isinstance(item, GoObject):
            instead = item.json()
            if instead is not MISSING:
                return self._member(instead)
            fields = item.fields()
            return self._begin("{", self._of_object(fields, list(fields)), "}", item, len(fields))
        if isinstance(item, Mapping):
            return self._begin("{", self._of_object(item, sorted_keys(item)), "}", item, len(item))
        if not isinstance(item, list):
            raise FunctionError(f"json: unsupported type: {go_type(item)}")
        if isinstance(item, TypedList) and item.element == "uint8":
            raw = bytes(each for each in item if isinstance(each, int))
            return f'"{base64.b64encode(raw).decode()}"'
        return self._begin("[", self._of_list(item), "]", item, len(item))

    def _begin(
        self, opening: str, members: Iterator[tuple[str, object]], closing: str, item: object, count: int
    ) -> str:
        if not count:
            return opening + closing
        depth = len(self._frames)
        if depth >= _UNCHECKED_DEPTH:
            if id(item) in self._path:
                raise FunctionError(f"json: unsupported value: encountered a cycle via {go_type(item)}")
            self._path.add(id(item))
            members = self._leaving(members, item)
        if self._is_pretty:
            closing = self._line(depth) + closing
        return self._open(opening, members, closing, count)

    def _leaving(self, members: Iterator[tuple[str, object]], item: object) -> Iterator[tuple[str, object]]:
        yield from members
        self._path.discard(id(item))

    def _line(self, depth: int) -> str:
        return "\n" + _INDENT * depth if self._is_pretty else ""

    def _of_list(self, items: list[object]) -> Iterator[tuple[str, object]]:
        line = self._line(len(self._frames))
        before = line
        for item in items:
            yield before, item
            before = f",{line}"

    def _of_object(self, item: Mapping[str, object], keys: list[str]) -> Iterator[tuple[str, object]]:
        line = self._line(len(self._frames))
        before = line
        for key in keys:
            yield f"{before}{self._quoted(key)}{self._colon}", item[key]
            before = f",{line}"


# --- decoding -------------------------------------------------------------------------------------------------------


def _decoded(run: Run, text: str) -> object:
    raw = to_bytes(text)
    count = count_values(raw, 0)
    run.step(count)
    run.make(len(raw) + count * _MEMBER_SIZE)
    try:
        return decode_floats(raw)
    except JsonError as error:
        raise FunctionError(error.text) from None


def _must_from_json(run: Run, text: str) -> object:
    return _decoded(run, text)


def _from_json(run: Run, text: str) -> object:
    try:
        return _decoded(run, text)
    except FunctionError:
        pass
    # A number beyond float64 is nil to Go, and the rest of the document counts.
    try:
        return _without_infinite(decode(to_bytes(text)))
    except JsonError:
        return None


def _without_infinite(value: object) -> object:
    """A decoded document with nil in the place of numbers that float64 does not hold."""
    top = [value]
    left: list[Any] = [top]
    while left:
        holder = left.pop()
        for key, item in list(enumerate(holder) if isinstance(holder, list) else holder.items()):
            if isinstance(item, list | dict):
                left.append(item)
            elif isinstance(item, float):
                holder[key] = None if isinf(item) else float(item)
    return top[0]


# --- encoding -------------------------------------------------------------------------------------------------------


def _must_to_json(run: Run, value: object) -> str:
    return encode(run, value)


def _to_json(run: Run, value: object) -> str:
    try:
        return encode(run, value)
    except FunctionError:
        return ""


def _must_to_pretty_json(run: Run, value: object) -> str:
    return encode(run, value, pretty=True)


def _to_pretty_json(run: Run, value: object) -> str:
    try:
        return encode(run, value, pretty=True)
    except FunctionError:
        return ""


def _to_raw_json(run: Run, value: object) -> str:
    return encode(run, value, escape_html=False)


FUNCTIONS: Final = (
    function("jsonMarshal", "(interface {}) string", _must_to_json, needs_run=True),
    function("toJson", "(interface {}) string", _to_json, needs_run=True),
    function("mustToJson", "(interface {}) string", _must_to_json, needs_run=True),
    function("toPrettyJson", "(interface {}) string", _to_pretty_json, needs_run=True),
    function("mustToPrettyJson", "(interface {}) string", _must_to_pretty_json, needs_run=True),
    function("toRawJson", "(interface {}) string", _to_raw_json, needs_run=True),
    function("mustToRawJson", "(interface {}) string", _to_raw_json, needs_run=True),
    function("fromJson", "(string) interface {}", _from_json, needs_run=True),
    function("mustFromJson", "(string) interface {}", _must_from_json, needs_run=True),
)
