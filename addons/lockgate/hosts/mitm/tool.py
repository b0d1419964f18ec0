"""The gateway in a process of its own: ``lockgate serve``, in mitmdump or in mitmweb."""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mitmproxy import ctx, exceptions, master, options
from mitmproxy.addons.script import ScriptLoader
from mitmproxy.log import ALERT

from lockgate.deployment import read_settings
from lockgate.hosts.mitm.addon import set_defaults
from lockgate.hosts.mitm.dispatch import CachedAddonManager
from lockgate.hosts.mitm.options import Lockgate
from lockgate.logs import LEVELS, handler
from lockgate.settings import Settings

logger = logging.getLogger(__name__)

_NOISY: Final = ("tornado", "asyncio", "hpack", "quic")


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve, and where."""

    definitions: Sequence[Path]
    gateway: Path | None = None
    """Settings of the gateway."""
    listen: tuple[str, int] | None = None
    """For clients; None takes the settings'."""
    control: str | None = None
    """HOST:PORT of the control API; None for none."""
    web: tuple[str, int] = ("127.0.0.1", 8081)
    """Of mitmweb."""
    web_password: str = ""
    """For mitmweb; "" makes a random token."""
    headless: bool = False
    """mitmdump instead of mitmweb."""
    options: Sequence[str] = ()
    """Of mitmproxy, as NAME=VALUE."""
    verbose: bool = False


def serve(serving: Serving) -> int:
    """Serve until SIGTERM or SIGINT.

    Returns:
        The exit code.

    Raises:
        DefinitionError: The settings cannot be used.
    """
    import os

    settings, _ = read_settings(serving.gateway, os.environ)
    _log(settings, verbose=serving.verbose)
    listen = serving.listen or (settings.listen_address or "127.0.0.1", settings.listen_port)
    try:
        return asyncio.run(_main(serving, listen))
    except exceptions.OptionsError as error:
        print(f"lockgate: {error}", file=sys.stderr)  # noqa: T201 - before there is a log
        return 2


def _log(settings: Settings, *, verbose: bool) -> None:
    """Write the log to standard error as the settings want it: ours from ``log_level``, mitmproxy's from ALERT up."""
    level = logging.DEBUG if verbose else LEVELS[settings.log_level]
    root = logging.getLogger()
    root.setLevel(min(level, logging.INFO))
    attached = handler(sys.stderr, settings.log_format, level)
    attached.addFilter(lambda record: record.name.startswith("lockgate") or record.levelno >= ALERT or verbose)
    root.addHandler(attached)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


async def _main(serving: Serving, listen: tuple[str, int]) -> int:
    opts = options.Options()
    running = _make_master(opts, headless=serving.headless)
    lockgate = Lockgate()
    place_gateway(running, lockgate)
    running.addons.add(_Announcement(lockgate, listen))
    opts.set(*serving.options, defer=True)
    opts.update(listen_host=listen[0], listen_port=listen[1])
    if not serving.headless:
        opts.update(web_host=serving.web[0], web_port=serving.web[1], web_password=serving.web_password)
    opts.update(
        lockgate_gateway=str(serving.gateway) if serving.gateway else "",
        lockgate_control=serving.control or "",
    )
    opts.update(lockgate_definitions=[str(path) for path in serving.definitions])
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.shutdown)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        await running.run()
    finally:
        # mitmproxy leaves its listening sockets open.
        await running.addons.get("proxyserver").servers.update([])
    return 0


class _Announcement:
    """Says where to go, once everything listens."""

    name = "lockgate-announcement"

    def __init__(self, lockgate: Lockgate, listen: tuple[str, int]) -> None:
        self._lockgate: Final = lockgate
        self._listen: Final = listen

    def running(self) -> None:
        deployment = self._lockgate.deployment
        count = len(deployment.gateway.current.apis) if deployment is not None else 0
        host, port = self._listen
        logger.log(ALERT, "serving %d API%s on http://%s:%d", count, "" if count == 1 else "s", host, port)
        web_url = getattr(ctx.master, "web_url", None)
        if web_url:
            logger.log(ALERT, "mitmweb: %s", web_url)
            if self._lockgate.carrier.desk is not None:
                logger.log(ALERT, "pages of Lockgate: %s", urlsplit(web_url)._replace(path="/lockgate/").geturl())


def _make_master(opts: options.Options, *, headless: bool) -> master.Master:
    if headless:
        from mitmproxy.tools.dump import DumpMaster

        return DumpMaster(opts, with_termlog=False, with_dumper=False)
    from mitmproxy.tools.web.master import WebMaster

    return WebMaster(opts, with_termlog=False)


def place_gateway(running: master.Master, lockgate: Any) -> None:
    """Add the gateway to a master where scripts are: before views, interception and dumpers see a flow.

    Args:
        running: Not yet running.
        lockgate: The addon.
    """
    manager = running.addons
    manager.add(lockgate)
    chain = manager.chain
    after = 1 + next(index for index, addon in enumerate(chain) if isinstance(addon, ScriptLoader))
    chain.insert(after, chain.pop())
    if isinstance(manager, CachedAddonManager):
        manager.invalidate()
    # Options of addons that come later in the chain are known only now.
    set_defaults(running.options)


def with_gateway[M: master.Master](kind: type[M], lockgate: Any) -> type[M]:
    """A master class of mitmproxy's with the gateway in it, for ``mitmproxy.tools.main.run``."""

    class WithGateway(kind):  # type: ignore[valid-type, misc]
        """``kind``, with the gateway."""

        def __init__(self, opts: options.Options, *arguments: Any, **named: Any) -> None:
            super().__init__(opts, *arguments, **named)
            place_gateway(self, lockgate)

    return WithGateway
