import pytest
from tests.apis import oas, snapshot
from tests.keys import Broken, World, keyed, link_names, sent_headers, status_of

from lockgate.services import Outside, ServiceCall, recorded


def token(key):
    return (("X-Key", key),)


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        pytest.param((), 401, "401 Authorization field missing", id="no key"),
        pytest.param(token("ann-key"), 200, "", id="key"),
        pytest.param(token("Bearer ann-key"), 200, "", id="with Bearer"),
        pytest.param(token("Bearer"), 403, "403 Access to this API has been disallowed: there is no such key", id="Bearer alone"),
        pytest.param(token("ANN-KEY"), 403, "403 Access to this API has been disallowed: there is no such key", id="case"),
        pytest.param((("Authorization", "ann-key"),), 401, "401 Authorization field missing", id="another header"),
    ],
)  # fmt: skip
def test_only_a_known_key_passes(headers, status, detail):
    trace = World(**{"ann-key": {}}).ask(snapshot(keyed()), headers=headers)

    assert status_of(trace) == status
    assert trace.steps[-1].detail == detail or status == 200
    assert (trace.upstream_request is None) == (status != 200)


@pytest.mark.parametrize(
    ("least", "key", "status"), [(0, "abc", 403), (0, "abcd", 200), (4, "abcd", 403), (4, "abcde", 200), (0, "aé", 403)]
)
def test_a_key_has_to_be_longer_than_the_setting(least, key, status):
    assert status_of(World(**{key: {}}).ask(snapshot(keyed(), min_token_length=least), headers=token(key))) == status


@pytest.mark.parametrize(
    ("presented", "status"), [("ann-key", 200), ("acmeann-key", 200), ("acmeacmeann-key", 403), ("other-key", 403)]
)
def test_a_key_of_the_organisation_may_be_presented_without_it(presented, status):
    world = World(**{"acmeann-key": {"org_id": "acme"}, "otherother-key": {"org_id": "other"}})

    assert status_of(world.ask(snapshot(keyed(org_id="acme")), headers=token(presented))) == status


def test_the_organisation_of_a_key_need_not_be_the_apis():
    world = World(otherkey={"org_id": "other"})

    assert status_of(world.ask(snapshot(keyed(org_id="acme")), headers=token("otherkey"))) == 200


def test_a_key_with_the_same_hash_is_another_key():
    world = World(abcdefgh1={})
    of = snapshot(keyed(), hash_keys=True)

    assert [status_of(world.ask(of, headers=token(key))) for key in ("abcdefgh1", "abcdefgh2", "abcdefgh")] == [
        200,
        403,
        403,
    ]


def test_an_ignored_endpoint_needs_no_key_and_knows_no_session():
    of = snapshot(keyed({"GET /open": {"ignoreAuthentication": {"enabled": True}}}))
    trace = World(**{"ann-key": {}}).ask(of, "/api/open", token("ann-key"))

    assert status_of(trace) == 200
    assert trace.steps[-1].after.session is None


def test_a_store_that_does_not_answer_lets_nobody_in():
    world = World()
    broken = Outside(world.clock, world.clock, world.clock, sessions=Broken())
    trace = world.ask(snapshot(keyed()), headers=token("ann-key"), outside=broken)

    assert status_of(trace) == 500
    assert trace.answer.body == b'{\n    "error": "there was a problem proxying the request"\n}'
    assert "the store is away" in trace.steps[-1].detail


def test_an_outside_without_keys_knows_none():
    world = World(**{"ann-key": {}})
    nothing = Outside(world.clock, world.clock, world.clock)

    assert status_of(world.ask(snapshot(keyed()), headers=token("ann-key"), outside=nothing)) == 403


def test_a_key_with_policies_is_refused_and_the_trace_says_why():
    trace = World(**{"ann-key": {"apply_policies": ["gold"]}}).ask(snapshot(keyed()), headers=token("ann-key"))

    assert status_of(trace) == 403
    assert "policies" in trace.steps[-1].detail
    assert b"policies" not in trace.answer.body


def test_the_key_is_a_variable_where_variables_are_on():
    headers = {"enabled": True, "add": [{"name": "X-Who", "value": "<$tyk_context.token> <$tyk_context.path>"}]}
    world = World(**{"acmeann-key": {"org_id": "acme"}})
    on = snapshot(keyed(org_id="acme", transformRequestHeaders=headers, contextVariables={"enabled": True}))
    off = snapshot(keyed(org_id="acme", transformRequestHeaders=headers))

    assert ("X-Who", "<acmeann-key> </api/x>") in sent_headers(world.ask(on, headers=token("ann-key")))
    assert ("X-Who", "<> <>") in sent_headers(world.ask(off, headers=token("ann-key")))


def test_metadata_is_a_variable():
    add = [{"name": "X-Meta", "value": "<$tyk_meta.team> <$tyk_meta.list> <$tyk_meta.none>"}]
    of = snapshot(keyed(transformRequestHeaders={"enabled": True, "add": add}))
    world = World(**{"ann-key": {"meta_data": {"team": "red", "list": ["a b", 1.5, True]}}})

    assert ("X-Meta", "<red> <a+b,1.5> <>") in sent_headers(world.ask(of, headers=token("ann-key")))


# loops


def looping(to):
    return {"GET /in": {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": to}}}


def test_a_loop_to_itself_does_not_ask_again():
    of = snapshot(keyed(looping("tyk://self/out"), strip=True))
    trace = World(**{"ann-key": {}}).ask(of, "/api/in", token("ann-key"))

    assert status_of(trace) == 200
    assert [name for name, _ in sent_headers(trace)] == []
    assert link_names(trace).count("auth_token") == 2


def test_a_loop_to_another_api_asks_again():
    inner = keyed(name="inner", listen="/inner/")
    world = World(**{"ann-key": {}})
    kept, stripped = (snapshot(keyed(looping("tyk://inner/out"), strip=strip), inner) for strip in (False, True))

    assert status_of(world.ask(kept, "/api/in", token("ann-key"))) == 200
    assert status_of(world.ask(stripped, "/api/in", token("ann-key"))) == 401


def test_the_right_to_an_api_is_asked_for_in_a_loop():
    inner = keyed(name="inner", listen="/inner/")
    world = World(
        **{"ann-key": {"access_rights": {"pets": {}}}, "bob-key": {"access_rights": {"pets": {}, "inner": {}}}}
    )
    of = snapshot(keyed(looping("tyk://inner/out")), inner)

    assert [status_of(world.ask(of, "/api/in", token(key))) for key in ("ann-key", "bob-key")] == [403, 200]


def test_a_session_stays_in_a_keyless_api():
    add = {"enabled": True, "add": [{"name": "X-Team", "value": "$tyk_meta.team"}]}
    inner = oas({"GET /out": {"transformRequestHeaders": add}}, name="inner", listen="/inner/")
    of = snapshot(keyed(looping("tyk://inner/out")), inner)
    trace = World(**{"ann-key": {"meta_data": {"team": "red"}}}).ask(of, "/api/in", token("ann-key"))

    assert ("X-Team", "red") in sent_headers(trace)


def test_a_keyless_api_that_loops_to_a_keyed_one_is_no_way_in():
    of = snapshot(oas(looping("tyk://inner/out")), keyed(name="inner", listen="/inner/"))

    assert status_of(World().ask(of, "/api/in")) == 401


# what it costs, and what is kept


def test_a_keyless_api_has_no_such_link():
    assert {"auth_token", "key_expiry", "access_rights", "key_limits"} & set(
        link_names(World().ask(snapshot(oas())))
    ) == set()


def test_a_recording_answers_as_the_store_did():
    world = World(**{"ann-key": {"meta_data": {"team": "red"}, "rate": 5, "per": 1, "quota_max": 3}})
    of = snapshot(keyed())
    live = world.ask(of, headers=token("ann-key"))
    calls = tuple(call for step in live.steps for call in step.calls)

    again = World().ask(of, headers=token("ann-key"), outside=recorded(calls))

    assert again.answer == live.answer
    assert again.steps[-1].after.session == live.steps[-1].after.session


def test_a_recording_of_a_failure_fails_again():
    call = ServiceCall("sessions", "find", {"error": "the store is away"}, ("ann-key",))
    trace = World().ask(snapshot(keyed()), headers=token("ann-key"), outside=recorded((call,)))

    assert status_of(trace) == 500
