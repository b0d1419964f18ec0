import pytest
from mitmproxy.addons import view
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import taddons, tflow

from lockgate.hosts.mitm import addon as addon_module
from lockgate.hosts.mitm.addon import GatewayAddon
from lockgate.hosts.mitm.passage import Passage, attach, passage_of
from lockgate.settings import Settings
from lockgate.snapshot import Gateway, Snapshot


@pytest.fixture
def gateway():
    return GatewayAddon(Gateway(Snapshot((), Settings())))


async def test_a_flow_that_is_over_keeps_nothing(gateway):
    with taddons.context(gateway):
        for ends in (gateway.response, gateway.error):
            flow = tflow.tflow(resp=True)
            attach(flow, Passage(body_follows=False))
            result = ends(flow)
            if result is not None:
                await result
            assert passage_of(flow) is None


async def test_a_flow_of_another_layer_is_refused(gateway):
    with taddons.context(gateway):
        flow = tflow.tflow()
        await gateway.requestheaders(flow)

        assert flow.response is not None
        assert flow.response.status_code == 500
        assert flow.request.host == "gateway.invalid"


async def test_the_list_of_a_ui_is_trimmed_from_its_oldest_end(gateway, monkeypatch):
    monkeypatch.setattr(addon_module, "MOST_FLOWS", 3)
    monkeypatch.setattr(addon_module, "_TRIMMED_AT_ONCE", 2)
    with taddons.context(view.View(), gateway) as context:
        shown = context.master.addons.get("view")
        gateway.running()
        flows = [tflow.tflow(resp=True) for _ in range(6)]
        for flow in flows:
            flow.live = False
        shown.add(flows)
        await gateway.response(flows[-1])

        assert shown.resolve("@all") == flows[3:]
        assert gateway.trimmed == 3


async def test_what_a_person_set_stays(gateway):
    with taddons.context(Proxyserver()) as context:
        context.options.update(mode=["reverse:http://a.test"])
        context.master.addons.add(gateway)

        assert context.options.mode == ["reverse:http://a.test"]
        assert context.options.connection_strategy == "lazy"
