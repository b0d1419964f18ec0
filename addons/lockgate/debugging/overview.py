"""What is set where in an API: endpoints against middlewares, with what is wrong, for people. Does no I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from lockgate.decoding.positions import parts_of
from lockgate.middleware import Middleware
from lockgate.middlewares import OWN, REQUEST, RESPONSE, UPSTREAM
from lockgate.model import ApiDefinition, Version
from lockgate.problems import Problem, Severity, pointer

EXTENSION: Final = "x-tyk-api-gateway"
WHOLE_API: Final = "whole API"

MIDDLEWARES: Final[Mapping[str, Middleware[Any]]] = {
    one.name: one for chain in (OWN, RESPONSE, UPSTREAM, REQUEST) for one in chain
}
"""Every middleware by its name."""

CHAINS: Final = (("request", REQUEST), ("upstream", UPSTREAM), ("response", RESPONSE), ("own", OWN))

OAS_KEYS: Final[Mapping[str, str]] = {
    "allow": "access",
    "block": "access",
    "ignoreAuthentication": "access",
    "internal": "access",
    "contextVariables": "context_variables",
    "cors": "cors",
    "doNotTrackEndpoint": "track_endpoint",
    "enforceTimeout": "enforced_timeout",
    "mockResponse": "mock_response",
    "postAuthenticationPlugins": "script_post_auth",
    "postPlugins": "script_post",
    "prePlugins": "script_pre",
    "requestSizeLimit": "request_size_limit",
    "responsePlugins": "script_response",
    "skipQuota": "key_limits",
    "skipRateLimit": "key_limits",
    "trackEndpoint": "track_endpoint",
    "transformRequestBody": "request_body_transform",
    "transformRequestHeaders": "request_headers",
    "transformRequestMethod": "request_method",
    "transformResponseBody": "response_body_transform",
    "transformResponseHeaders": "response_headers",
    "urlRewrite": "url_rewrite",
    "validateRequest": "validate_request",
    "virtualEndpoint": "virtual_endpoint",
}
"""Of ``middleware.global`` and ``middleware.operations.ID``: which middleware a section is for."""

CLASSIC_KEYS: Final[Mapping[str, str]] = {
    "white_list": "access",
    "black_list": "access",
    "ignored": "access",
    "internal": "access",
    "mock_response": "access",
    "do_not_track_endpoints": "track_endpoint",
    "hard_timeouts": "enforced_timeout",
    "method_transforms": "request_method",
    "size_limits": "request_size_limit",
    "track_endpoints": "track_endpoint",
    "transform": "request_body_transform",
    "transform_headers": "request_headers",
    "transform_jq": "request_jq",
    "transform_jq_response": "response_jq",
    "transform_response": "response_body_transform",
    "transform_response_headers": "response_headers",
    "url_rewrites": "url_rewrite",
    "validate_json": "validate_json",
    "virtual": "virtual_endpoint",
}
"""Of ``extended_paths``: likewise."""


type Endpoint = tuple[str, str]
"""Method and path as written; both "" for the whole API."""

_WHOLE: Final[Endpoint] = ("", "")


class State(Enum):
    """Whether a section does something."""

    ON = "on"
    OFF = "off"
    """It is there, and switched off."""
    IDLE = "not in force"
    """It is there, and its problems say why it does nothing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One section of a definition, where it says something of one middleware."""

    middleware: str
    """Or the section's own key, where no middleware is for it."""
    label: str
    """For people, short: "block", "set"."""
    state: State
    pointer: str
    """Into the definition."""
    value: object = None
    """As it is written."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The whole API, or one endpoint."""

    title: str
    cells: tuple[Cell, ...] = ()
    method: str = ""
    """"" is all; and of the whole API."""
    path: str = ""
    """Template as written; "" of the whole API."""
    version: str = ""
    pointer: str = ""
    """Of what the row stands for."""
    problems: tuple[Problem, ...] = ()
    """That are in none of its cells."""

    def at(self, middleware: str) -> tuple[Cell, ...]:
        """What it sets for one middleware."""
        return tuple(cell for cell in self.cells if cell.middleware == middleware)

    @property
    def is_endpoint(self) -> bool:
        """Whether it is one endpoint's."""
        return bool(self.path)


@dataclass(frozen=True, slots=True)
class Column:
    """One middleware that something is set for."""

    name: str
    phase: str
    """request, upstream, response or own: where it runs first; "" for a section that no middleware is for."""
    summary: str = ""
    also: str = ""
    """A second phase in which it runs."""


@dataclass(frozen=True, slots=True)
class Overview:
    """One API at a glance."""

    columns: tuple[Column, ...]
    """In the order in which they run."""
    rows: tuple[Row, ...]
    """Of each version: the whole API first, then endpoints in the order of the definition."""
    elsewhere: tuple[Problem, ...]
    """Problems of no cell and no row."""


def overview(definition: ApiDefinition, problems: Iterable[Problem]) -> Overview:
    """Put a definition in a table.

    Args:
        definition: As it was loaded.
        problems: Of this definition, with pointers into it.
    """
    document = definition.document
    left = list(problems)
    ids = _operation_ids(document)
    rows: list[Row] = []
    for version in definition.versions:
        cells = [*_active(version, document)]
        shown = {cell.pointer for _, cell in cells}
        idle = _idle_oas(document, ids, left) if _is_oas(document) else _idle_classic(document, version, left)
        cells += [
            (endpoint, cell)
            for endpoint, cell in idle
            if cell.pointer not in shown and not any(one.startswith(f"{cell.pointer}/") for one in shown)
        ]
        found, left = _with_problems(cells, left)
        by_endpoint: dict[Endpoint, list[Cell]] = {_WHOLE: [], **{(m, p): [] for p, m in version.operations}}
        for endpoint, cell in found:
            by_endpoint.setdefault(endpoint, []).append(cell)
        for endpoint, its_cells in by_endpoint.items():
            row = _row(version, endpoint, its_cells, ids)
            own, left = _taken(left, row.pointer) if row.is_endpoint else ((), left)
            rows.append(replace(row, problems=own))
    used = {cell.middleware for row in rows for cell in row.cells}
    return Overview(tuple(_columns(used)), tuple(rows), tuple(left))


def switched_off(definition: ApiDefinition) -> Mapping[str, tuple[str, ...]]:
    """Endpoints of sections that are there and switched off, by middleware; "the whole API" for one that is for all."""
    document, made = definition.document, dict[str, list[str]]()
    for version in definition.versions:
        written = (
            _idle_oas(document, _operation_ids(document), ())
            if _is_oas(document)
            else _idle_classic(document, version, ())
        )
        for (method, path), cell in written:
            title = f"{method or '*'} {path}" if path else "the whole API"
            made.setdefault(cell.middleware, []).append(title)
    return {name: tuple(titles) for name, titles in made.items()}


def format_name(definition: ApiDefinition) -> str:
    """In which format it is written."""
    return "Tyk OAS" if _is_oas(definition.document) else "Tyk Classic"


def value_at(document: object, at: str) -> object:
    """What stands at a JSON Pointer; None where nothing does."""
    for part in parts_of(at):
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, Sequence) and not isinstance(document, str) and part.isdecimal():
            document = document[int(part)] if int(part) < len(document) else None
        else:
            return None
    return document


def _is_oas(document: Mapping[str, object]) -> bool:
    return EXTENSION in document or "openapi" in document


def _columns(used: set[str]) -> Iterator[Column]:
    seen: set[str] = set()
    for phase, chain in CHAINS:
        for one in chain:
            if one.name in used and one.name not in seen:
                seen.add(one.name)
                also = next((name for name, other in CHAINS if name != phase and one in other), "")
                yield Column(one.name, phase, one.summary, also)
    for name in sorted(used - seen):
        yield Column(name, "")


def _row(version: Version, endpoint: Endpoint, cells: Sequence[Cell], ids: Mapping[str, Endpoint]) -> Row:
    if endpoint == _WHOLE:
        return Row(WHOLE_API, tuple(cells), version=version.name)
    method, path = endpoint
    if endpoint in ids.values() or (path, method) in version.operations:
        at = pointer("paths", path, method.lower())
    else:
        at = cells[0].pointer if cells else ""
    return Row(f"{method or 'any method'} {path}", tuple(cells), method, path, version.name, at)


def _active(version: Version, document: Mapping[str, object]) -> Iterator[tuple[Endpoint, Cell]]:
    """What the version does, the whole API first, in the order in which it runs."""
    order = {name: number for number, name in enumerate(_in_order())}
    for name, section in sorted(version.sections.items(), key=lambda one: order.get(one[0], len(order))):
        yield _WHOLE, Cell(name, "set", State.ON, section.pointer, value_at(document, section.pointer))
    for rule in version.rules:
        label = rule.kind if rule.kind and rule.kind != rule.middleware else "set"
        value = value_at(document, rule.pointer)
        yield (rule.method, rule.path), Cell(rule.middleware, label.replace("_", " "), State.ON, rule.pointer, value)


def _in_order() -> Iterator[str]:
    for _, chain in CHAINS:
        for one in chain:
            yield one.name


def _with_problems(
    cells: Sequence[tuple[Endpoint, Cell]], problems: Sequence[Problem]
) -> tuple[list[tuple[Endpoint, Cell]], list[Problem]]:
    """Each problem in one cell: the first of those that stand nearest to it. And those that are in none."""
    left = list(problems)
    made = {number: cell for number, (_, cell) in enumerate(cells)}
    for number in sorted(made, key=lambda one: (-len(made[one].pointer), one)):
        mine, left = _taken(left, made[number].pointer)
        if mine:
            made[number] = replace(made[number], problems=mine)
    return [(endpoint, made[number]) for number, (endpoint, _) in enumerate(cells)], left


def _taken(problems: Sequence[Problem], at: str) -> tuple[tuple[Problem, ...], list[Problem]]:
    """Those at or below a place, and the others."""
    mine = tuple(one for one in problems if _is_within(one.pointer, at))
    return mine, [one for one in problems if one not in mine]


def _is_within(place: str, at: str) -> bool:
    return bool(at) and (place == at or place.startswith(f"{at}/"))


# What is written and does nothing


def _operation_ids(document: Mapping[str, object]) -> Mapping[str, Endpoint]:
    """Method and path of each operation of an OAS document, by its id."""
    paths = document.get("paths")
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in (paths.items() if isinstance(paths, Mapping) else ())
        if isinstance(item, Mapping)
        for method, operation in item.items()
        if isinstance(operation, Mapping) and isinstance(operation.get("operationId"), str)
    }


def _idle_oas(
    document: Mapping[str, object], ids: Mapping[str, Endpoint], problems: Sequence[Problem]
) -> Iterator[tuple[Endpoint, Cell]]:
    base = (EXTENSION, "middleware")
    for key, value in _members(value_at(document, pointer(*base, "global"))):
        if (cell := _idle(key, value, pointer(*base, "global", key), OAS_KEYS, problems)) is not None:
            yield _WHOLE, cell
    for operation, sections in _members(value_at(document, pointer(*base, "operations"))):
        for key, value in _members(sections):
            at = pointer(*base, "operations", operation, key)
            cell = _idle(key, value, at, OAS_KEYS, problems)
            if cell is not None and operation in ids:
                yield ids[operation], cell


def _idle_classic(
    document: Mapping[str, object], version: Version, problems: Sequence[Problem]
) -> Iterator[tuple[Endpoint, Cell]]:
    base = ("version_data", "versions", version.name, "extended_paths")
    for key, entries in _members(value_at(document, pointer(*base))):
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, Mapping) and isinstance(path := entry.get("path"), str):
                cell = _idle(key, entry, pointer(*base, key, index), CLASSIC_KEYS, problems)
                if cell is not None:
                    yield (str(entry.get("method") or ""), path), cell


def _members(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, Mapping) else ()


def _idle(key: str, value: object, at: str, known: Mapping[str, str], problems: Sequence[Problem]) -> Cell | None:
    """A section that is switched off, or that nothing was made of and problems say why."""
    has_problem = any(_is_within(one.pointer, at) for one in problems)
    if isinstance(value, Mapping) and (value.get("enabled") is False or value.get("disabled") is True):
        return Cell(known.get(key, key), "off", State.OFF, at, value)
    return Cell(known.get(key, key), "not in force", State.IDLE, at, value) if has_problem else None


def count(problems: Iterable[Problem]) -> tuple[int, int]:
    """How many are errors, and how many are warnings."""
    found = list(problems)
    errors = sum(one.severity is Severity.ERROR for one in found)
    return errors, len(found) - errors
