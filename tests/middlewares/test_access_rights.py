import pytest
from tests.apis import snapshot
from tests.keys import World, keyed, status_of

API = b"Access to this API has been disallowed"
RESOURCE = b"Access to this resource has been disallowed"


def asked(rights, method="GET", url="/api/orders", **gateway):
    world = World(**{"ann-key": {"access_rights": rights}})
    trace = world.ask(snapshot(keyed(), **gateway), url, (("X-Key", "ann-key"),), method)
    return status_of(trace), trace.answer.body


@pytest.mark.parametrize("rights", [{}, None, {"pets": {}}, {"pets": {"versions": ["v9"]}, "other": {}}])
def test_a_right_to_the_api_is_enough(rights):
    assert asked(rights)[0] == 200


def test_a_right_to_another_api_is_none():
    status, body = asked({"other": {"api_id": "pets"}})

    assert (status, API in body) == (403, True)


@pytest.mark.parametrize(
    ("allowed", "method", "status"),
    [
        pytest.param([{"url": "/orders", "methods": ["GET"]}], "GET", 200, id="path and method"),
        pytest.param([{"url": "/orders", "methods": ["GET"]}], "POST", 403, id="another method"),
        pytest.param([{"url": "/orders", "methods": ["get"]}], "GET", 403, id="method with its case"),
        pytest.param([{"url": "/orders", "methods": None}], "GET", 403, id="no method"),
        pytest.param([{"url": "/carts", "methods": ["GET"]}], "GET", 403, id="another path"),
        pytest.param([{"url": "[", "methods": ["GET"]}], "GET", 403, id="no pattern"),
        pytest.param(
            [{"url": "[", "methods": ["GET"]}, {"url": "/orders", "methods": ["GET"]}], "GET", 200, id="second"
        ),
        pytest.param([], "GET", 200, id="empty list"),
    ],
)
def test_single_endpoints(allowed, method, status):
    got, body = asked({"pets": {"allowed_urls": allowed}}, method)

    assert got == status
    assert (RESOURCE in body) == (status == 403)


def test_a_query_is_no_path():
    assert asked({"pets": {"allowed_urls": [{"url": "/orders", "methods": ["GET"]}]}}, url="/api/x?a=/orders")[0] == 403


def test_an_encoded_path_is_compared_decoded():
    assert asked({"pets": {"allowed_urls": [{"url": "/orders", "methods": ["GET"]}]}}, url="/api/%6frders")[0] == 200


def test_settings_of_the_gateway_anchor_patterns():
    rights = {"pets": {"allowed_urls": [{"url": "/orders", "methods": ["GET"]}]}}
    anchored = {"enable_path_prefix_matching": True, "enable_path_suffix_matching": True}

    assert asked(rights, url="/api/old/orders")[0] == 200
    assert asked(rights, url="/api/old/orders", http_server_options=anchored)[0] == 403
    assert asked(rights, url="/api/orders", http_server_options=anchored)[0] == 200


def test_a_pattern_is_found_across_a_line_break():
    rights = {"pets": {"allowed_urls": [{"url": "/orders/*", "methods": ["GET"]}]}}
    anchored = {"enable_path_prefix_matching": True, "enable_path_suffix_matching": True}

    assert asked(rights, url="/api/orders/a%0Ab", http_server_options=anchored)[0] == 200
