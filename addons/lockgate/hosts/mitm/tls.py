"""TLS on both sides: our certificates for clients, chosen by name, and what a definition asks of its upstream.

mitmproxy takes TLS and plain HTTP on one port, and makes up a certificate for whatever name a client asks for. Here a
port speaks one of the two: with ``use_ssl`` TLS with the certificates that the settings name, without it plain HTTP.
What cannot be had is refused: a handshake never goes on with a certificate, or without a check, that nobody asked for.
"""

# Much of mitmproxy has no annotations.
# mypy: allow-untyped-calls

import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, override

import certifi
from cryptography import x509
from mitmproxy import http, tls
from mitmproxy.addons.tlsconfig import DEFAULT_HOSTFLAGS
from mitmproxy.connection import ConnectionState, Server
from mitmproxy.net import tls as net_tls
from mitmproxy.proxy import commands, context, events, layer
from OpenSSL import SSL

from lockgate.certificates import VERSIONS, fault_of_pair, located
from lockgate.exchange import Upstream, UpstreamTls
from lockgate.settings import HttpServerOptions, Settings
from lockgate.snapshot import Snapshot

logger = logging.getLogger(__name__)

HELLO: Final = 0x16
"""First byte of a client that speaks TLS. No method of HTTP begins with it."""
HELLO_BYTES: Final = 3
"""How many bytes mitmproxy wants to see of one."""
PLAIN_REPLY: Final = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
"""In the reference gateway's words, and likewise without any header."""

_ATTRIBUTE: Final = "lockgate_tls"
_USUAL_VERSION: Final = "1.2"
_VERSIONS: Final = {
    "1.0": SSL.TLS1_VERSION,
    "1.1": SSL.TLS1_1_VERSION,
    "1.2": SSL.TLS1_2_VERSION,
    "1.3": SSL.TLS1_3_VERSION,
}
_H2: Final = b"h2"
_HTTP11: Final = b"http/1.1"


class WrongProtocolLayer(layer.Layer):
    """Ends the connection of a client that does not speak what the port speaks."""

    @override
    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if (
            isinstance(event, events.DataReceived)
            and event.data[:1] != bytes([HELLO])
            and self.context.client.state & ConnectionState.CAN_WRITE
        ):
            yield commands.SendData(self.context.client, PLAIN_REPLY)
        if not isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


class ShortHelloLayer(layer.NextLayer):
    """Waits for enough of a hello. A choice that is left open is mitmproxy's, which takes a short one for HTTP."""

    @override
    def _ask(self) -> layer.CommandGenerator[None]:
        if len(self.data_client()) >= HELLO_BYTES:
            yield from super()._ask()


def first_layer(start: bytes, client: context.Context, settings: Settings) -> layer.Layer | None:
    """What is to take a connection that does not speak what the port speaks; None for one that does.

    Args:
        start: What the client sent, one byte or more.
        client: Of the connection.
        settings: In force.
    """
    short = len(start) < HELLO_BYTES
    says_hello = start[0] == HELLO and (short or net_tls.starts_like_tls_record(start))
    if says_hello is not settings.http_server_options.use_ssl:
        return WrongProtocolLayer(client)
    return ShortHelloLayer(client) if says_hello and short else None


# ── clients ──


@dataclass(frozen=True, slots=True)
class _Entry:
    """One certificate that settings name."""

    name: str
    """"" takes the names in the certificate."""
    cert_file: str
    key_file: str
    """"" is in ``cert_file`` too."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One certificate, ready for use."""

    signature: tuple[object, ...]
    """Of the files that it was read from."""
    names: tuple[str, ...]
    context: SSL.Context


class Certificates:
    """The certificates for clients. A file that changes is read with the next reload; one that broke stays as it was."""

    def __init__(self) -> None:
        self._asked: tuple[object, ...] = ()
        self._kept: dict[_Entry, _Loaded] = {}
        self._options: tuple[object, ...] = ()
        self._by_name: dict[str, SSL.Context] = {}
        self._first: SSL.Context | None = None

    def connection(self, snapshot: Snapshot, name: str) -> SSL.Connection:
        """One client's end of TLS, before its handshake.

        Args:
            snapshot: In force.
            name: That the client asks for; "" is none.
        """
        asked = (snapshot.generation, snapshot.settings)
        if len(self._asked) != len(asked) or any(a is not b for a, b in zip(self._asked, asked, strict=True)):
            self._asked = asked
            self._read(snapshot.settings)
        connection = SSL.Connection(self._context(name) or _refusing())
        connection.set_accept_state()
        return connection

    def _context(self, name: str) -> SSL.Context | None:
        name = name.lower().rstrip(".")
        found = self._by_name.get(name) if name else None
        if found is None and name:
            found = self._by_name.get(f"*.{name.partition('.')[2]}")
        return found or self._first

    def _read(self, settings: Settings) -> None:
        server = settings.http_server_options
        options = (server.min_version, server.max_version, server.ssl_ciphers, server.enable_http2)
        known = self._kept if options == self._options else {}
        kept: dict[_Entry, _Loaded] = {}
        for entry in _entries(settings):
            loaded = _loaded(entry, known.get(entry), server)
            if loaded is not None:
                kept[entry] = loaded
        self._kept, self._options = kept, options
        self._first = next((loaded.context for loaded in kept.values()), None)
        self._by_name = {}
        for entry, loaded in sorted(kept.items(), key=lambda item: not item[0].name):  # given names go first
            for name in (entry.name,) if entry.name else loaded.names:
                self._by_name.setdefault(name.lower(), loaded.context)


def _entries(settings: Settings) -> Iterable[_Entry]:
    server = settings.http_server_options
    for pair in server.certificates:
        yield _Entry(pair.domain_name, located(settings, pair.cert_file), located(settings, pair.key_file))
    for file in server.ssl_certificates:
        yield _Entry("", located(settings, file), "")


def _loaded(entry: _Entry, before: _Loaded | None, server: HttpServerOptions) -> _Loaded | None:
    signature = tuple(_signature(file) for file in (entry.cert_file, entry.key_file) if file)
    if before is not None and before.signature == signature:
        return before
    if fault := fault_of_pair(entry.cert_file, entry.key_file):
        logger.warning("%s; %s", fault, "it is not used" if before is None else "the one read before stays in use")
        return before
    try:
        names = _names(Path(entry.cert_file).read_bytes())
        return _Loaded(signature, names, _server_context(entry, server))
    except (OSError, ValueError, SSL.Error) as error:
        logger.warning("cannot use the certificate in %r: %s", entry.cert_file, error)
        return before


def _signature(file: str) -> tuple[int, ...]:
    """Tells whether a file may have changed; a missing one has none."""
    try:
        found = Path(file).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _names(pem: bytes) -> tuple[str, ...]:
    """The names that a certificate is for."""
    certificate = x509.load_pem_x509_certificates(pem)[0]
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.get_values_for_type(x509.DNSName))


def _server_context(entry: _Entry, server: HttpServerOptions) -> SSL.Context:
    made = _context(
        SSL.TLS_SERVER_METHOD,
        VERSIONS.get(server.min_version, ""),
        VERSIONS.get(server.max_version, ""),
        server.ssl_ciphers,
    )
    made.use_certificate_chain_file(entry.cert_file)
    made.use_privatekey_file(entry.key_file or entry.cert_file)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # tickets do it
    protocols = [_H2, _HTTP11] if server.enable_http2 else [_HTTP11]

    def choose(_: SSL.Connection, offered: list[bytes]) -> Any:
        return next((one for one in protocols if one in offered), SSL.NO_OVERLAPPING_PROTOCOLS)

    made.set_alpn_select_callback(choose)
    return made


def refuse_client(data: tls.TlsData) -> None:
    """Let a handshake with a client fail."""
    data.ssl_conn = SSL.Connection(_refusing())
    data.ssl_conn.set_accept_state()


def _refusing() -> SSL.Context:
    """Without a certificate: no handshake comes to an end."""
    return SSL.Context(SSL.TLS_SERVER_METHOD)


def _context(method: int, low: str, high: str, ciphers: tuple[str, ...]) -> SSL.Context:
    made = SSL.Context(method)
    low = low or _USUAL_VERSION
    made.set_min_proto_version(_VERSIONS[low])
    if high:
        made.set_max_proto_version(_VERSIONS[high])
    made.set_options(net_tls.DEFAULT_OPTIONS)
    made.set_passwd_cb(_no_password)
    if ciphers or low < _USUAL_VERSION:
        # OpenSSL has the old versions switched off where a level of security is asked for.
        level = ":@SECLEVEL=0" if low < _USUAL_VERSION else ""
        made.set_cipher_list(f"{':'.join(ciphers) or 'DEFAULT'}{level}".encode())
    if net_tls.log_master_secret is not None:
        made.set_keylog_callback(net_tls.log_master_secret)
    return made


def _no_password(*_: object) -> bytes:
    """A terminal would be asked for it."""
    return b""


# ── upstreams ──


def mark(server: Server, asked: UpstreamTls | None) -> None:
    """Note how a connection to an upstream is to be made, before it is opened."""
    if asked is not None:
        setattr(server, _ATTRIBUTE, asked)


def asked_of(server: object) -> UpstreamTls | None:
    """How a connection to an upstream is made; None leaves it to mitmproxy's options."""
    asked = getattr(server, _ATTRIBUTE, None)
    return asked if isinstance(asked, UpstreamTls) else None


def remember(flow: http.HTTPFlow, upstream: Upstream) -> None:
    """Note with a flow how its upstream was spoken to, in case somebody sends it again."""
    if upstream.tls is not None:
        setattr(flow, _ATTRIBUTE, upstream.tls)


def recall(flow: http.HTTPFlow) -> UpstreamTls | None:
    """What ``remember`` noted."""
    return asked_of(flow)


def start_server(data: tls.TlsData, options: Any) -> None:
    """Begin TLS with an upstream that a definition says how to speak to; any other one is mitmproxy's to begin with.

    Args:
        data: Of mitmproxy's hook.
        options: Of mitmproxy.
    """
    server = data.conn
    asked = asked_of(server)
    if asked is None or data.ssl_conn is not None or not isinstance(server, Server) or server.address is None:
        return
    client = data.context.client
    if asked.server_name or not server.sni:
        server.sni = asked.server_name or server.address[0]
    if not server.alpn_offers:
        server.alpn_offers = tuple(one for one in client.alpn_offers if options.http2 or one != _H2)
    verify = asked.verify and not options.ssl_insecure
    try:
        connection = SSL.Connection(_client_context(asked, verify, options))
        _name(connection, server.sni)
    except (OSError, ValueError, SSL.Error) as error:
        logger.warning("could not begin TLS with %s; it is refused: %r", server.sni, error)
        refuse_server(data)
        return
    if server.alpn_offers:
        connection.set_alpn_protos(list(server.alpn_offers))
    connection.set_connect_state()
    data.ssl_conn = connection


def refuse_server(data: tls.TlsData) -> None:
    """Let a handshake with an upstream fail: nothing it presents is trusted."""
    refusing = SSL.Context(SSL.TLS_CLIENT_METHOD)
    refusing.set_verify(SSL.VERIFY_PEER, _never)
    data.ssl_conn = SSL.Connection(refusing)
    data.ssl_conn.set_connect_state()


def _never(*_: object) -> bool:
    return False


def _name(connection: SSL.Connection, name: str) -> None:
    """Ask for a name, and see that the certificate is for it. As mitmproxy does."""
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001 - pyOpenSSL has no other way
    parameters = library.SSL_get0_param(connection._ssl)  # noqa: SLF001
    library.X509_VERIFY_PARAM_set_hostflags(parameters, DEFAULT_HOSTFLAGS)
    try:
        address = ipaddress.ip_address(name).packed
    except ValueError:
        host = name.encode("idna")
        connection.set_tlsext_host_name(host)
        done = library.X509_VERIFY_PARAM_set1_host(parameters, host, len(host))
    else:
        done = library.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
    if done != 1:
        raise ValueError(f"{name!r} is not a name that a certificate can be for")


def _client_context(asked: UpstreamTls, verify: bool, options: Any) -> SSL.Context:  # noqa: FBT001
    files = (*asked.ca_files, asked.client_cert_file, asked.client_key_file)
    usual = options.ssl_verify_upstream_trusted_ca, options.ssl_verify_upstream_trusted_confdir
    return _made_context(asked, verify, usual, tuple(_signature(file) for file in files if file))


@lru_cache(maxsize=256)
def _made_context(
    asked: UpstreamTls,
    verify: bool,  # noqa: FBT001
    usual: tuple[str | None, str | None],
    _signatures: tuple[tuple[int, ...], ...],
) -> SSL.Context:
    """Reading the usual authorities takes milliseconds, so a context is kept until one of its files changes."""
    made = _context(SSL.TLS_CLIENT_METHOD, asked.min_version, asked.max_version, asked.ciphers)
    made.set_verify(SSL.VERIFY_PEER if verify else SSL.VERIFY_NONE, None)
    if verify:
        file, folder = usual
        made.load_verify_locations(certifi.where() if file is None and folder is None else file, folder)
        for file in asked.ca_files:
            made.load_verify_locations(file)
    if asked.client_cert_file:
        made.use_certificate_chain_file(asked.client_cert_file)
        made.use_privatekey_file(asked.client_key_file or asked.client_cert_file)
        made.check_privatekey()
    return made
