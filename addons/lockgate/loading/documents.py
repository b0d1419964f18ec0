"""Documents to definitions. Does no I/O but what references to secrets ask for.

Read, recognise the format, take definitions out of what they are wrapped in, decode: every problem is collected and gets
its line, whatever step found it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from lockgate.decoding.positions import parts_of
from lockgate.decoding.shapes import Notes, Place
from lockgate.decoding.syntax import Parsed, SyntaxProblem, parse_json, parse_yaml
from lockgate.loading import operator
from lockgate.loading.checks import Loading
from lockgate.loading.classic import decode_classic
from lockgate.loading.classic_parts import as_written
from lockgate.loading.formats import WRAPPER, Format, format_of
from lockgate.loading.grounds import Grounds
from lockgate.loading.making import Origin
from lockgate.loading.oas import decode_oas
from lockgate.loading.oas_format import EXTENSION
from lockgate.loading.operator import Resources
from lockgate.loading.references import Sources, has_reference, is_secret, references, resolved
from lockgate.loading.secret_stores import StoreError, stores_of
from lockgate.model import ApiDefinition
from lockgate.problems import Problem, pointer
from lockgate.settings import Settings
from lockgate.variables import Secrets

SHORTEST_SECRET: Final = 4
"""In characters; a shorter one stands in other words of a message."""
HIDDEN: Final = "•••"


@dataclass(frozen=True, slots=True)
class Read:
    """What one file holds."""

    loadings: tuple[Loading, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What documents of one load are decoded with."""

    settings: Settings
    sources: Sources
    resources: Resources
    resolve: bool
    """Whether references to secrets are replaced."""
    grounds: Grounds | None = None
    """Where files that they name are read from; None: everywhere."""


def context_of(settings: Settings, environ: Mapping[str, str], *, resolve: bool) -> Context:
    """What one load needs."""
    sources = Sources(environ, settings.secrets, stores_of(settings) if resolve else {})
    return Context(settings, sources, Resources(), resolve)


def parse_text(text: str, file: str) -> list[Parsed]:
    """The documents of a text, as JSON or YAML by the file's name, or by its first character.

    Raises:
        SyntaxProblem: It is neither.
    """
    extension = PurePath(file).suffix.lower()
    if extension == ".json" or (extension not in (".yaml", ".yml") and text.lstrip()[:1] in ("{", "[")):
        return [parse_json(text)]
    return parse_yaml(text)


def read_text(text: str, file: str, context: Context) -> Read:
    """Decode every document of one file's text. Never raises."""
    try:
        documents = parse_text(text, file)
    except SyntaxProblem as error:
        return Read(problems=(error.problem.at(file, error.problem.line),))
    context.resources.add(documents, file)
    return read_documents(documents, file, context)


def read_documents(documents: list[Parsed], file: str, context: Context) -> Read:
    """Decode documents that were parsed before, and whose resources are in the context. Never raises."""
    loadings: list[Loading] = []
    problems: list[Problem] = []
    if not documents:
        problems.append(Problem("unknown-format", "expected an API definition, found nothing", file=file, line=1))
    number = 0
    for parsed in documents:
        problems += (problem.at(file, problem.line) for problem in parsed.problems)
        for piece in _pieces(parsed, file, context):
            if isinstance(piece, Problem):
                problems.append(piece)
                continue
            loading, found = _decoded(piece, number, context)
            number += 1
            problems += found
            if loading is not None:
                loadings.append(loading)
    return Read(tuple(loadings), tuple(problems))


# ── taking definitions out of what they are wrapped in ──


@dataclass(frozen=True, slots=True)
class _Piece:
    """What may be one definition."""

    value: Any
    file: str
    line_of: Callable[[str], int]
    """From a JSON Pointer within ``value``."""
    prefix: str = ""
    """JSON Pointer to it within its document."""
    api_id: str = ""
    is_classic: bool = False
    """What it stands in says so."""


def _pieces(parsed: Parsed, file: str, context: Context) -> Iterator[_Piece | Problem]:
    yield from _within(parsed.value, "", parsed, file, context)


def pieces_of(documents: list[Parsed], file: str, context: Context) -> Iterator[_Piece]:
    """What may be a definition each, with its lines; what is no definition is passed over."""
    for parsed in documents:
        yield from (piece for piece in _pieces(parsed, file, context) if not isinstance(piece, Problem))


def _within(value: Any, prefix: str, parsed: Parsed, file: str, context: Context) -> Iterator[_Piece | Problem]:
    match format_of(value):
        case Format.LIST:
            for index, one in enumerate(value):
                yield from _within(one, f"{prefix}/{index}", parsed, file, context)
        case Format.WRAPPED:
            yield replace(_piece(value[WRAPPER], parsed, file, prefix + pointer(WRAPPER)), is_classic=True)
        case Format.OPERATOR:
            yield from _of_resource(value, prefix, parsed, file, context)
        case _:
            yield _piece(value, parsed, file, prefix)


def _of_resource(value: Any, prefix: str, parsed: Parsed, file: str, context: Context) -> Iterator[_Piece | Problem]:
    for found, problems in operator.definitions(value, prefix, parsed, file, context.resources):
        yield from problems
        if found is not None:
            piece = _piece(found.value, found.parsed, found.file, found.prefix, found.first_line, found.api_id)
            yield replace(piece, is_classic=found.is_classic)


def _piece(value: Any, parsed: Parsed, file: str, prefix: str, lines_before: int = 0, api_id: str = "") -> _Piece:
    positions = parsed.positions
    return _Piece(value, file, lambda at: lines_before + positions.line_of(prefix + at), prefix, api_id)


# ── decoding ──


def _decoded(piece: _Piece, number: int, context: Context) -> tuple[Loading | None, list[Problem]]:
    written = piece.value
    found = references(written) if context.resolve else {}
    notes = Notes(found)
    secrets: set[str] = set()
    lookup = _secrets(context, notes, secrets)
    origin = Origin(piece.file, context.settings, lookup, context.resolve, number, piece.api_id, context.grounds)
    loading: Loading | None = None
    kind = Format.CLASSIC if piece.is_classic else format_of(written)
    definition: ApiDefinition | None = None
    document: Any = written
    listen: Place = ()
    identity: Place = ()
    versions: Place = ()
    if kind is Format.OAS:
        document = resolved(written, found, context.sources, notes, (EXTENSION,), secrets)
        definition = decode_oas(document, written, origin, notes)
        listen, identity = (EXTENSION, "server", "listenPath", "value"), (EXTENSION, "info", "id")
        versions = (EXTENSION, "info", "versioning", "versions")
    elif kind is Format.CLASSIC:
        document = resolved(written, found, context.sources, notes, secrets=secrets)
        definition = decode_classic(document, written, origin, notes)
        listen, identity, versions = ("proxy", "listen_path"), ("api_id",), ("definition", "versions")
    else:
        expected = f"an OpenAPI document with {EXTENSION!r}, a Tyk Classic definition or a Tyk Operator resource"
        notes.error("unknown-format", f"expected an API definition: {expected}; found {_summary(written)}", ())
    if definition is not None:
        definition = replace(definition, secrets=frozenset(secrets)) if secrets else definition
        listen_at = as_written(written, pointer(*listen))
        known = context.resolve or not has_reference(_text_at(document, listen_at))
        loading = Loading(
            definition,
            definition.domain,
            known,
            as_written(written, pointer(*identity)),
            listen_at,
            as_written(written, pointer(*versions)),
            piece.line_of,
            {_text_at(document, pointer(*place)): text for place, text in found.items()},
            piece.prefix,
        )
    return loading, [_placed(_hiding(problem, secrets), piece) for problem in notes.finished()]


def _hiding(problem: Problem, secrets: AbstractSet[str]) -> Problem:
    """A problem without secrets: where it shows a text of the document, that may have come of a reference."""
    message, hint = problem.message, problem.hint
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < SHORTEST_SECRET:
            continue
        for form in (
            secret,
            repr(secret)[1:-1],
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        ):
            message, hint = message.replace(form, HIDDEN), hint.replace(form, HIDDEN)
    changed = (message, hint) != (problem.message, problem.hint)
    return replace(problem, message=message, hint=hint) if changed else problem


def _placed(problem: Problem, piece: _Piece) -> Problem:
    at = as_written(piece.value, problem.pointer)
    if problem.file:  # It is in a file that the document names.
        return replace(problem, pointer=piece.prefix + at)
    return replace(problem, pointer=piece.prefix + at, file=piece.file, line=piece.line_of(at))


def _text_at(value: Any, at: str) -> str:
    for part in parts_of(at):
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _secrets(context: Context, notes: Notes, found: set[str]) -> Secrets:
    """What ``$secret_conf.KEY`` and the like stand for; each that is asked for is put into ``found``."""

    def lookup(kind: str, key: str) -> str | None:
        if not context.resolve:
            return None
        try:
            value = context.sources.in_text(kind, key)
            if value and is_secret(kind, value):
                found.add(value)
            return value
        except StoreError as error:
            message = f"'$secret_{kind}.{key}' cannot be looked up, {error}: it stands for nothing"
            notes.warning("missing-secret", message, ())
            return None

    return lookup


def _summary(value: Any) -> str:
    if not isinstance(value, Mapping):
        return "a list" if isinstance(value, list) else "a single value"
    keys = list(value)[:4]
    if not keys:
        return "an empty object"
    return "an object with " + ", ".join(map(repr, keys)) + (", …" if len(value) > len(keys) else "")
