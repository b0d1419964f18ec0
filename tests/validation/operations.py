"""One operation that is validated, from the parts that a test is about, and requests to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.apis import oas, snapshot, tried

from lockgate.exchange import Request
from lockgate.snapshot import Snapshot

PREFIX = "request validation error: "
JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


@dataclass(frozen=True)
class Endpoint:
    """An operation under /api/."""

    of: Snapshot
    method: str
    path: str

    def sent(
        self, query: str = "", headers: tuple[tuple[str, str], ...] = (), body: bytes | str = b"", path: str = ""
    ) -> Request:
        """What the upstream gets; a refusal fails the test."""
        raw = body.encode() if isinstance(body, str) else body
        url = f"/api{path or self.path}" + (f"?{query}" if query else "")
        trace = tried(self.of, self.method, url, headers, raw)
        assert trace.upstream_request is not None, trace.answer
        return trace.upstream_request

    def cause(
        self, query: str = "", headers: tuple[tuple[str, str], ...] = (), body: bytes | str = b"", path: str = ""
    ) -> str:
        """Why a request is refused; "" when it is not."""
        raw = body.encode() if isinstance(body, str) else body
        url = f"/api{path or self.path}" + (f"?{query}" if query else "")
        trace = tried(self.of, self.method, url, headers, raw)
        if trace.upstream_request is not None:
            return ""
        assert trace.answer is not None
        assert trace.answer.status == 422, trace.answer
        text = json.loads(bytes(trace.answer.body))["error"]  # type: ignore[arg-type]
        assert text.startswith(PREFIX)
        return str(text.removeprefix(PREFIX))


def endpoint(
    *parameters: dict[str, Any],
    path: str = "/x",
    method: str = "GET",
    body: dict[str, Any] | None = None,
    item: tuple[dict[str, Any], ...] = (),
    components: Mapping[str, Any] | None = None,
    version: str = "3.0.3",
    operation: Mapping[str, Any] | None = None,
    **gateway: Any,
) -> Endpoint:
    """An endpoint with these parameters.

    Args:
        parameters: Of the operation.
        path: Of the document.
        method: In upper case.
        body: ``requestBody``.
        item: Parameters of the path item.
        components: Of the document.
        version: Of OpenAPI.
        operation: More keys of the operation.
        gateway: Settings.
    """
    document = oas({f"{method} {path}": {"validateRequest": {"enabled": True}}})
    document["openapi"] = version
    found = document["paths"][path][method.lower()]
    found.update(operation or {})
    named = {one.get("name") for one in (*parameters, *item)}
    found["parameters"] = [*(one for one in found["parameters"] if one["name"] not in named), *parameters]
    if item:
        document["paths"][path]["parameters"] = list(item)
    if body is not None:
        found["requestBody"] = body
    if components is not None:
        document["components"] = components
    return Endpoint(snapshot(document, **gateway), method, path)


def query(name: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return _parameter("query", name, schema, more)


def header(name: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return _parameter("header", name, schema, more)


def cookie(name: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return _parameter("cookie", name, schema, more)


def in_path(name: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return _parameter("path", name, schema, {"required": True, **more})


def _parameter(place: str, name: str, schema: dict[str, Any] | None, more: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, **({} if schema is None else {"schema": schema}), **more}


def content(kind: str, schema: dict[str, Any] | None = None, *, required: bool = False, **more: Any) -> dict[str, Any]:
    """A request body of one media type."""
    return {"required": required, "content": {kind: {**({} if schema is None else {"schema": schema}), **more}}}


INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
STRING = {"type": "string"}


def array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def obj(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}
