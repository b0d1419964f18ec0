"""Body transforms apart from any middleware: what a template sees, and that it makes the same wherever it runs."""

import json
from dataclasses import replace

import pytest
from tests.helpers import make_exchange, make_request, make_services, make_text

from lockgate.body_transforms import perform
from lockgate.body_transforms.data import InputError, context_data, read_body
from lockgate.body_transforms.facts import facts_of, transform_elsewhere
from lockgate.body_transforms.making import Draft, Made, compile_all, compile_one
from lockgate.body_transforms.running import INLINE_BYTES, result_of, task, transform_at_length, transform_inline
from lockgate.body_transforms.slots import has_variables
from lockgate.body_transforms.transform import NO_SESSION, Engine, Facts, InputFormat, TemplateText
from lockgate.exchange import Client
from lockgate.middlewares.context_variables import RequestFacts
from lockgate.services import Done, Outside, ServiceError, Services, Task, TaskLimitError
from lockgate.session import Session
from lockgate.templates.errors import TemplateError, TooLongError
from lockgate.templates.values import FormValues, ListMap, NilMap, go_type


def draft(text, *, name="", **how):
    return Draft(TemplateText(name, text), **how)


def compiled(text, **how):
    return compile_one(draft(text, **how))


def made(text, body=b"{}", facts=None, **how):
    """What a template makes, here and as a task: the same."""
    transform = compiled(text, **how)
    facts = Facts() if facts is None else facts
    inline = transform_inline(transform, body, facts)
    asked = task(transform, body, facts, "api")
    header = json.loads(json.dumps(asked.header))
    assert result_of(perform(header, asked.blobs)) == inline
    assert transform_at_length(transform, body, facts) == inline
    return inline


def output(text, body=b"{}", facts=None, **how):
    result = made(text, body, facts, **how)
    assert result.failure is None
    return result.output.decode("utf-8", "surrogateescape")


# ── what a template is run on ──


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", {}),
        (b"{}", {}),
        (b' {"a": 1, "a": 2} ', {"a": 2.0}),
        (b"[1, [2]]", {"array": [1.0, [2.0]]}),
        (b"[]", {"array": []}),
        (b'"text"', {}),
        (b"7", {}),
        (b"true", {}),
        (b"null", {}),
        (b'{"n": 1e2, "i": 9007199254740993}', {"n": 100.0, "i": 9007199254740992.0}),
        (b'{"t": "\xff\\ud800"}', {"t": "\ufffd\ufffd"}),
    ],
)
def test_json(body, data):
    read = read_body(body, InputFormat.JSON)

    assert read == data
    assert all(type(one) is not int for one in read.values())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b" ", "the body is no JSON: unexpected end of JSON input"),
        (b"{", "the body is no JSON: unexpected end of JSON input"),
        (b"{} x", "the body is no JSON: invalid character 'x' after top-level value"),
        (b"NaN", "the body is no JSON: invalid character 'N' looking for beginning of value"),
        (b"\xef\xbb\xbf{}", "the body is no JSON: invalid character 'ï' looking for beginning of value"),
        (
            b'{"n": 1e999}',
            "the body is no JSON: json: cannot unmarshal number 1e999 into Go value of type float64",
        ),
        (b"[" * 100_000, "the body is no JSON: invalid character '[' exceeded max depth"),
    ],
)
def test_what_is_no_json(body, why):
    with pytest.raises(InputError) as error:
        read_body(body, InputFormat.JSON)
    assert str(error.value) == why


def test_xml():
    assert read_body(b"", InputFormat.XML) == {"_": ""}
    assert read_body(b'<a b="1"><c>2</c><c/></a>', InputFormat.XML) == {"a": {"-b": "1", "c": ["2", ""]}}
    with pytest.raises(InputError):
        read_body(b"<a>", InputFormat.XML)
    with pytest.raises(InputError):
        read_body(b"<a>" * 100_000, InputFormat.XML)
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
    with pytest.raises(InputError):
        read_body(bomb, InputFormat.XML)


def test_another_format_of_a_request_is_a_failure():
    result = made("x", b"{}", input=InputFormat.OTHER)

    assert result.output is None
    assert (result.failure.kind, result.failure.text) == ("input", "unsupported request input type")


def context(url="/api/a%2Fb/c?q=1&q=2&e=", **headers):
    request = make_request("GET", url, (("X-Team", "blue"), ("X-Team", "red"), ("Cookie", "sid=42")), host="shop.test")
    return RequestFacts(request, Client("192.0.2.1"), "/api/a/b/c", "id-1", 0)


def test_context_variables_have_their_types():
    data = context_data(context())

    assert type(data["request_data"]) is FormValues
    assert data["request_data"] == {"q": ["1", "2"], "e": [""]}
    assert type(data["headers"]) is ListMap
    assert data["headers"] == {"X-Team": ["blue", "red"], "Cookie": ["sid=42"]}
    assert data["path_parts"] == ["", "api", "a", "b", "c"]
    assert {go_type(data[name]) for name in ("path_parts",)} == {"[]string"}
    assert data["headers_X_Team"] == "blue"
    assert data["cookies_sid"] == "42"


def test_claims_are_json():
    data = context_data(
        {"jwt_claims_level": 7, "jwt_claims_roles": ("a", 1), "rate_limit_limit": 7, "trigger-0-a": "x"}
    )

    assert [go_type(data[name]) for name in data] == ["float64", "[]interface {}", "int", "string"]
    assert data["jwt_claims_roles"] == ["a", 1.0]


SET_BY_A_FILTER = {"list": ("a", 1, ("b",)), "map": {"a": ({},)}, "n": 5, "yes": True, "headers": {"a": None}}


def test_what_a_filter_set_is_json():
    data = context_data({**SET_BY_A_FILTER, "path_parts": ("a", {}), "request_data": ("q",)})

    assert {name: go_type(value) for name, value in data.items()} == {
        "list": "[]interface {}",
        "map": "map[string]interface {}",
        "n": "float64",
        "yes": "bool",
        "headers": "map[string]interface {}",
        "path_parts": "[]interface {}",
        "request_data": "[]interface {}",
    }
    assert output("{{index ._tyk_context.list 2 0}} {{._tyk_context}}", facts=Facts(SET_BY_A_FILTER)) == (
        "b map[headers:map[a:<nil>] list:[a 1 [b]] map:map[a:[map[]]] n:5 yes:true]"
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{._tyk_context.path}}", "/api/a/b/c"),
        ("{{index ._tyk_context.request_data.q 1}}", "2"),
        ("{{._tyk_context.request_data.Get `q`}}", "1"),
        ("{{._tyk_context.request_data.q}}", "[1 2]"),
        ("{{._tyk_context.headers_X_Team}}", "blue"),
        ("{{index ._tyk_context.headers `X-Team` 1}}", "red"),
        ("{{._tyk_context.nothing}}", "<no value>"),
        ('{{(index . "_tyk_context").path}}', "/api/a/b/c"),
        ("{{with .}}{{._tyk_context.path}}{{end}}", "/api/a/b/c"),
        ("{{$x := .}}{{with 1}}{{$x._tyk_context.path}}{{end}}", "/api/a/b/c"),
        ("{{range .list}}{{$._tyk_context.path}}{{end}}", "/api/a/b/c"),
        ('{{define "t"}}{{._tyk_context.path}}{{end}}{{template "t" .}}', "/api/a/b/c"),
        ('{{block "t" .}}{{$._tyk_context.path}}{{end}}', "/api/a/b/c"),
        ("{{. | jsonMarshal | contains `/api/a/b/c`}}", "true"),
        ("{{len .}}", "3"),
    ],
)
def test_a_template_sees_the_context_however_it_asks(template, expected):
    facts = Facts(context(), {"plan": "gold"})

    assert output(template, b'{"list": [1]}', facts) == expected


@pytest.mark.parametrize(
    ("template", "sees"),
    [
        ("{{.a}}", (False, False)),
        ("text", (False, False)),
        ("{{range .items}}{{.}}{{._tyk_context}}{{end}}", (False, False)),
        ("{{with .a}}{{.}}{{else}}{{._tyk_meta.plan}}{{end}}", (False, True)),
        ("{{._tyk_context.path}}", (True, False)),
        ("{{$._tyk_meta}}", (False, True)),
        ("{{.}}", (True, True)),
        ("{{$}}", (True, True)),
        ('{{template "t" .a}}{{define "t"}}{{.}}{{$}}{{end}}', (False, False)),
        ('{{template "t" .}}{{define "t"}}x{{end}}', (True, True)),
        ("{{(.).a}}", (True, True)),
    ],
)
def test_what_a_template_cannot_see_is_not_made(template, sees):
    transform = compiled(template)

    assert (transform.sees_context, transform.sees_meta) == sees


def test_metadata():
    session = Facts(meta={"plan": "gold", "level": 3, "tags": ["a", 1], "none": None, "on": True})

    assert output("{{._tyk_meta | jsonMarshal}}", b"", session) == (
        '{"level":3,"none":null,"on":true,"plan":"gold","tags":["a",1]}'
    )
    assert output("{{._tyk_meta.plan}}", b'{"_tyk_meta": {"plan": "mine"}}', session) == "gold"
    assert output("{{._tyk_meta.plan}}", b'{"_tyk_meta": {"plan": "mine"}}', session, session=False) == "mine"
    assert output("{{._tyk_meta}}", b"", Facts(meta=NO_SESSION)) == "<no value>"
    assert output("{{printf `%T` ._tyk_meta}}", b"", Facts(meta=None)) == "map[string]interface {}"


def test_metadata_that_are_null_are_a_nil_map():
    transform = compiled("{{._tyk_meta | jsonMarshal}}")

    assert transform_inline(transform, b"", Facts(meta=None)).output == b"null"
    assert NilMap() == {}


# ── variables in the text of a template ──


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("$tyk_context.path", True),
        ("a $tyk_meta.plan b", True),
        ("$secret_conf.key", True),
        ("$secret_conf.key costs $1", True),
        ("$1", False),
        ("$x", False),
        ("tyk_context.path", False),
        ("", False),
        # As in the reference gateway: with another character for the dot it is one that is missing.
        ("$tyk_context.path $tyk_context/path", True),
        ("$tyk_context/path", False),
    ],
)
def test_which_texts_have_variables(text, has):
    assert has_variables(text) is has


def filled(text, body=b"{}", secrets=None):
    """What a request's template makes of GET /a b?q=1 with a header and metadata."""
    known = secrets or {}
    transform = compile_one(draft(text, variables=True), lambda kind, key: known.get((kind, key)))
    request = make_request("GET", "/a", (("X-Note", "two words & é"), ("X-Url", "http://e.org/a b")))
    variables = RequestFacts(request, Client("192.0.2.1"), "/a b", "id-1", 0)
    exchange = make_exchange(session=Session(meta_data={"plan": "a&b", "n": 1000000.0}), variables=variables)
    facts = facts_of(transform, exchange, make_services())
    inline = transform_inline(transform, body, facts)
    asked = task(transform, body, facts, "api")
    assert result_of(perform(asked.header, asked.blobs)) == inline
    return inline.output.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<$tyk_context.path>", "<%2Fa+b>"),
        ("$tyk_context.path $tyk_context.path_parts", "%2Fa+b a+b"),
        ("$tyk_context.headers_X_Note", "two+words+%26+%C3%A9"),
        ("$tyk_context.headers_X_Url", "http://e.org/a b"),
        ("$tyk_meta.plan $tyk_meta.n $tyk_meta.none.", "a%26b 1000000 "),
        ("$secret_conf.key|$secret_conf.none|$1", "s & t||$1"),
        ('{{print "$tyk_context.path"}}', "%2Fa+b"),
        ("{{`<$tyk_meta.plan>` | quote}}", '"<a%26b>"'),
        ('{{"\\u0024tyk_context.path"}}', "%2Fa+b"),
        ('{{define "t"}}$tyk_context.path{{end}}{{template "t"}}', "%2Fa+b"),
        ("{{if true}}$tyk_context.path{{end}}{{range list 1 2}} $tyk_meta.plan{{end}}", "%2Fa+b a%26b a%26b"),
        ("$tyk_context.{{print `path`}}", "$tyk_context.path"),
    ],
)
def test_variables_are_replaced_where_the_template_wrote_them(text, expected):
    assert filled(text, secrets={("conf", "key"): "s & t"}) == expected


@pytest.mark.parametrize("name", ["$tyk_context.path", "$tyk_meta.plan", "$secret_conf.key", "kv://conf/key"])
@pytest.mark.parametrize(
    "text",
    [
        "{{.a}}",
        "{{.a | upper | lower}}",
        "{{jsonMarshal .a}}",
        "{{.b | b64dec}}",
        "{{print `$tyk_` .c}}",
        "$tyk_context.path {{.a}}",
    ],
)
def test_variables_that_data_bring_in_stay_as_they_are(text, name):
    body = {"a": name, "b": __import__("base64").b64encode(name.encode()).decode(), "c": name.removeprefix("$tyk_")}

    made_of = filled(text, json.dumps(body).encode(), {("conf", "key"): "s3cret"})

    assert made_of.removeprefix("%2Fa+b ").strip('"').endswith(name.removeprefix("$tyk_"))
    assert "s3cret" not in made_of


def test_a_variable_in_a_string_is_replaced_before_functions_get_it():
    assert filled('{{ "$tyk_meta.plan" | upper }}') == "A%26B"


def test_dates_are_those_of_the_zone_that_the_gateway_is_in():
    transform = compiled('{{date "15:04 MST" 0}}')
    services = Services(replace(make_services()._outside, zone="Asia/Tokyo"))

    facts = facts_of(transform, make_exchange(), services)

    assert output('{{date "15:04 MST" 0}}', facts=facts) == "09:00 JST"


def test_what_a_variable_brings_in_is_data():
    transform = compile_one(draft("$tyk_context.a", variables=True))
    facts = Facts(literals=("{{.b}} $tyk_meta.plan",))

    assert transform_inline(transform, b'{"b": 1}', facts).output == b"{{.b}} $tyk_meta.plan"


def test_variables_of_responses_stay_as_they_are():
    assert output("$tyk_context.path $secret_conf.key {{print `$tyk_meta.plan`}}") == (
        "$tyk_context.path $secret_conf.key $tyk_meta.plan"
    )


def test_text_in_a_linked_template_is_replaced_too():
    drafts = [
        draft('{{template "other" .}}', variables=True),
        draft('{{define "other"}}<$tyk_meta.plan>{{end}}', variables=True),
    ]
    one, _ = compile_all(drafts)
    assert isinstance(one, Made)

    exchange = make_exchange(session=Session(meta_data={"plan": "gold"}))
    facts = facts_of(one.transform, exchange, make_services())
    asked = task(one.transform, b"{}", facts, "api")
    assert transform_inline(one.transform, b"{}", facts).output == b"<gold>"
    assert result_of(perform(asked.header, asked.blobs)).output == b"<gold>"


# ── named templates of one definition ──


def outputs(*texts):
    return [
        transform_inline(one.transform, b"{}", Facts()).output.decode()
        for one in compile_all([draft(text) for text in texts])
        if isinstance(one, Made)
    ]


def test_a_template_uses_what_others_define():
    assert outputs('{{define "n"}}one{{end}}A {{template "n"}}', 'B {{template "n"}}') == ["A one", "B one"]


def test_of_two_definitions_the_later_one_counts_for_the_others():
    assert outputs('{{template "n"}}', '{{define "n"}}one{{end}}', '{{define "n"}}two{{end}}')[0] == "two"
    assert outputs('{{template "n"}}', '{{define "n"}}one{{end}}', '{{define "n"}} {{end}}')[0] == "one"


def test_a_template_uses_its_own_definition_of_a_name():
    texts = [f'{{{{define "n"}}}}{name}{{{{end}}}}{{{{template "n"}}}}' for name in ("first", "second", "third")]

    assert outputs(*texts) == ["first", "second", "third"]


def test_what_is_used_may_use_others():
    assert outputs(
        '{{template "a"}}',
        '{{define "a"}}a{{template "b"}}{{end}}',
        '{{define "b"}}b{{template "c"}}{{end}}{{define "c"}}c{{end}}',
    ) == ["abc", "", ""]


def test_one_that_does_not_parse_leaves_the_others():
    good, bad, other = compile_all([draft("a"), draft("{{if}}"), draft("c")])

    assert isinstance(good, Made)
    assert isinstance(bad, TemplateError)
    assert isinstance(other, Made)
    with pytest.raises(TemplateError, match="missing value for if"):
        compile_one(draft("{{if}}"))


def test_a_name_that_nobody_defines_fails():
    result = made('a{{template "nobody"}}')

    assert result.failure.kind == "execution"
    assert 'template "nobody" not defined' in result.failure.text


# ── where it runs ──


def test_what_fails_says_where():
    result = made("one\n{{index .a 1}}", b'{"a": []}')

    failure = result.failure
    assert failure.kind == "execution"
    assert failure.text.startswith('template: :2:2: executing "" at <index .a 1>: error calling index: ')
    assert (failure.line, failure.partial) == (2, "one\n")
    assert failure.source == "one\n{{index .a 1}}"


def test_a_tolerant_one_runs_without_data_and_says_so():
    result = made("{{.a}}", b"{", tolerant=True)

    assert result.output == b"<no value>"
    assert result.remark == "the body is no JSON: unexpected end of JSON input"
    assert made("{{.a}}", b"{", tolerant=False).failure.kind == "input"


@pytest.mark.parametrize(
    ("template", "body"),
    [
        ("{{range .a}}{{.}}{{end}}", json.dumps({"a": [1] * 30_000}).encode()),
        ("{{.a}}", b'{"a": "' + b"x" * INLINE_BYTES[InputFormat.JSON] + b'"}'),
        ("{{repeat 100000000 `x`}}", b"{}"),
        ("{{until 100000000}}", b"{}"),
        ('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', b"{}"),
        ("{{genPrivateKey `rsa`}}", b"{}"),
    ],
)
def test_what_may_take_long_does_not_run_where_others_wait(template, body):
    with pytest.raises(TooLongError):
        transform_inline(compiled(template), body, Facts(seed=bytes(32)))


def test_a_jinja_template_runs_elsewhere():
    transform = compiled("{{ a | upper }} {{ _tyk_meta.plan }}", engine=Engine.JINJA2)
    facts = Facts(meta={"plan": "gold"})
    with pytest.raises(TooLongError):
        transform_inline(transform, b"{}", facts)
    asked = task(transform, b'{"a": "x"}', facts, "api")
    assert result_of(perform(asked.header, asked.blobs)).output == b"X gold"


def test_a_jinja_template_sees_what_it_names():
    for text, sees in (
        ("{{ a }}", (False, False)),
        ("{{ _tyk_context.path }}", (True, False)),
        ("{{ _tyk_meta.plan }}", (False, True)),
        ("{{ data | tojson }}", (True, True)),
    ):
        transform = compiled(text, engine=Engine.JINJA2)
        assert (transform.sees_context, transform.sees_meta) == sees
    asked = task(compiled("{{ data | tojson }}", engine=Engine.JINJA2), b"{}", Facts({"path": "/a"}), "api")
    assert json.loads(result_of(perform(asked.header, asked.blobs)).output) == {"_tyk_context": {"path": "/a"}}


def test_bytes_that_are_no_text_survive():
    text = b"\xff{{.a}}".decode("utf-8", "surrogateescape")

    assert made(text, b'{"a": "\xc3\xa4"}').output == b"\xff\xc3\xa4"


def test_time_and_randomness_are_asked_for_only_where_they_count():
    def calls(text):
        services = make_services()
        facts_of(compiled(text), make_exchange(), services)
        return [call.operation for call in services.calls]

    assert calls("{{.a | upper}}") == []
    assert calls("{{now | date `2006`}}") == ["now", "zone"]
    assert calls("{{uuidv4}}") == ["new_id"]


class Tasks:
    """Does tasks, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.tasks = []

    async def run(self, asked: Task) -> Done:
        self.tasks.append(asked)
        if self.error is not None:
            raise self.error
        return perform(json.loads(json.dumps(asked.header)), asked.blobs)


def services_with(tasks):
    base = make_services()
    return Services(replace(base._outside, tasks=tasks)) if isinstance(base._outside, Outside) else base


async def test_a_task_says_for_whom_it_is():
    tasks = Tasks()

    result = await transform_elsewhere(compiled("{{.a}}"), b'{"a": 1}', Facts(), services_with(tasks), "pets")

    assert result.output == b"1"
    assert (tasks.tasks[0].kind, tasks.tasks[0].owner) == ("template", "pets")


def test_a_larger_body_has_more_time():
    transform = compiled("{{.a}}")

    assert [task(transform, bytes(size), Facts(), "").seconds for size in (0, 4_000_000, 10**8)] == [2.0, 4.0, 30.0]


@pytest.mark.parametrize(
    ("error", "kind"), [(TaskLimitError("it takes more than 2 s"), "limit"), (ServiceError("too many wait"), "service")]
)
async def test_a_task_that_is_stopped_is_a_failure(error, kind):
    result = await transform_elsewhere(compiled("{{.a}}"), b"", Facts(), services_with(Tasks(error)), "pets")

    assert result.failure.kind == kind
    assert result.failure.text == str(error)


def test_a_process_compiles_a_template_once(monkeypatch):
    from lockgate.body_transforms import running

    transform = compiled("once {{.a}}")
    asked = task(transform, b"{}", Facts(), "api")
    counted = []
    compile_it = running.link
    monkeypatch.setattr(running, "_COMPILED", running._Compiled())
    monkeypatch.setattr(running, "link", lambda *a, **k: counted.append(a) or compile_it(*a, **k))
    for _ in range(3):
        perform(asked.header, asked.blobs)

    assert len(counted) == 1


def test_a_process_keeps_so_many(monkeypatch):
    from lockgate.body_transforms import running

    cache = running._Compiled()
    monkeypatch.setattr(running, "_COMPILED", cache)
    monkeypatch.setattr(running, "MOST_COMPILED", 3)
    for number in range(5):
        asked = task(compiled(f"{number}"), b"{}", Facts(), "api")
        assert result_of(perform(asked.header, asked.blobs)).output == f"{number}".encode()

    assert len(cache._known) == 3


def test_texts_of_headers_are_data():
    assert make_text("{{.a}}").constant == "{{.a}}"
    assert output("{{.a}}", b'{"a": "{{.b}}", "b": 1}') == "{{.b}}"
