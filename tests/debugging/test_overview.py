"""What is set where, and what is wrong with it: endpoints against middlewares."""

import json

import pytest
from tests.apis import oas
from tests.apis import settings as made_settings

from lockgate.debugging.overview import CLASSIC_KEYS, MIDDLEWARES, OAS_KEYS, WHOLE_API, overview, switched_off
from lockgate.loading import load_text

REWRITE = {"enabled": True, "pattern": "/a", "rewriteTo": "/b"}
HEADERS = {"enabled": True, "add": [{"name": "X-A", "value": "1"}]}


def table(document):
    loaded = load_text(json.dumps(document), "pets.json", made_settings())
    (definition,) = loaded.definitions
    return overview(definition, loaded.problems)


def row_of(made, title):
    (row,) = (row for row in made.rows if row.title == title)
    return row


def cells(row):
    return [(cell.middleware, cell.label, cell.state.value) for cell in row.cells]


def classic(**extended_paths):
    return {
        "api_id": "pets", "name": "pets", "use_keyless": True, "active": True,
        "proxy": {"listen_path": "/api/", "target_url": "http://up.test", "strip_listen_path": True},
        "version_data": {
            "not_versioned": True,
            "versions": {"Default": {"name": "Default", "use_extended_paths": True, "extended_paths": extended_paths}},
        },
    }  # fmt: skip


def test_each_section_stands_at_its_endpoint_and_middleware():
    made = table(oas({"GET /a": {"urlRewrite": REWRITE}, "DELETE /a": {"block": {"enabled": True}}, "GET /c": {}}))

    assert [row.title for row in made.rows] == [WHOLE_API, "GET /a", "DELETE /a", "GET /c"]
    assert cells(row_of(made, "GET /a")) == [("url_rewrite", "set", "on")]
    assert cells(row_of(made, "DELETE /a")) == [("access", "block", "on")]
    assert cells(row_of(made, "GET /c")) == []
    (cell,) = row_of(made, "GET /a").at("url_rewrite")
    assert cell.pointer == "/x-tyk-api-gateway/middleware/operations/op0/urlRewrite"
    assert cell.value == REWRITE


def test_what_is_for_the_whole_api_stands_in_a_row_of_its_own():
    made = table(oas(transformRequestHeaders=HEADERS))
    assert ("request_headers", "set", "on") in cells(row_of(made, WHOLE_API))


def test_columns_are_in_the_order_in_which_they_run():
    made = table(
        oas(
            {
                "GET /a": {
                    "transformResponseHeaders": HEADERS,
                    "urlRewrite": REWRITE,
                    "transformRequestHeaders": HEADERS,
                    "enforceTimeout": {"enabled": True, "value": 3},
                    "block": {"enabled": True},
                }
            },
            cors={"enabled": True, "allowedOrigins": ["*"]},
        )
    )
    assert [(column.name, column.phase, column.also) for column in made.columns] == [
        ("access", "request", ""),
        ("cors", "request", "response"),
        ("request_headers", "request", ""),
        ("url_rewrite", "request", ""),
        ("forward", "request", ""),
        ("enforced_timeout", "upstream", ""),
        ("response_headers", "response", ""),
    ]


@pytest.mark.parametrize("wanted", ["urlRewrite", "transformRequestHeaders", "validateRequest", "trackEndpoint"])
def test_a_section_that_is_switched_off_is_shown_as_that(wanted):
    made = table(oas({"GET /a": {wanted: {**REWRITE, "enabled": False}}}))
    assert cells(row_of(made, "GET /a")) == [(OAS_KEYS[wanted], "off", "off")]


def test_an_entry_of_a_classic_list_that_is_disabled_is_shown_as_that():
    entry = {"path": "/a", "method": "GET", "match_pattern": "/a", "rewrite_to": "/b"}
    made = table(classic(url_rewrites=[{**entry, "disabled": True}, {**entry, "path": "/c"}]))
    assert cells(row_of(made, "GET /a")) == [("url_rewrite", "off", "off")]
    assert cells(row_of(made, "GET /c")) == [("url_rewrite", "set", "on")]


def test_a_problem_stands_at_the_cell_of_its_section_and_nowhere_else():
    made = table(oas({"GET /a": {"urlRewrite": {**REWRITE, "pattern": "("}}, "GET /b": {"urlRewrite": REWRITE}}))

    (cell,) = row_of(made, "GET /a").at("url_rewrite")
    assert [problem.code for problem in cell.problems] == ["bad-pattern"]
    assert [problem.code for row in made.rows for one in row.cells for problem in one.problems] == ["bad-pattern"]
    assert made.elsewhere == ()


def test_what_no_middleware_is_for_has_a_column_and_says_why():
    made = table(oas({"GET /a": {"urlRewrit": {"enabled": True}}}))
    (cell,) = row_of(made, "GET /a").cells
    assert (cell.middleware, cell.state.value) == ("urlRewrit", "not in force")
    assert [problem.code for problem in cell.problems] == ["unknown-key"]
    assert made.columns[-1].name == "urlRewrit"
    assert made.columns[-1].phase == ""


def test_problems_of_an_operation_of_the_document_stand_at_its_row():
    document = oas({"GET /a": {}})
    document["paths"]["/a"]["get"]["parameters"] = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    loaded = load_text(json.dumps(document), "pets.json", made_settings())
    (definition,) = loaded.definitions
    (problem,) = load_text(json.dumps(oas({"GET /a": {"nothing": {}}})), "x.json", made_settings()).problems
    from dataclasses import replace

    made = overview(definition, [replace(problem, pointer="/paths/~1a/get/parameters/0/schema")])
    assert row_of(made, "GET /a").problems != ()


def test_problems_of_no_endpoint_are_listed_apart():
    document = oas({"GET /a": {}})
    document["x-tyk-api-gateway"]["middleware"]["operations"]["nobody"] = {"allow": {"enabled": True}}
    made = table(document)
    assert [problem.code for problem in made.elsewhere] == ["unknown-operation"]


def test_every_problem_is_shown_once():
    document = oas(
        {"GET /a": {"urlRewrite": {**REWRITE, "pattern": "("}, "urlRewrit": {}}},
        transformRequestHeaders={"enabled": True, "add": [{"name": "X A", "value": "1"}]},
        cache={"enabled": True},
    )
    loaded = load_text(json.dumps(document), "pets.json", made_settings())
    made = overview(loaded.definitions[0], loaded.problems)
    shown = [problem for row in made.rows for cell in row.cells for problem in cell.problems]
    shown += [problem for row in made.rows for problem in row.problems]
    assert sorted(map(str, (*shown, *made.elsewhere))) == sorted(map(str, loaded.problems))
    assert len(loaded.problems) >= 4


def test_sections_that_are_switched_off_are_told_by_middleware():
    (definition,) = load_text(
        json.dumps(oas({"GET /a": {"urlRewrite": {**REWRITE, "enabled": False}}, "GET /b": {"urlRewrite": REWRITE}})),
        "pets.json",
        made_settings(),
    ).definitions
    assert switched_off(definition) == {"url_rewrite": ("GET /a",)}


@pytest.mark.parametrize("known", [OAS_KEYS, CLASSIC_KEYS], ids=["oas", "classic"])
def test_sections_are_of_middlewares_that_there_are(known):
    assert set(known.values()) - set(MIDDLEWARES) == set()


def test_sections_are_those_that_the_documentation_names():
    """Keys of sections, as docs/middlewares/sources has them for each middleware."""
    import re
    from pathlib import Path

    import yaml

    folder = Path(__file__).resolve().parents[2] / "docs" / "middlewares" / "sources"
    for file in sorted(folder.glob("*.yaml")):
        if file.stem == "frame":
            continue
        source = yaml.safe_load(file.read_text())
        for kind, pattern, known in (
            ("oas", r"middleware\.(?:operations\.ID|global)\.(\w+)\b(?!-)", OAS_KEYS),
            ("classic", r"version_data\.versions\.NAME\.extended_paths\.(\w+)", CLASSIC_KEYS),
        ):
            texts = re.findall(pattern, str(source.get(kind)))
            for key in texts:
                assert known[key] == file.stem, key
