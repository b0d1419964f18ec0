import json
from pathlib import Path

import pytest
from tests.apis import oas
from tests.loading.documents import EXTENSION, codes, document

from lockgate.loading import load, load_text
from lockgate.settings import Settings


def api(name, listen=None, **changes):
    extension = {
        "info": {"id": name, "name": name},
        "server": {"listenPath": {"value": listen or f"/{name}/"}},
    }
    return document({**extension, **changes})


def write(folder, **documents):
    for name, value in documents.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name.replace("__", "-").replace("_", ".")).write_text(text)
    return folder


def ids(loaded):
    return [definition.id for definition in loaded.definitions]


def test_a_folder_is_read_in_the_order_of_the_alphabet(tmp_path):
    write(tmp_path, b_json=api("b"), a_yaml=json.dumps(api("a")), c_yml=json.dumps(api("c")), readme_txt="no")
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "d.json").write_text("{")
    loaded = load([tmp_path], Settings())
    assert loaded.problems == ()
    assert ids(loaded) == ["a", "b", "c"]


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    write(tmp_path, a_json="{", b_json=api("b"), c_json='{"hello": 1}')
    (tmp_path / "d.json").write_bytes(b"\xff\xfe")
    loaded = load([tmp_path], Settings())
    assert ids(loaded) == ["b"]
    assert codes(loaded) == ["bad-json", "unknown-format", "bad-json"]
    assert [Path(problem.file).name for problem in loaded.problems] == ["a.json", "c.json", "d.json"]


def test_files_are_named_as_they_were_given(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path, a_json=api("a"), b_json="{"))
    loaded = load([Path("a.json"), Path("b.json"), Path("c.json")], Settings())
    assert loaded.definitions[0].source == "a.json"
    assert [(problem.code, problem.file) for problem in loaded.problems] == [
        ("bad-json", "b.json"),
        ("unreadable", "c.json"),
    ]


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        pytest.param({"is_oas": True, "proxy": {}}, ["a"], id="projection: the companion counts"),
        pytest.param(api("other"), ["other"], id="two documents: the first one counts"),
    ],
)
def test_a_companion_is_one_api_with_its_file(tmp_path, main, expected):
    write(tmp_path, a_json=main, a__oas_json=api("a"))
    loaded = load([tmp_path], Settings())
    assert (ids(loaded), loaded.problems) == (expected, ())


def test_a_companion_alone_is_an_api(tmp_path):
    assert ids(load([write(tmp_path, a__oas_json=api("a"))], Settings())) == ["a"]


def test_without_an_id_the_name_of_the_file_counts(tmp_path):
    value = document({"info": {"id": None}})
    write(tmp_path, my__api_json=value)
    assert ids(load([tmp_path], Settings())) == ["my-api"]
    odd = load_text(json.dumps(value), "a b.json", Settings()).definitions[0].id
    assert len(odd) == 32
    assert odd == load_text(json.dumps(value), "folder/a b.json", Settings()).definitions[0].id


def test_a_yaml_file_may_hold_several(tmp_path):
    write(tmp_path, a_yaml="\n---\n".join(json.dumps(api(name)) for name in ("x", "y")))
    assert ids(load([tmp_path], Settings())) == ["x", "y"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"api_definition": {"name": "x"}}, "missing-key", id="wrapped classic"),
        pytest.param({"kind": "ApiDefinition"}, "unknown-format", id="a resource without version"),
        pytest.param({"api_id": "x", "listen_path": "/x/"}, "unknown-format", id="a record"),
        pytest.param([1], "unknown-format", id="list"),
        pytest.param({}, "unknown-format", id="empty"),
        pytest.param(
            {"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {}}, "missing-key", id="no extension"
        ),
    ],
)
def test_other_formats(value, code):
    loaded = load_text(json.dumps(value), "a.json", Settings())
    assert loaded.definitions == ()
    assert codes(loaded) == [code]


def test_the_environment_is_the_process_s_own_unless_given(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCKGATE_TEST_TARGET", "http://from.env")
    write(tmp_path, a_json=api("a", upstream={"url": "env://LOCKGATE_TEST_TARGET"}))
    for environ, host in ((None, "from.env"), ({"LOCKGATE_TEST_TARGET": "http://given"}, "given")):
        (definition,) = load([tmp_path], Settings(), environ=environ).definitions
        assert definition.versions[0].sections["forward"].config.target.host == host
    assert EXTENSION in definition.document


def test_no_problem_shows_a_secret():
    """Whatever a reference stands for, and wherever that is no right value."""
    settings = Settings(secrets={"a": 'se"same', "b": "hush-hush"})
    value = oas({"GET /x/{id}": {}})
    value["paths"]["/x/{id}"]["get"]["parameters"] = [
        {"name": "secrets://a", "in": "path", "schema": {"$ref": "secrets://b"}}
    ]
    loaded = load_text(json.dumps(value), "a.json", settings)

    shown = " ".join(map(str, loaded.problems))
    assert "bad-parameters" in codes(loaded)
    assert "•••" in shown
    assert not any(part in shown for part in ("same", "hush"))
