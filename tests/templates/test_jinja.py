import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.templates.errors import Kind, TemplateError, TooLongError
from lockgate.templates.jinja import LONGEST, compile_jinja
from lockgate.templates.run import INLINE, LONG, Limits, Run
from lockgate.templates.values import FormValues, Integer, ListMap, NilMap, strings

DATA = {
    "id": 1.0,
    "price": 2.5,
    "huge": 1e21,
    "name": "Zoë",
    "none": None,
    "yes": True,
    "tags": ["a", "b"],
    "user": {"name": "bob", "items": "member"},
    "rows": [{"k": "x", "v": 1.0}, {"k": "y", "v": 2.0}],
    "data": "shadowed",
    "odd key": "o",
    "_tyk_context": {
        "path": "/x",
        "path_parts": strings(["", "x"]),
        "headers": ListMap(A=strings(["1"])),
        "request_data": FormValues(q=strings(["1"])),
    },
    "_tyk_meta": {"plan": "gold"},
}


def long_run(limits: Limits = LONG) -> Run:
    return Run(limits=limits, inline=False, now=0.0, seed=bytes(16))


def render(text: str, data: object = DATA) -> str:
    return compile_jinja(text).render(data, long_run())


def failure(text: str, data: object = DATA) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(text, data)
    return caught.value


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{{ id }} {{ price }} {{ huge }}", "1 2.5 1e+21"),
        ("{{ none }} {{ yes }} {{ not yes }}", "null true false"),
        ("{{ tags }} {{ user }}", '["a","b"] {"name":"bob","items":"member"}'),
        ("{{ rows }}", '[{"k":"x","v":1},{"k":"y","v":2}]'),
        ("{{ id + 1 }} {{ 3 / 2 }} {{ 4 / 2 }} {{ 7 // 2 }}", "2 1.5 2 3"),
        ("{{ name }} {{ name.upper() }} {{ name | upper }} {{ name[0:2] }}", "Zoë ZOË ZOË Zo"),
        ("{{ user.items }} {{ user.get('nothing') }} {{ user.keys() }}", 'member null ["name","items"]'),
        ("{{ data.id }} {{ data.data }} {{ data['odd key'] }}", "1 shadowed o"),
        ("{{ _tyk_context.path }} {{ _tyk_meta.plan }}", "/x gold"),
        ("{{ _tyk_context.path_parts }} {{ _tyk_context.headers.A.0 }}", '["","x"] 1'),
        ("{% for r in rows %}{{ r.k }}{{ ',' if not loop.last }}{% endfor %}", "x,y"),
        ("{% for r in rows %}{% if r.v == 2 %}{% break %}{% endif %}{{ r.k }}{% endfor %}", "x"),
        ("{% set ns = namespace(n=0) %}{% for r in rows %}{% set ns.n = ns.n + r.v %}{% endfor %}{{ ns.n }}", "3"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m('a') }}", "<1><a>"),
        ("{% block b %}hi{% endblock %}{{ self.b() }}", "hihi"),
        ("{{ rows | map(attribute='v') | sum }} {{ rows | map(attribute='k') | join('-') }}", "3 x-y"),
        ("{% for g in rows | groupby('k') %}{{ g.grouper }}={{ g.list | length }};{% endfor %}", "x=1;y=1;"),
        ("{{ rows | selectattr('v', 'gt', 1) | list | tojson }}", '[{"k":"y","v":2}]'),
        ("{{ user | tojson(indent=1) }}", '{\n "name": "bob",\n "items": "member"\n}'),
        ("{{ range(3) }} {{ dict(a=1).a }} {{ rows | batch(2) | length }}", "[0,1,2] 1 1"),
        ("{{ '<&>' }} {{ '<' | e }}", "<&> &lt;"),
        ("line\n", "line\n"),
        ("", ""),
    ],
)
def test_templates(text, output):
    assert render(text) == output


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{% if nothing.at.all %}1{% else %}0{% endif %}", "0"),
        ("{% for x in nothing %}1{% endfor %}0", "0"),
        ("{{ nothing.at.all | default('d') }} {{ nothing is defined }}", "d false"),
    ],
)
def test_what_is_missing_is_false_and_empty(text, output):
    assert render(text) == output


@pytest.mark.parametrize(
    "text",
    ["{{ nothing }}", "{{ nothing.at.all }}", "{{ 'a' ~ nothing }}", "{{ [nothing] | tojson }}", "{{ nothing() }}"],
)
def test_what_is_missing_cannot_be_printed(text):
    assert failure(text).reason == "'nothing' is undefined"


def test_data_is_never_a_template():
    assert render("{{ a }}", {"a": "{{ 1 + 1 }}{% for x in y %}"}) == "{{ 1 + 1 }}{% for x in y %}"


def test_values_of_the_other_language_are_plain():
    assert render("{{ a }} {{ b }}", {"a": Integer(5, "int64"), "b": NilMap()}) == "5 null"


def test_data_that_is_no_object():
    assert render("{{ data }}", [1.0, 2.0]) == "[1,2]"


def test_bytes_that_are_no_text_survive():
    assert render("\udcff{{ a }}", {"a": "\udcfe"}) == "\udcff\udcfe"
    assert render("{{ a | tojson }}", {"a": "\udcfe"}) == '"\ufffd"'


def test_a_failure_names_its_line():
    error = failure("1\n2\n{{ 1 // 0 }}")
    assert (error.kind, error.place.line) == (Kind.EXECUTION, 3)
    assert "3" in error.text


def test_a_failure_in_a_macro_names_the_line_of_the_macro():
    assert failure("{% macro m() %}\n{{ nothing }}{% endmacro %}\n\n{{ m() }}").place.line == 2


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a\n{{", 2, "unexpected 'end of template'"),
        ("{% if x %}", 1, "Unexpected end of template"),
        ("{% include 'x' %}", 1, "'include' is not allowed: there are no files"),
        ("\n{% extends 'x' %}", 2, "'extends' is not allowed"),
        ("{% import 'x' as y %}", 1, "'import' is not allowed"),
        ("{% if 1 %}{% from 'x' import y %}{% endif %}", 1, "'from' is not allowed"),
        ("{{ a | nothing_like_it }}", 1, "No filter named 'nothing_like_it'"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", None, "nested too deeply"),
        ("{% if 1 %}" * 300 + "{% endif %}" * 300, None, "nested too deeply"),
        ("{{ " + "+".join("1" * 9000) + " }}", None, "nested too deeply"),
        ("x" * (LONGEST + 1), None, "more than"),
    ],
)
def test_what_does_not_compile(text, line, reason):
    with pytest.raises(TemplateError) as caught:
        compile_jinja(text, "t")
    error = caught.value
    assert error.kind is Kind.PARSE
    assert reason in error.reason
    assert (error.place and error.place.line) == line


def test_the_nearest_filter_is_named():
    with pytest.raises(TemplateError) as caught:
        compile_jinja("{{ a | uper }}")
    assert caught.value.hint == "upper"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{% if 'x' * 10 ** 9 %}{% endif %}",
        "{{ 'x' | center(10 ** 9) }}",
        "{% set a = 10 ** 10 ** 7 %}",
        "{{ -(10 ** 10 ** 7) }}",
        "{% macro m(a='x' * 10 ** 9) %}{% endmacro %}",
        "{{ [1] * 10 ** 9 }}",
    ],
)
def test_nothing_is_worked_out_when_a_template_is_compiled(text):
    before = time.process_time()
    compile_jinja(text)
    assert time.process_time() - before < 0.5


def test_it_runs_in_a_process_of_its_own():
    with pytest.raises(TooLongError):
        compile_jinja("1").render({}, Run(limits=INLINE, inline=True, now=0.0, seed=bytes(16)))


def test_output_is_limited():
    small = Limits(steps=1, output=10, size=1)
    with pytest.raises(TemplateError) as caught:
        compile_jinja("{% for i in range(100) %}{{ i }}{% endfor %}").render({}, long_run(small))
    assert caught.value.kind is Kind.LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% block b %}{{ self.b() }}{% endblock %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    ],
)
def test_recursion_ends(text):
    assert failure(text).kind is Kind.LIMIT


def test_a_range_is_limited():
    assert "Range too big" in failure("{{ range(1000000) | length }}").reason


ESCAPES = (
    "''.__class__",
    "''['__class__']",
    "''.__class__.__mro__[1].__subclasses__()",
    "[].__class__.__base__.__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read()",
    "{}.__class__.__init__.__globals__",
    "(1).__class__",
    "none.__class__",
    "self.__init__.__globals__",
    "self._TemplateReference__context",
    "self.__class__",
    "self",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "joiner.__init__.__globals__",
    "namespace.__init__.__globals__",
    "namespace",
    "namespace()",
    "namespace().__class__",
    "namespace()['__class__']",
    "namespace()._Namespace__attrs",
    "lipsum.__globals__['os'].popen('id').read()",
    "url_for.__globals__",
    "get_flashed_messages.__globals__",
    "config.items()",
    "request.application.__globals__",
    "range",
    "range.__self__",
    "range.__call__",
    "dict",
    "dict.__base__",
    "dict.mro()",
    "nothing.__class__",
    "nothing.__init__.__globals__",
    "nothing._fail_with_undefined_error.__globals__",
    "nothing._undefined_exception",
    "''.join.__self__",
    "''.join",
    "user.get.__self__.__class__",
    "'{0.__class__}'.format(1)",
    "'{0.__class__}'.format_map(user)",
    "'a'.encode()",
    "'a'.translate({})",
    "'a' | attr('__class__')",
    "['a'] | map('attr', '__class__') | list",
    "['a'] | map(attribute='__class__') | list",
    "['a'] | map(attribute='__class__.__mro__') | list",
    "rows | groupby('__class__')",
    "rows | sum(attribute='__class__')",
    "rows | random",
    "rows | pprint",
    "rows.append(1)",
    "rows.copy()",
    "tags.sort()",
    "user.pop('name')",
    "user.update({'a': 1})",
    "user.setdefault('a', 1)",
    "user.copy()",
    "user.clear()",
    "user.__getitem__('name')",
    "__builtins__",
    "__import__('os')",
    "open('/etc/passwd')",
    "context",
    "environment",
    "caller",
    "varargs",
    "loop",
)


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_of_python_can_be_reached(expression):
    with pytest.raises(TemplateError):
        render("{{ " + expression + " }}")


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m() %}{{ m.__class__ }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
        "{% for x in rows %}{{ loop.__class__ }}{% endfor %}",
        "{% for x in rows %}{{ loop._iterable }}{% endfor %}",
        "{% for x in rows %}{{ loop.cycle.__self__ }}{% endfor %}",
        "{% set x = self %}{{ x.__init__ }}",
        "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
        "{% for g in rows | groupby('k') %}{{ g.__class__ }}{{ g._fields }}{% endfor %}",
        "{% filter attr('__class__') %}a{% endfilter %}",
    ],
)
def test_nor_by_statements(text):
    with pytest.raises(TemplateError):
        render(text)


@pytest.mark.parametrize(
    "expression", ["range", "''.join", "user.get", "rows | batch(2)", "rows | map('upper')", "self"]
)
def test_no_address_is_told(expression):
    for text in ("{{ (%s) | string }}", "{{ '' ~ (%s) }}", "{{ '%%s' | format(%s) }}", "{{ [%s] | join }}"):
        assert " at 0x" not in render(text % expression)


def test_data_stays_as_it_is():
    data = {"a": [1.0], "b": {"c": 1.0}}
    for text in ("{{ a.append(2) }}", "{{ b.update(c=2) }}", "{% set b.c = 2 %}"):
        with pytest.raises(TemplateError):
            render(text, data)
    assert data == {"a": [1.0], "b": {"c": 1.0}}


PIECES = st.sampled_from(
    [
        *(
            "{{ ",
            " }}",
            "{% ",
            " %}",
            "{# ",
            " #}",
            "if ",
            "else",
            "endif",
            "for x in ",
            "endfor",
            "set x = ",
            "macro m() ",
        ),
        *("endmacro", "a", "b", "x", "1", "2.5", "'t'", "[", "]", "(", ")", "{", "}", ".", ", ", ": ", " | ", "upper"),
        *(
            "tojson",
            "length",
            "join",
            "+",
            "-",
            "/",
            "~",
            "==",
            "<",
            " in ",
            " is ",
            "defined",
            "not ",
            "and ",
            "\n",
            "é",
        ),
        *("loop.index", "self", "range", "dict", "namespace", "block b ", "endblock", "raw ", "endraw ", "_", "%"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(PIECES, max_size=25).map("".join), VALUES, VALUES)
def test_nothing_else_than_a_template_error_comes_out(text, a, b):
    with contextlib.suppress(TemplateError):
        assert isinstance(render(text, {"a": a, "b": b}), str)
