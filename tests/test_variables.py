import pytest
from tests.helpers import make_exchange, make_text

from lockgate.session import Session
from lockgate.variables import FormValues, print_value

VARIABLES = {
    "path": "/a",
    "path_parts": ("", "a", "b"),
    "token": "$tyk_context.path",
    "secretive": "$secret_conf.key $tyk_meta.plan $1",
    "site": "http://h/a b",
    "spaced": "a b/c",
    "mixed": ("a b", 3, "c,d"),
    "headers": {"X-A": ("1",)},
}
SECRETS = {
    ("conf", "key"): "hush",
    ("conf", "a.b"): "dotted",
    ("conf", "tricky"): "$tyk_context.path $1",
    ("env", "HOME"): "env home",
    ("vault", "a/b.c"): "vaulted",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("plain", "plain", id="no variable"),
        pytest.param("$tyk_context/path", "$tyk_context/path", id="another character for the dot"),
        pytest.param("$tyk_context.", "$tyk_context.", id="no name"),
        pytest.param("$tyk_metaplan", "$tyk_metaplan", id="no dot"),
        pytest.param("$tyk_context.path $tyk_context/path|", "/a |", id="another character, beside one with a dot"),
        pytest.param("$tyk_context.path $tyk_metaplan", "/a $tyk_metaplan", id="no dot, beside another kind"),
        pytest.param("$tyk_contextxpath/$tyk_context/$tyk_context./b", "/$tyk_context/$tyk_context./b", id="no names"),
        pytest.param("$secret_conf.key $secret_conf/key|", "hush |", id="secret with another character"),
        pytest.param("$secret_file.a $kv{a} kv://a", "$secret_file.a $kv{a} kv://a", id="kinds of newer versions"),
        pytest.param("$1 $10", "$1 $10", id="groups where there are none"),
        pytest.param("$tyk_context.token", "$tyk_context.path", id="a value is not scanned again"),
        pytest.param("$tyk_context.secretive", "$secret_conf.key $tyk_meta.plan $1", id="a value brings in nothing"),
        pytest.param("$secret_conf.tricky", "$tyk_context.path $1", id="a secret is not scanned again"),
        pytest.param("<$tyk_context.none>", "<>", id="missing variable"),
        pytest.param("<$tyk_meta.plan>", "<>", id="no session"),
        pytest.param("<$secret_conf.none>", "<>", id="missing secret"),
        pytest.param("$tyk_context.path", "/a", id="alone"),
        pytest.param("<$tyk_context.path>", "</a>", id="inside"),
        pytest.param("$tyk_context.path.", "", id="a dot at the end belongs to the name"),
        pytest.param("$tyk_context.path,$tyk_context.path", "/a,/a", id="twice"),
        pytest.param("$tyk_context.path_parts", "a,b", id="list"),
        pytest.param("<$tyk_context.headers>", "<>", id="map"),
        pytest.param("$secret_conf.key/$secret_env.HOME", "hush/env home", id="secrets"),
        pytest.param("$secret_conf.a.b", "dotted", id="secret with a dot"),
        pytest.param("$secret_vault.a/b.c", "vaulted", id="secret with a slash"),
        pytest.param("/$secret_conf.key/x", "/hush/x", id="a slash ends a secret of the settings"),
    ],
)
def test_fills_variables_in(text, expected):
    exchange = make_exchange(variables=VARIABLES)

    assert make_text(text, SECRETS).expand(exchange) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("$tyk_context.path $tyk_context.path_parts", "/a a,b", id="short first"),
        pytest.param("$tyk_context.path_parts $tyk_context.path", "a,b /a", id="long first"),
    ],
)
def test_a_name_does_not_spoil_a_longer_one(text, expected):
    assert make_text(text).expand(make_exchange(variables=VARIABLES)) == expected


def test_variables_are_empty_where_they_are_off():
    assert make_text("<$tyk_context.path>").expand(make_exchange()) == "<>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("/a b/$secret_env.HOME", "/a b/env home", id="neither text nor secrets"),
        pytest.param("$tyk_context.site", "http://h/a b", id="not what begins with http"),
        pytest.param("$tyk_context.spaced", "a+b%2Fc", id="values"),
        pytest.param("$tyk_context.mixed", "a%2Bb%2C3%2Cc%252Cd", id="lists of mixed values twice"),
    ],
)
def test_escapes_values(text, expected):
    assert make_text(text, SECRETS).expand(make_exchange(variables=VARIABLES), escape=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("$3-${1}-$name", "-${1}-$name", id="what is no group"),
        pytest.param("$1-$10", "a-j", id="the longest number counts"),
        pytest.param("$99999999999999999999", "", id="no such number"),
        pytest.param("$2$1$0", "$1awhole", id="a group is not scanned again"),
    ],
)
def test_fills_groups_in(text, expected):
    groups = ["whole", "a", "$1", "", *("x" * 6), "j"]

    assert make_text(text).expand(make_exchange(), groups=groups) == expected


def test_a_text_of_secrets_only_is_constant():
    assert make_text("a/$secret_conf.key", SECRETS).constant == "a/hush"
    assert make_text("a/$secret_conf.key", SECRETS).is_constant
    assert not make_text("$tyk_context.path").is_constant
    assert make_text("$tyk_context.path $tyk_meta.a").context_names == {"path"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "", id="null"),
        pytest.param(True, "", id="boolean"),
        pytest.param({"a": "b"}, "", id="object"),
        pytest.param((), "", id="empty list"),
        pytest.param("text", "text", id="string"),
        pytest.param(456, "456", id="integer"),
        pytest.param(123452342.0, "123452342", id="whole float"),
        pytest.param(1e21, "1000000000000000000000", id="large float"),
        pytest.param(1e-7, "0.0000001", id="small float"),
        pytest.param(0.25, "0.25", id="fraction"),
        pytest.param(-0.0, "-0", id="negative zero"),
        pytest.param(float("inf"), "+Inf", id="infinite"),
        pytest.param(float("nan"), "NaN", id="not a number"),
        pytest.param(("", "a", ""), "a,", id="list of strings"),
        pytest.param(("abc", 456, 12.22, "abc,def", None), "abc,456,12.22,abc%2Cdef", id="list of anything"),
        pytest.param(FormValues(key=("v1", "v2"), key2=("v",)), "key:v1,v2;key2:v", id="form"),
    ],
)
def test_prints_values(value, expected):
    assert print_value(value) == expected


def test_a_slash_ends_the_names_of_settings_and_environment():
    known = {("conf", "a"): "1", ("env", "a"): "2", ("vault", "a/b"): "3"}

    assert make_text("$secret_conf.a/$secret_env.a/$secret_vault.a/b", known).constant == "1/2/3"


@pytest.mark.parametrize(
    ("value", "plain", "escaped"),
    [
        pytest.param("red & blue", "red & blue", "red+%26+blue", id="text"),
        pytest.param("http://a/b c", "http://a/b c", "http://a/b c", id="URL"),
        pytest.param(12, "12", "12", id="whole number"),
        pytest.param(-0.25, "-0.25", "-0.25", id="fraction"),
        pytest.param(1e21, "1000000000000000000000", "1000000000000000000000", id="large"),
        pytest.param(2**53 + 1, "9007199254740992", "9007199254740992", id="no 64-bit float"),
        pytest.param(["lead doc", 3, "c,d"], "lead+doc,3,c%2Cd", "lead%2Bdoc%2C3%2Cc%252Cd", id="list"),
        pytest.param([["a", "b"], {"k": 1}, True, ""], "a%2Cb", "a%252Cb", id="list in a list"),
        pytest.param(True, "", "", id="flag"),
        pytest.param(None, "", "", id="null"),
        pytest.param({"k": "v"}, "", "", id="object"),
        pytest.param("$tyk_context.path", "$tyk_context.path", "%24tyk_context.path", id="looks like a variable"),
    ],
)
def test_metadata_of_a_session(value, plain, escaped):
    exchange = make_exchange(session=Session(meta_data={"a.b-c": value}))
    text = make_text("<$tyk_meta.a.b-c>")

    assert text.expand(exchange) == f"<{plain}>"
    assert text.expand(exchange, escape=True) == f"<{escaped}>"


def test_without_a_session_metadata_is_empty():
    assert make_text("<$tyk_meta.a>").expand(make_exchange()) == "<>"
    assert make_text("<$tyk_meta.a>").expand(make_exchange(session=Session())) == "<>"
