"""JavaScript for a gateway: the engine that its settings name."""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Final, final

from lockgate.hosts.child import SCRIPTS
from lockgate.hosts.children import Children
from lockgate.scripting.embedded import Embedded
from lockgate.scripting.pooled import Pooled
from lockgate.services import HostCalls, ScriptCall, ScriptProgram, ScriptResult, ServiceError
from lockgate.settings import Settings

NICENESS: Final = 10
"""Of V8's threads, beside the event loop: a script that computes for long is not to keep it from its turn."""


@final
class GatewayScripts:
    """Runs scripts, in this process or in others. Engines begin with the first script. All calls are of one event loop."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """Make it.

        Args:
            settings: That count now.
        """
        self._settings: Final = settings
        self._embedded: Embedded | None = None
        self._children: Children | None = None
        self._pooled: Pooled | None = None
        self._is_closed = False

    async def run(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of one call.

        Raises:
            ServiceError: No script could be run.
        """
        if self._is_closed:
            raise ServiceError("the gateway ends")
        engine = self._processes if self._settings().own.scripts.engine == "processes" else self._in_place
        return await engine().run(program, call, hosts)

    def close(self) -> None:
        """End all engines. Scripts under way fail, and so do those that come now."""
        self._is_closed = True
        if self._embedded is not None:
            self._embedded.close()
        if self._children is not None:
            self._children.close()

    def _in_place(self) -> Embedded:
        if self._embedded is None:
            self._embedded = Embedded(prepare=be_nice, most_of_one=min(4, max(2, os.cpu_count() or 1)))
        return self._embedded

    def _processes(self) -> Pooled:
        if self._pooled is None:
            self._children = Children(kind=SCRIPTS)
            self._pooled = Pooled(self._children)
        return self._pooled


def be_nice() -> None:
    """Have this thread, and those that it starts, give way to others, where a thread can have a priority of its own."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
