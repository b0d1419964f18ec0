import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.apis import oas, snapshot
from tests.keys import World, keyed

from lockgate.exchange import NOT_READ, Exchange, Headers, Pass, Request, Response
from lockgate.services import ServiceCall
from lockgate.trace import Level, Phase, Trace, TraceStep, Why
from lockgate.trace_format import MASK, is_secret, masked, masked_url, summary, to_plain, to_text

SECRETS = ("s3cr3t", "hush", "mum")
ORIGINAL = Exchange(
    "1",
    datetime(2026, 1, 1, tzinfo=UTC),
    Request("GET", "/pets/7", "api_key=s3cr3t&a=1", Headers.of(("Authorization", "Bearer hush"), ("Accept", "a"))),
)
ROUTED = replace(ORIGINAL, passes=(Pass("id", "pets", "", "/pets/", "GET", "/pets/7"),))
SENT = replace(ROUTED, request=replace(ROUTED.request, headers=Headers.of(("X-Token", "mum"), ("Accept", "b"))))


def a_trace():
    trace = Trace(ORIGINAL, generation=3)
    rule = Why(Level.RULE, "/x/0", "GET /{id}", "/([^/]+)", "/7", "first match")
    trace.steps.append(TraceStep("request_headers", Phase.REQUEST, 0, "continue", rule, ROUTED, SENT, 12_300))
    forwarded = Why(Level.API, "/x-tyk-api-gateway/upstream")
    trace.steps.append(
        TraceStep(
            "forward", Phase.REQUEST, 0, "forward", forwarded, SENT, SENT, 1000, "http://up/7?api_key=s3cr3t",
            (ServiceCall("ids", "new_id", "an-id"),),
        )
    )  # fmt: skip
    trace.upstream_request = SENT.request
    trace.upstream_response = Response(200, Headers.of(("Set-Cookie", "id=hush")), NOT_READ)
    trace.answer = trace.upstream_response
    return trace


def test_plain_values_can_be_saved():
    assert json.loads(json.dumps(to_plain(a_trace()))) == to_plain(a_trace())


def test_plain_values_keep_secrets_and_masked_ones_do_not():
    plain = json.dumps(to_plain(a_trace()))
    shown = json.dumps(masked(to_plain(a_trace())), ensure_ascii=False)

    assert all(secret in plain for secret in SECRETS)
    assert not any(secret in shown for secret in SECRETS)
    assert MASK in shown


def test_text_shows_every_step_and_no_secret():
    text = to_text(to_plain(a_trace()))

    assert not any(secret in text for secret in SECRETS)
    assert "request_headers    continue    12.3 µs" in text
    assert "because GET /{id}: '/([^/]+)' is found in '/7', first match" in text
    assert "set in /x/0" in text
    assert "~ Accept: a → b" in text
    assert "asked ids.new_id: 'an-id'" in text


def test_one_phase_alone():
    text = to_text(to_plain(a_trace()), Phase.RESPONSE)

    assert "response chain" in text
    assert "request chain" not in text


def test_text_that_is_no_utf8_is_shown():
    trace = Trace(replace(ORIGINAL, request=Request("GET", "/\udcff")))

    assert to_plain(trace)["original"]["target"] == "/\\xff"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(NOT_READ, {"streamed": True}, id="streamed"),
        pytest.param(b"text", {"size": 4, "text": "text"}, id="text"),
    ],
)
def test_bodies(body, expected):
    trace = Trace(replace(ORIGINAL, request=Request("GET", "/", body=body)))

    assert to_plain(trace)["original"]["body"] == expected


@pytest.mark.parametrize("body", [pytest.param(b"\xff" * 10, id="no text"), pytest.param(b"x" * 1_100_000, id="large")])
def test_other_bodies_are_head_and_hash(body):
    plain = to_plain(Trace(replace(ORIGINAL, request=Request("GET", "/", body=body))))["original"]["body"]

    assert plain["size"] == len(body)
    assert len(plain["sha256"]) == 64
    assert len(plain["head"]) <= 1024


def test_a_changed_body_is_shown_as_a_diff():
    before = replace(ROUTED, request=replace(ROUTED.request, body=b"one\ntwo\n"))
    after = replace(ROUTED, request=replace(ROUTED.request, body=b"one\nthree\n"))
    trace = Trace(ORIGINAL)
    trace.steps.append(TraceStep("x", Phase.REQUEST, 0, "continue", Why(Level.ALWAYS), before, after, 1))

    lines = to_text(to_plain(trace)).splitlines()

    assert "         -two" in lines
    assert "         +three" in lines


@pytest.mark.parametrize(
    "name", ["authorization", "Cookie", "set-cookie", "X-Api-Key", "apikey", "access_token", "PASSWORD"]
)
def test_secret_names(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["accept", "x-request-id", "content-type", "key", "Access-Control-Allow-Credentials"])
def test_names_that_are_no_secret(name):
    assert not is_secret(name)


def test_urls_keep_their_other_parameters():
    assert masked_url("/a?b=1&token=x&c") == f"/a?b=1&token={MASK}&c"


def test_the_summary_is_one_line():
    line = summary(to_plain(a_trace()))

    assert "pets" in line
    assert "200" in line
    assert "\n" not in line


def shown(of, world, **request):
    """A trace as somebody gets to see it, in both forms."""
    plain = to_plain(world.ask(of, **request))
    return json.dumps(masked(plain), ensure_ascii=False), to_text(plain)


SENT_ON = {"enabled": True, "add": [{"name": "X-Copy", "value": "<$tyk_context.token>"}]}


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        pytest.param("/api/x?q=ann-k%26ey", (("X-Key", "ann-k&ey"),), id="good key"),
        pytest.param("/api/x", (("X-Key", "Bearer ann-k&ey"),), id="with Bearer"),
        pytest.param("/api/closed", (("X-Key", "ann-k&ey"),), id="before the key is looked up"),
        pytest.param("/api/x", (("X-Key", "bob-ann-k&ey"),), id="unknown key"),
    ],
)
def test_a_key_is_shown_nowhere(url, headers):
    document = keyed(
        {"GET /closed": {"block": {"enabled": True}}},
        contextVariables={"enabled": True},
        transformRequestHeaders=SENT_ON,
    )
    world = World(**{"ann-k&ey": {"meta_data": {"secret": "sesame"}}})
    for text in shown(snapshot(document), world, url=url, headers=headers):
        assert not any(key in text for key in ("ann-k&ey", "ann-k%26ey", "sesame"))
        assert MASK in text or "closed" in text


def test_a_parameter_that_holds_keys_is_masked_whatever_its_name():
    document = keyed()
    document["components"]["securitySchemes"]["key"] = {"type": "apiKey", "in": "query", "name": "who"}
    trace = to_plain(World().ask(snapshot(document), "/api/x?who=ab&other=cd"))

    assert masked(trace)["original"]["target"] == f"/api/x?who={MASK}&other=cd"
    assert trace["original"]["target"] == "/api/x?who=ab&other=cd"


def test_plain_values_keep_what_the_store_answered():
    world = World(**{"ann-key": {"alias": "ann"}})
    plain = to_plain(world.ask(snapshot(keyed()), headers=(("X-Key", "ann-key"),)))
    (call,) = [call for step in plain["steps"] for call in step["calls"] if call["service"] == "sessions"]

    assert call["answer"]["session"]["alias"] == "ann"
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((("X-Key", "ann-long-key"),), id="header"),
        pytest.param((("x_key", "ann-long-key"),), id="header, misspelt"),
        pytest.param((("Authorization", "Bearer ann-long-key"),), id="another header for credentials"),
        pytest.param((("Cookie", "a=b; session=ann-long-key"),), id="cookie"),
    ],
)
def test_a_key_that_nobody_looked_up_is_shown_nowhere(headers):
    copies = [{"name": "X-Copy", "value": f"$tyk_context.headers_{headers[0][0].replace('-', '_')}"}]
    copies.append({"name": "X-Other", "value": "$tyk_context.cookies_session"})
    document = keyed(
        {"GET /open": {"ignoreAuthentication": {"enabled": True}}},
        contextVariables={"enabled": True},
        transformRequestHeaders={"enabled": True, "add": copies},
    )
    for text in shown(snapshot(document), World(), url="/api/open", headers=headers):
        assert "ann-long-key" not in text


def test_a_key_that_is_no_text_can_be_saved():
    plain = to_plain(World().ask(snapshot(keyed()), headers=(("X-Key", "bad\udcff\udcfekey"),)))

    json.dumps(plain, ensure_ascii=False).encode()
    assert "bad" not in json.dumps(masked(plain))


def test_secrets_of_the_definition_are_shown_nowhere():
    rewrite = {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "/to/$secret_conf.path"}}
    headers = [{"name": "X-A", "value": "<$secret_conf.a>"}, {"name": "X-B", "value": "secrets://b"}]
    document = oas({"GET /x": rewrite}, transformRequestHeaders={"enabled": True, "add": headers})
    secrets = {"path": "open/sesame", "a": "hush+hush", "b": "quiet-one", "unused": "not-in-it"}
    plain = to_plain(World().ask(snapshot(document, secrets=secrets)))

    assert dict(plain["upstream_request"]["headers"])["X-B"] == "quiet-one"
    assert plain["secrets"] == ["hush+hush", "open/sesame", "quiet-one"]
    for text in (json.dumps(masked(plain)), to_text(plain)):
        assert not any(secret in text for secret in secrets.values())


def test_a_line_of_text_stays_one():
    trace = a_trace()
    trace.error = "broken\x1b[2J\nforged: line"
    text = to_text(to_plain(trace))

    assert "error: broken\\x1b[2J\\nforged: line\n" in text
    assert "broken\\x1b[2J\\nforged: line" in summary(to_plain(trace))


def test_requests_of_the_gateway_itself_are_shown_with_their_time_and_without_secrets():
    url = "http://up.test/a?token=hush-hush&b=1"
    arguments = ("POST", url, [["Authorization", "Bearer hush-hush"], ["X-A", "1"]], b"\xff")
    answer = {"status": 200, "headers": [["Set-Cookie", "hush=hush"]], "body": b"text", "seconds": 0.0123}
    failed = {"failed": "nobody is there", "seconds": 0.5}
    calls = (ServiceCall("http", "send", answer, arguments), ServiceCall("http", "send", failed, arguments))
    trace = a_trace()
    trace.steps[-1] = trace.steps[-1]._replace(calls=calls)
    plain = to_plain(trace)

    kept, _ = plain["steps"][-1]["calls"]
    assert kept["arguments"][1] == url
    assert kept["arguments"][3]["size"] == 1
    assert kept["answer"]["body"] == {"size": 4, "text": "text"}
    json.dumps(plain)
    text = to_text(plain)
    assert "sent POST http://up.test/a?token=***&b=1: 200, 4 bytes (12.3 ms)" in text.replace(MASK, "***")
    assert ": nobody is there (500.0 ms)" in text
    assert "hush" not in json.dumps(masked(plain))
    assert "hush" not in text
