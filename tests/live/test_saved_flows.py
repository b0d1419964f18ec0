"""Flows that a gateway saves: everything to run their exchanges again, bodies that streamed past included."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from tests.apis import oas, snapshot
from tests.helpers import TasksInPlace
from tests.same_everywhere import TIMES, different

from lockgate.debugging.recordings import Recorded
from lockgate.debugging.replay import not_recorded, replay
from lockgate.exchange import NOT_READ
from lockgate.hosts.mitm.recordings import read_flows
from lockgate.inspection import SYSTEM
from lockgate.trace_format import KEPT_BODY_BYTES, to_plain

SECONDS = 20.0


def read(path: Path) -> list[Recorded]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        return list(read_flows(file, path.name))


async def saved(path: Path, count: int) -> list[Recorded]:
    """The flows of a file, once there are so many."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = read(path)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"there are no {count} flows in {path}")


def document(upstream: str, **sections):
    return oas({"POST /x": sections, "GET /long": {}}, upstream=upstream)


async def test_what_is_saved_can_be_run_again(start, upstream, tmp_path):
    @upstream.on("/x")
    async def _(call):
        await call.read_body()
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await call.send(b'5\r\n{"a":\r\n4\r\n 42}\r\n0\r\n\r\n')

    @upstream.on("/long")
    async def _(call):
        await call.answer(b"x" * (KEPT_BODY_BYTES + 1), "200 OK", "Content-Type: text/plain")

    written = document(upstream.url)
    file = tmp_path / "saved"
    gateway = await start(documents=[written], options={"save_stream_file": str(file)})
    connection = await gateway.connect()
    await connection.send(b"POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await connection.send(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    head = await connection.head()
    assert head.headers["transfer-encoding"] == "chunked"
    assert await connection.chunk() + await connection.chunk() + await connection.chunk() == b'{"a": 42}'
    assert len((await gateway.get("/api/long")).body) == KEPT_BODY_BYTES + 1

    streamed, long = await saved(file, 2)

    assert (streamed.request.body, streamed.upstream_request.body) == (b"onetwo", b"onetwo")
    assert (streamed.upstream_response.body, streamed.answer.body) == (b'{"a": 42}', b'{"a": 42}')
    assert streamed.missing == ()
    assert long.upstream_response.body is NOT_READ
    assert long.missing == ("the body of the upstream's answer, which nobody read",)

    outside = replace(SYSTEM, tasks=TasksInPlace())
    for recorded in (streamed, long):
        assert different(recorded.trace, to_plain(await replay(snapshot(written), recorded, outside)), TIMES) == []
    # What a new link needs is there, unless it was too long to be kept.
    template = {"transformResponseBody": {"enabled": True, "format": "json", "body": "e3sgLmEgfX0="}}
    changed = snapshot(document(upstream.url, **template))
    assert (await replay(changed, streamed, outside)).answer.body == b"42"
    changed = snapshot(oas({"GET /long": template}, upstream=upstream.url))
    assert not_recorded(await replay(changed, long, outside)) == long.missing[0]
