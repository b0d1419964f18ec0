"""Refuse requests that are not what the OpenAPI document says, and fill in the defaults of what they leave out.

Source: behaviour-chain 4.8 and 2.7.
"""

import dataclasses
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import Exchange, replace
from lockgate.middleware import BodyNeed, Continue, Matching, Middleware, Outcome, Reason, Reject
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.validation.operation import INLINE_STEPS, MAX_STEPS, Checked, Operation, TooComplexError
from lockgate.validation.texts import shortened

TOO_COMPLEX: Final = "it takes too long to say whether it is valid"


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """Configuration of ``validate_request``."""

    operation: Operation
    """Of the document, compiled."""
    status: int = 422
    """Of a refusal."""
    max_body_bytes: int = 1 << 20
    """A body that is larger is refused without being looked at; 0 sets no limit."""
    path: Mapping[str, str] = field(default_factory=dict)
    """What stands for the placeholders of the path, percent-encoded: of each plan."""


def request(config: ValidateRequest, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Judge the request; a large body, or one that takes long, in a thread."""
    message = exchange.request
    if config.operation.is_inline(message):
        try:
            return _outcome(config, exchange, _checked(config, exchange, INLINE_STEPS))
        except TooComplexError:
            pass  # Not for the event loop.
    return _later(config, exchange, services)


async def _later(config: ValidateRequest, exchange: Exchange, services: Services) -> Outcome:
    try:
        checked = await services.compute(lambda: _checked(config, exchange, MAX_STEPS))
    except TooComplexError:
        checked = Checked(exchange.request, TOO_COMPLEX)
    return _outcome(config, exchange, checked)


def _checked(config: ValidateRequest, exchange: Exchange, steps: int) -> Checked:
    return config.operation.check(exchange.request, config.path, max_body_bytes=config.max_body_bytes, steps=steps)


def _outcome(config: ValidateRequest, exchange: Exchange, checked: Checked) -> Outcome:
    if checked.cause:
        message = f"{Reason.INVALID_REQUEST.message}: {shortened(checked.cause)}"
        return Reject(Reason.INVALID_REQUEST, message, config.status)
    if checked.request is exchange.request:
        return Continue(exchange)
    return Continue(replace(exchange, request=checked.request))


def body_need(config: ValidateRequest, _exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where the operation has one."""
    body = config.operation.body
    if phase is not Phase.REQUEST or body is None:
        return BodyNeed.NONE
    return BodyNeed.WRITE if body.fills_defaults else BodyNeed.READ


def bound(config: ValidateRequest, path: Mapping[str, str]) -> ValidateRequest:
    """The configuration for requests to one path."""
    return dataclasses.replace(config, path=path) if path else config


MIDDLEWARE = Middleware(
    name="validate_request",
    summary="Refuses requests that are not what the OpenAPI document says.",
    config=ValidateRequest,
    request=request,
    body_when=body_need,
    matching=Matching.ROUTER,
    bound=bound,
)
