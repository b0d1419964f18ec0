"""Answers made from the examples and schemas of an OpenAPI document.

Everything is made once, when a definition is loaded: for each response, media type and example the finished body. Knows
no middleware. Documents of version 3.1 are hardly checked before, so nothing here relies on their form.

Source: behaviour-chain 4.10; OpenAPI 3.0.3; kin-openapi, Content.Get.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, final
from urllib.parse import unquote

from lockgate.documents.json import encode
from lockgate.documents.numbers import format_v
from lockgate.exchange import NO_HEADERS, Headers, canonical, encode_text

MOST_LEVELS: Final = 100
"""Schemas within one another; what lies deeper is left out."""

LARGEST_BODY: Final = 64 * 1024
"""Characters, about, of a body that is made from a schema. What exceeds them is left out."""

LARGEST_SUM: Final = 16 * 1024 * 1024
"""Characters, about, of all bodies of one definition that are made from schemas."""

_STATUS: Final = re.compile(r"[1-9][0-9]{2}")
_JSON: Final = re.compile(r"\*/\*|application/\*|[^/,\s]+/(?:[^/,\s]+\+)?json", re.IGNORECASE)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_MOST_REFERENCES: Final = 100
_COST: Final = 8  # Of one value, beside its text.
_WITHOUT_BODY: Final = frozenset({204, 304})

type Place = tuple[str | int, ...]
"""Keys and indexes from the root of the document."""


@dataclass(frozen=True, slots=True)
class Example:
    """One finished body."""

    json: bytes
    text: bytes | None = None
    """Of an example that is a text: the text itself, for media types that are not JSON."""

    def body(self, content_type: str) -> bytes:
        """As it is sent with ``content_type``."""
        # Differs: the reference gateway sends JSON whatever the media type, so that a text of a CSV or HTML example has
        # quotes and escapes (test_a_text_is_sent_as_it_is_where_it_is_not_json).
        return self.json if self.text is None or is_json(content_type) else self.text


@dataclass(frozen=True, slots=True)
class MediaExamples:
    """What there is of one media type."""

    only: Example | None = None
    """Whatever name is asked for."""
    named: Mapping[str, Example] = field(default_factory=dict)
    """In order of their names, where there is no ``only``."""

    def find(self, name: str) -> Example | None:
        """The example of a name; the first one for ""."""
        if self.only is not None:
            return self.only
        return self.named.get(name) if name else next(iter(self.named.values()), None)


@dataclass(frozen=True, slots=True)
class ExampleResponse:
    """One response of an operation."""

    headers: Headers = NO_HEADERS
    """Without Content-Type: that is chosen with the example."""
    content: Mapping[str, MediaExamples] = field(default_factory=dict)
    """By media type or range: "application/json", "text/*". Empty: the document names none."""

    def find(self, content_type: str) -> MediaExamples | None:
        """What there is of a media type: the type itself, without its parameters, ``type/*``, ``*/*``."""
        content = self.content
        plain = content_type.partition(";")[0]
        main, slash, _ = plain.partition("/")
        for key in (content_type, plain, *((f"{main}/*", "*/*") if slash else ())):
            if key in content:
                return content[key]
        return None


type ExampleResponses = Mapping[int, ExampleResponse]
"""By status. ``default`` and ranges such as 4XX are not among them: no request gets them."""


class Missing(Enum):
    """What a request asked for that the document does not have; the value is how the reference gateway words it."""

    CODE = "code"
    CONTENT_TYPE = "content type"
    NAME = "example name"


def select(responses: ExampleResponses, code: int, content_type: str, name: str) -> tuple[Headers, bytes] | Missing:
    """Headers and body of an answer.

    Args:
        responses: Of the operation.
        code: Status of the response.
        content_type: As it was asked for, parameters included; the answer has it.
        name: Of the example; "" takes the first.
    """
    response = responses.get(code)
    if response is None:
        return Missing.CODE
    if not response.content and code in _WITHOUT_BODY:
        # Differs: in the reference gateway this is the missing content type (test_a_204_without_content_is_answered).
        return response.headers, b""
    media = response.find(content_type)
    if media is None:
        return Missing.CONTENT_TYPE
    example = media.find(name)
    if example is None:
        return Missing.NAME
    return response.headers.set("Content-Type", content_type), example.body(content_type)


def is_json(content_type: str) -> bool:
    """Whether a media type is JSON, or a range that JSON is in."""
    return _JSON.fullmatch(content_type.partition(";")[0].strip()) is not None


# ── making ──


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that was met while examples were made."""

    message: str
    place: Place
    """Of the schema, example or reference."""
    reference: bool = False
    """It is about a reference that leads nowhere; the others are about what was left out."""


class _Nothing:
    """Stands for a value that is left out."""

    __slots__ = ()


_NOTHING: Final = _Nothing()


@final
class ExampleMaker:
    """Makes the examples of one document. What several operations share is made once."""

    __slots__ = (
        "_cuts",
        "_document",
        "_finished",
        "_known",
        "_left",
        "_open",
        "_references",
        "_remarks",
        "_sum_left",
        "_values",
        "headers_seen",
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document: Final = document
        self._known: Final[list[object]] = []
        """What the caches know by identity: it must not go away."""
        self._remarks: Final[dict[tuple[str, Place], Remark]] = {}
        self._finished: Final[dict[tuple[int, bool], Example]] = {}
        self._references: Final[dict[str, tuple[Any, Place] | None]] = {}
        self._values: Final[dict[int, tuple[Any, int]]] = {}
        """Of schemas of which nothing was left out: value and cost, by identity."""
        self._open: Final[set[int]] = set()
        self._cuts = 0
        self._left = 0
        self._sum_left = LARGEST_SUM
        self.headers_seen: Final[dict[Place, str]] = {}
        """Names of the headers of all responses, by place."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was odd so far, each thing once."""
        return tuple(self._remarks.values())

    def responses(self, operation: Mapping[str, Any], place: Place) -> ExampleResponses:
        """All that an operation could be answered with.

        Args:
            operation: As the document has it.
            place: Of it.
        """
        made: dict[int, ExampleResponse] = {}
        for key, written in _items(operation.get("responses")):
            if _STATUS.fullmatch(key):
                response, at = self._followed(written, (*place, "responses", key))
                if isinstance(response, dict):
                    made[int(key)] = self._response(response, at)
        return made

    def _response(self, response: Mapping[str, Any], place: Place) -> ExampleResponse:
        content: dict[str, MediaExamples] = {}
        for media_type, written in _items(response.get("content")):
            media, at = self._followed(written, (*place, "content", media_type))
            if isinstance(media, dict):
                content[media_type] = self._media(media, at)
        return ExampleResponse(self._headers(response, place), content)

    def _headers(self, response: Mapping[str, Any], place: Place) -> Headers:
        headers = NO_HEADERS
        for name, written in sorted(_items(response.get("headers"))):
            if name.lower() in ("content-type", "content-length", "transfer-encoding"):
                continue
            at: Place = (*place, "headers", name)
            self.headers_seen[at] = name
            header, inside = self._followed(written, at)
            schema = header.get("schema") if isinstance(header, dict) else None
            headers = headers.set(canonical(name), format_v(self._built(schema, (*inside, "schema"))))
        return headers

    def _media(self, media: Mapping[str, Any], place: Place) -> MediaExamples:
        direct = media.get("example")
        if direct is not None:
            return MediaExamples(self._given(direct, (*place, "example")))
        examples = dict(sorted(_items(media.get("examples"))))
        if not examples:
            return MediaExamples(self._generated(media, place))
        named: dict[str, Example] = {}
        for name, written in examples.items():
            example, at = self._followed(written, (*place, "examples", name))
            value = example.get("value") if isinstance(example, dict) else None
            # One without a value has nothing to say: the schema has.
            named[name] = self._generated(media, place) if value is None else self._given(value, (*at, "value"))
        return MediaExamples(named=named)

    def _given(self, value: Any, place: Place) -> Example:
        """An example that the document holds."""
        key = (id(value), False)
        # Texts and numbers have no identity, and cost nothing.
        shared = isinstance(value, dict | list)
        if shared and key in self._finished:
            return self._finished[key]
        made = _finished(self._copied(value, place))
        if shared:
            self._known.append(value)
            self._finished[key] = made
        return made

    def _generated(self, media: Mapping[str, Any], place: Place) -> Example:
        """An example made from a media type's schema."""
        schema, at = self._followed(media.get("schema"), (*place, "schema"))
        if not isinstance(schema, dict):
            return _finished(None)
        key = (id(schema), True)
        if key not in self._finished:
            self._known.append(schema)
            if schema.get("example") is not None:
                self._finished[key] = self._given(schema["example"], (*at, "example"))
            else:
                self._finished[key] = _finished(self._built(schema, at))
        return self._finished[key]

    # values

    def _built(self, schema: Any, place: Place) -> Any:
        """A whole value from a schema, as large as it may be."""
        limit = self._left = min(LARGEST_BODY, self._sum_left)
        if not limit:
            self._remark(f"all bodies from schemas have more than {LARGEST_SUM // 1024} kB: this one is null", place)
        value = self._value(schema, place)
        self._sum_left -= limit - max(self._left, 0)
        return None if isinstance(value, _Nothing) else value

    def _value(self, written: Any, place: Place) -> Any:
        """A value as a schema describes it, or ``_NOTHING`` where it cannot be given."""
        if self._left <= 0:
            self._cuts += 1
            return _NOTHING
        schema, at = self._followed(written, place)
        if not isinstance(schema, dict):
            return self._paid(None, at)
        if schema.get("example") is not None:
            return self._paid(schema["example"], (*at, "example"))
        key = id(schema)
        if key in self._values:
            value, cost = self._values[key]
            if cost < self._left:
                self._left -= cost
                return value
        if key in self._open:
            # Differs: the reference gateway dies of it (test_a_schema_ends_where_it_contains_itself).
            return self._left_out("the schema contains itself", at)
        if len(self._open) >= MOST_LEVELS:
            return self._left_out(f"schemas are nested more than {MOST_LEVELS} levels deep", at)
        cuts, left = self._cuts, self._left
        self._open.add(key)
        value = self._by_type(schema, at)
        self._open.remove(key)
        if self._cuts == cuts:
            self._known.append(schema)
            self._values[key] = value, left - self._left
        return value

    def _by_type(self, schema: Mapping[str, Any], place: Place) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        if kind == "object":
            made: dict[str, Any] = {}
            for name, inner in sorted(_items(schema.get("properties"))):
                if isinstance(self._paid(name, place), _Nothing):
                    break
                value = self._value(inner, (*place, "properties", name))
                if not isinstance(value, _Nothing):
                    made[name] = value
            return made
        if kind == "array":
            value = self._value(schema.get("items"), (*place, "items"))
            return [] if isinstance(value, _Nothing) else [value]
        choices = schema.get("enum")
        if isinstance(choices, list) and choices:
            return self._paid(choices[0], (*place, "enum", 0))
        return self._paid(_BY_TYPE.get(kind) if isinstance(kind, str) else None, place)

    def _paid(self, value: Any, place: Place) -> Any:
        """A copy of a value, if there is room for it."""
        if self._left <= 0:
            self._cuts += 1
            return _NOTHING
        self._left -= _size(value, self._left)
        if self._left <= 0:
            return self._left_out(f"a body from a schema has more than {LARGEST_BODY // 1024} kB", place)
        return self._copied(value, place)

    def _left_out(self, why: str, place: Place) -> _Nothing:
        self._cuts += 1
        self._remark(f"{why}: what is left out of the mock's answer begins here", place)
        return _NOTHING

    def _remark(self, message: str, place: Place, *, reference: bool = False) -> None:
        self._remarks.setdefault((message, place), Remark(message, place, reference))

    def _copied(self, value: Any, place: Place) -> Any:
        """A value of the document as the reference gateway holds it: its numbers are float64."""
        if isinstance(value, dict):
            return {key: self._copied(one, (*place, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._copied(one, (*place, index)) for index, one in enumerate(value)]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        self._remark("the number is too large for a float64: null stands in the mock's answer", place)
        return None

    def _followed(self, value: Any, place: Place) -> tuple[Any, Place]:
        """What ``{"$ref": "#/…"}`` stands for, and where that is; None when it leads nowhere."""
        for _ in range(_MOST_REFERENCES):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return value, place
            found = self._found(reference)
            if found is None:
                break
            value, place = found
        self._remark(f"the reference {reference!r} leads nowhere in this document", place, reference=True)
        return None, place

    def _found(self, reference: str) -> tuple[Any, Place] | None:
        if reference not in self._references:
            self._references[reference] = self._looked_up(reference)
        return self._references[reference]

    def _looked_up(self, reference: str) -> tuple[Any, Place] | None:
        root, hash_, path = reference.partition("#/")
        if root or not hash_:
            return None
        value: Any = self._document
        place: Place = ()
        for part in unquote(path).split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and key in value:
                value, place = value[key], (*place, key)
            elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
                value, place = value[int(key)], (*place, int(key))
            else:
                return None
        return value, place


_BY_TYPE: Final[Mapping[str, Any]] = {"string": "string", "integer": 0.0, "number": 0.0, "boolean": True}


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(())


def _finished(value: Any) -> Example:
    return Example(encode(value), encode_text(value) if isinstance(value, str) else None)


def _size(value: Any, enough: int) -> int:
    """About how many characters a value has; counting ends at ``enough``."""
    total, waiting = 0, [value]
    while waiting and total < enough:
        one = waiting.pop()
        total += _COST
        if isinstance(one, str):
            total += len(one)
        elif isinstance(one, dict):
            total += sum(map(len, one))
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return total
