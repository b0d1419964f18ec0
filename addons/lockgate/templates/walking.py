"""Going through a value that holds others, to make a text of it: without recursion, and counted.

Data is nested up to 10,000 levels, and what templates make may hold itself.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.templates.errors import LimitError
from lockgate.templates.run import Run
from lockgate.templates.values import joined

_DEEPEST: Final = 100_000
"""Levels. Documents have up to 10,000; what has more holds itself."""
_UNCOUNTED: Final = 1 << 20
_COUNTED_AT_ONCE: Final = 1 << 16

type Frame = tuple[Iterator[tuple[str, object]], str]
"""What is open: members with the text in front of each, and the text behind all of them."""


class Walk:
    """Makes one text; subclasses say what of."""

    def __init__(self, run: Run | None) -> None:
        """Begin.

        Args:
            run: Counts members and characters. Without it there is a fixed limit of both.
        """
        self._run: Final = run
        self._budget = _UNCOUNTED
        self._size = self._total = 0
        self._frames: Final[list[Frame]] = []

    def text(self, value: object) -> str:
        """The text of a value.

        Raises:
            LimitError: It is too much.
            TooLongError: It is too much for here.
        """
        parts: list[str] = []
        # Many short parts take more memory than the text that they are.
        chunks: list[str] = []
        write = parts.append
        frames = self._frames
        text = self._member(value)
        while True:
            write(text)
            self._size += len(text)
            if self._size > _COUNTED_AT_ONCE:
                self._count()
                chunks.append("".join(parts))
                parts.clear()
            if not frames:
                break
            members, closing = frames[-1]
            for before, item in members:
                write(before)
                self._size += len(before)
                text = self._member(item)
                break
            else:
                frames.pop()
                text = closing
        self._count()
        return joined(chunks + parts)

    def _member(self, item: object) -> str:
        """The text of a value that holds no others; of one that does, how it begins: ``_open`` has its members."""
        raise NotImplementedError

    def _open(self, opening: str, members: Iterator[tuple[str, object]], closing: str, count: int) -> str:
        """Begin with a value that holds others: so many."""
        if self._run is not None:
            self._run.step(count)
        else:
            self._budget -= count
            if self._budget < 0:
                raise LimitError(f"a value has more than {_UNCOUNTED} members")
        if len(self._frames) >= _DEEPEST:
            raise LimitError(f"a value has more than {_DEEPEST} levels")
        self._frames.append((members, closing))
        return opening

    def _count(self) -> None:
        self._total += self._size
        if self._run is not None:
            self._run.make(self._size)
        elif self._total > _UNCOUNTED:
            raise LimitError(f"a value prints as more than {_UNCOUNTED} characters")
        self._size = 0
