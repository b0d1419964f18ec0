"""Requests of the gateway's own: calls of scripts, and the parts of batches.

Redirects are followed as the reference gateway's client does. No cookies are kept, no proxy of the environment is
asked, and no connection serves two calls. Where a call may go is judged by the address that the connection is then made
to, at each redirect anew: a name that stands for another address a moment later changes nothing.

Source: behaviour-scripting 4.11; Go, net/http, Client.
"""

import asyncio
import base64
import importlib
import ipaddress
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote, urljoin

from lockgate.destinations import Address, Reach, plain_host, tls_for
from lockgate.exchange import TOKEN_CHARACTERS, Headers, UpstreamTls, encode_text
from lockgate.header_edits import are_valid
from lockgate.services import (
    Compute,
    HttpAnswer,
    HttpCall,
    HttpReply,
    InPlace,
    ServiceError,
    Within,
)
from lockgate.unpacking import INLINE_PACKED_BYTES, PackingError, TooLargeError, unpacked
from lockgate.urls import escaped_path, parse_target, parse_url

if TYPE_CHECKING:
    from lockgate.hosts.http_client import HttpClient, Received

WITHIN: Final = "X-Lockgate-Within"
"""Header that says on whose behalf the gateway calls itself: a random text, which means something as long as the call
is under way and is taken off before anybody sees it."""
USER_AGENT: Final = "Lockgate"
"""Sent where the caller does not say."""
MOST_REDIRECTS: Final = 10
"""A call that still leads elsewhere after so many requests fails."""
NAMES_AT_ONCE: Final = 8
"""Names that are looked up at the same time."""

_FRAMING: Final = (
    *("Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding"),
    *("Upgrade", WITHIN),
)
_SENSITIVE: Final = (
    *("Authorization", "Cookie", "Cookie2", "Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate"),
)
"""Headers that do not go along to another host."""
_OF_BODIES: Final = ("Content-Encoding", "Content-Language", "Content-Location", "Content-Type")
_TO_GET: Final = frozenset({301, 302, 303})
_AS_IT_IS: Final = frozenset({307, 308})
_SPEAKS: Final = ("http", "https")
_EVERYWHERE: Final = ("", "0.0.0.0", "::")  # noqa: S104 - what others listen on
_USUAL_TLS: Final = UpstreamTls()


@dataclass(frozen=True, slots=True)
class Listening:
    """Where this gateway is reached."""

    host: str
    """An address; "" is all of the machine's."""
    port: int
    tls: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """For a connection from this machine."""
        if self.host not in _EVERYWHERE:
            return (self.host,)
        return ("::1",) if self.host == "::" else ("127.0.0.1",)

    def is_at(self, address: Address, port: int) -> bool:
        """Whether a connection to there comes here."""
        if port != self.port:
            return False
        if self.host in _EVERYWHERE:
            return address.is_loopback
        return str(address) == plain_host(self.host)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word certificates of others are taken on, where a definition does not say."""

    verify: bool = True
    ca_file: str | None = None
    """Instead of the usual authorities."""
    ca_folder: str | None = None


type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host, in the order in which they are to be tried. It may raise OSError."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A URL, taken apart for a connection and a request line."""

    scheme: str
    host: str
    """Without brackets."""
    port: int
    authority: str
    target: str
    login: str = ""
    """User and password, as written."""

    @property
    def url(self) -> str:
        """Without user and password."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def url_with_login(self) -> str:
        """As it was written."""
        login = f"{self.login}@" if self.login else ""
        return f"{self.scheme}://{login}{self.authority}{self.target}"


def _place(text: str) -> _Place:
    """Where a URL leads.

    Raises:
        ServiceError: Nowhere.
    """
    try:
        url, target = parse_url(text), parse_target(text)
    except ValueError as error:
        raise ServiceError(f"{_shown(text)} is no URL: {error}") from None
    if target.scheme not in _SPEAKS:
        raise ServiceError(f"{_shown(text)} has no scheme that is spoken here: expected http or https")
    if not target.can_be_forwarded_to:
        raise ServiceError(f"{_shown(text)} names no host")
    written = text.partition("#")[0].partition("?")[0].partition("//")[2].partition("/")[0]
    path = escaped_path(url.raw_path) or "/"
    query = "" if url.query is None else "?" + url.query.replace(" ", "%20")
    return _Place(target.scheme, target.host, target.port, url.authority, path + query, written.rpartition("@")[0])


def _shown(text: str) -> str:
    """A URL for messages: short, and without a password."""
    text = text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004
    head, at, tail = text.rpartition("@")
    return repr(f"{head.partition('//')[0]}//…@{tail}" if at and "//" in head else text)


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on the way to an answer."""

    place: _Place
    method: str
    headers: Headers
    """As the caller gave them, as far as they go along."""
    body: bytes
    referer: str = ""
    """Where a redirect led here from, as far as that may be told."""
    inside: str = ""
    """Host header, where it is a request to this gateway: no host is looked up then."""
    as_it_is: str | None = None
    """Host header of a request to which nothing is added; "" is the URL's."""


@dataclass(slots=True)
class _Budget:
    """Bytes that may still come."""

    most: int
    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ServiceError(f"the answer is too large: {self.most} bytes are allowed")


def _looked_up(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@final
class Outgoing:
    """Sends calls (``services.Http``)."""

    __slots__ = ("_client", "_compute", "_listening", "_names", "_resolve", "_trust", "_within")

    def __init__(
        self,
        listening: Callable[[], Sequence[Listening]] = tuple,
        trust: Callable[[], Trust] = Trust,
        *,
        compute: Compute | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            listening: Where this gateway is reached now; calls within it go to the first one.
            trust: For TLS.
            compute: For what is long to unpack.
            resolve: Addresses of a host; None asks the system.
        """
        self._listening: Final = listening
        self._trust: Final = trust
        self._compute: Final = compute or InPlace()
        self._resolve: Final = resolve or self._asked
        self._names: ThreadPoolExecutor | None = None
        self._client: HttpClient | None = None
        self._within: Final[dict[str, Within]] = {}

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        """What came of calls, in the order in which they ended."""
        budget = _Budget(max_bytes, max_bytes)
        turn = asyncio.Semaphore(at_once)
        replies: list[HttpReply] = []

        async def perform(index: int, call: HttpCall) -> None:
            async with turn:
                started = time.perf_counter()
                answer, error = None, ""
                try:
                    answer = await self._answer(call, budget)
                except ServiceError as failure:
                    error = str(failure)
                replies.append(HttpReply(index, answer, error, time.perf_counter() - started))

        async with asyncio.TaskGroup() as group:
            for index, call in enumerate(calls):
                group.create_task(perform(index, call))
        return replies

    @property
    def calls_within(self) -> int:
        """How many calls of the gateway itself are under way."""
        return len(self._within)

    def within(self, token: str) -> Within | None:
        """On whose behalf the gateway calls itself, by what stands in the header ``WITHIN``; None: it does not."""
        return self._within.get(token)

    async def close(self) -> None:
        """End all connections."""
        names, self._names = self._names, None
        if names is not None:
            names.shutdown(wait=False, cancel_futures=True)
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _asked(self, host: str, port: int) -> Sequence[str]:
        if _is_address(host):
            return (host,)
        if self._names is None:
            # Threads of its own: names that nobody answers for keep no upstream's from being looked up.
            self._names = ThreadPoolExecutor(NAMES_AT_ONCE, thread_name_prefix="lockgate-names")
        return await asyncio.get_running_loop().run_in_executor(self._names, _looked_up, host, port)

    async def _opened(self) -> "HttpClient":
        if self._client is None:
            # In a thread: it takes long, the first time.
            await asyncio.to_thread(importlib.import_module, "lockgate.hosts.http_client")
        return self._made()

    def _made(self) -> "HttpClient":
        if self._client is None:
            from lockgate.hosts.http_client import HttpClient

            self._client = HttpClient()
        return self._client

    async def _answer(self, call: HttpCall, budget: _Budget) -> HttpAnswer:
        """The last response to a call.

        Raises:
            ServiceError: There is none.
        """
        token = ""
        if call.within is not None:
            token = secrets.token_hex(16)
            self._within[token] = call.within
        try:
            async with asyncio.timeout(call.seconds):
                return await self._follow(call, token, budget)
        except TimeoutError:
            raise ServiceError(f"no answer came within {call.seconds:g} seconds") from None
        finally:
            self._within.pop(token, None)

    async def _follow(self, call: HttpCall, token: str, budget: _Budget) -> HttpAnswer:
        first = hop = _first_hop(call)
        strange = False
        for _ in range(MOST_REDIRECTS):
            received = await self._received(hop, call, token, budget)
            if received.body is not None:
                # Differs: of a body that breaks off, the reference gateway gives scripts what there is of it
                # (test_half_an_answer_is_no_answer).
                return await self._read(hop, received, received.body, budget)
            hop = _next_hop(hop, received.status, _location(received.status, received.headers))
            # Once they were taken away, they do not come back.
            strange = strange or not _may_know(first.place.host, hop.place.host)
            if strange:
                hop = replace(hop, headers=hop.headers.remove(*_SENSITIVE))
        raise ServiceError(f"stopped after {MOST_REDIRECTS} redirects")

    async def _received(self, hop: _Hop, call: HttpCall, token: str, budget: _Budget) -> "Received":
        """A response; without its body if it leads elsewhere.

        Raises:
            ServiceError: There is none, or the request must not be made.
        """
        client = await self._opened()
        from lockgate.hosts.http_client import RequestFailedError, Sent, tls_context

        place, context, name = hop.place, None, None
        addresses: tuple[str, ...]
        try:
            if hop.inside:
                own = next(iter(self._listening()), None)
                if own is None:
                    raise ServiceError("the gateway does not listen")
                addresses, port = own.addresses, own.port
                # It is this process that answers, whatever its certificate is for.
                context = await asyncio.to_thread(tls_context, UpstreamTls(verify=False), Trust()) if own.tls else None
            else:
                addresses, port = await self._judged(place, call.reach), place.port
                if place.scheme == "https":
                    reach = call.reach
                    asked = tls_for(reach.tls, reach.tls_by_host, place.authority, place.host) or _USUAL_TLS
                    context = await asyncio.to_thread(tls_context, asked, self._trust())
                    name = asked.server_name or plain_host(place.host)
            connect = max(1.0, call.seconds / len(addresses))
            headers = _sent_headers(hop, token)
            sent = Sent(hop.method, place.target, headers, hop.body, addresses, port, context, name, connect)
            return await client.send(
                sent, lambda status, headers: call.as_it_is or not _location(status, headers), budget.take
            )
        except (RequestFailedError, OSError, ValueError) as error:
            raise ServiceError(str(error)) from None

    async def _judged(self, place: _Place, reach: Reach) -> tuple[str, ...]:
        """Addresses of a host that may be called.

        Raises:
            ServiceError: There is none.
        """
        try:
            found = await self._resolve(place.host, place.port)
        except (OSError, UnicodeError) as error:
            raise ServiceError(f"{place.host} has no address: {error}") from None
        refusals = {text: self._refusal(place, text, reach) for text in found}
        addresses = tuple(text for text, refusal in refusals.items() if not refusal)
        if not addresses:
            raise ServiceError(next(iter(refusals.values()), f"{place.host} has no address"))
        return addresses

    def _refusal(self, place: _Place, text: str, reach: Reach) -> str:
        address = ipaddress.ip_address(text)
        if any(one.is_at(address, place.port) for one in self._listening()):
            return ""
        return reach.refusal(place.host, place.port, address)

    async def _read(self, hop: _Hop, received: "Received", body: bytes, budget: _Budget) -> HttpAnswer:
        headers = received.headers.remove("Transfer-Encoding", "Trailer")
        if body and _asks_for_gzip(hop) and (headers.get("Content-Encoding") or "").lower() == "gzip":
            budget.left += len(body)
            body = await self._unpacked(body, budget.left)
            budget.take(len(body))
            headers = headers.remove("Content-Encoding", "Content-Length")
        return HttpAnswer(received.status, headers, body)

    async def _unpacked(self, packed: bytes, limit: int) -> bytes:
        try:
            if len(packed) <= INLINE_PACKED_BYTES:
                return unpacked(packed, "gzip", limit)
            return await self._compute.run(lambda: unpacked(packed, "gzip", limit))
        except PackingError as error:
            raise ServiceError(f"the answer cannot be unpacked: {error}") from None
        except TooLargeError:
            raise ServiceError(f"the answer is too large: {limit} bytes are allowed") from None


def _first_hop(call: HttpCall) -> _Hop:
    """Where a call begins.

    Raises:
        ServiceError: It cannot be sent.
    """
    headers = Headers(tuple((name, value.strip(b" \t")) for name, value in call.headers.fields))
    if not call.method or not TOKEN_CHARACTERS.issuperset(call.method.encode("utf-8", "replace")):
        raise ServiceError(f"{call.method!r} is no method")
    if not are_valid(headers.fields):
        raise ServiceError("a header is none: of its name or of its value")
    inside = ""
    if call.within is None:
        place = _place(call.url)
    else:
        inside = headers.get("Host") or "localhost"
        place = _place(f"{call.within.scheme}://{inside}{call.url}")
    own = (headers.get("Host") or "") if call.as_it_is else None
    return _Hop(place, call.method, headers.remove(*_FRAMING), call.body, inside=inside, as_it_is=own)


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    """Where a redirect leads.

    Raises:
        ServiceError: Nowhere.

    Source: Go, net/http, redirectBehavior and makeHeadersCopier.
    """
    place = _place(urljoin(hop.place.url_with_login, location))
    method, body, headers = hop.method, hop.body, hop.headers
    if status in _TO_GET:
        method = method if method in ("GET", "HEAD") else "GET"
        body, headers = b"", headers.remove(*_OF_BODIES)
    referer = "" if hop.place.scheme == "https" and place.scheme == "http" else hop.place.url
    stays = bool(hop.inside) and (place.scheme, place.authority) == (hop.place.scheme, hop.place.authority)
    return _Hop(place, method, headers, body, referer, hop.inside if stays else "")


def _may_know(first: str, host: str) -> bool:
    """Whether a host is to be told what the first one was: it is the same one, or below it."""
    first, host = plain_host(first), plain_host(host)
    return host == first or (":" not in host and host.endswith(f".{first}"))


def _asks_for_gzip(hop: _Hop) -> bool:
    """Whether an encoding is asked for that the caller does not know of."""
    asked = "Accept-Encoding" in hop.headers or "Range" in hop.headers
    return hop.as_it_is is None and hop.method != "HEAD" and not asked


def _sent_headers(hop: _Hop, token: str) -> list[tuple[str, str]]:
    if hop.as_it_is is not None:
        return [("Host", hop.as_it_is or hop.place.authority), ("Connection", "close"), *hop.headers]
    agent = hop.headers.get("User-Agent")
    sent = [("Host", hop.inside or hop.place.authority)]
    if agent != "":
        sent.append(("User-Agent", USER_AGENT if agent is None else agent))
    sent.append(("Connection", "close"))
    sent += hop.headers.remove("User-Agent")
    if hop.referer and "Referer" not in hop.headers:
        sent.append(("Referer", hop.referer))
    if hop.place.login and "Authorization" not in hop.headers:
        login = unquote(hop.place.login if ":" in hop.place.login else f"{hop.place.login}:")
        sent.append(("Authorization", f"Basic {base64.b64encode(encode_text(login)).decode('ascii')}"))
    if _asks_for_gzip(hop):
        sent.append(("Accept-Encoding", "gzip"))
    if hop.inside:
        sent.append((WITHIN, token))
    return sent


def _location(status: int, headers: Headers) -> str:
    """Where a response leads; "" for one that is the answer."""
    return (headers.get("Location") or "") if status in _TO_GET | _AS_IT_IS else ""
