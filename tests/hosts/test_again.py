"""A request that is sent again arrives as it did, and nobody waits for ever."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.test import taddons

from lockgate.debugging.desk import NotAgainError
from lockgate.exchange import NOT_READ, Client, Headers, Request
from lockgate.hosts.mitm import again
from lockgate.hosts.mitm.again import MOST_AT_ONCE, Again, _flow
from lockgate.hosts.mitm.messages import to_client, to_request

NAMES = st.sampled_from([b"Accept", b"X-A", b"x-a", b"cookie", b"Connection"])
VALUES = st.binary(max_size=8).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F))
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PATCH", "X-OWN"]),
    path=st.sampled_from(["/", "/a%2Fb", "/\udce9", "*"]),
    query=st.sampled_from([None, "", "a=1&b", "%20"]),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=5).map(lambda fields: Headers(tuple(fields))),
    body=st.binary(max_size=20),
    host=st.sampled_from(["a.test", "a.test:8080", ""]),
    scheme=st.sampled_from(["http", "https"]),
    version=st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]),
)


@given(REQUESTS, st.booleans())
def test_what_arrives_is_what_came(request, has_length):
    if has_length:
        length = (b"content-length", str(len(request.body)).encode())
        request = Request(**{**vars(request), "headers": Headers((*request.headers.fields, length))})

    flow = _flow(request, Client("192.0.2.7", 4711))

    assert to_request(flow.request, flow.request.scheme, body_follows=False) == request
    assert to_client(flow.client_conn.peername) == Client("192.0.2.7", 4711)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request("POST", "/", body=NOT_READ), "its body was not kept"),
        (Request("GET", "/", headers=Headers.of(("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"))), "websocket"),
        (Request("GET", "/a b"), "a space in the target"),
        (Request("GET", "/", headers=Headers.of(("X", "a\nb"))), "a control character"),
    ],
    ids=["body", "upgrade", "target", "header"],
)  # fmt: skip
async def test_what_cannot_be_sent_says_why(request_, said):
    with pytest.raises(NotAgainError, match=said):
        await Again().run(request_, Client())


async def test_a_failure_below_the_gateway_is_told(monkeypatch, caplog):
    def fail(handler, *_):
        raise RuntimeError("injected")

    with taddons.context():
        monkeypatch.setattr(again.stream.GatewayLayer, "_handle_event", fail)
        with pytest.raises(NotAgainError, match="the gateway failed while it ran; its log says why"):
            await asyncio.wait_for(Again().run(Request("GET", "/"), Client()), 10)
    assert "injected" in caplog.text


class Held:
    """Takes the place of a replay that never ends."""

    crashed = False

    def __init__(self, *_):
        self.wakeup_timer = set()

    async def replay(self):
        await asyncio.Event().wait()


@pytest.fixture
def held(monkeypatch):
    monkeypatch.setattr(again, "_Handler", Held)
    with taddons.context():
        yield


@pytest.mark.usefixtures("held")
async def test_one_that_never_ends_is_given_up():
    with pytest.raises(NotAgainError, match=r"it was not over within 0\.01 s"):
        await Again(longest_seconds=0.01).run(Request("GET", "/"), Client())


@pytest.mark.usefixtures("held")
async def test_there_are_not_too_many_at_once():
    runs = Again()
    waiting = [asyncio.ensure_future(runs.run(Request("GET", "/"), Client())) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)

    with pytest.raises(NotAgainError, match="20 requests are under way again"):
        await runs.run(Request("GET", "/"), Client())

    for run in waiting:
        run.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    late = asyncio.ensure_future(runs.run(Request("GET", "/"), Client()))
    await asyncio.sleep(0)
    assert not late.done()
    late.cancel()
