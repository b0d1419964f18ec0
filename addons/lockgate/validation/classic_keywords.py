"""What each keyword of ``validate_json`` asks of a value, in the words and the order of the reference gateway.

The library ``jsonschema`` goes through the keywords of a schema and carries errors; the keywords are ours, since the
reference judges otherwise: all violations are told, of several branches those of the one that fits best, numbers are
decimals of any length, and values are equal if Go writes them alike.

Keywords see what the compiler made of their values (the classes here), never the document.

Source: behaviour-chain 4.7; gojsonschema 1.2.0, validation.go, locales.go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isinf
from typing import Any, Final, cast

from jsonschema import TypeChecker, validators
from jsonschema.exceptions import ValidationError

from lockgate.documents.json import encode
from lockgate.documents.numbers import Number
from lockgate.routing.pattern import Regex
from lockgate.validation.classic_formats import Check
from lockgate.validation.classic_nodes import RUN, Node, Run
from lockgate.validation.decimals import decimal_of, is_integer, is_multiple

type Errors = list[ValidationError] | None
type Keyword = Callable[[Any, Any, Any, Any], Errors]

_TEXT_PER_STEP: Final = 20
"""Characters of a value that are written in one step."""
_MESSAGE_PER_STEP: Final = 1_000
_REGEX_STEPS_PER_CHARACTER: Final = 32
_FORMATTED_PER_STEP: Final = 8

# ── types ──


@dataclass(frozen=True, slots=True)
class Types:
    """``type``, for a kind of values that it does not allow, or not all of."""

    text: str
    """As the schema has them: "string", "[string,null]"."""
    integers: bool
    """Numbers have to be integral."""


_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    list: "array",
    dict: "object",
}


def type_(_: object, types: Types, value: object, __: object) -> Errors:
    """``type``."""
    if isinstance(value, Number):
        integral = is_integer(value.text)
        if types.integers and integral:
            return None
        name = "integer" if integral else "number"
    else:
        name = _NAMES[type(value)]
    return [RUN.get().fail(f"Invalid type. Expected: {types.text}, given: {name}")]


def false(_: object, __: object, ___: object, ____: object) -> Errors:
    """A schema that is ``false``."""
    return [RUN.get().fail("False always fails validation")]


# ── combinators ──


def any_of(_: object, nodes: tuple[Node, ...], value: object, __: object) -> Errors:
    """``anyOf``: the violations of the branch that fits best."""
    run = RUN.get()
    best, best_score = None, 0
    for node in nodes:
        errors, score = run.visit_apart(node, value)
        if not errors:
            return None
        if best is None or score > best_score:
            best, best_score = errors, score
    run.score += best_score
    return [run.fail("Must validate at least one schema (anyOf)"), *(best or ())]


def one_of(_: object, nodes: tuple[Node, ...], value: object, __: object) -> Errors:
    """``oneOf``: if none passes, the violations of the branch that fits best."""
    run = RUN.get()
    passed, best, best_score = 0, None, 0
    for node in nodes:
        errors, score = run.visit_apart(node, value)
        if not errors:
            passed += 1
        elif passed == 0 and (best is None or score > best_score):
            best, best_score = errors, score
    if passed == 1:
        return None
    failure = run.fail("Must validate one and only one schema (oneOf)")
    if passed:
        return [failure]
    run.score += best_score
    return [failure, *(best or ())]


def all_of(_: object, nodes: tuple[Node, ...], value: object, __: object) -> Errors:
    """``allOf``."""
    run = RUN.get()
    found: list[ValidationError] = []
    for node in nodes:
        found += run.visit(node, value)
    if found:
        found.append(run.fail("Must validate all the schemas (allOf)"))
    return found


def not_(_: object, node: Node, value: object, __: object) -> Errors:
    """``not``."""
    run = RUN.get()
    errors, _score = run.visit_apart(node, value)
    return None if errors else [run.fail("Must not validate the schema (not)")]


def dependencies(_: object, rules: Mapping[str, tuple[str, ...] | Node], value: dict[str, Any], __: object) -> Errors:
    """``dependencies``: in the order of the value."""
    run = RUN.get()
    found: list[ValidationError] = []
    for name in value:
        rule = rules.get(name)
        if isinstance(rule, Node):
            found += run.visit(rule, value)
        else:
            found += [run.fail(f"Has a dependency on {other}") for other in rule or () if other not in value]
    return found


@dataclass(frozen=True, slots=True)
class Condition:
    """``if``, ``then`` and ``else``."""

    condition: Node
    then: Node | None
    otherwise: Node | None


def if_(_: object, rule: Condition, value: object, __: object) -> Errors:
    """``if``, ``then`` and ``else``."""
    run = RUN.get()
    refused, _score = run.visit_apart(rule.condition, value)
    branch = rule.otherwise if refused else rule.then
    if branch is None:
        return None
    errors, score = run.visit_apart(branch, value)
    if not errors:
        return None
    run.score += score
    words = '"else" as "if" was not valid' if refused else '"then" as "if" was valid'
    return [run.fail(f"Must validate {words}"), *errors]


# ── numbers ──


@dataclass(frozen=True, slots=True)
class Bound:
    """A number that values are compared with."""

    value: Decimal
    text: str
    """As Go prints the float64."""


def multiple_of(_: object, bound: Bound, value: Number, __: object) -> Errors:
    """``multipleOf``."""
    return None if is_multiple(value.text, bound.value) else [RUN.get().fail(f"Must be a multiple of {bound.text}")]


def maximum(_: object, bound: Bound, value: Number, __: object) -> Errors:
    """``maximum``."""
    if decimal_of(value.text) <= bound.value:
        return None
    return [RUN.get().fail(f"Must be less than or equal to {bound.text}")]


def exclusive_maximum(_: object, bound: Bound, value: Number, __: object) -> Errors:
    """``exclusiveMaximum``."""
    return None if decimal_of(value.text) < bound.value else [RUN.get().fail(f"Must be less than {bound.text}")]


def minimum(_: object, bound: Bound, value: Number, __: object) -> Errors:
    """``minimum``."""
    if decimal_of(value.text) >= bound.value:
        return None
    return [RUN.get().fail(f"Must be greater than or equal to {bound.text}")]


def exclusive_minimum(_: object, bound: Bound, value: Number, __: object) -> Errors:
    """``exclusiveMinimum``."""
    return None if decimal_of(value.text) > bound.value else [RUN.get().fail(f"Must be greater than {bound.text}")]


def number_format(_: object, name: str, __: object, ___: object) -> Errors:
    """A ``format`` that is checked: no number has it."""
    return [RUN.get().fail(f"Does not match format '{name}'")]


# ── texts ──


def min_length(_: object, count: int, value: str, __: object) -> Errors:
    """``minLength``, in characters."""
    if len(value) >= count:
        return None
    return [RUN.get().fail(f"String length must be greater than or equal to {count}")]


def max_length(_: object, count: int, value: str, __: object) -> Errors:
    """``maxLength``, in characters."""
    return None if len(value) <= count else [RUN.get().fail(f"String length must be less than or equal to {count}")]


def pattern(_: object, regex: Regex, value: str, __: object) -> Errors:
    """``pattern``."""
    run = RUN.get()
    run.charge_search(len(value), regex.programsize)
    return None if regex.search(value) else [run.fail(f"Does not match pattern '{regex.pattern}'")]


@dataclass(frozen=True, slots=True)
class Format:
    """A ``format`` that is checked."""

    name: str
    check: Check


def format_(_: object, wanted: Format, value: str, __: object) -> Errors:
    """``format``."""
    run = RUN.get()
    regex = wanted.name == "regex"
    run.charge(len(value) * _REGEX_STEPS_PER_CHARACTER if regex else len(value) // _FORMATTED_PER_STEP)
    return None if wanted.check(value) else [run.fail(f"Does not match format '{wanted.name}'")]


# ── lists ──


@dataclass(frozen=True, slots=True)
class Items:
    """``items`` and ``additionalItems``."""

    first: tuple[Node, ...]
    """Of the items at the start, one each."""
    rest: Node | bool
    """Of all others."""


def items(_: object, rules: Items, value: list[Any], __: object) -> Errors:
    """``items`` and ``additionalItems``."""
    run = RUN.get()
    found: list[ValidationError] = []
    for index, (node, item) in enumerate(zip(rules.first, value, strict=False)):
        found += run.visit_part(node, item, str(index))
    rest = rules.rest
    start = len(rules.first)
    if isinstance(rest, Node):
        for index in range(start, len(value)):
            found += run.visit_part(rest, value[index], str(index))
    elif not rest and len(value) > start:
        found.append(run.fail("No additional items allowed on array"))
    return found


def min_items(_: object, count: int, value: list[Any], __: object) -> Errors:
    """``minItems``."""
    return None if len(value) >= count else [RUN.get().fail(f"Array must have at least {count} items")]


def max_items(_: object, count: int, value: list[Any], __: object) -> Errors:
    """``maxItems``."""
    return None if len(value) <= count else [RUN.get().fail(f"Array must have at most {count} items")]


def unique_items(_: object, __: object, value: list[Any], ___: object) -> Errors:
    """``uniqueItems``: each repetition is told with its last equal before it."""
    run = RUN.get()
    found: list[ValidationError] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        text = comparable(run, item)
        if text is None:
            found.append(run.fail(_NOT_COMPARABLE))
            continue
        before = seen.get(text)
        if before is not None:
            found.append(run.fail(f"array items[{before},{index}] must be unique"))
        seen[text] = index
    return found


def contains(_: object, node: Node, value: list[Any], __: object) -> Errors:
    """``contains``: the violations of the item that fits best."""
    run = RUN.get()
    best, best_score = None, 0
    for index, item in enumerate(value):
        run.path.append(str(index))
        errors, score = run.visit_apart(node, item)
        run.path.pop()
        if not errors:
            return None
        if best is None or score > best_score:
            best, best_score = errors, score
    run.score += best_score
    return [run.fail("At least one of the items must match"), *(best or ())]


# ── objects ──


def min_properties(_: object, count: int, value: dict[str, Any], __: object) -> Errors:
    """``minProperties``."""
    return None if len(value) >= count else [RUN.get().fail(f"Must have at least {count} properties")]


def max_properties(_: object, count: int, value: dict[str, Any], __: object) -> Errors:
    """``maxProperties``."""
    return None if len(value) <= count else [RUN.get().fail(f"Must have at most {count} properties")]


def required(_: object, names: tuple[str, ...], value: dict[str, Any], __: object) -> Errors:
    """``required``."""
    run = RUN.get()
    found = [run.fail(f"{name} is required") for name in names if name not in value]
    run.score += len(names) - len(found)
    return found


@dataclass(frozen=True, slots=True)
class Others:
    """``patternProperties`` and ``additionalProperties``."""

    named: frozenset[str]
    """Names in ``properties``."""
    patterns: tuple[tuple[Regex, Node], ...]
    rest: Node | bool
    """Of properties that are neither named nor found by a pattern."""


def others(_: object, rules: Others, value: dict[str, Any], __: object) -> Errors:
    """``patternProperties`` and ``additionalProperties``: in the order of the value."""
    run = RUN.get()
    rest = rules.rest
    found: list[ValidationError] = []
    for name, part in value.items():
        matched = False
        for regex, node in rules.patterns:
            run.charge(2)
            run.charge_search(len(name), regex.programsize)
            if regex.search(name) is not None:
                matched = True
                found += run.visit_part(node, part, name)
        if matched:
            run.score += 1
        elif name not in rules.named:
            if isinstance(rest, Node):
                found += run.visit_part(rest, part, name)
            elif not rest:
                found.append(run.fail(f"Additional property {name} is not allowed"))
    return found


def property_names(_: object, node: Node, value: dict[str, Any], __: object) -> Errors:
    """``propertyNames``."""
    run = RUN.get()
    found: list[ValidationError] = []
    for name in value:
        errors, score = run.visit_apart(node, name)
        if errors:
            run.score += score
            found += [run.fail(f'Property name of "{name}" does not match'), *errors]
    return found


def properties(_: object, nodes: Mapping[str, Node], value: dict[str, Any], __: object) -> Errors:
    """``properties``: in the order of the schema."""
    run = RUN.get()
    found: list[ValidationError] = []
    for name, node in nodes.items():
        if name in value:
            found += run.visit_part(node, value[name], name)
    return found


# ── any value ──


@dataclass(frozen=True, slots=True)
class Allowed:
    """``enum`` or ``const``."""

    texts: frozenset[str]
    """As Go writes them."""
    text: str
    """All of them, for people."""
    containers: bool
    """Whether lists or objects are among them."""


_NOT_COMPARABLE: Final = "Internal Error json: cannot unmarshal a number beyond float64"
"""Differs: the reference gateway breaks off the connection (test_numbers_beyond_float64_are_refused)."""


def comparable(run: Run, value: object) -> str | None:
    """A value as Go writes it with numbers as float64: equal values have equal texts. None for what has no such text."""
    if isinstance(value, Number):
        run.charge(1)
        return None if isinf(value) else encode(value, number_texts=False).decode()
    try:
        text = encode(value, number_texts=False).decode()
    except ValueError:
        return None
    run.charge(len(text) // _TEXT_PER_STEP + 1)
    return text


def enum(_: object, allowed: Allowed, value: object, __: object) -> Errors:
    """``enum``."""
    return _allowed(allowed, value, "must be one of the following:")


def const(_: object, allowed: Allowed, value: object, __: object) -> Errors:
    """``const``."""
    return _allowed(allowed, value, "does not match:")


def _allowed(allowed: Allowed, value: object, words: str) -> Errors:
    run = RUN.get()
    found: list[ValidationError] = []
    if allowed.containers or not isinstance(value, list | dict):
        text = comparable(run, value)
        if text in allowed.texts:
            return None
        if text is None:
            found.append(run.fail(_NOT_COMPARABLE))
    run.charge(len(allowed.text) // _MESSAGE_PER_STEP)
    return [*found, run.fail(f"{run.field} {words} {allowed.text}")]


KEYWORDS: Final[Mapping[str, Keyword]] = {
    "type": type_,
    "false": false,
    "anyOf": any_of,
    "oneOf": one_of,
    "allOf": all_of,
    "not": not_,
    "dependencies": dependencies,
    "condition": if_,
    "multipleOf": multiple_of,
    "maximum": maximum,
    "exclusiveMaximum": exclusive_maximum,
    "minimum": minimum,
    "exclusiveMinimum": exclusive_minimum,
    "numberFormat": number_format,
    "items": items,
    "minItems": min_items,
    "maxItems": max_items,
    "uniqueItems": unique_items,
    "contains": contains,
    "minProperties": min_properties,
    "maxProperties": max_properties,
    "required": required,
    "others": others,
    "propertyNames": property_names,
    "const": const,
    "enum": enum,
    "properties": properties,
    "minLength": min_length,
    "maxLength": max_length,
    "pattern": pattern,
    "format": format_,
}
"""By name, in the order in which they are asked. Those that no schema has are parts of others."""

_ANY: Final = ("anyOf", "oneOf", "allOf", "not", "condition", "const", "enum")
OF_KIND: Final[Mapping[type, frozenset[str]]] = {
    type(None): frozenset(_ANY),
    bool: frozenset(_ANY),
    Number: frozenset(
        (*_ANY, "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "numberFormat")
    ),
    str: frozenset((*_ANY, "minLength", "maxLength", "pattern", "format")),
    list: frozenset((*_ANY, "items", "minItems", "maxItems", "uniqueItems", "contains")),
    dict: frozenset(
        (
            *_ANY,
            *("dependencies", "minProperties", "maxProperties", "required", "others", "propertyNames", "properties"),
        )
    ),
}
"""Keywords that are asked about values of a kind."""

Library: Final = validators.create({}, cast("Any", KEYWORDS), type_checker=TypeChecker())
"""Goes through the keywords."""
