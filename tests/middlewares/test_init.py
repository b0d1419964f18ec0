from lockgate.middlewares import LIST_ORDER, REQUEST, RESPONSE, UPSTREAM
from lockgate.middlewares.access import AccessKind
from lockgate.registry import Registry


def test_every_order_makes_a_registry():
    assert tuple(Registry(REQUEST)) == (
        "expiration",
        "access",
        "expires_header",
        "cors",
        "script_pre",
        "ip_access",
        "request_size_limit",
        "context_variables",
        "track_endpoint",
        "script_auth",
        "auth_token",
        "script_post_auth",
        "strip_authorization",
        "key_expiry",
        "access_rights",
        "key_limits",
        "validate_json",
        "validate_request",
        "request_body_transform",
        "request_jq",
        "request_headers",
        "url_rewrite",
        "request_method",
        "mock_response",
        "virtual_endpoint",
        "script_post",
        "forward",
    )
    assert tuple(Registry(UPSTREAM)) == ("enforced_timeout",)
    assert tuple(Registry(RESPONSE)) == (
        "content_encoding",
        "response_body_transform",
        "response_headers",
        "header_injector",
        "response_jq",
        "header_cleanup",
        "script_response",
        "error_override",
        "validate_response",
        "cors",
        "hop_by_hop",
        "rate_limit_headers",
        "content_type",
    )


def test_every_middleware_has_the_step_of_its_phase():
    assert all(middleware.request is not None for middleware in REQUEST)
    assert all(middleware.upstream is not None for middleware in UPSTREAM)
    assert all(middleware.response is not None for middleware in RESPONSE)


def test_the_list_order_knows_every_kind_once():
    names = {middleware.name for middleware in (*REQUEST, *UPSTREAM, *RESPONSE)} | {kind.value for kind in AccessKind}
    names |= {"do_not_track", "track"}

    assert set(LIST_ORDER) <= names
    assert {kind.value for kind in AccessKind} <= set(LIST_ORDER)
    assert len(set(LIST_ORDER)) == len(LIST_ORDER)
