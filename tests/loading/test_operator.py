import json

import pytest
import yaml
from tests.loading.documents import classic, codes, document

from lockgate.loading import load, load_text
from lockgate.loading.operator import api_id
from lockgate.problems import Severity
from lockgate.settings import Settings

GROUP = "tyk.tyk.io/v1alpha1"


def resource(kind, name="httpbin", namespace=None, labels=None, api=GROUP, **body):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | ({"labels": labels} if labels else {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def classic_resource(called="httpbin", namespace=None, labels=None, **changes):
    spec = classic(api_id=None, version_data=None, **changes)
    return resource("ApiDefinition", called, namespace, labels, spec=spec)


def oas_resource(called="petstore", within=None, versioning=None, **reference):
    reference = {"name": "cm", "keyName": "oas.json"} | reference
    spec = {"tykOAS": {"configmapRef": reference}} | ({"versioning": versioning} if versioning else {})
    return resource("TykOasApiDefinition", called, within, spec=spec)


def config_map(value, name="cm", namespace=None, key="oas.json"):
    text = value if isinstance(value, str) else json.dumps(value, indent=1)
    return resource("ConfigMap", name, namespace, api="v1", data={key: text})


def oas(**extension):
    return document({"info": {"id": None}, **extension})


class Blocks(yaml.SafeDumper):
    pass


Blocks.add_representer(
    str,
    lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None),
)


def as_yaml(*resources):
    return yaml.dump_all(resources, Dumper=Blocks, sort_keys=False)


def loaded(*resources):
    return load_text(as_yaml(*resources), "a.yaml", Settings())


def ids(result):
    return [definition.id for definition in result.definitions]


def test_ids_are_those_of_the_operator():
    assert api_id("default", "httpbin") == "ZGVmYXVsdC9odHRwYmlu"
    result = loaded(
        classic_resource(), classic_resource("own", namespace="team", proxy={"listen_path": "/b/"}, internal=True)
    )
    assert ids(result) == ["ZGVmYXVsdC9odHRwYmlu", api_id("team", "own")]
    given = classic_resource()
    given["spec"]["api_id"] = "mine"
    assert ids(loaded(given)) == ["mine"]


def test_a_classic_definition():
    result = loaded(classic_resource("named", name=None))
    (definition,) = result.definitions
    assert (result.problems, definition.name, definition.unavailable) == ((), "named", "")
    assert [version.name for version in definition.versions] == ["Default"]


def test_problems_have_their_place():
    broken = classic_resource(active="yes")
    (problem,) = loaded(config_map("{}"), broken).problems
    assert (problem.code, problem.pointer) == ("wrong-type", "/spec/active")
    lines = as_yaml(config_map("{}"), broken).splitlines()
    assert lines[problem.line - 1].strip() == "active: 'yes'"


def test_extended_paths_need_their_switch():
    spec = classic(
        version_data={"versions": {"Default": {"use_extended_paths": None, "extended_paths": {"cache": ["/a"]}}}}
    )
    result = loaded(resource("ApiDefinition", spec=spec))
    assert (codes(result), result.definitions[0].versions[0].rules) == (["unused-paths"], ())


def test_references_to_other_resources_become_loops():
    target = {"target": {"name": "users", "namespace": "team"}}
    rewrite = {
        "path": "/a",
        "method": "GET",
        "match_pattern": "/a/(.*)",
        "rewrite_to_internal": {"target": {"name": "own"}, "path": "proxy/$1", "query": "a=b"},
    }
    spec = classic(
        proxy={"target_url": "", "target_internal": target},
        version_data={"versions": {"Default": {"extended_paths": {"url_rewrites": [rewrite]}}}},
    )
    result = loaded(resource("ApiDefinition", spec=spec))
    (version,) = result.definitions[0].versions
    assert version.sections["forward"].config.target.authority == api_id("team", "users")
    assert version.rules[0].config.to.parts[0] == f"tyk://{api_id('default', 'own')}/proxy/"
    assert result.problems == ()


def test_an_oas_document_of_a_config_map():
    result = loaded(oas_resource(), config_map(oas()))
    assert (ids(result), result.problems) == ([api_id("default", "petstore")], ())
    assert result.definitions[0].versions[0].operations


def test_config_maps_are_found_in_other_files_and_namespaces(tmp_path):
    (tmp_path / "a.yaml").write_text(as_yaml(oas_resource(within="team")))
    (tmp_path / "b.yaml").write_text(as_yaml(oas_resource("other", "team", namespace="x", name="y")))
    (tmp_path / "c.json").write_text(json.dumps(config_map(oas(), namespace="team")))
    result = load([tmp_path], Settings())
    assert ids(result) == [api_id("team", "petstore")]
    assert codes(result) == ["missing-config-map"]
    assert result.problems[0].file.endswith("b.yaml")


@pytest.mark.parametrize("changes", [{"name": "no"}, {"keyName": "no"}, {"namespace": "no"}])
def test_a_config_map_that_is_not_there(changes):
    result = loaded(oas_resource(**changes), config_map(oas()))
    assert (result.definitions, codes(result)) == ((), ["missing-config-map"])


def test_a_reference_that_is_none():
    assert codes(loaded(oas_resource(name=""))) == ["missing-key"]
    assert codes(loaded(resource("TykOasApiDefinition", spec={}))) == ["missing-key"]
    assert codes(loaded(resource("ApiDefinition"))) == ["missing-key"]


def test_problems_of_a_document_in_a_config_map_have_their_line():
    value = oas(server={"listenPath": {"value": 5}})
    (problem,) = loaded(oas_resource(), config_map(value)).problems
    lines = as_yaml(oas_resource(), config_map(value)).splitlines()
    assert lines[problem.line - 1].strip().startswith('"value": 5')
    (problem,) = loaded(oas_resource(), config_map('{\n"a": }\n')).problems
    assert problem.code == "bad-json"
    assert as_yaml(oas_resource(), config_map('{\n"a": }\n')).splitlines()[problem.line - 1].strip() == '"a": }'


def test_versions_of_a_resource():
    versions = [{"name": "v2", "tykOasApiDefinitionRef": {"name": "two"}}]
    versioning = {"enabled": True, "location": "header", "key": "X", "name": "v1", "default": "v1"}
    result = loaded(
        oas_resource(versioning={**versioning, "versions": versions}),
        config_map(oas()),
        oas_resource("two", name="cm2"),
        config_map(oas(server={"listenPath": {"value": "/two/"}}), "cm2"),
    )
    assert result.problems == ()
    assert result.definitions[0].versioning.children == {"v2": api_id("default", "two")}


@pytest.mark.parametrize(
    "value",
    [
        config_map("hello"),
        resource("Secret", api="v1", data={}),
        resource("OperatorContext"),
        resource("Ingress", api="networking.k8s.io/v1"),
        resource("Deployment", api="apps/v1"),
    ],
)
def test_silent_kinds(value):
    result = loaded(value)
    assert (result.definitions, result.problems) == ((), ())


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("SubGraph", Severity.WARNING),
        ("SuperGraph", Severity.WARNING),
        ("PortalAPICatalogue", Severity.WARNING),
        ("SecurityPolicy", Severity.WARNING),
        ("TykStreamsApiDefinition", Severity.ERROR),
        ("TykMcpProxyDefinition", Severity.ERROR),
    ],
)
def test_kinds_that_are_not_served(kind, severity):
    (problem,) = loaded(resource(kind, spec={})).problems
    assert (problem.code, problem.severity, problem.pointer) == ("unsupported-kind", severity, "/kind")


@pytest.mark.parametrize("label", ["template", "tyk.io/ingress-template"])
def test_templates_are_not_served(label):
    result = loaded(classic_resource(labels={label: "true"}))
    assert (result.definitions, codes(result)) == ((), ["ingress-template"])


def test_a_list_of_resources():
    items = [classic_resource(), oas_resource(), config_map(oas(server={"listenPath": {"value": "/two/"}}))]
    result = loaded({"apiVersion": "v1", "kind": "List", "items": items})
    assert (len(result.definitions), result.problems) == (2, ())
    (problem,) = loaded({"apiVersion": "v1", "kind": "List", "items": [classic_resource(name=5)]}).problems
    assert problem.pointer == "/items/0/spec/name"
