"""Run plugins when it is known who calls, before rights and limits are looked at.

Source: behaviour-scripting 4.4 and 4.6.
"""

from dataclasses import dataclass

from lockgate.exchange import Exchange
from lockgate.middleware import BodyNeed, Middleware, Outcome
from lockgate.scripting.plugins import Plugin, run_plugins
from lockgate.services import Services


@dataclass(frozen=True, slots=True)
class ScriptPostAuth:
    """Configuration of ``script_post_auth``."""

    plugins: tuple[Plugin, ...] = ()
    """In the order in which they run."""
    runs: bool = True
    """False: every request is answered with 500, because the gateway runs no scripts."""


async def request(config: ScriptPostAuth, exchange: Exchange, services: Services) -> Outcome:
    """Run them in their order. An answer passes the response chain."""
    # Differs: the reference gateway does not run them (test_plugins_run_after_authentication).
    return await run_plugins(config, exchange, services, sessions=True, finishes=False)


MIDDLEWARE = Middleware(
    name="script_post_auth",
    summary="Runs plugins when it is known who calls.",
    config=ScriptPostAuth,
    request=request,
    body=BodyNeed.WRITE,
)
