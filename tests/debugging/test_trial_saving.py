"""Saving an edited text into its definition's file: shown first, refused where it must be, and never half done."""

import json
import os
import stat

import pytest
from tests.apis import oas, settings
from tests.debugging.test_trial_sealed import encoded
from tests.debugging.trials import BENCH

from lockgate.debugging.embedded import embedded_in, line_of
from lockgate.debugging.saving import SaveError, files_of, plan_save, read_source, save
from lockgate.debugging.trial import bench_of
from lockgate.deployment import Deployment
from lockgate.loading import replacing

TEMPLATE = {"transformRequestBody": {"enabled": True, "format": "json", "body": encoded("{{.a}}\nend")}}


def text_of(**changes):
    return json.dumps(oas({"POST /x": TEMPLATE}, **changes), indent=1)


@pytest.fixture
def deployment(tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "a.json").write_text(text_of())
    (tmp_path / "secret.json").write_text(text_of(name="outside", listen="/outside/"))
    return Deployment([folder], settings())


def planned(deployment, text, file=None, digest=None):
    file = file or str(deployment.paths[0] / "a.json")
    digest = digest if digest is not None else read_source(deployment, file).digest
    return plan_save(deployment, bench_of(deployment, BENCH.outside, BENCH.scripts), file, text, digest)


def test_the_difference_is_shown_and_nothing_is_written(deployment):
    file = deployment.paths[0] / "a.json"
    plan = planned(deployment, text_of().replace('"/api/"', '"/other/"'))

    assert '-    "value": "/api/",' in plan.diff
    assert '+    "value": "/other/",' in plan.diff
    assert plan.loads
    assert file.read_text() == text_of()


def test_templates_are_compared_as_text(deployment):
    plan = planned(deployment, text_of().replace(encoded("{{.a}}\nend"), encoded("{{.b}}\nend")))

    assert plan.diff.splitlines()[-3:] == ["-{{.a}}", "+{{.b}}", " end"]


def test_what_is_saved_is_served_after_a_reload(deployment):
    file = deployment.paths[0] / "a.json"
    file.chmod(0o640)
    new = text_of().replace('"/api/"', '"/other/"')
    source = save(deployment, planned(deployment, new))
    report = deployment.reload()

    assert file.read_text() == new
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert source == read_source(deployment, str(file))
    assert report.loaded == ("pets",)
    assert deployment.gateway.current.apis["pets"].definition.listen_path == "/other/"
    assert sorted(one.name for one in deployment.paths[0].iterdir()) == ["a.json"]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("{folder}/../secret.json", id="upwards"),
        pytest.param("{parent}/secret.json", id="beside"),
        pytest.param("/etc/passwd", id="of the system"),
        pytest.param("{folder}/new.json", id="new"),
        pytest.param("{folder}/.hidden.json", id="hidden"),
        pytest.param("{folder}/notes.txt", id="no definition"),
        pytest.param("{folder}/inner/b.json", id="in a folder within"),
        pytest.param("{folder}", id="folder"),
        pytest.param("", id="nothing"),
    ],
)
def test_only_files_of_definitions(deployment, file):
    folder = deployment.paths[0]
    (folder / ".hidden.json").write_text(text_of())
    (folder / "notes.txt").write_text("mine")
    (folder / "inner").mkdir()
    (folder / "inner" / "b.json").write_text(text_of())
    with pytest.raises(SaveError, match="is no file that definitions are read from") as raised:
        planned(deployment, text_of(), file.format(folder=folder, parent=folder.parent) or "none", "")

    assert raised.value.status == 404


def test_a_link_is_not_followed(deployment):
    folder = deployment.paths[0]
    (folder / "link.json").symlink_to(folder.parent / "secret.json")
    with pytest.raises(SaveError, match="is a link") as raised:
        planned(deployment, "{}", str(folder / "link.json"))

    assert raised.value.status == 400
    assert json.loads((folder.parent / "secret.json").read_text())["info"]["title"] == "outside"


def test_a_file_that_was_named_is_one(tmp_path):
    (tmp_path / "a.json").write_text(text_of())
    (tmp_path / "b.json").write_text(text_of(name="b", listen="/b/"))

    assert list(files_of(Deployment([tmp_path / "a.json"], settings()))) == [str(tmp_path / "a.json")]


def test_a_file_that_changed_is_not_overwritten(deployment):
    file = deployment.paths[0] / "a.json"
    digest = read_source(deployment, str(file)).digest
    plan = planned(deployment, text_of(name="mine"))
    file.write_text(text_of(name="somebody else's"))

    for attempt in (lambda: planned(deployment, text_of(name="mine"), digest=digest), lambda: save(deployment, plan)):
        with pytest.raises(SaveError, match="changed") as raised:
            attempt()
        assert raised.value.status == 409
    assert json.loads(file.read_text())["info"]["title"] == "somebody else's"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("{}", id="no definition"),
        pytest.param(text_of().replace('"strip": true', '"strip": "yes"'), id="wrong type"),
    ],
)
def test_a_text_that_does_not_load_is_forced(deployment, text):
    plan = planned(deployment, text)
    with pytest.raises(SaveError, match="the text does not load") as raised:
        save(deployment, plan)

    assert (raised.value.status, raised.value.problems) == (422, plan.problems)
    save(deployment, plan, forced=True)
    assert (deployment.paths[0] / "a.json").read_text() == text
    assert deployment.reload().kept == ("pets",)


def test_references_are_no_reason_not_to_save(deployment):
    plan = planned(deployment, text_of().replace("http://upstream.test:8000", "env://UPSTREAM"))

    assert plan.problems == ()


def test_line_ends_stay_what_they_are(deployment):
    file = deployment.paths[0] / "a.json"
    file.write_bytes(text_of().replace("\n", "\r\n").encode())
    source = read_source(deployment, str(file))
    save(deployment, planned(deployment, source.text.replace("/api/", "/other/")))

    assert "\r" not in source.text
    assert file.read_bytes() == text_of().replace("/api/", "/other/").replace("\n", "\r\n").encode()


def test_what_is_no_text_is_not_opened(deployment):
    file = deployment.paths[0] / "a.json"
    file.write_bytes(b"\xff")
    with pytest.raises(SaveError, match=r"expected UTF-8 in .*: invalid start byte at byte 0"):
        read_source(deployment, str(file))


@pytest.mark.parametrize("where", ["write", "replace"])
def test_a_file_that_cannot_be_written_stays(deployment, monkeypatch, where):
    file = deployment.paths[0] / "a.json"
    plan = planned(deployment, text_of(name="other"))

    def failing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((replacing.os, "fsync") if where == "write" else (replacing.Path, "replace")), failing)
    with pytest.raises(SaveError, match="No space left on device") as raised:
        save(deployment, plan)

    assert raised.value.status == 500
    assert file.read_text() == text_of()
    assert os.listdir(file.parent) == ["a.json"]  # noqa: PTH208 - hidden ones too


# ── templates that stand in a text ──


def test_templates_are_found_where_they_stand():
    document = json.dumps({"x-note": "😀", **oas({"POST /x": TEMPLATE})}, ensure_ascii=False, indent=1)
    (found,) = embedded_in(document, "a.json")
    units = document.encode("utf-16-le")

    assert found.text == "{{.a}}\nend"
    assert found.pointer.endswith("/op0/transformRequestBody/body")
    at = found.offset * 2
    assert units[at : at + len(found.encoded) * 2].decode("utf-16-le") == found.encoded
    assert document.splitlines()[line_of(document, "a.json", found.pointer) - 1].strip().startswith('"body"')


@pytest.mark.parametrize(
    "section",
    [
        pytest.param({"template_data": {"template_mode": "blob", "template_source": encoded("x")}}, id="template"),
        pytest.param({"function_source_type": "blob", "function_source_uri": encoded("x")}, id="script"),
        pytest.param({"functionName": "f", "code": encoded("x")}, id="plugin"),
        pytest.param({"x-lockgate": {"engine": "jinja2", "body": encoded("x")}}, id="Jinja2"),
    ],
)
def test_kinds_of_templates(section):
    assert [one.text for one in embedded_in(json.dumps({"a": [section]}), "a.json")] == ["x"]


@pytest.mark.parametrize(
    "section",
    [
        pytest.param({"mockResponse": {"body": encoded("x")}}, id="body that is none"),
        pytest.param({"template_data": {"template_mode": "file", "template_source": "abcd"}}, id="path"),
        pytest.param({"transformRequestBody": {"body": "!"}}, id="no base64"),
        pytest.param({"transformRequestBody": {"body": "/w=="}}, id="no text"),
    ],
)
def test_what_is_no_template(section):
    assert embedded_in(json.dumps(section), "a.json") == ()


def test_nothing_is_found_in_what_is_no_document():
    assert embedded_in("{", "a.json") == ()
    assert line_of("{", "a.json", "/a") == 1
