"""The fast yes of ``jsonschema_rs`` to bodies of ``validate_json``. What it does not say yes to is judged by us.

The schema that it gets is made of ours and of keywords on which both agree; formats, and all but the plainest patterns,
are handed to our own functions. A schema with anything else has no fast path, nor has one whose judging could take long: the library follows
every branch. Bodies with numbers of many digits or with exponents are left to us.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, final

import jsonschema_rs
import orjson

from lockgate.documents.json import decode, is_many
from lockgate.documents.numbers import Number
from lockgate.routing.pattern import Regex
from lockgate.validation import classic_keywords as k
from lockgate.validation.budget import checking, searching, within
from lockgate.validation.classic_nodes import MAX_STEPS, Node, reachable

MAX_COST: Final = 20_000
"""Of a schema for one value, at most; a unit is about 20 ns."""
MAX_ENUM: Final = 200
"""Values of an ``enum``; they are tried one by one."""
MAX_PLAIN: Final = 40
"""Instructions of a pattern that the library searches for."""
_SEARCH_OF_A_UNIT: Final = 8
"""Bytes of a body times instructions of such a pattern."""
_BYTES_OF_A_VALUE: Final = 2

# May be found in texts too. Begins with a class so that the search is fast.
_ODD_NUMBER: Final = re.compile(rb"[0-9](?:[eE]|[0-9.]{15})")
_ODD_DIGITS: Final = 15
_SEARCHED_AT_ONCE: Final = 64 * 1024
_MINUS_ZERO: Final = b"-0"
_PLAIN_PATTERN: Final = re.compile(
    r"(?:[A-Za-z0-9_ ,:;@#%&=!~<>/'\"-]"
    r"|\\[.+*?()\[\]{}|^$\\/-]"
    r"|\((?:\?:|(?!\?))|[)|^$*+?]|\{[0-9]{1,2}(?:,(?:[0-9]{1,2})?)?\}"
    r"|\[\^?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[_ .,:;@#%=!<>/'\"+*?(){}|$]|\\[\[\]\\^./-])++-?\]"
    r")*+"
)
"""What means the same to both engines: ASCII, no classes by name, no dots."""
_OVERLAPPING: Final = frozenset(
    ("anyOf", "oneOf", "allOf", "not", "condition", "dependencies", "contains", "propertyNames")
)
"""With these several schemas may look at one part of a value."""
_EXPRESSED: Final = frozenset(
    (
        *("anyOf", "oneOf", "allOf", "not", "dependencies", "condition"),
        *("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "numberFormat"),
        *("items", "minItems", "maxItems", "contains"),
        *("minProperties", "maxProperties", "required", "others", "propertyNames", "properties"),
        *("const", "enum", "minLength", "maxLength", "pattern", "format"),
    )
)


class _NotExpressibleError(Exception):
    """There is no fast path."""


@final
class FastPath:
    """The fast yes to bodies of one schema."""

    __slots__ = ("_cost", "_search_size", "_validator")

    def __init__(self, root: Node) -> None:
        self._search_size = sum(map(_plain_size, reachable(root)))
        try:
            self._cost = _cost(root)
            self._validator: Any = _validator(root)
        except (_NotExpressibleError, ValueError):
            self._cost = 0
            self._validator = None

    @property
    def exists(self) -> bool:
        """Whether ``passes`` may say yes."""
        return self._validator is not None

    def cost(self, size_bytes: int) -> int:
        """Of a body, at most; a unit is about 20 ns."""
        searching = self._search_size * size_bytes // _SEARCH_OF_A_UNIT
        return self._cost * (size_bytes // _BYTES_OF_A_VALUE + 1) + searching

    def passes(self, body: bytes, steps: int = MAX_STEPS) -> bool:
        """Yes, or not known.

        Args:
            body: JSON.
            steps: How much work functions of ours may be, in about microseconds.
        """
        if self._validator is None or _is_odd(body) or is_many(body):
            return False
        try:
            value = orjson.loads(body)
            return within(steps, lambda: bool(self._validator.is_valid(value)))
        except ValueError:
            # No JSON, something behind it, or nested too deeply for the library.
            return False


def _is_odd(text: bytes) -> bool:
    """Whether numbers may be in it that the two do not read alike."""
    if _MINUS_ZERO in text:
        return True
    # Part by part, so that other threads can go on.
    starts = range(0, len(text), _SEARCHED_AT_ONCE)
    return any(_ODD_NUMBER.search(text, start, start + _SEARCHED_AT_ONCE + _ODD_DIGITS) for start in starts)


def _cost(root: Node) -> int:
    """How much work one value can be.

    Raises:
        _NotExpressibleError: Too much: the schema goes round and has combinators, so that each level could double it.
    """
    nodes = reachable(root)
    if not any(node.keywords.keys() & _OVERLAPPING for node in nodes):
        # Only one of them looks at any part of a value.
        return max(map(_own_cost, nodes))
    cost = 0
    left = [root]
    while left:
        node = left.pop()
        cost += _own_cost(node)
        if cost > MAX_COST:
            raise _NotExpressibleError
        left += node.inplace
        left += node.children
    return cost


def _own_cost(node: Node) -> int:
    return 1 + len(_texts(node))


def _plain_size(node: Node) -> int:
    """Instructions of a pattern that the library searches for."""
    regex: Regex | None = node.keywords.get("pattern")
    return regex.programsize if regex is not None and _is_for_library(regex) else 0


def _is_for_library(regex: Regex) -> bool:
    return regex.programsize <= MAX_PLAIN and is_plain(regex.pattern)


def _texts(node: Node) -> frozenset[str]:
    allowed: k.Allowed | None = node.keywords.get("enum")
    return allowed.texts if allowed is not None else frozenset()


def _validator(root: Node) -> Any:
    expression = _Expression(reachable(root))
    return jsonschema_rs.Draft7Validator(
        expression.document(root),
        formats=expression.formats,
        validate_formats=True,
        offline=True,
        # Linear, as RE2 is.
        pattern_options=jsonschema_rs.RegexOptions(),
    )


@final
class _Expression:
    """A schema put otherwise."""

    def __init__(self, nodes: list[Node]) -> None:
        self.formats: Final[dict[str, Callable[[str], bool]]] = {}
        self._nodes: Final = nodes
        self._names: Final = {id(node): f"n{index}" for index, node in enumerate(nodes)}

    def document(self, root: Node) -> dict[str, Any]:
        definitions = {self._names[id(node)]: self._of(node) for node in self._nodes}
        return {**self._to(root), "definitions": definitions}

    def _to(self, node: Node) -> dict[str, Any]:
        return {"$ref": f"#/definitions/{self._names[id(node)]}"}

    def _each(self, nodes: tuple[Node, ...]) -> list[dict[str, Any]]:
        return [self._to(node) for node in nodes]

    def _rest(self, rules: k.Items | k.Others) -> dict[str, Any] | bool:
        return self._to(rules.rest) if isinstance(rules.rest, Node) else rules.rest

    def _of(self, node: Node) -> dict[str, Any] | bool:
        if node.verdict is not None:
            return node.verdict
        if node.target is not None:
            return self._to(node.target)
        words = node.keywords
        if not words.keys() <= _EXPRESSED:
            raise _NotExpressibleError
        schema: dict[str, Any] = {"type": list(node.types)} if node.types else {}
        for name in _COUNTS & words.keys():
            schema[name] = words[name]
        for name in _BOUNDS & words.keys():
            schema[name] = float(words[name].value)
        self._combinators(words, schema)
        self._parts(words, schema)
        for name in ("const", "enum"):
            if name in words:
                schema.setdefault("allOf", []).append({"enum": _values(words[name])})
        self._texts(words, schema)
        return schema

    def _combinators(self, words: Mapping[str, Any], schema: dict[str, Any]) -> None:
        for name in ("anyOf", "oneOf", "allOf"):
            if name in words:
                schema[name] = self._each(words[name])
        if "not" in words:
            schema["not"] = self._to(words["not"])
        condition: k.Condition | None = words.get("condition")
        if condition is not None:
            schema["if"] = self._to(condition.condition)
            if condition.then is not None:
                schema["then"] = self._to(condition.then)
            if condition.otherwise is not None:
                schema["else"] = self._to(condition.otherwise)
        if "dependencies" in words:
            schema["dependencies"] = {
                name: self._to(rule) if isinstance(rule, Node) else list(rule)
                for name, rule in words["dependencies"].items()
            }

    def _parts(self, words: Mapping[str, Any], schema: dict[str, Any]) -> None:
        items: k.Items | None = words.get("items")
        if items is not None:
            schema["items"] = self._each(items.first) if items.first else self._rest(items)
            if items.first:
                schema["additionalItems"] = self._rest(items)
        for name in ("contains", "propertyNames"):
            if name in words:
                schema[name] = self._to(words[name])
        if "required" in words:
            schema["required"] = list(words["required"])
        if "properties" in words:
            schema["properties"] = {name: self._to(part) for name, part in words["properties"].items()}
        others: k.Others | None = words.get("others")
        if others is not None:
            if others.patterns:
                # These would be matched by another engine, whose language is not quite RE2's.
                raise _NotExpressibleError
            schema["additionalProperties"] = self._rest(others)

    def _texts(self, words: Mapping[str, Any], schema: dict[str, Any]) -> None:
        checks: list[Any] = []
        if "pattern" in words:
            regex: Regex = words["pattern"]
            if _is_for_library(regex):
                schema["pattern"] = regex.pattern
            else:
                checks.append({"format": self._format(searching(regex, _found))})
        if "format" in words:
            wanted: k.Format = words["format"]
            if wanted.name == "regex":
                # To compile expressions takes long.
                raise _NotExpressibleError
            checks += [{"format": self._format(checking(wanted.check))}, {"not": {"type": "number"}}]
        if checks:
            schema["allOf"] = [*schema.get("allOf", ()), *checks]

    def _format(self, check: Callable[[str], bool]) -> str:
        name = f"lockgate-{len(self.formats)}"
        self.formats[name] = check
        return name


_COUNTS: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_BOUNDS: Final = frozenset({"maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"})


def _values(allowed: k.Allowed) -> list[Any]:
    """Values of ``enum`` or ``const``: those that are no lists or objects, with ordinary numbers."""
    if len(allowed.texts) > MAX_ENUM:
        raise _NotExpressibleError
    values: list[Any] = []
    for text in allowed.texts:
        value = decode(text.encode())
        if isinstance(value, list | dict) or (isinstance(value, Number) and _is_odd(text.encode())):
            raise _NotExpressibleError
        values.append(float(value) if isinstance(value, Number) else value)
    return values


def is_plain(pattern: str) -> bool:
    """Whether a pattern that compiles means the same to both engines."""
    return _PLAIN_PATTERN.fullmatch(pattern) is not None


def _found(regex: Regex, text: str) -> bool:
    return regex.search(text) is not None
