import json
from xml.etree import ElementTree

import pytest
from tests.chains import answered, make_api

from lockgate.error_replies import (
    ErrorAnswer,
    ErrorMatch,
    ErrorOverrides,
    ErrorReplies,
    ErrorRule,
    ErrorTemplates,
    Format,
    MessageOverride,
    compile_body_field,
    compile_template,
    compile_templates,
)
from lockgate.middleware import Reason, Rule
from lockgate.middlewares.access import AccessEntry, AccessKind
from lockgate.problems import Problem, Severity
from lockgate.routing.pattern import compile_regex
from lockgate.templates.errors import TemplateError

NASTY = "<b>&\"'=\t\\\x00\ud800 ]]>"
BLOCKED = Rule("access", "/b", "GET", AccessEntry(AccessKind.BLOCK), kind="block")


def filled(text, form=Format.JSON, message="no", status=403):
    return compile_template(text).fill(form, status, message).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{{if .Message}}x", "template: :1: unexpected EOF", id="no end"),
        pytest.param(
            "{{.Other}}",
            'template: :1:2: executing "" at <.Other>: can\'t evaluate field Other in type gateway.APIError',
            id="field",
        ),
        pytest.param("{{}}", "template: :1: missing value for command", id="nothing"),
        pytest.param("a {{.Message", "template: :1: unclosed action", id="left open"),
        pytest.param("{{toJson .}}", 'template: :1: function "toJson" not defined', id="function of body transforms"),
        pytest.param("{{range .Message}}{{end}}", "range can't iterate over a message", id="fails on any error"),
    ],
)
def test_templates_that_do_not_work_are_refused(text, message):
    with pytest.raises(TemplateError) as caught:
        compile_template(text)

    assert message in caught.value.text


def test_the_language_of_go_templates():
    text = (
        '{{define "m"}}[{{.}}]{{end}}{{$s := .StatusCode}}{{if eq .Message "no"}}{"a": "{{template "m" .Message}}", '
        '"b": {{printf "%q" "x"}}, "c": {{len .Message}}, "d": {{$s}}}{{else}}other{{end}}'
    )

    assert filled(text) == '{"a": "[no]", "b": "x", "c": 2, "d": 403}'


def test_what_a_template_prints_is_not_escaped_for_html():
    assert filled('{"n": {{printf "%q" "<x>"}}}') == '{"n": "<x>"}'


def test_a_template_that_fails_is_not_used():
    template = compile_template("so far {{if eq .StatusCode 403}}{{range .Message}}{{end}}{{end}}")

    assert template.fill(Format.JSON, 500, "no") == b"so far "
    assert json.loads(template.fill(Format.JSON, 403, "no")) == {"error": "no"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("no }} action", "no }} action", id="no action"),
        pytest.param("{{/* nothing */}}", "", id="comment"),
        pytest.param("a{{.Message}}b{{ .Message }}c", "anobnoc", id="blanks inside"),
        pytest.param("a \n{{- .Message -}}\n b", "anob", id="trimmed"),
        pytest.param("a {{- /* x }} y */ -}} b {{.Message}} c", "ab no c", id="trimmed comment"),
        pytest.param("a {{.Message}} {{.Message}} b", "a no no b", id="blanks between"),
    ],
)
def test_fills_in_the_message(text, expected):
    assert filled(text) == expected


def test_a_template_may_have_the_status():
    assert filled('{"code": {{.StatusCode}}}') == '{"code": 403}'


def test_json_stays_json():
    assert json.loads(filled('{"a": "{{.Message}}"}', message=NASTY)) == {"a": NASTY.replace("\ud800", "?")}


def test_xml_stays_xml():
    text = "<a b=\"{{.Message}}\">{{.Message}}<c d='{{.Message}}'/></a>"

    root = ElementTree.fromstring(filled(text, Format.XML, NASTY))

    expected = NASTY.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert root.text == expected
    assert root.get("b") == root[0].get("d") == expected.replace("\t", " ")


@pytest.mark.parametrize(
    ("status", "form", "expected"),
    [
        pytest.param(401, Format.JSON, "of 401", id="of the status"),
        pytest.param(403, Format.JSON, "general", id="general"),
        pytest.param(401, Format.XML, '<?xml version = "1.0" encoding = "UTF-8"?>\n<error>no</error>\n', id="shipped"),
    ],
)
def test_looks_a_template_up(status, form, expected):
    templates, problems = compile_templates({"error_401.json": "of 401", "error.json": "general", "error_401.txt": "-"})

    assert problems == ()
    assert templates.find(status, form).fill(form, status, "no").decode() == expected


def test_a_template_that_cannot_be_used_is_not():
    templates, problems = compile_templates({"error_401.json": "a\n{{leng .Message}}", "error.json": "general"})

    assert templates.find(401, Format.JSON) == compile_template("general")
    assert problems == (
        Problem(
            "bad-error-template",
            'the template does not work: template: :2: function "leng" not defined',
            severity=Severity.WARNING,
            file="error_401.json",
            line=2,
            hint="did you mean 'len'?",
        ),
    )


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param(ErrorMatch("AKI"), False, id="other flag"),
        pytest.param(ErrorMatch("URS"), False, id="flag of upstreams"),
        pytest.param(ErrorMatch(pattern=compile_regex("^big")), False, id="other text"),
        pytest.param(ErrorMatch("AKI", compile_regex("large")), True, id="other flag, but the text"),
        pytest.param(ErrorMatch("BTL", compile_regex("^big")), True, id="flag"),
        pytest.param(ErrorMatch(body_field=("a",), body_value="b"), True, id="body fields are for upstreams"),
        pytest.param(ErrorMatch(), True, id="anything"),
    ],
)
def test_which_refusals_a_rule_is_for(match, expected):
    assert match.takes_refusal("BTL", "too large") is expected


def test_an_error_without_flag_has_no_flag():
    assert not ErrorMatch("AKI").takes_refusal("", "no")


@pytest.mark.parametrize(
    ("match", "status", "body", "expected"),
    [
        pytest.param(ErrorMatch("AKI"), 500, b"", False, id="flag of the gateway"),
        pytest.param(ErrorMatch("URS"), 404, b"", False, id="no fault of the upstream"),
        pytest.param(ErrorMatch("URS", None, ("a",), "b"), 500, b'{"a":"c"}', False, id="flag and other field"),
        pytest.param(ErrorMatch("", None, ("a",), "b"), 500, b"{", False, id="no JSON"),
        pytest.param(ErrorMatch("", None, ("a", "5"), "b"), 500, b'{"a":["b"]}', False, id="index out of range"),
        pytest.param(ErrorMatch("", None, ("a", "b"), "b"), 500, b'{"a":"b"}', False, id="key in a text"),
        pytest.param(ErrorMatch("", None, ("a",), "null"), 500, b'{"a":null}', False, id="null"),
        pytest.param(ErrorMatch("", compile_regex("x$")), 500, b"x" * 4096 + b"y", True, id="first bytes only"),
        pytest.param(
            ErrorMatch("", compile_regex("sorry"), ("a",), "b"), 500, b"sorry", True, id="text, not the field"
        ),
        pytest.param(ErrorMatch("URS"), 503, b"", True, id="fault of the upstream"),
        pytest.param(ErrorMatch("", None, ("a", "1", "c"), "b"), 404, b'{"a":[0,{"c":"b"}]}', True, id="field"),
        pytest.param(ErrorMatch("", None, ("a",), "true"), 404, b'{"a":true}', True, id="truth value"),
        pytest.param(ErrorMatch("", None, ("a",), "12"), 404, b'{"a":12}', True, id="number"),
        pytest.param(ErrorMatch("", None, ("a",), "0.5"), 404, b'{"a":5e-1}', True, id="fraction"),
        pytest.param(ErrorMatch("", None, ("a",), ""), 404, b"", True, id="a field without value does not count"),
    ],
)
def test_which_answers_a_rule_is_for(match, status, body, expected):
    assert match.takes_answer(status, body) is expected


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a.#", "a.#(b==1)", "*", "a|b", "@this", "\\"])
def test_other_paths_into_bodies_are_refused(text):
    with pytest.raises(ValueError, match="expected keys and indices"):
        compile_body_field(text)


def test_takes_a_path_into_a_body_apart():
    assert compile_body_field(r"error.0.a\.b") == ("error", "0", "a.b")


def test_the_order_of_rules():
    first, second, third, fourth, fifth = (ErrorRule(ErrorAnswer(status)) for status in range(500, 505))
    api = ErrorOverrides({"4xx": (third,), "403": (first, second), "404": (ErrorRule(ErrorAnswer()),)})
    gateway = ErrorOverrides({"403": (fourth,), "4xx": (fifth,)})

    assert list(ErrorReplies(overrides=(api, gateway)).rules(403)) == [first, second, third, fourth, fifth]


def test_hd_err_error_overrides_absent():
    rule = ErrorRule(ErrorAnswer(418, body=compile_template("teapot")))
    errors = ErrorReplies(overrides=(ErrorOverrides(), ErrorOverrides({"403": (rule,)})))

    answer = answered(make_api({}, BLOCKED, errors=errors), "GET", "/api/b")

    assert (answer.status, answer.body) == (418, b"teapot")
    assert tuple(answer.headers) == (("Content-Type", "application/json"), ("X-Generator", "tyk.io"))


def test_hd_err_override_messages(monkeypatch):
    monkeypatch.setattr(Reason.FORBIDDEN, "id", "auth.auth_field_missing")
    errors = ErrorReplies(messages={"auth.auth_field_missing": MessageOverride('<hier> & "jetzt"', 407)})

    answer = answered(make_api({}, BLOCKED, errors=errors), "GET", "/api/b")

    assert answer.status == 407
    assert json.loads(answer.body) == {"error": '<hier> & "jetzt"'}


def test_hd_err_override_messages_text_only(monkeypatch):
    monkeypatch.setattr(Reason.FORBIDDEN, "id", "auth.key_not_found")
    errors = ErrorReplies(messages={"auth.key_not_found": MessageOverride("unknown badge", 0)})

    answer = answered(make_api({}, BLOCKED, errors=errors), "GET", "/api/b")

    assert (answer.status, json.loads(answer.body)) == (403, {"error": "unknown badge"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(ErrorAnswer(), "general: no", id="nothing set"),
        pytest.param(ErrorAnswer(404), "lost: no", id="status"),
        pytest.param(ErrorAnswer(message="yes"), "general: yes", id="message"),
        pytest.param(ErrorAnswer(404, "yes", compile_template("{{.StatusCode}} {{.Message}}")), "404 yes", id="body"),
        pytest.param(ErrorAnswer(body=compile_template("<{{.Message}}>")), "<>", id="body without message"),
        pytest.param(ErrorAnswer(message="m", template="mine"), "mine: m", id="named template"),
        pytest.param(ErrorAnswer(message="m", template="mine.json"), "mine: m", id="named with its ending"),
        pytest.param(ErrorAnswer(template="absent"), "general: no", id="template that is not there"),
    ],
)
def test_words_an_error(answer, expected):
    names = {"error.json": "general", "error_404.json": "lost", "mine.json": "mine"}
    templates = ErrorTemplates({name: compile_template(text + ": {{.Message}}") for name, text in names.items()})

    body = ErrorReplies(templates).body(answer, Format.JSON, answer.status or 403, "no")

    assert body.decode() == expected
