"""Breakpoints through a real mitmweb: stopped, edited, stepped and resumed in the client's answer."""

import base64
import http.client
import json
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.apis import oas
from tests.live.web_gateway import SECONDS, TOKEN, Answer, JsonUpstream, WebGateway, _ask, until

pytestmark = pytest.mark.timeout(90)

SETTINGS = {"x-lockgate": {"watch": False, "debug": {"pause_seconds": 60, "most_paused": 3}}}
"""People decide within a minute; with 20 s for what ought to happen at once, no test takes as long."""
XSRF = "a" * 32


def shop(url):
    headers = {"enabled": True, "add": [{"name": "X-Trace", "value": "one"}]}
    answer = {"enabled": True, "add": [{"name": "X-Answered", "value": "yes"}]}
    rewrite = {"enabled": True, "pattern": "/orders/(.*)", "rewriteTo": "/rewritten/$1"}
    return oas(
        {
            "POST /orders": {"transformRequestHeaders": headers, "transformResponseHeaders": answer},
            "GET /orders/{id}": {"urlRewrite": rewrite, "transformResponseHeaders": answer},
            "POST /forms": {
                "transformRequestBody": {
                    "enabled": True, "format": "json",
                    "body": base64.b64encode(b'{"wrapped": "{{.name}}"}').decode(),
                },
            },
        },
        name="shop", listen="/shop/", upstream=url,
    )  # fmt: skip


@pytest.fixture(scope="module")
def upstream():
    with JsonUpstream().running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("breakpoints"))
    made.define("shop", shop(upstream.url))
    with made.running(SETTINGS) as running:
        yield running


class Debugger:
    """Somebody at the API of the pages, at mitmweb's own, and a client."""

    def __init__(self, gateway: WebGateway, pool: ThreadPoolExecutor) -> None:
        self.gateway, self.pool = gateway, pool
        self.lease()

    def lease(self, seconds=30):
        self.leased = seconds
        assert self.gateway.api("POST", "/lockgate/api/lease", {"seconds": seconds, "holder": "test"}).status == 200

    def watched_by(self, count):
        """Wait until so many watch: connections are noticed a moment later, their ends too."""
        until(lambda: self.breakpoints["watchers"] == count, f"{count} watchers")

    def set(self, spec) -> str:
        answer = self.gateway.api("POST", "/lockgate/api/breakpoints", {"spec": spec})
        assert answer.status == 201, answer.body
        return answer.json["id"]

    @property
    def breakpoints(self):
        return self.gateway.api("GET", "/lockgate/api/breakpoints").json

    def send(self, method, path, body=None, **headers) -> "Future[Answer]":
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.pool.submit(self.gateway.ask, method, path, body, fields)

    def pauses(self):
        return self.gateway.api("GET", "/lockgate/api/pauses").json["pauses"]

    def stopped(self, *, at="", count=1):
        """The newest of so many stopped exchanges, once it has come to a place."""

        def found():
            if self.leased:
                self.lease()
            pauses = self.pauses()
            return len(pauses) == count and at in (f"{pauses[-1]['when']} {pauses[-1]['link']}", "") and pauses[-1]

        pause = until(found, f"exchange that stops {at}")
        return self.look(pause["exchange"])

    def look(self, exchange):
        answer = self.gateway.api("GET", f"/lockgate/api/pauses/{exchange}")
        assert answer.status == 200, answer.body
        return answer.json

    def act(self, pause, action, **given):
        return self.gateway.api("POST", f"/lockgate/api/pauses/{pause['exchange']}", {"action": action, **given})

    def web(self, method, path, value=None) -> Answer:
        headers = {
            "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json",
            "Cookie": f"_mitmproxy_xsrf={XSRF}", "X-XSRFToken": XSRF,
        }  # fmt: skip
        body = value if isinstance(value, bytes) else None if value is None else json.dumps(value).encode()
        return _ask(self.gateway.web, method, path, body if method != "GET" else None, headers)

    def command(self, name, *arguments) -> dict[str, str]:
        return self.web("POST", f"/commands/{name}", {"arguments": list(arguments)}).json

    def flow(self):
        """The newest flow in mitmweb, once there is one."""
        return until(lambda: self.web("GET", "/flows").json, "flow")[-1]


@pytest.fixture
def debugger(gateway, upstream):
    with ThreadPoolExecutor(8) as pool:
        made = Debugger(gateway, pool)
        try:
            yield made
        finally:
            upstream.seen.clear()
            for point in made.breakpoints["breakpoints"]:
                gateway.api("DELETE", f"/lockgate/api/breakpoints/{point['id']}")
            for pause in made.pauses():
                made.act(pause, "drop")


def test_a_stopped_request_is_edited_stepped_on_and_resumed(debugger, upstream):
    debugger.set('api=shop endpoint="POST /orders" link=request_headers before')
    client = debugger.send("POST", "/shop/orders?a=1", b'{"n": 1}', Content_Type="application/json", X_Old="old")

    pause = debugger.stopped(at="before request_headers")
    assert (pause["phase"], pause["request"]["url"], pause["request"]["body"]) == (
        "request",
        "/shop/orders?a=1",
        '{"n": 1}',
    )
    assert 0 < pause["seconds_left"] <= 60
    assert pause["trace"]["steps"][0]["link"] == "routing"
    assert not client.done()
    assert upstream.seen == []

    headers = [pair for pair in pause["request"]["headers"] if pair[0] != "X-Old"] + [["X-New", "new"]]
    edit = {"method": "PUT", "url": "/shop/orders?a=2", "headers": headers, "body": '{"n": 2, "more": true}'}
    assert debugger.act(pause, "step", edit=edit).status == 200

    stepped = debugger.stopped()
    assert stepped["link"] != "request_headers"
    last = stepped["trace"]["steps"][-2:]
    assert [(step["link"], step["outcome"]) for step in last] == [
        ("breakpoint", "edited"),
        ("request_headers", "continue"),
    ]
    assert {change["part"] for change in last[0]["changes"]} == {"method", "url", "header", "body"}
    assert debugger.act(stepped, "resume").status == 200

    answer = client.result(SECONDS)
    assert (answer.status, answer.headers["x-answered"]) == (200, "yes")
    (seen,) = upstream.seen
    assert (seen.method, seen.target, seen.body) == ("PUT", "/orders?a=2", b'{"n": 2, "more": true}')
    assert seen.headers["x-new"] == "new"
    assert seen.headers["x-trace"] == "one"
    assert seen.headers["content-length"] == "22"
    assert "x-old" not in seen.headers
    assert debugger.pauses() == []


def test_a_response_is_edited_on_its_way_back(debugger, upstream):
    debugger.set("api=shop phase=response link=response_headers after if status = 200")
    client = debugger.send("POST", "/shop/orders", b"{}")

    pause = debugger.stopped(at="after response_headers")
    assert (pause["editable"], pause["response"]["status"]) == ("response", 200)
    assert ["X-Answered", "yes"] in pause["response"]["headers"]
    edit = {"status": 202, "headers": [["X-Edited", "1"]], "body": "changed"}
    assert debugger.act(pause, "resume", edit=edit).status == 200

    answer = client.result(SECONDS)
    assert (answer.status, answer.body, answer.headers["x-edited"]) == (202, b"changed", "1")
    assert "x-answered" not in answer.headers
    assert answer.headers["content-length"] == "7"


def test_stepping_goes_through_all_phases_to_the_end(debugger):
    debugger.set("api=shop link=url_rewrite before once")
    client = debugger.send("GET", "/shop/orders/7")

    pause = debugger.stopped(at="before url_rewrite")
    assert debugger.breakpoints["breakpoints"] == []
    places = []
    while not client.done():
        places.append((pause["phase"], pause["link"]))
        assert debugger.act(pause, "step").status == 200

        def next_place(before=pause):
            now = debugger.pauses()
            return client.done() or [
                one for one in now if (one["phase"], one["link"]) != (before["phase"], before["link"])
            ]

        found = until(next_place, "next link")
        pause = found[0] if isinstance(found, list) else pause

    assert ("request", "forward") in places
    assert places[-1][0] == "response"
    assert len(places) == len(set(places)) > 5
    assert client.result().json["target"] == "/rewritten/7"


def test_a_person_answers_now(debugger, upstream):
    debugger.set("api=shop before link=forward")
    client = debugger.send("GET", "/shop/orders/1")
    response = {"status": 418, "headers": [["X-By", "hand"]], "body": "short and stout"}

    assert debugger.act(debugger.stopped(), "answer", response=response).status == 200

    answer = client.result(SECONDS)
    assert (answer.status, answer.body, answer.headers["x-by"]) == (418, b"short and stout", "hand")
    assert "x-answered" not in answer.headers
    assert upstream.seen == []


def test_a_dropped_exchange_has_no_answer(debugger, upstream):
    debugger.set("api=shop before link=forward")
    client = debugger.send("GET", "/shop/orders/1")

    assert debugger.act(debugger.stopped(), "drop").status == 200

    assert isinstance(client.exception(SECONDS), ConnectionError)
    assert upstream.seen == []
    assert debugger.gateway.api("GET", "/lockgate/api/pauses/none").status == 404


def test_mitmweb_shows_edits_and_resumes_a_stopped_request(debugger, upstream):
    debugger.set("api=shop link=request_headers before")
    client = debugger.send("POST", "/shop/orders?x=1", b"before", X_Old="1")
    pause = debugger.stopped()

    flow = debugger.flow()
    assert flow["intercepted"]
    assert flow["comment"].startswith("paused before request_headers")
    assert flow["request"]["path"] == "/shop/orders?x=1"
    assert flow["request"]["pretty_host"] == "a.test"
    text = debugger.web("GET", f"/flows/{flow['id']}/request/content/lockgate").body.decode()
    assert "request chain" in text

    path = f"/flows/{flow['id']}"
    head = {"method": "PATCH", "path": "/shop/orders?x=2", "headers": [["Host", "a.test"], ["X-New", "2"]]}
    assert debugger.web("PUT", path, {"request": head}).status == 200
    assert debugger.web("POST", f"{path}/request/content.data", b"after all").status == 200
    assert debugger.flow()["intercepted"]
    assert debugger.web("POST", f"{path}/resume").status == 200

    assert client.result(SECONDS).status == 200
    (seen,) = upstream.seen
    assert (seen.method, seen.target, seen.body) == ("PATCH", "/orders?x=2", b"after all")
    assert seen.headers["x-new"] == "2"
    assert "x-old" not in seen.headers
    assert seen.headers["x-trace"] == "one"
    assert debugger.act(pause, "resume").status == 404

    # The original is what Revert and Replay begin with.
    until(lambda: not debugger.flow()["intercepted"] and debugger.flow()["response"].get("timestamp_end"), "answer")
    assert debugger.web("POST", f"{path}/revert").status == 200
    reverted = debugger.flow()["request"]
    assert (reverted["method"], reverted["path"]) == ("POST", "/shop/orders?x=1")
    assert debugger.web("GET", f"{path}/request/content.data").body == b"before"


def test_revert_while_stopped_takes_back_edits_alone(debugger, upstream):
    debugger.set("api=shop link=forward before")
    client = debugger.send("POST", "/shop/orders", b"before")
    debugger.stopped()
    path = f"/flows/{debugger.flow()['id']}"
    assert debugger.web("POST", f"{path}/request/content.data", b"edited").status == 200

    assert debugger.web("POST", f"{path}/revert").status == 200

    flow = debugger.flow()
    assert flow["intercepted"]
    assert ["X-Trace", "one"] in flow["request"]["headers"]
    assert debugger.web("POST", f"{path}/resume").status == 200
    assert client.result(SECONDS).json["body"] == "before"


def test_mitmweb_edits_a_response(debugger):
    debugger.set("api=shop phase=response link=response_headers before")
    client = debugger.send("POST", "/shop/orders", b"{}")
    debugger.stopped()
    path = f"/flows/{debugger.flow()['id']}"

    assert debugger.web("PUT", path, {"response": {"code": 203}}).status == 200
    assert debugger.web("POST", f"{path}/response/content.data", b"by hand").status == 200
    assert debugger.web("POST", f"{path}/resume").status == 200

    answer = client.result(SECONDS)
    assert (answer.status, answer.body, answer.headers["x-answered"]) == (203, b"by hand", "yes")


def test_what_would_break_the_wire_stays_stopped(debugger, upstream):
    debugger.set("api=shop link=forward before")
    client = debugger.send("POST", "/shop/orders", b"x")
    pause = debugger.stopped()

    refused = debugger.act(pause, "resume", edit={"headers": [["X-Bad", "a\r\nX-More: b"]]})
    assert refused.status == 400
    assert refused.json["error"] == "a control character in the value of the header 'X-Bad'"
    flow = debugger.flow()
    debugger.web("PUT", f"/flows/{flow['id']}", {"request": {"headers": [["X Bad", "a"]]}})
    debugger.web("POST", f"/flows/{flow['id']}/resume")

    again = until(lambda: (now := debugger.flow())["comment"].startswith("not resumed") and now, "note")
    assert again["intercepted"]
    assert not client.done()
    assert debugger.web("POST", f"/flows/{flow['id']}/revert").status == 200
    assert debugger.act(pause, "resume").status == 200
    assert client.result(SECONDS).status == 200


def test_killed_in_mitmweb(debugger, upstream):
    debugger.set("api=shop link=forward before")
    client = debugger.send("POST", "/shop/orders", b"x")
    debugger.stopped()

    assert debugger.web("POST", f"/flows/{debugger.flow()['id']}/kill").status == 200

    assert isinstance(client.exception(SECONDS), ConnectionError)
    until(lambda: not debugger.pauses(), "end of the pause")
    assert upstream.seen == []


def test_killed_in_mitmweb_while_its_own_interception_holds_it(debugger, upstream):
    """mitmproxy by itself leaves the client waiting for ever."""
    assert debugger.web("PUT", "/options", {"intercept": "~u killed"}).status == 200
    try:
        client = debugger.send("GET", "/shop/killed")
        flow = until(lambda: (now := debugger.flow())["intercepted"] and now, "intercepted flow")
        assert debugger.web("POST", f"/flows/{flow['id']}/kill").status == 200
        assert isinstance(client.exception(SECONDS), ConnectionError)
    finally:
        debugger.web("PUT", "/options", {"intercept": None})


def test_reverting_a_flow_leaves_its_connections_alone(debugger, upstream):
    with socket.create_connection(("127.0.0.1", debugger.gateway.port), SECONDS) as client:
        for count in (1, 2):
            client.sendall(b"GET /shop/elsewhere HTTP/1.1\r\nHost: a.test\r\n\r\n")
            answer = http.client.HTTPResponse(client)
            answer.begin()
            assert (answer.status, len(answer.read()) > 0) == (200, True)
            flow = until(lambda: (now := debugger.flow()).get("response", {}).get("timestamp_end") and now, "answer")
            assert flow["request"]["path"] == "/elsewhere"
            assert debugger.web("POST", f"/flows/{flow['id']}/revert").status == 200
            assert debugger.flow()["request"]["path"] == "/shop/elsewhere"
            assert len(upstream.seen) == count
    assert "Task exception" not in debugger.gateway.log()


@pytest.mark.parametrize("phase", ["request", "response"])
def test_a_client_that_goes_away_frees_its_pause(debugger, upstream, phase):
    link = {"request": "forward", "response": "response_headers"}[phase]
    debugger.set(f"api=shop phase={phase} link={link} before")
    with socket.create_connection(("127.0.0.1", debugger.gateway.port), SECONDS) as client:
        client.sendall(b"POST /shop/orders HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n{}")
        debugger.stopped()

    until(lambda: not debugger.pauses(), "end of the pause")
    assert len(upstream.seen) == (phase == "response")


def test_nothing_stops_when_nobody_watches(debugger):
    debugger.set("api=shop before")
    debugger.lease(0)
    debugger.watched_by(0)

    assert debugger.send("GET", "/shop/orders/1").result(SECONDS).status == 200

    assert debugger.breakpoints["breakpoints"][0]["hits"] == 0


def test_a_browser_at_mitmweb_watches(debugger):
    debugger.lease(0)
    debugger.watched_by(0)
    debugger.set("api=shop link=forward before")
    with socket.create_connection(("127.0.0.1", debugger.gateway.web), SECONDS) as browser:
        browser.sendall(
            f"GET /updates?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{debugger.gateway.web}\r\n"
            f"Authorization: Bearer {TOKEN}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert b"101" in browser.recv(4096)
        debugger.watched_by(1)
        client = debugger.send("GET", "/shop/orders/1")
        pause = debugger.stopped()

        assert debugger.act(pause, "resume").status == 200
        assert client.result(SECONDS).status == 200


def test_what_nobody_resumes_goes_on_by_itself(debugger, upstream):
    gateway = debugger.gateway
    file = gateway.folder / "gateway.json"
    file.write_text(json.dumps({"x-lockgate": {"watch": False, "debug": {"pause_seconds": 1}}}))
    assert "generation" in debugger.command("lockgate.reload")["value"]
    try:
        debugger.set("api=shop link=forward before")
        late = debugger.breakpoints["went_on_late"]
        began = time.monotonic()
        assert debugger.send("POST", "/shop/orders", b"x").result(SECONDS).json["body"] == "x"
        assert 1 <= time.monotonic() - began < SECONDS
        assert debugger.breakpoints["went_on_late"] == late + 1
    finally:
        file.write_text(json.dumps(SETTINGS))
        debugger.command("lockgate.reload")


def test_only_so_many_stop_and_they_hold_up_nobody(debugger, upstream):
    debugger.set("api=shop link=forward before if header X-Stop")
    clients = [debugger.send("GET", f"/shop/orders/{number}", X_Stop="1") for number in range(3)]
    until(lambda: len(debugger.pauses()) == 3, "three pauses")
    passed = debugger.breakpoints["passed_by"]

    assert debugger.send("GET", "/shop/orders/4", X_Stop="1").result(SECONDS).status == 200
    assert debugger.send("GET", "/shop/orders/5").result(SECONDS).status == 200

    assert debugger.breakpoints["passed_by"] == passed + 1
    assert not any(client.done() for client in clients)
    assert sorted(debugger.command("lockgate.resume", "all")["value"].split()[0:1]) == ["resumed"]
    assert {client.result(SECONDS).status for client in clients} == {200}


def test_a_reload_leaves_a_stopped_exchange_on_its_definitions(debugger, upstream):
    debugger.set("api=shop link=url_rewrite before")
    client = debugger.send("GET", "/shop/orders/9")
    pause = debugger.stopped()
    changed = json.loads(json.dumps(shop(upstream.url)).replace("/rewritten/", "/elsewhere/"))
    debugger.gateway.define("shop", changed)
    debugger.command("lockgate.reload")
    try:
        assert debugger.act(pause, "resume").status == 200
        assert client.result(SECONDS).json["target"] == "/rewritten/9"
    finally:
        debugger.gateway.define("shop", shop(upstream.url))
        debugger.command("lockgate.reload")


def test_commands_of_mitmweb(debugger, upstream):
    said = debugger.command("lockgate.break", "api=shop", "link=forward", "before", "if", "~m POST")["value"]
    assert said.endswith("api=shop link=forward before if ~m POST  (0 stopped)")
    assert debugger.send("GET", "/shop/orders/1").result(SECONDS).status == 200
    client = debugger.send("POST", "/shop/orders", b"x")
    pause = debugger.stopped()

    assert f"{pause['exchange']} stopped before forward (request)" in debugger.command("lockgate.breaks")["value"]
    assert "steps on" in debugger.command("lockgate.step")["value"]
    until(lambda: (now := debugger.pauses()) and now[0]["phase"] == "response", "stop on the way back")
    said = debugger.command("lockgate.answer", "-", "201", "made here", "X-By: command")
    assert said["value"] == f"{pause['exchange']} answered with 201"
    answer = client.result(SECONDS)
    assert (answer.status, answer.body, answer.headers["x-by"]) == (201, b"made here", "command")

    assert "did you mean 'link='" in debugger.command("lockgate.break", "lnk=forward")["error"]
    assert "did you mean 'shop'" in debugger.command("lockgate.break", "api=shoop")["error"]
    assert "no exchange 'x' is stopped" in debugger.command("lockgate.drop", "x")["error"]
    number = debugger.breakpoints["breakpoints"][0]["id"]
    assert debugger.command("lockgate.unbreak", number)["value"] == f"removed {number}"


def test_a_body_that_would_stream_is_held_for_a_breakpoint(debugger, upstream):
    """One that mitmweb alone would not keep: longer than a megabyte."""
    body = b"x" * 1_500_000
    debugger.set("api=shop link=forward before")
    client = debugger.send("POST", "/shop/orders", body)
    pause = debugger.stopped()
    assert pause["request"]["body_size"] == len(body)
    assert debugger.act(pause, "resume", edit={"body": "short"}).status == 200
    assert client.result(SECONDS).json["body"] == "short"


def test_a_body_that_is_too_large_passes_by(debugger, upstream):
    body = b"y" * (17 * 1024 * 1024)
    debugger.set("api=shop link=forward before")
    client = debugger.send("POST", "/shop/elsewhere", body)
    pause = debugger.stopped()

    assert "not held" in pause["request"]["body_note"]
    refused = debugger.act(pause, "resume", edit={"body": "short"})
    assert refused.json["error"] == "the body cannot be changed: it was not held, and streams past"
    assert debugger.act(pause, "resume", edit={"headers": [["X-Edited", "1"]]}).status == 200
    assert client.result(SECONDS).status == 200
    assert (len(upstream.seen[0].body), upstream.seen[0].headers["x-edited"]) == (len(body), "1")


def test_a_body_of_unknown_length_is_held_too(debugger, upstream):
    debugger.set("api=shop link=forward before")
    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(
            debugger.gateway.ask, "POST", "/shop/elsewhere", iter([b"one", b"two"]), None, encode_chunked=True
        )
        pause = debugger.stopped()
        assert pause["request"]["body"] == "onetwo"
        assert debugger.act(pause, "resume", edit={"body": "three"}).status == 200
        assert client.result(SECONDS).json["body"] == "three"


def test_a_body_of_unknown_length_that_is_too_large_passes_by(debugger, upstream):
    debugger.set("api=shop link=forward before")
    parts = [b"z" * (1024 * 1024)] * 18
    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(debugger.gateway.ask, "POST", "/shop/elsewhere", iter(parts), None, encode_chunked=True)
        pause = debugger.stopped()
        assert "not held" in pause["request"]["body_note"]
        assert debugger.act(pause, "resume").status == 200
        assert client.result(SECONDS).status == 200
    assert upstream.seen[0].body == b"".join(parts)


def test_the_api_says_what_is_wrong(debugger):
    ask = debugger.gateway.api
    assert ask("POST", "/lockgate/api/breakpoints", {"api": "shop", "link": "url_rewrit"}).json["error"] == (
        "expected the name of a middleware, found 'url_rewrit': did you mean 'url_rewrite'?"
    )
    assert ask("DELETE", "/lockgate/api/breakpoints/99").status == 404
    assert ask("PATCH", "/lockgate/api/breakpoints/99", {"enabled": False}).status == 404
    assert ask("POST", "/lockgate/api/lease", {"seconds": 1000}).status == 400
    unauthorised = _ask(debugger.gateway.web, "GET", "/lockgate/api/pauses", None, {})
    assert unauthorised.status == 403


def test_a_breakpoint_is_switched_off_and_removed(debugger):
    made = debugger.set("api=shop before")
    ask = debugger.gateway.api
    assert ask("PATCH", f"/lockgate/api/breakpoints/{made}", {"enabled": False}).json["enabled"] is False
    assert debugger.send("GET", "/shop/orders/1").result(SECONDS).status == 200
    assert ask("DELETE", f"/lockgate/api/breakpoints/{made}").status == 204
    assert debugger.breakpoints["breakpoints"] == []


def test_the_trace_beside_a_stopped_exchange_is_masked(debugger):
    debugger.set("api=shop link=forward before")
    client = debugger.send("GET", "/shop/orders/1", Authorization="Bearer very-secret-token")
    pause = debugger.stopped()

    assert ["Authorization", "Bearer very-secret-token"] in pause["request"]["headers"]
    assert "very-secret-token" not in json.dumps(pause["trace"])
    debugger.act(pause, "resume")
    assert client.result(SECONDS).status == 200


def test_a_write_timeout_does_not_count_the_pause(debugger):
    """The stream's deadlines begin anew where an exchange was stopped."""
    seconds = 2
    gateway = debugger.gateway
    file = gateway.folder / "gateway.json"
    file.write_text(json.dumps({**SETTINGS, "http_server_options": {"write_timeout": seconds}}))
    debugger.command("lockgate.reload")
    try:
        debugger.set("api=shop link=forward before")
        client = debugger.send("POST", "/shop/orders", b"x")
        pause = debugger.stopped()
        left = 60 - seconds - 0.3
        until(lambda: debugger.look(pause["exchange"])["seconds_left"] < left, "end of the client's time")
        assert debugger.act(pause, "resume").status == 200
        assert client.result(SECONDS).status == 200
    finally:
        file.write_text(json.dumps(SETTINGS))
        debugger.command("lockgate.reload")
