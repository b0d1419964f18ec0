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
    while 0 <= position < len(value) and value[position:].strip(b"; \t"):
        match = _PARAMETER.match(value, position)
        if match is None:
            raise UnreadableError("mime: invalid media parameter")
        name = decode_text(match["name"]).lower()
        if name in found:
            raise UnreadableError("mime: duplicate parameter name")
        found[name] = match["token"] if match["token"] is not None else _ESCAPED.sub(rb"\1", match["quoted"])
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
    position, end_of_line = _first(raw, dashes)
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


def _first(raw: bytes, dashes: bytes) -> tuple[int, bytes]:
    """Where the first part begins, and how lines end."""
    opening = re.compile(rb"(?m)^" + re.escape(dashes) + rb"(?:(--)[ \t]*(?:\r?\n|\Z)|[ \t]*(\r?\n))").search(raw)
    if opening is None or opening[1] is not None:
        raise UnreadableError("multipart: NextPart: EOF")
    return opening.end(), opening[2]


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
        found.setdefault(name.strip().lower(), value.strip(b" \t"))
    raise UnreadableError("malformed MIME header: too many headers")


def _part(headers: Mapping[bytes, bytes], content: bytes) -> Part:
    disposition = headers.get(b"content-disposition", b"")
    name = b""
    if disposition.partition(b";")[0].strip().lower() == b"form-data":
        try:
            name = parameters_of(disposition).get("name", b"")
        except UnreadableError:
            name = b""
    if headers.get(b"content-transfer-encoding", b"").lower() == b"quoted-printable":
        content = binascii.a2b_qp(content)
    return Part(decoded(name), decoded(headers.get(b"content-type", b"")), content)
