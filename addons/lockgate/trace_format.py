"""Traces for people and for files: plain values, and text. Secrets are masked here, where a trace leaves the process.

The plain form is what saved flows carry and what ``--format json`` prints; the text is made from the plain form, so that
a trace read from a file looks like a live one.
"""

import base64
import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote_plus

from lockgate.difference import Change, difference
from lockgate.exchange import Body, Headers, NotRead, Request, Response, decode_text, encode_text
from lockgate.script_format import masked_script, script_lines
from lockgate.services import ServiceCall
from lockgate.trace import LeftOut, Level, Phase, Trace, TraceStep

type Plain = dict[str, Any]

WHOLE_BODY_BYTES: Final = 64 * 1024
"""Of a body that changed; larger ones are shown as size and hash."""
KEPT_BODY_BYTES: Final = 1024 * 1024
"""Of messages and of what services answered, so that the exchange can be run again; of larger bodies head, size and hash
are kept."""
HEAD_BYTES: Final = 1024
MASK: Final = "•••"

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SECRET_NAME: Final = re.compile(
    r"authori[sz]ation|cookie|api[-_]?key|access[-_]?key|token|secret|passw|credential|signature|session", re.IGNORECASE
)
_WIDTH: Final = 18
_GOING_ON: Final = ("continue", "failed", "forward", "edited")
"""Outcomes of steps that did not end anything."""
_SESSIONS: Final = "sessions"
_HTTP: Final = "http"
_SCRIPT: Final = ("scripts", "run")
_SHORTEST_KEY: Final = 4
"""In characters; a shorter text that was looked up is no key, and stands in other words."""
_SHORTEST_PRESENTED: Final = 8
"""Likewise of what stood where credentials stand, and was not looked up."""


def is_secret(name: str) -> bool:
    """Whether what a header, parameter or variable of this name holds is not to be shown."""
    return _SECRET_NAME.search(name) is not None and not name.lower().startswith("access-control-")


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
    ordered = call.service == _SESSIONS and isinstance(call.answer, Mapping)
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


# Masking


def masked(plain: Plain) -> Plain:
    """The same trace without values of secret headers, parameters and variables, and without keys wherever they stand."""
    names = frozenset(plain.get("secret_names", ()))
    keys = _keys(plain, names)
    shown = {
        **{name: value for name, value in plain.items() if name != "secrets"},
        "masked": True,
        "original": _masked_message(plain["original"], names),
        "upstream_request": _masked_message(plain["upstream_request"], names),
        "upstream_response": _masked_message(plain["upstream_response"], names),
        "answer": _masked_message(plain["answer"], names),
        "steps": [_masked_step(step, names) for step in plain["steps"]],
        "error": masked_url(plain["error"], names),
    }
    if not keys:
        return shown
    anywhere = _any_of(keys)
    return {name: _without(value, anywhere) for name, value in shown.items()}


def without_secrets(text: str, secrets: AbstractSet[str], names: AbstractSet[str] = frozenset()) -> str:
    """A line about an exchange, for people and files.

    Args:
        text: It may end in a URL.
        secrets: Texts that are not to be shown, however they are spelled.
        names: Of parameters, as for ``masked_url``.
    """
    text = masked_url(text, names)
    return _any_of(frozenset(secrets)).sub(MASK, text) if secrets else text


@lru_cache(maxsize=64)
def _any_of(texts: frozenset[str]) -> re.Pattern[str]:
    """Any of these texts, as it stands in texts and in URLs; those that are too short stand in other words."""
    long = (one for one in texts if len(one) >= _SHORTEST_KEY)
    forms = {form for one in long for form in _spellings(one)}
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) or r"(?!)")


def _spellings(text: str) -> tuple[str, ...]:
    return text, quote(text, errors="replace"), quote(text, "", errors="replace"), quote_plus(text, errors="replace")


def _keys(plain: Plain, names: AbstractSet[str]) -> frozenset[str]:
    """Every text that is not to be shown wherever it stands."""
    asked = [
        str(argument)
        for step in plain["steps"]
        for call in step["calls"]
        if call["service"] == _SESSIONS
        for argument in call["arguments"]
    ]
    asked += plain.get("secrets", ())
    presented = (one for one in _presented(plain["original"], names) if len(one) >= _SHORTEST_PRESENTED)
    return frozenset((*asked, *presented))


def _holds_secret(header: str, names: AbstractSet[str]) -> bool:
    """Whether a header is one of those; one with "_" for "-" is likely meant to be."""
    lower = header.lower()
    return lower in names or lower.replace("_", "-") in names or is_secret(header)


def _presented(request: Plain, names: AbstractSet[str]) -> Iterator[str]:
    """What stands where a request has its credentials."""
    for name, value in request["headers"]:
        if name.lower() == "cookie":
            for part in value.split(";"):
                cookie, _, held = part.strip().partition("=")
                if cookie in names or is_secret(cookie):
                    yield held.strip('"')
        elif _holds_secret(name, names):
            yield value
            yield value.partition(" ")[2].strip()
    for part in request["target"].partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        plain = unquote_plus(name)
        if plain in names or is_secret(plain):
            yield from (value, unquote_plus(value))


def _without(value: Any, secret: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secret.sub(MASK, value)
    if isinstance(value, Mapping):
        return {key: _without(one, secret) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(one, secret) for one in value]
    return value


def _masked_message(message: Plain | None, names: AbstractSet[str]) -> Plain | None:
    if message is None:
        return None
    copy = {**message, "headers": _masked_fields(message["headers"], names), "body": _maskable(message["body"])}
    if "octets" in copy:
        copy["octets"] = MASK
    if "target" in copy:
        copy["target"] = masked_url(copy["target"], names)
    return copy


def _masked_step(step: Plain, names: AbstractSet[str]) -> Plain:
    changes = [_masked_change(change, names) for change in step["changes"]]
    calls = [_masked_call(call, names) for call in step["calls"]]
    return {**step, "changes": changes, "calls": calls, "detail": masked_url(step["detail"], names)}


def _masked_call(call: Plain, names: AbstractSet[str]) -> Plain:
    """A call without the key that was looked up, and without the session that it has; a request as any other."""
    if "exact" in call:
        call = {**call, "exact": MASK}
    if call["service"] == _HTTP:
        return _masked_request(call, names)
    if (call["service"], call["operation"]) == _SCRIPT:
        return masked_script(
            call,
            mask=MASK,
            is_secret=lambda name: _holds_secret(name, names),
            masked_url=lambda url: masked_url(url, names),
        )
    if call["service"] != _SESSIONS:
        return call
    answer = call["answer"]
    found = {"name": MASK, "session": MASK} if isinstance(answer, Mapping) and "error" not in answer else answer
    return {**call, "arguments": [MASK] * len(call["arguments"]), "answer": found}


def _masked_request(call: Plain, names: AbstractSet[str]) -> Plain:
    method, url, headers, body = call["arguments"]
    arguments = [method, masked_url(url, names), _masked_fields(headers, names), _maskable(body)]
    answer = dict(call["answer"])
    if "body" in answer:
        answer["body"] = _maskable(answer["body"])
    if "headers" in answer:
        answer["headers"] = _masked_fields(answer["headers"], names)
    return {**call, "arguments": arguments, "answer": answer}


def _maskable(body: Any) -> Any:
    """A body without what secrets cannot be found in."""
    if isinstance(body, Mapping) and "base64" in body:
        return {name: value for name, value in body.items() if name != "base64"}
    return body


def secret_texts(plain: Plain) -> frozenset[str]:
    """Every text of a trace, as ``to_plain`` made it, that is not to be shown wherever it stands."""
    return _keys(plain, frozenset(plain.get("secret_names", ())))


def _masked_fields(headers: Sequence[Sequence[str]], names: AbstractSet[str]) -> list[list[str]]:
    return [[n, MASK if _holds_secret(n, names) else v] for n, v in headers]


def _masked_change(change: Plain, names: AbstractSet[str]) -> Plain:
    name = change["name"]
    secret = change["part"] == "key" or (
        change["part"] in ("header", "variable") and (name.lower() in names or is_secret(name))
    )
    copy = dict(change)
    for side in ("before", "after"):
        value = change[side]
        if value is None:
            continue
        if secret:
            copy[side] = MASK
        elif change["part"] in ("url", "rewritten"):
            copy[side] = masked_url(value, names)
        elif change["part"] == "variable" and change["name"] in ("headers", "request_data"):
            copy[side] = MASK
    return copy


def masked_url(url: str, secret: AbstractSet[str] = frozenset()) -> str:
    """A URL, or a line that ends in one, without the values of secret parameters.

    Args:
        url: With or without query.
        secret: Names of parameters that are secret beside those whose name tells it.
    """
    head, question, query = url.partition("?")
    if not question:
        return url
    parts = []
    for part in query.split("&"):
        name, equals, _ = part.partition("=")
        plain = unquote_plus(name)
        parts.append(f"{name}={MASK}" if equals and (plain in secret or is_secret(plain)) else part)
    return f"{head}?{'&'.join(parts)}"


# Text


def to_text(plain: Plain, phase: Phase | None = None) -> str:
    """A trace for people; secrets masked.

    Args:
        plain: As ``to_plain`` made it.
        phase: Only the steps of one phase; None for both.
    """
    return "\n".join(map(printable, _lines(masked(plain), phase))) + "\n"


_NOT_PRINTABLE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def printable(line: str) -> str:
    """A line that stays one, and does to a terminal nothing but to be shown: escapes stand for control characters."""
    return _NOT_PRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def summary(plain: Plain) -> str:
    """One line: API, endpoint, what happened."""
    api = plain["passes"][-1]["api"] if plain["passes"] else "no API"
    steps = plain["steps"]
    ended = next((s for s in reversed(steps) if s["outcome"] not in _GOING_ON), None)
    failed = [s["link"] for s in steps if s["outcome"] == "failed"]
    entry = next((s["why"]["entry"] for s in reversed(steps) if s["why"]["level"] == "rule"), "")
    status = plain["answer"]["status"] if plain["answer"] else ""
    what = f"{ended['link']} {ended['outcome']}" if ended else "forwarded" if plain["upstream_request"] else "under way"
    if plain["error"]:
        names = frozenset(plain.get("secret_names", ()))
        what = printable(without_secrets(plain["error"], _keys(plain, names), names))
    note = f", failed: {', '.join(failed)}" if failed else ""
    return " · ".join(part for part in (api, entry, f"{what} {status}".strip() + note) if part)


def _lines(plain: Plain, phase: Phase | None) -> Iterator[str]:
    original, answer = plain["original"], plain["answer"]
    end = f"{answer['status']}" if answer else "no answer yet"
    yield f"{original['method']} {original['target']} → {end}"
    names = " → ".join(f"{p['api']} ({p['listen_path']})" for p in plain["passes"]) or "no API"
    yield f"API {names}, definitions generation {plain['generation']}"
    if plain["error"]:
        yield f"error: {plain['error']}"
    for which in Phase:
        if phase not in (None, which):
            continue
        steps = [step for step in plain["steps"] if step["phase"] == which.value]
        yield ""
        total = sum(step["us"] for step in steps)
        yield f"{which.value} chain: {len(steps)} steps, {total:.0f} µs"
        yield from _message_lines("client sent" if which is Phase.REQUEST else "upstream answered",
                                  original if which is Phase.REQUEST else plain["upstream_response"])  # fmt: skip
        last_pass = 0
        for number, step in enumerate(steps, 1):
            if step["pass"] != last_pass:
                last_pass = step["pass"]
                yield f"  pass {last_pass + 1}: {plain['passes'][last_pass]['api']}"
            yield from _step_lines(number, step)
        yield from _message_lines("upstream gets" if which is Phase.REQUEST else "client gets",
                                  plain["upstream_request"] if which is Phase.REQUEST else answer)  # fmt: skip


def _message_lines(title: str, message: Plain | None) -> Iterator[str]:
    if message is None:
        return
    first = str(message["status"]) if "status" in message else f"{message['method']} {message['target']}"
    host = f"  Host: {message['host']}" if message.get("host") else ""
    body = message["body"]
    size = "body streamed" if body.get("streamed") else f"{body['size']} bytes"
    count = len(message["headers"])
    yield f"  {title}: {first}{host}  ({count} header{'s' * (count != 1)}, {size})"


_MARKS: Final[Mapping[str, str]] = {"continue": " ", "failed": "!", "reject": "✗", "error": "✗"}


def _step_lines(number: int, step: Plain) -> Iterator[str]:
    mark = _MARKS.get(step["outcome"], "→")
    detail = f"  {step['detail']}" if step["detail"] else ""
    yield f"{number:4} {mark} {step['link']:<{_WIDTH}} {step['outcome']:<8} {step['us']:>7.1f} µs{detail}"
    reason, place = why_text(step["why"]), step["why"]["pointer"]
    if reason:
        yield f"         because {reason}"
    if place:
        yield f"         set in {place}"
    for change in step["changes"]:
        yield from (f"         {line}" for line in _change_lines(change))
    for call in step["calls"]:
        is_script = (call["service"], call["operation"]) == _SCRIPT
        yield from (f"         {line}" for line in (script_lines(call) if is_script else (_call_line(call),)))


def _call_line(call: Plain) -> str:
    answer = call["answer"]
    if call["service"] != _HTTP:
        return f"asked {call['service']}.{call['operation']}: {answer!r}"
    method, url, *_ = call["arguments"]
    came = answer["failed"] if "failed" in answer else f"{answer['status']}, {answer['body']['size']} bytes"
    return f"sent {method} {url}: {came} ({answer['seconds'] * 1000:.1f} ms)"


def why_text(why: Mapping[str, str]) -> str:
    """One line on why a link ran; "" for one that always does."""
    if why["level"] == Level.ALWAYS.value:
        return f"{why['rule']}: {why['entry']}" if why["rule"] and not why["text"] else why["rule"]
    if why["level"] == Level.API.value:
        return why["rule"] or "the API asks for it"
    found = f": {why['pattern']!r} is found in {why['text']!r}" if why["pattern"] else ""
    rule = f", {why['rule']}" if why["rule"] else ""
    return f"{why['entry']}{found}{rule}"


def _change_lines(change: Plain) -> Iterator[str]:
    part, before, after = change["part"], change["before"], change["after"]
    if part == "body":
        yield from _body_lines(before or "", after or "")
        return
    label = change["name"] if part in ("header", "variable") else part
    prefix = "$" if part == "variable" else ""
    if before is None:
        yield f"+ {prefix}{label}: {after}"
    elif after is None:
        yield f"- {prefix}{label}: {before}"
    else:
        yield f"~ {prefix}{label}: {before} → {after}"


def _body_lines(before: str, after: str) -> Sequence[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "body before", "body after", lineterm="", n=2)
    return list(lines) or ["~ body: only its line ends changed"]


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Lines on links that are not in a plan."""
    for one in left_out:
        yield f"     · {one.middleware:<{_WIDTH}} left out: {one.reason}"
