"""Unpack a response that the upstream packed with gzip though the client did not ask for it.

Source: behaviour-chain 1.8, "More of what the HTTP library does".
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, NotRead, Response, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.unpacking import INLINE_BYTES, INLINE_PACKED_BYTES, PackingError, TooLargeError, unpacked

MAX_UNPACKED_BYTES: Final = 128 << 20
"""A response that is larger unpacked goes on packed."""


@dataclass(frozen=True, slots=True)
class ContentEncoding:
    """Configuration of ``content_encoding``: there is nothing to choose."""


def response(_config: ContentEncoding, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Unpack the body; a large one in a thread."""
    message = exchange.response
    if message is None or isinstance(message.body, NotRead) or not message.body or not _unasked(exchange):
        return Continue(exchange)
    packed = message.body
    if len(packed) <= INLINE_PACKED_BYTES:
        try:
            return _outcome(exchange, message, unpacked(packed, "gzip", min(INLINE_BYTES, MAX_UNPACKED_BYTES)))
        except PackingError as error:
            return _failed(exchange, str(error))
        except TooLargeError:
            pass  # Not for the event loop.
    return _later(exchange, message, packed, services)


async def _later(exchange: Exchange, message: Response, packed: bytes, services: Services) -> Outcome:
    try:
        body = await services.compute(lambda: unpacked(packed, "gzip", MAX_UNPACKED_BYTES))
    except PackingError as error:
        return _failed(exchange, str(error))
    except TooLargeError:
        return _failed(exchange, f"it has more than {MAX_UNPACKED_BYTES} bytes")
    return _outcome(exchange, message, body)


def _failed(exchange: Exchange, why: str) -> Outcome:
    # Differs: the reference gateway answers 200 with an empty body (test_a_broken_body_goes_on_as_it_came).
    return Continue(exchange, failure=f"the response cannot be unpacked: {why}")


def _outcome(exchange: Exchange, message: Response, body: bytes) -> Outcome:
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


MIDDLEWARE = Middleware(
    name="content_encoding",
    summary="Unpacks a response that the upstream packed without being asked.",
    config=ContentEncoding,
    response=response,
    body_when=body_need,
    always=ContentEncoding(),
)
