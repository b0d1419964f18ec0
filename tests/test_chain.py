import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.helpers import make_services
from tests.pace import at_best

from lockgate.chain import run_links
from lockgate.exchange import Exchange, Request, Response, Upstream
from lockgate.middleware import (
    Continue,
    Forward,
    Link,
    Loop,
    Middleware,
    Reason,
    Reject,
    Respond,
)
from lockgate.trace import Level, Phase, Trace, Why

EXCHANGE = Exchange("1", datetime(2026, 1, 1, tzinfo=UTC), Request("GET", "/a"))
CHANGED = replace(EXCHANGE, request=Request("GET", "/b"))
WHY = Why(Level.API, "/section")


def link(step, name="a_link"):
    return Link(Middleware(name, "", type(None)), None, WHY, step)


async def run(*steps, **options):
    trace = Trace(EXCHANGE)
    links = [step if isinstance(step, Link) else link(step) for step in steps]
    outcome = await run_links(links, EXCHANGE, make_services(), trace, Phase.REQUEST, **options)
    return outcome, trace


def go_on(config, exchange, services):
    return Continue(exchange)


def change(config, exchange, services):
    return Continue(CHANGED)


def never(config, exchange, services):
    raise AssertionError("this link must not run")


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(Respond(Response(200)), id="respond"),
        pytest.param(Respond(Response(200), finish=True), id="finish"),
        pytest.param(Reject(Reason.FORBIDDEN), id="reject"),
        pytest.param(Forward(EXCHANGE, Upstream("http", "h", 80)), id="forward"),
        pytest.param(Loop(EXCHANGE, "self", "/x"), id="loop"),
    ],
)
async def test_an_outcome_ends_the_chain(ending, request):
    outcome, trace = await run(go_on, lambda *_: ending, never)

    assert outcome is ending
    assert [step.outcome for step in trace.steps] == ["continue", request.node.callspec.id]


async def test_an_empty_chain_continues():
    assert (await run())[0] == Continue(EXCHANGE)


async def test_links_see_what_the_ones_before_made():
    seen = []

    def look(config, exchange, services):
        seen.append(exchange)
        return Continue(exchange)

    outcome, trace = await run(change, look)

    assert seen == [CHANGED]
    assert outcome == Continue(CHANGED)
    assert [(step.before, step.after) for step in trace.steps] == [(EXCHANGE, CHANGED), (CHANGED, CHANGED)]


async def test_a_step_may_be_async():
    async def step(config, exchange, services):
        return Continue(CHANGED)

    assert (await run(step))[0] == Continue(CHANGED)


async def test_the_trace_holds_what_links_asked_the_outside():
    def ask(config, exchange, services):
        services.new_id()
        return Continue(exchange)

    _, trace = await run(go_on, ask, go_on)

    assert [[call.operation for call in step.calls] for step in trace.steps] == [[], ["new_id"], []]


async def test_a_link_that_raises_is_in_the_trace_and_stops_everything():
    def broken(config, exchange, services):
        raise KeyError("bug")

    trace = Trace(EXCHANGE)
    with pytest.raises(KeyError):
        await run_links([link(broken), link(never)], EXCHANGE, make_services(), trace, Phase.REQUEST)
    assert [(step.outcome, step.detail) for step in trace.steps] == [("error", "KeyError('bug')")]


async def test_a_failure_goes_on_and_is_seen():
    outcome, trace = await run(lambda c, e, s: Continue(e, "no template"), go_on)

    assert outcome == Continue(EXCHANGE)
    assert [(step.outcome, step.detail) for step in trace.steps] == [("failed", "no template"), ("continue", "")]


async def test_strict_refuses_a_failure():
    outcome, _ = await run(lambda c, e, s: Continue(e, "no template"), never, strict=True)

    assert outcome == Reject(Reason.TRANSFORM_FAILED)


class Watcher:
    name = "watcher"

    def __init__(self, *, arm=True, before=None, after=None):
        self.arm, self.first, self.last, self.asked = arm, before, after, []

    def watch(self, links, exchange, phase, trace):
        return self if self.arm else None

    async def before(self, link, exchange):
        self.asked.append(("before", link.middleware.name))
        return exchange if self.first is None else self.first

    async def after(self, link, exchange, outcome):
        self.asked.append(("after", link.middleware.name))
        return outcome if self.last is None else self.last


async def test_an_observer_that_is_not_armed_is_never_asked():
    watcher = Watcher(arm=False, before=CHANGED)

    assert (await run(go_on, observers=[watcher]))[0] == Continue(EXCHANGE)
    assert watcher.asked == []


async def test_an_observer_may_change_the_exchange_before_a_link():
    outcome, trace = await run(go_on, observers=[Watcher(before=CHANGED)])

    assert outcome == Continue(CHANGED)
    assert [(step.link, step.outcome, step.detail) for step in trace.steps] == [
        ("watcher", "edited", "before a_link"),
        ("a_link", "continue", ""),
    ]
    assert (trace.steps[0].before, trace.steps[0].after) == (EXCHANGE, CHANGED)


async def test_an_observer_may_answer_instead_of_a_link():
    answer = Respond(Response(418))

    outcome, trace = await run(never, observers=[Watcher(before=answer)])

    assert outcome is answer
    assert [(step.link, step.outcome, step.detail) for step in trace.steps] == [
        ("watcher", "answered", "before a_link: status 418")
    ]


async def test_an_observer_has_the_last_word_on_an_outcome():
    answer = Respond(Response(418))
    watcher = Watcher(after=answer)

    outcome, trace = await run(go_on, never, observers=[watcher])

    assert outcome is answer
    assert watcher.asked == [("before", "a_link"), ("after", "a_link")]
    assert [(step.link, step.outcome) for step in trace.steps] == [("a_link", "continue"), ("watcher", "answered")]


async def test_an_observer_may_change_what_a_link_made():
    outcome, trace = await run(go_on, observers=[Watcher(after=Continue(CHANGED))])

    assert outcome == Continue(CHANGED)
    assert [(step.link, step.outcome) for step in trace.steps] == [("a_link", "continue"), ("watcher", "edited")]


@at_best(5)
async def test_what_an_observer_takes_in_time_is_no_links():
    class Slow(Watcher):
        async def before(self, link, exchange):
            await asyncio.sleep(0.05)
            return exchange

        async def after(self, link, exchange, outcome):
            await asyncio.sleep(0.05)
            return outcome

    _, trace = await run(go_on, observers=[Slow()])

    assert trace.steps[0].elapsed_ns < 40_000_000


async def test_strict_refuses_a_failure_that_is_watched():
    outcome, trace = await run(lambda c, e, s: Continue(e, "no template"), never, observers=[Watcher()], strict=True)

    assert outcome == Reject(Reason.TRANSFORM_FAILED)
    assert [step.outcome for step in trace.steps] == ["failed"]


async def test_an_observer_sees_what_a_link_answered():
    seen = []

    class Looking(Watcher):
        async def after(self, link, exchange, outcome):
            seen.append(outcome)
            return outcome

    answer = Respond(Response(418))
    assert (await run(lambda *_: answer, observers=[Looking()]))[0] is answer
    assert seen == [answer]
