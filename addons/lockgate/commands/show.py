"""``lockgate show``: the effective chain of definitions."""

import argparse
import asyncio
import difflib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from lockgate.commands.common import (
    Commands,
    UsageError,
    add_format,
    add_gateway,
    new_command,
    print_json,
    print_problems,
    snapshot_of,
)

_MOST_NAMED: Final = 10
"""APIs, where one is not found."""


def add(commands: Commands) -> None:
    """Declare the arguments."""
    parser = new_command(
        commands,
        "show",
        run,
        "print the effective chain of an API, of an endpoint, or of one request",
        "lockgate show definitions\nlockgate show definitions GET '/pets/{id}'\nlockgate show definitions GET /api/pets/7",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="file or folder of definitions")
    parser.add_argument("method", nargs="?", metavar="METHOD", help="of a request or an endpoint (default: whole APIs)")
    parser.add_argument("url", nargs="?", metavar="URL", help="or the path of an endpoint, as the definition writes it")
    parser.add_argument("--api", default="", metavar="ID", help="only this one")
    add_gateway(parser)
    add_format(parser, "text", "json")
    parser.set_defaults(positionals=("method", "url"))


def run(given: argparse.Namespace) -> int:
    """Print it."""
    from lockgate.debugging import effective, showing

    if given.method is not None and given.url is None:
        raise UsageError("expected METHOD and URL together")
    snapshot, problems = snapshot_of(given.path, given.gateway)
    print_problems(problems, sys.stderr)
    if given.api and given.api not in snapshot.apis:
        raise UsageError(_no_api(given.api, list(snapshot.apis)))
    lines: Iterable[str]
    if given.method is None:
        plain: Any = showing.apis_plain(snapshot, given.api)
        lines = showing.api_lines(snapshot, given.api)
    else:
        try:
            shown = asyncio.run(effective.shown_for(snapshot, given.method, given.url, given.api))
        except ValueError as error:
            raise UsageError(str(error)) from None
        plain, lines = showing.shown_plain(shown), showing.request_lines(shown)
    if given.format == "json":
        print_json(plain)
        return 0
    for line in lines:
        print(line)
    return 0


def _no_api(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, known[:_MOST_NAMED]))}"
    more = f" and {len(known) - _MOST_NAMED} more" if not near and len(known) > _MOST_NAMED else ""
    return f"there is no API {name!r}; {hint}{more}"
