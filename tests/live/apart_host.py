"""A host that delivers headers and body apart, as Envoy's external processing does: headers first, then the body to
whom asked for it. It has no connection of a client; its upstream is real.
"""

import asyncio
from datetime import UTC, datetime

from lockgate.engine import begin, begin_response, run_request, run_response
from lockgate.exchange import NOT_READ, Exchange, Headers, NotRead, Request, Response, Upstream
from lockgate.inspection import SYSTEM
from lockgate.snapshot import Snapshot


async def serve(snapshot: Snapshot, request: Request, body: bytes) -> Response:
    """Answer one request.

    Args:
        snapshot: Definitions.
        request: Its headers; the body comes apart.
        body: Handed to the chain only if it asks for it.
    """
    message = Request(
        request.method, request.path, request.query, request.headers, NOT_READ if body else b"", request.host
    )
    run = begin(snapshot, SYSTEM, Exchange("apart", datetime.now(UTC), message))
    if not run.answered:
        await run_request(run, body if run.needs_request_body else message.body)
    if run.waits_for_body:
        await run_request(run, body)
    if not run.answered:
        assert run.upstream is not None
        sent = run.exchange.request
        head, reader, writer = await call(run.upstream, sent, body if isinstance(sent.body, NotRead) else sent.body)
        begin_response(run, head)
        asked = run.needs_response_body
        answered = await read_body(reader, head)
        writer.close()
        await run_response(run, answered if asked else NOT_READ)
        if not asked:
            return Response(run.exchange.response.status, run.exchange.response.headers, answered)
    assert run.exchange.response is not None
    return run.exchange.response


async def call(
    upstream: Upstream, request: Request, body: bytes
) -> tuple[Response, asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(upstream.host, upstream.port)
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.host}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() != "content-length"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body)
    first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape").split("\r\n")
    pairs = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields if field)]
    return Response(int(first.split(" ")[1]), Headers.of(*pairs), NOT_READ), reader, writer


async def read_body(reader: asyncio.StreamReader, head: Response) -> bytes:
    return await reader.readexactly(int(head.headers.get("content-length") or 0))
