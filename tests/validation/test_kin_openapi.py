"""What the library of the reference gateway said of operations and requests made at random.

``kin_openapi.jsonl`` was recorded with kin-openapi 0.132.0 and Go 1.26. Each line is an operation with what was sent to it:
target, headers, body, and the cause of the refusal, or what of the request was different then. Where we differ on purpose,
and where the order of Go's maps decides, nothing was recorded.
"""

import base64
import json
from pathlib import Path

import pytest
from tests.apis import oas, snapshot
from tests.validation.operations import Endpoint

from lockgate.exchange import Request

RECORDED = [
    json.loads(line) for line in (Path(__file__).parent / "kin_openapi.jsonl").read_text("utf-8").split("\n") if line
]


def recorded_endpoint(line):
    path, method = line["path"], line.get("method", "GET")
    document = oas({f"{method} {path}": {"validateRequest": {"enabled": True}}})
    item = document["paths"][path]
    item[method.lower()] |= {"parameters": []} | line["operation"]
    if not item[method.lower()]["parameters"]:
        del item[method.lower()]["parameters"]
    if "parameters" in line:
        item["parameters"] = line["parameters"]
    document["components"] = {"schemas": line.get("schemas", {})}
    return Endpoint(snapshot(document), method, path)


def changes(sent: Request, target, body):
    """What a request has that was not sent: query, body."""
    found = {}
    if (sent.query or "") != target.partition("?")[2]:
        found["query"] = sent.query
    if sent.body != body:
        found["body"] = sent.body.decode()
    return found


@pytest.mark.parametrize("line", RECORDED, ids=[f"line {number}" for number in range(1, len(RECORDED) + 1)])
def test_recorded(line):
    of = recorded_endpoint(line)
    for target, headers, text, expected in line["sent"]:
        body = text.encode() if isinstance(text, str) else base64.b64decode(text["base64"])
        pairs = tuple((name, value) for name, value in headers)
        if isinstance(expected, str):
            assert of.cause(path=target, headers=pairs, body=body) == expected
            continue
        sent = of.sent(path=target, headers=pairs, body=body)
        assert changes(sent, target, body) == {key: value for key, value in expected.items() if key != "headers"}
        wanted = expected.get("headers", headers)
        for name, _ in wanted:
            assert list(sent.headers.get_all(name)) == [
                value for other, value in wanted if other.lower() == name.lower()
            ]


def test_there_are_records():
    assert sum(len(line["sent"]) for line in RECORDED) > 1000
