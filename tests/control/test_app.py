import json

import pytest
from tests.apis import oas, settings
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from lockgate.control.app import ControlError, make_app, start
from lockgate.deployment import Deployment

SECRET = {"X-Tyk-Authorization": "s3cret"}


@pytest.fixture
def deployment(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(oas(name="depot", listen="/depot/")))
    return Deployment([tmp_path], settings(secret="s3cret"))


@pytest.fixture
async def ask(deployment):
    sockets = bind_sockets(0, "127.0.0.1")

    async def reload():
        return deployment.reload()

    server = HTTPServer(make_app(deployment, reload, lambda: {"requests": {"depot": {}}}))
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]

    async def fetch(path, method="GET", headers=SECRET, body=None):
        request = HTTPRequest(
            f"http://127.0.0.1:{port}{path}",
            method,
            headers,
            body,
            allow_nonstandard_methods=True,
            follow_redirects=False,
        )
        reply = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
        return reply.code, reply.headers.get("Content-Type"), reply.body.decode()

    yield fetch
    server.stop()
    await server.close_all_connections()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/tyk/apis", {}, id="no secret"),
        pytest.param("/tyk/apis", {"X-Tyk-Authorization": "S3CRET"}, id="wrong secret"),
        pytest.param("/tyk/nothing", {}, id="unknown path"),
        pytest.param("/tyk/reload", {}, id="reload"),
        pytest.param("/lockgate/reload-report", {}, id="report"),
        pytest.param("/lockgate/counters", {}, id="counters"),
    ],
)
async def test_nothing_is_told_without_the_secret(ask, path, headers):
    status, kind, body = await ask(path, headers=headers)

    assert (status, kind) == (403, "application/json")
    assert json.loads(body) == {
        "status": "error",
        "message": "Attempted administrative access with invalid or missing key!",
    }


async def test_hello_needs_no_secret(ask):
    status, _, body = await ask("/hello", headers={})

    assert (status, json.loads(body)["status"]) == (200, "pass")


async def test_hello_has_one_method(ask):
    assert await ask("/hello", "POST", headers={}) == (
        405,
        "application/json",
        '{"status":"error","message":"Method Not Allowed"}\n',
    )


async def test_apis_are_told(ask):
    status, _, body = await ask("/tyk/apis")
    one, _, only = await ask("/tyk/apis/depot/")

    assert (status, one) == (200, 200)
    assert json.loads(body) == [json.loads(only)]
    assert json.loads(only)["proxy"]["listen_path"] == "/depot/"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        pytest.param("GET", "/tyk/apis/none", 404, '{"status":"error","message":"API not found"}\n', id="unknown API"),
        pytest.param("PATCH", "/tyk/apis", 405, '{"status":"error","message":"Method not supported"}\n', id="method"),
        pytest.param("GET", "/tyk/nothing", 404, "404 page not found\n", id="unknown path"),
    ],
)
async def test_refusals(ask, method, path, status, body):
    got, _, text = await ask(path, method)

    assert (got, text) == (status, body)


async def test_a_reload_is_in_force_when_it_is_answered(ask, deployment, tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(oas(name="b", listen="/b/")))

    status, _, body = await ask("/tyk/reload?block=true")
    _, _, report = await ask("/lockgate/reload-report")

    assert (status, json.loads(body)) == (200, {"status": "ok", "message": ""})
    assert "b" in deployment.gateway.current.apis
    assert json.loads(report)["loaded"] == ["b"]


async def test_a_broken_reload_keeps_what_was_served(ask, deployment, tmp_path):
    (tmp_path / "a.json").write_text("{")

    await ask("/tyk/reload")
    _, _, report = await ask("/lockgate/reload-report")

    assert "depot" in deployment.gateway.current.apis
    assert json.loads(report)["kept"] == ["depot"]
    assert "a.json" in json.loads(report)["problems"][0]


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":0:0", "example.test:0"])
async def test_the_default_secret_stays_on_loopback(tmp_path, address):
    with pytest.raises(ControlError, match="default secret"):
        start(address, Deployment([tmp_path], settings()), lambda: None)


async def test_an_address_without_port_is_refused(tmp_path):
    with pytest.raises(ControlError, match="HOST:PORT"):
        start("127.0.0.1", Deployment([tmp_path], settings()), lambda: None)


CLASSIC = {
    "name": "classic",
    "api_id": "c",
    "use_keyless": True,
    "proxy": {"listen_path": "/c/", "target_url": "http://up.test/", "strip_listen_path": True},
    "version_data": {"not_versioned": True, "versions": {"Default": {"name": "Default"}}},
}


@pytest.mark.parametrize(
    ("path", "document", "key"),
    [
        pytest.param("/tyk/apis", CLASSIC, "c", id="Classic"),
        pytest.param("/tyk/apis/other", CLASSIC, "other", id="id in the path"),
        pytest.param("/tyk/apis/oas", oas(name="new", listen="/new/"), "new", id="OAS"),
    ],
)
async def test_a_definition_is_stored_and_served_after_a_reload(ask, deployment, path, document, key):
    status, _, body = await ask(path, "POST", body=json.dumps(document))

    assert (status, json.loads(body)) == (200, {"key": key, "status": "ok", "action": "added"})
    assert key not in deployment.gateway.current.apis
    await ask("/tyk/reload")
    assert key in deployment.gateway.current.apis


@pytest.mark.parametrize("api_id", ["../x", "a/b", "", "." * 3, "x" * 200])
async def test_an_id_stays_in_the_folder(ask, tmp_path, api_id):
    before = sorted(tmp_path.parent.rglob("*"))
    status, _, body = await ask("/tyk/apis", "POST", body=json.dumps(CLASSIC | {"api_id": api_id}))

    after = sorted(tmp_path.parent.rglob("*"))
    if api_id:
        assert (status, after) == (400, before)
    else:
        assert len(json.loads(body)["key"]) == 32
        assert len([path for path in after if path.is_file()]) == len([path for path in before if path.is_file()]) + 1


@pytest.mark.parametrize(
    "body", [pytest.param("{", id="no JSON"), pytest.param("[]", id="no object"), pytest.param("{}", id="nothing")]
)
async def test_what_cannot_be_served_is_not_stored(ask, tmp_path, body):
    before = sorted(tmp_path.iterdir())

    assert (await ask("/tyk/apis", "POST", body=body))[0] == 400
    assert sorted(tmp_path.iterdir()) == before


async def test_counters_are_told(ask):
    status, kind, body = await ask("/lockgate/counters")

    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == {"requests": {"depot": {}}}


async def test_what_a_client_did_wrong_is_not_in_the_log(ask, caplog):
    status, _, body = await ask("/tyk/apis/s3same%ff")

    assert (status, json.loads(body)["message"]) == (400, "Request malformed")
    assert (await ask("/tyk/apis", "DELETE"))[0] == 405
    assert "s3same" not in caplog.text
    assert "Traceback" not in caplog.text
