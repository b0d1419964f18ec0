r"""Go's regular expressions: read with Go's rules and error texts, and written down for RE2.

RE2's language is Go's but for a few things: it takes ``\C``, refuses two groups of one name, and knows fewer names of
character classes. Its error texts are others. So a pattern is read here, as Go's parser reads it, and RE2 gets one that
both understand in the same way; what the reading found out says what a search may cost.

Source: Go 1.26, regexp/syntax/parse.go.
"""

import re
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, final

import re2

from lockgate.templates.characters import has_stray_bytes

MAX_DEPTH: Final = 1000
"""Of groups and repetitions inside one another."""
_MAX_REPEAT: Final = 1000
_MAX_SIZE: Final = (128 << 20) // 40
_LARGEST_CODE: Final = 0x10FFFF
_LARGEST_READ: Final = 10**8
_LAST_ASCII: Final = 0x7F

_COST_OF_WIDE_CLASS: Final = 12
_COST_OF_UNICODE_CLASS: Final = 1200

_INTEGER: Final = re.compile(r"(?:0(?![0-9])|[1-9][0-9]*)")
_FLAGS: Final = "imsU"
_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_OCTAL: Final = re.compile(r"[0-7]{1,3}")
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_CONTROL_ESCAPES: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PERL_CLASSES: Final = frozenset("dDsSwW")
_WIDE_PERL_CLASSES: Final = frozenset("DSW")
_ASSERTIONS: Final = frozenset("AbBz")
_SEPARATOR: Final = re.compile(r"\s+")


def _words(text: str) -> frozenset[str]:
    return frozenset(_SEPARATOR.split(text.strip()))


_POSIX_CLASSES: Final = _words("alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit")

_CATEGORIES: Final = _words(
    "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs"
)
_SCRIPTS: Final = _words(
    """
    Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid
    Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dogra Duployan
    Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran
    Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha
    Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao Modi Mongolian Mro
    Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene Phoenician Rejang Runic
    Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac Tagalog Tagbanwa Takri Tamil
    Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Yezidi Yi
    """
)
"""Only those of one word: Go 1.26 does not find the others, however they are written."""
_ALIASES: Final = {
    "Casedletter": "LC",
    "Closepunctuation": "Pe",
    "Combiningmark": "M",
    "Connectorpunctuation": "Pc",
    "Control": "Cc",
    "Currencysymbol": "Sc",
    "Dashpunctuation": "Pd",
    "Decimalnumber": "Nd",
    "Enclosingmark": "Me",
    "Finalpunctuation": "Pf",
    "Format": "Cf",
    "Initialpunctuation": "Pi",
    "Letter": "L",
    "Letternumber": "Nl",
    "Lineseparator": "Zl",
    "Lowercaseletter": "Ll",
    "Mark": "M",
    "Mathsymbol": "Sm",
    "Modifierletter": "Lm",
    "Modifiersymbol": "Sk",
    "Nonspacingmark": "Mn",
    "Number": "N",
    "Openpunctuation": "Ps",
    "Other": "C",
    "Otherletter": "Lo",
    "Othernumber": "No",
    "Otherpunctuation": "Po",
    "Othersymbol": "So",
    "Paragraphseparator": "Zp",
    "Privateuse": "Co",
    "Punctuation": "P",
    "Separator": "Z",
    "Spaceseparator": "Zs",
    "Spacingmark": "Mc",
    "Surrogate": "Cs",
    "Symbol": "S",
    "Titlecaseletter": "Lt",
    "Unassigned": "Cn",
    "Uppercaseletter": "Lu",
    "Cntrl": "Cc",
    "Digit": "Nd",
    "Punct": "P",
}
_ASSIGNED: Final = r"\pL\pM\pN\pP\pS\pZ\p{Cc}\p{Cf}\p{Co}\p{Cs}"
# Classes that RE2 has not, or has with fewer members: what to put between brackets, and whether it is negated.
_OWN_CLASSES: Final = {
    "C": (r"\pL\pM\pN\pP\pS\pZ", True),
    "Cn": (_ASSIGNED, True),
    "Assigned": (_ASSIGNED, False),
    "LC": (r"\p{Lu}\p{Ll}\p{Lt}", False),
    "Ascii": (r"\x00-\x7f", False),
}


class PatternError(ValueError):
    """A text that Go does not compile; ``str()`` is Go's whole text."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that was read."""

    text: str
    """As RE2 reads it. Its groups have no names."""
    names: tuple[str, ...]
    """Of its groups, the whole match first; "" where there is none. One name may be there more than once."""
    size: int
    """Characters and classes, each as often as it is repeated: as many places can be matched at once."""
    cost: int
    """Instructions that RE2 makes of it, roughly."""
    looks_far: bool
    """Whether a search may read on behind a match, as far as the text goes, to see if there is a better one."""


@dataclass(slots=True)
class _Part:
    """Something that can be repeated."""

    size: int = 1
    cost: int = 1
    repeats: int = 1
    """How often what is in it is repeated, all repetitions inside one another multiplied."""
    height: int = 1
    is_unbounded: bool = False
    looks_far: bool = False
    is_literal: bool = False


@dataclass(slots=True)
class _Group:
    """A group that is not closed: its branches up to here."""

    is_capture: bool
    last: _Part | None = None
    """What a repetition would repeat."""
    branch: list[_Part] = field(default_factory=list)
    branches: list[_Part] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        """Put something behind the last."""
        self._settle()
        self.last = part

    def end_branch(self) -> None:
        """What follows is another branch."""
        self._settle()
        parts = self.branch
        self.branch = []
        nodes = sum(
            1 for index, part in enumerate(parts) if not (part.is_literal and index and parts[index - 1].is_literal)
        )
        self.branches.append(
            parts[0]
            if len(parts) == 1
            else _Part(
                size=sum(part.size for part in parts),
                cost=sum(part.cost for part in parts),
                repeats=max((part.repeats for part in parts), default=1),
                height=max((part.height for part in parts), default=1) + (nodes > 1),
                is_unbounded=any(part.is_unbounded for part in parts),
                looks_far=any(part.looks_far for part in parts),
            )
        )

    def closed(self) -> _Part:
        """The whole group as one part."""
        self.end_branch()
        branches = self.branches
        is_choice = len(branches) > 1
        return _Part(
            size=sum(branch.size for branch in branches) + len(branches) - 1,
            cost=sum(branch.cost for branch in branches) + len(branches) - 1,
            repeats=max(branch.repeats for branch in branches),
            height=max(branch.height for branch in branches) + is_choice + self.is_capture,
            is_unbounded=any(branch.is_unbounded for branch in branches),
            looks_far=any(branch.looks_far or (is_choice and branch.is_unbounded) for branch in branches),
        )

    def _settle(self) -> None:
        if self.last is not None:
            self.branch.append(self.last)
            self.last = None


def read_pattern(text: str, before_long_work: Callable[[], None] = lambda: None) -> Pattern:
    r"""Read a regular expression of Go's.

    Args:
        text: As written.
        before_long_work: Called before what takes a tenth of a second: a class such as ``[\P{LC}]``, whose members RE2
            cannot be told but one by one. It may raise.

    Raises:
        PatternError: It is none.
    """
    return _Reader(text, before_long_work).pattern()


@final
class _Reader:
    """Reads one pattern from left to right, as Go's parser does, so that the first fault is Go's."""

    def __init__(self, text: str, before_long_work: Callable[[], None]) -> None:
        self._text = text
        self._before_long_work = before_long_work
        self._position = 0
        self._has_stray_bytes = has_stray_bytes(text)
        self._groups = [_Group(is_capture=False)]
        self._names = [""]
        self._out: list[str] = []
        self._last_repetition: int | None = None
        """Where the repetition begins that stands right before ``_position``."""

    def pattern(self) -> Pattern:
        text = self._text
        while self._position < len(text):
            repetition = None
            character = text[self._position]
            if character == "(":
                self._open()
            elif character == "|":
                self._groups[-1].end_branch()
                self._copy(self._position + 1)
            elif character == ")":
                self._close()
            elif character in "^$.":
                self._add(_Part(cost=_COST_OF_WIDE_CLASS if character == "." else 1))
                self._copy(self._position + 1)
            elif character == "[":
                self._class()
            elif character in "*+?":
                repetition = self._position
                self._repeat(self._position + 1, character)
            elif character == "{":
                repetition = self._counted()
            elif character == "\\":
                self._escape()
            else:
                self._literal(self._position)
            self._last_repetition = repetition
        if len(self._groups) > 1:
            raise self._fault("missing closing )", text)
        whole = self._groups[0].closed()
        self._check(whole)
        return Pattern("".join(self._out), tuple(self._names), whole.size, whole.cost, whole.looks_far)

    def _fault(self, reason: str, expression: str) -> PatternError:
        return PatternError(f"error parsing regexp: {reason}: `{expression}`")

    def _check(self, part: _Part) -> None:
        if part.size > _MAX_SIZE:
            raise self._fault("expression too large", self._text)
        if part.height > MAX_DEPTH:
            raise self._fault("expression nests too deeply", self._text)

    def _add(self, part: _Part) -> None:
        self._groups[-1].add(part)

    def _copy(self, end: int) -> None:
        """Go on at ``end``; RE2 reads what stands before it as Go does."""
        self._out.append(self._text[self._position : end])
        self._position = end

    def _next(self, position: int, end: int | None = None) -> str:
        """The character at ``position``; "" behind the last."""
        character = self._text[position : position + 1]
        if self._has_stray_bytes and "\udc80" <= character <= "\udcff":
            raise self._fault("invalid UTF-8", self._text[position:end])
        return character

    def _check_characters(self, start: int, end: int | None = None) -> None:
        if self._has_stray_bytes:
            for position in range(start, len(self._text) if end is None else end):
                self._next(position, end)

    def _literal(self, position: int) -> None:
        character = self._next(position)
        self._add(_Part(cost=len(character.encode()), is_literal=True))
        self._out.append(_escaped(character))
        self._position = position + 1

    def _open(self) -> None:
        text, start = self._text, self._position
        if text[start + 1 : start + 2] != "?":
            self._begin_capture("", start + 1)
            return
        rest = len(text) - start
        if rest > 4 and text.startswith("P<", start + 2):  # noqa: PLR2004  "(?P<" and something
            self._named(start + 4)
        elif rest > 3 and text[start + 2] == "<":  # noqa: PLR2004  "(?<" and something
            self._named(start + 3)
        else:
            self._flags(start + 2)

    def _begin_capture(self, name: str, end: int) -> None:
        self._names.append(name)
        self._groups.append(_Group(is_capture=True))
        self._out.append("(")
        self._position = end

    def _named(self, start: int) -> None:
        end = self._text.find(">", self._position)
        if end < 0:
            self._check_characters(self._position)
            raise self._fault("invalid named capture", self._text[self._position :])
        self._check_characters(start, end)
        name = self._text[start:end]
        if _NAME.fullmatch(name) is None:
            raise self._fault("invalid named capture", self._text[self._position : end + 1])
        self._begin_capture(name, end + 1)

    def _flags(self, position: int) -> None:
        """``(?i)``, ``(?s-m:``, ``(?:``."""
        is_negated = has_flag = False
        while position < len(self._text):
            character = self._next(position)
            position += 1
            if character in _FLAGS:
                has_flag = True
            elif character == "-" and not is_negated:
                is_negated, has_flag = True, False
            elif character in ":)" and (has_flag or not is_negated):
                if character == ":":
                    self._groups.append(_Group(is_capture=False))
                self._copy(position)
                return
            else:
                break
        raise self._fault("invalid or unsupported Perl syntax", self._text[self._position : position])

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise self._fault("unexpected )", self._text)
        part = self._groups.pop().closed()
        self._check(part)
        self._add(part)
        self._copy(self._position + 1)

    def _repeat(self, end: int, operator: str, least: int = 0, most: int = 0) -> None:
        """``*``, ``+``, ``?``, or ``{`` with its numbers; ``most`` is -1 where there is no limit."""
        text, start = self._text, self._position
        if text[end : end + 1] == "?":
            end += 1
        if self._last_repetition is not None:
            raise self._fault("invalid nested repetition operator", text[self._last_repetition : end])
        group = self._groups[-1]
        part = group.last
        if part is None:
            raise self._fault("missing argument to repetition operator", text[start:end])
        repeated = _repeated(part, operator, least, most)
        self._check(repeated)
        if operator == "{" and max(least, most) > 1 and repeated.repeats > _MAX_REPEAT:
            raise self._fault("invalid repeat count", text[start:end])
        group.last = repeated
        self._copy(end)

    def _counted(self) -> int | None:
        """``{2}``, ``{2,}``, ``{2,5}``; anything else is a brace. Where it begins, if it is a repetition."""
        start = self._position
        numbers = self._numbers(start + 1)
        if numbers is None:
            self._literal(start)
            return None
        least, most, end = numbers
        if least > _MAX_REPEAT or most > _MAX_REPEAT or 0 <= most < least:
            raise self._fault("invalid repeat count", self._text[start:end])
        self._repeat(end, "{", least, most)
        return start

    def _numbers(self, position: int) -> tuple[int, int, int] | None:
        text = self._text
        found = _INTEGER.match(text, position)
        if found is None:
            return None
        least = most = _number(found[0])
        position = found.end()
        if text[position : position + 1] == ",":
            position += 1
            if text[position : position + 1] == "}":
                most = -1
            else:
                found = _INTEGER.match(text, position)
                if found is None:
                    return None
                most = _number(found[0])
                position = found.end()
        return (least, most, position + 1) if text[position : position + 1] == "}" else None

    def _escape(self) -> None:
        text, start = self._text, self._position
        character = text[start + 1 : start + 2]
        if character and character in _ASSERTIONS:
            self._add(_Part())
            self._copy(start + 2)
        elif character == "C":
            raise self._fault("invalid escape sequence", "\\C")
        elif character == "Q":
            self._quoted(start + 2)
        elif character and character in "pP":
            self._out.append(self._unicode_class(start, is_alone=True))
            self._add(_Part(cost=_COST_OF_UNICODE_CLASS))
        elif character and character in _PERL_CLASSES:
            self._add(_Part(cost=_COST_OF_WIDE_CLASS if character in _WIDE_PERL_CLASSES else 2))
            self._copy(start + 2)
        else:
            _, end = self._escaped_character(start)
            self._add(_Part(is_literal=True))
            self._copy(end)

    def _quoted(self, start: int) -> None:
        r"""``\Q`` and what stands up to ``\E``, or up to the end."""
        end = self._text.find("\\E", start)
        stop = end if end >= 0 else len(self._text)
        for position in range(start, stop):
            self._next(position, stop)
            self._literal(position)
        self._position = end + 2 if end >= 0 else stop

    def _escaped_character(self, start: int) -> tuple[int, int]:
        """The character of an escape, and where the escape ends."""
        text = self._text
        position = start + 1
        if position >= len(text):
            raise self._fault("trailing backslash at end of expression", "")
        character = self._next(position)
        position += 1
        if character in "01234567" and character:
            found = _OCTAL.match(text, position - 1)
            if found is not None and (character == "0" or found.end() > position):
                return int(found[0], 8), found.end()
        elif character == "x":
            return self._hexadecimal(start, position)
        elif character in _CONTROL_ESCAPES:
            return ord(_CONTROL_ESCAPES[character]), position
        elif character.isascii() and not character.isalnum():
            return ord(character), position
        raise self._fault("invalid escape sequence", text[start:position])

    def _hexadecimal(self, start: int, position: int) -> tuple[int, int]:
        r"""What ``\x`` stands for, behind the "x"."""
        text = self._text
        if position >= len(text):
            raise self._fault("invalid escape sequence", text[start:position])
        first = self._next(position)
        position += 1
        if first != "{":
            second = self._next(position)
            position = min(position + 1, len(text))
            if first in _HEXADECIMAL and second in _HEXADECIMAL and second:
                return int(first + second, 16), position
            raise self._fault("invalid escape sequence", text[start:position])
        code = digits = 0
        while position < len(text):
            character = self._next(position)
            position += 1
            if character == "}" and digits:
                return code, position
            if character not in _HEXADECIMAL:
                break
            code = code * 16 + int(character, 16)
            digits += 1
            if code > _LARGEST_CODE:
                break
        raise self._fault("invalid escape sequence", text[start:position])

    def _unicode_class(self, start: int, *, is_alone: bool) -> str:
        r"""``\pL``, ``\P{Greek}``, ``\p{^Lu}``: what RE2 gets for it; goes on behind it.

        Args:
            start: Where it begins.
            is_alone: Whether it stands outside of brackets.
        """
        text = self._text
        position = start + 2
        name = self._next(position)
        position = min(position + 1, len(text))
        if name == "{":
            end = text.find("}", start)
            if end < 0:
                self._check_characters(start)
                raise self._fault("invalid character class range", text[start:])
            name = text[start + 3 : end]
            self._check_characters(start + 3, end)
            position = end + 1
        is_negated = text[start + 1] == "P"
        if name.startswith("^"):
            is_negated = not is_negated
            name = name[1:]
        known = _class_name(name)
        if known is None:
            raise self._fault("invalid character class range", text[start:position])
        self._position = position
        if known not in _OWN_CLASSES:
            return f"\\{'P' if is_negated else 'p'}{{{known}}}"
        members, is_rest = _OWN_CLASSES[known]
        if is_alone:
            return f"[{'^' if is_negated != is_rest else ''}{members}]"
        if is_negated == is_rest:
            return members
        self._before_long_work()
        return _ranges(members)

    def _class(self) -> None:
        """What stands in brackets."""
        text, start = self._text, self._position
        out = ["["]
        self._position = start + 1
        cost = 2
        if text.startswith("^", self._position):
            out.append("^")
            self._position += 1
            cost = _COST_OF_WIDE_CLASS
        is_first = True
        while is_first or text[self._position : self._position + 1] != "]":
            is_first = False
            position = self._position
            following = text[position : position + 2]
            end = text.find(":]", position + 2) if following == "[:" else -1
            if end >= 0:
                if text[position + 2 : end].removeprefix("^") not in _POSIX_CLASSES:
                    raise self._fault("invalid character class range", text[position : end + 2])
                out.append(text[position : end + 2])
                self._position = end + 2
            elif following in ("\\p", "\\P"):
                cost += _COST_OF_UNICODE_CLASS
                out.append(self._unicode_class(position, is_alone=False))
            elif following[:1] == "\\" and following[1:] in _PERL_CLASSES:
                cost = max(cost, _COST_OF_WIDE_CLASS)
                out.append(following)
                self._position = position + 2
            else:
                cost += self._range(start, out)
        out.append("]")
        self._out.append("".join(out))
        self._add(_Part(cost=cost))
        self._position += 1

    def _range(self, start: int, out: list[str]) -> int:
        """A character of a class, or a range; what it costs."""
        text, position = self._text, self._position
        low, end = self._class_character(position, start)
        high = low
        following = text[end : end + 2]
        if len(following) == 2 and following[0] == "-" and following[1] != "]":  # noqa: PLR2004  "-" and its end
            high, end = self._class_character(end + 1, start)
            if high < low:
                raise self._fault("invalid character class range", text[position:end])
            out.append(f"\\x{{{low:x}}}-\\x{{{high:x}}}")
        else:
            out.append(f"\\x{{{low:x}}}")
        self._position = end
        return 1 if high <= _LAST_ASCII else 4

    def _class_character(self, position: int, start: int) -> tuple[int, int]:
        if position >= len(self._text):
            raise self._fault("missing closing ]", self._text[start:])
        if self._text[position] == "\\":
            return self._escaped_character(position)
        return ord(self._next(position)), position + 1


def _escaped(character: str) -> str:
    return f"\\{character}" if character.isascii() and not (character.isalnum() or character == "_") else character


def _number(digits: str) -> int:
    return int(digits) if len(digits) < len(str(_LARGEST_READ)) else _LARGEST_READ


def _repeated(part: _Part, operator: str, least: int, most: int) -> _Part:
    is_unbounded = operator in "*+" or (operator == "{" and most < 0)
    if operator == "{":
        count = most if most >= 0 else least
        times, more = count, most - least if most >= 0 else 1
    else:
        count, times, more = 1, 1, 2 if operator == "*" else 1
    is_nothing = operator == "{" and most == 0
    return _Part(
        size=max(1, part.size * times + more),
        cost=max(1, part.cost * times + more),
        repeats=1 if is_nothing else part.repeats * max(count, 1),
        height=part.height + 1,
        is_unbounded=not is_nothing and (is_unbounded or part.is_unbounded),
        looks_far=not is_nothing and (part.looks_far or part.is_unbounded),
    )


def _class_name(name: str) -> str | None:
    """RE2's name of a class, or one of ``_OWN_CLASSES``; None: Go has no such class.

    Case, spaces, "_" and "-" do not count.
    """
    letters = name.replace("_", "").replace("-", "").replace(" ", "")
    if not letters.isascii():
        return None
    known = letters[:1].upper() + letters[1:].lower()
    known = "LC" if known == "Lc" else _ALIASES.get(known, known)
    return known if known in _OWN_CLASSES or known in _CATEGORIES or known in _SCRIPTS or known == "Any" else None


@lru_cache(maxsize=8)
def _ranges(members: str) -> str:
    """All characters that are not in a class, as ranges to put between brackets."""
    options = re2.Options()
    options.max_mem = 64 << 20
    codes = array("I", (*range(0xD800), *range(0xE000, _LARGEST_CODE + 1)))
    every = codes.tobytes().decode(f"utf-32-{sys.byteorder[0]}e").encode()
    parts = (match.group().decode() for match in re2.compile(f"[^{members}]+".encode(), options).finditer(every))
    return "".join(f"\\x{{{ord(part[0]):x}}}-\\x{{{ord(part[-1]):x}}}" for part in parts)
