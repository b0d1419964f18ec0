"""Where a loaded definition stands in its file, for people who look at the file. Does no I/O."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.decoding.positions import parts_of
from lockgate.decoding.syntax import SyntaxProblem
from lockgate.loading.classic_parts import as_written
from lockgate.loading.documents import context_of, parse_text, pieces_of
from lockgate.model import ApiDefinition
from lockgate.settings import Settings

_CLOSING: Final = re.compile(r"\s*[\]}]")
_INDENT: Final = re.compile(r" *")


@dataclass(frozen=True, slots=True)
class Location:
    """Of one definition, in the text of its file."""

    lines: tuple[str, ...]
    """Of the file."""
    prefix: str = ""
    """JSON Pointer to the definition within its document; of problems, the beginning of the pointer."""
    first: int = 1
    """Its first line, from 1."""
    last: int = 0
    """Its last line."""
    is_current: bool = True
    """False: the file has changed since the definition was loaded, or cannot be read as one; lines are not known."""
    is_resource: bool = False
    """It stands in a resource of Tyk Operator."""
    line_of: Callable[[str], int] = lambda _: 0
    """From a JSON Pointer into the definition, as it is spelled there; 0 where lines are not known."""

    def section(self, pointer: str) -> tuple[int, int]:
        """First and last line of a value and its key; (0, 0) where they are not known."""
        if not self.is_current:
            return 0, 0
        first = self.line_of(pointer)
        return (first, self.last) if not pointer else _section(self.lines, first, parts_of(pointer)[-1])


def locate(
    definitions: Iterable[ApiDefinition], text: str, settings: Settings, others: Mapping[str, str] | None = None
) -> Mapping[str, Location]:
    """Where definitions of one file stand in it.

    Args:
        definitions: Loaded from the same file.
        text: Of the file, as it is now.
        settings: That they were loaded with.
        others: Texts of further files of the load, by name, whose resources may be needed to find one.

    Returns:
        By id of the API.
    """
    wanted = list(definitions)
    lines = tuple(text.splitlines())
    found: dict[str, Location] = {}
    starts: list[int] = []
    file = wanted[0].source if wanted else ""
    context = context_of(settings, {}, resolve=False)
    parsed = []
    for name, content in {**(others or {}), file: text}.items():
        try:
            documents = parse_text(content, name)
        except SyntaxProblem:
            continue
        context.resources.add(documents, name)
        parsed.append((documents, name))
    for documents, name in parsed:
        for piece in pieces_of(documents, name, context):
            if piece.file != file:
                continue
            starts.append(piece.line_of(""))
            for definition in wanted:
                if definition.id not in found and definition.document == piece.value:
                    found[definition.id] = Location(
                        lines,
                        piece.prefix,
                        starts[-1],
                        len(lines),
                        is_resource=bool(piece.api_id),
                        line_of=_spelled(piece.line_of, piece.value),
                    )
                    break
    ends = {start: after - 1 for start, after in zip(sorted(starts), sorted(starts)[1:], strict=False)}
    return {
        definition.id: _until(found[definition.id], ends)
        if definition.id in found
        else Location(lines, is_current=False, last=len(lines))
        for definition in wanted
    }


def _spelled(line_of: Callable[[str], int], document: object) -> Callable[[str], int]:
    return lambda pointer: line_of(as_written(document, pointer))


def _until(location: Location, ends: Mapping[int, int]) -> Location:
    last = ends.get(location.first, location.last)
    return Location(
        location.lines,
        location.prefix,
        location.first,
        last,
        is_resource=location.is_resource,
        line_of=location.line_of,
    )


def _section(lines: tuple[str, ...], first: int, key: str) -> tuple[int, int]:
    """A value's lines by their indentation, which both formats have as people write them.

    Args:
        lines: Of the file.
        first: On which the value begins; in YAML that may be behind its key.
        key: Under which it stands.
    """
    if not 1 <= first <= len(lines):
        return 0, 0
    above = first - 1
    while above >= 1 and (not lines[above - 1].strip() or lines[above - 1].lstrip().startswith("#")):
        above -= 1
    names = (f"{key}:", f'"{key}":', f"'{key}':")
    if above >= 1 and lines[above - 1].strip().removeprefix("- ") in names:
        first = above
    depth = _depth(lines[first - 1])
    listed = lines[first - 1].lstrip().startswith("- ")
    last = first
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        same = _depth(line) == depth
        if same and _CLOSING.match(line):
            return first, number
        # Entries of a list may stand as deep as its key.
        if _depth(line) < depth or (same and (listed or not line.lstrip().startswith("- "))):
            break
        last = number
    return first, last


def _depth(line: str) -> int:
    found = _INDENT.match(line.expandtabs(4))
    return found.end() if found else 0
