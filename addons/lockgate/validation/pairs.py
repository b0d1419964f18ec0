"""Names and values of queries, forms and cookies, as Go takes them apart and puts them together.

Source: Go, net/url (ParseQuery, Values.Encode), net/http (readCookies, sanitizeCookieValue).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import Headers, decode_text, encode_text
from lockgate.routing.pattern import decoded
from lockgate.urls import find_bad_escape, query_escape, unescape
from lockgate.validation.texts import quoted

MOST_PAIRS: Final = 2_000
"""In one query or set of cookies; more are not looked at, and refused."""

MOST_FIELDS: Final = 10_000
"""In one form."""

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_NOT_IN_COOKIES: Final = re.compile(r"[^\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]")


class TooManyError(ValueError):
    """More pairs than are looked at."""

    def __init__(self, most: int, what: str) -> None:
        super().__init__(f"more than {most} {what}")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and values."""

    values: Mapping[str, list[str]] = field(default_factory=dict)
    """By name, in order; texts without surrogates."""
    odd: tuple[str, ...] = ()
    """Parts that Go leaves out, because of a ";" or a bad escape; as on the wire."""
    problem: str = ""
    """What Go says of the first of ``odd``."""
    order: tuple[tuple[str, str], ...] = ()
    """Name and value of each part that Go takes, as they stand on the wire but decoded; what is sent on again."""

    lenient: Mapping[str, list[str]] = field(init=False)
    """The values with those of ``odd``, in which ";" and bad escapes stand for themselves."""

    def __post_init__(self) -> None:
        found = self.values
        if self.odd:
            found = {name: list(values) for name, values in self.values.items()}
            for part in self.odd:
                name, _, value = part.partition("=")
                found.setdefault(_text(name), []).append(_text(value))
        object.__setattr__(self, "lenient", found)


def parse_pairs(text: str, most: int = MOST_PAIRS, what: str = "query parameters") -> Pairs:
    """Take a query or an urlencoded form apart.

    Args:
        text: As on the wire.
        most: How many there may be.
        what: What they are, for the message of the error.

    Raises:
        TooManyError: It has more than ``most``.
    """
    parts = [part for part in text.split("&", most + 1) if part]
    if len(parts) > most:
        raise TooManyError(most, what)
    found: dict[str, list[str]] = {}
    odd: list[str] = []
    order: list[tuple[str, str]] = []
    problem = ""
    for part in parts:
        bad = find_bad_escape(part) if "%" in part else -1
        if bad >= 0 or ";" in part:
            odd.append(part)
            if not problem:
                problem = "invalid semicolon separator in query" if ";" in part else _bad_escape(part, bad)
            continue
        name, _, value = part.partition("=")
        name, value = _wire_text(name), _wire_text(value)
        order.append((name, value))
        found.setdefault(_clean(name), []).append(_clean(value))
    return Pairs(found, tuple(odd), problem, tuple(order))


def _bad_escape(part: str, bad: int) -> str:
    return f"invalid URL escape {quoted(part[bad : bad + 3])}"


def _wire_text(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    return decode_text(unescape(encode_text(text)))


def _clean(text: str) -> str:
    return decoded(encode_text(text)) if _SURROGATE.search(text) else text


def _text(text: str) -> str:
    return _clean(_wire_text(text))


def encode_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Put a query or form together: sorted by name, values in order."""
    ordered = sorted(pairs, key=lambda pair: encode_text(pair[0]))
    return "&".join(f"{query_escape(name)}={query_escape(value)}" for name, value in ordered)


def with_pairs(query: str | None, added: Iterable[tuple[str, str]]) -> str:
    """A query with more pairs, encoded anew. What Go cannot take apart stands behind them, as it came."""
    # Differs: the reference gateway loses those parts (test_odd_parts_of_a_query_stay).
    before = parse_pairs(query or "")
    return "&".join(part for part in (encode_pairs((*before.order, *added)), *before.odd) if part)


def parse_cookies(headers: Headers) -> dict[str, list[str]]:
    """Values of cookies by name, in order, of all Cookie headers.

    A value with characters that no cookie may have is taken as it is: what an upstream may read is looked at.

    Raises:
        TooManyError: There are more than ``MOST_PAIRS``.
    """
    found: dict[str, list[str]] = {}
    count = 0
    for line in headers.get_all("Cookie"):
        for part in line.split(";", MOST_PAIRS + 1):
            stripped = part.strip(" \t")
            count += 1
            if count > MOST_PAIRS:
                raise TooManyError(MOST_PAIRS, "cookies")
            name, _, value = stripped.partition("=")
            name = name.strip(" \t")
            if not name:
                continue
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            found.setdefault(_clean(name), []).append(_clean(value))
    return found


def with_cookie(headers: Headers, name: str, value: str) -> Headers:
    """Headers with one more cookie, behind those of the first Cookie header.

    Source: Go, net/http, AddCookie.
    """
    text = _NOT_IN_COOKIES.sub("", value)
    if " " in text or "," in text:
        text = f'"{text}"'
    cookie = f"{_NOT_IN_COOKIES.sub('-', name)}={text}"
    fields = list(headers.fields)
    for index, (key, line) in enumerate(fields):
        if key.lower() == b"cookie":
            joined = line + b"; " + encode_text(cookie) if line else encode_text(cookie)
            fields[index] = (key, joined)
            return Headers(tuple(fields))
    return headers.add("Cookie", cookie)
