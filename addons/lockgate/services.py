"""The outside as a chain sees it: protocols, and the recorder that keeps what they answered.

Nothing here implements a service; hosts and tests bring them in an ``Outside``. A link receives ``Services``: the same
intentions, each call kept as a ``ServiceCall``, so that a replay can serve it again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, final

from lockgate.session import Session


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


class Record(Protocol):
    """What is recorded of one exchange."""

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        ...

    def plain(self) -> Mapping[str, object]:
        """JSON values by tyk-pump's names. Any thread may ask."""
        ...


class RecordSink(Protocol):
    """Where records are kept. No link calls it: it gets batches, one at a time, in a thread and event loop of its own."""

    async def write(self, batch: Sequence[Record]) -> Sequence[Record]:
        """Keep records, in order; those that could not be kept are the answer. It may wait, and says itself what failed."""
        ...

    async def close(self) -> None:
        """Nothing comes any more."""
        ...


class ServiceError(RuntimeError):
    """A service did not answer. A protection that needs the answer refuses; the message is for the trace and the log."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key that there is."""

    name: str
    """That it was found under."""
    session: Session


class Sessions(Protocol):
    """Keys, and what is known of their holders."""

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        """The first of these keys that there is.

        Raises:
            ServiceError: The store did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of requests in a window, which begins with its first one. Refused requests neither count nor prolong."""

    owner: str
    """Whose requests are counted: a key. All counts of an owner can be given back at once."""
    scope: str
    """Which of the owner's counts."""
    size: int
    """Requests in a window."""
    seconds: float
    """Length of the window; 0 never ends."""
    retry_seconds: float = 0.0
    """How long a request that is over the limit waits before it tries again."""
    retries: int = 0
    """How often it tries again."""


@dataclass(frozen=True, slots=True)
class Count:
    """One count, with the request that asked."""

    left: int
    """Requests that the window still has."""
    renews_at: float
    """When it ends, in seconds since the epoch; 0: never."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a request for limits."""

    counts: tuple[Count, ...]
    """Of the limits in their order, up to the one that refused."""
    refused: int | None = None
    """Which limit is used up; those behind it did not count the request. None: the request may pass."""


class LimitCounters(Protocol):
    """Counts of requests that outlive a reload."""

    async def take(self, limits: Sequence[Limit]) -> Taken:
        """Count one request in all of ``limits``, up to the first one that is used up.

        Raises:
            ServiceError: The store did not answer.
        """
        ...


class _Nothing:
    """For an outside without keys: it knows none, and cannot count."""

    async def find(self, _names: Sequence[str]) -> FoundKey | None:
        return None

    async def take(self, _limits: Sequence[Limit]) -> Taken:
        raise ServiceError("nothing counts requests here")


_NOTHING: Final = _Nothing()


class Compute(Protocol):
    """Somewhere to compute what takes long, so that nobody else has to wait."""

    async def run[T](self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises. It depends on nothing but what it is given, and changes nothing."""
        ...


class InPlace:
    """Computes where it is asked to."""

    async def run[T](self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises."""
        return function()


_IN_PLACE: Final = InPlace()


@dataclass(frozen=True, slots=True)
class Outside:
    """Every service that links may use."""

    clock: Clock
    ids: Ids
    turns: Turns
    sessions: Sessions = _NOTHING
    """Without it there are no keys."""
    limits: LimitCounters = _NOTHING
    """Without it whatever is limited is refused."""
    compute: Compute = _IN_PLACE


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

    async def compute[T](self, function: Callable[[], T]) -> T:
        """What a function returns or raises, computed where nobody has to wait for it.

        No call is kept: a replay computes it again.

        Args:
            function: Depends on nothing but what it is given, and changes nothing.
        """
        return await self._outside.compute.run(function)

    async def find_key(self, names: Sequence[str]) -> FoundKey | None:
        """The first of these keys that there is.

        Raises:
            ServiceError: The store did not answer.
        """
        arguments = tuple(names)
        try:
            found = await self._outside.sessions.find(arguments)
        except ServiceError as error:
            self.calls.append(ServiceCall("sessions", "find", {"error": str(error)}, arguments))
            raise
        answer = None if found is None else {"name": found.name, "session": found.session.document}
        self.calls.append(ServiceCall("sessions", "find", answer, arguments))
        return found

    async def take_limits(self, limits: Sequence[Limit]) -> Taken:
        """Count this request in all of ``limits``, up to the first one that is used up. It may have to wait.

        Raises:
            ServiceError: The store did not answer.
        """
        arguments = tuple([one.owner, one.scope, one.size, one.seconds] for one in limits)
        try:
            taken = await self._outside.limits.take(limits)
        except ServiceError as error:
            self.calls.append(ServiceCall("limits", "take", {"error": str(error)}, arguments))
            raise
        counts = [[count.left, count.renews_at] for count in taken.counts]
        self.calls.append(ServiceCall("limits", "take", {"refused": taken.refused, "counts": counts}, arguments))
        return taken


def recorded(calls: tuple[ServiceCall, ...]) -> Outside:
    """An outside that gives the recorded answers again, in order.

    Its methods raise NotRecordedError for anything else.
    """
    replayed = _Recorded(calls)
    return Outside(clock=replayed, ids=replayed, turns=replayed, sessions=replayed, limits=replayed)


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

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        answer = self._plain("sessions", "find")
        if answer is None:
            return None
        name, document = answer.get("name"), answer.get("session")
        if not isinstance(document, Mapping) or name not in names:
            raise NotRecordedError("sessions", "find")
        try:
            return FoundKey(str(name), Session.of(document))
        except (KeyError, TypeError, AttributeError):
            raise NotRecordedError("sessions", "find") from None

    async def take(self, limits: Sequence[Limit]) -> Taken:
        answer = self._plain("limits", "take") or {}
        counts, refused = answer.get("counts"), answer.get("refused")
        try:
            made = tuple(Count(int(left), float(renews_at)) for left, renews_at in counts or ())
        except (TypeError, ValueError):
            made = ()
        asked = len(made) == (len(limits) if refused is None else refused + 1)
        if not asked or not (refused is None or 0 <= refused < len(limits)):
            raise NotRecordedError("limits", "take")
        return Taken(made, refused)

    def _plain(self, service: str, operation: str) -> Mapping[str, Any] | None:
        """An answer that is an object or nothing; what failed fails again."""
        answer = self._take(service, operation)
        if answer is not None and not isinstance(answer, Mapping):
            raise NotRecordedError(service, operation)
        if answer is not None and "error" in answer:
            raise ServiceError(str(answer["error"]))
        return answer
