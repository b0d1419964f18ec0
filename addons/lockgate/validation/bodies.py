"""Bodies of requests and responses: which media type of the document one is, what it says, and whether it may.

Source: behaviour-chain 4.8, "Bodies".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.documents import json as documents
from lockgate.exchange import encode_text
from lockgate.routing.pattern import decoded
from lockgate.validation.bodies_csv import decode_csv
from lockgate.validation.bodies_form import UNSUPPORTED, Encoding, decode_form, with_fields
from lockgate.validation.bodies_multipart import parameters_of, parts_of
from lockgate.validation.bodies_yaml import decode_yaml
from lockgate.validation.budget import too_many
from lockgate.validation.layout import UNTYPED, Layout
from lockgate.validation.nodes import INLINE_STEPS, MAX_STEPS, TooComplexError
from lockgate.validation.openapi_schema import Direction, OpenApiSchema
from lockgate.validation.scalars import ReadingError, UnreadableError, not_finite, read_scalar
from lockgate.validation.texts import quoted

INLINE_BYTES: Final = 32 * 1024
"""Larger bodies are looked at in a thread: JSON that gets the fast yes, and text."""

INLINE_DECODED_BYTES: Final = 4 * 1024
"""Likewise other JSON, and forms, multipart bodies and CSV."""

INLINE_YAML_BYTES: Final = 512
"""Likewise YAML, which takes a hundred times as long as JSON."""

MOST_LEVELS: Final = 3
"""Of multipart bodies within one another."""

JSON_TYPES: Final = frozenset(
    {
        "application/json",
        "application/json-patch+json",
        "application/ld+json",
        "application/hal+json",
        "application/vnd.api+json",
        "application/problem+json",
    }
)
_YAML_TYPES: Final = frozenset({"application/yaml", "application/x-yaml"})
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_TEXT: Final = "text/plain"
_ASKS_NOTHING: Final = frozenset({"type", "format", "title", "description", "example", "examples", "nullable"})
_WHOLE_TYPES: Final = frozenset({_TEXT, "application/octet-stream"})


@dataclass(frozen=True, slots=True, eq=False)
class MediaType:
    """One entry of ``content``, compiled."""

    schema: OpenApiSchema | None = None
    """None: anything passes."""
    layout: Layout = UNTYPED
    encodings: Mapping[str, Encoding] = field(default_factory=dict)
    title: str = ""
    """Of the schema, for messages where it stands in place."""

    @property
    def takes_any_text(self) -> bool:
        """Whether nothing is asked of the bytes: a file that is sent as it is."""
        written = {} if self.schema is None else self.schema.schema
        return written.get("type") == "string" and written.keys() <= _ASKS_NOTHING

    @property
    def label(self) -> str:
        """For messages: a blank and the schema's name; "" where it has none."""
        schema = self.schema
        name = (schema.ref or self.title).strip() if schema is not None else ""
        return f" {name}" if name else ""


@dataclass(frozen=True, slots=True)
class BodyFinding:
    """What is to be said of one body."""

    cause: str = ""
    """Why it is refused; "" when it passes."""
    body: bytes | None = None
    """With its defaults; None where it goes on as it came."""


_PASSES: Final = BodyFinding()


def choose[T](content: Mapping[str, T], content_type: str) -> T | None:
    """The entry for a Content-Type: the whole text, without parameters, ``type/*``, ``*/*``. Case counts."""
    if not content_type:
        return content.get("*/*")
    found = content.get(content_type)
    if found is not None:
        return found
    bare = content_type.partition(";")[0]
    found = content.get(bare)
    if found is not None:
        return found
    kind, slash, _ = bare.partition("/")
    if not slash:
        return None
    found = content.get(f"{kind}/*")
    return content.get("*/*") if found is None else found


def is_inline(media: MediaType, content_type: str, raw: bytes) -> bool:
    """Whether a body may be looked at on the event loop, as far as its size tells."""
    bare = content_type.partition(";")[0]
    if bare in _YAML_TYPES:
        return len(raw) <= INLINE_YAML_BYTES and b"&" not in raw
    whole = bare in JSON_TYPES or bare in _WHOLE_TYPES
    return media.schema is None or len(raw) <= (INLINE_BYTES if whole else INLINE_DECODED_BYTES)


def check_body(
    media: MediaType,
    content_type: str,
    raw: bytes,
    direction: Direction = Direction.REQUEST,
    *,
    steps: int = MAX_STEPS,
) -> BodyFinding:
    """Read and judge a body that is not empty.

    Args:
        media: The entry that was chosen for it.
        content_type: Of the message.
        raw: Its bytes.
        direction: Which way it goes; defaults are filled into requests only.
        steps: How much work judging it may be, as ``OpenApiSchema.judge`` counts.

    Raises:
        TooComplexError: It takes more steps to judge than are allowed.
    """
    schema = media.schema
    if schema is None:
        return _PASSES
    bare = content_type.partition(";")[0]
    if bare in JSON_TYPES:
        return _check_json(media, schema, raw, direction, steps)
    try:
        decoded_body = _decode(bare, content_type, raw, media.layout, media.encodings, 0)
    except (ReadingError, UnreadableError) as error:
        return BodyFinding(_undecodable(direction, error))
    return _judged(media, schema, decoded_body, direction, steps)


def _undecodable(direction: Direction, error: object) -> str:
    return f"failed to decode {direction.value} body: {error}"


def _check_json(media: MediaType, schema: OpenApiSchema, raw: bytes, direction: Direction, steps: int) -> BodyFinding:
    if problem := too_many(raw):
        return BodyFinding(_undecodable(direction, problem))
    if schema.passes_text(raw, direction=direction, steps=steps):
        return _PASSES
    if steps <= INLINE_STEPS and len(raw) > INLINE_DECODED_BYTES:
        raise TooComplexError
    try:
        value = _json(raw)
    except documents.JsonError as error:
        return BodyFinding(_undecodable(direction, error.text))
    return _judged(media, schema, _Decoded(value, encode=documents.encode), direction, steps)


def _json(raw: bytes) -> Any:
    """The one value of a JSON text.

    Raises:
        JsonError: With the text of Go's Decoder, where the beginning is no value; else of its Unmarshal.
    """
    # Differs: the reference gateway does not look at what follows the first value (test_nothing_follows_the_value).
    try:
        return documents.decode(raw)
    except documents.JsonError:
        documents.decode(raw, trailing_allowed=True)
        raise


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A body that was read."""

    value: Any
    recorded: Any = None
    """What the reference gateway would judge instead, for the words of a refusal; None where it is the same."""
    problem: str = ""
    """Why a part cannot be read."""
    encode: Callable[[Any], bytes] | None = None
    """To bytes, with defaults filled in; None where it goes on as it came."""


def _judged(media: MediaType, schema: OpenApiSchema, body: _Decoded, direction: Direction, steps: int) -> BodyFinding:
    verdict = schema.judge(body.value, direction=direction, steps=steps)
    # JSON cannot hold what a default would have to be written beside.
    cause = verdict.violation or (not_finite(body.value) if verdict.filled else "")
    problem = _undecodable(direction, body.problem) if body.problem else ""
    if body.recorded is not None and (cause or problem):
        recorded = schema.judge(body.recorded, direction=direction, steps=steps).violation
        cause = recorded or ("" if problem else cause)
    if cause:
        return BodyFinding(f"doesn't match schema{media.label}: {cause}")
    if problem:
        return BodyFinding(problem)
    # Differs: the reference gateway refuses what lacks a default where it is not application/json
    # (test_defaults_are_written_into_other_json).
    if verdict.filled and body.encode is not None:
        return BodyFinding(body=body.encode(verdict.value))
    return _PASSES


def _decode(
    bare: str, content_type: str, raw: bytes, layout: Layout, encodings: Mapping[str, Encoding], depth: int
) -> _Decoded:
    """Read a body or a part.

    Raises:
        ReadingError: It cannot be read, in a part of it.
        UnreadableError: It cannot be read.
    """
    if bare in JSON_TYPES:
        if problem := too_many(raw):
            raise UnreadableError(problem)
        try:
            return _Decoded(_json(raw))
        except documents.JsonError as error:
            raise UnreadableError(error.text) from None
    if bare in _YAML_TYPES:
        # JSON is YAML too: with its defaults filled in, the body is written so.
        return _Decoded(decode_yaml(raw), encode=documents.encode)
    match bare:
        case "text/plain" | "application/octet-stream":
            return _Decoded(decoded(raw))
        case "text/csv":
            return _Decoded(decode_csv(raw))
        case "application/x-www-form-urlencoded":
            form = decode_form(raw, layout, encodings)
            return _Decoded(
                form.value,
                form.recorded,
                form.problem,
                # Differs: the reference gateway refuses a form that lacks a default
                # (test_a_form_gets_the_defaults_that_it_lacks).
                lambda filled: with_fields(raw, form.value, filled, encodings),
            )
        case "multipart/form-data":
            return _Decoded(_multipart(content_type, raw, layout, encodings, depth))
    raise UnreadableError(f"unsupported content type {quoted(bare)}")


def _multipart(
    content_type: str, raw: bytes, layout: Layout, encodings: Mapping[str, Encoding], depth: int
) -> dict[str, Any]:
    if layout.kind != "object":
        raise UnreadableError(UNSUPPORTED)
    if depth > MOST_LEVELS:
        raise UnreadableError("multipart: nested too deeply")
    boundary = parameters_of(encode_text(content_type)).get("boundary", b"")
    declared = _declared(layout)
    values: dict[str, list[Any]] = {}
    for part in parts_of(raw, boundary):
        inner = declared.get(part.name)
        if inner is None:
            # Differs: the reference gateway passes over a part whose name it cannot read
            # (test_a_part_is_what_it_says_once).
            if layout.additional is True and not layout.all_of and part.name:
                continue
            raise UnreadableError(f"part {part.name}: undefined")
        item = (inner.items or UNTYPED) if inner.kind == "array" and not layout.all_of else inner
        kind = part.content_type or _TEXT
        bare = kind.partition(";")[0]
        try:
            value = _decode(bare, kind, part.content, item, encodings, depth + 1).value
        except ReadingError as error:
            raise error.within(part.name) from None
        except UnreadableError as error:
            raise _in_part(part.name, bare, str(error)) from None
        values.setdefault(part.name, []).append(_as_declared(value, item) if bare == _TEXT else value)
    return {name: found if declared[name].kind == "array" else found[0] for name, found in values.items()}


def _in_part(name: str, bare: str, reason: str) -> Exception:
    plain = bare in (_FORM, _MULTIPART, "text/csv", "application/octet-stream")
    return UnreadableError(f"part {name}: {reason}") if plain else ReadingError(reason, (name,))


def _as_declared(text: str, layout: Layout) -> object:
    """A part that is plain text, as the type that its property has.

    Differs: for the reference gateway it is always a string (test_a_plain_part_may_be_a_number).
    """
    if not layout.types or "string" in layout.types or layout.kind in ("object", "array"):
        return text
    try:
        value = read_scalar(text, layout)
    except ReadingError:
        return text
    return text if value is None else value


def _declared(layout: Layout) -> dict[str, Layout]:
    """Parts that may be there, by name."""
    found: dict[str, Layout] = {}
    for holder in layout.all_of or (layout,):
        found.update(holder.properties)
        if isinstance(holder.additional, Layout):
            found.update({name: inner for name, inner in holder.additional.properties.items() if name not in found})
    return found
