import pytest

from lockgate.middleware import Middleware
from lockgate.registry import Registry


def middleware(name):
    return Middleware(name, "", type(None))


def test_it_keeps_the_order():
    assert list(Registry((middleware("b"), middleware("a")))) == ["b", "a"]


@pytest.mark.parametrize("name", ["", "Mock", "mock-response", "mock__response", "_mock"])
def test_names_are_snake_case(name):
    with pytest.raises(ValueError, match="snake_case"):
        Registry((middleware(name),))


def test_no_name_stands_twice():
    with pytest.raises(ValueError, match="two middlewares"):
        Registry((middleware("a"), middleware("a")))


def test_without_gives_a_new_registry_and_refuses_what_is_not_there():
    registry = Registry((middleware("a"), middleware("b")))

    assert list(registry.without("a")) == ["b"]
    assert list(registry) == ["a", "b"]
    with pytest.raises(KeyError):
        registry.without("c")
