from dataclasses import replace
from time import perf_counter

import pytest
from tests.apis import oas, snapshot, tried
from tests.helpers import make_exchange

from lockgate.debugging.exchanges import ExchangeLog
from lockgate.debugging.filtering import LINKS, NAMES, FilterError, Search, parse_filter
from lockgate.exchange import Client, Headers, Response
from lockgate.trace import Trace

REWRITE = {"enabled": True, "pattern": "/users", "rewriteTo": "/v2/people"}
ADDED = {"enabled": True, "add": [{"name": "X-Trace", "value": "Blue Whale"}]}
OF = snapshot(
    oas({"GET /users": {"urlRewrite": REWRITE, "transformRequestHeaders": ADDED},
         "GET /loop": {"urlRewrite": {"enabled": True, "pattern": "/loop", "rewriteTo": "tyk://orders/x"}},
         "GET /blocked": {"block": {"enabled": True}},
         "GET /mocked": {"mockResponse": {"enabled": True, "code": 418, "body": "teapot"}}}, name="users", listen="/u/"),
    oas(name="orders", listen="/orders/"),
)  # fmt: skip


def log_of(**traces):
    log = ExchangeLog()
    for name, trace in traces.items():
        log.began(trace, name)
        log.ended(name)
    return log


@pytest.fixture(scope="module")
def log():
    secret = (("Authorization", "Bearer Narwhal-1"), ("X-Note", "one"))
    made = log_of(
        users=tried(OF, "GET", "/u/users?page=3&token=Narwhal-2", secret, answer=Response(200, body=b"Some Text")),
        blocked=tried(OF, "GET", "/u/blocked"),
        mocked=tried(OF, "GET", "/u/mocked"),
        loop=tried(OF, "GET", "/u/loop"),
        orders=tried(OF, "POST", "/orders/x", body=b'{"sku": "tea"}', answer=Response(503)),
        nothing=tried(OF, "GET", "/elsewhere"),
        broken=replace(tried(OF, "GET", "/u/users"), error="the upstream went away", elapsed_ns=2_000_000_000),
    )
    made.began(Trace(replace(make_exchange("GET", "/u/slow"), client=Client("10.1.2.3"))), "slow")
    made.began(Trace(make_exchange("GET", "/u/held")), "held")
    return made


def found(log, line):
    search = Search(log.newest_first(), parse_filter(line), {"held"}, 100)
    while not search.go_on(1):
        pass
    return {entry.id for entry in search.found}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "users blocked mocked loop orders nothing broken slow held"),
        ("api:users", "users blocked mocked loop broken"),
        ("api:USER -outcome:error", "users blocked mocked loop"),
        ("api:orders", "orders loop"),
        ('endpoint:"GET /users"', "users broken"),
        ("endpoint:/MOCKED", "mocked"),
        ("outcome:reject", "blocked nothing"),
        ("outcome:respond", "mocked"),
        ("outcome:loop", "loop"),
        ("outcome:passed", "users orders"),
        ("outcome:error", "broken"),
        ("outcome:paused", "held"),
        ('outcome:"under way"', "slow"),
        ("outcome:under-way,paused", "slow held"),
        ("link:mock_response", "mocked"),
        ("middleware:url_rewrite", "users loop broken"),
        ("changed:request_headers", "users broken"),
        ("-link:routing", "slow held"),
        ("status:418", "mocked"),
        ("status:4xx", "blocked mocked nothing"),
        ("status:>=400", "blocked mocked nothing orders"),
        ("status:<=403 -status:200", "blocked"),
        ("status:400-404", "blocked nothing"),
        ("status:none", "slow held"),
        ("status:404,5xx", "nothing orders"),
        ("method:post", "orders"),
        ("client:10.1.2.3", "slow"),
        ("took:>1s", "broken"),
        ("took:<1s api:orders method:POST", "orders"),
        ("id:held", "held"),
        ("path:page=3", "users"),
        ("path:/V2/people", "users broken"),
        ("header:\"x-trace: blue\"", "users broken"),
        ("header:authorization", "users"),
        ("body:TEAPOT", "mocked"),
        ('"some text"', "users"),
        ("some", "users"),
        ('"tea"', "orders mocked"),
        ("text:sku", "orders"),
        ("users -status:403 page", "users"),
        ("narwhal", ""),
        ('header:"bearer narwhal"', ""),
        ("path:Narwhal-2", ""),
    ],
)  # fmt: skip
def test_words(log, line, expected):
    assert found(log, line) == set(expected.split())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stauts:404", "expected a name such as status:, found 'stauts:'; did you mean 'status:'?"),
        ("xyzzy:1", "expected a name such as status:, found 'xyzzy:'; to look for the text, write \"xyzzy:1\""),
        ("link:url_rewriet", "expected the name of a middleware, found 'url_rewriet'; did you mean 'url_rewrite'?"),
        ("outcome:fail", "found 'fail'; did you mean 'failed'?"),
        ("status:6xx", "expected a status such as 404, 4xx, >=400, 400-499 or none, found '6xx'"),
        ("took:5", "expected a time such as >500ms"),
        ("api:", "expected something to look for behind 'api:'"),
        ("status:404,", "expected something on either side of ','"),
        ('a "b', "found a \" that nothing closes in '\"b'"),
        ("x" * 3000, "expected 2000 characters at most, found 3000"),
    ],
)
def test_a_filter_that_says_nothing_says_why(line, message):
    with pytest.raises(FilterError) as raised:
        parse_filter(line)

    assert message in str(raised.value)


def test_a_quoted_text_may_hold_anything():
    trace = Trace(replace(make_exchange("GET", "/"), response=None))
    trace.answer = Response(200, Headers.of(("X", 'a:b, "c" \\')))

    assert found(log_of(one=trace), r'"a:b, \"c\" \\"') == {"one"}


def test_every_word_is_described():
    for name in NAMES:
        value = {"outcome": "error", "link": "forward", "changed": "forward", "status": "200", "took": ">1s"}.get(
            name, "x"
        )
        assert parse_filter(f"{name}:{value}").tests


def test_links_are_those_that_traces_name(log):
    ran = {step.link for entry in log.entries.values() for step in entry.trace.steps}

    assert ran <= set(LINKS)


def test_a_search_says_where_to_go_on(log):
    entries = log.newest_first()
    search = Search(entries, parse_filter("status:200"), (), 1)

    assert search.go_on(1)
    assert search.last == search.found[0].number
    rest = Search(log.newest_first(search.last), parse_filter("status:200"), (), 100)
    rest.go_on(1)
    assert len(rest.found) == 2
    assert rest.last is None


def test_a_search_stops_when_its_time_is_over(log):
    search = Search(log.newest_first() * 1000, parse_filter("nowhere"), (), 1)

    began = perf_counter()
    assert search.go_on(0.002) is False

    assert perf_counter() - began < 1
    assert 0 < search.looked_at < len(log.entries) * 1000
