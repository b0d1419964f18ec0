"""Run plugins before anything looks at the request but the lists, versions and CORS.

What they make of the path decides which endpoint the rest of the chain is for.

Source: behaviour-scripting 4.4 and 4.6.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange
from lockgate.middleware import BodyNeed, Middleware, Outcome
from lockgate.scripting.plugins import Plugin, run_plugins
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class ScriptPre:
    """Configuration of ``script_pre``."""

    plugins: tuple[Plugin, ...] = ()
    """In the order in which they run."""
    runs: bool = True
    """False: every request is answered with 500, because the gateway runs no scripts."""


async def request(config: ScriptPre, exchange: Exchange, services: Services) -> Outcome:
    """Run them in their order. None of them gets a session, and an answer goes past the response chain."""
    return await run_plugins(config, exchange, services, sessions=False, finishes=True)


MIDDLEWARE = Middleware(
    name="script_pre",
    summary="Runs plugins before anything else looks at the request.",
    config=ScriptPre,
    request=request,
    body=BodyNeed.WRITE,
)
