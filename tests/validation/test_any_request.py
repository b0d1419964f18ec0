"""Whatever a client or an upstream sends: judging it raises nothing, and ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.apis import oas, snapshot, tried_request
from tests.validation.operations import BOOLEAN, INTEGER, NUMBER, STRING, array, cookie, header, in_path, obj, query

from lockgate.exchange import Headers, Request, Response, decode_text

ANY = {"oneOf": [INTEGER, BOOLEAN, {"type": "string", "maxLength": 3}]}
DEEP = obj({"a": array(obj({"b": INTEGER})), "c": ANY}, additionalProperties={"$ref": "#/components/schemas/Self"})
SELF = obj({"me": {"$ref": "#/components/schemas/Self"}, "n": NUMBER, "d": {"type": "integer", "default": 1}})
KINDS = (
    "application/json",
    "application/yaml",
    "text/csv",
    "text/plain",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
)


def every_kind(schema):
    return {kind: {"schema": schema} for kind in KINDS}


def everything(version):
    document = oas(
        {"POST /p/{s}/{o}": {"validateRequest": {"enabled": True}}, "GET /q": {"validateRequest": {"enabled": True}}}
    )
    document["openapi"] = version
    document["components"] = {"schemas": {"Self": SELF}}
    post, get = document["paths"]["/p/{s}/{o}"]["post"], document["paths"]["/q"]["get"]
    post["parameters"] = [in_path("s", array(ANY), style="label"), in_path("o", obj({"x": INTEGER}), style="matrix")]
    post["requestBody"] = {"content": every_kind({"$ref": "#/components/schemas/Self"})}
    get["parameters"] = [
        query("a", array(INTEGER, default=[1]), explode=False),
        query("d", DEEP, style="deepObject"),
        query("f", obj({"x": ANY}, additionalProperties=False)),
        query("j", content={"application/json": {"schema": array(INTEGER)}}),
        query("u", {"enum": ["x", 5]}),
        query("p", array(NUMBER), style="pipeDelimited", explode=False),
        header("X-N", array(INTEGER)),
        header("X-O", obj({"x": NUMBER}), explode=True),
        cookie("c", array(STRING, default=["a b"])),
        cookie("k", obj({"x": INTEGER}), explode=False),
    ]
    for operation in (post, get):
        operation["responses"] = {
            "200": {"description": "d", "content": every_kind(SELF), "headers": {"X-N": {"schema": array(INTEGER)}}},
            "5XX": {"description": "d"},
        }
    document["x-tyk-api-gateway"]["x-lockgate"] = {"validateResponse": {"mode": "report"}}
    return snapshot(document)


OF = {version: everything(version) for version in ("3.0.3", "3.1.0")}

wire = st.binary(max_size=30).map(decode_text)
part = st.one_of(
    st.sampled_from(
        [
            "1",
            "x",
            "",
            ",",
            ";o=x,1",
            ".1.2",
            "x=1",
            "%2F",
            "%zz",
            "%",
            "%ff",
            "null",
            "[1]",
            "true",
            "1e400",
            "nan",
            "a,1",
            "-0",
        ]
    ),
    wire,
)
key = st.sampled_from(["a", "d[a][0][b]", "d[a][1]", "d[c]", "d[z][me][n]", "d[", "d[]", "f", "x", "j", "u", "p", "c"])
pairs = st.lists(st.tuples(key, part).map("=".join), max_size=6).map("&".join)
fields = st.lists(
    st.tuples(
        st.sampled_from(["X-N", "X-O", "Cookie", "Content-Encoding"]),
        st.one_of(part, st.lists(st.tuples(st.sampled_from("ckx"), part).map("=".join), max_size=3).map("; ".join)),
    ),
    max_size=4,
)
kind = st.one_of(
    st.sampled_from(KINDS),
    st.sampled_from(["multipart/form-data; boundary=B", "multipart/form-data; boundary", "application/json; x", ""]),
    wire,
)
piece = st.one_of(
    st.sampled_from(
        [
            *b'{"me":{"n":1}}'.split(b":"),
            b"--B\r\n",
            b"--B--",
            b'Content-Disposition: form-data; name="n"\r\n\r\n',
            b"\r\n",
            b"n=1&",
            b"&a",
            b"*a ",
            b"- [",
            b"n: 1\n",
            b'"',
            b"{}",
            b"[",
            b"1e400",
            b"\xff",
            b"\\ud800",
        ]
    ),
    st.binary(max_size=8),
)
body = st.lists(piece, max_size=12).map(b"".join)


def clean(text):
    return text.replace("?", "").replace(" ", "").replace("#", "")


@pytest.mark.parametrize("version", sorted(OF))
@settings(max_examples=300, deadline=None)
@given(
    first=part,
    second=part,
    sent=pairs,
    given_fields=fields,
    content_type=kind,
    raw=body,
    status=st.sampled_from([200, 204, 404, 500]),
)
def test_nothing_is_raised(version, first, second, sent, given_fields, content_type, raw, status):
    headers = Headers.of(*given_fields, ("Content-Type", content_type))
    answer = Response(status, headers, raw)
    for method, path, query_text in (("POST", f"/api/p/{clean(first)}/{clean(second)}", None), ("GET", "/api/q", sent)):
        trace = tried_request(OF[version], Request(method, path, query_text, headers, raw, "gw.test"), answer)

        assert trace.answer is not None
        assert not trace.error
        assert all(step.outcome != "error" for step in trace.steps)
