"""What a definition is tried with: a request, what the upstream answers, a session, context variables. No I/O.

Samples come from the parts that a page or a client of the control API sends, from an HTTP/1.1 message, or from a recorded
exchange.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lockgate.debugging.recordings import Recorded
from lockgate.exchange import Client, Headers, NotRead, Request, Response, Variables, VariableValue, encode_text
from lockgate.header_edits import are_valid
from lockgate.inspection import parse_answer, parse_request, session_of
from lockgate.problems import kind_of
from lockgate.session import Session

MOST_BODY_BYTES: Final = 8 << 20
"""Of a request or an answer."""

USUAL: Final = Response(200)
"""What an upstream is taken to answer."""

_NOBODY: Final = Client()
_REQUEST: Final = ("method", "path", "headers", "body", "body_base64", "message", "host", "scheme", "client")
_ANSWER: Final = ("status", "headers", "body", "body_base64", "message")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a definition is tried with."""

    request: Request
    answer: Response = USUAL
    """Of the upstream, unless the request is really sent."""
    session: Session | None = None
    """That any key is taken to have, and that exchanges of an API without keys have."""
    variables: Variables | None = None
    """Context variables, beside those that the request has; None: those alone."""
    recorded: Recorded | None = None
    """Whose services answer as they did then."""
    client: Client = _NOBODY


def of_recorded(recorded: Recorded) -> Sample:
    """A recorded exchange as a sample, with what the upstream answered then.

    Raises:
        ValueError: Its request was not kept whole.
    """
    if isinstance(recorded.request.body, NotRead):
        raise ValueError(f"cannot try {recorded.title} again: its body was not kept")
    answer = recorded.upstream_response or Response(200)
    if isinstance(answer.body, NotRead):
        answer = replace(answer, body=b"")
    return Sample(recorded.request, answer, recorded=recorded, client=recorded.client)


def sample_of(value: Mapping[str, Any], recorded: Recorded | None = None) -> Sample:
    """A sample from JSON values: ``request``, ``answer``, ``session``, ``context``, each of which may be missing.

    Args:
        value: ``request`` and ``answer`` are texts (a message, "GET /path", "404") or objects.
        recorded: Stands for what is missing.

    Raises:
        ValueError: One of them is none; the message says which, what was expected and what was found.
    """
    known = None if recorded is None else of_recorded(recorded)
    given = value.get("request")
    if given is not None:
        request, client = request_of(given)
    elif known is not None:
        request, client = known.request, known.client
    else:
        raise ValueError("expected a request")
    answer = value.get("answer")
    return Sample(
        request=request,
        answer=answer_of(answer) if answer is not None else Response(200) if known is None else known.answer,
        session=_session(value.get("session")),
        variables=_variables(value.get("context")),
        recorded=recorded,
        client=client if known is None else known.client,
    )


def request_of(value: Any) -> tuple[Request, Client]:
    """A request from a text or an object, and who sent it.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str):
        return _whole(parse_request(value.encode("utf-8", "surrogateescape")), "request"), Client()
    _check(value, _REQUEST, "request")
    client = Client(_text(value, "client", "request") or Client().address)
    message = _text(value, "message", "request")
    if message:
        request = parse_request(message.encode("utf-8", "surrogateescape"))
    else:
        method, path = _text(value, "method", "request"), _text(value, "path", "request") or "/"
        body = _body(value, "request")
        if method and not are_valid(((encode_text(method), b""),)):
            raise ValueError(f"expected a method, found {method!r}")
        if any(character in path for character in " \t\r\n"):
            raise ValueError(f"expected a path without spaces, found {path!r}")
        request = parse_request(f"{method or 'GET'} {path}".encode("utf-8", "surrogateescape"), (), body or None)
        headers = _headers(value.get("headers"), "request")
        host = _text(value, "host", "request") or headers.get("host") or request.host
        declared = request.headers if "content-length" not in headers else Headers()
        request = replace(request, headers=Headers((*headers.remove("host").fields, *declared.fields)), host=host)
    scheme = _text(value, "scheme", "request") or request.scheme
    if scheme not in ("http", "https"):
        raise ValueError(f"expected http or https as the request's scheme, found {scheme!r}")
    return _whole(replace(request, scheme=scheme), "request"), client


def answer_of(value: Any) -> Response:
    """An upstream's answer from a status, a text or an object.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return _whole(parse_answer(value.encode("utf-8", "surrogateescape")), "answer")
    _check(value, _ANSWER, "answer")
    message = _text(value, "message", "answer")
    if message:
        return _whole(parse_answer(message.encode("utf-8", "surrogateescape")), "answer")
    made = parse_answer(str(value.get("status", 200)).encode())
    return _whole(
        replace(made, headers=_headers(value.get("headers"), "answer"), body=_body(value, "answer")), "answer"
    )


def _whole[T: (Request, Response)](message: T, name: str) -> T:
    body = message.body
    if not isinstance(body, NotRead) and len(body) > MOST_BODY_BYTES:
        raise ValueError(f"expected a body of {MOST_BODY_BYTES} bytes at most in the {name}, found {len(body)}")
    if not are_valid(message.headers.fields):
        raise ValueError(f"expected headers in the {name}, found one that cannot be sent")
    return message


def _check(value: Any, keys: tuple[str, ...], name: str) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a text or an object as the {name}, found {kind_of(value)}")
    for key in value:
        if key not in keys:
            raise ValueError(f"expected one of {', '.join(keys)} in the {name}, found {key!r}")


def _text(value: Mapping[str, Any], key: str, name: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise ValueError(f"expected a text as {key!r} of the {name}, found {kind_of(found)}")
    return found


def _body(value: Mapping[str, Any], name: str) -> bytes:
    packed = _text(value, "body_base64", name)
    if packed:
        try:
            return base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"expected base64 as 'body_base64' of the {name}") from None
    return _text(value, "body", name).encode("utf-8", "surrogateescape")


def _headers(value: Any, name: str) -> Headers:
    """Headers from a list of pairs, or from an object whose values are texts or lists of texts."""
    if value is None:
        return Headers()
    pairs = value.items() if isinstance(value, Mapping) else value
    made: list[tuple[str, str]] = []
    try:
        for header, held in pairs:
            made += [(header, one) for one in ([held] if isinstance(held, str) else held)]
        return Headers.of(*made)
    except (TypeError, ValueError, AttributeError):
        raise ValueError(f"expected name and value of each header in the {name}") from None


def _session(value: Any) -> Session | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a session object, found {kind_of(value)}")
    return session_of(json.dumps(value).encode())


def _variables(value: Any) -> Variables | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"expected context variables by name, found {kind_of(value)}")
    return {str(name): _variable(one) for name, one in value.items()}


def _variable(value: Any) -> VariableValue:
    if isinstance(value, Mapping):
        return {str(name): _variable(one) for name, one in value.items()}
    return tuple(map(_variable, value)) if isinstance(value, list) else value
