import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.keys import CREATED, NOW

from lockgate.identity.sessions import SessionError, completed, session_document
from lockgate.session import Session


def posted(**fields):
    return session_document(json.dumps(fields).encode())


def test_every_key_is_there():
    document = posted()

    assert list(document)[:4] == ["last_check", "allowance", "rate", "per"]
    assert (document["access_rights"], document["meta_data"], document["tags"]) == (None, None, None)
    assert document["basic_auth_data"] == {"password": "", "hash_type": ""}


def test_keys_are_found_in_any_case_and_null_is_nothing():
    document = posted(RATE=5, Quota_Max=None, unknown=1)

    assert (document["rate"], document["quota_max"]) == (5, 0)
    assert "unknown" not in document


def test_rights_are_completed():
    right = posted(access_rights={"a": {"limit": {"rate": 2}}, "b": None})["access_rights"]

    assert right["a"]["limit"]["rate"] == 2
    assert right["a"]["limit"]["quota_max"] == 0
    assert right["b"]["versions"] is None
    assert "endpoints" not in right["b"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param(b"[]", "the top", id="list"),
        pytest.param(b"null", "the top", id="null"),
        pytest.param(b'{"rate": "1"}', "rate", id="text for a number"),
        pytest.param(b'{"rate": true}', "rate", id="flag for a number"),
        pytest.param(b'{"expires": 1.0}', "expires", id="fraction for a whole number"),
        pytest.param(b'{"quota_max": 9223372036854775808}', "quota_max", id="too large"),
        pytest.param(b'{"is_inactive": 1}', "is_inactive", id="number for a flag"),
        pytest.param(b'{"tags": "a"}', "tags", id="text for a list"),
        pytest.param(b'{"tags": [1]}', "tags.0", id="number in a list of texts"),
        pytest.param(b'{"access_rights": []}', "access_rights", id="list for rights"),
        pytest.param(b'{"access_rights": {"a": {"allowed_urls": [{"url": 1}]}}}', "access_rights.a.allowed_urls.0.url", id="deep"),
        pytest.param(b'{"meta_data": {"a": 1e999}}', "meta_data.a", id="a number that is too large"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_refuses_the_object(body, place):
    with pytest.raises(SessionError, match=f"at {place}$"):
        session_document(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"rate": NaN}', id="NaN"),
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b'{"meta_data": ' + b"[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_json_is_refused(body):
    with pytest.raises(SessionError):
        session_document(body)


@given(
    st.binary()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_nothing_else_is_raised(body):
    with pytest.raises(SessionError):
        session_document(b'{"rate": "' + body + b'"}')


def test_half_a_character_is_a_replacement_character():
    assert (
        session_document(b'{"alias": "a\\ud800b\\ud83d\\ude00", "tags": ["\\udc00"]}')["alias"] == "a\ufffdb\U0001f600"
    )


def test_a_new_session_begins_its_quota_now():
    kept = completed(posted(quota_max=2, quota_renewal_rate=60), NOW, CREATED)

    assert (kept["quota_renews"], kept["last_updated"]) == (int(NOW) + 60, str(int(NOW)))
    assert (kept["date_created"], kept["meta_data"], kept["tags"]) == (CREATED, {}, [])


def test_a_session_may_go_on_with_the_quota_of_another():
    before = completed(posted(quota_renewal_rate=60), NOW, CREATED)
    kept = completed(posted(quota_renewal_rate=60), NOW + 30, CREATED, before)

    assert (kept["quota_renews"], kept["last_updated"]) == (before["quota_renews"], before["last_updated"])


def test_limits_of_an_api_are_counted_for_it_alone():
    kept = completed(
        posted(access_rights={"a": {"allowance_scope": "x", "limit": {"rate": 1}}, "b": {"allowance_scope": "x"}}),
        NOW,
        CREATED,
    )

    assert [right["allowance_scope"] for right in kept["access_rights"].values()] == ["a", "x"]


def test_a_session_is_made_of_its_document():
    session = Session.of(
        posted(
            alias="ann",
            expires=7,
            rate=5,
            per=2,
            apply_policy_id="gold",
            meta_data={"team": ["red"]},
            access_rights={
                "a": {
                    "versions": ["v1"],
                    "allowed_urls": [{"url": "/x", "methods": ["GET"]}],
                    "limit": {"quota_max": -1},
                    "endpoints": [{"path": "/sms", "methods": [{"name": "GET", "limit": {"rate": 1, "per": 60}}]}],
                },
                "b": {},
            },
        )
    )

    assert (session.alias, session.expires, session.apply_policies) == ("ann", 7, ("gold",))
    assert (session.limits.rate, session.limits.per) == (5, 2)
    assert session.meta_data == {"team": ["red"]}
    first, second = session.access_rights["a"], session.access_rights["b"]
    assert (first.versions, first.allowed_urls[0].methods) == (("v1",), ("GET",))
    assert first.limit is not None
    assert first.limit.quota_max == -1
    assert (first.endpoints[0].path, first.endpoints[0].method, first.endpoints[0].rate) == ("/sms", "GET", 1)
    assert (second.limit, second.endpoints) == (None, ())
