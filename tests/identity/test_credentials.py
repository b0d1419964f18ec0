import pytest
from tests.helpers import make_request

from lockgate.identity.credentials import Places, presented, stripped, without_bearer

EVERYWHERE = Places("X-Key", in_header=True, query="key", cookie="sid")


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        pytest.param("/", (), None, id="nothing"),
        pytest.param("/", (("X-KEY", "a"),), "a", id="header in any case"),
        pytest.param("/", (("X-Key", "a"), ("X-Key", "b")), "a", id="first header"),
        pytest.param("/", (("X-Key", ""),), None, id="empty header"),
        pytest.param("/?key=q", (("X-Key", "a"),), "q", id="query before header"),
        pytest.param("/?key=", (("X-Key", "a"),), "a", id="empty parameter"),
        pytest.param("/?KEY=q", (), None, id="parameter with its case"),
        pytest.param("/?key=a+b%2B", (), "a b+", id="decoded parameter"),
        pytest.param("/?key=q&key=r", (), "q", id="first parameter"),
        pytest.param("/?a=1;key=q", (), None, id="semicolon"),
        pytest.param("/?a=%zz&key=q", (), "q", id="bad escape elsewhere"),
        pytest.param("/?key=%zz", (), None, id="bad escape"),
        pytest.param("/?key=q", (("Cookie", "sid=c"),), "c", id="cookie before query"),
        pytest.param("/", (("Cookie", "a=1; sid=c"),), "c", id="second cookie"),
        pytest.param("/", (("Cookie", "a=1"), ("Cookie", "sid=c")), "c", id="second cookie line"),
        pytest.param("/", (("Cookie", "SID=c"),), None, id="cookie with its case"),
        pytest.param("/", (("Cookie", "sidekick=c"),), None, id="another cookie"),
        pytest.param("/", (("Cookie", 'sid="c d"'),), "c d", id="quoted cookie"),
        pytest.param("/", (("Cookie", "sid=a\\b; sid=c"),), "c", id="cookie with a backslash is none"),
        pytest.param("/", (("X-Key", "a"), ("Cookie", "sid=")), "a", id="empty cookie"),
    ],
)
def test_where_a_key_is(url, headers, expected):
    assert presented(make_request("GET", url, headers), EVERYWHERE) == expected


def test_a_place_that_is_off_does_not_count():
    request = make_request("GET", "/?key=q", (("Authorization", "a"), ("Cookie", "sid=c")))

    assert presented(request, Places(in_header=False)) is None
    assert presented(request, Places()) == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bearer abc", "abc"),
        ("bEaReR abc", "abc"),
        ("Bearer  abc", " abc"),
        ("Bearer", "Bearer"),
        ("Bearer ", ""),
        ("Basic abc", "Basic abc"),
        ("abc", "abc"),
    ],
)
def test_bearer_is_no_part_of_a_key(text, expected):
    assert without_bearer(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("z=1&key=s&a=%20b", "a=+b&z=1", id="sorted"),
        pytest.param("key=s", None, id="alone"),
        pytest.param("key=s&key=t", None, id="twice"),
        pytest.param("key=s&x=a+b&y=%2F&z", "x=a+b&y=%2F&z=", id="written anew"),
        pytest.param("b=2&a=1&a=0", "a=1&a=0&b=2", id="no key"),
        pytest.param("a=1;key=s", None, id="part that is none"),
        pytest.param("KEY=s", "KEY=s", id="another parameter"),
    ],
)
def test_the_parameter_is_taken_off(query, expected):
    assert stripped(make_request("GET", f"/?{query}"), EVERYWHERE).query == expected


def test_the_query_stays_where_no_key_may_stand_in_it():
    assert stripped(make_request("GET", "/?b=2&a=1;c"), Places("X-Key")).query == "b=2&a=1;c"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["theme=dark; sid=s; lang=de"], ["theme=dark; lang=de"], id="between others"),
        pytest.param(["sid=s"], [""], id="alone"),
        pytest.param(["sidekick=1; sid=s"], ["sidekick=1"], id="behind one that begins alike"),
        pytest.param(["a=1;sid=s"], ["a=1"], id="without blank"),
        pytest.param(["a=1", "sid=s"], ["a=1"], id="in another line"),
        pytest.param(["sid=s; a=1", "sid=t"], ["a=1"], id="twice"),
        pytest.param(["a=1"], ["a=1"], id="not there"),
    ],
)
def test_the_cookie_of_the_key_is_taken_off_and_no_other(lines, expected):
    request = make_request("GET", "/", tuple(("Cookie", line) for line in lines))

    assert list(stripped(request, EVERYWHERE).headers.get_all("cookie")) == expected


def test_the_header_is_taken_off_even_where_it_does_not_count():
    request = make_request("GET", "/", (("authorization", "a"), ("X-Key", "b")))

    assert list(stripped(request, Places(in_header=False, query="key")).headers) == [("X-Key", "b")]


def test_a_request_without_credentials_is_the_same():
    request = make_request("GET", "/?a=1", (("Accept", "a"), ("Cookie", "a=1")))

    assert stripped(request, EVERYWHERE) is request
