"""Answer with what a function of the API's scripts makes of the request, without calling the upstream.

Source: behaviour-scripting 4.4, 4.10 and 4.12.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.exchange import Exchange, Response, replace
from lockgate.looping import loop_to
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject, Respond
from lockgate.scripting.answers import VirtualAnswer, virtual_answer
from lockgate.scripting.calling import CallError, Script, as_json, call, prepared, session_text, understood
from lockgate.scripting.contract import reply, virtual_request
from lockgate.scripting.reading import AnswerError
from lockgate.scripting.sessions import session_argument, with_meta_data
from lockgate.services import ServiceError, Services
from lockgate.urls import Url, parse_url

_LOOPING: Final = frozenset({301, 302})


@dataclass(frozen=True, slots=True)
class VirtualEndpoint:
    """Configuration of ``virtual_endpoint``."""

    script: Script
    """The function, and all scripts of its API."""
    requires_session: bool = False
    """The function gets the session of the request's key, and what it gives back replaces the key's metadata. Without a
    session it fails."""
    proxy_on_error: bool = False
    """A request whose script fails goes to the upstream, unchanged."""


async def request(config: VirtualEndpoint, exchange: Exchange, services: Services) -> Outcome:
    """Call the function and answer, past the response chain where it fails. A redirect into this gateway is a loop."""
    if config.requires_session and exchange.session is None:
        # Differs: the reference gateway calls the function with null, and then aborts the connection
        # (test_a_session_that_is_required_and_missing_is_a_failure).
        return _failed(config, exchange, "it requires a session, and there is none")
    session = session_argument(exchange.session, required=config.requires_session)
    given = await prepared(lambda: as_json(virtual_request(exchange)), exchange.request.body, services)
    arguments = (given, session_text(session))
    try:
        text = await call(config.script, "virtual", arguments, exchange, services)
        answer = await understood(virtual_answer, text, services)
        if config.requires_session:
            exchange = await _with_meta_data(exchange, answer.meta_data, services)
    except (CallError, AnswerError, ServiceError) as error:
        return _failed(config, exchange, str(error))
    made = reply(answer.status, answer.body, answer.headers, keep_names=config.script.keep_names)
    return _looped(exchange, answer, made) or Respond(made, exchange=exchange)


async def _with_meta_data(exchange: Exchange, meta_data: Mapping[str, Any], services: Services) -> Exchange:
    """The exchange whose session has what the function gave back. It is kept for the key's next requests."""
    before = exchange.session
    if before is None:
        raise TypeError("there is no session")
    session = with_meta_data(before, meta_data)
    if session is before:
        return exchange
    if not exchange.made_session:
        await services.keep_meta_data(exchange.key, meta_data)
    return replace(exchange, session=session)


def _failed(config: VirtualEndpoint, exchange: Exchange, why: str) -> Outcome:
    detail = f"the function {config.script.name} failed: {why}"
    if config.proxy_on_error:
        return Continue(exchange, failure=f"the request goes to the upstream: {detail}")
    return Reject(Reason.SCRIPT_FAILED, detail=detail, failed=True)


def _looped(exchange: Exchange, answer: VirtualAnswer, made: Response) -> Outcome | None:
    """The loop that a redirect to an API of this gateway is; None for any other answer.

    Differs: the reference gateway answers an empty 200 (test_a_redirect_to_an_api_runs_it).
    """
    location = made.headers.get("Location") if answer.status in _LOOPING else None
    url = None if location is None else _target(location)
    if url is None:
        return None
    # As with a redirect, the query is the target's own.
    first = exchange.first_target or exchange.request.target
    changed = replace(exchange, request=replace(exchange.request, query=url.query), first_target=first)
    return loop_to(changed, url, shown_host=url.authority)


def _target(location: str) -> Url | None:
    try:
        url = parse_url(location)
    except ValueError:
        return None
    return url if url.scheme == "tyk" else None


MIDDLEWARE = Middleware(
    name="virtual_endpoint",
    summary="Answers with what a script makes of the request.",
    config=VirtualEndpoint,
    request=request,
    body=BodyNeed.READ,
)
