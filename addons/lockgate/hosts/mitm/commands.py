"""Commands of mitmproxy for breakpoints. Their names are such as mitmweb's command bar can call: letters and dots.

Everything that can be done with them is on the pages too.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls, allow-untyped-decorators

from collections.abc import Callable
from typing import Final, Protocol, final

from mitmproxy import command, exceptions

from lockgate.debugging.breakpoint import Breakpoint, parse_words
from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.desk import Desk
from lockgate.debugging.edits import EditError
from lockgate.debugging.giving import read_response
from lockgate.debugging.pausing import Pause

ALL: Final = "all"


class HasDesk(Protocol):
    """Whoever knows the desk, once there is one."""

    desk: Desk | None


@final
class BreakpointCommands:
    """``lockgate.break`` and what goes with it."""

    name = "lockgate-breakpoints"

    def __init__(self, holder: HasDesk) -> None:
        self._holder: Final = holder

    @command.command("lockgate.break")
    def set_breakpoint(self, *words: str) -> str:
        """Set a breakpoint: api= endpoint= link= before|after phase= once if CONDITION; nothing stops everything."""
        desk = self._desk()
        try:
            point = parse_words(words, desk.gateway.current, desk.breakpoints.filters)
            return _line(desk.breakpoints, desk.breakpoints.add(point))
        except ValueError as error:
            raise exceptions.CommandError(str(error)) from None

    @command.command("lockgate.unbreak")
    def remove_breakpoint(self, number: str = "") -> str:
        """Take a breakpoint away, by its number; "all" takes all away."""
        breakpoints = self._desk().breakpoints
        there = [point.id for point in breakpoints.list()]
        if number != ALL and number not in there:
            raise exceptions.CommandError(
                f"expected the number of a breakpoint ({', '.join(there) or 'there are none'}) or all, found {number!r}"
            )
        gone = there if number == ALL else [number]
        for one in gone:
            breakpoints.remove(one)
        return f"removed {', '.join(gone) or 'none'}"

    @command.command("lockgate.breaks")
    def list_breakpoints(self) -> str:
        """List breakpoints and stopped exchanges."""
        breakpoints = self._desk().breakpoints
        lines = [_line(breakpoints, point) for point in breakpoints.list()] or ["no breakpoints"]
        lines += [_pause_line(pause) for pause in breakpoints.pauses.values()]
        return "\n".join(lines)

    @command.command("lockgate.step")
    def step(self, exchange: str = "") -> str:
        """Let a stopped exchange go on to its next link. Without an id: the only one that is stopped."""
        pause = self._pause(exchange)
        _go_on(pause.step)
        return f"{pause.exchange_id} steps on from {pause.place}"

    @command.command("lockgate.resume")
    def resume(self, exchange: str = "") -> str:
        """Let a stopped exchange go on; "all" lets all go on. Without an id: the only one that is stopped."""
        pauses = list(self._desk().breakpoints.pauses.values()) if exchange == ALL else [self._pause(exchange)]
        resumed, refused = [], []
        for pause in pauses:
            try:
                _go_on(pause.resume)
                resumed.append(pause.exchange_id)
            except exceptions.CommandError as error:
                refused.append(f"{pause.exchange_id}: {error}")
        if refused:
            raise exceptions.CommandError("; ".join([*refused, f"resumed {', '.join(resumed) or 'none'}"]))
        return f"resumed {', '.join(resumed) or 'none'}"

    @command.command("lockgate.answer")
    def answer(self, exchange: str = "", status: str = "", body: str = "", *headers: str) -> str:
        """Answer a stopped exchange now: its id ("-" for the only one), a status, a body, and headers "Name: value"."""
        if not (status.isascii() and status.isdigit()):
            raise exceptions.CommandError(f"expected an exchange, or -, and a status such as 404, found {status!r}")
        pause = self._pause("" if exchange == "-" else exchange)
        pairs = []
        for header in headers:
            name, colon, value = header.partition(":")
            if not colon:
                raise exceptions.CommandError(f"expected 'Name: value' as a header, found {header!r}")
            pairs.append([name.strip(), value.strip()])
        try:
            pause.answer(read_response({"status": int(status[:4]), "headers": pairs, "body": body}))
        except EditError as error:
            raise exceptions.CommandError(str(error)) from None
        return f"{pause.exchange_id} answered with {status}"

    @command.command("lockgate.drop")
    def drop(self, exchange: str = "") -> str:
        """End a stopped exchange without an answer. Without an id: the only one that is stopped."""
        pause = self._pause(exchange)
        pause.drop()
        return f"dropped {pause.exchange_id}"

    # No property: mitmproxy reads those of an addon when it looks for commands.
    def _desk(self) -> Desk:
        desk = self._holder.desk
        if desk is None:
            raise exceptions.CommandError(
                "there are no breakpoints here: x-lockgate.debug.pages is off, or nothing runs"
            )
        return desk

    def _pause(self, exchange: str) -> Pause:
        pauses = self._desk().breakpoints.pauses
        if exchange in pauses:
            return pauses[exchange]
        stopped = ", ".join(pauses) or "none"
        if exchange:
            raise exceptions.CommandError(f"no exchange {exchange!r} is stopped; stopped: {stopped}")
        if not pauses:
            raise exceptions.CommandError("no exchange is stopped")
        if len(pauses) != 1:
            raise exceptions.CommandError(f"expected the id of a stopped exchange, one of {stopped}")
        return next(iter(pauses.values()))


def _go_on(go_on: Callable[[], None]) -> None:
    try:
        go_on()
    except EditError as error:
        raise exceptions.CommandError(f"what was edited in mitmweb cannot be sent: {error}") from None


def _line(breakpoints: Breakpoints, point: Breakpoint) -> str:
    return f"{point.id}  {point.text}  ({breakpoints.hits(point.id)} stopped)"


def _pause_line(pause: Pause) -> str:
    request = pause.exchange.request
    left = round(pause.seconds_left)
    where = f"{pause.place} ({pause.place.phase.value})"
    return f"{pause.exchange_id} stopped {where}, {left} s left: {request.method} {request.target}"
