"""The outside of a trial: nothing of the live gateway's is seen or changed by it, and nobody is called unless asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from lockgate.chain import Observer
from lockgate.debugging.samples import Sample
from lockgate.destinations import Reach, places_of
from lockgate.exchange import Exchange, Request, Response, Upstream, Variables
from lockgate.exchange import replace as changed
from lockgate.inspection import EveryKey
from lockgate.middleware import Continue, Link, Outcome
from lockgate.services import (
    Fallbacks,
    FoundKey,
    HttpCall,
    HttpReply,
    Outside,
    Scripts,
    ServiceError,
    Sessions,
    recorded,
)
from lockgate.stores.memory import MemoryLimits, MemoryStorage, MemoryTurns
from lockgate.trace import Phase, Trace

MOST_ANSWER_BYTES: Final = 16 << 20
"""Of an upstream, where a trial's request is really sent."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a trial may do beside looking."""

    calls: bool = False
    """Scripts and batches may call others, where the definition lets them."""
    send: bool = False
    """What would go upstream goes there."""
    keys: bool = False
    """The keys of the gateway let requests in; nothing of them changes."""


NO_RIGHTS: Final = Rights()


@final
class _Nobody:
    """Sends nothing."""

    async def send(self, _calls: Sequence[HttpCall], _at_once: int, _max_bytes: int) -> Sequence[HttpReply]:
        raise ServiceError("a trial calls nobody unless that is asked for")


_NOBODY: Final = _Nobody()


@final
class _SeenKeys:
    """Keys that are found, and never changed."""

    def __init__(self, live: Sessions) -> None:
        self._live: Final = live

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        return await self._live.find(names)

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Nothing is kept."""


def outside_of(live: Outside, scripts: Scripts, sample: Sample, rights: Rights) -> Outside:
    """The outside of one trial.

    Args:
        live: Of the gateway: its clock, processes and zone are used, and its client where calls are asked for.
        scripts: Runs scripts in limited processes.
        sample: Its session, and the answers that were recorded.
        rights: What was asked for.
    """
    made = Outside(
        clock=live.clock,
        ids=live.ids,
        turns=MemoryTurns(),
        limits=MemoryLimits(live.clock),
        compute=live.compute,
        zone=live.zone,
        tasks=live.tasks,
        scripts=scripts,
        http=live.http if rights.calls else _NOBODY,
        storage=MemoryStorage(live.clock),
    )
    if rights.keys:
        made = replace(made, sessions=_SeenKeys(live.sessions))
    if sample.recorded is not None:
        before = sample.recorded
        again = recorded(before.calls, made, Fallbacks(before.received_at.timestamp(), before.id))
        made = replace(again, storage=made.storage, http=made.http if rights.calls else again.http)
    if sample.session is not None:
        made = replace(made, sessions=EveryKey(sample.session), limits=MemoryLimits(live.clock))
    return made


async def send_upstream(request: Request, upstream: Upstream, live: Outside) -> Response:
    """What the upstream really answers.

    Raises:
        ServiceError: It does not.
    """
    body = request.body
    headers = request.headers.set("Host", request.host) if request.host else request.headers
    call = HttpCall(
        request.method,
        f"{upstream.address}{request.target}",
        headers,
        body if isinstance(body, bytes) else b"",
        upstream.response_timeout_seconds,
        Reach(own=places_of(upstream.host, upstream.port), tls=upstream.tls),
        as_it_is=True,
    )
    (reply,) = await live.http.send((call,), 1, MOST_ANSWER_BYTES)
    if reply.answer is None:
        raise ServiceError(f"{upstream.address}: {reply.error}")
    return Response(reply.answer.status, reply.answer.headers, reply.answer.body)


def given_variables(variables: Variables | None) -> tuple[Observer, ...]:
    """Who puts context variables beside those of the request."""
    return (_GivenVariables(variables),) if variables else ()


@final
class _GivenVariables:
    """Observer and watcher at once: it watches one exchange."""

    name: Final = "sample"

    def __init__(self, variables: Variables) -> None:
        self._variables: Final = variables

    def watch(
        self, links: Sequence[Link], _exchange: Exchange, _phase: Phase, _trace: Trace
    ) -> "_GivenVariables | None":
        return self if any(link.middleware.name == _WRITER for link in links) else None

    def wants_body(self, _links: Sequence[Link], _exchange: Exchange, _phase: Phase) -> bool:
        return False

    def ended(self, _exchange_id: str) -> None:
        pass

    async def before(self, _link: Link, exchange: Exchange) -> Exchange | Outcome:
        return exchange

    async def after(self, link: Link, _exchange: Exchange, outcome: Outcome) -> Outcome:
        if link.middleware.name != _WRITER or not isinstance(outcome, Continue):
            return outcome
        own = outcome.exchange.variables or {}
        return replace(outcome, exchange=changed(outcome.exchange, variables={**own, **self._variables}))


_WRITER: Final = "context_variables"
