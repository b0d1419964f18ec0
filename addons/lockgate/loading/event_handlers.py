"""Event handlers of a definition, whatever its format: those in JavaScript run, of the others it is said that they do not.

Source: behaviour-scripting 4.11, "Event handlers".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.decoding.shapes import (
    Field,
    Place,
    Shape,
    anything,
    boolean,
    ignored,
    list_of,
    nearest,
    optional,
    record,
    string,
)
from lockgate.events import FIRED
from lockgate.loading.classic_parts import FLAG, TEXT, go_record, named, null_as
from lockgate.loading.making import Making
from lockgate.loading.oas_parts import FLAG as OAS_FLAG
from lockgate.loading.oas_parts import TEXT as OAS_TEXT
from lockgate.loading.scripts import ApiScripts, WrittenScript, read_script
from lockgate.scripting.events import EventScript

_CUSTOM: Final = "custom"
_DYNAMIC: Final = "eh_dynamic_handler"


# ── as formats write them ──


@dataclass(frozen=True, slots=True)
class ClassicMeta:
    """``handler_meta``: of all kinds of handlers."""

    name: str = ""
    path: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ClassicHandler:
    """One of ``event_handlers.events.EVENT``."""

    handler_name: str = ""
    handler_meta: ClassicMeta = ClassicMeta()


@dataclass(frozen=True, slots=True)
class ClassicHandlers:
    """``event_handlers``."""

    events: Mapping[str, tuple[ClassicHandler, ...]]


@dataclass(frozen=True, slots=True)
class OasHandler:
    """One of ``server.eventHandlers``."""

    enabled: bool = False
    trigger: str = ""
    type: str = ""
    function_name: str = ""
    path: str = ""


_META: Final = go_record(
    ClassicMeta,
    {
        "name": TEXT,
        "path": TEXT,
        "disabled": FLAG,
        # Of other kinds, or without a meaning.
        **dict.fromkeys(
            ("id", "prefix", "method", "target_path", "template_path", "header_map", "event_timeout", "cooldown"),
            ignored(anything()),
        ),
    },
)
_HANDLER: Final = go_record(ClassicHandler, {"handler_name": TEXT, "handler_meta": optional(_META, ClassicMeta())})
_EVENTS: Final[Shape[Any]] = named(null_as(list_of(null_as(_HANDLER, {})), []))
CLASSIC: Final[Field] = optional(go_record(ClassicHandlers, {"events": optional(_EVENTS, {})}), ClassicHandlers({}))
"""``event_handlers`` of a Classic definition."""
OAS: Final[Field] = optional(
    list_of(
        record(
            OasHandler,
            {
                "enabled": OAS_FLAG,
                "trigger": OAS_TEXT,
                "type": OAS_TEXT,
                "functionName": OAS_TEXT,
                "path": OAS_TEXT,
                **dict.fromkeys(("id", "name"), ignored(string())),
                **dict.fromkeys(
                    ("cooldownPeriod", "url", "method", "headers", "bodyTemplate", "timeout", "prefix", "data"),
                    ignored(anything()),
                ),
                "rawBodyOnly": ignored(boolean()),
                "requireSession": ignored(boolean()),
            },
        )
    ),
    (),
)
"""``server.eventHandlers`` of an OAS definition."""


@dataclass(frozen=True, slots=True)
class WrittenHandler:
    """One handler that is on."""

    event: str
    event_place: Place
    place: Place
    kind: str
    """``custom`` is JavaScript."""
    name: str = ""
    path: str = ""
    path_place: Place = ()


def classic_handlers(section: ClassicHandlers, place: Place) -> Iterator[WrittenHandler]:
    """The handlers of a Classic definition that are on.

    Args:
        section: ``event_handlers``.
        place: Of it.
    """
    for event, handlers in section.events.items():
        at = (*place, "events", event)
        for index, one in enumerate(handlers):
            meta = one.handler_meta
            if not meta.disabled:
                kind = _CUSTOM if one.handler_name == _DYNAMIC else one.handler_name
                inner = (*at, index)
                yield WrittenHandler(event, at, inner, kind, meta.name, meta.path, (*inner, "handler_meta", "path"))


def oas_handlers(section: Iterable[OasHandler], place: Place) -> Iterator[WrittenHandler]:
    """The handlers of an OAS definition that are on.

    Args:
        section: ``server.eventHandlers``.
        place: Of it.
    """
    for index, one in enumerate(section):
        if one.enabled:
            at = (*place, index)
            yield WrittenHandler(
                one.trigger, (*at, "trigger"), at, one.type, one.function_name, one.path, (*at, "path")
            )


# ── what they mean ──


def event_scripts(
    written: Iterable[WrittenHandler], scripts: ApiScripts, making: Making
) -> Mapping[str, tuple[EventScript, ...]]:
    """Who is told of which event. What does not run is noted.

    Args:
        written: Of the definition.
        scripts: Of the definition: they say what is wrong with a script.
        making: Of the definition.
    """
    made: dict[str, list[EventScript]] = {}
    for one in written:
        if one.kind != _CUSTOM:
            feature = f"event handlers of type {one.kind!r}" if one.kind else "event handlers without a type"
            making.notes.unsupported(feature, one.place, consequence="they are told of nothing")
            continue
        if one.event not in FIRED and not making.unjudged(one.event):
            found = making.notes.show(one.event, one.event_place)
            message = f"nothing fires the event {found}: its handler is told of nothing"
            hint = nearest(one.event, FIRED) or f"fired are {', '.join(FIRED)}"
            making.notes.warning("event-not-fired", message, one.event_place, hint)
            continue
        script = _script(one, scripts, making)
        if script is not None:
            made.setdefault(one.event, []).append(script)
    return {event: tuple(handlers) for event, handlers in made.items()}


def _script(one: WrittenHandler, scripts: ApiScripts, making: Making) -> EventScript | None:
    if not scripts.runs:
        message = "the event handler has no effect, because enable_jsvm is off"
        making.notes.warning("scripts-off", message, one.place)
        return None
    consequence = "the handler is told of nothing"
    if not one.name:
        making.notes.warning("missing-function", f"the event handler has no name: {consequence}", one.place)
        return None
    sources: tuple[tuple[str, str], ...] = ()
    if one.path:
        written = WrittenScript(one.name, one.path, one.path_place, "file", consequence=consequence)
        read = read_script(written, making)
        sources = () if read is None else scripts.usable((read,))
        if not sources:
            return None
    return EventScript(one.name, sources, making.script_rules, making.settings.script_seconds)
