"""Random texts and numbers. All of them come from the run, so that a run can be repeated.

Source: sprig 3.3.0, functions.go, strings.go, crypto.go; goutils 1.1.1; xstrings 1.5.0 (Shuffle).
"""

import re
import string
import uuid
from collections.abc import Callable
from typing import Final

from lockgate.templates.errors import FunctionError
from lockgate.templates.function import function
from lockgate.templates.run import Run

_MAX_INT: Final = (1 << 63) - 1
_BYTE_VALUES: Final = 256
_BYTES_PER_STEP: Final = 64
_WIDE: Final = 8
"""Bytes of a random number more than its bound has: what is left over favours no result that anybody could tell."""
_LONE: Final = re.compile("[\ud800-\udfff]")


def random_below(run: Run, bound: int) -> int:
    """A random number from 0 up to a bound, which is at least 1."""
    size = (bound.bit_length() + 7) // 8 + _WIDE
    return int.from_bytes(run.random_bytes(size)) % bound


def _characters(alphabet: str) -> Callable[[Run, int], str]:
    """A function that draws so many characters; a negative number gives none, as in the reference."""
    # Bytes beyond the last whole alphabet are not used, so that each character is as likely as any other.
    usable = _BYTE_VALUES // len(alphabet) * len(alphabet)
    table = bytes(ord(alphabet[value % len(alphabet)]) for value in range(_BYTE_VALUES))
    unused = bytes(range(usable, _BYTE_VALUES))

    def draw(run: Run, count: int) -> str:
        if count <= 0:
            return ""
        run.make(count)
        run.step(count // _BYTES_PER_STEP)
        drawn = b""
        while len(drawn) < count:
            missing = count - len(drawn)
            drawn += run.random_bytes(missing + missing // 8 + 8).translate(table, unused)
        return drawn[:count].decode("ascii")

    return draw


def _integer(run: Run, low: int, high: int) -> int:
    span = high - low
    if not 0 < span <= _MAX_INT:
        raise FunctionError("invalid argument to Intn")
    return low + random_below(run, span)


def _shuffled(run: Run, text: str) -> str:
    run.make(len(text))
    run.step(len(text))
    characters = list(_LONE.sub("\ufffd", text))
    numbers = memoryview(run.random_bytes(8 * len(characters))).cast("Q")
    for index in range(len(characters) - 1, 0, -1):
        other = numbers[index] % (index + 1)
        characters[index], characters[other] = characters[other], characters[index]
    return "".join(characters)


def _uuid(run: Run) -> str:
    return str(uuid.UUID(bytes=run.random_bytes(16), version=4))


_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))

FUNCTIONS: Final = (
    function("randAlphaNum", "(int) string", _characters(string.ascii_letters + string.digits), needs_run=True),
    function("randAlpha", "(int) string", _characters(string.ascii_letters), needs_run=True),
    function("randNumeric", "(int) string", _characters(string.digits), needs_run=True),
    function("randAscii", "(int) string", _characters(_PRINTABLE), needs_run=True),
    function("randInt", "(int, int) int", _integer, needs_run=True),
    function("shuffle", "(string) string", _shuffled, needs_run=True),
    function("uuidv4", "() string", _uuid, needs_run=True),
)
