"""Answer several requests in one: an endpoint of the gateway's own, within the listen path of an API.

Each part comes in anew, by the gateway's own address, and passes its whole chain: what a client may not do by itself it
may not do in a batch, and what is counted counts. The batch itself asks for no credentials.

Source: behaviour-scripting 4.11; js-batch-http-endpoint.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.destinations import Reach
from lockgate.documents.json import JsonError, decode_first
from lockgate.exchange import TOKEN_CHARACTERS, Exchange, Headers, NotRead, Response, canonical, decode_text
from lockgate.middleware import BodyNeed, Middleware, Outcome, Respond
from lockgate.scripting.host_calls import batch_of, batch_text
from lockgate.scripting.reading import AnswerError
from lockgate.services import HttpCall, ServiceError, Services, Within
from lockgate.urls import encode_path, parse_url

PATH: Final = "tyk/batch/"
"""Behind the listen path."""
SECONDS: Final = 120.0
"""For one part: the API's own time limits are shorter."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a batch as it is sent."""

_READ_HERE: Final = 64 * 1024
"""Bytes that are read on the event loop."""
_WHO: Final = ("X-Forwarded-For", "X-Real-Ip")
"""Headers that say for whom a request comes: they are those of the batch."""
_MALFORMED: Final = "Batch request malformed"
_NOT_MADE: Final = "Batch request creation failed , request structure malformed"


@dataclass(frozen=True, slots=True)
class Batch:
    """Configuration of ``batch``."""

    reach: Reach
    """Where redirects may lead that leave the gateway."""
    most: int = 100
    """Requests in one batch; one more refuses it."""
    at_once: int = 20
    """Of them, those that are under way at the same time, unless the client wants one after the other."""
    max_bytes: int = 8 * 1024 * 1024
    """Of all answers together; a part whose answer is more than is left fails."""


async def request(config: Batch, exchange: Exchange, services: Services) -> Outcome:
    """Have every part answered, and answer."""
    message = exchange.request
    if message.method != "POST":
        return Respond(Response(200), finish=True)
    if isinstance(message.body, NotRead):
        raise TypeError("the body was not read")
    # Differs: the reference gateway has no limits, and takes batches of batches
    # (test_a_batch_within_a_batch_is_refused, test_more_parts_than_there_may_be).
    if exchange.part_of:
        return _refused("Batch request within a batch request")
    if len(message.body) > MOST_BYTES:
        return _refused("Batch request too large")
    body = message.body
    try:
        asked = _read(body) if len(body) <= _READ_HERE else await services.compute(lambda: _read(body))
    except (JsonError, AnswerError):
        return _refused(_MALFORMED)
    parts = asked["requests"]
    if len(parts) > config.most:
        return _refused(f"Batch request has {len(parts)} requests, and no more than {config.most} are allowed")
    try:
        calls = tuple(_call(part, config, exchange) for part in parts)
    except ValueError:
        return _refused(_NOT_MADE)
    at_once = 1 if asked["suppress_parallel_execution"] else config.at_once
    try:
        replies = await services.send(calls, at_once, config.max_bytes) if calls else ()
    except ServiceError as error:
        return _refused(f"Batch request failed: {error}", 500)
    return _answer(200, batch_text(replies, [part["relative_url"] for part in parts]))


def _read(body: bytes) -> Mapping[str, Any]:
    """The batch in a body; what stands behind it does not count.

    Raises:
        JsonError: It is no JSON.
        AnswerError: It is no batch.
    """
    _, end = decode_first(body)
    return batch_of(decode_text(body[:end]))


def _call(part: Mapping[str, Any], config: Batch, exchange: Exchange) -> HttpCall:
    """One part, as a request to this gateway.

    Raises:
        ValueError: It cannot be sent.
    """
    method = part["method"] or "GET"
    if not TOKEN_CHARACTERS.issuperset(method.encode()):
        raise ValueError("it is no method")
    message = exchange.request
    prefix = encode_path(exchange.current_pass.path.removesuffix(PATH))
    # Differs: the reference gateway doubles the slash, and then follows its own redirect with GET
    # (test_a_slash_in_front_of_a_part_is_none).
    url = parse_url(prefix + part["relative_url"].lstrip("/"))
    query = "" if url.query is None else f"?{url.query}"
    headers = Headers()
    for name, value in part["headers"].items():
        headers = headers.set(canonical(name), value)
    for name in _WHO:
        headers = headers.remove(name)
        for value in message.headers.get_all(name):
            headers = headers.add(name, value)
    return HttpCall(
        method,
        url.raw_path + query,
        headers.set("Host", message.host),
        part["body"].encode(),
        SECONDS,
        config.reach,
        Within(exchange.id, exchange.client, message.scheme),
    )


def _refused(message: str, status: int = 400) -> Outcome:
    return _answer(status, json.dumps({"status": "error", "message": message}, separators=(",", ":")))


def _answer(status: int, text: str) -> Outcome:
    headers = Headers.of(("Content-Type", "application/json"))
    return Respond(Response(status, headers, f"{text}\n".encode()), finish=True)


MIDDLEWARE = Middleware(
    name="batch",
    summary="Answers several requests in one.",
    config=Batch,
    request=request,
    body=BodyNeed.READ,
)
