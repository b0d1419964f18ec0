import asyncio

import pytest
from mitmproxy import exceptions, hooks
from mitmproxy.addons import modifyheaders
from mitmproxy.proxy.layers.http import HttpRequestHeadersHook, HttpRequestHook
from mitmproxy.test import taddons, tflow

from lockgate.hosts.mitm import dispatch


class Recorder:
    def __init__(self, name, seen, raises=None):
        self.name, self.seen, self.raises = name, seen, raises

    def request(self, flow):
        self.seen.append(self.name)
        if self.raises:
            raise self.raises

    def update(self, flows):
        self.seen.append(f"{self.name} update")


class Waiting(Recorder):
    async def request(self, flow):
        await asyncio.sleep(0)
        super().request(flow)


class Intercepting:
    name = "intercepting"

    def request(self, flow):
        flow.intercept()


class Group:
    name = "group"

    def __init__(self, *addons):
        self.addons = addons


@pytest.fixture
async def manager():
    with taddons.context(loadcore=False) as context:
        dispatch.install(context.master.addons)
        assert isinstance(context.master.addons, dispatch.CachedAddonManager)
        yield context.master.addons


async def fire(manager):
    await manager.handle_lifecycle(HttpRequestHook(tflow.tflow()))


async def test_hooks_run_in_order_and_updates_follow(manager):
    seen = []
    manager.add(Recorder("a", seen), Group(Recorder("b", seen), Waiting("c", seen)))
    await fire(manager)

    assert seen == ["a", "b", "c", "a update", "b update", "c update"]


async def test_an_addon_that_comes_or_goes_is_noticed(manager):
    seen = []
    first, second = Recorder("a", seen), Recorder("b", seen)
    manager.add(first)
    await fire(manager)
    manager.add(second)
    await fire(manager)
    manager.remove(first)
    await fire(manager)
    manager.clear()
    await fire(manager)

    assert [name for name in seen if "update" not in name] == ["a", "a", "b", "b"]


async def test_a_halt_ends_the_hook_but_not_the_update(manager):
    seen = []
    manager.add(Recorder("a", seen, exceptions.AddonHalt()), Recorder("b", seen))
    await fire(manager)

    assert seen == ["a", "a update", "b update"]


async def test_an_error_is_logged_and_the_next_addon_runs(manager, caplog):
    seen = []
    manager.add(Recorder("a", seen, ValueError("oh")), Recorder("b", seen))
    await fire(manager)

    assert seen[:2] == ["a", "b"]
    assert "Addon error: oh" in caplog.text


async def test_a_cancellation_goes_through(manager):
    manager.add(Recorder("a", [], asyncio.CancelledError()))

    with pytest.raises(asyncio.CancelledError):
        await fire(manager)


async def test_events_without_a_flow_have_no_update(manager):
    seen = []
    manager.add(Recorder("a", seen))
    await manager.trigger_event(hooks.RunningHook())

    assert seen == []


async def test_an_idle_addon_of_mitmproxys_wakes_with_its_option(manager):
    manager.add(modifyheaders.ModifyHeaders())
    flow = tflow.tflow()
    flow.live = True
    await manager.handle_lifecycle(HttpRequestHeadersHook(flow))
    assert "x-set" not in flow.request.headers

    manager.master.options.update(modify_headers=["/~all/X-Set/1"])
    await manager.handle_lifecycle(HttpRequestHeadersHook(flow))
    assert flow.request.headers["x-set"] == "1"


async def test_a_hook_that_waits_for_nothing_is_over_at_once(manager):
    seen = []
    manager.add(Recorder("a", seen), Recorder("b", seen, ValueError("oh")))
    flow = tflow.tflow()

    assert manager.run_now(HttpRequestHook(flow), flow) is None
    assert seen == ["a", "b", "a update", "b update"]


async def test_a_hook_that_waits_is_waited_for_once(manager):
    seen = []
    manager.add(Waiting("a", seen), Recorder("b", seen))
    flow = tflow.tflow()
    waiting = manager.run_now(HttpRequestHook(flow), flow)

    assert waiting.args() == [flow]
    assert seen == []
    await manager.handle_lifecycle(waiting)
    assert seen == ["a", "b", "a update", "b update"]


async def test_an_intercepted_flow_is_waited_for(manager):
    flow = tflow.tflow()
    manager.add(Intercepting())

    assert manager.run_now(HttpRequestHook(flow), flow) is not None


async def test_what_is_not_caught_ends_the_hook_alone(manager, caplog):
    manager.add(Recorder("a", [], exceptions.OptionsError("oh")))
    flow = tflow.tflow()

    assert manager.run_now(HttpRequestHook(flow), flow) is None
    assert "Addon error: oh" in caplog.text


async def test_without_listeners_nothing_runs(manager):
    flow = tflow.tflow()

    assert manager.run_now(HttpRequestHook(flow), flow) is None
