"""The exchanges that the pages show: bounded in number and in bytes, the oldest forgotten and counted.

Taking note of an exchange is done for each of them, on the loop that carries them all: it keeps a reference to the trace
that there is anyway. What people see of it (``rows``) is made when somebody looks.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, Final, final

from lockgate.exchange import Request, Response
from lockgate.trace import Trace

MOST: Final = 10_000
"""Exchanges that are kept."""
MAX_BYTES: Final = 256 * 1024 * 1024
"""Of their bodies."""
MOST_TOLD: Final = 500
"""Exchanges that a watch collects; who has more to look at asks for the newest instead."""
MOST_LASTING: Final = 1000
"""Exchanges that are kept beyond the others because they are still under way."""
_NUMBER: Final = attrgetter("number")


@dataclass(slots=True, eq=False)
class Entry:
    """One exchange, under way or over."""

    number: int
    """Counts from 1, in the order in which they began. One that outlasts the log's reach gets a new one at its end."""
    id: str
    """Of the exchange."""
    trace: Trace
    """As far as it goes."""
    flow: str = ""
    """Of the host, that carries it."""
    over: bool = False
    size: int = 0
    """Of its bodies, in bytes; known when it is over."""
    row: Mapping[str, Any] | None = None
    """What lists show of it. Kept once it is over and somebody looked."""
    change: int = 0
    """Number of its last change, as ``ExchangeLog.changes`` counts."""


@dataclass(slots=True, eq=False)
class Watch:
    """What changed since somebody looked last."""

    told: Callable[[], None]
    """Called with the first change."""
    changed: dict[str, Entry] = field(default_factory=dict)
    """By id of the exchange."""
    too_many: bool = False
    """More changed than ``MOST_TOLD``: the rest is not told."""

    def note(self, entry: Entry) -> None:
        """Something changed."""
        if not self.changed and not self.too_many:
            self.told()
        if len(self.changed) < MOST_TOLD or entry.id in self.changed:
            self.changed[entry.id] = entry
        else:
            self.too_many = True

    def take(self) -> tuple[Sequence[Entry], bool]:
        """What changed, and whether that is not all; from here on it counts as seen."""
        taken = tuple(self.changed.values()), self.too_many
        self.changed.clear()
        self.too_many = False
        return taken


@final
class ExchangeLog:
    """What came, the newest last."""

    def __init__(self, most: int = MOST, max_bytes: int = MAX_BYTES) -> None:
        """Begin with nothing.

        Args:
            most: Exchanges that are kept.
            max_bytes: Of their bodies together; the newest exchange is kept whatever its size.
        """
        self._most = most
        self._max_bytes = max_bytes
        self._entries: Final[dict[str, Entry]] = {}
        self._order: Final[deque[Entry]] = deque()
        # Under way, and older than the log reaches: they are looked at as long as they last.
        self._lasting: Final[dict[str, Entry]] = {}
        self._watches: Final[list[Watch]] = []
        self._count = 0
        self.changes = 0
        """Changes of all exchanges so far."""
        self.bytes = 0
        """Of the bodies of all that are over."""
        self.dropped = 0
        """Exchanges that were forgotten."""

    def bound(self, most: int, max_bytes: int) -> None:
        """Keep so many from now on. See ``__init__``."""
        self._most, self._max_bytes = most, max_bytes
        self._make_room()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """By id, the oldest first."""
        return self._entries

    def newest_first(self, before: int | None = None) -> Sequence[Entry]:
        """Those that are kept now.

        Args:
            before: Only those with a lower number; None gives all.
        """
        found = list(self._order)
        if before is not None:
            del found[bisect_left(found, before, key=_NUMBER) :]
        found.reverse()
        return found

    def began(self, trace: Trace, exchange_id: str, flow: str = "") -> Entry:
        """Take note of an exchange.

        Args:
            trace: Grows while it is under way.
            exchange_id: Its id.
            flow: Id of the host's flow that carries it.
        """
        self._count += 1
        entry = self._entries[exchange_id] = Entry(self._count, exchange_id, trace, flow)
        self._order.append(entry)
        if len(self._order) > self._most:
            self._make_room()
        self._note(entry)
        return entry

    def changed(self, exchange_id: str) -> None:
        """Its trace grew, or it was paused or went on."""
        entry = self._entries.get(exchange_id)
        if entry is not None:
            self._note(entry)

    def ended(self, exchange_id: str) -> None:
        """It is over."""
        entry = self._entries.get(exchange_id)
        if entry is None or entry.over:
            return
        entry.over = True
        if exchange_id in self._lasting:
            del self._lasting[exchange_id]
            self._count += 1
            entry.number = self._count
            self._order.append(entry)
        entry.size = _size(entry.trace)
        self.bytes += entry.size
        if self.bytes > self._max_bytes or len(self._order) > self._most:
            self._make_room()
        self._note(entry)

    def watch(self, told: Callable[[], None], since: int | None = None) -> Watch:
        """Begin to be told of changes; whoever begins has to end it (``unwatch``).

        Args:
            told: Called with the first change after each look.
            since: What ``changes`` was when somebody looked last: what changed after that is told first. None: from now
                on.
        """
        watch = Watch(told)
        if since is not None and since != self.changes:
            if since > self.changes:
                watch.too_many = True  # it counted the changes of another process
            for entry in reversed(self._entries.values()):
                if entry.change > since:
                    watch.note(entry)
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Have nothing more told to it."""
        self._watches.remove(watch)

    @property
    def watched(self) -> int:
        """How many watch."""
        return len(self._watches)

    def _note(self, entry: Entry) -> None:
        self.changes += 1
        entry.change = self.changes
        for watch in self._watches:
            watch.note(entry)

    def _make_room(self) -> None:
        order = self._order
        while len(order) > self._most or (self.bytes > self._max_bytes and len(order) > 1):
            oldest = order.popleft()
            if oldest.over:
                self.bytes -= oldest.size
                self.dropped += 1
                del self._entries[oldest.id]
            else:
                self._lasting[oldest.id] = oldest
        while len(self._lasting) > MOST_LASTING:
            forgotten = next(iter(self._lasting))
            del self._lasting[forgotten], self._entries[forgotten]
            self.dropped += 1


def _size(trace: Trace) -> int:
    """Bytes of the bodies that a trace keeps, each counted once."""
    request, response = trace.original.request, None
    total = _length(request) + _length(trace.upstream_response)
    seen: Request | Response | None = trace.upstream_response
    for step in trace.steps:
        after = step.after
        if after is step.before:
            continue
        if after.request is not request:
            total += 0 if after.request.body is request.body else _length(after.request)
            request = after.request
        if after.response is not response:
            response = after.response
            total += 0 if response is None or (seen is not None and response.body is seen.body) else _length(response)
            seen = response
    calls = chain.from_iterable(step.calls for step in trace.steps if step.calls)
    return total + sum(_call_length(call.answer) for call in calls)


def _length(message: Request | Response | None) -> int:
    body = None if message is None else message.body
    return len(body) if isinstance(body, bytes) else 0


def _call_length(answer: object) -> int:
    """Of what a call of a service brought."""
    if not isinstance(answer, Mapping):
        return 0
    values = (answer.get("body"), answer.get("text"))
    return sum(len(value) for value in values if isinstance(value, bytes | str))
