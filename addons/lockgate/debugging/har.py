"""HAR files (HTTP Archive 1.2), as browsers and proxies save them, as recordings. No I/O.

They hold what a client saw: a request and a response, with its content encoding undone. The response is taken for the
upstream's. What a HAR file does not hold (a body left out, one that was posted as a list of parameters) is missing.
Bodies are texts there; their bytes are found again by the charset and the sizes that stand beside them.
"""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from lockgate.debugging.recordings import NO_TIME, OnUnusable, Recorded, RecordingError, Unusable, give_up, kind_of
from lockgate.exchange import NOT_READ, Body, Headers, Request, Response, encode_text
from lockgate.unpacking import PackingError, TooLargeError, codings_of, unpacked

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_CODED: Final = _FRAMING | {"content-encoding"}
_SCHEMES: Final[Mapping[str, str]] = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
"""Of URLs, and how they were asked for: a WebSocket begins with a request of HTTP."""
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"}
)
"""Codecs of Python's that are no charsets, or take long."""
_TEXTUAL: Final = re.compile(r"text/|[/+](?:json|xml|javascript|x-www-form-urlencoded|graphql)\b", re.IGNORECASE)
_BODILESS: Final = frozenset({204, 304})
_MOST_UNPACKED_BYTES: Final = 16 << 20


def is_har(value: object) -> bool:
    """Whether a JSON value looks like a HAR file."""
    return isinstance(value, Mapping) and isinstance(value.get("log"), Mapping)


def read_har(text: bytes, source: str = "", told: OnUnusable = None) -> Iterator[Recorded]:
    """The exchanges of a HAR file.

    Args:
        text: Of the file.
        source: Its name.
        told: What is told of entries that cannot be run.

    Raises:
        RecordingError: It is none; exchanges before the fault were given.
    """
    try:
        value = json.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{source}: expected a HAR file: {error}") from None
    if not is_har(value):
        raise RecordingError(f"{source}: expected a HAR file, with log.entries, found {kind_of(value)}")
    entries = value["log"].get("entries")
    if not isinstance(entries, list):
        found = "none" if "entries" not in value["log"] else kind_of(entries)
        raise RecordingError(f"{source}: expected a HAR file, with log.entries as a list, found {found}")
    for number, entry in enumerate(entries, 1):
        place = f"{source}, entry {number}"
        try:
            made = _entry(_object(entry, "entry"), place)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            if isinstance(error, TypeError | AttributeError):
                what = "a part of it is of another kind"
            give_up(told, place, f"expected an entry of a HAR file: {what}")
        else:
            if made.request.method != "CONNECT":
                yield made
            elif told is not None:
                told(Unusable(place, "a tunnel", is_exchange=False))


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object as the {name}, found {kind_of(value)}")
    return value


def _entry(entry: Mapping[str, Any], place: str) -> Recorded:
    missing: list[str] = []
    request = _request(_object(entry["request"], "request"), missing)
    response = _object(entry.get("response") or {}, "response")
    # A browser notes status 0 for a request that got no response.
    answered = int(response.get("status") or 0) > 0
    return Recorded(
        request=request,
        id=place,
        received_at=_time(str(entry.get("startedDateTime", ""))),
        upstream_response=_response(response, request.method, missing) if answered else None,
        by_gateway=False,
        source=place,
        missing=tuple(missing),
    )


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _request(plain: Mapping[str, Any], missing: list[str]) -> Request:
    url = str(plain["url"])
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.netloc:
        raise ValueError(f"expected the URL of a request, found {_cut(url)!r}")
    fields = _fields(plain.get("headers", ()))
    host = next((value for name, value in fields if name.lower() == "host"), parts.netloc.rpartition("@")[2])
    headers = Headers.of(*((name, value) for name, value in fields if name.lower() not in (*_FRAMING, "host")))
    body = _posted(plain, fields, missing)
    if isinstance(body, bytes) and body:
        headers = _unpacked_headers(headers, body, missing).add("Content-Length", str(len(body)))
    query = url.partition("#")[0].partition("?")
    return Request(
        method=str(plain["method"]),
        path=parts.path or "/",
        query=query[2] if query[1] else None,
        headers=headers,
        body=body,
        host=host,
        scheme=_SCHEMES[parts.scheme],
        version=_version(str(plain.get("httpVersion", ""))),
    )


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"  # noqa: PLR2004


def _unpacked_headers(headers: Headers, body: bytes, missing: list[str]) -> Headers:
    """The headers of a request whose body may stand in the file without the content encoding that it had."""
    codings = codings_of(headers.get("content-encoding"))
    try:
        for coding in reversed(codings):
            body = unpacked(body, coding, _MOST_UNPACKED_BYTES)
    except TooLargeError:
        pass
    except PackingError:
        missing.append("the content encoding of the request, whose body the HAR file holds without it")
        return headers.remove("Content-Encoding")
    return headers


def _version(text: str) -> str:
    upper = text.upper()
    if upper in ("H2", "HTTP/2", "HTTP/2.0"):
        return "HTTP/2.0"
    return upper if upper in ("HTTP/1.0", "HTTP/1.1") else "HTTP/1.1"


def _fields(plain: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Names and values, without HTTP/2's pseudo headers."""
    pairs = [(str(field["name"]), str(field["value"])) for field in plain]
    return [(name, value) for name, value in pairs if not name.startswith(":")]


def _posted(plain: Mapping[str, Any], fields: Sequence[tuple[str, str]], missing: list[str]) -> Body:
    posted = _object(plain.get("postData") or {}, "postData")
    text, size = posted.get("text"), int(plain.get("bodySize") or 0)
    if isinstance(text, str) and (text or (size <= 0 and not _length(fields))):
        kind = str(posted.get("mimeType") or _field(fields, "content-type"))
        return _octets(text, str(posted.get("encoding", "")), kind, (size,))
    if size > 0 or posted.get("params") or _length(fields):
        missing.append("the body of the request, which the HAR file does not hold")
        return NOT_READ
    return b""


def _response(plain: Mapping[str, Any], method: str, missing: list[str]) -> Response:
    content, status = _object(plain.get("content") or {}, "content"), int(plain["status"])
    if not 100 <= status <= 999:  # noqa: PLR2004
        raise ValueError(f"expected a status, found {status}")
    text, size = content.get("text"), int(content.get("size") or 0)
    fields = _fields(plain.get("headers", ()))
    headers = Headers.of(*((name, value) for name, value in fields if name.lower() not in _CODED))
    had_body = size > 0 or (method != "HEAD" and status not in _BODILESS and _length(fields) > 0)
    body: Body
    if isinstance(text, str) and (text or not had_body):
        # mitmproxy writes the size as it was on the wire, and what unpacking it adds.
        sizes = (size, size + int(content.get("compression") or 0))
        kind = str(content.get("mimeType") or _field(fields, "content-type"))
        body = _octets(text, str(content.get("encoding", "")), kind, sizes)
        headers = headers.add("Content-Length", str(len(body)))
    elif had_body:
        body = NOT_READ
        missing.append("the body of the upstream's answer, which the HAR file does not hold")
    else:
        body = b""
    return Response(status, headers, body, str(plain.get("statusText", "")))


def _field(fields: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for one, value in fields if one.lower() == name), "")


def _length(fields: Sequence[tuple[str, str]]) -> int:
    """The length of the body that the headers tell; 0 where they do not."""
    text = _field(fields, "content-length").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004


def _octets(text: str, encoding: str, kind: str, sizes: Sequence[int]) -> bytes:
    """The bytes of a body.

    Args:
        text: As the file has it.
        encoding: "base64", or nothing.
        kind: Its media type.
        sizes: That it may have had, in bytes; what is not above 0 says nothing.
    """
    if encoding.lower() == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise ValueError("expected a body in base64") from None
    made = encode_text(text)
    known = [size for size in sizes if size > 0]
    if len(made) in known or text.isascii():
        return made
    for charset in _charsets(kind):
        try:
            other = text.encode(charset)
        except (LookupError, UnicodeError):
            continue
        if not known or len(other) in known:
            return other
    return made


def _charsets(kind: str) -> Iterator[str]:
    """In which a body may have been, beside UTF-8."""
    declared = _CHARSET.search(kind)
    if declared is not None:
        try:
            name = codecs.lookup(declared[1]).name
        except LookupError:
            return
        if name not in _NO_CHARSETS:
            yield name
    elif not _TEXTUAL.search(kind):
        # Bytes that are no text of any kind are written down one character each.
        yield "latin-1"
