"""One exchange from arrival to answer, without a host."""

import asyncio
import dataclasses
import gc
import json
import weakref
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.apis import UPSTREAM, oas, snapshot, tried
from tests.helpers import FixedOutside, make_request

from lockgate.engine import begin, begin_response, fail, loop_name, run_request, run_response
from lockgate.exchange import NOT_READ, Exchange, Headers, Response
from lockgate.middleware import Reason
from lockgate.services import Outside
from lockgate.snapshot import Snapshot

ADD = {"enabled": True, "remove": [], "add": [{"name": "X-Added", "value": "1"}]}
MOCK = {"enabled": True, "code": 203, "body": "mock", "headers": [{"name": "Content-Type", "value": "text/x"}]}


def start(of, method="GET", url="/api/x", headers=(), body=b""):
    fixed = FixedOutside()
    exchange = Exchange("1", datetime(2026, 1, 1, tzinfo=UTC), make_request(method, url, headers, body))
    return begin(of, Outside(clock=fixed, ids=fixed, turns=fixed), exchange)


def links(trace):
    return [step.link for step in trace.steps]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param("/nowhere", 404, id="no listen path"),
        pytest.param("/api%zz", 400, id="no escape"),
        pytest.param("/api/100%", 400, id="cut escape"),
        pytest.param("*", 400, id="no path"),
        pytest.param("/api/" + "x" * 4096, 414, id="long path"),
        pytest.param("/api//x", 301, id="doubled slash"),
        pytest.param("/api/%2e%2e/x", 301, id="encoded dots"),
    ],
)
def test_what_never_reaches_an_api(url, status):
    run = start(snapshot(oas()), url=url)

    assert run.answered
    assert run.plan is None
    assert run.trace.answer is not None
    assert run.trace.answer.status == status
    assert links(run.trace) == ["routing"]


def test_cleaning_can_be_switched_off():
    of = snapshot(oas(), http_server_options={"skip_url_cleaning": True})

    assert not start(of, url="/api//x").answered


def test_a_redirect_keeps_the_query():
    run = start(snapshot(oas()), url="/api//x?b=2&a=1")

    assert run.exchange.response.headers.get("location") == "/api/x?b=2&a=1"


def test_a_request_goes_upstream_and_comes_back():
    trace = tried(
        snapshot(oas({"GET /x": {"transformRequestHeaders": ADD, "transformResponseHeaders": ADD}})), url="/api/x"
    )

    assert trace.upstream_request.target == "/x"
    assert trace.upstream_request.headers.get("x-added") == "1"
    assert trace.answer.headers.get("x-added") == "1"
    assert trace.answer.body == b"from upstream"


def test_an_answer_of_a_link_passes_the_response_chain():
    trace = tried(snapshot(oas({"GET /x": {"mockResponse": MOCK, "transformResponseHeaders": ADD}})), url="/api/x")

    assert trace.upstream_request is None
    assert trace.answer.status == 203
    assert trace.answer.headers.get("x-added") == "1"


def test_a_refusal_does_not_pass_the_response_chain():
    of = snapshot(oas({"GET /x": {"block": {"enabled": True}, "transformResponseHeaders": ADD}}))

    trace = tried(of, url="/api/x")

    assert trace.answer.status == 403
    assert "x-added" not in trace.answer.headers
    assert json.loads(trace.answer.body) == {"error": "Requested endpoint is forbidden"}


def test_a_refusal_is_written_in_the_format_of_the_transformed_content_type():
    add = {"enabled": True, "remove": [], "add": [{"name": "Content-Type", "value": "text/xml"}]}
    of = snapshot(
        oas({"GET /x": {"transformRequestMethod": {"enabled": True, "toMethod": "HEAD"}}}, transformRequestHeaders=add),
        problems=("bad-method",),
    )

    assert tried(of, url="/api/x").answer.headers.get("content-type") == "text/xml"


def test_the_response_phase_matches_the_upstream_path():
    of = snapshot(
        oas({"GET /base/x": {"transformResponseHeaders": ADD}}, upstream=UPSTREAM + "/base"),
        http_server_options={"enable_path_prefix_matching": True, "enable_path_suffix_matching": True},
    )

    assert tried(of, url="/api/x").answer.headers.get("x-added") == "1"


def test_after_a_rewrite_it_matches_the_inbound_path():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "/elsewhere"}
    of = snapshot(oas({"GET /x": {"urlRewrite": rewrite, "transformResponseHeaders": ADD}}))

    trace = tried(of, url="/api/x")

    assert trace.upstream_request.target == "/elsewhere"
    assert trace.answer.headers.get("x-added") == "1"


def test_bodies_that_no_link_needs_are_not_asked_for():
    run = start(snapshot(oas({"POST /x": {"transformRequestHeaders": ADD}})), "POST", body=NOT_READ)

    assert not run.needs_request_body
    asyncio.run(run_request(run, NOT_READ))
    assert run.exchange.request.body is NOT_READ
    begin_response(run, Response(200, Headers.of(("Content-Type", "a/b")), NOT_READ))
    assert not run.needs_response_body
    asyncio.run(run_response(run, NOT_READ))
    assert run.exchange.response.body is NOT_READ


def test_a_form_is_asked_for_where_variables_are_on():
    of = snapshot(oas(contextVariables={"enabled": True}))
    form = (("Content-Type", "application/x-www-form-urlencoded"),)

    assert start(of, "POST", headers=form, body=NOT_READ).needs_request_body
    assert not start(of, "POST", headers=(("Content-Type", "text/plain"),), body=NOT_READ).needs_request_body


def test_an_api_that_cannot_be_protected_is_closed():
    of = snapshot(oas({"GET /x": {}}))
    closed = [dataclasses.replace(api.definition, unavailable="no such protection") for api in of.apis.values()]

    trace = tried(Snapshot(closed, of.settings), url="/api/x")

    assert trace.answer.status == 503
    assert b"no such protection" not in trace.answer.body
    assert "no such protection" in trace.steps[-1].detail
    assert trace.upstream_request is None


def test_the_gateway_limit_counts_declared_and_real_bytes():
    of = snapshot(oas(), http_server_options={"max_request_body_size": 3})

    assert start(of, "POST", headers=(("Content-Length", "4"),), body=NOT_READ).exchange.response.status == 413
    assert tried(of, "POST", body=b"1234").answer.status == 413
    assert tried(of, "POST", body=b"123").answer.status == 200


@pytest.mark.parametrize(
    ("reason", "status"),
    [pytest.param(Reason.UPSTREAM_TIMEOUT, 504, id="timeout"), pytest.param(Reason.PROXY_FAILED, 500, id="refused")],
)
def test_what_a_host_could_not_carry_is_answered(reason, status):
    run = start(snapshot(oas()))
    asyncio.run(run_request(run, b""))

    fail(run, reason, "secret detail")

    assert run.answered
    assert run.exchange.response.status == status
    assert b"secret detail" not in run.exchange.response.body
    assert run.trace.error == "secret detail"


def test_strict_refuses_a_transform_that_failed():
    rewrite = {"enabled": True, "pattern": "/x", "rewriteTo": "/a%zz b"}
    lax = oas({"GET /x": {"urlRewrite": rewrite}})
    strict = oas({"GET /x": {"urlRewrite": rewrite}})
    strict["x-tyk-api-gateway"]["x-lockgate"] = {"strict": True}

    assert tried(snapshot(lax), url="/api/x").answer.status == 200
    assert tried(snapshot(strict), url="/api/x").answer.status == 500


# Loops


def looping(target):
    return {"urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": target}}


def test_a_loop_runs_the_chain_of_its_target():
    of = snapshot(oas({"GET /in": looping("tyk://self/out"), "GET /out": {"transformRequestHeaders": ADD}}))

    trace = tried(of, url="/api/in")

    assert [step.pass_index for step in trace.steps if step.link == "forward"] == [0, 1]
    assert trace.upstream_request.target == "/out"
    assert trace.upstream_request.headers.get("x-added") == "1"


def test_a_loop_reaches_internal_apis_and_endpoints():
    inner = oas({"GET /in": {"internal": {"enabled": True}}}, name="Inner API", listen="/inner/", internal=True)
    outer = oas({"GET /x": looping("tyk://Inner-API/in")}, name="outer")
    of = snapshot(outer, inner)

    assert tried(of, url="/inner/in").answer.status == 404
    assert tried(of, url="/api/x").answer.status == 200


@pytest.mark.parametrize(("target", "loops"), [("tyk://self/x", 5), ("tyk://self/x?loop_limit=2", 2)])
def test_loops_end(target, loops):
    trace = tried(snapshot(oas({"GET /x": looping(target)})), url="/api/x")

    assert trace.answer.status == 500
    assert (
        json.loads(trace.answer.body)["error"]
        == f"Loop level too deep. Found more than {loops} loops in single request"
    )
    assert len([step for step in trace.steps if step.outcome == "loop"]) == loops + 2


def test_a_ring_of_apis_ends():
    of = snapshot(
        oas(name="one", listen="/one/", upstream="tyk://two"), oas(name="two", listen="/two/", upstream="tyk://one")
    )

    assert tried(of, url="/one/x").answer.status == 500


def test_an_api_behind_an_api_runs_its_chain():
    inner = oas({"GET /x": {"transformRequestHeaders": ADD}}, name="inner", listen="/inner/", internal=True)
    trace = tried(snapshot(oas(upstream="tyk://inner"), inner), url="/api/x")

    assert trace.upstream_request.target == "/x"
    assert trace.upstream_request.headers.get("x-added") == "1"


def test_a_loop_to_nowhere_is_refused():
    assert tried(snapshot(oas({"GET /x": looping("tyk://nobody/x")})), url="/api/x").answer.status == 500


def test_the_first_loop_limit_counts():
    of = snapshot(oas({"GET /x": looping("tyk://self/y?loop_limit=1"), "GET /y": looping("tyk://self/x?loop_limit=9")}))

    assert "more than 1 loops" in tried(of, url="/api/x").answer.body.decode()
    assert "more than 9 loops" in tried(of, url="/api/y").answer.body.decode()


@pytest.mark.parametrize(
    ("target", "checked"),
    [
        pytest.param("tyk://inner/in?check_limits=true", True, id="other API"),
        pytest.param("tyk://inner/in?check_limits=1", False, id="another word"),
        pytest.param("tyk://inner/in", False, id="not asked for"),
        pytest.param("tyk://self/in?check_limits=true", False, id="itself"),
        pytest.param("tyk://pets/in?check_limits=true", True, id="itself by its id"),
    ],
)
def test_limits_of_a_pass_that_a_loop_led_to(target, checked):
    of = snapshot(oas({"GET /x": looping(target)}), oas(name="inner", listen="/inner/"))

    first, second = tried(of, url="/api/x").steps[-1].after.passes
    assert (first.loop_level, first.inside, first.check_limits) == (0, False, False)
    assert (second.loop_level, second.inside, second.check_limits) == (1, True, checked)


def test_limits_behind_a_loop_stay_as_the_loop_said():
    of = snapshot(
        oas({"GET /x": looping("tyk://middle/x?check_limits=true")}),
        oas(name="middle", listen="/middle/", upstream="tyk://last"),
        oas(name="last", listen="/last/"),
    )

    passes = tried(of, url="/api/x").steps[-1].after.passes
    assert [(one.api_id, one.loop_level, one.check_limits) for one in passes] == [
        ("pets", 0, False), ("middle", 1, True), ("last", 1, True)
    ]  # fmt: skip


def test_an_internal_endpoint_is_reached_as_an_upstream():
    inner = oas({"GET /in": {"internal": {"enabled": True}}}, name="inner", listen="/inner/")
    of = snapshot(oas(upstream="tyk://inner"), inner)

    assert tried(of, url="/api/in").answer.status == 200
    assert tried(of, url="/inner/in").answer.status == 403


def test_an_internal_endpoint_of_a_version_is_not_reached_from_outside():
    versioning = {
        "enabled": True, "name": "v1", "default": "self", "location": "header", "key": "V",
        "versions": [{"name": "v2", "id": "child"}],
    }  # fmt: skip
    base = oas()
    base["x-tyk-api-gateway"]["info"]["versioning"] = versioning
    child = oas({"GET /in": {"internal": {"enabled": True}}}, name="child", listen="/child/")
    of = snapshot(base, child, problems=("missing-version",))

    assert tried(of, url="/api/in", headers=(("V", "v2"),)).answer.status == 403


def test_self_is_no_upstream():
    trace = tried(snapshot(oas(upstream="tyk://self")), url="/api/x")

    assert json.loads(trace.answer.body) == {"error": "Couldn't detect target"}


@pytest.mark.parametrize("target", ["tyk:///x", "tyk://", "tyk://SELF/x", "tyk://self:80/x", "tyk://the-path/x"])
def test_what_names_no_api(target):
    of = snapshot(oas({"GET /x": looping(target)}, listen="/"), oas(name="other", listen="/the-path/"))

    assert json.loads(tried(of, url="/x").answer.body) == {"error": "Can't detect loop target"}


def body_rule(to, pattern="needle"):
    rules = [{"in": "requestBody", "pattern": pattern}]
    return {
        "urlRewrite": {
            "enabled": True,
            "pattern": ".*",
            "rewriteTo": "/basic",
            "triggers": [{"condition": "all", "rewriteTo": to, "rules": rules}],
        }
    }


def test_only_a_rule_for_the_body_asks_for_it():
    rules = [{"in": "query", "name": "a", "pattern": "b"}]
    without = {"triggers": [{"condition": "all", "rewriteTo": "/x", "rules": rules}]}
    of = snapshot(
        oas({"POST /x": body_rule("/t"), "POST /y": {"urlRewrite": {**looping("/z")["urlRewrite"], **without}}})
    )

    assert start(of, "POST", "/api/x", body=NOT_READ).needs_request_body
    assert not start(of, "POST", "/api/y", body=NOT_READ).needs_request_body


@pytest.mark.parametrize(("body", "target"), [(b"a needle", "/found"), (b"hay", "/basic"), (b"", "/basic")])
def test_a_body_is_read_when_a_loop_leads_to_who_needs_it(body, target):
    of = snapshot(oas({"POST /x": looping("tyk://self/y"), "POST /y": body_rule("/found")}))
    run = start(of, "POST", "/api/x", body=NOT_READ)

    assert not run.needs_request_body
    asyncio.run(run_request(run, NOT_READ))
    assert run.waits_for_body
    assert (run.answered, run.upstream) == (False, None)
    asyncio.run(run_request(run, body))

    assert not run.waits_for_body
    assert run.trace.upstream_request.target == target
    assert run.trace.upstream_request.body == body
    assert [step.pass_index for step in run.trace.steps if step.link == "url_rewrite"] == [0, 1]


def test_a_body_that_no_pass_needs_streams_through_a_loop():
    of = snapshot(oas({"POST /x": looping("tyk://self/y")}))
    run = start(of, "POST", "/api/x", body=NOT_READ)
    asyncio.run(run_request(run, NOT_READ))

    assert not run.waits_for_body
    assert run.trace.upstream_request.body is NOT_READ


def test_a_body_above_the_limit_is_refused_behind_a_loop_too():
    of = snapshot(
        oas({"POST /x": looping("tyk://self/y"), "POST /y": body_rule("/found")}),
        http_server_options={"max_request_body_size": 3},
    )
    run = start(of, "POST", "/api/x", body=NOT_READ)
    asyncio.run(run_request(run, NOT_READ))
    asyncio.run(run_request(run, b"four"))

    assert run.exchange.response.status == 413


def test_trigger_values_of_a_pass_are_there_in_the_next():
    rules = [{"in": "query", "name": "tier", "pattern": r"^g\w+"}]
    first = {
        **looping("tyk://self/basic")["urlRewrite"],
        "triggers": [{"condition": "all", "rewriteTo": "tyk://self/vip", "rules": rules}],
    }
    second = {"urlRewrite": {"enabled": True, "pattern": "/vip", "rewriteTo": "/v/$tyk_context.trigger-0-tier-0"}}
    operations = {"GET /c": {"urlRewrite": first}, "GET /vip": second}

    assert tried(snapshot(oas(operations)), url="/api/c?tier=gold").upstream_request.target == "/v/gold"
    # Variables of the second pass take the place of those.
    of = snapshot(oas(operations, contextVariables={"enabled": True}))
    assert tried(of, url="/api/c?tier=gold").upstream_request.target == "/v/"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Other API", "Other-API"), ("a__b", "a-b"), ("Users #internal", "Users"), ("plain", "plain")],
)
def test_names_as_loop_targets_spell_them(name, expected):
    assert loop_name(name) == expected


# Snapshots


def test_an_exchange_ends_on_the_definitions_it_began_with():
    of = snapshot(oas({"GET /x": {"transformResponseHeaders": ADD}}))
    run = start(of)
    asyncio.run(run_request(run, b""))
    begin_response(run, Response(200, Headers.of(("Content-Type", "a/b"))))
    asyncio.run(run_response(run, b""))

    assert run.snapshot is of
    assert run.exchange.response.headers.get("x-added") == "1"


def test_a_snapshot_that_nobody_uses_is_collected():
    of = snapshot(oas({"GET /x": {"transformResponseHeaders": ADD}}))
    run = start(of)
    gone = weakref.ref(of)
    run = replace(run, snapshot=snapshot(oas()))
    del of, run
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize("url", [pytest.param("/nowhere", id="unrouted"), pytest.param("/api/x", id="routed")])
def test_connections_are_closed_where_that_is_asked_for(url):
    assert tried(snapshot(oas(), close_connections=True), url=url).answer.headers.get("connection") == "close"
