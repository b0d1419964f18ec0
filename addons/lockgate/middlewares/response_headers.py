"""Remove and set headers of the response that goes to the client.

Source: behaviour-chain 4.5.
"""

from dataclasses import dataclass, field

from lockgate.exchange import Exchange, replace
from lockgate.header_edits import HeaderEdits
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.variables import Text


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """Configuration of ``response_headers``."""

    remove: tuple[str, ...] = ()
    """Names in any case."""
    add: tuple[tuple[str, Text], ...] = ()
    """Names and values to set after that; all fields of the name are replaced by one."""
    edits: HeaderEdits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "edits", HeaderEdits(self.remove, self.add))


def response(config: ResponseHeaders, exchange: Exchange, _: Services) -> Outcome:
    """Remove, then set."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    headers = config.edits.apply(message.headers, exchange)
    return Continue(replace(exchange, response=replace(message, headers=headers)))


def body_need(config: ResponseHeaders, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where the Content-Type is taken away: ``content_type`` then looks for another one in it."""
    message = exchange.response
    if phase is Phase.REQUEST or message is None or b"content-type" not in config.edits.removed:
        return BodyNeed.NONE
    streams = (message.headers.get("Content-Type") or "").startswith("text/event-stream")
    return BodyNeed.NONE if streams or b"content-type" in config.edits.set_names else BodyNeed.READ


MIDDLEWARE = Middleware(
    name="response_headers",
    summary="Removes and sets headers of the response that goes to the client.",
    config=ResponseHeaders,
    response=response,
    body_when=body_need,
)
