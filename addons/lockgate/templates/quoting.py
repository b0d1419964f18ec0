r"""Strings and characters as Go's source spells them: what ``%q`` prints, and error texts quote.

Source: Go 1.26, strconv, quote.go. What is printable is so since Unicode 15.0, as Go has it.
"""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*+")
_NOT_PLAIN: Final = re.compile(r"[^ !#-\[\]-~]")
_NOT_PLAIN_RUNE: Final = re.compile(r"[^ -&(-\[\]-~]")
_NOT_RAW: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f`\ufeff\udc80-\udcff]")
# Characters that Python knows, and Unicode 15.0 did not.
_NEWER: Final = re.compile("[\u2ffc-\u2fff\u31ef\U0002ebf0-\U0002ee5d]")
_SHORT: Final = {
    "\a": r"\a",
    "\b": r"\b",
    "\t": r"\t",
    "\n": r"\n",
    "\v": r"\v",
    "\f": r"\f",
    "\r": r"\r",
    "\\": r"\\",
    '"': r"\"",
    "'": r"\'",
}
_REPLACEMENT: Final = 0xFFFD
_LARGEST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_STRAY_BYTES: Final = range(0xDC80, 0xDD00)
_BYTE_OF: Final = 0xDC00
_FIRST_LONG: Final = 0x10000
_DELETE: Final = 0x7F


def is_printable(character: str) -> bool:
    """Whether Go prints a character as it is: letters, marks, numbers, punctuation, symbols and the ASCII space."""
    return character.isprintable() and _NEWER.match(character) is None


def quote_go(text: str, *, ascii_only: bool = False) -> str:
    r"""A string in double quotes: "\n" and "\"" for these, "\xff" for a byte that is no UTF-8, "\u200b" for others.

    Args:
        text: The string.
        ascii_only: Whether everything that is not ASCII is escaped, as with ``%+q``.
    """
    if _PLAIN.fullmatch(text) is not None:
        return f'"{text}"'
    return f'"{_NOT_PLAIN.sub(_escaped_to_ascii if ascii_only else _escaped, text)}"'


def quote_rune(code: int, *, ascii_only: bool = False) -> str:
    """A character in single quotes; U+FFFD for a number that is none."""
    character = character_of(code)
    return f"'{_NOT_PLAIN_RUNE.sub(_escaped_to_ascii if ascii_only else _escaped, character)}'"


def character_of(code: int) -> str:
    """The character of a number; U+FFFD where there is none."""
    return chr(code if 0 <= code <= _LARGEST and code not in _SURROGATES else _REPLACEMENT)


def fits_back_quotes(text: str) -> bool:
    """Whether a string can stand between back quotes: on one line, without control characters but the tab."""
    return _NOT_RAW.search(text) is None


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return character if is_printable(character) and character not in _SHORT else _escape(character)


def _escaped_to_ascii(match: re.Match[str]) -> str:
    return _escape(match[0])


def _escape(character: str) -> str:
    if (short := _SHORT.get(character)) is not None:
        return short
    code = ord(character)
    if code in _STRAY_BYTES:
        return f"\\x{code - _BYTE_OF:02x}"
    if code < ord(" ") or code == _DELETE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _FIRST_LONG else f"\\U{code:08x}"
