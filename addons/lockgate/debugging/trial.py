"""A definition's text tried with a sample: nothing is deployed, and nothing is sent upstream unless that is asked for.

The text runs through the engine that serves live traffic, over a snapshot made for this one trial; only the outside
differs (``trial_outside``). A text that somebody sent sees no environment and no secrets, and no files but those in the
folders of definitions, templates and middleware. A trial has limits of time and size, its scripts run in limited processes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Never, final

from lockgate.debugging.faults import Fault, faults_of
from lockgate.debugging.recordings import exchange_of
from lockgate.debugging.samples import Sample
from lockgate.debugging.trial_outside import Rights, given_variables, outside_of, send_upstream
from lockgate.deployment import Deployment, with_wording
from lockgate.engine import Run, begin, fail, run_request
from lockgate.exchange import NOT_READ, Exchange
from lockgate.exchange import replace as changed
from lockgate.inspection import answer_run
from lockgate.loading.checks import check_together
from lockgate.loading.documents import Context, read_text
from lockgate.loading.files import Loaded
from lockgate.loading.grounds import Grounds
from lockgate.loading.operator import Resources
from lockgate.loading.references import Sources, references
from lockgate.loading.secret_stores import StoreError
from lockgate.middleware import Reason
from lockgate.model import ApiDefinition
from lockgate.problems import Problem, Severity
from lockgate.services import Outside, Scripts, ServiceError
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace
from lockgate.trace_format import Plain, masked, secret_texts, to_plain, without_secrets

MOST_TEXT_BYTES: Final = 4 << 20
"""Of a text that is tried."""
SECONDS: Final = 30.0
"""For one trial; then it is stopped."""
LOADING_SECONDS: Final = 15.0
AT_ONCE: Final = 4
"""Trials of one gateway; the next one waits."""

_ID: Final = "try"
_MOST_JUDGED: Final = 4096


class TrialError(ValueError):
    """What was asked for cannot be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What trials of one gateway work with."""

    outside: Outside
    """Of live exchanges."""
    scripts: Scripts
    """Runs scripts in limited processes."""
    settings: Settings
    folders: tuple[Path, ...] = ()
    """Of definitions."""
    current: Snapshot | None = None
    """What is in force: a text's loops find the APIs there. None: nothing."""

    @property
    def grounds(self) -> Grounds:
        """Where files that a text names are read from."""
        settings = self.settings
        folder = Path(settings.folder)
        named = [folder / one for one in (settings.template_path, settings.middleware_path) if one]
        if settings.template_path:
            # It may have the folder in front already.
            named.append(Path(settings.template_path))
        opened = (folder / settings.tyk_js_path,) if settings.tyk_js_path else ()
        return Grounds((*self.folders, *named), (Path(settings.read_from),) if settings.read_from else (), opened)


def bench_of(deployment: Deployment, outside: Outside, scripts: Scripts) -> Bench:
    """What trials of a deployment work with."""
    folders = tuple(path if path.is_dir() else path.parent for path in deployment.paths)
    return Bench(outside, scripts, deployment.settings, folders, deployment.gateway.current)


@dataclass(frozen=True, slots=True)
class Ready:
    """A text that was loaded."""

    snapshot: Snapshot | None
    """None: there is nothing in it that could be served."""
    problems: tuple[Problem, ...] = ()
    ids: tuple[str, ...] = ()
    """Of the APIs of the text."""
    left_out: tuple[str, ...] = ()
    """Names of APIs in force that loops do not find."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial."""

    problems: tuple[Problem, ...] = ()
    trace: Trace | None = None
    """None: nothing could be loaded."""
    faults: tuple[Fault, ...] = ()
    remarks: tuple[str, ...] = ()
    """What else there is to say."""
    sent: bool = False
    """Whether the upstream's answer is a real one."""
    refused: Reason | None = None
    """Why the gateway answered with an error; None where it did not."""


# ── loading ──


class _NoSources(Sources):
    """Finds nothing, and says why."""

    __slots__ = ()

    def look_up(self, kind: str, name: str) -> Never:
        del kind, name
        raise StoreError(_SEALED)

    def in_text(self, kind: str, name: str) -> Never:
        del kind, name
        raise StoreError(_SEALED)


_SEALED: Final = "a text that is tried sees no environment and no secrets"


def read_sealed(text: str, file: str, settings: Settings, grounds: Grounds, *, resolve: bool = True) -> Loaded:
    """The definitions of a text that nobody vouches for. Never raises.

    Args:
        text: JSON or YAML.
        file: Its name; files beside it may be read, as far as ``grounds`` go.
        settings: Of the gateway.
        grounds: Where files are read from.
        resolve: Whether a reference to a secret is a problem; otherwise texts with references are not judged.
    """
    context = Context(settings, _NoSources({}, {}), Resources(), resolve, grounds)
    read = read_text(text, file, context)
    definitions, between = check_together(read.loadings)
    return Loaded(definitions, (*read.problems, *between))


def load_trial(text: str, file: str, bench: Bench, *, alone: bool = False) -> Ready:
    """A snapshot of a text, and of the APIs in force that it may loop to.

    Args:
        text: Of a definition.
        file: That it is, or is to be, the text of; "" for none.
        bench: Of the gateway.
        alone: Without the APIs in force.

    Raises:
        TrialError: The text is too long.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_TEXT_BYTES:
        raise TrialError(f"expected a text of {MOST_TEXT_BYTES} bytes at most, found {size}")
    name = file or str(next(iter(bench.folders), Path()) / "definition")
    loaded = read_sealed(text, name, bench.settings, bench.grounds)
    definitions, wording = with_wording(loaded.definitions, bench.settings)
    problems = tuple(one if file else _unnamed(one, name) for one in (*loaded.problems, *wording))
    if not definitions:
        return Ready(None, problems)
    others, left_out = ((), ()) if alone or bench.current is None else _others(bench.current, definitions, file)
    snapshot = Snapshot([*definitions, *others], bench.settings, previous=bench.current)
    return Ready(snapshot, problems, tuple(one.id for one in definitions), left_out)


def _unnamed(problem: Problem, name: str) -> Problem:
    return replace(problem, file="") if problem.file == name else problem


def _others(
    current: Snapshot, definitions: Sequence[ApiDefinition], file: str
) -> tuple[tuple[ApiDefinition, ...], tuple[str, ...]]:
    """The APIs in force beside those that are tried, and the names of those that are not there.

    One that was made with secrets is not: what is tried could have it tell them.
    """
    ids = {one.id for one in definitions}
    paths = {(one.domain, one.listen_path) for one in definitions}
    others, left_out = [], []
    for api in current.apis.values():
        one = api.definition
        if one.id in ids or (one.domain, one.listen_path) in paths or (file and one.source == file):
            continue
        if _KNOWN.has_references(one):
            left_out.append(one.name)
        else:
            others.append(one)
    return tuple(others), tuple(left_out)


@final
class _Judged:
    """Which definitions have references to secrets; looked up once for each content."""

    def __init__(self) -> None:
        self._known: Final[OrderedDict[str, bool]] = OrderedDict()

    def has_references(self, definition: ApiDefinition) -> bool:
        key = definition.content_hash
        found = self._known.get(key) if key else None
        if found is None:
            document = dict(definition.document)
            # In files beside the document there may be some too.
            found = bool(definition.secrets or references(document)) or _IN_TEXT in repr(document)
            found = found or bool(definition.files)
            self._known[key] = found
            if len(self._known) > _MOST_JUDGED:
                self._known.popitem(last=False)
        return found


_IN_TEXT: Final = "$secret_"
_KNOWN: Final = _Judged()


# ── running ──


async def try_text(text: str, file: str, sample: Sample, bench: Bench, rights: Rights, *, alone: bool = False) -> Tried:
    """Try a text that nobody vouches for.

    Raises:
        TrialError: It cannot be tried: it is too long, or takes too long to load.
    """
    ready = await beside(lambda: load_trial(text, file, bench, alone=alone))
    if ready.snapshot is None:
        return Tried(ready.problems)
    tried = await try_snapshot(ready.snapshot, sample, bench, rights)
    remarks = tried.remarks
    if ready.left_out and tried.refused in _LOOP_LED_NOWHERE:
        remarks += (f"loops do not find {', '.join(ready.left_out)} here: what is tried must not see their secrets",)
    return replace(tried, problems=ready.problems, remarks=remarks)


_LOOP_LED_NOWHERE: Final = (Reason.LOOP_TARGET_MISSING, Reason.TARGET_MISSING)


_THREADS: Final[list[ThreadPoolExecutor]] = []


async def beside[T](function: Callable[[], T]) -> T:
    """What a function returns or raises, computed in a thread of trials.

    Raises:
        TrialError: It takes too long. The thread goes on until it is done.
    """
    if not _THREADS:
        _THREADS.append(ThreadPoolExecutor(2, thread_name_prefix="lockgate-try"))
    try:
        async with asyncio.timeout(LOADING_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(_THREADS[0], function)
    except TimeoutError:
        raise TrialError(f"the text is not loaded after {LOADING_SECONDS:g} seconds") from None


_UNDER_WAY: Final[list[Run]] = []


async def try_snapshot(snapshot: Snapshot, sample: Sample, bench: Bench, rights: Rights) -> Tried:
    """Run a sample through a snapshot, by the way of live exchanges.

    Raises:
        TrialError: Too many trials are under way.
    """
    if len(_UNDER_WAY) >= AT_ONCE:
        raise TrialError(f"{AT_ONCE} trials are under way already; try again in a moment")
    outside = outside_of(bench.outside, bench.scripts, sample, rights)
    observers = given_variables(sample.variables)
    remarks: list[str] = []
    run = begin(snapshot, outside, _exchange(sample), observers)
    _UNDER_WAY.append(run)
    sent = False
    try:
        async with asyncio.timeout(SECONDS):
            sent = await _through(run, sample, bench, rights)
    except TimeoutError:
        _stop(run, f"the trial was stopped after {SECONDS:g} seconds")
    except Exception as error:  # noqa: BLE001 - as a host: whatever a link raises ends the exchange, and is shown
        _stop(run, f"{type(error).__name__}: {error}")
    finally:
        _UNDER_WAY.remove(run)
    if run.trace.upstream_response is not None and not sent:
        remarks.append(f"nothing was sent upstream: its answer is {_which(sample)}")
    refused = None if run.refusal is None else run.refusal.reason
    return Tried((), run.trace, faults_of(run.trace), tuple(remarks), sent, refused)


def _which(sample: Sample) -> str:
    before = None if sample.recorded is None else sample.recorded.upstream_response
    if before is None:
        return "the given one"
    if before.body is NOT_READ and sample.answer == replace(before, body=b""):
        return "the recorded one, without its body, which was not kept"
    return "the recorded one" if sample.answer == before else "the given one"


def _exchange(sample: Sample) -> Exchange:
    if sample.recorded is None:
        made = Exchange(id=_ID, received_at=datetime.now(UTC), request=sample.request, client=sample.client)
    else:
        made = changed(exchange_of(sample.recorded), request=sample.request)
    return changed(made, session=sample.session, variables=sample.variables)


async def _through(run: Run, sample: Sample, bench: Bench, rights: Rights) -> bool:
    """Take a run to its end. Whether the upstream really answered."""
    body = sample.request.body
    if not run.answered:
        # Like a host: a body that no link asks for is not read.
        await run_request(run, body if run.needs_request_body else NOT_READ)
    while run.waits_for_body:
        await run_request(run, body)
    if run.answered:
        return False
    request, upstream = run.exchange.request, run.upstream
    if request.body is NOT_READ:
        request = changed(request, body=body)
        run.trace.upstream_request = request
    if not rights.send or upstream is None:
        await answer_run(run, sample.answer)
        return False
    try:
        answer = await send_upstream(request, upstream, bench.outside)
    except ServiceError as error:
        fail(run, Reason.PROXY_FAILED, str(error))
        return True
    await answer_run(run, answer)
    return True


def _stop(run: Run, why: str) -> None:
    run.trace.failed = True
    fail(run, Reason.INTERNAL, why)


# ── for people and programs ──


def to_values(tried: Tried) -> dict[str, Any]:
    """What came of a trial, as JSON values; secrets masked."""
    return {
        "problems": [problem_values(one) for one in tried.problems],
        "trace": None if tried.trace is None else masked_trace(tried.trace),
        "faults": [{name: _clean(getattr(one, name)) for name in Fault.__slots__} for one in masked_faults(tried)],
        "remarks": list(tried.remarks),
        "sent": tried.sent,
    }


def masked_faults(tried: Tried) -> tuple[Fault, ...]:
    """The faults; secrets masked."""
    trace = tried.trace
    if trace is None or not tried.faults:
        return tried.faults
    secrets = secret_texts(to_plain(trace))
    return tuple(replace(one, text=without_secrets(one.text, secrets, trace.secret_names)) for one in tried.faults)


def masked_trace(trace: Trace) -> Plain:
    """The trace as JSON values, secrets masked."""
    return masked(to_plain(trace))


def problem_values(problem: Problem) -> dict[str, Any]:
    """A problem as JSON values."""
    return {**problem.plain, "message": _clean(problem.message), "hint": _clean(problem.hint)}


def has_errors(problems: Sequence[Problem]) -> bool:
    """Whether any of them is an error."""
    return any(one.severity is Severity.ERROR for one in problems)


def _clean[T](value: T) -> T | str:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
