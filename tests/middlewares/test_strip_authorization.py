from tests.apis import oas, snapshot
from tests.keys import World, keyed, sent_headers, status_of

KEY = (("X-Key", "ann-key"), ("Accept", "a"))


def test_the_upstream_does_not_get_the_key():
    world = World(**{"ann-key": {}})

    assert sent_headers(world.ask(snapshot(keyed(strip=True)), headers=KEY)) == [("Accept", "a")]
    assert sent_headers(world.ask(snapshot(keyed()), headers=KEY)) == list(KEY)


def test_an_ignored_endpoint_takes_it_off_too():
    of = snapshot(keyed({"GET /open": {"ignoreAuthentication": {"enabled": True}}}, strip=True))

    assert sent_headers(World().ask(of, "/api/open", KEY)) == [("Accept", "a")]


def test_a_transform_may_put_another_one_in():
    add = [{"name": "X-Key", "value": "Basic $tyk_meta.basic"}]
    of = snapshot(keyed(strip=True, transformRequestHeaders={"enabled": True, "add": add}))
    world = World(**{"ann-key": {"meta_data": {"basic": "dTpw"}}})

    assert ("X-Key", "Basic dTpw") in sent_headers(world.ask(of, headers=KEY))


def test_a_keyless_api_takes_nothing_off():
    document = oas()
    document["x-tyk-api-gateway"]["server"]["authentication"] = {"enabled": False, "stripAuthorizationData": True}
    trace = World().ask(snapshot(document), headers=(("Authorization", "a"),))

    assert status_of(trace) == 200
    assert sent_headers(trace) == [("Authorization", "a")]
