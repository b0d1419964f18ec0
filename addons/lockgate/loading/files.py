"""Files and folders of definitions. The only module of loading that does I/O.

Source: behaviour-chain 1.1.
"""

import hashlib
import os
import re
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from lockgate.decoding.syntax import Parsed, SyntaxProblem
from lockgate.loading.checks import Loading, check_together
from lockgate.loading.documents import Context, Read, context_of, parse_text, read_documents, read_text
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


@final
class LoadCache:
    """What the last load made of each file, so that the next one reads and decodes only what changed since.

    A file is known by its identity, size and time of change, as long as that time lies back far enough to tell two
    writes apart; otherwise by its bytes. What refers to something outside its file is decoded each time.
    """

    __slots__ = ("_files", "_reads", "_settings")

    def __init__(self) -> None:
        self._files: dict[str, _Known] = {}
        self._reads: dict[str, tuple[list[Parsed], Read]] = {}
        self._settings: Settings | None = None

    def begin(self, settings: Settings) -> None:
        """Start a load: with other settings nothing decoded counts."""
        if settings != self._settings:
            self._reads.clear()
            self._settings = settings

    def content(self, file: Path) -> list[Parsed] | Problem:
        """The documents of a file."""
        name = str(file)
        known = self._files.get(name)
        mark = _mark(file)
        if known is not None and mark is not None and known.mark == mark:
            return known.content
        raw = _bytes_of(file)
        if isinstance(raw, Problem):
            self._files.pop(name, None)
            return raw
        digest = hashlib.sha256(raw).digest()
        content = known.content if known is not None and known.digest == digest else _parsed(raw, name)
        self._files[name] = _Known(mark, digest, content, is_alone=_REACHES_OUT.search(raw) is None)
        return content

    def read(self, content: list[Parsed], file: str, context: Context) -> Read:
        """What the documents of a file decode to."""
        kept = self._reads.get(file)
        if kept is not None and kept[0] is content:
            return kept[1]
        read = read_documents(content, file, context)
        known = self._files.get(file)
        reads_more = any(loading.definition.files for loading in read.loadings)
        if known is not None and known.is_alone and not reads_more:
            self._reads[file] = (content, read)
        else:
            self._reads.pop(file, None)
        return read

    def end(self, names: Container[str]) -> None:
        """Forget files that are gone."""
        for table in (self._files, self._reads):
            for name in [name for name in table if name not in names]:
                del table[name]


@dataclass(frozen=True, slots=True)
class _Known:
    mark: tuple[int, ...] | None
    digest: bytes
    content: list[Parsed] | Problem
    is_alone: bool


_REACHES_OUT: Final = re.compile(rb"(?:file|vault|consul|kv)://|\$secret_(?:vault|consul)|\$kv\{|kind[\"']?\s*:")
"""In bytes of files whose meaning depends on more than themselves: references, Kubernetes resources."""

_SETTLED_NS: Final = 2_000_000_000
"""Times of change that are younger do not tell one write from the next one."""


def _mark(file: Path) -> tuple[int, ...] | None:
    """What tells one state of a file from another without reading it; None where nothing does."""
    try:
        stat = file.stat()
    except OSError:
        return None
    if time.time_ns() - stat.st_mtime_ns < _SETTLED_NS:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def load(
    paths: Sequence[Path],
    settings: Settings,
    *,
    resolve: bool = True,
    environ: Mapping[str, str] | None = None,
    cache: LoadCache | None = None,
) -> Loaded:
    """Load definitions. Never raises: what is wrong with a file is a problem, and the others are loaded.

    Args:
        paths: Files, and folders, of which every ``.json``, ``.yaml`` and ``.yml`` that is not hidden is read in the
            order of the alphabet; folders within them are not.
        settings: Of the gateway.
        resolve: Replace references to secrets, ``env://…`` and the like; otherwise texts with references are not judged.
        environ: None is the process's own.
        cache: Of the load before, with the same ``resolve`` and ``environ``; this one goes into it.
    """
    variables = dict(os.environ) if environ is None else environ
    cache = cache or LoadCache()
    cache.begin(settings)
    loadings: list[Loading] = []
    problems: list[Problem] = []
    context = context_of(settings, variables, resolve=resolve)
    contents = [content for path in paths for content in _contents(path, cache)]
    for file, content in contents:
        if not isinstance(content, Problem):
            # Before any of them is decoded: resources refer to one another across files.
            context.resources.add(content, file)
    for file, content in contents:
        if isinstance(content, Problem):
            problems.append(content)
        else:
            read = cache.read(content, file, context)
            loadings += read.loadings
            problems += read.problems
    cache.end({file for file, _ in contents})
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


def _contents(path: Path, cache: LoadCache) -> Iterator[tuple[str, list[Parsed] | Problem]]:
    """Name and documents of each file."""
    try:
        files = _files_in(path) if path.is_dir() else [path]
    except OSError as error:
        yield str(path), Problem("unreadable", f"cannot read the folder: {error.strerror}", file=str(path))
        return
    contents: dict[str, list[Parsed] | Problem] = {str(file): cache.content(file) for file in files}
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


def _bytes_of(file: Path) -> bytes | Problem:
    name = str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return Problem("unreadable", f"cannot read the file: {error.strerror}", file=name)
    if len(raw) > MAX_FILE_BYTES:
        return Problem("unreadable", f"expected at most {MAX_FILE_BYTES} bytes, the file has more", file=name)
    return raw


def _parsed(raw: bytes, name: str) -> list[Parsed] | Problem:
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
