"""Flow files as recordings: those of this gateway, those of others, and broken ones; filters over recordings."""

import asyncio
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import connection, http
from mitmproxy.io import FlowReader, FlowWriter, tnetstring
from mitmproxy.test import tflow
from tests.apis import oas, snapshot
from tests.helpers import make_request

from lockgate.debugging.recordings import RecordingError, recorded_of, recorded_of_plain
from lockgate.exchange import NOT_READ, Client, Headers, Response
from lockgate.hosts.mitm import views
from lockgate.hosts.mitm.flow_files import FlowFileError, flows_of, member
from lockgate.hosts.mitm.recordings import matching, read_flows
from lockgate.inspection import try_request
from lockgate.trace_format import to_plain

ANSWER = Response(200, Headers.of(("Content-Type", "application/json")), b'{"a": "caf\xc3\xa9"}', "OK")
REQUEST = make_request("POST", "/api/x?q=1", (("X-A", "caf\udce9"), ("Accept", "*/*")), b"\xff\x00")


def flow(**changes) -> http.HTTPFlow:
    made = tflow.tflow(resp=True)
    made.request.headers = http.Headers(((b"Host", b"shop.test"), (b"X-A", b"caf\xe9")))
    made.request.path = "/a?b=1"
    made.client_conn = connection.Client(peername=("192.0.2.9", 4711), sockname=("127.0.0.1", 1), timestamp_start=1.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def file_of(*flows: http.HTTPFlow) -> io.BufferedReader:
    raw = io.BytesIO()
    writer = FlowWriter(raw)
    for one in flows:
        writer.add(one)
    return io.BufferedReader(io.BytesIO(raw.getvalue()))


@pytest.fixture(scope="module")
def trace():
    return asyncio.run(try_request(snapshot(oas({"POST /x": {}})), REQUEST, ANSWER))


def saved(trace) -> http.HTTPFlow:
    made = flow()
    views.show(made, trace, forwarded=True)
    return made


def test_a_flow_of_this_gateway_is_its_exchange(trace):
    (found,) = read_flows(file_of(saved(trace)), "f.flow")

    assert found.request == REQUEST
    assert found.upstream_response == ANSWER
    assert (found.answer, found.upstream_request) == (trace.answer, trace.upstream_request)
    assert (found.source, found.by_gateway, found.missing) == ("f.flow, flow 1", True, ())


def test_a_flow_that_was_saved_twice_is_the_same(trace):
    once = list(FlowReader(file_of(saved(trace))).stream())
    (found,) = read_flows(file_of(*once), "f.flow")

    assert found.calls == recorded_of_plain(to_plain(trace)).calls
    assert found.request == REQUEST


def test_a_flow_of_another_mitmproxy_is_request_and_answer_of_the_upstream():
    (found,) = read_flows(file_of(flow()), "f.flow")

    assert found.request.target == "/a?b=1"
    assert found.request.host == "shop.test"
    assert found.request.headers.fields == ((b"X-A", b"caf\xe9"),)
    assert found.client == Client("192.0.2.9", 4711)
    assert found.upstream_response.status == 200
    assert found.upstream_response.body == b"message"
    assert (found.answer, found.upstream_request, found.by_gateway) == (None, None, False)


def test_what_such_a_flow_lacks_is_missing():
    made = flow()
    made.request.raw_content = None
    made.response.raw_content = None
    (found,) = read_flows(file_of(made, tflow.ttcpflow()), "f.flow")

    assert found.request.body is NOT_READ
    assert found.missing == (
        "the body of the request, which was not kept",
        "the body of the upstream's answer, which was not kept",
    )


BROKEN = [
    pytest.param(b"5:hello,", "something else than a flow", id="another value"),
    pytest.param(b"12:abc}", "not complete", id="cut"),
    pytest.param(b"99999999999999999:", "expected a length", id="absurd length"),
    pytest.param(b"999999999999:", "a flow of 999999999999 bytes", id="too large"),
    pytest.param(b"0:}", "expected a flow", id="empty"),
    pytest.param(b"9:8:metadata}", "expected flows", id="broken inside"),
    pytest.param(b"21:8:metadata;4:1:a;1:b}}", "expected", id="wrong length inside"),
    pytest.param(b"x", "expected a length, found b'x'", id="no length"),
]


@pytest.mark.parametrize(("raw", "said"), BROKEN)
def test_what_is_no_flow_file_is_said(raw, said):
    with pytest.raises(RecordingError, match=said):
        list(read_flows(io.BufferedReader(io.BytesIO(raw)), "f.flow"))


def test_flows_before_a_fault_are_given(trace):
    raw = file_of(saved(trace), saved(trace)).read()[:-5]
    reading = read_flows(io.BufferedReader(io.BytesIO(raw)), "f.flow")

    assert next(reading).request == REQUEST
    with pytest.raises(RecordingError, match=r"f\.flow: expected flows as mitmproxy saves them after flow 1"):
        next(reading)


def test_a_trace_that_is_none_is_said(trace):
    made = flow()
    made.metadata[views.METADATA] = {"exchange": "x"}

    with pytest.raises(RecordingError, match="expected a trace of the gateway"):
        list(read_flows(file_of(made), "f.flow"))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.binary()
    | st.text("aé\x00€", max_size=9),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text("ab", max_size=3), children, max_size=4),
    max_leaves=12,
)


@given(values)
def test_values_are_read_as_mitmproxy_reads_them(value):
    raw = tnetstring.dumps({"before": [1], "metadata": value, "after": {"x": b"\xff"}})

    (read,) = flows_of(io.BufferedReader(io.BytesIO(raw)))
    assert member(read, "metadata") == tnetstring.loads(raw)["metadata"]
    assert member(read, "missing") is None


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw):
    try:
        for one in flows_of(io.BufferedReader(io.BytesIO(raw))):
            member(one, "metadata")
    except FlowFileError:
        pass


FILTERS = [
    ("~m POST", True), ("~m GET", False), ("~u q=1", True), ("~hq X-A", True), ("~c 200", True), ("~bs caf", True),
    ("~comment pets", True), ("~src 127.0.0.1", True), ("~m POST & !~c 404", True), ("~d gateway.test", True),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), FILTERS)
def test_filters(trace, expression, expected):
    assert matching(expression)(recorded_of(trace)) is expected


def test_a_filter_looks_at_what_the_upstream_answered_where_that_is_all(trace):
    (found,) = read_flows(file_of(flow()), "f.flow")

    assert matching("~c 200 & ~bs message")(found)


def test_a_filter_that_is_none_is_said():
    with pytest.raises(ValueError, match="expected a filter expression, found '~x ~'"):
        matching("~x ~")


def test_saved_traces_are_json(trace):
    json.dumps(to_plain(trace))
