"""Make another body, headers and context variables of a request, with a jq filter.

Source: behaviour-scripting 3.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, NotRead, Request, canonical, encode_text, replace
from lockgate.jq_filters import Message, Result, filtered
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import ServiceError, Services
from lockgate.trace import Phase
from lockgate.unpacking import codings_of

LONGEST_MESSAGE: Final = 1_000
"""Characters that a client is told of what went wrong."""

# Framing and the host are not for a definition to change: the reference gateway takes no notice of them either.
_UNTOUCHABLE: Final = frozenset({"content-length", "transfer-encoding", "host"})


@dataclass(frozen=True, slots=True)
class RequestJq:
    """Configuration of ``request_jq``."""

    filter: str
    """Gives an object with ``body``, ``rewrite_headers`` and ``tyk_context``."""
    fault: str = ""
    """Why the filter cannot be used: requests pass unchanged then. "" where it can."""


async def request(config: RequestJq, exchange: Exchange, services: Services) -> Outcome:
    """Run the filter in a process of its own."""
    if config.fault:
        return Continue(exchange, failure=f"the filter does not compile: {config.fault}")
    message = exchange.request
    if isinstance(message.body, NotRead):
        raise TypeError("the body was not read")
    codings = codings_of(",".join(message.headers.get_all("Content-Encoding")) or None)
    try:
        # Differs: the reference gateway reads a packed body as JSON, and refuses it
        # (test_a_packed_body_is_unpacked_and_packed_again).
        result = await filtered(config.filter, Message(message.body, codings, may_be_empty=True), exchange, services)
    except ServiceError as error:
        return Reject(Reason.TASKS_BUSY, detail=str(error), failed=True)
    if result.failure:
        return Reject(Reason.NOT_FILTERED, result.failure[:LONGEST_MESSAGE])
    return Continue(_changed(exchange, message, result), failure=result.remark)


def _changed(exchange: Exchange, message: Request, result: Result) -> Exchange:
    headers = message.headers
    if "Content-Length" in headers:
        headers = headers.set("Content-Length", str(len(result.body)))
    own = exchange.own_headers
    for name, value in result.headers.items():
        if name.lower() not in _UNTOUCHABLE:
            headers = headers.set(canonical(name), value)
            own |= {encode_text(name).lower()}
    variables = exchange.variables
    if variables is not None and result.variables:
        variables = {**variables, **result.variables}
    request = replace(message, headers=headers, body=result.body)
    return replace(exchange, request=request, own_headers=own, variables=variables)


def body_need(config: RequestJq, _exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, unless nothing is done to it."""
    return BodyNeed.NONE if config.fault or phase is not Phase.REQUEST else BodyNeed.WRITE


MIDDLEWARE = Middleware(
    name="request_jq",
    summary="Makes another body, headers and context variables of a request with a jq filter.",
    config=RequestJq,
    request=request,
    body_when=body_need,
    runs_tasks=True,
)
