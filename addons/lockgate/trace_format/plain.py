"""Traces as plain values: what saved flows carry, and what ``--format json`` prints. With their secrets; see ``masking``."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lockgate.difference import Change, difference
from lockgate.exchange import Body, Headers, NotRead, Request, Response, decode_text, encode_text
from lockgate.services import ServiceCall
from lockgate.trace import Trace, TraceStep

type Plain = dict[str, Any]

SESSIONS: Final = "sessions"
HTTP: Final = "http"
SCRIPT: Final = ("scripts", "run")
"""What calls of services are called."""

WHOLE_BODY_BYTES: Final = 64 * 1024
"""Of a body that changed; larger ones are shown as size and hash."""
KEPT_BODY_BYTES: Final = 1024 * 1024
"""Of messages and of what services answered, so that the exchange can be run again; of larger bodies head, size and hash
are kept."""
HEAD_BYTES: Final = 1024

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def to_plain(trace: Trace) -> Plain:
    """A trace as dicts, lists, text and numbers, with its secrets. See ``masked``."""
    last = trace.steps[-1].after if trace.steps else trace.original
    bodies: _Bodies = {}
    plain: Plain = {
        "exchange": trace.original.id,
        "received_at": trace.original.received_at.isoformat(),
        "client": f"{trace.original.client.address}:{trace.original.client.port}",
        "generation": trace.generation,
        "passes": [
            {"api": p.api_name, "api_id": p.api_id, "version": p.version, "listen_path": p.listen_path,
             "method": _text(p.method), "path": _text(p.path)}
            for p in last.passes
        ],
        "secret_names": sorted(trace.secret_names),
        "original": _request(trace.original.request, bodies),
        "steps": [_step(step) for step in trace.steps],
        "upstream_request": None if trace.upstream_request is None else _request(trace.upstream_request, bodies),
        "upstream_response": None if trace.upstream_response is None else _response(trace.upstream_response, bodies),
        "answer": None if trace.answer is None else _response(trace.answer, bodies),
        "error": _text(trace.error),
        "elapsed_us": round(trace.elapsed_ns / 1000, 1),
        "upstream_us": round(trace.upstream_ns / 1000, 1),
    }  # fmt: skip
    if trace.failure:
        plain["failure"] = trace.failure
    if trace.original.part_of:
        plain["part_of"] = trace.original.part_of
    if trace.paused_ns:
        plain["paused_us"] = round(trace.paused_ns / 1000, 1)
    if trace.secrets:
        # Those of them that it shows: a trace that is handed on has no others in it.
        texts = list(_texts(plain))
        plain["secrets"] = sorted(secret for secret in trace.secrets if any(secret in text for text in texts))
    return plain


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _step(step: TraceStep) -> Plain:
    why = step.why
    return {
        "link": step.link,
        "phase": step.phase.value,
        "pass": step.pass_index,
        "outcome": step.outcome,
        "detail": _text(step.detail),
        "why": {
            "level": why.level.value, "pointer": why.pointer, "entry": why.entry, "pattern": why.pattern,
            "text": _text(why.text), "rule": why.rule,
        },
        "us": round(step.elapsed_ns / 1000, 1),
        "changes": [_change(change) for change in difference(step.before, step.after)],
        "calls": [plain_call(call) for call in step.calls],
    }  # fmt: skip


def plain_call(call: ServiceCall) -> Plain:
    """A call of a service.

    ``exact`` holds arguments and answer once more, as JSON, where they have text that is no UTF-8, or objects whose order
    counts: mitmproxy turns it round with each save.
    """
    arguments, answer = _clean(list(call.arguments)), _clean(call.answer)
    plain = {"service": call.service, "operation": call.operation, "arguments": arguments, "answer": answer}
    ordered = call.service == SESSIONS and isinstance(call.answer, Mapping)
    raw = [list(call.arguments), call.answer]
    if ordered or any(not text.isascii() and _SURROGATE.search(text) for text in _texts(raw)):
        plain["exact"] = json.dumps(raw, default=_exact)
    return plain


def _exact(value: object) -> object:
    return _kept(value) if isinstance(value, bytes) else dict(value) if isinstance(value, Mapping) else str(value)


def _change(change: Change) -> Plain:
    return {
        "message": change.message,
        "part": change.part,
        "name": _text(change.name),
        "before": _value(change.before),
        "after": _value(change.after),
    }


def _value(value: str | bytes | None) -> str | None:
    if isinstance(value, bytes):
        body = _body(value)
        return str(body.get("text", f"{body['size']} bytes, sha256 {body.get('sha256', '')}"))
    return None if value is None else _text(value)


type _Bodies = dict[int, Plain]
"""Of one trace, by identity: a body that no link changed is kept once."""


def _request(request: Request, bodies: _Bodies) -> Plain:
    plain = {
        "method": _text(request.method),
        "target": _text(request.target),
        "host": _text(request.host),
        "scheme": request.scheme,
        "version": _text(request.version),
        "headers": _headers(request.headers),
        "body": _message_body(request.body, bodies),
    }
    texts = {"method": request.method, "target": request.target, "host": request.host}
    return _with_octets(plain, texts, request.headers)


def _response(response: Response, bodies: _Bodies) -> Plain:
    body = _message_body(response.body, bodies)
    plain: Plain = {"status": response.status, "headers": _headers(response.headers), "body": body}
    if response.reason:
        plain["reason"] = _text(response.reason)
    return _with_octets(plain, {"reason": response.reason}, response.headers)


def _with_octets(plain: Plain, texts: Mapping[str, str], headers: Headers) -> Plain:
    """A message with all of its head as bytes too, in base64, where some of it is no UTF-8."""
    fields = [part for field in headers.fields for part in field]
    if all(map(str.isascii, texts.values())) and all(map(bytes.isascii, fields)):
        return plain
    if not any(map(_SURROGATE.search, (*texts.values(), *map(decode_text, fields)))):
        return plain
    octets: Plain = {name: base64.b64encode(encode_text(text)).decode() for name, text in texts.items()}
    octets["headers"] = [[base64.b64encode(part).decode() for part in field] for field in headers.fields]
    return {**plain, "octets": octets}


def _message_body(body: Body, bodies: _Bodies) -> Plain:
    if isinstance(body, NotRead):
        return _body(body)
    known = bodies.get(id(body))
    if known is None:
        known = bodies[id(body)] = _kept(body)
    return known


def _kept(body: bytes) -> Plain:
    """A body, all of it where it is not too large."""
    if len(body) > KEPT_BODY_BYTES:
        return _body(body)
    try:
        return {"size": len(body), "text": body.decode()}
    except UnicodeDecodeError:
        return {**_body(body), "base64": base64.b64encode(body).decode()}


def _headers(headers: Headers) -> list[list[str]]:
    return [[_text(name), _text(value)] for name, value in headers]


def _body(body: Body) -> Plain:
    if isinstance(body, NotRead):
        return {"streamed": True}
    if len(body) <= WHOLE_BODY_BYTES:
        try:
            return {"size": len(body), "text": body.decode()}
        except UnicodeDecodeError:
            pass
    return {
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "head": body[:HEAD_BYTES].decode("utf-8", "replace"),
    }


def _clean(value: Any) -> Any:
    """A plain value whose texts any encoder takes."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bytes):
        return _kept(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list | tuple) else value


def _text(text: str) -> str:
    """Text of the wire as text that any encoder takes."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
