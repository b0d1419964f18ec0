"""Send a request to another URL: its URL is searched with a pattern, and the target filled in from the match.

The new URL is recorded here and used by ``forward``: what stands between still sees the client's.

Source: behaviour-chain 4.12.
"""

import re
from dataclasses import dataclass
from typing import Final

from lockgate.exchange import Exchange, decode_text, encode_text, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.rewriting import Trigger, as_searched, choose, find, spans_of
from lockgate.routing.pattern import Regex, decode_path
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.urls import Url, escaped_path, form_values, parse_url, query_escape
from lockgate.variables import Group, Text

_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_DOT_SEGMENT: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|\Z)")
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]+")
_OF_LOOPS: Final = ("method", "loop_limit", "check_limits")
"""Parameters of a loop's target that say how it is entered."""


@dataclass(frozen=True, slots=True)
class UrlRewrite:
    """Configuration of ``url_rewrite``."""

    pattern: str
    """As written."""
    regex: Regex | None
    """None when the pattern does not compile: every request is refused."""
    to: Text
    """The new URL, with groups of the pattern and variables."""
    triggers: tuple[Trigger, ...] = ()
    """The first one that fires has its own target instead; nothing is rewritten where the pattern does not match."""
    keep_dots: bool = False
    """``skip_url_cleaning``: what a client sent may put "." and ".." segments into the new path."""


def request(config: UrlRewrite, exchange: Exchange, _: Services) -> Outcome:
    """Record the new URL of a request that the pattern matches."""
    if config.regex is None:
        return Reject(Reason.REWRITE_PATTERN, f"{Reason.REWRITE_PATTERN.message} {config.pattern}")
    to = config.to
    if config.triggers:
        # What they capture stays, also where the pattern does not match.
        trigger, variables = choose(config.triggers, exchange)
        to = to if trigger is None else trigger.to
        if variables is not exchange.variables:
            exchange = replace(exchange, variables=variables)
    groups = _groups(config.regex, _subject(exchange))
    if groups is None:
        # Differs: the reference gateway replaces variables in the client's URL even so, and refuses a URL with a bad
        # escape (test_an_unmatched_url_is_left_alone).
        return Continue(exchange)
    result = to.expand(exchange, escape=True, groups=groups)
    path = exchange.current_pass.path
    try:
        url = parse_url(result)
    except ValueError as error:
        exchange = replace(exchange, response_path=path)
        return Continue(exchange, failure=f"the rewritten URL cannot be parsed: {error}")
    if not to.is_constant:
        sealed = to.expand(exchange, escape=True, groups=groups, sealed=True)
        unsafe = _unsafe(config, to, url, result, sealed)
        if unsafe:
            return Reject(Reason.UNSAFE_URL, detail=unsafe)
        if url.scheme == "tyk" and url.query is not None:
            result = _entered_as_written(result, url.query, sealed)
    return Continue(replace(exchange, rewritten=result, response_path=path))


def _unsafe(config: UrlRewrite, to: Text, url: Url, result: str, sealed: str) -> str:
    """Why a client's text does not fit where the target has it; "" where it does.

    Differs: the reference gateway sends such URLs (test_a_client_cannot_climb_out_of_the_target,
    test_a_client_cannot_extend_the_host_of_the_target).
    """
    if not config.keep_dots and _DOT_SEGMENT.search(decode_path(url.raw_path)):
        written = sealed.partition("#")[0].partition("?")[0]
        if not _DOT_SEGMENT.search(written):
            return "what the client sent makes a dot segment in the new path"
    match to.parts:
        case (str(host), Group()) if _HOST.fullmatch(host) and result[len(host) : len(host) + 1] not in (
            "",
            "/",
            "?",
            "#",
        ):
            return f"what the client sent goes on with the host of {host!r}"
    return ""


def _entered_as_written(result: str, query: str, sealed: str) -> str:
    """The target of a loop, with those parameters for it alone that the definition wrote.

    Differs: in the reference gateway a captured query may name them too
    (test_a_client_does_not_say_how_a_loop_is_entered).
    """
    given, written = form_values(query), form_values(sealed.partition("#")[0].partition("?")[2])
    if all(given.get(name) == written.get(name) for name in _OF_LOOPS):
        return result
    kept = "&".join(f"{name}={query_escape(written[name][0])}" for name in _OF_LOOPS if name in written)
    return f"{result.partition('?')[0]}?{kept}"


def body_need(config: UrlRewrite, _exchange: Exchange, phase: Phase) -> BodyNeed:
    """The body, where a trigger has a rule for it."""
    reads = phase is Phase.REQUEST and any(trigger.reads_body for trigger in config.triggers)
    return BodyNeed.READ if reads else BodyNeed.NONE


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
    groups = find(regex, subject)
    if groups is not None or "%" not in subject:
        return groups
    raw = encode_text(subject)
    decoded, origins = _decode(raw)
    found = regex.search(as_searched(decoded))
    if found is None:
        return None
    return [decode_text(raw[origins[start] : origins[end]]) for start, end in spans_of(found)]


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
    body_when=body_need,
)
