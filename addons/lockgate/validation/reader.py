"""The keywords of one schema object, read and checked.

Source: OpenAPI 3.0.3 and 3.1.0, schema objects; JSON Schema 2020-12.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, final

from lockgate.documents.json import JsonError, encode
from lockgate.documents.numbers import format_g
from lockgate.problems import pointer as pointer_of
from lockgate.routing.pattern import PatternError, Regex, compile_regex
from lockgate.validation import keywords as k
from lockgate.validation.exact import exact, fraction
from lockgate.validation.formats import INTEGER_FORMATS, STRING_FORMATS
from lockgate.validation.nodes import Node, TooDeepError
from lockgate.validation.texts import shortened

_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "array": frozenset({list}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),
    "null": frozenset(),
    "number": frozenset({int}),
    "object": frozenset({dict}),
    "string": frozenset({str}),
}
"""Classes of values that have the type as they are; floats are looked at."""
_ALL_CLASSES: Final = frozenset[type]().union(*_TYPES.values())
_COUNT_END: Final = 2**63
_DIALECTS: Final = ("https://json-schema.org/draft/2020-12/schema", "https://spec.openapis.org/oas/3.1/dialect/base")
_NOT_BUILT: Final = ("$dynamicRef", "$recursiveRef", "$id")


class SchemaError(ValueError):
    """A schema that does not compile."""

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.message: Final = message
        """One sentence without a full stop."""
        self.pointer: Final = pointer
        """RFC 6901 JSON Pointer from the root of the document."""


def shown(value: object) -> str:
    """A value of a document for a message, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004


def _expected(types: tuple[str, ...]) -> str:
    if len(types) != 1:
        return f"value must be one of {', '.join(types)}"
    article = "an" if types[0] in {"array", "object", "integer"} else "a"
    return f"value must be {article} {types[0]}"


@final
class Reader:
    """Reads the keywords of one schema object."""

    def __init__(
        self,
        node_of: Callable[[object, str], Node],
        schema: Mapping[str, Any],
        node: Node,
        regexes: dict[str, Regex],
        *,
        newer: bool,
    ) -> None:
        self._node_of: Final = node_of
        self._schema: Final = schema
        self._node: Final = node
        self._regexes: Final = regexes
        self._newer: Final = newer

    def keywords(self) -> dict[str, Any]:
        """Compiled values by keyword, in no order."""
        schema, node = self._schema, self._node
        node.nullable = not self._newer and self._flag("nullable")
        node.read_only = self._flag("readOnly")
        node.write_only = self._flag("writeOnly")
        node.default = schema.get("default")
        found: dict[str, Any] = {}
        self._combinators(found)
        combined = not self._newer and any(name in found for name in ("oneOf", "anyOf", "allOf"))
        self._any_value(found, combined=combined)
        self._numbers(found)
        self._text(found)
        self._list(found)
        self._object(found)
        if self._newer:
            self._newer_keywords(found)
        return found

    # ── reading ──

    def _fail(self, message: str, *parts: str | int) -> SchemaError:
        return SchemaError(message, self._node.place + pointer_of(*parts))

    def _flag(self, name: str) -> bool:
        value = self._schema.get(name, False)
        if not isinstance(value, bool):
            raise self._fail(f"expected true or false, found {shown(value)}", name)
        return value

    def _count(self, name: str) -> int | None:
        value = self._schema.get(name)
        if value is None and name not in self._schema:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _COUNT_END or value % 1:
            raise self._fail(f"expected a whole number from 0, found {shown(value)}", name)
        return int(value)

    def _number(self, name: str) -> float | None:
        if name not in self._schema:
            return None
        value = self._schema[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
            raise self._fail(f"expected a number, found {shown(value)}", name)
        try:
            float(value)
        except OverflowError:
            raise self._fail("expected a number within float64", name) from None
        return value

    def _child(self, name: str, *parts: str | int, inplace: bool = False) -> Node:
        value: Any = self._schema[name]
        for part in parts:
            value = value[part]
        node = self._node_of(value, self._node.place + pointer_of(name, *parts))
        (self._node.inplace if inplace else self._node.children).append(node)
        return node

    def _children(self, name: str, *, inplace: bool = False) -> tuple[Node, ...]:
        value = self._schema.get(name)
        if name not in self._schema:
            return ()
        if not isinstance(value, list | tuple):
            raise self._fail(f"expected a list of schemas, found {shown(value)}", name)
        return tuple(self._child(name, index, inplace=inplace) for index in range(len(value)))

    def _named(self, name: str, *, inplace: bool = False) -> dict[str, Node]:
        value = self._schema.get(name)
        if name not in self._schema:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise self._fail(f"expected an object of schemas, found {shown(value)}", name)
        return {key: self._child(name, key, inplace=inplace) for key in value}

    def _texts(self, name: str, value: object, *parts: str) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise self._fail(f"expected a list of texts, found {shown(value)}", name, *parts)
        return tuple(value)

    def _regex(self, text: object, *parts: str) -> Regex:
        if not isinstance(text, str):
            raise self._fail(f"expected a regular expression, found {shown(text)}", *parts)
        if text in self._regexes:
            return self._regexes[text]
        try:
            return self._regexes.setdefault(text, compile_regex(text))
        except PatternError as error:
            raise self._fail(f"the pattern {shown(text)} does not compile: {error}", *parts) from None

    # ── groups of keywords ──

    def _combinators(self, found: dict[str, Any]) -> None:
        schema = self._schema
        if "not" in schema:
            found["not"] = self._child("not", inplace=True)
        if nodes := self._children("oneOf", inplace=True):
            found["oneOf"] = k.OneOf(nodes, self._discriminator())
        if nodes := self._children("anyOf", inplace=True):
            found["anyOf"] = nodes
        if nodes := self._children("allOf", inplace=True):
            found["allOf"] = nodes

    def _discriminator(self) -> k.Discriminator | None:
        told = self._schema.get("discriminator")
        if told is None:
            return None
        name = told.get("propertyName") if isinstance(told, Mapping) else None
        mapping = told.get("mapping") if isinstance(told, Mapping) else None
        if not isinstance(name, str):
            raise self._fail("expected an object with 'propertyName'", "discriminator")
        if mapping is None:
            mapping = {}
        if not isinstance(mapping, Mapping) or not all(isinstance(text, str) for text in mapping.values()):
            raise self._fail("expected an object of references", "discriminator", "mapping")
        branches = {value: self._mapped(text) for value, text in mapping.items()}
        return k.Discriminator(name, branches)

    def _mapped(self, text: str) -> frozenset[int]:
        """Branches of ``oneOf`` that an entry of a mapping leads to, by reference or by a schema's name.

        Differs: the reference knows no names (test_a_mapping_may_name_a_schema).
        """
        wanted = (text, f"#/components/schemas/{text}")
        return frozenset(
            index
            for index, branch in enumerate(self._schema["oneOf"])
            if isinstance(branch, Mapping) and branch.get("$ref") in wanted
        )

    def _any_value(self, found: dict[str, Any], *, combined: bool) -> None:
        schema = self._schema
        if schema.get("enum") not in (None, [], ()):
            found["enum"] = self._enum("enum", schema["enum"], combined=combined)
        names = self._type_names()
        classes = _ALL_CLASSES if not names else frozenset[type]().union(*(_TYPES[name] for name in names))
        types = k.Types(
            names=names,
            classes=classes,
            numbers=not names or "number" in names or "integer" in names,
            integers="integer" in names and "number" not in names,
            null_is_a_type=self._newer,
            combined=combined,
            text=_expected(names),
        )
        found["type"] = types
        format_ = schema.get("format")
        if isinstance(format_, str):
            if types.integers and (limits := INTEGER_FORMATS.get(format_)) is not None:
                reason = f"value should be between {limits[0]} and {limits[1]}"
                text = f'integer doesn\'t match the format "{format_}": {reason}'
                found["integerFormat"] = k.IntegerRange(*limits, text)
            if (check := STRING_FORMATS.get(format_)) is not None:
                found["stringFormat"] = k.Format(format_, check)

    def _type_names(self) -> tuple[str, ...]:
        told = self._schema.get("type")
        if told is None and "type" not in self._schema:
            return ()
        names = (told,) if isinstance(told, str) else told if self._newer else None
        if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
            raise self._fail(f"expected a type, found {shown(told)}", "type")
        for name in names:
            if name not in _TYPES or (name == "null" and not self._newer):
                raise self._fail(f"{name!r} is no type", "type")
        return tuple(names)

    def _enum(self, keyword: str, values: object, *, combined: bool) -> k.Enum:
        if not isinstance(values, list | tuple):
            raise self._fail(f"expected a list of values, found {shown(values)}", keyword)
        try:
            keys = frozenset(k.identity(value, None, exact) for value in values)
            listed = encode(list(values), number_texts=False).decode("utf-8", "replace")
        except (JsonError, OverflowError, TooDeepError, TypeError):
            raise self._fail("expected values that JSON can hold", keyword) from None
        text = f"value is not one of the allowed values {listed}"
        containers = any(isinstance(value, list | dict) for value in values)
        return k.Enum(tuple(values), keys, containers, shortened(text), combined)

    def _numbers(self, found: dict[str, Any]) -> None:
        for bound, words, exclusive, exclusive_words in (
            ("minimum", "at least", "exclusiveMinimum", "more than"),
            ("maximum", "at most", "exclusiveMaximum", "less than"),
        ):
            limit = self._number(bound)
            if limit is not None:
                found[bound] = k.Bound(exact(limit), f"number must be {words} {format_g(float(limit))}")
            beyond = self._number(exclusive) if self._newer else limit if self._flag(exclusive) else None
            if beyond is not None:
                found[exclusive] = k.Bound(exact(beyond), f"number must be {exclusive_words} {format_g(float(beyond))}")
        divisor = self._number("multipleOf")
        if divisor is not None:
            if divisor <= 0:
                raise self._fail(f"expected a number above 0, found {shown(divisor)}", "multipleOf")
            found["multipleOf"] = k.Divisor(
                exact(divisor), fraction(divisor), f"number must be a multiple of {format_g(float(divisor))}"
            )

    def _sizes(self, found: dict[str, Any], **texts: str) -> None:
        for name, text in texts.items():
            count = self._count(name)
            if count is not None:
                found[name] = k.Size(count, text.format(count))

    def _text(self, found: dict[str, Any]) -> None:
        self._sizes(found, minLength="minimum string length is {}", maxLength="maximum string length is {}")
        text = self._schema.get("pattern", "")
        if text != "":
            regex = self._regex(text, "pattern")
            found["pattern"] = k.Pattern(regex, f'string doesn\'t match the regular expression "{text}"')

    def _list(self, found: dict[str, Any]) -> None:
        self._sizes(found, minItems="minimum number of items is {}", maxItems="maximum number of items is {}")
        if self._flag("uniqueItems"):
            found["uniqueItems"] = True
        first = self._children("prefixItems") if self._newer else ()
        rest = self._child("items") if "items" in self._schema else None
        if first or rest is not None:
            found["items"] = k.Items(first, rest, judges_rest=rest is not None)

    def _object(self, found: dict[str, Any]) -> None:
        self._sizes(
            found,
            minProperties="there must be at least {} properties",
            maxProperties="there must be at most {} properties",
        )
        schema = self._schema
        named = self._named("properties")
        patterns: tuple[tuple[Regex, Node], ...] = ()
        if self._newer:
            patterns = tuple(
                (self._regex(text, "patternProperties", text), node)
                for text, node in self._named("patternProperties").items()
            )
        additional: Node | bool = True
        if "additionalProperties" in schema:
            told = schema["additionalProperties"]
            additional = told if isinstance(told, bool) else self._child("additionalProperties")
        if named or patterns or additional is not True or "additionalProperties" in schema:
            judges_rest = "additionalProperties" in schema
            found["properties"] = k.Properties(named, patterns, additional, judges_rest, tuple(sorted(named)))
        if "required" in schema:
            found["required"] = k.Required(self._texts("required", schema["required"]), frozenset(), frozenset())

    def _newer_keywords(self, found: dict[str, Any]) -> None:
        schema = self._schema
        for name in _NOT_BUILT:
            if name in schema:
                raise self._fail(f"{name!r} is not supported", name)
        if schema.get("$schema", _DIALECTS[0]) not in _DIALECTS:
            raise self._fail(f"expected the dialect {_DIALECTS[0]}, found {shown(schema['$schema'])}", "$schema")
        if "$ref" in schema:
            found["$ref"] = self._reference()
        if "const" in schema:
            found["const"] = self._enum("const", [schema["const"]], combined=False)
        if "if" in schema:
            condition = self._child("if", inplace=True)
            then = self._child("then", inplace=True) if "then" in schema else None
            otherwise = self._child("else", inplace=True) if "else" in schema else None
            found["if"] = k.If(condition, then, otherwise)
        self._newer_parts(found)

    def _newer_parts(self, found: dict[str, Any]) -> None:
        schema = self._schema
        if "contains" in schema:
            least = self._count("minContains")
            most = self._count("maxContains")
            found["contains"] = k.Contains(self._child("contains"), 1 if least is None else least, most)
        if "propertyNames" in schema:
            found["propertyNames"] = self._child("propertyNames")
        if others := self._named("dependentSchemas", inplace=True):
            found["dependentSchemas"] = others
        if "dependentRequired" in schema:
            found["dependentRequired"] = self._dependent_required()
        for name in ("unevaluatedProperties", "unevaluatedItems"):
            if name in schema:
                told = schema[name]
                found[name] = (self._node, told if isinstance(told, bool) else self._child(name))

    def _reference(self) -> Node:
        node = self._node_of({"$ref": self._schema["$ref"]}, self._node.place)
        self._node.inplace.append(node)
        return node

    def _dependent_required(self) -> dict[str, tuple[str, ...]]:
        told = self._schema["dependentRequired"]
        if not isinstance(told, Mapping):
            raise self._fail(f"expected an object of lists, found {shown(told)}", "dependentRequired")
        return {name: self._texts("dependentRequired", names, name) for name, names in told.items()}
