"""Give a response that says nothing about its kind a Content-Type, from its first bytes.

Source: behaviour-chain 1.8, "More of what the HTTP library does"; Go, net/http, DetectContentType.
"""

from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, NotRead, Response, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.sniffing import detect_content_type
from lockgate.trace import Phase

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200


@dataclass(frozen=True, slots=True)
class ContentType:
    """Configuration of ``content_type``: there is nothing to choose."""


def response(_config: ContentType, exchange: Exchange, _: Services) -> Outcome:
    """Set the Content-Type, if there is none and the body can be seen."""
    message = exchange.response
    if message is None or isinstance(message.body, NotRead) or not message.body or not _is_untold(message):
        return Continue(exchange)
    headers = message.headers.add("Content-Type", detect_content_type(message.body))
    return Continue(replace(exchange, response=replace(message, headers=headers)))


def body_need(_config: ContentType, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where its kind is not told."""
    message = exchange.response
    # An upstream gives HEAD no body to wait for. A mock's is there, and tells its kind all the same.
    if phase is Phase.REQUEST or message is None or exchange.request.method == "HEAD":
        return BodyNeed.NONE
    if not _is_untold(message):
        return BodyNeed.NONE
    return BodyNeed.NONE if message.headers.get("Content-Length") == "0" else BodyNeed.READ


def _is_untold(message: Response) -> bool:
    return (
        "Content-Type" not in message.headers
        and message.status >= _FIRST_FINAL_STATUS
        and message.status not in _WITHOUT_BODY
        and not message.headers.get("Content-Encoding")
    )


MIDDLEWARE = Middleware(
    name="content_type",
    summary="Gives a response without Content-Type one from its first bytes.",
    config=ContentType,
    response=response,
    body_when=body_need,
    always=ContentType(),
)
