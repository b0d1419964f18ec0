"""What definitions say about records, in both formats."""

import json

import pytest
from tests.apis import settings
from tests.loading.documents import EXTENSION, classic, document, with_paths

from lockgate.loading import load_text
from lockgate.middlewares.track_endpoint import TrackEndpoint
from lockgate.model import Recording


def loaded(written, **gateway):
    result = load_text(json.dumps(written), "a.json", settings(**{"enable_analytics": True, **gateway}))
    assert result.problems == ()
    (definition,) = result.definitions
    return definition


def logs(**section):
    return document({"middleware": {"global": {"trafficLogs": section}}})


@pytest.mark.parametrize(
    ("written", "recording"),
    [
        pytest.param(document(), Recording(enabled=False), id="OAS without traffic logs"),
        pytest.param(logs(enabled=False), Recording(enabled=False), id="OAS off"),
        pytest.param(logs(enabled=True), Recording(), id="OAS"),
        pytest.param(
            logs(enabled=True, tagHeaders=["A"], customRetentionPeriod="1m30s"),
            Recording(tag_headers=("A",), retention_seconds=90),
            id="OAS with tags and an end",
        ),
        pytest.param(
            document({"server": {"detailedActivityLogs": {"enabled": True}}}),
            Recording(enabled=False, detailed=True),
            id="OAS detailed",
        ),
        pytest.param(
            document({"server": {"gatewayTags": {"enabled": True, "tags": ["a", "b"]}}}),
            Recording(enabled=False, tags=("a", "b")),
            id="OAS tags",
        ),
        pytest.param(
            document({"server": {"gatewayTags": {"enabled": False, "tags": ["a"]}}}),
            Recording(enabled=False),
            id="OAS tags off",
        ),
        pytest.param(classic(), Recording(), id="Classic"),
        pytest.param(classic(do_not_track=True), Recording(enabled=False), id="Classic off"),
        pytest.param(
            classic(
                tag_headers=["A"], tags=["b"], expire_analytics_after=60, enable_detailed_recording=True,
            ),
            Recording(detailed=True, tag_headers=("A",), tags=("b",), retention_seconds=60),
            id="Classic with all",
        ),
        pytest.param(classic(tags=["b"], tags_disabled=True), Recording(), id="Classic tags off"),
        pytest.param(classic(expire_analytics_after=-1), Recording(), id="Classic without an end"),
    ],
)  # fmt: skip
def test_recording(written, recording):
    assert loaded(written).recording == recording


def tracking(written, **gateway):
    (version,) = loaded(written, **gateway).versions
    return [
        (rule.kind, rule.entry, rule.config, rule.pointer)
        for rule in version.rules
        if rule.middleware == "track_endpoint"
    ]


BOTH = {"trackEndpoint": {"enabled": True}, "doNotTrackEndpoint": {"enabled": True}}
OFF = {"trackEndpoint": {"enabled": False}, "doNotTrackEndpoint": {"enabled": False}}


def operations(**sections):
    return document({"middleware": {"global": {"trafficLogs": {"enabled": True}}, "operations": sections}})


def test_endpoints_of_oas():
    place = f"/{EXTENSION}/middleware/operations/getShip"

    assert tracking(operations(getShip=BOTH, listShips=OFF)) == [
        ("do_not_track", "GET /ships/{id}", TrackEndpoint(never=True), f"{place}/doNotTrackEndpoint"),
        ("track", "GET /ships/{id}", TrackEndpoint("/ships/{id}"), f"{place}/trackEndpoint"),
    ]


def test_endpoints_of_classic():
    written = with_paths(
        track_endpoints=[{"path": "/a/{b}", "method": "GET"}, {"path": "/off", "method": "GET", "disabled": True}],
        do_not_track_endpoints=[{"path": "/c", "method": "POST"}],
    )
    place = "/version_data/versions/Default/extended_paths"

    assert tracking(written) == [
        ("do_not_track", "POST /c", TrackEndpoint(never=True), f"{place}/do_not_track_endpoints/0"),
        ("track", "GET /a/{b}", TrackEndpoint("/a/{b}"), f"{place}/track_endpoints/0"),
    ]


@pytest.mark.parametrize(
    ("written", "gateway"),
    [
        pytest.param(operations(getShip=BOTH), {"enable_analytics": False}, id="OAS, gateway"),
        pytest.param(document({"middleware": {"operations": {"getShip": BOTH}}}), {}, id="OAS, API"),
        pytest.param(with_paths(track_endpoints=[{"path": "/a", "method": "GET"}]), {"enable_analytics": False},
                     id="Classic, gateway"),
        pytest.param({**with_paths(track_endpoints=[{"path": "/a", "method": "GET"}]), "do_not_track": True}, {},
                     id="Classic, API"),
    ],
)  # fmt: skip
def test_where_nothing_is_recorded_no_endpoint_is(written, gateway):
    assert tracking(written, **gateway) == []


def test_switching_records_on_is_another_definition():
    """Otherwise a reload would go on with the old one."""
    on, off = loaded(classic()), loaded(classic(), enable_analytics=False)

    assert on.content_hash != off.content_hash
