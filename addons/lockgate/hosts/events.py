"""Tells handlers of events, beside the exchanges: a few at a time, and never more than wait."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, final

from lockgate.logs import SCRIPT_LEVELS
from lockgate.services import Event, EventHandler, Outside, Services

MOST_WAITING: Final = 1000
"""Handlings that wait for their turn; what comes then is dropped, and counted."""
AT_ONCE: Final = 4

logger = logging.getLogger(__name__)


@final
class EventQueue:
    """Handles events (``services.Events``). All calls are of one event loop."""

    def __init__(self, most_waiting: int = MOST_WAITING, at_once: int = AT_ONCE) -> None:
        """Begin with nothing.

        Args:
            most_waiting: Handlings that wait.
            at_once: Handlings under way at a time.
        """
        self.outside: Outside | None = None
        """What handlers may use. Set once it is known; before that events are dropped."""
        self.dropped = 0
        self._most_waiting: Final = most_waiting
        self._at_once: Final = at_once
        self._waiting: Final[deque[tuple[Event, EventHandler]]] = deque()
        self._workers: Final[set[asyncio.Task[None]]] = set()

    def fire(self, event: Event, handlers: Sequence[EventHandler]) -> None:
        """Have handlers told, without waiting for them."""
        for handler in handlers:
            if self.outside is None or len(self._waiting) >= self._most_waiting:
                self.dropped += 1
                if self.dropped & (self.dropped - 1) == 0:  # 1, 2, 4, 8, …
                    logger.warning("%d events were dropped: too many wait for their handlers", self.dropped)
                continue
            self._waiting.append((event, handler))
            if len(self._workers) < self._at_once:
                worker = asyncio.get_running_loop().create_task(self._work(), name="lockgate events")
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)

    def close(self) -> None:
        """Nothing is handled any more."""
        self.outside = None
        self._waiting.clear()
        for worker in self._workers:
            worker.cancel()

    async def _work(self) -> None:
        while self._waiting and (outside := self.outside) is not None:
            event, handler = self._waiting.popleft()
            about = f"event handler {handler.name} of {event.kind} in API {event.api_id}"
            try:
                lines, failure = await handler.handle(event, Services(outside))
            except Exception as error:  # noqa: BLE001 - whatever a handler does, others are told all the same
                lines, failure = (), str(error) or repr(error)
            for line in lines:
                logger.log(SCRIPT_LEVELS.get(line.level, logging.INFO), "%s: %s", about, line.text)
            if failure:
                logger.warning("%s failed: %s", about, failure)
