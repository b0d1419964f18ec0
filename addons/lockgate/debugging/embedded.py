"""Templates and scripts that stand in a definition as base64: found in its text, so that they can be edited as text."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.decoding.positions import parts_of
from lockgate.decoding.syntax import Parsed, SyntaxProblem
from lockgate.loading.documents import parse_text
from lockgate.problems import pointer

_OF_OAS: Final = ("transformRequestBody", "transformResponseBody", "virtualEndpoint", "x-lockgate")
"""Sections whose ``body`` is base64."""
_KEYS: Final = ("body", "code", "template_source", "function_source_uri")
_MOST: Final = 500
_LAST_SINGLE: Final = "\uffff"
"""Characters behind it are two units."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One of them."""

    pointer: str
    """To the base64."""
    text: str
    encoded: str
    """As it stands in the document."""
    offset: int
    """Of ``encoded`` in the document's text, in UTF-16 units, as scripts of pages count."""


def embedded_in(text: str, file: str) -> tuple[Embedded, ...]:
    """What stands in a text as base64; () where the text cannot be read.

    Args:
        text: JSON or YAML.
        file: Its name, which may say which.
    """
    try:
        documents = parse_text(text, file)
    except SyntaxProblem:
        return ()
    return tuple(one for parsed in documents for one in _of_document(parsed, text))[:_MOST]


def _of_document(parsed: Parsed, text: str) -> Iterator[Embedded]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for place, encoded in _found(parsed.value, ()):
        decoded = _decoded(encoded)
        if not decoded:
            continue
        at = pointer(*place)
        number = parsed.positions.line_of(at)
        offset = text.find(encoded, starts[min(max(number - 1, 0), len(starts) - 1)])
        if offset >= 0:
            beyond = sum(character > _LAST_SINGLE for character in text[:offset]) if not text.isascii() else 0
            yield Embedded(at, decoded, encoded, offset + beyond)


def _found(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key in _KEYS and isinstance(one, str) and _is_packed(value, key, place):
                yield (*place, key), one
            else:
                yield from _found(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _found(one, (*place, index))


def _is_packed(section: Mapping[str, Any], key: str, place: tuple[str | int, ...]) -> bool:
    match key:
        case "body":
            return bool(place) and place[-1] in _OF_OAS
        case "template_source":
            return bool(section.get("template_mode", "blob") == "blob")
        case "function_source_uri":
            return bool(section.get("function_source_type") == "blob")
    return True


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def line_of(text: str, file: str, at: str) -> int:
    """The line on which the value at a JSON Pointer begins; the nearest one above where there is none, else 1.

    Args:
        text: JSON or YAML.
        file: Its name.
        at: The pointer, within the definition.
    """
    try:
        documents = parse_text(text, file)
    except SyntaxProblem:
        return 1
    lines = [parsed.positions.line_of(at) for parsed in documents if _has(parsed.value, at)]
    return lines[0] if lines else 1


def _has(value: Any, at: str) -> bool:
    parts = parts_of(at)
    return not parts or (isinstance(value, Mapping) and parts[0] in value) or isinstance(value, list)
