import pytest
from tests.helpers import make_exchange, make_services

from lockgate.exchange import Headers, Upstream
from lockgate.middleware import Forward, Loop, Reason, Reject
from lockgate.middlewares.forward import Forwarding, request
from lockgate.routing.listen import ListenPath
from lockgate.urls import parse_target

AGENT = ("User-Agent", "Lockgate")
PEER = ("X-Forwarded-For", "192.0.2.1")


def config(target="http://up.test:8080", listen="/in/", strip=True, **more):
    return Forwarding(None if target is None else parse_target(target), ListenPath(listen), strip, **more)


def forward(link, *args, **fields):
    return request(link, make_exchange(*args, **fields), make_services())


def target_of(link, *args, **fields):
    outcome = forward(link, *args, **fields)
    assert isinstance(outcome, Forward), outcome
    return outcome.exchange.request.target


def sent_headers(headers, **fields):
    link = fields.pop("link", config())
    outcome = forward(link, "GET", "/in/a", tuple(headers), **fields)
    assert isinstance(outcome, Forward), outcome
    return list(outcome.exchange.request.headers)


@pytest.mark.parametrize(
    ("link", "fields"),
    [
        pytest.param(config(None), {}, id="no target"),
        pytest.param(config("up.test/x"), {}, id="target without scheme"),
        pytest.param(config("ftp://up.test/"), {}, id="target of an unknown scheme"),
        pytest.param(config(), {"rewritten": "ftp://h/x"}, id="rewritten to an unknown scheme"),
        pytest.param(config(), {"rewritten": "env://MISSING"}, id="rewritten to a missing secret"),
        pytest.param(config(), {"rewritten": "/%zz"}, id="rewritten to what is no URL"),
        pytest.param(config(), {"headers": (("X Space", "1"),)}, id="name with a space"),
        pytest.param(config(), {"headers": (("", "1"),)}, id="empty name"),
        pytest.param(config(), {"headers": (("X-A", "first\nX-Evil: 1"),)}, id="line break in a value"),
        pytest.param(config(), {"headers": (("X-A", "ding\x07"),)}, id="bell in a value"),
        pytest.param(config(), {"headers": (("User-Agent", "a\r\nb"),)}, id="line break in the user agent"),
        pytest.param(config(), {"headers": (("X-Forwarded-For", "a\nb"),)}, id="line break in the way"),
    ],
)
def test_what_cannot_be_sent_is_refused(link, fields):
    assert forward(link, "GET", "/in/a", **fields) == Reject(Reason.PROXY_FAILED)


def test_hands_the_request_over():
    outcome = forward(
        config("https://up.test/base?k=v", response_timeout_seconds=5.0),
        "GET",
        "/in/a?x=1",
        (("X-A", "1"), ("User-Agent", "till/2")),
        b"body",
        to_method="PUT",
    )

    expected = make_exchange(
        "PUT", "/base/a?k=v&x=1", (("X-A", "1"), ("User-Agent", "till/2"), PEER), b"body", host="up.test"
    )
    assert isinstance(outcome, Forward)
    assert outcome.exchange.request == expected.request
    assert outcome.exchange.forwarded
    assert outcome.upstream == Upstream("https", "up.test", 443, response_timeout_seconds=5.0)


@pytest.mark.parametrize(
    ("link", "expected"),
    [(config(), "up.test:8080"), (config(preserve_host=True), "gateway.test")],
)
def test_host(link, expected):
    assert forward(link, "GET", "/in/a").exchange.request.host == expected
    assert forward(link, "GET", "/in/a", rewritten="http://other/x").exchange.request.host == (
        "gateway.test" if link.preserve_host else "other"
    )


@pytest.mark.parametrize(
    ("link", "url", "expected"),
    [
        pytest.param(config(listen="/listen"), "/listen/get", "/get", id="listen path"),
        pytest.param(config(listen="/listen/"), "/listen/get", "/get", id="listen path with slash"),
        pytest.param(config(listen="/listen/"), "/listen/", "/", id="listen path alone"),
        pytest.param(config(listen="/{_:.*}/post/"), "/listen/post/get", "/get", id="template"),
        pytest.param(config(listen="/{_:.*}"), "/listen", "/", id="template alone"),
        pytest.param(config(listen="/{p:foo|bar}"), "/foo/get", "/get", id="template with choice"),
        pytest.param(
            config(listen="/{p:foo|bar}"), "/anything/get", "/anything/get", id="template that does not match"
        ),
        pytest.param(config(listen="/sensors"), "/sensorsystem", "/ystem", id="inside a segment"),
        pytest.param(config(listen="/a b/"), "/a%20b/x%2Fy", "/x/y", id="encoded listen path"),
        pytest.param(config(strip=False), "/in/a%2Fb", "/in/a%2Fb", id="not stripped"),
        pytest.param(config("http://up.test/my%20files"), "/in/x%2Fy", "/my%20files/x/y", id="target with a space"),
        pytest.param(config("http://up.test/a%2Fb"), "/in/x%2Fy", "/a/b/x%2Fy", id="target with an encoded slash"),
        pytest.param(config("http://up.test/api/"), "/in/", "/api", id="slash of the target"),
        pytest.param(config("http://up.test/api/", keep_slash=True), "/in/", "/api/", id="slash of the target kept"),
        pytest.param(config(), "/in/(abc,xyz)", "/%28abc,xyz%29", id="encoded afresh"),
        pytest.param(config(), "/in/(x)%20", "/(x)%20", id="own encoding"),
        pytest.param(config(keep_raw_path=True), "/in/(x)%2Fä", "/(x)%2F%C3%A4", id="raw path"),
        pytest.param(config("http://up.test/a%3Fb", keep_raw_path=True), "/in/(x)", "/a%3Fb/(x)", id="raw path joined"),
        pytest.param(config("http://up.test?k=v"), "/in/a", "/a?k=v", id="query of the target"),
        pytest.param(config(), "/in/a?b=/(c)%zz|", "/a?b=/(c)%zz|", id="query untouched"),
        pytest.param(config(), "/in/a?", "/a?", id="empty query"),
    ],
)
def test_strips_joins_and_encodes(link, url, expected):
    assert target_of(link, "GET", url) == expected


@pytest.mark.parametrize(
    ("rewritten", "expected"),
    [
        pytest.param("", "/base?k=v", id="empty"),
        pytest.param("change/to/x", "/base/change/to/x?k=v", id="relative"),
        pytest.param("/in/x?y=1", "/base/x?k=v&y=1", id="stripped too"),
        pytest.param("/a b/|", "/base/a%20b/%7C?k=v", id="encoded"),
        pytest.param("/a?b=c|{e}", "/base/a?k=v&b=c|{e}", id="query as written"),
        pytest.param("/a%20b%2Fc", "/base/a%20b%2Fc?k=v", id="own encoding"),
        pytest.param("//stock.test/shelf?z=1", "/base/shelf?k=v&z=1", id="host without scheme"),
        pytest.param("http:///x", "/base/x?k=v", id="scheme without host"),
        pytest.param("http://h/abs?y=1", "/abs?k=v&y=1", id="whole URL is not joined"),
        pytest.param("http://h", "/?k=v", id="whole URL without path"),
        pytest.param("http://h/in/a//b/../", "/a//b/../?k=v", id="whole URL is stripped, not cleaned"),
    ],
)
def test_uses_the_rewritten_url(rewritten, expected):
    assert target_of(config("http://up.test/base?k=v"), "GET", "/in/a?lost=1", rewritten=rewritten) == expected


def test_a_whole_url_names_the_upstream():
    outcome = forward(config(None), "GET", "/in/a", rewritten="HTTPS://[::1]:8443/x")

    assert outcome.upstream == Upstream("https", "::1", 8443)


@pytest.mark.parametrize(
    ("rewritten", "expected"),
    [
        pytest.param("tyk://self", ("self", "/", "", 0), id="root"),
        pytest.param("TYK://self/x", ("self", "/x", "", 0), id="any case"),
        pytest.param("tyk://SELF/x", ("SELF", "/x", "", 0), id="the name's case stays"),
        pytest.param("tyk://self?x=1", ("self?x=1", "/", "", 0), id="the name runs to the slash"),
        pytest.param("tyk:///x", ("", "/x", "", 0), id="no name"),
        pytest.param("tyk:/self/x", ("", "/self/x", "", 0), id="one slash"),
        pytest.param("tyk://ord_1.x/a%2Fb", ("ord_1.x", "/a%2Fb", "", 0), id="own encoding"),
        pytest.param("tyk://a b/c d", ("a b", "/c%20d", "", 0), id="encoded"),
        pytest.param("tyk://o/t?method=put&loop_limit=3&u=1", ("o", "/t", "put", 3), id="parameters"),
        pytest.param("tyk://o/t?loop_limit=-3&method=", ("o", "/t", "", 0), id="parameters that say nothing"),
        pytest.param("tyk://o/t?loop_limit=" + "9" * 5000, ("o", "/t", "", 0), id="limit without end"),
    ],
)
def test_loops(rewritten, expected):
    exchange = make_exchange("GET", "/in/a?q=1", rewritten=rewritten)

    assert request(config(), exchange, make_services()) == Loop(exchange, *expected)


def test_a_loop_takes_the_recorded_method():
    assert forward(config(), "GET", "/in/a", rewritten="tyk://self/t", to_method="POST").method == "POST"
    assert forward(config(), rewritten="tyk://self/t?method=PUT", to_method="POST").method == "PUT"


@pytest.mark.parametrize(("strip", "expected"), [(True, "/a%20b"), (False, "/in/a%20b")])
def test_a_target_of_this_gateway_is_a_loop(strip, expected):
    exchange = make_exchange("GET", "/in/a%20b?q=1")

    outcome = request(config("tyk://Other-API/ignored?too=1", strip=strip), exchange, make_services())

    assert outcome == Loop(exchange, "Other-API", expected, counted=False)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], [AGENT, PEER], id="nothing"),
        pytest.param([("User-Agent", "")], [PEER], id="empty user agent is none"),
        pytest.param(
            [("X-Forwarded-For", "a"), ("x-forwarded-for", "b")],
            [AGENT, ("X-Forwarded-For", "a, b, 192.0.2.1")],
            id="way",
        ),
        pytest.param([("X-Forwarded-For", "")], [AGENT, ("X-Forwarded-For", ", 192.0.2.1")], id="empty way"),
        pytest.param(
            [("Connection", "X-A, close"), ("X-A", "1"), ("X-B", "2")], [("X-B", "2"), AGENT, PEER], id="listed"
        ),
        pytest.param([("Connection", "User-Agent"), ("User-Agent", "u")], [AGENT, PEER], id="user agent listed"),
        pytest.param(
            [("Connection", "X-A"), ("Connection", "X-B"), ("X-B", "2")], [("X-B", "2"), AGENT, PEER], id="line 2"
        ),
        pytest.param(
            [("Keep-Alive", "5"), ("Proxy-Authorization", "x"), ("Trailer", "X")], [AGENT, PEER], id="hop by hop"
        ),
        pytest.param([("TE", "trailers")], [("TE", "trailers"), AGENT, PEER], id="trailers"),
        pytest.param([("TE", "trailers, deflate")], [AGENT, PEER], id="more than trailers"),
        pytest.param([("Upgrade", "h2c"), ("Connection", "Upgrade")], [AGENT, PEER], id="another upgrade"),
        pytest.param(
            [("Connection", "X-Forwarded-For"), ("X-Forwarded-For", "a")],
            [AGENT, ("X-Forwarded-For", "a, 192.0.2.1")],
            id="the way cannot be taken away",
        ),
        pytest.param([("Transfer-Encoding", "")], [AGENT, PEER], id="framing"),
        pytest.param([("X-Tag", "1"), ("X-Tag", "2")], [("X-Tag", "1"), ("X-Tag", "2"), AGENT, PEER], id="duplicates"),
    ],
)
def test_headers(headers, expected):
    assert sent_headers(headers) == expected


def test_a_websocket_upgrade_passes_where_it_may():
    upgrade = [("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket")]

    assert sent_headers(upgrade) == [*upgrade, AGENT, PEER]
    assert sent_headers(upgrade, link=config(websockets=False)) == [AGENT, PEER]


def test_the_peer_is_not_appended_where_the_definition_removes_the_header():
    assert sent_headers([], forwarded_for=False) == [AGENT]
    assert sent_headers([("X-Forwarded-For", "a")], forwarded_for=False) == [("X-Forwarded-For", "a"), AGENT]


def test_a_client_cannot_take_away_what_the_definition_set():
    headers = [("Connection", "X-Own, X-Flow"), ("X-Flow", "9"), ("X-Own", "4bar")]

    assert sent_headers(headers, own_headers=frozenset({b"x-own"})) == [("X-Own", "4bar"), AGENT, PEER]
    assert sent_headers(headers, own_headers=frozenset({b"x-own", b"connection"})) == [AGENT, PEER]


def test_bytes_of_headers_survive():
    outcome = forward(config(), "GET", "/in/a", (("X-A", "\udcff"),))

    assert outcome.exchange.request.headers == Headers(
        ((b"X-A", b"\xff"), (b"User-Agent", b"Lockgate"), (b"X-Forwarded-For", b"192.0.2.1"))
    )


def test_targets_take_turns():
    targets = tuple(parse_target(f"http://up{number}.test/") for number in range(2))
    balanced = Forwarding(None, ListenPath("/in/"), strip=True, targets=targets)

    assert request(balanced, make_exchange("GET", "/in/a"), make_services()).upstream.host == "up0.test"
