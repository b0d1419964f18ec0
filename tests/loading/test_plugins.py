"""Plugins of definitions: which run, from where, in which order, and what is said of the others."""

import json
from pathlib import Path

import pytest
import yaml
from tests.plugins import blob, passed, plugin, scripted, with_check, with_keys

from lockgate.loading import LoadCache, load, load_text
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot

STAMP = "var stamp = new TykJS.TykMiddleware.NewMiddleware({});"
PRE = "/x-tyk-api-gateway/middleware/global/prePlugins"


def classic(**changes):
    return {
        "name": "api",
        "api_id": "api",
        "use_keyless": True,
        "proxy": {"listen_path": "/api/", "target_url": "http://upstream.test", "strip_listen_path": True},
        "version_data": {
            "not_versioned": True,
            "versions": {"Default": {"name": "Default", "use_extended_paths": True, "extended_paths": {}}},
        },
        **changes,
    }


def read(document, folder=Path(), **settings):
    """What loading makes of a document that stands in ``folder``, with the settings' file beside it."""
    return load_text(json.dumps(document), str(folder / "api.json"), Settings(folder=str(folder), **settings))


def only(loaded):
    (definition,) = loaded.definitions
    return definition.versions[0].sections


def names(loaded, section="script_pre"):
    return [one.script.name for one in only(loaded)[section].config.plugins]


def sources(loaded, section="script_pre"):
    return [name for name, _ in only(loaded)[section].config.plugins[0].script.program.sources]


def told(loaded):
    return [(problem.code, problem.pointer) for problem in loaded.problems]


def entry(name="stamp", **more):
    return {"name": name, "code": blob(f"var {name} = {{}};"), **more}


# ── formats ──


@pytest.mark.parametrize(
    ("key", "section"),
    [("pre", "script_pre"), ("post", "script_post"), ("response", "script_response")],
)
def test_the_lists_of_a_classic_definition(key, section):
    listed = [entry("a"), entry("b", disabled=True), entry("c", require_session=True)]
    loaded = read(classic(custom_middleware={"driver": "otto", key: listed}))

    assert told(loaded) == []
    made = only(loaded)[section]
    assert [(one.script.name, one.session) for one in made.config.plugins] == [("a", False), ("c", True)]
    assert made.pointer == f"/custom_middleware/{key}"


def test_keys_of_a_classic_definition_in_any_case():
    loaded = read(classic(Custom_Middleware={"DRIVER": "otto", "Pre": [{"NAME": "a", "Code": blob("var a;")}]}))

    assert names(loaded) == ["a"]
    assert only(loaded)["script_pre"].pointer == "/Custom_Middleware/Pre"


@pytest.mark.parametrize(
    ("key", "section"),
    [
        ("prePlugins", "script_pre"),
        ("postPlugins", "script_post"),
        ("postAuthenticationPlugins", "script_post_auth"),
        ("responsePlugins", "script_response"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_the_lists_of_an_oas_definition(key, section, old):
    listed = [plugin("", "a"), plugin("", "b") | {"enabled": False}, plugin("", "c", requireSession=True)]
    written = {key.removesuffix("s"): {"plugins": listed}} if old else {key: listed}
    loaded = read(with_keys(scripted(**written)))

    assert told(loaded) == []
    assert [(one.script.name, one.session) for one in only(loaded)[section].config.plugins] == [
        ("a", False),
        ("c", True),
    ]


def test_both_spellings_of_a_list_count():
    loaded = read(scripted(prePlugin={"plugins": [plugin("", "old")]}, prePlugins=[plugin("", "new")]))

    assert names(loaded) == ["old", "new"]


def test_resources_of_the_operator():
    spec = classic(custom_middleware={"driver": "otto", "pre": [entry()]})
    resource = {
        "apiVersion": "tyk.tyk.io/v1alpha1",
        "kind": "ApiDefinition",
        "metadata": {"name": "api"},
        "spec": spec,
    }
    loaded = load_text(yaml.safe_dump(resource), "api.yaml", Settings())

    assert told(loaded) == []
    assert names(loaded) == ["stamp"]


def test_every_version_of_a_classic_definition_has_them():
    document = classic(custom_middleware={"driver": "otto", "pre": [entry()]})
    document["version_data"] = {
        "not_versioned": False,
        "default_version": "a",
        "versions": {name: {"name": name, "use_extended_paths": True} for name in ("a", "b")},
    }
    (definition,) = read(document).definitions

    assert ["script_pre" in version.sections for version in definition.versions] == [True, True]


@pytest.mark.parametrize("key", ["custom_plugin_auth_enabled", "enable_coprocess_auth", "use_go_plugin_auth"])
def test_authentication_of_a_classic_definition(key):
    written = {"driver": "otto", "auth_check": entry("check")}
    loaded = read(classic(use_keyless=False, custom_middleware=written, **{key: True}))

    assert told(loaded) == []
    assert only(loaded)["script_auth"].config.plugin.script.name == "check"
    assert "auth_token" not in only(loaded)
    both = read(classic(use_keyless=False, use_standard_auth=True, custom_middleware=written, **{key: True}))
    assert {"script_auth", "auth_token"} <= only(both).keys()


@pytest.mark.parametrize("changes", [{"use_keyless": True, "custom_plugin_auth_enabled": True}, {"use_keyless": False}])
def test_an_authentication_plugin_that_nothing_asks_for(changes):
    loaded = read(classic(custom_middleware={"driver": "otto", "auth_check": entry("check")}, **changes))

    assert told(loaded) == [("plugin-not-run", "/custom_middleware/auth_check")]
    assert "script_auth" not in only(loaded)


# ── drivers ──


@pytest.mark.parametrize("driver", ["otto", "goja", "javascript"])
def test_newer_names_of_the_driver_are_taken(driver):
    document = scripted(prePlugins=[plugin("")])
    document["x-tyk-api-gateway"]["middleware"]["global"]["pluginConfig"]["driver"] = driver

    assert names(read(document)) == ["handler"]
    assert names(read(classic(custom_middleware={"driver": driver, "pre": [entry()]}))) == ["stamp"]


@pytest.mark.parametrize(("driver", "keeps"), [("otto", False), ("goja", True), ("javascript", True)])
def test_scripts_of_newer_drivers_have_the_functions_of_the_store(driver, keeps):
    document = scripted(pluginConfig={"driver": driver})
    document["x-tyk-api-gateway"]["middleware"]["operations"]["op0"] = {
        "virtualEndpoint": {"enabled": True, "functionName": "f", "body": blob("function f() {}")}
    }
    (version,) = read(document).definitions[0].versions
    assert version.rules[0].config.script.program.keeps is keeps
    made = only(read(classic(custom_middleware={"driver": driver, "pre": [entry()]})))
    assert made["script_pre"].config.plugins[0].script.program.keeps is keeps


@pytest.mark.parametrize("driver", ["", "lua", "OTTO"])
def test_without_a_driver_that_there_is_plugins_do_not_run(driver):
    loaded = read(classic(custom_middleware={"driver": driver, "pre": [entry()]}))

    assert told(loaded) == [("plugin-not-run", "/custom_middleware/pre/0")]
    assert loaded.definitions[0].unavailable == ""
    assert "script_pre" not in only(loaded)
    assert "otto" in loaded.problems[0].hint


@pytest.mark.parametrize("driver", ["python", "grpc", "goplugin"])
def test_plugins_of_other_drivers_make_the_api_unavailable(driver):
    loaded = read(classic(custom_middleware={"driver": driver, "post": [entry()]}))

    assert told(loaded) == [("unsupported-restriction", "/custom_middleware/post/0")]
    assert driver in loaded.definitions[0].unavailable


@pytest.mark.parametrize("driver", ["python", "lua", ""])
def test_a_driver_without_plugins_asks_for_nothing(driver):
    loaded = read(classic(custom_middleware={"driver": driver, "pre": [entry(disabled=True)]}))

    assert told(loaded) == []
    assert loaded.definitions[0].unavailable == ""


def test_where_no_script_runs_requests_are_refused():
    loaded = read(classic(custom_middleware={"driver": "otto", "pre": [entry()]}), enable_jsvm=False)

    assert told(loaded) == [("scripts-off", "/custom_middleware/pre/0")]
    assert not only(loaded)["script_pre"].config.runs


# ── scripts ──


def test_files_stand_beside_the_settings_or_the_definition(tmp_path):
    (tmp_path / "middleware").mkdir()
    (tmp_path / "middleware" / "a.js").write_text(STAMP)
    loaded = read(
        classic(custom_middleware={"driver": "otto", "pre": [{"name": "stamp", "path": "middleware/a.js"}]}), tmp_path
    )

    assert told(loaded) == []
    assert sources(loaded) == ["middleware/a.js"]
    assert str(tmp_path / "middleware" / "a.js") in loaded.definitions[0].files


@pytest.mark.parametrize(
    ("written", "code", "pointer"),
    [
        ({"path": "gone.js"}, "missing-script", "/custom_middleware/pre/0/path"),
        ({"path": "a\0.js"}, "missing-script", "/custom_middleware/pre/0/path"),
        ({"path": "notes.txt"}, "missing-script", "/custom_middleware/pre/0/path"),
        ({"code": "§"}, "bad-script", "/custom_middleware/pre/0/code"),
        ({"code": blob("var stamp = ;")}, "bad-script", "/custom_middleware/pre/0/code"),
        ({"name": "", "code": blob("var a;")}, "missing-script", "/custom_middleware/pre/0"),
        ({"name": "typo", "code": blob("var stamp;")}, "missing-function", "/custom_middleware/pre/0"),
        ({}, "missing-function", "/custom_middleware/pre/0"),
    ],
)
def test_scripts_that_cannot_be_used_are_told_and_the_api_is_served(written, code, pointer):
    loaded = read(classic(custom_middleware={"driver": "otto", "pre": [{"name": "stamp", **written}]}))

    assert [one[0] for one in told(loaded)] == [code]
    assert told(loaded)[0][1].startswith(pointer)
    assert "500" in loaded.problems[0].message
    assert len(only(loaded)["script_pre"].config.plugins) == 1


def test_a_script_that_does_not_compile_is_told_with_its_line(tmp_path):
    (tmp_path / "a.js").write_text("var a = 1;\nvar b = ;\n")
    loaded = read(classic(custom_middleware={"driver": "otto", "pre": [{"name": "a", "path": "a.js"}]}), tmp_path)
    (problem,) = loaded.problems

    assert (problem.code, problem.file, problem.line) == ("bad-script", str(tmp_path / "a.js"), 2)


def test_the_order_in_which_scripts_are_loaded(tmp_path):
    folder = tmp_path / "middleware" / "api"
    for part, name in (("pre", "b"), ("pre", "a"), ("auth", "c"), ("post_auth", "d"), ("post", "e")):
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / f"{name}.js").write_text(f"var {name};")
    listed = {key: [{"name": key, "code": blob(f"var {key};")}] for key in ("pre", "post", "post_key_auth", "response")}
    document = classic(
        use_keyless=False,
        custom_plugin_auth_enabled=True,
        custom_middleware={"driver": "otto", **listed},
    )
    document["version_data"]["versions"]["Default"]["extended_paths"] = {
        "virtual": [
            {
                "path": "/v",
                "method": "GET",
                "response_function_name": "v",
                "function_source_type": "blob",
                "function_source_uri": blob("function v() {}"),
            }
        ]
    }
    loaded = read(document, tmp_path)

    assert told(loaded) == []
    assert [Path(name).name for name in sources(loaded)] == [
        *("GET v", "c.js")[:0],
        "v",
        "c.js",
        "pre.js",
        "post.js",
        "a.js",
        "b.js",
        "d.js",
        "e.js",
        "post_key_auth.js",
        "response.js",
    ]
    assert names(loaded, "script_pre") == ["pre", "a", "b"]
    assert names(loaded, "script_post_auth") == ["d", "post_key_auth"]
    assert names(loaded, "script_post") == ["post", "e"]
    assert only(loaded)["script_auth"].config.plugin.script.name == "c"


# ── folders ──


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "middleware" / "api"
    for part in ("pre", "post", "auth"):
        (made / part).mkdir(parents=True)
    return made


def with_folder(folder, **changes):
    return read(classic(**{"custom_middleware": {"driver": "otto"}, **changes}), folder.parents[1])


def test_names_of_files_say_the_variable_and_whether_it_gets_the_session(folder):
    (folder / "post" / "count_with_session.js").write_text("var count_with_session;")
    (folder / "pre" / "pre_with_session.old.js").write_text("var pre_with_session;")
    (folder / "pre" / "notes.txt").write_text("no script")
    loaded = with_folder(folder)

    assert [(one.script.name, one.session) for one in only(loaded)["script_post"].config.plugins] == [
        ("count_with_session", True)
    ]
    assert [(one.script.name, one.session) for one in only(loaded)["script_pre"].config.plugins] == [
        ("pre_with_session", False)
    ]
    assert [problem.code for problem in loaded.problems] == ["plugin-not-run"]
    assert "notes.txt" in loaded.problems[0].message


def test_the_folder_of_another_driver_is_not_looked_at(folder):
    (folder / "pre" / "a.js").write_text("var a;")
    loaded = with_folder(folder, custom_middleware={})

    assert "script_pre" not in only(loaded)
    assert [problem.code for problem in loaded.problems] == ["plugin-not-run"]


def test_one_plugin_authenticates(folder):
    for name in ("a", "b"):
        (folder / "auth" / f"{name}.js").write_text(f"var {name};")
    loaded = with_folder(folder, use_keyless=False, custom_plugin_auth_enabled=True)

    assert only(loaded)["script_auth"].config.plugin.script.name == "a"
    assert [problem.code for problem in loaded.problems] == ["plugin-not-run"]
    assert "'b'" in loaded.problems[0].message


@pytest.mark.parametrize("api_id", ["..", "../other", "a/b", "a\0b"])
def test_an_id_leads_into_no_other_folder(tmp_path, api_id):
    for place in (tmp_path / "pre", tmp_path / "middleware" / "pre", tmp_path / "middleware" / "a" / "b" / "pre"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "evil.js").write_text("var evil;")
    loaded = read(classic(api_id=api_id, custom_middleware={"driver": "otto"}), tmp_path)

    assert "script_pre" not in only(loaded)


async def test_a_file_that_comes_later_is_seen(tmp_path):
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    file = definitions / "api.json"
    file.write_text(json.dumps(classic(custom_middleware={"driver": "otto"})))
    made, cache = Settings(folder=str(tmp_path)), LoadCache()
    first = load([file], made, cache=cache)
    assert "script_pre" not in only(first)
    watched = str(tmp_path / "middleware" / "api")
    assert watched in first.definitions[0].files

    (tmp_path / "middleware" / "api" / "pre").mkdir(parents=True)
    (tmp_path / "middleware" / "api" / "pre" / "late.js").write_text(
        "var late = {DoProcessRequest: function(r) { r.SetHeaders['X-Late'] = '1';"
        " return JSON.stringify({Request: r, SessionMeta: {}}); }};"
    )
    second = load([file], made, cache=cache)

    assert second.definitions[0].content_hash != first.definitions[0].content_hash
    assert str(tmp_path / "middleware" / "api" / "pre") in second.definitions[0].files
    trace = await passed(Snapshot(second.definitions, made), url="/api/x")
    assert trace.upstream_request.headers.get("X-Late") == "1"


def test_a_changed_script_is_another_definition(tmp_path):
    document = classic(custom_middleware={"driver": "otto", "pre": [{"name": "a", "path": "a.js"}]})
    (tmp_path / "a.js").write_text("var a = 1;")
    before = read(document, tmp_path).definitions[0].content_hash
    (tmp_path / "a.js").write_text("var a = 2;")

    assert read(document, tmp_path).definitions[0].content_hash != before


# ── what scripts are told ──


async def test_config_data_reach_plugins():
    data = {"enabled": True, "value": {"factor": 2}}
    body = 'request.SetHeaders["X-Config"] = JSON.stringify(config);'
    document = scripted(prePlugins=[plugin(body)], pluginConfig={"data": data})
    trace = await passed(Snapshot(read(document).definitions, Settings()))

    assert json.loads(trace.upstream_request.headers.get("X-Config")) == {
        "APIID": "pets",
        "OrgID": "",
        "config_data": {"factor": 2},
    }


def test_the_authentication_of_an_oas_definition_says_where_credentials_are():
    document = with_check(
        scripted(), "", header={"enabled": True, "name": "X-Badge"}, query={"enabled": True, "name": "badge"}
    )
    (definition,) = read(document).definitions
    snapshot = Snapshot([definition], Settings())

    assert snapshot.apis["pets"].key_names == {"x-badge", "badge"}
