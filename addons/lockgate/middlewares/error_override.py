"""Replace errors of upstreams by the answers of ``error_overrides``. Errors of the gateway are replaced where they are made.

Source: behaviour-chain 0.4; Tyk documentation, "Customizing Error Responses".
"""

from dataclasses import dataclass, replace
from typing import Final

from lockgate.error_replies import ErrorAnswer, ErrorReplies, asked_format, with_rule_headers
from lockgate.exchange import Exchange, NotRead, Response
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase

_FIRST_ERROR: Final = 400
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class ErrorOverride:
    """Configuration of ``error_override``."""

    errors: ErrorReplies
    """The API's: with its rules and those of the gateway."""


def response(config: ErrorOverride, exchange: Exchange, _: Services) -> Outcome:
    """Replace a response of status 400 and above by what the first rule that matches says."""
    message = exchange.response
    if message is None or message.status < _FIRST_ERROR or exchange.processing_failed:
        return Continue(exchange)
    body = b"" if isinstance(message.body, NotRead) else message.body
    rules = config.errors.rules(message.status)
    answer = next((rule.answer for rule in rules if rule.match.takes_answer(message.status, body)), None)
    if answer is None:
        return Continue(exchange)
    return Continue(replace(exchange, response=_replaced(config, answer, exchange, message)))


def body_need(config: ErrorOverride, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where there is a rule for the status."""
    message = exchange.response
    if phase is not Phase.RESPONSE or message is None or message.status < _FIRST_ERROR:
        return BodyNeed.NONE
    return BodyNeed.WRITE if any(config.errors.rules(message.status)) else BodyNeed.NONE


def _replaced(config: ErrorOverride, answer: ErrorAnswer, exchange: Exchange, message: Response) -> Response:
    status = answer.status or message.status
    # The request that goes upstream has the client's Content-Type, or what the definition made of it.
    form, media_type = asked_format(exchange.request)
    headers, body = message.headers, message.body
    if answer.body is not None or answer.template or answer.message:
        body = config.errors.body(answer, form, status, "")
        headers = headers.remove("Content-Encoding", "Content-Length").set("Content-Type", media_type)
    if status in _WITHOUT_BODY:
        body = b""
    reason = message.reason if status == message.status else ""
    return Response(status, with_rule_headers(headers, answer), body, reason)


MIDDLEWARE = Middleware(
    name="error_override",
    summary="Replaces errors of upstreams by answers of the definition or of the gateway.",
    config=ErrorOverride,
    response=response,
    body_when=body_need,
)
