"""Keys for tests: an outside that knows some, and counts with a clock that the test moves."""

import asyncio
import json
from typing import Any

from tests.apis import oas
from tests.helpers import NEW_ID, make_request

from lockgate.exchange import Headers, Response
from lockgate.identity.keys import handle_of
from lockgate.identity.sessions import completed, session_document
from lockgate.inspection import try_request
from lockgate.services import FoundKey, Outside, ServiceError, Taken
from lockgate.session import Session
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits
from lockgate.trace import Trace

NOW = 1_800_000_000.0
CREATED = "2026-01-02T03:04:05Z"


class Clock:
    """Stands until the test moves it."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def new_id(self) -> str:
        return NEW_ID

    def next_turn(self, name: str, count: int) -> int:
        return 0


def make_session(**fields: Any) -> Session:
    """A session from what is posted for it."""
    return Session.of(completed(session_document(json.dumps(fields).encode()), NOW, CREATED))


class World:
    """An outside with keys."""

    def __init__(self, **sessions: Any) -> None:
        """Know these keys, each with the fields of its session."""
        self.clock = Clock()
        self.keys = MemoryKeys()
        self.limits = MemoryLimits(self.clock)
        for name, fields in sessions.items():
            self.add(name, **fields)

    def add(self, name: str, **fields: Any) -> None:
        asyncio.run(self.keys.keep(handle_of(name), name, make_session(**fields)))

    @property
    def outside(self) -> Outside:
        clock = self.clock
        return Outside(clock=clock, ids=clock, turns=clock, sessions=self.keys, limits=self.limits)

    def ask(
        self,
        of: Snapshot,
        url: str = "/api/x",
        headers: tuple[tuple[str, str], ...] = (),
        method: str = "GET",
        outside: Outside | None = None,
    ) -> Trace:
        """One request through a snapshot."""
        return asyncio.run(self.asked(of, url, headers, method, outside))

    async def asked(
        self,
        of: Snapshot,
        url: str = "/api/x",
        headers: tuple[tuple[str, str], ...] = (),
        method: str = "GET",
        outside: Outside | None = None,
    ) -> Trace:
        """The same, where an event loop runs."""
        given = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")
        return await try_request(of, make_request(method, url, headers), given, outside or self.outside)


class Broken:
    """A store that does not answer."""

    async def find(self, names: Any) -> FoundKey | None:
        raise ServiceError("the store is away")

    async def take(self, limits: Any) -> Taken:
        raise ServiceError("the store is away")


def keyed(
    operations: dict[str, dict[str, Any]] | None = None, *, strip: bool = False, org_id: str = "", **parts: Any
) -> dict[str, Any]:
    """An OAS document whose API asks for a key in X-Key."""
    document = oas(operations, **parts)
    document["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    document["security"] = [{"key": []}]
    extension = document["x-tyk-api-gateway"]
    extension["info"]["orgId"] = org_id
    extension["server"]["authentication"] = {
        "enabled": True,
        "stripAuthorizationData": strip,
        "securitySchemes": {"key": {"enabled": True}},
    }
    return document


def status_of(trace: Trace) -> int:
    assert trace.answer is not None
    return trace.answer.status


def sent_headers(trace: Trace) -> list[tuple[str, str]]:
    """What the upstream got, without what forwarding adds."""
    assert trace.upstream_request is not None
    return list(trace.upstream_request.headers.remove("User-Agent", "X-Forwarded-For"))


def link_names(trace: Trace) -> list[str]:
    return [step.link for step in trace.steps]
