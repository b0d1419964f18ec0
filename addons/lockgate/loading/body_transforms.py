"""Body transforms of a definition, whatever its format: their templates read, compiled and judged.

A transform whose template cannot be used is noted, and left out: bodies go on as they came. All templates of one
definition see the named templates of the others.

Source: behaviour-scripting 1.1 and 1.2.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.body_transforms.making import Draft, compile_all
from lockgate.body_transforms.transform import Engine, InputFormat, TemplateText
from lockgate.decoding.shapes import Place, nearest
from lockgate.loading.beside import read_named
from lockgate.loading.making import Making
from lockgate.middlewares.request_body_transform import RequestBodyTransform
from lockgate.middlewares.response_body_transform import ResponseBodyTransform
from lockgate.problems import Problem, Severity, pointer
from lockgate.templates.errors import TemplateError
from lockgate.templates.fields import Fields
from lockgate.templates.lint import Finding, findings, undefined_templates
from lockgate.templates.nodes import Source
from lockgate.templates.values import from_bytes

MAX_TEMPLATE_BYTES: Final = 1 << 20
"""Of one template."""

_MODES: Final = ("blob", "file")
_LINE_ENDS: Final = re.compile(r"[\r\n]+")


@dataclass(frozen=True, slots=True)
class Written:
    """One transform as a definition has it, whatever the format."""

    place: Place
    """Of its section."""
    is_request: bool
    source: str
    """Base64, or a path."""
    source_place: Place
    mode: str
    """blob or file."""
    mode_place: Place = ()
    input: str = "json"
    """json, xml, or something else."""
    input_place: Place = ()
    session: bool = True
    engine: Engine = Engine.GO
    fields: Fields | None = None
    """What is known of the data."""


def transforms_of(
    written: Sequence[Written], making: Making
) -> Mapping[Place, RequestBodyTransform | ResponseBodyTransform]:
    """Configurations by place of the section; those that cannot be used are noted, and are not in it.

    Args:
        written: Those that are on, of the whole definition: of requests in their order, then of responses.
        making: Of the definition.
    """
    texts = [(one, text) for one in written if (text := _text_of(one, making)) is not None]
    drafts = [_draft(one, text, making) for one, text in texts]
    made: dict[Place, RequestBodyTransform | ResponseBodyTransform] = {}
    sources: list[tuple[Source, Written, _Text]] = []
    limit = making.settings.http_server_options.max_response_body_size
    for (one, text), compiled in zip(texts, compile_all(drafts, making.origin.secrets), strict=True):
        if isinstance(compiled, TemplateError):
            _note_error(one, text, compiled, making)
            continue
        made[one.place] = (
            RequestBodyTransform(compiled.transform)
            if one.is_request
            else ResponseBodyTransform(compiled.transform, limit)
        )
        if compiled.source is not None:
            sources.append((compiled.source, one, text))
            for finding in findings(compiled.source, fields=one.fields):
                _note_finding(one, text, finding, making)
    owners = {id(source): (one, text) for source, one, text in sources}
    for source, finding in undefined_templates(tuple(source for source, _, _ in sources)):
        _note_finding(*owners[id(source)], finding, making)
    return made


@dataclass(frozen=True, slots=True)
class _Text:
    template: TemplateText
    file: str = ""
    """"" for a template that stands in the definition."""


def _draft(one: Written, text: _Text, making: Making) -> Draft:
    kind = InputFormat.JSON
    if one.input in ("json", "xml"):
        kind = InputFormat(one.input)
    elif not making.unjudged(one.input):
        found = making.notes.show(one.input, one.input_place)
        expected = f"expected 'json' or 'xml', found {found}"
        hint = nearest(one.input, ("json", "xml"))
        if one.is_request:
            kind = InputFormat.OTHER
            making.notes.warning("bad-value", f"{expected}: bodies go upstream as they came", one.input_place, hint)
        elif one.input:
            making.notes.warning("bad-value", f"{expected}: bodies are read as JSON", one.input_place, hint)
    return Draft(
        text.template,
        one.engine,
        kind,
        one.session,
        tolerant=not one.is_request,
        variables=one.is_request and one.engine is Engine.GO,
    )


# ── texts ──


def _text_of(one: Written, making: Making) -> _Text | None:
    """The template's text; None where there is none, which is noted."""
    if making.unjudged(one.source) or making.unjudged(one.mode):
        return None
    if one.mode == "blob":
        raw = _decoded(one.source)
        if raw is None:
            message = f"expected base64 of a template, found something else: {_consequence(one)}"
            making.notes.warning("bad-template", message, one.source_place)
            return None
        return _Text(TemplateText("", from_bytes(raw)))
    if one.mode == "file":
        return _read(one, making)
    found = making.notes.show(one.mode, one.mode_place)
    message = f"expected 'blob' or 'file', found {found}: {_consequence(one)}"
    making.notes.warning("bad-value", message, one.mode_place, nearest(one.mode, _MODES))
    return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(_LINE_ENDS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _read(one: Written, making: Making) -> _Text | None:
    """A template's file: its path is relative to the settings' file, or else to the definition's."""
    file = read_named(
        "template", one.source, one.source_place, making, MAX_TEMPLATE_BYTES, _consequence(one), code="missing-template"
    )
    if file is None:
        return None
    path, raw = file
    return _Text(TemplateText(path.name, from_bytes(raw)), str(path))


def _consequence(one: Written) -> str:
    return "bodies go upstream as they came" if one.is_request else "bodies reach the client as they came"


# ── what is wrong with a template ──


def _note_error(one: Written, text: _Text, error: TemplateError, making: Making) -> None:
    line = 0 if error.place is None else error.place.line
    where = ""
    if error.place is not None:
        column = f", column {error.place.column}" if error.place.column else ""
        where = f" in line {line}{column}"
    message = f"the template does not compile{where}: {error.text}; {_consequence(one)}"
    _note("bad-template", message, one, text, making, line, error.hint)


def _note_finding(one: Written, text: _Text, finding: Finding, making: Making) -> None:
    column = f", column {finding.column}" if finding.column else ""
    message = f"in line {finding.line}{column} of the template, {finding.message}"
    _note(finding.code, message, one, text, making, finding.line, finding.hint)


def _note(code: str, message: str, one: Written, text: _Text, making: Making, line: int, hint: str) -> None:
    problem = Problem(code, message, pointer(*one.source_place), Severity.WARNING, hint=hint)
    making.notes.problems.append(problem.at(text.file, line) if text.file else problem)
