"""What somebody can pick to try one section of a definition by itself: names, and something to begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pick:
    """One kind of section."""

    name: str
    """As ``sections`` knows it."""
    title: str
    begin: str
    """To be edited: a text where ``is_text``, and JSON of the configuration otherwise."""
    is_text: bool = False
    method: str = "GET"


PICKS: Final[Sequence[Pick]] = (
    Pick(
        "transformRequestBody", "Request body template", '{"name": {{jsonMarshal .name}}}', is_text=True, method="POST"
    ),
    Pick("transformResponseBody", "Response body template", '{"name": {{jsonMarshal .name}}}', is_text=True),
    Pick(
        "transform_jq",
        "Request jq filter (Classic)",
        '{"body": .body, "rewrite_headers": {}, "tyk_context": {}}',
        is_text=True,
        method="POST",
    ),
    Pick(
        "transform_jq_response", "Response jq filter (Classic)", '{"body": .body, "rewrite_headers": {}}', is_text=True
    ),
    Pick(
        "virtualEndpoint",
        "Virtual endpoint script",
        "function answer(request, session, config) {\n"
        '  return TykJsResponse({Body: "hello", Headers: {}, Code: 200}, session.meta_data);\n'
        "}",
        is_text=True,
    ),
    Pick(
        "global.prePlugins",
        "Plugin script, before authentication",
        "var plugin = new TykJS.TykMiddleware.NewMiddleware({});\n"
        "plugin.NewProcessRequest(function (request, session, config) {\n"
        '  request.SetHeaders["X-Seen"] = "yes";\n'
        "  return plugin.ReturnData(request, {});\n"
        "});",
        is_text=True,
    ),
    Pick(
        "global.postPlugins",
        "Plugin script, behind the transforms",
        "var plugin = new TykJS.TykMiddleware.NewMiddleware({});",
        is_text=True,
    ),
    Pick("urlRewrite", "URL rewrite", '{"enabled": true, "pattern": "/(.*)", "rewriteTo": "/new/$1"}'),
    Pick(
        "validateRequest",
        "JSON schema of the request body",
        '{"type": "object", "required": ["name"]}',
        is_text=True,
        method="POST",
    ),
    Pick(
        "validate_json",
        "JSON schema (Classic)",
        '{"type": "object", "required": ["name"]}',
        is_text=True,
        method="POST",
    ),
    Pick(
        "validateResponse", "JSON schema of the response body", '{"type": "object", "required": ["name"]}', is_text=True
    ),
    Pick(
        "transformRequestHeaders",
        "Request headers",
        '{"enabled": true, "remove": [], "add": [{"name": "X-Path", "value": "$tyk_context.path"}]}',
    ),
    Pick(
        "transformResponseHeaders",
        "Response headers",
        '{"enabled": true, "remove": ["Server"], "add": [{"name": "X-By", "value": "gateway"}]}',
    ),
    Pick("transformRequestMethod", "Request method", '{"enabled": true, "toMethod": "PUT"}'),
    Pick("mockResponse", "Mock response body", '{"name": "made up"}', is_text=True),
    Pick("requestSizeLimit", "Size limit of requests", '{"enabled": true, "value": 100}', method="POST"),
    Pick("enforceTimeout", "Time limit of the upstream", '{"enabled": true, "value": 5}'),
    Pick("allow", "Allow list entry", '{"enabled": true}'),
    Pick("block", "Block list entry", '{"enabled": true}'),
    Pick("ignoreAuthentication", "Ignore authentication", '{"enabled": true}'),
    Pick("trackEndpoint", "Track endpoint", '{"enabled": true}'),
    Pick(
        "global.cors",
        "CORS",
        '{"enabled": true, "allowedOrigins": ["https://shop.example"], "allowedMethods": ["GET"]}',
    ),
    Pick("server.ipAccessControl", "IP access control", '{"enabled": true, "allow": ["127.0.0.1"], "block": []}'),
    Pick(
        "server.authentication",
        "Authentication",
        '{"enabled": true, "securitySchemes": {"key": {"enabled": true, '
        '"header": {"enabled": true, "name": "Authorization"}}}}',
    ),
    Pick(
        "upstream.loadBalancing",
        "Load balancing",
        '{"enabled": true, "targets": [{"url": "http://a.invalid", "weight": 1}]}',
    ),
    Pick(
        "response_processors",
        "Response processors (Classic)",
        '[{"name": "header_injector", "options": {"add_headers": {"X-By": "gateway"}}}]',
    ),
    Pick("error_overrides", "Error overrides (Classic)", "{}"),
)
