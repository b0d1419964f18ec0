"""Functions on paths: of URLs, and of files, which on the reference gateway's machines follow the same rules.

Source: sprig 3.3.0, functions.go; Go 1.26, path and path/filepath.
"""

from typing import Final

from lockgate.templates.function import function
from lockgate.templates.run import Run

_CHARACTERS_PER_STEP: Final = 16


def clean_path(path: str) -> str:
    """The shortest path that means the same: without "//", "." and what ".." takes back."""
    is_rooted = path.startswith("/")
    segments: list[str] = []
    for segment in path.split("/"):
        if segment in ("", "."):
            continue
        if segment != "..":
            segments.append(segment)
        elif segments and segments[-1] != "..":
            segments.pop()
        elif not is_rooted:
            segments.append(segment)
    return ("/" if is_rooted else "") + "/".join(segments) or "."


def _clean(run: Run, path: str) -> str:
    run.step(len(path) // _CHARACTERS_PER_STEP)
    return clean_path(path)


def _dir(run: Run, path: str) -> str:
    return _clean(run, path[: path.rfind("/") + 1])


def _base(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _ext(path: str) -> str:
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


def _is_abs(path: str) -> bool:
    return path.startswith("/")


FUNCTIONS: Final = (
    function("base", "(string) string", _base),
    function("dir", "(string) string", _dir, needs_run=True),
    function("clean", "(string) string", _clean, needs_run=True),
    function("ext", "(string) string", _ext),
    function("isAbs", "(string) bool", _is_abs),
    function("osBase", "(string) string", _base),
    function("osDir", "(string) string", _dir, needs_run=True),
    function("osClean", "(string) string", _clean, needs_run=True),
    function("osExt", "(string) string", _ext),
    function("osIsAbs", "(string) bool", _is_abs),
)
