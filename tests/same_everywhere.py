"""Whether exchanges of a live gateway come out the same when they are replayed and tried: messages and traces, times apart."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.helpers import TasksInPlace

from lockgate.debugging.recordings import Recorded
from lockgate.debugging.replay import replay
from lockgate.deployment import read_settings, with_wording
from lockgate.exchange import Response
from lockgate.hosts.local_zone import local_zone
from lockgate.hosts.mitm.recordings import read_flows
from lockgate.inspection import SYSTEM, try_request
from lockgate.loading import load
from lockgate.services import Fallbacks, NotRecordedError, Outside, recorded
from lockgate.snapshot import Snapshot
from lockgate.trace_format import to_plain

TIMES = frozenset({"us", "elapsed_us", "upstream_us", "received_at", "generation", "forwarded"})
"""What may be different. A generation tells how often definitions were loaded, ``forwarded`` is the mark of a flow."""
OF_THE_CLIENT = frozenset({"exchange", "client", "part_of"})
"""What a trial has of its own: nobody is connected."""


@dataclass
class Compared:
    """What came of a file of flows."""

    replayed: int = 0
    tried: int = 0
    left_out: int = 0
    """Of APIs that were loaded anew while the gateway ran."""
    unanswered: int = 0
    """That ended before a chain answered them: what the client got is not in the trace."""
    differences: list[str] = field(default_factory=list)


def snapshot_of(definitions: Path, gateway: Path) -> Snapshot:
    """As a gateway makes it that has this process's environment."""
    settings, _ = read_settings(gateway, os.environ)
    loaded, _ = with_wording(load([definitions], settings).definitions, settings)
    return Snapshot(loaded, settings)


def compare_file(flows: Path, snapshot: Snapshot, leave_out: tuple[str, ...] = ()) -> Compared:
    """Replay and try every exchange that a gateway saved.

    Args:
        flows: That it saved.
        snapshot: Of its definitions.
        leave_out: Paths that begin so are not looked at.
    """
    compared = Compared()
    outside = replace(SYSTEM, tasks=TasksInPlace(), zone=local_zone())
    with flows.open("rb") as file:
        asyncio.run(_compare(list(read_flows(file, flows.name)), snapshot, outside, leave_out, compared))
    return compared


async def _compare(
    exchanges: list[Recorded], snapshot: Snapshot, outside: Outside, leave_out: tuple[str, ...], compared: Compared
) -> None:
    for exchange in exchanges:
        if exchange.request.path.startswith(leave_out) or exchange.trace is None:
            compared.left_out += 1
            continue
        live = exchange.trace
        if exchange.answer is None:
            compared.unanswered += 1
            continue
        compared.replayed += 1
        again = to_plain(await replay(snapshot, exchange, outside))
        _note(compared, "replay", exchange, different(live, again, TIMES))
        # A trial needs an answer of the upstream, a whole one.
        if exchange.error or (exchange.upstream_request and not exchange.upstream_response):
            continue
        compared.tried += 1
        given = exchange.upstream_response or Response(200)
        services = recorded(exchange.calls, outside, Fallbacks(exchange.received_at.timestamp(), exchange.id))
        try:
            tried = to_plain(await try_request(snapshot, exchange.request, given, services))
        except NotRecordedError as error:
            _note(compared, "try", exchange, [str(error)])
            continue
        _note(compared, "try", exchange, different(live, tried, TIMES | OF_THE_CLIENT))


def _note(compared: Compared, how: str, exchange: Recorded, found: list[str]) -> None:
    compared.differences += [f"{how} of {exchange.title} ({exchange.source}): {one}" for one in found[:6]]


def different(live: Any, other: Any, ignored: frozenset[str], place: str = "") -> list[str]:
    """Where two plain values differ."""
    if isinstance(live, Mapping) and isinstance(other, Mapping):
        names = [name for name in {**live, **other} if name not in ignored]
        found = [different(live.get(name), other.get(name), ignored, f"{place}/{name}") for name in names]
        return [one for part in found for one in part]
    if isinstance(live, list | tuple) and isinstance(other, list | tuple) and len(live) == len(other):
        pairs = enumerate(zip(live, other, strict=True))
        found = [different(*pair, ignored, f"{place}/{index}") for index, pair in pairs]
        return [one for part in found for one in part]
    if live == other:
        return []
    return [f"{place}: live {_shown(live)}, then {_shown(other)}"]


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:300]
