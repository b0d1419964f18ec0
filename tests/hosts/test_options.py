"""The addon as mitmproxy loads it."""

import gc
import json
import uuid
import weakref

import pytest
from mitmproxy.test import taddons, tflow
from tests.apis import oas

from lockgate.hosts.mitm.options import Lockgate


@pytest.fixture
def frozen():
    yield
    gc.unfreeze()


async def test_a_snapshot_that_a_reload_replaced_is_collected(tmp_path, frozen):
    """The host hides what it loaded from the collector; not for longer than it is used."""
    file = tmp_path / "api.json"
    file.write_text(json.dumps(oas(name="one")))
    addon = Lockgate()
    with taddons.context(addon) as context:
        context.configure(addon, lockgate_definitions=[str(file)])
        old = weakref.ref(addon.carrier.gateway.current)
        assert gc.get_freeze_count() > 0

        file.write_text(json.dumps(oas(name="other")))
        addon.reload()

        assert [api.definition.name for api in addon.carrier.gateway.current.apis.values()] == ["other"]
        assert old() is None


async def test_the_control_api_tells_the_counters_of_the_gateway(tmp_path, frozen, monkeypatch):
    (tmp_path / "api.json").write_text(json.dumps(oas()))
    told = []
    monkeypatch.setattr("lockgate.control.app.start", lambda *_, counters, **__: told.append(counters) or _Nothing())
    addon = Lockgate()
    with taddons.context(addon) as context:
        context.configure(addon, lockgate_definitions=[str(tmp_path / "api.json")])
        context.configure(addon, lockgate_control="127.0.0.1:0")
        addon._listen()
        addon.carrier.recorder.counters.count("pets", "GET /x", 200)

        assert told[-1]()["requests"] == {"pets": {"GET /x": {"total": 1, "2xx": 1}}}


class _Nothing:
    def stop(self):
        pass


async def test_ids_of_flows_look_like_ids_and_differ(frozen):
    with taddons.context(Lockgate()):
        ids = {tflow.tflow().copy().id for _ in range(1000)}

    assert len(ids) == 1000
    assert all(str(uuid.UUID(of)) == of and uuid.UUID(of).version == 4 for of in ids)
