"""Triggers of a URL rewrite: rules over a request that choose another target. Values; they know no middleware.

Rules of this file:
1. What a rule captured is data: it becomes a variable, and is never scanned for variables.
2. Matching takes linear time, whatever the text; of a body, no more than ``MOST_BODY_MATCHES`` matches are looked for.

Source: behaviour-chain 4.12.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, final

from lockgate.exchange import (
    Exchange,
    NotRead,
    Variables,
    VariableValue,
    canonical,
    decode_text,
)
from lockgate.routing.pattern import Regex, RegexMatch
from lockgate.urls import form_values, unescape_path
from lockgate.variables import Text

MOST_BODY_MATCHES: Final = 100
"""Matches of one body that become variables."""

MOST_PARAMETERS: Final = 10_000
"""Of a query; those behind them are not looked at."""

_AT_ONCE: Final = 64 * 1024
"""Characters."""
_CONTINUATION_BYTES: Final = bytes(range(0x80, 0xC0))
"""Of UTF-8: they begin no character."""
_CONTINUATIONS: Final = frozenset(bytes((byte,)) for byte in _CONTINUATION_BYTES)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class RuleKind(Enum):
    """What a rule is compared with, in the order in which kinds are examined."""

    HEADER = "header"
    """Every value of the header."""
    QUERY = "query"
    """Every decoded value of the parameter."""
    PATH = "path"
    """Every segment of the decoded path, with those of the listen path; the rule's name is a label."""
    SESSION = "sessionMetadata"
    """The session's metadata of that name, if it is a text."""
    CONTEXT = "requestContext"
    """The context variable of that name, if it is a text."""
    BODY = "requestBody"
    """The whole body, as it was sent."""


@dataclass(frozen=True, slots=True)
class RulePattern:
    """One pattern of a rule."""

    regex: Regex | None
    """None when the pattern does not compile: nothing matches it, negated or not."""
    negate: bool = False
    """A value matches where the pattern is not found; one that is not there never does."""


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """One condition of a trigger."""

    kind: RuleKind
    name: str
    """Of the header, parameter, metadata or variable; "" of a body."""
    patterns: tuple[RulePattern, ...]
    """Under "all", each of them has to match; there is more than one where a list has rules of one kind and name."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Rules, and the target that they choose."""

    to: Text
    """The new URL, with groups of the rewrite's pattern and variables."""
    rules: tuple[tuple[TriggerRule, ...], ...] = ()
    """By kind, in the order of ``RuleKind``; none of them empty."""
    any: bool = False
    """One rule is enough. Otherwise every kind has to match, so that a trigger without rules always fires."""

    @property
    def reads_body(self) -> bool:
        """Whether it has a rule for the body."""
        return any(rules[0].kind is RuleKind.BODY for rules in self.rules)


@final
class Captured(Mapping[str, VariableValue]):
    """Variables, with what rules captured."""

    __slots__ = ("_base", "_captured")

    def __init__(self, captured: Mapping[str, VariableValue], base: Variables) -> None:
        """Put ``captured`` on top of ``base``."""
        self._captured: Final = captured
        self._base: Final = base

    def __getitem__(self, name: str) -> VariableValue:
        return self._captured[name] if name in self._captured else self._base[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield from (name for name in self._captured if name not in self._base)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Captured({dict(self)!r})"


def choose(triggers: Sequence[Trigger], exchange: Exchange) -> tuple[Trigger | None, Variables | None]:
    """The first trigger that fires, and the variables with what rules captured on the way.

    What rules of a trigger captured that does not fire in the end stays.

    Args:
        triggers: Their places in the list are part of the names of variables.
        exchange: With its body, if any trigger reads it.
    """
    request = _Request(exchange)
    fired = next((trigger for number, trigger in enumerate(triggers) if _fires(trigger, number, request)), None)
    return fired, request.variables


def _fires(trigger: Trigger, number: int, request: "_Request") -> bool:
    satisfied = 0
    for rules in trigger.rules:
        matched = 0
        for rule in rules:
            counts = [request.count(rule, pattern, number, matched) for pattern in rule.patterns]
            matched += max(counts) if trigger.any else min(counts)
        if trigger.any:
            if matched:
                return True
        # As recorded: two matching values of one name stand in for another name that does not match.
        elif matched >= len(rules):
            satisfied += 1
    return not trigger.any and satisfied == len(trigger.rules)


@final
class _Request:
    """A request as rules see it, and what they captured of it so far."""

    __slots__ = ("_captured", "_exchange", "_query", "_segments")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange: Final = exchange
        self._captured: Final[dict[str, VariableValue]] = {}
        self._query: Mapping[str, tuple[str, ...]] | None = None
        self._segments: tuple[str, ...] | None = None

    @property
    def variables(self) -> Variables | None:
        """The exchange's, with what was captured."""
        before = self._exchange.variables
        return Captured(self._captured, before or {}) if self._captured else before

    def count(self, rule: TriggerRule, pattern: RulePattern, number: int, before: int) -> int:
        """How many values match one pattern of a rule. What it finds is kept.

        Args:
            rule: The pattern's.
            pattern: Of the rule.
            number: The trigger's place.
            before: Segments of the path that rules of the trigger matched before this one.
        """
        regex = pattern.regex
        if regex is None:
            return 0
        if rule.kind is RuleKind.BODY:
            return self._count_body(regex, f"trigger-{number}-payload", negate=pattern.negate)
        key = f"trigger-{number}-{canonical(rule.name) if rule.kind is RuleKind.HEADER else rule.name}"
        matched = 0
        for index, value in enumerate(self._values(rule)):
            groups = find(regex, value)
            if (groups is None) is not pattern.negate:
                continue
            if groups is not None:
                self._keep(f"{key}{self._suffix(rule.kind, index, before + matched)}", groups)
            matched += 1
        return matched

    @staticmethod
    def _suffix(kind: RuleKind, index: int, matched: int) -> str:
        if kind is RuleKind.PATH:
            return f"-{matched}"
        return f"-{index}" if kind in (RuleKind.HEADER, RuleKind.QUERY) else ""

    def _count_body(self, regex: Regex, key: str, *, negate: bool) -> int:
        body = self._exchange.request.body
        if isinstance(body, NotRead):
            raise RuntimeError("a trigger reads the body, which is not there")
        found = _find_all(regex, body)
        if not negate:
            for index, groups in enumerate(found):
                if index == 0:
                    self._captured[key] = groups[0]
                self._keep(f"{key}-{index}", groups)
        return int(bool(found) is not negate)

    def _keep(self, key: str, groups: Sequence[str]) -> None:
        self._captured[key] = groups[0]
        for number, group in enumerate(groups[1:]):
            self._captured[f"{key}-{number}"] = group

    def _values(self, rule: TriggerRule) -> Sequence[str]:
        """What there is to be matched; nothing where the name is not there."""
        exchange = self._exchange
        match rule.kind:
            case RuleKind.HEADER:
                return exchange.request.headers.get_all(rule.name)
            case RuleKind.QUERY:
                if self._query is None:
                    self._query = form_values(exchange.request.query or "", MOST_PARAMETERS)
                return self._query.get(rule.name, ())
            case RuleKind.PATH:
                if self._segments is None:
                    self._segments = tuple(_decoded(exchange.request.path).split("/"))
                return self._segments
            case RuleKind.SESSION:
                session = exchange.session
                value = None if session is None else session.meta_data.get(rule.name)
                return (value,) if isinstance(value, str) else ()
            case RuleKind.CONTEXT:
                known = exchange.variables or {}
                variable = self._captured[rule.name] if rule.name in self._captured else known.get(rule.name)
                return (variable,) if isinstance(variable, str) else ()
            case RuleKind.BODY:
                return ()


def _decoded(path: str) -> str:
    try:
        return unescape_path(path)
    except ValueError:
        return path


def as_searched(text: str) -> str:
    """Each byte that is no UTF-8 as U+FFFD, as Go's engine sees it: as many characters as there were."""
    if len(text) <= _AT_ONCE:
        return _SURROGATE.sub("\ufffd", text)
    # Part by part, so that other threads can go on.
    return "".join(_SURROGATE.sub("\ufffd", text[start : start + _AT_ONCE]) for start in range(0, len(text), _AT_ONCE))


def spans_of(found: RegexMatch) -> list[tuple[int, int]]:
    """Where the groups of a match stand, the whole match first; (0, 0) for one that took no part."""
    spans = [found.span(number) for number in range(found.re.groups + 1)]
    return [(start, end) if start >= 0 else (0, 0) for start, end in spans]


def find(regex: Regex, text: str) -> list[str] | None:
    """The groups of the first match, the whole match first; one that took no part is empty. None: there is none."""
    # As bytes: with text, RE2's module counts characters up to each group, which takes longer than the search.
    found = regex.search(text.encode() if text.isascii() else as_searched(text))
    return None if found is None else [text[start:end] for start, end in spans_of(found)]


def _find_all(regex: Regex, body: bytes) -> list[list[str]]:
    """The groups of the first matches in a body.

    Source: Go, regexp, FindAllStringSubmatch: an empty match right behind another one is none.
    """
    made: list[list[str]] = []
    text = decode_text(body)
    raw = body
    if not body.isascii():
        starts = range(0, len(text), _AT_ONCE)
        raw = b"".join([as_searched(text[start : start + _AT_ONCE]).encode() for start in starts])
    end = -1
    known = (0, 0)
    for found in regex.finditer(raw):
        spans = spans_of(found)
        # The empty text within a character is none either.
        if spans[0] == (end, end) or raw[spans[0][0] : spans[0][0] + 1] in _CONTINUATIONS:
            continue
        end = spans[0][1]
        known = _place(raw, spans[0][0], known)
        places = {offset: _place(raw, offset, known)[1] for span in spans for offset in span}
        made.append([text[places[first] : places[last]] for first, last in spans])
        if len(made) == MOST_BODY_MATCHES:
            break
    return made


def _place(raw: bytes, offset: int, known: tuple[int, int]) -> tuple[int, int]:
    """An offset in UTF-8, and how many characters stand before it.

    Args:
        raw: The text.
        offset: Those before a known one, which no group of the match has, are nowhere: 0 characters.
        known: The same of a place before it.
    """
    start, characters = known
    if offset < start:
        return offset, 0
    for first in range(start, offset, _AT_ONCE):
        characters += len(raw[first : min(first + _AT_ONCE, offset)].translate(None, _CONTINUATION_BYTES))
    return offset, characters
