"""Plugins at the end of the request chain."""

from tests.apis import snapshot
from tests.plugins import error_of, kept_keys, passed, plugin, scripted, with_keys
from tests.templates_of import body_section

from lockgate.services import ServiceError

KEY = (("X-Key", "tommy"),)


def post(body, operations=None, *, requires=False, **more):
    return snapshot(scripted(operations, postPlugins=[plugin(body, "late", requireSession=requires)], **more))


async def test_it_sees_what_the_transforms_made():
    sections = {
        "transformRequestHeaders": {"enabled": True, "add": [{"name": "X-Early", "value": "1"}]},
        "transformRequestBody": body_section("{{ .n }}!"),
        "urlRewrite": {"enabled": True, "pattern": ".*", "rewriteTo": "http://else.test/new"},
        "transformRequestMethod": {"enabled": True, "toMethod": "PUT"},
    }
    of = post(
        'request.SetHeaders["X-Saw"] = [request.Headers["X-Early"], request.Body, request.URL, request.Method].join();',
        {"POST /o": sections},
    )
    sent = (await passed(of, "POST", body=b'{"n": 2}')).upstream_request

    assert sent.headers.get("X-Saw") == "1,2!,/api/o,POST"
    assert (sent.method, sent.target, sent.host) == ("PUT", "/new", "else.test")


async def test_its_path_goes_upstream():
    assert (await passed(post('request.URL = "/api/other?a=1";'))).upstream_request.target == "/other?a=1"


async def test_a_loop_that_it_asks_for_is_entered():
    operations = {"GET /o": {}, "GET /mocked": {"mockResponse": {"enabled": True, "code": 200, "body": "mock"}}}
    of = post('if (request.Params.go) { request.URL = "tyk://self/mocked"; }', operations)

    assert (await passed(of, url="/api/o?go=1")).answer.body == b"mock"


async def test_a_loop_to_nowhere_is_refused():
    of = post('request.URL = "tyk://nowhere/x";')

    assert error_of(await passed(of)) == (500, "Can't detect loop target")


async def test_an_answer_below_400_passes_the_response_chain():
    late = {"enabled": True, "add": [{"name": "X-Late", "value": "1"}], "remove": ["X-Secret"]}
    body = (
        "request.ReturnOverrides = {ResponseCode: +request.Params.code[0], ResponseBody: 'b', OverrideError:"
        " !!request.Params.raw, ResponseHeaders: {'X-Secret': 's'}};"
    )
    of = post(body, transformResponseHeaders=late)

    for url in ("/api/o?code=200", "/api/o?code=403&raw=1"):
        answer = (await passed(of, url=url)).answer
        assert (answer.body, answer.headers.get("X-Late"), answer.headers.get("X-Secret")) == (b"b", "1", None)
    refused = await passed(of, url="/api/o?code=403")
    assert error_of(refused) == (403, "b")
    assert (refused.answer.headers.get("X-Late"), refused.answer.headers.get("X-Secret")) == (None, "s")


async def test_it_does_not_run_behind_a_mock():
    operations = {"GET /o": {"mockResponse": {"enabled": True, "code": 200, "body": "mock"}}}

    assert (await passed(post("throw new Error('x');", operations))).answer.body == b"mock"


async def test_a_keyless_api_has_no_session():
    asks = 'request.SetHeaders["X-Session"] = "" + session;'

    assert (await passed(post(asks, requires=True))).upstream_request.headers.get("X-Session") == "null"
    touches = post("session.meta_data;", requires=True)
    assert error_of(await passed(touches)) == (500, "Internal Server Error")


async def test_metadata_that_cannot_be_kept_are_a_failure():
    known = await kept_keys(tommy={})

    class Away:
        async def find(self, names):
            return await known.find(names)

        async def keep_meta_data(self, _name, _meta_data):
            raise ServiceError("the store is away")

    document = scripted(postPlugins=[plugin('return late.ReturnData(request, {a: "b"});', "late", requireSession=True)])

    trace = await passed(snapshot(with_keys(document)), headers=KEY, keys=Away())
    assert error_of(trace) == (500, "Internal Server Error")


async def test_a_set_value_is_trimmed_when_it_is_sent():
    assert (await passed(post('request.SetHeaders["X-Pad"] = "  a ";'))).upstream_request.headers.get("X-Pad") == "a"
