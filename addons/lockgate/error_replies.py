"""How errors are worded: templates of the gateway, and rules that replace errors of the gateway and of upstreams.

Rules of this file:
1. Everything is compiled when settings and definitions are loaded; reading files is for others.
2. Templates are Go's, with the functions of the language alone; their data is ``.Message`` and ``.StatusCode``.
3. A message is data: it is escaped for the format that it stands in, so that errors are valid JSON and XML.
4. A template that fails as it runs is not used: the one that the gateway brings along takes its place.

Source: behaviour-chain 0.3 and 0.4; Tyk documentation, "Customizing Error Responses".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import Enum
from typing import Final, final
from xml.sax.saxutils import escape

import orjson

from lockgate.exchange import Headers, Request, canonical
from lockgate.problems import Problem, Severity
from lockgate.routing.pattern import Regex, decoded
from lockgate.templates import nodes
from lockgate.templates.errors import TemplateError
from lockgate.templates.functions import language, printing
from lockgate.templates.parser import parse
from lockgate.templates.run import INLINE, Run
from lockgate.templates.sets import Template, compile_set
from lockgate.templates.values import GoObject, to_bytes

MATCHED_BYTES: Final = 4096
"""So much of an upstream's body is searched with patterns."""

_XML_TYPES: Final = frozenset({"application/xml", "text/xml"})
_JSON_ESCAPES: Final[Mapping[int, str]] = {
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    # Valid JSON, and safe inside HTML, where the reference gateway's "\'" is not JSON (design 8.5).
    ord("'"): "\\u0027",
    **{ord(character): f"\\u{ord(character):04X}" for character in "<>&="},
    **{code: f"\\u{code:04X}" for code in range(0x20)},
}
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_A_PLAIN_KEY: Final = re.compile(r"[*?|#@!{}\[\]()\"'<>=%~:,]")
_KEY: Final = re.compile(r"(?:[^.\\]|\\.)+")
_FIRST_UPSTREAM_FAULT: Final = 500
_LAST_UPSTREAM_FAULT: Final = 599
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


class Format(Enum):
    """What an error is written in."""

    JSON = "json"
    XML = "xml"

    def escape(self, text: str, *, in_tag: bool = False) -> str:
        """Text as it may stand in a string of JSON, or in text of XML.

        Args:
            text: Anything.
            in_tag: In an attribute of XML instead.
        """
        if self is Format.JSON:
            return text.translate(_JSON_ESCAPES)
        quotes = {'"': "&quot;", "'": "&#39;"} if in_tag else {}
        return escape(_NOT_IN_XML.sub("\ufffd", text), quotes)


def asked_format(request: Request) -> tuple[Format, str]:
    """Format and media type of an error for a request: its Content-Type says, Accept does not."""
    asked = (request.headers.get("content-type") or "").split(";", 1)[0]
    return (Format.XML, asked) if asked in _XML_TYPES else (Format.JSON, "application/json")


_FUNCTIONS: Final = frozenset(each.name for each in (*language.FUNCTIONS, *printing.FUNCTIONS))
_IN_TAG: Final = "MessageInTag"
_SEED: Final = bytes(16)  # Nothing here is random.


@final
class _Data(GoObject):
    """What an error template sees. Whatever else it asks for is an error."""

    __slots__ = ("_fields",)
    go_type = "gateway.APIError"

    def __init__(self, form: Format, status: int, message: str) -> None:
        self._fields: Final[Mapping[str, object]] = {
            "Message": _encodable(form.escape(message)),
            _IN_TAG: _encodable(form.escape(message, in_tag=True)),
            "StatusCode": status,
        }

    def fields(self) -> Mapping[str, object]:
        return self._fields


@final
@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A text with places for message and status."""

    text: str
    """As it was written."""
    _template: Template = field(compare=False, repr=False)

    def fill(self, form: Format, status: int, message: str) -> bytes:
        """The text with everything put in and escaped; that of the gateway, where the template fails."""
        try:
            return self._filled(form, status, message)
        except TemplateError:
            # Differs: the reference gateway answers with what the template wrote before it failed
            # (test_a_template_that_fails_is_not_used).
            return _SHIPPED[form]._filled(form, status, message)  # noqa: SLF001

    def _filled(self, form: Format, status: int, message: str) -> bytes:
        run = Run(limits=INLINE, inline=False, now=0.0, seed=_SEED)
        # Differs: the reference gateway ends the body where a template asks for the status
        # (test_a_template_may_have_the_status), and escapes what a JSON template prints for HTML
        # (test_what_a_template_prints_is_not_escaped_for_html).
        return to_bytes(self._template.render(_Data(form, status, message), run))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def compile_template(text: str) -> MessageTemplate:
    """Compile an error template.

    Raises:
        TemplateError: It is none, or it fails on any error: it has another field than ``.Message`` and ``.StatusCode``.
    """
    source = parse(text, functions=_FUNCTIONS)
    for tree in source.trees.values():
        _mark_tags(tree.root, "")
    (template,) = compile_set((source,))
    made = MessageTemplate(text, template)
    made._filled(Format.JSON, 500, "a message")  # noqa: SLF001
    return made


def _mark_tags(node: object, before: str) -> str:
    """Have messages that stand in attributes of XML escaped as such.

    Args:
        node: A part of a template.
        before: All text in front of it.

    Returns:
        All text up to its end.
    """
    match node:
        case nodes.Text(text=text):
            return before + text
        case nodes.Field(names=("Message",)) if before.rfind("<") > before.rfind(">"):
            node.names = (_IN_TAG,)
        case nodes.Node():
            for one in fields(node):
                before = _mark_tags(getattr(node, one.name), before)
        case tuple():
            for one in node:
                before = _mark_tags(one, before)
        case _:
            pass
    return before


_SHIPPED: Final[Mapping[Format, MessageTemplate]] = {
    Format.JSON: compile_template('{\n    "error": "{{.Message}}"\n}'),
    Format.XML: compile_template('<?xml version = "1.0" encoding = "UTF-8"?>\n<error>{{.Message}}</error>\n'),
}


@dataclass(frozen=True, slots=True)
class ErrorTemplates:
    """The templates of a gateway."""

    by_name: Mapping[str, MessageTemplate] = field(default_factory=dict)
    """By name of the file: "error_401.json"."""

    def find(self, status: int, form: Format) -> MessageTemplate:
        """The template for a status: its own, else the general one, else the one that the gateway brings along."""
        by_name, ending = self.by_name, form.value
        return by_name.get(f"error_{status}.{ending}") or by_name.get(f"error.{ending}") or _SHIPPED[form]

    def named(self, name: str, form: Format) -> MessageTemplate | None:
        """The template that a rule names, without or with its ending."""
        return self.by_name.get(f"{name}.{form.value}") or self.by_name.get(name)


def compile_templates(files: Mapping[str, str]) -> tuple[ErrorTemplates, tuple[Problem, ...]]:
    """Compile the files of ``template_path``.

    Args:
        files: Texts by file name: those whose names begin with "error", and those that rules name.

    Returns:
        The templates, and a warning for each that cannot be used: the one that is looked up after it takes its place.
    """
    by_name: dict[str, MessageTemplate] = {}
    problems: list[Problem] = []
    for name, text in files.items():
        try:
            by_name[name] = compile_template(text)
        except TemplateError as error:
            problems.append(
                Problem(
                    "bad-error-template",
                    f"the template does not work: {error.text}",
                    severity=Severity.WARNING,
                    file=name,
                    line=0 if error.place is None else error.place.line,
                    hint=error.hint or "the template is not used",
                )
            )
    return ErrorTemplates(by_name), tuple(problems)


@dataclass(frozen=True, slots=True)
class ErrorMatch:
    """Which errors of a status a rule is for. With nothing set it is for all of them."""

    flag: str = ""
    """Class of an error of the gateway, as ``Reason.flag`` has it; "URS" for those of upstreams, 500 to 599."""
    pattern: Regex | None = None
    """Searched in the gateway's message, or in the first bytes of an upstream's body."""
    body_field: tuple[str, ...] = ()
    """Where in an upstream's JSON body: as ``compile_body_field`` made it."""
    body_value: str = ""
    """What has to stand there; "" means that ``body_field`` does not count."""

    def takes_refusal(self, flag: str, message: str) -> bool:
        """Whether it is for an error of the gateway."""
        if self.flag and self.flag == flag:
            return True
        if self.pattern is not None:
            return self.pattern.search(message) is not None
        return not self.flag

    def takes_answer(self, status: int, body: bytes) -> bool:
        """Whether it is for an error of an upstream."""
        if self.flag and not (self.flag == "URS" and _FIRST_UPSTREAM_FAULT <= status <= _LAST_UPSTREAM_FAULT):
            return False
        has_field = bool(self.body_field and self.body_value)
        if has_field and _value_at(self.body_field, body) == self.body_value:
            return True
        if self.pattern is not None:
            return self.pattern.search(decoded(body[:MATCHED_BYTES])) is not None
        return not has_field


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What a rule answers with. What is not set stays as it was."""

    status: int = 0
    """200 to 999; 0 keeps it."""
    message: str = ""
    """For ``body`` and ``template``, where "" is no message; without them in place of the error's own."""
    body: MessageTemplate | None = None
    template: str = ""
    """Name of a template without ending, where there is no ``body``."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names and values to set; "" removes the name."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One rule."""

    answer: ErrorAnswer
    match: ErrorMatch = ErrorMatch()


@dataclass(frozen=True, slots=True)
class ErrorOverrides:
    """The rules of one API, or of the gateway."""

    by_status: Mapping[str, tuple[ErrorRule, ...]] = field(default_factory=dict)
    """By "403" or "4xx"; of one key the first that matches counts."""

    def rules(self, status: int) -> Iterator[ErrorRule]:
        """Those for a status: of its own key first, then of its class."""
        yield from self.by_status.get(str(status), ())
        yield from self.by_status.get(f"{status // 100}xx", ())


@dataclass(frozen=True, slots=True)
class MessageOverride:
    """An entry of ``override_messages``."""

    message: str = ""
    """"" keeps the text."""
    status: int = 0
    """0 keeps the status."""


KEPT: Final = MessageOverride()
"""Nothing is changed."""


@dataclass(frozen=True, slots=True)
class ErrorReplies:
    """How the errors of one API are worded."""

    templates: ErrorTemplates = ErrorTemplates()
    overrides: tuple[ErrorOverrides, ...] = ()
    """The API's before the gateway's."""
    messages: Mapping[str, MessageOverride] = field(default_factory=dict)
    """By id, as ``Reason.id`` has it."""

    def rules(self, status: int) -> Iterator[ErrorRule]:
        """All rules for a status, in the order in which they are tried."""
        for overrides in self.overrides:
            yield from overrides.rules(status)

    def body(self, answer: ErrorAnswer, form: Format, status: int, message: str) -> bytes:
        """The text of an error.

        Args:
            answer: Of the rule that was found; an empty one when there was none.
            form: What it is written in.
            status: With which it is answered.
            message: The error's own.
        """
        template = answer.body or (self.templates.named(answer.template, form) if answer.template else None)
        if template is not None:
            return template.fill(form, status, answer.message)
        return self.templates.find(status, form).fill(form, status, answer.message or message)


PLAIN: Final = ErrorReplies()
"""As the gateway words them by itself."""


def compile_body_field(text: str) -> tuple[str, ...]:
    r"""Take a path into a JSON body apart: "error.code", "errors.0.id", "a\.b".

    Raises:
        ValueError: It is empty, or uses more of gjson's path language than keys and indices.

    Source: github.com/tidwall/gjson, "Path Syntax".
    """
    if _NOT_A_PLAIN_KEY.search(text) or ".".join(_KEY.findall(text)) != text or not text:
        raise ValueError(f"expected keys and indices with dots between them, found {text!r}")
    return tuple(re.sub(r"\\(.)", r"\1", key) for key in _KEY.findall(text))


def _value_at(path: tuple[str, ...], body: bytes) -> str | None:
    """The value at a path as text; None when there is none, or it is neither text nor number nor truth value."""
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            return format(Decimal(repr(value)).normalize(), "f")
        case _:
            return None


def with_rule_headers(headers: Headers, answer: ErrorAnswer) -> Headers:
    """Headers with what a rule sets and without what it removes. Framing is not for a rule to choose."""
    for name, value in answer.headers:
        if name.lower() not in _FRAMING:
            headers = headers.set(canonical(name), value) if value else headers.remove(name)
    return headers
