import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.routing.pattern import PatternError, PatternSet, compile_regex, decode_path, is_regex, path_pattern


@pytest.mark.parametrize(
    ("path", "prefix", "suffix", "expected"),
    [
        pytest.param("/users", False, False, "/users", id="plain"),
        pytest.param("users", True, True, "users$", id="no caret without a slash"),
        pytest.param("^/test/users", True, False, "^/test/users", id="caret kept"),
        pytest.param("/users$", True, True, "^/users$", id="dollar kept"),
        pytest.param(
            "/users/{id}/profile/{type:[a-zA-Z]+}", True, False, "^/users/([^/]+)/profile/([^/]+)", id="placeholders"
        ),
        pytest.param("/items/*", True, False, "^/items/.*", id="star at the end"),
        pytest.param("/users*.", True, False, "^/users*.", id="star inside a segment"),
        pytest.param("/a/*/b", False, False, "/a/[^/]+/b", id="star as a segment"),
        pytest.param("", False, False, "", id="empty"),
        pytest.param("/a{b", False, False, "/a{b", id="unbalanced braces are text"),
    ],
)
def test_path_becomes_pattern(path, prefix, suffix, expected):
    assert path_pattern(path, prefix=prefix, suffix=suffix) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"a(?=b)", id="look-ahead"),
        pytest.param(r"(a)\1", id="back-reference"),
        pytest.param(r"a\C", id="C: RE2 has it, Go has not"),
        pytest.param(r"a\Z", id="Z"),
        pytest.param(r"a{1001}", id="more than 1000 repetitions"),
        pytest.param(r"(a", id="open group"),
        pytest.param("\udcff", id="no UTF-8"),
    ],
)
def test_what_go_refuses_is_refused(pattern):
    with pytest.raises(PatternError):
        compile_regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        pytest.param(r"\d", "٣", False, id="digits are ASCII"),
        pytest.param(r"a$", "a\n", False, id="dollar is the very end"),
        pytest.param(r"a{,2}$", "a{,2}", True, id="open lower bound is text"),
        pytest.param(r"\Q\C\E", r"\C", True, id="quoted"),
        pytest.param(r"[[:alpha:]]+\pL", "ab", True, id="classes"),
        pytest.param(r"(?i)/PETS", "/pets", True, id="flag"),
    ],
)
def test_patterns_mean_what_go_means(pattern, text, found):
    assert (compile_regex(pattern).search(text) is not None) == found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/a%2Fb", "/a/b", id="slash"),
        pytest.param("/%E2%82%AC", "/€", id="UTF-8"),
        pytest.param("/%e2%82/x", "/\ufffd\ufffd/x", id="each invalid byte"),
        pytest.param("/%zz", "/%zz", id="no escape"),
        pytest.param("/a+b", "/a+b", id="plus stays"),
        pytest.param("/\udcff", "/\ufffd", id="raw byte"),
    ],
)
def test_paths_are_decoded_as_the_engine_sees_them(path, expected):
    assert decode_path(path) == expected


def test_a_set_finds_every_pattern_that_is_found():
    patterns = PatternSet(["/a", "^/b", "x$", "(?i)/A"])

    assert patterns.found("/ab/x") == [0, 2, 3]
    assert patterns.found("nothing") == []
    assert PatternSet([]).found("/a") == []


@given(st.text())
def test_a_set_agrees_with_each_pattern_alone(text):
    texts = ["/a", "^/b", "x$", "(?i)/A", "/([^/]+)/c", "/.*"]
    text = text.encode("utf-8", "replace").decode()

    assert PatternSet(texts).found(text) == [
        index for index, pattern in enumerate(texts) if compile_regex(pattern).search(text)
    ]


def test_ten_thousand_patterns_compile():
    patterns = PatternSet(f"/endpoint{number}/([^/]+)/x" for number in range(10_000))

    assert patterns.found("/endpoint9999/1/x") == [9999]


def test_in_a_path_a_dot_is_any_character():
    assert PatternSet(["^/a/.*$"]).found("/a/x\ny") == [0]
    assert compile_regex("^/a/.*$", dot_all=True).search("/a/x\ny") is not None
    assert compile_regex("^/a/.*$").search("/a/x\ny") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a+", True), ("(", False), ("\\C", False), ("(?!a)", False), ("\\pL" * 300, True), ("\\pL" * 300 + "(", False)],
)
def test_a_text_is_a_pattern(text, expected):
    assert is_regex(text) is expected
