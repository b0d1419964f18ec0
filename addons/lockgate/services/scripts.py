"""Scripts and event handlers: protocols and values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from lockgate.services.errors import ServiceError

if TYPE_CHECKING:
    from lockgate.services.recording import Services


class ScriptProgram(Protocol):
    """The JavaScript of one API (``lockgate.scripting.program.Program``)."""

    @property
    def owner(self) -> str:
        """The API whose it is."""
        ...

    @property
    def sources(self) -> "Sequence[tuple[str, str]]":
        """Name and text of each source, in load order."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether its scripts have the functions ``TykStorage…``."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 over all of it, in hexadecimal."""
        ...


type ScriptKind = Literal["virtual", "request", "response", "event"]
"""How a script is called. ``virtual``: ``NAME(request, session, config)``; ``request``, ``response`` and ``event``:
``DoProcessRequest``, ``DoProcessResponse`` and ``DoProcessEvent`` of ``NAME``."""

type ScriptErrorKind = Literal["exception", "timeout", "memory", "undefined-name", "too-many-calls", "unsteady"]
"""Why a script failed. ``undefined-name``: there is nothing to call by this name; ``unsteady``: it did not ask the same
again when it was run again."""

MOST_HOST_CALLS: Final = 100
"""Of one call of a script."""


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """One call of something that a script declares."""

    kind: ScriptKind
    name: str
    """Any expression of JavaScript."""
    arguments: tuple[str, ...] = ()
    """As JSON. ``virtual`` and ``request``: request, session, config; ``response``: response, request, session, config;
    ``event``: event, context."""
    seconds: float = 5.0
    """After which it has failed, what it waits for included."""
    now: float | None = None
    """What its ``Date`` says as long as it runs, in seconds since the epoch; None: when it begins."""
    seed: int | None = None
    """Of its ``Math.random``; None: a random one."""
    most_calls: int = MOST_HOST_CALLS
    """Of the host; one more is an error."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line that a script logged."""

    level: str
    """``log``, ``raw``, ``debug``, ``info``, ``warn`` or ``error``."""
    text: str


@dataclass(frozen=True, slots=True)
class ScriptHostCall:
    """What a script asked the gateway for."""

    name: str
    """Of the function, as ``TykMakeHttpRequest``."""
    arguments: str
    """As a JSON list."""
    answer: str | None
    """None is ``undefined``."""
    seconds: float
    """That it took."""


@dataclass(frozen=True, slots=True)
class ScriptError:
    """Why a script gave no result."""

    kind: ScriptErrorKind
    message: str
    """In one line, as ``TypeError: x is not a function``."""
    stack: str = ""
    """Lines as ``at name (file:line:column)``, the innermost first, by the names of the script's sources."""


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What came of a call."""

    text: str | None = None
    """What it returned, as text; None: ``undefined``, or there is an error. A byte that is no UTF-8 is U+DC80–U+DCFF."""
    error: ScriptError | None = None
    log: tuple[ScriptLine, ...] = ()
    calls: tuple[ScriptHostCall, ...] = ()
    """Of the host, in their order."""
    seconds: float = 0.0
    """That it took altogether."""


class HostCalls(Protocol):
    """What a script may ask the gateway for."""

    async def call(self, name: str, arguments: str) -> str | None:
        """The answer to a script, as text; None is ``undefined``.

        What it asks services for is not kept: the answer is.

        Args:
            name: Of the function, as ``TykMakeHttpRequest``.
            arguments: As a JSON list.
        """
        ...


class Scripts(Protocol):
    """Runs JavaScript."""

    async def run(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of one call. Whatever the script does is in the result; nothing of it is left for the next call.

        Args:
            program: The API's scripts. What they declare is as it was when they were loaded first.
            call: ``now`` and ``seed`` are given.
            hosts: Answers what the script asks for.

        Raises:
            ServiceError: No script could be run.
        """
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an exchange, for whoever handles such things."""

    kind: str
    """Its name, as definitions have it: AuthFailure."""
    api_id: str
    org_id: str
    meta: Mapping[str, object]
    """What is told of it, as JSON values."""
    at: float = 0.0
    """Seconds since the epoch; given when it is fired."""


class EventHandler(Protocol):
    """One that is told of events."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    async def handle(self, event: Event, services: "Services") -> tuple[tuple[ScriptLine, ...], str]:
        """Tell it of an event: what it logged, and why it failed, "" where it did not."""
        ...


class Events(Protocol):
    """Has handlers told of events, beside the exchanges that they are of."""

    def fire(self, event: Event, handlers: Sequence[EventHandler]) -> None:
        """Have handlers told, without waiting for them."""
        ...


class _NoScripts:
    """For an outside without JavaScript."""

    async def run(self, _program: ScriptProgram, _call: ScriptCall, _hosts: HostCalls) -> ScriptResult:
        raise ServiceError("nothing runs scripts here")


NO_SCRIPTS: Final = _NoScripts()
