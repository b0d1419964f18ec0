"""The original request of an exchange through the definitions that are in force now, and what came out differently."""

import asyncio
from collections.abc import Sequence
from typing import Final

from lockgate.debugging.desk import Desk, NotAgainError
from lockgate.debugging.exchanges import Entry
from lockgate.pages.base import Page, Refused
from lockgate.pages.compare import ID, address_of, comparison, entry_of, wanted

WAITED_SECONDS: Final = 60.0
"""For the new exchange to be over; it goes on beyond."""
LAST: Final = "last"
_LOOKED_SECONDS: Final = 0.05


class Again(Page):
    """Runs one exchange again."""

    async def post(self, exchange_id: str) -> None:
        """Answer when the new exchange is over, or stops at a breakpoint: its id, and what is different."""
        desk = self.desk
        ignoring = wanted(self)
        entry = _last(desk) if exchange_id == LAST else entry_of(desk, exchange_id)
        original = entry.trace.original
        began: list[str] = []
        run = asyncio.ensure_future(desk.run_again(original.request, original.client, began.append))
        run.add_done_callback(_noticed)
        deadline = asyncio.get_running_loop().time() + WAITED_SECONDS
        while not run.done() and not self._is_paused(began) and asyncio.get_running_loop().time() < deadline:
            await asyncio.wait((run,), timeout=_LOOKED_SECONDS)
        if run.done():
            _must_have_run(run)
        elif not began:
            raise Refused(504, f"it did not begin within {WAITED_SECONDS:g} s")
        new = began[0]
        found = None
        if run.done() and new in desk.exchanges.entries:
            found = await comparison(desk, entry, entry_of(desk, new), ignoring)
        self.write_json(
            {
                "before": entry.id,
                "after": new,
                "over": run.done(),
                "paused": self._is_paused(began),
                "address": address_of(entry.id, new),
                "comparison": found,
            }
        )

    def _is_paused(self, began: Sequence[str]) -> bool:
        return bool(began) and began[0] in self.desk.breakpoints.pauses


def _must_have_run(run: "asyncio.Future[str]") -> None:
    try:
        run.result()
    except NotAgainError as error:
        raise Refused(409, f"this request cannot be run again: {error}") from None


def _noticed(run: "asyncio.Future[str]") -> None:
    """Nobody may wait for it any longer."""
    if not run.cancelled():
        run.exception()


def _last(desk: Desk) -> Entry:
    for entry in desk.exchanges.newest_first():
        if entry.over:
            return entry
    raise Refused(404, "no exchange is over yet")


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = ((rf"/lockgate/api/exchanges/({ID})/again", Again),)
