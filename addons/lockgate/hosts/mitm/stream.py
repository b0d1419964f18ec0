"""One exchange on the wire: mitmproxy's own stream, with what a gateway needs beside it.

mitmproxy knows no upstream timeout, no retry and no error reply of ours; a response that a hook sets waits for the
request's body; and a request that no hook stopped goes upstream. ``GatewayLayer`` takes the place of ``HttpLayer`` when
mitmproxy has chosen it (``install``), and makes ``GatewayStream``s. Rules:

1. A stream opens no connection unless its passage says where to: fail closed, whatever hooks did or did not do.
2. What the upstream did wrong ends in ``fail``; the client gets our reply, and keeps its connection if it can.
3. Once a response's head went out, only breaking off the client's connection can say that the rest is missing.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, override

import mitmproxy.flow
from mitmproxy import http
from mitmproxy.connection import Connection, ConnectionState, Server
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpClient,
    HttpLayer,
    HttpStream,
    RegisterHttpConnection,
    SendHttp,
)
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
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import (
    HttpRequestHeadersHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client
from mitmproxy.proxy.layers.http._http2 import Http2Connection

from lockgate.exchange import UpstreamTls, decode_text
from lockgate.hosts.mitm.http1 import (
    HEAD_TOO_LONG,
    HEAD_TOO_SLOW,
    ClientLate,
    ClosedUnansweredError,
    Fault,
    GatewayHttp1Server,
    MalformedBodyError,
    adopt,
    bad_request,
    check_head,
    check_target,
)
from lockgate.hosts.mitm.limits import NO_LIMITS, ClientLimits
from lockgate.hosts.mitm.messages import to_flow_response
from lockgate.hosts.mitm.passage import Passage, attach, failure
from lockgate.hosts.mitm.tls import asked_of, mark
from lockgate.middleware import Reason
from lockgate.replies import BODY_TOO_LARGE, plain_reply

DUMMY_HOST: Final = "gateway.invalid"
"""Where a request points that was not released. RFC 6761 keeps the name from ever resolving."""
DUMMY_PORT: Final = 1

_LOOKUP_FAILED: Final = re.compile(r"\[Errno -\d+\]")
"""How mitmproxy words a ``socket.gaierror``; other errors have positive numbers."""
_REPEATABLE: Final = (b"GET", b"HEAD", b"OPTIONS", b"TRACE")
_FROM_UPSTREAM: Final = (
    ResponseHeaders,
    ResponseData,
    ResponseTrailers,
    ResponseEndOfMessage,
    ResponseProtocolError,
)
_MANY_CONNECTIONS: Final = 8
_JOINED_BYTES: Final = 64 * 1024
_PIPELINED_AT_ONCE: Final = 8

_random: Final = random.Random()  # noqa: S311 - for ids that are no secret

type Commands = layer.CommandGenerator[None]
type HookRunner = Callable[[commands.StartHook, http.HTTPFlow], commands.StartHook | None]


@dataclass
class LockgateResponseTooLongHook(commands.StartHook):
    """A response is longer than what is kept of one, and may pass. For the gateway's addon."""

    flow: http.HTTPFlow


@dataclass
class LockgateRequestTooLongHook(commands.StartHook):
    """Likewise a request."""

    flow: http.HTTPFlow


class _QuickIds:
    """Stands for the module ``uuid`` where mitmproxy makes ids of flows."""

    @staticmethod
    def uuid4() -> str:
        digits = f"{_random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def use_quick_flow_ids() -> None:
    """Take ids of flows from a generator in the process: they are no secret (4 % of a request's time, n = 9)."""
    setattr(mitmproxy.flow, "uuid", _QuickIds)  # noqa: B010 - a module, for type checkers


@dataclass
class DeadlinePassed(HttpEvent):
    """The time that a stream gave its upstream, or that its client has, is over."""


class GetUpstreamConnection(GetHttpConnection):
    """Asks for a connection that is made in a certain way."""

    asked: UpstreamTls | None = None

    @override
    def connection_spec_matches(self, connection: Connection) -> bool:
        return super().connection_spec_matches(connection) and asked_of(connection) == self.asked


class GatewayStream(HttpStream):
    """One request and its response."""

    passage: Passage
    flow: http.HTTPFlow

    def __init__(self, context: Context, stream_id: int, parent: "GatewayLayer") -> None:
        super().__init__(context, stream_id)
        self._parent: Final = parent
        self.deadline = inf
        """By ``time.monotonic``."""
        self.client_deadline = inf
        """When the client has to have sent more of the body, or taken the whole response."""
        self._body_deadline = self._read_deadline = self._write_deadline = inf
        self.connecting = False
        self._last_moment = inf
        """When the whole exchange with the upstream has to be over, its body included."""
        self._timed_out = False
        self._abandoned = False
        self._reused = False

    @override
    def handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, RequestProtocolError) and self.passage.on_gone is not None:
            self.passage.on_gone()
        return super().handle_event(event)

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, DeadlinePassed):
            yield from self._excuse()
            yield from self._deadline_passed()
        elif not (self._abandoned and isinstance(event, _FROM_UPSTREAM)):
            run = self._parent.run_now
            if run is None or self.context.server.alpn == b"h2":
                yield from super()._handle_event(event)
            else:
                yield from self._run_hooks(super()._handle_event(event), run)

    def _run_hooks(self, generator: Commands, run: "HookRunner") -> Commands:
        reply: Any = None
        while True:
            try:
                command = generator.send(reply)
            except StopIteration:
                return
            if (
                isinstance(command, commands.StartHook)
                and command.blocking is True  # else it is a child layer's
                # What came with the head is read while mitmproxy runs the hook: a malformed body is never forwarded.
                and not (self.passage.body_follows and type(command) is HttpRequestHeadersHook)
            ):
                waiting = run(command, self.flow)
                if waiting is None:
                    reply = None
                    continue
                command = waiting
            reply = yield command

    # The request

    @override
    def state_wait_for_request_headers(self, event: RequestHeaders) -> Commands:
        request = event.request
        follows = not event.end_stream
        self.flow = event.replay_flow or http.HTTPFlow(self.context.client, self.context.server)
        self.flow.request = request
        self.flow.live = True
        self.passage = Passage(body_follows=follows)
        attach(self.flow, self.passage)
        if event.replay_flow is None:
            # Not by its property: that rewrites the Host header.
            request.data.host, request.data.port = DUMMY_HOST, DUMMY_PORT
            request.data.scheme = b"https" if self.context.client.tls else b"http"
        else:
            self.flow.response = None
        self.server_state = self.state_wait_for_response_headers
        yield from self._give_client_time(follows=follows)
        if not request.is_http11 and (fault := _fault(request, self._parent.limits)):
            self.passage.settled = True
            self.flow.response = to_flow_response(plain_reply(fault.status, fault.text))
        expects = request.headers.get("expect", "").lower() == "100-continue"

        yield HttpRequestHeadersHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=True)):
            return
        if follows and self.flow.response is not None:
            yield from self._answer_early()
            return
        if expects and follows:
            go_on = http.Response.make(status_codes.CONTINUE)
            go_on.headers.clear()
            yield SendHttp(ResponseHeaders(self.stream_id, go_on), self.context.client)
        if follows and self.flow.request.stream:
            yield from self.start_request_stream()
        else:
            self.client_state = self.state_consume_request_body

    def _give_client_time(self, *, follows: bool) -> Commands:
        limits = self._parent.limits
        if limits.write_seconds < inf:
            self._write_deadline = time.monotonic() + limits.write_seconds
        if follows:
            if limits.read_seconds < inf:
                self._read_deadline = self._parent.head_began() + limits.read_seconds
            self._body_deadline = min(time.monotonic() + limits.body_seconds, self._read_deadline)
        yield from self._mind_client()

    def _mind_client(self) -> Commands:
        self.client_deadline = min(self._body_deadline, self._write_deadline)
        if self.client_deadline < self._parent.alarm_at:
            yield from self._parent.watch(self.client_deadline)

    def _body_moved(self, event: events.Event) -> Commands:
        if isinstance(event, RequestData):
            limit = time.monotonic() + self._parent.limits.body_seconds
            self._body_deadline = min(limit, self._read_deadline)
            yield from self._mind_client()
        elif isinstance(event, RequestEndOfMessage):
            self._body_deadline = inf
            yield from self._mind_client()

    def _excuse(self) -> Commands:
        """Move all deadlines by the time that the exchange was stopped at breakpoints."""
        held, self.passage.held_seconds = self.passage.held_seconds, 0.0
        if held == 0.0:
            return
        for name in ("deadline", "_last_moment", "_body_deadline", "_read_deadline", "_write_deadline"):
            setattr(self, name, getattr(self, name) + held)
        yield from self._mind_client()
        if self.deadline < self._parent.alarm_at:
            yield from self._parent.watch(self.deadline)

    def _client_late(self) -> Commands:
        """The client did not send, or did not take, what it should have."""
        now = time.monotonic()
        if self._write_deadline <= now:
            detail = f"the client did not have its response within {self._parent.limits.write_seconds:g} s"
            self._note(detail)
            yield from self._abandon(detail)
            yield from super().handle_protocol_error(ResponseProtocolError(self.stream_id, detail, ErrorCode.KILL))
        elif self._body_deadline <= now:
            self._body_deadline = inf
            if self.server_state == self.state_wait_for_response_headers:
                detail = "the client did not send the request's body in time"
                self._note(detail)
                yield from self._abandon(detail)
                self.passage.settled = True
                self.flow.response = to_flow_response(plain_reply(HEAD_TOO_SLOW.status, HEAD_TOO_SLOW.text))
                yield from self._answer_early()
            else:
                yield from self._mind_client()

    def _note(self, detail: str) -> None:
        run = self.passage.run
        if run is not None:
            run.trace.error = run.trace.error or detail

    @override
    def start_request_stream(self) -> Commands:
        self.client_state = self.state_stream_request_body
        if (yield from self.make_server_connection()):
            head = RequestHeaders(self.stream_id, self.flow.request, end_stream=False)
            yield SendHttp(head, self.context.server)

    @override
    def state_stream_request_body(self, event: events.Event) -> Commands:
        yield from self._body_moved(event)
        yield from super().state_stream_request_body(event)
        if isinstance(event, RequestEndOfMessage) and self.server_state == self.state_wait_for_response_headers:
            yield from self._wait_for_response()

    @override
    def state_consume_request_body(self, event: events.Event) -> Commands:
        yield from self._body_moved(event)
        if isinstance(event, RequestData) and len(self.request_body_buf) + len(event.data) > self.passage.body_limit:
            if self.passage.body_may_pass:
                yield from self._let_request_pass(event)
                return
            self.request_body_buf.clear()
            self.passage.settled = True
            self.flow.response = to_flow_response(BODY_TOO_LARGE)
            yield from self._answer_early()
            return
        if isinstance(event, RequestEndOfMessage) and not self.passage.body_follows:
            # The client sent none, and a link made one: it is not to be replaced by what was read.
            self.request_body_buf += self.flow.request.data.content or b""
        yield from super().state_consume_request_body(event)

    def _let_request_pass(self, event: RequestData) -> Commands:
        """Stream a request of which more than the limit was kept."""
        kept = bytes(self.request_body_buf)
        self.request_body_buf.clear()
        yield LockgateRequestTooLongHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=True)):
            return
        if self.flow.response is not None:
            yield from self._answer_early()
            return
        yield from self.start_request_stream()
        for part in (RequestData(self.stream_id, kept), event):
            if self.client_state == self.state_stream_request_body:
                yield from self.state_stream_request_body(part)

    @override
    def check_killed(self, emit_error_hook: bool) -> layer.CommandGenerator[bool]:
        for event in self._paused_event_queue:
            if isinstance(event, MalformedBodyError) and self.client_state != self.state_done:
                yield from self._fail(Reason.BODY_UNREADABLE, event.message)
                return True
        return (yield from super().check_killed(emit_error_hook))

    def _answer_early(self) -> Commands:
        """Answer while the request's body is outstanding, and take no more of it."""
        self.client_state = self.server_state = self.state_errored
        self.deadline = self.client_deadline = self._body_deadline = inf
        self.flow.request.data.content = self.flow.request.data.content or b""
        yield HttpResponseHeadersHook(self.flow)
        yield HttpResponseHook(self.flow)
        response = self.flow.response
        if response is None:
            response = failure(self.passage, Reason.INTERNAL, "the response of an early answer is gone")
        self._frame(response)
        content = response.data.content
        self.flow.live = False
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=not content), self.context.client)
        if content:
            yield SendHttp(ResponseData(self.stream_id, content), self.context.client)
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    # The upstream

    @override
    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        upstream = self.passage.upstream
        if upstream is None:
            yield from self._fail(Reason.INTERNAL, "the request was not released by the gateway")
            return False
        data = self.flow.request.data
        if upstream.total_timeout_seconds > 0 and self._last_moment == inf:
            self._last_moment = time.monotonic() + upstream.total_timeout_seconds
        address, tls = (data.host, data.port), data.scheme == b"https"
        asked = upstream.tls if tls else None
        connection: Server | None = self._parent.open_connection(address, tls=tls, asked=asked)
        if connection is not None:
            self._take(connection)
            if self.client_state == self.state_done:
                yield from self._wait_for_response()
            return True
        at_once = upstream.response_timeout_seconds <= upstream.connect_timeout_seconds
        self._timed_out = False
        self.connecting = True
        yield from self._arm(min(upstream.connect_timeout_seconds, upstream.response_timeout_seconds))
        get = GetUpstreamConnection(address, tls, None, "tcp")
        get.asked = asked
        connection, error = yield get
        self.connecting = False
        self.deadline = inf
        if connection is None:
            if self._timed_out:
                over = at_once or time.monotonic() >= self._last_moment
                reason = Reason.UPSTREAM_TIMEOUT if over else Reason.PROXY_FAILED
                error = "the upstream did not take the connection in time"
            elif _LOOKUP_FAILED.match(error):
                reason = Reason.UPSTREAM_LOOKUP_FAILED
            else:
                reason = Reason.PROXY_FAILED
            yield from self._fail(reason, f"{upstream.address}: {error}")
            return False
        self._take(connection)
        if self.client_state == self.state_done:
            yield from self._wait_for_response()
        return True

    def _take(self, connection: Server) -> None:
        self.context.server = self.flow.server_conn = connection
        self._reused = connection in self._parent.used
        self._parent.used.add(connection)
        if connection.alpn == b"h2":
            _state_length(self.flow.request)

    def _wait_for_response(self) -> Commands:
        upstream = self.passage.upstream
        if upstream is not None:
            yield from self._arm(upstream.response_timeout_seconds)

    def _arm(self, seconds: float) -> Commands:
        self.deadline = min(time.monotonic() + seconds, self._last_moment)
        if self.deadline < self._parent.alarm_at:
            yield from self._parent.watch(self.deadline)

    def _deadline_passed(self) -> Commands:
        upstream = self.passage.upstream
        now = time.monotonic()
        if self.client_deadline <= now:
            yield from self._client_late()
            return
        if upstream is None or self.deadline > now:
            return
        state = self.server_state
        detail = f"{upstream.address} sent no response within {upstream.response_timeout_seconds:g} s"
        if self._last_moment <= now:
            detail = f"{upstream.address} took longer than the {upstream.total_timeout_seconds:g} s that it has"
        if state in (self.state_wait_for_response_headers, self.state_consume_response_body):
            yield from self._fail(Reason.UPSTREAM_TIMEOUT, detail)
        elif state == self.state_stream_response_body:
            yield from self._abandon(detail)
            broken = ResponseProtocolError(self.stream_id, detail, ErrorCode.GENERIC_SERVER_ERROR)
            yield from super().handle_protocol_error(broken)

    def connection_timed_out(self) -> None:
        """The parent is about to close the connection that this stream waits for."""
        self._timed_out = True
        self.deadline = inf

    @override
    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        waiting = self.server_state in (self.state_wait_for_response_headers, self.state_consume_response_body)
        if isinstance(event, MalformedBodyError):
            if waiting:
                yield from self._fail(Reason.BODY_UNREADABLE, event.message)
                return
        elif isinstance(event, ResponseProtocolError) and waiting and self.client_state != self.state_errored:
            if self._may_repeat(event):
                yield from self._repeat()
            else:
                upstream = self.passage.upstream
                yield from self._fail(Reason.PROXY_FAILED, f"{upstream.address if upstream else ''}: {event.message}")
            return
        self.deadline = inf
        yield from super().handle_protocol_error(event)

    def _may_repeat(self, event: ResponseProtocolError) -> bool:
        passage, request = self.passage, self.flow.request.data
        if not isinstance(event, ClosedUnansweredError):
            return False
        used = self._reused
        if passage.pool is not None and passage.upstream is not None:
            used = used or passage.upstream in passage.pool
            passage.pool.closed(passage.upstream)
        return (
            used
            and self.server_state == self.state_wait_for_response_headers
            and self.client_state == self.state_done
            and request.method in _REPEATABLE
            and not request.content
        )

    def _repeat(self) -> Commands:
        """Send a request again whose connection the upstream was just giving up. RFC 9110, 9.2.2."""
        if (yield from self.make_server_connection()):
            head = RequestHeaders(self.stream_id, self.flow.request, end_stream=True)
            yield SendHttp(head, self.context.server)
            yield SendHttp(RequestEndOfMessage(self.stream_id), self.context.server)

    def _fail(self, reason: Reason, detail: str) -> Commands:
        """Give the upstream up, and answer the client ourselves."""
        yield from self._abandon(detail)
        self.flow.response = failure(self.passage, reason, detail)
        self.flow.response.timestamp_start = time.time()
        yield commands.Log(f"{reason.message}: {detail}")
        if self.client_state == self.state_done:
            self.server_state = self.state_errored
            yield HttpResponseHeadersHook(self.flow)
            yield from self.send_response()
        else:
            yield from self._answer_early()

    def _abandon(self, detail: str) -> Commands:
        self._abandoned = True
        self.deadline = inf
        self.response_body_buf.clear()
        server = self.context.server
        if server in self._parent.used and server.state is not ConnectionState.CLOSED:
            yield SendHttp(RequestProtocolError(self.stream_id, detail, ErrorCode.CANCEL), server)

    # The response

    @override
    def state_wait_for_response_headers(self, event: ResponseHeaders) -> Commands:
        self.deadline = self._last_moment
        if self.deadline < self._parent.alarm_at:
            yield from self._parent.watch(self.deadline)
        passage = self.passage
        passage.response_body_follows = not event.end_stream
        if passage.pool is not None and passage.upstream is not None:
            passage.pool.answered(passage.upstream)
        self.flow.response = event.response
        switched = event.response.status_code == status_codes.SWITCHING
        yield HttpResponseHeadersHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=True)):
            return
        response = self.flow.response
        # An upstream that speaks something else by now gets no other request.
        stays = switched and (passage.replacement or response).status_code != status_codes.SWITCHING
        if stays or (passage.replacement is not None and not event.end_stream):
            yield from self._abandon("answered without it")
            yield from self.send_response()
        elif response.stream and not event.end_stream:
            yield from self.start_response_stream()
        else:
            self.server_state = self.state_consume_response_body

    @override
    def start_response_stream(self) -> Commands:
        response = self.flow.response
        if response is None:
            raise RuntimeError("no response to stream")
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)
        self.server_state = self.state_stream_response_body

    @override
    def state_consume_response_body(self, event: events.Event) -> Commands:
        if (
            isinstance(event, ResponseData)
            and len(self.response_body_buf) + len(event.data) > self.passage.response_limit
        ):
            if self.passage.response_may_pass:
                yield from self._let_pass(event)
                return
            detail = f"the response is larger than the {self.passage.response_limit} bytes that a link may read"
            yield from self._fail(Reason.PROXY_FAILED, detail)
            return
        yield from super().state_consume_response_body(event)

    def _let_pass(self, event: ResponseData) -> Commands:
        """Stream a response of which more than the limit was kept."""
        kept = bytes(self.response_body_buf)
        self.response_body_buf.clear()
        yield LockgateResponseTooLongHook(self.flow)
        if (yield from self.check_killed(emit_error_hook=True)):
            return
        if self.passage.replacement is not None:
            yield from self._abandon("answered without it")
            yield from self.send_response()
            return
        yield from self.start_response_stream()
        yield from self.state_stream_response_body(ResponseData(self.stream_id, kept))
        yield from self.state_stream_response_body(event)

    @override
    def send_response(self, already_streamed: bool = False) -> Commands:
        self.deadline = inf
        if self.flow.response is not None and self.flow.response.status_code == status_codes.SWITCHING:
            self.client_deadline = self._body_deadline = self._write_deadline = inf
        if not already_streamed and self.passage.replacement is not None:
            self.flow.response = self.passage.replacement
        if self._parent.is_http2:
            yield from self._send_framed(already_streamed=already_streamed)
        else:
            yield from super().send_response(already_streamed)

    def _send_framed(self, *, already_streamed: bool) -> Commands:
        for command in super().send_response(already_streamed):
            if isinstance(command, SendHttp) and isinstance(command.event, ResponseHeaders):
                self._frame(command.event.response)
            yield command

    def _frame(self, response: http.Response) -> None:
        if self._parent.is_http2:
            _state_length(response)


def _state_length(message: http.Message) -> None:
    """Make Content-Length true for HTTP/2, where it is not framing but has to be right. RFC 9113, 8.1.1."""
    content = message.data.content
    if content:
        message.headers["content-length"] = str(len(content))


def _fault(request: http.Request, limits: ClientLimits) -> Fault | None:
    """What is wrong with a head that did not come by ``GatewayHttp1Server``."""
    fields = request.data.headers.fields
    try:
        if len(fields) > limits.headers or sum(len(name) + len(value) for name, value in fields) > limits.header_bytes:
            raise HEAD_TOO_LONG
        if request.data.method == b"CONNECT":
            raise bad_request()
        check_target(request.data.path)
        check_head(request.data.method, request.data.authority, fields)
    except Fault as fault:
        return fault
    return None


class GatewayLayer(HttpLayer):
    """The HTTP connection of one client, with all connections to upstreams that its requests need."""

    used: set[Server]
    """Connections to upstreams that carried a request."""
    is_http2: bool
    run_now: HookRunner | None
    limits: ClientLimits
    client_deadline: float
    """When the client has to have sent the next head."""
    head_since: float
    """When the head began to come that is read, or was read last."""
    _spoke: Callable[[], None]
    _idle: bool
    _active: bool
    """The client sent something since its time was looked at."""
    _head: int | None
    """Stream of the head that is read."""
    _alarm: commands.RequestWakeup | None
    _alarms: set[commands.Command]
    alarm_at: float
    """When ``_ring`` will run, by ``time.monotonic``."""
    _pipelined: commands.RequestWakeup | None

    def prepare(
        self, run_now: HookRunner | None, limits: ClientLimits = NO_LIMITS, spoke: Callable[[], None] = lambda: None
    ) -> None:
        """What ``__init__`` would do; the object was made by mitmproxy.

        Args:
            run_now: Runs a hook without a task; None leaves hooks to mitmproxy.
            limits: Of the client.
            spoke: Called when the client begins to speak HTTP.
        """
        self.limits = limits
        self._spoke = spoke
        self.client_deadline = inf
        self.head_since = time.monotonic()
        self._head = None
        self._idle = self._active = False
        self._alarms = set()
        self.used = set()
        self.is_http2 = self.context.client.alpn == b"h2"
        self.run_now = run_now
        self._alarm = self._pipelined = None
        self.alarm_at = inf

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        """Handle an event, with one write for what it sends to one connection.

        Each write is a call of the kernel (8 % of a request's time, n = 9).
        """
        held: commands.SendData | None = None
        for command in self._handle(event):
            if type(command) is not commands.SendData:
                if held is not None:
                    yield held
                    held = None
                yield command
            elif held is None:
                held = command
            elif held.connection is command.connection and len(held.data) < _JOINED_BYTES:
                held.data += command.data
            else:
                yield held
                held = command
        if held is not None:
            yield held

    def _handle(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup) and event.command is self._pipelined:
            self._pipelined = None
        else:
            yield from self._dispatch(event)
        yield from self._read_pipelined()
        yield from self._mind_client()

    def head_began(self) -> float:
        """When the head began to come that was read just now."""
        if self._head is None:  # it came in one piece
            self.head_since = time.monotonic()
        return self.head_since

    def _mind_client(self) -> Commands:
        """Keep the time of a client that has no request under way."""
        server = self.connections.get(self.context.client)
        if not isinstance(server, GatewayHttp1Server):
            idle, head = not self.streams, None
        elif server.state != server.read_headers:
            idle, head = False, None
        elif server.buf:
            idle, head = False, server.stream_id
        else:
            idle, head = True, None
        if idle:
            if not self._idle or self._active:
                self.client_deadline = time.monotonic() + self.limits.idle_seconds
        elif head is None:
            self.client_deadline = inf
        elif head != self._head:
            self.head_since = time.monotonic()
            self.client_deadline = self.head_since + self.limits.header_seconds
        self._idle, self._head, self._active = idle, head, False
        if self.client_deadline < self.alarm_at:
            yield from self.watch(self.client_deadline)

    def _read_pipelined(self) -> Commands:
        """Let the client's connection read the next request that is there already.

        Here, where nothing of the request before is under way any more, and not too many at once: other connections
        wait meanwhile.
        """
        server = self.connections.get(self.context.client)
        if not isinstance(server, GatewayHttp1Server):
            return
        for _ in range(_PIPELINED_AT_ONCE):
            if not server.more:
                return
            server.more = False
            yield from self.event_to_child(server, events.DataReceived(self.context.client, b""))
        if server.more and self._pipelined is None:
            self._pipelined = commands.RequestWakeup(0.0)
            yield self._pipelined

    def _dispatch(self, event: events.Event) -> Commands:
        if isinstance(event, events.ConnectionEvent):
            if event.connection is self.context.client:
                self._active = True
            handler = self.connections.get(event.connection)
            if handler is not None:
                yield from self.event_to_child(handler, event)
            elif isinstance(event, events.ConnectionClosed):
                yield commands.CloseConnection(event.connection)
        elif isinstance(event, events.Wakeup) and event.command in self._alarms:
            self._alarms.discard(event.command)
            self.command_sources.pop(event.command, None)
            if event.command is self._alarm:
                yield from self._ring()
        else:
            if isinstance(event, events.Start):
                self._spoke()
                self.is_http2 = self.context.client.alpn == b"h2"
                alpn = self.context.client.alpn
                if alpn is None or not (alpn == b"h2" or alpn.startswith(b"h3")):
                    self.connections.setdefault(self.context.client, GatewayHttp1Server(self.context.fork()))
                    server = self.connections[self.context.client]
                    if isinstance(server, GatewayHttp1Server):
                        server.limits = self.limits
                else:
                    self.run_now = None  # these connections expect no answer while they read a request
            yield from super()._handle_event(event)

    @override
    def make_stream(self, stream_id: int) -> Commands:
        stream = GatewayStream(_fork(self.context), stream_id, self)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())

    def open_connection(self, address: tuple[str, int], *, tls: bool, asked: UpstreamTls | None) -> Server | None:
        """The open connection that ``get_connection`` would give, if an HTTP/1 client may have it.

        A command and its reply less for every request but the first (4 % of its time, n = 9).
        """
        if self.run_now is None:
            return None
        for connection in self.used:
            if (
                connection.state is ConnectionState.OPEN
                and connection.address == address
                and connection.tls == tls
                and (not tls or asked_of(connection) == asked)
                and not connection.error
                and connection in self.connections
                and connection not in self.waiting_for_establishment
            ):
                return connection
        return None

    @override
    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> Commands:
        if len(self.connections) > _MANY_CONNECTIONS:
            self._forget_closed()
        for command in super().get_connection(event, reuse=reuse):
            if isinstance(command, commands.OpenConnection) and isinstance(event, GetUpstreamConnection):
                mark(command.connection, event.asked)
            yield command

    def _forget_closed(self) -> None:
        """Let go of closed connections; mitmproxy itself keeps them until the client leaves."""
        needed: set[Connection] = {stream.context.server for stream in self.streams.values()}
        needed.add(self.context.client)
        for connection in list(self.connections):
            if (
                connection.state is ConnectionState.CLOSED
                and connection not in needed
                and connection not in self.waiting_for_establishment
            ):
                del self.connections[connection]
                self.used.discard(connection)

    @override
    def register_connection(self, command: RegisterHttpConnection) -> Commands:
        connection = command.connection
        handler: Any = self.connections.get(connection)
        if command.err:
            # mitmproxy would give every later request to this address the same error, without trying.
            self.connections.pop(connection, None)
        else:
            while handler is not None and not isinstance(handler, HttpClient):
                handler = getattr(handler, "child_layer", None)
            if handler is not None and type(handler.child_layer) is Http1Client:
                adopt(handler.child_layer)
        yield from super().register_connection(command)

    def watch(self, deadline: float) -> Commands:
        """See that ``_ring`` runs at ``deadline``. One alarm serves all streams of the connection.

        A timer for each request would outlive it: 30 s at 2,000 requests/s are 60,000 sleeping tasks.
        """
        if deadline < self.alarm_at:
            self.alarm_at = deadline
            self._alarm = commands.RequestWakeup(max(deadline - time.monotonic(), 0.0))
            self._alarms.add(self._alarm)
            yield self._alarm

    def _ring(self) -> Commands:
        self._alarm, self.alarm_at = None, inf
        now = time.monotonic()
        if self.client_deadline <= now:
            self.client_deadline = inf
            yield from self._client_late()
        for stream in list(self._gateway_streams()):
            if stream.deadline > now and stream.client_deadline > now:
                continue
            if stream.connecting and stream.deadline <= now:
                stream.connection_timed_out()
                yield from self._close_awaited(stream)
            else:
                yield from self.event_to_child(stream, DeadlinePassed(stream.stream_id))
        deadlines = [self.client_deadline]
        for stream in self._gateway_streams():
            deadlines += stream.deadline, stream.client_deadline
        earliest = min((deadline for deadline in deadlines if deadline > now), default=inf)
        if earliest < inf:
            yield from self.watch(earliest)

    def _client_late(self) -> Commands:
        """The client has no request under way, and took too long to send one."""
        client = self.context.client
        server = self.connections.get(client)
        if isinstance(server, GatewayHttp1Server):
            yield from self.event_to_child(server, ClientLate())
            return
        if isinstance(server, Http2Connection) and client.state & ConnectionState.CAN_WRITE:
            server.h2_conn.close_connection()
            yield commands.SendData(client, server.h2_conn.data_to_send())
        yield commands.CloseConnection(client)

    def _gateway_streams(self) -> Sequence[GatewayStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, GatewayStream)]

    def _close_awaited(self, stream: GatewayStream) -> Commands:
        for connection, waiting in list(self.waiting_for_establishment.items()):
            if any(self.command_sources.get(command) is stream for command in waiting):
                yield commands.CloseConnection(connection)


class RefusingLayer(layer.Layer):
    """Takes no request: for a connection that could not be given to the gateway."""

    @override
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start | events.DataReceived):
            reply = failure(None, Reason.INTERNAL, "")
            fields = decode_text(b"\r\n".join(b"%s: %s" % field for field in reply.headers.fields))
            content = reply.content or b""
            head = (
                f"HTTP/1.1 {reply.status_code} {reply.reason}\r\n{fields}\r\n"
                f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            if self.context.client.state & ConnectionState.CAN_WRITE:
                yield commands.SendData(self.context.client, head.encode() + content)
        yield commands.CloseConnection(self.context.client)


def _fork(context: Context) -> Context:
    """``Context.fork`` without the upstream connection that it makes and throws away (3 % of a request's time, n = 9)."""
    fork = Context.__new__(Context)
    fork.client, fork.options, fork.server = context.client, context.options, context.server
    fork.layers = context.layers.copy()
    return fork


def install(
    next_layer: layer.NextLayer,
    run_now: HookRunner | None,
    limits: ClientLimits = NO_LIMITS,
    spoke: Callable[[], None] = lambda: None,
) -> None:
    """Put our layer in the place of every ``HttpLayer`` that mitmproxy chose. As ``GatewayLayer.prepare``."""
    for chosen in next_layer.context.layers:
        install_on(chosen, run_now, limits, spoke)


def install_on(
    chosen: layer.Layer,
    run_now: HookRunner | None = None,
    limits: ClientLimits = NO_LIMITS,
    spoke: Callable[[], None] = lambda: None,
) -> None:
    """Make an ``HttpLayer`` that has not started ours; leave anything else as it is."""
    if type(chosen) is HttpLayer:
        chosen.__class__ = GatewayLayer
        if isinstance(chosen, GatewayLayer):
            chosen.prepare(run_now, limits, spoke)
