import pytest
from tests.apis import snapshot
from tests.keys import NOW, World, keyed, status_of


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        pytest.param({}, 200, "", id="good"),
        pytest.param({"expires": 0}, 200, "", id="never"),
        pytest.param({"expires": -1}, 200, "", id="never either"),
        pytest.param({"expires": int(NOW) + 1}, 200, "", id="not yet"),
        pytest.param({"expires": int(NOW) - 1}, 401, "Key has expired, please renew", id="expired"),
        pytest.param({"expires": 1}, 401, "Key has expired, please renew", id="expired long ago"),
        pytest.param({"is_inactive": True}, 403, "Key is inactive, please renew", id="off"),
        pytest.param({"is_inactive": True, "expires": 1}, 403, "Key is inactive, please renew", id="off and expired"),
        pytest.param(
            {"is_inactive": True, "access_rights": {"elsewhere": {}}}, 403, "Key is inactive, please renew", id="off, no right"
        ),
    ],
)  # fmt: skip
def test_keys_end(fields, status, error):
    trace = World(**{"ann-key": fields}).ask(snapshot(keyed()), headers=(("X-Key", "ann-key"),))

    assert status_of(trace) == status
    assert error.encode() in trace.answer.body


def test_nobody_is_known_where_another_method_says_who_calls():
    document = keyed()
    document["x-tyk-api-gateway"]["server"]["authentication"]["baseIdentityProvider"] = "jwt_claim"
    trace = World(**{"ann-key": {}}).ask(snapshot(document), headers=(("X-Key", "ann-key"),))

    assert status_of(trace) == 400
    assert b"Session state is missing or unset!" in trace.answer.body
