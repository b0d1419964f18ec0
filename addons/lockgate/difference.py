"""What changed between two states of an exchange: for the trace, and for hosts that send edits."""

from collections.abc import Iterator
from dataclasses import dataclass

from lockgate.exchange import Body, Exchange, Headers, NotRead, Request, Response, Tracking, decode_text


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is no longer as it was."""

    part: str
    """method, url, host, header, body, status, variable, or a field of the exchange."""
    before: str | bytes | None
    """None: it was not there."""
    after: str | bytes | None
    """None: it is gone."""
    name: str = ""
    """Of the header or variable."""
    message: str = "request"
    """request, response or exchange."""


def difference(before: Exchange, after: Exchange) -> tuple[Change, ...]:
    """Every change from ``before`` to ``after``, request first, in the order of the wire."""
    if before is after:
        return ()
    return (
        *_request_changes(before.request, after.request),
        *_response_changes(before.response, after.response),
        *_fact_changes(before, after),
    )


def _request_changes(before: Request, after: Request) -> Iterator[Change]:
    if before is after:
        return
    if before.method != after.method:
        yield Change("method", before.method, after.method)
    if before.target != after.target:
        yield Change("url", before.target, after.target)
    if before.host != after.host:
        yield Change("host", before.host, after.host)
    yield from header_changes(before.headers, after.headers, "request")
    yield from _body_changes(before.body, after.body, "request")


def _response_changes(before: Response | None, after: Response | None) -> Iterator[Change]:
    if before is after or after is None:
        return
    if before is None:
        yield Change("status", None, str(after.status), message="response")
        before = Response(after.status)
    elif before.status != after.status:
        yield Change("status", str(before.status), str(after.status), message="response")
    yield from header_changes(before.headers, after.headers, "response")
    yield from _body_changes(before.body, after.body, "response")


def header_changes(before: Headers, after: Headers, message: str) -> Iterator[Change]:
    """One change for each name whose values differ; several values are joined by ", "."""
    if before.fields == after.fields:
        return
    old, new = _by_name(before), _by_name(after)
    for key, (name, values) in old.items():
        now = new.get(key)
        if now is None:
            yield Change("header", ", ".join(values), None, name, message)
        elif now[1] != values:
            yield Change("header", ", ".join(values), ", ".join(now[1]), now[0], message)
    for key, (name, values) in new.items():
        if key not in old:
            yield Change("header", None, ", ".join(values), name, message)


def _by_name(headers: Headers) -> dict[bytes, tuple[str, list[str]]]:
    found: dict[bytes, tuple[str, list[str]]] = {}
    for name, value in headers.fields:
        found.setdefault(name.lower(), (decode_text(name), []))[1].append(decode_text(value))
    return found


def _body_changes(before: Body, after: Body, message: str) -> Iterator[Change]:
    if before is after or isinstance(before, NotRead) or isinstance(after, NotRead) or before == after:
        return
    yield Change("body", before, after, message=message)


def _fact_changes(before: Exchange, after: Exchange) -> Iterator[Change]:
    if before.key != after.key:
        yield Change("key", before.key or None, after.key or None, message="exchange")
    for field in ("ignored", "rewritten", "to_method"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Change(field, _text(old), _text(new), message="exchange")
    if before.tracking != after.tracking:
        yield Change("tracking", _tracking(before.tracking), _tracking(after.tracking), message="exchange")
    if before.variables is not after.variables:
        old_variables, new_variables = before.variables or {}, after.variables or {}
        for name, value in new_variables.items():
            if name not in old_variables:
                yield Change("variable", None, _text(value), name, "exchange")
            elif old_variables[name] != value:
                yield Change("variable", _text(old_variables[name]), _text(value), name, "exchange")


def _tracking(tracking: Tracking | None) -> str | None:
    if tracking is None:
        return None
    return "not recorded" if tracking.never else f"recorded as {tracking.path}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
