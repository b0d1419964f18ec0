"""The fast yes of ``jsonschema_rs``: a JSON Schema that lets nothing pass but what our own verdict lets pass.

A schema that cannot be put so has no fast path: one that refers to itself (the library would follow a value to any
depth, past the end of the stack, and combinators without a limit to the steps), bounds beyond 64 bits, long
enumerations, lists and objects that are compared, defaults and some others below a choice. What the library judges otherwise (RE2,
dates) is handed to our own functions.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, final

import jsonschema_rs

from lockgate.documents.numbers import Number
from lockgate.validation import keywords as k
from lockgate.validation.budget import checking, searching, within
from lockgate.validation.exact import exact
from lockgate.validation.formats import found
from lockgate.validation.nodes import MAX_DEPTH, MAX_STEPS, Direction, Node, reachable

MAX_COST: Final = 500_000
"""Of one call, without functions of ours; a unit is about 20 ns. The library lets no other thread go on."""
MAX_ENUM: Final = 200
"""Values of an ``enum``; they are tried one by one."""
_ENUM_OF_A_UNIT: Final = 2
"""Values of an ``enum``."""
_BYTES_OF_A_VALUE: Final = 2
_INTEGER_END: Final = 2**63
_OVERLAPPING: Final = ("contains", "propertyNames")
_CHOICES: Final = ("oneOf", "anyOf", "not", "if", "contains", "dependentSchemas")
_BOUNDS: Final = ("exclusiveMinimum", "exclusiveMaximum", "minimum", "maximum")
_SIZES: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_STRICTER: Final = ("multipleOf", "uniqueItems")
"""What the expression lets less pass of than our own verdict does. Below a choice that would let more pass."""
_NOT_EXPRESSED: Final = ("unevaluatedProperties", "unevaluatedItems")

_NULL: Final = {"type": "null"}

type _Schema = dict[str, Any] | bool


class _NotExpressible(Exception):  # noqa: N818 - it never leaves this module
    """There is no fast path."""


@final
class FastPath:
    """The fast yes to values of one schema, in both directions."""

    __slots__ = ("_cost", "_validators")

    def __init__(self, start: Node) -> None:
        self._validators: Final[dict[Direction, Any]] = {}
        nodes = reachable(start)
        cost = _cost(start)
        self._cost: Final = cost or 0
        if cost is None or cost > MAX_COST:
            return
        differ = any("readOnly" in node.keywords or "defaults" in node.keywords for node in nodes)
        for direction in Direction:
            if differ or not self._validators:
                validator = _validator(start, nodes, direction)
            if validator is not None:
                self._validators[direction] = validator

    def knows(self, direction: Direction) -> bool:
        """Whether ``passes`` may say yes."""
        return direction in self._validators

    def covers(self, direction: Direction, size_bytes: int) -> bool:
        """Whether ``passes`` may say yes to values of this size."""
        return direction in self._validators and size_bytes // _BYTES_OF_A_VALUE * self._cost <= MAX_COST

    def passes(self, value: object, direction: Direction, size_bytes: int, steps: int = MAX_STEPS) -> bool:
        """Yes, or not known.

        Args:
            value: What ``orjson.loads`` gives.
            direction: Of the message.
            size_bytes: Of the text that the value was decoded from.
            steps: How much work functions of ours may be, in about microseconds.
        """
        if not self.covers(direction, size_bytes):
            return False
        validator = self._validators[direction]
        try:
            return within(steps, lambda: bool(validator.is_valid(value)))
        except ValueError:
            # Nested too deeply for the library, or no JSON.
            return False


# ── how much work it can be ──


def _cost(start: Node) -> int | None:
    """Units of work for one part of a value, at most; None if values may go deeper than the schema is written."""
    dearest: dict[int, int] = {}
    """Of a value or a part of it, by the schema that it comes to."""
    own: dict[int, int] = {}
    parts: dict[int, int] = {}
    depth: dict[int, int] = {}
    nodes = _inner_first(start)
    if nodes is None:
        return None
    for node in nodes:
        compared = sum(len(node.keywords[name].values) for name in ("enum", "const") if name in node.keywords)
        own[id(node)] = 1 + compared // _ENUM_OF_A_UNIT + sum(own[id(other)] for other in node.inplace)
        below = [dearest[id(other)] for other in node.children]
        parts[id(node)] = sum(below) if _overlaps(node) else max(below, default=0)
        parts[id(node)] += sum(parts[id(other)] for other in node.inplace)
        dearest[id(node)] = max(own[id(node)], parts[id(node)])
        depth[id(node)] = 1 + max((depth[id(other)] for other in (*node.inplace, *node.children)), default=0)
    return dearest[id(start)] if depth[id(start)] <= MAX_DEPTH else None


def _overlaps(node: Node) -> bool:
    """Whether several schemas may look at one part of a value."""
    properties = node.keywords.get("properties")
    patterns = isinstance(properties, k.Properties) and bool(properties.patterns)
    return patterns or any(name in node.keywords for name in _OVERLAPPING)


def _inner_first(start: Node) -> list[Node] | None:
    """Each schema after those that it leads to; None if one leads back to itself."""
    ordered: list[Node] = []
    done: set[int] = set()
    path = {id(start)}
    stack = [(start, iter((*start.inplace, *start.children)))]
    while stack:
        node, others = stack[-1]
        other = next(others, None)
        if other is None:
            stack.pop()
            path.discard(id(node))
            done.add(id(node))
            ordered.append(node)
        elif id(other) in path:
            return None
        elif id(other) not in done:
            path.add(id(other))
            stack.append((other, iter((*other.inplace, *other.children))))
    return ordered


# ── the schema put otherwise ──


def _validator(start: Node, nodes: Sequence[Node], direction: Direction) -> Any:
    """What the library makes of a schema; None if it cannot be put so."""
    try:
        expression = _Expression(direction)
        schema = expression.document(start, nodes)
        return jsonschema_rs.Draft202012Validator(
            schema,
            formats=expression.formats,
            validate_formats=True,
            offline=True,
        )
    except (_NotExpressible, ValueError):
        return None


@final
class _Expression:
    """Schemas of nodes, for messages that go one way."""

    def __init__(self, direction: Direction) -> None:
        self.formats: Final[dict[str, Callable[[str], bool]]] = {}
        self._direction: Final = direction
        self._names: Final[dict[int, str]] = {}

    def document(self, start: Node, nodes: Sequence[Node]) -> dict[str, Any]:
        """All of them in one document.

        Raises:
            _NotExpressible: Something cannot be put so.
        """
        _refuse_chosen(nodes, _STRICTER if self._direction is Direction.RESPONSE else (*_STRICTER, "defaults"))
        self._names.update((id(node), f"n{index}") for index, node in enumerate(nodes))
        return {"$ref": self._to(start)["$ref"], "$defs": {self._names[id(node)]: self._of(node) for node in nodes}}

    def _to(self, node: Node) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self._names[id(node)]}"}

    def _of(self, node: Node) -> _Schema:
        words = node.keywords
        if "false" in words:
            return False
        if "type" not in words:
            return True
        if any(name in words for name in _NOT_EXPRESSED):
            raise _NotExpressible
        schema: dict[str, Any] = {}
        self._combinators(words, schema)
        self._scalars(words, schema)
        self._list(words, schema)
        self._object(words, schema)
        return self._with_null(node, schema)

    def _with_null(self, node: Node, schema: dict[str, Any]) -> _Schema:
        """Add the types. Null is where OpenAPI 3.0 differs from JSON Schema."""
        types: k.Types = node.keywords["type"]
        names = [*types.names]
        if types.null_is_a_type:
            return {**schema, "type": names} if names else schema
        if node.nullable and node.inplace:
            return {"anyOf": [{"type": "null"}, {**schema, "type": names} if names else schema]}
        names = names or ["array", "boolean", "number", "object", "string"]
        if node.nullable or types.combined:
            names.append("null")
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        return {**schema, "type": names}

    def _combinators(self, words: dict[str, Any], schema: dict[str, Any]) -> None:
        if "$ref" in words:
            schema["$ref"] = self._to(words["$ref"])["$ref"]
        if "not" in words:
            schema["not"] = self._to(words["not"])
        if (one_of := words.get("oneOf")) is not None:
            if one_of.discriminator is not None:
                raise _NotExpressible
            schema["oneOf"] = [self._to(node) for node in one_of.nodes]
        for name in ("anyOf", "allOf"):
            if name in words:
                schema[name] = [self._to(node) for node in words[name]]
        if (condition := words.get("if")) is not None:
            schema["if"] = self._to(condition.condition)
            if condition.then is not None:
                schema["then"] = self._to(condition.then)
            if condition.otherwise is not None:
                schema["else"] = self._to(condition.otherwise)
        if "dependentSchemas" in words:
            schema["dependentSchemas"] = {name: self._to(node) for name, node in words["dependentSchemas"].items()}

    def _scalars(self, words: dict[str, Any], schema: dict[str, Any]) -> None:
        checks: list[_Schema] = []
        self._values(words, schema)
        for name in _BOUNDS:
            if name in words:
                schema[name] = _value(words[name].value)
        for name in _SIZES:
            if name in words:
                schema[name] = words[name].count
        if (limits := words.get("integerFormat")) is not None:
            checks.append({"minimum": limits.first, "maximum": limits.last})
        if (divisor := words.get("multipleOf")) is not None:
            # Of larger integers the library sees no more than 64 bits.
            checks.append({"multipleOf": _value(divisor.number), "minimum": -_INTEGER_END, "maximum": _INTEGER_END - 1})
        if (wanted := words.get("pattern")) is not None:
            checks.append({"format": self._format(searching(wanted.regex, found))})
        if (format_ := words.get("stringFormat")) is not None:
            checks.append({"format": self._format(_checking(format_.check))})
        if checks:
            schema["allOf"] = [*schema.get("allOf", ()), *checks]

    @staticmethod
    def _values(words: dict[str, Any], schema: dict[str, Any]) -> None:
        for name in ("enum", "const"):
            if (allowed := words.get(name)) is not None:
                if len(allowed.values) > MAX_ENUM or allowed.containers:
                    raise _NotExpressible
                values = [_value(value) for value in allowed.values]
                schema[name] = values if name == "enum" else values[0]

    def _format(self, check: Callable[[str], bool]) -> str:
        name = f"lockgate-{len(self.formats)}"
        self.formats[name] = check
        return name

    def _list(self, words: dict[str, Any], schema: dict[str, Any]) -> None:
        if "uniqueItems" in words:
            if not _are_scalars(words.get("items")):
                raise _NotExpressible
            schema["uniqueItems"] = True
        if (items := words.get("items")) is not None:
            if items.first:
                schema["prefixItems"] = [self._to(node) for node in items.first]
            if items.rest is not None:
                schema["items"] = self._to(items.rest)
        if (contains := words.get("contains")) is not None:
            schema["contains"] = self._to(contains.node)
            schema["minContains"] = contains.least
            if contains.most is not None:
                schema["maxContains"] = contains.most

    def _object(self, words: dict[str, Any], schema: dict[str, Any]) -> None:
        if "propertyNames" in words:
            schema["propertyNames"] = self._to(words["propertyNames"])
        if "dependentRequired" in words:
            schema["dependentRequired"] = {name: list(others) for name, others in words["dependentRequired"].items()}
        required = words.get("required")
        names = [] if required is None else [n for n in required.names if n not in required.optional(self._direction)]
        rules = words.get("properties")
        if isinstance(rules, k.Properties):
            if rules.patterns:
                # These would be matched by another engine, whose language is not quite RE2's.
                raise _NotExpressible
            schema["properties"] = {name: self._to(node) for name, node in rules.named.items()}
            if rules.additional is not True:
                schema["additionalProperties"] = self._to(rules.additional) if rules.additional else False
            names += self._one_way(words, schema["properties"])
        if names:
            schema["required"] = list(dict.fromkeys(names))

    def _one_way(self, words: dict[str, Any], properties: dict[str, _Schema]) -> list[str]:
        """Close properties that go the other way, and leave those that lack a default to our own verdict.

        Returns:
            Names of those that have to be there.
        """
        request = self._direction is Direction.REQUEST
        if (one_way := words.get("readOnly")) is not None:
            for name in one_way.read_only if request else one_way.write_only:
                properties[name] = {"allOf": [properties[name], _NULL]}
        names = [name for name, _ in words.get("defaults", ())] if request else []
        for name in names:
            properties[name] = {"allOf": [properties[name], {"not": _NULL}]}
        return names


def _refuse_chosen(nodes: Sequence[Node], names: Sequence[str]) -> None:
    """Refuse keywords where whether a schema passes decides which of others counts."""

    def has(node: Node) -> bool:
        return any(name in node.keywords for name in names)

    if not any(map(has, nodes)):
        return
    for node in nodes:
        if any(name in node.keywords for name in _CHOICES):
            chosen = [*node.inplace, *node.children] if "contains" in node.keywords else node.inplace
            if any(has(below) for each in chosen for below in reachable(each)):
                raise _NotExpressible


def _are_scalars(items: k.Items | None) -> bool:
    """Whether items are neither lists nor objects."""
    if items is None or items.first or items.rest is None:
        return False
    types: k.Types | None = items.rest.keywords.get("type")
    return types is not None and bool(types.names) and types.classes.isdisjoint((list, dict))


def _value(value: Any) -> Any:
    """A value of a schema for the library.

    Raises:
        _NotExpressible: A number in it has more digits than are compared.
    """
    match value:
        case bool() | str() | None:
            return value
        case Number():
            return _value(exact(value))
        case int() | float():
            if not -_INTEGER_END < value < _INTEGER_END:
                raise _NotExpressible
            return exact(value)
        case _:
            raise _NotExpressible


def _checking(check: Callable[[str], str]) -> Callable[[str], bool]:
    return checking(lambda text: not check(text))
