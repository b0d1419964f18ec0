"""Send a request to another URL: its URL is searched with a pattern, and the target filled in from the match.

The new URL is recorded here and used by ``forward``: what stands between still sees the client's.

Source: behaviour-chain 4.12; triggers are not built.
"""

import re
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, decode_text, encode_text, replace
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.routing.pattern import Regex, RegexMatch
from lockgate.services import Services
from lockgate.urls import escaped_path, parse_url
from lockgate.variables import Text

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class UrlRewrite:
    """Configuration of ``url_rewrite``."""

    pattern: str
    """As written."""
    regex: Regex | None
    """None when the pattern does not compile: every request is refused."""
    to: Text
    """The new URL, with groups of the pattern and variables."""


def request(config: UrlRewrite, exchange: Exchange, _: Services) -> Outcome:
    """Record the new URL of a request that the pattern matches."""
    if config.regex is None:
        return Reject(Reason.REWRITE_PATTERN, f"{Reason.REWRITE_PATTERN.message} {config.pattern}")
    subject = _subject(exchange)
    groups = _groups(config.regex, subject)
    if groups is None:
        # Differs: the reference gateway replaces variables in the client's URL even so, and refuses a URL with a bad
        # escape (test_an_unmatched_url_is_left_alone).
        return Continue(exchange)
    result = config.to.expand(exchange, escape=True, groups=groups)
    path = exchange.current_pass.path
    try:
        parse_url(result)
    except ValueError as error:
        exchange = replace(exchange, response_path=path)
        return Continue(exchange, failure=f"the rewritten URL cannot be parsed: {error}")
    return Continue(replace(exchange, rewritten=result, response_path=path))


def _subject(exchange: Exchange) -> str:
    """What the pattern is searched in: the encoded URL with the listen path."""
    message = exchange.request
    path = escaped_path(message.path)
    text = path if message.query is None else f"{path}?{message.query}"
    return f"http://{text}" if len(exchange.passes) > 1 else text


def _groups(regex: Regex, subject: str) -> list[str] | None:
    """The groups of the first match, the whole match first: of the raw URL, else of the decoded one.

    Groups are always text of the raw URL, so that a decoded "?" or "#" in one does not take the target apart.
    """
    if subject.isascii():
        # As bytes: with text, RE2's module counts characters up to each group, which takes longer than the search.
        found = regex.search(subject.encode())
        if found is not None:
            return [subject[start:end] for start, end in _spans(found)]
    elif (found := regex.search(_as_searched(subject))) is not None:
        return [subject[start:end] for start, end in _spans(found)]
    if "%" not in subject:
        return None
    raw = encode_text(subject)
    decoded, origins = _decode(raw)
    found = regex.search(_as_searched(decoded))
    if found is None:
        return None
    return [decode_text(raw[origins[start] : origins[end]]) for start, end in _spans(found)]


def _as_searched(text: str) -> str:
    """Each byte that is no UTF-8 as U+FFFD, as Go's engine sees it."""
    return _SURROGATE.sub("\ufffd", text)


def _spans(found: RegexMatch) -> list[tuple[int, int]]:
    """Where the groups stand; (0, 0) for one that took no part."""
    spans = [found.span(number) for number in range(found.re.groups + 1)]
    return [(start, end) if start >= 0 else (0, 0) for start, end in spans]


def _decode(raw: bytes) -> tuple[str, list[int]]:
    """The decoded text, and for each of its characters and its end the offset in ``raw``."""
    octets = bytearray()
    offsets: list[int] = []
    position = 0
    for escape in _ESCAPE.finditer(raw):
        offsets.extend(range(position, escape.start() + 1))
        octets += raw[position : escape.start()]
        octets.append(int(escape[1], 16))
        position = escape.end()
    offsets.extend(range(position, len(raw) + 1))
    octets += raw[position:]
    text = decode_text(bytes(octets))
    origins: list[int] = []
    octet = 0
    for character in text:
        origins.append(offsets[octet])
        octet += len(encode_text(character))
    origins.append(offsets[octet])
    return text, origins


MIDDLEWARE = Middleware(
    name="url_rewrite",
    summary="Sends a request to another URL.",
    config=UrlRewrite,
    request=request,
)
