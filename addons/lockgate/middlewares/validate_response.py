"""Notice, or refuse, responses that are not what the OpenAPI document promises.

An addition of ours: the key ``validateResponse`` under ``x-lockgate`` in ``x-tyk-api-gateway``, for the whole API, and in
an entry of ``middleware.operations``, for that operation. The response is looked at as the client will get it: status,
headers and body behind every transform.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lockgate.exchange import Exchange, NotRead, Response, replace
from lockgate.middleware import BodyNeed, Continue, Matching, Middleware, Outcome, Reason, Reject
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.unpacking import PackingError, TooLargeError, unpacked
from lockgate.validation.bodies import INLINE_BYTES
from lockgate.validation.operation import INLINE_STEPS, MAX_STEPS, Operation, TooComplexError
from lockgate.validation.texts import shortened

TOO_COMPLEX: Final = "it takes too long to say whether it is valid"

_UNLIMITED: Final = 1 << 30
"""Bytes that an unpacked body may have where there is no limit."""


class Mode(Enum):
    """What becomes of a response that breaks the promise."""

    REPORT = "report"
    """It goes on; trace and log say what is wrong. With ``strict`` it is refused."""
    ENFORCE = "enforce"
    """It is refused; the reason is in the trace, the client does not see it."""


@dataclass(frozen=True, slots=True)
class ValidateResponse:
    """Configuration of ``validate_response``."""

    operation: Operation
    """Of the document, compiled."""
    mode: Mode = Mode.REPORT
    status: int = 502
    """Of a refusal."""
    max_body_bytes: int = 1 << 20
    """A body that is larger, packed or not, breaks the promise without being looked at; 0 sets no limit."""


def response(config: ValidateResponse, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Judge the response."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    if isinstance(message.body, NotRead) or len(message.body) <= INLINE_BYTES:
        try:
            return _outcome(config, exchange, _problem(config, exchange, message, INLINE_STEPS))
        except TooComplexError:
            pass  # Not for the event loop.
    return _later(config, exchange, message, services)


async def _later(config: ValidateResponse, exchange: Exchange, message: Response, services: Services) -> Outcome:
    try:
        problem = await services.compute(lambda: _problem(config, exchange, message, MAX_STEPS))
    except TooComplexError:
        problem = TOO_COMPLEX
    return _outcome(config, exchange, problem)


def _problem(config: ValidateResponse, exchange: Exchange, message: Response, steps: int) -> str:
    """What is wrong with the response; "" when nothing is."""
    packing = (message.headers.get("Content-Encoding") or "").lower()
    if packing and packing != "identity" and not isinstance(message.body, NotRead) and message.body:
        limit = config.max_body_bytes if steps > INLINE_STEPS or not config.max_body_bytes else INLINE_BYTES
        try:
            message = replace(message, body=unpacked(message.body, packing, limit or _UNLIMITED))
        except TooLargeError:
            if steps <= INLINE_STEPS and limit != config.max_body_bytes:
                raise TooComplexError from None
            return f"response body has an error: unpacked it has more than {limit} bytes, the most that are validated"
        except PackingError as error:
            return f"response body has an error: {error}"
    return config.operation.check_response(
        message, method=exchange.current_pass.method, max_body_bytes=config.max_body_bytes, steps=steps
    )


def _outcome(config: ValidateResponse, exchange: Exchange, problem: str) -> Outcome:
    if not problem:
        return Continue(exchange)
    problem = shortened(problem)
    if config.mode is Mode.ENFORCE:
        return Reject(Reason.INVALID_RESPONSE, status=config.status, detail=problem)
    return Continue(exchange, failure=f"the response is not as promised: {problem}")


def body_need(config: ValidateResponse, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where the document says something of it."""
    message = exchange.response
    if phase is not Phase.RESPONSE or message is None:
        return BodyNeed.NONE
    shape = config.operation.shape(message.status)
    described = shape is not None and any(one.schema is not None for one in shape.content.media.values())
    return BodyNeed.READ if described and exchange.current_pass.method != "HEAD" else BodyNeed.NONE


MIDDLEWARE = Middleware(
    name="validate_response",
    summary="Notices or refuses responses that are not what the OpenAPI document promises.",
    config=ValidateResponse,
    response=response,
    body_when=body_need,
    matching=Matching.ROUTER,
)
