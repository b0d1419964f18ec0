"""Files and folders of definitions. The only module of loading that does I/O.

Source: behaviour-chain 1.1.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.decoding.syntax import Parsed, SyntaxProblem
from lockgate.loading.checks import Loading, check_together
from lockgate.loading.documents import context_of, parse_text, read_documents, read_text
from lockgate.model import ApiDefinition
from lockgate.problems import Problem
from lockgate.settings import Settings

EXTENSIONS: Final = (".json", ".yaml", ".yml")
"""Of files that are read in a folder."""

MAX_FILE_BYTES: Final = 64 << 20
"""Of one definition."""

_COMPANION: Final = "-oas.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load gave."""

    definitions: tuple[ApiDefinition, ...]
    """That can be served, in the order in which they were found; ids are unique."""
    problems: tuple[Problem, ...]
    """With file and line, in the order of files; those between definitions last."""


def load(
    paths: Sequence[Path], settings: Settings, *, resolve: bool = True, environ: Mapping[str, str] | None = None
) -> Loaded:
    """Load definitions. Never raises: what is wrong with a file is a problem, and the others are loaded.

    Args:
        paths: Files, and folders, of which every ``.json``, ``.yaml`` and ``.yml`` that is not hidden is read in the
            order of the alphabet; folders within them are not.
        settings: Of the gateway.
        resolve: Replace references to secrets, ``env://…`` and the like; otherwise texts with references are not judged.
        environ: None is the process's own.
    """
    variables = dict(os.environ) if environ is None else environ
    loadings: list[Loading] = []
    problems: list[Problem] = []
    context = context_of(settings, variables, resolve=resolve)
    contents = [content for path in paths for content in _contents(path)]
    for file, content in contents:
        if not isinstance(content, Problem):
            # Before any of them is decoded: resources refer to one another across files.
            context.resources.add(content, file)
    for file, content in contents:
        if isinstance(content, Problem):
            problems.append(content)
        else:
            read = read_documents(content, file, context)
            loadings += read.loadings
            problems += read.problems
    definitions, between = check_together(loadings)
    return Loaded(definitions, (*problems, *between))


def load_text(
    text: str,
    file: str,
    settings: Settings,
    *,
    resolve: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Load the definitions of one text, without I/O but for references to files and stores. Never raises.

    Args:
        text: JSON or YAML.
        file: Its name, for problems and for an id where the document has none.
        settings: Of the gateway.
        resolve: As for ``load``.
        environ: None is empty.
    """
    read = read_text(text, file, context_of(settings, environ or {}, resolve=resolve))
    definitions, between = check_together(read.loadings)
    return Loaded(definitions, (*read.problems, *between))


def _contents(path: Path) -> Iterator[tuple[str, list[Parsed] | Problem]]:
    """Name and documents of each file."""
    try:
        files = _files_in(path) if path.is_dir() else [path]
    except OSError as error:
        yield str(path), Problem("unreadable", f"cannot read the folder: {error.strerror}", file=str(path))
        return
    contents: dict[str, list[Parsed] | Problem] = {str(file): _content(file) for file in files}
    for name in _superfluous(contents):
        del contents[name]
    yield from contents.items()


def _files_in(folder: Path) -> list[Path]:
    return sorted(
        (
            file
            for file in folder.iterdir()
            if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".") and not file.is_dir()
        ),
        key=lambda file: file.name,
    )


def _content(file: Path) -> list[Parsed] | Problem:
    name = str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return Problem("unreadable", f"cannot read the file: {error.strerror}", file=name)
    if len(raw) > MAX_FILE_BYTES:
        return Problem("unreadable", f"expected at most {MAX_FILE_BYTES} bytes, the file has more", file=name)
    try:
        return parse_text(raw.decode("utf-8", "replace"), name)
    except SyntaxProblem as error:
        return error.problem.at(name, error.problem.line)


def _superfluous(contents: Mapping[str, list[Parsed] | Problem]) -> list[str]:
    """Files that belong to another one and are not loaded by themselves.

    An OAS API that the control API of the reference gateway stored is two files: ``X.json``, a Classic projection with
    ``is_oas``, and ``X-oas.json``, the document. The document says it all. Beside any other ``X.json`` it is left out.
    """
    names: list[str] = []
    for name, content in contents.items():
        main = name.removesuffix(_COMPANION) + ".json"
        if not name.endswith(_COMPANION) or main not in contents:
            continue
        document = _first(content)
        if document.get("openapi") or document.get("swagger"):
            projected = _first(contents[main]).get("is_oas") is True
            names.append(main if projected else name)
    return names


def _first(content: list[Parsed] | Problem) -> Mapping[str, Any]:
    value = content[0].value if isinstance(content, list) and content else None
    return value if isinstance(value, dict) else {}
