"""What services keep in memory: outside any snapshot, so that it survives a reload."""

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from lockgate.identity.keys import handle_of
from lockgate.services import Clock, Count, FoundKey, Limit, ServiceError, Taken
from lockgate.session import Session

MOST_STORED_BYTES: Final = 64 * 1024 * 1024
"""Of what scripts keep."""
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,20}")
_INT64: Final = 1 << 63


@final
class MemoryTurns:
    """Round robin by name."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next_turn(self, name: str, count: int) -> int:
        """From 0 below ``count``, each time the next one of ``name``."""
        turn = (self._last.get(name, -1) + 1) % count
        self._last[name] = turn
        return turn


@final
class MemoryKeys:
    """Keys with their sessions, by handle (``identity.keys.KeyStore``)."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: Final[dict[str, tuple[str, Session]]] = {}

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        """The first of these keys that there is."""
        for name in names:
            kept = self._kept.get(handle_of(name))
            if kept is not None:
                return FoundKey(name, kept[1])
        return None

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Keep other metadata for a key. Of a key that is gone nothing is kept."""
        handle = handle_of(name)
        kept = self._kept.get(handle)
        if kept is not None:
            shown, session = kept
            document = {**session.document, "meta_data": meta_data}
            self._kept[handle] = (shown, replace(session, meta_data=meta_data, document=document))

    async def get(self, handle: str) -> Session | None:
        """A key's session."""
        kept = self._kept.get(handle)
        return None if kept is None else kept[1]

    async def keep(self, handle: str, shown: str, session: Session) -> None:
        """Keep a key, or another session for it."""
        self._kept[handle] = (shown, session)

    async def forget(self, handle: str) -> bool:
        """Forget a key. False: there was none."""
        return self._kept.pop(handle, None) is not None

    async def shown(self) -> Sequence[str]:
        """Names or hashes, in the order in which they were kept."""
        return [shown for shown, _ in self._kept.values()]

    async def handles(self, shown: str) -> Sequence[str]:
        """The keys that are shown as this."""
        return [handle for handle, kept in self._kept.items() if kept[0] == shown]


@dataclass(slots=True)
class _Window:
    ends_at: float
    """0: never."""
    used: int = 0


@final
class MemoryLimits:
    """Counts of requests in windows, by owner and scope (``identity.keys.CountStore``)."""

    __slots__ = ("_clock", "_windows")

    def __init__(self, clock: Clock) -> None:
        """Count from nothing.

        Args:
            clock: For the ends of windows.
        """
        self._clock: Final = clock
        self._windows: Final[dict[str, dict[str, _Window]]] = {}

    async def take(self, limits: Sequence[Limit]) -> Taken:
        """Count one request in all of ``limits``, up to the first one that is used up."""
        counts: list[Count] = []
        for index, limit in enumerate(limits):
            count = self._take(limit)
            retries = limit.retries if limit.retry_seconds > 0 else 0
            while count.left < 0 and retries > 0:
                retries -= 1
                await asyncio.sleep(limit.retry_seconds)
                count = self._take(limit)
            if count.left < 0:
                return Taken((*counts, Count(0, count.renews_at)), index)
            counts.append(count)
        return Taken(tuple(counts))

    def _take(self, limit: Limit) -> Count:
        """One request more; ``left`` is below 0 where it is one too many, and did not count."""
        now = self._clock.now()
        scopes = self._windows.setdefault(limit.owner, {})
        window = scopes.get(limit.scope)
        if window is None or 0 < window.ends_at <= now:
            window = scopes[limit.scope] = _Window(now + limit.seconds if limit.seconds > 0 else 0.0)
        if window.used >= limit.size:
            return Count(-1, window.ends_at)
        window.used += 1
        return Count(limit.size - window.used, window.ends_at)

    async def look(self, owner: str, scope: str) -> tuple[int, float] | None:
        """How many requests an open window has let pass, and when it ends; None: none is open."""
        window = self._windows.get(owner, {}).get(scope)
        if window is None or 0 < window.ends_at <= self._clock.now():
            return None
        return window.used, window.ends_at

    async def give_back(self, owner: str) -> None:
        """Forget all counts of an owner."""
        self._windows.pop(owner, None)


@final
class MemoryStorage:
    """What scripts keep: texts by name (``services.Storage``). Bounded: when it is full, nothing new is kept."""

    __slots__ = ("_clock", "_kept", "_most_bytes", "_size")

    def __init__(self, clock: Clock, most_bytes: int = MOST_STORED_BYTES) -> None:
        """Keep nothing yet.

        Args:
            clock: For ends of times to live.
            most_bytes: Of all names and texts together, about.
        """
        self._clock: Final = clock
        self._most_bytes: Final = most_bytes
        self._kept: Final[dict[str, tuple[str, float]]] = {}
        """Text, and when it ends; 0: never."""
        self._size = 0

    async def get(self, name: str) -> str | None:
        """What is kept; None: nothing."""
        kept = self._found(name)
        return None if kept is None else kept[0]

    async def put(self, name: str, text: str, seconds: float, *, only_new: bool = False) -> bool:
        """Keep a text.

        Raises:
            ServiceError: There is no room.
        """
        if self._found(name) is not None and only_new:
            return False
        self._keep(name, text, self._clock.now() + seconds if seconds > 0 else 0.0)
        return True

    async def forget(self, name: str) -> None:
        """Keep it no more."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._size -= _size_of(name, kept[0])

    async def time_left(self, name: str) -> int:
        """Whole seconds; -1: for ever, -2: nothing is kept."""
        kept = self._found(name)
        if kept is None:
            return -2
        return math.ceil(kept[1] - self._clock.now()) if kept[1] else -1

    async def count(self, name: str, seconds: float) -> int:
        """One more than the number that is kept.

        Raises:
            ServiceError: Something else than a number is kept, or there is no room.
        """
        text, ends_at = self._found(name) or ("0", self._clock.now() + seconds if seconds > 0 else 0.0)
        if not _WHOLE.fullmatch(text) or not -_INT64 <= int(text) + 1 < _INT64:
            raise ServiceError("the value is not an integer or out of range")
        number = int(text) + 1
        self._keep(name, str(number), ends_at)
        return number

    def _found(self, name: str) -> tuple[str, float] | None:
        kept = self._kept.get(name)
        if kept is not None and 0 < kept[1] <= self._clock.now():
            del self._kept[name]
            self._size -= _size_of(name, kept[0])
            return None
        return kept

    def _keep(self, name: str, text: str, ends_at: float) -> None:
        more = self._growth(name, text)
        if self._size + more > self._most_bytes:
            for other in tuple(self._kept):
                self._found(other)
            more = self._growth(name, text)
            if self._size + more > self._most_bytes:
                raise ServiceError("the store is full")
        self._kept[name] = (text, ends_at)
        self._size += more

    def _growth(self, name: str, text: str) -> int:
        before = self._kept.get(name)
        return _size_of(name, text) - (0 if before is None else _size_of(name, before[0]))


def _size_of(name: str, text: str) -> int:
    """About how many bytes an entry takes."""
    return len(name.encode("utf-8", "surrogatepass")) + len(text.encode("utf-8", "surrogatepass")) + 200
