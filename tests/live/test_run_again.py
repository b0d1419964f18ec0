"""The original request of an exchange through the present definitions, live."""

import json
import threading

import pytest
from playwright.sync_api import expect
from tests.apis import oas
from tests.live.web_gateway import TOKEN, JsonUpstream, WebGateway, until

from lockgate.cli import main

pytestmark = pytest.mark.timeout(90)

HOSTILE = "<img src=x onerror=alert(1)>"


def orders(url, trace="one", **sections):
    added = {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Trace", "value": trace}]}}
    return oas({"POST /orders": {**added, **sections}}, name="orders", listen="/shop/", upstream=url)


@pytest.fixture(scope="module")
def upstream():
    with JsonUpstream().running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("again"))
    made.define("orders", orders(upstream.url))
    made.define("sized", sized(upstream.url))
    with made.running({"x-lockgate": {"watch": False}}) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was(gateway, upstream):
    upstream.seen.clear()


def run_again(gateway, exchange="last", query=""):
    return gateway.api("POST", f"/lockgate/api/exchanges/{exchange}/again{query}")


def different(comparison, message):
    rows = next(one for one in comparison["messages"] if one["name"] == message)["rows"]
    return {row["name"]: (row["before"], row["after"]) for row in rows if not row["same"] and not row["ignored"]}


def test_the_same_request_arrives_and_goes_upstream_once_more(gateway, upstream):
    """Body, headers in their order, Host and query; nothing but what the upstream made of it is different."""
    headers = {"Content-Type": "application/json", "X-Many": "a, b", "Authorization": "Bearer 1234-5678-abcd"}
    assert gateway.ask("POST", "/shop/orders?x=1&y=%20", b'{"a": 1}', headers).status == 200

    again = run_again(gateway)

    assert again.status == 200, again.body
    first, second = upstream.seen
    assert first == second
    assert second.headers["x-trace"] == "one"
    told = again.json
    assert (told["over"], told["paused"]) == (True, False)
    assert told["before"] != told["after"]
    comparison = told["comparison"]
    assert [different(comparison, name) for name in ("request", "upstream_request")] == [{}, {}]
    assert different(comparison, "answer") == {"/number": ("1", "2")}
    assert "1234-5678" not in again.body.decode()


def test_a_chunked_body_is_sent_again_as_one(gateway, upstream):
    chunks = (chunk for chunk in (b'{"a":', b" 1}"))
    answer = gateway.ask("POST", "/sized/x", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    assert answer.status == 200, answer

    again = run_again(gateway)

    assert again.status == 200, again.body
    assert [seen.body for seen in upstream.seen] == [b'{"a": 1}'] * 2
    assert upstream.seen[0].headers == upstream.seen[1].headers
    assert different(again.json["comparison"], "request") == {}


def sized(url):
    """Its link reads the body, so that it is kept."""
    sections = {"transformRequestBody": {"enabled": True, "format": "json", "body": "eyJhIjoge3suYX19fQ=="}}
    return oas({"POST /x": sections}, name="sized", listen="/sized/", upstream=url)


def test_what_streamed_past_cannot_be_sent_again(gateway, upstream):
    chunks = (chunk for chunk in (b"a", b"b"))
    assert gateway.ask("POST", "/shop/orders", chunks, encode_chunked=True).status == 200

    again = run_again(gateway)

    assert again.status == 409
    assert "its body was not kept" in again.json["error"]
    assert len(upstream.seen) == 1


def test_a_request_for_another_protocol_cannot_be_sent_again(gateway, upstream):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
               "Sec-WebSocket-Version": "13"}  # fmt: skip
    gateway.ask("GET", "/shop/orders", headers=headers)

    again = run_again(gateway)

    assert again.status == 409
    assert "another protocol (websocket)" in again.json["error"]


def test_an_exchange_that_is_not_there_any_longer(gateway):
    again = run_again(gateway, "0123456789ab")

    assert again.status == 404
    assert "there is no exchange '0123456789ab'" in again.json["error"]


def redefined(gateway, upstream, trace):
    gateway.define("orders", orders(upstream.url, trace))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200


def test_a_change_of_the_definition_shows_in_the_browser(gateway, upstream, browser):
    """Run again from the page; a rule of one's own; the earlier exchange stays what it was."""
    redefined(gateway, upstream, "one")
    gateway.ask("POST", "/shop/orders?x=1", b"{}", {"Content-Type": "application/json", "X-Name": HOSTILE})
    first = gateway.api("GET", "/lockgate/api/exchanges").json["rows"][0]["id"]
    redefined(gateway, upstream, "two")
    page = browser.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(gateway.address(f"/lockgate/compare?before={first}&after={first}"))
    expect(page.locator("#verdict")).to_have_text("Nothing is different")

    page.keyboard.press("r")

    sent = page.locator('[data-message="upstream_request"] tr.different')
    expect(sent).to_have_count(1)
    expect(sent.locator("th")).to_contain_text("X-Trace")
    expect(sent.locator("td.removed")).to_have_text("one")
    expect(sent.locator("td.added")).to_have_text("two")
    expect(page.locator(".heads")).to_contain_text(f"{first} · orders · definitions generation")
    answer = page.locator('[data-message="answer"] tr.different th')
    assert [name.removesuffix("ignore") for name in answer.all_inner_texts()] == ["/number", "/trace"]
    expect(page.locator("#verdict")).to_contain_text("5 differences")
    page.locator('[data-message="answer"] tr.different').first.hover()
    page.locator('[data-message="answer"] .ignore').first.click()
    expect(page.locator("#verdict")).to_contain_text("3 differences")
    page.locator(".chip").click()
    expect(page.locator("#verdict")).to_contain_text("5 differences")
    page.locator('[data-message="request"] .gap').click()
    page.locator('[data-message="request"] td .gap').first.click()
    expect(page.locator('[data-message="request"]')).to_contain_text(HOSTILE)
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.classList.contains('different')")
    assert page.locator("main img").count() == 0
    page.close()
    assert faults == []


def test_from_the_command_line(gateway, upstream, capsys, monkeypatch):
    redefined(gateway, upstream, "one")
    gateway.ask("POST", "/shop/orders", b"{}", {"Content-Type": "application/json"})
    exchange = gateway.api("GET", "/lockgate/api/exchanges").json["rows"][0]["id"]
    web = ("--web", f"127.0.0.1:{gateway.web}")
    monkeypatch.setenv("LOCKGATE_WEB_TOKEN", TOKEN)
    number = ("--ignore", "json:/number")

    assert main(["again", "last", *web, *number]) == 0
    assert "0 differences" in capsys.readouterr().out

    redefined(gateway, upstream, "two")
    assert main(["again", exchange, *web, *number]) == 1
    said = capsys.readouterr().out
    assert "POST /shop/orders: 200, now 200" in said
    assert "  upstream request header X-Trace: was one, now two" in said
    assert f"/lockgate/compare?before={exchange}&after=" in said

    assert main(["again", exchange, *web, "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["comparison"]["different"] == 5

    assert main(["again", exchange, *web, "--token", "wrong"]) == 2
    assert "answered 403: the token is wrong" in capsys.readouterr().err
    assert main(["again", "0123456789ab", *web]) == 2
    assert "answered 404: there is no exchange" in capsys.readouterr().err
    assert main(["again", "last", *web, "--ignore", "nonsense"]) == 2
    assert "answered 400: expected header:NAME" in capsys.readouterr().err


def test_a_new_exchange_that_stops_is_not_waited_for(gateway, upstream):
    gateway.ask("POST", "/shop/orders", b"{}")
    assert gateway.api("POST", "/lockgate/api/breakpoints", {"link": "forward", "one_shot": True}).status == 201
    gateway.api("POST", "/lockgate/api/lease", {"seconds": 30})

    told = run_again(gateway).json

    assert (told["over"], told["paused"], told["comparison"]) == (False, True, None)
    assert gateway.api("POST", f"/lockgate/api/pauses/{told['after']}", {"action": "resume"}).status == 200
    gateway.api("POST", "/lockgate/api/lease", {"seconds": 0})
    address = f"/lockgate/api/compare?before={told['before']}&after={told['after']}"
    compared = until(lambda: over(gateway.api("GET", address).json), "end")
    assert different(compared, "upstream_request") == {}


def over(compared):
    return compared if compared["after"]["over"] else None


def test_several_at_once(gateway, upstream):
    """None waits for another: the upstream holds each until all are there."""
    gateway.ask("POST", "/shop/orders", b"{}")
    exchange = run_again(gateway).json["after"]
    upstream.seen.clear()
    upstream.gate = threading.Barrier(3)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(run_again(gateway, exchange))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    upstream.gate = None

    assert [answer.status for answer in answers] == [200] * 3
    assert len({answer.json["after"] for answer in answers}) == 3


def test_an_upstream_that_does_not_answer(gateway, upstream):
    """The answer is the gateway's then, and the run is over."""
    gateway.define("gone", oas({}, name="gone", listen="/gone/", upstream="http://127.0.0.1:1"))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    assert gateway.ask("GET", "/gone/x").status == 500

    again = run_again(gateway)

    assert again.status == 200
    assert again.json["comparison"]["after"]["status"] == 500
    assert again.json["comparison"]["different"] == 0
