"""xmlMarshal: a map as mxj writes it, anything else as Go's encoding/xml does.

Both are kept where they write what is no XML: a list of numbers in a map lacks its opening tag, keys are written as
they are. Templates have been written around it.

Source: mxj 1.8.4, xml.go (Map.Xml); Go 1.26, encoding/xml, marshal.go (MarshalIndent); behaviour-scripting 1.9.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.documents.numbers import format_g
from lockgate.templates import formatting
from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run
from lockgate.templates.times import Time
from lockgate.templates.values import MISSING, GoObject, Integer, TypedList, go_type, joined, sorted_keys

_ROOT: Final = "doc"
_TEXT: Final = "#text"
_INDENT: Final = "  "
_SIMPLE_INTEGERS: Final = frozenset({"int32", "int64"})
_LISTS: Final = frozenset({"[]interface {}", "[]string"})

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_REFERENCES: Final = {
    '"': "&#34;",
    "'": "&#39;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\t": "&#x9;",
    "\n": "&#xA;",
    "\r": "&#xD;",
}
_SPECIAL: Final = re.compile("[\"'&<>]|[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode_xml(value: object, run: Run) -> str:
    """A value as XML, without declaration.

    Args:
        value: A value of a template.
        run: Counts what is made.

    Raises:
        FunctionError: It has parts that cannot be written, with the text of the reference's library.
    """
    if isinstance(value, dict) and go_type(value) == "map[string]interface {}":
        return _Writer(run).document(value)
    return _marshalled(value, run, _INDENT)


# --- maps -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Element:
    """What is still to be written."""

    key: str
    value: object


class _Writer:
    """Writes a map and what is in it, of any depth."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parts: list[str] = []
        # The next one is the last.
        self._left: list[_Element | str] = []

    def document(self, value: dict[str, object]) -> str:
        root = _Element(_ROOT, value)
        if len(value) == 1:
            ((key, only),) = value.items()
            items: list[object] = only if isinstance(only, list) and go_type(only) == "[]interface {}" else []
            self._run.step(len(items))
            if all(type(item) is dict for item in items):
                root = _Element(key, only)
        self._left.append(root)
        while self._left:
            item = self._left.pop()
            if isinstance(item, str):
                self._write(item)
            else:
                self._run.step()
                self._element(item.key, item.value)
        return joined(self._parts)

    def _write(self, text: str) -> None:
        self._run.make(len(text))
        self._parts.append(text)

    def _element(self, key: str, value: object) -> None:
        if isinstance(value, Mapping):
            self._map(key, value)
        elif isinstance(value, TypedList) and value.element == "uint8":
            self._text(key, _escaped(_text_of_bytes(value)))
        elif isinstance(value, list) and go_type(value) in _LISTS:
            if not value:
                self._write(f"<{key}/>")
            self._run.make(8 * len(value))
            self._left += [_Element(key, item) for item in reversed(value)]
        elif value is None or value is MISSING:
            self._write(f"<{key}/>")
        elif (text := _simple(value)) is not None:
            self._text(key, text)
        else:
            self._other(key, value)

    def _text(self, key: str, text: str) -> None:
        self._write(f"<{key}>{text}</{key}>" if text else f"<{key}/>")

    def _other(self, key: str, value: object) -> None:
        """What mxj knows nothing of: it forgets the opening tag."""
        try:
            text = _marshalled(value, self._run, "")
        except FunctionError:
            self._write(">UNKNOWN/>")
        else:
            self._write(f"{text}</{key}>" if text else "/>")

    def _map(self, key: str, value: Mapping[str, object]) -> None:
        self._run.step(len(value))
        keys = sorted_keys(value)
        attributes = [name for name in keys if name.startswith("-") and name != "-"]
        opening = f"<{key}"
        for name in attributes:
            text = _simple(value[name])
            if text is None:
                raise FunctionError(f"invalid attribute value for: {name}:<{go_type(value[name])}>")
            opening += f' {name[1:]}="{text}"'
        if len(attributes) == len(value):
            self._write(f"{opening}/>")
        elif _TEXT not in value:
            self._write(f"{opening}>")
            self._left.append(f"</{key}>")
            known = set(attributes)
            self._left += [_Element(name, value[name]) for name in reversed(keys) if name not in known]
        elif len(attributes) + 1 == len(value):
            self._write(f"{opening}>{_text_of(value[_TEXT], self._run)}</{key}>")
        else:
            raise FunctionError("invalid attribute key label: #text - due to attributes not being prefixed")


def _simple(value: object) -> str | None:
    """The text of a value that may be an attribute; None: it is none."""
    match value:
        case str():
            return _escaped(value)
        case bool():
            return "true" if value else "false"
        case Integer():
            return str(int(value)) if value.go_type in _SIMPLE_INTEGERS else None
        case int():
            return str(value)
        case float():
            return format_g(value)
        case TypedList(element="uint8"):
            return _escaped(_text_of_bytes(value))
        case _:
            return None


def _text_of(value: object, run: Run) -> str:
    """The text of an element that has attributes at most. Other values than texts are not escaped."""
    return text if (text := _simple(value)) is not None else formatting.format_value(value, run)


def _text_of_bytes(items: TypedList) -> str:
    return bytes(item for item in items if isinstance(item, int)).decode("utf-8", "surrogateescape")


def _escaped(text: str) -> str:
    return text if text.isalnum() else text.translate(_ENTITIES)


# --- anything else --------------------------------------------------------------------------------------------------


def _marshalled(value: object, run: Run, indent: str) -> str:
    """As encoding/xml writes it: each element of a list by itself, with its type as name."""
    parts: list[str] = []
    left = [value]
    while left:
        run.step()
        item = left.pop()
        if item is None or item is MISSING:
            continue
        if isinstance(item, list) and go_type(item) != "[]uint8":
            run.make(8 * len(item))
            left += reversed(item)
            continue
        text = _marshalled_item(item, indent)
        run.make(len(text))
        parts.append(text)
    return ("\n" if indent else "").join(parts)


def _marshalled_item(item: object, indent: str) -> str:
    kind = go_type(item)
    name = kind.rpartition(".")[2].removeprefix("*")
    if isinstance(item, GoObject):
        text = item.strict("Time.MarshalText") if isinstance(item, Time) else item.json()
        if isinstance(text, str):
            return f"<{name}>{_referenced(text)}</{name}>"
        if (number := item.integer()) is not None:
            return f"<{name}>{number}</{name}>"
        if item.kind in ("struct", "ptr"):
            fields = [_named(field, part) for field, part in item.fields().items() if isinstance(part, str)]
            between = f"\n{indent}" if indent and fields else ""
            return f"<{name}>{''.join(between + field for field in fields)}{between[:1]}</{name}>"
    elif isinstance(item, str | bool | int | float):
        return _named(name, item)
    raise FunctionError(f"xml: unsupported type: {kind}")


def _named(name: str, value: str | float) -> str:
    if isinstance(value, str):
        text = _referenced(value)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, int):
        text = str(int(value))
    else:
        text = format_g(value)
    return f"<{name}>{text}</{name}>"


def _referenced(text: str) -> str:
    """Text as encoding/xml escapes it; a character that XML does not have is U+FFFD."""
    return text if text.isalnum() else _SPECIAL.sub(lambda found: _REFERENCES.get(found[0], "\ufffd"), text)


FUNCTIONS: Final = (
    function("xmlMarshal", "(interface {}) string", lambda run, value: encode_xml(value, run), needs_run=True),
)
