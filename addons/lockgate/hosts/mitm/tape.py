"""Keeps a body that streams past, or its beginning: for a detailed record, and for flows that are saved."""

from typing import Final, final

from lockgate.exchange import NotRead, Request, Response, replace
from lockgate.trace import Trace


@final
class Tape:
    """What mitmproxy calls with each piece of a body on its way."""

    __slots__ = ("_is_whole", "_kept", "_limit")

    def __init__(self, limit: int) -> None:
        """Begin.

        Args:
            limit: Bytes to keep.
        """
        self._limit: Final = limit
        self._kept: Final = bytearray()
        self._is_whole: bool | None = None

    def __call__(self, data: bytes) -> bytes:
        """Let a piece pass."""
        left = self._limit - len(self._kept)
        if left > 0:
            self._kept.extend(data[:left])
        if len(data) > left:
            self._is_whole = False
        elif not data and self._is_whole is None:
            self._is_whole = True  # mitmproxy's way to say that it is over
        return data

    @property
    def kept(self) -> bytes:
        """The beginning of what passed."""
        return bytes(self._kept)

    @property
    def whole(self) -> bytes | None:
        """What passed, if that is all there is."""
        return bytes(self._kept) if self._is_whole else None


def kept(tape: Tape | None) -> bytes:
    """What a tape holds, if there is one."""
    return b"" if tape is None else tape.kept


def fill(trace: Trace, request: Tape | None, response: Tape | None) -> None:
    """Put bodies that streamed past, and that were kept whole, where a trace has none, so that it can be replayed."""
    sent = None if request is None else request.whole
    if sent is not None:
        original = trace.original
        trace.original = replace(original, request=_filled_request(original.request, sent))
        if trace.upstream_request is not None:
            trace.upstream_request = _filled_request(trace.upstream_request, sent)
    came = None if response is None else response.whole
    if came is not None:
        trace.upstream_response = _filled_response(trace.upstream_response, came)
        trace.answer = _filled_response(trace.answer, came)


def _filled_request(message: Request, body: bytes) -> Request:
    return replace(message, body=body) if isinstance(message.body, NotRead) else message


def _filled_response(message: Response | None, body: bytes) -> Response | None:
    if message is None or not isinstance(message.body, NotRead):
        return message
    return replace(message, body=body)
