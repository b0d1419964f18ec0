"""What scripts ask the gateway for: requests of others, keys, and what they keep. Texts in, texts out.

Arguments are what Go would read them as, answers what it would write: a member of the wrong type makes the whole call
one that did not happen, and text that is none is U+FFFD. What fails is ``undefined`` for the script, and why is a line in
its log.

Source: behaviour-scripting 4.11.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, final

from lockgate.destinations import Reach, parse_destination
from lockgate.documents.json import encode, quote
from lockgate.exchange import TOKEN_CHARACTERS, Headers, canonical, encode_text
from lockgate.identity.sessions import SessionError, session_document
from lockgate.scripting.reading import FLAG, TEXT, TEXT_BY_NAME, AnswerError, Members, Read, members, nested, struct
from lockgate.scripting.reading import whole_text as whole
from lockgate.services import HttpAnswer, HttpCall, HttpReply, ServiceError, Services
from lockgate.settings import ScriptSettings
from lockgate.urls import parse_url, query_escape

STORAGE_SECONDS: Final = 2.0
"""For one operation of the store."""
LONGEST_NAME: Final = 256
"""Bytes of a name in the store."""
LONGEST_TEXT: Final = 64 * 1024
"""Bytes of a text in the store."""

NO_KEY: Final = '{"status":"error","message":"Key not found"}'

_CONTROL: Final = frozenset(map(chr, (*range(0x20), 0x7F)))
_REQUEST: Final[Mapping[str, tuple[Read, Any]]] = {
    "method": TEXT,
    "body": TEXT,
    "headers": TEXT_BY_NAME,
    "domain": TEXT,
    "resource": TEXT,
    "formdata": TEXT_BY_NAME,
}
_UNIT: Final[Mapping[str, tuple[Read, Any]]] = {
    "method": TEXT,
    "headers": TEXT_BY_NAME,
    "body": TEXT,
    "relative_url": TEXT,
}


def _units(value: Any, _before: Any, place: str) -> Any:
    """A list of requests."""
    if value is None:
        return ()
    if isinstance(value, Members) or not isinstance(value, list):
        raise AnswerError(f"expected a list at {place}")
    read = nested(_UNIT)
    return tuple(
        struct(None, _UNIT) if one is None else read(one, None, f"{place}[{index}]") for index, one in enumerate(value)
    )


_BATCH: Final[Mapping[str, tuple[Read, Any]]] = {
    "requests": (_units, ()),
    "suppress_parallel_execution": FLAG,
}


@final
class HostRules:
    """What the scripts of one API may ask for. Where its requests go is known when the definition has been read."""

    __slots__ = ("at_once", "keep_names", "max_bytes", "max_units", "reach")

    def __init__(self, settings: ScriptSettings | None = None, *, keep_names: bool = False) -> None:
        """Make them from settings.

        Args:
            settings: Of all scripts.
            keep_names: ``ignore_canonical_mime_header_key``: headers have the names that the script wrote.
        """
        settings = settings or ScriptSettings()
        self.keep_names: Final = keep_names
        allowed = tuple(parse_destination(text) for text in settings.allowed_hosts)
        self.reach = Reach(allowed=allowed, private=settings.private_networks)
        self.max_bytes: Final = settings.max_answer_bytes
        self.max_units: Final = settings.max_batch
        self.at_once: Final = settings.batch_at_once


@final
class ScriptHost:
    """Answers one call of a script (``services.HostCalls``)."""

    __slots__ = ("_rules", "_seconds", "_services")

    def __init__(self, services: Services, rules: HostRules, seconds: float) -> None:
        """Make it.

        Args:
            services: Of the exchange.
            rules: Of the API.
            seconds: That a script may take, and so what it waits for.
        """
        self._services: Final = services
        self._rules: Final = rules
        self._seconds: Final = seconds

    async def call(self, name: str, arguments: str) -> str | None:
        """The answer to a script; None is ``undefined``.

        Raises:
            ServiceError: The script cannot go on.
        """
        perform = _CALLS.get(name)
        if perform is None:
            self.note(f"{name}: the gateway has no such function")
            return None
        return await perform(self, json.loads(arguments))

    def note(self, why: str) -> None:
        """Have the script's log say why something failed."""
        self._services.note(why)

    # requests

    async def make_request(self, arguments: Sequence[Any]) -> str | None:
        """``TykMakeHttpRequest(request)``."""
        try:
            asked = struct(members(arguments[0], "the request"), _REQUEST)
        except AnswerError as error:
            self.note(f"TykMakeHttpRequest: {error}")
            return None
        body = asked["body"] or _form(asked["formdata"])
        method, url = asked["method"] or "GET", _request_url(asked["domain"] + asked["resource"])
        _check_method(method)
        headers = _headers(asked["headers"], keep_names=self._rules.keep_names)
        call = HttpCall(method, url, headers, body.encode(), self._seconds, self._rules.reach)
        (reply,) = await self._sent((call,), 1)
        return None if reply.answer is None else _answer_text(reply.answer)

    async def batch(self, arguments: Sequence[Any]) -> str | None:
        """``TykBatchRequest(requests)``."""
        try:
            asked = batch_of(arguments[0])
            calls = tuple(self._unit(unit) for unit in asked["requests"])
        except (AnswerError, ServiceError) as error:
            self.note(f"TykBatchRequest: {error}")
            return None
        if len(calls) > self._rules.max_units:
            self.note(f"TykBatchRequest: {len(calls)} requests, and no more than {self._rules.max_units} are allowed")
            return None
        replies = await self._sent(calls, 1 if asked["suppress_parallel_execution"] else self._rules.at_once)
        return batch_text(replies, [unit["relative_url"] for unit in asked["requests"]])

    def _unit(self, unit: Mapping[str, Any]) -> HttpCall:
        method, url = unit["method"] or "GET", unit["relative_url"]
        _check_method(method)
        try:
            parse_url(url)
        except ValueError as error:
            raise ServiceError(f"{url!r} is no URL: {error}") from None
        return HttpCall(method, url, _headers(unit["headers"]), unit["body"].encode(), self._seconds, self._rules.reach)

    async def _sent(self, calls: Sequence[HttpCall], at_once: int) -> Sequence[HttpReply]:
        if not calls:
            return ()
        try:
            replies = await self._services.send(calls, at_once, self._rules.max_bytes)
        except ServiceError as error:
            replies = [HttpReply(index, None, str(error)) for index in range(len(calls))]
        for reply in replies:
            if reply.answer is None:
                call = calls[reply.index]
                self.note(f"{call.method} {_bare(call.url)} failed: {reply.error}")
        return replies

    # keys

    async def get_key(self, arguments: Sequence[Any]) -> str | None:
        """``TykGetKeyData(key, api)``."""
        key, api_id = (whole(str(one)) for one in arguments)
        try:
            session = await self._services.get_key(key, api_id)
        except ServiceError as error:
            self.note(f"TykGetKeyData: {error}")
            return "{}"
        return NO_KEY if session is None else _object(session)

    async def set_key(self, arguments: Sequence[Any]) -> str | None:
        """``TykSetKeyData(key, session, suppress_reset)``."""
        key, session, suppress_reset = (whole(str(one)) for one in arguments)
        try:
            document = session_document(session.encode())
            await self._services.set_key(key, document, keeps_counts=suppress_reset == "1")
        except (SessionError, ServiceError) as error:
            self.note(f"TykSetKeyData: {error}")
        return None

    # what is kept

    async def stored(self, name: str, arguments: Sequence[Any]) -> str:
        """One of ``TykStorage…``: ``{"value": …}``, or ``{"error": …}``."""
        try:
            async with asyncio.timeout(STORAGE_SECONDS):
                return _object({"value": await self._stored(name, arguments)})
        except TimeoutError:
            return _object({"error": f"the store did not answer within {STORAGE_SECONDS:g} seconds"})
        except ServiceError as error:
            return _object({"error": str(error)})

    async def _stored(self, name: str, arguments: Sequence[Any]) -> object:
        store, key = self._services.storage, whole(str(arguments[0]))
        if not 1 <= len(key.encode()) <= LONGEST_NAME:
            raise ServiceError(f"expected a key of 1 to {LONGEST_NAME} bytes, found one of {len(key.encode())}")
        match name, arguments[1:]:
            case "TykStorageGet", []:
                return await store.get(key)
            case "TykStorageSet", [str() as text, ttl]:
                await store.put(key, _kept(text), _seconds(ttl))
                return None
            case "TykStorageSetNX", [str() as text, ttl]:
                return await store.put(key, _kept(text), _seconds(ttl), only_new=True)
            case "TykStorageDel", []:
                await store.forget(key)
                return None
            case "TykStorageTTL", []:
                return await store.time_left(key)
            case "TykStorageIncr", [ttl]:
                return str(await store.count(key, _seconds(ttl)))
        raise ServiceError("the call has other arguments than it should have")


def _storing(name: str) -> Callable[[ScriptHost, Sequence[Any]], Awaitable[str | None]]:
    async def storing(host: ScriptHost, arguments: Sequence[Any]) -> str | None:
        return await host.stored(name, arguments)

    return storing


_STORING: Final = (
    *("TykStorageGet", "TykStorageSet", "TykStorageSetNX", "TykStorageDel", "TykStorageTTL", "TykStorageIncr"),
)
_CALLS: Final[Mapping[str, Callable[[ScriptHost, Sequence[Any]], Awaitable[str | None]]]] = {
    "TykMakeHttpRequest": ScriptHost.make_request,
    "TykBatchRequest": ScriptHost.batch,
    "TykGetKeyData": ScriptHost.get_key,
    "TykSetKeyData": ScriptHost.set_key,
    **{name: _storing(name) for name in _STORING},
}


# what is read


def batch_of(text: str) -> Mapping[str, Any]:
    """A batch as scripts and clients write it.

    Returns:
        ``requests``, each with the members of ``_UNIT``, and ``suppress_parallel_execution``.

    Raises:
        AnswerError: It is none.
    """
    try:
        return struct(members(text, "the batch"), _BATCH)
    except RecursionError:
        raise AnswerError("the batch is nested too deep") from None


def _request_url(text: str) -> str:
    """A URL as Go's ParseRequestURI takes it, which has no fragment.

    Raises:
        ServiceError: It is none. In the reference gateway the script never goes on then.
    """
    path, question_mark, query = text.partition("?")
    url = f"{path.replace('#', '%23')}{question_mark}{query}"
    try:
        if not text or not _CONTROL.isdisjoint(text):
            raise ValueError("it is empty, or has a control character")
        if not parse_url(url).scheme and not text.startswith(("/", "*")):
            raise ValueError("it has no scheme and no path")
    except ValueError as error:
        raise ServiceError(f"{_bare(text)!r} is no URL that could be requested: {error}") from None
    return url


def _check_method(method: str) -> None:
    if not TOKEN_CHARACTERS.issuperset(method.encode()):
        raise ServiceError(f"{method[:40]!r} is no method")


def _headers(given: Mapping[str, str], *, keep_names: bool = False) -> Headers:
    made: dict[str, str] = {}
    for name, value in given.items():
        made[name if keep_names else canonical(name)] = value
    return Headers(tuple((encode_text(name), encode_text(made[name])) for name in sorted(made)))


def _form(values: Mapping[str, str]) -> str:
    return "&".join(f"{query_escape(name)}={query_escape(values[name])}" for name in sorted(values))


def _kept(text: str) -> str:
    kept = whole(text)
    if len(kept.encode()) > LONGEST_TEXT:
        raise ServiceError(f"expected a value of up to {LONGEST_TEXT} bytes, found one of {len(kept.encode())}")
    return kept


def _seconds(ttl: object) -> float:
    if not isinstance(ttl, int | float) or ttl < 0:
        raise ServiceError(f"expected seconds from 0, found {ttl!r}")
    return float(int(ttl))


def _bare(url: str) -> str:
    """A URL for messages: without query, which may hold secrets, and without user and password."""
    url = url.partition("?")[0][:200]
    head, _, tail = url.partition("//")
    return f"{head}//{tail.rpartition('@')[2]}" if tail else url


# what is written


def header_values(headers: Headers) -> dict[str, list[str]]:
    """Values by name, as Go keeps them."""
    shown: dict[str, list[str]] = {}
    for name, value in headers:
        shown.setdefault(canonical(name), []).append(value)
    return shown


def _answer_text(answer: HttpAnswer) -> str:
    headers = encode(header_values(answer.headers)).decode()
    body = quote(answer.body.decode("utf-8", "surrogateescape"))
    return (
        f'{{"Code":{answer.status},"Body":{body},"Headers":{headers},'
        f'"code":{answer.status},"body":{body},"headers":{headers}}}'
    )


def batch_text(replies: Sequence[HttpReply], urls: Sequence[str]) -> str:
    """What came of a batch, in the order of the replies; a unit that failed has nothing but zeros.

    Args:
        replies: Of the calls.
        urls: As they were asked for.
    """
    return f"[{','.join(_unit_text(reply.answer, urls[reply.index]) for reply in replies)}]"


def _unit_text(answer: HttpAnswer | None, url: str) -> str:
    if answer is None:
        return '{"relative_url":"","code":0,"headers":null,"body":""}'
    headers = encode(header_values(answer.headers)).decode()
    body = quote(answer.body.decode("utf-8", "surrogateescape"))
    return f'{{"relative_url":{quote(url)},"code":{answer.status},"headers":{headers},"body":{body}}}'


def _object(value: Mapping[str, Any]) -> str:
    """An object whose members stay in their order."""
    return "{" + ",".join(f"{quote(name)}:{encode(one).decode()}" for name, one in value.items()) + "}"
