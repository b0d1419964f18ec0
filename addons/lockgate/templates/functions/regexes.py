"""Functions with regular expressions: Go's syntax and rules, RE2's engine, whose time grows with the text alone.

Source: sprig 3.3.0, regex.go; Go 1.26, regexp.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, final

import re2

from lockgate.templates.characters import has_stray_bytes, is_digit, is_letter, without_stray_bytes
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import Function, function
from lockgate.templates.patterns import Pattern, PatternError, read_pattern
from lockgate.templates.quoting import fits_back_quotes, quote_go
from lockgate.templates.run import Run
from lockgate.templates.values import NilList, TypedList, joined, strings

_KEPT_PATTERNS: Final = 128
_KEPT_LARGE_PATTERNS: Final = 2
_MEMORY_BYTES: Final = 1 << 20
_MEMORY_OF_LARGE_BYTES: Final = 8 << 20
_LARGE_COST: Final = 4000
_LARGEST_COST: Final = 400_000
_WORK_PER_STEP: Final = 100
"""Places of a pattern, times bytes of a text, that RE2 goes through in half a microsecond when it is at its slowest."""
_CHARACTERS_PER_STEP: Final = 64
_STEPS_OF_A_MATCH: Final = 3
_MEMBER_SIZE: Final = 8
_SPECIAL: Final = {ord(character): f"\\{character}" for character in "\\.+*?()|[]{}^$"}
_INSIDE_OF_CHARACTERS: Final = frozenset(bytes((byte,)) for byte in range(0x80, 0xC0))
_LARGEST_GROUP: Final = 10**8

_WHOLE: Final = range(1)

_Span = tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class _Regex:
    """A compiled pattern."""

    source: str
    pattern: Pattern
    finder: Any
    """Finds whole matches only, which is faster."""
    capturer: Any
    """Finds groups too."""


@final
class _Kept:
    """Compiled patterns by their text, those that were used last."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._regexes: dict[str, _Regex] = {}

    def find(self, text: str) -> _Regex | None:
        regex = self._regexes.pop(text, None)
        if regex is not None:
            self._regexes[text] = regex
        return regex

    def keep(self, text: str, regex: _Regex) -> None:
        self._regexes[text] = regex
        while len(self._regexes) > self._most:
            self._regexes.pop(next(iter(self._regexes)), None)


_kept: Final = _Kept(_KEPT_PATTERNS)
_kept_large: Final = _Kept(_KEPT_LARGE_PATTERNS)


def _compile(source: str, pattern: Pattern, memory_bytes: int) -> _Regex:
    """Compile a pattern.

    Raises:
        re2.error: It needs more memory.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory_bytes
    capturer = re2.compile(pattern.text.encode(), options)
    finder = capturer
    if len(pattern.names) > 1:
        options.never_capture = True
        finder = re2.compile(pattern.text.encode(), options)
    if memory_bytes > _MEMORY_BYTES:
        # The library keeps what it compiled, by number and not by size.
        re2.purge()
    return _Regex(source, pattern, finder, capturer)


def _regex(run: Run, text: str) -> _Regex:
    """A pattern, compiled.

    Raises:
        PatternError: Go does not compile it.
        FunctionError: It would take too much memory.
        TooLongError: To compile it takes too long for here.
    """
    regex = _kept.find(text)
    if regex is not None:
        return regex
    run.step(len(text))
    pattern = read_pattern(text, run.leave)
    if pattern.cost <= _LARGE_COST:
        try:
            regex = _compile(text, pattern, _MEMORY_BYTES)
        except re2.error:
            pass
        else:
            _kept.keep(text, regex)
            return regex
    return _large_regex(run, text, pattern)


def _large_regex(run: Run, text: str, pattern: Pattern) -> _Regex:
    run.leave()
    regex = _kept_large.find(text)
    if regex is not None:
        return regex
    # Differs: Go takes patterns of up to 3.3 million instructions, which is 128 MB for each of them. Here they are an
    # error of every function, of regexMatch too (test_a_pattern_that_would_take_too_much_memory_is_refused).
    too_large = FunctionError(f"error parsing regexp: expression too large: `{text}`")
    if pattern.cost > _LARGEST_COST:
        raise too_large
    try:
        regex = _compile(text, pattern, _MEMORY_OF_LARGE_BYTES)
    except re2.error:
        raise too_large from None
    _kept_large.keep(text, regex)
    return regex


@final
class _Subject:
    """A text to search in."""

    __slots__ = ("_offsets", "_text", "raw")

    def __init__(self, run: Run, text: str) -> None:
        self._text: Final = text
        self._offsets: list[int] | None = None
        """Of characters in ``raw``, where bytes of the text stand there as U+FFFD."""
        shown = text
        if has_stray_bytes(text):
            run.step(len(text))
            shown = without_stray_bytes(text)
            self._offsets = [0, *accumulate(len(character.encode()) for character in shown)]
        self.raw: Final = shown.encode()

    def part(self, start: int, end: int) -> str:
        """What stands between two offsets of ``raw``."""
        if len(self.raw) == len(self._text):
            return self._text[start:end]
        if self._offsets is None:
            return self.raw[start:end].decode()
        return self._text[bisect_left(self._offsets, start) : bisect_left(self._offsets, end)]


def _spans(run: Run, regex: _Regex, subject: _Subject, *, captures: bool = False) -> Iterator[list[_Span]]:
    """Matches from left to right: of each the span of the whole, then those of its groups, where they are asked for.

    An empty match right behind another one is none.
    """
    raw, pattern = subject.raw, regex.pattern
    size = len(raw)
    run.step(size * pattern.size // _WORK_PER_STEP + 1)
    counts_far = run.inline and pattern.looks_far
    is_ascii = raw.isascii()
    finditer = (regex.capturer if captures else regex.finder).finditer
    groups = range(len(pattern.names)) if captures else _WHOLE
    before = -1
    matches = finditer(raw)
    while (found := next(matches, None)) is not None:
        start, end = found.span()
        run.step(_STEPS_OF_A_MATCH + ((size - end) * pattern.size // _WORK_PER_STEP if counts_far else 0))
        if start == end and not is_ascii:
            # RE2 looks on behind the next byte; "\B" matches between those of a character, which is nothing to Go.
            matches = finditer(raw, start + _width(raw, start)) if start < size else iter(())
            if raw[start : start + 1] in _INSIDE_OF_CHARACTERS:
                continue
        if end > start or start != before:
            yield [found.span(group) for group in groups]
        before = end


def _width(raw: bytes, offset: int) -> int:
    """How many bytes the character has that begins at ``offset``; 1 inside of one."""
    lead = raw[offset]
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4  # noqa: PLR2004  UTF-8


def _is_match(run: Run, regex: _Regex, text: str) -> bool:
    return next(_spans(run, regex, _Subject(run, text)), None) is not None


def _find(run: Run, regex: _Regex, text: str) -> str:
    subject = _Subject(run, text)
    spans = next(_spans(run, regex, subject), None)
    return "" if spans is None else subject.part(*spans[0])


def _find_all(run: Run, regex: _Regex, text: str, most: int) -> TypedList:
    subject = _Subject(run, text)
    parts: list[str] = []
    if most != 0:
        for (span,) in _spans(run, regex, subject):
            run.make(span[1] - span[0] + _MEMBER_SIZE)
            parts.append(subject.part(*span))
            if len(parts) == most:
                break
    return strings(parts) if parts else NilList("string")


def _split(run: Run, regex: _Regex, text: str, most: int) -> TypedList:
    if most == 0:
        return NilList("string")
    if regex.source and not text:
        return strings(("",))
    subject = _Subject(run, text)
    parts: list[str] = []
    begin = end = 0
    for count, (span,) in enumerate(_spans(run, regex, subject)):
        if 0 < most <= len(parts) + 1 or count == most:
            break
        end = span[0]
        if span[1] != 0:
            run.make(end - begin + _MEMBER_SIZE)
            parts.append(subject.part(begin, end))
        begin = span[1]
    if end != len(subject.raw):
        parts.append(subject.part(begin, len(subject.raw)))
    return strings(parts)


_Piece = str | tuple[int, ...]
"""Of a replacement: text, or the groups of which the first that took part is put in."""


def _replace(run: Run, regex: _Regex, text: str, replacement: str) -> str:
    if "$" not in replacement:
        return _replace_literally(run, regex, text, replacement)
    pieces = _pieces(run, replacement, regex.pattern.names)
    subject = _Subject(run, text)
    run.make(len(text))
    parts: list[str] = []
    position = 0
    for spans in _spans(run, regex, subject, captures=True):
        parts.append(subject.part(position, spans[0][0]))
        position = spans[0][1]
        run.step(len(pieces))
        for piece in pieces:
            part = piece if isinstance(piece, str) else _group(subject, spans, piece)
            run.make(len(part))
            parts.append(part)
    parts.append(subject.part(position, len(subject.raw)))
    return joined(parts)


def _group(subject: _Subject, spans: list[_Span], groups: tuple[int, ...]) -> str:
    return next((subject.part(*spans[group]) for group in groups if spans[group][0] >= 0), "")


def _replace_literally(run: Run, regex: _Regex, text: str, replacement: str) -> str:
    subject = _Subject(run, text)
    run.make(len(text))
    parts: list[str] = []
    position = 0
    for (span,) in _spans(run, regex, subject):
        run.make(len(replacement))
        parts.append(subject.part(position, span[0]))
        parts.append(replacement)
        position = span[1]
    parts.append(subject.part(position, len(subject.raw)))
    return joined(parts)


def _pieces(run: Run, replacement: str, names: tuple[str, ...]) -> list[_Piece]:
    """A replacement taken apart: ``$1``, ``${1}``, ``$name``, ``${name}``, ``$$``.

    A name goes as far as it can: ``$1x`` is the group named "1x". A "$" that begins nothing is text.
    """
    run.step(len(replacement))
    pieces: list[_Piece] = []
    rest = 0
    while (dollar := replacement.find("$", rest)) >= 0:
        pieces.append(replacement[rest:dollar])
        rest = dollar + 1
        if replacement.startswith("$", rest):
            pieces.append("$")
            rest += 1
            continue
        name, end = _name(replacement, rest)
        if not name:
            pieces.append("$")
            continue
        pieces.append(_groups(name, names))
        rest = end
    pieces.append(replacement[rest:])
    return [piece for piece in pieces if piece]


def _name(replacement: str, start: int) -> tuple[str, int]:
    """The name behind a "$", and where it ends; "" where there is none."""
    has_brace = replacement.startswith("{", start)
    end = start = start + has_brace
    while end < len(replacement) and _is_in_names(replacement[end]):
        end += 1
    if has_brace and not replacement.startswith("}", end):
        return "", start
    return replacement[start:end], end + has_brace


def _is_in_names(character: str) -> bool:
    return character == "_" or is_letter(character) or is_digit(character)


def _groups(name: str, names: tuple[str, ...]) -> tuple[int, ...]:
    if name.isascii() and name.isdigit() and (name == "0" or name[0] != "0"):
        number = int(name) if len(name) < len(str(_LARGEST_GROUP)) else _LARGEST_GROUP
        return (number,) if number < len(names) else ()
    return tuple(index for index, known in enumerate(names) if known == name)


def _quote_meta(run: Run, text: str) -> str:
    run.step(len(text) // _CHARACTERS_PER_STEP)
    run.make(2 * len(text))
    return text.translate(_SPECIAL)


def _panicking(error: PatternError, text: str) -> FunctionError:
    quoted = f"`{text}`" if fits_back_quotes(text) else quote_go(text)
    return FunctionError(f"regexp: Compile({quoted}): {error}")


def _pair(name: str, signature: str, call: Callable[..., object]) -> tuple[Function, Function]:
    """A function and its namesake with "must", which says less of a pattern that is none."""

    def plain(run: Run, pattern: str, *arguments: object) -> object:
        try:
            regex = _regex(run, pattern)
        except PatternError as error:
            raise _panicking(error, pattern) from None
        return call(run, regex, *arguments)

    def must(run: Run, pattern: str, *arguments: object) -> object:
        try:
            regex = _regex(run, pattern)
        except PatternError as error:
            raise FunctionError(str(error)) from None
        return call(run, regex, *arguments)

    return (
        function(name, signature, plain, needs_run=True),
        function(f"must{name[0].upper()}{name[1:]}", signature, must, needs_run=True),
    )


def _match(run: Run, pattern: str, text: str) -> bool:
    try:
        regex = _regex(run, pattern)
    except PatternError:
        return False
    return _is_match(run, regex, text)


FUNCTIONS: Final = (
    function("regexMatch", "(string, string) bool", _match, needs_run=True),
    _pair("regexMatch", "(string, string) bool", _is_match)[1],
    *_pair("regexFind", "(string, string) string", _find),
    *_pair("regexFindAll", "(string, string, int) []string", _find_all),
    *_pair("regexReplaceAll", "(string, string, string) string", _replace),
    *_pair("regexReplaceAllLiteral", "(string, string, string) string", _replace_literally),
    *_pair("regexSplit", "(string, string, int) []string", _split),
    function("regexQuoteMeta", "(string) string", _quote_meta, needs_run=True),
)
