"""``lockgate check`` says what is wrong with definitions, ``lockgate explain`` what a problem means."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lockgate.commands.common import (
    Commands,
    UsageError,
    add_format,
    add_gateway,
    must_exist,
    new_command,
    print_json,
    print_problems,
)
from lockgate.problems import Severity


def add(commands: Commands) -> None:
    """Declare the arguments of ``check``."""
    parser = new_command(
        commands,
        "check",
        run,
        "say what is wrong with definitions",
        "Exit code: 0 no errors, 1 there is one, 2 it could not be carried out.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
    add_gateway(parser)
    add_format(parser, "text", "json", "sarif")


def run(given: argparse.Namespace) -> int:
    """Print every problem; 1 if one is an error."""
    from lockgate.deployment import read_settings
    from lockgate.loading import load

    must_exist(given.paths)
    settings, found = read_settings(given.gateway, os.environ)
    loaded = load(given.paths, settings, resolve=False)
    problems = (*found, *loaded.problems)
    if given.format == "json":
        print_json([problem.plain for problem in problems])
    elif given.format == "sarif":
        from lockgate.sarif import to_sarif

        print_json(to_sarif(problems, Path.cwd()))
    else:
        print_problems(problems, sys.stdout)
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        served = len(loaded.definitions)
        print(f"{served} API{'s' * (served != 1)}, {errors} errors, {len(problems) - errors} warnings")
    if not loaded.definitions and not loaded.problems:
        raise UsageError(f"{', '.join(repr(str(path)) for path in given.paths)}: there is no definition")
    return 1 if any(problem.severity is Severity.ERROR for problem in problems) else 0


def add_explain(commands: Commands) -> None:
    """Declare the arguments of ``explain``."""
    parser = new_command(commands, "explain", run_explain, "say what a problem means, and how to mend it")
    parser.add_argument(
        "code", nargs="?", metavar="CODE", help="as `lockgate check` prints it (default: list them all)"
    )


def run_explain(given: argparse.Namespace) -> int:
    """Print what a code means."""
    from lockgate.loading.explanations import EXPLANATIONS

    known: Mapping[str, Any] = EXPLANATIONS
    if given.code is None:
        for code, explanation in sorted(known.items()):
            print(f"{code:<28} {explanation.title}")
        return 0
    explanation = known.get(given.code)
    if explanation is None:
        import difflib

        near = difflib.get_close_matches(given.code, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; `lockgate explain` lists them all"
        raise UsageError(f"there is no problem code {given.code!r}{hint}")
    print(f"{given.code}: {explanation.title}\n\n{explanation.meaning}\n\nTo mend it: {explanation.remedy}")
    return 0
