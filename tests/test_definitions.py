"""The examples in definitions/: they load without a problem, and do what their first lines say."""

import json
import re
from pathlib import Path

import pytest

from lockgate.exchange import Request, Response
from lockgate.inspection import parse_answer, parse_request, try_request
from lockgate.loading import load
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "definitions"
FILES = sorted(FOLDER.iterdir())
HEADS = {file: file.read_text("utf-8").partition("openapi:")[0] for file in FILES}
GATEWAY = "http://127.0.0.1:8080"
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
    assert len(loaded.definitions) == len(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_each_begins_with_a_request_that_its_api_serves(file: Path, snapshot: Snapshot) -> None:
    head = HEADS[file]
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
    page = (ROOT / "docs" / "definitions.md").read_text("utf-8")

    assert {f"../definitions/{file.name}" for file in FILES} == set(re.findall(r"\.\./definitions/[\w.-]+", page))


async def test_request_headers(snapshot: Snapshot) -> None:
    headers = (await sent(snapshot, "/headers/get", "X-Internal: 1")).headers

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
    ],
)
async def test_url_rewrite(url: str, target: str, snapshot: Snapshot) -> None:
    assert (await sent(snapshot, url)).target == target


async def test_mock_response(snapshot: Snapshot) -> None:
    trace = await answer_of(snapshot, "/mock/pets/7")

    assert trace.upstream_request is None
    assert trace.answer is not None
    assert trace.answer.status == 200
    assert trace.answer.headers.get("X-Mocked") == "yes"
    assert isinstance(trace.answer.body, bytes)
    assert json.loads(trace.answer.body) == {"id": 7, "name": "Rex"}
    assert (await got(snapshot, "DELETE /mock/pets/7")).status == 410


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
    trace = await answer_of(snapshot, "/streaming/drip?duration=5&numbytes=5&delay=0")

    assert trace.answer is not None
    assert trace.answer.headers.get("X-Streamed") == "yes"
    assert trace.upstream_response is not None
    assert not isinstance(trace.upstream_response.body, bytes)


async def test_expiration(snapshot: Snapshot) -> None:
    answer = await got(snapshot, "/expiration/get")

    assert answer.headers.get("X-Tyk-Api-Expires") == "Thu, 31 Dec 2099 23:59:00 UTC"
