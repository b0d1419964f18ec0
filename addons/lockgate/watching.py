"""Tells when files change: editors' renames, many files at once, and the symlink swap of a mounted ConfigMap alike.

Folders are watched, not files: whoever replaces a file by renaming another one over it makes an event in its folder.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from watchfiles import awatch

QUIET_MS: Final = 20
"""Changes that follow one another within this time are told together."""
LONGEST_MS: Final = 80
"""Changes that never cease are told all the same after this time."""
RETRY_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


def folders_of(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The folders in which a change of ``paths``, files or folders, shows."""
    return tuple(sorted({path if path.is_dir() else path.absolute().parent for path in paths}))


async def changes(paths: Iterable[Path], stop: asyncio.Event) -> AsyncIterator[frozenset[Path]]:
    """What changed in ``paths``, each time something did, until ``stop`` is set.

    A folder that is missing or goes away is looked for again until it is back.
    """
    wanted = folders_of(paths)
    while not stop.is_set():
        there = [folder for folder in wanted if folder.is_dir()]
        if len(there) < len(wanted):
            missing = ", ".join(str(folder) for folder in wanted if folder not in there)
            logger.warning("cannot watch %s: it is not there", missing)
        try:
            watching = awatch(
                *there, watch_filter=None, debounce=LONGEST_MS, step=QUIET_MS, stop_event=stop, recursive=False
            )
            async for events in watching:
                yield frozenset(Path(path) for _, path in events)
                if not all(folder.is_dir() for folder in wanted):
                    break
        except (FileNotFoundError, OSError) as error:
            logger.warning("watching definitions failed: %s", error)
        if not stop.is_set():
            await _pause(stop)
            yield frozenset()


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
    except TimeoutError:
        return
