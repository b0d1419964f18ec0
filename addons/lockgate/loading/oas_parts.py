"""Shapes that several sections of ``x-tyk-api-gateway`` share."""

from collections.abc import Mapping
from typing import Any, Final

from lockgate.decoding.shapes import (
    Field,
    Shape,
    anything,
    boolean,
    integer,
    list_of,
    number,
    optional,
    required,
    string,
    struct,
)

DURATION: Final = string(
    pattern=r"^(\d+h)?(\d+m)?(\d+s)?\Z", expected="a duration such as '1h', '5m' or '10s'", code="bad-duration"
)
SOME_DURATION: Final = string(
    pattern=r"^(\d+h)?(\d+m)?(\d+s)?\Z",
    unlike=r"^(0h)?(0m)?(0s)?\Z",
    expected="a duration such as '1h', '5m' or '10s', longer than nothing",
    code="bad-duration",
)
FINE_DURATION: Final = string(
    pattern=r"^(\d+h)?(\d+m)?(\d+s)?(\d+ms)?(\d+[uµμ]s)?(\d+ns)?\Z",
    expected="a duration such as '10s' or '500ms'",
    code="bad-duration",
)
FILLED: Final = string(pattern=r"\S", expected="a text that is not empty")
TEXT: Final = optional(string(), "")
FLAG: Final = optional(boolean(), default=False)
ENABLED: Final = required(boolean())
TEXTS: Final = list_of(string())
WHOLE: Final = integer()
ANY: Final = optional(anything())


def section(keys: Mapping[str, Shape[Any]], *, needs: str = "") -> Shape[Any]:
    """An object that is only checked.

    Args:
        keys: Shape of each.
        needs: Those that must be there, with blanks between.
    """
    wanted = needs.split()
    return struct({key: Field(shape, required=key in wanted) for key, shape in keys.items()})


def switched(needs: str = "", /, **keys: Shape[Any]) -> Shape[Any]:
    """A section with ``enabled``, which must be there as the others in ``needs``."""
    return section({"enabled": boolean(), **keys}, needs=f"enabled {needs}")


SWITCH: Final = switched()
RATE_LIMIT: Final = switched("rate per", rate=number(), per=DURATION)


def is_on(value: object) -> bool:
    """Whether a section as it is written is there and switched on; without ``enabled`` it is off."""
    return isinstance(value, dict) and value.get("enabled") is True
