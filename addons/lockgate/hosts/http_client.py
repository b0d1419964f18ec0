"""One request and its response, to addresses and not to names: aiohttp, with nothing of what it does by itself.

Importing it takes a tenth of a second, so whoever needs it imports it then.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, final, override

import aiohttp
import certifi
from yarl import URL

from lockgate.exchange import Headers, UpstreamTls
from lockgate.hosts.outgoing import Trust

MOST_CONNECTIONS: Final = 1000
"""At the same time; a request for which there is none waits."""
LONGEST_LINE: Final = 64 * 1024
"""Bytes of a header line of a response."""

_TLS: Final = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_USUAL_VERSION: Final = "1.2"


class RequestFailedError(Exception):
    """There is no response, or not the whole of it. The message says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request."""

    method: str
    target: str
    """As it stands on the request line."""
    headers: Sequence[tuple[str, str]]
    """All but those that frame the body."""
    body: bytes
    addresses: tuple[str, ...]
    """Tried one after the other, until one takes the connection."""
    port: int
    context: ssl.SSLContext | None = None
    """None: without TLS."""
    name: str | None = None
    """That the certificate is to be for; None: whichever."""
    connect_seconds: float = 5.0
    """For each address."""


@dataclass(frozen=True, slots=True)
class Received:
    """A response."""

    status: int
    headers: Headers
    body: bytes | None
    """None: it was not asked for."""


class _Method(str):
    """A method that stays as it is written: aiohttp would spell all in capitals."""

    __slots__ = ()

    @override
    def upper(self) -> "_Method":
        return self


@final
class HttpClient:
    """Sends requests. Each has a connection of its own."""

    __slots__ = ("_loop", "_session")

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, sent: Sent, wants_body: Callable[[int, Headers], bool], take: Callable[[int], None]
    ) -> Received:
        """The response to a request.

        Args:
            sent: The request.
            wants_body: Whether the body is read, by status and headers.
            take: Called with the length of each part of the body; it may raise.

        Raises:
            RequestFailedError: There is none.
        """
        try:
            response = await self._response(sent)
            try:
                headers = Headers(tuple(response.raw_headers))
                if not wants_body(response.status, headers):
                    return Received(response.status, headers, None)
                parts: list[bytes] = []
                async for part in response.content.iter_any():
                    take(len(part))
                    parts.append(part)
                return Received(response.status, headers, b"".join(parts))
            finally:
                response.close()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise RequestFailedError(str(error) or type(error).__name__) from None

    async def close(self) -> None:
        """End all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _response(self, sent: Sent) -> aiohttp.ClientResponse:
        scheme = "http" if sent.context is None else "https"
        failed: aiohttp.ClientError | None = None
        for address in sent.addresses:
            host = f"[{address}]" if ":" in address else address
            try:
                return await self._opened().request(
                    _Method(sent.method),
                    URL(f"{scheme}://{host}:{sent.port}{sent.target}", encoded=True),
                    headers=sent.headers,
                    # As a file: aiohttp warns of long bytes.
                    data=BytesIO(sent.body) if sent.body else None,
                    allow_redirects=False,
                    ssl=True if sent.context is None else sent.context,
                    server_hostname=sent.name,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=sent.connect_seconds),
                )
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                failed = error
        raise failed or RequestFailedError("there is no address")

    def _opened(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, force_close=True, use_dns_cache=False),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=LONGEST_LINE,
                max_field_size=LONGEST_LINE,
            )
            # aiohttp asks again where a connection ends without an answer, also with PUT and DELETE: the upstream may
            # have done what it was asked for. There is no public way to have it not do so.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session


# TLS


def tls_context(asked: UpstreamTls, trust: Trust) -> ssl.SSLContext:
    """How TLS is spoken.

    Args:
        asked: By a definition.
        trust: Where that does not say.

    Raises:
        OSError: A file cannot be read, or is not what it should be.
    """
    files = (*asked.ca_files, asked.client_cert_file, asked.client_key_file, trust.ca_file or "")
    return _context(asked, trust, tuple(_signature(file) for file in files if file))


def _signature(file: str) -> tuple[int, ...]:
    """Tells whether a file may have changed; a missing one has none."""
    try:
        found = Path(file).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=256)
def _context(asked: UpstreamTls, trust: Trust, _signatures: tuple[tuple[int, ...], ...]) -> ssl.SSLContext:
    """Reading the usual authorities takes milliseconds, so a context is kept until one of its files changes."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    low = asked.min_version or _USUAL_VERSION
    made.minimum_version = _TLS[low]
    if asked.max_version:
        made.maximum_version = _TLS[asked.max_version]
    if asked.ciphers or low < _USUAL_VERSION:
        # OpenSSL has the old versions switched off where a level of security is asked for.
        level = ":@SECLEVEL=0" if low < _USUAL_VERSION else ""
        made.set_ciphers(f"{':'.join(asked.ciphers) or 'DEFAULT'}{level}")
    made.set_alpn_protocols(["http/1.1"])
    if asked.verify and trust.verify:
        usual = trust.ca_file is None and trust.ca_folder is None
        made.load_verify_locations(certifi.where() if usual else trust.ca_file, trust.ca_folder)
        for file in asked.ca_files:
            made.load_verify_locations(file)
    else:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if asked.client_cert_file:
        made.load_cert_chain(asked.client_cert_file, asked.client_key_file or None, password=_no_password)
    return made


def _no_password() -> bytes:
    """A terminal would be asked for it."""
    return b""
