"""Definitions that the control API is given: looked at, and stored where the gateway reads them.

Source: behaviour-chain 6.3.
"""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from lockgate.deployment import Deployment
from lockgate.loading import load_text
from lockgate.problems import Severity

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_EXTENSION: Final = "x-tyk-api-gateway"


class RefusedError(ValueError):
    """A definition that is not stored; the message is for whoever sent it."""


def document_of(body: bytes, api_id: str = "") -> dict[str, Any]:
    """The definition in a request's body, with an id.

    Args:
        body: JSON.
        api_id: From the request's path; "" takes the document's own, or else a new one.

    Raises:
        RefusedError: It is no JSON object, or has an id that is no file name.
    """
    try:
        document = json.loads(body)
    except ValueError:
        raise RefusedError("Request malformed") from None
    if not isinstance(document, dict):
        raise RefusedError("Request malformed")
    place = _place_of_id(document)
    key = "id" if _EXTENSION in document else "api_id"
    chosen = api_id or place.get(key) or secrets.token_hex(16)
    # Differs: the reference gateway writes an id such as "../x" outside its folder (test_an_id_stays_in_the_folder).
    if not isinstance(chosen, str) or not _FILE_NAME.fullmatch(chosen):
        raise RefusedError("Invalid API ID")
    place[key] = chosen
    return document


def _place_of_id(document: dict[str, Any]) -> dict[str, Any]:
    """The object that holds a definition's id."""
    extension = document.get(_EXTENSION)
    if not isinstance(extension, dict):
        return document
    info = extension.setdefault("info", {})
    return info if isinstance(info, dict) else document


def store(document: Mapping[str, Any], deployment: Deployment) -> str:
    """Stage a definition for the next reload, and return its id.

    Raises:
        RefusedError: The definition cannot be served, or there is no folder.
        OSError: The file cannot be written.
    """
    if deployment.folder is None:
        raise RefusedError("the gateway was given files, and no folder to store definitions in")
    text = json.dumps(document, indent=2)
    loaded = load_text(text, "definition.json", deployment.settings, resolve=False)
    refused = [
        problem
        for problem in loaded.problems
        if problem.severity is Severity.ERROR and not problem.code.startswith("unsupported")
    ]
    if refused or not loaded.definitions:
        found = refused or loaded.problems
        raise RefusedError("; ".join(f"{p.pointer}: {p.message}" if p.pointer else p.message for p in found))
    api_id = loaded.definitions[0].id
    deployment.stage(f"{api_id}.json", text)
    return api_id
