"""Breakpoints and stopped exchanges for scripts of pages, and for programs that show mitmweb's password.

GET and POST ``/lockgate/api/breakpoints``, PATCH and DELETE ``…/{id}``; GET ``/lockgate/api/pauses``, GET and POST
``…/{exchange}``; POST ``/lockgate/api/lease``. See docs/breakpoints.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lockgate.debugging.breakpoint import Breakpoint, BreakpointError, read
from lockgate.debugging.breakpoints import LEASE_SECONDS, Breakpoints
from lockgate.debugging.edits import EditError
from lockgate.debugging.giving import plain_pause, read_edit, read_response, whole_pause
from lockgate.debugging.pausing import Pause
from lockgate.pages.base import Page, Refused
from lockgate.pages.exchanges import plain_trace, sources

_ACTIONS: Final = ("resume", "step", "answer", "drop")
_LONGEST_HOLDER: Final = 100


class BreakpointList(Page):
    """All breakpoints."""

    def get(self) -> None:
        """List them, and how many look on."""
        breakpoints = self.desk.breakpoints
        self.write_json(
            {
                "breakpoints": [_plain(breakpoints, point) for point in breakpoints.list()],
                "watchers": breakpoints.watchers,
                "passed_by": breakpoints.passed_by,
                "went_on_late": breakpoints.went_on_late,
            }
        )

    def post(self) -> None:
        """Set one: {"spec": "…"}, or its fields."""
        breakpoints = self.desk.breakpoints
        try:
            point = breakpoints.add(read(self.json_body(), self.desk.gateway.current, breakpoints.filters))
        except BreakpointError as error:
            raise Refused(400, str(error)) from None
        except ValueError as error:
            raise Refused(409, str(error)) from None
        self.write_json(_plain(breakpoints, point), 201)


class OneBreakpoint(Page):
    """One of them."""

    def patch(self, breakpoint_id: str) -> None:
        """Switch it on or off: {"enabled": …}."""
        match self.json_body():
            case {"enabled": bool() as enabled, **rest} if not rest:
                breakpoints = self.desk.breakpoints
                point = self._found(lambda: breakpoints.enable(breakpoint_id, enabled=enabled), breakpoint_id)
                self.write_json(_plain(breakpoints, point))
            case other:
                raise Refused(400, f"expected {{'enabled': true or false}}, found {other!r}")

    def delete(self, breakpoint_id: str) -> None:
        """Take it away."""
        self._found(lambda: self.desk.breakpoints.remove(breakpoint_id), breakpoint_id)
        self.set_status(204)

    def _found[T](self, do: Callable[[], T], breakpoint_id: str) -> T:
        try:
            return do()
        except KeyError:
            raise Refused(404, f"there is no breakpoint {breakpoint_id!r}") from None


class PauseList(Page):
    """All stopped exchanges."""

    def get(self) -> None:
        """List them, the oldest first."""
        self.write_json({"pauses": [plain_pause(pause) for pause in self.desk.breakpoints.pauses.values()]})


class OnePause(Page):
    """One of them."""

    async def get(self, exchange_id: str) -> None:
        """The exchange as it is now, and its trace so far, with the lines that made its steps."""
        pause = self._pause(exchange_id)
        lines = await sources.links(pause.trace, self.desk.gateway.current)
        self.write_json({**whole_pause(pause), "trace": plain_trace(pause.trace), "sources": lines})

    def post(self, exchange_id: str) -> None:
        """Decide: {"action": "resume", "step", "answer" or "drop", "edit": {…}, "response": {…}}."""
        pause, body = self._pause(exchange_id), self.json_body()
        try:
            _decide(pause, body)
        except EditError as error:
            raise Refused(400, str(error)) from None
        self.write_json({"exchange": exchange_id, "action": body["action"]})

    def _pause(self, exchange_id: str) -> Pause:
        pause = self.desk.breakpoints.pauses.get(exchange_id)
        if pause is None or pause.over:
            raise Refused(404, f"the exchange {exchange_id!r} is not stopped")
        return pause


class Lease(Page):
    """A program that looks on."""

    def post(self) -> None:
        """Count as somebody who watches for some seconds: {"seconds": 30, "holder": "name"}; both may be left out."""
        body = self.json_body() if self.request.body else {}
        seconds, holder = body.get("seconds", LEASE_SECONDS), body.get("holder", "")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LEASE_SECONDS:
            raise Refused(400, f"expected seconds from 0 to {LEASE_SECONDS:g}, found {seconds!r}")
        if not isinstance(holder, str) or len(holder) > _LONGEST_HOLDER:
            raise Refused(400, f"expected a text of {_LONGEST_HOLDER} characters at most as 'holder', found {holder!r}")
        self.desk.breakpoints.lease(seconds, holder)
        self.write_json({"seconds": seconds, "holder": holder})


def _plain(breakpoints: Breakpoints, point: Breakpoint) -> dict[str, Any]:
    return {**point.plain(), "hits": breakpoints.hits(point.id)}


def _decide(pause: Pause, body: Mapping[str, Any]) -> None:
    action = body.get("action")
    allowed = {"resume": ("edit",), "step": ("edit",), "answer": ("response",)}.get(str(action), ())
    if action not in _ACTIONS:
        raise EditError(f"expected {', '.join(_ACTIONS)} as 'action', found {action!r}")
    for key in body:
        if key not in ("action", *allowed):
            raise EditError(f"{action!r} takes {' and '.join(map(repr, allowed)) or 'nothing'}, found {key!r}")
    match action:
        case "resume":
            pause.resume(read_edit(body.get("edit"), pause))
        case "step":
            pause.step(read_edit(body.get("edit"), pause))
        case "answer":
            pause.answer(read_response(body.get("response")))
        case _:
            pause.drop()


_ID: Final = r"([0-9a-zA-Z_-]{1,64})"
ROUTES: Final[Sequence[tuple[str, type[Page]]]] = (
    (r"/lockgate/api/breakpoints", BreakpointList),
    (rf"/lockgate/api/breakpoints/{_ID}", OneBreakpoint),
    (r"/lockgate/api/pauses", PauseList),
    (rf"/lockgate/api/pauses/{_ID}", OnePause),
    (r"/lockgate/api/lease", Lease),
)
"""Regular expression of the path, and who answers."""
