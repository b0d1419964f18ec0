import asyncio
import json

import pytest
from tests.apis import oas, snapshot
from tests.helpers import FixedOutside, make_exchange

from lockgate.access_log import access_record
from lockgate.engine import begin, begin_response, run_request, run_response
from lockgate.exchange import Headers, Response
from lockgate.services import Outside


def run(url="/api/x", operations=None):
    fixed = FixedOutside()
    exchange = make_exchange("GET", url, (("User-Agent", "curl"), ("X-Forwarded-For", "10.0.0.9")), passes=())
    made = begin(snapshot(oas(operations or {})), Outside(clock=fixed, ids=fixed, turns=fixed), exchange)
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
    record = access_record(run(operations={"GET /x": {"block": {"enabled": True}}}))

    assert (record["status"], record["path"]) == (403, "/api/x")
    assert "upstream_addr" not in record


@pytest.mark.parametrize("fields", [("status",), ("status", "nonsense")])
def test_a_template_chooses_fields(fields):
    assert access_record(run(), fields) == {"prefix": "access-log", "status": 204}
