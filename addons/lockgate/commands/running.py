"""Commands that speak to a running gateway: ``lockgate again`` and ``lockgate reload``."""

import argparse
import os
import re
from typing import Final

from lockgate.commands.common import Commands, UsageError, add_format, add_gateway, address_of, new_command, print_json
from lockgate.commands.replay import add_rules

_EXCHANGE: Final = re.compile(r"[\w.-]+")


def add_again(commands: Commands) -> None:
    """Declare the arguments of ``again``."""
    parser = new_command(
        commands,
        "again",
        run_again,
        "send a request that a running gateway had through its definitions again",
        "Exit code: 0 nothing is different, 1 something is, 2 it could not be carried out.",
    )
    parser.add_argument("exchange", metavar="ID|last", help="of the exchange; 'last' is the newest one that is over")
    parser.add_argument("--web", default="127.0.0.1:8081", metavar="HOST:PORT", help="mitmweb (default %(default)s)")
    parser.add_argument("--token", default=None, metavar="TEXT", help="its password (default: $LOCKGATE_WEB_TOKEN)")
    add_rules(parser, "not even dates, random ids and limits")
    add_format(parser, "text", "json")


def run_again(given: argparse.Namespace) -> int:
    """Have it run again, and print what is different; 1 if anything is."""
    from lockgate.pages import client

    token = os.environ.get("LOCKGATE_WEB_TOKEN", "") if given.token is None else given.token
    if not token.isprintable() or not token.isascii():
        raise UsageError("expected a password of printable ASCII characters as --token or in LOCKGATE_WEB_TOKEN")
    if not _EXCHANGE.fullmatch(given.exchange):
        raise UsageError(f"expected the id of an exchange, or last, found {given.exchange!r}")
    query = [("ignore", rule) for rule in given.ignore] + [("values", kinds) for kinds in given.ignore_value]
    if given.ignore_nothing:
        query.append(("off", "dates,ids,limits"))
    try:
        told = client.run_again(address_of(given.web, "--web"), token, given.exchange, query)
    except client.AgainFailedError as error:
        raise UsageError(str(error)) from None
    if given.format == "json":
        print_json(told)
    else:
        for line in client.lines_of(told):
            print(line)
    return 1 if told["comparison"]["different"] else 0


def add_reload(commands: Commands) -> None:
    """Declare the arguments of ``reload``."""
    parser = new_command(
        commands,
        "reload",
        run_reload,
        "tell a running gateway to load its definitions again",
        "Exit code: 0 loaded, 1 something did not load, 2 it could not be carried out.",
    )
    parser.add_argument(
        "--control", default="127.0.0.1:8082", metavar="HOST:PORT", help="its control API (default %(default)s)"
    )
    add_gateway(parser, "its settings, for the secret")
    parser.add_argument("--report", action="store_true", help="print what the last load did, and load nothing")


def run_reload(given: argparse.Namespace) -> int:
    """Have it load them, and print what came of it; 1 if something did not load."""
    from lockgate.control import client
    from lockgate.deployment import read_settings

    settings, _ = read_settings(given.gateway, os.environ)
    try:
        report = client.reload_gateway(
            address_of(given.control, "--control"), settings.secret, only_report=given.report
        )
    except client.ControlFailedError as error:
        raise UsageError(str(error)) from None
    for line in client.report_lines(report):
        print(line)
    return 1 if client.has_errors(report) else 0
