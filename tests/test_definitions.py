"""The examples in definitions/: they load without a problem, and do what their first lines say."""

import base64
import io
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers import TasksInPlace

from lockgate.demonstration import soap
from lockgate.exchange import Headers, NotRead, Request, Response
from lockgate.identity.keys import handle_of
from lockgate.identity.sessions import completed, session_document
from lockgate.inspection import SYSTEM, parse_answer, parse_request, try_request
from lockgate.loading import load
from lockgate.scripting.embedded import Embedded
from lockgate.services import Event, EventHandler, HttpAnswer, HttpCall, HttpReply, Services
from lockgate.session import Session
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits, MemoryTurns
from lockgate.trace import Phase, Trace

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "definitions"
FILES = sorted(file for file in FOLDER.iterdir() if file.is_file())
PAGE = (ROOT / "docs" / "definitions.md").read_text("utf-8")
GATEWAY = "http://127.0.0.1:8080"
# A file with two of them: the other version is one by itself.
DEFINITIONS = len(FILES) + 1
OK = parse_answer(b"HTTP/1.1 200 OK\r\nServer: httpbin\r\nX-Powered-By: httpbin\r\nX-Colour: red\r\n\r\n{}")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot(load([FOLDER], Settings()).definitions, Settings())


async def answer_of(snapshot: Snapshot, text: str, *headers: str, body: bytes | None = None) -> Trace:
    return await try_request(snapshot, parse_request(text.encode(), headers, body), OK)


async def sent(snapshot: Snapshot, text: str, *headers: str, body: bytes | None = None) -> Request:
    request = (await answer_of(snapshot, text, *headers, body=body)).upstream_request
    assert request is not None
    return request


async def got(snapshot: Snapshot, text: str, *headers: str, body: bytes | None = None) -> Response:
    answer = (await answer_of(snapshot, text, *headers, body=body)).answer
    assert answer is not None
    return answer


def test_together_they_load_without_a_problem() -> None:
    loaded = load([FOLDER], Settings())

    assert loaded.problems == ()
    assert len(loaded.definitions) == DEFINITIONS


def head_of(file: Path) -> str:
    """What is written on an example: in its first lines, or on the page where its format has no comments."""
    if file.suffix == ".json":
        row = next(line for line in PAGE.splitlines() if line.startswith("|") and f"/{file.name})" in line)
        return "\n".join(f"#   {text}" for text in re.findall(r"`(curl [^`]*)`", row))
    lines = file.read_text("utf-8").splitlines()
    return "\n".join(line for line in lines[: next(n for n, line in enumerate(lines) if not line.startswith("#"))])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_each_begins_with_a_request_that_its_api_serves(file: Path, snapshot: Snapshot) -> None:
    head = head_of(file)
    commands = [line.removeprefix("#").strip() for line in head.splitlines() if line.startswith("#   curl ")]
    urls = re.findall(rf"{GATEWAY}[^\s'`,]*", head)

    assert len(commands) == 1
    assert GATEWAY in commands[0]
    assert all("'" in line for line in commands if "?" in line)
    assert {await source_of(snapshot, url) for url in urls} == {str(file)}


async def source_of(snapshot: Snapshot, url: str) -> str:
    """The file of the API that serves a URL."""
    trace = await answer_of(snapshot, url)
    return snapshot.apis[trace.steps[-1].after.passes[0].api_id].definition.source


def test_each_capability_of_the_page_has_its_file() -> None:
    assert {f"../definitions/{file.name}" for file in FILES} == set(re.findall(r"\.\./definitions/[\w.-]+", PAGE))


@pytest.mark.parametrize("path", ["/headers/get", "/classic-headers/get"])
async def test_request_headers(path: str, snapshot: Snapshot) -> None:
    headers = (await sent(snapshot, path, "X-Internal: 1")).headers

    assert "X-Internal" not in headers
    assert headers.get("X-Gateway") == "lockgate"
    assert headers.get_all("X-Tier") == ("gold",)
    assert len(headers.get("X-Correlation-Id") or "") == 36


async def test_response_headers(snapshot: Snapshot) -> None:
    headers = (await got(snapshot, "/answers/response-headers?X-Colour=red")).headers

    assert "Server" not in headers
    assert "X-Powered-By" not in headers
    assert headers.get_all("X-Colour") == ("blue",)
    assert headers.get_all("Cache-Control") == ("no-store",)


async def test_context_variables(snapshot: Snapshot) -> None:
    headers = (await sent(snapshot, "/variables/anything/a?name=Ada", "X-Tenant: acme")).headers

    assert headers.get("X-Path") == "/variables/anything/a"
    assert headers.get("X-Name") == "Ada"
    assert headers.get("X-Client") == "127.0.0.1"
    assert headers.get("X-Tenant-Again") == "acme"
    assert headers.get("X-Missing") == ""


async def test_what_a_client_sends_is_no_variable(snapshot: Snapshot) -> None:
    headers = (await sent(snapshot, "/variables/anything/a", "X-Tenant: $tyk_context.path")).headers

    assert headers.get("X-Tenant-Again") == "$tyk_context.path"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("/rewrite/books/42", "/books/42", id="no match, no rewrite"),
        pytest.param("/rewrite/books/42?lang=en", "/anything/library/en?book=42", id="groups"),
        pytest.param("/rewrite/search/cats?page=2", "/anything/search?q=cats", id="whole URL"),
        pytest.param("/classic-rewrite/books/42", "/books/42", id="Classic, no match"),
        pytest.param("/classic-rewrite/books/42?lang=en", "/anything/library/en?book=42", id="Classic, groups"),
    ],
)
async def test_url_rewrite(url: str, target: str, snapshot: Snapshot) -> None:
    assert (await sent(snapshot, url)).target == target


@pytest.mark.parametrize(("path", "mocked"), [("/mock/pets/7", "yes"), ("/classic-mock/pets/7", None)])
async def test_mock_response(path: str, mocked: str | None, snapshot: Snapshot) -> None:
    trace = await answer_of(snapshot, path)

    assert trace.upstream_request is None
    assert trace.answer is not None
    assert trace.answer.status == 200
    assert trace.answer.headers.get("X-Mocked") == mocked
    assert isinstance(trace.answer.body, bytes)
    assert json.loads(trace.answer.body) == {"id": 7, "name": "Rex"}
    gone = await got(snapshot, f"DELETE {path}")
    assert (gone.status, gone.body) == (410, b"pets are not removed any more\n")


@pytest.mark.parametrize(
    ("url", "method"),
    [pytest.param("/method/put", "GET", id="untouched"), pytest.param("/method/post", "POST", id="transformed")],
)
async def test_request_method(url: str, method: str, snapshot: Snapshot) -> None:
    assert (await sent(snapshot, url)).method == method


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        pytest.param("GET /allow/headers", 403, id="not on the allow list"),
        pytest.param("POST /allow/get", 403, id="on the allow list with another method"),
        pytest.param("GET /allow/get", 200, id="on the allow list"),
        pytest.param("GET /allow/IP", 200, id="on the allow list whatever the case"),
        pytest.param("DELETE /block/anything/7", 403, id="on the block list"),
        pytest.param("GET /block/anything/7", 200, id="on the block list with another method"),
        pytest.param("DELETE /operator-block/anything/7", 403, id="on the block list, from a ConfigMap"),
        pytest.param("GET /operator-block/anything/7", 200, id="on that with another method"),
        pytest.param("GET /internal/anything/contract", 403, id="internal, from outside"),
        pytest.param("GET /internal/entry", 200, id="internal, by a loop"),
        pytest.param("GET /ignore/headers", 403, id="neither ignored nor allowed"),
        pytest.param("GET /ignore/status/204", 200, id="ignored"),
    ],
)
async def test_access(request_line: str, status: int, snapshot: Snapshot) -> None:
    assert (await got(snapshot, request_line)).status == status


async def test_the_loop_runs_the_other_operation(snapshot: Snapshot) -> None:
    request = await sent(snapshot, "/internal/entry")

    assert (request.path, request.headers.get("X-Came-By")) == ("/anything/contract", "loop")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/limits/post", b"hello, world", 400, id="over the operation's limit"),
        pytest.param("/limits/anything", b"x" * 1001, 400, id="over the API's limit"),
        pytest.param("/limits/post", b"hello", 200, id="within the operation's limit"),
        pytest.param("/limits/anything", b"hello, world", 200, id="within the API's limit"),
    ],
)
async def test_request_size_limit(path: str, body: bytes, status: int, snapshot: Snapshot) -> None:
    assert (await got(snapshot, f"POST {path}", body=body)).status == status


async def test_streaming_needs_no_body(snapshot: Snapshot) -> None:
    answer = parse_answer(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n*****")

    trace = await try_request(snapshot, parse_request(b"/streaming/drip?duration=5&numbytes=5&delay=0"), answer)

    assert trace.answer is not None
    assert trace.answer.headers.get("X-Streamed") == "yes"
    seen = [step.before.response for step in trace.steps if step.phase is Phase.RESPONSE]
    assert seen
    assert all(response is not None and isinstance(response.body, NotRead) for response in seen)


async def test_expiration(snapshot: Snapshot) -> None:
    answer = await got(snapshot, "/expiration/get")

    assert answer.headers.get("X-Tyk-Api-Expires") == "Thu, 31 Dec 2099 23:59:00 UTC"


async def test_cors_lets_a_listed_origin_read(snapshot: Snapshot) -> None:
    answer = parse_answer(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n\r\n{}")

    async def headers(origin: str) -> Headers:
        request = parse_request(b"/cors/get", [f"Origin: {origin}"])
        trace = await try_request(snapshot, request, answer)
        assert trace.answer is not None
        return trace.answer.headers

    listed, other = await headers("https://shop.example.com"), await headers("https://example.net")
    assert listed.get_all("Access-Control-Allow-Origin") == ("https://shop.example.com",)
    assert listed.get("Access-Control-Expose-Headers") == "X-Total"
    assert {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"} & {name for name, _ in other} == set()


async def test_cors_answers_preflights(snapshot: Snapshot) -> None:
    asked = ("Origin: https://shop.example.com", "Access-Control-Request-Method: PUT")
    trace = await answer_of(snapshot, "OPTIONS /cors/put", *asked)

    assert trace.upstream_request is None
    assert trace.answer is not None
    assert trace.answer.status == 204
    assert trace.answer.headers.get("Access-Control-Allow-Methods") == "PUT"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param((), 200, id="loopback"),
        pytest.param(("X-Real-IP: 192.0.2.9",), 200, id="in an allowed network"),
        pytest.param(("X-Real-IP: 192.0.2.7",), 403, id="blocked"),
        pytest.param(("X-Real-IP: 198.51.100.1",), 403, id="not allowed"),
    ],
)
async def test_ip_lists(headers: tuple[str, ...], status: int, snapshot: Snapshot) -> None:
    assert (await got(snapshot, "/ip/get", *headers)).status == status


@pytest.mark.parametrize(
    ("headers", "served"),
    [pytest.param((), "v1", id="default"), pytest.param(("X-Version: v2",), "v2", id="named")],
)
async def test_versioning(headers: tuple[str, ...], served: str, snapshot: Snapshot) -> None:
    request = await sent(snapshot, "/versions/anything/a", *headers)

    assert request.headers.get("X-Served-By") == served
    assert "X-Version" not in request.headers


async def test_versions_are_reached_by_their_base_only(snapshot: Snapshot) -> None:
    assert (await got(snapshot, "/versions/anything/a", "X-Version: v3")).status == 404
    assert (await got(snapshot, "/versions-2/anything/a")).status == 404


async def test_enforced_timeout(snapshot: Snapshot) -> None:
    trace = await answer_of(snapshot, "/timeout/delay/3")

    limits = [step.after.upstream.total_timeout_seconds for step in trace.steps if step.after.upstream is not None]
    assert limits[-1] == 1


async def test_load_balancing(snapshot: Snapshot) -> None:
    outside = replace(SYSTEM, turns=MemoryTurns())
    reached = []
    for _ in range(6):
        request = (await try_request(snapshot, parse_request(b"/balanced/get"), OK, outside)).upstream_request
        assert request is not None
        reached.append(request.target)

    assert reached == [f"/anything/{colour}/get" for colour in ("blue", "blue", "green")] * 2


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        pytest.param("/keyed/get", (), 401, id="no key"),
        pytest.param("/keyed/get", ("X-Api-Key: other",), 403, id="unknown key"),
        pytest.param("/keyed/status/204", (), 200, id="none is needed"),
    ],
)
async def test_auth_token(url: str, headers: tuple[str, ...], status: int, snapshot: Snapshot) -> None:
    assert (await got(snapshot, url, *headers)).status == status


@pytest.mark.parametrize(
    ("url", "headers"), [("/keyed/get", ("X-Api-Key: demo-key",)), ("/keyed/get?api_key=demo-key", ())]
)
async def test_a_key_is_taken_off_and_its_metadata_sent(url: str, headers: tuple[str, ...], snapshot: Snapshot) -> None:
    posted = b'{"access_rights": {"auth-token": {"api_id": "auth-token"}}, "meta_data": {"plan": "gold"}}'
    session = Session.of(completed(session_document(posted), 0.0, ""))
    keys = MemoryKeys()
    await keys.keep(handle_of("demo-key"), "demo-key", session)
    outside = replace(SYSTEM, sessions=keys)

    request = (await try_request(snapshot, parse_request(url.encode(), headers), OK, outside)).upstream_request

    assert request is not None
    assert request.headers.get("X-Plan") == "gold"
    assert "demo-key" not in f"{request.target} {list(request.headers)}"


@pytest.mark.parametrize(
    ("url", "headers", "status", "body"),
    [
        ("/examples/pets/7", (), 200, {"id": 7, "name": "Rex", "kind": "dog"}),
        ("/examples/pets/7", ("X-Tyk-Accept-Example-Name: tom",), 200, {"id": 8, "name": "Tom", "kind": "cat"}),
        ("/examples/pets/7", ("X-Tyk-Accept-Example-Code: 404",), 404, {"error": "no such pet"}),
        ("/examples/pets", (), 200, [{"id": 12, "name": "string", "kind": "dog"}]),
    ],
)
async def test_mock_examples(url: str, headers: tuple[str, ...], status: int, body: object, snapshot: Snapshot) -> None:
    answer = await got(snapshot, url, *headers)

    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)) == (status, body)


@pytest.mark.parametrize(
    ("request_line", "headers", "body", "target"),
    [
        ("GET /triggers/books", ("X-Region: eu-west",), None, "/anything/regions/eu/books"),
        ("GET /triggers/books?format=pdf", (), None, "/anything/print"),
        ("POST /triggers/books", (), b'{"isbn": "978-3"}', "/anything/isbn/978-3"),
        ("GET /triggers/books", (), None, "/anything/books"),
    ],
)
async def test_rewrite_triggers(
    request_line: str, headers: tuple[str, ...], body: bytes | None, target: str, snapshot: Snapshot
) -> None:
    assert (await sent(snapshot, request_line, *headers, body=body)).target == target


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("POST /checked/anything", b'{"name": "Rex", "legs": "four"}', 400),
        ("GET /checked/get?limit=many", None, 422),
        ("GET /checked/get?limit=10", None, 200),
        ("POST /classic-checked/anything", b'{"name": "Rex", "legs": -1}', 400),
        ("POST /classic-checked/anything", b'{"name": "Rex"}', 200),
    ],
)
async def test_validation(request_line: str, body: bytes | None, status: int, snapshot: Snapshot) -> None:
    assert (await got(snapshot, request_line, "Content-Type: application/json", body=body)).status == status


async def test_validation_fills_defaults_in(snapshot: Snapshot) -> None:
    request = await sent(snapshot, "POST /checked/anything", "Content-Type: application/json", body=b'{"name": "Rex"}')

    assert request.body == b'{"legs":4,"name":"Rex"}'


ORDER = b'{"customer": {"name": "Ada \\"A\\""}, "items": [{"sku": "TEA"}, {"sku": "POT"}]}'


@pytest.mark.parametrize("listen", ["/orders-in", "/classic-orders-in"])
async def test_request_body(listen: str, snapshot: Snapshot) -> None:
    body = (await sent(snapshot, f"POST {listen}/anything", "Content-Type: application/json", body=ORDER)).body

    assert isinstance(body, bytes)
    assert json.loads(body) == {
        "name": 'Ada "A"',
        "lines": 2,
        "skus": ["TEA", "POT"],
        "from": "127.0.0.1",
        "path": f"{listen}/anything".replace("/", "%2F"),
    }
    assert (await sent(snapshot, f"POST {listen}/anything", body=b"no JSON")).body == b"no JSON"


SLIDES = {"slideshow": {"title": "Sample", "author": "Ada", "slides": [{"title": "One"}, {"title": "Two & more"}]}}
SLIDES_XML = b"""<?xml version='1.0' encoding='us-ascii'?>
<!--  A SAMPLE set of slides  -->
<slideshow title="Sample" date="today" author="Ada">
  <slide type="all"><title>One</title></slide>
  <slide type="all"><title>Two &amp; more</title><item>Why <em>so</em></item></slide>
</slideshow>"""


async def body_for(snapshot: Snapshot, url: str, answer: bytes) -> Any:
    """What becomes of an upstream's answer, as JSON."""
    outside = replace(SYSTEM, tasks=TasksInPlace())
    given = parse_answer(b"HTTP/1.1 200 OK\r\n\r\n" + answer)
    trace = await try_request(snapshot, parse_request(url.encode()), given, outside)
    assert trace.answer is not None
    assert isinstance(trace.answer.body, bytes)
    return json.loads(trace.answer.body)


@pytest.mark.parametrize("url", ["/slides/json", "/jinja-slides/json"])
async def test_response_body(url: str, snapshot: Snapshot) -> None:
    made = await body_for(snapshot, url, json.dumps(SLIDES).encode())

    assert made == {"title": "Sample", "slides": ["One", "Two & more"]}


async def test_response_body_from_xml(snapshot: Snapshot) -> None:
    made = await body_for(snapshot, "/xml-slides/xml", SLIDES_XML)

    assert made == {"title": "Sample", "by": "Ada", "slides": ["One", "Two & more"]}


def test_the_template_in_base64_is_the_one_that_can_be_read() -> None:
    written = yaml.safe_load((FOLDER / "response-body.yaml").read_text("utf-8"))
    section = written["x-tyk-api-gateway"]["middleware"]["operations"]["slides"]["transformResponseBody"]

    assert base64.b64decode(section["body"]) == (FOLDER / "templates" / "slides.tmpl").read_bytes()


def test_every_template_belongs_to_an_example() -> None:
    text = "".join(file.read_text("utf-8") for file in FILES)

    assert [file.name for file in (FOLDER / "templates").iterdir() if f"templates/{file.name}" not in text] == []


def soap_answer(request: Request) -> Response:
    """What the demonstration's SOAP service says."""
    assert isinstance(request.body, bytes)
    assert request.path == "/soap/numbers"
    said: list[Any] = []
    environ = {"CONTENT_LENGTH": str(len(request.body)), "wsgi.input": io.BytesIO(request.body)}
    body = b"".join(soap(environ, lambda *head: said.extend(head)))
    return Response(int(said[0][:3]), Headers.of(*said[1]), body)


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ({"number": 35}, 200, {"words": "thirty five"}),
        ({"number": 123456}, 200, {"words": "one hundred twenty three thousand four hundred fifty six"}),
        ({"number": -1}, 500, {"error": "expected a number from 0 to 999999"}),
        ({"number": 10**9}, 500, {"error": "expected a number from 0 to 999999"}),
    ],
)
async def test_soap_to_rest(asked: object, status: int, body: object, snapshot: Snapshot) -> None:
    line, headers = "POST /numbers/words", ("Content-Type: application/json",)
    request = await sent(snapshot, line, *headers, body=json.dumps(asked).encode())
    assert request.headers.get("Content-Type") == "text/xml; charset=utf-8"
    assert request.headers.get("SOAPAction") == '"http://lockgate.example/numbers/NumberToWords"'
    answer = soap_answer(request)
    assert answer.headers.get("Content-Type") == "text/xml; charset=utf-8"

    trace = await try_request(
        snapshot, parse_request(line.encode(), headers, json.dumps(asked).encode()), answer, SYSTEM
    )

    assert trace.answer is not None
    assert trace.answer.headers.get("Content-Type") == "application/json"
    assert isinstance(trace.answer.body, bytes)
    assert (trace.answer.status, json.loads(trace.answer.body)) == (status, body)


async def test_soap_to_rest_asks_for_a_number(snapshot: Snapshot) -> None:
    trace = await answer_of(snapshot, "POST /numbers/words", "Content-Type: application/json", body=b'{"number": "x"}')

    assert trace.upstream_request is None
    assert trace.answer is not None
    assert trace.answer.status == 422


@pytest.mark.parametrize("envelope", [b"", b"<a/>", b"no XML", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_the_soap_service_answers_whatever_it_is_sent(envelope: bytes) -> None:
    answer = soap_answer(Request("POST", "/soap/numbers", body=envelope))

    assert answer.status == 500
    assert isinstance(answer.body, bytes)
    assert b"<faultstring>" in answer.body


class Upstream:
    """Answers what scripts ask for, the last call first."""

    def __init__(self) -> None:
        self.fails = False
        self.urls: list[str] = []

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        self.urls += [call.url for call in calls]
        answers = [None if self.fails else self._answer(call) for call in calls]
        return [HttpReply(index, answer, "refused") for index, answer in enumerate(answers)][::-1]

    def _answer(self, call: HttpCall) -> HttpAnswer:
        assert call.url.startswith("http://127.0.0.1:8089/")
        path = call.url.removeprefix("http://127.0.0.1:8089")
        if path == "/soap/numbers":
            said = soap_answer(Request(call.method, path, headers=call.headers, body=call.body))
            assert isinstance(said.body, bytes)
            return HttpAnswer(said.status, said.headers, said.body)
        body: object = {"/json": SLIDES, "/uuid": {"uuid": "1-2-3"}}.get(path, {"url": call.url})
        return HttpAnswer(404 if path.endswith("/0") else 200, Headers(), json.dumps(body).encode())


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def engine() -> AsyncIterator[Embedded]:
    made = Embedded()
    yield made
    made.close()


async def scripted(
    snapshot: Snapshot, engine: Embedded, upstream: Upstream, line: str, body: bytes | None = None
) -> tuple[int, Any]:
    """Status and body of what a script answers, as JSON."""
    outside = replace(SYSTEM, scripts=engine, http=upstream)
    trace = await try_request(snapshot, parse_request(line.encode(), (), body), OK, outside)
    assert trace.upstream_request is None
    assert trace.answer is not None
    assert isinstance(trace.answer.body, bytes)
    assert trace.answer.headers.get("Content-Type") == "application/json"
    return trace.answer.status, json.loads(trace.answer.body)


async def test_virtual_aggregate(snapshot: Snapshot, engine: Embedded, upstream: Upstream) -> None:
    status, body = await scripted(snapshot, engine, upstream, "GET /overview/summary")

    assert (status, body) == (200, {"title": "Sample", "slides": 2, "number": "1-2-3"})
    assert upstream.urls == ["http://127.0.0.1:8089/json", "http://127.0.0.1:8089/uuid"]
    upstream.fails = True
    status, body = await scripted(snapshot, engine, upstream, "GET /overview/summary")
    assert (status, body) == (502, {"error": "a part of the overview is not to be had"})


async def test_virtual_batch(snapshot: Snapshot, engine: Embedded, upstream: Upstream) -> None:
    status, body = await scripted(snapshot, engine, upstream, "GET /items/list?ids=7,0,a%20b")

    base = "http://127.0.0.1:8089/anything/items"
    assert status == 200
    assert body == [
        {"id": "7", "code": 200, "url": f"{base}/7"},
        {"id": "0", "code": 404, "url": None},
        {"id": "a b", "code": 200, "url": f"{base}/a%20b"},
    ]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/words/35", 200, {"number": 35, "words": "thirty five"}),
        ("/words/9999999", 422, {"error": "expected a number from 0 to 999999"}),
        ("/words/x", 400, {"error": "expected a number"}),
    ],
)
async def test_virtual_protocol(
    path: str, status: int, body: object, snapshot: Snapshot, engine: Embedded, upstream: Upstream
) -> None:
    assert await scripted(snapshot, engine, upstream, f"GET {path}") == (status, body)


async def test_virtual_protocol_without_the_service(snapshot: Snapshot, engine: Embedded, upstream: Upstream) -> None:
    upstream.fails = True

    assert (await scripted(snapshot, engine, upstream, "GET /words/35"))[0] == 504


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (b'{"amount": 10000, "years": 2}', 200, {"monthly": "443.21", "payments": 24, "total": "10636.95"}),
        (b'{"amount": -1}', 422, {"error": "expected an amount and years, both above 0"}),
        (b"no JSON", 422, {"error": "expected an amount and years, both above 0"}),
    ],
)
async def test_virtual_calculated(
    asked: bytes, status: int, body: object, snapshot: Snapshot, engine: Embedded, upstream: Upstream
) -> None:
    assert await scripted(snapshot, engine, upstream, "POST /quotes/loan", asked) == (status, body)


async def test_virtual_endpoint_of_a_classic_definition(
    snapshot: Snapshot, engine: Embedded, upstream: Upstream
) -> None:
    answer = await scripted(snapshot, engine, upstream, "GET /classic-virtual/price?net=10")

    assert answer == (200, {"net": 10, "gross": 11.9})


async def of_plugin(snapshot: Snapshot, engine: Embedded, line: str, *headers: str, body: bytes | None = None) -> Trace:
    """A request through an API with plugins."""
    outside = replace(SYSTEM, scripts=engine, limits=MemoryLimits(SYSTEM.clock))
    return await try_request(snapshot, parse_request(line.encode(), headers, body), OK, outside)


def refusal(trace: Trace) -> tuple[int, str]:
    assert trace.answer is not None
    assert isinstance(trace.answer.body, bytes)
    return trace.answer.status, json.loads(trace.answer.body)["error"]


async def test_plugin_pre(snapshot: Snapshot, engine: Embedded) -> None:
    sent = (await of_plugin(snapshot, engine, "GET /tenants/anything", "X-Tenant: acme")).upstream_request

    assert sent is not None
    assert (sent.target, sent.headers.get("X-Plan")) == ("/anything?tenant=acme", "gold")
    assert "X-Tenant" not in sent.headers
    assert refusal(await of_plugin(snapshot, engine, "GET /tenants/anything"))[0] == 400


async def test_plugin_post(snapshot: Snapshot, engine: Embedded) -> None:
    order = b'{"lines": [{"price": 3, "quantity": 4}]}'
    sent = (await of_plugin(snapshot, engine, "POST /totals/anything", body=order)).upstream_request

    assert sent is not None
    assert isinstance(sent.body, bytes)
    assert json.loads(sent.body)["total"] == 12
    assert refusal(await of_plugin(snapshot, engine, "POST /totals/anything", body=b"no"))[0] == 422


async def test_plugin_auth(snapshot: Snapshot, engine: Embedded) -> None:
    sent = (await of_plugin(snapshot, engine, "GET /badges/get", "X-Badge: 17")).upstream_request

    assert sent is not None
    assert sent.headers.get("X-Holder") == "Ada"
    assert "X-Badge" not in sent.headers
    missing = await of_plugin(snapshot, engine, "GET /badges/get")
    assert refusal(missing) == (401, "a badge is asked for")
    assert missing.answer is not None
    assert missing.answer.headers.get("WWW-Authenticate") == "Badge"
    assert refusal(await of_plugin(snapshot, engine, "GET /badges/get", "X-Badge: 1"))[0] == 403


async def test_event_handler(snapshot: Snapshot, engine: Embedded) -> None:
    fired: list[tuple[Event, Sequence[EventHandler]]] = []

    class Events:
        def fire(self, event: Event, handlers: Sequence[EventHandler]) -> None:
            fired.append((event, handlers))

    outside = replace(SYSTEM, scripts=engine, sessions=MemoryKeys(), events=Events())
    asked = parse_request(b"GET /watched/get", ("X-Api-Key: nobody",), None)
    trace = await try_request(snapshot, asked, OK, outside)

    assert refusal(trace)[0] == 403
    ((event, (handler,)),) = fired
    lines, failure = await handler.handle(event, Services(outside))
    said = "AuthFailure in API event-handler: Auth Failure from 127.0.0.1 on /watched/get"
    assert ([line.text for line in lines], failure) == ([said], "")
