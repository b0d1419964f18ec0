"""Two exchanges beside each other: every line, header, JSON value and text line of their messages, and their steps.

Everything is compared as it is, and shown masked: two different secrets are shown as different.
"""

import difflib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from lockgate.difference import difference
from lockgate.exchange import Body, Headers, NotRead, Request, Response
from lockgate.trace import Trace, TraceStep
from lockgate.trace_format import MASK, Plain, is_secret, masked, secret_texts, to_plain, without_secrets
from lockgate.unpacking import PackingError, TooLargeError, codings_of, unpacked

MOST_ROWS: Final = 4000
"""Of one message; what is beyond is counted."""
MOST_PARTS: Final = 20_000
"""Values or lines of a body that are compared one by one; the rest is compared as a whole."""
MOST_TEXT: Final = 4000
"""Characters of a value that are shown."""
_MOST_BODY: Final = 4 << 20
"""Bytes, unpacked; larger bodies are compared as a whole."""
_MOST_LINES: Final = 1000
"""Of a text whose lines are compared; the time grows with their square."""
_MOST_DEPTH: Final = 64
_OF_BODIES: Final = ("value", "text", "body")
_STREAMED: Final = "not kept: it streamed past"
_FRAMING: Final = ("content-length", "transfer-encoding")


class Cell(NamedTuple):
    """One thing of a message."""

    kind: str
    """line, header, value (of JSON, by its pointer), text (one line of it), or body (as a whole)."""
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of both messages."""

    kind: str
    name: str
    before: str | None
    """As it is; None: it is not there."""
    after: str | None

    @property
    def same(self) -> bool:
        """Whether it is equal on both sides."""
        return self.before == self.after


type Ignores = Callable[[Row], str]
"""From a row that differs to the rule by which it does not count, or ""."""
LENGTH: Final = "length"
"""Such a rule: a body that differs has another length."""
UNKNOWN: Final = "not kept"
"""Another one: a body that streamed past is not known to be a different one."""


def sides(before: Trace, after: Trace, ignores: Ignores) -> Plain:
    """Both exchanges, row by row.

    Args:
        before: The earlier one.
        after: The later one.
        ignores: Which differences do not count.

    Returns:
        ``messages`` and ``steps``, as the page shows them, and ``different``: how many rows differ and count. Steps are
        shown beside it and do not count: times and numbers of passes say nothing of what clients and upstreams got.
    """
    plain = to_plain(before), to_plain(after)
    masks = _mask(plain[0]), _mask(plain[1])
    messages = []
    for name, title in _TITLES.items():
        one, other = _message(before, name), _message(after, name)
        if one is None and other is None:
            continue
        whole = _is_streamed(one) or _is_streamed(other)
        rows = _paired(_cells(one, whole=whole), _cells(other, whole=whole))
        messages.append(_shown(name, title, one, other, rows, masks, ignores))
    return {
        "messages": messages,
        "steps": _steps(before, after, masked(plain[0]), masked(plain[1])),
        "different": sum(message["different"] for message in messages),
        "ignored": sum(message["ignored"] for message in messages),
    }


_TITLES: Final[Mapping[str, str]] = {
    "request": "Request",
    "upstream_request": "Request to the upstream",
    "upstream_response": "The upstream's answer",
    "answer": "Answer to the client",
}


def _message(trace: Trace, name: str) -> Request | Response | str | None:
    match name:
        case "request":
            return trace.original.request
        case "upstream_request":
            return trace.upstream_request
        case "upstream_response":
            return trace.upstream_response
    return trace.error if trace.answer is None and trace.error else trace.answer


def _shown(
    name: str,
    title: str,
    one: object,
    other: object,
    rows: Sequence[Row],
    masks: "tuple[_Mask, _Mask]",
    ignores: Ignores,
) -> Plain:
    shown: list[Plain] = []
    different = ignored = cut = 0
    bodies_differ = any(row.kind in _OF_BODIES and not row.same for row in rows)
    for row in rows:
        rule = ""
        if not row.same:
            is_length = bodies_differ and row.kind == "header" and row.name.lower() in _FRAMING
            is_unknown = row.kind == "body" and _STREAMED in (row.before, row.after)
            rule = LENGTH if is_length else UNKNOWN if is_unknown else ignores(row)
        different += not row.same and not rule
        ignored += bool(rule)
        if len(shown) >= MOST_ROWS:
            cut += 1
            continue
        shown.append(
            {
                "kind": row.kind,
                "name": row.name,
                "before": masks[0](row, row.before),
                "after": masks[1](row, row.after),
                "same": row.same,
                "ignored": rule,
            }
        )
    return {
        "name": name,
        "title": title,
        "missing": "before" if one is None else "after" if other is None else "",
        "rows": shown,
        "cut": cut,
        "different": different,
        "ignored": ignored,
    }


# What a message is made of

type _Mask = Callable[[Row, str | None], str | None]
"""From a row and a text of it to what may be shown of that."""


def _mask(plain: Plain) -> _Mask:
    names = frozenset(plain.get("secret_names", ()))
    secrets = secret_texts(plain)

    def hidden(row: Row, text: str | None) -> str | None:
        if text is None:
            return None
        if row.kind == "header" and (row.name.lower() in names or is_secret(row.name)):
            return MASK
        found = without_secrets(text, secrets, names)
        if len(found) > MOST_TEXT:
            found = f"{found[:MOST_TEXT]}… ({len(found):,} characters)"
        return (
            found if found.isascii() else found.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        )

    return hidden


def _is_streamed(message: Request | Response | str | None) -> bool:
    return isinstance(message, Request | Response) and isinstance(message.body, NotRead)


def _cells(message: Request | Response | str | None, *, whole: bool) -> list[Cell]:
    """Everything of a message.

    Args:
        message: Or what went wrong.
        whole: Its body is not looked into, since there is none to compare it with.
    """
    if message is None:
        return []
    if isinstance(message, str):
        return [Cell("line", "error", message)]
    lines: tuple[tuple[str, str], ...]
    if isinstance(message, Request):
        lines = (("method", message.method), ("target", message.target), ("host", message.host))
    else:
        lines = (("status", str(message.status)),)
    cells = [Cell("line", name, text) for name, text in lines]
    cells += (Cell("header", name, text) for name, text in _fields(message.headers))
    parts = _body_cells(message.body, message.headers, whole=whole)
    cells += islice(parts, MOST_PARTS)
    rest = [part.text for part in parts]
    if rest:
        cells.append(Cell("body", "the rest", f"{len(rest):,} more, sha256 {_hash(chr(10).join(rest).encode())}"))
    return cells


def _fields(headers: Headers) -> Iterator[tuple[str, str]]:
    """One for each name, with all of its values."""
    found: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), (name, []))[1].append(value)
    for name, values in found.values():
        yield name, ", ".join(values)


def _body_cells(body: Body, headers: Headers, *, whole: bool) -> Iterator[Cell]:
    if isinstance(body, NotRead):
        yield Cell("body", "body", _STREAMED)
        return
    if whole:
        yield Cell("body", "body", f"{len(body):,} bytes")
        return
    if not body:
        return
    plain = _plain_body(body, headers)
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or len(plain) > _MOST_BODY or "\0" in text:
        yield Cell("body", "body", f"{len(plain):,} bytes, sha256 {_hash(plain)}")
        return
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text, parse_int=_Number, parse_float=_Number)
        except (ValueError, RecursionError):
            pass
        else:
            yield from (Cell("value", pointer, one) for pointer, one in _leaves(value, "", 0))
            return
    if text.lstrip().startswith("<") and text.count("\n") < text.count("><"):
        text = text.replace("><", ">\n<")  # XML on one line
    yield from (Cell("text", str(number), line) for number, line in enumerate(text.splitlines(), 1))


def _plain_body(body: bytes, headers: Headers) -> bytes:
    for coding in reversed(codings_of(headers.get("content-encoding"))):
        try:
            body = unpacked(body, coding, _MOST_BODY)
        except (PackingError, TooLargeError):
            break
    return body


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class _Number(str):
    """A number as it is spelled."""

    __slots__ = ()


def _leaves(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every value of a JSON document with its pointer, as JSON. RFC 6901."""
    if depth < _MOST_DEPTH and value and isinstance(value, dict):
        for name, one in value.items():
            escaped = name.replace("~", "~0").replace("/", "~1")
            yield from _leaves(one, f"{pointer}/{escaped}", depth + 1)
    elif depth < _MOST_DEPTH and value and isinstance(value, list):
        for index, one in enumerate(value):
            yield from _leaves(one, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, _Number):
        yield pointer, str(value)
    else:
        yield pointer, json.dumps(value, ensure_ascii=False)


# Beside each other


def _paired(before: Sequence[Cell], after: Sequence[Cell]) -> list[Row]:
    rows: list[Row] = []
    for kinds in (("line",), ("header",), _OF_BODIES):
        one = [cell for cell in before if cell.kind in kinds]
        other = [cell for cell in after if cell.kind in kinds]
        texts = any(cell.kind == "text" for cell in (*one, *other))
        rows += _by_line(one, other) if texts else _by_name(one, other)
    return rows


def _by_name(before: Iterable[Cell], after: Iterable[Cell]) -> Iterator[Row]:
    later = {(cell.kind, cell.name.lower() if cell.kind == "header" else cell.name): cell for cell in after}
    for cell in before:
        yield _row(cell, later.pop((cell.kind, cell.name.lower() if cell.kind == "header" else cell.name), None))
    for left in later.values():
        yield _row(None, left)


def _row(before: Cell | None, after: Cell | None) -> Row:
    one = after if before is None else before
    if one is None:
        raise ValueError("expected a cell on one side at least")
    return Row(
        one.kind, one.name, before.text if before is not None else None, after.text if after is not None else None
    )


def _by_line(before: Sequence[Cell], after: Sequence[Cell]) -> Iterator[Row]:
    head = 0
    while head < len(before) and head < len(after) and before[head].text == after[head].text:
        head += 1
    tail = 0
    shorter = min(len(before), len(after)) - head
    while tail < shorter and before[-1 - tail].text == after[-1 - tail].text:
        tail += 1
    yield from map(_row, before[:head], after[:head])
    one, other = before[head : len(before) - tail], after[head : len(after) - tail]
    for before_start, before_end, after_start, after_end in _blocks(one, other):
        for index in range(max(before_end - before_start, after_end - after_start)):
            left = one[before_start + index] if before_start + index < before_end else None
            right = other[after_start + index] if after_start + index < after_end else None
            yield _row(left, right)
    yield from map(_row, before[len(before) - tail :], after[len(after) - tail :])


def _blocks(one: Sequence[Cell], other: Sequence[Cell]) -> Iterator[tuple[int, int, int, int]]:
    if len(one) > _MOST_LINES or len(other) > _MOST_LINES:
        yield 0, len(one), 0, len(other)
        return
    matcher = difflib.SequenceMatcher(None, [cell.text for cell in one], [cell.text for cell in other], autojunk=False)
    for _, before_start, before_end, after_start, after_end in matcher.get_opcodes():
        yield before_start, before_end, after_start, after_end


# Steps


def _steps(before: Trace, after: Trace, shown_before: Plain, shown_after: Plain) -> list[Plain]:
    """Which links ran, and what each did; ``same`` says that outcome, reason and changes are equal, times apart."""
    one, other = list(map(_did, before.steps)), list(map(_did, after.steps))
    names = [[step[:3] for step in steps] for steps in (one, other)]
    made: list[Plain] = []
    matcher = difflib.SequenceMatcher(None, names[0], names[1], autojunk=False)
    for kind, before_start, before_end, after_start, after_end in matcher.get_opcodes():
        if kind == "equal":
            for left, right in zip(range(before_start, before_end), range(after_start, after_end), strict=True):
                made.append(
                    {
                        "before": _step(shown_before["steps"][left], left),
                        "after": _step(shown_after["steps"][right], right),
                        "same": one[left] == other[right],
                    }
                )
            continue
        made += ({"before": _step(shown_before["steps"][at], at), "after": None, "same": False}
                 for at in range(before_start, before_end))  # fmt: skip
        made += ({"before": None, "after": _step(shown_after["steps"][at], at), "same": False}
                 for at in range(after_start, after_end))  # fmt: skip
    return made


type _Did = tuple[str, str, int, str, str, str, str]


def _did(step: TraceStep) -> _Did:
    changes = "\n".join(f"{change['part']} {change['name']} {change['before']!r} {change['after']!r}"
                        for change in _plain_changes(step))  # fmt: skip
    why = step.why
    return (step.phase.value, step.link, step.pass_index, step.outcome, step.detail, f"{why.entry} {why.rule}", changes)


def _plain_changes(step: TraceStep) -> Iterator[Mapping[str, object]]:
    for change in difference(step.before, step.after):
        yield {"part": change.part, "name": change.name, "before": change.before, "after": change.after}


def _step(plain: Plain, index: int) -> Plain:
    return {
        "number": index + 1,
        "link": plain["link"],
        "phase": plain["phase"],
        "pass": plain["pass"],
        "outcome": plain["outcome"],
        "detail": plain["detail"],
        "entry": plain["why"]["entry"],
        "us": plain["us"],
        "changes": plain["changes"],
    }
