"""One run of a template: what it may take, and what it sees of the outside."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, final

from lockgate.templates.errors import LimitError, TooLongError


class Resolver(Protocol):
    """Names of hosts."""

    def addresses(self, host: str) -> list[str]:
        """Addresses as text.

        Raises:
            OSError: There are none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take."""

    steps: int
    """Actions, rounds of loops, calls, and elements that functions go through or make."""
    output: int
    """Characters of the text that it makes."""
    size: int
    """Characters, and members of lists and maps times 8, of all values that functions make."""
    depth: int = 200
    """Templates inside one another."""


INLINE: Final = Limits(steps=20_000, output=1 << 20, size=1 << 20)
"""On the event loop: some milliseconds. Whoever needs more has to leave it."""
LONG: Final = Limits(steps=20_000_000, output=64 << 20, size=256 << 20, depth=700)
"""In a process of its own, which has limits of time and memory besides."""


@final
class Run:
    """What functions and compiled templates use while they run. One for each execution."""

    __slots__ = (
        "_drawn",
        "_seed",
        "depth",
        "inline",
        "limits",
        "literals",
        "now",
        "output_left",
        "resolver",
        "size_left",
        "steps_left",
        "zone",
    )

    def __init__(
        self,
        *,
        limits: Limits,
        inline: bool,
        now: float,
        seed: bytes,
        resolver: Resolver | None = None,
        literals: Sequence[str] = (),
        zone: str = "UTC",
    ) -> None:
        """Begin a run.

        Args:
            limits: What it may take.
            inline: Whether it runs where others wait for it: reaching a limit then means that it has to leave.
            now: Seconds since the epoch.
            seed: Where its randomness comes from: at least 16 bytes. Equal seeds give equal texts.
            resolver: Names of hosts; None: there are none here.
            literals: What stands in the place of nodes that have a ``slot``.
            zone: Name of the zone that is local, as in the list of zones: "Europe/Lisbon".
        """
        self.limits: Final = limits
        self.inline: Final = inline
        self.now: Final = now
        self.resolver: Final = resolver
        self.literals: Final = literals
        self.zone: Final = zone
        self.steps_left = limits.steps
        self.output_left = limits.output
        self.size_left = limits.size
        self.depth = 0
        self._seed = seed
        self._drawn = 0

    def step(self, count: int = 1) -> None:
        """Count work, before it is done.

        Raises:
            LimitError: It is too much.
            TooLongError: It is too much for here.
        """
        self.steps_left -= count
        if self.steps_left < 0:
            self.exceeded("steps")

    def make(self, size: int) -> None:
        """Count what a function is about to make, before it makes it.

        Args:
            size: Characters, or members times 8.

        Raises:
            LimitError: It is too much.
            TooLongError: It is too much for here.
        """
        self.size_left -= size
        if self.size_left < 0:
            self.exceeded("size")

    def leave(self) -> None:
        """Say that what follows takes milliseconds or reaches outside, and must not happen here.

        Raises:
            TooLongError: It runs where others wait for it.
        """
        if self.inline:
            raise TooLongError

    def exceeded(self, what: str) -> None:
        """A limit is reached: "steps", "size", "output", "depth".

        Raises:
            LimitError: It is too much.
            TooLongError: It is too much for here.
        """
        if self.inline:
            raise TooLongError
        limits = self.limits
        texts = {
            "steps": f"it takes more than {limits.steps} steps",
            "size": f"it makes values of more than {limits.size} characters",
            "output": f"its output has more than {limits.output} characters",
            "depth": f"it has more than {limits.depth} templates inside one another",
        }
        raise LimitError(texts[what])

    def random_bytes(self, count: int) -> bytes:
        """So many random bytes, the next ones of this run."""
        self._drawn += 1
        return hashlib.shake_256(self._seed + self._drawn.to_bytes(8, "big")).digest(count)
