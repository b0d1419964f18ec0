from dataclasses import replace

import pytest
from tests.keys import Broken, World, make_session

from lockgate.exchange import Headers
from lockgate.services import (
    Count,
    Done,
    HttpAnswer,
    HttpCall,
    HttpReply,
    Limit,
    NotRecordedError,
    Outside,
    ScriptCall,
    ScriptHostCall,
    ScriptLine,
    ScriptResult,
    ServiceCall,
    ServiceError,
    Services,
    Taken,
    Task,
    recorded,
)


class Fixed:
    def now(self):
        return 7.5

    def new_id(self):
        return "an-id"

    def next_turn(self, name, count):
        return 1


def test_every_call_is_kept():
    services = Services(Outside(clock=Fixed(), ids=Fixed(), turns=Fixed()))

    assert (services.now(), services.new_id(), services.next_turn("a", 2)) == (7.5, "an-id", 1)
    assert services.calls == [
        ServiceCall("clock", "now", 7.5),
        ServiceCall("ids", "new_id", "an-id"),
        ServiceCall("turns", "next_turn", 1, ("a", 2)),
    ]


def test_a_recording_answers_again():
    calls = (
        ServiceCall("ids", "new_id", "first"),
        ServiceCall("clock", "now", 1.0),
        ServiceCall("ids", "new_id", "second"),
    )
    services = Services(recorded(calls))

    assert [services.new_id(), services.new_id(), services.now()] == ["first", "second", 1.0]


def test_the_zone_is_recorded_and_replayed():
    services = Services(Outside(clock=Fixed(), ids=Fixed(), turns=Fixed(), zone="Asia/Tokyo"))

    assert services.zone() == "Asia/Tokyo"
    assert Services(recorded(tuple(services.calls))).zone() == "Asia/Tokyo"


def test_what_was_not_recorded_is_said():
    services = Services(recorded((ServiceCall("clock", "now", 1.0),)))

    with pytest.raises(NotRecordedError, match=r"not recorded: ids\.new_id"):
        services.new_id()


LIMITS = [Limit("ann", "rate", 5, 10), Limit("ann", "quota", 2, 0)]


async def test_keys_and_limits_are_kept_as_plain_values():
    world = World()
    await world.keys.keep("not ann", "bob", make_session())
    services = Services(world.outside)

    assert await services.find_key(("ann", "bob")) is None
    taken = await services.take_limits(LIMITS)
    assert services.calls == [
        ServiceCall("sessions", "find", None, ("ann", "bob")),
        ServiceCall(
            "limits",
            "take",
            {"refused": None, "counts": [[4, taken.counts[0].renews_at], [1, 0.0]]},
            (["ann", "rate", 5, 10], ["ann", "quota", 2, 0]),
        ),
    ]


async def test_limits_are_replayed():
    call = ServiceCall("limits", "take", {"refused": 1, "counts": [[4, 7.5], [0, 0.0]]})

    assert await Services(recorded((call,))).take_limits(LIMITS) == Taken((Count(4, 7.5), Count(0, 0.0)), 1)


async def test_a_key_is_replayed():
    session = make_session(alias="ann", meta_data={"a": [1]})
    call = ServiceCall("sessions", "find", {"name": "ann", "session": dict(session.document)})
    found = await Services(recorded((call,))).find_key(("x", "ann"))

    assert found is not None
    assert (found.name, found.session) == ("ann", session)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"name": "bob", "session": dict(make_session().document)}, id="another key"),
        pytest.param({"name": "ann", "session": {}}, id="no session"),
        pytest.param({"name": "ann", "session": None}, id="null"),
        pytest.param({"name": "ann", "session": {**make_session().document, "access_rights": [1]}}, id="bad rights"),
        pytest.param("ann", id="text"),
    ],
)
async def test_a_recorded_key_that_is_none_is_not_recorded(answer):
    with pytest.raises(NotRecordedError):
        await Services(recorded((ServiceCall("sessions", "find", answer),))).find_key(("ann",))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"refused": None, "counts": [[1, 0]]}, id="one count for two limits"),
        pytest.param({"refused": 2, "counts": [[1, 0]] * 3}, id="no such limit"),
        pytest.param({"refused": None, "counts": ["x", "y"]}, id="no counts"),
        pytest.param(None, id="nothing"),
        pytest.param([], id="list"),
    ],
)
async def test_recorded_counts_that_are_none_are_not_recorded(answer):
    with pytest.raises(NotRecordedError):
        await Services(recorded((ServiceCall("limits", "take", answer),))).take_limits(LIMITS)


async def test_a_failure_is_kept_and_fails_again():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed, sessions=Broken(), limits=Broken()))
    again = services
    for _ in range(2):
        with pytest.raises(ServiceError, match="the store is away"):
            await again.find_key(("ann",))
        with pytest.raises(ServiceError, match="the store is away"):
            await again.take_limits(LIMITS)
        again = Services(recorded(tuple(services.calls)))


async def test_without_stores_there_are_no_keys_and_nothing_is_let_through():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed))

    assert await services.find_key(("ann",)) is None
    with pytest.raises(ServiceError):
        await services.take_limits(LIMITS)


async def test_tasks_are_run_and_not_kept():
    class Tasks:
        async def run(self, task):
            return Done({"kind": task.kind})

    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed, tasks=Tasks()))

    assert await services.run_task(Task("jq", {})) == Done({"kind": "jq"})
    assert services.calls == []


async def test_without_processes_no_task_is_run():
    fixed = Fixed()

    with pytest.raises(ServiceError, match="nothing runs tasks here"):
        await Services(Outside(fixed, fixed, fixed)).run_task(Task("jq", {}))


CALL = HttpCall("GET", "http://up.test/a", Headers.of(("X-Key", "k")), b"")
ANSWER = HttpAnswer(200, Headers.of(("X-A", "1"), ("X-A", "2")), b"\xffok")


class Http:
    """Answers "/a" with an answer and anything else with a failure, the last call first."""

    async def send(self, calls, at_once, max_bytes):
        replies = []
        for index, call in enumerate(calls):
            found = ANSWER if call.url.endswith("/a") else None
            replies.append(HttpReply(index, found, "" if found else "refused", 0.5))
        return replies[::-1]


def calling():
    fixed = Fixed()
    return Services(Outside(fixed, fixed, fixed, http=Http()))


async def test_each_request_of_several_is_kept_as_it_ended_and_served_again():
    services = calling()
    other = replace(CALL, url="http://up.test/b", method="POST", body=b"b")

    replies = await services.send((CALL, other, CALL), 3, 1000)

    assert [reply.index for reply in replies] == [2, 1, 0]
    assert [(call.service, call.operation, call.arguments) for call in services.calls] == [
        ("http", "send", ("GET", "http://up.test/a", [["X-Key", "k"]], b"")),
        ("http", "send", ("POST", "http://up.test/b", [["X-Key", "k"]], b"b")),
        ("http", "send", ("GET", "http://up.test/a", [["X-Key", "k"]], b"")),
    ]
    assert services.calls[1].answer == {"failed": "refused", "seconds": 0.5}
    again = Services(recorded(tuple(services.calls)))
    served = await again.send((CALL, other, CALL), 3, 1000)
    assert [(reply.answer, reply.error) for reply in served] == [(reply.answer, reply.error) for reply in replies]
    assert sorted(reply.index for reply in served) == [0, 1, 2]
    assert again.calls == services.calls


async def test_a_request_that_was_not_sent_is_not_recorded():
    services = calling()
    await services.send((CALL,), 1, 1000)
    for changed in (
        replace(CALL, method="PUT"),
        replace(CALL, url="http://up.test/c"),
        replace(CALL, body=b"x"),
    ):
        with pytest.raises(NotRecordedError, match=r"not recorded: http\.send"):
            await Services(recorded(tuple(services.calls))).send((changed,), 1, 1000)
    with pytest.raises(NotRecordedError):
        await Services(recorded(tuple(services.calls))).send((CALL, CALL), 1, 1000)


@pytest.mark.parametrize(
    ("body", "served"),
    [
        ({"size": 3, "text": "abc"}, b"abc"),
        ({"size": 99999, "sha256": "x", "head": "a"}, None),
        (None, None),
        ("a", None),
    ],
)
async def test_a_body_is_served_as_a_trace_shows_it_if_it_is_all_there(body, served):
    answer = {"status": 200, "headers": [["A", "b"]], "body": body, "seconds": 0.1}
    arguments = ("GET", CALL.url, [], {"size": 0, "text": ""})
    services = Services(recorded((ServiceCall("http", "send", answer, arguments),)))
    if served is None:
        with pytest.raises(NotRecordedError):
            await services.send((CALL,), 1, 1000)
    else:
        (reply,) = await services.send((CALL,), 1, 1000)
        assert reply.answer == HttpAnswer(200, Headers.of(("A", "b")), served)


async def test_without_http_nothing_is_sent():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed))

    with pytest.raises(ServiceError, match="nothing sends requests here"):
        await services.send((CALL,), 1, 1000)
    with pytest.raises(ServiceError, match="no keys are kept here"):
        await services.get_key("k", "api")
    with pytest.raises(ServiceError, match="no keys are kept here"):
        await services.set_key("k", {}, keeps_counts=False)
    with pytest.raises(ServiceError, match="nothing is kept here"):
        await services.storage.get("a")


async def test_why_a_script_got_no_answer_is_in_its_log():
    class Scripts:
        async def run(self, program, call, hosts):
            await hosts.call("TykMakeHttpRequest", "[]")
            return ScriptResult("text", log=(ScriptLine("log", "its own"),))

    class Hosts:
        async def call(self, name, arguments):
            services.note("GET http://up.test/ failed: refused")

    class NoProgram:
        owner, sources, digest = "api", (), "d"

    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed, scripts=Scripts()))
    result = await services.run_script(NoProgram(), ScriptCall("virtual", "f"), Hosts())

    assert result.log == (ScriptLine("log", "its own"), ScriptLine("warn", "GET http://up.test/ failed: refused"))
    (kept,) = services.calls
    assert kept.answer["log"] == [["log", "its own"], ["warn", "GET http://up.test/ failed: refused"]]


class NoProgram:
    owner, sources, digest = "api", (), "d"


async def test_a_script_that_could_not_be_run_fails_again():
    fixed = Fixed()
    services = Services(Outside(fixed, fixed, fixed))
    for _ in range(2):
        with pytest.raises(ServiceError, match="nothing runs scripts here"):
            await services.run_script(NoProgram(), ScriptCall("virtual", "f", ("{}",)), None)
        assert services.calls == [
            ServiceCall(
                "scripts",
                "run",
                {"error": "nothing runs scripts here"},
                ("d", "virtual", "f", ["{}"], 7.5, services.calls[0].arguments[-1]),
            )
        ]
        services = Services(recorded(tuple(services.calls)))


SCRIPT_ANSWER = {"text": "t", "failed": None, "log": [["log", "l"]], "calls": [["n", "[]", None, 0.1]], "seconds": 0.2}


@pytest.mark.parametrize(
    ("answer", "arguments"),
    [
        pytest.param({}, (1.0, 2), id="empty"),
        pytest.param({**SCRIPT_ANSWER, "log": [["log"]]}, (1.0, 2), id="log"),
        pytest.param({**SCRIPT_ANSWER, "calls": [1]}, (1.0, 2), id="calls"),
        pytest.param({**SCRIPT_ANSWER, "failed": {"kind": "exception"}}, (1.0, 2), id="error"),
        pytest.param("text", (1.0, 2), id="text"),
        pytest.param(SCRIPT_ANSWER, (), id="no time and seed"),
        pytest.param(SCRIPT_ANSWER, ("now", 2), id="no time"),
    ],
)
async def test_a_recorded_script_that_is_none_is_not_recorded(answer, arguments):
    calls = (ServiceCall("scripts", "run", answer, ("d", "virtual", "f", [], *arguments)),)
    with pytest.raises(NotRecordedError, match=r"not recorded: scripts"):
        await Services(recorded(calls)).run_script(NoProgram(), ScriptCall("virtual", "f"), None)
    with pytest.raises(NotRecordedError):
        await Services(recorded(())).run_script(NoProgram(), ScriptCall("virtual", "f"), None)


async def test_a_recorded_script_is_served():
    calls = (ServiceCall("scripts", "run", SCRIPT_ANSWER, ("d", "virtual", "f", [], 1.0, 2)),)
    result = await Services(recorded(calls)).run_script(NoProgram(), ScriptCall("virtual", "f"), None)
    assert result == ScriptResult("t", None, (ScriptLine("log", "l"),), (ScriptHostCall("n", "[]", None, 0.1),), 0.2)
