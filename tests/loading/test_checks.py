import json

import pytest
from tests.loading.documents import document

from lockgate.loading import load
from lockgate.problems import Severity
from lockgate.settings import Settings


def api(name, listen, *, domain="", active=True, internal=False):
    server = {"listenPath": {"value": listen}}
    if domain:
        server["customDomain"] = {"enabled": True, "name": domain}
    state = {"active": active, "internal": internal}
    return document({"info": {"id": name, "name": name, "state": state}, "server": server})


def loaded(folder, *documents):
    for index, value in enumerate(documents):
        (folder / f"{index}.json").write_text(json.dumps(value, indent=1))
    result = load([folder], Settings())
    problems = [problem for problem in result.problems if problem.code.startswith("duplicate")]
    return [definition.id for definition in result.definitions], problems


@pytest.mark.parametrize(
    ("documents", "served"),
    [
        pytest.param([api("a", "/a/"), api("b", "/b/")], ["a", "b"], id="two paths"),
        pytest.param([api("a", "/a/"), api("b", "/a")], ["a", "b"], id="one has a slash at its end"),
        pytest.param([api("a", "/a/"), api("b", "/a/b/")], ["a", "b"], id="one within the other"),
        pytest.param([api("a", "/a/", domain="x"), api("b", "/a/", domain="y")], ["a", "b"], id="two domains"),
        pytest.param([api("a", "/a/"), api("b", "/a/", active=False)], ["a"], id="the rival is inactive"),
        pytest.param([api("a", "/a/"), api("a", "/b/", active=False)], ["a"], id="the one of that id is inactive"),
    ],
)
def test_no_rivals(tmp_path, documents, served):
    assert loaded(tmp_path, *documents) == (served, [])


@pytest.mark.parametrize(
    "rival",
    [
        pytest.param(api("b", "/a/"), id="as it is"),
        pytest.param(api("b", "a/"), id="once it is clean"),
        pytest.param(api("b", "/a/", internal=True), id="internal"),
    ],
)
def test_of_two_on_one_listen_path_none_is_served(tmp_path, rival):
    served, problems = loaded(tmp_path, api("a", "/a/"), api("c", "/c/"), rival)
    assert served == ["c"]
    assert [problem.code for problem in problems] == ["duplicate-listen-path"] * 2
    assert problems[0].message == (
        f"the listen path '/a/' is that of 'b' in {tmp_path / '2.json'} too: none of them is served"
    )
    assert [problem.file for problem in problems] == [str(tmp_path / "0.json"), str(tmp_path / "2.json")]
    assert all(problem.severity is Severity.ERROR and problem.line > 1 for problem in problems)


def test_two_with_one_id_are_served_and_the_first_has_it(tmp_path):
    served, problems = loaded(tmp_path, api("a", "/a/"), api("a", "/b/"), api("a-2", "/c/"), api("a", "/d/"))
    problem = problems[0]
    assert sorted(served) == ["a", "a-2", "a-3", "a-4"]
    assert (problem.code, problem.file) == ("duplicate-id", str(tmp_path / "1.json"))
    assert problem.severity is Severity.WARNING
    assert problem.message == (
        f"the id 'a' belongs to 'a' in {tmp_path / '0.json'} already: this API is served, and not found by that id"
    )


def test_of_two_copies_the_first_is_served(tmp_path):
    served, (problem,) = loaded(tmp_path, api("a", "/a/"), api("a", "/a/"))
    assert served == ["a"]
    assert (problem.code, problem.severity, problem.file) == (
        "duplicate-id",
        Severity.WARNING,
        str(tmp_path / "1.json"),
    )


def test_secrets_are_not_shown(tmp_path):
    settings = Settings(secrets={"where": "/hunter2"})
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(api(name, "secrets://where")))
    problems = [problem for problem in load([tmp_path], settings).problems if problem.code.startswith("duplicate")]
    assert len(problems) == 2
    assert "hunter2" not in str(problems)


def test_versions_that_are_not_there(tmp_path):
    versioning = {
        "enabled": True,
        "location": "header",
        "key": "X",
        "versions": [{"name": "v2", "id": "b"}, {"name": "v3", "id": "c"}],
    }
    base = api("a", "/a/")
    base["x-tyk-api-gateway"]["info"]["versioning"] = versioning
    (tmp_path / "a.json").write_text(json.dumps(base, indent=1))
    (tmp_path / "b.json").write_text(json.dumps(api("b", "/b/")))
    (problem,) = load([tmp_path], settings=Settings()).problems
    assert (problem.code, problem.severity) == ("missing-version", Severity.WARNING)
    assert problem.pointer == "/x-tyk-api-gateway/info/versioning/versions"
    assert "'v3' is the API 'c'" in problem.message
