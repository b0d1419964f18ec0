"""Triggers of URL rewrites: ``triggers`` of ``urlRewrite`` in OAS definitions, of ``url_rewrites`` in Classic ones.

Source: behaviour-chain 4.12 and 6.3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.decoding.shapes import (
    BAD,
    Bad,
    Field,
    Notes,
    Place,
    Shape,
    anything,
    boolean,
    checked,
    choice,
    ignored,
    list_of,
    nearest,
    optional,
    record,
    required,
    string,
)
from lockgate.loading.classic_parts import FLAG, TEXT, go_record, named
from lockgate.loading.making import Making
from lockgate.rewriting import RuleKind, RulePattern, Trigger, TriggerRule

_KINDS: Final = tuple(kind.value for kind in RuleKind)
_CONDITIONS: Final = ("any", "all")


# ── OAS ──


@dataclass(frozen=True, slots=True)
class RuleSection:
    """One of ``rules``."""

    kind: str = ""
    """``in``."""
    name: str = ""
    pattern: str = ""
    negate: bool = False


@dataclass(frozen=True, slots=True)
class TriggerSection:
    """One of ``triggers`` in an OAS definition."""

    condition: str = ""
    rewrite_to: str = ""
    rules: tuple[RuleSection, ...] = ()


def _check_name(value: Any, at: Place, notes: Notes) -> None:
    if isinstance(value, dict) and value.get("in") != RuleKind.BODY.value and "name" not in value:
        notes.error("missing-key", "expected 'name', a string, but it is missing", at)


_RULE: Final = checked(
    record(
        RuleSection,
        {
            "in": Field(choice(*_KINDS), required=True, name="kind"),
            "name": optional(string(), ""),
            "pattern": required(string()),
            "negate": optional(boolean(), default=False),
        },
    ),
    _check_name,
)
_TRIGGER: Final = record(
    TriggerSection,
    {
        "condition": required(choice(*_CONDITIONS)),
        "rewriteTo": required(string()),
        "rules": optional(list_of(_RULE), ()),
    },
)
_LATER_RULE: Final = record(
    RuleSection,
    {
        "in": Field(string(), default="", name="kind"),
        "name": optional(string(), ""),
        "pattern": optional(string(), ""),
        "negate": optional(boolean(), default=False),
    },
)
_LATER_TRIGGER: Final = record(
    TriggerSection,
    {
        "condition": optional(string(), ""),
        "rewriteTo": optional(string(), ""),
        "rules": optional(list_of(_LATER_RULE), ()),
    },
)


def _triggers() -> Shape[tuple[TriggerSection, ...]]:
    """The list; as the reference gateway does, only of its first item all is asked for."""
    items = list_of(anything())

    def read(value: object, at: Place, notes: Notes) -> tuple[TriggerSection, ...] | Bad:
        listed = items.read(value, at, notes)
        if isinstance(listed, Bad):
            return BAD
        made = [
            (_LATER_TRIGGER if index else _TRIGGER).read(one, (*at, index), notes) for index, one in enumerate(listed)
        ]
        good = tuple(one for one in made if not isinstance(one, Bad))
        return good if len(good) == len(made) else BAD

    return Shape(items.expected, read)


OAS_TRIGGERS: Final = _triggers()


# ── Classic ──


@dataclass(frozen=True, slots=True)
class PatternSection:
    """What one value is compared with."""

    match_rx: str = ""
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class OptionsSection:
    """``options``: rules by kind and name."""

    header_matches: Mapping[str, PatternSection] = field(default_factory=dict)
    query_val_matches: Mapping[str, PatternSection] = field(default_factory=dict)
    path_part_matches: Mapping[str, PatternSection] = field(default_factory=dict)
    session_meta_matches: Mapping[str, PatternSection] = field(default_factory=dict)
    request_context_matches: Mapping[str, PatternSection] = field(default_factory=dict)
    payload_matches: PatternSection | None = None


@dataclass(frozen=True, slots=True)
class ClassicTriggerSection:
    """One of ``triggers`` in a Classic definition."""

    on: str = ""
    rewrite_to: str = ""
    options: OptionsSection = OptionsSection()


_PATTERN: Final = go_record(PatternSection, {"match_rx": TEXT, "reverse": FLAG})
_PATTERNS: Final = optional(named(_PATTERN), {})
_MAPS: Final = {
    RuleKind.HEADER: "header_matches",
    RuleKind.QUERY: "query_val_matches",
    RuleKind.PATH: "path_part_matches",
    RuleKind.SESSION: "session_meta_matches",
    RuleKind.CONTEXT: "request_context_matches",
}
_OPTIONS: Final = go_record(
    OptionsSection, {**dict.fromkeys(_MAPS.values(), _PATTERNS), "payload_matches": optional(_PATTERN)}
)
CLASSIC_TRIGGERS: Final = list_of(
    go_record(
        ClassicTriggerSection,
        {
            "on": TEXT,
            "rewrite_to": TEXT,
            "rewrite_to_internal": ignored(anything()),
            "options": optional(_OPTIONS, OptionsSection()),
        },
    )
)


# ── both ──


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as a definition has it."""

    kind: RuleKind
    name: str
    pattern: str
    negate: bool
    place: Place
    """Of the pattern."""


def triggers_of_oas(sections: Iterable[TriggerSection], place: Place, path: str, making: Making) -> tuple[Trigger, ...]:
    """Compile triggers of an OAS definition.

    Args:
        sections: As they were decoded.
        place: Of their list.
        path: Of the endpoint, as written.
        making: Of the definition.
    """
    made: list[Trigger] = []
    for index, section in enumerate(sections):
        at = (*place, index)
        rules = tuple(_written_rules(section.rules, (*at, "rules"), making))
        made.append(_compiled(section.rewrite_to, (section.condition, (*at, "condition")), rules, path, making))
    return tuple(made)


def _written_rules(sections: Iterable[RuleSection], place: Place, making: Making) -> Iterator[_Written]:
    for index, section in enumerate(sections):
        if section.kind not in _KINDS:
            at = (*place, index, "in")
            expected = ", ".join(map(repr, _KINDS))
            message = f"expected one of {expected}, found {making.notes.show(section.kind, at)}: the rule is left out"
            making.notes.warning("bad-value", message, at, nearest(section.kind, _KINDS))
            continue
        at = (*place, index, "pattern")
        yield _Written(RuleKind(section.kind), section.name, section.pattern, section.negate, at)


def triggers_of_classic(
    sections: Iterable[ClassicTriggerSection], place: Place, path: str, making: Making
) -> tuple[Trigger, ...]:
    """Compile triggers of a Classic definition; arguments as for ``triggers_of_oas``."""
    made: list[Trigger] = []
    for index, section in enumerate(sections):
        at = (*place, index)
        rules = tuple(_written_options(section.options, (*at, "options")))
        made.append(_compiled(section.rewrite_to, (section.on, (*at, "on")), rules, path, making))
    return tuple(made)


def _written_options(options: OptionsSection, place: Place) -> Iterator[_Written]:
    for kind, key in _MAPS.items():
        patterns: Mapping[str, PatternSection] = getattr(options, key)
        for name, one in patterns.items():
            yield _Written(kind, name, one.match_rx, one.reverse, (*place, key, name, "match_rx"))
    body = options.payload_matches
    if body is not None:
        at = (*place, "payload_matches", "match_rx")
        yield _Written(RuleKind.BODY, "", body.match_rx, body.reverse, at)


def _compiled(to: str, condition: tuple[str, Place], rules: Sequence[_Written], path: str, making: Making) -> Trigger:
    """One trigger.

    Args:
        to: Its target.
        condition: With its place, behind which the trigger's own stands.
        rules: In the order of the definition.
        path: Of the endpoint, as written.
        making: Of the definition.
    """
    word, place = condition
    if word not in _CONDITIONS:
        found = making.notes.show(word, place)
        making.notes.warning("bad-value", f"expected 'any' or 'all', found {found}: it counts as 'all'", place)
    is_any = word == "any"
    grouped: dict[tuple[RuleKind, str], list[RulePattern]] = {}
    for rule in rules:
        if rule.kind is RuleKind.BODY and not rule.pattern:
            # As in the reference gateway, where such a rule is none.
            message = "the pattern of a rule for the body is empty: the rule is left out"
            making.notes.warning("empty-rule", message, rule.place)
            continue
        _note_path_rule(rule, path, making)
        # The name of a rule for the body means nothing.
        known = grouped.setdefault((rule.kind, "" if rule.kind is RuleKind.BODY else rule.name), [])
        if known:
            # Differs: in the reference gateway the first one is lost (test_rules_of_one_name_count_together).
            message = "there is another rule for the same value: both count here, only the last one counts on Tyk"
            making.notes.warning("duplicate-rule", message, rule.place)
        known.append(RulePattern(making.regex(rule.pattern, rule.place, "the rule never matches"), rule.negate))
    if not grouped:
        fires = "never fires, because its condition is 'any'" if is_any else "fires for every request"
        making.notes.warning("trigger-without-rules", f"the trigger has no rules: it {fires}", place[:-1])
    made = [TriggerRule(kind, name, tuple(patterns)) for (kind, name), patterns in grouped.items()]
    by_kind = (tuple(rule for rule in made if rule.kind is kind) for kind in RuleKind)
    return Trigger(making.text(to), tuple(one for one in by_kind if one), is_any)


def _note_path_rule(rule: _Written, path: str, making: Making) -> None:
    """What people take a rule for the path for, and what it is not."""
    if rule.kind is not RuleKind.PATH:
        return
    segments = "every segment of the path, those of the listen path too"
    if rule.negate:
        message = f"a negated rule for the path matches if any segment does not, and there is {segments}"
        making.notes.warning("path-rule", f"{message}: it matches nearly every request", rule.place)
    elif f"{{{rule.name}}}" in path:
        message = f"the name {rule.name!r} of a rule for the path is a label: the pattern is compared with {segments}"
        making.notes.warning("path-rule", message, rule.place)
