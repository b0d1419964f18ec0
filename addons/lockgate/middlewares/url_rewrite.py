"""Send a request to another URL: its URL is searched with a pattern, and the target filled in from the match.

The new URL is recorded here and used by ``forward``: what stands between still sees the client's.

Source: behaviour-chain 4.12.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from lockgate.exchange import Exchange, NotRead, decode_text, encode_text, replace
from lockgate.middleware import BodyNeed, Continue, Middleware, Outcome, Reason, Reject
from lockgate.rewriting import Trigger, as_searched, choose, find, spans_of
from lockgate.routing.pattern import Regex, decode_path
from lockgate.services import Services
from lockgate.trace import Phase
from lockgate.urls import Url, escaped_path, form_values, parse_url, query_escape
from lockgate.variables import Group, Text

INLINE_BYTES: Final = 16 * 1024
"""Of a URL, headers and a body that are searched on the event loop."""
_INLINE_WORK: Final = 1_000_000
"""Bytes times instructions of all patterns: at worst a search takes 5 ns for each."""
_MOST_WORK: Final = 2_000_000_000
_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]+")
_BEHIND_HOSTS: Final = frozenset({"", "/", "?", "#"})
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
    _instructions: int = field(init=False, repr=False, compare=False)
    _reads_body: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        patterns = [
            one.regex for trigger in self.triggers for rules in trigger.rules for rule in rules for one in rule.patterns
        ]
        # Each of them may have to look at all that is searched.
        count = sum(regex.programsize for regex in (self.regex, *patterns) if regex is not None)
        object.__setattr__(self, "_instructions", count)
        object.__setattr__(self, "_reads_body", any(trigger.reads_body for trigger in self.triggers))

    def size_of(self, exchange: Exchange) -> int:
        """About how many bytes there are to be searched."""
        message = exchange.request
        size = len(message.path) + len(message.query or "")
        if self.triggers:
            size += sum(len(value) for _, value in message.headers.fields)
            if self._reads_body and not isinstance(message.body, NotRead):
                size += len(message.body)
        return size

    def work_of(self, size: int) -> int:
        """What searching them costs at worst: bytes times instructions."""
        return size * self._instructions

    @property
    def reads_body(self) -> bool:
        """Whether a trigger has a rule for it."""
        return self._reads_body


def request(config: UrlRewrite, exchange: Exchange, services: Services) -> Outcome | Awaitable[Outcome]:
    """Record the new URL of a request that the pattern matches; in a thread where searching may take long."""
    if config.regex is None:
        return Reject(Reason.REWRITE_PATTERN, f"{Reason.REWRITE_PATTERN.message} {config.pattern}")
    size = config.size_of(exchange)
    work = config.work_of(size)
    if size <= INLINE_BYTES and work <= _INLINE_WORK:
        return _rewritten(config, exchange)
    if work > _MOST_WORK:
        # Differs: the reference gateway searches texts of any length (test_what_takes_too_long_to_search_is_refused).
        return Reject(Reason.TOO_LARGE, detail="it takes too long to search it for the patterns of the rewrite")
    return services.compute(lambda: _rewritten(config, exchange))


def _rewritten(config: UrlRewrite, exchange: Exchange) -> Outcome:
    if config.regex is None:
        raise TypeError("there is no pattern")
    to = config.to
    if config.triggers:
        # What they capture stays, also where the pattern does not match.
        trigger, variables = choose(config.triggers, exchange)
        to = to if trigger is None else trigger.to
        if variables is not exchange.variables:
            exchange = replace(exchange, variables=variables)
    subject = _subject(exchange)
    groups = _groups(config.regex, subject)
    if groups is None:
        # Differs: the reference gateway replaces variables in the client's URL even so, and refuses a URL with a bad
        # escape (test_an_unmatched_url_is_left_alone).
        return Continue(exchange, note=f"the pattern {config.pattern} is not found in {subject}")
    result = to.expand(exchange, escape=True, groups=groups)
    path = exchange.current_pass.path
    try:
        url = parse_url(result)
    except ValueError as error:
        exchange = replace(exchange, response_path=path)
        return Continue(exchange, failure=f"the rewritten URL cannot be parsed: {error}")
    # Nearly all targets have neither a host nor a dot or an escape in their path: nothing can be wrong with them.
    if not to.is_constant and (url.scheme or "." in url.raw_path or "%" in url.raw_path):
        target = exchange

        def sealed() -> str:
            return to.expand(target, escape=True, groups=groups, sealed=True)

        unsafe = _unsafe(config, to, url, result, sealed)
        if unsafe:
            return Reject(Reason.UNSAFE_URL, detail=unsafe)
        if url.scheme == "tyk" and url.query is not None:
            result = _entered_as_written(result, url.query, sealed())
    return Continue(replace(exchange, rewritten=result, response_path=path))


def _unsafe(config: UrlRewrite, to: Text, url: Url, result: str, sealed: Callable[[], str]) -> str:
    """Why a client's text does not fit where the target has it; "" where it does.

    Differs: the reference gateway sends such URLs (test_a_client_cannot_climb_out_of_the_target,
    test_a_client_cannot_extend_the_host_of_the_target).
    """
    if not config.keep_dots and (climbs := _dot_segments(url)):
        written = sealed().partition("#")[0].partition("?")[0]
        if climbs > sum(segment in (".", "..") for segment in written.split("/")):
            return "what the client sent makes a dot segment in the new path"
    if url.scheme:
        match to.parts:
            case (str(host), Group()) if (
                _HOST.fullmatch(host) and result[len(host) : len(host) + 1] not in _BEHIND_HOSTS
            ):
                return f"what the client sent goes on with the host of {host!r}"
    return ""


def _dot_segments(url: Url) -> int:
    """How many segments of its path lead up, and in a loop's path, which lists are matched with, nowhere.

    Lists are matched with decoded paths: in a loop an encoded slash parts segments.
    """
    if url.scheme == "tyk":
        return sum(segment in (".", "..") for segment in decode_path(url.raw_path).split("/"))
    return sum(decode_path(segment) == ".." for segment in url.raw_path.split("/"))


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
    return BodyNeed.READ if phase is Phase.REQUEST and config.reads_body else BodyNeed.NONE


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
