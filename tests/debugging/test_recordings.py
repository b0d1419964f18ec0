"""Exchanges that were recorded: what is kept of them, and what is said to be missing."""

import asyncio
import json

import pytest
from tests.apis import oas, snapshot
from tests.helpers import RECEIVED_AT, make_request
from tests.keys import World, keyed

from lockgate.debugging.recordings import (
    Recorded,
    RecordingError,
    exchange_of,
    read_traces,
    recorded_of,
    recorded_of_plain,
)
from lockgate.engine import begin, run_request
from lockgate.exchange import NOT_READ, Client, Exchange, Headers, Request, Response, decode_text, replace
from lockgate.inspection import SYSTEM, answer_run
from lockgate.services import ServiceCall
from lockgate.trace import Level, Phase, Trace, TraceStep, Why
from lockgate.trace_format import KEPT_BODY_BYTES, masked, plain_call, to_plain

ANSWER = Response(200, Headers.of(("Content-Type", "application/json")), b'{"a": 1}', "OK")
HEADERS = (("X-Request", "one"), ("X-Two", "a"), ("x-two", "b"), ("Accept", "*/*"))
DOCUMENT = oas({"POST /x": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": "1"}]}}})


def run(request: Request, answer: Response = ANSWER) -> Trace:
    async def carried() -> Trace:
        exchange = Exchange("an-id", RECEIVED_AT, request, Client("192.0.2.7", 4711), part_of="a-batch")
        made = begin(snapshot(DOCUMENT), SYSTEM, exchange)
        await run_request(made, request.body)
        await answer_run(made, answer)
        return made.trace

    return asyncio.run(carried())


REQUESTS = [
    pytest.param(make_request("POST", "/api/x?a=1&b", HEADERS, b"text"), id="plain"),
    pytest.param(make_request("POST", "/api/x?", HEADERS, b""), id="empty query"),
    pytest.param(make_request("POST", "/api/x", (("X-Bytes", "caf\udce9"), ("X-Uni", "é€")), b"\xff\x00"), id="bytes"),
    pytest.param(make_request("POST", "/api/x?q=\udcff\\xff", (), "é\x00".encode()), id="bytes in the target"),
    pytest.param(make_request("POST", "/api/x", (), b"x" * KEPT_BODY_BYTES), id="long"),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_saved_trace_is_the_live_exchange(request_):
    trace = run(request_)
    saved = json.loads(json.dumps(to_plain(trace)))

    live, loaded = recorded_of(trace), recorded_of_plain(saved)

    assert loaded.missing == live.missing == ()
    for name in Recorded.__slots__:
        if name not in ("trace", "source"):
            assert getattr(loaded, name) == getattr(live, name), name
    assert exchange_of(loaded) == Exchange("an-id", RECEIVED_AT, request_, Client("192.0.2.7", 4711), part_of="a-batch")
    assert loaded.upstream_address == "http://upstream.test:8000"


def test_a_body_that_was_read_later_is_the_clients():
    async def carried() -> Trace:
        made = begin(
            snapshot(DOCUMENT), SYSTEM, Exchange("i", RECEIVED_AT, make_request("POST", "/api/x", (), NOT_READ))
        )
        await run_request(made, b"late")
        await answer_run(made, ANSWER)
        return made.trace

    found = recorded_of(asyncio.run(carried()))

    assert found.request.body == b"late"
    assert found.upstream_response == ANSWER


@pytest.mark.parametrize(
    ("request_", "answer", "missing"),
    [
        pytest.param(
            make_request("POST", "/api/x", (), b"x" * (KEPT_BODY_BYTES + 1)),
            ANSWER,
            "the body of the request, of which only head and hash were kept",
            id="a long request",
        ),
        pytest.param(
            make_request("POST", "/api/x"),
            replace(ANSWER, body=b"\xff" * (KEPT_BODY_BYTES + 1)),
            "the body of the upstream's answer, of which only head and hash were kept",
            id="a long answer",
        ),
        pytest.param(
            make_request("POST", "/api/x", (), NOT_READ),
            ANSWER,
            "the body of the request, which nobody read",
            id="a body that streamed past",
        ),
    ],
)
def test_what_was_cut_is_missing(request_, answer, missing):
    found = recorded_of_plain(to_plain(run(request_, answer)))

    assert found.missing == (missing,)


def test_what_is_masked_is_missing():
    url = "/api/x?api_key=12345678&a=1"
    trace = run(
        make_request("POST", url, (("Authorization", "Bearer abcdefgh"), ("X-A", "caf\udce9")), b"a abcdefgh b")
    )
    found = recorded_of_plain(masked(to_plain(trace)))

    assert found.missing == (
        "the bytes of the request that are no UTF-8",
        "a part of the target of the request, which is masked",
        "the value of the header Authorization of the request, which is masked",
        "a part of the body of the request, which is masked",
    )


def test_a_mask_that_a_client_sent_is_what_it_sent():
    found = recorded_of_plain(to_plain(run(make_request("POST", "/api/x", (("X-A", "•••"),), "•••".encode()))))

    assert found.missing == ()
    assert found.request.body == "•••".encode()


def test_a_key_that_is_masked_is_missing():
    world = World(**{"ann-long-key": {}})
    trace = world.ask(snapshot(keyed()), headers=(("X-Key", "ann-long-key"),))

    whole, cut = recorded_of_plain(to_plain(trace)), recorded_of_plain(masked(to_plain(trace)))

    assert whole.missing == ()
    assert "a part of the call sessions.find, which is masked" in cut.missing
    assert all(b"ann-long-key" not in value for _, value in cut.request.headers.fields)


def test_calls_keep_bytes_and_the_order_of_a_session():
    session = {"z": 1, "a": {"y": 2, "b": 3}}
    calls = (
        ServiceCall("scripts", "run", {"text": "caf\udce9"}, ("digest", "virtual", "v", ["{}"], 1.5, 7)),
        ServiceCall("sessions", "find", {"name": "n", "session": session}, ("n",)),
        ServiceCall(
            "http", "send", {"status": 200, "headers": [], "body": b"\xff", "seconds": 0.1}, ("GET", "/", [], b"")
        ),
    )
    turned = [dict(reversed(plain_call(call).items())) for call in calls]
    why = Why(Level.ALWAYS)
    exchange = Exchange("i", RECEIVED_AT, make_request())
    trace = Trace(exchange, steps=[TraceStep("l", Phase.REQUEST, 0, "continue", why, exchange, exchange, 0, "", calls)])
    plain = json.loads(json.dumps(to_plain(trace)))
    plain["steps"][0]["calls"] = json.loads(json.dumps(turned))

    found = recorded_of_plain(plain).calls

    assert found[0].answer == {"text": "caf\udce9"}
    assert list(found[1].answer["session"]) == ["z", "a"]
    assert list(found[1].answer["session"]["a"]) == ["y", "b"]
    assert found[2].arguments[3] == {"size": 0, "text": ""}
    assert found[2].answer["body"]["base64"] == "/w=="


def test_files_of_traces():
    plains = [to_plain(run(make_request("POST", f"/api/x?n={number}"))) for number in range(3)]
    files = [json.dumps(plains), "\n".join(map(json.dumps, plains)) + "\n\n", json.dumps(plains[0], indent=1)]

    found = [[(one.request.query, one.source) for one in read_traces(text.encode(), "f")] for text in files]

    assert found[0] == [(f"n={number}", f"f, trace {number + 1}") for number in range(3)]
    assert found[1] == [(f"n={number}", f"f, line {number + 1}") for number in range(3)]
    assert found[2] == [("n=0", "f")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"{", "f: expected traces as JSON", id="no JSON"),
        pytest.param(b"[1]", "f, trace 1: expected a trace, found a number", id="a number"),
        pytest.param(b'{"a": 1}', "f: expected a trace of the gateway, found no 'original'", id="something else"),
        pytest.param(b'{"a": 1}\n{', "f, line 1: expected a trace of the gateway", id="lines"),
        pytest.param(b"[" * 100_000, "f: expected traces as JSON", id="nested too deep"),
    ],
)
def test_what_is_no_trace_is_said(text, said):
    with pytest.raises(RecordingError) as caught:
        list(read_traces(text, "f"))

    assert str(caught.value).startswith(said)


def test_text_that_is_no_utf8_is_the_bytes_of_the_wire():
    found = recorded_of_plain(to_plain(run(make_request("POST", "/api/x", (("X-A", decode_text(b"\xe9")),)))))

    assert found.request.headers.fields == ((b"X-A", b"\xe9"),)
