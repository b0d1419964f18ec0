"""Transaction records: what analytics gets to know of an exchange that is over.

``transaction_record`` says whether there is one, and what is in it; it is pure. A ``Recorder`` makes them for a host,
counts requests by endpoint, and hands the records to the queue of a sink. Nothing here waits or raises.

Source: behaviour-chain 4.16, 7.1 and 7.2. JSON names are tyk-pump's.
"""

import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple, final

from lockgate.client_address import client_address
from lockgate.endings import Ending, ending
from lockgate.engine import Run
from lockgate.exchange import Exchange, Headers, NotRead, Upstream, decode_text, encode_text
from lockgate.identity.keys import handle_of, shown_hash
from lockgate.middlewares.forward import Forwarding
from lockgate.model import ApiDefinition
from lockgate.record_rules import RecordRules
from lockgate.routing.pattern import decode_path
from lockgate.services import RecordSink
from lockgate.settings import Settings
from lockgate.stores.endpoint_counters import UNKNOWN, EndpointCounters
from lockgate.stores.record_files import RecordFile
from lockgate.stores.record_queue import Complaints, RecordCounts, RecordQueue
from lockgate.trace_format import MASK, is_secret, masked_url, without_secrets

logger = logging.getLogger(__name__)

NOT_VERSIONED: Final = "Non Versioned"
CACHED_TAG: Final = "cached-response"
CLIENT_GONE: Final = 499
"""Stands for the status of an answer that its client did not wait for."""
FOREVER: Final = timedelta(days=36525)
"""Until a record expires that has no date."""

_RECORDED: Final = frozenset({Ending.FORWARDED, Ending.REFUSED, Ending.MOCK, Ending.CACHED, Ending.SCRIPT})
_FROM_STORE: Final = frozenset({Ending.MOCK, Ending.CACHED})
_LONGEST_TEXT: Final = 4096
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
_LONGEST_KNOWN_NAME: Final = 64
_MASK: Final = MASK.encode()
_OWN_BYTES: Final = 1024
"""About what a record takes beside its messages."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_DEVELOPER: Final = "tyk_developer_id"
"""In a session's metadata: whose key it is."""
_NO_PLACE: Final[Mapping[str, Any]] = {
    "country": {"iso_code": ""},
    "city": {"geoname_id": 0, "names": {}},
    "location": {"latitude": 0, "longitude": 0, "time_zone": ""},
}
_NO_NETWORK: Final = {"open_connections": 0, "closed_connections": 0, "bytes_in": 0, "bytes_out": 0}


@dataclass(frozen=True, slots=True)
class Wire:
    """What a host saw of an exchange that its run does not hold, for detailed records."""

    request_body: bytes = b""
    """The beginning of a body that streamed past."""
    response_body: bytes = b""
    response_fields: tuple[tuple[bytes, bytes], ...] | None = None
    """As they were written; None leaves it to the run, which does not know what the host added."""


NOT_SEEN: Final = Wire()


class TransactionRecord(NamedTuple):
    """One record. Texts may hold bytes that are no UTF-8; ``plain`` does not. A tuple, since there is one per exchange."""

    exchange_id: str
    received_at: datetime
    """Aware."""
    method: str
    host: str
    path: str
    raw_path: str
    original_path: str
    listen_path: str
    content_length: int
    """-1: not known."""
    user_agent: str
    response_code: int
    api_key: str
    api_version: str
    api_name: str
    api_id: str
    org_id: str
    oauth_id: str
    alias: str
    total_ms: int
    upstream_ms: int
    ip_address: str
    tags: tuple[str, ...]
    track_path: bool
    retention_seconds: int
    """0: for ever."""
    endpoint: str
    """Method and path template, to count by; "" where none is known. Not in the JSON."""
    raw_request: bytes = b""
    """As the client sent it, without what is secret; b"" unless the record is a detailed one."""
    raw_response: bytes = b""

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return _OWN_BYTES + len(self.raw_request) + len(self.raw_response)

    def plain(self) -> Mapping[str, Any]:
        """JSON values. Days and hours are local ones."""
        at = self.received_at.astimezone()
        tags = [*self.tags, f"key-{self.api_key}", f"org-{self.org_id}", f"api-{self.api_id}"]
        return {
            "method": _text(self.method),
            "host": _text(self.host),
            "path": _text(self.path),
            "raw_path": _text(self.raw_path),
            "original_path": _text(self.original_path),
            "listen_path": _text(self.listen_path),
            "content_length": self.content_length,
            "user_agent": _text(self.user_agent),
            "day": at.day,
            "month": at.month,
            "year": at.year,
            "hour": at.hour,
            "response_code": self.response_code,
            "api_key": _text(self.api_key),
            "timestamp": at.isoformat(timespec="milliseconds"),
            "api_version": _text(self.api_version),
            "api_name": _text(self.api_name),
            "api_id": _text(self.api_id),
            "org_id": _text(self.org_id),
            "oauth_id": _text(self.oauth_id),
            "alias": _text(self.alias),
            "request_time": self.total_ms,
            "latency": {
                "total": self.total_ms,
                "upstream": self.upstream_ms,
                "gateway": max(self.total_ms - self.upstream_ms, 0),
            },
            "raw_request": b64encode(self.raw_request).decode(),
            "raw_response": b64encode(self.raw_response).decode(),
            "ip_address": _text(self.ip_address),
            "geo": _NO_PLACE,
            "network": _NO_NETWORK,
            "tags": [_text(tag) for tag in tags],
            "track_path": self.track_path,
            "expireAt": _later(at, self.retention_seconds).isoformat(timespec="milliseconds"),
            "x-lockgate": {"exchange_id": self.exchange_id},
        }


def _later(at: datetime, seconds: int) -> datetime:
    try:
        return at + (timedelta(seconds=seconds) if seconds else FOREVER)
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)


def _text(text: str) -> str:
    """Text that any encoder takes, of a length that anybody may send."""
    text = text[:_LONGEST_TEXT]
    return text if text.isascii() else _NO_TEXT.sub("\ufffd", text)


def transaction_record(
    run: Run, rules: RecordRules, wire: Wire = NOT_SEEN, max_body_bytes: int = 0
) -> TransactionRecord | None:
    """The record of an exchange that is over.

    Args:
        run: Its request was answered, or nobody waits for an answer any more.
        rules: Of the gateway.
        wire: What its host saw.
        max_body_bytes: Of each body in a detailed record.

    Returns:
        None where nothing is to be recorded.
    """
    api, exchange, trace = run.api, run.exchange, run.trace
    how = ending(run)
    if api is None or how not in _RECORDED:
        return None
    definition, original = api.definition, trace.original
    recording, tracking, session = definition.recording, exchange.tracking, exchange.session
    if not recording.enabled or (tracking is not None and tracking.never):
        return None
    settings = run.snapshot.settings
    headers = original.request.headers
    address = client_address(headers, original.client, settings.http_server_options.xff_depth)
    if rules.ignores(address):
        return None
    raw_path, path = _paths(run, how)
    if trace.secrets:
        raw_path, path = without_secrets(raw_path, trace.secrets), without_secrets(path, trace.secrets)
    if rules.normalises:
        path = rules.path(path)
    tracked = "" if tracking is None else tracking.path
    this = exchange.current_pass
    detailed = is_detailed(run, rules)
    total = int(trace.elapsed_ns / 1e6)
    return TransactionRecord(
        exchange_id=original.id,
        received_at=original.received_at,
        method=exchange.request.method,
        host=_host(definition, exchange),
        path=tracked or path,
        raw_path=raw_path,
        original_path=decode_path(original.request.path),
        listen_path=definition.listen_path,
        content_length=_content_length(original),
        user_agent=(headers.get("user-agent") or "")[:_LONGEST_TEXT],
        response_code=CLIENT_GONE if trace.answer is None else trace.answer.status,
        api_key=_key(exchange.key, settings),
        api_version=_version(run),
        api_name=definition.name,
        api_id=definition.id,
        org_id=definition.org_id,
        oauth_id="" if session is None else session.oauth_client_id,
        alias="" if session is None else session.alias,
        total_ms=total,
        upstream_ms=int(trace.upstream_ns / 1e6) if how is Ending.FORWARDED else 0,
        ip_address=address,
        tags=tuple(_tags(run, how)),
        track_path=bool(tracked),
        retention_seconds=recording.retention_seconds,
        endpoint=f"{this.method} {tracked}"
        if tracked
        else ""
        if run.request_plan is None
        else run.request_plan.endpoint,
        raw_request=raw_request(run, wire, max_body_bytes) if detailed else b"",
        raw_response=raw_response(run, wire, max_body_bytes) if detailed else b"",
    )


def is_detailed(run: Run, rules: RecordRules) -> bool:
    """Whether the record of an exchange holds its messages; known once the request phase is over."""
    api, session = run.api, run.exchange.session
    if api is None or not api.definition.recording.enabled:
        return False
    return (
        rules.detailed
        or api.definition.recording.detailed
        or (session is not None and session.enable_detailed_recording)
    )


def _key(name: str, settings: Settings) -> str:
    """What stands for a key in records: its hash.

    Differs: the reference gateway writes the key itself, unless keys are hashed (test_no_key_is_in_a_record).
    """
    if not name:
        return ""
    return shown_hash(name, settings.hash_key_function) if settings.hash_keys else handle_of(name)


def _paths(run: Run, how: Ending) -> tuple[str, str]:
    """The path as it is now, and the path that the record is found by."""
    api, exchange = run.api, run.exchange
    if how is Ending.REFUSED and not exchange.forwarded and api is not None:
        path = exchange.current_pass.path
        path = api.listen.strip(path) if api.definition.strip_listen_path else path
        return path, path
    path = decode_path(exchange.request.path)
    if how is Ending.MOCK:
        step = next((step for step in reversed(run.trace.steps) if step.link == "mock_response"), None)
        entry = "" if step is None else step.why.entry.partition(" ")[2]
        return path, entry or path
    return path, path


def _host(definition: ApiDefinition, exchange: Exchange) -> str:
    """The upstream's name, with its port unless that is the usual one."""
    upstream = exchange.upstream
    if upstream is not None:
        return _authority(upstream)
    version = exchange.current_pass.version
    for one in definition.versions:
        if one.name == version:
            section = one.sections.get("forward")
            config = None if section is None else section.config
            target = config.target if isinstance(config, Forwarding) else None
            return "" if target is None else target.authority
    return ""


def _authority(upstream: Upstream) -> str:
    host = f"[{upstream.host}]" if ":" in upstream.host else upstream.host
    return host if _DEFAULT_PORTS.get(upstream.scheme) == upstream.port else f"{host}:{upstream.port}"


def _content_length(original: Exchange) -> int:
    declared = original.request.headers.get("content-length")
    if declared is None:
        return -1 if isinstance(original.request.body, NotRead) else len(original.request.body)
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 19 else -1  # noqa: PLR2004 - 64 bits


def _version(run: Run) -> str:
    """The name of the version that answered."""
    exchange, api = run.exchange, run.api
    this = exchange.current_pass
    if len(exchange.passes) > 1:
        base = run.snapshot.apis.get(exchange.passes[-2].api_id)
        versioning = None if base is None else base.definition.versioning
        names = {} if versioning is None else versioning.children or {}
        named = next((name for name, child in names.items() if child == this.api_id), "")
        if named:
            return named
    versioning = None if api is None else api.definition.versioning
    if versioning is None:
        return NOT_VERSIONED
    return versioning.name if versioning.children is not None else this.version or NOT_VERSIONED


def _tags(run: Run, how: Ending) -> Iterator[str]:
    """Tags, in their order; those that every record has are added to them later."""
    exchange, api = run.exchange, run.api
    session = exchange.session
    if session is not None:
        yield from (f"pol-{policy}" for policy in session.apply_policies)
        developer = session.meta_data.get(_DEVELOPER)
        if isinstance(developer, str) and developer:
            yield f"dev-{developer}"
        yield from session.tags
    if api is not None:
        recording = api.definition.recording
        for name in recording.tag_headers:
            value = _header(run, name)
            if value is not None:
                key = name.lower()
                hidden = _is_secret(key) or key in _key_names(run)
                yield f"{key}-{MASK if hidden else value[:_LONGEST_TEXT]}"
        yield from recording.tags
    if how in _FROM_STORE:
        yield CACHED_TAG


def _header(run: Run, name: str) -> str | None:
    """A request header as it is now, or as the client sent it."""
    original = run.trace.original.request
    if name.lower() == "host":
        return original.host or None
    now = run.exchange.request.headers.get(name)
    return original.headers.get(name) if now is None else now


def _key_names(run: Run) -> frozenset[str]:
    """Headers, in lower case, and query parameters in which the APIs that an exchange passed look for a key."""
    passes = run.exchange.passes
    if len(passes) == 1 and run.api is not None:
        return run.api.key_names
    apis = (run.snapshot.apis.get(one.api_id) for one in passes)
    return frozenset(name for api in apis if api is not None for name in api.key_names)


def _is_secret(name: str) -> bool:
    """As ``is_secret``, which is asked the same again and again."""
    return _known_secret(name) if len(name) <= _LONGEST_KNOWN_NAME else is_secret(name)


_known_secret: Final = lru_cache(maxsize=1024)(is_secret)


# Messages, as they went over the wire


def raw_request(run: Run, wire: Wire, max_body_bytes: int) -> bytes:
    """The client's request, with a mask for what is secret in its head.

    Differs: the reference gateway keeps credentials (test_no_key_is_in_a_record).
    """
    request = run.trace.original.request
    # Links may change a body; the first one that was handed to them is the client's.
    bodies = (request.body, *(step.before.request.body for step in run.trace.steps))
    body = next((one for one in bodies if not isinstance(one, NotRead)), wire.request_body)
    names = _key_names(run)
    line = f"{request.method} {masked_url(request.target, names)} {request.version}"
    fields = Headers(((b"Host", encode_text(request.host)), *request.headers.fields))
    return _message(line, fields, body, max_body_bytes, names)


def raw_response(run: Run, wire: Wire, max_body_bytes: int) -> bytes:
    """The response that the client got, with a mask for what is secret in its head."""
    answer = run.trace.answer
    if answer is None:
        return b""
    fields = answer.headers if wire.response_fields is None else Headers(wire.response_fields)
    body = wire.response_body if isinstance(answer.body, NotRead) else answer.body
    if "content-length" not in fields and not isinstance(answer.body, NotRead):
        fields = fields.add("Content-Length", str(len(body)))
    return _message(f"HTTP/1.1 {answer.status} {answer.reason or _phrase(answer.status)}", fields, body, max_body_bytes)


def _message(
    line: str, fields: Headers, body: bytes, max_body_bytes: int, hidden: AbstractSet[str] = frozenset()
) -> bytes:
    lines = [encode_text(line)]
    for raw, value in fields.fields:
        name = decode_text(raw)
        masked = _is_secret(name) or (hidden and name.lower() in hidden)
        lines.append(raw + b": " + (_MASK if masked else value))
    return b"\r\n".join((*lines, b"", body[:max_body_bytes]))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


# Recording


def file_sink(settings: Settings) -> RecordSink | None:
    """The file that the settings name; None where they name none."""
    records = settings.own.records
    if not records.file:
        return None
    return RecordFile(Path(settings.folder) / records.file, records.max_bytes, records.keep_files)


@final
class Recorder:
    """Makes the records of one host: call it where exchanges end, from one thread."""

    def __init__(self, make_sink: Callable[[Settings], RecordSink | None] = file_sink) -> None:
        """Begin with nothing counted.

        Args:
            make_sink: From settings to where records go.
        """
        self._make_sink: Final = make_sink
        self.counters: Final = EndpointCounters()
        """Outlive any reload."""
        self._generation = 0
        self._settings: Settings | None = None
        self._rules = RecordRules(Settings().analytics_config)
        self._queue: RecordQueue | None = None
        self._before: Final[list[RecordQueue]] = []
        self._crashes: Final = Complaints()

    def take(self, run: Run, wire: Wire = NOT_SEEN) -> None:
        """Record an exchange that is over, if the settings that it ran on want it. Never raises."""
        settings = run.snapshot.settings
        if not settings.enable_analytics:
            return
        try:
            self._take(run, wire)
        except Exception as error:
            self._crashes.say(f"%d exchanges could not be recorded: {error!r}")
            logger.debug("could not record an exchange", exc_info=True)

    def _take(self, run: Run, wire: Wire) -> None:
        settings = self._current(run)
        record = transaction_record(run, self._rules, wire, settings.own.records.max_body_bytes)
        if record is None:
            return
        self.counters.count(record.api_id, record.endpoint or UNKNOWN, record.response_code)
        if self._queue is not None:
            self._queue.put(record)

    def body_bytes(self, run: Run) -> int:
        """How many bytes of each body that streams past its record is to hold; 0 is none. Never raises."""
        if not run.snapshot.settings.enable_analytics:
            return 0
        settings = self._current(run)
        return settings.own.records.max_body_bytes if is_detailed(run, self._rules) else 0

    def _current(self, run: Run) -> Settings:
        """The newest settings seen: exchanges that began before a reload end under them too."""
        snapshot = run.snapshot
        if self._settings is None or snapshot.generation > self._generation:
            before, self._settings, self._generation = self._settings, snapshot.settings, snapshot.generation
            self._adopt(before, snapshot.settings)
        return self._settings

    def _adopt(self, before: Settings | None, settings: Settings) -> None:
        if before is None or before.analytics_config != settings.analytics_config:
            self._rules = RecordRules(settings.analytics_config)
        if before is not None and _kept_alike(before, settings):
            return
        if self._queue is not None:
            self._queue.stop()
            self._before.append(self._queue)
        sink = self._make_sink(settings)
        self._queue = None if sink is None else RecordQueue(sink, settings.own.records.queue)

    @property
    def counts(self) -> RecordCounts:
        """What became of all records so far."""
        queues = [*self._before, *(() if self._queue is None else (self._queue,))]
        return sum((queue.counts for queue in queues), RecordCounts())

    def plain(self) -> dict[str, Any]:
        """Counters as JSON values: of records, and of requests by API and endpoint."""
        counts = self.counts
        return {
            "records": {
                "written": counts.written,
                "dropped": counts.dropped,
                "failed": counts.failed,
                "waiting": counts.waiting,
            },
            "requests": self.counters.plain(),
        }

    def close(self) -> None:
        """Write what waits, for a few seconds at most. Nothing is recorded any more."""
        for queue in [*self._before, *(() if self._queue is None else (self._queue,))]:
            queue.close()


def _kept_alike(one: Settings, other: Settings) -> bool:
    return (one.own.records, one.folder) == (other.own.records, other.folder)
