"""Run plugins on the request as all other middleware left it, before it goes upstream.

Source: behaviour-scripting 4.4 and 4.6.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange
from lockgate.middleware import BodyNeed, Middleware, Outcome
from lockgate.scripting.plugins import Plugin, run_plugins
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class ScriptPost:
    """Configuration of ``script_post``."""

    plugins: tuple[Plugin, ...] = ()
    """In the order in which they run."""
    runs: bool = True
    """False: every request is answered with 500, because the gateway runs no scripts."""


async def request(config: ScriptPost, exchange: Exchange, services: Services) -> Outcome:
    """Run them in their order. An answer passes the response chain."""
    return await run_plugins(config, exchange, services, sessions=True, finishes=False)


MIDDLEWARE = Middleware(
    name="script_post",
    summary="Runs plugins on the request before it goes upstream.",
    config=ScriptPost,
    request=request,
    body=BodyNeed.WRITE,
)
