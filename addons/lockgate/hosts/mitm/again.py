"""Sends a request that came before through the live gateway once more, as mitmproxy's replay of clients does.

Not by mitmproxy's queue: that carries one flow at a time, so that one which stops at a breakpoint would hold the others
up, and forgets those that wait when somebody clears it.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, override

from mitmproxy import connection, ctx, http
from mitmproxy.addons import clientplayback

from lockgate.debugging.desk import NotAgainError
from lockgate.exchange import Client, NotRead, Request, encode_text
from lockgate.hosts.mitm import stream
from lockgate.hosts.mitm.messages import check_request_head

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 20
"""Requests that are under way again at a time."""
LONGEST_SECONDS: Final = 900.0
"""After which nobody waits any longer; an exchange may have stopped at many breakpoints."""
_HTTP_2: Final = ("HTTP/2.0", "HTTP/3")


@dataclass(slots=True)
class _Waiting:
    began: Callable[[str], None]
    exchange_id: str = ""


class Again:
    """Requests that were sent again, and who waits for them."""

    def __init__(self, longest_seconds: float = LONGEST_SECONDS) -> None:
        """Begin with none.

        Args:
            longest_seconds: After which nobody waits for one any longer.
        """
        self._longest: Final = longest_seconds
        self._waiting: Final[dict[str, _Waiting]] = {}

    async def run(self, request: Request, client: Client, began: Callable[[str], None] = lambda _: None) -> str:
        """Send a request again.

        Args:
            request: As it arrived, with its whole body.
            client: Whose it is taken to be.
            began: Called with the id of the new exchange as soon as there is one.

        Returns:
            The id of the new exchange, which is over.

        Raises:
            NotAgainError: It cannot be sent, or nothing came of it.
        """
        flow = _flow(request, client)
        if len(self._waiting) >= MOST_AT_ONCE:
            raise NotAgainError(f"{MOST_AT_ONCE} requests are under way again; wait for one of them")
        waiting = self._waiting[flow.id] = _Waiting(began)
        handler = _Handler(flow, ctx.options)
        try:
            async with asyncio.timeout(self._longest):
                await handler.replay()
        except TimeoutError:
            if flow.killable:
                flow.kill()
            raise NotAgainError(f"it was not over within {self._longest:g} s{_named(waiting)}") from None
        finally:
            del self._waiting[flow.id]
            for timer in handler.wakeup_timer:
                timer.cancel()  # or each would keep the exchange until the deadline of its upstream
        if handler.crashed or not waiting.exchange_id:
            raise NotAgainError(f"the gateway failed while it ran{_named(waiting)}; its log says why")
        return waiting.exchange_id

    def began(self, flow: http.HTTPFlow, exchange_id: str) -> None:
        """A flow became an exchange."""
        waiting = self._waiting.get(flow.id)
        if waiting is not None:
            waiting.exchange_id = exchange_id
            waiting.began(exchange_id)


def _named(waiting: _Waiting) -> str:
    return f", as the exchange {waiting.exchange_id}" if waiting.exchange_id else ""


class _Handler(clientplayback.ReplayHandler):
    """A replay through our stream, that ends when mitmproxy fails."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        stream.install_on(self.layer)
        self.crashed = False

    @override
    def log(self, message: str, level: int = logging.INFO, exc_info: Any = None) -> None:
        if not exc_info:
            super().log(message, level)
            return
        # mitmproxy notes a failure of its layers, and goes on; nothing would come of this replay any more.
        logger.log(level, "a request that was sent again: %s", message, exc_info=exc_info)
        self.crashed = True
        self.done.set()


def _flow(request: Request, client: Client) -> http.HTTPFlow:
    body = request.body
    if isinstance(body, NotRead):
        raise NotAgainError("its body was not kept: no link read it, so it streamed past")
    upgrade = request.headers.get("upgrade")
    if upgrade is not None and "upgrade" in (request.headers.get("connection") or "").lower():
        raise NotAgainError(
            f"it asked for another protocol ({upgrade}); only requests with one answer can be run again"
        )
    host, target, method = encode_text(request.host), encode_text(request.target), encode_text(request.method)
    length = str(len(body)).encode()
    fields = [(name, length if name.lower() == b"content-length" else value) for name, value in request.headers.fields]
    if body and request.version not in _HTTP_2 and "content-length" not in request.headers:
        fields.append((b"Transfer-Encoding", b"chunked"))  # what else it was
    try:
        check_request_head(method, target, host, tuple(fields))
    except ValueError as error:
        raise NotAgainError(f"it cannot be written to the wire: {error}") from None
    authority = b""
    if request.version in _HTTP_2:
        authority = host
    elif host:
        fields.insert(0, (b"Host", host))
    message = http.Request(
        host=stream.DUMMY_HOST, port=stream.DUMMY_PORT, method=method, scheme=request.scheme.encode(),
        authority=authority, path=target, http_version=encode_text(request.version), headers=http.Headers(fields),
        content=body, trailers=None, timestamp_start=0.0, timestamp_end=0.0,
    )  # fmt: skip
    peer = connection.Client(peername=(client.address, client.port), sockname=("127.0.0.1", 0))
    flow = http.HTTPFlow(peer, connection.Server(address=None))
    flow.request = message
    flow.is_replay = "request"
    return flow
