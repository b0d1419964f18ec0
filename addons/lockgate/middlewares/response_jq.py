"""Make another body and headers of the response that goes to the client, with a jq filter.

The Classic response processor ``response_body_transform_jq``.

Source: behaviour-scripting 3 and behaviour-chain 3.2.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, NotRead, Response, canonical, replace
from lockgate.jq_filters import Message, Result, filtered
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import ServiceError, Services
from lockgate.trace import Phase
from lockgate.unpacking import codings_of

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_UNTOUCHABLE: Final = frozenset({"content-length", "transfer-encoding", "content-encoding"})
"""Framing, which is the host's, and what the body really is."""


@dataclass(frozen=True, slots=True)
class ResponseJq:
    """Configuration of ``response_jq``."""

    filter: str
    """Gives an object with ``body`` and ``rewrite_headers``."""
    fault: str = ""
    """Why the filter cannot be used: responses pass unchanged then. "" where it can."""


async def response(config: ResponseJq, exchange: Exchange, services: Services) -> Outcome:
    """Run the filter in a process of its own."""
    if config.fault:
        return _failed(exchange, f"the filter does not compile: {config.fault}")
    message = exchange.response
    if message is None or isinstance(message.body, NotRead) or _has_no_body(exchange, message):
        return Continue(exchange)
    codings = codings_of(",".join(message.headers.get_all("Content-Encoding")) or None)
    try:
        # Differs: the reference gateway reads a packed body as JSON, and leaves it as it is
        # (test_a_packed_response_is_unpacked_and_packed_again).
        result = await filtered(config.filter, Message(message.body, codings), exchange, services)
    except ServiceError as error:
        return _failed(exchange, f"the filter could not be run: {error}")
    if result.failure:
        return _failed(exchange, result.failure)
    return Continue(replace(exchange, response=_changed(message, result)), failure=result.remark)


def _failed(exchange: Exchange, why: str) -> Outcome:
    """The response goes out as it is, past the processors that would come next."""
    return Continue(replace(exchange, processing_failed=True), failure=why)


def _has_no_body(exchange: Exchange, message: Response) -> bool:
    """Whether there is nothing to make anything of: that is no failure."""
    status = message.status
    return exchange.request.method == "HEAD" or status in _WITHOUT_BODY or status < _FIRST_FINAL_STATUS


def _changed(message: Response, result: Result) -> Response:
    headers = message.headers.set("Content-Length", str(len(result.body)))
    for name, value in result.headers.items():
        if name.lower() not in _UNTOUCHABLE:
            headers = headers.set(canonical(name), value)
    return replace(message, headers=headers, body=result.body)


def body_need(config: ResponseJq, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where there is one."""
    message = exchange.response
    if config.fault or phase is not Phase.RESPONSE or message is None or _has_no_body(exchange, message):
        return BodyNeed.NONE
    return BodyNeed.WRITE


MIDDLEWARE = Middleware(
    name="response_jq",
    summary="Makes another body and headers of the response with a jq filter.",
    config=ResponseJq,
    response=response,
    body_when=body_need,
    runs_tasks=True,
)
