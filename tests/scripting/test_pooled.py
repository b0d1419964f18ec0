"""V8 in processes of their own. One pool serves all tests; each test ends with a call that is served."""

import asyncio
import json

import pytest
from tests.scripting.engines import EMPTY, NOW, Hosts, Together, failure, program, said, virtual, watched_loop

from lockgate.hosts.child import SCRIPTS
from lockgate.hosts.children import Children
from lockgate.scripting.pooled import Pooled
from lockgate.scripting.program import Program
from lockgate.services import Done, ScriptCall, ScriptLine, ServiceError, TaskLimitError

GOOD = "function v(request) { return 'good ' + request.n }"


@pytest.fixture(scope="module")
def children():
    children = Children(1, 1, kind=SCRIPTS)
    yield children
    children.close()


@pytest.fixture
def engine(children):
    return Pooled(children)


async def test_a_script_gets_values_and_returns_a_text(engine):
    assert await said(engine, GOOD, call=virtual("v", '{"n": "é\\udc80"}', "{}", "{}")) == "good é\udc80"
    assert await said(engine, GOOD, call=virtual("v", '{"n": 2}', "{}", "{}")) == "good 2"


async def test_calls_of_the_gateway_are_run_and_replayed(engine):
    hosts = Hosts(answers=["first", "a", None, "b", "c"])
    source = "var first = TykMakeHttpRequest('0'); log('loading');\n"
    source += "function v() { log('call'); return [first, TykMakeHttpRequest('1'), TykMakeHttpRequest('2'), Date.now()] + '' }"
    one = await engine.run(program(source), virtual(), hosts)
    two = await engine.run(program(source), virtual(), hosts)
    assert (one.text or "").startswith("first,a,,17000000002")
    assert (two.text or "").startswith("first,b,c,17000000002")
    assert one.log == (ScriptLine("log", "loading"), ScriptLine("log", "call"))
    assert two.log == (ScriptLine("log", "call"),)
    assert [call.answer for call in one.calls] == ["a", None]


async def test_functions_of_the_store_are_those_of_programs_that_keep(engine):
    source = "function v() { return typeof TykStorageGet === 'function' ? TykStorageGet('a') : 'none' }"
    keeping = Program("keeping", (("a.js", source),), keeps=True)
    assert (await engine.run(keeping, virtual(), Hosts(answers=['{"value": "b"}']))).text == "b"
    assert await said(engine, source, owner="keeping") == "none"


async def test_nothing_is_left_for_the_next_call(engine):
    source = "var n = 0; function v() { n++; Array.prototype.x = 1; leaked = 1; return n + typeof other }"
    assert [await said(engine, source) for _ in range(2)] == ["1undefined"] * 2
    assert await said(engine, "function v() { return typeof leaked + [].x }") == "undefinedundefined"


async def test_what_is_thrown_has_the_scripts_own_lines(engine):
    error = await failure(engine, "const a = 1;\nfunction v() {\n  nowhere() }", owner="thrown")
    assert (error.kind, error.message, error.stack) == (
        "exception",
        "ReferenceError: nowhere is not defined",
        "at v (0.js:3:3)",
    )
    error = await failure(engine, "const a = 1; function v() { throw 1 }", owner="thrown")
    assert (error.kind, error.message) == ("exception", "1")
    error = await failure(engine, "", call=virtual("nothing"))
    assert error.kind == "undefined-name"


async def test_programs_come_and_go(engine):
    for number in range(18):
        assert await said(engine, f"function v() {{ return {number} }}", owner=f"api {number}") == str(number)
    assert await said(engine, "function v() { return 0 }", owner="api 0") == "0"


async def test_a_process_that_is_new_is_told_the_program(engine, children):
    assert await said(engine, GOOD, call=virtual("v", '{"n": 1}', "{}", "{}")) == "good 1"
    for child in tuple(children._idle):
        child.kill()
        child.wait()
    assert await said(engine, GOOD, call=virtual("v", '{"n": 2}', "{}", "{}")) == "good 2"


async def test_many_scripts_wait_at_once(engine):
    source = "function v() { return TykMakeHttpRequest('{}') }"
    await said(engine, source)
    call, hosts = virtual(seconds=60.0), Together(100)
    results = await asyncio.gather(*(said(engine, source, call=call, hosts=hosts) for _ in range(100)))
    assert len(set(results)) == 100


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param("for (;;);", {"timeout"}, id="endless loop"),
        pytest.param("(async function() { await 0; for (;;); })()", {"timeout"}, id="endless promise"),
        pytest.param("/^(a+)+$/.test('a'.repeat(60) + 'b')", {"timeout"}, id="slow regular expression"),
        pytest.param("var a = []; for (;;) a.push({})", {"memory", "timeout"}, id="growing array"),
        pytest.param("return v(request)", {"exception"}, id="deep recursion"),
        pytest.param("return 'x'.repeat(5e8).split('').length", {"memory"}, id="one huge allocation"),
        pytest.param("return new Array(6e8).fill({}).length", {"memory", "timeout"}, id="filled array"),
        pytest.param("return Array.prototype.sort.call({length: 1e8})", {"timeout", "memory"}, id="sort"),
    ],
)
async def test_a_script_is_stopped_and_the_next_one_is_served(engine, body, kinds):
    source = f"function v(request) {{ if (request.bad) {{ {body} }} return 'good' }}"
    seconds = 0.5 if "timeout" in kinds else 30.0
    async with watched_loop() as worst:
        error = await failure(engine, source, call=virtual("v", '{"bad": 1}', "{}", "{}", seconds=seconds))
        assert await said(engine, source) == "good"
    assert error.kind in kinds
    assert worst[0] < 0.25


async def test_waiting_for_the_gateway_counts(engine):
    error = await failure(
        engine, "function v() { TykMakeHttpRequest('1') }", call=virtual(seconds=0.3), hosts=Hosts(delay=5)
    )
    assert (error.kind, error.message) == ("timeout", "it takes more than 0.3 s")


async def test_a_script_reaches_nothing_of_its_process(engine):
    source = """
        function v() {
            var g = [].constructor.constructor('return this')();
            return [typeof g.require, typeof g.process, typeof g.WebAssembly, typeof g.setTimeout, g === globalThis].join();
        }"""
    assert await said(engine, source) == "undefined,undefined,undefined,undefined,true"


class Tasks:
    """Does no task."""

    def __init__(self, answer):
        self.answer = answer
        self.tasks = []

    async def run(self, task):
        self.tasks.append(task)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (TaskLimitError("it needs more than 1024 MiB of memory, or is nested too deeply"), "memory"),
        (TaskLimitError("it takes more than 1 s"), "timeout"),
        (Done({"state": "memory", "used": 0.1}), "memory"),
        (Done({"state": "timeout", "used": 9.0}), "timeout"),
        (Done({"state": "broken", "used": 0.1, "why": "V8 says so"}), "exception"),
    ],
)
async def test_what_a_process_says_is_an_error_of_the_script(answer, kind):
    tasks = Tasks(answer)
    error = await failure(Pooled(tasks), GOOD, call=virtual(seconds=1.0))
    assert error.kind == kind
    assert [(task.kind, task.owner, task.seconds) for task in tasks.tasks] == [("script", "api", 1.5)]


@pytest.mark.parametrize(
    "answer", [ServiceError("its process was ended"), Done({"state": "done", "used": "no"}), Done({"state": "done"})]
)
async def test_a_process_that_fails_is_no_fault_of_the_script(answer):
    with pytest.raises(ServiceError):
        await Pooled(Tasks(answer)).run(program(GOOD), ScriptCall("virtual", "v", EMPTY, now=NOW, seed=1), Hosts())


async def test_sources_are_sent_to_who_does_not_know_them():
    tasks = Tasks(Done({"state": "unknown", "used": 0.0}))
    with pytest.raises(ServiceError):
        await asyncio.wait_for(Pooled(tasks).run(program(GOOD), virtual(), Hosts()), 20)
    assert [len(task.blobs) for task in tasks.tasks] == [1, 2]
    assert tasks.tasks[1].blobs[1] == GOOD.encode()
    assert json.dumps(tasks.tasks[1].header)
