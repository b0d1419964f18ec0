"""Addresses of hosts."""

import pytest

from lockgate.templates.errors import FunctionError, TooLongError
from lockgate.templates.functions.network import FUNCTIONS
from lockgate.templates.run import INLINE, LONG, Run

(HOST,) = FUNCTIONS


class Resolver:
    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def addresses(self, host):
        self.asked.append(host)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(resolver, *, inline=False):
    return Run(limits=INLINE if inline else LONG, inline=inline, now=0.0, seed=b"x" * 16, resolver=resolver)


def test_one_of_its_addresses():
    resolver = Resolver(["192.0.2.1", "2001:db8::1"])
    current = run(resolver)

    assert {HOST.call(current, "api.example") for _ in range(50)} == {"192.0.2.1", "2001:db8::1"}
    assert set(resolver.asked) == {"api.example"}


@pytest.mark.parametrize("answer", [[], OSError("no such host"), UnicodeError("label too long")])
def test_no_address(answer):
    with pytest.raises(FunctionError, match=r"^invalid argument to Intn$"):
        HOST.call(run(Resolver(answer)), "nobody.example")


def test_nobody_to_ask():
    with pytest.raises(FunctionError, match=r"^names of hosts cannot be looked up here$"):
        HOST.call(run(None), "api.example")


def test_never_where_others_wait():
    resolver = Resolver(["192.0.2.1"])

    with pytest.raises(TooLongError):
        HOST.call(run(resolver, inline=True), "api.example")
    assert resolver.asked == []
