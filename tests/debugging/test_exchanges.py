import asyncio
from dataclasses import replace

import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import FixedOutside, make_exchange

from lockgate.debugging.breakpoints import Breakpoints
from lockgate.debugging.curl import curl, quoted
from lockgate.debugging.desk import Desk
from lockgate.debugging.exchanges import MOST_LASTING, MOST_TOLD, ExchangeLog
from lockgate.debugging.rows import row_of
from lockgate.debugging.timeline import not_run, shortened, with_heads
from lockgate.engine import begin, run_request
from lockgate.exchange import Headers, Request, Response
from lockgate.services import Outside
from lockgate.trace import Phase, Trace
from lockgate.trace_format import masked, to_plain


def trace(exchange_id="1", body=b"", answer=b""):
    exchange = make_exchange("GET", "/")
    exchange = replace(exchange, id=exchange_id, request=replace(exchange.request, body=body))
    return Trace(exchange, answer=Response(200, body=answer), upstream_response=Response(200, body=answer))


def noted(log, *ids, **bodies):
    for one in ids:
        log.began(trace(one, **bodies), one)
        log.ended(one)


def test_the_oldest_are_forgotten_and_counted():
    log = ExchangeLog(most=3)

    noted(log, "a", "b", "c", "d", "e")

    assert list(log.entries) == ["c", "d", "e"]
    assert [entry.number for entry in log.newest_first()] == [5, 4, 3]
    assert log.dropped == 2


def test_bodies_are_bounded_in_bytes():
    log = ExchangeLog(most=100, max_bytes=250)

    noted(log, "a", "b", "c", body=b"x" * 60, answer=b"y" * 40)

    assert list(log.entries) == ["b", "c"]
    assert (log.bytes, log.dropped) == (200, 1)


def test_the_newest_is_kept_however_large_it_is():
    log = ExchangeLog(most=100, max_bytes=10)

    noted(log, "a", "b", body=b"x" * 60)

    assert list(log.entries) == ["b"]


def test_a_body_that_several_states_share_counts_once():
    transform = {"transformResponseHeaders": {"enabled": True, "add": [{"name": "X", "value": "1"}]}}
    made = tried(snapshot(oas({"POST /a": transform})), "POST", "/api/a", body=b"b" * 1000)
    log = ExchangeLog()

    log.began(made, "1")
    log.ended("1")

    assert log.bytes == 1000 + len(b"from upstream")


def test_one_that_is_under_way_outlasts_the_bound_and_is_listed_when_it_ends():
    log = ExchangeLog(most=2)
    log.began(trace("slow"), "slow")

    noted(log, "a", "b", "c")

    assert log.entries["slow"].over is False
    assert [entry.id for entry in log.newest_first()] == ["c", "b"]
    log.ended("slow")
    assert [(entry.id, entry.number) for entry in log.newest_first()] == [("slow", 5), ("c", 4)]
    assert log.dropped == 2


def test_those_that_never_end_are_bounded_too():
    log = ExchangeLog(most=1)

    for number in range(MOST_LASTING + 10):
        log.began(trace(), str(number))

    assert len(log.entries) == MOST_LASTING + 1
    assert log.dropped == 9


def test_a_smaller_bound_takes_force_at_once():
    log = ExchangeLog(most=10)
    noted(log, "a", "b", "c")

    log.bound(1, 1000)

    assert list(log.entries) == ["c"]


def test_pages_go_on_before_a_number():
    log = ExchangeLog()
    noted(log, *"abcde")

    assert [entry.id for entry in log.newest_first(before=3)] == ["b", "a"]
    assert log.newest_first(before=1) == []


def test_an_end_that_is_told_twice_counts_once():
    log = ExchangeLog()
    log.began(trace(body=b"12"), "1")

    log.ended("1")
    log.ended("1")
    log.ended("unknown")

    assert (log.bytes, len(log.newest_first())) == (2, 1)


def test_a_watch_is_told_once_until_somebody_looks():
    log, told = ExchangeLog(), []
    watch = log.watch(lambda: told.append(1))

    noted(log, "a", "b")

    assert len(told) == 1
    entries, more = watch.take()
    assert ([entry.id for entry in entries], more) == (["a", "b"], False)
    log.changed("a")
    assert len(told) == 2
    log.unwatch(watch)
    noted(log, "c")
    assert [entry.id for entry in watch.take()[0]] == ["a"]


def test_a_watch_that_nobody_looks_at_does_not_grow():
    log = ExchangeLog()
    watch = log.watch(lambda: None)

    noted(log, *map(str, range(MOST_TOLD + 100)))

    entries, more = watch.take()
    assert (len(entries), more) == (MOST_TOLD, True)
    assert watch.take() == ((), False)


def test_who_listens_counts_as_somebody_who_watches():
    async def counted():
        desk = Desk(None, None, None)
        watch = desk.exchanges.watch(lambda: None)
        during = desk.breakpoints.watchers
        desk.exchanges.unwatch(watch)
        return during, desk.breakpoints.watchers

    assert asyncio.run(counted()) == (1, 0)


# Rows


def test_a_row_says_what_happened_and_hides_secrets():
    made = tried(
        snapshot(oas({"GET /a": {"block": {"enabled": True}}})),
        "GET",
        "/api/a?api_key=hush&n=hush-hush",
        (("Authorization", "Bearer hush-hush"),),
    )
    log = ExchangeLog()
    entry = log.began(made, "1")
    log.ended("1")

    row = row_of(entry, ())

    assert row["target"] == "/api/a?api_key=•••&n=•••"
    assert (row["api"], row["endpoint"], row["status"]) == ("pets", "GET /a", 403)
    assert (row["state"], row["outcomes"]) == ("over", ["reject"])
    assert row["what"].startswith("access: 403")
    assert entry.row == row


def test_the_row_of_one_under_way_is_made_anew():
    log = ExchangeLog()
    entry = log.began(trace(), "1")

    assert row_of(entry, ())["state"] == "under way"
    assert row_of(entry, {"1"})["outcomes"] == ["paused"]
    assert entry.row is None


# What did not run


def reasons(made, snapshot, phase=Phase.REQUEST, index=0, *, over=True):
    found = not_run(made, snapshot, over=over)
    return {one.middleware: one.reason for one in found if one.phase is phase and one.pass_index == index}


def test_what_was_left_out_says_why():
    of = snapshot(
        oas({
            "GET /a": {"urlRewrite": {"enabled": True, "pattern": "/a", "rewriteTo": "/b"}},
            "POST /a": {"transformRequestMethod": {"enabled": True, "toMethod": "PUT"}},
        })
    )  # fmt: skip
    made = tried(of, "GET", "/api/a")

    found = reasons(made, of)

    assert found["cors"] == "not configured"
    assert found["request_method"].startswith("its entries for /api/a have other methods: POST")
    assert "url_rewrite" not in found
    assert "forward" not in found
    assert reasons(made, of, Phase.RESPONSE)["response_headers"] == "not configured"


def test_what_a_refusal_kept_from_running_says_so():
    of = snapshot(oas({"GET /a": {"block": {"enabled": True}}}))
    made = tried(of, "GET", "/api/a")

    assert reasons(made, of)["forward"] == "not reached: access ended the chain (reject)"
    assert reasons(made, of, Phase.RESPONSE) == {}


def test_what_is_still_to_come_says_so():
    of = snapshot(oas())
    fixed = FixedOutside()
    exchange = replace(make_exchange("GET", "/api/a"), passes=())
    run = begin(of, Outside(clock=fixed, ids=fixed, turns=fixed), exchange)
    asyncio.run(run_request(run, b""))
    del run.trace.steps[-1]
    run.trace.steps.append(run.trace.steps[-1]._replace(link="x", detail="", before=run.exchange, after=run.exchange))

    assert reasons(run.trace, of, over=False)["forward"] == "not reached yet"


def test_each_pass_of_a_loop_has_its_own():
    of = snapshot(
        oas({"GET /a": {"urlRewrite": {"enabled": True, "pattern": "/a", "rewriteTo": "tyk://other/x"}}}),
        oas({"GET /x": {"transformRequestHeaders": {"enabled": True, "add": [{"name": "X", "value": "1"}]}}},
            name="other", listen="/other/"),
    )  # fmt: skip
    made = tried(of, "GET", "/api/a")

    assert "url_rewrite" not in reasons(made, of)
    assert reasons(made, of)["request_headers"] == "not configured"
    assert reasons(made, of, index=1)["url_rewrite"] == "not configured"
    assert "request_headers" not in reasons(made, of, index=1)


def test_an_api_that_is_gone_is_left_alone():
    made = tried(snapshot(oas()), "GET", "/api/a")

    assert not_run(made, snapshot(oas(name="other")), over=True) == []


# Bodies


def test_large_bodies_that_changed_stand_with_their_beginning():
    template = {"enabled": True, "format": "json", "body": "e3sucmVwbHl9fQ=="}
    of = snapshot(oas({"POST /a": {"transformRequestBody": template}}))
    made = tried(of, "POST", "/api/a", (("Content-Type", "application/json"),), b'{"a": "' + b"x" * 70_000 + b'"}')
    plain = with_heads(to_plain(made), made.steps)

    change = next(c for step in plain["steps"] for c in step["changes"] if c["part"] == "body")
    assert change["before"].startswith("70009 bytes, sha256 ")
    assert '; its beginning:\n{"a": "xxx' in change["before"]
    assert len(change["before"]) < 5000
    assert len(shortened(masked(plain))["original"]["body"]["head"]) == 4096


# Commands


def command(request):
    return curl(masked(to_plain(Trace(replace(make_exchange("GET", "/"), request=request))))["original"])


def test_a_command_sends_the_same_request():
    headers = Headers.of(("Accept", "a/b"), ("X-Empty", ""), ("Content-Length", "7"))
    request = Request("PUT", "/a/../b", "q=it's", headers, b'{"a":1}', "h.test:80")

    assert command(request) == (
        "curl -i -g --path-as-is -X PUT 'http://h.test:80/a/../b?q=it'\\''s' -H 'Accept: a/b' -H 'X-Empty;' "
        "--data-raw '{\"a\":1}'"
    )


def test_a_command_shows_no_secret():
    headers = Headers.of(("Authorization", "Bearer hush-hush"))

    assert "hush" not in command(Request("GET", "/a", "token=hush-hush", headers, b"hush-hush", "h"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "'a b'"),
        ("$(id)`id`", "'$(id)`id`'"),
        ("a'; id; '", "'a'\\''; id; '\\'''"),
        ("a\nb", "$'a\\nb'"),
        ("\x1b[2J\\'", "$'\\x1b[2J\\\\\\''"),
        ("a\u202eb", "$'a\\xe2\\x80\\xaeb'"),
    ],
)
def test_texts_stand_for_themselves_in_a_shell(text, expected):
    assert quoted(text) == expected


def test_a_body_cannot_name_a_file():
    assert "--data-raw @/etc/passwd" in command(Request("POST", "/", None, body=b"@/etc/passwd"))


def test_a_header_cannot_name_a_file():
    assert "-H" not in command(Request("GET", "/", None, Headers.of(("@/etc/passwd", ""))))


def test_breakpoints_tell_the_log():
    told = []
    breakpoints = Breakpoints()
    log = ExchangeLog()
    Desk(None, None, None, exchanges=log, breakpoints=breakpoints)
    log.began(trace(), "1")
    watch = log.watch(lambda: told.append(1))

    breakpoints.changed("1")

    assert [entry.id for entry in watch.take()[0]] == ["1"]
