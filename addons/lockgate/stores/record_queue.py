"""Records on their way to where they are kept: a bounded queue, emptied in batches by a thread of its own.

Whoever puts a record in never waits. What does not fit is dropped and counted; what cannot be kept is counted. Encoding
and writing happen in the thread, which runs an event loop for the sink.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from typing import Final, final

from lockgate.services import Record, RecordSink

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of all records that wait, about."""
BATCH: Final = 500
"""Records that a sink gets at once, at most."""
GATHER_SECONDS: Final = 0.1
"""How long the thread lets records gather before it begins to write."""
CLOSE_SECONDS: Final = 5.0
"""How long what waits may take to be written when the gateway ends."""
SILENCE_SECONDS: Final = 60.0
"""Between two lines in the log about the same trouble."""


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """What became of records since the gateway started."""

    written: int = 0
    dropped: int = 0
    """Because too many waited, or because they waited still when the gateway ended."""
    failed: int = 0
    """To be kept."""
    waiting: int = 0

    def __add__(self, other: "RecordCounts") -> "RecordCounts":
        return RecordCounts(
            self.written + other.written,
            self.dropped + other.dropped,
            self.failed + other.failed,
            self.waiting + other.waiting,
        )


@final
class Complaints:
    """Says once in a while what goes wrong again and again."""

    __slots__ = ("_clock", "_next", "_unsaid")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock: Final = clock
        self._next = 0.0
        self._unsaid = 0

    def say(self, what: str, count: int = 1) -> None:
        """Log it, unless that was done a moment ago.

        Args:
            what: With one ``%d`` for how many records it concerns since it was said last.
            count: Of records that it concerns now.
        """
        self._unsaid += count
        now = self._clock()
        if now >= self._next:
            logger.warning(what, self._unsaid)
            self._next = now + SILENCE_SECONDS
            self._unsaid = 0


@final
class RecordQueue:
    """Records that wait for one sink. One thread puts them in."""

    def __init__(self, sink: RecordSink, limit: int, *, most_bytes: int = MOST_BYTES) -> None:
        """Make an empty queue; its thread starts with the first record.

        Args:
            sink: Called in the queue's thread only.
            limit: Records that may wait.
            most_bytes: Of all that wait, about.
        """
        self._sink: Final = sink
        self._limit: Final = limit
        self._most_bytes: Final = most_bytes
        self._waiting: Final[deque[Record]] = deque()
        self._wake: Final = Event()
        self._closing: Final = Event()
        self._thread: Thread | None = None
        self._full: Final = Complaints()
        # Each of these is written by one thread.
        self._bytes_in = self._dropped = 0
        self._bytes_out = self._written = self._failed = 0

    @property
    def counts(self) -> RecordCounts:
        """What became of its records so far."""
        return RecordCounts(self._written, self._dropped, self._failed, len(self._waiting))

    def put(self, record: Record) -> bool:
        """Have a record kept. Never waits.

        Returns:
            False: too many wait, or the queue is closed; the record is dropped.
        """
        if self._closing.is_set():
            self._dropped += 1
            return False
        size = record.size
        if len(self._waiting) >= self._limit or self._bytes_in - self._bytes_out + size > self._most_bytes:
            self._dropped += 1
            self._full.say("%d records dropped: more come than can be written")
            return False
        self._bytes_in += size
        self._waiting.append(record)
        if self._thread is None:
            self._thread = Thread(target=self._run, name="lockgate-records", daemon=True)
            self._thread.start()
        if not self._wake.is_set():
            self._wake.set()
        return True

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Take no more records, and write those that wait.

        Args:
            seconds: How long to wait for that; what is not written by then is dropped.
        """
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
        lost = len(self._waiting)
        if lost:
            self._waiting.clear()
            self._dropped += lost
            logger.warning("%d records dropped: they were not written when the gateway ended", lost)

    def stop(self) -> None:
        """As ``close``, without waiting for what is written: for a queue that another one takes the place of."""
        self._closing.set()
        self._wake.set()

    # in the thread

    def _run(self) -> None:
        try:
            asyncio.run(self._empty())
        except Exception:
            logger.exception("records are not written any more")
            self._closing.set()

    async def _empty(self) -> None:
        # What blocks here blocks nobody: the loop is this thread's own.
        while True:
            self._wake.wait()
            self._wake.clear()
            self._closing.wait(GATHER_SECONDS)
            while batch := self._batch():
                await self._keep(batch)
            if self._closing.is_set() and not self._waiting:
                break
        await self._sink.close()

    def _batch(self) -> list[Record]:
        batch: list[Record] = []
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:
                break
        return batch

    async def _keep(self, batch: list[Record]) -> None:
        try:
            failed = len(await self._sink.write(batch))
        except Exception:
            logger.exception("records could not be written")
            failed = len(batch)
        self._failed += failed
        self._written += len(batch) - failed
        self._bytes_out += sum(record.size for record in batch)
