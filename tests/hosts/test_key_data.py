import pytest
from tests.apis import oas, snapshot
from tests.keys import Clock

from lockgate.hosts.key_data import ScriptKeys
from lockgate.identity.keys import KeyStores, handle_of, quota_scope, rate_scope
from lockgate.identity.sessions import session_document
from lockgate.services import Limit, ServiceError
from lockgate.snapshot import Gateway
from lockgate.stores.memory import MemoryKeys, MemoryLimits


class Keys:
    """Everything that keys are kept in."""

    def __init__(self, org="", **settings):
        api = oas()
        if org:
            api["x-tyk-api-gateway"]["info"]["orgId"] = org
        self.clock = Clock()
        self.stores = KeyStores(MemoryKeys(), MemoryLimits(self.clock))
        gateway = Gateway(snapshot(api, **settings))
        self.scripts = ScriptKeys(self.stores, gateway, self.clock)

    async def keep(self, key, text=b"{}", keeps_counts=False):
        await self.scripts.set_key(key, session_document(text), keeps_counts=keeps_counts)


async def test_a_key_that_a_script_keeps_is_one():
    keys = Keys()
    await keys.keep("ann", b'{"alias": "Ann", "rate": 5, "meta_data": {"a": 1}}')

    found = await keys.stores.sessions.find(("ann",))
    assert found is not None
    assert (found.session.alias, found.session.limits.rate) == ("Ann", 5)
    told = await keys.scripts.get_key("ann", "pets")
    assert told is not None
    assert (told["alias"], told["meta_data"]) == ("Ann", {"a": 1})
    assert await keys.scripts.get_key("bob", "pets") is None


async def test_a_key_is_found_with_the_organisation_of_the_api():
    keys = Keys(org="acme")
    await keys.keep("acmeann", b'{"alias": "Ann"}')

    assert await keys.scripts.get_key("ann", "pets") is not None
    assert await keys.scripts.get_key("acmeann", "pets") is not None
    assert await keys.scripts.get_key("ann", "other") is None
    assert await keys.scripts.get_key("ann", "") is None
    assert await keys.scripts.get_key("acmeann", "") is not None


async def test_what_is_left_of_a_quota_is_told():
    keys = Keys()
    await keys.keep("ann", b'{"quota_max": 10, "quota_renewal_rate": 60}')
    await keys.stores.counts.take((Limit(handle_of("ann"), quota_scope(""), 10, 60),))

    told = await keys.scripts.get_key("ann", "pets")
    assert told is not None
    assert (told["quota_remaining"], told["quota_renews"]) == (9, int(keys.clock.time + 60))


@pytest.mark.parametrize("keeps", [True, False])
async def test_what_a_key_used_up_is_given_back_unless_it_is_to_stay(keeps):
    keys = Keys()
    await keys.keep("ann", b'{"quota_renewal_rate": 60}')
    limit = Limit(handle_of("ann"), rate_scope(""), 1, 60)
    await keys.stores.counts.take((limit,))
    first = await keys.stores.sessions.get(handle_of("ann"))
    keys.clock.time += 5
    await keys.keep("ann", b'{"alias": "Ann", "quota_renewal_rate": 60}', keeps_counts=keeps)

    taken = await keys.stores.counts.take((limit,))
    assert (taken.refused is None) is not keeps
    session = await keys.stores.sessions.get(handle_of("ann"))
    assert first is not None
    assert session is not None
    assert session.alias == "Ann"
    assert (session.document["quota_renews"] == first.document["quota_renews"]) is keeps


async def test_the_time_at_which_a_key_was_made_stays():
    keys = Keys()
    await keys.keep("ann", b'{"date_created": "2020-01-02T03:04:05Z"}')
    await keys.keep("bob")

    ann, bob = [await keys.scripts.get_key(name, "") for name in ("ann", "bob")]
    assert ann is not None
    assert bob is not None
    assert ann["date_created"] == "2020-01-02T03:04:05Z"
    assert bob["date_created"].startswith("2027-01-15T")


async def test_keys_for_every_api_are_not_kept_where_there_are_to_be_none():
    keys = Keys(allow_master_keys=False)
    with pytest.raises(ServiceError, match="allow_master_keys is off"):
        await keys.keep("ann")
    await keys.keep("ann", b'{"access_rights": {"pets": {"api_id": "pets"}}}')
    with pytest.raises(ServiceError, match="without a name"):
        await keys.keep("", b'{"access_rights": {"pets": {"api_id": "pets"}}}')


async def test_hashes_are_shown_and_passwords_are_not_kept():
    keys = Keys(hash_keys=True)
    await keys.keep("ann", b'{"basic_auth_data": {"password": "p"}}')

    assert await keys.stores.sessions.shown() != ["ann"]
    told = await keys.scripts.get_key("ann", "")
    assert told is not None
    assert told["basic_auth_data"] == {"password": "", "hash_type": ""}
