"""Virtual endpoints in definitions: where scripts are read from, in which order, and what is said of broken ones."""

import base64
import json

import pytest
from tests.apis import oas
from tests.loading.documents import classic, codes, load_document, only, with_paths, with_version

from lockgate.deployment import Deployment, read_settings
from lockgate.loading import LoadCache, load
from lockgate.problems import Severity
from lockgate.settings import Settings, load_settings

SCRIPT = "function f(request, session, config) { return TykJsResponse({Code: 200}, {}); }\n"


def blob(text=SCRIPT):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def section(name="f", text=SCRIPT, **more):
    return {"enabled": True, "functionName": name, "body": blob(text), **more}


def entry(name="f", text=SCRIPT, path="/x", method="GET", **more):
    return {
        "path": path,
        "method": method,
        "response_function_name": name,
        "function_source_type": "blob",
        "function_source_uri": blob(text),
        **more,
    }


def with_section(**more):
    return oas({"GET /x": {"virtualEndpoint": section(**more)}})


def rules_of(loaded):
    _, version = only(loaded)
    return [rule for rule in version.rules if rule.middleware == "virtual_endpoint"]


def config_of(loaded):
    (rule,) = rules_of(loaded)
    return rule.config


def sources_of(loaded):
    return rules_of(loaded)[0].config.script.program.sources


def texts_of(loaded):
    return [text for _, text in sources_of(loaded)]


# ── what they become ──


def test_oas():
    loaded = load_document(with_section(requireSession=True, proxyOnError=True))

    assert codes(loaded) == []
    (rule,) = rules_of(loaded)
    assert (rule.path, rule.method) == ("/x", "GET")
    assert rule.pointer == "/x-tyk-api-gateway/middleware/operations/op0/virtualEndpoint"
    assert (rule.config.script.name, rule.config.requires_session, rule.config.proxy_on_error) == ("f", True, True)
    assert rule.config.script.seconds == 5
    assert rule.config.script.program.sources == (("GET /x", SCRIPT),)
    assert rule.config.script.program.owner == "pets"


def test_classic():
    listed = [
        entry(use_session=True),
        entry("g", "function g() {}", path="/y", proxy_on_error=True),
        entry("h", "%%%", disabled=True),
    ]
    loaded = load_document(with_paths(virtual=listed))

    assert codes(loaded) == []
    first, second = rules_of(loaded)
    assert (first.config.requires_session, first.config.proxy_on_error) == (True, False)
    assert (second.config.requires_session, second.config.proxy_on_error) == (False, True)
    assert (second.entry, second.pointer) == ("GET /y", "/version_data/versions/Default/extended_paths/virtual/1")
    assert texts_of(loaded) == [SCRIPT, "function g() {}"]


@pytest.mark.parametrize("resource", ["ApiDefinition", "TykOasApiDefinition"])
def test_operator_resources(resource, tmp_path):
    if resource == "ApiDefinition":
        text = json.dumps(
            {
                "apiVersion": "tyk.tyk.io/v1alpha1",
                "kind": resource,
                "metadata": {"name": "pets"},
                "spec": with_paths(virtual=[entry()]),
            }
        )
    else:
        document = with_section()
        reference = {"name": "pets", "namespace": "default", "keyName": "oas.json"}
        text = "\n---\n".join(
            json.dumps(one)
            for one in (
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "pets", "namespace": "default"},
                    "data": {"oas.json": json.dumps(document)},
                },
                {
                    "apiVersion": "tyk.tyk.io/v1alpha1",
                    "kind": resource,
                    "metadata": {"name": "pets", "namespace": "default"},
                    "spec": {"tykOAS": {"configmapRef": reference}},
                },
            )
        )
    (tmp_path / "api.yaml").write_text(text)

    loaded = load([tmp_path], Settings())

    assert codes(loaded) == []
    assert config_of(loaded).script.program.sources[0][1] == SCRIPT


def test_what_is_off_is_not_looked_at():
    off = {"enabled": False, "functionName": "", "body": "%%%"}

    loaded = load_document(oas({"GET /x": {"virtualEndpoint": off}}))
    assert (codes(loaded), rules_of(loaded)) == ([], [])


def test_entries_without_extended_paths_do_not_count():
    document = with_version(use_extended_paths=False, extended_paths={"virtual": [entry(text="{")]})

    assert codes(load_document(document)) == ["unused-paths"]


@pytest.mark.parametrize("method", ["get", "", "Get"])
def test_a_classic_method_in_lower_case_never_matches(method):
    loaded = load_document(with_paths(virtual=[entry(method=method), entry("g", "function g() {}", path="/y")]))

    assert codes(loaded) == ["bad-method"]
    (rule,) = rules_of(loaded)
    assert rule.config.script.name == "g"
    # Its script is loaded all the same: others may call what it declares.
    assert texts_of(loaded) == [SCRIPT, "function g() {}"]


def test_the_older_name_of_the_function():
    older = {"enabled": True, "functionName": "", "name": "f", "body": blob()}

    assert config_of(load_document(oas({"GET /x": {"virtualEndpoint": older}}))).script.name == "f"
    both = {**older, "functionName": "f", "name": "other"}
    assert config_of(load_document(oas({"GET /x": {"virtualEndpoint": both}}))).script.name == "f"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"functionName": "f"}, "missing-key"),
        ({"enabled": True, "body": "YQ=="}, "missing-key"),
        ({"enabled": True, "functionName": 1}, "wrong-type"),
        ({"enabled": True, "functionName": "f", "proxyOnError": "yes"}, "wrong-type"),
        ({"enabled": True, "functionName": "f", "body": None}, "wrong-type"),
    ],
)
def test_what_is_refused(bad, code):
    loaded = load_document(oas({"GET /x": {"virtualEndpoint": bad}}))

    assert codes(loaded) == [code]
    assert loaded.definitions == ()


# ── the scripts of an API, and their order ──


def test_all_scripts_of_an_api_are_one_program():
    first, second = section("a", "function a() {}"), section("b", "function b() {}")
    loaded = load_document(oas({"GET /a": {"virtualEndpoint": first}, "GET /b": {"virtualEndpoint": second}}))

    one, other = rules_of(loaded)
    assert one.config.script.program == other.config.script.program
    assert len(one.config.script.program.sources) == 2


def test_oas_scripts_are_loaded_in_the_order_of_their_paths():
    paths = ["POST /b", "GET /b", "GET /{id}", "GET /a", "GET /a/longer", "DELETE /b", "GET /bb"]
    loaded = load_document(
        oas({path: {"virtualEndpoint": section(text=f"function f() {{}} // {path}")} for path in paths})
    )

    assert [name for name, _ in sources_of(loaded)] == [
        *("GET /a/longer", "GET /bb", "GET /a", "DELETE /b", "GET /b", "POST /b", "GET /{id}"),
    ]


def test_classic_scripts_are_loaded_in_the_order_of_their_list():
    listed = [entry(text=f"function f() {{}} // {number}", path=f"/{9 - number}") for number in range(5)]

    assert [text[-1] for text in texts_of(load_document(with_paths(virtual=listed)))] == ["0", "1", "2", "3", "4"]


def test_a_version_sees_its_own_scripts_last():
    def version(name):
        listed = [entry(text=f"function f() {{}} // {name}")]
        return {"name": name, "use_extended_paths": True, "extended_paths": {"virtual": listed}}

    document = classic(
        version_data={
            "not_versioned": False,
            "default_version": "v1",
            "versions": {"Default": None, "v1": version("v1"), "v2": version("v2")},
        },
        definition={"location": "header", "key": "X-Version"},
    )
    (definition,) = load_document(document).definitions

    programs = [one.rules[0].config.script.program for one in definition.versions]
    assert [[text[-2:] for _, text in program.sources] for program in programs] == [["v2", "v1"], ["v1", "v2"]]
    assert len({program.owner for program in programs}) == 2


def test_a_script_that_many_endpoints_share_is_loaded_first_and_last():
    shared, other = section(), section("g", "function g() {}")
    loaded = load_document(
        oas({f"GET /{name}": {"virtualEndpoint": other if name == "c" else shared} for name in "abcde"})
    )

    assert [name for name, _ in sources_of(loaded)] == ["GET /a and 3 more", "GET /c", "GET /a and 3 more"]


def served_from(tmp_path, virtual, script=SCRIPT, path="middleware/f.js", **settings):
    (tmp_path / "middleware").mkdir(exist_ok=True)
    (tmp_path / path).write_bytes(script.encode() if isinstance(script, str) else script)
    (tmp_path / "definitions").mkdir(exist_ok=True)
    document = virtual if "openapi" in virtual or "proxy" in virtual else oas({"GET /x": {"virtualEndpoint": virtual}})
    (tmp_path / "definitions" / "api.json").write_text(json.dumps(document))
    return load([tmp_path / "definitions"], Settings(folder=str(tmp_path), **settings))


def by_file(path="middleware/f.js", **more):
    return {"enabled": True, "functionName": "f", "path": path, **more}


def test_one_file_of_many_endpoints_is_loaded_twice_at_most(tmp_path):
    document = oas({f"GET /{name}": {"virtualEndpoint": by_file()} for name in "abcde"})

    assert sources_of(served_from(tmp_path, document)) == (("middleware/f.js", SCRIPT), ("middleware/f.js", SCRIPT))


def test_a_file_is_relative_to_the_settings(tmp_path):
    loaded = served_from(tmp_path, by_file(), b"\xef\xbb\xbf" + SCRIPT.encode() + b"// \xff")

    assert codes(loaded) == []
    assert sources_of(loaded) == (("middleware/f.js", SCRIPT + "// \udcff"),)
    assert loaded.definitions[0].files == (str(tmp_path / "middleware" / "f.js"),)


def test_a_file_may_stand_beside_the_definition(tmp_path):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "beside.js").write_text(SCRIPT)

    assert texts_of(served_from(tmp_path, by_file("beside.js"))) == [SCRIPT]


def test_classic_files(tmp_path):
    listed = entry(function_source_type="file", function_source_uri="middleware/f.js")

    assert texts_of(served_from(tmp_path, with_paths(virtual=[listed]))) == [SCRIPT]


def test_a_body_counts_before_a_path(tmp_path):
    assert codes(served_from(tmp_path, section(path="nowhere.js"))) == []


def test_a_function_may_be_that_of_another_script():
    loaded = load_document(
        oas(
            {
                "GET /a": {"virtualEndpoint": section()},
                "GET /b": {"virtualEndpoint": {"enabled": True, "functionName": "f"}},
            }
        )
    )

    assert codes(loaded) == []
    assert len(rules_of(loaded)) == 2


# ── what is wrong with them ──


@pytest.mark.parametrize("source", ["%%%", "YQ", "YWJj-_=="])
def test_what_is_no_base64(source):
    loaded = load_document(with_section(body=source))

    assert codes(loaded) == ["bad-script"]
    (problem,) = loaded.problems
    assert problem.severity is Severity.WARNING
    assert problem.pointer.endswith("/virtualEndpoint/body")
    assert problem.message.endswith("requests are answered with 500")
    assert len(rules_of(loaded)) == 1
    assert sources_of(loaded) == ()


def test_a_script_that_does_not_parse_says_where():
    loaded = load_document(with_section(text="var a;\n  function f( { return 1; }\n", proxyOnError=True))

    assert codes(loaded) == ["bad-script"]
    (problem,) = loaded.problems
    assert "in line 2, column " in problem.message
    assert problem.message.endswith("requests go to the upstream")
    assert problem.pointer.endswith("/virtualEndpoint/body")
    assert sources_of(loaded) == ()


def test_in_a_file_it_says_the_line_of_the_file(tmp_path):
    loaded = served_from(tmp_path, by_file(), "var a;\n\nfunction f( { return 1; }\n")

    (problem,) = loaded.problems
    assert (problem.code, problem.file, problem.line) == ("bad-script", str(tmp_path / "middleware" / "f.js"), 3)
    assert problem.pointer.endswith("/virtualEndpoint/path")


def test_one_that_is_broken_leaves_the_others():
    loaded = load_document(with_paths(virtual=[entry(text="{"), entry("g", "function g() {}", path="/y")]))

    assert codes(loaded) == ["bad-script"]
    assert len(rules_of(loaded)) == 2
    assert texts_of(loaded) == ["function g() {}"]


def test_what_only_newer_engines_parse_is_fine():
    assert codes(load_document(with_section(text="const f = async ({a} = {}, ...b) => `${a?.b ?? 1n}`;"))) == []


@pytest.mark.parametrize("path", ["nowhere.js", "definitions", "a\0b", "large.js"])
def test_a_file_that_cannot_be_read(tmp_path, path):
    (tmp_path / "large.js").write_bytes(b" " * ((4 << 20) + 1))

    loaded = served_from(tmp_path, by_file(path))

    assert codes(loaded) == ["missing-script"]
    assert loaded.problems[0].pointer.endswith("/virtualEndpoint/path")
    assert loaded.definitions[0].unavailable == ""
    assert len(rules_of(loaded)) == 1


@pytest.mark.parametrize("name", ["g", "", "F", "f2", " ", "g.f"])
def test_a_function_that_no_script_has(name):
    loaded = load_document(with_section(name=name))

    assert codes(loaded) == ["missing-function"]
    assert loaded.problems[0].pointer.endswith("/virtualEndpoint/functionName" if name else "/virtualEndpoint/name")
    assert len(rules_of(loaded)) == 1


@pytest.mark.parametrize("name", ["f", " f ", "f.call", "f['x']", "(function() {})", "[f][0]"])
def test_expressions_that_may_be_functions(name):
    assert codes(load_document(with_section(name=name))) == []


@pytest.mark.parametrize("word", ["", "blobs", "FILE"])
def test_classic_words_that_mean_nothing(word):
    loaded = load_document(with_paths(virtual=[entry(function_source_type=word)]))

    assert codes(loaded) == ["bad-value"]
    assert loaded.problems[0].pointer.endswith("/virtual/0/function_source_type")


# ── settings ──


def test_without_scripts_the_endpoint_is_not_there():
    settings = Settings(enable_jsvm=False)
    loaded = load_document(with_section(), settings)

    assert codes(loaded) == ["scripts-off"]
    assert rules_of(loaded) == []
    assert codes(load_document(with_paths(virtual=[entry()]), settings)) == ["scripts-off"]


def test_scripts_in_definitions_may_be_forbidden(tmp_path):
    loaded = served_from(tmp_path, section(), disable_virtual_path_blobs=True)

    assert codes(loaded) == ["scripts-off"]
    assert sources_of(loaded) == ()
    assert texts_of(served_from(tmp_path, by_file(), disable_virtual_path_blobs=True)) == [SCRIPT]


@pytest.mark.parametrize(("timeout", "seconds"), [(0, 5), (-1, 5), (7, 7)])
def test_the_time_limit(timeout, seconds):
    assert config_of(load_document(with_section(), Settings(jsvm_timeout=timeout))).script.seconds == seconds


def test_the_gateways_own_script_comes_first(tmp_path):
    (tmp_path / "core.js").write_text("var core = 1;")
    loaded = served_from(tmp_path, section(), tyk_js_path="core.js")

    assert texts_of(loaded) == ["var core = 1;", SCRIPT]
    assert str(tmp_path / "core.js") in loaded.definitions[0].files


def test_nothing_is_said_where_the_gateways_own_script_is_missing(tmp_path):
    loaded = served_from(tmp_path, section(), tyk_js_path="js/tyk.js")

    assert codes(loaded) == []
    assert loaded.definitions[0].files == (str(tmp_path / "js" / "tyk.js"),)


def test_the_gateways_own_script_may_be_broken(tmp_path):
    (tmp_path / "core.js").write_text("var var;")
    loaded = served_from(tmp_path, section(), tyk_js_path="core.js")

    assert codes(loaded) == ["bad-script"]
    assert (loaded.problems[0].file, loaded.problems[0].line) == (str(tmp_path / "core.js"), 1)
    assert texts_of(loaded) == [SCRIPT]


def test_the_settings_names():
    text = '{"enable_jsvm": false, "jsvm_timeout": 3, "tyk_js_path": "a.js", "disable_virtual_path_blobs": true}'
    made, problems = load_settings(text, "gateway.json", {})

    assert problems == ()
    assert (made.enable_jsvm, made.jsvm_timeout, made.tyk_js_path) == (False, 3, "a.js")
    assert made.disable_virtual_path_blobs


@pytest.mark.parametrize(
    "settings",
    [{"enable_jsvm": False}, {"jsvm_timeout": 1}, {"tyk_js_path": "a"}, {"disable_virtual_path_blobs": True}],
)
def test_settings_change_what_a_definition_is(settings):
    usual = load_document(with_section()).definitions[0].content_hash

    assert load_document(with_section(), Settings(**settings)).definitions[0].content_hash != usual


# ── config ──


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, {}),
        ({"enabled": False, "value": {"a": 1}}, {}),
        ({"enabled": True, "value": {"a": [1, None]}}, {"config_data": {"a": [1, None]}}),
        ({"enabled": True, "value": {}}, {"config_data": {}}),
    ],
)
def test_config_of_oas(data, told):
    everywhere = {} if data is None else {"pluginConfig": {"data": data}}
    document = oas({"GET /x": {"virtualEndpoint": section()}}, **everywhere)
    document["x-tyk-api-gateway"]["info"]["orgId"] = "org"

    config = config_of(load_document(document)).script.config
    assert config.argument() == {"APIID": "pets", "OrgID": "org", **told}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, {"config_data": None}),
        ({"config_data": {"a": 1}}, {"config_data": {"a": 1}}),
        ({"config_data": {"a": 1}, "config_data_disabled": True}, {}),
    ],
)
def test_config_of_classic(keys, told):
    document = {**with_paths(virtual=[entry()]), "org_id": "org", **keys}

    config = config_of(load_document(document)).script.config
    assert config.argument() == {"APIID": "harbour", "OrgID": "org", **told}


# ── reload ──


def test_a_changed_script_is_a_changed_definition(tmp_path):
    served_from(tmp_path, by_file())
    script = tmp_path / "middleware" / "f.js"
    cache = LoadCache()
    settings = Settings(folder=str(tmp_path))

    def hash_of():
        (definition,) = load([tmp_path / "definitions"], settings, cache=cache).definitions
        return definition.content_hash

    before = hash_of()
    assert hash_of() == before
    script.write_text(SCRIPT + "// changed")
    after = hash_of()
    assert after != before
    script.unlink()
    assert hash_of() not in (before, after)


def test_scripts_are_watched(tmp_path):
    served_from(tmp_path, by_file())
    (tmp_path / "gateway.json").write_text("{}")
    settings, _ = read_settings(tmp_path / "gateway.json", {})
    deployment = Deployment([tmp_path / "definitions"], settings)

    script = tmp_path / "middleware" / "f.js"
    assert script in deployment.watched
    script.write_text("var var;")
    report = deployment.reload()
    assert [(problem.code, problem.file) for problem in report.problems] == [("bad-script", str(script))]
    assert report.loaded == ("pets",)
