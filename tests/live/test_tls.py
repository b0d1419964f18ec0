"""TLS on both sides: which certificate a client sees, and whom an upstream is taken for."""

import asyncio
import json
import os
import signal
import ssl
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
from cryptography import x509
from tests.apis import oas
from tests.live.authority import Authority

from lockgate.deployment import read_settings
from lockgate.problems import DefinitionError

pytestmark = pytest.mark.timeout(60)

REFUSED = b'{\n    "error": "There was a problem proxying the request"\n}'


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def speaking(*pairs, **server):
    """Settings of a gateway whose clients speak TLS."""
    certificates = [{"domain_name": name, "cert_file": files[0], "key_file": files[1]} for name, files in pairs]
    return {"http_server_options": {"use_ssl": True, "certificates": certificates, **server}}


def shown(connection):
    """The names in the certificate that the other side showed."""
    der = connection.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return names.value.get_values_for_type(x509.DNSName)


def join(file, *parts):
    """Write one file with what others hold."""
    Path(file).write_bytes(b"".join(Path(part).read_bytes() for part in parts))


def credulous():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# clients


async def test_the_certificate_is_that_of_the_name(start, upstream, authority):
    pairs = [(name, authority.issue(name)) for name in ("first.test", "a.test", "*.wild.test")]
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=speaking(*pairs))
    for name in ("a.test", "first.test", "x.wild.test"):
        connection = await gateway.connect(authority.client(), name)
        assert (await connection.request("GET", "/a/x")).body == b"GET /a/x "
    for name, seen in (
        ("A.TEST", "a.test"),
        ("x.wild.test", "*.wild.test"),
        ("x.y.wild.test", "first.test"),
        ("wild.test", "first.test"),
        ("elsewhere.test", "first.test"),
        ("", "first.test"),
    ):
        connection = await gateway.connect(credulous(), name)
        assert shown(connection) == [seen], name


async def test_names_in_a_certificate_count_where_none_is_given(start, upstream, authority):
    one, other = (Path(authority.folder, f"{number}.pem") for number in (1, 2))
    for file, names in ((one, ("one.test",)), (other, ("two.test", "*.two.test"))):
        join(file, *authority.issue(*names))
    server = {"use_ssl": True, "ssl_certificates": [str(one), str(other)]}
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings={"http_server_options": server})
    for name in ("one.test", "two.test", "x.two.test"):
        connection = await gateway.connect(authority.client(), name)
        assert (await connection.request("GET", "/a/x")).status == 200


async def test_a_port_speaks_tls_or_http(start, upstream, authority):
    api = {"listen": "/a/", "target": upstream.url}
    speaks = await start(api, settings=speaking(("", authority.issue("a.test"))))
    plain = await speaks.connect()
    await plain.send(b"GET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert await plain.closed() == (
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    )
    pretending = await speaks.connect()
    await pretending.send(b"\x16ET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert b"200" not in await pretending.closed()
    assert upstream.calls == []
    assert (await (await speaks.connect(authority.client(), "a.test")).request("GET", "/a/x")).status == 200

    other = await start(api)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await other.connect(credulous(), "a.test")
    assert (await other.get("/a/x")).status == 200


async def test_a_hello_in_pieces_is_one(start, upstream, authority):
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=speaking(("", authority.issue("a.test"))))
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = authority.client().wrap_bio(received, sent, server_hostname="a.test")
    connection = await gateway.connect()
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = sent.read()
    for part in (hello[:1], hello[1:2], hello[2:7], hello[7:]):
        await connection.send(part)
        await asyncio.sleep(0.02)
    while True:
        received.write(await asyncio.wait_for(connection.reader.read(65536), 20))
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            pass
    assert client.version() == "TLSv1.3"


async def test_a_version_that_is_too_old_is_refused(start, upstream, authority):
    settings = speaking(("", authority.issue("a.test")), min_version=772)
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=settings)
    old = authority.client()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await gateway.connect(old, "a.test")
    connection = await gateway.connect(authority.client(), "a.test")
    assert (await connection.request("GET", "/a/x")).status == 200


@pytest.mark.parametrize(("on", "spoken"), [(True, "h2"), (False, "http/1.1")])
async def test_http2_is_spoken_where_it_is_on(start, upstream, authority, on, spoken):
    settings = speaking(("", authority.issue("a.test")), enable_http2=on)
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=settings)
    connection = await gateway.connect(authority.client("http/1.1", "h2"), "a.test")
    assert connection.writer.get_extra_info("ssl_object").selected_alpn_protocol() == spoken
    if on:
        assert await http2_get(connection, "/a/x") == (200, b"GET /a/x ")
    else:
        assert (await connection.request("GET", "/a/x")).status == 200


async def http2_get(connection, path):
    client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    head = [(":method", "GET"), (":path", path), (":authority", "a.test"), (":scheme", "https")]
    client.send_headers(1, head, end_stream=True)
    await connection.send(client.data_to_send())
    status, body = 0, b""
    while True:
        data = await asyncio.wait_for(connection.reader.read(65536), 20)
        assert data
        for event in client.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
            elif isinstance(event, h2.events.StreamEnded):
                return status, body


async def test_a_websocket_goes_through_tls_on_both_sides(start, upstream, authority):
    @upstream.on("/ws")
    async def _(call):
        await call.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        frame = await call.reader.readexactly(7)
        assert frame[:2] == b"\x81\x81"
        await call.send(b"\x81\x01" + bytes([frame[6] ^ frame[2]]))
        await call.reader.read()

    api = {"listen": "/ws", "target": await speak_tls(upstream, authority), "tls": {"ca_files": [str(authority.file)]}}
    gateway = await start(api, settings=speaking(("", authority.issue("a.test")), write_timeout=30))
    connection = await gateway.connect(authority.client(), "a.test")
    await connection.send(
        b"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await connection.head()).status == 101
    await connection.send(b"\x81\x81\1\2\3\4" + bytes([ord("x") ^ 1]))
    assert await asyncio.wait_for(connection.reader.readexactly(3), 20) == b"\x81\x01x"


async def test_a_certificate_is_read_again_with_the_definitions(start, upstream, authority):
    authority.issue("old.test", file="served")
    pair = (str(authority.folder / "served.crt"), str(authority.folder / "served.key"))
    gateway = await start({"listen": "/a/", "target": upstream.url}, settings=speaking(("", pair)))
    assert shown(await gateway.connect(credulous())) == ["old.test"]

    async def reload_until(wanted):
        os.kill(gateway.pid, signal.SIGHUP)
        while shown(connection := await gateway.connect(credulous())) != wanted:
            await asyncio.sleep(0.01)
        assert (await connection.request("GET", "/a/x")).status == 200

    authority.issue("new.test", file="served")
    assert shown(await gateway.connect(credulous())) == ["old.test"]
    await reload_until(["new.test"])
    join(pair[1])
    os.kill(gateway.pid, signal.SIGHUP)
    await reload_until(["new.test"])
    authority.issue("newer.test", file="served")
    await reload_until(["newer.test"])


def test_what_cannot_be_used_is_said_at_start(tmp_path, authority):
    one, other = authority.issue("one.test"), authority.issue("other.test")
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for certificates, says in (
        ([], "no certificate is named"),
        ([("gone.crt", one[1])], f"cannot read {str(tmp_path / 'gone.crt')!r}: No such file"),
        ([("one.test.crt", str(empty))], "empty.pem' do not hold a certificate and its key"),
        ([one, (one[0], other[1])], f"the key in {other[1]!r} is not that of the certificate in {one[0]!r}"),
    ):
        written = [{"cert_file": pair[0], "key_file": pair[1]} for pair in certificates]
        file = tmp_path / "gateway.json"
        file.write_text(json.dumps({"http_server_options": {"use_ssl": True, "certificates": written}}))
        with pytest.raises(DefinitionError) as caught:
            read_settings(file, {})
        (problem,) = caught.value.problems
        assert says in problem.message
        assert problem.file == str(file)
    file.write_text(json.dumps({"x-lockgate": {"upstream_ca_files": [str(empty)]}}))
    with pytest.raises(DefinitionError, match="does not hold certificates"):
        read_settings(file, {})


# upstreams


async def speak_tls(upstream, authority, **changes):
    """Let an upstream listen anew, with TLS; its address."""
    context = authority.server("127.0.0.1")
    for name, value in changes.items():
        setattr(context, name, value)
    return await upstream.listen_with(context)


async def test_an_upstream_is_verified(start, upstream, authority, tmp_path):
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "stranger")
    target = await speak_tls(upstream, authority)
    trusting = {"ca_files": [str(authority.file)]}
    gateway = await start(
        {"listen": "/trusted/", "target": target, "tls": trusting},
        {"listen": "/usual/", "target": target},
        {"listen": "/stranger/", "target": target, "tls": {"ca_files": [str(stranger.file)]}},
        {"listen": "/named/", "target": target, "tls": {**trusting, "server_name": "somebody.else.test"}},
        {"listen": "/blind/", "target": target, "tls": {"verify": False}},
        {"listen": "/gone/", "target": target, "tls": {"ca_files": [str(tmp_path / "gone.pem")]}},
        {"listen": "/again/", "target": target, "tls": trusting},
    )
    connection = await gateway.connect()
    for name in ("trusted", "usual", "stranger", "named", "blind", "gone", "again"):
        answer = await connection.request("GET", f"/{name}/x")
        if name in ("trusted", "blind", "again"):
            assert (answer.status, answer.body) == (200, f"GET /{name}/x ".encode())
        else:
            assert (answer.status, answer.body) == (500, REFUSED), name
    assert [call.path for call in upstream.calls] == ["/trusted/x", "/blind/x", "/again/x"]


async def test_connections_are_shared_only_where_all_is_equal(start, upstream, authority):
    target = await speak_tls(upstream, authority)
    gateway = await start(
        {"listen": "/a/", "target": target, "tls": {"ca_files": [str(authority.file)]}},
        {"listen": "/b/", "target": target, "tls": {"verify": False}},
    )
    connection = await gateway.connect()
    for name in "abab":
        assert (await connection.request("GET", f"/{name}/x")).status == 200
    assert upstream.connections == 2


async def test_a_certificate_is_shown_to_an_upstream_that_asks(start, upstream, authority):
    certificate, key = authority.issue("gateway.test")
    context = authority.server("127.0.0.1")
    context.load_verify_locations(str(authority.file))
    context.verify_mode = ssl.CERT_REQUIRED
    target = await upstream.listen_with(context)

    @upstream.on("/with/x")
    async def _(call):
        subject = call.writer.get_extra_info("peercert")["subject"]
        await call.answer(repr(subject).encode())

    trusting = {"ca_files": [str(authority.file)]}
    gateway = await start(
        {
            "listen": "/with/",
            "target": target,
            "tls": {**trusting, "client_cert_file": certificate, "client_key_file": key},
        },
        {"listen": "/without/", "target": target, "tls": trusting},
    )
    connection = await gateway.connect()
    assert b"gateway.test" in (await connection.request("GET", "/with/x")).body
    answer = await connection.request("GET", "/without/x")
    assert (answer.status, answer.body) == (500, REFUSED)
    assert b"gateway.test" in (await connection.request("GET", "/with/x")).body


async def test_an_upstream_with_an_old_version_is_refused(start, upstream, authority):
    target = await speak_tls(upstream, authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    trusting = {"ca_files": [str(authority.file)]}
    gateway = await start(
        {"listen": "/any/", "target": target, "tls": trusting},
        {"listen": "/new/", "target": target, "tls": {**trusting, "min_version": "1.3"}},
    )
    connection = await gateway.connect()
    for name, status in (("new", 500), ("any", 200), ("new", 500), ("any", 200)):
        assert (await connection.request("GET", f"/{name}/x")).status == status


async def test_definitions_say_how_an_upstream_is_spoken_to(start, upstream, authority):
    context = authority.server("127.0.0.1")
    context.load_verify_locations(str(authority.file))
    context.verify_mode = ssl.CERT_OPTIONAL
    target = await upstream.listen_with(context)
    both = authority.folder / "both.pem"
    join(both, *authority.issue("gateway.test"))

    async def who(call):
        await call.answer(repr((call.writer.get_extra_info("peercert") or {}).get("subject")).encode())

    for name in ("trusted", "shows", "classic", "new"):
        upstream.on(f"/{name}/x")(who)

    def oas_of(name, **changes):
        document = oas(name=name, listen=f"/{name}/", strip=False, upstream=target)
        document["x-tyk-api-gateway"]["upstream"] |= changes
        return document

    shows = {"enabled": True, "domainToCertificateMapping": [{"domain": "127.0.0.1", "certificate": str(both)}]}
    documents = [
        oas_of("trusted"),
        oas_of("shows", mutualTLS=shows),
        oas_of("new", tlsTransport={"minVersion": "1.3", "ciphers": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]}),
        classic_of("classic", target, upstream_certificates={"*": str(both)}),
    ]
    gateway = await start(documents=documents, settings={"x-lockgate": {"upstream_ca_files": [str(authority.file)]}})
    for name, shown_too in (("trusted", False), ("shows", True), ("classic", True), ("new", False)):
        answer = await gateway.get(f"/{name}/x")
        assert (answer.status, b"gateway.test" in answer.body) == (200, shown_too), name

    for settings, api, status in (
        ({}, oas_of("plain"), 500),
        ({}, oas_of("plain", tlsTransport={"insecureSkipVerify": True}), 200),
        ({"proxy_ssl_insecure_skip_verify": True}, oas_of("plain"), 200),
        ({}, classic_of("plain", target, transport={"ssl_insecure_skip_verify": True}), 200),
    ):
        gateway = await start(documents=[api], settings=settings)
        assert (await gateway.get("/plain/x")).status == status


def classic_of(name, target, transport=None, **changes):
    proxy = {"listen_path": f"/{name}/", "target_url": target, "transport": transport or {}}
    data = {"not_versioned": True, "versions": {"Default": {"name": "Default"}}}
    keys = {"name": name, "api_id": name, "active": True, "use_keyless": True}
    return {**keys, "proxy": proxy, "version_data": data, **changes}
