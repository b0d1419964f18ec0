"""One line of words that says which exchanges to show, and the search for them.

``api:users status:5xx -method:GET link:url_rewrite "some text"``: all of the words have to hold, "," parts alternatives,
"-" turns a word around, and words without a name are looked for in paths, headers and bodies.
"""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from time import perf_counter
from typing import Final, NamedTuple, final

from lockgate.debugging.breakpoints import STEP_NAME
from lockgate.debugging.exchanges import Entry
from lockgate.debugging.rows import OUTCOMES, outcomes_of, passes_of
from lockgate.exchange import Request, Response, encode_text
from lockgate.middlewares import REQUEST, RESPONSE, UPSTREAM
from lockgate.trace import Level, Trace
from lockgate.trace_format import is_secret, masked_url

SEARCHED_BYTES: Final = 1 << 20
"""Of a body."""
LONGEST_LINE: Final = 2000
"""In characters."""
LINKS: Final = tuple(
    dict.fromkeys(("routing", "versioning", STEP_NAME, *(one.name for one in (*REQUEST, *UPSTREAM, *RESPONSE))))
)
"""What steps of a trace can be called."""
NAMES: Final = {
    "api": "name, a part of it, or id of an API that it passed",
    "endpoint": 'a part of an entry of the definition that it matched: "GET /pets"',
    "outcome": f"one of {', '.join(OUTCOMES)}",
    "link": "middleware that ran",
    "changed": "middleware that changed something",
    "status": "of the answer: 404, 4xx, >=400, 400-499, none",
    "method": "of the client's request",
    "path": "text in the client's or the upstream's path and query",
    "header": 'text in a header field: "content-type: text/xml"',
    "body": "text in a body",
    "client": "address of the client",
    "took": "time in all: >500ms, <2s",
    "id": "of the exchange",
}
"""Words that have a name, and what they say."""

_WORD: Final = re.compile(r'\s*(?P<not>-?)(?:(?P<name>[A-Za-z_]+):)?(?P<value>(?:"(?:[^"\\]|\\.)*"|[^\s",]|,)+)')
_PART: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",]+)|(,)')
_ESCAPED: Final = re.compile(r"\\(.)")
_STATUS: Final = re.compile(r"(?P<class>[1-5])xx|(?P<first>[1-5]\d\d)(?:-(?P<last>[1-5]\d\d))?")
_COMPARED: Final = re.compile(r"(?P<sign><=|>=|<|>)(?P<status>\d{1,3})")
_TIME: Final = re.compile(r"(?P<sign><=|>=|<|>)(?P<number>\d+(?:\.\d+)?)(?P<unit>us|µs|ms|s)")
_UNITS: Final = {"us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}
_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_OTHER_NAMES: Final = {"middleware": "link", "text": ""}

type Paused = Container[str]
type Test = Callable[[Entry, Paused], bool]


class FilterError(ValueError):
    """A filter that says nothing; the message says what was expected, and the nearest right word."""


class _Ranked(NamedTuple):
    rank: int
    """Those that are answered quickly are asked first."""
    test: Test


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exchanges to show."""

    line: str = ""
    tests: tuple[Test, ...] = ()

    def takes(self, entry: Entry, paused: Paused) -> bool:
        """Whether an exchange is to be shown.

        Args:
            entry: The exchange.
            paused: Ids of those that are stopped.
        """
        return all(test(entry, paused) for test in self.tests)


EVERYTHING: Final = Filter()


def parse_filter(line: str) -> Filter:
    """Read a filter.

    Raises:
        FilterError: It is none.
    """
    if len(line) > LONGEST_LINE:
        raise FilterError(f"expected {LONGEST_LINE} characters at most, found {len(line)}")
    made: list[_Ranked] = []
    at = 0
    end = len(line.rstrip())
    while at < end:
        found = _WORD.match(line, at)
        if found is None:
            rest = line[at:].strip()
            reason = 'a " that nothing closes' if rest.count('"') % 2 else "nothing that could be looked for"
            raise FilterError(f"expected a word such as status:404, found {reason} in {_short(rest)}")
        at = found.end()
        made.append(_ranked(found))
    made.sort(key=lambda one: one.rank)
    return Filter(line.strip(), tuple(one.test for one in made))


def _ranked(found: re.Match[str]) -> _Ranked:
    name, raw = found["name"], found["value"]
    values = _values(raw)
    if name is None:
        if raw.endswith(":") and raw[:-1].lower() in _MAKERS:
            raise FilterError(f"expected something to look for behind {raw!r}")
        rank, test = 9, _any([_text(value) for value in values])
    else:
        wanted = _OTHER_NAMES.get(name.lower(), name.lower())
        make = _MAKERS.get(wanted)
        if make is None:
            text = f"{name}:{raw}"
            raise FilterError(
                f"expected a name such as status:, found {name + ':'!r}{_nearest(name, _MAKERS, ':')}; "
                f'to look for the text, write "{text}"'
            )
        rank = _RANKS.get(wanted, 1)
        test = _any([make(value) for value in values])
    return _Ranked(rank, _not(test) if found["not"] else test)


def _values(raw: str) -> list[str]:
    """Alternatives of a word."""
    values, written = [""], False
    for part in _PART.finditer(raw):
        if part[3] is not None:
            values.append("")
        else:
            values[-1] += _ESCAPED.sub(r"\1", part[1]) if part[1] is not None else part[2]
        written = True
    if not written or not all(values):
        raise FilterError(f"expected something on either side of ',', found {_short(raw)}")
    return values


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")  # noqa: PLR2004


def _nearest(word: str, known: Sequence[str] | dict[str, Callable[[str], Test]], end: str = "") -> str:
    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0] + end!r}?" if found else ""


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda entry, paused: any(test(entry, paused) for test in tests)


def _not(test: Test) -> Test:
    return lambda entry, paused: not test(entry, paused)


# Words


def _api(value: str) -> Test:
    part = value.casefold()
    return lambda entry, _: any(part in _folded(one.api_name) or one.api_id == value for one in passes_of(entry.trace))


def _endpoint(value: str) -> Test:
    part = value.casefold()
    return lambda entry, _: any(
        step.why.level is Level.RULE and part in _folded(step.why.entry) for step in entry.trace.steps
    )


def _outcome(value: str) -> Test:
    word = value.lower().replace("-", " ").replace("_", " ")
    if word not in OUTCOMES:
        known = ", ".join(f'"{one}"' if " " in one else one for one in OUTCOMES)
        raise FilterError(f"expected an outcome ({known}), found {value!r}{_nearest(word, OUTCOMES)}")
    return lambda entry, paused: word in outcomes_of(entry, paused)


def _link(value: str) -> Test:
    name = _known_link(value)
    return lambda entry, _: any(step.link == name for step in entry.trace.steps)


def _changed(value: str) -> Test:
    name = _known_link(value)
    return lambda entry, _: any(step.link == name and step.before is not step.after for step in entry.trace.steps)


def _known_link(value: str) -> str:
    if value not in LINKS:
        raise FilterError(f"expected the name of a middleware, found {value!r}{_nearest(value, LINKS)}")
    return value


def _status(value: str) -> Test:
    word = value.lower()
    if word == "none":
        return lambda entry, _: entry.trace.answer is None
    if (found := _STATUS.fullmatch(word)) is not None:
        if found["class"]:
            first = int(found["class"]) * 100
            return _status_within(first, first + 99)
        return _status_within(int(found["first"]), int(found["last"] or found["first"]))
    if (found := _COMPARED.fullmatch(word)) is not None:
        compare, other = _SIGNS[found["sign"]], int(found["status"])
        return lambda entry, _: (answer := entry.trace.answer) is not None and compare(answer.status, other)
    raise FilterError(f"expected a status such as 404, 4xx, >=400, 400-499 or none, found {value!r}")


def _status_within(first: int, last: int) -> Test:
    return lambda entry, _: (answer := entry.trace.answer) is not None and first <= answer.status <= last


def _method(value: str) -> Test:
    method = value.upper()
    return lambda entry, _: entry.trace.original.request.method.upper() == method


def _client(value: str) -> Test:
    return lambda entry, _: entry.trace.original.client.address == value


def _id(value: str) -> Test:
    return lambda entry, _: entry.id == value


def _took(value: str) -> Test:
    found = _TIME.fullmatch(value.lower())
    if found is None:
        raise FilterError(f"expected a time such as >500ms, <2s or >=300us, found {value!r}")
    compare, limit = _SIGNS[found["sign"]], float(found["number"]) * _UNITS[found["unit"]]
    return lambda entry, _: entry.over and compare(entry.trace.elapsed_ns, limit)


# Text, without regard to the case of ASCII letters. Values of secret fields and parameters are not looked at.


def _path(value: str) -> Test:
    part = value.lower()
    return lambda entry, _: _in_paths(entry.trace, part)


def _header(value: str) -> Test:
    part = encode_text(value).lower()
    return lambda entry, _: _in_headers(entry.trace, part)


def _body(value: str) -> Test:
    part = encode_text(value).lower()
    return lambda entry, _: _in_bodies(entry.trace, part)


def _text(value: str) -> Test:
    part, raw = value.lower(), encode_text(value).lower()
    return lambda entry, _: (
        _in_paths(entry.trace, part) or _in_headers(entry.trace, raw) or _in_bodies(entry.trace, raw)
    )


def _in_paths(trace: Trace, part: str) -> bool:
    for request in (trace.original.request, trace.upstream_request):
        if request is None or part not in request.target.lower():
            continue
        if part in masked_url(request.target, trace.secret_names).lower():
            return True
    return False


def _in_headers(trace: Trace, part: bytes) -> bool:
    fields = trace.original.request.headers.fields
    for message in (trace.upstream_request, trace.upstream_response, trace.answer):
        if message is not None:
            fields += message.headers.fields
    # Most exchanges end here, so it is quick rather than exact: fields are looked at one by one only where it is found.
    parts = map(b": ".join, fields) if b":" in part else chain.from_iterable(fields)
    return part in b"\n".join(parts).lower() and any(_in_open_field(trace, field, part) for field in fields)


def _in_open_field(trace: Trace, field: tuple[bytes, bytes], part: bytes) -> bool:
    name = field[0].lower().decode("utf-8", "replace")
    hidden = name in trace.secret_names or name.replace("_", "-") in trace.secret_names or _secret(name)
    return part in (field[0] if hidden else b": ".join(field)).lower()


_secret: Final = lru_cache(maxsize=4096)(is_secret)
_folded: Final = lru_cache(maxsize=65536)(str.casefold)


def _in_bodies(trace: Trace, part: bytes) -> bool:
    seen: list[bytes] = []
    messages: tuple[Request | Response | None, ...] = (
        trace.original.request, trace.upstream_request, trace.upstream_response, trace.answer,
    )  # fmt: skip
    for message in messages:
        body = None if message is None else message.body
        if not isinstance(body, bytes) or not body or any(body is one for one in seen):
            continue
        seen.append(body)
        if part in body[:SEARCHED_BYTES].lower():
            return True
    return False


_MAKERS: Final[dict[str, Callable[[str], Test]]] = {
    "api": _api,
    "endpoint": _endpoint,
    "outcome": _outcome,
    "link": _link,
    "changed": _changed,
    "status": _status,
    "method": _method,
    "path": _path,
    "header": _header,
    "body": _body,
    "client": _client,
    "took": _took,
    "id": _id,
    "": _text,
}
_RANKS: Final = {"id": 0, "status": 0, "method": 0, "client": 0, "took": 0, "path": 2, "header": 8, "body": 9, "": 9}


@final
class Search:
    """Looks for exchanges, a little at a time."""

    def __init__(self, entries: Sequence[Entry], wanted: Filter, paused: Paused, limit: int) -> None:
        """Begin before the first.

        Args:
            entries: In the order in which they are looked at.
            wanted: Which of them to find.
            paused: Ids of those that are stopped.
            limit: How many to find.
        """
        self._entries: Final = entries
        self._wanted: Final = wanted
        self._paused: Final = paused
        self._limit: Final = limit
        self.found: Final[list[Entry]] = []
        self.looked_at = 0

    @property
    def over(self) -> bool:
        """Whether everything was found that was asked for, or everything was looked at."""
        return len(self.found) >= self._limit or self.looked_at >= len(self._entries)

    @property
    def last(self) -> int | None:
        """Number of the exchange that was looked at last; None where none is left behind it."""
        if not 0 < self.looked_at < len(self._entries):
            return None
        return self._entries[self.looked_at - 1].number

    def go_on(self, seconds: float) -> bool:
        """Look at some more, for about so long; whether it is over."""
        end = perf_counter() + seconds
        entries, takes, paused = self._entries, self._wanted.takes, self._paused
        while not self.over:
            entry = entries[self.looked_at]
            self.looked_at += 1
            if takes(entry, paused):
                self.found.append(entry)
            if perf_counter() > end:
                break
        return self.over
