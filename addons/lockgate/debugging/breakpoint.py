"""What a breakpoint is, and how people write one. One parser for commands, pages and the command line.

A breakpoint is written as words, in any order, and a condition last::

    api=users endpoint="GET /users/{id}" link=url_rewrite before phase=request once if header X-Debug

Everything may be left out: the empty text stops before every link of every API. ``endpoint`` is a path, with or without
a method before it: as written in the definition, or ending in "/" or "*" for all paths that begin so. ``once`` takes
the breakpoint away when it stopped something, ``off`` keeps it without effect. For the condition see ``conditions``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lockgate.debugging.conditions import FilterMaker, Predicate, compile_condition
from lockgate.decoding.shapes import nearest
from lockgate.exchange import Pass
from lockgate.middleware import Link
from lockgate.middlewares import REQUEST, RESPONSE, UPSTREAM
from lockgate.routing.listen import ListenPath
from lockgate.snapshot import Snapshot
from lockgate.trace import Phase

MIDDLEWARES: Final[Mapping[Phase, frozenset[str]]] = {
    phase: frozenset(middleware.name for middleware in chain if middleware.step(phase) is not None)
    for phase, chain in ((Phase.REQUEST, REQUEST), (Phase.UPSTREAM, UPSTREAM), (Phase.RESPONSE, RESPONSE))
}
"""Names of the links that there may be, by phase."""

BEFORE: Final = "before"
AFTER: Final = "after"
ANY_PHASE: Final = "any"
_PHASES: Final = (*(phase.value for phase in Phase), ANY_PHASE)
_FIELDS: Final[Mapping[str, str]] = {
    "api": "api", "endpoint": "endpoint", "link": "middleware", "middleware": "middleware", "phase": "phase",
}  # fmt: skip
_WORDS: Final = (*(f"{field}=" for field in _FIELDS), BEFORE, AFTER, "once", "off", "if")
_WORD: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_QUOTED: Final = re.compile(r""""([^"]*)"|'([^']*)'""")
_ENDPOINT: Final = re.compile(r"(?:([A-Za-z]+)\s+)?(/\S*|\*)")
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_LONGEST: Final = 2000


class BreakpointError(ValueError):
    """What was written is no breakpoint, or names what is not there; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where exchanges stop."""

    id: str
    api: str = ""
    """Name or id; "" is every API."""
    endpoint: str = ""
    """"[METHOD ]PATH"; "" is every request."""
    middleware: str = ""
    """Name; "" is every link."""
    phase: str = ANY_PHASE
    """Value of a ``Phase``, or "any"."""
    when: str = BEFORE
    """"before" or "after" the link."""
    condition: str = ""
    """As written; "" always holds."""
    one_shot: bool = False
    enabled: bool = True
    holds: Predicate | None = None
    """``condition``, compiled."""

    @property
    def text(self) -> str:
        """As ``parse`` takes it."""
        fields = (("api", self.api), ("endpoint", self.endpoint), ("link", self.middleware))
        words = [f"{name}={_written(value)}" for name, value in fields if value]
        if self.phase != ANY_PHASE:
            words.append(f"phase={self.phase}")
        words.append(self.when)
        words += ["once"] * self.one_shot + ["off"] * (not self.enabled)
        return " ".join([*words, "if", self.condition] if self.condition else words)

    def plain(self) -> dict[str, Any]:
        """As the API of the pages gives and takes it."""
        return {
            "id": self.id, "api": self.api, "endpoint": self.endpoint, "link": self.middleware, "phase": self.phase,
            "when": self.when, "condition": self.condition, "one_shot": self.one_shot, "enabled": self.enabled,
            "spec": self.text,
        }  # fmt: skip

    def may_stop(self, this: Pass, links: Sequence[Link], phase: Phase) -> bool:
        """Whether it may stop an exchange at any of the links of a plan."""
        return (
            self.enabled
            and self.phase in (phase.value, ANY_PHASE)
            and self.api in ("", this.api_id, this.api_name)
            and (not self.middleware or any(link.middleware.name == self.middleware for link in links))
            and (not self.endpoint or _is_at(self.endpoint, this, links))
        )


def _written(value: str) -> str:
    if not re.search(r"""[\s"']""", value):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def _is_at(endpoint: str, this: Pass, links: Sequence[Link]) -> bool:
    method, path = split_endpoint(endpoint)
    if method not in ("", this.method):
        return False
    # An entry matched that is written so: its pattern may be more than a template.
    if any(link.why.entry.partition(" ")[2] == path for link in links):
        return True
    pattern = _pattern(path)
    return any(pattern.fullmatch(text) for text in (_listen(this.listen_path).strip(this.path), this.path))


@lru_cache(maxsize=256)
def _listen(text: str) -> ListenPath:
    return ListenPath(text)


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    begins = path.endswith(("/", "*"))
    literals = [re.escape(part) for part in _PLACEHOLDER.split(path.rstrip("*"))]
    return re.compile("[^/]+".join(literals) + (".*" if begins else ""), re.DOTALL)


def split_endpoint(endpoint: str) -> tuple[str, str]:
    """Method, "" for all, and path.

    Raises:
        BreakpointError: It is neither a path nor a method and a path.
    """
    found = _ENDPOINT.fullmatch(endpoint.strip())
    if found is None:
        raise BreakpointError(f"expected a path, or a method and a path, as the endpoint, found {endpoint!r}")
    return (found[1] or "").upper(), found[2]


def parse(text: str, snapshot: Snapshot, filters: FilterMaker | None = None) -> Breakpoint:
    """A breakpoint, without an id, from text.

    Args:
        text: As in this module's docstring.
        snapshot: Whose APIs it may name.
        filters: For conditions that are expressions of the host's.

    Raises:
        BreakpointError: It is none.
    """
    words: list[str] = []
    end = 0
    for found in _WORD.finditer(text):
        if text[end : found.start()].strip():
            break
        end = found.end()
        if found[0] == "if":
            return parse_words([*words, "if", _whole(text[end:].strip())], snapshot, filters)
        words.append(_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", found[0]))
    if text[end:].strip():
        raise BreakpointError(f"a quote in {text!r} has no end")
    return parse_words(words, snapshot, filters)


def _whole(condition: str) -> str:
    """Without quotes that are around all of it."""
    quote = condition[:1]
    if len(condition) > 1 and quote in "\"'" and condition.endswith(quote) and quote not in condition[1:-1]:
        return condition[1:-1]
    return condition


def parse_words(words: Sequence[str], snapshot: Snapshot, filters: FilterMaker | None = None) -> Breakpoint:
    """A breakpoint from words whose quotes are gone, as a command gets them. As ``parse``."""
    values: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "if":
            values["condition"] = _whole(" ".join(rest).strip())
            if not values["condition"]:
                raise BreakpointError("expected a condition behind 'if', found nothing")
            break
        if equals and name in _FIELDS:
            # mitmproxy's command bar parts a quoted value from what stands before it.
            values[_FIELDS[name]] = value or (rest.pop(0) if rest else "")
        elif word in (BEFORE, AFTER):
            values["when"] = word
        elif word == "once":
            values["one_shot"] = True
        elif word == "off":
            values["enabled"] = False
        else:
            hint = nearest(f"{name}{equals}", _WORDS)
            expected = "api=, endpoint=, link=, phase=, before, after, once, off or if"
            raise BreakpointError(f"expected {expected}, found {word!r}{f': {hint}' if hint else ''}")
    return made(values, snapshot, filters)


_KINDS: Final[Mapping[str, type]] = {
    "api": str, "endpoint": str, "middleware": str, "phase": str, "when": str, "condition": str, "one_shot": bool,
    "enabled": bool,
}  # fmt: skip


def read(value: Mapping[str, Any], snapshot: Snapshot, filters: FilterMaker | None = None) -> Breakpoint:
    """A breakpoint from an object of the pages' API: "spec" with text, or the fields of ``Breakpoint.plain``.

    Raises:
        BreakpointError: It is none.
    """
    if "spec" in value:
        spec = value["spec"]
        if not isinstance(spec, str) or len(value) > 1:
            raise BreakpointError("expected a text as 'spec', and nothing beside it")
        return parse(spec, snapshot, filters)
    fields = {("middleware" if key == "link" else key): one for key, one in value.items()}
    for key, one in fields.items():
        kind = _KINDS.get(key)
        if kind is None:
            hint = nearest(key, (*_KINDS, "link", "spec"))
            raise BreakpointError(f"a breakpoint has no {key!r}{f': {hint}' if hint else ''}")
        if not isinstance(one, kind):
            named = "true or false" if kind is bool else "a text"
            raise BreakpointError(f"expected {named} as {key!r}, found {one!r}")
    return made(fields, snapshot, filters)


def made(values: Mapping[str, Any], snapshot: Snapshot, filters: FilterMaker | None = None) -> Breakpoint:
    """A breakpoint, without an id, from values of its fields. As ``parse``."""
    stripped: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value for name, value in values.items()
    }
    point = Breakpoint("", **stripped)
    if any(len(value) > _LONGEST for value in values.values() if isinstance(value, str)):
        raise BreakpointError(f"expected texts of {_LONGEST} characters at most")
    _check_api(point.api, snapshot)
    if point.phase not in _PHASES:
        raise BreakpointError(_expected("a phase", point.phase, _PHASES, f" ({', '.join(_PHASES)})"))
    if point.when not in (BEFORE, AFTER):
        raise BreakpointError(f"expected 'before' or 'after', found {point.when!r}")
    _check_middleware(point)
    if point.endpoint:
        split_endpoint(point.endpoint)
    if not point.condition:
        return point
    try:
        holds = compile_condition(point.condition, filters)
    except ValueError as error:
        raise BreakpointError(str(error)) from None
    return Breakpoint(
        point.id, point.api, point.endpoint, point.middleware, point.phase, point.when, point.condition,
        point.one_shot, point.enabled, holds,
    )  # fmt: skip


def _check_api(api: str, snapshot: Snapshot) -> None:
    names = [name for one in snapshot.apis.values() for name in (one.definition.name, one.definition.id)]
    if api and api not in names:
        there = ", ".join(sorted(one.definition.name for one in snapshot.apis.values())[:10])
        raise BreakpointError(
            _expected("the name or id of an API", api, names, f" (there are {there})" if there else "")
        )


def _check_middleware(point: Breakpoint) -> None:
    name = point.middleware
    if not name:
        return
    phases = [phase for phase, names in MIDDLEWARES.items() if name in names]
    if not phases:
        known = sorted(frozenset[str]().union(*MIDDLEWARES.values()))
        raise BreakpointError(_expected("the name of a middleware", name, known, " (docs/middlewares lists them)"))
    if point.phase != ANY_PHASE and point.phase not in (phase.value for phase in phases):
        runs = " and ".join(phase.value for phase in phases)
        raise BreakpointError(f"{name} runs in the phase {runs}, never in {point.phase}")


def _expected(what: str, found: str, known: Sequence[str], otherwise: str) -> str:
    hint = nearest(found, known)
    return f"expected {what}, found {found!r}{f': {hint}' if hint else otherwise}"
