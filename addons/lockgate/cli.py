"""The entry of the program: ``lockgate COMMAND``. The commands themselves are in ``commands``."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lockgate import __version__
from lockgate.commands import check, replay, running, serve, show, trying
from lockgate.commands.common import USAGE, UsageError
from lockgate.problems import DefinitionError

_ABOUT: Final = "An API gateway inside mitmproxy. Without a command: the demonstration."
_MORE: Final = """\
Exit code: 0 done, 1 something is wrong with what was looked at, 2 it could not be carried out.
`lockgate COMMAND --help` says what a command takes.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit code: 0 done, 1 the command found something wrong, 2 it could not be carried out.
    """
    _prepare_output()
    parser = _parser()
    given = _parsed(parser, arguments)
    try:
        code: int = given.run(given)
        sys.stdout.flush()
    except (UsageError, DefinitionError) as error:
        print(f"lockgate: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader went away, as `head` does.
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        where = f" {error.filename!r}" if error.filename else ""
        print(f"lockgate: cannot read or write{where}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130
    return code


def _prepare_output() -> None:
    """What the terminal's encoding lacks is escaped, and where there is no output nothing is said."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    if sys.stderr is None:
        sys.stderr = sys.stdout
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Where nothing more can be written, it is not tried at exit either."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was given. Positionals may stand on both sides of options, which argparse does not see where they are optional."""
    given, rest = parser.parse_known_args(arguments)
    for name in getattr(given, "positionals", ()):
        if rest and getattr(given, name) is None and not rest[0].startswith("-"):
            setattr(given, name, rest.pop(0))
    if rest:
        getattr(given, "parser", parser).error(f"unrecognized arguments: {' '.join(rest)}")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lockgate", description=_ABOUT, epilog=_MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"lockgate {__version__}")
    parser.set_defaults(run=_demonstrate)
    commands = parser.add_subparsers(metavar="COMMAND")
    serve.add(commands)
    check.add(commands)
    show.add(commands)
    trying.add(commands)
    replay.add(commands)
    running.add_again(commands)
    running.add_reload(commands)
    check.add_explain(commands)
    return parser


def _demonstrate(_: argparse.Namespace) -> int:
    from lockgate.demonstration import demonstrate

    return demonstrate()


if __name__ == "__main__":
    raise SystemExit(main())
