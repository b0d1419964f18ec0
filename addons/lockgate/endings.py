"""How an exchange ended: who answered it. What is recorded and logged of it depends on that.

Source: behaviour-chain 7.1 and 7.3.
"""

from enum import Enum
from typing import Final

from lockgate.engine import Run
from lockgate.trace import Phase


class Ending(Enum):
    """Who answered."""

    UNROUTED = "unrouted"
    """No API: an unknown path, a redirect to a clean one, a body that is too large. Or nobody."""
    FORWARDED = "forwarded"
    """The upstream; or the client went away before it did."""
    REFUSED = "refused"
    """The gateway, with an error."""
    MOCK = "mock"
    """An OAS mock."""
    CACHED = "cached"
    SCRIPT = "script"
    """A virtual endpoint, any other link that answers by itself, or somebody at a breakpoint."""
    ASIDE = "aside"
    """A Classic mock, a CORS preflight or a batch: nobody counts them."""


_BY_LINK: Final = {
    "routing": Ending.UNROUTED,
    "access": Ending.ASIDE,
    "cors": Ending.ASIDE,
    # Its parts are recorded.
    "batch": Ending.ASIDE,
    "mock_response": Ending.MOCK,
    "cache": Ending.CACHED,
}
_ANSWERS: Final = ("respond", "finish", "answered")


def ending(run: Run) -> Ending:
    """How an exchange that is over ended."""
    if run.api is None or not run.exchange.passes:
        return Ending.UNROUTED
    if run.refusal is not None:
        return Ending.REFUSED
    if run.trace.upstream_request is not None:
        return Ending.FORWARDED
    for step in reversed(run.trace.steps):
        if step.outcome in _ANSWERS and step.phase is not Phase.RESPONSE:
            return _BY_LINK.get(step.link, Ending.SCRIPT)
    return Ending.UNROUTED
