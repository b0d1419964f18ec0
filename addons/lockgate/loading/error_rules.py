"""Rules that replace errors: ``errorOverrides`` of OAS definitions, ``error_overrides`` of Classic ones and of settings.

Source: behaviour-chain 0.4; Tyk documentation, "Customizing Error Responses".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.decoding.shapes import Bad, Notes, Place, Shape, boolean, list_of, optional, record
from lockgate.error_replies import (
    ErrorAnswer,
    ErrorMatch,
    ErrorOverrides,
    ErrorRule,
    MessageTemplate,
    compile_body_field,
    compile_template,
)
from lockgate.loading.classic_parts import NAMES, TEXT, WHOLE, go_record, named
from lockgate.loading.making import Making, Origin
from lockgate.problems import Problem
from lockgate.settings import Settings
from lockgate.templates.errors import TemplateError

_STATUS: Final = re.compile(r"[1-9][0-9]{2}|[1-9]xx")


@dataclass(frozen=True, slots=True)
class MatchSection:
    """``match``."""

    flag: str = ""
    message_pattern: str = ""
    body_field: str = ""
    body_value: str = ""


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """``response``."""

    status_code: int = 0
    message: str = ""
    body: str = ""
    template: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSection:
    """One rule."""

    match: MatchSection = MatchSection()
    response: AnswerSection = AnswerSection()


@dataclass(frozen=True, slots=True)
class OverridesSection:
    """``errorOverrides`` of an OAS definition."""

    enabled: bool = False
    value: Mapping[str, tuple[RuleSection, ...]] = field(default_factory=dict)


def _rules(status: str, pattern: str, body_field: str, body_value: str) -> Shape[dict[str, tuple[RuleSection, ...]]]:
    match = go_record(MatchSection, {"flag": TEXT, pattern: TEXT, body_field: TEXT, body_value: TEXT})
    answer = go_record(
        AnswerSection, {status: WHOLE, "message": TEXT, "body": TEXT, "template": TEXT, "headers": NAMES}
    )
    rule = go_record(
        RuleSection,
        {"match": optional(match, MatchSection()), "response": optional(answer, AnswerSection())},
    )
    return named(list_of(rule))


CLASSIC_RULES: Final = _rules("status_code", "message_pattern", "body_field", "body_value")
OAS_RULES: Final = record(
    OverridesSection,
    {
        "enabled": optional(boolean(), default=False),
        "value": optional(_rules("statusCode", "messagePattern", "bodyField", "bodyValue"), {}),
    },
)


def gateway_rules(settings: Settings, file: str = "") -> tuple[ErrorOverrides | None, tuple[Problem, ...]]:
    """The gateway's own rules (``error_overrides`` of its settings), and what is wrong with them.

    Args:
        settings: Of the gateway.
        file: That they were read from, for problems.
    """
    if not settings.error_overrides:
        return None, ()
    notes = Notes()
    place: Place = ("error_overrides",)
    written = CLASSIC_RULES.read(settings.error_overrides, place, notes)
    made = None
    if not isinstance(written, Bad):
        origin = Origin(file, settings, lambda _store, _name: None, resolve=True)
        made = overrides_of(written, place, Making(origin, notes), camel=False)
    return made, tuple(problem.at(file, 0) for problem in notes.finished())


def overrides_of(
    written: Mapping[str, tuple[RuleSection, ...]], place: Place, making: Making, *, camel: bool
) -> ErrorOverrides:
    """The rules; one that cannot be used is noted, and left out.

    Args:
        written: By status.
        place: Of them.
        making: Of the definition.
        camel: Whether keys are spelled as in OAS definitions.
    """
    made: dict[str, tuple[ErrorRule, ...]] = {}
    for status, sections in written.items():
        if _STATUS.fullmatch(status) is None:
            message = f"expected a status such as '403' or '5xx', found {status!r}: its rules have no effect"
            making.notes.warning("bad-status", message, (*place, status))
            continue
        rules = (_rule(one, (*place, status, index), making, camel=camel) for index, one in enumerate(sections))
        made[status] = tuple(rule for rule in rules if rule is not None)
    return ErrorOverrides(made)


def _rule(section: RuleSection, place: Place, making: Making, *, camel: bool) -> ErrorRule | None:
    match, answer = section.match, section.response
    pattern = None
    if match.message_pattern:
        at = (*place, "match", "messagePattern" if camel else "message_pattern")
        pattern = making.regex(match.message_pattern, at, "the rule has no effect")
        if pattern is None:
            return None
    fields: tuple[str, ...] = ()
    if match.body_field:
        at = (*place, "match", "bodyField" if camel else "body_field")
        try:
            fields = compile_body_field(match.body_field)
        except ValueError as error:
            making.notes.warning("bad-value", f"{error}; the rule has no effect", at)
            return None
    body: MessageTemplate | None = None
    if answer.body:
        body = _template(answer.body, (*place, "response", "body"), making.notes)
        if body is None:
            return None
    at = (*place, "response", "statusCode" if camel else "status_code")
    making.check_status(answer.status_code, at, "the status stays as it is")
    for name in answer.headers:
        making.check_name(name, (*place, "response", "headers", name))
    headers: tuple[tuple[str, str], ...] = tuple(answer.headers.items())
    status = answer.status_code if 200 <= answer.status_code <= 999 else 0  # noqa: PLR2004
    return ErrorRule(
        ErrorAnswer(status, answer.message, body, answer.template, headers),
        ErrorMatch(match.flag, pattern, fields, match.body_value),
    )


def _template(text: str, place: Place, notes: Notes) -> MessageTemplate | None:
    try:
        return compile_template(text)
    except TemplateError as error:
        notes.warning("bad-error-template", f"{error.text}; the rule has no effect", place, error.hint)
        return None
