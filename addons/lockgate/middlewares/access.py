"""Decide who may call an endpoint: allow, block, ignore authentication and internal, in one decision.

One link for all four, because they decide together over the order of all entries of a version. Mock replies of the
Classic format (``mock_response``, ``method_actions``) are decided here too; they are not built.

Source: behaviour-chain 2.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from lockgate.exchange import Exchange
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
    Rule,
)
from lockgate.services import Services
from lockgate.trace import Level, Why


class AccessKind(Enum):
    """What an entry says of its endpoint."""

    ALLOW = "allow"
    """It may be called; once there is one such entry, nothing else may."""
    BLOCK = "block"
    IGNORE = "ignore"
    """It may be called, without authentication."""
    INTERNAL = "internal"
    """Only loops may call it."""


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """Configuration of one entry."""

    kind: AccessKind


class Verdict(Enum):
    """What the entries say together."""

    ALLOWED = "allowed"
    IGNORED = "ignored"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Access:
    """Configuration of ``access``: what was decided for one method and path."""

    outside: Verdict
    """For a request that came from a client."""
    inside: Verdict
    """For one that came by a loop."""


def request(config: Access, exchange: Exchange, _: Services) -> Outcome:
    """Carry the decision out."""
    verdict = config.inside if exchange.current_pass.loop_level > 0 else config.outside
    if verdict is Verdict.FORBIDDEN:
        return Reject(Reason.FORBIDDEN)
    if verdict is Verdict.IGNORED and not exchange.ignored:
        return Continue(replace(exchange, ignored=True))
    return Continue(exchange)


def resolver(rules: Sequence[Rule]) -> Resolver:
    """The decision over ``rules``, a version's. Without a rule for this middleware there is none to make."""
    entries = [rule.config for rule in rules if isinstance(rule.config, AccessEntry)]
    has_allow_list = any(entry.kind is AccessKind.ALLOW for entry in entries)

    def resolve(matches: Sequence[Match], method: str) -> Decision | None:
        if not entries:
            return None
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


def _decide(matches: Sequence[Match], method: str, *, has_allow_list: bool) -> tuple[Verdict, Why]:
    """What the entries say, loops aside: the first one that says something."""
    for match in matches:
        entry = match.rule.config
        if isinstance(entry, AccessEntry) and entry.kind is not AccessKind.INTERNAL:
            if match.rule.method in ("", method):
                return _VERDICTS[entry.kind], _why(match, f"2a {entry.kind.value}")
        elif not has_allow_list:
            return Verdict.ALLOWED, _why(match, "2d other entry, no allow list")
        # Differs: in the reference gateway the first entry of another kind forbids, so that a header transform closes
        # an internal endpoint to loops (test_a_transform_does_not_close_an_internal_endpoint).
        elif isinstance(entry, AccessEntry) and match.rule.method == method:
            return Verdict.ALLOWED, _why(match, "2c internal, allow list")
    if has_allow_list:
        return Verdict.FORBIDDEN, Why(Level.API, rule="3 not on the allow list")
    return Verdict.ALLOWED, Why(Level.API, rule="3 nothing forbids")


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
