"""What ``lockgate again`` prints of a difference."""

import pytest

from lockgate.pages.client import AgainFailedError, lines_of, run_again

LONG = "x" * 300


def told(*rows):
    side = {"id": "one", "generation": 1, "status": 200}
    found = [{"kind": kind, "name": name, "before": before, "after": after, "same": False, "ignored": ""}
             for kind, name, before, after in rows]  # fmt: skip
    messages = [{"name": "request", "rows": []}, {"name": "answer", "rows": found}]
    compared = {"before": side, "after": {**side, "status": None}, "messages": messages, "steps": [], "ignored": 0}
    return {"comparison": {**compared, "different": len(rows)}, "address": "http://a/"}


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (("header", "X-A", "1", "2"), "answer header X-A: was 1, now 2"),
        (("header", "X-A", None, "2"), "answer header X-A: now 2"),
        (("value", "/a", '"1"', None), 'answer body /a: gone, was "1"'),
        (("header", "Cookie", "•••", "•••"), "answer header Cookie: was •••, now another one"),
        (("line", "status", "200", "500"), "answer status: was 200, now 500"),
        (("text", "3", f"{LONG}1{LONG}", f"{LONG}2"), f"answer body line 3: was …{'x' * 40}1{'x' * 159}…, now …{'x' * 40}2"),
        (("text", "3", "\x1b[31m", "b"), "answer body line 3: was \\x1b[31m, now b"),
    ],
)  # fmt: skip
def test_a_difference_is_one_line(row, line):
    lines = list(lines_of(told(row)))
    assert f"  {line}" in lines
    assert "1 difference" in lines


def test_no_answer_is_said():
    assert next(lines_of(told())).endswith("200, now no answer")


def test_nobody_answers():
    with pytest.raises(AgainFailedError, match=r"no mitmweb answers on 127\.0\.0\.1:1: "):
        run_again(("127.0.0.1", 1), "", "last")
