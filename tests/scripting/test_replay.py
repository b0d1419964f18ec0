"""Run and replay without an engine: the script is a Python function that is run again and again."""

import asyncio
import json

import pytest
from tests.scripting.engines import Hosts

from lockgate.scripting.replay import Allowance, Memo, Outcome, outcome, replayed
from lockgate.services import ScriptHostCall


def script(*wanted):
    """Asks for these in order, and ends with what it got."""
    memos = []

    async def run(memo):
        memos.append(memo.literal)
        known = [call.answer for call in memo.calls]
        if len(known) < len(wanted):
            return Outcome("pending", ["ask", wanted[len(known)]])
        return Outcome("text", known)

    return run, memos


async def test_a_script_that_asks_for_nothing_runs_once():
    run, memos = script()
    hosts = Hosts()
    assert await replayed(run, Memo(), hosts, Allowance(1.0), 0.0) == Outcome("text", [])
    assert (memos, hosts.asked) == (["[]"], [])


async def test_each_answer_is_fetched_once_and_given_to_all_runs_after_it():
    run, memos = script("[1]", "[2]")
    hosts, memo = Hosts(answers=["a", None]), Memo()
    came = await replayed(run, memo, hosts, Allowance(1.0), 1000.0)

    assert came == Outcome("text", ["a", None])
    assert hosts.asked == [("ask", [1]), ("ask", [2])]
    assert [len(json.loads(memo)) for memo in memos] == [0, 1, 2]
    assert [(call.name, call.arguments, call.answer) for call in memo.calls] == [
        ("ask", "[1]", "a"),
        ("ask", "[2]", None),
    ]


async def test_time_goes_on_while_a_script_waits():
    run, _ = script("[1]", "[2]")
    memo = Memo()
    await replayed(run, memo, Hosts(delay=0.02), Allowance(1.0), 1000.0)

    first, second = (known[3] for known in json.loads(memo.literal))
    assert 1_000_020 <= first < second
    assert all(call.seconds >= 0.02 for call in memo.calls)


async def test_what_the_host_takes_counts():
    run, _ = script("[1]")
    with pytest.raises(TimeoutError):
        await replayed(run, Memo(), Hosts(delay=5.0), Allowance(0.02), 0.0)


async def test_an_allowance_is_used_up_in_parts():
    allowance = Allowance(0.5)
    async with allowance.spent():
        await asyncio.sleep(0.02)
    assert 0.0 < allowance.left <= 0.481
    with pytest.raises(TimeoutError):
        async with allowance.spent():
            await asyncio.sleep(60)
    assert allowance.left <= 0.0
    with pytest.raises(TimeoutError):
        async with allowance.spent():
            await asyncio.sleep(0)


def test_a_memo_is_ascii_and_json():
    memo = Memo()
    memo.add(ScriptHostCall("ask", '["é\udc80"]', "\u2028", 0.1), 1.5)
    assert memo.literal.isascii()
    assert json.loads(memo.literal) == [["ask", '["é\udc80"]', "\u2028", 1500]]


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", "nonsense", '"text"'])
def test_what_is_no_outcome_is_refused(text):
    with pytest.raises(ValueError, match=r"outcome|Expecting"):
        outcome(text)


def test_an_outcome_has_a_kind_and_values():
    assert outcome('["text","a",[]]') == Outcome("text", ["a", []])
