"""The outside as a chain sees it: protocols and values. Nothing here implements a service; hosts and tests bring them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lockgate.services.errors import ServiceError
from lockgate.services.http import NO_CALLS, Http, KeyData, Storage
from lockgate.services.scripts import NO_SCRIPTS, Events, Scripts
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

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Keep other metadata for a key; nothing else of its session changes. Of a key that is gone nothing is kept.

        Args:
            name: As ``FoundKey.name`` has it.
            meta_data: JSON values.

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


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for a limited process of its own."""

    kind: str
    """Which program does it: ``template``, ``jq``, ``jinja``."""
    header: Mapping[str, object]
    """What to do, as JSON values."""
    blobs: tuple[bytes, ...] = ()
    """What is too long for a header, or not text."""
    seconds: float = 1.0
    """After which it is stopped, counted from its start."""
    owner: str = ""
    """For whom: an API. No owner keeps the others from having their turn."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task."""

    header: Mapping[str, object]
    """As JSON values."""
    blobs: tuple[bytes, ...] = ()


class Tasks(Protocol):
    """Limited processes for work that nothing could stop otherwise."""

    async def run(self, task: Task) -> Done:
        """What came of the task. It depends on nothing but what it is given.

        Raises:
            TaskLimitError: The task used up its time or its memory.
            ServiceError: It could not be done: its program failed, or too many tasks wait.
        """
        ...


class _Nothing:
    """For an outside without keys: it knows none, and cannot count. Without processes: it runs nothing."""

    async def find(self, _names: Sequence[str]) -> FoundKey | None:
        return None

    async def keep_meta_data(self, _name: str, _meta_data: Mapping[str, Any]) -> None:
        raise ServiceError("nothing keeps keys here")

    async def take(self, _limits: Sequence[Limit]) -> Taken:
        raise ServiceError("nothing counts requests here")

    async def run(self, _task: Task) -> Done:
        raise ServiceError("nothing runs tasks here")


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
    zone: str = "UTC"
    """Name of the gateway's time zone, as in the list of zones: "Europe/Lisbon"."""
    tasks: Tasks = _NOTHING
    """Without it whatever needs a process of its own fails."""
    scripts: Scripts = NO_SCRIPTS
    """Without it every script fails."""
    http: Http = NO_CALLS
    """Without it every call fails."""
    key_data: KeyData = NO_CALLS
    storage: Storage = NO_CALLS
    events: Events | None = None
    """Without it nobody is told of events."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One question to the outside and its answer, as plain values."""

    service: str
    """Field of ``Outside``."""
    operation: str
    answer: object
    arguments: tuple[object, ...] = ()
