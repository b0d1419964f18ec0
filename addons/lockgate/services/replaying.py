"""What was recorded, as an outside that answers again."""

import base64
import binascii
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from lockgate.exchange import Headers
from lockgate.services.errors import NotRecordedError, ServiceError
from lockgate.services.http import HttpAnswer, HttpCall, HttpReply
from lockgate.services.outside import Count, FoundKey, Limit, Outside, ServiceCall, Taken
from lockgate.services.scripts import (
    NO_SCRIPTS,
    HostCalls,
    ScriptCall,
    ScriptError,
    ScriptHostCall,
    ScriptLine,
    ScriptProgram,
    ScriptResult,
    Scripts,
)
from lockgate.session import Session

_IDS: Final = uuid.UUID("6f1d7b64-3c0e-5d1a-9a57-7d0f4f2b8f11")
_LONGEST_ARGUMENTS: Final = 200
"""Characters of what a script asked for, in a message."""


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """What stands for an answer that was not recorded, where that does no harm: time, chance, and whose turn it is."""

    now: float
    """When the exchange came, in seconds since the epoch."""
    name: str
    """Of the exchange: what ids and seeds are derived from."""


def recorded(
    calls: Sequence[ServiceCall], elsewhere: Outside | None = None, fallbacks: Fallbacks | None = None
) -> Outside:
    """An outside that gives the recorded answers again.

    Questions are known by what was asked; time, chance and turns by their order. A script that was called with what it was
    called with then is not run again. Any other one is run, and gets the answers that the one before got to the same
    questions.

    Its methods raise NotRecordedError for anything else.

    Args:
        calls: Of one exchange, in order.
        elsewhere: Does what depends on nothing but what it is given: tasks, what is computed elsewhere, scripts. Its zone is
            that of whoever did not ask for the zone then. None: no tasks, and no scripts but those that ran.
        fallbacks: None: time, chance and turns that were not recorded are NotRecordedError too.
    """
    replayed = _Recorded(calls, fallbacks)
    zone = "UTC" if elsewhere is None else elsewhere.zone
    zone = next((str(one.answer) for one in calls if (one.service, one.operation) == ("clock", "zone")), zone)
    made = Outside(
        clock=replayed,
        ids=replayed,
        turns=replayed,
        sessions=replayed,
        limits=replayed,
        scripts=Performed(replayed, NO_SCRIPTS if elsewhere is None else elsewhere.scripts),
        zone=zone,
        http=replayed,
    )
    if elsewhere is None:
        return made
    return Outside(
        clock=made.clock,
        ids=made.ids,
        turns=made.turns,
        sessions=made.sessions,
        limits=made.limits,
        compute=elsewhere.compute,
        zone=zone,
        tasks=elsewhere.tasks,
        scripts=made.scripts,
        http=made.http,
    )


class _Recorded:
    def __init__(self, calls: Sequence[ServiceCall], fallbacks: Fallbacks | None = None) -> None:
        self._left = list(calls)
        self._fallbacks = fallbacks
        self._made = 0

    def _take(self, service: str, operation: str, fits: Callable[[ServiceCall], bool] | None = None) -> object:
        call = self.next(service, operation, fits)
        if call is None:
            raise NotRecordedError(service, operation)
        return call.answer

    def next(
        self, service: str, operation: str, fits: Callable[[ServiceCall], bool] | None = None
    ) -> ServiceCall | None:
        """The first call that is left and fits; it is not left any more."""
        for index, call in enumerate(self._left):
            if call.service == service and call.operation == operation and (fits is None or fits(call)):
                return self._left.pop(index)
        return None

    def now(self) -> float:
        call = self.next("clock", "now")
        if call is None and self._fallbacks is not None:
            return self._fallbacks.now
        if call is None or not isinstance(call.answer, int | float):
            raise NotRecordedError("clock", "now")
        return call.answer

    def new_id(self) -> str:
        call = self.next("ids", "new_id")
        if call is None and self._fallbacks is not None:
            return self._derived_id(self._fallbacks)
        if call is None or not isinstance(call.answer, str):
            raise NotRecordedError("ids", "new_id")
        return call.answer

    def _derived_id(self, fallbacks: Fallbacks) -> str:
        self._made += 1
        return str(uuid.uuid5(_IDS, f"{fallbacks.name}/{self._made}"))

    def next_turn(self, name: str, count: int) -> int:
        call = self.next("turns", "next_turn", lambda one: one.arguments[:1] in ((), (name,)))
        answer = None if call is None else call.answer
        if isinstance(answer, int) and 0 <= answer < count:
            return answer
        if self._fallbacks is not None:
            return 0
        raise NotRecordedError("turns", f"next_turn({name!r}, {count})")

    async def find(self, names: Sequence[str]) -> FoundKey | None:
        answer = self.plain("sessions", "find", lambda one: one.arguments in ((), tuple(names)))
        if answer is None:
            return None
        name, document = answer.get("name"), answer.get("session")
        if not isinstance(document, Mapping) or name not in names:
            raise NotRecordedError("sessions", "find")
        try:
            return FoundKey(str(name), Session.of(document))
        except (KeyError, TypeError, AttributeError):
            raise NotRecordedError("sessions", "find") from None

    async def keep_meta_data(self, name: str, _meta_data: Mapping[str, Any]) -> None:
        self.plain("sessions", "keep_meta_data", lambda one: one.arguments[:1] in ((), (name,)))

    async def take(self, limits: Sequence[Limit]) -> Taken:
        asked = [[one.owner, one.scope, one.size, one.seconds] for one in limits]
        answer = self.plain("limits", "take", lambda one: not one.arguments or _lists(one.arguments) == asked) or {}
        counts, refused = answer.get("counts"), answer.get("refused")
        try:
            made = tuple(Count(int(left), float(renews_at)) for left, renews_at in counts or ())
        except (TypeError, ValueError):
            made = ()
        complete = len(made) == (len(limits) if refused is None else refused + 1)
        if not complete or not (refused is None or 0 <= refused < len(limits)):
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

    def fallback_moment(self, call: ScriptCall) -> tuple[float, int]:
        """Time and seed of a script that did not run then."""
        if self._fallbacks is None:
            raise NotRecordedError("scripts", f"run({call.name!r})")
        return self._fallbacks.now, zlib.crc32(self._derived_id(self._fallbacks).encode())

    def plain(
        self, service: str, operation: str, fits: Callable[[ServiceCall], bool] | None = None
    ) -> Mapping[str, Any] | None:
        """An answer that is an object or nothing; what failed fails again."""
        return _plain(self._take(service, operation, fits), service, operation)


def _plain(answer: object, service: str, operation: str) -> Mapping[str, Any] | None:
    if answer is not None and not isinstance(answer, Mapping):
        raise NotRecordedError(service, operation)
    if answer is not None and "error" in answer:
        raise ServiceError(str(answer["error"]))
    return answer


def _lists(arguments: Sequence[object]) -> list[object]:
    return [list(one) if isinstance(one, list | tuple) else one for one in arguments]


def _sent(call: ServiceCall) -> tuple[object, ...]:
    """Method, URL and body of a call that was recorded."""
    match call.arguments:
        case (method, url, _, body):
            return method, url, octets_of(body)
    return ()


def octets_of(value: object) -> bytes | None:
    """A body as it was kept, or as ``trace_format`` keeps it; None: it is not all there."""
    match value:
        case bytes():
            return value
        case {"text": str() as text}:
            return text.encode("utf-8", "surrogatepass")
        case {"base64": str() as text}:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error:
                return None
    return None


def _reply(plain: object, index: int) -> HttpReply:
    match plain:
        case {"failed": str() as error, "seconds": float() | int() as seconds}:
            return HttpReply(index, None, error, seconds)
        case {
            "status": int() as status,
            "headers": list() as headers,
            "body": kept,
            "seconds": float() | int() as seconds,
        }:
            body = octets_of(kept)
            if body is not None:
                answer = HttpAnswer(status, Headers.of(*((str(name), str(value)) for name, value in headers)), body)
                return HttpReply(index, answer, "", seconds)
    raise NotRecordedError("http", "send")


# Scripts


@dataclass(slots=True)
class _Earlier:
    """A call of a script that was recorded."""

    digest: str = ""
    arguments: Sequence[object] = ()
    answer: object = None
    host_calls: list[Sequence[Any]] = field(default_factory=list)


@final
class Performed:
    """Scripts that ran before. They are not run again: what they gave is served. Others are run."""

    def __init__(self, replayed: _Recorded, elsewhere: Scripts) -> None:
        """Make it.

        Args:
            replayed: What was recorded.
            elsewhere: Runs those that did not run before.
        """
        self._replayed: Final = replayed
        self._elsewhere: Final = elsewhere
        self._earlier: _Earlier | None = None

    def moment(self, call: ScriptCall) -> tuple[float, int]:
        """Time and seed of the call that is made next."""
        found = self._replayed.next("scripts", "run", lambda one: _is_of(one, call))
        match found:
            case ServiceCall(_, _, answer, (digest, _, _, arguments, float() | int() as now, int() as seed)):
                asked = answer.get("calls") if isinstance(answer, Mapping) else None
                listed = arguments if isinstance(arguments, list | tuple) else ()
                self._earlier = _Earlier(str(digest), listed, answer, list(asked) if asked else [])
                return now, seed
        self._earlier = None
        return self._replayed.fallback_moment(call)

    async def run(self, program: ScriptProgram, call: ScriptCall, _hosts: HostCalls) -> ScriptResult:
        """What it gave then; or what it gives now.

        Raises:
            NotRecordedError: It asks for something that the one before did not ask for.
        """
        earlier, self._earlier = self._earlier, None
        if earlier is not None and (earlier.digest, tuple(earlier.arguments)) == (program.digest, call.arguments):
            plain = _plain(earlier.answer, "scripts", "run") or {}
            try:
                return _script_result(plain)
            except (KeyError, TypeError, ValueError):
                raise NotRecordedError("scripts", f"run({call.name!r})") from None
        if self._elsewhere is NO_SCRIPTS:
            raise NotRecordedError("scripts", f"run({call.name!r})")
        return await self._elsewhere.run(program, call, _RecordedHosts([] if earlier is None else earlier.host_calls))


def _is_of(recorded_call: ServiceCall, call: ScriptCall) -> bool:
    """Whether it was made in the same place of the chain."""
    match recorded_call.arguments:
        case (_, kind, name, *_):
            return (kind, name) == (call.kind, call.name)
    return False


@final
class _RecordedHosts:
    """Gives a script what another one was given."""

    def __init__(self, left: list[Sequence[Any]]) -> None:
        self._left = left

    async def call(self, name: str, arguments: str) -> str | None:
        """The answer to the same question."""
        for index, (kept_name, kept_arguments, answer, _) in enumerate(self._left):
            if (kept_name, kept_arguments) == (name, arguments):
                del self._left[index]
                return None if answer is None else str(answer)
        shown = arguments if len(arguments) <= _LONGEST_ARGUMENTS else f"{arguments[:_LONGEST_ARGUMENTS]}…"
        raise NotRecordedError("scripts", f"{name}({shown[1:-1] if shown.startswith('[') else shown})")


def _script_result(plain: Mapping[str, Any]) -> ScriptResult:
    failed = plain["failed"]
    return ScriptResult(
        plain["text"],
        None if failed is None else ScriptError(failed["kind"], failed["message"], failed["stack"]),
        tuple(ScriptLine(level, text) for level, text in plain["log"]),
        tuple(ScriptHostCall(*one) for one in plain["calls"]),
        plain["seconds"],
    )
