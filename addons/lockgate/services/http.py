"""HTTP calls of scripts and batches, keys and storage for scripts: protocols and values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lockgate.destinations import NO_REACH, Reach
from lockgate.exchange import NO_HEADERS, Client, Headers
from lockgate.services.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Within:
    """For a call of the gateway itself, on behalf of an exchange that is under way."""

    exchange_id: str
    client: Client
    """Of the exchange: as whose the call counts."""
    scheme: str = "http"
    """As the client came."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request of the gateway's own. Redirects are followed, cookies are not kept."""

    method: str
    """As it is sent."""
    url: str
    """Absolute, of http or https; or, with ``within``, path and query."""
    headers: Headers = NO_HEADERS
    """Host is the URL's, unless the call stays within the gateway. What frames the message is not for a caller to say."""
    body: bytes = b""
    seconds: float = 5.0
    """Until the whole answer is there, redirects included."""
    reach: Reach = NO_REACH
    within: Within | None = None
    as_it_is: bool = False
    """It is an exchange's own request on its way upstream: Host is the caller's, no header is added, no redirect is
    followed, and the answer stays packed."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The last response to a call."""

    status: int
    headers: Headers = NO_HEADERS
    """Without Transfer-Encoding; without Content-Encoding and Content-Length where the body was unpacked."""
    body: bytes = b""
    """Unpacked, unless the call asked for an encoding itself."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came of one of several calls."""

    index: int
    """Of the call."""
    answer: HttpAnswer | None
    """None: it failed."""
    error: str = ""
    """Why it failed."""
    seconds: float = 0.0
    """That it took."""


class Http(Protocol):
    """Requests of the gateway's own."""

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        """What came of calls, in the order in which they ended.

        Args:
            calls: Sent in this order.
            at_once: How many may be under way at the same time.
            max_bytes: Of all bodies of answers together; what would be more fails.

        Raises:
            ServiceError: Nothing could be sent at all. A single call that fails is in its reply.
        """
        ...


class KeyData(Protocol):
    """Keys as scripts see and change them."""

    async def get_key(self, key: str, api_id: str) -> Mapping[str, Any] | None:
        """A key's session object with what is left of its quotas; None: there is no such key.

        Args:
            key: As a client presents it, or with the organisation in front.
            api_id: Whose organisation the key may be of; "" or that of no API is none.

        Raises:
            ServiceError: The store did not answer.
        """
        ...

    async def set_key(self, key: str, document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        """Keep a session under a key.

        Args:
            key: The whole of it.
            document: A session object with every field.
            keeps_counts: What the key has used up stays so.

        Raises:
            ServiceError: It cannot be kept; the message says why.
        """
        ...


class Storage(Protocol):
    """What scripts keep: texts by name, for all APIs.

    Each may raise ServiceError: it is full, did not answer in time, or holds something else than was asked for.
    """

    async def get(self, name: str) -> str | None:
        """What is kept; None: nothing."""
        ...

    async def put(self, name: str, text: str, seconds: float, *, only_new: bool = False) -> bool:
        """Keep a text. ``seconds`` of 0 is for ever. False: ``only_new``, and there is one."""
        ...

    async def forget(self, name: str) -> None:
        """Keep it no more."""
        ...

    async def time_left(self, name: str) -> int:
        """Whole seconds; -1: for ever, -2: nothing is kept."""
        ...

    async def count(self, name: str, seconds: float) -> int:
        """One more than the number that is kept, from 0; ``seconds`` count when it is new."""
        ...


class _NoCalls:
    """For an outside where scripts reach nothing."""

    async def send(self, _calls: Sequence[HttpCall], _at_once: int, _max_bytes: int) -> Sequence[HttpReply]:
        raise ServiceError("nothing sends requests here")

    async def get_key(self, _key: str, _api_id: str) -> Mapping[str, Any] | None:
        raise ServiceError("no keys are kept here")

    async def set_key(self, _key: str, _document: Mapping[str, Any], *, keeps_counts: bool) -> None:
        del keeps_counts
        raise ServiceError("no keys are kept here")

    async def get(self, _name: str) -> str | None:
        raise ServiceError("nothing is kept here")

    async def put(self, _name: str, _text: str, _seconds: float, *, only_new: bool = False) -> bool:
        del only_new
        raise ServiceError("nothing is kept here")

    async def forget(self, _name: str) -> None:
        raise ServiceError("nothing is kept here")

    async def time_left(self, _name: str) -> int:
        raise ServiceError("nothing is kept here")

    async def count(self, _name: str, _seconds: float) -> int:
        raise ServiceError("nothing is kept here")


NO_CALLS: Final = _NoCalls()
