import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.apis import oas, snapshot
from tests.helpers import RECEIVED_AT, Elsewhere, FixedOutside, make_request

from lockgate.debugging.effective import shown_request
from lockgate.debugging.showing import request_lines
from lockgate.engine import begin, run_request
from lockgate.exchange import Client, Exchange, Headers
from lockgate.middlewares.batch import MOST_BYTES
from lockgate.services import HttpAnswer, HttpCall, HttpReply, Outside, Within
from lockgate.snapshot import Snapshot
from lockgate.trace import Trace

URL = "/api/tyk/batch/"
CLIENT = Client("192.0.2.9", 99)


class Http:
    def __init__(self) -> None:
        self.calls: list[HttpCall] = []
        self.asked: list[tuple[int, int]] = []

    async def send(self, calls: Sequence[HttpCall], at_once: int, max_bytes: int) -> Sequence[HttpReply]:
        self.calls += calls
        self.asked.append((at_once, max_bytes))
        answer = HttpAnswer(201, Headers.of(("x-a", "<1>")), b"body")
        return [
            HttpReply(index, None if "/gone" in call.url else answer, "gone" if "/gone" in call.url else "")
            for index, call in enumerate(calls)
        ]


class Tried:
    """One request to an API with batches."""

    def __init__(
        self,
        body: bytes | object = b"",
        *headers: tuple[str, str],
        method: str = "POST",
        url: str = URL,
        of: Snapshot | None = None,
        part_of: str = "",
        host: str = "api.test",
    ) -> None:
        self.http, fixed = Http(), FixedOutside()
        self.compute = Elsewhere()
        outside = Outside(fixed, fixed, fixed, http=self.http, compute=self.compute)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = make_request(method, url, headers, raw, host)
        exchange = Exchange("e1", RECEIVED_AT, request, CLIENT, part_of=part_of)
        run = begin(of or batching(), outside, exchange)
        if not run.answered:
            assert run.needs_request_body
            asyncio.run(run_request(run, raw))
        self.run = run
        self.trace: Trace = run.trace

    @property
    def status(self) -> int:
        assert self.run.exchange.response is not None
        return self.run.exchange.response.status

    @property
    def text(self) -> str:
        assert self.run.exchange.response is not None
        body = self.run.exchange.response.body
        assert isinstance(body, bytes)
        return body.decode()

    @property
    def call(self) -> HttpCall:
        (call,) = self.http.calls
        return call


def document(**parts: Any) -> dict[str, Any]:
    made = oas(**parts)
    made["x-tyk-api-gateway"]["server"]["batchProcessing"] = {"enabled": True}
    return made


def batching(**gateway: Any) -> Snapshot:
    return snapshot(document(), **gateway)


def requests(*parts: object, **members: object) -> dict[str, object]:
    return {"requests": parts, **members}


def refusal(tried: Tried) -> tuple[int, str]:
    plain = json.loads(tried.text)
    assert plain["status"] == "error"
    assert tried.text.endswith("}\n")
    assert tried.http.calls == []
    return tried.status, plain["message"]


def test_parts_are_requests_to_the_gateway_itself():
    part = {"method": "PUT", "relative_url": "a/b?x=1", "headers": {"x-key": "k"}, "body": "bö"}
    tried = Tried(requests(part))

    assert tried.call == HttpCall(
        "PUT",
        "/api/a/b?x=1",
        Headers.of(("X-Key", "k"), ("Host", "api.test")),
        "bö".encode(),
        120.0,
        tried.call.reach,
        Within("e1", CLIENT),
    )
    assert tried.status == 200
    assert tried.text == (
        '[{"relative_url":"a/b?x=1","code":201,"headers":{"X-A":["\\u003c1\\u003e"]},"body":"body"}]\n'
    )
    assert tried.run.exchange.response is not None
    assert list(tried.run.exchange.response.headers) == [("Content-Type", "application/json")]
    assert [(step.link, step.outcome, len(step.calls)) for step in tried.trace.steps[1:]] == [("batch", "finish", 1)]


def test_a_part_that_fails_is_zeros():
    tried = Tried(requests({"relative_url": "gone"}, {"relative_url": "a"}))
    assert [part["code"] for part in json.loads(tried.text)] == [0, 201]
    assert tried.text.startswith('[{"relative_url":"","code":0,"headers":null,"body":""},')


def test_parts_are_sent_at_once_or_one_after_the_other():
    tried = Tried(requests({}, {}), of=batching(**{"x-lockgate": {"scripts": {"batch_at_once": 7}}}))
    assert tried.http.asked == [(7, 8 * 1024 * 1024)]
    assert Tried(requests({}, {}, suppress_parallel_execution=True)).http.asked[0][0] == 1


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"requests":null}', b'{"requests":[]} and more'])
def test_a_batch_of_nothing_is_an_empty_list(body):
    tried = Tried(body)
    assert (tried.status, tried.text) == (200, "[]\n")


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "post"])
def test_other_methods_get_an_empty_answer(method):
    tried = Tried(requests({"relative_url": "a"}), method=method)
    assert (tried.status, tried.text, tried.http.calls) == (200, "", [])


@pytest.mark.parametrize("body", [b"", b"{bad", b"[]", b'{"requests":{}}', b'{"requests":[{"body":1}]}', b"x" * 70000])
def test_what_is_no_batch_is_refused(body):
    assert refusal(Tried(body)) == (400, "Batch request malformed")


@pytest.mark.parametrize("part", [{"method": "GE T"}, {"relative_url": "%zz"}, {"relative_url": "a\x01"}])
def test_a_part_that_is_none_refuses_all(part):
    assert refusal(Tried(requests({"relative_url": "a"}, part)))[0] == 400


def test_a_batch_within_a_batch_is_refused():
    assert refusal(Tried(requests({}), part_of="e0")) == (400, "Batch request within a batch request")


def test_more_parts_than_there_may_be():
    few = batching(**{"x-lockgate": {"scripts": {"max_batch": 2}}})
    assert Tried(requests({}, {}), of=few).status == 200
    assert refusal(Tried(requests({}, {}, {}), of=few))[0] == 400


def test_a_batch_that_is_too_large_is_not_read():
    assert refusal(Tried(b'{"requests":[]}' + b" " * MOST_BYTES)) == (400, "Batch request too large")


def test_a_large_batch_is_read_elsewhere():
    tried = Tried(requests({"body": "x" * 100_000}))
    assert tried.status == 200
    assert tried.compute.count == 1


def test_a_slash_in_front_of_a_part_is_none():
    assert Tried(requests({"relative_url": "//a"})).call.url == "/api/a"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://169.254.169.254/", "/api/http://169.254.169.254/"),
        ("", "/api/"),
        ("a#b", "/api/a"),
        ("?x=1", "/api/?x=1"),
        ("ä b", "/api/ä b"),
    ],
)
def test_a_part_stays_within_the_gateway(url, sent):
    call = Tried(requests({"relative_url": url})).call
    assert call.url == sent
    assert call.within is not None


def test_who_asks_is_who_asks_for_the_batch():
    asked = requests({"headers": {"X-Forwarded-For": "10.0.0.1", "x-real-ip": "10.0.0.2", "Host": "other.test"}})
    forged = Tried(asked).call
    assert list(forged.headers) == [("Host", "api.test")]
    told = Tried(asked, ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2")).call
    assert told.headers.get_all("X-Forwarded-For") == ("1.1.1.1", "2.2.2.2")


@pytest.mark.parametrize("url", ["/api/tyk/batch", "/api/tyk/batch/x", "/api/x/tyk/batch/", "/api/tyk//batch"])
def test_other_paths_are_the_apis(url):
    run = begin(batching(), outside(), Exchange("e1", RECEIVED_AT, make_request("POST", url)))
    assert run.plan is None or all(link.middleware.name != "batch" for link in run.plan.links)


def outside() -> Outside:
    fixed = FixedOutside()
    return Outside(fixed, fixed, fixed)


def test_an_api_without_the_switch_has_no_batches():
    run = begin(snapshot(oas()), outside(), Exchange("e1", RECEIVED_AT, make_request("POST", URL)))
    assert run.plan is not None
    assert all(link.middleware.name != "batch" for link in run.plan.links)


@pytest.mark.parametrize(
    ("listen", "url", "sent"),
    [("/", "/tyk/batch/", "/a"), ("/api", "/api/tyk/batch/", "/api/a"), ("/{name}/", "/x%20y/tyk/batch/", "/x%20y/a")],
)
def test_the_endpoint_stands_behind_any_listen_path(listen, url, sent):
    tried = Tried(requests({"relative_url": "a"}), url=url, of=snapshot(document(listen=listen)))
    assert tried.call.url == sent


def test_lists_do_not_hide_it_and_no_version_is_chosen_for_it():
    made = document(operations={"GET /a": {"allow": {"enabled": True}}})
    made["x-tyk-api-gateway"]["info"]["versioning"] = {
        "enabled": True, "name": "v1", "location": "header", "key": "Version", "versions": [{"name": "v2", "id": "other"}],
    }  # fmt: skip
    assert Tried(requests({}), of=snapshot(made, problems=("missing-version",))).status == 200


def test_an_api_that_is_not_served_has_no_batches():
    made = document()
    made["x-tyk-api-gateway"]["server"]["clientCertificates"] = {"enabled": True}
    of = snapshot(made, problems=("unsupported-restriction",))
    run = begin(of, outside(), Exchange("e1", RECEIVED_AT, make_request("POST", URL)))
    assert run.exchange.response is not None
    assert run.exchange.response.status == 503


def test_classic_definitions_have_it_too():
    classic = {
        "api_id": "pets", "name": "pets", "use_keyless": True, "active": True, "enable_batch_request_support": True,
        "proxy": {"listen_path": "/api/", "target_url": "http://up.test:81", "strip_listen_path": True},
        "version_data": {"not_versioned": True, "versions": {"Default": {"name": "Default"}}},
    }  # fmt: skip
    tried = Tried(requests({"relative_url": "a"}), of=snapshot(classic))
    assert tried.call.url == "/api/a"
    assert tried.call.reach.own == frozenset({("up.test", 81)})


def test_it_is_shown_as_it_is():
    lines = request_lines(asyncio.run(shown_request(batching(), make_request("POST", URL))))
    assert any("batch" in line for line in lines)
