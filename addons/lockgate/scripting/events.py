"""Event handlers in JavaScript: they are told what happened, beside the exchange that it happened to.

Source: behaviour-scripting 4.11, "Event handlers".
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from lockgate.scripting.calling import as_json, failure_text
from lockgate.scripting.host_calls import HostRules, ScriptHost
from lockgate.services import Event, ScriptCall, ScriptLine, ScriptProgram, Services


@dataclass(frozen=True, slots=True)
class EventScript:
    """A handler as a definition has it. All those of a gateway share one program, and with it their names."""

    name: str
    """Of the variable that holds it: any expression of JavaScript."""
    sources: tuple[tuple[str, str], ...]
    """Name and text of its scripts, in load order; () where another one's declare it."""
    rules: HostRules = field(repr=False, compare=False)
    """What it may ask the gateway for."""
    seconds: float = 5.0
    """After which it has failed."""


@dataclass(frozen=True, slots=True)
class ScriptHandler:
    """A handler that can be told of events (``services.EventHandler``)."""

    script: EventScript
    program: ScriptProgram = field(repr=False)
    """Of the whole gateway."""

    @property
    def name(self) -> str:
        """For the log."""
        return self.script.name

    async def handle(self, event: Event, services: Services) -> tuple[tuple[ScriptLine, ...], str]:
        """Tell it of an event.

        Returns:
            What it logged, and why it failed: "" where it did not.

        Raises:
            ServiceError: No script could be run.
        """
        script = self.script
        told = {"Type": event.kind, "Meta": event.meta, "TimeStamp": _time(event.at)}
        context = {"APIID": event.api_id, "OrgID": event.org_id}
        asked = ScriptCall("event", script.name, (as_json(told), as_json(context)), script.seconds)
        result = await services.run_script(self.program, asked, ScriptHost(services, script.rules, script.seconds))
        return result.log, "" if result.error is None else failure_text(result.error)


def _time(seconds: float) -> str:
    """A time as Go prints it."""
    at = datetime.fromtimestamp(seconds, UTC)
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
