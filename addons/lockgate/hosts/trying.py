"""``lockgate try``: a definition of a file, or one section, with a sample from the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockgate.debugging.recordings import Recorded, Unusable
from lockgate.debugging.samples import Sample, of_recorded
from lockgate.debugging.sections import made_around, parse_section
from lockgate.debugging.trial import Bench, Tried, try_snapshot, try_text
from lockgate.debugging.trial_outside import NO_RIGHTS, Rights
from lockgate.deployment import read_settings, with_wording
from lockgate.hosts.children import Children
from lockgate.hosts.local_zone import local_zone
from lockgate.hosts.outgoing import Outgoing
from lockgate.hosts.replaying import read_recordings
from lockgate.hosts.trials import scripts_of_trials
from lockgate.inspection import SYSTEM, parse_answer, parse_request, session_of
from lockgate.loading import load
from lockgate.problems import Problem
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.template_trial import Given, parse_given


class TryingError(ValueError):
    """What was asked for cannot be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Trying:
    """What to try, and with what."""

    definition: Path | None = None
    """File or folder; None where there is a section."""
    section: Path | None = None
    middleware: str = ""
    """Name of the section, where its file does not say it."""
    request: bytes | None = None
    """A line or a message; None takes the recorded one."""
    headers: Sequence[str] = ()
    data: bytes | None = None
    answer: bytes | None = None
    """A status or a message; None is the recorded one, or 200."""
    session: bytes | None = None
    context: Path | None = None
    """File with ``context`` and ``meta``."""
    recorded: Path | None = None
    """Whose first exchange is tried, where no request says which."""
    rights: Rights = NO_RIGHTS
    gateway: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


def try_files(asked: Trying) -> Tried:
    """Try it.

    Raises:
        ValueError: Something of it cannot be used.
        DefinitionError: The settings cannot be used.
    """
    settings, problems = read_settings(asked.gateway, asked.environ)
    sample = _sample(asked)
    if asked.section is not None:
        return _with(problems, asyncio.run(_try_section(asked, asked.section, sample, settings)))
    if asked.definition is None:
        raise TryingError("expected DEFINITION or --section FILE")
    loaded = load([asked.definition], settings, environ=asked.environ)
    definitions, wording = with_wording(loaded.definitions, settings)
    problems = (*problems, *loaded.problems, *wording)
    if not definitions:
        return Tried(problems)
    return _with(problems, asyncio.run(_try_snapshot(asked, Snapshot(definitions, settings), sample)))


def _with(problems: tuple[Problem, ...], tried: Tried) -> Tried:
    return replace(tried, problems=(*problems, *tried.problems))


async def _try_section(asked: Trying, file: Path, sample: Sample, settings: Settings) -> Tried:
    with _naming(file):
        made = made_around(parse_section(_text(file), asked.middleware), sample.request)
    async with _bench(settings, (file.parent,)) as bench:
        tried = await try_text(made.text, "", sample, bench, asked.rights, alone=True)
    return replace(tried, problems=tuple(map(made.of_section, tried.problems)))


async def _try_snapshot(asked: Trying, snapshot: Snapshot, sample: Sample) -> Tried:
    async with _bench(snapshot.settings, ()) as bench:
        return await try_snapshot(snapshot, sample, bench, asked.rights)


@asynccontextmanager
async def _bench(settings: Settings, folders: tuple[Path, ...]) -> AsyncIterator[Bench]:
    children, scripts, outgoing = Children(), scripts_of_trials(lambda: settings), Outgoing()
    try:
        outside = replace(SYSTEM, tasks=children, zone=local_zone(), http=outgoing)
        yield Bench(outside, scripts, settings, folders)
    finally:
        children.close()
        scripts.close()
        await outgoing.close()


def _sample(asked: Trying) -> Sample:
    recorded = None if asked.recorded is None else _recorded(asked.recorded)
    if asked.request is not None:
        known = Sample(parse_request(asked.request, asked.headers, asked.data), recorded=recorded)
        if recorded is not None:
            known = replace(known, client=recorded.client, answer=of_recorded(recorded).answer)
    elif recorded is None:
        raise TryingError("expected REQUEST, or --recorded FILE")
    elif asked.headers or asked.data is not None:
        raise TryingError("expected REQUEST beside --header and --data: a recorded one is as it was")
    else:
        known = of_recorded(recorded)
    if asked.answer is not None:
        known = replace(known, answer=parse_answer(asked.answer))
    given = Given()
    if asked.context is not None:
        with _naming(asked.context):
            given = parse_given(_text(asked.context).encode())
    session = asked.session
    if session is None and given.meta is not None:
        session = json.dumps({"meta_data": given.meta}).encode()
    if session is not None:
        with _naming("the session"):
            known = replace(known, session=session_of(session))
    return replace(known, variables=given.context)


@contextmanager
def _naming(what: Path | str) -> Iterator[None]:
    """Say in a message where the fault is."""
    try:
        yield
    except TryingError:
        raise
    except ValueError as error:
        raise TryingError(f"{what}: {error}") from None


def _recorded(path: Path) -> Recorded:
    unusable: list[Unusable] = []
    found = next(iter(read_recordings(path, unusable.append)), None)
    if found is None:
        why = f"; {unusable[0].source}: {unusable[0].reason}" if unusable else ""
        raise TryingError(f"{str(path)!r} holds no exchange{why}")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise TryingError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TryingError(f"expected UTF-8 in {str(path)!r}: {error.reason}") from None
