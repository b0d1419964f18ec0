"""The middlewares, and the order in which they run: a tuple for each phase, since the phases are not mirror images.

Source: behaviour-chain 3.1 and 3.2.
"""

from typing import Any, Final

from lockgate.middleware import Middleware
from lockgate.middlewares import (
    access,
    access_rights,
    auth_token,
    batch,
    content_encoding,
    content_type,
    context_variables,
    cors,
    enforced_timeout,
    error_override,
    expiration,
    expires_header,
    forward,
    header_cleanup,
    header_injector,
    hop_by_hop,
    ip_access,
    key_expiry,
    key_limits,
    mock_response,
    rate_limit_headers,
    request_body_transform,
    request_headers,
    request_jq,
    request_method,
    request_size_limit,
    response_body_transform,
    response_headers,
    response_jq,
    script_auth,
    script_post,
    script_post_auth,
    script_pre,
    script_response,
    strip_authorization,
    track_endpoint,
    url_rewrite,
    validate_json,
    validate_request,
    validate_response,
    virtual_endpoint,
)

REQUEST: Final[tuple[Middleware[Any], ...]] = (
    # An expired API says so, whatever its lists say of the endpoint.
    expiration.MIDDLEWARE,
    # Before anything that reads or changes the request: what is blocked is not looked at.
    access.MIDDLEWARE,
    # Behind the lists: what they refuse does not say when the API expires.
    expires_header.MIDDLEWARE,
    # Before everything that may refuse but the lists: a page can read any refusal from here on. Preflights have no
    # credentials, so they are answered before anybody asks for some.
    cors.MIDDLEWARE,
    # Before all protection but the lists: what they make of the request is what the rest of the chain sees.
    script_pre.MIDDLEWARE,
    # Before anything is looked at that costs more than an address.
    ip_access.MIDDLEWARE,
    request_size_limit.MIDDLEWARE,
    # Before the transforms: variables are those of the inbound request.
    context_variables.MIDDLEWARE,
    # Before anybody asks for a key: a refusal of an endpoint that is not to be recorded is not recorded.
    track_endpoint.MIDDLEWARE,
    # Whoever is not known learns nothing of what is asked of requests, and changes nothing. Where several are asked, all
    # have to agree; who comes last says who it is.
    script_auth.MIDDLEWARE,
    auth_token.MIDDLEWARE,
    # At once: these plugins see the credentials.
    script_post_auth.MIDDLEWARE,
    # At once, so that nothing behind it can pass credentials on; what the key is, is known by now.
    strip_authorization.MIDDLEWARE,
    # A key that is off says so, whatever it had a right to; a request that is refused uses nothing up.
    key_expiry.MIDDLEWARE,
    access_rights.MIDDLEWARE,
    key_limits.MIDDLEWARE,
    # Before the transforms: what the client sent is judged, and they see the defaults.
    validate_json.MIDDLEWARE,
    validate_request.MIDDLEWARE,
    # Behind what judges the body: that is the client's.
    request_body_transform.MIDDLEWARE,
    request_jq.MIDDLEWARE,
    request_headers.MIDDLEWARE,
    # Rewrite and method are recorded here, and used by forward: between them the request is still the client's.
    url_rewrite.MIDDLEWARE,
    request_method.MIDDLEWARE,
    # Behind the transforms: their headers can be seen in the response, and a method that cannot be is refused first.
    mock_response.MIDDLEWARE,
    # Behind the transforms: the script sees what they made of the request. What it answers passes the response chain.
    virtual_endpoint.MIDDLEWARE,
    # Behind all that answers or changes: they see what goes upstream.
    script_post.MIDDLEWARE,
    forward.MIDDLEWARE,
)
"""Of an API and of an endpoint, the API's link runs first: the endpoint has the last word."""

OWN: Final[tuple[Middleware[Any], ...]] = (batch.MIDDLEWARE,)
"""Endpoints of the gateway's own, within the listen path of an API: each is all that a request for it passes."""

UPSTREAM: Final[tuple[Middleware[Any], ...]] = (enforced_timeout.MIDDLEWARE,)
"""Between the chains: entries are matched with the path and method that the upstream gets (behaviour-chain 2.4)."""

RESPONSE: Final[tuple[Middleware[Any], ...]] = (
    # Transforms see what the client will get.
    content_encoding.MIDDLEWARE,
    response_body_transform.MIDDLEWARE,
    response_headers.MIDDLEWARE,
    # Processors of the Classic format stand behind the transforms that run by themselves: what they say counts.
    header_injector.MIDDLEWARE,
    # Differs: where both are listed, the reference gateway runs it and the next one in the order of the list
    # (test_headers_are_cleaned_behind_the_filter).
    response_jq.MIDDLEWARE,
    header_cleanup.MIDDLEWARE,
    script_response.MIDDLEWARE,
    # Behind the transforms: it replaces what they made of an error.
    error_override.MIDDLEWARE,
    # Behind everything that makes the answer: what the client will get is judged.
    validate_response.MIDDLEWARE,
    # Behind the transforms: what the gateway allows, they cannot say again.
    cors.MIDDLEWARE,
    # Behind the transforms: a hop-by-hop header that one sets is taken out again.
    hop_by_hop.MIDDLEWARE,
    # Behind the transforms: they cannot change these headers.
    rate_limit_headers.MIDDLEWARE,
    # Last: a Content-Type that is still missing here is missing.
    content_type.MIDDLEWARE,
)
"""Of an endpoint and of an API, the endpoint's link runs first: the API has the last word."""

LIST_ORDER: Final = (
    "mock",
    "ignore",
    "block",
    "allow",
    "request_body_transform",
    "response_body_transform",
    "request_jq",
    "response_jq",
    "request_headers",
    "response_headers",
    "enforced_timeout",
    "url_rewrite",
    "request_size_limit",
    "virtual_endpoint",
    "request_method",
    # Of both on one endpoint, the one that keeps it out of the records is found first.
    "do_not_track",
    "track",
    "validate_json",
    "internal",
    "validate_request",
    "validate_response",
    "mock_response",
)
"""Kinds of entries in the order in which they stand in the one list that ``access`` goes through.

Source: behaviour-chain 2.5, last paragraph.
"""
