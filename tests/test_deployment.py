import json

import pytest
from tests.apis import oas, tried
from tests.keys import World, keyed, status_of

from lockgate.deployment import Deployment, read_settings
from lockgate.problems import DefinitionError
from lockgate.settings import Settings, load_settings


def write(folder, name, document):
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))


def listen_paths(deployment):
    return sorted(api.definition.listen_path for api in deployment.gateway.current.apis.values())


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    write(tmp_path, "a.json", oas(name="a", listen="/a/"))
    write(tmp_path, "b.json", "{")

    deployment = Deployment([tmp_path], Settings())

    assert listen_paths(deployment) == ["/a/"]
    assert [problem.file for problem in deployment.problems] == [str(tmp_path / "b.json")]


def test_a_reload_reads_again_and_keeps_what_broke(tmp_path):
    write(tmp_path, "a.json", oas(name="a", listen="/a/"))
    write(tmp_path, "b.json", oas(name="b", listen="/b/"))
    deployment = Deployment([tmp_path], Settings())
    write(tmp_path, "a.json", "{")
    write(tmp_path, "b.json", oas(name="b", listen="/c/"))

    report = deployment.reload()

    assert (report.kept, report.loaded) == (("a",), ("b",))
    assert listen_paths(deployment) == ["/a/", "/c/"]
    assert [problem.code for problem in deployment.problems] == [problem.code for problem in report.problems]


def test_settings_come_from_file_and_environment(tmp_path):
    write(tmp_path, "gateway.json", {"secret": "file", "listen_port": 9})

    settings, problems = read_settings(tmp_path / "gateway.json", {"TYK_GW_SECRET": "environment"})

    assert (settings.secret, settings.listen_port, problems) == ("environment", 9, ())


@pytest.mark.parametrize("text", [pytest.param(None, id="missing"), pytest.param("{", id="no JSON")])
def test_settings_that_cannot_be_used_are_refused(tmp_path, text):
    if text is not None:
        write(tmp_path, "gateway.json", text)

    with pytest.raises(DefinitionError, match=r"gateway\.json"):
        read_settings(tmp_path / "gateway.json", {})


def test_redis_is_refused_at_start(tmp_path):
    write(tmp_path, "gateway.json", {"storage": {"type": "redis"}})

    with pytest.raises(DefinitionError, match="redis"):
        read_settings(tmp_path / "gateway.json", {})


def test_error_templates_are_those_of_the_folder(tmp_path):
    definitions, templates = tmp_path / "definitions", tmp_path / "templates"
    definitions.mkdir()
    templates.mkdir()
    write(definitions, "a.json", oas({"GET /x": {"block": {"enabled": True}}}, name="a"))
    write(templates, "error_403.json", '{"no": "{{.Message}}"}')
    write(templates, "error_404.json", "{{if}}")
    write(tmp_path, "gateway.json", {"template_path": "templates"})
    settings, _ = read_settings(tmp_path / "gateway.json", {})
    deployment = Deployment([definitions], settings)

    assert tried(deployment.gateway.current, url="/api/x").answer.body == b'{"no": "Requested endpoint is forbidden"}'
    assert [(p.code, p.file) for p in deployment.problems] == [
        ("bad-error-template", str(templates / "error_404.json"))
    ]
    assert templates in deployment.watched

    write(templates, "error_403.json", "changed")
    assert deployment.reload().loaded == ("a",)
    assert tried(deployment.gateway.current, url="/api/x").answer.body == b"changed"
    assert deployment.reload().unchanged == ("a",)


def test_messages_of_the_gateway_take_the_place_of_the_usual_ones(tmp_path):
    document = keyed()
    write(tmp_path, "a.json", document)
    messages = {"auth.auth_field_missing": {"message": "no <badge>", "code": 407}, "auth.key_not_found": {"code": 410}}
    made, problems = load_settings(json.dumps({"override_messages": messages}), "gateway.json")
    deployment = Deployment([tmp_path], made, problems)
    of = deployment.gateway.current

    missing, unknown = World().ask(of), World().ask(of, headers=(("X-Key", "unknown"),))

    assert problems == ()
    assert (status_of(missing), json.loads(missing.answer.body)) == (407, {"error": "no <badge>"})
    assert status_of(unknown) == 410
    assert json.loads(unknown.answer.body) == {"error": "Access to this API has been disallowed"}


def test_rules_for_errors_of_the_gateway_stand_behind_those_of_an_api(tmp_path):
    own = keyed()
    own["x-tyk-api-gateway"]["errorOverrides"] = {"enabled": True, "value": {"401": [{"response": {"body": "mine"}}]}}
    write(tmp_path, "a.json", own)
    write(tmp_path, "b.json", keyed(name="b", listen="/b/"))
    rules = {"401": [{"response": {"status_code": 418, "body": "teapot"}}], "odd": []}
    made, problems = load_settings(json.dumps({"error_overrides": rules}), "gateway.json")
    deployment = Deployment([tmp_path], made, problems)
    of = deployment.gateway.current

    first, second = World().ask(of), World().ask(of, "/b/x")

    assert [(one.code, one.pointer) for one in deployment.problems] == [("bad-status", "/error_overrides/odd")]
    assert (status_of(first), first.answer.body) == (401, b"mine")
    assert (status_of(second), second.answer.body) == (418, b"teapot")


def test_changed_messages_are_in_force_after_a_reload(tmp_path):
    write(tmp_path, "a.json", keyed())
    file = tmp_path / "gateway.yaml"
    file.write_text("override_messages: {auth.auth_field_missing: {code: 407}}")
    made, problems = read_settings(file, {})
    folder = tmp_path / "a.json"
    deployment = Deployment([folder], made, problems, lambda: read_settings(file, {}))
    file.write_text("override_messages: {auth.auth_field_missing: {code: 418}}")
    deployment.reload()

    assert status_of(World().ask(deployment.gateway.current)) == 418
