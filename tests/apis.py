"""Definitions and snapshots for tests: an OAS document from the parts that a test is about."""

import asyncio
import json
from typing import Any

from tests.helpers import FixedOutside, ScriptsInPlace, TasksInPlace, make_request

from lockgate.exchange import Headers, Request, Response
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.services import Outside
from lockgate.settings import Settings, load_settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

UPSTREAM = "http://upstream.test:8000"


def settings(**values: Any) -> Settings:
    """Settings from tyk.conf's names; a setting that is not clean fails the test."""
    made, problems = load_settings(json.dumps(values), "gateway.json", {})
    assert problems == ()
    return made


def oas(
    operations: dict[str, dict[str, Any]] | None = None,
    *,
    name: str = "pets",
    listen: str = "/api/",
    upstream: str = UPSTREAM,
    strip: bool = True,
    internal: bool = False,
    **middleware_global: Any,
) -> dict[str, Any]:
    """An OAS document.

    Args:
        operations: Middleware by "METHOD /path"; each becomes an operation of the document.
        name: Of the API, and its id.
        listen: Listen path.
        upstream: URL.
        strip: Whether the listen path is cut off.
        internal: Not routed.
        middleware_global: Sections of ``middleware.global``.
    """
    paths: dict[str, Any] = {}
    by_id: dict[str, Any] = {}
    for number, (operation, sections) in enumerate((operations or {}).items()):
        method, path = operation.split(" ", 1)
        parameters = [
            {"name": part.partition("}")[0], "in": "path", "required": True, "schema": {"type": "string"}}
            for part in path.split("{")[1:]
        ]
        paths.setdefault(path, {})[method.lower()] = {
            "operationId": f"op{number}",
            "parameters": parameters,
            "responses": {"200": {"description": "done"}},
        }
        by_id[f"op{number}"] = sections
    return {
        "openapi": "3.0.3",
        "info": {"title": name, "version": "1"},
        "paths": paths,
        "x-tyk-api-gateway": {
            "info": {"name": name, "id": name, "state": {"active": True, "internal": internal}},
            "upstream": {"url": upstream},
            "server": {"listenPath": {"value": listen, "strip": strip}},
            "middleware": {"global": middleware_global, "operations": by_id},
        },
    }


def snapshot(*documents: dict[str, Any], problems: tuple[str, ...] = (), **gateway: Any) -> Snapshot:
    """A snapshot of documents; a problem whose code is not among ``problems`` fails the test."""
    made = settings(**gateway)
    definitions = []
    for number, document in enumerate(documents):
        loaded = load_text(json.dumps(document), f"{number}.json", made)
        assert [str(problem) for problem in loaded.problems if problem.code not in problems] == []
        definitions += loaded.definitions
    return Snapshot(definitions, made)


def tried(
    of: Snapshot,
    method: str = "GET",
    url: str = "/api/",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    answer: Response | None = None,
) -> Trace:
    """One request through a snapshot, as ``lockgate try`` sends it."""
    given = answer or Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")
    return tried_request(of, make_request(method, url, headers, body), given)


def tried_request(of: Snapshot, request: Request, given: Response) -> Trace:
    fixed = FixedOutside()
    outside = Outside(clock=fixed, ids=fixed, turns=fixed, tasks=TasksInPlace(), scripts=ScriptsInPlace())
    return asyncio.run(try_request(of, request, given, outside))
