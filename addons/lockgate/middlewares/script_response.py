"""Run plugins on the response, behind the transforms.

Source: behaviour-scripting 4.9.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from lockgate.exchange import Exchange, NotRead, Response, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.scripting.answers import hook_answer
from lockgate.scripting.calling import CallError, as_json, call, prepared, session_text, understood
from lockgate.scripting.contract import edited_response, hook_response, plugin_request
from lockgate.scripting.plugins import OFF, Plugin
from lockgate.scripting.reading import AnswerError
from lockgate.scripting.sessions import session_argument
from lockgate.services import Services

_FIRST_FINAL_STATUS: Final = 200


@dataclass(frozen=True, slots=True)
class ScriptResponse:
    """Configuration of ``script_response``."""

    plugins: tuple[Plugin, ...] = ()
    """In the order in which they run."""
    runs: bool = True
    """False: every request is answered with 500, because the gateway runs no scripts."""


async def response(config: ScriptResponse, exchange: Exchange, services: Services) -> Outcome:
    """Run them in their order, each with the response as the one before left it. Where one fails, the client gets 500."""
    # Differs: the reference gateway aborts the connection (test_plugins_change_the_response).
    message = exchange.response
    if message is None or message.status < _FIRST_FINAL_STATUS or isinstance(message.body, NotRead):
        return Continue(exchange)
    if not config.runs:
        return OFF
    request = as_json(plugin_request(exchange, with_body=False))
    session = session_text(session_argument(exchange.session, required=exchange.session is not None))
    for plugin in config.plugins:
        script = plugin.script
        try:
            given = await prepared(partial(_argument, message), message.body, services)
            text = await call(script, "response", (given, request, session), exchange, services)
            answer = await understood(hook_answer, text, services)
        except (CallError, AnswerError) as error:
            return Reject(Reason.MIDDLEWARE_ERROR, detail=f"the plugin {script.name} failed: {error}", failed=True)
        message = edited_response(message, answer, keep_names=script.keep_names)
    return Continue(replace(exchange, response=message))


def _argument(message: Response) -> str:
    return as_json(hook_response(message))


MIDDLEWARE = Middleware(
    name="script_response",
    summary="Runs plugins on the response.",
    config=ScriptResponse,
    response=response,
    body=BodyNeed.WRITE,
)
