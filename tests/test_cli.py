import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.apis import oas

from lockgate.cli import main

REWRITE = {"urlRewrite": {"enabled": True, "pattern": "/a", "rewriteTo": "/b"}}


@pytest.fixture
def definition(tmp_path):
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(oas({"GET /a": REWRITE})))
    return path


def test_check_is_silent_about_what_is_right(definition, capsys):
    assert main(["check", str(definition)]) == 0
    assert capsys.readouterr().out == "1 API, 0 errors, 0 warnings\n"


def test_check_names_file_line_and_code(tmp_path, capsys):
    path = tmp_path / "pets.json"
    document = oas({"GET /a": {"urlRewrit": {}}})
    document["x-tyk-api-gateway"]["info"]["name"] = 7
    path.write_text(json.dumps(document, indent=1))

    assert main(["check", "--format", "json", str(tmp_path)]) == 1
    problems = json.loads(capsys.readouterr().out)

    assert [(p["code"], p["severity"]) for p in problems] == [("wrong-type", "error"), ("unknown-key", "warning")]
    line = path.read_text().splitlines()[problems[0]["line"] - 1]
    assert line.strip() == '"name": 7,'
    assert "urlRewrite" in problems[1]["hint"] + problems[1]["message"]


def test_check_of_nothing_is_an_error(tmp_path, capsys):
    assert main(["check", str(tmp_path / "missing")]) == 2
    assert "there is no file or folder" in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"lockgate: {str(tmp_path)!r}: there is no definition\n"


def test_try_prints_the_trace(definition, capsys):
    assert main(["try", str(definition), "GET /api/a"]) == 0
    out = capsys.readouterr().out

    assert "url_rewrite" in out
    assert "upstream gets: GET /b" in out


def test_options_may_stand_between_what_is_tried_and_the_request(definition, capsys):
    assert main(["try", str(definition), "--format", "text", "GET /pets/1"]) == 0
    between = capsys.readouterr().out
    assert main(["try", str(definition), "GET /pets/1", "--format", "text"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == between.split("\n")[0]
    assert main(["show", str(definition), "--format", "text", "GET", "/pets/1"]) == 0
    with pytest.raises(SystemExit):
        main(["try", str(definition), "GET /pets/1", "--format", "text", "more"])
    assert "lockgate try: error: unrecognized arguments: more" in capsys.readouterr().err


def test_try_as_json_and_with_an_answer(definition, capsys, tmp_path):
    answer = tmp_path / "answer"
    answer.write_bytes(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/x\r\n\r\ngone")

    assert (
        main(["try", str(definition), "POST /api/a", "-d", "body", "--answer", f"@{answer}", "--format", "json"]) == 0
    )
    plain = json.loads(capsys.readouterr().out)

    assert plain["original"]["body"]["text"] == "body"
    assert plain["answer"]["status"] == 404
    assert plain["answer"]["body"]["text"] == "gone"


def test_try_with_a_session(capsys):
    definition = Path(__file__).resolve().parents[1] / "definitions" / "auth-token.yaml"
    asked = ["try", str(definition), "/keyed/get", "-H", "X-Api-Key: demo-key"]

    assert main([*asked, "--session", '{"meta_data": {"plan": "gold"}}']) == 0
    known = capsys.readouterr().out
    assert main(asked) == 0
    unknown = capsys.readouterr().out
    assert main([*asked, "--session", '{"rate": "x"}']) == 2

    assert "X-Plan: gold" in known
    assert "→ 403" in unknown
    assert "the session: expected a number at rate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("DEFINITION /a --middleware urlRewrite", "expected --section FILE beside --middleware urlRewrite"),
        ("DEFINITION /a --engine jq", "expected --template FILE beside --engine"),
        ("DEFINITION /a --response", "expected --template FILE beside --response"),
        ("DEFINITION /a --send --answer 200", "expected --send or --answer, found both"),
        ("--template t --input i --send", "expected no --send beside --template"),
        ("--template t --input i -H a:b", "expected no --header beside --template"),
        ("--section t /a /b", "expected no DEFINITION beside --section, found '/a'"),
        ("--section t", "expected REQUEST, or --recorded FILE\n"),
    ],
)
def test_try_takes_no_option_for_nothing(definition, capsys, arguments, said):
    assert main(["try", *arguments.replace("DEFINITION", str(definition)).split()]) == 2
    assert capsys.readouterr().err.startswith(f"lockgate: {said}")


def test_try_says_which_file_is_wrong(definition, capsys, tmp_path):
    for name, text in (("section.json", "{"), ("context.yaml", "a: 1")):
        (tmp_path / name).write_text(text)

    assert main(["try", "--section", str(tmp_path / "section.json"), "/a"]) == 2
    assert capsys.readouterr().err.startswith(f"lockgate: {tmp_path}/section.json: line ")
    (tmp_path / "section.json").write_text("{{.a}}")
    assert main(["try", "--section", str(tmp_path / "section.json"), "--middleware", "urlRewrit", "/a"]) == 2
    assert "section.json: there is no section 'urlRewrit' of a definition; did you mean" in capsys.readouterr().err
    assert main(["try", str(definition), "/a", "--context", str(tmp_path / "context.yaml")]) == 2
    assert capsys.readouterr().err.startswith(f"lockgate: {tmp_path}/context.yaml: expected 'context' or 'meta'")


def test_try_says_that_nothing_was_sent(definition, capsys):
    assert main(["try", str(definition), "/api/a"]) == 0
    assert capsys.readouterr().err == "nothing was sent upstream: its answer is the given one\n"


@pytest.mark.parametrize("request_line", ["GET", "GET a b c", "nothing"])
def test_try_says_what_it_expects(definition, capsys, request_line):
    assert main(["try", str(definition), request_line]) == 2
    assert "expected" in capsys.readouterr().err


def test_show_gives_the_chain_of_a_request(definition, capsys):
    assert main(["show", str(definition), "GET", "/api/a?x=1"]) == 0
    out = capsys.readouterr().out

    assert "1 url_rewrite        GET /a: '/a' is found in '/a', first match" in out
    assert "mock_response      left out: not configured" in out


def test_show_gives_the_chain_of_an_api(definition, capsys):
    assert main(["show", str(definition)]) == 0
    assert "url_rewrite        GET /a" in capsys.readouterr().out


def test_show_gives_the_chain_of_an_endpoint(definition, capsys):
    assert main(["show", str(definition), "GET", "/a", "--api", "pets"]) == 0
    assert capsys.readouterr().out.startswith("GET /api/a → pets (pets) on /api/\n")
    assert main(["show", str(definition), "GET", "/{b}"]) == 2
    assert "no API has the endpoint GET /{b}" in capsys.readouterr().err
    assert main(["show", str(definition), "--api", "cats"]) == 2
    assert "there is no API 'cats'; there are 'pets'" in capsys.readouterr().err
    assert main(["show", str(definition), "--api", "pest"]) == 2
    assert "there is no API 'pest'; did you mean 'pets'?" in capsys.readouterr().err


def test_show_prints_json(definition, capsys):
    assert main(["show", str(definition), "--format", "json"]) == 0
    (api,) = json.loads(capsys.readouterr().out)
    assert (api["id"], api["versions"][0]["entries"][0]["middleware"]) == ("pets", "url_rewrite")
    assert main(["show", str(definition), "GET", "/api/a", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [phase["phase"] for phase in shown["phases"]] == ["request", "response"]


def test_explain(capsys):
    assert main(["explain", "unknown-key"]) == 0
    assert "To mend it:" in capsys.readouterr().out
    assert main(["explain", "unknown-kee"]) == 2
    assert "did you mean 'unknown-key'" in capsys.readouterr().err


def test_more_than_one_worker_is_refused(definition, capsys):
    assert main(["serve", "--definitions", str(definition), "--workers", "2"]) == 2
    assert "not built" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["here", ":80", "a b:80", "a:99999", "a:x", "a/b:80", "[]:80"])
def test_an_address_has_host_and_port(capsys, address):
    assert main(["reload", "--control", address]) == 2
    assert capsys.readouterr().err == f"lockgate: expected HOST:PORT for --control, found {address!r}\n"


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"generation": 2, "loaded": ["a"]}, 0, "generation 2 is in force\nloaded: a\n"),
        ({"generation": 2, "problems": ["f:1: warning: g:1: error: x"]}, 0, "f:1: warning: g:1: error: x\n"),
        ({"generation": 2, "problems": ["f:1: error: x"]}, 1, "f:1: error: x\n"),
        ({"generation": 2, "kept": ["a"]}, 1, "not loaded, last good version kept: a\n"),
        ({"status": "ok"}, 2, "is no control API of Lockgate"),
        ([], 2, "is no control API"),
    ],
)
def test_reload_tells_what_came_of_it(capsys, monkeypatch, answer, code, said):
    if "generation" in answer:
        answer = {key: [] for key in ("loaded", "unchanged", "kept", "removed", "problems")} | answer
    server = HTTPServer(("127.0.0.1", 0), answering(answer))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    try:
        assert main(["reload", "--report", "--control", f"127.0.0.1:{server.server_port}"]) == code
    finally:
        server.shutdown()
        server.server_close()
    out, err = capsys.readouterr()
    assert said in (out if code < 2 else err)


def answering(value):
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Answering


@pytest.mark.parametrize(
    ("encoding", "target", "code", "said"),
    [
        pytest.param("ascii", "pipe", 0, "GET /api/a \\u2192 200", id="no arrows in ASCII"),
        pytest.param("utf-8", "/dev/full", 2, "cannot read or write: No space left on device", id="full"),
        pytest.param("utf-8", "closed", 0, "", id="closed"),
    ],
)
def test_output_that_takes_not_everything(definition, encoding, target, code, said):
    command = [sys.executable, "-m", "lockgate.cli", "try", str(definition), "/api/a"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    out = subprocess.PIPE
    if target == "closed":
        command = ["sh", "-c", '"$@" >&-', "sh", *command]
    elif target != "pipe":
        out = open(target, "wb")  # noqa: SIM115, PTH123
    try:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, env=environment, check=False)
    finally:
        if target == "/dev/full":
            out.close()

    assert done.returncode == code
    assert said in ((done.stdout or b"") + done.stderr).decode()
    assert b"Traceback" not in done.stderr


def test_reload_says_when_nobody_answers(capsys):
    assert main(["reload", "--control", "127.0.0.1:1"]) == 2
    assert "no control API answers on 127.0.0.1:1" in capsys.readouterr().err
