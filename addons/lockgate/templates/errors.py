"""What goes wrong with a template, with Go's text and the place in the source."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """When it went wrong."""

    PARSE = "parse"
    EXECUTION = "execution"
    LIMIT = "limit"
    """A run took more steps, time or memory than it may. The reference gateway has no such limits."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a source."""

    line: int
    """First is 1."""
    column: int
    """In characters, first is 1; 0 where only the line is known."""


class TemplateError(ValueError):
    """A template that cannot be compiled, or failed as it ran. ``str()`` is Go's whole text."""

    def __init__(
        self,
        text: str,
        *,
        kind: Kind,
        reason: str = "",
        source: str = "",
        place: Place | None = None,
        hint: str = "",
        partial: str = "",
    ) -> None:
        super().__init__(text)
        self.text: Final = text
        """As Go words it: 'template: :1:8: executing "" at <.t>: range can't iterate over true'."""
        self.kind: Final = kind
        self.reason: Final = reason or text
        """The text without its place: "range can't iterate over true"."""
        self.source: Final = source
        """Text of the source that the place is in."""
        self.place: Final = place
        self.hint: Final = hint
        """The nearest right spelling; "" where there is none."""
        self.partial: Final = partial
        """What the template had written before it failed."""


class FunctionError(ValueError):
    """What a function answers with instead of a value, with Go's text: a returned error, or a panic."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text: Final = text


class Fault(Exception):  # noqa: N818 - no error of its own: the runtime makes a TemplateError of it
    """What an action cannot do, with Go's text without the place: the runtime knows where it is."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text: Final = text


class CallFault(Fault):
    """What a method answers with instead of a value: the place is that of the whole command."""


class LimitError(Exception):
    """A run took more than it may; the message says of what. The runtime makes a TemplateError of it."""


class TooLongError(Exception):
    """A run is too long for where it runs: it has to begin again in a process of its own."""
