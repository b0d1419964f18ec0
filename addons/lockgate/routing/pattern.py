r"""One pattern, and many at once, with the meaning that the reference gateway gives them.

Patterns are Go regular expressions: RE2's language without ``\C``. They are searched in decoded paths.

Source: behaviour-chain 0.2 and 2.1.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, final
from urllib.parse import unquote_to_bytes

import re2

MAX_SET_MEMORY_BYTES: Final = 512 << 20
"""Of one set. With RE2's default of 8 MB a set of 10,000 patterns does not compile."""

_CHECK_MEMORY_BYTES: Final = 64 << 10
_TOO_LARGE: Final = "pattern too large"
_PLACEHOLDER: Final = re.compile(r"\{[^}]+\}")
_QUOTED_OR_ESCAPED: Final = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.", re.DOTALL)


class PatternError(ValueError):
    """A regular expression that Go does not compile."""


class RegexMatch(Protocol):
    """What a search found. Its methods are those of ``re.Match``."""

    def group(self, index: int = 0, /) -> str | None: ...  # noqa: D102

    def groups(self) -> tuple[str | None, ...]: ...  # noqa: D102

    @property
    def re(self) -> "Regex": ...  # noqa: D102

    def span(self, index: int = 0, /) -> tuple[int, int]: ...  # noqa: D102

    def start(self, index: int = 0, /) -> int: ...  # noqa: D102

    def end(self, index: int = 0, /) -> int: ...  # noqa: D102


class Regex(Protocol):
    """A compiled pattern. Matches in linear time, whatever the text."""

    @property
    def pattern(self) -> str: ...  # noqa: D102

    @property
    def groups(self) -> int: ...  # noqa: D102

    @property
    def programsize(self) -> int:
        """Instructions that it was compiled to. At worst a search takes 5 ns for each of them and each byte."""
        ...

    def search(self, text: str | bytes, /) -> RegexMatch | None: ...  # noqa: D102

    def finditer(self, text: str | bytes, /) -> Iterator[RegexMatch]: ...  # noqa: D102


def _options(*, ignore_case: bool = False, dot_all: bool = False, max_memory_bytes: int | None = None) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.dot_nl = dot_all
    if max_memory_bytes is not None:
        options.max_mem = max_memory_bytes
    return options


def compile_regex(text: str, *, ignore_case: bool = False, dot_all: bool = False) -> Regex:
    """Compile a pattern of a definition.

    Args:
        text: As written, or made by ``path_pattern``.
        ignore_case: Letters match whatever their case.
        dot_all: "." is any character, a line break too. For paths, which ``PatternSet`` matches so as well.

    Raises:
        PatternError: Go would not compile it; the message is the reason alone.
    """
    return _compiled(text, _options(ignore_case=ignore_case, dot_all=dot_all))


def is_regex(text: str) -> bool:
    """Whether Go would compile a text that somebody sent: less work than to compile it, for one of many instructions.

    Nothing else runs meanwhile.
    """
    try:
        _compiled(text, _options(max_memory_bytes=_CHECK_MEMORY_BYTES))
    except PatternError as error:
        # It was read, and found to be a pattern, before it was too large.
        return str(error).startswith(_TOO_LARGE)
    return True


def _compiled(text: str, options: Any) -> Regex:
    if any(part == "\\C" for part in _QUOTED_OR_ESCAPED.findall(text)):
        raise PatternError("invalid escape sequence: \\C")
    try:
        regex: Regex = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        raise PatternError(decoded(reason) if isinstance(reason, bytes) else str(reason)) from None
    except UnicodeEncodeError:
        raise PatternError("invalid UTF-8") from None
    return regex


def path_pattern(path: str, *, prefix: bool = False, suffix: bool = False) -> str:
    """The regular expression for the path of an entry.

    Args:
        path: As the definition has it: "/users/{id}", "/items/*", "^/exact$".
        prefix: ``enable_path_prefix_matching``.
        suffix: ``enable_path_suffix_matching``.

    Returns:
        A pattern to search with, not yet compiled. A placeholder is one segment, whatever stands behind its colon.

    Source: behaviour-chain 2.1.
    """
    if 0 < path.count("{") == path.count("}"):
        path = _PLACEHOLDER.sub("([^/]+)", path)
    if "/*" in path:
        path = path.replace("/*/", "/[^/]+/").replace("/*", "/.*")
    if prefix and path.startswith("/"):
        path = "^" + path
    if suffix and not path.endswith("$"):
        path += "$"
    return path


def _each_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error("lockgate.each-byte", _each_byte)


def decoded(raw: bytes) -> str:
    """Bytes as Go's engine sees them: each byte that is no UTF-8 is one U+FFFD."""
    return raw.decode("utf-8", "lockgate.each-byte")


def decode_path(path: str) -> str:
    """A percent-encoded path as patterns see it.

    Args:
        path: As on the wire (``exchange.Request.path``); an escape that is none stays as it is.
    """
    if "%" not in path and path.isascii():
        return path
    return decoded(unquote_to_bytes(path.encode("utf-8", "surrogateescape")))


@final
class PatternSet:
    """Many patterns at once: which of them are found in a path, in time that does not grow with their number."""

    __slots__ = ("_set", "patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile ``patterns``, which each compile alone (``compile_regex``).

        Raises:
            PatternError: Together they are more than ``MAX_SET_MEMORY_BYTES`` hold.
        """
        self.patterns: Final[Sequence[str]] = tuple(patterns)
        self._set: Any = None
        if not self.patterns:
            return
        # Differs: in the reference gateway "." is no line break, so that "%0A" leads past a list
        # (test_a_line_break_does_not_lead_past_a_list).
        self._set = re2.Set.SearchSet(_options(dot_all=True, max_memory_bytes=MAX_SET_MEMORY_BYTES))
        for pattern in self.patterns:
            self._set.Add(pattern)
        try:
            self._set.Compile()
        except re2.error:
            raise PatternError("too many patterns for one set") from None

    def found(self, text: str) -> list[int]:
        """Indexes into ``patterns`` of those that are found in ``text``, ascending."""
        # Match gives None, not an empty list, where nothing is found.
        return sorted(self._set.Match(text) or ()) if self._set is not None else []
