"""Plugins, called with messages that take long to write and to read, and such that cannot be waited for."""

import json

import pytest
from tests.helpers import Elsewhere, FixedOutside, ScriptsInPlace, make_exchange, make_response

from lockgate.middleware import Continue
from lockgate.middlewares import script_response
from lockgate.middlewares.script_pre import ScriptPre
from lockgate.middlewares.script_pre import request as run_pre
from lockgate.middlewares.script_response import ScriptResponse
from lockgate.scripting.calling import CallError, Script, call
from lockgate.scripting.contract import ScriptConfig
from lockgate.scripting.plugins import Plugin, PluginError, run_plugin
from lockgate.scripting.program import Program
from lockgate.services import Outside, ScriptResult, Services

LARGE = 64 * 1024 + 1


class Answering:
    """An engine that gives back what a plugin would that changes nothing."""

    async def run(self, _program, called, _hosts):
        if called.kind == "response":
            return ScriptResult(json.dumps({"Response": json.loads(called.arguments[0])}))
        body = json.loads(called.arguments[0])["Body"]
        return ScriptResult(json.dumps({"Request": {"Body": body, "URL": "/x"}, "SessionMeta": {}}))


def plugin(source="", name="p"):
    return Plugin(Script(Program("api", (("p.js", source),)), name, ScriptConfig("api", "org")))


def services_with(scripts, elsewhere=None):
    fixed = FixedOutside()
    return Services(Outside(fixed, fixed, fixed, compute=elsewhere or Elsewhere(), scripts=scripts))


# Base64 makes four bytes of three: an answer is large before the body is.
@pytest.mark.parametrize(("size", "times"), [(40_000, 0), (60_000, 1), (LARGE, 2)])
async def test_large_requests_are_prepared_and_read_elsewhere(size, times):
    elsewhere = Elsewhere()
    outcome = await run_pre(
        ScriptPre((plugin(),)), make_exchange("POST", "/x", body=b"x" * size), services_with(Answering(), elsewhere)
    )

    assert isinstance(outcome, Continue)
    assert outcome.exchange.request.body == b"x" * size
    assert elsewhere.count == times


@pytest.mark.parametrize(("size", "times"), [(1000, 0), (LARGE, 2)])
async def test_large_responses_are_prepared_and_read_elsewhere(size, times):
    elsewhere = Elsewhere()
    exchange = make_exchange("GET", "/x", response=make_response(200, (), b"x" * size))
    outcome = await script_response.response(
        ScriptResponse((plugin(),)), exchange, services_with(Answering(), elsewhere)
    )

    assert isinstance(outcome, Continue)
    assert outcome.exchange.response.body == b"x" * size
    assert elsewhere.count == times


NEW = "var p = new TykJS.TykMiddleware.NewMiddleware({});\n"


async def test_a_plugin_cannot_be_async():
    source = NEW + "p.NewProcessRequest(async function(request) { return p.ReturnData(request, {}) });"
    with pytest.raises(PluginError, match="the plugin returned a promise: nobody waits for it"):
        await run_plugin(
            plugin(source), make_exchange("GET", "/x", body=b""), services_with(ScriptsInPlace()), session=False
        )


@pytest.mark.parametrize(
    ("source", "kind", "arguments"),
    [
        ("async function p() { return TykJsResponse({Code: 200}, {}) }", "virtual", ("{}", "{}")),
        (NEW + "p.NewProcessResponse(async function(response) { return response });", "response", ("{}", "{}", "{}")),
    ],
)
async def test_no_function_can_be_async(source, kind, arguments):
    with pytest.raises(CallError, match=r"returned a promise: nobody waits for it, so that .* cannot be async"):
        await call(plugin(source).script, kind, arguments, make_exchange("GET", "/x"), services_with(ScriptsInPlace()))


async def test_a_text_that_looks_like_a_promise_is_no_body():
    """Only the answer as a whole is looked at."""
    source = "function p() { return TykJsResponse({Code: 200, Body: '[object Promise]'}, {}) }"
    text = await call(
        plugin(source).script, "virtual", ("{}", "{}"), make_exchange("GET", "/x"), services_with(ScriptsInPlace())
    )
    assert json.loads(text)["Response"]["Body"] == "[object Promise]"
