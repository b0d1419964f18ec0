"""Remove and set headers of the response once more: the options of Classic ``header_injector`` response processors.

Apart from ``response_headers``, which runs on its own entries whether or not a processor is listed.

Source: behaviour-chain 3.2, stage 2, and 4.19.
"""

from dataclasses import dataclass, field

from lockgate.exchange import Exchange, encode_text, replace
from lockgate.header_edits import HeaderEdits
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.variables import Text


@dataclass(frozen=True, slots=True)
class HeaderInjection:
    """The options of one processor."""

    remove: tuple[str, ...] = ()
    """Names in any case."""
    add: tuple[tuple[str, Text], ...] = ()
    """Names and values to set after that; all fields of the name are replaced by one."""


@dataclass(frozen=True, slots=True)
class HeaderInjector:
    """Configuration of ``header_injector``."""

    injections: tuple[HeaderInjection, ...]
    """In the order in which they apply."""
    edits: HeaderEdits = field(init=False, repr=False, compare=False)
    """All of them as one."""

    def __post_init__(self) -> None:
        removed: list[str] = []
        values: dict[bytes, tuple[str, Text]] = {}
        for injection in self.injections:
            removed += injection.remove
            for name in injection.remove:
                values.pop(encode_text(name).lower(), None)
            values |= {encode_text(name).lower(): (name, text) for name, text in injection.add}
        object.__setattr__(self, "edits", HeaderEdits(removed, values.values()))


def response(config: HeaderInjector, exchange: Exchange, _: Services) -> Outcome:
    """Remove, then set."""
    message = exchange.response
    if message is None:
        return Continue(exchange)
    headers = config.edits.apply(message.headers, exchange)
    return Continue(replace(exchange, response=replace(message, headers=headers)))


def body_need(config: HeaderInjector, exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where the Content-Type is taken away: ``content_type`` then looks for another one in it."""
    message = exchange.response
    if phase is not Phase.RESPONSE or message is None or b"content-type" not in config.edits.removed:
        return BodyNeed.NONE
    streams = (message.headers.get("Content-Type") or "").startswith("text/event-stream")
    return BodyNeed.NONE if streams or b"content-type" in config.edits.set_names else BodyNeed.READ


MIDDLEWARE = Middleware(
    name="header_injector",
    summary="Removes and sets headers of the response as a Classic response processor does.",
    config=HeaderInjector,
    response=response,
    body_when=body_need,
)
