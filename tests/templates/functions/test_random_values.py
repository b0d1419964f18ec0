"""Random texts and numbers."""

import re
import string

import pytest

from lockgate.templates.errors import FunctionError, LimitError
from lockgate.templates.functions import random_values
from lockgate.templates.run import LONG, Limits, Run

FUNCTIONS = {function.name: function.call for function in random_values.FUNCTIONS}


def run(seed=b"x" * 16, limits=LONG):
    return Run(limits=limits, inline=True, now=0.0, seed=seed)


@pytest.mark.parametrize(
    ("name", "alphabet"),
    [
        ("randAlphaNum", string.ascii_letters + string.digits),
        ("randAlpha", string.ascii_letters),
        ("randNumeric", string.digits),
        ("randAscii", "".join(map(chr, range(32, 127)))),
    ],
)
def test_characters(name, alphabet):
    text = FUNCTIONS[name](run(), 20_000)

    assert len(text) == 20_000
    assert set(text) == set(alphabet)
    expected = len(text) / len(alphabet)
    assert all(0.6 * expected < text.count(character) < 1.4 * expected for character in alphabet)


@pytest.mark.parametrize("name", ["randAlphaNum", "randAlpha", "randNumeric", "randAscii"])
@pytest.mark.parametrize("count", [0, -1, -(1 << 63)])
def test_no_characters(name, count):
    assert FUNCTIONS[name](run(), count) == ""


@pytest.mark.parametrize("count", [1, 2, 7, 63, 1_000])
def test_so_many_characters(count):
    assert len(FUNCTIONS["randNumeric"](run(), count)) == count


def test_integers():
    numbers = [FUNCTIONS["randInt"](current, -2, 3) for current in [run()] for _ in range(500)]

    assert set(numbers) == {-2, -1, 0, 1, 2}
    assert FUNCTIONS["randInt"](run(), -3, -2) == -3
    assert 0 <= FUNCTIONS["randInt"](run(), 0, (1 << 63) - 1) < (1 << 63) - 1


@pytest.mark.parametrize(("low", "high"), [(5, 5), (5, 1), (-(1 << 63), (1 << 63) - 1), (-(1 << 63), 0)])
def test_no_integers(low, high):
    with pytest.raises(FunctionError, match=r"^invalid argument to Intn$"):
        FUNCTIONS["randInt"](run(), low, high)


def test_shuffled():
    text = string.ascii_letters + "é漢🚚"
    shuffled = FUNCTIONS["shuffle"](run(), text)

    assert shuffled != text
    assert sorted(shuffled) == sorted(text)
    assert FUNCTIONS["shuffle"](run(), "") == ""
    assert sorted(FUNCTIONS["shuffle"](run(), "a\udcff")) == ["a", "\ufffd"]


def test_every_order_is_drawn():
    current = run()

    assert len({FUNCTIONS["shuffle"](current, "abc") for _ in range(200)}) == 6


def test_uuid():
    text = FUNCTIONS["uuidv4"](run())

    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("uuidv4", ()), ("randAlpha", (20,)), ("randInt", (0, 1 << 60)), ("shuffle", (string.ascii_letters,))],
)
def test_equal_seeds_give_equal_values(name, arguments):
    one = run()
    drawn = [FUNCTIONS[name](one, *arguments), FUNCTIONS[name](one, *arguments)]
    other = run()

    assert [FUNCTIONS[name](other, *arguments), FUNCTIONS[name](other, *arguments)] == drawn
    assert drawn[0] != drawn[1]
    assert FUNCTIONS[name](run(b"y" * 16), *arguments) != drawn[0]


@pytest.mark.parametrize(
    ("name", "argument"), [("randAlphaNum", 1 << 62), ("randAscii", 1_001), ("shuffle", "x" * 1_001)]
)
def test_what_is_made_is_counted(name, argument):
    limits = Limits(steps=10_000, output=1, size=1_000)

    with pytest.raises(LimitError):
        FUNCTIONS[name](Run(limits=limits, inline=False, now=0.0, seed=b"x" * 16), argument)
