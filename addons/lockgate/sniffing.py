"""What kind of content some bytes are, as Go guesses it.

Source: Go, net/http, DetectContentType; https://mimesniff.spec.whatwg.org/.
"""

import re
from typing import Final

SNIFFED_BYTES: Final = 512
"""So many are looked at."""

_BLANKS: Final = b"\t\n\x0c\r "
_HTML: Final = re.compile(
    rb"<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[ >]", re.IGNORECASE
)
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BOX_HEAD: Final = 12

# In the order in which they are tried; "." stands for any byte.
_SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"%PDF-", "application/pdf"),
        (rb"%!PS-Adobe-", "application/postscript"),
        (rb"\xfe\xff..", "text/plain; charset=utf-16be"),
        (rb"\xff\xfe..", "text/plain; charset=utf-16le"),
        (rb"\xef\xbb\xbf.", "text/plain; charset=utf-8"),
        (rb"\x00\x00[\x01\x02]\x00", "image/x-icon"),
        (rb"BM", "image/bmp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBPVP", "image/webp"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"FORM....AIFF", "audio/aiff"),
        (rb"ID3", "audio/mpeg"),
        (rb"OggS\x00", "application/ogg"),
        (rb"MThd\x00\x00\x00\x06", "audio/midi"),
        (rb"RIFF....AVI ", "video/avi"),
        (rb"RIFF....WAVE", "audio/wave"),
    )
)
_LATER_SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\x1a\x45\xdf\xa3", "video/webm"),
        (rb".{34}LP", "application/vnd.ms-fontobject"),
        (rb"\x00\x01\x00\x00", "font/ttf"),
        (rb"OTTO", "font/otf"),
        (rb"ttcf", "font/collection"),
        (rb"wOFF", "font/woff"),
        (rb"wOF2", "font/woff2"),
        (rb"\x1f\x8b\x08", "application/x-gzip"),
        (rb"PK\x03\x04", "application/zip"),
        (rb"Rar!\x1a\x07(?:\x00|\x01\x00)", "application/x-rar-compressed"),
        (rb"\x00asm", "application/wasm"),
    )
)


def detect_content_type(data: bytes) -> str:
    """A Content-Type for ``data``; application/octet-stream when nothing better is known."""
    data = data[:SNIFFED_BYTES]
    text = data.lstrip(_BLANKS)
    if _HTML.match(text):
        return "text/html; charset=utf-8"
    if text.startswith(b"<?xml"):
        return "text/xml; charset=utf-8"
    kind = _signed(_SIGNATURES, data) or ("video/mp4" if _is_mp4(data) else "") or _signed(_LATER_SIGNATURES, data)
    if kind:
        return kind
    return "application/octet-stream" if _NOT_TEXT.search(text) else "text/plain; charset=utf-8"


def _signed(signatures: tuple[tuple[re.Pattern[bytes], str], ...], data: bytes) -> str:
    return next((kind for pattern, kind in signatures if pattern.match(data)), "")


def _is_mp4(data: bytes) -> bool:
    if len(data) < _BOX_HEAD or data[4:8] != b"ftyp":
        return False
    size = int.from_bytes(data[:4], "big")
    if len(data) < size or size % 4:
        return False
    # Bytes 12 to 15 are the minor version, no brand.
    return any(data[start : start + 3] == b"mp4" for start in range(8, size, 4) if start != _BOX_HEAD)
