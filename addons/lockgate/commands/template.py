"""``lockgate try --template``: a template by itself, on an input."""

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.commands.common import UsageError, file_bytes, print_json

if TYPE_CHECKING:
    from lockgate.template_trial import Trial


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments, beside those of ``try``."""
    group = parser.add_argument_group("a template by itself")
    group.add_argument("--template", type=Path, metavar="FILE", help="print what it makes, or its fault (exit 1)")
    group.add_argument("--input", default=None, metavar="FILE", help="the body that it gets; '-' reads stdin")
    group.add_argument("--xml", action="store_true", help="the body is XML (default: JSON)")
    group.add_argument("--engine", choices=("go", "jinja2", "jq"), help="its language (default: go)")
    group.add_argument("--response", action="store_true", help="as for responses (default: as for requests)")


def lonely(given: argparse.Namespace) -> str:
    """An option that was given and says nothing without a template; "" where there is none."""
    used = {"--input": given.input, "--xml": given.xml, "--engine": given.engine, "--response": given.response}
    return next((option for option, value in used.items() if value), "")


def _useless(given: argparse.Namespace) -> str:
    """An option that was given and says nothing beside a template; "" where there is none."""
    names = ("header", "data", "answer", "session", "section", "middleware", "recorded", "send", "calls", "gateway")
    return next((f"--{name}" for name in names if getattr(given, name)), "")


def run(given: argparse.Namespace) -> int:
    """Print what the template makes; 1 if it fails."""
    from lockgate.hosts.children import Children
    from lockgate.hosts.local_zone import local_zone
    from lockgate.inspection import SYSTEM
    from lockgate.template_trial import said_of, to_plain, try_template

    trial = _trial(given)
    children = Children()
    try:
        made = asyncio.run(try_template(trial, replace(SYSTEM, tasks=children, zone=local_zone())))
    finally:
        children.close()
    if given.format == "json":
        print_json(to_plain(made))
        return 0 if made.fault is None else 1
    for line in said_of(made, trial.name):
        print(line, file=sys.stderr)
    if made.fault is not None:
        print(made.fault.pointed, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(made.output)
    if sys.stdout.isatty() and not made.output.endswith(b"\n"):
        print()
    return 0


def _trial(given: argparse.Namespace) -> "Trial":
    from lockgate.template_trial import Given, Language, Trial, parse_given
    from lockgate.templates.values import from_bytes

    if given.path is not None:
        raise UsageError(f"expected no DEFINITION beside --template, found {str(given.path)!r}")
    useless = _useless(given)
    if useless:
        raise UsageError(f"expected no {useless} beside --template: a template by itself gets --input and --context")
    if given.input is None:
        raise UsageError("expected --input FILE beside --template; '-' reads stdin")
    if given.xml and given.engine == "jq":
        raise UsageError("expected no --xml beside --engine jq: filters get JSON")
    around = Given()
    if given.context is not None:
        written = file_bytes(given.context)
        try:
            around = parse_given(written)
        except ValueError as error:
            raise UsageError(f"{given.context}: {error}") from None
    return Trial(
        from_bytes(file_bytes(given.template)),
        sys.stdin.buffer.read() if given.input == "-" else file_bytes(Path(given.input)),
        str(given.template),
        Language(given.engine or "go"),
        is_xml=given.xml,
        is_response=given.response,
        given=around,
    )
