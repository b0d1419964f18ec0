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


@pytest.mark.parametrize(
    ("listen", "path", "expected"),
    [
        pytest.param("/api", "/api../secret", "/api../secret", id="up"),
        pytest.param("/api", "/api..", "/api..", id="up, and nothing behind it"),
        pytest.param("/api", "/api./secret", "/api./secret", id="nowhere"),
        pytest.param("/api", "/api%2E%2e/secret", "/api%2E%2e/secret", id="encoded"),
        pytest.param("/api", "/api..%2fsecret", "/api..%2fsecret", id="encoded slash"),
        pytest.param("/{v:v[0-9]+}", "/v1../secret", "/v1../secret", id="template"),
        pytest.param("/api", "/api..x/y", "/..x/y", id="a name with dots"),
        pytest.param("/api", "/api/../secret", "/../secret", id="whole segments are not for a listen path to clean"),
        pytest.param("/api/", "/api/../secret", "/../secret", id="likewise"),
    ],
)
def test_a_cut_inside_a_segment_makes_no_dot_segment(listen, path, expected):
    assert ListenPath(listen).strip(path) == expected


def test_a_template_takes_a_line_break_too():
    listen = ListenPath("/{rest:.*}/x")

    assert listen.strip("/a\nb/x" + "/y") == "/y"


def test_a_template_takes_bytes_that_are_no_text():
    listen, path = ListenPath("/{v:v.+}/x"), "/v\udcff\udcfe/x/\udcffé"

    assert listen.strip(path) == "/\udcffé"
