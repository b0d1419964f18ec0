"""``lockgate serve``: the gateway in mitmproxy's programs."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from lockgate.commands.common import Commands, UsageError, add_gateway, address_of, must_exist, new_command

_DEFAULT: Final = Path("definitions")


def add(commands: Commands) -> None:
    """Declare the arguments."""
    parser = new_command(commands, "serve", run, "run the gateway in mitmweb, or in mitmdump with --headless")
    parser.add_argument(
        "--definitions",
        action="append",
        type=Path,
        metavar="PATH",
        help="file or folder; repeatable (default: definitions)",
    )
    add_gateway(parser, "settings, JSON or YAML, with tyk.conf's names")
    parser.add_argument("--listen", default=None, metavar="HOST:PORT", help="for clients (default 127.0.0.1:8080)")
    parser.add_argument("--control", default=None, metavar="HOST:PORT", help="the control API (default: none)")
    parser.add_argument("--web", default="127.0.0.1:8081", metavar="HOST:PORT", help="mitmweb (default %(default)s)")
    parser.add_argument("--web-password", default="", metavar="TEXT", help="for mitmweb (default: a random token)")
    parser.add_argument("--headless", action="store_true", help="mitmdump instead of mitmweb")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes; more than 1 is not built yet")
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="a mitmproxy option; repeatable"
    )


def run(given: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if given.workers != 1:
        raise UsageError(f"expected --workers 1, found {given.workers}: more than one process is not built yet")
    paths = given.definitions or [_DEFAULT]
    if not given.definitions and not _DEFAULT.exists():
        raise UsageError(f"there is no folder {str(_DEFAULT)!r} here; name yours with --definitions PATH")
    must_exist(paths)
    _optimised(given)
    from lockgate.hosts.mitm.tool import Serving, serve

    return serve(
        Serving(
            definitions=tuple(paths),
            gateway=given.gateway,
            listen=address_of(given.listen, "--listen") if given.listen else None,
            control=given.control,
            web=address_of(given.web, "--web"),
            web_password=given.web_password,
            headless=given.headless,
            options=tuple(given.set),
        )
    )


def _optimised(given: argparse.Namespace) -> None:
    """Start again with -O, which takes mitmproxy's type checks out of the way of every request."""
    if __debug__ and given.headless and "LOCKGATE_NO_OPTIMISE" not in os.environ:
        os.execv(sys.executable, [sys.executable, "-O", "-m", "lockgate.cli", *sys.argv[1:]])  # noqa: S606
