"""What the page "Try" asks for: definitions and recorded exchanges to begin with, trials, and saving."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from lockgate.debugging.desk import Desk
from lockgate.debugging.embedded import embedded_in, line_of
from lockgate.debugging.picker import PICKS
from lockgate.debugging.recordings import Recorded, recorded_of
from lockgate.debugging.samples import Sample, sample_of
from lockgate.debugging.saving import Plan, SaveError, files_of, plan_save, read_source, save
from lockgate.debugging.section_texts import SectionError
from lockgate.debugging.sections import made_around, section_of
from lockgate.debugging.starting import first_request, step_lines
from lockgate.debugging.trial import (
    Bench,
    TrialError,
    Tried,
    bench_of,
    beside,
    problem_values,
    to_values,
    try_snapshot,
    try_text,
)
from lockgate.debugging.trial_outside import Rights
from lockgate.deployment import Deployment
from lockgate.exchange import Headers, Request
from lockgate.pages.base import Page, Refused
from lockgate.problems import kind_of
from lockgate.trace_format import MASK, masked, to_plain

_RUN: Final = ("file", "text", "section", "request", "answer", "session", "context", "exchange", "send", "calls")
_SAVE: Final = (*_RUN, "digest", "forced")


class TryPage(Page):
    """An answer to the page's script."""

    @property
    def deployment(self) -> Deployment:
        """Whose files they are.

        Raises:
            Refused: There is none.
        """
        if self.desk.deployment is None:
            raise Refused(409, "the gateway has no definitions of files")
        return self.desk.deployment

    @property
    def bench(self) -> Bench:
        """What trials work with."""
        return bench_of_desk(self.desk)

    def sent(self, keys: tuple[str, ...]) -> dict[str, Any]:
        """What the script sent.

        Raises:
            Refused: It has other keys.
        """
        value = self.json_body()
        for key in value:
            if key not in keys:
                raise Refused(400, f"expected one of {', '.join(keys)}, found {key!r}")
        return value

    def recorded(self, exchange: object) -> Recorded | None:
        """A recorded exchange of the log.

        Raises:
            Refused: There is none of this id.
        """
        if not exchange:
            return None
        entry = self.desk.exchanges.entries.get(str(exchange))
        if entry is None:
            raise Refused(404, f"there is no exchange {str(exchange)[:80]!r}: it was forgotten, or never came")
        return recorded_of(entry.trace, with_trace=False)


def bench_of_desk(desk: Desk) -> Bench:
    """What trials of a desk's gateway work with."""
    snapshot = desk.gateway.current
    if desk.deployment is None:
        return Bench(desk.outside, desk.trial_scripts, snapshot.settings, current=snapshot)
    return bench_of(desk.deployment, desk.outside, desk.trial_scripts)


class TryStart(TryPage):
    """What the page begins with: ``file``, ``api``, ``pointer`` and ``exchange`` of the address, each or none."""

    def get(self) -> None:
        """Tell it."""
        apis = self.desk.gateway.current.apis.values()
        files = [] if self.desk.deployment is None else list(files_of(self.desk.deployment))
        recorded = self.recorded(self.get_argument("exchange", ""))
        value: dict[str, Any] = {
            "files": [
                {"file": file, "apis": [one.definition.name for one in apis if one.definition.source == file]}
                for file in files
            ],
            "picks": [asdict(pick) for pick in PICKS],
            "can_save": self.desk.reload is not None,
        }
        file, at = self.get_argument("file", ""), self.get_argument("pointer", "")
        api_id = self.get_argument("api", "")
        if recorded is not None:
            value["exchange"] = _shown(self.desk, recorded)
            api_id = api_id or value["exchange"]["api"]
        if api_id and not file:
            api = self.desk.gateway.current.apis.get(api_id)
            if api is None:
                raise Refused(404, f"there is no API {api_id[:80]!r}")
            file = api.definition.source if api.definition.source in files else ""
            if not file:
                value["remark"] = f"the API {api_id!r} is of no file that can be opened here"
        if file:
            value["source"] = self.opened(file, at, api_id)
        self.write_json(value)

    def opened(self, file: str, at: str, api_id: str) -> dict[str, Any]:
        """A file's text, and a request to begin with."""
        try:
            source = read_source(self.deployment, file)
        except SaveError as error:
            raise Refused(error.status, str(error)) from None
        return {
            "file": file,
            "text": source.text,
            "digest": source.digest,
            "line": line_of(source.text, file, at) if at else 0,
            "pointer": at,
            "request": self.request_for(file, at, api_id),
            "embedded": [asdict(one) for one in embedded_in(source.text, file)],
        }

    def request_for(self, file: str, at: str, api_id: str) -> dict[str, str] | None:
        """Method and path of a request for what is opened; None: nothing of the file is served."""
        apis = [one for one in self.desk.gateway.current.apis.values() if one.definition.source == file]
        apis.sort(key=lambda one: (one.definition.id != api_id, one.definition.internal))
        if not apis:
            return None
        method, path = first_request(apis[0], at)
        return {"method": method, "path": path}


class TryRun(TryPage):
    """One trial."""

    async def post(self) -> None:
        """Run it."""
        value = self.sent(_RUN)
        self.write_json(await self.tried(value))

    async def tried(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """What came of what was sent.

        Raises:
            Refused: It cannot be tried.
        """
        recorded = self.recorded(value.get("exchange"))
        rights = Rights(calls=value.get("calls") is True, send=value.get("send") is True)
        try:
            sample = _sample(value, recorded, self.desk)
            tried = await self._tried(value, sample, rights)
            return {**to_values(tried), "lines": await asyncio.to_thread(self._lines, value, tried)}
        except TrialError as error:
            raise Refused(503, str(error)) from None
        except ValueError as error:
            raise Refused(400, str(error)) from None

    def _lines(self, value: Mapping[str, Any], tried: Tried) -> Mapping[str, int]:
        """Lines of the text that was tried, by pointer of what made a step."""
        file, text = value.get("file") or "", value.get("text")
        if tried.trace is None or value.get("section") is not None:
            return {}
        if text is None:
            try:
                text = read_source(self.deployment, file).text
            except SaveError:
                return {}
        return step_lines(tried.trace, text, file, self.desk.gateway.current)

    async def _tried(self, value: Mapping[str, Any], sample: Sample, rights: Rights) -> Tried:
        file, text, section = value.get("file") or "", value.get("text"), value.get("section")
        if section is not None:
            made = made_around(section_of(section), sample.request)
            tried = await try_text(made.text, "", sample, self.bench, rights, alone=True)
            return replace(tried, problems=tuple(map(made.of_section, tried.problems)))
        if not isinstance(file, str) or not (text is None or isinstance(text, str)):
            raise SectionError("expected texts as 'file' and 'text'")
        if file and file not in files_of(self.deployment):
            raise Refused(404, f"{file[:200]!r} is no file that definitions are read from")
        if text is not None:
            return await try_text(text, file, sample, self.bench, rights)
        if not file:
            raise SectionError("expected a file, a text or a section")
        tried = await try_snapshot(self.desk.gateway.current, sample, self.bench, rights)
        problems = tuple(one for one in self.deployment.problems if one.file == file)
        return replace(tried, problems=problems)


class TryPlan(TryPage):
    """What saving would do."""

    async def post(self) -> None:
        """Tell the differences, and the problems of the new text."""
        value = self.sent(_SAVE)
        self.write_json(_plan_values(await self.plan(value)))

    async def plan(self, value: Mapping[str, Any]) -> Plan:
        """The plan of what was sent.

        Raises:
            Refused: It cannot be saved.
        """
        texts = {key: value.get(key) for key in ("file", "text", "digest")}
        for key, one in texts.items():
            if not isinstance(one, str):
                raise Refused(400, f"expected a text as {key!r}, found {kind_of(one)}")
        file, text, digest = map(str, texts.values())
        deployment, bench = self.deployment, self.bench
        try:
            return await beside(lambda: plan_save(deployment, bench, file, text, digest))
        except SaveError as error:
            raise Refused(error.status, str(error)) from None
        except TrialError as error:
            raise Refused(503, str(error)) from None


class TrySave(TryPlan, TryRun):
    """Saving: the file is written, the definitions are loaded again, and the sample runs through what is in force then."""

    async def post(self) -> None:
        """Do all three."""
        value = self.sent(_SAVE)
        reload = self.desk.reload
        if reload is None:
            raise Refused(409, "the gateway has no definitions of files")
        plan = await self.plan(value)
        try:
            source = await asyncio.to_thread(save, self.deployment, plan, forced=value.get("forced") is True)
        except SaveError as error:
            self.write_json(
                {"error": str(error), "problems": [problem_values(one) for one in error.problems]}, error.status
            )
            return
        report = await reload()
        answer: dict[str, Any] = {
            "digest": source.digest,
            "embedded": [asdict(one) for one in embedded_in(source.text, source.file)],
            "report": {
                **{key: list(getattr(report, key)) for key in ("loaded", "unchanged", "kept", "removed")},
                "generation": report.generation,
                "problems": [problem_values(one) for one in report.problems],
            },
        }
        if value.get("request") is not None or value.get("exchange"):
            sample = {key: one for key, one in value.items() if key in _RUN and key not in ("text", "section")}
            answer["tried"] = await self.tried(sample)
        self.write_json(answer)


def _plan_values(plan: Plan) -> dict[str, Any]:
    return {
        "diff": plan.diff,
        "loads": plan.loads,
        "problems": [problem_values(one) for one in plan.problems],
        "digest": plan.source.digest,
    }


# ── recorded exchanges ──


def _shown(desk: Desk, recorded: Recorded) -> dict[str, Any]:
    """A recorded exchange for the page's fields; secrets masked."""
    trace = desk.exchanges.entries[recorded.id].trace
    plain = masked(to_plain(trace))
    answer = plain["upstream_response"]
    passes = plain["passes"]
    return {
        "id": recorded.id,
        "api": passes[0]["api_id"] if passes else "",
        "request": _message(plain["original"]),
        "answer": None if answer is None else _message(answer),
        "calls": len(recorded.calls),
        "missing": list(recorded.missing),
    }


def _message(plain: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("method", "target", "host", "status")
    body = plain["body"]
    return {
        **{key: plain[key] for key in kept if key in plain},
        "headers": plain["headers"],
        "body": body.get("text", ""),
        "whole": "text" in body,
    }


def _sample(value: Mapping[str, Any], recorded: Recorded | None, desk: Desk) -> Sample:
    """The sample that was sent; what the page got masked is as it was recorded.

    Raises:
        ValueError: It is none.
    """
    if recorded is None:
        return sample_of(value)
    sample = sample_of(value, recorded)
    if value.get("request") is None:
        return sample
    shown = masked(to_plain(desk.exchanges.entries[recorded.id].trace))["original"]
    return replace(sample, request=_unmasked(sample.request, recorded.request, shown))


def _unmasked(sent: Request, recorded: Request, shown: Mapping[str, Any]) -> Request:
    """A request in which what was shown masked is what it was."""
    values = {name.lower(): value for name, value in recorded.headers}
    fields = [(name, values.get(name.lower(), value) if value == MASK else value) for name, value in sent.headers]
    made = replace(sent, headers=Headers.of(*fields))
    if MASK in sent.target and sent.target == shown["target"]:
        made = replace(made, path=recorded.path, query=recorded.query)
    body = shown["body"].get("text", "")
    if MASK in body and sent.body == body.encode():
        made = replace(made, body=recorded.body)
    return made


ROUTES: Final = (
    (r"/lockgate/api/try/start", TryStart),
    (r"/lockgate/api/try/run", TryRun),
    (r"/lockgate/api/try/plan", TryPlan),
    (r"/lockgate/api/try/save", TrySave),
)
