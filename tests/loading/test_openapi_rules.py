import pytest
from tests.loading.documents import document

from lockgate.decoding.shapes import Notes
from lockgate.loading.openapi_rules import check_document

OK = {"200": {"description": "fine"}}
PATH_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def paths(**methods):
    return document(
        paths={"/a": None, "/ships": None, "/ships/{id}": None, "/b": {"get": {"responses": OK, **methods}}}
    )


def schema(value):
    return document(components={"schemas": {"A": value}})


def found(value):
    notes = Notes()
    check_document(value, notes)
    return [(problem.code, problem.pointer) for problem in notes.problems]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(document(), id="parameters of the path"),
        pytest.param(paths(parameters=[]), id="operation"),
        pytest.param(paths(parameters=[{"$ref": "#/components/parameters/x", "description": "d"}]), id="reference"),
        pytest.param(
            document(
                paths={"/x/{id}": {"get": {"responses": OK, "parameters": [{"$ref": "#/components/parameters/p"}]}}},
                components={"parameters": {"p": PATH_ID}},
            ),
            id="parameter by reference",
        ),
        pytest.param(
            document(paths={"/x/{id:[0-9]+}": {"get": {"responses": OK, "parameters": [PATH_ID]}}}),
            id="placeholder with a pattern",
        ),
        pytest.param(
            document(
                paths={
                    "/x/{id}": {"parameters": [PATH_ID], "get": {"responses": OK}},
                    "/x/{no}": {"parameters": [{**PATH_ID, "name": "no"}], "get": {"responses": OK}},
                }
            ),
            id="paths that differ in a name",
        ),
        pytest.param(
            schema({"type": "object", "properties": {"const": {"type": "string"}}}), id="property of any name"
        ),
        pytest.param(
            schema({"not": {"type": "array", "items": {}}, "additionalProperties": False}), id="schemas within"
        ),
        pytest.param(
            schema({"type": "string", "x-mine": {"a": 1}, "pattern": "^\\pL+$"}), id="extension, Go's classes"
        ),
        pytest.param({**document(), "x-any": 1}, id="extension at the root"),
        pytest.param(document(paths={"x-any": 1}), id="extension among paths"),
        pytest.param(document(openapi="3.1.0", paths=None), id="3.1 without paths"),
        pytest.param(document(openapi="3.1.0", components={"schemas": {"A": {"const": 1}}}), id="3.1 keywords"),
        pytest.param(
            paths(responses={"default": {"description": ""}, "4XX": {"description": ""}, "x-a": 1}), id="statuses"
        ),
        pytest.param(paths(security=[{"key": []}], tags=["a"], deprecated=True), id="the rest of an operation"),
    ],
)
def test_nothing_to_say(value):
    assert found(value) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(document(openapi=None), [("missing-key", "")], id="no version"),
        pytest.param(document(openapi="2.0"), [("bad-openapi-version", "/openapi")], id="version 2"),
        pytest.param(document(openapi="3.0"), [("bad-openapi-version", "/openapi")], id="two parts"),
        pytest.param(document(openapi=3), [("wrong-type", "/openapi")], id="number"),
        pytest.param(document(info=None), [("missing-key", "")], id="no info"),
        pytest.param(document(info={"version": None}), [("missing-key", "/info")], id="no info.version"),
        pytest.param(document(paths=None), [("missing-key", "")], id="no paths"),
        pytest.param({**document(), "swagger": "2.0"}, [("not-allowed", "/swagger")], id="swagger"),
        pytest.param(document(paths={"ships": {}}), [("not-allowed", "/paths/ships")], id="path without slash"),
        pytest.param(document(paths={"/x": {"fetch": {}}}), [("not-allowed", "/paths/~1x/fetch")], id="no such method"),
        pytest.param(document(paths={"/x": {"get": {}}}), [("missing-key", "/paths/~1x/get")], id="no responses"),
        pytest.param(paths(responses={}), [("missing-key", "/paths/~1b/get/responses")], id="empty responses"),
        pytest.param(paths(responses={"200": {}}), [("missing-key", "/paths/~1b/get/responses/200")], id="no description"),
        pytest.param(paths(responses={"2000": {"description": ""}}),
                     [("not-allowed", "/paths/~1b/get/responses/2000")], id="no status"),
        pytest.param(paths(handler="x"), [("not-allowed", "/paths/~1b/get/handler")], id="unknown key"),
        pytest.param(
            paths(responses={"200": {"description": "", "content": {"a/b": {"example": 1, "examples": {}}}}}),
            [("bad-value", "/paths/~1b/get/responses/200/content/a~1b")], id="example and examples",
        ),
        pytest.param(document(paths={"/x/{id}": {"get": {"responses": OK}}}),
                     [("bad-parameters", "/paths/~1x~1{id}/get")], id="parameter missing"),
        pytest.param(paths(parameters=[PATH_ID]), [("bad-parameters", "/paths/~1b/get")], id="placeholder missing"),
        pytest.param(
            document(paths={"/x/{id}": {"get": {"responses": OK, "parameters": [{**PATH_ID, "required": False}]}}}),
            [("bad-value", "/paths/~1x~1{id}/get/parameters/0/required")], id="path parameter not required",
        ),
        pytest.param(paths(parameters=[{"name": "q", "in": "query"}]),
                     [("bad-value", "/paths/~1b/get/parameters/0")], id="neither schema nor content"),
        pytest.param(paths(parameters=[{"name": "q", "in": "body", "schema": {}}]),
                     [("bad-value", "/paths/~1b/get/parameters/0/in")], id="parameter in the body"),
        pytest.param(paths(operationId="getShip"), [], id="the id is free here"),
        pytest.param(
            document(paths={"/z": {"get": {"operationId": "getShip", "responses": OK}}}),
            [("duplicate-operation", "/paths/~1z/get/operationId")], id="operation id twice",
        ),
        pytest.param(schema({"type": "null"}), [("bad-value", "/components/schemas/A/type")], id="type null"),
        pytest.param(schema({"type": ["string"]}), [("wrong-type", "/components/schemas/A/type")], id="list of types"),
        pytest.param(schema({"const": 1}), [("not-allowed", "/components/schemas/A/const")], id="const"),
        pytest.param(schema({"pattern": "(?=a)"}), [("bad-pattern", "/components/schemas/A/pattern")], id="look-ahead"),
        pytest.param(schema({"type": "array"}), [("missing-key", "/components/schemas/A")], id="array without items"),
        pytest.param(schema({"required": []}), [("bad-value", "/components/schemas/A/required")], id="required is empty"),
        pytest.param(schema({"allOf": {}}), [("wrong-type", "/components/schemas/A/allOf")], id="allOf is no list"),
    ],
)  # fmt: skip
def test_refused(value, expected):
    assert found(value) == expected


def test_messages():
    notes = Notes()
    check_document(document(paths={"/x/{id}": {"gett": {}, "get": {"responses": OK}}}), notes)
    assert [(problem.message, problem.hint) for problem in notes.problems] == [
        ("'gett' is not allowed here by OpenAPI 3.0", "did you mean 'get'?"),
        ("expected a path parameter for each placeholder of GET /x/{id}, missing 'id'", ""),
    ]
