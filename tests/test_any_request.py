"""Whatever a client or an upstream sends: no link raises, and the exchange ends in an answer."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.apis import oas, snapshot, tried_request

from lockgate.exchange import Headers, Request, Response, decode_text
from lockgate.trace_format import to_plain, to_text

ADD = {
    "enabled": True,
    "remove": ["X-Gone"],
    "add": [
        {
            "name": "X-All",
            "value": "$tyk_context.path|$tyk_context.headers|$tyk_context.request_data|$tyk_context.cookies_a",
        },
        {"name": "X-One", "value": "$tyk_context.request_data_a $tyk_context.headers_X_A $tyk_context.remote_addr"},
    ],
}
REWRITE = {"enabled": True, "pattern": r"/r/(\w*)(.*)", "rewriteTo": "/$1/$tyk_context.headers_X_A?$2"}
MOCK = {"enabled": True, "code": 200, "body": "mock", "headers": []}
EVERYTHING = snapshot(
    oas(
        {
            "GET /{a}": {"transformRequestHeaders": ADD, "transformResponseHeaders": ADD},
            "POST /{a}": {"requestSizeLimit": {"enabled": True, "value": 10}, "allow": {"enabled": False}},
            "PUT /r/{a}": {"urlRewrite": REWRITE, "transformRequestMethod": {"enabled": True, "toMethod": "POST"}},
            "GET /m/{a}": {"mockResponse": MOCK},
            "GET /b/{a}": {"block": {"enabled": True}},
            "GET /i/{a}": {"internal": {"enabled": True}},
        },
        contextVariables={"enabled": True},
        transformRequestHeaders=ADD,
        transformResponseHeaders=ADD,
        requestSizeLimit={"enabled": True, "value": 1000},
    )
)

wire = st.binary(max_size=40).map(decode_text)
segment = st.sampled_from(
    ["a", "r", "m", "b", "i", "%2F", "%zz", "%", "..", ".", "", "%e2%82", "ü", "$tyk_context.path", "*"]
)
path = st.lists(st.one_of(segment, wire), max_size=6).map(lambda parts: "/api/" + "/".join(parts))
name = st.one_of(
    st.sampled_from(
        [
            "Content-Length",
            "Content-Type",
            "Connection",
            "X-A",
            "Cookie",
            "X-Forwarded-For",
            "Te",
            "Upgrade",
            "Accept-Encoding",
            "Range",
        ]
    ),
    wire,
)
value = st.one_of(
    st.sampled_from(
        [
            "10",
            "-1",
            "1e3",
            "application/x-www-form-urlencoded",
            "close, X-A",
            "a=b; c",
            "1.2.3.4, x",
            "gzip",
            "websocket",
        ]
    ),
    wire,
)
headers = st.lists(st.tuples(name, value), max_size=6).map(lambda pairs: Headers.of(*pairs))
methods = st.one_of(st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"]), wire)


@settings(max_examples=400)
@given(
    methods,
    path,
    st.none() | wire,
    headers,
    st.binary(max_size=30),
    headers,
    st.integers(100, 599),
    st.binary(max_size=60),
)
def test_any_exchange_ends_in_an_answer(method, url, query, fields, body, answered, status, answer_body):
    request = Request(method, url, query, fields, body, "gateway.test")

    trace = tried_request(EVERYTHING, request, Response(status, answered, answer_body))

    assert trace.answer is not None
    assert not [step for step in trace.steps if step.outcome == "error"]
    assert to_text(to_plain(trace)).encode()
