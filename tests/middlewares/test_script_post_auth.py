"""Plugins behind authentication: they see the session, and may replace its metadata."""

import pytest
from tests.apis import snapshot
from tests.plugins import error_of, kept_keys, passed, plugin, scripted, with_keys

KEY = (("X-Key", "tommy"),)


def behind(body, document=None, **more):
    made = with_keys(document or scripted(postAuthenticationPlugins=[plugin(body, "after", **more)]))
    return snapshot(made)


async def tommy(**fields):
    return await kept_keys(tommy={"alias": "Tommy", "meta_data": {"tier": "gold"}, **fields})


async def test_plugins_run_after_authentication():
    of = behind('request.SetHeaders["X-Post-Auth"] = "ran";')
    trace = await passed(of, headers=KEY, keys=await tommy())

    assert trace.upstream_request.headers.get("X-Post-Auth") == "ran"
    assert error_of(await passed(of)) == (401, "Authorization field missing")


async def test_they_run_before_rights_are_looked_at():
    of = behind('request.ReturnOverrides = {ResponseCode: 418, ResponseError: "first"};')
    keys = await tommy(access_rights={"other": {"api_id": "other"}})

    assert error_of(await passed(of, headers=KEY, keys=keys)) == (418, "first")


async def test_they_get_the_session_where_they_ask_for_it():
    body = 'request.SetHeaders["X-Who"] = session.alias + session.rate;'
    keys = await tommy(rate=5, per=1)

    asked = await passed(behind(body, requireSession=True), headers=KEY, keys=keys)
    assert asked.upstream_request.headers.get("X-Who") == "Tommy5"
    unasked = await passed(behind(body), headers=KEY, keys=keys)
    assert unasked.upstream_request.headers.get("X-Who") == "0"


async def test_metadata_are_replaced_and_kept():
    of = behind('return after.ReturnData(request, {tier: "tin"});', requireSession=True)
    keys = await tommy()
    trace = await passed(of, headers=KEY, keys=keys)

    assert trace.steps[-1].after.session.meta_data == {"tier": "tin"}
    assert (await keys.find(["tommy"])).session.meta_data == {"tier": "tin"}


async def test_without_the_session_metadata_stay():
    of = behind('return after.ReturnData(request, {tier: "tin"});')
    keys = await tommy()
    await passed(of, headers=KEY, keys=keys)

    assert (await keys.find(["tommy"])).session.meta_data == {"tier": "gold"}


@pytest.mark.parametrize("meta", ["{n: 5}", "{l: [1]}", "{o: {}}", '"text"'])
async def test_metadata_that_are_no_texts_are_a_failure(meta):
    of = behind(f"return after.ReturnData(request, {meta});", requireSession=True)
    keys = await tommy()

    assert error_of(await passed(of, headers=KEY, keys=keys)) == (500, "Internal Server Error")
    assert (await keys.find(["tommy"])).session.meta_data == {"tier": "gold"}


async def test_an_answer_passes_the_response_chain():
    document = scripted(
        postAuthenticationPlugins=[
            plugin('request.ReturnOverrides = {ResponseCode: 200, ResponseBody: "mine"};', "after")
        ],
        transformResponseHeaders={"enabled": True, "add": [{"name": "X-Late", "value": "1"}]},
    )
    answer = (await passed(behind("", document), headers=KEY, keys=await tommy())).answer

    assert (answer.status, answer.body, answer.headers.get("X-Late")) == (200, b"mine", "1")


async def test_an_api_without_authentication_has_none():
    of = snapshot(scripted(postAuthenticationPlugins=[plugin("throw new Error('x');", "after")]))

    assert (await passed(of)).answer.status == 200


async def test_they_run_for_operations_that_ignore_authentication():
    document = scripted(
        {"GET /o": {"ignoreAuthentication": {"enabled": True}}},
        postAuthenticationPlugins=[
            plugin('request.SetHeaders["X-Session"] = "" + session;', "after", requireSession=True)
        ],
    )
    trace = await passed(behind("", document))

    assert trace.upstream_request.headers.get("X-Session") == "null"
