"""What is recorded of an exchange, and of which (behaviour-chain 7.1 and 7.2)."""

import asyncio
import hashlib
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.apis import oas, settings, snapshot
from tests.helpers import FixedOutside, make_exchange
from tests.loading.documents import classic, with_paths

from lockgate import records
from lockgate.engine import Run, begin, fail, run_request
from lockgate.exchange import NOT_READ, Headers, Response, replace
from lockgate.inspection import answer_run
from lockgate.loading import load_text
from lockgate.middleware import Reason
from lockgate.record_rules import RecordRules
from lockgate.records import Recorder, Wire, transaction_record
from lockgate.services import Outside
from lockgate.session import Session
from lockgate.snapshot import Snapshot
from lockgate.stores.endpoint_counters import EndpointCounters

LOGS = {"trafficLogs": {"enabled": True}}
UPSTREAM_ANSWER = Response(200, Headers.of(("Content-Type", "text/plain")), b"from upstream")


def recorded_snapshot(*documents: dict[str, Any], problems: tuple[str, ...] = (), **gateway: Any) -> Snapshot:
    return snapshot(*documents, problems=problems, **{"enable_analytics": True, **gateway})


def run_of(
    of: Snapshot,
    url: str = "/api/x",
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: Any = b"",
    answer: Response | None = UPSTREAM_ANSWER,
    **fields: Any,
) -> Run:
    """An exchange that is over; without ``answer`` the upstream gave none."""
    fixed = FixedOutside()
    exchange = replace(make_exchange(method, url, headers, body), passes=(), **fields)
    run = begin(of, Outside(clock=fixed, ids=fixed, turns=fixed), exchange)
    if not run.answered:
        asyncio.run(run_request(run, body))
    if not run.answered and answer is not None:
        asyncio.run(answer_run(run, answer))
    return run


def record_of(run: Run, wire: Wire = records.NOT_SEEN, max_body_bytes: int = 100) -> Any:
    rules = RecordRules(run.snapshot.settings.analytics_config)
    return transaction_record(run, rules, wire, max_body_bytes)


def plain(of: Snapshot, *arguments: Any, **named: Any) -> Any:
    record = record_of(run_of(of, *arguments, **named))
    assert record is not None
    value = record.plain()
    assert json.loads(json.dumps(value)) == value
    return value


def api(operations: dict[str, Any] | None = None, **named: Any) -> dict[str, Any]:
    return oas(operations, **{**LOGS, **named})


# fields


def test_every_field_of_a_request_that_was_forwarded():
    headers = (("User-Agent", "curl/8"), ("Content-Length", "3"), ("X-Real-Ip", "10.0.0.9"))
    value = plain(recorded_snapshot(api()), "/api/a%2Fb?secret=1", "POST", headers, b"abc")

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).astimezone()
    assert value.pop("latency")["upstream"] >= 0
    assert value.pop("request_time") >= 0
    assert datetime.fromisoformat(value.pop("expireAt")) > at + timedelta(days=365 * 50)
    assert value == {
        "method": "POST",
        "host": "upstream.test:8000",
        "path": "/a/b",
        "raw_path": "/a/b",
        "original_path": "/api/a/b",
        "listen_path": "/api/",
        "content_length": 3,
        "user_agent": "curl/8",
        "day": at.day,
        "month": at.month,
        "year": at.year,
        "hour": at.hour,
        "timestamp": at.isoformat(timespec="milliseconds"),
        "response_code": 200,
        "api_key": "",
        "api_version": "Non Versioned",
        "api_name": "pets",
        "api_id": "pets",
        "org_id": "",
        "oauth_id": "",
        "alias": "",
        "raw_request": "",
        "raw_response": "",
        "ip_address": "10.0.0.9",
        "geo": {
            "country": {"iso_code": ""},
            "city": {"geoname_id": 0, "names": {}},
            "location": {"latitude": 0, "longitude": 0, "time_zone": ""},
        },
        "network": {"open_connections": 0, "closed_connections": 0, "bytes_in": 0, "bytes_out": 0},
        "tags": ["key-", "org-", "api-pets"],
        "track_path": False,
        "x-lockgate": {"exchange_id": "exchange-1"},
    }


def test_the_method_and_path_are_those_that_the_upstream_got():
    operation = {
        "transformRequestMethod": {"enabled": True, "toMethod": "PUT"},
        "urlRewrite": {"enabled": True, "pattern": "/x", "rewriteTo": "/y/z"},
    }
    value = plain(recorded_snapshot(api({"GET /x": operation})))

    assert (value["method"], value["path"], value["raw_path"]) == ("PUT", "/y/z", "/y/z")
    assert value["original_path"] == "/api/x"


@pytest.mark.parametrize(
    ("upstream", "host"),
    [
        ("http://upstream.test", "upstream.test"),
        ("https://upstream.test:443/base", "upstream.test"),
        ("http://[::1]:81", "[::1]:81"),
    ],
)
def test_the_host_is_the_upstream(upstream, host):
    assert plain(recorded_snapshot(api(upstream=upstream)))["host"] == host


@pytest.mark.parametrize(("strip", "path"), [(True, "/x"), (False, "/api/x")])
def test_a_refusal_has_the_inbound_path(strip, path):
    of = recorded_snapshot(api({"GET /x": {"block": {"enabled": True}}}, strip=strip))
    value = plain(of)

    assert (value["response_code"], value["path"], value["raw_path"]) == (403, path, path)
    assert value["host"] == "upstream.test:8000"
    assert value["latency"]["upstream"] == 0


def test_an_upstream_that_failed():
    run = run_of(recorded_snapshot(api()), answer=None)
    fail(run, Reason.UPSTREAM_TIMEOUT, "too late")
    record = record_of(run)

    assert (record.response_code, record.path, record.upstream_ms) == (504, "/x", 0)


def test_a_client_that_went_away():
    run = run_of(recorded_snapshot(api()), answer=None)
    run.trace.error = "the client closed the connection"

    assert record_of(run).response_code == 499


def test_a_tracked_endpoint_is_recorded_under_its_template():
    operations = {"GET /users/{id}": {"trackEndpoint": {"enabled": True}}}
    value = plain(recorded_snapshot(api(operations)), "/api/users/7")

    assert (value["path"], value["raw_path"], value["track_path"]) == ("/users/{id}", "/users/7", True)


def test_a_refusal_of_a_tracked_endpoint_is_recorded_under_its_template():
    operation = {"trackEndpoint": {"enabled": True}, "transformRequestMethod": {"enabled": True, "toMethod": "HEAD"}}
    value = plain(recorded_snapshot(api({"GET /x/{y}": operation}), problems=("bad-method",)), "/api/x/1")

    assert (value["response_code"], value["path"], value["track_path"]) == (405, "/x/{y}", True)


def test_a_mock_is_recorded_under_its_operation():
    mock = {"mockResponse": {"enabled": True, "code": 201, "body": "x"}}
    value = plain(recorded_snapshot(api({"GET /users/{id}": mock})), "/api/users/7")

    assert (value["path"], value["response_code"]) == ("/users/{id}", 201)
    assert value["raw_path"] == "/api/users/7"
    assert value["latency"]["upstream"] == 0
    assert value["tags"] == ["cached-response", "key-", "org-", "api-pets"]


@pytest.mark.parametrize(
    ("headers", "body", "length"),
    [
        pytest.param((), b"", 0, id="none"),
        pytest.param((("Content-Length", "12"),), NOT_READ, 12, id="announced"),
        pytest.param((), NOT_READ, -1, id="not known"),
        pytest.param((("Content-Length", "9" * 30),), NOT_READ, -1, id="not a number of 64 bits"),
        pytest.param((("Content-Length", "x"),), b"", -1, id="no number"),
    ],
)
def test_the_content_length(headers, body, length):
    assert plain(recorded_snapshot(api()), "/api/x", "POST", headers, body)["content_length"] == length


def test_versions_within_a_definition():
    document = classic(
        definition={"enabled": False, "location": "header", "key": "x-version"},
        version_data={"not_versioned": False, "default_version": "Default",
                      "versions": {"v2": {"name": "v2", "use_extended_paths": True}}},
    )  # fmt: skip
    of = recorded_snapshot(document)

    assert plain(of, "/harbour/x", headers=(("X-Version", "v2"),))["api_version"] == "v2"
    assert plain(of, "/harbour/x")["api_version"] == "Default"


def test_a_version_that_is_an_api_of_its_own():
    base, child = api(name="base"), api(name="child", listen="/child/", internal=True)
    base["x-tyk-api-gateway"]["info"]["versioning"] = {
        "enabled": True, "name": "v1", "default": "v1", "location": "header", "key": "x-version",
        "versions": [{"name": "v2", "id": "child"}],
    }  # fmt: skip
    of = recorded_snapshot(base, child, problems=("missing-version",))  # Each document is loaded alone here.

    value = plain(of, "/api/x", headers=(("X-Version", "v2"),))
    assert (value["api_id"], value["api_version"]) == ("child", "v2")
    assert plain(of, "/api/x")["api_version"] == "v1"


def test_tags_in_their_order():
    document = api(trafficLogs={"enabled": True, "tagHeaders": ["X-Team", "X-None", "Host"]})
    document["x-tyk-api-gateway"]["server"]["gatewayTags"] = {"enabled": True, "tags": ["edge"]}
    session = Session(
        org_id="o", apply_policies=("gold", "eu"), tags=("own",), meta_data={"tyk_developer_id": "dev1"},
        alias="ann", oauth_client_id="app",
    )  # fmt: skip
    value = plain(recorded_snapshot(document), headers=(("X-Team", "Red"),), session=session)

    assert value["tags"] == [
        "pol-gold", "pol-eu", "dev-dev1", "own", "x-team-Red", "host-gateway.test", "edge", "key-", "org-", "api-pets",
    ]  # fmt: skip
    assert (value["alias"], value["oauth_id"]) == ("ann", "app")


def test_tags_may_come_from_headers_that_a_link_sets():
    transform = {"enabled": True, "add": [{"name": "X-Plan", "value": "gold"}]}
    document = api({"GET /x": {"transformRequestHeaders": transform}},
                   trafficLogs={"enabled": True, "tagHeaders": ["X-Plan"]})  # fmt: skip

    assert plain(recorded_snapshot(document), headers=(("X-Plan", "free"),))["tags"][0] == "x-plan-gold"


def test_records_expire():
    value = plain(recorded_snapshot(api(trafficLogs={"enabled": True, "customRetentionPeriod": "1h"})))

    at = datetime.fromisoformat(value["timestamp"])
    assert datetime.fromisoformat(value["expireAt"]) == at + timedelta(hours=1)


def test_a_period_that_never_ends():
    document = classic(expire_analytics_after=2**62)

    assert plain(recorded_snapshot(document), "/harbour/")["expireAt"].startswith("9999-")


def test_classic_names_the_same():
    document = classic(tag_headers=["X-Team"], tags=["edge"], org_id="org", enable_detailed_recording=True)
    value = plain(recorded_snapshot(document), "/harbour/x", headers=(("X-Team", "Red"),))

    assert value["tags"] == ["x-team-Red", "edge", "key-", "org-org", "api-harbour"]
    assert value["raw_request"]


@pytest.mark.parametrize("code", [0xDCFF, 0xD800])
def test_bytes_that_are_no_text(code):
    text = f"a{chr(code)}ä"
    value = plain(recorded_snapshot(api()), headers=(("User-Agent", "x"),), session=Session(alias=text))

    assert "\ufffd" in value["alias"]


def test_texts_have_an_end():
    logs = {"enabled": True, "tagHeaders": ["X-Long"]}
    record = record_of(
        run_of(recorded_snapshot(api(trafficLogs=logs)), headers=(("User-Agent", "a" * 9999), ("X-Long", "b" * 9999)))
    )

    assert len(record.user_agent) < 5000
    assert len(record.tags[0]) < 5000


# which exchanges


OPTIONS = {"enabled": True, "allowedOrigins": ["*"], "allowedMethods": ["GET"]}


@pytest.mark.parametrize(
    ("document", "request_", "expected"),
    [
        pytest.param(api(), {}, 200, id="forwarded"),
        pytest.param(api({"GET /x": {"block": {"enabled": True}}}), {}, 403, id="refused"),
        pytest.param(api({"POST /x": {"requestSizeLimit": {"enabled": True, "value": 1}}}),
                     {"method": "POST"}, 411, id="refused before tracking is looked at"),
        pytest.param(api({"GET /x": {"mockResponse": {"enabled": True, "code": 200}}}), {}, 200, id="mock"),
        pytest.param(api(), {"url": "/nowhere"}, None, id="no such path"),
        pytest.param(api(), {"url": "/api//x"}, None, id="redirected to a clean path"),
        pytest.param(api(cors=OPTIONS), {"method": "OPTIONS", "headers": (
            ("Origin", "http://a.test"), ("Access-Control-Request-Method", "GET"))}, None, id="preflight"),
        pytest.param(api({"GET /x": {"doNotTrackEndpoint": {"enabled": True}}}), {}, None, id="endpoint not tracked"),
        pytest.param(oas(), {}, None, id="API not tracked"),
        pytest.param(with_paths(mock_response=[{"path": "/x", "method": "GET", "code": 200}]),
                     {"url": "/harbour/x"}, None, id="Classic mock"),
        pytest.param(classic(do_not_track=True), {"url": "/harbour/x"}, None, id="Classic API not tracked"),
        pytest.param(classic(), {"url": "/harbour/x"}, 200, id="Classic"),
    ],
)  # fmt: skip
def test_which_exchanges_are_recorded(document, request_, expected):
    record = record_of(run_of(recorded_snapshot(document), **request_))

    assert (None if record is None else record.response_code) == expected


def test_a_body_that_is_too_large_is_not_recorded():
    of = recorded_snapshot(api(), http_server_options={"max_request_body_size": 3})
    run = run_of(of, method="POST", body=b"four")

    assert run.exchange.response.status == 413
    assert record_of(run) is None


def test_an_api_that_is_not_available_is_recorded():
    document = api()
    document["x-tyk-api-gateway"]["server"]["clientCertificates"] = {"enabled": True, "allowlist": []}
    of = recorded_snapshot(document, problems=("unsupported-restriction",))

    assert plain(of)["response_code"] == 503


@pytest.mark.parametrize(
    ("ignored", "recorded"),
    [
        pytest.param([], True, id="none"),
        pytest.param(["192.0.2.1"], False, id="address"),
        pytest.param(["192.0.2.0/24"], False, id="network"),
        pytest.param(["192.0.2.2", "10.0.0.0/8", "::/0", "nonsense"], True, id="others"),
    ],
)
def test_ignored_addresses(ignored, recorded):
    of = recorded_snapshot(api(), analytics_config={"ignored_ips": ignored})

    assert (record_of(run_of(of)) is not None) is recorded


def test_the_client_behind_a_proxy_is_ignored():
    of = recorded_snapshot(api(), analytics_config={"ignored_ips": ["10.0.0.9"]})

    assert record_of(run_of(of, headers=(("X-Forwarded-For", "10.0.0.9"),))) is None


def test_a_loop_has_one_record_of_the_api_that_answers():
    looping = api({"GET /x": {"urlRewrite": {"enabled": True, "pattern": "/x", "rewriteTo": "tyk://inner/y"}}})
    inner = api({"GET /y": {"trackEndpoint": {"enabled": True}}}, name="inner", listen="/inner/", internal=True)
    value = plain(recorded_snapshot(looping, inner))

    assert (value["api_id"], value["path"], value["original_path"]) == ("inner", "/y", "/api/x")
    assert value["track_path"]


def test_a_loop_out_of_what_is_not_tracked_is_not_recorded():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "tyk://inner/y"}
    looping = api({"GET /x": {"urlRewrite": rewrite, "doNotTrackEndpoint": {"enabled": True}}})

    assert record_of(run_of(recorded_snapshot(looping, api(name="inner", listen="/inner/")))) is None


def test_loops_without_end_are_recorded_as_a_refusal():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "tyk://self/x"}
    value = plain(recorded_snapshot(api({"GET /x": {"urlRewrite": rewrite}})))

    assert value["response_code"] == 500


# paths


ALL = {"enabled": True, "normalise_numbers": True, "normalise_uuids": True, "normalise_ulids": True}


@pytest.mark.parametrize(
    ("wanted", "path", "normal"),
    [
        pytest.param(ALL, "/users/123/orders/4", "/users/{id}/orders/{id}", id="numbers"),
        pytest.param(ALL, "/v1/12ab/3-4", "/v1/12ab/3-4", id="no numbers"),
        pytest.param(ALL, "/a/CA761232-ED42-11CE-BACD-00AA0057B223", "/a/{uuid}", id="uuid"),
        pytest.param(ALL, "/a/ca761232ed4211cebacd00aa0057b223/b", "/a/{uuid}/b", id="uuid without dashes"),
        pytest.param(ALL, "/a/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/a/{ulid}", id="ulid"),
        pytest.param({**ALL, "enabled": False}, "/users/1", "/users/1", id="off"),
        pytest.param({"enabled": True}, "/users/1", "/users/1", id="nothing wanted"),
        pytest.param({"enabled": True, "custom_patterns": ["~[a-z]+", "x*"]}, "/~ann/xx/ä", "/{var}/{var}/ä",
                     id="custom"),
        pytest.param({"enabled": True, "custom_patterns": ["(", "b"]}, "/abc", "/a{var}c", id="one does not compile"),
    ],
)  # fmt: skip
def test_paths_are_normalised(wanted, path, normal):
    assert RecordRules(settings(analytics_config={"normalise_urls": wanted}).analytics_config).path(path) == normal


def test_only_the_path_is_normalised():
    of = recorded_snapshot(api(), analytics_config={"normalise_urls": ALL})
    value = plain(of, "/api/users/7")

    assert (value["path"], value["raw_path"], value["original_path"]) == ("/users/{id}", "/users/7", "/api/users/7")


def test_a_template_stays():
    operations = {"GET /v/1/{id}": {"trackEndpoint": {"enabled": True}}}
    of = recorded_snapshot(api(operations), analytics_config={"normalise_urls": ALL})

    assert plain(of, "/api/v/1/7")["path"] == "/v/1/{id}"


# detailed records


def detailed(by: str) -> tuple[Snapshot, dict[str, Any]]:
    document = api()
    if by == "API":
        document["x-tyk-api-gateway"]["server"]["detailedActivityLogs"] = {"enabled": True}
    gateway = {"analytics_config": {"enable_detailed_recording": True}} if by == "gateway" else {}
    fields = {"session": Session(enable_detailed_recording=by == "session")}
    return recorded_snapshot(document, **gateway), fields


@pytest.mark.parametrize("by", ["API", "gateway", "session"])
def test_detailed_records_have_the_messages(by):
    of, fields = detailed(by)
    headers = (("X-A", "1"), ("Content-Length", "4"))
    value = plain(of, "/api/x?q=1", "POST", headers, b"sent", **fields)

    assert b64decode(value["raw_request"]) == (
        b"POST /api/x?q=1 HTTP/1.1\r\nHost: gateway.test\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nsent"
    )
    response = b64decode(value["raw_response"])
    assert response.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Ratelimit-Limit: ")
    assert response.endswith(b"\r\nContent-Length: 13\r\n\r\nfrom upstream")


def test_without_it_there_are_none():
    of, fields = detailed("nobody")
    value = plain(of, method="POST", body=b"sent", **fields)

    assert (value["raw_request"], value["raw_response"]) == ("", "")


def test_bodies_that_streamed_past_are_those_that_the_host_kept():
    of, _ = detailed("API")
    run = run_of(of, method="POST", body=NOT_READ, answer=replace(UPSTREAM_ANSWER, body=NOT_READ))
    record = record_of(run, Wire(b"sent", b"got", ((b"X-Sent", b"1"),)))

    assert record.raw_request.endswith(b"\r\n\r\nsent")
    assert record.raw_response == b"HTTP/1.1 200 OK\r\nX-Sent: 1\r\n\r\ngot"


def test_bodies_are_cut_off():
    of, _ = detailed("API")
    record = record_of(run_of(of, method="POST", body=b"x" * 500), max_body_bytes=3)

    assert record.raw_request.endswith(b"\r\n\r\nxxx")
    assert record.raw_response.endswith(b"\r\n\r\nfro")
    assert record.size >= len(record.raw_request) + len(record.raw_response)


def test_a_refusal_has_its_messages():
    document = api({"POST /x": {"block": {"enabled": True}}})
    document["x-tyk-api-gateway"]["server"]["detailedActivityLogs"] = {"enabled": True}
    value = plain(recorded_snapshot(document), "/api/x", "POST", body=b"sent")

    assert b64decode(value["raw_request"]).endswith(b"sent")
    assert b64decode(value["raw_response"]).startswith(b"HTTP/1.1 403 Forbidden\r\n")


# secrets


KEY = "my-own-key-123"
HANDLE = hashlib.sha256(KEY.encode()).hexdigest()


def protected(**gateway: Any) -> Snapshot:
    """An API that looks for keys in X-Mine and in the parameter k, with detailed records."""
    document = api(trafficLogs={"enabled": True, "tagHeaders": ["X-Mine"]})
    document["components"] = {"securitySchemes": {"mine": {"type": "apiKey", "in": "header", "name": "X-Mine"}}}
    document["security"] = [{"mine": []}]
    document["x-tyk-api-gateway"]["server"] |= {
        "authentication": {
            "enabled": True,
            "securitySchemes": {"mine": {"enabled": True, "query": {"enabled": True, "name": "k"}}},
        },
        "detailedActivityLogs": {"enabled": True},
    }
    return recorded_snapshot(document, **gateway)


def with_key(**gateway: Any) -> Any:
    headers = (("X-Mine", KEY), ("Authorization", KEY), ("Cookie", f"session={KEY}"))
    run = run_of(protected(**gateway), f"/api/x?k={KEY}&api_key={KEY}&other=1", headers=headers)
    run.exchange = replace(run.exchange, key=KEY)
    return record_of(run)


def test_no_key_is_in_a_record():
    record = with_key()
    everything = json.dumps(record.plain()).encode() + record.raw_request + record.raw_response

    assert KEY.encode() not in everything
    assert record.raw_request.startswith("GET /api/x?k=•••&api_key=•••&other=1 HTTP/1.1".encode())
    assert record.plain()["tags"] == ["x-mine-•••", f"key-{HANDLE}", "org-", "api-pets"]
    assert record.api_key == HANDLE


@pytest.mark.parametrize(
    ("function", "shown"), [("sha256", HANDLE), ("murmur128", None), ("", None)], ids=["sha256", "murmur128", "default"]
)
def test_keys_are_hashed_as_the_settings_say(function, shown):
    record = with_key(hash_keys=True, hash_key_function=function)

    assert KEY not in record.api_key
    assert record.api_key == (shown or record.api_key)
    assert len(record.api_key) == {"sha256": 64, "murmur128": 32, "": 8}[function]


def test_what_a_response_hides_is_not_in_a_record():
    of, _ = detailed("API")
    answer = replace(UPSTREAM_ANSWER, headers=Headers.of(("Set-Cookie", "session=abc"), ("X-Plain", "abcd")))
    record = record_of(run_of(of, answer=answer))

    assert b"session=abc" not in record.raw_response
    assert b"X-Plain: abcd" in record.raw_response


def test_a_header_that_holds_a_credential_makes_no_tag_of_it():
    document = api(trafficLogs={"enabled": True, "tagHeaders": ["Authorization"]})

    assert plain(recorded_snapshot(document), headers=(("Authorization", "s3cret"),))["tags"][0] == "authorization-•••"


# plugins that would keep something out of the records


PLUGIN = {"enabled": True, "functionName": "mask", "path": "mask.so"}


@pytest.mark.parametrize(
    ("document", "url"),
    [
        pytest.param(api(trafficLogs={"enabled": True, "plugins": [PLUGIN]}), "/api/x", id="OAS"),
        pytest.param(classic(analytics_plugin={"enable": True, "func_name": "f", "plugin_path": "p"}), "/harbour/x",
                     id="Classic"),
        pytest.param(classic(custom_middleware={"traffic_logs": [{"name": "f", "path": "p"}]}), "/harbour/x",
                     id="Classic list"),
    ],
)  # fmt: skip
def test_with_a_plugin_for_records_there_are_none(document, url):
    loaded = load_text(json.dumps(document), "a.json", settings(enable_analytics=True))
    (problem,) = loaded.problems

    assert problem.code == "unsupported-section"
    assert "nothing is recorded" in problem.message
    of = Snapshot(loaded.definitions, settings(enable_analytics=True))
    assert record_of(run_of(of, url)) is None


@pytest.mark.parametrize(
    "document",
    [
        api(trafficLogs={"enabled": True, "plugins": [{**PLUGIN, "enabled": False}]}),
        classic(
            analytics_plugin={"enable": False}, custom_middleware={"traffic_logs": [{"name": "f", "disabled": True}]}
        ),
    ],
    ids=["OAS", "Classic"],
)
def test_plugins_that_are_off_say_nothing(document):
    loaded = load_text(json.dumps(document), "a.json", settings())

    assert loaded.problems == ()
    assert loaded.definitions[0].recording.enabled


# the recorder


class Sink:
    def __init__(self) -> None:
        self.written: list[Any] = []

    async def write(self, batch: Any) -> Any:
        self.written += batch
        return ()

    async def close(self) -> None:
        pass


@pytest.fixture
def sinks():
    return []


@pytest.fixture
def recorder(sinks):
    def make(_: Any) -> Sink:
        sinks.append(Sink())
        return sinks[-1]

    made = Recorder(make)
    yield made
    made.close()


def test_a_recorder_keeps_and_counts(recorder, sinks):
    of = recorded_snapshot(api({"GET /users/{id}": {}, "GET /x": {"block": {"enabled": True}}}))
    for url in ("/api/users/1", "/api/users/2", "/api/x", "/api/unknown", "/nowhere"):
        recorder.take(run_of(of, url))
    recorder.close()

    assert [record.path for record in sinks[0].written] == ["/users/1", "/users/2", "/x", "/unknown"]
    assert recorder.plain() == {
        "records": {"written": 4, "dropped": 0, "failed": 0, "waiting": 0},
        "requests": {
            "pets": {
                "(other)": {"total": 1, "2xx": 1},
                "GET /users/{id}": {"total": 2, "2xx": 2},
                "GET /x": {"total": 1, "4xx": 1},
            }
        },
    }


def test_a_tracked_endpoint_is_counted_by_its_template(recorder):
    of = recorded_snapshot(with_paths(
        track_endpoints=[{"path": "/a/{b}", "method": "GET"}], white_list=[{"path": "/c/{d}", "method": ""}]
    ))  # fmt: skip
    for url in ("/harbour/a/1", "/harbour/c/2", "/harbour/e"):
        recorder.take(run_of(of, url))

    assert recorder.counters.plain() == {
        "harbour": {
            "(other)": {"total": 1, "4xx": 1},
            "* /c/{d}": {"total": 1, "2xx": 1},
            "GET /a/{b}": {"total": 1, "4xx": 1},
        }
    }


def test_without_a_sink_requests_are_counted():
    recorder = Recorder(lambda _: None)
    recorder.take(run_of(recorded_snapshot(api({"GET /x": {}}))))

    assert recorder.plain()["requests"] == {"pets": {"GET /x": {"total": 1, "2xx": 1}}}
    assert recorder.plain()["records"]["written"] == 0


def test_where_records_are_off_nothing_happens(recorder, sinks, monkeypatch):
    monkeypatch.setattr(records, "transaction_record", lambda *_: pytest.fail("a record was made"))
    recorder.take(run_of(snapshot(api())))

    assert sinks == []
    assert recorder.body_bytes(run_of(snapshot(api()))) == 0


def test_a_failure_harms_nobody(recorder, monkeypatch, caplog):
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(records, "transaction_record", broken)
    of = recorded_snapshot(api())
    for _ in range(5):
        recorder.take(run_of(of))

    assert len([line for line in caplog.records if line.levelname == "WARNING"]) == 1


def reloaded(before: Snapshot, **gateway: Any) -> Snapshot:
    after = recorded_snapshot(api(), **gateway)
    return Snapshot([api.definition for api in after.apis.values()], after.settings, before.generation + 1)


def test_counters_survive_a_reload(recorder, sinks):
    first = recorded_snapshot(api())
    second = reloaded(first)
    recorder.take(run_of(first))
    recorder.take(run_of(second))
    recorder.close()

    assert len(sinks) == 1
    assert recorder.plain()["requests"]["pets"]["(other)"]["total"] == 2


def test_another_file_gets_what_comes_after_the_reload(recorder, sinks):
    first = recorded_snapshot(api(), **{"x-lockgate": {"records": {"file": "a"}}})
    second = reloaded(first, **{"x-lockgate": {"records": {"file": "b"}}})
    recorder.take(run_of(first))
    recorder.take(run_of(second))
    recorder.take(run_of(first))  # It began before the reload, and ends behind it.
    recorder.close()

    assert [len(sink.written) for sink in sinks] == [1, 2]
    assert recorder.counts.written == 3


def test_rules_follow_a_reload(recorder):
    first = recorded_snapshot(api())
    second = reloaded(first, analytics_config={"ignored_ips": ["192.0.2.1"]})
    recorder.take(run_of(second))
    recorder.take(run_of(first))

    assert recorder.plain()["requests"] == {}


def test_who_keeps_bodies_that_stream_past(recorder):
    of, fields = detailed("session")

    assert recorder.body_bytes(run_of(of, **fields)) == 65536
    assert recorder.body_bytes(run_of(of)) == 0


# counters


def test_counters_are_bounded(monkeypatch):
    from lockgate.stores import endpoint_counters

    monkeypatch.setattr(endpoint_counters, "MOST_ENDPOINTS", 2)
    monkeypatch.setattr(endpoint_counters, "MOST_APIS", 2)
    counters = EndpointCounters()
    for api_id in ("a", "b", "c"):
        for endpoint in ("GET /1", "GET /2", ""):
            counters.count(api_id, endpoint, 200)

    assert counters.plain() == {
        "a": {
            "(other)": {"total": 1, "2xx": 1},
            "GET /1": {"total": 1, "2xx": 1},
            "GET /2": {"total": 1, "2xx": 1},
        },
        "b": {"(other)": {"total": 3, "2xx": 3}},
    }


@pytest.mark.parametrize(("status", "kind"), [(101, "1xx"), (204, "2xx"), (599, "5xx"), (999, "other"), (0, "other")])
def test_classes_of_status(status, kind):
    counters = EndpointCounters()
    counters.count("a", "", status)

    assert counters.plain() == {"a": {"(other)": {"total": 1, kind: 1}}}
