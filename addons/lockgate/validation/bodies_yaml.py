"""YAML as the reference gateway decodes it, and what it says of what is none.

It is read event by event: a text may be nested deeper than the stack of whoever composes it. Scalars are those of
version 1.2, so that dates and ``on`` are texts. What aliases stand for is counted each time.

Source: gopkg.in/yaml.v3 (parser.fail, decoder.document); libyaml, which that is a translation of.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from lockgate.validation.scalars import UnreadableError
from lockgate.validation.texts import quoted

MAX_BYTES: Final = 256 * 1024
"""Of one text; a larger one takes seconds."""

MAX_DEPTH: Final = 100
"""Lists and mappings within one another."""

MOST_DUPLICATES: Final = 20
"""Keys that are there twice that are told."""

MAX_VALUES: Final = 100_000
"""In one document, each alias counted with all that it stands for."""

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_TAGS: Final = {f"tag:yaml.org,2002:{name}": name for name in ("int", "float", "bool", "null")}
_NAMES: Final[dict[type, str]] = {str: "str", int: "int", float: "float", bool: "bool"}
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,400}")
_OTHER_INTEGER: Final = re.compile(r"[-+]?(?:0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}|0b[01]{1,400})")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def decode_yaml(raw: bytes) -> Any:
    """The one document of a YAML text.

    Raises:
        UnreadableError: It has none or several, is no YAML, or is too large.
    """
    if len(raw) > MAX_BYTES:
        raise UnreadableError(f"yaml: it has {len(raw)} bytes, and no more than {MAX_BYTES} are decoded")
    try:
        return _Document().read(yaml.parse(raw, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        scanned = isinstance(error, yaml.scanner.ScannerError)
        lines = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None and mark.line]
        where = f"line {lines[0] + scanned}: " if lines else ""
        raise UnreadableError(f"yaml: {where}{error.problem}") from None
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", "it cannot be read")
        raise UnreadableError(f"yaml: {reason}") from None


class _Holder:
    """A list or mapping that is not complete yet."""

    __slots__ = ("anchor", "duplicates", "has_key", "key", "line", "lines", "merged", "own", "size", "value")

    def __init__(self, value: list[Any] | dict[str, Any], anchor: str | None, line: int, duplicates: int) -> None:
        self.value = value
        self.anchor = anchor
        self.line = line
        self.size = 1
        self.key = ""
        self.has_key = False
        self.lines: dict[str, list[int]] = {}
        """Of a mapping's keys."""
        self.own: list[str] = []
        """What is said of its duplicates."""
        self.duplicates = duplicates
        """How many were told before it."""
        self.merged: dict[str, Any] = {}
        """What ``<<`` brings along."""


class _Document:
    """One document under way."""

    def __init__(self) -> None:
        self._holders: list[_Holder] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._value: Any = None
        self._fault = ""
        """What is wrong first with a document that is YAML otherwise: told when it has been read to its end."""
        self._duplicates: list[str] = []
        """Keys that are there twice, told before that: those of a mapping, else those of what it holds."""

    def read(self, events: Iterator[Any]) -> Any:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    # Differs: the reference gateway does not look at what follows the first document
                    # (test_nothing_follows_the_value).
                    if documents > 1:
                        raise UnreadableError("yaml: more than one document")
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._open([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor, line)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close()
                case yaml.ScalarEvent():
                    plain = event.implicit[0] and not event.style and event.tag != _TEXT_TAG
                    value = _scalar(event.value) if plain else _tagged(event.value, event.tag)
                    self._add(value, 1, event.anchor, line, plain_key=event.value)
                case yaml.AliasEvent():
                    self._alias(event.anchor or "", line)
                case yaml.DocumentEndEvent():
                    self._end()
        if not documents:
            raise UnreadableError("EOF")
        return self._value

    def _open(self, value: list[Any] | dict[str, Any], anchor: str | None, line: int) -> None:
        if len(self._holders) >= MAX_DEPTH:
            raise UnreadableError(f"yaml: line {line}: more than {MAX_DEPTH} levels")
        self._anchors.pop(anchor or "", None)
        self._holders.append(_Holder(value, anchor, line, len(self._duplicates)))

    def _close(self) -> None:
        holder = self._holders.pop()
        if holder.own:
            self._duplicates[holder.duplicates :] = holder.own
        del self._duplicates[MOST_DUPLICATES:]
        if isinstance(holder.value, dict) and holder.merged:
            holder.value.update({key: one for key, one in holder.merged.items() if key not in holder.value})
        self._add(holder.value, holder.size, holder.anchor, holder.line, plain_key=None)

    def _end(self) -> None:
        if self._duplicates:
            raise UnreadableError("\n  ".join(["yaml: unmarshal errors:", *self._duplicates]))
        if self._fault:
            raise UnreadableError(self._fault)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            if any(holder.anchor == anchor for holder in self._holders):
                raise UnreadableError(f"yaml: anchor '{anchor}' value contains itself")
            raise UnreadableError(f"yaml: unknown anchor '{anchor}' referenced")
        value, size = self._anchors[anchor]
        self._add(value, size, None, line, plain_key=value if isinstance(value, str) else None)

    def _add(self, value: Any, size: int, anchor: str | None, line: int, *, plain_key: str | None) -> None:
        """Put a complete value where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._holders:
            self._value = value
            return
        holder = self._holders[-1]
        holder.size += size
        if holder.size > MAX_VALUES:
            raise UnreadableError(f"yaml: line {line}: more than {MAX_VALUES} values, each alias counted in full")
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.has_key:
            holder.has_key = False
            if holder.key == "<<":
                self._merge(holder, value)
            else:
                holder.value[holder.key] = value
        else:
            if plain_key is None:
                self._fault = self._fault or f"yaml: line {line}: expected a text as key"
                plain_key = ""
            lines = holder.lines.setdefault(plain_key, [])
            if len(holder.own) < MOST_DUPLICATES:
                holder.own += (
                    f"line {line}: mapping key {quoted(plain_key)} already defined at line {n}" for n in lines
                )
                lines.append(line)
            holder.key, holder.has_key = plain_key, True

    @staticmethod
    def _merge(holder: _Holder, value: Any) -> None:
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                raise UnreadableError("yaml: map merge requires map or sequence of maps as the value")
            holder.merged = {**one, **holder.merged}


def _tagged(text: str, tag: str | None) -> Any:
    """What a scalar with a tag, or with quotes, stands for.

    Raises:
        UnreadableError: It is not what the tag says.
    """
    wanted = _TAGS.get(tag or "")
    if wanted is None:
        return text
    value = _scalar(text)
    if wanted == "float" and type(value) is int:
        return float(value)
    found = _NAMES.get(type(value), "null")
    if found != wanted:
        raise UnreadableError(f"yaml: cannot decode !!{found} `{text}` as a !!{wanted}")
    return value


def _scalar(text: str) -> Any:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_INTEGER.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text
