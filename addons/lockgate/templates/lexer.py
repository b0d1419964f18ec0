"""The words of a template.

A source is taken apart once, from left to right, up to its end or the first thing that is no word. Each word knows where
it begins; which line that is on is counted along the way.

Source: Go 1.26, text/template/parse, lex.go.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple, NoReturn, final

from lockgate.templates.characters import is_digit, is_letter
from lockgate.templates.literals import code_point
from lockgate.templates.quoting import quote_go
from lockgate.templates.values import to_bytes

SPACE: Final = " \t\r\n"
"""What trim markers take away, and what parts words."""
_LONGEST_SHOWN: Final = 10


class Word(Enum):
    """Kinds of words."""

    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    ASSIGN = auto()
    DECLARE = auto()
    PIPE = auto()
    OPEN = auto()
    CLOSE = auto()
    SIGN = auto()
    """Any other printable character of ASCII."""
    STRING = auto()
    RAW_STRING = auto()
    CHARACTER = auto()
    NUMBER = auto()
    COMPLEX = auto()
    BOOL = auto()
    IDENTIFIER = auto()
    FIELD = auto()
    VARIABLE = auto()
    DOT = auto()
    NIL = auto()
    BLOCK = auto()
    BREAK = auto()
    CONTINUE = auto()
    DEFINE = auto()
    ELSE = auto()
    END = auto()
    IF = auto()
    RANGE = auto()
    TEMPLATE = auto()
    WITH = auto()
    EOF = auto()
    ERROR = auto()
    """There is no word here; the text says why."""


KEYWORDS: Final[Mapping[str, Word]] = {
    word.name.lower(): word
    for word in (
        Word.BLOCK,
        Word.BREAK,
        Word.CONTINUE,
        Word.DEFINE,
        Word.ELSE,
        Word.END,
        Word.IF,
        Word.NIL,
        Word.RANGE,
        Word.TEMPLATE,
        Word.WITH,
    )
}
_SHOWN_AS_KEYWORDS: Final = frozenset((*KEYWORDS.values(), Word.DOT))


class Token(NamedTuple):
    """A word at its place."""

    word: Word
    text: str
    position: int
    """In the source, in characters. Of an ERROR: of the character that is wrong."""
    line: int
    """That it begins on; first is 1."""

    def __str__(self) -> str:
        """As error texts name it."""
        if self.word is Word.EOF:
            return "EOF"
        if self.word is Word.ERROR:
            return self.text
        if self.word in _SHOWN_AS_KEYWORDS:
            return f"<{self.text}>"
        if len(self.text) > _LONGEST_SHOWN or len(to_bytes(self.text)) > _LONGEST_SHOWN:
            return f"{quote_go(self.text[:_LONGEST_SHOWN])}..."
        return quote_go(self.text)


_SPACES: Final = re.compile(r"[ \t\r\n]+")
_ALPHANUMERIC: Final = re.compile(r"[A-Za-z0-9_]*")
_STRING: Final = re.compile(r'"(?:[^"\\\n]+|\\[^\n])*+"')
_RAW_STRING: Final = re.compile(r"`[^`]*+`")
_CHARACTER: Final = re.compile(r"'(?:[^'\\\n]+|\\[^\n])*+'")
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_QUOTES: Final[Mapping[str, tuple[re.Pattern[str], Word, str]]] = {
    '"': (_STRING, Word.STRING, "unterminated quoted string"),
    "`": (_RAW_STRING, Word.RAW_STRING, "unterminated raw quoted string"),
    "'": (_CHARACTER, Word.CHARACTER, "unterminated character constant"),
}
_SIMPLE: Final[Mapping[str, Word]] = {"=": Word.ASSIGN, "|": Word.PIPE, "(": Word.OPEN, ")": Word.CLOSE}
_TERMINATORS: Final = frozenset(" \t\r\n.,|:)(")


def tokens(source: str) -> tuple[Token, ...]:
    """The words of a source; the last one is EOF or ERROR."""
    return _Lexer(source).run()


def is_alphanumeric(character: str) -> bool:
    """Whether a name may have it: a letter or digit of any script, or "_"."""
    return character == "_" or is_letter(character) or is_digit(character)


class _StopError(Exception):
    """There is no further word."""


@final
class _Lexer:
    """Goes through one source."""

    __slots__ = ("at", "counted", "found", "line", "parentheses", "source")

    def __init__(self, source: str) -> None:
        self.source: Final = source
        self.at = 0
        self.found: Final[list[Token]] = []
        self.line = 1
        self.counted = 0
        """Up to where lines are counted."""
        self.parentheses = 0

    def run(self) -> tuple[Token, ...]:
        try:
            while self._text():
                self._action()
        except _StopError:
            pass
        return tuple(self.found)

    def _emit(self, word: Word, start: int, end: int, text: str | None = None) -> None:
        self.line += self.source.count("\n", self.counted, start)
        self.counted = start
        self.found.append(Token(word, self.source[start:end] if text is None else text, start, self.line))
        self.at = end

    def _fail(self, start: int, text: str, at: int | None = None) -> NoReturn:
        """End where no word begins at ``start``: at the character ``at``, if that is another one."""
        self._emit(Word.ERROR, start, start, text)
        if at is not None:
            self.found[-1] = self.found[-1]._replace(position=at)
        raise _StopError

    # between actions

    def _text(self) -> bool:
        """Text and comments up to an action, and its left delimiter. False: the source ends."""
        source = self.source
        while True:
            start = self.at
            left = source.find("{{", start)
            if left < 0:
                if start < len(source):
                    self._emit(Word.TEXT, start, len(source))
                self._emit(Word.EOF, len(source), len(source))
                return False
            trims = source.startswith("-", left + 2) and left + 3 < len(source) and source[left + 3] in SPACE
            text = source[start:left]
            if trims:
                text = text.rstrip(SPACE)
            if text:
                self._emit(Word.TEXT, start, left, text)
            inside = left + 4 if trims else left + 2
            if not source.startswith("/*", inside):
                self._emit(Word.LEFT, left, left + 2)
                self.at = inside
                self.parentheses = 0
                return True
            self._comment(inside)

    def _comment(self, start: int) -> None:
        close = self.source.find("*/", start + 2)
        if close < 0:
            self._fail(start, "unclosed comment")
        right = self._right_delimiter(close + 2)
        if right < 0:
            self._fail(start, "comment ends before closing delimiter")
        self.at = right + 2
        if right > close + 2:
            self._skip_space()

    def _right_delimiter(self, at: int) -> int:
        """Where the right delimiter stands that is at a place, perhaps behind a trim marker; -1: it is not there."""
        source = self.source
        if source.startswith("}}", at):
            return at
        if source.startswith("-}}", at + 1) and source[at] in SPACE:
            return at + 2
        return -1

    def _skip_space(self) -> None:
        found = _SPACES.match(self.source, self.at)
        if found is not None:
            self.at = found.end()

    # inside actions

    def _action(self) -> None:
        """The words of an action, its right delimiter the last."""
        source = self.source
        while True:
            at = self.at
            right = self._right_delimiter(at)
            if right >= 0:
                if self.parentheses:
                    self._fail(at, "unclosed left paren")
                self._emit(Word.RIGHT, right, right + 2)
                if right > at:
                    self._skip_space()
                return
            if at >= len(source):
                self._fail(at, "unclosed action")
            self._word(source[at], at)

    def _word(self, first: str, at: int) -> None:
        source = self.source
        if first in SPACE:
            self._space(at)
        elif first == "." and not "0" <= source[at + 1 : at + 2] <= "9" and at + 1 < len(source):
            self._name(Word.FIELD, Word.DOT, at)
        elif first == "$":
            self._name(Word.VARIABLE, Word.VARIABLE, at)
        elif first in ".+-" or "0" <= first <= "9":
            self._number(at)
        elif is_alphanumeric(first):
            self._identifier(at)
        elif first in _QUOTES:
            pattern, word, fault = _QUOTES[first]
            found = pattern.match(source, at)
            if found is None:
                self._fail(at, fault)
            else:
                self._emit(word, at, found.end())
        elif first in _SIMPLE:
            self._simple(first, at)
        elif first == ":":
            if not source.startswith("=", at + 1):
                self._fail(at, "expected :=")
            self._emit(Word.DECLARE, at, at + 2)
        elif first.isascii() and first.isprintable():
            self._emit(Word.SIGN, at, at + 1)
        else:
            self._fail(at, f"unrecognized character in action: {code_point(first)}")

    def _simple(self, first: str, at: int) -> None:
        if first == "(":
            self.parentheses += 1
        elif first == ")":
            self.parentheses -= 1
            if self.parentheses < 0:
                self._fail(at, "unexpected right paren")
        self._emit(_SIMPLE[first], at, at + 1)

    def _space(self, at: int) -> None:
        found = _SPACES.match(self.source, at)
        end = at + 1 if found is None else found.end()
        # The last one belongs to the trim marker, if there is one.
        if self.source.startswith("-}}", end):
            end -= 1
        self._emit(Word.SPACE, at, end)

    def _name(self, word: Word, alone: Word, at: int) -> None:
        """A field or a variable, or the sign that it begins with alone."""
        end = self._end_of_name(at + 1)
        self._must_end(at, end)
        self._emit(alone if end == at + 1 else word, at, end)

    def _identifier(self, at: int) -> None:
        end = self._end_of_name(at)
        self._must_end(at, end)
        name = self.source[at:end]
        word = Word.BOOL if name in ("true", "false") else KEYWORDS.get(name, Word.IDENTIFIER)
        self._emit(word, at, end)

    def _end_of_name(self, at: int) -> int:
        source = self.source
        while True:
            found = _ALPHANUMERIC.match(source, at)
            at = at if found is None else found.end()
            if at >= len(source) or source[at].isascii() or not is_alphanumeric(source[at]):
                return at
            at += 1

    def _must_end(self, start: int, end: int) -> None:
        """Nothing may follow a name that is not meant to."""
        source = self.source
        if end < len(source) and source[end] not in _TERMINATORS and not source.startswith("}}", end):
            self._fail(start, f"bad character {code_point(source[end])}", end)

    def _number(self, at: int) -> None:
        source = self.source
        end = self._number_end(at, at)
        word = Word.NUMBER
        if source[end : end + 1] in ("+", "-"):
            word = Word.COMPLEX
            end = self._number_end(at, end)
            if source[end - 1] != "i":
                self._bad_number(at, end)
        self._emit(word, at, end)

    def _number_end(self, start: int, at: int) -> int:
        found = _NUMBER.match(self.source, at)
        end = at if found is None else found.end()
        if end < len(self.source) and is_alphanumeric(self.source[end]):
            self._bad_number(start, end + 1)
        return end

    def _bad_number(self, start: int, end: int) -> NoReturn:
        self._fail(start, f"bad number syntax: {quote_go(self.source[start:end])}")
