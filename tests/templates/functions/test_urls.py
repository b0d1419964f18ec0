"""URLs taken apart and put together. What Go answered to each call is in go_strings.jsonl."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rendering import a_run

from lockgate.templates.errors import FunctionError, LimitError
from lockgate.templates.functions import urls as functions
from lockgate.templates.run import Limits

FUNCTIONS = {function.name: function for function in functions.FUNCTIONS}
EMPTY = dict.fromkeys(("scheme", "host", "hostname", "path", "query", "opaque", "fragment", "userinfo"), "")
URLS = st.text(st.sampled_from("ahtp:/?#[]@!%2e5 .é\udcff\x7f*"), max_size=20)


def called(name, argument, run=None):
    return FUNCTIONS[name].call(run or a_run(), argument)


def fault(name, argument):
    with pytest.raises(FunctionError) as caught:
        called(name, argument)
    return caught.value.text


def test_a_url_has_parts():
    assert called("urlParse", "HTTP://u:p%40@EXAMPLE.org:80/a%20b?q=%zz#f%41") == {
        "scheme": "http",
        "host": "EXAMPLE.org:80",
        "hostname": "EXAMPLE.org",
        "path": "/a b",
        "query": "q=%zz",
        "opaque": "",
        "fragment": "fA",
        "userinfo": "u:p%40",
    }


def test_a_url_without_slashes_is_opaque():
    assert called("urlParse", "urn:isbn:1?x") == {**EMPTY, "scheme": "urn", "opaque": "isbn:1", "query": "x"}


def test_a_host_may_have_several_colons():
    parts = called("urlParse", "http://example.org:80:90/")

    assert (parts["host"], parts["hostname"]) == ("example.org:80:90", "example.org:80")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("%zz", 'invalid URL escape "%zz"'),
        (":x", "missing protocol scheme"),
        ("a:b/c\n", "net/url: invalid control character in URL"),
        ("1a:b", "first path segment in URL cannot contain colon"),
        ("http://h:x/", 'invalid port ":x" after host'),
        ("http://a b/", 'invalid character " " in host name'),
        ("http://a%20b/", 'invalid URL escape "%20"'),
        ("http://u u@h/", "net/url: invalid userinfo"),
        ("http://[::1/", "missing ']' in host"),
        ("http://x[::1]/", "invalid IP-literal"),
        ("http://[1.2.3.4]/", "invalid IP-literal"),
        ("http://[]/", 'invalid host: ParseAddr(""): unable to parse IP'),
        ("http://[::1::]/", 'invalid host: ParseAddr("::1::"): multiple :: in address (at ":")'),
    ],
)
def test_what_go_does_not_parse_has_gos_text(url, reason):
    assert fault("urlParse", url).endswith(f": {reason}")


def test_an_error_quotes_the_url():
    assert fault("urlParse", "%zz#x") == 'unable to parse url: parse "%zz": invalid URL escape "%zz"'
    assert fault("urlParse", "/#%zz") == 'unable to parse url: parse "/#%zz": invalid URL escape "%zz"'


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        ({}, ""),
        ({"host": "h"}, "//h"),
        ({"scheme": "http", "host": "h", "path": "a b"}, "http://h/a%20b"),
        ({"path": "a:b"}, "./a:b"),
        ({"scheme": "urn", "opaque": "x y", "path": "/z"}, "urn:x y"),
        ({"host": "h", "userinfo": "u:p w"}, None),
        ({"host": "h", "userinfo": "u:p%20w"}, "//u:p%20w@h"),
        ({"path": "/", "query": "q q", "fragment": "f f"}, "/?q q#f%20f"),
        ({"hostname": "not looked at"}, ""),
    ],
)
def test_parts_make_a_url(parts, url):
    if url is None:
        assert fault("urlJoin", parts).startswith("unable to parse userinfo in dict: parse ")
    else:
        assert called("urlJoin", parts) == url


def test_parts_are_strings():
    assert fault("urlJoin", {"host": 1}) == "unable to parse host key, must be of type string, but int found"
    assert fault("urlJoin", {"path": None}) == "runtime error: invalid memory address or nil pointer dereference"


@given(URLS)
def test_any_text_is_a_url_or_an_error(url):
    with contextlib.suppress(FunctionError):
        assert called("urlParse", url).keys() == EMPTY.keys()


def test_long_urls_are_work():
    with pytest.raises(LimitError):
        called("urlParse", "a" * 10_000, a_run(Limits(steps=100, output=1, size=1_000_000)))
    with pytest.raises(LimitError):
        called("urlJoin", {"path": " " * 10_000}, a_run(Limits(steps=100_000, output=1, size=10_000)))
