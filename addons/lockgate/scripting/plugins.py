"""Plugins of a request hook: called one after the other, each with the request as the one before left it.

Source: behaviour-scripting 4.4 and 4.6 to 4.8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lockgate.exchange import Exchange, Headers, Response, replace
from lockgate.middleware import Continue, Moved, Outcome, Reason, Reject, Respond
from lockgate.quota_headers import quota_fields
from lockgate.scripting.answers import Overrides, PluginAnswer, plugin_answer
from lockgate.scripting.calling import CallError, Script, as_json, call, prepared, session_text, understood
from lockgate.scripting.contract import answer_headers, edited_request, plugin_request, reply
from lockgate.scripting.reading import AnswerError
from lockgate.scripting.sessions import session_argument, with_meta_data
from lockgate.services import ServiceError, Services
from lockgate.sniffing import detect_content_type

_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin of a hook."""

    script: Script
    """The variable that holds it, and all scripts of its API."""
    session: bool = False
    """It gets the session of the request's key, and what it gives back replaces the key's metadata."""


class PluginHook(Protocol):
    """Configuration of a hook."""

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """In the order in which they run."""
        ...

    @property
    def runs(self) -> bool:
        """False: every request is answered with 500, because the gateway runs no scripts."""
        ...


class PluginError(RuntimeError):
    """A plugin failed: the request is answered 500. The message says why, for trace and log."""


OFF: Final = Reject(Reason.MIDDLEWARE_ERROR, detail="the gateway runs no scripts: enable_jsvm is off", failed=True)
"""The refusal of a gateway that runs no scripts."""


async def run_plugins(
    hook: PluginHook, exchange: Exchange, services: Services, *, sessions: bool, finishes: bool
) -> Outcome:
    """Run the plugins of a hook.

    Args:
        hook: Of the middleware.
        exchange: Its request's body has been read.
        services: The outside.
        sessions: Whether plugins get the session that they ask for.
        finishes: Whether an answer goes past the response chain.
    """
    if not hook.runs:
        return OFF
    path = exchange.request.path
    for plugin in hook.plugins:
        try:
            exchange, answer = await run_plugin(plugin, exchange, services, session=sessions and plugin.session)
            if sessions and plugin.session:
                exchange = await _with_meta_data(exchange, answer.meta_data, services)
        except (PluginError, ServiceError) as error:
            return failed(plugin, error)
        if answer.overrides.status:
            return answered(plugin, answer.overrides, exchange, finishes=finishes)
    return continued(exchange, path)


def continued(exchange: Exchange, path: str) -> Outcome:
    """Go on, in another plan where the plugins changed the request's path.

    Args:
        exchange: As the plugins left it.
        path: As it was before.
    """
    return Continue(exchange) if exchange.request.path == path else Moved(exchange)


async def run_plugin(
    plugin: Plugin, exchange: Exchange, services: Services, *, session: bool
) -> tuple[Exchange, PluginAnswer]:
    """Call one plugin, and put its edits of the request into effect.

    Args:
        plugin: To be called.
        exchange: Its request's body has been read.
        services: The outside.
        session: Whether it gets the session.

    Raises:
        PluginError: It failed, or gave back what is no answer.
    """
    script = plugin.script
    given = await prepared(lambda: as_json(plugin_request(exchange)), exchange.request.body, services)
    arguments = (given, session_text(session_argument(exchange.session, required=session)))
    try:
        text = await call(script, "request", arguments, exchange, services)
        answer = await understood(plugin_answer, text, services)
        return edited_request(exchange, answer.edits, keep_names=script.keep_names), answer
    except (CallError, AnswerError) as error:
        raise PluginError(str(error)) from error


async def _with_meta_data(exchange: Exchange, meta_data: Mapping[str, Any], services: Services) -> Exchange:
    """The exchange whose session has what a plugin gave back. It is kept for the key's next requests."""
    if exchange.session is None:
        return exchange
    session = with_meta_data(exchange.session, meta_data)
    if session is exchange.session:
        return exchange
    if not exchange.made_session:
        await services.keep_meta_data(exchange.key, meta_data)
    return replace(exchange, session=session)


def failed(plugin: Plugin, error: Exception) -> Reject:
    """The refusal of a request whose plugin failed."""
    return Reject(Reason.INTERNAL, detail=f"the plugin {plugin.script.name} failed: {error}", failed=True)


def answered(plugin: Plugin, overrides: Overrides, exchange: Exchange, *, finishes: bool) -> Outcome:
    """The answer that a plugin gave.

    Args:
        plugin: That gave it.
        overrides: With a status.
        exchange: With what the plugin changed.
        finishes: Whether the answer goes past the response chain. An error of the gateway always does.
    """
    keep_names = plugin.script.keep_names
    if overrides.is_refusal:
        return Reject(
            Reason.SCRIPT_REFUSED,
            overrides.body,
            overrides.status,
            detail=f"the plugin {plugin.script.name} refuses the request",
            headers=answer_headers(overrides.headers, keep_names=keep_names),
            exchange=exchange,
        )
    body = overrides.body.encode("utf-8", "replace")
    made = reply(overrides.status, body, overrides.headers, keep_names=keep_names)
    if not finishes:
        return Respond(made, exchange=exchange)
    return Respond(_finished(made, exchange), finish=True, exchange=exchange)


def _finished(made: Response, exchange: Exchange) -> Response:
    """With what the response chain would give it."""
    headers = made.headers
    untold = "Content-Type" not in headers and not headers.get("Content-Encoding")
    if made.body and isinstance(made.body, bytes) and untold and made.status not in _WITHOUT_BODY:
        headers = headers.add("Content-Type", detect_content_type(made.body))
    kept = headers.remove("X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset")
    return replace(made, headers=Headers((*kept.fields, *quota_fields(exchange))))
