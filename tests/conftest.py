import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest
from tests.serving import Subprocess, serving

# Compiled modules are kept, whatever the environment says: those of these tests, which pytest rewrites, and those of
# the gateways that tests start. Without them, half of what a gateway's start takes is compiling mitmproxy.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A busy machine is no failure.
# The same examples in every run: what a test found once, it finds again. ``--hypothesis-profile explore`` looks for others.
hypothesis.settings.register_profile("lockgate", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("lockgate")


# Each of their tests takes long: begun last, they would run alone at the end.
FIRST = ("test_vectors.py", "test_accidents.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take long."""
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.fixture(scope="session")
def forks() -> Iterator[Subprocess]:
    """Starts ``lockgate serve`` without importing everything anew."""
    with serving() as path:
        yield Subprocess(path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many recorded exchanges ran, so that a run without them is seen."""
    ran, same = (
        sum(
            value
            for report in terminalreporter.getreports("passed")
            for name, value in report.user_properties
            if name == wanted
        )
        for wanted in ("vector_exchanges", "same_everywhere")
    )
    terminalreporter.write_line(f"{ran} recorded exchanges of the reference gateway agree")
    terminalreporter.write_line(f"{same} replays and trials of live exchanges came out as those did")
