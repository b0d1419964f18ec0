"""What the host remembers of one exchange between mitmproxy's events: the link between stream and addon."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mitmproxy import http

from lockgate import engine
from lockgate.engine import Run
from lockgate.exchange import Headers, Response, Upstream
from lockgate.hosts.mitm.messages import to_flow_response
from lockgate.hosts.mitm.tape import Tape
from lockgate.middleware import Reason

logger = logging.getLogger(__name__)

DEFAULT_BODY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a request's body that are kept in memory for a link."""
DEFAULT_RESPONSE_LIMIT: Final = 64 * 1024 * 1024
"""Likewise of a response's body."""

_MOST_UPSTREAMS: Final = 1024
_ATTRIBUTE: Final = "lockgate_passage"
_LAST_RESORT: Final = Response(
    Reason.INTERNAL.status,
    Headers.of(("Content-Type", "application/json")),
    b'{\n    "error": "Internal Server Error"\n}',
)


class Pool:
    """Upstreams of an API that keep connections open, as a pool that all clients share would have them.

    The reference gateway sends a request again when a connection of its pool turns out to be closed. mitmproxy has no
    such pool; this remembers when there would be a connection in it.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: set[tuple[str, int]] = set()

    def __contains__(self, upstream: Upstream) -> bool:
        return (upstream.host, upstream.port) in self._open

    def answered(self, upstream: Upstream) -> None:
        """It answered, and kept the connection."""
        if len(self._open) < _MOST_UPSTREAMS:
            self._open.add((upstream.host, upstream.port))

    def closed(self, upstream: Upstream) -> None:
        """It closed a connection without an answer."""
        self._open.discard((upstream.host, upstream.port))


@dataclass(slots=True)
class Passage:
    """One exchange on its way through this host."""

    body_follows: bool
    """The request's head does not end it. Written by the stream."""
    run: Run | None = None
    """Written by the addon when the exchange begins; stays None for a plain replay."""
    upstream: Upstream | None = None
    """Written by the addon, and only when the exchange may be forwarded: without it the stream forwards nothing."""
    released: bool = False
    """The flow's request is the upstream's, whatever came of it."""
    pool: "Pool | None" = None
    """Written by the addon with ``upstream``."""
    waits_for_body: bool = False
    """The request phase runs when the whole body is there."""
    body_may_pass: bool = False
    """A body above ``body_limit`` passes unread, instead of being refused."""
    body_limit: int = DEFAULT_BODY_LIMIT
    response_body_follows: bool = False
    """The response's head does not end it. Written by the stream."""
    response_waits_for_body: bool = False
    """The response phase runs when the whole body is there."""
    response_may_pass: bool = False
    """A body above ``response_limit`` passes unread, instead of failing."""
    response_limit: int = DEFAULT_RESPONSE_LIMIT
    settled: bool = False
    """The client's response is ours: no response phase runs."""
    request_tape: Tape | None = None
    """Keeps a body that streams past for a detailed record. Written by the addon."""
    response_tape: Tape | None = None
    replacement: http.Response | None = None
    """Takes the place of what the upstream is still sending."""
    on_gone: Callable[[], None] | None = None
    """Called when the client goes away while a hook has the flow. Written by ``Pausing``."""
    held_seconds: float = 0.0
    """How long it was stopped at breakpoints, as far as the stream has not made up for it: nobody is late for that."""


def attach(flow: http.HTTPFlow, passage: Passage) -> None:
    """Keep ``passage`` with its flow. It is neither saved nor copied."""
    setattr(flow, _ATTRIBUTE, passage)


def passage_of(flow: http.HTTPFlow) -> Passage | None:
    """The passage under way, or None: it is over, or the flow came in by a layer that is not ours."""
    passage = getattr(flow, _ATTRIBUTE, None)
    return passage if isinstance(passage, Passage) else None


def detach(flow: http.HTTPFlow) -> None:
    """Let go of what a flow that is over does not need; a UI keeps flows for long."""
    setattr(flow, _ATTRIBUTE, None)


def failure(passage: Passage | None, reason: Reason, detail: str) -> http.Response:
    """Our own answer to an exchange that could not be carried. From now on it is not forwarded. Never raises.

    Args:
        passage: None when the failure came before there was one.
        reason: For the client.
        detail: For trace and log; may name the upstream, so the client never sees it.
    """
    response = None
    if passage is not None:
        passage.upstream = None
        passage.settled = True
        if passage.run is not None:
            try:
                engine.fail(passage.run, reason, detail)
                response = passage.run.exchange.response
            except Exception:
                logger.exception("could not word the answer to: %s", detail)
    if response is None:
        body = f'{{\n    "error": "{reason.message}"\n}}'.encode()
        response = Response(reason.status, _LAST_RESORT.headers, body)
    try:
        return to_flow_response(response)
    except Exception:
        logger.exception("could not write the answer to: %s", detail)
        return to_flow_response(_LAST_RESORT)
