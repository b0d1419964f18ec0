import pytest

from lockgate.routing.listen import ListenPath


@pytest.mark.parametrize(
    "text", ["{/foo}", "{foo}", "foo", "foo{/foo}", "/foo/{id:*.}", "/foo/{id", "/foo}", "/{a:}", ""]
)
def test_unacceptable_listen_paths_are_refused(text):
    with pytest.raises(ValueError, match=r"expected|unbalanced|missing|compile"):
        ListenPath(text)


@pytest.mark.parametrize("text", ["/foo", "/{foo}", "/foo/{a!}", "/foo/{.*}", "/foo/{*}", "/{foo:[a-zA-Z0-9]+}"])
def test_acceptable_listen_paths_are_taken(text):
    assert ListenPath(text).text == text


@pytest.mark.parametrize(
    ("listen", "path", "expected"),
    [
        pytest.param("/listen", "/other/get", "/other/get", id="another path"),
        pytest.param("/{myPattern:foo|bar}", "/anything/get", "/anything/get", id="template that does not match"),
        pytest.param("/listen", "/listen/get", "/get", id="without slash"),
        pytest.param("/listen/", "/listen/get", "/get", id="with slash"),
        pytest.param("/listen/", "/listen/", "/", id="root"),
        pytest.param("/sensors", "/sensorsystem", "/ystem", id="cuts inside a segment"),
        pytest.param("/{_:.*}/post/", "/listen/post/get", "/get", id="template"),
        pytest.param("/{_:.*}", "/listen", "/", id="template takes all"),
        pytest.param("/{myPattern:foo|bar}", "/foo/get", "/get", id="alternatives"),
    ],
)
def test_strip(listen, path, expected):
    assert ListenPath(listen).strip(path) == expected
