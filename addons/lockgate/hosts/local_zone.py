"""Which time zone the machine, or the environment, says is the local one."""

import os
from pathlib import Path
from typing import Final

_LINK: Final = Path("/etc/localtime")
_FOLDER: Final = "zoneinfo/"


def local_zone() -> str:
    """Name of the zone, as in the list of zones: that of ``TZ``, else the machine's; "UTC" where neither says one."""
    named = os.environ.get("TZ")
    if named is not None:
        return _plain(named)
    try:
        target = str(_LINK.readlink())
    except OSError:
        return "UTC"
    return _plain(target.partition(_FOLDER)[2])


def _plain(name: str) -> str:
    return name.removeprefix(":").partition(_FOLDER)[2] or name.removeprefix(":") or "UTC"
