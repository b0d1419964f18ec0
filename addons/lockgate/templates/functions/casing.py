"""Functions that turn names from one spelling into another: snake_case, kebab-case, CamelCase, sWAPPED.

They go through characters; one that is no UTF-8 becomes U+FFFD where the character is written anew, and stays where a
word is copied.

Source: sprig 3.3.0, functions.go; huandu/xstrings 1.5.0, convert.go; Masterminds/goutils 1.1.1, wordutils.go.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final

from lockgate.templates.characters import (
    REPLACEMENT,
    is_letter,
    is_lower,
    is_number,
    is_punctuation,
    is_space,
    is_title,
    is_upper,
    to_lower,
    to_title,
    to_upper,
    without_stray_bytes,
)
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.values import joined

_CHARACTERS_PER_STEP: Final = 4
_STRAY_BYTES: Final = range(0xDC80, 0xDD00)
_FIRST_IDEOGRAPH: Final = 0x3400
_IDEOGRAPHS: Final = (range(0x4E00, 0x9FCD), range(0x3400, 0x4D86), range(0x20000, 0x2B81E))


def _swap_case(run: Run, text: str) -> str:
    if text.isascii():
        return text.swapcase()
    run.step(len(text) // _CHARACTERS_PER_STEP)
    parts: list[str] = []
    is_behind_space = True
    for character in without_stray_bytes(text):
        if is_upper(character) or is_title(character):
            parts.append(to_lower(character))
            is_behind_space = False
        elif is_lower(character):
            parts.append(to_title(character) if is_behind_space else to_upper(character))
            is_behind_space = False
        else:
            parts.append(character)
            is_behind_space = is_space(character)
    return "".join(parts)


def _is_connector(character: str) -> bool:
    return character in "-_" or is_space(character)


def _camel_case(run: Run, text: str) -> str:
    """``some_words`` to ``SomeWords``: connectors go, but for those before the first word and all but one of a row."""
    run.step(len(text) // _CHARACTERS_PER_STEP)
    text = without_stray_bytes(text)
    start = next((index for index, character in enumerate(text) if not _is_connector(character)), len(text))
    if start == len(text):
        return text + text[-1:]
    parts = [text[:start]]
    was_upper = is_upper(text[start])
    pending = to_upper(text[start])
    for character in text[start + 1 :]:
        made = character
        if _is_connector(pending):
            if _is_connector(character):
                parts.append(pending)
                pending = character
                continue
            was_upper = is_upper(character)
            made = to_upper(character)
        else:
            if was_upper and is_upper(character):
                made = to_lower(character)
            else:
                was_upper = False
            parts.append(pending)
        pending = made
    parts.append(pending)
    return "".join(parts)


class _Kind(Enum):
    """Of a word."""

    INVALID = auto()
    NUMBER = auto()
    UPPER = auto()
    LETTERS = auto()
    """A letter in upper case may be the first of it only where all letters behind it are not."""
    CONNECTOR = auto()
    PUNCTUATION = auto()
    OTHER = auto()


_Word = tuple[_Kind, str]
_NO_WORD: Final[_Word] = (_Kind.INVALID, "")


def _is_alphabetic(character: str) -> bool:
    """Whether it is a letter, and no ideograph."""
    if not is_letter(character):
        return False
    code = ord(character)
    return code < _FIRST_IDEOGRAPH or not any(code in ideographs for ideographs in _IDEOGRAPHS)


def _goes_on_as_letter(character: str) -> bool:
    return _is_alphabetic(character) and not is_upper(character)


def _goes_on_as_other(character: str) -> bool:
    return not (
        _is_connector(character) or _is_alphabetic(character) or is_number(character) or is_punctuation(character)
    )


def _is_no_character(character: str) -> bool:
    return character == REPLACEMENT or ord(character) in _STRAY_BYTES


class _Words:
    """A text taken apart into words of one kind each, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position >= len(self._text)

    def next(self) -> _Word:
        """The next word; one without text behind the last."""
        if self.is_at_end:
            return _NO_WORD
        start = self._position
        first, end = self._character(start, REPLACEMENT)
        if first == REPLACEMENT:
            kind = _Kind.INVALID
        elif _is_connector(first):
            kind, end = _Kind.CONNECTOR, self._run(end, first, _is_connector)
        elif is_punctuation(first):
            kind, end = _Kind.PUNCTUATION, self._run(end, first, is_punctuation)
        elif is_upper(first):
            kind, end = _Kind.UPPER, self._behind_upper(end, first)
        elif _is_alphabetic(first):
            kind, end = _Kind.LETTERS, self._run(end, first, _goes_on_as_letter)
        elif is_number(first):
            kind, end = _Kind.NUMBER, self._run(end, first, is_number)
        else:
            kind, end = _Kind.OTHER, self._run(end, first, _goes_on_as_other)
        self._position = end
        return kind, self._text[start:end]

    def _character(self, position: int, before: str) -> tuple[str, int]:
        """The next character that is one, and where it ends; ``before`` where there is none any more."""
        text = self._text
        while position < len(text):
            character = text[position]
            position += 1
            if not _is_no_character(character):
                return character, position
        return before, position

    def _run(self, position: int, before: str, goes_on: Callable[[str], bool]) -> int:
        """Where a word ends, all of whose characters are of a kind."""
        while position < len(self._text):
            before, end = self._character(position, before)
            if not goes_on(before):
                break
            position = end
        return position

    def _behind_upper(self, position: int, first: str) -> int:
        """Where a word ends that begins with a letter in upper case: ``Word``, ``HTTP`` of ``HTTPServer``."""
        if position >= len(self._text):
            return position
        second, end = self._character(position, first)
        if not is_upper(second):
            return self._run(end, second, _goes_on_as_letter) if _is_alphabetic(second) else position
        last = position
        while end < len(self._text):
            position = end
            second, end = self._character(position, second)
            if not is_upper(second):
                return last if _is_alphabetic(second) else position
            last = position
        return end


def _with_connector(text: str, connector: str) -> str:
    """Words in lower case with one connector between them; numbers stay with one of the words beside them."""
    parts: list[str] = []
    words = _Words(text)
    word = words.next()
    while not words.is_at_end:
        if word[0] is not _Kind.CONNECTOR:
            parts.append(_lowered(word, connector))
        word = _continued(words, word, connector, parts)
    parts.append(_lowered(word, connector))
    return joined(parts)


def _continued(words: _Words, last: _Word, connector: str, parts: list[str]) -> _Word:
    """Write what stands between a word and the next one, numbers too; the next one that is not written yet."""
    word = words.next()
    if last[0] is _Kind.NUMBER:
        word = _written_letters(words, word, connector, parts)
        if word[0] not in (_Kind.INVALID, _Kind.PUNCTUATION, _Kind.CONNECTOR):
            parts.append(connector)
    elif last[0] is _Kind.CONNECTOR:
        parts.append(_lowered(last, connector))
    elif last[0] is _Kind.PUNCTUATION:
        pass
    elif word[0] is not _Kind.NUMBER:
        if word[0] not in (_Kind.CONNECTOR, _Kind.PUNCTUATION):
            parts.append(connector)
    elif not words.is_at_end:
        word = _behind_number(words, word, connector, parts)
    return word


def _behind_number(words: _Words, number: _Word, connector: str, parts: list[str]) -> _Word:
    """Write a number behind a word: with the word (``bld4_floor``), or with letters behind it (``http_2xx``)."""
    word = words.next()
    if word[0] is not _Kind.LETTERS:
        parts.append(number[1])
        if word[0] not in (_Kind.CONNECTOR, _Kind.PUNCTUATION):
            parts.append(connector)
        return word
    parts += (connector, number[1])
    word = _written_letters(words, word, connector, parts)
    if word[0] not in (_Kind.INVALID, _Kind.CONNECTOR, _Kind.PUNCTUATION):
        parts.append(connector)
    return word


def _written_letters(words: _Words, word: _Word, connector: str, parts: list[str]) -> _Word:
    while word[0] in (_Kind.LETTERS, _Kind.NUMBER):
        parts.append(_lowered(word, connector))
        word = words.next()
    return word


def _lowered(word: _Word, connector: str) -> str:
    kind, text = word
    if kind not in (_Kind.UPPER, _Kind.CONNECTOR):
        return text
    return "".join(_lowered_characters(without_stray_bytes(text), connector))


def _lowered_characters(text: str, connector: str) -> Iterator[str]:
    for character in text:
        if _is_connector(character):
            yield connector
        else:
            yield to_lower(character) if is_upper(character) else character


def _snake_case(run: Run, text: str) -> str:
    run.step(len(text))
    run.make(2 * len(text))
    return _with_connector(text, "_")


def _kebab_case(run: Run, text: str) -> str:
    run.step(len(text))
    run.make(2 * len(text))
    return _with_connector(text, "-")


FUNCTIONS: Final = (
    function("swapcase", "(string) string", _swap_case, needs_run=True),
    function("camelcase", "(string) string", _camel_case, needs_run=True),
    function("snakecase", "(string) string", _snake_case, needs_run=True),
    function("kebabcase", "(string) string", _kebab_case, needs_run=True),
)
