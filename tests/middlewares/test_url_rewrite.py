from dataclasses import replace
from inspect import isawaitable

import pytest
from tests.helpers import Elsewhere, make_exchange, make_services, make_text

from lockgate.middleware import BodyNeed, Continue, Reason, Reject
from lockgate.middlewares.url_rewrite import UrlRewrite, body_need, request
from lockgate.rewriting import RuleKind, RulePattern, Trigger, TriggerRule
from lockgate.routing.pattern import compile_regex
from lockgate.trace import Phase

SECRETS = {("conf", "key"): "hush"}


def rewrite(pattern, to, url, **fields):
    config = UrlRewrite(pattern, compile_regex(pattern), make_text(to, SECRETS))
    return request(config, make_exchange("GET", url, **fields), make_services())


def rewritten(*args, **fields):
    return rewrite(*args, **fields).exchange.rewritten


def test_a_pattern_that_does_not_compile_refuses():
    outcome = request(UrlRewrite("(?!a)", None, make_text("/b")), make_exchange(), make_services())

    assert outcome == Reject(Reason.REWRITE_PATTERN, "URLRewrite regexp error (?!a)")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/other", id="other path"),
        pytest.param("/other?x=%zz", id="bad escape"),
        pytest.param("/other?x=100%", id="escape cut short"),
        pytest.param("/other?x=$tyk_context.path&y=$secret_conf.key", id="what looks like variables"),
    ],
)
def test_an_unmatched_url_is_left_alone(url):
    exchange = make_exchange("GET", url, variables={"path": "/p"})

    note = f"the pattern /esc/(\\d+) is not found in {url}"
    assert rewrite("/esc/(\\d+)", "/e/$1", url, variables={"path": "/p"}) == Continue(exchange, note=note)


@pytest.mark.parametrize(
    ("to", "failure"),
    [
        pytest.param("/a%zzb", "invalid escape '%zz'", id="bad escape"),
        pytest.param("1:2/x", "first path segment cannot contain a colon", id="colon"),
        pytest.param("http://h:port/x", "expected a host and perhaps a port, found 'h:port'", id="port"),
    ],
)
def test_a_result_that_is_no_url_is_not_used(to, failure):
    outcome = rewrite("/a", to, "/a")

    expected = make_exchange("GET", "/a", response_path="/a")
    assert outcome == Continue(expected, failure=f"the rewritten URL cannot be parsed: {failure}")


@pytest.mark.parametrize(
    ("pattern", "to", "url", "expected"),
    [
        pytest.param(
            "/test/payment-intents", "/change/to/me", "/test/payment%2Dintents", "/change/to/me", id="decoded"
        ),
        pytest.param("^(.+)%2[Dd](.+)$", "/change/to/me", "/test/payment%2Dintents", "/change/to/me", id="raw"),
        pytest.param("test/val/(.*)", "change/to/$1", "/test/val/VALUE", "change/to/VALUE", id="relative"),
        pytest.param(
            "test/val/(.*)",
            "/test/val/$1",
            "/test/val/VALUE%2C?a=te%2Cst",
            "/test/val/VALUE%2C?a=te%2Cst",
            id="group as it was sent",
        ),
        pytest.param(
            "/test/val/(.*)/space/(.*)/and/then/(.*)",
            "/change/to/$3/$2/$1",
            "/test/val/ONE/space/TWO/and/then/THREE",
            "/change/to/THREE/TWO/ONE",
            id="three groups",
        ),
        pytest.param(
            "(.*)",
            "$1&newParam=that",
            "/foo/bar?param1=this",
            "/foo/bar?param1=this&newParam=that",
            id="query captured",
        ),
        pytest.param(
            "/test/val/(.*)/space/(.*)/and/then(.*)",
            "/change/to/$2/$1$3",
            "/test/val/ONE/space/TWO/and/then?param1=this",
            "/change/to/TWO/ONE?param1=this",
            id="query in a group",
        ),
        pytest.param("/a(x)?", "/b/$1/$2/$0", "/a", "/b////a", id="groups that are not there"),
        pytest.param("/c/(.*)", "/f/$1", "/c/(x)!*|", "/f/%28x%29%21%2A%7C", id="invalid raw path"),
        pytest.param("/c/(.*)", "/f/$1", "/c/(x)!*", "/f/(x)!*", id="valid raw path"),
        pytest.param("/m/([^/]+)/([^/?]+)", "/n/$1/$2", "/m/$2/second", "/n/$2/second", id="a group is data"),
        pytest.param("/e1", "", "/e1/x?y=1", "", id="empty target"),
        pytest.param("/b", "/x/$secret_conf.key", "/b", "/x/hush", id="secret"),
        pytest.param("/b", "/x/$tyk_context.v?q=$tyk_context.v", "/b", "/x/a+b%2F?q=a+b%2F", id="variable"),
        pytest.param("/b", "tyk://__ api __/x", "/b", "tyk://__ api __/x", id="loop"),
    ],
)
def test_rewrites(pattern, to, url, expected):
    assert rewritten(pattern, to, url, variables={"v": "a b/"}) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/fall/b%2Dx%3Fq=1", "/t/x%3Fq=1", id="question mark"),
        pytest.param("/fall/b%2Dx%25y", "/t/x%25y", id="percent sign"),
        pytest.param("/fall/b%2Dx%23y", "/t/x%23y", id="hash"),
        pytest.param("/fall/b%2Dx%2541", "/t/x%2541", id="escaped escape"),
        pytest.param("/fall/b%2Dx%20y", "/t/x%20y", id="space"),
        pytest.param("/fall/b%2D%C3%A9", "/t/%C3%A9", id="two bytes, one character"),
        pytest.param("/fall/%C3%A9/fall/b%2D%FFz", "/t/%FFz", id="a byte that is no character"),
    ],
)
def test_a_group_of_the_decoded_url_stays_one_piece(url, expected):
    assert rewritten("/fall/b-(.*)", "/t/$1", url) == expected


def test_a_byte_that_is_no_character_survives():
    assert rewritten("/a\\?(.*)", "/b?$1", "/a?x=\udcff&y=ä") == "/b?x=\udcff&y=ä"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("^/a/(.*)", None, id="anchored at the slash"),
        pytest.param("^http:///a/(.*)", "/x/7?q=1", id="anchored at the scheme"),
        pytest.param("/a/(.*)", "/x/7?q=1", id="not anchored"),
    ],
)
def test_in_a_loop_the_url_has_a_scheme(pattern, expected):
    assert rewritten(pattern, "/x/$1", "/a/7?q=1", loops=1) == expected


def test_remembers_the_path_for_the_response():
    exchange = rewrite("/a", "/b", "/a%20c", loops=1).exchange

    assert exchange == make_exchange("GET", "/a%20c", loops=1, rewritten="/b", response_path="/a c")


# Triggers: what fires is in tests/test_rewriting.py.


def triggered(*triggers):
    """A rewrite of /o/… with these triggers: pairs of the name of a parameter that has to be there, and a target."""
    made = [
        Trigger(
            make_text(to, SECRETS),
            ((TriggerRule(RuleKind.QUERY, name, (RulePattern(compile_regex("(?s)^(.).*")),)),),),
        )
        for name, to in triggers
    ]
    return UrlRewrite("/o/(\\w+)", compile_regex("/o/(\\w+)"), make_text("/basic/$1"), tuple(made))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/o/x", "/basic/x", id="none fires"),
        pytest.param("/o/x?b=2", "/two/x/2", id="second"),
        pytest.param("/o/x?b=2&a=1", "/one", id="first"),
        pytest.param("/p/x?a=1", None, id="the pattern does not match"),
    ],
)
def test_the_first_trigger_that_fires_has_its_own_target(url, expected):
    config = triggered(("a", "/one"), ("b", "/two/$1/$tyk_context.trigger-1-b-0"))

    assert request(config, make_exchange("GET", url), make_services()).exchange.rewritten == expected


def test_a_trigger_without_target_leads_to_the_root():
    assert request(triggered(("a", "")), make_exchange("GET", "/o/x?a=1"), make_services()).exchange.rewritten == ""


def test_captures_stay_where_the_pattern_does_not_match():
    outcome = request(triggered(("a", "/one")), make_exchange("GET", "/p?a=xy"), make_services())

    assert outcome == Continue(
        make_exchange("GET", "/p?a=xy", variables={"trigger-0-a-0": "xy", "trigger-0-a-0-0": "x"}),
        note="the pattern /o/(\\w+) is not found in /p?a=xy",
    )


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param("a%20b%2Fc", "/t/a+b%2Fc/a", id="escaped"),
        pytest.param("http%3A%2F%2Fh%2F%3Fx", "/t/http://h/?x/h", id="what begins with http is not"),
        pytest.param("$tyk_context.path", "/t/%24tyk_context.path/%24", id="a variable is data"),
        pytest.param("$secret_conf.key", "/t/%24secret_conf.key/%24", id="a secret is data"),
        pytest.param("$1", "/t/%241/%24", id="a group is data"),
        pytest.param("..%2Fup", "/t/..%2Fup/.", id="no way up"),
        pytest.param("%0D%0AX: y", "/t/%0D%0AX%3A+y/%0D", id="line breaks"),
    ],
)
def test_what_a_trigger_captured_is_data(sent, expected):
    config = triggered(("a", "/t/$tyk_context.trigger-0-a-0/$tyk_context.trigger-0-a-0-0"))

    assert request(config, make_exchange("GET", f"/o/x?a={sent}"), make_services()).exchange.rewritten == expected


def test_a_pattern_that_does_not_compile_refuses_before_triggers():
    config = replace(triggered(("a", "/one")), regex=None)

    assert isinstance(request(config, make_exchange("GET", "/o/x?a=1"), make_services()), Reject)


def test_only_a_rule_for_the_body_needs_it():
    rule = TriggerRule(RuleKind.BODY, "", (RulePattern(compile_regex("x")),))
    with_body = replace(triggered(("a", "/one")), triggers=(Trigger(make_text("/t"), ((rule,),)),))

    assert body_need(with_body, make_exchange(), Phase.REQUEST) is BodyNeed.READ
    assert body_need(with_body, make_exchange(), Phase.RESPONSE) is BodyNeed.NONE
    assert body_need(triggered(("a", "/one")), make_exchange(), Phase.REQUEST) is BodyNeed.NONE


def test_does_not_backtrack():
    assert rewritten("(a+)+$", "/b", "/" + "a" * 5000 + "b") is None


UNSAFE = Reason.UNSAFE_URL


@pytest.mark.parametrize(
    ("pattern", "to", "url"),
    [
        pytest.param("/dl\\?f=(.*)", "/files/$1", "/dl?f=../../x", id="group"),
        pytest.param("/dl\\?f=(.*)", "/files/$1", "/dl?f=%2e%2E/x", id="encoded"),
        pytest.param("/dl(.*)", "/files/$1", "/dl../x", id="part of a segment"),
        pytest.param("/dl", "/files/$tyk_context.v", "/dl", id="variable"),
        pytest.param("/dl", "tyk://self/files/$tyk_context.v", "/dl", id="loop"),
        pytest.param("/dl\\?f=(.*)", "tyk://self/files/$1", "/dl?f=./x", id="a dot in a loop"),
        pytest.param("/dl\\?f=(.*)", "tyk://self/files/$1", "/dl?f=..%2Fx", id="an encoded slash in a loop"),
        pytest.param("/dl\\?f=(.*)", "/a/../files/$1", "/dl?f=../x", id="beside one of the definition"),
    ],
)
def test_a_client_cannot_climb_out_of_the_target(pattern, to, url):
    outcome = rewrite(pattern, to, url, variables={"v": "http/../../x"})

    assert outcome == Reject(UNSAFE, detail="what the client sent makes a dot segment in the new path")


@pytest.mark.parametrize(
    ("pattern", "to", "url", "expected"),
    [
        pytest.param("/dl", "/a/../b", "/dl", "/a/../b", id="of the definition"),
        pytest.param("/dl/(.*)", "/a/../b/$1", "/dl/x", "/a/../b/x", id="of the definition, beside a group"),
        pytest.param("/dl\\?f=(.*)", "/files?f=$1", "/dl?f=../x", "/files?f=../x", id="in the query"),
        pytest.param("/dl\\?f=(.*)", "/files/$1", "/dl?f=..x", "/files/..x", id="a name with dots"),
    ],
)
def test_other_dots_are_let_through(pattern, to, url, expected):
    assert rewritten(pattern, to, url) == expected


def test_without_cleaning_a_client_may_climb():
    config = UrlRewrite("/f/(.*)", compile_regex("/f/(.*)"), make_text("/files/$1"), keep_dots=True)

    assert request(config, make_exchange("GET", "/f/a/../b"), make_services()).exchange.rewritten == "/files/a/../b"


@pytest.mark.parametrize("rest", [".evil.test/x", "@evil.test/x", ":81/x", "x"])
def test_a_client_cannot_extend_the_host_of_the_target(rest):
    outcome = rewrite("/out(.*)", "http://up.test$1", f"/out{rest}")

    assert outcome == Reject(UNSAFE, detail="what the client sent goes on with the host of 'http://up.test'")


@pytest.mark.parametrize(
    ("pattern", "to", "url", "expected"),
    [
        pytest.param("/out(.*)", "http://up.test$1", "/out/x?y", "http://up.test/x?y", id="path"),
        pytest.param("/out(.*)", "http://up.test$1", "/out", "http://up.test", id="nothing"),
        pytest.param("/out/(\\d)/(.*)", "http://up$1.test/$2", "/out/2/x", "http://up2.test/x", id="meant to"),
    ],
)
def test_hosts_that_are_as_the_definition_says(pattern, to, url, expected):
    assert rewritten(pattern, to, url) == expected


@pytest.mark.parametrize(
    ("pattern", "to", "url", "expected"),
    [
        pytest.param("/l/(.*)", "tyk://self/n/$1", "/l/7?method=DELETE", "tyk://self/n/7?", id="captured"),
        pytest.param(
            "/l/(.*)", "tyk://self/n/$1&method=PUT", "/l/7?method=DELETE&loop_limit=9", "tyk://self/n/7?", id="in front"
        ),
        pytest.param("/l/", "tyk://self/n/$tyk_context.v", "/l/", "tyk://self/n/http?", id="variable"),
        pytest.param(
            "/l/(.*)", "tyk://self/n?method=$1", "/l/PUT", "tyk://self/n?method=PUT", id="the definition asks for it"
        ),
        pytest.param(
            "/l\\?(.*)",
            "tyk://self/n?method=PUT&$1",
            "/l?check_limits=true",
            "tyk://self/n?method=PUT",
            id="behind one of the definition",
        ),
        pytest.param("/l/(.*)", "tyk://self/n/$1", "/l/7?a=b", "tyk://self/n/7?a=b", id="other parameters"),
    ],
)
def test_a_client_does_not_say_how_a_loop_is_entered(pattern, to, url, expected):
    assert rewritten(pattern, to, url, variables={"v": "http?method=DELETE"}) == expected


def test_what_takes_too_long_to_search_is_refused():
    pattern = RulePattern(compile_regex("(?:a?){400}x{400}"))
    rule = TriggerRule(RuleKind.BODY, "", (pattern,))
    config = rewrite_config(Trigger(make_text("/t"), ((rule,),)))
    exchange = make_exchange(url="/p", body=b"a" * 8_000_000)

    outcome = request(config, exchange, make_services())

    assert isinstance(outcome, Reject)
    assert outcome.reason is Reason.TOO_LARGE


def rewrite_config(*triggers):
    return UrlRewrite("/p", compile_regex("/p"), make_text("/basic"), triggers)


@pytest.mark.parametrize(
    ("pattern", "query", "body", "computed"),
    [
        pytest.param("/p", "a=1", b"a" * 1_000, 0, id="small"),
        pytest.param("/p", "a=" + "1" * 20_000, b"", 1, id="long query"),
        pytest.param("/p", "a=1", b"a" * 20_000, 1, id="large body"),
        pytest.param("/p[a-z]{0,900}", "a=1", b"a" * 1_000, 1, id="long pattern"),
    ],
)
async def test_what_takes_long_is_searched_elsewhere(pattern, query, body, computed):
    rule = TriggerRule(RuleKind.BODY, "", (RulePattern(compile_regex("a")),))
    config = UrlRewrite(pattern, compile_regex(pattern), make_text("/b"), (Trigger(make_text("/t"), ((rule,),)),))
    elsewhere = Elsewhere()

    outcome = request(config, make_exchange(url=f"/p?{query}", body=body), make_services(elsewhere))
    outcome = await outcome if isawaitable(outcome) else outcome

    assert elsewhere.count == computed
    assert outcome.exchange.rewritten == ("/t" if body else "/b")
