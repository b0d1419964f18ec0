"""Days and dates of the Gregorian calendar, of any year that fits 64 bits, as Go counts them.

Days are counted from March 1 of a year far back, so that none is negative, and a leap day is the last of its year.

Source: Go 1.26, time/time.go ("Computations on Times").
"""

from typing import Final

DAY: Final = 86_400
"""Seconds of a day."""
UNIX_TO_INTERNAL: Final = 62_135_596_800
"""Seconds from January 1 of year 1, which Go counts from, to 1970."""
_FIRST_YEAR: Final = -292_277_022_400
_DAYS_OF_400_YEARS: Final = 146_097
_FEBRUARY: Final = 2
_MARCH: Final = 3
_FROM_MARCH: Final = 306
"""Days from March 1 to the end of a year."""
_INTERNAL_TO_ABSOLUTE: Final = (-_FIRST_YEAR // 400 * _DAYS_OF_400_YEARS + _FROM_MARCH) * DAY
_ALL_BITS: Final = (1 << 64) - 1


def wrapped(number: int) -> int:
    """A number as an int64 holds it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def absolute_seconds(unix: int) -> int:
    """Seconds since 1970 as seconds since the first day, not negative."""
    return (unix + UNIX_TO_INTERNAL + _INTERNAL_TO_ABSOLUTE) & _ALL_BITS


def unix_seconds(days: int, seconds: int) -> int:
    """Seconds since 1970, of days since the first one, and seconds on top."""
    return wrapped(days * DAY + seconds - UNIX_TO_INTERNAL - _INTERNAL_TO_ABSOLUTE)


def date_of(days: int) -> tuple[int, int, int, int]:
    """Year, month, day of the month and day of the year, all but the year from 1, of days since the first one."""
    century, rest = divmod(4 * days + 3, _DAYS_OF_400_YEARS)
    year, rest = divmod(rest | 3, 1461)
    since_march = rest // 4
    month = (5 * since_march + 461) // 153
    day = (5 * since_march + 461) % 153 // 5 + 1
    year += century * 100 + _FIRST_YEAR
    if since_march >= _FROM_MARCH:
        return year + 1, month - 12, day, since_march - _FROM_MARCH + 1
    return year, month, day, since_march + 60 + is_leap(year)


def days_of(year: int, month: int, day: int) -> int:
    """Days since the first one; the day may lie beyond its month."""
    if month < _MARCH:
        month += 12
        year -= 1
    century, in_century = divmod((year - _FIRST_YEAR) & _ALL_BITS, 100)
    days = (_DAYS_OF_400_YEARS * century & _ALL_BITS) // 4 + 1461 * in_century // 4
    return (days + (153 * month - 457) // 5 + day - 1) & _ALL_BITS


def weekday_of(days: int) -> int:
    """0 is Sunday."""
    return (days + 3) % 7


def is_leap(year: int) -> bool:
    """Whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_before(month: int) -> int:
    """Days of a year before a month, without a leap day; 13 gives the whole year."""
    return (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)[month - 1]


def days_in(month: int, year: int) -> int:
    """Days of a month."""
    return days_before(month + 1) - days_before(month) + (month == _FEBRUARY and is_leap(year))
