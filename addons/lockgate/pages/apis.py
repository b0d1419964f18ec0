"""Every API, and one with what is set where."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from lockgate.assembly import CompiledApi
from lockgate.debugging.effective import example_path, shown_request
from lockgate.debugging.overview import (
    CHAINS,
    MIDDLEWARES,
    Cell,
    Column,
    Overview,
    Row,
    count,
    format_name,
    overview,
)
from lockgate.debugging.showing import shown_plain
from lockgate.inspection import parse_request
from lockgate.loading.locations import Location
from lockgate.middleware import BodyNeed, Matching
from lockgate.model import ApiDefinition
from lockgate.pages.base import Page, Refused
from lockgate.pages.definitions import (
    definitions_by_file,
    locations,
    own_problems,
    problem_plain,
    problems_of,
    source_address,
)
from lockgate.problems import Severity

DOCS: Final = Path(__file__).resolve().parents[3] / "docs" / "middlewares"
"""Beside the sources; an installed package has none."""
_MOST_EXCERPT: Final = 60
"""Lines of a section that are shown on the page of its API."""
_LONGEST_LINE: Final = 400
_LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_SPAN: Final = re.compile(r"(``.+?``|`[^`]*`|<br>|\[[^\]]*\]\([^)]*\))")
_MATCHING: Final = {
    Matching.PATHS: "entries are searched in the path; the first that matches counts",
    Matching.LISTS: "entries are searched in the path, with the listen path and without it",
    Matching.ROUTER: "an endpoint is found by the document's path as a whole",
}
_BODY: Final = {BodyNeed.NONE: "needs no body", BodyNeed.READ: "reads the body", BodyNeed.WRITE: "changes the body"}


def state_of(definition: ApiDefinition, *, kept: bool) -> tuple[str, str]:
    """How an API stands, and why where there is something to say."""
    if definition.unavailable:
        return "503", definition.unavailable
    if kept:
        return "old", "its file has errors: the last good version goes on"
    if definition.internal:
        return "internal", "reached by loops only"
    return "served", ""


class ApisPage(Page):
    """All APIs."""

    def get(self) -> None:
        """Show them, and the files that gave none."""
        kept = frozenset(self.desk.gateway.last_report.kept)
        problems = problems_of(self.desk)
        errors = Counter(one.file for one in problems if one.severity is Severity.ERROR)
        warnings = Counter(one.file for one in problems if one.severity is Severity.WARNING)
        by_file = definitions_by_file(self.desk)
        apis = [
            {
                "id": definition.id,
                "name": definition.name,
                "address": f"/lockgate/apis/{quote(definition.id, safe='')}",
                "source": source_address(definition.id),
                "listen": definition.listen_path,
                "format": format_name(definition),
                "file": definition.source,
                "state": state_of(definition, kept=definition.id in kept),
                "shared": len(by_file[definition.source]) > 1,
                "errors": errors[definition.source] + sum(errors[file] for file in set(definition.files)),
                "warnings": warnings[definition.source] + sum(warnings[file] for file in set(definition.files)),
            }
            for definition in (api.definition for api in self.desk.gateway.current.apis.values())
        ]
        known = {file for api in self.desk.gateway.current.apis.values() for file in api.definition.files}
        lost = [problem_plain(self.desk, one) for one in problems if one.file not in by_file and one.file not in known]
        self.show("apis.html", apis=apis, lost=lost, generation=self.desk.gateway.current.generation, run=self.desk.run)


class ApiPage(Page):
    """One API: endpoints against middlewares."""

    async def get(self, api_id: str) -> None:
        """Show it."""
        api = self.desk.gateway.current.apis.get(api_id)
        if api is None:
            raise Refused(404, f"there is no API {api_id!r}; the list of APIs shows which there are")
        definition = api.definition
        location = (await locations(self.desk, definition.source)).get(api_id)
        alone = len(definitions_by_file(self.desk).get(definition.source, ())) <= 1
        problems = own_problems(definition, location, problems_of(self.desk), alone=alone)
        table = overview(definition, problems)
        kept = api_id in self.desk.gateway.last_report.kept
        errors, warnings = count(problems)
        shown = self._table(api, table, location)
        self.show(
            "api.html",
            api=definition,
            address=f"/lockgate/apis/{quote(api_id, safe='')}",
            source=source_address(api_id),
            format=format_name(definition) + (", in a resource of Tyk Operator" if _in_resource(location) else ""),
            state=state_of(definition, kept=kept),
            changed=location is None or not location.is_current,
            errors=errors,
            warnings=warnings,
            table=shown,
            wrong=_wrong([problem_plain(self.desk, one) for one in table.elsewhere], shown),
            chain=_chain(table),
            generation=self.desk.gateway.current.generation,
            run=self.desk.run,
        )

    def _table(self, api: CompiledApi, table: Overview, location: Location | None) -> Mapping[str, Any]:
        number = 0
        rows = []
        details = []
        several = len(api.definition.versions) > 1
        for row in table.rows:
            cells = []
            for column in table.columns:
                shown = []
                for cell in row.at(column.name):
                    number += 1
                    detail = self._detail(api, column, cell, location, number, row)
                    details.append(detail)
                    shown.append(detail)
                cells.append(shown)
            problems = [problem_plain(self.desk, one) for one in row.problems]
            rows.append(
                {
                    "title": row.title,
                    "is_endpoint": row.is_endpoint,
                    "version": row.version if several else "",
                    "method": row.method or "GET",
                    "example": example_path(api, row.method or "GET", row.path) if row.is_endpoint else None,
                    "source": source_address(api.definition.id, row.pointer) if row.pointer else "",
                    "cells": cells,
                    "problems": problems,
                }
            )
        return {"columns": table.columns, "rows": rows, "details": details}

    def _detail(
        self, api: CompiledApi, column: Column, cell: Cell, location: Location | None, number: int, row: Row
    ) -> Mapping[str, Any]:
        api_id = api.definition.id
        first, last = (0, 0) if location is None else location.section(cell.pointer)
        lines: Sequence[str] = location.lines[first - 1 : last] if location is not None and first else ()
        if cell.value is not None and (not lines or max(map(len, lines)) > _LONGEST_LINE):
            # Nobody reads a document of one line: its part, as people write it.
            first, lines = 0, json.dumps(cell.value, indent=2, ensure_ascii=False).splitlines()
        asked = {"api": api_id, "pointer": cell.pointer}
        stop = {"api": api_id, "link": cell.middleware, "phase": column.phase}
        if row.is_endpoint:
            stop["endpoint"] = f"{row.method} {row.path}".strip()
        return {
            "number": number,
            "title": row.title,
            "middleware": cell.middleware,
            "label": cell.label,
            "state": cell.state.value,
            "pointer": cell.pointer,
            "problems": [problem_plain(self.desk, one) for one in cell.problems],
            "severity": _worst(cell),
            "lines": [(first + index if first else "", line) for index, line in enumerate(lines[:_MOST_EXCERPT])],
            "more": max(0, len(lines) - _MOST_EXCERPT),
            "source": source_address(api_id, cell.pointer),
            "summary": column.summary,
            "docs": f"/lockgate/middlewares/{cell.middleware}" if cell.middleware in MIDDLEWARES else "",
            "attempt": f"/lockgate/try?{urlencode(asked)}",
            "stop": f"/lockgate/breakpoints?{urlencode(stop)}" if cell.middleware in MIDDLEWARES else "",
        }


def _wrong(elsewhere: Sequence[Any], table: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Every problem with the cell that it is in, or None; errors first."""
    found = [(problem, None) for problem in elsewhere]
    found += [(problem, None) for row in table["rows"] for problem in row["problems"]]
    found += [(problem, detail) for detail in table["details"] for problem in detail["problems"]]
    return sorted(found, key=lambda one: one[0]["severity"] != Severity.ERROR.value)


def _worst(cell: Cell) -> str:
    if not cell.problems:
        return ""
    return "error" if any(one.severity is Severity.ERROR for one in cell.problems) else "warning"


def _in_resource(location: Location | None) -> bool:
    return location is not None and location.is_resource


def _chain(table: Overview) -> list[tuple[str, list[dict[str, Any]]]]:
    """Everything that may run, in order; what is set, and what always runs."""
    used = {column.name for column in table.columns}
    return [
        (
            phase,
            [
                {"name": one.name, "summary": one.summary, "is_set": one.name in used}
                for one in chain
                if one.name in used or one.always is not None
            ],
        )
        for phase, chain in CHAINS
        if phase != "own" or any(one.name in used for one in chain)
    ]


class Chain(Page):
    """What one request to an API passes."""

    async def get(self, api_id: str) -> None:
        """Plans of ``method`` and ``url``, as data. The URL may be one without the listen path's host."""
        if api_id not in self.desk.gateway.current.apis:
            raise Refused(404, f"there is no API {api_id!r}")
        method, url = self.get_query_argument("method", "GET"), self.get_query_argument("url", "/")
        try:
            request = parse_request(f"{method} {url}".encode())
        except ValueError as error:
            raise Refused(400, str(error)) from None
        shown = shown_plain(await shown_request(self.desk.gateway.current, request))
        for phase in shown["phases"]:
            for link in phase["links"]:
                link["address"] = source_address(phase["api_id"], link["pointer"]) if link["pointer"] else ""
        self.write_json(shown)


class MiddlewarePage(Page):
    """What one kind of stage does, and how it is configured."""

    def get(self, name: str) -> None:
        """Show its summary, its place and its documentation."""
        middleware = MIDDLEWARES.get(name)
        if middleware is None:
            raise Refused(404, f"no middleware is called {name!r}")
        places = [
            {
                "phase": phase,
                "before": chain[index + 1].name if index + 1 < len(chain) else "",
                "after": chain[index - 1].name if index else "",
            }
            for phase, chain in CHAINS
            for index, one in enumerate(chain)
            if one is middleware
        ]
        file = DOCS / f"{name}.md"
        config = middleware.config
        self.show(
            "middleware.html",
            middleware=middleware,
            places=places,
            body="asks for the body where the message has one" if middleware.body_when else _BODY[middleware.body],
            matching=_MATCHING[middleware.matching],
            fields=[one.name for one in fields(config) if one.init] if is_dataclass(config) else (),
            file=f"docs/middlewares/{name}.md",
            blocks=blocks(file.read_text("utf-8")) if file.is_file() else (),
        )


def blocks(text: str) -> list[tuple[str, Any]]:
    """A page of our documentation taken apart, for a template: headings, tables, lists, code, paragraphs."""
    made: list[tuple[str, Any]] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        if line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            made.append(("code", "\n".join(lines[at + 1 : end])))
            end += 1
        elif line.startswith("#"):
            made.append(("heading", line.lstrip("# ")))
        elif line.startswith("|"):
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[at:end]]
            made.append(("table", [[spans(cell) for cell in row] for row in (rows[0], *rows[2:])]))
        elif line.startswith("- "):
            while end < len(lines) and lines[end].startswith("- "):
                end += 1
            made.append(("list", [spans(one[2:]) for one in lines[at:end]]))
        elif line.strip() and not line.startswith("<!--"):
            made.append(("text", spans(line)))
        at = end
    return made


def spans(text: str) -> list[tuple[str, str, str]]:
    """A line of our documentation taken apart: kind (text, code, link or break), text, address."""
    made: list[tuple[str, str, str]] = []
    for part in _SPAN.split(text):
        if part.startswith("`"):
            made.append(("code", part.strip("`").strip(), ""))
        elif part == "<br>":
            made.append(("break", "", ""))
        elif link := _LINK.fullmatch(part):
            known = link[2].removesuffix(".md") in MIDDLEWARES
            address = f"/lockgate/middlewares/{link[2].removesuffix('.md')}"
            made.append(("link" if known else "text", link[1], address if known else ""))
        elif part:
            made.append(("text", part, ""))
    return made


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/apis", ApisPage),
    (r"/lockgate/apis/([^/]+)", ApiPage),
    (r"/lockgate/api/apis/([^/]+)/chain", Chain),
    (r"/lockgate/middlewares/([a-z_]+)", MiddlewarePage),
)
