"""What was recorded, as an outside that answers again."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from lockgate.exchange import Headers
from lockgate.services.errors import NotRecordedError, ServiceError
from lockgate.services.http import HttpAnswer, HttpCall, HttpReply
from lockgate.services.outside import Count, FoundKey, Limit, Outside, ServiceCall, Taken
from lockgate.services.scripts import (
    HostCalls,
    ScriptCall,
    ScriptError,
    ScriptHostCall,
    ScriptLine,
    ScriptProgram,
    ScriptResult,
)
from lockgate.session import Session


def _script_result(plain: Mapping[str, Any]) -> ScriptResult:
    failed = plain["failed"]
    return ScriptResult(
        plain["text"],
        None if failed is None else ScriptError(failed["kind"], failed["message"], failed["stack"]),
        tuple(ScriptLine(level, text) for level, text in plain["log"]),
        tuple(ScriptHostCall(*one) for one in plain["calls"]),
        plain["seconds"],
    )


def recorded(calls: tuple[ServiceCall, ...]) -> Outside:
    """An outside that gives the recorded answers again, in order.

    Its methods raise NotRecordedError for anything else.
    """
    replayed = _Recorded(calls)
    scripts = Performed(replayed)
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
class Performed:
    """Scripts that ran before. They are not run again: what they gave and asked for is served."""

    def __init__(self, replayed: _Recorded) -> None:
        self._replayed = replayed

    def moment(self) -> tuple[float, int]:
        """Time and seed of the next one."""
        return self._replayed.script_moment()

    async def run(self, _program: ScriptProgram, call: ScriptCall, _hosts: HostCalls) -> ScriptResult:
        """What it gave."""
        return self._replayed.script(call)
