"""The designer view, the pages of files and the report of reloads, in a real browser on a real gateway."""

import json

import pytest
from playwright.sync_api import expect
from tests.apis import oas
from tests.live.web_gateway import WebGateway, follow

pytestmark = pytest.mark.timeout(90)

REWRITE = {"enabled": True, "pattern": r"/pets/(\w+)", "rewriteTo": "/animals/$1"}
POINTER = "/x-tyk-api-gateway/middleware/operations/op0/urlRewrite"


def define(gateway, document):
    """As people write it: one key a line."""
    (gateway.folder / "definitions" / "pets.json").write_text(json.dumps(document, indent=1))


def pets(**rewrite):
    operations = {
        "GET /pets/{id}": {"urlRewrite": {**REWRITE, **rewrite}},
        "DELETE /pets/{id}": {"block": {"enabled": True}},
    }
    return oas(operations, name="pets", listen="/shop/", upstream="http://127.0.0.1:9")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    made = WebGateway(tmp_path_factory.mktemp("designer"))
    define(made, pets())
    with made.running({"x-lockgate": {"watch": False}}) as running:
        yield running


@pytest.fixture
def page(browser, gateway):
    define(gateway, pets())
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [fault for fault in faults if "Failed to load resource" not in fault] == []


def cell(page, endpoint, middleware):
    return page.locator(f'#matrix button[aria-label^="{endpoint}: {middleware}"]')


def test_from_the_list_to_a_cell_and_to_its_lines(page, gateway):
    page.goto(gateway.address("/lockgate/apis"))
    page.fill("#filter", "nothing of the kind")
    expect(page.locator("#shown")).to_have_text("0")
    page.fill("#filter", "pets")
    follow(page.get_by_role("link", name="pets", exact=True))

    expect(page.locator("h1")).to_have_text("pets")
    expect(page.locator("#details")).to_be_hidden()
    cell(page, "GET /pets/{id}", "url_rewrite").click()
    details = page.locator("#details")
    expect(details).to_contain_text("/animals/$1")
    expect(details.get_by_role("link", name="Try")).to_have_attribute(
        "href", f"/lockgate/try?api=pets&pointer={POINTER.replace('/', '%2F')}"
    )
    expect(details.get_by_role("link", name="Break here")).to_have_attribute(
        "href", "/lockgate/breakpoints?api=pets&link=url_rewrite&phase=request&endpoint=GET+%2Fpets%2F%7Bid%7D"
    )
    follow(details.get_by_role("link", name="Source"))

    expect(page.locator("tr.marked").first).to_be_in_viewport()
    expect(page.locator("tr.marked").first).to_contain_text("urlRewrite")


def test_the_chain_of_a_request_says_what_is_left_out_and_why(page, gateway):
    page.goto(gateway.address("/lockgate/apis/pets"))
    page.get_by_role("button", name="GET /pets/{id}", exact=True).click()
    expect(page.locator("#url")).to_have_value("/shop/pets/1")
    expect(page.locator("#answer .ending")).to_have_text("upstream: GET http://127.0.0.1:9/animals/1")

    page.fill("#method", "POST")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("its entries for /shop/pets/1 have other methods: GET")

    page.fill("#url", "nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("expected a path that begins with '/', found 'nonsense'")


def test_a_section_that_is_off_shows_at_its_cell_and_in_the_chain(page, gateway):
    define(gateway, pets(enabled=False))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    page.goto(gateway.address("/lockgate/apis/pets"))
    expect(cell(page, "GET /pets/{id}", "url_rewrite")).to_have_text("off")
    page.get_by_role("button", name="GET /pets/{id}", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("switched off for GET /pets/{id}")


def test_the_report_follows_reloads_and_leads_to_what_is_wrong(page, gateway):
    page.goto(gateway.address("/lockgate/reload"))
    report = page.locator("#report")
    expect(report).to_contain_text("0 errors")

    define(gateway, pets(pattern="("))
    page.click("text=Load again now")
    expect(page.locator("#status")).to_have_text("loaded again")
    expect(report).to_contain_text("the pattern '(' does not compile")
    expect(report).to_contain_text("new or changed")
    report.locator("summary", has_text="bad-pattern").click()
    expect(report).to_contain_text("To mend it:")

    # Somebody else loads them again: the page follows by itself.
    define(gateway, {"openapi": 3})
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    expect(report).to_contain_text("kept at its last good version")

    define(gateway, pets(pattern="("))
    page.click("text=Load again now")
    report.locator("li", has_text="does not compile").get_by_role("link").click()
    expect(page.locator("tr:target")).to_contain_text("the pattern '(' does not compile")


def test_an_open_api_says_when_its_definition_was_loaded_again(page, gateway):
    page.goto(gateway.address("/lockgate/apis/pets"))
    define(gateway, pets(pattern="("))
    assert gateway.api("POST", "/lockgate/api/reload").status == 200
    page.get_by_role("button", name="Definitions were loaded again: show").click()
    expect(page.locator("#wrong")).to_contain_text("does not compile")
    page.click("#wrong button.link")
    expect(page.locator("#details")).to_contain_text("Sends a request to another URL.")
