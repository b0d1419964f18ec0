import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Tracking
from lockgate.middleware import Continue
from lockgate.middlewares.track_endpoint import TrackEndpoint, request

LOGS = {"enabled": True}
TRACK = {"trackEndpoint": {"enabled": True}}
NEVER = {"doNotTrackEndpoint": {"enabled": True}}


def tracking(operations, method="GET", url="/api/x", trafficLogs=LOGS, **gateway):  # noqa: N803 - as documents have it
    of = snapshot(oas(operations, trafficLogs=trafficLogs), **{"enable_analytics": True, **gateway})
    return tried(of, method, url).steps[-1].after.tracking


@pytest.mark.parametrize(
    ("config", "before", "after"),
    [
        pytest.param(TrackEndpoint("/a"), None, Tracking("/a"), id="tracked"),
        pytest.param(TrackEndpoint(never=True), None, Tracking(never=True), id="not tracked"),
        pytest.param(TrackEndpoint("/b"), Tracking("/a"), Tracking("/b"), id="tracked in a later pass"),
        pytest.param(TrackEndpoint("/b"), Tracking(never=True), Tracking("/b", never=True), id="never stays"),
        pytest.param(TrackEndpoint(never=True), Tracking("/a"), Tracking("/a", never=True), id="never comes later"),
    ],
)
def test_what_is_noted(config, before, after):
    outcome = request(config, make_exchange(tracking=before), make_services())

    assert isinstance(outcome, Continue)
    assert outcome.exchange.tracking == after


def test_a_tracked_endpoint_is_noted_by_its_template():
    assert tracking({"GET /users/{id}": TRACK}, url="/api/users/7") == Tracking("/users/{id}")


@pytest.mark.parametrize(
    ("method", "url"), [pytest.param("POST", "/api/x", id="method"), pytest.param("GET", "/api/y", id="path")]
)
def test_nothing_is_noted_of_another_endpoint(method, url):
    assert tracking({"GET /x": TRACK}, method, url) is None


def test_do_not_track_wins():
    assert tracking({"GET /x": {**TRACK, **NEVER}}) == Tracking(never=True)


def test_do_not_track_wins_with_another_path_that_matches():
    """The longer path is looked at first in each list, and the lists are not one."""
    assert tracking({"GET /users/{id}": TRACK, "GET /users": NEVER}, url="/api/users/7") == Tracking(never=True)


@pytest.mark.parametrize(
    ("logs", "gateway"),
    [
        pytest.param({"enabled": False}, {}, id="not for this API"),
        pytest.param(LOGS, {"enable_analytics": False}, id="not for this gateway"),
    ],
)
def test_where_nothing_is_recorded_there_is_no_link(logs, gateway):
    of = snapshot(oas({"GET /x": {**TRACK, **NEVER}}, trafficLogs=logs), **{"enable_analytics": True, **gateway})

    assert all(step.link != "track_endpoint" for step in tried(of, url="/api/x").steps)


def test_it_stays_through_a_loop():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "tyk://self/y"}
    assert tracking({"GET /x": {**NEVER, "urlRewrite": rewrite}, "GET /y": TRACK}) == Tracking("/y", never=True)
