"""Unpack a response that the upstream packed with gzip though the client did not ask for it.

Source: behaviour-chain 1.8, "More of what the HTTP library does".
"""

import zlib
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, NotRead, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase

MAX_UNPACKED_BYTES: Final = 128 << 20
"""A response that is larger unpacked goes on packed."""

_GZIP: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class ContentEncoding:
    """Configuration of ``content_encoding``: there is nothing to choose."""


def response(_config: ContentEncoding, exchange: Exchange, _: Services) -> Outcome:
    """Unpack the body."""
    message = exchange.response
    if message is None or isinstance(message.body, NotRead) or not message.body or not _unasked(exchange):
        return Continue(exchange)
    try:
        body = _unpacked(message.body)
    except ValueError as error:
        # Differs: the reference gateway answers 200 with an empty body (test_a_broken_body_goes_on_as_it_came).
        return Continue(exchange, failure=f"the response cannot be unpacked: {error}")
    headers = message.headers.remove("Content-Encoding", "Content-Length")
    return Continue(replace(exchange, response=replace(message, headers=headers, body=body)))


def body_need(_config: ContentEncoding, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where it will be unpacked."""
    return BodyNeed.WRITE if phase is Phase.RESPONSE and _unasked(exchange) else BodyNeed.NONE


def _unasked(exchange: Exchange) -> bool:
    message, asked = exchange.response, exchange.request
    return (
        message is not None
        and exchange.forwarded
        and (message.headers.get("Content-Encoding") or "").lower() == "gzip"
        and asked.method != "HEAD"
        and not asked.headers.get("Accept-Encoding")
        and not asked.headers.get("Range")
    )


def _unpacked(packed: bytes) -> bytes:
    """All members of a gzip body.

    Raises:
        ValueError: It is not gzip, is cut short, or is too large.
    """
    parts: list[bytes] = []
    room = MAX_UNPACKED_BYTES
    while packed:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            part = unpacking.decompress(packed, room + 1)
        except zlib.error as error:
            raise ValueError(f"it is not gzip ({error})") from None
        room -= len(part)
        if room < 0:
            raise ValueError(f"it has more than {MAX_UNPACKED_BYTES} bytes")
        if not unpacking.eof:
            raise ValueError("it is cut short")
        parts.append(part)
        packed = unpacking.unused_data
    return b"".join(parts)


MIDDLEWARE = Middleware(
    name="content_encoding",
    summary="Unpacks a response that the upstream packed without being asked.",
    config=ContentEncoding,
    response=response,
    body_when=body_need,
    always=ContentEncoding(),
)
