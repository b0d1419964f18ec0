"""Files that a definition names: beside the settings' file, or else beside the definition's."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lockgate.decoding.shapes import Place
from lockgate.loading.making import Making


@dataclass(frozen=True, slots=True)
class FileBeside:
    """What became of reading a file."""

    path: Path
    """Where it is, or would be."""
    raw: bytes | None
    """None where it cannot be read."""
    why: str = ""
    """Why it cannot be read."""


def read_named(
    kind: str, text: str, place: Place, making: Making, most_bytes: int, consequence: str, *, code: str
) -> tuple[Path, bytes] | None:
    """Read a file and where it was, or note why it cannot be read, as a warning.

    Args:
        kind: What it is to be: "script".
        text: Its path as the definition has it.
        place: Of the path.
        making: Of the definition.
        most_bytes: A larger one cannot be read.
        consequence: What becomes of what needs it.
        code: Of the warning.
    """
    found = making.notes.show(text, place)
    if not text or "\0" in text:
        message = f"expected the path of a {kind}, found {found}: {consequence}"
        making.notes.warning(code, message, place)
        return None
    file = read_beside(text, making, most_bytes)
    if file.raw is None:
        making.notes.warning(code, f"cannot read the {kind} {found}: {file.why}; {consequence}", place)
        return None
    return file.path, file.raw


def read_beside(text: str, making: Making, most_bytes: int) -> FileBeside:
    """Read a file, and have it watched.

    Args:
        text: Its path as the definition has it, neither empty nor with a NUL.
        making: Of the definition.
        most_bytes: A larger one cannot be read.
    """
    first = Path(making.settings.folder) / text
    beside = Path(making.origin.file).parent / text
    raw: bytes | None = None
    refusal = making.origin.refuses(first)
    if refusal:
        if making.origin.refuses(beside) or not beside.exists():
            return FileBeside(first, None, refusal)
        first = beside
    elif making.origin.refuses(beside):
        beside = first
    path = first
    try:
        path = first if first.exists() or not beside.exists() else beside
        if not path.exists():
            why = "there is no such file"
        elif not path.is_file():
            why = "it is no file"
        else:
            with path.open("rb") as stream:
                raw = stream.read(most_bytes + 1)
            why = f"it has more than {most_bytes} bytes" if len(raw) > most_bytes else ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
    making.files[str(first)] = making.files[str(path)] = "" if raw is None else hashlib.sha256(raw).hexdigest()
    return FileBeside(path, None if why else raw, why)
