"""What a trace shows of scripts: what they got, gave, asked for and logged, and none of the secrets in it."""

import json

import pytest
from tests.apis import oas, snapshot
from tests.plugins import blob, kept_keys, passed, plugin, response_plugin, scripted, with_keys

from lockgate.script_format import LONGEST, script_lines
from lockgate.services import ServiceCall
from lockgate.trace_format import MASK, masked, plain_call, to_plain, to_text


def shown(trace):
    """Lines on scripts."""
    lines = to_text(to_plain(trace)).split("\n")
    at = next(index for index, line in enumerate(lines) if line.strip().startswith("ran "))
    end = next(index for index in range(at, len(lines)) if not lines[index].startswith(" " * 9))
    return [line.removeprefix(" " * 9) for line in lines[at:end]]


def endpoint(code, name="f"):
    return oas({"GET /o": {"virtualEndpoint": {"enabled": True, "functionName": name, "body": blob(code)}}})


def call_of(answer, name="f", kind="virtual", *given):
    return ServiceCall("scripts", "run", answer, ("digest", kind, name, list(given), 1.0, 2))


def answer_of(**changes):
    return {"text": None, "failed": None, "log": [], "calls": [], "seconds": 0.0012, **changes}


async def test_a_step_shows_what_a_script_got_gave_and_logged():
    code = (
        "function f(request) { log('one'); console.warn({a: 1});\n return TykJsResponse({Code: 201, Body: 'b'}, {}) }"
    )
    lines = shown(await passed(snapshot(endpoint(code)), url="/api/o?a=1&token=hush"))

    assert lines[0].startswith("ran virtual script f (")
    assert lines[1:] == [
        '  got request {"Headers":{},"Body":"","URL":"/api/o?a=1&token=•••","Params":{"a":["1"],"token":"•••"},"Scheme":"http"}',
        "  got session •••",
        '  got config {"APIID":"pets","OrgID":""}',
        "  log: one",
        '  warn: {"a":1}',
        '  gave {"Response":{"Body":"b","Code":201},"SessionMeta":{}}',
    ]


async def test_a_failure_has_all_of_its_stack():
    code = "function f() {\n  return deeper();\n}\nfunction deeper() { nowhere() }"
    lines = shown(await passed(snapshot(endpoint(code))))

    assert lines[-3:] == [
        "  failed, exception: ReferenceError: nowhere is not defined",
        "    at deeper (GET /o:4:21)",
        "    at f (GET /o:2:10)",
    ]


async def test_bodies_of_plugins_are_shown_as_text():
    of = snapshot(scripted(prePlugins=[plugin("request.Body = request.Body + '!';")]))
    lines = shown(await passed(of, "POST", body=b"a \xff body"))

    assert '"Body":"a \\\\xff body"' in lines[1]
    assert '"Body":"a \\\\xff body!"' in lines[-1]


async def test_no_secret_is_shown():
    body = "request.SetHeaders['X-Token'] = 'mum'; log(request.Headers['X-Key'][0]);"
    pre = plugin(body, requireSession=True)
    document = with_keys(scripted(postPlugins=[pre], responsePlugins=[response_plugin("")]))
    keys = await kept_keys(**{"a-whole-key": {"alias": "Ann", "meta_data": {"who": "ann"}}})
    trace = await passed(snapshot(document), headers=(("X-Key", "a-whole-key"), ("Cookie", "id=hush")), keys=keys)
    plain = to_plain(trace)

    for text in (to_text(plain), json.dumps(masked(plain))):
        assert "ran request script handler" in text or '"handler"' in text
        assert not [secret for secret in ("a-whole-key", "hush", "mum", "Ann") if secret in text]
    assert f"  log: {MASK}" in shown(trace)


def test_calls_of_the_gateway_have_their_time_and_no_keys():
    asked = json.dumps({"Domain": "http://a/?token=hush", "Headers": {"Authorization": "hush", "A": "b"}})
    came = json.dumps({"Code": 200, "Headers": {"Set-Cookie": ["hush"]}, "Body": '{"password": "hush", "n": 1}'})
    calls = [
        ["TykMakeHttpRequest", json.dumps([asked]), came, 0.0021],
        ["TykMakeHttpRequest", json.dumps([asked]), None, 0.5],
        ["TykGetKeyData", '["hush","api"]', '{"alias":"hush"}', 0.001],
        ["TykGetKeyData", '["hush","api"]', '{"status":"error","message":"Key not found"}', 0.001],
        ["TykStorageSet", '["a","b",5]', '{"value":null}', 0.001],
    ]
    steps = [{"calls": [plain_call(call_of(answer_of(text="x", calls=calls)))], "changes": [], "detail": ""}]
    message = {"method": "GET", "target": "/", "headers": [], "body": {"size": 0, "text": ""}}
    plain = {"steps": steps, "original": message, "error": ""}
    plain |= dict.fromkeys(("upstream_request", "upstream_response", "answer"))
    lines = list(script_lines(masked(plain)["steps"][0]["calls"][0]))

    request = '{"Domain":"http://a/?token=•••","Headers":{"Authorization":"•••","A":"b"}}'
    answer = '{"Code":200,"Headers":{"Set-Cookie":"•••"},"Body":"{\\"password\\":\\"•••\\",\\"n\\":1}"}'
    assert lines[1:] == [
        f"  asked TykMakeHttpRequest({request}): {answer} (2.1 ms)",
        f"  asked TykMakeHttpRequest({request}): undefined (500.0 ms)",
        "  asked TykGetKeyData(•••): ••• (1.0 ms)",
        '  asked TykGetKeyData(•••): {"status":"error","message":"Key not found"} (1.0 ms)',
        '  asked TykStorageSet(a, b, 5): {"value":null} (1.0 ms)',
        "  gave x",
    ]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"error": "V8 does not start"}, "ran no script f: V8 does not start"),
        (answer_of(), "  gave undefined"),
        (answer_of(text="x" * (LONGEST + 1)), f"  gave {'x' * LONGEST}… ({LONGEST + 1} characters)"),
        (answer_of(text="{" + "[" * 100_000), f"  gave {{{'[' * (LONGEST - 1)}… (100001 characters)"),
    ],
)
def test_odd_answers(answer, line):
    assert list(script_lines(plain_call(call_of(answer))))[-1] == line
