"""How much there may be of a value, and how much work functions of ours may be that the library of the fast yes calls.

The library goes through a whole value without asking, so they refuse when it is too much, and its yes does not count.
"""

import threading
from collections.abc import Callable
from typing import Final, final

from lockgate.documents.json import count_values
from lockgate.routing.pattern import Regex

MOST_VALUES: Final = 400_000
"""In one JSON document: to forget them takes some milliseconds, in which nothing else runs."""

_STEPS_OF_A_SEARCH: Final = 2
_STEPS_OF_A_CHECK: Final = 5
_SEARCH_OF_A_STEP: Final = 200
"""Characters of a text times instructions of a pattern, at worst."""
_FORMATTED_OF_A_STEP: Final = 128
"""Characters."""


def too_many(raw: bytes) -> str:
    """Why a JSON document is not looked at; "" where it is."""
    # Differs: the reference gateway has no limit (test_a_body_of_very_many_values_is_refused).
    if len(raw) <= MOST_VALUES or count_values(raw, MOST_VALUES) <= MOST_VALUES:
        return ""
    return f"it has more than {MOST_VALUES} values, the most that are validated"


@final
class _Left(threading.local):
    """Steps, of about a microsecond each, that the value of this thread has left."""

    steps = 0


_LEFT: Final = _Left()


def within(steps: int, judge: Callable[[], bool]) -> bool:
    """What ``judge`` says; False if its functions took more than ``steps``."""
    _LEFT.steps = steps
    return judge() and _LEFT.steps >= 0


def searching(regex: Regex, search: Callable[[Regex, str], bool]) -> Callable[[str], bool]:
    """Whether a pattern is found in a text.

    Args:
        regex: The pattern.
        search: Does it.
    """
    size = regex.programsize
    left = _LEFT

    def check(text: str) -> bool:
        left.steps -= _STEPS_OF_A_SEARCH + len(text) * size // _SEARCH_OF_A_STEP
        return left.steps >= 0 and search(regex, text)

    return check


def checking(check: Callable[[str], bool]) -> Callable[[str], bool]:
    """Whether a text has a format."""
    left = _LEFT

    def limited(text: str) -> bool:
        left.steps -= _STEPS_OF_A_CHECK + len(text) // _FORMATTED_OF_A_STEP
        return left.steps >= 0 and check(text)

    return limited
