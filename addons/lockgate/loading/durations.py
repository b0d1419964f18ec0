"""Durations and dates as definitions write them."""

import re
from datetime import UTC, datetime
from typing import Final

_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|μs|ms|s|m|h))+")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d", re.ASCII)
_LONGEST: Final = 64

NEVER: Final = ("", "-1")
"""Dates that do not come."""


def duration_seconds(text: str) -> float | None:
    """Seconds of ``"1m30s"`` or ``"500ms"``; None when it is no duration."""
    if len(text) > _LONGEST or _DURATION.fullmatch(text) is None:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def date(text: str) -> datetime | None:
    """``"2030-12-31 23:59"`` in UTC; None when it is no date."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None
