import pytest

from lockgate.identity.granted import MAX_PATTERN_CHARACTERS, GrantedPaths
from lockgate.routing.listen import ListenPath

LOOSE = GrantedPaths(ListenPath("/shop/"))
EXACT = GrantedPaths(ListenPath("/shop/"), prefix=True, suffix=True)


@pytest.mark.parametrize(
    ("pattern", "path", "loose", "exact"),
    [
        pytest.param("/orders", "/shop/orders", True, True, id="without the listen path"),
        pytest.param("/shop/orders", "/shop/orders", True, True, id="with the listen path"),
        pytest.param("/orders", "/shop/orders/7", True, False, id="longer path"),
        pytest.param("/orders", "/shop/old/orders", True, False, id="within a path"),
        pytest.param("^/orders$", "/shop/orders", False, True, id="anchored"),
        pytest.param("/users/{id}/x", "/shop/users/5/x", True, True, id="placeholder"),
        pytest.param("/users/{id}/x", "/shop/users/5/6/x", False, False, id="placeholder is one segment"),
        pytest.param("/ORDERS", "/shop/orders", False, False, id="case"),
        pytest.param("", "/shop/orders", True, True, id="empty finds all"),
        pytest.param("[", "/shop/[", False, False, id="does not compile"),
        pytest.param("(a)\\1", "/shop/aa", False, False, id="not of Go's syntax"),
        pytest.param("x" * (MAX_PATTERN_CHARACTERS + 1), "x" * (MAX_PATTERN_CHARACTERS + 2), False, False, id="long"),
    ],
)
def test_patterns(pattern, path, loose, exact):
    assert LOOSE.found(pattern, path) is loose
    assert EXACT.found(pattern, path) is exact
