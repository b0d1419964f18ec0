"""Sections given as plain text: templates, scripts, filters, schemas, put where their configuration wants them. No I/O."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from lockgate.decoding.syntax import SyntaxProblem, parse_json
from lockgate.problems import kind_of

PLUGINS: Final = ("prePlugins", "postAuthenticationPlugins", "postPlugins", "responsePlugins")
"""Of ``middleware.global``: lists of scripts."""

_FUNCTION: Final = re.compile(r"(?:\bfunction\s+|\b(?:var|let|const)\s+)([A-Za-z_$][\w$]*)")
_SOURCES: Final = ("body", "path")
_SWITCH: Final = "enabled"


class SectionError(ValueError):
    """A section that no definition can be made around; the message says why."""


def configured(name: str, config: Any, text: str | None) -> Any:
    """The configuration of a section with a text in it, where it has one.

    Args:
        name: Of the section, as its format has it.
        config: What was given of it; None: nothing.
        text: In plain text; None: there is none.

    Raises:
        SectionError: The section takes no text, or cannot take this one.
    """
    if text is None:
        return {_SWITCH: True} if config is None else config
    if config is not None and not isinstance(config, Mapping):
        raise SectionError(f"expected an object as 'config' beside 'text', found {kind_of(config)}")
    known = dict(config or {})
    plugin = name.removeprefix("global.")
    if plugin in PLUGINS:
        entry = {_SWITCH: True, "functionName": _function(text), **known, "path": "", "code": _packed(text)}
        return [entry]
    put = _TEXTS.get(name)
    if put is None:
        raise SectionError(f"expected no 'text' in a section {name!r}: it takes none")
    return put(text, known)


def _packed(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _function(text: str) -> str:
    found = _FUNCTION.search(text)
    return found[1] if found else ""


def schema_of(text: str) -> Any:
    """A JSON schema from its text.

    Raises:
        SectionError: It is no JSON.
    """
    try:
        return parse_json(text).value
    except SyntaxProblem as error:
        raise SectionError(f"expected a schema as JSON: line {error.problem.line}: {error}") from None


def _body(text: str, known: dict[str, Any]) -> Any:
    made = {_SWITCH: True, "format": "json", **{key: one for key, one in known.items() if key not in _SOURCES}}
    own = made.get("x-lockgate")
    if not isinstance(own, Mapping):
        return {**made, "body": _packed(text)}
    # The engine is named beside the template that it runs.
    own = {key: one for key, one in own.items() if key not in _SOURCES}
    return {**made, "x-lockgate": {**own, "body": _packed(text)}}


def _template_data(text: str, known: dict[str, Any]) -> Any:
    data = {"input_type": "json", "enable_session": True, **(known.get("template_data") or {})}
    return {**known, "template_data": {**data, "template_mode": "blob", "template_source": _packed(text)}}


def _virtual(text: str, known: dict[str, Any]) -> Any:
    return {_SWITCH: True, "functionName": _function(text), **known, "body": _packed(text)}


def _classic_virtual(text: str, known: dict[str, Any]) -> Any:
    made = {"response_function_name": _function(text), "function_source_type": "blob", **known}
    return {**made, "function_source_uri": _packed(text)}


_TEXTS: Final[Mapping[str, Callable[[str, dict[str, Any]], Any]]] = {
    "transformRequestBody": _body,
    "transformResponseBody": _body,
    "virtualEndpoint": _virtual,
    "mockResponse": lambda text, known: {_SWITCH: True, "code": 200, **known, "body": text},
    "validateRequest": lambda _, known: {_SWITCH: True, **known},
    "validateResponse": lambda _, known: {_SWITCH: True, **known},
    "transform": _template_data,
    "transform_response": _template_data,
    "transform_jq": lambda text, known: {**known, "filter": text},
    "transform_jq_response": lambda text, known: {**known, "filter": text},
    "virtual": _classic_virtual,
    "validate_json": lambda text, known: {**known, "schema": schema_of(text)},
}


def takes_text(name: str) -> bool:
    """Whether a section, by its name in its format, may be given as plain text."""
    return name in _TEXTS or name.removeprefix("global.") in PLUGINS
