"""Whatever a document is like: loading it raises nothing, and neither does a request to what was loaded."""

import json

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.apis import oas, settings, tried_request
from tests.loading.test_fuzzing import VALUES, changed, places
from tests.validation.operations import INTEGER, STRING, array, cookie, header, in_path, obj, query

from lockgate.exchange import Headers, Request, Response
from lockgate.loading import load_text
from lockgate.snapshot import Snapshot

SCHEMAS = {
    "P": {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 1, "default": 3},
            "b": {"type": "array", "items": {"$ref": "#/components/schemas/P"}, "uniqueItems": True},
            "c": {"oneOf": [STRING, INTEGER], "nullable": True},
            "d": {"type": "string", "enum": ["x"], "pattern": "^x", "format": "date"},
        },
        "additionalProperties": {"not": INTEGER},
        "allOf": [{"$ref": "#/components/schemas/Q"}],
        "discriminator": {"propertyName": "d", "mapping": {"x": "#/components/schemas/Q"}},
    },
    "Q": {"anyOf": [{"type": "object", "minProperties": 0}, {"type": "number", "multipleOf": 0.5}]},
}


def rich(version):
    made = oas({"POST /p/{id}": {"validateRequest": {"enabled": True, "errorResponseCode": 400}}})
    made["openapi"] = version
    made["security"] = [{"s": []}]
    made["components"] = {
        "schemas": SCHEMAS,
        "parameters": {"L": query("l", array(INTEGER, default=[1]), style="form", explode=False)},
        "securitySchemes": {"s": {"type": "http", "scheme": "basic"}},
    }
    item = made["paths"]["/p/{id}"]
    item["parameters"] = [in_path("id", INTEGER, style="simple"), header("X-A", STRING)]
    post = item["post"]
    post["parameters"] = [
        {"$ref": "#/components/parameters/L"},
        query("o", obj({"x": INTEGER}), style="deepObject", explode=True),
        query("j", content={"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}),
        cookie("c", {"anyOf": [INTEGER, STRING]}),
    ]
    body = {"$ref": "#/components/schemas/P"}
    post["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": body},
            "application/x-www-form-urlencoded": {"schema": body, "encoding": {"b": {"explode": False}}},
        },
    }
    post["responses"] = {
        "200": {
            "description": "d",
            "headers": {"X-R": {"schema": INTEGER}},
            "content": {"application/json": {"schema": body}},
        }
    }
    made["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "enforce"}}
    return made


SEEDS = [rich("3.0.3"), rich("3.1.0")]
OPENAPI = [
    (index, place)
    for index, seed in enumerate(SEEDS)
    for place in places(seed)
    if place and place[0] in ("paths", "components", "security")
]
POINTERS = st.sampled_from(
    [
        {"$ref": "#/components/schemas/P"},
        {"$ref": "#/components/schemas/Gone"},
        {"$ref": "#"},
        {"$ref": "x"},
        {"$ref": 5},
        {},
    ]
)
SENT = (
    ("l=1,2&o[x]=1&j={}", "application/json", b'{"a": 1, "b": [{"a": 2}], "c": null, "d": "x"}'),
    ("", "application/x-www-form-urlencoded", b"a=1&c=x&d=x"),
)


@given(st.sampled_from(OPENAPI), VALUES | POINTERS, st.none() | st.text(max_size=9))
@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_nothing_is_raised(target, new, key):
    index, place = target
    loaded = load_text(json.dumps(changed(SEEDS[index], place, new, key)), "a.json", settings())
    of = Snapshot(loaded.definitions, settings())
    for sent, kind, body in SENT:
        headers = Headers.of(("Content-Type", kind), ("X-A", "a"), ("Cookie", "c=1"))
        answer = Response(200, Headers.of(("Content-Type", "application/json"), ("X-R", "1")), body)
        trace = tried_request(of, Request("POST", "/api/p/7", sent, headers, body, "gw.test"), answer)
        assert trace.answer is not None
        assert all(step.outcome != "error" for step in trace.steps)


def test_the_seeds_are_served():
    for seed in SEEDS:
        loaded = load_text(json.dumps(seed), "a.json", settings())
        assert [problem.code for problem in loaded.problems] == []
        assert [one.unavailable for one in loaded.definitions] == [""]
