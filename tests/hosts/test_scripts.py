"""Which engine runs scripts, and that none is left."""

import asyncio
import os
import sys
import threading

import pytest
from py_mini_racer._context import context_count
from tests.scripting.engines import Hosts, program, virtual

from lockgate.hosts import scripts as scripts_module
from lockgate.hosts.mitm.addon import GatewayAddon
from lockgate.hosts.scripts import NICENESS, GatewayScripts, be_nice
from lockgate.services import ServiceError
from lockgate.settings import Own, ScriptSettings, Settings
from lockgate.snapshot import Gateway, Snapshot

GOOD = program("function v() { return 'good' }")


def settings(engine):
    return Settings(own=Own(scripts=ScriptSettings(engine=engine)))


async def until_none_is_left(before):
    for _ in range(2000):
        if context_count() <= before:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("V8 is left behind")


async def test_scripts_run_in_this_process_unless_told_otherwise():
    before = context_count()
    scripts = GatewayScripts(Settings)
    assert (await scripts.run(GOOD, virtual(), Hosts())).text == "good"
    assert context_count() > before
    scripts.close()
    await until_none_is_left(before)


async def test_the_settings_that_count_now_choose_the_engine():
    before = context_count()
    chosen = ["processes"]
    scripts = GatewayScripts(lambda: settings(chosen[0]))
    try:
        assert (await scripts.run(GOOD, virtual(), Hosts())).text == "good"
        assert context_count() == before
        chosen[0] = "embedded"
        assert (await scripts.run(GOOD, virtual(), Hosts())).text == "good"
        assert context_count() > before
    finally:
        scripts.close()
    with pytest.raises(ServiceError, match="ends"):
        await scripts.run(GOOD, virtual(), Hosts())
    await until_none_is_left(before)


def test_an_engine_that_was_not_used_costs_nothing(monkeypatch):
    monkeypatch.setattr(scripts_module, "Children", None)
    monkeypatch.setattr(scripts_module, "Embedded", None)
    GatewayScripts(Settings).close()


async def test_the_addon_ends_its_engine():
    before = context_count()
    addon = GatewayAddon(Gateway(Snapshot((), Settings())))
    assert (await addon.outside.scripts.run(GOOD, virtual(), Hosts())).text == "good"
    addon.done()
    await until_none_is_left(before)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
async def test_a_thread_gives_way_and_the_process_does_not():
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def nice():
        be_nice()
        return os.getpriority(os.PRIO_PROCESS, 0)

    found = []
    thread = threading.Thread(target=lambda: found.append(nice()))
    thread.start()
    thread.join()
    assert found == [max(before, NICENESS)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
