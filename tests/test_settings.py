import pytest

from lockgate import settings as settings_module
from lockgate.problems import Severity
from lockgate.settings import DEFAULT_SECRET, HttpServerOptions, Settings, load_settings


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="empty"),
        pytest.param('{"template_path": "t", "middleware_path": "m", "enable_jsvm": true}', id="folders and scripts"),
        pytest.param('{"storage": {"type": ""}, "enable_analytics": false, "hostname": ""}', id="what is off"),
        pytest.param("storage: {type: memory}\n", id="YAML"),
        pytest.param('{"disable_dashboard_zeroconf": true, "use_sentry": false}', id="switches without a meaning here"),
    ],
)
def test_nothing_to_say(text):
    assert load_settings(text, "tyk.conf")[1] == ()


def test_defaults():
    settings, _ = load_settings("{}")
    assert settings == Settings()
    assert settings.secret == DEFAULT_SECRET
    assert settings.upstream_timeout_seconds == 30.0
    assert settings.http_server_options.enable_websockets


def test_settings_have_the_names_of_tyk_conf():
    text = """{
      "secret": "s", "listen_port": 1, "listen_address": "::1", "control_api_port": 2, "template_path": "t",
      "middleware_path": "m", "secrets": {"a": "b"}, "hide_generator_header": true, "close_connections": true,
      "proxy_default_timeout": 1.5, "ignore_endpoint_case": true,
      "http_server_options": {
        "enable_strict_routes": true, "enable_path_prefix_matching": true, "enable_path_suffix_matching": true,
        "skip_url_cleaning": true, "skip_target_path_escaping": true, "max_request_body_size": 3, "xff_depth": 4,
        "enable_websockets": false
      },
      "x-lockgate": {"strict": true}
    }"""
    settings, problems = load_settings(text)
    assert problems == ()
    assert settings.http_server_options == HttpServerOptions(
        enable_strict_routes=True,
        enable_path_prefix_matching=True,
        enable_path_suffix_matching=True,
        skip_url_cleaning=True,
        skip_target_path_escaping=True,
        max_request_body_size=3,
        xff_depth=4,
        enable_websockets=False,
    )
    assert (settings.secret, settings.listen_port, settings.listen_address, settings.control_api_port) == (
        "s", 1, "::1", 2,
    )  # fmt: skip
    assert (settings.template_path, settings.middleware_path, settings.secrets) == ("t", "m", {"a": "b"})
    assert settings.hide_generator_header
    assert settings.close_connections
    assert settings.ignore_endpoint_case
    assert settings.strict
    assert settings.upstream_timeout_seconds == 1.5


@pytest.mark.parametrize(
    ("text", "code", "severity", "pointer", "line"),
    [
        pytest.param('{"listen_prt": 1}', "unknown-key", Severity.WARNING, "/listen_prt", 1, id="unknown"),
        pytest.param('{"http_server_options":\n{"x": 1}}', "unknown-key", Severity.WARNING, "/http_server_options/x", 2,
                     id="unknown within"),
        pytest.param('{"opentelemetry": {"enabled": true}}', "unsupported-section", Severity.WARNING, "/opentelemetry", 1,
                     id="not built"),
        pytest.param('{"storage": {\n"type": "redis"}}', "unsupported-storage", Severity.ERROR, "/storage/type", 2,
                     id="redis"),
        pytest.param('{"listen_port": "80"}', "wrong-type", Severity.ERROR, "/listen_port", 1, id="type"),
        pytest.param('{"listen_port": 70000}', "bad-value", Severity.ERROR, "/listen_port", 1, id="range"),
        pytest.param('{"secret": ""}', "bad-value", Severity.ERROR, "/secret", 1, id="empty secret"),
        pytest.param("{", "bad-json", Severity.ERROR, "", 1, id="syntax"),
        pytest.param("a: [", "bad-yaml", Severity.ERROR, "", 1, id="YAML syntax"),
        pytest.param("a: 1\n---\nb: 1", "bad-yaml", Severity.ERROR, "", 1, id="two documents"),
        pytest.param("- 1", "wrong-type", Severity.ERROR, "", 1, id="list"),
    ],
)  # fmt: skip
def test_problems(text, code, severity, pointer, line):
    settings, (problem, *_) = load_settings(text, "tyk.conf")
    assert (problem.code, problem.severity, problem.pointer, problem.line) == (code, severity, pointer, line)
    assert problem.file == "tyk.conf"
    if severity is Severity.WARNING:
        assert settings == Settings()


def test_an_unknown_setting_has_a_hint():
    assert load_settings('{"listen_prt": 1}')[1][0].hint == "did you mean 'listen_port'?"


def test_variables_override_the_file():
    environ = {
        "TYK_GW_LISTENPORT": "9",
        "TYK_GW_SECRET": "123",
        "TYK_GW_HTTPSERVEROPTIONS_ENABLESTRICTROUTES": "true",
        "TYK_GW_HTTPSERVEROPTIONS_XFFDEPTH": "1",
        "TYK_GW_SECRETS_TOKEN": "t",
        "TYK_GW_XLOCKGATE_STRICT": "1",
        "PATH": "/bin",
    }
    text = (
        '{"listen_port": 1, "http_server_options": {"xff_depth": 3, "skip_url_cleaning": true}, "secrets": {"a": "b"}}'
    )
    settings, problems = load_settings(text, "f", environ)
    assert problems == ()
    assert (settings.listen_port, settings.secret, settings.strict) == (9, "123", True)
    assert settings.secrets == {"a": "b", "token": "t"}
    server = settings.http_server_options
    assert (server.enable_strict_routes, server.xff_depth, server.skip_url_cleaning) == (True, 1, True)


def test_variables_that_set_nothing_or_do_not_fit():
    environ = {"TYK_GW_LISTENPRT": "9", "TYK_GW_LISTENPORT": "hunter2"}
    _, problems = load_settings("{}", "", environ)
    assert [(problem.code, problem.severity) for problem in problems] == [
        ("bad-variable", Severity.ERROR),
        ("unknown-setting", Severity.WARNING),
    ]
    assert problems[0].message == "the variable TYK_GW_LISTENPORT has a value that does not fit"
    assert problems[1].hint == "did you mean 'TYK_GW_LISTENPORT'?"


def test_stores_of_secrets():
    text = """
    kv:
      vault: {address: "http://v", agent_address: "http://agent", max_retries: 3, timeout: 30, token: hidden, kv_version: 1}
      consul: {address: "c:8500", scheme: https, datacenter: dc, http_auth: {username: u, password: hidden}, wait_time: 10}
      file: {base_path: /secrets}
    """
    environ = {"TYK_GW_KV_VAULT_TIMEOUT": "2.5", "TYK_GW_KV_CONSUL_HTTPAUTH_USERNAME": "other"}
    settings, problems = load_settings(text, "folder/tyk.yaml", environ)
    assert problems == ()
    vault, consul = settings.kv.vault, settings.kv.consul
    assert (vault.address, vault.agent_address, vault.token, vault.kv_version, vault.timeout) == (
        "http://v", "http://agent", "hidden", 1, 2.5,
    )  # fmt: skip
    assert (consul.address, consul.scheme, consul.datacenter) == ("c:8500", "https", "dc")
    assert (consul.http_auth.username, consul.http_auth.password) == ("other", "hidden")
    assert (settings.kv.file.base_path, settings.folder) == ("/secrets", "folder")
    assert "hidden" not in repr(settings)


def test_any_xff_depth_may_be_set():
    settings, problems = load_settings('{"http_server_options": {"xff_depth": -1}}')
    assert (settings.http_server_options.xff_depth, problems) == (-1, ())


def test_every_setting_has_a_name():
    assert all(len(key) > 1 for key in [*settings_module._SETTINGS.keys, *settings_module._SERVER.keys])
