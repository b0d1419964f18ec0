"""``POST /tyk/debug``: a definition that is not deployed, tried with one request, which really goes upstream.

Nothing is deployed by it, and no key is made or changed; those that there are let requests in. It is what the page "Try"
does, behind Tyk's path.

Source: behaviour-scripting 7.2.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from lockgate.control.handlers import Secured, go_json
from lockgate.debugging.samples import MOST_BODY_BYTES, Sample
from lockgate.debugging.trial import TrialError, Tried, bench_of, beside, load_trial, masked_trace, try_snapshot
from lockgate.debugging.trial_outside import Rights
from lockgate.exchange import TOKEN_CHARACTERS, Client, Headers, Request, Response, canonical, encode_text
from lockgate.header_edits import are_valid
from lockgate.services import Outside, Scripts
from lockgate.urls import encode_path

_RIGHTS: Final = Rights(calls=True, send=True, keys=True)
_LOUD: Final = ("failed", "error", "reject")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client sent."""

    definition: str
    """As JSON."""
    method: str
    path: str
    """Behind the listen path; no query."""
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Trials:
    """What definitions are tried with."""

    outside: Outside
    """Of live exchanges."""
    scripts: Scripts
    """Runs scripts in limited processes."""


class MalformedError(ValueError):
    """What a client sent cannot be tried; the message is the reference gateway's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status: Final = status


class Debug(Secured):
    """The debug endpoint."""

    outside: Outside
    scripts: Scripts

    def initialize(self, outside: Outside, scripts: Scripts, **parts: Any) -> None:
        """Take ``outside``, of live exchanges, and ``scripts``, which runs them in limited processes."""
        super().initialize(**parts)
        self.outside = outside
        self.scripts = scripts

    async def post(self) -> None:
        """Try what was sent."""
        try:
            asked = asked_of(self.request.body)
            bench = bench_of(self.deployment, self.outside, self.scripts)
            ready = await beside(lambda: load_trial(asked.definition, "", bench))
            if ready.snapshot is None or not ready.ids:
                raise MalformedError("; ".join(one.message for one in ready.problems) or "there is no API in it")
            api = ready.snapshot.apis[ready.ids[0]]
            sample = sample_of(asked, api.definition.listen_path)
            tried = await try_snapshot(ready.snapshot, sample, bench, _RIGHTS)
        except MalformedError as error:
            self.error(str(error), error.status)
        except TrialError as error:
            self.error(str(error), 503)
        else:
            tried = replace(tried, problems=ready.problems)
            logs = "".join(f"{json.dumps(line)}\n" for line in _log_lines(tried))
            answer = {"message": "ok", "response": _dumped(tried), "logs": logs}
            self.write(go_json(answer).encode("utf-8", "replace"))
            # Without a length, as the reference gateway's.
            await self.flush()


def asked_of(body: bytes) -> Asked:
    """What a client asks for.

    Raises:
        MalformedError: Something is missing, or is none of its kind.
    """
    try:
        # As Go's decoder: the first value counts, whatever follows; names whatever their case.
        value, _ = _DECODER.raw_decode(body.decode("utf-8", "replace").lstrip(_SPACE))
    except (ValueError, RecursionError):
        raise MalformedError(_MALFORMED) from None
    value = _named(_object(value) or {})
    spec, oas, request = (_object(value.get(key)) for key in ("spec", "oas", "request"))
    request = None if request is None else _named(request)
    headers = Headers() if request is None else _headers(request.get("headers"))
    method, path, text = (
        ("", "", "") if request is None else (_text(request, key) for key in ("method", "path", "body"))
    )
    document = spec if oas is None else oas
    if document is None:
        raise MalformedError("Spec field is missing")
    if request is None:
        raise MalformedError("Request field is missing")
    if len(text) > MOST_BODY_BYTES:
        raise MalformedError(_MALFORMED)
    method = method or "GET"
    if not TOKEN_CHARACTERS.issuperset(encode_text(method)):
        raise MalformedError(f"Unexpected failure: net/http: invalid method {json.dumps(method)}", 500)
    return Asked(json.dumps(_open(document)), method, path, headers, text.encode("utf-8", "surrogateescape"))


_MALFORMED: Final = "Request malformed"
_SPACE: Final = " \t\r\n"


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): one for name, one in value.items()}


def _open(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition, so that a request gets to its chain: the reference gateway goes there without a router.

    Neither an API that is not active is left out then, nor one that is internal, nor one of another domain.
    """
    extension = document.get(_EXTENSION)
    if not isinstance(extension, Mapping):
        if not document or "openapi" in document or "kind" in document:
            return document
        closed = {"internal": False, "domain": ""}
        return {**document, "active": True, **{name: one for name, one in closed.items() if name in document}}
    info, server = extension.get("info"), extension.get("server")
    if isinstance(info, Mapping) and isinstance(info.get("state"), Mapping):
        extension = {**extension, "info": {**info, "state": {**info["state"], "active": True, "internal": False}}}
    if isinstance(server, Mapping) and "customDomain" in server:
        extension = {**extension, "server": {name: one for name, one in server.items() if name != "customDomain"}}
    return {**document, _EXTENSION: extension}


_EXTENSION: Final = "x-tyk-api-gateway"


def _object(value: Any) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, Mapping):
        raise MalformedError(_MALFORMED)
    return value


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key) or ""
    if not isinstance(found, str):
        raise MalformedError(_MALFORMED)
    return found


def _headers(value: Any) -> Headers:
    pairs: list[tuple[str, str]] = []
    for name, values in (_object(value) or {}).items():
        if values is None:
            continue
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise MalformedError(_MALFORMED)
        pairs += [(canonical(name), one) for one in values]
    try:
        made = Headers.of(*pairs)
    except UnicodeEncodeError:
        raise MalformedError(_MALFORMED) from None
    if not are_valid(made.fields):
        raise MalformedError(_MALFORMED)
    return made


def sample_of(asked: Asked, listen_path: str) -> Sample:
    """The request behind the listen path. There is no query: a question mark in the path is one of its characters."""
    path = _joined(listen_path, asked.path)
    headers = asked.headers.remove("Host")
    if asked.body:
        headers = headers.set("Content-Length", str(len(asked.body)))
    request = Request(asked.method, path, None, headers, asked.body, asked.headers.get("Host") or "")
    return Sample(request, client=Client(""))


def _joined(listen_path: str, path: str) -> str:
    """One path of two, cleaned of double slashes and dots; what is escaped already stays so (Go, net/url, JoinPath)."""
    joined = posixpath.normpath(f"/{listen_path.strip('/')}/{path.lstrip('/')}").removeprefix("//").lstrip("/")
    ending = "/" if (path or listen_path).endswith("/") and joined else ""
    return "".join(
        part if _ESCAPE.fullmatch(part) else encode_path(part) for part in _ESCAPE.split(f"/{joined}{ending}")
    )


_ESCAPE: Final = re.compile("(%[0-9A-Fa-f]{2})")


# ── what is answered ──


def _dumped(tried: Tried) -> str:
    """Request and answer as they were sent."""
    trace = tried.trace
    if trace is None:
        return ""
    request = trace.upstream_request or trace.original.request
    answer = trace.answer or Response(500)
    hidden = ("Content-Length", "X-Forwarded-For", "User-Agent", "Accept-Encoding")
    first = f"{request.method} {request.target} HTTP/1.1"
    host = [("Host", request.host)] if request.host else []
    sent = _message(first, [*host, *_sorted(request.headers.remove(*hidden))], request.body)
    status = answer.reason or _phrase(answer.status)
    closes = [] if "Content-Length" in answer.headers else [("Connection", "close")]
    came = _message(f"HTTP/1.1 {answer.status} {status}", [*closes, *_sorted(answer.headers)], answer.body)
    return f"====== Request ======\n{sent}\n====== Response ======\n{came}"


def _message(first: str, fields: list[tuple[str, str]], body: object) -> str:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
    return f"{_clean(first)}\r\n{_clean(head)}\r\n{text}"


def _sorted(headers: Headers) -> list[tuple[str, str]]:
    return sorted(((canonical(name), value) for name, value in headers), key=lambda field: field[0])


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _clean(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _log_lines(tried: Tried) -> Iterator[dict[str, Any]]:
    """What happened: problems of the definition, then each step; secrets masked."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for problem in tried.problems:
        yield {"level": problem.severity.value, "msg": str(problem), "time": now}
    if tried.trace is None:
        return
    plain = masked_trace(tried.trace)
    passes = plain["passes"]
    for step in plain["steps"]:
        this = passes[step["pass"]] if step["pass"] < len(passes) else {"api_id": "", "api": ""}
        yield {
            "api_id": this["api_id"],
            "api_name": this["api"],
            "level": "warning" if step["outcome"] in _LOUD else "debug",
            "msg": step["detail"] or step["outcome"],
            "mw": step["link"],
            "outcome": step["outcome"],
            "ns": round(step["us"] * 1000),
            "time": now,
            "type": step["phase"],
        }
    if plain["error"]:
        yield {"level": "error", "msg": plain["error"], "time": now}
