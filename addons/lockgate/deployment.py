"""Definitions on disk and the snapshot made of them: loads at start, loads again on request."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, final

from lockgate.loading import load
from lockgate.problems import DefinitionError, Problem
from lockgate.settings import Settings, load_settings
from lockgate.snapshot import Gateway, ReloadReport, Snapshot


@final
class Deployment:
    """Where definitions come from, and the gateway that serves them."""

    __slots__ = ("gateway", "paths", "problems", "settings")

    def __init__(self, paths: Sequence[Path], settings: Settings, problems: Sequence[Problem] = ()) -> None:
        """Load every definition in ``paths``.

        Args:
            paths: Files and folders.
            settings: Of the gateway.
            problems: Found in the settings; they are reported with those of the definitions.
        """
        self.paths: Final = tuple(paths)
        self.settings: Final = settings
        loaded = load(self.paths, settings)
        self.problems: tuple[Problem, ...] = (*problems, *loaded.problems)
        self.gateway: Final = Gateway(Snapshot(loaded.definitions, settings))

    def reload(self) -> ReloadReport:
        """Load again and swap; what does not load keeps its last good version."""
        loaded = load(self.paths, self.settings)
        self.problems = loaded.problems
        return self.gateway.reload(loaded.definitions, loaded.problems)


def read_settings(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """The gateway's settings from a file and the environment.

    Raises:
        DefinitionError: The file cannot be read or used, or asks for what is refused at start.
    """
    text, name = "{}", ""
    if path is not None:
        name = str(path)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DefinitionError((Problem("unreadable", f"cannot read {name!r}: {error}", file=name),)) from None
    settings, problems = load_settings(text, name, environ)
    errors = tuple(problem for problem in problems if problem.severity.value == "error")
    if errors:
        raise DefinitionError(errors)
    return settings, problems
