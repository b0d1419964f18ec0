"""What the pages and the commands of a UI work with: one value, made by the host."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.exchanges import ExchangeLog
from lockgate.deployment import Deployment
from lockgate.exchange import Client, Request
from lockgate.services import Outside, Scripts
from lockgate.services.scripts import NO_SCRIPTS
from lockgate.snapshot import Gateway, ReloadReport


class NotAgainError(Exception):
    """A request cannot be sent again; the message says why."""


class RunAgain(Protocol):
    """Sends a request through the live gateway, as that client would."""

    async def __call__(self, request: Request, client: Client, began: Callable[[str], None] = ...) -> str:
        """Give the id of the new exchange once it is over; ``began`` is called with it as soon as it is known.

        Raises:
            NotAgainError: It cannot be sent, or nothing came of it.
        """
        ...


@dataclass(slots=True)
class Desk:
    """A gateway under somebody's eyes."""

    gateway: Gateway
    outside: Outside
    """Of live exchanges."""
    run_again: RunAgain
    deployment: Deployment | None = None
    """Where definitions come from; None where none were named yet."""
    reload: Callable[[], Awaitable[ReloadReport]] | None = None
    """Loads the definitions again beside the traffic; None with ``deployment``."""
    hosts: tuple[str, ...] = ()
    """Names, beside localhost and IP addresses, under which the pages may be asked for; lower case."""
    trial_scripts: Scripts = NO_SCRIPTS
    """Runs scripts of texts that are tried, in limited processes."""
    exchanges: ExchangeLog = field(default_factory=ExchangeLog)
    breakpoints: Breakpoints = field(default_factory=Breakpoints)
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    """Another one with each start, so that an open page notices: numbers of loads and of changes begin anew."""

    def __post_init__(self) -> None:
        """Have whoever listens to the log count as somebody who watches, and have pauses told to them."""
        self.breakpoints.watching.append(lambda: self.exchanges.watched)
        self.breakpoints.changed = self.exchanges.changed
