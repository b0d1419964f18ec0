"""V8 in this process. What a script is given, what it may leave behind, and what stops it."""

import asyncio
import json
import os
import sys
import threading
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from py_mini_racer._context import context_count
from tests.scripting.engines import EMPTY, NOW, SEED, Hosts, Together, failure, program, said, virtual, watched_loop

from lockgate.scripting import embedded as embedded_module
from lockgate.scripting import isolates as isolates_module
from lockgate.scripting.embedded import Embedded
from lockgate.scripting.program import Program
from lockgate.services import Outside, ScriptCall, ScriptLine, ServiceError, Services, recorded

ENDLESS = "for (;;);"


@pytest.fixture
async def engine():
    engine = Embedded()
    yield engine
    engine.close()
    await nothing_left()


async def nothing_left(before=0):
    for _ in range(1000):
        if context_count() <= before:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("isolates are left behind")


# What is called, and what it is given


async def test_a_virtual_endpoint_gets_values_and_returns_a_text(engine):
    call = virtual("v", '{"Body": "a", "__proto__": {"x": 1}}', '{"alias": null}', '{"APIID": "b"}')
    source = "function v(request, session, config) { return [request.Body, request.x, session.alias, config.APIID] }"
    assert await said(engine, source, call=call) == "a,,,b"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v", "v"),
        ("  \tv\n", "v"),
        ("shop.orders.list", "true"),
        ("table[0]", "indexed"),
        ("(function() { return 'made' })", "made"),
        ("function() { return 'made' }", "made"),
        ("lambda", "lambda"),
        ("v // comment", "v"),
        ("later || v", "v"),
    ],
)
async def test_a_name_is_any_expression(engine, name, expected):
    source = (
        "function v() { return 'v' }\n"
        "var shop = {orders: {list: function() { return this === shop.orders }}};\n"
        "var table = [function() { return 'indexed' }], later;\n"
        "const lambda = () => 'lambda';"
    )
    assert await said(engine, source, call=virtual(name)) == expected


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        ("", "v", "ReferenceError: v is not defined"),
        ("", "my-func", "ReferenceError: my is not defined"),
        ("var v = {}", "v", "TypeError: v is not a function"),
        ("var v = {}", "v.a.b", "TypeError: Cannot read properties of undefined (reading 'b')"),
    ],
)
async def test_a_name_that_leads_nowhere_is_told_apart(engine, source, name, message):
    error = await failure(engine, source, call=virtual(name))
    assert (error.kind, error.message, error.stack) == ("undefined-name", message, "")


async def test_a_name_that_is_no_expression_is_an_exception(engine):
    error = await failure(engine, "", call=virtual("a b"))
    assert error.kind == "exception"
    assert error.message.startswith("SyntaxError: ")


async def test_what_is_missing_inside_a_function_is_an_exception(engine):
    error = await failure(engine, "function v() {\n  nowhere() }")
    assert (error.kind, error.message) == ("exception", "ReferenceError: nowhere is not defined")
    assert error.stack == "at v (0.js:2:3)"


@pytest.mark.parametrize(
    ("kind", "method"),
    [("request", "DoProcessRequest"), ("response", "DoProcessResponse"), ("event", "DoProcessEvent")],
)
async def test_methods_of_a_name_are_called(engine, kind, method):
    source = f"var h = {{{method}: function(a, b, c) {{ return JSON.stringify([this === h, a, b, c]) }}}}"
    result = await engine.run(
        program(source), ScriptCall(kind, "h", ('{"a":1}', "null", "[2]"), now=NOW, seed=SEED), Hosts()
    )
    assert json.loads(result.text) == [True, {"a": 1}, None, [2]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("undefined", None),
        ("null", "null"),
        ("12", "12"),
        ("['a']", "a"),
        ("({toString: function() { return 'made' }})", "made"),
        ("({})", "[object Object]"),
        ("'\udc80\U0001f600'", "\udc80\U0001f600"),
        ("'\ud800'", "\ufffd"),
    ],
)
async def test_the_result_is_text(engine, value, text):
    assert await said(engine, f"function v() {{ return {value} }}") == text


# Loading


async def test_sources_share_their_globals_and_the_last_of_equal_names_counts(engine):
    first = "function reply() { return 'first ' + unit() }\nfunction unit() { return 'kg' }"
    second = "function reply() { return 'second ' + unit() + limit + new Box().size }"
    third = "const limit = 5; class Box { size = side }\nlet side = 2"
    assert await said(engine, first, second, third, call=virtual("reply")) == "second kg52"


async def test_let_and_const_are_seen_by_other_sources_and_can_be_set(engine):
    sources = ("function v() { side += 1; return [side, own(), typeof LIMIT, f(LIMIT)] }", "const LIMIT = 5")
    more = "let side = 1; const own = () => side; var f = function({a, ...rest} = {}) { return 'f' };\n"
    more += "let {p, q: [r]} = {p: 1, q: [2]}; const value = 3"
    assert await said(engine, *sources, more) == "2,2,number,f"
    assert await said(engine, *sources, more, call=virtual("(() => [p, r, value])")) == "1,2,3"
    error = await failure(engine, *sources, more, call=virtual("(() => { LIMIT = 6 })"))
    assert error.message == "TypeError: Assignment to constant variable."


async def test_a_source_that_throws_keeps_what_it_did_and_the_others_are_loaded(engine):
    first = (
        "var before = 'set';\nfunction v() { return before + typeof after + other }\n  throw 'stop';\nvar after = 1;"
    )
    run = program(first, "var other = 'loaded'", "this is no script")
    result = await engine.run(run, virtual(), Hosts())
    assert result.text == "setundefinedloaded"
    assert [line.level for line in result.log] == ["error", "error"]
    assert result.log[0].text == "0.js: stop"
    assert result.log[1].text == "2.js: SyntaxError: Unexpected identifier 'is'"
    assert (await engine.run(run, virtual(), Hosts())).log == ()


async def test_what_loading_throws_names_the_line(engine):
    result = await engine.run(program("\n\n  boom()", "var v = () => 1"), virtual(), Hosts())
    assert result.log == (ScriptLine("error", "0.js: ReferenceError: boom is not defined (at eval (0.js:3:3))"),)


async def test_a_directive_does_not_hide_what_a_source_declares(engine):
    source = "'use strict';\nfunction v() { implied = 1; return implied + typeof this }"
    assert await said(engine, source) == "1object"


async def test_loading_may_call_the_gateway_once(engine):
    hosts = Hosts()
    source = (
        "var first = TykMakeHttpRequest('{}'); log('loading'); function v() { return first + TykMakeHttpRequest('a') }"
    )
    results = [await engine.run(program(source), virtual(), hosts) for _ in range(3)]
    assert [result.text for result in results] == ["12", "13", "14"]
    assert [[line.text for line in result.log] for result in results] == [["loading"], [], []]
    assert [len(result.calls) for result in results] == [1, 1, 1]


async def test_calls_that_come_while_sources_are_loaded_wait(engine):
    hosts = Hosts(delay=0.02)
    source = "var first = TykMakeHttpRequest('{}'); function v() { return first }"
    results = await asyncio.gather(*(said(engine, source, hosts=hosts) for _ in range(5)))
    assert results == ["1"] * 5
    assert len(hosts.asked) == 1


async def test_time_and_chance_of_loading_are_those_of_the_first_load(engine):
    source = "var at = Date.now(), dice = Math.random(); function v() { return [at, dice, Date.now(), Math.random()] }"
    first = (await said(engine, source)).split(",")
    call = ScriptCall("virtual", "v", EMPTY, now=NOW + 60, seed=SEED + 1)
    second = (await said(engine, source, call=call)).split(",")
    assert first[:2] == second[:2]
    assert int(second[2]) - int(first[2]) == 60_000
    assert first[3] != second[3]


# Nothing is left for the next call


async def test_globals_are_a_snapshot_for_each_call(engine):
    source = """
        var hits = 10, list = ['a'], box = {n: 1};
        var next = (function() { var n = 100; return function() { n += 1; return n } })();
        let count = 0;
        function v() {
            hits += 1; list.push('b'); box.extra = true; count++; v.calls = (v.calls || 0) + 1;
            leaked = typeof leaked === 'undefined' ? 1 : 2; this.onThis = (this.onThis || 0) + 1;
            globalThis[Symbol.for('x')] = (globalThis[Symbol.for('x')] || 0) + 1;
            return JSON.stringify([hits, list, box, next(), next(), leaked, count, v.calls, onThis,
                globalThis[Symbol.for('x')]])
        }"""
    expected = '[11,["a","b"],{"extra":true,"n":1},101,102,1,1,1,1,1]'
    assert [await said(engine, source) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize(
    "change",
    [
        "Object.prototype.polluted = 1",
        "Array.prototype.push = function() { return 7 }",
        "Object.defineProperty(Array.prototype, 0, {set: function() { throw 1 }, configurable: true})",
        "JSON = null",
        "JSON.stringify = function() { return 'no' }",
        "String = Array = Object = Math = Date = RegExp = null",
        "Date.now = function() { return 0 }; Math.random = function() { return 4 }",
        "Object.prototype.toJSON = function() { return 'no' }",
        "Object.prototype.get = Object.prototype.value = 1",
        "_.map = null; TykJS.TykMiddleware = null; log = null; TykJsResponse = null",
        "Error.prepareStackTrace = function() { return {} }; Error.stackTraceLimit = 0",
        "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null",
        "Object.setPrototypeOf(Array.prototype, new Proxy({}, {get: function() { throw 1 }}))",
        "Object.freeze(Object.prototype); Object.freeze(Array.prototype)",
        "Object.preventExtensions(globalThis)",
        "Object.defineProperty(globalThis, 'stuck', {value: 1})",
        "RegExp.prototype.exec = function() { return null }",
        "delete globalThis.eval; delete globalThis.Function; delete Object.keys",
        "/(secret)/.exec('secret')",
    ],
)
async def test_what_a_call_changes_is_changed_for_no_other(engine, change):
    source = (
        "function v(request) { if (request.change) { " + change + " } else { return look() } }\n"
        "function look() {\n"
        "  var list = []; list.push('a'); list[1] = 'b';\n"
        "  return [typeof stuck, Object.keys({a: 1}), list, JSON.stringify({b: 1, a: [2]}), Date.now(), Math.random(),\n"
        "    ({}).polluted, _.map([1], function(x) { return x + 1 }), TykJsResponse({}, {}), typeof log, RegExp.$1,\n"
        "    'abc'.replace(/b/, 'x'), typeof eval, Array.isArray([]), String(5), Object.getPrototypeOf([]).length] + ''\n"
        "}"
    )
    before = await said(engine, source)
    assert "undefined,a,a,b," in before
    await engine.run(program(source), virtual("v", '{"change": true}', "{}", "{}"), Hosts())
    assert await said(engine, source) == before


@pytest.mark.parametrize("how", ["{}", "(1, eval)(`({})`)", "(1, eval)('(as' + `({})`.slice(3))"])
async def test_a_promise_that_is_left_changes_nothing_for_the_next_call(engine, how):
    later = how.format("async function() { await 0; Array.prototype.late = 1; late2 = 1 }")
    source = f"function v() {{ var later = {later}; var seen = [typeof [].late, typeof late2]; later(); return seen }}"
    assert [await said(engine, source) for _ in range(3)] == ["undefined,undefined"] * 3


async def test_functions_of_the_store_are_those_of_programs_that_keep(engine):
    source = (
        "TykStorageSet('at', 'load', 0); function v() { return [typeof TykStorageGet, TykStorageIncr('n', 5)].join() }"
    )
    hosts = Hosts(answers=['{"value": null}', '{"value": "1"}', '{"value": "2"}'])
    keeping = Program("keeping", (("a.js", source),), keeps=True)
    results = [await engine.run(keeping, virtual(), hosts) for _ in range(2)]
    assert [(result.text, result.error) for result in results] == [("function,1", None), ("function,2", None)]
    assert hosts.asked == [
        ("TykStorageSet", ["at", "load", 0]),
        ("TykStorageIncr", ["n", 5]),
        ("TykStorageIncr", ["n", 5]),
    ]
    assert await said(engine, "function v() { return typeof TykStorageGet }", owner="keeping") == "undefined"


async def test_a_store_that_fails_throws_for_the_script(engine):
    source = "function v() { try { TykStorageSet('', 'x', 0) } catch (error) { return error.message } }"
    hosts = Hosts(answers=['{"error": "expected a key"}'])
    result = await engine.run(Program("a", (("a.js", source),), keeps=True), virtual(), hosts)
    assert (result.text, result.error) == ("TykStorageSet: expected a key", None)


async def test_what_a_script_makes_of_the_stores_functions_is_gone_with_it(engine):
    source = "function v() { TykStorageGet.x = 1; return typeof TykStorageGet + TykStorageGet.x + (TykStorageGet = 1) }"
    for _ in range(2):
        result = await engine.run(Program("a", (("a.js", source),), keeps=True), virtual(), Hosts())
        assert (result.text, result.error) == ("functionundefined1", None)


async def test_apis_share_nothing_however_equal_they_are(engine):
    source = "var n = TykMakeHttpRequest('{}'); function v() { return n }"
    assert await said(engine, source, hosts=Hosts(answers=["one"]), owner="one") == "one"
    assert await said(engine, source, hosts=Hosts(answers=["two"]), owner="two") == "two"


async def test_scripts_do_not_reach_the_engine(engine):
    source = """
        function v() {
            var global = [].constructor.constructor('return this')(), found = [];
            Object.getOwnPropertyNames(global).concat(Object.getOwnPropertySymbols(global)).forEach(function(name) {
                if (/lockgate|engine|export/.test(String(name))) found.push(String(name));
            });
            Error.prepareStackTrace = function(error, sites) {
                return sites.map(function(site) { return typeof site.getFunction() + typeof site.getThis() });
            };
            var sites = new Error('x').stack.slice(1).filter(function(site) { return site !== 'undefinedundefined' });
            return [global === globalThis, found, sites.join(), typeof setTimeout, typeof WebAssembly, typeof ArrayBuffer,
                typeof Promise, typeof require, v.caller.caller === null, typeof import.meta];
        }"""
    source = source.replace(", typeof import.meta", "")
    assert await said(engine, source) == "true,,functionobject,undefined,undefined,undefined,undefined,undefined,true"


# Calls of the gateway


async def test_calls_are_answered_as_if_the_script_had_waited(engine):
    hosts = Hosts(answers=["a", None, "c"])
    source = (
        "function v() { var all = ['1', '2', '3'].map(function(x) { return String(TykMakeHttpRequest(x)) });"
        " log('done'); return all.join() }"
    )
    result = await engine.run(program(source), virtual(), hosts)
    assert result.text == "a,undefined,c"
    assert hosts.asked == [("TykMakeHttpRequest", [number]) for number in ("1", "2", "3")]
    assert result.log == (ScriptLine("log", "done"),)
    assert [(call.arguments, call.answer) for call in result.calls] == [('["1"]', "a"), ('["2"]', None), ('["3"]', "c")]


async def test_a_batch_is_one_call(engine):
    hosts = Hosts(answers=['[{"code": 200}]'])
    assert await said(engine, "function v() { return TykBatchRequest('{}') }", hosts=hosts) == '[{"code": 200}]'
    assert hosts.asked == [("TykBatchRequest", ["{}"])]


async def test_nothing_swallows_a_call(engine):
    source = """
        function ask(x) { try { return TykMakeHttpRequest(x) } catch (e) { return 'caught' } finally { log('f' + x) } }
        function v() {
            var all = [];
            try { all.push(ask('1')) } finally { all.push(ask('2')) }
            all.push((function() { try { return ask('3') } finally { if (all.length > 9) return 'no' } })());
            all.push({toString: function() { return ask('4') }});
            return all.join();
        }"""
    result = await engine.run(program(source), virtual(), Hosts())
    assert result.text == "1,2,3,4"
    assert [line.text for line in result.log] == ["f1", "f2", "f3", "f4"]


async def test_a_failure_after_a_call_is_the_scripts_own(engine):
    error = await failure(engine, "function v() {\n TykMakeHttpRequest('1'); throw new TypeError('own') }")
    assert (error.kind, error.message, error.stack) == ("exception", "TypeError: own", "at v (0.js:2:33)")


async def test_there_is_a_limit_of_calls(engine):
    hosts = Hosts()
    source = "function v() { for (;;) { try { TykMakeHttpRequest('1') } catch (e) { return 'caught' } } }"
    error = await failure(engine, source, call=virtual(most_calls=3), hosts=hosts)
    assert (error.kind, error.message) == ("too-many-calls", "it calls the gateway more than 3 times")
    assert len(hosts.asked) == 3


async def test_time_goes_on_with_each_answer_and_is_the_same_in_every_run(engine):
    source = """
        function v() {
            var start = Date.now(), dice = Math.random();
            TykMakeHttpRequest(JSON.stringify([start, dice]));
            var middle = new Date().getTime();
            TykMakeHttpRequest(JSON.stringify([middle, Math.random()]));
            return [start, middle - start, Date.now() - middle, Date() === new Date().toString(), new Date(0).toISOString(),
                new Date(2020, 0).getFullYear(), Date.length, new Date() instanceof Date, Date.UTC(1970, 0)].join();
        }"""
    text = await said(engine, source, hosts=Hosts(delay=0.02))
    start, first, second, *rest = text.split(",")
    assert start == "1700000000250"
    assert 20 <= int(first) < 10_000
    assert 20 <= int(second) < 10_000
    assert rest == ["true", "1970-01-01T00:00:00.000Z", "2020", "7", "true", "0"]


async def test_chance_is_the_seeds(engine):
    source = "function v() { return [Math.random(), Math.random()] }"
    calls = [ScriptCall("virtual", "v", EMPTY, now=NOW, seed=seed) for seed in (1, 1, 2)]
    one, same, other = [await said(engine, source, call=call) for call in calls]
    assert one == same != other
    assert all(0 <= float(number) < 1 for number in one.split(","))


async def test_a_host_that_fails_fails_the_call(engine):
    class Broken:
        async def call(self, name, arguments):
            raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        await engine.run(program("function v() { TykMakeHttpRequest('1') }"), virtual(), Broken())
    assert await said(engine, "function v() { return 1 }") == "1"


async def test_many_scripts_wait_at_once_on_one_isolate():
    """How long it takes is measured by ``scripts/bench/scripts.py``."""
    engine = Embedded(most_of_one=1)
    source = "function v() { return TykMakeHttpRequest('{}') }"
    hosts = Together(200)
    await said(engine, source, hosts=Hosts())
    call = virtual(seconds=30.0)
    async with watched_loop() as worst:
        results = await asyncio.gather(*(said(engine, source, call=call, hosts=hosts) for _ in range(200)))
    assert len(set(results)) == 200
    assert engine.isolates == 1
    assert worst[0] < 0.25
    engine.close()


# Log and stack


async def test_lines_keep_their_level_and_order(engine):
    source = "function v() { log('a'); console.warn('b', {c: 1}); console.error('d'); rawlog('e'); console.log({}, 1) }"
    result = await engine.run(program(source), virtual(), Hosts())
    assert [(line.level, line.text) for line in result.log] == [
        ("log", "a"),
        ("warn", 'b {"c":1}'),
        ("error", "d"),
        ("raw", "e"),
        ("log", "{} 1"),
    ]


async def test_stacks_that_are_logged_have_the_scripts_own_lines(engine):
    source = "const a = 1; log(new Error('at load').stack);\nfunction v() {\n  console.error(new Error('no')); log('lockgate:7:1:1') }"
    result = await engine.run(program(source), virtual(), Hosts())
    assert result.log == (
        ScriptLine("log", "Error: at load\n    at eval (0.js:1:18)"),
        ScriptLine("error", "Error: no\n    at v (0.js:3:17)"),
        ScriptLine("log", "lockgate:7:1:1"),
    )


async def test_what_is_logged_is_limited(engine):
    result = await engine.run(
        program("function v() { for (var i = 0; i < 1e4; i++) log('x'.repeat(1e5)) }"), virtual(), Hosts()
    )
    assert result.error is None
    assert sum(len(line.text) for line in result.log) < 100_000
    assert result.log[-1] == ScriptLine("warn", "what is logged from here on is left out: it is too much")


async def test_a_stack_has_the_scripts_own_files_and_lines(engine):
    helper = "const twice = (f) => [1].map(function each() { return f() });"
    source = "function v() {\n  return twice(\n    function inner() { throw new RangeError('far\\naway') }) }"
    error = await failure(engine, source, helper)
    assert error.message == "RangeError: far\naway"
    assert error.stack.split("\n") == [
        "at inner (0.js:3:30)",
        f"at each (1.js:1:{helper.index('f() }') + 1})",
        "at Array.map (<anonymous>)",
        f"at twice (1.js:1:{helper.index('map') + 1})",
        "at v (0.js:2:10)",
    ]


async def test_columns_of_the_first_line_are_the_scripts_own(engine):
    error = await failure(engine, "const a = 1, b = 2; function v() { throw new Error('here') }")
    assert error.stack == "at v (0.js:1:42)"


@pytest.mark.parametrize(
    ("thrown", "message"),
    [
        ("null", "null"),
        ("undefined", "undefined"),
        ("'text'", "text"),
        ("{a: 1}", "[object Object]"),
        ("{toString: function() { throw 1 }}", ""),
        ("{get stack() { throw 1 }, toString: function() { return 'own' }}", "own"),
        ("Object.create(null)", ""),
        ("Symbol('s')", "Symbol(s)"),
    ],
)
async def test_anything_can_be_thrown(engine, thrown, message):
    error = await failure(engine, f"function v() {{ throw {thrown} }}")
    assert (error.kind, error.message) == ("exception", message)


# What stops a script

STOPPED = {
    "endless loop": (ENDLESS, "timeout"),
    "endless loop in try": (f"try {{ {ENDLESS} }} catch (e) {{}} finally {{ {ENDLESS} }}", "timeout"),
    "endless promise": (f"(async function() {{ await 0; {ENDLESS} }})()", "timeout"),
    "promises without end": ("(async function() { for (;;) await 0 })()", "timeout"),
    "slow regular expression": ("/^(a+)+$/.test('a'.repeat(60) + 'b')", "timeout"),
    "sort of 1e8 elements": ("var a = []; for (var i = 0; i < 1e8; i++) a.push(Math.random()); a.sort()", "memory"),
    "sort that never ends": ("[1, 2, 3].sort(function() { for (;;); })", "timeout"),
    "growing array": ("var a = []; for (;;) a.push({})", "memory"),
    "growing text": ("var a = []; for (;;) a.push('x'.repeat(1e5) + a.length)", "memory"),
    "long text": ("return 'x'.repeat(2 ** 30)", "exception"),
    "long result": ("return 'x'.repeat(2 ** 28)", "memory"),
    "doubled text": ("var s = 'x'; for (;;) s += s", "exception"),
    "deep recursion": ("return v()", "exception"),
    "getter": ("return TykJsResponse({get Body() { for (;;); }}, {})", "timeout"),
    "text of the result": ("return {toString: function() { for (;;); }}", "timeout"),
    "stack of what is thrown": ("throw {get stack() { for (;;); }}", "timeout"),
    "proxy": ("return new Proxy({}, {get: function() { for (;;); }})", "timeout"),
    "swallowed calls": ("for (;;) { try { TykMakeHttpRequest('1') } catch (e) {} }", "timeout"),
    "closures": ("var f; for (;;) { let g = f; f = function() { return g } }", "memory"),
    "concatenation": ("var a = [1]; for (;;) a = a.concat(a)", "memory"),
}


@pytest.mark.parametrize(("body", "kind"), STOPPED.values(), ids=STOPPED)
async def test_a_script_is_stopped_and_the_next_one_is_served(engine, body, kind):
    source = f"function v(request) {{ if (request.bad) {{ {body} }} return 'good' }}"
    assert await said(engine, source) == "good"
    async with watched_loop() as worst:
        bad = virtual("v", '{"bad": 1}', "{}", "{}", seconds=0.2 if kind == "timeout" else 60.0, most_calls=2)
        error = await failure(engine, source, call=bad)
        assert await said(engine, source) == "good"
    assert error.kind == kind
    assert worst[0] < 0.15


async def test_a_source_that_never_ends_fails_its_calls_and_no_others(engine):
    for _ in range(2):
        error = await failure(engine, ENDLESS, call=virtual(seconds=0.2), owner="bad")
        assert error.kind == "timeout"
    assert await said(engine, "function v() { return 1 }") == "1"


async def test_waiting_for_the_gateway_counts(engine):
    error = await failure(
        engine, "function v() { TykMakeHttpRequest('1') }", call=virtual(seconds=0.1), hosts=Hosts(delay=5)
    )
    assert (error.kind, error.message) == ("timeout", "it takes more than 0.1 s")


async def test_others_do_not_wait_for_a_script_that_takes_long(engine):
    source = f"function v(request) {{ if (request.bad) {{ {ENDLESS} }} return 'good' }}"
    await said(engine, source)
    bad = asyncio.create_task(failure(engine, source, call=virtual("v", '{"bad": 1}', "{}", "{}", seconds=60.0)))
    await asyncio.sleep(0)
    assert await said(engine, source) == "good"
    assert not bad.done()
    bad.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bad


async def test_a_call_that_is_cancelled_leaves_the_engine_usable(engine):
    source = f"function v(request) {{ if (request.bad) {{ {ENDLESS} }} return 'good' }}"
    await said(engine, source)
    call = virtual("v", '{"bad": 1}', "{}", "{}")
    task = asyncio.create_task(engine.run(program(source), call, Hosts()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await said(engine, source) == "good"


async def test_isolates_are_replaced_where_tasks_begin_at_once(engine):
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # mitmproxy does
    source = f"function v(request) {{ if (request.bad) {{ {ENDLESS} }} return 'good' }}"
    for _ in range(3):
        bad = virtual("v", '{"bad": 1}', "{}", "{}", seconds=0.1)
        assert (await failure(engine, source, call=bad)).kind == "timeout"
        assert await said(engine, source) == "good"


async def test_one_api_has_so_many_isolates_and_no_more(monkeypatch):
    engine = Embedded(most_of_one=2)
    source = f"function v(request) {{ if (request.bad) {{ {ENDLESS} }} return 'good' }}"
    await said(engine, source)
    call = virtual("v", '{"bad": 1}', "{}", "{}", seconds=100.0)
    tasks = [asyncio.create_task(engine.run(program(source), call, Hosts())) for _ in range(2)]
    async with asyncio.timeout(20):
        while engine.isolates < 2:  # the second one starts when the first one has been busy for a while
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    monkeypatch.setattr(embedded_module, "WAIT_SECONDS", 0.3)
    for _ in range(2):
        with pytest.raises(ServiceError, match="for its turn"):
            await engine.run(program(source), call, Hosts())
    assert engine.isolates == 2
    engine.close()
    assert {type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)} == {ServiceError}


# Life of isolates


async def test_isolates_that_are_not_used_are_closed():
    engine = Embedded(most_isolates=3)
    for number in range(6):
        await said(engine, "function v() { return 1 }", owner=f"api {number}")
    assert engine.isolates == 3
    assert await said(engine, "function v() { return 1 }", owner="api 0") == "1"
    assert engine.isolates == 3
    engine.close()


async def test_an_api_that_is_loaded_anew_leaves_no_isolates_behind():
    engine = Embedded()
    for number in range(6):
        assert await said(engine, f"function v() {{ return {number} }}") == str(number)
    assert engine.isolates == embedded_module.PROGRAMS_OF_OWNER
    engine.close()


async def test_a_program_that_was_given_up_can_still_be_called():
    engine = Embedded()
    old = "var at = TykMakeHttpRequest('1'); function v() { return at }"
    task = asyncio.create_task(said(engine, old, hosts=Hosts(delay=0.1)))
    await asyncio.sleep(0.02)
    for number in range(3):
        await said(engine, f"function v() {{ return {number} }}")
    assert await task == "1"
    assert await said(engine, old, hosts=Hosts(answers=["again"])) == "again"
    engine.close()


async def test_a_closed_engine_runs_nothing_and_leaves_nothing():
    before = context_count()
    engine = Embedded()
    assert await said(engine, "function v() { return 1 }") == "1"
    running = asyncio.create_task(engine.run(program("function v() { for (;;); }"), virtual(), Hosts()))
    await asyncio.sleep(0.1)
    engine.close()
    with pytest.raises(ServiceError, match="ends"):
        await engine.run(program("function v() { return 1 }"), virtual(), Hosts())
    with pytest.raises(ServiceError, match="ends"):
        await asyncio.wait_for(running, 20)
    await nothing_left(before)


async def test_a_v8_that_does_not_start_fails_the_calls(monkeypatch):
    monkeypatch.setattr(isolates_module, "read_boot", lambda: "nonsense (")
    engine = Embedded()
    with pytest.raises(ServiceError, match="V8 does not start"):
        await engine.run(program("function v() { return 1 }"), virtual(), Hosts())
    engine.close()


async def test_threads_of_isolates_start_where_they_were_prepared():
    threads = []
    engine = Embedded(prepare=lambda: threads.append(threading.current_thread()))
    await said(engine, "function v() { return 1 }")
    assert threads
    assert threading.main_thread() not in threads
    engine.close()


async def printed_by(text):
    """The number that a program prints, in a process of its own: it holds nothing that other tests left."""
    root = Path(__file__).parents[2]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", text, cwd=root, stdout=PIPE, stderr=PIPE, env=os.environ | {"PYTHONPATH": str(root)}
    )
    printed, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return int(printed)


TAKES_ALL = """
import asyncio

from lockgate.scripting.embedded import Embedded
from lockgate.scripting.program import Program
from tests.scripting.engines import failure, resident, said, virtual


async def main():
    engine = Embedded()
    source = "function v(request) { var a = []; while (request.bad) a.push({}); return 'good' }"
    await said(engine, source)
    before = resident()
    for _ in range(6):
        error = await failure(engine, source, call=virtual("v", '{"bad": 1}', "{}", "{}"))
        assert error.kind == "memory"
        await said(engine, source)
    for _ in range(2000):  # Threads of V8 give it back; on a busy machine they wait for their turn.
        if resident() < before + 100:  # One heap without the flag of V8 that sees to it is 170
            break
        await asyncio.sleep(0.01)
    print(f"{resident() - before:.0f}")


asyncio.run(main())
"""


async def test_memory_of_scripts_that_took_all_goes_back():
    assert await printed_by(TAKES_ALL) < 100


RUNS_LONG = """
import asyncio
import json

from lockgate.scripting.embedded import Embedded
from tests.scripting.engines import resident, said, virtual


async def main():
    engine = Embedded()
    source = (
        "function v(request) { var a = []; for (var i = 0; i < 100; i++) a.push({i: i}); return request.Body.length }"
    )
    call = virtual("v", json.dumps({"Body": "x" * 1000}), "{}", "{}")
    for _ in range(300):
        await said(engine, source, call=call)
    before = resident()
    for _ in range(1500):
        await said(engine, source, call=call)
    print(f"{resident() - before * 1.1:.0f}")


asyncio.run(main())
"""


async def test_memory_does_not_grow():
    assert await printed_by(RUNS_LONG) < 4


# What is recorded


async def test_a_recorded_call_is_not_run_again(engine):
    class Fixed:
        def now(self):
            return NOW

        def new_id(self):
            return "some-id"

        def next_turn(self, name, count):
            return 0

    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed, scripts=engine))
    source = "function v() { log('l'); return [Date.now(), Math.random(), TykMakeHttpRequest('1')] + '' }"
    call = ScriptCall("virtual", "v", EMPTY)
    first = await services.run_script(program(source), call, Hosts(answers=["answer"]))
    failing = program("\nfunction v() { throw new Error('x') }")
    failed = await services.run_script(failing, call, Hosts())
    assert first.text is not None
    assert first.text.startswith("1700000000250,")
    assert json.loads(json.dumps([kept.answer for kept in services.calls]))[0]["text"] == first.text

    again = Services(recorded(tuple(services.calls)))
    hosts = Hosts()
    assert await again.run_script(program(source), call, hosts) == first
    assert await again.run_script(failing, call, hosts) == failed
    assert hosts.asked == []
    assert again.calls[0].answer == services.calls[0].answer
