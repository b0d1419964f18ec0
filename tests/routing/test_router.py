import pytest

from lockgate.routing.router import OperationRouter


def router(*entries, listen="/api/"):
    return OperationRouter(listen, [(path, method, f"{method} {path}") for method, path in entries])


def found(of, path):
    operation = of.find(path)
    return None if operation is None else operation.path


@pytest.mark.parametrize(
    "path", ["/api/orders/", "/api/orders/7/lines", "/v1/api/orders", "/api/Orders", "/api/%6Frders"]
)
def test_it_is_exact(path):
    assert found(router(("GET", "/orders"), ("GET", "/orders/{id}")), path) is None


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


def test_the_search_ends_at_the_first_path_whatever_its_methods():
    of = router(("POST", "/items/special"), ("GET", "/items/{id}"))

    operation = of.find("/api/items/special")

    assert operation is not None
    assert operation.methods == {"POST": "POST /items/special"}


def test_listen_paths_with_variables_work():
    assert found(router(("GET", "/orders"), listen="/{tenant}/"), "/acme/orders") == "/orders"
