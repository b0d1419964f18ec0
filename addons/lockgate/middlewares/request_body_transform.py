"""Make the body that goes upstream with a template, from the client's.

Where that fails, the body goes on as it came.

Source: behaviour-scripting 1.3 to 1.5, 1.7 and 1.10.
"""

from collections.abc import Awaitable
from dataclasses import dataclass

from lockgate.body_transforms.facts import facts_of, transform_elsewhere
from lockgate.body_transforms.running import transform_inline
from lockgate.body_transforms.transform import BodyTransform, Facts, Result
from lockgate.exchange import Exchange, NotRead, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.templates.errors import TooLongError


@dataclass(frozen=True, slots=True)
class RequestBodyTransform:
    """Configuration of ``request_body_transform``."""

    transform: BodyTransform
    """The template, and what it is run on."""


def request(config: RequestBodyTransform, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Transform the body; what may take long in a process of its own."""
    body = exchange.request.body
    if isinstance(body, NotRead):
        raise TypeError("the body was not read")
    facts = facts_of(config.transform, exchange, services)
    try:
        return _outcome(exchange, transform_inline(config.transform, body, facts))
    except TooLongError:
        return _later(config.transform, exchange, body, facts, services)


async def _later(
    transform: BodyTransform, exchange: Exchange, body: bytes, facts: Facts, services: Services
) -> Outcome:
    owner = exchange.current_pass.api_id
    return _outcome(exchange, await transform_elsewhere(transform, body, facts, services, owner))


def _outcome(exchange: Exchange, result: Result) -> Outcome:
    if result.failure is not None:
        # Differs: a chunked body that fails is used up in the reference gateway, and so is a form where context variables
        # are on: the client gets 500 (test_what_cannot_be_transformed_goes_on_as_it_came).
        return Continue(exchange, failure=f"the body goes upstream as it came: {result.failure.text}")
    output = result.output or b""
    message = exchange.request
    headers = message.headers
    if "Content-Length" in headers:
        headers = headers.set("Content-Length", str(len(output)))
    return Continue(replace(exchange, request=replace(message, headers=headers, body=output)))


MIDDLEWARE = Middleware(
    name="request_body_transform",
    summary="Makes the body that goes upstream with a template.",
    config=RequestBodyTransform,
    request=request,
    body=BodyNeed.WRITE,
)
