"""mitmproxy's flow files as recordings, and its filter expressions over recordings of any kind.

A flow that went through this gateway carries its trace, which gives the exchange as the client sent it and all that
services answered. One that another mitmproxy recorded gives a request and the upstream's answer.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from mitmproxy import connection, exceptions, flowfilter, http
from mitmproxy.io import compat, tnetstring

from lockgate.debugging.recordings import (
    OnUnusable,
    Recorded,
    RecordingError,
    Unusable,
    give_up,
    recorded_of_plain,
)
from lockgate.exchange import NO_HEADERS, NotRead, Request, Response, encode_text
from lockgate.hosts.mitm.flow_files import FlowFileError, flows_of, member
from lockgate.hosts.mitm.messages import new_request, new_response, to_client, to_request, to_response
from lockgate.hosts.mitm.views import METADATA
from lockgate.trace_format import summary

_NOBODY: Final = ("127.0.0.1", 0)


def read_flows(file: BinaryIO, source: str, told: OnUnusable = None) -> Iterator[Recorded]:
    """The HTTP exchanges of a flow file, in its order.

    Args:
        file: As mitmproxy's ``save_stream_file`` and ``Save`` write it.
        source: Its name.
        told: What is told of flows that are no HTTP, and of broken ones. Without it the former are passed over.

    Raises:
        RecordingError: It is no flow file, or it breaks off; flows before the fault were given.
    """
    number = 0
    try:
        for flow in flows_of(file):
            number += 1
            yield from _of_written(flow, f"{source}, flow {number}", told)
    except FlowFileError as error:
        where = f" after flow {number}" if number else ""
        raise RecordingError(f"{source}: expected flows as mitmproxy saves them{where}: {error}") from None


def _of_written(written: bytes, place: str, told: OnUnusable) -> Iterator[Recorded]:
    try:
        found = _read(written, place)
    except RecordingError as error:
        give_up(told, place, str(error).removeprefix(f"{place}: "))
        return
    except Exception as error:  # noqa: BLE001 - mitmproxy's reading of a state raises whatever it meets
        give_up(told, place, f"expected a flow as mitmproxy saves it, found {_said(error)}")
        return
    if isinstance(found, Recorded):
        yield found
    elif told is not None:
        told(Unusable(place, found, is_exchange=False))


def _said(error: Exception) -> str:
    if isinstance(error, exceptions.FlowReadException | FlowFileError) and str(error):
        return str(error)
    return f"no {error}" if isinstance(error, KeyError) else "a part of another kind"


def _read(written: bytes, place: str) -> Recorded | str:
    """The exchange, or what the flow is instead."""
    metadata = member(written, "metadata")
    plain = metadata.get(METADATA) if isinstance(metadata, dict) else None
    if isinstance(plain, dict):
        return recorded_of_plain(plain, place)
    state: dict[str, Any] = compat.migrate_flow(tnetstring.loads(written))  # type: ignore[assignment, arg-type]
    kind = state["type"]
    if kind != "http":
        return f"a flow of {kind}"
    flow = http.HTTPFlow.from_state(state)
    if not isinstance(flow, http.HTTPFlow):
        return f"a flow of {kind}"
    return "a tunnel" if flow.request.method == "CONNECT" else recorded_of_flow(flow, place)


def recorded_of_flow(flow: http.HTTPFlow, source: str) -> Recorded:
    """One flow, live or loaded."""
    plain = flow.metadata.get(METADATA)
    if isinstance(plain, dict):
        return recorded_of_plain(plain, source)
    request, response = flow.request, flow.response
    asked = to_request(request, request.scheme, body_follows=request.raw_content is None)
    came = None if response is None else to_response(response, body_follows=response.raw_content is None)
    missing = []
    for name, message in (("request", asked), ("upstream's answer", came)):
        if message is not None and isinstance(message.body, NotRead):
            missing.append(f"the body of the {name}, which was not kept")
    return Recorded(
        request=asked,
        id=flow.id,
        received_at=datetime.fromtimestamp(request.timestamp_start or 0, UTC),
        client=to_client(flow.client_conn.peername),
        upstream_response=came,
        by_gateway=False,
        source=source,
        missing=tuple(missing),
    )


def matching(expression: str) -> Callable[[Recorded], bool]:
    """Whether a recording is one that a filter expression of mitmproxy's finds.

    Requests are looked at as the client sent them, responses as it got them (of recordings of others: as they came).

    Raises:
        ValueError: It is no expression.
    """
    try:
        found = flowfilter.parse(expression)
    except ValueError as error:
        raise ValueError(f"expected a filter expression, found {expression!r}: {error}") from None

    def matches(recorded: Recorded) -> bool:
        return bool(found(_flow_of(recorded)))

    return matches


def _flow_of(recorded: Recorded) -> http.HTTPFlow:
    client = recorded.client
    peer = (client.address, client.port) if client.address else _NOBODY
    flow = http.HTTPFlow(
        connection.Client(peername=peer, sockname=_NOBODY, timestamp_start=recorded.received_at.timestamp()),
        connection.Server(address=None),
    )
    flow.request = _request(recorded.request)
    response = recorded.answer if recorded.by_gateway else recorded.upstream_response
    if response is not None:
        flow.response = _response(response)
    if recorded.trace is not None:
        flow.comment = summary(recorded.trace)
    return flow


def _request(request: Request) -> http.Request:
    host = encode_text(request.host)
    fields = ((b"Host", host), *request.headers.fields)
    target = encode_text(request.target)
    made = new_request(encode_text(request.method), host, target, encode_text(request.version), fields)
    made.data.scheme = request.scheme.encode()
    made.data.host, made.data.port = request.host.rpartition(":")[0] or request.host, 80
    made.data.content = b"" if isinstance(request.body, NotRead) else request.body
    return made


def _response(response: Response) -> http.Response:
    made = new_response(b"HTTP/1.1", response.status, b"", (response.headers or NO_HEADERS).fields)
    made.data.content = b"" if isinstance(response.body, NotRead) else response.body
    return made
