import pytest
from tests.apis import snapshot
from tests.keys import NOW, Broken, World, keyed, status_of

from lockgate.services import Outside

KEY = (("X-Key", "ann-key"),)


def statuses(world, of, *urls, method="GET"):
    return [status_of(world.ask(of, url, KEY, method)) for url in urls]


def world_with(**fields):
    return World(**{"ann-key": fields})


def headers_of(trace):
    return [trace.answer.headers.get(f"X-Ratelimit-{name}") for name in ("Limit", "Remaining", "Reset")]


def test_a_rate_is_refused_and_renews():
    world, of = world_with(rate=2, per=10), snapshot(keyed())

    assert statuses(world, of, *["/api/x"] * 3) == [200, 200, 429]
    world.clock.time += 9.9
    assert statuses(world, of, "/api/x") == [429]
    world.clock.time += 0.1
    assert statuses(world, of, *["/api/x"] * 3) == [200, 200, 429]


def test_a_quota_is_counted_down_and_renews():
    world, of = world_with(quota_max=2, quota_renewal_rate=60), snapshot(keyed())
    traces = [world.ask(of, headers=KEY) for _ in range(3)]

    assert [status_of(trace) for trace in traces] == [200, 200, 403]
    assert [headers_of(trace) for trace in traces] == [
        ["2", "1", str(int(NOW) + 60)],
        ["2", "0", str(int(NOW) + 60)],
        [None, None, None],
    ]
    assert b"Quota exceeded" in traces[2].answer.body
    world.clock.time += 60
    assert statuses(world, of, "/api/x") == [200]


def test_a_quota_without_period_does_not_renew():
    world, of = world_with(quota_max=1), snapshot(keyed())

    assert statuses(world, of, "/api/x") == [200]
    world.clock.time += 1e9
    assert statuses(world, of, "/api/x") == [403]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"rate": 0, "per": 10, "quota_max": 0}, id="0"),
        pytest.param({"rate": -1, "per": 10, "quota_max": -1}, id="-1"),
        pytest.param({"rate": 1, "per": 0}, id="no period"),
    ],
)
def test_no_limit(fields):
    world = world_with(**fields)

    assert statuses(world, snapshot(keyed()), *["/api/x"] * 5) == [200] * 5


def test_a_rate_that_is_used_up_uses_no_quota():
    world, of = world_with(rate=1, per=10, quota_max=2, quota_renewal_rate=60), snapshot(keyed())

    assert statuses(world, of, *["/api/x"] * 5) == [200, 429, 429, 429, 429]
    world.clock.time += 10
    assert statuses(world, of, "/api/x") == [200]


def test_apis_share_the_limits_of_a_key():
    world = world_with(quota_max=2, access_rights={"pets": {}, "b": {}})
    of = snapshot(keyed(), keyed(name="b", listen="/b/"))

    assert statuses(world, of, "/api/x", "/b/x", "/api/x", "/b/x") == [200, 200, 403, 403]


def test_an_api_may_have_limits_of_its_own():
    one = {"limit": {"quota_max": 1, "quota_renewal_rate": 60}, "allowance_scope": "same"}
    world = world_with(quota_max=50, access_rights={"pets": one, "b": one, "c": {}})
    of = snapshot(keyed(), keyed(name="b", listen="/b/"), keyed(name="c", listen="/c/"))

    assert statuses(world, of, "/api/x", "/api/x", "/b/x", "/b/x", "/c/x") == [200, 403, 200, 403, 200]
    assert headers_of(world.ask(of, "/c/x", KEY))[:2] == ["50", "48"]


def test_an_endpoint_may_have_a_rate_of_its_own():
    endpoints = [{"path": "/sms", "methods": [{"name": "GET", "limit": {"rate": 1, "per": 60}}]}]
    world = world_with(access_rights={"pets": {"limit": {"rate": 2, "per": 60}, "endpoints": endpoints}})
    of = snapshot(keyed())

    assert statuses(world, of, "/api/sms", "/api/sms") == [200, 429]
    assert statuses(world, of, "/api/sms", method="DELETE") == [200]
    assert statuses(world, of, "/api/mail", "/api/mail") == [200, 429]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        pytest.param({"skipQuota": True}, [200, 200, 429], id="no quota"),
        pytest.param({"skipRateLimit": True}, [200, 403, 403], id="no rate"),
        pytest.param({"skipQuota": True, "skipRateLimit": True}, [200, 200, 200], id="neither"),
    ],
)
def test_a_definition_may_switch_limits_off(switches, expected):
    world = world_with(rate=2, per=60, quota_max=1)

    assert statuses(world, snapshot(keyed(**switches)), *["/api/x"] * 3) == expected


def test_what_is_not_counted_is_shown_as_it_was_posted():
    world = world_with(quota_max=9, quota_remaining=7, quota_renewal_rate=60)

    assert headers_of(world.ask(snapshot(keyed(skipQuota=True)), headers=KEY)) == ["9", "7", str(int(NOW) + 60)]


def test_an_ignored_endpoint_counts_nothing():
    world = world_with(quota_max=1)
    of = snapshot(keyed({"GET /open": {"ignoreAuthentication": {"enabled": True}}}))

    assert statuses(world, of, *["/api/open"] * 3, "/api/x", "/api/x") == [200, 200, 200, 200, 403]


@pytest.mark.parametrize(
    ("target", "used"),
    [
        pytest.param("tyk://self/out", 1, id="to itself"),
        pytest.param("tyk://self/out?check_limits=true", 1, id="to itself, asked for"),
        pytest.param("tyk://b/out", 1, id="to another API"),
        pytest.param("tyk://b/out?check_limits=true", 2, id="to another API, asked for"),
    ],
)
def test_a_loop_counts_only_where_it_is_asked_to(target, used):
    world = world_with(quota_max=9)
    rewrite = {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": target}}
    of = snapshot(keyed({"GET /in": rewrite}), keyed(name="b", listen="/b/"))

    assert headers_of(world.ask(of, "/api/in", KEY))[1] == str(9 - used)


def test_a_store_that_cannot_count_lets_nobody_in():
    world = world_with(quota_max=9)
    broken = Outside(world.clock, world.clock, world.clock, sessions=world.keys, limits=Broken())
    trace = world.ask(snapshot(keyed()), headers=KEY, outside=broken)

    assert status_of(trace) == 500
    assert "the store is away" in trace.steps[-1].detail


def test_a_key_without_limits_asks_no_store():
    world = world_with()
    broken = Outside(world.clock, world.clock, world.clock, sessions=world.keys, limits=Broken())

    assert status_of(world.ask(snapshot(keyed()), headers=KEY, outside=broken)) == 200


def test_counts_outlive_a_reload():
    world = world_with(quota_max=1)

    assert statuses(world, snapshot(keyed()), "/api/x") == [200]
    assert statuses(world, snapshot(keyed()), "/api/x") == [403]
