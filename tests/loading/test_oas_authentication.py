import pytest
from tests.loading.documents import codes, document, load_document, merged, only

from lockgate.identity.credentials import Places
from lockgate.settings import Settings

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OTHERS = {
    "basic": {"type": "http", "scheme": "basic"},
    "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "oauth": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "http://a", "scopes": {}}}},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "http://a"},
}
SECTIONS = {"auth_token", "key_expiry", "access_rights", "key_limits"}


def keyed(authentication=None, security=({"key": []},), key=KEY, extension=None, **schemes):
    wanted = {"enabled": True, **(authentication or {})}
    return document(
        merged({"server": {"authentication": wanted}}, extension or {}),
        components={"securitySchemes": {"key": key, **OTHERS, **schemes}},
        security=None if security is None else list(security),
    )


def config(value, name="auth_token", settings=None):
    loaded = load_document(value, settings)
    assert codes(loaded) == []
    definition, version = only(loaded)
    assert definition.unavailable == ""
    return version.sections[name].config


def places(value):
    return config(value).places


@pytest.mark.parametrize(
    "authentication", [pytest.param({}, id="absent"), pytest.param({"authentication": {"enabled": False}}, id="off")]
)
def test_an_api_without_authentication_is_keyless(authentication):
    _, version = only(load_document(document({"server": authentication}, security=[{"key": []}])))

    assert not SECTIONS & set(version.sections)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(keyed(), Places("X-Key"), id="header"),
        pytest.param(
            keyed(key={"type": "apiKey", "in": "query", "name": "k"}),
            Places("Authorization", in_header=False, query="k"),
            id="query",
        ),
        pytest.param(
            keyed(key={"type": "apiKey", "in": "cookie", "name": "sid"}),
            Places("Authorization", in_header=False, cookie="sid"),
            id="cookie",
        ),
        pytest.param(keyed(security=None), Places(), id="no security"),
        pytest.param(keyed(security=()), Places(), id="empty security"),
        pytest.param(keyed(security=({},)), Places(), id="empty requirement"),
        pytest.param(keyed(security=({"key": []}, {"basic": []})), Places("X-Key"), id="first requirement"),
        pytest.param(keyed({"securitySchemes": {"key": {"enabled": False}}}), Places("X-Key"), id="scheme that is off"),
        pytest.param(
            keyed({"securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "Y"}}}}),
            Places("X-Key"),
            id="the document's name counts",
        ),
        pytest.param(
            keyed(
                {
                    "securitySchemes": {
                        "key": {
                            "enabled": True,
                            "query": {"enabled": True, "name": "q"},
                            "cookie": {"enabled": True},
                        }
                    }
                }
            ),
            Places("X-Key", query="q", cookie="X-Key"),
            id="further places",
        ),
        pytest.param(
            keyed({"securitySchemes": {"key": {"enabled": True, "query": {"enabled": False, "name": "q"}}}}),
            Places("X-Key"),
            id="further place that is off",
        ),
        pytest.param(
            keyed(
                {"securitySchemes": {"key": {"enabled": True, "header": {"enabled": True, "name": "Y"}}}},
                key={"type": "apiKey", "in": "query", "name": "k"},
            ),
            Places("Y", query="k"),
            id="header beside the query",
        ),
    ],
)
def test_where_keys_are(value, expected):
    assert places(value) == expected


def test_an_api_that_asks_for_keys_has_every_check():
    _, version = only(load_document(keyed()))
    assert set(version.sections) >= SECTIONS
    assert "strip_authorization" not in version.sections

    _, version = only(load_document(keyed({"stripAuthorizationData": True})))
    assert version.sections["strip_authorization"].config.places == Places("X-Key")


@pytest.mark.parametrize(
    ("extension", "expected"),
    [({}, (True, True)), ({"skipQuota": True}, (True, False)), ({"skipRateLimit": True}, (False, True))],
)
def test_limits_may_be_off(extension, expected):
    limits = config(keyed(extension={"middleware": {"global": extension}}), "key_limits")

    assert (limits.rate, limits.quota) == expected


def test_a_base_identity_of_another_method_identifies_nobody():
    assert config(keyed({"baseIdentityProvider": "auth_token"})).identifies
    assert not config(keyed({"baseIdentityProvider": "jwt_claim"})).identifies


def test_settings_of_the_gateway_count():
    settings = Settings(min_token_length=7, hash_key_function="murmur64")

    assert (config(keyed(), settings=settings).min_length, config(keyed(), settings=settings).hash_function) == (
        7,
        "murmur64",
    )


@pytest.mark.parametrize(
    ("value", "feature"),
    [
        pytest.param(keyed(security=({"basic": []},)), "basic authentication", id="basic"),
        pytest.param(keyed(security=({"jwt": []},)), "authentication by JWT", id="JWT"),
        pytest.param(keyed(security=({"oauth": []},)), "OAuth", id="OAuth"),
        pytest.param(keyed(security=({"oidc": []},)), "OpenID Connect", id="OpenID Connect"),
        pytest.param(keyed(security=({"key": [], "basic": []},)), "basic authentication", id="key and basic"),
        pytest.param(
            keyed(security=({"key": [], "two": []},), two={"type": "apiKey", "in": "query", "name": "k"}),
            "several keys in one request",
            id="two keys",
        ),
        pytest.param(
            keyed({"securityProcessingMode": "compliant"}, security=({"key": []}, {"basic": []})),
            "a choice between kinds of authentication",
            id="one of several",
        ),
        pytest.param(
            keyed({"securityProcessingMode": "compliant", "security": [["key"]]}),
            "a choice between kinds of authentication",
            id="requirements of the extension",
        ),
        pytest.param(keyed({"hmac": {"enabled": True}}), "HMAC", id="HMAC"),
        pytest.param(keyed({"oidc": {"enabled": True}}), "OpenID Connect", id="OpenID Connect of the extension"),
        pytest.param(keyed({"custom": {"enabled": True}}), "custom authentication", id="custom"),
        pytest.param(
            keyed({"customKeyLifetime": {"enabled": True, "value": "1h"}}), "customKeyLifetime", id="lifetime"
        ),
        pytest.param(
            keyed({"securitySchemes": {"key": {"enabled": True, "enableClientCertificate": True}}}),
            "client certificates of keys",
            id="certificate",
        ),
        pytest.param(
            keyed({"securitySchemes": {"key": {"enabled": True, "signatureValidation": {"enabled": True}}}}),
            "signatures of keys",
            id="signature",
        ),
    ],
)
def test_what_is_not_built_keeps_the_api_closed(value, feature):
    loaded = load_document(value)

    assert codes(loaded) == ["unsupported-restriction"]
    assert only(loaded)[0].unavailable == f"it needs {feature}, which is not supported yet"


def test_what_is_not_built_is_not_noted_where_authentication_is_off():
    assert codes(load_document(keyed({"enabled": False, "hmac": {"enabled": True}}, security=({"basic": []},)))) == []


def test_a_scheme_that_is_not_there_is_said():
    loaded = load_document(keyed(security=({"keys": []},)))
    (problem,) = loaded.problems

    assert (problem.code, problem.pointer) == ("unknown-security-scheme", "/security/0/keys")
    assert problem.hint == "did you mean 'key'?"
    assert only(loaded)[1].sections["auth_token"].config.places == Places()


@pytest.mark.parametrize(
    ("authentication", "code"),
    [
        pytest.param({"enabled": "yes"}, "wrong-type", id="type"),
        pytest.param({"enabled": None}, "missing-key", id="missing"),
        pytest.param({"baseIdentityProvider": "x"}, "bad-value", id="value"),
        pytest.param({"securitySchemes": {"key": {}}}, "missing-key", id="missing in a scheme"),
    ],
)
def test_a_malformed_section_is_refused(authentication, code):
    value = keyed()
    section = value["x-tyk-api-gateway"]["server"]["authentication"]
    value["x-tyk-api-gateway"]["server"]["authentication"] = merged(section, authentication)
    loaded = load_document(value)

    assert codes(loaded) == [code]
    assert loaded.definitions == ()
