"""What is said of templates, and, above all, what is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.errors import TemplateError
from lockgate.templates.fields import Fields, known_fields
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.lint import MOST_FINDINGS, Finding, findings, undefined_templates
from lockgate.templates.nodes import Source
from lockgate.templates.parser import parse

ITEM = {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "kind": {"enum": ["a", "b"]},
        "id": {"type": "integer", "example": 1_700_000_000},
        "n": {"type": "number"},
        "ok": {"type": "boolean"},
        "items": {"type": "array", "items": ITEM},
        "map": ITEM,
        "any": {},
        "more": {"type": "object", "properties": {"x": {}}, "additionalProperties": True},
    },
}
KNOWN = known_fields({}, [{"application/json": {"schema": SCHEMA}}])
UNESCAPED = "template-unescaped-json"
XML = "template-unescaped-xml"


def source(text: str, name: str = "") -> Source:
    return parse(text, name, functions=FUNCTIONS)


def said(text: str, fields: Fields | None = None, **options: Any) -> list[Finding]:
    return list(findings(source(text), fields=fields, **options))


def codes(text: str, fields: Fields | None = None, **options: Any) -> list[str]:
    return [one.code for one in said(text, fields, **options)]


# ── JSON ──


@pytest.mark.parametrize(
    "action",
    [
        "{{.a}}",
        "{{ .a.b | upper | trunc 3 }}",
        '{{index . "a"}}',
        '{{print "x" .a}}',
        '{{printf "%s-%d" .a 1}}',
        '{{default "x" .a}}',
        '{{ternary .a "x" true}}',
        "{{$x := .a}}{{$x}}",
        "{{with .a}}{{.}}{{end}}",
        "{{range .a}}{{.}}{{end}}",
        "{{range $i, $e := .a}}{{$e.b}}{{end}}",
        "{{if .a}}x{{else}}{{.b}}{{end}}",
        "{{first .a}}",
        "{{(.a | fromJson).b}}",
        "{{.a.b.c.d}}",
        "{{html .a | nospace | print | replace `x` `y`}}{{.b}}",
        "{{._tyk_context.path}}",
        "{{._tyk_context.headers_X_Name}}",
        "{{index ._tyk_context.request_data.name 0}}",
        '{{._tyk_context.request_data.Get "name"}}',
        "{{._tyk_meta.plan}}",
        '{{$x := "a"}}{{if .b}}{{$x = .c}}{{end}}{{$x}}',
        "{{squote .a}}",
        "{{xmlMarshal .a}}",
    ],
)
def test_a_value_between_quotes_of_json_has_to_be_escaped(action: str) -> None:
    assert codes('{"x": "' + action + '"}') == [UNESCAPED]


@pytest.mark.parametrize(
    "action",
    [
        "{{js .a}}",
        "{{.a | html}}",
        "{{urlquery .a}}",
        "{{.a | b64enc}}",
        "{{sha256sum .a}}",
        "{{len .a}}",
        "{{int .a}}",
        "{{.a | int64 | add 1}}",
        "{{float64 .a}}",
        "{{eq .a `b`}}",
        '{{printf "%.2f %d %t" .a (int .b) (not .c)}}',
        '{{printf "%s" (js .a)}}',
        "{{js .a | upper}}",
        '{{now | date "2006-01-02"}}',
        "{{uuidv4}}",
        '{{"text"}}',
        '{{print "a" 1 true}}',
        '{{$x := "a"}}{{$x}}',
        '{{range list "a" "b"}}{{.}}{{end}}',
        "{{range $i, $e := .a}}{{$i}}{{end}}",
        "{{range until 3}}{{.}}{{end}}",
        "{{ternary `a` `b` (eq .a `x`)}}",
        '{{.a | replace "\\"" "\\\\\\""}}',
        '{{regexReplaceAll "[^a-z]" .a ""}}',
        "{{._tyk_context.request_id}}",
        "{{._tyk_context.remote_addr}}",
        '{{$d := dict "k" "v" "a" .a}}{{$d.k}}',
        "{{kindOf .a}}",
        "{{$x := .a}}",
        "{{if .a}}x{{end}}",
        "{{with .a}}x{{end}}",
        "{{template `nowhere` .a}}",
    ],
)
def test_what_needs_no_escaping_between_quotes(action: str) -> None:
    assert codes('{"x": "' + action + '"}') == []


@pytest.mark.parametrize(
    "action", ["{{.a}}", "{{js .a}}", "{{print .a}}", "{{.a | urlquery | print .b}}", "{{html .a}}"]
)
def test_a_value_of_json_needs_its_quotes(action: str) -> None:
    assert codes('{"x": ' + action + "}") == [UNESCAPED]


@pytest.mark.parametrize(
    "action",
    [
        "{{jsonMarshal .a}}",
        "{{.a | toJson}}",
        "{{toPrettyJson .a}}",
        "{{toRawJson .}}",
        "{{quote .a}}",
        '{{printf "%q" .a}}',
        "{{len .a}}",
        "{{jsonMarshal (printf `%s-%s` .a .b)}}",
        "{{if .a}}1{{else}}2{{end}}",
    ],
)
def test_what_is_a_value_of_json(action: str) -> None:
    assert codes('{"x": ' + action + "}") == []


def test_what_the_document_says_of_a_field_counts() -> None:
    assert codes('{"x": {{.n}}, "y": {{.ok}}, "z": "{{.n}}", "k": "{{.kind}}"}', KNOWN) == []
    assert codes('{"x": {{.name}}}', KNOWN) == [UNESCAPED]
    assert codes('{"x": {{.kind}}}', KNOWN) == [UNESCAPED]
    assert codes('{"x": {{.any}}}', KNOWN) == [UNESCAPED]
    assert codes('{"x": [{{range .items}}{{.count}}, "{{.sku}}"{{end}}]}', KNOWN) == [UNESCAPED]
    assert codes('{"x": {{(first .items).count}}, "y": {{(index .items 0).count}}}', KNOWN) == []
    (finding,) = said('{"x": {{.items}}}', KNOWN)
    assert "printed as Go does" in finding.message


def test_a_text_that_is_quoted_twice() -> None:
    assert codes('{"x": "{{jsonMarshal .name}}", "y": "{{.name | toJson}}"}', KNOWN) == ["template-quoted-twice"] * 2
    assert codes('{"x": "{{jsonMarshal .n}}", "y": "{{toJson .any}}", "z": "{{.map | toJson | js}}"}', KNOWN) == []
    assert codes('{"x": "{{jsonMarshal .name}}"}') == []


def test_names_of_members_are_values_too() -> None:
    assert codes('{ {{range $k, $v := .map}}"{{$k}}": 1{{end}} }', KNOWN) == [UNESCAPED]
    assert codes('{ {{range $k, $v := .any}}"{{$k}}": 1{{end}} }', KNOWN) == []


def test_what_to_write_instead() -> None:
    hints = [one.hint for one in said('{"a": "{{.a}}", "b": "x {{.b}}", "c": {{.c | upper}}, "d": {{.d}}}')]

    assert hints == [
        "write {{jsonMarshal .a}}, without quotes around it",
        "put the whole text through jsonMarshal",
        "write {{jsonMarshal (.c | upper)}}",
        "write {{jsonMarshal .d}}",
    ]


def test_findings_have_a_place_and_stand_in_order() -> None:
    found = said('{\n  "日": "{{.a}}",\n  "b": "{{ .b }}"\n}')

    assert [(one.line, one.column) for one in found] == [(2, 11), (3, 12)]
    assert "{{.b}} puts a value between quotes" in found[1].message


def test_where_the_way_is_lost_nothing_is_said() -> None:
    assert codes('{"x": {{if .a}}"{{else}}1{{end}}{{.b}}"}') == []
    assert codes('{"x": "{{range .a}}"{{end}}{{.b}}"}') == []
    assert codes("{{if .a}}<a>{{else}}{{end}}{{.b}}") == []
    assert codes("hello {{.a}}") == []


def test_branches_that_lead_to_the_same_place() -> None:
    assert codes('{"x": {{if .a}}"y{{else if .b}}"z{{else}}"{{end}}{{.c}}"}') == [UNESCAPED]
    assert codes('{"x": {{range .a}}"{{.}}"{{end}}, "y": "{{.c}}"}') == [UNESCAPED] * 2


def test_definitions_are_followed_from_where_they_are_called() -> None:
    assert codes('{{define "t"}}"{{.x}}": {{.n}}{{end}}{ {{template "t" .}} }', KNOWN) == [
        "template-unknown-field",
        UNESCAPED,
    ]
    assert codes('{{define "t"}}{{.a}}{{end}}{"x": "{{template "t" .}}"}') == [UNESCAPED]
    assert codes('{{define "t"}}{{.}}{{end}}{"x": "{{template "t" "constant"}}"}') == []
    assert codes('{{define "t"}}{{template "t" .}}{{.a}}{{end}}{"x": "{{template "t" .}}"}') == [UNESCAPED]
    assert codes('{"x": "{{block "t" .}}{{.a}}{{end}}"}') == [UNESCAPED]
    assert codes('{{define "t"}}{{.a}}{{end}}{"x": 1}') == []


# ── XML ──


@pytest.mark.parametrize(
    "text", ["<a>{{.b}}</a>", '<a b="{{.b}}"/>', "<a b='{{upper .b}}'/>", "<{{.b}}/>", "<a {{.b}}/>"]
)
def test_a_value_in_xml_has_to_be_escaped(text: str) -> None:
    assert codes(text) == [XML]


@pytest.mark.parametrize(
    "text",
    [
        "<a>{{html .b}}</a>",
        '<a b="{{.b | html}}">{{.c | xmlMarshal}}</a>',
        "<a>{{len .b}}</a>",
        "<a>{{urlquery .b}}{{js .b}}</a>",
        "<a><![CDATA[{{.b}}]]></a>",
        "<a><!-- {{.b}} --></a>",
        '<a>{{"b"}}</a>',
    ],
)
def test_what_needs_no_escaping_in_xml(text: str) -> None:
    assert codes(text) == []


def test_in_xml_too_the_document_counts() -> None:
    assert codes("<a>{{.n}}{{.kind}}{{.ok}}</a>", KNOWN) == []


def test_the_output_may_be_said() -> None:
    assert codes("{{.a}}", output="json") == [UNESCAPED]
    assert codes("{{.a}}", output="xml") == [XML]
    assert codes("{{.a}}") == []


# ── numbers ──


@pytest.mark.parametrize(
    "action",
    [
        "{{.id}}",
        "{{$x := .id}}{{$x}}",
        "{{default 0 .id}}",
        "{{print .id}}",
        "{{.id | toString}}",
        "{{quote .id}}",
        '{{printf "%v" .id}}',
    ],
)
def test_numbers_that_are_printed_in_exponent_form(action: str) -> None:
    (finding,) = said(f"id={action}", KNOWN)

    assert finding.code == "template-exponent"
    assert finding.message.endswith("prints numbers in exponent form: 1.7e+09")


@pytest.mark.parametrize(
    "action",
    [
        "{{int64 .id}}",
        '{{printf "%.0f" .id}}',
        "{{jsonMarshal .id}}",
        "{{.n}}",
        "{{.name}}",
        "{{eq .id 5.0}}",
        "{{if .id}}{{end}}",
    ],
)
def test_numbers_that_are_not(action: str) -> None:
    assert codes(f"id={action}", KNOWN) == []


@pytest.mark.parametrize(
    ("action", "hint"),
    [
        ("{{if eq .a 1}}{{end}}", "write 1.0"),
        ("{{if .a | eq 1}}{{end}}", "write 1.0"),
        ("{{if and .b (gt .a 10)}}{{end}}", "write 10.0"),
        ("{{range .a}}{{if le .n 5}}{{end}}{{end}}", "write 5.0"),
        ("{{$n := .n}}{{lt $n 5}}", "write 5.0"),
        ("{{ne .a -1}}", ""),
        ("{{eq .a 0x1F}}", ""),
        ("{{eq .name 1}}", 'write "1"'),
        ("{{eq .ok 1}}", ""),
    ],
)
def test_a_number_of_the_data_cannot_be_compared_with_an_integer(action: str, hint: str) -> None:
    fields = KNOWN if ".name" in action or ".ok" in action else None

    assert [(one.code, one.hint) for one in said(action, fields)] == [("template-comparison", hint)]


@pytest.mark.parametrize(
    "action",
    [
        "{{eq .a 1.0}}",
        "{{eq .a 1e3}}",
        "{{eq (int .a) 1}}",
        "{{eq (len .a) 1}}",
        "{{range $i, $e := .a}}{{if eq $i 1}}{{end}}{{end}}",
        '{{eq .a "1"}}',
        "{{eq (default 0 .a) 1}}",
        "{{eq (index .a 0 | int) 1}}",
        "{{eq ._tyk_context.quota_limit 1}}",
        "{{$x := 1}}{{eq $x 1}}",
        "{{eq 1 1}}",
        "{{not .a}}",
    ],
)
def test_what_can_be_compared(action: str) -> None:
    assert codes(action) == []


def test_verbs_that_do_not_print_floats() -> None:
    assert codes('{{printf "%d" .a}}{{printf "%s %05d" .b .c}}') == ["template-verb"] * 2
    assert codes('{{printf "%v %s %.1f %5.2f %g %x %t %q %%d" .a .b .c .d .e .f .g .h}}') == []
    assert codes('{{printf "%d" (int .a)}}{{printf "%d" (len .a)}}{{printf .f .a}}{{printf "%*d" 3 .a}}') == []


# ── names ──


def test_fields_that_the_document_does_not_have() -> None:
    (finding,) = said("{{.nmae}}", KNOWN)

    assert (finding.code, finding.hint) == ("template-unknown-field", "did you mean 'name'?")
    assert codes("{{range .items}}{{.skuu}}{{end}}", KNOWN) == ["template-unknown-field"]
    assert codes('{{with .map}}{{.cuont}}{{$.naem}}{{end}}{{index . "kidn"}}', KNOWN) == ["template-unknown-field"] * 3
    assert codes("{{if .nothing}}{{.nothing.more}}{{end}}", KNOWN) == ["template-unknown-field"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "{{.name}}{{.items}}{{.map.sku}}{{$.name}}",
        "{{.any.thing.at.all}}",
        "{{.more.fields}}",
        "{{range .any}}{{.x}}{{end}}",
        "{{range .map}}{{.x}}{{end}}",
        "{{._tyk_context.path}}{{._tyk_meta.plan.x}}",
        '{{$d := dict "x" .map}}{{$d.y}}{{$d.x.z}}',
        '{{define "t"}}{{.y}}{{end}}{{template "t" (dict "y" 1)}}',
        "{{(.name | fromJson).x}}",
        "{{.name.first}}",
    ],
)
def test_fields_that_it_has_or_of_which_nothing_is_known(text: str) -> None:
    assert codes(text, KNOWN) == []


def test_templates_that_are_not_defined() -> None:
    first = source('{{define "lines"}}x{{end}}\n{{template "line" .}}', "a.tmpl")
    second = source('{{template "lines"}}{{if .a}}{{else}}{{range .b}}{{template "x"}}{{end}}{{end}}', "b.tmpl")

    found = undefined_templates((first, second))

    assert [(one.name, finding.line, finding.column, finding.code, finding.hint) for one, finding in found] == [
        ("a.tmpl", 2, 12, "template-undefined", "did you mean 'lines'?"),
        ("b.tmpl", 1, 61, "template-undefined", ""),
    ]
    assert undefined_templates((source('{{template "t"}}{{define "t"}}{{end}}'),)) == ()
    assert undefined_templates((source('{{block "t" .}}x{{end}}{{template "" .}}'),)) == ()


# ── bounds ──


def test_many_findings_are_not_all_told() -> None:
    assert len(said('{"x": [' + '"{{.a}}",' * 1000 + "]}")) == MOST_FINDINGS


def test_templates_that_call_one_another_without_end_take_no_time() -> None:
    calls = "".join(f'{{{{define "t{n}"}}}}' + f'{{{{template "t{n + 1}" .}}}}' * 4 + "{{end}}" for n in range(40))

    assert codes(calls + '{"x": "{{.a}}{{template "t0" .}}"}') == [UNESCAPED]


def test_templates_that_are_nested_deeply_are_followed() -> None:
    for opening in ("{{if .a}}", "{{with .a}}", "{{range .a}}"):
        assert codes('{"x": ' + opening * 90 + '"{{.b}}"' + "{{end}}" * 90 + "}") == [UNESCAPED]
    assert codes('{"x": "{{' + "(" * 90 + ".a" + ")" * 90 + '}}"}') == [UNESCAPED]
    chain = "{{if .a}}1" + "{{else if .b}}2" * 299 + "{{end}}"
    assert codes('{"x": "' + chain + '{{.c}}"}') == [UNESCAPED]
    nested = "".join(
        f'{{{{define "t{n}"}}}}{"{{if .a}}" * 90}{{{{template "t{n + 1}" .}}}}{"{{end}}" * 90}{{{{end}}}}'
        for n in range(50)
    )
    assert codes(nested + '{"x": "{{.a}}{{template "t0" .}}"}') == [UNESCAPED]


FRAGMENTS = st.sampled_from(
    (
        '{"x": "',
        '"}',
        "<a b='",
        "{{.a}}",
        "{{.nmae.x}}",
        "{{.id | toString}}",
        "{{if eq .n 1}}",
        "{{range $i, $e := .items}}",
        "{{range .map}}",
        "{{with .map}}",
        "{{else}}",
        "{{else if .b}}",
        "{{end}}",
        "{{break}}",
        "{{$x := .name}}",
        "{{$x = .n}}",
        "{{$x.y}}",
        '{{define "t"}}',
        '{{template "t" .}}',
        '{{block "b" .}}',
        '{{printf "%d%v" .n}}',
        "{{printf}}",
        "{{index}}{{default}}{{first}}{{ternary}}{{eq}}{{html}}{{print}}{{fromJson}}{{get}}{{replace}}",
        "{{(.a | first).b 1}}",
        "{{._tyk_context.x | js}}",
        "{{nil}}",
    )
)


@given(st.lists(FRAGMENTS, max_size=12), st.sampled_from(("json", "xml", "")), st.booleans())
def test_whatever_a_template_is_it_is_followed_without_fail(parts: list[str], output: Any, is_known: bool) -> None:
    try:
        made = source("".join(parts))
    except TemplateError:
        return
    found = findings(made, output=output, fields=KNOWN if is_known else None)

    assert list(found) == sorted(found, key=lambda one: (one.line, one.column))
    assert all(one.column > 0 for one in found)
