"""The parts of a multipart body, as Go takes them apart.

Source: Go, mime/multipart (Reader), mime (ParseMediaType), net/textproto (ReadMIMEHeader).
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import decode_text
from lockgate.routing.pattern import decoded
from lockgate.validation.scalars import UnreadableError
from lockgate.validation.texts import quoted

MOST_PARTS: Final = 10_000
MOST_HEADERS: Final = 1_000
"""Of one part."""

_PARAMETER: Final = re.compile(
    rb"[ \t]*;[ \t]*(?P<name>[!#$%&\'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*"
    rb'(?:(?P<token>[!#$%&\'*+\-.^_`|~0-9A-Za-z]+)|"(?P<quoted>(?:[^"\\\r\n]|\\[^\r\n])*)")'
)
_ESCAPED: Final = re.compile(rb"\\([\x00-\x7f])")
_NOTHING_MORE: Final = re.compile(rb"[; \t]*+\Z")
_READ_ONCE: Final = frozenset({b"content-disposition", b"content-type", b"content-transfer-encoding"})
_PLAIN_CODINGS: Final = frozenset({b"", b"7bit", b"8bit", b"binary"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part."""

    name: str
    content_type: str
    """"" where it has none."""
    content: bytes


def parameters_of(value: bytes) -> Mapping[str, bytes]:
    """Parameters of a header such as Content-Type, by name in lower case.

    Raises:
        UnreadableError: They are malformed.
    """
    found: dict[str, bytes] = {}
    position = value.find(b";")
    while 0 <= position < len(value) and _NOTHING_MORE.match(value, position) is None:
        match = _PARAMETER.match(value, position)
        if match is None:
            raise UnreadableError("mime: invalid media parameter")
        name = decode_text(match["name"]).lower()
        text = match["token"] if match["token"] is not None else _ESCAPED.sub(rb"\1", match["quoted"])
        if found.setdefault(name, text) != text:
            raise UnreadableError("mime: duplicate parameter name")
        position = match.end()
    return found


def parts_of(raw: bytes, boundary: bytes) -> Iterator[Part]:
    """Take a body apart.

    Raises:
        UnreadableError: It is malformed, or has too many parts or headers.
    """
    if not boundary:
        raise UnreadableError("multipart: boundary is empty")
    dashes = b"--" + boundary
    opening = re.compile(rb"(?m)^" + re.escape(dashes) + rb"(?:(--)[ \t]*(?:\r\n|\Z)|[ \t]*(\r?\n))").search(raw)
    if opening is None:
        raise UnreadableError("multipart: NextPart: EOF")
    if opening[1] is not None:
        return
    position, end_of_line = opening.end(), opening[2]
    delimiter = re.compile(
        re.escape(end_of_line + dashes) + rb"(?:(--)[ \t]*(?:\r?\n|\Z)|[ \t]*" + re.escape(end_of_line) + rb")"
    )
    for _ in range(MOST_PARTS):
        headers, position = _headers(raw, position)
        # A part without content ends where its headers end.
        found = delimiter.search(raw, position - len(end_of_line))
        if found is None:
            raise UnreadableError("unexpected EOF")
        yield _part(headers, raw[position : max(found.start(), position)])
        if found[1] is not None:
            return
        position = found.end()
    raise UnreadableError(f"more than {MOST_PARTS} parts")


def _headers(raw: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """Headers of a part by name in lower case, the first of each, and where they end."""
    found: dict[bytes, bytes] = {}
    for _ in range(MOST_HEADERS):
        end = raw.find(b"\n", position)
        if end < 0:
            raise UnreadableError("unexpected EOF")
        line = raw[position:end].removesuffix(b"\r")
        position = end + 1
        if not line:
            return found, position
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise UnreadableError(f"malformed MIME header: missing colon: {quoted(decoded(line))}")
        name = name.strip().lower()
        # Differs: the reference gateway looks at the first one (test_a_part_is_what_it_says_once).
        if name in _READ_ONCE and name in found:
            raise UnreadableError(f"malformed MIME header: several {quoted(decoded(name))}")
        found.setdefault(name, value.strip(b" \t"))
    raise UnreadableError("malformed MIME header: too many headers")


def _part(headers: Mapping[bytes, bytes], content: bytes) -> Part:
    disposition = headers.get(b"content-disposition", b"")
    name = b""
    if disposition.partition(b";")[0].strip().lower() == b"form-data":
        try:
            name = parameters_of(disposition).get("name", b"")
        except UnreadableError:
            name = b""
    coding = headers.get(b"content-transfer-encoding", b"").lower()
    if coding == b"quoted-printable":
        content = binascii.a2b_qp(content)
    elif coding not in _PLAIN_CODINGS:
        # Differs: the reference gateway takes it as it is (test_a_part_is_what_it_says_once).
        raise UnreadableError(f"content transfer encoding {quoted(decoded(coding))} cannot be read")
    return Part(decoded(name), decoded(headers.get(b"content-type", b"")), content)
