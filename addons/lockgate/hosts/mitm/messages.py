"""mitmproxy's messages to ours and back. On every request's way, so it writes only what changed.

Header fields go straight through as bytes. Framing (Content-Length, Transfer-Encoding) is not written here but where
bytes are, in ``http1``: links may change bodies without thinking of it.
"""

import re
import time
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from mitmproxy import http
from mitmproxy.net.http import status_codes

from lockgate.exchange import (
    LONGEST_KEPT_NAME,
    NOT_READ,
    Body,
    Client,
    Headers,
    NotRead,
    Request,
    Response,
    decode_text,
    encode_text,
)

_UNSAFE_IN_RESPONSE: Final = re.compile(rb"[\r\n\0]")
_FRAMING: Final = (b"content-length", b"transfer-encoding")
_BODILESS: Final = (204, 304)
_NOT_MODIFIED: Final = 304
LOWEST_FINAL_STATUS: Final = 200
HIGHEST_STATUS: Final = 999

type Fields = tuple[tuple[bytes, bytes], ...]


def new_request(method: bytes, authority: bytes, path: bytes, version: bytes, fields: Fields) -> http.Request:
    """A request that was just read. Its host is not known yet.

    Made without ``__init__``: mitmproxy checks the type of each value there (22 % of a request's time without -O, n = 9).
    """
    data = http.RequestData.__new__(http.RequestData)
    data.host, data.port, data.scheme = "", 0, b""
    data.method, data.authority, data.path = method, authority, path
    _fill(data, version, fields)
    message = http.Request.__new__(http.Request)
    message.data = data
    return message


def new_response(version: bytes, status: int, reason: bytes, fields: Fields) -> http.Response:
    """A response whose head was just read. As ``new_request``."""
    data = http.ResponseData.__new__(http.ResponseData)
    data.status_code, data.reason = status, reason
    _fill(data, version, fields)
    message = http.Response.__new__(http.Response)
    message.data = data
    return message


def _fill(data: http.MessageData, version: bytes, fields: Fields) -> None:
    headers = http.Headers.__new__(http.Headers)
    headers.fields = fields
    data.http_version, data.headers = version, headers
    data.content, data.trailers = None, None
    data.timestamp_start, data.timestamp_end = time.time(), None


def to_request(message: http.Request, client_scheme: str, *, body_follows: bool) -> Request:
    """A request as chains see it.

    Args:
        message: As mitmproxy read it.
        client_scheme: http or https: how the client reached us.
        body_follows: Its body was not read yet.
    """
    data = message.data
    host = data.authority
    fields = []
    for field in data.headers.fields:
        name = field[0].lower()
        if name == b"host":
            host = host or field[1]
        elif name != b"transfer-encoding":  # framing, which is the host's; the reference gateway does not see it either
            fields.append(field)
    path, question, query = data.path.partition(b"?")
    return Request(
        method=decode_text(data.method),
        path=decode_text(path),
        query=decode_text(query) if question else None,
        headers=Headers(tuple(fields)),
        body=NOT_READ if body_follows else (data.content or b""),
        host=decode_text(host),
        scheme=client_scheme,
        version=decode_text(data.http_version),
    )


def to_client(peername: tuple[str, int] | tuple[str, int, int, int] | None) -> Client:
    """The other end of the client's connection."""
    return Client(peername[0], peername[1]) if peername else Client("", 0)


def write_request(request: Request, message: http.Request) -> None:
    """Write what goes upstream. Where it goes is not part of it.

    Args:
        request: As the chain made it.
        message: To be changed.

    Raises:
        ValueError: A header or the target cannot be written to the wire.
    """
    data = message.data
    host = encode_text(request.host)
    fields = request.headers.fields
    target = encode_text(request.target)
    if not target.startswith((b"/", b"*")):
        target = b"/" + target
    method = encode_text(request.method)
    check_request_head(method, target, host, fields)
    if data.http_version in (b"HTTP/2.0", b"HTTP/3"):
        data.authority = host
    else:
        data.authority = b""
        data.http_version = b"HTTP/1.1"
        fields = ((b"Host", host), *fields)
    fields = _framed(fields, data.headers.fields, touched=not isinstance(request.body, NotRead))
    data.method = method
    data.path = target
    if data.headers.fields != fields:
        data.headers.fields = fields
    if not isinstance(request.body, NotRead) and request.body is not data.content:
        data.content = request.body


def _framed(fields: Fields, original: Fields, *, touched: bool) -> Fields:
    """With the client's framing in place of what links wrote: a body that streams past is framed as it was.

    Args:
        fields: As links left them.
        original: As the client sent them.
        touched: The body was read, so it may have another length; if it was chunked, it stays so.
    """
    framing = [field for field in original if field[0].lower() in _FRAMING]
    if touched:
        framing = [field for field in framing if field[0].lower() == b"transfer-encoding"]
    kept = tuple(field for field in fields if field[0].lower() not in _FRAMING)
    if not framing and len(kept) == len(fields):
        return fields
    return (*kept, *framing)


_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
NAME: Final = _METHOD
BAD_IN_TARGET: Final = re.compile(rb"[\x00-\x20\x7f]")
BAD_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_checked_names: set[bytes] = set()
_MOST_CHECKED_NAMES: Final = 4096


def is_name(name: bytes) -> bool:
    """Whether it may stand as a header's name. RFC 9110, 5.1."""
    if name in _checked_names:
        return True
    if NAME.fullmatch(name) is None:
        return False
    if len(_checked_names) < _MOST_CHECKED_NAMES and len(name) <= LONGEST_KEPT_NAME:
        _checked_names.add(name)
    return True


def check_request_head(method: bytes, target: bytes, host: bytes, fields: Fields) -> None:
    """Refuse what would break the wire, or smuggle something over it.

    Raises:
        ValueError: Names what is wrong.
    """
    if _METHOD.fullmatch(method) is None:
        raise ValueError(f"{method!r} is not a method")
    if BAD_IN_TARGET.search(target):
        raise ValueError(f"a control character or a space in the target {target[:200]!r}")
    if BAD_IN_TARGET.search(host):
        raise ValueError(f"a control character or a space in the host {host[:200]!r}")
    for name, value in fields:
        if not is_name(name):
            raise ValueError(f"{name[:200]!r} is not a header name")
        if BAD_IN_VALUE.search(value):
            raise ValueError(f"a control character in the value of the header {name!r}")


def to_response(message: http.Response, *, body_follows: bool) -> Response:
    """A response as chains see it.

    Args:
        message: As mitmproxy read it.
        body_follows: Its body was not read yet.
    """
    data = message.data
    fields = data.headers.fields
    if any(name.lower() == b"transfer-encoding" for name, _ in fields):
        fields = tuple(field for field in fields if field[0].lower() != b"transfer-encoding")
    return Response(
        status=data.status_code,
        headers=Headers(fields),
        body=NOT_READ if body_follows else (data.content or b""),
        reason=decode_text(data.reason),
    )


def write_response(response: Response, message: http.Response) -> Body:
    """Write what the client gets, and return its body: for a body that streams past, ``NOT_READ``.

    Raises:
        ValueError: The status is not one that ends an exchange.
    """
    status = response.status
    data = message.data
    if not LOWEST_FINAL_STATUS <= status <= HIGHEST_STATUS and status != data.status_code:
        raise ValueError(f"{status} is not the status of an answer")
    fields = response_fields(response.headers.fields)
    if status == _NOT_MODIFIED:
        fields = tuple(field for field in fields if field[0].lower() not in (b"content-type", b"content-length"))
    if data.headers.fields != fields:
        data.headers.fields = fields
    if data.status_code != status or (not data.reason and data.http_version != b"HTTP/2.0"):
        data.status_code = status
        data.reason = encode_text(response.reason) if response.reason else reason_phrase(status)
    data.http_version = b"HTTP/1.1" if data.http_version == b"HTTP/1.0" else data.http_version
    body = b"" if status in _BODILESS else response.body
    if not isinstance(body, NotRead):
        data.content = body
    return body


def to_flow_response(response: Response) -> http.Response:
    """A response of ours as a new message of mitmproxy's.

    Raises:
        ValueError: The status is not one that ends an exchange.
    """
    now = time.time()
    message = http.Response(b"HTTP/1.1", -1, b"", http.Headers(), b"", None, now, now)
    if isinstance(write_response(response, message), NotRead):
        raise ValueError("an answer without a body that can be sent")
    return message


def response_fields(fields: Fields) -> Fields:
    """Fields that may be written: without names that are none, line ends in values made spaces, with a Date."""
    dated = False
    sound = True
    for name, value in fields:
        if name in (b"Date", b"date") or name.lower() == b"date":
            dated = True
        if not is_name(name) or _UNSAFE_IN_RESPONSE.search(value):
            sound = False
    if not sound:
        fields = tuple((name, _UNSAFE_IN_RESPONSE.sub(b" ", value)) for name, value in fields if is_name(name))
    return fields if dated else (*fields, (b"Date", date_now()))


def date_now() -> bytes:
    """The Date of an answer made now. RFC 9110, 6.6.1."""
    return _date(int(time.time()))


@lru_cache(maxsize=4)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def reason_phrase(status: int) -> bytes:
    """The usual reason phrase, or ""."""
    return status_codes.RESPONSES.get(status, "").encode()
