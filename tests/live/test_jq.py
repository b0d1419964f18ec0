"""jq through a real gateway, with its real processes: each row of behaviour-scripting 3, and attacks."""

import asyncio
import json
import time
from pathlib import Path

import pytest
import pytest_asyncio
from tests.filters import PROCESSOR, filtering

pytestmark = pytest.mark.timeout(120)

BOMBS = {
    "for ever": "last(range(1e12))",
    "a list for ever": "[range(1e9)]",
    "recursion for ever": "def f: f; f",
    "deep recursion": "def f: 1 + f; f",
    "nested deeply": "reduce range(1e9) as $i (null; [.])",
    "a huge text": '"x" * (1000000000 + (.body | length)) | . * 2 | length',
    "a text that is huge at once": "[range(1e6)] | tostring * 1000 | length",
    "texts that grow": 'reduce range(100) as $i ("x"; . + .) | length',
    "paths for ever": "[paths(recurse(.))] | [limit(1e9; repeat(1))]",
    "a pattern": '"a" * 60 + "!" | test("^(a|aa)+$")',
}


async def echo(call):
    """Answers with what came, as JSON."""
    body = await call.read_body()
    fields = {name.lower(): value for name, value in call.headers}
    said = json.dumps({"got": body.decode(), "headers": fields}).encode()
    await call.answer(said, "200 OK", "Content-Type: application/json", "X-Upstream: yes")


@pytest.fixture
def serve(start, upstream):
    upstream.on("/jq")(echo)

    async def begin(*definitions, **settings):
        return await start(documents=list(definitions), settings=settings)

    return begin


async def post(gateway, body=b"{}", *headers, path="/jq/jq"):
    connection = await gateway.connect()
    try:
        return await connection.request("POST", path, *headers, body=body)
    finally:
        connection.close()


async def upstream_got(gateway, body=b"{}", *headers, path="/jq/jq"):
    answer = await post(gateway, body, *headers, path=path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


# Availability, Classic config, input document, expected output.


async def test_requests_are_filtered(serve, upstream):
    gateway = await serve(filtering("{body: {seen: .}}", upstream=upstream.url))
    got = await upstream_got(gateway, b'{"a": 1.50}')
    assert json.loads(got["got"]) == {"seen": {"body": {"a": 1.5}, "_tyk_context": None}}
    assert got["headers"]["content-length"] == str(len(got["got"]))


async def test_a_filter_sees_context_variables(serve, upstream):
    text = "{body: {path: ._tyk_context.path, agent: ._tyk_context.headers_User_Agent}}"
    gateway = await serve(filtering(text, upstream=upstream.url, variables=True))
    got = await upstream_got(gateway, b"{}", "User-Agent: curl/8")
    assert json.loads(got["got"]) == {"path": "/jq/jq", "agent": "curl/8"}


async def test_responses_are_filtered_where_the_processor_is_listed(serve, upstream):
    text = "{body: {headers: ._tyk_response_headers, got: .body.got}}"
    gateway = await serve(filtering(None, text, upstream=upstream.url))
    answer = await post(gateway, b"plain")
    assert json.loads(answer.body)["got"] == "plain"
    assert json.loads(answer.body)["headers"]["X-Upstream"] == ["yes"]
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_responses_are_left_alone_where_it_is_not(serve, upstream):
    gateway = await serve(filtering(None, "{body: 1}", upstream=upstream.url, processors=()))
    assert json.loads((await post(gateway)).body)["got"] == "{}"


# Filter compile failure.


UNUSABLE = ("{body: env}", ".a.", "{body: $ENV}", 'import "a" as a; .')
FAILING = ("[1]", "{body}", 'error("no id")')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def faulty(start_for_all, upstream_for_all):
    """A gateway with an API for each of them."""
    upstream_for_all.on("/jq")(echo)
    url = upstream_for_all.url
    definitions = [
        *(filtering(text, text, name=f"unusable{number}", upstream=url) for number, text in enumerate(UNUSABLE)),
        *(filtering(text, name=f"failing{number}", upstream=url) for number, text in enumerate(FAILING)),
    ]
    return await start_for_all(documents=definitions, settings={})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", range(len(UNUSABLE)), ids=UNUSABLE)
async def test_a_filter_that_cannot_be_used_leaves_bodies_alone(faulty, number):
    answer = await post(faulty, b"no json", path=f"/unusable{number}/jq")
    assert (answer.status, json.loads(answer.body)["got"]) == (200, "no json")


# Outputs used, body.


async def test_the_first_output_counts(serve, upstream):
    gateway = await serve(filtering("{body: 1}, {body: 2}, error", upstream=upstream.url))
    assert (await upstream_got(gateway))["got"] == "1"


async def test_a_body_that_is_left_out_is_null(serve, upstream):
    gateway = await serve(filtering("{}", "{body: {got: .body.got}}", upstream=upstream.url))
    assert await upstream_got(gateway) == {"got": "null"}


# rewrite_headers.


async def test_headers_are_set(serve, upstream):
    text = '{body, rewrite_headers: {"X-A": "filter", "X-N": 5, "Host": "evil"}}'
    gateway = await serve(filtering(text, text, upstream=upstream.url))
    answer = await post(gateway, b"{}", "X-A: client")
    seen = json.loads(answer.body)["headers"]
    assert seen["x-a"] == "filter"
    assert "x-n" not in seen
    assert seen["host"] != "evil"
    assert answer.headers["x-a"] == "filter"


async def test_headers_that_are_no_object(serve, upstream):
    gateway = await serve(filtering('{body: 1, rewrite_headers: "X-A"}', upstream=upstream.url))
    assert (await upstream_got(gateway))["got"] == "1"


async def test_no_header_breaks_the_wire(serve, upstream):
    text = '{body, rewrite_headers: {"X-A": .body.a}}'
    gateway = await serve(filtering(text, upstream=upstream.url))
    answer = await post(gateway, b'{"a": "1\\r\\nX-Evil: 1"}')
    assert answer.status == 500
    assert upstream.calls == []


# tyk_context.


async def test_variables_are_merged(serve, upstream):
    headers = {"path": "/jq", "method": "POST", "add_headers": {"X-Device": "$tyk_context.device"}}
    text = "{body, tyk_context: {device: .body.DEVICEID}}"
    definition = filtering(text, upstream=upstream.url, variables=True, paths={"transform_headers": [headers]})
    gateway = await serve(definition)
    got = await upstream_got(gateway, b'{"DEVICEID": "d-1"}')
    assert got["headers"]["x-device"] == "d-1"


# Output not an object, request errors, response errors.


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("text", "body", "message"),
    [
        ("[1]", b"{}", "the filter gave an array, not an object"),
        ("{body}", b"no json", "invalid character 'o' in literal null (expecting 'u')"),
        ('error("no id")', b"{}", "the filter failed: no id"),
    ],
)
async def test_requests_that_fail_are_refused(faulty, upstream_for_all, text, body, message):
    upstream_for_all.calls.clear()
    answer = await post(faulty, body, path=f"/failing{FAILING.index(text)}/jq")
    assert (answer.status, json.loads(answer.body)) == (415, {"error": message})
    assert upstream_for_all.calls == []


async def test_an_empty_request_is_null(serve, upstream):
    gateway = await serve(filtering("{body: [.body]}", upstream=upstream.url))
    assert (await upstream_got(gateway, b""))["got"] == "[null]"


@pytest.mark.parametrize("body", [b"", b"no json"])
async def test_responses_that_fail_go_out_as_they_are(serve, upstream, body):
    @upstream.on("/jq")
    async def answer_so(call):
        await call.read_body()
        await call.answer(body, "502 Bad Gateway")

    overrides = {"5xx": [{"response": {"status_code": 503, "body": "sorry"}}]}
    gateway = await serve(filtering(None, "{body: 1}", upstream=upstream.url, error_overrides=overrides))
    answer = await post(gateway)
    assert (answer.status, answer.body) == (502, body)


# Position.


async def test_processors_run_in_their_order(serve, upstream):
    options = {"rev_proxy_header_cleanup": {"headers": ["X-Link"], "target_host": "https://gateway.test"}}
    cleanup = {"name": "header_transform", "options": options}
    text = f'{{body: 1, rewrite_headers: {{"X-Link": "{upstream.url}/x"}}}}'
    gateway = await serve(filtering(None, text, upstream=upstream.url, processors=(PROCESSOR, cleanup)))
    answer = await post(gateway)
    assert answer.body == b"1"
    assert "127.0.0.1" not in answer.headers["x-link"]


# Attacks.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bombs(start_for_all, upstream_for_all):
    """A gateway with an API for each of them."""
    upstream_for_all.on("/jq")(echo)
    definitions = [
        filtering(
            f"{{body: (if .body.bomb then ({text}) else 1 end)}}", name=f"bomb{number}", upstream=upstream_for_all.url
        )
        for number, text in enumerate(BOMBS.values())
    ]
    return await start_for_all(documents=definitions, settings={})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", range(len(BOMBS)), ids=BOMBS)
async def test_a_bomb_is_stopped_and_the_next_request_served(bombs, number):
    gateway, path = bombs, f"/bomb{number}/jq"
    assert (await upstream_got(gateway, path=path))["got"] == "1"
    before = gateway.peak_kb()
    answer = await post(gateway, b'{"bomb": true}', path=path)
    assert answer.status == 415
    assert "the filter" in json.loads(answer.body)["error"]
    assert (await upstream_got(gateway, path=path))["got"] == "1"
    assert gateway.peak_kb() - before < 100_000


async def test_constants_that_are_too_large_stop_their_own_filter_only(serve, upstream):
    """jq reckons with constants when it compiles, also where they stand behind a condition."""
    hostile = filtering(
        '{body: (if .body.bomb then ("x" * 1000000000 | . * 2 | length) else 1 end)}',
        name="hostile",
        upstream=upstream.url,
    )
    quiet = filtering("{body: 1}", upstream=upstream.url)
    gateway = await serve(hostile, quiet)
    assert (await upstream_got(gateway))["got"] == "1"
    before = gateway.peak_kb()
    answer = await post(gateway, path="/hostile/jq")
    assert answer.status in {200, 415}  # By how fast the machine reckons
    assert (await upstream_got(gateway))["got"] == "1"
    assert gateway.peak_kb() - before < 100_000


async def test_other_apis_are_served_meanwhile(serve, upstream):
    hostile = filtering("{body: last(range(1e12))}", name="hostile", upstream=upstream.url)
    quiet = filtering("{body: 1}", upstream=upstream.url)
    gateway = await serve(hostile, quiet)
    assert (await upstream_got(gateway))["got"] == "1"
    begun = time.monotonic()
    attacks = [asyncio.create_task(post(gateway, path="/hostile/jq")) for _ in range(8)]
    worst = 0.0
    for _ in range(5):
        started = time.monotonic()
        assert (await upstream_got(gateway))["got"] == "1"
        worst = max(worst, time.monotonic() - started)
    assert {answer.status for answer in await asyncio.gather(*attacks)} <= {415, 503}
    assert worst < (time.monotonic() - begun) / 2  # who stood behind them in a line would wait for them all


def children_of(pid):
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def is_there(pid):
    return Path(f"/proc/{pid}/exe").exists()


async def test_no_process_is_left_behind(serve, upstream):
    gateway = await serve(filtering("{body: last(range(1e12))}", upstream=upstream.url))
    attack = asyncio.create_task(post(gateway))
    children: set[str] = set()
    async with asyncio.timeout(20):
        while len(children) < 3:
            await asyncio.sleep(0.05)
            children |= children_of(gateway.pid)
    gateway.control.close()
    async with asyncio.timeout(20):
        while any(map(is_there, children)):
            await asyncio.sleep(0.05)
    attack.cancel()
    await asyncio.gather(attack, return_exceptions=True)
