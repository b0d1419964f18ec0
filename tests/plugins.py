"""APIs with plugins in JavaScript, for tests."""

import base64
import json
from typing import Any

from tests.apis import oas
from tests.helpers import FixedOutside, ScriptsInPlace, make_request

from lockgate.exchange import Headers, Response
from lockgate.identity.keys import handle_of
from lockgate.identity.sessions import completed, session_document
from lockgate.inspection import try_request
from lockgate.services import Outside
from lockgate.session import Session
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits
from lockgate.trace import Trace

GIVEN = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")


def blob(text: str) -> str:
    """A script as a definition holds it."""
    return base64.b64encode(text.encode()).decode()


def plugin(body: str, name: str = "handler", **more: Any) -> dict[str, Any]:
    """An entry of an OAS list: a plugin whose function has ``body``, and returns the request unless it does itself."""
    text = (
        f"var {name} = new TykJS.TykMiddleware.NewMiddleware({{}});\n"
        f"{name}.NewProcessRequest(function(request, session, config) {{ {body}\n"
        f"return {name}.ReturnData(request, {{}}); }});"
    )
    return {"enabled": True, "functionName": name, "code": blob(text), **more}


def response_plugin(body: str, name: str = "polish") -> dict[str, Any]:
    """The same, for responses."""
    text = (
        f"var {name} = new TykJS.TykMiddleware.NewMiddleware({{}});\n"
        f"{name}.NewProcessResponse(function(response, request, session, config) {{ {body}\n"
        f"return {name}.ReturnResponseData(response, {{}}); }});"
    )
    return {"enabled": True, "functionName": name, "code": blob(text)}


def scripted(operations: dict[str, Any] | None = None, **middleware_global: Any) -> dict[str, Any]:
    """An OAS document with plugins of driver otto."""
    config = {"driver": "otto", **middleware_global.pop("pluginConfig", {})}
    return oas(operations or {"GET /o": {}, "POST /o": {}}, pluginConfig=config, **middleware_global)


def with_keys(document: dict[str, Any], *, strip: bool = False) -> dict[str, Any]:
    """The document, asking for keys in X-Key."""
    document["security"] = [{"key": []}]
    document["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    document["x-tyk-api-gateway"]["server"]["authentication"] = {
        "enabled": True,
        "stripAuthorizationData": strip,
        "securitySchemes": {"key": {"enabled": True}},
    }
    return document


def with_check(document: dict[str, Any], body: str, **custom: Any) -> dict[str, Any]:
    """The document, with an authentication plugin."""
    server = document["x-tyk-api-gateway"]["server"]
    before = server.get("authentication", {"enabled": True})
    server["authentication"] = {**before, "custom": {"enabled": True, "config": plugin(body, "check"), **custom}}
    return document


async def kept_keys(**keys: dict[str, Any]) -> MemoryKeys:
    """A store with keys."""
    store = MemoryKeys()
    for name, document in keys.items():
        session = Session.of(completed(session_document(json.dumps(document).encode()), 0.0, ""))
        await store.keep(handle_of(name), name, session)
    return store


async def passed(
    of: Snapshot,
    method: str = "GET",
    url: str = "/api/o",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    *,
    keys: MemoryKeys | None = None,
    limits: MemoryLimits | None = None,
    given: Response = GIVEN,
) -> Trace:
    """One request through a snapshot, with scripts, keys and counts."""
    fixed = FixedOutside()
    outside = Outside(
        clock=fixed,
        ids=fixed,
        turns=fixed,
        scripts=ScriptsInPlace(),
        sessions=keys or MemoryKeys(),
        limits=limits or MemoryLimits(fixed),
    )
    return await try_request(of, make_request(method, url, headers, body), given, outside)


def error_of(trace: Trace) -> tuple[int, str]:
    """Status and message of an error reply."""
    assert trace.answer is not None
    assert isinstance(trace.answer.body, bytes)
    return trace.answer.status, json.loads(trace.answer.body)["error"]
