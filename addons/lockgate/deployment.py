"""Definitions on disk and the snapshot made of them: loads at start, loads again on request."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Final, final

from lockgate import certificates, record_rules
from lockgate.error_replies import ErrorReplies, ErrorTemplates, MessageOverride, compile_templates
from lockgate.loading import LoadCache, load
from lockgate.loading.error_rules import gateway_rules
from lockgate.middlewares.error_override import ErrorOverride
from lockgate.model import ApiDefinition, Section, Version
from lockgate.problems import DefinitionError, Problem, Severity
from lockgate.settings import Settings, load_settings
from lockgate.snapshot import Gateway, ReloadReport, Snapshot

MAX_TEMPLATE_BYTES: Final = 1 << 20
"""Of one error template."""


type SettingsSource = Callable[[], tuple[Settings, tuple[Problem, ...]]]
"""Reads the settings anew; raises DefinitionError where they cannot be used."""

STAGING: Final = ".staged"
"""Folder within the folder of definitions. Hidden, so that it is neither read nor watched."""

ONLY_AT_START: Final = ("listen_port", "listen_address", "control_api_port", "log_level", "log_format")
"""Settings that a reload does not put in force."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reload that is ready to be put in force."""

    snapshot: Snapshot
    report: ReloadReport
    settings: Settings


@final
class Deployment:
    """Where definitions come from, and the gateway that serves them."""

    __slots__ = ("_cache", "_source", "gateway", "paths", "problems", "settings")

    def __init__(
        self,
        paths: Sequence[Path],
        settings: Settings,
        problems: Sequence[Problem] = (),
        source: SettingsSource | None = None,
    ) -> None:
        """Load every definition in ``paths``.

        Args:
            paths: Files and folders.
            settings: Of the gateway.
            problems: Found in the settings; they are reported with those of the definitions.
            source: Reads the settings again at each reload; None keeps them.
        """
        self.paths: Final = tuple(paths)
        self._source: Final = source
        self._cache: Final = LoadCache()
        self.settings = settings
        self.take_staged()
        definitions, found = self._load(settings)
        self.problems: tuple[Problem, ...] = (*problems, *found)
        self.gateway: Final = Gateway(Snapshot(definitions, settings))

    @property
    def folder(self) -> Path | None:
        """Where definitions that the control API is given belong; None if there are files only."""
        return next((path for path in self.paths if path.is_dir()), None)

    def stage(self, name: str, text: str) -> None:
        """Keep a file for the next reload that somebody asks for: until then it changes nothing.

        Raises:
            OSError: It cannot be written.
        """
        if self.folder is None:
            raise FileNotFoundError("no folder of definitions")
        staging = self.folder / STAGING
        staging.mkdir(exist_ok=True)
        new = staging / f"{name}.new"
        new.write_text(text, "utf-8")
        new.replace(staging / name)

    def take_staged(self) -> None:
        """Put what is staged where definitions are read."""
        staging = None if self.folder is None else self.folder / STAGING
        if staging is None or not staging.is_dir():
            return
        for file in staging.glob("*.json"):
            file.replace(staging.parent / file.name)

    def _load(self, settings: Settings) -> tuple[tuple[ApiDefinition, ...], tuple[Problem, ...]]:
        loaded = load(self.paths, settings, cache=self._cache)
        definitions, problems = with_wording(loaded.definitions, settings)
        return definitions, (*loaded.problems, *problems)

    def prepare(self) -> Prepared:
        """Read and compile everything as it is on disk now. Changes nothing, so that it may run beside the gateway."""
        settings, problems = self._settings()
        definitions, found = self._load(settings)
        snapshot, report = self.gateway.prepare(definitions, (*problems, *found), settings)
        return Prepared(snapshot, report, settings)

    def _settings(self) -> tuple[Settings, tuple[Problem, ...]]:
        """The settings to go on with: those in force where the new ones cannot be used."""
        if self._source is None:
            return self.settings, ()
        try:
            fresh, problems = self._source()
        except DefinitionError as error:
            return self.settings, error.problems
        late = [name for name in ONLY_AT_START if getattr(fresh, name) != getattr(self.settings, name)]
        notes = tuple(
            Problem(
                "only-at-start",
                f"{name} changed from {getattr(self.settings, name)!r} to {getattr(fresh, name)!r}: "
                "it is put in force when the gateway starts again",
                f"/{name}",
                Severity.WARNING,
            )
            for name in late
        )
        return fresh, (*problems, *notes)

    def publish(self, prepared: Prepared) -> ReloadReport:
        """Put a reload in force."""
        self.settings = prepared.settings
        self.problems = prepared.report.problems
        self.gateway.publish(prepared.snapshot, prepared.report)
        return prepared.report

    def reload(self) -> ReloadReport:
        """Load again, with what is staged, and swap; what does not load keeps its last good version."""
        self.take_staged()
        return self.publish(self.prepare())

    @property
    def watched(self) -> tuple[Path, ...]:
        """Files and folders whose change asks for a reload."""
        templates = Path(self.settings.template_path)
        named = {Path(file) for api in self.gateway.current.apis.values() for file in api.definition.files}
        watched = (*self.paths, *sorted(file for file in named if file.parent.is_dir()))
        return (*watched, templates) if templates.is_dir() else watched


def read_settings(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """The gateway's settings from a file and the environment. Paths in them are relative to the file.

    Raises:
        DefinitionError: The file cannot be read or used, or asks for what is refused at start.
    """
    text, name, folder = "{}", "", Path()
    if path is not None:
        name, folder = str(path), path.parent
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DefinitionError((Problem("unreadable", f"cannot read the file: {reason}", file=name),)) from None
    settings, problems = load_settings(text, name, environ)
    errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    errors = errors or tuple(problem.at(name, 0) for problem in certificates.problems_of(settings))
    if errors:
        raise DefinitionError(errors)
    problems += tuple(problem.at(name, 0) for problem in record_rules.problems_of(settings.analytics_config))
    return dataclasses.replace(settings, template_path=str(folder / settings.template_path)), problems


def read_templates(folder: Path) -> tuple[ErrorTemplates, str, tuple[Problem, ...]]:
    """The error templates in ``template_path``, a digest of them, and what is wrong with them.

    A folder that is not there has none.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for file in _template_files(folder):
        try:
            if file.stat().st_size > MAX_TEMPLATE_BYTES:
                raise ValueError(f"it is larger than {MAX_TEMPLATE_BYTES} bytes")
            texts[file.name] = file.read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"cannot read the error template {file.name!r}: {reason}"
            problems.append(Problem("unreadable", message, severity=Severity.WARNING, file=str(file)))
    templates, found = compile_templates(texts)
    problems += (dataclasses.replace(problem, file=str(folder / problem.file)) for problem in found)
    digest = hashlib.sha256(repr(sorted(texts.items())).encode("utf-8", "surrogatepass")).hexdigest()
    return templates, digest, tuple(problems)


def with_wording(
    definitions: Sequence[ApiDefinition], settings: Settings
) -> tuple[tuple[ApiDefinition, ...], tuple[Problem, ...]]:
    """Definitions with the gateway's wording of errors, and what is wrong with that. Reads the error templates."""
    templates, digest, problems = read_templates(Path(settings.template_path))
    messages = {name: MessageOverride(one.message, one.code) for name, one in settings.override_messages.items()}
    rules, found = gateway_rules(settings)
    if templates.by_name or messages or rules is not None:
        digest = f"{digest} {sorted(settings.override_messages.items(), key=itemgetter(0))!r}"
        digest = f"{digest} {json.dumps(settings.error_overrides, sort_keys=True)}"
        wording = ErrorReplies(templates, overrides=() if rules is None else (rules,), messages=messages)
        definitions = tuple(_worded(definition, wording, digest) for definition in definitions)
    return tuple(definitions), (*problems, *found)


def _template_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(file for file in folder.iterdir() if file.suffix in (".json", ".xml") and file.is_file())


def _worded(definition: ApiDefinition, wording: ErrorReplies, digest: str) -> ApiDefinition:
    """The definition with the gateway's wording; another hash, so that a change of it is one of the definition."""
    errors = dataclasses.replace(
        definition.errors,
        templates=wording.templates,
        messages=wording.messages,
        # An API's own rules come first.
        overrides=(*definition.errors.overrides, *wording.overrides),
    )
    versions = tuple(_worded_version(version, errors) for version in definition.versions)
    known = hashlib.sha256(f"{definition.content_hash} {digest}".encode()).hexdigest()
    return dataclasses.replace(
        definition, errors=errors, versions=versions, content_hash=known if definition.content_hash else ""
    )


def _worded_version(version: Version, errors: ErrorReplies) -> Version:
    """The version with the same wording for errors of its upstream."""
    section = version.sections.get("error_override")
    if section is None and not errors.overrides:
        return version
    reworded = Section(ErrorOverride(errors), "" if section is None else section.pointer)
    return dataclasses.replace(version, sections={**version.sections, "error_override": reworded})
