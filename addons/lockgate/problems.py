"""What is wrong with a definition or with settings, as values. Knows no document format."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final


class Severity(Enum):
    """How bad a problem is."""

    ERROR = "error"
    """What was asked for is not done: the definition is refused, or its API answers 503."""
    WARNING = "warning"
    """The definition is served; a part of it is not as written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place in one document."""

    code: str
    """Stable, kebab-case; the text may change, the code may not. ``unsupported-…``: known, and not built."""
    message: str
    """One sentence that names what was found and what was expected, without a full stop."""
    pointer: str = ""
    """RFC 6901 JSON Pointer to the offending value; "" is the whole document."""
    severity: Severity = Severity.ERROR
    file: str = ""
    """Path as the user gave it; "" until the loader fills it in."""
    line: int = 0
    """First is 1; 0 when not known."""
    hint: str = ""
    """The nearest right spelling or what to do; "" when there is nothing to say."""

    def at(self, file: str, line: int) -> "Problem":
        """The same problem with its place filled in."""
        return replace(self, file=file, line=line)

    @property
    def plain(self) -> dict[str, str | int]:
        """As JSON values, for programs."""
        return {
            "file": self.file,
            "line": self.line,
            "pointer": self.pointer,
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        place = f"{self.file}{line}: " if self.file else ""
        hint = f" ({self.hint})" if self.hint else ""
        pointer = f" [{self.pointer}]" if self.pointer else ""
        return f"{place}{self.severity.value}: {self.message}{hint} [{self.code}]{pointer}"


def kind_of(value: object) -> str:
    """What a value of JSON is, for messages that say what was found."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


class DefinitionError(ValueError):
    """A document that cannot be used, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems: Final = problems


def pointer(*parts: str | int) -> str:
    """A JSON Pointer from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
