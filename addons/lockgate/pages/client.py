"""The pages' data from outside: what ``lockgate again`` says to a running gateway, and how it says what came of it."""

import http.client
import json
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from lockgate.trace_format import Plain, printable

TIMEOUT_SECONDS: Final = 90.0
_OK: Final = 200
_LONGEST: Final = 200
"""Characters of a value that are shown."""
_LED_IN: Final = 40
"""Of them, before what differs."""
_NAMES: Final = {
    "request": "request",
    "upstream_request": "upstream request",
    "upstream_response": "upstream's answer",
    "answer": "answer",
}
_KINDS: Final = {"line": "", "header": "header ", "value": "body ", "text": "body line ", "body": ""}


class AgainFailedError(RuntimeError):
    """The gateway could not be reached, or the request did not run to its end; the message says which."""


def run_again(web: tuple[str, int], token: str, exchange: str, query: Sequence[tuple[str, str]] = ()) -> Plain:
    """Have a gateway run the request of an exchange again.

    Args:
        web: Host and port of its mitmweb.
        token: Its password.
        exchange: Id, or "last" for the newest one that is over.
        query: What does not count: ``off``, ``ignore`` and ``values``.

    Returns:
        The answer of ``/lockgate/api/exchanges/ID/again``, with a comparison.

    Raises:
        AgainFailedError: It could not be reached, it refused, or the new exchange is not over.
    """
    host, port = web
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    told = _post(web, where, f"/lockgate/api/exchanges/{quote(exchange, '')}/again?{urlencode(query)}", token)
    try:
        after, compared = str(told["after"]), told["comparison"]
    except KeyError:
        raise AgainFailedError(f"what answers on {where} is no Lockgate") from None
    told["address"] = f"http://{where}{told['address']}"
    if told["paused"]:
        raise AgainFailedError(f"the new exchange stands at a breakpoint: http://{where}/lockgate/pauses/{after}")
    if not told["over"]:
        raise AgainFailedError(f"the new exchange is not over yet: {told['address']}")
    if compared is None:
        raise AgainFailedError(f"the new exchange {after} was forgotten before it could be looked at")
    return told


def _post(web: tuple[str, int], where: str, target: str, token: str) -> Plain:
    connection = http.client.HTTPConnection(*web, timeout=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", target, b"{}", headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise AgainFailedError(f"no mitmweb answers on {where}: {error}") from None
    finally:
        connection.close()
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if answer.status != _OK:
        said = value.get("error") if isinstance(value, dict) else None
        raise AgainFailedError(f"{where} answered {answer.status}: {said or body[:200].decode('utf-8', 'replace')}")
    if not isinstance(value, dict):
        raise AgainFailedError(f"what answers on {where} is no Lockgate")
    return value


def lines_of(told: Plain) -> Iterator[str]:
    """What came of it, for people.

    Args:
        told: As ``run_again`` gave it.
    """
    compared = told["comparison"]
    before, after = compared["before"], compared["after"]
    lines = {row["name"]: row["before"] for row in compared["messages"][0]["rows"] if row["kind"] == "line"}
    yield printable(f"{lines.get('method')} {lines.get('target')}: {_status(before)}, now {_status(after)}")
    yield f"exchange {before['id']}, now {after['id']}; definitions {before['generation']}, now {after['generation']}"
    for message in compared["messages"]:
        for row in message["rows"]:
            if not row["same"] and not row["ignored"]:
                yield printable(f"  {_NAMES[message['name']]} {_KINDS[row['kind']]}{row['name']}: {_change(row)}")
    for step in compared["steps"]:
        if step["after"] is None:
            yield f"  step {step['before']['link']}: ran before, not now"
        elif step["before"] is None:
            yield f"  step {step['after']['link']}: runs now, not before"
    count, apart = compared["different"], compared["ignored"]
    yield f"{count} difference{'s' * (count != 1)}" + (f", {apart} not counted" if apart else "")
    yield told["address"]


def _status(exchange: Plain) -> str:
    return "no answer" if exchange["status"] is None else str(exchange["status"])


def _change(row: Plain) -> str:
    before, after = row["before"], row["after"]
    if before is None:
        return f"now {_from(after, 0)}"
    if after is None:
        return f"gone, was {_from(before, 0)}"
    if before == after:
        return f"was {_from(before, 0)}, now another one"
    start = max(0, _equal(before, after) - _LED_IN) if max(len(before), len(after)) > _LONGEST else 0
    return f"was {_from(before, start)}, now {_from(after, start)}"


def _equal(one: str, other: str) -> int:
    """How many characters at the beginning are equal."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )


def _from(text: str, start: int) -> str:
    end = start + _LONGEST
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"
