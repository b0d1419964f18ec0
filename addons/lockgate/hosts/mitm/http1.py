"""HTTP/1 as this gateway reads and writes it, on both sides of mitmproxy.

mitmproxy's own connections share message objects between client and server side, answer faults with pages that name
mitmproxy, take heads of any size, and stop for ever at trailers. Here

1. what decides about a connection's life is read once from the wire, whatever links do to the message afterwards;
2. framing is written here, from the body that is sent, never from header fields that a link left behind;
3. a fault of the client gets plain text and an orderly close, one of the upstream a ``ResponseProtocolError``.

Source for texts and for what counts as a fault: the reference gateway's HTTP library, as recorded (behaviour-chain 1.5,
1.8, cases hd-req-invalid-from-client and hd-proxy-garbage).
"""

import re
from typing import Final, override

import h11
from h11._readers import ChunkedReader, ContentLengthReader, Http10Reader
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Connection, Http1Server

from lockgate.hosts.mitm.limits import ClientLimits
from lockgate.hosts.mitm.messages import (
    BAD_IN_TARGET,
    BAD_IN_VALUE,
    LOWEST_FINAL_STATUS,
    Fields,
    is_name,
    new_request,
    new_response,
    reason_phrase,
)

MAX_HEAD_BYTES: Final = 1024 * 1024
"""Of one request's or response's head, as in the reference gateway."""
MAX_TARGET_BYTES: Final = 32 * 1024
"""Of a request's target: sets of many wildcard patterns cost milliseconds on very long paths."""

_LINGER_SECONDS: Final = 1.0
_LINGER_BYTES: Final = 1024 * 1024

_REQUEST_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\x00-\x20\x7f]+) HTTP/(\d\.\d)")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.(\d) +(\d{3})(?: (.*))?")
_HOST: Final = re.compile(rb"[A-Za-z0-9\-._~!$&'()*+,;=:%\[\]]*")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_FRAMING: Final = (b"content-length", b"transfer-encoding")
_EMPTY_BODY_IS_SAID: Final = (b"POST", b"PUT", b"PATCH")
_BODILESS: Final = (204, 304)
_SWITCHING: Final = 101


class Fault(Exception):  # noqa: N818 - a value that is raised, no program error
    """What a client sent cannot be taken as a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status: Final = status
        self.text: Final = text


def bad_request(detail: str = "") -> Fault:
    """A 400 in the reference gateway's words."""
    return Fault(400, f"400 Bad Request: {detail}" if detail else "400 Bad Request")


TARGET_TOO_LONG: Final = Fault(414, "414 URI Too Long")
HEAD_TOO_LONG: Final = Fault(431, "431 Request Header Fields Too Large")
HEAD_TOO_SLOW: Final = Fault(408, "408 Request Timeout")
TRAILERS: Final = "trailers are not supported in requests"


class MalformedBodyError(RequestProtocolError):
    """A request's body that cannot be read to its end, from a client that is still there."""


class ClosedUnansweredError(ResponseProtocolError):
    """The upstream closed a connection without a byte of an answer."""


def fault_reply(fault: Fault) -> bytes:
    """A whole response, after which the connection ends."""
    body = fault.text.encode()
    return (
        b"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        % (fault.status, reason_phrase(fault.status), len(body), body)
    )


def check_target(target: bytes) -> None:
    """Refuse a request target that no API may see.

    Raises:
        Fault: It is too long, or holds a control character or a space.
    """
    if len(target) > MAX_TARGET_BYTES:
        raise TARGET_TOO_LONG
    if BAD_IN_TARGET.search(target):
        raise bad_request()


def check_head(method: bytes, authority: bytes, fields: Fields) -> None:
    """Refuse a head of another protocol that could not have come by HTTP/1: it goes upstream by that.

    HTTP/2 frames bodies itself, so that nobody has to agree with a Content-Length. Upstream it is what frames them: one
    that lies would put a second request behind the first.

    Raises:
        Fault: A method, name or value that is none, or a Content-Length that is no length or not the only one.
    """
    if not is_name(method) or _HOST.fullmatch(authority) is None:
        raise bad_request()
    lengths = set()
    for name, value in fields:
        lower = name.lower()
        if not is_name(name) or BAD_IN_VALUE.search(value) or lower == b"transfer-encoding":
            raise bad_request()
        if lower == b"content-length":
            lengths.add(value)
    if len(lengths) > 1 or any(_LENGTH.fullmatch(length) is None for length in lengths):
        raise bad_request()


class ClientLate(events.Event):
    """A client's time for the next head is over."""


class RequestHead:
    """A request's head, read and checked."""

    __slots__ = ("closes", "http10", "is_head", "message", "size")
    message: http.Request
    size: int | None
    """Bytes of body to come; None if it is chunked."""
    closes: bool
    """The client wants the connection to end with the answer."""
    http10: bool
    is_head: bool

    def __init__(self, lines: list[bytearray]) -> None:
        """Read a head.

        Raises:
            Fault: It is malformed, or not to be trusted.
        """
        line = bytes(lines[0])
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            raise TARGET_TOO_LONG if len(line) > MAX_TARGET_BYTES and b"\0" not in line else bad_request()
        method, target, version = match.groups()
        check_target(target)
        if version not in (b"1.1", b"1.0"):
            raise Fault(505, "505 HTTP Version Not Supported: unsupported protocol version")
        if method == b"CONNECT":
            raise bad_request()
        self.http10 = version == b"1.0"
        self.is_head = method == b"HEAD"
        fields = _read_fields(lines)
        fields = self._framed(fields)
        if target.startswith(b"/") or target == b"*":
            authority, path = b"", target
        else:
            authority, path = _absolute(line)
        self.message = new_request(method, authority, path, b"HTTP/" + version, fields)

    def _framed(self, fields: Fields) -> Fields:
        """Check the fields that say how the message ends and where it goes."""
        hosts = lengths = codings = 0
        length = coding = b""
        connection: bytes | None = None
        for name, value in fields:
            lower = name.lower()
            if lower == b"host":
                hosts += 1
                if _HOST.fullmatch(value) is None:
                    raise bad_request("malformed Host header")
            elif lower == b"content-length":
                if _LENGTH.fullmatch(value) is None or (lengths and value != length):
                    raise bad_request()
                lengths += 1
                length = value
            elif lower == b"transfer-encoding":
                codings += 1
                coding = value
            elif lower == b"connection":
                connection = value if connection is None else connection + b"," + value
        if hosts > 1:
            raise bad_request()
        if not hosts and not self.http10:
            raise bad_request("missing required Host header")
        if codings:
            self._check_coding(coding, codings, has_length=lengths > 0)
        if lengths > 1:
            fields = (
                *(field for field in fields if field[0].lower() != b"content-length"),
                (b"Content-Length", length),
            )
        self.size = None if codings else int(length or b"0")
        self.closes = _closes(connection, http10=self.http10)
        return fields

    def _check_coding(self, coding: bytes, number: int, *, has_length: bool) -> None:
        if number > 1 or coding.lower() != b"chunked":
            raise Fault(501, "Unsupported transfer encoding")
        if has_length or self.http10:
            raise bad_request()


def _read_fields(lines: list[bytearray]) -> Fields:
    fields = []
    for index in range(1, len(lines)):
        name, colon, value = bytes(lines[index]).partition(b":")
        if not colon or not is_name(name):
            raise bad_request("invalid header name")
        value = value.strip(b" \t")
        if BAD_IN_VALUE.search(value):
            raise bad_request()
        fields.append((name, value))
    return tuple(fields)


def _absolute(line: bytes) -> tuple[bytes, bytes]:
    """Authority and path of a target in absolute form. RFC 9112, 3.2.2: it goes before the Host field."""
    try:
        message = http1.read_request_head([line])
    except ValueError as error:
        raise bad_request() from error
    if message.data.scheme not in (b"http", b"https") or _HOST.fullmatch(message.data.authority) is None:
        raise bad_request()
    return message.data.authority, message.data.path


def _closes(connection: bytes | None, *, http10: bool) -> bool:
    if connection is None:
        return http10
    tokens = {token.strip() for token in connection.lower().split(b",")}
    return b"close" in tokens or (http10 and b"keep-alive" not in tokens)


def _unframed(fields: Fields) -> tuple[list[tuple[bytes, bytes]], bytes | None, bytes | None]:
    """Fields without those that frame a message or rule a connection; Content-Length and Connection apart."""
    length: bytes | None = None
    connection: bytes | None = None
    kept = []
    for field in fields:
        name = field[0].lower()
        if name == b"content-length":
            length = field[1]
        elif name == b"connection":
            connection = field[1]
        elif name != b"transfer-encoding":
            kept.append(field)
    return kept, length, connection


def _field(fields: Fields, wanted: bytes) -> bytes | None:
    for name, value in fields:
        if name.lower() == wanted:
            return value
    return None


class GatewayHttp1Server(Http1Server):
    """The client's side of a connection."""

    head: RequestHead | None = None
    more = False
    """There may be another request in ``buf``. The layer above sees to it."""
    _chunked = False
    _muted = False
    _closing = False
    _written: bytes | None = None
    _switched = False
    _lingered = 0
    _linger_alarm: commands.RequestWakeup | None = None
    limits: ClientLimits = ClientLimits(header_bytes=MAX_HEAD_BYTES)

    @override
    def read_headers(self, event: events.Event) -> layer.CommandGenerator[None]:
        if not isinstance(event, events.DataReceived):
            if isinstance(event, events.ConnectionClosed):
                yield commands.CloseConnection(self.conn)
            elif isinstance(event, ClientLate):
                yield from self._late()
            return
        while True:
            before = len(self.buf)
            lines = self.buf.maybe_extract_lines()
            if lines is None:
                if before > self.limits.header_bytes:
                    yield from self._refuse(HEAD_TOO_LONG)
                return
            if lines:
                break
            if not self.buf:
                return
        try:
            if before - len(self.buf) > self.limits.header_bytes or len(lines) - 1 > self.limits.headers:
                raise HEAD_TOO_LONG
            head = RequestHead(lines)
        except Fault as fault:
            yield from self._refuse(fault)
            return
        self.head = head
        self.request = head.message
        self._closing = head.closes
        self._written = None
        # First, because the whole answer may be given while the stream has the event.
        self.body_reader = ChunkedReader() if head.size is None else ContentLengthReader(head.size)
        self.state = self.read_body
        yield ReceiveHttp(RequestHeaders(self.stream_id, head.message, end_stream=head.size == 0))
        if self.state == self.read_body:
            yield from self.read_body(event)

    @override
    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        try:
            if isinstance(event, events.ConnectionClosed):
                yield commands.CloseConnection(self.conn)
                gone = RequestProtocolError(self.stream_id, "Client disconnected.", ErrorCode.CLIENT_DISCONNECTED)
                yield ReceiveHttp(gone)
                return
            while (part := self.body_reader(self.buf)) is not None:
                if isinstance(part, h11.Data):
                    yield ReceiveHttp(RequestData(self.stream_id, bytes(part.data)))
                    if self.state != self.read_body:
                        return
                    continue
                if part.headers:
                    raise h11.RemoteProtocolError(TRAILERS)
                self.request_done = True
                yield ReceiveHttp(RequestEndOfMessage(self.stream_id))
                if self.request_done and self.state == self.read_body:
                    yield from self.mark_done(request=True)
                return
        except h11.ProtocolError as error:
            self.state = self.linger
            yield ReceiveHttp(MalformedBodyError(self.stream_id, str(error), ErrorCode.GENERIC_CLIENT_ERROR))

    @override
    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        if isinstance(event, ResponseHeaders):
            yield from self._send_head(event)
        elif isinstance(event, ResponseData):
            if self._written is not None and event.data == self._written:
                self._written = None  # it went out with the head
            elif event.data and not self._muted:
                data = b"%x\r\n%s\r\n" % (len(event.data), event.data) if self._chunked else event.data
                yield commands.SendData(self.conn, data)
        elif isinstance(event, ResponseEndOfMessage):
            if self._chunked and not self._muted:
                yield commands.SendData(self.conn, b"0\r\n\r\n")
            yield from self.mark_done(response=True)
        elif isinstance(event, ResponseProtocolError):
            if not self.conn.state & ConnectionState.CAN_WRITE:
                return
            status = event.code.http_status_code()
            if not self.response and status is not None:
                yield commands.SendData(
                    self.conn, fault_reply(Fault(status, f"{status} {reason_phrase(status).decode()}"))
                )
            yield commands.CloseConnection(self.conn)

    def _send_head(self, event: ResponseHeaders) -> layer.CommandGenerator[None]:
        response = event.response
        data = response.data
        status = data.status_code
        if status < LOWEST_FINAL_STATUS and status != _SWITCHING:
            yield commands.SendData(self.conn, b"HTTP/1.1 %d %s\r\n\r\n" % (status, reason_phrase(status)))
            return
        self.response = response
        content = data.content
        kept, length, connection = _unframed(data.headers.fields)
        self._chunked = False
        self._switched = status == _SWITCHING
        self._muted = (self.head is not None and self.head.is_head) or status in _BODILESS
        if self._switched:
            kept.append((b"Connection", connection or b"Upgrade"))
        else:
            if self._muted:
                size = length if status != 204 else None  # noqa: PLR2004 - RFC 9110, 8.6: none with 204
            else:
                size = b"%d" % len(content or b"") if content is not None or event.end_stream else length
            if size is not None:
                kept.append((b"Content-Length", size))
            self._finish_head(kept, connection, framed=size is not None or self._muted, whole=content is not None)
        raw = b"HTTP/1.1 %d %s\r\n%s\r\n\r\n" % (
            status,
            data.reason or reason_phrase(status),
            b"\r\n".join([b"%s: %s" % field for field in kept]),
        )
        if content and not self._muted:
            # One write instead of two; the ResponseData that follows is the same bytes.
            self._written = content
            raw += content
        yield commands.SendData(self.conn, raw)

    def _finish_head(
        self, kept: list[tuple[bytes, bytes]], connection: bytes | None, *, framed: bool, whole: bool
    ) -> None:
        """Add what says how the body ends, if its length does not, and how the connection goes on."""
        head = self.head
        http10 = head is not None and head.http10
        early = whole and head is not None and head.size != 0 and not self.request_done
        if early or (http10 and not framed) or (connection is not None and _closes(connection, http10=False)):
            self._closing = True
        if not framed and not http10:
            self._chunked = True
            kept.append((b"Transfer-Encoding", b"chunked"))
        if self._closing:
            kept.append((b"Connection", b"close"))
        elif http10:
            kept.append((b"Connection", b"keep-alive"))

    @override
    def mark_done(self, *, request: bool = False, response: bool = False) -> layer.CommandGenerator[None]:
        if request:
            self.request_done = True
        if response:
            self.response_done = True
        if not self.response_done:
            self.state = self.wait
        elif self._switched and self.request_done:
            yield from self.make_pipe()
        elif self._closing:
            if self.request_done:
                yield commands.CloseConnection(self.conn)
                self.state = self.done
            else:
                yield from self._linger()
        elif self.request_done:
            self.request_done = self.response_done = False
            self.request = self.response = self.head = None
            self.stream_id += 2
            self.state = self.read_headers
            self.more = bool(self.buf)

    def _refuse(self, fault: Fault) -> layer.CommandGenerator[None]:
        yield commands.Log(f"refused a request before any API saw it: {fault.text}")
        yield commands.SendData(self.conn, fault_reply(fault))
        yield from self._linger()

    def _late(self) -> layer.CommandGenerator[None]:
        if self.buf:
            yield from self._refuse(HEAD_TOO_SLOW)
        else:
            self.state = self.done
            yield commands.CloseConnection(self.conn)

    def _linger(self) -> layer.CommandGenerator[None]:
        """Close, but let the client read what was sent: closing with its data unread would reset the connection."""
        self.state = self.linger
        if self.conn.tls:
            yield commands.CloseConnection(self.conn)
            self.state = self.done
            return
        yield commands.CloseTcpConnection(self.conn, half_close=True)
        self._linger_alarm = commands.RequestWakeup(_LINGER_SECONDS)
        yield self._linger_alarm

    def linger(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Drop what still comes, for a while."""
        if isinstance(event, events.DataReceived):
            self._lingered += len(event.data)
            self.buf = type(self.buf)()
        if not isinstance(event, events.DataReceived) or self._lingered > _LINGER_BYTES:
            self.state = self.done
            yield commands.CloseConnection(self.conn)

    @override
    def done(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()


class GatewayHttp1Client(Http1Client):
    """The upstream's side of a connection."""

    _chunked = False
    _written: bytes | None = None
    _last = False
    _switched = False
    _is_head = False
    _asked_upgrade = False
    _left: int | None = None
    """Bytes of the body that the head announced and that were not sent; None where it announced none."""

    @override
    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        if isinstance(event, RequestProtocolError):
            self.state = self.done
            yield commands.CloseConnection(self.conn)
        elif isinstance(event, RequestHeaders):
            self.stream_id = event.stream_id
            self.request = event.request
            yield from self._send_head(event)
        elif isinstance(event, RequestData):
            if self._written is not None and event.data == self._written:
                self._written = None  # it went out with the head
            elif event.data:
                if self._left is not None:
                    self._left -= len(event.data)
                    if self._left < 0:
                        yield from self._fail("the request's body is longer than its head says")
                        return
                data = b"%x\r\n%s\r\n" % (len(event.data), event.data) if self._chunked else event.data
                yield commands.SendData(self.conn, data)
        elif isinstance(event, RequestEndOfMessage):
            if self._left:
                yield from self._fail("the request's body is shorter than its head says")
                return
            if self._chunked:
                yield commands.SendData(self.conn, b"0\r\n\r\n")
            yield from self.mark_done(request=True)

    def _send_head(self, event: RequestHeaders) -> layer.CommandGenerator[None]:
        data = event.request.data
        content = data.content
        self._chunked = False
        self._written = None
        self._left = None
        self._last = self.context.client.alpn == b"h2"  # mitmproxy does not use it again for such a client
        self._is_head = data.method == b"HEAD"
        # HTTP/2 cuts Cookie in pieces, which are one field in HTTP/1 (RFC 9113, 8.2.3).
        joins = self.context.client.alpn == b"h2"
        length: bytes | None = None
        kept = []
        cookies = []
        hosts = 0
        self._asked_upgrade = False
        for field in data.headers.fields:
            name = field[0].lower()
            if name == b"content-length":
                length = field[1]
            elif joins and name == b"cookie":
                cookies.append(field[1])
            elif name == b"transfer-encoding":
                self._chunked = True
            else:
                hosts += name == b"host"
                self._asked_upgrade = self._asked_upgrade or name == b"upgrade"
                kept.append(field)
        if not hosts:
            kept.insert(0, (b"Host", data.authority))
        if cookies:
            kept.append((b"Cookie", b"; ".join(cookies)))
        if event.end_stream and not content:
            self._chunked = False
            if data.method in _EMPTY_BODY_IS_SAID:
                kept.append((b"Content-Length", b"0"))
        elif content and not self._chunked:
            kept.append((b"Content-Length", b"%d" % len(content)))
        elif length is not None and not self._chunked:
            self._left = int(length)
            kept.append((b"Content-Length", length))
        else:
            self._chunked = True
            kept.append((b"Transfer-Encoding", b"chunked"))
        raw = b"%s %s HTTP/1.1\r\n%s\r\n\r\n" % (
            data.method,
            data.path,
            b"\r\n".join([b"%s: %s" % field for field in kept]),
        )
        if content and not self._chunked:
            self._written = content
            raw += content
        yield commands.SendData(self.conn, raw)

    @override
    def read_headers(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.ConnectionClosed):
            yield from self._closed_early()
            return
        if not isinstance(event, events.DataReceived):
            return
        if self.stream_id is None:
            yield commands.CloseConnection(self.conn)  # nobody asked for it
            return
        while True:
            before = len(self.buf)
            lines = self.buf.maybe_extract_lines()
            if lines is None:
                if before > MAX_HEAD_BYTES:
                    yield from self._fail("a response head of more than 1 MB")
                return
            try:
                response, size = self._read_head(lines)
            except ValueError as error:
                yield from self._fail(f"a malformed response: {error}")
                return
            if response is not None:
                break
        self.response = response
        yield ReceiveHttp(ResponseHeaders(self.stream_id, response, end_stream=size == 0))
        self.body_reader = (
            ChunkedReader() if size is None else Http10Reader() if size < 0 else ContentLengthReader(size)
        )
        if self.state == self.read_headers:
            self.state = self.read_body
            yield from self.state(event)

    def _read_head(self, lines: list[bytearray]) -> tuple[http.Response | None, int | None]:
        """A response and the bytes of its body (None: chunked; -1: until the end); no response for an interim one."""
        match = _STATUS_LINE.fullmatch(bytes(lines[0])) if lines else None
        if match is None:
            raise ValueError(f"status line {bytes(lines[0])[:100] if lines else b''!r}")
        minor, status_text, reason = match.groups()
        status = int(status_text)
        if status < 100:  # noqa: PLR2004
            raise ValueError(f"status {status}")
        if status < LOWEST_FINAL_STATUS and status != _SWITCHING:
            return None, 0
        self._switched = status == _SWITCHING
        if self._switched and not self._asked_upgrade:
            raise ValueError("it switches protocols unasked")
        fields: list[tuple[bytes, bytes]] = []
        for raw in lines[1:]:
            line = bytes(raw)
            name, colon, value = line.partition(b":")
            if line.startswith((b" ", b"\t")) and fields:
                fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
            elif not colon:
                raise ValueError(f"header line {line[:100]!r}")
            elif is_name(name):
                fields.append((name, value.strip()))
        kept = tuple(fields)
        size = self._size(status, kept)
        if size is None:
            kept = tuple(field for field in kept if field[0].lower() != b"content-length")
        http10 = minor == b"0"
        if size == -1 or _closes(_field(kept, b"connection"), http10=http10):
            self._last = True
        version = b"HTTP/1.0" if http10 else b"HTTP/1.1"
        return new_response(version, status, reason or b"", kept), size

    def _size(self, status: int, fields: Fields) -> int | None:
        codings = [value for name, value in fields if name.lower() == b"transfer-encoding"]
        lengths = {value for name, value in fields if name.lower() == b"content-length"}
        if len(lengths) > 1 or any(_LENGTH.fullmatch(length) is None for length in lengths):
            raise ValueError(f"Content-Length {sorted(lengths)}")
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked"):
            raise ValueError(f"Transfer-Encoding {codings}")
        if self._is_head or status in _BODILESS or self._switched:
            return 0
        if codings:
            return None
        return int(lengths.pop()) if lengths else -1

    @override
    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        stream_id = self.stream_id
        if stream_id is None:
            return
        closed = isinstance(event, events.ConnectionClosed)
        try:
            while not self.response_done:
                part = self.body_reader.read_eof() if closed else self.body_reader(self.buf)
                if part is None:
                    return
                if isinstance(part, h11.Data):
                    yield ReceiveHttp(ResponseData(stream_id, bytes(part.data)))
                    if self.state != self.read_body:
                        return
                else:  # trailers are dropped, as the reference gateway drops them
                    yield ReceiveHttp(ResponseEndOfMessage(stream_id))
                    yield from self.mark_done(response=True)
                    return
        except h11.ProtocolError as error:
            yield from self._fail(f"a broken response body: {error}")
            return
        if closed:  # answered in full, while the request is still being sent
            self.state = self.done
            yield commands.CloseConnection(self.conn)

    def _closed_early(self) -> layer.CommandGenerator[None]:
        if self.conn.state & ConnectionState.CAN_WRITE:
            yield commands.CloseConnection(self.conn)
        stream_id = self.stream_id
        self.state = self.done
        if stream_id is None:
            return
        kind = ResponseProtocolError if self.buf else ClosedUnansweredError
        yield ReceiveHttp(
            kind(stream_id, "the upstream closed the connection without an answer", ErrorCode.GENERIC_SERVER_ERROR)
        )

    def _fail(self, message: str) -> layer.CommandGenerator[None]:
        stream_id = self.stream_id
        self.state = self.done
        yield commands.CloseConnection(self.conn)
        if stream_id is not None:
            yield ReceiveHttp(ResponseProtocolError(stream_id, message, ErrorCode.GENERIC_SERVER_ERROR))

    @override
    def mark_done(self, *, request: bool = False, response: bool = False) -> layer.CommandGenerator[None]:
        if request:
            self.request_done = True
        if response:
            self.response_done = True
        if not (self.request_done and self.response_done):
            return
        if self._switched:
            yield from self.make_pipe()
        elif self._last:
            self.state = self.done
            yield commands.CloseConnection(self.conn)
        else:
            self.request_done = self.response_done = False
            self.request = self.response = self.stream_id = None
            self.state = self.read_headers
            if self.buf:
                yield commands.CloseConnection(self.conn)  # more than was asked for: no longer in step

    @override
    def done(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()


def serve(context: Context) -> Http1Connection:
    """The client's side for a new connection."""
    return GatewayHttp1Server(context)


def adopt(connection: Http1Client) -> None:
    """Make a client connection of mitmproxy's, which has just been opened, one of ours."""
    connection.__class__ = GatewayHttp1Client
    connection.state = connection.read_headers
