"""Trees and errors of templates. What is expected was recorded with Go 1.26."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates import nodes
from lockgate.templates.errors import Kind, Place, TemplateError
from lockgate.templates.nodes import Source
from lockgate.templates.parser import MOST_BRANCHES, MOST_LEVELS, parse, place_of

FUNCTIONS = frozenset(("and", "eq", "index", "len", "print", "printf", "toJson", "upper"))


def parsed(text: str, name: str = "") -> Source:
    return parse(text, name, functions=FUNCTIONS)


def failed(text: str, name: str = "") -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        parsed(text, name)
    return caught.value


def main_tree(text: str) -> str:
    return str(parsed(text).trees[""].root)


# ── errors ──

ERRORS = [
    ("{{", 1, "unclosed action"),
    ("{{}}", 1, "missing value for command"),
    ("{{ }}", 1, "missing value for command"),
    ("{{-}}", 1, 'illegal number syntax: "-"'),
    ("{{- }}", 1, "missing value for command"),
    ("{{- -}}", 1, 'illegal number syntax: "-"'),
    ("{{.", 1, 'illegal number syntax: "."'),
    ("{{.}", 1, "bad character U+007D '}'"),
    ("{{.a", 1, "unclosed action"),
    ("x\n{{\n.a\n", 4, "unclosed action started at :2"),
    ("{{if .a}}\n{{.b", 2, "unclosed action"),
    ("{{if .a}}\n\n{{/* open", 3, "unclosed comment in action started at :1"),
    ("{{/* a */ }}", 1, "comment ends before closing delimiter"),
    ("{{/* a }}", 1, "unclosed comment"),
    ("{{ /* a */}}", 1, 'unexpected "/" in command'),
    ("{{- /* a */ -}}x{{end}}", 1, "unexpected {{end}}"),
    ('{{"a}}', 1, "unterminated quoted string"),
    ('{{"a\n"}}', 1, "unterminated quoted string"),
    ("{{`a}}", 1, "unterminated raw quoted string"),
    ("{{'a}}", 1, "unterminated character constant"),
    ("{{''}}", 1, "invalid syntax"),
    ("{{'ab'}}", 1, "malformed character constant: 'ab'"),
    ("{{'\\q'}}", 1, "invalid syntax"),
    ('{{"\\q"}}', 1, "invalid syntax"),
    ('{{"\\x4"}}', 1, "invalid syntax"),
    ('{{"\\ud800"}}', 1, "invalid syntax"),
    ('{{"\\400"}}', 1, "invalid syntax"),
    ("{{'\\\"'}}", 1, "invalid syntax"),
    ('{{"\\\'"}}', 1, "invalid syntax"),
    ("{{1a}}", 1, 'bad number syntax: "1a"'),
    ("{{0x}}", 1, 'illegal number syntax: "0x"'),
    ("{{08}}", 1, 'integer overflow: "08"'),
    ("{{1_}}", 1, 'illegal number syntax: "1_"'),
    ("{{1__0}}", 1, 'illegal number syntax: "1__0"'),
    ("{{1e}}", 1, 'illegal number syntax: "1e"'),
    ("{{1e400}}", 1, 'illegal number syntax: "1e400"'),
    ("{{99999999999999999999}}", 1, 'integer overflow: "99999999999999999999"'),
    ("{{1+2}}", 1, 'bad number syntax: "1+2"'),
    ("{{1+2i3}}", 1, 'bad number syntax: "1+2i3"'),
    ("{{0b1+2i}}", 1, "syntax error scanning complex number"),
    ("{{0x1+2i}}", 1, 'strconv.ParseFloat: parsing "0x1": invalid syntax'),
    ("{{1e999+2i}}", 1, 'strconv.ParseFloat: parsing "1e999": value out of range'),
    ("{{1+i}}", 1, "syntax error scanning complex number"),
    ("{{+i}}", 1, 'illegal number syntax: "+i"'),
    ("{{+a}}", 1, 'bad number syntax: "+a"'),
    ("{{.5.5}}", 1, 'unexpected ".5" in operand'),
    ("{{.a.}}", 1, "unexpected <.> in operand"),
    ("{{..a}}", 1, 'unexpected . after term "."'),
    ("{{.a..b}}", 1, "unexpected <.> in operand"),
    ("{{.a-b}}", 1, "bad character U+002D '-'"),
    ("{{$a-b}}", 1, "bad character U+002D '-'"),
    ("{{a-b}}", 1, "bad character U+002D '-'"),
    ("{{.a[0]}}", 1, "bad character U+005B '['"),
    ("{{@}}", 1, 'unexpected "@" in command'),
    ("{{#}}", 1, 'unexpected "#" in command'),
    ("{{.a @}}", 1, 'unexpected "@" in operand'),
    ("{{\x01}}", 1, "unrecognized character in action: U+0001"),
    ("{{\x7f}}", 1, "unrecognized character in action: U+007F"),
    ("{{½}}", 1, "unrecognized character in action: U+00BD '½'"),
    ("{{“a”}}", 1, "unrecognized character in action: U+201C '“'"),
    ("{{\u200b}}", 1, "unrecognized character in action: U+200B"),
    ("{{a:b}}", 1, 'function "a" not defined'),
    ("{{.a : 1}}", 1, "expected :="),
    ("{{:= 1}}", 1, 'unexpected ":=" in command'),
    ("{{= 1}}", 1, 'unexpected "=" in command'),
    ("{{)}}", 1, "unexpected right paren"),
    ("{{(}}", 1, "unclosed left paren"),
    ("{{(.a}}", 1, "unclosed left paren"),
    ("{{.a)}}", 1, "unexpected right paren"),
    ("{{()}}", 1, "missing value for parenthesized pipeline"),
    ("{{(1}}2", 1, "unclosed left paren"),
    ("{{((1)}}", 1, "unclosed left paren"),
    ("{{nosuch}}", 1, 'function "nosuch" not defined'),
    ("{{.a | nosuch}}", 1, 'function "nosuch" not defined'),
    ("{{print (nosuch 1)}}", 1, 'function "nosuch" not defined'),
    ('{{env "A"}}', 1, 'function "env" not defined'),
    ("{{\n\nnosuch}}", 3, 'function "nosuch" not defined'),
    ("{{print\n$x}}", 2, 'undefined variable "$x"'),
    ("{{$x}}", 1, 'undefined variable "$x"'),
    ("{{$x.a}}", 1, 'undefined variable "$x"'),
    ("{{$}}{{$y}}", 1, 'undefined variable "$y"'),
    ("{{if $x := 1}}{{end}}{{$x}}", 1, 'undefined variable "$x"'),
    ("{{range $i, $e := .a}}{{end}}{{$e}}", 1, 'undefined variable "$e"'),
    ("{{$x, $y := 1}}", 1, "too many declarations in command"),
    ("{{range $i, 1 := .a}}{{end}}", 1, "range can only initialize variables"),
    ("{{range $a, $b, $c := .a}}{{end}}", 1, "too many declarations in range"),
    ("{{range $a, := .a}}{{end}}", 1, "range can only initialize variables"),
    ("{{if $a, $b := .a}}{{end}}", 1, "too many declarations in if"),
    ("{{range $a,}}{{end}}", 1, "missing value for range"),
    ("{{$x := }}", 1, "missing value for command"),
    ("{{$x =}}", 1, "missing value for command"),
    ("{{1 := 2}}", 1, 'unexpected ":=" in operand'),
    ("{{$x := 1 := 2}}", 1, 'unexpected ":=" in operand'),
    ("{{.a := 1}}", 1, 'unexpected ":=" in operand'),
    ("{{|}}", 1, 'unexpected "|" in command'),
    ("{{| .a}}", 1, 'unexpected "|" in command'),
    ("{{.a || .b}}", 1, 'unexpected "|" in command'),
    ("{{.a | 1}}", 1, "non executable command in pipeline stage 2"),
    ('{{.a | print | "x"}}', 1, "non executable command in pipeline stage 3"),
    ("{{.a | .}}", 1, "non executable command in pipeline stage 2"),
    ("{{.a | nil}}", 1, "non executable command in pipeline stage 2"),
    ("{{.a | true}}", 1, "non executable command in pipeline stage 2"),
    ("{{print .a,.b}}", 1, 'unexpected "," in operand'),
    ("{{print .a , .b}}", 1, 'unexpected "," in operand'),
    ('{{"a".b}}', 1, 'unexpected . after term "\\"a\\""'),
    ("{{1.b}}", 1, 'bad number syntax: "1.b"'),
    ("{{nil.b}}", 1, 'unexpected . after term "nil"'),
    ("{{true.b}}", 1, 'unexpected . after term "true"'),
    ("{{(1).b.c}}{{end}}", 1, "unexpected {{end}}"),
    ('{{"a"b}}', 1, 'unexpected "b" in operand'),
    ('{{"a""b"}}', 1, 'unexpected "\\"b\\"" in operand'),
    ('{{.a"b"}}', 1, "bad character U+0022 '\"'"),
    ("{{.a(1)}}", 1, 'unexpected "(" in operand'),
    ("{{print(1)}}{{end}}", 1, 'unexpected "(" in operand'),
    ("{{ . .}}{{end}}", 1, "unexpected {{end}}"),
    ("{{end}}", 1, "unexpected {{end}}"),
    ("{{else}}", 1, "unexpected {{else}}"),
    ("{{if .a}}", 1, "unexpected EOF"),
    ("{{if}}{{end}}", 1, "missing value for if"),
    ("{{if .a}}{{else}}{{else}}{{end}}", 1, "expected end; found {{else}}"),
    ("{{if .a}}{{else if}}{{end}}", 1, "missing value for if"),
    ("{{if .a}}{{else with .b}}{{end}}", 1, "unexpected <with> in input"),
    ("{{with .a}}{{else if .b}}{{end}}", 1, "unexpected <if> in input"),
    ("{{range .a}}{{else range .b}}{{end}}", 1, "unexpected <range> in else"),
    ("{{range .a}}{{else if .b}}{{end}}", 1, "unexpected <if> in input"),
    ("{{if .a}}{{else x}}{{end}}", 1, 'unexpected "x" in else'),
    ("{{if .a}}{{end x}}", 1, 'unexpected "x" in end'),
    ("{{if .a}}{{end}}{{end}}", 1, "unexpected {{end}}"),
    ("{{with}}{{end}}", 1, "missing value for with"),
    ("{{range}}{{end}}", 1, "missing value for range"),
    ("{{if .a}}{{else}}{{else if .b}}{{end}}", 1, "expected end; found {{else}}"),
    ("{{if .a}}a{{else if .b}}b{{else if .c}}", 1, "unexpected EOF"),
    ("{{if if}}{{end}}", 1, "unexpected <if> in if"),
    ("{{break}}", 1, "{{break}} outside {{range}}"),
    ("{{continue}}", 1, "{{continue}} outside {{range}}"),
    ("{{range .a}}{{end}}{{break}}", 1, "{{break}} outside {{range}}"),
    ("{{range .a}}{{break 1}}{{end}}", 1, 'unexpected "1" in {{break}}'),
    ("{{range .a}}{{continue .b}}{{end}}", 1, 'unexpected ".b" in {{continue}}'),
    ("{{range .a}}{{else}}{{break}}{{end}}", 1, "{{break}} outside {{range}}"),
    ('{{range .a}}{{block "b" .}}{{break}}{{end}}{{end}}', 1, "{{break}} outside {{range}}"),
    ("{{print break}}", 1, "unexpected <break> in operand"),
    ("{{range .a}}{{if .b}}{{break}}{{end}}{{end}}{{continue}}", 1, "{{continue}} outside {{range}}"),
    ("{{define}}", 1, 'unexpected "}}" in define clause'),
    ("{{define a}}", 1, 'unexpected "a" in define clause'),
    ('{{define "a"}}', 1, "unexpected EOF"),
    ('{{define "a" .}}{{end}}', 1, "unexpected <.> in define clause"),
    ('{{if .a}}{{define "b"}}{{end}}{{end}}', 1, "unexpected <define> in command"),
    ('{{define "a"}}{{define "b"}}{{end}}{{end}}', 1, "unexpected <define> in command"),
    ('{{define "a"}}x{{end}}{{define "a"}}y{{end}}', 1, 'template: multiple definition of template "a"'),
    ('{{define "a"}}x{{end}}\n{{block "a" .}}y{{end}}', 2, 'template: multiple definition of template "a"'),
    ('{{define "a"}}x{{else}}y{{end}}', 1, "unexpected {{else}} in define clause"),
    ('{{block "a" .}}x{{else}}y{{end}}', 1, "unexpected {{else}} in block clause"),
    ('{{block "a" .}}x\n{{else}}y{{end}}', 1, "unexpected {{else}} in block clause"),
    ('{{define "a"}}x\n{{else}}y{{end}}', 2, "unexpected {{else}} in define clause"),
    ('{{block "a"}}x{{end}}', 1, "missing value for block clause"),
    ("{{block .a}}{{end}}", 1, 'unexpected ".a" in block clause'),
    ('{{block "a" .}}', 1, "unexpected EOF"),
    ("{{template}}", 1, 'unexpected "}}" in template clause'),
    ("{{template .a}}", 1, 'unexpected ".a" in template clause'),
    ("{{template a}}", 1, 'unexpected "a" in template clause'),
    ('{{template "a" .b .c', 1, "unclosed action"),
    ('{{template "a"', 1, "unclosed action"),
    ('{{template "a" 1 | }}{{end}}', 1, "unexpected {{end}}"),
    ('{{template "a\\q"}}', 1, "invalid syntax"),
    ('{{define ""}}x{{end}}y', 1, 'template: multiple definition of template ""'),
    ('{{define "\\q"}}', 1, "invalid syntax"),
    ('{{define `a`}}x{{end}}{{define "a"}}y{{end}}', 1, 'template: multiple definition of template "a"'),
    ('{{ define "a" }}\n{{ if }}', 2, "missing value for if"),
    ("{{.}}}}{{end}}", 1, "unexpected {{end}}"),
    ("{{{.a}}}", 1, 'unexpected "{" in command'),
    ("{{ {{.a}} }}", 1, 'unexpected "{" in command'),
    ("{{.a}} {{.b} {{.c}}", 1, "bad character U+007D '}'"),
    ("}}{{.a }{{end}}", 1, 'unexpected "}" in operand'),
    ("{{if .a == 1}}{{end}}", 1, 'unexpected "=" in operand'),
    ("{{if .a = 1}}{{end}}", 1, 'unexpected "=" in operand'),
    ("{{if !.a}}{{end}}", 1, 'unexpected "!" in if'),
    ("{{if .a && .b}}{{end}}", 1, 'unexpected "&" in operand'),
    ("{{.a + 1}}", 1, 'illegal number syntax: "+"'),
    ("{{.a ? 1 : 2}}", 1, 'unexpected "?" in operand'),
    ('{{.abcdefghijkl mnop, "abcdefghijklmnop" "日本語日本語日本語日本語"}}', 1, 'function "mnop" not defined'),
    ('{{print "x" 日本語日本語日本語日本語}}', 1, 'function "日本語日本語日本語日本語" not defined'),
    ('{{.a "日本語日本語日本語日本語", 1}}', 1, 'unexpected "," in operand'),
    ('{{if "日本語日本語日本語" := 1}}', 1, 'unexpected ":=" in operand'),
    ("{{nil | print}}{{end}}", 1, "unexpected {{end}}"),
    ("{{else if .a}}", 1, "unexpected {{else}}"),
    ("{{ else }}", 1, "unexpected {{else}}"),
    ('{{template "a" nil}}{{end}}{{', 1, "unexpected {{end}}"),
]


@pytest.mark.parametrize(("template", "line", "reason"), ERRORS)
def test_errors_have_the_text_of_go(template: str, line: int, reason: str) -> None:
    error = failed(template)

    assert str(error) == error.text == f"template: :{line}: {reason}"
    assert (error.reason, error.kind, error.source) == (reason, Kind.PARSE, template)


def test_errors_name_the_source() -> None:
    assert failed("\n{{end}}", "order.tmpl").text == "template: order.tmpl:2: unexpected {{end}}"
    assert failed("{{if .a\n", "50%d.tmpl").text == ("template: 50%d.tmpl:2: unclosed action started at 50%d.tmpl:1")


@pytest.mark.parametrize(
    ("template", "at"),
    [
        ("{{.a | nosuch}}", "nosuch"),
        ("{{print 1}}\n  {{ $x }}", "$x"),
        ("{{.a[0]}}", "[0]"),
        ("{{if .a == 1}}", "== 1"),
        ("日本\n日{{.a | 1}}", "1}}"),
        ('{{"a\\q"}}', '"a'),
        ("{{if .a}}{{else}}{{else}}", "}}\0"),
        ("x{{range .a}}{{end}}{{break}}", "break"),
        ('{{print "abc}}', '"abc'),
    ],
)
def test_errors_have_a_place(template: str, at: str) -> None:
    position = len(template) - 2 if at.endswith("\0") else template.rindex(at)

    assert failed(template).place == place_of(template, position)


def test_places_count_characters_from_1() -> None:
    assert [place_of("ab\n日c", position) for position in (0, 2, 3, 4, 5)] == [
        Place(1, 1),
        Place(1, 3),
        Place(2, 1),
        Place(2, 2),
        Place(2, 3),
    ]


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("{{.a | toJSON}}", "did you mean 'toJson'?"),
        ("{{.a | xyzzy}}", ""),
        ("{{env 1}}", "the gateway's environment cannot be read from a template"),
        ("{{$count := 1}}{{$cont}}", "did you mean '$count'?"),
        ("{{$count}}", ""),
        ("{{if .a}}\n{{range .b}}{{end}}", "the {{if}} of line 1 has no {{end}}"),
        ("{{if .a}}{{end}}\n{{range .b}}{{if .c}}{{end}}", "the {{range}} of line 2 has no {{end}}"),
        ('{{define "a"}}', "the {{define}} of line 1 has no {{end}}"),
        ('\n{{block "a" .}}', "the {{block}} of line 2 has no {{end}}"),
        ("{{if .a == 1}}{{end}}", "values are compared by functions: eq, ne, lt, le, gt, ge"),
        ("{{.a[0]}}", "write index, then the value and the keys"),
        ("{{ .a }", "an action ends with }}"),
    ],
)
def test_errors_say_what_to_write_instead(template: str, hint: str) -> None:
    assert failed(template).hint == hint


@pytest.mark.parametrize(
    "template",
    [
        "{{" + "(" * 100_000 + "1" + ")" * 100_000 + "}}",
        "{{if 1}}" * 100_000,
        "{{range 1}}{{else}}" * 100_000,
        '{{block "a" .}}' * 100_000,
        "{{with (" * 50 + "1" + "{{with (" * 51,
    ],
    ids=["parentheses", "if", "else", "block", "both"],
)
def test_what_is_nested_too_deeply_is_refused(template: str) -> None:
    error = failed(template)

    assert error.kind is Kind.PARSE


def test_the_limit_of_levels_is_said() -> None:
    deepest = "{{if 1}}" * MOST_LEVELS + "x" + "{{end}}" * MOST_LEVELS

    assert main_tree(deepest) == deepest
    assert failed("{{if 1}}" + deepest + "{{end}}").reason == (
        f"blocks and parentheses are nested more than {MOST_LEVELS} levels deep"
    )
    assert main_tree("{{" + "(" * MOST_LEVELS + "1" + ")" * MOST_LEVELS + "}}").count("(") == MOST_LEVELS
    assert failed("{{" + "(" * (MOST_LEVELS + 1) + "1" + ")" * (MOST_LEVELS + 1) + "}}").place == Place(
        1, MOST_LEVELS + 3
    )


def test_chains_of_else_if_have_a_limit_of_their_own() -> None:
    longest = "{{if 1}}" + "{{else if 2}}" * (MOST_BRANCHES - 1) + "{{end}}"

    parsed(longest)
    assert failed(longest.replace("{{if 1}}", "{{if 1}}{{else if 2}}")).reason == (
        f"an {{{{if}}}} has more than {MOST_BRANCHES} branches"
    )


# ── trees ──


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("a  {{- .a -}}  b", "a{{.a}}b"),
        ("a {{/* c */}} b", "a  b"),
        ("a\n{{- /* c */ -}}\nb", "ab"),
        ("{{- 3}} {{-3}}", "{{3}} {{-3}}"),
        ("{{ print   .a.b  ( len\n.c ) }}", "{{print .a.b (len .c)}}"),
        ("{{(.a).b.c}}", "{{(.a).b.c}}"),
        ("{{$.a}}{{$x := 1}}{{$x.b.c}}", "{{$.a}}{{$x := 1}}{{$x.b.c}}"),
        ("{{$x := 1}}{{$x =2}}", "{{$x := 1}}{{$x = 2}}"),
        ("{{.a|upper | print `x` | }}", "{{.a | upper | print `x`}}"),
        ("{{if .a}}1{{else if .b}}2{{else}}3{{end}}", "{{if .a}}1{{else}}{{if .b}}2{{else}}3{{end}}{{end}}"),
        ("{{with .a}}1{{else with .b}}2{{end}}", "{{with .a}}1{{else}}{{with .b}}2{{end}}{{end}}"),
        ("{{if .a}}{{else}}{{end}}", "{{if .a}}{{else}}{{end}}"),
        (
            "{{range $i,$e := .a}}{{break}}{{else}}{{end}}{{range $e = .a}}{{continue}}{{end}}",
            "{{range $i, $e := .a}}{{break}}{{else}}{{end}}{{range $e = .a}}{{continue}}{{end}}",
        ),
        ("{{range $i, := .a}}{{end}}", None),
        ('{{template `a"b` .}}{{template "x"}}', '{{template "a\\"b" .}}{{template "x"}}'),
        ('{{block "b" .a}}x{{end}}', '{{template "b" .a}}'),
        ('{{define "d"}}x{{end}}y', "y"),
        ("{{nil}}{{true}}{{false}}{{'a'}}{{1i}}{{0x1F}}", "{{nil}}{{true}}{{false}}{{'a'}}{{1i}}{{0x1F}}"),
    ],
)
def test_trees_are_printed_as_go_prints_them(template: str, printed: str | None) -> None:
    if printed is None:
        failed(template)
    else:
        assert main_tree(template) == printed


def positions(text: str) -> list[tuple[str, str]]:
    """Kind of each node but blocks and texts, and the source from its position on, up to a space or brace."""
    found = []
    left: list[nodes.Node] = [parsed(text).trees[""].root]
    while left:
        node = left.pop(0)
        inner = [getattr(node, name, None) for name in ("pipe", "block", "otherwise", "node")]
        inner += [each for name in ("nodes", "declared", "commands", "arguments") for each in getattr(node, name, ())]
        left += [each for each in inner if each is not None]
        if not isinstance(node, nodes.Block | nodes.Text):
            found.append((type(node).__name__, re.split(r"[ {}]", text[node.position :])[0]))
    return found


def test_positions_are_where_go_has_them() -> None:
    assert positions("日{{ .a.b.c }}") == [
        ("Action", ".a.b.c"),
        ("Pipe", ".a.b.c"),
        ("Command", ".a.b.c"),
        ("Field", ".b.c"),
    ]
    assert positions("{{$x := 1}}{{if print $x.y}}{{end}}") == [
        ("Action", "$x"),
        ("If", "print"),
        ("Pipe", "$x"),
        ("Pipe", "print"),
        ("Variable", "$x"),
        ("Command", "1"),
        ("Command", "print"),
        ("Number", "1"),
        ("Identifier", "print"),
        ("Variable", ".y"),
    ]
    assert positions("{{(.a | len).b}}")[3:] == [
        ("Chain", ".b"),
        ("Pipe", ".a"),
        ("Command", ".a"),
        ("Command", "len).b"),
        ("Field", ".a"),
        ("Identifier", "len).b"),
    ]
    assert positions('{{template  "a"  .b}}{{range 1}}{{break}}{{end}}')[:3] == [
        ("Invocation", '"a"'),
        ("Range", "1"),
        ("Pipe", ".b"),
    ]


def test_lines_are_those_of_the_first_word() -> None:
    root = parsed("\n{{\n.a}}\n{{if\n.b}}{{end}}").trees[""].root
    lines = [(type(node).__name__, node.line) for node in root.nodes if isinstance(node, nodes.Action | nodes.Branch)]

    assert lines == [("Action", 3), ("If", 5)]


# ── definitions ──


def test_definitions_are_trees_beside_the_source_s_own() -> None:
    source = parsed('a{{define "x"}}1{{end}}{{block "y" .}}2{{define_}}{{end}}'.replace("{{define_}}", ""), "main")

    assert {name: str(tree.root) for name, tree in source.trees.items()} == {
        "x": "1",
        "y": "2",
        "main": 'a{{template "y" .}}',
    }
    assert all(tree.source is source and tree.name == name for name, tree in source.trees.items())


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        ('{{define "x"}}1{{end}}{{define "x"}} {{/* c */}}\n{{end}}', "1"),
        ('{{define "x"}}\u00a0\u3000{{end}}{{define "x"}}1{{end}}', "1"),
        ('{{define "x"}} {{end}}{{define "x"}}  {{end}}', "  "),
        ('{{block "x" .}}{{end}}{{define "x"}}2{{end}}', "2"),
    ],
)
def test_an_empty_definition_does_not_take_the_place_of_another(template: str, kept: str) -> None:
    assert str(parsed(template).trees["x"].root) == kept


@pytest.mark.parametrize(
    ("text", "is_empty"),
    [
        ("", True),
        (" \n\u2028", True),
        ("{{/**/}}", True),
        ("\x1c", False),
        ("{{$x := 1}}", False),
        ("{{if 1}}{{end}}", False),
    ],
)
def test_which_trees_are_empty(text: str, is_empty: bool) -> None:
    assert parsed(text).trees[""].is_empty is is_empty


def test_a_definition_may_have_the_source_s_name() -> None:
    assert str(parsed('{{define "m"}}x{{end}}  ', "m").trees["m"].root) == "x"
    assert failed('{{define "m"}}x{{end}}y', "m").reason == 'template: multiple definition of template "m"'


def test_variables_are_seen_up_to_the_end_of_their_block() -> None:
    parsed("{{with $x := .a}}{{$x}}{{else}}{{$x}}{{end}}")
    parsed("{{if $x := .a}}{{else if $y := $x}}{{$x}}{{$y}}{{end}}")
    parsed("{{$x := 1}}{{if .a}}{{$x := 2}}{{end}}{{$x}}")
    assert failed("{{if $x := .a}}{{end}}{{$x}}").reason == 'undefined variable "$x"'
    assert failed("{{$x := 1}}{{if $x := .a}}{{end}}{{if $y := .a}}{{end}}{{$y}}").reason == 'undefined variable "$y"'
    assert failed('{{$x := 1}}{{define "d"}}{{$x}}{{end}}').reason == 'undefined variable "$x"'
    assert failed('{{$x := 1}}{{block "d" .}}{{$x}}{{end}}').reason == 'undefined variable "$x"'


# ── any text ──

FRAGMENTS = st.sampled_from(
    [
        "{{",
        "}}",
        "{{-",
        "-}}",
        "{{/*",
        "*/}}",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define",
        "block",
        "template",
        "break",
        "continue",
        "print",
        "nosuch",
        ".a",
        ".b.c",
        ".",
        "$",
        "$x",
        ":=",
        "=",
        ",",
        "(",
        ")",
        "|",
        '"a"',
        '"',
        "`",
        "'",
        "'a'",
        "1",
        "1.5",
        "0x",
        "1i",
        "1+2i",
        "nil",
        "true",
        "\\",
        "\n",
        "é",
        "�",
        "@",
        "-",
        "x",
    ]
)
TEXTS = st.one_of(
    st.text(),
    st.text(st.sampled_from("{}()|.$\"`'-+=:, \nabe019_i*/\\é\udc80")),
    st.lists(FRAGMENTS).map(" ".join),
    st.lists(FRAGMENTS).map("".join),
    st.lists(FRAGMENTS).map(lambda parts: "{{" + " ".join(parts) + "}}"),
)


def tried(text: str) -> tuple[Source | None, TemplateError | None]:
    try:
        return parsed(text), None
    except TemplateError as error:
        return None, error


@given(TEXTS)
def test_any_text_is_a_template_or_a_template_error(text: str) -> None:
    source, error = tried(text)

    if source is not None:
        assert source.trees[""].source is source
    if error is not None:
        assert error.text.startswith("template: :")
        assert error.place is not None
        assert 1 <= error.place.line <= text.count("\n") + 1
        assert 1 <= error.place.column <= len(text) + 1


@given(TEXTS)
def test_what_a_tree_prints_is_the_same_tree(text: str) -> None:
    source, _ = tried(text)
    if source is None:
        return
    printed = str(source.trees[""].root)
    # Of text that only a comment parted, or that stood alone behind a brace, actions may come about.
    if "{{" not in "".join(str(node) for node in source.trees[""].root.nodes if isinstance(node, nodes.Text)):
        assert main_tree(printed) == printed
