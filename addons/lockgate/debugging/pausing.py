"""An exchange that is stopped, and what may be done with it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Protocol, final

from lockgate.debugging.edits import Edit, EditError, edited
from lockgate.exchange import Exchange, NotRead, Response
from lockgate.middleware import Loop, Outcome, Reject
from lockgate.trace import Phase, Trace


class Action(Enum):
    """How a pause ends."""

    RESUME = "resume"
    STEP = "step"
    ANSWER = "answer"
    DROP = "drop"
    GONE = "gone"
    """The client went away."""
    LATE = "late"
    """The time was over: it went on by itself."""
    UNWATCHED = "unwatched"
    """Nobody was left who could have let it go on."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a stopped exchange."""

    action: Action
    edit: Edit | None = None
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an exchange stopped."""

    link: str
    phase: Phase
    pass_index: int
    when: str
    """"before" or "after" the link."""

    def __str__(self) -> str:
        return f"{self.when} {self.link}"


class Screen(Protocol):
    """Where a host shows stopped exchanges, and lets people change them."""

    def stopped(self, pause: "Pause") -> None:
        """Show it."""
        ...

    def edit_of(self, pause: "Pause") -> Edit | None:
        """What was changed there meanwhile."""
        ...

    def freed(self, pause: "Pause", action: Action, seconds: float) -> None:
        """Take it away: it goes on, after so many seconds."""
        ...


@final
class Pause:
    """One exchange that is stopped."""

    def __init__(
        self,
        exchange: Exchange,
        trace: Trace,
        place: Place,
        breakpoint_id: str,
        seconds: float,
        screen: Screen | None,
        outcome: Outcome | None,
    ) -> None:
        """Stop an exchange, on the running event loop.

        Args:
            exchange: As it is now.
            trace: So far.
            place: Where it is.
            breakpoint_id: Of the breakpoint; "" where it was stepped to.
            seconds: Until it goes on by itself.
            screen: Where it is shown and may be changed too.
            outcome: Of the link that it is stopped after; None before one.
        """
        self._loop: Final = asyncio.get_running_loop()
        self._decided: Final[asyncio.Future[Decision]] = self._loop.create_future()
        self._screen: Final = screen
        self._outcome: Final = outcome
        self.exchange: Final = exchange
        self.trace: Final = trace
        self.place: Final = place
        self.breakpoint_id: Final = breakpoint_id
        self.began: Final = datetime.now(UTC)
        self.began_at: Final = self._loop.time()
        """By the clock of the event loop, in seconds."""
        self.ends_at: Final = self.began_at + seconds
        """Likewise: when it goes on by itself."""

    @property
    def exchange_id(self) -> str:
        """Of the exchange."""
        return self.exchange.id

    @property
    def seconds_left(self) -> float:
        """Until it goes on by itself."""
        return max(self.ends_at - self._loop.time(), 0.0)

    @property
    def seconds(self) -> float:
        """That it has been stopped."""
        return self._loop.time() - self.began_at

    @property
    def over(self) -> bool:
        """Whether it was decided what becomes of it."""
        return self._decided.done()

    @property
    def body_is_held(self) -> bool:
        """Whether the body of the message that goes on is there to be seen."""
        message = self.exchange.response or self.exchange.request
        return not isinstance(message.body, NotRead)

    def resume(self, edit: Edit | None = None) -> None:
        """Go on.

        Raises:
            EditError: What was changed cannot be; it stays stopped.
        """
        self._go_on(Action.RESUME, edit)

    def step(self, edit: Edit | None = None) -> None:
        """Go on to the next link, whichever that is. As ``resume``."""
        self._go_on(Action.STEP, edit)

    def answer(self, response: Response) -> None:
        """Give the client this answer, as it is: no further link runs."""
        self._decide(Decision(Action.ANSWER, response=response))

    def drop(self) -> None:
        """End it without an answer."""
        self._decide(Decision(Action.DROP))

    def leave(self) -> None:
        """The client went away."""
        self._decide(Decision(Action.GONE))

    def _go_on(self, action: Action, edit: Edit | None) -> None:
        if self.over:
            return
        whole = (edit or Edit()).over(self._screen.edit_of(self) if self._screen is not None else None)
        self.changed(whole)
        self._decide(Decision(action, whole))

    def changed(self, edit: Edit | None) -> Exchange:
        """The exchange with an edit.

        Raises:
            EditError: It cannot be done.
        """
        changed = edited(self.exchange, edit)
        if changed is not self.exchange and isinstance(self._outcome, Reject):
            raise EditError("the gateway refused the request and words the answer itself; 'answer' gives another one")
        if isinstance(self._outcome, Loop) and not changed.request.path.startswith("/"):
            raise EditError("expected a path that begins with '/': a loop begins with it")
        return changed

    def _decide(self, decision: Decision) -> None:
        if not self._decided.done():
            self._decided.set_result(decision)

    async def wait(self, seconds: float) -> Decision | None:
        """What was decided within so many seconds; None: nothing."""
        await asyncio.wait([self._decided], timeout=seconds)
        return self._decided.result() if self._decided.done() else None

    def end(self, action: Action) -> Decision:
        """Decide now, unless somebody did: it goes on, with what was changed on the screen where that can be done."""
        if not self.over:
            edit = self._screen.edit_of(self) if self._screen is not None else None
            try:
                self.changed(edit)
            except EditError:
                edit = None
            self._decide(Decision(action, edit))
        return self._decided.result()
