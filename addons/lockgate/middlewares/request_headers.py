"""Remove and set headers of the request that goes upstream.

Source: behaviour-chain 4.5; 1.8 for X-Forwarded-For.
"""

from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import Exchange, replace
from lockgate.header_edits import HeaderEdits
from lockgate.middleware import Continue, Middleware, Outcome
from lockgate.services import Services
from lockgate.variables import Text

# Framing and the host are not for a definition to change: the reference gateway takes no notice of them either.
_UNTOUCHABLE: Final = frozenset({b"content-length", b"transfer-encoding", b"host"})


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """Configuration of ``request_headers``."""

    remove: tuple[str, ...] = ()
    """Names in any case. X-Forwarded-For among them also keeps the client's address from being appended."""
    add: tuple[tuple[str, Text], ...] = ()
    """Names and values to set after that; all fields of the name are replaced by one."""
    edits: HeaderEdits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "edits", HeaderEdits(self.remove, self.add, untouchable=_UNTOUCHABLE))


def request(config: RequestHeaders, exchange: Exchange, _: Services) -> Outcome:
    """Remove, then set."""
    edits = config.edits
    message = exchange.request
    return Continue(
        replace(
            exchange,
            request=replace(message, headers=edits.apply(message.headers, exchange)),
            forwarded_for=exchange.forwarded_for and b"x-forwarded-for" not in edits.removed,
            own_headers=exchange.own_headers | edits.set_names,
        )
    )


MIDDLEWARE = Middleware(
    name="request_headers",
    summary="Removes and sets headers of the request that goes upstream.",
    config=RequestHeaders,
    request=request,
)
