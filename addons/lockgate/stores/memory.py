"""What services keep in memory: outside any snapshot, so that it survives a reload."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from lockgate.identity.keys import handle_of
from lockgate.services import Clock, Count, FoundKey, Limit, Taken
from lockgate.session import Session


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
