"""Scripts of trials: always in limited processes, whatever the gateway's own run in. They begin with the first script."""

from collections.abc import Callable
from dataclasses import replace

from lockgate.hosts.scripts import GatewayScripts
from lockgate.settings import Settings


def scripts_of_trials(settings: Callable[[], Settings]) -> GatewayScripts:
    """An engine for scripts that nobody vouches for.

    Args:
        settings: That count now.
    """

    def in_processes() -> Settings:
        known = settings()
        return replace(known, own=replace(known.own, scripts=replace(known.own.scripts, engine="processes")))

    return GatewayScripts(in_processes)
