"""Exchanges that were recorded, in the one form in which they can be run again. No I/O.

They come from traces: live ones (``recorded_of``), and those that flows, pages and ``lockgate try --format json`` saved
(``recorded_of_plain``, ``read_traces``). Other recordings are read beside this: HAR in ``har``, flows by the host.
What a recording lacks is named in ``Recorded.missing``; nothing is made up for it.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lockgate.exchange import NOT_READ, Body, Client, Exchange, Headers, NotRead, Request, Response
from lockgate.services import ServiceCall
from lockgate.services.replaying import octets_of
from lockgate.trace import Trace
from lockgate.trace_format import MASK, Plain, to_plain

NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Of a recording that does not say when it was made."""

_NOBODY: Final = Client()

_ADDRESS: Final = re.compile(r"(https?://[^/?#]+)")


class RecordingError(ValueError):
    """A recording that cannot be read; the message says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a recording that is no exchange that could be run."""

    source: str
    """File, and where in it."""
    reason: str
    """What was expected and what was found."""
    is_exchange: bool = True
    """False for what is no HTTP at all, as a flow of TCP."""


type OnUnusable = Callable[[Unusable], None] | None
"""Is told what could not be used, and reading goes on behind it. None: the first one ends the reading."""


def give_up(told: OnUnusable, source: str, reason: str) -> None:
    """Say that a part of a recording cannot be used.

    Raises:
        RecordingError: Nobody wants to be told.
    """
    if told is None:
        raise RecordingError(f"{source}: {reason}")
    told(Unusable(source, reason))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange as it can be run again."""

    request: Request
    """As the client sent it."""
    id: str = ""
    """Of the exchange; "" where nothing named it."""
    received_at: datetime = NO_TIME
    """Aware, in UTC."""
    client: Client = _NOBODY
    part_of: str = ""
    """Id of the exchange whose batch it was a part of; "" where it was none."""
    calls: tuple[ServiceCall, ...] = ()
    """What services answered, in order, over all steps."""
    upstream_request: Request | None = None
    """As it was sent; None: it went nowhere, or nobody knows."""
    upstream_address: str = ""
    """Where that went: "http://host:port"; "" likewise."""
    upstream_response: Response | None = None
    answer: Response | None = None
    """What the client got; None: nothing, or nobody knows."""
    error: str = ""
    """What went wrong outside the links: the upstream could not be reached."""
    failure: str = ""
    """Name of the ``Reason`` with which the host ended the exchange then; "" where it did not."""
    api: str = ""
    """Name of the API that served it last."""
    trace: Plain | None = None
    """The whole trace, as ``trace_format.to_plain`` made it, where there is one."""
    by_gateway: bool = True
    """Whether this gateway recorded it, so that what came of it can be compared with. False for flows of others and HAR."""
    source: str = ""
    """File, and where in it: "yesterday.flow, flow 12"."""
    missing: tuple[str, ...] = ()
    """What is masked or cut: "the value of the request's header Authorization"."""

    @property
    def title(self) -> str:
        """Method and target, for lists."""
        return f"{self.request.method} {self.request.target}"


# From traces


def recorded_of(trace: Trace, source: str = "live", *, with_trace: bool = True) -> Recorded:
    """A live exchange: exact, with its secrets.

    Args:
        trace: Of an exchange that is over.
        source: Where it was seen.
        with_trace: Whether ``Recorded.trace`` is wanted too, which takes longer than all the rest.
    """
    original = trace.original
    last = trace.steps[-1].after if trace.steps else original
    forwarded = trace.upstream_request is not None
    details = (step.detail for step in reversed(trace.steps) if step.outcome == "forward") if forwarded else ()
    messages = (("request", original.request), ("upstream's answer", trace.upstream_response))
    return Recorded(
        request=original.request,
        id=original.id,
        received_at=original.received_at,
        client=original.client,
        part_of=original.part_of,
        calls=tuple([call for step in trace.steps for call in step.calls]),
        upstream_request=trace.upstream_request,
        upstream_address=_address(next(iter(details), "")),
        upstream_response=trace.upstream_response,
        answer=trace.answer,
        error=trace.error,
        failure=trace.failure,
        api=last.passes[-1].api_name if last.passes else "",
        trace=to_plain(trace) if with_trace else None,
        source=source,
        missing=tuple(
            f"the body of the {name}, which nobody read"
            for name, message in messages
            if message is not None and isinstance(message.body, NotRead)
        ),
    )


def exchange_of(recorded: Recorded) -> Exchange:
    """The exchange as it arrived, for a run."""
    return Exchange(
        id=recorded.id,
        received_at=recorded.received_at,
        request=recorded.request,
        client=recorded.client,
        part_of=recorded.part_of,
    )


def recorded_of_plain(plain: Mapping[str, Any], source: str = "") -> Recorded:
    """A saved exchange, from what ``trace_format.to_plain`` or ``masked`` made of its trace.

    Args:
        plain: The trace; ``flow.metadata`` carries it.
        source: File, and where in it.

    Raises:
        RecordingError: It is no such trace.
    """
    try:
        return _of_plain(plain, source)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise RecordingError(
            f"{source or 'the recording'}: expected a trace of the gateway, found {_said(error)}"
        ) from None


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no {error}"
    if isinstance(error, TypeError | AttributeError | LookupError | RecursionError):
        return "a part of another kind"
    return str(error)


def _of_plain(plain: Mapping[str, Any], source: str) -> Recorded:
    reading = _Reading(plain.get("masked") is True)
    request = reading.request(plain["original"], "the request")
    sent, came, answer = plain["upstream_request"], plain["upstream_response"], plain["answer"]
    upstream_response = None if came is None else reading.response(came, "the upstream's answer")
    steps: Sequence[Mapping[str, Any]] = plain["steps"]
    calls = tuple([reading.call(call) for step in steps if step["calls"] for call in step["calls"]])
    missing = tuple(dict.fromkeys(reading.missing))
    # What came of it is only compared: what it lacks keeps nothing from being run again.
    details = (step["detail"] for step in reversed(steps) if step["outcome"] == "forward") if sent is not None else ()
    passes = plain["passes"]
    return Recorded(
        request=request,
        id=str(plain["exchange"]),
        received_at=_time(plain["received_at"]),
        client=_client(plain["client"]),
        part_of=str(plain.get("part_of", "")),
        calls=calls,
        upstream_request=None if sent is None else reading.request(sent, "the request upstream"),
        upstream_address=_address(next(iter(details), "")),
        upstream_response=upstream_response,
        answer=None if answer is None else reading.response(answer, "the answer"),
        error=str(plain["error"]),
        failure=str(plain.get("failure", "")),
        api=str(passes[-1]["api"]) if passes else "",
        trace=dict(plain),
        source=source,
        missing=missing,
    )


def _address(detail: str) -> str:
    found = _ADDRESS.match(detail)
    return found[1] if found else ""


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _client(text: str) -> Client:
    address, _, port = text.rpartition(":")
    return Client(address, int(port))


class _Reading:
    """Messages and calls of one saved trace, and what they lack."""

    __slots__ = ("_is_masked", "missing")

    def __init__(self, is_masked: bool) -> None:  # noqa: FBT001
        self._is_masked: Final = is_masked
        self.missing: Final[list[str]] = []

    def request(self, plain: Mapping[str, Any], name: str) -> Request:
        target, headers = self._head(plain, name)
        path, question, query = target.partition("?")
        return Request(
            method=_wire(plain, "method"),
            path=path,
            query=query if question else None,
            headers=headers,
            body=self._body(plain["body"], name),
            host=_wire(plain, "host"),
            scheme=plain["scheme"],
            version=plain["version"],
        )

    def response(self, plain: Mapping[str, Any], name: str) -> Response:
        _, headers = self._head(plain, name)
        return Response(int(plain["status"]), headers, self._body(plain["body"], name), _wire(plain, "reason"))

    def _head(self, plain: Mapping[str, Any], name: str) -> tuple[str, Headers]:
        octets = plain.get("octets")
        if octets is not None and octets != MASK:
            target = base64.b64decode(octets.get("target", "")).decode("utf-8", "surrogateescape")
            fields = [(base64.b64decode(one), base64.b64decode(value)) for one, value in octets["headers"]]
            return target, Headers(tuple(fields))
        if octets == MASK:
            self.missing.append(f"the bytes of {name} that are no UTF-8")
        target = str(plain.get("target", ""))
        if self._is_masked:
            if MASK in target:
                self.missing.append(f"a part of the target of {name}, which is masked")
            for header, value in plain["headers"]:
                if MASK in value:
                    self.missing.append(f"the value of the header {header} of {name}, which is masked")
        return target, Headers(tuple([(one.encode(), value.encode()) for one, value in plain["headers"]]))

    def _body(self, plain: Mapping[str, Any], name: str) -> Body:
        if plain.get("streamed"):
            self.missing.append(f"the body of {name}, which nobody read")
            return NOT_READ
        found = octets_of(plain)
        if found is None:
            self.missing.append(f"the body of {name}, of which only head and hash were kept")
            return NOT_READ
        if self._is_masked and MASK in plain.get("text", ""):
            self.missing.append(f"a part of the body of {name}, which is masked")
        return found

    def call(self, plain: Mapping[str, Any]) -> ServiceCall:
        service, operation = str(plain["service"]), str(plain["operation"])
        exact = plain.get("exact")
        if exact is not None and exact != MASK:
            arguments, answer = json.loads(exact)
        else:
            arguments, answer = plain["arguments"], plain["answer"]
            if exact == MASK or (self._is_masked and _holds_mask([arguments, answer])):
                self.missing.append(f"a part of the call {service}.{operation}, which is masked")
        return ServiceCall(service, operation, answer, tuple(arguments))


def _wire(plain: Mapping[str, Any], name: str) -> str:
    return str(plain.get(name, ""))


def _holds_mask(value: object) -> bool:
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, Mapping):
        return any(_holds_mask(one) for one in value.values())
    return isinstance(value, list | tuple) and any(_holds_mask(one) for one in value)


# Files of traces


def read_traces(text: bytes, source: str = "", told: OnUnusable = None) -> Iterator[Recorded]:
    """Saved traces: one as ``lockgate try --format json`` prints it, a JSON list of them, or one on each line.

    Args:
        text: Of the file.
        source: Its name.
        told: What is told of those that are none.

    Raises:
        RecordingError: It holds something else; what stood before it was given.
    """
    try:
        whole = json.loads(text)
    except RecursionError:
        raise RecordingError(f"{source}: expected traces as JSON, found values nested too deep") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0]):  # noqa: PLR2004
            raise RecordingError(f"{source}: expected traces as JSON, or a HAR file: {_place_in(error)}") from None
        yield from _read_lines(text.splitlines(), source, told)
        return
    if isinstance(whole, list):
        for number, one in enumerate(whole, 1):
            yield from _one(one, f"{source}, trace {number}", told)
    else:
        yield from _one(whole, source, None)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _place_in(error: ValueError) -> str:
    """What is wrong with a JSON text, and where."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
    return "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _read_lines(lines: Sequence[bytes], source: str, told: OnUnusable) -> Iterator[Recorded]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{source}, line {number}"
        try:
            one = json.loads(line)
        except RecursionError:
            give_up(told, place, "expected a trace as JSON, found values nested too deep")
        except ValueError as error:
            give_up(told, place, f"expected a trace as JSON: {_place_in(error)}")
        else:
            yield from _one(one, place, told)


_KINDS: Final[Mapping[type, str]] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}


def kind_of(value: object) -> str:
    """What a JSON value is, for messages."""
    return "null" if value is None else _KINDS.get(type(value), "a number")


def _one(value: object, place: str, told: OnUnusable) -> Iterator[Recorded]:
    if not isinstance(value, Mapping):
        give_up(told, place, f"expected a trace, found {kind_of(value)}")
        return
    try:
        made = recorded_of_plain(value, place)
    except RecordingError as error:
        give_up(told, place, str(error).removeprefix(f"{place}: "))
    else:
        yield made
