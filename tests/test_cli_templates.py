"""``lockgate try --template``."""

import io
import json
import sys
from pathlib import Path

import pytest

from lockgate.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in, with a template and an input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tmpl").write_text('{"b": {{jsonMarshal .a}}}')
    (tmp_path / "in.json").write_text('{"a": "x"}')
    return tmp_path


def attempt(*arguments: str) -> int:
    return main(["try", *arguments])


def test_the_output_is_printed_as_it_is(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (folder / "a.tmpl").write_bytes(b"\xff{{.a}}")

    assert attempt("--template", "a.tmpl", "--input", "in.json") == 0
    assert capfdbinary.readouterr() == (b"\xffx", b"")


def test_an_error_is_printed_with_a_caret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.tmpl").write_text("{\n {{.a | toJSON}}\n}")

    assert attempt("--template", "a.tmpl", "--input", "in.json") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        'a.tmpl:2:9: template: a.tmpl:2: function "toJSON" not defined',
        "     {{.a | toJSON}}",
        "            ^",
        "hint: did you mean 'toJson'?",
    ]


def test_what_is_said_of_a_template_stands_beside_its_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.tmpl").write_text('{"b": "{{.a}}"}')

    assert attempt("--template", "a.tmpl", "--input", "in.json") == 0
    out, err = capsys.readouterr()
    assert out == '{"b": "x"}'
    assert err.startswith("a.tmpl:1:10: warning: ")


def test_the_input_may_come_by_stdin(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 5}')))

    assert attempt("--template", "a.tmpl", "--input", "-") == 0
    assert capsys.readouterr().out == '{"b": 5}'


def test_xml_and_what_stands_around_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in.xml").write_text("<r><a>x</a></r>")
    (folder / "around.yaml").write_text("context:\n  path: /p\nmeta: {plan: gold}\n")
    (folder / "a.tmpl").write_text("{{.r.a}} {{._tyk_context.path}} {{._tyk_meta.plan}} $tyk_context.path")

    assert attempt("--template", "a.tmpl", "--input", "in.xml", "--xml", "--context", "around.yaml") == 0
    assert attempt("--template", "a.tmpl", "--input", "in.xml", "--xml", "--context", "around.yaml", "--response") == 0
    assert capsys.readouterr().out == "x /p gold %2Fp" + "x /p gold $tyk_context.path"


def test_the_result_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attempt("--template", "a.tmpl", "--input", "in.json", "--format", "json") == 0
    made = json.loads(capsys.readouterr().out)
    (folder / "a.tmpl").write_text("{{if")
    assert attempt("--template", "a.tmpl", "--input", "in.json", "--format", "json") == 1
    failed = json.loads(capsys.readouterr().out)

    assert (made["output"], made["error"]) == ('{"b": "x"}', None)
    assert failed["error"]["text"] == "template: a.tmpl:1: unclosed action"


def test_a_filter_runs_in_a_process_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "f.jq").write_text("{body: {b: .body.a}}")

    assert attempt("--template", "f.jq", "--input", "in.json", "--engine", "jq") == 0
    assert capsys.readouterr().out == '{"b":"x"}'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--template gone.tmpl --input in.json", "cannot read 'gone.tmpl': No such file or directory"),
        ("--template a.tmpl --input gone.json", "cannot read 'gone.json': No such file or directory"),
        ("--template . --input in.json", "cannot read '.': Is a directory"),
        ("--template a.tmpl --input in.json --context gone", "cannot read 'gone': No such file or directory"),
        (
            "--template a.tmpl --input in.json --context in.json",
            "in.json: expected 'context' or 'meta', found 'a'",
        ),
        ("--template a.tmpl --input in.json --context bytes", "bytes: expected text in UTF-8"),
        ("--template a.tmpl", "expected --input FILE beside --template; '-' reads stdin"),
        ("api.yaml --template a.tmpl --input in.json", "expected no DEFINITION beside --template, found 'api.yaml'"),
        ("--template a.tmpl --input in.json --engine jq --xml", "expected no --xml beside --engine jq"),
        ("api.yaml /a --input in.json", "expected --template FILE beside --input"),
        ("api.yaml", "expected DEFINITION and REQUEST, or --recorded FILE, found only 'api.yaml'"),
        ("", "expected DEFINITION and REQUEST, --section FILE, or --template FILE and --input FILE"),
    ],
)
def test_what_cannot_be_tried(folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str) -> None:
    (folder / "bytes").write_bytes(b"\xff")

    assert attempt(*arguments.split()) == 2
    assert capsys.readouterr().err.startswith(f"lockgate: {message}")
