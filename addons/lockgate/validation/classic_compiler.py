"""Compiles a schema of ``validate_json``, and says what is wrong with it in the words of the reference gateway.

What is looked at, and in which order, decides which fault is told. Drafts 4, 6 and 7 are told by ``$schema``; without
one of these, or with any other, a schema may use the keywords of all of them.

Source: behaviour-chain 4.7; gojsonschema 1.2.0, schema.go, schemaLoader.go, draft.go.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Final, final

from jsonschema.exceptions import ValidationError

from lockgate.documents.json import JsonError, decode, encode
from lockgate.documents.numbers import Number, format_g
from lockgate.routing.pattern import PatternError, Regex, compile_regex
from lockgate.validation import classic_keywords as k
from lockgate.validation.classic_formats import CHECKS
from lockgate.validation.classic_nodes import KINDS, Node, reachable
from lockgate.validation.classic_references import METASCHEMAS, References, SchemaError, check_reference
from lockgate.validation.decimals import decimal_of, is_integer

_TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
_INTEGER_END: Final = 2**63
_KIND_OF_TYPE: Final[Mapping[str, type]] = {
    "array": list,
    "boolean": bool,
    "integer": Number,
    "number": Number,
    "null": type(None),
    "object": dict,
    "string": str,
}


class _Draft(IntEnum):
    """What a schema is written in. Later ones have what earlier ones have."""

    DRAFT_4 = 4
    DRAFT_6 = 6
    DRAFT_7 = 7
    ANY = 99


_DRAFTS: Final = dict(zip(METASCHEMAS, (_Draft.DRAFT_4, _Draft.DRAFT_6, _Draft.DRAFT_7), strict=True))


def compile_schema(schema: Mapping[str, Any]) -> Node:
    """Compile a schema.

    Args:
        schema: As the definition has it.

    Raises:
        SchemaError: It cannot be used.
    """
    try:
        document = _as_go_reads(schema)
        draft = _draft(document)
        references = References(document)
        compiler = _Compiler(references)
        root = compiler.node(document, _Draft.ANY if draft is None else draft)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    _refuse_circles(root)
    for node in reachable(root):
        _complete(node)
    return root


def _as_go_reads(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with numbers as float64 and sorted keys: a definition's own order is lost in the reference gateway too."""
    try:
        exact = decode(encode(schema), float64=True)
        made = decode(encode(exact, number_texts=False))
    except (JsonError, TypeError) as error:
        raise SchemaError(str(error)) from None
    if not isinstance(made, dict):
        raise SchemaError("schema is invalid")
    return made


def _draft(schema: Mapping[str, Any]) -> _Draft | None:
    if "$schema" not in schema:
        return None
    name = schema["$schema"]
    if not isinstance(name, str):
        raise SchemaError("$schema must be of type string")
    check_reference(name)
    return _DRAFTS.get(name.removesuffix("#"))


def _wrong_type(expected: str, key: str) -> SchemaError:
    return SchemaError(f"Invalid type. Expected: {expected}, given: {key}")


def _is_schema(value: object) -> bool:
    return isinstance(value, dict | bool)


@final
class _Compiler:
    """Makes the nodes of one schema."""

    def __init__(self, references: References) -> None:
        self._references: Final = references
        self._by_reference: Final[dict[str, Node]] = {}

    def node(self, schema: Any, draft: _Draft) -> Node:
        node = Node()
        self._fill(node, schema, draft)
        return node

    def _fill(self, node: Node, schema: Any, draft: _Draft) -> None:
        if draft >= _Draft.DRAFT_6 and isinstance(schema, bool):
            node.verdict = schema
            return
        if not isinstance(schema, Mapping):
            raise SchemaError("Expected: schema, given: Invalid JSON")
        self._check_id(schema, draft)
        self._definitions(schema, draft)
        for key in ("title", "description", "$ref"):
            if key in schema and not isinstance(schema[key], str):
                raise _wrong_type("string", key)
        if "$ref" in schema:
            node.target = self._target(schema["$ref"], draft)
            node.inplace.append(node.target)
            return
        words = node.keywords
        self._type(node, schema)
        self._properties(node, schema, draft)
        self._dependencies(node, schema, draft)
        self._items(node, schema, draft)
        self._numbers(words, schema, draft)
        self._texts(words, schema)
        _counts(words, schema, "minProperties", "maxProperties", "minProperties cannot be greater than maxProperties")
        self._required(words, schema)
        _counts(words, schema, "minItems", "maxItems", "")
        self._unique(words, schema)
        if draft >= _Draft.DRAFT_6 and "contains" in schema:
            words["contains"] = self._child(node, schema["contains"], draft)
        self._values(words, schema, draft)
        self._combinators(node, schema, draft)

    # ── parts of other schemas ──

    def _child(self, parent: Node, schema: Any, draft: _Draft) -> Node:
        """The schema of a part of the value."""
        made = self.node(schema, draft)
        parent.children.append(made)
        return made

    def _same(self, parent: Node, schema: Any, draft: _Draft) -> Node:
        """A further schema of the same value."""
        made = self.node(schema, draft)
        parent.inplace.append(made)
        return made

    def _target(self, reference: str, draft: _Draft) -> Node:
        if reference in self._by_reference:
            return self._by_reference[reference]
        node = self._by_reference[reference] = Node()
        schema = self._references.find(reference)
        if not _is_schema(schema) and not isinstance(schema, Mapping):
            raise SchemaError("schema must be of type object")
        self._fill(node, schema, _DRAFTS.get(reference.partition("#")[0], draft))
        return node

    @staticmethod
    def _check_id(schema: Mapping[str, Any], draft: _Draft) -> None:
        key = "id" if draft == _Draft.DRAFT_4 or (draft == _Draft.ANY and "id" in schema) else "$id"
        if key not in schema:
            return
        if not isinstance(schema[key], str):
            raise _wrong_type("string", key)
        check_reference(schema[key])

    def _definitions(self, schema: Mapping[str, Any], draft: _Draft) -> None:
        if "definitions" not in schema:
            return
        definitions = schema["definitions"]
        if not isinstance(definitions, Mapping) or not all(map(_is_schema, definitions.values())):
            raise _wrong_type("array of schemas", "definitions")
        for definition in definitions.values():
            self.node(definition, draft)

    # ── keywords ──

    @staticmethod
    def _type(node: Node, schema: Mapping[str, Any]) -> None:
        if "type" not in schema:
            return
        given = schema["type"]
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list):
            raise _wrong_type("string/array of strings", "type")
        found: list[str] = []
        for name in names:
            if not isinstance(name, str):
                raise _wrong_type("string/array of strings", "type")
            if name not in _TYPES:
                expected = f"Expected valid values are:[{' '.join(_TYPES)}]"
                raise SchemaError(f"has a primitive type that is NOT VALID -- given: /{name}/ {expected}")
            if name in found:
                raise SchemaError(f"{name} type is duplicated")
            found.append(name)
        node.types = tuple(found)

    def _properties(self, node: Node, schema: Mapping[str, Any], draft: _Draft) -> None:
        words = node.keywords
        named: dict[str, Node] = {}
        if "properties" in schema:
            properties = schema["properties"]
            if not isinstance(properties, Mapping):
                raise SchemaError("properties must be of type object")
            named = {name: self._child(node, one, draft) for name, one in properties.items()}
            if named:
                words["properties"] = named
        rest: Node | bool = True
        if "additionalProperties" in schema:
            rest = self._rest(node, schema, "additionalProperties", draft)
        patterns: list[tuple[Regex, Node]] = []
        if "patternProperties" in schema:
            by_pattern = schema["patternProperties"]
            if not isinstance(by_pattern, Mapping):
                raise _wrong_type("schema", "patternProperties")
            for text, one in by_pattern.items():
                regex = _regex(text, f"Invalid regex pattern '{text}'")
                patterns.append((regex, self._child(node, one, draft)))
        if patterns or rest is not True:
            words["others"] = k.Others(frozenset(named), tuple(patterns), rest)
        if draft >= _Draft.DRAFT_6 and "propertyNames" in schema:
            if not _is_schema(schema["propertyNames"]):
                raise _wrong_type("schema", "patternProperties")
            words["propertyNames"] = self._child(node, schema["propertyNames"], draft)

    def _rest(self, node: Node, schema: Mapping[str, Any], key: str, draft: _Draft) -> Node | bool:
        given = schema[key]
        if isinstance(given, bool):
            return given
        if not isinstance(given, Mapping):
            raise _wrong_type("boolean/schema", key)
        return self._child(node, given, draft)

    def _dependencies(self, node: Node, schema: Mapping[str, Any], draft: _Draft) -> None:
        if "dependencies" not in schema:
            return
        given = schema["dependencies"]
        if not isinstance(given, Mapping):
            raise SchemaError("dependencies must be of type object")
        rules: dict[str, tuple[str, ...] | Node] = {}
        for name, rule in given.items():
            if isinstance(rule, list) and all(isinstance(other, str) for other in rule):
                rules[name] = tuple(rule)
            elif _is_schema(rule):
                rules[name] = self._same(node, rule, draft)
            else:
                raise SchemaError("dependency must be of type schema or array of strings")
        if rules:
            node.keywords["dependencies"] = rules

    def _items(self, node: Node, schema: Mapping[str, Any], draft: _Draft) -> None:
        first: list[Node] = []
        rest: Node | bool = True
        is_list = False
        if "items" in schema:
            given = schema["items"]
            is_list = isinstance(given, list)
            if not is_list and not _is_schema(given):
                raise _wrong_type("schema/array of schemas", "items")
            if is_list:
                for item in given:
                    if not _is_schema(item):
                        raise _wrong_type("schema/array of schemas", "items")
                    first.append(self._child(node, item, draft))
            else:
                rest = self._child(node, given, draft)
        if "additionalItems" in schema:
            additional = self._rest(node, schema, "additionalItems", draft)
            if first:
                rest = additional
        if first or rest is not True:
            node.keywords["items"] = k.Items(tuple(first), rest)

    @staticmethod
    def _numbers(words: dict[str, Any], schema: Mapping[str, Any], draft: _Draft) -> None:
        if "multipleOf" in schema:
            divisor = schema["multipleOf"]
            if not isinstance(divisor, Number):
                raise _wrong_type("number", "multipleOf")
            if divisor <= 0:
                raise SchemaError("multipleOf must be strictly greater than 0")
            words["multipleOf"] = _bound(divisor)
        for plain, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if plain in schema:
                if not isinstance(schema[plain], Number):
                    raise SchemaError(f"{plain} must be of a number")
                words[plain] = _bound(schema[plain])
            if exclusive not in schema:
                continue
            given = schema[exclusive]
            if isinstance(given, bool) and draft in (_Draft.DRAFT_4, _Draft.ANY):
                if plain not in words:
                    raise SchemaError(f"{exclusive} cannot be used without {plain}")
                if given:
                    words[exclusive] = words.pop(plain)
            elif isinstance(given, Number) and draft != _Draft.DRAFT_4:
                words[exclusive] = _bound(given)
            else:
                expected = {_Draft.DRAFT_4: "boolean", _Draft.ANY: "boolean/number"}.get(draft, "number")
                raise _wrong_type(expected, exclusive)

    @staticmethod
    def _texts(words: dict[str, Any], schema: Mapping[str, Any]) -> None:
        _counts(words, schema, "minLength", "maxLength", "minLength cannot be greater than maxLength")
        if "pattern" in schema:
            if not isinstance(schema["pattern"], str):
                raise SchemaError("pattern must be of a string")
            words["pattern"] = _regex(schema["pattern"], "pattern must be a valid regex")
        if "format" in schema:
            name = schema["format"]
            if not isinstance(name, str):
                raise SchemaError("format must be of type string")
            # Others are not checked.
            if name in CHECKS:
                words["format"] = k.Format(name, CHECKS[name])
                words["numberFormat"] = name

    @staticmethod
    def _required(words: dict[str, Any], schema: Mapping[str, Any]) -> None:
        if "required" not in schema:
            return
        names = schema["required"]
        if not isinstance(names, list):
            raise SchemaError("required must be of an array")
        seen: set[str] = set()
        for name in names:
            if not isinstance(name, str):
                raise SchemaError("required items must be string")
            if name in seen:
                raise SchemaError("required items must be unique")
            seen.add(name)
        if names:
            words["required"] = tuple(names)

    @staticmethod
    def _unique(words: dict[str, Any], schema: Mapping[str, Any]) -> None:
        if "uniqueItems" in schema:
            if not isinstance(schema["uniqueItems"], bool):
                raise SchemaError("uniqueItems must be of a boolean")
            if schema["uniqueItems"]:
                words["uniqueItems"] = True

    @staticmethod
    def _values(words: dict[str, Any], schema: Mapping[str, Any], draft: _Draft) -> None:
        if draft >= _Draft.DRAFT_6 and "const" in schema:
            text = _written(schema["const"])
            words["const"] = _allowed([text])
        if "enum" in schema:
            if not isinstance(schema["enum"], list):
                raise SchemaError("enum must be of an array")
            texts = [_written(value) for value in schema["enum"]]
            if len(set(texts)) != len(texts):
                raise SchemaError("enum items must be unique")
            if texts:
                words["enum"] = _allowed(texts)

    def _combinators(self, node: Node, schema: Mapping[str, Any], draft: _Draft) -> None:
        # "anyOf" is no slip of ours.
        for key, name in (("oneOf", "oneOf"), ("anyOf", "anyOf"), ("allOf", "anyOf")):
            if key in schema:
                if not isinstance(schema[key], list):
                    raise SchemaError(f"{name} must be of an array")
                branches = tuple(self._same(node, one, draft) for one in schema[key])
                if branches:
                    node.keywords[key] = branches
        single: dict[str, Node] = {}
        for key in ("not", "if", "then", "else"):
            if key in schema and (key == "not" or draft >= _Draft.DRAFT_7):
                if not _is_schema(schema[key]):
                    raise SchemaError(f"{key} must be of an object")
                single[key] = self._same(node, schema[key], draft)
        if "not" in single:
            node.keywords["not"] = single["not"]
        if "if" in single and ("then" in single or "else" in single):
            node.keywords["condition"] = k.Condition(single["if"], single.get("then"), single.get("else"))


def _regex(text: str, otherwise: str) -> Regex:
    try:
        return compile_regex(text)
    except PatternError:
        raise SchemaError(otherwise) from None


def _bound(value: Number) -> k.Bound:
    return k.Bound(decimal_of(value.text), format_g(value))


def _written(value: object) -> str:
    return encode(value, number_texts=False).decode()


def _allowed(texts: list[str]) -> k.Allowed:
    return k.Allowed(frozenset(texts), ", ".join(texts), any(text[0] in "[{" for text in texts))


def _counts(words: dict[str, Any], schema: Mapping[str, Any], least: str, most: str, too_large: str) -> None:
    for key in (least, most):
        if key not in schema:
            continue
        value = schema[key]
        if not isinstance(value, Number) or not value.text.removeprefix("-").isdecimal():
            raise SchemaError(f"{key} must be of an integer")
        count = int(value.text)
        if not -_INTEGER_END <= count < _INTEGER_END or not is_integer(value.text):
            raise SchemaError(f"{key} must be of an integer")
        if count < 0:
            raise SchemaError(f"{key} must be greater than or equal to 0")
        words[key] = count
    if too_large and words.get(least, 0) > words.get(most, _INTEGER_END):
        raise SchemaError(too_large)


# ── what is made of nodes ──


def _refuse_circles(root: Node) -> None:
    """Refuse a schema that leads to itself for the same value: judging would not end."""
    done: set[int] = set()
    for start in reachable(root):
        under_way: set[int] = set()
        left: list[tuple[Node, bool]] = [(start, False)]
        while left:
            node, leaving = left.pop()
            if leaving:
                under_way.discard(id(node))
                done.add(id(node))
            elif id(node) in under_way:
                # Differs: the reference gateway crashes (test_references_that_lead_to_themselves).
                raise SchemaError("a schema leads to itself, for the same value")
            elif id(node) not in done:
                under_way.add(id(node))
                left.append((node, True))
                left += [(other, False) for other in node.inplace]


def _complete(node: Node) -> None:
    """Find out what is asked about each kind of values."""
    if node.verdict is not None:
        if not node.verdict:
            node.judges = dict.fromkeys(KINDS, _judge({"false": True}))
        return
    if node.target is not None:
        return
    allowed = {_KIND_OF_TYPE[name] for name in node.types} or set(KINDS)
    text = node.types[0] if len(node.types) == 1 else f"[{','.join(node.types)}]"
    integers = "integer" in node.types and "number" not in node.types
    for kind in KINDS:
        if kind not in allowed:
            node.judges[kind] = _judge({"type": k.Types(text, integers=False)})
            continue
        words = {name: node.keywords[name] for name in k.KEYWORDS if name in node.keywords and name in k.OF_KIND[kind]}
        if kind is Number and integers:
            words = {"type": k.Types(text, integers=True), **words}
        if words:
            node.judges[kind] = _judge(words)


def _judge(words: Mapping[str, Any]) -> Callable[[Any], Iterator[ValidationError]]:
    return k.Library(words).iter_errors
