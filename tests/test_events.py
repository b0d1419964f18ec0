"""Events: which refusals are some, what they tell, and who is told."""

import base64
import json
from dataclasses import dataclass, field

import pytest
from tests.apis import oas
from tests.helpers import FixedOutside, ScriptsInPlace, make_exchange, make_request
from tests.plugins import kept_keys, plugin, scripted, with_check, with_keys

from lockgate.events import FIRED, event_of, kind_of
from lockgate.exchange import Response
from lockgate.inspection import try_request
from lockgate.loading import load_text
from lockgate.middleware import Reason, Reject
from lockgate.scripting.events import EventScript, ScriptHandler
from lockgate.scripting.host_calls import HostRules
from lockgate.scripting.program import Program
from lockgate.services import Event, Outside, ScriptError, ScriptLine, ScriptResult, Services
from lockgate.settings import Settings
from lockgate.snapshot import Snapshot
from lockgate.stores.memory import MemoryKeys, MemoryLimits


@dataclass
class Fired:
    """Remembers what was fired."""

    events: list = field(default_factory=list)

    def fire(self, event, handlers):
        self.events.append((event, tuple(handlers)))


def watched(document, *events):
    """The document, with a handler for each event."""
    script = "var watch = new TykJS.TykEventHandlers.NewEventHandler({});"
    handlers = [
        {"enabled": True, "trigger": event, "type": "custom", "functionName": "watch", "path": "watch.js"}
        for event in events or FIRED
    ]
    document["x-tyk-api-gateway"]["server"]["eventHandlers"] = handlers
    return document, script


async def fired(document, tmp_path, *events, method="GET", url="/api/o", headers=(), keys=None, times=1, **settings):
    """What is fired by requests, the last one's events."""
    made, script = watched(document, *events)
    (tmp_path / "watch.js").write_text(script)
    loaded = load_text(json.dumps(made), str(tmp_path / "api.json"), Settings(folder=str(tmp_path), **settings))
    assert loaded.problems == ()
    of = Snapshot(loaded.definitions, Settings())
    seen, fixed = Fired(), FixedOutside()
    outside = Outside(
        fixed,
        fixed,
        fixed,
        sessions=keys or MemoryKeys(),
        limits=MemoryLimits(fixed),
        scripts=ScriptsInPlace(),
        events=seen,
    )
    for _ in range(times):
        seen.events.clear()
        await try_request(of, make_request(method, url, headers), Response(200), outside)
    return seen.events


def kinds(events):
    return [event.kind for event, _ in events]


# ── which ──


@pytest.mark.parametrize(
    ("session", "kind", "message"),
    [
        (None, "AuthFailure", "Auth Failure"),
        ({"is_inactive": True}, "KeyExpired", "Attempted access from inactive key."),
        ({"expires": 1000}, "KeyExpired", "Attempted access from expired key."),
    ],
)
async def test_keys(tmp_path, session, kind, message):
    keys = await kept_keys(**({} if session is None else {"tommy-key": session}))
    ((event, handlers),) = await fired(
        with_keys(oas({"GET /o": {}})), tmp_path, headers=(("X-Key", "tommy-key"),), keys=keys
    )

    assert (event.kind, event.api_id, event.org_id) == (kind, "pets", "")
    assert event.meta["Message"] == message
    assert event.meta["Path"] == "/api/o"
    assert event.meta["Origin"] == "127.0.0.1"
    assert event.meta["Key"] == "****-key"
    assert event.at == FixedOutside().now()
    assert [one.name for one in handlers] == ["watch"]


async def test_lists_and_versions(tmp_path):
    blocked = oas({"GET /o": {"block": {"enabled": True}}})
    ((event, _),) = await fired(blocked, tmp_path)

    assert event.kind == "VersionFailure"
    assert event.meta["Message"] == "Attempted access to disallowed version / path."
    assert event.meta["Reason"] == "Requested endpoint is forbidden"
    assert event.meta["Key"] == ""
    expired = oas({"GET /o": {}})
    expired["x-tyk-api-gateway"]["info"]["expiration"] = "2000-01-01 00:00"
    assert kinds(await fired(expired, tmp_path)) == ["VersionFailure"]
    versioned = oas({"GET /o": {}})
    versioned["x-tyk-api-gateway"]["info"]["versioning"] = {
        "enabled": True,
        "name": "v1",
        "default": "self",
        "location": "header",
        "key": "X-Version",
        "versions": [],
    }
    assert kinds(await fired(versioned, tmp_path, headers=(("X-Version", "v9"),))) == ["VersionFailure"]


@pytest.mark.parametrize(
    ("limits", "kind"),
    [({"rate": 1, "per": 60}, "RatelimitExceeded"), ({"quota_max": 1, "quota_renewal_rate": 60}, "QuotaExceeded")],
)
async def test_limits(tmp_path, limits, kind):
    keys = await kept_keys(tommy=limits)
    document = with_keys(oas({"GET /o": {}}))

    assert kinds(await fired(document, tmp_path, headers=(("X-Key", "tommy"),), keys=keys, times=2)) == [kind]


async def test_plugins_that_refuse(tmp_path):
    refuses = 'request.ReturnOverrides = {ResponseCode: 401, ResponseError: "no"};'

    assert kinds(await fired(with_check(scripted(), refuses), tmp_path)) == ["AuthFailure"]
    assert kinds(await fired(scripted(prePlugins=[plugin(refuses)]), tmp_path)) == []


async def test_a_key_that_is_missing_is_none(tmp_path):
    assert await fired(with_keys(oas({"GET /o": {}})), tmp_path) == []


async def test_nobody_is_told_of_other_events(tmp_path):
    document = with_keys(oas({"GET /o": {}}))

    assert await fired(document, tmp_path, "KeyExpired", headers=(("X-Key", "nobody"),)) == []


async def test_what_is_served_is_none(tmp_path):
    assert await fired(oas({"GET /o": {}}), tmp_path) == []


def test_every_event_has_a_refusal():
    assert {kind_of(Reject(reason), "") for reason in Reason} - {""} == set(FIRED)


# ── what it tells ──


async def test_the_request_is_told_as_it_came(tmp_path):
    headers = (("X-Key", "nobody"), ("X-Two", "ü"))
    ((event, _),) = await fired(with_keys(oas({"GET /o": {}})), tmp_path, url="/api/o?a=1", headers=headers)

    raw = base64.b64decode(event.meta["OriginatingRequest"])
    assert raw == (b"GET /api/o?a=1 HTTP/1.1\r\nHost: gateway.test\r\nX-Key: nobody\r\nX-Two: \xc3\xbc\r\n\r\n")


async def test_the_client_is_the_one_that_headers_name(tmp_path):
    headers = (("X-Key", "nobody"), ("X-Forwarded-For", "203.0.113.7, 10.0.0.1"))
    ((event, _),) = await fired(with_keys(oas({"GET /o": {}})), tmp_path, headers=headers)

    assert event.meta["Origin"] == "203.0.113.7"


@pytest.mark.parametrize(("key", "shown"), [("", ""), ("abcd", "--"), ("abcdefgh", "****efgh")])
def test_keys_are_masked(key, shown):
    exchange = make_exchange("GET", "/o")
    event = event_of(Reject(Reason.KEY_UNKNOWN, key=key), "auth_token", exchange, exchange.request, "org", 0)

    assert (event.meta["Key"], event.org_id) == (shown, "org")


def test_a_long_body_is_cut():
    exchange = make_exchange("POST", "/o", body=b"x" * 100_000)
    event = event_of(Reject(Reason.FORBIDDEN), "access", exchange, exchange.request, "", 0)

    assert len(base64.b64decode(str(event.meta["OriginatingRequest"]))) < 70_000


# ── the handler ──


EVENT = Event("AuthFailure", "api", "org", {"Message": "m"}, 1_700_000_000.25)


class Scripts:
    def __init__(self, result):
        self.result, self.calls = result, []

    async def run(self, program, call, hosts):
        self.calls.append(call)
        return self.result


async def told(result):
    scripts, fixed = Scripts(result), FixedOutside()
    handler = ScriptHandler(EventScript("watch", (), HostRules(), 3), Program("events", ()))
    return scripts, await handler.handle(EVENT, Services(Outside(fixed, fixed, fixed, scripts=scripts)))


async def test_a_script_gets_event_and_context():
    scripts, (lines, failure) = await told(ScriptResult(None, None, (ScriptLine("log", "seen"),)))
    (call,) = scripts.calls

    assert (call.kind, call.name, call.seconds) == ("event", "watch", 3)
    assert [json.loads(one) for one in call.arguments] == [
        {"Type": "AuthFailure", "Meta": {"Message": "m"}, "TimeStamp": "2023-11-14 22:13:20.25 +0000 UTC"},
        {"APIID": "api", "OrgID": "org"},
    ]
    assert (lines, failure) == ((ScriptLine("log", "seen"),), "")


async def test_why_a_script_failed_is_said():
    _, (_, failure) = await told(ScriptResult(None, ScriptError("timeout", "it takes too long")))

    assert failure == "it takes too long"


async def test_a_real_handler_runs():
    source = (
        "var watch = new TykJS.TykEventHandlers.NewEventHandler({});"
        "watch.NewHandler(function(event, context) { log([event.Type, event.Meta.Message, context.APIID].join()); });"
    )
    fixed = FixedOutside()
    handler = ScriptHandler(EventScript("watch", (), HostRules()), Program("events", (("w.js", source),)))
    lines, failure = await handler.handle(EVENT, Services(Outside(fixed, fixed, fixed, scripts=ScriptsInPlace())))

    assert [line.text for line in lines] == ["AuthFailure,m,api"]
    assert failure == ""


def test_handlers_of_all_apis_share_their_names(tmp_path):
    definitions = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.js").write_text(f"var {name};")
        document = oas({"GET /o": {}}, name=name, listen=f"/{name}/")
        document["x-tyk-api-gateway"]["server"]["eventHandlers"] = [
            {"enabled": True, "trigger": "KeyExpired", "type": "custom", "functionName": name, "path": f"{name}.js"}
        ]
        loaded = load_text(json.dumps(document), str(tmp_path / f"{name}.json"), Settings(folder=str(tmp_path)))
        definitions += loaded.definitions
    of = Snapshot(definitions, Settings())
    first, second = (of.handlers(one, "KeyExpired")[0].program for one in definitions)

    assert first is second
    assert [name for name, _ in first.sources] == ["a.js", "b.js"]
    assert of.handlers(definitions[0], "AuthFailure") == ()


def test_an_exchange_needs_nobody_to_tell():
    fixed = FixedOutside()
    services = Services(Outside(fixed, fixed, fixed))
    services.fire(EVENT, ())

    assert services.calls == []
