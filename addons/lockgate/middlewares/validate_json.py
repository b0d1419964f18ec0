"""Refuse bodies that are not JSON, or not what a JSON schema says.

The body goes on as it came, whatever stands behind its first value included. Its Content-Type does not count.

Source: behaviour-chain 4.7.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from lockgate.documents.json import JsonError
from lockgate.exchange import Exchange, NotRead
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Services
from lockgate.validation.classic_schema import INLINE_STEPS, MAX_STEPS, ClassicSchema, TooComplexError
from lockgate.validation.disguises import other_bytes

_NOT_JSON: Final = 400
TOO_COMPLEX: Final = "it takes too long to say whether it is valid"


@dataclass(frozen=True, slots=True)
class ValidateJson:
    """Configuration of ``validate_json``."""

    schema: ClassicSchema | None = None
    """None refuses every request."""
    fault: str = ""
    """Why the schema cannot be used; "" where there is none."""
    status: int = 422
    """Of the refusal of a body that the schema does not let pass."""
    max_body_bytes: int = 1 << 20
    """A body that is larger is refused without being looked at; 0 sets no limit."""


def request(config: ValidateJson, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Judge the body; a large one, or one that takes long, in a thread."""
    body, schema = exchange.request.body, config.schema
    if isinstance(body, NotRead):
        raise TypeError("the body was not read")
    if schema is None:
        return _broken(config.fault) if config.fault else Reject(Reason.NO_SCHEMA)
    if 0 < config.max_body_bytes < len(body):
        # Differs: the reference gateway judges bodies of any size (test_large_bodies_are_refused).
        text = f"it has {len(body)} bytes, and no more than {config.max_body_bytes} are validated"
        return Reject(Reason.INVALID_BODY, text, config.status)
    if schema.is_inline(len(body)):
        try:
            return _judged(config, schema, exchange, body, INLINE_STEPS)
        except TooComplexError:
            pass  # Not for the event loop.
    return _later(config, schema, exchange, body, services)


async def _later(
    config: ValidateJson, schema: ClassicSchema, exchange: Exchange, body: bytes, services: Services
) -> Outcome:
    try:
        return await services.compute(lambda: _judged(config, schema, exchange, body, MAX_STEPS))
    except TooComplexError:
        # Differs: the reference gateway judges until it is done (test_what_takes_too_long_is_refused).
        return Reject(Reason.INVALID_BODY, TOO_COMPLEX, config.status)


def _judged(config: ValidateJson, schema: ClassicSchema, exchange: Exchange, body: bytes, steps: int) -> Outcome:
    try:
        violations = schema.check(body, steps)
    except JsonError as error:
        return _broken(error.text)
    refusal = violations or other_bytes(exchange.request.headers)
    return Reject(Reason.INVALID_BODY, refusal, config.status) if refusal else Continue(exchange)


def _broken(cause: str) -> Reject:
    """The answer to a body that is no JSON, and to any body where the schema is broken."""
    return Reject(Reason.INVALID_BODY, f"JSON parsing error: {cause}", _NOT_JSON)


MIDDLEWARE = Middleware(
    name="validate_json",
    summary="Refuses bodies that are not what a JSON schema says.",
    config=ValidateJson,
    request=request,
    body=BodyNeed.READ,
)
