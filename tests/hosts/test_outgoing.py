import asyncio
import gzip
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.live.authority import Authority

from lockgate.destinations import Reach, parse_destination
from lockgate.exchange import Client, Headers, UpstreamTls
from lockgate.hosts.outgoing import MOST_REDIRECTS, WITHIN, Listening, Outgoing, Trust
from lockgate.services import HttpCall, HttpReply, Within

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT = 1 << 20


class Server:
    """Answers with what it is told, and remembers what it was sent. "/PATH" of a request chooses the answer."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[bytes] = []
        self.answers: dict[str, bytes | Callable[[], Awaitable[bytes]]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def own(self) -> Reach:
        return Reach(own=frozenset({("127.0.0.1", self.port)}))

    def lines(self, number: int) -> list[str]:
        return self.seen[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")

    def header(self, number: int, name: str) -> list[str]:
        pairs = (line.split(": ", 1) for line in self.lines(number)[1:])
        return [pair[1] for pair in pairs if pair[0] == name]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.seen.append(head + body)
            path = head.split(b" ")[1].decode().partition("?")[0]
            answer = self.answers.get(path, OK)
            writer.write(answer if isinstance(answer, bytes) else await answer())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def running(context: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
    server = Server()
    listening = await asyncio.start_server(server.serve, host, 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


@asynccontextmanager
async def sending(**options):
    outgoing = Outgoing(**options)
    try:
        yield outgoing
    finally:
        await outgoing.close()


async def sent(call: HttpCall, **options) -> HttpReply:
    async with sending(**options) as outgoing:
        (reply,) = await outgoing.send([call], 1, LIMIT)
        return reply


def call(server: Server, path: str = "/", method: str = "GET", *headers: tuple[str, str], **fields) -> HttpCall:
    return HttpCall(method, server.url + path, Headers.of(*headers), **{"reach": server.own, **fields})


def names(**addresses: str | Sequence[str]):
    """A resolver that knows these names; each question gets the next answer, and the last one again and again."""
    left = {
        name.replace("_", "."): [found] if isinstance(found, str) else list(found) for name, found in addresses.items()
    }

    async def resolve(host: str, _port: int) -> list[str]:
        if host not in left:
            return [host]
        found = left[host]
        return (found.pop(0) if len(found) > 1 else found[0]).split()

    return resolve


# What is sent


async def test_a_request_is_sent_as_it_was_asked_for() -> None:
    async with running() as server:
        asked = call(server, "/a%2Fb?q=1&q=%20", "POST", ("x-key", "k"), ("Accept", "text/plain"), body=b"body")
        reply = await sent(asked)
    assert reply.answer is not None
    assert (reply.answer.status, reply.answer.body) == (200, b"ok")
    assert server.lines(0)[0] == "POST /a%2Fb?q=1&q=%20 HTTP/1.1"
    assert server.lines(0)[1:] == [
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: Lockgate",
        "Connection: close",
        "x-key: k",
        "Accept: text/plain",
        "Accept-Encoding: gzip",
        "Content-Length: 4",
    ]
    assert server.seen[0].endswith(b"\r\n\r\nbody")


async def test_methods_keep_their_case() -> None:
    async with running() as server:
        await sent(call(server, "/", "pAtch"))
    assert server.lines(0)[0] == "pAtch / HTTP/1.1"


async def test_callers_do_not_frame_messages() -> None:
    async with running() as server:
        headers = (("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("Host", "other"), (WITHIN, "x"))
        await sent(call(server, "/", "POST", *headers, ("Connection", "keep-alive"), body=b"12"))
    assert server.header(0, "Content-Length") == ["2"]
    assert server.header(0, "Host") == [f"127.0.0.1:{server.port}"]
    assert server.header(0, "Connection") == ["close"]
    assert not server.header(0, "Transfer-Encoding")
    assert not server.header(0, WITHIN)


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "a\r\nX-B: b"), ("X-A", "a\x00"), ("X A", "a"), ("X-A:", "a"), ("", "a")]
)
async def test_headers_that_are_none_are_not_sent(name: str, value: str) -> None:
    async with running() as server:
        reply = await sent(call(server, "/", "GET", (name, value)))
    assert reply.answer is None
    assert "header" in reply.error
    assert server.seen == []


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: y", "GET /other HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_method_that_is_none_is_not_sent(method: str) -> None:
    async with running() as server:
        reply = await sent(call(server, "/", method))
    assert "is no method" in reply.error
    assert server.seen == []


async def test_a_blank_in_a_query_does_not_end_the_request_line() -> None:
    async with running() as server:
        await sent(call(server, "/?q=a b HTTP/1.1"))
    assert server.lines(0)[0] == "GET /?q=a%20b%20HTTP/1.1 HTTP/1.1"


async def test_a_login_in_the_url_is_sent_as_one() -> None:
    async with running() as server:
        await sent(replace(call(server), url=f"http://me:se%40cret@127.0.0.1:{server.port}/"))
    assert server.header(0, "Authorization") == ["Basic bWU6c2VAY3JldA=="]
    assert server.header(0, "Host") == [f"127.0.0.1:{server.port}"]


async def test_cookies_are_not_kept() -> None:
    async with running() as server:
        server.answers["/"] = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        async with sending() as outgoing:
            await outgoing.send([call(server)] * 2, 1, LIMIT)
    assert not server.header(1, "Cookie")


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with running() as server:
        reply = await sent(call(server))
    assert reply.answer is not None


async def test_a_long_body_is_sent_whole() -> None:
    async with running() as server:
        reply = await sent(call(server, "/", "POST", body=b"x" * (3 << 20)))
    assert reply.answer is not None
    assert len(server.seen[0].partition(b"\r\n\r\n")[2]) == 3 << 20


# What comes back


async def test_headers_come_in_their_order_and_number() -> None:
    async with running() as server:
        server.answers["/"] = (
            b"HTTP/1.1 203 X\r\nX-Multi: a\r\nx-multi: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        reply = await sent(call(server))
    assert reply.answer is not None
    assert reply.answer.status == 203
    assert list(reply.answer.headers) == [("X-Multi", "a"), ("x-multi", "b")]


def packed(body: bytes, encoding: str = "gzip") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_what_nobody_asked_to_be_packed_is_unpacked() -> None:
    async with running() as server:
        server.answers["/"] = packed(gzip.compress(b"text"))
        reply = await sent(call(server))
    assert reply.answer is not None
    assert reply.answer.body == b"text"
    assert list(reply.answer.headers) == []


async def test_what_was_asked_to_be_packed_stays_so() -> None:
    async with running() as server:
        server.answers["/"] = packed(gzip.compress(b"text"))
        reply = await sent(call(server, "/", "GET", ("Accept-Encoding", "gzip")))
    assert reply.answer is not None
    assert gzip.decompress(reply.answer.body) == b"text"
    assert reply.answer.headers.get("Content-Encoding") == "gzip"
    assert server.header(0, "Accept-Encoding") == ["gzip"]


async def test_other_encodings_are_left_alone() -> None:
    async with running() as server:
        server.answers["/"] = packed(b"not looked at", "br")
        reply = await sent(call(server))
    assert reply.answer is not None
    assert reply.answer.body == b"not looked at"


async def test_what_unpacks_to_too_much_is_no_answer() -> None:
    async with running() as server:
        server.answers["/"] = packed(gzip.compress(b"\0" * (8 << 20)))
        reply = await sent(call(server))
    assert reply.answer is None
    assert "too large" in reply.error


@pytest.mark.parametrize("length", [b"Content-Length: 9999999\r\n", b""])
async def test_an_answer_that_is_too_large_is_none(length: bytes) -> None:
    async with running() as server:
        server.answers["/"] = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + b"x" * (2 << 20)
        reply = await sent(call(server))
    assert "too large" in reply.error


async def test_the_limit_is_of_all_answers_together() -> None:
    async with running() as server:
        server.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n" + b"x" * 600000
        async with sending() as outgoing:
            replies = await outgoing.send([call(server)] * 2, 1, LIMIT)
    assert [reply.answer is not None for reply in replies] == [True, False]


async def test_half_an_answer_is_no_answer() -> None:
    async with running() as server:
        server.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
        reply = await sent(call(server))
    assert reply.answer is None


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n"])
async def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    async with running() as server:
        server.answers["/"] = answer
        reply = await sent(call(server))
    assert reply.answer is None
    assert reply.error


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_request_that_is_not_answered_is_not_sent_again(method: str) -> None:
    async with running() as server:
        server.answers["/"] = b""
        reply = await sent(call(server, "/", method))
    assert reply.answer is None
    assert len(server.seen) == 1


async def test_nobody_waits_longer_than_there_is_time() -> None:
    async def never() -> bytes:
        await over.wait()
        return OK

    over = asyncio.Event()

    async with running() as server:
        server.answers["/"] = never
        reply = await sent(call(server, seconds=0.05))
        over.set()
    assert reply.error == "no answer came within 0.05 seconds"


async def test_a_body_that_drips_ends_with_the_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    reach = Reach(own=frozenset({("127.0.0.1", port)}))
    reply = await sent(HttpCall("GET", f"http://127.0.0.1:{port}/", seconds=0.1, reach=reach))
    listening.close()
    assert reply.error == "no answer came within 0.1 seconds"


async def test_a_refused_connection_is_an_error() -> None:
    reply = await sent(HttpCall("GET", "http://127.0.0.1:1/", reach=Reach(own=frozenset({("127.0.0.1", 1)}))))
    assert reply.answer is None
    assert "Cannot connect" in reply.error


@pytest.mark.parametrize(
    "url",
    ["", "/x", "shop.test/x", "ftp://shop.test/", "http://", "http:///x", "http://a:99999/", "http://a b/", "//a/x"],
)
async def test_what_is_no_url_is_not_called(url: str) -> None:
    reply = await sent(HttpCall("GET", url))
    assert reply.answer is None
    assert "URL" in reply.error or "scheme" in reply.error or "host" in reply.error


async def test_messages_tell_no_password() -> None:
    reply = await sent(HttpCall("GET", "ftp://me:secret@shop.test/"))
    assert "secret" not in reply.error


# Several calls


async def test_answers_come_in_the_order_in_which_they_end() -> None:
    async def late() -> bytes:
        await first_is_there.wait()
        return OK

    first_is_there = asyncio.Event()
    async with running() as server, sending() as outgoing:
        server.answers["/late"] = late
        sending_all = asyncio.create_task(outgoing.send([call(server, "/late"), call(server, "/now")], 2, LIMIT))
        while len(server.seen) < 2:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        first_is_there.set()
        assert [reply.index for reply in await sending_all] == [1, 0]


async def test_no_more_are_under_way_than_may_be() -> None:
    under_way = most = 0

    async def counted() -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return OK

    async with running() as server, sending() as outgoing:
        server.answers["/"] = counted
        replies = await outgoing.send([call(server)] * 8, 3, LIMIT)
    assert len(replies) == 8
    assert most == 3


async def test_one_at_a_time_keeps_the_order() -> None:
    async with running() as server, sending() as outgoing:
        replies = await outgoing.send([call(server, f"/{number}") for number in range(4)], 1, LIMIT)
    assert [reply.index for reply in replies] == [0, 1, 2, 3]
    assert [server.lines(number)[0] for number in range(4)] == [f"GET /{number} HTTP/1.1" for number in range(4)]


async def test_one_that_fails_leaves_the_others() -> None:
    async with running() as server, sending() as outgoing:
        replies = await outgoing.send([HttpCall("GET", "nonsense"), call(server)], 1, LIMIT)
    assert [reply.answer is None for reply in replies] == [True, False]


# Redirects


@pytest.mark.parametrize(
    ("status", "method", "body", "then"),
    [
        (301, "GET", b"", ("GET", b"")),
        (302, "POST", b"b", ("GET", b"")),
        (303, "PUT", b"b", ("GET", b"")),
        (302, "HEAD", b"", ("HEAD", b"")),
        (302, "get", b"", ("GET", b"")),
        (307, "POST", b"b", ("POST", b"b")),
        (308, "DELETE", b"b", ("DELETE", b"b")),
    ],
)
async def test_redirects_are_followed(status: int, method: str, body: bytes, then: tuple[str, bytes]) -> None:
    async with running() as server:
        server.answers["/a/b"] = to("../c?x=1#part", status)
        server.answers["/c"] = b"HTTP/1.1 204 No Content\r\n\r\n"
        reply = await sent(call(server, "/a/b", method, ("X-Key", "k"), ("Content-Type", "text/x"), body=body))
    assert reply.answer is not None
    assert server.lines(1)[0] == f"{then[0]} /c?x=1 HTTP/1.1"
    assert server.seen[1].partition(b"\r\n\r\n")[2] == then[1]
    assert server.header(1, "Referer") == [f"{server.url}/a/b"]
    assert server.header(1, "X-Key") == ["k"]
    assert server.header(1, "Content-Type") == (["text/x"] if status in (307, 308) else [])


@pytest.mark.parametrize("status", [300, 304, 305, 306])
async def test_other_statuses_are_answers(status: int) -> None:
    async with running() as server:
        server.answers["/"] = to("/c", status)
        reply = await sent(call(server))
    assert reply.answer is not None
    assert reply.answer.status == status


async def test_a_redirect_to_nowhere_is_an_answer() -> None:
    async with running() as server:
        server.answers["/"] = b"HTTP/1.1 302 Found\r\nContent-Length: 1\r\n\r\nx"
        reply = await sent(call(server))
    assert reply.answer is not None
    assert (reply.answer.status, reply.answer.body) == (302, b"x")


async def test_a_ring_of_redirects_ends() -> None:
    async with running() as server:
        server.answers["/"] = to("/")
        reply = await sent(call(server))
    assert reply.error == f"stopped after {MOST_REDIRECTS} redirects"
    assert len(server.seen) == MOST_REDIRECTS


async def test_another_host_is_told_no_secrets() -> None:
    resolve = names(shop_test="127.0.0.1", sub_shop_test="127.0.0.1", other_test="127.0.0.1")
    secrets = (("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Key", "k"))
    async with running() as server:
        own = Reach(allowed=(parse_destination("*"),))
        server.answers["/"] = to(f"http://sub.shop.test:{server.port}/below")
        server.answers["/below"] = to(f"http://other.test:{server.port}/elsewhere")
        server.answers["/elsewhere"] = to(f"http://shop.test:{server.port}/back")
        asked = HttpCall("GET", f"http://shop.test:{server.port}/", Headers.of(*secrets), reach=own)
        reply = await sent(asked, resolve=resolve)
    assert reply.answer is not None
    told = [bool(server.header(number, "Authorization") and server.header(number, "Cookie")) for number in range(4)]
    assert told == [True, True, False, False]
    assert [server.header(number, "X-Key") for number in range(4)] == [["k"]] * 4


async def test_a_name_that_only_ends_alike_is_another_host() -> None:
    resolve = names(shop_test="127.0.0.1", evilshop_test="127.0.0.1")
    async with running() as server:
        server.answers["/"] = to(f"http://evilshop.test:{server.port}/x")
        headers = Headers.of(("Authorization", "Bearer x"))
        own = Reach(allowed=(parse_destination("*"),))
        await sent(HttpCall("GET", f"http://shop.test:{server.port}/", headers, reach=own), resolve=resolve)
    assert not server.header(1, "Authorization")


# Where a call may go


LOOPBACKS = [
    "127.0.0.1",
    "127.1",
    "127.9.9.9",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "0.0.0.0",
    "0",
    "[::]",
    "①②⑦.0.0.1",
]


@pytest.mark.parametrize("host", LOOPBACKS)
async def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    async with running() as server:
        reply = await sent(HttpCall("GET", f"http://{host}:{server.port}/"))
    assert reply.answer is None
    assert "no script may call it" in reply.error or "has no address" in reply.error or "no URL" in reply.error
    assert server.seen == []


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.1.1",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "2852039166",
        "224.0.0.1",
        "255.255.255.255",
        "[ff02::1]",
    ],
)
async def test_metadata_and_what_is_no_place_for_calls_are_refused(host: str) -> None:
    reply = await sent(HttpCall("GET", f"http://{host}/latest/meta-data/", seconds=1))
    assert "no script may call it" in reply.error


@pytest.mark.parametrize("address", ["10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd12::1"])
async def test_private_networks_are_refused_where_the_settings_say_so(address: str) -> None:
    asked = HttpCall("GET", "http://inner.test/", reach=Reach(private=False))
    reply = await sent(asked, resolve=names(inner_test=address))
    assert reply.error.startswith(f"inner.test is {address}, which is a private network")


async def test_the_address_counts_and_not_the_name() -> None:
    async with running() as server:
        reply = await sent(
            HttpCall("GET", f"http://harmless.test:{server.port}/"), resolve=names(harmless_test="127.0.0.1")
        )
    assert "harmless.test is 127.0.0.1, which is a loopback address" in reply.error
    assert server.seen == []


async def test_a_name_is_looked_up_once_for_each_request() -> None:
    """The connection is made to the address that was judged, whatever the name stands for a moment later."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    async with running() as server:
        reply = await sent(HttpCall("GET", f"http://rebind.test:{server.port}/", seconds=0.2), resolve=rebinding)
    assert reply.answer is None
    assert asked == ["rebind.test"]
    assert server.seen == []


async def test_of_several_addresses_only_those_that_may_be_are_tried() -> None:
    async with running() as server:
        asked = HttpCall("GET", f"http://two.test:{server.port}/", seconds=0.2)
        reply = await sent(asked, resolve=names(two_test="192.0.2.1 127.0.0.1"))
    assert reply.answer is None
    assert server.seen == []


async def test_the_next_address_is_tried_where_one_takes_no_connection() -> None:
    async with running() as server:
        asked = HttpCall("GET", f"http://two.test:{server.port}/", reach=Reach(allowed=(parse_destination("*"),)))
        reply = await sent(asked, resolve=names(two_test="127.0.0.2 127.0.0.1"))
    assert reply.answer is not None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_judged_too(status: int) -> None:
    async with running() as server, running() as secret:
        server.answers["/"] = to(f"{secret.url}/", status)
        reply = await sent(call(server))
    assert "127.0.0.1 is a loopback address" in reply.error
    assert secret.seen == []


async def test_a_redirect_that_rebinds_is_judged_too() -> None:
    async with running() as secret, running() as server:
        server.answers["/"] = to(f"http://rebind.test:{secret.port}/")
        reply = await sent(call(server), resolve=names(rebind_test="127.0.0.1"))
    assert "rebind.test is 127.0.0.1" in reply.error
    assert secret.seen == []


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "*", "inner.test", "*.test", "inner.test:{port}"])
async def test_what_the_settings_allow_is_called(entry: str) -> None:
    async with running() as server:
        reach = Reach(allowed=(parse_destination(entry.format(port=server.port)),))
        asked = HttpCall("GET", f"http://inner.test:{server.port}/", reach=reach)
        reply = await sent(asked, resolve=names(inner_test="127.0.0.1"))
    assert reply.answer is not None


@pytest.mark.parametrize("entry", ["127.0.0.1:1", "other.test", "*.inner.test", "inner.test:1", "10.0.0.0/8"])
async def test_what_the_settings_do_not_mean_is_not_called(entry: str) -> None:
    async with running() as server:
        reach = Reach(allowed=(parse_destination(entry),))
        asked = HttpCall("GET", f"http://inner.test:{server.port}/", reach=reach)
        reply = await sent(asked, resolve=names(inner_test="127.0.0.1"))
    assert "no script may call it" in reply.error


async def test_an_upstream_of_its_own_is_one_port_of_a_host() -> None:
    async with running() as server, running() as other:
        reach = Reach(own=frozenset({("inner.test", server.port)}))
        resolve = names(inner_test="127.0.0.1")
        mine = await sent(HttpCall("GET", f"http://INNER.test.:{server.port}/", reach=reach), resolve=names())
        reply = await sent(HttpCall("GET", f"http://inner.test:{server.port}/", reach=reach), resolve=resolve)
        refused = await sent(HttpCall("GET", f"http://inner.test:{other.port}/", reach=reach), resolve=resolve)
    assert mine.answer is None
    assert reply.answer is not None
    assert "no script may call it" in refused.error


async def test_the_gateway_itself_may_be_called() -> None:
    async with running() as server:

        def listening() -> tuple[Listening, ...]:
            return (Listening("", server.port),)

        reply = await sent(HttpCall("GET", f"{server.url}/"), listening=listening)
        other = await sent(HttpCall("GET", "http://127.0.0.1:1/"), listening=listening)
    assert reply.answer is not None
    assert "loopback" in other.error


# Within the gateway


WAY = Within("e1", Client("192.0.2.7", 4711))


async def test_a_call_within_the_gateway_says_on_whose_behalf() -> None:
    found: list[Within | None] = []
    async with running() as server:
        outgoing = Outgoing(lambda: (Listening("127.0.0.1", server.port),))

        async def looked() -> bytes:
            found.append(outgoing.within(server.header(0, WITHIN)[0]))
            return OK

        server.answers["/shop/orders"] = looked
        asked = HttpCall("GET", "/shop/orders?x=1", Headers.of(("Host", "api.test"), (WITHIN, "forged")), within=WAY)
        (reply,) = await outgoing.send([asked], 1, LIMIT)
        await outgoing.close()
    assert reply.answer is not None
    assert server.lines(0)[0] == "GET /shop/orders?x=1 HTTP/1.1"
    assert server.header(0, "Host") == ["api.test"]
    assert found == [WAY]
    assert outgoing.within(server.header(0, WITHIN)[0]) is None
    assert outgoing.within("forged") is None


async def test_a_redirect_within_the_gateway_stays_there() -> None:
    async with running() as server:
        server.answers["/a"] = to("/b")
        server.answers["/b"] = to("http://api.test/c")
        asked = HttpCall("GET", "/a", Headers.of(("Host", "api.test")), within=WAY)
        reply = await sent(asked, listening=lambda: (Listening("127.0.0.1", server.port),))
    assert reply.answer is not None
    assert [bool(server.header(number, WITHIN)) for number in range(3)] == [True, True, True]


async def test_a_redirect_out_of_the_gateway_is_judged_and_says_nothing() -> None:
    async with running() as server, running() as other, running() as secret:
        server.answers["/a"] = to(f"http://other.test:{other.port}/x")
        other.answers["/x"] = to(f"{secret.url}/")
        asked = HttpCall(
            "GET",
            "/a",
            Headers.of(("Host", "api.test"), ("Authorization", "x")),
            reach=Reach(own=frozenset({("other.test", other.port)})),
            within=WAY,
        )
        reply = await sent(
            asked, listening=lambda: (Listening("127.0.0.1", server.port),), resolve=names(other_test="127.0.0.1")
        )
    assert "loopback" in reply.error
    assert secret.seen == []
    assert not other.header(0, WITHIN)
    assert not other.header(0, "Authorization")


async def test_a_gateway_that_does_not_listen_cannot_be_called() -> None:
    reply = await sent(HttpCall("GET", "/a", within=WAY))
    assert reply.error == "the gateway does not listen"


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def tls_reply(server: Server, tls: UpstreamTls | None, host: str = "shop.test", **options) -> HttpReply:
    reach = Reach(allowed=(parse_destination("*"),), tls=tls)
    asked = HttpCall("GET", f"https://{host}:{server.port}/", reach=reach)
    return await sent(asked, resolve=names(shop_test="127.0.0.1", other_test="127.0.0.1"), **options)


async def test_a_certificate_is_verified_by_the_name_in_the_url(authority: Authority) -> None:
    async with running(authority.server("shop.test")) as server:
        trusting = UpstreamTls(ca_files=(str(authority.file),))
        good = await tls_reply(server, trusting)
        bad_name = await tls_reply(server, trusting, "other.test")
        bad_signer = await tls_reply(server, None)
    assert good.answer is not None
    assert server.header(0, "Host") == [f"shop.test:{server.port}"]
    assert "certificate" in bad_name.error
    assert "certificate" in bad_signer.error
    assert len(server.seen) == 1


async def test_the_gateways_authorities_are_asked(authority: Authority) -> None:
    async with running(authority.server("shop.test")) as server:
        reply = await tls_reply(server, None, trust=lambda: Trust(ca_file=str(authority.file)))
    assert reply.answer is not None


async def test_whoever_does_not_want_it_verified_gets_it_unverified(authority: Authority) -> None:
    async with running(authority.server("shop.test")) as server:
        asked = await tls_reply(server, UpstreamTls(verify=False))
        told = await tls_reply(server, None, trust=lambda: Trust(verify=False))
    assert asked.answer is not None
    assert told.answer is not None


async def test_a_certificate_of_its_own_is_shown_to_its_host_alone(authority: Authority) -> None:
    context = authority.server("shop.test", "other.test")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    certificate, key = authority.issue("client")
    known = UpstreamTls(ca_files=(str(authority.file),))
    shown = replace(known, client_cert_file=certificate, client_key_file=key)
    async with running(context) as server:
        reach = Reach(allowed=(parse_destination("*"),), tls=known, tls_by_host={"shop.test": shown})
        resolve = names(shop_test="127.0.0.1", other_test="127.0.0.1")
        mine = await sent(HttpCall("GET", f"https://shop.test:{server.port}/", reach=reach), resolve=resolve)
        other = await sent(HttpCall("GET", f"https://other.test:{server.port}/", reach=reach), resolve=resolve)
    assert mine.answer is not None
    assert other.answer is None


async def test_versions_of_tls_are_kept_to(authority: Authority) -> None:
    context = authority.server("shop.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    known = UpstreamTls(ca_files=(str(authority.file),))
    async with running(context) as server:
        refused = await tls_reply(server, replace(known, min_version="1.3"))
        taken = await tls_reply(server, known)
    assert refused.answer is None
    assert taken.answer is not None


async def test_a_gateway_with_tls_is_called_with_it(authority: Authority) -> None:
    async with running(authority.server("api.test")) as server:
        asked = HttpCall("GET", "/a", Headers.of(("Host", "api.test")), within=replace(WAY, scheme="https"))
        reply = await sent(asked, listening=lambda: (Listening("127.0.0.1", server.port, tls=True),))
    assert reply.answer is not None


async def test_a_missing_certificate_is_an_error_of_the_call(tmp_path: Path, authority: Authority) -> None:
    async with running(authority.server("shop.test")) as server:
        reply = await tls_reply(server, UpstreamTls(client_cert_file=str(tmp_path / "none.pem")))
    assert reply.answer is None
    assert reply.error


# Its life


async def test_it_may_be_closed_before_it_was_used_and_used_after() -> None:
    async with running() as server:
        outgoing = Outgoing()
        await outgoing.close()
        for _ in range(2):
            (reply,) = await outgoing.send([call(server)], 1, LIMIT)
            assert reply.answer is not None
            await outgoing.close()


async def test_whoever_stops_waiting_ends_the_call() -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        came.set()
        await reader.read()
        gone.set()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    reach = Reach(own=frozenset({("127.0.0.1", port)}))
    async with sending() as outgoing:
        asked = HttpCall("GET", f"http://127.0.0.1:{port}/", seconds=60, reach=reach)
        waiting = asyncio.create_task(outgoing.send([asked], 1, LIMIT))
        await asyncio.wait_for(came.wait(), 20)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(gone.wait(), 20)
    listening.close()
