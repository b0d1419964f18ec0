"""What steps of an exchange could not do, with the places in templates and scripts. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.trace import Trace

_GO_PLACE: Final = re.compile(r"template: [^:\s]*:(\d+)(?::(\d+))?:")
_NAMED_PLACE: Final = re.compile(r"\bline (\d+)(?:,? column (\d+))?")
_SCRIPT_PLACE: Final = re.compile(r"\((?:[^()]*):(\d+):(\d+)\)")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a step could not do, and where."""

    step: int
    """Index in the trace; -1 of none."""
    link: str
    text: str
    line: int = 0
    """In the template or script; first is 1, 0 when not known."""
    column: int = 0


def faults_of(trace: Trace) -> tuple[Fault, ...]:
    """What steps could not do, with the places in templates and scripts."""
    found: list[Fault] = []
    for index, step in enumerate(trace.steps):
        known = len(found)
        for call in step.calls:
            failed = call.answer.get("failed") if isinstance(call.answer, Mapping) else None
            if (call.service, call.operation) == ("scripts", "run") and isinstance(failed, Mapping):
                found.append(
                    _fault(index, step.link, str(failed["message"]), _SCRIPT_PLACE.search(str(failed["stack"])))
                )
        if step.outcome in ("failed", "error") and len(found) == known:
            place = _GO_PLACE.search(step.detail) or _NAMED_PLACE.search(step.detail)
            found.append(_fault(index, step.link, step.detail, place))
    if trace.error:
        found.append(Fault(-1, "", trace.error))
    return tuple(found)


def _fault(index: int, link: str, text: str, place: re.Match[str] | None) -> Fault:
    if place is None:
        return Fault(index, link, text)
    return Fault(index, link, text, int(place[1]), int(place[2] or 0))
