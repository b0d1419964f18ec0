"""Addresses of hosts.

Source: sprig 3.3.0, network.go.
"""

from typing import Final

from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.functions.random_values import random_below
from lockgate.templates.run import Run


def _host(run: Run, name: str) -> str:
    """One of its addresses."""
    run.leave()
    if run.resolver is None:
        raise FunctionError("names of hosts cannot be looked up here")
    try:
        addresses = run.resolver.addresses(name)
    except (OSError, ValueError):  # ValueError: a name that cannot be asked for
        addresses = []
    if not addresses:
        # What the reference says when it draws one of none.
        raise FunctionError("invalid argument to Intn")
    return addresses[random_below(run, len(addresses))]


FUNCTIONS: Final = (function("getHostByName", "(string) string", _host, needs_run=True),)
