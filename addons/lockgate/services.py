"""The outside as a chain sees it: protocols, and the recorder that keeps what they answered.

Nothing here implements a service; hosts and tests bring them in an ``Outside``. A link receives ``Services``: the same
intentions, each call kept as a ``ServiceCall``, so that a replay can serve it again.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol, final

from lockgate.destinations import NO_REACH, Reach
from lockgate.exchange import NO_HEADERS, Client, Headers
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


class TaskLimitError(ServiceError):
    """A task was stopped: it used up its time or its memory; the message says which."""


class Tasks(Protocol):
    """Limited processes for work that nothing could stop otherwise."""

    async def run(self, task: Task) -> Done:
        """What came of the task. It depends on nothing but what it is given.

        Raises:
            TaskLimitError: The task used up its time or its memory.
            ServiceError: It could not be done: its program failed, or too many tasks wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class Within:
    """For a call of the gateway itself, on behalf of an exchange that is under way."""

    exchange_id: str
    client: Client
    """Of the exchange: as whose the call counts."""
    scheme: str = "http"
    """As the client came."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request of the gateway's own. Redirects are followed, cookies are not kept."""

    method: str
    """As it is sent."""
    url: str
    """Absolute, of http or https; or, with ``within``, path and query."""
    headers: Headers = NO_HEADERS
    """Host is the URL's, unless the call stays within the gateway. What frames the message is not for a caller to say."""
    body: bytes = b""
    seconds: float = 5.0
    """Until the whole answer is there, redirects included."""
    reach: Reach = NO_REACH
    within: Within | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The last response to a call."""

    status: int
    headers: Headers = NO_HEADERS
    """Without Transfer-Encoding; without Content-Encoding and Content-Length where the body was unpacked."""
    body: bytes = b""
    """Unpacked, unless the call asked for an encoding itself."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came of one of several calls."""

    index: int
    """Of the call."""
    answer: HttpAnswer | None
    """None: it failed."""
    error: str = ""
    """Why it failed."""
    seconds: float = 0.0
    """That it took."""


class Http(Protocol):
    """Requests of the gateway's own."""

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        """What came of calls, in the order in which they ended.

        Args:
            calls: Sent in this order.
            at_once: How many may be under way at the same time.
            max_bytes: Of all bodies of answers together; what would be more fails.

        Raises:
            ServiceError: Nothing could be sent at all. A single call that fails is in its reply.
        """
        ...


class KeyData(Protocol):
    """Keys as scripts see and change them."""

    async def get_key(self, key: str, api_id: str) -> Mapping[str, Any] | None:
        """A key's session object with what is left of its quotas; None: there is no such key.

        Args:
            key: As a client presents it, or with the organisation in front.
            api_id: Whose organisation the key may be of; "" or that of no API is none.

        Raises:
            ServiceError: The store did not answer.
        """
        ...

    async def set_key(self, key: str, document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        """Keep a session under a key.

        Args:
            key: The whole of it.
            document: A session object with every field.
            keeps_counts: What the key has used up stays so.

        Raises:
            ServiceError: It cannot be kept; the message says why.
        """
        ...


class Storage(Protocol):
    """What scripts keep: texts by name, for all APIs.

    Each may raise ServiceError: it is full, did not answer in time, or holds something else than was asked for.
    """

    async def get(self, name: str) -> str | None:
        """What is kept; None: nothing."""
        ...

    async def put(self, name: str, text: str, seconds: float, *, only_new: bool = False) -> bool:
        """Keep a text. ``seconds`` of 0 is for ever. False: ``only_new``, and there is one."""
        ...

    async def forget(self, name: str) -> None:
        """Keep it no more."""
        ...

    async def time_left(self, name: str) -> int:
        """Whole seconds; -1: for ever, -2: nothing is kept."""
        ...

    async def count(self, name: str, seconds: float) -> int:
        """One more than the number that is kept, from 0; ``seconds`` count when it is new."""
        ...


class _NoCalls:
    """For an outside where scripts reach nothing."""

    async def send(self, _calls: Sequence[HttpCall], _at_once: int, _max_bytes: int) -> Sequence[HttpReply]:
        raise ServiceError("nothing sends requests here")

    async def get_key(self, _key: str, _api_id: str) -> Mapping[str, Any] | None:
        raise ServiceError("no keys are kept here")

    async def set_key(self, _key: str, _document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        del keeps_counts
        raise ServiceError("no keys are kept here")

    async def get(self, _name: str) -> str | None:
        raise ServiceError("nothing is kept here")

    async def put(self, _name: str, _text: str, _seconds: float, *, only_new: bool = False) -> bool:
        del only_new
        raise ServiceError("nothing is kept here")

    async def forget(self, _name: str) -> None:
        raise ServiceError("nothing is kept here")

    async def time_left(self, _name: str) -> int:
        raise ServiceError("nothing is kept here")

    async def count(self, _name: str, _seconds: float) -> int:
        raise ServiceError("nothing is kept here")


_NO_CALLS: Final = _NoCalls()


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


_NO_SCRIPTS: Final = _NoScripts()


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
    scripts: Scripts = _NO_SCRIPTS
    """Without it every script fails."""
    http: Http = _NO_CALLS
    """Without it every call fails."""
    key_data: KeyData = _NO_CALLS
    storage: Storage = _NO_CALLS
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

    def zone(self) -> str:
        """Name of the gateway's time zone."""
        self.calls.append(ServiceCall("clock", "zone", self._outside.zone))
        return self._outside.zone

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

    async def run_task(self, task: Task) -> Done:
        """What came of a task, done in a limited process.

        No call is kept: a replay does it again.

        Raises:
            TaskLimitError: The task used up its time or its memory.
            ServiceError: It could not be done.
        """
        return await self._outside.tasks.run(task)

    async def run_script(self, program: ScriptProgram, call: ScriptCall, hosts: HostCalls) -> ScriptResult:
        """What came of a call of a script. A failure of the script is in the result.

        One call is kept, with whatever the script asked the host for; what the host asked for meanwhile is not kept.

        Raises:
            ServiceError: No script could be run.
        """
        call = self._begun(call)
        arguments = (program.digest, call.kind, call.name, list(call.arguments), call.now, call.seed)
        before = len(self.calls)
        try:
            result = await self._outside.scripts.run(program, call, hosts)
        except ServiceError as error:
            self.calls[before:] = [ServiceCall("scripts", "run", {"error": str(error)}, arguments)]
            raise
        notes = [str(one.answer) for one in self.calls[before:] if (one.service, one.operation) == ("scripts", "note")]
        if notes:
            result = replace(result, log=(*result.log, *(ScriptLine("warn", note) for note in notes)))
        self.calls[before:] = [ServiceCall("scripts", "run", _plain_result(result), arguments)]
        return result

    def _begun(self, call: ScriptCall) -> ScriptCall:
        """A call with its time and its seed. They are kept with the call, not as calls of their own."""
        outside = self._outside
        if isinstance(outside.scripts, _Performed):
            now, seed = outside.scripts.moment()
        else:
            now = outside.clock.now() if call.now is None else call.now
            seed = zlib.crc32(outside.ids.new_id().encode()) if call.seed is None else call.seed
        return replace(call, now=now, seed=seed)

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        """What came of calls, in the order in which they ended; each is kept as one of the service's.

        Args:
            calls: Sent in this order.
            at_once: How many may be under way at the same time.
            max_bytes: Of all bodies of answers together.

        Raises:
            ServiceError: Nothing could be sent at all.
        """
        replies = await self._outside.http.send(calls, at_once, max_bytes)
        for reply in replies:
            call = calls[reply.index]
            arguments = (call.method, call.url, list(map(list, call.headers)), call.body)
            self.calls.append(ServiceCall("http", "send", _plain_reply(reply), arguments))
        return replies

    def note(self, why: str) -> None:
        """Have the log of the script that runs say why it got no answer."""
        self.calls.append(ServiceCall("scripts", "note", why))

    async def get_key(self, key: str, api_id: str) -> Mapping[str, Any] | None:
        """A key's session object with what is left of its quotas; None: there is no such key. No call is kept.

        Raises:
            ServiceError: The store did not answer.
        """
        return await self._outside.key_data.get_key(key, api_id)

    async def set_key(self, key: str, document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        """Keep a session under a key. No call is kept.

        Raises:
            ServiceError: It cannot be kept.
        """
        await self._outside.key_data.set_key(key, document, keeps_counts=keeps_counts)

    @property
    def storage(self) -> Storage:
        """What scripts keep. No call of it is kept: the script's answer is."""
        return self._outside.storage

    def fire(self, event: Event, handlers: Sequence[EventHandler]) -> None:
        """Have handlers told of an event, without waiting for them. No call is kept: a replay tells nobody."""
        events = self._outside.events
        if events is not None:
            events.fire(replace(event, at=self._outside.clock.now()), handlers)

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

    async def keep_meta_data(self, name: str, meta_data: Mapping[str, Any]) -> None:
        """Keep other metadata for a key.

        Args:
            name: As the key was found.
            meta_data: JSON values.

        Raises:
            ServiceError: The store did not answer.
        """
        try:
            await self._outside.sessions.keep_meta_data(name, meta_data)
        except ServiceError as error:
            self.calls.append(ServiceCall("sessions", "keep_meta_data", {"error": str(error)}, (name, meta_data)))
            raise
        self.calls.append(ServiceCall("sessions", "keep_meta_data", None, (name, meta_data)))

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


def _plain_result(result: ScriptResult) -> dict[str, object]:
    failed = result.error
    return {
        "text": result.text,
        "failed": None if failed is None else {"kind": failed.kind, "message": failed.message, "stack": failed.stack},
        "log": [[line.level, line.text] for line in result.log],
        "calls": [[one.name, one.arguments, one.answer, one.seconds] for one in result.calls],
        "seconds": result.seconds,
    }


def script_lines(calls: Iterable[ServiceCall]) -> tuple[tuple[str, str], ...]:
    """Level and text of what the scripts among these calls logged."""
    return tuple(
        (str(level), str(text))
        for call in calls
        if (call.service, call.operation) == ("scripts", "run") and isinstance(call.answer, Mapping)
        for level, text in call.answer.get("log", ())
    )


def _script_result(plain: Mapping[str, Any]) -> ScriptResult:
    failed = plain["failed"]
    return ScriptResult(
        plain["text"],
        None if failed is None else ScriptError(failed["kind"], failed["message"], failed["stack"]),
        tuple(ScriptLine(level, text) for level, text in plain["log"]),
        tuple(ScriptHostCall(*one) for one in plain["calls"]),
        plain["seconds"],
    )


def _plain_reply(reply: HttpReply) -> dict[str, object]:
    answer = reply.answer
    if answer is None:
        return {"failed": reply.error, "seconds": reply.seconds}
    headers = [[name, value] for name, value in answer.headers]
    return {"status": answer.status, "headers": headers, "body": answer.body, "seconds": reply.seconds}


def recorded(calls: tuple[ServiceCall, ...]) -> Outside:
    """An outside that gives the recorded answers again, in order.

    Its methods raise NotRecordedError for anything else.
    """
    replayed = _Recorded(calls)
    scripts = _Performed(replayed)
    zone = next((str(one.answer) for one in calls if (one.service, one.operation) == ("clock", "zone")), "UTC")
    return Outside(
        clock=replayed,
        ids=replayed,
        turns=replayed,
        sessions=replayed,
        limits=replayed,
        scripts=scripts,
        zone=zone,
        http=replayed,
    )


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
        answer = self.plain("sessions", "find")
        if answer is None:
            return None
        name, document = answer.get("name"), answer.get("session")
        if not isinstance(document, Mapping) or name not in names:
            raise NotRecordedError("sessions", "find")
        try:
            return FoundKey(str(name), Session.of(document))
        except (KeyError, TypeError, AttributeError):
            raise NotRecordedError("sessions", "find") from None

    async def keep_meta_data(self, _name: str, _meta_data: Mapping[str, Any]) -> None:
        self.plain("sessions", "keep_meta_data")

    async def take(self, limits: Sequence[Limit]) -> Taken:
        answer = self.plain("limits", "take") or {}
        counts, refused = answer.get("counts"), answer.get("refused")
        try:
            made = tuple(Count(int(left), float(renews_at)) for left, renews_at in counts or ())
        except (TypeError, ValueError):
            made = ()
        asked = len(made) == (len(limits) if refused is None else refused + 1)
        if not asked or not (refused is None or 0 <= refused < len(limits)):
            raise NotRecordedError("limits", "take")
        return Taken(made, refused)

    async def send(self, calls: Sequence[HttpCall], _at_once: int, _max_bytes: int) -> Sequence[HttpReply]:
        """In the order in which they ended then."""
        asked = {index: (call.method, call.url, call.body) for index, call in enumerate(calls)}
        found: list[tuple[ServiceCall, int]] = []
        for call in self._left:
            if (call.service, call.operation) == ("http", "send"):
                index = next((index for index, one in asked.items() if one == _sent(call)), None)
                if index is not None:
                    del asked[index]
                    found.append((call, index))
        if asked:
            method, url, _ = next(iter(asked.values()))
            raise NotRecordedError("http", f"send({method} {url})")
        for call, _ in found:
            self._left.remove(call)
        return [_reply(call.answer, index) for call, index in found]

    def script_moment(self) -> tuple[float, int]:
        for call in self._left:
            match call:
                case ServiceCall("scripts", "run", _, (*_, float() | int() as now, int() as seed)):
                    return now, seed
        raise NotRecordedError("scripts", "run")

    def script(self, call: ScriptCall) -> ScriptResult:
        answer = self.plain("scripts", "run") or {}
        try:
            return _script_result(answer)
        except (KeyError, TypeError, ValueError):
            raise NotRecordedError("scripts", f"run({call.name!r})") from None

    def plain(self, service: str, operation: str) -> Mapping[str, Any] | None:
        """An answer that is an object or nothing; what failed fails again."""
        answer = self._take(service, operation)
        if answer is not None and not isinstance(answer, Mapping):
            raise NotRecordedError(service, operation)
        if answer is not None and "error" in answer:
            raise ServiceError(str(answer["error"]))
        return answer


def _sent(call: ServiceCall) -> tuple[object, ...]:
    """Method, URL and body of a call that was recorded."""
    match call.arguments:
        case (method, url, _, body):
            return method, url, _octets(body)
    return ()


def _octets(value: object) -> bytes | None:
    """A body as it was kept, or as a trace shows it; None: it is not all there."""
    match value:
        case bytes():
            return value
        case {"text": str() as text}:
            return text.encode()
    return None


def _reply(plain: object, index: int) -> HttpReply:
    match plain:
        case {"failed": str() as error, "seconds": float() | int() as seconds}:
            return HttpReply(index, None, error, seconds)
        case {"status": int() as status, "headers": list() as headers, "body": kept, "seconds": float() as seconds}:
            body = _octets(kept)
            if body is not None:
                answer = HttpAnswer(status, Headers.of(*((str(name), str(value)) for name, value in headers)), body)
                return HttpReply(index, answer, "", seconds)
    raise NotRecordedError("http", "send")


@final
class _Performed:
    """Scripts that ran before. They are not run again: what they gave and asked for is served."""

    def __init__(self, replayed: _Recorded) -> None:
        self._replayed = replayed

    def moment(self) -> tuple[float, int]:
        """Time and seed of the next one."""
        return self._replayed.script_moment()

    async def run(self, _program: ScriptProgram, call: ScriptCall, _hosts: HostCalls) -> ScriptResult:
        """What it gave."""
        return self._replayed.script(call)
