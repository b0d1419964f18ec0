"""``lockgate replay``: files of recordings through definitions, and what came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import urlsplit

from lockgate.debugging.comparison import compare
from lockgate.debugging.har import is_har, read_har
from lockgate.debugging.ignoring import DEFAULTS, Rules
from lockgate.debugging.recordings import OnUnusable, Recorded, RecordingError, Unusable, read_traces, recorded_of
from lockgate.debugging.replay import LiveUpstream, not_recorded, replay
from lockgate.debugging.reports import Report, Result, result_of, unusable_result
from lockgate.debugging.trial_outside import send_upstream
from lockgate.deployment import read_settings, with_wording
from lockgate.exchange import Request, Response, Upstream
from lockgate.hosts.children import Children
from lockgate.hosts.local_zone import local_zone
from lockgate.hosts.outgoing import Outgoing
from lockgate.hosts.scripts import GatewayScripts
from lockgate.inspection import SYSTEM
from lockgate.loading import load
from lockgate.problems import Problem
from lockgate.services import Outside
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace
from lockgate.trace_format import secret_texts, to_plain

NOTHING_TO_COMPARE: Final = "this gateway did not record it, so that there is nothing to compare with: name --against"
_GOT_NOTHING: Final = "the client got no answer then"


class ReplayError(ValueError):
    """A replay cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Replaying:
    """What to replay, and how."""

    recordings: Sequence[Path]
    """Flow files, HAR files, traces as JSON."""
    definitions: Sequence[Path]
    """That they are run through."""
    against: Sequence[Path] = ()
    """Definitions that are run too, and compared with; none compares with what was recorded."""
    gateway: Path | None = None
    """Settings of the gateway."""
    upstream: str = ""
    """URL of a live upstream; "" for the recorded answers."""
    rules: Rules = DEFAULTS
    filter: str = ""
    """An expression of mitmproxy's; "" takes all."""
    limit: int = 0
    """How many exchanges at most; 0 is no limit."""
    environment: Mapping[str, str] = field(default_factory=dict)


def replay_files(asked: Replaying) -> tuple[Report, tuple[Problem, ...]]:
    """Replay files, and say what is different, and what is wrong with the definitions.

    A recording that breaks off is replayed as far as it goes, and the report says so.

    Raises:
        ReplayError: Something of it cannot be used.
        RecordingError: No recording could be read.
        DefinitionError: The settings cannot be used.
    """
    if asked.limit < 0:
        raise ReplayError(f"expected a number of exchanges above 0 as the limit, found {asked.limit}")
    settings, problems = read_settings(asked.gateway, asked.environment)
    snapshot, found = _snapshot(asked.definitions, settings)
    problems = (*problems, *found)
    old = None
    if asked.against:
        old, found = _snapshot(asked.against, settings)
        problems = (*problems, *found)
    upstream = live_address(asked.upstream) if asked.upstream else None
    report = Report(
        recordings=[str(path) for path in asked.recordings],
        definitions=_names(asked.definitions),
        against=_names(asked.against) if asked.against else "what was recorded",
    )
    asyncio.run(_replay(asked, _Replayer(snapshot, old, asked.rules), upstream, report))
    return report, problems


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _snapshot(paths: Sequence[Path], settings: Settings) -> tuple[Snapshot, tuple[Problem, ...]]:
    loaded = load(paths, settings)
    definitions, found = with_wording(loaded.definitions, settings)
    if not definitions:
        said = "".join(f"\n{problem}" for problem in loaded.problems)
        raise ReplayError(f"{_names(paths)} holds no definition that can be served{said}")
    return Snapshot(definitions, settings), (*loaded.problems, *found)


def live_address(url: str) -> Upstream:
    """The upstream that a URL names.

    Raises:
        ReplayError: It is not scheme, host and port alone.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    plain = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and port != -1
    if not plain or parts.hostname is None or parts.query or parts.fragment or parts.username is not None:
        raise ReplayError(f"expected http://HOST[:PORT] or https://HOST[:PORT] as the upstream, found {url!r}")
    return Upstream(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80))


async def _replay(asked: Replaying, replayer: "_Replayer", upstream: Upstream | None, report: Report) -> None:
    wanted = _wanted(asked.filter)
    async with _outside(replayer.snapshot, live=upstream is not None) as outside:
        ask = None if upstream is None else _asking(upstream, outside)
        for recorded in _all(asked.recordings, report):
            if wanted is not None and not wanted(recorded):
                report.left_out += 1
                continue
            if asked.limit and report.total >= asked.limit:
                report.limited = True
                return
            report.add(await replayer.result(recorded, outside, ask))
    if report.faults and not report.looked_at:
        raise RecordingError(report.faults[0])


def _wanted(expression: str) -> Callable[[Recorded], bool] | None:
    if not expression:
        return None
    from lockgate.hosts.mitm.recordings import matching

    try:
        return matching(expression)
    except ValueError as error:
        raise ReplayError(str(error)) from None


@asynccontextmanager
async def _outside(snapshot: Snapshot, *, live: bool) -> AsyncIterator[Outside]:
    children, scripts = Children(), GatewayScripts(lambda: snapshot.settings)
    outgoing = Outgoing() if live else None
    outside = replace(SYSTEM, tasks=children, zone=local_zone(), scripts=scripts)
    try:
        yield outside if outgoing is None else replace(outside, http=outgoing)
    finally:
        children.close()
        scripts.close()
        if outgoing is not None:
            await outgoing.close()


def _asking(upstream: Upstream, outside: Outside) -> LiveUpstream:
    async def ask(request: Request, meant: Upstream) -> Response:
        """Send it to the upstream that was named. It gets its own name as Host, unless a client's Host is passed on."""
        if request.host.rpartition(":")[0] == meant.host or request.host == meant.host:
            request = replace(request, host=upstream.address.partition("://")[2])
        target = replace(
            upstream,
            connect_timeout_seconds=meant.connect_timeout_seconds,
            response_timeout_seconds=meant.response_timeout_seconds,
            total_timeout_seconds=meant.total_timeout_seconds,
            tls=meant.tls,
        )
        return await send_upstream(request, target, outside)

    return ask


@final
class _Replayer:
    """Runs exchanges through one or two snapshots, and compares."""

    def __init__(self, snapshot: Snapshot, old: Snapshot | None, rules: Rules) -> None:
        self.snapshot: Final = snapshot
        self._old: Final = old
        self._rules: Final = rules

    async def result(self, of: Recorded, outside: Outside, upstream: LiveUpstream | None) -> Result:
        """What came of one."""
        if self._old is None and not of.by_gateway:
            return result_of(of, reason=NOTHING_TO_COMPARE)
        if self._old is None and of.answer is None:
            return result_of(of, reason=f"{_GOT_NOTHING}: {of.error}" if of.error else _GOT_NOTHING)
        before, traces = of, []
        if self._old is not None:
            earlier = await replay(self._old, of, outside, upstream=upstream)
            traces.append(earlier)
            before = recorded_of(earlier, with_trace=False)
        trace = await replay(self.snapshot, of, outside, upstream=upstream)
        traces.append(trace)
        after = recorded_of(trace, with_trace=False)
        routed = bool(before.api or after.api)
        reason = next(filter(None, map(not_recorded, reversed(traces))), "")
        if reason:
            return _result(of, traces, routed, reason=f"not recorded: {reason}")
        differences = compare(before, after, self._rules)
        if not differences:
            return replace(result_of(of), routed=routed)
        return _result(of, traces, routed, differences=differences)


def _result(of: Recorded, traces: Sequence[Trace], routed: bool, **said: Any) -> Result:  # noqa: FBT001
    names = frozenset(name for trace in traces for name in trace.secret_names)
    plains = [to_plain(trace) for trace in traces]
    if of.trace is not None:
        plains.append(of.trace)
        names |= frozenset(of.trace.get("secret_names", ()))
    secrets = frozenset(text for plain in plains for text in secret_texts(plain))
    return replace(result_of(of, secrets=secrets, names=names, **said), routed=routed)


# Files


def _all(paths: Sequence[Path], report: Report) -> Iterator[Recorded]:
    """The exchanges of all files; what is none, and where a file breaks off, goes into the report."""

    def told(one: Unusable) -> None:
        if one.is_exchange:
            report.add(unusable_result(one))
        else:
            report.not_http += 1

    for path in paths:
        try:
            yield from read_recordings(path, told)
        except RecordingError as error:
            report.faults.append(str(error))


def read_recordings(path: Path, told: OnUnusable = None) -> Iterator[Recorded]:
    """The exchanges of a file: flows of mitmproxy's, HAR, or traces as JSON. What it is shows in how it begins.

    Args:
        path: Of the file.
        told: What is told of parts of it that are no exchanges; without it they end the reading.

    Raises:
        RecordingError: It is none of these, or broken; exchanges before the fault were given.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            start = file.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
            if start[:1].isdigit():
                from lockgate.hosts.mitm.recordings import read_flows

                yield from read_flows(file, source, told)
                return
            text = file.read()
    except OSError as error:
        raise RecordingError(f"cannot read {source!r}: {error.strerror}") from None
    if start[:1] not in (b"{", b"["):
        found = "neither" if start or text else "an empty file"
        raise RecordingError(f"{source}: expected flows of mitmproxy's, a HAR file or traces as JSON, found {found}")
    if _holds_har(text):
        yield from read_har(text, source, told)
    else:
        yield from read_traces(text.removeprefix(b"\xef\xbb\xbf"), source, told)


def _holds_har(text: bytes) -> bool:
    """Whether it is a HAR file; a file of traces, one on each line, is no JSON value as a whole."""
    if b'"log"' not in text:
        return False
    try:
        return is_har(json.loads(text.removeprefix(b"\xef\xbb\xbf")))
    except (ValueError, RecursionError):
        return False
