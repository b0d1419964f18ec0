"""Where a definition and its sections stand in a file."""

import json

import pytest
from tests.apis import oas
from tests.apis import settings as made_settings

from lockgate.loading import load_text
from lockgate.loading.locations import locate

YAML = """\
# A comment.
openapi: 3.0.3
info: {{title: {0}, version: "1"}}
paths:
  /a:
    get: {{operationId: op, responses: {{"200": {{description: done}}}}}}
x-tyk-api-gateway:
  info: {{id: {0}, name: {0}, state: {{active: true}}}}
  upstream: {{url: "http://upstream.test"}}
  server: {{listenPath: {{value: /{0}/}}}}
  middleware:
    operations:
      op:
        transformRequestHeaders:
          # Why it is there.
          enabled: true

          add:
            - {{name: X-A, value: "1"}}
        urlRewrite: {{enabled: true, pattern: /a, rewriteTo: /b}}
"""
AT = "/x-tyk-api-gateway/middleware/operations/op"


def places(text, file="pets.yaml", now=None):
    definitions = load_text(text, file, made_settings()).definitions
    return locate(definitions, text if now is None else now, made_settings())


def written(place, pointer):
    first, last = place.section(pointer)
    return list(place.lines[first - 1 : last])


def test_a_section_of_yaml_begins_with_its_key():
    place = places(YAML.format("pets"))["pets"]
    lines = written(place, f"{AT}/transformRequestHeaders")
    assert lines[0].strip() == "transformRequestHeaders:"
    assert lines[-1].strip() == '- {name: X-A, value: "1"}'
    assert [line.strip()[:10] for line in written(place, f"{AT}/urlRewrite")] == ["urlRewrite"]
    assert [line.strip() for line in written(place, f"{AT}/transformRequestHeaders/add")] == [
        "add:",
        '- {name: X-A, value: "1"}',
    ]


def test_a_section_of_json_ends_with_its_bracket():
    text = json.dumps(oas({"GET /a": {"urlRewrite": {"enabled": True, "pattern": "/a", "rewriteTo": "/b"}}}), indent=2)
    lines = written(places(text, "pets.json")["pets"], "/x-tyk-api-gateway/middleware/operations/op0/urlRewrite")
    assert lines[0].strip() == '"urlRewrite": {'
    assert lines[-1].strip() == "}"
    assert len(lines) == 5


def test_definitions_of_one_file_have_their_own_lines():
    text = YAML.format("one") + "---\n" + YAML.format("two")
    made = places(text)
    one, two = made["one"], made["two"]
    assert one.last < two.first
    assert two.section(f"{AT}/urlRewrite")[0] > two.first > one.section(f"{AT}/urlRewrite")[1]


@pytest.mark.parametrize("now", [YAML.format("other"), "not: [yaml", ""], ids=["another", "broken", "empty"])
def test_of_a_file_that_changed_no_lines_are_known(now):
    place = places(YAML.format("pets"), now=now)["pets"]
    assert not place.is_current
    assert place.section(f"{AT}/urlRewrite") == (0, 0)


def test_a_resource_that_another_file_names_is_found_with_it():
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: doc}\ndata:\n  api.yaml: |\n"
    config_map += "".join(f"    {line}\n" for line in YAML.format("pets").splitlines())
    resource = (
        "apiVersion: tyk.tyk.io/v1alpha1\nkind: TykOasApiDefinition\nmetadata: {name: pets}\n"
        "spec: {tykOAS: {configmapRef: {name: doc, keyName: api.yaml}}}\n"
    )
    (definition,) = load_text(f"{config_map}---\n{resource}", "map.yaml", made_settings()).definitions
    assert not locate([definition], config_map, made_settings())[definition.id].is_current
    place = locate([definition], config_map, made_settings(), {"resource.yaml": resource})[definition.id]
    assert place.is_current
    assert place.is_resource
    assert written(place, f"{AT}/urlRewrite")[0].strip().startswith("urlRewrite:")
