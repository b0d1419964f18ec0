"""Mail addresses as Go's net/mail reads them: RFC 5322 with display names, comments and groups. IP addresses.

Source: Go, net/mail, ParseAddress; Go, net, ParseIP.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

# Classes of characters, not choices between them: a match holds up every other thread.
_ATOM: Final = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~\x80-\U0010ffff]++")
_QUOTED: Final = re.compile(r'"((?:[ \t!#-\[\]-~\x80-\U0010ffff]++|\\[ \t!-~\x80-\U0010ffff])*+)"')
_LITERAL: Final = re.compile(r"\[([!-Z^-~\x80-\U0010ffff]*+)\]")
_SPACES: Final = re.compile(r"[ \t]*+")
_COMMENT_PART: Final = re.compile(r"(?:[^\\()]++|\\.)*+", re.DOTALL)
_ENCODED_WORD: Final = re.compile(r"=\?([^?]+)\?[bBqQ]\?([!->@-~]*)\?=")
_CHARSETS: Final = frozenset({"utf-8", "iso-8859-1", "us-ascii"})


def is_ip(text: str) -> bool:
    """Whether Go takes a text for an IP address; one with a zone is none."""
    kind: Callable[[str], object] = IPv6Address if ":" in text else IPv4Address
    try:
        kind(text)
    except AddressValueError:
        return False
    return "%" not in text


class _Malformed(Exception):  # noqa: N818 - it never leaves this module
    """No address."""


def is_mail_address(text: str) -> bool:
    """Whether a text is one address, perhaps with a display name: "a@b.example", "Ann <a@b.example>"."""
    reader = _Reader(text)
    try:
        count = reader.address(in_group=False)
        reader.comments()
    except _Malformed:
        return False
    return count == 1 and reader.at_end


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._text)

    def address(self, *, in_group: bool) -> int:
        """One mailbox, or a group; gives how many mailboxes."""
        self._spaces()
        if self.at_end:
            raise _Malformed
        start = self._position
        try:
            self._mailbox()
        except _Malformed:
            self._position = start
        else:
            self._spaces()
            if self._take("("):
                self._comment()
            return 1
        if not self._is_next("<"):
            self._phrase()
        self._spaces()
        if not in_group and self._take(":"):
            return self._group()
        self._expect("<")
        self._mailbox()
        self._expect(">")
        return 1

    def comments(self) -> None:
        self._spaces()
        while self._take("("):
            self._comment()
            self._spaces()

    def _group(self) -> int:
        count = 0
        self._spaces()
        if self._take(";"):
            self.comments()
            return count
        while True:
            self._spaces()
            count += self.address(in_group=True)
            self.comments()
            if self._take(";"):
                self.comments()
                return count
            self._expect(",")

    def _mailbox(self) -> None:
        """Local part, "@" and domain."""
        self._spaces()
        if self._is_next('"'):
            if not self._match(_QUOTED)[1]:
                raise _Malformed
        else:
            self._dotted_atom()
        self._expect("@")
        self._spaces()
        if self._is_next("["):
            if not is_ip(self._match(_LITERAL)[1]):
                raise _Malformed
        else:
            self._dotted_atom()

    def _dotted_atom(self) -> None:
        atom = self._match(_ATOM)[0]
        if atom[0] == "." or atom[-1] == "." or ".." in atom:
            raise _Malformed

    def _phrase(self) -> None:
        """Words; what follows the first one may be anything."""
        counted = self._word()
        while True:
            self.comments()
            try:
                counted |= self._word()
            except _Malformed:
                if not counted:
                    raise
                return

    def _word(self) -> bool:
        """Whether it is more than an encoding of nothing. One of an unknown charset is passed, and malformed."""
        self._spaces()
        if self._is_next('"'):
            self._match(_QUOTED)
            return True
        encoded = _ENCODED_WORD.fullmatch(self._match(_ATOM)[0])
        if encoded is None:
            return True
        if encoded[1].lower() not in _CHARSETS:
            raise _Malformed
        return encoded[2] != ""

    def _comment(self) -> None:
        """Behind its opening parenthesis."""
        depth = 1
        while depth:
            self._match(_COMMENT_PART)
            if self._take("("):
                depth += 1
            elif self._take(")"):
                depth -= 1
            else:
                raise _Malformed

    def _spaces(self) -> None:
        self._match(_SPACES)

    def _is_next(self, character: str) -> bool:
        return self._text.startswith(character, self._position)

    def _take(self, character: str) -> bool:
        if not self._is_next(character):
            return False
        self._position += 1
        return True

    def _expect(self, character: str) -> None:
        if not self._take(character):
            raise _Malformed

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._position)
        if found is None:
            raise _Malformed
        self._position = found.end()
        return found
