import asyncio
import json
from typing import Any

import pytest
from tests.helpers import RECEIVED_AT, FixedOutside, TasksInPlace

from lockgate.services import Outside
from lockgate.template_trial import Given, Language, Made, Trial, parse_given, said_of, to_plain, try_template

FIXED = FixedOutside()
OUTSIDE = Outside(clock=FIXED, ids=FIXED, turns=FIXED, tasks=TasksInPlace())


def tried(text: str, body: bytes = b"{}", outside: Outside = OUTSIDE, **options: Any) -> Made:
    return asyncio.run(try_template(Trial(text, body, **options), outside))


# ── Go ──


def test_a_template_gets_the_body() -> None:
    made = tried('{"b": {{jsonMarshal .a}}}', b'{"a": "x"}')

    assert (made.output, made.fault, made.findings) == (b'{"b": "x"}', None, ())


def test_bodies_are_read_as_an_api_reads_them() -> None:
    assert tried("{{.array}}", b"[1, 2]").output == b"[1 2]"
    assert tried("{{.}}", b"").output == b"map[]"
    assert tried('{{index .a "-b"}}{{index .a "#text"}}', b'<a b="1">x</a>', is_xml=True).output == b"1x"


def test_a_template_gets_context_and_metadata() -> None:
    around = Given({"path": "/a", "path_parts": ("", "a"), "request_data": {"q": ("1",)}}, {"plan": "gold"})
    text = (
        '{{._tyk_context.path}} {{._tyk_context.path_parts}} {{._tyk_context.request_data.Get "q"}} {{._tyk_meta.plan}}'
    )

    assert tried(text, given=around).output == b"/a [ a] 1 gold"
    assert tried("{{._tyk_context}} {{._tyk_meta}}").output == b"<no value> <no value>"


def test_variables_in_the_text_are_replaced_in_templates_for_requests() -> None:
    around = Given({"path": "/a b"}, {"plan": "gold"})

    assert tried("$tyk_context.path $tyk_meta.plan", given=around).output == b"%2Fa+b gold"
    assert tried("$tyk_context.path", given=around, is_response=True).output == b"$tyk_context.path"


def test_a_body_that_cannot_be_read() -> None:
    fault = tried("{{.}}", b"{", name="a.tmpl").fault
    answer = tried("{{.}}", b"{", is_response=True)

    assert fault is not None
    assert (fault.kind, fault.line) == ("input", 0)
    assert fault.pointed == f"a.tmpl: {fault.text}"
    assert (answer.output, answer.fault) == (b"map[]", None)
    assert answer.remark == fault.text


def test_what_is_no_template() -> None:
    fault = tried("a\n{{.a | toJSON}}", name="folder/a.tmpl").fault

    assert fault is not None
    assert (fault.text, fault.kind) == ('template: a.tmpl:2: function "toJSON" not defined', "parse")
    assert (fault.line, fault.column, fault.hint) == (2, 8, "did you mean 'toJson'?")
    assert fault.pointed.splitlines() == [
        'folder/a.tmpl:2:8: template: a.tmpl:2: function "toJSON" not defined',
        "    {{.a | toJSON}}",
        "           ^",
        "hint: did you mean 'toJson'?",
    ]


def test_a_template_that_fails() -> None:
    fault = tried("ab\n{{range .a}}{{end}}", b'{"a": true}', name="t").fault

    assert fault is not None
    assert fault.text == 'template: t:2:8: executing "t" at <.a>: range can\'t iterate over true'
    assert (fault.kind, fault.line, fault.column, fault.partial) == ("execution", 2, 9, "ab\n")
    assert fault.pointed.splitlines()[1:] == ["    {{range .a}}{{end}}", "            ^"]


def test_what_takes_long_runs_as_a_task() -> None:
    text = "{{range until 50000}}x{{end}}"

    assert tried(text).output == b"x" * 50_000
    fault = tried(text, outside=Outside(clock=FIXED, ids=FIXED, turns=FIXED)).fault
    assert fault is not None
    assert (fault.kind, fault.text) == ("service", "nothing runs tasks here")


def test_a_template_without_end_reaches_a_limit() -> None:
    fault = tried("{{range 100000000}}{{end}}", name="t").fault

    assert fault is not None
    assert fault.kind == "limit"
    assert "steps" in fault.text


def test_time_and_randomness_come_from_outside() -> None:
    text = '{{now | date "2006-01-02"}} {{uuidv4}}'

    assert tried(text).output.startswith(RECEIVED_AT.strftime("%Y-%m-%d ").encode())
    assert tried(text) == tried(text)


def test_findings_are_told_beside_the_output() -> None:
    made = tried('{"a": "{{.a}}"}', b'{"a": "x"}')

    assert made.output == b'{"a": "x"}'
    assert [one.code for one in made.findings] == ["template-unescaped-json"]
    (line,) = said_of(made, "a.tmpl")
    assert line.startswith("a.tmpl:1:10: warning: {{.a}} puts a value")
    assert line.endswith("[template-unescaped-json]")
    assert [one.code for one in tried('{"a": "{{.a}}{{range .a}}{{end}}"}', b'{"a": 1}').findings] == [
        "template-unescaped-json"
    ]


def test_data_are_no_template() -> None:
    assert tried("{{.a}}", b'{"a": "{{.b}}$tyk_context.path"}').output == b"{{.b}}$tyk_context.path"


# ── jq and Jinja2 ──


def test_a_filter() -> None:
    made = tried(
        '{body: {b: .body.a, c: ._tyk_context.path}, rewrite_headers: {"X-A": "1"}, tyk_context: {t: 2}}',
        b'{"a": 1}',
        language=Language.JQ,
        given=Given({"path": "/x"}),
    )

    assert made.fault is None
    assert json.loads(made.output) == {"b": 1, "c": "/x"}
    assert said_of(made, "f.jq") == ["header set: X-A: 1", "variable set: t = 2"]


def test_a_filter_that_cannot_be_used() -> None:
    fault = tried("{body:\n env}", language=Language.JQ, name="f.jq").fault

    assert fault is not None
    assert (fault.kind, fault.line, fault.column) == ("parse", 2, 2)
    assert fault.pointed.splitlines()[1:] == ["     env}", "     ^"]


def test_a_filter_that_fails() -> None:
    fault = tried("{body: (.body.a | keys)}", b'{"a": 1}', language=Language.JQ, name="f.jq").fault

    assert fault is not None
    assert fault.kind == "execution"
    assert fault.pointed == f"f.jq: {fault.text}"


def test_a_filter_that_nothing_can_run() -> None:
    fault = tried(".", language=Language.JQ, outside=Outside(clock=FIXED, ids=FIXED, turns=FIXED)).fault

    assert fault is not None
    assert fault.text == "nothing runs tasks here"


def test_jinja2() -> None:
    assert tried('{"b": {{ a | tojson }}}', b'{"a": "x"}', language=Language.JINJA2).output == b'{"b": "x"}'
    fault = tried("{{ a", language=Language.JINJA2, name="t").fault
    assert fault is not None
    assert (fault.kind, fault.line) == ("parse", 1)


# ── around it ──


@pytest.mark.parametrize(
    "text",
    [
        '{"context": {"path": "/a", "list": [1, {"b": [null]}]}, "meta": {"plan": ["x"]}}',
        "context:\n  path: /a\n  list: [1, {b: [null]}]\nmeta:\n  plan: [x]\n",
    ],
)
def test_what_stands_around_an_input(text: str) -> None:
    assert parse_given(text.encode()) == Given({"path": "/a", "list": (1, {"b": (None,)})}, {"plan": ["x"]})


@pytest.mark.parametrize("text", ["", "{}", "context:\nmeta:\n", "---\n"])
def test_nothing_stands_around_an_input(text: str) -> None:
    assert parse_given(text.encode()) == Given()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected an object with 'context' and 'meta'"),
        ("contxt: {}", "expected 'context' or 'meta', found 'contxt'; did you mean 'context'?"),
        ("path: /a", "expected 'context' or 'meta', found 'path'"),
        ("meta: [1]", "expected an object under 'meta'"),
        ("context: x", "expected an object under 'context'"),
    ],
)
def test_what_cannot_stand_around_an_input(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^expected") as caught:
        parse_given(text.encode())
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ['{"meta": ', "a: [", "\x00"])
def test_what_is_neither_json_nor_yaml(text: str) -> None:
    with pytest.raises(ValueError, match=r"^line 1: "):
        parse_given(text.encode())


def test_results_as_json_values() -> None:
    made = to_plain(tried('{"a": "{{.a}}"}', b'{"a": "x"}'))
    failed = to_plain(tried("x{{.a.b}}", b'{"a": "\\ud800"}', name="t"))

    assert json.loads(json.dumps(made)) == made
    assert (made["output"], made["error"]) == ('{"a": "x"}', None)
    assert [one["code"] for one in made["findings"]] == ["template-unescaped-json"]
    assert "output" not in failed
    assert {name: failed["error"][name] for name in ("kind", "line", "column", "partial")} == {
        "kind": "execution",
        "line": 1,
        "column": 6,
        "partial": "x",
    }
    assert to_plain(tried("{{b64dec `/w==`}}"))["output_base64"] == "/w=="
    json.dumps(to_plain(tried("\udcff{{.a.b}}{{nosuch}}", name="\udcff")), ensure_ascii=False).encode()
