"""What a person changes in a stopped exchange: checked, so that nothing breaks the wire, and applied."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import TOKEN_CHARACTERS, Exchange, Headers, NotRead, Request, Response, encode_text, replace

MOST_HEADERS: Final = 1000
LOWEST_STATUS: Final = 200
HIGHEST_STATUS: Final = 999

_FRAMING: Final = ("content-length", "transfer-encoding")
_BAD_IN_TARGET: Final = re.compile(rb"[\x00-\x20\x7f#]")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BAD_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class EditError(ValueError):
    """It cannot be done to this exchange; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New values; None leaves one as it is. Of the request, or of the response where the exchange has one."""

    method: str | None = None
    url: str | None = None
    """Path and query, as on a request line."""
    host: str | None = None
    status: int | None = None
    headers: Headers | None = None
    """All of them, instead of those that are there. Framing is not among them: lengths are made true."""
    body: bytes | None = None
    """As on the wire: content-encoded where the headers say so."""

    def over(self, other: "Edit | None") -> "Edit":
        """Both; where both have a value, this one's."""
        if other is None:
            return self
        return Edit(
            *(
                mine if (mine := getattr(self, name)) is not None else getattr(other, name)
                for name in ("method", "url", "host", "status", "headers", "body")
            )
        )


def edited(exchange: Exchange, edit: Edit | None) -> Exchange:
    """The exchange with the edit; the same object where that changes nothing.

    Raises:
        EditError: It cannot be done.
    """
    if edit is None:
        return exchange
    response = exchange.response
    if response is not None:
        if (edit.method, edit.url, edit.host) != (None, None, None):
            raise EditError("expected status, headers or body of the response, which is what goes on from here")
        changed = _edited_response(response, edit)
        return exchange if changed == response else replace(exchange, response=changed)
    if edit.status is not None:
        raise EditError("expected method, url, host, headers or body: there is no response yet; 'answer' gives one")
    return _edited_request(exchange, edit)


def _edited_request(exchange: Exchange, edit: Edit) -> Exchange:
    before = exchange.request
    request = _with_head(before, edit)
    headers = request.headers
    if edit.headers is not None:
        headers = _checked(edit.headers, request.headers)
    if edit.body is not None and edit.body != request.body:
        if isinstance(request.body, NotRead):
            raise EditError("the body cannot be changed: it was not held, and streams past")
        request = replace(request, body=edit.body)
    headers = _with_true_length(headers, request.headers, request.body)
    if headers != request.headers:
        request = replace(request, headers=headers)
    if request == before:
        return exchange
    changed = replace(exchange, request=request)
    if request.target != before.target:
        # What a rewrite made of the URL would count for more.
        first = exchange.first_target or before.target
        changed = replace(changed, rewritten=None, loop_host="", first_target=first)
    if request.method != before.method:
        changed = replace(changed, to_method=None)
    return changed


def _with_head(request: Request, edit: Edit) -> Request:
    if edit.method is not None and edit.method != request.method:
        if not _is_token(edit.method):
            raise EditError(f"expected a method, found {edit.method[:100]!r}")
        request = replace(request, method=edit.method)
    if edit.url is not None and edit.url != request.target:
        _check_target(edit.url)
        path, question, query = edit.url.partition("?")
        request = replace(request, path=path, query=query if question else None)
    if edit.host is not None and edit.host != request.host:
        if _BAD_IN_TARGET.search(_encoded(edit.host, "the host")) or "/" in edit.host:
            raise EditError(f"expected a host, with or without a port, found {edit.host[:200]!r}")
        request = replace(request, host=edit.host)
    return request


def _edited_response(response: Response, edit: Edit) -> Response:
    changed = response
    if edit.status is not None and edit.status != response.status:
        if not LOWEST_STATUS <= edit.status <= HIGHEST_STATUS:
            raise EditError(f"expected a status from {LOWEST_STATUS} to {HIGHEST_STATUS}, found {edit.status}")
        changed = replace(changed, status=edit.status, reason="")
    headers = response.headers if edit.headers is None else _checked(edit.headers, response.headers)
    if edit.body is not None and edit.body != response.body:
        changed = replace(changed, body=edit.body)
    headers = _with_true_length(headers, response.headers, changed.body)
    return changed if headers == response.headers else replace(changed, headers=headers)


def made_response(status: int, headers: Headers, body: bytes) -> Response:
    """An answer that somebody gives instead of a link's or the upstream's.

    Raises:
        EditError: It is none.
    """
    if not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise EditError(f"expected a status from {LOWEST_STATUS} to {HIGHEST_STATUS}, found {status}")
    return Response(status, _checked(headers, Headers()), body)


def headers_of(pairs: Iterable[object]) -> Headers:
    """Headers from pairs of texts.

    Raises:
        EditError: They are none.
    """
    fields = []
    for pair in pairs:
        match pair:
            case [str() as name, str() as value] | (str() as name, str() as value):
                fields.append((_encoded(name, "a header's name"), _encoded(value, f"the value of {name!r}")))
            case _:
                raise EditError(f"expected headers as a list of pairs of texts, found {pair!r}")
    return Headers(tuple(fields))


def _checked(headers: Headers, before: Headers) -> Headers:
    """Headers that may be sent, with the framing of those that they take the place of."""
    if len(headers) > MOST_HEADERS:
        raise EditError(f"expected {MOST_HEADERS} headers at most, found {len(headers)}")
    fields = []
    for name, value in headers.fields:
        if name.lower().decode("latin-1") in _FRAMING:
            continue
        if not name or not TOKEN_CHARACTERS.issuperset(name):
            raise EditError(f"expected a header's name, found {name[:100]!r}")
        if _BAD_IN_VALUE.search(value):
            raise EditError(f"a control character in the value of the header {name.decode()!r}")
        fields.append((name, value.strip(b" \t")))
    framing = [field for field in before.fields if field[0].lower().decode("latin-1") in _FRAMING]
    return Headers((*fields, *framing))


def _with_true_length(headers: Headers, before: Headers, body: object) -> Headers:
    if not isinstance(body, bytes) or "content-length" not in before:
        return headers
    length = str(len(body))
    return headers if headers.get_all("content-length") == (length,) else headers.set("Content-Length", length)


def _check_target(url: str) -> None:
    raw = _encoded(url, "the URL")
    if not url.startswith("/") and url != "*":
        raise EditError(f"expected a path that begins with '/', and perhaps a query, found {url[:200]!r}")
    if _BAD_IN_TARGET.search(raw):
        raise EditError(f"a control character, a space or '#' in {url[:200]!r}; write it percent-encoded")
    if _BAD_ESCAPE.search(raw.partition(b"?")[0]):
        raise EditError(f"a '%' without two hexadecimal digits behind it in {url[:200]!r}")


def _is_token(text: str) -> bool:
    raw = _encoded(text, "the method")
    return bool(raw) and TOKEN_CHARACTERS.issuperset(raw)


def _encoded(text: str, what: str) -> bytes:
    try:
        return encode_text(text)
    except UnicodeEncodeError:
        raise EditError(f"{what} holds half a surrogate pair, which has no bytes") from None


def is_same_message(one: Request | Response, other: Request | Response) -> bool:
    """Whether two messages are equal but for their framing."""
    return _unframed(one) == _unframed(other)


def _unframed(message: Request | Response) -> Request | Response:
    return replace(message, headers=message.headers.remove(*_FRAMING))
