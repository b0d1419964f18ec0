"""``lockgate try``: sections, recorded exchanges, context, and what is really sent."""

import json

import pytest
from tests.apis import oas

from lockgate.cli import main

REWRITE = {"middleware": "urlRewrite", "config": {"enabled": True, "pattern": "/(.*)", "rewriteTo": "/n/$1"}}


@pytest.fixture
def file(tmp_path):
    def write(name, value):
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return str(path)

    return write


def told(capsys, *arguments):
    code = main(["try", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_section_of_a_file(capsys, file):
    code, out, err = told(capsys, "--section", file("a.json", REWRITE), "--format", "json", "/x")
    trace = json.loads(out)

    assert code == 0
    assert trace["upstream_request"]["target"] == "/n/x"
    assert trace["trial"]["sent"] is False
    assert err == ""


def test_a_template_with_session_and_context(capsys, file):
    template = file("a.tmpl", "{{._tyk_meta.team}} {{._tyk_context.who}} {{.a}}")
    context = file("context.json", {"context": {"who": "me"}, "meta": {"team": "blue"}})
    arguments = (
        "--section",
        template,
        "--middleware",
        "transformRequestBody",
        "--context",
        context,
        "--format",
        "json",
    )
    _, out, _ = told(capsys, *arguments, "-d", '{"a": 1}', "POST /")

    assert json.loads(out)["upstream_request"]["body"]["text"] == "blue me 1"


def test_a_fault_is_said_with_its_line(capsys, file):
    template = file("a.tmpl", '\n{{index .a "x"}}')
    code, out, err = told(capsys, "--section", template, "--middleware", "transformRequestBody", "-d", '{"a": 1}', "/")

    assert code == 0
    assert "fault: request_body_transform: line 2, column 2: " in err
    assert "failed" in out


def test_a_section_sees_no_environment(capsys, file, monkeypatch):
    monkeypatch.setenv("LOCKGATE_TEST", "never-to-be-seen")
    config = {"enabled": True, "add": [{"name": "X", "value": "env://LOCKGATE_TEST"}]}
    section = file("a.json", {"middleware": "transformRequestHeaders", "config": config})
    _, out, err = told(capsys, "--section", section, "/")

    assert "never-to-be-seen" not in out + err
    assert "'env://LOCKGATE_TEST' cannot be looked up" in err


def test_a_definition_of_mine_does(capsys, file, monkeypatch):
    monkeypatch.setenv("LOCKGATE_TEST", "/from-environment")
    config = {"enabled": True, "add": [{"name": "X", "value": "env://LOCKGATE_TEST"}]}
    _, out, _ = told(capsys, file("a.json", oas({"GET /": {"transformRequestHeaders": config}})), "/api/")

    assert "/from-environment" in out


def test_the_first_exchange_that_can_be_run_is_taken(capsys, file):
    asked = {"method": "GET", "url": "https://shop.test/api/x", "headers": []}
    entries = [{"request": {**asked, "url": "data:x"}}, {"request": asked}]
    api = file("api.json", oas())
    har = file("browser.har", {"log": {"entries": entries}})
    nothing = file("nothing.har", {"log": {"entries": entries[:1]}})

    code, out, _ = told(capsys, api, "--recorded", har)
    assert (code, out.split("\n")[0]) == (0, "GET /api/x → 200")
    code, _, err = told(capsys, api, "--recorded", nothing)
    assert code == 2
    assert "holds no exchange; " in err
    assert "entry 1: expected an entry of a HAR file: expected the URL of a request, found 'data:x'" in err


def test_what_it_printed_can_be_tried_again(capsys, file):
    first = file("first.json", oas({}))
    second = file("second.json", oas({"GET /x": {"urlRewrite": REWRITE["config"]}}))
    _, out, _ = told(capsys, first, "/api/x", "--answer", "418", "--format", "json")
    code, again, err = told(capsys, second, "--recorded", file("trace.json", out), "--format", "json")
    trace = json.loads(again)

    assert code == 0
    assert trace["upstream_request"]["target"] == "/n/api/x"
    assert trace["answer"]["status"] == 418
    assert trace["trial"]["remarks"] == ["nothing was sent upstream: its answer is the recorded one"]
    assert err == ""
    _, again, _ = told(capsys, second, "--recorded", file("trace.json", out), "--answer", "200", "--format", "json")
    assert json.loads(again)["trial"]["remarks"] == ["nothing was sent upstream: its answer is the given one"]
    trace["upstream_response"]["body"] = {"kind": "streamed", "streamed": True}
    _, again, _ = told(capsys, second, "--recorded", file("cut.json", trace), "--format", "json")
    assert json.loads(again)["trial"]["remarks"] == [
        "nothing was sent upstream: its answer is the recorded one, without its body, which was not kept"
    ]


async def test_it_is_really_sent_where_that_is_asked_for(file, tmp_path):
    import asyncio

    from lockgate.debugging.trial_outside import Rights
    from lockgate.hosts.trying import Trying, try_files

    seen = []

    async def serve(reader, writer):
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    file("api.json", oas({}, upstream=f"http://127.0.0.1:{port}"))
    asked = Trying(tmp_path / "api.json", request=b"GET /api/x?a=1", rights=Rights(send=True))
    outcome = await asyncio.to_thread(try_files, asked)
    server.close()

    assert outcome.sent
    assert (outcome.trace.answer.status, outcome.trace.answer.body) == (302, b"hi")  # No redirect was followed.
    (head,) = seen
    assert head.startswith(f"GET /x?a=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")
    assert head.lower().count("accept-encoding") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--section", "none.json", "/"], "there is no file or folder", id="no section"),
        pytest.param(["--section", "bad.json", "/"], "did you mean 'urlRewrite'?", id="name"),
        pytest.param(["--section", "a.tmpl", "/"], "expected an object with 'middleware' and 'config'", id="no name"),
        pytest.param(["--section", "bad.json", "api.json", "/"], "expected no DEFINITION beside --section", id="both"),
        pytest.param(["--section", "bad.json"], "expected REQUEST, or --recorded FILE", id="no request"),
        pytest.param(["api.json", "--recorded", "a.tmpl"], "expected flows of mitmproxy's, a HAR file", id="recording"),
        pytest.param(["api.json", "--recorded", "empty.json"], "holds no exchange", id="no exchange"),
        pytest.param(["api.json", "--recorded", "empty.json", "-d", "x"], "holds no exchange", id="empty, with data"),
        pytest.param(
            ["api.json", "/", "--context", "a.tmpl"], "expected an object with 'context' and 'meta'", id="context"
        ),
        pytest.param(["api.json", "/", "--session", "[]"], "expected", id="session"),
    ],
)
def test_what_cannot_be_tried(capsys, file, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    file("bad.json", {"middleware": "urlRewrit"})
    file("a.tmpl", "text")
    file("api.json", oas({}))
    file("empty.json", [])
    code, _, err = told(capsys, *arguments)

    assert code == 2
    assert says in err
