"""One section of a definition by itself: a small definition is made around it, in which it can be tried. No I/O.

A section is named as its format names it: ``urlRewrite`` of an OAS operation, ``global.cors``, ``server.authentication``;
``url_rewrites`` of a Classic definition's ``extended_paths``, or a key of the whole definition. The names of the
middlewares, as traces show them, count too. A template, script, filter or schema may be given as plain text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lockgate.debugging import section_texts
from lockgate.debugging.section_texts import SectionError, configured, schema_of
from lockgate.decoding.shapes import nearest
from lockgate.decoding.syntax import SyntaxProblem, parse_json, parse_yaml
from lockgate.exchange import Request
from lockgate.loading.classic_format import SHAPE as CLASSIC
from lockgate.loading.classic_paths import EXTENDED_PATHS
from lockgate.loading.oas_middleware import GLOBAL, OPERATION
from lockgate.problems import Problem, kind_of, pointer
from lockgate.routing.pattern import decode_path

EXTENSION: Final = "x-tyk-api-gateway"
API_ID: Final = "section"
OPERATION_ID: Final = "tried"
NO_UPSTREAM: Final = "http://upstream.invalid/"
"""Where requests would go. RFC 6761 keeps the name from ever resolving."""

_KEYS: Final = ("middleware", "config", "text", "method", "path", "operation", "upstream")
_METHOD: Final = re.compile(r"[A-Za-z]+")
_ALIASES: Final = {
    "request_body_transform": "transformRequestBody",
    "response_body_transform": "transformResponseBody",
    "request_headers": "transformRequestHeaders",
    "response_headers": "transformResponseHeaders",
    "request_method": "transformRequestMethod",
    "request_size_limit": "requestSizeLimit",
    "url_rewrite": "urlRewrite",
    "mock_response": "mockResponse",
    "enforced_timeout": "enforceTimeout",
    "track_endpoint": "trackEndpoint",
    "validate_request": "validateRequest",
    "virtual_endpoint": "virtualEndpoint",
    "request_jq": "transform_jq",
    "response_jq": "transform_jq_response",
    "validate_response": "validateResponse",
    "context_variables": "global.contextVariables",
    "cors": "global.cors",
    "auth_token": "server.authentication",
    "ip_access": "server.ipAccessControl",
    "script_pre": "global.prePlugins",
    "script_post_auth": "global.postAuthenticationPlugins",
    "script_post": "global.postPlugins",
    "script_response": "global.responsePlugins",
}
"""Names of middlewares, and the sections that configure them."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section, as somebody sent it."""

    middleware: str
    """Its name."""
    config: Any = None
    """As in a definition; None: what ``text`` needs around it."""
    text: str | None = None
    """A template, script, filter, schema or body in plain text, in place of what ``config`` has there."""
    method: str = ""
    """Of the endpoint that it is for; "" is the request's."""
    path: str = ""
    """Likewise, behind the listen path "/"."""
    operation: Mapping[str, Any] | None = None
    """Further keys of the operation in the OpenAPI document: ``parameters``, ``requestBody``, ``responses``."""
    upstream: str = NO_UPSTREAM


@dataclass(frozen=True, slots=True)
class Made:
    """A definition around a section."""

    text: str
    pointer: str
    """To the section in it."""

    def of_section(self, problem: Problem) -> Problem:
        """A problem of the definition as one of the section: its pointer begins there; lines are not those of anybody."""
        at = problem.pointer
        inner = at.removeprefix(self.pointer) if at == self.pointer or at.startswith(f"{self.pointer}/") else at
        return problem if problem.file else replace(problem, pointer=inner, line=0)


def names() -> tuple[str, ...]:
    """Every name that a section may have."""
    operations = (key for key in OPERATION.keys if key != "x-lockgate")
    everywhere = (f"global.{key}" for key in GLOBAL.keys)
    of_api = ("server.authentication", "server.ipAccessControl", "server.batchProcessing", "server.eventHandlers")
    upstream = (
        "upstream.loadBalancing",
        "upstream.rateLimit",
        "upstream.enforceTimeout",
        "upstream.preserveHostHeader",
    )
    whole = (key for key in CLASSIC.keys if key not in _OF_EVERY)
    return tuple(
        dict.fromkeys(
            (*operations, "validateResponse", *everywhere, *of_api, *upstream, *EXTENDED_PATHS.keys, *whole, *_ALIASES)
        )
    )


_OF_EVERY: Final = (
    "name",
    "api_id",
    "org_id",
    "active",
    "proxy",
    "version_data",
    "definition",
    "use_keyless",
    "is_oas",
)


def section_of(value: Any, middleware: str = "") -> Section:
    """A section from JSON values.

    Args:
        value: ``{"middleware": …, "config": …}``; or, with ``middleware``, the configuration alone.
        middleware: Its name, where ``value`` is the configuration.

    Raises:
        SectionError: It is none; the message says what was expected and what was found.
    """
    if not isinstance(value, Mapping) or "middleware" not in value:
        if not middleware:
            raise SectionError("expected an object with 'middleware' and 'config' as the section")
        value = {"middleware": middleware, "config": value}
    for key in value:
        if key not in _KEYS:
            hint = nearest(str(key), _KEYS)
            raise SectionError(
                f"expected one of {', '.join(_KEYS)} in the section, found {key!r}{hint and f'; {hint}'}"
            )
    for key in ("middleware", "text", "method", "path", "upstream"):
        if value.get(key) is not None and not isinstance(value[key], str):
            raise SectionError(f"expected a text as {key!r} of the section, found {kind_of(value[key])}")
    operation = value.get("operation")
    if operation is not None and not isinstance(operation, Mapping):
        raise SectionError(f"expected an object as 'operation' of the section, found {kind_of(operation)}")
    return Section(
        middleware=value["middleware"],
        config=value.get("config"),
        text=value.get("text"),
        method=value.get("method") or "",
        path=value.get("path") or "",
        operation=operation,
        upstream=value.get("upstream") or NO_UPSTREAM,
    )


def parse_section(text: str, middleware: str = "") -> Section:
    """A section from the text of a file: JSON or YAML, or, where the middleware takes one, a template, script or filter.

    Raises:
        SectionError: It is none.
    """
    plain = bool(middleware) and takes_text(middleware)
    try:
        if text.lstrip()[:1] in ("{", "["):
            value = parse_json(text).value
        else:
            documents = () if plain else parse_yaml(text)
            value = documents[0].value if documents else None
    except SyntaxProblem as error:
        if not plain:
            if middleware and middleware not in names():
                raise _unknown(middleware) from None
            hint = "" if middleware else "; a template, script or filter is one of a middleware that is named beside it"
            raise SectionError(f"line {error.problem.line}: {error}{hint}") from None
        value = None
    if plain and not (isinstance(value, Mapping) and any(key in value for key in _TELLING)):
        return Section(middleware, text=text)
    return section_of(value, middleware)


_TELLING: Final = (*("middleware", "enabled", "filter", "schema", "template_data", "response_function_name", "path"),)
"""Keys of configurations: a JSON text without any of them is a template, or a schema."""


def takes_text(name: str) -> bool:
    """Whether a section may be given as plain text."""
    return section_texts.takes_text(_ALIASES.get(name, name))


def made_around(section: Section, request: Request | None = None) -> Made:
    """A definition with one API on "/" that has the section and nothing else.

    Args:
        section: What is tried.
        request: Whose method and path the section is for, where it does not say.

    Raises:
        SectionError: There is no such section, or its endpoint is none.
    """
    name = _ALIASES.get(section.middleware, section.middleware)
    method, path = ("GET", "/") if request is None else (request.method, decode_path(request.path))
    if "{" in path or not path.startswith("/"):
        path = "/"
    section = replace(section, method=section.method or method, path=section.path or path)
    if not _METHOD.fullmatch(section.method):
        raise SectionError(f"expected a method, found {section.method!r}")
    if not section.path.startswith("/"):
        raise SectionError(f"expected a path that begins with '/', found {section.path!r}")
    config = configured(name, section.config, section.text)
    head, dot, key = name.partition(".")
    if dot and head in ("global", "server", "upstream"):
        place = {"global": ("middleware", "global")}.get(head, (head,))
        return _oas(section, {}, (*place, key), config)
    if name == "validateResponse":
        return _oas(section, {"x-lockgate": {name: config}}, None, None)
    if name in OPERATION.keys and name != "x-lockgate":
        return _oas(section, {name: config}, None, None)
    if name in EXTENDED_PATHS.keys:
        return _classic_entry(section, name, config)
    if name in CLASSIC.keys and name not in _OF_EVERY:
        return _classic(section, {name: config}, pointer(name))
    raise _unknown(section.middleware)


def _unknown(name: str) -> SectionError:
    hint = nearest(name, names())
    return SectionError(f"there is no section {name!r} of a definition{hint and f'; {hint}'}")


def _oas(section: Section, middleware: Mapping[str, Any], place: tuple[str, ...] | None, config: Any) -> Made:
    parameters = [
        {"name": part.partition("}")[0], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in section.path.split("{")[1:]
    ]
    operation = {
        "operationId": OPERATION_ID,
        **({"parameters": parameters} if parameters else {}),
        "responses": {"200": {"description": "OK"}},
        **(section.operation or {}),
    }
    name = _ALIASES.get(section.middleware, section.middleware)
    if name == "validateRequest" and section.text is not None:
        schema = schema_of(section.text)
        operation = {
            **operation,
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        }
    elif name == "validateResponse" and section.text is not None:
        content = {"application/json": {"schema": schema_of(section.text)}}
        operation = {**operation, "responses": {"200": {"description": "OK", "content": content}}}
    extension: dict[str, Any] = {
        "info": {"name": API_ID, "id": API_ID, "state": {"active": True}},
        "upstream": {"url": section.upstream},
        "server": {"listenPath": {"value": "/", "strip": True}},
        "middleware": {
            # Without them no variable is known, no plugin runs, and no endpoint is tracked.
            "global": {
                "contextVariables": {"enabled": True},
                "pluginConfig": {"driver": "otto"},
                "trafficLogs": {"enabled": True},
            },
            "operations": {OPERATION_ID: dict(middleware)} if middleware else {},
        },
    }
    at = pointer(EXTENSION, "middleware", "operations", OPERATION_ID, *_keys_down(middleware))
    authentication: Any = None
    if place is not None:
        within = extension
        for key in place[:-1]:
            within = within.setdefault(key, {})
        within[place[-1]] = config
        if place[-1] == "postAuthenticationPlugins":
            extension["server"]["authentication"] = authentication = _TOKEN
        at = pointer(EXTENSION, *place)
        if place == ("server", "authentication"):
            authentication = config
    document = {
        "openapi": "3.0.3",
        "info": {"title": API_ID, "version": "1"},
        "paths": {section.path: {section.method.lower(): operation}},
        EXTENSION: extension,
    }
    document |= _schemes(authentication)
    return Made(json.dumps(document, indent=1), at)


_TOKEN: Final = {
    "enabled": True,
    "securitySchemes": {"token": {"enabled": True, "header": {"enabled": True, "name": "Authorization"}}},
}


def _schemes(config: Any) -> dict[str, Any]:
    """What the OpenAPI document has to say for the schemes of a section of authentication."""
    named = config.get("securitySchemes") if isinstance(config, Mapping) else None
    made = {}
    for name, scheme in named.items() if isinstance(named, Mapping) else ():
        header = scheme.get("header") if isinstance(scheme, Mapping) else None
        key = header.get("name") if isinstance(header, Mapping) else None
        made[str(name)] = {"type": "apiKey", "in": "header", "name": str(key or "Authorization")}
    return {"components": {"securitySchemes": made}, "security": [{name: [] for name in made}]} if made else {}


def _keys_down(middleware: Mapping[str, Any]) -> tuple[str, ...]:
    key = next(iter(middleware), "")
    if key == "x-lockgate":
        return (key, *middleware[key])
    return (key,) if key else ()


def _classic_entry(section: Section, name: str, config: Any) -> Made:
    entries = config if isinstance(config, list) else [config]
    placed: list[Any] = []
    for entry in entries:
        if isinstance(entry, Mapping):
            placed.append({"path": section.path, "method": section.method, **entry})
        else:
            placed.append(entry)
    version = {"name": "Default", "use_extended_paths": True, "extended_paths": {name: placed}}
    at = pointer("version_data", "versions", "Default", "extended_paths", name)
    whole = {"response_processors": []} if not name.startswith("transform_jq_") else _JQ_PROCESSOR
    return _classic(section, whole, at if isinstance(config, list) else f"{at}/0", version)


_JQ_PROCESSOR: Final = {"response_processors": [{"name": "response_body_transform_jq"}]}


def _classic(section: Section, keys: Mapping[str, Any], at: str, version: Mapping[str, Any] | None = None) -> Made:
    document = {
        "name": API_ID,
        "api_id": API_ID,
        "active": True,
        "use_keyless": True,
        "enable_context_vars": True,
        "proxy": {"listen_path": "/", "target_url": section.upstream, "strip_listen_path": True},
        "version_data": {"not_versioned": True, "versions": {"Default": version or {"name": "Default"}}},
        **keys,
    }
    return Made(json.dumps(document, indent=1), at)
