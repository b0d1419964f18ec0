import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate import urls
from lockgate.urls import (
    Target,
    Url,
    clean_path,
    encode_path,
    escaped_path,
    find_bad_escape,
    form_values,
    join_paths,
    join_queries,
    parse_target,
    parse_url,
    query_escape,
    unescape,
    unescape_path,
    upstream_path,
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("::bad", id="no scheme before the colon"),
        pytest.param("1:2/x", id="first segment with a colon"),
        pytest.param("http://[::1", id="open bracket"),
        pytest.param("http://h/%zz", id="bad escape"),
        pytest.param("http://h:port/", id="port in letters"),
        pytest.param("http://a b/", id="space in the host"),
        pytest.param("http://h/\x01", id="control character"),
        pytest.param("http://h:99999/", id="port too large"),
    ],
)
def test_what_is_no_target_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|invalid|cannot"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Target("", "", 0, ""), id="empty"),
        pytest.param("h/x", Target("", "", 0, "", "h/x"), id="no scheme"),
        pytest.param("ftp://h/x", Target("ftp", "h", 0, "h", "/x"), id="unknown scheme"),
        pytest.param("tyk://Other-API", Target("tyk", "Other-API", 0, "Other-API"), id="loop"),
        pytest.param("http:///x", Target("http", "", 80, "", "/x"), id="no host"),
    ],
)
def test_targets_that_cannot_be_forwarded_to(text, expected):
    target = parse_target(text)

    assert target == expected
    assert not target.can_be_forwarded_to


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("http://h", Target("http", "h", 80, "h"), id="shortest"),
        pytest.param("HTTPS://h:8443/a%20b?x=1#f", Target("https", "h", 8443, "h:8443", "/a b", "x=1"), id="longest"),
        pytest.param("http://u:p@h/", Target("http", "h", 80, "h", "/"), id="user and password"),
        pytest.param("http://[::1]:80/", Target("http", "::1", 80, "[::1]:80", "/"), id="IPv6"),
        pytest.param("https://h:/", Target("https", "h", 443, "h:", "/"), id="empty port"),
    ],
)
def test_takes_targets_apart(text, expected):
    target = parse_target(text)

    assert target == expected
    assert target.can_be_forwarded_to


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Url("", "", "", None), id="empty"),
        pytest.param("/a?b=c|{e}", Url("", "", "/a", "b=c|{e}"), id="path and query"),
        pytest.param("/a?", Url("", "", "/a", ""), id="empty query"),
        pytest.param("/a?b#f?c", Url("", "", "/a", "b"), id="fragment dropped"),
        pytest.param("change/to/x", Url("", "", "change/to/x", None), id="relative"),
        pytest.param("/urn:isbn:1", Url("", "", "/urn:isbn:1", None), id="colon behind a slash"),
        pytest.param("//h/x", Url("", "h", "/x", None), id="no scheme"),
        pytest.param("///x", Url("", "", "///x", None), id="three slashes"),
        pytest.param("mailto:x", Url("mailto", "", "", None), id="opaque"),
        pytest.param("tyk://self", Url("tyk", "self", "", None), id="loop"),
        pytest.param("TYK://__ api __/x?y=1", Url("tyk", "__ api __", "/x", "y=1"), id="loop to a name"),
        pytest.param("tyk://self?x=1", Url("tyk", "self?x=1", "", None), id="a loop's name runs to the slash"),
    ],
)
def test_takes_urls_apart(text, expected):
    assert parse_url(text) == expected


def test_a_loop_with_a_bad_escape_is_no_url():
    with pytest.raises(ValueError, match="invalid escape '%zz'"):
        parse_url("tyk://self/%zz")


@pytest.mark.parametrize(
    ("target", "path", "expected", "kept"),
    [
        pytest.param("", "/", "", "", id="nothing and root"),
        pytest.param("/", "/", "", "/", id="root and root"),
        pytest.param("foo", "/", "foo", "foo", id="path and root"),
        pytest.param("foo/", "/", "foo", "foo/", id="slash and root"),
        pytest.param("foo/", "/name/", "foo/name/", "foo/name/", id="slash at the end of the path"),
        pytest.param("foo//", "//bar", "foo/bar", "foo/bar", id="many slashes"),
        pytest.param("foo/", "", "foo", "foo/", id="no path"),
    ],
)
def test_joins_paths_with_one_slash(target, path, expected, kept):
    assert join_paths(target, path) == expected
    assert join_paths(target, path, keep_slash=True) == kept


@pytest.mark.parametrize(
    ("target", "query", "expected"),
    [(None, None, None), ("a=1", None, "a=1"), (None, "b=2", "b=2"), ("a=1", "b=2", "a=1&b=2"), ("", "b=2", "b=2")],
)
def test_joins_queries(target, query, expected):
    assert join_queries(target, query) == expected


@pytest.mark.parametrize(
    ("raw", "decoded", "expected"),
    [
        pytest.param("/a-b_c.d~e", "/a-b_c.d~e", "/a-b_c.d~e", id="plain"),
        pytest.param("/(abc,xyz)", "/(abc,xyz)", "/%28abc,xyz%29", id="brackets without escapes"),
        pytest.param("/it's!*[1]", "/it's!*[1]", "/it%27s%21%2A%5B1%5D", id="quotes without escapes"),
        pytest.param("/a;b=c:d@e&f$g+h", "/a;b=c:d@e&f$g+h", "/a;b=c:d@e&f$g+h", id="allowed signs"),
        pytest.param('/x|y^z"{}\\<>`', '/x|y^z"{}\\<>`', "/x%7Cy%5Ez%22%7B%7D%5C%3C%3E%60", id="signs"),
        pytest.param("/(x)%20", "/(x) ", "/(x)%20", id="an escape keeps the whole"),
        pytest.param("/%28%41", "/(A", "/%28%41", id="unneeded escapes"),
        pytest.param("/a%2Fb", "/a/b", "/a%2Fb", id="encoded slash"),
        pytest.param("/my files/x%2Fy", "/my files/x/y", "/my%20files/x/y", id="a target with a space"),
        pytest.param("/in%20x/y", "/y", "/y", id="raw and decoded part"),
        pytest.param("/a#b", "/a#b", "/a%23b", id="hash"),
    ],
)
def test_encodes_the_upstream_path(raw, decoded, expected):
    assert upstream_path(raw, decoded) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("/(abc)%41[1]{c}", "/(abc)%41[1]{c}", id="verbatim"),
        pytest.param("/a b\x7fä#", "/a%20b%7F%C3%A4%23", id="not what ends a request line"),
    ],
)
def test_keeps_the_raw_path(raw, expected):
    assert upstream_path(raw, raw, keep_raw=True) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/(x)!*", "/(x)!*"),
        ("/a|b", "/a%7Cb"),
        ("/%41|", "/A%7C"),
        ("/%zz", "/%zz"),
        ("/%zz|", "/%25zz%7C"),
    ],
)
def test_path_as_in_the_text_of_a_url(raw, expected):
    assert escaped_path(raw) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a//b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../x", "/x"),
        ("/a/..", "/"),
        ("/a/b/..", "/a"),
        ("/a/.", "/a"),
        ("/a//", "/a/"),
        ("//", "/"),
        ("/...", "/..."),
        ("/..x/y", "/..x/y"),
        ("", "/"),
    ],
)
def test_cleans_paths(path, expected):
    assert clean_path(path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("a=1;b=2", {}, id="semicolon"),
        pytest.param("a=%zz&b=ok", {"b": ("ok",)}, id="bad escape"),
        pytest.param("&&a&b=", {"a": ("",), "b": ("",)}, id="no value"),
        pytest.param("a=1&a=2", {"a": ("1", "2")}, id="twice"),
        pytest.param("a+b=a%20b+c%26d", {"a b": ("a b c&d",)}, id="escapes"),
        pytest.param("a=b=c", {"a": ("b=c",)}, id="equals sign in the value"),
    ],
)
def test_reads_forms(text, expected):
    assert form_values(text) == expected


def test_escapes_for_queries():
    assert query_escape("a b/c-_.~é") == "a+b%2Fc-_.~%C3%A9"


@given(st.binary())
def test_what_is_encoded_decodes_to_itself(raw):
    text = raw.decode("utf-8", "surrogateescape")

    assert unescape_path(encode_path(text)) == text


@given(st.text(alphabet="abc/%4F ()|#", max_size=20))
def test_an_upstream_path_is_always_fit_for_a_request_line(raw):
    try:
        decoded = unescape_path(raw)
    except ValueError:
        decoded = raw
    for path in (upstream_path(raw, decoded), upstream_path(raw, decoded, keep_raw=True)):
        assert path.isascii()
        assert not set(path) & set(" #?")


@pytest.mark.timeout(20)
def test_a_name_may_come_often():
    assert len(form_values("a=1&" * 200_000)["a"]) == 200_000


def test_no_more_parts_than_wanted_are_looked_at():
    assert form_values("a=1&b=2&a=3", 2) == {"a": ("1",), "b": ("2",)}
    assert form_values("a=1&b=2", 2) == {"a": ("1",), "b": ("2",)}


ESCAPED = st.lists(st.sampled_from(["%", "%4", "%41", "%e9", "%zz", "a", "1", "\u00e9"])).map("".join)


@given(ESCAPED)
def test_long_texts_are_unescaped_alike(text):
    as_usual = unescape(text.encode()), find_bad_escape(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "_AT_ONCE", 4)
        assert (unescape(text.encode()), find_bad_escape(text)) == as_usual


@pytest.mark.parametrize(
    ("text", "place"), [("", -1), ("a%41", -1), ("a%", 1), ("%41%4", 3), ("%4g", 0), ("%41" * 30_000 + "%", 90_000)]
)
def test_the_first_bad_escape_is_found(text, place):
    assert find_bad_escape(text) == place
