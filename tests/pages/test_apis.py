"""APIs, their files and the report of the last reload, as pages show them."""

import json
import re
from urllib.parse import quote

import pytest
import tornado.httpclient
import tornado.httpserver
import tornado.netutil
import tornado.web
from tests.apis import oas
from tests.helpers import FixedOutside

from lockgate.debugging.desk import Desk
from lockgate.deployment import Deployment, read_settings
from lockgate.pages.routes import ROUTES, STATIC_FOLDER, STATIC_PATH
from lockgate.services import Outside

REWRITE = {"urlRewrite": {"enabled": True, "pattern": "/a", "rewriteTo": "/b"}}
TWO = """
openapi: 3.0.3
info: {{title: {0}, version: "1"}}
paths:
  /{0}:
    get: {{operationId: op, responses: {{"200": {{description: done}}}}}}
x-tyk-api-gateway:
  info: {{id: {0}, name: {0}, state: {{active: true}}}}
  upstream: {{url: "http://upstream.test"}}
  server: {{listenPath: {{value: /{0}/}}}}
  middleware:
    operations:
      op:
        urlRewrite: {{enabled: true, pattern: "{1}", rewriteTo: /b}}
"""


class Served:
    """The pages over definitions in a folder, without a login."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = None

    def write(self, name, document):
        text = document if isinstance(document, str) else json.dumps(document, indent=1)
        (self.folder / name).write_text(text)

    def begin(self, **settings):
        file = self.folder.parent / "gateway.json"
        file.write_text(json.dumps(settings))
        made, problems = read_settings(file, {})
        self.deployment = Deployment([self.folder], made, problems)

        async def reload():
            return self.deployment.reload()

        async def again(request, client, began=lambda _: None):
            raise NotImplementedError

        fixed = FixedOutside()
        desk = Desk(
            self.deployment.gateway,
            Outside(clock=fixed, ids=fixed, turns=fixed),
            again,
            deployment=self.deployment,
            reload=reload,
        )
        routes = [(pattern, page, {"desk": desk}) for pattern, page in ROUTES]
        routes.append((STATIC_PATH, tornado.web.StaticFileHandler, {"path": str(STATIC_FOLDER)}))
        self.server = tornado.httpserver.HTTPServer(tornado.web.Application(routes))
        (socket, *_) = sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        self.server.add_sockets(sockets)
        self.port = socket.getsockname()[1]
        return self

    async def ask(self, path, **more):
        client = tornado.httpclient.AsyncHTTPClient()
        return await client.fetch(f"http://127.0.0.1:{self.port}{path}", raise_error=False, **more)

    async def text(self, path):
        answer = await self.ask(path)
        assert answer.code == 200, answer.body
        return answer.body.decode()

    async def json(self, path, **more):
        answer = await self.ask(path, **more)
        assert answer.code == 200, answer.body
        return json.loads(answer.body)


@pytest.fixture
async def served(tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    made = Served(folder)
    yield made
    made.server.stop()
    await made.server.close_all_connections()


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


async def test_the_list_has_every_api_with_its_state(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.write("inner.json", oas({"GET /a": {}}, name="inner", listen="/inner/", internal=True))
    served.write("limited.json", oas({"GET /a": {"rateLimit": {"enabled": True, "rate": 1, "per": "1s"}}}, name="limited",
                                     listen="/limited/"))  # fmt: skip
    served.begin()
    said = words(await served.text("/lockgate/apis"))

    assert "pets /api/ served Tyk OAS" in said
    assert "inner /inner/ internal" in said
    assert re.search(r"limited /limited/ answers 503 it needs rateLimit .* 1 error", said)


async def test_files_that_gave_no_api_are_listed_with_their_problem(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.write("broken.json", "{,}")
    served.begin()
    page = await served.text("/lockgate/apis")
    assert "Not served at all" in page
    assert "broken.json:1" in page
    assert "To mend it" in page


async def test_an_api_has_endpoints_middlewares_and_links(served):
    served.write("pets.json", oas({"GET /a": REWRITE, "GET /c/{id}": {}}))
    served.begin()
    page = await served.text("/lockgate/apis/pets")

    pointer = "/x-tyk-api-gateway/middleware/operations/op0/urlRewrite"
    assert 'aria-label="GET /a: url_rewrite set"' in page
    escaped = quote(pointer, safe="")
    assert f"/lockgate/apis/pets/source?pointer={escaped}" in page
    assert f"/lockgate/try?api=pets&amp;pointer={escaped}" in page
    assert "/lockgate/breakpoints?api=pets&amp;link=url_rewrite&amp;phase=request" in page
    assert 'href="/lockgate/middlewares/url_rewrite"' in page
    assert 'data-url="/api/c/1"' in page
    assert "rewriteTo" in page


async def test_problems_stand_at_their_cells(served):
    served.write("pets.json", oas({"GET /a": {"urlRewrit": {}}, "GET /c": REWRITE}))
    served.begin()
    page = await served.text("/lockgate/apis/pets")
    assert 'aria-label="GET /a: urlRewrit not in force, 1 problem"' in page
    assert 'aria-label="GET /c: url_rewrite set"' in page


async def test_problems_of_two_apis_in_one_file_are_kept_apart(served):
    served.write("both.yaml", TWO.format("one", "/one") + "---" + TWO.format("two", "("))
    served.begin()
    one, two = await served.text("/lockgate/apis/one"), await served.text("/lockgate/apis/two")
    assert "no problems" in one
    assert "GET /two: url_rewrite set, 1 problem" in two
    source = await served.text(
        "/lockgate/apis/two/source?pointer=/x-tyk-api-gateway/middleware/operations/op/urlRewrite"
    )
    marked = re.findall(r'<tr id="L(\d+)" class="marked">', source)
    assert len(marked) == 1
    assert "pattern: &#34;(&#34;" in re.search(rf'<tr id="L{marked[0]}".*?</pre>', source)[0]


async def test_hostile_text_of_a_definition_is_text(served):
    served.write("pets.json", oas({"GET /a": REWRITE}, name='<img src=x onerror="a()">'))
    served.begin()
    for path in ("/lockgate/apis", "/lockgate/apis/" + quote('<img src=x onerror="a()">', safe="")):
        page = await served.text(path)
        assert "<img" not in page
        assert "&lt;img" in page


async def test_the_chain_of_a_request_is_data(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.begin()
    shown = await served.json("/lockgate/api/apis/pets/chain?method=GET&url=/api/a")
    rewrite = next(link for link in shown["phases"][0]["links"] if link["middleware"] == "url_rewrite")
    assert rewrite["reason"] == "GET /a: '/a' is found in '/a', first match"
    assert rewrite["address"].startswith("/lockgate/apis/pets/source?pointer=")
    assert shown["ending"] == "upstream: GET http://upstream.test:8000/b"

    answer = await served.ask("/lockgate/api/apis/pets/chain?method=GET&url=nothing")
    assert answer.code == 400
    assert json.loads(answer.body)["error"] == "expected a path that begins with '/', found 'nothing'"


async def test_a_file_is_shown_with_problems_beside_their_lines(served):
    served.write("pets.json", oas({"GET /a": {"urlRewrit": {}}}))
    served.begin()
    page = await served.text("/lockgate/apis/pets/source")
    lines = (served.folder / "pets.json").read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "urlRewrit" in line)
    row = re.search(rf'<tr id="L{number}".*?</tr>', page, re.DOTALL)[0]
    assert "is not a known key" in row
    assert page.count("is not a known key") == 1


async def test_values_of_references_are_not_shown(served, monkeypatch):
    monkeypatch.setenv("PASSWORD", "very-secret")
    headers = {"enabled": True, "add": [{"name": "X-A", "value": "env://PASSWORD"}]}
    served.write("pets.json", oas({"GET /a": {"transformRequestHeaders": headers}}, upstream="env://UPSTREAM"))
    monkeypatch.setenv("UPSTREAM", "http://upstream.test/very-secret")
    served.begin()
    for path in ("/lockgate/apis/pets", "/lockgate/apis/pets/source", "/lockgate/api/apis/pets/chain?url=/api/a"):
        page = await served.text(path)
        assert "very-secret" not in page, path
    assert "env://PASSWORD" in await served.text("/lockgate/apis/pets/source")


@pytest.mark.parametrize(
    "file",
    ["/etc/passwd", "gateway.json", "../gateway.json", "definitions/../gateway.json", "", "notes.txt", "other.json"],
)
async def test_only_files_of_definitions_are_shown(served, file):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.write("notes.txt", "private")
    served.begin(secret="kept-to-itself")
    full = file if file.startswith("/") or not file else str(served.folder.parent / file)
    for path in (f"/lockgate/source?file={quote(full)}", f"/lockgate/apis/pets/source?file={quote(full or 'x')}"):
        answer = await served.ask(path)
        assert answer.code == 404, path
        assert b"kept-to-itself" not in answer.body


async def test_settings_among_the_definitions_are_not_shown(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.write("gateway.json", {"secret": "kept-to-itself"})
    served.begin()
    answer = await served.ask(f"/lockgate/source?file={quote(str(served.folder / 'gateway.json'))}")
    assert answer.code == 404


async def test_a_template_is_shown_and_a_file_that_a_definition_merely_names_is_not(served, tmp_path):
    (tmp_path / "outside.tmpl").write_text("outside")
    (served.folder / "in.tmpl").write_text("inside {{.a}}")
    for name, path in (("good", "in.tmpl"), ("bad", str(tmp_path.parent / "far.tmpl"))):
        body = {"enabled": True, "format": "json", "path": path}
        served.write(f"{name}.json", oas({"POST /a": {"transformRequestBody": body}}, name=name, listen=f"/{name}/"))
    (tmp_path.parent / "far.tmpl").write_text("far away")
    served.begin()

    (link,) = set(
        re.findall(r'/lockgate/apis/good/source\?file=[^"]+', await served.text("/lockgate/apis/good/source"))
    )
    assert "inside" in await served.text(link.replace("&amp;", "&"))
    assert "?file=" not in await served.text("/lockgate/apis/bad/source")
    answer = await served.ask(f"/lockgate/apis/bad/source?file={quote(str(tmp_path.parent / 'far.tmpl'))}")
    assert answer.code == 404


async def test_a_file_that_changed_since_it_was_loaded_says_so(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.begin()
    served.write("pets.json", oas({"GET /new": {}, "GET /a": REWRITE}))
    assert "has changed since" in await served.text("/lockgate/apis/pets")
    assert "has changed since" in await served.text("/lockgate/apis/pets/source?pointer=/info")


async def test_the_report_says_what_a_reload_did(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.write("gone.json", oas({"GET /a": {}}, name="gone", listen="/gone/"))
    served.write("same.json", oas({"GET /a": {}}, name="same", listen="/same/"))
    served.write("bad.json", oas({"GET /a": {}}, name="bad", listen="/bad/"))
    served.begin()
    first = await served.json("/lockgate/api/reload")
    assert (first["is_first"], sorted(first["loaded"]), first["problems"]) == (
        True,
        ["bad", "gone", "pets", "same"],
        [],
    )

    served.write("pets.json", oas({"GET /b": REWRITE}))
    (served.folder / "gone.json").unlink()
    served.write("bad.json", "{,}")
    headers = {"Authorization": "Bearer x"}
    report = await served.json("/lockgate/api/reload", method="POST", body="{}", headers=headers)

    assert (report["loaded"], report["unchanged"], report["kept"], report["removed"]) == (
        ["pets"],
        ["same"],
        ["bad"],
        ["gone"],
    )
    (problem,) = report["problems"]
    assert problem["code"] == "bad-json"
    assert problem["remedy"]
    assert problem["address"].endswith("bad.json#L1")
    assert (await served.ask(problem["address"])).code == 200
    assert "last good version" in words(await served.text("/lockgate/apis"))


async def test_asking_again_with_the_generation_gives_no_more_than_that(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.begin()
    report = await served.json("/lockgate/api/reload")
    known = {name: report[name] for name in ("generation", "run")}
    query = f"/lockgate/api/reload?generation={known['generation']}"
    assert await served.json(query) == known
    assert await served.json(f"{query}&run={known['run']}") == known
    # The first load of another process has the same number.
    assert "problems" in await served.json(f"{query}&run=another")


async def test_a_middleware_has_a_page(served):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.begin()
    page = words(await served.text("/lockgate/middlewares/url_rewrite"))
    assert "docs/middlewares/url_rewrite.md" in page
    assert "Worth knowing" in page
    assert (await served.ask("/lockgate/middlewares/nothing")).code == 404


@pytest.mark.parametrize("path", ["/lockgate/apis/nothing", "/lockgate/apis/nothing/source"])
async def test_an_api_that_is_not_there_is_said_so(served, path):
    served.write("pets.json", oas({"GET /a": REWRITE}))
    served.begin()
    answer = await served.ask(path)
    assert answer.code == 404
    assert "there is no API" in answer.body.decode()


async def test_pages_have_no_inline_script_or_style(served):
    served.write("pets.json", oas({"GET /a": {"urlRewrit": {}}, "GET /c": REWRITE}))
    served.begin()
    for path in ("/lockgate/apis", "/lockgate/apis/pets", "/lockgate/apis/pets/source", "/lockgate/reload"):
        page = await served.text(path)
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r"<style|\bstyle=|\bon[a-z]+=", page) == []
