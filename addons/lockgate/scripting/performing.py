"""What a process does that runs scripts: one run of one program at a time, each a task.

Whoever imports it gets V8 and an event loop, before the process takes away from itself what it needs for that. Only
``lockgate.hosts.child`` does.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from lockgate.scripting import v8
from lockgate.scripting.isolates import MEMORY, Isolate, UntidyError, read_boot
from lockgate.scripting.replay import Allowance
from lockgate.scripting.rounds import BrokenError, OutOfMemoryError
from lockgate.services import Done

MOST_ISOLATES: Final = 16
"""Of one process; beyond it, the one that was not used for longest is closed."""


@final
class Performer:
    """Does tasks. Header: ``program``, a key; ``seconds``; ``settling``; ``has_sources``; ``keeps``; ``tidies``. Blobs: the code, and the sources.

    The answer's header has ``state`` (``done``, ``unknown``, ``timeout``, ``memory``, ``broken``) and ``used`` seconds, and
    where the sources were new, ``widths``; its blob is the outcome as JSON. ``unknown`` asks for the sources.
    """

    def __init__(self) -> None:
        self._runner: Final = asyncio.Runner()
        self._isolates: Final[OrderedDict[str, Isolate]] = OrderedDict()
        self._runner.get_loop()
        v8.start()
        read_boot()

    def perform(self, header: Mapping[str, Any], blobs: Sequence[bytes]) -> Done:
        """What came of one run."""
        code, *sources = blobs
        key = str(header["program"])
        known = self._isolates.pop(key, None)
        if known is None and not header["has_sources"]:
            return Done({"state": "unknown", "used": 0.0})
        allowance = Allowance(float(header["seconds"]))
        return self._runner.run(self._perform(key, known, header, code.decode(), sources, allowance))

    async def _perform(
        self,
        key: str,
        isolate: Isolate | None,
        header: Mapping[str, Any],
        code: str,
        sources: Sequence[bytes],
        allowance: Allowance,
    ) -> Done:
        widths: Sequence[int] | None = None
        answer: tuple[bytes, ...] = ()
        why = ""
        try:
            if isolate is None:
                isolate = await Isolate.here(MEMORY)
                texts = [one.decode("utf-8", "surrogatepass") for one in sources]
                widths = await isolate.install(texts, allowance, keeps=header["keeps"] is True)
                if header["settling"]:
                    await isolate.settle(str(header["settling"]), allowance)
            answer = ((await isolate.run_text(code, allowance, tidies=header["tidies"] is True)).encode(),)
            state = "done"
        except UntidyError:
            state = "unknown"
        except TimeoutError:
            state = "timeout"
        except OutOfMemoryError:
            state = "memory"
        except BrokenError as error:
            state, why = "broken", str(error)
        if isolate is not None:
            self._keep(key, isolate)
        return Done({"state": state, "why": why, "used": allowance.used, "widths": widths}, answer)

    def _keep(self, key: str, isolate: Isolate) -> None:
        if not isolate.is_usable:
            isolate.close_here()
            return
        self._isolates[key] = isolate
        if len(self._isolates) > MOST_ISOLATES:
            self._isolates.popitem(last=False)[1].close_here()


perform: Final = Performer().perform
