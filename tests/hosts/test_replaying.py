"""``lockgate replay``: what a change of definitions would have done to recorded traffic."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils
from tests.apis import oas, snapshot
from tests.helpers import make_request

from lockgate.cli import main
from lockgate.debugging.recordings import recorded_of
from lockgate.exchange import Headers, Response
from lockgate.hosts.mitm import views
from lockgate.hosts.replaying import read_recordings
from lockgate.inspection import try_request
from lockgate.trace_format import masked, to_plain

ANSWER = Response(200, Headers.of(("Content-Type", "application/json"), ("Server", "nginx")), b'{"n": 1}', "OK")


def document(value: str = "1", **sections):
    header = {"transformResponseHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": value}]}}
    return oas({"GET /x": {**header, **sections}, "GET /y": {}})


@pytest.fixture(scope="module")
def traces():
    of = snapshot(document())
    urls = ("/api/x?a=1", "/api/x?a=2", "/api/y")
    return [asyncio.run(try_request(of, make_request("GET", url), ANSWER)) for url in urls]


@pytest.fixture
def flows(traces, tmp_path):
    path = tmp_path / "yesterday.flow"
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for trace in traces:
            flow = tflow.tflow(resp=True)
            views.show(flow, trace, forwarded=True)
            writer.add(flow)
    return path


@pytest.fixture
def definitions(tmp_path):
    def write(name: str, content: dict) -> str:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "pets.json").write_text(json.dumps(content))
        return str(folder)

    return write


@pytest.fixture
def command(capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["replay", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def counts(out: str) -> tuple[int, int, int]:
    plain = json.loads(out)
    return plain["same"], plain["different"], plain["not_replayed"]


def test_unchanged_definitions_change_nothing(command, flows, definitions):
    code, out, _ = command(flows, "--definitions", definitions("new", document()))

    assert code == 0
    assert "3 exchanges: 3 the same, 0 different, 0 not replayed" in out


def test_a_change_shows_by_field(command, flows, definitions):
    code, out, _ = command(flows, "--definitions", definitions("new", document("2")))

    assert code == 1
    assert "       2  answer header x-added\n          GET /api/x?a=1: was '1', now '2'" in out
    assert "GET /api/x?a=1  (" in out


def test_two_definitions_are_compared_with_one_another(command, flows, definitions):
    new, old = definitions("new", document("3")), definitions("old", document("3"))

    assert command(flows, "--definitions", new, "--against", old)[0] == 0
    code, out, _ = command(flows, "--definitions", new, "--against", definitions("old", document("2")))
    assert code == 1
    assert "was '2', now '3'" in out


def test_what_to_ignore(command, flows, definitions):
    new = definitions("new", document("2"))

    assert command(flows, "--definitions", new, "--ignore", "header:x-added")[0] == 0
    assert command(flows, "--definitions", new, "--ignore-value", "number")[0] == 0
    assert command(flows, "--definitions", new, "--ignore", "body")[0] == 1


def test_filter_and_limit(command, flows, definitions):
    new = definitions("new", document("2"))

    code, out, _ = command(flows, "--definitions", new, "--filter", "~u /y$", "--format", "json")
    assert (code, counts(out), json.loads(out)["left_out"]) == (0, (1, 0, 0), 2)
    _, out, _ = command(flows, "--definitions", new, "--limit", "1", "--format", "json")
    assert (counts(out), json.loads(out)["limited"]) == ((0, 1, 0), True)
    _, out, _ = command(flows, "--definitions", new, "--limit", "3", "--format", "json")
    assert (sum(counts(out)), json.loads(out)["limited"]) == (3, False)
    code, _, err = command(flows, "--definitions", new, "--limit", "-1")
    assert (code, err) == (2, "lockgate: expected a number of exchanges above 0 as the limit, found -1\n")


def test_a_recording_that_breaks_off_is_replayed_as_far_as_it_goes(command, flows, definitions):
    cut = flows.with_name("cut.flow")
    cut.write_bytes(flows.read_bytes()[:-9])
    lines = flows.with_name("lines.json")
    lines.write_text("{}\n[]\n")
    same = definitions("new", document())

    code, out, _ = command(cut, flows, "--definitions", same, "--format", "json")
    fault = f"{cut}: expected flows as mitmproxy saves them after flow 2: the last flow is not complete"
    assert (code, counts(out), json.loads(out)["faults"]) == (2, (5, 0, 0), [fault])
    assert command(cut, flows, "--definitions", same, "--skip-missing")[0] == 0
    assert command(cut, "--definitions", definitions("other", document("2")))[0] == 1
    code, out, _ = command(lines, flows, "--definitions", same, "--format", "json")
    assert (code, counts(out)) == (2, (3, 0, 2))
    assert set(json.loads(out)["reasons"]) == {
        "expected a trace of the gateway, found no 'original'",
        "expected a trace, found a list",
    }


def test_what_is_no_http_is_counted_apart(command, flows, definitions):
    with flows.open("ab") as file:
        writer = FlowWriter(file)
        writer.add(tflow.ttcpflow())
        writer.add(tflow.tflow(req=tutils.treq(method=b"CONNECT"), resp=True))
        broken = tflow.tflow()
        broken.metadata[views.METADATA] = {"exchange": "x"}
        writer.add(broken)
    code, out, _ = command(flows, "--definitions", definitions("new", document()))

    assert code == 2
    assert "4 exchanges: 3 the same, 0 different, 1 not replayed (2 left out, being no HTTP)" in out
    assert f"       1  expected a trace of the gateway, found no 'original'\n          {flows}, flow 6\n" in out


def test_exchanges_for_which_there_is_no_api_show_nothing(command, definitions, tmp_path):
    same = definitions("new", document())
    (tmp_path / "other").mkdir()
    elsewhere = har(tmp_path / "other", "https://pets.test/other/x")

    code, out, _ = command(elsewhere, "--definitions", same, "--against", same)
    assert (code, "1 exchange: 1 the same" in out) == (2, True)
    assert "none of these exchanges is for an API of the definitions" in out
    code, out, _ = command(elsewhere, har(tmp_path), "--definitions", same, "--against", same, "--format", "json")
    assert (code, json.loads(out)["unrouted"]) == (0, 1)


def test_what_cannot_be_replayed_is_not_passed_over(command, flows, definitions):
    new = document()
    new["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    new["security"] = [{"key": []}]
    new["x-tyk-api-gateway"]["server"]["authentication"] = {
        "enabled": True,
        "securitySchemes": {"key": {"enabled": True}},
    }
    folder = definitions("new", new)

    code, out, _ = command(flows, "--definitions", folder, "--format", "json")

    # Nobody sent a key, and for that no store has to be asked.
    assert (code, counts(out)) == (1, (0, 3, 0))

    traced = snapshot(document())
    trace = asyncio.run(try_request(traced, make_request("GET", "/api/x", (("X-Key", "ann-long-key"),)), ANSWER))
    saved = flows.with_name("trace.json")
    saved.write_text(json.dumps(to_plain(trace)))
    code, out, _ = command(saved, "--definitions", folder)
    assert code == 2
    assert "       1  not recorded: sessions.find" in out
    assert command(saved, "--definitions", folder, "--skip-missing")[0] == 0


def test_traces_as_try_prints_them(command, definitions, capsys, tmp_path):
    folder = definitions("new", document())
    assert main(["try", folder, "GET /api/x", "--format", "json"]) == 0
    (tmp_path / "trace.json").write_text(capsys.readouterr().out)

    assert command(tmp_path / "trace.json", "--definitions", folder)[0] == 0


def har(tmp_path, url="http://gateway.test/api/x"):
    entry = {
        "startedDateTime": "2026-08-01T12:00:00Z",
        "request": {"method": "GET", "url": url, "headers": [], "httpVersion": "HTTP/1.1"},
        "response": {"status": 200, "headers": [], "content": {"size": 2, "text": "ok", "mimeType": "text/plain"}},
    }
    path = tmp_path / "browser.har"
    path.write_text("\ufeff" + json.dumps({"log": {"entries": [entry]}}))
    return path


def test_recordings_of_others_need_something_to_compare_with(command, definitions, tmp_path):
    new, old, file = definitions("new", document("2")), definitions("old", document("1")), har(tmp_path)

    code, out, _ = command(file, "--definitions", new)
    assert code == 2
    assert "this gateway did not record it, so that there is nothing to compare with: name --against" in out
    code, out, _ = command(file, "--definitions", new, "--against", old)
    assert code == 1
    assert "answer header x-added" in out


@pytest.mark.parametrize("form", ["text", "json", "junit", "html"])
def test_every_form_says_what_is_different_and_no_secret(command, definitions, tmp_path, form):
    of = snapshot(document())
    request = make_request("GET", "/api/x?api_key=hush-hush", (("Authorization", "Bearer hush-hush-hush"),))
    trace = asyncio.run(try_request(of, request, ANSWER))
    (tmp_path / "trace.json").write_text(json.dumps(to_plain(trace)))
    copied = oas({"GET /x": {}}, contextVariables={"enabled": True}, transformResponseHeaders={
        "enabled": True, "add": [{"name": "X-Copy", "value": "$tyk_context.headers_Authorization"}]})  # fmt: skip

    code, out, _ = command(tmp_path / "trace.json", "--definitions", definitions("new", copied), "--format", form)

    assert code == 1
    assert "X-Copy" in out
    assert "hush" not in out


def test_masked_recordings_are_replayed_with_what_they_have(command, definitions, tmp_path):
    request = make_request("GET", "/api/x", (("Authorization", "Bearer hush-hush-hush"),))
    plain = masked(to_plain(asyncio.run(try_request(snapshot(document()), request, ANSWER))))
    (tmp_path / "trace.json").write_text(json.dumps(plain))

    code, out, _ = command(tmp_path / "trace.json", "--definitions", definitions("new", document("2")))

    assert code == 1
    assert "the recording lacks the value of the header Authorization of the request, which is masked" in out


class Live(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"]))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"live")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def live():
    with ThreadingHTTPServer(("127.0.0.1", 0), Live) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_live_upstream_is_asked_where_it_is_named(command, flows, definitions, live):
    url = f"http://127.0.0.1:{live.server_port}"
    code, out, _ = command(
        flows, "--definitions", definitions("new", document()), "--upstream", url, "--limit", "1", "--format", "json"
    )

    assert code == 1
    assert live.seen == [("/x?a=1", f"127.0.0.1:{live.server_port}")]
    assert any(one["field"].startswith("answer body") for one in json.loads(out)["fields"])


def test_nothing_is_sent_anywhere_unless_it_is_named(command, flows, definitions, monkeypatch):
    import socket

    def refused(*arguments, **named):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert command(flows, "--definitions", definitions("new", document()))[0] == 0


WRONG = [
    pytest.param(["--upstream", "ftp://a"], "expected http://HOST[:PORT] or https://HOST[:PORT]", id="scheme"),
    pytest.param(["--upstream", "http://a/b"], "found 'http://a/b'", id="path"),
    pytest.param(["--upstream", "http://a:x"], "found 'http://a:x'", id="port"),
    pytest.param(["--ignore", "x"], "expected header:NAME", id="rule"),
    pytest.param(["--ignore-value", "x"], "expected date, uuid", id="value"),
    pytest.param(["--filter", "~x ~"], "expected a filter expression", id="filter"),
    pytest.param(["--against", "missing"], "there is no file or folder 'missing'", id="against"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_what_cannot_be_carried_out_is_said(command, flows, definitions, arguments, said):
    code, out, err = command(flows, "--definitions", definitions("new", document()), *arguments)

    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "expected flows of mitmproxy's, a HAR file or traces as JSON"),
        (b"", "expected flows of mitmproxy's, a HAR file or traces as JSON"),
        (b"12:abc", "expected flows as mitmproxy saves them"),
        (b'{"log": {}}', "expected a HAR file, with log.entries"),
        (b"{}", "expected a trace of the gateway"),
    ],
)
def test_files_that_are_no_recordings(command, definitions, tmp_path, content, said):
    (tmp_path / "f").write_bytes(content)
    code, _, err = command(tmp_path / "f", "--definitions", definitions("new", document()))

    assert code == 2
    assert said in err


def test_definitions_that_hold_nothing(command, flows, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = command(flows, "--definitions", tmp_path / "empty")

    assert code == 2
    assert "holds no definition that can be served" in err


def test_kinds_of_files_are_told_apart(traces, flows, tmp_path):
    lines = tmp_path / "lines.json"
    plains = [to_plain(trace) for trace in traces]
    plains[0]["original"]["headers"].append(["X-Log", '"log": {'])
    lines.write_text("\n".join(map(json.dumps, plains)))

    assert [one.title for one in read_recordings(lines)] == [recorded_of(trace).title for trace in traces]
    assert [one.title for one in read_recordings(flows)] == [recorded_of(trace).title for trace in traces]
    assert [one.title for one in read_recordings(har(tmp_path))] == ["GET /api/x"]
