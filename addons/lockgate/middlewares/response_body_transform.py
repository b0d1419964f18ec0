"""Make the body that the client gets with a template, from the response's.

Source: behaviour-scripting 1.3, 1.4, 1.6 and 1.7.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, NamedTuple

from lockgate.body_transforms.facts import facts_of, transform_elsewhere
from lockgate.body_transforms.running import transform_inline
from lockgate.body_transforms.transform import BodyTransform, Facts, Result
from lockgate.exchange import Exchange, NotRead, Response, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services
from lockgate.templates.errors import TooLongError
from lockgate.unpacking import (
    INLINE_BYTES,
    INLINE_PACKED_BYTES,
    PackingError,
    TooLargeError,
    codings_of,
    packed_all,
    unpacked_all,
)

MAX_UNPACKED_BYTES: Final = 128 << 20
"""Of a response whose body is transformed, where the settings set no limit: more is refused."""

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_EMPTIED: Final = (("gzip",), ("deflate",))
"""Encodings whose bodies count as empty where they cannot be unpacked; of any other the bytes are taken as they are."""


@dataclass(frozen=True, slots=True)
class ResponseBodyTransform:
    """Configuration of ``response_body_transform``."""

    transform: BodyTransform
    """The template, and what it is run on."""
    max_bytes: int = 0
    """Of the body without its content encoding: a larger one is answered 500. 0 is 128 MB."""

    @property
    def limit(self) -> int:
        """In bytes."""
        return self.max_bytes if 0 < self.max_bytes < MAX_UNPACKED_BYTES else MAX_UNPACKED_BYTES


class _Unpacked(NamedTuple):
    body: bytes
    codings: tuple[str, ...] = ()
    """That the output is to be packed with."""
    failure: str = ""
    """Why it could not be unpacked; "" where it could."""


def response(config: ResponseBodyTransform, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Transform the body; what may take long in a thread or in a process of its own."""
    message = exchange.response
    if message is None or isinstance(message.body, NotRead):
        return Continue(exchange)
    if message.status in _WITHOUT_BODY or message.status < _FIRST_FINAL_STATUS:
        return Continue(exchange)
    packed = message.body
    facts = facts_of(config.transform, exchange, services)
    if len(packed) > INLINE_PACKED_BYTES and "Content-Encoding" in message.headers:
        return _later(config, exchange, message, packed, facts, services)
    try:
        unpacked = _unpacked(message, packed, min(config.limit, INLINE_BYTES))
    except TooLargeError:
        if config.limit <= INLINE_BYTES:
            return Reject(Reason.RESPONSE_TOO_LARGE)
        return _later(config, exchange, message, packed, facts, services)
    try:
        result = transform_inline(config.transform, unpacked.body, facts)
    except TooLongError:
        return _transformed_later(config.transform, exchange, message, unpacked, facts, services)
    if unpacked.codings and len(result.output or b"") > INLINE_BYTES:
        return _packed_later(exchange, message, unpacked, result, services)
    return _outcome(exchange, message, unpacked, result)


async def _later(
    config: ResponseBodyTransform,
    exchange: Exchange,
    message: Response,
    packed: bytes,
    facts: Facts,
    services: Services,
) -> Outcome:
    try:
        unpacked = await services.compute(lambda: _unpacked(message, packed, config.limit))
    except TooLargeError:
        return Reject(Reason.RESPONSE_TOO_LARGE)
    return await _transformed_later(config.transform, exchange, message, unpacked, facts, services)


async def _transformed_later(
    transform: BodyTransform,
    exchange: Exchange,
    message: Response,
    unpacked: _Unpacked,
    facts: Facts,
    services: Services,
) -> Outcome:
    owner = exchange.current_pass.api_id
    result = await transform_elsewhere(transform, unpacked.body, facts, services, owner)
    return await _packed_later(exchange, message, unpacked, result, services)


async def _packed_later(
    exchange: Exchange, message: Response, unpacked: _Unpacked, result: Result, services: Services
) -> Outcome:
    if not unpacked.codings:
        return _outcome(exchange, message, unpacked, result)
    return await services.compute(lambda: _outcome(exchange, message, unpacked, result))


def _unpacked(message: Response, packed: bytes, limit: int) -> _Unpacked:
    """The body as the template is to see it.

    Raises:
        TooLargeError: It is larger than the limit.
    """
    codings = codings_of(",".join(message.headers.get_all("Content-Encoding")) or None)
    # Differs: the reference gateway unpacks only "gzip" and bare "deflate", in lower case, for clients that accept an
    # encoding; on any other the template runs without data, and plain text goes out under the encoding's name
    # (test_every_encoding_is_unpacked_and_packed_again).
    try:
        return _Unpacked(unpacked_all(packed, codings, limit), codings)
    except PackingError as error:
        failure = f"the response cannot be unpacked: {error}"
        if codings in _EMPTIED:
            return _Unpacked(b"", codings, failure)
        if len(packed) > limit:
            raise TooLargeError from None
        return _Unpacked(packed, (), failure)


def _outcome(exchange: Exchange, message: Response, unpacked: _Unpacked, result: Result) -> Outcome:
    if result.failure is not None:
        # Differs: the reference gateway sends what the template had written by then, as if it were all
        # (test_a_template_that_fails_is_an_error_of_the_gateway).
        return Reject(Reason.RESPONSE_NOT_TRANSFORMED, detail=result.failure.text, failed=True)
    output = result.output or b""
    if unpacked.codings:
        body = message.body if isinstance(message.body, bytes) else b""
        output = packed_all(output, unpacked.codings, like=body)
    headers = message.headers.set("Content-Length", str(len(output)))
    failure = unpacked.failure
    if result.remark and not failure:
        failure = f"the template ran without data: {result.remark}"
    return Continue(replace(exchange, response=replace(message, headers=headers, body=output)), failure=failure)


MIDDLEWARE = Middleware(
    name="response_body_transform",
    summary="Makes the body that the client gets with a template.",
    config=ResponseBodyTransform,
    response=response,
    body=BodyNeed.WRITE,
)
