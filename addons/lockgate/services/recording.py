"""What links call: the same intentions as the outside has, each call kept as a ``ServiceCall``."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

from lockgate.services.errors import ServiceError
from lockgate.services.http import HttpCall, HttpReply, Storage
from lockgate.services.outside import Done, FoundKey, Limit, Outside, ServiceCall, Taken, Task
from lockgate.services.replaying import Performed
from lockgate.services.scripts import (
    Event,
    EventHandler,
    HostCalls,
    ScriptCall,
    ScriptLine,
    ScriptProgram,
    ScriptResult,
)


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
        if isinstance(outside.scripts, Performed):
            now, seed = outside.scripts.moment(call)
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


def _plain_reply(reply: HttpReply) -> dict[str, object]:
    answer = reply.answer
    if answer is None:
        return {"failed": reply.error, "seconds": reply.seconds}
    headers = [[name, value] for name, value in answer.headers]
    return {"status": answer.status, "headers": headers, "body": answer.body, "seconds": reply.seconds}
