import json
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
    assert "unrecognized arguments: more" in capsys.readouterr().err


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
    assert "expected a number at rate" in capsys.readouterr().err


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


def test_reload_says_when_nobody_answers(capsys):
    assert main(["reload", "--control", "127.0.0.1:1"]) == 2
    assert "no control API answers on 127.0.0.1:1" in capsys.readouterr().err
