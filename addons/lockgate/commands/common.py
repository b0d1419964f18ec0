"""What commands share: exit codes, mistakes of the command line, files that it names, problems, output."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from lockgate.problems import Problem

if TYPE_CHECKING:
    from lockgate.snapshot import Snapshot

USAGE: Final = 2
"""Exit code for a command line that cannot be carried out."""

_NO_HOST: Final = frozenset(" /?#@\\\"'")

type Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name
"""Where a command is added."""
type Run = Callable[[argparse.Namespace], int]
"""Does what was asked for; gives the exit code. Raises UsageError, DefinitionError."""


class UsageError(ValueError):
    """What was asked for cannot be done as asked; the message says why."""


def new_command(commands: Commands, name: str, run: Run, brief: str, more: str = "") -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: To which.
        name: As it is written.
        run: Does it.
        brief: One line for the list of commands.
        more: What stands below the arguments: exit codes and examples.
    """
    parser = commands.add_parser(
        name,
        help=brief,
        description=f"{brief[0].upper()}{brief[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_gateway(parser: argparse.ArgumentParser, what: str = "settings of the gateway, JSON or YAML") -> None:
    """The option that names the settings."""
    parser.add_argument("--gateway", type=Path, metavar="FILE", help=what)


def add_format(parser: argparse.ArgumentParser, *names: str) -> None:
    """The option that chooses how the result is printed; the first name is the default."""
    parser.add_argument("--format", choices=names, default=names[0], help="of what is printed (default: %(default)s)")


def address_of(text: str, option: str) -> tuple[str, int]:
    """Host and port.

    Raises:
        UsageError: It is not HOST:PORT.
    """
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else -1  # noqa: PLR2004
    if not host.strip("[]") or not 0 <= number <= 65535 or not _NO_HOST.isdisjoint(host) or not host.isprintable():  # noqa: PLR2004
        raise UsageError(f"expected HOST:PORT for {option}, found {text!r}")
    return host.strip("[]"), number


def must_exist(paths: Iterable[Path]) -> None:
    """See that files and folders are there.

    Raises:
        UsageError: One is not.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or folder {str(path)!r}")


def argument_bytes(text: str) -> bytes:
    """An argument's own bytes, or those of the file that it names with "@".

    Raises:
        UsageError: The file cannot be read.
    """
    return file_bytes(Path(text[1:])) if text.startswith("@") else text.encode("utf-8", "surrogateescape")


def file_bytes(path: Path) -> bytes:
    """What is in a file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from None


def print_problems(problems: Sequence[Problem], file: TextIO) -> None:
    """One on each line."""
    for problem in problems:
        print(problem, file=file)


def print_json(value: Any) -> None:
    """For programs."""
    print(json.dumps(value, indent=1))


def snapshot_of(path: Path, gateway: Path | None) -> "tuple[Snapshot, tuple[Problem, ...]]":
    """The definitions of a file or folder as they would be served, and what is wrong with them.

    Raises:
        UsageError: There is none that could be served; the problems were printed.
        DefinitionError: The settings cannot be used.
    """
    from lockgate.deployment import read_settings
    from lockgate.loading import load
    from lockgate.snapshot import Snapshot

    must_exist([path])
    settings, found = read_settings(gateway, os.environ)
    loaded = load([path], settings)
    problems = (*found, *loaded.problems)
    if not loaded.definitions:
        print_problems(problems, sys.stderr)
        raise UsageError(f"{str(path)!r} holds no definition that can be served")
    return Snapshot(loaded.definitions, settings), problems
