import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.loading.documents import classic, codes, only

from lockgate.loading import load_text
from lockgate.loading.secret_stores import MAX_BYTES, ConsulStore, FileStore, StoreError, VaultStore, stores_of
from lockgate.settings import (
    ConsulSettings,
    FileStoreSettings,
    KvSettings,
    LoginSettings,
    Settings,
    VaultSettings,
    load_settings,
)

VALUE = "http://very.secret.test"


@pytest.fixture
def server():
    """A server that answers what ``answers`` says, and keeps what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append((self.path, dict(self.headers.items())))
            status, body = self.server.answers.get(self.path.split("?")[0], (404, b"{}"))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.answers, made.asked = {}, []
        made.address = f"127.0.0.1:{made.server_port}"
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def vault(server, **options):
    return VaultStore(VaultSettings(address=f"http://{server.address}", token="t", timeout=5, **options))


def data(**values):
    return json.dumps({"data": values}).encode()


def test_vault_version_2(server):
    server.answers["/v1/secret/data/my/app"] = (200, json.dumps({"data": {"data": {"key": "v", "n": 5}}}).encode())
    store = vault(server)
    assert [store.resolve("secret/my/app", field) for field in ("key", "n", "none")] == ["v", "5", None]
    assert len(server.asked) == 1
    assert server.asked[0][1]["X-Vault-Token"] == "t"


def test_vault_version_1(server):
    server.answers["/v1/secret/app"] = (200, data(key="v"))
    assert vault(server, kv_version=1).resolve("secret/app", "key") == "v"
    assert vault(server, kv_version=1).resolve("secret/other", "key") is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((403, b"{}"), "the store answers 403"),
        ((302, b""), "the store answers 302"),
        ((200, b"no json"), "the store does not answer with JSON"),
        ((200, b"x" * (MAX_BYTES + 1)), "expected at most 1048576 bytes, the store answers with more"),
    ],
)
def test_vault_that_does_not_answer(server, answer, message):
    server.answers["/v1/secret/data/app"] = answer
    with pytest.raises(StoreError, match=message):
        vault(server).resolve("secret/app", "key")
    assert [path for path, _ in server.asked] == ["/v1/secret/data/app"]


@pytest.mark.parametrize("body", [b"[]", b'{"data": 5}', b'{"data": {"data": []}}', b"null"])
def test_vault_that_answers_with_something_else(server, body):
    server.answers["/v1/secret/data/app"] = (200, body)
    assert vault(server).resolve("secret/app", "key") is None


def test_consul(server):
    server.answers["/v1/kv/tyk-apis/a%20key"] = (200, "välue".encode())
    settings = ConsulSettings(
        address=server.address, datacenter="dc 1", token="t", http_auth=LoginSettings("u", "p"), timeout=5
    )
    store = ConsulStore(settings)
    assert [store.resolve(key, "") for key in ("tyk-apis/a key", "tyk-apis/a key", "none")] == ["välue", "välue", None]
    (path, headers), _ = server.asked
    assert path == "/v1/kv/tyk-apis/a%20key?raw=true&dc=dc+1"
    assert (headers["X-Consul-Token"], headers["Authorization"]) == ("t", "Basic dTpw")
    with pytest.raises(StoreError):
        store.resolve("a", "field")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x", "http://127.0.0.1:1", "http://["])
def test_addresses_that_cannot_be_asked(address):
    with pytest.raises(StoreError):
        ConsulStore(ConsulSettings(address=address, timeout=1)).resolve("a", "")


def test_files(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("value\r\n\n")
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    store = FileStore(tmp_path)
    assert store.resolve("in/a", "") == "value"
    assert [store.resolve(path, "") for path in ("none", "in", "in/a/b")] == [None] * 3
    for path in ("../a", str(tmp_path / "in" / "a"), "in/../../x", "", "a\0b", "large"):
        with pytest.raises(StoreError):
            store.resolve(path, "")


def test_settings_say_which_stores_there_are(tmp_path):
    assert stores_of(Settings()) == {}
    kv = KvSettings(VaultSettings("http://v"), ConsulSettings("c"), FileStoreSettings(str(tmp_path)))
    assert set(stores_of(Settings(kv=kv))) == {"vault", "consul", "file"}
    settings, problems = load_settings('{"kv": {"file": {"base_path": "inner"}}}', str(tmp_path / "tyk.conf"))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_text("1")
    assert problems == ()
    assert stores_of(settings)["file"].resolve("a", "") == "1"
    assert Path(settings.folder) == tmp_path


# through a whole load


def loaded(settings, target, **options):
    return load_text(json.dumps(classic(proxy={"target_url": target})), "a.json", settings, **options)


def host(result):
    return only(result)[1].sections["forward"].config.target.host


def test_references_of_definitions(server, tmp_path):
    (tmp_path / "up").write_text(VALUE + "\n")
    server.answers["/v1/secret/data/tyk-apis"] = (200, json.dumps({"data": {"data": {"a.b": VALUE}}}).encode())
    server.answers["/v1/kv2/data/x/y"] = (200, json.dumps({"data": {"data": {"up": VALUE}}}).encode())
    server.answers["/v1/kv/tyk-apis/up"] = (200, VALUE.encode())
    kv = KvSettings(
        VaultSettings(f"http://{server.address}", token="hidden"),
        ConsulSettings(server.address),
        FileStoreSettings(str(tmp_path)),
    )
    settings = Settings(kv=kv)
    for target in ("vault://a.b", "vault://kv2/x/y.up", "consul://up", "file://up"):
        result = loaded(settings, target)
        assert (host(result), result.problems) == ("very.secret.test", ())
        assert result.definitions[0].document["proxy"]["target_url"] == target
    asked = len(server.asked)
    assert loaded(settings, "vault://a.b", resolve=False).problems == ()
    assert len(server.asked) == asked


def test_variables_of_texts(server):
    server.answers["/v1/kv/a/b"] = (200, b"1")
    server.answers["/v1/secret/data/x"] = (200, json.dumps({"data": {"data": {"k": "2"}}}).encode())
    settings = Settings(kv=KvSettings(VaultSettings(f"http://{server.address}"), ConsulSettings(server.address)))
    headers = {"global_headers": {"A": "$secret_consul.a/b", "B": "$secret_vault.secret/x.k"}}
    result = load_text(json.dumps(classic(version_data={"versions": {"Default": headers}})), "a.json", settings)
    values = dict(only(result)[1].sections["request_headers"].config.add)
    assert (values["A"].constant, values["B"].constant) == ("1", "2")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("vault://up", "'kv.vault.address' is not set"),
        ("consul://up", "the store cannot be reached"),
        ("file://../up", "expected a relative path"),
        ("file://none", "is not in the folder of secrets"),
    ],
)
def test_what_cannot_be_looked_up_is_told(tmp_path, target, reason):
    kv = KvSettings(consul=ConsulSettings("127.0.0.1:1", timeout=1), file=FileStoreSettings(str(tmp_path)))
    result = loaded(Settings(kv=kv), target)
    assert codes(result)[0] == "missing-secret"
    assert reason in result.problems[0].message
    assert target in result.problems[0].message
    assert result.problems[0].pointer == "/proxy/target_url"


def test_a_store_that_failed_is_not_asked_again(server):
    server.answers["/v1/kv/tyk-apis/a"] = (500, b"")
    settings = Settings(kv=KvSettings(consul=ConsulSettings(server.address)))
    value = classic(name="consul://a", org_id="consul://b", proxy={"target_url": "consul://c"})
    result = load_text(json.dumps(value), "a.json", settings)
    assert codes(result).count("missing-secret") == 3
    assert len(server.asked) == 1


def test_values_are_never_shown(server):
    server.answers["/v1/kv/tyk-apis/a"] = (200, b"hunter2 hunter2")
    settings = Settings(
        secrets={"s": "hunter2"},
        kv=KvSettings(VaultSettings("http://v", token="hunter2"), ConsulSettings(server.address, token="hunter2")),
    )
    for changes in (
        {"proxy": {"target_url": "consul://a"}},
        {"proxy": {"listen_path": "consul://a"}},
        {"expiration": "consul://a"},
        {"allowed_ips": ["consul://a"], "enable_ip_whitelisting": True},
        {"domain": "consul://a"},
        {"api_id": "consul://a", "protocol": "consul://a"},
        {"response_processors": [{"name": "consul://a"}]},
        {"version_data": {"versions": {"Default": {"global_enforce_timeout": "consul://a"}}}},
        {"version_data": {"versions": {"Default": {"extended_paths": {"size_limits": [{"path": "(consul://a"}]}}}}},
    ):
        result = load_text(json.dumps(classic(**changes)), "a.json", settings)
        assert "hunter2" not in str(result.problems)
    assert "hunter2" not in repr(settings)
