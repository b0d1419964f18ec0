"""Characters as Go's unicode package judges them, and strings taken byte by byte.

Python's own methods map a character to several where Unicode says so (``ß`` to ``SS``), look at what stands beside it
(the final sigma) and count more as white space; Go does neither.

Source: Go 1.26, unicode and strings.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from lockgate.templates.values import from_bytes

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What is white space."""
REPLACEMENT: Final = "\ufffd"
"""What a byte that is no UTF-8 becomes, where a string is gone through by characters."""
STRAY_BYTES: Final = "".join(map(chr, range(0xDC80, 0xDD00)))
"""Bytes that are no UTF-8, as ``values`` carries them."""

_SPACE_SET: Final = frozenset(SPACES)
_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")
_FINAL_SIGMA: Final = "Σ"
# Letters that Python knows, and Unicode 15.0, which Go has, did not.
_FIRST_NEWER: Final = "\U0002ebf0"
_LAST_NEWER: Final = "\U0002ee5d"


def is_space(character: str) -> bool:
    """Whether it is white space."""
    return character in _SPACE_SET


def is_letter(character: str) -> bool:
    """Whether it is a letter."""
    return character.isalpha() and not _FIRST_NEWER <= character <= _LAST_NEWER


def is_digit(character: str) -> bool:
    """Whether it is a decimal digit, of any script."""
    return character.isdecimal()


def is_number(character: str) -> bool:
    """Whether it is a number: a digit, a fraction, a Roman numeral."""
    return unicodedata.category(character)[0] == "N"


def is_punctuation(character: str) -> bool:
    """Whether it is punctuation; symbols are not."""
    return unicodedata.category(character)[0] == "P"


def is_upper(character: str) -> bool:
    """Whether it is a letter in upper case."""
    return unicodedata.category(character) == "Lu"


def is_lower(character: str) -> bool:
    """Whether it is a letter in lower case."""
    return unicodedata.category(character) == "Ll"


def is_title(character: str) -> bool:
    """Whether it is a letter in title case, of which there are few."""
    return unicodedata.category(character) == "Lt"


def has_stray_bytes(text: str) -> bool:
    """Whether a string is not all UTF-8."""
    return not text.isascii() and _STRAY_BYTE.search(text) is not None


def without_stray_bytes(text: str) -> str:
    """A string with U+FFFD for each byte that is no UTF-8."""
    return text if text.isascii() else _STRAY_BYTE.sub(REPLACEMENT, text)


@lru_cache(maxsize=4096)
def to_upper(character: str) -> str:
    """The one character that it is in upper case."""
    made = character.upper()
    return made if len(made) == 1 else to_title(character)


@lru_cache(maxsize=4096)
def to_lower(character: str) -> str:
    """The one character that it is in lower case."""
    return character.lower()[0]


@lru_cache(maxsize=4096)
def to_title(character: str) -> str:
    """The one character that it is in title case."""
    made = character.title()
    return made if len(made) == 1 else character


def upper(text: str) -> str:
    """A string in upper case."""
    text = without_stray_bytes(text)
    made = text.upper()
    # One character becomes one, or more: equal lengths are equal mappings.
    return made if len(made) == len(text) else "".join(map(to_upper, text))


def lower(text: str) -> str:
    """A string in lower case."""
    text = without_stray_bytes(text)
    made = text.lower()
    return made if len(made) == len(text) and _FINAL_SIGMA not in text else "".join(map(to_lower, text))


def byte_text(text: str) -> str:
    """A string's bytes, each as the character of its number: what counts in bytes is done on this."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def from_byte_text(text: str) -> str:
    """The string of what ``byte_text`` gave."""
    return text if text.isascii() else from_bytes(text.encode("latin-1"))


def byte_length(text: str) -> int:
    """How many bytes a string has."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
