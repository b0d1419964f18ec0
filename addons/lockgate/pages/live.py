"""What changes, told to pages as it happens: server-sent events, some a second at most.

Whoever listens counts as somebody who looks, so that exchanges may stop at breakpoints for them.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, override

import tornado.iostream

from lockgate.debugging.exchanges import Watch
from lockgate.debugging.filtering import Filter
from lockgate.debugging.rows import state_of
from lockgate.pages.base import Page, Refused
from lockgate.pages.exchanges import ID, ROWS, counts_of, filter_of, rows_of

GAP_SECONDS: Final = 0.3
"""Between two events."""
SILENT_SECONDS: Final = 10.0
"""After which something is sent all the same, so that a listener that is gone is noticed."""
_LONGEST_NUMBER: Final = 18
"""Digits of a count of changes."""


class Live(Page):
    """A stream of events."""

    _closed: asyncio.Event

    @override
    def on_connection_close(self) -> None:
        self._closed.set()

    @override
    def prepare(self) -> None:
        self._closed = asyncio.Event()
        super().prepare()

    async def get(self, exchange_id: str | None = None) -> None:
        """Tell of exchanges that ``filter`` takes: ``{rows, gone, more, kept, dropped, changes, paused}``; or of one.

        Where ``since`` is what ``changes`` was in the last answer, nothing that came between is missed; browsers that
        connect again say it by themselves (``Last-Event-ID``).

        ``gone`` are ids that the filter does not take any longer, ``more`` says that not all changes are told: the
        list has to be asked for anew. Of one exchange, ``{state, steps, paused}``; the stream ends with it.
        """
        wanted, since = filter_of(self), self._since()
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")
        changed = asyncio.Event()
        changed.set()
        watch = self.desk.exchanges.watch(changed.set, since)
        try:
            await self._send(": hello\n\n")
            if exchange_id is None:
                await self._tell_all(watch, changed, wanted)
            else:
                await self._tell_one(exchange_id)
        except (tornado.iostream.StreamClosedError, asyncio.CancelledError):
            pass  # The listener went away, or the gateway ends: Tornado would log a cancelled handler as a crash.
        finally:
            self.desk.exchanges.unwatch(watch)

    def _since(self) -> int | None:
        text = self.request.headers.get("Last-Event-ID") or self.get_query_argument("since", "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            raise Refused(400, f"expected a number of changes as since, found {text[:40]!r}")
        return int(text)

    async def _tell_all(self, watch: Watch, changed: asyncio.Event, wanted: Filter) -> None:
        while not self._closed.is_set():
            changed.clear()
            entries, more = watch.take()
            seen = self.desk.exchanges.changes
            paused = self.desk.breakpoints.pauses
            taken = [entry for entry in entries if wanted.takes(entry, paused)]
            kept = {entry.id for entry in taken}
            newest = sorted(taken, key=lambda entry: -entry.number)[:ROWS]
            await self._event(
                {
                    "rows": await rows_of(self, newest),
                    "gone": [entry.id for entry in entries if entry.id not in kept],
                    "more": more or len(taken) > len(newest),
                    **counts_of(self),
                },
                seen,
            )
            await self._pause(changed)

    async def _tell_one(self, exchange_id: str) -> None:
        """It is looked at again and again, since nobody is told of single steps."""
        said: object = None
        silent = 0.0
        while not self._closed.is_set():
            entry = self.desk.exchanges.entries.get(exchange_id)
            if entry is None:
                await self._event({"state": "forgotten", "steps": 0, "paused": False})
                return
            state = state_of(entry, self.desk.breakpoints.pauses)
            trace = entry.trace
            now = (state, len(trace.steps), trace.upstream_request is None, trace.upstream_response is None)
            if now != said:
                said, silent = now, 0.0
                await self._event({"state": state, "steps": len(trace.steps), "paused": state == "paused"})
            if entry.over:
                return
            silent += GAP_SECONDS
            if silent > SILENT_SECONDS:
                silent = 0.0
                await self._send(": still there\n\n")
            await _first(self._closed.wait, within=GAP_SECONDS)

    async def _pause(self, changed: asyncio.Event) -> None:
        """Wait until there is something to tell, but not less than the gap."""
        await _first(self._closed.wait, within=GAP_SECONDS)
        while not (changed.is_set() or self._closed.is_set()):
            if not await _first(changed.wait, self._closed.wait, within=SILENT_SECONDS):
                await self._send(": still there\n\n")

    async def _event(self, value: dict[str, Any], number: int | None = None) -> None:
        name = "" if number is None else f"id: {number}\n"
        await self._send(f"{name}data: {json.dumps(value)}\n\n")

    async def _send(self, text: str) -> None:
        self.write(text)
        await self.flush()


async def _first(*waits: Callable[[], Any], within: float) -> bool:
    """Whether one of them came within so many seconds. Nothing of the others is left behind."""
    tasks = [asyncio.ensure_future(wait()) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return bool(done)


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/api/live", Live),
    (rf"/lockgate/api/live/({ID})", Live),
)
