"""The list of exchanges and the trace page in a real browser, on a real gateway."""

import http.client
import json
import re
import threading

import pytest
from playwright.sync_api import expect
from tests.apis import oas, snapshot, tried
from tests.live.web_gateway import SECONDS, TOKEN, JsonUpstream, WebGateway, follow, until
from tests.pages.serving import serving

from lockgate.debugging.desk import Desk
from lockgate.inspection import SYSTEM
from lockgate.snapshot import Gateway

pytestmark = pytest.mark.timeout(120)

HOSTILE = "</script><img src=x onerror=alert(1)><b>\u202etxt"
MANY = 20_000
TEMPLATE = "eyJuZXciOiB7ey5hIHwganNvbk1hcnNoYWx9fX0="
"""{"new": {{.a | jsonMarshal}}}"""


def document(url):
    return oas(
        {
            "GET /users/{id}": {
                "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": "one"}]},
                "urlRewrite": {"enabled": True, "pattern": "/users/(.*)", "rewriteTo": "/people/$1"},
            },
            "POST /orders": {"transformRequestBody": {"enabled": True, "format": "json", "body": TEMPLATE}},
            "GET /loop": {"urlRewrite": {"enabled": True, "pattern": "/loop", "rewriteTo": "tyk://other/x"}},
            "GET /blocked": {"block": {"enabled": True}},
        },
        name="users",
        listen="/u/",
        upstream=url,
    )


# Made before there is a browser, which has an event loop of its own.
OF = snapshot(document("http://127.0.0.1:9"))
USUAL = tried(OF, "GET", "/u/users/1")
REFUSED = tried(OF, "GET", "/u/blocked")


@pytest.fixture(scope="module")
def upstream():
    with JsonUpstream().running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("trace-page"))
    text = json.dumps(document(upstream.url), indent=1)
    (made.folder / "definitions" / "users.json").write_text(text)
    made.define("other", oas(name="other", listen="/other/", upstream=upstream.url))
    with made.running({"x-lockgate": {"watch": False}}) as running:
        yield running


@pytest.fixture
def page(browser):
    """A page on which nothing may go wrong: no script fails, no policy is broken, nothing is asked for elsewhere."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: faults.append(request.url) if not is_own(request.url) else None)
    page.faults = faults
    yield page
    context.close()
    assert faults == []


def is_own(url):
    return url.startswith(("http://127.0.0.1:", "data:"))


def rows(page):
    return page.locator("#exchanges tbody tr")


def at_list(page, gateway, line=""):
    page.goto(gateway.address(f"/lockgate/?filter={line}"))
    expect(page.locator("#counts")).to_contain_text("kept")


def at_trace(page, gateway, method, path, body=None, headers=None):
    """The trace page of a request that was sent."""
    gateway.ask(method, path, body, headers)
    newest = gateway.api("GET", "/lockgate/api/exchanges?limit=1").json["rows"][0]
    page.goto(gateway.address(f"/lockgate/exchanges/{newest['id']}"))
    expect(page.locator(".trace")).to_be_visible()
    return newest["id"]


def step(page, name):
    return page.locator("details.step").filter(has=page.locator(".link", has_text=re.compile(f"^{name}$")))


def test_exchanges_appear_as_they_come(page, gateway):
    at_list(page, gateway, "path:appears")
    expect(page.locator("#none")).to_be_visible()

    gateway.ask("GET", "/u/users/1?appears=1")
    gateway.ask("GET", "/u/blocked?appears=2")

    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("/u/blocked?appears=2")
    expect(rows(page).first).to_contain_text("reject")
    expect(rows(page).first).to_contain_text("403")


def test_an_exchange_under_way_appears_at_once_and_ends(page, gateway, upstream):
    at_list(page, gateway, "path:slow")
    upstream.gate = threading.Barrier(2)
    client = threading.Thread(target=gateway.ask, args=("GET", "/u/users/slow"))
    client.start()
    try:
        expect(rows(page)).to_have_count(1)
        expect(rows(page).first).to_contain_text("under way")
        follow(rows(page).locator("a"))
        expect(page.locator("#trace")).to_contain_text("under way")
        expect(page.get_by_text("client gets")).to_have_count(0)
    finally:
        upstream.gate.wait(SECONDS)
        upstream.gate = None
        client.join(SECONDS)
    expect(page.get_by_text("client gets")).to_be_visible()


def test_held_lists_stand_still(page, gateway):
    at_list(page, gateway, "path:held")
    page.keyboard.press("p")
    expect(page.locator("#hold")).to_have_attribute("aria-pressed", "true")

    gateway.ask("GET", "/u/users/held")
    expect(page.locator("#counts")).to_contain_text("held")
    kept = gateway.api("GET", "/lockgate/api/exchanges?limit=1").json["kept"]
    expect(page.locator("#counts")).to_contain_text(f"{kept} kept")
    expect(rows(page)).to_have_count(0)

    page.keyboard.press("p")
    expect(rows(page)).to_have_count(1)


def test_filter_by_line_and_by_control(page, gateway):
    gateway.ask("GET", "/u/users/f?filtered")
    gateway.ask("GET", "/u/blocked?filtered")
    at_list(page, gateway, "path:filtered")
    expect(rows(page)).to_have_count(2)

    page.select_option("#by-outcome", "reject")

    expect(rows(page)).to_have_count(1)
    expect(page.locator("#filter")).to_have_value("path:filtered outcome:reject")
    assert "outcome%3Areject" in page.url
    page.fill("#filter", "path:filtered link:url_rewrite")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("/u/users/f")
    expect(page.locator("#by-link")).to_have_value("url_rewrite")
    expect(page.locator("#by-outcome")).to_have_value("")


def test_a_wrong_filter_says_what_is_right(page, gateway):
    at_list(page, gateway)

    page.fill("#filter", "stauts:404")

    expect(page.locator("#wrong")).to_contain_text("did you mean 'status:'?")
    expect(page.locator("#filter")).to_have_attribute("aria-invalid", "true")
    page.fill("#filter", "status:404")
    expect(page.locator("#wrong")).to_be_hidden()
    page.faults[:] = [one for one in page.faults if "400 (Bad Request)" not in one]


def test_keys_are_enough(page, gateway):
    gateway.ask("GET", "/u/users/keys")
    for number in range(3):
        gateway.ask("GET", f"/u/users/keys-{number}")
    at_list(page, gateway)
    expect(rows(page).nth(3)).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("path:keys-")
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(rows(page).nth(1).locator("a")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#title")).to_contain_text("GET /u/users/keys-1 → 200")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("run again, and compare")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("f")
    expect(page.locator("details.step:not([open])")).to_have_count(0)
    page.keyboard.press("f")
    expect(page.locator("details.step[open]")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("details.step").first).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/lockgate/\\?filter="))
    expect(rows(page).nth(1).locator("a")).to_be_focused()  # The list goes on where somebody left it.
    page.keyboard.press("c")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("#verdict")).to_contain_text("difference")


def test_a_list_that_is_read_anew_keeps_the_focus(page, gateway):
    for number in range(2):
        gateway.ask("GET", f"/u/users/focus-{number}")
    at_list(page, gateway, "path:focus-")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = rows(page).nth(1)
    expect(row.locator("a")).to_be_focused()
    before = row.element_handle()

    page.keyboard.press("p")
    page.keyboard.press("p")  # Reads it anew.

    until(lambda: not before.evaluate("row => row.isConnected"), "new row")
    expect(row.locator("a")).to_be_focused()


def test_a_click_counts_where_the_row_changes_meanwhile(page, gateway, upstream):
    at_list(page, gateway, "path:click")
    other = page.context.new_page()
    at_list(other, gateway, "path:click")
    upstream.gate = threading.Barrier(2)
    client = threading.Thread(target=gateway.ask, args=("GET", "/u/users/click"))
    client.start()
    try:
        expect(rows(page)).to_contain_text("under way")
        rows(page).locator("td").first.hover()
        page.mouse.down()
    finally:
        upstream.gate.wait(SECONDS)
        upstream.gate = None
        client.join(SECONDS)
    expect(rows(other)).to_contain_text("200")
    expect(page.locator("#counts")).to_contain_text("kept")
    page.mouse.up()

    expect(page).to_have_url(re.compile("/lockgate/exchanges/"))
    other.close()


def test_a_listener_that_is_refused_asks_again(page, gateway):
    page.route("**/lockgate/api/live**", lambda route: route.fulfill(status=403))
    at_list(page, gateway, "path:refused")
    expect(page.locator("#status")).to_contain_text("trying again")
    page.unroute("**/lockgate/api/live**")

    gateway.ask("GET", "/u/users/refused")

    expect(rows(page)).to_have_count(1)
    expect(page.locator("#status")).to_be_empty()
    page.faults[:] = [one for one in page.faults if "403 (Forbidden)" not in one]


@pytest.mark.parametrize("width", [700, 900, 1400])
def test_paths_are_seen_however_wide_the_window_is(page, gateway, width):
    gateway.ask("GET", "/u/users/wide")
    page.set_viewport_size({"width": width, "height": 800})
    at_list(page, gateway, "path:wide")

    assert rows(page).first.locator("a").locator("xpath=..").bounding_box()["width"] > 150
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_steps_say_why_they_ran_and_what_they_changed(page, gateway):
    at_trace(page, gateway, "GET", "/u/users/7")

    rewrite = step(page, "url_rewrite")
    rewrite.locator("summary").click()
    expect(rewrite.locator(".why")).to_contain_text("GET /users/{id}: '/users/([^/]+)' is found in '/users/7'")
    headers = step(page, "request_headers")
    expect(headers).to_contain_text("+X-Added")
    headers.locator("summary").click()
    expect(headers.locator("table.changes tr", has_text="X-Added").locator("td.added")).to_have_text("one")
    expect(page.locator(".side.request .message").first).to_contain_text("GET /u/users/7")
    expect(page.locator(".side.request .message").last).to_contain_text("GET /people/7")
    expect(page.locator(".side.response .message").last).to_contain_text("200")


def test_a_step_leads_to_its_line(page, gateway):
    at_trace(page, gateway, "GET", "/u/users/7")
    lines = (gateway.folder / "definitions" / "users.json").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if '"urlRewrite"' in text)

    rewrite = step(page, "url_rewrite")
    rewrite.locator("summary").click()
    link = rewrite.get_by_role("link", name=f"users.json:{line}")
    assert link.get_attribute("href") == f"/lockgate/apis/users/source#L{line}"
    follow(link)

    expect(page.locator(f"#L{line}")).to_contain_text("urlRewrite")


def test_what_did_not_run_says_why(page, gateway):
    at_trace(page, gateway, "GET", "/u/blocked")

    out = page.locator("details.left-out").first
    expect(out.locator("summary")).to_contain_text("forward")
    out.locator("summary").click()

    expect(out).to_contain_text("not reached: access ended the chain (reject)")
    expect(out).to_contain_text("no entry matches GET /u/blocked (it has GET /users/{id}")
    expect(step(page, "access")).to_have_attribute("open", "")


def test_bodies_stand_beside_each_other(page, gateway):
    body = json.dumps({"a": HOSTILE}).encode()
    at_trace(page, gateway, "POST", "/u/orders", body, {"Content-Type": "application/json"})

    transform = step(page, "request_body_transform")
    transform.locator("summary").click()

    expect(transform.locator("table.sides .removed")).to_contain_text('"a"')
    expect(transform.locator("table.sides .added")).to_contain_text('"new"')


def test_lines_that_only_moved_deeper_are_the_same(page, gateway):
    at_list(page, gateway)
    kinds = """async ([before, after]) => {
        const { sideBySide } = await import("/lockgate/static/texts.js");
        return [...sideBySide(before, after).querySelectorAll("tbody tr")].map((row) =>
            [...row.querySelectorAll("td:not(.number)")].map((cell) => `${cell.className}|${cell.textContent.trim()}`));
    }"""

    wrapped = page.evaluate(kinds, ['{"id": 1, "name": "a"}', '{"order": {"id": 1}}'])
    assert wrapped == [
        ["|{", "|{"],
        ["absent|", 'added|"order": {'],
        ['|"id": 1,', '|"id": 1'],
        ['removed|"name": "a"', "added|}"],
        ["|}", "|}"],
    ]
    assert page.evaluate(kinds, ["", "a"]) == [["absent|", "added|a"]]
    assert page.evaluate(kinds, [" a", "a"]) == [["removed|a", "added|a"]]
    many = "\n".join(map(str, range(1000)))
    assert page.evaluate(kinds, ["", many])[400:] == [["|600 more rows"]]


def test_calls_stay_open_through_a_rendering(page, gateway):
    at_trace(page, gateway, "GET", "/u/users/calls")

    opened = page.evaluate(
        """async (id) => {
        const { renderTrace } = await import("/lockgate/static/timeline.js");
        const { trace } = await (await fetch(`/lockgate/api/exchanges/${id}`)).json();
        const answer = { status: 200, headers: [["X-A", ""]], body: { size: 0 }, seconds: 1 };
        trace.steps[1].calls = [{ service: "http", operation: "send", arguments: ["GET", "http://a.test/", [], null], answer }];
        const folds = new Map([["step 1", true]]);
        const first = renderTrace(trace, { folds });
        document.body.append(first);
        first.querySelector(".call summary").click();
        await new Promise((done) => setTimeout(done));
        first.querySelector(".call .message:last-child summary").click();
        await new Promise((done) => setTimeout(done));
        const next = renderTrace(trace, { folds });
        return [...next.querySelectorAll(".call details[open], .call[open]")].map((one) => one.textContent);
    }""",
        page.url.rpartition("/")[2].partition("?")[0],
    )

    assert len(opened) == 2
    assert "X-Aempty" in opened[1]


def test_a_loop_is_a_pass_within_the_one_before(page, gateway):
    at_trace(page, gateway, "GET", "/u/loop")

    inner = page.locator(".pass .pass.inner")
    expect(inner.locator("h3")).to_contain_text("Pass 2: other")
    expect(inner.locator(".link", has_text="forward")).to_have_count(1)
    expect(page.locator(".pass").first.locator(".outcome", has_text="loop")).to_have_count(1)


def test_hostile_text_is_text(page, gateway):
    path = "/u/users/%3Cimg%20src=x%20onerror=alert(1)%3E"
    headers = {"X-Evil": HOSTILE.encode(), HOSTILE[:0] + "X-Control": "a\tb"}
    at_trace(page, gateway, "GET", path, None, headers)
    page.locator(".message summary").first.click()

    expect(page.locator("table.fields").first).to_contain_text("</script><img src=x onerror=alert(1)><b>")
    expect(page.locator("table.fields .control").first).to_have_text("\\u202e")
    expect(page.locator("#trace img, #trace script, #title img")).to_have_count(0)
    at_list(page, gateway, "header:onerror")
    expect(rows(page).first).to_be_visible()
    expect(page.locator("#exchanges img")).to_have_count(0)


def test_secrets_are_masked_and_the_command_is_copied_without(page, gateway):
    exchange = at_trace(page, gateway, "GET", "/u/users/1?token=Narwhal12", None, {"Authorization": "Bearer Narwhal12"})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.keyboard.press("c")

    expect(page.locator("#status")).to_contain_text("copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl -i -g --path-as-is 'http://a.test/u/users/1?token=•••'")
    assert "Narwhal" not in page.content() + copied
    file = gateway.api("GET", f"/lockgate/api/exchanges/{exchange}/trace")
    assert file.headers["content-disposition"] == f'attachment; filename="trace-{exchange}.json"'
    assert b"Narwhal" not in file.body


def test_run_again_leads_to_the_comparison(page, gateway):
    before = at_trace(page, gateway, "GET", "/u/users/again")

    page.keyboard.press("r")

    expect(page).to_have_url(re.compile(f"/lockgate/compare\\?before={before}&after="))


def test_the_flow_opens_in_mitmweb_and_its_view_leads_back(page, gateway):
    exchange = at_trace(page, gateway, "GET", "/u/users/flow")
    address = page.locator("#flow").get_attribute("href")
    flow = address.removeprefix("/#/flows/").removesuffix("/request")

    view = gateway.api("GET", f"/flows/{flow}/request/content/lockgate.json").json

    assert view["text"].splitlines()[0] == f"http://127.0.0.1:{gateway.web}/lockgate/exchanges/{exchange}"


def test_the_gateway_says_where_its_pages_are(gateway):
    said = f"pages of Lockgate: http://127.0.0.1:{gateway.web}/lockgate/\n"
    until(lambda: said in gateway.log(), "line that says it")


# Who may ask


def asked(gateway, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.web, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


KNOWN = {"Authorization": f"Bearer {TOKEN}"}
PATHS = [
    "/lockgate/",
    "/lockgate/exchanges/x",
    "/lockgate/api/exchanges",
    "/lockgate/api/live",
    "/lockgate/api/exchanges/x",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["nobody", "wrong token"])
def test_nobody_sees_anything_without_the_token(gateway, path, headers):
    status, text, _ = asked(gateway, "GET", path, headers)

    assert status == 403
    assert "in" in text
    assert "rows" not in text


@pytest.mark.parametrize("path", PATHS)
def test_another_name_for_this_machine_is_refused(gateway, path):
    status, text, _ = asked(gateway, "GET", path, {**KNOWN, "Host": f"evil.example:{gateway.web}"})

    assert status == 403
    assert "evil.example" in text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({**KNOWN, "Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({**KNOWN, "Sec-Fetch-Site": "same-site"}, id="same-site"),
    ],
)
def test_other_sites_cannot_post(gateway, headers):
    status, text, _ = asked(gateway, "POST", "/lockgate/api/exchanges/last/again", headers, "{}")

    assert status == 403
    assert "another site" in text


def test_a_cookie_alone_cannot_post(gateway):
    status, _, headers = asked(gateway, "GET", f"/lockgate/?token={TOKEN}", {})
    assert status == 200
    cookie = headers["Set-Cookie"].partition(";")[0]

    status, text, _ = asked(gateway, "POST", "/lockgate/api/exchanges/last/again", {"Cookie": cookie}, "{}")

    assert status == 403
    assert "_xsrf" in text


@pytest.mark.parametrize("path", ["/lockgate/", "/lockgate/api/exchanges"])
def test_pages_allow_nothing_but_their_own_files(gateway, path):
    _, _, headers = asked(gateway, "GET", path, KNOWN)

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "'unsafe-inline'" not in policy


def test_a_listener_does_not_keep_the_gateway_from_ending(upstream, tmp_path):
    made = WebGateway(tmp_path)
    made.define("users", document(upstream.url))
    connection = None
    with made.running({"x-lockgate": {"watch": False}}):
        connection = http.client.HTTPConnection("127.0.0.1", made.web, timeout=SECONDS)
        connection.request("GET", "/lockgate/api/live", headers=KNOWN)
        answer = connection.getresponse()
        assert answer.readline() == b": hello\n"
    connection.close()

    assert made.exit_code == 0, "it had to be killed"
    assert "Traceback" not in made.log()
    assert "never retrieved" not in made.log()


# Many


def test_twenty_thousand_exchanges_stay_usable(page):
    desk = Desk(Gateway(OF), SYSTEM, None)
    desk.exchanges.bound(MANY, 1 << 30)
    for number in range(MANY):
        desk.exchanges.began(REFUSED if number == 5 else USUAL, str(number))
        desk.exchanges.ended(str(number))
    with serving(desk) as served:
        page.goto(f"{served.url}/lockgate/")
        expect(rows(page)).to_have_count(100)
        expect(page.locator("#counts")).to_have_text("20,000 kept")

        page.fill("#filter", "outcome:reject")
        expect(rows(page)).to_have_count(1)
        expect(rows(page).locator("td").first).to_have_text("6")
        page.fill("#filter", '"is nowhere"')
        expect(page.locator("#none")).to_have_text("No exchange is as the filter says.")
        page.fill("#filter", "")
        expect(rows(page)).to_have_count(100)
        page.click("#older")
        expect(rows(page).first.locator("td").first).to_have_text("19900")
        page.reload()
        expect(rows(page).first.locator("td").first).to_have_text("19900")
        page.go_back()
        expect(rows(page).first.locator("td").first).to_have_text("20000")
        page.go_forward()
        expect(rows(page).first.locator("td").first).to_have_text("19900")
        assert rows(page).count() == 100
        served.do(lambda: [desk.exchanges.began(USUAL, f"new{number}") for number in range(300)])
        page.click("#newest")
        expect(rows(page).first.locator("td").first).to_have_text("20300")
        assert rows(page).count() == 100
        until(lambda: desk.exchanges.watched == 1, "single listener")
        page.goto("about:blank")
