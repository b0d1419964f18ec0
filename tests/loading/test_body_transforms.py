"""Body transforms in definitions: where templates are read from, and what is said of those that cannot be used."""

import json

import pytest
from tests.apis import oas
from tests.loading.documents import classic, codes, load_document, only, with_paths, with_version
from tests.templates_of import blob, body_entry, body_section

from lockgate.body_transforms.transform import Engine, InputFormat
from lockgate.deployment import Deployment, read_settings
from lockgate.loading import LoadCache, load
from lockgate.problems import Severity
from lockgate.settings import Settings

REQUEST = "request_body_transform"
RESPONSE = "response_body_transform"


def with_sections(**sections):
    return oas({"POST /x": sections})


def rules_of(loaded, name=REQUEST):
    _, version = only(loaded)
    return [rule for rule in version.rules if rule.middleware == name]


def transform_of(loaded, name=REQUEST):
    (rule,) = rules_of(loaded, name)
    return rule.config.transform


def place_of(problem):
    return problem.pointer.partition("/operations/op0")[2] or problem.pointer.partition("/extended_paths")[2]


# ── what they become ──


def test_oas():
    loaded = load_document(
        with_sections(transformRequestBody=body_section("a {{.x}}"), transformResponseBody=body_section("b", "xml"))
    )

    assert codes(loaded) == []
    request, response = transform_of(loaded), transform_of(loaded, RESPONSE)
    assert (request.texts[0].text, request.input, request.session) == ("a {{.x}}", InputFormat.JSON, True)
    assert (response.texts[0].text, response.input, response.session) == ("b", InputFormat.XML, True)
    assert (request.tolerant, response.tolerant) == (False, True)
    (rule,) = rules_of(loaded)
    assert rule.pointer == "/x-tyk-api-gateway/middleware/operations/op0/transformRequestBody"
    assert (rule.path, rule.method) == ("/x", "POST")


def test_classic():
    loaded = load_document(
        with_paths(
            transform=[body_entry("a", enable_session=True), {**body_entry("b"), "disabled": True}],
            transform_response=[body_entry("c", input_type="xml")],
        )
    )

    assert codes(loaded) == []
    request, response = transform_of(loaded), transform_of(loaded, RESPONSE)
    assert (request.texts[0].text, request.session) == ("a", True)
    assert (response.texts[0].text, response.input, response.session) == ("c", InputFormat.XML, False)


def test_what_is_off_is_not_looked_at():
    off = {**body_section("{{if}}"), "enabled": False}

    assert codes(load_document(with_sections(transformRequestBody=off))) == []
    assert codes(load_document(with_paths(transform=[{**body_entry("{{if}}"), "disabled": True}]))) == []


def test_entries_without_extended_paths_do_not_count():
    document = with_version(use_extended_paths=False, extended_paths={"transform": [body_entry("{{if}}")]})

    assert codes(load_document(document)) == ["unused-paths"]


def test_an_operator_resource():
    resource = {
        "apiVersion": "tyk.tyk.io/v1alpha1",
        "kind": "ApiDefinition",
        "metadata": {"name": "pets"},
        "spec": with_paths(transform=[body_entry("a")]),
    }

    assert transform_of(load_document(resource)).texts[0].text == "a"


def test_versions_see_the_named_templates_of_one_another():
    def version(name, template):
        return {"name": name, "use_extended_paths": True, "extended_paths": {"transform": [body_entry(template)]}}

    document = classic(
        version_data={
            "not_versioned": False,
            "default_version": "v1",
            "versions": {
                "Default": None,
                "v1": version("v1", '{{template "t"}}'),
                "v2": version("v2", '{{define "t"}}x{{end}}'),
            },
        },
        definition={"location": "header", "key": "X-Version"},
    )
    loaded = load_document(document)

    assert codes(loaded) == []
    (definition,) = loaded.definitions
    assert len(definition.versions[0].rules[0].config.transform.texts) == 2


# ── where templates come from ──


def test_a_body_counts_before_a_path():
    section = {**body_section("body"), "path": "nothing.tmpl"}

    assert transform_of(load_document(with_sections(transformRequestBody=section))).texts[0].text == "body"


def served_from(tmp_path, section, name="api.json", **files):
    definitions = tmp_path / "definitions"
    definitions.mkdir(exist_ok=True)
    for path, content in files.items():
        file = tmp_path / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (definitions / name).write_text(json.dumps(with_sections(transformRequestBody=section)))
    return load([definitions], Settings(folder=str(tmp_path)))


def test_a_file_is_relative_to_the_settings(tmp_path):
    section = {"enabled": True, "format": "json", "body": "", "path": "templates/a.tmpl"}
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.tmpl").write_bytes(b"\xef\xbb\xbfone\r\n{{.a}}\xff")

    loaded = served_from(tmp_path, section)

    assert codes(loaded) == []
    transform = transform_of(loaded)
    assert (transform.texts[0].name, transform.texts[0].text) == ("a.tmpl", "\ufeffone\r\n{{.a}}\udcff")
    assert loaded.definitions[0].files == (str(tmp_path / "templates" / "a.tmpl"),)


def test_a_file_may_stand_beside_the_definition(tmp_path):
    section = {"enabled": True, "format": "json", "path": "templates/a.tmpl"}
    beside, before = tmp_path / "definitions" / "templates", tmp_path / "templates"
    beside.mkdir(parents=True)
    (beside / "a.tmpl").write_text("beside the definition")

    assert transform_of(served_from(tmp_path, section)).texts[0].text == "beside the definition"
    before.mkdir()
    (before / "a.tmpl").write_text("beside the settings")
    assert transform_of(served_from(tmp_path, section)).texts[0].text == "beside the settings"


def test_classic_files(tmp_path):
    entry = body_entry("", template_mode="file", template_source=str(tmp_path / "a.tmpl"))
    (tmp_path / "a.tmpl").write_text("x")

    assert transform_of(load_document(with_paths(transform=[entry]))).texts[0].name == "a.tmpl"


@pytest.mark.parametrize("path", ["nothing.tmpl", "", "definitions", "a\0b", "large.tmpl"])
def test_a_file_that_cannot_be_read_leaves_the_transform_out(tmp_path, path):
    (tmp_path / "large.tmpl").write_bytes(b"x" * ((1 << 20) + 1))

    loaded = served_from(tmp_path, {"enabled": True, "format": "json", "path": path})

    assert codes(loaded) == ["missing-template"]
    (problem,) = loaded.problems
    assert problem.severity is Severity.WARNING
    assert place_of(problem) == "/transformRequestBody/path"
    assert problem.message.endswith("bodies go upstream as they came")
    assert rules_of(loaded) == []
    assert loaded.definitions[0].unavailable == ""


# ── what is wrong with them ──


@pytest.mark.parametrize("key", ["transformRequestBody", "transformResponseBody"])
@pytest.mark.parametrize("source", ["%%%", "YQ", "YQ=", "YWJj-_=="])
def test_what_is_no_base64(key, source):
    loaded = load_document(with_sections(**{key: {"enabled": True, "format": "json", "body": source}}))

    assert codes(loaded) == ["bad-template"]
    assert place_of(loaded.problems[0]) == f"/{key}/body"


def test_a_template_that_does_not_parse_says_where():
    loaded = load_document(with_sections(transformRequestBody=body_section("one\n  {{uper .a}}")))

    (problem,) = loaded.problems
    assert problem.code == "bad-template"
    assert problem.severity is Severity.WARNING
    assert place_of(problem) == "/transformRequestBody/body"
    assert 'template: :2: function "uper" not defined' in problem.message
    assert "in line 2" in problem.message
    assert "upper" in problem.hint
    assert problem.line > 1
    assert rules_of(loaded) == []


def test_in_a_file_it_says_the_line_of_the_file(tmp_path):
    section = {"enabled": True, "format": "json", "path": "broken.tmpl"}

    loaded = served_from(tmp_path, section, **{"broken.tmpl": "one\n\n{{if}}"})

    (problem,) = loaded.problems
    assert (problem.file, problem.line) == (str(tmp_path / "broken.tmpl"), 3)
    assert place_of(problem) == "/transformRequestBody/path"
    assert "template: broken.tmpl:3: missing value for if" in problem.message


def test_one_that_is_broken_leaves_the_others():
    paths = with_paths(transform=[body_entry("{{if}}"), body_entry("good"), body_entry("other", path="/y")])
    loaded = load_document(paths)

    assert codes(loaded) == ["bad-template"]
    assert [rule.config.transform.texts[0].text for rule in rules_of(loaded)] == ["good", "other"]


@pytest.mark.parametrize("function", ["env", "expandenv"])
def test_the_environment_is_out_of_reach(function):
    loaded = load_document(with_sections(transformRequestBody=body_section(f'{{{{{function} "HOME"}}}}')))

    assert codes(loaded) == ["bad-template"]
    assert f'function "{function}" not defined' in loaded.problems[0].message


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        (body_entry("a", template_mode=""), "/transform/0/template_data/template_mode"),
        (body_entry("a", template_mode="blobs"), "/transform/0/template_data/template_mode"),
        ({"path": "/x", "method": "POST"}, "/transform/0/template_data/template_mode"),
        (body_entry("a", input_type="JSON"), "/transform/0/template_data/input_type"),
        (body_entry("a", input_type=""), "/transform/0/template_data/input_type"),
    ],
)
def test_classic_words_that_mean_nothing(entry, place):
    loaded = load_document(with_paths(transform=[entry]))

    assert codes(loaded) == ["bad-value"]
    assert place_of(loaded.problems[0]) == place


def test_classic_responses_are_json_without_a_word():
    assert codes(load_document(with_paths(transform_response=[body_entry("a", input_type="")]))) == []
    loaded = load_document(with_paths(transform_response=[body_entry("a", input_type="yaml")]))
    assert codes(loaded) == ["bad-value"]
    assert loaded.problems[0].message.endswith("bodies are read as JSON")


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ({"enabled": True, "format": "JSON", "body": "YQ=="}, "bad-value"),
        ({"enabled": True, "format": "", "body": "YQ=="}, "bad-value"),
        ({"enabled": True, "body": "YQ=="}, "missing-key"),
        ({"format": "json", "body": "YQ=="}, "missing-key"),
        ({"enabled": True, "format": "json"}, "missing-key"),
        ({"enabled": False, "format": "json"}, "missing-key"),
        ({"enabled": True, "format": "json", "body": 1}, "wrong-type"),
        ({"enabled": True, "format": "json", "x-lockgate": {"engine": "jinja2"}}, "missing-key"),
        ({"enabled": True, "format": "json", "x-lockgate": {"engine": "perl", "body": "YQ=="}}, "bad-value"),
    ],
)
@pytest.mark.parametrize("key", ["transformRequestBody", "transformResponseBody"])
def test_what_is_refused(key, section, code):
    loaded = load_document(with_sections(**{key: section}))

    assert codes(loaded) == [code]
    assert loaded.definitions == ()


def test_what_a_template_had_better_not_do_is_said():
    loaded = load_document(with_sections(transformRequestBody=body_section('{"a": "{{.a}}"}')))

    assert codes(loaded) == ["template-unescaped-json"]
    assert place_of(loaded.problems[0]) == "/transformRequestBody/body"
    assert loaded.problems[0].message.startswith("in line 1, column 10 of the template, {{.a}} puts a value")
    assert len(rules_of(loaded)) == 1


def test_fields_that_the_document_does_not_have():
    document = with_sections(transformRequestBody=body_section("{{.nam}}"))
    operation = document["paths"]["/x"]["post"]
    operation["requestBody"] = {"content": {"application/json": {"example": {"name": "Tom"}}}}

    assert codes(load_document(document)) == ["template-unknown-field"]
    operation["requestBody"] = {"$ref": "#/components/requestBodies/no"}
    document["components"] = {"requestBodies": {"no": {"content": {}}}}
    assert codes(load_document(document)) == []


def test_what_clients_get_says_nothing_of_what_the_upstream_answers():
    document = with_sections(transformResponseBody=body_section("{{.idd}}"))
    operation = document["paths"]["/x"]["post"]
    operation["responses"]["200"]["content"] = {"application/json": {"example": {"id": 7}}}

    assert codes(load_document(document)) == []


def test_names_that_nobody_defines():
    loaded = load_document(
        oas(
            {
                "POST /x": {"transformRequestBody": body_section('{{template "a"}}{{template "b"}}')},
                "POST /y": {"transformRequestBody": body_section('{{define "a"}}x{{end}}')},
            }
        )
    )

    assert codes(loaded) == ["template-undefined"]
    assert '"b"' in loaded.problems[0].message


def test_a_secret_in_a_template_is_one_of_the_definition():
    loaded = load_document(
        with_sections(transformRequestBody=body_section("$secret_conf.key {{.a}}")), Settings(secrets={"key": "s3cret"})
    )

    assert loaded.definitions[0].secrets == {"s3cret"}


def test_what_refers_to_something_is_not_judged_without_it():
    section = {"enabled": True, "format": "json", "body": "env://TEMPLATE"}

    loaded = load_document(with_sections(transformRequestBody=section), resolve=False)
    assert codes(loaded) == []
    resolved = load_document(with_sections(transformRequestBody=section), environ={"TEMPLATE": blob("from outside")})
    assert transform_of(resolved).texts[0].text == "from outside"


# ── our own keys ──


def test_another_language_and_a_template_of_its_own():
    own = {"engine": "jinja2", "body": blob("{{ a }}")}
    loaded = load_document(with_sections(transformRequestBody=body_section("{{.a}}", **{"x-lockgate": own})))

    assert codes(loaded) == []
    assert (transform_of(loaded).engine, transform_of(loaded).texts[0].text) == (Engine.JINJA2, "{{ a }}")
    alone = {"enabled": True, "format": "json", "x-lockgate": own}
    assert transform_of(load_document(with_sections(transformRequestBody=alone))).engine is Engine.JINJA2


def test_the_language_alone_is_of_the_template_beside_it():
    section = body_section("{{ a }}", **{"x-lockgate": {"engine": "jinja2"}})

    assert transform_of(load_document(with_sections(transformRequestBody=section))).engine is Engine.JINJA2


def test_classic_own_keys(tmp_path):
    (tmp_path / "a.jinja").write_text("{{ a }}")
    own = {"engine": "jinja2", "template_mode": "file", "template_source": str(tmp_path / "a.jinja")}
    loaded = load_document(with_paths(transform=[body_entry("{{.a}}", **{"x-lockgate": own})]))

    assert codes(loaded) == []
    assert (transform_of(loaded).engine, transform_of(loaded).texts[0].name) == (Engine.JINJA2, "a.jinja")


def test_a_jinja_template_that_is_none():
    loaded = load_document(
        with_sections(transformRequestBody=body_section("one\n{% if %}", **{"x-lockgate": {"engine": "jinja2"}}))
    )

    assert codes(loaded) == ["bad-template"]
    assert "in line 2" in loaded.problems[0].message


# ── reloads ──


def test_a_changed_template_is_a_changed_api(tmp_path):
    section = {"enabled": True, "format": "json", "path": "a.tmpl"}
    hashes = {
        served_from(tmp_path, section, **{"a.tmpl": text}).definitions[0].content_hash for text in ("one", "two", "one")
    }

    assert len(hashes) == 2


def test_a_file_that_is_gone_or_comes_is_noticed(tmp_path):
    cache = LoadCache()
    settings = Settings(folder=str(tmp_path))
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    section = {"enabled": True, "format": "json", "path": "a.tmpl"}
    (definitions / "api.json").write_text(json.dumps(with_sections(transformRequestBody=section)))

    def loaded():
        return load([definitions], settings, cache=cache)

    assert codes(loaded()) == ["missing-template"]
    (tmp_path / "a.tmpl").write_text("one")
    assert transform_of(loaded()).texts[0].text == "one"
    (tmp_path / "a.tmpl").write_text("two")
    assert transform_of(loaded()).texts[0].text == "two"
    (tmp_path / "a.tmpl").unlink()
    assert codes(loaded()) == ["missing-template"]


def test_its_folder_is_watched_and_a_reload_takes_the_change(tmp_path):
    definitions = tmp_path / "definitions"
    (tmp_path / "more").mkdir()
    definitions.mkdir()
    template = tmp_path / "more" / "a.tmpl"
    section = {"enabled": True, "format": "json", "path": "more/a.tmpl"}
    (definitions / "api.json").write_text(json.dumps(with_sections(transformRequestBody=section)))
    (tmp_path / "gateway.json").write_text("{}")
    settings, _ = read_settings(tmp_path / "gateway.json", {})
    template.write_text("one")
    deployment = Deployment([definitions], settings)

    assert template in deployment.watched
    template.write_text("two")
    report = deployment.reload()
    assert report.loaded == ("pets",)
    assert deployment.reload().unchanged == ("pets",)
    template.write_text("{{if}}")
    report = deployment.reload()
    assert [(problem.code, problem.file) for problem in report.problems] == [("bad-template", str(template))]
