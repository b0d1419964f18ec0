"""The gateway as mitmproxy's users load it: its options, the definitions they name, the control API, a command."""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import gc
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mitmproxy import command, ctx, exceptions
from mitmproxy.addonmanager import Loader

from lockgate.deployment import Deployment, read_settings
from lockgate.hosts.mitm.addon import GatewayAddon
from lockgate.problems import DefinitionError, Problem
from lockgate.settings import Settings
from lockgate.snapshot import Gateway, ReloadReport, Snapshot

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer

logger = logging.getLogger(__name__)

DEFINITIONS: Final = "lockgate_definitions"
GATEWAY: Final = "lockgate_gateway"
CONTROL: Final = "lockgate_control"


class Lockgate:
    """Loads what its options name, and serves it. Until then, and without definitions, every path is unknown."""

    name = "lockgate-options"

    def __init__(self) -> None:
        self.carrier: Final = GatewayAddon(Gateway(Snapshot((), Settings())))
        self.addons: Final = [self.carrier]
        self.deployment: Deployment | None = None
        self._control: HTTPServer | None = None
        self._running = False

    def load(self, loader: Loader) -> None:
        """Make the options known."""
        loader.add_option(DEFINITIONS, Sequence[str], [], "Files and folders of API definitions that Lockgate serves.")
        loader.add_option(GATEWAY, str, "", "Settings of the gateway: a JSON or YAML file with tyk.conf's names.")
        loader.add_option(CONTROL, str, "", "HOST:PORT of Lockgate's control API; empty for none.")
        self.carrier.load(loader)

    def configure(self, updated: set[str]) -> None:
        """Load what the options name now."""
        if ctx.options.lockgate_definitions and updated & {DEFINITIONS, GATEWAY}:
            self._open()
            if self._running:
                self._listen()
        elif CONTROL in updated and self._running:
            self._listen()

    def running(self) -> None:
        """Start the control API."""
        self._running = True
        if self.deployment is None:
            logger.warning("Lockgate has no definitions; name some in the option %s", DEFINITIONS)
        self._listen()

    def done(self) -> None:
        """Stop the control API."""
        if self._control is not None:
            self._control.stop()
            self._control = None

    @command.command("lockgate.reload")
    def reload_definitions(self) -> str:
        """Load the definitions again, and say what came of it."""
        return _described(self.reload())

    def reload(self) -> ReloadReport:
        """Load the definitions again; what does not load keeps its last good version."""
        if self.deployment is None:
            raise exceptions.CommandError("Lockgate has no definitions to load again")
        report = self.deployment.reload()
        _settle()
        _log(report.problems)
        logger.info(_described(report))
        return report

    def _open(self) -> None:
        file = ctx.options.lockgate_gateway
        try:
            settings, problems = read_settings(Path(file) if file else None, os.environ)
        except DefinitionError as error:
            raise exceptions.OptionsError(str(error)) from error
        self.deployment = Deployment([Path(path) for path in ctx.options.lockgate_definitions], settings, problems)
        self.carrier.gateway = self.deployment.gateway
        _settle()
        _log(self.deployment.problems)
        logger.info(_described(self.deployment.gateway.last_report))

    def _listen(self) -> None:
        self.done()
        address = ctx.options.lockgate_control
        if not address or self.deployment is None:
            return
        from lockgate.control.app import ControlError, start

        try:
            self._control = start(address, self.deployment, self.reload)
        except ControlError as error:
            logger.error("%s", error)


def _settle() -> None:
    """Take what is there now out of the collector's sight until the next reload: it is there to stay.

    Looking through it was 6 % of a request's time with one API (n = 9), and grows with their number. What a reload replaced is collected
    here; exchanges that are under way keep their snapshot alive, and let go of it without the collector.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _log(problems: Sequence[Problem]) -> None:
    # As warnings, whatever they are: mitmproxy ends when an error is logged while it starts.
    for problem in problems:
        logger.warning("%s", problem)


def _described(report: ReloadReport) -> str:
    parts = [f"{len(names)} {what}" for what, names in _counted(report) if names]
    return f"definitions, generation {report.generation}: {', '.join(parts) or 'none'}"


def _counted(report: ReloadReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("loaded", report.loaded),
        ("unchanged", report.unchanged),
        ("kept at their last good version", report.kept),
        ("removed", report.removed),
    )
