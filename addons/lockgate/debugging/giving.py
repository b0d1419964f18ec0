"""Stopped exchanges as plain values for pages and programs, and what these send back.

Who edits needs the values as they are, secrets too; the login guards them. The trace beside them is masked, as
everywhere.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.debugging.edits import Edit, EditError, headers_of, made_response
from lockgate.debugging.pausing import Pause
from lockgate.decoding.shapes import nearest
from lockgate.exchange import Body, Exchange, Headers, NotRead, Request, Response
from lockgate.problems import kind_of
from lockgate.trace_format import masked, to_plain
from lockgate.unpacking import PackingError, TooLargeError, codings_of, packed_all, unpacked_all

SHOWN_BYTES: Final = 8 * 1024 * 1024
"""Of a body that is given, and unpacked for it."""
_EDIT: Final = ("method", "url", "host", "status", "headers", "body", "body_base64")
_RESPONSE: Final = ("status", "headers", "body", "body_base64")


def plain_pause(pause: Pause) -> dict[str, Any]:
    """What a list of stopped exchanges shows of one."""
    exchange, place = pause.exchange, pause.place
    passes = exchange.passes
    return {
        "exchange": pause.exchange_id,
        "api": passes[-1].api_name if passes else "",
        "api_id": passes[-1].api_id if passes else "",
        "method": exchange.request.method,
        "url": exchange.request.target,
        "link": place.link,
        "phase": place.phase.value,
        "pass": place.pass_index,
        "when": place.when,
        "breakpoint": pause.breakpoint_id,
        "began": pause.began.isoformat(),
        "seconds_left": round(pause.seconds_left, 1),
    }


def whole_pause(pause: Pause) -> dict[str, Any]:
    """The same, with the messages as they are now and the trace so far."""
    exchange = pause.exchange
    return {
        **plain_pause(pause),
        "editable": "request" if exchange.response is None else "response",
        "request": plain_request(exchange),
        "response": None if exchange.response is None else _plain_response(exchange.response),
        "trace": masked(to_plain(pause.trace)),
    }


def plain_request(exchange: Exchange) -> dict[str, Any]:
    """A request, as ``read_edit`` takes it, and what links noted for ``forward``."""
    request = exchange.request
    return {
        "method": request.method,
        "url": request.target,
        "host": request.host,
        "headers": _pairs(request.headers),
        **_plain_body(request.body, request.headers),
        "rewritten": None if exchange.rewritten is None else exchange.rewritten,
        "to_method": exchange.to_method,
    }


def _plain_response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": _pairs(response.headers),
        **_plain_body(response.body, response.headers),
    }


def _plain_body(body: Body, headers: Headers) -> dict[str, Any]:
    """As "body", text, or "body_base64", bytes; neither, and "body_note", where it cannot be shown."""
    if isinstance(body, NotRead):
        return {"body_note": "not held: it is too large, has no known length, or streams; it passes as it comes"}
    if len(body) > SHOWN_BYTES:
        return {"body_size": len(body), "body_note": f"more than {SHOWN_BYTES} bytes"}
    codings = codings_of(headers.get("content-encoding"))
    try:
        content = unpacked_all(body, codings, SHOWN_BYTES)
    except (PackingError, TooLargeError) as error:
        why = str(error) or f"more than {SHOWN_BYTES} bytes"
        return {"body_size": len(body), "body_note": f"its content encoding cannot be undone: {why}"}
    found: dict[str, Any] = {"body_size": len(body)}
    if codings:
        found["body_encoding"] = ", ".join(codings)
    try:
        return {**found, "body": content.decode()}
    except UnicodeDecodeError:
        return {**found, "body_base64": base64.b64encode(content).decode()}


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def read_edit(value: object, pause: Pause) -> Edit:
    """An edit from an object. What is left out stays.

    Args:
        value: With "method", "url", "host", "status", "headers" (a list of pairs), "body" (text) or "body_base64": a body
            is given without content encoding, and gets the one of the headers.
        pause: That it is for.

    Raises:
        EditError: It is none.
    """
    if value is None:
        return Edit()
    fields = _fields(value, _EDIT, "an edit")
    headers = _headers(fields)
    message: Request | Response = pause.exchange.response or pause.exchange.request
    content = _content(fields)
    if content is not None:
        like = message.body if isinstance(message.body, bytes) else b""
        content = _packed(content, message.headers if headers is None else headers, like)
    return Edit(
        _string(fields, "method"), _string(fields, "url"), _string(fields, "host"), _status(fields), headers, content
    )


def read_response(value: object) -> Response:
    """An answer from an object with "status" (200), "headers" and "body" or "body_base64".

    Raises:
        EditError: It is none.
    """
    fields = _fields(value, _RESPONSE, "a response")
    headers = _headers(fields) or Headers()
    content = _packed(_content(fields) or b"", headers, b"")
    status = _status(fields)
    return made_response(200 if status is None else status, headers, content)


def _fields(value: object, known: Sequence[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EditError(f"expected an object as {what}, found {kind_of(value)}")
    for key in value:
        if key not in known:
            hint = nearest(str(key), known)
            raise EditError(f"{what} has no {key!r}{f': {hint}' if hint else f' ({", ".join(known)})'}")
    return value


def _string(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise EditError(f"expected a text as {name!r}, found {value!r}")
    return value


def _status(fields: Mapping[str, Any]) -> int | None:
    value = fields.get("status")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise EditError(f"expected a number as 'status', found {value!r}")
    return value


def _headers(fields: Mapping[str, Any]) -> Headers | None:
    value = fields.get("headers")
    if value is None:
        return None
    if not isinstance(value, list):
        raise EditError(f"expected headers as a list of pairs of texts, found {value!r}")
    return headers_of(value)


def _content(fields: Mapping[str, Any]) -> bytes | None:
    text, coded = _string(fields, "body"), _string(fields, "body_base64")
    if text is not None and coded is not None:
        raise EditError("expected 'body' or 'body_base64', found both")
    if coded is not None:
        try:
            return base64.b64decode(coded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EditError(f"expected base64 as 'body_base64': {error}") from None
    try:
        return None if text is None else text.encode()
    except UnicodeEncodeError:
        raise EditError("'body' holds half a surrogate pair, which has no bytes; 'body_base64' takes any") from None


def _packed(content: bytes, headers: Headers, like: bytes) -> bytes:
    try:
        return packed_all(content, codings_of(headers.get("content-encoding")), like=like) if content else content
    except PackingError as error:
        raise EditError(f"the body cannot be given its content encoding: {error}") from None
