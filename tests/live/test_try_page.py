"""The page "Try" in a real browser: edit, run, see; save, reload, run through the gateway."""

import base64
import json
import re

import pytest
from playwright.sync_api import expect
from tests.apis import oas
from tests.live.web_gateway import JsonUpstream, WebGateway, until

pytestmark = pytest.mark.timeout(90)

SETTINGS = {"x-lockgate": {"watch": False}, "secrets": {"price": "very-secret"}, "enable_jsvm": True}
TEMPLATE = '{"pet": {{jsonMarshal .name}}}'


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def pets(url, template=TEMPLATE):
    body = {"enabled": True, "format": "json", "body": encoded(template)}
    return oas({"POST /pets": {"transformRequestBody": body}}, name="pets", listen="/pets/", upstream=url)


@pytest.fixture(scope="module")
def upstream():
    with JsonUpstream().running() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream, tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("try"))
    made.define("pets", pets(upstream.url))
    with made.running(SETTINGS) as running:
        yield running


@pytest.fixture
def page(browser, gateway, upstream):
    upstream.seen.clear()
    (gateway.folder / "definitions" / "pets.json").write_text(json.dumps(pets(upstream.url), indent=1))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [one for one in page.faults if "Failed to load resource" not in one] == []


def opened(page, gateway, query=""):
    page.goto(gateway.address("/lockgate/try" + query))
    expect(page.locator("body")).to_have_attribute("data-ready", "yes")


def post_pets(page, body='{"name": "Bo"}'):
    page.fill("#method", "POST")
    page.fill("#path", "/pets/pets")
    page.fill("#headers", "Content-Type: application/json")
    page.fill("#body", body)


def upstream_body(page):
    """What would go upstream, opened."""
    message = page.locator(".ends details").first
    if message.get_attribute("open") is None:
        message.locator("summary").first.click()
    return message


def test_a_template_is_edited_run_saved_and_served(page, gateway, upstream):
    opened(page, gateway)
    post_pets(page)
    expect(page.locator("#inner")).to_have_value(TEMPLATE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".outcome-line")).to_have_text("200 · would go upstream")
    expect(upstream_body(page)).to_contain_text("Bo")

    page.fill("#inner", '{"animal": {{jsonMarshal .name}}, "kind": "cat"}')
    page.click("#run")
    expect(upstream_body(page)).to_contain_text("animal")
    assert upstream.seen == []  # Nothing was sent.
    served = gateway.ask("POST", "/pets/pets", b'{"name": "Bo"}', {"Content-Type": "application/json"})
    assert json.loads(upstream.seen[-1].body) == {"pet": "Bo"}  # Nothing was deployed.
    assert served.status == 200

    page.keyboard.press("Control+s")
    expect(page.locator("#diff .removed").last).to_have_text(f"-{TEMPLATE}")
    expect(page.locator("#diff .added").last).to_contain_text('+{"animal"')
    page.click("#save-now")
    expect(page.locator("#status")).to_contain_text("saved and loaded")
    expect(page.locator("#result")).to_contain_text("loaded: pets")
    expect(upstream_body(page)).to_contain_text("animal")
    expect(page.locator("#changed")).to_be_hidden()

    gateway.ask("POST", "/pets/pets", b'{"name": "Bo"}', {"Content-Type": "application/json"})
    assert json.loads(upstream.seen[-1].body) == {"animal": "Bo", "kind": "cat"}
    upstream.seen.clear()


def test_a_section_by_itself(page, gateway):
    opened(page, gateway)
    page.select_option("#what", "section")
    page.select_option("#pick", "transformRequestBody")
    page.fill("#text", '{"team": "{{._tyk_meta.team}}",\n "x": {{index .name "a"}}}')
    page.fill("#session", '{"meta_data": {"team": "blue"}}')
    page.fill("#body", '{"name": 1}')
    page.click("#run")

    expect(page.locator(".fault").first).to_contain_text("line 2")
    page.fill("#text", '{"team": "{{._tyk_meta.team}}"}')
    page.click("#run")
    expect(page.locator(".fault")).to_have_count(0)
    expect(upstream_body(page)).to_contain_text("blue")


def test_hostile_text_is_shown_as_text(page, gateway):
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    opened(page, gateway)
    page.select_option("#what", "section")
    page.select_option("#pick", "mockResponse")
    page.fill("#text", hostile)
    page.fill("#headers", f"X-A: {hostile}")
    page.click("#run")

    expect(page.locator(".outcome-line")).to_contain_text("200")
    page.evaluate("() => document.querySelectorAll('#result details').forEach((one) => { one.open = true })")
    expect(page.locator("#result")).to_contain_text("onerror")
    page.select_option("#what", "pasted")
    page.fill("#text", json.dumps({"openapi": hostile}))
    page.click("#run")
    expect(page.locator(".problem").first).to_contain_text("onerror")
    assert page.locator("#result img, #result script").count() == 0
    assert page.title().startswith("Try")


def test_a_recorded_exchange_fills_the_page_and_stays_masked(page, gateway, upstream):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer hush-hush-hush"}
    gateway.ask("POST", "/pets/pets", b'{"name": "Cleo"}', headers)
    sent = upstream.seen[-1]
    rows = until(lambda: gateway.api("GET", "/lockgate/api/exchanges").json.get("rows"), "exchange")
    opened(page, gateway, f"?exchange={rows[0]['id']}")

    expect(page.locator("#path")).to_have_value("/pets/pets")
    expect(page.locator("#headers")).to_have_value(re.compile("Authorization: •••"))
    assert "hush-hush" not in page.content()
    expect(page.locator("#text")).to_have_value(re.compile("x-tyk-api-gateway"))
    page.fill("#inner", '{"again": {{jsonMarshal .name}}}')
    page.click("#run")
    expect(upstream_body(page)).to_contain_text("Cleo")
    expect(upstream_body(page)).to_contain_text("again")
    assert sent.headers["authorization"] == "Bearer hush-hush-hush"
    assert "hush-hush" not in page.content()


def test_a_pointer_leads_to_its_section(page, gateway):
    at = "/x-tyk-api-gateway/middleware/operations/op0/transformRequestBody"
    opened(page, gateway, f"?api=pets&pointer={at}")

    selected = page.evaluate(
        "() => { const t = document.getElementById('text'); return t.value.slice(t.selectionStart, t.selectionEnd) }"
    )
    assert "transformRequestBody" in selected
    expect(page.locator("#inner")).to_have_value(TEMPLATE)
    expect(page.locator("#method")).to_have_value("POST")
    expect(page.locator("#path")).to_have_value("/pets/pets")
    page.fill("#inner", "{{.name.first}}")
    page.fill("#body", '{"name": "Bo"}')
    page.click("#run")
    page.locator(".fault button").click()
    expect(page.locator("#inner")).to_be_focused()
    page.locator("details.step", has_text="request_body_transform").get_by_role("button", name="line").click()
    expect(page.locator("#text")).to_be_focused()


def test_a_template_is_written_where_it_stands_now(page, gateway, upstream):
    document = pets(upstream.url)
    operations = document["x-tyk-api-gateway"]["middleware"]["operations"]
    operations["op0"]["transformResponseBody"] = {"enabled": True, "format": "json", "body": encoded(TEMPLATE)}
    (gateway.folder / "definitions" / "pets.json").write_text(json.dumps(document, indent=1))
    opened(page, gateway)
    page.select_option("#embedded", label="operations/op0/transformResponseBody/body")

    page.locator("#text").press("Control+Home")
    page.keyboard.type(" \n ")
    page.fill("#inner", "{}")

    sections = json.loads(page.input_value("#text"))["x-tyk-api-gateway"]["middleware"]["operations"]["op0"]
    assert sections["transformRequestBody"]["body"] == encoded(TEMPLATE)
    assert sections["transformResponseBody"]["body"] == encoded("{}")


def test_what_was_written_is_there_after_a_look_at_something_else(page, gateway):
    opened(page, gateway)
    file = page.input_value("#what")
    page.fill("#inner", "{{.edited}}")
    page.select_option("#what", "section")
    page.fill("#text", "{{.mine}}")
    page.select_option("#pick", index=1)
    expect(page.locator("#text")).not_to_have_value("{{.mine}}")

    page.select_option("#pick", index=0)
    expect(page.locator("#text")).to_have_value("{{.mine}}")
    page.select_option("#what", file)
    expect(page.locator("#inner")).to_have_value("{{.edited}}")
    expect(page.locator("#changed")).to_be_visible()


def test_an_exchange_that_is_gone_leaves_the_page_usable(page, gateway):
    opened(page, gateway, "?exchange=gone")

    expect(page.locator("#status")).to_contain_text("there is no exchange 'gone'")
    expect(page.locator("#text")).to_have_value(re.compile("x-tyk-api-gateway"))


def test_a_file_that_changed_meanwhile_is_not_overwritten(page, gateway, upstream):
    opened(page, gateway)
    page.fill("#inner", "{}")
    file = gateway.folder / "definitions" / "pets.json"
    file.write_text(json.dumps(pets(upstream.url, "{{.}}")))
    page.keyboard.press("Control+s")

    expect(page.locator("#status")).to_contain_text("changed since it was opened")
    assert json.loads(file.read_text()) == pets(upstream.url, "{{.}}")
