"""What an OpenAPI document tells of the data that a template gets: names and kinds of its fields.

Schemas and examples count alike: a field that one of them has is known. What nothing is said of is unknown, and nobody
may conclude anything from it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from lockgate.documents.numbers import format_g

MOST_LEVELS: Final = 12
"""Of schemas inside one another that are looked at."""
MOST_SCHEMAS: Final = 2000
"""That are looked at for one template."""

_JSON: Final = re.compile(r"[^/]+/(?:[^/]+\+)?json", re.IGNORECASE)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_TYPES: Final[Mapping[str, str]] = {
    "object": "object",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}
_PLAIN_FORMATS: Final = frozenset(("uuid", "date", "date-time", "time", "ipv4", "ipv6", "byte"))
_PLAIN: Final = re.compile(r"[\w .:+/=@,;-]*")
_MOST_REFERENCES: Final = 32


@dataclass(frozen=True, slots=True)
class Fields:
    """What is known of a value."""

    kinds: frozenset[str] = frozenset()
    """"object", "list", "text", "number", "boolean", "null": one of these. Empty: nothing is known."""
    members: Mapping[str, "Fields"] = field(default_factory=dict)
    """Of an object, by name."""
    is_closed: bool = False
    """Whether an object has no other members, as far as anybody said."""
    items: "Fields | None" = None
    """Elements of a list."""
    number: float | None = None
    """One that it may be, and that is printed in exponent form; None: nobody showed such a one."""
    is_plain: bool = False
    """Whether a text has a form in which nothing needs escaping."""


UNKNOWN: Final = Fields()
_CONTEXT: Final = ("_tyk_context", "_tyk_meta")


def known_fields(document: Mapping[str, Any], contents: Iterable[Any]) -> Fields | None:
    """What is known of the data of a template whose input is JSON.

    Args:
        document: The OpenAPI document.
        contents: The ``content`` of a request body or of responses: media objects by media type. Of several, the body
            may be any.

    Returns:
        Of ``.``; None: nothing is known.
    """
    reader = _Reader(document)
    found = [
        reader.media(media)
        for content in contents
        if isinstance(content, Mapping)
        for media_type, media in content.items()
        if isinstance(media_type, str) and _JSON.fullmatch(media_type.partition(";")[0].strip())
    ]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return _as_data(_any_of(known))


def _as_data(body: Fields) -> Fields | None:
    """The data that is made of a body: a list stands under "array", and what is neither list nor object is left out."""
    if not body.kinds:
        return None
    members = dict(body.members)
    if "list" in body.kinds:
        members["array"] = Fields(frozenset(("list",)), items=body.items)
    if not members:
        return None
    members.update(dict.fromkeys(_CONTEXT, UNKNOWN))
    is_closed = body.is_closed or "object" not in body.kinds
    return Fields(frozenset(("object",)), members, is_closed)


class _Reader:
    """Reads the schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document: Final = document
        self._left = MOST_SCHEMAS

    def media(self, media: Any) -> Fields | None:
        """What a media object says; None: nothing."""
        media = self._followed(media)
        if not isinstance(media, Mapping):
            return None
        examples = [shown(value) for value in self._examples(media)]
        made = self._schema(media.get("schema"), 0)
        if not made.kinds:
            return _any_of(examples) if examples else None
        for example in examples:
            made = _shown_too(made, example)
        return made

    def _examples(self, media: Mapping[str, Any]) -> Iterator[Any]:
        if media.get("example") is not None:
            yield media["example"]
        examples = media.get("examples")
        for written in examples.values() if isinstance(examples, Mapping) else ():
            example = self._followed(written)
            if isinstance(example, Mapping) and example.get("value") is not None:
                yield example["value"]

    def _schema(self, written: Any, level: int) -> Fields:
        self._left -= 1
        if level > MOST_LEVELS or self._left < 0:
            return UNKNOWN
        schema = self._followed(written)
        if not isinstance(schema, Mapping) or "not" in schema or "if" in schema:
            return UNKNOWN
        made = self._own(schema, level)
        parts = [self._schema(part, level + 1) for part in _list(schema.get("allOf"))]
        for keyword in ("oneOf", "anyOf"):
            alternatives = [self._schema(part, level + 1) for part in _list(schema.get(keyword))]
            if alternatives:
                parts.append(_any_of(alternatives))
        for part in parts:
            made = _both(made, part)
        if not all(part.kinds for part in parts):
            # What is not known may allow more.
            made = replace(made, is_closed=False)
        return _with_values(made, schema)

    def _own(self, schema: Mapping[str, Any], level: int) -> Fields:
        """What a schema says by itself."""
        properties = schema.get("properties")
        members = properties if isinstance(properties, Mapping) else {}
        kinds = _kinds(schema)
        is_closed = bool(members) and not any(
            schema.get(keyword) not in (None, False)
            for keyword in ("additionalProperties", "patternProperties", "unevaluatedProperties")
        )
        items = self._schema(schema.get("items"), level + 1) if "list" in kinds else None
        return Fields(
            kinds,
            {str(name): self._schema(one, level + 1) for name, one in members.items()},
            is_closed,
            items,
            is_plain=schema.get("format") in _PLAIN_FORMATS,
        )

    def _followed(self, value: Any) -> Any:
        """What ``{"$ref": "#/…"}`` stands for; None when it leads nowhere."""
        for _ in range(_MOST_REFERENCES):
            reference = value.get("$ref") if isinstance(value, Mapping) else None
            if not isinstance(reference, str):
                return value
            value = self._found(reference)
        return None

    def _found(self, reference: str) -> Any:
        root, hash_, path = reference.partition("#/")
        if root or not hash_:
            return None
        value: Any = self._document
        for part in unquote(path).split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping):
                value = value.get(key)
            elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value


def _kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that a schema allows; empty: it does not say."""
    written = schema.get("type")
    names = [written] if isinstance(written, str) else _list(written)
    kinds = {_TYPES[name] for name in names if isinstance(name, str) and name in _TYPES}
    if not kinds and isinstance(schema.get("properties"), Mapping):
        kinds.add("object")
    if kinds and schema.get("nullable") is True:
        kinds.add("null")
    return frozenset(kinds)


def _with_values(made: Fields, schema: Mapping[str, Any]) -> Fields:
    """With what single values of a schema show."""
    choices = _list(schema.get("enum")) + ([schema["const"]] if "const" in schema else [])
    if choices:
        of_choices = _any_of([shown(choice) for choice in choices])
        is_plain = all(not isinstance(choice, str) or _PLAIN.fullmatch(choice) for choice in choices)
        made = replace(made if made.kinds else of_choices, number=of_choices.number, is_plain=is_plain)
    for value in (schema.get("example"), *_list(schema.get("examples")), schema.get("default")):
        if value is not None and made.kinds:
            made = _shown_too(made, shown(value))
    minimum = _exponent(schema.get("minimum"))
    return replace(made, number=minimum) if minimum is not None and made.number is None else made


def _shown_too(made: Fields, example: Fields) -> Fields:
    """With an example of it, which may have fields that the schema does not name."""
    members = dict(made.members)
    for name, one in example.members.items():
        members[name] = _shown_too(members[name], one) if name in members and members[name].kinds else one
    items = made.items
    if items is not None and example.items is not None:
        items = _shown_too(items, example.items) if items.kinds else items
    number = example.number if made.number is None else made.number
    return replace(made, members=members, items=items, number=number)


def shown(value: Any, level: int = 0) -> Fields:
    """What an example shows."""
    if level > MOST_LEVELS:
        return UNKNOWN
    if value is None:
        return Fields(frozenset(("null",)))
    if isinstance(value, bool):
        return Fields(frozenset(("boolean",)))
    if isinstance(value, int | float):
        return Fields(frozenset(("number",)), number=_exponent(value))
    if isinstance(value, str):
        return Fields(frozenset(("text",)))
    if isinstance(value, Mapping):
        members = {str(name): shown(one, level + 1) for name, one in value.items()}
        return Fields(frozenset(("object",)), members, is_closed=bool(members))
    if isinstance(value, list):
        return Fields(frozenset(("list",)), items=_any_of([shown(one, level + 1) for one in value]) if value else None)
    return UNKNOWN


def _exponent(value: Any) -> float | None:
    """A number, if a template prints it in exponent form."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if "e" in format_g(number) else None


def _any_of(several: list[Fields]) -> Fields:
    """Of a value that is one of these."""
    if len(several) == 1:
        return several[0]
    if not all(one.kinds for one in several):
        kinds: frozenset[str] = frozenset()
    else:
        kinds = frozenset(kind for one in several for kind in one.kinds)
    objects = [one for one in several if not one.kinds or "object" in one.kinds]
    names = dict.fromkeys(name for one in objects for name in one.members)
    members = {name: _any_of([one.members[name] for one in objects if name in one.members]) for name in names}
    lists = [one.items for one in several if one.items is not None]
    unknown_items = any("list" in one.kinds and one.items is None for one in several)
    numbers = [one.number for one in several if one.number is not None]
    texts = [one for one in several if "text" in one.kinds]
    return Fields(
        kinds,
        members,
        bool(objects) and all(one.is_closed for one in objects),
        _any_of(lists) if lists and not unknown_items else None,
        numbers[0] if numbers else None,
        bool(texts) and all(one.is_plain for one in texts),
    )


def _both(first: Fields, second: Fields) -> Fields:
    """Of a value that is both of these."""
    kinds = first.kinds & second.kinds if first.kinds and second.kinds else first.kinds or second.kinds
    members = dict(first.members)
    for name, one in second.members.items():
        members[name] = _both(members[name], one) if name in members else one
    is_closed = all(one.is_closed for one in (first, second) if one.kinds or one.members)
    items = first.items if second.items is None else second.items
    number = second.number if first.number is None else first.number
    return Fields(kinds, members, is_closed, items, number, first.is_plain or second.is_plain)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
