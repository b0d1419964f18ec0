"""The list of exchanges, and one exchange with its trace."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from lockgate.debugging.curl import curl
from lockgate.debugging.exchanges import Entry
from lockgate.debugging.filtering import LINKS, NAMES, Filter, FilterError, Search, parse_filter
from lockgate.debugging.rows import OUTCOMES, Row, row_of, state_of
from lockgate.debugging.timeline import not_run, shortened, with_heads
from lockgate.pages.base import Page, Refused
from lockgate.pages.sources import Sources
from lockgate.trace import Trace
from lockgate.trace_format import Plain, masked, to_plain

ID: Final = r"[0-9a-z-]{1,64}"
ROWS: Final = 100
"""Of one answer, unless it is asked for fewer."""
MOST_ROWS: Final = 500
SLICE_SECONDS: Final = 0.004
"""That a search keeps the loop which carries all exchanges."""
SEARCH_SECONDS: Final = 0.5
"""After which a search answers with what it found; whoever wants more asks where to go on."""
_ROWS_AT_ONCE: Final = 20
_MOST_CHOICES: Final = 500

sources: Final = Sources()


class ExchangesPage(Page):
    """The list."""

    def get(self) -> None:
        """Show it; its script asks for the rows."""
        apis = self.desk.gateway.current.apis.values()
        names = sorted({api.definition.name for api in apis})[:_MOST_CHOICES]
        self.show("exchanges.html", apis=names, links=LINKS, outcomes=OUTCOMES, words=NAMES)


class ExchangePage(Page):
    """One exchange."""

    def get(self, exchange_id: str) -> None:
        """Show it; its script asks for the trace."""
        entry = entry_of(self, exchange_id)
        self.show("exchange.html", exchange=entry.id)


class Exchanges(Page):
    """Rows of the list."""

    async def get(self) -> None:
        """Answer with the newest rows that a filter takes, and where to go on.

        Query: ``filter`` (one line), ``before`` (a number: only older ones), ``limit``. ``next`` in the answer is the
        ``before`` of the next question; null: there are no more.
        """
        wanted = filter_of(self)
        before, limit = _number(self, "before"), min(_number(self, "limit") or ROWS, MOST_ROWS)
        log, paused = self.desk.exchanges, self.desk.breakpoints.pauses
        changes = log.changes  # what comes while this looks is for a listener to tell
        search = Search(log.newest_first(before), wanted, paused, limit)
        loop = asyncio.get_running_loop()
        end = loop.time() + SEARCH_SECONDS
        while not search.go_on(SLICE_SECONDS) and loop.time() < end:  # noqa: ASYNC110 - others take their turn
            await asyncio.sleep(0)
        self.write_json(
            {
                "rows": await rows_of(self, search.found),
                "next": search.last,
                "looked_at": search.looked_at,
                **counts_of(self),
                "changes": changes,
            }
        )


class Exchange(Page):
    """One exchange as data."""

    async def get(self, exchange_id: str) -> None:
        """Answer with the trace, masked, and with what the page shows beside it."""
        self.write_json(await described(self, entry_of(self, exchange_id)))


class TraceFile(Page):
    """A trace to be kept."""

    async def get(self, exchange_id: str) -> None:
        """Answer with the whole trace, masked, as a file."""
        entry = entry_of(self, exchange_id)
        text = await asyncio.to_thread(_file, entry)
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Disposition", f'attachment; filename="trace-{entry.id}.json"')
        self.finish(text)


def _file(entry: Entry) -> bytes:
    return json.dumps(masked(to_plain(entry.trace)), indent=1).encode()


def plain_trace(trace: Trace) -> Plain:
    """A trace for people: masked, bodies cut to what they read."""
    return shortened(masked(with_heads(to_plain(trace), trace.steps)))


def entry_of(page: Page, exchange_id: str) -> Entry:
    """An exchange that is kept.

    Raises:
        Refused: It is not.
    """
    log = page.desk.exchanges
    entry = log.entries.get(exchange_id)
    if entry is None:
        lost = (
            f"; the oldest {log.dropped} are forgotten" if log.dropped else ", and none was forgotten since the start"
        )
        raise Refused(404, f"no exchange {exchange_id!r} is kept{lost}")
    return entry


def filter_of(page: Page) -> Filter:
    """The filter of a question.

    Raises:
        Refused: It is none.
    """
    try:
        return parse_filter(page.get_query_argument("filter", ""))
    except FilterError as error:
        raise Refused(400, str(error)) from None


def _number(page: Page, name: str) -> int | None:
    text = page.get_query_argument(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) > 0):  # noqa: PLR2004
        raise Refused(400, f"expected a number above 0 as {name}, found {text[:40]!r}")
    return int(text)


async def rows_of(page: Page, entries: Sequence[Entry]) -> list[Row]:
    """Rows, made without keeping the loop for long."""
    rows = []
    paused = page.desk.breakpoints.pauses
    for index, entry in enumerate(entries):
        if index % _ROWS_AT_ONCE == _ROWS_AT_ONCE - 1:
            await asyncio.sleep(0)
        rows.append(row_of(entry, paused))
    return rows


def counts_of(page: Page) -> dict[str, Any]:
    """How much there is."""
    log, paused = page.desk.exchanges, page.desk.breakpoints.pauses
    counts = {"kept": len(log.entries), "dropped": log.dropped, "changes": log.changes}
    return {**counts, "paused": list(paused), "run": page.desk.run}


async def described(page: Page, entry: Entry) -> dict[str, Any]:
    """All that the page of an exchange shows."""
    desk, trace = page.desk, entry.trace
    snapshot, pause = desk.gateway.current, desk.breakpoints.pauses.get(entry.id)
    over = entry.over
    state = state_of(entry, desk.breakpoints.pauses)
    links = await sources.links(trace, snapshot)
    plain, out = await asyncio.to_thread(
        lambda: (plain_trace(trace), [one.plain() for one in not_run(trace, snapshot, over=over)])
    )
    return {
        "id": entry.id,
        "number": entry.number,
        "state": state,
        "row": row_of(entry, desk.breakpoints.pauses),
        "trace": plain,
        "left_out": out,
        "sources": links,
        "reloaded": trace.generation != snapshot.generation,
        "curl": curl(plain["original"]),
        "flow": entry.flow,
        "pause": None
        if pause is None
        else {
            "link": pause.place.link,
            "phase": pause.place.phase.value,
            "when": pause.place.when,
            "seconds_left": round(pause.seconds_left, 1),
        },
    }


ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/?", ExchangesPage),
    (rf"/lockgate/exchanges/({ID})", ExchangePage),
    (r"/lockgate/api/exchanges", Exchanges),
    (rf"/lockgate/api/exchanges/({ID})", Exchange),
    (rf"/lockgate/api/exchanges/({ID})/trace", TraceFile),
)
