"""How names of headers are sent that definitions and scripts set: ``ignore_canonical_mime_header_key``."""

import pytest
from tests.apis import oas, snapshot
from tests.helpers import FixedOutside, ScriptsInPlace, make_request
from tests.plugins import GIVEN, blob, passed, plugin, response_plugin, scripted

from lockgate.inspection import try_request
from lockgate.services import HttpReply, Outside

FUNCTION = "function f() { return TykJsResponse({Code: 200, Headers: {'x-of-function': '1'}}, {}) }"


def names(headers):
    return sorted(name for name, _ in headers if name.lower().startswith("x-of"))


@pytest.mark.parametrize("kept", [False, True])
async def test_names_are_canonical_unless_the_settings_keep_them(kept):
    def spelled(lower):
        return lower if kept else lower.title()

    transform = {"enabled": True, "add": [{"name": "x-of-transform", "value": "1"}], "remove": ["X-OLD"]}
    document = scripted(
        {"GET /o": {"transformRequestHeaders": transform, "transformResponseHeaders": transform}},
        postPlugins=[plugin('request.SetHeaders["x-of-plugin"] = "1";')],
        responsePlugins=[response_plugin('response.SetHeaders["x-of-plugin"] = "1";')],
    )
    # A name that is there already is replaced, however it is spelled.
    sent = (("X-Of-Plugin", "0"), ("X-OF-TRANSFORM", "0"), ("x-old", "0"))
    trace = await passed(snapshot(document, ignore_canonical_mime_header_key=kept), headers=sent)

    wanted = [spelled("x-of-plugin"), spelled("x-of-transform")]
    assert names(trace.upstream_request.headers) == wanted
    assert "X-Old" not in trace.upstream_request.headers
    assert names(trace.answer.headers) == wanted

    virtual = oas({"GET /o": {"virtualEndpoint": {"enabled": True, "functionName": "f", "body": blob(FUNCTION)}}})
    trace = await passed(snapshot(virtual, ignore_canonical_mime_header_key=kept))
    assert names(trace.answer.headers) == [spelled("x-of-function")]


@pytest.mark.parametrize("kept", [False, True])
async def test_of_one_name_in_two_spellings_the_last_counts(kept):
    add = [{"name": "X-Of-A", "value": "1"}, {"name": "x-of-a", "value": "2"}]
    document = oas({"GET /o": {"transformRequestHeaders": {"enabled": True, "add": add}}})
    trace = await passed(snapshot(document, ignore_canonical_mime_header_key=kept))

    assert trace.upstream_request.headers.get_all("X-Of-A") == ("2",)


class Http:
    """Answers nobody, and keeps the headers that it is asked to send."""

    def __init__(self):
        self.sent = []

    async def send(self, calls, _at_once, _max_bytes):
        self.sent += [call.headers for call in calls]
        return [HttpReply(index, None, "no answer") for index, _ in enumerate(calls)]


@pytest.mark.parametrize("kept", [False, True])
async def test_names_of_what_a_script_sends(kept):
    source = """function f() {
        TykMakeHttpRequest('{"Domain": "http://up.test", "Resource": "/", "Headers": {"x-of-call": "1"}}');
        return TykJsResponse({Code: 200}, {}) }"""
    virtual = oas({"GET /o": {"virtualEndpoint": {"enabled": True, "functionName": "f", "body": blob(source)}}})
    http, fixed = Http(), FixedOutside()
    outside = Outside(clock=fixed, ids=fixed, turns=fixed, scripts=ScriptsInPlace(), http=http)
    served = snapshot(virtual, ignore_canonical_mime_header_key=kept)
    await try_request(served, make_request("GET", "/api/o", (), b""), GIVEN, outside)
    assert [names(headers) for headers in http.sent] == [["x-of-call" if kept else "X-Of-Call"]]
