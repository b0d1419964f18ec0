"""Breakpoints on chains, without a host: where exchanges stop, and what may be done with them."""

import asyncio
from dataclasses import replace

import pytest
from tests.apis import oas, snapshot
from tests.helpers import FixedOutside, ScriptsInPlace, make_exchange, make_response
from tests.pace import at_best
from tests.plugins import plugin, scripted

from lockgate.debugging import breakpoints as subject
from lockgate.debugging.breakpoint import BreakpointError, parse, read
from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.edits import Edit, EditError
from lockgate.engine import begin, begin_response, run_request, run_response
from lockgate.exchange import NOT_READ, Headers, Response
from lockgate.middleware import Reason
from lockgate.services import Outside
from lockgate.settings import DebugSettings
from lockgate.trace import Phase
from lockgate.trace_format import summary, to_plain, to_text

HEADERS = {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Added", "value": "1"}]}}
ANSWER = {"transformResponseHeaders": {"enabled": True, "add": [{"name": "X-Answer", "value": "1"}]}}
LOOP = {"urlRewrite": {"enabled": True, "pattern": "/loop/(.*)", "rewriteTo": "tyk://self/users/$1"}}
MOCK = {"mockResponse": {"enabled": True, "code": 203, "body": "mocked", "headers": []}}
OPERATIONS = {
    "GET /users/{id}": {**HEADERS, **ANSWER},
    "POST /users": {**HEADERS, **ANSWER},
    "GET /loop/{id}": LOOP,
    "GET /mock": MOCK,
    "GET /hidden": {"block": {"enabled": True}},
}
SERVED = snapshot(oas(OPERATIONS, name="users"), oas({}, name="others", listen="/others/"))


class Trial:
    """One exchange on its way, and who looks on."""

    def __init__(self, *specs, watchers=1, most=20, seconds=60.0, of=SERVED):
        self.of = of
        self.breakpoints = Breakpoints()
        self.breakpoints.settings = lambda: DebugSettings(pause_seconds=seconds, most_paused=most)
        self.breakpoints.watching.append(lambda: watchers)
        for spec in specs:
            self.breakpoints.add(parse(spec, of))
        self.count = 0

    def send(self, method="GET", url="/api/users/7", headers=(), body=b"", answer=None):
        """Begin; the task ends when the exchange has its answer, and gives the run."""
        self.count += 1
        fixed = FixedOutside()
        exchange = replace(make_exchange(method, url, headers, body), id=f"e{self.count}", passes=())
        outside = Outside(clock=fixed, ids=fixed, turns=fixed, scripts=ScriptsInPlace())
        run = begin(self.of, outside, exchange, (self.breakpoints.observer,))

        async def through():
            if not run.answered:
                await run_request(run, body)
            if not run.answered:
                begin_response(run, answer or make_response(200, (), b"answer"))
                await run_response(run, (answer or make_response(200, (), b"answer")).body)
            return run

        return asyncio.create_task(through())

    async def stopped(self, count=1):
        for _ in range(200):
            if len(self.breakpoints.pauses) == count:
                return list(self.breakpoints.pauses.values())[-1]
            await asyncio.sleep(0)
        raise AssertionError(f"stopped: {[str(pause.place) for pause in self.breakpoints.pauses.values()]}")

    async def goes_through(self, *arguments, **named):
        """Whether an exchange never stops."""
        task = self.send(*arguments, **named)
        for _ in range(50):
            await asyncio.sleep(0)
        done = task.done()
        for pause in self.breakpoints.pauses.values():
            pause.drop()
        await task
        return done


# What people write


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "before"),
        ("api=users", "api=users before"),
        ("link=url_rewrite after api=users", "api=users link=url_rewrite after"),
        ("middleware=url_rewrite phase=request once off", "link=url_rewrite phase=request before once off"),
        ('endpoint="GET /users/{id}"', 'endpoint="GET /users/{id}" before'),
        ("before if method = POST", "before if method = POST"),
        ("if 'body ~ \"a b\"'", 'before if body ~ "a b"'),
        ("if header X-If", "before if header X-If"),
    ],
)
def test_a_breakpoint_is_written_as_it_is_read(text, written):
    point = parse(text, SERVED)

    assert point.text == written
    assert parse(point.text, SERVED).plain() == point.plain()
    assert read({"spec": text}, SERVED).plain() == point.plain()
    fields = {name: value for name, value in point.plain().items() if name not in ("id", "spec")}
    assert read(fields, SERVED).plain() == point.plain()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("api=user", "expected the name or id of an API, found 'user': did you mean 'users'?"),
        ("api=zzz", r"found 'zzz' \(there are others, users\)"),
        ("link=url_rewrit", "expected the name of a middleware, found 'url_rewrit': did you mean 'url_rewrite'"),
        ("link=zzz", r"found 'zzz' \(docs/middlewares lists them\)"),
        ("link=url_rewrite phase=response", "url_rewrite runs in the phase request, never in response"),
        ("phase=requst", "expected a phase, found 'requst': did you mean 'request'"),
        ("endpoint=users", "expected a path, or a method and a path, as the endpoint, found 'users'"),
        ("lnk=url_rewrite", "found 'lnk=url_rewrite': did you mean 'link='"),
        ("twice", "expected api=, endpoint=, link=, phase=, before, after, once, off or if, found 'twice'"),
        ("if", "expected a condition behind 'if', found nothing"),
        ("if status = x", "expected a status such as 404"),
        ("api='users", "a quote in .* has no end"),
    ],
)
def test_what_is_no_breakpoint(text, message):
    with pytest.raises(BreakpointError, match=message):
        parse(text, SERVED)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"spec": 1}, "expected a text as 'spec'"),
        ({"spec": "", "api": "users"}, "and nothing beside it"),
        ({"apii": "users"}, "a breakpoint has no 'apii': did you mean 'api'"),
        ({"api": 1}, "expected a text as 'api', found 1"),
        ({"one_shot": "yes"}, "expected true or false as 'one_shot', found 'yes'"),
        ({"when": "during"}, "expected 'before' or 'after', found 'during'"),
        ({"condition": "~" + "x" * 3000}, "expected texts of 2000 characters at most"),
    ],
)
def test_what_is_no_breakpoint_as_an_object(value, message):
    with pytest.raises(BreakpointError, match=message):
        read(value, SERVED)


# Where exchanges stop


@pytest.mark.parametrize(
    ("spec", "stops"),
    [
        ("", True),
        ("off", False),
        ("api=users", True),
        ("api=others", False),
        ("link=request_headers", True),
        ("link=url_rewrite", False),
        ("phase=response link=response_headers", True),
        ("phase=upstream", False),
        ('endpoint="GET /users/{id}"', True),
        ('endpoint="POST /users/{id}"', False),
        ("endpoint=/users/{id}", True),
        ("endpoint=/users", False),
        ("endpoint=/users/", True),
        ("endpoint=/users/*", True),
        ("endpoint=/api/users/7", True),
        ("endpoint=/other/", False),
        ("if method = GET", True),
        ("if method = POST", False),
        ("phase=response if status = 200", True),
        ("phase=response if status = 404", False),
        ("after link=request_headers if header X-Added", True),
        ("before link=request_headers if header X-Added", False),
    ],
)
async def test_where_an_exchange_stops(spec, stops):
    assert await Trial(spec).goes_through() is not stops


async def test_a_stopped_exchange_is_as_it_is_at_that_point():
    trial = Trial("after link=request_headers")
    task = trial.send()

    pause = await trial.stopped()
    assert (str(pause.place), pause.place.phase, pause.breakpoint_id) == ("after request_headers", Phase.REQUEST, "1")
    assert pause.exchange.request.headers.get("x-added") == "1"
    assert pause.trace.steps[-1].link == "request_headers"
    assert 59 < pause.seconds_left <= 60
    pause.resume()

    run = await task
    assert run.exchange.response.status == 200
    assert trial.breakpoints.pauses == {}
    assert trial.breakpoints.hits("1") == 1
    assert [step.link for step in run.trace.steps if step.link == "breakpoint"] == []


async def test_a_one_shot_stops_once():
    trial = Trial("link=request_headers once")
    task = trial.send()
    (await trial.stopped()).resume()
    await task

    assert trial.breakpoints.list() == ()
    assert await trial.goes_through()


async def test_a_breakpoint_may_be_switched_off_and_removed():
    trial = Trial("link=request_headers")
    trial.breakpoints.enable("1", enabled=False)
    assert await trial.goes_through()
    trial.breakpoints.enable("1", enabled=True)
    assert not await trial.goes_through()
    trial.breakpoints.remove("1")
    assert await trial.goes_through()
    with pytest.raises(KeyError):
        trial.breakpoints.remove("1")


async def test_there_are_not_endlessly_many():
    trial = Trial()
    point = parse("", SERVED)
    for _ in range(subject.MOST_BREAKPOINTS):
        trial.breakpoints.add(point)
    with pytest.raises(ValueError, match="there are 200 breakpoints; remove some first"):
        trial.breakpoints.add(point)


def test_without_breakpoints_no_link_is_watched():
    trial = Trial()
    exchange = make_exchange()
    assert trial.breakpoints.watch((), exchange, Phase.REQUEST, None) is None
    assert not trial.breakpoints.wants_body((), exchange, Phase.REQUEST)


async def test_plans_that_no_breakpoint_is_about_are_not_watched(monkeypatch):
    trial = Trial("api=others", "link=url_rewrite", "endpoint=/elsewhere")

    async def never(*_):
        raise AssertionError("a link was watched")

    monkeypatch.setattr(subject._Watcher, "before", never)
    assert await trial.goes_through()


# What is done with them


async def test_an_edit_is_a_step_of_its_own():
    trial = Trial("before link=request_headers")
    task = trial.send("POST", "/api/users", (("X-Old", "1"),), b"old")
    pause = await trial.stopped()
    pause.resume(Edit(headers=Headers.of(("X-New", "2")), body=b"new"))

    run = await task
    step = next(step for step in run.trace.steps if step.link == "breakpoint")
    assert (step.outcome, step.detail, step.elapsed_ns) == ("edited", "before request_headers", 0)
    assert (step.before.request.body, step.after.request.body) == (b"old", b"new")
    sent = run.trace.upstream_request
    assert (sent.body, sent.headers.get("x-new"), sent.headers.get("x-added")) == (b"new", "2", "1")
    plain = to_plain(run.trace)
    assert "edited" in to_text(plain)
    assert summary(plain) == "users · GET /users/{id} · forwarded 200".replace("GET /users/{id}", "POST /users")


async def test_an_edit_that_cannot_be_done_leaves_it_stopped():
    trial = Trial("link=request_headers")
    task = trial.send()
    pause = await trial.stopped()

    with pytest.raises(EditError):
        pause.resume(Edit(method="A B"))
    assert not pause.over
    pause.resume(Edit(method="HEAD"))
    assert (await task).trace.upstream_request.method == "HEAD"


@at_best(5)
async def test_the_time_of_a_pause_is_no_links():
    trial = Trial("before link=request_headers", "after link=request_headers")
    task = trial.send()
    for when in ("before", "after"):
        pause = await trial.stopped()
        assert pause.place.when == when
        await asyncio.sleep(0.02)  # longer than links take
        pause.resume()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run = await task
    assert run.trace.paused_ns >= 40_000_000
    assert sum(step.elapsed_ns for step in run.trace.steps) < 20_000_000
    assert to_plain(run.trace)["paused_us"] >= 40_000


async def test_an_answer_is_given_as_it_is():
    trial = Trial("before link=forward")
    task = trial.send()
    (await trial.stopped()).answer(Response(418, Headers.of(("X-By", "hand")), b"tea"))

    run = await task
    assert run.upstream is None
    assert run.exchange.response == Response(418, Headers.of(("X-By", "hand")), b"tea")
    assert run.trace.upstream_request is None
    last = run.trace.steps[-1]
    assert (last.link, last.outcome, last.detail) == ("breakpoint", "answered", "before forward: status 418")
    assert summary(to_plain(run.trace)).endswith("breakpoint answered 418")


@pytest.mark.parametrize(
    ("spec", "made"),
    [("after link=forward", "forward"), ("phase=response before link=response_headers", "response_headers")],
)
async def test_an_answer_in_other_places(spec, made):
    trial = Trial(spec)
    task = trial.send()
    (await trial.stopped()).answer(Response(418))

    run = await task
    assert run.exchange.response.status == 418
    assert run.exchange.response.headers.get("x-answer") is None


async def test_a_dropped_exchange_goes_nowhere():
    trial = Trial("before link=forward")
    task = trial.send()
    (await trial.stopped()).drop()

    run = await task
    assert run.upstream is None
    assert run.refusal.reason is Reason.DROPPED
    assert (run.trace.steps[-1].link, run.trace.steps[-1].outcome) == ("breakpoint", "dropped")


async def test_a_client_that_goes_away_frees_its_pause():
    trial = Trial("before link=forward")
    task = trial.send()
    (await trial.stopped()).leave()

    run = await task
    assert run.refusal.detail == "the client went away while it was stopped"
    assert trial.breakpoints.pauses == {}


async def test_only_the_first_decision_counts():
    trial = Trial("before link=forward")
    task = trial.send()
    pause = await trial.stopped()
    pause.answer(Response(201))
    pause.drop()
    pause.resume(Edit(method="A B"))

    assert (await task).exchange.response.status == 201


async def test_a_step_stops_before_the_next_link_whatever_it_is():
    """Through loops, and over to the response, to the end."""
    trial = Trial("before link=url_rewrite")
    task = trial.send(url="/api/loop/7")
    places = []
    while not task.done():
        for pause in trial.breakpoints.pauses.values():
            places.append((pause.place.pass_index, pause.place.phase.value, pause.place.link))
            pause.step()
        await asyncio.sleep(0)

    run = await task
    # The second pass has no rewrite: only what was stepped to stops there.
    linked = [
        (step.pass_index, step.phase.value, step.link)
        for step in run.trace.steps
        if step.link not in ("routing", "versioning")
    ]
    assert places == linked[linked.index((0, "request", "url_rewrite")) :]
    assert {(index, phase) for index, phase, _ in places} >= {(0, "request"), (1, "request"), (1, "response")}
    assert await trial.goes_through()


async def test_after_a_rewrite_the_edited_url_counts():
    rewriting = {"urlRewrite": {"enabled": True, "pattern": "/old/(.*)", "rewriteTo": "/new/$1"}}
    trial = Trial("after link=url_rewrite", of=snapshot(oas({"GET /old/{id}": rewriting}, name="users")))
    task = trial.send(url="/api/old/7")
    pause = await trial.stopped()
    assert pause.exchange.rewritten is not None
    pause.resume(Edit(url="/api/mine"))

    assert (await task).trace.upstream_request.path == "/mine"


async def test_behind_forward_the_upstreams_request_is_edited():
    trial = Trial("after link=forward")
    task = trial.send()
    pause = await trial.stopped()
    assert pause.exchange.request.path == "/users/7"
    pause.resume(Edit(url="/users/8"))

    assert (await task).trace.upstream_request.path == "/users/8"


async def test_behind_a_loop_it_is_edited_where_it_leads():
    trial = Trial("after link=forward", "after link=url_rewrite once")
    task = trial.send(url="/api/loop/7")
    first = await trial.stopped()
    assert str(first.place) == "after url_rewrite"
    first.resume()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop = await trial.stopped()
    assert (loop.exchange.request.path, loop.place.pass_index) == ("/users/7", 0)
    loop.resume(Edit(url="/users/8"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (await trial.stopped()).resume()

    run = await task
    assert run.trace.upstream_request.path == "/users/8"
    assert [this.path for this in run.exchange.passes] == ["/api/loop/7", "/users/8"]


async def test_behind_a_script_that_moved_it_the_chain_goes_on_behind_the_script():
    moving = plugin('request.URL = "/api/users/7";')
    of = snapshot(scripted({"GET /users/{id}": HEADERS}, prePlugins=[moving]))
    trial = Trial("after link=script_pre", of=of)
    task = trial.send(url="/api/elsewhere")
    pause = None
    while pause is None and not task.done():  # scripts take their time
        pause = next(iter(trial.breakpoints.pauses.values()), None)
        await asyncio.sleep(0)
    pause.resume(Edit(headers=Headers.of(("X-Mine", "1"))))

    trace = (await task).trace
    assert [step.link for step in trace.steps].count("script_pre") == 1
    sent = trace.upstream_request
    assert (sent.path, sent.headers.get("x-added"), sent.headers.get("x-mine")) == ("/users/7", "1", "1")


async def test_behind_a_link_that_answers_its_answer_is_edited():
    trial = Trial("after link=mock_response")
    task = trial.send(url="/api/mock")
    pause = await trial.stopped()
    assert pause.exchange.response.body == b"mocked"
    with pytest.raises(EditError, match="expected status, headers or body of the response"):
        pause.resume(Edit(method="PUT"))
    pause.resume(Edit(body=b"mine"))

    assert (await task).exchange.response.body == b"mine"


async def test_a_refusal_is_answered_instead_of_edited():
    trial = Trial("after link=access")
    task = trial.send(url="/api/hidden")
    pause = await trial.stopped()
    with pytest.raises(EditError, match="'answer' gives another one"):
        pause.resume(Edit(url="/api/users/1"))
    pause.answer(Response(201))

    run = await task
    assert (run.exchange.response.status, run.refusal) == (201, None)


async def test_a_response_is_edited():
    trial = Trial("before phase=response link=response_headers")
    task = trial.send()
    pause = await trial.stopped()
    assert (pause.exchange.response.body, pause.body_is_held) == (b"answer", True)
    pause.resume(Edit(status=202, body=b"mine"))

    run = await task
    response = run.exchange.response
    assert (response.status, response.body, response.headers.get("x-answer")) == (202, b"mine", "1")


# Limits


async def test_nothing_stops_when_nobody_watches():
    trial = Trial("", watchers=0)

    assert await trial.goes_through()
    assert trial.breakpoints.hits("1") == 0


async def test_a_lease_counts_as_somebody_who_watches(monkeypatch):
    trial = Trial("before link=forward", watchers=0)
    loop = asyncio.get_running_loop()
    now = loop.time()
    trial.breakpoints.lease(holder="a")
    trial.breakpoints.lease(1000, holder="b")
    assert trial.breakpoints.watchers == 2
    assert not await trial.goes_through()

    monkeypatch.setattr(loop, "time", lambda: now + subject.LEASE_SECONDS + 1)
    assert trial.breakpoints.watchers == 0


async def test_what_nobody_decides_goes_on_by_itself():
    trial = Trial("before link=forward", seconds=0.05)

    run = await asyncio.wait_for(trial.send(), 10)
    assert run.exchange.response.status == 200
    assert trial.breakpoints.went_on_late == 1
    assert run.trace.paused_ns >= 50_000_000


async def test_what_nobody_watches_any_more_goes_on(monkeypatch):
    monkeypatch.setattr(subject, "GRACE_SECONDS", 0.02)
    monkeypatch.setattr(subject, "_LOOK_SECONDS", 0.01)
    trial = Trial("before link=forward")
    task = trial.send()
    await trial.stopped()
    trial.breakpoints.watching.clear()

    assert (await asyncio.wait_for(task, 10)).exchange.response.status == 200
    assert trial.breakpoints.went_on_late == 0


async def test_only_so_many_are_stopped():
    trial = Trial("before link=forward", most=2)
    tasks = [trial.send() for _ in range(2)]
    await trial.stopped(count=2)

    assert await asyncio.wait_for(trial.send(), 10)
    assert trial.breakpoints.passed_by == 1
    for pause in trial.breakpoints.pauses.values():
        pause.resume()
    for task in tasks:
        await task


async def test_an_exchange_whose_host_gives_up_leaves_nothing():
    trial = Trial("before link=forward")
    task = trial.send()
    await trial.stopped()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert trial.breakpoints.pauses == {}


# Bodies


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("link=request_headers", True),
        ("phase=upstream link=enforced_timeout", True),
        ("phase=response", False),
        ("api=others", False),
        ("link=url_rewrite phase=request", False),
    ],
)
async def test_bodies_are_wanted_where_an_exchange_may_stop(spec, wanted):
    trial = Trial(spec)
    fixed = FixedOutside()
    exchange = replace(make_exchange("POST", "/api/users", (), NOT_READ), passes=())
    outside = Outside(clock=fixed, ids=fixed, turns=fixed)

    run = begin(SERVED, outside, exchange, (trial.breakpoints.observer,))

    assert run.body_is_wanted is wanted
    assert not run.needs_request_body


@pytest.mark.parametrize(("kind", "wanted"), [("text/plain", True), ("text/event-stream", False)])
async def test_a_response_without_an_end_is_not_held(kind, wanted):
    trial = Trial("phase=response")
    fixed = FixedOutside()
    exchange = replace(make_exchange("GET", "/api/users/7"), passes=())
    run = begin(SERVED, Outside(clock=fixed, ids=fixed, turns=fixed), exchange, (trial.breakpoints.observer,))
    await run_request(run, b"")
    begin_response(run, make_response(200, (("Content-Type", kind),), NOT_READ))

    assert run.body_is_wanted is wanted


async def test_nobody_wants_bodies_where_nobody_watches():
    trial = Trial("", watchers=0)
    fixed = FixedOutside()
    exchange = replace(make_exchange("GET", "/api/users/7"), passes=())
    run = begin(SERVED, Outside(clock=fixed, ids=fixed, turns=fixed), exchange, (trial.breakpoints.observer,))

    assert not run.body_is_wanted


# Screens


class Screen:
    def __init__(self, edit=None):
        self.edit, self.seen = edit, []

    def stopped(self, pause):
        self.seen.append("stopped")

    def edit_of(self, pause):
        return self.edit

    def freed(self, pause, action, seconds):
        self.seen.append(action.value)


async def test_what_was_edited_on_the_screen_counts_wherever_it_is_resumed():
    trial = Trial("before link=forward")
    trial.breakpoints.screen = screen = Screen(Edit(method="PUT", body=b"screen"))
    changes = []
    trial.breakpoints.changed = changes.append
    task = trial.send("POST", "/api/users", (), b"x")
    (await trial.stopped()).resume(Edit(method="PATCH"))

    sent = (await task).trace.upstream_request
    assert (sent.method, sent.body) == ("PATCH", b"screen")
    assert screen.seen == ["stopped", "resume"]
    assert changes == ["e1", "e1"]


async def test_a_half_edited_screen_does_not_hold_it_for_ever():
    trial = Trial("before link=forward", seconds=0.02)
    trial.breakpoints.screen = screen = Screen(Edit(method="A B"))

    run = await asyncio.wait_for(trial.send(), 10)
    assert run.trace.upstream_request.method == "GET"
    assert screen.seen == ["stopped", "late"]
