"""Decide who may call an endpoint: allow, block, ignore authentication and internal, in one decision.

One link for all four, because they decide together over the order of all entries of a version. So do the replies of the
Classic format (``mock_response``, ``method_actions``).

Source: behaviour-chain 2.6 and 4.9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from lockgate.exchange import NO_HEADERS, Exchange, Headers, Response, canonical, replace
from lockgate.middleware import (
    Continue,
    Decision,
    Match,
    Matching,
    Middleware,
    Outcome,
    Reason,
    Reject,
    Resolver,
    Respond,
    Rule,
)
from lockgate.services import Services
from lockgate.sniffing import detect_content_type
from lockgate.trace import Level, Why

_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_LAST_STATUS: Final = 999


class AccessKind(Enum):
    """What an entry says of its endpoint."""

    MOCK = "mock"
    """It is answered here, with the entry's reply."""
    ALLOW = "allow"
    """It may be called; once there is one such entry, nothing else may."""
    BLOCK = "block"
    IGNORE = "ignore"
    """It may be called, without authentication."""
    INTERNAL = "internal"
    """Only loops, and APIs whose upstream it is, may call it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that the definition holds."""

    status: int = 200
    """200 to 999; 0 is 200. With any other every request is refused."""
    body: bytes = b""
    """Verbatim: nothing in it is a variable."""
    headers: Headers = NO_HEADERS
    """Framing is not for a definition to choose: Content-Length and Transfer-Encoding do not count."""
    response: Response | None = field(init=False, repr=False, compare=False)
    """None when the status is none. It has a Content-Type: nothing behind this link gives it one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "response", self._made())

    def _made(self) -> Response | None:
        status = self.status or 200
        if not _FIRST_FINAL_STATUS <= status <= _LAST_STATUS:
            return None
        headers = NO_HEADERS
        for name, value in self.headers.remove("Content-Length", "Transfer-Encoding"):
            headers = headers.add(canonical(name), value)
        if status in _WITHOUT_BODY or not self.body:
            return Response(status, headers)
        if "Content-Type" not in headers and not headers.get("Content-Encoding"):
            headers = headers.add("Content-Type", detect_content_type(self.body))
        return Response(status, headers, self.body)


class PlainAction(Enum):
    """What an entry does with one method, where it does not reply."""

    NO_ACTION = "no_action"
    """As the entry's kind says."""
    OTHER = "other"
    """Any word that the format does not know: the endpoint is forbidden."""


type Action = PlainAction | Reply


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """Configuration of one entry."""

    kind: AccessKind
    actions: Mapping[str, Action] | None = None
    """By method, in place of the entry's own method. None: it has none; {} matches nothing."""
    reply: Reply | None = None
    """Of a mock."""


class Verdict(Enum):
    """What the entries say together."""

    ALLOWED = "allowed"
    IGNORED = "ignored"
    FORBIDDEN = "forbidden"


type Ruling = Verdict | Reply


@dataclass(frozen=True, slots=True)
class Access:
    """Configuration of ``access``: what was decided for one method and path."""

    outside: Ruling
    """For a request that came from a client."""
    inside: Ruling
    """For one that came by a loop, or as the upstream of another API."""


def request(config: Access, exchange: Exchange, _: Services) -> Outcome:
    """Carry the decision out."""
    # Differs: the reference gateway forbids internal endpoints of an API that is the upstream of another one, which its
    # documentation allows (test_an_internal_endpoint_is_reached_as_an_upstream).
    verdict = config.inside if exchange.current_pass.inside else config.outside
    if isinstance(verdict, Reply):
        if verdict.response is not None:
            return Respond(verdict.response, finish=True)
        # Differs: the reference gateway aborts the connection (test_a_status_that_is_none_is_refused).
        text = f"failed to mock response: mock: {verdict.status} is not a valid status code"
        return Reject(Reason.MOCK_FAILED, text)
    if verdict is Verdict.FORBIDDEN:
        return Reject(Reason.FORBIDDEN)
    if verdict is Verdict.IGNORED and not exchange.ignored:
        return Continue(replace(exchange, ignored=True))
    return Continue(exchange)


def resolver(rules: Sequence[Rule]) -> Resolver | None:
    """The decision over ``rules``, a version's. Without a rule for this middleware there is none to make."""
    entries = [rule.config for rule in rules if isinstance(rule.config, AccessEntry)]
    if not entries:
        return None
    has_allow_list = any(entry.kind is AccessKind.ALLOW for entry in entries)

    def resolve(matches: Sequence[Match], method: str) -> Decision | None:
        inside, why = _decide(matches, method, has_allow_list=has_allow_list)
        internal = _first_internal(matches, method)
        if internal is None:
            return Decision(Access(inside, inside), why)
        return Decision(Access(Verdict.FORBIDDEN, inside), _why(internal, "1 internal"))

    return resolve


def _first_internal(matches: Sequence[Match], method: str) -> Match | None:
    for match in matches:
        entry = match.rule.config
        if isinstance(entry, AccessEntry) and entry.kind is AccessKind.INTERNAL and match.rule.method == method:
            return match
    return None


def _decide(matches: Sequence[Match], method: str, *, has_allow_list: bool) -> tuple[Ruling, Why]:
    """What the entries say, loops aside: the first one that says something."""
    for match in matches:
        entry = match.rule.config
        if isinstance(entry, AccessEntry) and entry.kind is not AccessKind.INTERNAL:
            said = _said(entry, match.rule.method, method)
            if said is not None:
                ruling, rule = said
                return ruling, _why(match, rule)
        elif not has_allow_list:
            return Verdict.ALLOWED, _why(match, "2d other entry, no allow list")
        # Differs: in the reference gateway the first entry of another kind forbids, so that a header transform closes
        # an internal endpoint to loops (test_a_transform_does_not_close_an_internal_endpoint).
        elif isinstance(entry, AccessEntry) and match.rule.method == method:
            return Verdict.ALLOWED, _why(match, "2c internal, allow list")
    if has_allow_list:
        return Verdict.FORBIDDEN, Why(Level.API, rule="3 not on the allow list")
    return Verdict.ALLOWED, Why(Level.API, rule="3 nothing forbids")


def _said(entry: AccessEntry, entry_method: str, method: str) -> tuple[Ruling, str] | None:
    """What one entry says of a method, and by which rule; None when nothing."""
    kind = entry.kind
    if entry.actions is not None:
        action = entry.actions.get(method)
        if action is None:
            return None
        if isinstance(action, Reply):
            return action, f"2b reply of {kind.value}"
        if action is PlainAction.OTHER:
            return Verdict.FORBIDDEN, f"2b other action of {kind.value}"
        return _VERDICTS.get(kind, Verdict.FORBIDDEN), f"2b no_action, {kind.value}"
    if kind is AccessKind.MOCK:
        return (entry.reply or Reply(), "2a mock") if entry_method == method else None
    return (_VERDICTS[kind], f"2a {kind.value}") if entry_method in ("", method) else None


_VERDICTS = {
    AccessKind.ALLOW: Verdict.ALLOWED,
    AccessKind.BLOCK: Verdict.FORBIDDEN,
    AccessKind.IGNORE: Verdict.IGNORED,
}


def _why(match: Match, rule: str) -> Why:
    return Why(Level.RULE, match.rule.pointer, match.rule.entry, match.pattern, match.text, rule)


MIDDLEWARE = Middleware(
    name="access",
    summary="Allows, blocks and hides endpoints.",
    config=Access,
    request=request,
    matching=Matching.LISTS,
    resolver=resolver,
)
