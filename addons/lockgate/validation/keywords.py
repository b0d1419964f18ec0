"""What each keyword asks of a value, in the words of the reference gateway.

The library ``jsonschema`` goes through the keywords of a schema and carries errors; the keywords are ours, since the
reference judges otherwise in places: RE2 patterns, null, the order in which failures are found, defaults that count.
Keywords see what the compiler made of their values (the classes here), never the document.

Source: behaviour-chain 4.8. What OpenAPI 3.1 adds follows JSON Schema 2020-12, with texts in the same style.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from lockgate.documents.json import sorted_names
from lockgate.documents.numbers import Number, format_g
from lockgate.routing.pattern import Regex
from lockgate.validation.exact import exact, fraction, written
from lockgate.validation.formats import Check, found
from lockgate.validation.nodes import MAX_DEPTH, RUN, Direction, Node, Run, TooDeepError
from lockgate.validation.texts import LONGEST_QUOTED, quoted, shortened

type Errors = tuple[ValidationError] | None

_NO_PLACE: Final = "readOnly"
"""Errors of this keyword are told without a pointer."""
_NO_PLACES: Final = frozenset({"floating point NaN is not allowed", "floating point Inf is not allowed"})
"""So are these."""
_NAMES_OF_A_STEP: Final = 16
_STEPS_OF_A_REASON: Final = 10
"""For saying why a text does not have a format."""
_QUOTED_OF_A_STEP: Final = 8
"""Characters of a text that are told."""
_FORMATTED_OF_A_STEP: Final = 256
_STEPS_OF_A_DIVISION: Final = 10
_STEPS_OF_A_PART: Final = 3
"""For comparing."""


def fail(text: str) -> Errors:
    """One error at the value itself."""
    RUN.get().charge(1)
    return (ValidationError(text),)


def _fail_of(words: str, name: str) -> Errors:
    """One error that tells a name of the value, which stands for "{}"."""
    RUN.get().charge(min(len(name), LONGEST_QUOTED) // _QUOTED_OF_A_STEP)
    return fail(words.format(quoted(name)))


def within(error: ValidationError, part: str | int) -> Errors:
    """The same error, seen from the value that ``part`` belongs to."""
    error.path.appendleft(part)
    return (error,)


def violation(error: ValidationError) -> str:
    """The text of an error, with its place."""
    if not error.path or error.validator == _NO_PLACE or error.message in _NO_PLACES:
        return shortened(error.message)
    # The reference does not escape "/" and "~" here.
    place = "".join(f"/{part}" for part in error.path)
    return shortened(f'Error at "{place}": {error.message}')


# ── any value ──


@dataclass(frozen=True, slots=True)
class Types:
    """``type``, which every schema has here."""

    names: tuple[str, ...]
    """As the schema has them; () allows every type."""
    classes: frozenset[type]
    """Of values that pass as they are."""
    numbers: bool
    integers: bool
    """Numbers have to be integral."""
    null_is_a_type: bool
    """As in OpenAPI 3.1. In 3.0 it passes where ``nullable`` says so, and this is not asked."""
    combined: bool
    """Null passes because it passed a combinator (OpenAPI 3.0)."""
    text: str
    """What a value of another type is told."""


def type_(_: object, types: Types, value: object, __: object) -> Errors:
    """``type`` and ``nullable``."""
    if type(value) in types.classes:
        return None
    if value is None:
        return _null_type(types)
    if isinstance(value, float):
        return _number_type(types, value)
    if type(value) in _JSON_TYPES:
        return fail(types.text)
    return fail(f"unhandled value of type {type(value).__name__}")


def _null_type(types: Types) -> Errors:
    if types.null_is_a_type:
        return None if not types.names or "null" in types.names else fail(types.text)
    return None if types.combined else fail("Value is not nullable")


_JSON_TYPES: Final = frozenset({str, bool, int, list, dict})


def _number_type(types: Types, value: float) -> Errors:
    # NaN differs from itself.
    if value != value or value - value != 0:  # noqa: PLR0124
        return fail(_not_finite(value))
    if not types.numbers:
        return fail(types.text)
    if types.integers and not value.is_integer():
        return fail(types.text)
    return None


def _not_finite(value: float) -> str:
    if type(value) is Number:
        return f"strconv.ParseFloat: parsing {quoted(value.text)}: value out of range"
    return f"floating point {'NaN' if value != value else 'Inf'} is not allowed"  # noqa: PLR0124


@dataclass(frozen=True, slots=True)
class Enum:
    """``enum`` and ``const``."""

    values: tuple[object, ...]
    keys: frozenset[object]
    """``identity`` of each value."""
    containers: bool
    """Lists or objects are among them."""
    text: str
    combined: bool
    """As ``Types.combined``."""


def enum(_: object, allowed: Enum, value: object, __: object) -> Errors:
    """``enum`` and ``const``: numbers are equal by value, lists and objects by their parts.

    Differs: for the reference no list or object with a number in it is equal to another, and no int32 of a parameter to
    any number (test_objects_in_enum_may_hold_numbers, test_an_int32_may_be_one_of_a_list).
    """
    if value is None and allowed.combined:
        return None
    if isinstance(value, list | dict) and not allowed.containers:
        return fail(allowed.text)
    if isinstance(value, float) and value - value != 0:
        return fail(_not_finite(value))
    if identity(value, RUN.get(), exact) in allowed.keys:
        return None
    return fail(allowed.text)


def identity(value: object, run: Run | None, number: Callable[[float], object], depth: int = 0) -> object:
    """Something hashable that two values share if, and only if, they are equal.

    Args:
        value: JSON.
        run: Is charged for every part of the value.
        number: What numbers are known by.
        depth: Of the value.
    """
    match value:
        case str() | None:
            return value
        case bool():
            return (bool, value)
        case int() | float():
            return number(value) if value - value == 0 else (float, format_g(value))
        case list():
            _enter(run, len(value), depth)
            return (list, *(identity(item, run, number, depth + 1) for item in value))
        case dict():
            _enter(run, len(value), depth)
            pairs = ((name, identity(item, run, number, depth + 1)) for name, item in value.items())
            return (dict, frozenset(pairs))
        case _:
            return (type(value), id(value))


def _enter(run: Run | None, size: int, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise TooDeepError
    if run is not None:
        run.charge((size + 1) * _STEPS_OF_A_PART)


# ── numbers ──


@dataclass(frozen=True, slots=True)
class Bound:
    """A number that values are compared with."""

    value: int | float
    """As ``exact`` gives it."""
    text: str
    """Of a violation."""


def _comparable(value: object) -> int | float | None:
    """A finite number, exact; None for anything else."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value - value == 0:
        return exact(value)
    return None


def exclusive_minimum(_: object, bound: Bound, value: object, __: object) -> Errors:
    """``exclusiveMinimum``, true or a number."""
    number = _comparable(value)
    return None if number is None or number > bound.value else fail(bound.text)


def exclusive_maximum(_: object, bound: Bound, value: object, __: object) -> Errors:
    """``exclusiveMaximum``, true or a number."""
    number = _comparable(value)
    return None if number is None or number < bound.value else fail(bound.text)


def minimum(_: object, bound: Bound, value: object, __: object) -> Errors:
    """``minimum``."""
    number = _comparable(value)
    return None if number is None or number >= bound.value else fail(bound.text)


def maximum(_: object, bound: Bound, value: object, __: object) -> Errors:
    """``maximum``."""
    number = _comparable(value)
    return None if number is None or number <= bound.value else fail(bound.text)


@dataclass(frozen=True, slots=True)
class Divisor:
    """``multipleOf``."""

    number: int | float
    value: Fraction
    """The same."""
    text: str


def multiple_of(_: object, divisor: Divisor, value: object, __: object) -> Errors:
    """``multipleOf``, of the decimals that numbers are."""
    if _comparable(value) is None:
        return None
    RUN.get().charge(_STEPS_OF_A_DIVISION)
    number = fraction(value)  # type: ignore[arg-type]  # it is a number
    if number.numerator * divisor.value.denominator % (number.denominator * divisor.value.numerator) == 0:
        return None
    return fail(divisor.text)


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """``format`` of integers."""

    first: int
    last: int
    text: str


def integer_format(_: object, allowed: IntegerRange, value: object, __: object) -> Errors:
    """``format`` int32 and int64.

    Differs: the reference lets 2^63 through (test_2_to_the_63_is_no_int64).
    """
    number = _comparable(value)
    return None if number is None or allowed.first <= number <= allowed.last else fail(allowed.text)


# ── text ──


@dataclass(frozen=True, slots=True)
class Size:
    """A count of characters, items or properties."""

    count: int
    text: str


def min_length(_: object, size: Size, value: object, __: object) -> Errors:
    """``minLength``, in characters."""
    return fail(size.text) if type(value) is str and len(value) < size.count else None


def max_length(_: object, size: Size, value: object, __: object) -> Errors:
    """``maxLength``, in characters."""
    return fail(size.text) if type(value) is str and len(value) > size.count else None


@dataclass(frozen=True, slots=True)
class Pattern:
    """``pattern``."""

    regex: Regex
    text: str


def pattern(_: object, wanted: Pattern, value: object, __: object) -> Errors:
    """``pattern``, searched for."""
    if type(value) is not str:
        return None
    RUN.get().charge_search(len(value), wanted.regex.programsize)
    return None if found(wanted.regex, value) else fail(wanted.text)


@dataclass(frozen=True, slots=True)
class Format:
    """``format`` of text."""

    name: str
    check: Check


def string_format(_: object, format_: Format, value: object, __: object) -> Errors:
    """``format`` byte, date and date-time."""
    if type(value) is not str:
        return None
    if len(value) >= _FORMATTED_OF_A_STEP:
        RUN.get().charge(len(value) // _FORMATTED_OF_A_STEP)
    reason = format_.check(value)
    if not reason:
        return None
    RUN.get().charge(_STEPS_OF_A_REASON + len(reason) // _QUOTED_OF_A_STEP)
    return fail(f"string doesn't match the format {quoted(format_.name)}: {reason}")


# ── lists ──


def min_items(_: object, size: Size, value: object, __: object) -> Errors:
    """``minItems``."""
    return fail(size.text) if type(value) is list and len(value) < size.count else None


def max_items(_: object, size: Size, value: object, __: object) -> Errors:
    """``maxItems``."""
    return fail(size.text) if type(value) is list and len(value) > size.count else None


def unique_items(_: object, __: object, value: object, ___: object) -> Errors:
    """``uniqueItems``: as in the reference, 1 and 1.0 are not the same where their texts are known."""
    if type(value) is not list:
        return None
    run = RUN.get()
    run.charge(len(value))
    seen: set[object] = set()
    for item in value:
        key = identity(item, run, lambda number: (float, written(number)), 1)
        if key in seen:
            return fail("duplicate items found")
        seen.add(key)
    return None


@dataclass(frozen=True, slots=True)
class Items:
    """``prefixItems`` and ``items``."""

    first: tuple[Node, ...]
    rest: Node | None
    """None allows anything."""
    judges_rest: bool
    """``items`` is there, even if it allows anything."""


def items(_: object, wanted: Items, value: object, __: object) -> Errors:
    """``prefixItems`` and ``items``."""
    if type(value) is not list:
        return None
    run = RUN.get()
    for index, (node, item) in enumerate(zip(wanted.first, value, strict=False)):
        if (error := run.first_error(node, item)) is not None:
            return within(error, index)
    if (rest := wanted.rest) is None:
        return None
    start = len(wanted.first)
    for index, item in enumerate(value[start:] if start else value, start):
        if (error := run.first_error(rest, item)) is not None:
            return within(error, index)
    return None


@dataclass(frozen=True, slots=True)
class Contains:
    """``contains`` with ``minContains`` and ``maxContains``."""

    node: Node
    least: int
    most: int | None


def contains(_: object, wanted: Contains, value: object, __: object) -> Errors:
    """``contains``."""
    if type(value) is not list:
        return None
    run = RUN.get()
    count = sum(run.passes(wanted.node, item) for item in value)
    if count < wanted.least:
        return fail(f'Doesn\'t match schema "{"contains" if wanted.least == 1 else "minContains"}"')
    if wanted.most is not None and count > wanted.most:
        return fail('Doesn\'t match schema "maxContains"')
    return None


# ── objects ──


def min_properties(_: object, size: Size, value: object, __: object) -> Errors:
    """``minProperties``."""
    return fail(size.text) if type(value) is dict and len(value) < size.count else None


def max_properties(_: object, size: Size, value: object, __: object) -> Errors:
    """``maxProperties``."""
    return fail(size.text) if type(value) is dict and len(value) > size.count else None


@dataclass(frozen=True, slots=True)
class Properties:
    """``properties``, ``patternProperties`` and ``additionalProperties``."""

    named: Mapping[str, Node]
    patterns: tuple[tuple[Regex, Node], ...]
    additional: Node | bool
    """For the others."""
    judges_rest: bool
    """``additionalProperties`` is there, even if it allows anything."""
    names: tuple[str, ...]
    """Of ``named``, sorted."""

    def nodes_of(self, name: str) -> list[Node] | None:
        """Those that a property has to pass; None where it is not allowed."""
        named = self.named.get(name)
        nodes = [] if named is None else [named]
        for regex, node in self.patterns:
            RUN.get().charge_search(len(name), regex.programsize)
            if found(regex, name):
                nodes.append(node)
        if nodes or self.additional is True:
            return nodes
        return [self.additional] if isinstance(self.additional, Node) else None


def properties(_: object, wanted: Properties, value: object, __: object) -> Errors:
    """``properties``, ``patternProperties`` and ``additionalProperties``, in the order of the names."""
    if type(value) is not dict:
        return None
    run = RUN.get()
    if wanted.additional is True and not wanted.patterns and len(wanted.names) < 2 * len(value):
        for name in wanted.names:
            if name in value and (error := run.first_error(wanted.named[name], value[name])) is not None:
                return within(error, name)
        return None
    run.charge(len(value) * (1 + len(wanted.patterns)))
    for name in sorted_names(value):
        named = wanted.named.get(name)
        if named is not None and not wanted.patterns:
            if (error := run.first_error(named, value[name])) is not None:
                return within(error, name)
            continue
        nodes = wanted.nodes_of(name)
        if nodes is None:
            return _fail_of("property {} is unsupported", name)
        for node in nodes:
            if (error := run.first_error(node, value[name])) is not None:
                return within(error, name)
    return None


@dataclass(frozen=True, slots=True)
class Required:
    """``required``."""

    names: tuple[str, ...]
    read_only: frozenset[str]
    """Those that a request need not have."""
    write_only: frozenset[str]
    """Those that a response need not have."""

    def optional(self, direction: Direction) -> frozenset[str]:
        """Names that a message need not have."""
        return self.read_only if direction is Direction.REQUEST else self.write_only


def required(_: object, wanted: Required, value: object, __: object) -> Errors:
    """``required``, in the order of the schema."""
    if type(value) is not dict:
        return None
    if len(wanted.names) >= _NAMES_OF_A_STEP:
        RUN.get().charge(len(wanted.names) // _NAMES_OF_A_STEP)
    for name in wanted.names:
        if name not in value and name not in wanted.optional(RUN.get().direction):
            return _missing(name)
    return None


def _missing(name: str) -> Errors:
    return within(ValidationError(f"property {quoted(name)} is missing"), name)


def dependent_required(_: object, wanted: Mapping[str, tuple[str, ...]], value: object, __: object) -> Errors:
    """``dependentRequired``."""
    if type(value) is not dict:
        return None
    for name, others in wanted.items():
        if name in value:
            for other in others:
                if other not in value:
                    return _missing(other)
    return None


def dependent_schemas(_: object, wanted: Mapping[str, Node], value: object, __: object) -> Errors:
    """``dependentSchemas``."""
    if type(value) is not dict:
        return None
    for name, node in wanted.items():
        if name in value and (error := RUN.get().first_error(node, value)) is not None:
            return (error,)
    return None


def property_names(_: object, node: Node, value: object, __: object) -> Errors:
    """``propertyNames``."""
    if type(value) is not dict:
        return None
    run = RUN.get()
    for name in sorted_names(value):
        if run.first_error(node, name) is not None:
            return within(ValidationError('Doesn\'t match schema "propertyNames"'), name)
    return None


@dataclass(frozen=True, slots=True)
class OneWay:
    """Properties that only go one way."""

    read_only: tuple[str, ...]
    """Sorted."""
    write_only: tuple[str, ...]
    """Sorted."""


def one_way(_: object, names: OneWay, value: object, __: object) -> Errors:
    """``readOnly`` properties in a request, ``writeOnly`` properties in a response; null counts as absent."""
    if type(value) is not dict:
        return None
    if RUN.get().direction is Direction.REQUEST:
        texts = [f"readOnly property {quoted(name)} in request" for name in names.read_only if _is_given(value, name)]
    else:
        texts = [
            f"writeOnly property {quoted(name)} in response" for name in names.write_only if _is_given(value, name)
        ]
    return fail(" | ".join(texts)) if texts else None


def _is_given(value: Mapping[str, object], name: str) -> bool:
    return value.get(name) is not None


def defaults(_: object, named: tuple[tuple[str, object], ...], value: object, __: object) -> Errors:
    """Fill in the defaults of properties that are missing or null."""
    run = RUN.get()
    if run.fills and type(value) is dict:
        for name, default in named:
            if value.get(name) is None:
                run.fill(value, name, default)
    return None


# ── combinators ──


def ref(_: object, node: Node, value: object, __: object) -> Errors:
    """``$ref`` beside other keywords (OpenAPI 3.1)."""
    error = RUN.get().first_error(node, value)
    return None if error is None else (error,)


def not_(_: object, node: Node, value: object, __: object) -> Errors:
    """``not``. Nothing that it does to see that stays.

    Differs: the reference lets everything pass ``not: {}``, and keeps the defaults of ``not``
    (test_not_of_an_empty_schema, test_defaults_below_not_are_not_filled_in).
    """
    return fail('Doesn\'t match schema "not"') if RUN.get().passes(node, value) else None


@dataclass(frozen=True, slots=True)
class Discriminator:
    """Which branch of ``oneOf`` a value belongs to."""

    name: str
    """Of the property that tells."""
    branches: Mapping[str, frozenset[int]]
    """By value of the property, when there is a mapping: indexes of what it leads to, () if that is no branch."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """``oneOf``."""

    nodes: tuple[Node, ...]
    discriminator: Discriminator | None


def one_of(_: object, wanted: OneOf, value: object, __: object) -> Errors:
    """``oneOf``: exactly one branch. Defaults of that one stay filled in."""
    nodes = wanted.nodes
    if wanted.discriminator is not None and type(value) is dict:
        chosen = _chosen(wanted.discriminator, value)
        if isinstance(chosen, str):
            return fail(shortened(chosen))
        if chosen is not None:
            nodes = tuple(node for index, node in enumerate(nodes) if index in chosen)
    run = RUN.get()
    mark = run.mark
    kept: list[Any] | None = None
    texts: list[str] = []
    for node in nodes:
        error = run.first_error(node, value)
        changes = run.undo(mark)
        if error is not None:
            texts.append(violation(error))
        elif kept is not None:
            return fail("input matches more than one oneOf schemas")
        else:
            kept = changes
    if kept is None:
        return fail(shortened(f"doesn't match schema due to: {' Or '.join(texts)}"))
    run.redo(kept)
    return None


def _chosen(discriminator: Discriminator, value: Mapping[str, object]) -> frozenset[int] | str | None:
    """Indexes of the branches to try; None tries all; or the text of a violation."""
    if discriminator.name not in value:
        return f"input does not contain the discriminator property {quoted(discriminator.name)}"
    told = value[discriminator.name]
    if not isinstance(told, str):
        return f"value of discriminator property {quoted(discriminator.name)} is not a string"
    if not discriminator.branches:
        return None
    branches = discriminator.branches.get(told)
    # Differs: of what is mapped to no branch the reference does not say why it is refused
    # (test_a_mapping_may_lead_to_no_branch).
    return branches or f"discriminator property {quoted(discriminator.name)} has invalid value"


def any_of(_: object, nodes: tuple[Node, ...], value: object, __: object) -> Errors:
    """``anyOf``: the first branch that passes, whose defaults stay filled in."""
    run = RUN.get()
    mark = run.mark
    for node in nodes:
        if run.first_error(node, value) is None:
            return None
        run.undo(mark)
    return fail('doesn\'t match any schema from "anyOf"')


def all_of(_: object, nodes: tuple[Node, ...], value: object, __: object) -> Errors:
    """``allOf``: the first failure. A branch sees the defaults of those before it."""
    run = RUN.get()
    for node in nodes:
        if (error := run.first_error(node, value)) is not None:
            return fail(violation(error))
    return None


@dataclass(frozen=True, slots=True)
class If:
    """``if``, ``then`` and ``else``."""

    condition: Node
    then: Node | None
    otherwise: Node | None


def if_(_: object, wanted: If, value: object, __: object) -> Errors:
    """``if``."""
    run = RUN.get()
    node = wanted.then if run.passes(wanted.condition, value) else wanted.otherwise
    error = None if node is None else run.first_error(node, value)
    return None if error is None else (error,)


def nothing(_: object, __: object, ___: object, ____: object) -> Errors:
    """The schema ``false``."""
    return fail("no value is allowed")
