"""Words of violations: quoting as Go does it, and a limit to their length.

Source: Go, strconv.Quote; behaviour-chain 4.8.
"""

from typing import Final

LONGEST: Final = 16_384
"""Characters of one violation."""
LONGEST_QUOTED: Final = 1_024
"""Characters of what a client sent, within a violation."""

_SHORT: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}
_ASCII_END: Final = 0x80
_BMP_END: Final = 0x10000


def quoted(text: str) -> str:
    """A text as Go's ``%q`` prints it, in double quotes; of a very long one the beginning."""
    text = shortened(text, LONGEST_QUOTED)
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted_character(character) for character in text) + '"'


def _quoted_character(character: str) -> str:
    if (short := _SHORT.get(character)) is not None:
        return short
    if character.isprintable():
        return character
    code = ord(character)
    if code < _ASCII_END:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BMP_END else f"\\U{code:08x}"


def shortened(text: str, longest: int = LONGEST) -> str:
    """At most ``longest`` characters of ``text``; "…" stands for the rest."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
