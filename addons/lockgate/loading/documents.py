"""One document's text to definitions. Does no I/O.

Read, recognise the format, decode: every problem is collected and gets its line, whatever step found it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from lockgate.decoding.shapes import Notes
from lockgate.decoding.syntax import Parsed, SyntaxProblem, parse_json, parse_yaml
from lockgate.loading.checks import Loading
from lockgate.loading.classic_rules import check_classic
from lockgate.loading.formats import Format, format_of
from lockgate.loading.making import Origin
from lockgate.loading.oas import decode_oas
from lockgate.loading.oas_format import EXTENSION
from lockgate.loading.references import Sources, has_reference, references, resolved
from lockgate.problems import Problem, pointer
from lockgate.settings import Settings
from lockgate.variables import Secrets


@dataclass(frozen=True, slots=True)
class Read:
    """What one file holds."""

    loadings: tuple[Loading, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse_text(text: str, file: str) -> list[Parsed]:
    """The documents of a text, as JSON or YAML by the file's name, or by its first character.

    Raises:
        SyntaxProblem: It is neither.
    """
    extension = PurePath(file).suffix.lower()
    if extension == ".json" or (extension not in (".yaml", ".yml") and text.lstrip()[:1] in ("{", "[")):
        return [parse_json(text)]
    return parse_yaml(text)


def read_text(text: str, file: str, settings: Settings, environ: Mapping[str, str], *, resolve: bool = True) -> Read:
    """Decode every document of one file's text. Never raises."""
    try:
        documents = parse_text(text, file)
    except SyntaxProblem as error:
        return Read(problems=(error.problem.at(file, error.problem.line),))
    return read_documents(documents, file, settings, environ, resolve=resolve)


def read_documents(
    documents: list[Parsed], file: str, settings: Settings, environ: Mapping[str, str], *, resolve: bool
) -> Read:
    """Decode documents that were parsed before. Never raises."""
    loadings: list[Loading] = []
    problems: list[Problem] = []
    if not documents:
        problems.append(Problem("unknown-format", "expected an API definition, found nothing", file=file, line=1))
    for number, parsed in enumerate(documents):
        loading, found = _read(parsed, Sources(environ, settings.secrets), settings, file, number, resolve=resolve)
        problems += found
        if loading is not None:
            loadings.append(loading)
    return Read(tuple(loadings), tuple(problems))


def _read(
    parsed: Parsed, sources: Sources, settings: Settings, file: str, number: int, *, resolve: bool
) -> tuple[Loading | None, list[Problem]]:
    written = parsed.value
    found = references(written) if resolve else {}
    notes = Notes(found)
    loading: Loading | None = None
    kind = format_of(written)
    if kind is Format.OAS:
        document = resolved(written, found, sources, notes, EXTENSION)
        secrets = _secrets(sources, resolve=resolve)
        origin = Origin(file, settings, secrets, resolve, number)
        definition = decode_oas(document, written, origin, notes)
        if definition is not None:
            loading = Loading(
                definition,
                _domain(document),
                resolve or not has_reference(document[EXTENSION]["server"]["listenPath"]["value"]),
                pointer(EXTENSION, "info", "id"),
                pointer(EXTENSION, "server", "listenPath", "value"),
                parsed.positions.line_of,
            )
    elif kind is Format.UNKNOWN:
        expected = f"an OpenAPI document with {EXTENSION!r}"
        notes.error("unknown-format", f"expected an API definition: {expected}; found {_summary(written)}", ())
    else:
        if kind is Format.CLASSIC:
            check_classic(written, notes)
        notes.error("unsupported-format", f"definitions in the {kind.value} format are not supported yet", ())
    return loading, [
        *(problem.at(file, problem.line) for problem in parsed.problems),
        *(problem.at(file, parsed.positions.line_of(problem.pointer)) for problem in notes.finished()),
    ]


def _secrets(sources: Sources, *, resolve: bool) -> Secrets:
    """What ``$secret_conf.KEY`` and ``$secret_env.KEY`` stand for."""

    def lookup(kind: str, key: str) -> str | None:
        if not resolve:
            return None
        if kind == "conf":
            return sources.secrets.get(key)
        return sources.environ.get(f"TYK_SECRET_{key.upper()}") if kind == "env" else None

    return lookup


def _domain(document: Mapping[str, Any]) -> str:
    domain = document[EXTENSION]["server"].get("customDomain") or {}
    return str(domain["name"]) if domain.get("enabled") else ""


def _summary(value: Any) -> str:
    if not isinstance(value, Mapping):
        return "a list" if isinstance(value, list) else "a single value"
    keys = list(value)[:4]
    if not keys:
        return "an empty object"
    return "an object with " + ", ".join(map(repr, keys)) + (", …" if len(value) > len(keys) else "")
