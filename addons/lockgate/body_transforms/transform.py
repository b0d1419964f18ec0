"""What a body transform is, and what comes of it: values that know no middleware and no format of definitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from lockgate.exchange import Variables
from lockgate.templates.errors import Kind, TemplateError
from lockgate.templates.run import Run
from lockgate.variables import Text


class Engine(Enum):
    """The language of a template."""

    GO = "go"
    JINJA2 = "jinja2"


class InputFormat(Enum):
    """What the body that a template gets is read as."""

    JSON = "json"
    XML = "xml"
    OTHER = ""
    """No body of a request can be read."""


class Compiled(Protocol):
    """A template that is ready to run."""

    def render(self, data: object, run: Run) -> str:
        """What it makes of ``data``.

        Raises:
            TemplateError: It failed.
            TooLongError: It is too long for where it runs.
        """
        ...


@dataclass(frozen=True, slots=True)
class TemplateText:
    """The text of a template."""

    name: str
    """As error texts spell it: "" for one that stands in a definition, else the base name of its file."""
    text: str
    """As ``templates.values`` carries strings."""


@dataclass(frozen=True, slots=True)
class BodyTransform:
    """A template and what it is run on, compiled."""

    template: Compiled
    texts: tuple[TemplateText, ...]
    """What ``template`` was made of: its own text first, then those of which it uses named templates."""
    engine: Engine = Engine.GO
    input: InputFormat = InputFormat.JSON
    session: bool = True
    """Whether metadata of the session are put under ``_tyk_meta``."""
    tolerant: bool = False
    """A body that cannot be read counts as an empty one: as the reference gateway has it for responses."""
    literals: tuple[Text, ...] = ()
    """What the template's own text says of ``$tyk_…`` and ``$secret_…`` variables, by slot."""
    sees_context: bool = True
    """Whether the template can get at ``_tyk_context``."""
    sees_meta: bool = True
    """Whether it can get at ``_tyk_meta``."""
    tells_time: bool = True
    """Whether what it calls depends on the time of day."""
    draws: bool = True
    """Whether what it calls is random."""


class NoSession(Enum):
    """Stands where metadata of a session would be that there is not."""

    NO_SESSION = "no session"


NO_SESSION: Final = NoSession.NO_SESSION


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may see beside the body, and what its text and functions depend on."""

    context: Variables | None = None
    """``_tyk_context``; None: there is none."""
    meta: Mapping[str, Any] | NoSession | None = NO_SESSION
    """``_tyk_meta``: JSON values, or None for metadata that are null."""
    literals: tuple[str, ...] = ()
    """What stands for ``BodyTransform.literals``."""
    now: float = 0.0
    """Seconds since the epoch."""
    seed: bytes = bytes(16)
    """Of randomness: at least 16 bytes."""
    zone: str = "UTC"
    """Name of the gateway's time zone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a transform gave nothing."""

    text: str
    """One sentence; of a template Go's text, with name, line and column."""
    kind: str
    """"input": the body cannot be read; "execution": the template failed; "limit": it takes too much; "service": there
    was nobody to do it."""
    reason: str = ""
    """The text without its place."""
    source: str = ""
    """The template that the place is in."""
    line: int = 0
    """First is 1; 0 when not known."""
    column: int = 0
    """In characters, first is 1; 0 when not known."""
    hint: str = ""
    """The nearest right spelling; "" where there is none."""
    partial: str = ""
    """What the template had written before it failed."""

    @classmethod
    def of(cls, error: TemplateError) -> "Failure":
        """From what a template raised."""
        line, column = (0, 0) if error.place is None else (error.place.line, error.place.column)
        kind = "limit" if error.kind is Kind.LIMIT else "execution"
        return cls(error.text, kind, error.reason, error.source, line, column, error.hint, error.partial)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a transform: an output, or a failure."""

    output: bytes | None = None
    failure: Failure | None = None
    remark: str = ""
    """Why the body counted as an empty one, where it did (``BodyTransform.tolerant``); "" where nothing is to be said."""
