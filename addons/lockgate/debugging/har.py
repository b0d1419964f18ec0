"""HAR files (HTTP Archive 1.2), as browsers and proxies save them, as recordings. No I/O.

They hold what a client saw: a request and a response, with its content encoding undone. The response is taken for the
upstream's. What a HAR file does not hold (a body left out, one that was posted as a list of parameters) is missing.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from lockgate.debugging.recordings import NO_TIME, Recorded, RecordingError
from lockgate.exchange import NOT_READ, Body, Headers, Request, Response, encode_text

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_CODED: Final = _FRAMING | {"content-encoding"}


def is_har(value: object) -> bool:
    """Whether a JSON value looks like a HAR file."""
    return isinstance(value, Mapping) and isinstance(value.get("log"), Mapping)


def read_har(text: bytes, source: str = "") -> Iterator[Recorded]:
    """The exchanges of a HAR file.

    Args:
        text: Of the file.
        source: Its name.

    Raises:
        RecordingError: It is none; exchanges before the fault were given.
    """
    try:
        value = json.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{source}: expected a HAR file: {error}") from None
    entries = value["log"].get("entries") if is_har(value) else None
    if not isinstance(entries, list):
        raise RecordingError(f"{source}: expected a HAR file, with log.entries, found {type(value).__name__}")
    for number, entry in enumerate(entries, 1):
        place = f"{source}, entry {number}"
        try:
            yield _entry(entry, place)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise RecordingError(f"{place}: expected an entry of a HAR file: {what}") from None


def _entry(entry: Mapping[str, Any], place: str) -> Recorded:
    missing: list[str] = []
    request = _request(entry["request"], missing)
    response = entry.get("response") or {}
    # A browser notes status 0 for a request that got no response.
    answered = int(response.get("status") or 0) > 0
    return Recorded(
        request=request,
        id=place,
        received_at=_time(str(entry.get("startedDateTime", ""))),
        upstream_response=_response(response, missing) if answered else None,
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
    parts = urlsplit(str(plain["url"]))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"expected the URL of a request, found {plain['url']!r}")
    fields = _fields(plain.get("headers", ()))
    host = next((value for name, value in fields if name.lower() == "host"), parts.netloc.rpartition("@")[2])
    body = _posted(plain.get("postData"), int(plain.get("bodySize") or 0), missing)
    headers = Headers.of(*((name, value) for name, value in fields if name.lower() not in (*_FRAMING, "host")))
    if isinstance(body, bytes) and body:
        headers = headers.add("Content-Length", str(len(body)))
    query = str(plain["url"]).partition("#")[0].partition("?")
    return Request(
        method=str(plain["method"]),
        path=parts.path or "/",
        query=query[2] if query[1] else None,
        headers=headers,
        body=body,
        host=host,
        scheme=parts.scheme,
        version=_version(str(plain.get("httpVersion", ""))),
    )


def _version(text: str) -> str:
    upper = text.upper()
    if upper in ("H2", "HTTP/2", "HTTP/2.0"):
        return "HTTP/2.0"
    return upper if upper in ("HTTP/1.0", "HTTP/1.1") else "HTTP/1.1"


def _fields(plain: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Names and values, without HTTP/2's pseudo headers."""
    pairs = [(str(field["name"]), str(field["value"])) for field in plain]
    return [(name, value) for name, value in pairs if not name.startswith(":")]


def _posted(plain: Mapping[str, Any] | None, size: int, missing: list[str]) -> Body:
    text = plain.get("text") if plain is not None else None
    if isinstance(text, str) and (text or size <= 0) and plain is not None:
        return _octets(text, str(plain.get("encoding", "")))
    if size > 0 or (plain is not None and plain.get("params")):
        missing.append("the body of the request, which the HAR file does not hold")
        return NOT_READ
    return b""


def _response(plain: Mapping[str, Any], missing: list[str]) -> Response:
    content = plain.get("content") or {}
    text, size = content.get("text"), int(content.get("size") or 0)
    fields = _fields(plain.get("headers", ()))
    headers = Headers.of(*((name, value) for name, value in fields if name.lower() not in _CODED))
    body: Body
    if isinstance(text, str):
        body = _octets(text, str(content.get("encoding", "")))
        headers = headers.add("Content-Length", str(len(body)))
    elif size > 0:
        body = NOT_READ
        missing.append("the body of the upstream's answer, which the HAR file does not hold")
    else:
        body = b""
    return Response(int(plain["status"]), headers, body, str(plain.get("statusText", "")))


def _octets(text: str, encoding: str) -> bytes:
    if encoding.lower() != "base64":
        return encode_text(text)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("expected a body in base64") from None
