"""An edited text written into the file of its definition: what would change, whether it may, and the writing.

Only files that the deployment reads definitions from are written, and only if they still hold what was edited.
"""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.debugging.embedded import embedded_in
from lockgate.debugging.trial import MOST_TEXT_BYTES, Bench, has_errors, read_sealed
from lockgate.deployment import Deployment
from lockgate.loading.files import EXTENSIONS
from lockgate.loading.replacing import replace_file
from lockgate.problems import Problem

_CONFLICT: Final = 409
_NOT_LOADED: Final = 422


class SaveError(Exception):
    """A text is not saved; the message says why."""

    def __init__(self, status: int, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.status: Final = status
        """As in HTTP: 400, 404, 409, 422, 500."""
        self.problems: Final = problems


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a definition's file as it is on disk."""

    file: str
    """Its name, as the deployment has it."""
    text: str
    """With line feeds alone."""
    digest: str
    """SHA-256 of its bytes, in hexadecimal: what was edited."""
    crlf: bool = False
    """Its lines end in CR LF."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What saving would do."""

    source: Source
    text: str
    diff: str
    """Unified; "" where nothing changes."""
    problems: tuple[Problem, ...] = ()
    """Of the new text."""

    @property
    def loads(self) -> bool:
        """Whether the new text has no errors."""
        return not has_errors(self.problems)


def files_of(deployment: Deployment) -> Mapping[str, Path]:
    """The files that the deployment reads definitions from, by their names."""
    found: dict[str, Path] = {}
    for path in deployment.paths:
        if not path.is_dir():
            found[str(path)] = path
            continue
        try:
            inside = sorted(path.iterdir())
        except OSError:
            continue
        for file in inside:
            if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".") and file.is_file():
                found[str(file)] = file
    return found


def read_source(deployment: Deployment, file: str) -> Source:
    """The text of one of these files.

    Raises:
        SaveError: It is none of them, or cannot be read as text.
    """
    return _source(file, _raw(_file(deployment, file)))


def _file(deployment: Deployment, file: str) -> Path:
    path = files_of(deployment).get(file)
    if path is None:
        raise SaveError(404, f"{file!r} is no file that definitions are read from")
    return path


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_TEXT_BYTES + 1)
    except OSError as error:
        raise SaveError(404, f"cannot read {str(path)!r}: {error.strerror}") from None
    if len(raw) > MOST_TEXT_BYTES:
        raise SaveError(400, f"expected a file of {MOST_TEXT_BYTES} bytes at most, {str(path)!r} has more")
    return raw


def _source(file: str, raw: bytes) -> Source:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SaveError(400, f"expected UTF-8 in {file!r}: {error.reason} at byte {error.start}") from None
    crlf = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    return Source(file, text.replace("\r\n", "\n") if crlf else text, hashlib.sha256(raw).hexdigest(), crlf)


def plan_save(deployment: Deployment, bench: Bench, file: str, text: str, digest: str) -> Plan:
    """What saving an edited text would do. Changes nothing.

    Args:
        deployment: Whose file it is.
        bench: Of the gateway.
        file: Name of the file.
        text: All of it, edited.
        digest: Of the file that was edited.

    Raises:
        SaveError: The file is none of the deployment's, or holds something else by now.
    """
    path = _file(deployment, file)
    if path.is_symlink():
        raise SaveError(400, f"{file!r} is a link: save it where it leads to")
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_TEXT_BYTES:
        raise SaveError(400, f"expected a text of {MOST_TEXT_BYTES} bytes at most, found {size}")
    source = _source(file, _raw(path))
    if source.digest != digest:
        raise SaveError(_CONFLICT, f"{file!r} changed since it was opened here: open it again")
    lines = difflib.unified_diff(
        source.text.splitlines(), text.splitlines(), f"{file} (now)", f"{file} (edited)", lineterm=""
    )
    diff = "\n".join(lines)
    diff += _of_embedded(source.text, text, file)
    if not diff and text != source.text:
        diff = f"--- {file} (now)\n+++ {file} (edited)\n only the end of the last line differs"
    loaded = read_sealed(text, file, bench.settings, bench.grounds, resolve=False)
    return Plan(source, text, diff, loaded.problems)


def _of_embedded(before: str, after: str, file: str) -> str:
    """What changed in templates and scripts that stand in the texts as base64."""
    known = {one.pointer: one.text for one in embedded_in(before, file)}
    made: list[str] = []
    for one in embedded_in(after, file):
        old = known.get(one.pointer, "")
        lines = difflib.unified_diff(
            old.splitlines(), one.text.splitlines(), f"{one.pointer} (now)", f"{one.pointer} (edited)", lineterm=""
        )
        made += lines
    return "".join(f"\n{line}" for line in made)


def save(deployment: Deployment, plan: Plan, *, forced: bool = False) -> Source:
    """Write what was planned.

    Args:
        deployment: Whose file it is.
        plan: As ``plan_save`` made it.
        forced: Although the text does not load.

    Returns:
        The file as it is now.

    Raises:
        SaveError: The text does not load, the file changed meanwhile, or it cannot be written.
    """
    if not (plan.loads or forced):
        first = next(one for one in plan.problems if has_errors((one,)))
        raise SaveError(_NOT_LOADED, f"the text does not load: {first.message}", plan.problems)
    file = plan.source.file
    path = _file(deployment, file)
    text = plan.text.replace("\r\n", "\n").replace("\n", "\r\n") if plan.source.crlf else plan.text
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SaveError(400, f"expected text, found {text[error.start : error.end]!r}, which is no character") from None
    if hashlib.sha256(_raw(path)).hexdigest() != plan.source.digest:
        raise SaveError(_CONFLICT, f"{file!r} changed meanwhile: open it again")
    try:
        replace_file(path, raw)
    except OSError as error:
        raise SaveError(500, f"cannot write {file!r}: {error.strerror or error}") from None
    return _source(file, raw)
