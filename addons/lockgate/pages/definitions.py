"""The files that definitions were loaded from, and what the last reload did."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from lockgate.debugging.desk import Desk
from lockgate.debugging.overview import value_at
from lockgate.deployment import Deployment
from lockgate.loading.explanations import EXPLANATIONS
from lockgate.loading.files import EXTENSIONS, MAX_FILE_BYTES
from lockgate.loading.locations import Location, locate
from lockgate.model import ApiDefinition
from lockgate.pages.base import Page, Refused
from lockgate.problems import Problem
from lockgate.snapshot import ReloadReport, Snapshot

MOST_LINES: Final = 20_000
"""Of a file that are shown."""
_PRIVATE: Final = "PRIVATE KEY-----"
_FILES: Final[WeakKeyDictionary[Snapshot, tuple[frozenset[str], frozenset[str]]]] = WeakKeyDictionary()


def problems_of(desk: Desk) -> Sequence[Problem]:
    """What is wrong with the definitions in force, and with those that could not be put in force."""
    return () if desk.deployment is None else desk.deployment.problems


def definitions_by_file(desk: Desk) -> Mapping[str, list[ApiDefinition]]:
    """The definitions in force, by the file that each stands in."""
    made: dict[str, list[ApiDefinition]] = {}
    for api in desk.gateway.current.apis.values():
        made.setdefault(api.definition.source, []).append(api.definition)
    return made


def is_shown(desk: Desk, file: str) -> bool:
    """Whether a file is one that definitions are made of; nothing else is shown, settings least of all."""
    deployment = desk.deployment
    if not file or deployment is None or _is_settings(file, deployment):
        return False
    sources, named = _files_of(desk.gateway.current)
    if file in sources:
        return True
    path = Path(file)
    if file in named:
        return path.suffix.lower() not in EXTENSIONS and _is_within(path, deployment)
    codes = {problem.code for problem in deployment.problems if problem.file == file}
    is_named = any(one in (path, path.parent) for one in deployment.paths)
    return bool(codes) and "unknown-format" not in codes and is_named and path.suffix.lower() in EXTENSIONS


def _files_of(snapshot: Snapshot) -> tuple[frozenset[str], frozenset[str]]:
    """Files of the definitions in force, and those that they name."""
    known = _FILES.get(snapshot)
    if known is None:
        definitions = [api.definition for api in snapshot.apis.values()]
        sources = frozenset(definition.source for definition in definitions)
        known = _FILES[snapshot] = sources, frozenset(file for one in definitions for file in one.files)
    return known


def _is_settings(file: str, deployment: Deployment) -> bool:
    own = deployment.settings.read_from
    return bool(own) and Path(file).resolve() == Path(own).resolve()


def _is_within(path: Path, deployment: Deployment) -> bool:
    """Whether a file that a definition names stands where files of definitions do; no link leads out of there."""
    folders = [*deployment.paths, *(one.parent for one in deployment.paths if one.suffix)]
    if deployment.settings.folder:
        folders.append(Path(deployment.settings.folder))
    real = path.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders) and path.is_file()


async def read_file(file: str) -> str:
    """The text of a file; bytes that are no UTF-8 are replaced.

    Raises:
        Refused: It cannot be read, or is none to be shown.
    """
    try:
        text = await asyncio.to_thread(_read, file)
    except OSError as error:
        raise Refused(404, f"cannot read {file!r}: {error.strerror}") from None
    if _PRIVATE in text:
        raise Refused(403, f"{file!r} holds a private key, which is not shown")
    return text


def _read(file: str) -> str:
    with Path(file).open("rb") as stream:
        return stream.read(MAX_FILE_BYTES).decode("utf-8", "replace")


async def locations(desk: Desk, file: str) -> Mapping[str, Location]:
    """Where the definitions of a file stand in it, by id of the API. Empty where it cannot be read."""
    definitions = definitions_by_file(desk).get(file, [])
    try:
        text = await read_file(file)
    except Refused:
        return {}
    settings = desk.gateway.current.settings
    found = await asyncio.to_thread(locate, definitions, text, settings)
    if desk.deployment is None or all(one.is_current for one in found.values()):
        return found
    # A resource of another file may say that this one holds a definition.
    others = await asyncio.to_thread(_resources, desk.deployment.paths)
    return await asyncio.to_thread(locate, definitions, text, settings, others) if others else found


def _resources(paths: Iterable[Path]) -> dict[str, str]:
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    texts = {str(file): _read(str(file)) for file in files if file.suffix.lower() in EXTENSIONS and file.is_file()}
    return {name: text for name, text in texts.items() if "tyk.tyk.io/" in text}


def own_problems(
    definition: ApiDefinition, location: Location | None, problems: Iterable[Problem], *, alone: bool
) -> list[Problem]:
    """Problems of one definition, with pointers into it.

    Args:
        definition: In force.
        location: Where it stands.
        problems: Of the load.
        alone: Whether no other definition stands in its file.
    """
    prefix = "" if location is None else location.prefix
    made = []
    for problem in problems:
        if problem.file == definition.source:
            inside = location is None or not location.is_current or location.first <= problem.line <= location.last
            if not alone and not inside:
                continue
        elif problem.file not in definition.files or value_at(definition.document, problem.pointer) is None:
            continue
        made.append(replace(problem, pointer=problem.pointer.removeprefix(prefix)))
    return made


def source_address(api_id: str, pointer: str = "", line: int = 0, file: str = "") -> str:
    """The page of an API's file."""
    query = urlencode({name: value for name, value in (("file", file), ("pointer", pointer)) if value})
    mark = f"#L{line}" if line else ""
    return f"/lockgate/apis/{quote(api_id, safe='')}/source{'?' if query else ''}{query}{mark}"


def file_address(file: str, line: int = 0) -> str:
    """The page of any file of the deployment."""
    return f"/lockgate/source?{urlencode({'file': file})}{f'#L{line}' if line else ''}"


def problem_plain(desk: Desk, problem: Problem) -> dict[str, Any]:
    """A problem for pages, with what its code means and where its line is shown."""
    explanation = EXPLANATIONS.get(problem.code)
    return {
        **problem.plain,
        "address": file_address(problem.file, problem.line) if is_shown(desk, problem.file) else "",
        "title": "" if explanation is None else explanation.title,
        "meaning": "" if explanation is None else explanation.meaning,
        "remedy": "" if explanation is None else explanation.remedy,
    }


class SourcePage(Page):
    """The file of an API, or one that it names."""

    async def get(self, api_id: str) -> None:
        """Show it; ``pointer`` marks a section, ``file`` is one of the files that the definition names."""
        api = self.desk.gateway.current.apis.get(api_id)
        if api is None:
            raise Refused(404, f"there is no API {api_id!r}")
        definition = api.definition
        file = self.get_query_argument("file", "") or definition.source
        if not (file == definition.source or (file in definition.files and is_shown(self.desk, file))):
            raise Refused(404, f"the API {api_id!r} is not made of {file!r}")
        pointer = self.get_query_argument("pointer", "")
        located = (await locations(self.desk, file)).get(api_id) if file == definition.source else None
        marked = located.section(pointer) if located is not None and pointer else (0, 0)
        await show_source(self, file, definition, located, pointer, marked)


class FilePage(Page):
    """A file of the deployment."""

    async def get(self) -> None:
        """Show it."""
        file = self.get_query_argument("file", "")
        if not is_shown(self.desk, file):
            raise Refused(404, f"no definition is made of {file!r}")
        definitions = definitions_by_file(self.desk).get(file, [])
        await show_source(self, file, definitions[0] if len(definitions) == 1 else None)


async def show_source(
    page: Page,
    file: str,
    definition: ApiDefinition | None,
    located: Location | None = None,
    pointer: str = "",
    marked: tuple[int, int] = (0, 0),
) -> None:
    """Show a file with the problems beside their lines."""
    lines = (await read_file(file)).splitlines()
    at_line: dict[int, list[dict[str, Any]]] = {}
    for problem in problems_of(page.desk):
        if problem.file == file:
            line = problem.line if problem.line <= len(lines) else 0
            at_line.setdefault(line, []).append(problem_plain(page.desk, problem))
    begin = max(1, min(marked[0] - MOST_LINES // 2, len(lines) - MOST_LINES + 1)) if marked[0] else 1
    part = lines[begin - 1 : begin - 1 + MOST_LINES]
    page.show(
        "source.html",
        file=file,
        api=definition,
        lines=[
            {
                "number": number,
                "text": text,
                "problems": at_line.get(number, ()),
                "marked": marked[0] <= number <= marked[1],
            }
            for number, text in enumerate(part, begin)
        ],
        loose=at_line.get(0, ()),
        found=sum(map(len, at_line.values())),
        left_out=len(lines) - len(part),
        pointer=pointer,
        marked=marked,
        changed=located is not None and not located.is_current,
        others=() if definition is None else [one for one in definition.files if is_shown(page.desk, one)],
        source_address=source_address,
    )


def report_plain(desk: Desk) -> dict[str, Any]:
    """The last reload, for its page."""
    report: ReloadReport = desk.gateway.last_report
    apis = desk.gateway.current.apis
    known = {
        api_id: {
            "name": apis[api_id].definition.name,
            "listen_path": apis[api_id].definition.listen_path,
            "file": apis[api_id].definition.source,
            "address": f"/lockgate/apis/{quote(api_id, safe='')}",
            "unavailable": apis[api_id].definition.unavailable,
        }
        for api_id in (*report.loaded, *report.unchanged, *report.kept)
        if api_id in apis
    }
    return {
        "generation": report.generation,
        "run": desk.run,
        "is_first": report.generation <= 1,
        "loaded": list(report.loaded),
        "unchanged": list(report.unchanged),
        "kept": list(report.kept),
        "removed": list(report.removed),
        "apis": known,
        "problems": [problem_plain(desk, problem) for problem in problems_of(desk)],
        "paths": [] if desk.deployment is None else [str(path) for path in desk.deployment.paths],
        "watched": desk.deployment is not None and desk.deployment.settings.own.watch,
        "can_reload": desk.reload is not None,
    }


class ReloadPage(Page):
    """What the last reload did."""

    def get(self) -> None:
        """Show it; its script asks for the rest."""
        self.show("reload.html")


class Reload(Page):
    """The report of the last reload, and one more."""

    def get(self) -> None:
        """The report; with ``generation``, and ``run`` if you like, nothing but these where they are still those."""
        generation, run = self.desk.gateway.current.generation, self.desk.run
        asked = self.get_query_argument("generation", ""), self.get_query_argument("run", run)
        if asked == (str(generation), run):
            self.write_json({"generation": generation, "run": run})
        else:
            self.write_json(report_plain(self.desk))

    async def post(self) -> None:
        """Load the definitions again, and say what came of it."""
        if self.desk.reload is None:
            raise Refused(409, "there are no definitions to load again; name some in the option lockgate_definitions")
        await self.desk.reload()
        self.write_json(report_plain(self.desk))


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/apis/([^/]+)/source", SourcePage),
    (r"/lockgate/source", FilePage),
    (r"/lockgate/reload", ReloadPage),
    (r"/lockgate/api/reload", Reload),
)
