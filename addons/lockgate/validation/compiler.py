"""Schemas of a document to nodes: keywords read, checked and put into the order in which they are judged.

Every ``$ref`` is looked up in the document itself; nothing is fetched. No step of this recurses, so that a document
cannot be nested too deeply for it.

Source: OpenAPI 3.0.3 and 3.1.0, schema objects; behaviour-chain 4.8.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, final
from urllib.parse import unquote

from jsonschema import TypeChecker, validators
from referencing import Registry

from lockgate.routing.pattern import Regex
from lockgate.validation import keywords as k
from lockgate.validation.nodes import Node
from lockgate.validation.reader import Reader, SchemaError, shown
from lockgate.validation.unevaluated import unevaluated_items, unevaluated_properties

type Version = Literal["3.0", "3.1"]

MAX_NODES: Final = 200_000
"""Schemas of one document."""

_ANNOTATIONS: Final = frozenset({"title", "description", "summary", "example", "examples", "deprecated", "$comment"})

_JUDGES: Final[Mapping[str, Callable[[Any, Any, Any, Any], k.Errors]]] = {
    "false": k.nothing,
    "$ref": k.ref,
    "not": k.not_,
    "oneOf": k.one_of,
    "anyOf": k.any_of,
    "allOf": k.all_of,
    "if": k.if_,
    "enum": k.enum,
    "const": k.enum,
    "type": k.type_,
    "integerFormat": k.integer_format,
    "exclusiveMinimum": k.exclusive_minimum,
    "exclusiveMaximum": k.exclusive_maximum,
    "minimum": k.minimum,
    "maximum": k.maximum,
    "multipleOf": k.multiple_of,
    "minLength": k.min_length,
    "maxLength": k.max_length,
    "pattern": k.pattern,
    "stringFormat": k.string_format,
    "minItems": k.min_items,
    "maxItems": k.max_items,
    "uniqueItems": k.unique_items,
    "items": k.items,
    "contains": k.contains,
    "unevaluatedItems": unevaluated_items,
    "defaults": k.defaults,
    "minProperties": k.min_properties,
    "maxProperties": k.max_properties,
    "propertyNames": k.property_names,
    "properties": k.properties,
    "required": k.required,
    "dependentRequired": k.dependent_required,
    "dependentSchemas": k.dependent_schemas,
    "unevaluatedProperties": unevaluated_properties,
    "readOnly": k.one_way,
}
"""In the order in which they are judged, which is the reference's: the first failure is the one that is told."""

_VALIDATOR: Final = validators.create(
    meta_schema={},
    validators=_JUDGES,  # type: ignore[arg-type]  # a tuple of errors will do, and None for none
    type_checker=TypeChecker(),
    id_of=lambda _: "",
)({}, registry=Registry())
"""The empty registry keeps the library from fetching anything, should it ever be asked to."""


@final
class Compiler:
    """Makes nodes of one document, each once."""

    def __init__(self, document: Mapping[str, Any], version: Version) -> None:
        self._document: Final = document
        self._newer: Final = version == "3.1"
        self._nodes: dict[int, Node] = {}
        self._sources: list[object] = []
        """What ``_nodes`` knows by its id, so that ids stay theirs."""
        self._waiting: deque[tuple[Node, object]] = deque()
        self._regexes: dict[str, Regex] = {}
        """By pattern: schemas written out again and again have the same ones."""
        self._silent: set[int] = set()
        """Ids of nodes that ask nothing of any value, nor of its parts."""

    def compile(self, schema: object, place: str) -> Node:
        """The node of a schema.

        Raises:
            SchemaError: It, or one that it leads to, does not compile.
        """
        made: list[Node] = []
        start = self._node(schema, place)
        try:
            while self._waiting:
                node, source = self._waiting.popleft()
                made.append(node)
                self._fill(node, source)
            _refuse_loops(made)
        except SchemaError:
            # What was begun is not used by the next schema either.
            self._nodes.clear()
            self._sources.clear()
            self._waiting.clear()
            self._silent.clear()
            raise
        self._settle(made)
        for node in made:
            self._finish(node)
        return start

    # ── references ──

    def _node(self, schema: object, place: str) -> Node:
        """The node of what stands at ``place``; it may still have to be filled in."""
        schema, place = self.followed(schema, place)
        if not isinstance(schema, Mapping | bool):
            raise SchemaError(f"expected a schema, found {shown(schema)}", place)
        known = None if isinstance(schema, bool) else self._nodes.get(id(schema))
        if known is not None:
            return known
        node = Node(place)
        if not isinstance(schema, bool):
            if len(self._nodes) >= MAX_NODES:
                raise SchemaError(f"expected at most {MAX_NODES} schemas", place)
            self._nodes[id(schema)] = node
            self._sources.append(schema)
        self._waiting.append((node, schema))
        return node

    def followed(self, schema: object, place: str) -> tuple[object, str]:
        """What a ``$ref`` leads to, where nothing else stands beside it that counts."""
        seen: set[int] = set()
        while isinstance(schema, Mapping) and "$ref" in schema and (not self._newer or _is_bare(schema)):
            if id(schema) in seen:
                raise SchemaError(f"the $ref {shown(schema['$ref'])} leads back to itself", place)
            seen.add(id(schema))
            schema, place = self.target(schema["$ref"], f"{place}/$ref")
        return schema, place

    def target(self, reference: object, place: str) -> tuple[object, str]:
        """What stands where a ``$ref`` points to, and its pointer.

        Raises:
            SchemaError: Nothing does, or it is not in this document.
        """
        if not isinstance(reference, str):
            raise SchemaError(f"expected a $ref to be text, found {shown(reference)}", place)
        if reference != "#" and not reference.startswith("#/"):
            raise SchemaError(f"a $ref leads into the same document, as '#/components/…'; found {reference!r}", place)
        value: object = self._document
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping) and name in value:
                value = value[name]
            elif isinstance(value, list | tuple) and name.isdecimal() and name.isascii() and int(name) < len(value):
                value = value[int(name)]
            else:
                raise SchemaError(f"the $ref {reference!r} leads nowhere", place)
        return value, unquote(reference[1:])

    # ── one schema ──

    def _fill(self, node: Node, schema: object) -> None:
        if isinstance(schema, bool):
            if not schema:
                node.keywords["false"] = True
            else:
                node.nullable = True
            return
        reader = Reader(self._node, schema, node, self._regexes, newer=self._newer)  # type: ignore[arg-type]  # _node saw to it
        found = reader.keywords()
        node.keywords = {name: found[name] for name in _JUDGES if name in found}
        if not self._newer and _asks_nothing(schema):  # type: ignore[arg-type]  # as above
            self._silent.add(id(node))

    def _settle(self, made: Sequence[Node]) -> None:
        """Of schemas that ask nothing, all the way down, nothing is judged but that null is not allowed (OpenAPI 3.0).

        So it is in the reference gateway. Where anything is asked, as a type, each part is judged, and may not be null.
        Differs: there, a default asks nothing, and is not filled in (test_defaults_where_nothing_is_asked).
        """
        holders: dict[int, list[Node]] = {}
        asking: list[Node] = []
        for node in made:
            for part in (*node.children, *node.inplace):
                holders.setdefault(id(part), []).append(node)
                if id(part) not in self._silent:
                    asking.append(node)
        while asking:
            node = asking.pop()
            if id(node) in self._silent:
                self._silent.remove(id(node))
                asking += holders.get(id(node), ())
        for node in made:
            if id(node) in self._silent:
                node.keywords = {"type": replace(node.keywords["type"], combined=False)}
                node.children, node.inplace = [], []

    def _finish(self, node: Node) -> None:
        """What only shows when every node is filled in."""
        properties = node.keywords.get("properties")
        if isinstance(properties, k.Properties):
            self._finish_object(node, properties)
        ordered = {name: node.keywords[name] for name in _JUDGES if name in node.keywords}
        node.keywords = ordered
        node.judge = _VALIDATOR.evolve(schema=ordered).iter_errors

    def _finish_object(self, node: Node, properties: k.Properties) -> None:
        named = {name: _as_property(child) for name, child in properties.named.items()}
        read_only = frozenset(name for name, told in named.items() if told.read_only)
        write_only = frozenset(name for name, told in named.items() if told.write_only)
        defaults = tuple(
            (name, named[name].default)
            for name in properties.names
            if named[name].default is not None and name not in read_only
        )
        if defaults:
            node.keywords["defaults"] = defaults
        if read_only or write_only:
            node.keywords["readOnly"] = k.OneWay(tuple(sorted(read_only)), tuple(sorted(write_only)))
            required = node.keywords.get("required")
            if isinstance(required, k.Required):
                node.keywords["required"] = k.Required(required.names, read_only, write_only)


@final
class _Told:
    """What a property's schema says about the property."""

    __slots__ = ("default", "read_only", "write_only")

    def __init__(self, node: Node) -> None:
        self.read_only = node.read_only
        self.write_only = node.write_only
        self.default = node.default


def _as_property(node: Node) -> _Told:
    told = _Told(node)
    # What a $ref leads to speaks where the schema beside it is silent. There are no loops of these.
    while (target := node.keywords.get("$ref")) is not None:
        node = target
        told.read_only |= node.read_only
        told.write_only |= node.write_only
        if told.default is None:
            told.default = node.default
    return told


_ASKS_IF_SET: Final = (
    "type",
    "format",
    "enum",
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "nullable",
    "readOnly",
    "writeOnly",
    "minLength",
    "pattern",
    "minItems",
    "required",
    "minProperties",
)
_ASKS: Final = ("minimum", "maximum", "multipleOf", "maxLength", "maxItems", "maxProperties", "not", "default")


def _asks_nothing(schema: Mapping[str, Any]) -> bool:
    """Whether a schema itself says nothing of a value; its parts may."""
    if any(schema.get(key) for key in _ASKS_IF_SET) or any(key in schema for key in _ASKS):
        return False
    return schema.get("additionalProperties") is not False


def _is_bare(schema: Mapping[str, Any]) -> bool:
    return all(key == "$ref" or key in _ANNOTATIONS or key.startswith("x-") for key in schema)


def _refuse_loops(nodes: Sequence[Node]) -> None:
    """Refuse a schema that has to be passed in order to pass itself."""
    done: set[int] = set()
    for start in nodes:
        if id(start) in done:
            continue
        path: set[int] = {id(start)}
        stack: list[tuple[Node, Iterator[Node]]] = [(start, iter(start.inplace))]
        while stack:
            node, others = stack[-1]
            other = next(others, None)
            if other is None:
                done.add(id(node))
                path.discard(id(node))
                stack.pop()
            elif id(other) in path:
                raise SchemaError("the schema refers to itself without going into the value", other.place)
            elif id(other) not in done:
                path.add(id(other))
                stack.append((other, iter(other.inplace)))
