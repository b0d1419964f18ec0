import pytest
from tests.loading.documents import classic, codes, load_document, only

from lockgate.identity.credentials import Places

SECTIONS = {"auth_token", "key_expiry", "access_rights", "key_limits"}


def keyed(**changes):
    return classic(use_keyless=False, **changes)


def version_of(value):
    loaded = load_document(value)
    assert codes(loaded) == []
    definition, version = only(loaded)
    assert definition.unavailable == ""
    return version


def places(**changes):
    return version_of(keyed(**changes)).sections["auth_token"].config.places


@pytest.mark.parametrize("changes", [{}, {"use_standard_auth": True, "strip_auth_data": True}])
def test_a_keyless_api_asks_for_nothing(changes):
    sections = set(version_of(classic(**changes)).sections)

    assert not (SECTIONS | {"strip_authorization"}) & sections


@pytest.mark.parametrize("changes", [{}, {"use_standard_auth": True}, {"use_standard_auth": False}])
def test_an_api_that_is_not_keyless_asks_for_a_key(changes):
    assert set(version_of(keyed(**changes)).sections) >= SECTIONS


def test_without_a_word_an_api_is_not_keyless():
    assert set(version_of(classic(use_keyless=None)).sections) >= SECTIONS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, Places(), id="nothing said"),
        pytest.param({"auth": {"auth_header_name": "X-Old"}}, Places("X-Old"), id="older object"),
        pytest.param(
            {"auth": {"auth_header_name": "X-Old"}, "auth_configs": {"authToken": {"auth_header_name": "X-New"}}},
            Places("X-New"),
            id="both",
        ),
        pytest.param(
            {"auth": {"auth_header_name": "X-Old"}, "auth_configs": {"jwt": {"auth_header_name": "X-New"}}},
            Places("X-Old"),
            id="of another method",
        ),
        pytest.param(
            {"auth_configs": {"authToken": {"auth_header_name": "X-Key", "use_param": True, "use_cookie": True}}},
            Places("X-Key", query="X-Key", cookie="X-Key"),
            id="names of the header",
        ),
        pytest.param(
            {
                "auth_configs": {
                    "authToken": {"use_param": True, "param_name": "k", "use_cookie": True, "cookie_name": "sid"}
                }
            },
            Places(query="k", cookie="sid"),
            id="names",
        ),
        pytest.param(
            {"auth_configs": {"authToken": {"param_name": "k", "cookie_name": "sid"}}},
            Places(),
            id="names of what is off",
        ),
        pytest.param(
            {"auth_configs": {"authToken": {"disable_header": True, "auth_header_name": "X-Key", "use_param": True}}},
            Places("X-Key", in_header=False, query="Authorization"),
            id="no header",
        ),
    ],
)
def test_where_keys_are(changes, expected):
    assert places(**changes) == expected


def test_credentials_are_taken_off_where_they_are():
    sections = version_of(keyed(strip_auth_data=True, auth={"auth_header_name": "X-Key"})).sections

    assert sections["strip_authorization"].config.places == Places("X-Key")
    assert sections["strip_authorization"].pointer == "/auth"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, (True, True)), ({"disable_quota": True}, (True, False)), ({"disable_rate_limit": True}, (False, True))],
)
def test_limits_may_be_off(changes, expected):
    limits = version_of(keyed(**changes)).sections["key_limits"].config

    assert (limits.rate, limits.quota) == expected


def test_rights_are_to_a_version_where_there_are_versions():
    versions = {"Default": {"name": "one", "use_extended_paths": True}}
    plain = version_of(keyed())
    versioned = load_document(
        keyed(version_data={"not_versioned": False, "default_version": "Default", "versions": versions},
              definition={"location": "header", "key": "v"})
    )  # fmt: skip

    assert plain.sections["access_rights"].config.version is None
    assert only(versioned)[1].sections["access_rights"].config.version == "one"


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"use_basic_auth": True}, "basic authentication"),
        ({"enable_jwt": True}, "authentication by JWT"),
        ({"use_oauth2": True}, "OAuth"),
        ({"use_openid": True}, "OpenID Connect"),
        ({"enable_signature_checking": True}, "HMAC"),
        ({"enable_coprocess_auth": True}, "custom authentication"),
        ({"custom_plugin_auth_enabled": True}, "custom authentication"),
        ({"use_go_plugin_auth": True}, "custom authentication"),
        ({"external_oauth": {"enabled": True}}, "OAuth of others"),
        ({"auth": {"use_certificate": True}}, "client certificates of keys"),
        ({"auth_configs": {"authToken": {"validate_signature": True}}}, "signatures of keys"),
        ({"session_lifetime": 60}, "session_lifetime"),
        ({"use_standard_auth": True, "use_basic_auth": True}, "basic authentication"),
    ],
)
def test_what_is_not_built_keeps_the_api_closed(changes, feature):
    loaded = load_document(keyed(**changes))

    assert codes(loaded) == ["unsupported-restriction"]
    assert only(loaded)[0].unavailable == f"it needs {feature}, which is not supported yet"
    assert codes(load_document(classic(**changes))) == []
