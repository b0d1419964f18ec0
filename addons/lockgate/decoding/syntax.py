"""Text to JSON values, strictly, with what is needed to tell later on which line a value stands.

JSON is read as Go reads it: of two equal keys the last one counts, NaN is refused, an unpaired surrogate is U+FFFD.
YAML has the scalars of its version 1.2, so that dates and ``on`` are texts.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from lockgate.decoding.positions import JsonPositions, Positions, YamlPositions, duplicate_keys
from lockgate.problems import Problem, Severity, pointer

MAX_DEPTH: Final = 100
"""Objects and lists within one another. Definitions have fewer than 40."""

MAX_VALUES: Final = 1_000_000
"""In one YAML document, each alias counted with all that it stands for."""

_LONGEST_INTEGER: Final = 4000  # Digits; CPython refuses to read more than 4300.
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_NULL: Final = re.compile(r"~|null|Null|NULL|")
_TRUE: Final = re.compile(r"true|True|TRUE")
_FALSE: Final = re.compile(r"false|False|FALSE")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OTHER_INTEGER: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document."""

    value: Any
    """Of JSON's types."""
    positions: Positions
    problems: tuple[Problem, ...] = ()
    """With lines: what is odd, though it could be read."""


class SyntaxProblem(ValueError):  # noqa: N818 - it carries a Problem, which is no error by itself
    """A text that is neither JSON nor YAML."""

    def __init__(self, code: str, message: str, line: int) -> None:
        super().__init__(message)
        self.problem: Final = Problem(code, message, line=line)


def parse_json(text: str) -> Parsed:
    """Read one JSON document.

    Raises:
        SyntaxProblem: It is none.
    """
    duplicates = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        made = dict(items)
        duplicates = duplicates or len(made) != len(items)
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise SyntaxProblem("bad-json", f"this is no JSON: {_said(error)}", error.lineno) from None
    except RecursionError:
        raise SyntaxProblem("bad-json", f"expected at most {MAX_DEPTH} levels, found more", 1) from None
    except _ConstantError as error:
        line = text.count("\n", 0, max(text.find(error.name), 0)) + 1
        raise SyntaxProblem("bad-json", f"expected a JSON number, found {error.name}", line) from None
    if _depth_exceeds(value):
        raise SyntaxProblem("bad-json", f"expected at most {MAX_DEPTH} levels, found more", 1)
    if "\\u" in text:
        value = _without_surrogates(value)
    positions = JsonPositions(text)
    problems: tuple[Problem, ...] = ()
    if duplicates:
        problems = tuple(_duplicate(place, line, first) for place, line, first in duplicate_keys(text))
    return Parsed(value, positions, problems)


def _said(error: json.JSONDecodeError) -> str:
    """What the parser says, in our words: it names what it expects, or what is wrong."""
    reason = error.msg[:1].lower() + error.msg[1:]
    reason = "expected " + reason.removeprefix("expecting ") if reason.startswith("expecting ") else reason
    return f"{reason} in column {error.colno}"


class _ConstantError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _no_constant(name: str) -> Any:
    raise _ConstantError(name)


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_INTEGER else math.inf


def _duplicate(place: tuple[str | int, ...], line: int, first: int) -> Problem:
    message = f"{place[-1]!r} stands here and on line {first}: only this one counts"
    return Problem("duplicate-key", message, pointer(*place), Severity.WARNING, line=line)


def _depth_exceeds(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [item for item in one.values() if isinstance(item, dict | list)]
            elif isinstance(one, list):
                inner += [item for item in one if isinstance(item, dict | list)]
        if not inner:
            return False
        level = inner
    return True


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    return value


# ── YAML ──

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> list[Parsed]:
    """Read every document of a YAML text; an empty one is left out.

    Raises:
        SyntaxProblem: It is no YAML, an alias stands for too much or for itself, or it is nested too deeply.
    """
    try:
        _check_depth(text)
        nodes: list[Any] = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The end of a text is told as the line behind it.
        line = 1 if mark is None else min(mark.line, text.rstrip().count("\n")) + 1
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise SyntaxProblem("bad-yaml", f"expected YAML, but {reason}", line) from None
    except yaml.YAMLError as error:
        line, reason = _unmarked(text, error)
        raise SyntaxProblem("bad-yaml", f"expected YAML, but {reason}", line) from None
    parsed = []
    for node in nodes:
        problems: list[Problem] = []
        _check_size(node)
        value = _constructed(node, (), problems)
        if value is not None:
            parsed.append(Parsed(value, YamlPositions(node), tuple(problems)))
    return parsed


def _unmarked(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return 1, str(error)
    return text.count("\n", 0, position) + 1, "a character is not allowed in it"


def _check_depth(text: str) -> None:
    """Refuse text that is nested too deeply before anything recurses into it: PyYAML's composer would overrun the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark is not None else 1
                raise SyntaxProblem("bad-yaml", f"expected at most {MAX_DEPTH} levels, found more", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: Any) -> None:
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Any, depth: int) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) in sizes:
            return sizes[id(node)]
        line = node.start_mark.line + 1
        if id(node) in open_nodes:
            raise SyntaxProblem("bad-yaml", "an alias stands for something that it is part of", line)
        if depth > MAX_DEPTH:  # Aliases can be deeper than what is written.
            raise SyntaxProblem("bad-yaml", f"expected at most {MAX_DEPTH} levels, found more", line)
        open_nodes.add(id(node))
        total = 1 + sum(size(child, depth + 1) for child in _children(node))
        open_nodes.discard(id(node))
        if total > MAX_VALUES:
            raise SyntaxProblem("bad-yaml", f"expected at most {MAX_VALUES} values, aliases make more", line)
        sizes[id(node)] = total
        return total

    size(root, 0)


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _constructed(node: Any, place: tuple[str | int, ...], problems: list[Problem]) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_constructed(child, (*place, index), problems) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, problems)
    return _scalar(node)


def _mapping(node: Any, place: tuple[str | int, ...], problems: list[Problem]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SyntaxProblem("bad-yaml", "expected a text as key, found an object or a list", line)
        key = key_node.value
        if key == "<<" and not key_node.style and not isinstance(value_node, yaml.ScalarNode):
            several = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for one in several:
                inner = _constructed(one, place, [])
                merged = {**(inner if isinstance(inner, dict) else {}), **merged}
            continue
        if key in made:
            problems.append(_duplicate((*place, key), value_node.start_mark.line + 1, lines[key]))
        made[key] = _constructed(value_node, (*place, key), problems)
        lines[key] = line
    return {**merged, **made}


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.style:
        return text
    # PyYAML knows these for what they are in version 1.1 as well: as texts they were written with a tag, "!!str 5".
    if node.tag == "tag:yaml.org,2002:str" and any(one.fullmatch(text) for one in (_NULL, _TRUE, _FALSE, _INTEGER)):
        return text
    readers: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
        (_NULL, lambda _: None),
        (_TRUE, lambda _: True),
        (_FALSE, lambda _: False),
        (_INTEGER, _integer),
        (_OTHER_INTEGER, lambda number: int(number, 0)),
        (_FLOAT, float),
    )
    for pattern, read in readers:
        if pattern.fullmatch(text):
            return read(text)
    if _NOT_FINITE.fullmatch(text):
        line = node.start_mark.line + 1
        raise SyntaxProblem("bad-yaml", f"expected a number that JSON has, found {text}", line)
    return text
