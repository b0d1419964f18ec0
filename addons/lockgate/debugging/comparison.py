"""What is different between two runs of an exchange, or between two messages: by header, by JSON field, by line. No I/O.

What is compared is what leaves the gateway: the request upstream and the answer. Framing is not looked at beyond what links
wrote; JSON is compared by value, so that white space and the order of members are no difference.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lockgate.debugging.ignoring import Rules
from lockgate.debugging.recordings import Recorded
from lockgate.exchange import Body, Headers, NotRead, Request, Response, decode_text
from lockgate.unpacking import PackingError, TooLargeError, codings_of, unpacked

MOST_DIFFERENCES: Final = 100
"""Of one message; one more says how many there are besides."""
LONGEST_VALUE: Final = 2_000
"""Characters of a value that are kept."""
MOST_LINES: Final = 2_000
"""Of texts that are compared line by line; of longer ones the first line that differs is told."""
MOST_UNPACKED_BYTES: Final = 16 * 1024 * 1024

REQUEST: Final = "upstream request"
ANSWER: Final = "answer"
MESSAGE: Final = "message"

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    side: str
    """``upstream request``, ``answer``, or ``message`` where two messages are compared."""
    part: str
    """presence, address, method, url, host, status, header or body."""
    place: str = ""
    """Of a header its name; of a body a JSON pointer, "line 7", or "" for all of it."""
    before: str | None = None
    """None: it was not there."""
    after: str | None = None
    """None: it is gone."""

    @property
    def field(self) -> str:
        """What is different, without the values: "answer header X-A", "answer body /items/0/id"."""
        return " ".join(part for part in (self.side, self.part, self.place) if part)

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field}: now {self.after!r}"
        if self.after is None:
            return f"{self.field}: gone, was {self.before!r}"
        return f"{self.field}: was {self.before!r}, now {self.after!r}"


def compare(before: Recorded, after: Recorded, rules: Rules) -> tuple[Difference, ...]:
    """Every difference between two runs of an exchange, the request upstream first.

    Args:
        before: One run.
        after: The other one.
        rules: What does not count. Ids that services gave to the one and to the other are made known to them.
    """
    if rules.gateway_ids:
        rules = rules.knowing(_ids(before), _ids(after))
    return (
        *_requests(before, after, rules),
        *_of_pair(ANSWER, before.answer, after.answer, rules),
    )


def compare_messages(
    before: Request | Response, after: Request | Response, rules: Rules | None = None
) -> tuple[Difference, ...]:
    """Every difference between two messages of one kind.

    Raises:
        TypeError: One is a request, the other one a response.
    """
    if isinstance(before, Request) != isinstance(after, Request):
        raise TypeError("expected two requests or two responses")
    return tuple(_limited(_message(MESSAGE, before, after, rules or Rules()), MESSAGE))


def _ids(of: Recorded) -> tuple[str, ...]:
    return tuple([str(call.answer) for call in of.calls if call.service == "ids"])


def _requests(before: Recorded, after: Recorded, rules: Rules) -> Iterator[Difference]:
    yield from _of_pair(REQUEST, before.upstream_request, after.upstream_request, rules)
    both = before.upstream_request is not None and after.upstream_request is not None
    if both and before.upstream_address != after.upstream_address and not rules.ignores_part("address"):
        yield Difference(REQUEST, "address", "", before.upstream_address, after.upstream_address)


def _of_pair(
    side: str, before: Request | Response | None, after: Request | Response | None, rules: Rules
) -> Iterator[Difference]:
    if before is None and after is None:
        return
    if before is None or after is None:
        if not rules.ignores_part("presence"):
            yield Difference(side, "presence", "", _line(before), _line(after))
        return
    yield from _limited(_message(side, before, after, rules), side)


def _line(message: Request | Response | None) -> str | None:
    if message is None:
        return None
    return f"{message.method} {message.target}" if isinstance(message, Request) else f"status {message.status}"


def _limited(found: Iterator[Difference], side: str) -> Iterator[Difference]:
    for number, one in enumerate(found):
        if number == MOST_DIFFERENCES:
            left = 1 + sum(1 for _ in found)
            yield Difference(side, "body", "", None, f"… and {left} more differences")
            return
        yield one


def _message(side: str, before: Request | Response, after: Request | Response, rules: Rules) -> Iterator[Difference]:
    for part, was, now in _first_lines(before, after):
        if was != now and not rules.ignores_part(part) and not rules.same(was, now):
            yield Difference(side, part, "", was, now)
    # A body that changed has another length: that is no difference of its own.
    framing = frozenset[str]() if _same_body(before.body, after.body) else _FRAMING
    yield from _headers(side, before.headers, after.headers, rules, framing)
    if not rules.ignores_part("body"):
        yield from _bodies(side, before, after, rules)


def _first_lines(before: Request | Response, after: Request | Response) -> Iterator[tuple[str, str, str]]:
    if isinstance(before, Request) and isinstance(after, Request):
        yield "method", before.method, after.method
        yield "url", before.target, after.target
        yield "host", before.host, after.host
    elif isinstance(before, Response) and isinstance(after, Response):
        yield "status", str(before.status), str(after.status)


def _headers(side: str, before: Headers, after: Headers, rules: Rules, framing: frozenset[str]) -> Iterator[Difference]:
    if before.fields == after.fields:
        return
    old, new = _by_name(before), _by_name(after)
    for name in (*old, *(name for name in new if name not in old)):
        was, now = old.get(name), new.get(name)
        if (was is not None and now is not None and was[1] == now[1]) or name in framing or rules.ignores_header(name):
            continue
        shown = (now or was or (name, []))[0]
        before_text, after_text = _joined(was), _joined(now)
        if was is not None and now is not None and before_text == after_text:
            # The same text, in another number of fields.
            before_text, after_text = (
                f"{text} ({_fields(len(one[1]))})" for text, one in ((before_text, was), (after_text, now))
            )
        if before_text is None or after_text is None or not rules.same(before_text, after_text):
            yield Difference(side, "header", shown, _cut(before_text), _cut(after_text))


def _by_name(headers: Headers) -> dict[str, tuple[str, list[str]]]:
    found: dict[str, tuple[str, list[str]]] = {}
    for raw, value in headers.fields:
        name = decode_text(raw)
        found.setdefault(name.lower(), (name, []))[1].append(decode_text(value))
    return found


def _fields(count: int) -> str:
    return f"{count} field{'s' * (count != 1)}"


def _joined(values: tuple[str, list[str]] | None) -> str | None:
    return None if values is None else ", ".join(values[1])


# Bodies


def _same_body(before: Body, after: Body) -> bool:
    return isinstance(before, NotRead) or isinstance(after, NotRead) or before == after


def _bodies(side: str, before: Request | Response, after: Request | Response, rules: Rules) -> Iterator[Difference]:
    was, now = before.body, after.body
    # A body that streamed past one of them is not known to be another one.
    if isinstance(was, NotRead) or isinstance(now, NotRead) or was == now:
        return
    old, new = _plain_octets(before.headers, was), _plain_octets(after.headers, now)
    if old == new:
        return
    old_json, new_json = _json(old), _json(new)
    if old_json is not _NONE and new_json is not _NONE:
        yield from _values(side, old_json, new_json, (), rules)
        return
    old_text, new_text = _text(old), _text(new)
    if old_text is None or new_text is None:
        yield Difference(side, "body", "", _digest(old), _digest(new))
        return
    if not rules.same(old_text, new_text):
        yield from _lines(side, old_text, new_text, rules)


def _plain_octets(headers: Headers, body: bytes) -> bytes:
    """A body without its content encoding, where that can be undone."""
    packings = codings_of(headers.get("content-encoding"))
    try:
        for packing in reversed(packings):
            body = unpacked(body, packing, MOST_UNPACKED_BYTES)
    except (PackingError, TooLargeError):
        pass
    return body


_NONE: Final = object()


def _json(body: bytes) -> Any:
    """A value; ``_NONE`` if it is none that could be compared."""
    if not body:
        return _NONE
    try:
        return json.loads(body.decode(), parse_float=Decimal)
    except (ValueError, RecursionError):
        return _NONE


def _values(side: str, before: Any, after: Any, path: tuple[str, ...], rules: Rules) -> Iterator[Difference]:
    """Differences of two JSON values, deepest first found. Nested deeper than Python's stack is one difference."""
    stack = [(before, after, path)]
    while stack:
        was, now, place = stack.pop()
        if rules.ignores_pointer(place):
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            names = [*was, *(name for name in now if name not in was)]
            stack += [(was.get(n, _NONE), now.get(n, _NONE), (*place, n)) for n in reversed(names)]
        elif isinstance(was, list) and isinstance(now, list):
            size = max(len(was), len(now))
            pairs = [(_at(was, index), _at(now, index), (*place, str(index))) for index in range(size)]
            stack += reversed(pairs)
        elif type(was) is not type(now) or was != now:
            if isinstance(was, str) and isinstance(now, str) and rules.same(was, now):
                continue
            if _is_number(was) and _is_number(now) and rules.same(str(was), str(now)):
                continue
            yield Difference(side, "body", _pointer(place), _value(was), _value(now))


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else _NONE


def _pointer(path: tuple[str, ...]) -> str:
    """RFC 6901; "/" alone stands for the whole value here, so that it is seen."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path) or "/"


def _value(value: Any) -> str | None:
    if value is _NONE:
        return None
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _text(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(side: str, before: str, after: str, rules: Rules) -> Iterator[Difference]:
    old, new = _split(before), _split(after)
    if len(old) + len(new) > MOST_LINES:
        digests = (_digest(before.encode()), _digest(after.encode()))
        yield from _first_difference(side, old, new, rules, *digests)
        return
    found = False
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal" or (b - a == d - c and all(map(rules.same, old[a:b], new[c:d]))):
            continue
        found = True
        was, now = "\n".join(old[a:b]) if b > a else None, "\n".join(new[c:d]) if d > c else None
        if was is None or now is None or not rules.same(was, now):
            yield Difference(side, "body", f"line {(a if b > a else c) + 1}", _cut(was), _cut(now))
    if not found and old == new:
        yield Difference(side, "body", "line ends", _digest(before.encode()), _digest(after.encode()))


def _split(text: str) -> list[str]:
    """Lines; XML has an element on each."""
    if text.lstrip().startswith("<") and text.count("\n") < text.count("><"):
        text = text.replace("><", ">\n<")
    return text.splitlines()


def _first_difference(
    side: str, old: Sequence[str], new: Sequence[str], rules: Rules, before: str, after: str
) -> Iterator[Difference]:
    for number, (was, now) in enumerate(zip(old, new, strict=False), 1):
        if was != now and not rules.same(was, now):
            yield Difference(side, "body", f"line {number}", _cut(was), _cut(now))
            return
    if len(old) != len(new):
        yield Difference(side, "body", "", f"{len(old)} lines", f"{len(new)} lines")
    elif old == new:
        yield Difference(side, "body", "line ends", before, after)


def _digest(body: bytes) -> str:
    return f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}"


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}… ({len(text)} characters, sha256 {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]})"
