"""Definitions with body transforms for tests."""

import base64
from typing import Any


def blob(template: str | bytes) -> str:
    """A template as definitions hold it."""
    raw = template.encode() if isinstance(template, str) else template
    return base64.b64encode(raw).decode()


def body_section(template: str, kind: str = "json", **more: Any) -> dict[str, Any]:
    """``transformRequestBody`` or ``transformResponseBody``."""
    return {"enabled": True, "format": kind, "body": blob(template), **more}


def body_entry(template: str, path: str = "/x", method: str = "POST", **data: Any) -> dict[str, Any]:
    """An entry of ``transform`` or ``transform_response``."""
    usual = {"template_mode": "blob", "template_source": blob(template), "input_type": "json"}
    return {"path": path, "method": method, "template_data": {**usual, **data}}
