"""``unevaluatedProperties`` and ``unevaluatedItems`` of OpenAPI 3.1.

Source: JSON Schema 2020-12, core 11.
"""

from collections.abc import Iterator
from typing import Any

from lockgate.documents.json import sorted_names
from lockgate.validation.formats import found
from lockgate.validation.keywords import (
    Contains,
    Errors,
    If,
    Items,
    OneOf,
    Properties,
    fail,
    within,
)
from lockgate.validation.nodes import RUN, Node, Run
from lockgate.validation.texts import quoted, shortened


def unevaluated_properties(_: object, wanted: tuple[Node, Node | bool], value: object, __: object) -> Errors:
    """``unevaluatedProperties``: of properties that nothing else in the schema has looked at.

    ``wanted`` is the schema itself, and what the rest has to pass.
    """
    holder, rest = wanted
    if type(value) is not dict or rest is True:
        return None
    run = RUN.get()
    seen = _names(holder, value, run)
    for name in sorted_names(value):
        if name in seen:
            continue
        if not isinstance(rest, Node):
            return fail(shortened(f"property {quoted(name)} is unsupported"))
        if (error := run.first_error(rest, value[name])) is not None:
            return within(error, name)
    return None


def unevaluated_items(_: object, wanted: tuple[Node, Node | bool], value: object, __: object) -> Errors:
    """``unevaluatedItems``, likewise."""
    holder, rest = wanted
    if type(value) is not list or rest is True:
        return None
    run = RUN.get()
    seen = _indexes(holder, value, run)
    for index, item in enumerate(value):
        if index in seen:
            continue
        if not isinstance(rest, Node):
            return fail(f"item {index} is unsupported")
        if (error := run.first_error(rest, item)) is not None:
            return within(error, index)
    return None


def _names(node: Node, value: dict[str, Any], run: Run, *, inner: bool = False) -> set[str]:
    run.charge(len(value))
    if inner and "unevaluatedProperties" in node.keywords:
        return set(value)
    seen: set[str] = set()
    rules = node.keywords.get("properties")
    if isinstance(rules, Properties):
        if rules.judges_rest:
            return set(value)
        seen.update(name for name in value if name in rules.named)
        for regex, _ in rules.patterns:
            run.charge(len(value))
            run.charge_search(sum(map(len, value)), regex.programsize)
            seen.update(name for name in value if found(regex, name))
    for name, other in node.keywords.get("dependentSchemas", {}).items():
        if name in value:
            seen |= _names(other, value, run, inner=True)
    for other in _passed(node, value, run):
        seen |= _names(other, value, run, inner=True)
    return seen


def _indexes(node: Node, value: list[Any], run: Run, *, inner: bool = False) -> set[int]:
    run.charge(len(value))
    if inner and "unevaluatedItems" in node.keywords:
        return set(range(len(value)))
    seen: set[int] = set()
    items = node.keywords.get("items")
    if isinstance(items, Items):
        if items.judges_rest:
            return set(range(len(value)))
        seen.update(range(min(len(items.first), len(value))))
    contains = node.keywords.get("contains")
    if isinstance(contains, Contains):
        seen.update(index for index, item in enumerate(value) if run.passes(contains.node, item))
    for other in _passed(node, value, run):
        seen |= _indexes(other, value, run, inner=True)
    return seen


def _passed(node: Node, value: object, run: Run) -> Iterator[Node]:
    """Schemas of the same value that it passes, and whose looks count."""
    keywords = node.keywords
    if (target := keywords.get("$ref")) is not None:
        yield target
    yield from keywords.get("allOf", ())
    one_of = keywords.get("oneOf")
    branches = (*(one_of.nodes if isinstance(one_of, OneOf) else ()), *keywords.get("anyOf", ()))
    yield from (branch for branch in branches if run.passes(branch, value))
    condition = keywords.get("if")
    if isinstance(condition, If):
        if run.passes(condition.condition, value):
            yield condition.condition
            chosen = condition.then
        else:
            chosen = condition.otherwise
        if chosen is not None:
            yield chosen
