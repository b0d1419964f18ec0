"""How long hostile schemas, bodies and URLs hold up the event loop: the longest gap between two turns of the loop.

    .venv/bin/python scripts/bench/stalls.py [--runs 5] [--only WORD] [--live]

The engine runs as the mitmproxy host runs it, with the same threads for what takes long, beside a task that wants a
turn every millisecond. Each case is one request, sent alone and then twice at once. Bodies are inputs that somebody made
to be slow, just small enough for the event loop or as large as the limit allows; so are the schemas. The last cases
load definitions in a thread, as a reload does.

With ``--live`` some of the cases go through a whole gateway, while another client asks for a small answer without a
pause: its slowest answer is the longest stall of the gateway's loop and a little more.
"""

import argparse
import asyncio
import gc
import http.client
import json
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any, Final

from figures import ROOT, machine_lines, stop, table
from reload import Asking, serving, write

from lockgate.exchange import Headers, Request, Response
from lockgate.hosts.computing import Threads
from lockgate.inspection import SYSTEM, try_request
from lockgate.loading import load_text
from lockgate.services import Outside
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot

TARGET_MILLISECONDS: Final = 50.0
KIB: Final = 1024
SMALL: Final = 16 * KIB
"""Bytes of a body that may be looked at on the event loop."""
LARGE: Final = 1024 * KIB
"""Bytes of the largest body that is validated."""
LARGEST: Final = 16 * 1024 * KIB
"""Bytes of the largest body that is kept for a link."""
URL: Final = 1000 * KIB
"""Bytes of a query or header; a request's head may have a little more."""

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data; boundary=x"
YAML: Final = "application/yaml"
CSV: Final = "text/csv"
SLOW: Final = "(.*a){25}.{20}b"
"""A pattern of 440 instructions that no cache of states helps."""
SLOWER: Final = "((a?){30}){30}b"
"""One of 3,665."""


@dataclass(frozen=True)
class Case:
    """One way to hold the loop up."""

    name: str
    size: int
    """Of what is hostile, in bytes."""
    run: Callable[[Outside], Awaitable[str]]
    """Says what came of it: a status, as a rule."""
    prepare: Callable[[], object] = str
    """Is called once before."""
    again: bool = True
    """Whether it is tried twice at once too."""
    document: dict[str, Any] | None = None
    """The definition, for a whole gateway."""
    request: Request | None = None
    """What is sent to it."""


# ── what is served ──


class Served:
    """A definition, loaded when its first case runs."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @cached_property
    def snapshot(self) -> Snapshot:
        loaded = load_text(json.dumps(self.document), "stalls.json", Settings())
        if not loaded.definitions or any(one.unavailable for one in loaded.definitions):
            raise stop("\n".join(map(str, loaded.problems)) or "nothing was loaded")
        return Snapshot(loaded.definitions, Settings())


def oas(operation: dict[str, Any], sections: dict[str, Any], **extension: Any) -> dict[str, Any]:
    responses = {"200": {"description": "done"}}
    return {
        "openapi": extension.pop("version", "3.0.3"),
        "info": {"title": "stalls", "version": "1"},
        "paths": {"/x": {"post": {"operationId": "x", "responses": responses, **operation}}},
        "components": {"schemas": extension.pop("schemas", {})},
        "x-tyk-api-gateway": {
            "info": {"name": "stalls", "id": "stalls", "state": {"active": True}},
            "upstream": {"url": "http://127.0.0.1:9"},
            "server": {"listenPath": {"value": "/api/", "strip": True}},
            "middleware": {"operations": {"x": sections}, **extension.pop("middleware", {})},
            **extension,
        },
    }


def validated(schema: Any, kind: str = JSON, **more: Any) -> Served:
    body = {"content": {kind.partition(";")[0]: {"schema": schema}}}
    return Served(oas({"requestBody": body}, {"validateRequest": {"enabled": True}}, **more))


def parameters(*declared: dict[str, Any]) -> Served:
    return Served(oas({"parameters": list(declared)}, {"validateRequest": {"enabled": True}}))


def answered(schema: Any) -> Served:
    responses = {"200": {"description": "done", "content": {JSON: {"schema": schema}}}}
    return Served(oas({"responses": responses}, {}, **{"x-lockgate": {"validateResponse": {"mode": "enforce"}}}))


def classic(schema: dict[str, Any]) -> Served:
    validation = {"path": "x", "method": "POST", "schema": schema, "error_response_code": 422}
    version = {"name": "Default", "use_extended_paths": True, "extended_paths": {"validate_json": [validation]}}
    return Served(
        {
            "name": "stalls",
            "api_id": "stalls",
            "active": True,
            "use_keyless": True,
            "proxy": {"listen_path": "/api/", "target_url": "http://127.0.0.1:9", "strip_listen_path": True},
            "version_data": {"not_versioned": True, "versions": {"Default": version}},
        }
    )


def rewritten(pattern: str, *rules: dict[str, Any]) -> Served:
    triggers = [{"condition": "any", "rewriteTo": "/y", "rules": list(rules)}] if rules else []
    rewrite = {"enabled": True, "pattern": pattern, "rewriteTo": "/y/$1", "triggers": triggers}
    return Served(oas({}, {"urlRewrite": rewrite}))


def with_variables() -> Served:
    add = {"enabled": True, "add": [{"name": "X-A", "value": "$tyk_context.request_data_a"}]}
    middleware = {"global": {"contextVariables": {"enabled": True}}}
    return Served(oas({}, {"transformRequestHeaders": add}, middleware=middleware))


# ── what is sent ──


def sent(
    name: str,
    to: Served,
    body: bytes = b"",
    *,
    kind: str = JSON,
    query: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    answer: Response | None = None,
) -> Case:
    fields = Headers.of(("Content-Type", kind), *headers)
    request = Request("POST", "/api/x", query, fields, body, "stalls.test")
    given = answer or Response(200, Headers.of(("Content-Type", "text/plain")), b"done")
    size = len(body) or len(query or "") or sum(len(value) for _, value in headers) or len(given.body)  # type: ignore[arg-type] # bytes

    async def run(outside: Outside) -> str:
        trace = await try_request(to.snapshot, request, given, outside)
        return "?" if trace.answer is None else str(trace.answer.status)

    return Case(name, size, run, lambda: to.snapshot, document=to.document, request=request)


def repeated(part: str, size: int, start: str = "[", end: str = "]") -> bytes:
    """A list, or what stands between ``start`` and ``end``, of as many parts as there is room for."""
    count = (size - len(start) - len(end)) // (len(part.encode()) + 1)
    return f"{start}{','.join([part] * count)}{end}".encode()


def members(size: int, value: str = "1") -> bytes:
    """An object of many."""
    count = size // (len(value) + 10)
    return ("{" + ",".join(f'"{number:06x}":{value}' for number in range(count)) + "}").encode()


def numbered(text: str, size: int) -> bytes:
    """A list of many that differ; "#" stands for the number."""
    count = size // (len(text) + 7)
    return ("[" + ",".join(text.replace("#", f"{number:06d}") for number in range(count)) + "]").encode()


def bodies(size: int) -> Iterator[tuple[str, bytes]]:
    """JSON that is slow whatever the schema."""
    yield "lists 900 deep", repeated("[" * 900 + "]" * 900, size)
    yield "lists 9,000 deep", repeated("[" * 9_000 + "]" * 9_000, max(size, 20_000))
    yield "empty lists", repeated("[]", size)
    yield "empty objects", repeated("{}", size)
    yield "objects of one member", repeated('{"":1}', size)
    yield "one object", members(size)
    yield "one object, again and again", repeated('"a":[]', size, "{", "}")
    yield "digits", repeated("1", size)
    yield "empty texts", repeated('""', size)
    yield "one number of all digits", b"9" * size
    yield "numbers of 300 digits", repeated("9" * 300, size)
    yield "exponents", repeated("1e999999999", size)
    yield "fractions", repeated("1.5", size)
    yield "no UTF-8", b'"' + b"\xff" * (size - 2) + b'"'
    yield "half pairs", b'"' + b"\\ud800" * (size // 6 - 1) + b'"'
    yield "escapes", b'"' + b"\\u0001" * (size // 6 - 1) + b'"'
    yield "spaces", b" " * size
    yield "lists without end", b"[" * size
    yield "objects without end", b'{"":' * (size // 4)
    yield "a list that breaks off", repeated("[]", size)[:-1] + b"x"


ANYTHING: Final = {"nullable": True}
LOOSE: Final = {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/Loop"}}, "required": ["c"]}
MULTIPLYING: Final = {"oneOf": [LOOSE, {**LOOSE, "additionalProperties": False}, {"type": "string"}]}
LISTS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}}
NUMBER: Final = {"type": "number", "minimum": 0, "maximum": 1e300, "multipleOf": 0.01}
DAYS: Final = {"anyOf": [{"format": "date"}, {"format": "date-time"}, {"type": "string"}]}


def doubled(levels: int) -> dict[str, Any]:
    return {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n - 1}"}] * 2} for n in range(1, levels)} | {
        "S0": {"type": "object"}
    }


def openapi(size: int) -> Iterator[Case]:
    """Bodies of requests, and schemas that make them slow."""
    say = f"OAS {size // KIB} KiB, "
    anything = validated(ANYTHING)
    listed = validated({"type": "array", "items": {"type": "array", "items": {}}}, schemas={})
    for name, body in bodies(size):
        yield sent(f"{say}{name}", anything, body)
    for name, body in list(bodies(size))[:3]:
        yield sent(f"{say}{name}, of a type", listed, body)
    looped = validated({"$ref": "#/components/schemas/Loop"}, schemas={"Loop": MULTIPLYING})
    yield sent(f"{say}combinators that multiply", looped, b'{"c":' * 30 + b"5" + b"}" * 30)
    yield sent(
        f"{say}many of them",
        validated({"items": {"$ref": "#/components/schemas/Loop"}}, schemas={"Loop": MULTIPLYING}),
        repeated('{"c":' * 12 + "5" + "}" * 12, size),
    )
    looped = validated({"$ref": "#/components/schemas/Loop"}, schemas={"Loop": LISTS})
    yield sent(f"{say}a schema in a circle", looped, repeated("[" * 100 + "]" * 100, size))
    yield sent(
        f"{say}allOf doubled 40 times", validated({"$ref": "#/components/schemas/S39"}, schemas=doubled(40)), b"{}"
    )
    choices = [f"v{n:06d}" for n in range(10_000)]
    yield sent(f"{say}enum of 10,000", validated({"items": {"enum": choices}}), repeated('"v009999"', size))
    yield sent(
        f"{say}enum of 10,000, tried 100 times",
        validated({"items": {"anyOf": [{"enum": choices, "maxLength": n} for n in range(100)]}}),
        repeated('"none"', size),
    )
    yield sent(f"{say}enum of objects", validated({"items": {"enum": [{"a": [1, 2]}]}}), repeated('{"a":[1,2]}', size))
    for name, text in (("numbers", "#"), ("texts", '"#"'), ("objects", '{"a":#}'), ("lists of lists", "[[[#]]]")):
        if text != "#":
            yield sent(f"{say}unique {name}", validated({"uniqueItems": True}), numbered(text, size))
    yield sent(f"{say}unique numbers", validated({"uniqueItems": True}), numbered("1.#", size))
    yield sent(
        f"{say}unique texts, typed",
        validated({"uniqueItems": True, "items": {"type": "string"}}),
        numbered('"#"', size),
    )
    yield sent(
        f"{say}uniqueness, 64 times", validated({"allOf": [{"uniqueItems": True}] * 64}), numbered('{"a":#}', size)
    )
    for name, pattern in (("slow", SLOW), ("slower", SLOWER)):
        of_items = validated({"items": {"type": "string", "pattern": pattern}})
        yield sent(f"{say}one text, {name} pattern", of_items, b'["' + b"a" * (size - 4) + b'"]')
        yield sent(f"{say}one text of two letters, {name} pattern", of_items, b'["' + b"ab" * (size // 2 - 2) + b'"]')
        yield sent(f"{say}many texts, {name} pattern", of_items, repeated('"' + "ab" * 50 + '"', size))
    yield sent(
        f"{say}200 patterns",
        validated({"items": {"allOf": [{"pattern": f"[a-z]*b{{{n}}}c"} for n in range(200)]}}),
        repeated('"abab"', size),
    )
    for name, text in (("none", "\\u00e9" * 10), ("nearly", "2024-02-30T10:20:30Z")):
        yield sent(f"{say}dates that are {name}", validated({"items": DAYS}), repeated(f'"{text}"', size))
    yield sent(
        f"{say}a long date", validated({"format": "date-time"}), b'"2024-01-01T00:00:00.' + b"1" * (size - 24) + b'"'
    )
    yield sent(f"{say}bytes", validated({"items": {"type": "string", "format": "byte"}}), repeated('"YWJj"', size))
    for name, text in (
        ("digits", "1"),
        ("fractions", "0.07"),
        ("long", "9" * 300),
        ("small", "1e-300"),
        ("large", "1e300"),
    ):
        yield sent(f"{say}multiples, {name}", validated({"items": NUMBER}), repeated(text, size))
    yield sent(
        f"{say}500 choices",
        validated({"items": {"oneOf": [{"type": "string", "maxLength": n} for n in range(500)]}}),
        repeated('"aaaa"', size),
    )
    yield sent(
        f"{say}500 choices, long names",
        validated({"oneOf": [{"additionalProperties": False, "maxLength": n} for n in range(500)]}),
        b'{"' + b"\\u0000" * (size // 6 - 2) + b'":1}',
    )
    yield sent(
        f"{say}one object, closed",
        validated({"additionalProperties": False, "properties": {f"{n:06x}": {} for n in range(100_000)}}),
        members(size),
    )
    yield sent(f"{say}one object, closed, none known", validated({"additionalProperties": False}), members(size))
    yield sent(
        f"{say}one object of typed members", validated({"additionalProperties": {"type": "integer"}}), members(size)
    )
    yield sent(
        f"{say}3.1 patterns of names",
        validated({"patternProperties": {f"^{n:03x}[0-9a-f]*z": {} for n in range(50)}}, version="3.1.0"),
        members(size),
    )
    yield sent(
        f"{say}3.1 names", validated({"propertyNames": {"pattern": "^[0-9a-f]+$"}}, version="3.1.0"), members(size)
    )
    yield sent(
        f"{say}3.1 contains",
        validated({"contains": {"const": 7}, "minContains": 3}, version="3.1.0"),
        repeated("1", size),
    )
    yield sent(
        f"{say}3.1 unevaluated",
        validated(
            {"anyOf": [{"properties": {"a": {}}}] * 20, "unevaluatedProperties": {"type": "integer"}}, version="3.1.0"
        ),
        members(size),
    )
    filled = {
        "type": "object",
        "properties": {
            "d": {"default": "x"},
            "list": {"type": "array", "items": {"type": "object", "properties": {"e": {"default": [1, 2]}}}},
        },
    }
    yield sent(f"{say}defaults filled in", validated(filled), b'{"list":' + repeated("{}", size - 10) + b"}")
    yield sent(
        f"{say}one default beside much",
        validated({"properties": {"d": {"default": 1}}}),
        b'{"x":' + repeated("[[]]", size - 6) + b"}",
    )


def other_bodies(size: int) -> Iterator[Case]:
    """Forms, multipart bodies, CSV, YAML."""
    say = f"OAS {size // KIB} KiB, "
    named = {"type": "object", "properties": {f"p{n}": {"type": "integer"} for n in range(2_000)}}
    loose = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}
    listed = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    for name, part in (
        ("fields", "a"),
        ("fields with values", "a=1"),
        ("escapes", "%61=%20%20"),
        ("bad escapes", "a=%zz"),
        ("empty", ""),
    ):
        raw = "&".join([part] * (size // (len(part) + 1))).encode()
        for kind, schema in (("", named), (" in a list", listed), (" of any name", loose)):
            yield sent(f"{say}form of {name}{kind}", validated(schema, FORM), raw, kind=FORM)
    raw = "&".join(f"k{n}=1" for n in range(size // 9)).encode()
    yield sent(f"{say}form of other names", validated(loose, FORM), raw, kind=FORM)
    yield sent(f"{say}form of one escaped field", validated(named, FORM), b"p1=" + b"%41" * (size // 3 - 1), kind=FORM)
    yield sent(f"{say}form, one of no UTF-8", validated(named, FORM), b"p1=" + b"\xff" * size, kind=FORM)
    yield sent(f"{say}form, list with commas", validated(listed, FORM), b"a=" + b"1," * (size // 2 - 1), kind=FORM)

    parts = {
        "type": "object",
        "additionalProperties": {"properties": {"a": {"type": "array", "items": {"type": "string"}}}},
        "properties": {"a": {"type": "array", "items": {"type": "string"}}, "o": {"type": "object"}},
    }
    mixed = validated(parts, MULTIPART)
    part = "\r\n--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1"
    yield sent(f"{say}multipart of many parts", mixed, _parts(part, size), kind=MULTIPART)
    yield sent(f"{say}multipart without headers", mixed, _parts("\r\n--x\r\n\r\n", size), kind=MULTIPART)
    yield sent(
        f"{say}multipart of many headers", mixed, _parts("\r\n--x\r\n" + "a:b\r\n" * 900 + "\r\n", size), kind=MULTIPART
    )
    yield sent(
        f"{say}multipart of one long header",
        mixed,
        b"--x\r\nContent-Disposition: form-data" + b"; a=b" * (size // 5 - 20) + b"\r\n\r\n1\r\n--x--",
        kind=MULTIPART,
    )
    yield sent(
        f"{say}multipart of nearly boundaries",
        mixed,
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"\r\n--x " * (size // 6 - 20) + b"\r\n--x--",
        kind=MULTIPART,
    )
    yield sent(
        f"{say}multipart, quoted-printable",
        mixed,
        b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"=41" * (size // 3 - 60)
        + b"\r\n--x--",
        kind=MULTIPART,
    )
    inner = b"--x\r\nContent-Disposition: form-data; name=o\r\nContent-Type: application/json\r\n\r\n"
    yield sent(
        f"{say}multipart, JSON in it",
        mixed,
        inner + repeated("[" * 900 + "]" * 900, size - 200, '{"a":[', "]}") + b"\r\n--x--",
        kind=MULTIPART,
    )

    text = validated({"type": "string"}, CSV)
    for name, raw in (
        ("quotes", b'"' + b'""' * (size // 2 - 2) + b'"'),
        ("fields", b"," * size),
        ("lines", b"a\n" * (size // 2)),
        ("empty lines", b"\n" * size),
        ("quoted lines", b'"' + b"\n" * (size - 2) + b'"'),
        ("no UTF-8", b"\xff" * size),
    ):
        yield sent(f"{say}CSV of {name}", text, raw, kind=CSV)
    yield sent(f"{say}text, no UTF-8", validated({"type": "string"}, "text/plain"), b"\xff" * size, kind="text/plain")


def _parts(part: str, size: int) -> bytes:
    return (part * (size // len(part)) + "\r\n--x--\r\n").removeprefix("\r\n").encode()


def yaml(size: int) -> Iterator[Case]:
    say = f"OAS {size // KIB} KiB, YAML "
    anything = validated(ANYTHING, YAML)
    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    merged = (
        "a0: &a0 {"
        + ",".join(f"k{n}: 1" for n in range(200))
        + "}\n"
        + "".join(f"b{n}: {{<<: [*a0,*a0,*a0]}}\n" for n in range(size // 24 - 100))
    )
    for name, raw in (
        ("of aliases", laughs.encode()),
        ("of merges", merged.encode()),
        ("lists", b"[" + b"[]," * (size // 3 - 2) + b"]"),
        ("lists, deep", b"[" * size),
        ("block lists, deep", b"- " * (size // 2)),
        ("of lines", b"- a\n" * (size // 4)),
        ("of names", b"".join(b"%06x: 1\n" % n for n in range(size // 10))),
        ("questions", b"? " * (size // 2)),
        ("one text", b'"' + b"\\u0041" * (size // 6 - 1) + b'"'),
        ("one plain text", b"a " * (size // 2)),
        ("lines of one text", b"a: |\n" + b"  b\n" * (size // 4)),
        ("numbers", b"- " + b"9" * (size - 2)),
        ("comments", b"#\n" * (size // 2)),
        ("anchors", b"".join(b"- &a%d 1\n" % n for n in range(size // 12))),
        ("tabs", b"a:" + b"\t" * (size - 4) + b"b"),
        ("spaces", b" " * size),
        ("tags", b"- !a b\n" * (size // 7)),
        ("documents", b"---\n" * (size // 4)),
    ):
        yield sent(f"{say}{name}", anything, raw, kind=YAML)


def urls() -> Iterator[Case]:
    """Queries, cookies and headers, as long as a request's head may be."""
    integer, text = {"type": "integer"}, {"type": "string", "pattern": SLOW}
    lists = {"type": "array", "items": integer}
    deep = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "object"}}}

    def at(place: str, schema: dict[str, Any], **more: Any) -> Served:
        return parameters({"name": "a", "in": place, "schema": schema, **more})

    content = parameters({"name": "a", "in": "query", "content": {JSON: {"schema": ANYTHING}}})
    for name, body in bodies(URL):
        yield sent(
            f"query, JSON, {name}", content, query="a=" + body.decode("utf-8", "surrogateescape").replace('"', "%22")
        )
    for name, query in (
        ("names", "a&" * (URL // 2)),
        ("few names", "&".join(f"k{n}=1" for n in range(2_000))),
        ("escapes", "a=" + "%41" * (URL // 3)),
        ("bad escapes", "&".join(["%zz"] * 1_900)),
        ("no UTF-8", "a=" + "%ff" * (URL // 3)),
        ("digits", "a=" + "9" * URL),
        ("commas", "a=" + "1," * 9_000),
        ("more commas", "a=" + "1," * (URL // 2)),
        ("letters", "a=" + "ab" * (URL // 2)),
    ):
        for kind, of in (
            ("an integer", at("query", integer)),
            ("a list", at("query", lists, explode=False)),
            ("a pattern", at("query", text)),
        ):
            yield sent(f"query of {name}, {kind}", of, query=query)
    nested = at("query", deep, style="deepObject", explode=True)
    yield sent("query, deepObject", nested, query="&".join(f"a[{n}][b][c]=1" for n in range(1_900)))
    yield sent("query, deepObject, deep", nested, query="a" + "[b]" * (URL // 3) + "=1")
    for name, value in (
        ("cookies", "a=1;" * (URL // 4)),
        ("a cookie", "a=" + "ab" * (URL // 2)),
        ("bytes", "\udcff" * URL),
    ):
        for kind, of in (("an integer", at("cookie", integer)), ("a pattern", at("cookie", text))):
            yield sent(f"cookie header of {name}, {kind}", of, headers=(("Cookie", value),))
    for name, value in (("letters", "ab" * (URL // 2)), ("bytes", "\udcff" * URL), ("commas", "1," * (URL // 2))):
        for kind, of in (("a list", at("header", lists)), ("a pattern", at("header", text))):
            yield sent(f"header of {name}, {kind}", of, headers=(("A", value),))


def answers(size: int) -> Iterator[Case]:
    """What an upstream sends to a definition that wants responses validated."""
    say = f"response {size // KIB} KiB, "
    of = answered({"type": "array", "items": {}})
    for name, body in bodies(size):
        yield sent(f"{say}{name}", of, answer=_answer(body))
    packed = zlib.compressobj(9, wbits=31)
    bomb = packed.compress(b"[" + b" " * (1 << 28)) + packed.flush()
    for name, raw in (("packed 1,000 times", bomb), ("many empty packings", _gzip(b"") * (size // 20))):
        yield sent(f"{say}{name}", of, answer=_answer(raw, ("Content-Encoding", "gzip")))


def _gzip(raw: bytes) -> bytes:
    packing = zlib.compressobj(9, wbits=31)
    return packing.compress(raw) + packing.flush()


def _answer(body: bytes, *headers: tuple[str, str]) -> Response:
    return Response(200, Headers.of(("Content-Type", JSON), *headers), body)


def classics(size: int) -> Iterator[Case]:
    """``validate_json``."""
    say = f"Classic {size // KIB} KiB, "
    anything, typed = (
        classic({"type": "array"}),
        classic({"type": "array", "items": {"type": "array", "items": {"type": "array"}}}),
    )
    for name, body in bodies(size):
        yield sent(f"{say}{name}", anything, body)
    for name, body in list(bodies(size))[:3]:
        yield sent(f"{say}{name}, of a type", typed, body)
    loose = {"type": "object", "properties": {"c": {"$ref": "#"}}, "required": ["c"]}
    looped = classic({"oneOf": [loose, {**loose, "additionalProperties": False}, {"type": "string"}]})
    yield sent(f"{say}combinators that multiply", looped, b'{"c":' * 30 + b"5" + b"}" * 30)
    yield sent(
        f"{say}a schema in a circle",
        classic({"type": "array", "items": {"$ref": "#"}}),
        repeated("[" * 100 + "]" * 100, size),
    )
    choices = [f"v{n:06d}" for n in range(10_000)]
    yield sent(f"{say}enum of 10,000", classic({"items": {"enum": choices}}), repeated('"v009999"', size))
    yield sent(f"{say}enum of 10,000, none of them", classic({"items": {"enum": choices}}), repeated('"none"', size))
    yield sent(f"{say}enum of objects", classic({"items": {"enum": [{"a": [1, 2]}]}}), repeated('{"a":[1,2]}', size))
    yield sent(f"{say}const, large", classic({"const": {"a": 1}}), members(size))
    for name, text in (("numbers", "1.#"), ("texts", '"#"'), ("objects", '{"a":#.5}'), ("lists of lists", "[[[1.#]]]")):
        yield sent(f"{say}unique {name}", classic({"uniqueItems": True}), numbered(text, size))
    yield sent(f"{say}not unique", classic({"uniqueItems": True}), repeated("1", size))
    yield sent(
        f"{say}one thing, unique", classic({"items": {"uniqueItems": True}}), b"[" + repeated("[[]]", size - 4) + b"]"
    )
    for name, pattern in (("slow", SLOW), ("slower", SLOWER)):
        of_items = classic({"items": {"type": "string", "pattern": pattern}})
        yield sent(f"{say}one text, {name} pattern", of_items, b'["' + b"a" * (size - 4) + b'"]')
        yield sent(f"{say}one text of two letters, {name} pattern", of_items, b'["' + b"ab" * (size // 2 - 2) + b'"]')
        yield sent(f"{say}many texts, {name} pattern", of_items, repeated('"' + "ab" * 50 + '"', size))
    for name in ("date", "date-time", "email", "hostname", "uri", "uri-template", "json-pointer", "regex", "ipv6"):
        of_format = classic({"items": {"format": name}})
        yield sent(f"{say}many of {name}", of_format, repeated('"http://a.b/{c}?a@b.c"', size))
        for text in (
            "a" * (size - 6),
            "/" * (size - 6),
            "a." * (size // 2 - 4),
            "(" * (size - 6),
            "{}" * (size // 2 - 4),
            "\\u0001" * (size // 6 - 4),
        ):
            yield sent(f"{say}one {name} of {text[:6]}", of_format, f'["{text}"]'.encode())
    for name, text in (
        ("digits", "1"),
        ("fractions", "0.07"),
        ("long", "9" * 300),
        ("exponents", "1e999999999"),
        ("small", "1e-999999"),
    ):
        yield sent(f"{say}multiples, {name}", classic({"items": NUMBER}), repeated(text, size))
    yield sent(
        f"{say}multiples of 7, one long",
        classic({"items": {"multipleOf": 7, "maximum": 1}}),
        b"[" + b"9" * (size - 2) + b"]",
    )
    yield sent(
        f"{say}500 choices",
        classic({"items": {"oneOf": [{"type": "string", "maxLength": n} for n in range(500)]}}),
        repeated('"aaaa"', size),
    )
    yield sent(f"{say}one object, closed, none known", classic({"additionalProperties": False}), members(size))
    yield sent(
        f"{say}long names, closed",
        classic({"additionalProperties": False}),
        b'{"' + b"\\u0000" * (size // 6 - 2) + b'":1}',
    )
    yield sent(
        f"{say}long path", classic({"items": {"items": {"items": {"type": "string"}}}}), repeated("[[[1]]]", size)
    )
    yield sent(
        f"{say}patterns of names",
        classic({"patternProperties": {f"^{n:03x}[0-9a-f]*z": {} for n in range(50)}}),
        members(size),
    )
    yield sent(f"{say}names", classic({"propertyNames": {"pattern": "^z"}}), members(size))
    yield sent(f"{say}contains", classic({"contains": {"const": 7}}), repeated("1", size))


def rewrites() -> Iterator[Case]:
    """Patterns of a rewrite and of its triggers, and variables."""
    for name, pattern in (("a usual pattern", "^/api/(.*)$"), ("a slow pattern", SLOW), ("a slower pattern", SLOWER)):
        of = rewritten(pattern)
        for kind, query in (
            ("letters", "ab" * (URL // 2)),
            ("one letter", "a" * URL),
            ("escapes", "%41" * (URL // 3)),
            ("no UTF-8", "%ff" * (URL // 3)),
            ("bytes", "\udcff" * URL),
        ):
            yield sent(f"rewrite, {name}, query of {kind}", of, query=query)
        body = rewritten("/x", {"in": "requestBody", "pattern": pattern})
        for kind, raw in (
            ("letters", b"ab" * (LARGEST // 2)),
            ("one letter", b"a" * LARGEST),
            ("no UTF-8", b"\xff" * LARGEST),
            ("accents", "é".encode() * (LARGEST // 2)),
        ):
            yield sent(f"trigger, {name}, body of {kind}", body, raw, kind="text/plain")
        for kind, raw in (
            ("letters", b"ab" * (SMALL // 2)),
            ("one letter", b"a" * SMALL),
            ("no UTF-8", b"\xff" * SMALL),
        ):
            yield sent(f"trigger, {name}, {SMALL // KIB} KiB of {kind}", body, raw, kind="text/plain")
    many = rewritten("/x", {"in": "requestBody", "pattern": "(a?)(b?)(c?)(d?)(e?)"})
    yield sent("trigger, empty matches", many, b"x" * LARGEST, kind="text/plain")
    asked = rewritten("/x", {"in": "query", "name": "a", "pattern": SLOW})
    for kind, query in (
        ("names", "a&" * (URL // 2)),
        ("other names", "&".join(f"{n:06x}" for n in range(URL // 7))),
        ("escapes", "a=" + "%41" * (URL // 3)),
        ("letters", "a=" + "ab" * (URL // 2)),
    ):
        yield sent(f"trigger, query of {kind}", asked, query=query)
        yield sent(f"variables, query of {kind}", with_variables(), query=query)
    for kind, raw in (
        ("names", b"a&" * (LARGEST // 2)),
        ("other names", b"&".join(b"%06x" % n for n in range(LARGEST // 7))),
        ("escapes", b"a=" + b"%41" * (LARGEST // 3)),
        ("no UTF-8", b"a=" + b"\xff" * LARGEST),
    ):
        yield sent(f"variables, form of {kind}", with_variables(), raw, kind=FORM)
    yield sent("variables, cookies", with_variables(), headers=(("Cookie", "a=b;" * (URL // 4)),))


# ── what is loaded ──


def loaded(name: str, document: dict[str, Any]) -> Case:
    text = json.dumps(document)

    def load() -> str:
        made = load_text(text, "stalls.json", Settings())
        snapshot = Snapshot(made.definitions, Settings())
        refused = sum(bool(api.definition.unavailable) for api in snapshot.apis.values())
        return "unavailable" if refused else f"{len(made.problems)} problems"

    async def run(_: Outside) -> str:
        return await asyncio.to_thread(load)

    return Case(f"loading {name}", len(text), run, again=False)


def operations(schema: Any, count: int = 400, **more: Any) -> dict[str, Any]:
    document = oas({}, {}, **more)
    content = {"content": {JSON: {"schema": schema}}}
    document["paths"] = {
        f"/x{n}": {
            "post": {
                "operationId": f"x{n}",
                "requestBody": content,
                "responses": {"200": {"description": "d", **content}},
            }
        }
        for n in range(count)
    }
    both = {
        "validateRequest": {"enabled": True},
        "mockResponse": {"enabled": True, "fromOASExamples": {"enabled": True}},
    }
    document["x-tyk-api-gateway"]["middleware"]["operations"] = {f"x{n}": both for n in range(count)}
    return document


def loads() -> Iterator[Case]:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"a": deep}}
    wide = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "pattern": f"^[a-z]{{{n % 100}}}$"} for n in range(200)},
    }
    yield loaded("400 operations, doubled", operations({"$ref": "#/components/schemas/S39"}, schemas=doubled(40)))
    yield loaded(
        "400 operations, multiplying", operations({"$ref": "#/components/schemas/Loop"}, schemas={"Loop": MULTIPLYING})
    )
    yield loaded("400 operations, deep", operations(deep))
    yield loaded("400 operations, wide", operations(wide))
    yield loaded(
        "400 operations, enum of 10,000",
        operations({"$ref": "#/components/schemas/E"}, schemas={"E": {"enum": [f"v{n}" for n in range(10_000)]}}),
    )
    slow = {"allOf": [{"pattern": f"(x{{{n}}}|[\\pL]{{{n}}})*"} for n in range(20, 60)]}
    yield loaded("20 operations, patterns", operations(slow, 20))
    yield loaded("one schema 3,000 deep", operations(_deep(900), 1))
    yield loaded("a huge example", operations({"type": "array", "example": [[[]]] * 100_000}, 2))


def _deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"items": made}
    return made


# ── the figures ──


class Ticking:
    """Wants a turn of the loop every millisecond, and notes the longest wait for one.

    Time in which the whole process did not run, since others had the processor, does not count.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> "Ticking":
        self._task = asyncio.create_task(self._tick())
        for _ in range(3):
            await asyncio.sleep(0.001)
        self.longest = 0.0
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.002)
        self._task.cancel()

    async def _tick(self) -> None:
        last, used = perf_counter(), process_time()
        while True:
            await asyncio.sleep(0.001)
            now, so_far = perf_counter(), process_time()
            self.longest = max(self.longest, min(now - last, so_far - used))
            last, used = now, so_far


async def gaps(case: Case, outside: Outside, runs: int, at_once: int) -> tuple[list[float], list[float], str]:
    """Longest gaps and durations in milliseconds, and what came of it."""
    found, took, said = [], [], ""
    for _ in range(runs):
        async with Ticking() as ticking:
            started = perf_counter()
            came = await asyncio.gather(*(case.run(outside) for _ in range(at_once)))
            took.append((perf_counter() - started) * 1_000)
            del started
        found.append(ticking.longest * 1_000)
        said = came[0]
    return found, took, said


async def measured(case: Case, runs: int) -> list[str]:
    outside = Outside(clock=SYSTEM.clock, ids=SYSTEM.ids, turns=SYSTEM.turns, compute=Threads())
    case.prepare()
    gc.collect()
    alone, took, said = await gaps(case, outside, runs, 1)
    twice: list[float] = []
    if case.again and median(took) > TARGET_MILLISECONDS / 10:
        twice, _, _ = await gaps(case, outside, runs, 2)
    return [
        case.name,
        f"{case.size:,}",
        said,
        f"{median(took):.0f}",
        f"{median(alone):.1f}",
        f"{max(alone):.1f}",
        f"{median(twice):.1f}" if twice else "",
        f"{max(twice):.1f}" if twice else "",
    ]


def cases() -> Iterator[Case]:
    for size in (SMALL, 2 * SMALL, LARGE):
        yield from openapi(size)
        yield from other_bodies(size)
        yield from classics(size)
        yield from answers(size)
    for size in (2 * KIB, 256 * KIB):
        yield from yaml(size)
    yield from urls()
    yield from rewrites()
    yield from loads()


# ── through a whole gateway ──

LIVE: Final = (
    "OAS 16 KiB, combinators that multiply",
    "OAS 32 KiB, a list that breaks off",
    "OAS 32 KiB, dates that are none",
    "OAS 1024 KiB, lists 9,000 deep",
    "OAS 1024 KiB, objects of one member",
    "OAS 1024 KiB, unique numbers",
    "OAS 1024 KiB, form of fields",
    "OAS 1024 KiB, CSV of quoted lines",
    "OAS 256 KiB, YAML lists",
    "Classic 1024 KiB, unique lists of lists",
    "Classic 1024 KiB, one text of two letters, slow pattern",
    "trigger, a usual pattern, body of no UTF-8",
    "variables, form of names",
)


def live(runs: int) -> list[list[str]]:
    chosen = {case.name: case for case in cases() if case.name in LIVE and case.document and case.request}
    if len(chosen) != len(LIVE):
        raise stop(f"no such cases: {', '.join(sorted(frozenset(LIVE) - chosen.keys()))}")
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write(folder, 0, "first")
        for number, case in enumerate(chosen.values()):
            (folder / f"case-{number}.json").write_text(json.dumps(placed(case.document or {}, f"case-{number}")))
        with serving(folder) as (port, _):
            rows = [asked("nothing", port, lambda: sleep(2))]
            rows += [
                asked(name, port, lambda case=case, number=number: posted(port, number, case, runs))  # type: ignore[misc] # bound
                for number, (name, case) in enumerate(chosen.items())
            ]
    return rows


def asked(name: str, port: int, meanwhile: Callable[[], str | None]) -> list[str]:
    asking = Asking(port)
    asking.start()
    said = meanwhile() or ""
    middle, slowest, failures = asking.stop()
    return [name, said, f"{middle:.1f}", f"{slowest:.1f}", str(failures)]


def posted(port: int, number: int, case: Case, runs: int) -> str:
    """Send a request several times, as a client on a connection of its own; the status."""
    status = 0
    if case.request is None or not isinstance(case.request.body, bytes):
        raise stop(f"nothing to send: {case.name}")
    query = f"?{case.request.query}" if case.request.query is not None else ""
    for _ in range(runs):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("POST", f"/case-{number}/x{query}", case.request.body, dict(case.request.headers))
        answer = connection.getresponse()
        answer.read()
        status = answer.status
        connection.close()
    return str(status)


def placed(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A definition with an id, a name and a listen path of its own."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    if "proxy" in made:
        made["name"] = made["api_id"] = name
        made["proxy"]["listen_path"] = f"/{name}/"
        return made
    extension = made["x-tyk-api-gateway"]
    extension["info"].update(name=name, id=name)
    extension["server"]["listenPath"]["value"] = f"/{name}/"
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each case (default %(default)s)")
    parser.add_argument("--only", default="", metavar="WORD", help="only cases with this in their names")
    parser.add_argument("--over", type=float, default=0.0, metavar="MS", help="only print cases with a longer gap")
    parser.add_argument("--live", action="store_true", help="through a whole gateway")
    parser.add_argument("--progress", action="store_true", help="print each case when it is done, too")
    given = parser.parse_args()
    print("\n".join(machine_lines(("this state", ROOT))))
    print(f"n = {given.runs}; ms; target for the longest gap: {TARGET_MILLISECONDS:.0f}\n", flush=True)
    if given.live:
        print(table(["while somebody sends", "answer", "answers: median", "slowest", "failed"], live(given.runs)))
        return 0
    rows = []
    gc.collect()
    gc.freeze()
    for case in cases():
        if given.only not in case.name:
            continue
        row = asyncio.run(measured(case, given.runs))
        if given.progress:
            print("  ".join(row), flush=True)
        if max(float(row[5]), float(row[7] or 0)) >= given.over:
            rows.append(row)
    header = ["case", "bytes", "answer", "took", "gap median", "max", "two at once: median", "max"]
    print(table(header, rows))
    over = [row[0] for row in rows if max(float(row[5]), float(row[7] or 0)) > TARGET_MILLISECONDS]
    print(f"\nover {TARGET_MILLISECONDS:.0f} ms: {len(over)} of {len(rows)}" + "".join(f"\n  {name}" for name in over))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
