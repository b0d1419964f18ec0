"""Authentication plugins: the session that they give, and how they refuse."""

import pytest
from tests.apis import snapshot
from tests.helpers import FixedOutside
from tests.plugins import error_of, kept_keys, passed, plugin, scripted, with_check, with_keys

from lockgate.identity.credentials import Places
from lockgate.loading import load_text
from lockgate.middlewares.script_auth import ScriptAuth
from lockgate.settings import Settings
from lockgate.stores.memory import MemoryLimits

FAILED = (500, "Internal Server Error")
NO_SESSION = "Session state is missing or unset! Please make sure that auth headers are properly applied"


def gives(session="{}", value='"v"', before=""):
    return f"{before} return {{Request: request, Session: {session}, AuthValue: {value}}};"


def checked(body, **more):
    return snapshot(with_check(scripted(**more), body))


async def test_the_session_is_the_requests():
    of = checked(
        gives('{rate: 10, per: 1, meta_data: {owner: "ada", level: 3}}', '"badge-ada"'),
        transformRequestHeaders={
            "enabled": True,
            "add": [{"name": "X-Owner", "value": "$tyk_meta.owner/$tyk_meta.level"}],
        },
    )
    trace = await passed(of)

    assert trace.upstream_request.headers.get("X-Owner") == "ada/3"
    assert trace.steps[-1].after.key == "badge-ada"


async def test_it_refuses():
    of = checked('request.ReturnOverrides = {ResponseCode: 401, ResponseError: "badge please"};')

    assert error_of(await passed(of)) == (401, "badge please")


async def test_it_answers_past_the_response_chain():
    of = checked(
        'request.ReturnOverrides = {ResponseCode: 302, ResponseHeaders: {Location: "/login"}};',
        transformResponseHeaders={"enabled": True, "add": [{"name": "X-Late", "value": "1"}]},
    )
    answer = (await passed(of)).answer

    assert (answer.status, answer.headers.get("Location")) == (302, "/login")
    assert "X-Late" not in answer.headers


@pytest.mark.parametrize("given", ["check.ReturnData(request, {})", "check.ReturnAuthData(request, null)"])
async def test_without_a_session_it_passes_with_an_empty_one(given):
    trace = await passed(checked(f"return {given};"))

    assert trace.answer.status == 200
    assert trace.answer.headers.get("X-Ratelimit-Limit") == "0"


@pytest.mark.parametrize("session", ['{rate: "many"}', "3", '"text"', "[]", "{access_rights: 1}"])
async def test_a_session_that_is_none_is_a_failure(session):
    assert error_of(await passed(checked(gives(session)))) == FAILED


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ('{access_rights: {other: {api_id: "other"}}}', (403, "Access to this API has been disallowed")),
        ("{is_inactive: true}", (403, "Key is inactive, please renew")),
        ("{expires: 1000}", (401, "Key has expired, please renew")),
        ('{apply_policies: ["gold"]}', (403, "Access to this API has been disallowed")),
    ],
)
async def test_what_the_session_may_do_is_looked_at(session, expected):
    assert error_of(await passed(checked(gives(session)))) == expected


async def test_requests_are_counted_by_auth_value():
    of = checked(gives("{rate: 2, per: 60}", 'request.Headers["X-Badge"][0]'))
    limits = MemoryLimits(FixedOutside())

    async def status(badge):
        return (await passed(of, headers=(("X-Badge", badge),), limits=limits)).answer.status

    assert [await status("ada") for _ in range(3)] == [200, 200, 429]
    assert await status("bob") == 200


async def test_its_session_is_written_to_no_key():
    writing = plugin('return late.ReturnData(request, {tier: "tin"});', "late", requireSession=True)
    of = snapshot(with_check(scripted(postPlugins=[writing]), gives('{meta_data: {tier: "gold"}}', '"tommy"')))
    keys = await kept_keys(tommy={"meta_data": {"kept": "yes"}})

    assert (await passed(of, keys=keys)).answer.status == 200
    found = await keys.find(["tommy"])
    assert found.session.meta_data == {"kept": "yes"}


async def test_it_edits_the_request_and_sees_an_empty_session():
    of = checked(gives(before='request.SetHeaders["X-Arg"] = session.rate + " " + JSON.stringify(session.meta_data);'))

    assert (await passed(of)).upstream_request.headers.get("X-Arg") == "0 null"


async def test_it_runs_for_operations_that_ignore_authentication():
    document = scripted({"GET /o": {"ignoreAuthentication": {"enabled": True}}})
    of = snapshot(with_check(document, 'request.ReturnOverrides = {ResponseCode: 401, ResponseError: "no"};'))

    assert error_of(await passed(of)) == (401, "no")


async def test_with_keys_both_have_to_agree():
    refuses = 'if (!request.Headers["X-Pin"]) { request.ReturnOverrides = {ResponseCode: 403, ResponseError: "pin"}; }'
    of = snapshot(with_check(with_keys(scripted()), refuses))
    keys = await kept_keys(tommy={"alias": "Tommy"})
    key, pin = ("X-Key", "tommy"), ("X-Pin", "1")

    assert error_of(await passed(of, headers=(key,), keys=keys)) == (403, "pin")
    assert error_of(await passed(of, headers=(pin,), keys=keys)) == (401, "Authorization field missing")
    trace = await passed(of, headers=(key, pin), keys=keys)
    after = trace.steps[-1].after
    assert (after.key, after.session.alias, after.made_session) == ("tommy", "Tommy", False)


async def test_alone_it_asks_for_no_key():
    assert [step.link for step in (await passed(checked(gives()))).steps if step.link == "auth_token"] == []


async def test_a_session_that_does_not_count_is_left_out():
    document = with_check(scripted(), gives())
    document["x-tyk-api-gateway"]["server"]["authentication"]["baseIdentityProvider"] = "auth_token"

    assert error_of(await passed(snapshot(document))) == (400, NO_SESSION)


@pytest.mark.parametrize("config", [None, {"enabled": False, "functionName": "check"}])
async def test_without_a_plugin_every_request_is_refused(config):
    document = with_check(scripted(), "")
    custom = document["x-tyk-api-gateway"]["server"]["authentication"]["custom"]
    if config is None:
        del custom["config"]
    else:
        custom["config"] = config
    of = snapshot(document, problems=("missing-function",))

    assert error_of(await passed(of)) == FAILED


async def test_without_scripts_every_request_is_refused():
    of = snapshot(with_check(scripted(), ""), problems=("scripts-off",), enable_jsvm=False)

    assert error_of(await passed(of)) == (500, "Middleware error")


@pytest.mark.parametrize("driver", ["python", "grpc", "goplugin", "lua", None])
def test_another_driver_makes_the_api_unavailable(driver):
    import json

    document = with_check(scripted(), "")
    config = document["x-tyk-api-gateway"]["middleware"]["global"]["pluginConfig"]
    config.pop("driver") if driver is None else config.update(driver=driver)
    loaded = load_text(json.dumps(document), "a.json", Settings())

    assert "custom authentication" in loaded.definitions[0].unavailable


async def test_credentials_are_taken_off_where_the_definition_says_so():
    document = with_check(scripted(), gives(), header={"enabled": True, "name": "X-Badge"})
    document["x-tyk-api-gateway"]["server"]["authentication"]["stripAuthorizationData"] = True
    of = snapshot(document)
    trace = await passed(of, headers=(("X-Badge", "ada"),))

    assert "X-Badge" not in trace.upstream_request.headers
    assert "x-badge" in trace.secret_names


def test_the_configuration_holds_what_is_asked_for():
    assert ScriptAuth(None, Places()).identifies
