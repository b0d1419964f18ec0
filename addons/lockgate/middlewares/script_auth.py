"""Let a plugin find out who calls: it gives the session, and the key that its requests are counted under.

Source: behaviour-scripting 4.8.
"""

import json
from dataclasses import dataclass

from lockgate.exchange import Exchange, replace
from lockgate.identity.credentials import Places
from lockgate.identity.sessions import SessionError, session_document
from lockgate.middleware import BodyNeed, Middleware, Outcome, Reason, Reject
from lockgate.scripting.plugins import OFF, Plugin, PluginError, answered, continued, failed, run_plugin
from lockgate.services import Services
from lockgate.session import Session


@dataclass(frozen=True, slots=True)
class ScriptAuth:
    """Configuration of ``script_auth``."""

    plugin: Plugin | None
    """None: the definition asks for one and has none, and every request is answered with 500."""
    places: Places
    """Where credentials are, as far as the definition says; the plugin looks for them itself."""
    identifies: bool = True
    """Whether the plugin's session counts. Another method may be named to say who calls."""
    runs: bool = True
    """False: every request is answered with 500, because the gateway runs no scripts."""


async def request(config: ScriptAuth, exchange: Exchange, services: Services) -> Outcome:
    """Run the plugin, also for endpoints that ignore authentication. An answer goes past the response chain."""
    if not config.runs:
        return OFF
    plugin = config.plugin
    if plugin is None:
        return Reject(Reason.INTERNAL, detail="the definition has no plugin for custom authentication", failed=True)
    path = exchange.request.path
    try:
        exchange, answer = await run_plugin(plugin, exchange, services, session=False)
        session = _session(answer.session)
    except PluginError as error:
        return failed(plugin, error)
    if answer.overrides.status:
        return answered(plugin, answer.overrides, exchange, finishes=True)
    if config.identifies:
        if session.apply_policies:
            return Reject(Reason.API_NOT_GRANTED, detail="the session has policies, which are not supported yet")
        quota = exchange.quota if answer.auth_value == exchange.key else None
        exchange = replace(exchange, key=answer.auth_value, session=session, quota=quota, made_session=True)
    return continued(exchange, path)


def _session(value: object) -> Session:
    """The session that a plugin gave; one of nothing but zeros where it gave none.

    Raises:
        PluginError: It is none.
    """
    try:
        text = json.dumps({} if value is None else value)
        return Session.of(session_document(text.encode("utf-8", "surrogatepass")))
    except (SessionError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise PluginError(f"expected a session object at Session: {error}") from error


MIDDLEWARE = Middleware(
    name="script_auth",
    summary="Lets a plugin find out who calls.",
    config=ScriptAuth,
    request=request,
    body=BodyNeed.WRITE,
)
