"""Errors of templates for people: where it is in the file, the line itself, and a caret under the place."""

import re
import unicodedata
from typing import Final

from lockgate.templates.errors import TemplateError

WIDTH: Final = 100
"""Characters of a line that are shown."""
_BEFORE: Final = 60
"""Of them, at most so many before the place."""
_INDENT: Final = "    "
_CUT: Final = "…"
_CONTROLS: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal might obey, and what is no character."""


def pointed(error: TemplateError, name: str) -> str:
    """An error with the place that it is about, on several lines without a newline at the end.

    Args:
        error: Of a template.
        name: That its reader knows the template by: the path of a file.
    """
    line, column = (0, 0) if error.place is None else (error.place.line, error.place.column)
    return pointed_at(error.text, name, source=error.source, line=line, column=column, hint=error.hint)


def pointed_at(text: str, name: str, *, source: str = "", line: int = 0, column: int = 0, hint: str = "") -> str:
    """The same, of an error that is not there any more.

    Args:
        text: Go's.
        name: As for ``pointed``.
        source: Text that the place is in.
        line: First is 1; 0 when not known.
        column: In characters, first is 1; 0 when not known.
        hint: What to write instead; "" when there is none.
    """
    place = ":".join((name, *(str(number) for number in (line, column) if number)))
    shown = [f"{place}: {text}"]
    written = _line_of(source, line)
    if written.strip():
        shown += _window(written, column)
    if hint:
        shown.append(f"hint: {hint}")
    return "\n".join(_CONTROLS.sub("\ufffd", one) for one in shown)


def _line_of(source: str, line: int) -> str:
    """A line without its end; "" where there is none."""
    if line <= 0:
        return ""
    start = 0
    for _ in range(line - 1):
        start = source.find("\n", start) + 1
        if start == 0:
            return ""
    end = source.find("\n", start)
    return source[start : len(source) if end < 0 else end].removesuffix("\r")


def _window(written: str, column: int) -> list[str]:
    """What is shown of a line, and the caret under it."""
    at = min(max(column - 1, 0), len(written))
    start = max(0, min(at - _BEFORE, len(written) - WIDTH))
    part = written[start : start + WIDTH]
    before = _CUT if start else ""
    after = _CUT if start + WIDTH < len(written) else ""
    shown = [f"{_INDENT}{before}{part}{after}"]
    if column > 0:
        shown.append(_INDENT + " " * len(before) + "".join(map(_blank, part[: at - start])) + "^")
    return shown


def _blank(character: str) -> str:
    """Space as wide as a character is on a terminal."""
    if character == "\t":
        return character
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
