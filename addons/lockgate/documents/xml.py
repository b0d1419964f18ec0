r"""XML to data, as the reference gateway's library makes it: mxj's NewMapXml on Go's encoding/xml.

An element is a text, or a map of its attributes ("-name"), its children by name and its text ("#text"). Prefixes of
names are dropped; children of one name become a list where there are several; nothing is made a number.

Nothing is expanded, whatever a document type says: it is passed over unread, so that the only entities there are are
XML's own five, and any other one is an error.

Every pattern goes forward only, and so does the decoder: work grows with the document, however it is made.

Source: Go 1.26, encoding/xml, xml.go; mxj 1.8.4, xml.go; behaviour-scripting 1.8.
"""

import re
from typing import Final

from lockgate.documents.charsets import reinterpreted
from lockgate.documents.xml_names import NAME

MAX_DEPTH: Final = 10_000
"""Elements inside one another; one more is an error. The reference has no limit."""


class XmlError(ValueError):
    """A document that cannot be decoded."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text: Final = text
        """As mxj words it: "EOF", "xml.Decoder.Token() - XML syntax error on line 1: unexpected EOF"."""


def decode_xml(raw: bytes) -> dict[str, object]:
    """Decode the first element of a document; whatever stands behind it is not read.

    Args:
        raw: UTF-8, or what its declaration says.

    Returns:
        One key, the root's name. Values are str, dicts of such values, and lists of str and dicts; no text holds lone
        surrogates.

    Raises:
        XmlError: With the text of the reference's library.
    """
    return _Decoder(raw).document()


_SPACE: Final = r"[ \r\n\t]*+"
# Any character beyond ASCII: whether the name is one is asked when it is met for the first time.
_NAME_RUN: Final = r"[A-Za-z0-9_:.\-\x80-\U0010ffff]++"
_VALUE: Final = r"""(?:"[^"<]*+"|'[^'<]*+')"""
_ATTRIBUTE: Final = rf"{_NAME_RUN}{_SPACE}={_SPACE}{_VALUE}"

# Text, then a tag where one stands behind it that is put together right.
_NEXT: Final = re.compile(
    rf"([^<]*+)(?:<(/?+)({_NAME_RUN})((?:{_SPACE}{_ATTRIBUTE})*+){_SPACE}(/?+)>)?+",
)
_NEXT_ATTRIBUTE: Final = re.compile(rf"({_NAME_RUN}){_SPACE}={_SPACE}({_VALUE})")
_NEXT_NAME: Final = re.compile(_NAME_RUN)
_NEXT_SPACE: Final = re.compile(_SPACE)
_UP_TO: Final = {'"': re.compile('[^"<]*+'), "'": re.compile("[^'<]*+")}
_IN_DIRECTIVE: Final = re.compile("[<>\"']")

_AROUND_TEXT: Final = "\t\r\b\n "
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What makes the value of a text differ from the text itself, or an error.
_SUSPECT: Final = re.compile("[^\t\n\x20-%'-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE: Final = re.compile(r"&(?:#(?:x([0-9A-Fa-f]*+)|([0-9]*+))|([A-Za-z0-9_:.\-\x80-\U0010ffff]*+))(;?+)")
_ENTITIES: Final = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_MAX_DIGITS: Final = 7
"""Of a character's number: one more is beyond Unicode in any base."""
_MAX_CHARACTER: Final = 0x10FFFF
_LONE: Final = re.compile("[\ud800-\udfff]")
_SURROGATES: Final = range(0xD800, 0xE000)
_END_OF_CDATA: Final = "]]>"
_OPEN_CDATA: Final = "CDATA["
_MOST_COLONS: Final = 1
_MAX_MESSAGE: Final = 1_000
"""Characters. Go writes a name in full, whatever its length."""


class _BadRunError(Exception):
    """Something wrong in a run of text."""

    def __init__(self, message: str, offset: int | None) -> None:
        super().__init__(message)
        self.message: Final = message
        self.offset: Final = offset
        """Of what stands behind it; None: it is noticed at the end of the run."""


class _Decoder:
    """Goes through one document, once."""

    def __init__(self, raw: bytes) -> None:
        self._lines_before = 1
        self._is_reinterpreted = False
        self._names: dict[str, str] = {}
        self._begin(raw.decode("utf-8", "surrogateescape"))

    def _begin(self, text: str) -> None:
        self._text = text
        self._is_plain = _SUSPECT.search(text) is None and _END_OF_CDATA not in text

    def document(self) -> dict[str, object]:
        # Of the elements around this one: tag, name, members, and the text that takes their place.
        outer: list[tuple[str, str, dict[str, object], str | None]] = []
        tag, name = "", ""
        members: dict[str, object] = {}
        plain: str | None = None
        position = 0
        while True:
            found = _NEXT.match(self._text, position)
            if found is None:
                raise AssertionError("the pattern matches the empty text")
            run, closing, next_tag, attributes, empty = found.groups()
            piece = self._text_of(run, position) if run else ""
            start = position + len(run)
            position = found.end()
            if piece and outer:
                plain = _put_text(piece, members, plain)
            if next_tag is None:
                piece, position = self._other(start, is_inside=bool(outer))
                if piece and outer:
                    plain = _put_text(piece, members, plain)
                continue
            if not closing:
                if len(outer) == MAX_DEPTH:
                    raise self._syntax("exceeded max depth", position)
                outer.append((tag, name, members, plain))
                tag, name, plain = next_tag, self._names.get(next_tag) or self._name(next_tag, start), None
                members = self._attributes(attributes, start) if attributes else {}
                if not empty:
                    continue
            elif next_tag != tag or attributes or empty or not outer:
                raise self._closing_fault(start, tag, is_inside=bool(outer))
            value: object = plain if plain is not None else members or ""
            ended = name
            tag, name, members, plain = outer.pop()
            if not outer:
                return {ended: value}
            if ended in members:
                _add_to_list(members, ended, value)
            else:
                members[ended] = value

    # --- parts of what is put together right -------------------------------------------------------------------------

    def _name(self, tag: str, start: int) -> str:
        """The name of an element or attribute, without its prefix, when it is met for the first time."""
        if NAME.fullmatch(tag) is None or tag.count(":") > _MOST_COLONS:
            raise self._tag_fault(start)
        local = self._names[tag] = _local(tag)
        return local

    def _attributes(self, attributes: str, start: int) -> dict[str, object]:
        members: dict[str, object] = {}
        names = self._names
        for name, quoted in _NEXT_ATTRIBUTE.findall(attributes):
            value = quoted[1:-1]
            if not self._is_plain and _SUSPECT.search(value) is not None:
                try:
                    value = _checked(_resolved(value, at_end=False))
                except _BadRunError:
                    raise self._tag_fault(start) from None
            members["-" + (names.get(name) or self._name(name, start))] = value
        return members

    def _text_of(self, run: str, start: int, *, is_cdata: bool = False) -> str:
        """What a run of text means."""
        if self._is_plain:
            return run.strip(_AROUND_TEXT)
        end = start + len(run)
        try:
            if is_cdata:
                resolved = run.replace("\r\n", "\n").replace("\r", "\n")
            elif (stop := run.find(_END_OF_CDATA)) >= 0:
                stop += len(_END_OF_CDATA)
                _resolved(run[:stop], at_end=False)
                raise _BadRunError("unescaped ]]> not in CDATA section", stop)
            else:
                resolved = _resolved(run, at_end=end == len(self._text))
            return _checked(resolved).strip(_AROUND_TEXT)
        except _BadRunError as error:
            raise self._syntax(error.message, end if error.offset is None else start + error.offset) from None

    # --- what is neither text nor a tag ------------------------------------------------------------------------------

    def _other(self, start: int, *, is_inside: bool) -> tuple[str, int]:
        """What stands where no tag is: its text, and where it ends."""
        text = self._text
        if start == len(text):
            raise self._syntax("unexpected EOF", start) if is_inside else XmlError("EOF")
        if text.startswith("<?", start):
            return "", self._instruction(start)
        if not text.startswith("<!", start):
            raise self._tag_fault(start)
        start += 2
        if text.startswith("-", start):
            return "", self._comment(start)
        if text.startswith("[", start):
            start += 1
            for offset, character in enumerate(_OPEN_CDATA):
                self._expect(start + offset, character, "invalid <![ sequence")
            start += len(_OPEN_CDATA)
            end = text.find(_END_OF_CDATA, start)
            if end < 0:
                raise self._syntax("unexpected EOF in CDATA section", len(text))
            return self._text_of(text[start:end], start, is_cdata=True), end + len(_END_OF_CDATA)
        return "", self._directive(start)

    def _comment(self, start: int) -> int:
        self._expect(start + 1, "-", "invalid sequence <!- not part of <!--")
        end = self._text.find("--", start + 2)
        if end < 0:
            raise self._end_of_file()
        self._expect(end + 2, ">", 'invalid sequence "--" not allowed in comments')
        return end + 3

    def _directive(self, start: int) -> int:
        """A document type, or whatever else begins with <!: passed over, up to the end that Go sees."""
        text = self._text
        depth = 0
        # The first character counts as nothing but itself.
        position = start + 1
        while (found := _IN_DIRECTIVE.search(text, position)) is not None:
            position = found.end()
            match found[0]:
                case ">" if depth == 0:
                    return position
                case ">":
                    depth -= 1
                case "<" if text.startswith("!--", position):
                    position = text.find("-->", position + 3) + 3
                case "<":
                    depth += 1
                case quote:
                    position = text.find(quote, position) + 1
            if position < found.end():
                break
        raise self._end_of_file()

    def _instruction(self, start: int) -> int:
        text = self._text
        target, position = self._name_at(start + 2, "expected target name after <?")
        end = text.find("?>", position)
        if end < 0:
            raise self._end_of_file()
        position = end + 2
        if target != "xml":
            return position
        content = text[start + 2 + len(target) : end]
        version = _declared("version", content)
        if version not in ("", "1.0"):
            raise _error(f"xml: unsupported version {_quoted(version[:_MAX_MESSAGE])}; only version 1.0 is supported")
        encoding = _declared("encoding", content)
        if encoding.lower() in ("", "utf-8") or self._is_reinterpreted:
            return position
        # Differs: the reference ignores the name and reads as windows-1252 what is no UTF-8 (test_declared_encoding).
        rest = reinterpreted(text[position:].encode("utf-8", "surrogateescape"), encoding)
        self._is_reinterpreted = True
        self._lines_before += text.count("\n", 0, position)
        self._begin(rest)
        return 0

    # --- what is wrong with a document -------------------------------------------------------------------------------

    def _syntax(self, message: str, position: int) -> XmlError:
        """An error in the line of a position: behind what was read when it was noticed."""
        line = self._lines_before + self._text.count("\n", 0, position)
        if len(message) > _MAX_MESSAGE:
            message = f"{message[:_MAX_MESSAGE]}…"
        return _error(f"XML syntax error on line {line}: {_LONE.sub('\ufffd', message)}")

    def _end_of_file(self) -> XmlError:
        return self._syntax("unexpected EOF", len(self._text))

    def _expect(self, position: int, character: str, message: str) -> int:
        """Behind a character.

        Raises:
            XmlError: Another one stands there.
        """
        if position >= len(self._text):
            raise self._end_of_file()
        if self._text[position] != character:
            raise self._syntax(message, position + 1)
        return position + 1

    def _past_space(self, position: int) -> int:
        found = _NEXT_SPACE.match(self._text, position)
        return found.end() if found is not None else position

    def _name_at(self, position: int, message: str, most_colons: int | None = None) -> tuple[str, int]:
        """A name, and where it ends.

        Raises:
            XmlError: There is none.
        """
        found = _NEXT_NAME.match(self._text, position)
        end = found.end() if found is not None else position
        if end == len(self._text):
            raise self._end_of_file()
        if found is None:
            raise self._syntax(message, position)
        if NAME.fullmatch(found[0]) is None:
            raise self._syntax(f"invalid XML name: {found[0]}", end)
        if most_colons is not None and found[0].count(":") > most_colons:
            raise self._syntax(message, end)
        return found[0], end

    def _closing_fault(self, start: int, tag: str, *, is_inside: bool) -> XmlError:
        """What is wrong with a closing tag that does not close the element that it stands in."""
        closing, position = self._name_at(start + 2, "expected element name after </", _MOST_COLONS)
        position = self._expect(
            self._past_space(position), ">", f"invalid characters between </{_local(closing)} and >"
        )
        if not is_inside:
            return self._syntax(f"unexpected end element </{_local(closing)}>", position)
        if _local(closing) != _local(tag):
            return self._syntax(f"element <{_local(tag)}> closed by </{_local(closing)}>", position)
        opened_in, closed_in = _prefix(tag), _prefix(closing) or '""'
        message = f"element <{_local(tag)}> in space {opened_in} closed by </{_local(closing)}> in space {closed_in}"
        return self._syntax(message, position)

    def _tag_fault(self, start: int) -> XmlError:
        """What is wrong with a tag that is not put together right."""
        try:
            position = self._go_through_tag(start)
        except XmlError as error:
            return error
        return self._syntax("malformed tag", position)

    def _go_through_tag(self, start: int) -> int:
        text = self._text
        if text.startswith("</", start):
            name, position = self._name_at(start + 2, "expected element name after </", _MOST_COLONS)
            return self._expect(self._past_space(position), ">", f"invalid characters between </{_local(name)} and >")
        _, position = self._name_at(start + 1, "expected element name after <", _MOST_COLONS)
        while True:
            position = self._past_space(position)
            if text.startswith(">", position):
                return position + 1
            if text.startswith("/", position):
                return self._expect(position + 1, ">", "expected /> in element")
            _, position = self._name_at(position, "expected attribute name in element", _MOST_COLONS)
            position = self._expect(self._past_space(position), "=", "attribute name without = in element")
            position = self._go_through_value(self._past_space(position))

    def _go_through_value(self, start: int) -> int:
        text = self._text
        quote = text[start : start + 1]
        if quote not in _UP_TO:
            if not quote:
                raise self._end_of_file()
            raise self._syntax("unquoted or missing attribute value in element", start + 1)
        start += 1
        found = _UP_TO[quote].match(text, start)
        end = found.end() if found is not None else start
        is_at_end = end == len(text)
        try:
            value = _resolved(text[start:end], at_end=is_at_end)
            if text.startswith("<", end):
                raise self._syntax("unescaped < inside quoted string", end + 1)
            _checked(value)
        except _BadRunError as error:
            position = end + (not is_at_end) if error.offset is None else start + error.offset
            raise self._syntax(error.message, position) from None
        if is_at_end:
            raise self._end_of_file()
        return end + 1


def _put_text(piece: str, members: dict[str, object], plain: str | None) -> str | None:
    """Put text where mxj does: beside attributes and children, or in the place of all that comes behind it."""
    if not members:
        return piece
    members["#text"] = piece
    return plain


def _add_to_list(members: dict[str, object], name: str, value: object) -> None:
    """Put a child beside those of its name."""
    known = members[name]
    if isinstance(known, list):
        known.append(value)
    else:
        members[name] = [known, value]


def _local(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return local if prefix and local else tag


def _prefix(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return prefix if local else ""


def _resolved(run: str, *, at_end: bool) -> str:
    """Text with its references and ends of lines resolved.

    Args:
        run: As it stands.
        at_end: Whether the document ends behind it.
    """
    if "&" not in run:
        return run.replace("\r\n", "\n").replace("\r", "\n")

    def character(found: re.Match[str]) -> str:
        hexadecimal, decimal, name, semicolon = found.groups()
        if not semicolon:
            if at_end and found.end() == len(run):
                raise _BadRunError("unexpected EOF", found.end())
        elif name is not None:
            if (entity := _ENTITIES.get(name)) is not None:
                return entity
        elif (number := _number(hexadecimal, 16) if hexadecimal is not None else _number(decimal, 10)) is not None:
            return "\ufffd" if number in _SURROGATES else chr(number)
        note = "" if semicolon else " (no semicolon)"
        raise _BadRunError(f"invalid character entity {found[0]}{note}", found.end())

    resolved = _REFERENCE.sub(character, run)
    if "\r" not in run:
        return resolved
    return _REFERENCE.sub(character, run.replace("\r\n", "\n").replace("\r", "\n"))


def _number(digits: str, base: int) -> int | None:
    """The character of a number."""
    significant = digits.lstrip("0")
    if not digits or len(significant) > _MAX_DIGITS:
        return None
    number = int(significant or "0", base)
    return number if number <= _MAX_CHARACTER else None


def _checked(text: str) -> str:
    """The text itself.

    Raises:
        _BadRunError: It has a character that XML does not.
    """
    found = _ILLEGAL.search(text)
    if found is None:
        return text
    if ord(found[0]) in _SURROGATES:
        raise _BadRunError("invalid UTF-8", None)
    raise _BadRunError(f"illegal character code U+{ord(found[0]):04X}", None)


def _declared(parameter: str, content: str) -> str:
    """The value of a parameter of a declaration, as Go finds it; "" where there is none."""
    wanted = f"{parameter}="
    position = 0
    while (found := content.find(wanted, position)) >= 0:
        position = found + len(wanted) + 1
        quote = content[position - 1 : position]
        if quote in ("'", '"'):
            end = content.find(quote, position)
            return content[position:end] if end >= 0 else ""
    return ""


def _error(text: str) -> XmlError:
    return XmlError(f"xml.Decoder.Token() - {text}")


_ESCAPES: Final = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\v": r"\v",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    '"': r"\"",
    "\\": r"\\",
}


def _quoted(text: str) -> str:
    """Text as Go's %q writes it, but for characters that Unicode added since."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    number = ord(character)
    if (known := _ESCAPES.get(character)) is not None:
        return known
    if number in _SURROGATES:
        return f"\\x{number & 0xFF:02x}"
    if character.isprintable():
        return character
    if number < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - four digits
