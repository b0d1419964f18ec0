"""What scripts find in V8, `_` apart: test_underscore.py."""

import base64
import json
import random
from collections.abc import Iterator
from importlib import resources

import pytest
from tests.scripting.realms import Realm

from lockgate.scripting import boot


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    realm = Realm()
    yield realm
    realm.close()


def test_every_file_is_one_of_the_sources():
    names = {file.name for file in resources.files(boot).iterdir() if file.name.endswith(".js")}
    assert names == set(boot.FILES)
    for name in boot.FILES:
        assert resources.files(boot).joinpath(name).read_text(encoding="utf-8").strip() in boot.source()


def test_all_code_is_strict():
    # Functions of sloppy code could be reached by `caller` and stack traces.
    for name in boot.FILES:
        lines = resources.files(boot).joinpath(name).read_text(encoding="utf-8").splitlines()
        assert lines[:2] == ["(lockgate) => {", "  'use strict';"], name


# ── JSON ──


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        # As recorded
        (
            '{zebra: 1, apple: 2, Mango: 3, "10": 4, "9": 5, nested: {b: 1, a: 2}}',
            '{"10":4,"9":5,"Mango":3,"apple":2,"nested":{"a":2,"b":1},"zebra":1}',
        ),
        (
            r"""{html: "<b>&amp;</b>", quote: "\"'", slash: "/", tab: "\t", nul: "\u0000", ls: "\u2028", e: "é"}""",
            (
                r"""{"e":"é","html":"\u003cb\u003e\u0026amp;\u003c/b\u003e","ls":"\u2028","nul":"\u0000","""
                r""""quote":"\"'","slash":"/","tab":"\t"}"""
            ),
        ),
        (
            "[1, 1.5, -0, 1e21, 1e-7, 123456789012345680000, 0.1 + 0.2, NaN, Infinity, 100, 1e5]",
            "[1,1.5,0,1e+21,1e-7,123456789012345680000,0.30000000000000004,null,null,100,100000]",
        ),
        (
            (
                "{u: undefined, f: function() {}, n: null, t: true, a: [undefined, function() {}], s: new String('s'), "
                "num: new Number(3), empty: {}, e: []}"
            ),
            '{"a":[null,null],"e":[],"empty":{},"n":null,"num":3,"s":"s","t":true}',
        ),
        ('{b: [1, {c: 2}], a: "x"}, null, 2', '{\n  "a": "x",\n  "b": [\n    1,\n    {\n      "c": 2\n    }\n  ]\n}'),
        ('{d: {toJSON: function() { return "J"; }}}', '{"d":"J"}'),
        ('{a: 1, b: 2, c: 3}, ["c", "a"]', '{"a":1,"c":3}'),
        ("{a: 1, b: 'x'}, function(k, v) { return typeof v === 'number' ? v * 10 : v; }", '{"a":10,"b":"x"}'),
        ("'s'", '"s"'),
        ("null", "null"),
        ("undefined", None),
        ("3", "3"),
        # Order: bytes of UTF-8, where UTF-16 has surrogates before U+E000
        (r'{"\ud83d\ude00": 1, "\uff5e": 2, "é": 3, z: 4, a: 5}', '{"a":5,"z":4,"é":3,"～":2,"😀":1}'),
        (r'{"\udcff": 1, "\udc80": 2, "a": 3}', r'{"a":3,"\ufffd":2,"\ufffd":1}'),
        ("Object.fromEntries(Array.from({length: 20}, (_, i) => ['k' + i % 20, i % 2]))", None.__class__),
        # Texts
        (r'"\u2029\u007f\b\f\n\r\t\u001f\\/"', '"\\u2029\x7f\\b\\f\\n\\r\\t\\u001f\\\\/"'),
        (r'"a\ud800b\udc80c\ud83d\ude00"', r'"a\ufffdb\ufffdc😀"'),
        ('{"<a&b>": 1}', r'{"\u003ca\u0026b\u003e":1}'),
        # Values
        ("new Date(0)", '"1970-01-01T00:00:00.000Z"'),
        ("{d: new Date(NaN)}", '{"d":null}'),
        ("new Boolean(false)", "false"),
        ("Symbol('a')", None),
        ("{s: Symbol('a'), [Symbol('b')]: 1}", "{}"),
        ("[Symbol('a')]", "[null]"),
        ("{[Symbol.toStringTag]: 'Boolean', a: 1}", '{"a":1}'),
        ("Object.create({inherited: 1}, {own: {value: 1, enumerable: true}, hidden: {value: 1}})", '{"own":1}'),
        ("new (class A { b = 1; a = 2; #c = 3 })()", '{"a":2,"b":1}'),
        ("new Map([[1, 2]])", "{}"),
        ("[,1]", "[null,1]"),
        ("Object.assign([1], {x: 2})", "[1]"),
        ("new Proxy({b: 1, a: 2}, {})", '{"a":2,"b":1}'),
        ("new Proxy([2, 1], {})", "[2,1]"),
        ("{get b() { return 1 }, a: 0}", '{"a":0,"b":1}'),
        ("/a/", "{}"),
        ("() => 1", None),
        ("Object.assign(() => 1, {toJSON: () => 'f'})", '"f"'),
        ("{b: {toJSON(key) { return key + '!' }}}", '{"b":"b!"}'),
        ("[{toJSON(key) { return typeof key + key }}]", '["string0"]'),
        ('JSON.parse(\'{"__proto__": {"a": 1}}\')', '{"__proto__":{"a":1}}'),
        # Replacers and indents
        ("{a: {a: 1, b: 2}, b: 2}, ['a', 'a', 1, new String('b'), {}, true]", '{"a":{"a":1,"b":2},"b":2}'),
        ("{1: 'x', 2: 'y'}, [1]", '{"1":"x"}'),
        ("[1, [2]], (key, value) => (key === '0' ? undefined : value)", "[null,[null]]"),
        ("{a: 1}, function (key, value) { return key === '' ? value : typeof this.a }", '{"a":"number"}'),
        ("{a: [], b: {}}, null, 4", '{\n    "a": [],\n    "b": {}\n}'),
        ("[1], null, 'a long indent'", "[\na long ind1\n]"),
        ("[1], null, 100", "[\n          1\n]"),
        ("[1], null, new Number(1.9)", "[\n 1\n]"),
        ("[1], null, -1", "[1]"),
        ("[1], null, NaN", "[1]"),
        ("[1], null, {}", "[1]"),
        ("[1], {}, 0", "[1]"),
    ],
)
def test_json_as_the_reference_writes_it(realm, expression, text):
    found = realm.run(f"JSON.stringify({expression})")
    assert found["thrown"] is None
    if text is None.__class__:
        keys = list(json.loads(found["value"]))
        assert keys == sorted(keys)
        return
    assert found["value"] == text
    assert not found["dirty"]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("(() => { const a = {}; a.b = {a}; return a })()", "TypeError: Converting circular structure to JSON"),
        ("(() => { const a = []; a.push([a]); return a })()", "TypeError: Converting circular structure to JSON"),
        ("{n: 10n}", "TypeError: Do not know how to serialize a BigInt"),
        ("{get a() { throw new RangeError('mine') }}", "RangeError: mine"),
        ("{toJSON() { throw new RangeError('mine') }}", "RangeError: mine"),
        ("new Proxy({}, {ownKeys() { throw new RangeError('mine') }})", "RangeError: mine"),
    ],
)
def test_json_that_cannot_be_written(realm, expression, error):
    assert realm.run(f"JSON.stringify({expression})")["thrown"].startswith(error)


def test_an_object_twice_is_no_cycle(realm):
    assert realm.value("(() => { const a = {x: 1}; return JSON.stringify({a, b: [a, a]}) })()") == (
        '{"a":{"x":1},"b":[{"x":1},{"x":1}]}'
    )


def test_json_agrees_with_python_on_any_value(realm):
    chance = random.Random(7)

    def made(depth):
        kind = chance.randrange(7 if depth else 4)
        if kind == 0:
            return chance.choice([None, True, False, 0, -1.5, 1e300, 5e-324, 2**53])
        if kind < 4:
            return "".join(chance.choice('ab<>&"\\\n\u00e9\u2028\uffff\U0001f600') for _ in range(chance.randrange(6)))
        if kind == 4:
            return [made(depth - 1) for _ in range(chance.randrange(4))]
        return {made(0) or "k" if False else str(made(0)): made(depth - 1) for _ in range(chance.randrange(5))}

    for _ in range(200):
        value = made(4)
        text = realm.value(f"JSON.stringify({json.dumps(value)})")
        assert json.loads(text) == value
        assert text == as_go(value)


def as_go(value) -> str:
    """JSON with members sorted by bytes; numbers as Python's, which agree for those that are tried."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode())
        return "{" + ",".join(f"{as_go(name)}:{as_go(one)}" for name, one in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_go, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    for char in "<>&\u2028":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.replace("1e+300", "1e+300")


def test_json_parse_takes_a_prototype_for_a_member(realm):
    code = '(() => { const a = JSON.parse(\'{"__proto__": {"x": 1}}\'); return [a.x === undefined, Object.keys(a)] })()'
    assert realm.value(code) == [True, ["__proto__"]]


# ── Base64 ──


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('b64dec("YQ==")', "a"),
        ('b64dec("YQ")', "a"),
        ('b64dec("YWI=")', "ab"),
        ('b64dec("")', ""),
        ('rawb64dec("YQ")', "a"),
        ('rawb64dec("YQ==")', None),
        ('b64dec("%%%")', None),
        ('b64dec("YQ=")', None),
        ('b64dec("Pz8-Pg")', None),
        ('b64dec("Pz8+Pg==")', "??>>"),
        ('b64dec("R3LDvMOfZSDigqw=")', "Grüße €"),
        ('b64dec("Y Q")', None),
        ('b64dec("YW\\nI=")', "ab"),
        ('b64dec("YW\\r\\nI\\n=\\n")', "ab"),
        ('rawb64dec("YW\\nI")', "ab"),
        ('b64dec("Y")', None),
        ('b64dec("====")', None),
        ('b64dec("YQ==YQ==")', None),
        ('b64dec("YWI==")', None),
        ('b64dec("YWJj=")', None),
        ('b64dec("YR==")', "a"),  # bits that are left over do not matter
        ('b64dec("é")', None),
        ("b64dec()", None),
        ('"" + b64dec()', "undefined"),
        ("JSON.stringify([b64dec(null), b64dec(1234)])", '["\\ufffd\\ufffde","\\ufffdm\\ufffd"]'),
        ('b64enc(b64dec("/wCAYQ=="))', "/wCAYQ=="),
        ('b64dec("/wCAYQ==").length', 4),
        ('b64enc("\\u00ff")', "w78="),
        ("b64enc()", "dW5kZWZpbmVk"),
        ("b64enc(null)", "bnVsbA=="),
        ("b64enc(12)", "MTI="),
        ("b64enc({})", "W29iamVjdCBPYmplY3Rd"),
        ("b64enc('')", ""),
        ("rawb64enc('a')", "YQ"),
        ("rawb64enc('ab')", "YWI"),
        ("rawb64enc('abc')", "YWJj"),
        ('b64enc("\\ud83d\\ude00")', "8J+YgA=="),
        ('b64enc("\\ud800")', "77+9"),
        ('b64enc("\\udc00x")', "77+9eA=="),
        ('b64enc("\\udcff")', "/w=="),
        ("b64enc({toString() { throw new Error('no') }})", ""),
        ("[b64enc, b64dec, rawb64enc, rawb64dec].map((f) => typeof f)", ["function"] * 4),
    ],
)
def test_base64(realm, expression, expected):
    assert realm.value(expression) == expected


def test_base64_agrees_with_python_on_any_bytes(realm):
    chance = random.Random(1)
    parts = [b"\xc3\xa4", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xe2\x82", b"\xf0\x9f", b"\xc0\x80", b"\xed\xa0\x80"]
    parts += [b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"a", b"\xff", b"\x80", b"\x00", b"\xc3"]
    samples = [b"".join(chance.choice(parts) for _ in range(chance.randrange(12))) for _ in range(300)]
    samples += [chance.randbytes(chance.randrange(40)) for _ in range(300)]
    samples += [chance.randbytes(20000), "äöü€😀".encode() * 3000, b"plain" * 5000]
    encoded = [base64.b64encode(sample).decode() for sample in samples]
    # As JSON, a surrogate on its own is an escape; the text as such cannot leave V8.
    texts = realm.value(f"{json.dumps(encoded)}.map((text) => b64dec(text))")
    assert texts == [sample.decode("utf-8", "surrogateescape") for sample in samples]
    assert realm.value(f"{json.dumps(texts)}.map((text) => b64enc(text))") == encoded
    raw = [text.rstrip("=") for text in encoded]
    assert realm.value(f"{json.dumps(texts)}.map((text) => rawb64enc(text))") == raw
    assert realm.value(f"{json.dumps(raw)}.map((text) => b64enc(rawb64dec(text)))") == encoded


def test_base64_of_a_megabyte(realm):
    data = random.Random(2).randbytes(1 << 20)
    text = base64.b64encode(data).decode()
    assert realm.value(f"b64enc(b64dec({json.dumps(text)}))") == text


# ── Tyk's own ──


def test_what_the_reference_gateway_has(realm):
    names = (
        "log rawlog b64enc b64dec rawb64enc rawb64dec TykMakeHttpRequest TykBatchRequest TykGetKeyData TykSetKeyData "
        "TykJsResponse TykJS TykJS.TykMiddleware.NewMiddleware TykJS.TykEventHandlers.NewEventHandler console "
        "console.log console.error _"
    )
    types = realm.value("[" + ",".join(f"typeof {name}" for name in names.split()) + "]")
    assert dict(zip(names.split(), types, strict=True)) == {
        name: "object" if name in {"TykJS", "console"} else "function" for name in names.split()
    }


def test_what_it_does_not_have(realm):
    names = (
        "window document setTimeout setInterval clearTimeout require process fetch XMLHttpRequest module exports "
        "TykStorageGet TykStorageSet TykStorageIncr TykStoreData TykGetData ArrayBuffer SharedArrayBuffer DataView "
        "Uint8Array Float64Array BigInt64Array Float16Array Atomics WebAssembly Promise queueMicrotask WeakRef "
        "FinalizationRegistry Intl Temporal __timer_manager lockgate primordials"
    )
    assert set(realm.value("[" + ",".join(f"typeof {name}" for name in names.split()) + "]")) == {"undefined"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("log('hello')", ["log", "hello"]),
        ("log()", ["log", "undefined"]),
        ("log({a: 1})", ["log", "[object Object]"]),
        ("log([1, 2])", ["log", "1,2"]),
        ("log('a', 'b')", ["log", "a"]),
        ("log(Symbol('x'))", ["log", "Symbol(x)"]),
        ("log({toString() { throw 1 }})", ["log", ""]),
        ("log(Object.create(null))", ["log", ""]),
        ("rawlog(12)", ["raw", "12"]),
        ("console.log('a', 1, {b: [2], a: '<'})", ["log", r'a 1 {"a":"\u003c","b":[2]}']),
        ("console.info(null, undefined)", ["info", "null undefined"]),
        ("console.warn()", ["warn", ""]),
        ("console.debug((() => { const a = {}; a.a = a; return a })())", ["debug", "[object Object]"]),
        ("console.error({get a() { throw 1 }})", ["error", "[object Object]"]),
        ("console.dir([1])", ["log", "[1]"]),
        ("console.log(new Proxy({}, {get() { throw 1 }, ownKeys() { throw 1 }}))", ["log", ""]),
    ],
)
def test_log_and_console(realm, code, said):
    found = realm.run(code)
    assert found["thrown"] is None
    assert found["isUndefined"]
    assert found["said"] == [said]


def test_console_shows_the_stack_of_an_error(realm):
    [[level, line]] = realm.run("console.error(new TypeError('oops'))")["said"]
    assert level == "error"
    assert line.startswith("TypeError: oops\n    at ")


def test_the_rest_of_console_says_nothing(realm):
    found = realm.run("console.time('a'); console.timeEnd('a'); console.trace('a'); console.assert(false, 'a')")
    assert (found["thrown"], found["said"]) == (None, [])


@pytest.mark.parametrize(
    ("code", "asked", "reply", "value"),
    [
        ("TykMakeHttpRequest('{\"a\":1}')", ["TykMakeHttpRequest", '["{\\"a\\":1}"]'], "R", "R"),
        ("TykMakeHttpRequest({})", ["TykMakeHttpRequest", '["[object Object]"]'], None, None),
        ("TykMakeHttpRequest(null)", ["TykMakeHttpRequest", '["null"]'], "R", "R"),
        ("TykMakeHttpRequest('\\udcff<')", ["TykMakeHttpRequest", '["\\udcff<"]'], "R", "R"),
        ("TykBatchRequest('{}')", ["TykBatchRequest", '["{}"]'], "[]", "[]"),
        ("TykBatchRequest()", ["TykBatchRequest", '["undefined"]'], None, None),
        ("TykGetKeyData('k', 'api')", ["TykGetKeyData", '["k","api"]'], "{}", "{}"),
        ("TykGetKeyData('k')", ["TykGetKeyData", '["k","undefined"]'], "{}", "{}"),
        ("TykSetKeyData('k', '{}', '1')", ["TykSetKeyData", '["k","{}","1"]'], "ignored", None),
        ("TykSetKeyData('k', '{}')", ["TykSetKeyData", '["k","{}","undefined"]'], None, None),
    ],
)
def test_calls_of_the_host(realm, code, asked, reply, value):
    found = realm.run(code, reply)
    assert [found["asked"][0][0], json.loads(found["asked"][0][1])] == [asked[0], json.loads(asked[1])]
    assert found["value"] == value


def test_a_request_that_is_not_given_asks_nobody(realm):
    found = realm.run("TykMakeHttpRequest(undefined)")
    assert (found["asked"], found["isUndefined"]) == ([], True)


@pytest.mark.parametrize(
    "code",
    [
        "TykMakeHttpRequest('{}')",
        "log({toString() { return TykMakeHttpRequest('{}') }})",
        "console.log({toJSON() { return TykMakeHttpRequest('{}') }})",
        "console.log({get a() { return TykMakeHttpRequest('{}') }})",
        "b64enc({toString() { return TykMakeHttpRequest('{}') }})",
        "JSON.stringify({toJSON() { return TykMakeHttpRequest('{}') }})",
        "_.map([1], () => TykMakeHttpRequest('{}'))",
        "_.template('<%= TykMakeHttpRequest(1) %>')({})",
    ],
)
def test_nothing_swallows_the_way_out_of_a_run(realm, code):
    found = realm.run(code)
    assert found["unwound"]
    assert found["said"] == []


def test_functions_can_be_overwritten_for_one_run(realm):
    found = realm.run("TykMakeHttpRequest = () => 'mine'; var log = 5; [TykMakeHttpRequest(), log]")
    assert found["value"] == ["mine", 5]
    assert found["restored"]
    assert realm.value("[typeof TykMakeHttpRequest, typeof log]") == ["function", "function"]


def test_response_of_a_virtual_endpoint(realm):
    code = "TykJsResponse({Code: 200, code: 201, Headers: {b: '<', a: null}, Body: 'x'}, {k: [1]})"
    assert realm.value(code) == (
        r'{"Response":{"Body":"x","Code":200,"Headers":{"a":null,"b":"\u003c"},"code":201},"SessionMeta":{"k":[1]}}'
    )
    assert realm.value("TykJsResponse()") == "{}"
    assert realm.value("TykJsResponse({Code: NaN}, undefined)") == '{"Response":{"Code":null}}'


PLUGIN = """
    var plugin = new TykJS.TykMiddleware.NewMiddleware({greeting: 'hi'});
    function asked(request, session, config) { return plugin.DoProcessRequest(request, session, config); }
"""


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (
            ("plugin.NewProcessRequest(function (request, session, config) {"
            "  request.Body += '!' + session.a + config.b + this.configuration.greeting;"
            "  return this.ReturnData(request, {m: '1'}); });"
            "asked({Body: 'YWJj', Headers: {A: ['1']}, URL: '/<'}, {a: 1}, {b: 2})"),
            '{"Request":{"Body":"YWJjITEyaGk=","Headers":{},"URL":"/\\u003c"},"SessionMeta":{"m":"1"}}',
        ),
        (
            ("plugin.NewProcessRequest((request) => plugin.ReturnAuthData(request, {rate: 1}));"
            "asked({Body: ''}, {}, {})"),
            '{"Request":{"Body":"","Headers":{}},"Session":{"rate":1}}',
        ),
        (
            ("plugin.NewProcessRequest((request) => { delete request.Body; return {Request: request, AuthValue: 'k'} });"
            "asked({Body: ''})"),
            '{"AuthValue":"k","Request":{"Body":"dW5kZWZpbmVk","Headers":{}}}',
        ),
        ("plugin.NewProcessRequest((request) => plugin.ReturnData(request, {})); asked({Body: '/w=='})",
         '{"Request":{"Body":"/w==","Headers":{}},"SessionMeta":{}}'),
        ("plugin.ProcessRequest = (request) => ({Request: {Body: null}}); asked({Body: ''})",
         '{"Request":{"Body":"bnVsbA==","Headers":{}}}'),
        (
            ("plugin.NewProcessResponse((response, request, session, config) => {"
            "  response.Body += request.Body + session.a + config.b; return plugin.ReturnResponseData(response, {}); });"
            "plugin.DoProcessResponse({Body: 'é'}, {Body: null}, {a: 1}, {b: 2})"),
            '{"Response":{"Body":"é3"},"SessionMeta":{}}',
        ),
        ("plugin.DoProcessResponse({Body: 'a'})", '{"Body":"a"}'),
        ("plugin instanceof TykJS.TykMiddleware.NewMiddleware", True),
        ("plugin.configuration", {"greeting": "hi"}),
        ("Object.keys(plugin)", ["configuration"]),
    ],
)  # fmt: skip
def test_plugins(realm, code, value):
    assert realm.value(PLUGIN + code) == value


def test_a_plugin_that_returns_nothing(realm):
    found = realm.run(PLUGIN + "plugin.NewProcessRequest(() => {}); asked({Body: ''})")
    assert found["isUndefined"]
    assert found["said"] == [["log", "Middleware didn't return request object!"]]
    found = realm.run(PLUGIN + "plugin.NewProcessResponse(() => 0); plugin.DoProcessResponse({})")
    assert found["isUndefined"]
    assert found["said"] == [["log", "Middleware didn't return response object!"]]


def test_a_plugin_without_a_function(realm):
    found = realm.run(PLUGIN + "asked({Body: ''})")
    assert found["thrown"].startswith("TypeError")
    assert found["said"] == [["log", "Process Request Not Implemented"]]
    found = realm.run(PLUGIN + "plugin.DoProcessResponse({Body: 'a'})")
    assert found["said"] == [["log", "Process Response Not Implemented"]]


def test_event_handlers(realm):
    code = (
        "var handler = new TykJS.TykEventHandlers.NewEventHandler();"
        "handler.NewHandler(function (event, context) { log(event.Type + context.APIID + (this === handler)) });"
        "handler.DoProcessEvent({Type: 'KeyExpired'}, {APIID: 'a'})"
    )
    found = realm.run(code)
    assert (found["said"], found["isUndefined"]) == ([["log", "KeyExpiredatrue"]], True)
    assert realm.run("new TykJS.TykEventHandlers.NewEventHandler().DoProcessEvent({}, {})")["thrown"] is None


@pytest.mark.parametrize(
    ("code", "asked", "reply", "value"),
    [
        ("TykStorageGet('k')", ["k"], '{"value": "v"}', "v"),
        ("TykStorageGet('k')", ["k"], '{"value": null}', None),
        ("TykStorageSet('k', 1)", ["k", "1", 0], '{"value": true}', None),
        ("TykStorageSet('k', {}, 2.5)", ["k", "[object Object]", 2.5], '{"value": true}', None),
        ("TykStorageSetNX('k', 'v', '60')", ["k", "v", 60], '{"value": false}', False),
        ("TykStorageDel('k')", ["k"], '{"value": 1}', None),
        ("TykStorageTTL('k')", ["k"], '{"value": -2}', -2),
        ("TykStorageIncr('k', NaN)", ["k", 0], '{"value": "7"}', "7"),
    ],
)
def test_the_store(realm, code, asked, reply, value):
    found = realm.run(f"realm.lockgate.storage.{code}", reply)
    assert [json.loads(text) for _, text in found["asked"]] == [asked]
    assert found["value"] == value


def test_a_store_that_fails(realm):
    found = realm.run("realm.lockgate.storage.TykStorageGet('k')", '{"error": "too long"}')
    assert found["thrown"].startswith("Error: TykStorageGet: too long")
    assert realm.run("realm.lockgate.storage.TykStorageGet('k')", None)["thrown"].startswith("Error: TykStorageGet")


def test_what_was_thrown_is_told_whatever_it_is(realm):
    described = "realm.lockgate.describe"
    assert realm.value(f"{described}(new RangeError('x'))").startswith("RangeError: x\n    at ")
    for thrown, text in [
        ("'text'", "text"),
        ("undefined", "undefined"),
        ("{a: 1}", "[object Object]"),
        ("{stack: 5, toString: () => 'mine'}", "mine"),
        ("{get stack() { throw 1 }, toString: () => 'mine'}", "mine"),
        ("Object.create(null)", ""),
        ("new Proxy({}, {get() { throw 1 }})", ""),
    ]:
        assert realm.value(f"{described}({thrown})") == text


# ── Hardening ──


@pytest.mark.parametrize(
    "code",
    [
        "(async () => {})().constructor !== Object",
        "(async () => {})().then",
        "(async function* () {})().next().then",
        "typeof import('x').then === 'function'",
        "Array.fromAsync",
        "new Date().toTemporalInstant",
        "/a/.compile",
        "(/(a)/.exec('a'), RegExp.$1)",
        "(/(a)/.exec('a'), RegExp.input)",
        "(/(a)/.exec('a'), RegExp['$&'])",
        "JSON.rawJSON",
        "console.context",
        "console.profile",
        "new Function('return this')().ArrayBuffer",
        "(0, eval)('this').WebAssembly",
        "(() => 0).constructor('return typeof Uint8Array')() !== 'undefined'",
        "Object.getOwnPropertyNames(globalThis).filter((name) => /Array$|Buffer|View|Promise/.test(name)).length > 1",
    ],
)
def test_there_is_no_way_back(realm, code):
    assert realm.value(f"Boolean({code})") is False


def test_regexps_remember_nothing_for_the_next_request(realm):
    realm.run("/token=(.*)/.exec('token=secret')")
    names = realm.value("Object.getOwnPropertyNames(RegExp)")
    assert set(names) == {"length", "name", "prototype", "escape"}


SPIES = [
    "_.map([1], spy)",
    "_([1]).map(spy)",
    "_.sortBy([1, 2], spy)",
    "JSON.stringify({toJSON: spy})",
    "JSON.stringify([1], spy)",
    "TykJsResponse({toJSON: spy})",
    "log({toString: spy})",
    "console.log({toJSON: spy})",
    "b64enc({toString: spy})",
    "TykMakeHttpRequest({toString: spy})",
    "(() => { const p = new TykJS.TykMiddleware.NewMiddleware(); p.NewProcessRequest(spy); p.DoProcessRequest({}) })()",
    "_.template('<%= spy() %>')({spy})",
]


@pytest.mark.parametrize("call", SPIES)
@pytest.mark.parametrize(
    "look",
    [
        "spied.push(spy.caller)",
        "try { spied.push(arguments.callee.caller) } catch (error) {}",
        (
            "Error.prepareStackTrace = (error, frames) => frames;"
            "for (const frame of new Error().stack.slice(1)) spied.push(frame.getFunction(), frame.getThis())"
        ),
    ],
    ids=["caller", "arguments", "stack"],
)
def test_no_function_of_ours_is_handed_out(realm, call, look):
    # What is found below the first strict function is undefined; above it there is only what the script brought.
    code = f"""
        var spied = [], called = 0;
        function spy() {{ called++; {look}; return 'x' }}
        try {{ {call} }} catch (error) {{}}
        [called > 0, spied.filter((each) => typeof each === 'function' && !/^(function spy|function anonymous)/.test(each))
            .map(String), spied.filter((each) => typeof each === 'object' && each !== null && each !== globalThis).length]
    """
    called, functions, objects = realm.value(code)
    assert called
    assert functions == []
    assert objects == 0


@pytest.mark.parametrize(
    "code",
    [
        "TykMakeHttpRequest('secret')",
        "TykGetKeyData('a', 'b')",
        "b64enc('é secret')",
        "b64dec('c2VjcmV0')",
        "JSON.stringify({b: 1, a: [1, {c: 2}]})",
        "TykJsResponse({Code: 200}, {})",
        "log('secret')",
    ],
)
def test_setters_of_a_script_see_nothing_of_ours(realm, code):
    names = [
        "0",
        "1",
        "2",
        "10",
        "text",
        "index",
        "parent",
        "object",
        "get",
        "set",
        "value",
        "length",
        "writable",
        "stack",
    ]
    pollution = f"""
        var leaked = 0;
        var names = {json.dumps(names)};
        (() => {{
          const setter = {{set(value) {{ leaked++ }}, get() {{ return undefined }}, configurable: true}};
          Object.setPrototypeOf(setter, null);
          const own = (holder, name) => Object.getOwnPropertyDescriptor(holder, name) !== undefined;
          const {{defineProperty}} = Reflect;
          for (let index = 0; index < 14; index++) {{
            if (!own(Object.prototype, names[index])) defineProperty(Object.prototype, names[index], setter);
            if (!own(Array.prototype, names[index])) defineProperty(Array.prototype, names[index], setter);
          }}
        }})();
    """
    found = realm.run(f"{pollution} {code}; leaked", "reply")
    assert found["thrown"] is None
    assert found["value"] == 0
    assert found["dirty"]
    assert found["restored"]


BREAK = """
    (() => {
      const holders = [Array.prototype, String.prototype, Object, Object.prototype, RegExp.prototype, Math, JSON, Number,
        Function.prototype, Map.prototype, Set.prototype, Array, String];
      const {defineProperty, ownKeys} = Reflect;
      const kept = new Set(['prototype', 'constructor', '__proto__', 'length']);
      const has = kept.has.bind(kept);
      const broken = () => { throw 'overwritten' };
      for (let index = 0; index < holders.length; index++) {
        const keys = ownKeys(holders[index]);
        for (let place = 0; place < keys.length; place++) {
          if (!has(keys[place])) {
            defineProperty(holders[index], keys[place], {__proto__: null, value: broken});
          }
        }
      }
    })();
    String = Number = Object = Array = Map = Set = RegExp = Error = TypeError = Function = () => { throw 'overwritten' };
"""


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("TykJsResponse({Code: 200, Body: 'a<b', Headers: {b: 1, a: [1]}}, {})",
         r'{"Response":{"Body":"a\u003cb","Code":200,"Headers":{"a":[1],"b":1}},"SessionMeta":{}}'),
        ("b64dec('w7w=\\n')", "ü"),
        ("b64enc('ü')", "w7w="),
        ("log({}); console.log({}); 1", 1),
        ("TykMakeHttpRequest('{}')", "reply"),
        ("_.map([1, 2], (n) => n + 1)", [2, 3]),
        ("_.sortBy([2, 1])", [1, 2]),
        ("_.uniq([1, 1])", [1]),
        ("_.template('a<%- b %>')({b: '<'})", "a&lt;"),
        ("_.extend({}, {a: 1})", {"a": 1}),
        ("_.isEqual([1], [1])", True),
        ("_.chain([1]).map((n) => n).value()", [1]),
    ],
)  # fmt: skip
def test_nothing_depends_on_what_scripts_overwrite(realm, code, value):
    found = realm.run(BREAK + code, "reply")
    assert found["thrown"] is None
    assert found["value"] == value
    assert found["dirty"]
    assert found["restored"]


# ── State ──


@pytest.mark.parametrize(
    "code",
    [
        "1",
        "_.map([1], _.identity)",
        "_.template('<%= a %>')({a: 1})",
        "_.uniqueId()",
        "(function () { var local = 1; return local })()",
        "class A extends Array { x = 1 } new A(3).fill(1).map((n) => n)",
        "class MyError extends Error { name = 'MyError' } try { throw new MyError('x') } catch (error) { error.name }",
        "const e = new Error('x'); e.name = 'Other'; e.toString = () => 'own'; String(e)",
        "[...new Set([1]).values()].concat([...new Map()])",
        "const request = JSON.parse('{\"__proto__\": 1}'); request.toString = () => 'x'; request",
        "Object.freeze([1]); Object.setPrototypeOf({}, null)",
        "const o = {}; o.hasOwnProperty = 1; o.constructor = 2",
        "new Proxy(Array.prototype, {}).map",
        "'abc'.replace(/b/g, (x) => x.toUpperCase())",
        "(function* () { yield 1 })().next()",
        "new TykJS.TykMiddleware.NewMiddleware({}).extra = 1",
        "try { null.x } catch (error) {}",
        "(() => { const f = _.memoize((n) => n); f(1); f.cache = {} })()",
    ],
)
def test_ordinary_scripts_change_nothing(realm, code):
    found = realm.run(f"(() => {{ {code} }})()")
    assert found["thrown"] is None
    assert not found["dirty"]


CHANGES = [
    "leak = 1",
    "var leaking = 1",
    "function leaked() {}",
    "globalThis[Symbol('x')] = 1",
    "globalThis[Symbol.for('x')] = 1",
    "Object.prototype.polluted = 1",
    "({}).__proto__.polluted = 1",
    "Object.defineProperty(Object.prototype, 'hidden', {value: 1, configurable: true})",
    "Object.defineProperty(Object.prototype, 'get', {get() { return 1 }, configurable: true})",
    "Array.prototype.map = () => 1",
    "Array.prototype.push.call(Array.prototype, 'secret')",
    "Array.prototype.length = 5",
    "Array.prototype[Symbol.iterator] = null",
    "Array.prototype[Symbol.isConcatSpreadable] = false",
    "delete Array.prototype.map",
    "delete String.prototype.trim; String.prototype.extra = 1",
    "Object.defineProperty(Array.prototype, 'map', {get: ((map) => () => map)(Array.prototype.map)})",
    "Object.defineProperty(Array.prototype, 'map', {enumerable: true})",
    "Object.defineProperty(Array.prototype, 'map', {writable: false})",
    "Object.setPrototypeOf(Array.prototype, {})",
    "Array.prototype.__proto__ = null",
    "Object.setPrototypeOf(Math, null)",
    "String.prototype.trim = 1",
    "Math.random = () => 4",
    "Math.extra = 1",
    "Math.PI2 = 6",
    "JSON.stringify = () => 'x'",
    "JSON = null",
    "Date.now = () => 0",
    "Date.prototype.toJSON = () => 'd'",
    "Error.prepareStackTrace = () => 1",
    "Error.stackTraceLimit = 0",
    "TypeError.prototype.name = 'X'",
    "RegExp.prototype.exec = null",
    "RegExp.prototype.test = null",
    "Function.prototype.call = null",
    "Number.prototype.toFixed = null",
    "Set.prototype.add = null",
    "console.log = 1",
    "console.extra = 1",
    "log = 1",
    "log = null; rawlog = log",
    "TykJS.TykMiddleware = {}",
    "TykJS.TykMiddleware.NewMiddleware.prototype.DoProcessRequest = 1",
    "TykJS.TykMiddleware.NewMiddleware.prototype.extra = 1",
    "TykJS.TykMiddleware.NewMiddleware.prototype = {}",
    "TykJsResponse = 1",
    "_ = 1",
    "_.map = 1",
    "_.extra = 1",
    "_.prototype.map = 1",
    "_.prototype.extra = 1",
    "_.prototype.value = 1",
    "_.VERSION = '2'",
    "_.iteratee = 1",
    "_.partial.placeholder = {}",
    "_.templateSettings = {}",
    "_.templateSettings.interpolate = /x/",
    "_.templateSettings.interpolate.lastIndex = 5",
    "_.templateSettings.interpolate.extra = 5",
    "_.mixin({x: () => 1})",
    "_.mixin({map: () => 1})",
    "_.noConflict()",
    "setTimeout = () => 1",
    "undefined_name = undefined",
    "NewMiddleware = TykJS.TykMiddleware.NewMiddleware; NewMiddleware.secret = 1",
    "Object.assign(Object.prototype, {a: 1}); Object.assign(Array, {b: 1})",
    "class A extends (function () { return Array.prototype }) { field = 1 } new A()",
    "Error.captureStackTrace(Array.prototype)",
    "Reflect.defineProperty(String, 'x', {value: 1, configurable: true})",
    "Reflect.set({}, 'y', 1, Array.prototype)",
    "Object.prototype.__defineGetter__('z', () => 1)",
    "Object.defineProperty(new Proxy(Math, {}), 'cos', {get: () => 1})",
    "Object.prototype.value = 1; Object.prototype.writable = true; Object.prototype.configurable = true",
    "delete Object.prototype.toString; Object.prototype.get = 1",
    "delete globalThis.JSON; globalThis.other = 1",
    "Symbol.prototype; delete globalThis.Symbol",
    "eval('var inside = 1')",
    "(0, eval)('function declared() {}')",
    "new Function('created = 1')()",
    "(function () { this.sloppy = 1 })()",
]


@pytest.mark.parametrize("code", CHANGES)
def test_what_a_script_changes_is_noticed_and_put_back(realm, code):
    facts = (
        "[Reflect.ownKeys(globalThis), Reflect.ownKeys(Object.prototype), Reflect.ownKeys(Array.prototype), "
        "Reflect.ownKeys(_), Reflect.ownKeys(_.prototype), Array.prototype.length, Error.stackTraceLimit]"
        ".map((each) => String(Array.isArray(each) ? each.map(String).sort() : each))"
    )
    before = realm.value(facts)
    found = realm.run(code)
    assert found["thrown"] is None
    assert found["dirty"]
    assert found["restored"]
    after = realm.run(facts)
    assert not after["dirty"]
    assert after["value"] == before


@pytest.mark.parametrize(
    "code",
    [
        "Object.freeze(Array.prototype)",
        "Object.preventExtensions(Object.prototype)",
        "Object.seal(globalThis.JSON)",
        "Object.defineProperty(globalThis, 'stays', {value: 1})",
        "Object.defineProperty(Math, 'cos', {configurable: false, writable: false, value: 1})",
        "Object.freeze(_)",
    ],
)
def test_what_cannot_be_put_back_is_told(code):
    realm = Realm()
    try:
        found = realm.run(code)
        assert found["thrown"] is None
        assert found["dirty"]
        assert not found["restored"]
    finally:
        realm.close()


@pytest.mark.parametrize(
    "code",
    [
        "Array.prototype.map.secret = 1",
        "Object.getPrototypeOf(function* () {}).secret = 1",
        "Object.getPrototypeOf(async () => {}).secret = 1",
        "Object.getPrototypeOf([][Symbol.iterator]()).next = 1",
        "Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())).secret = 1",
        "Object.getPrototypeOf((async () => {})()).secret = 1",
        "_.map.secret = 1",
        "log.secret = 1",
        "console.log.secret = 1",
        "Reflect.secret = 1",
        "Symbol.prototype.secret = 1",
        "WeakMap.prototype.secret = 1",
        "Math.cos.secret = 1",
        "Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags').get.secret = 1",
        "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(_), 'map').get.secret = 1",
        "Object.getPrototypeOf(_).secret = 1",
        "Object.getPrototypeOf(_.prototype).secret = 1",
        "_.prototype.map.secret = 1",
    ],
)
def test_what_nobody_changes_is_frozen(realm, code):
    # Either it has no effect, or it is noticed: nothing stays.
    assert realm.run(f"'use strict'; {code}")["thrown"].startswith("TypeError")
    found = realm.run(code)
    assert found["thrown"] is None
    assert not found["dirty"]


def test_remembering_happens_once(realm):
    assert realm.run("realm.lockgate.remember()")["thrown"].startswith("Error: remembered already")


def test_looking_costs_little(realm):
    # 50 µs on a quiet machine, once V8 has compiled it; ten times that would be a mistake of ours.
    realm.text("for (let i = 0; i < 3000; i++) realm.lockgate.dirty()")
    spent = float(
        realm.text(
            "(() => { const at = Date.now(); for (let i = 0; i < 1000; i++) realm.lockgate.dirty(); return Date.now() - at })()"
        )
    )
    assert spent < 500
