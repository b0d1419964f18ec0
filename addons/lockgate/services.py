"""The outside as a chain sees it: protocols, and the recorder that keeps what they answered.

Nothing here implements a service; hosts and tests bring them in an ``Outside``. A link receives ``Services``: the same
intentions, each call kept as a ``ServiceCall``, so that a replay can serve it again.
"""

from dataclasses import dataclass
from typing import Final, Protocol, final


class Clock(Protocol):
    """Time of day."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class Ids(Protocol):
    """Random identifiers."""

    def new_id(self) -> str:
        """A random UUID, in lower case with dashes."""
        ...


class Turns(Protocol):
    """Whose turn it is: round robin that outlives a reload."""

    def next_turn(self, name: str, count: int) -> int:
        """From 0 below ``count``, each time the next one of ``name``."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """Every service that links may use."""

    clock: Clock
    ids: Ids
    turns: Turns


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One question to the outside and its answer, as plain values."""

    service: str
    """Field of ``Outside``."""
    operation: str
    answer: object
    arguments: tuple[object, ...] = ()


class NotRecordedError(LookupError):
    """A replayed exchange asked the outside something that its recording does not hold."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(f"not recorded: {service}.{operation}")
        self.service: Final = service
        self.operation: Final = operation


@final
class Services:
    """What links call. One per exchange: it keeps the calls."""

    __slots__ = ("_outside", "calls")

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.calls: list[ServiceCall] = []

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        answer = self._outside.clock.now()
        self.calls.append(ServiceCall("clock", "now", answer))
        return answer

    def new_id(self) -> str:
        """A random UUID, in lower case with dashes."""
        answer = self._outside.ids.new_id()
        self.calls.append(ServiceCall("ids", "new_id", answer))
        return answer

    def next_turn(self, name: str, count: int) -> int:
        """Whose turn it is among ``count``, from 0."""
        answer = self._outside.turns.next_turn(name, count)
        self.calls.append(ServiceCall("turns", "next_turn", answer, (name, count)))
        return answer


def recorded(calls: tuple[ServiceCall, ...]) -> Outside:
    """An outside that gives the recorded answers again, in order.

    Its methods raise NotRecordedError for anything else.
    """
    replayed = _Recorded(calls)
    return Outside(clock=replayed, ids=replayed, turns=replayed)


class _Recorded:
    def __init__(self, calls: tuple[ServiceCall, ...]) -> None:
        self._left = list(calls)

    def _take(self, service: str, operation: str) -> object:
        for index, call in enumerate(self._left):
            if (call.service, call.operation) == (service, operation):
                return self._left.pop(index).answer
        raise NotRecordedError(service, operation)

    def now(self) -> float:
        answer = self._take("clock", "now")
        if not isinstance(answer, int | float):
            raise NotRecordedError("clock", "now")
        return answer

    def new_id(self) -> str:
        answer = self._take("ids", "new_id")
        if not isinstance(answer, str):
            raise NotRecordedError("ids", "new_id")
        return answer

    def next_turn(self, name: str, count: int) -> int:
        answer = self._take("turns", "next_turn")
        if not isinstance(answer, int) or not 0 <= answer < count:
            raise NotRecordedError("turns", f"next_turn({name!r}, {count})")
        return answer
