import json
import logging

import pytest
from tests.apis import settings, snapshot
from tests.keys import World, keyed, status_of
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from lockgate.control.app import make_app
from lockgate.deployment import Deployment
from lockgate.identity.keys import KeyStores

SECRET = {"X-Tyk-Authorization": "s3cret"}
RIGHTS = {"access_rights": {"pets": {"api_id": "pets", "versions": ["Default"]}}}


class Api:
    """A control API, and a gateway whose keys it has."""

    def __init__(self, port, world, gateway):
        self.port, self.world, self.gateway = port, world, gateway

    async def __call__(self, method, path, body=None, headers=SECRET):
        text = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        url = f"http://127.0.0.1:{self.port}/tyk/keys{path}"
        request = HTTPRequest(url, method, headers, text, allow_nonstandard_methods=True, follow_redirects=False)
        reply = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
        said = reply.body.decode()
        return reply.code, json.loads(said) if said.startswith("{") else said

    async def opens(self, key):
        """Status that a request with a key gets."""
        return status_of(await self.world.asked(self.gateway, headers=(("X-Key", key),)))


@pytest.fixture
def gateway_settings():
    return {}


@pytest.fixture
async def api(tmp_path, gateway_settings):
    (tmp_path / "a.json").write_text(json.dumps(keyed(org_id="acme")))
    deployment = Deployment([tmp_path], settings(secret="s3cret", **gateway_settings))
    world = World()
    sockets = bind_sockets(0, "127.0.0.1")

    async def reload():
        return deployment.reload()

    keys = KeyStores(world.keys, world.limits)
    server = HTTPServer(make_app(deployment, reload, keys=keys))
    server.add_sockets(sockets)
    yield Api(sockets[0].getsockname()[1], world, snapshot(keyed(org_id="acme"), **gateway_settings))
    server.stop()
    await server.close_all_connections()


with_hashes = pytest.mark.parametrize("gateway_settings", [{"hash_keys": True, "enable_hashed_keys_listing": True}])


async def test_a_key_takes_effect_at_once(api):
    assert await api.opens("ann-key") == 403
    assert await api("POST", "/ann-key", RIGHTS) == (200, {"key": "ann-key", "status": "ok", "action": "added"})
    assert await api.opens("ann-key") == 200
    changed = {"key": "ann-key", "status": "ok", "action": "modified"}
    assert await api("PUT", "/ann-key", RIGHTS | {"is_inactive": True}) == (200, changed)
    assert await api.opens("ann-key") == 403
    assert await api("DELETE", "/ann-key") == (200, {"key": "ann-key", "status": "ok", "action": "deleted"})
    assert await api.opens("ann-key") == 403


@pytest.mark.parametrize("path", ["", "/", "/create", "/create/"])
async def test_a_key_without_id_gets_one(api, path):
    _, answer = await api("POST", path, RIGHTS | {"org_id": "acme"})

    assert answer["key"].startswith("acme")
    assert len(answer["key"]) == len("acme") + 32
    assert await api.opens(answer["key"]) == 200


async def test_a_key_of_an_organisation_has_it_in_front(api):
    assert (await api("POST", "/ann-key", RIGHTS | {"org_id": "acme"}))[1]["key"] == "acmeann-key"
    assert (await api("GET", "/ann-key"))[0] == 404
    assert (await api("GET", "/acmeann-key"))[0] == 200
    assert (await api("GET", "/ann-key?org_id=acme"))[1]["org_id"] == "acme"
    assert (await api("PUT", "/ann-key?org_id=acme", RIGHTS | {"org_id": "acme"}))[1]["key"] == "acmeann-key"
    assert (await api("DELETE", "/ann-key?username=true&org_id=acme"))[1]["key"] == "acmeann-key"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        pytest.param("GET", "/none", 404, "Key not found", id="get"),
        pytest.param("GET", "/create", 404, "Key not found", id="get create"),
        pytest.param("PUT", "/none", 404, "Key is not found", id="put"),
        pytest.param("DELETE", "/none", 404, "There is no such key found", id="delete"),
        pytest.param(
            "GET", "/none?hashed=1", 400, "Key requested by hash but key hashing is not enabled", id="get hash"
        ),
        pytest.param("PUT", "/none?hashed=1", 404, "Key is not found", id="put hash"),
        pytest.param("DELETE", "/none?hashed=1", 404, "There is no such key found", id="delete hash"),
        pytest.param("PATCH", "/none", 405, "Method not supported", id="method"),
    ],
)
async def test_a_key_that_is_not_there(api, method, path, status, message):
    body = RIGHTS if method == "PUT" else None

    assert await api(method, path, body) == (status, {"status": "error", "message": message})


@pytest.mark.parametrize("body", ["{", "[]", '{"rate": "1"}', ""])
@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        pytest.param("POST", "/create", 500, "Unmarshalling failed", id="create"),
        pytest.param("POST", "/preview", 500, "Unmarshalling failed", id="preview"),
        pytest.param("POST", "/ann-key", 400, "Request malformed", id="post"),
        pytest.param("PUT", "/ann-key", 400, "Request malformed", id="put"),
        pytest.param("POST", "", 400, "Request malformed", id="post without id"),
    ],
)
async def test_a_body_that_is_no_session(api, method, path, status, message, body):
    assert await api(method, path, body) == (status, {"status": "error", "message": message})


@pytest.mark.parametrize("gateway_settings", [{"allow_master_keys": False}])
async def test_keys_for_every_api_may_be_forbidden(api):
    await api("POST", "/good-key", RIGHTS)
    refused = "Failed to create key, ensure security settings are correct."
    create = "Failed to create key, keys must have at least one Access Rights record set."

    assert await api("POST", "/ann-key", {}) == (500, {"status": "error", "message": refused})
    assert await api("POST", "", {}) == (500, {"status": "error", "message": refused})
    assert await api("PUT", "/good-key", {}) == (500, {"status": "error", "message": refused})
    assert await api("POST", "/create", {}) == (400, {"status": "error", "message": create})
    assert await api.opens("ann-key") == 403


async def test_keys_are_listed_by_name(api):
    for name in ("ann-key", "bob-key"):
        await api("POST", f"/{name}", RIGHTS)

    assert await api("GET", "") == (200, {"keys": ["ann-key", "bob-key"]})
    assert await api("GET", "?filter=bob") == (200, {"keys": ["bob-key"]})


async def test_a_preview_keeps_nothing(api):
    _, shown = await api("POST", "/preview", RIGHTS | {"alias": "ann"})

    assert (shown["alias"], shown["quota_renews"]) == ("ann", 0)
    assert await api("GET", "") == (200, {"keys": []})


async def test_a_session_is_told_as_it_is_kept(api):
    await api("POST", "/ann-key", RIGHTS | {"alias": "ann", "tags": ["a"], "meta_data": {"k": "v"}, "per": 60.0})
    _, told = await api("GET", "/ann-key?api_id=pets")

    assert list(told)[:2] == ["last_check", "allowance"]
    assert (told["alias"], told["tags"], told["meta_data"], told["per"]) == ("ann", ["a"], {"k": "v"}, 60)
    assert told["access_rights"]["pets"]["limit"]["quota_max"] == 0


async def test_a_change_keeps_the_date_of_creation(api):
    await api("POST", "/ann-key", RIGHTS)
    _, before = await api("GET", "/ann-key")
    await api("PUT", "/ann-key", RIGHTS | {"alias": "ann"})
    _, after = await api("GET", "/ann-key")

    assert after["date_created"] == before["date_created"]
    assert after["alias"] == "ann"


async def test_what_a_quota_has_left_is_told(api):
    limit = {"quota_max": 5, "quota_renewal_rate": 60}
    await api("POST", "/ann-key", limit)
    await api("POST", "/bob-key", {"access_rights": {"pets": {"limit": limit}}})
    for key in ("ann-key", "ann-key", "bob-key"):
        await api.opens(key)
    _, ann = await api("GET", "/ann-key")
    _, bob = await api("GET", "/bob-key")

    assert ann["quota_remaining"] == 3
    assert bob["access_rights"]["pets"]["limit"]["quota_remaining"] == 4


async def test_a_change_gives_a_quota_back_unless_told_not_to(api):
    body = RIGHTS | {"quota_max": 1, "quota_renewal_rate": 3600}
    await api("POST", "/ann-key", body)
    assert [await api.opens("ann-key") for _ in range(2)] == [200, 403]
    await api("PUT", "/ann-key?suppress_reset=1", body)
    assert await api.opens("ann-key") == 403
    await api("PUT", "/ann-key", body)
    assert [await api.opens("ann-key") for _ in range(2)] == [200, 403]
    await api("DELETE", "/ann-key")
    await api("POST", "/ann-key", body)
    assert await api.opens("ann-key") == 200


async def test_a_key_can_be_made_to_expire(api):
    await api("POST", "/ann-key", RIGHTS)
    await api("PUT", "/ann-key", RIGHTS | {"expires": 1_000_000})

    assert await api.opens("ann-key") == 401


async def test_ids_may_have_unusual_characters(api):
    assert (await api("POST", "/a%20b%3Dc+d", RIGHTS))[1]["key"] == "a b=c+d"
    assert await api.opens("a b=c+d") == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/a%2Fb", "/a/b"])
async def test_an_id_has_no_slash(api, method, path):
    body = RIGHTS if method in ("POST", "PUT") else None

    assert await api(method, path, body) == (404, "404 page not found\n")


async def test_nothing_is_told_without_the_secret(api):
    for method, path in (("GET", ""), ("POST", "/create"), ("GET", "/ann-key"), ("DELETE", "/ann-key")):
        assert (await api(method, path, RIGHTS if method == "POST" else None, headers={}))[0] == 403
    assert await api("GET", "") == (200, {"keys": []})


@pytest.mark.parametrize("gateway_settings", [{"hash_keys": True}])
async def test_hashes_are_not_listed_unless_allowed(api):
    _, answer = await api("POST", "/ct-key-hashed-h", RIGHTS)

    assert answer == {"key": "ct-key-hashed-h", "status": "ok", "action": "added", "key_hash": "ec28112f"}
    assert await api.opens("ct-key-hashed-h") == 200
    message = "Hashed key listing is disabled in config (enable_hashed_keys_listing)"
    assert await api("GET", "") == (404, {"status": "error", "message": message})


@with_hashes
async def test_a_key_is_found_by_its_hash(api):
    _, answer = await api("POST", "/ann-key-1234", RIGHTS)
    shown = answer["key_hash"]

    assert await api("GET", "") == (200, {"keys": [shown]})
    assert (await api("GET", "/ann-key-1234"))[0] == 200
    assert (await api("GET", "/ann-key-1234?hashed=1"))[0] == 404
    assert (await api("GET", f"/{shown}?hashed=1"))[0] == 200
    assert (await api("PUT", f"/{shown}?hashed=1", RIGHTS | {"alias": "a"}))[1]["key_hash"] == shown
    assert (await api("GET", f"/{shown}?hashed=1"))[1]["alias"] == "a"
    assert await api("GET", "") == (200, {"keys": [shown]})
    assert (await api("DELETE", f"/{shown}?hashed=1"))[1]["key"] == shown
    assert await api.opens("ann-key-1234") == 403


@with_hashes
async def test_a_hash_that_two_keys_share_names_neither(api):
    _, first = await api("POST", "/abcdefgh1", RIGHTS)
    _, second = await api("POST", "/abcdefgh2", RIGHTS)

    assert first["key_hash"] == second["key_hash"]
    assert (await api("DELETE", f"/{first['key_hash']}?hashed=1"))[0] == 404
    assert [await api.opens(key) for key in ("abcdefgh1", "abcdefgh2", "abcdefgh3")] == [200, 200, 403]


@with_hashes
async def test_deleting_another_key_with_the_same_hash_deletes_nothing(api):
    await api("POST", "/abcdefgh1", RIGHTS)

    assert (await api("DELETE", "/abcdefgh7"))[0] == 404
    assert await api.opens("abcdefgh1") == 200


@pytest.mark.parametrize("gateway_settings", [{"hash_keys": True, "hash_key_function": "murmur64"}])
async def test_with_a_hash_function_a_key_has_three_names(api):
    _, answer = await api("POST", "/ann-key", RIGHTS | {"org_id": "acme"})

    assert [await api.opens(key) for key in ("ann-key", "acmeann-key", answer["key"], "bob-key")] == [
        200,
        200,
        200,
        403,
    ]
    assert (await api("DELETE", "/ann-key?org_id=acme"))[1]["key"] == answer["key"]


async def test_a_password_is_not_kept(api, caplog):
    await api("POST", "/ann-key", RIGHTS | {"basic_auth_data": {"password": "s3cret-word"}})

    assert (await api("GET", "/ann-key"))[1]["basic_auth_data"] == {"password": "", "hash_type": ""}
    assert "basic authentication is not supported yet" in caplog.text
    assert "s3cret-word" not in caplog.text


async def test_keys_are_not_logged(api, caplog):
    caplog.set_level(logging.DEBUG)
    for method in ("GET", "PATCH", "DELETE"):
        await api(method, "/ann-key")

    assert "/tyk/keys/•••" in caplog.text
    assert "ann-key" not in caplog.text
