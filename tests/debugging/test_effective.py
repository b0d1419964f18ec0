"""The effective chain of an API, an endpoint and a URL."""

import asyncio

import pytest
from tests.apis import oas, snapshot

from lockgate.debugging.effective import example_path, shown_for
from lockgate.debugging.showing import request_lines, shown_plain
from lockgate.trace import Phase

REWRITE = {"urlRewrite": {"enabled": True, "pattern": r"/pets/(\w+)", "rewriteTo": "/animals/$1"}}
KEYED = {"enabled": True, "securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "X-Key"}}}}


def shown(of, method, url, only=""):
    return asyncio.run(shown_for(of, method, url, only))


def links(one, phase):
    (found,) = (each for each in one.phases if each.phase is phase)
    return [link.middleware for link in found.links]


def reasons(one, phase):
    (found,) = (each for each in one.phases if each.phase is phase)
    return {left.middleware: left.reason for left in found.left_out}


@pytest.fixture(scope="module")
def pets():
    return snapshot(oas({"GET /pets/{id}": REWRITE, "DELETE /pets/{id}": {"block": {"enabled": True}}}))


def test_a_url_passes_the_links_of_each_phase(pets):
    one = shown(pets, "GET", "/api/pets/7")
    assert links(one, Phase.REQUEST) == ["access", "url_rewrite", "forward"]
    assert one.ending == "upstream: GET http://upstream.test:8000/animals/7"
    assert "content_type" in links(one, Phase.RESPONSE)


def test_what_is_left_out_says_why(pets):
    one = shown(pets, "POST", "/api/pets/7")
    assert reasons(one, Phase.REQUEST)["url_rewrite"] == "its entries for /api/pets/7 have other methods: GET"
    assert reasons(one, Phase.REQUEST)["cors"] == "not configured"


def test_what_is_switched_off_is_not_said_to_be_missing():
    off = {"urlRewrite": {**REWRITE["urlRewrite"], "enabled": False}}
    one = shown(snapshot(oas({"GET /pets/{id}": off})), "GET", "/api/pets/7")
    assert reasons(one, Phase.REQUEST)["url_rewrite"] == "switched off for GET /pets/{id}"


@pytest.mark.parametrize("template", ["/pets/{id}", "/api/pets/{id}"])
def test_an_endpoint_is_named_as_the_definition_writes_it(pets, template):
    one = shown(pets, "GET", template)
    assert one.target == "/api/pets/1"
    assert links(one, Phase.REQUEST) == ["access", "url_rewrite", "forward"]


def test_an_endpoint_that_is_not_there_has_a_hint(pets):
    with pytest.raises(
        ValueError, match=r"no API has the endpoint GET /pets/\{ident\}; did you mean 'GET /pets/\{id\}'"
    ):
        shown(pets, "GET", "/pets/{ident}")


def test_an_endpoint_of_several_apis_asks_which():
    both = snapshot(oas({"GET /pets/{id}": REWRITE}), oas({"GET /pets/{id}": {}}, name="other", listen="/other/"))
    with pytest.raises(ValueError, match=r"several APIs have the endpoint GET /pets/\{id\}: pets, other"):
        shown(both, "GET", "/pets/{id}")
    assert shown(both, "GET", "/pets/{id}", "other").target == "/other/pets/1"
    with pytest.raises(ValueError, match="leads to the API 'pets'; 'other' listens on /other/"):
        shown(both, "GET", "/api/x", "other")


def test_the_response_phase_of_a_refused_request_is_shown_as_not_reached():
    document = oas({"GET /a": {}}, transformResponseHeaders={"enabled": True, "add": [{"name": "X-A", "value": "1"}]})
    document["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    document["security"] = [{"key": []}]
    document["x-tyk-api-gateway"]["server"]["authentication"] = KEYED
    one = shown(snapshot(document), "GET", "/api/a")

    assert one.ending == "answered by auth_token: 401 Authorization field missing"
    assert "response_headers" in links(one, Phase.RESPONSE)
    assert [phase.is_reached for phase in one.phases] == [True, False]
    assert "response, which it does not get to; for its path:" in request_lines(one)


def test_links_between_the_chains_are_shown():
    timeout = {"enforceTimeout": {"enabled": True, "value": 3}}
    one = shown(snapshot(oas({"GET /a": timeout})), "GET", "/api/a")
    assert links(one, Phase.UPSTREAM) == ["enforced_timeout"]


def test_a_request_that_no_api_is_for_says_so(pets):
    one = shown(pets, "GET", "/elsewhere")
    assert one.phases == ()
    assert request_lines(one) == ["no listen path matches /elsewhere"]


def test_plain_values_say_what_the_text_says(pets):
    one = shown(pets, "GET", "/api/pets/7")
    plain = shown_plain(one)
    assert plain["api_id"] == "pets"
    assert [link["middleware"] for link in plain["phases"][0]["links"]] == links(one, Phase.REQUEST)
    assert plain["phases"][0]["links"][0]["pointer"].endswith("/op0/urlRewrite")
    assert plain["ending"] == one.ending


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/pets/{id}", "/api/pets/1"),
        ("/files/{name}", "/api/files/name"),
        ("/waits/{seconds}", "/api/waits/1"),
        ("/none/{id}", None),
    ],
)
def test_an_example_of_an_endpoint(template, path):
    made = snapshot(oas({"GET /pets/{id}": {}, "GET /files/{name}": {}, "GET /waits/{seconds}": {}}))
    assert example_path(made.apis["pets"], "GET", template) == path
