"""Where a request carries a key: taken out for a look, and taken off before the request goes on.

Source: behaviour-chain 5.1, 5.2 and 5.6; Go, net/http, readCookies.
"""

import re
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Headers, Request, canonical, decode_text, encode_text, replace
from lockgate.urls import form_values, query_escape

DEFAULT_HEADER: Final = "Authorization"

_BEARER: Final = "bearer "
_COOKIE_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_COOKIE_VALUE: Final = re.compile(r"[\x20!#-:<-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a key is looked for. Of several values the cookie's counts before the query's, and that before the header's."""

    header: str = DEFAULT_HEADER
    """Name of the header."""
    in_header: bool = True
    query: str | None = None
    """Name of the query parameter, compared with its case; None: it is not looked for there."""
    cookie: str | None = None
    """Name of the cookie, compared with its case; None: it is not looked for there."""


def presented(request: Request, places: Places) -> str | None:
    """The key that a request carries, with "Bearer" if it has it; None when there is none."""
    found = request.headers.get(places.header) if places.in_header else None
    if places.query is not None and request.query:
        found = next(iter(form_values(request.query).get(places.query, ())), "") or found
    if places.cookie is not None:
        found = _cookie(request.headers, places.cookie) or found
    return found or None


def without_bearer(text: str) -> str:
    """A key without "Bearer" and the one space behind it, in any case. Other schemes are part of the key."""
    return text[len(_BEARER) :] if text[: len(_BEARER)].lower() == _BEARER else text


def _cookie(headers: Headers, name: str) -> str:
    """The first good value of a cookie, without quotes; "" when there is none."""
    for line in headers.get_all("cookie"):
        if name not in line:  # A line may be a megabyte of other cookies.
            continue
        for part in line.split(";"):
            if _name_of(part) != name:
                continue
            value = part.strip().partition("=")[2]
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            if _COOKIE_VALUE.fullmatch(value):
                return value
    return ""


def _name_of(part: str) -> str:
    name = part.partition("=")[0].strip()
    return name if _COOKIE_NAME.fullmatch(name) else ""


def stripped(request: Request, places: Places) -> Request:
    """A request without what it carried in these places, and without the header even if that is not looked at.

    The query, where a key may stand in it, is written anew: sorted by name, and without parts that are none.
    """
    headers = request.headers.remove(canonical(places.header))
    query = request.query
    if places.query is not None and query is not None:
        values = form_values(query)
        values.pop(places.query, None)
        pairs = [(name, value) for name in sorted(values, key=encode_text) for value in values[name]]
        query = "&".join(f"{query_escape(name)}={query_escape(value)}" for name, value in pairs) or None
    if places.cookie is not None:
        headers = _without_cookie(headers, places.cookie)
    if headers is request.headers and query == request.query:
        return request
    return replace(request, headers=headers, query=query)


def _without_cookie(headers: Headers, name: str) -> Headers:
    """Headers without the cookies of this name; of several Cookie lines those that had nothing else are gone."""
    # Differs: the reference gateway looks at the first line alone, and takes the first cookie off whose name begins with
    # this one (test_the_cookie_of_the_key_is_taken_off_and_no_other).
    lines = len(headers.get_all("cookie"))
    fields: list[tuple[bytes, bytes]] = []
    for field in headers.fields:
        if field[0].lower() != b"cookie" or encode_text(name) not in field[1]:
            fields.append(field)
            continue
        parts = decode_text(field[1]).split(";")
        kept = [part for part in parts if _name_of(part) != name]
        if len(kept) == len(parts):
            fields.append(field)
        elif kept or lines == 1:
            fields.append((field[0], encode_text(";".join(kept).strip())))
    return Headers(tuple(fields)) if tuple(fields) != headers.fields else headers
