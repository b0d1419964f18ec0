"""The gateway as mitmproxy's users load it: its options, the definitions they name, the control API, a command."""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import asyncio
import functools
import gc
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mitmproxy import command, ctx, exceptions
from mitmproxy.addonmanager import Loader

from lockgate.debugging.desk import Desk
from lockgate.deployment import Deployment, Prepared, read_settings
from lockgate.hosts.mitm.addon import GatewayAddon
from lockgate.hosts.mitm.commands import BreakpointCommands
from lockgate.problems import DefinitionError, Problem
from lockgate.settings import Settings
from lockgate.snapshot import Gateway, ReloadReport, Snapshot
from lockgate.watching import changes

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer

logger = logging.getLogger(__name__)

DEFINITIONS: Final = "lockgate_definitions"
GATEWAY: Final = "lockgate_gateway"
CONTROL: Final = "lockgate_control"
MANY: Final = 500
"""APIs that a reload has to have loaded to be worth ``_settle``: what exchanges under way hold then is never collected."""


class Lockgate:
    """Loads what its options name, and serves it. Until then, and without definitions, every path is unknown."""

    name = "lockgate-options"

    def __init__(self) -> None:
        self.carrier: Final = GatewayAddon(Gateway(Snapshot((), Settings())))
        self.addons: Final = [self.carrier, BreakpointCommands(self.carrier)]
        self.deployment: Deployment | None = None
        self._control: HTTPServer | None = None
        self._running = False
        self._reloading: Final = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._stop_watching = asyncio.Event()

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
                self._watch()
        elif CONTROL in updated and self._running:
            self._listen()

    def running(self) -> None:
        """Start the control API, and watch what was loaded."""
        self._running = True
        self._show_pages()
        if self.deployment is None:
            logger.warning("Lockgate has no definitions; name some in the option %s", DEFINITIONS)
        self._listen()
        self._watch()

    def _show_pages(self) -> None:
        """Keep exchanges for people to look at, where there are people: in mitmweb and mitmproxy."""
        carrier = self.carrier
        if ctx.master.addons.get("view") is None or not carrier.gateway.current.settings.own.debug.pages:
            return
        desk = carrier.desk = Desk(carrier.gateway, carrier.outside, carrier.again.run)
        carrier.stop_at(desk.breakpoints, ctx.master)
        desk.trial_scripts = carrier.trial_scripts
        self._arrange(desk)
        app = getattr(ctx.master, "app", None)
        if app is not None:
            from lockgate.hosts.mitm.pages import install

            install(app, desk)

    def _arrange(self, desk: Desk) -> None:
        """Have the pages work with what the options name now."""
        debug = self.carrier.gateway.current.settings.own.debug
        desk.gateway, desk.deployment = self.carrier.gateway, self.deployment
        desk.reload = None if self.deployment is None else self.reload_beside
        desk.hosts = tuple(name.lower() for name in debug.hosts)
        desk.exchanges.bound(debug.exchanges, debug.max_bytes)

    def done(self) -> None:
        """Stop both."""
        self._stop_watching.set()
        self._close()

    def _close(self) -> None:
        if self._control is not None:
            self._control.stop()
            self._control = None

    @command.command("lockgate.reload")
    def reload_definitions(self) -> str:
        """Load the definitions again, and say what came of it."""
        return _described(self.reload())

    def reload(self) -> ReloadReport:
        """Load the definitions again, at once; what does not load keeps its last good version.

        The loop waits: for commands, which mitmproxy cannot await.
        """
        deployment = self._opened()
        deployment.take_staged()
        return self._published(deployment, deployment.prepare())

    async def reload_beside(self) -> ReloadReport:
        """Load the definitions again beside the traffic, and swap; what does not load keeps its last good version."""
        deployment = self._opened()
        async with self._reloading:
            deployment.take_staged()
            return self._published(deployment, await asyncio.to_thread(deployment.prepare))

    def _opened(self) -> Deployment:
        if self.deployment is None:
            raise exceptions.CommandError("Lockgate has no definitions to load again")
        return self.deployment

    def _published(self, deployment: Deployment, prepared: Prepared) -> ReloadReport:
        report = deployment.publish(prepared)
        if len(report.loaded) >= MANY:
            _settle()
        _log(report.problems)
        logger.info(_described(report))
        return report

    def _watch(self) -> None:
        """Reload whenever something that was loaded changes on disk, unless the settings say not to."""
        self._stop_watching.set()
        deployment = self.deployment
        if deployment is None or not deployment.settings.own.watch:
            return
        self._stop_watching = asyncio.Event()
        self._watching = asyncio.get_running_loop().create_task(self._follow(deployment, self._stop_watching))

    async def _follow(self, deployment: Deployment, stop: asyncio.Event) -> None:
        while not stop.is_set():
            watched = deployment.watched
            async for _ in changes((*watched, *self._settings_file()), stop):
                await self._follow_change(deployment)
                if deployment.watched != watched:
                    break

    async def _follow_change(self, deployment: Deployment) -> None:
        async with self._reloading:
            try:
                prepared = await asyncio.to_thread(deployment.prepare)
            except Exception:
                logger.exception("the definitions changed and could not be loaded again; the old ones go on")
                return
            before = (deployment.settings, deployment.problems)
            if prepared.report.changes_something or before != (prepared.settings, prepared.report.problems):
                self._published(deployment, prepared)

    def _settings_file(self) -> tuple[Path, ...]:
        file = ctx.options.lockgate_gateway
        return (Path(file),) if file else ()

    def _open(self) -> None:
        file = ctx.options.lockgate_gateway
        source = functools.partial(read_settings, Path(file) if file else None, os.environ)
        try:
            settings, problems = source()
        except DefinitionError as error:
            raise exceptions.OptionsError(str(error)) from error
        paths = [Path(path) for path in ctx.options.lockgate_definitions]
        self.deployment = Deployment(paths, settings, problems, source)
        self.carrier.gateway = self.deployment.gateway
        if self.carrier.desk is not None:
            self._arrange(self.carrier.desk)
        _settle()
        _log(self.deployment.problems)
        logger.info(_described(self.deployment.gateway.last_report))

    def _listen(self) -> None:
        self._close()
        address = ctx.options.lockgate_control
        if not address or self.deployment is None:
            return
        from lockgate.control.app import ControlError, start
        from lockgate.control.debug import Trials

        try:
            carrier = self.carrier
            self._control = start(
                address,
                self.deployment,
                self.reload_beside,
                counters=carrier.recorder.plain,
                keys=carrier.keys,
                trials=Trials(carrier.outside, carrier.trial_scripts),
            )
        except ControlError as error:
            logger.error("%s", error)


def _settle() -> None:
    """Take what is there now out of the collector's sight: it is there to stay.

    Looking through it was 6 % of a request's time with one API (n = 9), and grows with their number.
    """
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
