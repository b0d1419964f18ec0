"""Stopped exchanges in mitmweb: shown as paused, edited, resumed and killed there, as mitmproxy's own interception does.

While an exchange is stopped, its flow shows copies: the request, or the response, as they are at that point of the
chain. What a person changes in them is taken over when the exchange goes on; the flow's own messages, and the backup
from which Revert restores the original, come back then.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, final
from weakref import WeakValueDictionary

from mitmproxy import connection, flow, flowfilter, http
from mitmproxy.net.http import url as net_url

from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.conditions import Predicate
from lockgate.debugging.edits import Edit, EditError, headers_of, is_same_message
from lockgate.debugging.pausing import Action, Pause
from lockgate.exchange import Exchange, Headers, NotRead, Request, Response, decode_text, encode_text
from lockgate.hosts.mitm import views
from lockgate.hosts.mitm.messages import reason_phrase, to_request, to_response
from lockgate.hosts.mitm.passage import passage_of

logger = logging.getLogger(__name__)

PAUSED: Final = ":pause_button:"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(slots=True)
class _Shown:
    """A flow whose exchange is stopped, and what it shows."""

    flow: http.HTTPFlow
    own_request: http.Request
    own_response: http.Response | None
    own_server: connection.Server
    own_backup: Any
    request: Request
    """As shown: what comes back otherwise was edited."""
    response: Response | None
    waiting: "asyncio.Task[None] | None" = field(default=None)


@final
class Pausing:
    """Shows stopped exchanges, for one list of flows."""

    def __init__(self, breakpoints: Breakpoints, view: Any) -> None:
        """Make mitmproxy show what breakpoints stop.

        Args:
            breakpoints: Whose screen this becomes.
            view: mitmproxy's addon that holds the flows of a UI.
        """
        self._view: Final = view
        self._flows: Final[WeakValueDictionary[str, http.HTTPFlow]] = WeakValueDictionary()
        self._shown: Final[dict[str, _Shown]] = {}
        breakpoints.screen = self
        breakpoints.filters = compile_filter
        mend_flows()

    def carries(self, exchange_id: str, of: http.HTTPFlow) -> None:
        """Remember which flow an exchange is."""
        self._flows[exchange_id] = of

    def stopped(self, pause: Pause) -> None:
        """Show it as paused, the messages as they are now."""
        of = self._flows.get(pause.exchange_id)
        if of is None or of.error is not None:
            return
        exchange = pause.exchange
        request = _shown_request(exchange, of.request)
        response = None if exchange.response is None else _shown_response(exchange.response, of.response)
        shown = self._shown[pause.exchange_id] = _Shown(
            of, of.request, of.response, of.server_conn, getattr(of, "_backup", None), _read_request(request),
            None if response is None else to_response(response, body_follows=False),
        )  # fmt: skip
        of.request = request
        if response is not None:
            of.response = response
        # Revert goes back to what is shown now, and leaves it paused.
        setattr(of, "_backup", None)  # noqa: B010 - of mitmproxy's, and private
        passage = passage_of(of)
        if passage is not None:
            passage.on_gone = pause.leave
        self._show_trace(of, pause)
        of.comment = f"paused {pause.place} · {of.comment}"
        of.marked = PAUSED
        of.intercept()
        self._view.add([of])  # while the request's head is looked at, it is not there yet
        self._view.update([of])
        shown.waiting = asyncio.get_running_loop().create_task(self._wait(pause, shown))

    async def _wait(self, pause: Pause, shown: _Shown) -> None:
        """Let the exchange go on when somebody resumes or kills its flow."""
        of = shown.flow
        while True:
            await of.wait_for_resume()
            if pause.over:
                return
            if of.error is not None:
                pause.drop()
                return
            try:
                pause.resume()
            except EditError as error:
                logger.warning("%s stays paused %s: %s", pause.exchange_id, pause.place, error)
                of.comment = f"not resumed: {error}"
                of.intercept()
                self._view.update([of])

    def edit_of(self, pause: Pause) -> Edit | None:
        """What was changed in mitmweb."""
        shown = self._shown.get(pause.exchange_id)
        if shown is None:
            return None
        of = shown.flow
        if shown.response is not None:
            now = None if of.response is None else to_response(of.response, body_follows=False)
            return None if now is None else _response_edit(shown.response, now)
        return _request_edit(shown.request, _read_request(of.request))

    def freed(self, pause: Pause, action: Action, seconds: float) -> None:
        """Give the flow its own messages back, and let it go on."""
        shown = self._shown.pop(pause.exchange_id, None)
        if shown is None:
            return
        of = shown.flow
        of.request, of.response, of.server_conn = shown.own_request, shown.own_response, shown.own_server
        setattr(of, "_backup", shown.own_backup)  # noqa: B010 - as above
        passage = passage_of(of)
        if passage is not None:
            passage.on_gone = None
            passage.held_seconds += seconds
        of.resume()
        if action is Action.DROP and of.killable:
            of.kill()
        self._show_trace(of, pause)
        self._view.update([of])

    @staticmethod
    def _show_trace(of: http.HTTPFlow, pause: Pause) -> None:
        passage = passage_of(of)
        views.show(of, pause.trace, forwarded=passage is not None and passage.released)


def people_at(master: Any) -> Callable[[], int]:
    """How many people look at a UI of mitmproxy's: connections of mitmweb; a terminal has one."""
    if not hasattr(master, "app"):
        return lambda: 1
    from mitmproxy.tools.web.app import ClientConnection

    return lambda: len(ClientConnection.connections)


def mend_flows() -> None:
    """Put two things right that mitmproxy's UIs do with a flow whose connections are open. Once per process.

    A flow that is killed does not wake who waits for it to be resumed: they wait for ever, and the client with them, in
    mitmproxy's own interception as well. One that is reverted writes what its backup says of the connection to the
    upstream into the connection that is in use, and breaks it.
    """
    kill: Any = flow.Flow.kill
    revert: Any = flow.Flow.revert
    if getattr(kill, "mended", False):
        return

    def mended_kill(self: flow.Flow) -> None:
        kill(self)
        waiting: asyncio.Event | None = getattr(self, "_resume_event", None)
        if waiting is not None:
            waiting.set()

    def mended_revert(self: flow.Flow) -> None:
        if getattr(self, "_backup", None):
            self.server_conn = connection.Server(address=None)
        revert(self)

    mended_kill.mended = True  # type: ignore[attr-defined]
    setattr(flow.Flow, "kill", mended_kill)  # noqa: B010 - a method, for type checkers
    setattr(flow.Flow, "revert", mended_revert)  # noqa: B010 - likewise


def compile_filter(text: str) -> Predicate:
    """A filter expression of mitmproxy's as a question about an exchange.

    Raises:
        ValueError: It is none.
    """
    matches = flowfilter.parse(text)
    peer = connection.Client(peername=("", 0), sockname=("", 0))

    def holds(exchange: Exchange) -> bool:
        made = http.HTTPFlow(peer, connection.Server(address=None))
        made.request = _shown_request(exchange, None)
        if exchange.response is not None:
            made.response = _shown_response(exchange.response, None)
        return bool(matches(made))

    return holds


def _shown_request(exchange: Exchange, own: http.Request | None) -> http.Request:
    """A message of mitmproxy's that shows a request. Nothing of it is sent."""
    request = exchange.request
    authority = own is not None and own.data.authority != b""
    host, port = _place(request)
    version = encode_text(request.version) if own is None else own.data.http_version
    fields = [field for field in request.headers.fields if field[0].lower() != b"host"]
    if request.host and not authority:
        fields.insert(0, (b"Host", encode_text(request.host)))
    now = time.time()
    return http.Request(
        host=host, port=port, method=encode_text(request.method), scheme=encode_text(request.scheme),
        authority=encode_text(request.host) if authority else b"", path=encode_text(request.target),
        http_version=version, headers=http.Headers(fields),
        content=b"" if isinstance(request.body, NotRead) else request.body, trailers=None,
        timestamp_start=now if own is None else own.data.timestamp_start,
        timestamp_end=now if own is None else own.data.timestamp_end,
    )  # fmt: skip


def _place(request: Request) -> tuple[str, int]:
    """Host and port of a URL that mitmproxy shows, from the Host header."""
    default = _DEFAULT_PORTS.get(request.scheme, 80)
    with contextlib.suppress(ValueError):
        host, port = net_url.parse_authority(request.host, check=False)
        return host, port or default
    return request.host, default


def _shown_response(response: Response, own: http.Response | None) -> http.Response:
    now = time.time()
    reason = encode_text(response.reason) if response.reason else reason_phrase(response.status)
    return http.Response(
        http_version=b"HTTP/1.1" if own is None else own.data.http_version, status_code=response.status,
        reason=reason, headers=http.Headers(response.headers.fields),
        content=b"" if isinstance(response.body, NotRead) else response.body, trailers=None,
        timestamp_start=now if own is None else own.data.timestamp_start,
        timestamp_end=now if own is None else own.data.timestamp_end,
    )  # fmt: skip


def _read_request(message: http.Request) -> Request:
    return to_request(message, decode_text(message.data.scheme), body_follows=False)


def _request_edit(shown: Request, now: Request) -> Edit | None:
    if is_same_message(shown, now):
        return None
    return Edit(
        method=now.method if now.method != shown.method else None,
        url=now.target if now.target != shown.target else None,
        host=now.host if now.host not in (shown.host, "") else None,
        headers=_edited_headers(shown.headers, now.headers),
        body=now.body if now.body != shown.body and isinstance(now.body, bytes) else None,
    )


def _response_edit(shown: Response, now: Response) -> Edit | None:
    if is_same_message(shown, now) and shown.status == now.status:
        return None
    return Edit(
        status=now.status if now.status != shown.status else None,
        headers=_edited_headers(shown.headers, now.headers),
        body=now.body if now.body != shown.body and isinstance(now.body, bytes) else None,
    )


def _edited_headers(shown: Headers, now: Headers) -> Headers | None:
    """The headers now, where more was changed than the length, which mitmproxy writes itself."""
    without = headers_of(pair for pair in now if pair[0].lower() != "content-length")
    before = headers_of(pair for pair in shown if pair[0].lower() != "content-length")
    return None if without == before else without
