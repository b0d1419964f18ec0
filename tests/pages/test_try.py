"""What the page "Try" is told: definitions, trials, saving."""

import asyncio
import base64
import contextlib
import json

import pytest
from tests.apis import oas, settings, tried
from tests.debugging.trials import BENCH
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from lockgate.debugging.desk import Desk
from lockgate.deployment import Deployment
from lockgate.exchange import Headers, Response
from lockgate.pages.try_page import ROUTES

POST = {"method": "POST", "path": "/api/x", "headers": {"Content-Type": "application/json"}, "body": '{"a": 1}'}


def document(template="{{.a}}", **changes):
    body = {"enabled": True, "format": "json", "body": base64.b64encode(template.encode()).decode()}
    return oas({"POST /x": {"transformRequestBody": body}}, **changes)


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(document(), indent=1))
    deployment = Deployment([tmp_path], settings())

    async def run_again(*_, **__):
        raise AssertionError("nothing is run again")

    async def reload():
        return deployment.reload()

    made = Desk(deployment.gateway, BENCH.outside, run_again, deployment, reload)
    made.trial_scripts = BENCH.scripts
    return made


@pytest.fixture
async def ask(desk):
    server = HTTPServer(Application([(path, page, {"desk": desk}) for path, page in ROUTES]))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]

    async def fetch(path, value=None):
        request = HTTPRequest(
            f"http://127.0.0.1:{port}{path}",
            "GET" if value is None else "POST",
            {"Content-Type": "application/json", "Authorization": "Bearer tok"},
            None if value is None else json.dumps(value),
        )
        reply = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
        with contextlib.suppress(ValueError):
            return reply.code, json.loads(reply.body)
        return reply.code, reply.body.decode()

    yield fetch
    server.stop()
    await server.close_all_connections()


async def recorded(desk, answer=None):
    headers = (("Authorization", "Bearer hush-hush-hush"),)
    request = (desk.gateway.current, "POST", "/api/x?token=sesame-sesame", headers, b'{"a": 5}', answer)
    trace = await asyncio.to_thread(tried, *request)
    desk.exchanges.began(trace, trace.original.id)
    desk.exchanges.ended(trace.original.id)
    return trace.original.id


async def test_the_page_has_no_inline_script(ask):
    status, page = await ask("/lockgate/try")

    assert status == 200
    assert "<title>Try" in page
    assert page.count("<script") == page.count('<script type="module" src=')
    assert "style=" not in page
    assert "onclick" not in page


async def test_what_there_is_to_begin_with(ask, desk):
    status, told = await ask("/lockgate/api/try/start")

    file = str(desk.deployment.paths[0] / "a.json")
    assert status == 200
    assert told["files"] == [{"file": file, "apis": ["pets"]}]
    assert told["can_save"] is True
    assert "transformRequestBody" in [one["name"] for one in told["picks"]]
    assert "source" not in told


async def test_a_pointer_opens_its_file(ask):
    at = "/x-tyk-api-gateway/middleware/operations/op0"
    _, told = await ask(f"/lockgate/api/try/start?api=pets&pointer={at}")
    source = told["source"]

    assert source["text"].splitlines()[source["line"] - 1].strip() == '"op0": {'
    assert [one["text"] for one in source["embedded"]] == ["{{.a}}"]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        pytest.param("api=none", 404, "there is no API 'none'", id="API"),
        pytest.param("file=/etc/passwd", 404, "is no file that definitions are read from", id="file"),
        pytest.param("exchange=none", 404, "there is no exchange 'none'", id="exchange"),
    ],
)
async def test_what_cannot_be_opened(ask, query, status, says):
    got, told = await ask(f"/lockgate/api/try/start?{query}")

    assert got == status
    assert says in told["error"]


async def test_a_file_as_it_is(ask, desk):
    file = str(desk.deployment.paths[0] / "a.json")
    status, told = await ask("/lockgate/api/try/run", {"file": file, "request": POST})

    assert status == 200
    assert told["trace"]["upstream_request"]["body"]["text"] == "1"
    assert [step["link"] for step in told["trace"]["steps"]][:2] == ["routing", "request_body_transform"]
    assert told["sent"] is False


async def test_an_edited_text_and_a_pasted_one(ask, desk):
    file = str(desk.deployment.paths[0] / "a.json")
    edited = {"file": file, "text": json.dumps(document("two {{.a}}")), "request": POST}
    pasted = {"text": json.dumps(document("three {{.a}}")), "request": POST}
    bodies = [(await ask("/lockgate/api/try/run", one))[1]["trace"]["upstream_request"] for one in (edited, pasted)]

    assert [one["body"]["text"] for one in bodies] == ["two 1", "three 1"]
    assert desk.gateway.current.generation == 1


async def test_a_section(ask):
    section = {"middleware": "transformRequestBody", "text": "{{.a}} {{._tyk_meta.team}}"}
    given = {"section": section, "request": {**POST, "path": "/"}, "session": {"meta_data": {"team": "blue"}}}
    _, told = await ask("/lockgate/api/try/run", given)

    assert told["trace"]["upstream_request"]["body"]["text"] == "1 blue"


@pytest.mark.parametrize(
    ("value", "status", "says"),
    [
        pytest.param({"request": POST}, 400, "expected a file, a text or a section", id="nothing"),
        pytest.param({"text": "{}"}, 400, "expected a request", id="no request"),
        pytest.param({"text": 1, "request": POST}, 400, "expected texts as 'file' and 'text'", id="type"),
        pytest.param({"txt": "{}"}, 400, "expected one of", id="key"),
        pytest.param({"file": "/etc/passwd", "request": POST}, 404, "is no file that definitions", id="file"),
        pytest.param({"file": "/etc/x.json", "text": "{}", "request": POST}, 404, "is no file", id="file to edit"),
        pytest.param({"section": {"middleware": "urlRewrit"}, "request": POST}, 400, "did you mean", id="section"),
        pytest.param({"text": "{}", "request": POST, "exchange": "none"}, 404, "there is no exchange", id="exchange"),
    ],
)
async def test_what_cannot_be_tried(ask, value, status, says):
    got, told = await ask("/lockgate/api/try/run", value)

    assert got == status
    assert says in told["error"]


async def test_a_recorded_exchange_is_masked_and_whole(ask, desk):
    exchange = await recorded(desk, answer=Response(418, Headers.of(("X-A", "1")), b"tea"))
    status, told = await ask(f"/lockgate/api/try/start?exchange={exchange}")
    shown = told["exchange"]

    assert status == 200
    assert "hush-hush" not in json.dumps(told)
    assert "sesame" not in json.dumps(told)
    assert shown["request"]["target"] == "/api/x?token=•••"
    assert (shown["answer"]["status"], shown["answer"]["body"]) == (418, "tea")
    assert told["source"]["file"].endswith("a.json")

    given = {"file": told["source"]["file"], "exchange": exchange}
    _, same = await ask("/lockgate/api/try/run", given)
    message = {
        "method": "POST",
        "path": shown["request"]["target"],
        "headers": shown["request"]["headers"],
        "body": '{"a": 9}',
    }
    _, other = await ask(
        "/lockgate/api/try/run", {**given, "request": message, "text": json.dumps(document("{{.a}} new"))}
    )

    assert same["trace"]["upstream_request"]["body"]["text"] == "5"
    assert same["trace"]["answer"]["status"] == 418
    assert other["trace"]["upstream_request"]["body"]["text"] == "9 new"
    assert "hush-hush" not in json.dumps([same, other])


async def test_what_was_shown_masked_is_what_it_was(ask, desk, monkeypatch):
    from lockgate.pages import try_api

    seen = []
    real = try_api.try_snapshot

    async def watching(snapshot, sample, bench, rights):
        seen.append(sample.request)
        return await real(snapshot, sample, bench, rights)

    monkeypatch.setattr(try_api, "try_snapshot", watching)
    exchange = await recorded(desk)
    _, told = await ask(f"/lockgate/api/try/start?exchange={exchange}")
    shown = told["exchange"]["request"]
    message = {"method": "POST", "path": shown["target"], "headers": shown["headers"], "body": shown["body"]}
    await ask("/lockgate/api/try/run", {"file": told["source"]["file"], "exchange": exchange, "request": message})

    (request,) = seen
    assert request.headers.get("Authorization") == "Bearer hush-hush-hush"
    assert request.target == "/api/x?token=sesame-sesame"


# ── saving ──


async def saving(ask, desk, text, **more):
    file = str(desk.deployment.paths[0] / "a.json")
    _, told = await ask(f"/lockgate/api/try/start?file={file}")
    value = {"file": file, "text": text, "digest": told["source"]["digest"], **more}
    return value, await ask("/lockgate/api/try/plan", value)


async def test_saving_shows_writes_loads_and_runs_again(ask, desk):
    text = json.dumps(document("new {{.a}}"), indent=1)
    value, (status, plan) = await saving(ask, desk, text)

    assert (status, plan["loads"], plan["problems"]) == (200, True, [])
    assert plan["diff"].splitlines()[-2:] == ["-{{.a}}", "+new {{.a}}"]
    assert desk.gateway.current.generation == 1

    status, told = await ask("/lockgate/api/try/save", {**value, "request": POST})
    assert status == 200
    assert told["report"]["loaded"] == ["pets"]
    assert told["report"]["generation"] == desk.gateway.current.generation == 2
    assert told["tried"]["trace"]["upstream_request"]["body"]["text"] == "new 1"
    assert [one["text"] for one in told["embedded"]] == ["new {{.a}}"]
    assert (desk.deployment.paths[0] / "a.json").read_text() == text

    # What was saved can be edited on.
    status, _ = await ask("/lockgate/api/try/plan", {**value, "digest": told["digest"], "text": "{}"})
    assert status == 200


async def test_what_does_not_load_is_not_saved_unless_forced(ask, desk):
    value, (status, plan) = await saving(ask, desk, "{}")
    assert (status, plan["loads"]) == (200, False)

    status, told = await ask("/lockgate/api/try/save", value)
    assert (status, told["problems"]) == (422, plan["problems"])
    assert (desk.deployment.paths[0] / "a.json").read_text() != "{}"

    status, told = await ask("/lockgate/api/try/save", {**value, "forced": True})
    assert (status, told["report"]["kept"]) == (200, ["pets"])
    assert "tried" not in told


async def test_a_file_that_changed_is_a_conflict(ask, desk):
    value, _ = await saving(ask, desk, json.dumps(document("mine")))
    (desk.deployment.paths[0] / "a.json").write_text(json.dumps(document("theirs")))

    for path in ("plan", "save"):
        status, told = await ask(f"/lockgate/api/try/{path}", value)
        assert status == 409
        assert "changed since it was opened" in told["error"]
    assert json.loads((desk.deployment.paths[0] / "a.json").read_text()) == document("theirs")


@pytest.mark.parametrize("file", ["/etc/passwd", "../a.json", ""])
async def test_only_definitions_are_saved(ask, desk, file):
    status, _ = await ask("/lockgate/api/try/save", {"file": file, "text": "{}", "digest": "", "forced": True})

    assert status == 404


async def test_a_gateway_without_files(ask, desk):
    desk.deployment = desk.reload = None
    _, told = await ask("/lockgate/api/try/start")
    status, refused = await ask("/lockgate/api/try/save", {"file": "a", "text": "{}", "digest": ""})

    assert (told["files"], told["can_save"]) == ([], False)
    assert (status, refused["error"]) == (409, "the gateway has no definitions of files")
    _, tried_one = await ask("/lockgate/api/try/run", {"text": json.dumps(document()), "request": POST})
    assert tried_one["trace"]["upstream_request"]["body"]["text"] == "1"
