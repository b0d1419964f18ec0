"""What V8 says of an exception, in terms of the script's own files and lines."""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.services import ScriptError

ENGINE: Final = "lockgate:boot"
"""Name of the engine's own JavaScript."""

_ENTRY: Final = "lockgate:entry"
_FRAME: Final = "    at "
_EVALUATING: Final = "    at eval (<anonymous>)"
_ANY_PLACE: Final = "lockgate:"
_PLACE: Final = re.compile(r"lockgate:(\d+):(\d+):(\d+)")
_OWN: Final = re.compile(r"<anonymous>:\d+:\d+\)?$")
_MOST_FRAMES: Final = 30
_LONGEST_MESSAGE: Final = 2000
_MISSING: Final = ("ReferenceError", "TypeError")
_LONE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def script_error(description: str, names: Sequence[str], widths: Sequence[int]) -> ScriptError:
    """What a script threw.

    Args:
        description: The text of it, or its stack as V8 has it.
        names: Of the sources.
        widths: Characters before the first line of each source.
    """
    message, _, rest = description.partition(f"\n{_FRAME}")
    lines = [f"at {line.removeprefix(_FRAME)}" for line in rest.split("\n")] if rest else []
    inside = next((index for index, line in enumerate(lines) if _ENTRY in line), len(lines))
    own = [line for line in lines[:inside] if ENGINE not in line and not _OWN.search(line)]
    last = max((index for index, line in enumerate(own) if _PLACE.search(line)), default=-1)
    frames = [_placed(line, names, widths) for line in own[: last + 1]]
    kind = message.partition(":")[0]
    missing = inside == 0 and bool(lines) and kind in _MISSING
    return ScriptError(
        "undefined-name" if missing else "exception", message[:_LONGEST_MESSAGE], "\n".join(frames[:_MOST_FRAMES])
    )


def told(text: str, names: Sequence[str], widths: Sequence[int]) -> str:
    """A line of a script's log: stacks in it have the script's own files and lines, and no frames of the engine.

    Args:
        text: That was logged.
        names: Of the sources.
        widths: Characters before the first line of each source.
    """
    if _ANY_PLACE not in text:
        return text
    lines = [line for line in text.split("\n") if not (line.startswith(_FRAME) and _is_engines(line))]
    return "\n".join(_placed(line, names, widths) for line in lines)


def _is_engines(line: str) -> bool:
    return ENGINE in line or _ENTRY in line or line == _EVALUATING or _OWN.search(line) is not None


def _placed(line: str, names: Sequence[str], widths: Sequence[int]) -> str:
    """A frame with the place as the author of the script knows it."""

    def place(found: re.Match[str]) -> str:
        source, row, column = (int(part) for part in found.groups())
        if source >= len(names):
            return found[0]
        shift = widths[source] if row == 1 and source < len(widths) else 0
        return f"{names[source]}:{row}:{max(1, column - shift)}"

    return _PLACE.sub(place, line)


def clean(text: str) -> str:
    """Text without surrogates that stand for nothing; U+DC80 to U+DCFF stand for bytes."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text)
    return text
