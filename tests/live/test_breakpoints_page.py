"""Breakpoints in a real browser: set, edit, step, resume, answer, and what a page says that was not asked."""

import http.client
import json
import re
import threading

import pytest
from playwright.sync_api import expect
from tests.apis import oas
from tests.live.web_gateway import JsonUpstream, WebGateway, follow, until
from tests.pace import paced

pytestmark = pytest.mark.timeout(90)

HOSTILE = "<img src=x onerror=alert(1)>"


def settings(pause_seconds):
    return {"x-lockgate": {"watch": False, "debug": {"pause_seconds": pause_seconds}}}


def orders(url):
    sections = {
        "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Trace", "value": "one"}]},
        "urlRewrite": {"enabled": True, "pattern": "/orders", "rewriteTo": "/v2/orders"},
        "transformResponseHeaders": {"enabled": True, "add": [{"name": "X-Served-By", "value": "orders"}]},
    }
    return oas({"POST /orders": sections}, name="orders", listen="/shop/", upstream=url)


class Client(threading.Thread):
    """A client that waits for its answer."""

    def __init__(self, gateway, **headers):
        super().__init__(daemon=True)
        self.gateway, self.headers, self.answer = gateway, headers, None
        self.start()

    def run(self):
        headers = {"Content-Type": "application/json", **self.headers}
        try:
            self.answer = self.gateway.ask("POST", "/shop/orders?x=1", b'{"a": 1}', headers)
        except OSError as error:
            self.answer = error

    def answered(self):
        self.join(20)
        assert self.answer is not None, "no answer came"
        return self.answer


@pytest.fixture(scope="module")
def upstream():
    with JsonUpstream().running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("breakpoints"))
    made.define("orders", orders(upstream.url))
    with made.running(settings(60)) as running:
        yield running


@pytest.fixture
def page(browser, gateway, upstream):
    upstream.seen.clear()
    page = browser.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(f"dialog: {dialog.message}"))
    yield page
    page.close()
    forget_breakpoints(gateway)
    for pause in gateway.api("GET", "/lockgate/api/pauses").json["pauses"]:
        gateway.api("POST", f"/lockgate/api/pauses/{pause['exchange']}", {"action": "drop"})
    # Who watched is gone a moment later; nothing of the next test may stop for it.
    until(lambda: gateway.api("GET", "/lockgate/api/breakpoints").json["watchers"] == 0, "end of watching")
    assert page.faults == []


def forget_breakpoints(gateway):
    for point in gateway.api("GET", "/lockgate/api/breakpoints").json["breakpoints"]:
        gateway.api("DELETE", f"/lockgate/api/breakpoints/{point['id']}")


def stop_at(page, gateway, query="link=url_rewrite"):
    """Set a breakpoint by the page's form."""
    page.goto(gateway.address(f"/lockgate/breakpoints?api=orders&{query}"))
    expect(page.locator("#points p")).to_have_text("None is set. Exchanges pass.")
    page.click("#add button.primary")
    expect(page.locator("#points tbody tr")).to_have_count(1)
    until(lambda: gateway.api("GET", "/lockgate/api/breakpoints").json["watchers"], "watcher")


def paused(page, gateway, query="link=url_rewrite", **headers):
    """The page of an exchange that stopped, and its client."""
    stop_at(page, gateway, query)
    client = Client(gateway, **headers)
    follow(page.locator("#pauses a"))
    expect(page.locator("#actions")).to_be_visible()
    return client


def stands(page):
    return page.locator("#where")


def field(page, name):
    return page.locator(f"#message [name={name}]")


def test_set_edited_stepped_and_resumed(page, gateway, upstream):
    client = paused(page, gateway)
    expect(stands(page)).to_have_text("Paused before url_rewrite")
    expect(page.locator("#trace .step .link").last).to_have_text("request_headers")

    field(page, "headers").fill(field(page, "headers").input_value() + "\nX-Edited: by hand")
    field(page, "body").fill('{"a": "longer than before"}')
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(stands(page)).to_have_text("Paused before forward")
    expect(page.locator("#trace .step .outcome").nth(2)).to_have_text("edited")
    page.keyboard.press("r")

    answer = client.answered()
    assert json.loads(answer.json["body"]) == {"a": "longer than before"}
    (seen,) = upstream.seen
    assert (seen.target, seen.headers["x-edited"]) == ("/v2/orders", "by hand")
    expect(stands(page)).to_have_text("Over: 200")
    expect(page.locator("#news")).to_contain_text("Resumed.")


def test_a_response_is_edited(page, gateway, upstream):
    client = paused(page, gateway, "link=response_headers&phase=response&when=after")
    expect(field(page, "method")).to_be_hidden()

    field(page, "status").fill("207")
    field(page, "body").fill("by hand")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    expect(stands(page)).to_have_text(re.compile("^Paused before "))
    page.keyboard.press("r")

    answer = client.answered()
    assert (answer.status, answer.body, answer.headers["x-served-by"]) == (207, b"by hand", "orders")


def test_a_refused_edit_says_why_beside_its_field(page, gateway, upstream):
    client = paused(page, gateway)

    for name, wrong, said in (
        ("url", "/shop/or ders", "a space"),
        ("headers", "no colon here", "line 1: expected"),
        ("headers", "X A: 1", "expected a header's name"),
        ("method", "GE T", "expected a method"),
    ):
        field(page, name).fill(wrong)
        page.click("[data-action=step]")
        expect(page.locator(f'#message .refusal[data-for="{name}"]')).to_contain_text(said)
        expect(page.locator("#message .refusal:visible")).to_have_count(1)
        expect(stands(page)).to_have_text("Paused before url_rewrite")
        page.click("#undo")
    page.click("[data-action=resume]")

    assert client.answered().status == 200
    assert upstream.seen[0].method == "POST"


def test_an_answer_from_the_page(page, gateway, upstream):
    client = paused(page, gateway)

    page.keyboard.press("a")
    page.locator("#answer [name=status]").fill("teapot")
    page.keyboard.press("Control+Enter")
    expect(page.locator('#answer .refusal[data-for="status"]')).to_contain_text("expected three digits")
    page.locator("#answer [name=status]").fill("418")
    page.locator("#answer [name=headers]").fill("X-By: hand\nContent-Type: text/plain")
    page.locator("#answer [name=body]").fill("short and stout")
    page.keyboard.press("Control+Enter")

    answer = client.answered()
    assert (answer.status, answer.body, answer.headers["x-by"]) == (418, b"short and stout", "hand")
    assert upstream.seen == []
    expect(stands(page)).to_have_text("Over: 418")
    expect(page.locator("#news")).to_contain_text("Answered: the client has what you gave.")


def test_dropped(page, gateway, upstream):
    client = paused(page, gateway)
    page.keyboard.press("d")

    client.answered()
    assert upstream.seen == []
    expect(page.locator("#news")).to_contain_text("Dropped")


def test_hostile_text_is_text(page, gateway):
    client = paused(page, gateway, **{"X-Name": HOSTILE})

    assert HOSTILE in field(page, "headers").input_value()
    page.locator("#trace summary").first.click()
    expect(page.locator("#trace")).to_contain_text(HOSTILE)
    assert page.locator("main img").count() == 0
    page.click("[data-action=resume]")
    client.answered()


def test_resumed_elsewhere(page, gateway):
    client = paused(page, gateway)
    exchange = page.url.rpartition("/")[2]
    assert gateway.api("POST", f"/lockgate/api/pauses/{exchange}", {"action": "resume"}).status == 200

    expect(page.locator("#news")).to_contain_text("It was resumed elsewhere")
    assert client.answered().status == 200
    expect(page.locator("#actions")).to_be_hidden()


def test_the_client_goes_away(page, gateway, upstream):
    stop_at(page, gateway)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    connection.request("POST", "/shop/orders", b"{}")
    follow(page.locator("#pauses a"))
    expect(page.locator("#actions")).to_be_visible()
    connection.close()

    expect(page.locator("#news")).to_contain_text("It ended while it was paused before url_rewrite")
    expect(page.locator("#news")).to_contain_text("Client disconnected")
    assert upstream.seen == []


def test_an_exchange_that_is_not_paused(page, gateway):
    gateway.ask("POST", "/shop/orders", b"{}")
    exchange = gateway.api("GET", "/lockgate/api/exchanges").json["rows"][0]["id"]
    page.goto(gateway.address(f"/lockgate/pauses/{exchange}"))
    expect(page.locator("#news")).to_contain_text("does not stand at a breakpoint")

    page.goto(gateway.address("/lockgate/pauses/0123456789ab"))
    expect(page.locator("#news")).to_contain_text("is kept, and none was forgotten since the start")
    expect(page.locator("#news button, #news a")).to_have_count(0)


def test_switched_off_on_and_removed_on_the_page(page, gateway):
    stop_at(page, gateway)
    page.locator("#points input[type=checkbox]").uncheck()
    expect(page.locator("#points tr.off")).to_have_count(1)
    assert gateway.ask("POST", "/shop/orders", b"{}").status == 200
    page.locator("#points button").click()
    expect(page.locator("#points p")).to_be_visible()

    page.fill("#add [name=condition]", "status > many")
    page.click("#add button.primary")
    expect(page.locator("#refusal")).to_contain_text("found 'many'")


def test_a_list_that_is_drawn_anew_keeps_the_focus(page, gateway):
    stop_at(page, gateway, "link=url_rewrite")
    gateway.api("POST", "/lockgate/api/breakpoints", {"spec": "api=orders link=forward off"})
    page.reload()
    remove = page.get_by_role("button", name="Remove api=orders link=forward")
    remove.focus()
    row = page.locator("#points tbody tr").first
    drawn = row.element_handle()

    client = Client(gateway)  # That it stopped is counted in the other row.

    expect(row.locator(".hits")).to_have_text("1 ×")
    assert not drawn.evaluate("row => row.isConnected")
    expect(remove).to_be_focused()
    page.locator("#pauses a").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#actions")).to_be_visible()
    expect(page.get_by_role("link", name="orders.json:")).to_be_visible()  # The line of the last step.
    page.keyboard.press("r")
    assert client.answered().status == 200


def test_break_here_fills_the_form(page, gateway):
    gateway.ask("POST", "/shop/orders", b"{}")
    exchange = gateway.api("GET", "/lockgate/api/exchanges").json["rows"][0]["id"]
    page.goto(gateway.address(f"/lockgate/exchanges/{exchange}"))
    page.locator(".step summary", has_text="url_rewrite").click()
    follow(page.locator(".break a"))

    expect(page.locator("#add button.primary")).to_be_focused()
    values = {name: page.locator(f"#add [name={name}]").input_value() for name in ("api", "endpoint", "link", "phase")}
    assert values == {"api": "orders", "endpoint": "POST /orders", "link": "url_rewrite", "phase": "request"}


@paced(1.5, 10.0)
def test_nobody_decides_in_time(page, gateway, upstream, pace):
    forget_breakpoints(gateway)
    redefine(gateway, settings(pace))
    try:
        client = paused(page, gateway)
        expect(page.locator("#left")).to_contain_text(" s")

        answer = client.answered()
        assert answer.status == 200
        expect(page.locator("#news")).to_contain_text(
            "Nobody decided in time: it went on by itself from before url_rewrite"
        )
        expect(stands(page)).to_have_text("Over: 200")
    finally:
        redefine(gateway, settings(60))


def redefine(gateway, changed):
    (gateway.folder / "gateway.json").write_text(json.dumps(changed))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
