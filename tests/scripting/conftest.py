import pytest

from lockgate.scripting import v8


@pytest.fixture(scope="session", autouse=True)
def our_v8():
    """V8 has the flags of whoever starts it first."""
    v8.start()
