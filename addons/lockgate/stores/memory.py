"""What services keep in memory: outside any snapshot, so that it survives a reload."""

from typing import final


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
