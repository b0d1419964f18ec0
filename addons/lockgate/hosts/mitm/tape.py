"""Keeps the beginning of a body that streams past, for a detailed record."""

from typing import Final, final


@final
class Tape:
    """What mitmproxy calls with each piece of a body on its way."""

    __slots__ = ("_kept", "_limit")

    def __init__(self, limit: int) -> None:
        """Begin.

        Args:
            limit: Bytes to keep.
        """
        self._limit: Final = limit
        self._kept: Final = bytearray()

    def __call__(self, data: bytes) -> bytes:
        """Let a piece pass."""
        left = self._limit - len(self._kept)
        if left > 0:
            self._kept.extend(data[:left])
        return data

    @property
    def kept(self) -> bytes:
        """The beginning of what passed."""
        return bytes(self._kept)


def kept(tape: Tape | None) -> bytes:
    """What a tape holds, if there is one."""
    return b"" if tape is None else tape.kept
