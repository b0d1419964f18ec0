"""The commands of mitmweb's command bar: what they say where something cannot be done."""

from types import SimpleNamespace

import pytest
from mitmproxy.exceptions import CommandError

from lockgate.debugging.edits import EditError
from lockgate.hosts.mitm.commands import BreakpointCommands


class Stopped:
    """A pause whose edits in mitmweb can, or cannot, be sent."""

    def __init__(self, name: str, fault: str = "") -> None:
        self.exchange_id, self.fault, self.goes_on = name, fault, False

    def resume(self) -> None:
        if self.fault:
            raise EditError(self.fault)
        self.goes_on = True

    def answer(self, response: object) -> None:
        pytest.fail(f"answered with {response!r}")


def commands(*stopped: Stopped) -> BreakpointCommands:
    breakpoints = SimpleNamespace(pauses={one.exchange_id: one for one in stopped}, list=list)
    return BreakpointCommands(SimpleNamespace(desk=SimpleNamespace(breakpoints=breakpoints)))


@pytest.mark.parametrize(
    ("stopped", "name", "arguments", "said"),
    [
        ((), "resume", (), "no exchange is stopped"),
        ((), "step", ("x",), "no exchange 'x' is stopped; stopped: none"),
        ((Stopped("a"), Stopped("b")), "drop", (), "expected the id of a stopped exchange, one of a, b"),
        ((Stopped("a"),), "step", ("x",), "no exchange 'x' is stopped; stopped: a"),
        ((Stopped("a"),), "answer", (), "expected an exchange, or -, and a status such as 404, found ''"),
        ((Stopped("a"),), "answer", ("-", "abc"), "expected an exchange, or -, and a status such as 404, found 'abc'"),
        ((Stopped("a"),), "answer", ("-", "99"), "expected a status from 200 to 999, found 99"),
        ((Stopped("a"),), "answer", ("-", "200", "", "x"), "expected 'Name: value' as a header, found 'x'"),
        ((), "remove_breakpoint", (), "expected the number of a breakpoint (there are none) or all, found ''"),
    ],
)
def test_what_cannot_be_done_is_said(stopped, name, arguments, said):
    with pytest.raises(CommandError) as caught:
        getattr(commands(*stopped), name)(*arguments)

    assert str(caught.value) == said


def test_one_that_cannot_go_on_holds_up_no_other():
    first, second = Stopped("a", "no path"), Stopped("b")
    with pytest.raises(CommandError) as caught:
        commands(first, second).resume("all")

    assert str(caught.value) == "a: what was edited in mitmweb cannot be sent: no path; resumed b"
    assert second.goes_on
    assert commands().resume("all") == "resumed none"


def test_where_there_are_no_pages_there_are_no_breakpoints():
    with pytest.raises(CommandError, match=r"x-lockgate\.debug\.pages is off"):
        BreakpointCommands(SimpleNamespace(desk=None)).list_breakpoints()
