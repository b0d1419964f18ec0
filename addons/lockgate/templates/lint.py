"""What a template does that nobody can want, although it is a template.

Only what is sure, or nearly so, is a finding: a template is followed along its text, and so are the values of the data
along their way through it. Where the way is lost, nothing is said.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Literal, final

from lockgate.decoding.shapes import nearest
from lockgate.documents.numbers import format_g
from lockgate.templates.fields import Fields
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.nodes import (
    Action,
    Block,
    Bool,
    Branch,
    Chain,
    Command,
    Dot,
    Identifier,
    Invocation,
    Nil,
    Node,
    Number,
    Pipe,
    Range,
    Source,
    String,
    Text,
    Variable,
    With,
)
from lockgate.templates.nodes import Field as FieldNode
from lockgate.templates.output import Where, after, guessed

type Output = Literal["json", "xml", ""]

MOST_FINDINGS: Final = 50
"""Of one template."""
MOST_STEPS: Final = 50_000
"""Nodes that are looked at; a template that others call is looked at each time."""
_MOST_LEVELS: Final = 110
"""Blocks and parentheses inside one another, those of templates that call one another put together."""
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a template had better not do."""

    code: str
    """Of the problem that is made of it."""
    message: str
    """One sentence without a full stop."""
    line: int
    """In the source; first is 1."""
    column: int
    """In characters; first is 1."""
    hint: str = ""
    """What to write instead; "" when there is nothing to say."""


def findings(source: Source, *, output: Output = "", fields: Fields | None = None) -> tuple[Finding, ...]:
    """What to say of a source, in its order.

    Args:
        source: That was parsed.
        output: What the template makes; "" is worked out from its text, if that shows it.
        fields: What is known of the data (``fields.known_fields``); None: nothing. For a template whose input is XML
            nothing is.
    """
    tree = source.trees.get(source.name)
    if tree is None:
        return ()
    walk = _Walk(source, output or guessed(tree.root), fields)
    with suppress(_EnoughError):
        walk.block(tree.root)
    return tuple(sorted(walk.found.values(), key=lambda one: (one.line, one.column))[:MOST_FINDINGS])


def undefined_templates(sources: Sequence[Source]) -> tuple[tuple[Source, Finding], ...]:
    """Names that ``{{template}}`` calls and no source defines, each with the source that calls it.

    Args:
        sources: All that are linked with one another.
    """
    known = {name for source in sources for name in source.trees if name}
    found: list[tuple[Source, Finding]] = []
    for source in sources:
        places = _Places(source.text)
        for node in _invocations(tree.root for tree in source.trees.values()):
            if node.name in known or node.name in source.trees:
                continue
            message = f"no template has the name {node.quoted}: where it is called, the template fails"
            line, column = places.of(node.position)
            finding = Finding(
                code="template-undefined",
                message=message,
                line=line,
                column=column,
                hint=nearest(node.name, sorted(known)),
            )
            found.append((source, finding))
    return tuple(found)


def _invocations(roots: Iterable[Node]) -> list[Invocation]:
    found: list[Invocation] = []
    left = list(roots)
    while left:
        match left.pop():
            case Invocation() as node:
                found.append(node)
            case Block(nodes=inner):
                left += inner
            case Branch(block=block, otherwise=otherwise):
                left += [block] if otherwise is None else [block, otherwise]
    return sorted(found, key=lambda node: node.position)


@final
class _Places:
    """Lines and columns of one text."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts: Final = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, position: int) -> tuple[int, int]:
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1


# ── values ──


class _Origin(Enum):
    """Where a value comes from."""

    DATA = "data"
    """It is a part of the data as it came."""
    MADE = "made"
    """It was made of such a part, and may hold what that held."""
    HARMLESS = "harmless"
    """It is none of that: written in the template, or of a form in which nothing can do harm."""
    LOST = "lost"
    """Nobody knows."""


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of a value on its way."""

    origin: _Origin
    fields: Fields | None = None
    """Of the part of the data that it is, or is a text of."""
    escaped: frozenset[str] = frozenset()
    """For what it was escaped: "json" is a whole value with its quotes, "string" is what may stand between quotes."""
    path: tuple[str, ...] = ()
    """Of a part of the data: its first names."""

    @property
    def kinds(self) -> frozenset[str]:
        """Of a part of the data; empty: nothing is known."""
        return frozenset() if self.fields is None else self.fields.kinds


_HARMLESS: Final = _Value(_Origin.HARMLESS)
_LOST: Final = _Value(_Origin.LOST)
_MADE: Final = _Value(_Origin.MADE)
_FREE: Final = frozenset(("number", "boolean"))
"""Kinds that need no escaping."""
_MARSHALLING: Final = frozenset(
    (
        "jsonMarshal",
        "mustToJson",
        "mustToPrettyJson",
        "mustToRawJson",
        "toJson",
        "toPrettyJson",
        "toRawJson",
    )
)
_ESCAPING: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_MARSHALLING, frozenset(("json", "xml"))),
    "html": frozenset(("string", "xml")),
    "js": frozenset(("string", "xml")),
    "quote": frozenset(("json",)),
    "xmlMarshal": frozenset(("xml",)),
}
_ALL: Final = frozenset(("json", "string", "xml"))
_HARMLESS_RESULTS: Final = frozenset(
    (
        "bool",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "[]int",
        "time.Time",
        "time.Duration",
    )
)
_PLAIN_RESULTS: Final = frozenset(
    (
        "adler32sum",
        "ago",
        "b32enc",
        "b64enc",
        "bcrypt",
        "buildCustomCert",
        "date",
        "dateInZone",
        "date_in_zone",
        "derivePassword",
        "duration",
        "durationRound",
        "encryptAES",
        "genCA",
        "genPrivateKey",
        "getHostByName",
        "htmlDate",
        "htmlDateInZone",
        "kindOf",
        "md5sum",
        "randBytes",
        "seq",
        "sha1sum",
        "sha256sum",
        "sha512sum",
        "typeOf",
        "unixEpoch",
        "urlquery",
        "uuidv4",
    )
)
"""Functions whose texts have nothing in them that needs escaping, whatever they are given."""
_REPLACING: Final = frozenset(
    (
        "mustRegexReplaceAll",
        "mustRegexReplaceAllLiteral",
        "regexReplaceAll",
        "regexReplaceAllLiteral",
        "replace",
    )
)
_SAME_LIST: Final = frozenset(
    (
        "compact",
        "initial",
        "mustCompact",
        "mustInitial",
        "mustRest",
        "mustReverse",
        "mustUniq",
        "rest",
        "reverse",
        "uniq",
    )
)
_ONE_OF_LIST: Final = frozenset(("first", "last", "mustFirst", "mustLast"))
_CHOOSING: Final = frozenset(("and", "coalesce", "default", "or"))
_COMPARING: Final = frozenset(("eq", "ge", "gt", "le", "lt", "ne"))
_PRINTING: Final = frozenset(("html", "print", "println", "quote", "squote", "toString", "urlquery"))
"""Functions that print what they are given as an action does."""
_VERB: Final = re.compile(r"%[-+# 0]*[0-9]*(?:\.[0-9]*)?(?P<verb>.)", re.DOTALL)
_INTEGER_VERBS: Final = frozenset("cdoOU")
_NUMBER_VERBS: Final = frozenset("bcdeEfFgGoOtTUxXp")
_CONTEXT: Final = "_tyk_context"
_PLAIN_VARIABLES: Final = frozenset(("remote_addr", "request_id", "tyk_trace_id"))


def _joined(first: _Value, second: _Value) -> _Value:
    """Of a value that is one of these."""
    if first == second:
        return first
    if _Origin.LOST in (first.origin, second.origin):
        return _LOST
    tainted = [one for one in (first, second) if one.origin is not _Origin.HARMLESS]
    escaped = frozenset.intersection(*(one.escaped for one in tainted))
    fields = tainted[0].fields if len(tainted) == 1 else None
    return _Value(_Origin.MADE, fields, escaped)


@dataclass(slots=True)
class _Argument:
    """Of a call."""

    value: _Value
    node: Node | None = None
    """None: it came through a pipe."""


@dataclass(slots=True)
class _Scope:
    """Variables of one block."""

    variables: dict[str, _Value] = field(default_factory=dict)


class _EnoughError(Exception):
    """Enough was looked at."""


# ── walking ──


@final
class _Walk:
    """Follows one source."""

    def __init__(self, source: Source, output: str, fields: Fields | None) -> None:
        self.found: Final[dict[tuple[int, str], Finding]] = {}
        self._source: Final = source
        self._places: Final = _Places(source.text)
        self._where: Where | None = {"json": Where.VALUE, "xml": Where.CONTENT}.get(output)
        self._dot = _Value(_Origin.DATA, fields)
        self._scopes = [_Scope({"$": self._dot})]
        self._inside: Final[set[str]] = {source.name}
        self._steps = 0
        self._levels = 0

    def _find(self, code: str, node: Node, message: str, hint: str = "") -> None:
        key = (node.position, code)
        if key not in self.found:
            line, column = self._places.of(node.position)
            self.found[key] = Finding(code=code, message=message, line=line, column=column, hint=hint)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _EnoughError

    # blocks

    def block(self, block: Block) -> None:
        """All that is in a block."""
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise _EnoughError
        text = ""
        for index, node in enumerate(block.nodes):
            self._count()
            match node:
                case Text():
                    text = node.text
                    if self._where is not None:
                        self._where = after(self._where, text)
                    continue
                case Action():
                    value = self._pipe(node.pipe)
                    following = block.nodes[index + 1] if index + 1 < len(block.nodes) else None
                    if not node.pipe.declared:
                        ends = isinstance(following, Text) and following.text.startswith('"')
                        self._print(node, value, is_alone=ends and text.endswith('"'))
                case Branch():
                    self._branch(node)
                case Invocation():
                    self._invocation(node)
            text = ""
        self._levels -= 1

    def _scoped(self, block: Block, dot: _Value) -> Where | None:
        """A block with variables of its own, up to where it leads."""
        before = self._dot
        self._dot = dot
        self._scopes.append(_Scope())
        self.block(block)
        self._scopes.pop()
        self._dot = before
        return self._where

    def _branch(self, node: Branch) -> None:
        """A branch, and those that are alone in the else of the one before."""
        depth = len(self._scopes)
        start = self._where
        ends: list[Where | None] = []
        otherwise: Block | None = None
        while True:
            self._scopes.append(_Scope())
            value = self._pipe(node.pipe, is_range=isinstance(node, Range))
            dot = self._dot
            if isinstance(node, With):
                dot = value
            elif isinstance(node, Range):
                dot = self._elements(value)
            ends.append(self._scoped(node.block, dot))
            self._where = start
            otherwise = node.otherwise
            only = otherwise.nodes[0] if otherwise is not None and len(otherwise.nodes) == 1 else None
            if not isinstance(only, Branch):
                break
            self._count()
            node = only
        ends.append(start if otherwise is None else self._scoped(otherwise, self._dot))
        del self._scopes[depth:]
        self._where = start if all(end is start for end in ends) else ends[0] if len({*ends}) == 1 else None

    def _elements(self, value: _Value) -> _Value:
        """What ``.`` is in a range over a value."""
        if value.origin is not _Origin.DATA:
            return replace(value, fields=None)
        if value.kinds and value.kinds <= {"list", "null"} and value.fields is not None:
            return _Value(_Origin.DATA, value.fields.items)
        return _Value(_Origin.DATA)

    def _invocation(self, node: Invocation) -> None:
        value = _HARMLESS if node.pipe is None else self._pipe(node.pipe)
        tree = self._source.trees.get(node.name)
        if tree is None or node.name in self._inside:
            self._where = None if tree is None else self._where
            return
        scopes, self._scopes = self._scopes, [_Scope({"$": value})]
        before, self._dot = self._dot, value
        self._inside.add(node.name)
        self.block(tree.root)
        self._inside.discard(node.name)
        self._scopes, self._dot = scopes, before

    # values

    def _pipe(self, pipe: Pipe, *, is_range: bool = False) -> _Value:
        value: _Value | None = None
        for command in pipe.commands:
            self._count()
            value = self._command(command, value)
        result = value or _LOST
        self._declare(pipe, result, is_range=is_range)
        return result

    def _declare(self, pipe: Pipe, value: _Value, *, is_range: bool) -> None:
        values = [value]
        if is_range:
            values = [self._elements(value)]
            if len(pipe.declared) > 1:
                values.insert(0, self._keys(value))
        for variable, one in zip(pipe.declared, values, strict=False):
            name = variable.names[0]
            if not pipe.assigns:
                self._scopes[-1].variables[name] = one
                continue
            for scope in reversed(self._scopes):
                if name in scope.variables:
                    # Whether it comes to this is not known, unless nothing stands between.
                    certain = scope is self._scopes[-1]
                    scope.variables[name] = one if certain else _joined(scope.variables[name], one)
                    break

    def _keys(self, value: _Value) -> _Value:
        """What the first of two variables of a range gets."""
        if value.origin is _Origin.HARMLESS or (value.kinds and value.kinds <= {"list", "null"}):
            return _HARMLESS
        return _MADE if value.kinds and value.kinds <= {"object", "null"} else _LOST

    def _command(self, command: Command, piped: _Value | None) -> _Value:
        first, *others = command.arguments
        if isinstance(first, Identifier):
            arguments = [_Argument(self._operand(node), node) for node in others]
            if piped is not None:
                arguments.append(_Argument(piped))
            return self._call(first, arguments)
        value = self._operand(first)
        if others or piped is not None:
            # A method: what it gives holds what its values held.
            for node in others:
                self._operand(node)
            return value if value.origin in (_Origin.HARMLESS, _Origin.LOST) else _MADE
        return value

    def _operand(self, node: Node) -> _Value:
        self._count()
        match node:
            case Bool() | Number() | Nil() | String():
                return _HARMLESS
            case Dot():
                return self._dot
            case FieldNode(names=names):
                return self._members(self._dot, names, node)
            case Variable(names=names):
                return self._members(self._variable(names[0]), names[1:], node)
            case Chain(node=inner, names=names):
                return self._members(self._operand(inner), names, node)
            case Identifier():
                return self._call(node, [])
            case Pipe():
                self._levels += 1
                if self._levels > _MOST_LEVELS:
                    raise _EnoughError
                value = self._pipe(node)
                self._levels -= 1
                return value
        return _LOST

    def _variable(self, name: str) -> _Value:
        for scope in reversed(self._scopes):
            if name in scope.variables:
                return scope.variables[name]
        return _LOST

    def _members(self, value: _Value, names: Iterable[str], node: Node) -> _Value:
        for name in names:
            value = self._member(value, name, node)
        return value

    def _member(self, value: _Value, name: str, node: Node) -> _Value:
        if value.origin is _Origin.HARMLESS:
            return value
        if value.path == (_CONTEXT,):
            return _HARMLESS if name in _PLAIN_VARIABLES else replace(value, path=(_CONTEXT, name))
        if value.origin is not _Origin.DATA:
            return value if value.path[:1] == (_CONTEXT,) else _LOST
        path = (*value.path, name)
        if path == (_CONTEXT,):
            return _Value(_Origin.MADE, path=path)
        fields = value.fields
        if fields is None or not fields.kinds:
            return _Value(_Origin.DATA, path=path)
        if name not in fields.members and fields.is_closed and fields.kinds <= {"object", "null"}:
            self._find(
                "template-unknown-field",
                node,
                f"{_shown(node)}: no schema and no example of the API has a field {name!r} here",
                nearest(name, sorted(fields.members)),
            )
        return _Value(_Origin.DATA, fields.members.get(name), path=path)

    # calls

    def _call(self, node: Identifier, arguments: list[_Argument]) -> _Value:
        name = node.name
        values = [argument.value for argument in arguments]
        if name in _COMPARING:
            self._compare(node, arguments)
        if name in _PRINTING:
            for argument in arguments:
                self._check_exponent(node, argument.value, f"{name} of {_shown(argument.node) or 'the value'}")
        if name == "printf":
            return self._printf(node, arguments)
        if any(value.origin is _Origin.LOST for value in values):
            return _HARMLESS if self._is_harmless(name) else _LOST
        if self._is_harmless(name) or all(value.origin is _Origin.HARMLESS for value in values):
            return _HARMLESS
        if name in _ESCAPING:
            return _Value(_Origin.MADE, values[0].fields if len(values) == 1 else None, _ESCAPING[name])
        return self._derived(name, arguments)

    def _is_harmless(self, name: str) -> bool:
        return name in _PLAIN_RESULTS or _result(name) in _HARMLESS_RESULTS

    def _derived(self, name: str, arguments: list[_Argument]) -> _Value:
        """What a function makes of data."""
        values = [argument.value for argument in arguments]
        if name in ("index", "get") and len(values) > 1:
            return self._indexed(arguments)
        if name in _CHOOSING or (name == "ternary" and len(values) == 3):  # noqa: PLR2004
            chosen = values[:2] if name == "ternary" else values
            value = chosen[0]
            for one in chosen[1:]:
                value = _joined(value, one)
            return replace(value, origin=_Origin.MADE) if value.origin is _Origin.DATA else value
        if name in _SAME_LIST and len(values) == 1:
            return values[0]
        if name in _ONE_OF_LIST and len(values) == 1:
            return self._elements(values[0])
        if name in ("fromJson", "mustFromJson"):
            return _Value(_Origin.DATA)
        if _result(name) not in ("string", "[]string"):
            return _LOST
        tainted = [value for value in values if value.origin is not _Origin.HARMLESS]
        escaped = frozenset.intersection(*(value.escaped for value in tainted))
        if name in _REPLACING and any(_replaces(argument.node) for argument in arguments):
            escaped = _ALL
        fields = tainted[0].fields if name in _PRINTING and len(tainted) == 1 else None
        # What is said of its numbers is said already.
        return _Value(_Origin.MADE, None if fields is None else replace(fields, number=None), escaped)

    def _indexed(self, arguments: list[_Argument]) -> _Value:
        value = arguments[0].value
        for argument in arguments[1:]:
            key = argument.node
            if isinstance(key, String):
                value = self._member(value, key.value, key)
            elif value.origin is _Origin.DATA:
                value = self._elements(value) if isinstance(key, Number) else _Value(_Origin.DATA)
        return value

    def _compare(self, node: Identifier, arguments: list[_Argument]) -> None:
        data = next((one for one in arguments if one.value.origin is _Origin.DATA), None)
        whole = next((one.node for one in arguments if isinstance(one.node, Number) and _is_integer(one.node)), None)
        if data is None or whole is None:
            return
        shown = "the value" if data.node is None else _shown(data.node)
        reason, instead = "numbers of the data are floats", f"write {whole}.0"
        if data.value.kinds == {"text"}:
            reason, instead = "it is a text", f'write "{whole}"'
        elif data.value.kinds and "number" not in data.value.kinds:
            reason, instead = "it is no number", ""
        self._find(
            "template-comparison",
            node,
            f"{node.name} of {shown} and the integer {whole} fails: {reason}",
            instead if whole.text.isdecimal() else "",
        )

    def _printf(self, node: Identifier, arguments: list[_Argument]) -> _Value:
        """What ``printf`` makes: of each argument what its verb makes of it."""
        pattern = arguments[0].node if arguments else None
        values = [argument.value for argument in arguments]
        if any(value.origin is _Origin.LOST for value in values):
            return _LOST
        if all(value.origin is _Origin.HARMLESS for value in values):
            return _HARMLESS
        if not isinstance(pattern, String) or "*" in pattern.value or "[" in pattern.value:
            return _MADE
        verbs = [found["verb"] for found in _VERB.finditer(pattern.value) if found["verb"] != "%"]
        tainted: list[_Value] = []
        for verb, argument in zip(verbs, arguments[1:], strict=False):
            value, shown = argument.value, _shown(argument.node) or "the value"
            if value.origin is _Origin.DATA and verb in _INTEGER_VERBS:
                self._find(
                    "template-verb",
                    node,
                    f"%{verb} of {shown} prints %!{verb}(float64=…): numbers of the data are floats",
                    "write %.0f, or give it through int64" if verb == "d" else "",
                )
            if verb == "v":
                self._check_exponent(node, value, f"%v of {shown}")
            if value.origin is not _Origin.HARMLESS and verb not in _NUMBER_VERBS and not _is_free(value):
                tainted.append(replace(value, escaped=value.escaped | {"json"}) if verb == "q" else value)
        if not tainted:
            return _HARMLESS
        return _Value(_Origin.MADE, escaped=frozenset.intersection(*(value.escaped for value in tainted)))

    # what is printed

    def _print(self, node: Action, value: _Value, *, is_alone: bool) -> None:
        if value.origin in (_Origin.HARMLESS, _Origin.LOST):
            return
        if not value.escaped:
            self._check_exponent(node, value, _shown(node))
        if self._where in (Where.VALUE, Where.QUOTED):
            self._print_json(node, value, is_alone=is_alone)
        elif self._where in (Where.CONTENT, Where.TAG, Where.ATTRIBUTE, Where.OTHER_ATTRIBUTE):
            self._print_xml(node, value)

    def _print_xml(self, node: Action, value: _Value) -> None:
        if "xml" in value.escaped or _is_free(value):
            return
        message = f"{_shown(node)} puts a value into XML as it is: a < or & in it breaks the document"
        self._find("template-unescaped-xml", node, message, f"write {{{{html {_argument(node)}}}}}")

    def _print_json(self, node: Action, value: _Value, *, is_alone: bool) -> None:
        shown = _shown(node)
        marshalled = f"{{{{jsonMarshal {_argument(node)}}}}}"
        if self._where is Where.VALUE:
            if "json" in value.escaped or (value.kinds and value.kinds <= (_FREE | {"null"})):
                return
            reason = "a text in it has no quotes, and may end the value"
            if value.kinds and value.kinds <= {"object", "list"}:
                reason = "a list or an object is printed as Go does"
            message = f"{shown} puts a value into JSON as it is: {reason}"
            self._find("template-unescaped-json", node, message, f"write {marshalled}")
        elif value.escaped & {"json", "string"}:
            if value.kinds == {"text"} and "string" not in value.escaped:
                message = f"{shown} writes the quotes of the text itself: here they stand twice"
                self._find("template-quoted-twice", node, message, "leave out the quotes around it")
        elif not _is_free(value):
            message = f"{shown} puts a value between quotes of JSON as it is: a quote in it ends the text"
            hint = f"write {marshalled}, without quotes around it" if is_alone else ""
            self._find("template-unescaped-json", node, message, hint or "put the whole text through jsonMarshal")

    def _check_exponent(self, node: Node, value: _Value, shown: str) -> None:
        number = None if value.fields is None else value.fields.number
        if number is None or value.origin in (_Origin.HARMLESS, _Origin.LOST):
            return
        self._find(
            "template-exponent",
            node,
            f"{shown} prints numbers in exponent form: {format_g(number)}",
            'write printf "%.0f", int64 or jsonMarshal' if number.is_integer() else "write jsonMarshal",
        )


def _result(name: str) -> str:
    """Go's type of what a function gives; "" of one that is not known here."""
    function = FUNCTIONS.get(name)
    return "" if function is None else function.result


def _is_free(value: _Value) -> bool:
    """Whether nothing in a value needs escaping."""
    fields = value.fields
    if fields is None or not fields.kinds:
        return False
    return fields.kinds <= (_FREE | {"text"} if fields.is_plain else _FREE)


def _replaces(node: Node | None) -> bool:
    """Whether a text to be replaced shows that somebody escapes by hand."""
    return isinstance(node, String) and any(sign in node.value for sign in '"\\<&[^')


def _is_integer(node: Number) -> bool:
    """Whether a number that is written is of type int."""
    text = node.text
    if node.integer is None or node.complex is not None:
        return False
    return text[0] == "'" or text.lstrip("+-")[:2].lower() == "0x" or not any(sign in text for sign in ".eEpP")


def _shown(node: Node | None) -> str:
    """A node for a message."""
    text = " ".join(str(node or "").split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _argument(node: Action) -> str:
    """What an action prints, as an argument."""
    commands = node.pipe.commands
    alone = len(commands) == 1 and len(commands[0].arguments) == 1
    text = _shown(node.pipe)
    return text if alone else f"({text})"
