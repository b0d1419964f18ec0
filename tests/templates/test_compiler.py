"""The code that a template becomes: nothing of the template is in it but as literals, and nothing of Python is within reach."""

import ast
import re

import pytest
from hypothesis import HealthCheck, given, settings
from tests.any_template import TEMPLATES
from tests.rendering import a_run, rendered

from lockgate.templates.compiler import CompiledSource
from lockgate.templates.errors import TemplateError
from lockgate.templates.library import FUNCTIONS
from lockgate.templates.nodes import (
    Action,
    Block,
    Chain,
    Command,
    Field,
    Identifier,
    Invocation,
    Pipe,
    Source,
    String,
    Text,
    Tree,
    Variable,
)
from lockgate.templates.parser import parse
from lockgate.templates.sets import compile_set, compile_template
from lockgate.templates.values import FormValues, GoObject, Integer, StringMap, TypedList, strings

OWN_NAMES = re.compile(r"[vxigdrkmw]\d+|[dokepzL]|out|run|put|[tuN]\d+|b\d+_\d+|K\d+_\d+")
ATTRIBUTES = {
    "append", "call", "check", "depth", "exceeded", "get", "limits", "literals", "parameter", "step",
}  # fmt: skip
NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Raise, ast.Try, ast.ExceptHandler, ast.Assign,
    ast.Expr, ast.If, ast.For, ast.Break, ast.Continue, ast.Pass, ast.IfExp, ast.BoolOp, ast.And, ast.Compare, ast.Is, ast.IsNot,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
    ast.NamedExpr, ast.Call, ast.keyword, ast.Attribute, ast.Subscript, ast.Name, ast.Load, ast.Store, ast.Constant,
    ast.Tuple, ast.List, ast.Dict, ast.JoinedStr, ast.FormattedValue,
)  # fmt: skip


def code_of(source):
    return CompiledSource(source, FUNCTIONS)


def check_code(compiled):
    """It names only what the compiler made, and does only what the compiler does."""
    known = set(compiled.names)
    for node in ast.walk(ast.parse(compiled.text)):
        assert isinstance(node, NODES), ast.dump(node)
        match node:
            case ast.Name(id=name):
                assert name in known or OWN_NAMES.fullmatch(name), name
            case ast.FunctionDef(name=name):
                assert OWN_NAMES.fullmatch(name), name
                assert not node.decorator_list
            case ast.Attribute(attr=name):
                assert name in ATTRIBUTES, name
                assert isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript), ast.dump(node)
            case ast.Constant(value=value):
                assert value is None or type(value) in (str, int, float, bool)
            case ast.FormattedValue():
                assert node.conversion == -1
                assert node.format_spec is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(TEMPLATES)
def test_code_does_only_what_the_compiler_does(template):
    try:
        source = parse(template, functions=FUNCTIONS.keys())
    except TemplateError:
        return
    check_code(code_of(source))


def test_code_reaches_no_builtins():
    assert code_of(parse("{{.a}}", functions=FUNCTIONS.keys())).names["__builtins__"] == {}


INJECTIONS = [
    "'", '"', "'''", '"""', "\\", "\n", "\r", "\x00", "{x}", "{run}", "{{x}}", "}", "{", "'+run+'", "' f'{run}", '"); raise Fault("',
    "\\'", "\\N{DIGIT ONE}", "%s", "\u2028", "\udcff", "#", "\\\n", "');import os#", "é🚚", "{run.limits!r:>{k}}",
]  # fmt: skip


def tree_of(name, *nodes):
    source = Source("", "x")
    source.trees[""] = Tree("", Block(0, nodes), source)
    source.trees[name] = Tree(name, Block(0, (Text(0, "inner"),)), source)
    return source


def piped(*arguments):
    return Action(0, 1, Pipe(0, 1, (Command(0, arguments),)))


@pytest.mark.parametrize("text", INJECTIONS)
def test_whatever_a_node_holds_stays_a_literal(text):
    """Also what the parser lets through nowhere."""
    source = tree_of(
        text or "t",
        Text(0, text),
        piped(String(0, "quoted", text)),
        piped(Identifier(0, "print"), String(0, "quoted", text)),
        piped(Field(0, (text,))),
        piped(Field(0, ("a", text))),
        piped(Chain(0, Pipe(0, 1, (Command(0, (Field(0, (text,)),)),)), (text,))),
        piped(Variable(0, ("$", text))),
        Invocation(0, 1, text, "quoted", None),
    )
    compiled = code_of(source)
    check_code(compiled)

    made = compile_set([source])[0].render({"a": {text: "A"}, text: {text: "B"}} if text != "a" else {}, a_run())

    assert made == f"{text}{text}{text}map[{text}:B]AB" + f"map[{text}:B]inner"


@pytest.mark.parametrize("text", INJECTIONS)
def test_unknown_names_stay_literals_too(text):
    for node in (
        piped(Identifier(0, text)),
        piped(Variable(0, (f"${text}",))),
        Invocation(0, 1, f"no {text}", "quoted", None),
    ):
        source = tree_of("t", node)
        check_code(code_of(source))
        with pytest.raises(TemplateError):
            compile_set([source])[0].render({}, a_run())


PYTHON = (
    "__class__", "__dict__", "__init__", "__globals__", "__subclasses__", "__mro__", "__doc__", "__module__", "__slots__", "__call__",
    "__getattribute__", "__len__", "items", "keys", "values", "get", "pop", "append", "format", "upper", "encode", "real", "denominator",
    "is_integer", "element", "go_type", "kind", "hidden", "methods", "fields", "text", "parts", "integer", "json", "moment", "seconds", "mro", "f_globals",
    "gi_frame", "__builtins__", "run", "limits", "func", "_methods", "_owner",
)  # fmt: skip
VALUES = {
    "string": "abc",
    "number": 1.5,
    "int": 7,
    "typed": Integer(3, "uint8"),
    "complex": 1j,
    "yes": True,
    "nothing": None,
    "list": [1.0],
    "strings": strings(["a"]),
    "map": {"a": 1.0},
    "words": StringMap(a="b"),
    "form": FormValues(a=strings(["b"])),
    "time": FUNCTIONS["now"].call(a_run()),
}
ALLOWED = re.compile(
    r"<no value>|can't evaluate field \w+ in type .*|nil pointer evaluating interface \{\}\.\w+|.* is an unexported field of .*"
)


@pytest.mark.parametrize("name", VALUES)
def test_no_attribute_of_python_is_a_field(name):
    for attribute in PYTHON:
        for template in (
            f"{{{{.{name}.{attribute}}}}}",
            f"{{{{(.{name}).{attribute}}}}}",
            f"{{{{$x := .{name}}}}}{{{{$x.{attribute}}}}}",
            f"{{{{with .{name}}}}}{{{{.{attribute}}}}}{{{{end}}}}",
        ):
            try:
                made = rendered(template, VALUES) or "<no value>"
            except TemplateError as error:
                made = error.reason
            assert ALLOWED.fullmatch(made), (template, made)


@pytest.mark.parametrize(
    "function",
    ["now", 'toDate "2006-01-02" "2024-05-06"', 'semver "1.2.3"', "duration 5", "dict", "list", "split `,` `a`"],
)
def test_no_attribute_of_python_is_a_field_of_what_functions_give(function):
    for attribute in PYTHON:
        try:
            made = rendered(f"{{{{({function}).{attribute}}}}}", {})
        except TemplateError as error:
            made = error.reason
        assert ALLOWED.fullmatch(made), (attribute, made)


def test_data_is_never_looked_at_as_a_template():
    data = {"a": "{{.secret}}", "secret": "S", "l": ["{{$}}", "{x}"], "m": {"{{.secret}}": "{{fail `x`}}"}}

    assert rendered("{{.a}}{{range .l}}{{.}}{{end}}{{printf .a}}{{print .m}}{{.a | html}}", data) == (
        "{{.secret}}{{$}}{x}{{.secret}}map[{{.secret}}:{{fail `x`}}]{{.secret}}"
    )


def test_no_value_prints_as_an_object_of_python():
    for expression in (
        ".",
        "$",
        "now",
        "list now",
        'dict "a" (semver "1.2.3")',
        "coalesce",
        "list coalesce",
        "1i",
        "index `a` 0",
    ):
        for shown in (
            "{}",
            'printf "%v" ({})',
            'printf "%#v" ({})',
            "toString ({})",
            "toJson ({})",
            "quote ({})",
            "typeOf ({})",
        ):
            made = rendered(f"{{{{{shown.format(expression)}}}}}", VALUES)
            assert " object at " not in made
            assert "<class" not in made
            assert "lockgate" not in made


def test_every_object_is_one_whose_names_are_listed():
    """What is no plain value reaches a template only with what it lists."""
    plain = (str, float, int, bool, complex, list, dict, type(None), TypedList, GoObject)

    for value in VALUES.values():
        assert isinstance(value, plain)


def test_text_that_stands_alone_is_kept_as_it_is():
    text = "plain {text} 'with' \"quotes\" \\ and\nlines\x00"

    assert compile_template(text).render(None, a_run()) == text


def test_variables_of_a_slot_come_from_the_run():
    source = parse('a{{"b"}}c{{print "b" 1}}{{upper "b"}}', functions=FUNCTIONS.keys())
    texts = [node for node in source.trees[""].root.nodes if isinstance(node, Text)]
    texts[0].slot = 0
    strings_of = [
        each
        for node in source.trees[""].root.nodes
        if isinstance(node, Action)
        for each in node.pipe.commands[0].arguments
        if isinstance(each, String)
    ]
    for each in strings_of:
        each.slot = 1
    run = a_run()
    run.literals = ("first", "second")

    assert compile_set([source])[0].render({}, run) == "firstsecondcsecond1SECOND"
