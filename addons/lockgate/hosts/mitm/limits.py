"""What one client may take of the gateway, and who is let in.

``GatewayLayer`` keeps the times of a connection that speaks HTTP. ``Door`` keeps those of one that does not yet.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final, final

from lockgate.settings import Settings

logger = logging.getLogger(__name__)

_QUIET_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """The limits in force when a client connected. Without a limit a time or a number is infinite."""

    header_bytes: float = inf
    """Of a request's head."""
    headers: float = inf
    """Fields in a request's head."""
    header_seconds: float = inf
    """For a request's head."""
    body_seconds: float = inf
    """Without anything of a request's body."""
    idle_seconds: float = inf
    """Between two requests."""
    read_seconds: float = inf
    """For a request with its body."""
    write_seconds: float = inf
    """From a request's head to the end of its response."""


NO_LIMITS: Final = ClientLimits()


def limits_of(settings: Settings) -> ClientLimits:
    """What the settings say."""
    own, server = settings.own.limits, settings.http_server_options
    return ClientLimits(
        header_bytes=own.max_header_bytes or inf,
        headers=own.max_headers or inf,
        header_seconds=min(own.header_timeout or inf, server.read_timeout or inf),
        body_seconds=own.body_timeout or inf,
        idle_seconds=own.idle_timeout or inf,
        read_seconds=server.read_timeout or inf,
        write_seconds=server.write_timeout or inf,
    )


@final
class Door:
    """Counts the connections of clients, and closes those that say nothing."""

    def __init__(self) -> None:
        self._open: Final[dict[str, asyncio.TimerHandle | None]] = {}
        self.refused = 0
        """Connections that were one too many."""
        self._said_at = -inf
        self._settings: Settings | None = None
        self._limits = NO_LIMITS

    def __len__(self) -> int:
        return len(self._open)

    def limits(self, settings: Settings) -> ClientLimits:
        """Those for a connection that begins now."""
        if settings is not self._settings:
            self._settings, self._limits = settings, limits_of(settings)
        return self._limits

    def enter(self, client: str, settings: Settings, close: Callable[[], None]) -> bool:
        """Take a connection, or say that it is one too many.

        Args:
            client: Its id.
            settings: In force.
            close: Called when it takes too long to say what it wants.
        """
        most = settings.own.limits.max_connections
        if most and len(self._open) >= most:
            self.refused += 1
            self._say(most)
            return False
        seconds = self.limits(settings).header_seconds
        timer = asyncio.get_running_loop().call_later(seconds, close) if seconds < inf else None
        self._open[client] = timer
        return True

    def _say(self, most: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= _QUIET_SECONDS:
            self._said_at = now
            logger.warning("refused a connection: there are %d already; %d refused so far", most, self.refused)

    def spoke(self, client: str) -> None:
        """A connection speaks HTTP: from here on its times are kept there."""
        timer = self._open.get(client)
        if timer is not None:
            timer.cancel()
            self._open[client] = None

    def leave(self, client: str) -> None:
        """A connection is over, or was never taken."""
        timer = self._open.pop(client, None)
        if timer is not None:
            timer.cancel()
