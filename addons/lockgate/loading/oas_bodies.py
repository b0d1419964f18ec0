"""``transformRequestBody`` and ``transformResponseBody`` of an operation, with our ``x-lockgate`` in them.

Source: behaviour-scripting 1.1.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lockgate.body_transforms.transform import Engine
from lockgate.decoding.shapes import Notes, Place, Shape, boolean, checked, choice, optional, record, required
from lockgate.loading.body_transforms import Written
from lockgate.loading.oas_parts import TEXT
from lockgate.templates.fields import Fields, known_fields

OWN: Final = "x-lockgate"
REQUEST: Final = "transformRequestBody"
RESPONSE: Final = "transformResponseBody"


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """``x-lockgate`` of a body section: what this gateway uses in place of what stands beside it."""

    engine: str = "go"
    """go or jinja2."""
    body: str = ""
    """Base64. Counts before ``path``; both count before those beside ``x-lockgate``."""
    path: str = ""


@dataclass(frozen=True, slots=True)
class BodySection:
    """``transformRequestBody``, ``transformResponseBody``."""

    enabled: bool
    format: str
    body: str = ""
    """Base64."""
    path: str = ""
    """Counts where ``body`` is empty."""
    own: OwnTemplate = OwnTemplate()


def _check_source(value: Any, at: Place, notes: Notes) -> None:
    if not isinstance(value, dict):
        return
    own = value.get(OWN)
    if not any(key in one for one in (value, own) if isinstance(one, dict) for key in ("body", "path")):
        notes.error("missing-key", "expected 'body' or 'path', but both are missing", at)


BODY_SECTION: Final[Shape[BodySection]] = checked(
    record(
        BodySection,
        {
            "enabled": required(boolean()),
            "format": required(choice("json", "xml")),
            "body": TEXT,
            "path": TEXT,
            OWN: optional(
                record(OwnTemplate, {"engine": optional(choice("go", "jinja2"), "go"), "body": TEXT, "path": TEXT}),
                OwnTemplate(),
                name="own",
            ),
        },
    ),
    _check_source,
)


class Endpoint(Protocol):
    """An operation of the document with its middleware."""

    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def section(self) -> Any: ...  # noqa: D102
    @property
    def place(self) -> Place: ...  # noqa: D102


def written_in(document: Mapping[str, Any], endpoints: Iterable[Endpoint]) -> Iterator[Written]:
    """The body transforms of operations that are on: of all requests, then of all responses."""
    known = tuple(endpoints)
    for key, is_request in ((REQUEST, True), (RESPONSE, False)):
        for endpoint in known:
            section = (
                endpoint.section.transform_request_body if is_request else endpoint.section.transform_response_body
            )
            if isinstance(section, BodySection) and section.enabled:
                yield _written(section, (*endpoint.place, key), _fields(document, endpoint, section, key))


def _written(section: BodySection, place: Place, fields: Fields | None) -> Written:
    own = section.own
    at = place
    body, path = section.body, section.path
    if own.body or own.path:
        body, path, at = own.body, own.path, (*place, OWN)
    source, key = (body, "body") if body else (path, "path")
    return Written(
        place=place,
        is_request=place[-1] == REQUEST,
        source=source,
        source_place=(*at, key),
        mode="blob" if body else "file",
        input=section.format,
        input_place=(*place, "format"),
        engine=Engine(own.engine),
        fields=fields,
    )


def _fields(document: Mapping[str, Any], endpoint: Endpoint, section: BodySection, key: str) -> Fields | None:
    """What the document says of the data, where they are JSON.

    Of an upstream's answer it says nothing: its responses are what clients get, which is what the template makes.
    """
    if section.format != "json" or key == RESPONSE:
        return None
    body = document.get("paths", {}).get(endpoint.path, {}).get(endpoint.method.lower(), {}).get("requestBody")
    if not isinstance(body, dict) or "$ref" in body:
        return None
    return known_fields(document, [body.get("content")])
