"""``lockgate replay``: recorded exchanges through changed definitions."""

import argparse
import os
import sys
from pathlib import Path

from lockgate.commands.common import (
    USAGE,
    Commands,
    UsageError,
    add_format,
    add_gateway,
    must_exist,
    new_command,
    print_problems,
)

_MORE = """\
Exit code: 0 all the same; 1 something is different; 2 it could not be carried
out, no exchange was found or, with --against, none is for an API of the
definitions; or, where nothing else is different, some exchanges could not be
replayed, or a recording breaks off.

lockgate replay yesterday.flow --definitions changed
lockgate replay browser.har --definitions changed --against definitions
lockgate replay yesterday.flow --definitions changed --format html > changed.html
"""


def add(commands: Commands) -> None:
    """Declare the arguments."""
    brief = "run recorded exchanges through definitions, and say what is different"
    parser = new_command(commands, "replay", run, brief, _MORE)
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING", help="flow file, HAR, traces as JSON")
    parser.add_argument(
        "--definitions",
        action="append",
        type=Path,
        required=True,
        metavar="NEW",
        help="file or folder that they are run through; repeatable",
    )
    parser.add_argument(
        "--against",
        action="append",
        type=Path,
        default=[],
        metavar="OLD",
        help="definitions to compare with (default: what was recorded)",
    )
    add_gateway(parser)
    parser.add_argument("--upstream", default="", metavar="URL", help="a live one (default: the recorded answers)")
    add_rules(parser, "not even Date and ids that the gateway drew")
    parser.add_argument("--filter", default="", metavar="EXPR", help="of mitmproxy's: only exchanges that it finds")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N exchanges")
    parser.add_argument(
        "--skip-missing",
        action="store_true",
        help="exit 0 though some could not be replayed, or a recording breaks off",
    )
    add_format(parser, "text", "json", "junit", "html")


def add_rules(parser: argparse.ArgumentParser, nothing: str) -> None:
    """The options that say what does not count.

    Args:
        parser: Of the command.
        nothing: What ``--ignore-nothing`` counts too.
    """
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="RULE",
        help="header:NAME, json:/POINTER, status, url, method, host, address, body or presence; repeatable",
    )
    parser.add_argument(
        "--ignore-value",
        action="append",
        default=[],
        metavar="KINDS",
        help="date, uuid, timestamp, number, hex, ip, or re:PATTERN; repeatable",
    )
    parser.add_argument("--ignore-nothing", action="store_true", help=nothing)


def run(given: argparse.Namespace) -> int:
    """Replay, and print the report."""
    from lockgate.debugging.ignoring import DEFAULTS, RuleError, Rules, rules_of
    from lockgate.debugging.recordings import RecordingError
    from lockgate.debugging.report_forms import FORMATS
    from lockgate.hosts.replaying import ReplayError, Replaying, replay_files

    must_exist([*given.recordings, *given.definitions, *given.against])
    try:
        rules = rules_of(given.ignore, given.ignore_value, Rules() if given.ignore_nothing else DEFAULTS)
        paths = (given.recordings, given.definitions, given.against)
        report, problems = replay_files(
            Replaying(*paths, given.gateway, given.upstream, rules, given.filter, given.limit, os.environ)
        )
    except (RecordingError, ReplayError, RuleError) as error:
        raise UsageError(str(error)) from None
    print_problems(problems, sys.stderr)
    sys.stdout.write(FORMATS[given.format](report))
    if report.different:
        return 1
    if report.total == 0 or (given.against and report.unrouted == report.total):
        return USAGE
    return USAGE if (report.not_replayed or report.faults) and not given.skip_missing else 0
