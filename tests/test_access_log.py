import asyncio
import json

import pytest
from tests.apis import oas, snapshot
from tests.helpers import FixedOutside, make_exchange
from tests.loading.documents import with_paths

from lockgate.access_log import access_record
from lockgate.engine import begin, begin_response, run_request, run_response
from lockgate.exchange import Headers, Response, replace
from lockgate.services import Outside

LOGS = {"trafficLogs": {"enabled": True}}
BLOCKED = {"GET /x": {"block": {"enabled": True}}}


def run(url="/api/x", operations=None, *, sections=LOGS, **gateway):
    return run_of(snapshot(oas(operations or {}, **sections), **gateway), url)


def run_of(of, url="/api/x"):
    fixed = FixedOutside()
    exchange = make_exchange("GET", url, (("User-Agent", "curl"), ("X-Forwarded-For", "10.0.0.9")), passes=())
    made = begin(of, Outside(clock=fixed, ids=fixed, turns=fixed), exchange)
    if not made.answered:
        asyncio.run(run_request(made, b""))
    if not made.answered:
        begin_response(made, Response(204, Headers.of(("Content-Type", "a/b"))))
        asyncio.run(run_response(made, b""))
    return made


def test_what_no_api_serves_has_no_record():
    assert access_record(run("/nowhere")) is None


def test_an_exchange_that_was_forwarded():
    record = access_record(run("/api/x?secret=1"))

    assert record["status"] == 204
    assert (record["api_id"], record["api_name"], record["api_type"]) == ("pets", "pets", "oas")
    assert (record["method"], record["original_path"], record["path"]) == ("GET", "/api/x", "/x")
    assert record["upstream_addr"] == "http://upstream.test:8000/x"
    assert (record["client_ip"], record["remote_addr"]) == ("10.0.0.9", "192.0.2.1:4711")
    assert record["exchange_id"] == "exchange-1"
    assert record["latency_total"] >= record["upstream_latency"] >= 0
    assert "1" not in record["path"]
    assert json.loads(json.dumps(record)) == record


def test_an_exchange_that_was_refused():
    record = access_record(run(operations=BLOCKED))

    assert (record["status"], record["path"]) == (403, "/api/x")
    assert "upstream_addr" not in record


@pytest.mark.parametrize("fields", [("status",), ("status", "nonsense")])
def test_a_template_chooses_fields(fields):
    assert access_record(run(), fields) == {"prefix": "access-log", "status": 204}


MOCK = {"mockResponse": {"enabled": True, "code": 200, "body": "x"}}
NEVER = {"doNotTrackEndpoint": {"enabled": True}}
# Refused behind the stage that notes do-not-track.
REFUSED = {"transformRequestMethod": {"enabled": True, "toMethod": "HEAD"}}
EXPECTED = ("bad-method",)


@pytest.mark.parametrize(
    ("operation", "sections", "logged"),
    [
        pytest.param({}, {}, True, id="forwarded, API not tracked"),
        pytest.param(NEVER, LOGS, True, id="forwarded, endpoint not tracked"),
        pytest.param(MOCK, LOGS, True, id="mock"),
        pytest.param(MOCK, {}, True, id="mock, API not tracked"),
        pytest.param(REFUSED, LOGS, True, id="refused"),
        pytest.param(REFUSED, {}, True, id="refused, API not tracked"),
        pytest.param({**REFUSED, **NEVER}, LOGS, False, id="refused, endpoint not tracked"),
        pytest.param({**NEVER, "block": {"enabled": True}}, LOGS, True, id="refused before tracking is looked at"),
    ],
)
def test_which_exchanges_are_logged(operation, sections, logged):
    of = snapshot(oas({"GET /x": operation}, **sections), problems=EXPECTED, enable_analytics=True)

    assert (access_record(run_of(of)) is not None) is logged


def test_do_not_track_is_looked_at_only_where_there_are_records():
    of = snapshot(oas({"GET /x": {**REFUSED, **NEVER}}, **LOGS), problems=EXPECTED)

    assert access_record(run_of(of)) is not None


def test_classic_mocks_are_logged():
    mock = {"path": "/x", "method": "GET", "code": 200, "body": "x"}
    of = snapshot(with_paths(mock_response=[mock]))

    assert run_of(of, "/harbour/x").exchange.response.body == b"x"
    assert access_record(run_of(of, "/harbour/x"))["status"] == 200


@pytest.mark.parametrize(
    ("key", "shown"), [("", None), ("short", "****"), ("0123456789ab", "****89ab"), ("0123456789abcdef", "****cdef")]
)
def test_no_key_is_in_a_line(key, shown):
    made = run()
    made.exchange = replace(made.exchange, key=key)

    assert access_record(made).get("api_key") == shown


def test_a_hashed_key_is_shown_as_its_hash():
    made = run(hash_keys=True, hash_key_function="murmur64")
    made.exchange = replace(made.exchange, key="0123456789abcdef")

    assert len(access_record(made)["api_key"]) == 16
    assert "cdef" not in access_record(made)["api_key"]


def test_a_secret_of_the_definition_is_in_no_record():
    rewrite = {"GET /x": {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "/to/$secret_conf.path"}}}
    made = run(operations=rewrite, secrets={"path": "open/sesame"})
    record = access_record(made)

    assert made.trace.upstream_request.path == "/to/open/sesame"
    assert (record["path"], record["upstream_addr"]) == ("/to/•••", "http://upstream.test:8000/to/•••")
