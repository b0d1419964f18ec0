import pytest

from lockgate.routing.listen import ListenPath
from lockgate.routing.router import OperationRouter


def router(*entries, listen="/api/", ignore_case=False):
    operations = [(path, method, f"{method} {path}") for method, path in entries]
    return OperationRouter(ListenPath(listen), operations, ignore_case=ignore_case)


def found(of, path, method="GET"):
    operation = of.find(path, method)
    return None if operation is None else operation.path


@pytest.mark.parametrize("path", ["/api/orders/", "/api/orders/7/lines", "/v1/api/orders", "/api/Orders"])
def test_it_is_exact(path):
    assert found(router(("GET", "/orders"), ("GET", "/orders/{id}")), path) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/api/%6Frders", "/orders", id="a letter"),
        pytest.param("/%61pi/orders", "/orders", id="in the listen path"),
        pytest.param("/api%2Forders", "/orders", id="the listen path's own slash"),
        pytest.param("/api//orders", "/orders", id="a doubled slash behind the listen path"),
        pytest.param("/api/b%20c", "/b c", id="a blank of the document"),
        pytest.param("/api/caf%c3%a9", "/café", id="not ASCII"),
        pytest.param("/api/x%2520y", "/x%2520y", id="an escape of the document"),
        pytest.param("/api/orders%2F7", None, id="an encoded slash parts nothing"),
        pytest.param("/orders", "/orders", id="no listen path, as in a loop"),
        pytest.param("/orders/7", "/orders/{id}", id="no listen path, with a placeholder"),
    ],
)
def test_no_spelling_leads_past_an_operation(path, expected):
    paths = ["/orders", "/orders/{id}", "/b c", "/café", "/x%2520y"]
    assert found(router(*(("GET", path) for path in paths)), path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/api/k/a%2Fb", "/k/{name}", id="an encoded slash is one segment, the later name wins"),
        pytest.param("/api/k/special", "/k/special", id="fewer variables first"),
        pytest.param("/api/n/7", "/n/{x:[0-9]+}", id="inner pattern"),
        pytest.param("/api/n/x", None, id="inner pattern refuses"),
        pytest.param("/api/mon.csv", "/{day}.csv", id="part of a segment"),
    ],
)
def test_paths(path, expected):
    paths = ["/k/{id}", "/k/{name}", "/k/special", "/n/{x:[0-9]+}", "/{day}.csv"]
    assert found(router(*(("GET", path) for path in paths)), path) == expected


def test_another_method_hides_nothing():
    of = router(("POST", "/items/special"), ("GET", "/items/{id}"), ("GET", "/items/top"))

    assert found(of, "/api/items/special") == "/items/{id}"
    assert found(of, "/api/items/special", "POST") == "/items/special"
    assert found(of, "/api/items/top") == "/items/top"
    assert found(of, "/api/items/top", "POST") is None


def test_methods_are_compared_with_their_case():
    assert found(router(("GET", "/orders")), "/api/orders", "get") is None


def test_listen_paths_with_variables_work():
    assert found(router(("GET", "/orders"), listen="/{tenant}/"), "/acme/orders") == "/orders"


@pytest.mark.parametrize("path", ["/api/ORDERS", "/api/orders/7/Lines"])
def test_the_gateways_switch_ignores_case(path):
    assert found(router(("GET", "/Orders"), ("GET", "/orders/{id}/lines"), ignore_case=True), path) is not None


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        pytest.param("/o/{id}", "/api/o/7", {"id": "7"}, id="one"),
        pytest.param("/o/{id}", "/o/7", {"id": "7"}, id="without listen path"),
        pytest.param("/o/{id}", "/api/o/a%2Fb%20c", {"id": "a%2Fb%20c"}, id="as on the wire"),
        pytest.param("/o/{id}", "/%61pi/o/a%2Fb%20ü", {"id": "a%2Fb%20%C3%BC"}, id="spelled otherwise"),
        pytest.param("/{a}-{b}.csv", "/api/x-y.csv", {"a": "x", "b": "y"}, id="parts of a segment"),
        pytest.param("/{a:(x|y)+}/{b}", "/api/xyx/z", {"a": "xyx", "b": "z"}, id="patterns with groups"),
        pytest.param("/{a:.*}", "/api/x/y", {"a": "x/y"}, id="a pattern over segments"),
    ],
)
def test_values_of_placeholders(template, path, expected):
    operation = router(("GET", template)).find(path, "GET")
    assert operation is not None
    assert operation.values == expected


def test_a_template_that_is_none_is_never_found():
    of = router(("GET", "/a/{}"), ("GET", "/a/{x:}"), ("GET", "/a/{b"))
    assert found(of, "/api/a/x") is None
