"""The comparison of live, tried and replayed exchanges that ``test_vectors`` makes with every vector: it can fail.

Each gateway that plays vectors saves its flows; ``same_everywhere.compare_file`` runs every one of them again.
"""

import asyncio
import json

import pytest
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow
from tests.apis import oas, snapshot
from tests.helpers import make_request
from tests.keys import World, keyed
from tests.same_everywhere import compare_file, snapshot_of

from lockgate.exchange import Headers, Response
from lockgate.hosts.mitm import views
from lockgate.inspection import try_request

ANSWER = Response(200, Headers.of(("Content-Type", "application/json")), b'{"n": 1}', "OK")


def document(value: str):
    added = [{"name": "X-Added", "value": f"{value} $tyk_context.request_id"}]
    sections = {"transformRequestHeaders": {"enabled": True, "add": added}}
    return keyed({"GET /x": sections}, contextVariables={"enabled": True})


@pytest.fixture
def flows(tmp_path):
    world = World(**{"ann-key": {"rate": 5, "per": 10, "access_rights": {"pets": {"api_id": "pets"}}}})
    of = snapshot(document("1"))
    path = tmp_path / "saved"
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for headers in ((), (("X-Key", "ann-key"),), (("X-Key", "bob-key"),)):
            request = make_request("GET", "/api/x", headers)
            flow = tflow.tflow(resp=True)
            views.show(flow, asyncio.run(try_request(of, request, ANSWER, world.outside)), forwarded=True)
            writer.add(flow)
    return path


def test_unchanged_definitions_give_the_same(flows):
    compared = compare_file(flows, snapshot(document("1")))

    assert (compared.replayed, compared.tried, compared.differences) == (3, 3, [])


def test_a_changed_definition_is_found(flows):
    found = compare_file(flows, snapshot(document("2"))).differences

    assert any(one.startswith("replay of GET /api/x (saved, flow 2): /upstream_request/headers") for one in found)
    assert any(one.startswith("try of GET /api/x (saved, flow 2): /steps") for one in found)


def test_a_question_that_was_not_recorded_is_found(flows):
    other = document("1")
    other["components"]["securitySchemes"]["key"]["name"] = "X-Other"
    # Without a key there is nothing to ask; with one that is looked for elsewhere neither.
    found = compare_file(flows, snapshot(other)).differences
    assert any("/answer/status: live 200, then 401" in one for one in found)

    first = compare_file(flows, snapshot(keyed(org_id="acme"))).differences
    assert any("not recorded: sessions.find" in one for one in first)


def test_what_is_left_out_is_counted(flows):
    compared = compare_file(flows, snapshot(oas()), ("/api/",))

    assert (compared.replayed, compared.left_out, compared.differences) == (0, 3, [])


def test_definitions_are_read_as_a_gateway_reads_them(tmp_path):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "pets.json").write_text(json.dumps(oas()))
    (tmp_path / "gateway.json").write_text('{"hide_generator_header": true}')

    made = snapshot_of(tmp_path / "definitions", tmp_path / "gateway.json")

    assert list(made.apis) == ["pets"]
    assert made.settings.hide_generator_header
