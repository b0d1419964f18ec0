"""One call of something that an API's scripts declare, from a link: what it is given, and the text that it returned."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.exchange import Body, Exchange, NotRead
from lockgate.scripting.contract import ScriptConfig
from lockgate.scripting.host_calls import HostRules, ScriptHost
from lockgate.scripting.reading import AT_ONCE
from lockgate.scripting.sessions import NO_SESSION
from lockgate.services import HostCalls, ScriptCall, ScriptError, ScriptKind, ScriptProgram, ServiceError, Services

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


INLINE_BYTES: Final = 64 * 1024
"""Of a message that a script gets; larger ones are prepared where nobody has to wait for it."""


def as_json(value: object) -> str:
    """JSON in ASCII, so that bytes that are no UTF-8 pass. Long texts of an object are written part by part."""
    if isinstance(value, dict) and any(isinstance(one, str) and len(one) > AT_ONCE for one in value.values()):
        members = (f"{_ENCODER.encode(name)}:{_written(one)}" for name, one in value.items())
        return "{" + ",".join(members) + "}"
    return _ENCODER.encode(value)


def _written(value: object) -> str:
    if not isinstance(value, str) or len(value) <= AT_ONCE:
        return _ENCODER.encode(value)
    starts = range(0, len(value), AT_ONCE)
    return '"' + "".join([_ENCODER.encode(value[start : start + AT_ONCE])[1:-1] for start in starts]) + '"'


async def prepared(make: Callable[[], str], body: Body, services: Services) -> str:
    """An argument, made elsewhere where the message is large.

    Args:
        make: Makes it.
        body: Of the message.
        services: The outside.
    """
    is_large = not isinstance(body, NotRead) and len(body) > INLINE_BYTES
    return await services.compute(make) if is_large else make()


async def understood[T](read: Callable[[str], T], text: str, services: Services) -> T:
    """What a script gave back, read elsewhere where it is large.

    Args:
        read: Reads it.
        text: That the script returned.
        services: The outside.

    Raises:
        AnswerError: As ``read`` does.
    """
    return await services.compute(lambda: read(text)) if len(text) > INLINE_BYTES else read(text)


_NO_SESSION: Final = as_json(NO_SESSION)
_PROMISE: Final = "[object Promise]"


class CallError(RuntimeError):
    """A call of a script failed. The message says why, for trace and log."""


@dataclass(frozen=True, slots=True)
class Script:
    """Something that an API's scripts declare, and how it is called."""

    program: ScriptProgram = field(repr=False)
    """All scripts of the API."""
    name: str
    """Any expression of JavaScript."""
    config: ScriptConfig
    """What it is told of its API."""
    seconds: float = 5.0
    """After which a call has failed (``jsvm_timeout``)."""
    keep_names: bool = False
    """``ignore_canonical_mime_header_key``: headers are set with the names that the script wrote."""
    rules: HostRules = field(default_factory=HostRules, repr=False, compare=False)
    """What it may ask the gateway for."""
    config_text: str = field(init=False, repr=False, compare=False)
    """``config`` as JSON."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "config_text", as_json(self.config.argument()))


def session_text(session: Mapping[str, Any] | None) -> str:
    """A session as ``sessions.session_argument`` gives it, as JSON."""
    return _NO_SESSION if session is NO_SESSION else as_json(session)


async def call(
    script: Script, kind: ScriptKind, arguments: Sequence[str], exchange: Exchange, services: Services
) -> str:
    """Call a script.

    Args:
        script: What is called.
        kind: How.
        arguments: As JSON, without ``config``, which comes last.
        exchange: That it is called for.
        services: The outside.

    Returns:
        ``String()`` of what it returned.

    Raises:
        CallError: It failed, took too long, returned undefined, or no script could be run.
    """
    asked = ScriptCall(kind, script.name, (*arguments, script.config_text), script.seconds)
    try:
        result = await services.run_script(script.program, asked, host_calls(script, exchange, services))
    except ServiceError as error:
        raise CallError(str(error)) from error
    if result.error is not None:
        raise CallError(failure_text(result.error))
    if result.text is None:
        raise CallError(f"{script.name} returned undefined")
    if result.text == _PROMISE:
        raise CallError(f"{script.name} returned a promise: nobody waits for it, so that a function cannot be async")
    return result.text


def failure_text(error: ScriptError) -> str:
    """What a script threw, and where, in one line."""
    where = error.stack.strip().partition("\n")[0].strip()
    return f"{error.message} ({where})" if where else error.message


def host_calls(script: Script, _exchange: Exchange, services: Services) -> HostCalls:
    """What a script may ask the gateway for."""
    return ScriptHost(services, script.rules, script.seconds)
